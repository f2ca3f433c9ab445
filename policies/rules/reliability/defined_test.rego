package countersign.rules.reliability.defined_test

import data.countersign.lib.fixture
import data.countersign.rules.reliability.defined

_all := {"slo": true, "alerts": true, "rollback_trigger": true}

_facts(service) := object.union(fixture.demanding("reliability", _all), {"service": service})

test_where_nothing_is_demanded_nothing_is_said if {
	count(defined.deny) + count(defined.warn) == 0 with input as fixture.facts
}

test_each_gap_has_its_verdict if {
	{verdict.msg | some verdict in defined.deny} == {
		"the service has no service level objective",
		"the service has no alerts",
		"the service has no trigger of a rollback",
	} with input as _facts({})
}

test_what_is_defined_says_nothing_and_blank_is_not_defined if {
	whole := {"slo": "99.9% in 28 days", "alerts": "alerts/shop.yaml", "rollback_trigger": "5xx above 1% for 5 minutes"}
	count(defined.deny) == 0 with input as _facts(whole)
	count(defined.deny) == 1 with input as _facts(object.union(whole, {"alerts": " "}))
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts({}), {"exceptions": fixture.lifted("reliability/defined")})
	count(defined.deny) == 0 with input as facts
	count(defined.warn) == 3 with input as facts
}
