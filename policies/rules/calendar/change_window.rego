# METADATA
# scope: package
# title: Changes ship in their window
# description: >-
#   Where the profile has change windows for the environment, a change ships while one of them is open, by the clock of its time
#   zone. Outside, an emergency whose record stands ships where every window lets it; an admitted exception that names this rule under
#   `match.verdict` makes it a warning.
# custom:
#   owner: release
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: Ship while a window is open. Where it cannot wait, ask the owner of the window for an exception.
package countersign.rules.calendar.change_window

import data.countersign.lib.days
import data.countersign.lib.emergencies
import data.countersign.lib.exceptions
import data.countersign.lib.lists
import data.countersign.lib.people

deny contains object.union({"msg": _msg, "next": _next}, people.acting(_windows[0].owner)) if {
	_closed
	not _emergency_ships
	count(_lifting) == 0
}

warn contains object.union(verdict, people.acting(_windows[0].owner)) if {
	_closed
	_emergency_ships
	verdict := {"msg": sprintf("%s; an emergency ships", [_msg]), "next": "tell the owner of the window"}
}

warn contains object.union(verdict, people.acting(_windows[0].owner)) if {
	_closed
	not _emergency_ships
	some id in _lifting
	verdict := {"msg": sprintf("%s; exception %s lets it ship", [_msg, id]), "next": "tell the owner of the window"}
}

_lifting := exceptions.lifting("calendar/change-window")

_windows := [window |
	some window in input.profile.windows
	lists.matches(window.environments, input.environment)
]

_closed if {
	count(_windows) > 0
	count([window | some window in _windows; _open(window)]) == 0
}

_emergency_ships if {
	emergencies.stands
	every window in _windows {
		window.emergency_ships
	}
}

# Times of day compare as text.
_open(window) if {
	window.from < window.until
	days.weekday(window.zone) in window.days
	window.from <= days.clock(window.zone)
	days.clock(window.zone) < window.until
}

# Over midnight: the evening of its day, and the morning after it.
_open(window) if {
	window.from >= window.until
	days.weekday(window.zone) in window.days
	window.from <= days.clock(window.zone)
}

_open(window) if {
	window.from >= window.until
	days.before[days.weekday(window.zone)] in window.days
	days.clock(window.zone) < window.until
}

_msg := sprintf("no change window is open: %s", [concat("; ", [_shown(window) | some window in _windows])])

_shown(window) := sprintf("%s is %s %s-%s, and in %s it is %s %s", [
	window.name,
	concat(" ", window.days),
	window.from,
	window.until,
	window.zone,
	days.weekday(window.zone),
	days.clock(window.zone),
])

_next := "ship while a window is open, or ask its owner for an exception"
