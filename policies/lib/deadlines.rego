# METADATA
# scope: package
# title: Fix-by dates
# description: >-
#   Until when the finding under judgement is to be fixed: the days of its severity, by service, from when it was first seen or
#   published. The time of a file is never looked at.
package countersign.lib.deadlines

import data.countersign.lib.baseline
import data.countersign.lib.dates
import data.countersign.lib.lists
import data.countersign.lib.tiers

_rows := [row |
	some row in object.get(input.profile, "fix_by", [])
	_about_service(row)
	lists.matches(row.tiers, tiers.assumed)
	lists.matches(row.exposures, input.service.exposure)
]

_about_service(row) if count(row.services) == 0

_about_service(row) if {
	is_string(input.service.name)
	input.service.name in row.services
}

# Days that a finding of this severity has.
days := _rows[0].days[input.finding.severity] if {
	count(_rows) > 0
} else := input.profile.fix_by_days[input.finding.severity]

_since := object.get(object.get(input.profile, "overdue", {}), "since", "first-seen")

_ages contains input.finding.seen_days if {
	baseline.counts
	is_number(input.finding.seen_days)
}

_ages contains input.finding.published_days if {
	_since == "earliest"
	is_number(input.finding.published_days)
}

# Days since the clock of the finding began; undefined where nobody says when.
age := max(_ages) if count(_ages) > 0

# True when its day has passed.
passed if age > days

# The day: in the past where it has passed; counted from today where nobody says when it began.
by := dates.in_days(days - age) if {
	count(_ages) > 0
} else := dates.in_days(days)
