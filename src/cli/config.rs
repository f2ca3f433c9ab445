//! `countersign.yaml`: what a repository always passes to `check`.
//!
//! What must stay true: every key is a flag of the same name, a flag beats it, and no key can say what no flag can. In a
//! change request it is read from the target branch, like every other judging input; so it cannot say what the change is
//! (`--ci`, `--change`), which has to be known before.

use std::path::PathBuf;

use serde::Deserialize;

use super::policies::Source;
use super::signing::Secret;
use crate::decision::FailOn;
use crate::facts::Mode;
use crate::strict::{Document, Faults};

/// The name that is looked for in the working directory.
pub const FILE_NAME: &str = "countersign.yaml";

/// The configuration. Everything is optional; relative paths start at the working directory, as those of flags do.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The environment that releases go to; `production` where nobody says otherwise.
    pub environment: Option<String>,
    /// The profile: a built-in name or a file.
    pub profile: Option<String>,
    /// The service file.
    pub service: Option<PathBuf>,
    /// CODEOWNERS, where it is not in one of the usual places.
    pub codeowners: Option<PathBuf>,
    /// Data about vulnerabilities: files, directories or archives.
    pub data: Vec<PathBuf>,
    /// VEX documents: files or directories.
    pub vex: Vec<PathBuf>,
    /// Exception records; every file counts.
    pub exceptions: Vec<PathBuf>,
    /// Policies on top of the built-in pack, each as `[LAYER:]PATH[@sha256:…]`.
    pub policy: Vec<Source>,
    /// The public keys that policy bundles must be signed with; one of them is enough.
    pub bundle_keys: Vec<PathBuf>,
    /// A trust file that lists keys for policies instead.
    pub trust: Option<PathBuf>,
    /// The public keys of its roots.
    pub trust_roots: Vec<PathBuf>,
    /// How many of these must have signed it; all where nobody says otherwise.
    pub trust_threshold: Option<usize>,
    /// The oldest version of it that is accepted.
    pub trust_version: u64,
    /// Leave the built-in pack out. The evidence says so.
    pub no_builtin: bool,
    /// Foreign packages to evaluate too.
    pub namespaces: Vec<String>,
    /// Reports, where the command line names none: files, directories or globs, each also as `FORMAT:PATH`.
    pub reports: Vec<String>,
    /// Receipts that bind reports to a commit or artifact.
    pub receipts: Vec<PathBuf>,
    /// Files in given directories that are no reports.
    pub ignore: Vec<String>,
    /// Outputs, as `FORMAT` or `FORMAT=PATH`.
    pub output: Vec<String>,
    /// The directory for evidence.
    pub evidence: Option<PathBuf>,
    /// The key that signs it (Ed25519, PKCS#8 PEM), as a path or `env:NAME`.
    pub key: Option<Secret>,
    /// The passphrase of an encrypted key, as a path or `env:NAME`.
    pub key_passphrase: Option<Secret>,
    /// Which outcome fails the run.
    pub fail_on: Option<FailOn>,
    /// Enforce or audit.
    pub mode: Option<Mode>,
    /// A URI that names this gate; the environment is added to it.
    pub gate_id: Option<String>,
    /// Who may sign approvals of exceptions and records of emergencies (OpenSSH `allowed_signers`).
    pub allowed_signers: Option<PathBuf>,
    /// Keys that no longer count: a revocation list of OpenSSH (KRL), or public keys, one a line.
    pub revoked_keys: Option<PathBuf>,
    /// Evidence of the earlier decisions.
    pub history: Vec<PathBuf>,
    /// The public key that the earlier evidence is signed with.
    pub history_key: Option<PathBuf>,
    /// The last decision that the target branch accepted: a folder of evidence, or a decision document.
    pub baseline: Option<PathBuf>,
    /// The public key that the baseline's evidence is signed with; else the history key.
    pub baseline_key: Option<PathBuf>,
    /// The digest of the baseline's decision document, as `sha256:…`.
    pub baseline_digest: Option<String>,
}

impl Config {
    /// Reads a configuration.
    ///
    /// # Errors
    /// Every fault that could be found.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Faults> {
        let document = Document::parse(file, bytes)?;
        let mut faults = Vec::new();
        let config: Option<Self> = document.read_at(document.root(), &mut faults);
        document.blanks(&mut faults);
        if let Some(id) = config.as_ref().and_then(|config| config.gate_id.as_deref())
            && !is_uri(id)
        {
            let at = document.root().get("gate_id").unwrap_or(document.root());
            faults.push(document.fault(at, "`gate_id` is no URI", "write one, like https://ci.example.com/shop"));
        }
        match (config, faults.is_empty()) {
            (Some(config), true) => Ok(config),
            _ => Err(Faults::new(faults)),
        }
    }
}

/// A scheme, a colon and something without white space or control characters.
fn is_uri(text: &str) -> bool {
    let sound = |scheme: &str, rest: &str| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
            && !rest.is_empty()
            && rest.chars().all(|c| c.is_ascii_graphic())
    };
    text.split_once(':').is_some_and(|(scheme, rest)| sound(scheme, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_of_a_configuration_names_its_place() {
        let text = "enviroment: staging\nfail_on: always\nexceptions: exceptions.yaml\nprofile:\ngate_id: shop\nignore: ['']\n";
        let faults = Config::read("countersign.yaml", text.as_bytes()).unwrap_err();
        let shown: Vec<String> = faults.as_slice().iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "countersign.yaml:1:1: unknown key `enviroment`; did you mean `environment`?",
                "countersign.yaml:2:10: `fail_on`: unknown word `always`; known: block, warn, never",
                "countersign.yaml:3:13: `exceptions`: expected a list, found string \"exceptions.yaml\"",
                "countersign.yaml:4:8: `profile` is blank; fill it in, or take it away",
                "countersign.yaml:6:10: a blank item; fill it in, or take it away",
            ]
        );
        let faults = Config::read("countersign.yaml", b"gate_id: shop\n").unwrap_err();
        assert!(faults.to_string().contains("1:10: `gate_id` is no URI"), "{faults}");
        assert!(Config::read("countersign.yaml", b"gate_id: https://ci.example.com/shop\nmode: audit\n").is_ok());
    }

    #[test]
    fn a_configuration_may_say_nothing() {
        assert_eq!(Config::read("countersign.yaml", b"{}").unwrap(), Config::default());
        assert!(Config::read("countersign.yaml", b"# nothing\n").is_err());
    }
}
