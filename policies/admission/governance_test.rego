package countersign.admission.governance_test

import data.countersign.admission.governance
import data.countersign.lib.fixture

_reasons(record_changes, exposure) := {fault.msg |
	some fault in governance.deny with input as fixture.recorded(record_changes, exposure)
}

_admitted(record_changes, exposure) if {
	governance.admit == {"EX-1"} with input as fixture.recorded(record_changes, exposure)
	count(_reasons(record_changes, exposure)) == 0
}

_refused(record_changes, exposure, reason) if {
	count(governance.admit) == 0 with input as fixture.recorded(record_changes, exposure)
	reason in _reasons(record_changes, exposure)
}

test_a_sound_record_is_admitted if _admitted({}, "internal")

test_a_blank_field_is_a_missing_one if {
	every field in ["owner", "reason", "mitigation"] {
		_refused({field: " \t"}, "internal", sprintf("its %s is blank", [field]))
	}
}

test_thirty_days_are_admitted_and_thirty_one_are_not if {
	_admitted({"life_days": 30}, "internal")
	_refused({"life_days": 31}, "internal", "it lives 31 days, at most 30 for a high finding of a service that is internal")
}

test_the_worst_severity_covered_sets_the_life if {
	_refused(
		{"worst": "critical", "life_days": 8, "approvals": [{"by": "kim"}, {"by": "lee"}]}, "internal",
		"it lives 8 days, at most 7 for a critical finding of a service that is internal",
	)
	_admitted({"worst": "critical", "life_days": 7, "approvals": [{"by": "kim"}, {"by": "lee"}]}, "internal")
}

test_no_days_admit_nothing_not_even_one_day if {
	every about in [["a", "critical"], ["a", "high"], ["an", "unknown"]] {
		_refused(
			{"worst": about[1], "life_days": 0}, "public",
			sprintf("no exception may cover %s %s finding of a service that is public", about),
		)
	}
}

test_the_last_day_is_in_force_and_the_day_after_is_not if {
	_admitted({"days_left": 0}, "internal")
	_reasons({"days_left": -1, "in_force": false}, "internal") == {"it ended on 2026-12-01"}
}

test_a_record_before_its_first_day_is_not_in_force if {
	_reasons({"created": "2026-11-22", "in_force": false}, "internal") == {"it begins on 2026-11-22"}
	_reasons({"created": "2026-11-22", "in_force": false, "days_left": 0}, "internal") == {"it begins on 2026-11-22"}
}

test_nobody_approves_their_own if {
	too_few := "it has 0 of 1 approvals by people other than its owner and the change's author"
	_refused({"approvals": []}, "internal", too_few)
	_refused({"approvals": [{"by": "Team-Web "}]}, "internal", too_few)
	_refused({"approvals": [{"by": "ANA"}]}, "internal", too_few)
	_refused({"approvals": [{"by": " "}]}, "internal", too_few)
}

# Cyrillic letters, an accent that is a character of its own, and a space of no width.
test_a_name_in_letters_that_look_alike_is_not_somebody_else if {
	too_few := "it has 0 of 1 approvals by people other than its owner and the change's author"
	every owner in ["\u0430na", "ana\u0301", "\u0430\u043d\u0430", "a\u200bna"] {
		_refused({"owner": owner, "approvals": [{"by": "ana"}]}, "internal", too_few)
	}
	every record in [
		{"owner": "\u0430na", "approvals": [{"by": "kim@example.com"}]},
		{"owner": "\u00e9quipe-web", "approvals": [{"by": "kim"}]},
	] {
		count(governance.deny) == 0 with input as _demanding({"known_owners": false}, record)
	}
	facts := object.union(fixture.recorded({"approvals": [{"by": "zoe"}]}, "internal"), {"change": {"author": "z\u043ee"}})
	count(governance.admit) == 0 with input as facts
}

test_a_record_without_a_list_of_approvals_has_none if {
	records := [object.remove(fixture.exception, ["approvals"])]
	facts := object.union(fixture.facts, {"exceptions": records, "service": {"exposure": "internal"}})
	count(governance.admit) == 0 with input as facts
}

test_one_person_counts_once if {
	_refused(
		{"worst": "critical", "life_days": 7, "approvals": [{"by": "kim"}, {"by": "Kim"}]}, "internal",
		"it has 1 of 2 approvals by people other than its owner and the change's author",
	)
}

_idle(approvals, demands, more) := {msg |
	facts := object.union(
		fixture.recorded({"approvals": approvals, "verified_approvers": []}, "internal"),
		{"profile": {"exceptions": demands}, "data": fixture.authority},
	)
	some fault in governance.deny with input as object.union(facts, more)
	startswith(fault.at, "approvals.")
	msg := [fault.at, fault.msg]
}

test_what_takes_an_approval_away_is_said_with_its_place if {
	own := "the approval of Team-Web does not count: nobody approves a record of their own"
	_idle([{"by": "Team-Web"}], {}, {}) == {["approvals.0.by", own]}
	authors := "the approval of @ana does not count: it is by the author of this change"
	_idle([{"by": "@ana"}], {}, {}) == {["approvals.0.by", authors]}
	machines := "the approval of renovate[bot] does not count: it is by a machine, or by a name that could be taken for another"
	_idle([{"by": "renovate[bot]"}], {}, {}) == {["approvals.0.by", machines]}
	role := "the approval of kim does not count: no authority data gives them the role product-lead or vp-engineering"
	_idle([{"by": "kim", "role": "product-lead"}], {"approver_roles": ["product-lead", "vp-engineering"]}, {}) == {["approvals.0.by", role]}
	unsigned := "the approval of kim does not count: it has no signature"
	_idle([{"by": "kim"}], {"signed_approvals": true}, {}) == {["approvals.0.by", unsigned]}
	count(_idle([{"by": "kim", "signature": "kim.sig"}], {"signed_approvals": true}, {})) == 0
}

_history(changes) := object.union({"since": "2026-11-01", "life_days": 30, "edited": null, "outdated": [], "whole": true}, changes)

test_an_approval_of_what_the_record_said_before_does_not_count if {
	edited := _history({"edited": "2026-11-15", "outdated": ["kim"]})
	old := "the approval of kim does not count: it is older than the last edit of the record, on 2026-11-15"
	too_few := "it has 0 of 1 approvals by people other than its owner and the change's author"
	_reasons({"history": edited}, "internal") == {old, too_few}
	_admitted({"history": edited, "approvals": [{"by": "kim"}, {"by": "lee"}]}, "internal")
	_admitted({"history": edited, "verified_approvers": ["kim"]}, "internal")
	renewals := [{"on": "2026-11-18", "until": "2026-12-01", "reason": "not fixed"}]
	renewed := "the approval of kim does not count: it is older than the last edit of the record, on 2026-11-18"
	_reasons({"renewals": renewals, "approvals": [{"by": "kim", "at": "2026-11-17"}]}, "internal") == {renewed, too_few}
	_admitted({"renewals": renewals, "approvals": [{"by": "kim", "at": "2026-11-18"}]}, "internal")
}

test_an_approval_that_is_not_needed_is_remarked_on if {
	facts := fixture.recorded({"approvals": [{"by": "kim"}, {"by": "ana"}]}, "internal")
	governance.admit == {"EX-1"} with input as facts
	governance.warn == {{
		"exception": "EX-1",
		"msg": "the approval of ana does not count: it is by the author of this change",
		"at": "approvals.1.by",
	}} with input as facts
}

test_no_date_makes_a_record_younger_than_its_id if {
	old := _history({"since": "2026-09-02", "life_days": 90})
	_reasons({"history": old}, "internal") == {concat("", [
		"its id is on the branch since 2026-09-02: 90 days to its end, ",
		"at most 30 for a high finding of a service that is internal",
	])}
	_admitted({"history": _history({})}, "internal")
	_admitted({"history": _history({"since": null})}, "internal")
	# One reason is enough where the record says itself that it is too old.
	_reasons({"history": old, "life_days": 31}, "internal") == {
		"it lives 31 days, at most 30 for a high finding of a service that is internal",
	}
}

test_a_lifted_rule_is_as_old_as_its_record if {
	facts := _lifting("calendar/freeze", {"history": _history({"since": "2026-11-01", "life_days": 21})})
	some fault in governance.deny with input as facts
	fault.msg == "its id is on the branch since 2026-11-01: 21 days to its end, at most 3 for calendar/freeze"
}

test_a_clone_that_was_cut_off_is_said if {
	cut := {"history": _history({"whole": false})}
	_admitted(cut, "internal")
	[remark] := [found | some found in governance.warn with input as fixture.recorded(cut, "internal")]
	startswith(remark.msg, "the clone is cut off")
	facts := object.union(fixture.recorded(cut, "internal"), {"profile": {"exceptions": {"whole_history": true}}})
	count(governance.admit) == 0 with input as facts
	count(governance.warn) == 0 with input as facts
}

_owned(owner, changes) := {fault.msg |
	facts := object.union(fixture.recorded({"owner": owner}, "internal"), {"data": fixture.authority})
	some fault in governance.deny with input as object.union(facts, changes)
	fault.at == "owner"
}

test_an_owner_is_somebody_whom_a_register_names if {
	_owned("nobody-real", {}) == {concat("", [
		"its owner nobody-real is nobody whom the service file, the profile or the authority data names",
	])}
	every name in ["team-web", "@Team-Web", "kim"] {
		count(_owned(name, {})) == 0
	}
	codeowners := {"ownership": {"codeowners": "CODEOWNERS", "known": ["@acme/payments"]}}
	count(_owned("payments", codeowners)) == 0
	count(_owned("@acme/payments", codeowners)) == 0
	_owned("ments", codeowners) == {concat("", [
		"its owner ments is nobody whom the service file, CODEOWNERS, the profile or the authority data names",
	])}
	freeze := {"profile": {"freezes": [{"owner": "release-management"}]}}
	count(_owned("release-management", freeze)) == 0
	count(_owned("nobody-real", {"ownership": {"known": []}})) == 0
	count(_owned("nobody-real", {"profile": {"exceptions": {"known_owners": false}}})) == 0
	_owned(" ", {}) == {"its owner is blank"}
}

test_who_answers_at_the_organisation_is_in_no_register_of_a_repository if {
	organisations := {"owner": "risk-board", "origin": "organisation"}
	_admitted(organisations, "internal")
	facts := object.union(fixture.recorded(organisations, "internal"), {"data": fixture.authority})
	count(governance.admit) == 0 with input as facts
}

test_a_review_counts_only_where_the_profile_says_so if {
	reviewed := fixture.recorded({"approvals": []}, "internal")
	count(governance.admit) == 0 with input as reviewed
	taken := object.union(reviewed, {"profile": {"exceptions": {"review_approvals": true}}})
	governance.admit == {"EX-1"} with input as taken
	signed := object.union(taken, {"profile": {"exceptions": {"signed_approvals": true}}})
	governance.admit == {"EX-1"} with input as signed
	# Of another commit, whatever the profile says of changes; by the author; not an approval; by a machine.
	other := object.union(fixture.approval("jo"), {"commit": fixture.other_commit})
	every review in [
		other, object.union(other, {"commit": null}), fixture.approval("ana"),
		object.union(fixture.approval("jo"), {"state": "commented"}), object.union(fixture.approval("jo"), {"reviewer": "bot"}),
	] {
		facts := object.union(taken, {"change": {"approvals": [review]}, "profile": {"change": {"approve_commit": false}}})
		count(governance.admit) == 0 with input as facts
	}
}

test_an_unknown_author_takes_no_approval_away if {
	facts := object.union(fixture.recorded({}, "internal"), {"change": {"author": null}})
	governance.admit == {"EX-1"} with input as facts
}

test_no_approval_is_needed_where_the_profile_says_so if _admitted({"worst": "low", "approvals": []}, "internal")

_demanding(demands, record_changes) := object.union(
	fixture.recorded(record_changes, "internal"),
	{"profile": {"exceptions": demands}},
)

test_unsigned_approvals_do_not_count_where_signed_ones_are_demanded if {
	count(governance.admit) == 0 with input as _demanding({"signed_approvals": true}, {})
	governance.admit == {"EX-1"} with input as _demanding({"signed_approvals": true}, {"verified_approvers": ["kim"]})
}

test_a_role_comes_from_authority_data_and_not_from_the_record if {
	demands := {"approver_roles": ["product-lead"]}
	facts := _demanding(demands, {"approvals": [{"by": "kim", "role": "product-lead"}]})
	count(governance.admit) == 0 with input as facts
	authority := {"data": {"authority": {"roles": {"kim": ["product-lead"]}}}}
	governance.admit == {"EX-1"} with input as object.union(facts, authority)
	other := {"data": {"authority": {"roles": {"kim": ["engineer"]}}}}
	count(governance.admit) == 0 with input as object.union(facts, other)
}

_lifting(rule, changes) := object.union(fixture.facts, {"exceptions": [object.union(fixture.lifting(rule), changes)]})

test_only_rules_that_the_profile_names_can_be_lifted if {
	governance.admit == {"EX-9"} with input as _lifting("calendar/freeze", {})
	count(governance.admit) == 0 with input as _lifting("findings/threshold", {})
}

test_a_lifted_rule_has_its_own_life if {
	governance.admit == {"EX-9"} with input as _lifting("calendar/freeze", {"life_days": 3})
	count(governance.admit) == 0 with input as _lifting("calendar/freeze", {"life_days": 4})
}

test_a_lifted_rule_needs_as_many_approvals_as_the_strictest_severity if {
	count(governance.admit) == 0 with input as _lifting("calendar/freeze", {"approvals": [{"by": "kim"}]})
}

test_a_record_about_nothing_is_refused if {
	_refused({"worst": null, "covers": []}, "internal", "it covers nothing that could be judged")
}

test_one_bad_record_does_not_take_another_along if {
	records := [fixture.exception, object.union(fixture.exception, {"id": "EX-2", "reason": ""})]
	facts := object.union(fixture.facts, {"exceptions": records, "service": {"exposure": "internal"}})
	governance.admit == {"EX-1"} with input as facts
}

test_no_records_no_word if {
	count(governance.admit) == 0 with input as fixture.facts
	count(governance.deny) == 0 with input as fixture.facts
}

test_where_no_days_are_allowed_the_length_is_no_reason if {
	_reasons({"life_days": 5}, "public") == {"no exception may cover a high finding of a service that is public"}
}

test_a_role_is_that_of_the_same_person if {
	facts := _demanding({"approver_roles": ["product-lead"]}, {"approvals": [{"by": "kim"}]})
	others := {"data": {"authority": {"roles": {"zoe": ["product-lead"], "kim": ["engineer"]}}}}
	count(governance.admit) == 0 with input as object.union(facts, others)
}

_asking_for(changes, record) := object.union(fixture.recorded(record, "internal"), {
	"profile": {"exceptions": changes},
	"data": object.union(fixture.authority, {"compensating_controls": {
		"waf": {"effective": true, "valid_until": "2026-12-31"},
		"old": {"effective": true, "valid_until": "2026-11-20"},
		"broken": {"effective": false, "valid_until": "2026-12-31"},
		"undated": {"effective": true},
	}}),
	"attestations": [
		{"predicate_type": "https://example.com/pentest/v1", "about_release": true},
		{"predicate_type": "https://example.com/other/v1", "about_release": false},
	],
})

_said_against(changes, record) := reasons if {
	reasons := [fault.msg | some fault in governance.deny] with input as _asking_for(changes, record)
}

test_evidence_that_is_demanded_must_be_named if {
	demand := {"evidence": {"high": true}}
	_said_against(demand, {}) == ["it names no evidence that its mitigation is there"]
	count(_said_against(demand, {"evidence": ["control:waf"]})) == 0
	count(_said_against({"evidence": {"critical": true}}, {})) == 0
}

test_evidence_that_is_named_must_be_there if {
	every name in ["control:waf", "check:secrets", "attestation:https://example.com/pentest/v1"] {
		count(_said_against({}, {"evidence": [name]})) == 0
	}
	_said_against({}, {"evidence": ["control:old"]}) == ["its evidence control:old is not there: it was valid until 2026-11-20"]
	every name in [
		"control:broken",
		"control:undated",
		"control:unheard",
		"control:",
		"check:dast",
		"attestation:https://example.com/other/v1",
		"waf",
		"secrets",
		"https://example.com/pentest/v1",
		"check:waf",
		"control:secrets",
		"",
	] {
		count(_said_against({}, {"evidence": [name]})) == 1
	}
}

_not_there(name) := reasons if {
	reasons := _said_against({}, {"evidence": [name]})
}

test_why_evidence_is_not_there if {
	_not_there("control:broken") == ["its evidence control:broken is not there: nobody has found it effective"]
	_not_there("control:undated") == ["its evidence control:undated is not there: nobody has found it effective"]
	_not_there("check:dast") == ["its evidence check:dast is not there: the check is not current"]
	_not_there("attestation:x") == ["its evidence attestation:x is not there: nothing attests it about this release"]
	_not_there("waf") == ["its evidence waf is not there: evidence is control:NAME, check:NAME or attestation:TYPE"]
}

test_evidence_lasts_through_its_last_day_and_a_check_is_current if {
	facts := object.union(_asking_for({}, {"evidence": ["control:today"]}), {"data": {"compensating_controls": {"today": {"effective": true, "valid_until": "2026-11-21"}}}})
	count(governance.deny) == 0 with input as facts
	stale := object.union(_asking_for({}, {"evidence": ["check:secrets"]}), {"coverage": [{"check": "secrets", "state": "stale"}]})
	count(governance.deny) == 1 with input as stale
}

test_a_leader_must_have_accepted_the_risk if {
	demand := {"leaders": {"high": ["vp-engineering"]}}
	_said_against(demand, {}) == ["nobody of the role vp-engineering has accepted the risk"]
	count(_said_against(demand, {"approvals": [{"by": "kim"}, {"by": "Vic"}]})) == 0
	count(_said_against(demand, {"owner": "vic", "approvals": [{"by": "kim"}, {"by": "vic"}]})) == 1
	claimed := {"approvals": [{"by": "kim", "role": "vp-engineering"}]}
	count(_said_against(demand, claimed)) == 1
}
