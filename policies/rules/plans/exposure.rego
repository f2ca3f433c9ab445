# METADATA
# scope: package
# title: No plan opens a resource to everybody
# description: >-
#   A planned change that would make a bucket, a database, a network or a permission open to everybody does what the
#   profile says under `plans.opens`. Only well-known attributes are looked at, and what is known only after the plan was
#   applied is not seen.
# custom:
#   owner: security
#   severity: high
#   controls:
#     - iso27001:8.20
#     - iso27001:8.9
#     - nist-800-53:AC-3
#     - nist-800-53:SC-7
#     - pci-dss:1.4.2
#     - soc2:CC6.6
#   remediation: >-
#     Close it to those who need it. Where it must be open, ask for an exception that names this rule.
package countersign.rules.plans.exposure

import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _gaps
	input.profile.plans.opens == "block"
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	input.profile.plans.opens == "block"
	some id in _lifting
}

warn contains verdict if {
	some verdict in _gaps
	input.profile.plans.opens == "warn"
}

_lifting := exceptions.lifting("plans/exposure")

_gaps contains {
	"msg": sprintf("%s would be open to everybody: %s", [change.address, concat(", ", change.opens)]),
	"path": input.reports[change.report].path,
	"next": "close it to those who need it, or ask for an exception",
} if {
	some change in input.plan.changes
	count(change.opens) > 0
}
