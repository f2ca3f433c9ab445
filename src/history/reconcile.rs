//! What was deployed against what was decided: the list that the gate does not keep against the log that it does.
//!
//! What must stay true: every row of the list ends in exactly one place, and a deployment is in order only by the newest decision
//! that was there before it.

use std::collections::HashMap;

use serde::Serialize;

use super::{Deployment, Entry, Log, Query};
use crate::decision::Outcome;
use crate::model::digest::{CommitId, Digest};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// What is known of a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Finding {
    /// Nobody decided.
    WithoutDecision,
    /// Somebody decided, but only afterwards.
    BeforeDecision,
    /// The newest decision before it was a block, or an error.
    DespiteBlock,
    /// The newest decision before it was a pass or a warning.
    InOrder,
}

/// A deployment, and the decision that it rests on or lacks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciled {
    /// What is known.
    pub finding: Finding,
    /// What the list calls it.
    pub id: Untrusted,
    /// The digest of what was deployed.
    pub digest: Option<Digest>,
    /// The commit that it was built from.
    pub commit: Option<CommitId>,
    /// Where to.
    pub environment: Option<Untrusted>,
    /// When.
    pub at: Option<Timestamp>,
    /// The decision.
    pub decision: Option<Untrusted>,
    /// Its outcome.
    pub outcome: Option<Outcome>,
}

/// Decided, and on no list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Undeployed {
    /// The decision.
    pub decision: Untrusted,
    /// Its outcome: pass or warn.
    pub outcome: Outcome,
    /// When.
    pub evaluated_at: Timestamp,
    /// Where to.
    pub environment: Untrusted,
}

/// Rows that are not looked at, by reason. With the deployments they are all rows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// Failed, cancelled or still waiting.
    pub not_done: u64,
    /// Of another environment.
    pub elsewhere: u64,
    /// Outside the period.
    pub outside: u64,
}

/// What the two lists say together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// Rows of the list.
    pub rows: u64,
    /// Rows that are not looked at.
    pub left_out: LeftOut,
    /// Every other row, worst first, then in the order of the list.
    pub deployments: Vec<Reconciled>,
    /// Passes and warnings of the period without a deployment, in the order of the log.
    pub undeployed: Vec<Undeployed>,
}

impl Reconciliation {
    /// How many deployments are of this kind.
    #[must_use]
    pub fn count(&self, finding: Finding) -> usize {
        self.deployments.iter().filter(|deployment| deployment.finding == finding).count()
    }

    /// Whether every deployment rests on a decision that lets it through.
    #[must_use]
    pub fn is_in_order(&self) -> bool {
        self.deployments.iter().all(|deployment| deployment.finding == Finding::InOrder)
    }
}

/// Holds a list of deployments against the log.
#[must_use]
pub fn reconcile(log: &Log, list: &[Deployment], query: &Query) -> Reconciliation {
    let asked: Vec<&Entry> = log.entries().iter().filter(|entry| query.asks_for(entry)).collect();
    let by_subject = by_subject(&asked);
    let mut left_out = LeftOut::default();
    let mut deployments = Vec::new();
    let mut deployed = vec![false; asked.len()];
    for row in list {
        let elsewhere = matches!((&row.environment, &query.environment), (Some(is), Some(asked)) if is != asked);
        let outside = row.at.is_some_and(|at| !query.spans(at.date()));
        match (row.done, elsewhere, outside) {
            (false, _, _) => left_out.not_done += 1,
            (true, true, _) => left_out.elsewhere += 1,
            (true, false, true) => left_out.outside += 1,
            (true, false, false) => {
                let about = decisions(row, &asked, &by_subject);
                for index in &about {
                    if let Some(deployed) = deployed.get_mut(*index) {
                        *deployed = true;
                    }
                }
                let about = about.into_iter().filter_map(|index| asked.get(index).copied());
                deployments.push(judged(row, about));
            }
        }
    }
    deployments.sort_by_key(|deployment| deployment.finding);
    let undeployed = asked.iter().zip(&deployed).filter(|(entry, deployed)| {
        !**deployed && matches!(entry.outcome, Outcome::Pass | Outcome::Warn) && query.spans(entry.evaluated_at.date())
    });
    Reconciliation {
        rows: list.len() as u64,
        left_out,
        deployments,
        undeployed: undeployed.map(|(entry, _)| Undeployed::from(*entry)).collect(),
    }
}

impl From<&Entry> for Undeployed {
    fn from(entry: &Entry) -> Self {
        Self {
            decision: entry.decision_id.clone(),
            outcome: entry.outcome,
            evaluated_at: entry.evaluated_at,
            environment: entry.environment.clone(),
        }
    }
}

/// Indices into the entries, by each name of what they are about.
struct BySubject<'a> {
    digests: HashMap<Digest, Vec<usize>>,
    commits: HashMap<&'a CommitId, Vec<usize>>,
}

fn by_subject<'a>(entries: &[&'a Entry]) -> BySubject<'a> {
    let mut found = BySubject { digests: HashMap::new(), commits: HashMap::new() };
    for (index, entry) in entries.iter().enumerate() {
        for subject in &entry.subjects {
            found.digests.entry(subject.sha256).or_default().push(index);
        }
        if let Some(commit) = &entry.commit {
            found.commits.entry(commit).or_default().push(index);
        }
    }
    found
}

/// The decisions about what a row deployed, in its environment where it names one: by digest, else by commit.
fn decisions(row: &Deployment, entries: &[&Entry], by_subject: &BySubject<'_>) -> Vec<usize> {
    let by_digest = row.digest.and_then(|digest| by_subject.digests.get(&digest));
    let found = by_digest.or_else(|| by_subject.commits.get(row.commit.as_ref()?));
    let there = |index: &&usize| {
        let environment = entries.get(**index).map(|entry| &entry.environment);
        row.environment.is_none() || row.environment.as_ref() == environment
    };
    found.into_iter().flatten().filter(there).copied().collect()
}

fn judged<'a>(row: &Deployment, about: impl Iterator<Item = &'a Entry>) -> Reconciled {
    let (mut newest, mut later): (Option<&Entry>, bool) = (None, false);
    for entry in about {
        if row.at.is_some_and(|at| entry.evaluated_at > at) {
            later = true;
        } else if newest.is_none_or(|newest| newest.evaluated_at <= entry.evaluated_at) {
            newest = Some(entry);
        }
    }
    let finding = match newest.map(|entry| entry.outcome) {
        Some(Outcome::Pass | Outcome::Warn) => Finding::InOrder,
        Some(Outcome::Block | Outcome::Error) => Finding::DespiteBlock,
        None if later => Finding::BeforeDecision,
        None => Finding::WithoutDecision,
    };
    Reconciled {
        finding,
        id: row.id.clone(),
        digest: row.digest,
        commit: row.commit.clone(),
        environment: row.environment.clone(),
        at: row.at,
        decision: newest.map(|entry| entry.decision_id.clone()),
        outcome: newest.map(|entry| entry.outcome),
    }
}
