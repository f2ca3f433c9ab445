package countersign.rules.change.separate_state_test

import data.countersign.lib.fixture
import data.countersign.rules.change.separate_state

_state(path, environment) := {"path": path, "environment": environment, "owner": null}

_facts(states) := fixture.with_parts({
	"profile": {"change": {"separate_state": true}},
	"service": {"states": states},
})

test_a_state_for_each_environment_passes if {
	count(separate_state.deny) == 0 with input as _facts([_state("s3://a/prod", "production"), _state("s3://a/stage", "staging")])
}

test_a_shared_state_blocks_however_it_is_written if {
	every path in ["s3://a/prod", "S3://A/prod/", " s3://a/prod "] {
		facts := _facts([_state("s3://a/prod", "production"), _state(path, "staging")])
		fixture.said(separate_state.deny) == ["the state file s3://a/prod is shared by production, staging"] with input as facts
	}
}

test_the_organisations_states_count if {
	data_states := {"states": [_state("s3://a/prod", "staging")]}
	facts := object.union(_facts([_state("s3://a/prod", "production")]), {"data": data_states})
	count(separate_state.deny) == 1 with input as facts
}

test_a_plan_without_a_known_state_blocks if {
	count(separate_state.deny) == 1 with input as object.union(_facts([]), {"plan": {}})
	count(separate_state.deny) == 0 with input as object.union(_facts([_state("s3://a/prod", "production")]), {"plan": {}})
	count(separate_state.deny) == 1 with input as object.union(_facts([_state("s3://a/stage", "staging")]), {"plan": {}})
	count(separate_state.deny) == 0 with input as _facts([])
	count(separate_state.deny) == 0 with input as object.union(_facts([]), {"plan": {}, "profile": {"change": {"separate_state": false}}})
}

test_only_where_it_is_demanded if {
	facts := object.union(_facts([_state("a", "production"), _state("a", "staging")]), {"profile": {"change": {"separate_state": false}}})
	count(separate_state.deny) == 0 with input as facts
}
