# METADATA
# scope: package
# title: Who deploys neither wrote nor approved it
# description: >-
#   Where the profile demands it (`change.separate_deployer`), who deploys is neither the author nor one of the approvers. Outside
#   change requests who started the run deploys, unless the change file names somebody else; where nobody is known, it blocks.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:5.3
#     - nist-800-53:AC-5
#     - pci-dss:6.5.4
#     - soc2:CC8.1
#   remediation: Have somebody else deploy, and name them in the change file (`--change`) under `deployer`.
package countersign.rules.change.separate_deployer

import data.countersign.lib.approvals
import data.countersign.lib.lists
import data.countersign.lib.people
import data.countersign.lib.texts

deny contains {"msg": sprintf("%s deploys and %s", [_deployer, did]), "next": "have somebody else deploy"} if {
	_demanded
	some did in _parts
}

deny contains verdict if {
	_demanded
	input.change.target == null
	not _deployer
	verdict := {
		"msg": "who deploys is not known, so nobody can say that it is neither the author nor an approver",
		"next": "name who deploys in the change file (--change, deployer)",
	}
}

_demanded if {
	input.profile.change.separate_deployer
	lists.matches(input.profile.change.environments, input.environment)
}

# In a change request nobody deploys yet.
_deployer := input.change.deployer if {
	texts.given(input.change.deployer)
} else := input.change.actor if {
	input.change.target == null
	texts.given(input.change.actor)
}

_parts contains "is the author of the change" if count(people.named([_deployer]) & approvals.author) > 0

_parts contains "has approved the change" if {
	count(people.named([_deployer]) & people.named([approval.by | some approval in approvals.given])) > 0
}
