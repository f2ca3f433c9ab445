//! Composer's audit JSON (`composer audit --format=json`).
//!
//! PHP writes an empty object as a list, and a list with gaps as an object. Abandoned packages are a matter of quality and
//! stand apart, without an advisory; ignored advisories are listed with the reason.

use serde::Deserialize;

use super::terms::{title, vulnerability_id};
use super::wire::{Element, Keyed, List, Text, Values, read, results, token};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::Package;
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "composer-audit",
    title: "Composer audit JSON",
    docs: "https://getcomposer.org/doc/03-cli.md#audit",
    produce: "composer audit --format=json > composer-audit.json",
    seen: "Composer 2",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let advisories = head.key("advisories");
    let composer = advisories.members().iter().any(|(_, list)| {
        let first = list.first();
        let first = if first.is_present() { first } else { list.members().first().map_or(first, |(_, one)| one) };
        first.has("advisoryId") || first.has("affectedVersions")
    });
    // What PHP writes for an object without members.
    let none = advisories.is_array() && advisories.elements().is_empty();
    composer || ((none || advisories.is_present() && head.has("abandoned")) && !head.has("metadata"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    let mut parsed = Parsed::new("composer audit", FORMAT.checks);
    for (name, Values(list)) in report.advisories.demand(FORMAT.id, "advisories")? {
        let at = format!("/advisories/{}", token(&name));
        results(list, FORMAT.id, &at, &mut parsed, |one| Ok(Element::Result(Box::new(observe(one, &name)?))))?;
    }
    if let Keyed::Given(ignored) = report.ignored {
        for (name, Values(list)) in ignored {
            let at = format!("/ignored-advisories/{}", token(&name));
            results(list, FORMAT.id, &at, &mut parsed, |one| {
                let suppression = Suppression { by: SuppressedBy::Scanner, reason: one.ignore_reason.untrusted() };
                let observation = Observation { suppression: Some(suppression), ..observe(one, &name)? };
                Ok(Element::Apart(Box::new(observation)))
            })?;
        }
    }
    if let List::Given(unreachable) = report.unreachable {
        for _ in unreachable {
            parsed.degrade(ScanState::Partial, "a repository of advisories could not be asked");
        }
    }
    Ok(parsed)
}

fn observe(one: &Advisory<'_>, key: &str) -> Result<Observation, String> {
    let cve = one.cve.get().and_then(vulnerability_id);
    let remote = one.sources.sound().filter_map(|source| vulnerability_id(source.remote_id.get()?));
    let rule = one.advisory_id.get().or(one.cve.get()).ok_or("has neither `advisoryId` nor `cve`")?;
    let word = one.severity.get();
    let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
    Ok(Observation {
        rule: Rule { id: rule.into(), name: None, url: one.link.untrusted() },
        ids: [rule.into()].into_iter().chain(cve).chain(remote).collect(),
        severity_raw: one.severity.untrusted(),
        title: one.title.get().map(title).unwrap_or_default(),
        package: Some(Box::new(Package {
            name: one.package_name.get().unwrap_or(key).into(),
            ecosystem: Some("Packagist".into()),
            ..Package::default()
        })),
        published: one.reported_at.untrusted(),
        ..Observation::new(Kind::Vulnerability, rule, Severity::from_word(word.unwrap_or_default()), source)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    advisories: Keyed<'a, Values<Advisory<'a>>>,
    #[serde(rename = "ignored-advisories")]
    ignored: Keyed<'a, Values<Advisory<'a>>>,
    #[serde(rename = "unreachable-repositories")]
    unreachable: List<Repository>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository {}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Advisory<'a> {
    #[serde(borrow)]
    advisory_id: Text<'a>,
    package_name: Text<'a>,
    title: Text<'a>,
    cve: Text<'a>,
    link: Text<'a>,
    reported_at: Text<'a>,
    sources: List<Source<'a>>,
    severity: Text<'a>,
    ignore_reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Source<'a> {
    #[serde(borrow)]
    remote_id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_objects_are_read_alike() {
        let advisory = r#"{"advisoryId":"PKSA-1","packageName":"a/b","cve":"CVE-2021-32708","severity":"critical",
            "sources":[{"name":"GitHub","remoteId":"GHSA-9f46-5r25-5wfm"}],"ignoreReason":"not used"}"#;
        for list in [format!("[{advisory}]"), format!(r#"{{"3":{advisory}}}"#)] {
            let text = format!(
                r#"{{"advisories":{{"a/b":{list}}},"ignored-advisories":{{"a/b":[{advisory}]}},"abandoned":[]}}"#
            );
            let parsed = parse(&text).unwrap();
            assert_eq!((parsed.observations.len(), parsed.suppressed_apart.len()), (1, 1));
            assert_eq!(parsed.observations[0].ids, ["PKSA-1", "CVE-2021-32708", "GHSA-9f46-5r25-5wfm"]);
            assert_eq!(parsed.observations[0].pointer, "/advisories/a~1b/0");
        }
        assert_eq!(parse(r#"{"advisories":[],"abandoned":[]}"#).unwrap().observations.len(), 0);
        assert!(parse("{}").is_err() && parse(r#"{"advisories":7}"#).is_err());
    }
}
