# METADATA
# scope: package
# title: What is a change to the platform
# description: Whether the profile's section `platform` is about this change. One whose paths nobody names may be.
package countersign.lib.platform

_demands := input.profile.platform

concerned if {
	count(_demands.layers) == 0
	count(_demands.services) == 0
}

concerned if {
	count(_demands.layers) > 0
	count(input.change.files) == 0
}

concerned if {
	some file in input.ownership.files
	some layer in file.layers
	layer in _demands.layers
}

concerned if input.service.name in _demands.services
