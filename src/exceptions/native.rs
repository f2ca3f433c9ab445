//! Our own records: one list, in YAML, JSON or TOML.
//!
//! What must stay true: blank is missing, nothing is guessed, and criteria that would cover everything are refused.

use std::collections::BTreeMap;

use super::criteria;
use super::signed::canonical;
use super::{Record, Source};
use crate::model::digest::Digest;
use crate::model::exception::{Exception, Match, Origin};
use crate::model::time::Date;
use crate::strict::{Document, Fault, Node, Notation};

/// See the module.
pub(super) static SOURCE: Source = Source { id: "native", title: "countersign exception records", recognises, read };

/// What stands where somebody still has to fill in a value: an import writes it, and no record that holds it counts.
pub(super) const TODO: &str = "TODO";

/// Keys that may be still to do, and what they say.
const TO_DO: [(&str, &str); 4] = [
    ("owner", "say who answers for the risk"),
    ("reason", "say why it is acceptable"),
    ("mitigation", "say what keeps it small meanwhile"),
    ("expires", "give the last day on which it counts"),
];

/// The one key of a TOML file, which cannot be a list itself.
const TOML_KEY: &str = "exception";

fn recognises(document: &Document) -> bool {
    list(document).is_some()
}

fn list(document: &Document) -> Option<&[Node]> {
    match document.notation() {
        Notation::Yaml | Notation::Json => document.root().items(),
        Notation::Toml => document.root().get(TOML_KEY)?.items(),
    }
}

fn read(document: &Document, faults: &mut Vec<Fault>) -> Vec<Record> {
    for (key, place) in document.root().keys().filter(|(key, _)| *key != TOML_KEY) {
        let message = format!("unknown key `{key}`");
        let fix = format!("write every record as [[{TOML_KEY}]]");
        faults.push(Fault::new(document.file().as_raw(), place, message, Some(fix)));
    }
    records_of(document).iter().filter_map(|node| record(document, node, faults)).collect()
}

/// The records of a document as they are written.
pub(super) fn records_of(document: &Document) -> &[Node] {
    list(document).unwrap_or_default()
}

/// Reads one record. What can be checked is checked, even where another part of the record is faulty.
fn record(document: &Document, node: &Node, all: &mut Vec<Fault>) -> Option<Record> {
    let mut faults = Vec::new();
    let exception = read_record(document, node, &mut faults);
    let is_sound = faults.is_empty();
    all.append(&mut faults);
    let exception = exception?;
    let canonical = canonical(&exception).to_string();
    let place_of_id = node.get("id").unwrap_or(node).place();
    let (line, _) = node.place();
    Some(Record {
        exception,
        origin: Origin::Repository,
        file: document.file().clone(),
        line,
        place_of_id,
        places: places(node),
        digest: Digest::of(canonical),
        is_sound,
    })
}

/// Where the values of a record stand, by key.
fn places(record: &Node) -> BTreeMap<Box<str>, (usize, usize)> {
    fn below(node: &Node, key: &str, places: &mut BTreeMap<Box<str>, (usize, usize)>) {
        let members = node.members().map(|(name, value)| (name.to_owned(), value));
        let items =
            node.items().unwrap_or_default().iter().enumerate().map(|(number, item)| (number.to_string(), item));
        for (name, value) in members.chain(items) {
            let key = if key.is_empty() { name } else { format!("{key}.{name}") };
            below(value, &key, places);
            places.insert(key.into(), value.place());
        }
    }
    let mut places = BTreeMap::new();
    below(record, "", &mut places);
    places
}

fn read_record(document: &Document, node: &Node, faults: &mut Vec<Fault>) -> Option<Exception> {
    let exception: Option<Exception> = document.read_at(node, faults);
    document.blanks_below(node, faults);
    if let Some(id) = node.get("id") {
        faults.extend(id_fault(document, id));
    }
    if let Some(criteria) = node.get("match") {
        // Faults of form are in the list already.
        if let Some(read) = document.read_at::<Match>(criteria, &mut Vec::new()) {
            criteria::faults(document, criteria, &read, faults);
        }
    }
    to_do(document, node, faults);
    for list in node.get("scope").into_iter().flat_map(Node::members).map(|(_, list)| list) {
        faults.extend(empty_list(document, list));
    }
    faults.extend(dates(document, node));
    for approval in node.get("approvals").and_then(Node::items).unwrap_or_default() {
        faults.extend(approval.get("signature").and_then(|path| signature_fault(document, path)));
    }
    exception
}

/// A fault for every value that is still to do, instead of whatever else was said about it.
fn to_do(document: &Document, node: &Node, faults: &mut Vec<Fault>) {
    for (key, fix) in TO_DO {
        if let Some(value) = node.get(key).filter(|value| value.text().is_some_and(|text| text.trim() == TODO)) {
            faults.retain(|fault| (fault.line, fault.column) != value.place());
            faults.push(document.fault(value, format!("`{key}` is still {TODO}"), fix));
        }
    }
}

fn id_fault(document: &Document, node: &Node) -> Option<Fault> {
    let id = node.text()?;
    let sound = id.chars().all(|c| c.is_alphanumeric() || "._-/:".contains(c)) && id.chars().count() <= 100;
    (!sound && !node.is_blank()).then(|| {
        document.fault(node, "an id that is no name", "use up to 100 letters, digits, and `.`, `_`, `-`, `/`, `:`")
    })
}

/// An empty list could be meant as "nowhere" and would be read as "everywhere".
fn empty_list(document: &Document, node: &Node) -> Option<Fault> {
    let empty = node.items().is_some_and(<[Node]>::is_empty);
    empty.then(|| document.fault(node, "an empty list", "name at least one, or take the key away to mean everywhere"))
}

fn dates(document: &Document, node: &Node) -> Option<Fault> {
    let date = |key: &str| node.get(key)?.text()?.parse::<Date>().ok();
    let (created, expires) = (date("created")?, date("expires")?);
    let at = node.get("expires").unwrap_or(node);
    (expires < created).then(|| {
        document.fault(
            at,
            format!("it expires on {expires}, before it was created"),
            "`expires` is on or after `created`",
        )
    })
}

/// A signature lies beside the record, nowhere else.
fn signature_fault(document: &Document, node: &Node) -> Option<Fault> {
    let path = node.text()?;
    let below = !path.starts_with('/')
        && !path.contains(['\\', ':'])
        && path.split('/').all(|part| !matches!(part, "" | "." | ".."));
    (!below && !node.is_blank()).then(|| {
        document.fault(node, "a signature that is not beside the record", "name a file in the directory of this one")
    })
}
