# METADATA
# scope: package
# title: Controls are verified as often as they must be
# description: >-
#   The profile says how often a control is verified (`controls`): all the time, with every deployment, monthly or
#   quarterly, and with which checks. The day of the last verification stands in the data under `controls.<id>.verified`;
#   a control of every deployment is verified by the named checks of this one. What is overdue, or was never verified,
#   does what its row says.
# custom:
#   owner: compliance
#   severity: medium
#   controls:
#     - iso27001:5.35
#     - iso27001:5.36
#     - nist-800-53:CA-7
#     - soc2:CC4.1
#   remediation: >-
#     Verify the control, and put the day into the data (`controls.<id>.verified`).
package countersign.rules.controls.verified

import data.countersign.lib.dates

deny contains verdict if {
	some [row, verdict] in _overdue
	row.overdue == "block"
}

warn contains verdict if {
	some [row, verdict] in _overdue
	row.overdue == "warn"
}

_overdue contains [row, {"msg": msg, "owner": row.owner, "next": next}] if {
	some row in input.profile.controls
	_about_service(row)
	some [msg, next] in _faults(row)
}

_about_service(row) if count(row.data) == 0

_about_service(row) if {
	some class in row.data
	class in input.service.data
}

# A service that says nothing of its data may hold any.
_about_service(row) if {
	count(row.data) > 0
	count(input.service.data) == 0
}

_faults(row) := array.concat(_by_day(row), _by_check(row))

_by_check(row) := [[msg, next] |
	some check in row.checks
	not _current(check)
	msg := sprintf("control %s (%s) is not verified by this deployment: %s is not current", [row.id, row.name, check])
	next := sprintf("run %s on this commit and give its report to the gate", [check])
]

_current(check) if {
	some row in input.coverage
	row.check == check
	row.state == "current"
}

_days := {"continuous": 1, "monthly": 31, "quarterly": 92}

_by_day(row) := [] if {
	row.every == "deployment"
	count(row.checks) > 0
} else := [] if {
	row.every != "deployment"
	dates.within(_day(row), _days[row.every])
} else := [[
	sprintf("control %s (%s, %s) %s", [row.id, row.name, row.every, _since(row)]),
	sprintf("verify it, and put the day into the data (controls, %s, verified)", [row.id]),
]]

_since(row) := sprintf("was last verified on %s", [_day(row)]) if {
	dates.within(_day(row), 36500)
} else := "was never verified, as far as the data say"

_day(row) := input.data.controls[row.id].verified
