//! `exception renew`: another end for a record, with the reason.
//!
//! What must stay true: a renewal is counted and explained, never silent; nothing but the end and the renewal changes.

use std::path::Path;

use clap::Args;

use super::{RecordArgs, files};
use crate::cli::error::CliError;
use crate::cli::{check, io, output};
use crate::exceptions::edit;
use crate::model::exception::Renewal;
use crate::model::text::neutral;
use crate::model::time::Date;

/// `exception renew`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The record gets the new end and an entry under `renewals`. Signed approvals are of the record as it was: have it approved again.

Examples:
  countersign exception renew EX-2026-014 --until 2026-12-31 --reason 'the upgrade waits for SHOP-400'")]
pub struct RenewArgs {
    /// The record's id.
    #[arg(value_name = "ID")]
    id: String,
    /// Its new last day.
    #[arg(long, value_name = "DATE")]
    until: String,
    /// Why what it covers is not fixed yet.
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Where the records are.
    #[command(flatten)]
    records: RecordArgs,
    /// The instant of the renewal [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Runs `exception renew`.
///
/// # Errors
/// The new end is none, a record or its file is not sound, or it cannot be written.
pub(super) fn run(args: &RenewArgs) -> Result<u8, CliError> {
    let (now, _) = check::instant(args.at.as_deref())?;
    let until = date("--until", &args.until)?;
    if args.reason.trim().is_empty() {
        return Err(CliError::usage("--reason is blank").hint("say why what it covers is not fixed yet"));
    }
    let record = args.records.find(&args.id, &io::working_directory()?)?;
    let expires = record.exception.expires;
    let today = now.date();
    if until <= expires || until < today {
        return Err(CliError::usage(format!("--until {until}: the record ends on {expires}, and today is {today}"))
            .hint("give a later day; a record that should end earlier is changed by hand"));
    }
    let renewal = Renewal { on: today, until, reason: args.reason.as_str().into() };
    let path = Path::new(record.file.as_raw());
    files::rewrite(path, |file, text| edit::renew(file, text.unwrap_or_default(), &args.id, &renewal))?;
    let times = record.exception.renewals.len() + 1;
    let mut text = format!("{} ends on {until} (renewal {times}): {}\n", neutral(&args.id), record.file.line());
    if record.signature_files().next().is_some() {
        text.push_str("its signed approvals were of the record as it was: have it approved again\n");
    }
    output::print(text.as_bytes()).map(|()| 0)
}

/// A day that was typed.
///
/// # Errors
/// It is none: a usage error.
pub(super) fn date(flag: &str, text: &str) -> Result<Date, CliError> {
    text.parse().map_err(|fault| CliError::usage(format!("{flag} {text}: {fault}")))
}
