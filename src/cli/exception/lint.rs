//! `exception lint`: every fault of form and of governance at once.
//!
//! What must stay true: what `check` would refuse or not admit is a fault here, and each has its place and the way out.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::{about_records, proposed};
use crate::cli::args::CheckArgs;
use crate::cli::check::Ready;
use crate::cli::error::{CliError, Exit};
use crate::cli::output;
use crate::gate::{self, JudgedRecord};
use crate::model::exception::RiskApproval;
use crate::model::text::{Untrusted, guard_line_start};
use crate::policy::Objection;
use crate::strict::{Fault, Faults};

/// `exception lint`.
#[derive(Debug, Args)]
#[command(
    mut_args(about_records),
    mut_arg("output", |arg| arg.help("human or json; repeatable, at most one without a path [default: human]")),
    after_long_help = "\
With reports, a record is judged by what it covers; without, by the severity that leaves it the fewest faults.

Exit codes:
  0   no fault
  1   a record would not be admitted: it lives too long, is over, or lacks approvals
  3   a record has a fault of form, which ends every check

Examples:
  countersign exception lint
  countersign exception lint reports/ --exceptions exceptions.yaml --output json"
)]
pub struct LintArgs {
    /// What `check` takes.
    #[command(flatten)]
    pub check: CheckArgs,
}

/// What was found.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Lint {
    /// Always `countersign/exception-lint/v1`.
    schema: &'static str,
    /// Records without a fault of form.
    records: usize,
    /// By file and place.
    faults: Vec<Found>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Found {
    /// Of form, which ends every check; or of governance.
    kind: Kind,
    /// The file.
    file: Untrusted,
    /// The line, from 1.
    line: usize,
    /// The column, from 1.
    column: usize,
    /// The record; `null` for faults of form.
    exception: Option<Untrusted>,
    /// What is wrong.
    message: Untrusted,
    /// The way out.
    fix: Option<Untrusted>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
enum Kind {
    Form,
    Governance,
}

type Render = fn(&Lint) -> Result<Vec<u8>, CliError>;

const FORMATS: [(&str, Render); 2] =
    [("human", |lint| Ok(human(lint).into_bytes())), ("json", |lint| output::json(lint))];

/// Runs `exception lint`.
///
/// # Errors
/// An input that is no record is not sound: exit 3.
pub(super) fn run(args: &LintArgs) -> Result<u8, CliError> {
    let outputs = output::choose(&args.check.output, &FORMATS)?;
    let Ready { inputs, bundle, faults, .. } = proposed(&args.check)?;
    let profile = inputs.profile.name.clone();
    let records = gate::judge_records(inputs, &bundle)?;
    let mut lint = Lint { schema: "countersign/exception-lint/v1", records: records.len(), faults: Vec::new() };
    lint.faults.extend(Faults::new(faults).into_vec().into_iter().map(of_form));
    for record in &records {
        lint.faults.extend(of_governance(record, &profile));
    }
    lint.faults.sort_by(|a, b| (&a.file, a.line, a.column).cmp(&(&b.file, b.line, b.column)));
    output::write_chosen(outputs, |render| render(&lint))?;
    Ok(match lint.faults.iter().any(|fault| fault.kind == Kind::Form) {
        true => Exit::Input.code(),
        false => u8::from(!lint.faults.is_empty()),
    })
}

fn of_form(fault: Fault) -> Found {
    let Fault { file, line, column, message, fix } = fault;
    let fix = fix.map(Untrusted::from);
    Found { kind: Kind::Form, file, line, column, exception: None, message: message.into(), fix }
}

fn of_governance(judged: &JudgedRecord, profile: &Untrusted) -> Vec<Found> {
    let record = &judged.record;
    let found = |message: &Untrusted, (line, column): (usize, usize), fix: String| Found {
        kind: Kind::Governance,
        file: record.file.clone(),
        line,
        column,
        exception: Some(record.id().clone()),
        message: message.clone(),
        fix: Some(fix.into()),
    };
    let mend = format!("mend the record; the figures stand in the profile {} under `exceptions`", profile.as_raw());
    let objections = judged.denied.iter().chain(&judged.warned);
    let of_policy = objections.map(|Objection { msg, at }| {
        let place = at.as_ref().map_or(record.place_of_id, |at| record.place(at.as_raw()));
        found(msg, place, mend.clone())
    });
    let sign = "have it signed again as it is now, by a key of allowed_signers";
    let of_signatures = judged.refused.iter().map(|refused| {
        let names_it = |approval: &RiskApproval| {
            approval.by == refused.by && approval.signature.as_ref() == Some(&refused.signature)
        };
        let number = record.exception.approvals.iter().position(names_it).unwrap_or_default();
        found(&refused.line(), record.place(&format!("approvals.{number}.signature")), sign.to_owned())
    });
    of_policy.chain(of_signatures).collect()
}

fn human(lint: &Lint) -> String {
    let mut text = String::new();
    for fault in &lint.faults {
        let Found { file, line, column, exception, message, fix, .. } = fault;
        let about = exception.as_ref().map(|id| format!("{}: ", id.line())).unwrap_or_default();
        let headline = format!("{}:{line}:{column}: {about}{}", file.line(), message.line());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", guard_line_start(&headline));
        if let Some(fix) = fix {
            let _ = writeln!(text, "  next: {}", fix.line());
        }
    }
    let records = format!("{} {}", lint.records, if lint.records == 1 { "record" } else { "records" });
    let _ = match lint.faults.len() {
        0 => writeln!(text, "{records}, no fault"),
        1 => writeln!(text, "{records} could be judged, 1 fault"),
        faults => writeln!(text, "{records} could be judged, {faults} faults"),
    };
    text
}
