//! Trivy: `.trivyignore.yaml`.
//!
//! Source: trivy 0.74, pkg/result/ignore.go. An id is the one that Trivy shows, `purls` and `paths` narrow it, and an entry ends with
//! the instant `expired_at`.

use super::read::{date, text, texts};
use super::{Entry, Ignored, Tool, header, quoted};
use crate::model::exception::Match;
use crate::model::finding::Kind;
use crate::model::text::Untrusted;
use crate::strict::{Document, Fault};

pub(super) static TOOL: Tool =
    Tool { id: "trivyignore", file: ".trivyignore.yaml", ends: true, hides: true, frame, say, read: Some(read) };

/// Sections, and the kinds of finding that they are about.
const SECTIONS: [(&str, Kind); 4] = [
    ("vulnerabilities", Kind::Vulnerability),
    ("misconfigurations", Kind::Misconfiguration),
    ("secrets", Kind::Secret),
    ("licenses", Kind::License),
];

fn frame(entries: &[String], today: super::Date) -> String {
    let mut text = header(today);
    for (section, _) in SECTIONS {
        let mark = format!("{section}\n");
        let of_section: Vec<&str> = entries.iter().filter_map(|entry| entry.strip_prefix(&mark)).collect();
        if !of_section.is_empty() {
            text.push_str(&format!("{section}:\n{}", of_section.concat()));
        }
    }
    if entries.is_empty() {
        text.push_str("vulnerabilities: []\n");
    }
    text
}

/// The section, and below it one entry for each name.
fn say(entry: &Entry) -> Result<String, String> {
    let (section, names) = match (&entry.rule, entry.kind) {
        (None, None | Some(Kind::Vulnerability)) => ("vulnerabilities", entry.named("Trivy", |_| true)?),
        (Some(rule), Some(kind)) if entry.ids.is_empty() => {
            let found = SECTIONS.iter().find(|(_, of)| *of == kind && kind != Kind::Vulnerability);
            let (section, _) = found.ok_or_else(|| format!("{} has no section for a {}", TOOL.file, kind.word()))?;
            (*section, vec![rule.as_raw()])
        }
        (Some(_), _) => return Err(format!("{} has no word for its rule without a kind, or beside ids", TOOL.file)),
        (None, Some(kind)) => return Err(format!("{} names no {} by its ids", TOOL.file, kind.word())),
    };
    let mut text = format!("{section}\n");
    for name in names {
        text.push_str(&format!("  - id: {}\n", quoted(name)));
        for (key, value) in [("paths", &entry.path), ("purls", &entry.package)] {
            if let Some(value) = value {
                text.push_str(&format!("    {key}: [{}]\n", quoted(value.as_raw())));
            }
        }
        text.push_str(&format!("    expired_at: {}\n    statement: {}\n", entry.over(), quoted(&entry.statement)));
    }
    Ok(text)
}

fn read(document: &Document, faults: &mut Vec<Fault>) -> Vec<Ignored> {
    let mut all = Vec::new();
    for (section, kind) in SECTIONS {
        let entries = document.root().get(section).and_then(crate::strict::Node::items).unwrap_or_default();
        for entry in entries {
            let Some(id) = text(entry, "id") else {
                faults.push(document.fault(entry, "an entry without an id", "name what it ignores"));
                continue;
            };
            let vulnerability = kind == Kind::Vulnerability;
            let criteria = Match {
                ids: if vulnerability { vec![id.clone()] } else { Vec::new() },
                rule: Some(id).filter(|_| !vulnerability),
                kind: Some(kind).filter(|_| !vulnerability),
                ..Match::default()
            };
            let (line, _) = entry.place();
            let over = date(entry, "expired_at");
            let (paths, purls) = (texts(entry, "paths"), texts(entry, "purls"));
            // A record has one path and one package: every pair is a record of its own.
            let some =
                |list: Vec<Untrusted>| if list.is_empty() { vec![None] } else { list.into_iter().map(Some).collect() };
            for path in some(paths) {
                for package in some(purls.clone()) {
                    all.push(Ignored {
                        criteria: Match { path: path.clone(), package, ..criteria.clone() },
                        reason: text(entry, "statement"),
                        expires: over.map(|day| day.plus_days(-1)),
                        line,
                    });
                }
            }
        }
    }
    all
}
