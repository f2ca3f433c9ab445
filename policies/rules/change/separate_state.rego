# METADATA
# scope: package
# title: Every environment has a state of its own
# description: >-
#   Two environments that share a state file change each other. Where the profile demands it (`change.separate_state`), no state file
#   of the service file, or of the organisation's `data.states`, holds the state of two environments, and a service with an
#   infrastructure plan names its state files.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - cis:16.8
#     - iso27001:8.31
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: Give every environment a state file of its own, and name them in the service file under `states`.
package countersign.rules.change.separate_state

import data.countersign.lib.states

deny contains verdict if {
	input.profile.change.separate_state
	some path in states.paths
	environments := {lower(state.environment) | some state in states.all; states.path(state) == path}
	count(environments) > 1
	verdict := {
		"msg": sprintf("the state file %s is shared by %s", [path, concat(", ", sort(environments))]),
		"path": path,
		"next": "split it: one state file for each environment",
	}
}

deny contains verdict if {
	input.profile.change.separate_state
	input.plan != null
	count(_of_this_environment) == 0
	verdict := {
		"msg": sprintf("the service file names no state file of %s, so nobody can say that it is its own", [input.environment]),
		"next": "name the state files in the service file (states)",
	}
}

_of_this_environment := [state | some state in input.service.states; lower(state.environment) == input.environment]
