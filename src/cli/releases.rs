//! `releases` and `reconcile`: the decisions of a period from the history, and what was deployed held against them.
//!
//! What must stay true: both read a log that holds or nothing, and say which log, which period and which program they speak of.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::error::CliError;
use super::{emergency, evidence, io, log, output};
use crate::facts::Mode;
use crate::history::{
    Assessed, Deployment, Entry, Finding, LeftOut, Log, Period, Query, Reconciled, Reconciliation, Release, Releases,
    Role, State, Undeployed, assessment_results, deployments, reconcile, releases,
};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::policy::{self, Bundle};
use crate::render;
use crate::render::csv::cell;

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
}

/// `releases`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign releases history --log-key log.vkey --from 2026-10-01 --to 2026-12-31
  countersign releases history --log-key log.vkey --environment production --output csv > q4.csv
  countersign releases history --log-key log.vkey --output oscal --evidence evidence --gate-key gate.pub.pem > q4.oscal.json")]
pub struct ReleasesArgs {
    /// Which decisions.
    #[command(flatten)]
    pub period: PeriodArgs,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: ReleasesOutput,
    /// Where the evidence of all these decisions is; `oscal` needs it.
    #[arg(long, value_name = "DIR", requires = "gate_key", required_if_eq("output", "oscal"))]
    pub evidence: Option<PathBuf>,
    /// The public key (PEM) that the evidence is signed with.
    #[arg(long, value_name = "PATH", requires = "evidence")]
    pub gate_key: Option<PathBuf>,
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
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: TableOutput,
}

/// How to print the decisions of a period.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ReleasesOutput {
    /// For people.
    Human,
    /// Versioned JSON.
    Json,
    /// For a spreadsheet.
    Csv,
    /// OSCAL 1.2 assessment results: an observation for each decision, a finding for each control.
    Oscal,
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
    let text = match args.output {
        ReleasesOutput::Human => releases_text(&log, &query, &found),
        ReleasesOutput::Csv => csv(&RELEASE_COLUMNS, found.decisions.iter().map(release_cells)),
        ReleasesOutput::Json => json(&ReleasesDocument {
            schema: RELEASES,
            program: PROGRAM,
            log: &log.checkpoint().origin,
            state: whole(&log),
            query: &query,
            releases: &found,
        })?,
        ReleasesOutput::Oscal => json(&oscal(args, &log, &found)?)?,
    };
    output::print(text.as_bytes()).map(|()| 0)
}

/// The assessment results of a period, from evidence of every decision in it.
fn oscal(args: &ReleasesArgs, log: &Log, found: &Releases<'_>) -> Result<Value, CliError> {
    let (Some(directory), Some(key)) = (&args.evidence, &args.gate_key) else {
        return Err(CliError::usage("--output oscal needs --evidence and --gate-key"));
    };
    let (key, now) = (evidence::public_key(key)?, io::now()?);
    let mut said = BTreeMap::new();
    for folder in emergency::folders(directory)? {
        let read = evidence::read(&folder)?;
        let digest = read.files.get(log::DECISION).map(|stored| stored.digest);
        let document = emergency::verified_result(&read, &key, now);
        said.extend(digest.zip(document).map(|(digest, document)| (digest, (folder, document))));
    }
    let assessed: Vec<Assessed<'_>> = found
        .decisions
        .iter()
        .filter_map(|release| {
            let (folder, document) = said.get(&release.entry.decision)?;
            let href = folder.join(log::DECISION).to_string_lossy().into_owned();
            Some(Assessed { entry: release.entry, href, controls: controls(document)? })
        })
        .collect();
    let missing = found.decisions.len() - assessed.len();
    if missing > 0 {
        return Err(CliError::input(format!("{}: the evidence of {missing} decisions of the period is not there, or does not verify", directory.display()))
            .hint("give the directory that holds all of it; `countersign verify --any-outcome` says what is wrong with a folder"));
    }
    let pack = Bundle::load(policy::builtin(), &[])?;
    let reviewed: BTreeSet<Untrusted> = pack.rules.iter().flat_map(|rule| rule.controls.iter().cloned()).collect();
    let period =
        Period { origin: &log.checkpoint().origin, releases: found, program: PROGRAM, reviewed: &reviewed, now };
    Ok(assessment_results(&period, &assessed))
}

/// The controls that the verdicts of a decision name, and whether one of these denied.
fn controls(document: &[u8]) -> Option<BTreeMap<Untrusted, bool>> {
    #[derive(Deserialize)]
    struct OfDecision {
        verdicts: Vec<OfVerdict>,
    }
    #[derive(Deserialize)]
    struct OfVerdict {
        action: Untrusted,
        controls: Vec<Untrusted>,
    }
    let decision: OfDecision = serde_json::from_slice(document).ok()?;
    let mut controls = BTreeMap::new();
    for verdict in decision.verdicts {
        for control in verdict.controls {
            *controls.entry(control).or_insert(false) |= verdict.action == "deny";
        }
    }
    Some(controls)
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
    let text = match args.output {
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

/// RFC 4180, with every cell quoted.
fn csv<const N: usize>(columns: &[&str; N], rows: impl Iterator<Item = [String; N]>) -> String {
    let line = |cells: Vec<String>| cells.join(",") + "\r\n";
    let mut text = line(columns.iter().map(|name| cell(name)).collect());
    for row in rows {
        text.push_str(&line(row.iter().map(|value| cell(value)).collect()));
    }
    text
}
