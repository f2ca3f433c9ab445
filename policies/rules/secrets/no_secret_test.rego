package countersign.rules.secrets.no_secret_test

import data.countersign.lib.fixture
import data.countersign.rules.secrets.no_secret

test_a_secret_blocks_whatever_its_severity if {
	every severity in ["critical", "low", "info", "unknown"] {
		some verdict in no_secret.deny with input as fixture.about({"kind": "secret", "severity": severity}, "internal", null)
		startswith(verdict.next, "rotate")
	}
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := fixture.about({"kind": "secret", "disposition": "excepted"}, "internal", fixture.exception)
	count(no_secret.deny) == 0 with input as facts
	fixture.said(no_secret.warn) == ["secret under exception EX-1: {title}"] with input as facts
}

test_other_kinds_and_settled_ones_say_nothing if {
	every changes in [{}, {"kind": "secret", "disposition": "suppressed"}, {"kind": "secret", "disposition": "resolved"}] {
		facts := fixture.about(changes, "public", null)
		count(no_secret.deny) == 0 with input as facts
		count(no_secret.warn) == 0 with input as facts
	}
}

test_an_open_one_is_no_warning_beside_the_block if {
	count(no_secret.warn) == 0 with input as fixture.about({"kind": "secret"}, "public", fixture.exception)
}

test_another_kind_under_an_exception_is_not_its_business if {
	count(no_secret.warn) == 0 with input as fixture.about({"disposition": "excepted"}, "internal", fixture.exception)
}
