# METADATA
# scope: package
# title: Data about vulnerabilities is there and fresh
# description: >-
#   A source of data that the profile requires (`enrichment.required`) must have been given with every run (`--data`), and be no
#   older than the profile allows. Missing, old data and data from the future block: what it does not know yet looks harmless. Old data that is not
#   required is a warning. An admitted exception that names this rule under `match.verdict` makes it a warning.
# custom:
#   owner: security
#   severity: high
#   controls:
#     - iso27001:5.7
#     - iso27001:8.8
#     - nist-800-53:RA-5
#     - pci-dss:6.3.1
#     - soc2:CC7.1
#   remediation: Download the data in the pipeline, shortly before the gate.
package countersign.rules.coverage.data

import data.countersign.lib.exceptions

deny contains verdict if {
	some verdict in _faults
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it pass", [verdict.msg, id])}) if {
	some verdict in _faults
	some id in _lifting
}

warn contains _verdict(set, why) if {
	some set in input.enrichment
	not _required(set.source)
	why := _why(set, input.profile.enrichment.max_age_hours)
}

_lifting := exceptions.lifting("coverage/data")

_faults contains verdict if {
	some row in input.profile.enrichment.required
	not _given(row.source)
	verdict := {"msg": sprintf("no %s data was given", [row.source]), "next": sprintf("download it in the pipeline and give it (--data): %s", [_place(row.source)])}
}

# Each set, not the best of them: a fresh one for one ecosystem says nothing of another.
_faults contains _verdict(set, why) if {
	some row in input.profile.enrichment.required
	some set in input.enrichment
	set.source == row.source
	why := _why(set, _limit(row))
}

_verdict(set, why) := {
	"msg": sprintf("%s data: %s", [set.source, why]),
	"path": set.path,
	"next": sprintf("download it again: %s", [_place(set.source)]),
}

_limit(row) := row.max_age_hours if {
	row.max_age_hours != null
} else := input.profile.enrichment.max_age_hours

# A clock may be five minutes ahead of ours.
_why(set, hours) := sprintf("claims to be from the future (%s)", [set.date]) if {
	set.age_seconds < -300
} else := sprintf("%d hours old, at most %d count", [floor(set.age_seconds / 3600), hours]) if {
	hours != null
	set.age_seconds > hours * 3600
}

_given(source) if {
	some set in input.enrichment
	set.source == source
}

_required(source) if {
	some row in input.profile.enrichment.required
	row.source == source
}

_place(source) := object.get(_places, source, "see docs/DATA.md")

_places := {
	"kev": "https://www.cisa.gov/sites/default/files/feeds/known_exploited_vulnerabilities.json",
	"epss": "https://epss.empiricalsecurity.com/epss_scores-current.csv.gz",
	"osv": "https://osv-vulnerabilities.storage.googleapis.com/<ecosystem>/all.zip",
}
