//! `exception list`: every record, whose it is, how long it lasts, and what it covers now.
//!
//! What must stay true: the order and the figures depend on nothing but the records, the reports and the day; with reports the
//! states are those of a decision about them.

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::{about_records, proposed};
use crate::cli::args::CheckArgs;
use crate::cli::check::Ready;
use crate::cli::error::CliError;
use crate::cli::output;
use crate::exceptions::Force;
use crate::gate::{self, JudgedRecord};
use crate::model::exception::ExceptionState;
use crate::model::text::{Untrusted, guard_line_start};
use crate::model::time::Date;
use crate::render::csv::cell;
use crate::strict::Faults;

/// `exception list`.
#[derive(Debug, Args)]
#[command(
    mut_args(about_records),
    mut_arg("output", |arg| arg.help("human, json or csv; repeatable, at most one without a path [default: human]")),
    after_long_help = "\
Without reports a record is in-force, rejected (policy would not admit it), pending or expired. With reports the states are those
of a decision about them: decisive, jointly-decisive, used, unused, shadowed, rejected, pending, expired.

Examples:
  countersign exception list
  countersign exception list reports/ --output csv=exceptions.csv"
)]
pub struct ListArgs {
    /// What `check` takes.
    #[command(flatten)]
    pub check: CheckArgs,
}

/// `exception list --output json`.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct List {
    /// Always `countersign/exception-list/v1`.
    schema: &'static str,
    /// The day that the days left are counted from.
    today: Date,
    /// By last day, then id.
    exceptions: Vec<Row>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Row {
    /// Its last day.
    expires: Date,
    /// Its id.
    id: Untrusted,
    /// `in-force`, `rejected`, `pending` or `expired`; with reports, what became of it in a decision about them.
    state: &'static str,
    /// Days left; negative when it is over.
    days_left: i64,
    /// Who answers for the risk.
    owner: Untrusted,
    /// Where it is dealt with.
    ticket: Option<Untrusted>,
    /// How often it was given another end.
    renewals: usize,
    /// The file that it stands in.
    file: Untrusted,
    /// Its line.
    line: usize,
    /// Ids of findings; `null` where no reports were given.
    covers: Option<Vec<Untrusted>>,
    /// Why it is rejected, or what it lacks; one line each.
    because: Vec<Untrusted>,
}

type Render = fn(&List) -> Result<Vec<u8>, CliError>;

const FORMATS: [(&str, Render); 3] = [
    ("human", |list| Ok(human(list).into_bytes())),
    ("json", |list| output::json(list)),
    ("csv", |list| Ok(csv(list).into_bytes())),
];

/// Runs `exception list`.
///
/// # Errors
/// A record or another input is not sound: exit 3.
pub(super) fn run(args: &ListArgs) -> Result<u8, CliError> {
    let outputs = output::choose(&args.check.output, &FORMATS)?;
    let Ready { inputs, bundle, faults, .. } = proposed(&args.check)?;
    if !faults.is_empty() {
        return Err(Faults::new(faults).into());
    }
    let today = inputs.now.date();
    let mut exceptions: Vec<Row> = match args.check.reports.is_empty() {
        true => gate::judge_records(inputs, &bundle)?.iter().map(unreported).collect(),
        false => {
            let decided = gate::decide(inputs.clone(), &bundle)?.decision.exceptions;
            let of = |judged: JudgedRecord| {
                let outcome = decided.iter().find(|outcome| outcome.id == *judged.record.id());
                let row = unreported(&judged);
                outcome.map(|outcome| Row {
                    state: outcome.state.word(),
                    covers: Some(outcome.covers.clone()),
                    because: outcome.because.clone(),
                    ..row
                })
            };
            gate::judge_records(inputs, &bundle)?.into_iter().filter_map(of).collect()
        }
    };
    exceptions.sort_by(|a, b| (a.expires, &a.id).cmp(&(b.expires, &b.id)));
    let list = List { schema: "countersign/exception-list/v1", today, exceptions };
    output::write_chosen(outputs, |render| render(&list)).map(|()| 0)
}

/// A record of which only its days, and what policy says of it, are known.
fn unreported(judged: &JudgedRecord) -> Row {
    let record = &judged.record.exception;
    Row {
        expires: record.expires,
        id: record.id.clone(),
        state: match judged.force {
            Force::Pending => ExceptionState::Pending.word(),
            Force::Expired => ExceptionState::Expired.word(),
            Force::InForce if judged.denied.is_empty() => "in-force",
            Force::InForce => ExceptionState::Rejected.word(),
        },
        days_left: judged.days_left,
        owner: record.owner.clone(),
        ticket: record.ticket.clone(),
        renewals: record.renewals.len(),
        file: judged.record.file.clone(),
        line: judged.record.line,
        covers: None,
        because: judged.reasons(),
    }
}

fn human(list: &List) -> String {
    let mut text = String::new();
    let width = |column: fn(&Row) -> usize| list.exceptions.iter().map(column).max().unwrap_or_default();
    let (ids, states, owners) =
        (width(|row| shown(&row.id)), width(|row| row.state.len()), width(|row| shown(&row.owner)));
    for row in &list.exceptions {
        let days = match row.days_left {
            1 => "1 day left".to_owned(),
            -1 => "1 day over".to_owned(),
            left @ 0.. => format!("{left} days left"),
            over => format!("{} days over", -over),
        };
        let covers = match row.covers.as_ref().map(Vec::len) {
            None => String::new(),
            Some(1) => "  covers 1 finding".to_owned(),
            Some(many) => format!("  covers {many} findings"),
        };
        let (id, owner) = (row.id.line(), row.owner.line());
        let line = format!(
            "{id:<ids$}  {state:<states$}  {expires}  {days:<15}  {owner:<owners$}{covers}",
            state = row.state,
            expires = row.expires
        );
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{}", guard_line_start(line.trim_end()));
        for why in &row.because {
            let _ = writeln!(text, "  {}", why.line());
        }
    }
    let _ = match list.exceptions.len() {
        1 => writeln!(text, "1 record"),
        many => writeln!(text, "{many} records"),
    };
    text
}

fn shown(text: &Untrusted) -> usize {
    text.line().chars().count()
}

/// RFC 4180.
fn csv(list: &List) -> String {
    let mut text = "id,state,expires,days_left,owner,ticket,renewals,file,line,covers,because\r\n".to_owned();
    for row in &list.exceptions {
        let joined = |texts: &[Untrusted]| texts.iter().map(Untrusted::line).collect::<Vec<_>>().join("; ");
        let cells = [
            cell(&row.id.line()),
            row.state.to_owned(),
            row.expires.to_string(),
            row.days_left.to_string(),
            cell(&row.owner.line()),
            cell(&row.ticket.as_ref().map(Untrusted::line).unwrap_or_default()),
            row.renewals.to_string(),
            cell(&row.file.line()),
            row.line.to_string(),
            cell(&row.covers.as_deref().map(joined).unwrap_or_default()),
            cell(&joined(&row.because)),
        ];
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}
