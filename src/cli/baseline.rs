//! `--baseline`: an earlier decision, as evidence or as its document.
//!
//! What must stay true: a baseline is believed only where something vouches for it: a signature, a digest that a person named, or
//! the branch that a change request goes to. What cannot be believed is still handed on, so that policy can say so.

use std::path::{Path, PathBuf};

use super::emergency;
use super::error::CliError;
use super::io::{self, PathKind};
use super::judged::File;
use super::judging::JudgingFiles;
use crate::evidence::keys::PublicKey;
use crate::facts::{EarlierDecision, GivenBaseline, VerifiedBy};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// What was asked for.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// A folder of evidence, or a decision document.
    pub path: Option<PathBuf>,
    /// The key that the evidence is signed with.
    pub key: Option<PathBuf>,
    /// The digest of the document.
    pub digest: Option<Digest>,
}

/// A baseline, and the document that it was read from.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// The baseline.
    pub baseline: Option<GivenBaseline>,
    /// What was read, for the evidence.
    pub file: Option<File>,
}

/// Reads the baseline.
///
/// # Errors
/// Nothing is there, or the key cannot be read: exit 3.
pub fn read(asked: &Asked, judging: &JudgingFiles, now: Timestamp) -> Result<Read, CliError> {
    let Some(path) = &asked.path else { return Ok(Read::default()) };
    let key = asked.key.as_deref().map(super::evidence::public_key).transpose()?;
    if io::kind(path) == PathKind::Directory {
        return folder(path, key.as_ref(), asked.digest, now);
    }
    let bytes = judging.read(path)?.ok_or_else(|| {
        CliError::input(format!("{}: no such file", judging.describe(path)))
            .hint("give the evidence or the decision document of the last run that the target branch accepted")
    })?;
    let vouched = judging.is_of_target_branch(path).then_some(VerifiedBy::TargetBranch);
    Ok(document(&judging.describe(path), path, bytes, vouched, asked.digest))
}

fn folder(path: &Path, key: Option<&PublicKey>, digest: Option<Digest>, now: Timestamp) -> Result<Read, CliError> {
    let place = path.display().to_string();
    let folder = super::evidence::read(path)?;
    let Some(key) = key else {
        let problem = "its evidence was not verified: no key was given (--baseline-key)";
        return Ok(refused(&place, problem));
    };
    match emergency::verified_result(&folder, key, now) {
        Some(bytes) => Ok(document(&place, path, bytes, Some(VerifiedBy::Signature), digest)),
        None => Ok(refused(&place, "its evidence does not verify with this key (countersign verify says why)")),
    }
}

fn refused(place: &str, problem: &str) -> Read {
    let baseline =
        GivenBaseline { place: place.into(), decision: None, verified_by: None, problem: Some(problem.into()) };
    Read { baseline: Some(baseline), file: None }
}

fn document(place: &str, path: &Path, bytes: Vec<u8>, vouched: Option<VerifiedBy>, digest: Option<Digest>) -> Read {
    let (verified_by, other) = match digest {
        Some(digest) if digest == Digest::of(&bytes) => (Some(VerifiedBy::Digest), None),
        Some(_) => (None, Some("it is not the document whose digest was given (--baseline-digest)")),
        None => (vouched, None),
    };
    let decision = serde_json::from_slice::<EarlierDecision>(&bytes)
        .ok()
        .filter(|decision| decision.schema.as_raw() == crate::decision::SCHEMA);
    let unreadable = decision.is_none().then_some("it is no decision document (countersign/decision/v1)");
    let problem = other.or(unreadable).map(Untrusted::from);
    let baseline = GivenBaseline { place: place.into(), decision, verified_by, problem };
    Read { baseline: Some(baseline), file: Some(File { path: path.to_string_lossy().into_owned(), bytes }) }
}
