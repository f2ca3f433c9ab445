//! `forecast`: what the same inputs would be decided to be in the days to come.
//!
//! What must stay true: it reads what `check` reads, in the same way, and writes no evidence.

use std::path::PathBuf;

use super::args::{CheckArgs, ForecastArgs};
use super::check::{self, Ready};
use super::error::CliError;
use super::{io, output};
use crate::forecast::{self, Forecast};
use crate::model::text::Untrusted;
use crate::render::json;

/// How a forecast is written.
const FORMATS: [(&str, Write); 3] = [
    ("table", |forecast| Ok(forecast::table(forecast).into_bytes())),
    ("json", |forecast| {
        let mut bytes = Vec::new();
        json::document(forecast, &mut bytes).map_err(|error| CliError::internal(error.to_string()))?;
        Ok(bytes)
    }),
    ("ics", |forecast| Ok(forecast::calendar(forecast).into_bytes())),
];

type Write = fn(&Forecast) -> Result<Vec<u8>, CliError>;

/// Runs `forecast`.
///
/// # Errors
/// Those of `check`: exit 3; an output that is none or cannot be written.
pub fn run(args: &ForecastArgs) -> Result<u8, CliError> {
    let outputs = outputs(&args.check.output)?;
    if args.days == 0 || args.days > forecast::MOST_DAYS {
        return Err(CliError::usage(format!("--days {}: out of range", args.days))
            .hint(format!("1 to {}", forecast::MOST_DAYS)));
    }
    if args.check.evidence.is_some() || args.check.signing.is_given() {
        return Err(CliError::usage("a forecast is no decision and leaves no evidence")
            .hint("take --evidence and --key away, or run check"));
    }
    let check = CheckArgs { output: Vec::new(), ..args.check.clone() };
    let Ready { inputs, bundle, trust } = check::ready(&check)?;
    let repository = inputs.change.repository.clone();
    let approvers = trust
        .as_ref()
        .map(|trust| |at| trust.approvers(&inputs.records, repository.as_ref().map(Untrusted::as_raw), at));
    let approvers = approvers.as_ref().map(|approvers| approvers as &forecast::ApproversAt<'_>);
    let forecast = forecast::forecast(&inputs, &bundle, approvers, args.days)?;
    for (write, path) in outputs {
        let bytes = write(&forecast)?;
        match path {
            Some(path) => io::write(&path, &bytes)?,
            None => output::print(&bytes)?,
        }
    }
    Ok(0)
}

/// `FORMAT` or `FORMAT=PATH`; files first, and a table on standard output where nothing else goes there.
fn outputs(texts: &[String]) -> Result<Vec<(Write, Option<PathBuf>)>, CliError> {
    let mut outputs = Vec::new();
    for text in texts {
        let (id, path) = match text.split_once('=') {
            Some((id, "-")) => (id, None),
            Some((_, "")) => return Err(CliError::usage(format!("--output {text}: no path")).hint("name a file")),
            Some((id, path)) => (id, Some(PathBuf::from(path))),
            None => (text.as_str(), None),
        };
        let Some((_, write)) = FORMATS.iter().find(|(name, _)| *name == id) else {
            return Err(CliError::usage(format!("--output {text}: no such format")).hint("one of table, json, ics"));
        };
        outputs.push((*write, path));
    }
    match outputs.iter().filter(|(_, path)| path.is_none()).count() {
        0 if outputs.is_empty() => outputs.push((|forecast| Ok(forecast::table(forecast).into_bytes()), None)),
        0 | 1 => {}
        _ => return Err(CliError::usage("two outputs go to standard output").hint("give one a path")),
    }
    outputs.sort_by_key(|(_, path)| path.is_none());
    Ok(outputs)
}
