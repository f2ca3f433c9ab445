# METADATA
# scope: package
# title: Exceptions
# description: What keeps a record from being admitted, and which admitted records lift a verdict.
package countersign.lib.exceptions

import data.countersign.lib.approvals
import data.countersign.lib.people
import data.countersign.lib.roles
import data.countersign.lib.texts

_demands := input.profile.exceptions

# Ids of the admitted exceptions that name this policy rule under `match.verdict`.
lifting(rule) := [id | some id in _lifting[rule]]

_lifting[record.match.verdict] contains record.id if {
	some record in input.exceptions
	record.admitted
}

# Every reason why a matched exception must not be admitted: {"exception": id, "msg": why, "at": the key of the record that it is
# about}.
faults contains _fault(record, field, sprintf("its %s is blank", [field])) if {
	some record in input.exceptions
	some field in ["owner", "reason", "mitigation"]
	not texts.given(record[field])
}

faults contains _fault(record, "owner", _nobody(record)) if {
	_demands.known_owners
	some record in input.exceptions
	not record.owner in _known_owners
	texts.given(record.owner)
	not _is_far(record)
}

faults contains _fault(record, "expires", sprintf("it ended on %s", [record.expires])) if {
	some record in input.exceptions
	record.days_left < 0
}

faults contains _fault(record, "created", sprintf("it begins on %s", [record.created])) if {
	some record in input.exceptions
	not record.in_force
	record.days_left >= 0
}

faults contains _fault(record, "match", "it covers nothing that could be judged") if {
	some record in input.exceptions
	not _names_verdict(record)
	not _names_findings(record)
}

faults contains _fault(record, "expires", msg) if {
	some record in input.exceptions
	longest := _longest[record.id]
	record.life_days > longest
	msg := sprintf("it lives %d days, at most %d for %s", [record.life_days, longest, _about(record)])
}

# Another `created`, another end and another file make no record younger: its id is as old as the first commit that holds it.
faults contains _fault(record, "created", msg) if {
	some record in input.exceptions
	is_object(record.history)
	longest := _longest[record.id]
	record.life_days <= longest
	record.history.life_days > longest
	msg := sprintf(
		"its id is on the branch since %s: %d days to its end, at most %d for %s",
		[record.history.since, record.history.life_days, longest, _about(record)],
	)
}

faults contains _fault(record, "id", _cut_off) if {
	some record in input.exceptions
	_demands.whole_history
	is_object(record.history)
	not record.history.whole
}

# A record that begins and ends on one day lives for 0 days: that 0 admits none needs a line of its own.
faults contains _fault(record, "match", sprintf("no exception may cover %s", [_about(record)])) if {
	some record in input.exceptions
	_demands.max_days[input.service.exposure][record.worst] == 0
}

faults contains _fault(record, "match.verdict", sprintf("the profile lets no exception lift %s", [record.match.verdict])) if {
	some record in input.exceptions
	_names_verdict(record)
	not _demands.verdicts[record.match.verdict]
}

faults contains _fault(record, "approvals", msg) if {
	some record in input.exceptions
	record.id in _lacking_approvals
	msg := sprintf(
		"it has %d of %d %s by people other than its owner and the change's author%s",
		[count(_approvers[record.id]), _needed(record), _approval_word, _role_phrase],
	)
}

# What takes an approval away is said where it is missing.
faults contains fault if {
	some record in input.exceptions
	record.id in _lacking_approvals
	some fault in _idle_approvals(record)
}

faults contains _fault(record, "approvals", sprintf("nobody of the role %s has accepted the risk", [roles.either(leaders)])) if {
	some record in input.exceptions
	leaders := _demands.leaders[record.worst]
	count(leaders) > 0
	count(_approvers[record.id] & roles.people_of(leaders)) == 0
}

faults contains _fault(record, "mitigation", "it names no evidence that its mitigation is there") if {
	some record in input.exceptions
	_demands.evidence[record.worst]
	count(_evidence(record)) == 0
}

faults contains _fault(record, sprintf("evidence.%d", [number]), msg) if {
	some record in input.exceptions
	some number, name in _evidence(record)
	not _shown(name)
	msg := sprintf("its evidence %s is not there%s", [name, _why_not(name)])
}

# What should be mended in a record that may count all the same, in the same form.
remarks contains fault if {
	some record in input.exceptions
	count(_approvals(record)) > 0
	not record.id in _lacking_approvals
	some fault in _idle_approvals(record)
}

remarks contains _fault(record, "id", _cut_off) if {
	some record in input.exceptions
	not _demands.whole_history
	is_object(record.history)
	not record.history.whole
}

# By the record that they are about.
faults_of[fault.exception] contains fault.msg if some fault in faults

remarks_of[remark.exception] contains remark.msg if some remark in remarks

_cut_off := "the clone is cut off, so nobody can tell since when it is on the branch, and whether it was changed after its approval"

_fault(record, at, msg) := {"exception": record.id, "msg": msg, "at": at}

# The most days that a record may live, by its id; none where 0 admits none, which is another reason.
_longest[record.id] := days if {
	some record in input.exceptions
	days := _demands.max_days[input.service.exposure][record.worst]
	days > 0
}

_longest[record.id] := _demands.verdicts[record.match.verdict] if {
	some record in input.exceptions
	not _names_findings(record)
}

# The registers of a repository do not know who answers at the organisation, unless its authority data is given.
_is_far(record) if {
	record.origin == "organisation"
	count(_principals) == 0
}

# Each owner once, however many records are theirs.
_known_owners := {owner | some owner in {record.owner | some record in input.exceptions}; _is_known(owner)}

# Where neither the service nor its paths have an owner, nobody could be known.
_is_known(_) if count(input.ownership.known) == 0

_is_known(name) if {
	some person in people.named([name])
	person in _known
}

# `team-web` is `@acme/team-web` of CODEOWNERS.
_is_known(name) if {
	some person in people.named([name])
	some known in _known
	endswith(known, sprintf("/%s", [person]))
}

_known := people.named(array.concat(input.ownership.known, array.concat(_answering, _principals)))

# Who answers for what the profile demands.
_answering := [row.owner |
	some section in ["freezes", "windows", "cut_lines", "go_no_go", "layers", "controls", "severity_classes"]
	some row in input.profile[section]
]

_principals := [principal | some principal, _ in input.data.authority.roles]

_nobody(record) := sprintf("its owner %s is nobody whom %s names", [record.owner, _registers])

_registers := "the service file, CODEOWNERS, the profile or the authority data" if input.ownership.codeowners != null

_registers := "the service file, the profile or the authority data" if input.ownership.codeowners == null

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

_about(record) := sprintf("%s %s finding of a service that is %s", [_article(record.worst), record.worst, input.service.exposure]) if {
	_names_findings(record)
} else := record.match.verdict

_article(severity) := "an" if severity in ["info", "unknown"]

_article(severity) := "a" if not severity in ["info", "unknown"]

# A record that names a policy rule has no severity: as many as the strictest one demands.
_needed(record) := _demands.approvals[record.worst] if _names_findings(record)

_needed(record) := max([number | some number in _demands.approvals]) if not _names_findings(record)

# People who accepted the risk and may do so, by record.
_approvers[record.id] := {person |
	some person in people.approving_beside(_claimed(record), [record.owner, input.change.author])
	_may_approve(person)
} if {
	some record in input.exceptions
}

_lacking_approvals contains record.id if {
	some record in input.exceptions
	count(_approvers[record.id]) < _needed(record)
}

_claimed(record) := array.concat(record.verified_approvers, _reviewers) if _demands.signed_approvals

_claimed(record) := array.concat(_current(record), _reviewers) if not _demands.signed_approvals

# A signature is of what the record says now. A name is of what it said when it was written down.
_current(record) := [approval.by |
	some approval in _approvals(record)
	not _is_outdated(record, approval)
]

_approvals(record) := object.get(record, "approvals", [])

_is_outdated(record, approval) if {
	not approval.by in record.verified_approvers
	approval.by in record.history.outdated
}

_is_outdated(record, approval) if {
	not approval.by in record.verified_approvers
	some renewal in object.get(record, "renewals", [])
	approval.at < renewal.on
}

# Who reviewed this very commit, where the profile takes a review for an acceptance of the risk.
_reviewers := [approval.by |
	some approval in approvals.given
	_demands.review_approvals
	approval.commit != null
	approval.commit == input.change.commit
]

# Approvals that count for nothing, each with the first reason.
_idle_approvals(record) := {_fault(record, sprintf("approvals.%d.by", [number]), msg) |
	some number, approval in _approvals(record)
	texts.given(approval.by)
	why := _idle(record, approval)
	msg := sprintf("the approval of %s does not count: %s", [approval.by, why])
}

_idle(record, approval) := "nobody approves a record of their own" if {
	count(people.named([approval.by]) & people.named([record.owner])) > 0
} else := "it is by the author of this change" if {
	count(people.named([approval.by]) & people.named([input.change.author])) > 0
} else := "it is by a machine, or by a name that could be taken for another" if {
	count(people.approving_beside([approval.by], [record.owner, input.change.author])) == 0
} else := sprintf("no authority data gives them the role %s", [concat(" or ", _demands.approver_roles)]) if {
	not _may_approve_as(approval.by)
} else := "it has no signature" if {
	_demands.signed_approvals
	not texts.given(object.get(approval, "signature", ""))
} else := sprintf("it is older than the last edit of the record, on %s", [_last_edit(record)]) if {
	not _demands.signed_approvals
	_is_outdated(record, approval)
}

_may_approve_as(name) if {
	some person in people.named([name])
	_may_approve(person)
}

_last_edit(record) := max(days) if {
	days := array.concat(
		[renewal.on | some renewal in object.get(record, "renewals", [])],
		[day | some day in [record.history.edited]; is_string(day)],
	)
	count(days) > 0
}

_approval_word := "signed approvals" if _demands.signed_approvals

_approval_word := "approvals" if not _demands.signed_approvals

_may_approve(_) if count(_demands.approver_roles) == 0

# The role comes from authority data, never from the record, which its author wrote.
_may_approve(person) if person in roles.people_of(_demands.approver_roles)

_role_phrase := "" if count(_demands.approver_roles) == 0

_role_phrase := sprintf(" in the role %s", [concat(" or ", _demands.approver_roles)]) if {
	count(_demands.approver_roles) > 0
}
