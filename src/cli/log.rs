//! `log`: the append-only history of decisions in a directory.
//!
//! What must stay true: one writer at a time; an entry is on the disk before the checkpoint that covers it, so that a run that
//! is cut off at any byte leaves the log that was there; and nothing is added to a log that does not hold.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde::{Deserialize, Serialize};

use super::args::FindingsOutput;
use super::error::CliError;
use super::signing::{Secret, private_key};
use super::timestamps::TsaArgs;
use super::{evidence, io, output};
use crate::evidence::keys::{PrivateKey, PublicKey};
use crate::evidence::{BLOBS, Demands, Stamps, StepState, Trust, verify};
use crate::history::{
    Checkpoint, Continuation, Cosigned, Entry, Inclusion, Log, LogFault, Logged, Note, NoteFault, QuorumFault, Role,
    VerifierKey, Watch, cosign,
};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::render;

/// The schema tag of `log check --output json` and `log monitor --output json`.
const SCHEMA: &str = "countersign/log-check/v1";

/// The entries, a line each.
const HISTORY: &str = "history.jsonl";

/// The signed checkpoint.
const CHECKPOINT: &str = "checkpoint";

/// The log's own key, for whoever wants to check it. Who trusts it got it another way.
const VERIFIER_KEY: &str = "log.vkey";

/// What writers lock.
const LOCK: &str = "lock";

/// The largest history that is read.
const HISTORY_BYTES: u64 = 1 << 30;

/// `log`.
#[derive(Debug, Args)]
pub struct LogArgs {
    /// What to do.
    #[command(subcommand)]
    pub command: LogCommand,
}

/// The commands about the history.
#[derive(Debug, Subcommand)]
pub enum LogCommand {
    /// Begin a log: a directory with an empty history and a signed checkpoint.
    New(NewArgs),
    /// Add decisions to the log, whatever their outcome.
    Append(AppendArgs),
    /// Print the proof that a decision is in the log, or that an earlier checkpoint is its beginning.
    Prove(ProveArgs),
    /// Check either proof without the log.
    Verify(VerifyProofArgs),
    /// Check the whole log: signature, root, sequences, earlier checkpoints, witnesses.
    Check(CheckLogArgs),
    /// Check the log against what was seen last, and remember what is seen now.
    Monitor(MonitorArgs),
    /// Sign the checkpoint as a witness, if it continues what this witness saw last.
    Witness(WitnessArgs),
}

/// `log new`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign key new --out log
  countersign log new history --origin example.com/releases --key log.pem")]
pub struct NewArgs {
    /// Where to write it.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The log's name, for ever: a domain of yours and a path.
    #[arg(long, value_name = "NAME")]
    pub origin: String,
    /// The log's private key (PEM): not the one that signs evidence.
    #[arg(long, value_name = "PATH|env:NAME")]
    pub key: Secret,
}

/// `log append`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Only evidence that verifies with --gate-key is added; blocks, errors and audits as well. What is in the log already is left out.

Examples:
  countersign log append history evidence/d-3f… --key log.pem --gate-key gate.pub.pem")]
pub struct AppendArgs {
    /// The log.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// Folders of evidence, in the order in which they are to be added.
    #[arg(value_name = "EVIDENCE", required = true)]
    pub evidence: Vec<PathBuf>,
    /// The log's private key (PEM).
    #[arg(long, value_name = "PATH|env:NAME")]
    pub key: Secret,
    /// The public key (PEM) that the evidence is signed with.
    #[arg(long, value_name = "PATH")]
    pub gate_key: PathBuf,
    /// Whose timestamps count.
    #[command(flatten)]
    pub tsa: TsaArgs,
}

/// `log prove`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign log prove history --evidence evidence/d-3f… > d-3f….tlog-proof
  countersign log prove history --since checkpoint.june")]
pub struct ProveArgs {
    /// The log.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The decision that is in the log: its folder. Prints a C2SP tlog-proof.
    #[arg(long, value_name = "EVIDENCE", required_unless_present = "since", conflicts_with = "since")]
    pub evidence: Option<PathBuf>,
    /// The earlier checkpoint that the log continues. Prints what a C2SP witness is sent.
    #[arg(long, value_name = "CHECKPOINT")]
    pub since: Option<PathBuf>,
    /// The log's verifier key [default: DIR/log.vkey].
    #[arg(long, value_name = "PATH")]
    pub log_key: Option<PathBuf>,
}

/// `log verify`.
#[derive(Debug, Args)]
#[command(after_long_help = "\
Examples:
  countersign log verify d-3f….tlog-proof --log-key log.vkey --evidence evidence/d-3f…
  countersign log verify since-june.proof --log-key log.vkey --since checkpoint.june

Exit codes: 0 the proof shows it, 1 it does not.")]
pub struct VerifyProofArgs {
    /// What `log prove` printed.
    #[arg(value_name = "PROOF")]
    pub proof: PathBuf,
    /// The log's verifier key, kept since the log began.
    #[arg(long, value_name = "PATH")]
    pub log_key: PathBuf,
    /// The folder of the decision that must be in the log.
    #[arg(long, value_name = "EVIDENCE", required_unless_present = "since", conflicts_with = "since")]
    pub evidence: Option<PathBuf>,
    /// The earlier checkpoint that the log must continue, for what `log prove --since` printed.
    #[arg(long, value_name = "CHECKPOINT")]
    pub since: Option<PathBuf>,
    /// The witnesses.
    #[command(flatten)]
    pub witnesses: WitnessesArgs,
}

/// `log check`.
#[derive(Debug, Args)]
pub struct CheckLogArgs {
    /// The log.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The log's verifier key, kept since the log began.
    #[arg(long, value_name = "PATH")]
    pub log_key: PathBuf,
    /// A checkpoint that was kept: the log must continue it.
    #[arg(long, value_name = "CHECKPOINT")]
    pub since: Vec<PathBuf>,
    /// The witnesses.
    #[command(flatten)]
    pub witnesses: WitnessesArgs,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
}

/// Who must have seen a checkpoint.
#[derive(Clone, Debug, Default, Args)]
pub struct WitnessesArgs {
    /// The verifier key of a witness; repeatable.
    #[arg(long, value_name = "PATH")]
    pub witness: Vec<PathBuf>,
    /// How many of the witnesses must have signed the checkpoint [default: all].
    #[arg(long, value_name = "N", requires = "witness")]
    pub quorum: Option<usize>,
}

impl WitnessesArgs {
    /// The keys, and how many of them are enough.
    ///
    /// # Errors
    /// A key cannot be read: exit 3. More are demanded than there are: exit 2.
    pub(super) fn read(&self) -> Result<(Vec<VerifierKey>, usize), CliError> {
        let keys = self.witness.iter().map(|path| verifier_key(path, Role::Witness)).collect::<Result<Vec<_>, _>>()?;
        let quorum = self.quorum.unwrap_or(keys.len());
        if quorum > keys.len() {
            return Err(CliError::usage(format!("--quorum {quorum} of {} witnesses", keys.len())));
        }
        Ok((keys, quorum))
    }
}

/// `log monitor`.
#[derive(Debug, Args)]
pub struct MonitorArgs {
    /// The log.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The log's verifier key, kept since the log began.
    #[arg(long, value_name = "PATH")]
    pub log_key: PathBuf,
    /// Where the last checkpoint that held is remembered.
    #[arg(long, value_name = "PATH")]
    pub state: PathBuf,
    /// How to print.
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub output: FindingsOutput,
}

/// `log witness`.
#[derive(Debug, Args)]
pub struct WitnessArgs {
    /// The log.
    #[arg(value_name = "DIR")]
    pub directory: PathBuf,
    /// The log's verifier key, kept since the log began.
    #[arg(long, value_name = "PATH")]
    pub log_key: PathBuf,
    /// The witness's private key (PEM).
    #[arg(long, value_name = "PATH|env:NAME")]
    pub key: Secret,
    /// The witness's name.
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// Where the last checkpoint that was signed is remembered.
    #[arg(long, value_name = "PATH")]
    pub state: PathBuf,
}

/// Runs a command about the history.
///
/// # Errors
/// A file is missing or unreadable, or evidence does not hold: exit 3. Something could not be written: exit 4.
pub fn run(command: &LogCommand) -> Result<u8, CliError> {
    match command {
        LogCommand::New(args) => new(args),
        LogCommand::Append(args) => append(args),
        LogCommand::Prove(args) => prove(args),
        LogCommand::Verify(args) => verify_proof(args),
        LogCommand::Check(args) => check(args),
        LogCommand::Monitor(args) => monitor(args),
        LogCommand::Witness(args) => witness(args),
    }
}

fn new(args: &NewArgs) -> Result<u8, CliError> {
    let key = private_key(&args.key, None)?;
    let unusable = |fault: NoteFault| CliError::usage(format!("--origin {}: {fault}", args.origin));
    let verifier = VerifierKey::new(&args.origin, Role::Log, key.public()).map_err(unusable)?;
    let note = Log::begun(&args.origin, &key).map_err(|fault| CliError::internal(fault.to_string()))?;
    io::create_dir(&args.directory)?;
    let _lock = io::lock(&args.directory.join(LOCK))?;
    if io::kind(&args.directory.join(CHECKPOINT)) != io::PathKind::Missing {
        return Err(CliError::input(format!("{}: is a log already", args.directory.display()))
            .hint("add to it with `log append`"));
    }
    io::write(&args.directory.join(HISTORY), b"")?;
    io::write(&args.directory.join(VERIFIER_KEY), format!("{verifier}\n").as_bytes())?;
    io::write(&args.directory.join(CHECKPOINT), note.to_string().as_bytes())?;
    say(&format!(
        "{verifier}\nKeep this line where the log's writers cannot change it: `log check --log-key` needs it.\n"
    ))
}

fn append(args: &AppendArgs) -> Result<u8, CliError> {
    let key = private_key(&args.key, None)?;
    let gate_key = evidence::public_key(&args.gate_key)?;
    if key.public() == gate_key {
        return Err(CliError::usage("--key and --gate-key are the same key").hint(
            "whoever can sign evidence must not be able to rewrite the history: `countersign key new --out log`",
        ));
    }
    let now = io::now()?;
    let stamps = args.tsa.read(&[])?;
    let stamps = stamps.as_deref();
    let entries: Vec<Entry> =
        args.evidence.iter().map(|folder| entry(folder, &gate_key, stamps, now)).collect::<Result<_, _>>()?;

    let _lock = io::lock(&args.directory.join(LOCK))?;
    let log = opened_by_its_writer(&args.directory, &key)?;
    let given = entries.len();
    let grown = log.grown(entries, &key).map_err(|fault| CliError::internal(fault.to_string()))?;
    let size = log.entries().len();
    if log.beyond() > 0 || !grown.entries.is_empty() {
        io::append_at(&args.directory.join(HISTORY), log.covered(), &grown.bytes)?;
    }
    if !grown.entries.is_empty() {
        io::write(&args.directory.join(CHECKPOINT), grown.note.to_string().as_bytes())?;
    }
    let mut text = String::new();
    for (index, entry) in (size..).zip(&grown.entries) {
        text.push_str(&format!("{index}  {}\n", line(entry)));
    }
    text.push_str(&format!(
        "{} added, {} in the log already; {} entries\n",
        grown.entries.len(),
        given - grown.entries.len(),
        size + grown.entries.len()
    ));
    say(&text)
}

/// The entry of a folder of evidence that holds.
fn entry(path: &Path, key: &PublicKey, stamps: Option<&dyn Stamps>, at: Timestamp) -> Result<Entry, CliError> {
    #[derive(Deserialize)]
    struct OfDecision {
        service: OfService,
    }
    #[derive(Deserialize)]
    struct OfService {
        name: Option<Untrusted>,
    }
    let folder = evidence::read(path)?;
    let verification = verify(
        &folder,
        &Demands { stamps, needs_stamp: stamps.is_some(), ..Demands::of_any_decision(Trust::Key(key), at) },
    );
    let refused = |why: &str| {
        CliError::input(format!("{}: {why}", path.display()))
            .hint("`countersign verify --any-outcome` shows every step; nothing was added")
    };
    if let Some(step) = verification.steps.iter().find(|step| step.state == StepState::Fail) {
        return Err(refused(&format!("the evidence does not hold: {}: {}", step.name, step.detail)));
    }
    let bytes = |name: &str| folder.files.get(name).and_then(|file| file.bytes.as_deref());
    let statement = verification.statement.ok_or_else(|| refused("the evidence could not be checked"))?;
    let envelope = bytes(DECISION).ok_or_else(|| refused("the envelope is missing"))?;
    let result = bytes(&format!("{BLOBS}{}", statement.predicate.result.sha256.hex()));
    let decision: OfDecision = serde_json::from_slice(result.unwrap_or_default())
        .map_err(|_| refused("the decision document does not name a service"))?;
    Ok(Entry::of(&statement, &Logged { envelope, key, service: decision.service.name, at }))
}

/// The name of the decision's envelope.
pub(super) const DECISION: &str = crate::evidence::predicate::gate_decision::PREDICATE.file;

fn prove(args: &ProveArgs) -> Result<u8, CliError> {
    let key = match &args.log_key {
        Some(path) => verifier_key(path, Role::Log)?,
        None => verifier_key(&args.directory.join(VERIFIER_KEY), Role::Log)?,
    };
    let log = read(&args.directory, &key)?;
    let text = match (&args.evidence, &args.since) {
        (Some(folder), _) => {
            let stored = evidence::read(folder)?.files.remove(DECISION);
            let digest = stored.map(|stored| stored.digest);
            let index = digest.and_then(|digest| log.index_of(digest));
            let proof = index.and_then(|index| log.proof(index)).ok_or_else(|| {
                CliError::input(format!("{}: this decision is not in the log", folder.display()))
                    .hint("add it with `log append`")
            })?;
            proof.to_string()
        }
        (None, since) => {
            let earlier = checkpoint(since.as_deref().unwrap_or(Path::new("")), &key)?;
            log.continues(&earlier).map_err(|fault| CliError::input(fault.to_string()))?;
            let hashes = log.consistency(earlier.size).unwrap_or_default();
            Continuation { old: earlier.size, hashes, note: log.note().clone() }.to_string()
        }
    };
    say(&text)
}

fn verify_proof(args: &VerifyProofArgs) -> Result<u8, CliError> {
    let key = verifier_key(&args.log_key, Role::Log)?;
    let bytes = io::read(&args.proof, io::OWN_FILE_BYTES)?;
    let (witnesses, quorum) = args.witnesses.read()?;
    let Some(folder) = &args.evidence else {
        let earlier = checkpoint(args.since.as_deref().unwrap_or(Path::new("")), &key)?;
        let continued = || -> Result<(Checkpoint, Vec<Cosigned>), String> {
            let proof = Continuation::read(&bytes).map_err(|fault| fault.to_string())?;
            let later = proof.verify(&earlier, &key).map_err(|fault| fault.to_string())?;
            let seen = proof.note.witnessed(&key, &witnesses, quorum).map_err(|fault| fault.to_string())?;
            Ok((later, seen))
        };
        return match continued() {
            Ok((Checkpoint { origin, size, .. }, seen)) => {
                let seen: String = seen.iter().map(seen_line).collect();
                say(&format!("{origin} of {size} entries continues that of {}\n{seen}HOLDS\n", earlier.size))
            }
            Err(why) => say(&format!("FAILED: {}: {why}\n", args.proof.display())).map(|_| 1),
        };
    };
    let decision = evidence::read(folder)?.files.remove(DECISION);
    let decision = decision.ok_or_else(|| CliError::input(format!("{}: no {DECISION}", folder.display())))?.digest;
    match Inclusion::read(&bytes, decision, Watch { log: &key, witnesses: &witnesses, quorum }) {
        Ok(Inclusion { entry, checkpoint: Checkpoint { origin, size, .. }, cosigned }) => {
            let seen: String = cosigned.iter().map(seen_line).collect();
            say(&format!("{}\nin {origin} of {size} entries\n{seen}HOLDS\n", line(&entry)))
        }
        Err(why) => say(&format!("FAILED: {}: {why}\n", args.proof.display())).map(|_| 1),
    }
}

fn check(args: &CheckLogArgs) -> Result<u8, CliError> {
    let key = verifier_key(&args.log_key, Role::Log)?;
    let since = args.since.iter().map(|path| checkpoint(path, &key)).collect::<Result<Vec<_>, _>>()?;
    let (witnesses, quorum) = args.witnesses.read()?;
    let result = held(&args.directory, &key, &since)?.and_then(|log| {
        let cosigned = log.note().witnessed(&key, &witnesses, quorum).map_err(Broken::Quorum)?;
        Ok(Seen { new: 0..0, log, cosigned, earlier: since.len() })
    });
    report(&result, args.output)
}

fn monitor(args: &MonitorArgs) -> Result<u8, CliError> {
    let key = verifier_key(&args.log_key, Role::Log)?;
    let last = remembered(&args.state, &key)?;
    let result = held(&args.directory, &key, last.as_slice())?.map(|log| {
        let from = last.as_ref().map_or(0, |last| usize::try_from(last.size).unwrap_or(usize::MAX));
        Seen { new: from..log.entries().len(), log, cosigned: Vec::new(), earlier: last.iter().len() }
    });
    if let Ok(seen) = &result {
        io::write(&args.state, seen.log.note().to_string().as_bytes())?;
    }
    report(&result, args.output)
}

fn witness(args: &WitnessArgs) -> Result<u8, CliError> {
    let (log_key, key) = (verifier_key(&args.log_key, Role::Log)?, private_key(&args.key, None)?);
    if key.public() == *log_key.key() {
        return Err(CliError::usage("--key is the log's own key").hint("a witness is somebody else, with another key"));
    }
    let _lock = io::lock(&args.directory.join(LOCK))?;
    let last = remembered(&args.state, &log_key)?;
    let log = match held(&args.directory, &log_key, last.as_slice())? {
        Ok(log) => log,
        Err(fault) => return report(&Err(fault), FindingsOutput::Human),
    };
    let mut note = log.note().clone();
    cosign(&mut note, &args.name, &key, io::now()?).map_err(|fault| CliError::usage(format!("--name: {fault}")))?;
    // Remembered first: a witness never signs two histories, even if it is cut off here.
    io::write(&args.state, note.to_string().as_bytes())?;
    io::write(&args.directory.join(CHECKPOINT), note.to_string().as_bytes())?;
    let witness = VerifierKey::new(&args.name, Role::Witness, key.public())
        .map_err(|fault| CliError::usage(format!("--name: {fault}")))?;
    say(&format!("{witness}\nsigned the checkpoint of {} entries\n", log.checkpoint().size))
}

/// What was found in a log that holds.
struct Seen {
    log: Log,
    earlier: usize,
    cosigned: Vec<Cosigned>,
    /// The entries since the last time.
    new: std::ops::Range<usize>,
}

/// Why a check fails.
enum Broken {
    Log(LogFault),
    Beyond(usize),
    Quorum(QuorumFault),
}

impl std::fmt::Display for Broken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Log(fault) => fault.fmt(f),
            Self::Beyond(bytes) => write!(
                f,
                "{HISTORY} has {bytes} bytes beyond its checkpoint: an append did not come to its end, and the next one \
                 removes them; or somebody wrote what nobody signed"
            ),
            Self::Quorum(fault) => fault.fmt(f),
        }
    }
}

/// The log, where it holds and continues each of these checkpoints.
fn held(directory: &Path, key: &VerifierKey, since: &[Checkpoint]) -> Result<Result<Log, Broken>, CliError> {
    let (history, note) = files(directory)?;
    let log = match Log::open(&history, note, key) {
        Ok(log) => log,
        Err(fault) => return Ok(Err(Broken::Log(fault))),
    };
    if let Some(fault) = since.iter().find_map(|earlier| log.continues(earlier).err()) {
        return Ok(Err(Broken::Log(fault)));
    }
    Ok(if log.beyond() > 0 { Err(Broken::Beyond(log.beyond())) } else { Ok(log) })
}

/// `log check --output json`.
#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    result: &'static str,
    exit_code: u8,
    fault: Option<String>,
    origin: Option<&'a str>,
    size: Option<u64>,
    root: Option<Digest>,
    earlier_checkpoints: usize,
    witnesses: Vec<Witnessed<'a>>,
    new: &'a [Entry],
}

#[derive(Serialize)]
struct Witnessed<'a> {
    name: &'a Untrusted,
    at: Timestamp,
}

fn report(result: &Result<Seen, Broken>, format: FindingsOutput) -> Result<u8, CliError> {
    let code = u8::from(result.is_err());
    let text = match format {
        FindingsOutput::Human => human(result),
        FindingsOutput::Json => json(result, code)?,
    };
    say(&text).map(|_| code)
}

fn human(result: &Result<Seen, Broken>) -> String {
    let seen = match result {
        Ok(seen) => seen,
        Err(broken) => return format!("FAILED: {broken}\n"),
    };
    let Checkpoint { origin, size, root } = seen.log.checkpoint();
    let mut text: String =
        seen.log.entries().get(seen.new.clone()).unwrap_or_default().iter().map(|e| line(e) + "\n").collect();
    text.push_str(&format!("{origin}: {size} entries, root {}\n", Digest::from_bytes(*root)));
    if seen.earlier > 0 {
        text.push_str(&format!(
            "continues {} earlier checkpoint{}\n",
            seen.earlier,
            if seen.earlier == 1 { "" } else { "s" }
        ));
    }
    text.extend(seen.cosigned.iter().map(seen_line));
    text + "HOLDS\n"
}

fn seen_line(Cosigned { name, at }: &Cosigned) -> String {
    format!("seen by {} at {at}\n", name.line())
}

fn json(result: &Result<Seen, Broken>, exit_code: u8) -> Result<String, CliError> {
    let seen = result.as_ref().ok();
    let checkpoint = seen.map(|seen| seen.log.checkpoint());
    let document = Document {
        schema: SCHEMA,
        result: if seen.is_some() { "holds" } else { "failed" },
        exit_code,
        fault: result.as_ref().err().map(ToString::to_string),
        origin: checkpoint.map(|checkpoint| checkpoint.origin.as_str()),
        size: checkpoint.map(|checkpoint| checkpoint.size),
        root: checkpoint.map(|checkpoint| Digest::from_bytes(checkpoint.root)),
        earlier_checkpoints: seen.map_or(0, |seen| seen.earlier),
        witnesses: seen
            .map_or(&[][..], |seen| &seen.cosigned)
            .iter()
            .map(|Cosigned { name, at }| Witnessed { name, at: *at })
            .collect(),
        new: seen.and_then(|seen| seen.log.entries().get(seen.new.clone())).unwrap_or_default(),
    };
    let mut text = Vec::new();
    render::json::document(&document, &mut text).map_err(|error| CliError::internal(format!("the output: {error}")))?;
    String::from_utf8(text).map_err(|error| CliError::internal(format!("the output: {error}")))
}

/// One entry on a line.
pub(super) fn line(entry: &Entry) -> String {
    let or_dash = |text: &Option<Untrusted>| text.as_ref().map_or("-".to_owned(), |text| text.line().into_owned());
    format!(
        "{}  {:<5}  {}  {} {} {} #{}",
        entry.evaluated_at,
        entry.outcome.word(),
        entry.decision_id.line(),
        or_dash(&entry.repository),
        or_dash(&entry.service),
        entry.environment.line(),
        entry.sequence,
    )
}

/// The log, checked with a key that the reader trusts.
///
/// # Errors
/// A file is missing, or the log does not hold: exit 3.
pub(super) fn read(directory: &Path, key: &VerifierKey) -> Result<Log, CliError> {
    let (history, note) = files(directory)?;
    Log::open(&history, note, key).map_err(|fault| broken(directory, &fault))
}

/// The log, checked with the key that will write it.
fn opened_by_its_writer(directory: &Path, key: &PrivateKey) -> Result<Log, CliError> {
    let (history, note) = files(directory)?;
    let origin = Checkpoint::read(note.unverified_text()).map(|checkpoint| checkpoint.origin);
    let name = origin.map_err(|fault| CliError::input(format!("{}: {fault}", directory.join(CHECKPOINT).display())))?;
    let own = VerifierKey::new(&name, Role::Log, key.public())
        .map_err(|fault| CliError::input(format!("{}: {fault}", directory.join(CHECKPOINT).display())))?;
    Log::open(&history, note, &own).map_err(|fault| broken(directory, &fault))
}

fn broken(directory: &Path, fault: &LogFault) -> CliError {
    CliError::input(format!("{}: {fault}", directory.display()))
        .hint("nothing is added to a log that does not hold; restore it from a copy that does")
}

fn files(directory: &Path) -> Result<(Vec<u8>, Note), CliError> {
    if io::kind(directory) != io::PathKind::Directory {
        return Err(CliError::input(format!("{}: no such directory", directory.display()))
            .hint("`countersign log new` begins a log"));
    }
    // The checkpoint first: what is added meanwhile only lies beyond it.
    let note = note(&directory.join(CHECKPOINT))?;
    Ok((io::read(&directory.join(HISTORY), HISTORY_BYTES)?, note))
}

fn note(path: &Path) -> Result<Note, CliError> {
    let bytes = io::read(path, io::OWN_FILE_BYTES)?;
    Note::read(&bytes).map_err(|fault| CliError::input(format!("{}: {fault}", path.display())))
}

fn checkpoint(path: &Path, key: &VerifierKey) -> Result<Checkpoint, CliError> {
    Checkpoint::open(&note(path)?, key).map_err(|fault| CliError::input(format!("{}: {fault}", path.display())))
}

/// The checkpoint that was remembered; the first time there is none.
fn remembered(path: &Path, key: &VerifierKey) -> Result<Option<Checkpoint>, CliError> {
    if io::kind(path) == io::PathKind::Missing { Ok(None) } else { checkpoint(path, key).map(Some) }
}

/// Reads a verifier key of this role.
///
/// # Errors
/// Missing, or none: exit 3.
pub(super) fn verifier_key(path: &Path, role: Role) -> Result<VerifierKey, CliError> {
    let bytes = io::read(path, io::OWN_FILE_BYTES)?;
    let text = String::from_utf8_lossy(&bytes);
    let key: VerifierKey =
        text.trim_end().parse().map_err(|fault| CliError::input(format!("{}: {fault}", path.display())))?;
    if key.role() == role {
        return Ok(key);
    }
    let (is, due) = match role {
        Role::Log => ("a witness's", "the log's"),
        Role::Witness => ("a log's", "a witness's"),
    };
    Err(CliError::input(format!("{}: is {is} key, {due} is expected", path.display())))
}

fn say(text: &str) -> Result<u8, CliError> {
    output::print(text.as_bytes()).map(|()| 0)
}
