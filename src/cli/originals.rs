//! What a decision read about the release, found again: reports by their digests, the rest in its evidence.
//!
//! What must stay true: a report is read as it was then, by the same format, or not at all; and what cannot be found is named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::error::CliError;
use super::{data, evidence, io, receipt, vex};
use crate::enrichment::{self, Knowledge};
use crate::evidence::materials::Role;
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{Folder, Kept, KeptFile, Verified};
use crate::exceptions::VexDocument;
use crate::formats::{self, Limits};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::normalise::ReadReport;
use crate::replay::Originals;

/// Every report of the decision, with the data that was added to it and the receipt that binds it, and the VEX documents; else why
/// that cannot be.
///
/// # Errors
/// The directory or a file in it cannot be read: exit 3.
pub(super) fn read(
    directory: &Path,
    statement: &Verified<Statement<GateDecision>>,
    folder: &Folder,
) -> Result<Result<Originals, String>, CliError> {
    let kept = match Kept::of(statement, folder) {
        Ok(kept) => kept,
        Err(why) => return Ok(Err(why)),
    };
    let places = Places::below(directory)?;
    let is_there = |file: &KeptFile<'_>| places.files.contains_key(&file.digest);
    let is_data = |file: &KeptFile<'_>| is_there(file) || places.directories.contains_key(&file.digest);
    let missing: Vec<String> = (kept.files(Role::Report).filter(|file| !is_there(file)))
        .chain(kept.files(Role::Enrichment).filter(|file| !is_data(file)))
        .map(|file| format!("{} ({})", file.path.line(), file.digest))
        .collect();
    if !missing.is_empty() {
        let shown = directory.display();
        return Ok(Err(format!("not below {shown}, under whatever name: {}", missing.join(", "))));
    }
    let found = |file: &KeptFile<'_>, most: u64| match places.files.get(&file.digest) {
        Some(path) => io::read(path, most),
        None => Err(CliError::internal("a report was there and is gone")),
    };
    let limits = Limits::default();
    let mut reports = Vec::new();
    for file in kept.files(Role::Report) {
        let bytes = found(&file, limits.report_bytes)?;
        let format = file.format.map(Untrusted::as_raw);
        match formats::read(&bytes, format, &limits) {
            Ok((format, parsed)) => reports.push(ReadReport {
                path: file.path.clone(),
                format: format.id,
                digest: file.digest,
                parsed,
                receipt: None,
            }),
            Err(why) => return Ok(Err(format!("{} cannot be read any more: {why}", file.path.line()))),
        }
    }
    let mut knowledge = Knowledge::default();
    // What held several kinds of data is listed once for each.
    let sets: BTreeMap<Digest, KeptFile<'_>> = kept.files(Role::Enrichment).map(|file| (file.digest, file)).collect();
    for (digest, file) in &sets {
        let directory = places.directories.get(digest).map(Vec::as_slice);
        let one = places.files.get(digest).map(std::slice::from_ref);
        for path in one.or(directory).unwrap_or_default() {
            if let Err(why) = enrichment::read(&io::read(path, enrichment::FILE_BYTES)?, &mut knowledge) {
                return Ok(Err(format!("{} cannot be read any more: {why}", file.path.line())));
            }
        }
    }
    knowledge.enrich(reports.iter_mut().map(|report| &mut report.parsed));
    let mut receipts = Vec::new();
    for file in kept.files(Role::Receipt) {
        match file.held().and_then(receipt::parse) {
            Ok(more) => receipts.extend(more),
            Err(why) => return Ok(Err(format!("{}: {why}", file.path.line()))),
        }
    }
    receipt::bind(&mut reports, receipts)?;
    Ok(statements(&kept).map(|vex| Originals { reports, vex }))
}

/// What lies below a directory, by its digest.
struct Places {
    files: BTreeMap<Digest, PathBuf>,
    /// The files of each directory.
    directories: BTreeMap<Digest, Vec<PathBuf>>,
}

impl Places {
    fn below(top: &Path) -> Result<Self, CliError> {
        let mut files = BTreeMap::new();
        let mut within: BTreeMap<&Path, BTreeMap<String, Digest>> = BTreeMap::new();
        let paths = io::files_below(top)?;
        for path in &paths {
            let digest = evidence::digest_of_file(path)?;
            files.entry(digest).or_insert_with(|| path.clone());
            for directory in path.ancestors().skip(1).take_while(|directory| directory.starts_with(top)) {
                let name = io::slashed(path.strip_prefix(directory).unwrap_or(path));
                within.entry(directory).or_default().insert(name, digest);
            }
        }
        let directories = within
            .into_iter()
            .map(|(directory, names)| {
                let files = names.keys().map(|name| directory.join(name)).collect();
                (data::digest_of_directory(&names), files)
            })
            .collect();
        Ok(Self { files, directories })
    }
}

/// The VEX documents as they were kept; the same bytes count once.
fn statements(kept: &Kept<'_>) -> Result<Vec<VexDocument>, String> {
    let mut seen = BTreeSet::new();
    let mut documents = Vec::new();
    for file in kept.files(Role::Vex).filter(|file| seen.insert(file.digest)) {
        // Where it lay is for the facts to say.
        let parsed = file.held().and_then(|bytes| vex::parse(file.path.clone(), false, bytes));
        documents.push(parsed.map_err(|why| format!("{}: {why}", file.path.line()))?);
    }
    Ok(documents)
}
