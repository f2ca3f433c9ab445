//! OSV-Scanner's JSON (`osv-scanner scan --format json`).
//!
//! A package lists an entry for each database that knows the vulnerability; groups say which of them are the same. Severities
//! are CVSS vectors, else a word of the database. What its configuration ignores is left out without a trace, and packages
//! without vulnerabilities are only listed on demand.

use serde::Deserialize;

use super::terms::{assessment, cwe, distinct, title, vulnerability_id};
use super::wire::{Any, Dict, Element, Flag, List, Part, Record, Text, Texts, not_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Cvss, Kind, Location, Observation, Rule};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "osv-scanner",
    title: "OSV-Scanner JSON",
    docs: "https://google.github.io/osv-scanner/output/",
    produce: "osv-scanner scan source --recursive . --format json --output osv.json",
    seen: "1 and 2",
    checks: &[Check::Dependencies, Check::Image],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("results");
    let found = first.has("source") && first.has("packages");
    head.key("results").is_array() && (found || head.has("experimental_config"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.results.demand(FORMAT.id, "results")?;
    let image = matches!(report.image_metadata, Any::Given(_));
    let checks: &[Check] = if image { FORMAT.checks } else { &[Check::Dependencies] };
    let mut parsed = Parsed::new("OSV-Scanner", checks);
    for (index, record) in report.results.into_records().into_iter().enumerate() {
        let at = format!("/results/{index}");
        match record {
            Record::Sound(source) => read_source(source, &at, &mut parsed)?,
            Record::Odd(found) => not_understood(&mut parsed, at, format!("should be an object and is {found}")),
        }
    }
    Ok(parsed)
}

fn read_source(result: Scanned<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let path = result.source.get().and_then(|source| source.path.untrusted());
    for (index, record) in result.packages.into_records().into_iter().enumerate() {
        let at = format!("{at}/packages/{index}");
        match record {
            Record::Sound(found) => read_package(found, path.as_ref(), &at, parsed)?,
            Record::Odd(odd) => not_understood(parsed, at, format!("should be an object and is {odd}")),
        }
    }
    Ok(())
}

fn read_package(found: Found<'_>, path: Option<&Untrusted>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let none = Installed::default();
    let package = found.package.get().unwrap_or(&none);
    let groups = found.groups;
    results(found.vulnerabilities, FORMAT.id, &format!("{at}/vulnerabilities"), parsed, |one| {
        observe(one, package, &groups, path).map(|observation| Element::Result(Box::new(observation)))
    })
}

fn observe(
    one: &Vulnerability<'_>,
    installed: &Installed<'_>,
    groups: &List<Group<'_>>,
    path: Option<&Untrusted>,
) -> Result<Observation, String> {
    let id = one.id.demand("id")?;
    let group = groups.sound().find(|group| group.ids.iter().any(|own| own == id));
    let names = names(id, one, group);
    let cvss = cvss(&one.severity);
    let word = one.database.get().and_then(|database| database.severity.get());
    let (severity, source) = match (cvss.as_ref().and_then(|cvss| cvss.score), word) {
        (Some(score), _) => (Severity::from_score(score), SeveritySource::Cvss),
        (None, Some(word)) => (Severity::from_word(word), SeveritySource::Scanner),
        (None, None) => (Severity::Unknown, SeveritySource::None),
    };
    let raw = one.severity.sound().find_map(|severity| severity.score.untrusted());
    let called = group.and_then(|group| group.analysis.get(id)?.get()).and_then(|analysis| analysis.called.get());
    let classes = one.database.get().map(|database| database.cwe_ids.iter().filter_map(cwe).collect());
    let kind = if id.starts_with("MAL-") { Kind::Malware } else { Kind::Vulnerability };
    let described = one.summary.get().or(one.details.get()).map(title);
    Ok(Observation {
        rule: Rule { id: id.into(), name: None, url: Some(format!("https://osv.dev/vulnerability/{id}").into()) },
        ids: names.ids,
        covers: names.covers,
        cwes: distinct(classes.unwrap_or_default()),
        severity_raw: raw.or_else(|| word.map(Untrusted::from)),
        cvss,
        title: described.unwrap_or_default(),
        package: package(one, installed).map(Box::new),
        location: Location { path: path.cloned(), ..Location::default() },
        published: one.published.untrusted(),
        confidence: called.map(|called| if called { "called" } else { "not called" }.into()),
        ..Observation::new(kind, id, severity, source)
    })
}

struct Names {
    ids: Vec<Untrusted>,
    covers: Vec<Untrusted>,
}

/// An entry of a database is the problem under another name; a distribution's advisory may bundle several.
fn names(id: &str, one: &Vulnerability<'_>, group: Option<&Group<'_>>) -> Names {
    let named = |id: &str| vulnerability_id(id).unwrap_or_else(|| id.into());
    let grouped = group.into_iter().flat_map(|group| group.ids.iter().chain(group.aliases.iter()));
    let ids = [id].into_iter().chain(one.aliases.iter()).chain(grouped).map(named).collect();
    let upstream: Vec<Untrusted> = one.upstream.iter().filter_map(vulnerability_id).collect();
    Names { ids: distinct(ids), covers: distinct(upstream) }
}

/// The assessment with the highest score.
fn cvss(list: &List<Score<'_>>) -> Option<Box<Cvss>> {
    let score = |cvss: &Cvss| cvss.score.unwrap_or(-1.0);
    list.sound()
        .filter(|severity| severity.kind.get().is_none_or(|kind| kind.starts_with("CVSS")))
        .filter_map(|severity| assessment(severity.score.get(), None))
        .max_by(|a, b| score(a).total_cmp(&score(b)))
}

fn package(one: &Vulnerability<'_>, installed: &Installed<'_>) -> Option<Package> {
    let name = installed.name.get();
    let same = |affected: &&Affected<'_>| {
        affected.package.get().is_some_and(|package| name.is_some() && package.name.get() == name)
    };
    let ranges = one.affected.sound().filter(same).flat_map(|affected| affected.ranges.sound());
    let versioned = ranges.filter(|range| range.kind.get() != Some("GIT"));
    let fixed = versioned.flat_map(|range| range.events.sound()).filter_map(|event| event.fixed.untrusted());
    let fixed_in = distinct(fixed.collect());
    let fix_state = if fixed_in.is_empty() { FixState::Unknown } else { FixState::Fixed };
    Some(Package {
        // A vendored copy has no name, only a commit.
        name: name.or(installed.commit.get())?.into(),
        version: installed.version.untrusted().or_else(|| installed.commit.untrusted()),
        purl: None,
        ecosystem: installed.ecosystem.untrusted(),
        fixed_in,
        fix_state,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    results: List<Scanned<'a>>,
    image_metadata: Any,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Scanned<'a> {
    #[serde(borrow)]
    source: Part<Source<'a>>,
    packages: List<Found<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Source<'a> {
    #[serde(borrow)]
    path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Found<'a> {
    #[serde(borrow)]
    package: Part<Installed<'a>>,
    vulnerabilities: List<Vulnerability<'a>>,
    groups: List<Group<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Installed<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    ecosystem: Text<'a>,
    commit: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    aliases: Texts<'a>,
    upstream: Texts<'a>,
    summary: Text<'a>,
    details: Text<'a>,
    published: Text<'a>,
    severity: List<Score<'a>>,
    affected: List<Affected<'a>>,
    #[serde(rename = "database_specific")]
    database: Part<Database<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Score<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    score: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Affected<'a> {
    #[serde(borrow)]
    package: Part<AffectedPackage<'a>>,
    ranges: List<Range<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AffectedPackage<'a> {
    #[serde(borrow)]
    name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Range<'a> {
    #[serde(borrow, rename = "type")]
    kind: Text<'a>,
    events: List<Event<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Event<'a> {
    #[serde(borrow)]
    fixed: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Database<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    cwe_ids: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Group<'a> {
    #[serde(borrow)]
    ids: Texts<'a>,
    aliases: Texts<'a>,
    #[serde(rename = "experimentalAnalysis")]
    analysis: Dict<'a, Part<Analysis>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Analysis {
    called: Flag,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_one_group_share_their_names() {
        let parsed = parse(
            r#"{"results":[{"source":{"path":"/srv/requirements.txt"},"packages":[{"package":{"name":"urllib3","version":"1.26.17","ecosystem":"PyPI"},
                "vulnerabilities":[{"id":"GHSA-g4mx-q9vg-27p4","aliases":["CVE-2023-45803"],"database_specific":{"severity":"MODERATE","cwe_ids":["CWE-200"]}},
                    {"id":"PYSEC-2023-212","severity":[{"type":"CVSS_V3","score":"CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"}],
                     "affected":[{"package":{"name":"urllib3"},"ranges":[{"type":"GIT","events":[{"fixed":"abc"}]},{"type":"ECOSYSTEM","events":[{"introduced":"0"},{"fixed":"1.26.18"}]}]},
                                 {"package":{"name":"other"},"ranges":[{"events":[{"fixed":"9"}]}]}]}],
                "groups":[{"ids":["GHSA-g4mx-q9vg-27p4","PYSEC-2023-212"],"aliases":["CVE-2023-45803"]}]}]}]}"#,
        )
        .unwrap();
        let [ghsa, pysec] = parsed.observations.as_slice() else { panic!("{parsed:?}") };
        assert_eq!(ghsa.ids, pysec.ids);
        assert_eq!((ghsa.severity, pysec.severity), (Severity::Medium, Severity::Critical));
        assert_eq!(pysec.package.as_ref().unwrap().fixed_in, ["1.26.18"]);
        assert_eq!(pysec.pointer, "/results/0/packages/0/vulnerabilities/1");
    }

    #[test]
    fn a_document_without_results_is_no_report() {
        assert!(matches!(parse("{}"), Err(FormatError::NoResults { .. })));
    }
}
