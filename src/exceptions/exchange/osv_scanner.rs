//! OSV-Scanner: `osv-scanner.toml`.
//!
//! Source: osv-scanner 2, internal/config. An id counts for the whole file, with its aliases, until `ignoreUntil`.

use super::read::{date, text};
use super::{Entry, Ignored, Tool, header, quoted};
use crate::model::exception::Match;
use crate::strict::{Document, Fault, Node};

pub(super) static TOOL: Tool =
    Tool { id: "osv-scanner", file: "osv-scanner.toml", ends: true, hides: true, frame, say, read: Some(read) };

fn frame(entries: &[String], today: super::Date) -> String {
    header(today) + &entries.concat()
}

fn say(entry: &Entry) -> Result<String, String> {
    entry.without(TOOL.file, &["package", "path", "rule", "kind"])?;
    let names = entry.named("OSV", |_| true)?;
    let line = |name: &&str| {
        format!(
            "\n[[IgnoredVulns]]\nid = {}\nignoreUntil = {}T00:00:00Z\nreason = {}\n",
            quoted(name),
            entry.over(),
            quoted(&entry.statement)
        )
    };
    Ok(names.iter().map(line).collect())
}

fn read(document: &Document, faults: &mut Vec<Fault>) -> Vec<Ignored> {
    let mut all = Vec::new();
    for entry in document.root().get("IgnoredVulns").and_then(Node::items).unwrap_or_default() {
        match text(entry, "id") {
            Some(id) => all.push(Ignored {
                criteria: Match { ids: vec![id], ..Match::default() },
                reason: text(entry, "reason"),
                expires: date(entry, "ignoreUntil").map(|day| day.plus_days(-1)),
                line: entry.place().0,
            }),
            None => faults.push(document.fault(entry, "an entry without an id", "name what it ignores")),
        }
    }
    for entry in document.root().get("PackageOverrides").and_then(Node::items).unwrap_or_default() {
        faults.push(document.fault(
            entry,
            "an override of a package, which ignores everything about it",
            "write a record for each finding that is accepted",
        ));
    }
    all
}
