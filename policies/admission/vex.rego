# METADATA
# scope: package
# title: Whose VEX statements count
# description: >-
#   Judges every VEX statement that is about a finding before any rule runs. A statement is admitted when the profile trusts its
#   issuer (`vex.trusted_issuers`) and it is that issuer's newest word. One that clears something needs a date that is neither in the
#   future nor too old (`vex.max_age_days`) and, in a change request, a document of the target branch (or any, where
#   `vex.accept_outside` says so). One that says "not affected" needs a justification of the specifications (or a note, where
#   `vex.accept_notes` says so).
# custom:
#   owner: security
#   severity: high
#   controls:
#     - iso27001:8.8
#     - nist-800-53:RA-5
#     - ssdf:RV.2.1
#   remediation: Name the issuer in the profile under `vex.trusted_issuers`, or ask the issuer for a justification.
package countersign.admission.vex

import data.countersign.lib.vex

admit contains statement.id if {
	some statement in input.vex
	count(vex.reasons(statement)) == 0
}

deny contains {"statement": statement.id, "msg": msg} if {
	some statement in input.vex
	some msg in vex.reasons(statement)
}
