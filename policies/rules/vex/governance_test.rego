package countersign.rules.vex.governance_test

import data.countersign.lib.fixture
import data.countersign.rules.vex.governance

_trusting := {"trusted_issuers": ["Acme Security"], "accept_notes": false, "max_age_days": 365, "accept_outside": false}

_with(changes) := object.union(
	fixture.with_parts({"profile": {"vex": _trusting}}),
	{"vex": [object.union(fixture.statement, changes)]},
)

_document(changes) := object.union(fixture.facts, {"vex_documents": [object.union(
	{
		"path": "vex/acme.json",
		"digest": {"sha256": "00"},
		"format": "openvex",
		"issued": null,
		"statements": 2,
		"matched": 0,
		"not_understood": 0,
		"unresolved": [],
	},
	changes,
)]})

test_what_counts_says_nothing if {
	count(governance.warn) == 0 with input as fixture.facts
	count(governance.warn) == 0 with input as _with({})
	count(governance.warn) == 0 with input as _document({})
}

test_what_does_not_count_is_said_with_its_reason if {
	fixture.said(governance.warn) == ["not affected on CVE-2026-1 does not count: its issuer Unknown is not among the trusted ones"] with input as _with({"issuer": "Unknown"})
	fixture.said(governance.warn) == ["not affected on CVE-2026-1 does not count: it gives no known justification"] with input as _with({"justification": null})
}

test_what_clears_nothing_or_was_said_anew_is_not_worth_a_word if {
	count(governance.warn) == 0 with input as _with({"issuer": "Unknown", "status": "affected"})
	count(governance.warn) == 0 with input as _with({"superseded": true})
}

test_what_cannot_be_read_or_compared_is_said if {
	fixture.said(governance.warn) == ["vex/acme.json: 1 statements were not understood, and count for nothing"] with input as _document({"not_understood": 1})
	fixture.said(governance.warn) == ["a product cannot be compared with what is released, and its statements count for nothing: P1: it has no package URL"] with input as _document({"unresolved": ["P1: it has no package URL"]})
}
