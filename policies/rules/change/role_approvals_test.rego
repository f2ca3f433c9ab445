package countersign.rules.change.role_approvals_test

import data.countersign.lib.fixture
import data.countersign.rules.change.role_approvals

_row := {"role": "security", "approvals": 1, "kinds": [], "tiers": []}

_facts(row, change) := fixture.with_parts({
	"profile": {"change": {"roles": [object.union(_row, row)]}},
	"data": fixture.authority,
	"change": change,
})

test_the_role_is_missing if {
	fixture.said(role_approvals.deny) == ["0 of 1 approvals by the role security"] with input as _facts({}, {})
}

test_somebody_of_the_role_is_enough if {
	count(role_approvals.deny) == 0 with input as _facts({}, {"approvals": [fixture.approval("Kim")]})
}

test_the_authors_own_role_does_not_count if {
	count(role_approvals.deny) == 1 with input as _facts({"role": "engineer"}, {"approvals": [fixture.approval("ana")]})
}

test_what_the_review_says_of_a_role_is_not_believed if {
	claimed := object.union(fixture.approval("lee"), {"role": "security"})
	count(role_approvals.deny) == 1 with input as _facts({}, {"approvals": [claimed]})
}

test_an_approval_of_another_commit_does_not_count if {
	old := object.union(fixture.approval("kim"), {"commit": fixture.other_commit})
	count(role_approvals.deny) == 1 with input as _facts({}, {"approvals": [old]})
}

test_without_authority_data_nobody_has_a_role if {
	facts := object.union(_facts({}, {"approvals": [fixture.approval("kim")]}), {"now": "2026-11-21T08:00:00Z"})
	count(role_approvals.deny) == 1 with input as json.remove(facts, ["data/authority"])
}

test_only_for_its_kinds_and_tiers if {
	count(role_approvals.deny) == 0 with input as _facts({"kinds": ["emergency"]}, {})
	count(role_approvals.deny) == 0 with input as _facts({"tiers": ["low"]}, {})
	count(role_approvals.deny) == 1 with input as _facts({"tiers": ["high"]}, {})
	no_tier := object.union(_facts({"tiers": ["low"]}, {}), {"service": {"tier": null}})
	count(role_approvals.deny) == 1 with input as no_tier
}

test_not_where_the_profile_does_not_apply if {
	facts := object.union(_facts({}, {}), {"profile": {"change": {"environments": ["staging"]}}})
	count(role_approvals.deny) == 0 with input as facts
}

test_nothing_is_demanded_without_rows if count(role_approvals.deny) == 0 with input as fixture.facts
