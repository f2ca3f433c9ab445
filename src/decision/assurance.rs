//! How much a decision can be relied on, and why not more.
//!
//! What must stay true: every weakening that the gate knows of is disclosed here and lowers the level; nothing raises it.
//!
//! | level | the decision |
//! |---|---|
//! | 0 | stops nothing, is unsigned, or was made as of a given instant |
//! | 1 | is in force, but weakened: policies left out or softened, a report or the release itself bound to nothing |
//! | 2 | is whole, but rests on what only the environment, a file, a flag or an unsigned approval asserts |
//! | 3 | none of these |

use super::{Assurance, FailOn};
use crate::facts::{Clock, Facts, JudgingSource, Mode};
use crate::model::change::{ChangeKind, Source};
use crate::model::coverage::{Binding, CoverageState};
use crate::model::profile::RuleMode;
use crate::policy::RuleInfo;

/// What only the caller knows about a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the evidence will be signed.
    pub signed: bool,
    /// Which outcome fails the run.
    pub fail_on: FailOn,
    /// Whether the built-in pack was evaluated.
    pub builtin: bool,
    /// Whether evidence can name an artifact or a commit as its subject.
    pub bound: bool,
}

/// The level, and every reason that keeps it from the highest.
#[must_use]
pub fn assurance(facts: &Facts, rules: &[RuleInfo], run: Circumstances) -> Assurance {
    let mut reasons: Vec<(u8, String)> = Vec::new();
    let mut say = |holds: bool, level: u8, reason: &str| {
        if holds {
            reasons.push((level, reason.to_owned()));
        }
    };
    say(facts.mode == Mode::Audit, 0, "audit mode");
    say(run.fail_on == FailOn::Never, 0, "--fail-on never");
    say(facts.clock == Clock::Pinned, 0, "pinned clock");
    say(!run.signed, 0, "unsigned");
    say(!run.builtin, 1, "built-in policies left out");
    say(!run.bound, 1, "bound to no artifact and no commit");
    if let Some(emergency) = &facts.emergency {
        say(true, 1, &format!("emergency {}", emergency.record.id.line()));
    } else {
        say(facts.change.kind == ChangeKind::Emergency, 1, "an emergency without a record");
    }
    let unbound = facts.coverage.iter().any(|row| {
        row.required_by.is_some() && row.state == CoverageState::Unbound && facts.profile.coverage.allow_unbound
    });
    say(unbound, 1, "an unbound report counts");
    for (rule, mode) in &facts.profile.rules {
        say(*mode == RuleMode::Off, 1, &format!("rule {rule} is off"));
        say(*mode == RuleMode::Warn, 1, &format!("rule {rule} only warns"));
    }
    for rule in rules.iter().filter(|rule| rule.is_retired(facts.today())) {
        let since = rule.deprecated_on.map(|day| day.to_string()).unwrap_or_default();
        say(true, 1, &format!("rule {} is off since {since}: deprecated", rule.id));
    }
    let asserted_base = facts.judging.source == JudgingSource::TargetBranch
        && matches!(facts.judging.known_from, Some(Source::Env | Source::File | Source::Flag));
    say(asserted_base, 1, "the commit that judges is merely asserted");
    say(!facts.judging.outside.is_empty(), 1, "judged by files from outside the repository");
    for (source, who) in [(Source::Env, "the environment"), (Source::File, "a file"), (Source::Flag, "a flag")] {
        let fields: Vec<&str> =
            facts.change.sources.iter().filter(|(_, from)| **from == source).map(|(field, _)| field.as_str()).collect();
        say(!fields.is_empty(), 2, &format!("only {who} says {}", fields.join(", ")));
    }
    let named = facts.coverage.iter().any(|row| row.bound_by == Some(Binding::Digest))
        || facts.reports.iter().any(|report| {
            let receipt = report.receipt.as_ref().and_then(|receipt| receipt.digest);
            facts.artifacts.iter().any(|artifact| receipt == Some(artifact.digest))
        });
    say(!facts.artifacts.is_empty() && !named, 2, "no report names the artifact");
    for exception in facts.exceptions.iter().filter(|e| e.admitted) {
        let unsigned = exception.record.approvals.iter().any(|a| !exception.verified_approvers.contains(&a.by));
        say(unsigned, 2, &format!("unsigned approval of {}", exception.record.id.line()));
    }
    reasons.sort();
    let level = reasons.first().map_or(3, |(level, _)| *level);
    Assurance { level, because: reasons.into_iter().map(|(_, reason)| reason).collect() }
}
