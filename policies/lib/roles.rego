# METADATA
# scope: package
# title: Roles
# description: >-
#   Who has which role, as the authority data says (`input.data.authority.roles`: principal to roles). Where it says nothing,
#   nobody has any.
package countersign.lib.roles

import data.countersign.lib.people

# The people who have one of these roles.
people_of(roles) := {person |
	some principal, held in input.data.authority.roles
	is_array(held)
	some role in held
	role in roles
	some person in people.named([principal])
}

# `security or engineering-lead`, for a message.
either(roles) := concat(" or ", roles)
