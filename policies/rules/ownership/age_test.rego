package countersign.rules.ownership.age_test

import data.countersign.lib.fixture
import data.countersign.rules.ownership.age

_facts(days, reviewed) := fixture.with_parts({
	"profile": {"ownership": {"max_age_days": days}},
	"service": {"reviewed": reviewed},
})

test_a_quarter_is_long_enough if {
	count(age.warn) == 0 with input as _facts(92, "2026-08-21")
	fixture.said(age.warn) == ["ownership was last reviewed on 2026-08-20, more than 92 days ago"] with input as _facts(92, "2026-08-20")
}

test_no_day_and_a_day_to_come_warn if {
	fixture.said(age.warn) == ["nobody says when ownership was last reviewed"] with input as _facts(92, null)
	count(age.warn) == 1 with input as _facts(92, "2026-11-22")
	count(age.warn) == 0 with input as _facts(92, "2026-11-21")
}

test_not_asked_by_default if count(age.warn) == 0 with input as _facts(null, null)
