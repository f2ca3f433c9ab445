# METADATA
# scope: package
# title: No secret is released
# description: >-
#   A credential in code, configuration or history blocks, whatever severity the scanner gives it. Under an admitted exception
#   it is a warning that stays in sight.
# custom:
#   owner: security
#   severity: critical
#   scope: finding
#   controls:
#     - iso27001:5.17
#     - iso27001:8.28
#     - nist-800-53:IA-5(7)
#     - pci-dss:8.6.2
#   remediation: >-
#     Rotate the credential first: whoever has the code has it. Then remove it, and read it at run time from where secrets are
#     kept.
package countersign.rules.secrets.no_secret

import data.countersign.lib.dates

deny contains verdict if {
	input.finding.kind == "secret"
	input.finding.disposition == "open"
	verdict := {
		"msg": "secret in the code: {title}",
		"fix_by": dates.in_days(input.profile.fix_by_days.critical),
		"next": "rotate the credential first, then remove it from the code",
	}
}

warn contains verdict if {
	input.finding.kind == "secret"
	input.finding.disposition == "excepted"
	verdict := {
		"msg": sprintf("secret under exception %s: {title}", [input.exception.id]),
		"fix_by": input.exception.expires,
		"next": "remove it before the exception ends",
	}
}
