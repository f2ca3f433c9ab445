//! `policy diff`: what new policies demand otherwise than old ones.
//!
//! What must stay true: both sides are loaded as a release loads them, beside the same pack; and with `--fail-on-looser` nothing that
//! is known to demand less ends with 0.

use std::time::Duration;

use clap::Args;
use serde_json::{Value as Json, json};

use super::args::FindingsOutput;
use super::error::CliError;
use super::io;
use super::judging::JudgingFiles;
use super::output::{self, Lines};
use super::policies::{self, Source};
use super::worker::SECONDS;
use crate::model::change::Change;
use crate::model::profile::Profile;
use crate::model::text::neutral;
use crate::policy::{Bundle, Difference, Layer, Part, Side, Way, beside_pack, diff};

/// The exit code where something is looser and must not be.
const LOOSER: u8 = 1;
/// The longest value that a line shows.
const SHOWN: usize = 60;

/// `policy diff`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Stricter and looser are said where the policies themselves decide it: rules that come or go, severities, days, the profile's words
(ignore, ticket, warn, block; off, warn, enforce), and values whose direction METADATA declares under overridable. Everything else that
differs is listed as changed: read it.

Exit codes:
  0   the differences are listed
  1   with --fail-on-looser: something demands less than before
  3   policies could not be read

Examples:
  countersign policy diff acme-6.tar.gz acme-7.tar.gz
  countersign policy diff acme-6.tar.gz acme --fail-on-looser --output json")]
pub struct PolicyDiffArgs {
    /// The old policies: a directory, a `.rego` file or a bundle; an organisation's, where no layer is named.
    #[arg(value_name = "OLD")]
    pub old: Source,
    /// The new ones.
    #[arg(value_name = "NEW")]
    pub new: Source,
    /// Exit with 1 where something is looser.
    #[arg(long)]
    pub fail_on_looser: bool,
    /// Leave the built-in pack out of what the policies stand beside.
    #[arg(long)]
    pub no_builtin: bool,
    /// Packages that are not ours and belong to the policies (Conftest policies).
    #[arg(long, short, value_name = "NS")]
    pub namespace: Vec<String>,
    /// How to print.
    #[arg(long, short, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
    /// How many seconds loading each side may take.
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS)]
    pub policy_timeout: u64,
}

/// Runs the command.
///
/// # Errors
/// Policies that are not there, or do not load.
pub fn run(args: &PolicyDiffArgs) -> Result<u8, CliError> {
    let (old, old_profile) = load(&args.old, args)?;
    let (new, new_profile) = load(&args.new, args)?;
    let differences = diff(
        Side { bundle: &old, profile: old_profile.as_ref() },
        Side { bundle: &new, profile: new_profile.as_ref() },
    );
    match args.output {
        FindingsOutput::Human => human(&differences).print()?,
        FindingsOutput::Json => output::print_json(&document(&differences))?,
    }
    let is_looser = differences.iter().any(|difference| difference.way == Way::Looser);
    Ok(if is_looser && args.fail_on_looser { LOOSER } else { 0 })
}

/// One side, and the profile that comes with it. Nothing is decided by it, so bundles need no proof.
fn load(source: &Source, args: &PolicyDiffArgs) -> Result<(Bundle, Option<Profile>), CliError> {
    let source = Source { layer: source.layer.or(Some(Layer::Organisation)), ..source.clone() };
    let judging = JudgingFiles::open(&Change::default(), None, &io::working_directory()?)?;
    let read = policies::read(&source, None, &judging)?;
    let files = if args.no_builtin { read.files } else { beside_pack(read.files).0 };
    let limit = Duration::from_secs(args.policy_timeout.max(1));
    Ok((policies::bundle(files, &args.namespace, limit)?, read.profile.map(|shipped| shipped.profile)))
}

const fn word(way: Way) -> &'static str {
    match way {
        Way::Looser => "looser",
        Way::Changed => "changed",
        Way::Stricter => "stricter",
    }
}

fn human(differences: &[Difference]) -> Lines {
    let mut lines = Lines::default();
    for Difference { part, key, way, field, old, new } in differences {
        let what = match part {
            Part::Rule => "rule ",
            Part::Package => "package ",
            Part::Data | Part::Profile => "",
        };
        let of = if field.is_empty() { String::new() } else { format!(": {field}") };
        let values = match (old, new) {
            (None, None) => String::new(),
            (Some(old), None) => format!(" is gone ({})", brief(old)),
            (None, Some(new)) => format!(" is new ({})", brief(new)),
            (Some(old), Some(new)) => format!(" {} -> {}", brief(old), brief(new)),
        };
        lines.add(&neutral(&format!("{:<8}  {what}{key}{of}{values}", word(*way))));
    }
    let count = |wanted: Way| differences.iter().filter(|difference| difference.way == wanted).count();
    let [looser, changed, stricter] = [Way::Looser, Way::Changed, Way::Stricter].map(count);
    lines.add(&format!("{looser} looser, {changed} changed, {stricter} stricter"));
    lines
}

fn brief(value: &Json) -> String {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    match text.char_indices().nth(SHOWN) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// `countersign/policy-diff/v1`.
fn document(differences: &[Difference]) -> Json {
    json!({ "schema": "countersign/policy-diff/v1", "differences": differences })
}
