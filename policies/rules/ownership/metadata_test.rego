package countersign.rules.ownership.metadata_test

import data.countersign.lib.fixture
import data.countersign.rules.ownership.metadata

_facts(from, service) := fixture.with_parts({
	"profile": {"ownership": {"metadata": ["owner", "runbook", "exposure"], "metadata_blocks_from": from}},
	"service": service,
})

_complete := {"runbook": "docs/runbook.md"}

test_a_gap_warns_without_a_date if {
	every runbook in [null, "", " "] {
		facts := _facts(null, {"runbook": runbook})
		fixture.said(metadata.warn) == ["the service is not described: runbook"] with input as facts
		count(metadata.deny) == 0 with input as facts
	}
}

test_a_gap_warns_until_the_day_and_blocks_from_it_on if {
	fixture.said(metadata.warn) == ["the service is not described: runbook; blocks from 2026-11-22 on"] with input as _facts("2026-11-22", {})
	count(metadata.deny) == 0 with input as _facts("2026-11-22", {})
	count(metadata.deny) == 1 with input as _facts("2026-11-21", {})
	count(metadata.warn) == 0 with input as _facts("2026-11-21", {})
}

test_an_exposure_that_nobody_stated_is_a_gap if {
	facts := object.union(_facts(null, _complete), {"ownership": {"exposure_stated": false}})
	fixture.said(metadata.warn) == ["the service is not described: exposure"] with input as facts
}

test_a_whole_description_passes if {
	count(metadata.warn) == 0 with input as _facts("2026-11-01", _complete)
	count(metadata.deny) == 0 with input as _facts("2026-11-01", _complete)
}

test_nothing_is_asked_by_default if count(metadata.warn) == 0 with input as fixture.facts
