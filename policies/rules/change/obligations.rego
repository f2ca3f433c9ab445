# METADATA
# scope: package
# title: What earlier emergencies left owed is done
# description: >-
#   An emergency leaves a review owed. Until somebody other than who asked for it has signed its closing (`--emergency` takes it too), the
#   next release of this repository to this environment blocks. An emergency that stands on its own record ships, and the debt stays.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC8.1
#   remediation: Review the emergency, write the closing, have it signed, and give it to the gate (`--emergency`).
package countersign.rules.change.obligations

import data.countersign.lib.emergencies
import data.countersign.lib.people

deny contains object.union(_verdict(obligation), people.acting(obligation.owner)) if {
	some obligation in emergencies.owed
	not emergencies.stands
}

warn contains object.union(_verdict(obligation), people.acting(obligation.owner)) if {
	some obligation in emergencies.owed
	emergencies.stands
}

_verdict(obligation) := {
	"msg": sprintf("owed since %s: %s, due %s", [obligation.decision, obligation.what, obligation.due]),
	"fix_by": obligation.due,
	"next": sprintf("have somebody other than who asked for it review %s and sign the closing (--emergency)", [obligation.id]),
}
