# METADATA
# scope: package
# title: No finding is past its fix-by date
# description: >-
#   A finding that the threshold table would only warn about, or file, has its days, by severity and service. When they
#   are over, it does what the profile says under `overdue`. The days are counted from the first decision that saw it, as
#   the baseline says, or from its publication. An admitted exception has an end of its own.
# custom:
#   owner: security
#   severity: high
#   scope: finding
#   controls:
#     - cis:7.7
#     - hipaa:164.308(a)(1)(ii)(B)
#     - iso27001:8.8
#     - nist-800-53:SI-2
#     - pci-dss:6.3.3
#     - soc2:CC7.1
#     - ssdf:RV.2.2
#   remediation: >-
#     Fix what is overdue, or record an exception where the profile admits one.
package countersign.rules.findings.overdue

import data.countersign.lib.actions
import data.countersign.lib.deadlines
import data.countersign.lib.severities
import data.countersign.lib.thresholds

deny contains _verdict if {
	_overdue
	_action == "block"
	thresholds.action != "block"
}

warn contains _verdict if {
	_overdue
	_action == "warn"
	actions.milder(thresholds.action, "warn")
}

_action := input.profile.overdue.action[input.finding.severity]

_overdue if {
	input.finding.disposition == "open"
	thresholds.listed != "ignore"
	deadlines.passed
}

_verdict := {
	"msg": sprintf("%s is %d days past its fix-by date: {title}", [_what, deadlines.age - deadlines.days]),
	"severity": severities.of_verdict(input.finding.severity),
	"fix_by": deadlines.by,
	"next": "fix it now, or record an exception where the profile admits one",
}

_what := severities.phrase(input.finding.severity, input.finding.kind)
