package countersign.rules.findings.repeated_test

import data.countersign.lib.fixture
import data.countersign.rules.findings.repeated

_facts(findings, places, least, least_places) := object.union(fixture.facts, {
	"open": {"rules": [
		{"id": "python.eval", "findings": findings, "places": places},
		{"id": "another", "findings": 1, "places": 1},
	]},
	"profile": {"repeated": {"findings": least, "places": least_places}},
})

test_from_the_number_on_it_is_said_once_for_the_rule if {
	repeated.warn == {{
		"msg": "3 open findings of python.eval in 2 places: a guardrail is missing",
		"next": "mend the cause once (a template, a wrapper, a default), not each of them",
	}} with input as _facts(3, 2, 3, 2)
	count(repeated.warn) == 1 with input as _facts(4, 3, 3, 2)
}

test_fewer_findings_or_places_say_nothing if {
	count(repeated.warn) == 0 with input as _facts(3, 2, 4, 2)
	count(repeated.warn) == 0 with input as _facts(3, 2, 3, 3)
	count(repeated.warn) == 0 with input as object.union(_facts(3, 2, 1, 1), {"open": {"rules": []}})
}

test_where_they_are_not_counted_nothing_is_said if {
	count(repeated.warn) == 0 with input as _facts(3, 2, null, 0)
}
