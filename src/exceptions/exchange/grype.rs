//! Grype: `.grype.yaml`.
//!
//! Source: grype 0.121, grype/match/ignore.go. An entry holds when all of its fields do; it has no end.

use super::read::text;
use super::{Entry, Ignored, Tool, header, quoted};
use crate::model::exception::Match;
use crate::strict::{Document, Fault, Node};

pub(super) static TOOL: Tool =
    Tool { id: "grype", file: ".grype.yaml", ends: false, hides: true, frame, say, read: Some(read) };

fn frame(entries: &[String], today: super::Date) -> String {
    let list = if entries.is_empty() { "ignore: []\n".to_owned() } else { format!("ignore:\n{}", entries.concat()) };
    header(today) + &list
}

fn say(entry: &Entry) -> Result<String, String> {
    entry.without(TOOL.file, &["package", "path", "rule", "kind"])?;
    let names = entry.named("Grype", |_| true)?;
    let line = |name: &&str| format!("  - vulnerability: {}\n    reason: {}\n", quoted(name), quoted(&entry.statement));
    Ok(names.iter().map(line).collect())
}

/// What only narrows an entry and no record can say.
const UNSAID: [&str; 5] = ["namespace", "fix-state", "match-type", "vex-status", "vex-justification"];

fn read(document: &Document, faults: &mut Vec<Fault>) -> Vec<Ignored> {
    let mut all = Vec::new();
    for entry in document.root().get("ignore").and_then(Node::items).unwrap_or_default() {
        let package = entry.get("package");
        let id = text(entry, "vulnerability");
        let narrowed = UNSAID.iter().any(|key| entry.get(key).is_some()) || package.is_some();
        match id {
            Some(id) if !narrowed => all.push(Ignored {
                criteria: Match { ids: vec![id], ..Match::default() },
                reason: text(entry, "reason"),
                expires: None,
                line: entry.place().0,
            }),
            _ => faults.push(document.fault(
                entry,
                "an entry that is narrowed by what no record says so",
                "write the record by hand, with a package URL",
            )),
        }
    }
    all
}
