//! gosec's JSON (`gosec -fmt json ./...`).
//!
//! Results that `#nosec` silenced are among the others with `-track-suppressions`, and marked. The code that gosec quotes may
//! hold a credential.

use serde::Deserialize;

use super::terms::{cwe, is_about_credentials, snippet, title, without_quoted};
use super::wire::{Dict, Element, Flag, List, Number, OneOrMany, Part, Text, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "gosec",
    title: "gosec JSON",
    docs: "https://github.com/securego/gosec#output-formats",
    produce: "gosec -fmt json -out gosec.json ./...",
    seen: "2.0 to 2.22",
    checks: &[Check::Sast],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("Issues");
    head.has("Issues")
        && (head.has("GosecVersion")
            || head.has("Golang errors")
            || head.key("Stats").has("nosec")
            || (first.has("rule_id") && first.has("details")))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.issues.demand(FORMAT.id, "Issues")?;
    let mut parsed = Parsed::new("gosec", FORMAT.checks);
    parsed.tool.version = report.version.untrusted();
    for (file, errors) in &report.errors.0 {
        let file = if file.is_empty() { "a package" } else { file };
        let reason = errors.0.sound().find_map(|error| error.error.get()).unwrap_or("for an unknown reason");
        parsed.degrade(ScanState::Partial, title(&format!("{file} was not read whole: {reason}")));
    }
    if report.stats.get().is_some_and(|stats| stats.files.whole() == Some(0)) {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no file");
    }
    results(report.issues, FORMAT.id, "/Issues", &mut parsed, observe)?;
    Ok(parsed)
}

fn observe(issue: &Issue<'_>) -> Result<Element, String> {
    let rule = issue.rule_id.demand("rule_id")?;
    let word = issue.severity.get();
    let class = issue.cwe.get();
    let cwes: Vec<Untrusted> = class.and_then(|class| cwe(class.id.get()?)).into_iter().collect();
    let sensitive = is_about_credentials(&cwes) || rule == "G101";
    let message = issue.details.get().unwrap_or(rule);
    let (line, end_line) = lines(issue.line.get().unwrap_or_default());
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: rule.into(), name: None, url: class.and_then(|class| class.url.untrusted()) },
        cwes,
        severity_raw: issue.severity.untrusted(),
        title: title(&if sensitive { without_quoted(message) } else { message.into() }),
        location: Location {
            path: issue.file.untrusted(),
            line,
            column: issue.column.position(),
            end_line,
            ..Location::default()
        },
        confidence: issue.confidence.untrusted(),
        suppression: suppression(issue),
        snippet: if sensitive { None } else { snippet(&flagged(issue.code.get().unwrap_or_default(), line, end_line)) },
        ..Observation::new(
            Kind::Weakness,
            rule,
            Severity::from_word(word.unwrap_or_default()),
            if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None },
        )
    })))
}

/// First and last line of `79` or `12-14`.
fn lines(text: &str) -> (Option<u64>, Option<u64>) {
    let number = |text: &str| text.trim().parse().ok().filter(|line| *line > 0);
    match text.split_once('-') {
        Some((first, last)) => (number(first), number(last)),
        None => (number(text), None),
    }
}

/// The flagged lines of code that stands there with line numbers and neighbours; older versions quote the line alone.
fn flagged(code: &str, line: Option<u64>, end_line: Option<u64>) -> String {
    let numbered = |row: &str| -> Option<(u64, usize)> {
        let at = row.find(": ")?;
        Some((row.get(..at)?.trim().parse().ok()?, at + 2))
    };
    let Some(first) = line.filter(|_| code.lines().any(|row| numbered(row).is_some())) else { return code.to_owned() };
    let rows = code.lines().filter_map(|row| {
        let (number, at) = numbered(row)?;
        (first..=end_line.unwrap_or(first)).contains(&number).then(|| row.get(at..))?
    });
    rows.collect::<Vec<_>>().join("\n")
}

fn suppression(issue: &Issue<'_>) -> Option<Suppression> {
    let said = issue.suppressions.sound().next();
    if said.is_none() && !issue.nosec.is_set() {
        return None;
    }
    let by = match said.and_then(|said| said.kind.get()) {
        Some("external") => SuppressedBy::Scanner,
        _ => SuppressedBy::Source,
    };
    Some(Suppression { by, reason: said.and_then(|said| said.justification.untrusted()) })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow, rename = "Golang errors")]
    errors: Dict<'a, OneOrMany<GolangError<'a>>>,
    #[serde(rename = "Issues")]
    issues: List<Issue<'a>>,
    #[serde(rename = "Stats")]
    stats: Part<Stats>,
    #[serde(rename = "GosecVersion")]
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GolangError<'a> {
    #[serde(borrow)]
    error: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Stats {
    files: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Issue<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    confidence: Text<'a>,
    cwe: Part<Class<'a>>,
    rule_id: Text<'a>,
    details: Text<'a>,
    file: Text<'a>,
    code: Text<'a>,
    line: Text<'a>,
    column: Number,
    nosec: Flag,
    suppressions: List<Said<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Class<'a> {
    #[serde(borrow, alias = "ID")]
    id: Text<'a>,
    #[serde(alias = "URL")]
    url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    justification: Text<'a>,
}
