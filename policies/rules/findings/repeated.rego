# METADATA
# scope: package
# title: No rule is broken again and again
# description: >-
#   Many open findings of one rule in several places point to a guardrail that is missing: a template, a library, a check
#   in the editor. From which number on stands in the profile under `repeated`.
# custom:
#   owner: security
#   severity: medium
#   controls:
#     - cis:16.3
#     - iso27001:8.28
#     - nist-800-53:SA-11
#     - soc2:CC4.1
#     - ssdf:RV.3.3
#   remediation: >-
#     Look for what all of them have in common, and mend that once: a template, a wrapper, a default.
package countersign.rules.findings.repeated

warn contains {
	"msg": sprintf("%d open findings of %s in %d places: a guardrail is missing", [rule.findings, rule.id, rule.places]),
	"next": "mend the cause once (a template, a wrapper, a default), not each of them",
} if {
	some rule in input.open.rules
	rule.findings >= _least
	rule.places >= input.profile.repeated.places
}

_least := input.profile.repeated.findings if is_number(input.profile.repeated.findings)
