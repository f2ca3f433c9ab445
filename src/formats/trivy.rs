//! Trivy's JSON (`trivy image|fs|config -f json`), of one target or of a cluster.
//!
//! A scanner that ran and found nothing leaves no trace, except for packages and misconfigurations: so a report answers only
//! the checks whose results it lists. Trivy masks secrets, but the lines around one may show another: no code is kept.

use serde::Deserialize;

use super::terms::{assessment, cwe, digest, distinct, instant, title, vulnerability_id};
use super::wire::{
    Dict, Element, List, Number, Part, Record, Rows, Text, Texts, no_results, not_understood, read, results, rows,
};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Cvss, Kind, Location, Observation, SuppressedBy, Suppression, Target};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "trivy",
    title: "Trivy JSON",
    docs: "https://trivy.dev/latest/docs/configuration/reporting/#json",
    produce: "trivy image --format json --output trivy.json IMAGE",
    seen: "schema 1 and 2, to 0.72; reports on a cluster",
    checks: &[Check::Secrets, Check::Dependencies, Check::Iac, Check::Image, Check::License],
    detect,
    parse,
};

/// Lists of resources in a report on a cluster; the last two come from old versions.
const CLUSTER_LISTS: [&str; 4] = ["Resources", "Findings", "Vulnerabilities", "Misconfigurations"];

/// What Trivy calls a target where one result gathers packages of many places.
const GATHERED: &[&str] = &["conda-pkg", "gemspec", "jar", "node-pkg", "python-pkg"];

/// The member of `CVSS` that is taken where the one of the severity's source says nothing.
const PREFERRED_SOURCES: &[&str] = &["nvd", "ghsa", "redhat"];

fn detect(head: &Head<'_>) -> bool {
    let first = head.root().first();
    let is_scan =
        |node: &Node<'_>| node.has("Target") && ["Type", "Class", "Vulnerabilities"].iter().any(|key| node.has(key));
    let cluster = head.has("ClusterName") && CLUSTER_LISTS.iter().any(|list| head.has(list));
    let scanned = head.has("ArtifactName") || is_scan(head.first("Results"));
    is_scan(first) || cluster || (head.has("SchemaVersion") && scanned)
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut parsed = Parsed::new("Trivy", &[]);
    if text.trim_start().starts_with(['[', 'n']) {
        let list: List<Scan<'_>> = read(text, FORMAT.id)?;
        if !list.is_empty() && !list.sound().any(Scan::is_one) {
            return Err(no_results(FORMAT.id, "no element of the list has a `Target`"));
        }
        read_scans(list, text, "", &Scanned::default(), &mut parsed)?;
    } else {
        let report: Report<'_> = read(text, FORMAT.id)?;
        if report.cluster_name.raw().is_some() {
            read_cluster(report, text, &mut parsed)?;
        } else {
            read_report(report, text, &mut parsed)?;
        }
    }
    parsed.checks.sort();
    parsed.checks.dedup();
    Ok(parsed)
}

fn read_report<'a>(report: Report<'a>, text: &'a str, parsed: &mut Parsed) -> Result<(), FormatError> {
    match report.schema_version.whole() {
        Some(2) => {}
        Some(other) => {
            return Err(FormatError::Version { format: FORMAT.id, version: format!("schema {other}").into() });
        }
        None => return Err(no_results(FORMAT.id, "there is no `SchemaVersion`")),
    }
    parsed.tool.version = report.trivy.get().and_then(|trivy| trivy.version.untrusted());
    parsed.finished_at = instant(report.created_at.get());
    let scanned = Scanned::of(&report);
    parsed.target = scanned.target.clone();
    if scanned.image.is_some() {
        parsed.checks.extend([Check::Dependencies, Check::Image]);
    }
    if report.results.is_empty() {
        parsed.degrade(ScanState::Partial, "nothing was scanned: Trivy found no packages and no files that it knows");
    }
    read_scans(report.results, text, "/Results", &scanned, parsed)
}

fn read_cluster<'a>(report: Report<'a>, text: &'a str, parsed: &mut Parsed) -> Result<(), FormatError> {
    parsed.target.name = report.cluster_name.untrusted();
    let lists = [report.resources, report.findings, report.vulnerabilities, report.misconfigurations];
    if lists.iter().all(List::is_empty) {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no resource of the cluster is listed");
    }
    for (list, name) in lists.into_iter().zip(CLUSTER_LISTS) {
        for (index, resource) in list.into_records().into_iter().enumerate() {
            let at = format!("/{name}/{index}");
            match resource {
                Record::Sound(resource) => read_resource(resource, text, &at, parsed)?,
                Record::Odd(found) => {
                    not_understood(parsed, at, format!("should be an object and is {found}"));
                }
            }
        }
    }
    Ok(())
}

fn read_resource<'a>(resource: Resource<'a>, text: &'a str, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let parts = [&resource.kind, &resource.namespace, &resource.name];
    let address = parts.into_iter().filter_map(Text::get).collect::<Vec<_>>().join("/");
    if let Some(error) = resource.error.get() {
        parsed.degrade(ScanState::Partial, format!("{address} was not scanned: {error}"));
    }
    let scanned = Scanned { resource: Some(address.into()), ..Scanned::default() };
    read_scans(resource.results, text, &format!("{at}/Results"), &scanned, parsed)
}

fn read_scans<'a>(
    list: List<Scan<'a>>,
    text: &'a str,
    at: &str,
    scanned: &Scanned,
    parsed: &mut Parsed,
) -> Result<(), FormatError> {
    for (index, scan) in list.into_records().into_iter().enumerate() {
        let at = format!("{at}/{index}");
        match scan {
            Record::Sound(scan) if scan.is_one() => read_scan(scan, text, &at, scanned, parsed)?,
            Record::Sound(_) => not_understood(parsed, at, "has no `Target`"),
            Record::Odd(found) => not_understood(parsed, at, format!("should be an object and is {found}")),
        }
    }
    Ok(())
}

fn read_scan<'a>(
    mut scan: Scan<'a>,
    text: &'a str,
    at: &str,
    scanned: &Scanned,
    parsed: &mut Parsed,
) -> Result<(), FormatError> {
    parsed.checks.extend(scan.check());
    let vulnerabilities = std::mem::take(&mut scan.vulnerabilities);
    let misconfigurations = std::mem::take(&mut scan.misconfigurations);
    let secrets = std::mem::take(&mut scan.secrets);
    let licenses = std::mem::take(&mut scan.licenses);
    let modified = std::mem::take(&mut scan.modified);
    let passed = |found: &&Found<'_>| matches!(found.status.get(), Some("PASS" | "EXCEPTION"));
    let listed =
        misconfigurations.records().len() + modified.records().len() - misconfigurations.sound().filter(passed).count();
    let counted = scan.misconf_summary.get().and_then(|summary| summary.failures.whole()).unwrap_or_default();
    if u64::try_from(listed).is_ok_and(|listed| listed < counted) {
        let problem = format!("{at} counts {counted} misconfigurations and lists {listed}");
        parsed.degrade(ScanState::Partial, problem);
    }
    let place = Place { scanned, scan: &scan };
    let sort = Sort::Vulnerability;
    if !vulnerabilities.0.is_empty() {
        parsed.checks.push(sort.check());
    }
    let at_vulnerabilities = format!("{at}/Vulnerabilities");
    rows(vulnerabilities, text, FORMAT.id, &at_vulnerabilities, parsed, |found| place.element(found, sort))?;
    let lists = [
        (misconfigurations, "Misconfigurations", Sort::Misconfiguration),
        (secrets, "Secrets", Sort::Secret),
        (licenses, "Licenses", Sort::License),
    ];
    for (list, name, sort) in lists {
        if !list.is_empty() {
            parsed.checks.push(sort.check());
        }
        results(list, FORMAT.id, &format!("{at}/{name}"), parsed, |found| place.element(found, sort))?;
    }
    results(modified, FORMAT.id, &format!("{at}/ExperimentalModifiedFindings"), parsed, |one| place.ignored(one))
}

/// The four lists of a scan.
#[derive(Clone, Copy)]
enum Sort {
    Vulnerability,
    Misconfiguration,
    Secret,
    License,
}

impl Sort {
    fn of(word: &str) -> Option<Self> {
        match word {
            "vulnerability" => Some(Self::Vulnerability),
            "misconfiguration" => Some(Self::Misconfiguration),
            "secret" => Some(Self::Secret),
            "license" => Some(Self::License),
            _ => None,
        }
    }

    fn check(self) -> Check {
        match self {
            Self::Vulnerability => Check::Dependencies,
            Self::Misconfiguration => Check::Iac,
            Self::Secret => Check::Secrets,
            Self::License => Check::License,
        }
    }
}

/// What the whole report is about.
#[derive(Default)]
struct Scanned {
    target: Target,
    image: Option<Untrusted>,
    /// The directory that paths are relative to, where it is one below the working directory.
    directory: Option<String>,
    /// The resource of a cluster.
    resource: Option<Untrusted>,
}

impl Scanned {
    fn of(report: &Report<'_>) -> Self {
        let none = Metadata::default();
        let metadata = report.metadata.get().unwrap_or(&none);
        let name = report.artifact_name.get();
        let is_image = report.artifact_type.get() == Some("container_image");
        let is_directory = matches!(report.artifact_type.get(), Some("filesystem" | "repository"));
        let mut digests: Vec<_> =
            metadata.image_id.get().into_iter().chain(metadata.repo_digests.iter()).filter_map(digest).collect();
        digests.sort();
        digests.dedup();
        let below = |name: &&str| !name.starts_with(['/', '.']) && !name.contains("://") && !name.contains(':');
        Self {
            target: Target {
                name: metadata.repo_url.untrusted().or(name.map(Untrusted::from)),
                commit: metadata.commit.get().and_then(|commit| commit.parse().ok()),
                digests,
            },
            image: name.filter(|_| is_image).map(Untrusted::from),
            directory: name.filter(|_| is_directory).filter(below).map(|name| name.trim_end_matches('/').to_owned()),
            resource: None,
        }
    }

    /// A path as seen from where Trivy was started. It writes paths below the directory that it was given, and of a file
    /// only the name.
    fn path(&self, path: &str) -> Untrusted {
        match &self.directory {
            Some(directory) if directory == path || directory.ends_with(&format!("/{path}")) => {
                directory.as_str().into()
            }
            Some(directory) => format!("{directory}/{path}").into(),
            None => path.into(),
        }
    }
}

/// Where a scan's findings are.
struct Place<'s, 'a> {
    scanned: &'s Scanned,
    scan: &'s Scan<'a>,
}

impl Place<'_, '_> {
    fn element(&self, found: &Found<'_>, sort: Sort) -> Result<Element, String> {
        let observation = match sort {
            Sort::Vulnerability => self.vulnerability(found)?,
            Sort::Misconfiguration => match found.status.get() {
                Some("PASS" | "EXCEPTION") => return Ok(Element::NoResult),
                _ => self.misconfiguration(found)?,
            },
            Sort::Secret => self.secret(found)?,
            Sort::License => self.license(found)?,
        };
        Ok(Element::Result(Box::new(observation)))
    }

    /// A finding that an ignore file or a VEX document took out of the results.
    fn ignored(&self, one: &Modified<'_>) -> Result<Element, String> {
        let word = one.kind.demand("Type")?;
        let sort = Sort::of(word).ok_or_else(|| format!("is of an unknown type: {word}"))?;
        let found = one.finding.get().ok_or("has no `Finding`")?;
        let Element::Result(mut observation) = self.element(found, sort)? else { return Ok(Element::NoResult) };
        let by = if one.status.get() == Some("ignored") { SuppressedBy::Scanner } else { SuppressedBy::Vex };
        let reason = one.statement.untrusted().or_else(|| one.source.untrusted());
        observation.suppression = Some(Suppression { by, reason });
        Ok(Element::Apart(observation))
    }

    fn vulnerability(&self, found: &Found<'_>) -> Result<Observation, String> {
        let name = found.pkg_name.demand("PkgName")?;
        // Trivy of 2019 lists packages with a severity and no vulnerability.
        let id = found.vulnerability_id.get().unwrap_or("no-id");
        let fixed_in: Vec<Untrusted> = found
            .fixed_version
            .get()
            .into_iter()
            .flat_map(|versions| versions.split(','))
            .map(|version| version.trim().into())
            .collect();
        let package = Package {
            name: name.into(),
            version: found.installed_version.untrusted(),
            purl: found.identifier.get().and_then(|identifier| identifier.purl.untrusted()),
            ecosystem: self.scan.kind.untrusted(),
            fix_state: fix_state(found.status.get(), !fixed_in.is_empty()),
            fixed_in,
        };
        let aliases = found.vendor_ids.iter().filter_map(vulnerability_id);
        let own = found.vulnerability_id.get().map(|id| vulnerability_id(id).unwrap_or_else(|| id.into()));
        let lock_file = self.scan.class.get() == Some("lang-pkgs")
            && !self.scan.kind.get().is_some_and(|kind| GATHERED.contains(&kind));
        let path = found.pkg_path.get().or_else(|| self.scan.target.get().filter(|_| lock_file));
        let described = found.title.get().or(found.description.get()).map(title);
        Ok(Observation {
            ids: own.into_iter().chain(aliases).collect(),
            cvss: cvss(&found.cvss, found.severity_source.get()),
            title: described.unwrap_or_else(|| format!("{id} in {name}").into()),
            package: Some(Box::new(package)),
            published: found.published.untrusted(),
            ..self.observation(Kind::Vulnerability, id, found, path, None)
        })
    }

    fn misconfiguration(&self, found: &Found<'_>) -> Result<Observation, String> {
        let id = found.id.get().or(found.avd_id.get()).ok_or("has neither `ID` nor `AVDID`")?;
        let none = Cause::default();
        let cause = found.cause.get().unwrap_or(&none);
        let mut observation =
            self.observation(Kind::Misconfiguration, id, found, self.scan.target.get(), cause.resource.get());
        observation.location.line = cause.start_line.position();
        observation.location.end_line = cause.end_line.position();
        observation.rule.name = found.title.untrusted();
        observation.title = found.message.get().or(found.title.get()).map(title).unwrap_or_default();
        Ok(observation)
    }

    fn secret(&self, found: &Found<'_>) -> Result<Observation, String> {
        let id = found.rule_id.demand("RuleID")?;
        let mut observation = self.observation(Kind::Secret, id, found, self.scan.target.get(), None);
        observation.location.line = found.start_line.position();
        observation.location.end_line = found.end_line.position();
        observation.rule.name = found.title.untrusted();
        observation.title = found.title.get().or(found.category.get()).map(title).unwrap_or_default();
        Ok(observation)
    }

    fn license(&self, found: &Found<'_>) -> Result<Observation, String> {
        let name = found.name.demand("Name")?;
        let package = found.pkg_name.untrusted().map(|name| Package {
            name,
            ecosystem: self.scan.kind.untrusted(),
            ..Package::default()
        });
        let category = found.category.get().unwrap_or("not classified");
        Ok(Observation {
            title: format!("{name}: {category}").into(),
            package: package.map(Box::new),
            ..self.observation(Kind::License, name, found, found.file_path.get(), None)
        })
    }

    /// What all four have in common.
    fn observation(
        &self,
        kind: Kind,
        rule: &str,
        found: &Found<'_>,
        path: Option<&str>,
        resource: Option<&str>,
    ) -> Observation {
        let word = found.severity.get();
        let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
        let severity = Severity::from_word(word.unwrap_or_default());
        let mut observation = Observation::new(kind, rule, severity, source);
        observation.rule.url = found.primary_url.untrusted();
        observation.severity_raw = found.severity.untrusted();
        observation.cwes = distinct(found.cwe_ids.iter().filter_map(cwe).collect());
        observation.location = Location {
            path: path.map(|path| self.scanned.path(path)),
            resource: resource.map(Untrusted::from).or_else(|| self.scanned.resource.clone()),
            image: self.scanned.image.clone(),
            ..Location::default()
        };
        // Resources of a cluster have images of their own, named by the scan.
        observation.target = self.scanned.resource.as_ref().and_then(|_| self.scan.image()).map(Box::new);
        observation
    }
}

fn fix_state(status: Option<&str>, has_fix: bool) -> FixState {
    match status {
        Some("fixed") => FixState::Fixed,
        Some("affected" | "under_investigation" | "fix_deferred") if !has_fix => FixState::NotFixed,
        Some("will_not_fix" | "end_of_life") if !has_fix => FixState::WontFix,
        _ if has_fix => FixState::Fixed,
        _ => FixState::Unknown,
    }
}

/// The assessment by the source of the severity, else by a well-known source, else by the first.
fn cvss(sources: &Dict<'_, Part<Scores<'_>>>, severity_source: Option<&str>) -> Option<Box<Cvss>> {
    let preferred = severity_source.into_iter().chain(PREFERRED_SOURCES.iter().copied());
    let of = |scores: &Scores<'_>| {
        assessment(scores.v40_vector.get(), scores.v40_score.real())
            .or_else(|| assessment(scores.v3_vector.get(), scores.v3_score.real()))
            .or_else(|| assessment(scores.v2_vector.get(), scores.v2_score.real()))
    };
    preferred
        .filter_map(|source| sources.get(source)?.get())
        .find_map(of)
        .or_else(|| sources.0.iter().filter_map(|(_, scores)| scores.get()).find_map(of))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Report<'a> {
    schema_version: Number,
    #[serde(borrow)]
    trivy: Part<Trivy<'a>>,
    created_at: Text<'a>,
    artifact_name: Text<'a>,
    artifact_type: Text<'a>,
    metadata: Part<Metadata<'a>>,
    results: List<Scan<'a>>,
    cluster_name: Text<'a>,
    resources: List<Resource<'a>>,
    findings: List<Resource<'a>>,
    vulnerabilities: List<Resource<'a>>,
    misconfigurations: List<Resource<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Trivy<'a> {
    #[serde(borrow)]
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Metadata<'a> {
    #[serde(borrow, rename = "ImageID")]
    image_id: Text<'a>,
    repo_digests: Texts<'a>,
    #[serde(rename = "RepoURL")]
    repo_url: Text<'a>,
    commit: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Resource<'a> {
    #[serde(borrow)]
    namespace: Text<'a>,
    kind: Text<'a>,
    name: Text<'a>,
    error: Text<'a>,
    results: List<Scan<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Scan<'a> {
    #[serde(borrow)]
    target: Text<'a>,
    class: Text<'a>,
    #[serde(rename = "Type")]
    kind: Text<'a>,
    vulnerabilities: Rows<'a, Found<'a>>,
    misconfigurations: List<Found<'a>>,
    misconf_summary: Part<MisconfSummary>,
    secrets: List<Found<'a>>,
    licenses: List<Found<'a>>,
    #[serde(rename = "ExperimentalModifiedFindings")]
    modified: List<Modified<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct MisconfSummary {
    failures: Number,
}

impl Scan<'_> {
    /// Whether this is a scan at all: each names its target.
    fn is_one(&self) -> bool {
        self.target.raw().is_some()
    }

    /// The check that a scan answers, whether it found something or not.
    fn check(&self) -> Option<Check> {
        match self.class.get() {
            Some("os-pkgs" | "lang-pkgs") => Some(Check::Dependencies),
            Some("config") => Some(Check::Iac),
            Some("secret") => Some(Check::Secrets),
            Some("license" | "license-file") => Some(Check::License),
            Some(_) => None,
            None => self.kind.get().map(|_| Check::Dependencies),
        }
    }

    /// The image that packages of a distribution were found in: `nginx:1.25 (debian 12.0)`.
    fn image(&self) -> Option<Target> {
        let name = self.target.get().filter(|_| self.class.get() == Some("os-pkgs"))?;
        let name = name.split_once(" (").map_or(name, |(name, _)| name);
        Some(Target { name: Some(name.into()), commit: None, digests: digest(name).into_iter().collect() })
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Modified<'a> {
    #[serde(borrow, rename = "Type")]
    kind: Text<'a>,
    status: Text<'a>,
    statement: Text<'a>,
    source: Text<'a>,
    finding: Part<Found<'a>>,
}

/// A vulnerability, a misconfiguration, a secret or a licence: fields of all four.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Found<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    title: Text<'a>,
    status: Text<'a>,
    #[serde(rename = "PrimaryURL")]
    primary_url: Text<'a>,
    #[serde(rename = "CweIDs")]
    cwe_ids: Texts<'a>,

    #[serde(rename = "VulnerabilityID")]
    vulnerability_id: Text<'a>,
    #[serde(rename = "VendorIDs")]
    vendor_ids: Texts<'a>,
    pkg_name: Text<'a>,
    pkg_path: Text<'a>,
    #[serde(rename = "PkgIdentifier")]
    identifier: Part<Identifier<'a>>,
    installed_version: Text<'a>,
    fixed_version: Text<'a>,
    severity_source: Text<'a>,
    description: Text<'a>,
    #[serde(rename = "CVSS")]
    cvss: Dict<'a, Part<Scores<'a>>>,
    #[serde(rename = "PublishedDate")]
    published: Text<'a>,

    #[serde(rename = "ID")]
    id: Text<'a>,
    #[serde(rename = "AVDID")]
    avd_id: Text<'a>,
    message: Text<'a>,
    #[serde(rename = "CauseMetadata")]
    cause: Part<Cause<'a>>,

    #[serde(rename = "RuleID")]
    rule_id: Text<'a>,
    category: Text<'a>,
    start_line: Number,
    end_line: Number,

    name: Text<'a>,
    file_path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifier<'a> {
    #[serde(borrow, rename = "PURL")]
    purl: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Cause<'a> {
    #[serde(borrow)]
    resource: Text<'a>,
    start_line: Number,
    end_line: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scores<'a> {
    #[serde(borrow, rename = "V40Vector")]
    v40_vector: Text<'a>,
    #[serde(rename = "V40Score")]
    v40_score: Number,
    #[serde(rename = "V3Vector")]
    v3_vector: Text<'a>,
    #[serde(rename = "V3Score")]
    v3_score: Number,
    #[serde(rename = "V2Vector")]
    v2_vector: Text<'a>,
    #[serde(rename = "V2Score")]
    v2_score: Number,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(rest: &str) -> Parsed {
        parse(&format!(r#"{{"SchemaVersion":2,"ArtifactName":"infra","ArtifactType":"filesystem"{rest}}}"#)).unwrap()
    }

    #[test]
    fn nothing_scanned_is_no_clean_scan() {
        assert_eq!(report("").state, ScanState::Partial);
        assert_eq!(report(r#","Results":null"#).state, ScanState::Partial);
        let clean = report(r#","Results":[{"Target":"Cargo.lock","Class":"lang-pkgs","Type":"cargo"}]"#);
        assert_eq!((clean.state, clean.checks.as_slice()), (ScanState::Complete, [Check::Dependencies].as_slice()));
    }

    #[test]
    fn a_passed_check_is_no_result_and_paths_begin_where_trivy_was_started() {
        let parsed = report(
            r#","Results":[{"Target":"main.tf","Class":"config","Type":"terraform","Misconfigurations":[
                {"ID":"AVD-AWS-0086","Status":"PASS","Severity":"HIGH"},
                {"ID":"AVD-AWS-0087","Status":"FAIL","Severity":"HIGH","CauseMetadata":{"Resource":"aws_s3_bucket.b","StartLine":4}}]}]"#,
        );
        let [observation] = parsed.observations.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(observation.location.path.as_ref().unwrap(), &"infra/main.tf");
        assert_eq!(
            (observation.kind, observation.pointer.as_raw()),
            (Kind::Misconfiguration, "/Results/0/Misconfigurations/1")
        );
        assert_eq!(parsed.checks, [Check::Iac]);
    }

    #[test]
    fn fewer_misconfigurations_than_are_counted_are_not_all() {
        for (list, failures, state) in [
            ("null", 0, ScanState::Complete),
            ("null", 3, ScanState::Partial),
            (r#"[{"ID":"A","Status":"PASS"}]"#, 1, ScanState::Partial),
            (r#"[{"ID":"A","Status":"FAIL"}]"#, 1, ScanState::Complete),
            (r#"[{"ID":"A","Status":"FAIL"}]"#, 2, ScanState::Partial),
        ] {
            let parsed = report(&format!(
                r#","Results":[{{"Target":"main.tf","Class":"config","Type":"terraform",
                    "MisconfSummary":{{"Failures":{failures}}},"Misconfigurations":{list}}}]"#
            ));
            assert_eq!(parsed.state, state, "{list} {failures}");
        }
    }

    #[test]
    fn lines_around_a_secret_are_not_kept() {
        let parsed = report(
            r#","Results":[{"Target":".env","Class":"secret","Secrets":[{"RuleID":"github-pat","Severity":"CRITICAL","StartLine":2,
                "Title":"GitHub token","Match":"ghp_THEVALUE","Code":{"Lines":[{"Number":1,"Content":"OTHER=THEVALUE"}]}}]}]"#,
        );
        assert_eq!(parsed.observations[0].location.line, Some(2));
        assert!(!format!("{parsed:?}").contains("THEVALUE"));
    }

    #[test]
    fn what_was_ignored_is_listed_apart() {
        let parsed = report(
            r#","Results":[{"Target":"a","Class":"lang-pkgs","Type":"npm","ExperimentalModifiedFindings":[
                {"Type":"vulnerability","Status":"not_affected","Statement":"vulnerable_code_not_present","Source":"OpenVEX",
                 "Finding":{"VulnerabilityID":"CVE-2020-7598","PkgName":"minimist","Severity":"MEDIUM"}},
                {"Type":"novelty","Status":"ignored","Finding":{}}]}]"#,
        );
        let vex = Suppression { by: SuppressedBy::Vex, reason: Some("vulnerable_code_not_present".into()) };
        assert_eq!(parsed.suppressed_apart[0].suppression, Some(vex));
        assert_eq!((parsed.observations.len(), parsed.not_understood.len()), (0, 1));
    }

    #[test]
    fn the_first_schema_is_a_list_and_other_lists_are_not_it() {
        let old = r#"[{"Target":"alpine:3.9","Type":"alpine","Vulnerabilities":[{"PkgName":"git","VulnerabilityID":"CVE-2018-17456",
            "InstalledVersion":"2.15.2-r0","FixedVersion":"2.15.3-r0","Severity":"HIGH"},{"PkgName":"git"}]}]"#;
        let parsed = parse(old).unwrap();
        let severities: Vec<Severity> = parsed.observations.iter().map(|o| o.severity).collect();
        assert_eq!(severities, [Severity::High, Severity::Unknown], "an entry without an id is not dropped");
        assert!(matches!(parse(r#"[{"RuleID":"aws","Match":"x"}]"#), Err(FormatError::NoResults { .. })));
        assert!(matches!(parse(r#"{"SchemaVersion":3,"ArtifactName":"a"}"#), Err(FormatError::Version { .. })));
    }

    #[test]
    fn a_cluster_has_many_targets() {
        let parsed = parse(
            r#"{"ClusterName":"prod","Resources":[{"Namespace":"shop","Kind":"Deployment","Name":"web","Results":[
                {"Target":"nginx:1.25 (debian 12.0)","Class":"os-pkgs","Type":"debian","Vulnerabilities":[
                    {"VulnerabilityID":"CVE-2023-4911","PkgName":"libc6","Severity":"HIGH"}]}]},
                {"Kind":"Pod","Name":"x","Error":"image could not be pulled"}]}"#,
        )
        .unwrap();
        let observation = &parsed.observations[0];
        assert_eq!(observation.location.resource.as_ref().unwrap(), &"Deployment/shop/web");
        assert_eq!(observation.target.as_ref().unwrap().name.as_ref().unwrap(), &"nginx:1.25");
        assert_eq!(parsed.state, ScanState::Partial);
    }
}
