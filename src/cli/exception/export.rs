//! `exception export`: records as the ignore file of a scanner.
//!
//! What must stay true: only records that count are written, and none so that more is ignored than it covers.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use super::{about_records, proposed};
use crate::cli::args::CheckArgs;
use crate::cli::check::Ready;
use crate::cli::error::CliError;
use crate::cli::{diagnostic, io, output};
use crate::exceptions::Force;
use crate::exceptions::exchange::{self, Here, TOOLS, Tool};
use crate::gate::{self, JudgedRecord};
use crate::model::exception::Exception;
use crate::model::text::Untrusted;
use crate::normalise::normalise;
use crate::strict::Faults;

/// `exception export`.
#[derive(Debug, Args)]
#[command(
    mut_args(about_records),
    mut_arg("output", |arg| arg.hide(true)),
    after_long_help = "\
A record is left out, and named, where the tool has no words for what keeps it narrow: a package, a path, a service, an environment,
an end. With --for-this-run and reports, the file holds the names of which every finding here is covered; make it anew for each run.

Examples:
  countersign exception export --format trivyignore --file .trivyignore.yaml
  countersign exception export reports/ --format cargo-deny --for-this-run"
)]
pub struct ExportArgs {
    /// The tool: cargo-audit, cargo-deny, grype, openvex, osv-scanner, snyk or trivyignore.
    #[arg(long, value_name = "TOOL")]
    format: String,
    /// Where to write it [default: standard output].
    #[arg(long, value_name = "PATH")]
    file: Option<PathBuf>,
    /// Judge by the findings of these reports; the file is for this run alone.
    #[arg(long)]
    for_this_run: bool,
    /// What `check` takes.
    #[command(flatten)]
    check: CheckArgs,
}

/// Runs `exception export`.
///
/// # Errors
/// There is no such tool (exit 2), an input is not sound (exit 3), or the file cannot be written (exit 4).
pub(super) fn run(args: &ExportArgs) -> Result<u8, CliError> {
    let tool = tool(&args.format)?;
    if args.for_this_run && args.check.reports.is_empty() {
        return Err(CliError::usage("--for-this-run without reports").hint("name the reports that the file is for"));
    }
    let Ready { inputs, bundle, faults, .. } = proposed(&args.check)?;
    if !faults.is_empty() {
        return Err(Faults::new(faults).into());
    }
    let today = inputs.now.date();
    let repository = inputs.change.repository.clone();
    let findings = normalise(inputs.reports.clone(), &inputs.artifacts).findings;
    let (counting, idle): (Vec<JudgedRecord>, Vec<JudgedRecord>) =
        gate::judge_records(inputs, &bundle)?.into_iter().partition(counts);
    for judged in &idle {
        diagnostic::note(&format!("{} is left out: {}", judged.record.id().line(), why_idle(judged)));
    }
    let of_this_run = args.for_this_run.then(|| {
        let covers: BTreeMap<Untrusted, BTreeSet<Untrusted>> = counting
            .iter()
            .map(|judged| (judged.record.id().clone(), judged.covers.iter().cloned().collect()))
            .collect();
        exchange::names_of_this_run(&covers, &findings)
    });
    let here = Here { repository: repository.as_ref().map(Untrusted::as_raw), of_this_run };
    let records: Vec<&Exception> = counting.iter().map(|judged| &judged.record.exception).collect();
    let exported = exchange::export(tool, &records, &here, today);
    for left_out in &exported.left_out {
        diagnostic::note(&format!("{} is left out: {}", left_out.id.line(), left_out.why.line()));
    }
    match &args.file {
        Some(path) => io::write(path, exported.text.as_bytes())?,
        None => output::print(exported.text.as_bytes())?,
    }
    Ok(0)
}

/// The tool that was named.
///
/// # Errors
/// There is none of this name: a usage error.
pub(super) fn tool(name: &str) -> Result<&'static Tool, CliError> {
    exchange::tool(name).ok_or_else(|| {
        let known: Vec<_> = TOOLS.iter().map(|tool| tool.id).collect();
        CliError::usage(format!("--format {name}: no such tool")).hint(format!("one of {}", known.join(", ")))
    })
}

fn counts(judged: &JudgedRecord) -> bool {
    judged.force == Force::InForce && judged.in_scope && judged.denied.is_empty()
}

fn why_idle(judged: &JudgedRecord) -> String {
    let denied = judged.denied.iter().map(|objection| &objection.msg);
    let reasons: Vec<_> =
        denied.chain(judged.because.iter().filter(|_| !judged.in_scope)).map(Untrusted::line).collect();
    match (reasons.is_empty(), judged.force) {
        (false, _) => reasons.join("; "),
        (true, Force::Pending) => format!("it begins on {}", judged.record.exception.created),
        (true, Force::InForce | Force::Expired) => format!("it ended on {}", judged.record.exception.expires),
    }
}
