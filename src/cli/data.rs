//! `--data`: from paths to what is known of vulnerabilities.
//!
//! What must stay true: data judges, so a change request reads it from where every judging input comes from; each set is listed
//! with its own date and digest; a file that is no data is an error.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::error::CliError;
use super::io::{self, PathKind};
use super::judging::JudgingFiles;
use crate::enrichment::{self, DataError, Knowledge, Parts};
use crate::model::digest::Digest;
use crate::model::enrichment::DataSet;
use crate::model::report::Sha256Field;
use crate::model::text::Untrusted;

/// Files of a directory that are in memory at once.
const AT_ONCE: usize = 64;

/// What was given, read.
#[derive(Debug, Default)]
pub struct Given {
    /// What it says.
    pub knowledge: Knowledge,
    /// What it is, with the bytes of its files.
    pub sets: Vec<(DataSet, u64)>,
}

/// Reads all data, every fault reported together.
///
/// # Errors
/// Something is missing, is no data or is not sound: exit 3.
pub fn read(paths: &[PathBuf], judging: &JudgingFiles) -> Result<Given, CliError> {
    let mut given = Given::default();
    let mut faults = Vec::new();
    for path in paths {
        match read_one(path, judging, &mut given.knowledge) {
            Ok(sets) => given.sets.extend(sets),
            Err(fault) => faults.push(fault),
        }
    }
    given.sets.sort();
    CliError::all(faults).map_or(Ok(given), Err)
}

fn read_one(path: &Path, judging: &JudgingFiles, known: &mut Knowledge) -> Result<Vec<(DataSet, u64)>, CliError> {
    let is_directory = judging.kind(path)? == PathKind::Directory;
    let files = judging.list(path)?;
    if files.is_empty() {
        return Err(CliError::input(format!("{}: the directory holds no file", judging.describe(path)))
            .hint("see whether the download went well"));
    }
    let mut parts = Parts::default();
    let mut bytes = 0_u64;
    let mut names = BTreeMap::new();
    let mut digest = Digest::of(b"");
    for some in files.chunks(AT_ONCE) {
        for (file, content) in some.iter().zip(judging.read_all_up_to(some, enrichment::FILE_BYTES)?) {
            let read = enrichment::read(&content, known).map_err(|error| refused(&judging.describe(file), &error))?;
            parts.extend(&read);
            bytes = bytes.saturating_add(u64::try_from(content.len()).unwrap_or(u64::MAX));
            digest = Digest::of(&content);
            names.insert(io::slashed(file.strip_prefix(path).unwrap_or(file)), digest);
        }
    }
    let digest = Sha256Field(if is_directory { digest_of_directory(&names) } else { digest });
    let shown = Untrusted::new(judging.name(path));
    let set = |(source, part): (_, enrichment::Part)| {
        let data = DataSet { source, path: shown.clone(), date: part.date, digest, entries: part.entries };
        (data, bytes)
    };
    Ok(parts.iter().map(set).collect())
}

/// The digest of a directory: over a line for each of its files, with digest and name, in order of the names.
pub(super) fn digest_of_directory(names: &BTreeMap<String, Digest>) -> Digest {
    let mut lines = String::new();
    for (name, digest) in names {
        // Writing to a string cannot fail.
        let _ = writeln!(lines, "{}  {name}", digest.hex());
    }
    Digest::of(&lines)
}

fn refused(shown: &str, error: &DataError) -> CliError {
    let hint = match error {
        DataError::Unknown => {
            "give a KEV catalogue (JSON), EPSS scores (CSV or JSON) or OSV records (JSON, zip, tar.gz); docs/DATA.md says where they are"
        }
        DataError::TooLarge { .. } => "give only what your packages need; docs/LIMITS.md lists the limits",
        DataError::NotText(_) | DataError::Malformed { .. } | DataError::InArchive { .. } => {
            "download it again: what is cut off or changed would leave vulnerabilities out"
        }
    };
    CliError::input(format!("{shown}: {error}")).hint(hint)
}
