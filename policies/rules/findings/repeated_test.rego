package countersign.rules.findings.repeated_test

import data.countersign.lib.fixture
import data.countersign.rules.findings.repeated

_at(number, path) := object.union(fixture.finding, {
	"id": sprintf("f-%d", [number]),
	"rule": {"id": "python.eval"},
	"location": {"path": path},
})

_facts(findings, least, places) := object.union(
	fixture.facts,
	{"findings": findings, "profile": {"repeated": {"findings": least, "places": places}}},
)

_three := [_at(1, "a.py"), _at(2, "b.py"), _at(3, "b.py")]

test_from_the_number_on_it_is_said_once_for_the_rule if {
	repeated.warn == {{
		"msg": "3 open findings of python.eval in 2 places: a guardrail is missing",
		"next": "mend the cause once (a template, a wrapper, a default), not each of them",
	}} with input as _facts(_three, 3, 2)
}

test_fewer_findings_or_places_say_nothing if {
	count(repeated.warn) == 0 with input as _facts(_three, 4, 2)
	count(repeated.warn) == 0 with input as _facts(_three, 3, 3)
	count(repeated.warn) == 0 with input as _facts([], 1, 1)
}

test_only_open_ones_count if {
	settled := [object.union(finding, {"disposition": "suppressed"}) | some finding in _three]
	count(repeated.warn) == 0 with input as _facts(settled, 1, 1)
}

test_resources_are_places_and_nowhere_is_one_place if {
	in_plan := [object.union(_at(n, null), {"location": {"path": null, "resource": sprintf("aws_s3_bucket.b%d", [n])}}) | some n in [1, 2, 3]]
	count(repeated.warn) == 1 with input as _facts(in_plan, 3, 3)
	nowhere := [_at(n, null) | some n in [1, 2, 3]]
	count(repeated.warn) == 0 with input as _facts(nowhere, 3, 2)
	count(repeated.warn) == 1 with input as _facts(nowhere, 3, 1)
}

test_where_they_are_not_counted_nothing_is_said if {
	count(repeated.warn) == 0 with input as _facts(_three, null, 0)
}
