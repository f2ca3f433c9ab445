package countersign.rules.runners.secrets_test

import data.countersign.lib.fixture
import data.countersign.rules.runners.secrets

_facts(run, target) := fixture.with_parts({
	"profile": {"runners": {"production_secrets": ["PROD_*"], "signing_key_in_requests": false}},
	"change": {"target": target, "run": run},
})

test_a_secret_of_production_in_a_request_blocks if {
	facts := _facts({"secrets": ["PROD_TOKEN"]}, "main")
	fixture.said(secrets.deny) == ["this run of a change request holds PROD_TOKEN, a secret of production"] with input as facts
	count(secrets.deny) == 0 with input as _facts({"secrets": ["PROD_TOKEN"]}, null)
}

test_none_is_fine_and_not_looked_is_not if {
	count(secrets.deny) == 0 with input as _facts({"secrets": []}, "main")
	count(secrets.deny) == 1 with input as _facts({"secrets": null}, "main")
	count(secrets.deny) == 0 with input as _facts({"secrets": null}, null)
}

test_the_signing_key_is_not_for_requests if {
	count(secrets.deny) == 1 with input as _facts({"secrets": [], "signing_key": true}, "main")
	count(secrets.deny) == 0 with input as _facts({"secrets": [], "signing_key": true}, null)
}

test_nothing_is_asked_by_default if {
	run := {"secrets": null, "signing_key": true}
	count(secrets.deny) == 0 with input as fixture.changed({"run": run})
}
