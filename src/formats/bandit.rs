//! Bandit's JSON (`bandit -r . -f json`).
//!
//! What Bandit skipped because of `# nosec` is only a number in its metrics: no result says so. The code that it quotes, and
//! the message of its tests about passwords, hold the password.

use serde::Deserialize;

use super::terms::{cwe, instant, is_about_credentials, snippet, title, without_quoted};
use super::wire::{Dict, Element, List, Number, Numbers, OneOrMany, Part, Text, demand_readable, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "bandit",
    title: "Bandit JSON",
    docs: "https://bandit.readthedocs.io/en/latest/formatters/json.html",
    produce: "bandit -r . -f json -o bandit.json",
    seen: "1.6 to 1.9",
    checks: &[Check::Sast],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.first("results");
    let found = first.has("test_id") && first.has("issue_severity");
    found || (head.has("errors") && head.has("generated_at") && head.key("metrics").has("_totals"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let report: Report<'_> = read(text, FORMAT.id)?;
    report.results.demand(FORMAT.id, "results")?;
    let mut parsed = Parsed::new("Bandit", FORMAT.checks);
    parsed.finished_at = instant(report.generated_at.get());
    demand_readable(&report.errors.0, "errors", &mut parsed);
    for error in report.errors.0.sound() {
        let file = error.filename.get().unwrap_or("a file");
        let reason = error.reason.get().unwrap_or("for an unknown reason");
        parsed.degrade(ScanState::Partial, format!("{file} was not scanned: {reason}"));
    }
    if let Some(totals) = report.metrics.get("_totals").and_then(Part::get) {
        if totals.loc.whole() == Some(0) {
            parsed.degrade(ScanState::Partial, "nothing was scanned: no line of code");
        }
        let counted = totals.issues();
        if report.results.is_empty() && counted > 0 {
            parsed.degrade(ScanState::Partial, format!("it counts {counted} issues and lists none"));
        }
    }
    results(report.results, FORMAT.id, "/results", &mut parsed, observe)?;
    Ok(parsed)
}

fn observe(result: &Issue<'_>) -> Result<Element, String> {
    let test = result.test_id.demand("test_id")?;
    let word = result.issue_severity.get();
    let severity = Severity::from_word(word.unwrap_or_default());
    let cwes: Vec<Untrusted> = result.issue_cwe.get().and_then(|class| cwe(class.id.get()?)).into_iter().collect();
    let sensitive = is_about_credentials(&cwes) || matches!(test, "B105" | "B106" | "B107");
    let message = result.issue_text.get().unwrap_or_default();
    let line = result.line_number.position();
    let end_line = result.line_range.iter().filter_map(|line| line.position()).max();
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: test.into(), name: result.test_name.untrusted(), url: result.more_info.untrusted() },
        cwes,
        severity_raw: result.issue_severity.untrusted(),
        title: title(&if sensitive { without_quoted(message) } else { message.into() }),
        location: Location {
            path: result.filename.untrusted(),
            line,
            column: result.col_offset.whole().and_then(|column| column.checked_add(1)),
            end_line,
            ..Location::default()
        },
        confidence: result.issue_confidence.untrusted(),
        snippet: if sensitive { None } else { flagged(result, line, end_line).and_then(|code| snippet(&code)) },
        ..Observation::new(Kind::Weakness, test, severity, SeveritySource::Scanner)
    })))
}

/// The flagged lines of the code that Bandit quotes with line numbers and neighbours.
fn flagged(result: &Issue<'_>, line: Option<u64>, end_line: Option<u64>) -> Option<String> {
    let first = line?;
    let last = end_line.unwrap_or(first);
    let numbered = result.code.get()?.lines().filter_map(|numbered| {
        let (number, code) = numbered.split_once(' ')?;
        (first..=last).contains(&number.parse().ok()?).then_some(code)
    });
    Some(numbered.collect::<Vec<_>>().join("\n"))
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Report<'a> {
    #[serde(borrow)]
    errors: OneOrMany<Error<'a>>,
    generated_at: Text<'a>,
    metrics: Dict<'a, Part<Metrics>>,
    results: List<Issue<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Error<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    reason: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Metrics {
    loc: Number,
    #[serde(rename = "SEVERITY.HIGH")]
    high: Number,
    #[serde(rename = "SEVERITY.MEDIUM")]
    medium: Number,
    #[serde(rename = "SEVERITY.LOW")]
    low: Number,
    #[serde(rename = "SEVERITY.UNDEFINED")]
    undefined: Number,
}

impl Metrics {
    fn issues(&self) -> u64 {
        let counts = [self.high, self.medium, self.low, self.undefined];
        counts.into_iter().filter_map(Number::whole).fold(0, u64::saturating_add)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Issue<'a> {
    #[serde(borrow)]
    code: Text<'a>,
    col_offset: Number,
    filename: Text<'a>,
    issue_confidence: Text<'a>,
    issue_cwe: Part<Class<'a>>,
    issue_severity: Text<'a>,
    issue_text: Text<'a>,
    line_number: Number,
    line_range: Numbers,
    more_info: Text<'a>,
    test_id: Text<'a>,
    test_name: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Class<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue(more: &str) -> Observation {
        let text = format!(
            r#"{{"results":[{{"test_id":"B602","filename":"a.py","line_number":2,"line_range":[2,3],
                "code":"1 import x\n2 f(\n3   \"hunter2\")\n4 \n","issue_text":"Found 'hunter2'"{more}}}]}}"#
        );
        let [observation] = <[Box<Observation>; 1]>::try_from(parse(&text).unwrap().observations).unwrap();
        *observation
    }

    #[test]
    fn a_report_that_doubts_itself_is_partial() {
        for (rest, state) in [
            (r#""metrics":{"_totals":{"loc":9,"SEVERITY.HIGH":0}}"#, ScanState::Complete),
            (r#""metrics":{"_totals":{"loc":9,"SEVERITY.HIGH":1}}"#, ScanState::Partial),
            (r#""metrics":{"_totals":{"loc":9,"SEVERITY.UNDEFINED":2}}"#, ScanState::Partial),
            (r#""errors":{"filename":"a.py","reason":"syntax error"}"#, ScanState::Partial),
            (r#""errors":["a.py"]"#, ScanState::Partial),
            (r#""errors":"a.py""#, ScanState::Partial),
            (r#""errors":[]"#, ScanState::Complete),
        ] {
            let parsed = parse(&format!(r#"{{"results":[],{rest}}}"#)).unwrap();
            assert_eq!((parsed.state, parsed.problems.is_empty()), (state, state == ScanState::Complete), "{rest}");
        }
    }

    #[test]
    fn only_the_flagged_lines_are_the_snippet() {
        assert_eq!(issue("").snippet, snippet("f( \"hunter2\")"));
        assert_eq!(issue("").location.end_line, Some(3));
    }

    #[test]
    fn a_password_in_message_or_code_is_not_kept() {
        let observation = issue(r#","issue_cwe":{"id":259}"#);
        assert!(observation.snippet.is_none() && !format!("{observation:?}").contains("hunter2"));
    }

    #[test]
    fn a_column_beyond_all_columns_is_none() {
        assert_eq!(issue(r#","col_offset":0"#).location.column, Some(1));
        assert_eq!(issue(r#","col_offset":18446744073709551615"#).location.column, None);
    }
}
