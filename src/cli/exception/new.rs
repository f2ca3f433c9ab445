//! `exception new`: a record about a finding, a verdict or given criteria, as narrow as it can be.
//!
//! What must stay true: nothing that governs a record is made up. Owner, reason, mitigation and end are given or asked for, and a
//! record about a finding covers that finding, by what the finding itself says.

use std::path::PathBuf;

use clap::Args;

use super::renew::date;
use super::{about_records, files, findings};
use crate::cli::args::CheckArgs;
use crate::cli::check::{self, Ready};
use crate::cli::error::{CliError, Exit, Problem};
use crate::cli::{io, output};
use crate::exceptions::{self, Record, edit, narrowest};
use crate::gate::{self, Inputs};
use crate::model::exception::{Exception, Match, Scope};
use crate::model::finding::{Finding, Kind};
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;
use crate::normalise::normalise;
use crate::policy::Objection;
use crate::strict::Faults;

/// `exception new`.
#[derive(Debug, Args)]
#[command(
    mut_args(about_records),
    mut_arg("output", |arg| arg.hide(true)),
    after_long_help = "\
What is not given is asked for at a terminal; elsewhere every flag that is missing is named. The scope is this service, environment
and repository, as far as they are known.

Examples:
  countersign exception new reports/ --finding f-0123456789abcdef
  countersign exception new reports/ --finding CVE-2026-1234 --owner team-web --reason 'not reachable, see SEC-88' \\
    --mitigation 'WAF rule 1182 blocks the vector' --days 14
  countersign exception new --verdict calendar/freeze --owner release --reason INC-204 --mitigation canary --days 1"
)]
pub struct NewArgs {
    /// The finding: its id, its fingerprint, or a name that no other finding here has.
    #[arg(long, value_name = "ID", help_heading = "About what")]
    finding: Option<String>,
    /// The decision or list of findings (JSON) that holds it, instead of reports.
    #[arg(long, value_name = "PATH", requires = "finding", help_heading = "About what")]
    decision: Option<PathBuf>,
    /// A policy rule instead of findings.
    #[arg(long, value_name = "RULE", conflicts_with_all = ["finding", "ids", "package", "path", "rule", "fingerprint", "kind", "resource"], help_heading = "About what")]
    verdict: Option<String>,
    /// Names of the problem, separated by commas.
    #[arg(long, value_name = "ID", value_delimiter = ',', conflicts_with = "finding", help_heading = "About what")]
    ids: Vec<String>,
    /// A package URL.
    #[arg(long, value_name = "PURL", conflicts_with = "finding", help_heading = "About what")]
    package: Option<String>,
    /// A glob of paths; with --finding, instead of its own path.
    #[arg(long, value_name = "GLOB", help_heading = "About what")]
    path: Option<String>,
    /// The scanner's rule.
    #[arg(long, value_name = "RULE", conflicts_with = "finding", help_heading = "About what")]
    rule: Option<String>,
    /// A fingerprint of ours.
    #[arg(long, value_name = "v1:…", conflicts_with = "finding", help_heading = "About what")]
    fingerprint: Option<String>,
    /// The kind of finding; never enough alone.
    #[arg(long, value_name = "KIND", conflicts_with = "finding", help_heading = "About what")]
    kind: Option<String>,
    /// A glob of resources.
    #[arg(long, value_name = "GLOB", conflicts_with = "finding", help_heading = "About what")]
    resource: Option<String>,
    /// A part of the scope to leave out: service, environment or repository.
    #[arg(long, value_name = "SCOPE", value_parser = ["service", "environment", "repository"], help_heading = "About what")]
    any: Vec<String>,

    /// Who answers for the risk.
    #[arg(long, value_name = "NAME", help_heading = "The record")]
    owner: Option<String>,
    /// Why it is acceptable.
    #[arg(long, value_name = "TEXT", help_heading = "The record")]
    reason: Option<String>,
    /// What keeps it small meanwhile.
    #[arg(long, value_name = "TEXT", help_heading = "The record")]
    mitigation: Option<String>,
    /// Its last day.
    #[arg(long, value_name = "DATE", help_heading = "The record")]
    expires: Option<String>,
    /// Its last day, as days from today.
    #[arg(long, value_name = "N", conflicts_with = "expires", help_heading = "The record")]
    days: Option<u16>,
    /// What remains.
    #[arg(long, value_name = "TEXT", help_heading = "The record")]
    residual_risk: Option<String>,
    /// Where it is discussed.
    #[arg(long, value_name = "TICKET", help_heading = "The record")]
    ticket: Option<String>,
    /// What shows that the mitigation is there: control:NAME, check:NAME or attestation:TYPE.
    #[arg(long, value_name = "EVIDENCE", help_heading = "The record")]
    shown_by: Vec<String>,
    /// Its id [default: the next free EX-YEAR-NUMBER].
    #[arg(long, value_name = "ID", help_heading = "The record")]
    id: Option<String>,
    /// The file that it is written to, made where there is none [default: the only file of records].
    #[arg(long, value_name = "PATH", help_heading = "The record")]
    file: Option<PathBuf>,
    /// Print the record and write nothing.
    #[arg(long, help_heading = "The record")]
    dry_run: bool,

    /// What `check` takes.
    #[command(flatten)]
    check: CheckArgs,
}

/// Runs `exception new`.
///
/// # Errors
/// Something that governs the record is missing (exit 2), an input is not sound or the finding is not there (exit 3), or the record
/// cannot be written (exit 4).
pub(super) fn run(args: &NewArgs) -> Result<u8, CliError> {
    let mut check = CheckArgs { output: Vec::new(), ..args.check.clone() };
    check.exceptions.extend(args.file.iter().filter(|file| io::kind(file) != io::PathKind::Missing).cloned());
    check.exceptions.dedup();
    let Ready { inputs, bundle, faults, exceptions: paths, .. } = check::proposed(&check)?;
    if !faults.is_empty() {
        return Err(Faults::new(faults).into());
    }
    let here = normalise(inputs.reports.clone(), &inputs.artifacts).findings;
    let about = about(args, &here)?;
    let exception = record(args, &inputs, about.criteria.clone())?;
    let name = args.file.as_deref().map_or_else(|| "the record".to_owned(), |file| file.display().to_string());
    let alone = edit::append(&name, None, &exception).map_err(|error| files::fault(&name, error))?;
    let written = one_record(&name, &alone)?;
    let covers = covered(&written, &about, &here, &inputs)?;
    if args.dry_run {
        return output::print(alone.as_bytes()).map(|()| 0);
    }
    let path = target(args, paths)?;
    files::rewrite(&path, |file, text| edit::append(file, text, &exception))?;
    let mut text = format!("{} written to {}\n", written.id().line(), neutral(&path.to_string_lossy()));
    text.push_str(&match covers {
        None => String::new(),
        Some(1) => "  covers 1 finding now\n".to_owned(),
        Some(many) => format!("  covers {many} findings now\n"),
    });
    let judged = gate::judge_records(Inputs { records: vec![written], ..inputs }, &bundle)?;
    for why in judged.iter().flat_map(|judged| Objection::messages(&judged.denied)) {
        text.push_str(&format!("  does not count yet: {}\n", why.line()));
    }
    output::print(text.as_bytes()).map(|()| 0)
}

/// Criteria, and the finding that they come from.
struct About {
    criteria: Match,
    finding: Option<Finding>,
}

fn about(args: &NewArgs, here: &[Finding]) -> Result<About, CliError> {
    let untrusted = |text: &Option<String>| text.as_deref().map(Untrusted::from);
    if let Some(wanted) = &args.finding {
        let held = args.decision.as_deref().map(findings::of_document).transpose()?;
        let finding = findings::find(wanted, held.as_deref().unwrap_or(here))?.clone();
        let narrow = narrowest(&finding);
        let path = untrusted(&args.path).or_else(|| narrow.path.clone());
        return Ok(About { criteria: Match { path, ..narrow }, finding: Some(finding) });
    }
    let kind = match &args.kind {
        None => None,
        Some(word) => Some(Kind::ALL.into_iter().find(|kind| kind.word() == word).ok_or_else(|| {
            CliError::usage(format!("--kind {word}: no kind of finding"))
                .hint(format!("one of {}", Kind::ALL.map(Kind::word).join(", ")))
        })?),
    };
    let criteria = Match {
        ids: args.ids.iter().map(|id| id.trim().into()).collect(),
        package: untrusted(&args.package),
        path: untrusted(&args.path),
        fingerprint: untrusted(&args.fingerprint),
        rule: untrusted(&args.rule),
        kind,
        resource: untrusted(&args.resource),
        verdict: untrusted(&args.verdict),
    };
    if criteria == Match::default() {
        return Err(CliError::usage("nothing says what the record is about")
            .hint("give --finding ID with reports, --verdict RULE, or criteria such as --ids and --package"));
    }
    Ok(About { criteria, finding: None })
}

/// The record, once everything that governs it is there.
fn record(args: &NewArgs, inputs: &Inputs, criteria: Match) -> Result<Exception, CliError> {
    let today = inputs.now.date();
    let last_day = match (&args.expires, args.days) {
        (Some(text), _) => Some(date("--expires", text)?),
        (None, Some(days)) => Some(today.plus_days(i32::from(days))),
        (None, None) => None,
    };
    let given =
        |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let (owner, reason, mitigation) = (given(&args.owner), given(&args.reason), given(&args.mitigation));
    let missing: Vec<Problem> = [
        ("--owner", "who answers for the risk", owner.is_none()),
        ("--reason", "why it is acceptable", reason.is_none()),
        ("--mitigation", "what keeps it small meanwhile", mitigation.is_none()),
        ("--expires", "the last day on which it counts; or give --days", last_day.is_none()),
    ]
    .into_iter()
    .filter(|(_, _, missing)| *missing)
    .map(|(flag, what, _)| Problem { message: format!("{flag} is missing"), hint: Some(format!("say {what}")) })
    .collect();
    if !missing.is_empty() && !io::is_attended() {
        return Err(CliError { exit: Exit::Usage, problems: missing });
    }
    let suggested = inputs.service.owner.as_ref().map(|owner| owner.line().into_owned());
    let expires = match last_day {
        Some(day) => day,
        None => ask_day(today)?,
    };
    if expires < today {
        return Err(
            CliError::usage(format!("it would end on {expires}, and today is {today}")).hint("give a later day")
        );
    }
    let any = |scope: &str| args.any.iter().any(|any| any == scope);
    let one = |scope: &str, name: Option<&Untrusted>| name.filter(|_| !any(scope)).cloned().into_iter().collect();
    Ok(Exception {
        id: args.id.as_deref().map_or_else(|| next_id(&inputs.records, today), Untrusted::from),
        criteria,
        scope: Scope {
            service: one("service", inputs.service.name.as_ref()),
            environment: one("environment", Some(&inputs.environment)),
            repository: one("repository", inputs.change.repository.as_ref()),
        },
        owner: asked(owner, "owner, who answers for the risk", suggested.as_deref())?,
        reason: asked(reason, "reason, why it is acceptable", None)?,
        mitigation: asked(mitigation, "mitigation, what keeps it small meanwhile", None)?,
        evidence: args.shown_by.iter().map(|name| name.as_str().into()).collect(),
        residual_risk: given(&args.residual_risk).map(Untrusted::from),
        created: today,
        expires,
        renewals: Vec::new(),
        ticket: given(&args.ticket).map(Untrusted::from),
        approvals: Vec::new(),
    })
}

/// What was given, else what the person at the terminal says, asked until it is something.
fn asked(given: Option<String>, question: &str, suggested: Option<&str>) -> Result<Untrusted, CliError> {
    if let Some(given) = given {
        return Ok(given.into());
    }
    let question = suggested.map_or_else(|| question.to_owned(), |text| format!("{question} [{text}]"));
    for _ in 0..ATTEMPTS {
        let answer = io::ask(&question).map_err(|error| CliError::input(format!("the terminal: {error}")))?;
        match (answer.is_empty(), suggested) {
            (false, _) => return Ok(answer.into()),
            (true, Some(suggested)) => return Ok(suggested.into()),
            (true, None) => {}
        }
    }
    Err(CliError::usage("nothing was typed").hint("give it as a flag"))
}

fn ask_day(today: Date) -> Result<Date, CliError> {
    for _ in 0..ATTEMPTS {
        let question = format!("last day on which it counts, like {}", today.plus_days(14));
        let answer = io::ask(&question).map_err(|error| CliError::input(format!("the terminal: {error}")))?;
        if let Ok(day) = answer.parse() {
            return Ok(day);
        }
    }
    Err(CliError::usage("no day was typed").hint("give --expires or --days"))
}

/// How often the same thing is asked.
const ATTEMPTS: usize = 3;

/// `EX-YEAR-NUMBER`, one more than the highest of the year.
fn next_id(records: &[Record], today: Date) -> Untrusted {
    let year = today.to_string();
    let prefix = format!("EX-{}-", year.get(..4).unwrap_or_default());
    let numbers = records.iter().filter_map(|record| record.id().as_raw().strip_prefix(&prefix)?.parse::<u32>().ok());
    let next = numbers.max().unwrap_or(0).saturating_add(1);
    format!("{prefix}{next:03}").into()
}

fn one_record(name: &str, text: &str) -> Result<Record, CliError> {
    let mut records = exceptions::read([(name, text.as_bytes())])?;
    records.pop().ok_or_else(|| CliError::internal("the record was not read back"))
}

/// How many findings of the reports the record covers; `None` where none were read. It has to cover the finding that it is about.
fn covered(record: &Record, about: &About, findings: &[Finding], inputs: &Inputs) -> Result<Option<usize>, CliError> {
    let context = findings::context(inputs);
    let cover =
        |findings: &[Finding]| exceptions::cover(std::slice::from_ref(record), findings, &context).records.pop();
    if let Some(finding) = &about.finding {
        let matched = cover(std::slice::from_ref(finding)).filter(|matched| matched.covers.is_empty());
        if let Some(uncovered) = matched {
            let why: Vec<_> = uncovered.because.iter().map(Untrusted::line).collect();
            return Err(CliError::input(format!(
                "the record would not cover {}: {}",
                finding.id.line(),
                why.join("; ")
            ))
            .hint("give other criteria by hand: --ids, --package, --path"));
        }
    }
    Ok(if findings.is_empty() { None } else { cover(findings).map(|matched| matched.covers.len()) })
}

/// Where the record is written.
fn target(args: &NewArgs, mut paths: Vec<PathBuf>) -> Result<PathBuf, CliError> {
    if let Some(file) = &args.file {
        return Ok(file.clone());
    }
    match (paths.pop(), paths.len()) {
        (Some(only), 0) => Ok(only),
        (None, _) => Err(CliError::usage("no file for the record").hint("give --file exceptions.yaml")),
        (Some(_), others) => Err(CliError::usage(format!("{} files of records", others + 1))
            .hint("say with --file which one the record is written to")),
    }
}
