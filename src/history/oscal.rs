//! The decisions of a period as OSCAL assessment results: an observation for each decision, a finding for each control.
//!
//! What must stay true: nothing is claimed but what the evidence shows. A control is satisfied where no verdict about it was
//! overruled: no denied release ran on because the gate only audited or was told never to fail. An export is no evidence.
//!
//! Source: NIST OSCAL 1.2.1, assessment results model.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{Entry, Releases};
use crate::decision::{FailOn, Outcome};
use crate::facts::Mode;
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// The version of the model that is written.
const OSCAL: &str = "1.2.1";

/// Where our properties are named.
const NAMESPACE: &str = "https://countersign.dev/ns/oscal";

/// A decision of the period, with what its evidence says of controls.
#[derive(Clone, Debug)]
pub struct Assessed<'a> {
    /// The decision.
    pub entry: &'a Entry,
    /// Where its evidence is.
    pub href: String,
    /// The controls that its verdicts name, and whether one of these denied.
    pub controls: BTreeMap<Untrusted, bool>,
}

/// What the export is of.
#[derive(Clone, Copy, Debug)]
pub struct Period<'a> {
    /// The log.
    pub origin: &'a str,
    /// The decisions, and between which states of the log.
    pub releases: &'a Releases<'a>,
    /// The program and its version.
    pub program: &'a str,
    /// The controls that the program's own policies give evidence for.
    pub reviewed: &'a BTreeSet<Untrusted>,
    /// When it is made.
    pub now: Timestamp,
}

/// The document.
#[must_use]
pub fn assessment_results(period: &Period<'_>, assessed: &[Assessed<'_>]) -> Value {
    let Period { origin, releases, program, reviewed, now } = *period;
    let seed = format!("{origin}\n{}\n{}\n{}", releases.start.root, releases.end.root, releases.decisions.len());
    let named: BTreeSet<&Untrusted> =
        assessed.iter().flat_map(|decision| decision.controls.keys()).chain(reviewed).collect();
    let instants: Vec<Timestamp> = assessed.iter().map(|decision| decision.entry.evaluated_at).collect();
    let (start, end) = (instants.iter().min().unwrap_or(&now), instants.iter().max().unwrap_or(&now));
    let include: Vec<Value> = named.iter().map(|control| json!({ "control-id": token(control) })).collect();
    let selection =
        if include.is_empty() { json!({ "include-all": {} }) } else { json!({ "include-controls": include }) };
    let mut result = json!({
        "uuid": uuid(&seed, "result"),
        "title": format!("Release decisions in {origin}"),
        "description": format!(
            "{} decisions: {} pass, {} warn, {} block, {} error. Supports evidence for the controls; it does not say that they are complied with.",
            releases.outcomes.decisions, releases.outcomes.pass, releases.outcomes.warn, releases.outcomes.block, releases.outcomes.error
        ),
        "start": start,
        "end": end,
        "props": [
            property("log-start", &format!("{} {}", releases.start.size, releases.start.root)),
            property("log-end", &format!("{} {}", releases.end.size, releases.end.root)),
        ],
        "reviewed-controls": { "control-selections": [selection] },
    });
    add(&mut result, "observations", assessed.iter().map(observation).collect());
    let findings: Vec<Value> = named.iter().map(|control| finding(control, assessed, &seed)).collect();
    add(&mut result, "findings", findings);
    json!({
        "assessment-results": {
            "uuid": uuid(&seed, "document"),
            "metadata": {
                "title": format!("Release decisions in {origin}"),
                "last-modified": now,
                "version": program,
                "oscal-version": OSCAL,
            },
            "import-ap": { "href": "#no-assessment-plan", "remarks": "Decisions are made by policy at every release; there is no separate plan." },
            "results": [result],
        }
    })
}

fn observation(decision: &Assessed<'_>) -> Value {
    let Assessed { entry, href, .. } = decision;
    let repository = entry.repository.as_ref().map_or("no repository".into(), |name| name.line());
    json!({
        "uuid": observation_uuid(entry),
        "title": format!("{}: {}", entry.decision_id.line(), entry.outcome.word()),
        "description": format!("{repository} for {}: {}", entry.environment.line(), entry.outcome.word()),
        "props": [
            property("outcome", entry.outcome.word()),
            property("mode", if entry.mode == Mode::Audit { "audit" } else { "enforce" }),
            property("assurance", &entry.assurance.to_string()),
            property("policies", &entry.policies.to_string()),
        ],
        "methods": ["TEST"],
        "types": ["control-objective"],
        "relevant-evidence": [{ "href": href, "description": format!("The signed decision, {}", entry.decision) }],
        "collected": entry.evaluated_at,
    })
}

/// Whether a denied release ran on.
fn is_overruled(entry: &Entry) -> bool {
    entry.mode == Mode::Audit || entry.fail_on == FailOn::Never
}

fn finding(control: &Untrusted, assessed: &[Assessed<'_>], seed: &str) -> Value {
    let about: Vec<&Assessed<'_>> =
        assessed.iter().filter(|decision| decision.controls.contains_key(control)).collect();
    let denied = about.iter().filter(|decision| decision.controls.get(control) == Some(&true));
    let (overruled, held): (Vec<&Assessed<'_>>, Vec<&Assessed<'_>>) =
        denied.copied().partition(|decision| is_overruled(decision.entry));
    let failed = assessed.iter().filter(|decision| decision.entry.outcome == Outcome::Error).count();
    let state = if overruled.is_empty() { "satisfied" } else { "not-satisfied" };
    let mut finding = json!({
        "uuid": uuid(seed, &format!("finding {}", control.as_raw())),
        "title": format!("{}", control.line()),
        "description": format!(
            "Of {} decisions, {} had a verdict about this control: {} of them held the release back, {} denied it and were overruled; {failed} decisions ended in an error.",
            assessed.len(), about.len(), held.len(), overruled.len()
        ),
        "target": { "type": "objective-id", "target-id": token(control), "status": { "state": state } },
    });
    let related = about.iter().map(|decision| json!({ "observation-uuid": observation_uuid(decision.entry) }));
    add(&mut finding, "related-observations", related.collect());
    finding
}

/// Adds a list; OSCAL has no empty ones.
fn add(object: &mut Value, name: &str, list: Vec<Value>) {
    if let Some(object) = object.as_object_mut().filter(|_| !list.is_empty()) {
        object.insert(name.to_owned(), Value::Array(list));
    }
}

fn property(name: &str, value: &str) -> Value {
    json!({ "name": name, "ns": NAMESPACE, "value": value })
}

fn observation_uuid(entry: &Entry) -> String {
    uuid(&entry.decision.to_string(), "observation")
}

/// A control's id as OSCAL allows it: letters, digits, `.`, `-` and `_`, beginning with a letter.
fn token(control: &Untrusted) -> String {
    let allowed = |c: char| if c.is_alphanumeric() || ".-_".contains(c) { c } else { '_' };
    let text: String = control.as_raw().chars().map(allowed).collect();
    if text.starts_with(char::is_alphabetic) { text } else { format!("_{text}") }
}

/// A name-based UUID, the same for the same thing: version 5 but for the hash, which is SHA-256.
fn uuid(seed: &str, what: &str) -> String {
    let hash = Digest::of(format!("{NAMESPACE}\n{what}\n{seed}"));
    let mut bytes: [u8; 16] = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    bytes[6] = bytes[6] & 0x0f | 0x50;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = data_encoding::HEXLOWER.encode(&bytes);
    let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
    parts.map(|(from, to)| hex.get(from..to).unwrap_or_default()).join("-")
}
