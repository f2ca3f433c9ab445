# METADATA
# scope: package
# title: An emergency stands on a signed record
# description: >-
#   An emergency change ships first and is reviewed afterwards. It needs a record (`--emergency`) that gives the reason, who asks for it and
#   what it is about, lives no longer than the profile says, and is signed by somebody who may; a label or a word in the change file is
#   none. A rollback on such a record always ships: whatever else would block is a warning then. Either leaves a review owed.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Write and sign the record, or ship the change the ordinary way. Have it reviewed afterwards and sign the closing.
package countersign.rules.change.emergency

import data.countersign.lib.dates
import data.countersign.lib.emergencies
import data.countersign.lib.people

deny contains verdict if {
	emergencies.claimed
	input.emergency == null
	verdict := {
		"msg": "an emergency without a record: nobody has signed for it",
		"next": "write and sign one, and give it to the gate (--emergency), or ship the change the ordinary way",
	}
}

deny contains verdict if {
	emergencies.claimed
	input.emergency != null
	count(emergencies.faults) > 0
	verdict := {
		"msg": sprintf("emergency %s does not count: %s", [input.emergency.id, concat("; ", sort(emergencies.faults))]),
		"next": "mend the record and have it signed again, or ship the change the ordinary way",
	}
}

warn contains object.union(verdict, people.acting(input.emergency.requested_by)) if {
	emergencies.stands
	verdict := {
		"msg": sprintf("emergency %s, signed by %s: %s", [input.emergency.id, _signers, input.emergency.reason]),
		"fix_by": dates.in_days(input.profile.emergency.review_days),
		"next": "tell the owner of the service now; have somebody else review it afterwards, and sign the closing",
	}
}

warn contains verdict if {
	input.emergency != null
	not emergencies.claimed
	verdict := {
		"msg": sprintf("emergency %s is given, and the change is none", [input.emergency.id]),
		"next": "leave the record out, or say kind: emergency in the change file (--change)",
	}
}

_signers := concat(", ", input.emergency.signers.verified) if {
	count(input.emergency.signers.verified) > 0
} else := "nobody"
