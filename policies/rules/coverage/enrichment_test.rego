package countersign.rules.coverage.enrichment_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.enrichment

_facts(row, changes) := object.union(fixture.facts, {
	"findings": [object.union(fixture.finding, changes)],
	"profile": {"thresholds": [object.union(fixture.profile.thresholds[0], row)]},
})

_silent(facts) if count(enrichment.warn) == 0 with input as facts

test_a_table_that_asks_nothing_says_nothing if {
	_silent(_facts({}, {}))
	_silent(_facts({"min_epss": null, "known_exploited": null}, {}))
}

test_what_is_asked_and_not_known_is_seen if {
	every row, what in {
		"min_epss": "the probability of exploitation (EPSS)",
		"max_epss": "the probability of exploitation (EPSS)",
		"known_exploited": "whether it is known to be exploited",
		"min_age_days": "the age",
		"max_age_days": "the age",
	} {
		fixture.said(enrichment.warn) == [sprintf("%s is not known of 1 open vulnerabilities, and rows of the threshold table ask for it", [what])] with input as _facts({row: 0}, {})
	}
}

test_what_is_known_says_nothing if {
	_silent(_facts({"min_epss": 0.1}, {"epss": 0}))
	_silent(_facts({"known_exploited": true}, {"known_exploited": false}))
	_silent(_facts({"min_age_days": 3}, {"published_days": 0}))
	_silent(_facts({"max_age_days": 3}, {"seen_days": 0}))
}

test_other_kinds_and_settled_ones_are_not_asked if {
	_silent(_facts({"min_epss": 0.1}, {"kind": "weakness"}))
	_silent(_facts({"min_epss": 0.1}, {"disposition": "resolved"}))
}
