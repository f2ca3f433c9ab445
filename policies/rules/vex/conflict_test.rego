package countersign.rules.vex.conflict_test

import data.countersign.lib.fixture
import data.countersign.rules.vex.conflict

_with(changes, others) := object.union(fixture.facts, {
	"findings": [fixture.finding],
	"vex": array.concat(
		[object.union(object.union(fixture.statement, {"admitted": true}), changes)],
		[object.union(fixture.statement, other) | some other in others],
	),
})

_affected := {"id": "vex-2", "issuer": "Upstream", "path": "vex/upstream.json", "status": "affected", "admitted": true}

test_one_statement_alone_contradicts_nothing if {
	count(conflict.deny) == 0 with input as _with({}, [])
	count(conflict.deny) == 0 with input as _with({}, [{"id": "vex-2", "status": "under_investigation", "admitted": true}])
	count(conflict.deny) == 0 with input as _with({}, [{"id": "vex-2", "status": "fixed", "admitted": true}])
	count(conflict.warn) == 0 with input as _with({}, [])
}

test_affected_against_not_affected_or_fixed_blocks if {
	every status, word in {"not_affected": "not affected", "fixed": "fixed"} {
		verdicts := conflict.deny with input as _with({"status": status}, [_affected])
		{verdict.finding | some verdict in verdicts} == {fixture.finding.id}
		fixture.said(verdicts) == [sprintf("Acme Security (vex/acme.json) says %s, Upstream (vex/upstream.json) says affected", [word])]
	}
}

test_a_contradiction_that_does_not_count_warns if {
	facts := _with({}, [object.union(_affected, {"admitted": false})])
	count(conflict.deny) == 0 with input as facts
	count(conflict.warn) == 1 with input as facts
}

test_what_does_not_count_itself_is_contradicted_by_nothing if {
	facts := _with({"admitted": false}, [_affected])
	count(conflict.deny) == 0 with input as facts
	count(conflict.warn) == 0 with input as facts
}

test_statements_about_different_findings_agree if {
	count(conflict.deny) == 0 with input as _with({}, [object.union(_affected, {"covers": ["f-2"]})])
}
