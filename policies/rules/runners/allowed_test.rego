package countersign.rules.runners.allowed_test

import data.countersign.lib.fixture
import data.countersign.rules.runners.allowed

_facts(rule, groups, change) := fixture.with_parts({
	"profile": {"runners": {"self_hosted": rule, "production_groups": groups}},
	"change": change,
})

_denied(rule, change) if count(allowed.deny) == 1 with input as _facts(rule, [], change)

_fine(rule, change) if count(allowed.deny) == 0 with input as _facts(rule, [], change)

_own(ephemeral) := {"self_hosted": true, "ephemeral": ephemeral}

test_never if {
	_denied("never", {"run": _own(true)})
	_fine("never", {"run": {"self_hosted": false}})
}

test_a_fork_never_runs_on_a_runner_of_the_team if {
	every rule in ["no-forks", "ephemeral"] {
		_denied(rule, {"fork": true, "run": _own(true)})
		_denied(rule, {"fork": null, "run": _own(true)})
		_fine(rule, {"fork": false, "run": _own(true)})
	}
	_fine("anywhere", {"fork": true, "run": _own(null)})
}

test_requests_need_runners_that_are_thrown_away if {
	_denied("ephemeral", {"run": _own(false)})
	_denied("ephemeral", {"run": _own(null)})
	_fine("ephemeral", {"run": _own(false), "target": null})
	_fine("no-forks", {"run": _own(false)})
}

test_a_run_that_does_not_say_blocks_where_it_is_asked if {
	_denied("never", {})
	_denied("ephemeral", {})
	_fine("anywhere", {})
}

test_only_the_groups_of_the_profile_release_to_production if {
	count(allowed.deny) == 0 with input as _facts("anywhere", ["prod"], {"target": null, "run": {"group": "prod"}})
	every group in ["dev", "", null] {
		count(allowed.deny) == 1 with input as _facts("anywhere", ["prod"], {"target": null, "run": {"group": group}})
	}
	count(allowed.deny) == 0 with input as _facts("anywhere", ["prod"], {"target": "main", "run": {"group": "dev"}})
	every run in [{"group": ""}, {"group": null}] {
		fixture.said(allowed.deny) == ["a runner of the group (not known) releases to production"] with input as _facts("anywhere", ["prod"], {"target": null, "run": run})
	}
	fixture.said(allowed.deny) == ["a runner of the group dev releases to production"] with input as _facts("anywhere", ["prod"], {"target": null, "run": {"group": "dev"}})
	staging := object.union(_facts("anywhere", ["prod"], {"target": null, "run": {"group": "dev"}}), {"environment": "staging"})
	count(allowed.deny) == 0 with input as staging
}
