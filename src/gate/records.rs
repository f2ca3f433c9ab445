//! What policy says of every exception record, of those too that match nothing here.
//!
//! What must stay true: a record is never judged more strictly than in a decision. Where it covers no finding that says how
//! severe its matter is, the severity counts that leaves it the fewest faults; before its first day it is judged as of that day.

use std::collections::BTreeMap;

use super::{Case, GateError, Inputs, gather, ids_of};
use crate::exceptions::{Approvers, Force, Matched, Record};
use crate::facts::{Facts, MatchedException};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::policy::{Bundle, PolicyError};

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
    pub denied: Vec<Untrusted>,
    /// Approvals whose signature does not count, and why.
    pub refused: Vec<Untrusted>,
}

/// Judges all records, by id.
///
/// # Errors
/// [`GateError`].
pub fn judge_records(inputs: Inputs, bundle: &Bundle) -> Result<Vec<JudgedRecord>, GateError> {
    let approvers = inputs.approvers.clone();
    let Case { mut facts, records, coverage, .. } = gather(inputs, &bundle.data)?;
    let ids = ids_of(&facts);
    let pairs: Vec<(Record, Matched)> = records.into_iter().zip(coverage.records).collect();
    let mut denied = denials(&pairs, &ids, &approvers, &mut facts, bundle)?;
    let judge = |(record, matched): (Record, Matched)| {
        let refused = approvers.get(record.id()).map(|approvers| approvers.refused.as_slice()).unwrap_or_default();
        JudgedRecord {
            force: matched.force,
            in_scope: matched.in_scope,
            days_left: matched.days_left,
            covers: crate::exceptions::ids_of(&ids, &matched.covers),
            because: matched.because,
            denied: denied.remove(record.id()).unwrap_or_default(),
            refused: refused.iter().map(crate::exceptions::Refused::line).collect(),
            record,
        }
    };
    Ok(pairs.into_iter().map(judge).collect())
}

/// Why each record is not admitted; the fewest reasons over all severities that it may be about.
fn denials(
    pairs: &[(Record, Matched)],
    ids: &[Untrusted],
    approvers: &BTreeMap<Untrusted, Approvers>,
    facts: &mut Facts,
    bundle: &Bundle,
) -> Result<BTreeMap<Untrusted, Vec<Untrusted>>, PolicyError> {
    let mut fewest: BTreeMap<Untrusted, Vec<Untrusted>> = BTreeMap::new();
    for severity in ASSUMED {
        let as_seen = |(record, matched): &(Record, Matched)| as_seen(record, matched, ids, approvers, severity);
        facts.exceptions = pairs.iter().map(as_seen).collect();
        let mut admission = bundle.admission(facts)?;
        for (record, _) in pairs {
            let reasons = match admission.denied.remove(record.id()) {
                Some(reasons) => reasons,
                None if admission.admitted.contains(record.id()) => Vec::new(),
                None => vec!["no admission rule admits it".into()],
            };
            match fewest.get(record.id()) {
                Some(known) if known.len() <= reasons.len() => {}
                _ => drop(fewest.insert(record.id().clone(), reasons)),
            }
        }
        if pairs.iter().all(|(_, matched)| matched.worst.is_some()) {
            break;
        }
    }
    Ok(fewest)
}

fn as_seen(
    record: &Record,
    matched: &Matched,
    ids: &[Untrusted],
    approvers: &BTreeMap<Untrusted, Approvers>,
    assumed: Severity,
) -> MatchedException {
    let names_verdict = record.exception.criteria.verdict.is_some();
    let pending = matched.force == Force::Pending;
    MatchedException {
        covers: crate::exceptions::ids_of(ids, &matched.covers),
        worst: matched.worst.or(Some(assumed).filter(|_| !names_verdict)),
        life_days: matched.life_days,
        days_left: matched.days_left,
        verified_approvers: approvers.get(record.id()).map(|a| a.verified.clone()).unwrap_or_default(),
        in_force: pending || matched.force == Force::InForce,
        admitted: false,
        record: record.exception.clone(),
    }
}
