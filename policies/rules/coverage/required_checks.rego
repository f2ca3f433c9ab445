# METADATA
# scope: package
# title: Every required check was answered for this release
# description: >-
#   A required check counts only when a whole and fresh report about this very commit or artifact answers it. A missing, failed,
#   partial, stale, foreign or unbound report blocks: no findings are not the same as no scan. An admitted exception that names
#   this rule under `match.verdict` makes it a warning.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - cis:16.12
#     - gdpr:32(1)(d)
#     - hipaa:164.308(a)(8)
#     - iso27001:8.29
#     - nist-800-53:SA-11
#     - pci-dss:6.3.1
#     - soc2:CC7.1
#     - soc2:CC8.1
#     - ssdf:PO.4.1
#     - ssdf:PW.7.2
#   remediation: Run the scanner on the commit that is released, in the same pipeline, and give its report to the gate.
package countersign.rules.coverage.required_checks

import data.countersign.lib.exceptions

deny contains _verdict(row) if {
	some row in _gaps
	not _allowed(row)
	count(_lifting) == 0
}

warn contains _verdict(row) if {
	some row in _gaps
	_allowed(row)
}

warn contains object.union(_verdict(row), {"msg": sprintf("%s; exception %s lets it pass", [_msg(row), id])}) if {
	some row in _gaps
	not _allowed(row)
	some id in _lifting
}

_gaps := [row |
	some row in input.coverage
	row.required_by != null
	row.state != "current"
]

_allowed(row) if {
	row.state == "unbound"
	input.profile.coverage.allow_unbound
}

_lifting := exceptions.lifting("coverage/required-checks")

_verdict(row) := object.union({"msg": _msg(row), "next": _next(row)}, _path(row))

_msg(row) := sprintf("%s: %s, %s", [row.check, row.state, row.because])

_path(row) := {"path": input.reports[row.report].path} if {
	row.report != null
} else := {}

_next(row) := sprintf("run %s on this commit and give its report to the gate", [_scanner(row.check)]) if {
	row.state in {"missing", "other-target"}
} else := "let the scanner name the commit or the image digest, or give a receipt that does (--receipt)" if {
	row.state == "unbound"
} else := "let the scanner run again in this pipeline" if {
	row.state == "stale"
} else := "see what the scanner skipped, mend that, and let it run again"

_scanner(check) := object.get(_scanners, check, "a scanner for it")

_scanners := {
	"secrets": "a secrets scanner (Gitleaks, Trivy)",
	"sast": "a static analyser (Semgrep, Bandit)",
	"dependencies": "a dependency scanner (Trivy, Grype, cargo-audit)",
	"iac": "an infrastructure scanner (Checkov, Trivy)",
	"image": "an image scanner (Trivy, Grype)",
	"license": "a licence scanner (Trivy)",
	"dast": "a dynamic scanner (one that writes SARIF or a GitLab report)",
	"tests": "the tests with a JUnit report",
	"quality": "a quality checker (one that writes SARIF)",
	"test-coverage": "the tests with a coverage report (Cobertura, LCOV)",
	"plan": "`terraform plan` and `terraform show -json`, with a receipt",
	"sbom": "a generator of bills of materials (Syft, Trivy)",
}
