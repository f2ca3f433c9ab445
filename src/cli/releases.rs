//! `releases` and `reconcile`: the decisions of a period from the history, and what was deployed held against them.
//!
//! What must stay true: both read a log that holds or nothing, and say which log, which period and which program they speak of.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::Serialize;

use super::error::CliError;
use super::{io, log, output};
use crate::facts::Mode;
use crate::history::{
    Deployment, Entry, Finding, LeftOut, Log, Query, Reconciled, Reconciliation, Release, Releases, Role, State,
    Undeployed, deployments, reconcile, releases,
};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::render;

/// The schema tag of `releases --output json`.
const RELEASES: &str = "countersign/releases/v1";

/// The schema tag of `reconcile --output json`.
const RECONCILIATION: &str = "countersign/reconciliation/v1";

/// The largest list of deployments.
const LIST_BYTES: u64 = 256 << 20;

/// Which decisions are asked for.
#[derive(Debug, Args)]
pub struct PeriodArgs {
    /// The log: a directory that `log append` writes.
    #[arg(value_name = "LOG")]
    pub directory: PathBuf,
    /// The log's verifier key, kept since the log began.
    #[arg(long, value_name = "PATH")]
    pub log_key: PathBuf,
    /// The first day, UTC [default: the log's first].
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub from: Option<Date>,
    /// The last day, UTC [default: today and later].
    #[arg(long, value_name = "DATE", value_parser = day)]
    pub to: Option<Date>,
    /// Only this environment.
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Only this repository.
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// Only this service.
    #[arg(long, value_name = "NAME")]
    pub service: Option<String>,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: TableOutput,
}

/// `releases`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign releases history --log-key log.vkey --from 2026-10-01 --to 2026-12-31
  countersign releases history --log-key log.vkey --environment production --output csv > q4.csv")]
pub struct ReleasesArgs {
    /// Which decisions.
    #[command(flatten)]
    pub period: PeriodArgs,
}

/// `reconcile`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
A list is CSV with a header, or JSON: digest or commit, and where known at, environment, status and id of each deployment.
Exports of GitHub's and GitLab's deployments and of container registries are read as they are.

Examples:
  countersign reconcile history --log-key log.vkey --deployments deployed.csv --environment production
  gh api --paginate repos/acme/shop/deployments > deployed.json
  countersign reconcile history --log-key log.vkey --deployments deployed.json --from 2026-10-01 --to 2026-12-31

Exit codes: 0 every deployment rests on a decision that let it through, 1 one does not.")]
pub struct ReconcileArgs {
    /// Which decisions.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// What was deployed, from a source that the gate does not write.
    #[arg(long, value_name = "PATH", required = true)]
    pub deployments: Vec<PathBuf>,
}

/// How to print a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum TableOutput {
    /// For people.
    Human,
    /// Versioned JSON.
    Json,
    /// For a spreadsheet.
    Csv,
}

fn day(text: &str) -> Result<Date, String> {
    text.parse().map_err(|fault: crate::model::time::NotADate| fault.to_string())
}

/// The program and its version, for whoever counts again.
const PROGRAM: &str = concat!("countersign ", env!("CARGO_PKG_VERSION"));

/// `releases --output json`.
#[derive(Serialize)]
struct ReleasesDocument<'a> {
    schema: &'static str,
    program: &'static str,
    log: &'a str,
    state: State,
    query: &'a Query,
    #[serde(flatten)]
    releases: &'a Releases<'a>,
}

/// `reconcile --output json`.
#[derive(Serialize)]
struct ReconciliationDocument<'a> {
    schema: &'static str,
    program: &'static str,
    log: &'a str,
    state: State,
    query: &'a Query,
    lists: Vec<ListRef>,
    #[serde(flatten)]
    reconciliation: &'a Reconciliation,
}

/// A list that was read.
#[derive(Serialize)]
struct ListRef {
    path: Untrusted,
    digest: Digest,
}

/// Lists the decisions of a period.
///
/// # Errors
/// The log is missing or does not hold: exit 3.
pub fn list(args: &ReleasesArgs) -> Result<u8, CliError> {
    let (log, query) = asked(&args.period)?;
    let found = releases(&log, &query);
    let text = match args.period.output {
        TableOutput::Human => releases_text(&log, &query, &found),
        TableOutput::Csv => csv(&RELEASE_COLUMNS, found.decisions.iter().map(release_cells)),
        TableOutput::Json => json(&ReleasesDocument {
            schema: RELEASES,
            program: PROGRAM,
            log: &log.checkpoint().origin,
            state: whole(&log),
            query: &query,
            releases: &found,
        })?,
    };
    output::print(text.as_bytes()).map(|()| 0)
}

/// Holds lists of deployments against the log.
///
/// # Errors
/// The log is missing or does not hold, or a list cannot be read: exit 3.
pub fn hold_against(args: &ReconcileArgs) -> Result<u8, CliError> {
    let (log, query) = asked(&args.period)?;
    let (mut rows, mut lists) = (Vec::new(), Vec::new());
    for path in &args.deployments {
        let (list, digest) = listed(path)?;
        rows.extend(list);
        lists.push(ListRef { path: path.to_string_lossy().into_owned().into(), digest });
    }
    let found = reconcile(&log, &rows, &query);
    let text = match args.period.output {
        TableOutput::Human => reconciliation_text(&log, &query, &found),
        TableOutput::Csv => csv(&DEPLOYMENT_COLUMNS, found.deployments.iter().map(deployment_cells)),
        TableOutput::Json => json(&ReconciliationDocument {
            schema: RECONCILIATION,
            program: PROGRAM,
            log: &log.checkpoint().origin,
            state: whole(&log),
            query: &query,
            lists,
            reconciliation: &found,
        })?,
    };
    output::print(text.as_bytes()).map(|()| u8::from(!found.is_in_order()))
}

fn asked(args: &PeriodArgs) -> Result<(Log, Query), CliError> {
    if let (Some(from), Some(to)) = (args.from, args.to)
        && from > to
    {
        return Err(CliError::usage(format!("--from {from} is after --to {to}")));
    }
    let key = log::verifier_key(&args.log_key, Role::Log)?;
    let text = |text: &Option<String>| text.as_deref().map(Untrusted::from);
    let query = Query {
        from: args.from,
        to: args.to,
        environment: args.environment.as_deref().map(|name| Untrusted::from(name.to_lowercase())),
        repository: text(&args.repository),
        service: text(&args.service),
    };
    Ok((log::read(&args.directory, &key)?, query))
}

fn listed(path: &Path) -> Result<(Vec<Deployment>, Digest), CliError> {
    let bytes = io::read(path, LIST_BYTES)?;
    let list = deployments(&bytes).map_err(|fault| {
        CliError::input(format!("{}: {fault}", path.display()))
            .hint("CSV with a header, or JSON, of digest or commit, at, environment, status and id")
    })?;
    Ok((list, Digest::of(&bytes)))
}

fn whole(log: &Log) -> State {
    State { size: log.checkpoint().size, root: Digest::from_bytes(log.checkpoint().root) }
}

fn json(document: &impl Serialize) -> Result<String, CliError> {
    let mut text = Vec::new();
    let failed = |error: &dyn std::fmt::Display| CliError::internal(format!("the output: {error}"));
    render::json::document(document, &mut text).map_err(|error| failed(&error))?;
    String::from_utf8(text).map_err(|error| failed(&error))
}

/// What a list speaks of.
fn heading(log: &Log, query: &Query) -> String {
    let bound = |day: Option<Date>, open: &str| day.map_or(open.to_owned(), |day| day.to_string());
    let mut text = format!(
        "{}, {} to {}",
        Untrusted::from(log.checkpoint().origin.as_str()).line(),
        bound(query.from, "the beginning"),
        bound(query.to, "now")
    );
    for name in [&query.environment, &query.repository, &query.service].into_iter().flatten() {
        text.push_str(&format!(", {}", name.line()));
    }
    text + "\n"
}

fn releases_text(log: &Log, query: &Query, found: &Releases<'_>) -> String {
    let mut text = heading(log, query);
    for release in &found.decisions {
        text.push_str(&format!("{:>6}  {}\n", release.index, log::line(release.entry)));
    }
    let count = &found.outcomes;
    text.push_str(&format!(
        "{} decisions: {} pass, {} warn, {} block, {} error\n",
        count.decisions, count.pass, count.warn, count.block, count.error
    ));
    for (name, State { size, root }) in [("from", found.start), ("to", found.end), ("log", whole(log))] {
        text.push_str(&format!("{name:<5} {size} entries, root {root}\n"));
    }
    text
}

/// Every finding with its heading, worst first.
const FINDINGS: &[(Finding, &str)] = &[
    (Finding::WithoutDecision, "deployed without a decision"),
    (Finding::BeforeDecision, "deployed before the decision"),
    (Finding::DespiteBlock, "deployed despite a block"),
    (Finding::InOrder, "deployed in order"),
];

fn word(finding: Finding) -> &'static str {
    FINDINGS.iter().find(|(is, _)| *is == finding).map_or("", |(_, word)| word)
}

fn reconciliation_text(log: &Log, query: &Query, found: &Reconciliation) -> String {
    let mut text = heading(log, query);
    for deployment in found.deployments.iter().filter(|deployment| deployment.finding != Finding::InOrder) {
        let what = [
            deployment.digest.map(|digest| digest.to_string()),
            deployment.commit.as_ref().map(|c| c.as_str().to_owned()),
        ];
        let at = deployment.at.map_or("at no known time".to_owned(), |at| at.to_string());
        let mut line =
            format!("{}: {} {at}", word(deployment.finding), what.into_iter().flatten().next().unwrap_or_default());
        for name in deployment.environment.iter().chain(&deployment.decision) {
            line.push_str(&format!(" {}", name.line()));
        }
        text.push_str(&format!("{line} (row {})\n", deployment.id.line()));
    }
    for Undeployed { decision, outcome, evaluated_at, environment } in &found.undeployed {
        text.push_str(&format!(
            "decided, not deployed: {} {evaluated_at} {} {}\n",
            decision.line(),
            outcome.word(),
            environment.line()
        ));
    }
    for (finding, name) in FINDINGS {
        text.push_str(&format!("{:>6} {name}\n", found.count(*finding)));
    }
    let LeftOut { not_done, elsewhere, outside } = found.left_out;
    text.push_str(&format!(
        "{:>6} decided, not deployed\n{} rows: {} looked at, {not_done} failed or waiting, {elsewhere} of another environment, \
         {outside} outside the period\n",
        found.undeployed.len(),
        found.rows,
        found.deployments.len(),
    ));
    text
}

const RELEASE_COLUMNS: [&str; 18] = [
    "index",
    "sequence",
    "evaluated_at",
    "logged_at",
    "outcome",
    "mode",
    "repository",
    "service",
    "environment",
    "decision_id",
    "decision",
    "subjects",
    "policies",
    "assurance",
    "findings",
    "excepted",
    "deny",
    "warn",
];

fn release_cells(release: &Release<'_>) -> [String; 18] {
    let Release { index, entry } = release;
    let Entry { sequence, evaluated_at, logged_at, outcome, mode, repository, service, environment, .. } = entry;
    let Entry { decision_id, decision, subjects, policies, assurance, counts, .. } = entry;
    let optional = |text: &Option<Untrusted>| text.as_ref().map(|text| text.line().into_owned()).unwrap_or_default();
    let subjects: Vec<String> = subjects.iter().map(|subject| subject.sha256.to_string()).collect();
    [
        index.to_string(),
        sequence.to_string(),
        evaluated_at.to_string(),
        logged_at.to_string(),
        outcome.word().to_owned(),
        if *mode == Mode::Audit { "audit" } else { "enforce" }.to_owned(),
        optional(repository),
        optional(service),
        environment.line().into_owned(),
        decision_id.line().into_owned(),
        decision.to_string(),
        subjects.join(" "),
        policies.to_string(),
        assurance.to_string(),
        counts.findings.to_string(),
        counts.excepted.to_string(),
        counts.deny.to_string(),
        counts.warn.to_string(),
    ]
}

const DEPLOYMENT_COLUMNS: [&str; 8] =
    ["finding", "id", "digest", "commit", "environment", "at", "decision_id", "outcome"];

fn deployment_cells(deployment: &Reconciled) -> [String; 8] {
    let optional = |text: &Option<Untrusted>| text.as_ref().map(|text| text.line().into_owned()).unwrap_or_default();
    [
        word(deployment.finding).to_owned(),
        deployment.id.line().into_owned(),
        deployment.digest.map(|digest| digest.to_string()).unwrap_or_default(),
        deployment.commit.as_ref().map(|commit| commit.as_str().to_owned()).unwrap_or_default(),
        optional(&deployment.environment),
        deployment.at.map(|at| at.to_string()).unwrap_or_default(),
        optional(&deployment.decision),
        deployment.outcome.map(|outcome| outcome.word().to_owned()).unwrap_or_default(),
    ]
}

/// RFC 4180, with every cell quoted, and none that a spreadsheet would take for a formula.
fn csv<const N: usize>(columns: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut text = line(columns.iter().map(|name| cell(name)).collect());
    for row in rows {
        text.push_str(&line(row.iter().map(|value| cell(value)).collect()));
    }
    text
}

fn cell(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}
