package countersign.rules.exceptions.renewed_test

import data.countersign.lib.fixture
import data.countersign.rules.exceptions.renewed

_times(number) := [{"on": "2026-11-10", "until": "2026-12-01", "reason": "not fixed yet"} | some _ in numbers.range(1, number)]

_facts(number, admitted) := fixture.recorded({"admitted": admitted, "renewals": _times(number)}, "internal")

test_more_than_the_profile_says_warns if {
	fixture.said(renewed.warn) == ["exception EX-1 was renewed 3 times, more than 2"] with input as _facts(3, true)
	count(renewed.warn) == 0 with input as _facts(2, true)
}

test_only_of_records_in_use if count(renewed.warn) == 0 with input as _facts(3, false)

test_not_counted_where_the_profile_says_null if {
	facts := object.union(_facts(3, true), {"profile": {"exceptions": {"max_renewals": null}}})
	count(renewed.warn) == 0 with input as facts
	count(renewed.warn) == 1 with input as object.union(facts, {"profile": {"exceptions": {"max_renewals": 0}}})
}

test_a_record_without_renewals if count(renewed.warn) == 0 with input as fixture.recorded({"admitted": true}, "internal")
