package countersign.rules.ownership.codeowners_test

import data.countersign.lib.fixture
import data.countersign.rules.ownership.codeowners

_facts(ownership) := fixture.with_parts({"ownership": ownership})

_file(owners) := {"path": "web/a.js", "owners": owners, "layers": []}

test_a_skipped_line_is_said if {
	facts := _facts({"codeowners": "CODEOWNERS", "skipped": ["line 3: the pattern cannot be read"]})
	fixture.said(codeowners.warn) == ["CODEOWNERS, line 3: the pattern cannot be read"] with input as facts
}

test_changed_paths_without_an_owner if {
	facts := _facts({"codeowners": "CODEOWNERS", "files": [_file([]), _file(["@acme/web"])]})
	fixture.said(codeowners.warn) == ["1 changed paths have no owner, the first is web/a.js"] with input as facts
	count(codeowners.warn) == 0 with input as _facts({"codeowners": "CODEOWNERS", "files": [_file(["@acme/web"])]})
	count(codeowners.warn) == 0 with input as _facts({"codeowners": null, "files": [_file([])]})
}

test_nothing_to_say_without_the_file if count(codeowners.warn) == 0 with input as fixture.facts
