//! What a folder keeps beside the envelopes: the blobs, found by what the statement says of them.
//!
//! What must stay true: bytes are given only where their digest is the one that was signed.

use std::collections::BTreeMap;

use super::materials::{FileEntry, MaterialsList, Role};
use super::predicate::gate_decision::GateDecision;
use super::statement::Statement;
use super::verify::{Folder, Verified};
use super::{BLOBS, verify};
use crate::exceptions::{self, AllowedSigners, Approvers, EmergencyRecord, Record, RevokedKeys};
use crate::model::digest::Digest;
use crate::model::exception::Origin;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::strict::json;

/// The blobs of a verified statement.
#[derive(Clone, Debug)]
pub struct Kept<'a> {
    folder: &'a Folder,
    decision: &'a GateDecision,
    list: MaterialsList,
}

/// A file that the decision read.
#[derive(Clone, Copy, Debug)]
pub struct KeptFile<'a> {
    /// Its path as it was given.
    pub path: &'a Untrusted,
    /// The id of the format that claimed it, for reports.
    pub format: Option<&'a Untrusted>,
    /// Of its bytes.
    pub digest: Digest,
    /// Its bytes, where they were kept.
    pub bytes: Option<&'a [u8]>,
}

impl<'a> KeptFile<'a> {
    /// The bytes.
    ///
    /// # Errors
    /// They were not kept.
    pub fn held(&self) -> Result<&'a [u8], String> {
        self.bytes.ok_or_else(|| format!("{}: not kept", self.path.line()))
    }

    /// The bytes as text.
    ///
    /// # Errors
    /// They were not kept, or are none.
    pub fn text(&self) -> Result<&'a str, String> {
        std::str::from_utf8(self.held()?).map_err(|_| format!("{}: not UTF-8", self.path.line()))
    }
}

impl<'a> Kept<'a> {
    /// What is kept beside a statement.
    ///
    /// # Errors
    /// The list of materials is missing, changed, or not one that this program reads.
    pub fn of(statement: &'a Verified<Statement<GateDecision>>, folder: &'a Folder) -> Result<Self, String> {
        let decision = &statement.predicate;
        Ok(Self { folder, decision, list: materials(folder, decision)? })
    }

    /// Digests of the listed files that are kept.
    pub(super) fn retained(&self) -> impl Iterator<Item = Digest> {
        self.list.files.iter().filter(|file| file.retained).map(|file| file.digest.0.sha256)
    }

    /// The facts; `None` for an error that came before them.
    ///
    /// # Errors
    /// They are missing or were changed.
    pub fn facts(&self) -> Result<Option<&'a [u8]>, String> {
        self.decision.facts.as_ref().map(|facts| blob(self.folder, facts.sha256)).transpose()
    }

    /// The decision document.
    ///
    /// # Errors
    /// It is missing or was changed.
    pub fn decision(&self) -> Result<&'a [u8], String> {
        blob(self.folder, self.decision.result.sha256)
    }

    /// The files that were read as this, by path.
    pub fn files(&self, role: Role) -> impl Iterator<Item = KeptFile<'_>> {
        self.list.files.iter().filter(move |file| file.role == role).map(|file| self.kept(file))
    }

    fn kept<'k>(&'k self, file: &'k FileEntry) -> KeptFile<'k> {
        KeptFile {
            path: &file.path,
            format: file.format.as_ref(),
            digest: file.digest.0.sha256,
            bytes: self.bytes_of(file),
        }
    }

    /// Ids of the exceptions that took effect, as the list says.
    pub(super) fn effective(&self) -> impl Iterator<Item = &Untrusted> {
        self.list.exceptions.iter().filter(|exception| exception.took_effect()).map(|exception| &exception.id)
    }

    /// The exception records.
    ///
    /// # Errors
    /// They were not kept, or are not readable any more.
    pub fn records(&self) -> Result<Vec<Record>, String> {
        let mut files = Vec::new();
        let roles = [(Role::OrganisationExceptions, Origin::Organisation), (Role::Exceptions, Origin::Repository)];
        for (role, origin) in roles {
            for file in self.files(role) {
                files.push((origin, file.path.as_raw(), file.held()?));
            }
        }
        exceptions::read_all(files).map_err(|faults| format!("the exception records: {faults}"))
    }

    /// The records of an emergency and of reviews, each with the file that it is in.
    ///
    /// # Errors
    /// They were not kept, or are not readable any more.
    pub(super) fn emergencies(&self) -> Result<Vec<(&Untrusted, EmergencyRecord)>, String> {
        let read = |file: KeptFile<'_>, path| {
            let record = EmergencyRecord::read(file.path.as_raw(), file.held()?);
            record.map(|record| (path, record)).map_err(|faults| format!("the record of the emergency: {faults}"))
        };
        let files = self.list.files.iter().filter(|file| file.role == Role::Emergency);
        files.map(|entry| read(self.kept(entry), &entry.path)).collect()
    }

    /// Who might sign when it was decided; `None` where nobody was named.
    ///
    /// # Errors
    /// The lists were not kept, or are not readable any more.
    pub fn signers(&self) -> Result<Option<AllowedSigners>, String> {
        let Some(file) = self.files(Role::Trust).next() else { return Ok(None) };
        let not_sound = |file: &KeptFile<'_>, why: &dyn std::fmt::Display| format!("{}: {why}", file.path.line());
        let signers = AllowedSigners::parse(file.text()?).map_err(|error| not_sound(&file, &error))?;
        let Some(file) = self.files(Role::Revocation).next() else { return Ok(Some(signers)) };
        let revoked = RevokedKeys::parse(file.held()?).map_err(|error| not_sound(&file, &error))?;
        Ok(Some(signers.without(revoked)))
    }

    /// The records' approvals, verified again, by id.
    #[must_use]
    pub fn approvers(
        &self,
        records: &[Record],
        repository: Option<&str>,
        signers: &AllowedSigners,
        at: Timestamp,
    ) -> BTreeMap<Untrusted, Approvers> {
        let judge = |record: &Record| {
            let signatures = self.signatures(&record.file, record.signature_files());
            let judged = exceptions::verified_approvers(record, repository, &signatures, signers, at);
            (record.id().clone(), judged)
        };
        records.iter().map(judge).collect()
    }

    /// The signature files that lie beside a record, by the names that it gives them.
    pub(super) fn signatures<'n>(
        &self,
        record: &Untrusted,
        names: impl Iterator<Item = &'n Untrusted>,
    ) -> BTreeMap<Untrusted, Vec<u8>> {
        let files: BTreeMap<&str, &[u8]> =
            self.files(Role::Signature).filter_map(|file| Some((file.path.as_raw(), file.bytes?))).collect();
        let held = |name: &Untrusted| {
            let path = exceptions::beside(record, name);
            files.get(path.as_str()).map(|bytes| (name.clone(), bytes.to_vec()))
        };
        names.filter_map(held).collect()
    }

    fn bytes_of(&self, file: &FileEntry) -> Option<&'a [u8]> {
        if file.retained { blob(self.folder, file.digest.0.sha256).ok() } else { None }
    }
}

/// The list of everything that the decision read.
fn materials(folder: &Folder, decision: &GateDecision) -> Result<MaterialsList, String> {
    let bytes = blob(folder, decision.materials.digest.sha256)?;
    let list: MaterialsList = json::read(bytes).map_err(|fault| format!("the materials: {fault}"))?;
    if !list.is_known() {
        return Err("the materials are of a version that this program does not read".to_owned());
    }
    if list.counts() != decision.materials.counts {
        return Err("the materials hold more or less than the statement counts".to_owned());
    }
    Ok(list)
}

fn blob(folder: &Folder, digest: Digest) -> Result<&[u8], String> {
    let name = blob_name(digest);
    let bytes = verify::stored(folder, &name)?;
    if Digest::of(bytes) == digest { Ok(bytes) } else { Err(format!("{name} was changed")) }
}

/// Where a blob is.
pub(super) fn blob_name(digest: Digest) -> String {
    format!("{BLOBS}{}", digest.hex())
}
