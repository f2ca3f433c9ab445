//! `--policy`: the embedded pack, bundles, directories and files, each in its layer, and pinned where a digest is given.
//!
//! What must stay true: nothing is loaded that a pin does not match; nothing is decided by a bundle that neither a pin nor a
//! signature holds to what it was; and policies that are not the embedded pack's run in a worker
//! of their own. Data alone does not make the pack loop.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use super::config::Config;
use super::error::CliError;
use super::evidence::public_key_in;
use super::io::{self, PathKind};
use super::judged::{File, Loaded};
use super::judging::JudgingFiles;
use super::trust::{self, TrustArgs};
use super::worker::Contained;
use crate::evidence::policy_bundle::{self, BundleSigners};
use crate::model::digest::Digest;
use crate::model::profile::Profile;
use crate::model::time::Timestamp;
use crate::policy::{self, ArchivedExceptions, Bundle, Evaluate, Layer, PolicyFile};
use crate::strict;

/// Where policies are: `[LAYER:]PATH[@sha256:…]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Source {
    /// A directory, a `.rego` file, or a bundle.
    pub path: PathBuf,
    /// Its layer, where it is not the usual one: the organisation's for a bundle, else the repository's.
    pub layer: Option<Layer>,
    /// The digest that it must have.
    pub digest: Option<Digest>,
}

impl FromStr for Source {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (place, digest) = match text.rsplit_once('@') {
            Some((place, pin)) if pin.starts_with("sha256:") => {
                let digest =
                    pin.parse().map_err(|_| format!("`{pin}` is no sha256 digest of 64 hexadecimal digits"))?;
                (place, Some(digest))
            }
            _ => (text, None),
        };
        let named = place.split_once(':').and_then(|(word, path)| {
            Layer::GIVEN.into_iter().find(|(known, _)| *known == word).map(|(_, layer)| (layer, path))
        });
        let (layer, path) = named.map_or((None, place), |(layer, path)| (Some(layer), path));
        if path.is_empty() {
            return Err(format!("`{text}` names no path"));
        }
        Ok(Self { path: path.into(), layer, digest })
    }
}

impl TryFrom<String> for Source {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

/// Who signs bundles.
#[derive(Clone, Debug, Default, Args)]
pub struct BundleArgs {
    /// A public key (PEM) that policy bundles must be signed with, in an envelope beside each (BUNDLE.dsse.json); repeatable,
    /// one of them is enough.
    #[arg(long, value_name = "PUB")]
    pub bundle_key: Vec<PathBuf>,
    /// A trust file that lists keys for policies instead.
    #[command(flatten)]
    pub trust: TrustArgs,
}

impl BundleArgs {
    /// These flags, and the configuration where they say nothing.
    #[must_use]
    pub fn or_configured(&self, config: &Config) -> Self {
        if !self.bundle_key.is_empty() || self.trust.trust.is_some() {
            return self.clone();
        }
        Self {
            bundle_key: config.bundle_keys.clone(),
            trust: TrustArgs {
                trust: config.trust.clone(),
                trust_root: config.trust_roots.clone(),
                trust_threshold: config.trust_threshold,
                trust_version: config.trust_version,
            },
        }
    }

    /// Reads the keys, where everything that judges is read.
    ///
    /// # Errors
    /// A key or trust file that is not sound: exit 3.
    pub fn proof(&self, now: Timestamp, judging: &JudgingFiles) -> Result<Proof, CliError> {
        let read = |path: &Path| {
            let missing = || CliError::input(format!("{}: no such file", judging.describe(path)));
            judging.read(path)?.ok_or_else(missing)
        };
        let key = |path: &Path| public_key_in(&judging.describe(path), &read(path)?);
        let keys = self.bundle_key.iter().map(|path| key(path)).collect::<Result<_, _>>()?;
        Ok(Proof { signers: BundleSigners { keys, list: trust::list_from(&self.trust, read, key)? }, now })
    }
}

/// What a bundle must show before anything is decided by it: the digest that it is pinned to, or a signature; where keys are
/// named, a signature always.
#[derive(Clone, Debug)]
pub struct Proof {
    signers: BundleSigners,
    now: Timestamp,
}

impl Proof {
    fn demand(&self, source: &Source, is: Digest, judging: &JudgingFiles) -> Result<(), CliError> {
        let shown = judging.describe(&source.path);
        if self.signers.is_empty() {
            return match source.digest {
                Some(_) => Ok(()),
                None => Err(CliError::input(format!(
                    "{shown}: a bundle that is neither pinned nor signed by a key that is named"
                ))
                .hint(format!(
                    "write {}@{is} where these are the right bytes, or name the key that signs it with --bundle-key",
                    source.path.display()
                ))),
            };
        }
        let beside = envelope_of(&source.path);
        let Some(envelope) = judging.read(&beside)? else {
            return Err(CliError::input(format!("{shown}: not signed: there is no {}", judging.describe(&beside)))
                .hint(
                    "`countersign policy bundle … --key KEY` writes both; or leave the keys away and pin the digest",
                ));
        };
        self.signers.verified(&envelope, is, self.now).map(|_| ()).map_err(|fault| {
            CliError::input(format!("{}: {fault}", judging.describe(&beside)))
                .hint("get bundle and envelope from whoever publishes them; what is loaded must be what was signed")
        })
    }
}

/// Where the signature of a bundle is.
#[must_use]
pub fn envelope_of(bundle: &Path) -> PathBuf {
    let mut name = bundle.as_os_str().to_owned();
    name.push(policy_bundle::SUFFIX);
    name.into()
}

/// What a source holds.
#[derive(Clone, Debug, Default)]
pub struct Read {
    /// Policies and data.
    pub files: Vec<PolicyFile>,
    /// The profile that a layer above the repository ships.
    pub profile: Option<Shipped>,
    /// The exception records that the organisation's bundle carries.
    pub exceptions: Option<ShippedExceptions>,
}

/// Exception records that came with a bundle.
#[derive(Clone, Debug)]
pub struct ShippedExceptions {
    /// Their place, like `acme.tar.gz!exceptions.yaml`.
    pub path: String,
    /// Records and signatures.
    pub files: ArchivedExceptions,
}

/// A profile that came with policies.
#[derive(Clone, Debug)]
pub struct Shipped {
    /// Its path.
    pub path: String,
    /// Whose it is.
    pub layer: Layer,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What it says.
    pub profile: Profile,
}

/// Loaded policies, and the profile that came with them.
#[derive(Debug)]
pub struct Policies {
    /// The rules.
    pub bundle: Bundle,
    /// The profile of the lowest layer that ships one.
    pub profile: Option<Shipped>,
    /// The exception records of the organisation's bundles.
    pub exceptions: Vec<ShippedExceptions>,
}

/// Reads and checks all policies.
///
/// # Errors
/// Nothing is there, a pin does not match, or a policy is refused: exit 3.
pub fn load(
    sources: &[Source],
    namespaces: &[String],
    builtin: bool,
    limit: Duration,
    (proof, judging): (&Proof, &JudgingFiles),
) -> Result<Loaded<Policies>, CliError> {
    let mut files = if builtin { policy::builtin() } else { Vec::new() };
    let (mut shipped, mut exceptions) = (Vec::new(), Vec::new());
    for source in sources {
        let read = read(source, Some(proof), judging)?;
        files.extend(read.files);
        shipped.extend(read.profile);
        exceptions.extend(read.exceptions);
    }
    let bundle = bundle(files, namespaces, limit)?;
    let profile = in_force(&bundle, shipped)?;
    let files = bundle
        .files
        .iter()
        .map(|file| File { path: file.path.clone(), bytes: file.source.as_bytes().to_vec() })
        .collect();
    Ok(Loaded { value: Policies { bundle, profile, exceptions }, files })
}

/// Loads policies: the embedded pack alone in this process, any others contained. What only says that it is built in is not.
///
/// # Errors
/// A policy is refused, or breaks the worker: exit 3. The worker cannot be started: exit 4.
pub fn bundle(files: Vec<PolicyFile>, namespaces: &[String], limit: Duration) -> Result<Bundle, CliError> {
    let ours: BTreeSet<PolicyFile> = policy::builtin().into_iter().collect();
    if files.iter().all(|file| ours.contains(file) || !file.path.ends_with(".rego")) {
        return Ok(Bundle::load(files, namespaces)?);
    }
    Bundle::load_elsewhere(files, |files| {
        let (contents, worker) = Contained::load(files, namespaces, limit)?;
        Ok((contents, Arc::new(worker) as Arc<dyn Evaluate>))
    })
}

/// The lowest of the shipped profiles, each held against the one above it.
fn in_force(bundle: &Bundle, mut shipped: Vec<Shipped>) -> Result<Option<Shipped>, CliError> {
    shipped.sort_by_key(|shipped| shipped.layer);
    let mut force: Option<Shipped> = None;
    for next in shipped {
        if let Some(above) = &force {
            if above.layer == next.layer {
                return Err(CliError::input(format!("{} and {}: two profiles of one layer", above.path, next.path))
                    .hint("ship one"));
            }
            bundle.lay_profile((&above.path, above.layer, &above.profile), (&next.path, next.layer, &next.profile))?;
        }
        force = Some(next);
    }
    Ok(force)
}

/// Reads what is at one source. Without a proof it is to be looked at, and nothing may be decided by it.
///
/// # Errors
/// Nothing is there, no policy is in it, a pin does not match, or a bundle lacks its proof: exit 3.
pub fn read(source: &Source, proof: Option<&Proof>, judging: &JudgingFiles) -> Result<Read, CliError> {
    let path = &source.path;
    match judging.kind(path)? {
        PathKind::Missing => Err(CliError::input(format!("{}: no such file", judging.describe(path)))
            .hint("check the path; in a change request it must be on the target branch already")),
        PathKind::File if is_archive(path) => archive(source, proof, judging),
        PathKind::File => plain(source, std::slice::from_ref(path), judging),
        PathKind::Directory => {
            let layer = source.layer.unwrap_or(Layer::Repository);
            let wanted = |file: &PathBuf| {
                is_policy(file) || is_data(file) || (layer != Layer::Repository && is_profile(file, path))
            };
            let found: Vec<PathBuf> = judging.list(path)?.into_iter().filter(wanted).collect();
            plain(source, &found, judging)
        }
    }
}

/// The same with the tests, for those who run them; a bundle holds none.
///
/// # Errors
/// Those of [`read`].
pub fn read_with_tests(source: &Source, judging: &JudgingFiles) -> Result<Read, CliError> {
    if judging.kind(&source.path)? != PathKind::Directory {
        return read(source, None, judging);
    }
    let wanted = |file: &PathBuf| is_rego(file) || is_data(file);
    let found: Vec<PathBuf> = judging.list(&source.path)?.into_iter().filter(wanted).collect();
    plain(source, &found, judging)
}

fn archive(source: &Source, proof: Option<&Proof>, judging: &JudgingFiles) -> Result<Read, CliError> {
    let path = &source.path;
    let bytes = judging.read_all(std::slice::from_ref(path))?.pop().unwrap_or_default();
    let digest = Digest::of(&bytes);
    pinned(source, digest, judging)?;
    if let Some(proof) = proof {
        proof.demand(source, digest, judging)?;
    }
    let layer = source.layer.unwrap_or(Layer::Organisation);
    let name = judging.name(path);
    let archive = policy::unpack(&name, layer, &bytes)?;
    let profile = match archive.profile {
        Some(text) => Some(shipped(format!("{name}!profile.yaml"), layer, text.into_bytes())?),
        None => None,
    };
    let exceptions =
        archive.exceptions.map(|files| ShippedExceptions { path: format!("{name}!{}", policy::EXCEPTIONS), files });
    if let Some(carried) = exceptions.as_ref().filter(|_| layer != Layer::Organisation) {
        return Err(CliError::input(format!("{}: only the organisation's bundle carries exceptions", carried.path))
            .hint("keep a team's records in its repositories, or give the bundle as organisation:PATH"));
    }
    Ok(Read { files: archive.files, profile, exceptions })
}

fn plain(source: &Source, found: &[PathBuf], judging: &JudgingFiles) -> Result<Read, CliError> {
    let layer = source.layer.unwrap_or(Layer::Repository);
    let is_wanted = |file: &PathBuf| is_rego(file) || is_data(file) || is_profile(file, &source.path);
    if !found.iter().any(is_wanted) {
        return Err(CliError::input(format!("{}: holds neither policy nor data", judging.describe(&source.path)))
            .hint("policies are files that end in .rego, data is in data.json or data.yaml"));
    }
    let contents = judging.read_all(found)?;
    if source.digest.is_some() {
        pinned(source, digest(&source.path, found, &contents), judging)?;
    }
    let mut read = Read::default();
    for (file, bytes) in found.iter().zip(contents) {
        let shown = judging.describe(file);
        if !is_rego(file) && !is_data(file) {
            read.profile = Some(shipped(shown, layer, bytes)?);
            continue;
        }
        let text = String::from_utf8(bytes).map_err(|_| {
            CliError::input(format!("{shown}: a policy must be UTF-8 text")).hint("save the file as UTF-8")
        })?;
        let below = file.parent().and_then(|parent| parent.strip_prefix(&source.path).ok());
        let mount = below.filter(|_| is_data(file)).map(io::slashed).unwrap_or_default();
        read.files.push(PolicyFile { path: judging.name(file), layer, mount, source: text.into() });
    }
    Ok(read)
}

/// The digest of a directory: one line `<hex of the file's SHA-256>  <path>` for each of its policies and data files, in order
/// of path; that of a file is its own.
fn digest(base: &Path, found: &[PathBuf], contents: &[Vec<u8>]) -> Digest {
    if let ([file], [bytes]) = (found, contents)
        && file == base
    {
        return Digest::of(bytes);
    }
    let mut lines: Vec<(String, String)> = found
        .iter()
        .zip(contents)
        .map(|(file, bytes)| (io::slashed(file.strip_prefix(base).unwrap_or(file)), Digest::of(bytes).hex()))
        .collect();
    lines.sort();
    Digest::of(lines.iter().map(|(path, hex)| format!("{hex}  {path}\n")).collect::<String>())
}

fn pinned(source: &Source, is: Digest, judging: &JudgingFiles) -> Result<(), CliError> {
    match source.digest {
        Some(wanted) if wanted != is => {
            let shown = judging.describe(&source.path);
            Err(CliError::input(format!("{shown}: has the digest {is}, and is pinned to {wanted}"))
                .hint("look at what changed, and pin the new digest where it is right"))
        }
        _ => Ok(()),
    }
}

fn shipped(path: String, layer: Layer, bytes: Vec<u8>) -> Result<Shipped, CliError> {
    let profile = strict::profile(&path, &bytes)?;
    Ok(Shipped { path, layer, bytes, profile })
}

fn name(file: &Path) -> &str {
    file.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

/// Whether a file is called as bundles are.
#[must_use]
pub fn is_archive(file: &Path) -> bool {
    name(file).ends_with(".tar.gz") || name(file).ends_with(".tgz")
}

/// A policy, or the test of one.
fn is_rego(file: &Path) -> bool {
    name(file).to_ascii_lowercase().ends_with(".rego")
}

/// A policy, and not its test.
fn is_policy(file: &Path) -> bool {
    is_rego(file) && !name(file).to_ascii_lowercase().ends_with("_test.rego")
}

fn is_data(file: &Path) -> bool {
    matches!(name(file), "data.json" | "data.yaml" | "data.yml")
}

/// `profile.yaml` at the top.
fn is_profile(file: &Path, base: &Path) -> bool {
    file.parent() == Some(base) && name(file) == "profile.yaml"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_says_path_layer_and_pin() {
        let hex = "ab".repeat(32);
        let source = |text: &str| text.parse::<Source>();
        let plain = |path: &str| Source { path: path.into(), layer: None, digest: None };
        assert_eq!(source("policies"), Ok(plain("policies")));
        assert_eq!(source("C:\\policies"), Ok(plain("C:\\policies")));
        assert_eq!(source("a@b/c.rego"), Ok(plain("a@b/c.rego")));
        let pinned = source(&format!("team:org/x.tar.gz@sha256:{hex}")).unwrap();
        assert_eq!((pinned.path, pinned.layer), (PathBuf::from("org/x.tar.gz"), Some(Layer::Team)));
        assert_eq!(pinned.digest.unwrap().hex(), hex);
        assert_eq!(source("a@sha256:12").unwrap_err(), "`sha256:12` is no sha256 digest of 64 hexadecimal digits");
        assert_eq!(source("team:").unwrap_err(), "`team:` names no path");
    }
}
