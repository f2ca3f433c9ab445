package countersign.rules.ownership.state_files_test

import data.countersign.lib.fixture
import data.countersign.rules.ownership.state_files

_state(path, owner) := {"path": path, "environment": "production", "owner": owner}

_facts(states, others) := fixture.with_parts({"service": {"states": states}, "data": {"states": others}})

test_two_owners_block if {
	facts := _facts([_state("s3://a/prod", null)], [_state("S3://a/prod/", "team-cloud")])
	fixture.said(state_files.deny) == ["the state file s3://a/prod has 2 owners: team-cloud, team-web"] with input as facts
}

test_one_owner_passes_however_written if {
	count(state_files.deny) == 0 with input as _facts([_state("a", "Team-Cloud")], [_state("a", "@team-cloud")])
	count(state_files.deny) == 0 with input as _facts([_state("a", "x")], [_state("b", "y")])
}

test_nothing_to_say_without_states if {
	count(state_files.deny) == 0 with input as fixture.facts
	count(state_files.deny) == 0 with input as _facts([], [{"path": null}, {}])
}
