//! What is being decided about: the CI run, the `--change` file and git, as one change.

use std::path::{Path, PathBuf};

use super::error::{CliError, Problem};
use super::git::Git;
use super::io;
use crate::ci::{self, Env, Origin};
use crate::model::change::{Change, Source};
use crate::model::profile::RunnerDemands;
use crate::model::text::Untrusted;

/// A file that the change was read from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Read {
    /// Its path as given.
    pub path: PathBuf,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The change, and where it was seen.
#[derive(Clone, Debug)]
pub struct Seen {
    /// The change; its changed files are not known yet.
    pub change: Change,
    /// The repository of the working directory; absent with `--ci none` outside of change requests.
    pub git: Option<Git>,
    /// The environment that the CI system says the job releases to.
    pub environment: Option<Untrusted>,
    /// The CI system's event file.
    pub event: Option<Read>,
    /// The `--change` file.
    pub file: Option<Read>,
}

/// Reads the CI run, the `--change` file and git.
///
/// # Errors
/// An unknown CI system, an event or file that is not sound, or a file that contradicts the CI system: exit 3.
pub fn see(choice: &str, env: &Env, directory: &Path, file: Option<&Path>) -> Result<Seen, CliError> {
    let origin = ci::origin(choice, env).map_err(|error| match error {
        ci::CiError::UnknownProvider { .. } => CliError::usage(error.to_string()).hint(error.hint()),
        other => ci_fault(other),
    })?;
    let mut seen = Seen { change: Change::default(), git: None, environment: None, event: None, file: None };
    if let Origin::Provider(provider) = origin {
        if let Some(path) = provider.event_path(env) {
            let path = PathBuf::from(path);
            let bytes = io::read(&path, io::OWN_FILE_BYTES)?;
            seen.event = Some(Read { path, bytes });
        }
        let event = seen.event.as_ref().map(|event| event.bytes.as_slice());
        seen.change = provider.read(env, event).map_err(ci_fault)?;
        seen.environment = provider.environment(env);
    }
    if let Some(path) = file {
        let bytes = io::read(path, io::OWN_FILE_BYTES)?;
        let shown = path.display();
        let given = ci::read_change_file(&bytes).map_err(|fault| {
            CliError::input(format!("{shown}: {fault}"))
                .hint("the fields of a change file are those of `change` in the JSON output, without `sources`")
        })?;
        seen.change = ci::merge(seen.change, given, Source::File).map_err(|contradictions| CliError {
            exit: super::error::Exit::Input,
            problems: contradictions
                .iter()
                .map(|contradiction| Problem {
                    message: format!("{shown}: {contradiction}"),
                    hint: Some("leave the field out: what the CI system says stands".to_owned()),
                })
                .collect(),
        })?;
        seen.file = Some(Read { path: path.to_owned(), bytes });
    }
    let asks_git = !matches!(origin, Origin::Nothing);
    // A change request is judged by files of its target branch, whoever says that it is one.
    if asks_git || seen.change.is_request() {
        seen.git = Git::find(directory, env)?;
    }
    if let Some(git) = seen.git.as_ref().filter(|_| asks_git) {
        seen.change = ci::add_repository(seen.change, git.facts()?);
    }
    Ok(seen)
}

/// What the run holds that not every run may: names of variables that the profile takes for secrets of production (their
/// values are not looked at), and the key that signs evidence. What the change file names is added, never taken away from.
pub fn look_at_runner(change: &mut Change, demands: &RunnerDemands, env: Option<&Env>, signing_key: bool) {
    if let Some(env) = env
        && !demands.production_secrets.is_empty()
    {
        let globs: Vec<_> =
            demands.production_secrets.iter().filter_map(|glob| globset::Glob::new(glob.as_raw()).ok()).collect();
        let globs: Vec<_> = globs.iter().map(globset::Glob::compile_matcher).collect();
        let held = env.iter().filter(|(name, value)| !value.is_empty() && globs.iter().any(|glob| glob.is_match(name)));
        let held = held.map(|(name, _)| Untrusted::from(name.as_str()));
        let mut secrets: Vec<Untrusted> = change.run.secrets.take().into_iter().flatten().chain(held).collect();
        secrets.sort();
        secrets.dedup();
        change.run.secrets = Some(secrets);
    }
    if change.run.signing_key.is_none() || signing_key {
        change.run.signing_key = Some(signing_key);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn ci_fault(error: ci::CiError) -> CliError {
    CliError::input(error.to_string()).hint(error.hint())
}
