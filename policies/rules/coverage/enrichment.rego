# METADATA
# scope: package
# title: What the threshold table asks about vulnerabilities is known
# description: >-
#   A row of the threshold table that asks for the probability of exploitation (EPSS), whether something is known to be
#   exploited, or its age, does not match where nobody says. That is seen, because such a row may be the one that would
#   have blocked.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - iso27001:5.7
#     - nist-800-53:RA-5
#     - soc2:CC7.1
#   remediation: >-
#     Use a scanner that reports these figures, or give data that hold them.
package countersign.rules.coverage.enrichment

warn contains {
	"msg": sprintf("%s is not known of %d open vulnerabilities, and rows of the threshold table ask for it", [what, unknown]),
	"next": "use a scanner that reports it, or give data that hold it",
} if {
	some what, unknown in _unknown
	unknown > 0
}

_unknown["the probability of exploitation (EPSS)"] := input.open.unknown.epss if _asked(["min_epss", "max_epss"])

_unknown["whether it is known to be exploited"] := input.open.unknown.known_exploited if _asked(["known_exploited"])

_unknown["the age"] := input.open.unknown.age if _asked(["min_age_days", "max_age_days"])

_asked(keys) if {
	some row in input.profile.thresholds
	some key in keys
	object.get(row, key, null) != null
}
