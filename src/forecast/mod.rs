//! What would be decided later if nothing changed: when a release that passes today is going to be blocked, and why.
//!
//! What must stay true: every instant is judged by the gate itself, on the same inputs; nothing is predicted by other means.
//! Each day is judged at least once, and the instant of a turn is exact to the second, whatever policy causes it.

mod ical;
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::decision::{Decision, Outcome, Standing, Subject, Verdict, VerdictAction, standing};
use crate::facts::Clock;
use crate::gate::{self, GateError, Inputs};
use crate::model::coverage::CoverageState;
use crate::model::exception::ExceptionState;
use crate::model::profile::RuleMode;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};
use crate::model::vex::VexState;
use crate::policy::{Bundle, RuleInfo};

pub use ical::calendar;
pub use table::table;

/// The schema tag of the document.
pub const SCHEMA: &str = "countersign/forecast/v1";

/// The furthest look ahead, in days.
pub const MOST_DAYS: u16 = 366;

/// What is going to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Forecast {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// The first instant that was judged: now.
    pub from: Timestamp,
    /// The last one.
    pub until: Timestamp,
    /// How many days ahead.
    pub days: u16,
    /// The environment.
    pub environment: Untrusted,
    /// The repository, where it is known.
    pub repository: Option<Untrusted>,
    /// The outcome at `from`, and at every instant at which it is another one.
    pub outcomes: Vec<OutcomeFrom>,
    /// Everything that turns into a block, by instant, then owner and rule.
    pub turns: Vec<Turn>,
    /// Rules that are over within these days, by day, then id: what they hold is held by nothing from then on.
    pub ends: Vec<End>,
}

/// A rule whose own METADATA ends it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct End {
    /// The first day without it.
    pub on: Date,
    /// The rule.
    pub rule: Untrusted,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// From when an outcome holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OutcomeFrom {
    /// The first second of it.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
}

/// A deny that was none the second before.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Turn {
    /// The first second of it.
    pub at: Timestamp,
    /// Who has to act.
    pub owner: Untrusted,
    /// The policy rule.
    pub rule: Untrusted,
    /// What the same rule said of it before.
    pub before: Before,
    /// Ids of the findings that turn, sorted.
    pub findings: Vec<Untrusted>,
    /// What is wrong then.
    pub msg: Untrusted,
    /// Why it turns.
    pub because: Vec<Cause>,
    /// What to do until then.
    pub next: Option<Untrusted>,
}

/// What a rule said of something before it turned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Before {
    /// Nothing.
    Pass,
    /// A warning.
    Warn,
}

/// Why something turns.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum Cause {
    /// A record's last day is over.
    ExceptionEnded {
        /// The record.
        exception: Untrusted,
        /// Its last day.
        expires: Date,
    },
    /// A record counts no longer for another reason, such as a signer whose key is no longer valid.
    ExceptionRejected {
        /// The record.
        exception: Untrusted,
        /// What is said of it then.
        because: Vec<Untrusted>,
    },
    /// A VEX statement counts no longer, such as one that is too old then.
    StatementRejected {
        /// The statement.
        statement: Untrusted,
        /// What is said of it then.
        because: Vec<Untrusted>,
    },
    /// The rule blocks from a day on and warned before.
    Effective {
        /// That day.
        on: Date,
    },
    /// The day by which it was to be fixed is over.
    FixDue {
        /// That day.
        by: Date,
    },
    /// A freeze begins.
    Freeze {
        /// Its name.
        name: Untrusted,
        /// Its end.
        until: Timestamp,
    },
    /// A report is too old, or a check is answered worse than before.
    Coverage {
        /// The check.
        check: &'static str,
        /// What is said of it then.
        because: Untrusted,
    },
    /// None of these: the policy depends on time in a way of its own.
    Policy,
}

impl Cause {
    /// One line for people. Holds text from outside: neutralise it when printing.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::ExceptionEnded { exception, expires } => {
                format!("exception {} ends with {expires}", exception.as_raw())
            }
            Self::ExceptionRejected { exception, because } => no_longer("exception", exception, because),
            Self::StatementRejected { statement, because } => no_longer("statement", statement, because),
            Self::Effective { on } => format!("the rule blocks from {on}"),
            Self::FixDue { by } => format!("a fix was due by {by}"),
            Self::Freeze { name, until } => format!("freeze {} until {until}", name.as_raw()),
            Self::Coverage { check, because } => format!("{check}: {}", because.as_raw()),
            Self::Policy => "the policy depends on the time".to_owned(),
        }
    }
}

fn no_longer(what: &str, id: &Untrusted, because: &[Untrusted]) -> String {
    let because: Vec<&str> = because.iter().map(Untrusted::as_raw).collect();
    format!("{what} {} no longer counts: {}", id.as_raw(), because.join("; "))
}

/// What came of signed approvals at an instant.
pub type ApproversAt<'a> = dyn Fn(Timestamp) -> BTreeMap<Untrusted, crate::exceptions::Approvers> + 'a;

/// Judges the same inputs at every instant that could matter in the next `days` days.
///
/// # Errors
/// Those of [`gate::decide`], at whatever instant.
pub fn forecast(
    inputs: &Inputs,
    bundle: &Bundle,
    approvers_at: Option<&ApproversAt<'_>>,
    days: u16,
) -> Result<Forecast, GateError> {
    let judge = Judge { inputs, bundle, approvers_at };
    let from = inputs.now;
    let until = seconds_after(from, i64::from(days) * 86_400);
    let mut before = judge.at(from)?;
    let mut outcomes = vec![OutcomeFrom { at: from, outcome: before.decision.outcome }];
    let mut turns = Vec::new();
    for instant in instants(inputs, until) {
        let after = judge.at(instant)?;
        let mut left = before;
        // What is different at the end of the interval came about at some second of it. Several things may have.
        while !left.same(&after) {
            let right = judge.first_change(&left, &after)?;
            turns.extend(turned(&left, &right, inputs));
            if right.decision.outcome != left.decision.outcome {
                outcomes.push(OutcomeFrom { at: right.at, outcome: right.decision.outcome });
            }
            left = right;
        }
        before = after;
    }
    turns.sort();
    Ok(Forecast {
        schema: SCHEMA,
        from,
        until,
        days,
        environment: inputs.environment.clone(),
        repository: inputs.change.repository.clone(),
        outcomes,
        turns,
        ends: ends(inputs, bundle, until),
    })
}

fn ends(inputs: &Inputs, bundle: &Bundle, until: Timestamp) -> Vec<End> {
    let counts = bundle.rules.iter().filter(|rule| rule.mode(&inputs.profile, inputs.now.date()) != RuleMode::Off);
    let end = |rule: &RuleInfo| {
        let on = rule.deprecated_on.filter(|day| *day <= until.date())?;
        Some(End { on, rule: rule.id.as_str().into(), owner: rule.owner.clone() })
    };
    let mut ends: Vec<End> = counts.filter_map(end).collect();
    ends.sort();
    ends
}

/// Every midnight, and the edges of freezes, which may lie within a day.
fn instants(inputs: &Inputs, until: Timestamp) -> BTreeSet<Timestamp> {
    let edges = inputs.profile.freezes.iter().flat_map(|freeze| [freeze.from, freeze.until]);
    let mut day = inputs.now.date();
    let mut instants: BTreeSet<Timestamp> = edges.collect();
    while day.end() <= until && day.end() > inputs.now && instants.insert(day.end()) | (day.end() < until) {
        day = day.end().date();
    }
    instants.insert(until);
    instants.retain(|instant| inputs.now < *instant && *instant <= until);
    instants
}

fn seconds_after(instant: Timestamp, seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(instant.unix_seconds().saturating_add(seconds)).unwrap_or(instant)
}

struct Judge<'a> {
    inputs: &'a Inputs,
    bundle: &'a Bundle,
    approvers_at: Option<&'a ApproversAt<'a>>,
}

/// A decision and what it denies, in a form that two instants can be compared by.
struct Judged {
    at: Timestamp,
    decision: Decision,
    standing: BTreeMap<Subject, Standing>,
}

impl Judge<'_> {
    fn at(&self, at: Timestamp) -> Result<Judged, GateError> {
        let mut inputs = self.inputs.clone();
        if at != inputs.now {
            inputs.now = at;
            inputs.clock = Clock::Pinned;
            if let Some(approvers_at) = self.approvers_at {
                inputs.approvers = approvers_at(at);
            }
        }
        let decision = gate::decide(inputs, self.bundle)?.decision;
        let standing = standing(&decision.verdicts);
        Ok(Judged { at, decision, standing })
    }

    /// The first second after `left` at which something is different, given that `right` is.
    fn first_change(&self, left: &Judged, right: &Judged) -> Result<Judged, GateError> {
        let (mut low, mut high) = (left.at.unix_seconds(), right.at.unix_seconds());
        let mut found = None;
        // Most things turn at the end of the interval, at midnight: one question settles it.
        let mut middle = high - 1;
        while high - low > 1 {
            let Some(at) = Timestamp::from_unix_seconds(middle) else { break };
            let judged = self.at(at)?;
            if judged.same(left) {
                low = middle;
            } else {
                high = middle;
                found = Some(judged);
            }
            middle = low + (high - low) / 2;
        }
        match found {
            Some(judged) => Ok(judged),
            None => self.at(right.at),
        }
    }
}

impl Judged {
    /// Whether both deny and warn of the same things.
    fn same(&self, other: &Self) -> bool {
        let plain = |judged: &Self| -> Vec<(Subject, bool)> {
            judged.standing.iter().map(|(subject, standing)| (subject.clone(), denies(standing))).collect()
        };
        plain(self) == plain(other)
    }

    fn verdict(&self, standing: &Standing) -> Option<&Verdict> {
        self.decision.verdicts.get(standing.verdict)
    }
}

fn denies(standing: &Standing) -> bool {
    standing.action == VerdictAction::Deny
}

/// What denies in `after` and did not in `before`, together by verdict.
fn turned(before: &Judged, after: &Judged, inputs: &Inputs) -> Vec<Turn> {
    let mut turns: BTreeMap<(usize, Before), Turn> = BTreeMap::new();
    for (subject, standing) in after.standing.iter().filter(|(_, standing)| denies(standing)) {
        let earlier = before.standing.get(subject);
        let was = match earlier {
            Some(earlier) if denies(earlier) => continue,
            Some(_) => Before::Warn,
            None => Before::Pass,
        };
        let Some(verdict) = after.verdict(standing) else { continue };
        let finding = verdict.findings.iter().find(|id| id.as_raw() == subject.about);
        let warned = earlier.and_then(|earlier| before.verdict(earlier));
        let turn = turns.entry((standing.verdict, was)).or_insert_with(|| Turn {
            at: after.at,
            owner: verdict.owner.clone(),
            rule: verdict.rule.clone(),
            before: was,
            findings: Vec::new(),
            msg: verdict.msg.clone(),
            because: Vec::new(),
            next: verdict.next.clone(),
        });
        turn.findings.extend(finding.cloned());
        turn.because.extend(causes(before, after, verdict, warned, finding, inputs));
    }
    for turn in turns.values_mut() {
        turn.findings.sort();
        turn.because.sort();
        turn.because.dedup();
        if turn.because.is_empty() {
            turn.because.push(Cause::Policy);
        }
    }
    turns.into_values().collect()
}

fn causes(
    before: &Judged,
    after: &Judged,
    verdict: &Verdict,
    warned: Option<&Verdict>,
    finding: Option<&Untrusted>,
    inputs: &Inputs,
) -> Vec<Cause> {
    let mut causes = Vec::new();
    causes.extend(before.decision.exceptions.iter().zip(&after.decision.exceptions).filter_map(|(was, is)| {
        let bears = match finding {
            Some(finding) => was.covers.contains(finding),
            None => was.verdict.as_ref() == Some(&verdict.rule),
        };
        let counted = !matches!(
            was.state,
            ExceptionState::Pending | ExceptionState::Expired | ExceptionState::Rejected | ExceptionState::Unused
        ) || was.verdict.is_some() && was.state != ExceptionState::Rejected;
        match is.state {
            ExceptionState::Expired if bears && counted && was.state != ExceptionState::Expired => {
                Some(Cause::ExceptionEnded { exception: is.id.clone(), expires: is.expires })
            }
            ExceptionState::Rejected if bears && counted => {
                Some(Cause::ExceptionRejected { exception: is.id.clone(), because: is.because.clone() })
            }
            _ => None,
        }
    }));
    causes.extend(before.decision.vex.iter().filter_map(|was| {
        let is = after.decision.vex.iter().find(|is| is.id == was.id && is.state == VexState::Rejected)?;
        let bears = was.state != VexState::Rejected && was.covers.iter().any(|id| Some(id) == finding);
        bears.then(|| Cause::StatementRejected { statement: is.id.clone(), because: is.because.clone() })
    }));
    if let Some(on) = warned.and_then(|warned| warned.effective_on).filter(|on| *on <= after.at.date()) {
        causes.push(Cause::Effective { on });
    }
    // Under an exception the day of the fix is the exception's last one, which has been said then.
    if causes.is_empty()
        && let Some(by) = warned.and_then(|warned| warned.fix_by).filter(|by| by.end() <= after.at)
    {
        causes.push(Cause::FixDue { by });
    }
    let is_about = |area: &str| verdict.rule.as_raw().starts_with(area);
    if is_about("calendar/") {
        let begins = inputs.profile.freezes.iter().filter(|freeze| before.at < freeze.from && freeze.from <= after.at);
        causes.extend(begins.map(|freeze| Cause::Freeze { name: freeze.name.clone(), until: freeze.until }));
    }
    if is_about("coverage/") {
        let rows = before.decision.coverage.iter().zip(&after.decision.coverage);
        // A verdict about one check names it first.
        let names = |check: &str| verdict.msg.as_raw().strip_prefix(check).is_some_and(|rest| rest.starts_with(':'));
        let worse = rows
            .filter(|(was, is)| was.state == CoverageState::Current && is.state != was.state && names(is.check.word()));
        causes.extend(worse.map(|(_, is)| Cause::Coverage { check: is.check.word(), because: is.because.clone() }));
    }
    causes
}
