# METADATA
# scope: package
# title: The change names its rollback plan
# description: Whoever has to undo the release knows how. The profile says for which kinds of change a plan is required.
# custom:
#   owner: engineering
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Say in the change file (`--change`) under `rollback_plan` where the plan is.
package countersign.rules.change.rollback_plan

import data.countersign.lib.lists
import data.countersign.lib.texts

deny contains verdict if {
	lists.matches(input.profile.change.environments, input.environment)
	input.profile.change.rollback_plan[input.change.kind]
	not texts.given(input.change.rollback_plan)
	verdict := {
		"msg": sprintf("a %s change needs a rollback plan", [input.change.kind]),
		"next": "say in the change file where the plan is (--change, rollback_plan)",
	}
}
