# METADATA
# scope: package
# title: The change was approved by others
# description: >-
#   Counts the people other than the author who approved this very commit, and demands as many as the profile says for the kind
#   of change. Machines do not count. A reviewer who asked for changes and has not approved since blocks. Where approvals are
#   demanded, an unknown author blocks too, because nobody can say who the others are.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:5.3
#     - iso27001:8.32
#     - nist-800-53:AC-5
#     - nist-800-53:CM-3
#     - pci-dss:6.2.3.1
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Have the change reviewed, and pass the reviews to the gate in the change file (`--change`).
package countersign.rules.change.approvals

import data.countersign.lib.approvals
import data.countersign.lib.lists
import data.countersign.lib.people
import data.countersign.lib.texts

deny contains verdict if {
	_demanded
	not texts.given(input.change.author)
	verdict := {
		"msg": "the author of the change is not known, so nobody can say who else approved it",
		"next": "name the author in the change file (--change)",
	}
}

deny contains verdict if {
	_demanded
	have := count(approvals.approvers)
	have < _needed
	verdict := {
		"msg": sprintf("%d of %d approvals by people other than the author%s", [have, _needed, _of_other_commits]),
		"next": sprintf("have %d more approve %s, and give the reviews in the change file (--change)", [_needed - have, _commit]),
	}
}

deny contains _verdict(name) if {
	_demanded
	some name in _asked_for_changes
}

warn contains _verdict(name) if {
	_applies
	not _demanded
	some name in _asked_for_changes
}

_applies if lists.matches(input.profile.change.environments, input.environment)

_needed := input.profile.change.approvals[input.change.kind]

_demanded if {
	_applies
	_needed > 0
}

_stale := (people.named(_of_others) - approvals.author) - approvals.approvers

_of_others := [approval.by | some approval in approvals.given; not approvals.of_this_commit(approval)]

_of_other_commits := sprintf("; %d of another commit", [count(_stale)]) if {
	count(_stale) > 0
} else := ""

_commit := sprintf("commit %s", [substring(input.change.commit, 0, 7)]) if {
	input.change.commit != null
} else := "the change"

_asked_for_changes contains request.by if {
	some request in input.change.approvals
	request.state == "changes-requested"
	not _settled(request)
}

# The same person approved later. Without times nobody can say which came last.
_settled(request) if {
	some approval in approvals.given
	approvals.of_this_commit(approval)
	people.named([approval.by]) == people.named([request.by])
	approval.at != null
	request.at != null
	approval.at > request.at
}

_verdict(name) := {
	"msg": sprintf("%s asked for changes and has not approved since", [name]),
	"next": sprintf("settle it with %s", [name]),
}
