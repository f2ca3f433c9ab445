//! `report`: a decision that was made, in any of the formats of `check`, from its evidence.
//!
//! What must stay true: evidence that does not verify is not shown, and nothing is decided: what is rendered are the bytes that the
//! signed statement names.

use std::path::{Path, PathBuf};

use clap::Args;

use super::args::{ColorArg, ShowArg, output_help};
use super::error::CliError;
use super::trust::KeysArgs;
use super::{diagnostic, evidence, io, output, verified};
use crate::decision::Decision;
use crate::evidence::keys::PublicKey;
use crate::evidence::{Demands, Kept, Verdict};
use crate::render::{Show, Style};

/// The exit code where the evidence does not hold.
const FAILED: u8 = 1;

/// `report`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
The decision is shown as it was made: nothing is judged again, and its own exit code is not repeated. `countersign verify` says which
steps of the verification were taken, `countersign replay` decides again.

Exit codes:
  0   shown, whatever was decided
  1   the evidence does not verify; nothing is written
  2   the command line is wrong
  3   the evidence or a key cannot be read

Examples:
  countersign report evidence/d-… --key gate.pub.pem
  countersign report evidence/d-… --key gate.pub.pem --output markdown=decision.md --output sarif=decision.sarif")]
pub struct ReportArgs {
    /// A directory of evidence, or the envelope in it.
    #[arg(value_name = "EVIDENCE")]
    evidence: PathBuf,
    /// The keys.
    #[command(flatten)]
    keys: KeysArgs,
    /// An output; repeatable, at most one without a path.
    #[arg(long, value_name = "FORMAT[=PATH]", long_help = output_help())]
    output: Vec<String>,
    /// Print only the line that says the decision; twice, nothing for people at all.
    #[arg(long, short, action = clap::ArgAction::Count)]
    quiet: u8,
    /// Which verdicts people see [default: the first 25 of every owner]; files for programs hold all of them.
    #[arg(long, value_name = "WHICH", conflicts_with = "quiet")]
    show: Option<ShowArg>,
    /// When to colour.
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: ColorArg,
}

/// Runs `report`.
///
/// # Errors
/// A format that is none, or an output into the evidence: exit 2. Evidence or a key that cannot be read: exit 3.
pub fn run(args: &ReportArgs) -> Result<u8, CliError> {
    let outputs = output::parse(&args.output, args.quiet)?;
    output::keep_out_of(&outputs, &args.evidence)?;
    let keys = args.keys.read()?;
    let folder = evidence::read(&args.evidence)?;
    let verification = crate::evidence::verify(&folder, &Demands::of_any_decision(keys.trust(), io::now()?));
    let shown = args.evidence.display();
    let Some(statement) = verification.statement.as_ref().filter(|_| verification.verdict != Verdict::Failed) else {
        let why = format!("{shown}: {}", verified::conclusion(&verification));
        diagnostic::report(&CliError::input(why).hint("what does not verify is not shown; see countersign verify"));
        return Ok(FAILED);
    };
    let unreadable = |why: String| CliError::input(format!("{shown}: {why}"));
    let kept = Kept::of(statement, &folder).map_err(unreadable)?;
    let bytes = kept.decision().map_err(unreadable)?;
    let decision = Decision::from_bytes(bytes).map_err(|error| unreadable(format!("the decision: {error}")))?;
    let again = decision.to_bytes().map_err(|error| CliError::internal(error.to_string()))?;
    if again != bytes {
        diagnostic::note(&format!(
            "{shown}: written by countersign {}; what this version does not know is not shown",
            decision.gate.version
        ));
    }
    let mut read = Vec::new();
    for role in output::ANCHORS {
        read.extend(kept.files(role).map(|file| (role, file.path)));
    }
    let style = Style {
        quiet: args.quiet > 0,
        show: args.show.map_or(Show::default(), Show::from),
        evidence: Some(proof(&args.evidence, verification.key.as_ref())),
        anchor: output::anchor(&read),
        ..output::style(args.color, &io::environment())
    };
    output::rendered(&outputs, &decision, &style)?.stage()?.show().map(|()| 0)
}

/// Where it is, and whose signature holds.
fn proof(place: &Path, key: Option<&PublicKey>) -> String {
    let by = key.map(|key| format!("verified, signed by {}", key.fingerprint())).unwrap_or_default();
    format!("{}  ({by})", place.display())
}
