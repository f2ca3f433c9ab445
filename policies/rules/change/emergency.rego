# METADATA
# scope: package
# title: An emergency is seen
# description: An emergency change ships first and is reviewed afterwards. The warning keeps it in sight until it has been.
# custom:
#   owner: engineering
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: Have the change reviewed after the release, by somebody other than its author.
package countersign.rules.change.emergency

warn contains verdict if {
	input.change.kind == "emergency"
	verdict := {
		"msg": "emergency change: a review is owed",
		"next": "have somebody other than the author review it after the release",
	}
}
