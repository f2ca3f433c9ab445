//! Facts to test with: the shipped profile, a public service, no report.

use crate::facts::{Clock, Facts, Judging, MatchedException, Mode, SCHEMA, TriagedFinding};
use crate::model::change::Change;
use crate::model::exception::{Disposition, Exception, Match, Origin, Scope};
use crate::model::finding::{Finding, Kind, Location, Rule, Target};
use crate::model::package::Package;
use crate::model::service::Service;
use crate::model::severity::{Severity, SeveritySource};

/// Facts at noon of 2026-11-21 with these findings.
pub(super) fn facts(findings: Vec<TriagedFinding>) -> Facts {
    Facts {
        schema: SCHEMA.into(),
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
        clock: Clock::Pinned,
        environment: "production".into(),
        mode: Mode::Enforce,
        profile: serde_saphyr::from_str(super::profile("default").unwrap()).unwrap(),
        change: Change::default(),
        service: Service::default(),
        ownership: crate::facts::Ownership::default(),
        artifacts: Vec::new(),
        coverage: Vec::new(),
        enrichment: Vec::new(),
        tests: None,
        line_coverage: None,
        plan: None,
        scorecards: Vec::new(),
        licenses: Vec::new(),
        attestations: Vec::new(),
        history: None,
        baseline: None,
        emergency: None,
        closings: Vec::new(),
        judging: Judging::default(),
        reports: Vec::new(),
        open: crate::facts::Open::default(),
        findings,
        exceptions: Vec::new(),
        vex: Vec::new(),
        vex_documents: Vec::new(),
        data: std::collections::BTreeMap::new(),
    }
}

/// An open vulnerability of high severity in a package, by id.
pub(super) fn finding(id: &str) -> TriagedFinding {
    TriagedFinding {
        finding: Finding {
            id: id.into(),
            fingerprint: format!("v1:{id}").into(),
            content_fingerprint: None,
            kind: Kind::Vulnerability,
            rule: Rule { id: "CVE-2026-1".into(), name: None, url: None },
            ids: vec!["CVE-2026-1".into()],
            covers: Vec::new(),
            severity: Severity::High,
            severity_source: SeveritySource::Scanner,
            cvss: None,
            title: format!("Bad {id}").into(),
            package: Some(Box::new(Package {
                name: "lodash".into(),
                version: Some("4.17.20".into()),
                fixed_in: vec!["4.17.21".into(), "5.0.0".into()],
                ..Package::default()
            })),
            location: Location { path: Some("web/package-lock.json".into()), ..Location::default() },
            occurrences: Vec::new(),
            target: Target::default(),
            first_seen: None,
            published: None,
            known_exploited: None,
            epss: None,
            confidence: None,
            suppression: None,
            seen_by: Vec::new(),
        },
        owner: None,
        known: None,
        seen_days: None,
        published_days: None,
        disposition: Disposition::Open,
        exception: None,
    }
}

/// A record that covers these findings until the end of the year.
pub(super) fn exception(id: &str, covers: &[&str]) -> MatchedException {
    MatchedException {
        record: Exception {
            id: id.into(),
            criteria: Match { ids: vec!["CVE-2026-1".into()], ..Match::default() },
            scope: Scope::default(),
            owner: "team-web".into(),
            reason: "not reachable".into(),
            mitigation: "a filter".into(),
            residual_risk: None,
            created: "2026-11-01".parse().unwrap(),
            expires: "2026-12-31".parse().unwrap(),
            ticket: None,
            evidence: Vec::new(),
            renewals: Vec::new(),
            approvals: Vec::new(),
        },
        origin: Origin::Repository,
        covers: covers.iter().map(|id| (*id).into()).collect(),
        worst: Some(Severity::High),
        life_days: 60,
        history: None,
        days_left: 40,
        verified_approvers: Vec::new(),
        in_force: true,
        admitted: false,
    }
}
