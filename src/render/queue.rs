//! Who has what to do: a queue for each owner, for a tracker to read.
//!
//! What must stay true: every verdict, every finding that is still to be dealt with and every obligation stands in exactly one
//! queue, under an id that stays the same from run to run while the thing itself does.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use serde::Serialize;

use super::csv::cell;
use super::{Renderer, Style, about, json};
use crate::decision::{Decision, Verdict, VerdictAction};
use crate::facts::TriagedFinding;
use crate::model::digest::CommitId;
use crate::model::exception::Disposition;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

pub(super) static RENDERER: Renderer =
    Renderer { id: "queue", title: "what each owner has to do, as JSON for a tracker", write };

pub(super) static CSV: Renderer =
    Renderer { id: "csv", title: "what each owner has to do, as a table for a spreadsheet", write: table };

/// The schema tag.
const SCHEMA: &str = "countersign/queue/v1";

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Queue<'a> {
    /// Always `countersign/queue/v1`.
    schema: &'static str,
    /// The id of the decision.
    decision: &'a str,
    /// Its instant.
    decided_at: Timestamp,
    /// The repository, where it is known.
    repository: Option<&'a Untrusted>,
    /// The commit, where it is known.
    commit: Option<&'a CommitId>,
    /// The service, where it is known.
    service: Option<&'a Untrusted>,
    /// The environment.
    environment: &'a Untrusted,
    /// The exceptions without which the outcome would be worse.
    only_because_of: &'a [Untrusted],
    /// By name.
    owners: Vec<Owner<'a>>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Owner<'a> {
    /// Who has to act.
    owner: &'a Untrusted,
    /// The most urgent first.
    items: Vec<Item<'a>>,
}

/// What an item asks for, most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Action {
    /// It keeps the release back.
    Block,
    /// It is owed before the next release.
    Owed,
    /// It should be looked at.
    Warn,
    /// It neither blocks nor warns: the backlog.
    Ticket,
}

impl Action {
    const fn word(self) -> &'static str {
        match self {
            Self::Block => "block",
            Self::Owed => "owed",
            Self::Warn => "warn",
            Self::Ticket => "ticket",
        }
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Item<'a> {
    /// What it asks for.
    action: Action,
    /// When it is due; left out where nothing says it, as for the backlog. What is due comes before what is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    fix_by: Option<Date>,
    /// The severity.
    severity: Severity,
    /// `finding:…`, `rule:…` or `obligation:…`; the same from run to run while the thing itself is.
    id: Untrusted,
    /// One line.
    title: &'a Untrusted,
    /// The policy rules that say so.
    rules: BTreeSet<&'a Untrusted>,
    /// What to do.
    next: Option<&'a Untrusted>,
    /// The file.
    path: Option<&'a Untrusted>,
    /// The line in it.
    line: Option<u64>,
    /// The package.
    package: Option<&'a Untrusted>,
    /// The exception that covers it.
    exception: Option<&'a Untrusted>,
    /// Other owners whom its verdicts name.
    also: BTreeSet<&'a Untrusted>,
}

fn write(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    json::document(&queue(decision), out)
}

/// The same items, a row each (RFC 4180).
fn table(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let columns = [
        "owner",
        "action",
        "fix_by",
        "severity",
        "id",
        "title",
        "rules",
        "next",
        "path",
        "line",
        "package",
        "exception",
        "also",
    ];
    write!(out, "{}\r\n", columns.join(","))?;
    for Owner { owner, items } in queue(decision).owners {
        for item in items {
            let text = |text: Option<&Untrusted>| text.map(|text| text.line().into_owned()).unwrap_or_default();
            let list = |set: &BTreeSet<&Untrusted>| set.iter().map(|text| text.line()).collect::<Vec<_>>().join(" ");
            let row = [
                text(Some(owner)),
                item.action.word().to_owned(),
                item.fix_by.map(|day| day.to_string()).unwrap_or_default(),
                item.severity.to_string(),
                text(Some(&item.id)),
                text(Some(item.title)),
                list(&item.rules),
                text(item.next),
                text(item.path),
                item.line.map(|line| line.to_string()).unwrap_or_default(),
                text(item.package),
                text(item.exception),
                list(&item.also),
            ];
            write!(out, "{}\r\n", row.map(|text| cell(&text)).join(","))?;
        }
    }
    Ok(())
}

fn queue(decision: &Decision) -> Queue<'_> {
    let mut about: BTreeMap<&Untrusted, Vec<&Verdict>> = BTreeMap::new();
    for verdict in &decision.verdicts {
        for finding in &verdict.findings {
            about.entry(finding).or_default().push(verdict);
        }
    }
    let mut queues: BTreeMap<&Untrusted, Vec<Item<'_>>> = BTreeMap::new();
    for verdict in decision.verdicts.iter().filter(|verdict| verdict.findings.is_empty()) {
        queues.entry(&verdict.owner).or_default().push(of_verdict(verdict));
    }
    for finding in &decision.findings {
        let verdicts = about.get(&finding.finding.id).map_or(&[][..], Vec::as_slice);
        let is_open = matches!(finding.disposition, Disposition::Open | Disposition::Excepted);
        if !verdicts.is_empty() || is_open {
            let owner = owner_of(finding, verdicts, decision);
            queues.entry(owner).or_default().push(of_finding(finding, verdicts, owner));
        }
    }
    for obligation in &decision.obligations {
        queues.entry(&obligation.owner).or_default().push(Item {
            action: Action::Owed,
            fix_by: Some(obligation.due),
            severity: Severity::High,
            id: Untrusted::new(format!("obligation:{}", obligation.id.as_raw())),
            title: &obligation.what,
            rules: BTreeSet::new(),
            next: None,
            path: None,
            line: None,
            package: None,
            exception: None,
            also: BTreeSet::new(),
        });
    }
    let owners = queues
        .into_iter()
        .map(|(owner, mut items)| {
            items.sort_by(|a, b| {
                // Without a day comes last, the worst first.
                let key = |item: &Item<'_>| {
                    (item.action, item.fix_by.is_none(), item.fix_by, std::cmp::Reverse(item.severity))
                };
                key(a).cmp(&key(b)).then_with(|| a.cmp(b))
            });
            Owner { owner, items }
        })
        .collect();
    Queue {
        schema: SCHEMA,
        decision: &decision.id,
        decided_at: decision.decided_at,
        repository: decision.change.repository.as_ref(),
        commit: decision.change.commit.as_ref(),
        service: decision.service.name.as_ref(),
        environment: &decision.environment,
        only_because_of: &decision.only_because_of,
        owners,
    }
}

const fn action(verdict: &Verdict) -> Action {
    match verdict.action {
        VerdictAction::Deny => Action::Block,
        VerdictAction::Warn => Action::Warn,
    }
}

/// A verdict about no finding.
fn of_verdict(verdict: &Verdict) -> Item<'_> {
    let hex: String = about::identity(verdict).hex().chars().take(16).collect();
    Item {
        action: action(verdict),
        fix_by: verdict.fix_by,
        severity: verdict.severity,
        id: Untrusted::new(format!("rule:{}:{hex}", verdict.rule.as_raw())),
        title: &verdict.msg,
        rules: BTreeSet::from([&verdict.rule]),
        next: verdict.next.as_ref(),
        path: verdict.path.as_ref(),
        line: None,
        package: None,
        exception: None,
        also: BTreeSet::new(),
    }
}

/// The owner of its path or the service, else the one whom its worst verdict names.
fn owner_of<'a>(finding: &'a TriagedFinding, verdicts: &[&'a Verdict], decision: &'a Decision) -> &'a Untrusted {
    static NOBODY: std::sync::LazyLock<Untrusted> = std::sync::LazyLock::new(|| Untrusted::from("unowned"));
    let named = verdicts.first().map(|verdict| &verdict.owner);
    finding.owner.as_ref().or(named).or(decision.service.owner.as_ref()).unwrap_or(&NOBODY)
}

fn of_finding<'a>(triaged: &'a TriagedFinding, verdicts: &[&'a Verdict], owner: &Untrusted) -> Item<'a> {
    let finding = &triaged.finding;
    let worst = verdicts.iter().min_by_key(|verdict| (action(verdict), verdict.fix_by.is_none(), verdict.fix_by));
    Item {
        action: verdicts.iter().map(|verdict| action(verdict)).min().unwrap_or(Action::Ticket),
        fix_by: verdicts.iter().filter_map(|verdict| verdict.fix_by).min(),
        severity: finding.severity,
        id: Untrusted::new(format!("finding:{}", finding.fingerprint.as_raw())),
        title: &finding.title,
        rules: verdicts.iter().map(|verdict| &verdict.rule).collect(),
        next: worst.and_then(|verdict| verdict.next.as_ref()),
        path: finding.location.path.as_ref(),
        line: finding.location.line,
        package: finding.package.as_ref().map(|package| &package.name),
        exception: triaged.exception.as_ref(),
        also: verdicts.iter().map(|verdict| &verdict.owner).filter(|other| *other != owner).collect(),
    }
}
