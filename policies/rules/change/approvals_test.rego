package countersign.rules.change.approvals_test

import data.countersign.lib.fixture
import data.countersign.rules.change.approvals

_approved_by(list) := fixture.changed({"approvals": list})

_denials(facts) := messages if {
	messages := fixture.said(approvals.deny) with input as facts
}

test_one_other_person_is_enough if count(_denials(fixture.facts)) == 0

test_none_is_too_few if {
	approvals.deny == {{
		"msg": "0 of 1 approvals by people other than the author",
		"next": "have 1 more approve commit 8f3c1d2, and give the reviews in the change file (--change)",
	}} with input as _approved_by([])
}

test_the_author_does_not_count_however_the_name_is_written if {
	every name in ["ana", "Ana", " ANA "] {
		count(_denials(_approved_by([fixture.approval(name)]))) == 1
	}
}

test_an_author_in_letters_that_look_alike_does_not_count_either if {
	_denials(object.union(_approved_by([fixture.approval("jo")]), {"change": {"author": "j\u043e"}})) == ["0 of 1 approvals by people other than the author"]
	count(_denials(object.union(_approved_by([fixture.approval("kim")]), {"change": {"author": "\u0430na"}}))) == 0
}

test_machines_and_blanks_do_not_count if {
	bot := object.union(fixture.approval("renovate"), {"reviewer": "bot"})
	count(_denials(_approved_by([bot]))) == 1
	count(_denials(_approved_by([fixture.approval(" ")]))) == 1
}

test_a_name_that_could_be_taken_for_another_does_not_count if {
	every name in ["j\u043e", "k\u0456m", "jo  lee"] {
		count(_denials(_approved_by([fixture.approval(name)]))) == 1
	}
}

test_one_person_counts_once if {
	two := {"profile": {"change": {"approvals": {"normal": 2}}}}
	twice := object.union(_approved_by([fixture.approval("jo"), fixture.approval("Jo")]), two)
	_denials(twice) == ["1 of 2 approvals by people other than the author"]
	count(_denials(object.union(_approved_by([fixture.approval("jo"), fixture.approval("kim")]), two))) == 0
}

test_an_approval_of_another_commit_is_none_of_this_one if {
	every commit in [fixture.other_commit, null] {
		facts := _approved_by([object.union(fixture.approval("jo"), {"commit": commit})])
		_denials(facts) == ["0 of 1 approvals by people other than the author; 1 of another commit"]
		count(_denials(object.union(facts, {"profile": {"change": {"approve_commit": false}}}))) == 0
	}
}

test_an_unknown_commit_was_approved_by_nobody if {
	facts := fixture.changed({"commit": null, "approvals": [object.union(fixture.approval("jo"), {"commit": null})]})
	some verdict in approvals.deny with input as facts
	startswith(verdict.next, "have 1 more approve the change")
}

test_an_unknown_author_blocks_where_approvals_are_demanded if {
	every author in [null, ""] {
		_denials(fixture.changed({"author": author})) == [
			"the author of the change is not known, so nobody can say who else approved it",
		]
	}
	count(_denials(fixture.changed({"author": null, "kind": "standard"}))) == 0
}

test_requested_changes_block_until_the_same_person_approves_later if {
	request := object.union(fixture.approval("kim"), {"state": "changes-requested", "at": "2026-11-20T09:00:00Z"})
	_denials(_approved_by([fixture.approval("jo"), request])) == ["kim asked for changes and has not approved since"]
	count(_denials(_approved_by([fixture.approval("jo"), request, fixture.approval("Kim")]))) == 0
	earlier := object.union(fixture.approval("kim"), {"at": "2026-11-20T08:00:00Z"})
	count(_denials(_approved_by([earlier, request]))) == 1
	elsewhere := object.union(fixture.approval("kim"), {"commit": fixture.other_commit})
	count(_denials(_approved_by([fixture.approval("jo"), request, elsewhere]))) == 1
	again := object.union(request, {"at": "2026-11-20T09:30:00Z"})
	count(_denials(_approved_by([fixture.approval("jo"), request, again]))) == 1
}

test_without_times_nobody_can_say_which_came_last if {
	request := object.union(fixture.approval("kim"), {"state": "changes-requested", "at": "2026-11-20T09:00:00Z"})
	every times in [[null, "2026-11-20T09:00:00Z"], ["2026-11-20T09:00:00Z", null], [null, null]] {
		approved := object.union(fixture.approval("kim"), {"at": times[0]})
		asked := object.union(request, {"at": times[1]})
		count(_denials(_approved_by([approved, asked]))) == 1
	}
	at_once := object.union(fixture.approval("kim"), {"at": request.at})
	count(_denials(_approved_by([at_once, request]))) == 1
}

test_a_request_for_changes_is_no_approval if {
	request := object.union(fixture.approval("kim"), {"state": "changes-requested"})
	"0 of 1 approvals by people other than the author" in _denials(_approved_by([request]))
}

test_an_emergency_is_not_held_up_but_the_request_is_seen if {
	request := object.union(fixture.approval("kim"), {"state": "changes-requested"})
	facts := fixture.changed({"kind": "emergency", "approvals": [request]})
	count(_denials(facts)) == 0
	count(approvals.warn) == 1 with input as facts
	elsewhere := {"profile": {"change": {"environments": ["staging"]}}}
	count(approvals.warn) == 0 with input as object.union(facts, elsewhere)
	count(approvals.warn) == 0 with input as fixture.changed({"approvals": [request]})
}

test_the_profile_says_where_this_holds if {
	facts := object.union(_approved_by([]), {"profile": {"change": {"environments": ["production"]}}})
	count(_denials(facts)) == 1
	count(_denials(object.union(facts, {"environment": "staging"}))) == 0
}

test_another_name_of_the_author_does_not_count if {
	aliases := {"data": {"authority": {"aliases": {"ana.p@example.com": "Ana"}}}}
	facts := object.union(_approved_by([fixture.approval("Ana.P@example.com")]), aliases)
	count(_denials(facts)) == 1
	count(_denials(_approved_by([fixture.approval("ana.p@example.com")]))) == 0
	twice := object.union(_approved_by([fixture.approval("jo"), fixture.approval("jo@x.org")]), {
		"profile": {"change": {"approvals": {"normal": 2}}},
		"data": {"authority": {"aliases": {"jo@x.org": "jo"}}},
	})
	_denials(twice) == ["1 of 2 approvals by people other than the author"]
}
