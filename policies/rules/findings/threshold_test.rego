package countersign.rules.findings.threshold_test

import data.countersign.lib.fixture
import data.countersign.rules.findings.threshold

_excepted := object.union(fixture.exception, {"admitted": true})

_under := {"disposition": "excepted", "exception": "EX-1"}

test_high_blocks_what_is_open_to_the_public if {
	threshold.deny == {{
		"msg": "high vulnerability in a service that is open to the public: {title}",
		"severity": "high",
		"fix_by": "2026-11-28",
		"next": "upgrade {package} (fixed in: {fixed_in})",
	}} with input as fixture.about({}, "public", null)
}

test_high_blocks_inside_too_and_says_that_an_exception_may_carry_it if {
	some verdict in threshold.deny with input as fixture.about({}, "internal", null)
	verdict.next == concat("", [
		"upgrade {package} (fixed in: {fixed_in}); ",
		"or record an exception with a mitigation, for at most 30 days",
	])
}

test_inside_an_admitted_exception_makes_it_a_warning_until_it_ends if {
	facts := fixture.about(_under, "internal", _excepted)
	count(threshold.deny) == 0 with input as facts
	threshold.warn == {{
		"msg": "high vulnerability in an internal service, under exception EX-1 until 2026-12-01: {title}",
		"severity": "high",
		"fix_by": "2026-12-01",
		"next": "upgrade {package} (fixed in: {fixed_in}) before the exception ends",
	}} with input as facts
}

test_an_exception_does_not_open_a_public_service if {
	count(threshold.deny) == 1 with input as fixture.about(_under, "public", _excepted)
}

test_unknown_severity_blocks_and_is_called_so if {
	some verdict in threshold.deny with input as fixture.about({"severity": "unknown"}, "internal", null)
	verdict.severity == "high"
	startswith(verdict.msg, "vulnerability of unknown severity in an internal service")
}

test_medium_warns if {
	facts := fixture.about({"severity": "medium"}, "public", null)
	count(threshold.deny) == 0 with input as facts
	count(threshold.warn) == 1 with input as facts
}

test_ticket_and_ignore_say_nothing if {
	every severity in ["low", "info"] {
		facts := fixture.about({"severity": severity}, "public", null)
		count(threshold.deny) == 0 with input as facts
		count(threshold.warn) == 0 with input as facts
	}
}

test_what_is_settled_says_nothing if {
	every disposition in ["suppressed", "not-affected", "resolved"] {
		facts := fixture.about({"disposition": disposition, "severity": "critical"}, "public", null)
		count(threshold.deny) == 0 with input as facts
		count(threshold.warn) == 0 with input as facts
	}
}

test_the_first_matching_row_counts if {
	facts := fixture.about(object.union(_under, {"kind": "malware", "severity": "low"}), "internal", _excepted)
	count(threshold.deny) == 1 with input as facts
}

test_a_row_for_another_environment_does_not_count if {
	row := {
		"kinds": [], "exposures": [], "environments": ["staging"],
		"open": fixture.every_severity("ignore"), "excepted": fixture.every_severity("ignore"),
	}
	profile := {"profile": {"thresholds": array.concat([row], fixture.profile.thresholds)}}
	facts := object.union(fixture.about({}, "public", null), profile)
	count(threshold.deny) == 1 with input as facts
	count(threshold.deny) == 0 with input as object.union(facts, {"environment": "staging"})
}

test_a_finding_without_a_row_blocks if {
	facts := object.union(fixture.about({"severity": "info"}, "public", null), {"profile": {"thresholds": []}})
	some verdict in threshold.deny with input as facts
	contains(verdict.next, "add a row")
}

test_an_excepted_finding_without_its_record_still_has_its_verdict if {
	count(threshold.deny) == 1 with input as fixture.about(_under, "public", null)
	count(threshold.warn) == 1 with input as fixture.about(_under, "internal", null)
}

test_secrets_are_left_to_their_own_rule_only_while_it_is_enforced if {
	facts := fixture.about({"kind": "secret"}, "public", null)
	count(threshold.deny) == 0 with input as facts
	every mode in ["off", "warn"] {
		count(threshold.deny) == 1 with input as object.union(facts, {"profile": {"rules": {"secrets/no-secret": mode}}})
	}
}

test_a_distant_fix_by_date_does_not_lose_the_verdict if {
	profile := {"profile": {"fix_by_days": {"high": 4294967295}}}
	count(threshold.deny) == 1 with input as object.union(fixture.about({}, "public", null), profile)
}

test_malware_is_removed_and_no_exception_is_offered if {
	every finding in [{}, _under] {
		facts := fixture.about(object.union(finding, {"kind": "malware"}), "internal", _excepted)
		some verdict in threshold.deny with input as facts
		verdict.next == "remove {package}, and treat whatever installed it as compromised"
	}
}

test_a_block_is_no_warning_beside_it if {
	count(threshold.warn) == 0 with input as fixture.about({}, "public", null)
	count(threshold.warn) == 0 with input as fixture.about({"kind": "secret", "severity": "medium"}, "public", null)
}

test_a_warning_under_an_exception_offers_none if {
	row := {
		"kinds": [], "exposures": [], "environments": [],
		"open": fixture.every_severity("warn"), "excepted": fixture.every_severity("warn"),
	}
	profile := {"profile": {"thresholds": [row]}}
	some excepted in threshold.warn with input as object.union(fixture.about(_under, "internal", _excepted), profile)
	endswith(excepted.next, "before the exception ends")
	some open in threshold.warn with input as object.union(fixture.about({}, "internal", null), profile)
	endswith(open.next, "for at most 30 days")
}

test_a_finding_without_a_row_offers_no_exception if {
	facts := object.union(fixture.about(_under, "internal", _excepted), {"profile": {"thresholds": []}})
	some verdict in threshold.deny with input as facts
	verdict.next == "add a row to the profile's thresholds that answers this finding"
}

# A first row that ignores what it matches, before the table that blocks.
_with_row(conditions, changes) := object.union(fixture.about(changes, "public", null), {"profile": {"thresholds": array.concat([object.union({
	"kinds": [], "exposures": [], "environments": [],
	"open": fixture.every_severity("ignore"), "excepted": fixture.every_severity("ignore"),
}, conditions)], fixture.profile.thresholds)}})

_matches(conditions, changes) if count(threshold.deny) == 0 with input as _with_row(conditions, changes)

_matches_not(conditions, changes) if count(threshold.deny) == 1 with input as _with_row(conditions, changes)

test_a_row_may_ask_for_a_fix if {
	_matches({"fix_available": true}, {})
	_matches_not({"fix_available": false}, {})
	every state in ["not-fixed", "wont-fix"] {
		_matches({"fix_available": false}, {"package": {"fix_state": state}})
		_matches_not({"fix_available": true}, {"package": {"fix_state": state}})
	}
	every wanted in [true, false] {
		_matches_not({"fix_available": wanted}, {"package": {"fix_state": "unknown"}})
		_matches_not({"fix_available": wanted}, {"package": null})
	}
}

test_a_row_may_ask_whether_it_is_exploited if {
	_matches({"known_exploited": false}, {"known_exploited": false})
	_matches_not({"known_exploited": false}, {})
	_matches_not({"known_exploited": true}, {})
	_matches({"known_exploited": true}, {"known_exploited": true})
	_matches_not({"known_exploited": false}, {"known_exploited": true})
}

test_a_row_may_ask_for_the_probability_of_exploitation if {
	_matches({"max_epss": 0.1}, {"epss": 0.1})
	_matches({"max_epss": 0.1}, {"epss": 0})
	_matches_not({"max_epss": 0.1}, {"epss": 0.11})
	_matches({"min_epss": 0.5}, {"epss": 0.5})
	_matches_not({"min_epss": 0.5}, {"epss": 0.49})
	every bound in ["min_epss", "max_epss"] {
		_matches_not({bound: 0.5}, {})
	}
}

test_a_row_may_ask_for_the_age if {
	_matches({"max_age_days": 3}, {"seen_days": 3})
	_matches_not({"max_age_days": 3}, {"seen_days": 4})
	_matches({"min_age_days": 3}, {"published_days": 3})
	_matches({"max_age_days": 3}, {"published_days": 900, "seen_days": 3})
	every bound in ["min_age_days", "max_age_days"] {
		_matches_not({bound: 3}, {})
	}
}

test_a_row_may_be_for_a_tier_and_without_one_it_counts_as_critical if {
	_matches({"tiers": ["high"]}, {})
	_matches_not({"tiers": ["low"]}, {})
	untiered := {"service": {"tier": null}}
	count(threshold.deny) == 1 with input as object.union(_with_row({"tiers": ["low", "high"]}, {}), untiered)
	count(threshold.deny) == 0 with input as object.union(_with_row({"tiers": ["critical"]}, {}), untiered)
}

test_all_conditions_of_a_row_hold_together if {
	_matches_not({"fix_available": true, "max_epss": 0.1}, {"epss": 0.2})
	_matches({"fix_available": true, "max_epss": 0.1}, {"epss": 0.05})
}
