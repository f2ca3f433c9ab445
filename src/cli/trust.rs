//! `key trust`: the trust file, changed by whoever holds a root key, and what `verify` needs of it.
//!
//! What must stay true: every change is a new version, signed before it is written, and no key that was ever trusted leaves the
//! file.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand, ValueEnum};

use super::error::CliError;
use super::evidence::public_key;
use super::signing::{Secret, private_key};
use super::{io, output, timestamps};
use crate::evidence::Trust;
use crate::evidence::keys::{PrivateKey, PublicKey};
use crate::evidence::trust::{self, KeyRole, Roots, TimestampRoot, TrustFault, TrustList, TrustedKey};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// The largest trust file.
const TRUST_BYTES: u64 = 1 << 20;

/// How long a new version holds, in days, where nobody says.
const DAYS: u16 = 365;

/// `key trust`.
#[derive(Debug, Subcommand)]
pub enum TrustCommand {
    /// Trust a key. Makes the file where there is none.
    Add(AddArgs),
    /// Say since when a key is not to be believed any more.
    Revoke(RevokeArgs),
    /// Replace a key: the new one is trusted for the same, the old one ends after an overlap.
    Rotate(RotateArgs),
    /// Add the signature of a further root; nothing else changes.
    Sign(RootArgs),
    /// Print what the file says, if these roots have signed it.
    Show(TrustArgs),
}

/// The file, and the root that signs its next version.
#[derive(Clone, Debug, Args)]
pub struct RootArgs {
    /// The trust file.
    #[arg(long, value_name = "PATH", default_value = "trust.dsse.json")]
    pub file: PathBuf,
    /// The private key of a root (PEM), in a file or an environment variable.
    #[arg(long, value_name = "PATH|env:NAME")]
    pub root_key: Secret,
    /// The passphrase of an encrypted root key.
    #[arg(long, value_name = "PATH|env:NAME")]
    pub root_passphrase: Option<Secret>,
    /// How many days the next version holds.
    #[arg(long, value_name = "DAYS", default_value_t = DAYS)]
    pub expires_in: u16,
}

/// `key trust add`.
#[derive(Debug, Args)]
pub struct AddArgs {
    /// The file and the root.
    #[command(flatten)]
    pub root: RootArgs,
    /// The public key (PEM) to trust; with `--role timestamp`, the certificates of roots of timestamp authorities (PEM or DER).
    #[arg(value_name = "PUB")]
    pub key: PathBuf,
    /// What it may sign.
    #[arg(long, value_name = "ROLE", default_value = "gate")]
    pub role: RoleArg,
    /// A repository that it may sign for; repeatable [default: all].
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Vec<String>,
    /// An environment that it may sign for; repeatable [default: all].
    #[arg(long, value_name = "NAME")]
    pub environment: Vec<String>,
    /// From when on it counts [default: now].
    #[arg(long, value_name = "TIME")]
    pub valid_from: Option<String>,
    /// Until when it counts.
    #[arg(long, value_name = "TIME")]
    pub valid_until: Option<String>,
    /// How many roots must sign the file; for a new file.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=16))]
    pub threshold: Option<u64>,
}

/// `key trust revoke`.
#[derive(Debug, Args)]
pub struct RevokeArgs {
    /// The file and the root.
    #[command(flatten)]
    pub root: RootArgs,
    /// The key's fingerprint, or that of a root of timestamp authorities.
    #[arg(value_name = "SHA256:…")]
    pub keyid: String,
    /// Since when [default: now].
    #[arg(long, value_name = "TIME")]
    pub at: Option<String>,
    /// Why, for those who ask.
    #[arg(long, value_name = "TEXT")]
    pub reason: String,
}

/// `key trust rotate`.
#[derive(Debug, Args)]
pub struct RotateArgs {
    /// The file and the root.
    #[command(flatten)]
    pub root: RootArgs,
    /// The fingerprint of the key that ends.
    #[arg(value_name = "SHA256:…")]
    pub keyid: String,
    /// The public key (PEM) that takes its place.
    #[arg(value_name = "PUB")]
    pub key: PathBuf,
    /// How many days both count.
    #[arg(long, value_name = "DAYS", default_value_t = 7)]
    pub overlap: u16,
}

/// The keys to verify with: one, or those of a trust file.
#[derive(Clone, Debug, Default, Args)]
pub struct KeysArgs {
    /// The public key (PEM) that the evidence must be signed with.
    #[arg(long, value_name = "PUB", required_unless_present = "trust", conflicts_with = "trust")]
    pub key: Option<PathBuf>,
    /// A trust file instead.
    #[command(flatten)]
    pub trust: TrustArgs,
}

/// Keys that were read.
#[derive(Debug)]
pub enum Keys {
    /// One for everything.
    One(PublicKey),
    /// A trust file.
    List(TrustList),
}

impl KeysArgs {
    /// Reads them.
    ///
    /// # Errors
    /// A key or trust file that is not sound: exit 3.
    pub fn read(&self) -> Result<Keys, CliError> {
        match (list(&self.trust)?, &self.key) {
            (Some(list), _) => Ok(Keys::List(list)),
            (None, Some(path)) => public_key(path).map(Keys::One),
            (None, None) => {
                Err(CliError::usage("no key to verify with").hint("give --key, or --trust and --trust-root"))
            }
        }
    }
}

impl Keys {
    /// What `verify` trusts.
    #[must_use]
    pub const fn trust(&self) -> Trust<'_> {
        match self {
            Self::One(key) => Trust::Key(key),
            Self::List(list) => Trust::List(list),
        }
    }

    /// Whose timestamps a trust file believes.
    #[must_use]
    pub fn timestamp_roots(&self) -> &[TimestampRoot] {
        match self {
            Self::One(_) => &[],
            Self::List(list) => &list.timestamp_roots,
        }
    }
}

/// A trust file to verify by.
#[derive(Clone, Debug, Default, Args)]
pub struct TrustArgs {
    /// The trust file that says which keys may sign what.
    #[arg(long, value_name = "PATH", requires = "trust_root")]
    pub trust: Option<PathBuf>,
    /// The public key (PEM) of a root of the trust file; repeatable.
    #[arg(long, value_name = "PUB", requires = "trust")]
    pub trust_root: Vec<PathBuf>,
    /// How many of these roots must have signed it [default: all].
    #[arg(long, value_name = "N", requires = "trust")]
    pub trust_threshold: Option<usize>,
    /// The oldest version of it that is accepted.
    #[arg(long, value_name = "N", requires = "trust", default_value_t = 0)]
    pub trust_version: u64,
}

/// `--role`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum RoleArg {
    /// Decisions and their summaries.
    Gate,
    /// Exceptions and emergencies.
    Approver,
    /// Checkpoints of a log.
    Log,
    /// Policy bundles; for every repository and environment.
    Policy,
    /// Certificates of timestamp authorities: no key, but a certificate.
    Timestamp,
}

impl RoleArg {
    /// The role of a key; `None` for what has certificates.
    const fn of_a_key(self) -> Option<KeyRole> {
        match self {
            Self::Gate => Some(KeyRole::Gate),
            Self::Approver => Some(KeyRole::Approver),
            Self::Log => Some(KeyRole::Log),
            Self::Policy => Some(KeyRole::Policy),
            Self::Timestamp => None,
        }
    }
}

/// Runs the command.
///
/// # Errors
/// A file, key or instant that is not sound: exit 2 or 3. The file cannot be written: exit 4.
pub fn run(command: &TrustCommand) -> Result<u8, CliError> {
    match command {
        TrustCommand::Add(args) => add(args),
        TrustCommand::Revoke(args) => revoke(args),
        TrustCommand::Rotate(args) => rotate(args),
        TrustCommand::Sign(args) => {
            let signed = trust::cosigned(&read(&args.file)?, &root_key(args)?);
            io::write(&args.file, &signed.map_err(|fault| refused(&args.file, &fault))?).map(|()| 0)
        }
        TrustCommand::Show(args) => {
            let list = list(args)?.ok_or_else(|| CliError::usage("--trust: name the file, and its roots"))?;
            output::print(show(&list).as_bytes()).map(|()| 0)
        }
    }
}

/// The list that a command was told to verify by.
///
/// # Errors
/// The file is not sound, or too few roots signed it: exit 3.
pub fn list(args: &TrustArgs) -> Result<Option<TrustList>, CliError> {
    list_from(args, read, public_key)
}

/// The same, with somebody else's way to read the file and the roots' keys.
///
/// # Errors
/// Those of [`list`].
pub fn list_from(
    args: &TrustArgs,
    read: impl Fn(&Path) -> Result<Vec<u8>, CliError>,
    public_key: impl Fn(&Path) -> Result<PublicKey, CliError>,
) -> Result<Option<TrustList>, CliError> {
    let Some(path) = &args.trust else { return Ok(None) };
    let keys: Vec<PublicKey> = args.trust_root.iter().map(|path| public_key(path)).collect::<Result<_, _>>()?;
    let threshold = args.trust_threshold.unwrap_or(keys.len());
    if threshold == 0 || threshold > keys.len() {
        return Err(CliError::usage(format!("--trust-threshold {threshold}: of {} roots", keys.len()))
            .hint("at least 1, and at most as many as --trust-root names"));
    }
    let roots = Roots { keys: &keys, threshold, least_version: args.trust_version };
    TrustList::read(&read(path)?, roots).map(Some).map_err(|fault| refused(path, &fault))
}

fn add(args: &AddArgs) -> Result<u8, CliError> {
    let now = io::now()?;
    let root = root_key(&args.root)?;
    let file = &args.root.file;
    let mut list = match (io::kind(file), args.threshold) {
        (io::PathKind::Missing, threshold) => TrustList::new(now, now, threshold.unwrap_or(1)),
        (_, Some(_)) => {
            return Err(CliError::usage("--threshold: the trust file says it already").hint("leave it away"));
        }
        (_, None) => draft(file, &root)?,
    };
    match args.role.of_a_key() {
        Some(role) => list.keys.push(trusted_key(args, role, now)?),
        None => list.timestamp_roots.extend(timestamp_roots(args)?),
    }
    seal(list, &args.root, now, &root)
}

fn trusted_key(args: &AddArgs, role: KeyRole, now: Timestamp) -> Result<TrustedKey, CliError> {
    let public = public_key(&args.key)?;
    let texts = |texts: &[String]| texts.iter().map(|text| Untrusted::from(text.as_str())).collect();
    Ok(TrustedKey {
        keyid: public.fingerprint().into(),
        public,
        role,
        repositories: texts(&args.repository),
        environments: texts(&args.environment),
        valid_from: instant("--valid-from", args.valid_from.as_deref())?.unwrap_or(now),
        valid_until: instant("--valid-until", args.valid_until.as_deref())?,
        revoked_at: None,
        reason: None,
    })
}

/// A certificate says itself from when to when it holds, and is for everybody.
fn timestamp_roots(args: &AddArgs) -> Result<Vec<TimestampRoot>, CliError> {
    let is_scoped = !(args.repository.is_empty() && args.environment.is_empty());
    if is_scoped || args.valid_from.is_some() || args.valid_until.is_some() {
        return Err(CliError::usage("--role timestamp: a root of timestamps has neither a scope nor days of its own")
            .hint("take --repository, --environment, --valid-from and --valid-until away"));
    }
    let certificates = timestamps::certificates(&args.key)?;
    let root = |certificate| TimestampRoot { certificate, revoked_at: None, reason: None };
    Ok(certificates.into_iter().map(root).collect())
}

fn revoke(args: &RevokeArgs) -> Result<u8, CliError> {
    let now = io::now()?;
    let root = root_key(&args.root)?;
    let mut list = draft(&args.root.file, &root)?;
    let at = instant("--at", args.at.as_deref())?.unwrap_or(now);
    let (revoked_at, reason) = match list.timestamp_roots.iter_mut().find(|root| root.fingerprint() == args.keyid) {
        Some(root) => (&mut root.revoked_at, &mut root.reason),
        None => {
            let key = find(&mut list.keys, &args.keyid)?;
            (&mut key.revoked_at, &mut key.reason)
        }
    };
    *revoked_at = Some(revoked_at.map_or(at, |earlier| earlier.min(at)));
    *reason = Some(args.reason.as_str().into());
    seal(list, &args.root, now, &root)
}

fn rotate(args: &RotateArgs) -> Result<u8, CliError> {
    let now = io::now()?;
    let root = root_key(&args.root)?;
    let mut list = draft(&args.root.file, &root)?;
    let public = public_key(&args.key)?;
    let until = after(now, args.overlap)?;
    let old = find(&mut list.keys, &args.keyid)?;
    let new = TrustedKey {
        keyid: public.fingerprint().into(),
        public,
        valid_from: now,
        valid_until: None,
        revoked_at: None,
        reason: None,
        ..old.clone()
    };
    old.valid_until = Some(old.valid_until.map_or(until, |earlier| earlier.min(until)));
    list.keys.push(new);
    seal(list, &args.root, now, &root)
}

fn find<'a>(keys: &'a mut [TrustedKey], keyid: &str) -> Result<&'a mut TrustedKey, CliError> {
    keys.iter_mut().find(|key| key.keyid == keyid).ok_or_else(|| {
        CliError::input(format!("{keyid}: the trust file lists no such key"))
            .hint("`countersign key show KEY` prints a key's fingerprint")
    })
}

fn root_key(args: &RootArgs) -> Result<PrivateKey, CliError> {
    private_key(&args.root_key, args.root_passphrase.as_ref())
}

fn draft(file: &Path, root: &PrivateKey) -> Result<TrustList, CliError> {
    TrustList::draft(&read(file)?, &root.public()).map_err(|fault| refused(file, &fault))
}

fn seal(mut list: TrustList, args: &RootArgs, now: Timestamp, root: &PrivateKey) -> Result<u8, CliError> {
    list.expires = after(now, args.expires_in)?;
    let (version, threshold) = (list.version + 1, list.threshold);
    let bytes = list.sealed(now, root).map_err(|fault| refused(&args.file, &fault))?;
    io::write(&args.file, &bytes)?;
    let mut text = format!("version {version}, signed by {}\n", root.public().fingerprint());
    if threshold > 1 {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{threshold} roots must sign it: the others with `countersign key trust sign`");
    }
    output::print(text.as_bytes()).map(|()| 0)
}

fn read(path: &Path) -> Result<Vec<u8>, CliError> {
    io::read(path, TRUST_BYTES)
}

fn refused(path: &Path, fault: &TrustFault) -> CliError {
    CliError::input(format!("{}: {fault}", path.display()))
        .hint("get the file from where the roots publish it, and the roots' keys from somewhere else")
}

fn instant(flag: &str, text: Option<&str>) -> Result<Option<Timestamp>, CliError> {
    text.map(|text| text.parse().map_err(|fault| CliError::usage(format!("{flag} {text}: {fault}")))).transpose()
}

fn after(now: Timestamp, days: u16) -> Result<Timestamp, CliError> {
    Timestamp::from_unix_seconds(now.unix_seconds() + i64::from(days) * 86_400)
        .ok_or_else(|| CliError::internal("the machine's clock is beyond the calendar"))
}

/// One line for each key.
fn show(list: &TrustList) -> String {
    let mut text = format!(
        "version {}  issued {}  expires {}  {} root(s) must sign\n",
        list.version, list.issued, list.expires, list.threshold
    );
    let names = |names: &[Untrusted]| {
        let names: Vec<_> = names.iter().map(Untrusted::line).collect();
        if names.is_empty() { "all".to_owned() } else { names.join(", ") }
    };
    let revoked = |at: Option<Timestamp>, reason: Option<&Untrusted>| {
        at.map_or_else(String::new, |at| format!("  REVOKED {at}: {}", reason.map(Untrusted::line).unwrap_or_default()))
    };
    for key in &list.keys {
        let until = key.valid_until.map_or_else(|| "no end".to_owned(), |until| until.to_string());
        let revoked = revoked(key.revoked_at, key.reason.as_ref());
        let role = match key.role {
            KeyRole::Gate => "gate",
            KeyRole::Approver => "approver",
            KeyRole::Log => "log",
            KeyRole::Policy => "policy",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            text,
            "{}  {role}  repositories {}  environments {}  {} to {until}{revoked}",
            key.keyid.line(),
            names(&key.repositories),
            names(&key.environments),
            key.valid_from
        );
    }
    for root in &list.timestamp_roots {
        let revoked = revoked(root.revoked_at, root.reason.as_ref());
        let _ = writeln!(text, "{}  timestamp{revoked}", root.fingerprint());
    }
    text
}
