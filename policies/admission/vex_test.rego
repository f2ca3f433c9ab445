package countersign.admission.vex_test

import data.countersign.admission.vex as admission
import data.countersign.lib.fixture

_with(demands, changes) := object.union(
	fixture.with_parts({"profile": {"vex": demands}}),
	{"vex": [object.union(fixture.statement, changes)]},
)

_trusting := {"trusted_issuers": ["Acme Security"], "accept_notes": false, "max_age_days": 30, "accept_outside": false}

_denied(facts, why) if {
	count(admission.admit) == 0 with input as facts
	admission.deny == {{"statement": "vex-1", "msg": why}} with input as facts
}

test_a_justified_statement_of_a_trusted_issuer_counts if {
	every changes in [
		{},
		{"status": "fixed", "justification": null},
		{"status": "affected", "justification": null},
		{"status": "under_investigation", "justification": null},
		{"status": "affected", "at": null, "outside": true},
		{"status": "affected", "at": "2027-01-01T00:00:00Z"},
		{"at": "2026-10-22T00:00:00Z"},
		{"justification": "code_not_reachable"},
	] {
		admission.admit == {"vex-1"} with input as _with(_trusting, changes)
		count(admission.deny) == 0 with input as _with(_trusting, changes)
	}
}

test_nobody_is_trusted_by_default if {
	_denied(object.union(fixture.facts, {"vex": [fixture.statement]}), "its issuer Acme Security is not among the trusted ones")
}

test_an_issuer_is_compared_as_a_whole if {
	_denied(_with(_trusting, {"issuer": "Acme"}), "its issuer Acme is not among the trusted ones")
	_denied(_with(_trusting, {"issuer": null}), "its issuer (none) is not among the trusted ones")
	_denied(_with(object.union(_trusting, {"trusted_issuers": [" "]}), {"issuer": " "}), "its issuer (none) is not among the trusted ones")
}

test_not_affected_needs_a_known_justification if {
	every changes in [{"justification": null}, {"justification": "because"}, {"justification": null, "note": "not called"}] {
		_denied(_with(_trusting, changes), "it gives no known justification")
	}
}

test_a_note_is_enough_where_the_profile_says_so if {
	noted := object.union(_trusting, {"accept_notes": true})
	admission.admit == {"vex-1"} with input as _with(noted, {"justification": null, "note": "not called"})
	_denied(_with(noted, {"justification": null, "note": " "}), "it gives no known justification")
}

test_only_the_newest_word_that_is_not_from_the_future_counts if {
	_denied(_with(_trusting, {"superseded": true}), "its issuer has said something newer")
	_denied(_with(_trusting, {"at": "2026-11-21T08:00:01Z"}), "it is from the future (2026-11-21T08:00:01Z)")
}

test_an_old_or_undated_statement_clears_nothing if {
	_denied(_with(_trusting, {"at": "2026-10-21T23:59:59Z"}), "it is of 2026-10-21, and at most 30 days count")
	_denied(_with(_trusting, {"status": "fixed", "at": "2026-10-21T23:59:59Z"}), "it is of 2026-10-21, and at most 30 days count")
	_denied(_with(_trusting, {"at": null}), "it has no date")
	endless := object.union(_trusting, {"max_age_days": null})
	admission.admit == {"vex-1"} with input as _with(endless, {"at": "2001-01-01T00:00:00Z"})
	_denied(_with(endless, {"at": null}), "it has no date")
}

test_a_document_from_outside_counts_in_a_change_request_only_where_the_profile_says_so if {
	_denied(_with(_trusting, {"outside": true}), "it lies outside the repository, where a job of this change request may have put it")
	admission.admit == {"vex-1"} with input as _with(object.union(_trusting, {"accept_outside": true}), {"outside": true})
}
