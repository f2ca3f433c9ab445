package countersign.rules.controls.verified_test

import data.countersign.lib.fixture
import data.countersign.rules.controls.verified

_row(changes) := object.union(
	{"id": "pci-dss:1.2.7", "name": "networks are apart", "every": "quarterly", "checks": [], "data": [], "overdue": "block", "owner": "platform"},
	changes,
)

_facts(row, day) := object.union(fixture.demanding("controls", [_row(row)]), {"data": {"controls": {"pci-dss:1.2.7": {"verified": day}}}})

_said(facts) := said if said := fixture.said(verified.deny) with input as facts

test_without_a_row_nothing_is_said if _said(fixture.facts) == []

test_in_time_says_nothing if {
	every every_day in [["quarterly", "2026-08-21"], ["monthly", "2026-10-21"], ["continuous", "2026-11-20"], ["continuous", "2026-11-21"]] {
		_said(_facts({"every": every_day[0]}, every_day[1])) == []
	}
}

test_one_day_too_late_blocks_and_goes_to_its_owner if {
	every every_day in [["quarterly", "2026-08-20"], ["monthly", "2026-10-20"], ["continuous", "2026-11-19"]] {
		count(verified.deny) == 1 with input as _facts({"every": every_day[0]}, every_day[1])
	}
	verified.deny == {{
		"msg": "control pci-dss:1.2.7 (networks are apart, quarterly) was last verified on 2026-08-20",
		"owner": "platform",
		"next": "verify it, and put the day into the data (controls, pci-dss:1.2.7, verified)",
	}} with input as _facts({}, "2026-08-20")
}

test_never_tomorrow_and_no_day_block if {
	every day in [null, "2026-11-22", "yesterday", 7] {
		_said(_facts({}, day)) == ["control pci-dss:1.2.7 (networks are apart, quarterly) was never verified, as far as the data say"]
	}
	_said(fixture.demanding("controls", [_row({})])) == ["control pci-dss:1.2.7 (networks are apart, quarterly) was never verified, as far as the data say"]
}

test_its_row_says_what_it_does if {
	count(verified.warn) == 1 with input as _facts({"overdue": "warn"}, null)
	_said(_facts({"overdue": "warn"}, null)) == []
	count(verified.warn) + count(verified.deny) == 0 with input as _facts({"overdue": "ignore"}, null)
}

test_a_deployment_is_verified_by_its_checks if {
	row := {"every": "deployment", "checks": ["secrets"]}
	_said(_facts(row, null)) == []
	every state in ["stale", "missing", "unbound"] {
		facts := object.union(_facts(row, null), {"coverage": [fixture.coverage("secrets", state, null)]})
		_said(facts) == ["control pci-dss:1.2.7 (networks are apart) is not verified by this deployment: secrets is not current"]
	}
	_said(object.union(_facts(row, null), {"coverage": []})) == ["control pci-dss:1.2.7 (networks are apart) is not verified by this deployment: secrets is not current"]
}

test_another_check_verifies_nothing if {
	facts := object.union(_facts({"every": "deployment", "checks": ["secrets"]}, null), {"coverage": [fixture.coverage("sast", "current", null)]})
	count(verified.deny) == 1 with input as facts
}

test_checks_do_not_stand_for_the_day_of_a_review if {
	count(verified.deny) == 1 with input as _facts({"every": "monthly", "checks": ["secrets"]}, null)
}

test_a_deployment_without_checks_is_verified_by_nothing if {
	count(verified.deny) == 1 with input as _facts({"every": "deployment"}, "2026-11-21")
}

test_it_is_for_services_that_hold_its_data if {
	payment := {"data": ["payment"]}
	count(verified.deny) == 0 with input as object.union(_facts(payment, null), {"service": {"data": ["personal"]}})
	count(verified.deny) == 1 with input as object.union(_facts(payment, null), {"service": {"data": ["payment"]}})
	# One that says nothing of its data may hold any.
	count(verified.deny) == 1 with input as _facts(payment, null)
}
