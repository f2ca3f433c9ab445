# METADATA
# scope: package
# title: A layer is changed with the approval of its owner
# description: >-
#   The profile divides the repository into layers (`layers`): cloud foundation, orchestration, service, application. A change that
#   touches a layer of another team needs, besides its own review, approvals of this commit by people of that layer's roles, as the
#   authority data says.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - iso27001:5.2
#     - iso27001:5.3
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: Have the owner of the layer approve this commit, or take those files out of the change.
package countersign.rules.ownership.layers

import data.countersign.lib.approvals
import data.countersign.lib.people
import data.countersign.lib.roles

deny contains object.union(verdict, people.acting(layer.owner)) if {
	some layer in input.profile.layers
	files := _touched(layer)
	count(files) > 0
	not _own(layer)
	have := count(approvals.approvers & roles.people_of(layer.roles))
	have < layer.approvals
	verdict := {
		"msg": sprintf("touches the layer %s (%s): %d of %d approvals by the role %s", [
			layer.name,
			_some_of(files),
			have,
			layer.approvals,
			roles.either(layer.roles),
		]),
		"path": files[0],
		"next": sprintf("have %s approve this commit", [layer.owner]),
	}
}

_touched(layer) := sort([file.path | some file in input.ownership.files; layer.name in file.layers])

_own(layer) if count(people.named([input.service.owner, input.service.team]) & people.named([layer.owner])) > 0

_some_of(files) := files[0] if count(files) == 1

_some_of(files) := sprintf("%s and %d more", [files[0], count(files) - 1]) if count(files) > 1
