//! Checkov's JSON (`checkov -d . -o json`): one object, or a list with one for each kind of file.
//!
//! Without its platform Checkov gives no severity. A run that found nothing to look at writes totals only. What it quotes of
//! a file may hold credentials, and the resource of a secret is the hash of its value: neither is kept.

use serde::Deserialize;

use super::terms::{assessment, title, vulnerability_id};
use super::wire::{
    Element, List, Number, Numbers, OneOrMany, Part, Record, Text, Texts, no_results, not_understood, read, results,
};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "checkov",
    title: "Checkov JSON",
    docs: "https://www.checkov.io/8.Outputs/JSON.html",
    produce: "checkov -d . --quiet --compact -o json > checkov.json",
    seen: "1.0 to 3.3",
    checks: &[Check::Secrets, Check::Sast, Check::Dependencies, Check::Iac, Check::Image],
    detect,
    parse,
};

/// The beginning of a `check_type`, what its results are, and the checks that it answers. First match wins.
const CHECK_TYPES: &[(&str, Kind, &[Check])] = &[
    ("secrets", Kind::Secret, &[Check::Secrets]),
    ("sca_image", Kind::Vulnerability, &[Check::Dependencies, Check::Image]),
    ("sca_package", Kind::Vulnerability, &[Check::Dependencies]),
    ("sast", Kind::Weakness, &[Check::Sast]),
    ("", Kind::Misconfiguration, &[Check::Iac]),
];

fn detect(head: &Head<'_>) -> bool {
    let is_report = |node: &Node<'_>| {
        let run = node.key("check_type").is_text()
            && (node.key("results").is_object() || node.key("summary").has("checkov_version"));
        let nothing = node.has("checkov_version") && node.has("passed") && node.has("failed");
        run || nothing
    };
    !head.is_stream() && (is_report(head.root()) || is_report(head.root().first()))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let OneOrMany(reports) = read(text, FORMAT.id)?;
    let is_list = text.trim_start().starts_with('[');
    if reports.is_empty() {
        return Err(no_results(FORMAT.id, "there is no run in it"));
    }
    let mut parsed = Parsed::new("Checkov", &[]);
    reports.demand(FORMAT.id, "list of runs")?;
    let mut looked_at = 0;
    for (index, record) in reports.into_records().into_iter().enumerate() {
        let at = if is_list { format!("/{index}") } else { String::new() };
        match record {
            Record::Sound(run) => looked_at += read_run(run, &at, &mut parsed)?,
            Record::Odd(found) => not_understood(&mut parsed, at, format!("should be a run and is {found}")),
        }
    }
    if looked_at == 0 && parsed.not_understood.is_empty() {
        parsed.degrade(ScanState::Partial, "nothing was scanned: Checkov found nothing that it knows");
    }
    parsed.checks.sort();
    parsed.checks.dedup();
    Ok(parsed)
}

/// Reads one run and says how many checks it holds by its own count, results included.
fn read_run(run: Run<'_>, at: &str, parsed: &mut Parsed) -> Result<u64, FormatError> {
    let word = run.check_type.get().unwrap_or_default();
    let (kind, checks) = CHECK_TYPES
        .iter()
        .find(|(prefix, ..)| word.starts_with(prefix))
        .map_or((Kind::Misconfiguration, [Check::Iac].as_slice()), |(_, kind, checks)| (*kind, *checks));
    parsed.checks.extend(checks);
    let summary = run.summary.0.unwrap_or_default();
    parsed.tool.version = parsed
        .tool
        .version
        .take()
        .or_else(|| summary.checkov_version.untrusted().or_else(|| run.checkov_version.untrusted()));
    let Some(lists) = run.results.0 else {
        return match run.failed.whole() {
            Some(0) => Ok(run.passed.whole().unwrap_or(0)),
            Some(failed) => Err(no_results(FORMAT.id, format!("totals only, with {failed} failed checks"))),
            None => Err(no_results(FORMAT.id, format!("there is no `results` in {at}/"))),
        };
    };
    lists.failed_checks.demand(FORMAT.id, "results.failed_checks")?;
    for file in lists.parsing_errors.iter() {
        parsed.degrade(ScanState::Partial, format!("{file} could not be parsed"));
    }
    let before = parsed.observations.len() + parsed.suppressed_apart.len() + parsed.not_understood.len();
    let failed = format!("{at}/results/failed_checks");
    results(lists.failed_checks, FORMAT.id, &failed, parsed, |check| {
        observe(check, kind).map(|observation| Element::Result(Box::new(observation)))
    })?;
    let after = parsed.observations.len() + parsed.not_understood.len();
    let listed = count(after.saturating_sub(before));
    if let Some(said) = summary.failed.whole().filter(|said| *said > listed) {
        parsed.degrade(ScanState::Partial, format!("the summary says {said} failed checks and {listed} are listed"));
    }
    let skipped = format!("{at}/results/skipped_checks");
    results(lists.skipped_checks, FORMAT.id, &skipped, parsed, |check| {
        let reason = check.check_result.get().and_then(|result| result.suppress_comment.untrusted());
        let suppression = Some(Suppression { by: SuppressedBy::Source, reason });
        Ok(Element::Apart(Box::new(Observation { suppression, ..observe(check, kind)? })))
    })?;
    let all = parsed.observations.len() + parsed.suppressed_apart.len() + parsed.not_understood.len();
    Ok(summary.passed.whole().unwrap_or(0) + count(all.saturating_sub(before)))
}

fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

fn observe(check: &Failed<'_>, kind: Kind) -> Result<Observation, String> {
    let id = check.check_id.demand("check_id")?;
    let kind = if id.starts_with("CKV_SECRET") { Kind::Secret } else { kind };
    let (severity, source) = match check.severity.get() {
        Some(word) => (Severity::from_word(word), SeveritySource::Scanner),
        None => (Severity::Unknown, SeveritySource::None),
    };
    let details = check.vulnerability_details.get().filter(|_| kind == Kind::Vulnerability);
    let mut lines = check.file_line_range.iter();
    Ok(Observation {
        rule: Rule { id: id.into(), name: check.check_name.untrusted(), url: check.guideline.untrusted() },
        ids: details.and_then(|details| vulnerability_id(details.id.get()?)).into_iter().collect(),
        severity_raw: check.severity.untrusted(),
        cvss: details.and_then(|details| assessment(details.vector.get(), details.cvss.real())),
        title: title(check.check_name.get().unwrap_or(id)),
        package: details.and_then(package).map(Box::new),
        location: Location {
            path: path(check),
            line: lines.next().and_then(Number::position),
            end_line: lines.next().and_then(Number::position),
            resource: check.resource.untrusted().filter(|_| kind != Kind::Secret),
            ..Location::default()
        },
        published: details.and_then(|details| details.published_date.untrusted()),
        ..Observation::new(kind, id, severity, source)
    })
}

/// The path within the repository; Checkov writes it, like the one within the scanned directory, with a leading slash.
fn path(check: &Failed<'_>) -> Option<Untrusted> {
    let within = check.repo_file_path.get().filter(|path| !path.split('/').any(|part| part == ".."));
    let path = within.or(check.file_path.get())?;
    Some(path.trim_start_matches('/').into())
}

fn package(details: &Vulnerability<'_>) -> Option<Package> {
    let fixed_in: Vec<Untrusted> = details.lowest_fixed_version.untrusted().into_iter().collect();
    Some(Package {
        name: details.package_name.untrusted()?,
        version: details.package_version.untrusted(),
        purl: None,
        ecosystem: details.package_type.untrusted(),
        fix_state: if fixed_in.is_empty() { FixState::Unknown } else { FixState::Fixed },
        fixed_in,
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Run<'a> {
    #[serde(borrow)]
    check_type: Text<'a>,
    results: Part<Results<'a>>,
    summary: Part<Summary<'a>>,
    passed: Number,
    failed: Number,
    checkov_version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Results<'a> {
    #[serde(borrow)]
    failed_checks: List<Failed<'a>>,
    skipped_checks: List<Failed<'a>>,
    parsing_errors: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary<'a> {
    passed: Number,
    failed: Number,
    #[serde(borrow)]
    checkov_version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Failed<'a> {
    #[serde(borrow)]
    check_id: Text<'a>,
    check_name: Text<'a>,
    check_result: Part<Outcome<'a>>,
    file_path: Text<'a>,
    repo_file_path: Text<'a>,
    file_line_range: Numbers,
    resource: Text<'a>,
    severity: Text<'a>,
    guideline: Text<'a>,
    vulnerability_details: Part<Vulnerability<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Outcome<'a> {
    #[serde(borrow)]
    suppress_comment: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    package_name: Text<'a>,
    package_version: Text<'a>,
    package_type: Text<'a>,
    published_date: Text<'a>,
    cvss: Number,
    vector: Text<'a>,
    lowest_fixed_version: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_a_secret_is_no_resource() {
        let parsed = parse(
            r#"{"check_type":"secrets","results":{"failed_checks":[{"check_id":"CKV_SECRET_6","check_name":"High entropy",
                "file_path":"/a.py","resource":"da39a3ee5e6b4b0d","code_block":[[1,"key = hunter2"]]}]}}"#,
        )
        .unwrap();
        let secret = &parsed.observations[0];
        assert_eq!((secret.kind, parsed.checks.as_slice()), (Kind::Secret, [Check::Secrets].as_slice()));
        let shown = format!("{secret:?}");
        assert!(!shown.contains("da39a3ee") && !shown.contains("hunter2"));
    }

    #[test]
    fn totals_and_lists_agree_or_the_report_says_why_not() {
        let state = |text: &str| parse(text).map(|parsed| parsed.state);
        let nothing = r#"{"passed":0,"failed":0,"checkov_version":"3"}"#;
        assert_eq!(state(nothing), Ok(ScanState::Partial));
        assert!(matches!(state(&nothing.replace("\"failed\":0", "\"failed\":2")), Err(FormatError::NoResults { .. })));
        assert!(matches!(state("[]"), Err(FormatError::NoResults { .. })));
        let run = |summary: &str| {
            format!(r#"[{{"check_type":"terraform","results":{{"failed_checks":[]}},"summary":{summary}}}]"#)
        };
        assert_eq!(state(&run(r#"{"passed":4,"failed":0}"#)), Ok(ScanState::Complete));
        assert_eq!(state(&run(r#"{"passed":4,"failed":1}"#)), Ok(ScanState::Partial));
        assert_eq!(state(&run(r#"{"passed":0,"failed":0}"#)), Ok(ScanState::Partial));
        assert!(matches!(state(r#"{"check_type":"terraform","results":{}}"#), Err(FormatError::NoResults { .. })));
    }

    #[test]
    fn the_path_is_the_one_within_the_repository() {
        let path = |paths: &str| {
            let text = format!(r#"{{"results":{{"failed_checks":[{{"check_id":"C",{paths}}}]}}}}"#);
            parse(&text).unwrap().observations[0].location.path.as_ref().unwrap().as_raw().to_owned()
        };
        assert_eq!(path(r#""file_path":"/main.tf","repo_file_path":"/infra/main.tf""#), "infra/main.tf");
        assert_eq!(path(r#""file_path":"/main.tf","repo_file_path":"/../../srv/main.tf""#), "main.tf");
    }
}
