package countersign.rules.release.record_test

import data.countersign.lib.fixture
import data.countersign.rules.release.record

_all := {"version": true, "changelog": true, "deployment_record": true}

_facts(demands, given) := object.union(fixture.demanding("release", demands), {"change": {"release": given}})

test_where_nothing_is_demanded_nothing_is_said if {
	count(record.deny) + count(record.warn) == 0 with input as fixture.facts
}

test_each_gap_has_its_verdict if {
	{verdict.msg | some verdict in record.deny} == {
		"the release has no version",
		"the release has no entry in the changelog",
		"the release has no record of its deployment",
	} with input as _facts(_all, {})
}

test_blank_is_missing if {
	count(record.deny) == 1 with input as _facts({"version": true}, {"version": "  "})
}

test_what_is_there_says_nothing if {
	given := {"version": "1.2.0", "changelog": "CHANGELOG.md#120", "deployment_record": "https://deploy.example.com/7"}
	count(record.deny) == 0 with input as _facts(_all, given)
}

test_it_is_demanded_of_the_kinds_and_tiers_that_are_named if {
	count(record.deny) == 0 with input as _facts({"version": true, "kinds": ["standard"]}, {})
	count(record.deny) == 1 with input as _facts({"version": true, "kinds": ["normal"]}, {})
	count(record.deny) == 0 with input as _facts({"version": true, "tiers": ["low"]}, {})
	count(record.deny) == 1 with input as object.union(_facts({"version": true, "tiers": ["low"]}, {}), {"service": {"tier": null}})
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts({"version": true}, {}), {"exceptions": fixture.lifted("release/record")})
	count(record.deny) == 0 with input as facts
	fixture.said(record.warn) == ["the release has no version; exception EX-9 lets it ship"] with input as facts
}
