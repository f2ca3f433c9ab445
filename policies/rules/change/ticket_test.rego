package countersign.rules.change.ticket_test

import data.countersign.lib.fixture
import data.countersign.rules.change.ticket

test_a_named_ticket_is_enough if count(ticket.deny) == 0 with input as fixture.facts

test_no_ticket_and_a_blank_one_block if {
	every value in [null, "", " "] {
		count(ticket.deny) == 1 with input as fixture.changed({"ticket": value})
	}
}

test_not_for_kinds_and_environments_that_need_none if {
	count(ticket.deny) == 0 with input as fixture.changed({"ticket": null, "kind": "standard"})
	elsewhere := {"profile": {"change": {"environments": ["staging"]}}}
	count(ticket.deny) == 0 with input as object.union(fixture.changed({"ticket": null}), elsewhere)
}
