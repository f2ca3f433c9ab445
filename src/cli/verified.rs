//! What a verification found, for people, programs and test reports.
//!
//! What must stay true: what is shown of evidence was verified or is said to have failed, and the worst of many is the exit code.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::error::CliError;
use super::junit::{self, Case, Suite};
use super::verify::VerifyOutput;
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{Step, StepState, Verdict, Verification, Verified};
use crate::model::text::neutral;
use crate::render;

/// The schema tag of one verification.
pub const SCHEMA: &str = "countersign/verification/v1";

/// The schema tag of many.
pub const MANY: &str = "countersign/verifications/v1";

/// A folder, and what came of it.
#[derive(Debug)]
pub(super) struct Checked {
    pub(super) place: PathBuf,
    pub(super) result: Result<Verification, CliError>,
}

impl Checked {
    fn word(&self) -> &'static str {
        match &self.result {
            Ok(verification) => verification.verdict.word(),
            Err(_) => "unreadable",
        }
    }

    fn shown(&self) -> String {
        neutral(&self.place.to_string_lossy()).into_owned()
    }
}

/// The worst of all: 3 where one could not be read, 1 where one failed, 5 where one is incomplete.
pub(super) fn exit_code(checked: &[Checked]) -> u8 {
    let rank = |code: u8| match code {
        0 => 0,
        5 => 1,
        1 => 2,
        other => other.saturating_add(10),
    };
    let code = |one: &Checked| match &one.result {
        Ok(verification) => verification.verdict.exit_code(),
        Err(error) => error.exit.code(),
    };
    checked.iter().map(code).max_by_key(|code| rank(*code)).unwrap_or(0)
}

/// One folder.
pub(super) fn write_one(
    place: &Path,
    verification: &Verification,
    output: VerifyOutput,
    out: &mut Vec<u8>,
) -> io::Result<()> {
    match output {
        VerifyOutput::Human => text(verification, out),
        VerifyOutput::Json => render::json::document(&Document::from(verification), out),
        VerifyOutput::Junit => {
            let name = place.to_string_lossy();
            out.extend(junit::document(&[Suite { name: &name, cases: cases(&name, verification) }])?);
            Ok(())
        }
    }
}

/// Many folders.
pub(super) fn write_all(checked: &[Checked], output: VerifyOutput, out: &mut Vec<u8>) -> io::Result<()> {
    match output {
        VerifyOutput::Human => lines(checked, out),
        VerifyOutput::Json => render::json::document(&Documents::from(checked), out),
        VerifyOutput::Junit => {
            let names: Vec<String> = checked.iter().map(Checked::shown).collect();
            let suites = checked.iter().zip(&names).map(|(one, name)| Suite { name, cases: all_cases(name, one) });
            out.extend(junit::document(&suites.collect::<Vec<_>>())?);
            Ok(())
        }
    }
}

/// `verify --output json` of one folder.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Document<'a> {
    schema: &'static str,
    result: Verdict,
    exit_code: u8,
    steps: &'a [Step],
    statement: Option<&'a Verified<Statement<GateDecision>>>,
}

impl<'a> From<&'a Verification> for Document<'a> {
    fn from(verification: &'a Verification) -> Self {
        let Verification { steps, verdict, statement, key: _ } = verification;
        let exit_code = verdict.exit_code();
        Self { schema: SCHEMA, result: *verdict, exit_code, steps, statement: statement.as_ref() }
    }
}

/// `verify --output json` of many.
#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Documents<'a> {
    schema: &'static str,
    exit_code: u8,
    counts: Counts,
    evidence: Vec<Entry<'a>>,
}

#[derive(Clone, Copy, Default, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Counts {
    verified: usize,
    failed: usize,
    incomplete: usize,
    unreadable: usize,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
struct Entry<'a> {
    place: String,
    result: &'static str,
    error: Option<String>,
    steps: &'a [Step],
    statement: Option<&'a Verified<Statement<GateDecision>>>,
}

impl Counts {
    fn of(checked: &[Checked]) -> Self {
        let count = |word: &str| checked.iter().filter(|one| one.word() == word).count();
        Self {
            verified: count(Verdict::Verified.word()),
            failed: count(Verdict::Failed.word()),
            incomplete: count(Verdict::Incomplete.word()),
            unreadable: count("unreadable"),
        }
    }
}

impl<'a> From<&'a [Checked]> for Documents<'a> {
    fn from(checked: &'a [Checked]) -> Self {
        let entry = |one: &'a Checked| {
            let verification = one.result.as_ref().ok();
            Entry {
                place: one.shown(),
                result: one.word(),
                error: one.result.as_ref().err().map(|error| neutral(&error.to_string()).into_owned()),
                steps: verification.map(|verification| verification.steps.as_slice()).unwrap_or_default(),
                statement: verification.and_then(|verification| verification.statement.as_ref()),
            }
        };
        let evidence = checked.iter().map(entry).collect();
        Self { schema: MANY, exit_code: exit_code(checked), counts: Counts::of(checked), evidence }
    }
}

fn text(verification: &Verification, out: &mut Vec<u8>) -> io::Result<()> {
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

/// A line for each folder, what did not verify with its reason, and the sums.
fn lines(checked: &[Checked], out: &mut Vec<u8>) -> io::Result<()> {
    for one in checked {
        let about = match &one.result {
            Err(error) => format!("UNREADABLE: {}", neutral(&error.to_string())),
            Ok(verification) => {
                let decision = verification.statement.as_ref().map(|statement| &statement.predicate);
                let said = decision.map(|decision| {
                    let environment = decision.target.environment.line();
                    format!("  {} for {environment}, at {}", decision.outcome.word(), decision.evaluation_time)
                });
                format!("{}{}", conclusion(verification), said.unwrap_or_default())
            }
        };
        writeln!(out, "{}  {about}", one.shown())?;
    }
    let Counts { verified, failed, incomplete, unreadable } = Counts::of(checked);
    writeln!(out)?;
    writeln!(
        out,
        "{} folders: {verified} verified, {failed} failed, {incomplete} incomplete, {unreadable} unreadable",
        checked.len()
    )
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

fn all_cases<'a>(name: &'a str, one: &'a Checked) -> Vec<Case<'a>> {
    match &one.result {
        Ok(verification) => cases(name, verification),
        Err(error) => {
            vec![Case { class: name, name: "read".to_owned(), fault: Some(("error", error.to_string())) }]
        }
    }
}

/// A case for each step; what is required and was not checked is a failure, what is not is skipped.
fn cases<'a>(name: &'a str, verification: &'a Verification) -> Vec<Case<'a>> {
    let case = |step: &'a Step| {
        let word = match (step.state, step.required) {
            (StepState::Pass, _) => None,
            (StepState::Fail, _) | (StepState::NotChecked, true) => Some("failure"),
            (StepState::NotChecked, false) => Some("skipped"),
        };
        let told = |word| (word, format!("{}: {}", step.state.words(), step.detail));
        Case { class: name, name: step.name.to_owned(), fault: word.map(told) }
    };
    verification.steps.iter().map(case).collect()
}
