# METADATA
# scope: package
# title: Decisions are taken by those who may
# description: >-
#   Every decision that the change file names under `decisions` has its row in the profile's table `authority`: which role decides
#   alone, up to which amount a year, to whom it goes above that, who only advises. Who has a role is in the authority data. A
#   decision without a row, and a no, block.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:5.2
#     - iso27001:5.3
#     - soc2:CC1.3
#     - soc2:CC8.1
#   remediation: Have the decision taken by a role that may, and give it in the change file (`--change`) under `decisions`.
package countersign.rules.authority.decisions

import data.countersign.lib.people
import data.countersign.lib.roles

deny contains verdict if {
	some call in _calls
	not call.domain in _domains
	verdict := {
		"msg": sprintf("%s: nobody is named who may decide this", [call.domain]),
		"next": "add a row for it to the profile (authority)",
	}
}

deny contains {"msg": sprintf("%s: %s says no", [call.domain, call.by]), "next": sprintf("settle it with %s", [call.by])} if {
	some call in _calls
	call.say == "no-go"
}

deny contains verdict if {
	some row in input.profile.authority
	count(_for(row)) > 0
	not _decided(row)
	verdict := object.union(
		{"msg": sprintf("%s: %s", [row.domain, _lacks(row)]), "next": sprintf("have it decided by the role %s", [roles.either(_deciders(row))])},
		people.acting(_deciders(row)[0]),
	)
}

warn contains verdict if {
	some row in input.profile.authority
	_decided(row)
	count(row.informs) > 0
	verdict := {
		"msg": sprintf("%s was decided: tell %s", [row.domain, concat(", ", row.informs)]),
		"next": "tell them at once",
	}
}

_calls := [call | some call in input.change.decisions; call.domain != "go-no-go"]

_domains := {row.domain | some row in input.profile.authority}

_for(row) := [call | some call in _calls; call.domain == row.domain; call.say == "go"]

_by(row, names) := people.approving([call.by | some call in _for(row)]) & roles.people_of(names)

_decided(row) if count(_by(row, row.escalates_to)) > 0

_decided(row) if {
	not _beyond(row)
	count(_by(row, row.alone)) > 0
}

# What nobody has counted may cost anything.
_beyond(row) if {
	row.limit != null
	some call in _for(row)
	not is_number(call.amount)
}

_beyond(row) if {
	row.limit != null
	some call in _for(row)
	call.amount > row.limit
}

_deciders(row) := row.escalates_to if {
	_beyond(row)
} else := row.alone if {
	count(row.alone) > 0
} else := row.escalates_to

_lacks(row) := sprintf("above %d a year, or of an amount that nobody says, it goes to %s", [row.limit, roles.either(row.escalates_to)]) if {
	_beyond(row)
} else := sprintf("%s only advises", [concat(", ", sort(_by(row, row.advises)))]) if {
	count(_by(row, row.advises)) > 0
} else := sprintf("%s may not decide this", [concat(", ", sort({call.by | some call in _for(row)}))])
