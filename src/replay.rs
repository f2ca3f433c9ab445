//! The decision made again, from what its evidence keeps.
//!
//! What must stay true: only verified evidence is replayed; nothing but the facts, policies, records and the recorded instant
//! goes in, and where reports are given, those that were read then, by their digests; and "the same" is said of the same bytes, or,
//! by another version, of the same outcome and verdicts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::decision::{Circumstances, Decision, Outcome};
use crate::evidence::materials::Role;
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{Folder, Kept, Verified};
use crate::exceptions::{self, Context, Record, VexDocument};
use crate::facts::{
    self, Clock, CodeOwners, CodeOwnersFile, Dialect, EarlierDecision, Facts, GivenBaseline, Here, MatchedException,
    Owners,
};
use crate::gate::{self, Case, Decided, GateError, Inputs};
use crate::model::artifact::Artifact;
use crate::model::exception::Disposition;
use crate::model::finding::Finding;
use crate::model::profile::Profile;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Timestamp;
use crate::normalise::ReadReport;
use crate::policy::{Bundle, Layer, PolicyFile, PolicySet};

/// Differences that are told; the rest is counted.
const MOST_TOLD: usize = 50;

/// Why a decision cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreplayable {
    /// Evidence of an error.
    #[error("the run ended in an error: there was no decision")]
    NoDecision,
    /// Evidence of a version that kept less.
    #[error("the evidence does not say how its policies were loaded")]
    NoPolicySet,
    /// Other facts than those that were kept.
    #[error("{0} is a fact that is made from the reports: name them with --reports")]
    NeedsReports(&'static str),
    /// What the change's runner is was found out when it was decided.
    #[error("the profile has other `runners`: what the runner of the change was is taken as it was recorded")]
    Runners,
    /// Something that was kept is missing, or not readable any more.
    #[error("{0}")]
    Unreadable(String),
}

fn unreadable(what: &str, why: impl std::fmt::Display) -> Unreplayable {
    Unreplayable::Unreadable(format!("{what}: {why}"))
}

/// What is to judge instead of what did.
#[derive(Clone, Debug, Default)]
pub struct Substitutes {
    /// The instant.
    pub at: Option<Timestamp>,
    /// The profile.
    pub profile: Option<Profile>,
    /// The exception records, by id.
    pub records: Option<Vec<Record>>,
}

impl Substitutes {
    /// Puts them into the facts that the rest is made from.
    fn put(&self, facts: &mut Facts, with_reports: bool) -> Result<(), Unreplayable> {
        if let Some(profile) = &self.profile {
            let was = &facts.profile;
            if profile.runners != was.runners {
                return Err(Unreplayable::Runners);
            }
            if !with_reports && (profile.coverage != was.coverage || profile.layers != was.layers) {
                return Err(Unreplayable::NeedsReports("what its profile says of coverage or layers"));
            }
            facts.profile = profile.clone();
        }
        if !with_reports && self.records.is_some() {
            return Err(Unreplayable::NeedsReports("what other exceptions cover"));
        }
        if let Some(at) = self.at {
            if !with_reports {
                return Err(Unreplayable::NeedsReports("what another day changes"));
            }
            facts.now = at;
            facts.clock = Clock::Pinned;
        }
        Ok(())
    }
}

/// A decision as it was recorded, ready to be made again.
#[derive(Debug)]
pub struct Recorded {
    /// The policies, to be loaded by the caller, who does not trust them more than any others.
    pub policies: Vec<PolicyFile>,
    /// Packages that are not ours and were evaluated.
    pub namespaces: Vec<String>,
    /// What the decision rests on and is taken as it was recorded, in words.
    pub unchecked: Vec<&'static str>,
    start: Start,
    facts: Vec<u8>,
    decision: Vec<u8>,
}

/// What a decision read about the release, read again as it was then.
#[derive(Clone, Debug, Default)]
pub struct Originals {
    /// The reports, enriched and bound.
    pub reports: Vec<ReadReport>,
    /// The VEX documents, by path and digest.
    pub vex: Vec<VexDocument>,
}

/// What the decision is made from.
#[derive(Debug)]
enum Start {
    /// The facts as they were kept.
    Facts(Box<Case>),
    /// The reports, and what the facts say beside them.
    Reports(Box<Inputs>),
}

impl Recorded {
    /// What a verified statement and its blobs record. With the reports, enriched and bound as they were then, the facts are made
    /// again, too.
    ///
    /// # Errors
    /// [`Unreplayable`].
    pub fn of(
        statement: &Verified<Statement<GateDecision>>,
        folder: &Folder,
        reports: Option<Originals>,
        instead: &Substitutes,
    ) -> Result<Self, Unreplayable> {
        let kept = Kept::of(statement, folder).map_err(Unreplayable::Unreadable)?;
        let bytes = kept.facts().map_err(Unreplayable::Unreadable)?;
        if statement.predicate.outcome == Outcome::Error {
            return Err(Unreplayable::NoDecision);
        }
        let bytes = bytes.ok_or(Unreplayable::NoDecision)?;
        let mut facts = Facts::from_bytes(bytes).map_err(|error| unreadable("the facts", error))?;
        instead.put(&mut facts, reports.is_some())?;
        let decision = kept.decision().map_err(Unreplayable::Unreadable)?;
        let (policies, namespaces) = policies(&kept)?;
        let told = Told::read(decision).map_err(|error| unreadable("the decision document", error))?;
        let circumstances = Circumstances {
            signed: statement.predicate.signed,
            fail_on: statement.predicate.fail_on,
            builtin: policies.iter().any(|file| file.layer == Layer::Builtin),
            bound: statement.predicate.subject_source.is_bound(),
        };
        let unchecked = unchecked(&facts, reports.is_some());
        let records = match &instead.records {
            Some(records) => records.clone(),
            None => kept.records().map_err(Unreplayable::Unreadable)?,
        };
        let start = match reports {
            None => Start::Facts(Box::new(case(&kept, facts, records, told.gate.id, circumstances)?)),
            Some(reports) => {
                Start::Reports(Box::new(inputs(&kept, facts, reports, records, told.gate.id, circumstances)?))
            }
        };
        Ok(Self { policies, namespaces, unchecked, start, facts: bytes.to_vec(), decision: decision.to_vec() })
    }

    /// The exception records, by id.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        match &self.start {
            Start::Facts(case) => &case.records,
            Start::Reports(inputs) => &inputs.records,
        }
    }

    /// The decision that was made.
    ///
    /// # Errors
    /// It is none that this program reads.
    pub fn decision(&self) -> Result<Decision, Unreplayable> {
        Decision::from_bytes(&self.decision).map_err(|error| unreadable("the decision document", error))
    }

    /// Decides again.
    ///
    /// # Errors
    /// There is no decision this time.
    pub fn decide(self, bundle: &Bundle) -> Result<Decided, GateError> {
        match self.start {
            Start::Facts(case) => gate::judge(*case, bundle),
            Start::Reports(inputs) => gate::decide(*inputs, bundle),
        }
    }

    /// Decides again, compares, and gives the decision as well.
    ///
    /// # Errors
    /// There is no decision this time.
    pub fn again(self, bundle: &Bundle) -> Result<(Decided, Comparison), GateError> {
        let (again, anew) = match self.start {
            Start::Facts(case) => (gate::judge(*case, bundle)?, false),
            Start::Reports(inputs) => (gate::decide(*inputs, bundle)?, true),
        };
        let comparison = match compare(&self.decision, &serde_json::to_vec(&again.decision)?) {
            Comparison::Different(of_decision) if anew && again.facts != self.facts => {
                let mut differences = facts_differences(&self.facts, &again.facts);
                differences.extend(of_decision);
                Comparison::Different(told(differences))
            }
            compared => compared,
        };
        Ok((again, comparison))
    }

    /// Decides again, and compares.
    ///
    /// # Errors
    /// There is no decision this time.
    pub fn replay(self, bundle: &Bundle) -> Result<Comparison, GateError> {
        self.again(bundle).map(|(_, comparison)| comparison)
    }
}

/// What nothing that is kept proves.
fn unchecked(facts: &Facts, with_reports: bool) -> Vec<&'static str> {
    let told = [
        (!with_reports, "that the facts are what the reports say (--reports)"),
        (true, "what git and the CI system said of the change"),
        (facts.exceptions.iter().any(|exception| exception.history.is_some()), "what git said of the records' age"),
        (facts.history.is_some(), "that the earlier evidence (--history) held"),
        (facts.baseline.is_some(), "that the evidence of the baseline held"),
    ];
    told.into_iter().filter_map(|(is_so, what)| is_so.then_some(what)).collect()
}

fn policies(kept: &Kept<'_>) -> Result<(Vec<PolicyFile>, Vec<String>), Unreplayable> {
    let list = kept.files(Role::PolicySet).find_map(|file| file.bytes).ok_or(Unreplayable::NoPolicySet)?;
    let set = PolicySet::read(list).map_err(|fault| Unreplayable::Unreadable(fault.to_string()))?;
    let blobs: BTreeMap<_, _> = kept.files(Role::Policy).filter_map(|file| Some((file.digest, file.bytes?))).collect();
    let files = set.files(|digest| blobs.get(&digest).copied());
    Ok((files.map_err(|fault| Unreplayable::Unreadable(fault.to_string()))?, set.namespaces))
}

/// What the decision was made from, with these reports in the place of what became of them.
fn inputs(
    kept: &Kept<'_>,
    facts: Facts,
    Originals { reports, mut vex }: Originals,
    records: Vec<Record>,
    gate_id: Untrusted,
    circumstances: Circumstances,
) -> Result<Inputs, Unreplayable> {
    let repository = facts.change.repository.clone();
    let repository = repository.as_ref().map(Untrusted::as_raw);
    let signers = kept.signers().map_err(Unreplayable::Unreadable)?;
    let approvers =
        signers.map(|signers| kept.approvers(&records, repository, &signers, facts.now)).unwrap_or_default();
    for document in &mut vex {
        document.outside = facts.judging.outside.contains(&document.path);
    }
    let Circumstances { signed, fail_on, builtin, bound } = circumstances;
    let history = |exception: MatchedException| Some((exception.record.id, exception.history?));
    let histories = facts.exceptions.iter().cloned().filter_map(history).collect();
    Ok(Inputs {
        codeowners: codeowners(kept)?,
        baseline: baseline(kept, &facts)?,
        now: facts.now,
        clock: facts.clock,
        environment: facts.environment,
        mode: facts.mode,
        fail_on,
        profile: facts.profile,
        change: facts.change,
        service: facts.service,
        exposure_stated: facts.ownership.exposure_stated,
        artifacts: facts.artifacts.into_iter().map(|artifact| Artifact::new(artifact.name, artifact.digest)).collect(),
        judging: facts.judging,
        reports,
        enrichment: facts.enrichment.into_iter().map(|enrichment| enrichment.data).collect(),
        records,
        histories,
        vex,
        emergency: facts.emergency.map(|claimed| (claimed.record, claimed.signers)),
        closings: facts.closings,
        history: facts.history,
        approvers,
        gate_id,
        builtin,
        signed,
        bound,
    })
}

/// The earlier decision, as it was kept. What spoke against it and cannot be told from it is what the facts say beside that.
fn baseline(kept: &Kept<'_>, facts: &Facts) -> Result<Option<GivenBaseline>, Unreplayable> {
    let Some(told) = &facts.baseline else { return Ok(None) };
    let decision = match kept.files(Role::Baseline).next() {
        None => None,
        Some(file) => {
            let bytes = file.held().map_err(Unreplayable::Unreadable)?;
            serde_json::from_slice::<EarlierDecision>(bytes)
                .ok()
                .filter(|earlier| earlier.schema == crate::decision::SCHEMA)
        }
    };
    let given = GivenBaseline { place: told.place.clone(), decision, verified_by: told.verified_by, problem: None };
    let here = Here {
        repository: facts.change.repository.as_ref(),
        branch: facts.change.target.as_ref().or(facts.change.branch.as_ref()),
        service: facts.service.name.as_ref(),
        environment: &facts.environment,
        now: facts.now,
        clock: facts.clock,
    };
    let (seen, _) = facts::baseline(Some(&given), &[], here);
    let seen = seen.map(|seen| seen.problems).unwrap_or_default();
    let problem = told.problems.iter().find(|problem| !seen.contains(problem)).cloned();
    Ok(Some(GivenBaseline { problem, ..given }))
}

/// The facts as they were before any exception took effect, and what stood beside them.
fn case(
    kept: &Kept<'_>,
    mut facts: Facts,
    records: Vec<Record>,
    gate_id: Untrusted,
    circumstances: Circumstances,
) -> Result<Case, Unreplayable> {
    let codeowners = codeowners(kept)?;
    let repository = facts.change.repository.clone();
    let repository = repository.as_ref().map(Untrusted::as_raw);
    // Without allowed signers none counted as signed.
    let signers = kept.signers().map_err(Unreplayable::Unreadable)?;
    let approvers =
        signers.map(|signers| kept.approvers(&records, repository, &signers, facts.now)).unwrap_or_default();
    let owners = Owners::of(&facts.service, codeowners.as_ref(), &facts.profile.layers)
        .map_err(|fault| Unreplayable::Unreadable(fault.to_string()))?;
    for triaged in &mut facts.findings {
        triaged.exception = None;
        triaged.owner = owners.of_path(triaged.finding.location.path.as_ref());
        triaged.disposition = match gate::is_suppressed(&triaged.finding, &facts.profile) {
            true => Disposition::Suppressed,
            false => Disposition::Open,
        };
    }
    for statement in &mut facts.vex {
        statement.admitted = false;
    }
    for exception in &mut facts.exceptions {
        exception.admitted = false;
        exception.verified_approvers =
            approvers.get(&exception.record.id).map(|approvers| approvers.verified.clone()).unwrap_or_default();
    }
    let context = Context {
        service: facts.service.name.as_ref().map(Untrusted::as_raw),
        environment: facts.environment.as_raw(),
        repository,
        now: facts.now,
    };
    let findings: Vec<Finding> = facts.findings.iter().map(|triaged| triaged.finding.clone()).collect();
    let coverage = exceptions::cover(&records, &findings, &context);
    let kept: u64 = facts.reports.iter().map(|report| report.kept).sum();
    let merged_across = kept.saturating_sub(u64::try_from(findings.len()).unwrap_or(u64::MAX));
    Ok(Case { facts, records, coverage, approvers, merged_across, gate_id, circumstances })
}

fn codeowners(kept: &Kept<'_>) -> Result<Option<CodeOwnersFile>, Unreplayable> {
    let Some(file) = kept.files(Role::Ownership).next() else { return Ok(None) };
    let text = file.text().map_err(Unreplayable::Unreadable)?;
    let owners = CodeOwners::parse(text, Dialect::of(file.path.as_raw(), text));
    Ok(Some(CodeOwnersFile { path: file.path.clone(), owners }))
}

/// How the decision made again stands to the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same bytes.
    Identical,
    /// By another version of the program or engine: the same outcome, and the same verdicts by rule, action and finding.
    Equivalent {
        /// The version that decided.
        recorded: String,
    },
    /// Neither, and why, at least one line.
    Different(Vec<String>),
}

/// A decision document, as far as it is compared.
#[derive(Debug, Deserialize)]
struct Told {
    outcome: Outcome,
    gate: ToldGate,
    verdicts: Vec<ToldVerdict>,
}

#[derive(Debug, Deserialize)]
struct ToldGate {
    id: Untrusted,
    version: Untrusted,
    engine: Untrusted,
}

#[derive(Debug, Deserialize)]
struct ToldVerdict {
    rule: Untrusted,
    action: Untrusted,
    findings: Vec<Untrusted>,
}

impl Told {
    fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// `deny rule f-…`, one for each finding of each verdict.
    fn lines(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        for verdict in &self.verdicts {
            let what = format!("{} {}", verdict.action.line(), verdict.rule.line());
            if verdict.findings.is_empty() {
                lines.insert(what);
            } else {
                lines.extend(verdict.findings.iter().map(|id| format!("{what} {}", id.line())));
            }
        }
        lines
    }

    fn by(&self) -> String {
        format!("countersign {}, {}", self.gate.version.line(), self.gate.engine.line())
    }
}

fn compare(recorded: &[u8], again: &[u8]) -> Comparison {
    if recorded == again {
        return Comparison::Identical;
    }
    let (Ok(then), Ok(now)) = (Told::read(recorded), Told::read(again)) else {
        return Comparison::Different(vec!["the recorded document is none that this program writes".to_owned()]);
    };
    let mut differences = Vec::new();
    if then.outcome != now.outcome {
        differences.push(format!("the outcome was {}, and is {}", then.outcome.word(), now.outcome.word()));
    }
    let (before, after) = (then.lines(), now.lines());
    differences.extend(before.difference(&after).map(|line| format!("recorded, and not found again: {line}")));
    differences.extend(after.difference(&before).map(|line| format!("found, and not recorded: {line}")));
    let same_program = then.by() == now.by();
    if differences.is_empty() && !same_program {
        return Comparison::Equivalent { recorded: then.by() };
    }
    if differences.is_empty() {
        differences = places(recorded, again);
    }
    if !same_program {
        differences.push(format!("recorded by {}, replayed by {}", then.by(), now.by()));
    }
    Comparison::Different(told(differences))
}

/// The first of many differences, and how many more there are.
fn told(mut differences: Vec<String>) -> Vec<String> {
    let more = differences.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        differences.truncate(MOST_TOLD);
        differences.push(format!("and {more} more"));
    }
    differences
}

/// What the facts say that the reports do not, and the other way round.
fn facts_differences(recorded: &[u8], again: &[u8]) -> Vec<String> {
    let findings = |bytes: &[u8]| -> BTreeMap<String, Value> {
        let facts: Value = serde_json::from_slice(bytes).unwrap_or_default();
        let list = facts.get("findings").and_then(Value::as_array).cloned().unwrap_or_default();
        list.into_iter().filter_map(|finding| Some((finding.get("id")?.as_str()?.to_owned(), finding))).collect()
    };
    let (before, after) = (findings(recorded), findings(again));
    let mut differences = Vec::new();
    let missing = before.keys().filter(|id| !after.contains_key(*id));
    differences.extend(missing.map(|id| format!("in the facts, and not in the reports: {}", neutral(id))));
    let new = after.keys().filter(|id| !before.contains_key(*id));
    differences.extend(new.map(|id| format!("in the reports, and not in the facts: {}", neutral(id))));
    let other = before.iter().filter(|(id, finding)| after.get(*id).is_some_and(|again| again != *finding));
    differences.extend(other.map(|(id, _)| format!("in the facts otherwise than in the reports: {}", neutral(id))));
    differences.extend(places(recorded, again).into_iter().map(|place| format!("facts: {place}")));
    differences
}

/// Where two documents differ, two levels deep.
fn places(recorded: &[u8], again: &[u8]) -> Vec<String> {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let (recorded, again) = (read(recorded), read(again));
    let mut found = Vec::new();
    let below = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (outer, inner) = (below(&recorded), below(&again));
    let keys: BTreeSet<&String> = outer.keys().chain(inner.keys()).collect();
    for key in keys.into_iter().filter(|key| outer.get(*key) != inner.get(*key)) {
        let (old, new) = (outer.get(key).map(below), inner.get(key).map(below));
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|k| old.get(*k) != new.get(*k)).collect();
        if keys.is_empty() {
            found.push(format!("`{key}` is not as recorded"));
        }
        found.extend(keys.into_iter().map(|inner| format!("`{key}.{inner}` is not as recorded")));
    }
    if found.is_empty() {
        // The same values in another order or spelling.
        found.push("the bytes are not as recorded".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(version: &str, outcome: &str, verdicts: &str) -> Vec<u8> {
        format!(
            r#"{{"outcome":"{outcome}","gate":{{"id":"g","version":"{version}","engine":"e"}},"verdicts":[{verdicts}]}}"#
        )
        .into_bytes()
    }

    const DENY: &str = r#"{"rule":"a/b","action":"deny","msg":"m","findings":["f-1","f-2"]}"#;
    const REWORDED: &str = r#"{"rule":"a/b","action":"deny","msg":"other words","findings":["f-1","f-2"]}"#;

    #[test]
    fn only_another_version_may_answer_in_other_bytes() {
        let recorded = document("1", "block", DENY);
        assert_eq!(compare(&recorded, &recorded), Comparison::Identical);
        let newer = compare(&recorded, &document("2", "block", REWORDED));
        assert_eq!(newer, Comparison::Equivalent { recorded: "countersign 1, e".to_owned() });
        let same = compare(&recorded, &document("1", "block", REWORDED));
        assert_eq!(same, Comparison::Different(vec!["`verdicts` is not as recorded".to_owned()]));
        let spelled = [recorded.as_slice(), b"\n"].concat();
        assert_eq!(
            compare(&recorded, &spelled),
            Comparison::Different(vec!["the bytes are not as recorded".to_owned()])
        );
    }

    #[test]
    fn a_difference_names_outcome_rule_action_and_finding() {
        let one = DENY.replace(r#","f-2""#, "");
        let Comparison::Different(told) = compare(&document("1", "pass", &one), &document("2", "block", DENY)) else {
            panic!("no difference");
        };
        assert_eq!(
            told,
            [
                "the outcome was pass, and is block",
                "found, and not recorded: deny a/b f-2",
                "recorded by countersign 1, e, replayed by countersign 2, e",
            ]
        );
    }
}
