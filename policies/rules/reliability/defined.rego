# METADATA
# scope: package
# title: A bad release is seen, and undone
# description: >-
#   As far as the profile demands (`reliability`), the service file says what the service promises (`slo`), where its
#   alerts are defined (`alerts`) and what triggers a rollback (`rollback_trigger`).
# custom:
#   owner: sre
#   severity: medium
#   controls:
#     - iso27001:8.16
#     - nist-800-53:CP-10
#     - nist-800-53:SI-4
#     - soc2:A1.2
#     - soc2:CC7.2
#   remediation: >-
#     Define it, and say in the service file where.
package countersign.rules.reliability.defined

import data.countersign.lib.exceptions
import data.countersign.lib.texts

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("reliability/defined")

_gaps contains {
	"msg": sprintf("the service has no %s", [name]),
	"next": sprintf("define it, and say where in the service file (%s)", [key]),
} if {
	some key, name in {"slo": "service level objective", "alerts": "alerts", "rollback_trigger": "trigger of a rollback"}
	input.profile.reliability[key]
	not texts.given(input.service[key])
}
