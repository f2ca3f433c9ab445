//! OWASP Dependency-Check's JSON and XML.
//!
//! One result for each vulnerability of a dependency; those of related dependencies are not repeated. A package is guessed
//! from evidence: the confidence says how well. What a suppression file took out is listed apart.

use serde::Deserialize;

use super::terms::{assessment, cwe, distinct, instant, package_of, title, vulnerability_id};
use super::wire::{
    Any, Element, List, Number, Part, Record, Text, Texts, no_results, not_understood, place, read, results,
};
use super::xml::{Piece, Tag, Xml};
use super::{Format, FormatError, Head};
use crate::model::finding::{Cvss, Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::Package;
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "dependency-check",
    title: "OWASP Dependency-Check JSON and XML",
    docs: "https://dependency-check.github.io/DependencyCheck/",
    produce: "dependency-check --scan . --format JSON --out dependency-check.json",
    seen: "XML of the schemas 1.3 to 2.5, JSON 1.1",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

/// Bytes of a text that are kept of the XML.
const TEXT: usize = 4096;

fn detect(head: &Head<'_>) -> bool {
    let json = head.has("reportSchema") && head.has("scanInfo");
    let namespaced = |namespace: &Option<String>| {
        let plain = namespace.as_deref().unwrap_or_default().to_ascii_lowercase().replace('_', "-");
        plain.contains("dependency-check") || plain.contains("dependencycheck")
    };
    json || head.xml().is_some_and(|root| root.name == "analysis" && namespaced(&root.namespace))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut parsed = Parsed::new("Dependency-Check", FORMAT.checks);
    let dependencies =
        if text.trim_start().starts_with('<') { read_xml(text, &mut parsed)? } else { read_json(text, &mut parsed)? };
    if dependencies == 0 {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no dependency is listed");
    }
    Ok(parsed)
}

/// A dependency, in either notation.
#[derive(Default)]
struct Dependency {
    file_name: Option<Untrusted>,
    file_path: Option<Untrusted>,
    package: Option<Package>,
    confidence: Option<Untrusted>,
}

/// A vulnerability, in either notation.
#[derive(Default)]
struct Vulnerability {
    name: Option<String>,
    severity: Option<String>,
    cvss: Option<Box<Cvss>>,
    cwes: Vec<Untrusted>,
    description: Option<Untrusted>,
    exploited: bool,
    notes: Option<Untrusted>,
}

fn observe(dependency: &Dependency, one: &Vulnerability) -> Result<Observation, String> {
    let name = one.name.as_deref().map(str::trim).filter(|name| !name.is_empty()).ok_or("has no `name`")?;
    let score = one.cvss.as_ref().and_then(|cvss| cvss.score);
    let (severity, source) = match (one.severity.as_deref(), score) {
        (Some(word), _) => (Severity::from_word(word), SeveritySource::Scanner),
        (None, Some(score)) => (Severity::from_score(score), SeveritySource::Cvss),
        (None, None) => (Severity::Unknown, SeveritySource::None),
    };
    let file = dependency.file_name.clone().map(|name| Package { name, ..Package::default() });
    Ok(Observation {
        rule: Rule { id: name.into(), name: None, url: None },
        ids: vulnerability_id(name).into_iter().collect(),
        cwes: one.cwes.clone(),
        severity_raw: one.severity.as_deref().map(Untrusted::from),
        cvss: one.cvss.clone(),
        title: one.description.clone().unwrap_or_default(),
        package: dependency.package.clone().or(file).map(Box::new),
        location: Location { path: dependency.file_path.clone(), ..Location::default() },
        known_exploited: one.exploited.then_some(true),
        confidence: dependency.confidence.clone(),
        ..Observation::new(Kind::Vulnerability, name, severity, source)
    })
}

fn suppressed(dependency: &Dependency, one: &Vulnerability) -> Result<Observation, String> {
    let suppression = Some(Suppression { by: SuppressedBy::Scanner, reason: one.notes.clone() });
    Ok(Observation { suppression, ..observe(dependency, one)? })
}

fn read_json(text: &str, parsed: &mut Parsed) -> Result<usize, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.dependencies.demand(FORMAT.id, "dependencies")?;
    if let Some(info) = report.scan_info.get() {
        parsed.tool.version = info.engine_version.untrusted();
        if matches!(info.exceptions, Any::Given(_)) {
            parsed.degrade(ScanState::Partial, "the analysis had exceptions");
        }
    }
    if let Some(project) = report.project_info.get() {
        parsed.finished_at = instant(project.report_date.get());
        parsed.target.name = project.name.untrusted();
    }
    let count = report.dependencies.records().len();
    for (index, record) in report.dependencies.into_records().into_iter().enumerate() {
        let at = format!("/dependencies/{index}");
        let wire = match record {
            Record::Sound(wire) => wire,
            Record::Odd(found) => {
                not_understood(parsed, at, format!("should be an object and is {found}"));
                continue;
            }
        };
        let dependency = wire.dependency();
        results(wire.vulnerabilities, FORMAT.id, &format!("{at}/vulnerabilities"), parsed, |one| {
            Ok(Element::Result(Box::new(observe(&dependency, &one.vulnerability())?)))
        })?;
        results(wire.suppressed, FORMAT.id, &format!("{at}/suppressedVulnerabilities"), parsed, |one| {
            Ok(Element::Apart(Box::new(suppressed(&dependency, &one.vulnerability())?)))
        })?;
    }
    Ok(count)
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Report<'a> {
    #[serde(borrow)]
    scan_info: Part<ScanInfo<'a>>,
    project_info: Part<ProjectInfo<'a>>,
    dependencies: List<WireDependency<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ScanInfo<'a> {
    #[serde(borrow)]
    engine_version: Text<'a>,
    #[serde(rename = "analysisExceptions")]
    exceptions: Any,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ProjectInfo<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    report_date: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct WireDependency<'a> {
    #[serde(borrow)]
    file_name: Text<'a>,
    file_path: Text<'a>,
    packages: List<Identifier<'a>>,
    vulnerabilities: List<WireVulnerability<'a>>,
    #[serde(rename = "suppressedVulnerabilities")]
    suppressed: List<WireVulnerability<'a>>,
}

impl WireDependency<'_> {
    fn dependency(&self) -> Dependency {
        let known = self.packages.sound().find_map(|identifier| Some((package_of(identifier.id.get()?)?, identifier)));
        Dependency {
            file_name: self.file_name.untrusted(),
            file_path: self.file_path.untrusted(),
            confidence: known.as_ref().and_then(|(_, identifier)| identifier.confidence.untrusted()),
            package: known.map(|(package, _)| package),
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifier<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    confidence: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireVulnerability<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    severity: Text<'a>,
    cvssv2: Part<Score>,
    cvssv3: Part<Score>,
    cvssv4: Part<Score>,
    cwes: Texts<'a>,
    description: Text<'a>,
    notes: Text<'a>,
    #[serde(rename = "knownExploitedVulnerability")]
    exploited: Any,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Score {
    score: Number,
    #[serde(rename = "baseScore")]
    base_score: Number,
}

impl WireVulnerability<'_> {
    fn vulnerability(&self) -> Vulnerability {
        let score = |part: &Part<Score>| part.get().and_then(|one| one.base_score.real().or(one.score.real()));
        Vulnerability {
            name: self.name.get().map(str::to_owned),
            severity: self.severity.get().map(str::to_owned),
            cvss: scored([score(&self.cvssv4), score(&self.cvssv3), score(&self.cvssv2)]),
            cwes: distinct(self.cwes.iter().filter_map(cwe).collect()),
            description: self.description.get().map(title),
            exploited: matches!(self.exploited, Any::Given(_)),
            notes: self.notes.untrusted(),
        }
    }
}

/// The assessment of the newest version of CVSS, of which only the score is a whole.
fn scored(scores: [Option<f64>; 3]) -> Option<Box<Cvss>> {
    let (score, version) = scores
        .into_iter()
        .zip(["4.0", "3.1", "2.0"])
        .find_map(|(score, version)| Some((score.filter(|score| *score > 0.0)?, version)))?;
    assessment(None, Some(score)).map(|cvss| Box::new(Cvss { version: Some(version.into()), ..*cvss }))
}

fn read_xml(text: &str, parsed: &mut Parsed) -> Result<usize, FormatError> {
    let mut xml = Xml::new(text, FORMAT.id);
    match xml.next()? {
        Some(Piece::Start(root)) if root.name() == "analysis" => {}
        _ => return Err(no_results(FORMAT.id, "the root element is no `analysis`")),
    }
    let mut dependencies = None;
    xml.children(|xml, tag| match tag.name() {
        "scanInfo" => read_scan_info(xml, parsed),
        "projectInfo" => read_project_info(xml, parsed),
        "dependencies" => {
            let count = dependencies.get_or_insert(0_usize);
            xml.children(|xml, tag| {
                if tag.name() != "dependency" {
                    return xml.skip();
                }
                *count += 1;
                read_dependency(xml, *count, parsed)
            })
        }
        _ => xml.skip(),
    })?;
    while xml.next()?.is_some() {}
    dependencies.ok_or_else(|| no_results(FORMAT.id, "there are no `dependencies`"))
}

fn read_scan_info(xml: &mut Xml<'_>, parsed: &mut Parsed) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        match tag.name() {
            "engineVersion" => parsed.tool.version = some(&xml.text(TEXT)?).map(Untrusted::from),
            "analysisExceptions" => {
                parsed.degrade(ScanState::Partial, "the analysis had exceptions");
                xml.skip()?;
            }
            _ => xml.skip()?,
        }
        Ok(())
    })
}

fn read_project_info(xml: &mut Xml<'_>, parsed: &mut Parsed) -> Result<(), FormatError> {
    xml.children(|xml, tag| {
        match tag.name() {
            "name" => parsed.target.name = some(&xml.text(TEXT)?).map(Untrusted::from),
            "reportDate" => parsed.finished_at = instant(Some(xml.text(TEXT)?.trim())),
            _ => xml.skip()?,
        }
        Ok(())
    })
}

fn some(text: &str) -> Option<String> {
    let trimmed = text.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// Identifiers come before vulnerabilities in older schemas and in newer ones, but nothing says that they must.
fn read_dependency(xml: &mut Xml<'_>, number: usize, parsed: &mut Parsed) -> Result<(), FormatError> {
    let mut dependency = Dependency::default();
    let mut found: Vec<(bool, Vulnerability)> = Vec::new();
    xml.children(|xml, tag| {
        match tag.name() {
            "fileName" => dependency.file_name = some(&xml.text(TEXT)?).map(Untrusted::from),
            "filePath" => dependency.file_path = some(&xml.text(TEXT)?).map(Untrusted::from),
            "identifiers" => xml.children(|xml, tag| read_identifier(xml, tag, &mut dependency))?,
            "vulnerabilities" => xml.children(|xml, tag| {
                match tag.name() {
                    "vulnerability" => found.push((false, read_vulnerability(xml)?)),
                    "suppressedVulnerability" => found.push((true, read_vulnerability(xml)?)),
                    _ => xml.skip()?,
                }
                Ok(())
            })?,
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    for (index, (apart, one)) in found.iter().enumerate() {
        let read = if *apart {
            suppressed(&dependency, one).map(Box::new).map(Element::Apart)
        } else {
            observe(&dependency, one).map(Box::new).map(Element::Result)
        };
        place(parsed, || format!("/analysis/dependencies/dependency[{number}]/vulnerabilities/*[{}]", index + 1), read);
    }
    Ok(())
}

/// A `package` by its URL; in older schemas an `identifier` of a type, as `group:artifact:version`.
fn read_identifier(xml: &mut Xml<'_>, tag: &Tag<'_>, dependency: &mut Dependency) -> Result<(), FormatError> {
    let confidence = tag.attribute("confidence").map(Untrusted::from);
    let kind = tag.attribute("type");
    let element = tag.name().to_owned();
    if !matches!(element.as_str(), "package" | "identifier") {
        return xml.skip();
    }
    let mut name = None;
    xml.children(|xml, tag| {
        match tag.name() {
            "id" | "name" => name = some(&xml.text(TEXT)?),
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    let Some(name) = name.filter(|_| dependency.package.is_none()) else { return Ok(()) };
    let package = match (element.as_str(), kind.as_deref()) {
        ("package", _) => package_of(&name),
        (_, Some("cpe") | None) => None,
        (_, Some(kind)) => name.rsplit_once(':').map(|(name, version)| Package {
            name: name.into(),
            version: Some(version.into()),
            ecosystem: Some(kind.into()),
            ..Package::default()
        }),
    };
    if package.is_some() {
        dependency.package = package;
        dependency.confidence = confidence;
    }
    Ok(())
}

fn read_vulnerability(xml: &mut Xml<'_>) -> Result<Vulnerability, FormatError> {
    let mut one = Vulnerability::default();
    let mut cwes = Vec::new();
    let (mut v4, mut v3, mut v2) = (None, None, None);
    xml.children(|xml, tag| {
        match tag.name() {
            "name" => one.name = some(&xml.text(TEXT)?),
            "severity" => one.severity = some(&xml.text(TEXT)?),
            "description" => one.description = Some(title(&xml.text(TEXT)?)),
            "notes" => one.notes = some(&xml.text(TEXT)?).map(Untrusted::from),
            "cwe" => cwes.extend(cwe(&xml.text(TEXT)?)),
            "cwes" => xml.children(|xml, _| {
                cwes.extend(cwe(&xml.text(TEXT)?));
                Ok(())
            })?,
            "cvssScore" => v2 = xml.text(TEXT)?.trim().parse().ok(),
            "cvssV2" => v2 = read_score(xml)?,
            "cvssV3" => v3 = read_score(xml)?,
            "cvssV4" => v4 = read_score(xml)?,
            "knownExploitedVulnerability" => {
                one.exploited = true;
                xml.skip()?;
            }
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(Vulnerability { cvss: scored([v4, v3, v2]), cwes: distinct(cwes), ..one })
}

fn read_score(xml: &mut Xml<'_>) -> Result<Option<f64>, FormatError> {
    let mut score = None;
    xml.children(|xml, tag| {
        match tag.name() {
            "score" | "baseScore" => score = xml.text(TEXT)?.trim().parse().ok(),
            _ => xml.skip()?,
        }
        Ok(())
    })?;
    Ok(score)
}

#[cfg(test)]
mod tests {
    use super::*;

    const XML: &str = r#"<analysis xmlns="https://jeremylong.github.io/DependencyCheck/dependency-check.2.5.xsd">
        <scanInfo><engineVersion>6.5.3</engineVersion></scanInfo><projectInfo><name>shop</name><reportDate>2022-01-15T14:31:13Z</reportDate></projectInfo>
        <dependencies><dependency><fileName>log4j-core.jar</fileName><filePath>/app/log4j-core.jar</filePath>
            <relatedDependencies><relatedDependency><filePath>/b</filePath></relatedDependency></relatedDependencies>
            <identifiers><package confidence="HIGH"><id>pkg:maven/org.apache.logging.log4j/log4j-core@2.13.2</id></package></identifiers>
            <vulnerabilities><vulnerability source="NVD"><name>CVE-2021-44228</name><severity>CRITICAL</severity><cvssV3><baseScore>10.0</baseScore></cvssV3>
                <cwes><cwe>CWE-502</cwe></cwes></vulnerability>
                <suppressedVulnerability><name>CVE-2021-45105</name><severity>MEDIUM</severity><notes>no lookups</notes></suppressedVulnerability></vulnerabilities>
        </dependency></dependencies></analysis>"#;

    const JSON: &str = r#"{"reportSchema":"1.1","scanInfo":{"engineVersion":"6.5.3"},"projectInfo":{"name":"shop","reportDate":"2022-01-15T14:31:13Z"},
        "dependencies":[{"fileName":"log4j-core.jar","filePath":"/app/log4j-core.jar","packages":[{"id":"pkg:maven/org.apache.logging.log4j/log4j-core@2.13.2","confidence":"HIGH"}],
            "vulnerabilities":[{"name":"CVE-2021-44228","severity":"CRITICAL","cvssv3":{"baseScore":10.0},"cwes":["CWE-502"]}],
            "suppressedVulnerabilities":[{"name":"CVE-2021-45105","severity":"MEDIUM","notes":"no lookups"}]}]}"#;

    #[test]
    fn both_notations_say_the_same() {
        let bare = |mut parsed: Parsed| {
            for one in parsed.observations.iter_mut().chain(&mut parsed.suppressed_apart) {
                one.pointer = Untrusted::default();
            }
            parsed
        };
        let parsed = bare(parse(XML).unwrap());
        assert_eq!(parsed, bare(parse(JSON).unwrap()));
        let one = &parsed.observations[0];
        assert_eq!((one.severity, one.cvss.as_ref().unwrap().score), (Severity::Critical, Some(10.0)));
        assert_eq!(one.package.as_ref().unwrap().name, "org.apache.logging.log4j:log4j-core");
        let reason = parsed.suppressed_apart[0].suppression.as_ref().unwrap().reason.as_ref().unwrap();
        assert_eq!(reason, &"no lookups");
    }

    #[test]
    fn nothing_scanned_and_exceptions_are_not_clean() {
        let text = r#"{"reportSchema":"1.1","scanInfo":{},"dependencies":[]}"#;
        assert_eq!(parse(text).unwrap().state, ScanState::Partial);
        let text =
            "<analysis><scanInfo><analysisExceptions/></scanInfo><dependencies><dependency/></dependencies></analysis>";
        assert_eq!(parse(text).unwrap().state, ScanState::Partial);
        assert!(parse("<analysis/>").is_err() && parse("{}").is_err());
    }
}
