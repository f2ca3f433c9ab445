//! `exception show`: one record, or the bytes that an approver signs.
//!
//! What must stay true: what is printed for signing is what `check` verifies, byte for byte.

use std::path::Path;

use clap::Args;

use super::RecordArgs;
use crate::cli::error::CliError;
use crate::cli::{change, io, output};
use crate::exceptions;
use crate::model::text::Untrusted;

/// `exception show`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign exception show EX-2026-014
  countersign exception show EX-2026-014 --signed-bytes > EX-2026-014.json
  ssh-keygen -Y sign -n countersign-exception -f ~/.ssh/id_ed25519 EX-2026-014.json")]
pub struct ShowArgs {
    /// The record's id.
    #[arg(value_name = "ID")]
    pub id: String,
    /// Where the records are.
    #[command(flatten)]
    pub records: RecordArgs,
    /// Print exactly the bytes that an approver signs.
    #[arg(long)]
    pub signed_bytes: bool,
    /// The repository that the approval is for [default: the one that CI or git tells].
    #[arg(long, value_name = "OWNER/NAME", requires = "signed_bytes")]
    pub repository: Option<String>,
}

/// Runs `exception show`.
///
/// # Errors
/// An input is not sound or there is no such record: exit 3.
pub(super) fn run(args: &ShowArgs) -> Result<u8, CliError> {
    let directory = io::working_directory()?;
    let record = args.records.find(&args.id, &directory)?;
    let text = if args.signed_bytes {
        let repository = repository(args.repository.as_deref(), &directory)?;
        exceptions::signed_bytes(&record.exception, Some(&repository))
    } else {
        output::json(&record.exception)?
    };
    output::print(&text).map(|()| 0)
}

/// An approval is for one repository: without its name there is nothing to sign.
///
/// # Errors
/// Nobody tells it: a usage error.
pub(super) fn repository(given: Option<&str>, directory: &Path) -> Result<String, CliError> {
    if let Some(repository) = given {
        return Ok(repository.to_owned());
    }
    let seen = change::see("auto", &io::environment(), directory, None)?;
    seen.change.repository.map(Untrusted::into_raw).ok_or_else(|| {
        CliError::usage("neither CI nor git tells the repository that the approval is for")
            .hint("give --repository OWNER/NAME")
    })
}
