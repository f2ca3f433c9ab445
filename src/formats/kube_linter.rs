//! kube-linter's JSON (`kube-linter lint --format json`). It has no severities.

use serde::Deserialize;

use super::terms::{instant, title};
use super::wire::{Any, Element, List, Part, Text, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "kube-linter",
    title: "kube-linter JSON",
    docs: "https://docs.kubelinter.io/#/using-kubelinter",
    produce: "kube-linter lint deploy --format json > kube-linter.json",
    seen: "0.2 to 0.8",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let reported = head.first("Reports");
    (reported.has("Diagnostic") && reported.has("Check"))
        || (head.has("Reports") && (head.key("Summary").has("ChecksStatus") || head.first("Checks").has("template")))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.reports.demand(FORMAT.id, "Reports")?;
    let mut parsed = Parsed::new("kube-linter", FORMAT.checks);
    if let Some(summary) = report.summary.get() {
        parsed.tool.version = summary.version.untrusted();
        parsed.finished_at = instant(summary.end.get());
        if summary.status.get() == Some("Failed") && report.reports.is_empty() {
            parsed.degrade(ScanState::Partial, "the summary says that checks failed and none is listed");
        }
    }
    if matches!(&report.checks, List::Given(checks) if checks.is_empty()) {
        parsed.degrade(ScanState::Partial, "nothing was checked: no check is enabled");
    }
    results(report.reports, FORMAT.id, "/Reports", &mut parsed, observe)?;
    Ok(parsed)
}

fn observe(reported: &Reported<'_>) -> Result<Element, String> {
    let check = reported.check.demand("Check")?;
    let message = reported.diagnostic.get().and_then(|diagnostic| diagnostic.message.get()).unwrap_or(check);
    let object = reported.object.get();
    let resource = object.and_then(|object| {
        let object = object.object.get()?;
        let kind = object.kind.get().and_then(|kind| kind.kind.get());
        let parts = [kind, object.namespace.get(), object.name.get()];
        Some(parts.into_iter().flatten().collect::<Vec<_>>().join("/"))
    });
    Ok(Element::Result(Box::new(Observation {
        title: title(message),
        location: Location {
            path: object.and_then(|object| object.metadata.get()?.path.untrusted()),
            resource: resource.map(Into::into),
            ..Location::default()
        },
        ..Observation::new(Kind::Misconfiguration, check, Severity::Unknown, SeveritySource::None)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Report<'a> {
    checks: List<Any>,
    #[serde(borrow)]
    reports: List<Reported<'a>>,
    summary: Part<Summary<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary<'a> {
    #[serde(borrow, rename = "ChecksStatus")]
    status: Text<'a>,
    #[serde(rename = "CheckEndTime")]
    end: Text<'a>,
    #[serde(rename = "KubeLinterVersion")]
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Reported<'a> {
    #[serde(borrow)]
    diagnostic: Part<Diagnostic<'a>>,
    check: Text<'a>,
    object: Part<Object<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Diagnostic<'a> {
    #[serde(borrow)]
    message: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Object<'a> {
    #[serde(borrow, rename = "Metadata")]
    metadata: Part<Metadata<'a>>,
    #[serde(rename = "K8sObject")]
    object: Part<K8sObject<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow, rename = "FilePath")]
    path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct K8sObject<'a> {
    #[serde(borrow, rename = "Namespace")]
    namespace: Text<'a>,
    #[serde(rename = "Name")]
    name: Text<'a>,
    #[serde(rename = "GroupVersionKind")]
    kind: Part<GroupVersionKind<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct GroupVersionKind<'a> {
    #[serde(borrow, rename = "Kind")]
    kind: Text<'a>,
}
