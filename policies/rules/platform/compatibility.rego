# METADATA
# scope: package
# title: The release works with the versions before it
# description: >-
#   Where the profile asks (`platform.compatible_versions`), contract or compatibility tests of this commit passed with so
#   many prior versions, as the change file says under `release.compatibility`. One that failed blocks in any case.
# custom:
#   owner: quality
#   severity: high
#   controls:
#     - iso27001:8.29
#     - iso27001:8.32
#     - nist-800-53:SA-11
#     - soc2:CC8.1
#   remediation: >-
#     Test this commit with the prior versions, and give the results in the change file (`--change`,
#     `release.compatibility`).
package countersign.rules.platform.compatibility

import data.countersign.lib.exceptions
import data.countersign.lib.platform

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("platform/compatibility")

_results := input.change.release.compatibility

_gaps contains {
	"msg": sprintf("the release does not work with version %s", [result.version]),
	"next": "mend what is no longer compatible, or release it as a new contract beside the old one",
} if {
	some result in _results
	not result.passed
}

_gaps contains {
	"msg": sprintf("compatibility was tested with %d of %d prior versions%s", [count(_tested), _needed, _elsewhere]),
	"next": "test this commit with them, and give the results in the change file (--change, release.compatibility)",
} if {
	platform.concerned
	count(_tested) < _needed
}

_needed := input.profile.platform.compatible_versions if is_number(input.profile.platform.compatible_versions)

_tested := {lower(trim_space(result.version)) |
	some result in _results
	result.passed
	is_string(input.change.commit)
	result.commit == input.change.commit
}

_elsewhere := "; others were tested with another commit, or nobody says with which" if {
	some result in _results
	result.passed
	object.get(result, "commit", null) != input.change.commit
} else := ""
