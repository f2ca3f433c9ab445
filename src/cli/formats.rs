//! `formats`: what is recognised. Everything shown is in the table of formats.

use super::args::{FindingsOutput, FormatsArgs};
use super::error::CliError;
use super::output;
use crate::formats::FORMATS;
use crate::render::json;

/// Prints the table.
///
/// # Errors
/// Standard output cannot be written: exit 4.
pub fn run(args: &FormatsArgs) -> Result<u8, CliError> {
    let mut text = Vec::new();
    match args.output {
        FindingsOutput::Human => {
            for format in FORMATS {
                let checks: Vec<_> = format.checks.iter().map(|check| check.word()).collect();
                text.extend(format!("{:<16} {}\n", format.id, format.title).into_bytes());
                text.extend(format!("{:<16}   answers  {}\n", "", checks.join(", ")).into_bytes());
                text.extend(format!("{:<16}   produce  {}\n", "", format.produce).into_bytes());
            }
        }
        FindingsOutput::Json => {
            let rows: Vec<_> = FORMATS
                .iter()
                .map(|format| {
                    serde_json::json!({
                        "id": format.id,
                        "title": format.title,
                        "docs": format.docs,
                        "produce": format.produce,
                        "seen": format.seen,
                        "checks": format.checks,
                    })
                })
                .collect();
            json::document(&serde_json::json!({ "schema": "countersign/formats/v1", "formats": rows }), &mut text)
                .map_err(|error| CliError::internal(error.to_string()))?;
        }
    }
    output::print(&text).map(|()| 0)
}
