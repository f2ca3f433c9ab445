# METADATA
# scope: package
# title: The threshold table
# description: >-
#   What the profile's table says about the finding under judgement, and what the ratchet makes of it. The first row that matches
#   counts. A row that asks for a figure matches only where the finding's own is known.
package countersign.lib.thresholds

import data.countersign.lib.actions
import data.countersign.lib.baseline
import data.countersign.lib.lists
import data.countersign.lib.tiers

_rows := [candidate |
	some candidate in input.profile.thresholds
	lists.matches(candidate.kinds, input.finding.kind)
	lists.matches(candidate.exposures, input.service.exposure)
	lists.matches(candidate.environments, input.environment)
	lists.matches(object.get(candidate, "tiers", []), tiers.assumed)
	_fix(object.get(candidate, "fix_available", null))
	_exploited(object.get(candidate, "known_exploited", null))
	_at_least(object.get(candidate, "min_epss", null), _epss)
	_at_most(object.get(candidate, "max_epss", null), _epss)
	_at_least(object.get(candidate, "min_age_days", null), _age)
	_at_most(object.get(candidate, "max_age_days", null), _age)
]

# The row that counts; undefined when none matches.
row := _rows[0]

_fix(wanted) if wanted == null

_fix(wanted) if {
	wanted == true
	input.finding.package.fix_state == "fixed"
}

_fix(wanted) if {
	wanted == false
	input.finding.package.fix_state in {"not-fixed", "wont-fix"}
}

_exploited(wanted) if wanted == null

_exploited(wanted) if {
	is_boolean(wanted)
	input.finding.known_exploited == wanted
}

default _epss := null

_epss := input.finding.epss

_age := input.finding.seen_days if {
	is_number(input.finding.seen_days)
} else := input.finding.published_days if {
	is_number(input.finding.published_days)
} else := null

_at_least(least, _) if least == null

_at_least(least, value) if {
	is_number(least)
	is_number(value)
	value >= least
}

_at_most(most, _) if most == null

_at_most(most, value) if {
	is_number(most)
	is_number(value)
	value <= most
}

# What the table says. What it does not answer blocks.
default listed := "block"

listed := row.open[input.finding.severity] if input.finding.disposition == "open"

listed := row.excepted[input.finding.severity] if input.finding.disposition == "excepted"

listed := "ignore" if input.finding.disposition in {"suppressed", "not-affected", "resolved"}

# True when the finding was there before this change and the profile lets that pass.
softened if {
	input.finding.known == true
	input.finding.disposition == "open"
	baseline.counts
	lists.matches(input.profile.baseline.kinds, input.finding.kind)
	actions.milder(input.profile.baseline.known[input.finding.severity], listed)
}

# What the finding does to the release.
action := input.profile.baseline.known[input.finding.severity] if {
	softened
} else := listed

# The longest life in days of an exception that could cover the finding; 0 when none can.
default exception_days := 0

exception_days := input.profile.exceptions.max_days[input.service.exposure][input.finding.severity] if {
	row.excepted[input.finding.severity] != "block"
}
