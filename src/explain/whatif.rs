//! What the policy would say of other facts: of an open finding, with an exception, on a later day.
//!
//! What must stay true: every answer is the policy's, of facts that differ in nothing but what is asked.

use super::{About, Otherwise, Turn};
use crate::decision::{Verdict, VerdictAction};
use crate::facts::{Facts, MatchedException};
use crate::model::exception::{Disposition, Exception, Origin, Scope};
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::policy::{PolicyError, RawVerdict};

/// What the rules would say of the finding if it were open.
pub(super) fn if_open(about: &About<'_>) -> Result<Vec<Otherwise>, PolicyError> {
    let is_lifted = |disposition| matches!(disposition, Disposition::Excepted | Disposition::NotAffected);
    let Some(id) = about.finding().filter(|f| is_lifted(f.disposition)).map(|f| f.finding.id.clone()) else {
        return Ok(Vec::new());
    };
    let said = about.case.bundle.verdicts(&uncovered(about))?;
    let mut otherwise: Vec<Otherwise> =
        said.into_iter().filter(|verdict| verdict.finding.as_ref() == Some(&id)).map(otherwise).collect();
    otherwise.sort();
    Ok(otherwise)
}

fn otherwise(raw: RawVerdict) -> Otherwise {
    let action = if raw.deny { VerdictAction::Deny } else { VerdictAction::Warn };
    Otherwise { action, rule: raw.rule.into(), msg: raw.msg }
}

fn uncovered(about: &About<'_>) -> Facts {
    let mut facts = about.case.facts.clone();
    if let Some(triaged) = about.position.and_then(|position| facts.findings.get_mut(position)) {
        triaged.disposition = Disposition::Open;
        triaged.exception = None;
    }
    facts.count_open();
    facts
}

/// When a verdict gets worse if nothing changes.
pub(super) fn turns(about: &About<'_>, verdict: &Verdict) -> Result<Vec<Turn>, PolicyError> {
    let mut turns = Vec::new();
    if let Some(on) = verdict.effective_on {
        turns.push(Turn { on, because: "the rule blocks from this day on".into() });
    }
    if let Some(ends) = covering(about) {
        let said = about.case.bundle.verdicts_of(verdict.rule.as_raw(), &uncovered(about))?;
        let id = about.finding().map(|triaged| &triaged.finding.id);
        if said.iter().any(|raw| raw.deny && raw.finding.as_ref() == id) && verdict.action == VerdictAction::Warn {
            let because = format!("exception {} is over, and the rule blocks without it", ends.id.as_raw());
            turns.push(Turn { on: ends.expires.plus_days(1), because: because.into() });
        }
    }
    if let (VerdictAction::Warn, Some(by)) = (verdict.action, verdict.fix_by)
        && let Some(id) = about.finding().map(|triaged| &triaged.finding.id).filter(|id| verdict.findings.contains(id))
    {
        let on = by.plus_days(1);
        let said = about.case.bundle.verdicts(&later(about, on))?;
        let denies = said.into_iter().find(|raw| raw.deny && raw.finding.as_ref() == Some(id));
        let denies = denies.filter(|_| on > about.case.facts.today());
        turns.extend(denies.map(|raw| Turn {
            on,
            because: format!("the fix was due, and {} blocks: {}", raw.rule, raw.msg.as_raw()).into(),
        }));
    }
    turns.sort();
    Ok(turns)
}

/// The facts as they are on a later day, as far as the finding goes.
fn later(about: &About<'_>, day: Date) -> Facts {
    let mut facts = about.case.facts.clone();
    let more = day.days_since(facts.today());
    facts.now = day.start();
    if let Some(triaged) = about.position.and_then(|position| facts.findings.get_mut(position)) {
        for days in [&mut triaged.seen_days, &mut triaged.published_days].into_iter().flatten() {
            *days = days.saturating_add(more);
        }
    }
    facts
}

fn covering<'a>(about: &About<'a>) -> Option<&'a Exception> {
    let id = about.finding()?.exception.as_ref()?;
    about.case.facts.exceptions.iter().map(|exception| &exception.record).find(|record| record.id == *id)
}

/// What an admitted exception is about.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lifting {
    /// The finding.
    Finding,
    /// The rule of the verdict.
    Rule,
}

/// Whether a rule would deny, or warn, if an admitted exception covered the finding or lifted the rule.
pub(super) fn with_exception(
    about: &About<'_>,
    verdict: &Verdict,
    lifting: Lifting,
    until: Date,
) -> Result<(bool, bool), PolicyError> {
    let mut facts = about.case.facts.clone();
    let today = facts.today();
    let owner = facts.service.owner.clone().unwrap_or_else(|| verdict.owner.clone());
    let mut exception = MatchedException {
        record: Exception {
            id: unused_id(&facts),
            criteria: Default::default(),
            scope: Scope::default(),
            owner,
            reason: "-".into(),
            mitigation: "-".into(),
            evidence: Vec::new(),
            residual_risk: None,
            created: today,
            expires: until,
            renewals: Vec::new(),
            ticket: None,
            approvals: Vec::new(),
        },
        origin: Origin::Repository,
        covers: Vec::new(),
        worst: None,
        life_days: until.days_since(today),
        history: None,
        days_left: until.days_since(today),
        verified_approvers: Vec::new(),
        in_force: true,
        admitted: true,
    };
    let id = about.finding().map(|triaged| triaged.finding.id.clone());
    match lifting {
        Lifting::Rule => exception.record.criteria.verdict = Some(verdict.rule.clone()),
        Lifting::Finding => {
            let triaged = about.position.and_then(|position| facts.findings.get_mut(position));
            if let Some(triaged) = triaged {
                exception.record.criteria = crate::exceptions::narrowest(&triaged.finding);
                exception.covers = vec![triaged.finding.id.clone()];
                exception.worst = Some(triaged.finding.severity);
                triaged.disposition = Disposition::Excepted;
                triaged.exception = Some(exception.record.id.clone());
                facts.count_open();
            }
        }
    }
    facts.exceptions.push(exception);
    facts.exceptions.sort_by(|a, b| a.record.id.cmp(&b.record.id));
    let said = about.case.bundle.verdicts_of(verdict.rule.as_raw(), &facts)?;
    let of_it = |raw: &&RawVerdict| match &id {
        Some(id) if !verdict.findings.is_empty() => raw.finding.as_ref() == Some(id),
        // What it says of the exception is added to the message.
        _ => raw.finding.is_none() && raw.path == verdict.path && raw.msg.as_raw().starts_with(verdict.msg.as_raw()),
    };
    let said: Vec<&RawVerdict> = said.iter().filter(of_it).collect();
    Ok((said.iter().any(|raw| raw.deny), said.iter().any(|raw| !raw.deny)))
}

/// An id that no record here has.
fn unused_id(facts: &Facts) -> Untrusted {
    let mut id = "EX-NEW".to_owned();
    while facts.exceptions.iter().any(|exception| exception.record.id == *id.as_str()) {
        id.push('-');
    }
    id.into()
}
