package countersign.rules.reliability.error_budget_test

import data.countersign.lib.fixture
import data.countersign.rules.reliability.error_budget

_facts(least, left) := object.union(
	fixture.demanding("reliability", {"min_error_budget": least, "fix_labels": ["fix"]}),
	{"service": {"error_budget": left}},
)

test_where_it_is_not_looked_at_nothing_is_said if {
	every left in [null, 0, 50] {
		count(error_budget.deny) + count(error_budget.warn) == 0 with input as _facts(null, left)
	}
}

test_what_is_left_ships if {
	count(error_budget.deny) == 0 with input as _facts(0, 0.1)
	count(error_budget.deny) == 0 with input as _facts(10, 10.5)
}

test_a_spent_budget_blocks if {
	fixture.said(error_budget.deny) == ["0% of the error budget is left, and only fixes ship at 0% or below"] with input as _facts(0, 0)
	count(error_budget.deny) == 1 with input as _facts(10, 10)
	count(error_budget.deny) == 1 with input as _facts(0, -3)
}

test_a_budget_that_nobody_states_blocks if {
	fixture.said(error_budget.deny) == ["nobody says how much of the error budget is left"] with input as _facts(0, null)
}

test_a_fix_and_an_emergency_ship_and_say_so if {
	every change in [{"labels": ["Fix"]}, {"kind": "emergency"}] {
		facts := object.union(_facts(0, 0), {"change": change})
		count(error_budget.deny) == 0 with input as facts
		fixture.said(error_budget.warn) == ["0% of the error budget is left, and only fixes ship at 0% or below; it ships as a fix"] with input as facts
	}
	count(error_budget.deny) == 1 with input as object.union(_facts(0, 0), {"change": {"labels": ["fixture"]}})
}

test_a_fix_needs_no_record if {
	facts := object.union(_facts(0, 0), {"change": {"labels": ["fix"]}, "exceptions": fixture.lifted("reliability/error-budget")})
	count(error_budget.warn) == 1 with input as facts
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts(0, 0), {"exceptions": fixture.lifted("reliability/error-budget")})
	count(error_budget.deny) == 0 with input as facts
	count(error_budget.warn) == 1 with input as facts
}
