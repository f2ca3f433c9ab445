//! What a folder keeps beside the envelopes: the blobs, found by what the statement says of them.
//!
//! What must stay true: bytes are given only where their digest is the one that was signed.

use super::materials::{FileEntry, MaterialsList, Role};
use super::predicate::gate_decision::GateDecision;
use super::statement::Statement;
use super::verify::{Folder, Verified};
use super::{BLOBS, verify};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
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

impl<'a> Kept<'a> {
    /// What is kept beside a statement.
    ///
    /// # Errors
    /// The list of materials is missing, changed, or not one that this program reads.
    pub fn of(statement: &'a Verified<Statement<GateDecision>>, folder: &'a Folder) -> Result<Self, String> {
        let decision = &statement.predicate;
        Ok(Self { folder, decision, list: materials(folder, decision)? })
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
        self.list.files.iter().filter(move |file| file.role == role).map(|file| KeptFile {
            path: &file.path,
            format: file.format.as_ref(),
            digest: file.digest.0.sha256,
            bytes: self.bytes_of(file),
        })
    }

    fn bytes_of(&self, file: &FileEntry) -> Option<&'a [u8]> {
        if file.retained { blob(self.folder, file.digest.0.sha256).ok() } else { None }
    }
}

/// The list of everything that the decision read.
pub(super) fn materials(folder: &Folder, decision: &GateDecision) -> Result<MaterialsList, String> {
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
