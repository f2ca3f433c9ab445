package countersign.rules.change.emergency_test

import data.countersign.lib.fixture
import data.countersign.rules.change.emergency

_facts(kind, record) := fixture.with_parts({
	"change": {"kind": kind},
	"emergency": object.union(fixture.emergency, record),
	"data": fixture.authority,
})

_denied(record) if count(emergency.deny) == 1 with input as _facts("emergency", record)

_stands(record) if {
	count(emergency.deny) == 0 with input as _facts("emergency", record)
	count(emergency.warn) == 1 with input as _facts("emergency", record)
}

test_a_word_in_the_change_file_is_no_emergency if {
	fixture.said(emergency.deny) == ["an emergency without a record: nobody has signed for it"] with input as fixture.changed({"kind": "emergency", "labels": ["emergency"]})
}

test_a_signed_record_stands_and_is_seen if {
	facts := _facts("emergency", {})
	count(emergency.deny) == 0 with input as facts
	some verdict in emergency.warn with input as facts
	verdict.msg == "emergency EM-1, signed by kim: the basket loses items"
	verdict.fix_by == "2026-11-26"
	verdict.owner == "ana"
}

test_whatever_is_wrong_with_it_blocks if {
	every record in [
		{"in_force": false},
		{"hours": 25},
		{"out_of_scope": ["environment"]},
		{"reason": " "},
		{"requested_by": ""},
		{"signers": {"verified": [], "refused": []}},
		{"signers": {"verified": [], "refused": ["kim: the signature is not of these bytes"]}},
		{"signers": {"verified": ["release-bot[bot]"], "refused": []}},
	] {
		_denied(record)
	}
}

test_all_faults_are_said_together if {
	record := {"in_force": false, "out_of_scope": ["commit", "service"]}
	fixture.said(emergency.deny) == [concat("", [
		"emergency EM-1 does not count: it is not in force now; ",
		"this is another commit than it names; this is another service than it names",
	])] with input as _facts("emergency", record)
}

test_the_role_of_a_signer_is_that_of_the_authority_data if {
	profile := {"profile": {"emergency": {"roles": ["engineering-lead"]}}}
	count(emergency.deny) == 1 with input as object.union(_facts("emergency", {}), profile)
	signed := _facts("emergency", {"signers": {"verified": ["Jo"], "refused": []}})
	count(emergency.deny) == 0 with input as object.union(signed, profile)
}

test_where_no_signature_is_demanded_the_record_is_enough if {
	profile := {"profile": {"emergency": {"signed": false}}}
	facts := object.union(_facts("emergency", {"signers": {"verified": [], "refused": []}}), profile)
	count(emergency.deny) == 0 with input as facts
	count(emergency.warn) == 1 with input as facts
}

test_a_rollback_is_claimed_by_its_record if {
	facts := _facts("normal", {"kind": "rollback"})
	count(emergency.warn) == 1 with input as facts
	count(emergency.deny) == 0 with input as facts
	count(emergency.deny) == 1 with input as _facts("normal", {"kind": "rollback", "in_force": false})
}

test_a_record_that_nothing_uses_is_seen if {
	fixture.said(emergency.warn) == ["emergency EM-1 is given, and the change is none"] with input as _facts("normal", {})
	count(emergency.deny) == 0 with input as _facts("normal", {"in_force": false})
}

test_other_changes_are_no_matter if {
	every kind in ["standard", "normal"] {
		count(emergency.warn) == 0 with input as fixture.changed({"kind": kind})
		count(emergency.deny) == 0 with input as fixture.changed({"kind": kind})
	}
	_stands({})
}
