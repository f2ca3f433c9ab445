# METADATA
# scope: package
# title: Nothing blocks that was there before this change
# description: >-
#   Where the profile says so (`baseline.known`), a finding that the baseline lists as open, and no milder, does less than
#   the threshold table says. It stays in sight as a warning. A finding that is new, has grown worse, or was under an
#   exception then is judged as any other.
# custom:
#   owner: security
#   severity: medium
#   scope: finding
#   controls:
#     - cis:7.7
#     - iso27001:8.8
#     - nist-800-53:RA-5
#     - ssdf:RV.2.2
#   remediation: >-
#     Fix what was there before; the next change will be asked again.
package countersign.rules.findings.ratchet

import data.countersign.lib.severities
import data.countersign.lib.deadlines
import data.countersign.lib.thresholds

warn contains {
	"msg": sprintf("%s that was there before this change does not block", [severities.phrase(input.finding.severity, input.finding.kind)]),
	"severity": severities.of_verdict(input.finding.severity),
	"fix_by": deadlines.by,
	"next": "fix it; it blocks again when it grows worse",
} if {
	thresholds.softened
	thresholds.listed == "block"
}
