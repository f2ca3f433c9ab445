# METADATA
# scope: package
# title: The change names its ticket
# description: The reason for the change is on record. The profile says for which kinds of change a ticket is required.
# custom:
#   owner: engineering
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Name the ticket in the change file (`--change`) under `ticket`.
package countersign.rules.change.ticket

import data.countersign.lib.lists
import data.countersign.lib.texts

deny contains verdict if {
	lists.matches(input.profile.change.environments, input.environment)
	input.profile.change.ticket[input.change.kind]
	not texts.given(input.change.ticket)
	verdict := {
		"msg": sprintf("a %s change needs a ticket", [input.change.kind]),
		"next": "name the ticket in the change file (--change)",
	}
}
