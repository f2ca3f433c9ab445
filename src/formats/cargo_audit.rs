//! cargo-audit's JSON (`cargo audit --json`).
//!
//! An advisory has no severity, only at times a CVSS vector, which is scored here. What cargo-audit calls warnings are
//! informational: a crate that nobody maintains, that is unsound when used in a certain way, or that was yanked. Advisories
//! that its configuration ignores leave no result, only their ids in the settings.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::terms::{assessment, title, vulnerability_id};
use super::wire::{Dict, Element, Flag, List, Number, Part, Text, Texts, malformed, no_results, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Observation, Rule};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "cargo-audit",
    title: "cargo-audit JSON",
    docs: "https://github.com/rustsec/rustsec/tree/main/cargo-audit",
    produce: "cargo audit --json > cargo-audit.json",
    seen: "0.14 to 0.22",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let named = ["database", "lockfile", "settings"].iter().filter(|key| head.has(key)).count();
    named > 1 && head.key("vulnerabilities").has("list")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    let Part(Some(vulnerabilities)) = report.vulnerabilities else {
        return Err(no_results(FORMAT.id, "there is no `vulnerabilities`"));
    };
    vulnerabilities.list.demand(FORMAT.id, "vulnerabilities.list")?;
    let mut parsed = Parsed::new("cargo-audit", FORMAT.checks);
    let listed = vulnerabilities.list.records().len();
    let counted = vulnerabilities.count.whole().unwrap_or_default().max(vulnerabilities.found.is_set().into());
    if u64::try_from(listed).is_ok_and(|listed| listed < counted) {
        parsed.degrade(ScanState::Partial, format!("it counts {counted} or more vulnerabilities and lists {listed}"));
    }
    if report.lockfile.get().is_some_and(|lockfile| lockfile.dependencies.whole() == Some(0)) {
        parsed.degrade(ScanState::Partial, "nothing was scanned: the lock file names no package");
    }
    if let Some(settings) = report.settings.get() {
        for id in settings.ignore.iter() {
            parsed.degrade(ScanState::Complete, format!("{id} is ignored by cargo-audit's configuration"));
        }
    }
    results(vulnerabilities.list, FORMAT.id, "/vulnerabilities/list", &mut parsed, |one| {
        observe(one, None).map(Element::Result)
    })?;
    if let Some(warnings) = report.warnings {
        read_warnings(warnings.get(), &mut parsed)?;
    }
    Ok(parsed)
}

/// Lists by kind; before 0.12 one list.
fn read_warnings(text: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    match text.trim_start().chars().next() {
        Some('[') => results(read(text, FORMAT.id)?, FORMAT.id, "/warnings", parsed, |one: &Entry<'_>| {
            observe(one, Some(one.kind.get().unwrap_or("warning"))).map(Element::Result)
        }),
        Some('{') => {
            let kinds: Dict<'_, List<Entry<'_>>> = read(text, FORMAT.id)?;
            kinds.0.into_iter().try_for_each(|(kind, list)| {
                results(list, FORMAT.id, &format!("/warnings/{kind}"), parsed, |one| {
                    observe(one, Some(&kind)).map(Element::Result)
                })
            })
        }
        _ => Err(malformed(FORMAT.id, "`warnings` should be an object")),
    }
}

/// A vulnerability, or a warning of a kind.
fn observe(entry: &Entry<'_>, warning: Option<&str>) -> Result<Box<Observation>, String> {
    let crate_ = entry.package.get().ok_or("has no `package`")?;
    let name = crate_.name.demand("package.name")?;
    let none = Advisory::default();
    let advisory = match (entry.advisory.get(), warning) {
        (Some(advisory), _) => advisory,
        (None, Some(_)) => &none,
        (None, None) => return Err("has no `advisory`".to_owned()),
    };
    let rule = match warning {
        Some(kind) => advisory.id.get().unwrap_or(kind),
        None => advisory.id.demand("advisory.id")?,
    };
    let cvss = assessment(advisory.cvss.get(), None);
    let (severity, source) = match (cvss.as_ref().and_then(|cvss| cvss.score), warning) {
        (Some(score), _) => (Severity::from_score(score), SeveritySource::Cvss),
        (None, Some(_)) => (Severity::Info, SeveritySource::Format),
        (None, None) => (Severity::Unknown, SeveritySource::None),
    };
    let kind = match warning {
        None | Some("unsound") => Kind::Vulnerability,
        Some(_) => Kind::Quality,
    };
    let described = match warning {
        Some("yanked") => Some(format!("{name} was yanked from its registry")),
        Some(kind) => Some(format!("{name}: {kind}")),
        None => None,
    };
    Ok(Box::new(Observation {
        rule: Rule { id: rule.into(), name: warning.map(Untrusted::from), url: advisory.url.untrusted() },
        ids: [advisory.id.get()]
            .into_iter()
            .flatten()
            .chain(advisory.aliases.iter())
            .map(|id| vulnerability_id(id).unwrap_or_else(|| id.into()))
            .collect(),
        severity_raw: advisory.cvss.untrusted(),
        cvss,
        title: advisory.title.get().map(title).or_else(|| described.map(Untrusted::from)).unwrap_or_default(),
        package: Some(Box::new(package(name, crate_, entry))),
        published: advisory.date.untrusted(),
        ..Observation::new(kind, rule, severity, source)
    }))
}

fn package(name: &str, crate_: &Crate<'_>, entry: &Entry<'_>) -> Package {
    let from_registry = crate_.source.get().is_none_or(|source| source.contains("crates.io-index"));
    let purl = crate_.version.get().filter(|_| from_registry).map(|version| format!("pkg:cargo/{name}@{version}"));
    let fixed_in: Vec<Untrusted> =
        entry.versions.get().map(|versions| versions.patched.iter().map(Untrusted::from).collect()).unwrap_or_default();
    let fix_state = match (entry.versions.get(), fixed_in.is_empty()) {
        (_, false) => FixState::Fixed,
        (Some(_), true) => FixState::NotFixed,
        (None, true) => FixState::Unknown,
    };
    Package {
        name: name.into(),
        version: crate_.version.untrusted(),
        purl: purl.map(Untrusted::from),
        ecosystem: Some("cargo".into()),
        fixed_in,
        fix_state,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    lockfile: Part<Lockfile>,
    #[serde(borrow)]
    settings: Part<Settings<'a>>,
    vulnerabilities: Part<Vulnerabilities<'a>>,
    warnings: Option<&'a RawValue>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Lockfile {
    #[serde(rename = "dependency-count")]
    dependencies: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings<'a> {
    #[serde(borrow)]
    ignore: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerabilities<'a> {
    found: Flag,
    count: Number,
    #[serde(borrow)]
    list: List<Entry<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Entry<'a> {
    #[serde(borrow)]
    kind: Text<'a>,
    advisory: Part<Advisory<'a>>,
    package: Part<Crate<'a>>,
    versions: Part<Versions<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Advisory<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    aliases: Texts<'a>,
    title: Text<'a>,
    cvss: Text<'a>,
    date: Text<'a>,
    url: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Crate<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    source: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Versions<'a> {
    #[serde(borrow)]
    patched: Texts<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn audit(list: &str, warnings: &str) -> Parsed {
        parse(&format!(
            r#"{{"database":{{}},"lockfile":{{"dependency-count":11}},"vulnerabilities":{{"list":[{list}]}},"warnings":{warnings}}}"#
        ))
        .unwrap()
    }

    #[test]
    fn a_vector_is_scored_and_without_one_nobody_said() {
        let entry = |cvss: &str| {
            let entry = format!(
                r#"{{"advisory":{{"id":"RUSTSEC-2020-0071","aliases":["CVE-2020-26235"],"cvss":{cvss}}},
                    "package":{{"name":"time","version":"0.1.43"}},"versions":{{"patched":[">=0.2.23"]}}}}"#
            );
            audit(&entry, "{}").observations.remove(0)
        };
        let scored = entry(r#""CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:H""#);
        assert_eq!((scored.severity, scored.severity_source), (Severity::Medium, SeveritySource::Cvss));
        assert_eq!(scored.cvss.unwrap().score, Some(5.5));
        assert_eq!(scored.package.unwrap().purl.unwrap(), "pkg:cargo/time@0.1.43");
        assert_eq!(entry("null").severity, Severity::Unknown);
    }

    #[test]
    fn warnings_are_informational_in_both_layouts() {
        let yanked = r#"{"kind":"yanked","advisory":null,"package":{"name":"miow","version":"0.2.1"}}"#;
        for warnings in [format!(r#"{{"yanked":[{yanked}]}}"#), format!("[{yanked}]")] {
            let parsed = audit("", &warnings);
            let observation = &parsed.observations[0];
            assert_eq!((observation.severity, observation.rule.id.as_raw()), (Severity::Info, "yanked"));
        }
        assert_eq!(audit("", "null").observations.len(), 0);
        assert_eq!(audit("", r#"{"yanked":[7]}"#).not_understood.len(), 1);
    }

    #[test]
    fn fewer_vulnerabilities_than_are_counted_are_not_all() {
        for (said, state) in [
            (r#""found":false,"count":0"#, ScanState::Complete),
            (r#""found":true"#, ScanState::Partial),
            (r#""found":true,"count":1"#, ScanState::Partial),
            (r#""count":2"#, ScanState::Partial),
        ] {
            let text = format!(r#"{{"database":{{}},"lockfile":{{}},"vulnerabilities":{{{said},"list":[]}}}}"#);
            assert_eq!(parse(&text).unwrap().state, state, "{said}");
        }
    }

    #[test]
    fn a_vulnerability_without_its_advisory_is_not_understood() {
        let parsed = audit(r#"{"advisory":null,"package":{"name":"miow"}}"#, "{}");
        assert_eq!((parsed.observations.len(), parsed.not_understood.len()), (0, 1));
    }
}
