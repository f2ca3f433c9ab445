//! What several renderers say alike: counts, who and what is decided, where a verdict points, what to do next.
//!
//! What must stay true: every text from here is one neutral line; what its syntax needs beyond that is each renderer's to do.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::decision::{Decision, ExceptionOutcome, Outcome, StatementOutcome, Verdict, VerdictAction};
use crate::facts::{Clock, JudgingSource, Mode, TriagedFinding};
use crate::model::digest::Digest;
use crate::model::exception::Origin;
use crate::model::finding::Kind;
use crate::model::text::Untrusted;

/// An exception with at most this many days left is about to end.
pub(super) const SOON_DAYS: i64 = 14;

/// A verdict and the findings that it is about.
pub(super) struct Told<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) findings: Vec<&'a TriagedFinding>,
}

/// Every verdict with its findings, in the decision's order.
pub(super) fn told(decision: &Decision) -> Vec<Told<'_>> {
    let findings: BTreeMap<&Untrusted, &TriagedFinding> =
        decision.findings.iter().map(|triaged| (&triaged.finding.id, triaged)).collect();
    let of = |verdict: &Verdict| verdict.findings.iter().filter_map(|id| findings.get(id).copied()).collect();
    decision.verdicts.iter().map(|verdict| Told { verdict, findings: of(verdict) }).collect()
}

/// Grouped by owner, the owner with the most blocks first.
pub(super) fn by_owner(decision: &Decision) -> Vec<(&Untrusted, Vec<Told<'_>>)> {
    let mut owners: BTreeMap<&Untrusted, Vec<Told<'_>>> = BTreeMap::new();
    for told in told(decision) {
        owners.entry(&told.verdict.owner).or_default().push(told);
    }
    let mut owners: Vec<_> = owners.into_iter().collect();
    let blocks = |list: &[Told<'_>]| list.iter().filter(|told| told.verdict.action == VerdictAction::Deny).count();
    owners.sort_by_key(|(owner, list)| (std::cmp::Reverse(blocks(list)), *owner));
    owners
}

/// One thing that a verdict is about: one of its findings, or the verdict itself.
#[derive(Clone, Copy)]
pub(super) struct Point<'a> {
    pub(super) verdict: &'a Verdict,
    pub(super) finding: Option<&'a TriagedFinding>,
}

/// Every verdict once for each of its findings, in the decision's order.
pub(super) fn points(decision: &Decision) -> Vec<Point<'_>> {
    told(decision).into_iter().flat_map(Told::points).collect()
}

impl<'a> Told<'a> {
    fn points(self) -> Vec<Point<'a>> {
        let Told { verdict, findings } = self;
        if findings.is_empty() {
            return vec![Point { verdict, finding: None }];
        }
        findings.into_iter().map(|finding| Point { verdict, finding: Some(finding) }).collect()
    }
}

impl<'a> Point<'a> {
    /// The file, and the line in it, where they are known.
    pub(super) fn spot(self) -> Option<(&'a Untrusted, Option<u64>)> {
        let location = self.finding.map(|triaged| &triaged.finding.location);
        let found = location.and_then(|location| location.path.as_ref().map(|path| (path, location.line)));
        found.or_else(|| self.verdict.path.as_ref().map(|path| (path, None)))
    }

    /// What stays the same from run to run while the thing itself does, as SHA-256.
    pub(super) fn fingerprint(self) -> Digest {
        match self.finding {
            Some(triaged) => Digest::of([self.verdict.rule.as_raw(), triaged.finding.fingerprint.as_raw()].join("\n")),
            None => identity(self.verdict),
        }
    }

    /// The message, and where it is about more than that says, the id and package of the finding.
    pub(super) fn sentence(self) -> String {
        let msg = self.verdict.msg.line();
        match self.finding.map(name).filter(|name| !msg.contains(name.as_str())) {
            Some(name) => format!("{name}: {msg}"),
            None => msg.into_owned(),
        }
    }
}

/// A verdict about no finding: its rule, owner, path and message are what it is.
pub(super) fn identity(verdict: &Verdict) -> Digest {
    let path = verdict.path.as_ref().map_or("", Untrusted::as_raw);
    Digest::of([verdict.rule.as_raw(), verdict.owner.as_raw(), path, verdict.msg.as_raw()].join("\n"))
}

/// Who, what, where: `countersign 0.1.0`, `acme/shop !42 → main`, `8f3c1d2`, `env production`.
pub(super) fn heading(decision: &Decision) -> Vec<String> {
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
    parts
}

/// The counts that every renderer with totals shows: `2 block · 1 warn · 3 excepted · 41 pass`.
pub(super) fn tally(decision: &Decision) -> String {
    let totals = &decision.totals;
    format!(
        "{} block · {} warn · {} excepted{}{} · {} pass",
        totals.deny,
        totals.warn,
        totals.excepted,
        some(totals.not_affected, "not affected"),
        some(totals.resolved, "resolved"),
        totals.rules_passed
    )
}

/// What is counted only where VEX statements clear something.
fn some(count: u64, what: &str) -> String {
    if count > 0 { format!(" · {count} {what}") } else { String::new() }
}

/// The first digits of the digest of what judged: `sha256:1a2b3c4d…`.
pub(super) fn policy(decision: &Decision) -> String {
    let hex: String = decision.gate.policy_digest.hex().chars().take(8).collect();
    format!("sha256:{hex}…")
}

/// What a reader has to know to take the outcome for what it is.
pub(super) fn caveats(decision: &Decision) -> Vec<String> {
    let audit = (decision.mode == Mode::Audit).then(|| "audit mode: nothing is stopped".to_owned());
    let pinned = (decision.clock == Clock::Pinned).then(|| format!("decided as of {}", decision.decided_at));
    [audit, pinned].into_iter().flatten().collect()
}

/// The outcome as the word that opens a report.
pub(super) const fn banner(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "PASS",
        Outcome::Warn => "WARN",
        Outcome::Block => "BLOCK",
        Outcome::Error => "ERROR",
    }
}

/// The action as the word that opens a verdict.
pub(super) const fn label(action: VerdictAction) -> &'static str {
    match action {
        VerdictAction::Deny => "BLOCK",
        VerdictAction::Warn => "WARN",
    }
}

/// Where a verdict points, for people: its finding and how many more, else its path. Empty where nothing says it.
pub(super) fn whereabouts(told: &Told<'_>) -> String {
    match told.findings.as_slice() {
        [] => told.verdict.path.as_ref().map(|path| path.line().into_owned()).unwrap_or_default(),
        [one] => place(one),
        [first, rest @ ..] => format!("{} and {} more", place(first), rest.len()),
    }
}

/// What and where: the id, the package, then path and line, else the resource, else the image.
pub(super) fn place(triaged: &TriagedFinding) -> String {
    let location = &triaged.finding.location;
    let path = location.path.as_ref().map(|path| match location.line {
        Some(line) => format!("{}:{line}", path.line()),
        None => path.line().into_owned(),
    });
    let other = location.resource.as_ref().or(location.image.as_ref()).map(|text| text.line().into_owned());
    let parts: Vec<String> = [Some(name(triaged)), path.or(other)].into_iter().flatten().collect();
    parts.join("  ")
}

/// The id of a finding, and its package.
fn name(triaged: &TriagedFinding) -> String {
    let finding = &triaged.finding;
    // The ids of anything but a vulnerability are classes, which do not tell one problem from another.
    let id = match finding.kind {
        Kind::Vulnerability => finding.ids.first().unwrap_or(&finding.rule.id),
        _ => &finding.rule.id,
    };
    let package = finding.package.as_ref().map(|package| {
        let version = package.version.as_ref().map(|v| format!(" {}", v.line())).unwrap_or_default();
        format!("  {}{version}", package.name.line())
    });
    format!("{}{}", id.line(), package.unwrap_or_default())
}

/// What to do, and until when; `None` where neither is said of what only warns. A block never leaves its reader alone.
pub(super) fn next(verdict: &Verdict, decision: &Decision) -> Option<String> {
    let fix_by = verdict.fix_by.map(|date| {
        let days = date.days_since(decision.decided_at.date());
        match days {
            ..=-1 => format!("fix was due on {date} ({} days ago)", -days),
            0 => format!("fix by {date} (today)"),
            1 => format!("fix by {date} (1 day)"),
            _ => format!("fix by {date} ({days} days)"),
        }
    });
    let next = verdict.next.as_ref().map(|next| next.line().into_owned());
    let next = next.or_else(|| match verdict.action {
        VerdictAction::Deny => {
            Some(format!("`countersign explain {}` tells what the rule read and what would do", verdict.rule.line()))
        }
        VerdictAction::Warn => None,
    });
    let parts: Vec<String> = [next, fix_by].into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}

/// What became of an exception, what it covers, whose it is and until when.
pub(super) fn standing(exception: &ExceptionOutcome) -> String {
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
    let whose = match exception.origin {
        Origin::Organisation => "of the organisation, ",
        Origin::Repository => "",
    };
    format!("{}, {whose}{covers}, owner {}, {days}", exception.state.word(), exception.owner.line())
}

/// How many exceptions are about to end, and which the outcome hangs on; each `None` where there is none.
pub(super) fn exceptions_in_short(decision: &Decision) -> (Option<String>, Option<String>) {
    let soon = decision.exceptions.iter().filter(|e| (0..=SOON_DAYS).contains(&e.days_left)).count();
    let soon = (soon > 0).then(|| format!("{soon} ending within {SOON_DAYS} days"));
    (soon, only_because(decision))
}

/// `warn only because of EX-7, EX-12`; `None` where the outcome hangs on no exception.
pub(super) fn only_because(decision: &Decision) -> Option<String> {
    let ids: Vec<_> = decision.only_because_of.iter().map(|id| id.line().into_owned()).collect();
    hangs_on(decision, &ids)
}

/// The totals, and which exceptions and statements the outcome hangs on: where one line is all that is said.
pub(super) fn tally_and_exceptions(decision: &Decision) -> String {
    let hangs = [only_because(decision), statements_in_short(decision)].into_iter().flatten();
    hangs.fold(tally(decision), |line, hangs| format!("{line} · {hangs}"))
}

/// What the outcome hangs on; `None` where nothing is named.
fn hangs_on(decision: &Decision, ids: &[String]) -> Option<String> {
    (!ids.is_empty()).then(|| format!("{} only because of {}", decision.outcome.word(), ids.join(", ")))
}

/// Which VEX statements the outcome hangs on, and who made them; `None` where there is none.
pub(super) fn statements_in_short(decision: &Decision) -> Option<String> {
    let decisive = decision.vex.iter().filter(|statement| statement.state.is_decisive());
    hangs_on(decision, &decisive.map(|one| format!("{} ({})", one.id.line(), issuer(one))).collect::<Vec<_>>())
}

/// What became of a VEX statement, what it says, and who says so of what.
pub(super) fn said(statement: &StatementOutcome) -> String {
    let name = statement.vulnerabilities.first().map(Untrusted::line).unwrap_or_default();
    let of = match statement.covers.len() {
        0 => String::new(),
        1 => " of 1 finding".to_owned(),
        n => format!(" of {n} findings"),
    };
    let [state, status] = [statement.state.word(), statement.status.word()];
    format!("{state}, {name} {status}, says {}{of}", issuer(statement))
}

fn issuer(statement: &StatementOutcome) -> Cow<'_, str> {
    statement.issuer.as_ref().map_or("nobody".into(), Untrusted::line)
}

/// What closes a report: a word, and what is said of it.
pub(super) fn closing(decision: &Decision) -> Vec<(&'static str, String)> {
    let mut lines = Vec::new();
    if decision.judging.source == JudgingSource::TargetBranch && !decision.judging.edited.is_empty() {
        let edited: Vec<_> = decision.judging.edited.iter().map(Untrusted::line).collect();
        lines.push(("not in force", format!("this change edits {}", edited.join(", "))));
    }
    for owed in &decision.obligations {
        lines.push(("owed", format!("{}, by {}, until {}", owed.what.line(), owed.owner.line(), owed.due)));
    }
    let because = match decision.assurance.because.as_slice() {
        [] => String::new(),
        reasons => format!(" ({})", reasons.join("; ")),
    };
    lines.push(("assurance", format!("{} of 3{because}", decision.assurance.level)));
    lines
}
