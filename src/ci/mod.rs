//! A CI provider's environment and event file, read into a [`Change`] in which every field knows its source.
//!
//! What must stay true: nothing is guessed. A run that cannot be read whole (an unknown CI system, an event that is not in
//! the table, a request without its event file) is an error, because the alternative is to judge a change request by its own
//! head. The environment and the event are given by the caller; nothing here touches the world.

mod github;
mod gitlab;
mod merge;

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;

use crate::model::change::{Change, Source};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;
use crate::strict::json;

pub use merge::{ChangeFile, Contradiction, RepositoryFacts, add_repository, merge, read_change_file};

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
    /// The path of the event file, where the system writes one: the caller reads it for [`Provider::change`].
    pub event_path: fn(&Env) -> Option<&str>,
    /// Reads environment and event.
    pub change: fn(&Env, event: Option<&[u8]>) -> Result<Change, CiError>,
    /// The environment that the job releases to, where the system says.
    pub environment: fn(&Env) -> Option<Untrusted>,
    /// How to get a clone that holds the tip of the target branch and the head of this request, where a setting does it.
    pub deepen: fn(&Change) -> Option<&'static str>,
}

/// Every CI system that can be read, by id.
pub static PROVIDERS: &[&Provider] = &[&github::PROVIDER, &gitlab::PROVIDER];

/// CI systems that are recognised but not read, by a variable that each sets. The ones that imitate another come first.
static UNREAD: &[(&str, &str)] = &[
    ("GITEA_ACTIONS", "Gitea Actions"),
    ("FORGEJO_ACTIONS", "Forgejo Actions"),
    ("JENKINS_URL", "Jenkins"),
    ("CIRCLECI", "CircleCI"),
    ("TF_BUILD", "Azure Pipelines"),
    ("BUILDKITE", "Buildkite"),
    ("BITBUCKET_COMMIT", "Bitbucket Pipelines"),
    ("DRONE", "Drone"),
    ("CI", "a CI system that is not known here"),
];

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
        "auto" => match PROVIDERS.iter().find(|provider| (provider.detect)(env)) {
            Some(provider) => Ok(Origin::Provider(provider)),
            None => match UNREAD.iter().find(|(name, _)| is_on(env, name)) {
                Some((variable, title)) => Err(CiError::NotRead { variable, title }),
                None => Ok(Origin::Local),
            },
        },
        id => match PROVIDERS.iter().find(|provider| provider.id == id) {
            Some(provider) => Ok(Origin::Provider(provider)),
            None => Err(CiError::UnknownProvider { given: Untrusted::from(id) }),
        },
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
    change.run.event.as_ref().is_some_and(|event| *event == github::QUEUE || *event == gitlab::QUEUE)
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
            (&[("CI", "true"), ("JENKINS_URL", "https://ci")], "Jenkins"),
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
    fn a_developers_machine_is_a_local_run() {
        assert!(matches!(origin("auto", &env(&[("CI", "false"), ("PATH", "/bin")])), Ok(Origin::Local)));
        assert!(matches!(origin("none", &env(&[("GITHUB_ACTIONS", "true")])), Ok(Origin::Nothing)));
        assert!(matches!(origin("gitlab", &env(&[])), Ok(Origin::Provider(p)) if p.id == "gitlab"));
        assert!(matches!(origin("travis", &env(&[])), Err(CiError::UnknownProvider { .. })));
    }
}
