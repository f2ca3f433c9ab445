//! JUnit's XML, as test runners and their plug-ins write it.
//!
//! There is no one schema: the root is `testsuites` or `testsuite`, suites may be nested, and every attribute may be missing.
//! Test cases are counted, never the totals that a suite declares; one that declares more failures than it lists is not
//! whole. Scanners write this format too: theirs is no report on
//! tests. Output and stack traces may hold anything and are not kept.

use super::terms::title;
use super::wire::no_results;
use super::xml::{Piece, Tag, Xml};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation};
use crate::model::report::{Check, Parsed, ScanState, Tests};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "junit",
    title: "JUnit XML",
    docs: "https://github.com/testmoapp/junitxml",
    produce: "pytest --junitxml=junit.xml, jest-junit, Surefire, gotestsum --junitfile, …",
    seen: "pytest, Surefire, Jest, PHPUnit, Boost, ScalaTest, xunit; Trivy, Semgrep and Checkov",
    checks: &[Check::Tests],
    detect,
    parse,
};

/// Names that scanners give to a root or suite.
const SCANNERS: &[(&str, &str)] = &[("trivy", "Trivy"), ("semgrep results", "Semgrep")];

/// What a test case without a failure or an error is said to be where it has failed all the same.
const FAILED: &[&str] = &["broken", "error", "errored", "fail", "failed", "failure"];

/// Problems that are listed; the others are counted.
const PROBLEMS: usize = 20;

fn detect(head: &Head<'_>) -> bool {
    head.xml().is_some_and(|root| matches!(root.name.as_str(), "testsuites" | "testsuite"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut reading = Reading {
        parsed: Parsed::new("JUnit", FORMAT.checks),
        tests: Tests::default(),
        marks: 0,
        doubts: 0,
        scanner: None,
    };
    let mut xml = Xml::new(text, FORMAT.id);
    match xml.next()? {
        Some(Piece::Start(root)) if matches!(root.name(), "testsuites" | "testsuite") => {
            reading.suite(&mut xml, &root)?
        }
        _ => return Err(no_results(FORMAT.id, "the root element is neither `testsuites` nor `testsuite`")),
    }
    while xml.next()?.is_some() {}
    Ok(reading.finish())
}

struct Reading {
    parsed: Parsed,
    tests: Tests,
    /// Failures and errors of test cases.
    marks: u64,
    /// Problems, listed or not.
    doubts: usize,
    scanner: Option<&'static str>,
}

/// What became of one test case.
#[derive(Default)]
struct Case {
    failure: Option<String>,
    error: Option<String>,
    skipped: bool,
    flaky: bool,
}

impl Reading {
    /// Reads a suite, or the root, to its end.
    fn suite(&mut self, xml: &mut Xml<'_>, suite: &Tag<'_>) -> Result<(), FormatError> {
        let name = suite.attribute("name").unwrap_or_default();
        self.look_for_scanner(&name);
        let before = self.marks;
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(tag) => match tag.name() {
                    "testsuite" => self.suite(xml, &tag)?,
                    "testcase" => self.case(xml, &tag, &name)?,
                    "properties" => self.properties(xml)?,
                    "error" | "failure" => {
                        let what = tag.attribute("message").or_else(|| tag.attribute("type")).unwrap_or_default();
                        self.doubt(&format!("suite {name} did not run to its end: {what}"));
                        xml.skip()?;
                    }
                    _ => xml.skip()?,
                },
                Piece::Text(_) => {}
                Piece::End => break,
            }
        }
        let declared = |name: &str| suite.attribute(name).and_then(|count| count.trim().parse::<u64>().ok());
        let said = declared("failures").unwrap_or_default().saturating_add(declared("errors").unwrap_or_default());
        let listed = self.marks - before;
        if said > listed {
            self.doubt(&format!("suite {name} declares {said} failures and errors and lists {listed}"));
        }
        Ok(())
    }

    fn doubt(&mut self, problem: &str) {
        self.doubts += 1;
        if self.doubts <= PROBLEMS {
            self.parsed.degrade(ScanState::Partial, title(problem));
        }
    }

    fn look_for_scanner(&mut self, suite: &str) {
        let known = SCANNERS.iter().find(|(name, _)| *name == suite).map(|(_, tool)| *tool);
        self.scanner = self.scanner.or(known);
    }

    /// Checkov writes its configuration as properties of a suite.
    fn properties(&mut self, xml: &mut Xml<'_>) -> Result<(), FormatError> {
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(tag) => {
                    if tag.attribute("name").as_deref() == Some("include_all_checkov_policies") {
                        self.scanner = self.scanner.or(Some("Checkov"));
                    }
                    xml.skip()?;
                }
                Piece::Text(_) => {}
                Piece::End => break,
            }
        }
        Ok(())
    }

    fn case(&mut self, xml: &mut Xml<'_>, tag: &Tag<'_>, suite: &str) -> Result<(), FormatError> {
        let mut case = Case::default();
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(tag) => {
                    let message = || tag.attribute("message").or_else(|| tag.attribute("type")).unwrap_or_default();
                    match tag.name() {
                        "failure" => case.failure = Some(message()),
                        "error" => case.error = Some(message()),
                        "skipped" => case.skipped = true,
                        "flakyFailure" | "flakyError" => case.flaky = true,
                        _ => {}
                    }
                    xml.skip()?;
                }
                Piece::Text(_) => {}
                Piece::End => break,
            }
        }
        self.count(&case);
        let said = tag.attribute("status").or_else(|| tag.attribute("result")).unwrap_or_default();
        let failed = FAILED.iter().any(|word| said.trim().eq_ignore_ascii_case(word));
        if failed && case.error.is_none() && case.failure.is_none() {
            let name = tag.attribute("name").unwrap_or_default();
            self.doubt(&format!("test {name} is {said} and lists neither failure nor error"));
        }
        if let Some(message) = case.error.or(case.failure) {
            let pointer = format!("/testcase[{}]", self.tests.total);
            let observation = Observation { pointer: pointer.into(), ..observation(tag, suite, &message) };
            self.parsed.observations.push(Box::new(observation));
        }
        Ok(())
    }

    fn count(&mut self, case: &Case) {
        self.marks += u64::from(case.failure.is_some()) + u64::from(case.error.is_some());
        let tests = &mut self.tests;
        tests.total += 1;
        match case {
            Case { error: Some(_), .. } => tests.errored += 1,
            Case { failure: Some(_), .. } => tests.failed += 1,
            Case { skipped: true, .. } => tests.skipped += 1,
            Case { flaky: true, .. } => tests.flaky += 1,
            Case { .. } => {}
        }
    }

    fn finish(mut self) -> Parsed {
        if let Some(more) = self.doubts.checked_sub(PROBLEMS).filter(|more| *more > 0) {
            self.parsed.degrade(ScanState::Partial, format!("and {more} more problems"));
        }
        if let Some(tool) = self.scanner {
            self.parsed.tool.name = tool.into();
            self.parsed.checks.clear();
        }
        self.parsed.tests = Some(self.tests);
        self.parsed
    }
}

/// A test that failed. The format knows no severities.
fn observation(tag: &Tag<'_>, suite: &str, message: &str) -> Observation {
    let attribute = |name: &str| tag.attribute(name).filter(|value| !value.trim().is_empty());
    let class = attribute("classname").unwrap_or_else(|| suite.to_owned());
    let name = attribute("name").unwrap_or_else(|| class.clone());
    let rule = if name.is_empty() { "a test without a name" } else { name.as_str() };
    let test = if class.is_empty() || class == name { name.clone() } else { format!("{class} {name}") };
    let described = title(message);
    Observation {
        title: if described.is_blank() { format!("{rule} failed").into() } else { described },
        location: Location {
            path: attribute("file").map(Untrusted::from),
            line: attribute("line").and_then(|line| line.trim().parse().ok()).filter(|line| *line > 0),
            resource: (!test.is_empty()).then(|| test.as_str().into()),
            ..Location::default()
        },
        ..Observation::new(Kind::Test, rule, Severity::Unknown, SeveritySource::None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases_are_counted_and_totals_are_not_believed() {
        let parsed = parse(
            r#"<testsuites tests="99" failures="0"><testsuite name="outer"><testsuite name="inner">
                <testcase classname="shop.Cart" name="adds"/>
                <testcase classname="shop.Cart" name="pays"><failure message="expected 3, got 2">trace</failure></testcase>
                <testcase name="ships"><failure/><error type="Timeout"/></testcase>
                <testcase name="later"><skipped/></testcase>
                <testcase name="retried"><flakyFailure message="once"/></testcase>
            </testsuite><system-out>lots</system-out></testsuite></testsuites>"#,
        )
        .unwrap();
        assert_eq!(parsed.tests, Some(Tests { total: 5, failed: 1, errored: 1, skipped: 1, flaky: 1 }));
        let seen: Vec<_> = parsed
            .observations
            .iter()
            .map(|o| (o.rule.id.as_raw(), o.location.resource.as_ref().unwrap().as_raw(), o.title.as_raw()))
            .collect();
        assert_eq!(seen, [("pays", "shop.Cart pays", "expected 3, got 2"), ("ships", "inner ships", "Timeout")],);
    }

    #[test]
    fn failures_that_are_not_listed_make_it_partial_and_change_no_number() {
        for (text, state) in [
            (r#"<testsuite errors="1" tests="0"/>"#, ScanState::Partial),
            (r#"<testsuites failures="2"><testsuite><testcase/></testsuite></testsuites>"#, ScanState::Partial),
            (r#"<testsuite><error message="no fixture"/></testsuite>"#, ScanState::Partial),
            (r#"<testsuite><testcase/><failure/></testsuite>"#, ScanState::Partial),
            (r#"<testsuite><testcase status="failed"/></testsuite>"#, ScanState::Partial),
            (r#"<testsuite failures="0" errors="0"><testcase status="run"/></testsuite>"#, ScanState::Complete),
            (
                r#"<testsuite failures="1" errors="1"><testcase><failure/><error/></testcase></testsuite>"#,
                ScanState::Complete,
            ),
            (
                r#"<testsuite failures="1"><testcase status="failed"><failure/></testcase></testsuite>"#,
                ScanState::Complete,
            ),
        ] {
            let parsed = parse(text).unwrap();
            assert_eq!((parsed.state, parsed.problems.is_empty()), (state, state == ScanState::Complete), "{text}");
            let cases = u64::try_from(text.matches("<testcase").count()).unwrap();
            assert_eq!(parsed.tests.unwrap().total, cases, "{text}");
        }
        let many = "<error/>".repeat(30);
        assert_eq!(parse(&format!("<testsuite>{many}</testsuite>")).unwrap().problems.len(), PROBLEMS + 1);
    }

    #[test]
    fn a_scanner_s_report_is_none_on_tests() {
        let trivy = r#"<testsuites name="trivy"><testsuite name="a"><testcase name="[HIGH] CVE-2020-1"><failure/></testcase></testsuite></testsuites>"#;
        let parsed = parse(trivy).unwrap();
        assert_eq!((parsed.checks.as_slice(), parsed.observations.len()), ([].as_slice(), 1));
        assert_eq!(parse("<testsuite name='a'><testcase/></testsuite>").unwrap().checks, [Check::Tests]);
    }

    #[test]
    fn what_is_no_junit_is_refused() {
        for text in ["<coverage/>", "<testsuite>", "<testsuite><testcase></testsuite>", "<testsuite/><testsuite/>"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
