//! `policy test --mutate`: changes that the tests of policies do not notice, and the score.
//!
//! What must stay true: the score is of the changes that load; the tests pass before anything is changed; the same policies have
//! the same survivors, however many workers look for them.

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value as Json, json};

use super::args::{PolicyTestArgs, TestOutput};
use super::error::CliError;
use super::junit::{self, Case, Suite};
use super::output::{self, Lines};
use super::policy_test::{LOADING, percent};
use super::worker::Contained;
use crate::policy::{Mutant, MutationOptions, MutationRun, PolicyFile};

/// The exit code below the threshold.
const BELOW: u8 = 1;
/// How many workers share the changes.
const WORKERS: usize = 2;
/// How long all of it may take.
const SECONDS: u64 = 3600;

/// Tries changes to policies whose tests pass.
///
/// # Errors
/// Nothing to change, and a worker that breaks down.
pub fn run(args: &PolicyTestArgs, files: &[PolicyFile]) -> Result<u8, CliError> {
    let score = Score { run: try_all(files, args)?, threshold: args.threshold };
    if score.run.counts().1 == 0 {
        return Err(CliError::input("--mutate: there is nothing to change in what was given")
            .hint("name the directory that holds the policies, not only their tests"));
    }
    match args.output {
        TestOutput::Human => score.human().print()?,
        TestOutput::Json => output::print_json(&score.document())?,
        TestOutput::Junit => junit::print(&score.suites())?,
    }
    Ok(if score.is_met() { 0 } else { BELOW })
}

/// Shares the changes among workers, each in a process of its own.
fn try_all(files: &[PolicyFile], args: &PolicyTestArgs) -> Result<MutationRun, CliError> {
    let limit = Duration::from_secs(args.policy_timeout.unwrap_or(SECONDS).max(1));
    let share = |first: usize| {
        let options = MutationOptions {
            namespaces: args.namespace.clone(),
            one_in: args.one_in.map_or(1, usize::from),
            share: (first, WORKERS),
            limit,
        };
        Contained::mutate(files.to_vec(), options, limit + LOADING)
    };
    std::thread::scope(|scope| {
        let start = |first| std::thread::Builder::new().spawn_scoped(scope, move || share(first));
        let none = |error| CliError::internal(format!("no thread could be started: {error}"));
        let workers = (0..WORKERS).map(start).collect::<Result<Vec<_>, _>>().map_err(none)?;
        let mut whole = MutationRun::default();
        for worker in workers {
            let lost = |_| CliError::internal("a thread broke down").hint("this is a bug; report it");
            whole = whole.and(worker.join().map_err(lost)??);
        }
        Ok(whole)
    })
}

struct Score {
    run: MutationRun,
    threshold: Option<u8>,
}

impl Score {
    /// In whole numbers, so that nothing is rounded up to a threshold.
    fn is_met(&self) -> bool {
        let (killed, all) = self.run.counts();
        self.threshold.is_none_or(|least| killed * 100 >= usize::from(least) * all)
    }

    fn percent(&self) -> String {
        let (killed, all) = self.run.counts();
        percent(killed, all)
    }

    fn human(&self) -> Lines {
        let mut lines = Lines::default();
        for Mutant { path, line, from, to, .. } in &self.run.survivors {
            lines.add(&format!("{path}:{line}: no test notices `{}` as `{}`", one_line(from), one_line(to)));
        }
        let (killed, all) = self.run.counts();
        let invalid = self.run.invalid;
        lines.add(&format!("{all} changes: {killed} noticed, {} not; {invalid} more do not load", all - killed));
        let least = match self.threshold {
            Some(least) if self.is_met() => format!(", at least {least} % asked for"),
            Some(least) => format!(", BELOW the {least} % asked for"),
            None => String::new(),
        };
        lines.add(&format!("mutation score: {} %{least}", self.percent()));
        lines
    }

    /// `countersign/policy-mutation/v1`.
    fn document(&self) -> Json {
        let survivor =
            |Mutant { path, line, from, to, .. }: &Mutant| json!({"path": path, "line": line, "from": from, "to": to});
        let (killed, all) = self.run.counts();
        json!({
            "schema": "countersign/policy-mutation/v1",
            "changes": all, "noticed": killed, "invalid": self.run.invalid,
            "threshold": self.threshold, "ok": self.is_met(),
            "survivors": self.run.survivors.iter().map(survivor).collect::<Vec<_>>(),
        })
    }

    /// One suite for each file, with a case for each change that nobody noticed, and one for the threshold.
    fn suites(&self) -> Vec<Suite<'_>> {
        let survivors = &self.run.survivors;
        let names: BTreeSet<&str> = survivors.iter().map(|mutant| mutant.path.as_str()).collect();
        let case = |mutant: &'_ Mutant| {
            let name = format!("line {}: `{}` as `{}`", mutant.line, one_line(&mutant.from), one_line(&mutant.to));
            (name, ("failure", format!("{}:{}: no test notices it", mutant.path, mutant.line)))
        };
        let of = |name| Suite {
            name,
            cases: survivors
                .iter()
                .filter(|mutant| mutant.path == name)
                .map(case)
                .map(|(case, fault)| Case { class: name, name: case, fault: Some(fault) })
                .collect(),
        };
        let mut suites: Vec<Suite<'_>> = names.into_iter().map(of).collect();
        let least = self.threshold.unwrap_or(0);
        let short = format!("{} % of the changes are noticed, at least {least} % were asked for", self.percent());
        suites.push(junit::threshold("mutation", self.is_met(), short));
        suites
    }
}

/// What stands on several lines, on one.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
