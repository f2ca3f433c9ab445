# METADATA
# scope: package
# title: Everything came through a reviewed request
# description: >-
#   A side door is a commit that no pull or merge request brought. Where the profile demands it (`change.through_request`, and for
#   planned infrastructure changes `change.infrastructure_through_request`), a release without a request, or with a commit without
#   one, blocks. Which commits are new stands in the change file under `commits`; where nobody says, that is a warning. An
#   admitted exception that names this rule under `match.verdict` makes it a warning.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - nist-800-53:CM-5
#     - pci-dss:6.2.3.1
#     - soc2:CC8.1
#     - ssdf:PW.7.2
#   remediation: Bring the change through a reviewed request, and name it in the change file (`--change`).
package countersign.rules.change.through_request

import data.countersign.lib.exceptions
import data.countersign.lib.lists
import data.countersign.lib.texts

deny contains verdict if {
	some verdict in _side_doors
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _side_doors
	some id in _lifting
}

warn contains verdict if {
	_demanded
	_came_through(input.change.id)
	input.change.target == null
	count(input.change.commits) == 0
	verdict := {
		"msg": "nobody says which commits are new in this release, so a push past review would not be seen",
		"next": "list them, each with its request, in the change file (--change, commits)",
	}
}

_lifting := exceptions.lifting("change/through-request")

_side_doors contains {
	"msg": sprintf("%s came through no pull or merge request", [_what]),
	"next": "bring it through a reviewed request, and give its number in the change file (--change, id)",
} if {
	_demanded
	not _came_through(input.change.id)
	input.change.target == null
}

_side_doors contains {
	"msg": sprintf("commit %s came through no pull or merge request", [substring(commit.id, 0, 12)]),
	"next": "have it reviewed in a request, or take it out of the release",
} if {
	_demanded
	some commit in input.change.commits
	not _came_through(commit.request)
}

_came_through(request) if texts.given(request)

_demanded if {
	lists.matches(input.profile.change.environments, input.environment)
	input.profile.change.through_request[input.change.kind]
}

_demanded if _infrastructure

_infrastructure if {
	input.profile.change.infrastructure_through_request
	input.plan != null
}

_what := "a change of infrastructure" if {
	_infrastructure
} else := sprintf("a %s change", [input.change.kind])
