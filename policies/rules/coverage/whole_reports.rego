# METADATA
# scope: package
# title: Every report is whole and understood
# description: >-
#   A report that says that its scan failed or was partial, or that holds elements which the gate does not understand, hides
#   findings. It blocks, whether its check is required or not.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - iso27001:8.29
#     - nist-800-53:SA-11
#     - soc2:CC2.1
#     - ssdf:PO.3.3
#   remediation: Mend what the scanner skipped. Where the gate does not know an element, update the gate or report it.
package countersign.rules.coverage.whole_reports

deny contains verdict if {
	some report in input.reports
	why := _why(report)
	verdict := {
		"msg": sprintf("%s: %s%s", [report.path, why, _problem(report)]),
		"path": report.path,
		"next": _next(report),
	}
}

_why(report) := "the scan failed" if {
	report.state == "failed"
} else := sprintf("%d of its %d results were not understood", [report.not_understood, report.results]) if {
	report.not_understood > 0
} else := "the scan was partial" if {
	report.state != "complete"
}

_problem(report) := sprintf(" (%s)", [first]) if {
	first := report.problems[0]
} else := ""

_next(report) := "update the gate, or write the report in a version that it knows" if {
	report.state != "failed"
	report.not_understood > 0
} else := "mend what the scanner skipped, and let it run again"
