package countersign.rules.coverage.enrichment_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.enrichment

_facts(row, unknown) := object.union(fixture.facts, {
	"open": {"unknown": object.union({"epss": 0, "known_exploited": 0, "age": 0}, unknown)},
	"profile": {"thresholds": [object.union(fixture.profile.thresholds[0], row)]},
})

_silent(facts) if count(enrichment.warn) == 0 with input as facts

_all := {"epss": 2, "known_exploited": 2, "age": 2}

test_a_table_that_asks_nothing_says_nothing if {
	_silent(_facts({}, _all))
	_silent(_facts({"min_epss": null, "known_exploited": null}, _all))
}

test_what_is_asked_and_not_known_is_seen if {
	every row, asked in {
		"min_epss": ["epss", "the probability of exploitation (EPSS)"],
		"max_epss": ["epss", "the probability of exploitation (EPSS)"],
		"known_exploited": ["known_exploited", "whether it is known to be exploited"],
		"min_age_days": ["age", "the age"],
		"max_age_days": ["age", "the age"],
	} {
		fixture.said(enrichment.warn) == [sprintf("%s is not known of 1 open vulnerabilities, and rows of the threshold table ask for it", [asked[1]])] with input as _facts({row: 0}, {asked[0]: 1})
	}
}

test_what_is_known_says_nothing if {
	_silent(_facts({"min_epss": 0.1}, object.union(_all, {"epss": 0})))
	_silent(_facts({"known_exploited": true}, object.union(_all, {"known_exploited": 0})))
	_silent(_facts({"min_age_days": 3}, object.union(_all, {"age": 0})))
	_silent(_facts({"max_age_days": 3}, object.union(_all, {"age": 0})))
}
