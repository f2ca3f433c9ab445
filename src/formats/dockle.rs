//! Dockle's JSON (`dockle -f json`). Its alerts quote the image's environment and are not read.

use serde::Deserialize;

use super::terms::{digest, title};
use super::wire::{Element, List, Part, Text, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, Target};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "dockle",
    title: "Dockle JSON",
    docs: "https://github.com/goodwithtech/dockle#get-or-save-the-results-as-json",
    produce: "dockle -f json -o dockle.json IMAGE",
    seen: "0.2 to 0.4",
    checks: &[Check::Image],
    detect,
    parse,
};

/// The checkpoint whose results are credentials in an image.
const CREDENTIALS: &str = "CIS-DI-0010";

fn detect(head: &Head<'_>) -> bool {
    head.key("summary").has("fatal") && head.has("details")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.details.demand(FORMAT.id, "details")?;
    let mut parsed = Parsed::new("Dockle", FORMAT.checks);
    let image = report.image.untrusted().or_else(|| report.metadata.get()?.image.untrusted());
    parsed.target = Target {
        digests: image.iter().filter_map(|image| digest(image.as_raw())).collect(),
        name: image.clone(),
        commit: None,
    };
    let place = Location { image, ..Location::default() };
    results(report.details, FORMAT.id, "/details", &mut parsed, |detail| observe(detail, &place))?;
    Ok(parsed)
}

fn observe(detail: &Detail<'_>, place: &Location) -> Result<Element, String> {
    let code = detail.code.demand("code")?;
    let severity = match detail.level.demand("level")? {
        "FATAL" => Severity::Critical,
        "WARN" => Severity::Medium,
        "INFO" => Severity::Info,
        "PASS" | "IGNORE" | "SKIP" => return Ok(Element::NoResult),
        other => return Err(format!("has the level `{other}`")),
    };
    let kind = if code == CREDENTIALS { Kind::Secret } else { Kind::Misconfiguration };
    let page = format!("https://github.com/goodwithtech/dockle/blob/master/CHECKPOINT.md#{}", code.to_lowercase());
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: code.into(), name: detail.title.untrusted(), url: Some(page.into()) },
        severity_raw: detail.level.untrusted(),
        title: title(detail.title.get().unwrap_or(code)),
        location: place.clone(),
        ..Observation::new(kind, code, severity, SeveritySource::Level)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    image: Text<'a>,
    metadata: Part<Metadata<'a>>,
    details: List<Detail<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    image: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Detail<'a> {
    #[serde(borrow)]
    code: Text<'a>,
    title: Text<'a>,
    level: Text<'a>,
}
