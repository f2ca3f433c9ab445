//! `exception import`: the ignore file of a scanner as records that somebody has to complete.
//!
//! What must stay true: nothing that is imported counts before owner, reason, mitigation and end are filled in.

use std::path::PathBuf;

use clap::Args;

use super::export::tool;
use crate::cli::error::CliError;
use crate::cli::{check, diagnostic, io, output};
use crate::exceptions::exchange;
use crate::strict::Notation;

/// `exception import`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
What the file does not say is written as TODO. `check` refuses such a record (exit 3), and `exception lint` lists every place.

Examples:
  countersign exception import .trivyignore.yaml > exceptions.yaml
  countersign exception import config/ignored.toml --format cargo-deny --prefix DENY-")]
pub struct ImportArgs {
    /// The tool's file.
    #[arg(value_name = "FILE")]
    path: PathBuf,
    /// The tool [default: the one that looks for a file of this name].
    #[arg(long, value_name = "TOOL")]
    format: Option<String>,
    /// What the ids of the records start with.
    #[arg(long, value_name = "TEXT", default_value = "IMPORT-")]
    prefix: String,
    /// How the records are written: yaml, json or toml.
    #[arg(long = "as", value_name = "NOTATION", value_enum, default_value_t = As::Yaml)]
    notation: As,
    /// The instant of the import [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// See [`Notation`].
#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum As {
    Yaml,
    Json,
    Toml,
}

impl From<As> for Notation {
    fn from(notation: As) -> Self {
        match notation {
            As::Yaml => Self::Yaml,
            As::Json => Self::Json,
            As::Toml => Self::Toml,
        }
    }
}

/// Runs `exception import`.
///
/// # Errors
/// The tool is not known or has no file to read (exit 2), or the file is not sound (exit 3).
pub(super) fn run(args: &ImportArgs) -> Result<u8, CliError> {
    let (now, _) = check::instant(args.at.as_deref())?;
    let shown = args.path.display().to_string();
    let tool = match &args.format {
        Some(name) => tool(name)?,
        None => exchange::by_file(&shown).ok_or_else(|| {
            CliError::usage(format!("{shown}: no tool looks for a file of this name")).hint("say which with --format")
        })?,
    };
    if !tool.reads() {
        return Err(CliError::usage(format!("--format {}: nothing in its file accepts a risk", tool.id))
            .hint("name the file of a scanner that ignores something"));
    }
    let bytes = io::read(&args.path, io::OWN_FILE_BYTES)?;
    let imported = exchange::import(tool, (&shown, &bytes), &args.prefix, now.date(), args.notation.into())?;
    for fault in &imported.left_out {
        diagnostic::note(&format!("left out: {fault}"));
    }
    output::print(imported.text.as_bytes())?;
    diagnostic::note(&format!(
        "{} records; fill in every TODO, then run `countersign exception lint`",
        imported.records
    ));
    Ok(0)
}
