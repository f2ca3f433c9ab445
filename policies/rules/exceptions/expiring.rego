# METADATA
# scope: package
# title: No exception in use is about to end
# description: >-
#   Warns before an admitted exception ends, so that what it covers is fixed before it blocks. How many days before stands in
#   the profile under `exceptions.expiring_days`.
# custom:
#   owner: security
#   severity: low
#   controls:
#     - iso27001:8.8
#     - nist-800-53:RA-7
#     - ssdf:RV.2.2
#   remediation: Fix what the exception covers before it ends.
package countersign.rules.exceptions.expiring

import data.countersign.lib.people

warn contains object.union(verdict, people.acting(record.owner)) if {
	some record in input.exceptions
	record.admitted
	record.days_left >= 0
	record.days_left <= input.profile.exceptions.expiring_days
	verdict := {
		"msg": sprintf("exception %s ends on %s", [record.id, record.expires]),
		"fix_by": record.expires,
		"next": "fix what it covers; from the day after it blocks again",
	}
}
