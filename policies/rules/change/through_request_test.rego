package countersign.rules.change.through_request_test

import data.countersign.lib.fixture
import data.countersign.rules.change.through_request

_facts(change) := fixture.with_parts({
	"profile": {"change": {"through_request": {"normal": true}}},
	"change": object.union({"target": null, "commits": [{"id": fixture.commit, "author": "ana", "request": "42"}]}, change),
})

test_a_release_through_a_request_passes if {
	count(through_request.deny) == 0 with input as _facts({})
	count(through_request.warn) == 0 with input as _facts({})
}

test_no_request_blocks if {
	every id in [null, "", " "] {
		fixture.said(through_request.deny) == ["a normal change came through no pull or merge request"] with input as _facts({"id": id})
	}
}

test_one_pushed_commit_blocks if {
	every request in [null, ""] {
		commits := [
			{"id": fixture.commit, "author": "ana", "request": "42"},
			{"id": fixture.other_commit, "author": "bo", "request": request},
		]
		fixture.said(through_request.deny) == ["commit 000000000000 came through no pull or merge request"] with input as _facts({"commits": commits})
	}
}

test_unlisted_commits_warn if {
	count(through_request.warn) == 1 with input as _facts({"commits": []})
	count(through_request.deny) == 0 with input as _facts({"commits": []})
	count(through_request.warn) == 0 with input as _facts({"commits": [], "target": "main"})
}

test_the_kind_of_change_counts if count(through_request.deny) == 0 with input as _facts({"id": null, "kind": "standard"})

test_infrastructure_goes_through_a_request_whatever_the_kind if {
	facts := object.union(_facts({"id": null, "kind": "standard"}), {
		"profile": {"change": {"infrastructure_through_request": true}},
		"plan": {},
	})
	fixture.said(through_request.deny) == ["a change of infrastructure came through no pull or merge request"] with input as facts
	count(through_request.deny) == 0 with input as object.union(facts, {"plan": null})
}

test_a_record_lifts_it if {
	record := {"exceptions": [object.union(fixture.lifting("change/through-request"), {"admitted": true})]}
	facts := object.union(_facts({"id": null}), record)
	count(through_request.deny) == 0 with input as facts
	fixture.said(through_request.warn) == ["a normal change came through no pull or merge request; exception EX-9 lets it ship"] with input as facts
}

_pushed := [{"id": fixture.other_commit, "author": "bo", "request": null}]

test_nothing_is_demanded_by_default if {
	every commits in [[], _pushed] {
		count(through_request.deny) + count(through_request.warn) == 0 with input as fixture.changed({"target": null, "commits": commits})
	}
	count(through_request.deny) == 0 with input as fixture.changed({"id": null, "target": null})
}

test_only_where_the_profile_looks if {
	elsewhere := {"profile": {"change": {"environments": ["production"]}}, "environment": "staging"}
	count(through_request.deny) + count(through_request.warn) == 0 with input as object.union(_facts({"id": null, "commits": _pushed}), elsewhere)
	# A plan alone is no infrastructure through a request.
	count(through_request.deny) == 0 with input as object.union(_facts({"id": null, "kind": "standard"}), {"plan": {}})
}

test_a_side_door_is_no_list_that_is_missing if count(through_request.warn) == 0 with input as _facts({"id": null, "commits": []})

test_the_open_request_is_not_yet_one_that_came_through if count(through_request.deny) == 0 with input as _facts({"id": null, "target": "main"})
