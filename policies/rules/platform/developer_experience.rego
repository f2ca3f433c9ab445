# METADATA
# scope: package
# title: Developers can work with the platform
# description: >-
#   Where the profile asks (`platform.developer_experience_above`), the developer-experience score that the platform
#   publishes, in the data under `platform.developer_experience` (`score` of 10, `measured`, a day), is above it and not
#   too old. A score that is not there blocks.
# custom:
#   owner: platform
#   severity: medium
#   controls:
#     - iso27001:8.32
#     - soc2:CC4.1
#   remediation: >-
#     Ask the developers, publish the score in the data, and mend what they name first.
package countersign.rules.platform.developer_experience

import data.countersign.lib.dates
import data.countersign.lib.platform

deny contains {
	"msg": "nobody knows how developers fare with the platform",
	"next": "publish the score in the data (platform.developer_experience: {score, measured})",
} if {
	_above
	not _score
}

deny contains {
	"msg": sprintf("the developer-experience score is %v of 10, and must be above %v", [_score, _above]),
	"next": "mend first what developers name, then measure again",
} if {
	_score <= _above
}

deny contains {
	"msg": sprintf("nobody measured the developer experience within %d days", [_days]),
	"next": "measure again, and publish the score with its day in the data (platform.developer_experience)",
} if {
	_score
	not _young
}

_above := input.profile.platform.developer_experience_above if {
	platform.concerned
	is_number(input.profile.platform.developer_experience_above)
}

_days := input.profile.platform.developer_experience_max_days if is_number(input.profile.platform.developer_experience_max_days)

_published := input.data.platform.developer_experience

_score := _published.score if {
	_above
	is_number(_published.score)
	_published.score >= 0
	_published.score <= 10
}

_young if not _days

_young if dates.within(_published.measured, _days)
