package countersign.rules.plans.exposure_test

import data.countersign.lib.fixture
import data.countersign.rules.plans.exposure

_facts(opens) := object.union(fixture.facts, {"plan": fixture.plan([object.union(fixture.planned, {"opens": opens})])})

_open := ["publicly_accessible true", "ingress.cidr_blocks 0.0.0.0/0"]

test_what_opens_nothing_says_nothing if {
	count(exposure.deny) + count(exposure.warn) == 0 with input as fixture.facts
	count(exposure.deny) == 0 with input as _facts([])
}

test_what_opens_something_blocks if {
	fixture.said(exposure.deny) == ["aws_db_instance.shop would be open to everybody: publicly_accessible true, ingress.cidr_blocks 0.0.0.0/0"] with input as _facts(_open)
}

test_the_profile_says_what_it_does if {
	warns := object.union(_facts(_open), {"profile": {"plans": {"opens": "warn"}}})
	count(exposure.deny) == 0 with input as warns
	count(exposure.warn) == 1 with input as warns
	silent := object.union(_facts(_open), {"profile": {"plans": {"opens": "ignore"}}})
	count(exposure.deny) + count(exposure.warn) == 0 with input as silent
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts(_open), {"exceptions": fixture.lifted("plans/exposure")})
	count(exposure.deny) == 0 with input as facts
	count(exposure.warn) == 1 with input as facts
}
