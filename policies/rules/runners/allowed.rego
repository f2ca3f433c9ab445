# METADATA
# scope: package
# title: The runner may run this
# description: >-
#   A runner of the team's own stays where it was after a job. The profile says for which runs one may be used
#   (`runners.self_hosted`) and which groups of runners release to production (`runners.production_groups`). Where the profile asks and
#   the run does not say, that blocks.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - iso27001:8.31
#     - nist-800-53:CM-5
#     - soc2:CC6.8
#     - ssdf:PO.3.3
#   remediation: Let it run on a runner that the profile allows, or say which runner it is in the change file (`--change`, run).
package countersign.rules.runners.allowed

import data.countersign.lib.environments
import data.countersign.lib.texts

deny contains verdict if {
	some why in _faults
	verdict := {"msg": why, "next": "let it run on a runner that the profile allows (runners)"}
}

deny contains verdict if {
	_rule != "anywhere"
	not is_boolean(input.change.run.self_hosted)
	verdict := {
		"msg": "the run does not say whether its runner is one of the team's own",
		"next": "say so in the change file (--change, run.self_hosted)",
	}
}

_rule := input.profile.runners.self_hosted

_own if input.change.run.self_hosted == true

_request if input.change.target != null

_faults contains "a runner of the team's own runs this, and the profile allows none" if {
	_own
	_rule == "never"
}

_faults contains "a fork runs its code on a runner of the team's own" if {
	_own
	_request
	_rule in {"no-forks", "ephemeral"}
	input.change.fork != false
}

_faults contains "a change request runs on a runner that is not thrown away afterwards" if {
	_own
	_request
	_rule == "ephemeral"
	input.change.run.ephemeral != true
}

_faults contains sprintf("a runner of the group %s releases to %s", [_group, input.environment]) if {
	count(input.profile.runners.production_groups) > 0
	environments.production
	not _request
	not input.change.run.group in input.profile.runners.production_groups
}

_group := input.change.run.group if {
	texts.given(input.change.run.group)
} else := "(not known)"
