package countersign.rules.change.judging_inputs_test

import data.countersign.lib.fixture
import data.countersign.rules.change.judging_inputs

test_lists_what_the_change_edits_and_asks_the_owner_of_the_policies if {
	facts := object.union(fixture.facts, {"judging": {"edited": ["countersign.yaml", "exceptions.yaml"]}})
	some verdict in judging_inputs.warn with input as facts
	verdict.msg == "edits what judges it, not in force until merged: countersign.yaml, exceptions.yaml"
	verdict.owner == "security"
}

test_says_nothing_where_nothing_is_edited if count(judging_inputs.warn) == 0 with input as fixture.facts

_demanding(approvals) := object.union(fixture.facts, {
	"judging": {"edited": ["countersign.yaml"]},
	"profile": {"policy_changes": {"approvals": 1, "roles": ["security"]}},
	"data": fixture.authority,
	"change": {"approvals": approvals},
})

test_where_it_is_demanded_the_owner_of_the_policies_approves if {
	facts := _demanding([fixture.approval("jo")])
	fixture.said(judging_inputs.deny) == ["edits what judges it, not in force until merged: countersign.yaml; 0 of 1 approvals by the role security"] with input as facts
	count(judging_inputs.warn) == 0 with input as facts
	approved := _demanding([fixture.approval("kim")])
	count(judging_inputs.deny) == 0 with input as approved
	count(judging_inputs.warn) == 1 with input as approved
}

test_a_demand_without_an_edit_blocks_nothing if {
	count(judging_inputs.deny) == 0 with input as object.union(_demanding([]), {"judging": {"edited": []}})
}
