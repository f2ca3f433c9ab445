//! KICS' JSON (`kics scan -p . --report-formats json`).
//!
//! One result for each file of a query. What KICS found there (`actual_value`, `search_value`) may be a credential and is
//! not read; for secrets its similarity id, a hash without a key, is not read either.

use serde::Deserialize;

use super::terms::{cwe, instant, title};
use super::wire::{Element, List, Number, Record, Text, not_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "kics",
    title: "KICS JSON",
    docs: "https://docs.kics.io/latest/results/#json",
    produce: "kics scan -p . --report-formats json -o .",
    seen: "1.1 to 2.1",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    head.key("queries").is_array()
        && ["severity_counters", "queries_total", "files_scanned"].iter().any(|key| head.has(key))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.queries.demand(FORMAT.id, "queries")?;
    let mut parsed = Parsed::new("KICS", FORMAT.checks);
    parsed.tool.version = report.version.untrusted();
    parsed.finished_at = instant(report.end.get());
    look_at_health(&report, &mut parsed);
    for (index, record) in report.queries.into_records().into_iter().enumerate() {
        let at = format!("/queries/{index}");
        match record {
            Record::Sound(mut query) => match std::mem::take(&mut query.files) {
                List::Absent => not_understood(&mut parsed, at, "has no `files`"),
                files => results(files, FORMAT.id, &format!("{at}/files"), &mut parsed, |file| observe(file, &query))?,
            },
            Record::Odd(odd) => not_understood(&mut parsed, at, format!("should be a query and is {odd}")),
        }
    }
    let read = parsed.observations.len() + parsed.not_understood.len();
    if let Some(said) = report.total.whole().filter(|said| usize::try_from(*said).is_ok_and(|said| said > read)) {
        parsed.degrade(ScanState::Partial, format!("`total_counter` says {said} results and {read} are listed"));
    }
    Ok(parsed)
}

fn look_at_health(report: &Report<'_>, parsed: &mut Parsed) {
    if report.files_scanned.whole() == Some(0) {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no file");
    }
    for (failed, what) in
        [(report.files_failed, "files could not be scanned"), (report.queries_failed, "queries failed")]
    {
        if let Some(count) = failed.whole().filter(|count| *count > 0) {
            parsed.degrade(ScanState::Partial, format!("{count} {what}"));
        }
    }
}

fn observe(file: &File<'_>, query: &Query<'_>) -> Result<Element, String> {
    let rule = query.id.demand("query_id")?;
    let path = file.name.demand("file_name")?;
    let word = query.severity.get();
    let severity = match word {
        Some("TRACE") => Severity::Info,
        word => Severity::from_word(word.unwrap_or_default()),
    };
    let is_secret = query.category.get() == Some("Secret Management") && query.platform.get() == Some("Common");
    let kind = if is_secret { Kind::Secret } else { Kind::Misconfiguration };
    let parts = [file.resource_type.get(), file.resource_name.get().filter(|name| *name != "n/a")];
    let resource = parts.into_iter().flatten().collect::<Vec<_>>().join(".");
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: rule.into(), name: query.name.untrusted(), url: query.url.untrusted() },
        cwes: query.cwe.get().and_then(cwe).into_iter().collect(),
        severity_raw: query.severity.untrusted(),
        title: title(query.name.get().unwrap_or(rule)),
        location: Location {
            path: Some(path.into()),
            line: file.line.position(),
            resource: (!resource.is_empty() && !is_secret).then(|| resource.into()),
            ..Location::default()
        },
        tool_fingerprint: if is_secret { None } else { file.similarity_id.untrusted() },
        ..Observation::new(
            kind,
            rule,
            severity,
            if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None },
        )
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow, rename = "kics_version")]
    version: Text<'a>,
    end: Text<'a>,
    files_scanned: Number,
    #[serde(rename = "files_failed_to_scan")]
    files_failed: Number,
    #[serde(rename = "queries_failed_to_execute")]
    queries_failed: Number,
    queries: List<Query<'a>>,
    #[serde(rename = "total_counter")]
    total: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Query<'a> {
    #[serde(borrow, rename = "query_id")]
    id: Text<'a>,
    #[serde(rename = "query_name")]
    name: Text<'a>,
    #[serde(rename = "query_url")]
    url: Text<'a>,
    severity: Text<'a>,
    platform: Text<'a>,
    category: Text<'a>,
    cwe: Text<'a>,
    files: List<File<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File<'a> {
    #[serde(borrow, rename = "file_name")]
    name: Text<'a>,
    similarity_id: Text<'a>,
    line: Number,
    resource_type: Text<'a>,
    resource_name: Text<'a>,
}
