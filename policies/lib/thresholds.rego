# METADATA
# scope: package
# title: The threshold table
# description: What the profile's table says about the finding under judgement. The first row that matches counts.
package countersign.lib.thresholds

import data.countersign.lib.lists

_rows := [candidate |
	some candidate in input.profile.thresholds
	lists.matches(candidate.kinds, input.finding.kind)
	lists.matches(candidate.exposures, input.service.exposure)
	lists.matches(candidate.environments, input.environment)
]

# The row that counts; undefined when none matches.
row := _rows[0]

# What the finding does to the release. What the table does not answer blocks.
default action := "block"

action := row.open[input.finding.severity] if input.finding.disposition == "open"

action := row.excepted[input.finding.severity] if input.finding.disposition == "excepted"

action := "ignore" if input.finding.disposition in {"suppressed", "not-affected", "resolved"}

# The longest life in days of an exception that could cover the finding; 0 when none can.
default exception_days := 0

exception_days := input.profile.exceptions.max_days[input.service.exposure][input.finding.severity] if {
	row.excepted[input.finding.severity] != "block"
}
