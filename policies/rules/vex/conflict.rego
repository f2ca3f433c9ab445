# METADATA
# scope: package
# title: VEX statements do not contradict one another
# description: >-
#   Where one admitted statement says that a finding is not affected or fixed and another that it is affected, neither takes effect, and
#   the release stops until somebody says which is right. A contradiction by a statement that does not count is a warning.
# custom:
#   owner: security
#   severity: high
#   controls:
#     - iso27001:8.8
#     - nist-800-53:RA-5
#     - ssdf:RV.2.1
#   remediation: Ask both issuers, and take out or update the statement that is wrong.
package countersign.rules.vex.conflict

import data.countersign.lib.vex

deny contains verdict if {
	some verdict in _conflicts(true)
}

warn contains verdict if {
	some verdict in _conflicts(false)
}

_conflicts(admitted) := [verdict |
	some one in input.vex
	vex.clears(one)
	one.admitted
	some id in one.covers
	some other in _affected[id]
	other.admitted == admitted
	verdict := {
		"finding": id,
		"msg": sprintf("%s says %s, %s says affected", [_who(one), replace(one.status, "_", " "), _who(other)]),
		"path": other.path,
		"next": "find out which statement is right, and take out or update the other",
	}
]

# By finding, what says that it is affected.
_affected[id] contains other if {
	some other in input.vex
	other.status == "affected"
	some id in other.covers
}

_who(statement) := sprintf("%s (%s)", [vex.issuer(statement), statement.path])
