package countersign.rules.platform.compatibility_test

import data.countersign.lib.fixture
import data.countersign.rules.platform.compatibility

_result(version, passed, commit) := {"version": version, "passed": passed, "commit": commit}

_facts(needed, results) := object.union(
	fixture.demanding("platform", {"compatible_versions": needed}),
	{"change": {"release": {"compatibility": results}}},
)

_three := [_result(version, true, fixture.commit) | some version in ["1.2", "1.1", "1.0"]]

_said(facts) := said if said := fixture.said(compatibility.deny) with input as facts

test_where_nothing_is_asked_only_a_failure_blocks if {
	_said(fixture.facts) == []
	_said(_facts(null, _three)) == []
	_said(_facts(null, [_result("1.2", false, fixture.commit)])) == ["the release does not work with version 1.2"]
}

test_as_many_as_are_asked_for_say_nothing if _said(_facts(3, _three)) == []

test_fewer_block if {
	_said(_facts(3, [])) == ["compatibility was tested with 0 of 3 prior versions"]
	_said(_facts(3, array.slice(_three, 0, 2))) == ["compatibility was tested with 2 of 3 prior versions"]
}

test_one_version_counts_once if {
	_said(_facts(2, [_result("1.2", true, fixture.commit), _result(" 1.2 ", true, fixture.commit)])) == ["compatibility was tested with 1 of 2 prior versions"]
}

test_another_commit_was_tested_for_another_release if {
	said := "compatibility was tested with 0 of 1 prior versions; others were tested with another commit, or nobody says with which"
	every commit in [fixture.other_commit, null] {
		_said(_facts(1, [_result("1.2", true, commit)])) == [said]
	}
	count(compatibility.deny) == 1 with input as object.union(_facts(1, _three), {"change": {"commit": null}})
}

test_a_failure_is_no_tested_version if {
	facts := _facts(3, array.concat(array.slice(_three, 0, 2), [_result("1.0", false, fixture.commit)]))
	count(compatibility.deny) == 2 with input as facts
}

test_only_changes_to_the_platform_are_asked if {
	layered := object.union(_facts(3, []), {
		"profile": {"platform": {"layers": ["foundation"], "compatible_versions": 3}},
		"change": {"files": ["web/a.ts"]},
	})
	_said(layered) == []
	_said(object.union(layered, {"change": {"files": []}})) == ["compatibility was tested with 0 of 3 prior versions"]
	touched := {"ownership": {"files": [{"path": "infra/a.tf", "owners": [], "layers": ["foundation"]}]}}
	count(compatibility.deny) == 1 with input as object.union(layered, touched)
	part := {"profile": {"platform": {"services": ["shop"]}}}
	count(compatibility.deny) == 1 with input as object.union(layered, part)
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts(3, []), {"exceptions": fixture.lifted("platform/compatibility")})
	count(compatibility.deny) == 0 with input as facts
	count(compatibility.warn) == 1 with input as facts
}
