# METADATA
# scope: package
# title: Tests ran, and ran the same way twice
# description: >-
#   A test report without a test that ran proves nothing and blocks. Tests that failed first and passed when repeated are a
#   warning. Failed tests are findings of kind `test`, judged by the threshold table.
# custom:
#   owner: quality
#   severity: medium
#   controls:
#     - iso27001:8.29
#     - nist-800-53:SA-11
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: See why no test ran, or mend the flaky ones.
package countersign.rules.tests.ran

deny contains verdict if {
	input.tests.total - input.tests.skipped <= 0
	verdict := {
		"msg": sprintf("no test ran: %d in the reports, %d skipped", [input.tests.total, input.tests.skipped]),
		"severity": "high",
		"next": "see why the test run was empty, and let it run again",
	}
}

warn contains verdict if {
	input.tests.flaky > 0
	verdict := {
		"msg": sprintf("%d flaky tests passed only when repeated", [input.tests.flaky]),
		"next": "mend or remove the flaky tests",
	}
}
