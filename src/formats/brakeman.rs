//! Brakeman's JSON (`brakeman -f json`).
//!
//! Brakeman has no severities: its confidence stands in for one. Warnings that its ignore file names are listed apart. The
//! code that it quotes may hold a credential.

use serde::Deserialize;

use super::terms::{cwe, instant, is_about_credentials, snippet, title, without_quoted};
use super::wire::{Element, List, Number, OneOrMany, Part, Text, Texts, demand_readable, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "brakeman",
    title: "Brakeman JSON",
    docs: "https://brakemanscanner.org/docs/jenkins/",
    produce: "brakeman -f json -o brakeman.json",
    seen: "4.7 to 6.2",
    checks: &[Check::Sast],
    detect,
    parse,
};

/// Checks whose code is a credential.
const CREDENTIALS: &[&str] = &["BasicAuth", "SessionSettings", "Secrets"];

fn detect(head: &Head<'_>) -> bool {
    head.has("warnings") && (head.key("scan_info").has("brakeman_version") || head.has("ignored_warnings"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.warnings.demand(FORMAT.id, "warnings")?;
    let mut parsed = Parsed::new("Brakeman", FORMAT.checks);
    if let Some(scan) = report.scan_info.get() {
        parsed.tool.version = scan.brakeman_version.untrusted();
        parsed.finished_at = instant(scan.end_time.get());
    }
    demand_readable(&report.errors.0, "errors", &mut parsed);
    for error in report.errors.0.sound() {
        let reason = error.error.get().unwrap_or("for an unknown reason");
        parsed.degrade(ScanState::Partial, title(&format!("something was not read: {reason}")));
    }
    results(report.warnings, FORMAT.id, "/warnings", &mut parsed, |warning| {
        observe(warning).map(|observation| Element::Result(Box::new(observation)))
    })?;
    results(report.ignored_warnings, FORMAT.id, "/ignored_warnings", &mut parsed, |warning| {
        let suppression = Some(Suppression { by: SuppressedBy::Scanner, reason: warning.note.untrusted() });
        Ok(Element::Apart(Box::new(Observation { suppression, ..observe(warning)? })))
    })?;
    Ok(parsed)
}

fn observe(warning: &Warning<'_>) -> Result<Observation, String> {
    let rule = warning.check_name.get().or(warning.warning_type.get()).ok_or("has no `check_name`")?;
    let (severity, source) = match warning.confidence.get() {
        Some("High") => (Severity::High, SeveritySource::Format),
        Some("Medium") => (Severity::Medium, SeveritySource::Format),
        Some("Weak" | "Low") => (Severity::Low, SeveritySource::Format),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    let cwes: Vec<Untrusted> = warning.cwe_id.iter().filter_map(cwe).collect();
    let sensitive = is_about_credentials(&cwes) || CREDENTIALS.contains(&rule);
    let message = warning.message.get().unwrap_or(rule);
    Ok(Observation {
        rule: Rule { id: rule.into(), name: warning.warning_type.untrusted(), url: warning.link.untrusted() },
        cwes,
        severity_raw: warning.confidence.untrusted(),
        title: title(&if sensitive { without_quoted(message) } else { message.into() }),
        location: Location { path: warning.file.untrusted(), line: warning.line.position(), ..Location::default() },
        confidence: warning.confidence.untrusted(),
        tool_fingerprint: if sensitive { None } else { warning.fingerprint.untrusted() },
        snippet: if sensitive { None } else { warning.code.get().and_then(snippet) },
        ..Observation::new(Kind::Weakness, rule, severity, source)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    scan_info: Part<Scan<'a>>,
    warnings: List<Warning<'a>>,
    ignored_warnings: List<Warning<'a>>,
    errors: OneOrMany<Error<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scan<'a> {
    #[serde(borrow)]
    brakeman_version: Text<'a>,
    end_time: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Error<'a> {
    #[serde(borrow)]
    error: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Warning<'a> {
    #[serde(borrow)]
    warning_type: Text<'a>,
    check_name: Text<'a>,
    fingerprint: Text<'a>,
    message: Text<'a>,
    file: Text<'a>,
    line: Number,
    link: Text<'a>,
    code: Text<'a>,
    confidence: Text<'a>,
    cwe_id: Texts<'a>,
    note: Text<'a>,
}
