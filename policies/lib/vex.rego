# METADATA
# scope: package
# title: VEX statements
# description: What keeps a statement from being admitted.
package countersign.lib.vex

import data.countersign.lib.dates
import data.countersign.lib.texts

_demands := input.profile.vex

# True for a statement that would take a finding away.
clears(statement) if statement.status in {"not_affected", "fixed"}

# Every reason why a statement must not count.
reasons(statement) := union({
	{msg | not _trusted(statement); msg := sprintf("its issuer %s is not among the trusted ones", [issuer(statement)])},
	{msg | statement.superseded; msg := "its issuer has said something newer"},
	{msg | statement.status == "not_affected"; not _justified(statement); msg := "it gives no known justification"},
	{msg | clears(statement); not texts.given(statement.at); msg := "it has no date"},
	{msg | clears(statement); _is_to_come(statement.at); msg := sprintf("it is from the future (%s)", [statement.at])},
	{msg | clears(statement); msg := _too_old(statement.at)},
	{msg | clears(statement); _is_outside(statement); msg := "it lies outside the repository, where a job of this change request may have put it"},
})

_is_to_come(at) if {
	texts.given(at)
	at > input.now
}

_too_old(at) := sprintf("it is of %s, and at most %d days count", [day, days]) if {
	days := _demands.max_age_days
	days != null
	texts.given(at)
	day := substring(at, 0, 10)
	not _recent(day, days)
}

_is_outside(statement) if {
	statement.outside
	not _demands.accept_outside
}

_trusted(statement) if {
	texts.given(statement.issuer)
	statement.issuer in _demands.trusted_issuers
}

# A day from the future is another fault.
_recent(day, days) if day >= dates.in_days(0 - days)

# Who says so, for people.
issuer(statement) := statement.issuer if {
	texts.given(statement.issuer)
} else := "(none)"

_justified(statement) if statement.justification in _justifications

_justified(statement) if {
	_demands.accept_notes
	texts.given(statement.note)
}

# The words of OpenVEX and CSAF, then those of CycloneDX.
_justifications := {
	"component_not_present",
	"vulnerable_code_not_present",
	"vulnerable_code_not_in_execute_path",
	"vulnerable_code_cannot_be_controlled_by_adversary",
	"inline_mitigations_already_exist",
	"code_not_present",
	"code_not_reachable",
	"requires_configuration",
	"requires_dependency",
	"requires_environment",
	"protected_by_compiler",
	"protected_at_runtime",
	"protected_at_perimeter",
	"protected_by_mitigating_control",
}
