//! pip-audit's JSON (`pip-audit -f json`).
//!
//! A package that the service does not know, or that could not be asked for, is skipped: pip-audit still exits with 0, so
//! here its absence from the audit is what counts. The format knows no severities. Older versions wrote the list alone.

use serde::Deserialize;

use super::terms::{title, vulnerability_id};
use super::wire::{Element, List, Record, Text, Texts, no_results, not_understood, read, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Observation};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "pip-audit",
    title: "pip-audit JSON",
    docs: "https://github.com/pypa/pip-audit#usage",
    produce: "pip-audit -r requirements.txt -f json -o pip-audit.json",
    seen: "the list alone (1), the object (2, to 2.10)",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let audited = |one: &Node<'_>| one.has("name") && (one.key("vulns").is_array() || one.has("skip_reason"));
    let list = head.key("dependencies");
    audited(head.root().first()) || audited(list.first()) || (list.is_array() && head.key("fixes").is_array())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let (list, at) = if text.trim_start().starts_with('{') {
        let report: Report<'_> = read(text, FORMAT.id)?;
        report.dependencies.demand(FORMAT.id, "dependencies")?;
        (report.dependencies, "/dependencies")
    } else {
        let list: List<Dependency<'_>> = read(text, FORMAT.id)?;
        list.demand(FORMAT.id, "dependencies")?;
        (list, "")
    };
    if !list.is_empty() && !list.sound().any(|one| one.name.get().is_some()) {
        return Err(no_results(FORMAT.id, "no element of the list is a dependency"));
    }
    let mut parsed = Parsed::new("pip-audit", FORMAT.checks);
    let all = list.records().len();
    let mut skipped = 0;
    for (index, record) in list.into_records().into_iter().enumerate() {
        let at = format!("{at}/{index}");
        let dependency = match record {
            Record::Sound(dependency) => dependency,
            Record::Odd(found) => {
                not_understood(&mut parsed, at, format!("should be an object and is {found}"));
                continue;
            }
        };
        let name = dependency.name.get().unwrap_or("a package without a name").to_owned();
        if let Some(reason) = dependency.skip_reason.get() {
            skipped += 1;
            parsed.degrade(ScanState::Partial, format!("{name} was skipped: {reason}"));
        }
        let version = dependency.version.untrusted();
        results(dependency.vulns, FORMAT.id, &format!("{at}/vulns"), &mut parsed, |one| {
            observe(one, &name, version.clone())
        })?;
    }
    if all == 0 {
        parsed.degrade(ScanState::Partial, "nothing was scanned: no dependency is listed");
    } else if skipped == all {
        parsed.degrade(ScanState::Failed, "every dependency was skipped");
    }
    Ok(parsed)
}

fn observe(one: &Vulnerability<'_>, name: &str, version: Option<Untrusted>) -> Result<Element, String> {
    let id = one.id.demand("id")?;
    let named = |id: &str| vulnerability_id(id).unwrap_or_else(|| id.into());
    let fixed_in: Vec<Untrusted> = one.fix_versions.iter().map(Untrusted::from).collect();
    let fix_state = if fixed_in.is_empty() { FixState::Unknown } else { FixState::Fixed };
    Ok(Element::Result(Box::new(Observation {
        ids: [id].into_iter().chain(one.aliases.iter()).map(named).collect(),
        title: one.description.get().map(title).unwrap_or_default(),
        package: Some(Box::new(Package {
            name: name.into(),
            version,
            purl: None,
            ecosystem: Some("PyPI".into()),
            fixed_in,
            fix_state,
        })),
        ..Observation::new(Kind::Vulnerability, id, Severity::Unknown, SeveritySource::None)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    dependencies: List<Dependency<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dependency<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
    skip_reason: Text<'a>,
    vulns: List<Vulnerability<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    aliases: Texts<'a>,
    fix_versions: Texts<'a>,
    description: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_layouts_are_read_and_a_skip_shows() {
        let list = r#"[{"name":"jinja2","version":"3.0.3","vulns":[{"id":"PYSEC-2021-66","aliases":["CVE-2020-28493"],"fix_versions":["2.11.3"]}]},
            {"name":"shop","skip_reason":"not found on PyPI"}]"#;
        for text in [list.to_owned(), format!(r#"{{"dependencies":{list},"fixes":[]}}"#)] {
            let parsed = parse(&text).unwrap();
            let observation = &parsed.observations[0];
            assert_eq!((observation.ids.len(), parsed.state), (2, ScanState::Partial));
            assert_eq!(observation.package.as_ref().unwrap().fixed_in, ["2.11.3"]);
        }
    }

    #[test]
    fn an_audit_that_asked_about_nothing_is_not_clean() {
        let skipped = r#"{"dependencies":[{"name":"a","skip_reason":"no service"}]}"#;
        assert_eq!(parse(skipped).unwrap().state, ScanState::Failed);
        assert_eq!(parse(r#"{"dependencies":[],"fixes":[]}"#).unwrap().state, ScanState::Partial);
        assert!(parse("{}").is_err() && parse(r#"[{"rule":"x"}]"#).is_err());
    }
}
