package countersign.rules.plans.destroys_test

import data.countersign.lib.fixture
import data.countersign.rules.plans.destroys

_facts(changes) := object.union(fixture.facts, {"plan": fixture.plan([object.union(fixture.planned, changes)])})

_destroyed := {"destroys": true, "action": "delete"}

test_no_plan_and_no_change_say_nothing if {
	count(destroys.deny) + count(destroys.warn) == 0 with input as fixture.facts
	count(destroys.deny) == 0 with input as _facts({})
	count(destroys.deny) == 0 with input as object.union(fixture.facts, {"plan": fixture.plan([])})
}

test_a_database_that_is_destroyed_or_replaced_blocks if {
	fixture.said(destroys.deny) == ["aws_db_instance.shop (aws_db_instance) would be destroyed, and what it holds with it"] with input as _facts(_destroyed)
	replaced := object.union(_destroyed, {"replaces": true, "reason": "replace_because_tainted"})
	fixture.said(destroys.deny) == ["aws_db_instance.shop (aws_db_instance) would be replaced, and what it holds with it (replace_because_tainted)"] with input as _facts(replaced)
}

test_types_are_globs_over_the_whole_type if {
	every kind in ["aws_db_instance", "aws_db_cluster", "google_sql_database_instance"] {
		count(destroys.deny) == 1 with input as _facts(object.union(_destroyed, {"type": kind}))
	}
	every kind in ["aws_instance", "my_aws_db_instance", "google_sql_database_instances", ""] {
		count(destroys.deny) == 0 with input as _facts(object.union(_destroyed, {"type": kind}))
	}
}

test_the_profile_says_what_it_does if {
	warns := object.union(_facts(_destroyed), {"profile": {"plans": {"destroys": "warn"}}})
	count(destroys.deny) == 0 with input as warns
	count(destroys.warn) == 1 with input as warns
	silent := object.union(_facts(_destroyed), {"profile": {"plans": {"destroys": "ignore"}}})
	count(destroys.deny) + count(destroys.warn) == 0 with input as silent
}

test_an_admitted_exception_makes_it_a_warning_that_names_it if {
	facts := object.union(_facts(_destroyed), {"exceptions": fixture.lifted("plans/destroys")})
	count(destroys.deny) == 0 with input as facts
	some verdict in destroys.warn with input as facts
	endswith(verdict.msg, "exception EX-9 lets it ship")
	count(destroys.deny) == 1 with input as object.union(facts, {"exceptions": fixture.lifted("plans/exposure")})
}
