# METADATA
# scope: package
# title: A finding that blocks has an owner
# description: >-
#   A finding that would block and that nobody owns is fixed by nobody. The owner is that of its path, else of the service.
# custom:
#   owner: engineering
#   severity: medium
#   scope: finding
#   controls:
#     - iso27001:5.2
#     - iso27001:5.9
#   remediation: Name an owner in the service file, for the service or for the path.
package countersign.rules.findings.owner

import data.countersign.lib.thresholds

warn contains verdict if {
	input.finding.owner == null
	input.finding.disposition == "open"
	thresholds.action == "block"
	verdict := {
		"msg": "would block, and nobody owns it",
		"next": "name an owner in the service file, for the service or for the path",
	}
}
