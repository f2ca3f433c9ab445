//! ESLint's JSON (`eslint -f json`), also with metadata (`json-with-metadata`).
//!
//! A message without a rule is a file that could not be parsed or a remark of ESLint itself. `source` holds whole files and
//! is not read.

use serde::Deserialize;

use super::terms::{title, without_quoted};
use super::wire::{Element, Flag, List, Number, Record, Text, demand_understood, not_understood, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "eslint",
    title: "ESLint JSON",
    docs: "https://eslint.org/docs/latest/use/formatters/#json",
    produce: "eslint . -f json -o eslint.json",
    seen: "5 to 9",
    checks: &[Check::Sast, Check::Quality],
    detect,
    parse,
};

/// Beginnings of rules that look for weaknesses; the others are about quality.
const WEAKNESSES: &[&str] = &[
    "security/",
    "security-node/",
    "no-unsanitized/",
    "xss/",
    "no-eval",
    "no-implied-eval",
    "no-new-func",
    "no-script-url",
];

/// Beginnings of rules that look for credentials, whose messages quote them.
const SECRETS: &[&str] = &["no-secrets/"];

fn detect(head: &Head<'_>) -> bool {
    let is_file = |node: &super::Node<'_>| node.has("filePath") && node.has("messages");
    !head.is_stream() && (is_file(head.root().first()) || is_file(head.first("results")))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let (files, at): (List<File<'_>>, &str) = if text.trim_start().starts_with('{') {
        (read::<WithMetadata<'_>>(text, FORMAT.id)?.results, "/results")
    } else {
        (read(text, FORMAT.id)?, "")
    };
    files.demand(FORMAT.id, "results")?;
    let mut parsed = Parsed::new("ESLint", FORMAT.checks);
    for (index, record) in files.into_records().into_iter().enumerate() {
        let at = format!("{at}/{index}");
        match record {
            Record::Sound(file) => read_file(file, &at, &mut parsed)?,
            Record::Odd(odd) => not_understood(&mut parsed, at, format!("should be a file and is {odd}")),
        }
    }
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn read_file(file: File<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let (Some(path), List::Given(_)) = (file.path.get(), &file.messages) else {
        not_understood(parsed, at.to_owned(), "has no `filePath` or no `messages`");
        return Ok(());
    };
    for message in file.messages.sound().filter(|message| message.fatal.is_set()) {
        let line = message.line.whole().unwrap_or(0);
        parsed.degrade(ScanState::Partial, format!("{path} could not be parsed, line {line}"));
    }
    results(file.messages, FORMAT.id, &format!("{at}/messages"), parsed, |message| {
        observe(message, path).map(|observation| Element::Result(Box::new(observation)))
    })?;
    results(file.suppressed, FORMAT.id, &format!("{at}/suppressedMessages"), parsed, |message| {
        let reason = message.suppressions.sound().find_map(|said| said.justification.untrusted());
        let suppression = Some(Suppression { by: SuppressedBy::Source, reason });
        Ok(Element::Apart(Box::new(Observation { suppression, ..observe(message, path)? })))
    })
}

fn observe(message: &Message<'_>, path: &str) -> Result<Observation, String> {
    let said = message.message.get();
    let rule = match message.rule.get() {
        Some(rule) => rule,
        None if message.fatal.is_set() => "parse-error",
        None if said.is_some() => "eslint",
        None => return Err("has neither `ruleId` nor `message`".to_owned()),
    };
    let (severity, source) = match message.severity.whole() {
        Some(2) => (Severity::High, SeveritySource::Level),
        Some(1) => (Severity::Medium, SeveritySource::Level),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    let begins = |list: &[&str]| list.iter().any(|beginning| rule.starts_with(beginning));
    let kind = if begins(SECRETS) {
        Kind::Secret
    } else if begins(WEAKNESSES) {
        Kind::Weakness
    } else {
        Kind::Quality
    };
    let said = said.unwrap_or(rule);
    Ok(Observation {
        severity_raw: message.severity.whole().map(|severity| severity.to_string().into()),
        title: title(&if kind == Kind::Secret { without_quoted(said) } else { said.into() }),
        location: Location {
            path: Some(path.into()),
            line: message.line.position(),
            column: message.column.position(),
            end_line: message.end_line.position(),
            ..Location::default()
        },
        ..Observation::new(kind, rule, severity, source)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WithMetadata<'a> {
    #[serde(borrow)]
    results: List<File<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct File<'a> {
    #[serde(borrow, rename = "filePath")]
    path: Text<'a>,
    messages: List<Message<'a>>,
    #[serde(rename = "suppressedMessages")]
    suppressed: List<Message<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Message<'a> {
    #[serde(borrow, rename = "ruleId")]
    rule: Text<'a>,
    severity: Number,
    message: Text<'a>,
    line: Number,
    column: Number,
    end_line: Number,
    fatal: Flag,
    suppressions: List<Said<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Said<'a> {
    #[serde(borrow)]
    justification: Text<'a>,
}
