package countersign.rules.coverage.required_checks_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.required_checks

_with(rows) := object.union(fixture.facts, {"coverage": rows})

test_a_current_report_is_enough if {
	count(required_checks.deny) == 0 with input as fixture.facts
	count(required_checks.warn) == 0 with input as fixture.facts
}

test_every_other_state_blocks_and_says_what_to_do if {
	every state in ["unbound", "stale", "partial", "other-target", "failed", "a state of tomorrow"] {
		some verdict in required_checks.deny with input as _with([fixture.coverage("sast", state, 0)])
		verdict.msg == sprintf("sast: %s, the reason", [state])
		verdict.path == "reports/gitleaks.json"
		verdict.next != ""
	}
}

test_a_missing_report_blocks_and_has_no_path if {
	required_checks.deny == {{
		"msg": "secrets: missing, the reason",
		"next": "run a secrets scanner (Gitleaks, Trivy) on this commit and give its report to the gate",
	}} with input as _with([fixture.coverage("secrets", "missing", null)])
}

test_a_check_without_a_known_scanner_has_its_verdict if {
	count(required_checks.deny) == 1 with input as _with([fixture.coverage("fuzzing", "missing", null)])
}

test_what_nobody_required_says_nothing if {
	row := object.union(fixture.coverage("iac", "partial", 0), {"required_by": null})
	count(required_checks.deny) == 0 with input as _with([row])
	count(required_checks.warn) == 0 with input as _with([row])
}

test_unbound_warns_only_where_the_profile_allows_it if {
	allowing := {"profile": {"coverage": {"allow_unbound": true}}}
	facts := object.union(_with([fixture.coverage("sast", "unbound", 0)]), allowing)
	count(required_checks.deny) == 0 with input as facts
	count(required_checks.warn) == 1 with input as facts
	stale := object.union(_with([fixture.coverage("sast", "stale", 0)]), allowing)
	count(required_checks.deny) == 1 with input as stale
}

_excepted(rule, admitted) := object.union(
	_with([fixture.coverage("sast", "missing", null)]),
	{"exceptions": [object.union(fixture.lifting(rule), {"admitted": admitted})]},
)

test_an_admitted_exception_makes_it_a_warning_that_names_it if {
	facts := _excepted("coverage/required-checks", true)
	count(required_checks.deny) == 0 with input as facts
	fixture.said(required_checks.warn) == ["sast: missing, the reason; exception EX-9 lets it pass"] with input as facts
}

test_an_exception_that_was_not_admitted_or_names_another_rule_lifts_nothing if {
	count(required_checks.deny) == 1 with input as _excepted("coverage/required-checks", false)
	count(required_checks.deny) == 1 with input as _excepted("calendar/freeze", true)
}

test_each_state_has_its_own_way_out if {
	every state, start in {
		"missing": "run a static analyser",
		"other-target": "run a static analyser",
		"unbound": "let the scanner name the commit",
		"stale": "let the scanner run again in this pipeline",
		"partial": "see what the scanner skipped",
		"failed": "see what the scanner skipped",
	} {
		some verdict in required_checks.deny with input as _with([fixture.coverage("sast", state, 0)])
		startswith(verdict.next, start)
	}
}

test_what_is_allowed_needs_no_exception if {
	facts := object.union(_excepted("coverage/required-checks", true), {
		"coverage": [fixture.coverage("sast", "unbound", 0)],
		"profile": {"coverage": {"allow_unbound": true}},
	})
	fixture.said(required_checks.warn) == ["sast: unbound, the reason"] with input as facts
}
