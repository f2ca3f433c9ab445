package countersign.rules.ownership.layers_test

import data.countersign.lib.fixture
import data.countersign.rules.ownership.layers

_layer := {"name": "foundation", "paths": ["infra/**"], "owner": "team-cloud", "roles": ["platform-lead"], "approvals": 1}

_file(path, layers) := {"path": path, "owners": [], "layers": layers}

_facts(files, approvals) := fixture.with_parts({
	"profile": {"layers": [_layer]},
	"data": fixture.authority,
	"ownership": {"files": files},
	"change": {"approvals": approvals},
})

test_another_teams_layer_needs_its_approval if {
	facts := _facts([_file("infra/b.tf", ["foundation"]), _file("infra/a.tf", ["foundation"])], [fixture.approval("jo")])
	fixture.said(layers.deny) == ["touches the layer foundation (infra/a.tf and 1 more): 0 of 1 approvals by the role platform-lead"] with input as facts
	one := _facts([_file("infra/b.tf", ["foundation"])], [])
	fixture.said(layers.deny) == ["touches the layer foundation (infra/b.tf): 0 of 1 approvals by the role platform-lead"] with input as one
}

test_with_its_approval_it_passes if {
	count(layers.deny) == 0 with input as _facts([_file("infra/a.tf", ["foundation"])], [fixture.approval("kim")])
}

test_the_own_layer_needs_none if {
	facts := _facts([_file("infra/a.tf", ["foundation"])], [])
	count(layers.deny) == 0 with input as object.union(facts, {"service": {"owner": "Team-Cloud"}})
	count(layers.deny) == 0 with input as object.union(facts, {"service": {"team": "team-cloud"}})
	count(layers.deny) == 1 with input as object.union(facts, {"service": {"owner": null, "team": null}})
}

test_files_of_no_layer_need_none if count(layers.deny) == 0 with input as _facts([_file("web/a.js", [])], [])
