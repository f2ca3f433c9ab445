//! Changes to files of records, byte for byte what they were but for the one change.
//!
//! What must stay true: the text that comes out was read again, and says what the one before said with the change and nothing
//! else; where that is not so, there is no new text. Comments, order and indentation stay.

mod place;
mod write;

use super::Record;
use crate::model::exception::{Exception, Match, Renewal, RiskApproval};
use crate::model::text::neutral;
use crate::strict::{Document, Faults, Notation};

use place::Text;
use write::{Item, new_record};

/// Why a file cannot be changed. Whoever keeps it has to make the change by hand.
#[derive(Debug, thiserror::Error)]
pub enum EditError {
    /// The file's: it has faults of form.
    #[error("{0}")]
    Unsound(#[from] Faults),
    /// The user's: no record of this id is in the file.
    #[error("no record `{}`", neutral(.0))]
    NoRecord(String),
    /// The user's: a record of this id is there.
    #[error("a record `{}` is there already", neutral(.0))]
    Exists(String),
    /// The file is written in a way that the change has no sure place in.
    #[error("the change has no sure place in it, as it is written")]
    NoPlace,
}

/// The text of a file with one more record at its end; `None` is a file that does not exist.
///
/// # Errors
/// [`EditError`].
pub fn append(file: &str, text: Option<&str>, exception: &Exception) -> Result<String, EditError> {
    let notation = Notation::of(file, "");
    let Some(text) = text else {
        let alone = match notation {
            Notation::Json => format!("[\n{}\n]\n", new_record(notation, exception, "  ", "\n")),
            Notation::Yaml | Notation::Toml => new_record(notation, exception, "", "\n"),
        };
        records(file, &alone)?;
        return confirmed(file, alone, vec![exception.clone()]);
    };
    let old = records(file, text)?;
    if old.iter().any(|record| *record.id() == exception.id) {
        return Err(EditError::Exists(exception.id.as_raw().to_owned()));
    }
    let document = Document::parse(file, text.as_bytes())?;
    let mut edited = Text::new(text);
    // `[]` is YAML as much as JSON: the file's name decides.
    let written = match document.notation() {
        Notation::Json if old.is_empty() => notation,
        found => found,
    };
    edited.append(&document, written, exception)?;
    let mut expected = exceptions(old);
    expected.push(exception.clone());
    confirmed(file, edited.finish(), expected)
}

/// The text of a file in which a record ends on another day, and says why.
///
/// # Errors
/// [`EditError`].
pub fn renew(file: &str, text: &str, id: &str, renewal: &Renewal) -> Result<String, EditError> {
    change(
        file,
        text,
        id,
        |edited, document, node| {
            edited.replace_date(node, "expires", renewal.until)?;
            edited.add_item(document, node, "renewals", &Item::renewal(renewal))
        },
        |record| {
            record.expires = renewal.until;
            record.renewals.push(renewal.clone());
        },
    )
}

/// The text of a file in which somebody more has approved a record, or has approved it again.
///
/// # Errors
/// [`EditError`].
pub fn approve(file: &str, text: &str, id: &str, approval: &RiskApproval) -> Result<String, EditError> {
    let is_it = |known: &RiskApproval| known.by == approval.by && known.signature == approval.signature;
    let known = |exception: &Exception| exception.approvals.iter().position(|known| is_it(known) && known.at.is_some());
    change(
        file,
        text,
        id,
        |edited, document, node| {
            let record: Option<Exception> = document.read_at(node, &mut Vec::new());
            let again = record.as_ref().and_then(known).zip(approval.at);
            let entry = |number: usize| node.get("approvals")?.items()?.get(number);
            match again.and_then(|(number, at)| Some((entry(number)?, at))) {
                Some((entry, at)) => edited.replace_date(entry, "at", at),
                None => edited.add_item(document, node, "approvals", &Item::approval(approval)),
            }
        },
        |record| match known(record).and_then(|number| record.approvals.get_mut(number)) {
            Some(known) if approval.at.is_some() => known.at = approval.at,
            _ => record.approvals.push(approval.clone()),
        },
    )
}

/// Criteria as a part of a line.
pub(super) fn criteria(criteria: &Match, notation: Notation) -> String {
    Item::criteria(criteria).inline(notation)
}

fn change(
    file: &str,
    text: &str,
    id: &str,
    edit: impl Fn(&mut Text<'_>, &Document, &crate::strict::Node) -> Result<(), EditError>,
    model: impl Fn(&mut Exception),
) -> Result<String, EditError> {
    let mut expected = exceptions(records(file, text)?);
    let document = Document::parse(file, text.as_bytes())?;
    let no_record = || EditError::NoRecord(id.to_owned());
    let node = super::native::records_of(&document)
        .iter()
        .find(|node| node.get("id").and_then(crate::strict::Node::text) == Some(id))
        .ok_or_else(no_record)?;
    model(expected.iter_mut().find(|record| record.id == *id).ok_or_else(no_record)?);
    let mut edited = Text::new(text);
    edit(&mut edited, &document, node)?;
    confirmed(file, edited.finish(), expected)
}

fn records(file: &str, text: &str) -> Result<Vec<Record>, EditError> {
    Ok(super::read([(file, text.as_bytes())])?)
}

fn exceptions(records: Vec<Record>) -> Vec<Exception> {
    records.into_iter().map(|record| record.exception).collect()
}

/// The new text, once it has been read again and says what is expected.
fn confirmed(file: &str, text: String, mut expected: Vec<Exception>) -> Result<String, EditError> {
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    let read = super::read([(file, text.as_bytes())]).map(exceptions);
    if read.is_ok_and(|read| read == expected) { Ok(text) } else { Err(EditError::NoPlace) }
}
