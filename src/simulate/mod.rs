//! What other judging inputs would have decided: two decisions about the same thing, compared; and many of them, counted.
//!
//! What must stay true: both sides were decided by the gate itself; nothing is predicted by other means, and what could not be
//! decided again is listed with its reason, never left out.

mod text;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::decision::{Decision, Outcome, Standing, Subject, VerdictAction, standing};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub use text::human;

/// The schema tag of the document.
pub const SCHEMA: &str = "countersign/simulation/v1";

/// What `simulate --output json` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Simulation {
    /// Always `countersign/simulation/v1`.
    pub schema: &'static str,
    /// What stood in the place of what judged.
    pub instead: Instead,
    /// How many decisions turn out how.
    pub counts: Counts,
    /// Every rule that says something else, by id, over all decisions.
    pub rules: Vec<RuleEffect>,
    /// The decisions, by where they come from.
    pub decisions: Vec<Compared>,
    /// What could not be decided again.
    pub not_simulated: Vec<NotSimulated>,
}

/// What stood in the place of what judged; what is empty or `null` was left as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Instead {
    /// The built-in pack of this version.
    pub pack: bool,
    /// Policies beside the built-in pack.
    pub policies: Vec<Untrusted>,
    /// The profile.
    pub profile: Option<Untrusted>,
    /// Files of exception records.
    pub exceptions: Vec<Untrusted>,
    /// The instant.
    pub at: Option<Timestamp>,
}

/// How many decisions turn out how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Counts {
    /// All that were decided again.
    pub decisions: usize,
    /// With the same outcome and the same verdicts.
    pub same: usize,
    /// With the same outcome and other verdicts.
    pub other_verdicts: usize,
    /// With a milder outcome.
    pub milder: usize,
    /// With a harder outcome.
    pub harder: usize,
    /// What could not be decided again.
    pub not_simulated: usize,
}

/// What a rule says otherwise, over all decisions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RuleEffect {
    /// The rule.
    pub rule: Untrusted,
    /// Decisions in which it says something that it did not.
    pub fires: usize,
    /// Decisions in which it does not say any more what it said.
    pub falls_silent: usize,
    /// Findings, counted once in each decision, of which it says something else.
    pub findings: usize,
}

/// A decision, and what would have come of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Compared {
    /// The folder of evidence; `reports` for reports that were given.
    pub source: Untrusted,
    /// The id of the decision.
    pub decision: String,
    /// Its instant.
    pub decided_at: Timestamp,
    /// The repository, where it is known.
    pub repository: Option<Untrusted>,
    /// The commit, where it is known.
    pub commit: Option<CommitId>,
    /// The environment.
    pub environment: Untrusted,
    /// What was decided.
    pub before: Outcome,
    /// What would be.
    pub after: Outcome,
    /// What the rules say otherwise: what denies first, then by rule and message.
    pub changes: Vec<Changed>,
}

/// What one rule says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Changed {
    /// The rule.
    pub rule: Untrusted,
    /// What it said; `null` for nothing.
    pub before: Option<VerdictAction>,
    /// What it says; `null` for nothing.
    pub after: Option<VerdictAction>,
    /// Who has to act.
    pub owner: Untrusted,
    /// What it says now, or what it said where it says nothing any more.
    pub msg: Untrusted,
    /// Ids of the findings, sorted; empty where it is about none.
    pub findings: Vec<Untrusted>,
}

/// What could not be decided again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotSimulated {
    /// The folder of evidence.
    pub source: Untrusted,
    /// Whether it does not hold: its signature, or what was signed.
    pub failed: bool,
    /// Why.
    pub because: Untrusted,
}

/// What came of one decision.
#[must_use]
pub fn compare(source: Untrusted, before: &Decision, after: &Decision) -> Compared {
    Compared {
        source,
        decision: before.id.clone(),
        decided_at: before.decided_at,
        repository: before.change.repository.clone(),
        commit: before.change.commit.clone(),
        environment: before.environment.clone(),
        before: before.outcome,
        after: after.outcome,
        changes: changes(before, after),
    }
}

fn changes(before: &Decision, after: &Decision) -> Vec<Changed> {
    let (was, is) = (standing(&before.verdicts), standing(&after.verdicts));
    let subjects: BTreeSet<&Subject> = was.keys().chain(is.keys()).collect();
    // Alike ones about several findings are one change.
    let mut changes: BTreeMap<_, Changed> = BTreeMap::new();
    for subject in subjects {
        let (old, new) = (was.get(subject), is.get(subject));
        let action = |standing: Option<&Standing>| standing.map(|standing| standing.action);
        if action(old) == action(new) {
            continue;
        }
        let of = |decision: &'_ Decision, standing: &Standing| decision.verdicts.get(standing.verdict).cloned();
        let Some(verdict) = new.and_then(|new| of(after, new)).or_else(|| old.and_then(|old| of(before, old))) else {
            continue;
        };
        let worst = action(new).is_some_and(|action| action == VerdictAction::Deny);
        let key = (!worst, verdict.rule.clone(), verdict.msg.clone(), action(old), action(new), verdict.owner.clone());
        let changed = changes.entry(key).or_insert_with(|| Changed {
            rule: verdict.rule.clone(),
            before: action(old),
            after: action(new),
            owner: verdict.owner.clone(),
            msg: verdict.msg.clone(),
            findings: Vec::new(),
        });
        changed.findings.extend(verdict.findings.into_iter().find(|id| id.as_raw() == subject.about));
    }
    changes.into_values().collect()
}

/// All of them, counted.
#[must_use]
pub fn simulation(instead: Instead, mut decisions: Vec<Compared>, mut not_simulated: Vec<NotSimulated>) -> Simulation {
    decisions.sort_by(|a, b| (&a.source, &a.decision).cmp(&(&b.source, &b.decision)));
    not_simulated.sort_by(|a, b| a.source.cmp(&b.source));
    let mut counts = Counts { decisions: decisions.len(), not_simulated: not_simulated.len(), ..Counts::default() };
    let mut rules: BTreeMap<Untrusted, RuleEffect> = BTreeMap::new();
    for compared in &decisions {
        *match (compared.after.cmp(&compared.before), compared.changes.is_empty()) {
            (Ordering::Equal, true) => &mut counts.same,
            (Ordering::Equal, false) => &mut counts.other_verdicts,
            (Ordering::Less, _) => &mut counts.milder,
            (Ordering::Greater, _) => &mut counts.harder,
        } += 1;
        let mut of_this: BTreeMap<&Untrusted, (bool, bool, usize)> = BTreeMap::new();
        for changed in &compared.changes {
            let effect = of_this.entry(&changed.rule).or_default();
            effect.0 |= changed.before.is_none();
            effect.1 |= changed.after.is_none();
            effect.2 += changed.findings.len();
        }
        for (rule, (fires, falls_silent, findings)) in of_this {
            let effect = rules.entry(rule.clone()).or_insert_with(|| RuleEffect {
                rule: rule.clone(),
                fires: 0,
                falls_silent: 0,
                findings: 0,
            });
            effect.fires += usize::from(fires);
            effect.falls_silent += usize::from(falls_silent);
            effect.findings += findings;
        }
    }
    Simulation { schema: SCHEMA, instead, counts, rules: rules.into_values().collect(), decisions, not_simulated }
}
