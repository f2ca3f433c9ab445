//! `--vex`: VEX documents, each through [`JudgingFiles`].
//!
//! What must stay true: a document judges, so a change request reads it from where every judging input comes from.

use std::path::{Path, PathBuf};

use super::error::CliError;
use super::judged::{File, Loaded};
use super::judging::JudgingFiles;
use crate::exceptions::VexDocument;
use crate::formats::{self, Limits};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;

/// The formats that hold statements.
const FORMATS: [&str; 3] = ["csaf", "cyclonedx", "openvex"];

/// Reads every document, in order of path and digest; the same bytes count once.
///
/// # Errors
/// One is missing, or is no VEX document that can be read: exit 3, all faults together.
pub fn read(paths: &[PathBuf], judging: &JudgingFiles) -> Result<Loaded<Vec<VexDocument>>, CliError> {
    let mut loaded = Loaded { value: Vec::new(), files: Vec::new() };
    let mut faults = Vec::new();
    for path in paths {
        let files = judging.list(path)?;
        for (file, bytes) in files.iter().zip(judging.read_all(&files)?) {
            match document(file, judging, &bytes) {
                Ok(document) => loaded.value.push(document),
                Err(fault) => faults.push(fault),
            }
            loaded.files.push(File { path: judging.name(file), bytes });
        }
    }
    loaded.value.sort_by(|a, b| (&a.path, a.digest).cmp(&(&b.path, b.digest)));
    let mut seen = std::collections::BTreeSet::new();
    loaded.value.retain(|document| seen.insert(document.digest));
    CliError::all(faults).map_or(Ok(loaded), Err)
}

fn document(file: &Path, judging: &JudgingFiles, bytes: &[u8]) -> Result<VexDocument, CliError> {
    parse(judging.name(file).into(), judging.is_outside_of_request(file), bytes).map_err(|why| {
        let shown = judging.describe(file);
        CliError::input(format!("{shown}: {why}")).hint("give an OpenVEX, CSAF or CycloneDX document; docs/VEX.md")
    })
}

/// One document from its bytes.
pub(super) fn parse(path: Untrusted, outside: bool, bytes: &[u8]) -> Result<VexDocument, String> {
    let (format, parsed) = formats::read(bytes, None, &Limits::default()).map_err(|error| error.to_string())?;
    if !FORMATS.contains(&format.id) {
        return Err(format!("is no VEX document, but {}", format.title));
    }
    Ok(VexDocument {
        path,
        outside,
        format: format.id.into(),
        digest: Digest::of(bytes),
        issued: parsed.finished_at,
        statements: parsed.vex,
        not_understood: u64::try_from(parsed.not_understood.len()).unwrap_or(u64::MAX),
    })
}
