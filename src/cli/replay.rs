//! `replay`: the decision made again from its evidence, and compared.
//!
//! What must stay true: evidence that does not verify is not replayed, and its policies run contained, whatever they claim to be.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::args::FindingsOutput;
use super::error::{CliError, Exit};
use super::timestamps::TsaArgs;
use super::trust::KeysArgs;
use super::worker::SECONDS;
use super::{evidence, io, originals, output, policies, verified};
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{Demands, Folder, Verdict, Verification, Verified};
use crate::model::text::neutral;
use crate::render;
use crate::replay::{Comparison, Recorded, Substitutes};

/// The schema tag of `replay --output json`.
pub const SCHEMA: &str = "countersign/replay/v1";

/// `replay`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Exit codes:
  0   the same: the same bytes, or by another version the same outcome and verdicts
  1   different, or the evidence does not hold
  5   the decision cannot be made again: the run ended in an error, or something was not kept or not given

Examples:
  countersign replay evidence/d-… --key gate.pub.pem
  countersign replay evidence/d-… --key gate.pub.pem --reports reports")]
pub struct ReplayArgs {
    /// A directory of evidence, or the envelope in it.
    #[arg(value_name = "EVIDENCE")]
    pub evidence: PathBuf,
    /// The keys.
    #[command(flatten)]
    pub keys: KeysArgs,
    /// Whose timestamps count.
    #[command(flatten)]
    pub tsa: TsaArgs,
    /// Where the reports are that were read then, and the data that was given beside them: make the facts again from them, too. They are
    /// found by their digests, whatever they are called now.
    #[arg(long, value_name = "DIR")]
    pub reports: Option<PathBuf>,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
    /// How many seconds all policies may take together.
    #[arg(long, value_name = "SECONDS", default_value_t = SECONDS)]
    pub policy_timeout: u64,
}

/// What came of a replay.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Answer {
    Same,
    Different,
    Failed,
    Incomplete,
}

impl Answer {
    const fn exit_code(self) -> u8 {
        match self {
            Self::Same => 0,
            Self::Different | Self::Failed => 1,
            Self::Incomplete => 5,
        }
    }

    const fn word(self) -> &'static str {
        match self {
            Self::Same => "SAME",
            Self::Different => "DIFFERENT",
            Self::Failed => "FAILED",
            Self::Incomplete => "INCOMPLETE",
        }
    }
}

/// `replay --output json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    result: Answer,
    exit_code: u8,
    /// The id of the decision, where the signature holds.
    decision: Option<&'a str>,
    because: String,
    differences: Vec<String>,
    /// What the decision rests on and was taken as it was recorded.
    not_checked: Vec<&'static str>,
}

/// Verifies, decides again, prints, and gives the exit code: 0 same, 1 different or not verified, 5 incomplete.
///
/// # Errors
/// A folder or key that cannot be read: exit 3. The worker cannot be started: exit 4.
pub fn run(args: &ReplayArgs) -> Result<u8, CliError> {
    let keys = args.keys.read()?;
    let folder = evidence::read(&args.evidence)?;
    let stamps = args.tsa.read(keys.timestamp_roots())?;
    let demands = Demands {
        stamps: stamps.as_deref(),
        needs_stamp: args.tsa.is_demanded(),
        ..Demands::of_any_decision(keys.trust(), io::now()?)
    };
    let verification = crate::evidence::verify(&folder, &demands);
    let limit = Duration::from_secs(args.policy_timeout);
    let Answered { result, because, differences, not_checked } =
        answer(&verification, &folder, args.reports.as_deref(), limit)?;
    let decision = verification.statement.as_ref().map(|statement| statement.predicate.decision_id.as_raw());
    let exit_code = result.exit_code();
    let document = Document { schema: SCHEMA, result, exit_code, decision, because, differences, not_checked };
    let mut text = Vec::new();
    let written = match args.output {
        FindingsOutput::Json => render::json::document(&document, &mut text),
        FindingsOutput::Human => print(&document, &mut text),
    };
    written.map_err(|error| CliError::internal(format!("the output: {error}")))?;
    output::print(&text).map(|()| exit_code)
}

/// An answer, and what there is to say about it.
struct Answered {
    result: Answer,
    because: String,
    differences: Vec<String>,
    not_checked: Vec<&'static str>,
}

fn answer(
    verification: &Verification,
    folder: &Folder,
    reports: Option<&Path>,
    limit: Duration,
) -> Result<Answered, CliError> {
    let nothing = |result, because| Answered { result, because, differences: Vec::new(), not_checked: Vec::new() };
    let Some(statement) = verification.statement.as_ref().filter(|_| verification.verdict != Verdict::Failed) else {
        return Ok(nothing(Answer::Failed, verified::conclusion(verification)));
    };
    Ok(match again(statement, folder, reports, limit)? {
        Again::Cannot(why) => nothing(Answer::Incomplete, why),
        Again::Compared(Comparison::Different(differences), not_checked) => {
            let because = "the decision made again is another one".to_owned();
            Answered { result: Answer::Different, because, differences, not_checked }
        }
        Again::Compared(same, not_checked) => {
            let facts = reports.map_or("", |_| "; the facts are those of the reports");
            Answered { not_checked, ..nothing(Answer::Same, words(&same) + facts) }
        }
    })
}

/// What came of deciding again.
pub(super) enum Again {
    /// A decision, compared with the recorded one; and what was taken as it was recorded.
    Compared(Comparison, Vec<&'static str>),
    /// None, and why.
    Cannot(String),
}

/// Decides again from verified evidence, and from the reports below a directory where one is given.
///
/// # Errors
/// A file cannot be read: exit 3. The worker cannot be started: exit 4.
pub(super) fn again(
    statement: &Verified<Statement<GateDecision>>,
    folder: &Folder,
    reports: Option<&Path>,
    limit: Duration,
) -> Result<Again, CliError> {
    let reports = match reports.map(|directory| originals::read(directory, statement, folder)).transpose()? {
        None => None,
        Some(Ok(reports)) => Some(reports),
        Some(Err(why)) => return Ok(Again::Cannot(why)),
    };
    let recorded = match Recorded::of(statement, folder, reports, &Substitutes::default()) {
        Ok(recorded) => recorded,
        Err(why) => return Ok(Again::Cannot(why.to_string())),
    };
    let bundle = match policies::bundle(recorded.policies.clone(), &recorded.namespaces, limit) {
        Ok(bundle) => bundle,
        Err(error) if error.exit == Exit::Internal => return Err(error),
        Err(error) => return Ok(Again::Cannot(format!("the policies do not load any more: {error}"))),
    };
    let unchecked = recorded.unchecked.clone();
    Ok(match recorded.replay(&bundle) {
        Ok(comparison) => Again::Compared(comparison, unchecked),
        Err(error) => Again::Cannot(format!("there is no decision this time: {error}")),
    })
}

/// One line about a decision that is the same.
pub(super) fn words(same: &Comparison) -> String {
    match same {
        Comparison::Equivalent { recorded } => {
            format!("the same outcome and verdicts; {recorded} wrote other bytes")
        }
        Comparison::Identical | Comparison::Different(_) => "the same bytes".to_owned(),
    }
}

fn print(document: &Document<'_>, out: &mut dyn Write) -> std::io::Result<()> {
    let Document { result, decision, because, differences, not_checked, .. } = document;
    for difference in differences {
        writeln!(out, "  {difference}")?;
    }
    for what in not_checked {
        writeln!(out, "NOT CHECKED {what}")?;
    }
    if let Some(decision) = decision {
        writeln!(out, "decision    {}", neutral(decision))?;
    }
    writeln!(out, "{}: {because}", result.word())
}
