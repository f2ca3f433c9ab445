//! `policy test`: the `test_` rules of policies, and which lines they reach.
//!
//! What must stay true: 0 means that every test passed and, where a threshold was given, that it is met; no test to run, and
//! coverage of nothing, is an error.

use std::collections::BTreeSet;
use std::time::Duration;

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};
use serde_json::{Value as Json, json};

use super::args::{PolicyTestArgs, TestOutput};
use super::error::CliError;
use super::worker::Contained;
use super::{output, policy};
use crate::model::text::{guard_line_start, neutral};
use crate::policy::{Covered, TestOptions, TestOutcome, TestResult, TestRun};

/// The exit code where a test does not pass, or the threshold is not met: as of `verify`, the answer is no.
const FAILED: u8 = 1;
/// What the worker has beyond the tests' own limit, which ends first and can name the test.
pub const LOADING: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// A policy that does not load, no test, or a worker that breaks down: exit 3.
pub fn run(args: &PolicyTestArgs) -> Result<u8, CliError> {
    let coverage = args.coverage || args.threshold.is_some();
    let limit = Duration::from_secs(args.policy_timeout.max(1));
    let options = TestOptions { namespaces: args.namespace.clone(), only: args.run.clone(), coverage, limit };
    let run = Contained::test(policy::given(&args.paths, args.no_builtin)?, options, limit + LOADING)?;
    let verdict = Verdict::of(&run, args.threshold)?;
    let text = match args.output {
        TestOutput::Human => human(&run, &verdict, coverage),
        TestOutput::Json => {
            let mut text = Vec::new();
            crate::render::json::document(&document(&run, &verdict, coverage), &mut text)
                .map_err(|error| CliError::internal(error.to_string()))?;
            text
        }
        TestOutput::Junit => junit(&run, &verdict).map_err(|error| CliError::internal(error.to_string()))?,
    };
    output::print(&text)?;
    Ok(if verdict.is_good() { 0 } else { FAILED })
}

/// What the run comes to.
struct Verdict {
    passed: usize,
    failed: usize,
    errors: usize,
    reached: usize,
    lines: usize,
    threshold: Option<u8>,
}

impl Verdict {
    fn of(run: &TestRun, threshold: Option<u8>) -> Result<Self, CliError> {
        let [passed, failed, errors] = run.counts();
        let (reached, lines) = run.lines();
        if threshold.is_some() && lines == 0 {
            return Err(CliError::input("--threshold: there is no line to cover in what was given")
                .hint("name the directory that holds the policies, not only their tests"));
        }
        Ok(Self { passed, failed, errors, reached, lines, threshold })
    }

    /// In whole numbers, so that nothing is rounded up to a threshold.
    fn is_covered(&self) -> bool {
        self.threshold.is_none_or(|least| self.reached * 100 >= usize::from(least) * self.lines)
    }

    fn is_good(&self) -> bool {
        self.failed == 0 && self.errors == 0 && self.is_covered()
    }
}

/// With one decimal, rounded down: 100 % is all of it.
fn percent(reached: usize, lines: usize) -> String {
    let tenths = (reached * 1000).checked_div(lines).unwrap_or(1000);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `3, 5-7`.
fn ranges(lines: &BTreeSet<u32>) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for &line in lines {
        match ranges.last_mut() {
            Some((_, end)) if *end + 1 == line => *end = line,
            _ => ranges.push((line, line)),
        }
    }
    let shown =
        ranges.iter().map(|(start, end)| if start == end { start.to_string() } else { format!("{start}-{end}") });
    shown.collect::<Vec<_>>().join(", ")
}

/// What went wrong with a test, in a line.
fn fault(test: &TestResult) -> Option<String> {
    match &test.outcome {
        TestOutcome::Passed => None,
        TestOutcome::Failed { value, stopped: Some((line, text)) } => {
            Some(format!("is {value}; it came as far as line {line}: {text}"))
        }
        TestOutcome::Failed { value, stopped: None } => Some(format!("is {value}")),
        TestOutcome::Error(error) => Some(match &error.hint {
            Some(hint) => format!("{error} ({hint})"),
            None => error.to_string(),
        }),
    }
}

/// What does not pass, what is not reached, and the sums: nothing else, so that it can run at every save.
fn human(run: &TestRun, verdict: &Verdict, coverage: bool) -> Vec<u8> {
    let mut text = Vec::new();
    let mut line = |line: &str| {
        text.extend_from_slice(guard_line_start(&neutral(line)).as_bytes());
        text.push(b'\n');
    };
    for test in &run.tests {
        let Some(fault) = fault(test) else { continue };
        let word = if matches!(test.outcome, TestOutcome::Error(_)) { "ERROR" } else { "FAIL" };
        line(&format!("{}:{}: {word} {}", test.path, test.line, test.name));
        line(&format!("    {fault}"));
        test.printed.iter().for_each(|printed| line(&format!("    printed: {printed}")));
    }
    for file in run.coverage.iter().filter(|file| !file.missed.is_empty()) {
        let (reached, all) = file.counts();
        let rule = file.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
        line(&format!(
            "{}:{}",
            file.path,
            format_args!(" {} %{rule}, not reached: {}", percent(reached, all), ranges(&file.missed))
        ));
    }
    line(&format!(
        "{} tests: {} passed, {} failed, {} in error",
        run.tests.len(),
        verdict.passed,
        verdict.failed,
        verdict.errors
    ));
    if coverage {
        let least = match verdict.threshold {
            Some(least) if verdict.is_covered() => format!(", at least {least} % asked for"),
            Some(least) => format!(", BELOW the {least} % asked for"),
            None => String::new(),
        };
        let percent = percent(verdict.reached, verdict.lines);
        line(&format!("coverage: {percent} %, {} of {} lines{least}", verdict.reached, verdict.lines));
    }
    text
}

/// `countersign/policy-test/v1`.
fn document(run: &TestRun, verdict: &Verdict, coverage: bool) -> Json {
    let tests: Vec<Json> = run
        .tests
        .iter()
        .map(|test| {
            let outcome = match &test.outcome {
                TestOutcome::Passed => "passed",
                TestOutcome::Failed { .. } => "failed",
                TestOutcome::Error(_) => "error",
            };
            json!({
                "name": test.name, "path": test.path, "line": test.line, "outcome": outcome,
                "message": fault(test), "printed": test.printed,
            })
        })
        .collect();
    let file = |file: &Covered| {
        let (reached, lines) = file.counts();
        json!({
            "path": file.path, "rule": file.rule, "lines": lines, "reached": reached, "missed": file.missed,
        })
    };
    let covered = coverage.then(|| {
        json!({
            "lines": verdict.lines, "reached": verdict.reached, "threshold": verdict.threshold,
            "met": verdict.is_covered(), "files": run.coverage.iter().map(file).collect::<Vec<_>>(),
        })
    });
    json!({
        "schema": "countersign/policy-test/v1",
        "passed": verdict.passed, "failed": verdict.failed, "errors": verdict.errors, "ok": verdict.is_good(),
        "tests": tests, "coverage": covered,
    })
}

/// One suite for each file with tests, and one for the threshold.
fn junit(run: &TestRun, verdict: &Verdict) -> std::io::Result<Vec<u8>> {
    let mut xml = quick_xml::Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    let suites: BTreeSet<&str> = run.tests.iter().map(|test| test.path.as_str()).collect();
    for suite in suites {
        let tests: Vec<Case<'_>> = run.tests.iter().filter(|test| test.path == suite).map(Case::of).collect();
        write_suite(&mut xml, suite, &tests)?;
    }
    if let Some(least) = verdict.threshold {
        let percent = percent(verdict.reached, verdict.lines);
        let short = format!("{percent} % of the lines are reached, at least {least} % were asked for");
        let fault = (!verdict.is_covered()).then_some(("failure", short));
        write_suite(&mut xml, "coverage", &[Case { class: "coverage", name: "threshold", fault }])?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut text = xml.into_inner();
    text.push(b'\n');
    Ok(text)
}

/// A test as JUnit has it: `error` and `failure` are its own words.
struct Case<'a> {
    class: &'a str,
    name: &'a str,
    fault: Option<(&'static str, String)>,
}

impl<'a> Case<'a> {
    fn of(test: &'a TestResult) -> Self {
        let (class, name) = test.name.rsplit_once('.').unwrap_or(("", &test.name));
        let word = if matches!(test.outcome, TestOutcome::Error(_)) { "error" } else { "failure" };
        Self { class, name, fault: fault(test).map(|fault| (word, format!("{}:{}: {fault}", test.path, test.line))) }
    }
}

fn write_suite(xml: &mut quick_xml::Writer<Vec<u8>>, name: &str, cases: &[Case<'_>]) -> std::io::Result<()> {
    let count =
        |wanted: &str| cases.iter().filter(|case| case.fault.as_ref().is_some_and(|(w, _)| *w == wanted)).count();
    let (all, failures, errors) = (cases.len().to_string(), count("failure").to_string(), count("error").to_string());
    let mut start = BytesStart::new("testsuite");
    start.push_attribute(("name", neutral(name).as_ref()));
    for (key, value) in [("tests", &all), ("failures", &failures), ("errors", &errors)] {
        start.push_attribute((key, value.as_str()));
    }
    xml.write_event(Event::Start(start))?;
    for case in cases {
        let mut start = BytesStart::new("testcase");
        start.push_attribute(("classname", neutral(case.class).as_ref()));
        start.push_attribute(("name", neutral(case.name).as_ref()));
        let Some((word, message)) = &case.fault else {
            xml.write_event(Event::Empty(start))?;
            continue;
        };
        xml.write_event(Event::Start(start))?;
        xml.write_event(Event::Start(BytesStart::new(*word)))?;
        xml.write_event(Event::Text(BytesText::new(&neutral(message))))?;
        xml.write_event(Event::End(BytesEnd::new(*word)))?;
        xml.write_event(Event::End(BytesEnd::new("testcase")))?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuite")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_rounded_up() {
        assert_eq!(percent(1999, 2000), "99.9");
        assert_eq!(percent(2000, 2000), "100.0");
        let at = |reached| Verdict { passed: 1, failed: 0, errors: 0, reached, lines: 2000, threshold: Some(95) };
        assert!(at(1900).is_good() && !at(1899).is_good());
    }

    #[test]
    fn neighbouring_lines_are_one_range() {
        assert_eq!(ranges(&[3, 5, 6, 7, 10].into()), "3, 5-7, 10");
        assert_eq!(ranges(&BTreeSet::new()), "");
    }
}
