//! Yarn's audit JSON, of three generations.
//!
//! Yarn 1 (`yarn audit --json`) writes a line for each dependency path of an advisory and a summary at the end; without the
//! summary the audit did not run to its end. Yarn 2 and 3 (`yarn npm audit --json`) pass on what the registry answers. Yarn 4
//! writes a line for each advisory and nothing at all when there is none.

use serde::Deserialize;

use super::npm_advisory::{Advisory, named_by_url};
use super::terms::title;
use super::wire::{
    Element, Keyed, Named, Number, Part, Record, Text, Texts, no_results, not_understood, place, read, read_stream,
    results, token,
};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::package::Package;
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "yarn-audit",
    title: "Yarn audit JSON",
    docs: "https://yarnpkg.com/cli/npm/audit",
    produce: "yarn npm audit --all --recursive --json > yarn-audit.json (Yarn 1: yarn audit --json)",
    seen: "Yarn 1 and 4; 2 and 3 as documented",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

/// Types of Yarn 1's lines; other commands write them too.
const LINES: &[&str] =
    &["auditAdvisory", "auditAction", "auditSummary", "info", "warning", "error", "step", "activityStart"];

fn detect(head: &Head<'_>) -> bool {
    let classic = head.string("type").is_some_and(|word| LINES.contains(&word)) && head.has("data");
    let children = head.key("children");
    let current = head.has("value") && children.has("Issue") && children.has("Severity");
    let advisories = head.key("advisories").members();
    let passed_on = head.has("metadata") && !head.has("runId") && !advisories.is_empty();
    classic || current || (passed_on && !advisories.iter().any(|(_, advisory)| is_of_a_project(advisory)))
}

/// Whether the first dependency path begins with a project, as pnpm writes it.
fn is_of_a_project(advisory: &Node<'_>) -> bool {
    let path = advisory.key("findings").first().key("paths").first().text().unwrap_or_default();
    path.starts_with('.') || path.split('>').next().is_some_and(|project| project.contains("__"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let head = Head::of(text);
    let mut parsed = Parsed::new("yarn audit", FORMAT.checks);
    if head.has("advisories") {
        read_answer(read(text, FORMAT.id)?, &mut parsed)?;
    } else if head.has("value") {
        results(read_stream(text, FORMAT.id)?, FORMAT.id, "", &mut parsed, |line: &Tree<'_>| {
            observe(line).map(|observation| Element::Result(Box::new(observation)))
        })?;
    } else if head.has("type") {
        read_lines(text, &mut parsed)?;
    } else {
        return Err(no_results(FORMAT.id, "there are neither advisories nor lines of an audit"));
    }
    Ok(parsed)
}

/// The registry's answer, of Yarn 2 and 3.
fn read_answer(answer: Answer<'_>, parsed: &mut Parsed) -> Result<(), FormatError> {
    for (key, record) in answer.advisories.demand(FORMAT.id, "advisories")? {
        let read = match record {
            Record::Sound(advisory) => Ok(Element::Result(Box::new(advisory.observation(&key, None)))),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        place(parsed, || format!("/advisories/{}", token(&key)), read);
    }
    Ok(())
}

/// The lines of Yarn 1.
fn read_lines(text: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let mut summed_up = false;
    let mut errors = Vec::new();
    for (index, record) in read_stream::<Line<'_>>(text, FORMAT.id)?.into_records().into_iter().enumerate() {
        let at = || format!("/{index}");
        let line = match record {
            Record::Sound(line) => line,
            Record::Odd(found) => {
                not_understood(parsed, at(), format!("should be an object and is {found}"));
                continue;
            }
        };
        match (line.kind.get(), &line.data) {
            (Some("auditAdvisory"), Named::Sound(data)) => place(parsed, at, advised(data)),
            (Some("auditAdvisory"), _) => not_understood(parsed, at(), "has no `data`"),
            (Some("auditSummary"), data) => {
                summed_up = true;
                if matches!(data, Named::Sound(summary) if summary.total_dependencies.whole() == Some(0)) {
                    parsed.degrade(ScanState::Partial, "nothing was scanned: no dependency is locked");
                }
            }
            (Some("error"), Named::Name(error)) => errors.push(error.as_ref().to_owned()),
            (Some("error"), _) => errors.push("an error without a message".to_owned()),
            (_, _) => {}
        }
    }
    if !summed_up && parsed.observations.is_empty() {
        let reason = errors.into_iter().next().unwrap_or_else(|| "there is no summary of an audit".to_owned());
        return Err(no_results(FORMAT.id, reason));
    }
    if !summed_up {
        parsed.degrade(ScanState::Partial, "the audit did not run to its end: its summary is missing");
    }
    for error in errors {
        parsed.degrade(ScanState::Failed, error);
    }
    Ok(())
}

fn advised(data: &Data<'_>) -> Result<Element, String> {
    let advisory = data.advisory.get().ok_or("has no `data.advisory`")?;
    let path = data.resolution.get().and_then(|resolution| resolution.path.get());
    Ok(Element::Result(Box::new(advisory.observation("advisory", path))))
}

/// A line of Yarn 4: an advisory, or a deprecation that it reports the same way.
fn observe(line: &Tree<'_>) -> Result<Observation, String> {
    let name = line.value.demand("value")?;
    let issue = line.children.get().ok_or("has no `children`")?;
    let ghsa = issue.url.get().and_then(named_by_url);
    let rule = match (&ghsa, issue.id.get()) {
        (Some(id), _) => id.clone(),
        (None, Some(id)) => id.into(),
        (None, None) => return Err("has no `children.ID`".to_owned()),
    };
    let deprecated = issue.id.get().is_some_and(|id| id.ends_with("(deprecation)"));
    let kind = if deprecated { Kind::Quality } else { Kind::Vulnerability };
    let word = issue.severity.get();
    let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
    Ok(Observation {
        rule: Rule { id: rule.clone(), name: None, url: issue.url.untrusted() },
        ids: ghsa.into_iter().collect(),
        severity_raw: issue.severity.untrusted(),
        title: issue.issue.get().map(title).unwrap_or_default(),
        package: Some(Box::new(Package {
            name: name.into(),
            version: issue.versions.iter().next().map(Untrusted::from),
            ecosystem: Some("npm".into()),
            ..Package::default()
        })),
        location: Location { resource: issue.dependents.iter().next().map(Untrusted::from), ..Location::default() },
        ..Observation::new(kind, rule, Severity::from_word(word.unwrap_or_default()), source)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    advisories: Keyed<'a, Record<Advisory<'a>>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Line<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    data: Named<'a, Data<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Data<'a> {
    #[serde(borrow)]
    advisory: Part<Advisory<'a>>,
    resolution: Part<Resolution<'a>>,
    #[serde(rename = "totalDependencies")]
    total_dependencies: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Resolution<'a> {
    #[serde(borrow)]
    path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tree<'a> {
    #[serde(borrow)]
    value: Text<'a>,
    children: Part<Issue<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Issue<'a> {
    #[serde(borrow, rename = "ID")]
    id: Text<'a>,
    #[serde(rename = "Issue")]
    issue: Text<'a>,
    #[serde(rename = "URL")]
    url: Text<'a>,
    #[serde(rename = "Severity")]
    severity: Text<'a>,
    #[serde(rename = "Tree Versions")]
    versions: Texts<'a>,
    #[serde(rename = "Dependents")]
    dependents: Texts<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVISORY: &str = r#"{"type":"auditAdvisory","data":{"resolution":{"path":"a>b"},"advisory":{"id":7,"module_name":"b",
        "severity":"high","cwe":"[\"CWE-79\",\"CWE-20\"]","findings":[{"version":"1.0.0","paths":["b"]},{"version":"2.0.0","paths":["a>b"]}]}}}"#;
    const SUMMARY: &str = r#"{"type":"auditSummary","data":{"totalDependencies":47}}"#;

    #[test]
    fn a_path_of_an_advisory_is_a_result_with_the_version_on_that_path() {
        let parsed = parse(&format!("{}\n{SUMMARY}\n", ADVISORY.replace('\n', ""))).unwrap();
        let observation = &parsed.observations[0];
        assert_eq!(observation.package.as_ref().unwrap().version.as_ref().unwrap(), &"2.0.0");
        assert_eq!(observation.cwes, ["CWE-20", "CWE-79"]);
        assert_eq!(parsed.state, ScanState::Complete);
    }

    #[test]
    fn an_audit_without_its_summary_did_not_end() {
        assert_eq!(parse(ADVISORY).unwrap().state, ScanState::Partial);
        let error = r#"{"type":"error","data":"An unexpected error occurred: \"ETIMEDOUT\"."}"#;
        assert!(matches!(parse(error), Err(FormatError::NoResults { .. })));
        assert_eq!(parse(&format!("{ADVISORY}\n{error}")).unwrap().state, ScanState::Failed);
        let nothing = r#"{"type":"auditSummary","data":{"totalDependencies":0}}"#;
        assert_eq!(parse(nothing).unwrap().state, ScanState::Partial);
    }

    #[test]
    fn a_line_of_yarn_4_is_an_advisory_or_a_deprecation() {
        let parsed = parse(
            r#"{"value":"minimist","children":{"ID":1097678,"Issue":"Prototype Pollution","URL":"https://github.com/advisories/GHSA-xvch-5gv4-984h","Severity":"critical","Tree Versions":["1.2.0"]}}
            {"value":"har-validator","children":{"ID":"har-validator (deprecation)","Issue":"no longer supported","Severity":"moderate"}}
            {"value":"x"}"#,
        )
        .unwrap();
        let kinds: Vec<Kind> = parsed.observations.iter().map(|o| o.kind).collect();
        assert_eq!((kinds, parsed.not_understood.len()), (vec![Kind::Vulnerability, Kind::Quality], 1));
    }
}
