# METADATA
# scope: package
# title: The roles that must approve have approved
# description: >-
#   Counts, for each row of the profile's `change.roles` that fits the kind of change and the tier, the approvals of this commit by
#   people who have the role in the authority data. What a review says of its author's role is not believed.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:5.3
#     - iso27001:8.32
#     - nist-800-53:AC-5
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Have somebody of the role approve this commit, or name who has the role in the authority data.
package countersign.rules.change.role_approvals

import data.countersign.lib.approvals
import data.countersign.lib.lists
import data.countersign.lib.roles
import data.countersign.lib.tiers

deny contains verdict if {
	lists.matches(input.profile.change.environments, input.environment)
	some row in input.profile.change.roles
	lists.matches(row.kinds, input.change.kind)
	tiers.matches(row.tiers)
	have := count(approvals.approvers & roles.people_of([row.role]))
	have < row.approvals
	verdict := {
		"msg": sprintf("%d of %d approvals by the role %s", [have, row.approvals, row.role]),
		"owner": row.role,
		"next": sprintf("have %d more of %s approve this commit; who has the role is in the authority data", [row.approvals - have, row.role]),
	}
}
