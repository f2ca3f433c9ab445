# METADATA
# scope: package
# title: Every artifact has its bill of materials, provenance and signature
# description: >-
#   As far as the profile demands them (`release`): an artifact by its digest, and documents whose subject is that very
#   digest. Provenance must name the commit that is released and, where the profile lists builders, one of them. What a
#   document says is a claim: whether a signature holds is for its verifier (`cosign verify-attestation`, `gh attestation
#   verify`) to say.
# custom:
#   owner: platform
#   severity: high
#   controls:
#     - cis:16.4
#     - nist-800-53:SI-7
#     - nist-800-53:SR-4
#     - pci-dss:6.3.2
#     - soc2:CC6.8
#     - ssdf:PS.2.1
#     - ssdf:PS.3.2
#   remediation: >-
#     Make the documents in the job that builds the artifact, name its digest (`--subject`), and give them to the gate as
#     reports.
package countersign.rules.release.artifacts

import data.countersign.lib.exceptions
import data.countersign.lib.releases

deny contains verdict if {
	some verdict in _gaps
	count(_lifting) == 0
}

warn contains object.union(verdict, {"msg": sprintf("%s; exception %s lets it ship", [verdict.msg, id])}) if {
	some verdict in _gaps
	some id in _lifting
}

_lifting := exceptions.lifting("release/artifacts")

_gaps contains {
	"msg": "no artifact is named, so nobody can say what is released",
	"next": "name it with its digest (--subject)",
} if {
	releases.demanded
	input.profile.release.artifact
	count(input.artifacts) == 0
}

# What is asked of an artifact cannot be there without one.
_gaps contains {
	"msg": sprintf("no artifact is named, so nothing can be its %s", [name]),
	"next": "name it with its digest (--subject)",
} if {
	releases.demanded
	not input.profile.release.artifact
	count(input.artifacts) == 0
	some key, name in _documents
	input.profile.release[key]
}

_gaps contains {
	"msg": sprintf("%s has no %s about its digest%s", [artifact.name, name, _another(key)]),
	"next": sprintf("make the %s where the artifact is built, and give it to the gate as a report", [name]),
} if {
	releases.demanded
	some artifact in input.artifacts
	some key, name in _documents
	input.profile.release[key]
	count(artifact[key]) == 0
}

_gaps contains {
	"msg": sprintf("the provenance of %s does not name the commit that is released", [artifact.name]),
	"next": "release what was built from this commit",
} if {
	releases.demanded
	input.profile.release.provenance
	some artifact in input.artifacts
	count(artifact.provenance) > 0
	not _of_this_commit(artifact)
}

_gaps contains {
	"msg": sprintf("%s was built by none of the builders that may: %s", [artifact.name, _builders(artifact)]),
	"next": "build it on one of the builders that the profile lists",
} if {
	releases.demanded
	count(input.profile.release.builders) > 0
	some artifact in input.artifacts
	not _built_by_one(artifact)
	not _lacks_provenance(artifact)
}

_documents := {"sbom": "bill of materials", "provenance": "provenance", "signature": "signature"}

_of_this_commit(artifact) if {
	is_string(input.change.commit)
	some claim in artifact.provenance
	input.change.commit in claim.commits
}

_built_by_one(artifact) if {
	some claim in artifact.provenance
	claim.builder in input.profile.release.builders
}

# Its own verdict says so.
_lacks_provenance(artifact) if {
	input.profile.release.provenance
	count(artifact.provenance) == 0
}

_builders(artifact) := concat(", ", sort(names)) if {
	names := {claim.builder | some claim in artifact.provenance; is_string(claim.builder)}
	count(names) > 0
} else := "nobody says who built it"

_another(key) := "; there is one about something else" if {
	some statement in input.attestations
	statement.kind == key
	not statement.about_release
} else := ""
