//! Kubescape's JSON (`kubescape scan --format json --format-version v2`): one result for each resource and failed control.
//!
//! The objects that it quotes may hold anything and are not read.

use std::collections::HashMap;

use serde::Deserialize;

use super::terms::{instant, title};
use super::wire::{Dict, Element, List, Named, Number, Part, Record, Text, not_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "kubescape",
    title: "Kubescape JSON",
    docs: "https://kubescape.io/docs/",
    produce: "kubescape scan . --format json --output kubescape.json",
    seen: "2 and 3",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    head.key("summaryDetails").is_object() && (head.has("results") || head.has("resources"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.results.demand(FORMAT.id, "results")?;
    let mut parsed = Parsed::new("Kubescape", FORMAT.checks);
    parsed.tool.version =
        report.metadata.get().and_then(|metadata| metadata.scan.get()).and_then(|scan| scan.version.untrusted());
    // Some versions write the year 1 here.
    parsed.finished_at = instant(report.generated.get()).filter(|instant| instant.unix_seconds() > 0);
    let paths: HashMap<&str, &str> = report
        .resources
        .sound()
        .filter_map(|resource| Some((resource.id.get()?, resource.source.get()?.path.get()?)))
        .collect();
    let factors: HashMap<&str, Number> = report
        .summary
        .get()
        .into_iter()
        .flat_map(|summary| &summary.controls.0)
        .filter_map(|(id, control)| Some((id.as_ref(), control.get()?.factor)))
        .collect();
    for (index, record) in report.results.into_records().into_iter().enumerate() {
        let at = format!("/results/{index}");
        let (resource, controls) = match record {
            Record::Sound(Scanned { resource, controls }) => (resource, controls),
            Record::Odd(odd) => {
                not_understood(&mut parsed, at, format!("should be an object and is {odd}"));
                continue;
            }
        };
        let Some(resource) = resource.get() else {
            not_understood(&mut parsed, at, "has no `resourceID`");
            continue;
        };
        let place = Location {
            path: paths.get(resource).copied().map(Untrusted::from),
            resource: Some(resource.into()),
            ..Location::default()
        };
        results(controls, FORMAT.id, &format!("{at}/controls"), &mut parsed, |control| {
            let factor = control.id.get().and_then(|id| factors.get(id)).and_then(|factor| factor.real());
            observe(control, factor, &place)
        })?;
    }
    Ok(parsed)
}

fn observe(control: &Control<'_>, factor: Option<f64>, place: &Location) -> Result<Element, String> {
    let rule = control.id.demand("controlID")?;
    let (status, sub_status) = match &control.status {
        Named::Sound(status) => (status.status.get(), status.sub_status.get()),
        Named::Name(status) => (Some(status.as_ref()), None),
        Named::Absent => (None, None),
    };
    // Older versions say it for the rules of a control only.
    let failed = || control.rules.sound().any(|rule| rule.status.get() == Some("failed"));
    let inferred = || (!control.rules.is_empty()).then(|| if failed() { "failed" } else { "passed" });
    let is_excepted = sub_status.is_some_and(|sub| sub.contains("exception"));
    let (severity, source) = severity(factor);
    let observation = Observation {
        rule: Rule { id: rule.into(), name: control.name.untrusted(), url: None },
        severity_raw: factor.map(|factor| factor.to_string().into()),
        title: title(control.name.get().unwrap_or(rule)),
        location: place.clone(),
        ..Observation::new(Kind::Misconfiguration, rule, severity, source)
    };
    match status.or_else(inferred) {
        Some("failed") => Ok(Element::Result(Box::new(observation))),
        Some("passed" | "excluded") if is_excepted => {
            let suppression = Some(Suppression { by: SuppressedBy::Scanner, reason: None });
            Ok(Element::Apart(Box::new(Observation { suppression, ..observation })))
        }
        Some("passed" | "skipped" | "irrelevant" | "excluded") => Ok(Element::NoResult),
        Some(other) => Err(format!("has the status `{other}`")),
        None => Err("has no `status`".to_owned()),
    }
}

/// The bands into which Kubescape itself puts the score factor of a control.
fn severity(factor: Option<f64>) -> (Severity, SeveritySource) {
    let severity = match factor {
        Some(factor) if factor >= 9.0 => Severity::Critical,
        Some(factor) if factor >= 7.0 => Severity::High,
        Some(factor) if factor >= 4.0 => Severity::Medium,
        Some(factor) if factor >= 1.0 => Severity::Low,
        _ => return (Severity::Unknown, SeveritySource::None),
    };
    (severity, SeveritySource::Format)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow, rename = "generationTime")]
    generated: Text<'a>,
    #[serde(rename = "summaryDetails")]
    summary: Part<Summary<'a>>,
    resources: List<Resource<'a>>,
    results: List<Scanned<'a>>,
    metadata: Part<Metadata<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary<'a> {
    #[serde(borrow)]
    controls: Dict<'a, Part<Summed>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summed {
    #[serde(rename = "scoreFactor")]
    factor: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow, rename = "resourceID")]
    id: Text<'a>,
    source: Part<Source<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow, rename = "relativePath")]
    path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scanned<'a> {
    #[serde(borrow, rename = "resourceID")]
    resource: Text<'a>,
    controls: List<Control<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Control<'a> {
    #[serde(borrow, rename = "controlID")]
    id: Text<'a>,
    name: Text<'a>,
    status: Named<'a, Status<'a>>,
    rules: List<RuleOf<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Status<'a> {
    #[serde(borrow)]
    status: Text<'a>,
    #[serde(rename = "subStatus")]
    sub_status: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct RuleOf<'a> {
    #[serde(borrow)]
    status: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow, rename = "scanMetadata")]
    scan: Part<Scan<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scan<'a> {
    #[serde(borrow, rename = "kubescapeVersion")]
    version: Text<'a>,
}
