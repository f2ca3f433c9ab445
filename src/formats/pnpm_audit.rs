//! pnpm's audit JSON (`pnpm audit --json`): the registry's advisories by number.
//!
//! The layout is that of npm 6; pnpm's dependency paths begin with the workspace's project, `.` for the root.

use serde::Deserialize;

use super::npm_advisory::Advisory;
use super::wire::{Element, Keyed, Named, Number, Part, Record, Text, no_results, place, read, token};
use super::{Format, FormatError, Head, Node};
use crate::model::report::{Check, Parsed, ScanState};

pub(super) static FORMAT: Format = Format {
    id: "pnpm-audit",
    title: "pnpm audit JSON",
    docs: "https://pnpm.io/cli/audit",
    produce: "pnpm audit --json > pnpm-audit.json",
    seen: "the layout of npm 6, also without actions",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let advisories = head.key("advisories");
    let found = advisories.members().iter().any(|(_, advisory)| is_of_a_project(path(advisory)));
    let nothing_found = advisories.members().is_empty();
    advisories.is_object() && head.has("metadata") && !head.has("runId") && (found || nothing_found)
}

/// The first dependency path of an advisory.
fn path<'n>(advisory: &'n Node<'_>) -> &'n str {
    advisory.key("findings").first().key("paths").first().text().unwrap_or_default()
}

fn is_of_a_project(path: &str) -> bool {
    path.starts_with('.') || path.split('>').next().is_some_and(|project| project.contains("__"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    match &report.error {
        Named::Absent => {}
        Named::Name(error) => return Err(no_results(FORMAT.id, error.as_ref())),
        Named::Sound(error) => return Err(no_results(FORMAT.id, error.message.get().unwrap_or("an error"))),
    }
    let mut parsed = Parsed::new("pnpm audit", FORMAT.checks);
    for (key, record) in report.advisories.demand(FORMAT.id, "advisories")? {
        let read = match record {
            Record::Sound(advisory) => Ok(Element::Result(Box::new(advisory.observation(&key, None)))),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        place(&mut parsed, || format!("/advisories/{}", token(&key)), read);
    }
    if report.metadata.get().is_some_and(|metadata| metadata.total_dependencies.whole() == Some(0)) {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no dependency is installed");
    }
    Ok(parsed)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    advisories: Keyed<'a, Record<Advisory<'a>>>,
    metadata: Part<Metadata>,
    error: Named<'a, Failure<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    total_dependencies: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure<'a> {
    #[serde(borrow)]
    message: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::severity::Severity;

    #[test]
    fn an_advisory_is_a_result_whatever_is_missing_in_it() {
        let parsed = parse(
            r#"{"advisories":{"1097678":{"module_name":"minimist","severity":"critical","github_advisory_id":"GHSA-xvch-5gv4-984h",
                "cves":["CVE-2021-44906"],"cwe":"CWE-1321","findings":[{"version":"1.2.0","paths":[".>minimist"]}],"patched_versions":">=1.2.6"},
                "2":{"module_name":null,"severity":null}, "3":[]},"metadata":{"totalDependencies":4}}"#,
        )
        .unwrap();
        let severities: Vec<Severity> = parsed.observations.iter().map(|o| o.severity).collect();
        assert_eq!(severities, [Severity::Critical, Severity::Unknown]);
        assert_eq!(parsed.observations[0].ids.len(), 2);
        assert_eq!(parsed.not_understood[0].pointer, "/advisories/3");
    }

    #[test]
    fn an_error_is_no_report() {
        assert!(parse(r#"{"error":{"code":"ERR_PNPM_AUDIT_BAD_RESPONSE","message":"500"}}"#).is_err());
    }
}
