//! Snyk's JSON of dependencies, containers and infrastructure code (`snyk test|container test|iac test --json`).
//!
//! One project, or a list of them; a container adds the applications in it. An entry is a vulnerability on one dependency
//! path, so one vulnerability comes as often as there are paths. `severity` stops at high in older reports, where
//! `severityWithCritical` stands beside it. A project that could not be tested has an error instead of entries. Snyk Code
//! writes SARIF.

use serde::Deserialize;

use super::terms::{assessment, cwe, distinct, title, vulnerability_id};
use super::wire::{
    Any, Element, Flag, List, Number, OneOrMany, Part, Record, Text, Texts, no_results, not_understood, read, results,
};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "snyk",
    title: "Snyk JSON",
    docs: "https://docs.snyk.io/snyk-cli/commands/test",
    produce: "snyk test --all-projects --json-file-output=snyk.json",
    seen: "one project and several, old and new severities; containers and infrastructure code as documented",
    checks: &[Check::Dependencies, Check::Iac, Check::Image],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    is_project(head.root()) || is_project(head.root().first())
}

fn is_project(node: &Node<'_>) -> bool {
    let said = ["packageManager", "dependencyCount", "uniqueCount", "ok"].iter().any(|key| node.has(key));
    let tested = node.key("vulnerabilities").is_array() && said;
    let failed = node.has("ok") && node.key("error").is_text();
    tested || node.key("infrastructureAsCodeIssues").is_array() || failed
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let OneOrMany(projects) = read::<OneOrMany<Project<'_>>>(text, FORMAT.id)?;
    projects.demand(FORMAT.id, "the list of projects")?;
    let single = text.trim_start().starts_with('{');
    let tested = projects.sound().any(Project::is_tested);
    if !projects.is_empty() && !tested {
        let error = projects.sound().find_map(|project| project.error.get());
        return Err(no_results(FORMAT.id, error.unwrap_or("no project was tested")));
    }
    let mut parsed = Parsed::new("Snyk", &[]);
    if projects.is_empty() {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no project is listed");
    }
    for (index, record) in projects.into_records().into_iter().enumerate() {
        let at = if single { String::new() } else { format!("/{index}") };
        match record {
            Record::Sound(project) => read_project(project, &at, &mut parsed)?,
            Record::Odd(found) => not_understood(&mut parsed, at, format!("should be an object and is {found}")),
        }
    }
    parsed.checks.sort();
    parsed.checks.dedup();
    Ok(parsed)
}

fn read_project(project: Project<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    if let Some(error) = project.error.get() {
        let name = project.path.get().unwrap_or("a project");
        parsed.degrade(ScanState::Partial, format!("{name} could not be tested: {error}"));
    }
    if !project.is_tested() {
        if project.error.get().is_none() {
            not_understood(parsed, at.to_owned(), "has neither results nor an error");
        }
        return Ok(());
    }
    let place = Place::of(&project);
    let code = !matches!(project.iac, List::Absent);
    parsed.checks.push(if code { Check::Iac } else { Check::Dependencies });
    if place.image.is_some() {
        parsed.checks.push(Check::Image);
    }
    results(project.vulnerabilities, FORMAT.id, &format!("{at}/vulnerabilities"), parsed, |one| {
        Ok(Element::Result(Box::new(place.vulnerability(one)?)))
    })?;
    results(project.iac, FORMAT.id, &format!("{at}/infrastructureAsCodeIssues"), parsed, |one| {
        Ok(Element::Result(Box::new(place.misconfiguration(one)?)))
    })?;
    if let Part(Some(filtered)) = project.filtered {
        for (list, name) in [(filtered.ignore, "ignore"), (filtered.patch, "patch")] {
            results(list, FORMAT.id, &format!("{at}/filtered/{name}"), parsed, |one| {
                let reason = one.filtered.get().and_then(Filters::reason);
                let suppression = Some(Suppression { by: SuppressedBy::Scanner, reason });
                Ok(Element::Apart(Box::new(Observation { suppression, ..place.vulnerability(one)? })))
            })?;
        }
    }
    for (index, record) in project.applications.into_records().into_iter().enumerate() {
        let at = format!("{at}/applications/{index}");
        match record {
            Record::Sound(application) => {
                let inner = Place { file: application.file(), ..place.clone() };
                results(application.vulnerabilities, FORMAT.id, &format!("{at}/vulnerabilities"), parsed, |one| {
                    Ok(Element::Result(Box::new(inner.vulnerability(one)?)))
                })?;
            }
            Record::Odd(found) => not_understood(parsed, at, format!("should be an object and is {found}")),
        }
    }
    Ok(())
}

/// Where the entries of a project are.
#[derive(Clone)]
struct Place {
    file: Option<Untrusted>,
    image: Option<Untrusted>,
    /// The project's target, which is only a name.
    target: Option<Target>,
}

impl Place {
    fn of(project: &Project<'_>) -> Self {
        let image = project.path.untrusted().filter(|_| matches!(project.docker, Any::Given(_)));
        let name = project.path.untrusted().or_else(|| project.project_name.untrusted());
        let target = name.map(|name| Target { name: Some(name), ..Target::default() });
        Self { file: project.file(), image, target }
    }

    fn vulnerability(&self, one: &Issue<'_>) -> Result<Observation, String> {
        let id = one.id.demand("id")?;
        let (severity, source, raw) = one.severity();
        let identifiers = one.identifiers.get();
        let names = identifiers.into_iter().flat_map(|names| names.cve.iter().chain(names.ghsa.iter()));
        let own = vulnerability_id(id).unwrap_or_else(|| id.into());
        let license = one.kind.get() == Some("license");
        let kind = match license {
            true => Kind::License,
            false if one.malicious.is_set() => Kind::Malware,
            false => Kind::Vulnerability,
        };
        let vector = one.cvss3.get();
        Ok(Observation {
            rule: Rule { id: id.into(), name: one.title.untrusted(), url: url(id, license) },
            ids: [own].into_iter().chain(names.filter_map(vulnerability_id)).collect(),
            cwes: identifiers.map(|names| distinct(names.cwe.iter().filter_map(cwe).collect())).unwrap_or_default(),
            severity_raw: raw,
            cvss: assessment(vector, one.score.real()),
            title: one.title.get().map(title).unwrap_or_default(),
            package: Some(Box::new(one.package()?)),
            location: Location {
                path: self.file.clone(),
                resource: (!one.from.0.is_empty()).then(|| one.from.iter().collect::<Vec<_>>().join(" > ").into()),
                image: self.image.clone(),
                ..Location::default()
            },
            target: self.target.clone().map(Box::new),
            published: one.publication_time.untrusted(),
            ..Observation::new(kind, id, severity, source)
        })
    }

    fn misconfiguration(&self, one: &Issue<'_>) -> Result<Observation, String> {
        let id = one.public_id.get().or(one.id.get()).ok_or("has neither `id` nor `publicId`")?;
        let (severity, source, raw) = one.severity();
        let suppression = one.is_ignored.is_set().then_some(Suppression { by: SuppressedBy::Scanner, reason: None });
        Ok(Observation {
            rule: Rule { id: id.into(), name: one.title.untrusted(), url: one.documentation.untrusted() },
            severity_raw: raw,
            title: one.title.get().map(title).unwrap_or_default(),
            location: Location {
                path: self.file.clone(),
                line: one.line_number.position(),
                resource: (!one.path.0.is_empty()).then(|| one.path.iter().collect::<Vec<_>>().join(".").into()),
                ..Location::default()
            },
            target: self.target.clone().map(Box::new),
            suppression,
            ..Observation::new(Kind::Misconfiguration, id, severity, source)
        })
    }
}

fn url(id: &str, license: bool) -> Option<Untrusted> {
    (!license).then(|| format!("https://security.snyk.io/vuln/{id}").into())
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Project<'a> {
    #[serde(borrow)]
    vulnerabilities: List<Issue<'a>>,
    #[serde(rename = "infrastructureAsCodeIssues")]
    iac: List<Issue<'a>>,
    applications: List<Self>,
    filtered: Part<Filtered<'a>>,
    docker: Any,
    error: Text<'a>,
    path: Text<'a>,
    project_name: Text<'a>,
    target_file: Text<'a>,
    display_target_file: Text<'a>,
}

impl Project<'_> {
    fn is_tested(&self) -> bool {
        matches!(self.vulnerabilities, List::Given(_)) || matches!(self.iac, List::Given(_))
    }

    fn file(&self) -> Option<Untrusted> {
        self.display_target_file.untrusted().or_else(|| self.target_file.untrusted())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Filtered<'a> {
    #[serde(borrow)]
    ignore: List<Issue<'a>>,
    patch: List<Issue<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Issue<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    public_id: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    title: Text<'a>,
    severity: Text<'a>,
    severity_with_critical: Text<'a>,
    identifiers: Part<Identifiers<'a>>,
    #[serde(rename = "CVSSv3")]
    cvss3: Text<'a>,
    #[serde(rename = "cvssScore")]
    score: Number,
    package_name: Text<'a>,
    name: Text<'a>,
    module_name: Text<'a>,
    version: Text<'a>,
    package_manager: Text<'a>,
    fixed_in: Texts<'a>,
    from: Texts<'a>,
    path: Texts<'a>,
    publication_time: Text<'a>,
    malicious: Flag,
    is_ignored: Flag,
    line_number: Number,
    documentation: Text<'a>,
    filtered: Part<Filters<'a>>,
}

impl Issue<'_> {
    fn severity(&self) -> (Severity, SeveritySource, Option<Untrusted>) {
        let word = self.severity_with_critical.get().or(self.severity.get());
        let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
        (Severity::from_word(word.unwrap_or_default()), source, word.map(Untrusted::from))
    }

    fn package(&self) -> Result<Package, String> {
        let named = [&self.package_name, &self.name, &self.module_name].into_iter().find_map(Text::get);
        let fixed_in: Vec<Untrusted> = self.fixed_in.iter().map(Untrusted::from).collect();
        Ok(Package {
            name: named.ok_or("names no package")?.into(),
            version: self.version.untrusted(),
            purl: None,
            ecosystem: self.package_manager.get().map(|word| word.split(':').next().unwrap_or(word).into()),
            fix_state: if fixed_in.is_empty() { FixState::Unknown } else { FixState::Fixed },
            fixed_in,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifiers<'a> {
    #[serde(borrow, rename = "CVE")]
    cve: Texts<'a>,
    #[serde(rename = "GHSA")]
    ghsa: Texts<'a>,
    #[serde(rename = "CWE")]
    cwe: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Filters<'a> {
    #[serde(borrow)]
    ignored: List<IgnoreRule<'a>>,
}

impl Filters<'_> {
    fn reason(&self) -> Option<Untrusted> {
        self.ignored.sound().find_map(|rule| rule.reason.untrusted())
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct IgnoreRule<'a> {
    #[serde(borrow)]
    reason: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUE: &str = r#"{"id":"SNYK-JS-LODASH-590103","title":"Prototype Pollution","severity":"high","severityWithCritical":"critical",
        "identifiers":{"CVE":["CVE-2020-8203"],"CWE":["CWE-400"],"GHSA":["GHSA-p6mc-m468-83gw"]},"packageName":"lodash","version":"4.17.4",
        "packageManager":"npm","fixedIn":["4.17.20"],"from":["shop@1.0.0","lodash@4.17.4"],"CVSSv3":null,"cvssScore":9.8}"#;

    #[test]
    fn every_path_is_a_result_and_the_newer_word_counts() {
        let text = format!(
            r#"{{"vulnerabilities":[{ISSUE},{ISSUE}],"ok":false,"packageManager":"npm","displayTargetFile":"package-lock.json","path":"/srv/shop"}}"#
        );
        let parsed = parse(&text).unwrap();
        assert_eq!(parsed.observations.len(), 2);
        let first = &parsed.observations[0];
        assert_eq!((first.severity, first.ids.len()), (Severity::Critical, 3));
        assert_eq!(first.location.resource.as_ref().unwrap(), &"shop@1.0.0 > lodash@4.17.4");
        assert_eq!(parsed.checks, [Check::Dependencies]);
    }

    #[test]
    fn a_container_brings_its_applications_and_what_was_ignored() {
        let text = format!(
            r#"{{"vulnerabilities":[{ISSUE}],"ok":false,"packageManager":"deb","docker":{{}},"path":"shop:1",
                "filtered":{{"ignore":[{{"filtered":{{"ignored":[{{"reason":"not used"}}]}},{}],"patch":[]}},
                "applications":[{{"vulnerabilities":[{ISSUE}],"targetFile":"/app/package.json"}}]}}"#,
            ISSUE.strip_prefix('{').unwrap()
        );
        let parsed = parse(&text).unwrap();
        assert_eq!((parsed.observations.len(), parsed.suppressed_apart.len()), (2, 1));
        assert_eq!(parsed.checks, [Check::Dependencies, Check::Image]);
        assert_eq!(parsed.observations[1].location.path.as_ref().unwrap(), &"/app/package.json");
        assert_eq!(parsed.suppressed_apart[0].suppression.as_ref().unwrap().reason.as_ref().unwrap(), &"not used");
    }

    #[test]
    fn infrastructure_code_is_read_by_its_public_id() {
        let parsed = parse(
            r#"{"ok":false,"targetFile":"main.tf","packageManager":"terraformconfig","infrastructureAsCodeIssues":[
                {"id":"101","publicId":"SNYK-CC-TF-1","title":"open","severity":"medium","lineNumber":12,"path":["resource","aws_s3_bucket[b]"],"isIgnored":true}]}"#,
        )
        .unwrap();
        let one = &parsed.observations[0];
        assert_eq!(
            (one.rule.id.as_raw(), one.location.line, one.suppression.is_some()),
            ("SNYK-CC-TF-1", Some(12), true)
        );
        assert_eq!(parsed.checks, [Check::Iac]);
    }

    #[test]
    fn a_project_that_was_not_tested_shows() {
        let error = r#"{"ok":false,"error":"Could not detect supported target files","path":"/srv"}"#;
        assert!(matches!(parse(error), Err(FormatError::NoResults { .. })));
        let mixed = format!(r#"[{{"vulnerabilities":[],"ok":true,"dependencyCount":3}},{error}]"#);
        assert_eq!(parse(&mixed).unwrap().state, ScanState::Partial);
    }
}
