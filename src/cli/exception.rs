//! `exception show`: one record, or the bytes that an approver signs.
//!
//! What must stay true: what is printed for signing is what `check` verifies, byte for byte.

use super::args::{ExceptionCommand, ExceptionShowArgs};
use super::error::CliError;
use super::judging::JudgingFiles;
use super::{change, io, judged, output};
use crate::exceptions;
use crate::model::change::Change;
use crate::model::text::Untrusted;
use crate::render::json;

/// Runs one of the commands about exceptions.
///
/// # Errors
/// An input is not sound or there is no such record: exit 3.
pub fn run(command: &ExceptionCommand) -> Result<u8, CliError> {
    match command {
        ExceptionCommand::Show(args) => show(args),
    }
}

fn show(args: &ExceptionShowArgs) -> Result<u8, CliError> {
    let directory = io::working_directory()?;
    // Nothing is judged here: an approver reads and signs what is proposed, as it lies in the working tree.
    let files = JudgingFiles::open(&Change::default(), None, &directory)?;
    let paths = match args.exceptions.as_slice() {
        [] => judged::config(args.config.as_deref(), &files)?.value.exceptions,
        given => given.to_vec(),
    };
    if paths.is_empty() {
        return Err(CliError::usage("no exception records are named").hint("give --exceptions PATH"));
    }
    let records = judged::exceptions(&paths, &files)?.value;
    let record = records.iter().find(|record| *record.id() == args.id.as_str()).ok_or_else(|| {
        let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
        CliError::input(format!("there is no record `{}` in {}", args.id, shown.join(", ")))
            .hint("check the id, or name the file with --exceptions")
    })?;
    let mut text = Vec::new();
    if args.signed_bytes {
        text.extend(exceptions::signed_bytes(&record.exception, Some(&repository(args, &directory)?)));
    } else {
        json::document(&record.exception, &mut text).map_err(|error| CliError::internal(error.to_string()))?;
    }
    output::print(&text).map(|()| 0)
}

/// An approval is for one repository: without its name there is nothing to sign.
fn repository(args: &ExceptionShowArgs, directory: &std::path::Path) -> Result<String, CliError> {
    if let Some(repository) = &args.repository {
        return Ok(repository.clone());
    }
    let seen = change::see("auto", &io::environment(), directory, None)?;
    seen.change.repository.map(Untrusted::into_raw).ok_or_else(|| {
        CliError::usage("neither CI nor git tells the repository that the approval is for")
            .hint("give --repository OWNER/NAME")
    })
}
