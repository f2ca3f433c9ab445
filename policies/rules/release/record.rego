# METADATA
# scope: package
# title: The release says what it is
# description: >-
#   Its version, its entry in the changelog and the record of its deployment, as far as the profile demands them
#   (`release`), so that anybody can say later what went out, why and when.
# custom:
#   owner: release
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - pci-dss:6.5.1
#     - soc2:CC2.1
#     - soc2:CC8.1
#   remediation: >-
#     Fill in `release` in the change file (`--change`).
package countersign.rules.release.record

import data.countersign.lib.exceptions
import data.countersign.lib.releases
import data.countersign.lib.texts

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("release/record")

_gaps contains {
	"msg": sprintf("the release has no %s", [name]),
	"next": sprintf("give it in the change file (--change, release.%s)", [key]),
} if {
	releases.demanded
	some key, name in {"version": "version", "changelog": "entry in the changelog", "deployment_record": "record of its deployment"}
	input.profile.release[key]
	not texts.given(input.change.release[key])
}
