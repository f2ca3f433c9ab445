//! Which decisions fell into a period: the population that an auditor samples from.
//!
//! What must stay true: nothing of the period is left out, blocks and errors included, and the list says between which states of
//! the log it was taken, so that anybody can count again.

use serde::Serialize;

use super::{Entry, Hash, Log};
use crate::decision::Outcome;
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// Which decisions are asked for. A field that is `None` asks for all.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Query {
    /// The first day, UTC.
    pub from: Option<Date>,
    /// The last day, UTC.
    pub to: Option<Date>,
    /// The environment.
    pub environment: Option<Untrusted>,
    /// The repository.
    pub repository: Option<Untrusted>,
    /// The service.
    pub service: Option<Untrusted>,
}

impl Query {
    /// Whether the instant of this day is in the period.
    #[must_use]
    pub fn spans(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day <= to)
    }

    /// Whether a decision is about what is asked for.
    #[must_use]
    pub fn asks_for(&self, entry: &Entry) -> bool {
        let optional = |asked: &Option<Untrusted>, found: &Option<Untrusted>| asked.is_none() || asked == found;
        self.environment.as_ref().is_none_or(|asked| *asked == entry.environment)
            && optional(&self.repository, &entry.repository)
            && optional(&self.service, &entry.service)
    }
}

/// A state of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct State {
    /// How many entries.
    pub size: u64,
    /// The root over them.
    pub root: Digest,
}

/// How many decisions of each outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Outcomes {
    /// All.
    pub decisions: u64,
    /// Nothing stood against the release.
    pub pass: u64,
    /// Something should be looked at.
    pub warn: u64,
    /// The release must not happen.
    pub block: u64,
    /// No decision was reached.
    pub error: u64,
}

/// An entry with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Release<'a> {
    /// From 0.
    pub index: usize,
    /// What was logged.
    #[serde(flatten)]
    pub entry: &'a Entry,
}

/// The decisions of a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Releases<'a> {
    /// The log before the first of them.
    pub start: State,
    /// The log after the last of them.
    pub end: State,
    /// How many.
    pub outcomes: Outcomes,
    /// In the order of the log.
    pub decisions: Vec<Release<'a>>,
}

/// The decisions that are asked for.
#[must_use]
pub fn releases<'a>(log: &'a Log, query: &Query) -> Releases<'a> {
    let decisions: Vec<Release<'a>> = log
        .entries()
        .iter()
        .enumerate()
        .filter(|(_, entry)| query.spans(entry.evaluated_at.date()) && query.asks_for(entry))
        .map(|(index, entry)| Release { index, entry })
        .collect();
    let mut outcomes = Outcomes::default();
    for Release { entry, .. } in &decisions {
        outcomes.decisions += 1;
        *match entry.outcome {
            Outcome::Pass => &mut outcomes.pass,
            Outcome::Warn => &mut outcomes.warn,
            Outcome::Block => &mut outcomes.block,
            Outcome::Error => &mut outcomes.error,
        } += 1;
    }
    let end = decisions.last().map_or(log.entries().len(), |last| last.index + 1);
    let start = decisions.first().map_or(end, |first| first.index);
    Releases { start: state(log, start), end: state(log, end), outcomes, decisions }
}

fn state(log: &Log, size: usize) -> State {
    // Every size up to the log's own has a root.
    let root: Hash = log.root_at(size).unwrap_or(log.checkpoint().root);
    State { size: size as u64, root: Digest::from_bytes(root) }
}
