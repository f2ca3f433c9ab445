//! What judges: configuration, profile, service file, policies, exceptions, allowed signers and signatures, each through [`JudgingFiles`].
//!
//! What must stay true: nothing in here opens a file by itself, so that a change request cannot bring its own judge.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::config::Config;
use super::error::CliError;
use super::io::PathKind;
use super::judging::JudgingFiles;
use crate::exceptions::{self, AllowedSigners, Approvers, Record};
use crate::facts::{CodeOwners, CodeOwnersFile, Dialect, PLACES};
use crate::model::profile::Profile;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::policy::{self, Bundle, Layer, PolicyFile};
use crate::strict::{self, ServiceFile};

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

/// Reads a built-in profile by name, or a profile file.
///
/// # Errors
/// There is none of that name, or it is not sound: exit 3.
pub fn profile(name: &str, judging: &JudgingFiles) -> Result<Loaded<Profile>, CliError> {
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

/// Reads the policies: the built-in pack, and every policy and data file below the given paths.
///
/// # Errors
/// Nothing is there, or a policy is refused: exit 3.
pub fn policies(
    paths: &[PathBuf],
    namespaces: &[String],
    builtin: bool,
    judging: &JudgingFiles,
) -> Result<Loaded<Bundle>, CliError> {
    let mut policies = if builtin { policy::builtin() } else { Vec::new() };
    for path in paths {
        let found: Vec<PathBuf> = match judging.kind(path)? {
            PathKind::Missing => return Err(missing(path, judging)),
            PathKind::File => vec![path.clone()],
            PathKind::Directory => {
                judging.list(path)?.into_iter().filter(|file| is_policy(file) || is_data(file)).collect()
            }
        };
        if !found.iter().any(|file| is_policy(file) || is_data(file)) {
            return Err(CliError::input(format!("{}: holds neither policy nor data", judging.describe(path)))
                .hint("policies are files that end in .rego, data is in data.json or data.yaml"));
        }
        for (file, bytes) in found.iter().zip(judging.read_all(&found)?) {
            let shown = judging.describe(file);
            let source = String::from_utf8(bytes).map_err(|_| {
                CliError::input(format!("{shown}: a policy must be UTF-8 text")).hint("save the file as UTF-8")
            })?;
            policies.push(PolicyFile { path: judging.name(file), layer: Layer::Given, source: source.into() });
        }
    }
    let bundle = Bundle::load(policies, namespaces)?;
    let files = bundle
        .files
        .iter()
        .map(|file| File { path: file.path.clone(), bytes: file.source.as_bytes().to_vec() })
        .collect();
    Ok(Loaded { value: bundle, files })
}

/// A policy, and not its test.
fn is_policy(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let name = name.to_ascii_lowercase();
    name.ends_with(".rego") && !name.ends_with("_test.rego")
}

fn is_data(file: &Path) -> bool {
    matches!(file.file_name().and_then(|name| name.to_str()), Some("data.json" | "data.yaml" | "data.yml"))
}

/// Reads every exception record.
///
/// # Errors
/// A file is not there, or a record has a fault of form: exit 3, all faults together.
pub fn exceptions(paths: &[PathBuf], judging: &JudgingFiles) -> Result<Loaded<Vec<Record>>, CliError> {
    let mut files = Vec::new();
    let mut sources = Vec::new();
    for path in paths {
        let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
        sources.push((judging.describe(path), bytes.clone()));
        files.push(File { path: path.to_string_lossy().into_owned(), bytes });
    }
    let records = exceptions::read(sources.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())))?;
    Ok(Loaded { value: records, files })
}

/// What came of the signed approvals, and what was read for it.
#[derive(Clone, Debug, Default)]
pub struct Approvals {
    /// By the record's id.
    pub approvers: BTreeMap<Untrusted, Approvers>,
    /// The allowed signers.
    pub signers: Vec<File>,
    /// The signatures.
    pub signatures: Vec<File>,
}

/// Verifies the signed approvals of all records; without allowed signers none counts as signed. A signature lies beside its
/// record, and where it does not, the approval does not count.
///
/// # Errors
/// The allowed signers are not there or not sound, or a signature cannot be read: exit 3.
pub fn approvals(
    signers: Option<&Path>,
    paths: &[PathBuf],
    records: &[Record],
    (repository, now): (Option<&str>, Timestamp),
    judging: &JudgingFiles,
) -> Result<Approvals, CliError> {
    let mut approvals = Approvals::default();
    let Some(path) = signers else { return Ok(approvals) };
    let bytes = judging.read(path)?.ok_or_else(|| missing(path, judging))?;
    let shown = judging.describe(path);
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| CliError::input(format!("{shown}: not UTF-8")).hint("save the file as UTF-8"))?;
    let signers = AllowedSigners::parse(text).map_err(|error| {
        CliError::input(format!("{shown}: {error}")).hint("write it as ssh-keygen(1) says under ALLOWED SIGNERS")
    })?;
    approvals.signers.push(File { path: path.to_string_lossy().into_owned(), bytes });
    let places: BTreeMap<String, &PathBuf> = paths.iter().map(|path| (judging.describe(path), path)).collect();
    for record in records {
        let beside = places.get(record.file.as_raw()).and_then(|path| path.parent()).unwrap_or(Path::new(""));
        let mut signatures = BTreeMap::new();
        for name in record.signature_files() {
            let path = beside.join(name.as_raw());
            if let Some(bytes) = judging.read(&path)? {
                approvals.signatures.push(File { path: path.to_string_lossy().into_owned(), bytes: bytes.clone() });
                signatures.insert(name.clone(), bytes);
            }
        }
        let approvers = exceptions::verified_approvers(record, repository, &signatures, &signers, now);
        approvals.approvers.insert(record.id().clone(), approvers);
    }
    Ok(approvals)
}

fn missing(path: &Path, judging: &JudgingFiles) -> CliError {
    CliError::input(format!("{}: no such file", judging.describe(path)))
        .hint("check the path; in a change request it must be on the target branch already")
}
