package countersign.rules.tests.ran_test

import data.countersign.lib.fixture
import data.countersign.rules.tests.ran

_tests(changes) := object.union(
	fixture.facts,
	{"tests": object.union({"total": 10, "failed": 0, "errored": 0, "skipped": 1, "flaky": 0}, changes)},
)

test_tests_that_ran_say_nothing if {
	count(ran.deny) == 0 with input as _tests({})
	count(ran.warn) == 0 with input as _tests({})
}

test_no_report_is_the_business_of_coverage if {
	count(ran.deny) == 0 with input as fixture.facts
	count(ran.warn) == 0 with input as fixture.facts
}

test_an_empty_run_blocks if {
	count(ran.deny) == 1 with input as _tests({"total": 0, "skipped": 0})
	count(ran.deny) == 1 with input as _tests({"skipped": 10})
	count(ran.deny) == 0 with input as _tests({"skipped": 9})
}

test_flaky_tests_warn if count(ran.warn) == 1 with input as _tests({"flaky": 2})
