package countersign.rules.reliability.strategy_test

import data.countersign.lib.fixture
import data.countersign.rules.reliability.strategy

_rows := [
	{"tiers": ["critical"], "environments": [], "allowed": ["blue-green", "canary"]},
	{"tiers": ["high"], "environments": ["production"], "allowed": ["canary", "rolling"]},
]

_facts(service) := object.union(fixture.demanding("reliability", {"strategies": _rows}), {"service": service})

test_where_nothing_is_listed_anything_goes if {
	count(strategy.deny) == 0 with input as fixture.facts
	count(strategy.deny) == 0 with input as _facts({"tier": "low", "deployment_strategy": "big bang"})
}

test_an_allowed_way_says_nothing if {
	count(strategy.deny) == 0 with input as _facts({"tier": "high", "deployment_strategy": " Rolling"})
}

test_another_way_blocks_and_the_allowed_ones_are_named if {
	fixture.said(strategy.deny) == ["deployed as rolling; a service of tier critical may be deployed as blue-green or canary"] with input as _facts({"tier": "critical", "deployment_strategy": "rolling"})
}

test_nobody_says_how_blocks if {
	every way in [null, " "] {
		facts := _facts({"tier": "high", "deployment_strategy": way})
		fixture.said(strategy.deny) == ["nobody says how the service is deployed; a service of tier high may be deployed as canary or rolling"] with input as facts
	}
}

test_a_service_without_a_tier_counts_as_critical if {
	count(strategy.deny) == 1 with input as _facts({"tier": null, "deployment_strategy": "rolling"})
	count(strategy.deny) == 0 with input as _facts({"tier": null, "deployment_strategy": "canary"})
}

test_a_row_for_another_environment_is_not_about_it if {
	facts := _facts({"tier": "high", "deployment_strategy": "big bang"})
	count(strategy.deny) == 1 with input as facts
	count(strategy.deny) == 0 with input as object.union(facts, {"environment": "staging"})
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts({"tier": "high"}), {"exceptions": fixture.lifted("reliability/strategy")})
	count(strategy.deny) == 0 with input as facts
	count(strategy.warn) == 1 with input as facts
}
