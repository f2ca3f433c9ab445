//! Files of records that are changed.
//!
//! What must stay true: a file is written as a whole, and only when its new text was read again and says what it should.

use std::path::Path;

use crate::cli::error::CliError;
use crate::cli::io::{self, PathKind};
use crate::exceptions::edit::EditError;

/// Changes a file of records; the edit gets its name for messages and its text, `None` where there is no file yet.
///
/// # Errors
/// The file is not sound, or has no sure place for the change: exit 3; it cannot be written: exit 4.
pub(super) fn rewrite(
    path: &Path,
    edit: impl FnOnce(&str, Option<&str>) -> Result<String, EditError>,
) -> Result<(), CliError> {
    let shown = path.display().to_string();
    let bytes = match io::kind(path) {
        PathKind::Missing => None,
        PathKind::File | PathKind::Directory => Some(io::read(path, io::OWN_FILE_BYTES)?),
    };
    let text = bytes
        .map(String::from_utf8)
        .transpose()
        .map_err(|_| CliError::input(format!("{shown}: not UTF-8")).hint("save the file as UTF-8"))?;
    let edited = edit(&shown, text.as_deref()).map_err(|error| fault(&shown, error))?;
    io::write(path, edited.as_bytes())
}

/// What to say of a change that cannot be made.
pub(super) fn fault(shown: &str, error: EditError) -> CliError {
    let hint = match &error {
        EditError::Unsound(_) => "",
        EditError::NoRecord(_) => "check the id, or name the file with --exceptions",
        EditError::Exists(_) => "choose another --id, or renew that record",
        EditError::NoPlace => "make the change by hand; nothing was written",
    };
    match error {
        EditError::Unsound(faults) => faults.into(),
        other => CliError::input(format!("{shown}: {other}")).hint(hint),
    }
}
