package countersign.rules.change.separate_deployer_test

import data.countersign.lib.fixture
import data.countersign.rules.change.separate_deployer

_facts(change) := fixture.with_parts({
	"profile": {"change": {"separate_deployer": true}},
	"change": object.union({"target": null, "actor": "release-bot[bot]"}, change),
})

_said(change) := messages if {
	messages := fixture.said(separate_deployer.deny) with input as _facts(change)
}

test_somebody_else_deploys if count(_said({"deployer": "sam"})) == 0

test_the_author_does_not_deploy_however_it_is_written if {
	every name in ["ana", "@Ana", " ANA "] {
		_said({"deployer": name}) == [sprintf("%s deploys and is the author of the change", [name])]
	}
}

test_an_approver_does_not_deploy if _said({"deployer": "jo"}) == ["jo deploys and has approved the change"]

test_who_started_the_run_deploys_where_nobody_else_is_named if {
	_said({"actor": "ana"}) == ["ana deploys and is the author of the change"]
	count(_said({})) == 0
}

test_nobody_known_blocks if {
	every name in [null, "", " "] {
		count(_said({"actor": name, "deployer": name})) == 1
	}
}

test_in_a_request_nobody_deploys_yet if {
	count(_said({"target": "main", "actor": "ana"})) == 0
	count(_said({"target": "main", "deployer": "ana"})) == 1
}

test_only_where_it_is_demanded if {
	count(separate_deployer.deny) == 0 with input as fixture.changed({"deployer": "ana"})
	elsewhere := object.union(_facts({"deployer": "ana"}), {"profile": {"change": {"environments": ["staging"]}}})
	count(separate_deployer.deny) == 0 with input as elsewhere
}
