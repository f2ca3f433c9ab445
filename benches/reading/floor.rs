//! The floor: `serde_json` into structs that hold what a finding cannot do without (name, package, version, severity, title,
//! place), and nothing else. Once with strings borrowed where JSON allows it, once with owned ones.

#![expect(dead_code, reason = "the fields are read from JSON, which is what is measured, and not used")]

use std::borrow::Cow;
use std::path::Path;

use serde::Deserialize;

use super::File;

/// A string that borrows: serde makes an owned one of an `Option<Cow<str>>`.
#[derive(Default, Deserialize)]
#[serde(transparent)]
struct Word<'a>(#[serde(borrow)] Cow<'a, str>);

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Trivy<S> {
    #[serde(rename = "Results")]
    results: Vec<Scan<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Scan<S> {
    #[serde(rename = "Target")]
    target: Option<S>,
    #[serde(rename = "Vulnerabilities")]
    vulnerabilities: Vec<Vulnerability<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Vulnerability<S> {
    #[serde(rename = "VulnerabilityID")]
    id: Option<S>,
    #[serde(rename = "PkgName")]
    package: Option<S>,
    #[serde(rename = "InstalledVersion")]
    version: Option<S>,
    #[serde(rename = "FixedVersion")]
    fixed: Option<S>,
    #[serde(rename = "Severity")]
    severity: Option<S>,
    #[serde(rename = "Title")]
    title: Option<S>,
    #[serde(rename = "PkgIdentifier")]
    identifier: Option<Identifier<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Identifier<S> {
    #[serde(rename = "PURL")]
    purl: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Grype<S> {
    matches: Vec<Match<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Match<S> {
    vulnerability: Option<Advisory<S>>,
    artifact: Option<Artifact<S>>,
    #[serde(rename = "relatedVulnerabilities")]
    related: Vec<Advisory<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Advisory<S> {
    id: Option<S>,
    severity: Option<S>,
    description: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Artifact<S> {
    name: Option<S>,
    version: Option<S>,
    purl: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Gitlab<S> {
    vulnerabilities: Vec<GitlabFinding<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct GitlabFinding<S> {
    id: Option<S>,
    name: Option<S>,
    message: Option<S>,
    severity: Option<S>,
    location: Option<GitlabPlace<S>>,
    identifiers: Vec<Named<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct GitlabPlace<S> {
    file: Option<S>,
    start_line: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Named<S> {
    value: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Semgrep<S> {
    results: Vec<SemgrepFinding<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct SemgrepFinding<S> {
    check_id: Option<S>,
    path: Option<S>,
    start: Option<Position>,
    extra: Option<Extra<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Position {
    line: Option<u64>,
    col: Option<u64>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Extra<S> {
    message: Option<S>,
    severity: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Sarif<S> {
    runs: Vec<Run<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Run<S> {
    tool: Option<Tool<S>>,
    results: Vec<SarifResult<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Tool<S> {
    driver: Option<Driver<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Driver<S> {
    name: Option<S>,
    rules: Vec<Rule<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Rule<S> {
    id: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct SarifResult<S> {
    #[serde(rename = "ruleId")]
    rule: Option<S>,
    level: Option<S>,
    message: Option<Message<S>>,
    locations: Vec<Location<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Message<S> {
    text: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Location<S> {
    #[serde(rename = "physicalLocation")]
    physical: Option<Physical<S>>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Physical<S> {
    #[serde(rename = "artifactLocation")]
    artifact: Option<Uri<S>>,
    region: Option<Region>,
}

#[derive(Default, Deserialize)]
#[serde(default, bound = "S: Deserialize<'de> + Default")]
struct Uri<S> {
    uri: Option<S>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Region {
    #[serde(rename = "startLine")]
    line: Option<u64>,
    #[serde(rename = "startColumn")]
    column: Option<u64>,
}

/// The results of one file, with borrowed strings.
pub(crate) fn borrowed((path, bytes): &File) -> usize {
    results::<Word<'_>>(path, bytes)
}

/// The results of one file, with owned strings.
pub(crate) fn owned((path, bytes): &File) -> usize {
    results::<String>(path, bytes)
}

fn results<'a, S: Deserialize<'a> + Default>(path: &str, bytes: &'a [u8]) -> usize {
    fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> std::mem::ManuallyDrop<T> {
        std::mem::ManuallyDrop::new(serde_json::from_slice(bytes).unwrap())
    }
    match Path::new(path).file_stem().and_then(|name| name.to_str()).unwrap_or_default() {
        "trivy" => read::<Trivy<S>>(bytes).results.iter().map(|scan| scan.vulnerabilities.len()).sum(),
        "grype" => read::<Grype<S>>(bytes).matches.len(),
        "gitlab" => read::<Gitlab<S>>(bytes).vulnerabilities.len(),
        "semgrep" => read::<Semgrep<S>>(bytes).results.len(),
        "sarif" => read::<Sarif<S>>(bytes).runs.iter().map(|run| run.results.len()).sum(),
        other => panic!("no such family: {other}"),
    }
}
