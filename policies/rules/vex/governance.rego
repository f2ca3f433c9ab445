# METADATA
# scope: package
# title: VEX statements say enough to count
# description: >-
#   A statement that would clear a finding and does not count is said, with the reason: an issuer that the profile does not trust, no
#   justification, no date, one in the future or too long ago, a document from outside the repository. So are statements that were not
#   understood, and products that cannot be compared with what is released. None of them clears anything.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - iso27001:8.8
#     - nist-800-53:RA-5
#     - ssdf:RV.2.1
#   remediation: Ask the issuer for what is missing, or trust the issuer in the profile (`vex.trusted_issuers`).
package countersign.rules.vex.governance

import data.countersign.lib.vex

warn contains verdict if {
	some statement in input.vex
	vex.clears(statement)
	not statement.superseded
	some msg in vex.reasons(statement)
	verdict := {
		"msg": sprintf("%s on %s does not count: %s", [replace(statement.status, "_", " "), statement.vulnerabilities[0], msg]),
		"path": statement.path,
		"next": "ask the issuer for what is missing, or trust the issuer in the profile (vex.trusted_issuers)",
	}
}

warn contains verdict if {
	some document in input.vex_documents
	document.not_understood > 0
	verdict := {
		"msg": sprintf("%s: %d statements were not understood, and count for nothing", [document.path, document.not_understood]),
		"path": document.path,
		"next": "give each status its word, and each not_affected a justification or an impact statement",
	}
}

warn contains verdict if {
	some document in input.vex_documents
	some line in document.unresolved
	verdict := {
		"msg": sprintf("a product cannot be compared with what is released, and its statements count for nothing: %s", [line]),
		"path": document.path,
		"next": "name the product by its package URL, with its version where it is fixed there",
	}
}
