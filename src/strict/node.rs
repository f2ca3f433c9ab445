//! A value with its place, whatever notation it was written in.

use serde_json::Number;

use super::fault::{Fault, place_of};
use super::{MAX_DEPTH, MAX_NODES};

/// A value and where it stands.
#[derive(Clone, Debug)]
pub struct Node {
    /// Unique within its document, but for expanded aliases.
    pub(super) id: usize,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) shape: Shape,
}

/// What a value is.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Null,
    Bool(bool),
    Number(Number),
    /// Certainly a text.
    Text(String),
    /// An unquoted YAML scalar: what is asked for decides what it is.
    Plain(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) node: Node,
}

impl Node {
    /// Line and column, from 1.
    #[must_use]
    pub const fn place(&self) -> (usize, usize) {
        (self.line, self.column)
    }

    /// The value of a key, where this is a map that has it.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries().iter().find(|entry| entry.key == key).map(|entry| &entry.node)
    }

    /// The values, where this is a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Self]> {
        match &self.shape {
            Shape::List(items) => Some(items),
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) | Shape::Plain(_) | Shape::Map(_) => None,
        }
    }

    /// Keys and values, where this is a map.
    pub fn members(&self) -> impl Iterator<Item = (&str, &Self)> {
        self.entries().iter().map(|entry| (entry.key.as_str(), &entry.node))
    }

    /// Keys and their places, where this is a map.
    pub fn keys(&self) -> impl Iterator<Item = (&str, (usize, usize))> {
        self.entries().iter().map(|entry| (entry.key.as_str(), (entry.line, entry.column)))
    }

    /// The text, where this is one, written with or without quotes.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) | Shape::Plain(text) => Some(text),
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::List(_) | Shape::Map(_) => None,
        }
    }

    /// True for a map.
    #[must_use]
    pub const fn is_map(&self) -> bool {
        matches!(self.shape, Shape::Map(_))
    }

    /// True for null, and for a text of nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.is_null() || self.text().is_some_and(|text| text.trim().is_empty())
    }

    /// True for null in any spelling.
    pub(super) fn is_null(&self) -> bool {
        match &self.shape {
            Shape::Null => true,
            Shape::Plain(text) => matches!(text.as_str(), "" | "~" | "null" | "Null" | "NULL"),
            Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => false,
        }
    }

    pub(super) fn entries(&self) -> &[Entry] {
        match &self.shape {
            Shape::Map(entries) => entries,
            Shape::Null | Shape::Bool(_) | Shape::Number(_) | Shape::Text(_) | Shape::Plain(_) | Shape::List(_) => &[],
        }
    }
}

/// What the three parsers share while they build: identity, places, limits and faults.
pub(super) struct Building<'a> {
    file: &'a str,
    text: &'a str,
    /// Byte offsets at which lines start.
    lines: Vec<usize>,
    count: usize,
    pub(super) faults: Vec<Fault>,
}

impl<'a> Building<'a> {
    pub(super) fn new(file: &'a str, text: &'a str) -> Self {
        let starts = text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1);
        Self { file, text, lines: std::iter::once(0).chain(starts).collect(), count: 0, faults: Vec::new() }
    }

    /// A node, unless the document has too many or is too deep.
    pub(super) fn node(&mut self, (line, column): (usize, usize), depth: usize, shape: Shape) -> Option<Node> {
        self.count += 1;
        if self.count > MAX_NODES {
            self.fault((line, column), format!("more than {MAX_NODES} values"), "split it into several files");
            return None;
        }
        if depth > MAX_DEPTH {
            self.fault((line, column), format!("nested deeper than {MAX_DEPTH} levels"), "write it flatter");
            return None;
        }
        Some(Node { id: self.count, line, column, shape })
    }

    /// Adds an entry; a key that is there already is a fault, and the first one stays.
    pub(super) fn entry(
        &mut self,
        entries: &mut Vec<Entry>,
        seen: &mut std::collections::BTreeMap<String, usize>,
        entry: Entry,
    ) {
        let place = (entry.line, entry.column);
        match seen.get(&entry.key) {
            Some(first) => {
                let message = format!("the key `{}` is given twice; first on line {first}", entry.key);
                self.fault(place, message, "keep one of them");
            }
            None => {
                seen.insert(entry.key.clone(), entry.line);
                entries.push(entry);
            }
        }
    }

    pub(super) fn fault(&mut self, place: (usize, usize), message: impl Into<String>, fix: &str) {
        self.faults.push(Fault::new(self.file, place, message, Some(fix.to_owned())));
    }

    /// Line and column, from 1, of a byte offset.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or(0);
        let (_, column) = place_of(self.text.as_bytes().get(start..).unwrap_or_default(), offset - start.min(offset));
        (line, column)
    }
}
