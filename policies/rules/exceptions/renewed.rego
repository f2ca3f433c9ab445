# METADATA
# scope: package
# title: No exception in use is renewed again and again
# description: >-
#   A record that was renewed more often than the profile says (`exceptions.max_renewals`) is no exception any more but how things are.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - iso27001:8.8
#     - nist-800-53:RA-7
#     - ssdf:RV.2.2
#   remediation: Fix what the exception covers, or have the owner of the policies change the rule.
package countersign.rules.exceptions.renewed

import data.countersign.lib.people

warn contains object.union(verdict, people.acting(record.owner)) if {
	input.profile.exceptions.max_renewals != null
	some record in input.exceptions
	record.admitted
	times := count(object.get(record, "renewals", []))
	times > input.profile.exceptions.max_renewals
	verdict := {
		"msg": sprintf("exception %s was renewed %d times, more than %d", [record.id, times, input.profile.exceptions.max_renewals]),
		"fix_by": record.expires,
		"next": "fix what it covers, or have the rule changed that it goes against",
	}
}
