package countersign.rules.calendar.freeze_test

import data.countersign.lib.fixture
import data.countersign.rules.calendar.freeze

_freeze := {
	"name": "year end",
	"from": "2026-11-20T00:00:00Z",
	"until": "2026-12-01T00:00:00Z",
	"environments": ["production"],
	"emergency_ships": true,
	"owner": "release-team",
}

_in(changes) := object.union(fixture.facts, {"profile": {"freezes": [object.union(_freeze, changes)]}})

test_blocks_inside_and_names_the_owner if {
	freeze.deny == {{
		"msg": "freeze year end until 2026-12-01T00:00:00Z",
		"next": "ship after 2026-12-01T00:00:00Z, or ask the owner of the freeze for an exception",
		"owner": "release-team",
	}} with input as _in({})
}

test_a_block_is_no_warning_beside_it if count(freeze.warn) == 0 with input as _in({})

test_begins_with_its_first_instant_and_ends_before_its_last if {
	facts := _in({})
	count(freeze.deny) == 0 with input as object.union(facts, {"now": "2026-11-19T23:59:59Z"})
	count(freeze.deny) == 1 with input as object.union(facts, {"now": "2026-11-20T00:00:00Z"})
	count(freeze.deny) == 1 with input as object.union(facts, {"now": "2026-11-30T23:59:59Z"})
	count(freeze.deny) == 0 with input as object.union(facts, {"now": "2026-12-01T00:00:00Z"})
}

test_may_last_for_ever if count(freeze.deny) == 1 with input as _in({"until": "9999-01-01T00:00:00Z"})

test_holds_only_where_it_says if {
	count(freeze.deny) == 0 with input as object.union(_in({}), {"environment": "staging"})
	count(freeze.deny) == 1 with input as object.union(_in({"environments": []}), {"environment": "staging"})
}

test_an_emergency_ships_where_the_freeze_lets_it if {
	emergency := {"change": {"kind": "emergency"}, "emergency": fixture.emergency}
	facts := object.union(_in({}), emergency)
	count(freeze.deny) == 0 with input as facts
	count(freeze.warn) == 1 with input as facts
	count(freeze.deny) == 1 with input as object.union(facts, {"emergency": null})
	count(freeze.deny) == 1 with input as object.union(facts, {"emergency": {"in_force": false}})
	record := {"exceptions": [object.union(fixture.lifting("calendar/freeze"), {"admitted": true})]}
	count(freeze.warn) == 1 with input as object.union(facts, record)
	strict := object.union(_in({"emergency_ships": false}), emergency)
	count(freeze.deny) == 1 with input as strict
}

test_the_ci_systems_word_counts if {
	count(freeze.deny) == 1 with input as fixture.changed({"freeze": true})
	count(freeze.deny) == 0 with input as fixture.changed({"freeze": false})
	count(freeze.deny) == 0 with input as fixture.changed({"freeze": null})
}

test_an_emergency_does_not_ship_in_a_freeze_of_the_ci_system if {
	count(freeze.deny) == 1 with input as fixture.changed({"freeze": true, "kind": "emergency"})
}

_excepted(rule, admitted) := object.union(
	_in({}),
	{"exceptions": [object.union(fixture.lifting(rule), {"admitted": admitted})]},
)

test_an_admitted_exception_makes_it_a_warning_that_names_it if {
	facts := _excepted("calendar/freeze", true)
	count(freeze.deny) == 0 with input as facts
	fixture.said(freeze.warn) == ["freeze year end until 2026-12-01T00:00:00Z; exception EX-9 lets it ship"] with input as facts
}

test_no_other_exception_does if {
	count(freeze.deny) == 1 with input as _excepted("calendar/freeze", false)
	count(freeze.deny) == 1 with input as _excepted("coverage/required-checks", true)
	record := {"exceptions": [object.union(fixture.exception, {"admitted": true})]}
	count(freeze.deny) == 1 with input as object.union(_in({}), record)
}

test_says_nothing_without_a_freeze if {
	count(freeze.deny) == 0 with input as fixture.facts
	count(freeze.warn) == 0 with input as fixture.facts
}
