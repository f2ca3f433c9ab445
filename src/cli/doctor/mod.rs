//! `doctor`: what is wrong or missing in a set-up, each line with the way out.
//!
//! What must stay true: it reads what `check` reads, in the same way, so that what stops `check` fails here too; it releases
//! nothing and leaves no evidence.

mod checks;

use std::fmt::Write as _;

use clap::Args;
use serde::Serialize;

use super::args::CheckArgs;
use super::error::CliError;
use super::output;
use crate::model::text::neutral;
use crate::render::json;

/// `doctor`.
#[derive(Debug, Args)]
#[command(
    mut_arg("evidence", |arg| arg.hide(true)),
    mut_arg("fail_on", |arg| arg.hide(true)),
    mut_arg("quiet", |arg| arg.hide(true)),
    mut_arg("show", |arg| arg.hide(true)),
    mut_arg("color", |arg| arg.hide(true)),
    mut_arg("output", |arg| arg.help("human or json [default: human]")),
    after_long_help = "\
Examples:
  countersign doctor
  countersign doctor reports/ --key gate.pem --output json

Exit codes: 0 nothing fails, 1 something does, 2 usage"
)]
pub struct DoctorArgs {
    /// What `check` takes: it is looked at what that would do.
    #[command(flatten)]
    pub check: CheckArgs,
}

/// How it stands with one thing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    /// As it should be.
    Ok,
    /// It works, and less well than it could.
    Warn,
    /// It stops a run, or blocks.
    Fail,
}

impl State {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warn => "warn",
            Self::Fail => "fail",
        }
    }
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Line {
    /// What was looked at, one word.
    about: &'static str,
    state: State,
    /// What was found. May hold text from outside.
    message: String,
    /// The way out; absent where all is well.
    next: Option<String>,
}

impl Line {
    fn ok(about: &'static str, message: impl Into<String>) -> Self {
        Self { about, state: State::Ok, message: message.into(), next: None }
    }

    fn warn(about: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { about, state: State::Warn, message: message.into(), next: Some(next.into()) }
    }

    fn fail(about: &'static str, message: impl Into<String>, next: impl Into<String>) -> Self {
        Self { about, state: State::Fail, message: message.into(), next: Some(next.into()) }
    }
}

/// The whole answer.
#[derive(Debug, Serialize)]
struct Report {
    schema: &'static str,
    /// The worst state of all lines.
    state: State,
    lines: Vec<Line>,
}

/// Looks at everything.
///
/// # Errors
/// An unknown output; standard output that cannot be written.
pub fn run(args: &DoctorArgs) -> Result<u8, CliError> {
    let as_json = match args.check.output.as_slice() {
        [] => false,
        [one] if one == "human" => false,
        [one] if one == "json" => true,
        _ => return Err(CliError::usage("--output of doctor: human or json, once").hint("redirect it into a file")),
    };
    let lines = checks::all(&CheckArgs { output: Vec::new(), ..args.check.clone() });
    let state = lines.iter().map(|line| line.state).max().unwrap_or(State::Ok);
    let report = Report { schema: "countersign/doctor/v1", state, lines };
    let mut bytes = Vec::new();
    if as_json {
        json::document(&report, &mut bytes).map_err(|error| CliError::internal(error.to_string()))?;
    } else {
        bytes = human(&report).into_bytes();
    }
    output::print(&bytes).map(|()| u8::from(state == State::Fail))
}

fn human(report: &Report) -> String {
    let mut text = String::new();
    for Line { about, state, message, next } in &report.lines {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{:4}  {about:12}  {}", state.word(), neutral(message));
        if let Some(next) = next {
            let _ = writeln!(text, "{:20}next  {}", "", neutral(next));
        }
    }
    let count = |state| report.lines.iter().filter(|line| line.state == state).count();
    let _ = writeln!(text, "\n{} fail, {} warn, {} ok", count(State::Fail), count(State::Warn), count(State::Ok));
    text
}
