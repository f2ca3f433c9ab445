//! npm's audit JSON (`npm audit --json`).
//!
//! Up to npm 6 the report is the registry's: advisories by number. Since npm 7 it lists packages, each with what it is
//! vulnerable through: advisories of its own, or names of other packages that are listed themselves. npm's totals count
//! packages, here an advisory of a package is one result; it does not say which version is installed. What npm writes when
//! it could not ask the registry is no report.

use serde::Deserialize;

use super::npm_advisory::{Advisory, Score, classes, named_by_url};
use super::terms::title;
use super::wire::{Element, Keyed, List, Named, Number, Part, Record, Text, Texts, no_results, place, read, token};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "npm-audit",
    title: "npm audit JSON",
    docs: "https://docs.npmjs.com/cli/commands/npm-audit",
    produce: "npm audit --json > npm-audit.json",
    seen: "npm 6 (advisories) and 7 to 11 (report version 2)",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let old = head.key("advisories").is_object() && head.has("runId");
    let failed = head.has("error") && (head.key("error").has("code") || head.has("statusCode"));
    let current = head.has("auditReportVersion") && head.key("vulnerabilities").is_object();
    old || current || (failed && head.key("error").has("summary"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    if let Some(error) = report.failure() {
        return Err(no_results(FORMAT.id, format!("npm could not ask the registry: {error}")));
    }
    let mut parsed = Parsed::new("npm audit", FORMAT.checks);
    match report.version.whole() {
        None => {
            for (key, record) in report.advisories.demand(FORMAT.id, "vulnerabilities")? {
                let read = match record {
                    Record::Sound(advisory) => Ok(Element::Result(Box::new(advisory.observation(&key, None)))),
                    Record::Odd(found) => Err(format!("should be an object and is {found}")),
                };
                place(&mut parsed, || format!("/advisories/{}", token(&key)), read);
            }
        }
        Some(2) => {
            for (key, record) in report.vulnerabilities.demand(FORMAT.id, "vulnerabilities")? {
                read_package(&key, record, &mut parsed);
            }
        }
        Some(other) => {
            return Err(FormatError::Version { format: FORMAT.id, version: format!("version {other}").into() });
        }
    }
    if report.metadata.get().is_some_and(|metadata| metadata.total() == Some(0)) {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no dependency is installed");
    }
    Ok(parsed)
}

fn read_package(key: &str, record: Record<Vulnerable<'_>>, parsed: &mut Parsed) {
    let at = format!("/vulnerabilities/{}", token(key));
    let package = match record {
        Record::Sound(package) => package,
        Record::Odd(found) => {
            return place(parsed, || at, Err(format!("should be an object and is {found}")));
        }
    };
    let name = package.name.get().unwrap_or(key);
    for (index, via) in package.via.records().iter().enumerate() {
        let read = match via {
            // The name of another package, which is listed itself.
            Record::Odd("a string") => continue,
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
            Record::Sound(advisory) => Ok(Element::Result(Box::new(observe(advisory, name, &package)))),
        };
        place(parsed, || format!("{at}/via/{index}"), read);
    }
}

fn observe(advisory: &Via<'_>, package: &str, vulnerable: &Vulnerable<'_>) -> Observation {
    let ghsa = advisory.url.get().and_then(named_by_url);
    let rule = match (&ghsa, advisory.source.get()) {
        (Some(id), _) => id.clone(),
        (None, Some(number)) => number.into(),
        (None, None) => package.into(),
    };
    let word = advisory.severity.get();
    let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
    Observation {
        rule: Rule { id: rule.clone(), name: None, url: advisory.url.untrusted() },
        ids: ghsa.into_iter().collect(),
        cwes: classes(&advisory.cwe),
        severity_raw: advisory.severity.untrusted(),
        cvss: advisory.cvss.get().and_then(Score::assessment),
        title: advisory.title.get().map(title).unwrap_or_default(),
        package: Some(Box::new(Package {
            name: package.into(),
            ecosystem: Some("npm".into()),
            fix_state: fix_state(&vulnerable.fix_available),
            ..Package::default()
        })),
        location: Location { resource: vulnerable.nodes.iter().next().map(Untrusted::from), ..Location::default() },
        ..Observation::new(Kind::Vulnerability, rule, Severity::from_word(word.unwrap_or_default()), source)
    }
}

/// `true`, `false`, or the update of another package that brings the fix.
fn fix_state(available: &Named<'_, Update>) -> FixState {
    match available {
        Named::Sound(Update {}) => FixState::Fixed,
        Named::Name(word) if word == "true" => FixState::Fixed,
        Named::Name(word) if word == "false" => FixState::NotFixed,
        Named::Name(_) | Named::Absent => FixState::Unknown,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(rename = "auditReportVersion")]
    version: Number,
    #[serde(borrow)]
    vulnerabilities: Keyed<'a, Record<Vulnerable<'a>>>,
    advisories: Keyed<'a, Record<Advisory<'a>>>,
    metadata: Part<Metadata>,
    message: Text<'a>,
    error: Part<Failure<'a>>,
}

impl Report<'_> {
    /// What npm says instead of a result.
    fn failure(&self) -> Option<String> {
        let error = self.error.get()?;
        let said = [&error.summary, &self.message, &error.code].into_iter().find_map(Text::get);
        Some(said.unwrap_or("it does not say why").to_owned())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failure<'a> {
    #[serde(borrow)]
    code: Text<'a>,
    summary: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    total_dependencies: Number,
    dependencies: Part<Dependencies>,
}

impl Metadata {
    fn total(&self) -> Option<u64> {
        self.dependencies.get().and_then(|counts| counts.total.whole()).or(self.total_dependencies.whole())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dependencies {
    total: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerable<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    via: List<Via<'a>>,
    nodes: Texts<'a>,
    #[serde(rename = "fixAvailable")]
    fix_available: Named<'a, Update>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Update {}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Via<'a> {
    #[serde(borrow)]
    source: Text<'a>,
    title: Text<'a>,
    url: Text<'a>,
    severity: Text<'a>,
    cwe: Texts<'a>,
    cvss: Part<Score<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_advisory_of_a_package_is_a_result_and_a_package_that_passes_it_on_is_none() {
        let parsed = parse(
            r#"{"auditReportVersion":2,"vulnerabilities":{
                "minimist":{"name":"minimist","severity":"critical","via":[
                    {"source":1,"url":"https://github.com/advisories/GHSA-xvch-5gv4-984h","severity":"critical","cwe":["CWE-1321"],
                     "cvss":{"score":9.8,"vectorString":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}},
                    {"source":1179,"url":"https://npmjs.com/advisories/1179","severity":"low","cvss":{"score":0,"vectorString":null}}, 7],
                    "nodes":["node_modules/minimist"],"fixAvailable":true},
                "@shop/web":{"via":["minimist"],"fixAvailable":{"name":"x"}}},"metadata":{"dependencies":{"total":3}}}"#,
        )
        .unwrap();
        let seen: Vec<_> =
            parsed.observations.iter().map(|o| (o.rule.id.as_raw(), o.severity, o.cvss.is_some())).collect();
        assert_eq!(seen, [("GHSA-xvch-5gv4-984h", Severity::Critical, true), ("1179", Severity::Low, false)]);
        assert_eq!(parsed.not_understood[0].pointer, "/vulnerabilities/minimist/via/2");
    }

    #[test]
    fn an_error_document_is_no_report() {
        for text in [
            r#"{"error":{"code":"ENOAUDIT","summary":"no endpoint"}}"#,
            r#"{"message":"405 Method Not Allowed","statusCode":405,"error":{"summary":"","detail":""}}"#,
            r#"{"auditReportVersion":2}"#,
            "{}",
        ] {
            assert!(matches!(parse(text), Err(FormatError::NoResults { .. })), "{text}");
        }
        let newer = r#"{"auditReportVersion":3,"vulnerabilities":{}}"#;
        assert!(matches!(parse(newer), Err(FormatError::Version { .. })));
    }

    #[test]
    fn nothing_installed_is_no_clean_scan() {
        let text = r#"{"auditReportVersion":2,"vulnerabilities":{},"metadata":{"dependencies":{"total":0}}}"#;
        assert_eq!(parse(text).unwrap().state, ScanState::Partial);
    }
}
