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
	"msg": sprintf("%s is not known of %d open vulnerabilities, and rows of the threshold table ask for it", [what, count(ids)]),
	"next": "use a scanner that reports it, or give data that hold it",
} if {
	some what, ids in _unknown
	count(ids) > 0
}

_unknown["the probability of exploitation (EPSS)"] contains finding.id if {
	_asked(["min_epss", "max_epss"])
	some finding in _open
	not is_number(finding.epss)
}

_unknown["whether it is known to be exploited"] contains finding.id if {
	_asked(["known_exploited"])
	some finding in _open
	not is_boolean(finding.known_exploited)
}

_unknown["the age"] contains finding.id if {
	_asked(["min_age_days", "max_age_days"])
	some finding in _open
	not is_number(finding.seen_days)
	not is_number(finding.published_days)
}

_open := [finding |
	some finding in input.findings
	finding.kind == "vulnerability"
	finding.disposition == "open"
]

_asked(keys) if {
	some row in input.profile.thresholds
	some key in keys
	object.get(row, key, null) != null
}
