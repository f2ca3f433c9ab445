//! VEX statements in the line: as facts, in effect, and in the decision.
//!
//! What must stay true: a statement clears a finding only where policy admitted it and no admitted statement says the contrary.

use std::collections::{BTreeMap, BTreeSet};

use crate::decision::StatementOutcome;
use crate::exceptions::{self, Assignment, Lost, MatchedStatement, ReleasedNames, VexCoverage, VexDocument};
use crate::facts::{Facts, MatchedVex, VexDocumentFacts};
use crate::model::artifact::Artifact;
use crate::model::document::VexStatus;
use crate::model::exception::Disposition;
use crate::model::finding::Finding;
use crate::model::report::Sha256Field;
use crate::model::service::Service;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::model::vex::VexState;
use crate::policy::{Admission, Objection};

/// What the documents say of the findings.
pub(super) fn cover<'a>(
    documents: &'a [VexDocument],
    findings: &[Finding],
    service: &Service,
    artifacts: &[Artifact],
    now: Timestamp,
) -> VexCoverage<'a> {
    let released = ReleasedNames { service: service.name.as_ref(), artifacts };
    exceptions::cover_vex(documents, findings, &released, now)
}

/// The statements that are about something here, before admission.
pub(super) fn matched(coverage: &VexCoverage<'_>, ids: &[Untrusted]) -> Vec<MatchedVex> {
    let fact = |one: &MatchedStatement<'_>| MatchedVex {
        id: one.id.clone(),
        path: one.document.path.clone(),
        outside: one.document.outside,
        digest: Sha256Field(one.document.digest),
        format: one.document.format.clone(),
        pointer: one.statement.pointer.clone(),
        issuer: one.statement.author.clone(),
        vulnerabilities: one.statement.vulnerability.clone(),
        products: one.statement.products.clone(),
        status: one.statement.status,
        justification: one.statement.justification.clone(),
        note: one.statement.note.clone(),
        at: one.statement.at,
        covers: covered(one, ids),
        superseded: one.superseded,
        admitted: false,
    };
    coverage.statements.iter().map(fact).collect()
}

fn covered(one: &MatchedStatement<'_>, ids: &[Untrusted]) -> Vec<Untrusted> {
    let mut covered: Vec<Untrusted> = one.covers.iter().filter_map(|position| ids.get(*position)).cloned().collect();
    covered.sort();
    covered
}

/// The documents that were given.
pub(super) fn documents(documents: &[VexDocument], coverage: &VexCoverage<'_>) -> Vec<VexDocumentFacts> {
    let tally = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    let fact = |(document, unresolved): (&VexDocument, &Vec<Untrusted>)| VexDocumentFacts {
        path: document.path.clone(),
        digest: Sha256Field(document.digest),
        format: document.format.clone(),
        issued: document.issued,
        statements: tally(document.statements.len()),
        matched: tally(coverage.statements.iter().filter(|one| std::ptr::eq(one.document, document)).count()),
        not_understood: document.not_understood,
        unresolved: unresolved.clone(),
    };
    documents.iter().zip(&coverage.unresolved).map(fact).collect()
}

/// What admitted statements come to.
pub(super) struct Cleared {
    /// Id of a finding → what becomes of it.
    findings: BTreeMap<Untrusted, Disposition>,
    /// Findings about which admitted statements disagree; they stay as they are.
    conflicting: BTreeSet<Untrusted>,
}

impl Cleared {
    /// Fixed comes before not affected; where one says affected, nothing is cleared.
    pub(super) fn of(statements: &[MatchedVex], admission: &Admission) -> Self {
        let mut findings: BTreeMap<Untrusted, Disposition> = BTreeMap::new();
        let mut affected: BTreeSet<&Untrusted> = BTreeSet::new();
        for one in statements.iter().filter(|one| admission.admitted.contains(&one.id)) {
            match effect(one.status) {
                Some(disposition) => {
                    for id in &one.covers {
                        let known = findings.entry(id.clone()).or_insert(disposition);
                        *known = disposition.max(*known);
                    }
                }
                None if one.status == VexStatus::Affected => affected.extend(&one.covers),
                None => {}
            }
        }
        let conflicting = affected.into_iter().filter(|id| findings.remove(*id).is_some()).cloned().collect();
        Self { findings, conflicting }
    }

    /// Takes from exceptions what statements have cleared: it is no longer theirs.
    pub(super) fn take_from(&self, assignment: &mut Assignment, ids: &[Untrusted]) {
        for (slot, id) in assignment.by_finding.iter_mut().zip(ids) {
            if self.findings.contains_key(id) {
                *slot = None;
            }
        }
    }

    /// Whether a statement counts and clears a finding.
    fn is_by(&self, one: &MatchedVex) -> bool {
        one.admitted && effect(one.status).is_some() && one.covers.iter().any(|id| self.findings.contains_key(id))
    }
}

const fn effect(status: VexStatus) -> Option<Disposition> {
    match status {
        VexStatus::Fixed => Some(Disposition::Resolved),
        VexStatus::NotAffected => Some(Disposition::NotAffected),
        VexStatus::Affected | VexStatus::UnderInvestigation => None,
    }
}

/// Lets admitted statements take effect.
pub(super) fn clear(facts: &mut Facts, cleared: &Cleared, admission: &Admission) {
    for statement in &mut facts.vex {
        statement.admitted = admission.admitted.contains(&statement.id);
    }
    for triaged in &mut facts.findings {
        if let Some(disposition) = cleared.findings.get(&triaged.finding.id) {
            triaged.disposition = *disposition;
        }
    }
}

/// Whether a statement has cleared it.
pub(super) fn is_cleared(disposition: Disposition) -> bool {
    matches!(disposition, Disposition::NotAffected | Disposition::Resolved)
}

/// What became of every statement that is about something here; `lost` is what the statements kept away.
pub(super) fn outcomes(
    facts: &Facts,
    cleared: &Cleared,
    lost: &[Lost],
    admission: &Admission,
) -> Vec<StatementOutcome> {
    let decisive = decisive(&facts.vex, cleared, lost);
    let outcome = |statement: &MatchedVex| {
        let state = state(statement, cleared, &decisive);
        StatementOutcome {
            id: statement.id.clone(),
            state,
            status: statement.status,
            vulnerabilities: statement.vulnerabilities.clone(),
            covers: statement.covers.clone(),
            issuer: statement.issuer.clone(),
            path: statement.path.clone(),
            pointer: statement.pointer.clone(),
            because: match (admission.denied.get(&statement.id), state) {
                (Some(reasons), _) => Objection::messages(reasons),
                (None, VexState::Rejected) => vec!["no admission rule admitted it".into()],
                (None, _) => Vec::new(),
            },
        }
    };
    facts.vex.iter().map(outcome).collect()
}

fn state(one: &MatchedVex, cleared: &Cleared, decisive: &BTreeMap<Untrusted, VexState>) -> VexState {
    if one.superseded {
        VexState::Superseded
    } else if !one.admitted {
        VexState::Rejected
    } else if let Some(state) = decisive.get(&one.id) {
        *state
    } else if cleared.is_by(one) {
        VexState::Used
    } else if one.covers.iter().any(|id| cleared.conflicting.contains(id)) {
        VexState::Conflicting
    } else {
        VexState::Noted
    }
}

/// Statements that keep away a verdict that would make the outcome worse.
fn decisive(statements: &[MatchedVex], cleared: &Cleared, lost: &[Lost]) -> BTreeMap<Untrusted, VexState> {
    let clearing: Vec<&MatchedVex> = statements.iter().filter(|one| cleared.is_by(one)).collect();
    let mut decisive = BTreeMap::new();
    for lost in lost.iter().filter(|lost| lost.worse) {
        let is_about = |one: &&&MatchedVex| lost.finding.as_ref().is_some_and(|id| one.covers.contains(id));
        let of_finding: Vec<&MatchedVex> = clearing.iter().filter(is_about).copied().collect();
        // About no single finding: all that is cleared together made it go away.
        let by = if of_finding.is_empty() { &clearing } else { &of_finding };
        let state = if by.len() == 1 { VexState::Decisive } else { VexState::JointlyDecisive };
        for one in by {
            let known = decisive.entry(one.id.clone()).or_insert(state);
            *known = state.min(*known);
        }
    }
    decisive
}
