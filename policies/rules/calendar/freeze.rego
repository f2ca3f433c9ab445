# METADATA
# scope: package
# title: Nothing ships in a freeze
# description: >-
#   A freeze of the profile, or one that the CI system reports, blocks. An emergency whose record stands ships where the freeze lets it.
#   An admitted exception that names this rule under `match.verdict` makes it a warning.
# custom:
#   owner: release
#   severity: high
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: Ship after the freeze. Where it cannot wait, ask the owner of the freeze for an exception.
package countersign.rules.calendar.freeze

import data.countersign.lib.emergencies
import data.countersign.lib.exceptions
import data.countersign.lib.lists
import data.countersign.lib.people

deny contains verdict if {
	some freeze in _on
	not _ships(freeze)
	count(_lifting) == 0
	verdict := object.union({"msg": freeze.msg, "next": freeze.next}, people.acting(freeze.owner))
}

warn contains verdict if {
	some freeze in _on
	_ships(freeze)
	verdict := object.union(
		{"msg": sprintf("%s; an emergency ships", [freeze.msg]), "next": "tell the owner of the freeze"},
		people.acting(freeze.owner),
	)
}

warn contains verdict if {
	some freeze in _on
	not _ships(freeze)
	some id in _lifting
	verdict := object.union(
		{"msg": sprintf("%s; exception %s lets it ship", [freeze.msg, id]), "next": "tell the owner of the freeze"},
		people.acting(freeze.owner),
	)
}

_lifting := exceptions.lifting("calendar/freeze")

_ships(freeze) if {
	freeze.emergency_ships
	emergencies.stands
}

# Instants of one form compare as text, also beyond the range of the clock's built-ins.
_on contains {
	"msg": sprintf("freeze %s until %s", [freeze.name, freeze.until]),
	"next": sprintf("ship after %s, or ask the owner of the freeze for an exception", [freeze.until]),
	"owner": freeze.owner,
	"emergency_ships": freeze.emergency_ships,
} if {
	some freeze in input.profile.freezes
	freeze.from <= input.now
	input.now < freeze.until
	lists.matches(freeze.environments, input.environment)
}

_on contains {
	"msg": "the CI system reports a freeze",
	"next": "ship after the freeze, or ask its owner for an exception",
	"owner": null,
	"emergency_ships": false,
} if {
	input.change.freeze == true
}
