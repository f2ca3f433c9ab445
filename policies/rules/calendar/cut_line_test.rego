package countersign.rules.calendar.cut_line_test

import data.countersign.lib.fixture
import data.countersign.rules.calendar.cut_line

_cut := {
	"name": "release 2026.48",
	"at": "2026-11-20T00:00:00Z",
	"until": "2026-11-25T00:00:00Z",
	"kinds": ["emergency"],
	"environments": ["production"],
	"owner": "release-team",
}

_facts(cut, now, kind) := fixture.with_parts({
	"now": now,
	"profile": {"cut_lines": [object.union(_cut, cut)]},
	"change": {"kind": kind},
})

test_between_cut_and_end_only_the_kinds_of_the_profile if {
	fixture.said(cut_line.deny) == ["release 2026.48 was cut on 2026-11-20T00:00:00Z: a normal change no longer goes in"] with input as _facts({}, "2026-11-21T08:00:00Z", "normal")
	count(cut_line.deny) == 0 with input as _facts({}, "2026-11-21T08:00:00Z", "emergency")
	count(cut_line.deny) == 1 with input as _facts({"kinds": []}, "2026-11-21T08:00:00Z", "emergency")
}

test_first_and_last_instant if {
	count(cut_line.deny) == 0 with input as _facts({}, "2026-11-19T23:59:59Z", "normal")
	count(cut_line.deny) == 1 with input as _facts({}, "2026-11-20T00:00:00Z", "normal")
	count(cut_line.deny) == 0 with input as _facts({}, "2026-11-25T00:00:00Z", "normal")
}

test_only_where_it_says if {
	count(cut_line.deny) == 0 with input as _facts({"environments": ["staging"]}, "2026-11-21T08:00:00Z", "normal")
	count(cut_line.deny) == 0 with input as fixture.facts
}

test_a_record_lifts_it if {
	record := {"exceptions": [object.union(fixture.lifting("calendar/cut-line"), {"admitted": true})]}
	facts := object.union(_facts({}, "2026-11-21T08:00:00Z", "normal"), record)
	count(cut_line.deny) == 0 with input as facts
	count(cut_line.warn) == 1 with input as facts
}
