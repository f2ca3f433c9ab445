//! `policy doc`: RULES.md and CONTROLS.md of policies.
//!
//! What must stay true: a page that is there and is not what the policies say is a fault with `--check`, and is replaced without.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use super::io::{self, PathKind};
use super::policy_check::{self, PolicyCheckArgs};
use crate::policy::{controls_page, rules_page};

/// The exit code where a page is not up to date.
const STALE: u8 = 1;
/// The largest page that is compared.
const MAX_BYTES: u64 = 16 << 20;

/// `policy doc`.
#[derive(Debug, Args)]
#[command(
    mut_arg("output", |arg| arg.hide(true)),
    after_long_help = "\
The examples in the pages come from the tests of the rules: give the directory in which both lie.

Exit codes:
  0   the pages are written, or up to date
  1   with --check: a page is not up to date
  3   something could not be read

Examples:
  countersign policy doc policies --out docs
  countersign policy doc policies --out docs --check"
)]
pub struct PolicyDocArgs {
    /// What `policy check` takes.
    #[command(flatten)]
    pub policies: PolicyCheckArgs,
    /// Where RULES.md and CONTROLS.md are.
    #[arg(long, value_name = "DIR", default_value = "docs")]
    pub out: PathBuf,
    /// Write nothing, and say whether the pages are up to date.
    #[arg(long)]
    pub check: bool,
}

/// Runs the command.
///
/// # Errors
/// Policies that do not load, and a page that cannot be written.
pub fn run(args: &PolicyDocArgs) -> Result<u8, CliError> {
    let catalogue = policy_check::catalogue(&args.policies.controls)?;
    let inspection = policy_check::inspect(&args.policies, catalogue.clone())?;
    if inspection.rules.is_empty() {
        let fault = inspection.faults.into_iter().next().map(CliError::from);
        return Err(fault.unwrap_or_else(|| CliError::input("there is no rule to write about")));
    }
    let mut stale = Vec::new();
    for (name, page) in
        [("RULES.md", rules_page(&inspection, &catalogue)), ("CONTROLS.md", controls_page(&inspection, &catalogue))]
    {
        let path = args.out.join(name);
        let is_there = io::kind(&path) == PathKind::File && io::read(&path, MAX_BYTES)? == page.as_bytes();
        match (is_there, args.check) {
            (true, _) => {}
            (false, false) => io::write(&path, page.as_bytes())?,
            (false, true) => stale.push(path.display().to_string()),
        }
    }
    for path in &stale {
        super::diagnostic::note(&format!("{path}: not up to date; write it with `countersign policy doc`"));
    }
    Ok(if stale.is_empty() { 0 } else { STALE })
}
