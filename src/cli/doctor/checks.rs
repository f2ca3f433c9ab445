//! What is looked at: the run and its clone, the files that judge, the key, the policies, exceptions and required checks.

use std::path::{Path, PathBuf};

use super::super::args::CheckArgs;
use super::super::change::{self, Seen};
use super::super::check::{self, Ready};
use super::super::config::Config;
use super::super::error::CliError;
use super::super::git::Git;
use super::super::io;
use super::super::judged::{self, Loaded};
use super::super::judging::JudgingFiles;
use super::Line;
use crate::decision::{Decision, ExceptionOutcome, FailOn};
use crate::facts::Mode;
use crate::gate;
use crate::model::coverage::{Coverage, CoverageState};
use crate::model::exception::ExceptionState;
use crate::model::text::Untrusted;

/// An exception that ends within so many days is about to.
const SOON_DAYS: i64 = 14;

/// Everything, in the order in which it has to be mended.
pub(super) fn all(args: &CheckArgs) -> Vec<Line> {
    let place = Place::find(args);
    let mut lines = place.as_ref().map(Place::lines).unwrap_or_default();
    let ready = check::ready(args).or_else(|error| {
        lines.extend(faults("check", error));
        // What else there is to say does not depend on reports.
        check::ready_without_reports(args)
    });
    let config = place.as_ref().and_then(|place| place.config.as_ref());
    lines.extend(key(
        args,
        config.map(|config| &config.value),
        place.as_ref().and_then(|place| place.seen.git.as_ref()),
    ));
    if let Ok(ready) = ready {
        lines.extend(settings(&ready));
        match gate::decide(ready.inputs, &ready.bundle) {
            Ok(decided) => lines.extend(decision(&decided.decision)),
            Err(error) => lines.extend(faults("policies", error.into())),
        }
    }
    lines
}

fn faults(about: &'static str, error: CliError) -> Vec<Line> {
    let way_out = || "mend that, and look again".to_owned();
    error.problems.into_iter().map(|p| Line::fail(about, p.message, p.hint.unwrap_or_else(way_out))).collect()
}

/// Where the run happens; absent where `check` says why not.
struct Place {
    seen: Seen,
    config: Option<Loaded<Config>>,
}

impl Place {
    fn find(args: &CheckArgs) -> Option<Self> {
        let directory = io::working_directory().ok()?;
        let choice = args.ci.as_deref().unwrap_or("auto");
        let seen = change::see(choice, &io::environment(), &directory, args.change.as_deref()).ok()?;
        let judging = JudgingFiles::open(&seen.change, seen.git.as_ref(), &directory);
        let config = judging.ok().and_then(|judging| judged::config(args.config.as_deref(), &judging).ok());
        Some(Self { seen, config })
    }

    fn lines(&self) -> Vec<Line> {
        let mut lines = vec![self.run()];
        lines.extend(self.clone_of_it());
        match &self.config {
            Some(config) if config.files.is_empty() => lines.push(Line::warn(
                "config",
                "no countersign.yaml: all defaults hold",
                "countersign init writes one, in audit mode",
            )),
            Some(config) => {
                let files: Vec<_> = config.files.iter().map(|file| file.path.as_str()).collect();
                lines.push(Line::ok("config", files.join(", ")));
            }
            // `check` says why.
            None => {}
        }
        lines
    }

    fn run(&self) -> Line {
        let change = &self.seen.change;
        let provider = change.run.provider.as_ref().map_or("no CI system", Untrusted::as_raw);
        match &change.target {
            Some(target) => Line::ok("run", format!("{provider}: a change request to {}", target.as_raw())),
            None => Line::ok("run", format!("{provider}: no change request")),
        }
    }

    fn clone_of_it(&self) -> Option<Line> {
        let Some(git) = &self.seen.git else {
            return Some(Line::warn(
                "clone",
                "no git repository: no change request can be judged here",
                "run in a checkout; a change request is judged by files of its target branch",
            ));
        };
        let line = match (git.is_shallow(), git.remotes()) {
            (Err(error), _) | (_, Err(error)) => {
                return Some(Line::fail("clone", error.to_string(), "look at the clone"));
            }
            // The tip of the target branch is there, else `check` says that it is not.
            (Ok(_), Ok(_)) if self.seen.change.is_request() => Line::ok("clone", "holds what judges the request"),
            (Ok(true), Ok(_)) => Line::warn(
                "clone",
                "shallow: a change request may lack the tip of its target branch",
                "let the checkout fetch the target branch; docs/ci has the setting of each system",
            ),
            (Ok(false), Ok(remotes)) if remotes.is_empty() => Line::warn(
                "clone",
                "no remote: the target branch of a change request is not known",
                "git remote add origin URL, and fetch",
            ),
            (Ok(false), Ok(_)) => Line::ok("clone", "whole, with a remote"),
        };
        Some(line)
    }
}

fn key(args: &CheckArgs, config: Option<&Config>, git: Option<&Git>) -> Vec<Line> {
    let signing = config.map_or_else(|| args.signing.clone(), |config| args.signing.or_configured(config));
    let signer = match signing.signer() {
        Ok(Some(signer)) => signer,
        Ok(None) => {
            return vec![Line::warn(
                "key",
                "none: evidence is not signed",
                "countersign key new --out gate, once; then --key, from a protected environment",
            )];
        }
        Err(error) => return faults("key", error),
    };
    let mut lines = vec![Line::ok("key", format!("{}: {}", signing.shown(), signer.public().fingerprint()))];
    for path in signing.secrets() {
        let shown = path.display();
        if io::mode(path).is_some_and(|mode| mode & 0o077 != 0) {
            lines.push(Line::fail("key", format!("{shown}: others may read it"), format!("chmod 600 {shown}")));
        }
        if git.is_some_and(|git| is_committed(git, path)) {
            let next = "make another one, take this one out of the history, and trust it no more";
            lines.push(Line::fail("key", format!("{shown}: is in the repository, for all who can read that"), next));
        }
    }
    lines
}

fn is_committed(git: &Git, path: &Path) -> bool {
    let inside = io::canonical(path).ok().and_then(|real| real.strip_prefix(git.root()).map(PathBuf::from).ok());
    let name = inside.map(|inside| inside.iter().map(|part| part.to_string_lossy()).collect::<Vec<_>>().join("/"));
    let entry = name.zip(git.head().ok().flatten()).and_then(|(name, head)| git.entry(&head, &name).ok().flatten());
    entry.is_some()
}

fn settings(ready: &Ready) -> Vec<Line> {
    let inputs = &ready.inputs;
    let mut lines = Vec::new();
    lines.push(match (inputs.mode, inputs.fail_on) {
        (Mode::Audit, _) => Line::warn(
            "mode",
            "audit: nothing is stopped",
            "take `mode: audit` out of countersign.yaml when you trust it",
        ),
        (Mode::Enforce, FailOn::Never) => {
            Line::warn("mode", "fail_on is never: nothing is stopped", "set it to block, or take it out")
        }
        (Mode::Enforce, _) => Line::ok("mode", format!("enforce, for {}", inputs.environment.as_raw())),
    });
    if !inputs.builtin {
        let next = "take no_builtin out, unless your own policies say all that must hold";
        lines.push(Line::warn("policies", "the built-in pack is left out", next));
    }
    let service = &inputs.service;
    let missing: Vec<_> = [
        ("name", service.name.is_none()),
        ("owner", service.owner.is_none()),
        ("tier", service.tier.is_none()),
        ("exposure", !inputs.exposure_stated),
    ]
    .into_iter()
    .filter_map(|(field, is_missing)| is_missing.then_some(field))
    .collect();
    lines.push(if missing.is_empty() {
        Line::ok("service", service.name.as_ref().map_or("", Untrusted::as_raw))
    } else {
        Line::warn(
            "service",
            format!("not stated: {}", missing.join(", ")),
            "state it in service.yaml; what is not counts as the strict case",
        )
    });
    lines
}

fn decision(decision: &Decision) -> Vec<Line> {
    let digest = decision.gate.policy_digest;
    let mut lines = vec![Line::ok("policies", format!("{} rules, {digest}", decision.totals.rules))];
    lines.extend(decision.exceptions.iter().filter_map(exception));
    let sound = decision.exceptions.iter().filter(|outcome| exception(outcome).is_none()).count();
    lines.push(Line::ok("exceptions", format!("{sound} of {} need nothing", decision.exceptions.len())));
    let required = decision.coverage.iter().filter(|row| row.required_by.is_some());
    lines.extend(required.map(coverage));
    lines
}

fn exception(outcome: &ExceptionOutcome) -> Option<Line> {
    let id = outcome.id.as_raw();
    let because = || outcome.because.iter().map(Untrusted::as_raw).collect::<Vec<_>>().join("; ");
    let owner = outcome.owner.as_raw();
    match outcome.state {
        ExceptionState::Expired => Some(Line::warn(
            "exceptions",
            format!("{id}: ended on {}", outcome.expires),
            format!("{owner}: fix what it was for, or renew it; then take the record out"),
        )),
        ExceptionState::Rejected => Some(Line::warn(
            "exceptions",
            format!("{id}: does not count: {}", because()),
            format!("{owner}: mend the record, or take it out"),
        )),
        _ if (0..=SOON_DAYS).contains(&outcome.days_left) => Some(Line::warn(
            "exceptions",
            format!("{id}: ends on {} ({} days)", outcome.expires, outcome.days_left),
            format!("{owner}: fix what it is for, or renew it in time; `countersign forecast` shows what blocks then"),
        )),
        _ => None,
    }
}

fn coverage(row: &Coverage) -> Line {
    let message = format!("{}: {}: {}", row.check.word(), row.state.word(), row.because.as_raw());
    let next = match row.state {
        CoverageState::Current => return Line::ok("coverage", message),
        CoverageState::Missing => "run a scanner for it and give its report; `countersign formats` lists what is read",
        CoverageState::Unbound => "run `countersign receipt` right after the scanner, and give it with --receipt",
        CoverageState::Stale => "scan again, in the pipeline of the release",
        CoverageState::OtherTarget => "scan the commit or artifact that is released",
        CoverageState::Partial | CoverageState::Failed => "look at the scanner's job: it did not see everything",
    };
    Line::fail("coverage", message, next)
}
