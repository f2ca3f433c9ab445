# METADATA
# scope: package
# title: People
# description: Who counts as one person. Names are compared without case and surrounding space, so that nobody counts twice.
package countersign.lib.people

import data.countersign.lib.texts

# The people in a list of names; blanks and nulls are nobody. A leading @ names the same person, and so does what the
# organisation's data lists as another name (`authority.aliases`: other name to principal).
named(list) := {_one(trim_prefix(lower(trim_space(name)), "@")) |
	some name in list
	texts.given(name)
}

_one(name) := trim_prefix(lower(trim_space(input.data.authority.aliases[name])), "@") if {
	is_string(input.data.authority.aliases[name])
} else := name

# Of a list of names, those that can approve: plain ones, which cannot be mistaken for another, and no machine's account.
approving(list) := {person |
	some person in named(list)
	regex.match(`^[!-~]+( [!-~]+)*$`, person)
	not endswith(person, "[bot]")
}

# `{"owner": name}` to join to a verdict; nothing when the name is not known.
acting(name) := {"owner": name} if texts.given(name)

acting(name) := {} if not texts.given(name)
