# METADATA
# scope: package
# title: Facts to test with
# description: A release that nothing stands against, in the shape of `countersign/facts/v1`. Tests change what they are about.
package countersign.lib.fixture

_commit := "8f3c1d20a1b2c3d4e5f60718293a4b5c6d7e8f90"

commit := _commit

other_commit := "0000000000000000000000000000000000000001"

facts := {
	"schema": "countersign/facts/v1",
	"now": "2026-11-21T08:00:00Z",
	"clock": "system",
	"environment": "production",
	"mode": "enforce",
	"profile": profile,
	"change": {
		"id": "42",
		"title": "Show the basket",
		"kind": "normal",
		"author": "ana",
		"actor": "ana",
		"deployer": null,
		"repository": "acme/shop",
		"commit": _commit,
		"base": null,
		"branch": "basket",
		"target": "main",
		"ref": null,
		"files": [],
		"labels": [],
		"approvals": [approval("jo")],
		"decisions": [],
		"commits": [],
		"ticket": "SHOP-7",
		"rollback_plan": "docs/rollback.md",
		"release": {
			"version": null,
			"changelog": null,
			"deployment_record": null,
			"compatibility": [],
			"monthly_cost_increase": null,
		},
		"freeze": null,
		"fork": false,
		"run": {"self_hosted": null, "ephemeral": null, "group": null, "secrets": null, "signing_key": false},
		"sources": {},
	},
	"service": {
		"name": "shop",
		"owner": "team-web",
		"team": "web",
		"tier": "high",
		"exposure": "public",
		"data": [],
		"compliance": [],
		"on_call": "web-on-call",
		"runbook": null,
		"slo": null,
		"alerts": null,
		"rollback_trigger": null,
		"deployment_strategy": null,
		"error_budget": null,
		"owners_of_paths": [],
		"reviewed": null,
		"states": [],
	},
	"ownership": {"codeowners": null, "skipped": [], "exposure_stated": true, "known": ["team-web"], "files": []},
	"artifacts": [],
	"coverage": [coverage("secrets", "current", 0)],
	"enrichment": [],
	"tests": null,
	"line_coverage": null,
	"plan": null,
	"scorecards": [],
	"licenses": [],
	"attestations": [],
	"history": null,
	"baseline": null,
	"emergency": null,
	"closings": [],
	"judging": {"source": "target-branch", "commit": _commit, "edited": [], "known_from": "event"},
	"reports": [report],
	"open": {"rules": [], "unknown": {"epss": 0, "known_exploited": 0, "age": 0}},
	"findings": [],
	"exceptions": [],
	"vex": [],
	"vex_documents": [],
	"data": {},
}

profile := {
	"schema": "countersign/profile/v1",
	"name": "tested",
	"description": "",
	"coverage": {"required": [], "max_age_hours": 24, "allow_unbound": false},
	"enrichment": {"required": [], "max_age_hours": null},
	"thresholds": [
		{
			"kinds": ["malware"],
			"exposures": [],
			"environments": [],
			"open": every_severity("block"),
			"excepted": every_severity("block"),
		},
		{
			"kinds": [],
			"exposures": ["public"],
			"environments": [],
			"open": {"critical": "block", "high": "block", "medium": "warn", "low": "ticket", "info": "ignore", "unknown": "block"},
			"excepted": {"critical": "block", "high": "block", "medium": "ticket", "low": "ticket", "info": "ignore", "unknown": "block"},
		},
		{
			"kinds": [],
			"exposures": ["internal"],
			"environments": [],
			"open": {"critical": "block", "high": "block", "medium": "warn", "low": "ticket", "info": "ignore", "unknown": "block"},
			"excepted": {"critical": "warn", "high": "warn", "medium": "ticket", "low": "ticket", "info": "ignore", "unknown": "warn"},
		},
	],
	"fix_by_days": {"critical": 1, "high": 7, "medium": 30, "low": 90, "info": 365, "unknown": 7},
	"fix_by": [],
	"overdue": {"since": "first-seen", "action": every_severity("ignore")},
	"baseline": {"required": false, "max_age_days": null, "known": every_severity("block"), "kinds": []},
	"repeated": {"findings": null, "places": 0},
	"release": {
		"kinds": [],
		"tiers": [],
		"version": false,
		"changelog": false,
		"deployment_record": false,
		"artifact": false,
		"sbom": false,
		"provenance": false,
		"signature": false,
		"builders": [],
	},
	"tests": {
		"max_skipped_percent": null,
		"max_flaky": null,
		"min_line_coverage": null,
		"max_coverage_drop": null,
	},
	"platform": {
		"layers": [],
		"services": [],
		"compatible_versions": null,
		"developer_experience_above": null,
		"developer_experience_max_days": null,
	},
	"plans": {
		"stateful": ["aws_db_*", "google_sql_database_instance"],
		"destroys": "block",
		"opens": "block",
		"max_monthly_cost_increase": null,
		"cost_stated": false,
	},
	"reliability": {
		"min_error_budget": null,
		"fix_labels": [],
		"slo": false,
		"alerts": false,
		"rollback_trigger": false,
		"strategies": [],
	},
	"licenses": {"allow": [], "deny": [], "exceptions": [], "refused": "block", "unknown": "ignore"},
	"severity_classes": [],
	"controls": [],
	"exceptions": {
		"max_days": {
			"public": {"critical": 0, "high": 0, "medium": 30, "low": 90, "info": 365, "unknown": 0},
			"internal": {"critical": 7, "high": 30, "medium": 90, "low": 180, "info": 365, "unknown": 30},
		},
		"approvals": {"critical": 2, "high": 1, "medium": 1, "low": 0, "info": 0, "unknown": 1},
		"signed_approvals": false,
		"approver_roles": [],
		"verdicts": {"calendar/freeze": 3, "coverage/required-checks": 7},
		"expiring_days": 7,
		"evidence": every_severity(false),
		"leaders": every_severity([]),
		"known_owners": true,
		"whole_history": false,
		"review_approvals": false,
		"max_renewals": 2,
		"max_covers": 25,
	},
	"vex": {"trusted_issuers": [], "accept_notes": false, "max_age_days": 365, "accept_outside": false},
	"change": {
		"approvals": {"standard": 0, "normal": 1, "emergency": 0},
		"approve_commit": true,
		"ticket": {"standard": false, "normal": true, "emergency": false},
		"rollback_plan": {"standard": false, "normal": true, "emergency": false},
		"environments": [],
		"roles": [],
		"through_request": {"standard": false, "normal": false, "emergency": false},
		"infrastructure_through_request": false,
		"separate_deployer": false,
		"separate_state": false,
	},
	"freezes": [],
	"windows": [],
	"cut_lines": [],
	"go_no_go": [],
	"ownership": {"max_age_days": null, "metadata": [], "metadata_blocks_from": null},
	"layers": [],
	"emergency": {"signed": true, "roles": [], "max_hours": 24, "review_days": 5, "history": false},
	"runners": {
		"production_secrets": [],
		"signing_key_in_requests": true,
		"self_hosted": "anywhere",
		"production_groups": [],
	},
	"authority": [],
	"raci": [],
	"policy_changes": {"approvals": 0, "roles": []},
	"trusted_suppressions": [],
	"rules": {},
	"data": {},
}

# A statement that something is not affected.
statement := {
	"id": "vex-1",
	"path": "vex/acme.json",
	"outside": false,
	"digest": {"sha256": "00"},
	"format": "openvex",
	"pointer": "/statements/0",
	"issuer": "Acme Security",
	"vulnerabilities": ["CVE-2026-1"],
	"products": [],
	"status": "not_affected",
	"justification": "vulnerable_code_not_in_execute_path",
	"note": null,
	"at": "2026-11-20T08:00:00Z",
	"covers": [finding.id],
	"superseded": false,
	"admitted": false,
}

every_severity(value) := {severity: value |
	some severity in ["critical", "high", "medium", "low", "info", "unknown"]
}

approval(name) := {
	"by": name,
	"role": null,
	"commit": _commit,
	"at": "2026-11-20T10:00:00Z",
	"state": "approved",
	"reviewer": "user",
}

coverage(check, state, report_index) := {
	"check": check,
	"required_by": "profile tested",
	"state": state,
	"report": report_index,
	"bound_by": null,
	"age_seconds": 60,
	"because": "the reason",
}

report := {
	"path": "reports/gitleaks.json",
	"format": "gitleaks",
	"tool": {"name": "gitleaks", "version": null},
	"target": {"name": null, "commit": null, "digests": []},
	"finished_at": null,
	"state": "complete",
	"checks": ["secrets"],
	"results": 3,
	"not_understood": 0,
	"problems": [],
	"tests": null,
	"line_coverage": null,
	"receipt": null,
}

# How a report stands to the release: part of everything that comes from a document.
standing(state) := {"report": 0, "state": state, "bound_by": "receipt", "age_seconds": 60, "because": "the reason"}

# A document that names the digest of an artifact.
claim := {
	"report": 0,
	"format": "in-toto",
	"predicate_type": "https://slsa.dev/provenance/v1",
	"bound_by": "digest",
	"builder": "https://builder.example.com",
	"commits": [_commit],
	"packages": null,
	"signatures": 1,
	"verified": false,
}

artifact := {
	"name": "shop",
	"digest": "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"sbom": [],
	"provenance": [],
	"signature": [],
}

# A plan with these changes.
plan(changes) := {
	"errored": false,
	"complete": true,
	"totals": {},
	"reports": [object.union(standing("current"), {"terraform_version": "1.9.0", "errored": false, "complete": true})],
	"changes": changes,
}

planned := {
	"address": "aws_db_instance.shop",
	"type": "aws_db_instance",
	"provider": "registry.terraform.io/hashicorp/aws",
	"actions": ["update"],
	"action": "update",
	"reason": null,
	"opens": [],
	"destroys": false,
	"replaces": false,
	"report": 0,
}

# Line coverage of one current report.
lines(all, hit) := {
	"files": 10,
	"lines": all,
	"lines_hit": hit,
	"branches": 0,
	"branches_hit": 0,
	"reports": [object.union(standing("current"), {
		"files": 10,
		"lines": all,
		"lines_hit": hit,
		"branches": 0,
		"branches_hit": 0,
	})],
}

finding := {
	"id": "f-0123456789abcdef",
	"kind": "vulnerability",
	"rule": {"id": "CVE-2026-1234", "name": null, "url": null},
	"ids": ["CVE-2026-1234"],
	"severity": "high",
	"title": "Prototype pollution",
	"package": {"name": "lodash", "version": "4.17.11", "fixed_in": ["4.17.21"], "fix_state": "fixed"},
	"known_exploited": null,
	"epss": null,
	"known": null,
	"seen_days": null,
	"published_days": null,
	"location": {"path": "package-lock.json", "resource": null, "image": null},
	"owner": "team-web",
	"disposition": "open",
	"exception": null,
}

# A record that the profile admits for the finding above in an internal service.
exception := {
	"id": "EX-1",
	"match": {"ids": ["CVE-2026-1234"]},
	"scope": {},
	"owner": "team-web",
	"reason": "not reachable",
	"mitigation": "the firewall drops the request",
	"created": "2026-11-01",
	"expires": "2026-12-01",
	"approvals": [{"by": "kim"}],
	"origin": "repository",
	"covers": ["f-0123456789abcdef"],
	"worst": "high",
	"life_days": 30,
	"history": null,
	"days_left": 10,
	"verified_approvers": [],
	"in_force": true,
	"admitted": false,
}

# A record that names a policy rule.
lifting(rule) := object.union(exception, {
	"id": "EX-9",
	"match": {"ids": [], "verdict": rule},
	"created": "2026-11-20",
	"expires": "2026-11-22",
	"approvals": [{"by": "kim"}, {"by": "lee"}],
	"covers": [],
	"worst": null,
	"life_days": 2,
	"days_left": 1,
})

# The facts with one finding under judgement.
about(finding_changes, exposure, record) := object.union(facts, {
	"finding": object.union(finding, finding_changes),
	"exception": record,
	"service": {"exposure": exposure},
})

# The facts with one record among the exceptions.
recorded(record_changes, exposure) := object.union(facts, {
	"exceptions": [object.union(exception, record_changes)],
	"service": {"exposure": exposure},
})

# The facts with other values in the change.
changed(changes) := object.union(facts, {"change": changes})

# A record of an emergency that stands for these facts.
emergency := {
	"id": "EM-1",
	"kind": "change",
	"reason": "the basket loses items",
	"requested_by": "ana",
	"scope": {"service": "shop", "environment": "production"},
	"created": "2026-11-21T07:00:00Z",
	"expires": "2026-11-21T15:00:00Z",
	"signers": {"verified": ["kim"], "refused": []},
	"in_force": true,
	"hours": 8,
	"out_of_scope": [],
}

# Facts changed in any part.
with_parts(changes) := object.union(facts, changes)

# Who has which role.
authority := {"authority": {"roles": {
	"ana": ["engineer"],
	"jo": ["engineering-lead"],
	"kim": ["security", "platform-lead"],
	"lee": ["product-lead"],
	"vic": ["vp-engineering"],
}}}

# The messages of a set of verdicts.
said(verdicts) := [verdict.msg | some verdict in verdicts]

# A baseline that stands.
standing_baseline := {
	"place": "evidence/d-1",
	"decision": "d-1",
	"decided_at": "2026-11-20T08:00:00Z",
	"age_days": 1,
	"commit": _commit,
	"verified_by": "signature",
	"stands": true,
	"problems": [],
	"findings": 1,
	"gone": 0,
	"line_coverage": null,
}

# The facts with other figures in one section of the profile.
demanding(section, figures) := object.union(facts, {"profile": {section: figures}})

# Admitted records that name this policy rule.
lifted(rule) := [object.union(lifting(rule), {"admitted": true})]
