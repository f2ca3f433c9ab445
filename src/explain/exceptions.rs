//! Exceptions that bear on what is explained, and those that nearly do.
//!
//! What must stay true: whether a record covers a finding, and what keeps it from it, is what matching says.

use serde::Serialize;

use super::About;
use crate::exceptions::{self, Context, Reason, Record};
use crate::model::exception::ExceptionState;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// Records that nearly cover the finding and are shown.
const MOST_NEAR: usize = 3;

/// An exception, and how it stands to what is explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Bearing {
    /// Its id.
    pub id: Untrusted,
    /// The file that it stands in.
    pub file: Untrusted,
    /// Its line.
    pub line: usize,
    /// Whether it matches: the finding, or the rule of the verdict.
    pub matches: bool,
    /// Whether it is the one that counts.
    pub applies: bool,
    /// What became of it in this decision.
    pub state: ExceptionState,
    /// Its last day.
    pub expires: Date,
    /// Who answers for the risk.
    pub owner: Untrusted,
    /// Why it was rejected, or what it lacks; one line each.
    pub because: Vec<Untrusted>,
    /// Everything that has to hold for it to cover the finding; empty for one that names a verdict.
    pub criteria: Vec<Criterion>,
}

/// One thing that has to hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Criterion {
    /// The key of the record that it stands under.
    pub criterion: &'static str,
    /// Whether it holds.
    pub holds: bool,
    /// What keeps it from holding.
    pub against: Option<Untrusted>,
    /// What the record would have to say.
    pub would: Option<Untrusted>,
}

impl From<Reason> for Criterion {
    fn from(reason: Reason) -> Self {
        let Reason { criterion, against, would } = reason;
        Self { criterion, holds: against.is_none(), against, would }
    }
}

/// Those that match, then the nearest misses; both by id.
pub(super) fn bearing(about: &About<'_>) -> Vec<Bearing> {
    let facts = &about.case.facts;
    let context = Context {
        service: facts.service.name.as_ref().map(Untrusted::as_raw),
        environment: facts.environment.as_raw(),
        repository: facts.change.repository.as_ref().map(Untrusted::as_raw),
        now: facts.now,
    };
    let outcomes = &about.case.decision.exceptions;
    let finding = about.finding();
    let mut bearing = Vec::new();
    let mut near: Vec<(usize, usize, Bearing)> = Vec::new();
    for record in about.case.records {
        let Some(outcome) = outcomes.iter().find(|outcome| outcome.id == *record.id()) else { continue };
        let lifts = |rule: &Untrusted| about.verdicts.iter().any(|verdict| verdict.rule == *rule);
        let names = outcome.verdict.as_ref().is_some_and(lifts);
        let covers = finding.is_some_and(|triaged| outcome.covers.contains(&triaged.finding.id));
        let of_findings = finding.filter(|_| outcome.verdict.is_none());
        let criteria: Vec<Criterion> = of_findings
            .map(|triaged| exceptions::explain(record, &triaged.finding, &context))
            .into_iter()
            .flatten()
            .map(Criterion::from)
            .collect();
        let counts = finding.is_some_and(|triaged| triaged.exception.as_ref() == Some(record.id()));
        let lifted = names
            && matches!(
                outcome.state,
                ExceptionState::Decisive | ExceptionState::JointlyDecisive | ExceptionState::Used
            );
        let found = Bearing {
            id: record.id().clone(),
            file: record.file.clone(),
            line: record.line,
            matches: covers || names,
            applies: counts || lifted,
            state: outcome.state,
            expires: outcome.expires,
            owner: outcome.owner.clone(),
            because: if covers || names { outcome.because.clone() } else { Vec::new() },
            criteria,
        };
        if found.matches {
            bearing.push(found);
        } else if let Some((met, missed)) = nearness(record, &found.criteria) {
            near.push((missed, usize::MAX - met, found));
        }
    }
    near.sort_by(|a, b| (a.0, a.1, &a.2.id).cmp(&(b.0, b.1, &b.2.id)));
    bearing.extend(near.into_iter().take(MOST_NEAR).map(|(_, _, found)| found));
    bearing
}

/// How many of its own criteria hold, and how many do not; `None` where none holds: such a record is about something else.
fn nearness(record: &Record, criteria: &[Criterion]) -> Option<(usize, usize)> {
    const AROUND: [&str; 6] = ["created", "expires", "service", "environment", "repository", "kind"];
    if record.exception.criteria.verdict.is_some() {
        return None;
    }
    let met = criteria.iter().filter(|one| one.holds && !AROUND.contains(&one.criterion)).count();
    let missed = criteria.iter().filter(|one| !one.holds).count();
    (met > 0).then_some((met, missed))
}
