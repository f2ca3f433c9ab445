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
	_is_plain(person)
	not endswith(person, "[bot]")
}

_is_plain(person) if regex.match(`^[!-~]+( [!-~]+)*$`, person)

# Of a list of names, those that can approve and are surely nobody of another list. A name of that list with a letter that is not
# plain is everybody whom it could be taken for: such a letter may look like any other, like several, or like nothing.
approving_beside(list, others) := {person |
	some person in approving(list) - named(others)
	not _could_be(person, others)
}

_could_be(person, others) if {
	some other in named(others)
	not _is_plain(other)
	regex.match(sprintf("^%s$", [regex.replace(other, `[^a-z0-9]`, ".{0,3}")]), person)
}

# `{"owner": name}` to join to a verdict; nothing when the name is not known.
acting(name) := {"owner": name} if texts.given(name)

acting(name) := {} if not texts.given(name)
