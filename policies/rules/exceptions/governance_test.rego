package countersign.rules.exceptions.governance_test

import data.countersign.lib.fixture
import data.countersign.rules.exceptions.governance

test_says_every_reason_in_one_warning if {
	governance.warn == {{
		"msg": concat("", [
			"exception EX-1 does not count: it lives 31 days, at most 30 for a high finding of a service that is internal; ",
			"its reason is blank",
		]),
		"next": "fix what it covers, or mend the record on the branch that the change goes to",
		"owner": "team-web",
	}} with input as fixture.recorded({"life_days": 31, "reason": ""}, "internal")
}

test_an_ended_record_is_renewed_or_its_finding_fixed if {
	some verdict in governance.warn with input as fixture.recorded({"days_left": -1, "in_force": false}, "internal")
	verdict.next == "fix what it covers, or look at the risk again and renew the record"
}

test_a_record_that_another_rule_refused_is_said_too if {
	some verdict in governance.warn with input as fixture.recorded({}, "internal")
	verdict.msg == "exception EX-1 does not count: no admission rule admits it"
}

test_a_blank_owner_leaves_the_owner_to_the_service if {
	some verdict in governance.warn with input as fixture.recorded({"owner": ""}, "internal")
	not verdict.owner
}

test_an_admitted_record_needs_no_word if {
	count(governance.warn) == 0 with input as fixture.recorded({"admitted": true}, "internal")
	count(governance.warn) == 0 with input as fixture.facts
}

test_a_record_on_its_last_day_is_mended_not_renewed if {
	some verdict in governance.warn with input as fixture.recorded({"days_left": 0}, "internal")
	verdict.next == "fix what it covers, or mend the record on the branch that the change goes to"
}

_remarked(changes) := [verdict |
	some verdict in governance.warn with input as fixture.recorded(object.union({"admitted": true}, changes), "internal")
]

test_what_should_be_mended_in_a_record_in_use_is_said if {
	[verdict] := _remarked({"approvals": [{"by": "kim"}, {"by": "team-web"}]})
	verdict.msg == "exception EX-1: the approval of team-web does not count: nobody approves a record of their own"
	verdict.next == "take the approval out, or have somebody approve who may"
	[cut] := _remarked({"history": {"since": "2026-11-01", "life_days": 30, "edited": null, "outdated": [], "whole": false}})
	startswith(cut.msg, "exception EX-1: the clone is cut off")
	cut.next == "fetch the whole target branch before the gate runs, in GitHub with fetch-depth: 0"
}
