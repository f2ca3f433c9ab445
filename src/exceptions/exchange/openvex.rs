//! OpenVEX: what is accepted, said to whoever reads VEX.
//!
//! What must stay true: an accepted risk is `affected`, with what is done about it; no reader takes it for `not_affected`.
//!
//! Source: OpenVEX specification v0.2.0.

use serde_json::{Value, json};

use super::{Entry, Tool};
use crate::model::digest::Digest;

pub(super) static TOOL: Tool =
    Tool { id: "openvex", file: "countersign.openvex.json", ends: true, hides: false, frame, say, read: None };

fn frame(entries: &[String], today: super::Date) -> String {
    let statements: Vec<Value> =
        entries.iter().filter_map(|entry| serde_json::from_str::<Vec<Value>>(entry).ok()).flatten().collect();
    let id = Digest::of(entries.concat());
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("https://countersign.dev/vex/{}", id.hex()),
        "author": "countersign",
        "timestamp": format!("{today}T00:00:00Z"),
        "version": 1,
        "statements": statements,
    });
    format!("{document:#}\n")
}

fn say(entry: &Entry) -> Result<String, String> {
    let names = entry.named("OpenVEX", |_| true)?;
    let Some(purl) = entry.purl() else {
        return Err("a statement of OpenVEX is about a product, and it names no package".to_owned());
    };
    let statement = |name: &&str| {
        json!({
            "vulnerability": { "name": name },
            "products": [{ "@id": purl }],
            "status": "affected",
            "status_notes": format!("accepted until {}: {}", entry.expires, entry.statement),
            "action_statement": entry.mitigation,
        })
    };
    Ok(Value::from(names.iter().map(statement).collect::<Vec<_>>()).to_string())
}
