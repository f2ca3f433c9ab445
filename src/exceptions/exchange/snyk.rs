//! Snyk: `.snyk`.
//!
//! Source: Snyk, "The .snyk file". An id is Snyk's own, `*` is every path of dependencies, and an entry ends with the instant `expires`.

use super::read::{date, text};
use super::{Entry, Ignored, Tool, header, quoted};
use crate::model::exception::Match;
use crate::strict::{Document, Fault, Node};

pub(super) static TOOL: Tool =
    Tool { id: "snyk", file: ".snyk", ends: true, hides: true, frame, say, read: Some(read) };

fn frame(entries: &[String], today: super::Date) -> String {
    let ignore = if entries.is_empty() { "ignore: {}\n".to_owned() } else { format!("ignore:\n{}", entries.concat()) };
    format!("{}version: v1.25.0\n{ignore}patch: {{}}\n", header(today))
}

fn say(entry: &Entry) -> Result<String, String> {
    entry.without(TOOL.file, &["package", "path", "rule", "kind"])?;
    let names = entry.named("Snyk", |id| id.starts_with("SNYK-") || id.starts_with("npm:"))?;
    let line = |name: &&str| {
        format!(
            "  {}:\n    - '*':\n        reason: {}\n        expires: {}T00:00:00.000Z\n        created: {}T00:00:00.000Z\n",
            quoted(name),
            quoted(&entry.statement),
            entry.over(),
            entry.created
        )
    };
    Ok(names.iter().map(line).collect())
}

fn read(document: &Document, faults: &mut Vec<Fault>) -> Vec<Ignored> {
    let mut all = Vec::new();
    let ignore = document.root().get("ignore");
    for (id, paths) in ignore.into_iter().flat_map(Node::members) {
        for (path, entry) in paths.items().unwrap_or_default().iter().flat_map(Node::members) {
            if path != "*" {
                faults.push(document.fault(
                    entry,
                    format!("an entry for one path of dependencies: {path}"),
                    "write the record by hand, with a package URL",
                ));
                continue;
            }
            all.push(Ignored {
                criteria: Match { ids: vec![id.into()], ..Match::default() },
                reason: text(entry, "reason"),
                expires: date(entry, "expires").map(|day| day.plus_days(-1)),
                line: entry.place().0,
            });
        }
    }
    all
}
