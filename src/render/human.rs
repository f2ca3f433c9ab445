//! The decision for people: 80 columns, the outcome first and last, grouped by who has to act.
//!
//! What must stay true: every block says what to do next, exceptions are always shown, and a pass is two lines.

use std::io;

use super::about::{self, Told};
use super::page::{Ink, Page};
use super::{Renderer, Show, Style};
use crate::decision::{Decision, Outcome, VerdictAction};
use crate::model::text::Untrusted;

pub(super) static RENDERER: Renderer = Renderer { id: "human", title: "for people, 80 columns", write };

/// Verdicts of one owner that are written out; the rest is counted and stands in the JSON.
const SHOWN_PER_OWNER: usize = 25;

fn write(decision: &Decision, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    if !style.quiet {
        page.line(0, &about::heading(decision).join("  "))?;
    }
    outcome_line(page, decision)?;
    if style.quiet {
        return Ok(());
    }
    errors(page, decision)?;
    verdicts(page, decision, style.show)?;
    exceptions(page, decision)?;
    statements(page, decision)?;
    ending(page, decision, style)
}

fn outcome_line(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    let counts = format!("{}   policy {}", about::tally(decision), about::policy(decision));
    page.entry(0, ink(decision.outcome), &format!("{:<8}", about::banner(decision.outcome)), &counts)?;
    let caveats = about::caveats(decision);
    if caveats.is_empty() { Ok(()) } else { page.line(8, &caveats.join(" · ")) }
}

const fn ink(outcome: Outcome) -> Ink {
    match outcome {
        Outcome::Pass => Ink::Green,
        Outcome::Warn => Ink::Yellow,
        Outcome::Block | Outcome::Error => Ink::Red,
    }
}

fn errors(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    for error in &decision.errors {
        page.entry(2, Ink::Red, "ERROR  ", error.message.as_raw())?;
        if let Some(hint) = &error.hint {
            page.entry(9, Ink::Bold, "next   ", hint)?;
        }
    }
    Ok(())
}

fn verdicts(page: &mut Page<'_>, decision: &Decision, show: Show) -> io::Result<()> {
    for (owner, list) in about::by_owner(decision) {
        page.gap()?;
        page.entry(0, Ink::Bold, &owner.line(), &format!("  ({})", list.len()))?;
        let shown: Vec<&Told<'_>> = match show {
            Show::First => list.iter().take(SHOWN_PER_OWNER).collect(),
            Show::All => list.iter().collect(),
            Show::Blocked => list.iter().filter(|told| told.verdict.action == VerdictAction::Deny).collect(),
        };
        for told in &shown {
            one_verdict(page, told, decision)?;
        }
        if list.len() > shown.len() {
            page.line(2, &format!("… and {} more; all of them: --show all", list.len() - shown.len()))?;
        }
    }
    Ok(())
}

fn one_verdict(page: &mut Page<'_>, told: &Told<'_>, decision: &Decision) -> io::Result<()> {
    let verdict = told.verdict;
    let ink = match verdict.action {
        VerdictAction::Deny => Ink::Red,
        VerdictAction::Warn => Ink::Yellow,
    };
    let place = match about::whereabouts(told) {
        place if place.is_empty() => place,
        place => format!("   {place}"),
    };
    let label = format!("{:<7}", about::label(verdict.action));
    page.entry(2, ink, &label, &format!("{}{place}", verdict.rule.line()))?;
    page.line(9, verdict.msg.as_raw())?;
    if let Some(date) = verdict.effective_on {
        page.line(9, &format!("becomes a block on {date}"))?;
    }
    if let Some(next) = about::next(verdict, decision) {
        page.entry(9, Ink::Bold, "next   ", &next)?;
    }
    if let Some(response) = &verdict.response {
        let what = format!("{} ({}): {}", response.within.line(), response.notify.line(), response.owner.line());
        page.entry(9, Ink::Plain, &format!("{:<7}", response.class.line()), &what)?;
    }
    if !verdict.exceptions.is_empty() {
        let ids: Vec<_> = verdict.exceptions.iter().map(Untrusted::line).collect();
        page.entry(9, Ink::Plain, "under  ", &ids.join(", "))?;
    }
    Ok(())
}

fn exceptions(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    if decision.exceptions.is_empty() {
        return Ok(());
    }
    let (soon, hangs) = about::exceptions_in_short(decision);
    let soon = soon.map(|soon| format!("   {soon}")).unwrap_or_default();
    page.gap()?;
    page.entry(0, Ink::Bold, "Exceptions", &format!(" ({}){soon}", decision.exceptions.len()))?;
    if let Some(hangs) = hangs {
        page.line(2, &hangs)?;
    }
    for exception in &decision.exceptions {
        page.entry(2, Ink::Plain, &format!("{}  ", exception.id.line()), &about::standing(exception))?;
        for because in &exception.because {
            page.line(9, because.as_raw())?;
        }
    }
    Ok(())
}

fn statements(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    if decision.vex.is_empty() {
        return Ok(());
    }
    page.gap()?;
    page.entry(0, Ink::Bold, "VEX statements", &format!(" ({})", decision.vex.len()))?;
    if let Some(hangs) = about::statements_in_short(decision) {
        page.line(2, &hangs)?;
    }
    for one in &decision.vex {
        page.entry(2, Ink::Plain, &format!("{}  ", one.id.line()), &about::said(one))?;
        for because in &one.because {
            page.line(9, because.as_raw())?;
        }
    }
    Ok(())
}

fn ending(page: &mut Page<'_>, decision: &Decision, style: &Style) -> io::Result<()> {
    if decision.outcome == Outcome::Pass && style.evidence.is_none() {
        return Ok(());
    }
    if decision.outcome != Outcome::Pass {
        page.gap()?;
    }
    for (word, text) in about::closing(decision) {
        let ink = if word == "owed" { Ink::Yellow } else { Ink::Plain };
        page.entry(0, ink, &format!("{:<11}", format!("{word}  ")), &text)?;
    }
    if let Some(evidence) = &style.evidence {
        page.entry(0, Ink::Plain, "evidence   ", evidence)?;
    }
    let word = format!("{:<11}", about::banner(decision.outcome));
    page.entry(0, ink(decision.outcome), &word, &format!("exit {}", decision.exit_code))
}
