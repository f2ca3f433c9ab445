# METADATA
# scope: package
# title: A change that edits its own judges is seen
# description: >-
#   Config, profile, policies, exceptions and the service file are read from the branch that the change goes to. What the change
#   itself edits in them is not in force until it is merged; this warning says what to look at before merging.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-5
#     - soc2:CC8.1
#   remediation: Have the owner of the policies review these files.
package countersign.rules.change.judging_inputs

warn contains verdict if {
	count(input.judging.edited) > 0
	verdict := {
		"msg": sprintf("edits what judges it, not in force until merged: %s", [concat(", ", input.judging.edited)]),
		"owner": "security",
		"next": "have the owner of the policies review these files",
	}
}
