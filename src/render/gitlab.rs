//! Reports that GitLab shows without a licence: code quality beside the change, links on the job's page.
//!
//! What must stay true: an entry keeps its fingerprint while the thing itself stays the same, because GitLab compares the two
//! branches by it; a link is an address of `http` or `https` and nothing else.
//!
//! Sources: GitLab's documentation, "Code Quality report format" and "artifacts:reports:annotations".

use std::collections::BTreeSet;
use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::about::{self, Point};
use super::{Renderer, Style, json};
use crate::decision::{Decision, VerdictAction};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;

pub(super) static QUALITY: Renderer =
    Renderer { id: "gitlab-codequality", title: "GitLab's code quality report", write: quality };

pub(super) static ANNOTATIONS: Renderer =
    Renderer { id: "gitlab-annotations", title: "links on the page of a GitLab job", write: annotations };

/// Links on a job's page.
const MOST_LINKS: usize = 20;

#[derive(Serialize)]
struct Entry {
    description: String,
    check_name: String,
    fingerprint: String,
    severity: &'static str,
    location: Value,
}

fn quality(decision: &Decision, style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let (points, anchor) = (about::points(decision), style.anchor());
    let entries: Vec<Entry> = points.iter().map(|point| entry(*point, decision, &anchor)).collect();
    json::document(&entries, out)
}

fn entry(point: Point<'_>, decision: &Decision, anchor: &Untrusted) -> Entry {
    let verdict = point.verdict;
    let (path, line) = point.spot().unwrap_or((anchor, None));
    let next = about::next(verdict, decision).map(|next| format!("; next: {next}")).unwrap_or_default();
    Entry {
        description: format!("{}: {}{next}", about::label(verdict.action), point.sentence()),
        check_name: verdict.rule.line().into_owned(),
        fingerprint: point.fingerprint().hex(),
        severity: severity(verdict.action, verdict.severity),
        location: json!({ "path": path.line(), "lines": { "begin": line.unwrap_or(1).max(1) } }),
    }
}

/// GitLab's five words; a warning is at most `major`, so that only what blocks looks as if it did.
const fn severity(action: VerdictAction, severity: Severity) -> &'static str {
    match (action, severity) {
        (VerdictAction::Deny, Severity::Critical) => "blocker",
        (VerdictAction::Deny, Severity::High) => "critical",
        (_, Severity::Critical | Severity::High | Severity::Medium | Severity::Unknown) => "major",
        (_, Severity::Low) => "minor",
        (_, Severity::Info) => "info",
    }
}

fn annotations(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let run = decision.change.run.url.as_ref();
    let outcome = format!("{}: {}", decision.outcome.word(), about::tally_and_exceptions(decision));
    let advice = about::points(decision).into_iter().filter_map(|point| {
        let triaged = point.finding.filter(|_| point.verdict.action == VerdictAction::Deny)?;
        Some((format!("{}: {}", point.verdict.rule.line(), about::place(triaged)), triaged.finding.rule.url.as_ref()?))
    });
    let known = [
        ("runbook of the service", decision.service.runbook.as_ref()),
        ("rollback plan", decision.change.rollback_plan.as_ref()),
    ];
    let known = known.into_iter().filter_map(|(label, url)| Some((label.to_owned(), url?)));
    let mut seen = BTreeSet::new();
    let links: Vec<Value> = run
        .map(|url| (outcome, url))
        .into_iter()
        .chain(known)
        .chain(advice)
        .filter(|(_, url)| is_web_address(url) && seen.insert(*url))
        .take(MOST_LINKS)
        .map(|(label, url)| json!({ "external_link": { "label": label, "url": url } }))
        .collect();
    json::document(&json!({ "countersign": links }), out)
}

fn is_web_address(url: &Untrusted) -> bool {
    let raw = url.as_raw();
    (raw.starts_with("https://") || raw.starts_with("http://")) && raw.bytes().all(|byte| byte.is_ascii_graphic())
}
