//! The line, composed: from what was read to a decision. Pure: same inputs, same bytes.
//!
//! What must stay true: policies see complete facts, exceptions take effect only after admission, the totals balance, and
//! whatever goes wrong is an error, never a decision.

mod records;
mod statements;

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::{
    self, Circumstances, Decision, ExceptionOutcome, FailOn, GateInfo, JudgedRule, Obligation, Outcome, Totals,
    Unbalanced, Verdict, VerdictAction,
};
use crate::exceptions::{self, Account, Approvers, Lost, Record, VexDocument};
use crate::facts::{
    self, Asked, BadGlob, Clock, Facts, Judging, MatchedException, Mode, Owners, Released, TriagedFinding, coverage,
};
use crate::facts::{About, ClaimedEmergency, CodeOwnersFile, GivenBaseline, GivenClosing, Here, History, Open};
use crate::model::artifact::Artifact;
use crate::model::change::{Change, ChangeKind};
use crate::model::digest::Digest;
use crate::model::emergency::{Emergency, EmergencyKind, Signers};
use crate::model::enrichment::DataSet;
use crate::model::exception::{Disposition, RecordHistory};
use crate::model::finding::{Finding, SuppressedBy};
use crate::model::profile::{Profile, RuleMode};
use crate::model::service::Service;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::normalise::{Normalised, ReadReport, normalise};
use crate::policy::{Admission, Bundle, Objection, PolicyError, RawVerdict, RuleInfo};

pub use records::{JudgedRecord, judge_records};

use statements::Cleared;

/// Everything a decision is made from.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The instant of the decision.
    pub now: Timestamp,
    /// Where it came from.
    pub clock: Clock,
    /// The environment.
    pub environment: Untrusted,
    /// Enforce or audit.
    pub mode: Mode,
    /// Which outcome fails the run.
    pub fail_on: FailOn,
    /// What the team demands.
    pub profile: Profile,
    /// The change.
    pub change: Change,
    /// The service.
    pub service: Service,
    /// Whether somebody said who can reach it.
    pub exposure_stated: bool,
    /// CODEOWNERS, where there is one.
    pub codeowners: Option<CodeOwnersFile>,
    /// What is released.
    pub artifacts: Vec<Artifact>,
    /// Where the judging inputs came from.
    pub judging: Judging,
    /// The reports, with their receipts.
    pub reports: Vec<ReadReport>,
    /// Data that was added to the reports.
    pub enrichment: Vec<DataSet>,
    /// The exception records, by id.
    pub records: Vec<Record>,
    /// Id of a record → what the commits of the branch that judges say of it.
    pub histories: BTreeMap<Untrusted, RecordHistory>,
    /// The VEX documents, by path and digest.
    pub vex: Vec<VexDocument>,
    /// The record of an emergency, and who signed it.
    pub emergency: Option<(Emergency, Signers)>,
    /// Reviews of earlier emergencies.
    pub closings: Vec<GivenClosing>,
    /// Earlier decisions, where they were given.
    pub history: Option<History>,
    /// An earlier decision of the target branch, where one was given.
    pub baseline: Option<GivenBaseline>,
    /// Id of a record → what came of its signed approvals.
    pub approvers: BTreeMap<Untrusted, Approvers>,
    /// The URI of this gate; it contains the environment.
    pub gate_id: Untrusted,
    /// Whether the built-in pack is part of the bundle.
    pub builtin: bool,
    /// Whether the evidence will be signed.
    pub signed: bool,
    /// Whether the evidence can name an artifact or a commit.
    pub bound: bool,
}

/// A decision, and the exact facts that it was made from.
#[derive(Clone, Debug)]
pub struct Decided {
    /// The decision.
    pub decision: Decision,
    /// The facts as they were evaluated and will be stored.
    pub facts: Vec<u8>,
}

/// Why there is no decision.
#[derive(Debug, thiserror::Error)]
pub enum GateError {
    /// A policy did not evaluate to well-formed verdicts: the policy's fault.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// A glob of the service file or of the profile cannot be read: that file's fault.
    #[error(transparent)]
    Glob(#[from] BadGlob),
    /// Something was lost on the way: a bug of ours.
    #[error(transparent)]
    Unbalanced(#[from] Unbalanced),
    /// The facts could not be written as JSON: a bug of ours.
    #[error("the facts could not be written: {0}")]
    Facts(#[from] serde_json::Error),
}

/// Decides.
///
/// # Errors
/// [`GateError`]; there is no decision then.
pub fn decide(inputs: Inputs, bundle: &Bundle) -> Result<Decided, GateError> {
    judge(gather(inputs, &bundle.data)?, bundle)
}

/// What is judged: the facts before any exception took effect, and what stands beside them.
#[derive(Clone, Debug)]
pub struct Case {
    /// What policies see.
    pub facts: Facts,
    /// The exception records, by id.
    pub records: Vec<Record>,
    /// What they cover.
    pub coverage: exceptions::Coverage,
    /// Id of a record → what came of its signed approvals.
    pub approvers: BTreeMap<Untrusted, Approvers>,
    /// Observations merged across reports.
    pub merged_across: u64,
    /// The URI of this gate.
    pub gate_id: Untrusted,
    /// What else weakens the decision.
    pub circumstances: Circumstances,
}

/// Judges.
///
/// # Errors
/// Those of [`decide`].
pub fn judge(case: Case, bundle: &Bundle) -> Result<Decided, GateError> {
    let Case { mut facts, records, coverage, approvers, merged_across, gate_id, circumstances } = case;
    let fail_on = circumstances.fail_on;
    let ids = ids_of(&facts);
    facts.count_open();

    // Phase one: which records and statements count here. Until then every finding is open.
    let admission = bundle.admission(&facts)?;
    let cleared = Cleared::of(&facts.vex, &admission);
    let mut assignment = exceptions::assign(&records, &coverage, &admission.admitted);

    // Phase two: the rules see the dispositions.
    let Runs { without_exceptions, without_vex, with } = runs(&mut facts, bundle, &admission, |facts, effects| {
        match effects {
            Effects::Statements => statements::clear(facts, &cleared, &admission),
            Effects::Exceptions => admit(facts, &records, &assignment, &admission),
        }
        facts.count_open();
    })?;
    cleared.take_from(&mut assignment, &ids);

    let verdicts = decision::verdicts(&with, &bundle.rules, &facts);
    let outcome = decision::fold(&verdicts);
    let messages = |said: &BTreeMap<Untrusted, Vec<Objection>>| -> BTreeMap<Untrusted, Vec<Untrusted>> {
        said.iter().map(|(id, objections)| (id.clone(), Objection::messages(objections))).collect()
    };
    let lost_with_exceptions = lost(&without_exceptions, &with, outcome);
    let lost_with_vex = lost(&without_vex, &with, outcome);
    let run = exceptions::Run {
        admitted: &admission.admitted,
        denied: &messages(&admission.denied),
        warned: &messages(&admission.warned),
        assignment: &assignment,
        lost: &lost_with_exceptions,
    };
    let accounts = exceptions::account(&records, &ids, &coverage, &run);
    let vex = statements::outcomes(&facts, &cleared, &lost_with_vex, &admission);
    let rules = judged_rules(&facts, bundle);
    let totals = totals(&facts, merged_across, &verdicts, &rules, &with).balanced()?;
    let bytes = facts.to_bytes()?;
    let assurance = decision::assurance(&facts, &bundle.rules, circumstances);
    let gate = GateInfo {
        id: gate_id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: crate::policy::ENGINE.to_owned(),
        policy_digest: judge_digest(bundle.digest, &facts.profile)?,
        facts_digest: Digest::of(&bytes),
    };
    let exit_code = decision::exit_code(outcome, facts.mode, fail_on);
    let exceptions = outcomes(&records, accounts, &approvers);
    let only_because_of = exceptions.iter().filter(|one| one.state.is_decisive()).map(|one| one.id.clone()).collect();
    let obligations = if exit_code == 1 { Vec::new() } else { obligations(&facts) };
    let decision = Decision {
        schema: decision::SCHEMA.into(),
        id: decision_id(&gate, &facts.change),
        outcome,
        exit_code,
        only_because_of,
        decided_at: facts.now,
        clock: facts.clock,
        environment: facts.environment,
        mode: facts.mode,
        fail_on,
        profile: facts.profile.name,
        gate,
        change: facts.change,
        service: facts.service,
        artifacts: facts.artifacts,
        judging: facts.judging,
        verdicts,
        findings: facts.findings,
        exceptions,
        vex,
        coverage: facts.coverage,
        rules,
        totals,
        reports: facts.reports,
        obligations,
        assurance,
        errors: Vec::new(),
    };
    Ok(Decided { decision, facts: bytes })
}

/// Ids of the findings, in their order.
fn ids_of(facts: &Facts) -> Vec<Untrusted> {
    facts.findings.iter().map(|triaged| triaged.finding.id.clone()).collect()
}

/// What takes effect after admission.
enum Effects {
    Statements,
    Exceptions,
}

/// What the rules say, and what they would say if nobody had made an exception, or a statement.
struct Runs {
    with: Vec<RawVerdict>,
    without_exceptions: Vec<RawVerdict>,
    without_vex: Vec<RawVerdict>,
}

/// Evaluates the rules once, and once more without each kind that has an effect. What has none is not asked about: a rule that says why
/// a record is not admitted would speak there of one that is.
fn runs(
    facts: &mut Facts,
    bundle: &Bundle,
    admission: &Admission,
    apply: impl Fn(&mut Facts, Effects),
) -> Result<Runs, GateError> {
    let verdicts = |facts: &Facts| Ok::<_, GateError>(rolled_back(bundle.verdicts(facts)?, facts, bundle));
    let excepts = facts.exceptions.iter().any(|one| one.in_force && admission.admitted.contains(&one.record.id));
    let clears = facts.vex.iter().any(|one| admission.admitted.contains(&one.id));
    let mut without_vex = None;
    if clears {
        let mut facts = facts.clone();
        facts.vex.clear();
        apply(&mut facts, Effects::Exceptions);
        without_vex = Some(verdicts(&facts)?);
    }
    apply(facts, Effects::Statements);
    let mut without_exceptions = None;
    if excepts {
        let records = std::mem::take(&mut facts.exceptions);
        without_exceptions = Some(verdicts(facts)?);
        facts.exceptions = records;
    }
    apply(facts, Effects::Exceptions);
    let with = verdicts(facts)?;
    Ok(Runs {
        without_exceptions: without_exceptions.unwrap_or_else(|| with.clone()),
        without_vex: without_vex.unwrap_or_else(|| with.clone()),
        with,
    })
}

/// The rule that says whether the record of an emergency stands.
const EMERGENCY_RULE: &str = "change/emergency";

/// A rollback on a record that stands always ships: what would block is a warning then, and says so. Whether the record stands is the
/// rule's to say; without that rule in force nothing is softened.
fn rolled_back(mut verdicts: Vec<RawVerdict>, facts: &Facts, bundle: &Bundle) -> Vec<RawVerdict> {
    let Some(emergency) = &facts.emergency else { return verdicts };
    let mode = |rule: &RuleInfo| rule.mode(&facts.profile, facts.today());
    let is_judged = bundle.rules.iter().any(|rule| rule.id == EMERGENCY_RULE && mode(rule) == RuleMode::Enforce);
    let is_refused = verdicts.iter().any(|verdict| verdict.rule == EMERGENCY_RULE && verdict.deny);
    if emergency.record.kind != EmergencyKind::Rollback || !is_judged || is_refused {
        return verdicts;
    }
    for verdict in verdicts.iter_mut().filter(|verdict| verdict.deny) {
        verdict.deny = false;
        let said = format!("{}; ships as the rollback {}", verdict.msg.as_raw(), emergency.record.id.as_raw());
        verdict.msg = Untrusted::new(said);
    }
    verdicts.sort();
    verdicts
}

/// What a release leaves owed: the review of an emergency.
fn obligations(facts: &Facts) -> Vec<Obligation> {
    let due = facts.today().plus_days(i32::try_from(facts.profile.emergency.review_days).unwrap_or(i32::MAX));
    let record = facts.emergency.as_ref().map(|emergency| &emergency.record);
    let is_one = facts.change.kind == ChangeKind::Emergency
        || record.is_some_and(|record| record.kind == EmergencyKind::Rollback);
    if !is_one {
        return Vec::new();
    }
    let by = record.map(|record| record.requested_by.clone()).or_else(|| facts.change.author.clone());
    let (id, what) = match record {
        Some(record) => {
            let what = format!("the review of emergency {}: {}", record.id.as_raw(), record.reason.as_raw());
            (record.id.clone(), Untrusted::new(what))
        }
        // Only where nobody enforces that there is a record.
        None => {
            let commit = facts.change.commit.as_ref().map_or("an unknown commit", |commit| commit.as_str());
            (Untrusted::from(commit), Untrusted::new(format!("the review of an emergency without a record: {commit}")))
        }
    };
    let owner = facts.service.owner.clone().or_else(|| by.clone()).unwrap_or_else(|| "unowned".into());
    vec![Obligation { id, what, owner, by, due }]
}

/// The digest of what judges: of the policies and of the profile's figures, without which they say little. Who pins it
/// pins both.
fn judge_digest(policies: Digest, profile: &Profile) -> Result<Digest, serde_json::Error> {
    let profile = Digest::of(serde_json::to_vec(profile)?);
    Ok(Digest::of(format!("{policies}\n{profile}\n")))
}

fn gather(inputs: Inputs, data: &BTreeMap<String, serde_json::Value>) -> Result<Case, GateError> {
    let Inputs { fail_on, signed, builtin, bound, .. } = inputs;
    let Normalised { reports, documents, findings, merged_across } = normalise(inputs.reports, &inputs.artifacts);
    let owners = Owners::of(&inputs.service, inputs.codeowners.as_ref(), &inputs.profile.layers)?;
    let ownership = owners.facts(&inputs.change.files, inputs.exposure_stated);
    let context = exceptions::Context {
        service: inputs.service.name.as_ref().map(Untrusted::as_raw),
        environment: inputs.environment.as_raw(),
        repository: inputs.change.repository.as_ref().map(Untrusted::as_raw),
        now: inputs.now,
    };
    let records = inputs.records;
    let covered = exceptions::cover(&records, &findings, &context);
    let said = statements::cover(&inputs.vex, &findings, &inputs.service, &inputs.artifacts, inputs.now);
    let released = Released {
        commit: inputs.change.commit.clone(),
        digests: inputs.artifacts.iter().map(|artifact| artifact.digest).collect(),
    };
    let asked = Asked {
        profile: &inputs.profile.name,
        environment: &inputs.environment,
        tier: inputs.service.tier,
        exposure: inputs.service.exposure,
        now: inputs.now,
    };
    let demands = &inputs.profile.coverage;
    let coverage = coverage(demands, &reports, &released, asked);
    let documents = facts::documents(&documents, &reports, inputs.artifacts, demands, (&released, asked));
    let about = About {
        service: inputs.service.name.as_ref(),
        environment: &inputs.environment,
        repository: inputs.change.repository.as_ref(),
        commit: inputs.change.commit.as_ref(),
        now: inputs.now,
    };
    let emergency = inputs.emergency.map(|(record, signers)| ClaimedEmergency::of(record, signers, about));
    let here = Here {
        repository: inputs.change.repository.as_ref(),
        branch: inputs.change.target.as_ref().or(inputs.change.branch.as_ref()),
        service: inputs.service.name.as_ref(),
        environment: &inputs.environment,
        now: inputs.now,
        clock: inputs.clock,
    };
    let (baseline, known) = facts::baseline(inputs.baseline.as_ref(), &findings, here);
    let ids: Vec<Untrusted> = findings.iter().map(|finding| finding.id.clone()).collect();
    let matched = covered
        .matched_exceptions(&records, &ids)
        .into_iter()
        .map(|matched| MatchedException {
            record: matched.record.exception.clone(),
            origin: matched.record.origin,
            covers: matched.covers,
            worst: matched.worst,
            life_days: matched.life_days,
            history: inputs.histories.get(matched.record.id()).cloned(),
            days_left: matched.days_left,
            verified_approvers: match inputs.approvers.get(matched.record.id()) {
                Some(approvers) => approvers.verified.clone(),
                None => Vec::new(),
            },
            in_force: matched.in_force,
            admitted: false,
        })
        .collect();
    let findings = findings
        .into_iter()
        .zip(known)
        .map(|(finding, known)| {
            let owner = owners.of_path(finding.location.path.as_ref());
            let disposition = match is_suppressed(&finding, &inputs.profile) {
                true => Disposition::Suppressed,
                false => Disposition::Open,
            };
            TriagedFinding::new(finding, known, inputs.now).triaged(owner, disposition)
        })
        .collect();
    let mut facts = Facts {
        schema: facts::SCHEMA.into(),
        now: inputs.now,
        clock: inputs.clock,
        environment: inputs.environment,
        mode: inputs.mode,
        profile: inputs.profile,
        change: inputs.change,
        service: inputs.service,
        ownership,
        artifacts: documents.artifacts,
        coverage,
        enrichment: facts::enrichment(inputs.enrichment, inputs.now),
        tests: documents.tests,
        line_coverage: documents.line_coverage,
        plan: documents.plan,
        scorecards: documents.scorecards,
        licenses: documents.licenses,
        attestations: documents.attestations,
        history: inputs.history,
        baseline,
        emergency,
        closings: inputs.closings,
        judging: inputs.judging,
        reports,
        open: Open::default(),
        findings,
        vex: statements::matched(&said, &ids),
        vex_documents: statements::documents(&inputs.vex, &said),
        exceptions: matched,
        data: data.clone(),
    };
    facts.count_open();
    Ok(Case {
        facts,
        records,
        coverage: covered,
        approvers: inputs.approvers,
        merged_across,
        gate_id: inputs.gate_id,
        circumstances: Circumstances { signed, fail_on, builtin, bound },
    })
}

/// A suppression counts only where every tool that saw the finding said so and is trusted to. That a check passed needs no
/// more trust than not to list it.
pub(crate) fn is_suppressed(finding: &Finding, profile: &Profile) -> bool {
    let Some(suppression) = &finding.suppression else { return false };
    suppression.by == SuppressedBy::Passed
        || finding.seen_by.iter().all(|seen| seen.suppressed && profile.trusted_suppressions.contains(&seen.tool))
}

/// Lets admitted records take effect.
fn admit(facts: &mut Facts, records: &[Record], assignment: &exceptions::Assignment, admission: &Admission) {
    for exception in &mut facts.exceptions {
        exception.admitted = exception.in_force && admission.admitted.contains(&exception.record.id);
    }
    let pairs = facts.findings.iter_mut().zip(&assignment.by_finding);
    for (triaged, number) in pairs.filter(|(triaged, _)| !statements::is_cleared(triaged.disposition)) {
        if let Some(record) = number.and_then(|number| records.get(number)) {
            triaged.disposition = Disposition::Excepted;
            triaged.owner.get_or_insert_with(|| record.exception.owner.clone());
            triaged.exception = Some(record.id().clone());
        }
    }
}

/// The verdicts that the run without exceptions has and this run has not, by rule, action and finding.
fn lost(without: &[RawVerdict], with: &[RawVerdict], outcome: Outcome) -> Vec<Lost> {
    fn key(verdict: &RawVerdict) -> (&str, bool, Option<&Untrusted>) {
        (&verdict.rule, verdict.deny, verdict.finding.as_ref())
    }
    let standing: BTreeSet<_> = with.iter().map(key).collect();
    let gone: BTreeSet<_> = without.iter().map(key).filter(|key| !standing.contains(key)).collect();
    gone.into_iter()
        .map(|(rule, deny, finding)| Lost {
            rule: rule.into(),
            finding: finding.cloned(),
            worse: if deny { outcome < Outcome::Block } else { outcome < Outcome::Warn },
        })
        .collect()
}

/// What became of every record, by id.
fn outcomes(
    records: &[Record],
    accounts: Vec<Account>,
    approvers: &BTreeMap<Untrusted, Approvers>,
) -> Vec<ExceptionOutcome> {
    let refused = |record: &Record| {
        let refused = approvers.get(record.id()).into_iter().flat_map(|approvers| &approvers.refused);
        refused.map(exceptions::Refused::line)
    };
    let mut outcomes: Vec<ExceptionOutcome> = records
        .iter()
        .zip(accounts)
        .map(|(record, account)| ExceptionOutcome {
            id: record.id().clone(),
            origin: record.origin,
            state: account.state,
            covers: account.covers,
            verdict: record.exception.criteria.verdict.clone(),
            expires: record.exception.expires,
            days_left: account.days_left,
            owner: record.exception.owner.clone(),
            because: account.because.into_iter().chain(refused(record)).collect(),
        })
        .collect();
    outcomes.sort();
    outcomes
}

/// The rules that the profile does not switch off, by id.
fn judged_rules(facts: &Facts, bundle: &Bundle) -> Vec<JudgedRule> {
    let today = facts.today();
    let is_on = |rule: &&RuleInfo| rule.mode(&facts.profile, today) != RuleMode::Off;
    let mut rules: Vec<_> = bundle.rules.iter().filter(is_on).collect();
    rules.sort_by_key(|rule| &rule.id);
    let judged = |rule: &RuleInfo| JudgedRule {
        id: rule.id.as_str().into(),
        title: rule.title.clone(),
        description: rule.description.clone(),
        owner: rule.owner.clone(),
        severity: rule.severity,
        controls: rule.controls.clone(),
        remediation: rule.remediation.clone(),
    };
    rules.into_iter().map(judged).collect()
}

fn totals(facts: &Facts, merged_across: u64, verdicts: &[Verdict], rules: &[JudgedRule], raw: &[RawVerdict]) -> Totals {
    let mut totals = Totals { merged_across, ..Totals::default() };
    for report in &facts.reports {
        totals.results += report.results;
        totals.suppressed_apart += report.suppressed_apart;
        totals.not_understood += report.not_understood;
        totals.merged_within += report.merged_within;
        totals.kept += report.kept;
    }
    for triaged in &facts.findings {
        totals.count(triaged.disposition);
    }
    for verdict in verdicts {
        match verdict.action {
            VerdictAction::Deny => totals.deny += 1,
            VerdictAction::Warn => totals.warn += 1,
        }
    }
    let spoke: BTreeSet<&str> = raw.iter().map(|verdict| verdict.rule.as_str()).collect();
    for rule in rules {
        totals.rules += 1;
        totals.rules_passed += u64::from(!spoke.contains(rule.id.as_raw()));
    }
    totals
}

/// `d-` and 32 hexadecimal digits: the same run decides once, another attempt is another decision.
fn decision_id(gate: &GateInfo, change: &Change) -> String {
    let part = |text: &Option<Untrusted>| text.as_ref().map(|t| t.as_raw().to_owned()).unwrap_or_default();
    let key = [
        gate.facts_digest.to_string(),
        gate.policy_digest.to_string(),
        gate.id.as_raw().to_owned(),
        part(&change.run.provider),
        part(&change.run.id),
        part(&change.run.attempt),
    ]
    .join("\n");
    let hex: String = Digest::of(key).hex().chars().take(32).collect();
    format!("d-{hex}")
}

/// What is known about a run that ended without a decision.
#[derive(Clone, Debug)]
pub struct Known {
    /// The instant of the run.
    pub now: Timestamp,
    /// Where it came from.
    pub clock: Clock,
    /// The environment, as far as it was known.
    pub environment: Untrusted,
    /// Enforce or audit.
    pub mode: Mode,
    /// Which outcome fails the run.
    pub fail_on: FailOn,
    /// The change, as far as it was known.
    pub change: Change,
    /// What would have been released, as far as it was known.
    pub artifacts: Vec<Artifact>,
    /// Where judging inputs came from.
    pub judging: Judging,
    /// The URI of this gate.
    pub gate_id: Untrusted,
    /// 3 or 4.
    pub exit_code: u8,
    /// What is wrong.
    pub errors: Vec<decision::DecisionError>,
}

/// A run without a decision, as a document: evidence of errors is made from it. Nothing was evaluated, so the digests of
/// policies and facts are those of no bytes.
#[must_use]
pub fn no_decision(known: Known) -> Decision {
    let nothing = Digest::of(b"");
    let gate = GateInfo {
        id: known.gate_id,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        engine: crate::policy::ENGINE.to_owned(),
        policy_digest: nothing,
        facts_digest: nothing,
    };
    let told: Vec<&str> = known.errors.iter().map(|error| error.message.as_raw()).collect();
    let id = decision_id(&gate, &known.change);
    let about: Vec<String> = known.artifacts.iter().map(|artifact| artifact.digest.to_string()).collect();
    let told = format!("{id}\n{}\n{}\n{}", known.now, about.join(" "), told.join("\n"));
    let hex: String = Digest::of(told).hex().chars().take(32).collect();
    Decision {
        schema: decision::SCHEMA.into(),
        id: format!("d-{hex}"),
        outcome: Outcome::Error,
        exit_code: known.exit_code,
        only_because_of: Vec::new(),
        decided_at: known.now,
        clock: known.clock,
        environment: known.environment,
        mode: known.mode,
        fail_on: known.fail_on,
        profile: Untrusted::default(),
        gate,
        change: known.change,
        service: Service::default(),
        artifacts: known.artifacts,
        judging: known.judging,
        verdicts: Vec::new(),
        findings: Vec::new(),
        exceptions: Vec::new(),
        vex: Vec::new(),
        coverage: Vec::new(),
        rules: Vec::new(),
        totals: Totals::default(),
        reports: Vec::new(),
        obligations: Vec::new(),
        assurance: decision::Assurance { level: 0, because: vec!["no decision was reached".to_owned()] },
        errors: known.errors,
    }
}
