package countersign.rules.calendar.go_no_go_test

import data.countersign.lib.fixture
import data.countersign.rules.calendar.go_no_go

_call(by, say) := {"domain": "go-no-go", "by": by, "say": say, "amount": null, "commit": fixture.commit, "at": null}

_facts(calls) := fixture.with_parts({
	"profile": {"go_no_go": [{
		"roles": ["product-lead", "engineering-lead"],
		"kinds": [],
		"tiers": [],
		"environments": ["production"],
		"owner": "release-team",
	}]},
	"data": fixture.authority,
	"change": {"decisions": calls},
})

_said(calls) := messages if {
	messages := fixture.said(go_no_go.deny) with input as _facts(calls)
}

test_every_role_must_say_go if {
	_said([]) == ["no go of engineering-lead", "no go of product-lead"]
	_said([_call("jo", "go")]) == ["no go of product-lead"]
	count(_said([_call("jo", "go"), _call("lee", "go")])) == 0
}

test_a_no_go_blocks_whoever_says_it if {
	_said([_call("jo", "go"), _call("lee", "go"), _call("sam", "no-go")]) == ["sam says no-go"]
}

test_who_says_both_has_not_said_go if "no go of product-lead" in _said([_call("jo", "go"), _call("lee", "go"), _call("lee", "no-go")])

test_a_go_about_another_commit_is_none if {
	old := object.union(_call("lee", "go"), {"commit": fixture.other_commit})
	_said([_call("jo", "go"), old]) == ["no go of product-lead"]
	_said([_call("jo", "go"), object.union(old, {"commit": null})]) == ["no go of product-lead"]
	"sam says no-go" in _said([object.union(_call("sam", "no-go"), {"commit": fixture.other_commit})])
}

test_the_authors_own_go_does_not_count if {
	facts := object.union(_facts([_call("jo", "go"), _call("lee", "go")]), {"change": {"author": "lee", "decisions": [_call("jo", "go"), _call("lee", "go")]}})
	fixture.said(go_no_go.deny) == ["no go of product-lead"] with input as facts
}

test_another_domain_is_no_go if count(_said([object.union(_call("jo", "go"), {"domain": "capacity"}), _call("lee", "go")])) == 1

test_a_record_lifts_it if {
	record := {"exceptions": [object.union(fixture.lifting("calendar/go-no-go"), {"admitted": true})]}
	facts := object.union(_facts([]), record)
	count(go_no_go.deny) == 0 with input as facts
	count(go_no_go.warn) == 2 with input as facts
}

_of_tiers(tiers) := object.union(facts, {"profile": {"go_no_go": [object.union(row, {"tiers": tiers})]}}) if {
	facts := _facts([])
	some row in facts.profile.go_no_go
}

_of_kinds(kinds) := object.union(facts, {"profile": {"go_no_go": [object.union(row, {"kinds": kinds})]}}) if {
	facts := _facts([])
	some row in facts.profile.go_no_go
}

test_only_for_the_kinds_of_the_row if {
	count(go_no_go.deny) == 2 with input as _of_kinds(["normal"])
	count(go_no_go.deny) == 0 with input as _of_kinds(["standard"])
}

test_only_for_the_tiers_of_the_row if {
	count(go_no_go.deny) == 2 with input as _of_tiers(["high"])
	count(go_no_go.deny) == 0 with input as _of_tiers(["critical"])
}

test_only_where_it_is_demanded if {
	count(go_no_go.deny) == 0 with input as fixture.facts
	count(go_no_go.deny) == 0 with input as object.union(_facts([]), {"environment": "staging"})
}
