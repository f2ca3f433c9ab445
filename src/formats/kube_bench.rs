//! kube-bench's JSON (`kube-bench --json`): the CIS benchmark of a cluster.
//!
//! Newer versions write one object with `Controls`, older ones a list of controls or one after another. What an audit printed
//! is not read.

use serde::Deserialize;

use super::terms::title;
use super::wire::{Element, List, Record, Text, malformed, no_results, not_understood, read_stream, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "kube-bench",
    title: "kube-bench JSON",
    docs: "https://github.com/aquasecurity/kube-bench",
    produce: "kube-bench --json > kube-bench.json",
    seen: "0.2 to 0.10",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_control = |node: &Node<'_>| node.has("node_type") && node.has("tests");
    is_control(head.first("Controls"))
        || (head.key("Controls").is_array() && head.key("Totals").has("total_pass"))
        || is_control(head.root())
        || is_control(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let documents: List<Document<'_>> = read_stream(text, FORMAT.id)?;
    documents.demand(FORMAT.id, "Controls")?;
    if documents.is_empty() {
        return Err(no_results(FORMAT.id, "there is no control in it"));
    }
    let mut parsed = Parsed::new("kube-bench", FORMAT.checks);
    let is_stream = documents.records().len() > 1 || text.trim_start().starts_with('[');
    for (index, record) in documents.into_records().into_iter().enumerate() {
        let at = if is_stream { format!("/{index}") } else { String::new() };
        match record {
            Record::Sound(Document { controls: List::Absent, node_type, tests }) => {
                if matches!(tests, List::Absent) {
                    return Err(no_results(FORMAT.id, "there is neither `Controls` nor `tests`"));
                }
                read_control(Control { node_type, tests }, &at, &mut parsed)?;
            }
            Record::Sound(_) if is_stream => return Err(malformed(FORMAT.id, "these are two reports")),
            Record::Sound(document) => {
                document.controls.demand(FORMAT.id, "Controls")?;
                for (index, record) in document.controls.into_records().into_iter().enumerate() {
                    let at = format!("/Controls/{index}");
                    match record {
                        Record::Sound(control) => read_control(control, &at, &mut parsed)?,
                        Record::Odd(odd) => {
                            not_understood(&mut parsed, at, format!("should be an object and is {odd}"));
                        }
                    }
                }
            }
            Record::Odd(odd) => not_understood(&mut parsed, at, format!("should be an object and is {odd}")),
        }
    }
    Ok(parsed)
}

fn read_control(control: Control<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let node = control.node_type.get().unwrap_or_default().to_owned();
    for (index, record) in control.tests.into_records().into_iter().enumerate() {
        let at = format!("{at}/tests/{index}");
        match record {
            Record::Sound(section) => {
                results(section.results, FORMAT.id, &format!("{at}/results"), parsed, |result| observe(result, &node))?;
            }
            Record::Odd(odd) => not_understood(parsed, at, format!("should be an object and is {odd}")),
        }
    }
    Ok(())
}

fn observe(result: &Tested<'_>, node: &str) -> Result<Element, String> {
    let rule = result.test_number.demand("test_number")?;
    let severity = match result.status.demand("status")? {
        "FAIL" => Severity::Medium,
        "WARN" => Severity::Low,
        "PASS" | "INFO" => return Ok(Element::NoResult),
        other => return Err(format!("has the status `{other}`")),
    };
    Ok(Element::Result(Box::new(Observation {
        severity_raw: result.status.untrusted(),
        title: title(result.test_desc.get().unwrap_or(rule)),
        location: Location { resource: (!node.is_empty()).then(|| node.into()), ..Location::default() },
        ..Observation::new(Kind::Misconfiguration, rule, severity, SeveritySource::Format)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow, rename = "Controls")]
    controls: List<Control<'a>>,
    node_type: Text<'a>,
    tests: List<Section<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Control<'a> {
    #[serde(borrow)]
    node_type: Text<'a>,
    tests: List<Section<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Section<'a> {
    #[serde(borrow)]
    results: List<Tested<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tested<'a> {
    #[serde(borrow)]
    test_number: Text<'a>,
    test_desc: Text<'a>,
    status: Text<'a>,
}
