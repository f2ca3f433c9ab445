package countersign.rules.coverage.whole_reports_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.whole_reports

_with(changes) := object.union(fixture.facts, {"reports": [object.union(fixture.report, changes)]})

test_a_whole_report_says_nothing if {
	count(whole_reports.deny) == 0 with input as fixture.facts
	count(whole_reports.deny) == 0 with input as object.union(fixture.facts, {"reports": []})
}

test_partial_and_failed_ones_block if {
	fixture.said(whole_reports.deny) == ["reports/gitleaks.json: the scan was partial (2 files skipped)"] with input as _with({
		"state": "partial",
		"problems": ["2 files skipped", "another"],
	})
	fixture.said(whole_reports.deny) == ["reports/gitleaks.json: the scan failed"] with input as _with({"state": "failed"})
}

test_what_was_not_understood_blocks_and_is_counted if {
	facts := _with({"state": "partial", "not_understood": 1})
	fixture.said(whole_reports.deny) == ["reports/gitleaks.json: 1 of its 3 results were not understood"] with input as facts
}

test_not_understood_blocks_even_where_the_state_says_complete if {
	count(whole_reports.deny) == 1 with input as _with({"not_understood": 1})
}

test_every_report_has_its_own_verdict if {
	reports := [
		object.union(fixture.report, {"path": "a.json", "state": "partial"}),
		object.union(fixture.report, {"path": "b.json", "state": "failed"}),
	]
	count(whole_reports.deny) == 2 with input as object.union(fixture.facts, {"reports": reports})
}

test_the_way_out_is_to_update_the_gate_only_where_that_helps if {
	every changes, start in {
		{"state": "partial", "not_understood": 1}: "update the gate",
		{"state": "partial"}: "mend what the scanner skipped",
		{"state": "failed", "not_understood": 1}: "mend what the scanner skipped",
	} {
		some verdict in whole_reports.deny with input as _with(changes)
		startswith(verdict.next, start)
	}
}
