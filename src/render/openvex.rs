//! What the decision knows of vulnerabilities that did not count, as OpenVEX.
//!
//! What must stay true: an accepted risk is never told as "not affected". A finding under an exception is `affected`, with what
//! was decided about it; `not_affected` is said only of what an admitted VEX statement had said before.
//!
//! Source: OpenVEX specification 0.2.0.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Map, Value, json};

use super::{Renderer, Style, json};
use crate::decision::{Decision, ExceptionOutcome};
use crate::facts::TriagedFinding;
use crate::model::exception::Disposition;
use crate::model::finding::Kind;
use crate::model::text::Untrusted;

pub(super) static RENDERER: Renderer = Renderer {
    id: "openvex",
    title: "OpenVEX: vulnerabilities under an exception, and those that do not affect",
    write,
};

fn write(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    let exceptions: BTreeMap<&Untrusted, &ExceptionOutcome> =
        decision.exceptions.iter().map(|exception| (&exception.id, exception)).collect();
    let statements: Vec<Value> =
        decision.findings.iter().filter_map(|triaged| statement(triaged, decision, &exceptions)).collect();
    let document = json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": format!("{}#{}", decision.gate.id.as_raw(), decision.id),
        "author": decision.gate.id,
        "timestamp": decision.decided_at,
        "version": 1,
        "tooling": format!("countersign {}", decision.gate.version),
        "statements": statements,
    });
    json::document(&document, out)
}

fn statement(
    triaged: &TriagedFinding,
    decision: &Decision,
    exceptions: &BTreeMap<&Untrusted, &ExceptionOutcome>,
) -> Option<Value> {
    let finding = &triaged.finding;
    let name = finding.ids.first().filter(|_| finding.kind == Kind::Vulnerability)?;
    let mut statement = Map::new();
    let aliases = finding.ids.get(1..).unwrap_or_default();
    statement.insert("vulnerability".to_owned(), json!({ "name": name, "aliases": aliases }));
    statement.insert("products".to_owned(), products(triaged, decision));
    match triaged.disposition {
        Disposition::Excepted => {
            let under = triaged.exception.as_ref().and_then(|id| exceptions.get(id));
            let action = match under {
                Some(e) => format!("accepted by {} until {} as {}", e.owner.as_raw(), e.expires, e.id.as_raw()),
                None => "accepted".to_owned(),
            };
            statement.insert("status".to_owned(), json!("affected"));
            statement.insert("action_statement".to_owned(), json!(action));
        }
        Disposition::NotAffected => {
            let reason = finding.suppression.as_ref().and_then(|suppression| suppression.reason.as_ref());
            let reason = reason.map_or("an admitted VEX statement says so", Untrusted::as_raw);
            statement.insert("status".to_owned(), json!("not_affected"));
            statement.insert("impact_statement".to_owned(), json!(reason));
        }
        Disposition::Open | Disposition::Suppressed | Disposition::Resolved => return None,
    }
    Some(Value::Object(statement))
}

/// What is released, with the package in it; without a subject the package itself, without one of those the service.
fn products(triaged: &TriagedFinding, decision: &Decision) -> Value {
    let purl = triaged.finding.package.as_ref().and_then(|package| package.purl.as_ref());
    let inside = purl.map(|purl| json!([{ "@id": purl, "identifiers": { "purl": purl } }]));
    let artifacts: Vec<Value> = decision
        .artifacts
        .iter()
        .map(|artifact| {
            let mut product = Map::new();
            product.insert("@id".to_owned(), json!(artifact.digest.to_string()));
            product.insert("hashes".to_owned(), json!({ "sha-256": artifact.digest.hex() }));
            product.extend(inside.clone().map(|inside| ("subcomponents".to_owned(), inside)));
            Value::Object(product)
        })
        .collect();
    match (artifacts.is_empty(), inside) {
        (false, _) => Value::Array(artifacts),
        (true, Some(package)) => package,
        (true, None) => json!([{ "@id": decision.change.repository.as_ref().unwrap_or(&decision.gate.id) }]),
    }
}
