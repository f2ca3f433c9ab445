//! The decision as JUnit XML: a report that every CI system can show.
//!
//! What must stay true: failures are the blocking verdicts, skipped ones the excepted findings, tests both, the warnings and the
//! rules that passed, so that the counts are those of every other output. The document is well-formed XML 1.0 whatever the text.
//!
//! Source: the schema of Jenkins' xunit plugin (`junit-10.xsd`); GitLab compares two runs by class and name.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::about::{self, Told};
use super::{Renderer, Style};
use crate::decision::{Decision, VerdictAction};
use crate::facts::TriagedFinding;
use crate::model::exception::Disposition;
use crate::model::text::{Untrusted, neutral};

pub(super) static RENDERER: Renderer =
    Renderer { id: "junit", title: "JUnit XML: a test for each verdict, passed rule and excepted finding", write };

/// One test case.
struct Case {
    class: String,
    name: String,
    file: Option<String>,
    line: Option<u64>,
    end: End,
    /// What is shown beside the result.
    note: String,
}

/// How a test case ends.
enum End {
    Passed,
    Failed(String),
    Skipped(String),
    Error(String),
}

fn write(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let cases = cases(decision);
    let count = |is: fn(&End) -> bool| cases.iter().filter(|case| is(&case.end)).count().to_string();
    let counts = [
        ("tests", cases.len().to_string()),
        ("failures", count(|end| matches!(end, End::Failed(_)))),
        ("errors", count(|end| matches!(end, End::Error(_)))),
        ("skipped", count(|end| matches!(end, End::Skipped(_)))),
    ];
    let counts = counts.iter().map(|(key, value)| (*key, value.as_str()));
    let mut xml = Writer::new_with_indent(&mut *out, b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("testsuites")
        .with_attributes([("name", "countersign")])
        .with_attributes(counts.clone())
        .write_inner_content(|xml| {
            let gate = plain(decision.gate.id.as_raw());
            let at = decision.decided_at.to_string();
            let suite =
                xml.create_element("testsuite").with_attributes([("name", gate.as_str()), ("timestamp", at.as_str())]);
            suite.with_attributes(counts).write_inner_content(|xml| {
                properties(xml, decision)?;
                cases.iter().try_for_each(|case| case.write(xml))
            })?;
            Ok(())
        })?;
    writeln!(out)
}

fn properties<W: io::Write>(xml: &mut Writer<W>, decision: &Decision) -> io::Result<()> {
    let rows = [
        ("outcome", decision.outcome.word().to_owned()),
        ("totals", about::tally_and_exceptions(decision)),
        ("decision", decision.id.clone()),
        ("policy", decision.gate.policy_digest.to_string()),
    ];
    xml.create_element("properties").write_inner_content(|xml| {
        rows.iter().try_for_each(|(name, value)| {
            let property = xml.create_element("property");
            property.with_attributes([("name", *name), ("value", value.as_str())]).write_empty().map(|_| ())
        })
    })?;
    Ok(())
}

fn cases(decision: &Decision) -> Vec<Case> {
    let told = about::told(decision);
    let spoke: std::collections::BTreeSet<&Untrusted> = told.iter().map(|told| &told.verdict.rule).collect();
    let errors = decision.errors.iter().map(|error| {
        let note = error.hint.as_ref().map(|hint| format!("next: {hint}")).unwrap_or_default();
        Case::new("countersign", "a decision was reached", End::Error(error.message.as_raw().to_owned()), note)
    });
    let verdicts = told.iter().map(|told| of_verdict(told, decision));
    let excepted =
        decision.findings.iter().filter(|triaged| triaged.disposition == Disposition::Excepted).map(of_excepted);
    let passed = decision
        .rules
        .iter()
        .filter(|rule| !spoke.contains(&rule.id))
        .map(|rule| Case::new(rule.id.as_raw(), rule.title.as_raw(), End::Passed, String::new()));
    let mut cases: Vec<Case> = errors.chain(verdicts).chain(excepted).chain(passed).collect();
    tell_apart(&mut cases);
    cases
}

/// Cases of one class and name count as one where reports are compared; a number tells further ones apart.
fn tell_apart(cases: &mut [Case]) {
    let mut seen: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in cases {
        let count = seen.entry((case.class.clone(), case.name.clone())).or_default();
        *count += 1;
        if *count > 1 {
            case.name = format!("{} ({count})", case.name);
        }
    }
}

fn of_verdict(told: &Told<'_>, decision: &Decision) -> Case {
    let verdict = told.verdict;
    let msg = verdict.msg.line().into_owned();
    let next = about::next(verdict, decision).map(|next| format!("next: {next}"));
    let becomes = verdict.effective_on.map(|date| format!("becomes a block on {date}"));
    let owner = Some(format!("owner: {}", verdict.owner.line()));
    let note: Vec<String> = [Some(msg.clone()), becomes, next, owner].into_iter().flatten().collect();
    let (end, note) = match verdict.action {
        VerdictAction::Deny => (End::Failed(msg.clone()), note.join("\n")),
        VerdictAction::Warn => (End::Passed, format!("WARN {}", note.join("\n"))),
    };
    let place = about::whereabouts(told);
    let mut case = Case::new(verdict.rule.as_raw(), if place.is_empty() { &msg } else { &place }, end, note);
    let point = about::Point { verdict, finding: told.findings.first().copied() };
    if let Some((path, line)) = point.spot() {
        case.file = Some(plain(path.as_raw()));
        case.line = line;
    }
    case
}

fn of_excepted(triaged: &TriagedFinding) -> Case {
    let by = triaged.exception.as_ref().map(|id| id.line().into_owned()).unwrap_or_default();
    let end = End::Skipped(format!("excepted by {by}"));
    Case::new("excepted", &about::place(triaged), end, String::new())
}

impl Case {
    fn new(class: &str, name: &str, end: End, note: String) -> Self {
        Self { class: plain(class), name: plain(name), file: None, line: None, end, note }
    }

    fn write<W: io::Write>(&self, xml: &mut Writer<W>) -> io::Result<()> {
        let line = self.line.map(|line| line.to_string());
        let place = self.file.as_deref().map(|file| ("file", file)).into_iter();
        let place = place.chain(line.as_deref().map(|line| ("line", line)));
        let case = xml
            .create_element("testcase")
            .with_attributes([("classname", self.class.as_str()), ("name", self.name.as_str())])
            .with_attributes(place);
        let note = plain_lines(&self.note);
        match &self.end {
            End::Passed if note.is_empty() => case.write_empty()?,
            End::Passed => case.write_inner_content(|xml| {
                xml.create_element("system-out").write_text_content(BytesText::new(&note)).map(|_| ())
            })?,
            End::Skipped(message) => case.write_inner_content(|xml| {
                xml.create_element("skipped")
                    .with_attribute(("message", plain(message).as_str()))
                    .write_empty()
                    .map(|_| ())
            })?,
            End::Failed(message) => said(case, "failure", message, &note)?,
            End::Error(message) => said(case, "error", message, &note)?,
        };
        Ok(())
    }
}

/// A case that holds one element with a message and a text.
fn said<'a, W: io::Write>(
    case: quick_xml::writer::ElementWriter<'a, W>,
    element: &str,
    message: &str,
    text: &str,
) -> io::Result<&'a mut Writer<W>> {
    case.write_inner_content(|xml| {
        let inner = xml.create_element(element).with_attribute(("message", plain(message).as_str()));
        inner.write_text_content(BytesText::new(text)).map(|_| ())
    })
}

/// One line without anything that XML 1.0 cannot hold: what is left after [`neutral`] are two noncharacters.
fn plain(text: &str) -> String {
    neutral(text).replace(['\u{fffe}', '\u{ffff}'], "\u{fffd}")
}

fn plain_lines(text: &str) -> String {
    text.lines().map(plain).collect::<Vec<_>>().join("\n")
}
