package countersign.rules.tests.quality_test

import data.countersign.lib.fixture
import data.countersign.rules.tests.quality

_tests(total, skipped, flaky) := {"total": total, "failed": 0, "errored": 0, "skipped": skipped, "flaky": flaky}

_facts(demands, rest) := object.union(fixture.demanding("tests", demands), rest)

_said(facts) := said if said := fixture.said(quality.deny) with input as facts

_before(all, hit) := object.union(fixture.standing_baseline, {
	"line_coverage": {"files": 1, "lines": all, "lines_hit": hit, "branches": 0, "branches_hit": 0},
})

test_where_nothing_is_asked_nothing_is_said if {
	_said(fixture.facts) == []
	_said(_facts({}, {"tests": _tests(10, 10, 10), "line_coverage": fixture.lines(100, 0)})) == []
}

test_too_many_skipped_block if {
	_said(_facts({"max_skipped_percent": 10}, {"tests": _tests(200, 20, 0)})) == []
	_said(_facts({"max_skipped_percent": 10}, {"tests": _tests(200, 25, 0)})) == ["12.5% of the tests were skipped, at most 10%"]
	_said(_facts({"max_skipped_percent": 0}, {"tests": _tests(3, 1, 0)})) == ["33.3% of the tests were skipped, at most 0%"]
	_said(_facts({"max_skipped_percent": 0}, {"tests": _tests(0, 0, 0)})) == []
}

test_too_many_flaky_block if {
	_said(_facts({"max_flaky": 1}, {"tests": _tests(10, 0, 1)})) == []
	_said(_facts({"max_flaky": 1}, {"tests": _tests(10, 0, 2)})) == ["2 tests passed only when repeated, at most 1"]
}

test_no_report_blocks_where_one_is_asked_for if {
	_said(_facts({"max_flaky": 1}, {})) == ["no test report was given"]
	_said(_facts({"min_line_coverage": 60}, {})) == ["no coverage report was given"]
	_said(_facts({"min_line_coverage": 60}, {"line_coverage": fixture.lines(0, 0)})) == ["no coverage report was given"]
}

test_a_floor_is_a_floor if {
	_said(_facts({"min_line_coverage": 60}, {"line_coverage": fixture.lines(1000, 600)})) == []
	_said(_facts({"min_line_coverage": 60}, {"line_coverage": fixture.lines(1000, 599)})) == ["59.9% of the lines ran under test, at least 60%"]
}

test_a_report_of_something_else_is_no_answer if {
	every state in ["stale", "other-target", "partial", "failed", "unbound"] {
		report := object.union(fixture.standing(state), {"lines": 1, "lines_hit": 1})
		lines := object.union(fixture.lines(100, 100), {"reports": [report]})
		_said(_facts({"min_line_coverage": 60}, {"line_coverage": lines})) == [sprintf("a coverage report is not about this commit: %s, the reason", [state])]
	}
	unbound := object.union(fixture.lines(100, 100), {"reports": [fixture.standing("unbound")]})
	_said(_facts({"min_line_coverage": 60}, {"line_coverage": unbound, "profile": {
		"tests": {"min_line_coverage": 60},
		"coverage": {"allow_unbound": true},
	}})) == []
}

test_a_fall_against_the_baseline_blocks if {
	facts := {"line_coverage": fixture.lines(1000, 700), "baseline": _before(1000, 712)}
	_said(_facts({"max_coverage_drop": 1}, facts)) == ["coverage fell from 71.2% to 70%, by at most 1 points"]
	_said(_facts({"max_coverage_drop": 1.2}, facts)) == []
	_said(_facts({"max_coverage_drop": 0}, {"line_coverage": fixture.lines(1000, 800), "baseline": _before(1000, 712)})) == []
}

test_a_trend_without_a_before_blocks if {
	every given in [null, fixture.standing_baseline, object.union(_before(10, 5), {"stands": false}), _before(0, 0)] {
		facts := _facts({"max_coverage_drop": 1}, {"line_coverage": fixture.lines(10, 5), "baseline": given})
		_said(facts) == ["nobody knows how much of the code ran under test before this change"]
	}
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts({"max_flaky": 1}, {}), {"exceptions": fixture.lifted("tests/quality")})
	count(quality.deny) == 0 with input as facts
	count(quality.warn) == 1 with input as facts
}
