package countersign.rules.plans.cost_test

import data.countersign.lib.fixture
import data.countersign.rules.plans.cost

_facts(demands, increase) := object.union(
	fixture.demanding("plans", demands),
	{"change": {"release": {"monthly_cost_increase": increase}}},
)

_planned(facts, action) := object.union(facts, {"plan": fixture.plan([object.union(fixture.planned, {"action": action})])})

test_where_nothing_is_asked_nothing_is_said if {
	count(cost.deny) == 0 with input as fixture.facts
	count(cost.deny) == 0 with input as _facts({}, 1000000)
}

test_more_than_the_limit_blocks if {
	count(cost.deny) == 0 with input as _facts({"max_monthly_cost_increase": 500}, 500)
	count(cost.deny) == 0 with input as _facts({"max_monthly_cost_increase": 500}, -20)
	count(cost.deny) == 0 with input as _facts({"max_monthly_cost_increase": 500}, null)
	fixture.said(cost.deny) == ["the change adds 501 to the monthly cost, at most 500"] with input as _facts({"max_monthly_cost_increase": 500}, 501)
	count(cost.deny) == 1 with input as _facts({"max_monthly_cost_increase": 0}, 1)
}

test_a_plan_must_say_what_it_costs if {
	every action in ["create", "update", "replace"] {
		count(cost.deny) == 1 with input as _planned(_facts({"cost_stated": true}, null), action)
		count(cost.deny) == 0 with input as _planned(_facts({"cost_stated": true}, 0), action)
		count(cost.deny) == 0 with input as _planned(_facts({"cost_stated": false}, null), action)
	}
	every action in ["no-op", "read", "delete", "forget"] {
		count(cost.deny) == 0 with input as _planned(_facts({"cost_stated": true}, null), action)
	}
	count(cost.deny) == 0 with input as _facts({"cost_stated": true}, null)
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts({"max_monthly_cost_increase": 1}, 2), {"exceptions": fixture.lifted("plans/cost")})
	count(cost.deny) == 0 with input as facts
	count(cost.warn) == 1 with input as facts
}
