//! Grype's JSON (`grype IMAGE -o json`).
//!
//! Grype names a vulnerability after the database that matched: a GHSA with its CVE as a related vulnerability is one problem
//! with two names, a distribution's advisory with related CVEs is one fix for several problems. The same problem comes twice
//! for a package when both the CPE and the ecosystem's database match.

use serde::Deserialize;

use super::terms::{assessment, digest, instant, title, vulnerability_id};
use super::wire::{Element, Flag, List, Named, Number, Part, Text, Texts, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Cvss, Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "grype",
    title: "Grype JSON",
    docs: "https://github.com/anchore/grype#output-formats",
    produce: "grype IMAGE -o json --file grype.json",
    seen: "0.24 to 0.104",
    checks: &[Check::Dependencies, Check::Image],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("matches");
    let matched = first.has("vulnerability") && first.has("artifact");
    head.has("matches") && (matched || head.key("descriptor").key("name").text() == Some("grype"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.matches.demand(FORMAT.id, "matches")?;
    let scanned = Scanned::of(&report.source);
    let checks: &[Check] = if scanned.image.is_some() { FORMAT.checks } else { &[Check::Dependencies] };
    let mut parsed = Parsed::new("grype", checks);
    if let Some(descriptor) = report.descriptor.get() {
        parsed.tool.version = descriptor.version.untrusted();
        parsed.finished_at = instant(descriptor.timestamp.get());
        look_at_database(descriptor, &mut parsed);
    }
    parsed.target = scanned.target.clone();
    results(report.matches, FORMAT.id, "/matches", &mut parsed, |one| observe(one, &scanned).map(Element::Result))?;
    results(report.ignored, FORMAT.id, "/ignoredMatches", &mut parsed, |one| {
        let mut observation = observe(one, &scanned)?;
        observation.suppression = Some(suppression(&one.rules));
        Ok(Element::Apart(observation))
    })?;
    Ok(parsed)
}

/// A database that could not be used finds nothing.
fn look_at_database(descriptor: &Descriptor<'_>, parsed: &mut Parsed) {
    let Some(database) = descriptor.db.get() else { return };
    let status = database.status.get();
    for error in [Some(&database.error), status.map(|status| &status.error)].into_iter().flatten() {
        if let Some(error) = error.get() {
            parsed.degrade(ScanState::Failed, format!("the vulnerability database could not be used: {error}"));
        }
    }
    if status.is_some_and(|status| status.valid.get() == Some(false)) {
        parsed.degrade(ScanState::Failed, "the vulnerability database was not valid");
    }
}

/// What was scanned, for every match.
struct Scanned {
    target: Target,
    image: Option<Untrusted>,
    /// Paths of a directory begin at its root, written as `/`.
    rooted: bool,
}

impl Scanned {
    fn of(source: &Part<Source<'_>>) -> Self {
        let mut scanned = Self { target: Target::default(), image: None, rooted: false };
        let Some(source) = source.get() else { return scanned };
        scanned.rooted = source.kind.get() == Some("directory");
        match &source.target {
            Named::Absent => {}
            Named::Name(name) => scanned.target.name = Some(name.as_ref().into()),
            Named::Sound(image) => {
                let mut digests: Vec<_> = [image.image_id.get(), image.manifest_digest.get()]
                    .into_iter()
                    .flatten()
                    .filter_map(digest)
                    .collect();
                digests.extend(image.repo_digests.iter().filter_map(digest));
                digests.sort();
                digests.dedup();
                scanned.target = Target { name: image.user_input.untrusted(), commit: None, digests };
                scanned.image = image.user_input.untrusted();
            }
        }
        scanned
    }
}

fn observe(one: &Match<'_>, scanned: &Scanned) -> Result<Box<Observation>, String> {
    let vulnerability = one.vulnerability.get().ok_or("has no `vulnerability`")?;
    let id = vulnerability.id.demand("vulnerability.id")?;
    let artifact = one.artifact.get().ok_or("has no `artifact`")?;
    let package = package(artifact, vulnerability)?;
    let (ids, covers) = names(id, &one.related);
    let word = vulnerability.severity.get();
    let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
    let related = || one.related.sound();
    let description = [&vulnerability.description].into_iter().chain(related().map(|related| &related.description));
    let described = description.into_iter().find_map(Text::get).map(title);
    let epss = [&vulnerability.epss].into_iter().chain(related().map(|related| &related.epss));
    let exploited =
        [&vulnerability.known_exploited].into_iter().chain(related().map(|related| &related.known_exploited));
    let path = artifact.locations.sound().find_map(|location| location.path.get());
    Ok(Box::new(Observation {
        rule: Rule { id: id.into(), name: None, url: vulnerability.data_source.untrusted() },
        ids,
        covers,
        cvss: cvss(&vulnerability.cvss).or_else(|| related().find_map(|related| cvss(&related.cvss))),
        severity_raw: vulnerability.severity.untrusted(),
        title: described.unwrap_or_else(|| format!("{id} in {}", package.name.as_raw()).into()),
        package: Some(package),
        location: Location {
            path: path.map(|path| if scanned.rooted { path.trim_start_matches('/') } else { path }.into()),
            image: scanned.image.clone(),
            ..Location::default()
        },
        known_exploited: exploited.into_iter().any(|list| !list.is_empty()).then_some(true),
        epss: epss.flat_map(List::sound).filter_map(|epss| epss.epss.real()).max_by(f64::total_cmp),
        ..Observation::new(Kind::Vulnerability, id, Severity::from_word(word.unwrap_or_default()), source)
    }))
}

/// The names of the problem, and the CVEs that an advisory bundles.
fn names(id: &str, related: &List<Related<'_>>) -> (Vec<Untrusted>, Vec<Untrusted>) {
    let mut related: Vec<Untrusted> = related.sound().filter_map(|related| related.id.untrusted()).collect();
    related.sort();
    related.dedup();
    related.retain(|other| *other != id);
    let known = vulnerability_id(id);
    let (aliases, covers) = match &known {
        // Another CVE than this one is another problem.
        Some(name) if name.as_raw().starts_with("CVE-") => {
            related.into_iter().partition(|other| !other.as_raw().starts_with("CVE-"))
        }
        Some(_) => (related, Vec::new()),
        None => (Vec::new(), related),
    };
    let ids = std::iter::once(known.unwrap_or_else(|| id.into())).chain(aliases).collect();
    (ids, covers)
}

fn package(artifact: &Artifact<'_>, vulnerability: &Vulnerability<'_>) -> Result<Package, String> {
    let fix = vulnerability.fix.get();
    let fixed_in: Vec<Untrusted> =
        fix.map(|fix| fix.versions.iter().map(Untrusted::from).collect()).unwrap_or_default();
    let fix_state = match fix.and_then(|fix| fix.state.get()) {
        Some("fixed") => FixState::Fixed,
        Some("not-fixed") => FixState::NotFixed,
        Some("wont-fix") => FixState::WontFix,
        _ if !fixed_in.is_empty() => FixState::Fixed,
        _ => FixState::Unknown,
    };
    Ok(Package {
        name: artifact.name.demand("artifact.name")?.into(),
        version: artifact.version.untrusted(),
        purl: artifact.purl.untrusted(),
        ecosystem: artifact.kind.untrusted(),
        fixed_in,
        fix_state,
    })
}

/// The assessment of the newest CVSS version, of several the highest.
fn cvss(list: &List<Score<'_>>) -> Option<Cvss> {
    let newer = |cvss: &Cvss| cvss.version.as_ref().map(|version| version.as_raw().to_owned());
    let scored = list.sound().filter_map(|score| {
        let mut cvss = assessment(score.vector.get(), score.metrics.get().and_then(|m| m.base_score.real()))?;
        cvss.version = score.version.untrusted().or(cvss.version);
        Some(cvss)
    });
    scored.max_by(|a, b| {
        let by_score = || a.score.unwrap_or(-1.0).total_cmp(&b.score.unwrap_or(-1.0));
        newer(a).cmp(&newer(b)).then_with(by_score)
    })
}

/// Grype writes what a VEX document said as an ignore rule of the namespace `vex`.
fn suppression(rules: &List<IgnoreRule<'_>>) -> Suppression {
    let vex = |rule: &&IgnoreRule<'_>| rule.vex_status.get().is_some() || rule.namespace.get() == Some("vex");
    let rule = rules.sound().find(vex).or_else(|| rules.sound().next());
    let reason = rule.and_then(|rule| rule.reason.untrusted().or_else(|| rule.vex_justification.untrusted()));
    let by = if rule.as_ref().is_some_and(vex) { SuppressedBy::Vex } else { SuppressedBy::Scanner };
    Suppression { by, reason }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    matches: List<Match<'a>>,
    #[serde(rename = "ignoredMatches")]
    ignored: List<Match<'a>>,
    source: Part<Source<'a>>,
    descriptor: Part<Descriptor<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Match<'a> {
    #[serde(borrow)]
    vulnerability: Part<Vulnerability<'a>>,
    #[serde(rename = "relatedVulnerabilities")]
    related: List<Related<'a>>,
    artifact: Part<Artifact<'a>>,
    #[serde(rename = "appliedIgnoreRules")]
    rules: List<IgnoreRule<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    data_source: Text<'a>,
    severity: Text<'a>,
    description: Text<'a>,
    cvss: List<Score<'a>>,
    fix: Part<Fix<'a>>,
    epss: List<Epss>,
    known_exploited: List<Anything>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Related<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    description: Text<'a>,
    cvss: List<Score<'a>>,
    epss: List<Epss>,
    known_exploited: List<Anything>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Score<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    vector: Text<'a>,
    metrics: Part<Metrics>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metrics {
    base_score: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Epss {
    epss: Number,
}

/// An object of which only the presence matters.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Anything {}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Fix<'a> {
    #[serde(borrow)]
    versions: Texts<'a>,
    state: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Artifact<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    purl: Text<'a>,
    locations: List<Place<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct IgnoreRule<'a> {
    #[serde(borrow)]
    namespace: Text<'a>,
    reason: Text<'a>,
    vex_status: Text<'a>,
    vex_justification: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    target: Named<'a, Image<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Image<'a> {
    #[serde(borrow)]
    user_input: Text<'a>,
    #[serde(rename = "imageID")]
    image_id: Text<'a>,
    manifest_digest: Text<'a>,
    repo_digests: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Descriptor<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    timestamp: Text<'a>,
    db: Part<Database<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Database<'a> {
    #[serde(borrow)]
    error: Text<'a>,
    status: Part<DatabaseStatus<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DatabaseStatus<'a> {
    #[serde(borrow)]
    error: Text<'a>,
    valid: Flag,
}
