//! A CI provider's environment and event file, read into a [`Change`] in which every field knows its source.
//!
//! What must stay true: nothing is guessed. A run that cannot be read whole (an unknown CI system, an event that is not in
//! the table, a request without its event file) is an error, because the alternative is to judge a change request by its own
//! head. The environment and the event are given by the caller; nothing here touches the world.

mod azure;
mod bitbucket;
mod buildkite;
mod circleci;
mod generic;
mod github;
mod gitlab;
mod jenkins;
mod merge;
mod refs;
mod stated;
mod woodpecker;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::model::change::{Change, Source};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;
use crate::strict::json;

pub use merge::{ChangeFile, Contradiction, RepositoryFacts, add_repository, merge, read_change_file};
pub use refs::repository_of;

/// The environment, sorted.
pub type Env = BTreeMap<String, String>;

/// One CI system.
#[derive(Debug)]
pub struct Provider {
    /// What `--ci` takes.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Whether this environment is one of its runs.
    pub detect: fn(&Env) -> bool,
    /// The variable with the path of the event file, where the system writes one: the caller reads it for
    /// [`Provider::change`].
    pub event_path: Option<&'static str>,
    /// Reads environment and event.
    pub change: fn(&Env, event: Option<&[u8]>) -> Result<Change, CiError>,
    /// The variable with the environment that the job releases to, where the system has one.
    pub environment: Option<&'static str>,
    /// How to get a clone that holds the tip of the target branch and the head of this request, where a setting does it.
    pub deepen: fn(&Change) -> Option<&'static str>,
}

/// Every CI system that can be read, by id.
pub static PROVIDERS: &[&Provider] = &[
    &generic::ARGO,
    &azure::PROVIDER,
    &bitbucket::PROVIDER,
    &buildkite::PROVIDER,
    &circleci::PROVIDER,
    &generic::GENERIC,
    &github::PROVIDER,
    &gitlab::PROVIDER,
    &jenkins::PROVIDER,
    &generic::TEKTON,
    &woodpecker::PROVIDER,
];

/// CI systems that are recognised but not read, by a variable that each sets.
static UNREAD: &[(&str, &str)] = &[
    ("APPVEYOR", "AppVeyor"),
    ("DRONE", "Drone"),
    ("FORGEJO_ACTIONS", "Forgejo Actions"),
    ("GITEA_ACTIONS", "Gitea Actions"),
    ("TEAMCITY_VERSION", "TeamCity"),
    ("TRAVIS", "Travis CI"),
];

/// What nearly every CI system sets.
const CI: &str = "CI";

/// Where the change is read from.
#[derive(Clone, Copy, Debug)]
pub enum Origin {
    /// A CI system, and git.
    Provider(&'static Provider),
    /// No CI system: git alone.
    Local,
    /// `--ci none`: neither environment nor event nor git.
    Nothing,
}

/// Chooses where to read from: `auto`, `none` or the id of a provider.
///
/// # Errors
/// An unknown word, or with `auto` a CI system that cannot be read.
pub fn origin(choice: &str, env: &Env) -> Result<Origin, CiError> {
    match choice {
        "none" => Ok(Origin::Nothing),
        "auto" => detected(env),
        id => match PROVIDERS.iter().find(|provider| provider.id == id) {
            Some(provider) => Ok(Origin::Provider(provider)),
            None => Err(CiError::UnknownProvider { given: Untrusted::from(id) }),
        },
    }
}

/// The one CI system that this environment is a run of.
fn detected(env: &Env) -> Result<Origin, CiError> {
    let mut detected = PROVIDERS.iter().filter(|provider| (provider.detect)(env));
    let unread = UNREAD.iter().find(|(name, _)| is_on(env, name));
    match (detected.next(), detected.next(), unread) {
        (Some(provider), None, None) => Ok(Origin::Provider(provider)),
        (Some(one), Some(other), _) => Err(CiError::Ambiguous { one: one.title, other: other.title }),
        (Some(one), None, Some((_, other))) => Err(CiError::Ambiguous { one: one.title, other }),
        (None, _, Some((variable, title))) => Err(CiError::NotRead { variable, title }),
        (None, _, None) if get(env, generic::MARKER).is_some() => {
            Err(stated::wrong(env, generic::MARKER, "not argo, generic or tekton"))
        }
        (None, _, None) if is_on(env, CI) => {
            Err(CiError::NotRead { variable: CI, title: "a CI system that is not known here" })
        }
        (None, _, None) => Ok(Origin::Local),
    }
}

/// The words that `--ci` takes.
#[must_use]
pub fn choices() -> Vec<&'static str> {
    ["auto", "none"].into_iter().chain(PROVIDERS.iter().map(|provider| provider.id)).collect()
}

/// Whether the run is one of a merge queue or train. Its commit stands behind other changes that have not been merged
/// either, so that the parent of the commit that is checked out is not the target branch.
#[must_use]
pub fn is_queued(change: &Change) -> bool {
    let is_queue = |event: &Untrusted| *event == github::QUEUE || *event == gitlab::QUEUE;
    let is_queues = |branch: &Untrusted| branch.as_raw().starts_with(refs::QUEUES);
    change.run.event.as_ref().is_some_and(is_queue) || change.branch.as_ref().is_some_and(is_queues)
}

/// How to change the checkout of a request's run so that it holds both ends, where its CI system has a setting for that.
#[must_use]
pub fn deepen(change: &Change) -> Option<&'static str> {
    let id = change.run.provider.as_ref()?;
    PROVIDERS.iter().find(|provider| *id == provider.id).and_then(|provider| (provider.deepen)(change))
}

/// The shell command that brings the tip of the target branch into a clone, for a message. A whole clone stays whole.
#[must_use]
pub fn fetch_command(remote: &str, target: &Untrusted, shallow: bool) -> String {
    // It will be pasted into a shell.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._/-".contains(c);
    let branch = target.as_raw();
    let branch = if branch.chars().all(plain) { branch } else { "TARGET" };
    let depth = if shallow { "--depth=1 " } else { "" };
    format!("git fetch --no-tags {depth}{remote} \"+refs/heads/{branch}:refs/remotes/{remote}/{branch}\"")
}

/// For systems without such a setting.
const fn no_setting(_change: &Change) -> Option<&'static str> {
    None
}

impl Provider {
    /// The change of this run: what the system says, held against what the pipeline states.
    ///
    /// # Errors
    /// Whatever keeps either from being read, and a contradiction between them.
    pub fn read(&self, env: &Env, event: Option<&[u8]>) -> Result<Change, CiError> {
        let change = (self.change)(env, event)?;
        stated::agrees(env, self.title, &change)?;
        Ok(change)
    }

    /// The path of the event file of this run, where there is one.
    #[must_use]
    pub fn event_path<'a>(&self, env: &'a Env) -> Option<&'a str> {
        self.event_path.and_then(|variable| get(env, variable))
    }

    /// The environment that the job of this run releases to, where the system says.
    #[must_use]
    pub fn environment(&self, env: &Env) -> Option<Untrusted> {
        self.environment.and_then(|variable| get(env, variable)).map(Untrusted::from)
    }
}

/// Why a CI run could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CiError {
    /// The user's: `--ci` takes one of [`choices`].
    #[error("--ci {}: not one of {}", given.line(), choices().join(", "))]
    UnknownProvider {
        /// What was given.
        given: Untrusted,
    },
    /// The pipeline's: this CI system is recognised and not read. Say what changes with `--ci none --change FILE`.
    #[error("{variable} is set: this looks like a run of {title}, whose variables are not read")]
    NotRead {
        /// The variable that shows it.
        variable: &'static str,
        /// The system.
        title: &'static str,
    },
    /// The environment's: two CI systems are at work at once, and a wrong one would be read.
    #[error("this looks like a run of {one} and of {other} at once")]
    Ambiguous {
        /// One.
        one: &'static str,
        /// Another.
        other: &'static str,
    },
    /// The pipeline's: this system does not tell whether a run is for a change request, and the pipeline does not either.
    #[error("{provider} does not say whether this run is for a change request, and nothing else does")]
    NotSaid {
        /// The provider's title.
        provider: &'static str,
    },
    /// The pipeline's: there is a change request, and nobody says to which branch.
    #[error("this run of {provider} is for a change request, and nothing says to which branch")]
    NoTarget {
        /// The provider's title.
        provider: &'static str,
    },
    /// The pipeline's: the ref can only be a request's, in a run that names no target.
    #[error("{variable}={}: not a branch or tag, and the run names no branch that a change request goes to", name.line())]
    RequestRef {
        /// The variable.
        variable: &'static str,
        /// Its value.
        name: Untrusted,
    },
    /// The pipeline's: variables of ours that do not exist.
    #[error("no such variable: {}", names.iter().map(Untrusted::line).collect::<Vec<_>>().join(", "))]
    UnknownVariables {
        /// Their names.
        names: Vec<Untrusted>,
    },
    /// The pipeline's: a variable that every run has is missing, so this is no such run, or it was cleared.
    #[error("{name} is not set, which every run of {provider} sets")]
    MissingVariable {
        /// The variable.
        name: &'static str,
        /// The provider's title.
        provider: &'static str,
    },
    /// The pipeline's: a variable holds what it cannot hold.
    #[error("{name}={}: {expected}", value.line())]
    Variable {
        /// The variable.
        name: &'static str,
        /// Its value.
        value: Untrusted,
        /// What was expected.
        expected: String,
    },
    /// The pipeline's: this event is not in the table, and what it checks out is not known.
    #[error("the event {} of {provider} is not read", event.line())]
    EventNotRead {
        /// The event.
        event: Untrusted,
        /// The provider's title.
        provider: &'static str,
    },
    /// The runner's: a request's head, base and author are in its event file alone.
    #[error(
        "{variable}: the event file of this {event} run is missing, and with it the head, the target and the author"
    )]
    NoEvent {
        /// The variable that holds the path.
        variable: &'static str,
        /// The event.
        event: &'static str,
    },
    /// The runner's: the event file is no event.
    #[error("{}: not the event of a {event} run: {reason}", file.line())]
    BadEvent {
        /// The path.
        file: Untrusted,
        /// The event.
        event: &'static str,
        /// What is wrong, and where.
        reason: String,
    },
}

impl CiError {
    /// The way out.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::UnknownProvider { .. } => "leave it out to let the environment decide".to_owned(),
            Self::NotRead { .. } | Self::EventNotRead { .. } => {
                "say what changes: --ci none --change FILE, with commit, repository and (for a change request) target and base"
                    .to_owned()
            }
            Self::MissingVariable { .. } | Self::Variable { .. } => {
                "pass the variables of the run on to this program unchanged, or give --ci none --change FILE".to_owned()
            }
            Self::Ambiguous { .. } => format!("say which with --ci, one of {}", choices().join(", ")),
            Self::NotSaid { .. } => format!(
                "set {} to the branch that it goes to, or {}=false where there is no request",
                stated::TARGET,
                stated::REQUEST
            ),
            Self::NoTarget { .. } => format!("set {} to that branch", stated::TARGET),
            Self::RequestRef { .. } => {
                "let the CI system start the run for the request itself, or give --ci none --change FILE with target and commit"
                    .to_owned()
            }
            Self::UnknownVariables { .. } => "docs/ci/generic.md lists the variables".to_owned(),
            Self::NoEvent { variable, .. } => {
                format!("pass {variable} and the file it names on to this program (a container job needs it mounted)")
            }
            Self::BadEvent { .. } => "the file must be the one that the runner wrote for this run, unchanged".to_owned(),
        }
    }
}

/// Whether a marker variable says yes: set, and not a word for no.
fn is_on(env: &Env, name: &str) -> bool {
    env.get(name).is_some_and(|value| !matches!(value.to_ascii_lowercase().as_str(), "" | "0" | "false" | "no"))
}

/// A variable that is set and not empty: providers set what does not apply to the empty string.
fn get<'a>(env: &'a Env, name: &str) -> Option<&'a str> {
    env.get(name).map(String::as_str).filter(|value| !value.is_empty())
}

/// A variable that every run has.
fn required<'a>(env: &'a Env, name: &'static str, provider: &'static str) -> Result<&'a str, CiError> {
    get(env, name).ok_or(CiError::MissingVariable { name, provider })
}

/// A variable that every run has, and that holds a commit.
fn required_commit(env: &Env, name: &'static str, provider: &'static str) -> Result<CommitId, CiError> {
    commit_of(env, name)?.ok_or(CiError::MissingVariable { name, provider })
}

/// Reads a JSON object. A list would do for a struct, its items taken as the fields in order: that is not what anybody means.
fn object<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, String> {
    match bytes.trim_ascii_start().first() {
        Some(b'{') => json::read(bytes).map_err(|fault| fault.to_string()),
        _ => Err("not a JSON object".to_owned()),
    }
}

/// A variable that holds a commit.
fn commit_of(env: &Env, name: &'static str) -> Result<Option<CommitId>, CiError> {
    get(env, name)
        .map(|value| {
            value.parse().map_err(|error| CiError::Variable {
                name,
                value: Untrusted::from(value),
                expected: format!("{error}"),
            })
        })
        .transpose()
}

/// A field that is the text of a variable: the field's name, the variable, where it goes.
type Text = (&'static str, &'static str, fn(&mut Change) -> &mut Option<Untrusted>);

/// Fills a change and writes down where each field came from.
#[derive(Default)]
struct Filler {
    change: Change,
}

impl Filler {
    /// Sets a field from a value that may be absent.
    fn set<T>(&mut self, field: &str, source: Source, value: Option<T>, slot: fn(&mut Change) -> &mut Option<T>) {
        if value.is_some() {
            *slot(&mut self.change) = value;
            self.change.sources.insert(field.to_owned(), source);
        }
    }

    /// Sets a field to the text of a variable, where it is set.
    fn set_env(&mut self, field: &str, value: Option<&str>, slot: fn(&mut Change) -> &mut Option<Untrusted>) {
        self.set(field, Source::Env, value.map(Untrusted::from), slot);
    }

    /// Sets every field whose variable is set; a later row beats an earlier one.
    fn texts(&mut self, env: &Env, texts: &[Text]) {
        for (field, variable, slot) in texts {
            self.set_env(field, get(env, variable), *slot);
        }
    }

    /// Sets the labels. An empty list that was read is known to be empty.
    fn labels(&mut self, source: Source, labels: impl IntoIterator<Item = Untrusted>) {
        self.change.labels = labels.into_iter().filter(|label| !label.is_blank()).collect();
        self.change.labels.sort();
        self.change.labels.dedup();
        self.change.sources.insert("labels".to_owned(), source);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> Env {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn the_table_is_sorted_and_its_ids_are_words() {
        let ids: Vec<_> = PROVIDERS.iter().map(|provider| provider.id).collect();
        assert!(ids.is_sorted());
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase()) && !["auto", "none"].contains(id)));
    }

    #[test]
    fn what_is_not_read_is_an_error_and_not_a_local_run() {
        for (pairs, title) in [
            (&[("CI", "true"), ("GITHUB_ACTIONS", "true"), ("GITEA_ACTIONS", "true")][..], "Gitea Actions"),
            (&[("CI", "true"), ("GITHUB_ACTIONS", "true"), ("FORGEJO_ACTIONS", "true")], "Forgejo Actions"),
            (&[("CI", "true"), ("DRONE", "true")], "Drone"),
            (&[("CI", "1")], "a CI system that is not known here"),
            (&[("CI", "true"), ("GITLAB_CI", "false")], "a CI system that is not known here"),
        ] {
            match origin("auto", &env(pairs)) {
                Err(CiError::NotRead { title: found, .. }) => assert_eq!(found, title),
                other => panic!("{pairs:?}: {other:?}"),
            }
        }
    }

    #[test]
    fn two_systems_at_once_are_an_error() {
        for pairs in [
            &[("GITHUB_ACTIONS", "true"), ("JENKINS_URL", "https://ci")][..],
            &[("GITLAB_CI", "true"), ("COUNTERSIGN_CI", "generic")],
            &[("CI", "woodpecker"), ("DRONE", "true")],
            &[("TF_BUILD", "True"), ("GITEA_ACTIONS", "true")],
        ] {
            assert!(matches!(origin("auto", &env(pairs)), Err(CiError::Ambiguous { .. })), "{pairs:?}");
            assert!(matches!(origin("gitlab", &env(pairs)), Ok(Origin::Provider(p)) if p.id == "gitlab"));
        }
        let unknown = origin("auto", &env(&[("COUNTERSIGN_CI", "concourse")]));
        assert!(matches!(unknown, Err(CiError::Variable { name: "COUNTERSIGN_CI", .. })));
    }

    #[test]
    fn a_developers_machine_is_a_local_run() {
        assert!(matches!(origin("auto", &env(&[("CI", "false"), ("PATH", "/bin")])), Ok(Origin::Local)));
        assert!(matches!(origin("none", &env(&[("GITHUB_ACTIONS", "true")])), Ok(Origin::Nothing)));
        assert!(matches!(origin("gitlab", &env(&[])), Ok(Origin::Provider(p)) if p.id == "gitlab"));
        assert!(matches!(origin("travis", &env(&[])), Err(CiError::UnknownProvider { .. })));
    }
}
