//! A simulation for people: what turns out otherwise, then the rules, then the sums.
//!
//! What must stay true: text from outside is neutralised, and a decision that stays as it is is counted and not listed.

use std::fmt::Write as _;

use super::{Changed, Compared, Counts, Simulation};
use crate::decision::{Outcome, VerdictAction};
use crate::model::text::{Untrusted, guard_line_start};

/// Findings that are named in one line; the rest is counted.
const NAMED: usize = 3;

/// The whole text.
#[must_use]
pub fn human(simulation: &Simulation) -> String {
    let mut text = String::new();
    for compared in simulation.decisions.iter().filter(|one| one.before != one.after || !one.changes.is_empty()) {
        decision(&mut text, compared);
    }
    for rule in &simulation.rules {
        let counts = [(rule.fires, "newly said in"), (rule.falls_silent, "not said any more in")];
        let told = counts.into_iter().filter(|(count, _)| *count > 0);
        let told: Vec<String> = told.map(|(count, what)| format!("{what} {}", counted(count, "decision"))).collect();
        // What was said harder or milder is neither new nor gone.
        let told = if told.is_empty() { "said otherwise".to_owned() } else { told.join(", ") };
        line(&mut text, &format!("rule {}: {told}; {}", rule.rule.line(), counted(rule.findings, "finding")));
    }
    if !simulation.rules.is_empty() {
        line(&mut text, "");
    }
    for not in &simulation.not_simulated {
        let word = if not.failed { "FAILED" } else { "NOT SIMULATED" };
        line(&mut text, &format!("{word} {}: {}", not.source.line(), not.because.line()));
    }
    let Counts { decisions, same, other_verdicts, milder, harder, not_simulated } = simulation.counts;
    let others = [
        (harder, "harder"),
        (milder, "milder"),
        (other_verdicts, "with the same outcome and other verdicts"),
        (same, "the same"),
    ];
    let others: Vec<String> =
        others.into_iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let not = if not_simulated > 0 { format!("; {not_simulated} not simulated") } else { String::new() };
    let others = if others.is_empty() { String::new() } else { format!(": {}", others.join(", ")) };
    line(&mut text, &format!("{}{others}{not}", counted(decisions, "decision")));
    text
}

fn decision(text: &mut String, compared: &Compared) {
    let Compared { source, before, after, .. } = compared;
    let of = [
        compared.repository.as_ref().map(|name| name.line().into_owned()),
        compared.commit.as_ref().map(|commit| commit.short().to_owned()),
        Some(format!("env {}", compared.environment.line())),
    ];
    let of: Vec<String> = of.into_iter().flatten().collect();
    let outcome =
        if before == after { before.word().to_owned() } else { format!("{} -> {}", before.word(), shout(*after)) };
    line(text, &format!("{outcome}  {}  {}", source.line(), of.join("  ")));
    for Changed { rule, before, after, owner, msg, findings } in &compared.changes {
        let (old, new) = (word(*before), word(*after));
        line(text, &format!("  {old} -> {new}  {}  owner {}", rule.line(), owner.line()));
        line(text, &format!("    {}", msg.line()));
        if !findings.is_empty() {
            let named: Vec<_> = findings.iter().take(NAMED).map(Untrusted::line).collect();
            let more = match findings.len().saturating_sub(NAMED) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            line(text, &format!("    about  {}{more}", named.join(", ")));
        }
    }
    line(text, "");
}

const fn word(action: Option<VerdictAction>) -> &'static str {
    match action {
        None => "nothing",
        Some(action) => action.word(),
    }
}

/// What a reader must not overlook.
fn shout(outcome: Outcome) -> String {
    outcome.word().to_uppercase()
}

fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

fn line(text: &mut String, shown: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", guard_line_start(shown));
}
