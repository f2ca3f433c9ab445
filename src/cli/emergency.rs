//! Records of emergencies and of their reviews, and the evidence of earlier decisions that says which reviews are owed.
//!
//! What must stay true: nothing of a record counts but what its signatures cover, and nothing of earlier evidence but what was
//! verified with the key that was given.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::args::{EmergencyCommand, EmergencyShowArgs};
use super::error::CliError;
use super::{change, evidence, io, output};
use crate::evidence::keys::PublicKey;
use crate::evidence::{BLOBS, Demands, Folder, Trust, Verdict, verify};
use crate::exceptions::{AllowedSigners, EmergencyRecord};
use crate::facts::{GivenClosing, History, Owed};
use crate::model::emergency::{Emergency, Signers};
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// A file that was read: a material of the evidence.
#[derive(Clone, Debug)]
pub struct Read {
    /// Its path as given.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The records that were given.
#[derive(Clone, Debug, Default)]
pub struct Given {
    /// The one emergency, and who signed it.
    pub emergency: Option<(Emergency, Signers)>,
    /// Reviews of earlier ones.
    pub closings: Vec<GivenClosing>,
    /// The records' files.
    pub records: Vec<Read>,
    /// Their signatures.
    pub signatures: Vec<Read>,
}

/// Reads and verifies the records; a signature lies beside its record, and where it does not, it does not count.
///
/// # Errors
/// A record is missing or not sound, or more than one emergency is given: exit 3.
pub fn read(
    paths: &[PathBuf],
    signers: Option<&AllowedSigners>,
    repository: Option<&str>,
    now: Timestamp,
) -> Result<Given, CliError> {
    let mut given = Given::default();
    for path in paths {
        let bytes = io::read(path, io::OWN_FILE_BYTES)?;
        let record = EmergencyRecord::read(&path.display().to_string(), &bytes)?;
        given.records.push(Read { path: path.clone(), bytes });
        let mut files = BTreeMap::new();
        for signed in record.signatures() {
            let path = path.parent().unwrap_or(Path::new("")).join(signed.signature.as_raw());
            if io::kind(&path) == io::PathKind::File {
                let bytes = io::read(&path, io::OWN_FILE_BYTES)?;
                given.signatures.push(Read { path, bytes: bytes.clone() });
                files.insert(signed.signature.clone(), bytes);
            }
        }
        let signed = match signers {
            Some(signers) => record.signers(repository, &files, signers, now),
            None => Signers {
                verified: Vec::new(),
                refused: record.signatures().iter().map(|s| unverifiable(&s.by)).collect(),
            },
        };
        match record {
            EmergencyRecord::Closing(record) => given.closings.push(GivenClosing { record, signers: signed }),
            EmergencyRecord::Emergency(_) if given.emergency.is_some() => {
                return Err(CliError::input(format!("{}: a second emergency", path.display()))
                    .hint("a release is one emergency at most"));
            }
            EmergencyRecord::Emergency(record) => given.emergency = Some((*record, signed)),
        }
    }
    Ok(given)
}

fn unverifiable(by: &Untrusted) -> Untrusted {
    Untrusted::new(format!("{}: no allowed signers were given (--allowed-signers)", by.as_raw()))
}

/// The parts of a decision document that later releases need.
#[derive(Deserialize)]
struct Earlier {
    #[serde(default)]
    obligations: Vec<EarlierObligation>,
}

#[derive(Deserialize)]
struct EarlierObligation {
    id: Untrusted,
    what: Untrusted,
    owner: Untrusted,
    #[serde(default)]
    by: Option<Untrusted>,
    due: Date,
}

/// Reads the evidence of earlier decisions below these directories. Only those about this repository and environment count.
///
/// # Errors
/// A directory or the key cannot be read: exit 3; directories without a key: exit 2.
pub fn history(
    directories: &[PathBuf],
    key: Option<&Path>,
    repository: Option<&Untrusted>,
    environment: &Untrusted,
    now: Timestamp,
) -> Result<Option<History>, CliError> {
    if directories.is_empty() {
        return Ok(None);
    }
    let key = key.ok_or_else(|| {
        CliError::usage("--history without --history-key")
            .hint("give the public key that the earlier evidence is signed with")
    })?;
    let key = evidence::public_key(key)?;
    let demands = Demands::of_any_decision(Trust::Key(&key), now);
    let mut history = History::default();
    for directory in directories {
        if io::kind(directory) != io::PathKind::Directory {
            return Err(CliError::input(format!("{}: no such directory", directory.display()))
                .hint("give the directory that --evidence wrote to; an empty one before the first release"));
        }
        for folder in folders(directory)? {
            let place = folder.display().to_string();
            match earlier(&evidence::read(&folder)?, &demands) {
                Some((found, earlier)) => {
                    if found.repository.as_ref() != repository || found.environment != *environment {
                        continue;
                    }
                    history.decisions += 1;
                    history.newest = history.newest.max(Some(found.at));
                    history.obligations.extend(earlier.obligations.into_iter().map(|obligation| Owed {
                        id: obligation.id,
                        what: obligation.what,
                        owner: obligation.owner,
                        by: obligation.by,
                        due: obligation.due,
                        decision: found.id.clone(),
                    }));
                }
                None => history.unverified.push(place.into()),
            }
        }
    }
    history.unverified.sort();
    history.obligations.sort();
    Ok(Some(history))
}

/// The decision document of an evidence folder that holds; `None` where it does not.
#[must_use]
pub fn verified_result(folder: &Folder, key: &PublicKey, now: Timestamp) -> Option<Vec<u8>> {
    let verification = verify(folder, &Demands::of_any_decision(Trust::Key(key), now));
    if verification.verdict == Verdict::Failed {
        return None;
    }
    let result = verification.statement?.predicate.result.sha256.hex();
    folder.files.get(&format!("{BLOBS}{result}"))?.bytes.clone()
}

/// What a verified decision was about.
struct Found {
    id: Untrusted,
    at: Timestamp,
    repository: Option<Untrusted>,
    environment: Untrusted,
}

fn earlier(folder: &Folder, demands: &Demands<'_>) -> Option<(Found, Earlier)> {
    let verification = verify(folder, demands);
    if verification.verdict == Verdict::Failed {
        return None;
    }
    let statement = verification.statement?;
    let decision = &statement.predicate;
    let blob = folder.files.get(&format!("{BLOBS}{}", decision.result.sha256.hex()))?;
    let document: Earlier = serde_json::from_slice(blob.bytes.as_deref()?).ok()?;
    let found = Found {
        id: decision.decision_id.clone(),
        at: decision.evaluation_time,
        repository: decision.target.repository.clone(),
        environment: decision.target.environment.clone(),
    };
    Some((found, document))
}

/// The evidence folders at or directly below a directory, sorted. Whatever else lies there is taken for one, and does not verify.
pub(super) fn folders(directory: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut folders: Vec<PathBuf> = Vec::new();
    for file in io::files_below(directory)? {
        let inside = file.strip_prefix(directory).unwrap_or(&file);
        let mut parts = inside.iter();
        let (first, second) = (parts.next(), parts.next());
        let folder = match (first, second) {
            (Some(first), Some(_)) => directory.join(first),
            _ => directory.to_owned(),
        };
        if folder == directory && !directory.join("decision.dsse.json").exists() {
            continue;
        }
        let folder = if directory.join("decision.dsse.json").exists() { directory.to_owned() } else { folder };
        if folders.last() != Some(&folder) {
            folders.push(folder);
        }
    }
    folders.sort();
    folders.dedup();
    Ok(folders)
}

/// Runs one of the commands about emergencies.
///
/// # Errors
/// The record is not sound, or the repository is not known: exit 3 or 2.
pub fn run(command: &EmergencyCommand) -> Result<u8, CliError> {
    let EmergencyCommand::Show(args) = command;
    let bytes = io::read(&args.record, io::OWN_FILE_BYTES)?;
    let record = EmergencyRecord::read(&args.record.display().to_string(), &bytes)?;
    output::print(&record.signed_bytes(Some(&repository(args)?))).map(|()| 0)
}

fn repository(args: &EmergencyShowArgs) -> Result<String, CliError> {
    if let Some(repository) = &args.repository {
        return Ok(repository.clone());
    }
    let seen = change::see("auto", &io::environment(), &io::working_directory()?, None)?;
    seen.change.repository.map(Untrusted::into_raw).ok_or_else(|| {
        CliError::usage("neither CI nor git tells the repository that the record is for")
            .hint("give --repository OWNER/NAME")
    })
}
