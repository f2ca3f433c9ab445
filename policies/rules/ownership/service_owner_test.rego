package countersign.rules.ownership.service_owner_test

import data.countersign.lib.fixture
import data.countersign.rules.ownership.service_owner

_service(changes) := object.union(fixture.facts, {"service": changes})

test_a_complete_service_says_nothing if {
	count(service_owner.deny) == 0 with input as fixture.facts
	count(service_owner.warn) == 0 with input as fixture.facts
}

test_an_unknown_owner_blocks_production_and_what_may_be_it if {
	every environment in ["production", "prod", "eu-west", ""] {
		every owner in [null, " "] {
			facts := object.union(_service({"owner": owner}), {"environment": environment})
			count(service_owner.deny) == 1 with input as facts
			count(service_owner.warn) == 0 with input as facts
		}
	}
}

test_an_unknown_owner_warns_elsewhere if {
	every environment in ["staging", "Staging", "dev"] {
		facts := object.union(_service({"owner": null}), {"environment": environment})
		count(service_owner.deny) == 0 with input as facts
		count(service_owner.warn) == 1 with input as facts
	}
}

test_what_is_missing_is_listed_once if {
	facts := _service({"name": null, "tier": null, "on_call": null})
	fixture.said(service_owner.warn) == ["the service file lacks name, tier, on_call"] with input as facts
}

test_one_gap_is_told_too if {
	fixture.said(service_owner.warn) == ["the service file lacks on_call"] with input as _service({"on_call": null})
}

test_a_known_owner_says_nothing_elsewhere if {
	count(service_owner.warn) == 0 with input as object.union(fixture.facts, {"environment": "staging"})
}
