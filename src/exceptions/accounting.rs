//! What became of every record in one decision.
//!
//! What must stay true: every record has exactly one state. A record is decisive only where the run without exceptions has
//! a verdict that would make the outcome worse, and no other record keeps that verdict away.

use std::collections::{BTreeMap, BTreeSet};

use super::Record;
use super::matching::{Assignment, Coverage, Force, Matched, effective, ids, is_verdict};
use crate::model::exception::ExceptionState;
use crate::model::text::Untrusted;

/// A verdict that the run without exceptions has, and this run has not: once for every finding, or once without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The policy rule, as `area/name`.
    pub rule: Untrusted,
    /// The finding that it is about.
    pub finding: Option<Untrusted>,
    /// Whether its action is worse than the outcome of this run: whether it would change the decision.
    pub worse: bool,
}

/// What became of one record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// What it did.
    pub state: ExceptionState,
    /// Ids of the findings that it matches, sorted.
    pub covers: Vec<Untrusted>,
    /// Days from today to its last day; negative when it is over.
    pub days_left: i64,
    /// Why it was rejected, or what it lacks to cover more.
    pub because: Vec<Untrusted>,
}

/// What is known after the run, and after the run without exceptions.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Ids of the admitted records.
    pub admitted: &'a BTreeSet<Untrusted>,
    /// Id → why admission denied it.
    pub denied: &'a BTreeMap<Untrusted, Vec<Untrusted>>,
    /// Id → what admission asks to have mended, though the record may count.
    pub warned: &'a BTreeMap<Untrusted, Vec<Untrusted>>,
    /// Which record counts for each finding.
    pub assignment: &'a Assignment,
    /// What the exceptions kept away.
    pub lost: &'a [Lost],
}

/// Accounts for every record, in the records' order.
#[must_use]
pub fn account(records: &[Record], findings: &[Untrusted], coverage: &Coverage, run: &Run<'_>) -> Vec<Account> {
    let decisive = Decisive::new(records, findings, coverage, run);
    let counted: BTreeSet<usize> = run.assignment.by_finding.iter().copied().flatten().collect();
    let pairs = records.iter().zip(&coverage.records).enumerate();
    pairs
        .map(|(number, (record, matched))| {
            let state = state(
                record,
                matched,
                run,
                || decisive.of(number),
                || counted.contains(&number),
                || run.lost.iter().any(|lost| Some(&lost.rule) == record.exception.criteria.verdict.as_ref()),
            );
            let mut because = matched.because.clone();
            if let Some(warned) = run.warned.get(record.id()) {
                because.splice(0..0, warned.iter().cloned());
            }
            if state == ExceptionState::Rejected {
                let denied = run.denied.get(record.id()).cloned().unwrap_or_default();
                because.splice(0..0, denied);
                if because.is_empty() {
                    because.push("no admission rule admitted it".into());
                }
            }
            Account { state, covers: ids(findings, &matched.covers), days_left: matched.days_left, because }
        })
        .collect()
}

/// One state, asked in order of precedence.
fn state(
    record: &Record,
    matched: &Matched,
    run: &Run<'_>,
    decisive: impl Fn() -> Option<ExceptionState>,
    counts: impl Fn() -> bool,
    lifts: impl Fn() -> bool,
) -> ExceptionState {
    match matched.force {
        Force::Pending => return ExceptionState::Pending,
        Force::Expired => return ExceptionState::Expired,
        Force::InForce => {}
    }
    if !matched.in_scope || (matched.covers.is_empty() && !is_verdict(record)) {
        return ExceptionState::Unused;
    }
    if !run.admitted.contains(record.id()) {
        return ExceptionState::Rejected;
    }
    match decisive() {
        Some(state) => state,
        None if is_verdict(record) && lifts() => ExceptionState::Used,
        None if is_verdict(record) => ExceptionState::Unused,
        None if counts() => ExceptionState::Used,
        None => ExceptionState::Shadowed,
    }
}

/// Which records keep away a verdict that would make the outcome worse.
struct Decisive {
    alone: BTreeSet<usize>,
    jointly: BTreeSet<usize>,
}

impl Decisive {
    fn new(records: &[Record], findings: &[Untrusted], coverage: &Coverage, run: &Run<'_>) -> Self {
        let mut covering: BTreeMap<&Untrusted, Vec<usize>> = BTreeMap::new();
        let mut lifting: BTreeMap<&Untrusted, Vec<usize>> = BTreeMap::new();
        let mut all = Vec::new();
        for (number, record, matched) in effective(records, coverage, run.admitted) {
            for finding in matched.covers.iter().filter_map(|position| findings.get(*position)) {
                covering.entry(finding).or_default().push(number);
            }
            match &record.exception.criteria.verdict {
                Some(rule) => lifting.entry(rule).or_default().push(number),
                None if matched.covers.is_empty() => {}
                None => all.push(number),
            }
        }
        let mut decisive = Self { alone: BTreeSet::new(), jointly: BTreeSet::new() };
        for lost in run.lost.iter().filter(|lost| lost.worse) {
            let by_rule = lifting.get(&lost.rule).map(Vec::as_slice).unwrap_or_default();
            let by_finding =
                lost.finding.as_ref().and_then(|id| covering.get(id)).map(Vec::as_slice).unwrap_or_default();
            match by_rule.len() + by_finding.len() {
                // About no single finding, or one that nothing covers: all that is excepted together made it go away.
                0 => decisive.add(&all),
                _ => decisive.add(&[by_rule, by_finding].concat()),
            }
        }
        decisive
    }

    fn add(&mut self, records: &[usize]) {
        match records {
            [one] => {
                self.alone.insert(*one);
            }
            several => self.jointly.extend(several),
        }
    }

    fn of(&self, record: usize) -> Option<ExceptionState> {
        if self.alone.contains(&record) {
            Some(ExceptionState::Decisive)
        } else {
            self.jointly.contains(&record).then_some(ExceptionState::JointlyDecisive)
        }
    }
}
