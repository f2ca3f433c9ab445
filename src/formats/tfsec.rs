//! tfsec's JSON (`tfsec -f json`). Passed and ignored checks may be among its results.

use serde::Deserialize;

use super::terms::title;
use super::wire::{Element, Flag, List, Number, Part, Text, Texts, demand_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "tfsec",
    title: "tfsec JSON",
    docs: "https://aquasecurity.github.io/tfsec/latest/guides/configuration/output_options/",
    produce: "tfsec . -f json --out tfsec.json",
    seen: "0.36 to 1.28",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("results");
    first.has("rule_id") && first.key("location").has("filename")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.results.demand(FORMAT.id, "results")?;
    let mut parsed = Parsed::new("tfsec", FORMAT.checks);
    results(report.results, FORMAT.id, "/results", &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn observe(result: &Checked<'_>) -> Result<Element, String> {
    let rule = result.long_id.get().or(result.rule_id.get()).ok_or("has no `rule_id`")?;
    let place = result.location.get().ok_or("has no `location`")?;
    let word = result.severity.get();
    let observation = Observation {
        rule: Rule {
            id: rule.into(),
            name: result.rule_description.untrusted(),
            url: result.links.iter().next().or(result.link.get()).map(Untrusted::from),
        },
        severity_raw: result.severity.untrusted(),
        title: title(result.description.get().or(result.rule_description.get()).unwrap_or(rule)),
        location: Location {
            path: place.filename.untrusted(),
            line: place.start_line.position(),
            end_line: place.end_line.position(),
            resource: result.resource.untrusted(),
            ..Location::default()
        },
        ..Observation::new(
            Kind::Misconfiguration,
            rule,
            Severity::from_word(word.unwrap_or_default()),
            if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None },
        )
    };
    // Failed, passed and ignored are 0, 1 and 2 in newer versions, words or a flag in older ones.
    Ok(match result.status.get() {
        Some("1" | "passed") => Element::NoResult,
        Some("2" | "ignored") => {
            let suppression = Some(Suppression { by: SuppressedBy::Source, reason: None });
            Element::Apart(Box::new(Observation { suppression, ..observation }))
        }
        _ if result.passed.is_set() => Element::NoResult,
        _ => Element::Result(Box::new(observation)),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    results: List<Checked<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Checked<'a> {
    #[serde(borrow)]
    rule_id: Text<'a>,
    long_id: Text<'a>,
    rule_description: Text<'a>,
    description: Text<'a>,
    severity: Text<'a>,
    status: Text<'a>,
    passed: Flag,
    links: Texts<'a>,
    link: Text<'a>,
    resource: Text<'a>,
    location: Part<Place<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    start_line: Number,
    end_line: Number,
}
