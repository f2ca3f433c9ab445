//! Polaris' JSON (`polaris audit --format json`): checks of a workload, its pod and its containers; the failed ones count.

use serde::Deserialize;

use super::terms::{instant, title};
use super::wire::{Dict, Flag, List, Part, Record, Text, no_results, not_understood, read, token};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Target};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "polaris",
    title: "Polaris JSON",
    docs: "https://polaris.docs.fairwinds.com/infrastructure-as-code/",
    produce: "polaris audit --audit-path deploy --format json > polaris.json",
    seen: "1 to 9",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    head.has("PolarisOutputVersion")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.results.demand(FORMAT.id, "Results")?;
    if report.version.get().is_none() {
        return Err(no_results(FORMAT.id, "there is no `PolarisOutputVersion`"));
    }
    let mut parsed = Parsed::new("Polaris", FORMAT.checks);
    parsed.finished_at = instant(report.audit_time.get());
    parsed.target = Target { name: report.source_name.untrusted(), ..Target::default() };
    for (index, record) in report.results.records().iter().enumerate() {
        let at = format!("/Results/{index}");
        match record {
            Record::Sound(workload) => read_workload(workload, &at, &mut parsed),
            Record::Odd(odd) => not_understood(&mut parsed, at, format!("should be an object and is {odd}")),
        }
    }
    Ok(parsed)
}

fn read_workload(workload: &Workload<'_>, at: &str, parsed: &mut Parsed) {
    let parts = [&workload.kind, &workload.namespace, &workload.name];
    let resource = parts.into_iter().filter_map(Text::get).collect::<Vec<_>>().join("/");
    read_checks(&workload.results, &format!("{at}/Results"), &resource, parsed);
    let Some(pod) = workload.pod.get() else { return };
    read_checks(&pod.results, &format!("{at}/PodResult/Results"), &resource, parsed);
    for (index, record) in pod.containers.records().iter().enumerate() {
        let at = format!("{at}/PodResult/ContainerResults/{index}");
        match record {
            Record::Sound(container) => {
                let resource = format!("{resource}/{}", container.name.get().unwrap_or_default());
                read_checks(&container.results, &format!("{at}/Results"), &resource, parsed);
            }
            Record::Odd(odd) => not_understood(parsed, at, format!("should be an object and is {odd}")),
        }
    }
}

fn read_checks(checks: &Dict<'_, Record<Checked<'_>>>, at: &str, resource: &str, parsed: &mut Parsed) {
    for (name, record) in &checks.0 {
        let at = format!("{at}/{}", token(name));
        let check = match record {
            Record::Sound(check) => check,
            Record::Odd(odd) => {
                not_understood(parsed, at, format!("should be a check and is {odd}"));
                continue;
            }
        };
        match check.success.get() {
            Some(true) => {}
            Some(false) => {
                let observation = observation(check, name, resource);
                parsed.observations.push(Box::new(Observation { pointer: at.into(), ..observation }));
            }
            None => not_understood(parsed, at, "has no `Success`"),
        }
    }
}

fn observation(check: &Checked<'_>, name: &str, resource: &str) -> Observation {
    let rule = check.id.get().unwrap_or(name);
    let (severity, source) = match check.severity.get() {
        Some("danger" | "error") => (Severity::High, SeveritySource::Level),
        Some("warning") => (Severity::Medium, SeveritySource::Level),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    Observation {
        severity_raw: check.severity.untrusted(),
        title: title(check.message.get().unwrap_or(rule)),
        location: Location { resource: Some(resource.into()), ..Location::default() },
        ..Observation::new(Kind::Misconfiguration, rule, severity, source)
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Report<'a> {
    #[serde(borrow, rename = "PolarisOutputVersion")]
    version: Text<'a>,
    audit_time: Text<'a>,
    source_name: Text<'a>,
    results: List<Workload<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Workload<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    namespace: Text<'a>,
    kind: Text<'a>,
    results: Dict<'a, Record<Checked<'a>>>,
    #[serde(rename = "PodResult")]
    pod: Part<Pod<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Pod<'a> {
    #[serde(borrow, rename = "Results")]
    results: Dict<'a, Record<Checked<'a>>>,
    #[serde(rename = "ContainerResults")]
    containers: List<Container<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Container<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    results: Dict<'a, Record<Checked<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Checked<'a> {
    #[serde(borrow, rename = "ID")]
    id: Text<'a>,
    message: Text<'a>,
    success: Flag,
    severity: Text<'a>,
}
