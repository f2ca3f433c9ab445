//! Conftest's JSON (`conftest test -o json`). A policy's exception is listed apart from failures and warnings.

use serde::Deserialize;

use super::terms::title;
use super::wire::{Element, List, Number, Part, Record, Text, demand_understood, not_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "conftest",
    title: "Conftest JSON",
    docs: "https://www.conftest.dev/output/",
    produce: "conftest test deploy -o json > conftest.json",
    seen: "0.21 to 0.60",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.root().first();
    !head.is_stream()
        && first.has("filename")
        && (first.has("successes") || first.has("failures") || (first.has("namespace") && first.has("warnings")))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let files: List<File<'_>> = read(text, FORMAT.id)?;
    files.demand(FORMAT.id, "list of files")?;
    let mut parsed = Parsed::new("Conftest", FORMAT.checks);
    for (index, record) in files.into_records().into_iter().enumerate() {
        match record {
            Record::Sound(file) => read_file(file, &format!("/{index}"), &mut parsed)?,
            Record::Odd(odd) => {
                not_understood(&mut parsed, format!("/{index}"), format!("should be a file and is {odd}"))
            }
        }
    }
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn read_file(file: File<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let says_nothing = file.failures.is_empty() && file.warnings.is_empty() && file.exceptions.is_empty();
    let (Some(path), false) = (file.filename.get(), says_nothing && file.successes.whole().is_none()) else {
        not_understood(parsed, at.to_owned(), "has no `filename` or no results");
        return Ok(());
    };
    let namespace = file.namespace.get().unwrap_or("main");
    for (list, key, rule, severity) in [
        (file.failures, "failures", "deny", Severity::High),
        (file.warnings, "warnings", "warn", Severity::Medium),
        (file.exceptions, "exceptions", "exception", Severity::Unknown),
    ] {
        results(list, FORMAT.id, &format!("{at}/{key}"), parsed, |result| {
            let message = result.message.demand("msg")?;
            let query = result.metadata.get().and_then(|metadata| metadata.query.get()?.strip_prefix("data."));
            let rule = query.map_or_else(|| format!("{namespace}.{rule}"), str::to_owned);
            let is_exception = key == "exceptions";
            let source = if is_exception { SeveritySource::None } else { SeveritySource::Level };
            let observation = Box::new(Observation {
                severity_raw: key.strip_suffix('s').map(Into::into),
                title: title(message),
                location: Location { path: Some(path.into()), ..Location::default() },
                suppression: is_exception.then_some(Suppression { by: SuppressedBy::Scanner, reason: None }),
                ..Observation::new(Kind::Misconfiguration, rule, severity, source)
            });
            Ok(if is_exception { Element::Apart(observation) } else { Element::Result(observation) })
        })?;
    }
    Ok(())
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    namespace: Text<'a>,
    successes: Number,
    failures: List<Tested<'a>>,
    warnings: List<Tested<'a>>,
    exceptions: List<Tested<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tested<'a> {
    #[serde(borrow, rename = "msg")]
    message: Text<'a>,
    metadata: Part<Metadata<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    query: Text<'a>,
}
