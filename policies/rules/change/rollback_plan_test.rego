package countersign.rules.change.rollback_plan_test

import data.countersign.lib.fixture
import data.countersign.rules.change.rollback_plan

test_a_named_plan_is_enough if count(rollback_plan.deny) == 0 with input as fixture.facts

test_no_plan_and_a_blank_one_block if {
	every value in [null, "", " "] {
		count(rollback_plan.deny) == 1 with input as fixture.changed({"rollback_plan": value})
	}
}

test_not_for_kinds_and_environments_that_need_none if {
	count(rollback_plan.deny) == 0 with input as fixture.changed({"rollback_plan": null, "kind": "emergency"})
	elsewhere := {"profile": {"change": {"environments": ["staging"]}}}
	count(rollback_plan.deny) == 0 with input as object.union(fixture.changed({"rollback_plan": null}), elsewhere)
}
