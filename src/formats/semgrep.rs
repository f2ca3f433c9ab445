//! Semgrep's JSON (`semgrep scan --json`).
//!
//! A check's id begins with the path of a local rule file, and so differs between machines. Without a login `fingerprint` and
//! `lines` hold a notice instead of a value; a fingerprint is made from the matched code, so that of a secret is never kept.

use serde::Deserialize;

use super::terms::{
    cwe, distinct, is_about_credentials, snippet, title, vulnerability_id, without_code, without_quoted,
};
use super::wire::{Dict, Element, Flag, List, Number, OneOrMany, Part, Rows, Text, Texts, demand_readable, read, rows};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "semgrep",
    title: "Semgrep JSON",
    docs: "https://semgrep.dev/docs/semgrep-appsec-platform/json-and-sarif",
    produce: "semgrep scan --json --output semgrep.json",
    seen: "0.x to 1.182, community and pro engine",
    checks: &[Check::Sast, Check::Dependencies],
    detect,
    parse,
};

/// What stands in place of a value that only users with an account get.
const NOTICE: &str = "requires login";

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("results");
    let result = first.has("check_id") && first.has("path") && first.has("extra");
    let clean = head.key("results").is_array() && !first.is_present() && head.key("paths").has("scanned");
    result || (clean && head.key("errors").is_array() && head.has("version"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.results.0.demand(FORMAT.id, "results")?;
    let mut parsed = Parsed::new("Semgrep", &[Check::Sast]);
    parsed.tool.version = report.version.untrusted();
    health(&report, &mut parsed);
    rows(report.results, text, FORMAT.id, "/results", &mut parsed, observe)?;
    if parsed.observations.iter().any(|observation| observation.kind == Kind::Vulnerability) {
        parsed.checks.push(Check::Dependencies);
    }
    Ok(parsed)
}

/// Errors and skipped rules make a scan partial; a scan with errors that looked at no file has failed.
fn health(report: &Report<'_>, parsed: &mut Parsed) {
    let scanned = report.paths.get().and_then(|paths| paths.scanned.as_ref());
    let nothing = scanned.is_some_and(|scanned| scanned.0.is_empty());
    let mut errors = report.errors.0.sound().filter(|error| error.level.get() != Some("info")).peekable();
    if nothing {
        let state = if errors.peek().is_some() { ScanState::Failed } else { ScanState::Partial };
        parsed.degrade(state, "no file was scanned");
    }
    for error in errors {
        let message = error.message.get().or(error.long_msg.get()).unwrap_or("an error without a message");
        parsed.degrade(ScanState::Partial, title(&without_code(message)));
    }
    demand_readable(&report.errors.0, "errors", parsed);
    for rule in report.skipped_rules.sound() {
        let id = rule.rule_id.get().unwrap_or("a rule");
        parsed.degrade(ScanState::Partial, format!("{id} was skipped"));
    }
}

fn observe(result: &Match<'_>) -> Result<Element, String> {
    let check = result.check_id.demand("check_id")?;
    let extra = result.extra.get().ok_or("has no `extra`")?;
    let none = Metadata::default();
    let metadata = extra.metadata.get().unwrap_or(&none);
    let cwes = distinct(metadata.cwe.iter().filter_map(cwe).collect());
    let dependency = extra.sca_info.get();
    let kind = if dependency.is_some() {
        Kind::Vulnerability
    } else if metadata.category.get() == Some("secrets") || check.split('.').any(|part| part == "secrets") {
        Kind::Secret
    } else {
        Kind::Weakness
    };
    let sensitive = kind == Kind::Secret || is_about_credentials(&cwes);
    let message = extra.message.get().unwrap_or_default();
    let tells = kind == Kind::Weakness && !sensitive;
    let (start, end) = (result.start.get(), result.end.get());
    Ok(Element::Result(Box::new(Observation {
        rule: Rule {
            id: check.into(),
            name: None,
            url: metadata.source.untrusted().or_else(|| metadata.references.iter().next().map(Untrusted::from)),
        },
        ids: names(metadata, dependency),
        cwes,
        severity_raw: extra.severity.untrusted(),
        title: title(&if sensitive { without_quoted(message) } else { message.into() }),
        package: dependency.and_then(|dependency| package(dependency, metadata)).map(Box::new),
        location: Location {
            path: result.path.untrusted(),
            line: start.and_then(|start| start.line.position()),
            column: start.and_then(|start| start.col.position()),
            end_line: end.and_then(|end| end.line.position()),
            ..Location::default()
        },
        confidence: metadata.confidence.untrusted(),
        suppression: extra.is_ignored.is_set().then_some(Suppression { by: SuppressedBy::Source, reason: None }),
        tool_fingerprint: said(&extra.fingerprint).filter(|_| tells).map(Untrusted::from),
        snippet: said(&extra.lines).filter(|_| tells).and_then(snippet),
        ..Observation::new(kind, "", severity(extra.severity.get()), SeveritySource::Scanner)
    })))
}

/// What Semgrep says, and not that one has to log in to see it.
fn said<'t>(text: &'t Text<'_>) -> Option<&'t str> {
    text.get().filter(|text| *text != NOTICE)
}

fn severity(word: Option<&str>) -> Severity {
    match word {
        Some("ERROR") => Severity::High,
        Some("WARNING") => Severity::Medium,
        Some("INFO") => Severity::Low,
        Some("INVENTORY" | "EXPERIMENT") => Severity::Info,
        other => Severity::from_word(other.unwrap_or_default()),
    }
}

/// Names of the vulnerability, for a finding about a dependency.
fn names(metadata: &Metadata<'_>, dependency: Option<&Dependency<'_>>) -> Vec<Untrusted> {
    let named = [&metadata.vulnerability, &metadata.ghsa].into_iter().filter_map(|name| vulnerability_id(name.get()?));
    if dependency.is_some() { distinct(named.collect()) } else { Vec::new() }
}

fn package(dependency: &Dependency<'_>, metadata: &Metadata<'_>) -> Option<Package> {
    let found = dependency.dependency_match.get()?.found_dependency.get()?;
    let name = found.package.get()?;
    let fixed_in: Vec<Untrusted> =
        metadata.fix_versions.sound().filter_map(|fixes| fixes.get(name)?.untrusted()).collect();
    Some(Package {
        name: name.into(),
        version: found.version.untrusted(),
        purl: None,
        ecosystem: found.ecosystem.untrusted(),
        fix_state: if fixed_in.is_empty() { FixState::Unknown } else { FixState::Fixed },
        fixed_in,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    results: Rows<'a, Match<'a>>,
    errors: OneOrMany<Error<'a>>,
    paths: Part<Paths<'a>>,
    skipped_rules: List<SkippedRule<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Error<'a> {
    #[serde(borrow)]
    level: Text<'a>,
    message: Text<'a>,
    long_msg: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Paths<'a> {
    #[serde(borrow)]
    scanned: Option<Texts<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct SkippedRule<'a> {
    #[serde(borrow)]
    rule_id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Match<'a> {
    #[serde(borrow)]
    check_id: Text<'a>,
    path: Text<'a>,
    start: Part<Position>,
    end: Part<Position>,
    extra: Part<Extra<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Position {
    line: Number,
    col: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Extra<'a> {
    #[serde(borrow)]
    message: Text<'a>,
    severity: Text<'a>,
    fingerprint: Text<'a>,
    lines: Text<'a>,
    is_ignored: Flag,
    metadata: Part<Metadata<'a>>,
    sca_info: Part<Dependency<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metadata<'a> {
    #[serde(borrow)]
    category: Text<'a>,
    confidence: Text<'a>,
    cwe: Texts<'a>,
    ghsa: Text<'a>,
    references: Texts<'a>,
    #[serde(rename = "sca-fix-versions")]
    fix_versions: List<Dict<'a, Text<'a>>>,
    #[serde(rename = "sca-vuln-database-identifier")]
    vulnerability: Text<'a>,
    source: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dependency<'a> {
    #[serde(borrow)]
    dependency_match: Part<DependencyMatch<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct DependencyMatch<'a> {
    #[serde(borrow)]
    found_dependency: Part<FoundDependency<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct FoundDependency<'a> {
    #[serde(borrow)]
    package: Text<'a>,
    version: Text<'a>,
    ecosystem: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(result: &str) -> Parsed {
        parse(&format!(r#"{{"version":"1","results":[{result}],"errors":[],"paths":{{"scanned":["a"]}}}}"#)).unwrap()
    }

    #[test]
    fn errors_are_read_however_they_are_listed() {
        for (errors, state) in [
            ("[]", ScanState::Complete),
            (r#"{"level":"error","message":"no"}"#, ScanState::Partial),
            (r#"["no"]"#, ScanState::Partial),
            ("7", ScanState::Partial),
        ] {
            let text = format!(r#"{{"results":[],"paths":{{"scanned":["a.py"]}},"errors":{errors}}}"#);
            assert_eq!(parse(&text).unwrap().state, state, "{errors}");
        }
    }

    #[test]
    fn what_a_secret_rule_matched_is_not_kept() {
        let result = r#"{"check_id":"generic.secrets.key","path":"a","start":{"line":1},"extra":{"severity":"ERROR",
            "message":"A key: \"hunter2\"","lines":"key = hunter2","fingerprint":"0123_0"}}"#;
        let parsed = report(result);
        let secret = &parsed.observations[0];
        assert_eq!((secret.kind, secret.title.as_raw()), (Kind::Secret, "A key: …"));
        assert!(secret.snippet.is_none() && secret.tool_fingerprint.is_none());
        let plain = report(&result.replace("generic.secrets.key", "python.eval"));
        assert!(plain.observations[0].snippet.is_some() && plain.observations[0].tool_fingerprint.is_some());
        let noticed = report(&result.replace("generic.secrets.key", "python.eval").replace("0123_0", NOTICE));
        assert!(noticed.observations[0].tool_fingerprint.is_none());
    }

    #[test]
    fn a_dependency_is_a_vulnerability_of_a_package() {
        let parsed = report(
            r#"{"check_id":"ssc-1","path":"package-lock.json","extra":{"severity":"HIGH","message":"m",
                "metadata":{"cwe":["CWE-94: x"],"ghsa":"GHSA-35jh-r3h4-6jhm","sca-vuln-database-identifier":"CVE-2021-23337",
                    "sca-fix-versions":[{"lodash":"4.17.21"}]},
                "sca_info":{"reachable":false,"dependency_match":{"found_dependency":
                    {"package":"lodash","version":"4.17.15","ecosystem":"npm"}}}}}"#,
        );
        let found = &parsed.observations[0];
        assert_eq!(found.ids, [Untrusted::from("CVE-2021-23337"), Untrusted::from("GHSA-35jh-r3h4-6jhm")]);
        let package = found.package.as_ref().unwrap();
        assert_eq!(
            (package.name.as_raw(), package.fixed_in.as_slice()),
            ("lodash", [Untrusted::from("4.17.21")].as_slice())
        );
        assert_eq!(parsed.checks, [Check::Sast, Check::Dependencies]);
    }

    #[test]
    fn a_scan_of_nothing_is_not_clean() {
        let state = |text: &str| parse(text).unwrap().state;
        assert_eq!(state(r#"{"results":[],"errors":[],"paths":{"scanned":[]}}"#), ScanState::Partial);
        let failed = r#"{"results":[],"errors":[{"level":"error","message":"no rule"}],"paths":{"scanned":[]}}"#;
        assert_eq!(state(failed), ScanState::Failed);
        assert_eq!(state(r#"{"results":[],"errors":[],"skipped_rules":[{"rule_id":"r"}]}"#), ScanState::Partial);
        assert_eq!(state(r#"{"results":[],"errors":[],"paths":{"scanned":["a"]}}"#), ScanState::Complete);
    }
}
