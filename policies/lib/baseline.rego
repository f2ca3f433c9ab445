# METADATA
# scope: package
# title: The baseline
# description: Whether an earlier decision of the target branch counts here. One that does not stand, or is too old, changes nothing.
package countersign.lib.baseline

# True when there is one that stands and is young enough.
counts if {
	input.baseline.stands == true
	not too_old
}

too_old if {
	is_number(input.profile.baseline.max_age_days)
	input.baseline.age_days > input.profile.baseline.max_age_days
}
