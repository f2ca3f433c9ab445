//! One strict reader for documents that are ours: config, profiles, exception records, service files, evidence, events.
//!
//! What must stay true: nothing is guessed and nothing is dropped. A key that nobody knows, a key given twice, a second
//! document or a value of the wrong kind is a fault, never a value that silently wins, and all faults that can be found are
//! reported together, each with its place and the way out.

mod backstage;
mod documents;
mod fault;
mod figures;
pub mod json;
mod nearest;
mod node;
mod reader;
mod toml;
mod yaml;

use serde::de::DeserializeOwned;

use crate::model::text::Untrusted;

pub use documents::{ServiceFile, profile, service};
pub use fault::{Fault, Faults};
pub use nearest::nearest;
pub use node::Node;

/// The deepest nesting of lists and maps in any document.
pub const MAX_DEPTH: usize = 64;

/// The largest document in bytes. Ten thousand exception records take a third of it.
pub const MAX_BYTES: usize = 16 << 20;

/// The most values in one document, aliases expanded.
const MAX_NODES: usize = 2_000_000;

/// Reads one document of a known shape, as YAML, JSON or TOML.
///
/// # Errors
/// Every fault that could be found.
pub fn read<T: DeserializeOwned>(file: &str, bytes: &[u8]) -> Result<T, Faults> {
    let document = Document::parse(file, bytes)?;
    let mut faults = Vec::new();
    let value = document.read_at(&document.root, &mut faults);
    match (value, faults.is_empty()) {
        (Some(value), true) => Ok(value),
        _ => Err(Faults::new(faults)),
    }
}

/// The notations of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notation {
    /// YAML 1.2.
    Yaml,
    /// JSON.
    Json,
    /// TOML 1.
    Toml,
}

impl Notation {
    /// By the file's name; a YAML file and one with another name may hold JSON.
    #[must_use]
    pub fn of(file: &str, text: &str) -> Self {
        let extension = file.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
        match extension.as_deref() {
            Some("toml") => Self::Toml,
            Some("json") => Self::Json,
            _ if text.trim_start().starts_with(['{', '[']) && json::is_well_formed(text) => Self::Json,
            _ => Self::Yaml,
        }
    }
}

/// A document whose every value knows its place.
#[derive(Debug)]
pub struct Document {
    file: Untrusted,
    notation: Notation,
    root: Node,
}

impl Document {
    /// Parses a document without asking for a shape. A byte order mark is taken off.
    ///
    /// # Errors
    /// What makes it unreadable, or every key that is given twice.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, Faults> {
        let whole =
            |message: String, fix: &str| Faults::new(vec![Fault::new(file, (1, 1), message, Some(fix.to_owned()))]);
        if bytes.len() > MAX_BYTES {
            return Err(whole(format!("larger than {} MiB", MAX_BYTES >> 20), "split it into several files"));
        }
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|e| {
            let place = fault::place_of(bytes, e.valid_up_to());
            Faults::new(vec![Fault::new(file, place, "not UTF-8", Some("save the file as UTF-8".to_owned()))])
        })?;
        if text.trim().is_empty() {
            return Err(whole("the file is empty".to_owned(), "write `[]` or `{}` to say that there is nothing"));
        }
        let notation = Notation::of(file, text);
        let mut building = node::Building::new(file, text);
        let root = match notation {
            Notation::Yaml => yaml::parse(text, &mut building),
            Notation::Json => json::parse_nodes(text, &mut building),
            Notation::Toml => toml::parse(text, &mut building),
        };
        match root {
            Some(root) if building.faults.is_empty() => Ok(Self { file: file.into(), notation, root }),
            _ => Err(Faults::new(building.faults)),
        }
    }

    /// The file, for messages.
    #[must_use]
    pub fn file(&self) -> &Untrusted {
        &self.file
    }

    /// How it is written.
    #[must_use]
    pub const fn notation(&self) -> Notation {
        self.notation
    }

    /// The outermost value.
    #[must_use]
    pub const fn root(&self) -> &Node {
        &self.root
    }

    /// A fault at a value of this document.
    pub fn fault(&self, node: &Node, message: impl Into<String>, fix: impl Into<String>) -> Fault {
        Fault::new(self.file.as_raw(), node.place(), message, Some(fix.into()))
    }

    /// Reads a value of this document as a known shape, or adds every fault that could be found.
    pub fn read_at<T: DeserializeOwned>(&self, node: &Node, faults: &mut Vec<Fault>) -> Option<T> {
        reader::read(node, self.file.as_raw(), faults)
    }

    /// Adds a fault for every value that is null or a text of white space: neither said nor left out.
    pub fn blanks(&self, faults: &mut Vec<Fault>) {
        self.blanks_below(&self.root, faults);
    }

    /// As [`Self::blanks`], for the values below one. Whatever else was said about a blank is replaced.
    pub fn blanks_below(&self, node: &Node, faults: &mut Vec<Fault>) {
        let mut found = Vec::new();
        self.find_blanks(node, None, &mut found);
        faults.retain(|fault| !found.iter().any(|blank| (fault.line, fault.column) == (blank.line, blank.column)));
        faults.append(&mut found);
    }

    fn find_blanks(&self, node: &Node, key: Option<&str>, found: &mut Vec<Fault>) {
        if node.is_blank() {
            let message = key.map_or_else(|| "a blank item".to_owned(), |key| format!("`{key}` is blank"));
            found.push(self.fault(node, message, "fill it in, or take it away"));
        }
        for item in node.items().unwrap_or_default() {
            self.find_blanks(item, None, found);
        }
        for (key, value) in node.members() {
            self.find_blanks(value, Some(key), found);
        }
    }
}
