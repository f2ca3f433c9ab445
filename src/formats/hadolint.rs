//! Hadolint's JSON (`hadolint -f json Dockerfile`), which is ShellCheck's too.

use serde::Deserialize;

use super::terms::title;
use super::wire::{Element, List, Number, Text, demand_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "hadolint",
    title: "Hadolint JSON",
    docs: "https://github.com/hadolint/hadolint#cli",
    produce: "hadolint --no-fail -f json Dockerfile > hadolint.json",
    seen: "1.18 to 2.15",
    checks: &[Check::Iac],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let first = head.root().first();
    !head.is_stream() && ["code", "level", "line", "file"].iter().all(|key| first.has(key))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let remarks: List<Remark<'_>> = read(text, FORMAT.id)?;
    remarks.demand(FORMAT.id, "list of remarks")?;
    let is_shell = remarks.sound().next().and_then(|remark| remark.code.get()).is_some_and(is_number);
    let mut parsed = Parsed::new(if is_shell { "ShellCheck" } else { "Hadolint" }, FORMAT.checks);
    for remark in remarks.sound().filter(|remark| remark.code.get() == Some("DL1000")) {
        let file = remark.file.get().unwrap_or("a file");
        parsed.degrade(ScanState::Partial, format!("{file} could not be parsed"));
    }
    results(remarks, FORMAT.id, "", &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn is_number(code: &str) -> bool {
    code.bytes().all(|byte| byte.is_ascii_digit())
}

fn observe(remark: &Remark<'_>) -> Result<Element, String> {
    let code = remark.code.demand("code")?;
    let rule = if is_number(code) { format!("SC{code}") } else { code.to_owned() };
    let (severity, source) = match remark.level.get() {
        Some("error") => (Severity::High, SeveritySource::Level),
        Some("warning") => (Severity::Medium, SeveritySource::Level),
        Some("info") => (Severity::Low, SeveritySource::Level),
        Some("style") => (Severity::Info, SeveritySource::Level),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    let page = if rule.starts_with("SC") {
        format!("https://www.shellcheck.net/wiki/{rule}")
    } else {
        format!("https://github.com/hadolint/hadolint/wiki/{rule}")
    };
    Ok(Element::Result(Box::new(Observation {
        rule: Rule { id: rule.as_str().into(), name: None, url: Some(page.into()) },
        severity_raw: remark.level.untrusted(),
        title: title(remark.message.get().unwrap_or(&rule)),
        location: Location {
            path: remark.file.untrusted(),
            line: remark.line.position(),
            column: remark.column.position(),
            end_line: remark.end_line.position(),
            ..Location::default()
        },
        ..Observation::new(Kind::Misconfiguration, rule, severity, source)
    })))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Remark<'a> {
    #[serde(borrow)]
    code: Text<'a>,
    level: Text<'a>,
    message: Text<'a>,
    file: Text<'a>,
    line: Number,
    end_line: Number,
    column: Number,
}
