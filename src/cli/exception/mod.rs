//! `exception …`: everything about the records of accepted risks but the decision about them.
//!
//! What must stay true: nothing is judged for good here, and what is written is a proposal. Records are read as they are proposed, from the working tree; what counts
//! in a change request is what `check` reads from the target branch.

mod approve;
mod export;
mod files;
mod findings;
mod import;
pub mod lint;
pub mod list;
mod new;
mod renew;
mod show;
pub mod why_not;

use std::path::{Path, PathBuf};

use clap::{Arg, Args, Subcommand};

use super::args::{CheckArgs, hidden_without_evidence};
use super::check::{self, Ready};
use super::error::CliError;
use super::judged;
use super::judging::JudgingFiles;
use crate::exceptions::Record;
use crate::model::change::Change;

/// `exception`.
#[derive(Debug, Args)]
pub struct ExceptionArgs {
    /// What to do with records.
    #[command(subcommand)]
    pub command: ExceptionCommand,
}

/// The commands about exceptions.
#[derive(Debug, Subcommand)]
pub enum ExceptionCommand {
    /// Have somebody accept the risk: sign a record with an SSH key, and name the signature in it.
    Approve(approve::ApproveArgs),
    /// Write the records that count as the ignore file of a scanner.
    Export(Box<export::ExportArgs>),
    /// Turn the ignore file of a scanner into records to complete.
    Import(import::ImportArgs),
    /// Check records: every fault of form and of governance, with its place and the way out.
    Lint(Box<lint::LintArgs>),
    /// List records, those that end first at the top; with reports, what each covers.
    List(Box<list::ListArgs>),
    /// Write a record about a finding or a verdict, as narrow as it can be.
    New(Box<new::NewArgs>),
    /// Give a record another end, and say why.
    Renew(renew::RenewArgs),
    /// Print one record as JSON, or the bytes that an approver signs.
    Show(show::ShowArgs),
    /// Explain what keeps a record from covering a finding, and what would let it.
    WhyNot(Box<why_not::WhyNotArgs>),
}

/// Runs one of the commands about exceptions.
///
/// # Errors
/// The command line or an input is not sound: exit 2 or 3.
pub fn run(command: &ExceptionCommand) -> Result<u8, CliError> {
    match command {
        ExceptionCommand::Approve(args) => approve::run(args),
        ExceptionCommand::Export(args) => export::run(args),
        ExceptionCommand::Import(args) => import::run(args),
        ExceptionCommand::Lint(args) => lint::run(args),
        ExceptionCommand::List(args) => list::run(args),
        ExceptionCommand::New(args) => new::run(args),
        ExceptionCommand::Renew(args) => renew::run(args),
        ExceptionCommand::Show(args) => show::run(args),
        ExceptionCommand::WhyNot(args) => why_not::run(args),
    }
}

/// Where records are.
#[derive(Clone, Debug, Args)]
pub struct RecordArgs {
    /// Exception records [default: those of countersign.yaml].
    #[arg(long, value_name = "PATH")]
    pub exceptions: Vec<PathBuf>,
    /// The configuration [default: countersign.yaml, where it exists].
    #[arg(long, value_name = "PATH")]
    pub config: Option<PathBuf>,
}

impl RecordArgs {
    /// The record of this id, as it lies in the working tree.
    fn find(&self, id: &str, directory: &Path) -> Result<Record, CliError> {
        let files = working_tree(directory)?;
        let paths = match self.exceptions.as_slice() {
            [] => judged::config(self.config.as_deref(), &files)?.value.exceptions,
            given => given.to_vec(),
        };
        demand_files(&paths)?;
        let records = judged::exceptions(&paths, &[], &files)?.value;
        records.into_iter().find(|record| *record.id() == id).ok_or_else(|| {
            let shown: Vec<_> = paths.iter().map(|path| path.display().to_string()).collect();
            CliError::input(format!("there is no record `{id}` in {}", shown.join(", ")))
                .hint("check the id, or name the file with --exceptions")
        })
    }
}

/// The files as they are proposed.
fn working_tree(directory: &Path) -> Result<JudgingFiles, CliError> {
    JudgingFiles::open(&Change::default(), None, directory)
}

/// What the policies in force would judge the proposed records by.
fn proposed(args: &CheckArgs) -> Result<Ready, CliError> {
    if args.evidence.is_some() || args.signing.is_given() {
        return Err(CliError::usage("a look at records is no decision and leaves no evidence")
            .hint("take --evidence and --key away, or run check"));
    }
    let ready = check::proposed(&CheckArgs { output: Vec::new(), ..args.clone() })?;
    if ready.inputs.records.is_empty() && ready.faults.is_empty() {
        demand_files(&ready.exceptions)?;
    }
    Ok(ready)
}

fn demand_files(paths: &[PathBuf]) -> Result<(), CliError> {
    match paths {
        [] => Err(CliError::usage("no exception records are named").hint("give --exceptions PATH")),
        _ => Ok(()),
    }
}

/// Hides the flags of `check` that say nothing about records.
fn about_records(arg: Arg) -> Arg {
    const OF_DECISIONS: [&str; 13] = [
        "quiet",
        "show",
        "color",
        "subject",
        "receipt",
        "emergency",
        "history",
        "history_key",
        "baseline",
        "baseline_key",
        "baseline_digest",
        "namespace",
        "codeowners",
    ];
    hidden_without_evidence(arg, &OF_DECISIONS)
}
