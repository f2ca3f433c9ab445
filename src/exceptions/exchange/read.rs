//! A tool's file as records that somebody has to complete.
//!
//! What must stay true: what the file does not say is marked, and a marked record is refused until it is filled in.

use super::{Ignored, TOOLS, Tool};
use crate::exceptions::edit;
use crate::exceptions::native::TODO;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;
use crate::strict::{Document, Fault, Faults, Node, Notation};

/// Records that wait for what the file does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// One record for each entry, in the notation that was asked for.
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
pub fn import(
    tool: &Tool,
    (file, bytes): (&str, &[u8]),
    prefix: &str,
    today: Date,
    notation: Notation,
) -> Result<Imported, Faults> {
    let document = Document::parse(file, bytes)?;
    let mut left_out = Vec::new();
    let ignored = tool.read.map(|read| read(&document, &mut left_out)).unwrap_or_default();
    let texts: Vec<String> = ignored
        .iter()
        .enumerate()
        .map(|(n, ignored)| record(ignored, &format!("{prefix}{:03}", n + 1), file, today, notation))
        .collect();
    let text = match notation {
        Notation::Toml if texts.is_empty() => "exception = []\n".to_owned(),
        _ if texts.is_empty() => "[]\n".to_owned(),
        Notation::Json => format!("[\n{}\n]\n", texts.join(",\n")),
        Notation::Yaml | Notation::Toml => texts.concat(),
    };
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

fn record(ignored: &Ignored, id: &str, file: &str, today: Date, notation: Notation) -> String {
    let criteria = edit::criteria(&ignored.criteria, notation);
    let quoted = super::quoted;
    // A word that has to be replaced stands without quotes where the notation has such words.
    let word = |word: &str| if notation == Notation::Yaml { word.to_owned() } else { quoted(word) };
    let day = |day: Date| if notation == Notation::Json { quoted(&day.to_string()) } else { day.to_string() };
    let reason = ignored.reason.as_ref().filter(|reason| !reason.is_blank());
    let keys = [
        ("id", word(id)),
        ("match", criteria),
        ("owner", word(TODO)),
        ("reason", reason.map_or_else(|| word(TODO), |reason| quoted(reason.as_raw()))),
        ("mitigation", word(TODO)),
        ("created", day(today)),
        ("expires", ignored.expires.map_or_else(|| word(TODO), day)),
    ];
    let (file, line) = (neutral(file), ignored.line);
    match notation {
        Notation::Yaml => {
            let keys = keys.map(|(key, value)| format!("{key}: {value}\n"));
            format!("# {file}:{line}\n- {}", keys.join("  "))
        }
        Notation::Toml => {
            let keys = keys.map(|(key, value)| format!("{key} = {value}\n"));
            format!("# {file}:{line}\n[[exception]]\n{}", keys.concat())
        }
        Notation::Json => {
            let keys = keys.map(|(key, value)| format!("    \"{key}\": {value}"));
            format!("  {{\n{}\n  }}", keys.join(",\n"))
        }
    }
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
