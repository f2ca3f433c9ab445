//! The decision for people: 80 columns, the outcome first and last, grouped by who has to act.
//!
//! What must stay true: every block says what to do next, exceptions are always shown, and a pass is two lines.

use std::collections::BTreeMap;
use std::io;

use super::page::{Ink, Page};
use super::{Renderer, Style};
use crate::decision::{Decision, ExceptionOutcome, Outcome, Verdict, VerdictAction};
use crate::facts::{Clock, JudgingSource, Mode, TriagedFinding};
use crate::model::finding::Kind;
use crate::model::text::Untrusted;

pub(super) static RENDERER: Renderer = Renderer { id: "human", title: "for people, 80 columns", write };

/// Verdicts of one owner that are written out; the rest is counted and stands in the JSON.
const SHOWN_PER_OWNER: usize = 25;
/// An exception with at most this many days left is named in the heading.
const SOON_DAYS: i64 = 14;

fn write(decision: &Decision, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let page = &mut Page::new(out, style);
    if !style.quiet {
        page.line(0, &heading(decision))?;
    }
    outcome_line(page, decision)?;
    if style.quiet {
        return Ok(());
    }
    errors(page, decision)?;
    verdicts(page, decision)?;
    exceptions(page, decision)?;
    ending(page, decision, style)
}

/// Who, what, where: `countersign 0.1.0  acme/shop !42 → main  8f3c1d2  env production`.
fn heading(decision: &Decision) -> String {
    let change = &decision.change;
    let mut parts = vec![format!("countersign {}", decision.gate.version)];
    let what = change.repository.as_ref().or(decision.service.name.as_ref()).map(|name| name.line().into_owned());
    let request = change.id.as_ref().map(|id| format!("!{}", id.line()));
    let branch = change.target.as_ref().map(|target| format!("→ {}", target.line()));
    let subject: Vec<String> = [what, request, branch].into_iter().flatten().collect();
    if !subject.is_empty() {
        parts.push(subject.join(" "));
    }
    if let Some(commit) = &change.commit {
        parts.push(commit.short().to_owned());
    }
    parts.push(format!("env {}", decision.environment.line()));
    parts.join("  ")
}

fn outcome_line(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    let totals = &decision.totals;
    let (ink, word) = word(decision.outcome);
    let policy: String = decision.gate.policy_digest.hex().chars().take(8).collect();
    let counts = format!(
        "{} block · {} warn · {} excepted · {} pass   policy sha256:{policy}…",
        totals.deny, totals.warn, totals.excepted, totals.rules_passed
    );
    page.entry(0, ink, &format!("{word:<8}"), &counts)?;
    let audit = (decision.mode == Mode::Audit).then(|| "audit mode: nothing is stopped".to_owned());
    let pinned = (decision.clock == Clock::Pinned).then(|| format!("decided as of {}", decision.decided_at));
    let notes: Vec<String> = [audit, pinned].into_iter().flatten().collect();
    if notes.is_empty() { Ok(()) } else { page.line(8, &notes.join(" · ")) }
}

const fn word(outcome: Outcome) -> (Ink, &'static str) {
    match outcome {
        Outcome::Pass => (Ink::Green, "PASS"),
        Outcome::Warn => (Ink::Yellow, "WARN"),
        Outcome::Block => (Ink::Red, "BLOCK"),
        Outcome::Error => (Ink::Red, "ERROR"),
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

/// Grouped by owner, the owner with the most blocks first.
fn verdicts(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    let findings: BTreeMap<&Untrusted, &TriagedFinding> =
        decision.findings.iter().map(|triaged| (&triaged.finding.id, triaged)).collect();
    let mut owners: BTreeMap<&Untrusted, Vec<&Verdict>> = BTreeMap::new();
    for verdict in &decision.verdicts {
        owners.entry(&verdict.owner).or_default().push(verdict);
    }
    let mut owners: Vec<_> = owners.into_iter().collect();
    let blocks = |list: &[&Verdict]| list.iter().filter(|v| v.action == VerdictAction::Deny).count();
    owners.sort_by_key(|(owner, list)| (std::cmp::Reverse(blocks(list)), *owner));
    for (owner, list) in owners {
        page.gap()?;
        page.entry(0, Ink::Bold, &owner.line(), &format!("  ({})", list.len()))?;
        for verdict in list.iter().take(SHOWN_PER_OWNER) {
            one_verdict(page, verdict, &findings, decision)?;
        }
        if list.len() > SHOWN_PER_OWNER {
            page.line(2, &format!("… and {} more; all of them: --output json", list.len() - SHOWN_PER_OWNER))?;
        }
    }
    Ok(())
}

fn one_verdict(
    page: &mut Page<'_>,
    verdict: &Verdict,
    findings: &BTreeMap<&Untrusted, &TriagedFinding>,
    decision: &Decision,
) -> io::Result<()> {
    let (ink, label) = match verdict.action {
        VerdictAction::Deny => (Ink::Red, "BLOCK  "),
        VerdictAction::Warn => (Ink::Yellow, "WARN   "),
    };
    let about: Vec<&TriagedFinding> = verdict.findings.iter().filter_map(|id| findings.get(id).copied()).collect();
    let place = match about.as_slice() {
        [] => verdict.path.as_ref().map(|path| path.line().into_owned()),
        [one] => Some(place(one)),
        [first, rest @ ..] => Some(format!("{} and {} more", place(first), rest.len())),
    };
    let place = place.filter(|p| !p.is_empty()).map(|p| format!("   {p}")).unwrap_or_default();
    page.entry(2, ink, label, &format!("{}{place}", verdict.rule.line()))?;
    page.line(9, verdict.msg.as_raw())?;
    if let Some(date) = verdict.effective_on {
        page.line(9, &format!("becomes a block on {date}"))?;
    }
    let fix_by = verdict.fix_by.map(|date| {
        let days = date.days_since(decision.decided_at.date());
        match days {
            ..=-1 => format!("fix was due on {date} ({} days ago)", -days),
            0 => format!("fix by {date} (today)"),
            1 => format!("fix by {date} (1 day)"),
            _ => format!("fix by {date} ({days} days)"),
        }
    });
    let next = verdict.next.as_ref().map(|next| next.as_raw().to_owned());
    let next: Vec<String> = [next, fix_by].into_iter().flatten().collect();
    if !next.is_empty() {
        page.entry(9, Ink::Bold, "next   ", &next.join("; "))?;
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

/// What and where: the id, the package, then path and line, else the resource, else the image.
fn place(triaged: &TriagedFinding) -> String {
    let location = &triaged.finding.location;
    // The ids of anything but a vulnerability are classes, which do not tell one problem from another.
    let id = match triaged.finding.kind {
        Kind::Vulnerability => triaged.finding.ids.first().unwrap_or(&triaged.finding.rule.id),
        _ => &triaged.finding.rule.id,
    };
    let package = triaged.finding.package.as_ref().map(|package| {
        let version = package.version.as_ref().map(|v| format!(" {}", v.line())).unwrap_or_default();
        format!("{}{version}", package.name.line())
    });
    let path = location.path.as_ref().map(|path| match location.line {
        Some(line) => format!("{}:{line}", path.line()),
        None => path.line().into_owned(),
    });
    let other = location.resource.as_ref().or(location.image.as_ref()).map(|text| text.line().into_owned());
    let parts: Vec<String> = [Some(id.line().into_owned()), package, path.or(other)].into_iter().flatten().collect();
    parts.join("  ")
}

fn exceptions(page: &mut Page<'_>, decision: &Decision) -> io::Result<()> {
    if decision.exceptions.is_empty() {
        return Ok(());
    }
    let soon = decision.exceptions.iter().filter(|e| (0..=SOON_DAYS).contains(&e.days_left)).count();
    let soon = if soon > 0 { format!("   {soon} ending within {SOON_DAYS} days") } else { String::new() };
    page.gap()?;
    page.entry(0, Ink::Bold, "Exceptions", &format!(" ({}){soon}", decision.exceptions.len()))?;
    let decisive: Vec<_> =
        decision.exceptions.iter().filter(|e| e.state.word().ends_with("decisive")).map(|e| e.id.line()).collect();
    if !decisive.is_empty() {
        page.line(2, &format!("{} only because of {}", decision.outcome.word(), decisive.join(", ")))?;
    }
    for exception in &decision.exceptions {
        page.entry(2, Ink::Plain, &format!("{}  ", exception.id.line()), &standing(exception))?;
        for because in &exception.because {
            page.line(9, because.as_raw())?;
        }
    }
    Ok(())
}

fn standing(exception: &ExceptionOutcome) -> String {
    let days = match exception.days_left {
        ..=-1 => format!("ended on {}", exception.expires),
        0 => format!("until {}, the last day", exception.expires),
        1 => format!("until {}, 1 day left", exception.expires),
        n => format!("until {}, {n} days left", exception.expires),
    };
    let covers = match (&exception.verdict, exception.covers.len()) {
        (Some(rule), _) => format!("lifts {}", rule.line()),
        (None, 1) => "covers 1 finding".to_owned(),
        (None, n) => format!("covers {n} findings"),
    };
    format!("{}, {covers}, owner {}, {days}", exception.state.word(), exception.owner.line())
}

fn ending(page: &mut Page<'_>, decision: &Decision, style: &Style) -> io::Result<()> {
    if decision.outcome == Outcome::Pass && style.evidence.is_none() {
        return Ok(());
    }
    if decision.outcome != Outcome::Pass {
        page.gap()?;
    }
    if decision.judging.source == JudgingSource::TargetBranch && !decision.judging.edited.is_empty() {
        let edited: Vec<_> = decision.judging.edited.iter().map(Untrusted::line).collect();
        page.entry(0, Ink::Plain, "not in force  ", &format!("this change edits {}", edited.join(", ")))?;
    }
    for owed in &decision.obligations {
        let text = format!("{}, by {}, until {}", owed.what.as_raw(), owed.owner.as_raw(), owed.due);
        page.entry(0, Ink::Yellow, "owed       ", &text)?;
    }
    let because = match decision.assurance.because.as_slice() {
        [] => String::new(),
        reasons => format!(" ({})", reasons.join("; ")),
    };
    page.entry(0, Ink::Plain, "assurance  ", &format!("{} of 3{because}", decision.assurance.level))?;
    if let Some(evidence) = &style.evidence {
        page.entry(0, Ink::Plain, "evidence   ", evidence)?;
    }
    let (ink, word) = word(decision.outcome);
    page.entry(0, ink, &format!("{word:<11}"), &format!("exit {}", decision.exit_code))
}
