package countersign.rules.coverage.baseline_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.baseline

_facts(given, demands) := object.union(fixture.facts, {"baseline": given, "profile": {"baseline": demands}})

_standing(changes) := object.union(fixture.standing_baseline, changes)

test_one_that_stands_says_nothing if {
	every required in [true, false] {
		facts := _facts(fixture.standing_baseline, {"required": required, "max_age_days": 1})
		count(baseline.deny) + count(baseline.warn) == 0 with input as facts
	}
}

test_none_blocks_only_where_one_is_required if {
	fixture.said(baseline.deny) == ["no baseline was given, so nobody can say what this change adds"] with input as _facts(null, {"required": true})
	count(baseline.deny) + count(baseline.warn) == 0 with input as _facts(null, {})
}

test_one_that_does_not_stand_blocks_wherever_it_was_given if {
	every required in [true, false] {
		facts := _facts(_standing({"stands": false, "problems": ["it is about branch dev"]}), {"required": required})
		fixture.said(baseline.deny) == ["the baseline does not count: it is about branch dev"] with input as facts
	}
}

test_one_that_does_not_stand_without_a_word_blocks if {
	count(baseline.deny) == 1 with input as _facts(_standing({"stands": false}), {})
}

test_an_old_one_blocks_where_one_is_required_and_warns_elsewhere if {
	old := _standing({"age_days": 31})
	said := ["the baseline is 31 days old, at most 30 count"]
	fixture.said(baseline.deny) == said with input as _facts(old, {"required": true, "max_age_days": 30})
	fixture.said(baseline.warn) == said with input as _facts(old, {"max_age_days": 30})
	count(baseline.deny) == 0 with input as _facts(old, {"max_age_days": 30})
	count(baseline.deny) + count(baseline.warn) == 0 with input as _facts(old, {"required": true, "max_age_days": null})
}

test_where_one_would_be_of_use_its_absence_is_seen if {
	every demands in [{"known": {"high": "warn"}}] {
		count(baseline.warn) == 1 with input as _facts(null, demands)
		count(baseline.deny) == 0 with input as _facts(null, demands)
	}
	overdue := {"profile": {"overdue": {"action": {"low": "warn"}}}}
	count(baseline.warn) == 1 with input as object.union(fixture.facts, overdue)
	earliest := {"profile": {"overdue": {"since": "earliest", "action": {"low": "warn"}}}}
	count(baseline.warn) == 0 with input as object.union(fixture.facts, earliest)
}
