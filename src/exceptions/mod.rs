//! Exception records and VEX statements: read them, decide what each covers at an instant, account for every one.
//!
//! What must stay true: a record that is not wholly understood covers nothing and stops the run; a finding is covered only
//! when every given criterion matches it; and every record is accounted for, whether it did something or not.
//!
//! A source is one file here plus its row in [`SOURCES`].

mod accounting;
mod criteria;
pub mod edit;
mod emergency;
pub mod exchange;
mod explain;
mod history;
mod index;
mod matching;
mod narrow;
mod native;
mod purl;
mod signed;
mod ssh;
mod vex;

use std::collections::BTreeMap;

use crate::model::digest::Digest;
use crate::model::exception::{Exception, Origin};
use crate::model::text::Untrusted;
use crate::strict::{Document, Fault, Faults};

pub use accounting::{Account, Lost, Run, account};
pub use emergency::{EmergencyRecord, NAMESPACE as EMERGENCY_NAMESPACE};
pub use explain::{Reason, explain};
pub use history::{Seen, holds_any};
pub use matching::{Assignment, Context, Coverage, Force, Matched, MatchedException, assign, cover, ids as ids_of};
pub use narrow::narrowest;
pub use signed::{Approvers, EVERYWHERE, NAMESPACE, Refused, SCHEMA, signed_bytes, verified_approvers};
pub use ssh::{
    AllowedSigners, NotAllowed, RevokedError, RevokedKeys, SignatureError, SignersError, SshKey,
    verify as verify_signature,
};
pub use vex::{MatchedStatement, ReleasedNames, VexCoverage, VexDocument, cover_vex};

/// One notation of accepted risks.
#[derive(Debug)]
pub struct Source {
    /// Kebab-case, stable.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Whether a document is of this source. Never two sources at once.
    pub recognises: fn(&Document) -> bool,
    /// Reads every record of a document, and adds every fault.
    pub read: fn(&Document, &mut Vec<Fault>) -> Vec<Record>,
}

/// Every source, by id.
pub static SOURCES: &[&Source] = &[&native::SOURCE];

/// An exception and where it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// The exception.
    pub exception: Exception,
    /// Whose it is.
    pub origin: Origin,
    /// The file, as it was given.
    pub file: Untrusted,
    /// The line at which it starts, from 1.
    pub line: usize,
    /// Line and column of its id, from 1.
    pub place_of_id: (usize, usize),
    /// Key, like `expires` or `approvals.0.by` → line and column of its value.
    places: BTreeMap<Box<str>, (usize, usize)>,
    /// The digest of its canonical JSON, approvals included.
    pub digest: Digest,
    /// Whether it has no fault of form.
    is_sound: bool,
}

impl Record {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &Untrusted {
        &self.exception.id
    }

    /// Line and column of a part of it, like `expires` or `approvals.0.by`: of what holds it where it is not there, else of its id.
    #[must_use]
    pub fn place(&self, at: &str) -> (usize, usize) {
        let mut key = at;
        loop {
            match (self.places.get(key), key.rsplit_once('.')) {
                (Some(place), _) => return *place,
                (None, Some((above, _))) => key = above,
                (None, None) => return self.place_of_id,
            }
        }
    }

    /// Where a signature file that it names lies: beside it, in the bundle too.
    #[must_use]
    pub fn beside(&self, name: &Untrusted) -> String {
        beside(&self.file, name)
    }

    /// The signature files that its approvals name, in the directory of [`Self::file`].
    pub fn signature_files(&self) -> impl Iterator<Item = &Untrusted> {
        self.exception.approvals.iter().filter_map(|approval| approval.signature.as_ref())
    }
}

/// Where a file lies that a record of `file` names: beside it, in the bundle too.
#[must_use]
pub fn beside(file: &Untrusted, name: &Untrusted) -> String {
    let file = file.as_raw();
    let end = file.rfind(['/', '\\', '!']).map_or(0, |at| at + 1);
    format!("{}{}", file.get(..end).unwrap_or_default(), name.as_raw())
}

/// Reads all records of all files, given as name and bytes. They come out by id.
///
/// # Errors
/// Every fault of form in every file; an id that is given twice, in one file or in two, is one.
pub fn read<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> Result<Vec<Record>, Faults> {
    read_all(files.into_iter().map(|(file, bytes)| (Origin::Repository, file, bytes)))
}

/// As [`read`], for files of several origins.
///
/// # Errors
/// Those of [`read`].
pub fn read_all<'a>(files: impl IntoIterator<Item = (Origin, &'a str, &'a [u8])>) -> Result<Vec<Record>, Faults> {
    let (records, faults) = examine_all(files);
    if faults.is_empty() { Ok(records) } else { Err(Faults::new(faults)) }
}

/// As [`read`], for whoever wants to say more about the records without a fault of form: those, by id, and every fault.
pub fn examine<'a>(files: impl IntoIterator<Item = (&'a str, &'a [u8])>) -> (Vec<Record>, Vec<Fault>) {
    examine_all(files.into_iter().map(|(file, bytes)| (Origin::Repository, file, bytes)))
}

/// As [`examine`], for files of several origins; those of the organisation go first, so that nobody below takes an id of theirs.
pub fn examine_all<'a>(files: impl IntoIterator<Item = (Origin, &'a str, &'a [u8])>) -> (Vec<Record>, Vec<Fault>) {
    let mut faults = Vec::new();
    let mut records = Vec::new();
    let mut files: Vec<_> = files.into_iter().collect();
    files.sort_by_key(|(origin, _, _)| *origin);
    for (origin, file, bytes) in files {
        match Document::parse(file, bytes) {
            Ok(document) => {
                let read = read_document(&document, &mut faults);
                records.extend(read.into_iter().map(|record| Record { origin, ..record }));
            }
            Err(unreadable) => faults.extend(unreadable.into_vec()),
        }
    }
    faults.extend(given_twice(&records));
    records.retain(|record| record.is_sound);
    records.sort_by(|a, b| a.id().cmp(b.id()));
    records.dedup_by(|again, first| again.id() == first.id());
    (records, faults)
}

fn read_document(document: &Document, faults: &mut Vec<Fault>) -> Vec<Record> {
    match SOURCES.iter().find(|source| (source.recognises)(document)) {
        Some(source) => (source.read)(document, faults),
        None => {
            let fix = "write one list of records, each starting with `- id:`; `[]` says that there are none";
            faults.push(document.fault(document.root(), "no list of exception records", fix));
            Vec::new()
        }
    }
}

fn given_twice(records: &[Record]) -> Vec<Fault> {
    let mut first: BTreeMap<&Untrusted, &Record> = BTreeMap::new();
    let mut faults = Vec::new();
    for record in records {
        match first.get(record.id()) {
            None => {
                first.insert(record.id(), record);
            }
            Some(earlier) => {
                let id = record.id().as_raw();
                let (file, line) = (earlier.file.as_raw(), earlier.line);
                let (message, fix) = match (earlier.origin, record.origin) {
                    (Origin::Organisation, Origin::Repository) => (
                        format!(
                            "the id `{id}` is the organisation's, at {file}:{line}, and no repository's to redefine"
                        ),
                        "give the record an id of its own; have the organisation change theirs",
                    ),
                    _ => (
                        format!("the id `{id}` is given twice; first at {file}:{line}"),
                        "every record has an id of its own; renew a record by changing it",
                    ),
                };
                let fix = fix.to_owned();
                faults.push(Fault::new(record.file.as_raw(), record.place_of_id, message, Some(fix)));
            }
        }
    }
    faults
}
