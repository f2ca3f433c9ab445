# METADATA
# scope: package
# title: Emergencies
# description: Whether an emergency is claimed, whether its record stands, and what earlier ones left owed.
package countersign.lib.emergencies

import data.countersign.lib.people
import data.countersign.lib.roles
import data.countersign.lib.texts

_demands := input.profile.emergency

claimed if input.change.kind == "emergency"

claimed if input.emergency.kind == "rollback"

stands if {
	claimed
	input.emergency != null
	count(faults) == 0
}

# Why the record does not count.
faults contains "it is not in force now" if input.emergency.in_force == false

faults contains sprintf("it lives %d hours, at most %d", [input.emergency.hours, _demands.max_hours]) if {
	input.emergency.hours > _demands.max_hours
}

faults contains sprintf("this is another %s than it names", [part]) if some part in input.emergency.out_of_scope

faults contains sprintf("its %s is blank", [field]) if {
	input.emergency != null
	some field in ["reason", "requested_by"]
	not texts.given(input.emergency[field])
}

faults contains sprintf("nobody who may has signed it%s%s", [_role_phrase, _refused]) if {
	input.emergency != null
	_demands.signed
	count(_may(input.emergency.signers.verified)) == 0
}

# The people of a list who may sign.
_may(names) := people.approving(names) if count(_demands.roles) == 0

_may(names) := people.approving(names) & roles.people_of(_demands.roles) if count(_demands.roles) > 0

_role_phrase := "" if {
	count(_demands.roles) == 0
} else := sprintf(" in the role %s", [roles.either(_demands.roles)])

_refused := "" if {
	count(input.emergency.signers.refused) == 0
} else := sprintf(" (%s)", [concat("; ", input.emergency.signers.refused)])

# What earlier releases left owed and nobody has closed.
owed contains obligation if {
	input.history != null
	some obligation in input.history.obligations
	not _closed(obligation)
}

# The review is somebody else's than that of who asked for the emergency.
_closed(obligation) if {
	some closing in input.closings
	closing.closes == obligation.id
	some reviewer in _reviewers(closing)
	count(_names(reviewer) & {name | some person in people.named([obligation.by]); some name in _names(person)}) == 0
}

# A name, and its part before an @: ana and ana@example.com may well be one person, and then nobody else has looked.
_names(person) := {person, split(person, "@")[0]}

_reviewers(closing) := _may(closing.signers.verified) if _demands.signed

_reviewers(closing) := people.approving([closing.reviewed_by]) if not _demands.signed
