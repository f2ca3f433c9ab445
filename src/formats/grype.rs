//! Grype's JSON (`grype IMAGE -o json`).
//!
//! Grype names a vulnerability after the database that matched: a GHSA with its CVE as a related vulnerability is one problem
//! with two names, a distribution's advisory with related CVEs is one fix for several problems. The same problem comes twice
//! for a package when both the CPE and the ecosystem's database match.

use serde::Deserialize;

use super::terms::{assessment, digest, instant, title, vulnerability_id};
use super::wire::{Element, Flag, List, Named, Number, Part, Rows, Text, Texts, read, rows};
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
    report.matches.0.demand(FORMAT.id, "matches")?;
    let scanned = Scanned::of(&report.source);
    let checks: &[Check] = if scanned.image.is_some() { FORMAT.checks } else { &[Check::Dependencies] };
    let mut parsed = Parsed::new("grype", checks);
    if let Some(descriptor) = report.descriptor.get() {
        parsed.tool.version = descriptor.version.untrusted();
        parsed.finished_at = instant(descriptor.timestamp.get());
        look_at_database(descriptor, &mut parsed);
    }
    parsed.target = scanned.target.clone();
    rows(report.matches, text, FORMAT.id, "/matches", &mut parsed, |one| observe(one, &scanned).map(Element::Result))?;
    rows(report.ignored, text, FORMAT.id, "/ignoredMatches", &mut parsed, |one| {
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
        package: Some(Box::new(package)),
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
fn cvss(list: &List<Score<'_>>) -> Option<Box<Cvss>> {
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
    matches: Rows<'a, Match<'a>>,
    #[serde(rename = "ignoredMatches")]
    ignored: Rows<'a, Match<'a>>,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn observed(matches: &str, rest: &str) -> Parsed {
        parse(&format!(r#"{{"matches":[{matches}],"descriptor":{{"name":"grype","version":"0.104.0"}}{rest}}}"#))
            .unwrap()
    }

    fn one(id: &str, related: &[&str]) -> String {
        let related: Vec<String> = related.iter().map(|id| format!(r#"{{"id":"{id}"}}"#)).collect();
        format!(
            r#"{{"vulnerability":{{"id":"{id}","severity":"Negligible"}},"relatedVulnerabilities":[{}],
                "artifact":{{"name":"gnutls","version":"3.6.16-6.el8_7","type":"rpm"}}}}"#,
            related.join(",")
        )
    }

    #[test]
    fn a_database_entry_has_its_cve_as_alias_and_an_advisory_covers_its_cves() {
        let names = |id: &str, related: &[&str]| {
            let observation = observed(&one(id, related), "").observations.remove(0);
            let raw = |ids: Vec<Untrusted>| ids.into_iter().map(Untrusted::into_raw).collect::<Vec<_>>().join(" ");
            (raw(observation.ids), raw(observation.covers))
        };
        let own = |ids: &str, covers: &str| (ids.to_owned(), covers.to_owned());
        assert_eq!(names("GHSA-f3fp-gc8g-vw66", &["CVE-2022-29162"]), own("GHSA-f3fp-gc8g-vw66 CVE-2022-29162", ""));
        assert_eq!(names("CVE-2023-2650", &["CVE-2023-2650"]), own("CVE-2023-2650", ""));
        assert_eq!(
            names("ELSA-2022-9221", &["CVE-2021-3580", "CVE-2021-20232", "CVE-2021-20231"]),
            own("ELSA-2022-9221", "CVE-2021-20231 CVE-2021-20232 CVE-2021-3580")
        );
        assert_eq!(names("ALAS-2023-1", &["CVE-2023-1"]), own("ALAS-2023-1", "CVE-2023-1"));
    }

    #[test]
    fn negligible_is_info_and_no_word_is_unknown() {
        let observation = observed(&one("CVE-2023-2650", &[]), "").observations.remove(0);
        assert_eq!(observation.severity, Severity::Info);
        let bare = r#"{"vulnerability":{"id":"CVE-2023-2650"},"artifact":{"name":"a","version":null}}"#;
        let observation = observed(bare, "").observations.remove(0);
        assert_eq!((observation.severity, observation.severity_source), (Severity::Unknown, SeveritySource::None));
    }

    #[test]
    fn an_image_answers_two_checks_and_a_directory_one() {
        let image = observed(
            "",
            r#","source":{"type":"image","target":{"userInput":"shop:1","imageID":
            "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855","manifestDigest":"sha256:test",
            "repoDigests":["shop@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"]}}"#,
        );
        assert_eq!(image.checks, [Check::Dependencies, Check::Image]);
        assert_eq!(image.target.digests.len(), 1);
        let directory = observed("", r#","source":{"type":"directory","target":"./web"}"#);
        assert_eq!(
            (directory.checks.as_slice(), directory.target.name.unwrap()),
            ([Check::Dependencies].as_slice(), "./web".into())
        );
    }

    #[test]
    fn what_an_ignore_rule_took_out_is_kept_apart_with_who_said_so() {
        let ignored = |rule: &str| {
            let entry = one("CVE-2023-2650", &[]).replacen('{', &format!(r#"{{"appliedIgnoreRules":[{rule}],"#), 1);
            let mut parsed = observed("", &format!(r#","ignoredMatches":[{entry}]"#));
            assert!(parsed.observations.is_empty());
            parsed.suppressed_apart.remove(0).suppression.unwrap()
        };
        assert_eq!(ignored(r#"{"vulnerability":"CVE-2023-2650","reason":"test"}"#).by, SuppressedBy::Scanner);
        let vex =
            ignored(r#"{"namespace":"vex","vex-status":"not_affected","vex-justification":"component_not_present"}"#);
        assert_eq!(vex, Suppression { by: SuppressedBy::Vex, reason: Some("component_not_present".into()) });
    }

    #[test]
    fn a_scan_without_a_database_failed() {
        let text = r#"{"matches":[],"descriptor":{"name":"grype","db":{"error":"failed to load vulnerability db"}}}"#;
        assert_eq!(parse(text).unwrap().state, ScanState::Failed);
    }
}
