package countersign.rules.coverage.data_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.data as rule

_set(source, hours) := {
	"source": source,
	"path": "feeds/data.json",
	"date": "2026-11-20T08:00:00Z",
	"digest": {"sha256": "00"},
	"entries": 3,
	"age_seconds": hours * 3600,
}

_with(demands, sets) := object.union(
	fixture.with_parts({"profile": {"enrichment": demands}}),
	{"enrichment": sets},
)

_kev := {"required": [{"source": "kev", "max_age_hours": null}], "max_age_hours": 48}

test_nothing_is_required_by_default if {
	count(rule.deny) == 0 with input as fixture.facts
	count(rule.warn) == 0 with input as fixture.facts
	count(rule.warn) == 0 with input as _with({"required": [], "max_age_hours": null}, [_set("kev", 9999)])
}

test_fresh_data_says_nothing if {
	facts := _with(_kev, [_set("kev", 48)])
	count(rule.deny) == 0 with input as facts
	count(rule.warn) == 0 with input as facts
}

test_missing_data_blocks if {
	every sets in [[], [_set("epss", 1)]] {
		fixture.said(rule.deny) == ["no kev data was given"] with input as _with(_kev, sets)
	}
}

test_old_data_blocks_and_names_its_file if {
	some verdict in rule.deny with input as _with(_kev, [_set("kev", 49)])
	verdict.msg == "kev data: 49 hours old, at most 48 count"
	verdict.path == "feeds/data.json"
	startswith(verdict.next, "download it again: https://www.cisa.gov/")
}

test_one_fresh_set_does_not_excuse_an_old_one if {
	count(rule.deny) == 1 with input as _with(_kev, [_set("kev", 1), _set("kev", 49)])
}

test_a_source_may_have_its_own_limit if {
	demands := object.union(_kev, {"required": [{"source": "kev", "max_age_hours": 400}]})
	count(rule.deny) == 0 with input as _with(demands, [_set("kev", 399)])
	count(rule.deny) == 1 with input as _with(demands, [_set("kev", 401)])
}

test_without_a_limit_any_age_counts if {
	demands := object.union(_kev, {"max_age_hours": null})
	count(rule.deny) == 0 with input as _with(demands, [_set("kev", 9999)])
}

test_data_from_the_future_blocks_whatever_the_limit if {
	demands := object.union(_kev, {"max_age_hours": null})
	fixture.said(rule.deny) == ["kev data: claims to be from the future (2026-11-20T08:00:00Z)"] with input as _with(demands, [_set("kev", -1)])
	skewed := object.union(_set("kev", 0), {"age_seconds": -300})
	count(rule.deny) == 0 with input as _with(demands, [skewed])
}

test_old_data_that_nobody_requires_warns if {
	facts := _with(_kev, [_set("kev", 1), _set("osv", 49)])
	count(rule.deny) == 0 with input as facts
	fixture.said(rule.warn) == ["osv data: 49 hours old, at most 48 count"] with input as facts
}

test_an_admitted_exception_makes_it_a_warning_that_names_it if {
	excepted := {"exceptions": [object.union(fixture.lifting("coverage/data"), {"admitted": true})]}
	facts := object.union(_with(_kev, []), excepted)
	count(rule.deny) == 0 with input as facts
	fixture.said(rule.warn) == ["no kev data was given; exception EX-9 lets it pass"] with input as facts
}

test_a_source_of_tomorrow_has_its_verdict if {
	demands := {"required": [{"source": "vulncheck", "max_age_hours": null}], "max_age_hours": 48}
	count(rule.deny) == 1 with input as _with(demands, [])
	count(rule.deny) == 1 with input as _with(demands, [_set("vulncheck", 49)])
}
