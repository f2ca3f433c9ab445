//! GitLab's code quality reports, which are Code Climate's issues: a list, or issues with NUL between them.

use std::borrow::Cow;

use serde::Deserialize;

use super::terms::title;
use super::wire::{Element, List, Number, Part, Text, demand_understood, no_results, read_stream, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "gitlab-codequality",
    title: "GitLab code quality (Code Climate)",
    docs: "https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format",
    produce: "the `codequality` artifact of a job; hadolint -f gitlab_codeclimate, ruff --output-format gitlab, …",
    seen: "Code Climate, GitLab, Hadolint, Trivy",
    checks: &[Check::Quality],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_issue = |node: &Node<'_>| {
        node.has("fingerprint")
            && node.key("location").has("path")
            && (node.has("check_name") || node.has("description"))
    };
    is_issue(head.root().first()) || is_issue(head.root())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let text = if text.contains('\0') { Cow::Owned(text.replace('\0', "\n")) } else { Cow::Borrowed(text) };
    let issues: List<Issue<'_>> = read_stream(&text, FORMAT.id)?;
    issues.demand(FORMAT.id, "list of issues")?;
    if text.trim().is_empty() {
        return Err(no_results(FORMAT.id, "there is not even an empty list"));
    }
    let mut parsed = Parsed::new("Code Quality", FORMAT.checks);
    results(issues, FORMAT.id, "", &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn observe(issue: &Issue<'_>) -> Result<Element, String> {
    let place = issue.location.get().ok_or("has no `location`")?;
    let described = issue.description.get().or_else(|| issue.content.get()?.body.get());
    let rule = issue.check_name.get().or(described).ok_or("has neither `check_name` nor `description`")?;
    let (severity, source) = match issue.severity.get().map(str::to_ascii_lowercase).as_deref() {
        Some("blocker") => (Severity::Critical, SeveritySource::Scanner),
        Some("critical") => (Severity::High, SeveritySource::Scanner),
        Some("major") => (Severity::Medium, SeveritySource::Scanner),
        Some("minor") => (Severity::Low, SeveritySource::Scanner),
        Some("info") => (Severity::Info, SeveritySource::Scanner),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    let positions = place.positions.get();
    let begin = positions.and_then(|positions| positions.begin.get());
    let lines = place.lines.get();
    Ok(Element::Result(Box::new(Observation {
        severity_raw: issue.severity.untrusted(),
        title: title(described.unwrap_or(rule)),
        location: Location {
            path: place.path.untrusted(),
            line: begin
                .and_then(|begin| begin.line.position())
                .or_else(|| lines.and_then(|lines| lines.begin.position())),
            column: begin.and_then(|begin| begin.column.position()),
            end_line: lines.and_then(|lines| lines.end.position()),
            ..Location::default()
        },
        tool_fingerprint: issue.fingerprint.untrusted(),
        ..Observation::new(Kind::Quality, rule, severity, source)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Issue<'a> {
    #[serde(borrow)]
    check_name: Text<'a>,
    description: Text<'a>,
    content: Part<Content<'a>>,
    fingerprint: Text<'a>,
    severity: Text<'a>,
    location: Part<Place<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Content<'a> {
    #[serde(borrow)]
    body: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    lines: Part<Lines>,
    positions: Part<Positions>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Lines {
    begin: Number,
    end: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Positions {
    begin: Part<Position>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Position {
    line: Number,
    column: Number,
}
