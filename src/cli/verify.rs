//! `verify`: check an evidence folder, and say step by step what holds.
//!
//! What must stay true: what cannot be read is an error with its own exit code, never a step that passed; and nothing of the
//! evidence is shown but what was verified.

use std::io::{self as stdio, Write};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use super::error::CliError;
use super::replay::{self, Again};
use super::{evidence, io};
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{Demands, Folder, Step, StepState, Verdict, Verification, Verified, verify};
use crate::model::digest::Digest;
use crate::model::text::neutral;
use crate::render;
use crate::replay::Comparison;

/// The schema tag of `verify --output json`.
pub const SCHEMA: &str = "countersign/verification/v1";

/// What was asked for, as it was typed.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The folder, or the envelope in it.
    pub evidence: &'a Path,
    /// The public key.
    pub key: &'a Path,
    /// A file, or `sha256:…`.
    pub subject: Option<&'a str>,
    /// Accept a block, an error and an audit.
    pub any_outcome: bool,
    /// Accept a decision at a given instant.
    pub allow_pinned_clock: bool,
    /// The environment that it must be for.
    pub environment: Option<&'a str>,
    /// The id of the gate that must have decided.
    pub gate: Option<&'a str>,
    /// The repository that it must be about.
    pub repository: Option<&'a str>,
    /// The ref that the run must have been on.
    pub git_ref: Option<&'a str>,
    /// The digest that its policies must have.
    pub policy: Option<&'a str>,
    /// The oldest decision that counts: `90m`, `24h`, `7d`.
    pub max_age: Option<&'a str>,
    /// The least assurance level.
    pub least_assurance: Option<u8>,
    /// Decide again, too, within this time.
    pub replay: Option<Duration>,
    /// JSON instead of text.
    pub json: bool,
}

/// Verifies, prints, and gives the exit code: 0 verified, 1 failed, 5 incomplete.
///
/// # Errors
/// A demand that cannot be understood: exit 2. A folder, key or subject that cannot be read: exit 3.
pub fn run(asked: &Asked<'_>, out: &mut dyn Write) -> Result<u8, CliError> {
    let key = evidence::public_key(asked.key)?;
    let demands = Demands {
        key: &key,
        subject: asked.subject.map(subject).transpose()?,
        any_outcome: asked.any_outcome,
        allow_pinned_clock: asked.allow_pinned_clock,
        environment: asked.environment,
        gate: asked.gate,
        repository: asked.repository,
        git_ref: asked.git_ref,
        policy_digest: asked.policy.map(policy_digest).transpose()?,
        least_assurance: asked.least_assurance,
        max_age_seconds: asked.max_age.map(age).transpose()?,
        now: io::now()?,
    };
    let folder = evidence::read(asked.evidence)?;
    let mut verification = verify(&folder, &demands);
    if let Some(limit) = asked.replay {
        verification = replayed(verification, &folder, limit)?;
    }
    let written =
        if asked.json { render::json::document(&Document::from(&verification), out) } else { text(&verification, out) };
    written.map_err(|error| CliError::internal(format!("the output: {error}")))?;
    Ok(verification.verdict.exit_code())
}

/// Adds the step of deciding again; evidence that failed already is not replayed.
fn replayed(verification: Verification, folder: &Folder, limit: Duration) -> Result<Verification, CliError> {
    let Some(statement) = verification.statement.as_ref().filter(|_| verification.verdict != Verdict::Failed) else {
        return Ok(verification);
    };
    let (state, detail) = match replay::again(statement, folder, limit)? {
        Again::Cannot(why) => (StepState::NotChecked, why),
        Again::Compared(Comparison::Different(differences)) => (StepState::Fail, differences.join("; ")),
        Again::Compared(same) => (StepState::Pass, replay::words(&same)),
    };
    Ok(verification.replayed(state, &detail))
}

/// What is to be deployed: a digest, or a file's.
fn subject(text: &str) -> Result<Digest, CliError> {
    if text.starts_with("sha256:") {
        return text.parse().map_err(|fault| CliError::usage(format!("--subject {text}: {fault}")));
    }
    evidence::digest_of_file(Path::new(text))
        .map_err(|fault| fault.hint("--subject takes a file, or sha256: and 64 lower-case hexadecimal digits"))
}

fn policy_digest(text: &str) -> Result<Digest, CliError> {
    text.parse().map_err(|fault| CliError::usage(format!("--policy {text}: {fault}")))
}

/// Seconds of an age such as `90m`, `24h` or `7d`.
fn age(text: &str) -> Result<i64, CliError> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];
    let seconds = units.into_iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit).filter(|number| number.bytes().all(|b| b.is_ascii_digit()))?;
        number.parse::<i64>().ok()?.checked_mul(seconds)
    });
    seconds.ok_or_else(|| {
        CliError::usage(format!("--max-age {text}: not an age"))
            .hint("a whole number and s, m, h, d or w: 90m, 24h, 7d")
    })
}

/// `verify --output json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    result: Verdict,
    exit_code: u8,
    steps: &'a [Step],
    statement: Option<&'a Verified<Statement<GateDecision>>>,
}

impl<'a> From<&'a Verification> for Document<'a> {
    fn from(verification: &'a Verification) -> Self {
        let Verification { steps, verdict, statement } = verification;
        let exit_code = verdict.exit_code();
        Self { schema: SCHEMA, result: *verdict, exit_code, steps, statement: statement.as_ref() }
    }
}

fn text(verification: &Verification, out: &mut dyn Write) -> stdio::Result<()> {
    for Step { number, name, state, detail, .. } in &verification.steps {
        writeln!(out, "{number:>2}  {name:<13} {:<12} {detail}", state.words())?;
    }
    writeln!(out)?;
    if let Some(statement) = &verification.statement {
        let decision = &statement.predicate;
        writeln!(
            out,
            "decision    {}: {} for {}, at {}",
            decision.decision_id.line(),
            decision.outcome.word(),
            decision.target.environment.line(),
            decision.evaluation_time,
        )?;
        writeln!(out, "gate        {}", decision.gate.id.line())?;
    }
    writeln!(out, "{}", conclusion(verification))
}

/// One line that says the result, and the first step that decided it.
pub(super) fn conclusion(verification: &Verification) -> String {
    let (word, decisive) = match verification.verdict {
        Verdict::Verified => return "VERIFIED".to_owned(),
        Verdict::Failed => ("FAILED", StepState::Fail),
        Verdict::Incomplete => ("INCOMPLETE", StepState::NotChecked),
    };
    let mut steps = verification.steps.iter().filter(|step| step.state == decisive);
    match steps.find(|step| step.required || step.state == StepState::Fail) {
        Some(step) => format!("{word}: step {}, {}: {}", step.number, step.name, neutral(&step.detail)),
        None => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_numbers_with_a_unit() {
        assert_eq!(age("90m"), Ok(5400));
        assert_eq!(age("7d"), Ok(604_800));
        for bad in ["", "d", "24", "-1h", "1.5h", "+2h", "24 h", "99999999999999999w", "é"] {
            assert_eq!(age(bad).unwrap_err().exit.code(), 2, "{bad}");
        }
    }
}
