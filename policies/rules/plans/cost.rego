# METADATA
# scope: package
# title: Planned infrastructure stays within its budget
# description: >-
#   What a change adds to the monthly cost, as its file says (`release.monthly_cost_increase`), is at most what the
#   profile allows. Where the profile wants it stated, a plan that makes or changes something without a word about its
#   cost blocks.
# custom:
#   owner: platform
#   severity: medium
#   controls:
#     - iso27001:8.6
#     - nist-800-53:CM-4
#   remediation: >-
#     Estimate the cost (infracost, the provider's calculator), and have a larger one decided by who answers for the
#     budget.
package countersign.rules.plans.cost

import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("plans/cost")

_cost := input.change.release.monthly_cost_increase if is_number(input.change.release.monthly_cost_increase)

_gaps contains {
	"msg": sprintf("the change adds %d to the monthly cost, at most %d", [_cost, limit]),
	"next": "make it cheaper, or have it decided by who answers for the budget and ask for an exception",
} if {
	limit := input.profile.plans.max_monthly_cost_increase
	is_number(limit)
	_cost > limit
}

_gaps contains {
	"msg": "nobody says what the planned infrastructure costs",
	"next": "estimate it, and say so in the change file (--change, release.monthly_cost_increase)",
} if {
	input.profile.plans.cost_stated
	some change in input.plan.changes
	change.action in {"create", "update", "replace"}
	not _cost
}
