# METADATA
# scope: package
# title: The way of deploying is allowed for the tier
# description: >-
#   Where the profile lists ways of deploying for a tier and environment (`reliability.strategies`), the service is
#   deployed in one of them (`deployment_strategy` in the service file). A service without a tier counts as critical.
# custom:
#   owner: sre
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - nist-800-53:CM-3
#     - soc2:CC8.1
#   remediation: >-
#     Deploy the service in one of the ways that its tier allows, and say so in its file.
package countersign.rules.reliability.strategy

import data.countersign.lib.exceptions
import data.countersign.lib.lists
import data.countersign.lib.texts
import data.countersign.lib.tiers

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("reliability/strategy")

_rows := [row |
	some row in input.profile.reliability.strategies
	lists.matches(row.tiers, tiers.assumed)
	lists.matches(row.environments, input.environment)
]

_allowed := _rows[0].allowed

_gaps contains {
	"msg": sprintf("%s; a service of tier %s may be deployed as %s", [_way, tiers.assumed, concat(" or ", _allowed)]),
	"next": "deploy it in one of these ways, and say so in the service file (deployment_strategy)",
} if {
	not _fits
	_allowed
}

_fits if {
	some way in _allowed
	texts.given(input.service.deployment_strategy)
	lower(trim_space(input.service.deployment_strategy)) == lower(trim_space(way))
}

_way := sprintf("deployed as %s", [input.service.deployment_strategy]) if {
	texts.given(input.service.deployment_strategy)
} else := "nobody says how the service is deployed"
