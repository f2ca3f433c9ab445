# METADATA
# scope: package
# title: Exceptions are in force and well governed
# description: >-
#   Says of every record that matches something here and was not admitted why it does not count. What it would have covered is
#   judged as open, so this is a warning beside that verdict.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - hipaa:164.308(a)(1)(ii)(B)
#     - iso27001:8.8
#     - nist-800-53:RA-7
#     - pci-dss:6.3.1
#     - ssdf:RV.2.2
#   remediation: Mend the record as the reason says, on the branch that the change goes to, or fix what it covers.
package countersign.rules.exceptions.governance

import data.countersign.lib.exceptions
import data.countersign.lib.people

warn contains object.union(verdict, people.acting(record.owner)) if {
	some record in input.exceptions
	not record.admitted
	verdict := {
		"msg": sprintf("exception %s does not count: %s", [record.id, concat("; ", _reasons(record.id))]),
		"next": _next(record),
	}
}

warn contains object.union(verdict, people.acting(record.owner)) if {
	some record in input.exceptions
	record.admitted
	some msg in exceptions.remarks_of[record.id]
	verdict := {
		"msg": sprintf("exception %s: %s", [record.id, msg]),
		"next": _mended(msg),
	}
}

_mended(msg) := "fetch the whole target branch before the gate runs, in GitHub with fetch-depth: 0" if {
	startswith(msg, "the clone")
} else := "take the approval out, or have somebody approve who may"

_reasons(id) := sort(exceptions.faults_of[id]) if {
	exceptions.faults_of[id]
} else := ["no admission rule admits it"]

_next(record) := "fix what it covers, or look at the risk again and renew the record" if {
	record.days_left < 0
} else := "fix what it covers, or mend the record on the branch that the change goes to"
