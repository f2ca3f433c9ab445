//! `exception why-not`: what keeps a record from covering a finding, and what would let it.
//!
//! What must stay true: every criterion is named, those too that hold.

use std::fmt::Write as _;
use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::{about_records, findings, proposed};
use crate::cli::args::CheckArgs;
use crate::cli::check::Ready;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::exceptions::{Reason, explain};
use crate::gate::{self, Inputs};
use crate::model::text::{Untrusted, guard_line_start};
use crate::normalise::normalise;
use crate::policy::Objection;
use crate::strict::Faults;

/// `exception why-not`.
#[derive(Debug, Args)]
#[command(
    mut_args(about_records),
    mut_arg("output", |arg| arg.help("human or json; repeatable, at most one without a path [default: human]")),
    after_long_help = "\
Examples:
  countersign exception why-not EX-2026-014 f-0123456789abcdef reports/
  countersign exception why-not EX-2026-014 CVE-2026-1234 --decision decision.json"
)]
pub struct WhyNotArgs {
    /// The record's id.
    #[arg(value_name = "ID")]
    id: String,
    /// The finding: its id, its fingerprint, or a name that no other finding here has.
    #[arg(value_name = "FINDING")]
    finding: String,
    /// The decision or list of findings (JSON) that holds it, instead of reports.
    #[arg(long, value_name = "PATH")]
    decision: Option<PathBuf>,
    /// What `check` takes.
    #[command(flatten)]
    check: CheckArgs,
}

/// `exception why-not --output json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct WhyNot {
    /// Always `countersign/exception-why-not/v1`.
    schema: &'static str,
    /// The record.
    exception: Untrusted,
    /// The finding.
    finding: Untrusted,
    /// Whether it covers it.
    covers: bool,
    /// Everything that has to hold for that.
    criteria: Vec<Line>,
    /// Why policy does not admit the record.
    policy: Vec<Untrusted>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Line {
    /// The key of the record that it stands under.
    criterion: &'static str,
    /// Whether it holds.
    holds: bool,
    /// What keeps it from holding.
    against: Option<Untrusted>,
    /// What the record would have to say.
    would: Option<Untrusted>,
}

impl From<Reason> for Line {
    fn from(reason: Reason) -> Self {
        let Reason { criterion, against, would } = reason;
        Self { criterion, holds: against.is_none(), against, would }
    }
}

type Render = fn(&WhyNot) -> Result<Vec<u8>, CliError>;

const FORMATS: [(&str, Render); 2] =
    [("human", |why_not| Ok(human(why_not).into_bytes())), ("json", |why_not| output::json(why_not))];

/// Runs `exception why-not`.
///
/// # Errors
/// There is no such record or finding, or an input is not sound: exit 3.
pub(super) fn run(args: &WhyNotArgs) -> Result<u8, CliError> {
    let outputs = output::choose(&args.check.output, &FORMATS)?;
    let Ready { inputs, bundle, faults, .. } = proposed(&args.check)?;
    if !faults.is_empty() {
        return Err(Faults::new(faults).into());
    }
    let held = match &args.decision {
        Some(path) => findings::of_document(path)?,
        None => normalise(inputs.reports.clone(), &inputs.artifacts).findings,
    };
    let finding = findings::find(&args.finding, &held)?;
    let record = inputs.records.iter().find(|record| *record.id() == args.id.as_str()).ok_or_else(|| {
        CliError::input(format!("there is no record `{}`", args.id))
            .hint("check the id, or name the file with --exceptions")
    })?;
    let criteria: Vec<Line> =
        explain(record, finding, &findings::context(&inputs)).into_iter().map(Line::from).collect();
    let judged = gate::judge_records(Inputs { records: vec![record.clone()], ..inputs.clone() }, &bundle)?;
    let why_not = WhyNot {
        schema: "countersign/exception-why-not/v1",
        exception: record.id().clone(),
        finding: finding.id.clone(),
        covers: criteria.iter().all(|line| line.holds),
        criteria,
        policy: judged.iter().flat_map(|judged| Objection::messages(&judged.denied)).collect(),
    };
    output::write_chosen(outputs, |render| render(&why_not)).map(|()| 0)
}

fn human(why_not: &WhyNot) -> String {
    let does = if why_not.covers { "covers" } else { "does not cover" };
    let mut text = String::new();
    let headline = format!("{} {does} {}", why_not.exception.line(), why_not.finding.line());
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", guard_line_start(&headline));
    for Line { criterion, against, would, .. } in &why_not.criteria {
        let _ = match against {
            None => writeln!(text, "  holds  {criterion}"),
            Some(against) => writeln!(text, "  MISS   {criterion:<12} {}", against.line()),
        };
        if let Some(would) = would {
            let _ = writeln!(text, "         would match  {}", would.line());
        }
    }
    for why in &why_not.policy {
        let _ = writeln!(text, "  policy does not admit it: {}", why.line());
    }
    text
}
