# METADATA
# scope: package
# title: Exceptions are admitted by the profile
# description: >-
#   Judges every record that matches something here before any rule runs. A record is admitted when it names owner, reason and
#   mitigation, is in force, lives no longer than the profile allows for the worst finding it covers, and was approved by
#   enough people other than its owner and the author of the change.
# custom:
#   owner: security
#   severity: high
#   controls:
#     - hipaa:164.308(a)(1)(ii)(B)
#     - iso27001:8.8
#     - nist-800-53:RA-7
#     - pci-dss:6.3.1
#     - ssdf:RV.2.2
#   remediation: Mend the record as the reason says; the figures stand in the profile under `exceptions`.
package countersign.admission.governance

import data.countersign.lib.exceptions

_faulty := {fault.exception | some fault in exceptions.faults}

admit contains record.id if {
	some record in input.exceptions
	not record.id in _faulty
}

deny contains fault if some fault in exceptions.faults

warn contains remark if some remark in exceptions.remarks
