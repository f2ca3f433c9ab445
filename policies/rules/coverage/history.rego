# METADATA
# scope: package
# title: The earlier decisions are known
# description: >-
#   Where the profile demands it (`emergency.history`), every run is given the evidence of the earlier decisions (`--history`), because
#   what they left owed is known from nowhere else. No history, and evidence in it that cannot be verified, block: they are no clean
#   sheet. Evidence that cannot be verified is a warning where no history is demanded.
# custom:
#   owner: engineering
#   severity: high
#   controls:
#     - iso27001:5.28
#     - iso27001:5.33
#     - nist-800-53:AU-9
#     - soc2:CC8.1
#   remediation: Keep the evidence of every decision, and give it to the gate (`--history DIR --history-key PUBLIC_KEY`).
package countersign.rules.coverage.history

deny contains verdict if {
	input.profile.emergency.history
	input.history == null
	verdict := {
		"msg": "the earlier decisions were not given, so nobody can say that nothing is owed",
		"next": "give the directory with their evidence (--history DIR --history-key PUBLIC_KEY)",
	}
}

deny contains _verdict(place) if {
	some place in _unverified
	input.profile.emergency.history
}

warn contains _verdict(place) if {
	some place in _unverified
	not input.profile.emergency.history
}

_unverified contains place if {
	some place in input.history.unverified
}

_verdict(place) := {
	"msg": sprintf("evidence of an earlier decision cannot be verified: %s", [place]),
	"next": "see with countersign verify what does not hold, and bring back the evidence as it was signed",
}
