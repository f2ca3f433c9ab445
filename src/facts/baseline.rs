//! An earlier decision of the target branch: what was there before this change.
//!
//! What must stay true: only a baseline that stands makes a finding known or old. One that cannot be verified, or is about
//! something else, says so and changes nothing, so that a wrong baseline never makes a clean sheet.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::Clock;
use crate::model::document::LineCoverage;
use crate::model::exception::Disposition;
use crate::model::finding::Finding;
use crate::model::report::Sha256Field;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// A decision document, as far as a later run needs it.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct EarlierDecision {
    /// The tag of its schema.
    pub schema: Untrusted,
    /// Its id.
    pub id: Untrusted,
    /// `pass`, `warn`, `block` or `error`.
    pub outcome: Untrusted,
    /// When.
    pub decided_at: Timestamp,
    /// `system` or `pinned`.
    pub clock: Untrusted,
    /// For which environment.
    pub environment: Untrusted,
    /// `enforce` or `audit`.
    pub mode: Untrusted,
    change: EarlierChange,
    service: EarlierService,
    findings: Vec<EarlierFinding>,
    reports: Vec<EarlierReport>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EarlierChange {
    repository: Option<Untrusted>,
    branch: Option<Untrusted>,
    target: Option<Untrusted>,
    commit: Option<Untrusted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EarlierService {
    name: Option<Untrusted>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EarlierFinding {
    fingerprint: Untrusted,
    #[serde(default)]
    content_fingerprint: Option<Untrusted>,
    #[serde(default)]
    first_seen: Option<Untrusted>,
    severity: Severity,
    disposition: Disposition,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct EarlierReport {
    digest: Sha256Field,
    #[serde(default)]
    line_coverage: Option<LineCoverage>,
}

/// A baseline that was given, and what vouches for it.
#[derive(Clone, Debug, PartialEq)]
pub struct GivenBaseline {
    /// Where it was read from.
    pub place: Untrusted,
    /// The document; absent where it could not be read as one or its evidence did not verify.
    pub decision: Option<EarlierDecision>,
    /// What vouches for it; absent where nothing does.
    pub verified_by: Option<VerifiedBy>,
    /// Why not, where that is known.
    pub problem: Option<Untrusted>,
}

/// What vouches for a baseline.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum VerifiedBy {
    /// A signature on its evidence.
    Signature,
    /// Its digest, which a person named.
    Digest,
    /// It was read from the branch that a change request goes to.
    TargetBranch,
}

/// What policies see of a baseline: `input.baseline`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Baseline {
    /// Where it was read from.
    pub place: Untrusted,
    /// The id of the decision.
    pub decision: Option<Untrusted>,
    /// When that was.
    pub decided_at: Option<Timestamp>,
    /// Days since.
    pub age_days: Option<i64>,
    /// The commit that it was about.
    pub commit: Option<Untrusted>,
    /// What vouches for it.
    pub verified_by: Option<VerifiedBy>,
    /// Whether it counts: nothing stands below.
    pub stands: bool,
    /// Why it does not, sorted.
    pub problems: Vec<Untrusted>,
    /// Findings that it lists.
    pub findings: u64,
    /// Of those, how many are gone.
    pub gone: u64,
    /// How much of the code ran under test then.
    pub line_coverage: Option<LineCoverage>,
}

/// What a baseline is held against.
#[derive(Clone, Copy, Debug)]
pub struct Here<'a> {
    /// The repository.
    pub repository: Option<&'a Untrusted>,
    /// The branch that the change goes to, else the branch of the run.
    pub branch: Option<&'a Untrusted>,
    /// The service.
    pub service: Option<&'a Untrusted>,
    /// The environment.
    pub environment: &'a Untrusted,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Where that came from.
    pub clock: Clock,
}

/// What a baseline says of one finding.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// Whether it was there, open and no milder; `None` without a baseline that stands.
    pub known: Option<bool>,
    /// The day on which it was first seen.
    pub first_seen: Option<Untrusted>,
}

/// Holds a baseline against this run, and says of every finding whether it was there.
#[must_use]
pub fn baseline(given: Option<&GivenBaseline>, findings: &[Finding], here: Here<'_>) -> (Option<Baseline>, Vec<Known>) {
    let unknown = || vec![Known::default(); findings.len()];
    let Some(given) = given else { return (None, unknown()) };
    let mut problems = problems(given, here);
    problems.sort();
    problems.dedup();
    let decision = given.decision.as_ref();
    let mut baseline = Baseline {
        place: given.place.clone(),
        decision: decision.map(|decision| decision.id.clone()),
        decided_at: decision.map(|decision| decision.decided_at),
        age_days: decision.map(|decision| here.now.date().days_since(decision.decided_at.date())),
        commit: decision.and_then(|decision| decision.change.commit.clone()),
        verified_by: given.verified_by,
        stands: problems.is_empty() && decision.is_some(),
        problems,
        findings: 0,
        gone: 0,
        line_coverage: None,
    };
    let (Some(decision), true) = (decision, baseline.stands) else { return (Some(baseline), unknown()) };
    let matches = matched(&decision.findings, findings);
    let still: BTreeSet<usize> = matches.iter().flatten().copied().collect();
    baseline.findings = tally(decision.findings.len());
    baseline.gone = baseline.findings - tally(still.len());
    baseline.line_coverage = lines(&decision.reports);
    let today = here.now.date();
    let known = findings
        .iter()
        .zip(&matches)
        .map(|(finding, earlier)| {
            known(finding, earlier.and_then(|index| decision.findings.get(index)), decision, today)
        })
        .collect();
    (Some(baseline), known)
}

/// One that was under an exception then is not known as open now; and one that has grown worse is new.
fn known(finding: &Finding, earlier: Option<&EarlierFinding>, decision: &EarlierDecision, today: Date) -> Known {
    let Some(earlier) = earlier else {
        return Known { known: Some(false), first_seen: Some(Untrusted::new(today.to_string())) };
    };
    let day = earlier.first_seen.as_ref().and_then(day).unwrap_or_else(|| decision.decided_at.date());
    Known {
        known: Some(
            earlier.disposition == Disposition::Open && earlier.severity.worse(finding.severity) == earlier.severity,
        ),
        first_seen: Some(Untrusted::new(day.to_string())),
    }
}

/// The calendar day that a text begins with.
pub(super) fn day(text: &Untrusted) -> Option<Date> {
    text.as_raw().get(..10)?.parse().ok()
}

/// For each finding the index of the earlier one that it is: by fingerprint, then, for those that are gone from their place, by
/// what stands there. Each earlier one is one finding at most.
fn matched(earlier: &[EarlierFinding], findings: &[Finding]) -> Vec<Option<usize>> {
    let by_fingerprint: BTreeMap<&Untrusted, usize> =
        earlier.iter().enumerate().map(|(index, one)| (&one.fingerprint, index)).collect();
    let mut matches: Vec<Option<usize>> =
        findings.iter().map(|finding| by_fingerprint.get(&finding.fingerprint).copied()).collect();
    let taken: BTreeSet<usize> = matches.iter().flatten().copied().collect();
    let mut moved: BTreeMap<&Untrusted, Vec<usize>> = BTreeMap::new();
    for (index, one) in earlier.iter().enumerate().rev().filter(|(index, _)| !taken.contains(index)) {
        if let Some(content) = &one.content_fingerprint {
            moved.entry(content).or_default().push(index);
        }
    }
    for (finding, slot) in findings.iter().zip(&mut matches).filter(|(_, slot)| slot.is_none()) {
        *slot = finding.content_fingerprint.as_ref().and_then(|content| moved.get_mut(content)?.pop());
    }
    matches
}

fn lines(reports: &[EarlierReport]) -> Option<LineCoverage> {
    let mut copies = BTreeSet::new();
    let distinct = reports.iter().filter(|report| copies.insert(report.digest.0));
    distinct.filter_map(|report| report.line_coverage).reduce(|a, b| LineCoverage {
        files: a.files + b.files,
        lines: a.lines + b.lines,
        lines_hit: a.lines_hit + b.lines_hit,
        branches: a.branches + b.branches,
        branches_hit: a.branches_hit + b.branches_hit,
    })
}

fn tally(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

fn problems(given: &GivenBaseline, here: Here<'_>) -> Vec<Untrusted> {
    let mut problems: Vec<Untrusted> = given.problem.iter().cloned().collect();
    let mut note = |text: String| problems.push(Untrusted::new(text));
    if given.verified_by.is_none() && given.problem.is_none() {
        note("nothing vouches for it".to_owned());
    }
    let Some(earlier) = &given.decision else { return problems };
    let shown = |text: Option<&Untrusted>| text.map_or("none", Untrusted::as_raw).to_owned();
    if earlier.change.repository.as_ref() != here.repository {
        note(format!("it is about repository {}", shown(earlier.change.repository.as_ref())));
    }
    if earlier.environment != *here.environment {
        note(format!("it is about environment {}", earlier.environment.as_raw()));
    }
    if earlier.service.name.as_ref() != here.service {
        note(format!("it is about service {}", shown(earlier.service.name.as_ref())));
    }
    match &earlier.change.target {
        Some(target) => note(format!("it is of a change request to {}, not of a branch", target.as_raw())),
        None if here.branch.is_some() && earlier.change.branch.as_ref() != here.branch => {
            note(format!("it is about branch {}", shown(earlier.change.branch.as_ref())));
        }
        None => {}
    }
    // A digest that a person named is an acceptance by itself.
    let accepted = matches!(earlier.outcome.as_raw(), "pass" | "warn") && earlier.mode.as_raw() == "enforce";
    if !accepted && given.verified_by != Some(VerifiedBy::Digest) {
        note(format!("it was not accepted: outcome {}, mode {}", earlier.outcome.as_raw(), earlier.mode.as_raw()));
    }
    if earlier.clock.as_raw() != "system" && here.clock == Clock::System {
        note("it was decided as of an instant that somebody chose".to_owned());
    }
    if earlier.decided_at > here.now {
        note(format!("it is of {}, which is still to come", earlier.decided_at));
    }
    problems
}

#[cfg(test)]
mod tests;
