# METADATA
# scope: package
# title: Who is accountable has approved
# description: >-
#   For every situation of the profile's table `raci` that this change is: somebody of an accountable role must have approved this
#   commit. Consulted roles that have not looked at it, and roles to inform, are a warning that names them.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:5.2
#     - iso27001:8.32
#     - soc2:CC1.3
#     - soc2:CC8.1
#   remediation: Have somebody of an accountable role approve this commit.
package countersign.rules.authority.raci

import data.countersign.lib.approvals
import data.countersign.lib.people
import data.countersign.lib.roles

deny contains verdict if {
	some row in _here
	count(approvals.approvers & roles.people_of(row.accountable)) == 0
	verdict := object.union(
		{
			"msg": sprintf("%s: nobody accountable has approved (%s)", [row.situation, roles.either(row.accountable)]),
			"next": sprintf("have somebody of the role %s approve this commit", [roles.either(row.accountable)]),
		},
		people.acting(row.accountable[0]),
	)
}

warn contains verdict if {
	some row in _here
	missing := [role | some role in row.consulted; count(_looked & roles.people_of([role])) == 0]
	count(missing) > 0
	verdict := {
		"msg": sprintf("%s: not consulted: %s", [row.situation, concat(", ", missing)]),
		"next": sprintf("ask %s", [concat(", ", missing)]),
	}
}

warn contains verdict if {
	some row in _here
	count(row.informed) > 0
	verdict := {
		"msg": sprintf("%s: to be informed: %s", [row.situation, concat(", ", row.informed)]),
		"next": sprintf("inform %s", [concat(", ", row.informed)]),
	}
}

# Whoever reviewed was asked, whatever they said.
_looked := people.named([approval.by | some approval in input.change.approvals; approval.reviewer == "user"])

_here := [row | some row in input.profile.raci; _is(row.when)]

_is(situation) if input.change.kind in situation.kinds

_is(situation) if {
	some label in input.change.labels
	label in situation.labels
}

_is(situation) if {
	some file in input.ownership.files
	some layer in file.layers
	layer in situation.layers
}
