# METADATA
# scope: package
# title: A change to what judges is approved by its owner
# description: >-
#   Config, profile, policies, exceptions and the service file are read from the branch that the change goes to. What the change
#   itself edits in them is not in force until it is merged. Where the profile demands it (`policy_changes`), people of the role that
#   owns the policies must have approved it, else it blocks; otherwise it is a warning that says what to look at before merging.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-5
#     - soc2:CC8.1
#   remediation: Have the owner of the policies review these files.
package countersign.rules.change.judging_inputs

import data.countersign.lib.approvals
import data.countersign.lib.roles

deny contains object.union(_verdict, {"msg": msg}) if {
	_edits
	_have < _needed
	msg := sprintf("%s; %d of %d approvals by the role %s", [_msg, _have, _needed, roles.either(_demands.roles)])
}

warn contains object.union(_verdict, {"msg": _msg}) if {
	_edits
	_have >= _needed
}

_demands := input.profile.policy_changes

_needed := _demands.approvals

_have := count(approvals.approvers & roles.people_of(_demands.roles))

_edits if count(input.judging.edited) > 0

_msg := sprintf("edits what judges it, not in force until merged: %s", [concat(", ", input.judging.edited)])

_verdict := {"owner": "security", "next": "have the owner of the policies review these files"}
