# METADATA
# scope: package
# title: Nothing new goes in after the cut
# description: >-
#   Between the cut line of a release and its end only the kinds of change that the profile names still go in. An admitted
#   exception that names this rule under `match.verdict` makes it a warning.
# custom:
#   owner: release
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: Leave it for the next release. Where it cannot wait, ask the owner of the release for an exception.
package countersign.rules.calendar.cut_line

import data.countersign.lib.exceptions
import data.countersign.lib.lists
import data.countersign.lib.people

deny contains object.union({"msg": _msg(cut), "next": _next(cut)}, people.acting(cut.owner)) if {
	some cut in _after
	count(_lifting) == 0
}

warn contains object.union(verdict, people.acting(cut.owner)) if {
	some cut in _after
	some id in _lifting
	verdict := {"msg": sprintf("%s; exception %s lets it in", [_msg(cut), id]), "next": "tell the owner of the release"}
}

_lifting := exceptions.lifting("calendar/cut-line")

_after contains cut if {
	some cut in input.profile.cut_lines
	lists.matches(cut.environments, input.environment)
	cut.at <= input.now
	input.now < cut.until
	not input.change.kind in cut.kinds
}

_msg(cut) := sprintf("%s was cut on %s: a %s change no longer goes in", [cut.name, cut.at, input.change.kind])

_next(cut) := sprintf("ship after %s, or ask the owner of the release for an exception", [cut.until])
