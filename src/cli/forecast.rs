//! `forecast`: what the same inputs would be decided to be in the days to come.
//!
//! What must stay true: it reads what `check` reads, in the same way, and writes no evidence.

use super::args::{CheckArgs, ForecastArgs};
use super::check::{self, Ready};
use super::error::CliError;
use super::output;
use crate::forecast::{self, Forecast};
use crate::model::text::Untrusted;

/// How a forecast is written.
const FORMATS: [(&str, Write); 3] = [
    ("table", |forecast| Ok(forecast::table(forecast).into_bytes())),
    ("json", |forecast| output::json(forecast)),
    ("ics", |forecast| Ok(forecast::calendar(forecast).into_bytes())),
];

type Write = fn(&Forecast) -> Result<Vec<u8>, CliError>;

/// Runs `forecast`.
///
/// # Errors
/// Those of `check`: exit 3; an output that is none or cannot be written.
pub fn run(args: &ForecastArgs) -> Result<u8, CliError> {
    let outputs = output::choose(&args.check.output, &FORMATS)?;
    if args.days == 0 || args.days > forecast::MOST_DAYS {
        return Err(CliError::usage(format!("--days {}: out of range", args.days))
            .hint(format!("1 to {}", forecast::MOST_DAYS)));
    }
    if args.check.evidence.is_some() || args.check.signing.is_given() {
        return Err(CliError::usage("a forecast is no decision and leaves no evidence")
            .hint("take --evidence and --key away, or run check"));
    }
    let check = CheckArgs { output: Vec::new(), ..args.check.clone() };
    let Ready { inputs, bundle, trust, .. } = check::ready(&check)?;
    let repository = inputs.change.repository.clone();
    let approvers = trust
        .as_ref()
        .map(|trust| |at| trust.approvers(&inputs.records, repository.as_ref().map(Untrusted::as_raw), at));
    let approvers = approvers.as_ref().map(|approvers| approvers as &forecast::ApproversAt<'_>);
    let forecast = forecast::forecast(&inputs, &bundle, approvers, args.days)?;
    output::write_chosen(outputs, |write| write(&forecast)).map(|()| 0)
}
