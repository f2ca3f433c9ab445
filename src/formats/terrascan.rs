//! Terrascan's JSON (`terrascan scan -o json`).

use serde::Deserialize;

use super::terms::{instant, title};
use super::wire::{Element, List, Number, OneOrMany, Part, Text, demand_readable, no_results, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "terrascan",
    title: "Terrascan JSON",
    docs: "https://runterrascan.io/docs/usage/command_line_mode/",
    produce: "terrascan scan -o json > terrascan.json",
    seen: "1.3 to 1.19",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let results = head.key("results");
    results.has("scan_summary") || (results.has("violations") && results.has("skipped_violations"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    let Part(Some(scan)) = report.results else {
        return Err(no_results(FORMAT.id, "there is no `results`"));
    };
    scan.violations.demand(FORMAT.id, "results.violations")?;
    let mut parsed = Parsed::new("Terrascan", FORMAT.checks);
    if let Some(summary) = scan.scan_summary.get() {
        parsed.finished_at = instant(summary.scanned_at.get());
        if summary.policies_validated.whole() == Some(0) {
            parsed.degrade(ScanState::Partial, "nothing was scanned: no policy was validated");
        }
    }
    demand_readable(&scan.scan_errors.0, "scan_errors", &mut parsed);
    for error in scan.scan_errors.0.sound() {
        let message = error.message.get().unwrap_or("an error without a message");
        if !is_absence(message) {
            parsed.degrade(ScanState::Partial, title(message));
        }
    }
    results(scan.violations, FORMAT.id, "/results/violations", &mut parsed, |violation| {
        observe(violation).map(|observation| Element::Result(Box::new(observation)))
    })?;
    results(scan.skipped_violations, FORMAT.id, "/results/skipped_violations", &mut parsed, |violation| {
        let suppression = Some(Suppression { by: SuppressedBy::Source, reason: violation.skip_comment.untrusted() });
        Ok(Element::Apart(Box::new(Observation { suppression, ..observe(violation)? })))
    })?;
    Ok(parsed)
}

/// Terrascan looks for every kind of file that it knows and calls it an error where there is none of a kind.
fn is_absence(message: &str) -> bool {
    const ABSENCES: &[&str] = &[
        "files not found in the directory",
        "file not found in the directory",
        "has no terraform config files",
        "no helm charts found",
        "Dockerfile not found",
    ];
    ABSENCES.iter().any(|absence| message.contains(absence))
}

fn observe(violation: &Violation<'_>) -> Result<Observation, String> {
    let rule = violation.rule_id.get().or(violation.rule_name.get()).ok_or("has no `rule_id`")?;
    let word = violation.severity.get();
    let parts = [&violation.module_name, &violation.resource_type, &violation.resource_name];
    let parts = parts.into_iter().filter_map(Text::get).filter(|part| *part != "root");
    let resource = parts.collect::<Vec<_>>().join(".");
    Ok(Observation {
        rule: Rule { id: rule.into(), name: violation.rule_name.untrusted(), url: None },
        severity_raw: violation.severity.untrusted(),
        title: title(violation.description.get().unwrap_or(rule)),
        location: Location {
            path: violation.file.untrusted(),
            line: violation.line.position(),
            resource: (!resource.is_empty()).then(|| resource.into()),
            ..Location::default()
        },
        ..Observation::new(
            Kind::Misconfiguration,
            rule,
            Severity::from_word(word.unwrap_or_default()),
            if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None },
        )
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    results: Part<Scan<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scan<'a> {
    #[serde(borrow)]
    scan_errors: OneOrMany<ScanError<'a>>,
    violations: List<Violation<'a>>,
    skipped_violations: List<Violation<'a>>,
    scan_summary: Part<Summary<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ScanError<'a> {
    #[serde(borrow, rename = "errMsg")]
    message: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary<'a> {
    #[serde(borrow)]
    scanned_at: Text<'a>,
    policies_validated: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Violation<'a> {
    #[serde(borrow)]
    rule_id: Text<'a>,
    rule_name: Text<'a>,
    description: Text<'a>,
    severity: Text<'a>,
    resource_name: Text<'a>,
    resource_type: Text<'a>,
    module_name: Text<'a>,
    file: Text<'a>,
    line: Number,
    skip_comment: Text<'a>,
}
