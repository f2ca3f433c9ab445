//! `verify`: check one folder of evidence or many, and say step by step what holds.
//!
//! What must stay true: what cannot be read is an error with its own exit code, never a step that passed; and nothing of the
//! evidence is shown but what was verified.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::error::CliError;
use super::log::{WitnessesArgs, verifier_key};
use super::replay::{self, Again};
use super::timestamps::TsaArgs;
use super::trust::KeysArgs;
use super::verified::{self, Checked};
use super::worker::SECONDS;
use super::{diagnostic, evidence, io, output};
use crate::decision::Outcome;
use crate::evidence::{DECISION_FILE, Demands, Folder, StepState, Trust, Verdict, Verification};
use crate::exceptions::{AllowedSigners, RevokedKeys};
use crate::history::{Inclusion, Role, VerifierKey, Watch};
use crate::model::digest::Digest;
use crate::parallel;
use crate::replay::Comparison;

/// `verify`.
#[derive(Clone, Debug, Default, Args)]
#[command(after_long_help = "\
A directory that is no folder of evidence itself stands for all folders below it.

Exit codes:
  0   everything verified
  1   something failed
  3   something could not be read
  5   nothing failed, and something required could not be checked

Examples:
  countersign verify evidence/d-… --key gate.pub.pem --subject dist/app.tar.gz
  countersign verify evidence/d-… --key gate.pub.pem --subject sha256:… --any-outcome --output json
  countersign verify evidence/d-… --trust trust.dsse.json --trust-root root.pub.pem --subject dist/app.tar.gz
  countersign verify evidence/d-… --key gate.pub.pem --any-subject --log-proof d-….tlog-proof --log-key log.vkey
  countersign verify evidence/d-… --key gate.pub.pem --subject dist/app.tar.gz --tsa-root tsa-root.pem
  countersign verify evidence --key gate.pub.pem --any-subject --any-outcome --output junit")]
pub struct VerifyArgs {
    /// Folders of evidence, the envelopes in them, or directories with such folders.
    #[arg(value_name = "EVIDENCE", required = true)]
    pub evidence: Vec<PathBuf>,
    /// The keys.
    #[command(flatten)]
    pub keys: KeysArgs,
    /// What the evidence must be about.
    #[arg(long, value_name = "FILE|sha256:…")]
    pub subject: Option<String>,
    /// Accept evidence about anything: for auditors, who do not hold what it is about.
    #[arg(long, conflicts_with = "subject")]
    pub any_subject: bool,
    /// Accept block and error too, and audit mode: for auditors, never before a deployment.
    #[arg(long)]
    pub any_outcome: bool,
    /// The outcome that it must have; repeatable [default: pass or warn].
    #[arg(long, value_name = "OUTCOME")]
    pub require_outcome: Vec<OutcomeArg>,
    /// Accept a decision as of a given instant (`check --at`).
    #[arg(long)]
    pub allow_pinned_clock: bool,
    /// The environment that it must be for.
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// The id of the gate that must have decided.
    #[arg(long, value_name = "URI")]
    pub gate: Option<String>,
    /// The repository that it must be about.
    #[arg(long, value_name = "OWNER/NAME")]
    pub repository: Option<String>,
    /// The ref that the run must have been on.
    #[arg(long = "ref", value_name = "REF")]
    pub git_ref: Option<String>,
    /// The event that must have started the run, in the CI system's word.
    #[arg(long, value_name = "EVENT")]
    pub event: Option<String>,
    /// The oldest decision that counts, as hours (`24h`) or days (`7d`).
    #[arg(long, value_name = "AGE")]
    pub max_age: Option<String>,
    /// The digest that its policies must have.
    #[arg(long, visible_alias = "policy-digest", value_name = "sha256:…")]
    pub policy: Option<String>,
    /// The least assurance level, 0 to 3.
    #[arg(long, value_name = "LEVEL", value_parser = clap::value_parser!(u8).range(0..=3))]
    pub require_assurance: Option<u8>,
    /// Who may approve exceptions and emergencies (OpenSSH `allowed_signers`): judge the approvals by it, and not by the list that
    /// is kept with the evidence.
    #[arg(long, value_name = "PATH")]
    pub allowed_signers: Option<PathBuf>,
    /// Keys of approvers that are revoked (an OpenSSH KRL, or public keys).
    #[arg(long, value_name = "PATH", requires = "allowed_signers")]
    pub revoked_keys: Option<PathBuf>,
    /// The proof that the decision is in the log (`log prove`); for many folders a directory with a DECISION_ID.tlog-proof for each.
    #[arg(long, value_name = "PROOF", requires = "log_key")]
    pub log_proof: Option<PathBuf>,
    /// The log's verifier key, kept since the log began.
    #[arg(long, value_name = "PATH", requires = "log_proof")]
    pub log_key: Option<PathBuf>,
    /// Whose timestamps count.
    #[command(flatten)]
    pub tsa: TsaArgs,
    /// The log's witnesses.
    #[command(flatten)]
    pub witnesses: WitnessesArgs,
    /// Decide again, too: the decision must be the same.
    #[arg(long)]
    pub replay: bool,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: VerifyOutput,
}

/// `verify --output`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum VerifyOutput {
    /// A line for each step; for many folders a line for each, and the sums.
    #[default]
    Human,
    /// `countersign/verification/v1`, for many folders `countersign/verifications/v1`.
    Json,
    /// JUnit XML: a suite for each folder, a case for each step.
    Junit,
}

/// `verify --require-outcome`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum OutcomeArg {
    /// Nothing stood against the release.
    Pass,
    /// Something should be looked at.
    Warn,
    /// The release was refused.
    Block,
    /// There was no decision.
    Error,
}

impl From<OutcomeArg> for Outcome {
    fn from(word: OutcomeArg) -> Self {
        match word {
            OutcomeArg::Pass => Self::Pass,
            OutcomeArg::Warn => Self::Warn,
            OutcomeArg::Block => Self::Block,
            OutcomeArg::Error => Self::Error,
        }
    }
}

/// Verifies, prints, and gives the exit code.
///
/// # Errors
/// As [`verify`].
pub fn run(args: &VerifyArgs) -> Result<u8, CliError> {
    let mut text = Vec::new();
    let code = verify(args, &mut text)?;
    output::print(&text).map(|()| code)
}

/// Verifies, writes what came of it, and gives the exit code: 0 verified, 1 failed, 5 incomplete; for many folders also 3, where
/// one of them could not be read.
///
/// # Errors
/// A demand that cannot be understood: exit 2. A key, a subject or a single folder that cannot be read: exit 3.
pub fn verify(args: &VerifyArgs, out: &mut Vec<u8>) -> Result<u8, CliError> {
    let keys = args.keys.read()?;
    let outcomes: Vec<Outcome> = args.require_outcome.iter().copied().map(Outcome::from).collect();
    let signers =
        args.allowed_signers.as_deref().map(|path| signers(path, args.revoked_keys.as_deref())).transpose()?;
    let stamps = args.tsa.read(keys.timestamp_roots())?;
    let demands =
        Demands { signers: signers.as_ref(), stamps: stamps.as_deref(), ..demands(args, keys.trust(), &outcomes)? };
    let asked = Asked { demands, log: LogAsked::read(args)?, replay: args.replay };
    let places = places(&args.evidence)?;
    let written = match places.as_slice() {
        [one] if args.evidence.contains(one) => {
            let verification = check(one, &asked)?;
            verified::write_one(one, &verification, args.output, out).map(|()| verification.verdict.exit_code())
        }
        places => {
            let progress = diagnostic::Progress::new("verified", places.len(), false);
            let checked = parallel::map(places, parallel::cores(), |place| {
                let result = check(place, &asked);
                progress.step();
                Checked { place: place.clone(), result }
            });
            drop(progress);
            verified::write_all(&checked, args.output, out).map(|()| verified::exit_code(&checked))
        }
    };
    written.map_err(|error| CliError::internal(format!("the output: {error}")))
}

fn demands<'a>(args: &'a VerifyArgs, trust: Trust<'a>, outcomes: &'a [Outcome]) -> Result<Demands<'a>, CliError> {
    Ok(Demands {
        trust,
        subject: args.subject.as_deref().map(subject).transpose()?,
        any_subject: args.any_subject,
        any_outcome: args.any_outcome,
        outcomes,
        allow_pinned_clock: args.allow_pinned_clock,
        environment: args.environment.as_deref(),
        gate: args.gate.as_deref(),
        repository: args.repository.as_deref(),
        git_ref: args.git_ref.as_deref(),
        event: args.event.as_deref(),
        policy_digest: args.policy.as_deref().map(policy_digest).transpose()?,
        least_assurance: args.require_assurance,
        max_age_seconds: args.max_age.as_deref().map(age).transpose()?,
        signers: None,
        seen: None,
        stamps: None,
        needs_stamp: args.tsa.is_demanded(),
        now: io::now()?,
    })
}

/// The folders that were named, each once. What is no folder of evidence stands for those below it; where there are none, for
/// itself, and fails.
pub(super) fn places(named: &[PathBuf]) -> Result<Vec<PathBuf>, CliError> {
    let mut places = Vec::new();
    for path in named {
        let below = if evidence::is_folder(path) { Vec::new() } else { evidence::folders_below(path)? };
        if below.is_empty() { places.push(path.clone()) } else { places.extend(below) }
    }
    places.sort();
    places.dedup();
    Ok(places)
}

/// Everything that is asked of each folder.
struct Asked<'a> {
    demands: Demands<'a>,
    log: Option<LogAsked>,
    replay: bool,
}

/// The log that a decision must be in.
struct LogAsked {
    proofs: PathBuf,
    key: VerifierKey,
    witnesses: Vec<VerifierKey>,
    quorum: usize,
}

impl LogAsked {
    fn read(args: &VerifyArgs) -> Result<Option<Self>, CliError> {
        let (Some(proofs), Some(key)) = (&args.log_proof, &args.log_key) else {
            return match args.witnesses.witness.first() {
                None => Ok(None),
                Some(_) => {
                    Err(CliError::usage("--witness without --log-proof").hint("a witness signs checkpoints of a log"))
                }
            };
        };
        let (witnesses, quorum) = args.witnesses.read()?;
        Ok(Some(Self { proofs: proofs.clone(), key: verifier_key(key, Role::Log)?, witnesses, quorum }))
    }

    /// What the proof of this folder's decision shows; its words where it shows nothing.
    fn shown(&self, place: &Path, folder: &Folder) -> Result<Result<Inclusion, String>, CliError> {
        let Some(decision) = folder.files.get(DECISION_FILE) else {
            return Ok(Err(format!("{DECISION_FILE} is missing")));
        };
        let proof = match io::kind(&self.proofs) {
            io::PathKind::Directory => {
                let place = if io::kind(place) == io::PathKind::File { place.parent().unwrap_or(place) } else { place };
                let id = place.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                self.proofs.join(format!("{id}.tlog-proof"))
            }
            _ => self.proofs.clone(),
        };
        if io::kind(&proof) == io::PathKind::Missing && proof != self.proofs {
            return Ok(Err(format!("{}: no such proof", proof.display())));
        }
        let watch = Watch { log: &self.key, witnesses: &self.witnesses, quorum: self.quorum };
        let proof = io::read(&proof, io::OWN_FILE_BYTES)?;
        Ok(Inclusion::read(&proof, decision.digest, watch).map_err(|fault| fault.to_string()))
    }

    /// The step of the history: the proof holds, and its entry is the decision's.
    fn judged(
        &self,
        shown: Result<Inclusion, String>,
        found: &Verification,
        folder: &Folder,
        trust: Trust<'_>,
    ) -> Result<String, String> {
        let shown = shown?;
        if let Trust::List(list) = trust {
            list.may_log(self.key.key())?;
        }
        let envelope = folder.files.get(DECISION_FILE).and_then(|file| file.bytes.as_deref());
        match (&found.statement, &found.key, envelope) {
            (Some(statement), Some(key), Some(envelope)) => {
                shown.agrees(statement, envelope, key, &self.key).map_err(|fault| fault.to_string())
            }
            _ => Err("the evidence itself does not hold".to_owned()),
        }
    }
}

fn check(place: &Path, asked: &Asked<'_>) -> Result<Verification, CliError> {
    let folder = evidence::read(place)?;
    let shown = match &asked.log {
        Some(log) => Some((log, log.shown(place, &folder)?)),
        None => None,
    };
    let seen = shown.as_ref().and_then(|(_, shown)| shown.as_ref().ok()?.seen());
    let demands = Demands { seen: seen.as_ref(), ..asked.demands };
    let mut verification = crate::evidence::verify(&folder, &demands);
    if let Some((log, shown)) = shown {
        let judged = log.judged(shown, &verification, &folder, demands.trust);
        verification = verification.logged(&judged);
    }
    if asked.replay { replayed(verification, &folder) } else { Ok(verification) }
}

/// The verifier's own word on who may approve.
fn signers(allowed: &Path, revoked: Option<&Path>) -> Result<AllowedSigners, CliError> {
    let not_sound = |path: &Path, why: &dyn std::fmt::Display| CliError::input(format!("{}: {why}", path.display()));
    let text =
        String::from_utf8(io::read(allowed, io::OWN_FILE_BYTES)?).map_err(|_| not_sound(allowed, &"not UTF-8"))?;
    let signers = AllowedSigners::parse(&text).map_err(|error| not_sound(allowed, &error))?;
    let Some(revoked) = revoked else { return Ok(signers) };
    let keys =
        RevokedKeys::parse(&io::read(revoked, io::OWN_FILE_BYTES)?).map_err(|error| not_sound(revoked, &error))?;
    Ok(signers.without(keys))
}

/// Adds the step of deciding again; evidence that failed already is not replayed.
fn replayed(verification: Verification, folder: &Folder) -> Result<Verification, CliError> {
    let Some(statement) = verification.statement.as_ref().filter(|_| verification.verdict != Verdict::Failed) else {
        return Ok(verification);
    };
    let (state, detail) = match replay::again(statement, folder, None, Duration::from_secs(SECONDS))? {
        Again::Cannot(why) => (StepState::NotChecked, why),
        Again::Compared(Comparison::Different(differences), _) => (StepState::Fail, differences.join("; ")),
        Again::Compared(same, _) => (StepState::Pass, replay::words(&same)),
    };
    Ok(verification.replayed(state, &detail))
}

/// What is to be deployed: a digest, or a file's.
fn subject(text: &str) -> Result<Digest, CliError> {
    if text.starts_with("sha256:") {
        return text.parse().map_err(|fault| CliError::usage(format!("--subject {text}: {fault}")));
    }
    evidence::digest_of_file(Path::new(text))
        .map_err(|fault| fault.hint("--subject takes a file, or sha256: and 64 lower-case hexadecimal digits"))
}

fn policy_digest(text: &str) -> Result<Digest, CliError> {
    text.parse().map_err(|fault| CliError::usage(format!("--policy {text}: {fault}")))
}

/// Seconds of an age such as `90m`, `24h` or `7d`.
fn age(text: &str) -> Result<i64, CliError> {
    let units = [('s', 1), ('m', 60), ('h', 3600), ('d', 86_400), ('w', 604_800)];
    let seconds = units.into_iter().find_map(|(unit, seconds)| {
        let number = text.strip_suffix(unit).filter(|number| number.bytes().all(|b| b.is_ascii_digit()))?;
        number.parse::<i64>().ok()?.checked_mul(seconds)
    });
    seconds.ok_or_else(|| {
        CliError::usage(format!("--max-age {text}: not an age"))
            .hint("a whole number and s, m, h, d or w: 90m, 24h, 7d")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_whole_numbers_with_a_unit() {
        assert_eq!(age("90m"), Ok(5400));
        assert_eq!(age("7d"), Ok(604_800));
        for bad in ["", "d", "24", "-1h", "1.5h", "+2h", "24 h", "99999999999999999w", "é"] {
            assert_eq!(age(bad).unwrap_err().exit.code(), 2, "{bad}");
        }
    }
}
