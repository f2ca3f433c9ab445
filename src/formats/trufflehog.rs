//! TruffleHog's JSON (`trufflehog git … --json`), versions 3 and 2: one object a line, or a list of them.
//!
//! Every secret stands there in clear, and version 3 has it base64-coded, redacted and once more with its partner: none of
//! these is read, nor are commits' differences, links and addresses, which may hold credentials. Lines of its log are no
//! results.

use serde::Deserialize;

use super::terms::title;
use super::wire::{Dict, Element, Flag, List, Number, Part, Text, demand_understood, read_stream, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "trufflehog",
    title: "TruffleHog JSON",
    docs: "https://github.com/trufflesecurity/trufflehog#5-scan-a-github-repo-for-only-verified-results-and-get-json-output",
    produce: "trufflehog git file://. --json > trufflehog.jsonl",
    seen: "2 and 3",
    checks: &[Check::Secrets],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_line = |node: &Node<'_>| {
        let three = node.key("SourceMetadata").has("Data") || (node.has("SourceMetadata") && node.has("DetectorName"));
        let two = node.has("stringsFound") && node.has("reason");
        let log = node.key("logger").text() == Some("trufflehog");
        three || two || log
    };
    is_line(head.root()) || is_line(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let lines: List<Line<'_>> = read_stream(text, FORMAT.id)?;
    lines.demand(FORMAT.id, "list of results")?;
    let mut parsed = Parsed::new("TruffleHog", FORMAT.checks);
    for line in lines.sound().filter(|line| matches!(line.level.get(), Some("error" | "fatal"))) {
        let message = line.msg.get().unwrap_or("an error without a message");
        parsed.degrade(ScanState::Partial, title(message));
    }
    results(lines, FORMAT.id, "", &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn observe(line: &Line<'_>) -> Result<Element, String> {
    if let Some(source) = line.source.get() {
        return three(line, source);
    }
    if let (Some(reason), true) = (line.reason.get(), line.commit_hash.get().is_some() || line.path.get().is_some()) {
        let observation = Observation {
            title: reason.into(),
            location: Location { path: line.path.untrusted(), ..Location::default() },
            ..Observation::new(Kind::Secret, reason, Severity::Unknown, SeveritySource::None)
        };
        return Ok(Element::Result(Box::new(observation)));
    }
    if line.level.get().is_some() && line.msg.get().is_some() {
        return Ok(Element::NoResult);
    }
    Err("is neither a result nor a line of the log".to_owned())
}

fn three(line: &Line<'_>, source: &Source<'_>) -> Result<Element, String> {
    let detector = line.detector.get().or(line.detector_type.get()).ok_or("has no `DetectorName`")?;
    let (kind_of_source, place) = match source.data.0.first() {
        Some((kind, place)) => (Some(kind.as_ref()), place.get()),
        None => (None, None),
    };
    let (severity, source, word) = match line.verified.get() {
        Some(true) => (Severity::Critical, SeveritySource::Format, Some("verified")),
        Some(false) => (Severity::Unknown, SeveritySource::None, Some("unverified")),
        None => (Severity::Unknown, SeveritySource::None, None),
    };
    let path = place.and_then(|place| place.file.untrusted().or_else(|| place.path.untrusted()));
    let resource = if path.is_some() { None } else { kind_of_source.map(Into::into) };
    Ok(Element::Result(Box::new(Observation {
        rule: Rule {
            id: detector.into(),
            name: line.description.untrusted().map(|text| title(text.as_raw())),
            url: None,
        },
        severity_raw: word.map(Into::into),
        title: match word {
            Some(word) => format!("{detector} credential, {word}").into(),
            None => format!("{detector} credential").into(),
        },
        location: Location {
            path,
            line: place.and_then(|place| place.line.position()),
            resource,
            image: place.and_then(|place| place.image.untrusted()),
            ..Location::default()
        },
        confidence: word.map(Into::into),
        ..Observation::new(Kind::Secret, detector, severity, source)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow, rename = "SourceMetadata")]
    source: Part<Source<'a>>,
    #[serde(rename = "DetectorName")]
    detector: Text<'a>,
    #[serde(rename = "DetectorType")]
    detector_type: Text<'a>,
    #[serde(rename = "DetectorDescription")]
    description: Text<'a>,
    #[serde(rename = "Verified")]
    verified: Flag,
    reason: Text<'a>,
    path: Text<'a>,
    #[serde(rename = "commitHash")]
    commit_hash: Text<'a>,
    level: Text<'a>,
    msg: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow, rename = "Data")]
    data: Dict<'a, Part<Place<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    file: Text<'a>,
    path: Text<'a>,
    line: Number,
    image: Text<'a>,
}
