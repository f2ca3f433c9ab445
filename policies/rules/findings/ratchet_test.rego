package countersign.rules.findings.ratchet_test

import data.countersign.lib.fixture
import data.countersign.rules.findings.known_exploited
import data.countersign.rules.findings.ratchet
import data.countersign.rules.findings.threshold
import data.countersign.rules.secrets.no_secret

_known(changes, most) := object.union(
	fixture.about(object.union({"known": true, "seen_days": 3}, changes), "public", null),
	{"baseline": fixture.standing_baseline, "profile": {"baseline": {"known": fixture.every_severity(most)}}},
)

_blocks(facts) if {
	count(threshold.deny) == 1 with input as facts
	count(ratchet.warn) == 0 with input as facts
}

test_what_was_there_before_warns_and_stays_in_sight if {
	every most in ["warn", "ticket", "ignore"] {
		facts := _known({}, most)
		count(threshold.deny) == 0 with input as facts
		count(threshold.warn) == 0 with input as facts
		ratchet.warn == {{
			"msg": "high vulnerability that was there before this change does not block",
			"severity": "high",
			"fix_by": "2026-11-25",
			"next": "fix it; it blocks again when it grows worse",
		}} with input as facts
	}
}

test_what_the_change_adds_blocks if {
	every known in [false, null] {
		_blocks(_known({"known": known}, "warn"))
	}
}

test_without_a_ratchet_in_the_profile_nothing_is_softened if _blocks(_known({}, "block"))

test_a_baseline_that_does_not_count_softens_nothing if {
	_blocks(object.union(_known({}, "warn"), {"baseline": {"stands": false}}))
	_blocks(object.union(_known({}, "warn"), {"baseline": null}))
	_blocks(object.union(_known({}, "warn"), {"profile": {"baseline": {"max_age_days": 0}}}))
}

test_it_is_for_the_kinds_that_the_profile_names if {
	facts := _known({}, "warn")
	_blocks(object.union(facts, {"profile": {"baseline": {"kinds": ["weakness"]}}}))
	count(ratchet.warn) == 1 with input as object.union(facts, {"profile": {"baseline": {"kinds": ["vulnerability"]}}})
}

test_a_warning_is_none_more if {
	facts := _known({"severity": "medium"}, "ticket")
	count(threshold.warn) + count(ratchet.warn) == 0 with input as facts
	# The ratchet never makes anything worse.
	count(threshold.deny) == 0 with input as _known({"severity": "medium"}, "block")
	count(threshold.warn) == 1 with input as _known({"severity": "medium"}, "warn")
}

test_secrets_and_what_is_exploited_block_all_the_same if {
	count(no_secret.deny) == 1 with input as _known({"kind": "secret"}, "ignore")
	count(known_exploited.deny) == 1 with input as _known({"known_exploited": true}, "ignore")
}

test_what_an_exception_covers_is_the_exceptions_business if {
	facts := object.union(_known({"disposition": "excepted"}, "ignore"), {"exception": fixture.exception})
	count(threshold.deny) == 1 with input as facts
	count(ratchet.warn) == 0 with input as facts
}
