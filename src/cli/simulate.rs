//! `simulate`: what other policies, another profile, other exceptions or another day would have decided about what was decided.
//!
//! What must stay true: evidence that does not verify is not simulated, and what could not be decided again is said and never counted
//! as unchanged. Nothing here leaves evidence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, Args};

use super::args::{CheckArgs, hidden_without_evidence};
use super::check::{self, Ready};
use super::diagnostic::Progress;
use super::error::CliError;
use super::judged::Loaded;
use super::judging::JudgingFiles;
use super::policies::{self, Source};
use super::trust::{Keys, KeysArgs};
use super::{evidence, io, judged, originals, output, verified, verify};
use crate::decision::Decision;
use crate::evidence::{Demands, Verdict};
use crate::gate;
use crate::model::change::Change;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::policy::Bundle;
use crate::replay::{Recorded, Substitutes};
use crate::simulate::{self, Compared, Instead, NotSimulated, Simulation};

/// The exit code where evidence does not hold.
const FAILED: u8 = 1;
/// The exit code where something could not be decided again.
const INCOMPLETE: u8 = 5;

/// `simulate`.
#[derive(Debug, Args)]
#[command(
    mut_args(of_a_simulation),
    mut_arg("output", |arg| arg.help("human or json; repeatable, at most one without a path [default: human]")),
    after_long_help = "\
What is simulated is evidence (--decision), or reports and what `check` takes beside them. What judges instead is named with --with-…;
what is not named judges as it did. Policies replace all that stood beside the built-in pack; a profile that they ship counts, too.

What a profile says of coverage and layers, and what exceptions and the day change, are facts, and facts are made from the reports: from
evidence they need --reports. Nothing is decided and no evidence is written.

Exit codes:
  0   simulated, whatever would be decided
  1   evidence does not verify
  2   the command line is wrong
  3   an input is not sound
  5   something could not be decided again; the rest was

Examples:
  countersign simulate --decision evidence/ --decision-key gate.pub.pem --with-profile enterprise
  countersign simulate --decision evidence/ --decision-key gate.pub.pem --with-policy acme-7.tar.gz --output json=simulation.json
  countersign simulate reports/ --with-at 2027-01-01T00:00:00Z"
)]
pub struct SimulateArgs {
    /// What was decided: folders of evidence, or directories of them; repeatable.
    #[arg(long, value_name = "EVIDENCE")]
    decision: Vec<PathBuf>,
    /// The public key (PEM) that the evidence must be signed with; or a trust file (--trust).
    #[arg(long, value_name = "PUB", requires = "decision", conflicts_with = "trust")]
    decision_key: Option<PathBuf>,
    /// Where the reports are that were read then: make the facts again from them. They are found by their digests.
    #[arg(id = "originals", long = "reports", value_name = "DIR", requires = "decision")]
    originals: Option<PathBuf>,
    /// These policies beside the built-in pack of this version, instead of those that judged.
    #[arg(long, value_name = "[LAYER:]PATH[@sha256:…]")]
    with_policy: Vec<Source>,
    /// The built-in pack of this version alone, instead of the policies that judged.
    #[arg(long, requires = "decision", conflicts_with = "with_policy")]
    with_pack: bool,
    /// This profile, a built-in name or a file, instead of the one that judged.
    #[arg(long, value_name = "NAME|PATH")]
    with_profile: Option<String>,
    /// These exception records instead of those that counted.
    #[arg(long, value_name = "PATH")]
    with_exceptions: Vec<PathBuf>,
    /// This instant instead of that of the decision.
    #[arg(long, value_name = "TIME")]
    with_at: Option<String>,
    /// What `check` takes.
    #[command(flatten)]
    check: CheckArgs,
}

/// Hides the flags of `check` that a simulation has no use for.
fn of_a_simulation(arg: Arg) -> Arg {
    hidden_without_evidence(arg, &["show"])
}

type Render = fn(&Simulation) -> Result<Vec<u8>, CliError>;

const FORMATS: [(&str, Render); 2] = [
    ("human", |simulation| Ok(simulate::human(simulation).into_bytes())),
    ("json", |simulation| output::json(simulation)),
];

/// Runs `simulate`.
///
/// # Errors
/// Those of `check`; nothing that judges instead was named: exit 2. An input is not sound: exit 3.
pub fn run(args: &SimulateArgs) -> Result<u8, CliError> {
    let outputs = output::choose(&args.check.output, &FORMATS)?;
    if args.check.evidence.is_some() || args.check.signing.is_given() {
        return Err(CliError::usage("a simulation is no decision and leaves no evidence")
            .hint("take --evidence and --key away; evidence to simulate is named with --decision"));
    }
    let instead = args.instead()?;
    if instead == Instead::default() {
        return Err(CliError::usage("nothing judges otherwise than it did").hint(
            "name what judges instead: --with-policy, --with-pack, --with-profile, --with-exceptions or --with-at",
        ));
    }
    let (compared, not) = match args.decision.is_empty() {
        true => (vec![of_reports(args)?], Vec::new()),
        false => of_evidence(args)?,
    };
    let code = match (not.iter().any(|one| one.failed), not.is_empty()) {
        (true, _) => FAILED,
        (false, false) => INCOMPLETE,
        (false, true) => 0,
    };
    let simulation = simulate::simulation(instead, compared, not);
    output::write_chosen(outputs, |render| render(&simulation)).map(|()| code)
}

impl SimulateArgs {
    fn instead(&self) -> Result<Instead, CliError> {
        let named = |path: &PathBuf| Untrusted::new(path.to_string_lossy());
        Ok(Instead {
            pack: self.with_pack,
            policies: self.with_policy.iter().map(|source| named(&source.path)).collect(),
            profile: self.with_profile.as_deref().map(Untrusted::from),
            exceptions: self.with_exceptions.iter().map(named).collect(),
            at: self.at()?,
        })
    }

    fn at(&self) -> Result<Option<Timestamp>, CliError> {
        let read = |text: &str| {
            text.parse::<Timestamp>().map_err(|fault| CliError::usage(format!("--with-at {text}: {fault}")))
        };
        self.with_at.as_deref().map(read).transpose()
    }
}

/// Both sides as `check` decides them, at one instant.
fn of_reports(args: &SimulateArgs) -> Result<Compared, CliError> {
    let (now, _) = check::instant(args.check.at.as_deref())?;
    let before = CheckArgs { output: Vec::new(), at: Some(now.to_string()), ..args.check.clone() };
    let mut after = before.clone();
    if !args.with_policy.is_empty() {
        after.policy.clone_from(&args.with_policy);
    }
    if !args.with_exceptions.is_empty() {
        after.exceptions.clone_from(&args.with_exceptions);
    }
    after.profile = args.with_profile.clone().or(after.profile);
    after.at = args.with_at.clone().or(after.at);
    let decide = |check: &CheckArgs| -> Result<Decision, CliError> {
        let Ready { inputs, bundle, .. } = check::ready(check)?;
        Ok(gate::decide(inputs, &bundle)?.decision)
    };
    Ok(simulate::compare("reports".into(), &decide(&before)?, &decide(&after)?))
}

/// What judges instead, read once for all evidence.
struct Otherwise {
    policies: Option<Bundle>,
    substitutes: Substitutes,
}

/// As it lies in the working tree: nothing is decided by it.
fn otherwise(args: &SimulateArgs, limit: Duration) -> Result<Otherwise, CliError> {
    let judging = JudgingFiles::open(&Change::default(), None, &io::working_directory()?)?;
    let check = &args.check;
    let policies = match args.with_pack || !args.with_policy.is_empty() {
        false => None,
        true => {
            let proof = check.bundle.proof(io::now()?, &judging)?;
            let builtin = !check.no_builtin;
            Some(policies::load(&args.with_policy, &check.namespace, builtin, limit, (&proof, &judging))?.value)
        }
    };
    let ships = policies.as_ref().is_some_and(|policies| policies.profile.is_some());
    let profile = match args.with_profile.is_some() || ships {
        true => Some(judged::profile(args.with_profile.as_deref(), policies.as_ref(), &judging)?.value),
        false => None,
    };
    let records = match args.with_exceptions.as_slice() {
        [] => None,
        paths => {
            let carried = policies.as_ref().map(|policies| policies.exceptions.as_slice()).unwrap_or_default();
            let Loaded { value, .. } = judged::exceptions(paths, carried, &judging)?;
            Some(value)
        }
    };
    Ok(Otherwise {
        policies: policies.map(|policies| policies.bundle),
        substitutes: Substitutes { at: args.at()?, profile, records },
    })
}

fn of_evidence(args: &SimulateArgs) -> Result<(Vec<Compared>, Vec<NotSimulated>), CliError> {
    if !args.check.reports.is_empty() {
        return Err(CliError::usage("both reports and evidence")
            .hint("simulate one of them; the reports that evidence was decided from are named with --reports"));
    }
    let keys = KeysArgs { key: args.decision_key.clone(), trust: args.check.bundle.trust.clone() };
    if keys.key.is_none() && keys.trust.trust.is_none() {
        return Err(CliError::usage("no key to verify the evidence with")
            .hint("give --decision-key, or --trust and --trust-root"));
    }
    let keys = keys.read()?;
    let limit = Duration::from_secs(args.check.policy_timeout.max(1));
    let otherwise = otherwise(args, limit)?;
    let places = verify::places(&args.decision)?;
    let progress = Progress::new("simulated", places.len(), args.check.quiet > 0);
    let (mut compared, mut not) = (Vec::new(), Vec::new());
    for place in &places {
        match one(place, args.originals.as_deref(), &keys, &otherwise, limit) {
            Ok(one) => compared.push(one),
            Err(why) => not.push(why),
        }
        progress.step();
    }
    Ok((compared, not))
}

/// One folder. What keeps it from being simulated is no reason to leave the others.
fn one(
    place: &Path,
    reports: Option<&Path>,
    keys: &Keys,
    otherwise: &Otherwise,
    limit: Duration,
) -> Result<Compared, NotSimulated> {
    let source = Untrusted::new(place.to_string_lossy());
    let not = |failed: bool, because: String| NotSimulated {
        source: source.clone(),
        failed,
        because: Untrusted::new(because),
    };
    let cannot = |error: CliError| not(false, error.to_string());
    let folder = evidence::read(place).map_err(cannot)?;
    let verification =
        crate::evidence::verify(&folder, &Demands::of_any_decision(keys.trust(), io::now().map_err(cannot)?));
    let Some(statement) = verification.statement.as_ref().filter(|_| verification.verdict != Verdict::Failed) else {
        return Err(not(true, verified::conclusion(&verification)));
    };
    let reports =
        reports.map(|directory| originals::read(directory, statement, &folder)).transpose().map_err(cannot)?;
    let reports = reports.transpose().map_err(|why| not(false, why))?;
    let recorded = Recorded::of(statement, &folder, reports, &otherwise.substitutes);
    let recorded = recorded.map_err(|why| not(false, why.to_string()))?;
    let loaded;
    let bundle = match &otherwise.policies {
        Some(bundle) => bundle,
        None => {
            let load = policies::bundle(recorded.policies.clone(), &recorded.namespaces, limit);
            loaded = load.map_err(|error| not(false, format!("the policies do not load any more: {error}")))?;
            &loaded
        }
    };
    let before = recorded.decision().map_err(|why| not(false, why.to_string()))?;
    let after = recorded.decide(bundle).map_err(|why| not(false, format!("there would be no decision: {why}")))?;
    Ok(simulate::compare(source, &before, &after.decision))
}
