package countersign.rules.calendar.change_window_test

import data.countersign.lib.fixture
import data.countersign.rules.calendar.change_window

_window := {
	"name": "working hours",
	"days": ["monday", "friday", "saturday"],
	"from": "09:00",
	"until": "16:00",
	"zone": "Europe/Berlin",
	"environments": ["production"],
	"emergency_ships": true,
	"owner": "release-team",
}

# 2026-11-21 is a Saturday; Berlin is an hour ahead of UTC then, two in summer.
_at(now, changes) := fixture.with_parts({"now": now, "profile": {"windows": [object.union(_window, changes)]}})

_closed(now, changes) if count(change_window.deny) == 1 with input as _at(now, changes)

_open(now, changes) if count(change_window.deny) == 0 with input as _at(now, changes)

test_open_and_closed_by_the_clock_of_the_zone if {
	_open("2026-11-21T08:00:00Z", {})
	_closed("2026-11-21T07:59:59Z", {})
	_open("2026-11-21T14:59:59Z", {})
	_closed("2026-11-21T15:00:00Z", {})
	_closed("2026-11-22T10:00:00Z", {})
}

test_summer_time_counts if {
	_open("2026-07-03T07:00:00Z", {})
	_closed("2026-07-03T14:00:00Z", {})
	_closed("2026-07-03T07:00:00Z", {"zone": "UTC"})
}

test_the_day_is_that_of_the_zone if {
	_open("2026-11-20T23:30:00Z", {"zone": "Asia/Tokyo", "days": ["saturday"], "from": "08:00"})
	_closed("2026-11-20T23:30:00Z", {"zone": "UTC", "days": ["saturday"], "from": "08:00"})
}

test_over_midnight_belongs_to_the_day_it_begins if {
	night := {"zone": "UTC", "days": ["friday"], "from": "22:00", "until": "06:00"}
	_open("2026-11-20T22:00:00Z", night)
	_open("2026-11-21T05:59:00Z", night)
	_closed("2026-11-21T06:00:00Z", night)
	_closed("2026-11-20T05:00:00Z", night)
	_closed("2026-11-21T22:30:00Z", night)
}

test_the_message_says_what_time_it_is if {
	facts := _at("2026-11-22T10:00:00Z", {})
	fixture.said(change_window.deny) == [concat("", [
		"no change window is open: working hours is monday friday saturday 09:00-16:00, ",
		"and in Europe/Berlin it is sunday 11:00",
	])] with input as facts
}

test_an_emergency_ships_where_every_window_lets_it if {
	facts := object.union(_at("2026-11-22T10:00:00Z", {}), {"change": {"kind": "emergency"}, "emergency": fixture.emergency})
	count(change_window.deny) == 0 with input as facts
	count(change_window.warn) == 1 with input as facts
	count(change_window.deny) == 1 with input as object.union(facts, {"emergency": null})
	strict := object.union(_at("2026-11-22T10:00:00Z", {"emergency_ships": false}), {"change": {"kind": "emergency"}, "emergency": fixture.emergency})
	count(change_window.deny) == 1 with input as strict
}

test_a_record_lifts_it if {
	record := {"exceptions": [object.union(fixture.lifting("calendar/change-window"), {"admitted": true})]}
	facts := object.union(_at("2026-11-22T10:00:00Z", {}), record)
	count(change_window.deny) == 0 with input as facts
	count(change_window.warn) == 1 with input as facts
}

test_without_windows_or_elsewhere_it_is_always_open if {
	count(change_window.deny) == 0 with input as fixture.facts
	count(change_window.deny) == 0 with input as object.union(_at("2026-11-22T10:00:00Z", {}), {"environment": "staging"})
}
