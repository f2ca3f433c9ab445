# METADATA
# scope: package
# title: The service is described
# description: >-
#   What the profile asks for (`ownership.metadata`) stands in the service file or the catalogue: a gap is a warning until the day
#   that the profile names (`ownership.metadata_blocks_from`), and blocks from then on.
# custom:
#   owner: platform
#   severity: medium
#   controls:
#     - iso27001:5.9
#     - soc2:CC2.1
#   remediation: Complete the service file, or the entry in the catalogue, and give it to the gate (`--service`).
package countersign.rules.ownership.metadata

import data.countersign.lib.texts

deny contains {"msg": _msg, "next": _next} if {
	count(_missing) > 0
	_blocks
}

warn contains {"msg": _msg, "next": _next} if {
	count(_missing) > 0
	_from == null
}

warn contains {"msg": sprintf("%s; blocks from %s on", [_msg, _from]), "fix_by": _from, "next": _next} if {
	count(_missing) > 0
	_from != null
	not _blocks
}

_from := input.profile.ownership.metadata_blocks_from

_blocks if {
	_from != null
	substring(input.now, 0, 10) >= _from
}

_missing := [field | some field in input.profile.ownership.metadata; not _given(field)]

_given("exposure") if input.ownership.exposure_stated

_given(field) if {
	field != "exposure"
	texts.given(input.service[field])
}

_msg := sprintf("the service is not described: %s", [concat(", ", _missing)])

_next := "complete the service file or the catalogue (--service)"
