//! `explain`: why a verdict is what it is, or a finding is judged as it is, and the cheapest ways to green.
//!
//! What must stay true: it reads what `check` reads, or evidence that it has verified and decided again; it decides nothing, and
//! writes no evidence.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Arg, Args};

use super::args::{CheckArgs, hidden_without_evidence};
use super::check::{self, Ready};
use super::error::{CliError, Exit, Problem};
use super::trust::KeysArgs;
use super::{evidence, io, output, policies, verified};
use crate::evidence::{BLOBS, Demands, Verdict};
use crate::exceptions::Record;
use crate::explain::{self, Case, Choice, ExplainError, Explanation, Origin, OriginKind, Unfound};
use crate::facts::Facts;
use crate::gate::{self, Decided};
use crate::policy::Bundle;
use crate::render::Style;
use crate::replay::{Comparison, Recorded, Substitutes};

/// Reports that are named in a command to paste; of more there is none to name.
const MOST_NAMED: usize = 5;
/// What a name could mean, told one by one.
const MOST_CHOICES: usize = 20;

/// `explain`.
#[derive(Debug, Args)]
#[command(
    mut_args(of_an_explanation),
    mut_arg("output", |arg| arg.help("human or json; repeatable, at most one without a path [default: human]")),
    after_long_help = "\
WHAT is a finding (its id, its fingerprint, or a name such as a CVE that no other finding here has), a policy rule that has one verdict
here, or a verdict (v-…, as lists of several say). Nothing is decided and no evidence is written.

Exit codes:
  0   explained, whatever the decision
  2   the command line is wrong
  3   there is no such thing, or several; an input is not sound; evidence that does not verify, or decides otherwise today

Examples:
  countersign explain CVE-2026-1234 reports/
  countersign explain coverage/required-checks reports/ --output json
  countersign explain f-0123456789abcdef --decision evidence/d-… --decision-key gate.pub.pem"
)]
pub struct ExplainArgs {
    /// The finding, rule or verdict.
    #[arg(value_name = "WHAT")]
    what: String,
    /// What was decided, instead of reports: a folder of evidence, or the envelope in it.
    #[arg(long, value_name = "EVIDENCE")]
    decision: Option<PathBuf>,
    /// The public key (PEM) that this evidence must be signed with; or a trust file (--trust).
    #[arg(long, value_name = "PUB", requires = "decision", conflicts_with = "trust")]
    decision_key: Option<PathBuf>,
    /// What `check` takes.
    #[command(flatten)]
    check: CheckArgs,
}

/// Hides the flags of `check` that explain nothing.
fn of_an_explanation(arg: Arg) -> Arg {
    hidden_without_evidence(arg, &[])
}

type Render = fn(&Explanation, &Style) -> Result<Vec<u8>, CliError>;

const FORMATS: [(&str, Render); 2] = [("human", human), ("json", |explanation, _| output::json(explanation))];

/// Runs `explain`.
///
/// # Errors
/// Those of `check`; there is no such thing, or several; evidence that does not verify: exit 3.
pub fn run(args: &ExplainArgs) -> Result<u8, CliError> {
    let outputs = output::choose(&args.check.output, &FORMATS)?;
    if args.check.evidence.is_some() || args.check.signing.is_given() {
        return Err(CliError::usage("an explanation is no decision and leaves no evidence")
            .hint("take --evidence and --key away; evidence to explain is named with --decision"));
    }
    let Told { decided, records, bundle, origin } = match &args.decision {
        Some(path) => of_evidence(path, args)?,
        None => of_reports(args)?,
    };
    let facts = Facts::from_bytes(&decided.facts).map_err(|error| CliError::internal(error.to_string()))?;
    let case = Case { decision: &decided.decision, facts, records: &records, bundle: &bundle, origin };
    let explanation = explain::explain(&args.what, case).map_err(|error| refused(&args.what, error))?;
    let style = output::style(args.check.color, &io::environment());
    output::write_chosen(outputs, |render| render(&explanation, &style)).map(|()| 0)
}

/// A decision, and everything that it was made from.
struct Told {
    decided: Decided,
    records: Vec<Record>,
    bundle: Bundle,
    origin: Origin,
}

fn of_reports(args: &ExplainArgs) -> Result<Told, CliError> {
    let check = CheckArgs { output: Vec::new(), ..args.check.clone() };
    let Ready { inputs, bundle, .. } = check::ready(&check)?;
    let records = inputs.records.clone();
    let decided = gate::decide(inputs, &bundle)?;
    let origin = Origin { kind: OriginKind::Reports, note: None, findings: reports(&check), flags: flags(&check) };
    Ok(Told { decided, records, bundle, origin })
}

/// The same evidence that `replay` takes, on the same terms.
fn of_evidence(path: &Path, args: &ExplainArgs) -> Result<Told, CliError> {
    if !args.check.reports.is_empty() {
        return Err(CliError::usage("both reports and evidence").hint("explain one of them"));
    }
    let keys = KeysArgs { key: args.decision_key.clone(), trust: args.check.bundle.trust.clone() };
    if keys.key.is_none() && keys.trust.trust.is_none() {
        return Err(CliError::usage("no key to verify the evidence with")
            .hint("give --decision-key, or --trust and --trust-root"));
    }
    let keys = keys.read()?;
    let folder = evidence::read(path)?;
    let verification = crate::evidence::verify(&folder, &Demands::of_any_decision(keys.trust(), io::now()?));
    let Some(statement) = verification.statement.as_ref().filter(|_| verification.verdict != Verdict::Failed) else {
        let why = format!("{}: {}", path.display(), verified::conclusion(&verification));
        return Err(CliError::input(why).hint("what does not verify is not explained; see countersign verify"));
    };
    let unreplayable = |why: String| CliError::input(format!("{}: {why}", path.display()));
    let recorded = Recorded::of(statement, &folder, None, &Substitutes::default()).map_err(|why| {
        unreplayable(why.to_string()).hint("only a decision whose facts and policies were kept can be explained")
    })?;
    let limit = Duration::from_secs(args.check.policy_timeout.max(1));
    let bundle = policies::bundle(recorded.policies.clone(), &recorded.namespaces, limit)?;
    let records = recorded.records().to_vec();
    let (decided, comparison) = recorded.again(&bundle)?;
    let note = match comparison {
        Comparison::Identical => None,
        Comparison::Equivalent { recorded } => {
            Some(format!("decided then by {recorded}: the same outcome and verdicts"))
        }
        Comparison::Different(_) => {
            return Err(unreplayable("decided again, it is another decision".to_owned())
                .hint("countersign replay says what differs; explain it with the version that decided"));
        }
    };
    let folder = if io::kind(path) == io::PathKind::File { path.parent().unwrap_or(path) } else { path };
    let result = folder.join(BLOBS).join(statement.predicate.result.sha256.hex());
    let findings = vec!["--decision".to_owned(), result.display().to_string()];
    let origin = Origin { kind: OriginKind::VerifiedEvidence, note, findings, flags: flags(&args.check) };
    Ok(Told { decided, records, bundle, origin })
}

/// How the reports are named again for `exception new`.
fn reports(check: &CheckArgs) -> Vec<String> {
    let reports = &check.reports;
    if reports.reports.len() + reports.declared.len() > MOST_NAMED {
        return vec!["REPORT…".to_owned()];
    }
    let declared = reports.declared.iter().flat_map(|report| ["--report".to_owned(), report.clone()]);
    reports.reports.iter().cloned().chain(declared).collect()
}

/// And the flags that say what a record is for.
fn flags(check: &CheckArgs) -> Vec<String> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|path| path.display().to_string());
    let flags = [
        ("--config", path(&check.config)),
        ("--service", path(&check.service)),
        ("--profile", check.profile.clone()),
        ("--environment", check.environment.clone()),
        ("--ci", check.ci.clone()),
    ];
    flags
        .into_iter()
        .flat_map(|(flag, value)| value.into_iter().flat_map(move |value| [flag.to_owned(), value]))
        .collect()
}

fn refused(what: &str, error: ExplainError) -> CliError {
    match error {
        ExplainError::Policy(error) => error.into(),
        ExplainError::Facts(_) => {
            CliError::internal(error.to_string()).hint("this is a bug in countersign; please report it")
        }
        ExplainError::Unfound(Unfound::Passed) => CliError::input(format!("{what}: {}", Unfound::Passed))
            .hint("there is nothing to explain; countersign policy list says what the rule is for"),
        ExplainError::Unfound(Unfound::Nothing { instead }) => {
            let message = format!("{what}: there is no finding, rule or verdict of this name");
            listed(message, "there is", "a finding that is not here was not in the reports that were given", &instead)
        }
        ExplainError::Unfound(Unfound::Several(choices)) => {
            let message = format!("{what}: the name means {} things", choices.len());
            listed(message, "it means", "give the id of one", &choices)
        }
    }
}

/// A line for each choice, and the way out.
fn listed(message: String, begins: &str, hint: &str, choices: &[Choice]) -> CliError {
    let line = |Choice { id, what }: &Choice| format!("  {begins} {}  {}", id.as_raw(), what.as_raw());
    let mut problems = vec![Problem { message, hint: None }];
    problems.extend(choices.iter().take(MOST_CHOICES).map(|choice| Problem { message: line(choice), hint: None }));
    if choices.len() > MOST_CHOICES {
        problems.push(Problem { message: format!("  and {} more", choices.len() - MOST_CHOICES), hint: None });
    }
    CliError { exit: Exit::Input, problems }.hint(hint)
}

fn human(explanation: &Explanation, style: &Style) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    explain::human(explanation, style, &mut bytes).map_err(|error| CliError::internal(error.to_string()))?;
    Ok(bytes)
}
