# METADATA
# scope: package
# title: Those who must say go have said it
# description: >-
#   For each row of the profile's `go_no_go` that fits, somebody of every role must have said go about this commit in the change
#   file under `decisions` (domain `go-no-go`). Who has a role is in the authority data. A no-go blocks, whoever says it; the author's
#   own go does not count. An admitted exception that names this rule under `match.verdict` makes it a warning.
# custom:
#   owner: release
#   severity: high
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Ask for the go, and give it in the change file (`--change`) under `decisions`.
package countersign.rules.calendar.go_no_go

import data.countersign.lib.approvals
import data.countersign.lib.exceptions
import data.countersign.lib.lists
import data.countersign.lib.people
import data.countersign.lib.roles
import data.countersign.lib.tiers

deny contains verdict if {
	some verdict in _missing
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _missing
	some id in _lifting
}

_lifting := exceptions.lifting("calendar/go-no-go")

_rows := [row |
	some row in input.profile.go_no_go
	lists.matches(row.environments, input.environment)
	lists.matches(row.kinds, input.change.kind)
	tiers.matches(row.tiers)
]

_said(word) := people.approving([call.by |
	some call in input.change.decisions
	call.domain == "go-no-go"
	call.say == word
	_about_this(call)
])

# A no stays a no for whatever commit it was said.
_about_this(call) if call.say == "no-go"

_about_this(call) if {
	call.say == "go"
	approvals.of_this_commit(call)
}

_missing contains object.union(verdict, people.acting(row.owner)) if {
	some row in _rows
	some role in row.roles
	count(((_said("go") - _said("no-go")) - approvals.author) & roles.people_of([role])) == 0
	verdict := {
		"msg": sprintf("no go of %s", [role]),
		"next": sprintf("ask somebody of the role %s for a go about this commit (--change, decisions)", [role]),
	}
}

_missing contains object.union(verdict, people.acting(row.owner)) if {
	some row in _rows
	some name in _said("no-go")
	verdict := {"msg": sprintf("%s says no-go", [name]), "next": sprintf("settle it with %s", [name])}
}
