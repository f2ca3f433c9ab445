package countersign.rules.findings.owner_test

import data.countersign.lib.fixture
import data.countersign.rules.findings.owner

test_warns_of_a_blocking_finding_that_nobody_owns if {
	count(owner.warn) == 1 with input as fixture.about({"owner": null}, "public", null)
}

test_says_nothing_where_an_owner_is_known if {
	count(owner.warn) == 0 with input as fixture.about({}, "public", null)
}

test_says_nothing_of_what_does_not_block if {
	count(owner.warn) == 0 with input as fixture.about({"owner": null, "severity": "low"}, "public", null)
	count(owner.warn) == 0 with input as fixture.about({"owner": null, "disposition": "suppressed"}, "public", null)
	count(owner.warn) == 0 with input as fixture.about({"owner": null, "disposition": "excepted"}, "public", null)
}
