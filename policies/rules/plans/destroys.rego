# METADATA
# scope: package
# title: No plan destroys what cannot be made again
# description: >-
#   A planned change that destroys or replaces a resource of a type that holds state (`plans.stateful`) does what the
#   profile says under `plans.destroys`. Plans that ended with an error or are not whole hide what they would do.
# custom:
#   owner: platform
#   severity: critical
#   controls:
#     - hipaa:164.312(c)(1)
#     - iso27001:8.13
#     - iso27001:8.32
#     - iso27001:8.9
#     - nist-800-53:CM-3
#     - nist-800-53:CM-4
#     - soc2:CC8.1
#   remediation: >-
#     Plan so that the resource is kept (moved, imported, prevent_destroy), or ask for an exception that names this rule,
#     with a backup that was restored once.
package countersign.rules.plans.destroys

import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _gaps
	input.profile.plans.destroys == "block"
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	input.profile.plans.destroys == "block"
	some id in _lifting
}

warn contains verdict if {
	some verdict in _gaps
	input.profile.plans.destroys == "warn"
}

_lifting := exceptions.lifting("plans/destroys")

_gaps contains {
	"msg": sprintf("%s (%s) would be %s, and what it holds with it%s", [change.address, change.type, _how(change), _why(change)]),
	"path": input.reports[change.report].path,
	"next": "plan so that it is kept, or ask for an exception with a backup that was restored once",
} if {
	some change in input.plan.changes
	change.destroys
	_is_stateful(change.type)
}

_is_stateful(kind) if {
	some pattern in input.profile.plans.stateful
	glob.match(pattern, [], kind)
}

_how(change) := "replaced" if {
	change.replaces
} else := "destroyed"

_why(change) := sprintf(" (%s)", [change.reason]) if {
	is_string(change.reason)
} else := ""
