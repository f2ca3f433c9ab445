package countersign.rules.findings.overdue_test

import data.countersign.lib.fixture
import data.countersign.rules.findings.overdue
import data.countersign.rules.findings.threshold

# A medium vulnerability: it warns, and has 30 days.
_medium(changes, action) := object.union(
	fixture.about(object.union({"severity": "medium"}, changes), "public", null),
	{"baseline": fixture.standing_baseline, "profile": {"overdue": {"action": fixture.every_severity(action)}}},
)

_since(facts, word) := object.union(facts, {"profile": {"overdue": {"since": word}}})

test_within_its_days_it_only_warns if {
	every days in [0, 29, 30] {
		count(overdue.deny) == 0 with input as _medium({"seen_days": days}, "block")
		count(overdue.warn) == 0 with input as _medium({"seen_days": days}, "block")
	}
}

test_the_day_after_it_blocks_and_says_since_when if {
	facts := _medium({"seen_days": 31}, "block")
	overdue.deny == {{
		"msg": "medium vulnerability is 1 days past its fix-by date: {title}",
		"severity": "medium",
		"fix_by": "2026-11-20",
		"next": "fix it now, or record an exception where the profile admits one",
	}} with input as facts
	some verdict in threshold.warn with input as facts
	verdict.fix_by == "2026-11-20"
}

test_the_profile_may_only_warn_or_say_nothing if {
	low := {"severity": "low", "seen_days": 91}
	count(overdue.deny) == 0 with input as _medium(low, "warn")
	count(overdue.warn) == 1 with input as _medium(low, "warn")
	count(overdue.warn) + count(overdue.deny) == 0 with input as _medium(low, "ignore")
	# What warns already is not said twice.
	count(overdue.warn) == 0 with input as _medium({"seen_days": 31}, "warn")
}

test_what_blocks_already_is_not_said_twice if {
	count(overdue.deny) == 0 with input as _medium({"severity": "high", "seen_days": 400}, "block")
}

test_what_the_table_ignores_or_an_exception_covers_is_never_overdue if {
	count(overdue.deny) == 0 with input as _medium({"severity": "info", "seen_days": 4000}, "block")
	every disposition in ["excepted", "suppressed", "not-affected", "resolved"] {
		count(overdue.deny) == 0 with input as _medium({"disposition": disposition, "seen_days": 400}, "block")
	}
}

test_without_a_day_nothing_is_overdue if {
	count(overdue.deny) == 0 with input as _medium({}, "block")
	count(overdue.deny) == 0 with input as _medium({"published_days": 400}, "block")
}

test_a_baseline_that_does_not_count_dates_nothing if {
	facts := _medium({"seen_days": 400}, "block")
	count(overdue.deny) == 0 with input as object.union(facts, {"baseline": {"stands": false}})
	old := {"profile": {"baseline": {"max_age_days": 0}}}
	count(overdue.deny) == 0 with input as object.union(facts, old)
	count(overdue.deny) == 0 with input as object.union(facts, {"baseline": null})
}

test_the_day_of_publication_counts_where_the_profile_says_so if {
	count(overdue.deny) == 1 with input as _since(_medium({"published_days": 31}, "block"), "earliest")
	count(overdue.deny) == 1 with input as _since(_medium({"published_days": 31, "seen_days": 3}, "block"), "earliest")
	count(overdue.deny) == 0 with input as _since(_medium({"published_days": 30, "seen_days": 3}, "block"), "earliest")
	count(overdue.deny) == 0 with input as _since(_medium({"published_days": 31, "seen_days": 3}, "block"), "first-seen")
}

test_a_row_for_the_service_gives_other_days if {
	row := {"services": ["shop"], "tiers": [], "exposures": [], "days": fixture.every_severity(5)}
	facts := object.union(_medium({"seen_days": 6}, "block"), {"profile": {"fix_by": [row]}})
	count(overdue.deny) == 1 with input as facts
	count(overdue.deny) == 0 with input as object.union(facts, {"service": {"name": "stock"}})
	count(overdue.deny) == 0 with input as object.union(facts, {"service": {"name": null}})
}

test_a_service_without_a_tier_has_the_days_of_a_critical_one if {
	row := {"services": [], "tiers": ["critical"], "exposures": [], "days": fixture.every_severity(5)}
	facts := object.union(_medium({"seen_days": 6}, "block"), {"profile": {"fix_by": [row]}})
	count(overdue.deny) == 0 with input as facts
	count(overdue.deny) == 1 with input as object.union(facts, {"service": {"tier": null}})
}

test_the_days_of_another_exposure_are_not_these if {
	row := {"services": [], "tiers": [], "exposures": ["internal"], "days": fixture.every_severity(5)}
	facts := object.union(_medium({"seen_days": 6}, "block"), {"profile": {"fix_by": [row]}})
	count(overdue.deny) == 0 with input as facts
	count(overdue.deny) == 1 with input as object.union(facts, {"profile": {"fix_by": [object.union(row, {"exposures": ["public"]})]}})
}

test_a_day_in_another_era_does_not_lose_the_verdict if {
	every days in [800000, 9007199254740991] {
		count(overdue.deny) == 1 with input as _medium({"seen_days": days}, "block")
	}
}
