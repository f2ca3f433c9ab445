package countersign.rules.exceptions.broad_test

import data.countersign.lib.fixture
import data.countersign.rules.exceptions.broad

_facts(number, admitted) := fixture.recorded(
	{"admitted": admitted, "covers": [sprintf("f-%d", [n]) | some n in numbers.range(1, number)]},
	"internal",
)

test_more_than_the_profile_says_warns if {
	fixture.said(broad.warn) == ["exception EX-1 covers 26 findings, more than 25"] with input as _facts(26, true)
	count(broad.warn) == 0 with input as _facts(25, true)
}

test_only_of_records_in_use if count(broad.warn) == 0 with input as _facts(26, false)

test_not_counted_where_the_profile_says_null if {
	count(broad.warn) == 0 with input as object.union(_facts(26, true), {"profile": {"exceptions": {"max_covers": null}}})
}
