# METADATA
# scope: package
# title: With a spent error budget only fixes ship
# description: >-
#   Where the error budget of the service is at or below what the profile says (`reliability.min_error_budget`), a change
#   ships only as a fix (one of `reliability.fix_labels`) or as an emergency, and says so. A budget that nobody states
#   blocks. An admitted exception that names this rule under `match.verdict` makes it a warning.
# custom:
#   owner: sre
#   severity: high
#   controls:
#     - iso27001:5.29
#     - iso27001:8.6
#     - nist-800-53:CP-2
#     - soc2:A1.1
#     - soc2:CC7.2
#   remediation: >-
#     Ship what makes the service reliable again, and nothing else until the budget is back.
package countersign.rules.reliability.error_budget

import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _gaps
	not _is_fix
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	not _is_fix
	some id in _lifting
}

warn contains object.union(verdict, {"msg": sprintf("%s; it ships as a fix", [verdict.msg])}) if {
	some verdict in _gaps
	_is_fix
}

_lifting := exceptions.lifting("reliability/error-budget")

_least := input.profile.reliability.min_error_budget if is_number(input.profile.reliability.min_error_budget)

_gaps contains {
	"msg": "nobody says how much of the error budget is left",
	"next": "say it in the service file (error_budget)",
} if {
	is_number(_least)
	not is_number(input.service.error_budget)
}

_gaps contains {
	"msg": sprintf("%v%% of the error budget is left, and only fixes ship at %v%% or below", [input.service.error_budget, _least]),
	"next": "ship what makes the service reliable again first; a fix says so by its label",
} if {
	is_number(_least)
	is_number(input.service.error_budget)
	input.service.error_budget <= _least
}

_is_fix if input.change.kind == "emergency"

_is_fix if {
	some label in input.change.labels
	lower(label) in {lower(known) | some known in input.profile.reliability.fix_labels}
}
