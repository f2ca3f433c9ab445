//! What policy says of every exception record, of those too that match nothing here.
//!
//! What must stay true: a record is never judged more strictly than in a decision. Where it covers no finding that says how
//! severe its matter is, the severity counts that leaves it the fewest faults; before its first day it is judged as of that day.

use std::collections::BTreeMap;

use super::{Case, GateError, Inputs, gather, ids_of};
use crate::exceptions::{Approvers, Force, Matched, Record, Refused};
use crate::facts::{Facts, MatchedException};
use crate::model::exception::RecordHistory;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::policy::{Bundle, Objection, PolicyError};

/// Severities that a record without findings may be about, mildest first.
const ASSUMED: [Severity; 5] = [Severity::Info, Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

/// A record, what it covers, and what policy has against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedRecord {
    /// The record.
    pub record: Record,
    /// Whether its days have come.
    pub force: Force,
    /// Whether its scope holds here.
    pub in_scope: bool,
    /// Days from today to its end; 0 on the last day, negative afterwards.
    pub days_left: i64,
    /// Ids of the findings that it matches, sorted.
    pub covers: Vec<Untrusted>,
    /// What it lacks to cover more, or anything.
    pub because: Vec<Untrusted>,
    /// Why no admission rule admits it; empty where one does.
    pub denied: Vec<Objection>,
    /// What is to be mended, though it may count.
    pub warned: Vec<Objection>,
    /// Approvals whose signature does not count, and why.
    pub refused: Vec<Refused>,
}

impl JudgedRecord {
    /// Why it is not admitted, and why signatures do not count, as texts.
    #[must_use]
    pub fn reasons(&self) -> Vec<Untrusted> {
        Objection::messages(&self.denied).into_iter().chain(self.refused.iter().map(Refused::line)).collect()
    }
}

/// Judges all records, by id.
///
/// # Errors
/// [`GateError`].
pub fn judge_records(inputs: Inputs, bundle: &Bundle) -> Result<Vec<JudgedRecord>, GateError> {
    let approvers = inputs.approvers.clone();
    let histories = inputs.histories.clone();
    let Case { mut facts, records, coverage, .. } = gather(inputs, &bundle.data)?;
    let ids = ids_of(&facts);
    let pairs: Vec<(Record, Matched)> = records.into_iter().zip(coverage.records).collect();
    let beside = Beside { ids: &ids, approvers: &approvers, histories: &histories };
    let mut objections = objections(&pairs, beside, &mut facts, bundle)?;
    let judge = |(record, matched): (Record, Matched)| {
        let refused = approvers.get(record.id()).map(|approvers| approvers.refused.as_slice()).unwrap_or_default();
        let (denied, warned) = objections.remove(record.id()).unwrap_or_default();
        JudgedRecord {
            force: matched.force,
            in_scope: matched.in_scope,
            days_left: matched.days_left,
            covers: crate::exceptions::ids_of(&ids, &matched.covers),
            because: matched.because,
            denied,
            warned,
            refused: refused.to_vec(),
            record,
        }
    };
    Ok(pairs.into_iter().map(judge).collect())
}

/// What is known of records beside what they say.
#[derive(Clone, Copy)]
struct Beside<'a> {
    ids: &'a [Untrusted],
    approvers: &'a BTreeMap<Untrusted, Approvers>,
    histories: &'a BTreeMap<Untrusted, RecordHistory>,
}

/// Why a record is not admitted, and what else is to be mended.
type Objections = (Vec<Objection>, Vec<Objection>);

/// What admission has against each record; the fewest reasons over all severities that it may be about.
fn objections(
    pairs: &[(Record, Matched)],
    beside: Beside<'_>,
    facts: &mut Facts,
    bundle: &Bundle,
) -> Result<BTreeMap<Untrusted, Objections>, PolicyError> {
    let mut fewest: BTreeMap<Untrusted, Objections> = BTreeMap::new();
    for severity in ASSUMED {
        let as_seen = |(record, matched): &(Record, Matched)| as_seen(record, matched, beside, severity);
        facts.exceptions = pairs.iter().map(as_seen).collect();
        let mut admission = bundle.admission(facts)?;
        for (record, _) in pairs {
            let reasons = match admission.denied.remove(record.id()) {
                Some(reasons) => reasons,
                None if admission.admitted.contains(record.id()) => Vec::new(),
                None => vec![Objection { msg: "no admission rule admits it".into(), at: None }],
            };
            let warned = admission.warned.remove(record.id()).unwrap_or_default();
            match fewest.get(record.id()) {
                Some((known, _)) if known.len() <= reasons.len() => {}
                _ => drop(fewest.insert(record.id().clone(), (reasons, warned))),
            }
        }
        if pairs.iter().all(|(_, matched)| matched.worst.is_some()) {
            break;
        }
    }
    Ok(fewest)
}

fn as_seen(record: &Record, matched: &Matched, beside: Beside<'_>, assumed: Severity) -> MatchedException {
    let Beside { ids, approvers, histories } = beside;
    let names_verdict = record.exception.criteria.verdict.is_some();
    let pending = matched.force == Force::Pending;
    MatchedException {
        covers: crate::exceptions::ids_of(ids, &matched.covers),
        worst: matched.worst.or(Some(assumed).filter(|_| !names_verdict)),
        life_days: matched.life_days,
        history: histories.get(record.id()).cloned(),
        days_left: matched.days_left,
        verified_approvers: approvers.get(record.id()).map(|a| a.verified.clone()).unwrap_or_default(),
        in_force: pending || matched.force == Force::InForce,
        admitted: false,
        record: record.exception.clone(),
        origin: record.origin,
    }
}
