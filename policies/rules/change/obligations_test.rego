package countersign.rules.change.obligations_test

import data.countersign.lib.fixture
import data.countersign.rules.change.obligations

_owed := {
	"id": "EM-1",
	"what": "the review of emergency EM-1: the basket loses items",
	"owner": "team-web",
	"by": "ana",
	"due": "2026-11-26",
	"decision": "d-1",
}

_closing(signers) := {
	"closes": "EM-1",
	"outcome": "sound",
	"reviewed_by": "kim",
	"at": "2026-11-21T07:30:00Z",
	"signatures": [],
	"signers": {"verified": signers, "refused": []},
}

_facts(closings) := fixture.with_parts({
	"history": {"decisions": 1, "newest": null, "unverified": [], "obligations": [_owed]},
	"closings": closings,
	"data": fixture.authority,
})

_blocks(closings) if count(obligations.deny) == 1 with input as _facts(closings)

test_what_is_owed_blocks if {
	fixture.said(obligations.deny) == ["owed since d-1: the review of emergency EM-1: the basket loses items, due 2026-11-26"] with input as _facts([])
}

test_what_blocks_is_no_warning_beside_it if count(obligations.warn) == 0 with input as _facts([])

test_a_signed_closing_by_somebody_else_settles_it if {
	count(obligations.deny) == 0 with input as _facts([_closing(["kim"])])
}

test_no_other_closing_does if {
	_blocks([_closing([])])
	_blocks([_closing(["ana"])])
	_blocks([_closing(["@Ana"])])
	_blocks([_closing(["ana@example.com"])])
	_blocks([object.union(_closing(["kim"]), {"closes": "EM-2"})])
}

test_the_role_of_the_reviewer_counts if {
	profile := {"profile": {"emergency": {"roles": ["engineering-lead"]}}}
	count(obligations.deny) == 1 with input as object.union(_facts([_closing(["kim"])]), profile)
	count(obligations.deny) == 0 with input as object.union(_facts([_closing(["jo"])]), profile)
}

test_where_no_signature_is_demanded_the_reviewer_counts if {
	profile := {"profile": {"emergency": {"signed": false}}}
	count(obligations.deny) == 0 with input as object.union(_facts([_closing([])]), profile)
	own := object.union(_closing([]), {"reviewed_by": "ana"})
	count(obligations.deny) == 1 with input as object.union(_facts([own]), profile)
}

test_the_next_emergency_ships_and_the_debt_stays if {
	facts := object.union(_facts([]), {"change": {"kind": "emergency"}, "emergency": object.union(fixture.emergency, {"id": "EM-2"})})
	count(obligations.deny) == 0 with input as facts
	count(obligations.warn) == 1 with input as facts
	claimed := object.union(_facts([]), {"change": {"kind": "emergency"}})
	count(obligations.deny) == 1 with input as claimed
}

test_nothing_is_owed_without_history if {
	count(obligations.deny) == 0 with input as fixture.facts
	count(obligations.warn) == 0 with input as fixture.facts
}
