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
