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
