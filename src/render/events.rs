//! What happened, as events for webhooks: one CloudEvent a line, for a caller that sends and retries them.
//!
//! What must stay true: `source` and `id` name one event for good, so that a receiver which has seen the pair may drop it. The
//! outcome is a new event in each run; all others keep their id from run to run until the thing itself changes.
//!
//! Source: CloudEvents 1.0.2, JSON event format, structured mode.

use std::io;

use serde::Serialize;
use serde_json::{Value, json};

use super::about::{self, Point};
use super::{Renderer, Style, json};
use crate::decision::{Decision, ExceptionOutcome, VerdictAction};
use crate::model::change::Approval;
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub(super) static RENDERER: Renderer =
    Renderer { id: "events", title: "CloudEvents for webhooks, one a line, with ids that stay", write };

#[derive(Serialize)]
struct Event<'a> {
    specversion: &'static str,
    id: String,
    source: &'a Untrusted,
    #[serde(rename = "type")]
    kind: String,
    /// What it is about: an exception, an owner, the change.
    subject: String,
    time: Timestamp,
    datacontenttype: &'static str,
    data: Value,
}

fn write(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let approvals = decision.change.approvals.iter().map(|approval| of_approval(approval, decision));
    let exceptions = decision.exceptions.iter().flat_map(|exception| of_exception(exception, decision));
    let verdicts = about::points(decision).into_iter().map(|point| of_verdict(point, decision));
    let owed = decision
        .obligations
        .iter()
        .map(|owed| event(decision, "obligation", owed.id.as_raw(), &[&owed.due.to_string()], json!(owed)));
    let mut all = std::iter::once(of_outcome(decision)).chain(approvals).chain(exceptions).chain(verdicts).chain(owed);
    all.try_for_each(|event| json::line(&event, out))
}

/// An event whose id is the digest of its kind, what it is about, and what makes it another one.
fn event<'a>(decision: &'a Decision, kind: &str, subject: &str, identity: &[&str], data: Value) -> Event<'a> {
    let parts: Vec<&str> = [kind, subject].into_iter().chain(identity.iter().copied()).collect();
    Event {
        specversion: "1.0",
        id: Digest::of(parts.join("\n")).hex().chars().take(32).collect(),
        source: &decision.gate.id,
        kind: format!("dev.countersign.{kind}.v1"),
        subject: subject.to_owned(),
        time: decision.decided_at,
        datacontenttype: "application/json",
        data,
    }
}

/// The change where it has a name, else its commit, else the gate.
fn change(decision: &Decision) -> &str {
    let change = &decision.change;
    let commit = change.commit.as_ref().map(|commit| commit.as_str());
    change.id.as_ref().map(Untrusted::as_raw).or(commit).unwrap_or_else(|| decision.gate.id.as_raw())
}

fn of_outcome(decision: &Decision) -> Event<'_> {
    let data = json!({
        "decision": decision.id, "outcome": decision.outcome, "exit_code": decision.exit_code, "mode": decision.mode,
        "environment": decision.environment, "heading": about::heading(decision).join("  "), "totals": decision.totals,
        "change": decision.change.id, "commit": decision.change.commit, "run": decision.change.run.url,
        "errors": decision.errors, "only_because_of": decision.only_because_of,
    });
    Event { id: decision.id.clone(), ..event(decision, "decision", change(decision), &[], data) }
}

fn of_approval<'a>(approval: &'a Approval, decision: &'a Decision) -> Event<'a> {
    let commit = approval.commit.as_ref().map_or("", |commit| commit.as_str());
    let data = json!({ "approval": approval, "change": decision.change.id, "commit": decision.change.commit });
    let state = serde_json::to_string(&approval.state).unwrap_or_default();
    event(decision, "approval", change(decision), &[approval.by.as_raw(), commit, &state], data)
}

/// What became of an exception; and once more when it is about to end.
fn of_exception<'a>(exception: &'a ExceptionOutcome, decision: &'a Decision) -> Vec<Event<'a>> {
    let id = exception.id.as_raw();
    let ends = exception.expires.to_string();
    let mut events =
        vec![event(decision, "exception", id, &[exception.state.word(), &ends], json!({ "exception": exception }))];
    if (0..=about::SOON_DAYS).contains(&exception.days_left) {
        events.push(event(decision, "exception.ending", id, &[&ends], json!({ "exception": exception })));
    }
    events
}

/// A notice to the owner who has to act. It comes again for another change, or when a warning has become a block.
fn of_verdict<'a>(point: Point<'a>, decision: &'a Decision) -> Event<'a> {
    let verdict = point.verdict;
    let action = match verdict.action {
        VerdictAction::Deny => "block",
        VerdictAction::Warn => "warn",
    };
    let data = json!({
        "action": action, "rule": verdict.rule, "owner": verdict.owner, "severity": verdict.severity, "text": point.sentence(),
        "next": verdict.next, "fix_by": verdict.fix_by, "response": verdict.response,
        "path": point.spot().map(|(path, _)| path), "line": point.spot().and_then(|(_, line)| line),
        "finding": point.finding.map(|triaged| &triaged.finding.fingerprint), "change": decision.change.id,
        "decision": decision.id,
    });
    let fingerprint = point.fingerprint().hex();
    event(decision, "verdict", verdict.owner.as_raw(), &[change(decision), action, &fingerprint], data)
}
