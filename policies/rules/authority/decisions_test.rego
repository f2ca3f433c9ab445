package countersign.rules.authority.decisions_test

import data.countersign.lib.fixture
import data.countersign.rules.authority.decisions

_tools := {
	"domain": "tool-selection",
	"alone": ["engineer", "engineering-lead"],
	"advises": [],
	"limit": 50000,
	"escalates_to": ["vp-engineering"],
	"informs": [],
}

_timing := {
	"domain": "deployment-timing",
	"alone": ["product-lead", "engineering-lead"],
	"advises": ["engineer"],
	"limit": null,
	"escalates_to": [],
	"informs": ["support"],
}

_call(domain, by, amount) := {"domain": domain, "by": by, "say": "go", "amount": amount, "commit": null, "at": null}

_facts(calls) := fixture.with_parts({
	"profile": {"authority": [_tools, _timing]},
	"data": fixture.authority,
	"change": {"decisions": calls},
})

_said(calls) := messages if {
	messages := fixture.said(decisions.deny) with input as _facts(calls)
}

test_within_the_limit_the_role_decides_alone if {
	count(_said([_call("tool-selection", "ana", 50000)])) == 0
	count(_said([_call("tool-selection", "@Ana", 0)])) == 0
}

test_above_the_limit_it_goes_up if {
	_said([_call("tool-selection", "ana", 50001)]) == ["tool-selection: above 50000 a year, or of an amount that nobody says, it goes to vp-engineering"]
	count(_said([_call("tool-selection", "ana", null)])) == 1
	count(_said([_call("tool-selection", "ana", 50001), _call("tool-selection", "vic", 50001)])) == 0
}

test_without_a_limit_no_amount_goes_up if count(_said([_call("deployment-timing", "lee", 99999)])) == 0

test_who_only_advises_decides_nothing if {
	_said([_call("deployment-timing", "ana", null)]) == ["deployment-timing: ana only advises"]
	_said([_call("deployment-timing", "kim", null)]) == ["deployment-timing: kim may not decide this"]
	count(_said([_call("deployment-timing", "ana", null), _call("deployment-timing", "lee", null)])) == 0
}

test_a_domain_without_a_row_blocks if _said([_call("pricing", "vic", 1)]) == ["pricing: nobody is named who may decide this"]

test_a_no_blocks if {
	no := object.union(_call("deployment-timing", "lee", null), {"say": "no-go"})
	"deployment-timing: lee says no" in _said([no, _call("deployment-timing", "jo", null)])
}

test_whom_it_is_told if {
	facts := _facts([_call("deployment-timing", "lee", null)])
	fixture.said(decisions.warn) == ["deployment-timing was decided: tell support"] with input as facts
	count(decisions.warn) == 0 with input as _facts([_call("deployment-timing", "ana", null)])
}

test_without_authority_data_nobody_decides if {
	facts := json.remove(_facts([_call("tool-selection", "ana", 1)]), ["data/authority"])
	count(decisions.deny) == 1 with input as facts
}

test_a_go_is_another_rules_matter if count(_said([_call("go-no-go", "ana", null)])) == 0

test_nothing_decided_is_nothing_to_judge if {
	count(_said([])) == 0
	count(decisions.warn) == 0 with input as _facts([])
}
