package countersign.rules.licenses.allowed_test

import data.countersign.lib.fixture
import data.countersign.rules.licenses.allowed

_row(license, choices, packages) := object.union(
	fixture.standing("current"),
	{"license": license, "choices": choices, "problem": null, "packages": packages},
)

_unknown(license, packages) := object.union(_row(license, [], packages), {"problem": "no SPDX expression"})

_facts(demands, rows) := object.union(fixture.demanding("licenses", demands), {"licenses": rows})

_permissive := {"allow": ["MIT", "Apache-2.0", "ISC"]}

_said(facts) := said if said := fixture.said(allowed.deny) with input as facts

test_where_nothing_is_asked_nothing_is_said if {
	_said(fixture.facts) == []
	_said(_facts({}, [_row("AGPL-3.0-only", [["AGPL-3.0-only"]], ["a@1"]), _unknown(null, ["b@1"])])) == []
}

test_what_is_allowed_says_nothing if {
	_said(_facts(_permissive, [_row("mit", [["MIT"]], ["a@1"])])) == []
}

test_another_licence_blocks_with_its_packages if {
	_said(_facts(_permissive, [_row("GPL-3.0-only", [["GPL-3.0-only"]], ["a@1", "b@2"])])) == ["GPL-3.0-only is not an allowed licence: a@1, b@2"]
}

test_one_alternative_is_enough_and_all_that_holds_together_is_needed if {
	_said(_facts(_permissive, [_row("MIT OR GPL-3.0-only", [["GPL-3.0-only"], ["MIT"]], ["a@1"])])) == []
	_said(_facts(_permissive, [_row("MIT AND ISC", [["ISC", "MIT"]], ["a@1"])])) == []
	_said(_facts(_permissive, [_row("MIT AND GPL-3.0-only", [["GPL-3.0-only", "MIT"]], ["a@1"])])) == ["MIT AND GPL-3.0-only is not an allowed licence: a@1"]
	_said(_facts(_permissive, [_row("?", [[]], ["a@1"])])) == ["? is not an allowed licence: a@1"]
	_said(_facts(_permissive, [_row("?", [], ["a@1"])])) == ["? is not an allowed licence: a@1"]
}

test_a_licence_with_an_exception_is_another_one if {
	with_exception := "Apache-2.0 WITH LLVM-exception"
	_said(_facts(_permissive, [_row(with_exception, [[with_exception]], ["a@1"])])) == ["Apache-2.0 WITH LLVM-exception is not an allowed licence: a@1"]
	_said(_facts({"allow": [with_exception]}, [_row(with_exception, [[with_exception]], ["a@1"])])) == []
}

test_what_is_denied_is_denied_with_every_exception_and_in_every_company if {
	_said(_facts({"deny": ["GPL-2.0-only"]}, [_row("MIT", [["MIT"]], ["a@1"])])) == []
	every choices in [[["GPL-2.0-only"]], [["GPL-2.0-only", "MIT"]], [["GPL-2.0-only WITH Classpath-exception-2.0"]]] {
		_said(_facts({"deny": ["gpl-2.0-only"]}, [_row("x", choices, ["a@1"])])) == ["x is not an allowed licence: a@1"]
	}
	_said(_facts({"deny": ["GPL-2.0-only"]}, [_row("x", [["GPL-2.0-only"], ["MIT"]], ["a@1"])])) == []
	named := {"deny": ["GPL-2.0-only"], "allow": ["GPL-2.0-only WITH Classpath-exception-2.0"]}
	_said(_facts(named, [_row("x", [["GPL-2.0-only WITH Classpath-exception-2.0"]], ["a@1"])])) == []
	_said(_facts({"deny": ["MIT"], "allow": ["MIT"]}, [_row("MIT", [["MIT"]], ["a@1"])])) == ["MIT is not an allowed licence: a@1"]
}

test_an_unknown_licence_does_what_the_profile_says if {
	rows := [_unknown("the MIT licence", ["a@1"])]
	_said(_facts({"unknown": "block"}, rows)) == ["licence not known (no SPDX expression, written the MIT licence): a@1"]
	_said(_facts({"unknown": "block"}, [_unknown(null, ["a@1"])])) == ["licence not known (no SPDX expression): a@1"]
	count(allowed.warn) == 1 with input as _facts({"unknown": "warn"}, rows)
	count(allowed.warn) + count(allowed.deny) == 0 with input as _facts({"unknown": "ignore"}, rows)
}

test_no_bill_of_materials_is_no_answer_where_licences_are_asked_for if {
	_said(_facts({"unknown": "block", "deny": ["MIT"]}, [])) == ["no bill of materials says which licences the dependencies have"]
	_said(_facts({"unknown": "ignore", "deny": ["MIT"]}, [])) == []
	_said(_facts({"unknown": "block"}, [])) == []
}

test_a_refused_one_may_only_warn if {
	facts := _facts({"refused": "warn", "deny": ["MIT"]}, [_row("MIT", [["MIT"]], ["a@1"])])
	_said(facts) == []
	count(allowed.warn) == 1 with input as facts
}

test_a_package_of_the_profiles_exceptions_may_have_its_licence_and_no_other if {
	exceptions := {"exceptions": [{"package": "a", "license": "GPL-3.0-only", "reason": "not linked"}]}
	demands := object.union(_permissive, exceptions)
	_said(_facts(demands, [_row("GPL-3.0-only", [["GPL-3.0-only"]], ["a@1", "a@2"])])) == []
	_said(_facts(demands, [_row("GPL-3.0-only", [["GPL-3.0-only"]], ["a@1", "ab@1"])])) == ["GPL-3.0-only is not an allowed licence: ab@1"]
	_said(_facts(demands, [_row("AGPL-3.0-only", [["AGPL-3.0-only"]], ["a@1"])])) == ["AGPL-3.0-only is not an allowed licence: a@1"]
	unknown := {"unknown": "block", "exceptions": [{"package": "a@1", "license": "NOASSERTION", "reason": "asked the author"}]}
	_said(_facts(unknown, [_unknown(null, ["a@1", "a@2"])])) == ["licence not known (no SPDX expression): a@2"]
}

test_many_packages_are_counted if {
	packages := ["a@1", "b@1", "c@1", "d@1", "e@1", "f@1", "g@1"]
	_said(_facts(_permissive, [_row("X11", [["X11"]], packages)])) == ["X11 is not an allowed licence: a@1, b@1, c@1, d@1, e@1 and 2 more"]
}

test_an_admitted_exception_makes_it_a_warning if {
	rows := [_row("X11", [["X11"]], ["a@1"])]
	facts := object.union(_facts(_permissive, rows), {"exceptions": fixture.lifted("licenses/allowed")})
	_said(facts) == []
	fixture.said(allowed.warn) == ["X11 is not an allowed licence: a@1; exception EX-9 lets it ship"] with input as facts
}
