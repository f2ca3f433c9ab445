package countersign.rules.coverage.history_test

import data.countersign.lib.fixture
import data.countersign.rules.coverage.history

_demanding := {"profile": {"emergency": {"history": true}}}

_given(unverified) := {"history": {"decisions": 0, "newest": null, "unverified": unverified, "obligations": []}}

test_no_history_blocks_where_it_is_demanded if {
	count(history.deny) == 1 with input as fixture.with_parts(_demanding)
	count(history.deny) == 0 with input as fixture.facts
	count(history.deny) == 0 with input as fixture.with_parts(object.union(_demanding, _given([])))
}

test_what_cannot_be_verified_blocks_or_warns if {
	given := _given(["evidence/d-1"])
	count(history.deny) == 1 with input as fixture.with_parts(object.union(_demanding, given))
	count(history.warn) == 0 with input as fixture.with_parts(object.union(_demanding, given))
	count(history.deny) == 0 with input as fixture.with_parts(given)
	fixture.said(history.warn) == ["evidence of an earlier decision cannot be verified: evidence/d-1"] with input as fixture.with_parts(given)
}
