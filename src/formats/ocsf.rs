//! Findings in the Open Cybersecurity Schema Framework, as Prowler, Security Hub and Security Lake write them: a list, or one event
//! a line.
//!
//! A check that passed stands there like one that failed: it counts, and says so. What an event quotes of a resource (`data`,
//! `evidences`, `raw_data`) is not read.

use serde::Deserialize;

use super::terms::{assessment, cwe, distinct, instant, title, vulnerability_id};
use super::wire::{Element, List, Number, Part, Text, demand_understood, no_results, read_stream, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "ocsf",
    title: "OCSF findings",
    docs: "https://schema.ocsf.io/1.4.0/categories/findings",
    produce: "prowler aws --output-formats json-ocsf",
    seen: "1.1 to 1.5, classes 2001 to 2004",
    checks: &[Check::Dependencies, Check::Iac],
    detect,
    parse,
};

/// The category of findings; class ids begin with it.
const FINDINGS: u64 = 2;
/// The class of vulnerability findings.
const VULNERABILITY: u64 = 2002;

fn detect(head: &Head<'_>) -> bool {
    let is_event = |node: &Node<'_>| {
        node.has("class_uid") && ["metadata", "category_uid", "finding_info", "finding"].iter().any(|key| node.has(key))
    };
    is_event(head.root()) || is_event(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let events: List<Event<'_>> = read_stream(text, FORMAT.id)?;
    events.demand(FORMAT.id, "list of events")?;
    if text.trim().is_empty() {
        return Err(no_results(FORMAT.id, "there is not even an empty list"));
    }
    let mut parsed = Parsed::new("OCSF", &[]);
    if let Some(product) = events.sound().find_map(|event| event.metadata.get()?.product.get()) {
        if let Some(name) = product.name.untrusted() {
            parsed.tool.name = name;
        }
        parsed.tool.version = product.version.untrusted();
    }
    parsed.finished_at = events.sound().filter_map(|event| instant(event.time_dt.get())).max();
    results(events, FORMAT.id, "", &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    let has = |kind| parsed.observations.iter().any(|one| one.kind == kind);
    let kinds = [(Kind::Vulnerability, Check::Dependencies), (Kind::Misconfiguration, Check::Iac)];
    parsed.checks = kinds.into_iter().filter(|(kind, _)| has(*kind)).map(|(_, check)| check).collect();
    Ok(parsed)
}

fn observe(event: &Event<'_>) -> Result<Element, String> {
    let class = event.class_uid.whole().ok_or("has no `class_uid`")?;
    if class / 1000 != FINDINGS {
        return Err(format!("is of class {class}, which is no finding"));
    }
    let info = event.finding_info.get().or(event.finding.get());
    let code = event.metadata.get().and_then(|metadata| metadata.event_code.get());
    let control = event.compliance.get().and_then(|compliance| compliance.control.get());
    let uid = info.and_then(|info| info.uid.get());
    let said = info.and_then(|info| info.title.get());
    let rule = code.or(control).or(said).or(uid).ok_or("names no check and no finding")?;
    let (severity, source) = severity(event);
    let vulnerability = event.vulnerabilities.sound().next();
    let cves = || event.vulnerabilities.sound().filter_map(|one| one.cve.get());
    let resource = event.resources.sound().next().or(event.resource.get());
    let kind =
        if class == VULNERABILITY || vulnerability.is_some() { Kind::Vulnerability } else { Kind::Misconfiguration };
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: rule.into(), name: None, url: None },
        ids: distinct(cves().filter_map(|cve| vulnerability_id(cve.uid.get()?)).collect()),
        cwes: distinct(cves().filter_map(|cve| cwe(cve.cwe.get()?.uid.get()?)).collect()),
        severity_raw: event.severity.untrusted(),
        cvss: cves().flat_map(|cve| cve.cvss.sound()).find_map(|cvss| assessment(cvss.vector.get(), cvss.score.real())),
        title: title(said.or(event.message.get()).unwrap_or(rule)),
        package: vulnerability.and_then(|one| one.packages.sound().next()).and_then(package).map(Box::new),
        location: Location {
            resource: resource.and_then(|resource| resource.uid.untrusted().or_else(|| resource.name.untrusted())),
            ..Location::default()
        },
        suppression: suppression(event),
        tool_fingerprint: uid.map(Into::into),
        ..Observation::new(kind, rule, severity, source)
    })))
}

fn severity(event: &Event<'_>) -> (Severity, SeveritySource) {
    let by_word = || Severity::from_word(event.severity.get().unwrap_or_default());
    let severity = match event.severity_id.whole() {
        Some(1) => Severity::Info,
        Some(2) => Severity::Low,
        Some(3) => Severity::Medium,
        Some(4) => Severity::High,
        Some(5 | 6) => Severity::Critical,
        _ => by_word(),
    };
    let source = if severity == Severity::Unknown { SeveritySource::None } else { SeveritySource::Scanner };
    (severity, source)
}

fn suppression(event: &Event<'_>) -> Option<Suppression> {
    let compliance = event.compliance.get().and_then(|compliance| compliance.status.get());
    let code = event.status_code.get();
    if [code, compliance].into_iter().flatten().any(|word| word.eq_ignore_ascii_case("pass")) {
        return Some(Suppression { by: SuppressedBy::Passed, reason: None });
    }
    let is_settled =
        |word: &&str| ["muted", "suppressed", "resolved"].iter().any(|known| word.eq_ignore_ascii_case(known));
    let word = [code, event.status.get()].into_iter().flatten().find(is_settled)?;
    Some(Suppression { by: SuppressedBy::Platform, reason: Some(word.to_lowercase().into()) })
}

fn package(package: &Affected<'_>) -> Option<Package> {
    let fixed = package.fixed.untrusted();
    Some(Package {
        name: package.name.untrusted()?,
        version: package.version.untrusted(),
        purl: package.purl.untrusted(),
        ecosystem: package.manager.untrusted(),
        fix_state: if fixed.is_some() { FixState::Fixed } else { FixState::Unknown },
        fixed_in: fixed.into_iter().collect(),
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    class_uid: Number,
    #[serde(borrow)]
    metadata: Part<Metadata<'a>>,
    message: Text<'a>,
    severity_id: Number,
    severity: Text<'a>,
    status: Text<'a>,
    status_code: Text<'a>,
    time_dt: Text<'a>,
    finding_info: Part<Info<'a>>,
    finding: Part<Info<'a>>,
    compliance: Part<Compliance<'a>>,
    resources: List<Resource<'a>>,
    resource: Part<Resource<'a>>,
    vulnerabilities: List<Vulnerability<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    event_code: Text<'a>,
    product: Part<Product<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Product<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info<'a> {
    #[serde(borrow)]
    title: Text<'a>,
    uid: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Compliance<'a> {
    #[serde(borrow)]
    control: Text<'a>,
    status: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resource<'a> {
    #[serde(borrow)]
    uid: Text<'a>,
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    cve: Part<Cve<'a>>,
    #[serde(rename = "affected_packages")]
    packages: List<Affected<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Cve<'a> {
    #[serde(borrow)]
    uid: Text<'a>,
    cwe: Part<Class<'a>>,
    cvss: List<Scored<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Class<'a> {
    #[serde(borrow)]
    uid: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scored<'a> {
    #[serde(borrow, rename = "vector_string")]
    vector: Text<'a>,
    #[serde(rename = "base_score")]
    score: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Affected<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    purl: Text<'a>,
    #[serde(rename = "package_manager")]
    manager: Text<'a>,
    #[serde(rename = "fixed_in_version")]
    fixed: Text<'a>,
}
