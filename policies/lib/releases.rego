# METADATA
# scope: package
# title: What is demanded of releases
# description: Whether the profile's section `release` is about this change. A service without a tier is of every tier.
package countersign.lib.releases

import data.countersign.lib.lists
import data.countersign.lib.tiers

demanded if {
	lists.matches(input.profile.release.kinds, input.change.kind)
	tiers.matches(input.profile.release.tiers)
}
