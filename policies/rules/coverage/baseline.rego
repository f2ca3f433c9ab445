# METADATA
# scope: package
# title: The baseline is the last accepted decision of the target branch
# description: >-
#   The ratchet and the age of findings hang on an earlier decision (`--baseline`). One that was given must be verified,
#   and about this repository, branch, service and environment; where the profile needs one (`baseline.required`), none,
#   or one that is too old, blocks. Nothing is taken for known or old without one.
# custom:
#   owner: security
#   severity: high
#   controls:
#     - iso27001:5.28
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: >-
#     Give the evidence of the last run that the target branch accepted (`--baseline DIR --baseline-key PUBLIC_KEY`).
package countersign.rules.coverage.baseline

import data.countersign.lib.baseline

deny contains {"msg": "no baseline was given, so nobody can say what this change adds", "next": _next} if {
	input.profile.baseline.required
	not _given
}

deny contains {"msg": sprintf("the baseline does not count: %s", [problem]), "path": input.baseline.place, "next": _next} if {
	_given
	some problem in _problems
}

deny contains {"msg": _too_old, "path": input.baseline.place, "next": _next} if {
	input.profile.baseline.required
	_given
	baseline.too_old
}

warn contains {"msg": _too_old, "path": input.baseline.place, "next": _next} if {
	not input.profile.baseline.required
	_given
	baseline.too_old
}

warn contains {"msg": "no baseline was given, so nobody can say what is overdue or was there before", "next": _next} if {
	not input.profile.baseline.required
	not _given
	_of_use
}

_given if is_object(input.baseline)

_problems contains problem if some problem in input.baseline.problems

_problems contains "it does not stand" if {
	not input.baseline.stands
	count(input.baseline.problems) == 0
}

_too_old := sprintf("the baseline is %d days old, at most %d count", [input.baseline.age_days, input.profile.baseline.max_age_days])

_of_use if {
	some action in input.profile.baseline.known
	action != "block"
}

_of_use if {
	input.profile.overdue.since == "first-seen"
	some action in input.profile.overdue.action
	action != "ignore"
}

_next := "give the evidence of the last run that the target branch accepted (--baseline DIR --baseline-key PUBLIC_KEY)"
