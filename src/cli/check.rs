//! `check`: gather, decide, prove, show.
//!
//! What must stay true: the order is fixed. Nothing is shown before the evidence that was asked for exists; where an output cannot
//! be written then, that evidence is withdrawn. An error, too, leaves evidence where there is a key to sign it with.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::args::{CheckArgs, FailOnArg, ModeArg};
use super::change::{self, Seen};
use super::config::Config;
use super::error::{CliError, Exit};
use super::judging::JudgingFiles;
use super::policies::{self, Source};
use super::{
    baseline, data, diagnostic, emergency, evidence as store, histories, io, judged, output, receipt, reports, subject,
    vex,
};
use crate::decision::{Decision, DecisionError, FailOn};
use crate::evidence::keys::Sign;
use crate::evidence::materials::{Content, Material, Role};
use crate::evidence::statement::MAX_SUBJECTS;
use crate::evidence::{CommitSubject, Evidence, EvidenceFault, EvidenceInput, Timestamper, assemble};
use crate::facts::{Clock, Judging, Mode};
use crate::gate::{self, Inputs, Known};
use crate::model::change::Change;
use crate::model::digest::Digest;
use crate::model::enrichment::DataSet;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::policy::{Bundle, PolicySet};
use crate::render::{Show, Style};
use crate::strict::Fault;

/// Runs `check`; every error has been printed.
#[must_use]
pub fn run(args: &CheckArgs) -> u8 {
    let mut trail = Trail { purpose: Purpose::Decision, ..Trail::default() };
    match attempt(args, &mut trail) {
        Ok(code) => code,
        Err(error) => {
            diagnostic::report(&error);
            if error.exit > Exit::Usage {
                trail.prove_error(&error);
            }
            error.exit.code()
        }
    }
}

/// What the inputs are gathered for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Purpose {
    /// A decision, which may leave evidence.
    Decision,
    /// A question of what would be decided.
    #[default]
    Question,
    /// A look at exception records as they are proposed.
    Proposal,
    /// A look at everything but reports.
    Setup,
}

/// What has been read so far: the materials of the evidence, also when the run ends in an error.
#[derive(Default)]
struct Trail {
    purpose: Purpose,
    materials: Vec<Material<'static>>,
    evidence: Option<PathBuf>,
    key: Option<Box<dyn Sign>>,
    timestamper: Option<Box<dyn Timestamper>>,
    /// The authority did not stamp: it is not asked a second time.
    is_unstamped: Cell<bool>,
    commit: Option<CommitSubject>,
    known: Option<Known>,
    outputs: Vec<output::Output>,
}

fn attempt(args: &CheckArgs, trail: &mut Trail) -> Result<u8, CliError> {
    let Ready { inputs, bundle, .. } = gather(args, trail)?;
    let gate::Decided { decision, facts } = gate::decide(inputs, &bundle)?;
    let proof = trail.proof(&decision, Some(facts))?;
    let style = Style {
        quiet: args.quiet > 0,
        show: args.show.map_or(Show::default(), Show::from),
        evidence: proof.as_ref().map(Proof::summary),
        anchor: trail.anchor(),
        ..output::style(args.color, &io::environment())
    };
    let outputs = output::rendered(&trail.outputs, &decision, &style)?;
    let waiting = outputs.stage()?;
    let written = proof.map(|proof| store::write(proof.dir, &proof.evidence)).transpose()?;
    match waiting.show() {
        Ok(()) => Ok(decision.exit_code),
        // Else the evidence of a pass would outlive the exit code that takes it back.
        Err(error) => Err(match written.map_or(Ok(()), store::Written::withdraw) {
            Ok(()) => error,
            Err(second) => error.and(second),
        }),
    }
}

/// Everything that a decision is made from, read and checked.
#[derive(Debug)]
pub struct Ready {
    /// What was read.
    pub inputs: Inputs,
    /// The policies.
    pub bundle: Bundle,
    /// The signed approvals, to be judged at other instants too.
    pub trust: Option<judged::Trust>,
    /// Faults of form of the records; none but for [`proposed`].
    pub faults: Vec<Fault>,
    /// The files of exception records that were named.
    pub exceptions: Vec<PathBuf>,
}

/// Reads what `check` would decide from, and decides nothing: for commands that ask what would be.
///
/// # Errors
/// Those of `check`.
pub fn ready(args: &CheckArgs) -> Result<Ready, CliError> {
    gather(args, &mut Trail::default())
}

/// As [`ready`], with no report and no receipt, whatever is named.
///
/// # Errors
/// Those of `check` that do not come from reports.
pub fn ready_without_reports(args: &CheckArgs) -> Result<Ready, CliError> {
    gather(args, &mut Trail { purpose: Purpose::Setup, ..Trail::default() })
}

/// As [`ready`], to look at exception records before they count: as they lie in the working tree, with their faults of form, and
/// with the reports that are named on the command line, if any. Nothing may be decided from this.
///
/// # Errors
/// Those of `check`, but for faults of form in records.
pub fn proposed(args: &CheckArgs) -> Result<Ready, CliError> {
    gather(args, &mut Trail { purpose: Purpose::Proposal, ..Trail::default() })
}

fn gather(args: &CheckArgs, trail: &mut Trail) -> Result<Ready, CliError> {
    let env = io::environment();
    let (now, clock) = instant(args.at.as_deref())?;
    trail.outputs = output::parse(&args.output, args.quiet)?;
    let directory = io::working_directory()?;

    if trail.purpose == Purpose::Decision {
        trail.evidence.clone_from(&args.evidence);
        trail.key = args.signing.signer()?;
        trail.timestamper = args.timestamps.timestamper()?;
    }
    trail.known = Some(unknown(args, now, clock));

    let Seen { mut change, git, environment, event, file } =
        change::see(args.ci.as_deref().unwrap_or("auto"), &env, &directory, args.change.as_deref())?;
    trail.keep_read(Role::Event, event);
    trail.keep_read(Role::Change, file);
    trail.know(|known| known.change = change.clone());

    let proposal = trail.purpose == Purpose::Proposal;
    let judging = match proposal {
        true => JudgingFiles::open(&Change::default(), git.as_ref(), &directory)?,
        false => JudgingFiles::open(&change, git.as_ref(), &directory)?,
    };
    change = judging.add_changed_files(change);
    trail.commit = judging.commit_subject(&change)?;
    let config = judged::config(args.config.as_deref(), &judging)?;
    trail.keep_files(Role::Config, config.files);
    let config = config.value;
    let plan = Plan::of(args, &config, environment);
    let plan = if proposal { plan.without_past() } else { plan };
    if !is_environment(plan.environment.as_raw()) {
        return Err(CliError::usage(format!("--environment {:?}: not the name of an environment", plan.environment))
            .hint("letters, digits and . _ - / without spaces; `production` where it is the real one"));
    }
    let outputs = output::parse(&either(&args.output, &config.output), args.quiet)?;
    trail.outputs.clone_from(&outputs);
    if trail.purpose == Purpose::Decision {
        if trail.key.is_none() {
            trail.key = args.signing.or_configured(&config).signer()?;
        }
        trail.evidence.clone_from(&plan.evidence);
        if trail.timestamper.is_some() && (trail.key.is_none() || trail.evidence.is_none()) {
            return Err(CliError::usage("--timestamp-command: there is no signature to stamp")
                .hint("write evidence with --evidence, and sign it with --key or --sign-command"));
        }
    }
    trail.know(|known| {
        known.environment = plan.environment.clone();
        known.mode = plan.mode;
        known.fail_on = plan.fail_on;
    });

    let gate_id = plan.gate_id(&change);
    trail.know(|known| {
        known.change = change.clone();
        known.gate_id = gate_id.clone();
    });

    // Everything that can be wrong is looked at before any of it is reported.
    let mut faults = Vec::new();
    let mut note = |fault: CliError| faults.push(fault);
    let service = judged::service(plan.service.as_deref(), &judging).map_err(&mut note).ok();
    let codeowners = judged::codeowners(plan.codeowners.as_deref(), &judging).map_err(&mut note).ok();
    let limit = Duration::from_secs(args.policy_timeout.max(1));
    let policies =
        args.bundle.or_configured(&config).proof(now, &judging).and_then(|proof| {
            policies::load(&plan.policy, &plan.namespaces, !plan.no_builtin, limit, (&proof, &judging))
        });
    let policies = policies.map_err(&mut note).ok();
    let shipped = policies.as_ref().map(|policies| &policies.value);
    let profile = judged::profile(plan.profile.as_deref(), shipped, &judging).map_err(&mut note).ok();
    let artifacts = subject::read(&args.subject).map_err(&mut note).ok();
    // A statement is about a few things: too many of them are another error, which must leave evidence, too.
    if let Some(artifacts) = artifacts.as_ref().filter(|artifacts| artifacts.len() <= MAX_SUBJECTS) {
        trail.know(|known| known.artifacts.clone_from(artifacts));
    }
    let no_reports = match trail.purpose {
        Purpose::Setup => true,
        Purpose::Proposal => args.reports.is_empty(),
        Purpose::Decision | Purpose::Question => false,
    };
    let read = match no_reports {
        true => Some(Vec::new()),
        false => reports::read(&args.reports, &config.reports, &config.ignore, args.quiet > 0).map_err(&mut note).ok(),
    };
    let receipts = match no_reports {
        true => Some(Vec::new()),
        false => receipt::read(&plan.receipts).map_err(&mut note).ok(),
    };
    let data = data::read(&plan.data, &judging).map_err(&mut note).ok();
    let carried = policies.as_ref().map(|policies| policies.value.exceptions.as_slice()).unwrap_or_default();
    let statements = vex::read(&plan.vex, &judging).map_err(&mut note).ok();
    let records = match proposal {
        true => judged::examined_exceptions(&plan.exceptions, carried, &judging),
        false => judged::exceptions(&plan.exceptions, carried, &judging).map(|records| (records, Vec::new())),
    };
    let records = records.map_err(&mut note).ok();
    if let Some(all) = CliError::all(faults) {
        return Err(all);
    }
    let missing = || CliError::internal("an input is neither there nor at fault");
    let (records, faults) = records.ok_or_else(missing)?;
    let histories = histories::of(&records.value, &plan.exceptions, &judging, now.date())?;
    let who_and_when = (change.repository.as_ref().map(Untrusted::as_raw), now);
    let signers = judged::SignerFiles { allowed: plan.allowed_signers.clone(), revoked: plan.revoked_keys.clone() };
    let approvals = judged::approvals(&signers, (&plan.exceptions, carried), &records.value, who_and_when, &judging)?;
    let repository = change.repository.as_ref();
    let given = emergency::read(&args.emergency, approvals.allowed.as_ref(), repository.map(Untrusted::as_raw), now)?;
    let history = emergency::history(&plan.history, plan.history_key.as_deref(), repository, &plan.environment, now)?;
    let earlier = baseline::read(&plan.baseline()?, &judging, now)?;
    let judging = judging.facts(&[])?;
    trail.know(|known| known.judging = judging.clone());
    let profile = profile.ok_or_else(missing)?;
    let looks = if args.ci.as_deref() == Some("none") { None } else { Some(&env) };
    change::look_at_runner(&mut change, &profile.value.runners, looks, trail.key.is_some());
    let service = service.ok_or_else(missing)?;
    let codeowners = codeowners.ok_or_else(missing)?;
    let policies = policies.ok_or_else(missing)?;
    let receipts = receipts.ok_or_else(missing)?;
    trail.keep_files(Role::Profile, profile.files);
    trail.keep_files(Role::Service, service.files);
    trail.keep_files(Role::Ownership, codeowners.files);
    trail.keep_files(Role::Policy, policies.files);
    let set = PolicySet::of(&policies.value.bundle.files, &plan.namespaces).to_bytes();
    trail.keep(Role::PolicySet, "policies.json", set.map_err(|error| CliError::internal(error.to_string()))?);
    trail.keep_files(Role::Exceptions, records.files);
    for carried in &policies.value.exceptions {
        trail.keep(Role::OrganisationExceptions, &carried.path, carried.files.records.clone().into_bytes());
    }
    let statements = statements.ok_or_else(missing)?;
    trail.keep_files(Role::Vex, statements.files);
    // The allowed signers come first, then the keys that are revoked.
    for (role, file) in [Role::Trust, Role::Revocation].into_iter().zip(approvals.signers) {
        trail.keep_files(role, vec![file]);
    }
    trail.keep_files(Role::Signature, approvals.signatures);
    for file in given.records {
        trail.keep(Role::Emergency, &file.path.to_string_lossy(), file.bytes);
    }
    for file in given.signatures {
        trail.keep(Role::Signature, &file.path.to_string_lossy(), file.bytes);
    }
    trail.keep_files(Role::Baseline, earlier.file.into_iter().collect());
    for file in &receipts {
        trail.keep(Role::Receipt, &file.path.to_string_lossy(), file.bytes.clone());
    }
    let data = data.ok_or_else(missing)?;
    trail.keep_data(&data.sets);
    let mut reports = read.ok_or_else(missing)?;
    data.knowledge.enrich(reports.iter_mut().map(|given| &mut given.report.parsed));
    let named = plan.given().chain(args.signing.paths()).chain(args.change.as_deref()).chain(args.config.as_deref());
    output::keep_apart(
        &outputs,
        named
            .chain(args.emergency.iter().map(PathBuf::as_path))
            .chain(reports.iter().map(|given| Path::new(given.report.path.as_raw()))),
    )?;
    let digests: BTreeSet<Digest> = reports.iter().map(|given| given.report.digest).collect();
    let receipts = receipts.iter().flat_map(|file| file.receipts.iter().cloned());
    // Who looks at records may name some of the reports.
    let receipts = receipts.filter(|receipt| !proposal || digests.contains(&receipt.report.0));
    receipt::bind(reports.iter_mut().map(|given| &mut given.report), receipts)?;
    trail.keep_reports(&reports);

    let inputs = Inputs {
        now,
        clock,
        environment: plan.environment.clone(),
        mode: plan.mode,
        fail_on: plan.fail_on,
        profile: profile.value,
        change,
        service: service.value.service,
        exposure_stated: service.value.exposure_stated,
        codeowners: codeowners.value,
        artifacts: artifacts.ok_or_else(missing)?,
        judging,
        reports: reports.into_iter().map(|report| report.report).collect(),
        enrichment: data.sets.into_iter().map(|(set, _)| set).collect(),
        records: records.value,
        histories,
        vex: statements.value,
        emergency: given.emergency,
        closings: given.closings,
        history,
        baseline: earlier.baseline,
        approvers: approvals.approvers,
        gate_id,
        builtin: !plan.no_builtin,
        signed: trail.key.is_some(),
        bound: trail.commit.is_some() || !args.subject.is_empty(),
    };
    let bundle = policies.value.bundle;
    Ok(Ready { inputs, bundle, trust: approvals.trust, faults, exceptions: plan.exceptions })
}

/// Rules compare environments by name: nothing in a name may look like another one.
fn is_environment(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._-/".contains(c))
}

/// `--at`, else the machine's clock.
///
/// # Errors
/// What was given is no instant: a usage error.
pub fn instant(at: Option<&str>) -> Result<(Timestamp, Clock), CliError> {
    match at {
        Some(text) => text
            .parse()
            .map(|instant| (instant, Clock::Pinned))
            .map_err(|fault| CliError::usage(format!("--at {text}: {fault}"))),
        None => Ok((io::now()?, Clock::System)),
    }
}

/// What is known before anything was read.
fn unknown(args: &CheckArgs, now: Timestamp, clock: Clock) -> Known {
    let plan = Plan::of(args, &Config::default(), None);
    Known {
        now,
        clock,
        gate_id: plan.gate_id(&Change::default()),
        environment: plan.environment,
        mode: plan.mode,
        fail_on: plan.fail_on,
        change: Change::default(),
        artifacts: Vec::new(),
        judging: Judging::default(),
        exit_code: Exit::Internal.code(),
        errors: Vec::new(),
    }
}

/// What will be done: the flags, and the configuration where they say nothing.
struct Plan {
    environment: Untrusted,
    mode: Mode,
    fail_on: FailOn,
    profile: Option<String>,
    service: Option<PathBuf>,
    codeowners: Option<PathBuf>,
    data: Vec<PathBuf>,
    exceptions: Vec<PathBuf>,
    vex: Vec<PathBuf>,
    policy: Vec<Source>,
    namespaces: Vec<String>,
    no_builtin: bool,
    receipts: Vec<PathBuf>,
    allowed_signers: Option<PathBuf>,
    revoked_keys: Option<PathBuf>,
    history: Vec<PathBuf>,
    history_key: Option<PathBuf>,
    baseline: Option<PathBuf>,
    baseline_key: Option<PathBuf>,
    baseline_digest: Option<String>,
    evidence: Option<PathBuf>,
    gate: Option<Untrusted>,
}

impl Plan {
    fn of(args: &CheckArgs, config: &Config, provider: Option<Untrusted>) -> Self {
        let environment = args
            .environment
            .as_deref()
            .map(Untrusted::from)
            .or_else(|| config.environment.as_deref().map(Untrusted::from))
            .or(provider)
            .unwrap_or_else(|| "production".into());
        Self {
            // `Production` is production: a rule for it must not be passed by with a capital.
            environment: Untrusted::new(environment.as_raw().to_lowercase()),
            mode: match args.mode {
                Some(ModeArg::Audit) => Mode::Audit,
                Some(ModeArg::Enforce) => Mode::Enforce,
                None => config.mode.unwrap_or_default(),
            },
            fail_on: match args.fail_on {
                Some(FailOnArg::Block) => FailOn::Block,
                Some(FailOnArg::Warn) => FailOn::Warn,
                Some(FailOnArg::Never) => FailOn::Never,
                None => config.fail_on.unwrap_or_default(),
            },
            profile: args.profile.clone().or_else(|| config.profile.clone()),
            service: args.service.clone().or_else(|| config.service.clone()),
            codeowners: args.codeowners.clone().or_else(|| config.codeowners.clone()),
            data: either(&args.data, &config.data),
            vex: either(&args.vex, &config.vex),
            exceptions: either(&args.exceptions, &config.exceptions),
            policy: either(&args.policy, &config.policy),
            namespaces: either(&args.namespace, &config.namespaces),
            no_builtin: args.no_builtin || config.no_builtin,
            receipts: either(&args.receipt, &config.receipts),
            allowed_signers: args.allowed_signers.clone().or_else(|| config.allowed_signers.clone()),
            revoked_keys: args.revoked_keys.clone().or_else(|| config.revoked_keys.clone()),
            history: either(&args.history, &config.history),
            history_key: args.history_key.clone().or_else(|| config.history_key.clone()),
            baseline: args.baseline.clone().or_else(|| config.baseline.clone()),
            baseline_key: args.baseline_key.clone().or_else(|| config.baseline_key.clone()),
            baseline_digest: args.baseline_digest.clone().or_else(|| config.baseline_digest.clone()),
            evidence: args.evidence.clone().or_else(|| config.evidence.clone()),
            gate: config.gate_id.as_deref().map(Untrusted::from),
        }
    }

    fn baseline(&self) -> Result<baseline::Asked, CliError> {
        let digest = self.baseline_digest.as_deref().map(|text| {
            text.parse().map_err(|_| {
                CliError::usage(format!("--baseline-digest {text:?}: no digest")).hint("write it as sha256:HEX")
            })
        });
        let key = self.baseline_key.clone().or_else(|| self.history_key.clone());
        Ok(baseline::Asked { path: self.baseline.clone(), key, digest: digest.transpose()? })
    }

    /// Without what only a decision needs, and may not be where somebody writes a record.
    fn without_past(self) -> Self {
        Self {
            history: Vec::new(),
            history_key: None,
            baseline: None,
            baseline_key: None,
            baseline_digest: None,
            ..self
        }
    }

    /// Every file that the flags and the configuration name as an input.
    fn given(&self) -> impl Iterator<Item = &Path> {
        let lists = [&self.data, &self.vex, &self.exceptions, &self.receipts].into_iter().flatten();
        let policies = self.policy.iter().map(|source| source.path.as_path());
        let files = lists.chain(self.service.as_ref()).chain(self.codeowners.as_ref()).map(PathBuf::as_path);
        files.chain(policies).chain(self.baseline.as_deref())
    }

    /// Names who decides, for what: the environment is a part of it, so that a pass for staging is none for production.
    fn gate_id(&self, change: &Change) -> Untrusted {
        let environment = self.environment.as_raw();
        match (&self.gate, &change.repository) {
            (Some(gate), _) => Untrusted::new(format!("{}/{environment}", gate.as_raw().trim_end_matches('/'))),
            (None, Some(repository)) => {
                Untrusted::new(format!("https://countersign.dev/gate/{}/{environment}", repository.as_raw()))
            }
            (None, None) => Untrusted::new(format!("https://countersign.dev/gate/{environment}")),
        }
    }
}

/// Flags beat the configuration.
fn either<T: Clone>(flags: &[T], config: &[T]) -> Vec<T> {
    if flags.is_empty() { config.to_vec() } else { flags.to_vec() }
}

impl Trail {
    fn know(&mut self, learn: impl FnOnce(&mut Known)) {
        if let Some(known) = &mut self.known {
            learn(known);
        }
    }

    fn keep(&mut self, role: Role, path: &str, bytes: Vec<u8>) {
        let content = Content::Kept(Cow::Owned(bytes));
        self.materials.push(Material { role, path: path.into(), format: None, content });
    }

    fn keep_read(&mut self, role: Role, read: Option<change::Read>) {
        if let Some(read) = read {
            self.keep(role, &read.path.to_string_lossy(), read.bytes);
        }
    }

    fn keep_files(&mut self, role: Role, files: Vec<judged::File>) {
        for file in files {
            self.keep(role, &file.path, file.bytes);
        }
    }

    /// Raw reports may hold what must not be kept: their digests and sizes are.
    fn keep_reports(&mut self, reports: &[reports::Given]) {
        for given in reports {
            self.materials.push(Material {
                role: Role::Report,
                path: given.report.path.clone(),
                format: Some(given.report.format.into()),
                content: Content::NotKept { digest: given.report.digest, size: given.size },
            });
        }
    }

    /// Data may be large and is public: its digests and sizes are kept.
    fn keep_data(&mut self, sets: &[(DataSet, u64)]) {
        for (set, size) in sets {
            self.materials.push(Material {
                role: Role::Enrichment,
                path: set.path.clone(),
                format: Some(set.source.word().into()),
                content: Content::NotKept { digest: set.digest.0, size: *size },
            });
        }
    }

    fn anchor(&self) -> Option<Untrusted> {
        let read: Vec<_> = self.materials.iter().map(|material| (material.role, &material.path)).collect();
        output::anchor(&read)
    }

    /// The evidence that was asked for, not written yet.
    fn proof(&self, decision: &Decision, facts: Option<Vec<u8>>) -> Result<Option<Proof<'_>>, CliError> {
        let Some(dir) = &self.evidence else { return Ok(None) };
        let input = EvidenceInput { decision, facts, materials: &self.materials, commit: self.commit.as_ref() };
        let evidence = assemble(input, self.key.as_deref(), self.timestamper.as_deref()).map_err(|fault| {
            self.is_unstamped.set(matches!(fault, EvidenceFault::Timestamp(_)));
            CliError::internal(fault.to_string())
        })?;
        Ok(Some(Proof { dir, evidence }))
    }

    /// Best effort: every output file says that there is no decision, and where there is a key evidence says so, too.
    fn prove_error(&self, error: &CliError) {
        let Some(known) = &self.known else { return };
        let errors = error
            .problems
            .iter()
            .map(|problem| DecisionError {
                message: Untrusted::from(problem.message.as_str()),
                hint: problem.hint.clone(),
            })
            .collect();
        let decision = gate::no_decision(Known { exit_code: error.exit.code(), errors, ..known.clone() });
        output::write_error(&self.outputs, &decision, self.anchor());
        // Where evidence could not be written, that has been said already.
        if self.key.is_some()
            && !self.is_unstamped.get()
            && let Err(second) = self.prove(&decision)
            && error.exit != Exit::Internal
        {
            diagnostic::report(&second);
        }
    }
    fn prove(&self, decision: &Decision) -> Result<(), CliError> {
        let proof = self.proof(decision, None)?;
        proof.map_or(Ok(()), |proof| store::write(proof.dir, &proof.evidence).map(drop))
    }
}

/// Evidence, and the directory that it goes into.
struct Proof<'a> {
    dir: &'a Path,
    evidence: Evidence,
}

impl Proof<'_> {
    /// Where it will be, and who signed it.
    fn summary(&self) -> String {
        let by = match &self.evidence.keyid {
            Some(keyid) => format!("signed by {keyid}"),
            None => "not signed: no --key".to_owned(),
        };
        format!("{}  ({by})", self.dir.join(&self.evidence.id).display())
    }
}
