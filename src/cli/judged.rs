//! What judges: configuration, profile, service file, policies, exceptions, allowed signers and signatures, each through [`JudgingFiles`].
//!
//! What must stay true: nothing in here opens a file by itself, so that a change request cannot bring its own judge.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::error::CliError;
use super::io::PathKind;
use super::judging::JudgingFiles;
use super::policies::{Policies, ShippedExceptions};
use crate::exceptions::{self, AllowedSigners, Approvers, Record, RevokedKeys};
use crate::facts::{CodeOwners, CodeOwnersFile, Dialect, PLACES};
use crate::model::exception::Origin;
use crate::model::profile::Profile;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::policy::{self, Layer};
use crate::strict::{self, Fault, Faults, ServiceFile};

/// The configuration that is read where no other is named.
pub const DEFAULT_CONFIG: &str = "countersign.yaml";

/// A file that was read: a material of the evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Its path as given.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// A value, and the files that it was read from.
#[derive(Clone, Debug)]
pub struct Loaded<T> {
    /// The value.
    pub value: T,
    /// The files.
    pub files: Vec<File>,
}

impl<T> Loaded<T> {
    fn one(value: T, path: &Path, bytes: Vec<u8>) -> Self {
        Self { value, files: vec![File { path: path.to_string_lossy().into_owned(), bytes }] }
    }
}

/// Reads the configuration: the file that was named, else the default one where it exists.
///
/// # Errors
/// It was named and is not there, or it is not sound: exit 3.
pub fn config(named: Option<&Path>, judging: &JudgingFiles) -> Result<Loaded<Config>, CliError> {
    let path = named.unwrap_or(Path::new(DEFAULT_CONFIG));
    match judging.read(path)? {
        Some(bytes) => Ok(Loaded::one(Config::read(&judging.describe(path), &bytes)?, path, bytes)),
        None if named.is_none() => Ok(Loaded { value: Config::default(), files: Vec::new() }),
        None => Err(missing(path, judging)),
    }
}

/// True when a profile is given as a file and not by a built-in name.
#[must_use]
pub fn is_path(profile: &str) -> bool {
    profile.contains(['/', '\\', '.'])
}

/// The profile in force: the one that was named, held against the one that came with an organisation's or a team's policies; else
/// that one, else the default.
///
/// # Errors
/// There is none of that name, it is not sound, or it moves what a layer above does not let it move: exit 3.
pub fn profile(
    named: Option<&str>,
    policies: Option<&Policies>,
    judging: &JudgingFiles,
) -> Result<Loaded<Profile>, CliError> {
    let shipped = policies.and_then(|policies| Some((&policies.bundle, policies.profile.as_ref()?)));
    match (named, shipped) {
        (None, Some((_, above))) => Ok(Loaded::one(above.profile.clone(), Path::new(&above.path), above.bytes.clone())),
        (named, None) => named_profile(named.unwrap_or("default"), judging),
        (Some(name), Some((bundle, above))) => {
            let mut loaded = named_profile(name, judging)?;
            let lower = loaded.files.first().map_or(name, |file| file.path.as_str());
            bundle
                .lay_profile((&above.path, above.layer, &above.profile), (lower, Layer::Repository, &loaded.value))?;
            loaded.files.push(File { path: above.path.clone(), bytes: above.bytes.clone() });
            Ok(loaded)
        }
    }
}

fn named_profile(name: &str, judging: &JudgingFiles) -> Result<Loaded<Profile>, CliError> {
    if is_path(name) {
        let path = Path::new(name);
        let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
        let value = strict::profile(&judging.describe(path), &bytes)?;
        return Ok(Loaded::one(value, path, bytes));
    }
    let Some(text) = policy::profile(name) else {
        let known: Vec<_> = policy::profiles().collect();
        return Err(CliError::input(format!("there is no built-in profile `{name}`"))
            .hint(format!("one of {}, or a path like ./profile.yaml", known.join(", "))));
    };
    let path = format!("builtin/profiles/{name}.yaml");
    let value = strict::profile(&path, text.as_bytes())?;
    Ok(Loaded::one(value, Path::new(&path), text.as_bytes().to_vec()))
}

/// Reads the service file; without one the service is open to the public and nobody's.
///
/// # Errors
/// It is not there or not sound: exit 3.
pub fn service(path: Option<&Path>, judging: &JudgingFiles) -> Result<Loaded<ServiceFile>, CliError> {
    let Some(path) = path else { return Ok(Loaded { value: ServiceFile::default(), files: Vec::new() }) };
    let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
    Ok(Loaded::one(strict::service(&judging.describe(path), &bytes)?, path, bytes))
}

/// Reads CODEOWNERS: the file that was named, else the first of those where the platforms look.
///
/// # Errors
/// It was named and is not there, or it is not UTF-8: exit 3.
pub fn codeowners(named: Option<&Path>, judging: &JudgingFiles) -> Result<Loaded<Option<CodeOwnersFile>>, CliError> {
    let places = match named {
        Some(path) => vec![path.to_owned()],
        None => PLACES.iter().map(|place| judging.from_root(place)).collect(),
    };
    for path in places {
        if judging.kind(&path)? != PathKind::File {
            continue;
        }
        let shown = judging.name(&path);
        let bytes = judging.read(&path)?.ok_or_else(|| missing(&path, judging))?;
        let text = std::str::from_utf8(&bytes)
            .map_err(|_| CliError::input(format!("{shown}: not UTF-8")).hint("save the file as UTF-8"))?;
        let owners = CodeOwners::parse(text, Dialect::of(&shown, text));
        let file = CodeOwnersFile { path: shown.as_str().into(), owners };
        return Ok(Loaded::one(Some(file), Path::new(&shown), bytes));
    }
    match named {
        Some(path) => Err(missing(path, judging)),
        None => Ok(Loaded { value: None, files: Vec::new() }),
    }
}

/// Reads every exception record.
///
/// # Errors
/// A file is not there, or a record has a fault of form: exit 3, all faults together.
pub fn exceptions(
    paths: &[PathBuf],
    shipped: &[ShippedExceptions],
    judging: &JudgingFiles,
) -> Result<Loaded<Vec<Record>>, CliError> {
    let (records, faults) = examined_exceptions(paths, shipped, judging)?;
    if faults.is_empty() { Ok(records) } else { Err(Faults::new(faults).into()) }
}

/// As [`exceptions`], but faults of form are given back beside the records that have none.
///
/// # Errors
/// A file is not there: exit 3.
pub fn examined_exceptions(
    paths: &[PathBuf],
    shipped: &[ShippedExceptions],
    judging: &JudgingFiles,
) -> Result<(Loaded<Vec<Record>>, Vec<Fault>), CliError> {
    let mut files = Vec::new();
    let mut sources = Vec::new();
    for path in paths {
        let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
        sources.push((judging.describe(path), bytes.clone()));
        files.push(File { path: path.to_string_lossy().into_owned(), bytes });
    }
    let own = sources.iter().map(|(name, bytes)| (Origin::Repository, name.as_str(), bytes.as_slice()));
    let carried =
        shipped.iter().map(|shipped| (Origin::Organisation, shipped.path.as_str(), shipped.files.records.as_bytes()));
    let (records, faults) = exceptions::examine_all(carried.chain(own));
    Ok((Loaded { value: records, files }, faults))
}

/// What came of the signed approvals, and what was read for it.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// Who may sign; absent where no file was given.
    pub allowed: Option<AllowedSigners>,
    /// By the record's id.
    pub approvers: BTreeMap<Untrusted, Approvers>,
    /// The allowed signers, and the keys that are revoked.
    pub signers: Vec<File>,
    /// The signatures.
    pub signatures: Vec<File>,
    /// What verifies them, where allowed signers are named.
    pub trust: Option<Trust>,
}

/// Who may sign, and what was signed: enough to verify the approvals as of any instant.
#[derive(Clone, Debug)]
pub struct Trust {
    signers: AllowedSigners,
    /// Id of a record → name of a signature file → its bytes.
    signatures: BTreeMap<Untrusted, BTreeMap<Untrusted, Vec<u8>>>,
}

impl Trust {
    /// What comes of the approvals of these records, for this repository, at this instant.
    #[must_use]
    pub fn approvers(
        &self,
        records: &[Record],
        repository: Option<&str>,
        now: Timestamp,
    ) -> BTreeMap<Untrusted, Approvers> {
        let none = BTreeMap::new();
        let judge = |record: &Record| {
            let signatures = self.signatures.get(record.id()).unwrap_or(&none);
            let approvers = exceptions::verified_approvers(record, repository, signatures, &self.signers, now);
            (record.id().clone(), approvers)
        };
        records.iter().map(judge).collect()
    }
}

/// The files that say who may sign, as they were named.
#[derive(Clone, Debug, Default)]
pub struct SignerFiles {
    /// OpenSSH's `allowed_signers`.
    pub allowed: Option<PathBuf>,
    /// OpenSSH's revocation list.
    pub revoked: Option<PathBuf>,
}

/// Reads who may sign; `None` where nobody is named.
///
/// # Errors
/// A file is not there or not sound: exit 3. Keys are revoked that nobody lists: a usage error.
pub fn allowed_signers(
    named: &SignerFiles,
    judging: &JudgingFiles,
) -> Result<Option<Loaded<AllowedSigners>>, CliError> {
    let Some(path) = &named.allowed else {
        return match &named.revoked {
            None => Ok(None),
            Some(_) => Err(CliError::usage("revoked keys without allowed signers")
                .hint("give --allowed-signers too: without it no signature counts")),
        };
    };
    let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
    let shown = judging.describe(path);
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| CliError::input(format!("{shown}: not UTF-8")).hint("save the file as UTF-8"))?;
    let signers = AllowedSigners::parse(text).map_err(|error| {
        CliError::input(format!("{shown}: {error}")).hint("write it as ssh-keygen(1) says under ALLOWED SIGNERS")
    })?;
    let mut loaded = Loaded::one(signers, path, bytes);
    if let Some(path) = &named.revoked {
        let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
        let revoked = RevokedKeys::parse(&bytes).map_err(|error| {
            CliError::input(format!("{}: {error}", judging.describe(path)))
                .hint("make it with ssh-keygen -k from public keys, or list public keys, one a line")
        })?;
        loaded.value = loaded.value.without(revoked);
        loaded.files.push(File { path: path.to_string_lossy().into_owned(), bytes });
    }
    Ok(Some(loaded))
}

/// Verifies the signed approvals of all records; without allowed signers none counts as signed. A signature lies beside its
/// record, and where it does not, the approval does not count.
///
/// # Errors
/// The allowed signers are not there or not sound, or a signature cannot be read: exit 3.
pub fn approvals(
    named: &SignerFiles,
    (paths, shipped): (&[PathBuf], &[ShippedExceptions]),
    records: &[Record],
    (repository, now): (Option<&str>, Timestamp),
    judging: &JudgingFiles,
) -> Result<Approvals, CliError> {
    let mut approvals = Approvals::default();
    let Some(signers) = allowed_signers(named, judging)? else { return Ok(approvals) };
    approvals.signers = signers.files;
    let mut trust = Trust { signers: signers.value, signatures: BTreeMap::new() };
    let places: BTreeMap<String, &PathBuf> = paths.iter().map(|path| (judging.describe(path), path)).collect();
    for record in records {
        let beside = places.get(record.file.as_raw()).and_then(|path| path.parent()).unwrap_or(Path::new(""));
        let mut signatures = BTreeMap::new();
        if record.origin == Origin::Organisation {
            let carried = shipped.iter().find(|shipped| record.file == shipped.path.as_str());
            for name in record.signature_files() {
                if let Some(text) = carried.and_then(|shipped| shipped.files.signatures.get(name.as_raw())) {
                    let bytes = text.as_bytes().to_vec();
                    approvals.signatures.push(File { path: record.beside(name), bytes: bytes.clone() });
                    signatures.insert(name.clone(), bytes);
                }
            }
            trust.signatures.insert(record.id().clone(), signatures);
            continue;
        }
        for name in record.signature_files() {
            let path = beside.join(name.as_raw());
            if let Some(bytes) = judging.read(&path)? {
                approvals.signatures.push(File { path: path.to_string_lossy().into_owned(), bytes: bytes.clone() });
                signatures.insert(name.clone(), bytes);
            }
        }
        trust.signatures.insert(record.id().clone(), signatures);
    }
    approvals.allowed = Some(trust.signers.clone());
    approvals.approvers = trust.approvers(records, repository, now);
    approvals.trust = Some(trust);
    Ok(approvals)
}

fn missing(path: &Path, judging: &JudgingFiles) -> CliError {
    CliError::input(format!("{}: no such file", judging.describe(path)))
        .hint("check the path; in a change request it must be on the target branch already")
}
