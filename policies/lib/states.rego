# METADATA
# scope: package
# title: State files
# description: The state files of the service and those that the organisation's data knows, each with its owner.
package countersign.lib.states

import data.countersign.lib.people

all contains object.union(state, {"owner": _owner(state)}) if some state in input.service.states

all contains state if {
	some state in input.data.states
	is_string(state.path)
	is_string(state.environment)
}

_owner(state) := state.owner if {
	is_string(state.owner)
} else := input.service.owner

# One place is one file, however it is written.
path(state) := trim_suffix(lower(trim_space(state.path)), "/")

paths contains path(state) if some state in all

# The owners of a state file, each once.
owners(place) := people.named([state.owner | some state in all; path(state) == place])
