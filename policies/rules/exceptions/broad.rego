# METADATA
# scope: package
# title: No exception in use covers too much
# description: >-
#   A record that covers more findings than the profile says (`exceptions.max_covers`) was not written about each of them.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - iso27001:8.8
#     - nist-800-53:RA-7
#     - ssdf:RV.2.2
#   remediation: Narrow the record to what somebody has looked at, by package and version, path or fingerprint.
package countersign.rules.exceptions.broad

import data.countersign.lib.people

warn contains object.union(verdict, people.acting(record.owner)) if {
	input.profile.exceptions.max_covers != null
	some record in input.exceptions
	record.admitted
	number := count(record.covers)
	number > input.profile.exceptions.max_covers
	verdict := {
		"msg": sprintf("exception %s covers %d findings, more than %d", [record.id, number, input.profile.exceptions.max_covers]),
		"next": "narrow it to what somebody has looked at",
	}
}
