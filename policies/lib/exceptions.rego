# METADATA
# scope: package
# title: Exceptions
# description: What keeps a record from being admitted, and which admitted records lift a verdict.
package countersign.lib.exceptions

import data.countersign.lib.people
import data.countersign.lib.roles
import data.countersign.lib.texts

_demands := input.profile.exceptions

# Ids of the admitted exceptions that name this policy rule under `match.verdict`.
lifting(rule) := [record.id |
	some record in input.exceptions
	record.admitted
	record.match.verdict == rule
]

# Every reason why a matched exception must not be admitted: {"exception": id, "msg": why}.
faults contains {"exception": record.id, "msg": sprintf("its %s is blank", [field])} if {
	some record in input.exceptions
	some field in ["owner", "reason", "mitigation"]
	not texts.given(record[field])
}

faults contains {"exception": record.id, "msg": sprintf("it ended on %s", [record.expires])} if {
	some record in input.exceptions
	record.days_left < 0
}

faults contains {"exception": record.id, "msg": sprintf("it begins on %s", [record.created])} if {
	some record in input.exceptions
	not record.in_force
	record.days_left >= 0
}

faults contains {"exception": record.id, "msg": "it covers nothing that could be judged"} if {
	some record in input.exceptions
	not _names_verdict(record)
	not _names_findings(record)
}

faults contains {"exception": record.id, "msg": _too_long(record.life_days, longest, _about(record))} if {
	some record in input.exceptions
	longest := _demands.max_days[input.service.exposure][record.worst]
	longest > 0
	record.life_days > longest
}

# A record that begins and ends on one day lives for 0 days: that 0 admits none needs a line of its own.
faults contains {"exception": record.id, "msg": sprintf("no exception may cover %s", [_about(record)])} if {
	some record in input.exceptions
	_demands.max_days[input.service.exposure][record.worst] == 0
}

faults contains {"exception": record.id, "msg": sprintf("the profile lets no exception lift %s", [record.match.verdict])} if {
	some record in input.exceptions
	_names_verdict(record)
	not _demands.verdicts[record.match.verdict]
}

faults contains {"exception": record.id, "msg": _too_long(record.life_days, longest, record.match.verdict)} if {
	some record in input.exceptions
	longest := _demands.verdicts[record.match.verdict]
	record.life_days > longest
}

faults contains {"exception": record.id, "msg": msg} if {
	some record in input.exceptions
	have := count(_approvers(record))
	have < _needed(record)
	msg := sprintf(
		"it has %d of %d %s by people other than its owner and the change's author%s",
		[have, _needed(record), _approval_word, _role_phrase],
	)
}

faults contains {"exception": record.id, "msg": sprintf("nobody of the role %s has accepted the risk", [roles.either(leaders)])} if {
	some record in input.exceptions
	leaders := _demands.leaders[record.worst]
	count(leaders) > 0
	count(_approvers(record) & roles.people_of(leaders)) == 0
}

faults contains {"exception": record.id, "msg": "it names no evidence that its mitigation is there"} if {
	some record in input.exceptions
	_demands.evidence[record.worst]
	count(_evidence(record)) == 0
}

faults contains {"exception": record.id, "msg": sprintf("its evidence %s is not there%s", [name, _why_not(name)])} if {
	some record in input.exceptions
	some name in _evidence(record)
	not _shown(name)
}

_evidence(record) := object.get(record, "evidence", [])

# A compensating control of the organisation's data that somebody has found to work, and lately enough.
_shown(name) if {
	control := input.data.compensating_controls[trim_prefix(name, "control:")]
	startswith(name, "control:")
	control.effective == true
	is_string(control.valid_until)
	control.valid_until >= substring(input.now, 0, 10)
}

# A check of this release that is current.
_shown(name) if {
	startswith(name, "check:")
	some row in input.coverage
	row.check == trim_prefix(name, "check:")
	row.state == "current"
}

# An attestation about what is released.
_shown(name) if {
	startswith(name, "attestation:")
	some attestation in input.attestations
	attestation.about_release
	attestation.predicate_type == trim_prefix(name, "attestation:")
}

_why_not(name) := sprintf(": it was valid until %s", [control.valid_until]) if {
	startswith(name, "control:")
	control := input.data.compensating_controls[trim_prefix(name, "control:")]
	control.effective == true
	is_string(control.valid_until)
} else := ": nobody has found it effective" if {
	startswith(name, "control:")
} else := ": the check is not current" if {
	startswith(name, "check:")
} else := ": nothing attests it about this release" if {
	startswith(name, "attestation:")
} else := ": evidence is control:NAME, check:NAME or attestation:TYPE"

_names_verdict(record) if texts.given(record.match.verdict)

_names_findings(record) if is_string(record.worst)

_about(record) := sprintf("a %s finding of a service that is %s", [record.worst, input.service.exposure])

_too_long(days, longest, about) := sprintf("it lives %d days, at most %d for %s", [days, longest, about])

# A record that names a policy rule has no severity: as many as the strictest one demands.
_needed(record) := _demands.approvals[record.worst] if _names_findings(record)

_needed(record) := max([number | some number in _demands.approvals]) if not _names_findings(record)

# People who accepted the risk and may do so.
_approvers(record) := {person |
	some person in people.approving_beside(_claimed(record), [record.owner, input.change.author])
	_may_approve(person)
}

_claimed(record) := record.verified_approvers if _demands.signed_approvals

_claimed(record) := [approval.by | some approval in object.get(record, "approvals", [])] if not _demands.signed_approvals

_approval_word := "signed approvals" if _demands.signed_approvals

_approval_word := "approvals" if not _demands.signed_approvals

_may_approve(_) if count(_demands.approver_roles) == 0

# The role comes from authority data, never from the record, which its author wrote.
_may_approve(person) if person in roles.people_of(_demands.approver_roles)

_role_phrase := "" if count(_demands.approver_roles) == 0

_role_phrase := sprintf(" in the role %s", [concat(" or ", _demands.approver_roles)]) if {
	count(_demands.approver_roles) > 0
}
