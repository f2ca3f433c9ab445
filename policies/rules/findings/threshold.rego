# METADATA
# scope: package
# title: Findings stay below the release thresholds
# description: >-
#   Applies the profile's threshold table to every finding: by kind, exposure and tier of the service, environment, severity, fix,
#   exploitation and age, and by whether an admitted exception covers it. Open to the public blocks; internal ships with a
#   mitigation and an expiry. A finding that no row answers blocks. Secrets are left to secrets/no-secret while that rule is
#   enforced, and what the baseline knows to findings/ratchet.
# custom:
#   owner: security
#   severity: high
#   scope: finding
#   controls:
#     - cis:16.6
#     - cis:7.7
#     - hipaa:164.308(a)(1)(ii)(B)
#     - iso27001:8.8
#     - nist-800-53:RA-5
#     - nist-800-53:SI-2
#     - pci-dss:6.3.1
#     - pci-dss:6.3.3
#     - soc2:CC7.1
#     - ssdf:PO.4.1
#     - ssdf:RV.2.2
#   remediation: Fix the finding. Where the service is internal, an exception with a mitigation may carry it to its expiry.
package countersign.rules.findings.threshold

import data.countersign.lib.deadlines
import data.countersign.lib.severities
import data.countersign.lib.thresholds

deny contains _verdict if {
	thresholds.action == "block"
	not _left_to_no_secret
}

warn contains _verdict if {
	thresholds.action == "warn"
	not thresholds.softened
	not _left_to_no_secret
}

_left_to_no_secret if {
	input.finding.kind == "secret"
	object.get(input.profile.rules, "secrets/no-secret", "enforce") == "enforce"
}

_verdict := {
	"msg": sprintf("%s in %s%s: {title}", [_what, _service, _under]),
	"severity": severities.of_verdict(input.finding.severity),
	"fix_by": _fix_by,
	"next": _next,
}

_what := severities.phrase(input.finding.severity, input.finding.kind)

_service := {"public": "a service that is open to the public", "internal": "an internal service"}[input.service.exposure]

default _under := ""

_under := sprintf(", under exception %s until %s", [input.exception.id, input.exception.expires]) if _covered

_covered if input.finding.disposition == "excepted"

_fix_by := input.exception.expires if {
	_covered
} else := deadlines.by

_next := "add a row to the profile's thresholds that answers this finding" if {
	not thresholds.row
} else := sprintf("%s before the exception ends", [_fix]) if {
	_covered
	thresholds.action != "block"
} else := _fix if {
	thresholds.exception_days == 0
} else := sprintf("%s; or record an exception with a mitigation, for at most %d days", [_fix, thresholds.exception_days])

_fix := object.get(_fixes, input.finding.kind, "fix it")

_fixes := {
	"vulnerability": "upgrade {package} (fixed in: {fixed_in})",
	"weakness": "mend the code",
	"secret": "rotate the credential, then remove it",
	"misconfiguration": "mend the configuration",
	"license": "replace {package}, or have its licence approved",
	"malware": "remove {package}, and treat whatever installed it as compromised",
	"test": "make the test pass",
	"quality": "mend the code",
}
