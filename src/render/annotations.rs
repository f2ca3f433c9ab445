//! Annotations beside the code, as commands that a runner's log obeys: GitHub Actions and Azure Pipelines.
//!
//! What must stay true: every line is one command of ours whose values are escaped as the runner reads them, so that no text ends
//! it or starts another; of each kind at most ten, as many as are shown, and the last says how many more there are.
//!
//! Sources: `actions/toolkit` `command.ts` (escapes) and `actions/runner` `ExecutionContext.cs` (ten of a kind and step, 4,096
//! characters); Azure's "Logging commands" and `CommandStringConvertor.cs` of its agent.

use std::io;

use super::about::{self, Point};
use super::{Renderer, Style};
use crate::decision::{Decision, Outcome, VerdictAction};
use crate::model::text::neutral;

pub(super) static GITHUB: Renderer =
    Renderer { id: "github", title: "annotations of GitHub Actions, at most 10 of a kind", write: github };

pub(super) static AZURE: Renderer =
    Renderer { id: "azure", title: "logging commands of Azure Pipelines, at most 10 of a kind", write: azure };

/// Annotations of one kind that a runner shows for a step.
const SHOWN: usize = 10;
/// Characters of one message; GitHub's runner cuts at 4,096.
const LONGEST: usize = 1_000;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Error,
    Warning,
}

/// One annotation; all text in it is neutral.
struct Annotation {
    kind: Kind,
    title: String,
    file: Option<String>,
    line: Option<u64>,
    text: String,
}

fn annotations(decision: &Decision) -> Vec<Annotation> {
    let errors = decision.errors.iter().map(|error| {
        let next = error.hint.as_ref().map(|hint| format!("; next: {hint}")).unwrap_or_default();
        Annotation::new(Kind::Error, "no decision", format!("{}{next}", error.message.line()))
    });
    let points = about::points(decision);
    let verdicts = points.iter().map(|point| of_point(*point, decision));
    let all: Vec<Annotation> = errors.chain(verdicts).collect();
    let (errors, warnings): (Vec<_>, Vec<_>) = all.into_iter().partition(|annotation| annotation.kind == Kind::Error);
    [limited(errors, Kind::Error), limited(warnings, Kind::Warning)].into_iter().flatten().collect()
}

/// The first ones, and one that counts the others, where there are more than are shown.
fn limited(mut all: Vec<Annotation>, kind: Kind) -> Vec<Annotation> {
    if all.len() > SHOWN {
        let more = all.len() - (SHOWN - 1);
        all.truncate(SHOWN - 1);
        all.push(Annotation::new(
            kind,
            "and more",
            format!("{more} more; all of them are in the job summary and the log"),
        ));
    }
    all
}

fn of_point(point: Point<'_>, decision: &Decision) -> Annotation {
    let verdict = point.verdict;
    let kind = match verdict.action {
        VerdictAction::Deny => Kind::Error,
        VerdictAction::Warn => Kind::Warning,
    };
    let next = about::next(verdict, decision).map(|next| format!("; next: {next}")).unwrap_or_default();
    let owner = format!(" (owner: {})", verdict.owner.line());
    let spot = point.spot();
    Annotation {
        file: spot.map(|(path, _)| path.line().into_owned()),
        line: spot.and_then(|(_, line)| line),
        ..Annotation::new(kind, &verdict.rule.line(), format!("{}{next}{owner}", point.sentence()))
    }
}

impl Annotation {
    fn new(kind: Kind, title: &str, text: String) -> Self {
        let text =
            if text.chars().count() > LONGEST { text.chars().take(LONGEST).chain(['…']).collect() } else { text };
        Self { kind, title: format!("countersign: {title}"), file: None, line: None, text: neutral(&text).into_owned() }
    }

    /// `error` or `warning`, as both runners call it.
    const fn word(&self) -> &'static str {
        match self.kind {
            Kind::Error => "error",
            Kind::Warning => "warning",
        }
    }
}

fn github(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let data = |text: &str| escaped(text, &[('\r', "%0D"), ('\n', "%0A")]);
    let property = |text: &str| escaped(text, &[('\r', "%0D"), ('\n', "%0A"), (':', "%3A"), (',', "%2C")]);
    for annotation in annotations(decision) {
        let place = annotation.file.as_deref().map(|file| format!("file={},", property(file))).unwrap_or_default();
        let line = annotation.line.map(|line| format!("line={line},")).unwrap_or_default();
        let (title, text) = (property(&annotation.title), data(&annotation.text));
        writeln!(out, "::{} {place}{line}title={title}::{text}", annotation.word())?;
    }
    writeln!(
        out,
        "::notice title=countersign%3A {}::{}",
        decision.outcome.word(),
        data(&about::tally_and_exceptions(decision))
    )
}

fn azure(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let data = |text: &str| azure_escaped(text, &[('\r', "%0D"), ('\n', "%0A")]);
    let property = |text: &str| azure_escaped(text, &[('\r', "%0D"), ('\n', "%0A"), (']', "%5D"), (';', "%3B")]);
    for annotation in annotations(decision) {
        let place =
            annotation.file.as_deref().map(|file| format!("sourcepath={};", property(file))).unwrap_or_default();
        let line = annotation.line.map(|line| format!("linenumber={line};")).unwrap_or_default();
        let text = data(&format!("{}: {}", annotation.title, annotation.text));
        writeln!(out, "##vso[task.logissue type={};{place}{line}]{text}", annotation.word())?;
    }
    let (tally, outcome) = (data(&about::tally_and_exceptions(decision)), decision.outcome);
    writeln!(out, "##[section]countersign: {}: {tally}", outcome.word())?;
    // Exit codes know success and failure only; this makes the step orange where it does not fail.
    if decision.exit_code == 0 && outcome != Outcome::Pass {
        writeln!(out, "##vso[task.complete result=SucceededWithIssues;]{}", outcome.word())?;
    }
    Ok(())
}

/// Escapes single characters, and `%` as the runner of GitHub reads it.
fn escaped(text: &str, table: &[(char, &str)]) -> String {
    with_escapes(text, "%25", table)
}

/// Escapes single characters, and `%` as the agent of Azure reads it.
fn azure_escaped(text: &str, table: &[(char, &str)]) -> String {
    with_escapes(text, "%AZP25", table)
}

fn with_escapes(text: &str, percent: &str, table: &[(char, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match table.iter().find(|(from, _)| *from == c) {
            _ if c == '%' => out.push_str(percent),
            Some((_, to)) => out.push_str(to),
            None => out.push(c),
        }
    }
    out
}
