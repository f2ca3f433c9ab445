//! Which fields the facts have, so that a misspelt one is refused when a policy is loaded.
//!
//! What must stay true: the shape is that of the facts' own types. It is read off one sample in which nothing is absent; a new
//! field does not compile until it is in the sample.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::Value as Json;

use crate::facts::{
    AttestationFacts, ClaimKind, Clock, CoveredLines, CoveredReport, Enrichment, Facts, Judging, JudgingSource,
    LicensedPackages, MatchedException, MatchedVex, Mode, Open, OpenRule, OwnedFile, Ownership, PlanFacts, PlanReport,
    PlannedFacts, SCHEMA, ScorecardFacts, TriagedFinding, Unknown, VexDocumentFacts,
};
use crate::facts::{Baseline, ClaimedEmergency, GivenClosing, History, Owed, VerifiedBy};
use crate::model::artifact::{Artifact, Claim};
use crate::model::change::{
    Approval, ApprovalState, Call, Change, ChangeKind, Commit, Compatibility, Release, ReviewerType, Run, Say, Source,
};
use crate::model::coverage::{Binding, Coverage, CoverageState};
use crate::model::digest::{CommitId, Digest};
use crate::model::document::{
    AttestedSubject, LineCoverage, PlanAction, PlannedChange, ScoredCheck, Standing, VexProduct, VexStatus,
};
use crate::model::emergency::{Closing, Emergency, EmergencyKind, EmergencyScope, SignedBy, Signers};
use crate::model::enrichment::{DataSet, DataSource};
use crate::model::exception::{Disposition, Exception, Match, Origin, RecordHistory, Renewal, RiskApproval, Scope};
use crate::model::finding::{Cvss, Finding, Kind, Location, Rule, SuppressedBy, Suppression, Target, Witness};
use crate::model::package::{FixState, Package};
use crate::model::profile::{
    Action, Authority, BaselineDemands, ChangeDemands, ControlDemand, CoverageDemands, CutLine, EmergencyDemands,
    EnrichmentDemands, ExceptionDemands, FixBy, Freeze, Frequency, GoNoGo, Layer, LicenseDemands, LicenseException,
    OverdueDemands, OwnershipDemands, PerChangeKind, PerExposure, PerSeverity, PlanDemands, PlatformDemands,
    PolicyChangeDemands, Profile, ProfileSchema, ReleaseDemands, ReliabilityDemands, RepeatedDemands, RequiredCheck,
    RequiredData, RoleApprovals, RunnerDemands, ServiceField, SeverityClass, Since, Situation, Strategies, TestDemands,
    Threshold, TimeOfDay, VexDemands, Weekday, When, Window,
};
use crate::model::report::{Check, Receipt, Report, ScanState, Sha256Field, Tests, Tool};
use crate::model::service::{Exposure, PathOwner, Service, StateFile, Tier};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// What lies at a place of the facts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Free data, whose keys are the team's own.
    Free,
    /// A text, a number, a truth value.
    Plain,
    /// A list of alike things.
    List(Box<Self>),
    /// A thing with these fields.
    Fields(BTreeMap<String, Self>),
}

/// Places whose keys are not ours.
const FREE: [&str; 7] = [
    "change.sources",
    "data",
    "plan.totals",
    "profile.data",
    "profile.exceptions.verdicts",
    "profile.rules",
    "reports.by_severity",
];

/// The facts as rules on findings see them: with `finding` and `exception`.
pub(super) fn facts() -> &'static Shape {
    static FACTS: LazyLock<Shape> = LazyLock::new(|| {
        let json = sample().and_then(|sample| serde_json::to_value(sample).ok()).unwrap_or(Json::Null);
        let mut shape = of(&json, "");
        if let Shape::Fields(fields) = &mut shape {
            for (list, one) in [("findings", "finding"), ("exceptions", "exception")] {
                if let Some(Shape::List(element)) = fields.get(list).cloned() {
                    fields.insert(one.to_owned(), *element);
                }
            }
        }
        shape
    });
    &FACTS
}

impl Shape {
    /// One step further: by a known key, or by a computed one.
    pub(super) fn step(&self, key: Option<&str>) -> Result<&Self, Misstep> {
        match (self, key) {
            (Self::Free, _) | (Self::Fields(_), None) => Ok(&Self::Free),
            (Self::List(element), None) => Ok(element),
            (Self::Fields(fields), Some(key)) => fields.get(key).ok_or_else(|| {
                let known: Vec<&str> = fields.keys().map(String::as_str).collect();
                Misstep { what: format!("has no `{key}`"), hint: format!("it has {}", known.join(", ")) }
            }),
            (Self::List(_), Some(key)) => Err(Misstep {
                what: format!("is a list and has no `{key}`"),
                hint: "take its members with `some member in …`".to_owned(),
            }),
            (Self::Plain, key) => Err(Misstep {
                what: format!(
                    "is a plain value and has no {}",
                    key.map_or("members".to_owned(), |key| format!("`{key}`"))
                ),
                hint: "check the path against the facts".to_owned(),
            }),
        }
    }
}

/// A step to where nothing is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Misstep {
    /// What is wrong, to be read after the place.
    pub(super) what: String,
    /// What is there.
    pub(super) hint: String,
}

fn of(json: &Json, path: &str) -> Shape {
    if FREE.contains(&path) {
        return Shape::Free;
    }
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match json {
        Json::Object(fields) => {
            Shape::Fields(fields.iter().map(|(key, value)| (key.clone(), of(value, &below(key)))).collect())
        }
        Json::Array(members) => Shape::List(Box::new(members.first().map_or(Shape::Free, |member| of(member, path)))),
        Json::Null => Shape::Free,
        Json::Bool(_) | Json::Number(_) | Json::String(_) => Shape::Plain,
    }
}

/// Facts in which every option is taken and no list is empty.
fn sample() -> Option<Facts> {
    let now: Timestamp = Timestamp::from_unix_seconds(0)?;
    let day: Date = now.date();
    let commit: CommitId = "1".repeat(40).parse().ok()?;
    let digest = Digest::of("");
    let text = || Untrusted::from("x");
    let some = || Some(text());
    let list = || vec![text()];
    let severities =
        |days: u32| PerSeverity { critical: days, high: days, medium: days, low: days, info: days, unknown: days };
    let actions = PerSeverity {
        critical: Action::Block,
        high: Action::Block,
        medium: Action::Block,
        low: Action::Block,
        info: Action::Block,
        unknown: Action::Block,
    };
    let location =
        Location { path: some(), line: Some(1), column: Some(1), end_line: Some(1), resource: some(), image: some() };
    let target = Target { name: some(), commit: Some(commit.clone()), digests: vec![digest] };
    let tests = Tests { total: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 };
    let standing = || Standing {
        report: 0,
        state: CoverageState::Current,
        bound_by: Some(Binding::Commit),
        age_seconds: Some(0),
        because: text(),
    };
    let claim = Claim {
        report: 0,
        format: text(),
        predicate_type: some(),
        bound_by: Binding::Digest,
        builder: some(),
        commits: vec![commit.clone()],
        packages: Some(1),
        signatures: 1,
        verified: false,
    };
    Some(Facts {
        schema: SCHEMA.into(),
        now,
        clock: Clock::Pinned,
        environment: text(),
        mode: Mode::Enforce,
        profile: Profile {
            schema: ProfileSchema::V1,
            name: text(),
            description: text(),
            coverage: CoverageDemands {
                required: vec![RequiredCheck {
                    check: Check::Sast,
                    tiers: vec![Tier::High],
                    environments: list(),
                    exposures: vec![Exposure::Public],
                    max_age_hours: Some(1),
                }],
                max_age_hours: 1,
                allow_unbound: false,
            },
            enrichment: EnrichmentDemands {
                required: vec![RequiredData { source: DataSource::Kev, max_age_hours: Some(1) }],
                max_age_hours: Some(1),
            },
            thresholds: vec![Threshold {
                kinds: vec![Kind::Secret],
                exposures: vec![Exposure::Public],
                environments: list(),
                tiers: vec![Tier::High],
                fix_available: Some(true),
                known_exploited: Some(true),
                min_epss: Some(0.1),
                max_epss: Some(1.0),
                min_age_days: Some(1),
                max_age_days: Some(1),
                open: actions,
                excepted: actions,
            }],
            fix_by_days: severities(1),
            fix_by: vec![FixBy {
                services: list(),
                tiers: vec![Tier::High],
                exposures: vec![Exposure::Public],
                days: severities(1),
            }],
            overdue: OverdueDemands { since: Since::FirstSeen, action: actions },
            baseline: BaselineDemands {
                required: true,
                max_age_days: Some(1),
                known: actions,
                kinds: vec![Kind::Weakness],
            },
            repeated: RepeatedDemands { findings: Some(1), places: 1 },
            release: ReleaseDemands {
                kinds: vec![ChangeKind::Normal],
                tiers: vec![Tier::High],
                version: true,
                changelog: true,
                deployment_record: true,
                artifact: true,
                sbom: true,
                provenance: true,
                signature: true,
                builders: list(),
            },
            tests: TestDemands {
                max_skipped_percent: Some(1.0),
                max_flaky: Some(1),
                min_line_coverage: Some(1.0),
                max_coverage_drop: Some(1.0),
            },
            platform: PlatformDemands {
                layers: list(),
                services: list(),
                compatible_versions: Some(1),
                developer_experience_above: Some(1.0),
                developer_experience_max_days: Some(1),
            },
            plans: PlanDemands {
                stateful: list(),
                destroys: Action::Block,
                opens: Action::Block,
                max_monthly_cost_increase: Some(1),
                cost_stated: true,
            },
            reliability: ReliabilityDemands {
                min_error_budget: Some(1.0),
                fix_labels: list(),
                slo: true,
                alerts: true,
                rollback_trigger: true,
                strategies: vec![Strategies { tiers: vec![Tier::High], environments: list(), allowed: list() }],
            },
            licenses: LicenseDemands {
                allow: list(),
                deny: list(),
                exceptions: vec![LicenseException { package: text(), license: text(), reason: text() }],
                refused: Action::Block,
                unknown: Action::Block,
            },
            severity_classes: vec![SeverityClass {
                class: text(),
                severities: vec![Severity::High],
                tiers: vec![Tier::High],
                environments: list(),
                respond_within: text(),
                notify: text(),
                owner: text(),
            }],
            controls: vec![ControlDemand {
                id: text(),
                name: text(),
                every: Frequency::Monthly,
                checks: vec![Check::Sast],
                data: list(),
                overdue: Action::Block,
                owner: text(),
            }],
            exceptions: ExceptionDemands {
                max_days: PerExposure { public: severities(1), internal: severities(1) },
                approvals: severities(1),
                signed_approvals: false,
                approver_roles: list(),
                verdicts: BTreeMap::new(),
                expiring_days: 1,
                evidence: PerSeverity::default(),
                leaders: PerSeverity {
                    critical: list(),
                    high: list(),
                    medium: list(),
                    low: list(),
                    info: list(),
                    unknown: list(),
                },
                known_owners: true,
                whole_history: true,
                review_approvals: true,
                max_renewals: Some(1),
                max_covers: Some(1),
            },
            vex: VexDemands {
                trusted_issuers: list(),
                accept_notes: true,
                max_age_days: Some(1),
                accept_outside: true,
            },
            change: ChangeDemands {
                approvals: PerChangeKind { standard: 1, normal: 1, emergency: 1 },
                approve_commit: true,
                ticket: PerChangeKind { standard: true, normal: true, emergency: true },
                rollback_plan: PerChangeKind { standard: true, normal: true, emergency: true },
                environments: list(),
                roles: vec![RoleApprovals {
                    role: text(),
                    approvals: 1,
                    kinds: vec![ChangeKind::Normal],
                    tiers: vec![Tier::High],
                }],
                through_request: PerChangeKind { standard: true, normal: true, emergency: true },
                infrastructure_through_request: true,
                separate_deployer: true,
                separate_state: true,
            },
            windows: vec![Window {
                name: text(),
                days: vec![Weekday::Monday],
                from: TimeOfDay::try_from("09:00".to_owned()).ok()?,
                until: TimeOfDay::try_from("17:00".to_owned()).ok()?,
                zone: text(),
                environments: list(),
                emergency_ships: true,
                owner: text(),
            }],
            cut_lines: vec![CutLine {
                name: text(),
                at: now,
                until: now,
                kinds: vec![ChangeKind::Normal],
                environments: list(),
                owner: text(),
            }],
            go_no_go: vec![GoNoGo {
                roles: list(),
                kinds: vec![ChangeKind::Normal],
                tiers: vec![Tier::High],
                environments: list(),
                owner: text(),
            }],
            ownership: OwnershipDemands {
                max_age_days: Some(1),
                metadata: vec![ServiceField::Name],
                metadata_blocks_from: Some(day),
            },
            layers: vec![Layer { name: text(), paths: list(), owner: text(), roles: list(), approvals: 1 }],
            emergency: EmergencyDemands { roles: list(), ..EmergencyDemands::default() },
            runners: RunnerDemands {
                production_secrets: list(),
                production_groups: list(),
                ..RunnerDemands::default()
            },
            authority: vec![Authority {
                domain: text(),
                alone: list(),
                advises: list(),
                limit: Some(1),
                escalates_to: list(),
                informs: list(),
            }],
            raci: vec![Situation {
                situation: text(),
                when: When { layers: list(), kinds: vec![ChangeKind::Normal], labels: list() },
                responsible: list(),
                accountable: list(),
                consulted: list(),
                informed: list(),
            }],
            policy_changes: PolicyChangeDemands { approvals: 1, roles: list() },
            freezes: vec![Freeze {
                name: text(),
                from: now,
                until: now,
                environments: list(),
                emergency_ships: false,
                owner: text(),
            }],
            trusted_suppressions: list(),
            rules: BTreeMap::new(),
            data: BTreeMap::new(),
        },
        change: Change {
            id: some(),
            title: some(),
            kind: ChangeKind::Normal,
            author: some(),
            actor: some(),
            deployer: some(),
            repository: some(),
            commit: Some(commit.clone()),
            base: Some(commit.clone()),
            branch: some(),
            target: some(),
            git_ref: some(),
            files: list(),
            labels: list(),
            approvals: vec![Approval {
                by: text(),
                role: some(),
                commit: Some(commit.clone()),
                at: Some(now),
                state: ApprovalState::Approved,
                reviewer: ReviewerType::User,
            }],
            decisions: vec![Call {
                domain: text(),
                by: text(),
                say: Say::Go,
                amount: Some(1),
                commit: Some(commit.clone()),
                at: Some(now),
            }],
            commits: vec![Commit { id: commit.clone(), author: some(), request: some() }],
            ticket: some(),
            rollback_plan: some(),
            release: Release {
                version: some(),
                changelog: some(),
                deployment_record: some(),
                compatibility: vec![Compatibility { version: text(), passed: true, commit: Some(commit.clone()) }],
                monthly_cost_increase: Some(1),
            },
            freeze: Some(false),
            fork: Some(false),
            run: Run {
                provider: some(),
                id: some(),
                attempt: some(),
                job: some(),
                event: some(),
                url: some(),
                self_hosted: Some(false),
                ephemeral: Some(false),
                group: some(),
                secrets: Some(list()),
                signing_key: Some(false),
            },
            sources: BTreeMap::new(),
        },
        service: Service {
            name: some(),
            owner: some(),
            team: some(),
            tier: Some(Tier::High),
            exposure: Exposure::Public,
            data: list(),
            compliance: list(),
            on_call: some(),
            runbook: some(),
            slo: some(),
            alerts: some(),
            rollback_trigger: some(),
            deployment_strategy: some(),
            error_budget: Some(1.0),
            owners_of_paths: vec![PathOwner { path: text(), owner: text() }],
            reviewed: Some(day),
            states: vec![StateFile { path: text(), environment: text(), owner: some() }],
        },
        ownership: Ownership {
            codeowners: some(),
            skipped: list(),
            exposure_stated: true,
            known: list(),
            files: vec![OwnedFile { path: text(), owners: list(), layers: list() }],
        },
        artifacts: vec![Artifact {
            name: text(),
            digest,
            sbom: vec![claim.clone()],
            provenance: vec![claim.clone()],
            signature: vec![claim],
        }],
        coverage: vec![Coverage {
            check: Check::Sast,
            required_by: some(),
            state: CoverageState::Current,
            report: Some(0),
            bound_by: Some(Binding::Commit),
            age_seconds: Some(0),
            because: text(),
        }],
        enrichment: vec![Enrichment {
            data: DataSet { source: DataSource::Kev, path: text(), date: now, digest: Sha256Field(digest), entries: 1 },
            age_seconds: 0,
        }],
        tests: Some(tests),
        line_coverage: Some(CoveredLines {
            total: LineCoverage::default(),
            reports: vec![CoveredReport { standing: standing(), counts: LineCoverage::default() }],
        }),
        plan: Some(PlanFacts {
            errored: false,
            complete: true,
            totals: BTreeMap::new(),
            reports: vec![PlanReport {
                standing: standing(),
                terraform_version: some(),
                errored: false,
                complete: true,
            }],
            changes: vec![PlannedFacts {
                change: PlannedChange {
                    address: text(),
                    kind: text(),
                    provider: some(),
                    actions: list(),
                    action: PlanAction::Create,
                    reason: some(),
                    opens: list(),
                },
                destroys: false,
                replaces: false,
                report: 0,
            }],
        }),
        scorecards: vec![ScorecardFacts {
            standing: standing(),
            score: Some(1.0),
            commit: Some(commit.clone()),
            checks: vec![ScoredCheck { name: text(), score: Some(1), reason: some() }],
        }],
        licenses: vec![LicensedPackages {
            standing: standing(),
            license: some(),
            choices: vec![list()],
            problem: some(),
            packages: list(),
        }],
        attestations: vec![AttestationFacts {
            standing: standing(),
            format: text(),
            kind: ClaimKind::Sbom,
            predicate_type: some(),
            subjects: vec![AttestedSubject { name: some(), digest: Some(digest) }],
            about_release: true,
            builder: some(),
            commits: vec![commit.clone()],
            packages: Some(1),
            signatures: 1,
            verified: false,
        }],
        history: Some(History {
            decisions: 1,
            newest: Some(now),
            unverified: list(),
            obligations: vec![Owed { id: text(), what: text(), owner: text(), by: some(), due: day, decision: text() }],
        }),
        baseline: Some(Baseline {
            place: text(),
            decision: some(),
            decided_at: Some(now),
            age_days: Some(1),
            commit: some(),
            verified_by: Some(VerifiedBy::Signature),
            stands: true,
            problems: list(),
            findings: 1,
            gone: 1,
            line_coverage: Some(LineCoverage { files: 1, lines: 1, lines_hit: 1, branches: 1, branches_hit: 1 }),
        }),
        emergency: Some(ClaimedEmergency {
            record: Emergency {
                id: text(),
                kind: EmergencyKind::Change,
                reason: text(),
                requested_by: text(),
                scope: EmergencyScope {
                    service: some(),
                    environment: some(),
                    repository: some(),
                    commit: Some(commit.clone()),
                },
                created: now,
                expires: now,
                ticket: some(),
                signatures: vec![SignedBy { by: text(), signature: text() }],
            },
            signers: Signers { verified: list(), refused: list() },
            in_force: true,
            hours: 1,
            out_of_scope: list(),
        }),
        closings: vec![GivenClosing {
            record: Closing {
                closes: text(),
                outcome: text(),
                reviewed_by: text(),
                at: now,
                signatures: vec![SignedBy { by: text(), signature: text() }],
            },
            signers: Signers { verified: list(), refused: list() },
        }],
        judging: Judging {
            source: JudgingSource::WorkingTree,
            commit: Some(commit.clone()),
            edited: list(),
            outside: vec![text()],
            known_from: Some(Source::Git),
        },
        reports: vec![Report {
            path: text(),
            format: text(),
            tool: Tool { name: text(), version: some() },
            target: target.clone(),
            finished_at: Some(now),
            digest: Sha256Field(digest),
            state: ScanState::Complete,
            checks: vec![Check::Sast],
            results: 0,
            suppressed: 0,
            suppressed_apart: 0,
            not_understood: 0,
            kept: 0,
            merged_within: 0,
            by_severity: BTreeMap::new(),
            problems: list(),
            tests: Some(tests),
            line_coverage: Some(LineCoverage::default()),
            receipt: Some(Receipt {
                tool: text(),
                commit: Some(commit),
                digest: Some(digest),
                time: now,
                report: Sha256Field(digest),
            }),
        }],
        open: Open { rules: vec![OpenRule { id: text(), findings: 1, places: 1 }], unknown: Unknown::default() },
        findings: vec![TriagedFinding {
            finding: Finding {
                id: text(),
                fingerprint: text(),
                content_fingerprint: some(),
                kind: Kind::Secret,
                rule: Rule { id: text(), name: some(), url: some() },
                ids: list(),
                covers: list(),
                severity: Severity::High,
                severity_source: SeveritySource::Scanner,
                cvss: Some(Box::new(Cvss { vector: some(), score: Some(1.0), version: some() })),
                title: text(),
                package: Some(Box::new(Package {
                    name: text(),
                    version: some(),
                    purl: some(),
                    ecosystem: some(),
                    fixed_in: list(),
                    fix_state: FixState::Fixed,
                })),
                location: location.clone(),
                occurrences: vec![location.clone()],
                target,
                first_seen: some(),
                published: some(),
                known_exploited: Some(false),
                epss: Some(0.0),
                confidence: some(),
                suppression: Some(Suppression { by: SuppressedBy::Source, reason: some() }),
                seen_by: vec![Witness {
                    report: 0,
                    tool: text(),
                    rule_id: text(),
                    severity: Severity::High,
                    severity_raw: some(),
                    location,
                    pointer: text(),
                    suppressed: false,
                }],
            },
            owner: some(),
            known: Some(true),
            seen_days: Some(1),
            published_days: Some(1),
            disposition: Disposition::Open,
            exception: some(),
        }],
        exceptions: vec![MatchedException {
            record: Exception {
                id: text(),
                criteria: Match {
                    ids: list(),
                    package: some(),
                    path: some(),
                    fingerprint: some(),
                    rule: some(),
                    kind: Some(Kind::Secret),
                    resource: some(),
                    verdict: some(),
                },
                scope: Scope { service: list(), environment: list(), repository: list() },
                owner: text(),
                reason: text(),
                mitigation: text(),
                residual_risk: some(),
                created: day,
                expires: day,
                ticket: some(),
                evidence: list(),
                renewals: vec![Renewal { on: day, until: day, reason: text() }],
                approvals: vec![RiskApproval { by: text(), role: some(), at: Some(day), signature: some() }],
            },
            origin: Origin::Repository,
            covers: list(),
            worst: Some(Severity::High),
            life_days: 1,
            history: Some(RecordHistory {
                since: Some(day),
                life_days: 1,
                edited: Some(day),
                outdated: list(),
                whole: true,
            }),
            days_left: 1,
            verified_approvers: list(),
            in_force: true,
            admitted: false,
        }],
        vex: vec![MatchedVex {
            id: text(),
            path: text(),
            outside: false,
            digest: Sha256Field(digest),
            format: text(),
            pointer: text(),
            issuer: some(),
            vulnerabilities: list(),
            products: vec![VexProduct { id: text(), purl: some(), components: list(), range: some() }],
            status: VexStatus::NotAffected,
            justification: some(),
            note: some(),
            at: Some(now),
            covers: list(),
            superseded: false,
            admitted: true,
        }],
        vex_documents: vec![VexDocumentFacts {
            path: text(),
            digest: Sha256Field(digest),
            format: text(),
            issued: Some(now),
            statements: 1,
            matched: 1,
            not_understood: 0,
            unresolved: list(),
        }],
        data: BTreeMap::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Json, Shape, facts, sample};

    #[test]
    fn nothing_in_the_sample_is_absent_but_what_is_free() {
        fn absent(json: &Json, path: &str, found: &mut Vec<String>) {
            match json {
                Json::Null => found.push(path.to_owned()),
                Json::Array(members) if members.is_empty() => found.push(path.to_owned()),
                Json::Object(fields) if fields.is_empty() => found.push(path.to_owned()),
                Json::Array(members) => absent(&members[0], path, found),
                Json::Object(fields) => {
                    for (key, value) in fields {
                        absent(value, format!("{path}.{key}").trim_start_matches('.'), found);
                    }
                }
                _ => {}
            }
        }
        let mut found = Vec::new();
        absent(&serde_json::to_value(sample().unwrap()).unwrap(), "", &mut found);
        found.sort();
        assert_eq!(found, super::FREE);
    }

    #[test]
    fn facts_that_are_read_back_have_the_same_bytes() {
        let facts = sample().unwrap();
        let bytes = facts.to_bytes().unwrap();
        let again = crate::facts::Facts::from_bytes(&bytes).unwrap();
        assert_eq!(again, facts);
        assert_eq!(again.to_bytes().unwrap(), bytes);
        let newer = String::from_utf8(bytes).unwrap().replacen("facts/v1", "facts/v2", 1);
        assert!(crate::facts::Facts::from_bytes(newer.as_bytes()).is_err());
    }

    #[test]
    fn steps_lead_to_fields_members_and_faults() {
        let walk = |keys: &[Option<&str>]| {
            keys.iter().try_fold(facts(), |shape, key| shape.step(*key)).cloned().map_err(|misstep| misstep.what)
        };
        let k = Some;
        assert_eq!(walk(&[k("findings"), None, k("location"), k("path")]), Ok(Shape::Plain));
        assert_eq!(walk(&[k("exception"), k("match"), k("ids"), None]), Ok(Shape::Plain));
        assert_eq!(walk(&[k("profile"), k("data"), k("x"), None]), Ok(Shape::Free));
        assert_eq!(walk(&[k("history"), k("obligation")]).unwrap_err(), "has no `obligation`");
        assert_eq!(walk(&[k("reports"), None, k("by_severity"), k("high")]), Ok(Shape::Free));
        assert_eq!(walk(&[k("finding"), k("severty")]), Err("has no `severty`".to_owned()));
        assert_eq!(walk(&[k("findings"), k("severity")]), Err("is a list and has no `severity`".to_owned()));
        assert_eq!(walk(&[k("now"), k("year")]), Err("is a plain value and has no `year`".to_owned()));
    }
}
