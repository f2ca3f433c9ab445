# METADATA
# scope: package
# title: A change request never holds secrets of production
# description: >-
#   Whoever can open a request can change what its run does. So no run of a change request may hold a variable that the profile
#   takes for a secret of production (`runners.production_secrets`), nor, unless the profile lets it, the key that signs evidence.
#   Where secrets are asked about and nobody looked, that blocks too.
# custom:
#   owner: platform
#   severity: critical
#   controls:
#     - iso27001:5.17
#     - iso27001:8.31
#     - nist-800-53:AC-6
#     - nist-800-53:CM-5
#     - soc2:CC6.1
#     - soc2:CC6.3
#   remediation: Give these only to jobs of the protected branch, in a protected environment.
package countersign.rules.runners.secrets

deny contains verdict if {
	_request
	count(input.profile.runners.production_secrets) > 0
	is_array(input.change.run.secrets)
	some name in input.change.run.secrets
	verdict := {
		"msg": sprintf("this run of a change request holds %s, a secret of production", [name]),
		"next": "give it to a protected environment only, and rotate it: the author of any request could have read it",
	}
}

deny contains verdict if {
	_request
	count(input.profile.runners.production_secrets) > 0
	not is_array(input.change.run.secrets)
	verdict := {
		"msg": "nobody looked whether this run of a change request holds secrets of production",
		"next": "let the gate see the run's variables (no --ci none), or say which in the change file (--change, run.secrets)",
	}
}

deny contains verdict if {
	_request
	not input.profile.runners.signing_key_in_requests
	input.change.run.signing_key == true
	verdict := {
		"msg": "this run of a change request holds the key that signs evidence",
		"next": "sign in a protected environment only; decide here without --key",
	}
}

_request if input.change.target != null
