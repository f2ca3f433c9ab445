//! GitLab's security reports: SAST, DAST, fuzzing, dependency, container and secret scanning.
//!
//! One schema with a `location` for each type of scan. The first identifier is the rule. Dismissals live in the platform and
//! are not in the report. `raw_source_code_extract` and evidence hold what was found in clear: they are not read.

use std::collections::HashMap;

use serde::Deserialize;

use super::terms::{
    assessment, cwe, digest, distinct, instant, is_about_credentials, title, vulnerability_id, without_quoted,
};
use super::wire::{Element, List, Number, OneOrMany, Part, Rows, Text, demand_readable, no_results, read, rows};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, Target};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "gitlab",
    title: "GitLab security report",
    docs: "https://docs.gitlab.com/development/integrations/secure/#report",
    produce: "the `gl-*-report.json` artifacts of GitLab's security jobs",
    seen: "schema 2.3 to 15.2",
    checks: &[Check::Secrets, Check::Sast, Check::Dependencies, Check::Iac, Check::Image, Check::Dast],
    detect,
    parse,
};

/// Analyzers whose reports say `sast` and are about infrastructure.
const INFRASTRUCTURE: &[&str] = &["checkov", "kics", "terrascan", "tfsec"];

/// Algorithms of tracking signatures, most stable first.
const SIGNATURES: &[&str] = &["scope_offset_compressed", "scope_offset", "location", "hash"];

fn detect(head: &Head<'_>) -> bool {
    let list = head.key("vulnerabilities");
    let listed = list.first().has("identifiers") && list.first().has("location");
    let scan = head.key("scan");
    let scanned = (scan.has("type") && scan.has("status")) || scan.has("scanner") || scan.has("analyzer");
    let versioned = head.string("version").is_some() && (scan.has("type") || head.key("remediations").is_array());
    listed || (list.is_array() || list.is_null()) && (scanned || versioned) || (list.is_array() && is_bare(head))
}

/// An empty list and nothing else but remarks: what cut down reports of old analyzers leave.
fn is_bare(head: &Head<'_>) -> bool {
    let remark = |name: &str| name.starts_with(['_', '$']);
    let bare = head.root().members().iter().all(|(name, _)| name == "vulnerabilities" || remark(name));
    bare && head.key("vulnerabilities").elements().is_empty()
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.vulnerabilities.0.demand(FORMAT.id, "vulnerabilities")?;
    // Other formats have a list of this name too, and at most a whole number as their version.
    let versioned = report.version.get().is_some_and(|version| version.contains('.'));
    let says_what_it_is = report.scan.get().is_some() || versioned;
    let like_ours = report.vulnerabilities.sound().any(|one| !one.identifiers.is_empty());
    if !says_what_it_is && !like_ours && !is_bare(&Head::of(text)) {
        return Err(no_results(FORMAT.id, "there is neither `scan` nor a schema version"));
    }
    let none = Scan::default();
    let scan = report.scan.get().unwrap_or(&none);
    let first = report.vulnerabilities.sound().next();
    let first = first.as_ref();
    let word = scan.kind.get().or_else(|| first.and_then(|one| one.category.get())).unwrap_or_default();
    let scanner = scan.scanner.get().or(scan.analyzer.get()).or_else(|| first.and_then(|one| one.scanner.get()));
    let name = scanner.and_then(|tool| tool.name.get().or(tool.id.get())).unwrap_or("GitLab");
    let sort = Sort::of(word, [name, scanner.and_then(|tool| tool.id.get()).unwrap_or_default()]);
    let mut parsed = Parsed::new(name, sort.checks());
    parsed.tool.version = scanner.and_then(|tool| tool.version.untrusted());
    parsed.finished_at = scan.end_time.get().and_then(utc);
    look_at_health(scan, &mut parsed);
    if !says_what_it_is {
        parsed.degrade(ScanState::Partial, "nothing says that there was a scan: neither `scan` nor a schema version");
    }
    let managers: HashMap<&str, &str> =
        report.dependency_files.sound().filter_map(|file| file.path.get().zip(file.manager.get())).collect();
    rows(report.vulnerabilities, text, FORMAT.id, "/vulnerabilities", &mut parsed, |one| {
        observe(one, sort, &managers)
    })?;
    Ok(parsed)
}

fn look_at_health(scan: &Scan<'_>, parsed: &mut Parsed) {
    if scan.status.get().is_some_and(|status| status != "success") {
        parsed.degrade(ScanState::Failed, "the scan failed, says the report");
    }
    demand_readable(&scan.messages.0, "scan.messages", parsed);
    for message in scan.messages.0.sound() {
        let state = match message.level.get() {
            Some("fatal") => ScanState::Failed,
            Some("error") => ScanState::Partial,
            _ => continue,
        };
        parsed.degrade(state, title(message.value.get().unwrap_or("an error without a message")));
    }
}

/// GitLab writes UTC without a zone.
fn utc(text: &str) -> Option<crate::model::time::Timestamp> {
    instant(Some(text)).or_else(|| instant(Some(&format!("{text}Z"))))
}

/// What a report is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sort {
    Code,
    Infrastructure,
    Secrets,
    Dependencies,
    Containers,
    Running,
    Other,
}

impl Sort {
    fn of(word: &str, scanner: [&str; 2]) -> Self {
        let infrastructure = || {
            scanner.iter().any(|name| INFRASTRUCTURE.iter().any(|known| name.to_ascii_lowercase().starts_with(known)))
        };
        match word {
            "sast" if infrastructure() => Self::Infrastructure,
            "sast" => Self::Code,
            "secret_detection" => Self::Secrets,
            "dependency_scanning" => Self::Dependencies,
            "container_scanning" | "cluster_image_scanning" => Self::Containers,
            "dast" | "api_fuzzing" => Self::Running,
            _ => Self::Other,
        }
    }

    const fn checks(self) -> &'static [Check] {
        match self {
            Self::Code => &[Check::Sast],
            Self::Infrastructure => &[Check::Iac],
            Self::Secrets => &[Check::Secrets],
            Self::Dependencies => &[Check::Dependencies],
            Self::Containers => &[Check::Dependencies, Check::Image],
            Self::Running => &[Check::Dast],
            Self::Other => &[],
        }
    }

    const fn kind(self) -> Kind {
        match self {
            Self::Code | Self::Running | Self::Other => Kind::Weakness,
            Self::Infrastructure => Kind::Misconfiguration,
            Self::Secrets => Kind::Secret,
            Self::Dependencies | Self::Containers => Kind::Vulnerability,
        }
    }
}

fn observe(one: &Vulnerability<'_>, sort: Sort, managers: &HashMap<&str, &str>) -> Result<Element, String> {
    let identifiers = || one.identifiers.sound().filter_map(|id| Some((id.value.get()?, id)));
    let (rule, primary) = match identifiers().next() {
        Some((value, identifier)) => (value, Some(identifier)),
        None => (one.id.get().or(one.cve.get()).ok_or("has neither `identifiers` nor `id`")?, None),
    };
    let cwes: Vec<Untrusted> = identifiers()
        .filter(|(_, identifier)| identifier.kind.get().is_some_and(|kind| kind.eq_ignore_ascii_case("cwe")))
        .filter_map(|(value, _)| cwe(value))
        .collect();
    let sensitive = sort == Sort::Secrets || is_about_credentials(&cwes);
    let message = [&one.name, &one.message, &one.description].into_iter().find_map(Text::get).unwrap_or(rule);
    let word = one.severity.get();
    let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
    let place = one.location.get();
    let image = place.and_then(|place| place.image.untrusted());
    Ok(Element::Result(Box::new(Observation {
        rule: Rule {
            id: rule.into(),
            name: primary.and_then(|identifier| identifier.name.untrusted()),
            url: primary.and_then(|identifier| identifier.url.untrusted()),
        },
        ids: distinct(identifiers().filter_map(|(value, _)| vulnerability_id(value)).collect()),
        cwes: distinct(cwes),
        severity_raw: one.severity.untrusted(),
        cvss: one.cvss.sound().find_map(|cvss| assessment(cvss.vector.get(), None)),
        title: title(&if sensitive { without_quoted(message) } else { message.into() }),
        package: place.and_then(|place| package(place, managers)).map(Box::new),
        target: image.as_ref().map(|name| {
            Box::new(Target {
                name: Some(name.clone()),
                commit: None,
                digests: digest(name.as_raw()).into_iter().collect(),
            })
        }),
        location: place.map(|place| location(place, image)).unwrap_or_default(),
        confidence: one.confidence.untrusted(),
        tool_fingerprint: if sensitive { None } else { signature(&one.tracking) },
        ..Observation::new(sort.kind(), rule, Severity::from_word(word.unwrap_or_default()), source)
    })))
}

fn package(place: &Place<'_>, managers: &HashMap<&str, &str>) -> Option<Package> {
    let dependency = place.dependency.get()?;
    let manager = place.file.get().and_then(|file| managers.get(file)).copied();
    let system = place.operating_system.get().and_then(|system| system.split_whitespace().next());
    Some(Package {
        name: dependency.package.get()?.name.untrusted()?,
        version: dependency.version.untrusted(),
        purl: None,
        ecosystem: manager.or(system).map(Untrusted::from),
        fixed_in: Vec::new(),
        fix_state: FixState::Unknown,
    })
}

fn location(place: &Place<'_>, image: Option<Untrusted>) -> Location {
    Location {
        path: place.file.untrusted(),
        line: place.start_line.position(),
        column: None,
        end_line: place.end_line.position(),
        resource: resource(place).map(Untrusted::from),
        image,
    }
}

/// A request (`GET https://host/path parameter`), a resource of a cluster, or where a fuzzed program crashed.
fn resource(place: &Place<'_>) -> Option<String> {
    if let Some(resource) = place.kubernetes.get() {
        let parts = [&resource.kind, &resource.namespace, &resource.name, &resource.container_name];
        return Some(parts.into_iter().filter_map(Text::get).collect::<Vec<_>>().join("/"));
    }
    if let Some(host) = place.hostname.get() {
        let url = format!("{}{}", host, place.path.get().unwrap_or_default());
        let parts = [place.method.get(), Some(url.as_str()), place.param.get()];
        return Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "));
    }
    place.crash_state.get().map(|state| state.split_whitespace().collect::<Vec<_>>().join(" "))
}

fn signature(tracking: &Part<Tracking<'_>>) -> Option<Untrusted> {
    let signatures =
        || tracking.get().into_iter().flat_map(|t| t.items.sound()).flat_map(|item| item.signatures.sound());
    SIGNATURES.iter().find_map(|algorithm| {
        let found = signatures().find(|signature| signature.algorithm.get() == Some(*algorithm))?;
        found.value.get().map(|value| format!("{algorithm}:{value}").into())
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    scan: Part<Scan<'a>>,
    vulnerabilities: Rows<'a, Vulnerability<'a>>,
    dependency_files: List<DependencyFile<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scan<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    status: Text<'a>,
    end_time: Text<'a>,
    analyzer: Part<Tool<'a>>,
    scanner: Part<Tool<'a>>,
    messages: OneOrMany<Message<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tool<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    level: Text<'a>,
    value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DependencyFile<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    #[serde(rename = "package_manager")]
    manager: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    category: Text<'a>,
    cve: Text<'a>,
    name: Text<'a>,
    message: Text<'a>,
    description: Text<'a>,
    severity: Text<'a>,
    confidence: Text<'a>,
    scanner: Part<Tool<'a>>,
    identifiers: List<Identifier<'a>>,
    location: Part<Place<'a>>,
    tracking: Part<Tracking<'a>>,
    #[serde(rename = "cvss_vectors")]
    cvss: List<CvssVector<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifier<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    name: Text<'a>,
    value: Text<'a>,
    url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    file: Text<'a>,
    start_line: Number,
    end_line: Number,
    dependency: Part<Dependency<'a>>,
    operating_system: Text<'a>,
    image: Text<'a>,
    hostname: Text<'a>,
    method: Text<'a>,
    path: Text<'a>,
    param: Text<'a>,
    crash_state: Text<'a>,
    #[serde(rename = "kubernetes_resource")]
    kubernetes: Part<ClusterResource<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dependency<'a> {
    #[serde(borrow)]
    package: Part<NamedPackage<'a>>,
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct NamedPackage<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct ClusterResource<'a> {
    #[serde(borrow)]
    namespace: Text<'a>,
    kind: Text<'a>,
    name: Text<'a>,
    container_name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tracking<'a> {
    #[serde(borrow)]
    items: List<Tracked<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tracked<'a> {
    #[serde(borrow)]
    signatures: List<Signature<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Signature<'a> {
    #[serde(borrow)]
    algorithm: Text<'a>,
    value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct CvssVector<'a> {
    #[serde(borrow)]
    vector: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(scan: &str, vulnerabilities: &str) -> Parsed {
        parse(&format!(r#"{{"version":"15.0.7","scan":{scan},"vulnerabilities":[{vulnerabilities}]}}"#)).unwrap()
    }

    #[test]
    fn the_type_of_scan_says_which_check_is_answered() {
        for (scan, checks) in [
            (r#"{"type":"sast","scanner":{"id":"semgrep"}}"#, [Check::Sast].as_slice()),
            (r#"{"type":"sast","scanner":{"id":"kics","name":"KICS"}}"#, &[Check::Iac]),
            (r#"{"type":"secret_detection"}"#, &[Check::Secrets]),
            (r#"{"type":"container_scanning"}"#, &[Check::Dependencies, Check::Image]),
            (r#"{"type":"api_fuzzing"}"#, &[Check::Dast]),
            (r#"{"type":"coverage_fuzzing"}"#, &[]),
        ] {
            assert_eq!(report(scan, "").checks, checks, "{scan}");
        }
    }

    #[test]
    fn a_failed_scan_is_no_clean_one() {
        let failed = report(r#"{"type":"sast","status":"failure"}"#, "");
        assert_eq!((failed.state, failed.observations.len()), (ScanState::Failed, 0));
        let fatal = r#"{"type":"sast","status":"success","messages":[{"level":"fatal","value":"no rules"}]}"#;
        assert_eq!(report(fatal, "").state, ScanState::Failed);
        for messages in [r#"[{"level":"error","value":"x"}]"#, r#"{"level":"error","value":"x"}"#, r#"["x"]"#] {
            let scan = format!(r#"{{"type":"sast","status":"success","messages":{messages}}}"#);
            assert_eq!(report(&scan, "").state, ScanState::Partial, "{messages}");
        }
        assert_eq!(parse(r#"{"vulnerabilities":[]}"#).unwrap().state, ScanState::Partial);
    }

    #[test]
    fn another_format_s_list_is_refused() {
        for text in [
            r#"{"bomFormat":"CycloneDX","version":1,"vulnerabilities":[]}"#,
            r#"{"ok":true,"vulnerabilities":[{"id":"a"}]}"#,
        ] {
            assert!(matches!(parse(text), Err(FormatError::NoResults { .. })), "{text}");
        }
    }

    #[test]
    fn what_was_found_is_not_kept() {
        let secret = r#"{"name":"AWS key \"AKIA-THE-VALUE\"","identifiers":[{"type":"gitleaks_rule_id","value":"AWS"}],
            "raw_source_code_extract":"AKIA-THE-VALUE","description":"AKIA-THE-VALUE","cve":"a:AKIA-THE-VALUE:AWS",
            "tracking":{"items":[{"signatures":[{"algorithm":"hash","value":"AKIA-THE-VALUE"}]}]},
            "location":{"file":"a.py","start_line":3}}"#;
        let parsed = report(r#"{"type":"secret_detection"}"#, secret);
        assert_eq!(parsed.observations[0].kind, Kind::Secret);
        assert!(!format!("{parsed:?}").contains("AKIA"), "{parsed:?}");
    }

    #[test]
    fn each_type_of_scan_has_its_own_place() {
        let placed = |scan: &str, location: &str| {
            let one = format!(r#"{{"identifiers":[{{"type":"cve","value":"CVE-2019-1549"}}],"location":{location}}}"#);
            report(&format!(r#"{{"type":"{scan}"}}"#), &one).observations.remove(0)
        };
        let container = r#"{"dependency":{"package":{"name":"libssl1.1"},"version":"1.1.1c-r0"},
            "operating_system":"alpine 3.10.2","image":"shop:1"}"#;
        let observation = placed("container_scanning", container);
        let package = observation.package.unwrap();
        assert_eq!((package.name.as_raw(), package.ecosystem.unwrap().as_raw()), ("libssl1.1", "alpine"));
        assert_eq!(observation.target.unwrap().name.unwrap(), "shop:1");
        let request = r#"{"hostname":"http://api","method":"GET","path":"/v1/trees","param":"id"}"#;
        assert_eq!(placed("dast", request).location.resource.unwrap(), "GET http://api/v1/trees id");
    }
}
