//! cargo-deny (`deny.toml`) and cargo-audit (`audit.toml`), which both ignore advisories of RustSec by id.
//!
//! Sources: cargo-deny 0.20, docs/src/checks/advisories/cfg.md; cargo-audit 0.22, audit.toml.example. Entries have no end.

use super::read::text;
use super::{Entry, Ignored, Tool, header, quoted};
use crate::model::exception::Match;
use crate::strict::{Document, Fault, Node};

pub(super) static DENY: Tool =
    Tool { id: "cargo-deny", file: "deny.toml", ends: false, hides: true, frame, say: deny, read: Some(read) };

pub(super) static AUDIT: Tool =
    Tool { id: "cargo-audit", file: "audit.toml", ends: false, hides: true, frame, say: audit, read: Some(read) };

fn frame(entries: &[String], today: super::Date) -> String {
    format!("{}[advisories]\nignore = [\n{}]\n", header(today), entries.concat())
}

fn deny(entry: &Entry) -> Result<String, String> {
    let names = names(DENY.file, entry)?;
    Ok(names
        .iter()
        .map(|name| format!("    {{ id = {}, reason = {} }},\n", quoted(name), quoted(&entry.statement)))
        .collect())
}

fn audit(entry: &Entry) -> Result<String, String> {
    let names = names(AUDIT.file, entry)?;
    Ok(names.iter().map(|name| format!("    # {}\n    {},\n", entry.statement, quoted(name))).collect())
}

fn names<'e>(file: &str, entry: &'e Entry) -> Result<Vec<&'e str>, String> {
    entry.without(file, &["package", "path", "rule", "kind"])?;
    entry.named("RustSec", |id| id.starts_with("RUSTSEC-"))
}

/// An entry is an id, or a table of an id and a reason.
fn read(document: &Document, faults: &mut Vec<Fault>) -> Vec<Ignored> {
    let list = document.root().get("advisories").and_then(|advisories| advisories.get("ignore")).and_then(Node::items);
    let mut all = Vec::new();
    for entry in list.unwrap_or_default() {
        match entry.text().map(Into::into).or_else(|| text(entry, "id")) {
            Some(id) => all.push(Ignored {
                criteria: Match { ids: vec![id], ..Match::default() },
                reason: text(entry, "reason"),
                expires: None,
                line: entry.place().0,
            }),
            None => faults.push(document.fault(
                entry,
                "an entry that names no advisory",
                "write the record by hand; a yanked crate is no finding of an advisory",
            )),
        }
    }
    all
}
