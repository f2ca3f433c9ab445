//! Where the key that signs evidence is: a file, an environment variable, or behind a program.
//!
//! What must stay true: no secret is ever an argument, none is printed, and a program's signature is believed only when it
//! verifies with the public key that was given beside it.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use clap::Args;
use serde::Deserialize;
use zeroize::Zeroizing;

use super::config::Config;
use super::error::CliError;
use super::evidence::{KEY_BYTES, public_key};
use super::io;
use crate::evidence::keys::{KeyFault, PrivateKey, PublicKey, SIGNATURE_BYTES, Sign, SignFault};

/// A secret that is not typed: `PATH` or `env:NAME`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub enum Secret {
    /// In a file.
    File(PathBuf),
    /// In an environment variable.
    Env(String),
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text.strip_prefix("env:") {
            Some("") => Err("`env:` names no variable".to_owned()),
            Some(name) => Ok(Self::Env(name.to_owned())),
            None if text.is_empty() => Err("names no file".to_owned()),
            None => Ok(Self::File(text.into())),
        }
    }
}

impl TryFrom<String> for Secret {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl Secret {
    /// The file, where it is one.
    #[must_use]
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Env(_) => None,
        }
    }

    fn shown(&self) -> String {
        match self {
            Self::File(path) => path.display().to_string(),
            Self::Env(name) => format!("the environment variable {name}"),
        }
    }

    fn read(&self) -> Result<Zeroizing<Vec<u8>>, CliError> {
        match self {
            Self::File(path) => io::read(path, KEY_BYTES).map(Zeroizing::new),
            Self::Env(name) => io::variable(name).ok_or_else(|| {
                CliError::input(format!("{}: not set, or not UTF-8", self.shown()))
                    .hint("set it in the step that runs countersign; a job of a fork has no secrets")
            }),
        }
    }

    /// The first line, without its end.
    fn passphrase(&self) -> Result<Zeroizing<Vec<u8>>, CliError> {
        let bytes = self.read()?;
        let line = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        Ok(Zeroizing::new(line.strip_suffix(b"\r").unwrap_or(line).to_vec()))
    }
}

/// Flags that say how evidence is signed.
#[derive(Clone, Debug, Default, Args)]
pub struct SigningArgs {
    /// Sign the evidence with this Ed25519 key (PKCS#8 PEM, encrypted or not), in a file or an environment variable.
    #[arg(long, value_name = "PATH|env:NAME")]
    pub key: Option<Secret>,
    /// The passphrase of an encrypted key: the first line of a file, or an environment variable.
    #[arg(long, value_name = "PATH|env:NAME", requires = "key")]
    pub key_passphrase: Option<Secret>,
    /// Sign with a program instead: it reads what is to be signed on standard input and prints the 64 bytes of the Ed25519
    /// signature. Split at white space, run without a shell.
    #[arg(long, value_name = "PROGRAM [ARGUMENT…]", conflicts_with = "key", requires = "public_key")]
    pub sign_command: Option<String>,
    /// The public key (PEM) that the program signs with.
    #[arg(long, value_name = "PUB", requires = "sign_command")]
    pub public_key: Option<PathBuf>,
}

impl SigningArgs {
    /// Whether any of them says that evidence is to be signed.
    #[must_use]
    pub fn is_given(&self) -> bool {
        self.key.is_some() || self.sign_command.is_some()
    }

    /// Files that hold secrets.
    pub fn secrets(&self) -> impl Iterator<Item = &Path> {
        [&self.key, &self.key_passphrase].into_iter().flatten().filter_map(Secret::path)
    }

    /// Files that hold keys.
    pub fn paths(&self) -> impl Iterator<Item = &Path> {
        self.secrets().chain(self.public_key.as_deref())
    }

    /// Where the key is, in words.
    #[must_use]
    pub fn shown(&self) -> String {
        match (&self.key, &self.sign_command) {
            (Some(key), _) => key.shown(),
            (None, Some(command)) => command.clone(),
            (None, None) => "none".to_owned(),
        }
    }

    /// What signs, by these flags alone.
    ///
    /// # Errors
    /// A key that cannot be read: exit 3; a program that is not named: exit 2.
    pub fn signer(&self) -> Result<Option<Box<dyn Sign>>, CliError> {
        if let (Some(command), Some(public)) = (&self.sign_command, &self.public_key) {
            let program = Program::new("--sign-command", command)?;
            return Ok(Some(Box::new(Signing { program, public: public_key(public)? })));
        }
        let Some(key) = &self.key else { return Ok(None) };
        Ok(Some(Box::new(private_key(key, self.key_passphrase.as_ref())?)))
    }

    /// These flags, and the configuration where none of them says how to sign.
    #[must_use]
    pub fn or_configured(&self, config: &Config) -> Self {
        if self.is_given() {
            return self.clone();
        }
        Self { key: config.key.clone(), key_passphrase: config.key_passphrase.clone(), ..Self::default() }
    }
}

/// Reads the key that signs evidence.
///
/// # Errors
/// Missing, unreadable, or no Ed25519 private key in PKCS#8 PEM: exit 3.
pub fn private_key(key: &Secret, passphrase: Option<&Secret>) -> Result<PrivateKey, CliError> {
    let pem = key.read()?;
    let read = match passphrase {
        Some(passphrase) => PrivateKey::from_encrypted_pem(&pem, &passphrase.passphrase()?),
        None => PrivateKey::from_pem(&pem),
    };
    read.map_err(|fault| {
        let hint = match fault {
            KeyFault::Encrypted => "give the passphrase with --key-passphrase, as a file or env:NAME",
            KeyFault::Passphrase => "look at the passphrase, and at what encrypted the key",
            _ => "of `key new`'s files, PREFIX.pem is the private one",
        };
        CliError::input(format!("{}: {fault}", key.shown())).hint(hint)
    })
}

/// A program that is fed and listened to, without a shell.
#[derive(Debug)]
pub(super) struct Program {
    program: String,
    arguments: Vec<OsString>,
}

impl Program {
    /// The words of a command.
    ///
    /// # Errors
    /// It names no program: exit 2.
    pub(super) fn new(flag: &str, command: &str) -> Result<Self, CliError> {
        let mut words = command.split_whitespace();
        let program = words.next().ok_or_else(|| CliError::usage(format!("{flag}: names no program")))?.to_owned();
        Ok(Self { program, arguments: words.map(OsString::from).collect() })
    }

    /// What it prints, up to `most` bytes; for ever, or within a time.
    ///
    /// # Errors
    /// It cannot be started, fails, prints more or does not end, in words.
    pub(super) fn run(&self, stdin: &[u8], most: usize, time: Option<Duration>) -> Result<Vec<u8>, String> {
        let failed = |why: &str| format!("{}: {why}", self.program);
        let arguments: Vec<&OsStr> = self.arguments.iter().map(OsString::as_os_str).collect();
        let directory = io::working_directory().map_err(|error| failed(&error.to_string()))?;
        let most = u64::try_from(most).unwrap_or(u64::MAX);
        let output = io::run_within(time, &self.program, &arguments, &directory, &io::environment(), stdin, most)
            .map_err(|error| failed(&error.to_string()))?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or("it said nothing");
            return Err(failed(&format!("{}: {last}", output.status)));
        }
        Ok(output.stdout)
    }
}

/// A program that signs. It may ask at the terminal, and has all the time that this takes.
#[derive(Debug)]
struct Signing {
    program: Program,
    public: PublicKey,
}

impl Sign for Signing {
    fn public(&self) -> PublicKey {
        self.public.clone()
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; SIGNATURE_BYTES], SignFault> {
        let printed = self.program.run(message, SIGNATURE_BYTES, None).map_err(SignFault::Signer)?;
        let length = printed.len();
        printed.try_into().map_err(|_| {
            let name = &self.program.program;
            SignFault::Signer(format!(
                "{name}: printed {length} bytes where the {SIGNATURE_BYTES} of a signature are expected"
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_a_file_or_a_variable() {
        assert_eq!("env:GATE_KEY".parse(), Ok(Secret::Env("GATE_KEY".to_owned())));
        assert_eq!("./env:x".parse(), Ok(Secret::File("./env:x".into())));
        assert!("env:".parse::<Secret>().is_err());
        assert!("".parse::<Secret>().is_err());
    }
}
