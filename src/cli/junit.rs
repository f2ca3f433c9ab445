//! JUnit XML, as CI systems show it: of tests of policies, of changes that they should notice, and of verifications.
//!
//! What must stay true: `failure`, `error` and `skipped` are counted as they are written, and no text breaks the document.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::error::CliError;
use super::output;
use crate::model::text::neutral;

/// A list of cases.
#[derive(Debug)]
pub struct Suite<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its cases.
    pub cases: Vec<Case<'a>>,
}

/// One case.
#[derive(Debug)]
pub struct Case<'a> {
    /// What it belongs to.
    pub class: &'a str,
    /// Its name.
    pub name: String,
    /// `failure`, `error` or `skipped`, and why; `None` where it passed.
    pub fault: Option<(&'static str, String)>,
}

/// The suite of a threshold: one case, with why it is not met.
#[must_use]
pub fn threshold(of: &'static str, is_met: bool, why: String) -> Suite<'static> {
    let fault = (!is_met).then_some(("failure", why));
    Suite { name: of, cases: vec![Case { class: of, name: "threshold".to_owned(), fault }] }
}

/// Prints suites as one document.
///
/// # Errors
/// Standard output cannot be written.
pub fn print(suites: &[Suite<'_>]) -> Result<(), CliError> {
    let text = document(suites).map_err(|error| CliError::internal(error.to_string()))?;
    output::print(&text)
}

/// The document.
pub(super) fn document(suites: &[Suite<'_>]) -> std::io::Result<Vec<u8>> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.write_event(Event::Start(BytesStart::new("testsuites")))?;
    for suite in suites {
        write_suite(&mut xml, suite)?;
    }
    xml.write_event(Event::End(BytesEnd::new("testsuites")))?;
    let mut text = xml.into_inner();
    text.push(b'\n');
    Ok(text)
}

fn write_suite(xml: &mut Writer<Vec<u8>>, Suite { name, cases }: &Suite<'_>) -> std::io::Result<()> {
    let count =
        |wanted: &str| cases.iter().filter(|case| case.fault.as_ref().is_some_and(|(w, _)| *w == wanted)).count();
    let counts = [
        ("tests", cases.len()),
        ("failures", count("failure")),
        ("errors", count("error")),
        ("skipped", count("skipped")),
    ];
    let mut start = BytesStart::new("testsuite");
    start.push_attribute(("name", neutral(name).as_ref()));
    for (key, value) in counts {
        start.push_attribute((key, value.to_string().as_str()));
    }
    xml.write_event(Event::Start(start))?;
    for case in cases {
        let mut start = BytesStart::new("testcase");
        start.push_attribute(("classname", neutral(case.class).as_ref()));
        start.push_attribute(("name", neutral(&case.name).as_ref()));
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
