//! `policy test`: the `test_` rules of policies, and which lines they reach.
//!
//! What must stay true: 0 means that every test passed and, where a threshold was given, that it is met; no test to run, and
//! coverage of nothing, is an error.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::args::{PolicyTestArgs, TestOutput};
use super::error::CliError;
use super::junit::{self, Case, Suite};
use super::output::{self, Lines};
use super::worker::Contained;
use super::{policy, policy_mutate};
use crate::policy::{Covered, TestOptions, TestOutcome, TestResult, TestRun};

/// The exit code where a test does not pass, or the threshold is not met: as of `verify`, the answer is no.
const FAILED: u8 = 1;
/// How long all tests may take.
const SECONDS: u64 = 300;
/// What the worker has beyond the tests' own limit, which ends first and can name the test.
pub const LOADING: Duration = Duration::from_secs(30);

/// Runs the command.
///
/// # Errors
/// A policy that does not load, no test, or a worker that breaks down: exit 3.
pub fn run(args: &PolicyTestArgs) -> Result<u8, CliError> {
    let files = policy::given(&args.paths, args.no_builtin)?;
    let least = args.threshold.filter(|_| !args.mutate);
    let coverage = args.coverage || least.is_some();
    let limit = Duration::from_secs(args.policy_timeout.unwrap_or(SECONDS).max(1));
    let options =
        TestOptions { namespaces: args.namespace.clone(), only: args.run.clone(), coverage, verdicts: false, limit };
    let run = Contained::test(files.clone(), options, limit + LOADING)?;
    let verdict = Verdict::of(&run, least)?;
    if args.mutate && verdict.is_good() {
        return policy_mutate::run(args, &files);
    }
    match args.output {
        TestOutput::Human => human(&run, &verdict, coverage).print()?,
        TestOutput::Json => output::print_json(&document(&run, &verdict, coverage))?,
        TestOutput::Junit => junit::print(&suites(&run, &verdict))?,
    }
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
pub fn percent(reached: usize, lines: usize) -> String {
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
fn human(run: &TestRun, verdict: &Verdict, coverage: bool) -> Lines {
    let mut lines = Lines::default();
    for test in &run.tests {
        let Some(fault) = fault(test) else { continue };
        let word = if matches!(test.outcome, TestOutcome::Error(_)) { "ERROR" } else { "FAIL" };
        lines.add(&format!("{}:{}: {word} {}", test.path, test.line, test.name));
        lines.add(&format!("    {fault}"));
        test.printed.iter().for_each(|printed| lines.add(&format!("    printed: {printed}")));
    }
    for file in run.coverage.iter().filter(|file| !file.missed.is_empty()) {
        let (reached, all) = file.counts();
        let rule = file.rule.as_ref().map(|rule| format!(" ({rule})")).unwrap_or_default();
        lines.add(&format!(
            "{}:{}",
            file.path,
            format_args!(" {} %{rule}, not reached: {}", percent(reached, all), ranges(&file.missed))
        ));
    }
    lines.add(&format!(
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
        lines.add(&format!("coverage: {percent} %, {} of {} lines{least}", verdict.reached, verdict.lines));
    }
    lines
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
fn suites<'a>(run: &'a TestRun, verdict: &Verdict) -> Vec<Suite<'a>> {
    let names: BTreeSet<&str> = run.tests.iter().map(|test| test.path.as_str()).collect();
    let of =
        |name: &'a str| Suite { name, cases: run.tests.iter().filter(|test| test.path == name).map(case).collect() };
    let mut suites: Vec<Suite<'_>> = names.into_iter().map(of).collect();
    if let Some(least) = verdict.threshold {
        let percent = percent(verdict.reached, verdict.lines);
        let short = format!("{percent} % of the lines are reached, at least {least} % were asked for");
        suites.push(junit::threshold("coverage", verdict.is_covered(), short));
    }
    suites
}

fn case(test: &TestResult) -> Case<'_> {
    let (class, name) = test.name.rsplit_once('.').unwrap_or(("", &test.name));
    let word = if matches!(test.outcome, TestOutcome::Error(_)) { "error" } else { "failure" };
    let fault = fault(test).map(|fault| (word, format!("{}:{}: {fault}", test.path, test.line)));
    Case { class, name: name.to_owned(), fault }
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
