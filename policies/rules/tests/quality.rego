# METADATA
# scope: package
# title: Enough was tested, and no less than before
# description: >-
#   As far as the profile asks (`tests`): the part of the tests that were skipped, how many passed only when repeated, the
#   part of the lines that ran, and by how much it fell against the baseline. What is asked for and not known blocks.
# custom:
#   owner: quality
#   severity: medium
#   controls:
#     - iso27001:8.29
#     - nist-800-53:SA-11
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#     - ssdf:PW.8.2
#   remediation: >-
#     Mend what was skipped or is flaky, test what is new, and give the test and coverage reports of this commit to the
#     gate.
package countersign.rules.tests.quality

import data.countersign.lib.baseline
import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("tests/quality")

_demands := input.profile.tests

_gaps contains {"msg": "no test report was given", "next": "give the test reports of this commit to the gate (JUnit)"} if {
	input.tests == null
	some key in ["max_skipped_percent", "max_flaky"]
	is_number(_demands[key])
}

_gaps contains {
	"msg": sprintf("%v%% of the tests were skipped, at most %v%%", [percent, _demands.max_skipped_percent]),
	"next": "run the skipped tests, or remove them",
} if {
	is_number(_demands.max_skipped_percent)
	input.tests.total > 0
	input.tests.skipped * 100 > _demands.max_skipped_percent * input.tests.total
	percent := _tenths(input.tests.skipped * 100 / input.tests.total)
}

_gaps contains {
	"msg": sprintf("%d tests passed only when repeated, at most %d", [input.tests.flaky, _demands.max_flaky]),
	"next": "mend or remove the flaky tests",
} if {
	is_number(_demands.max_flaky)
	input.tests.flaky > _demands.max_flaky
}

_gaps contains {"msg": "no coverage report was given", "next": "give the coverage report of this commit to the gate (Cobertura, LCOV)"} if {
	_lines_asked
	not _lines
}

_gaps contains {
	"msg": sprintf("a coverage report is not about this commit: %s, %s", [report.state, report.because]),
	"next": "measure coverage in this pipeline, and give the report with a receipt (countersign receipt)",
} if {
	_lines_asked
	some report in input.line_coverage.reports
	report.state != "current"
	not _unbound_allowed(report)
}

_gaps contains {
	"msg": sprintf("%v%% of the lines ran under test, at least %v%%", [_tenths(_percent(_lines)), _demands.min_line_coverage]),
	"next": "test what no test runs",
} if {
	is_number(_demands.min_line_coverage)
	_percent(_lines) < _demands.min_line_coverage
}

_gaps contains {
	"msg": sprintf("coverage fell from %v%% to %v%%, by at most %v points", [_tenths(_percent(_before)), _tenths(_percent(_lines)), _demands.max_coverage_drop]),
	"next": "test what this change adds",
} if {
	is_number(_demands.max_coverage_drop)
	# Rounded: 71.2 less 70 is not quite 1.2.
	round((_percent(_before) - _percent(_lines)) * 1000) / 1000 > _demands.max_coverage_drop
}

_gaps contains {
	"msg": "nobody knows how much of the code ran under test before this change",
	"next": "give the last accepted decision of the target branch, with a coverage report in it (--baseline)",
} if {
	is_number(_demands.max_coverage_drop)
	not _before
}

_lines_asked if {
	some key in ["min_line_coverage", "max_coverage_drop"]
	is_number(_demands[key])
}

_lines := input.line_coverage if {
	is_object(input.line_coverage)
	input.line_coverage.lines > 0
}

_before := input.baseline.line_coverage if {
	baseline.counts
	is_object(input.baseline.line_coverage)
	input.baseline.line_coverage.lines > 0
}

_unbound_allowed(report) if {
	report.state == "unbound"
	input.profile.coverage.allow_unbound
}

_percent(lines) := lines.lines_hit * 100 / lines.lines

_tenths(number) := round(number * 10) / 10
