# METADATA
# scope: package
# title: The service has an owner and can be looked up
# description: >-
#   Whoever is asked to fix, to approve or to wake up is named in the service file. An unknown owner blocks a release to
#   production and warns elsewhere; a missing name, tier or on-call warns.
# custom:
#   owner: platform
#   severity: medium
#   controls:
#     - iso27001:5.2
#     - iso27001:5.9
#   remediation: Complete the service file and give it to the gate (`--service`).
package countersign.rules.ownership.service_owner

import data.countersign.lib.environments
import data.countersign.lib.texts

deny contains _no_owner if {
	not texts.given(input.service.owner)
	environments.production
}

warn contains _no_owner if {
	not texts.given(input.service.owner)
	not environments.production
}

warn contains verdict if {
	missing := [field | some field in ["name", "tier", "on_call"]; not texts.given(input.service[field])]
	count(missing) > 0
	verdict := {
		"msg": sprintf("the service file lacks %s", [concat(", ", missing)]),
		"next": "complete the service file (--service)",
	}
}

_no_owner := {
	"msg": "nobody owns the service",
	"next": "name its owner in the service file (--service)",
}
