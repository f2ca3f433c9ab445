//! `policy check`: everything that authors of policies have to mend, at once.
//!
//! What must stay true: 0 means that there is no fault; what could not be read or looked at is an error, and no fault.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::args::FindingsOutput;
use super::error::CliError;
use super::output::{self, Lines};
use super::policies::Source;
use super::policy_test::LOADING;
use super::worker::Contained;
use super::{io, policy};
use crate::policy::{Catalogue, Inspection, InspectionOptions, PolicyError, RuleInfo};

/// The exit code where there are faults: the answer is no.
const FAULTS: u8 = 1;
/// The largest table of controls.
const MAX_BYTES: u64 = 1 << 20;

/// `policy check`.
#[derive(Debug, Default, Args)]
#[command(after_long_help = "\
Exit codes:
  0   there is nothing to mend
  1   there is
  3   something could not be read

Examples:
  countersign policy check policies
  countersign policy check organisation:acme team:policies/payments --controls acme/controls.yaml")]
pub struct PolicyCheckArgs {
    /// Policies, with their tests: directories, `.rego` files or bundles [default: the built-in pack, which has no tests].
    #[arg(value_name = "[LAYER:]PATH")]
    pub paths: Vec<Source>,
    /// Tables of controls of your own, as policies/controls.yaml is one.
    #[arg(long, value_name = "FILE")]
    pub controls: Vec<PathBuf>,
    /// Leave the built-in pack out.
    #[arg(long)]
    pub no_builtin: bool,
    /// Packages that are not ours and belong to what is looked at (Conftest policies).
    #[arg(long, short, value_name = "NS")]
    pub namespace: Vec<String>,
    /// How to print.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
    /// How many seconds all tests may take together.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    pub policy_timeout: u64,
}

/// Runs the command.
///
/// # Errors
/// What cannot be read, or breaks the worker.
pub fn run(args: &PolicyCheckArgs) -> Result<u8, CliError> {
    let inspection = inspect(args, catalogue(&args.controls)?)?;
    match args.output {
        FindingsOutput::Human => human(&inspection).print()?,
        FindingsOutput::Json => output::print_json(&document(&inspection))?,
    }
    Ok(if inspection.faults.is_empty() { 0 } else { FAULTS })
}

/// Looks at the policies and runs their tests.
///
/// # Errors
/// What cannot be read, or breaks the worker.
pub fn inspect(args: &PolicyCheckArgs, catalogue: Catalogue) -> Result<Inspection, CliError> {
    let files = policy::given(&args.paths, args.no_builtin)?;
    let limit = Duration::from_secs(args.policy_timeout.max(1));
    let options = InspectionOptions { namespaces: args.namespace.clone(), catalogue, limit };
    Contained::inspect(files, options, limit + LOADING)
}

/// The shipped controls, and those of these tables.
///
/// # Errors
/// A table that cannot be read.
pub fn catalogue(tables: &[PathBuf]) -> Result<Catalogue, CliError> {
    let mut all = Catalogue::shipped()?;
    for path in tables {
        let shown = path.display().to_string();
        let text = String::from_utf8(io::read(path, MAX_BYTES)?)
            .map_err(|_| CliError::input(format!("{shown}: not UTF-8")).hint("save the file as UTF-8"))?;
        all.add(&shown, Catalogue::parse(&shown, &text)?)?;
    }
    Ok(all)
}

fn human(inspection: &Inspection) -> Lines {
    let mut lines = Lines::default();
    for fault in &inspection.faults {
        lines.add(&fault.to_string());
        fault.hint.iter().for_each(|hint| lines.add(&format!("    {hint}")));
    }
    for rule in &inspection.rules {
        if let Some(why) = &rule.one_by_one {
            lines.add(&format!("note: {} judges alike findings one by one: {why}", rule.id));
        }
    }
    let tests = match inspection.tests {
        Some(tests) => format!("{tests} tests"),
        None => "no tests, so it is not known which rules fire".to_owned(),
    };
    let faults = inspection.faults.len();
    let word = if faults == 1 { "fault" } else { "faults" };
    lines.add(&format!("{} rules, {tests}: {faults} {word}", inspection.rules.len()));
    lines
}

/// `countersign/policy-check/v1`.
fn document(inspection: &Inspection) -> Json {
    let fault = |fault: &PolicyError| json!({"place": fault.place, "message": fault.message, "hint": fault.hint});
    let rule = |rule: &RuleInfo| {
        json!({
            "id": rule.id, "path": rule.path, "owner": rule.owner, "severity": rule.severity,
            "scope": if rule.per_finding { "finding" } else { "release" },
            "controls": rule.controls, "one_by_one": rule.one_by_one,
        })
    };
    json!({
        "schema": "countersign/policy-check/v1",
        "ok": inspection.faults.is_empty(),
        "faults": inspection.faults.iter().map(fault).collect::<Vec<_>>(),
        "rules": inspection.rules.iter().map(rule).collect::<Vec<_>>(),
        "tests": inspection.tests,
    })
}
