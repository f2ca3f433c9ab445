package countersign.rules.exceptions.expiring_test

import data.countersign.lib.fixture
import data.countersign.rules.exceptions.expiring

_warnings(days_left, admitted) := number if {
	facts := fixture.recorded({"days_left": days_left, "admitted": admitted}, "internal")
	number := count(expiring.warn) with input as facts
}

test_warns_from_the_seventh_day_to_the_last if {
	_warnings(8, true) == 0
	_warnings(7, true) == 1
	_warnings(0, true) == 1
	_warnings(-1, true) == 0
}

test_a_record_that_does_not_count_cannot_end if _warnings(3, false) == 0

test_names_the_day_and_the_owner if {
	expiring.warn == {{
		"msg": "exception EX-1 ends on 2026-12-01",
		"fix_by": "2026-12-01",
		"owner": "team-web",
		"next": "fix what it covers; from the day after it blocks again",
	}} with input as fixture.recorded({"days_left": 3, "admitted": true}, "internal")
}
