package countersign.rules.authority.raci_test

import data.countersign.lib.fixture
import data.countersign.rules.authority.raci

_row := {
	"situation": "pipeline change",
	"when": {"layers": ["pipeline"], "kinds": [], "labels": []},
	"responsible": ["platform"],
	"accountable": ["engineering-lead"],
	"consulted": ["security"],
	"informed": ["product-lead"],
}

_facts(when, approvals) := fixture.with_parts({
	"profile": {"raci": [object.union(_row, {"when": when})]},
	"data": fixture.authority,
	"ownership": {"files": [{"path": ".github/workflows/ci.yml", "owners": [], "layers": ["pipeline"]}]},
	"change": {"approvals": approvals, "labels": ["critical-fix"]},
})

test_nobody_accountable_blocks if {
	facts := _facts({}, [fixture.approval("lee")])
	fixture.said(raci.deny) == ["pipeline change: nobody accountable has approved (engineering-lead)"] with input as facts
	count(raci.deny) == 0 with input as _facts({}, [fixture.approval("jo")])
}

test_who_was_not_consulted_and_who_is_informed if {
	facts := _facts({}, [fixture.approval("jo")])
	fixture.said(raci.warn) == ["pipeline change: not consulted: security", "pipeline change: to be informed: product-lead"] with input as facts
	asked := object.union(fixture.approval("kim"), {"state": "changes-requested", "commit": fixture.other_commit})
	fixture.said(raci.warn) == ["pipeline change: to be informed: product-lead"] with input as _facts({}, [fixture.approval("jo"), asked])
	machine := object.union(asked, {"reviewer": "bot"})
	count(raci.warn) == 2 with input as _facts({}, [fixture.approval("jo"), machine])
}

test_layers_kinds_and_labels_make_a_situation if {
	every when in [
		{"layers": ["pipeline"]},
		{"layers": [], "kinds": ["normal"]},
		{"layers": [], "labels": ["critical-fix"]},
	] {
		count(raci.deny) == 1 with input as _facts(when, [])
	}
	count(raci.deny) == 0 with input as _facts({"layers": ["other"], "kinds": ["emergency"], "labels": ["other"]}, [])
	count(raci.deny) == 0 with input as _facts({"layers": []}, [])
}

test_nothing_without_a_table if {
	count(raci.deny) == 0 with input as fixture.facts
	count(raci.warn) == 0 with input as fixture.facts
}
