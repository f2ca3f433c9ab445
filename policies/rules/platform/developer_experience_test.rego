package countersign.rules.platform.developer_experience_test

import data.countersign.lib.fixture
import data.countersign.rules.platform.developer_experience

_facts(days, data_of_platform) := object.union(
	fixture.demanding("platform", {"developer_experience_above": 7, "developer_experience_max_days": days}),
	{"data": data_of_platform},
)

_published(score, measured) := {"platform": {"developer_experience": {"score": score, "measured": measured}}}

_said(facts) := said if said := fixture.said(developer_experience.deny) with input as facts

test_where_nothing_is_asked_nothing_is_said if _said(fixture.facts) == []

test_a_good_score_says_nothing if {
	_said(_facts(null, _published(7.1, null))) == []
	_said(_facts(90, _published(10, "2026-10-01"))) == []
}

test_above_means_above if {
	_said(_facts(null, _published(7, null))) == ["the developer-experience score is 7 of 10, and must be above 7"]
	_said(_facts(null, _published(0, null))) == ["the developer-experience score is 0 of 10, and must be above 7"]
}

test_no_score_and_no_number_of_ten_block if {
	every published in [{}, {"platform": {}}, _published(null, null), _published("9", null), _published(11, null), _published(-1, null)] {
		_said(_facts(null, published)) == ["nobody knows how developers fare with the platform"]
	}
}

test_an_old_score_or_one_of_no_day_blocks if {
	every measured in ["2026-08-01", "2027-01-01", null, "last week", 7] {
		_said(_facts(90, _published(9, measured))) == ["nobody measured the developer experience within 90 days"]
	}
}

test_only_changes_to_the_platform_are_asked if {
	elsewhere := {"profile": {"platform": {"layers": ["foundation"]}}, "change": {"files": ["web/a.ts"]}}
	_said(object.union(_facts(90, {}), elsewhere)) == []
}
