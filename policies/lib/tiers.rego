# METADATA
# scope: package
# title: Tiers
# description: Whether a row is about this service. One without a tier may be of any, so every row is about it.
package countersign.lib.tiers

import data.countersign.lib.lists

matches(tiers) if lists.matches(tiers, input.service.tier)

matches(_) if not input.service.tier

matches(_) if input.service.tier == null

# The tier where one has to be assumed: the strictest where nobody names it.
assumed := input.service.tier if {
	is_string(input.service.tier)
} else := "critical"
