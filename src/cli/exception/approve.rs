//! `exception approve`: one person accepts the risk, signed with an SSH key.
//!
//! What must stay true: the signature is made by OpenSSH over the bytes that `check` verifies, is verified here before anything is
//! written, and no private key is ever read by this program.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use clap::Args;

use super::{RecordArgs, files, show};
use crate::cli::error::CliError;
use crate::cli::judged::{self, SignerFiles};
use crate::cli::{check, io, output};
use crate::exceptions::{self, Record, SshKey, edit};
use crate::model::exception::RiskApproval;
use crate::model::text::neutral;
use crate::model::time::Timestamp;

/// What `--key` takes for the one key of the agent.
const AGENT: &str = "agent";

/// The longest signature, and the longest list of an agent's keys.
const PRINTED_BYTES: u64 = 1 << 20;

/// `exception approve`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
ssh-keygen signs, so that an agent, a passphrase and a security key (touch it when it blinks) work as they do elsewhere. The signature
is written beside the record, and named in it.

Examples:
  countersign exception approve EX-2026-014 --by jo@example.com --key ~/.ssh/id_ed25519
  countersign exception approve EX-2026-014 --by jo@example.com --key agent --role product-lead")]
pub struct ApproveArgs {
    /// The record's id.
    #[arg(value_name = "ID")]
    id: String,
    /// Who approves: the principal of allowed_signers.
    #[arg(long, value_name = "PRINCIPAL")]
    by: String,
    /// The private key; a public key whose private one the SSH agent or a security key holds; or `agent`, for the only key there.
    #[arg(long, value_name = "PATH|agent")]
    key: PathBuf,
    /// The role, for display.
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,
    /// Where the records are.
    #[command(flatten)]
    records: RecordArgs,
    /// Who may sign (OpenSSH `allowed_signers`) [default: that of countersign.yaml].
    #[arg(long, value_name = "PATH")]
    allowed_signers: Option<PathBuf>,
    /// Keys that no longer count (OpenSSH revocation list) [default: that of countersign.yaml].
    #[arg(long, value_name = "PATH")]
    revoked_keys: Option<PathBuf>,
    /// The repository that the approval is for [default: the one that CI or git tells].
    #[arg(long, value_name = "OWNER/NAME")]
    repository: Option<String>,
    /// The instant of the approval [default: now].
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
}

/// Runs `exception approve`.
///
/// # Errors
/// The record is not sound or the approver's own, ssh-keygen did not sign, or the signature does not count: exit 3, and nothing is
/// written.
pub(super) fn run(args: &ApproveArgs) -> Result<u8, CliError> {
    let (now, _) = check::instant(args.at.as_deref())?;
    let directory = io::working_directory()?;
    let record = args.records.find(&args.id, &directory)?;
    refuse_own(&record, &args.by)?;
    let repository = show::repository(args.repository.as_deref(), &directory)?;
    let message = exceptions::signed_bytes(&record.exception, Some(&repository));
    let signature = sign(&args.key, &message)?;
    let key = exceptions::verify_signature(&signature, &message, exceptions::NAMESPACE).map_err(|why| {
        CliError::input(format!("the signature that ssh-keygen made does not count: {why}"))
            .hint("sign with another key")
    })?;
    let listed = demand_listed(args, &key, now, &directory)?;

    let name = signature_name(&record, &args.by);
    let approval = RiskApproval {
        by: args.by.as_str().into(),
        role: args.role.as_deref().map(Into::into),
        at: Some(now.date()),
        signature: Some(name.as_str().into()),
    };
    let path = Path::new(record.file.as_raw());
    let beside = path.parent().unwrap_or(Path::new("")).join(&name);
    let again = record.exception.approvals.iter().any(|known| {
        known.by == approval.by
            && known.signature == approval.signature
            && known.at.is_none_or(|at| Some(at) == approval.at)
    });
    // The record names the signature last: a signature that nothing names does no harm.
    io::write(&beside, &signature)?;
    if !again {
        files::rewrite(path, |file, text| edit::approve(file, text.unwrap_or_default(), &args.id, &approval))?;
    }
    let mut text = format!(
        "{} approved {} for {} with {}\n",
        neutral(&args.by),
        neutral(&args.id),
        neutral(&repository),
        key.fingerprint()
    );
    text.push_str(&format!("  signature  {}\n", neutral(&beside.to_string_lossy())));
    if !listed {
        let line = signer_line(&args.by, &key);
        text.push_str(&format!(
            "  no allowed_signers is named; it counts once this line is in it:\n  {}\n",
            neutral(&line)
        ));
    }
    output::print(text.as_bytes()).map(|()| 0)
}

/// Policy counts no approval by the owner: better said before somebody touches a key.
fn refuse_own(record: &Record, by: &str) -> Result<(), CliError> {
    let plain = |name: &str| name.trim().trim_start_matches('@').to_lowercase();
    if by.trim().is_empty() {
        return Err(CliError::usage("--by is blank").hint("name the principal as allowed_signers does"));
    }
    if plain(record.exception.owner.as_raw()) == plain(by) {
        return Err(CliError::input(format!("{} is the owner of {}", neutral(by), record.id().line()))
            .hint("nobody approves their own record; ask somebody else"));
    }
    Ok(())
}

fn sign(key: &Path, message: &[u8]) -> Result<Vec<u8>, CliError> {
    let from_agent = (key == Path::new(AGENT)).then(only_key_of_agent).transpose()?;
    let key = from_agent.as_ref().map_or(key, |file| file.path());
    let arguments = ["-Y", "sign", "-q", "-n", exceptions::NAMESPACE, "-f"].map(OsStr::new);
    let arguments = [&arguments[..], &[key.as_os_str()]].concat();
    let output = io::run_attended("ssh-keygen", &arguments, message, PRINTED_BYTES)
        .map_err(|error| CliError::input(format!("ssh-keygen: {error}")).hint("install OpenSSH 8.2 or newer"))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(CliError::input(format!("ssh-keygen did not sign with {}", key.display()))
        .hint("its message is above; name a key that it, the agent or a security key can sign with"))
}

/// The public key that the agent holds, as a file that ssh-keygen takes.
fn only_key_of_agent() -> Result<tempfile::NamedTempFile, CliError> {
    let listed = io::run_attended("ssh-add", &[OsStr::new("-L")], b"", PRINTED_BYTES)
        .map_err(|error| CliError::input(format!("ssh-add: {error}")).hint("install OpenSSH 8.2 or newer"))?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    let keys: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    match keys.as_slice() {
        [only] if listed.status.success() => io::temporary(format!("{only}\n").as_bytes(), ".pub"),
        _ => Err(CliError::input(format!(
            "the SSH agent holds {} keys, not one",
            if listed.status.success() { keys.len() } else { 0 }
        ))
        .hint("name the public key that should sign: --key ~/.ssh/NAME.pub")),
    }
}

/// Whether allowed signers are named; where they are, the key must be listed there for this person, now.
fn demand_listed(args: &ApproveArgs, key: &SshKey, now: Timestamp, directory: &Path) -> Result<bool, CliError> {
    let files = super::working_tree(directory)?;
    let config = judged::config(args.records.config.as_deref(), &files)?.value;
    let named = SignerFiles {
        allowed: args.allowed_signers.clone().or(config.allowed_signers),
        revoked: args.revoked_keys.clone().or(config.revoked_keys),
    };
    let Some(signers) = judged::allowed_signers(&named, &files)? else { return Ok(false) };
    signers.value.allows(key, &args.by, exceptions::NAMESPACE, now).map_err(|why| {
        CliError::input(format!("allowed_signers: {}: {why}", neutral(&args.by)))
            .hint(format!("sign with the key that is listed, or have this line added: {}", signer_line(&args.by, key)))
    })?;
    Ok(true)
}

/// The line of allowed_signers that lets a key approve.
fn signer_line(by: &str, key: &SshKey) -> String {
    format!("{by} namespaces=\"{}\" {}", exceptions::NAMESPACE, key.public_line())
}

/// `<id>.<by>.sig`, without what a file name should not hold.
fn signature_name(record: &Record, by: &str) -> String {
    let plain = |text: &str| -> String {
        text.chars().map(|c| if c.is_ascii_alphanumeric() || "._-@".contains(c) { c } else { '-' }).collect()
    };
    format!("{}.{}.sig", plain(record.id().as_raw()), plain(by))
}
