# METADATA
# scope: package
# title: Every line of CODEOWNERS counts
# description: >-
#   The platform skips lines of CODEOWNERS that it cannot read, without a word, and what they should protect belongs to nobody. Warns
#   for each such line, and for changed paths that nobody owns.
# custom:
#   owner: platform
#   severity: medium
#   controls:
#     - iso27001:5.9
#     - iso27001:8.32
#     - nist-800-53:CM-5
#   remediation: Mend these lines of CODEOWNERS on the branch that the change goes to.
package countersign.rules.ownership.codeowners

warn contains verdict if {
	some skipped in input.ownership.skipped
	verdict := {
		"msg": sprintf("%s, %s", [input.ownership.codeowners, skipped]),
		"path": input.ownership.codeowners,
		"next": "mend the line",
	}
}

warn contains verdict if {
	input.ownership.codeowners != null
	unowned := [file.path | some file in input.ownership.files; count(file.owners) == 0]
	count(unowned) > 0
	verdict := {
		"msg": sprintf("%d changed paths have no owner, the first is %s", [count(unowned), unowned[0]]),
		"path": unowned[0],
		"next": "give them an owner in CODEOWNERS or the service file",
	}
}
