# METADATA
# scope: package
# title: Severities
# description: Words for a severity in a verdict.
package countersign.lib.severities

# The severity of a verdict about a finding. Nobody has said that an unknown one is harmless.
of_verdict(severity) := "high" if severity == "unknown"

of_verdict(severity) := severity if severity != "unknown"

# `high vulnerability`, `vulnerability of unknown severity`.
phrase(severity, kind) := sprintf("%s of unknown severity", [kind]) if severity == "unknown"

phrase(severity, kind) := sprintf("%s %s", [severity, kind]) if severity != "unknown"
