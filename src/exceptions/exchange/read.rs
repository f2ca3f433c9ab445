//! A tool's file as records that somebody has to complete.
//!
//! What must stay true: what the file does not say is marked, and a marked record is refused until it is filled in.

use super::{Ignored, TOOLS, Tool};
use crate::exceptions::edit;
use crate::exceptions::native::TODO;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;
use crate::strict::{Document, Fault, Faults, Node};

/// Records that wait for what the file does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// YAML, one record for each entry.
    pub text: String,
    /// How many.
    pub records: usize,
    /// Entries that no record can say, with their places.
    pub left_out: Vec<Fault>,
}

/// Reads a tool's file. Ids are `PREFIX` and a number.
///
/// # Errors
/// The file cannot be read.
pub fn import(tool: &Tool, file: &str, bytes: &[u8], prefix: &str, today: Date) -> Result<Imported, Faults> {
    let document = Document::parse(file, bytes)?;
    let mut left_out = Vec::new();
    let ignored = tool.read.map(|read| read(&document, &mut left_out)).unwrap_or_default();
    let texts: Vec<String> = ignored
        .iter()
        .enumerate()
        .map(|(n, ignored)| record(ignored, &format!("{prefix}{:03}", n + 1), file, today))
        .collect();
    let text = if texts.is_empty() { "[]\n".to_owned() } else { texts.concat() };
    Ok(Imported { text, records: ignored.len(), left_out })
}

/// The tool whose file has this name.
#[must_use]
pub fn by_file(name: &str) -> Option<&'static Tool> {
    let name = name.rsplit(['/', '\\']).next().unwrap_or(name);
    let same = |tool: &&&Tool| {
        tool.file == name || tool.file.trim_start_matches('.') == name || tool.file.replace(".yaml", ".yml") == name
    };
    TOOLS.iter().filter(|tool| tool.reads()).find(same).copied()
}

fn record(ignored: &Ignored, id: &str, file: &str, today: Date) -> String {
    let criteria = edit::criteria(&ignored.criteria);
    let quoted = super::quoted;
    let reason = ignored.reason.as_ref().filter(|reason| !reason.is_blank());
    let reason = reason.map_or_else(|| TODO.to_owned(), |reason| quoted(reason.as_raw()));
    let expires = ignored.expires.map_or_else(|| TODO.to_owned(), |day| day.to_string());
    format!(
        "# {}:{}\n- id: {id}\n  match: {criteria}\n  owner: {TODO}\n  reason: {reason}\n  mitigation: {TODO}\n  created: {today}\n  expires: {expires}\n",
        neutral(file),
        ignored.line
    )
}

/// A text of an entry.
pub(super) fn text(entry: &Node, key: &str) -> Option<Untrusted> {
    entry.get(key)?.text().map(Untrusted::from)
}

/// The texts of a list of an entry.
pub(super) fn texts(entry: &Node, key: &str) -> Vec<Untrusted> {
    let items = entry.get(key).and_then(Node::items).unwrap_or_default();
    items.iter().filter_map(Node::text).map(Untrusted::from).collect()
}

/// The day of a date or instant of an entry.
pub(super) fn date(entry: &Node, key: &str) -> Option<Date> {
    entry.get(key)?.text()?.get(..10)?.parse().ok()
}
