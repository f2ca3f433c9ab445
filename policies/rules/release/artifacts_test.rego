package countersign.rules.release.artifacts_test

import data.countersign.lib.fixture
import data.countersign.rules.release.artifacts

_documents := {"sbom": true, "provenance": true, "signature": true}

_complete := {"sbom": [fixture.claim], "provenance": [fixture.claim], "signature": [fixture.claim]}

_facts(demands, changes) := object.union(
	fixture.demanding("release", demands),
	{"artifacts": [object.union(fixture.artifact, changes)]},
)

test_where_nothing_is_demanded_nothing_is_said if {
	count(artifacts.deny) + count(artifacts.warn) == 0 with input as fixture.facts
	count(artifacts.deny) == 0 with input as _facts({}, {})
}

test_no_artifact_blocks_where_one_is_demanded if {
	fixture.said(artifacts.deny) == ["no artifact is named, so nobody can say what is released"] with input as fixture.demanding("release", {"artifact": true, "sbom": true})
}

test_a_document_without_an_artifact_blocks if {
	{verdict.msg | some verdict in artifacts.deny} == {
		"no artifact is named, so nothing can be its bill of materials",
		"no artifact is named, so nothing can be its provenance",
		"no artifact is named, so nothing can be its signature",
	} with input as fixture.demanding("release", _documents)
}

test_each_missing_document_has_its_verdict if {
	{verdict.msg | some verdict in artifacts.deny} == {
		"shop has no bill of materials about its digest",
		"shop has no provenance about its digest",
		"shop has no signature about its digest",
	} with input as _facts(_documents, {})
}

test_one_about_something_else_does_not_count_and_is_named if {
	foreign := object.union(fixture.claim, {"kind": "sbom", "about_release": false})
	facts := object.union(_facts({"sbom": true}, {}), {"attestations": [foreign]})
	fixture.said(artifacts.deny) == ["shop has no bill of materials about its digest; there is one about something else"] with input as facts
}

test_what_is_there_says_nothing if {
	count(artifacts.deny) == 0 with input as _facts(object.union(_documents, {"artifact": true}), _complete)
}

test_every_artifact_needs_its_own if {
	facts := _facts({"sbom": true}, _complete)
	more := object.union(facts, {"artifacts": array.concat(facts.artifacts, [object.union(fixture.artifact, {"name": "worker"})])})
	fixture.said(artifacts.deny) == ["worker has no bill of materials about its digest"] with input as more
}

test_provenance_of_another_commit_blocks if {
	every commits in [[], [fixture.other_commit]] {
		claim := object.union(fixture.claim, {"commits": commits})
		fixture.said(artifacts.deny) == ["the provenance of shop does not name the commit that is released"] with input as _facts({"provenance": true}, {"provenance": [claim]})
	}
	unknown := object.union(_facts({"provenance": true}, _complete), {"change": {"commit": null}})
	count(artifacts.deny) == 1 with input as unknown
}

test_only_the_builders_that_are_listed_may_have_built_it if {
	facts := _facts({"builders": ["https://builder.example.com"]}, _complete)
	count(artifacts.deny) == 0 with input as facts
	other := _facts({"builders": ["https://else.example.com"]}, _complete)
	fixture.said(artifacts.deny) == ["shop was built by none of the builders that may: https://builder.example.com"] with input as other
	nobody := _facts({"builders": ["https://else.example.com"]}, {"provenance": [object.union(fixture.claim, {"builder": null})]})
	fixture.said(artifacts.deny) == ["shop was built by none of the builders that may: nobody says who built it"] with input as nobody
	without := _facts({"builders": ["https://builder.example.com"]}, {})
	fixture.said(artifacts.deny) == ["shop was built by none of the builders that may: nobody says who built it"] with input as without
	demanded := _facts({"provenance": true, "builders": ["https://builder.example.com"]}, {})
	fixture.said(artifacts.deny) == ["shop has no provenance about its digest"] with input as demanded
}

test_it_is_demanded_of_the_tiers_that_are_named if {
	count(artifacts.deny) == 0 with input as _facts({"sbom": true, "tiers": ["critical"]}, {})
}

test_an_admitted_exception_makes_it_a_warning if {
	facts := object.union(_facts({"sbom": true}, {}), {"exceptions": fixture.lifted("release/artifacts")})
	count(artifacts.deny) == 0 with input as facts
	count(artifacts.warn) == 1 with input as facts
}
