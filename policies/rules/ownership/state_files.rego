# METADATA
# scope: package
# title: A state file has one owner
# description: >-
#   Two owners of one state file undo each other's changes. The state files are those of the service file and of the
#   organisation's `data.states`.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - iso27001:5.2
#     - iso27001:5.9
#     - nist-800-53:CM-3
#   remediation: Settle whose it is, and name that owner everywhere.
package countersign.rules.ownership.state_files

import data.countersign.lib.states

deny contains verdict if {
	some path in states.paths
	owners := states.owners(path)
	count(owners) > 1
	verdict := {
		"msg": sprintf("the state file %s has %d owners: %s", [path, count(owners), concat(", ", sort(owners))]),
		"path": path,
		"next": "settle whose it is, and name that owner everywhere",
	}
}
