//! GitHub Actions: <https://docs.github.com/actions/reference/workflows-and-actions/variables> and the webhook payloads.
//!
//! What must stay true: the commit of a request is the head that its author pushed, never the merge commit that
//! `GITHUB_SHA` names, and a request's head, target and author come from the event, never from the environment.

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{CiError, Env, Filler, Provider, get, is_on, refs, required, required_commit};
use crate::model::change::{Change, Source};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;

/// The event of a merge queue.
pub(super) const QUEUE: &str = "merge_group";

const TITLE: &str = "GitHub Actions";
const EVENT_PATH: &str = "GITHUB_EVENT_PATH";

/// GitHub Actions. Gitea and Forgejo set the same variables and are not GitHub.
pub(super) static PROVIDER: Provider =
    // GitHub keeps the name of the job's environment in the token alone.
    Provider {
        id: "github",
        title: TITLE,
        detect,
        event_path: Some(EVENT_PATH),
        change,
        environment: None,
        deepen,
    };

/// What kind of run an event starts.
#[derive(Clone, Copy)]
enum EventKind {
    /// The event carries `pull_request`.
    Request,
    /// The event carries `merge_group`.
    Queue,
    /// The run is about the commit of its ref.
    Ref,
}

/// The events that are read. Others (`workflow_run`, `issue_comment`, …) run on the default branch about something else.
static EVENTS: &[(&str, EventKind)] = &[
    ("create", EventKind::Ref),
    ("deployment", EventKind::Ref),
    (QUEUE, EventKind::Queue),
    ("pull_request", EventKind::Request),
    ("pull_request_review", EventKind::Request),
    ("pull_request_target", EventKind::Request),
    ("push", EventKind::Ref),
    ("release", EventKind::Ref),
    ("repository_dispatch", EventKind::Ref),
    ("schedule", EventKind::Ref),
    ("workflow_dispatch", EventKind::Ref),
];

fn detect(env: &Env) -> bool {
    env.get("GITHUB_ACTIONS").is_some_and(|value| value == "true")
        && !is_on(env, "GITEA_ACTIONS")
        && !is_on(env, "FORGEJO_ACTIONS")
}

/// A request's merge commit has both ends as parents; a queue's commit stands on other entries, and
/// `pull_request_target` checks out the target alone.
fn deepen(change: &Change) -> Option<&'static str> {
    match change.run.event.as_ref().map(Untrusted::as_raw) {
        Some("pull_request" | "pull_request_review") => Some("give actions/checkout `fetch-depth: 2`"),
        Some(QUEUE) => Some("give actions/checkout `fetch-depth: 0`"),
        _ => None,
    }
}

fn change(env: &Env, event: Option<&[u8]>) -> Result<Change, CiError> {
    let name = required(env, "GITHUB_EVENT_NAME", TITLE)?;
    let (event_name, kind) = EVENTS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| CiError::EventNotRead { event: Untrusted::from(name), provider: TITLE })?;
    let event = EventFile { env, name: event_name, bytes: event };
    let mut filler = Filler::default();
    run(&mut filler, env);
    match kind {
        EventKind::Request => request(&mut filler, event.read()?),
        EventKind::Queue => queue(&mut filler, &event)?,
        EventKind::Ref => of_ref(&mut filler, env, &event)?,
    }
    Ok(filler.change)
}

/// What every run has, whatever started it.
fn run(filler: &mut Filler, env: &Env) {
    let actor = get(env, "GITHUB_TRIGGERING_ACTOR").or_else(|| get(env, "GITHUB_ACTOR"));
    filler.set_env("actor", actor, |c| &mut c.actor);
    filler.set_env("repository", get(env, "GITHUB_REPOSITORY"), |c| &mut c.repository);
    filler.set_env("ref", get(env, "GITHUB_REF"), |c| &mut c.git_ref);
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.set_env("run.id", get(env, "GITHUB_RUN_ID"), |c| &mut c.run.id);
    filler.set_env("run.attempt", get(env, "GITHUB_RUN_ATTEMPT"), |c| &mut c.run.attempt);
    filler.set_env("run.job", get(env, "GITHUB_JOB"), |c| &mut c.run.job);
    filler.set_env("run.event", get(env, "GITHUB_EVENT_NAME"), |c| &mut c.run.event);
    filler.set_env("run.url", run_url(env).as_deref(), |c| &mut c.run.url);
    let self_hosted = match get(env, "RUNNER_ENVIRONMENT") {
        Some("self-hosted") => Some(true),
        Some("github-hosted") => Some(false),
        _ => None,
    };
    filler.set("run.self_hosted", Source::Env, self_hosted, |c| &mut c.run.self_hosted);
    // A hosted runner is a machine of its own for each job; of a team's own runner nothing says so.
    let ephemeral = (self_hosted == Some(false)).then_some(true);
    filler.set("run.ephemeral", Source::Env, ephemeral, |c| &mut c.run.ephemeral);
}

fn run_url(env: &Env) -> Option<String> {
    let server = get(env, "GITHUB_SERVER_URL")?;
    let repository = get(env, "GITHUB_REPOSITORY")?;
    let id = get(env, "GITHUB_RUN_ID")?;
    let url = format!("{server}/{repository}/actions/runs/{id}");
    Some(match get(env, "GITHUB_RUN_ATTEMPT") {
        Some(attempt) => format!("{url}/attempts/{attempt}"),
        None => url,
    })
}

/// A pull request. `pull_request_target` is one too: it only differs in what is checked out and which secrets are there.
fn request(filler: &mut Filler, event: RequestEvent) {
    let RequestEvent { pull_request: request, repository } = event;
    let fork = match (&request.head.repo, &request.base.repo) {
        (Some(head), base) => head.full_name != base.full_name,
        // The fork was deleted.
        (None, _) => true,
    };
    filler.set("id", Source::Event, Some(Untrusted::new(request.number.to_string())), |c| &mut c.id);
    filler.set("title", Source::Event, Some(request.title), |c| &mut c.title);
    filler.set("author", Source::Event, request.user.map(|user| user.login), |c| &mut c.author);
    filler.set("commit", Source::Event, Some(request.head.sha), |c| &mut c.commit);
    filler.set("base", Source::Event, Some(request.base.sha), |c| &mut c.base);
    filler.set("branch", Source::Event, Some(request.head.name), |c| &mut c.branch);
    filler.set("target", Source::Event, Some(request.base.name), |c| &mut c.target);
    filler.set("repository", Source::Event, Some(repository.full_name), |c| &mut c.repository);
    filler.set("fork", Source::Event, Some(fork), |c| &mut c.fork);
    filler.labels(Source::Event, request.labels.into_iter().map(|label| label.name));
}

/// A merge queue's group. Its `base_sha` may be another group that is not merged yet, so it is no base.
fn queue(filler: &mut Filler, event: &EventFile<'_>) -> Result<(), CiError> {
    let QueueEvent { merge_group: group, repository } = event.read()?;
    let target = group
        .base_ref
        .as_raw()
        .strip_prefix("refs/heads/")
        .filter(|target| !target.is_empty())
        .ok_or_else(|| event.bad(format!("merge_group.base_ref {}: no branch", group.base_ref.line())))?;
    let branch = refs::short(group.head_ref.as_raw());
    let number = refs::in_queue(branch).and_then(|(queue, number)| (queue == target).then_some(number));
    filler.set("id", Source::Event, number.map(Untrusted::from), |c| &mut c.id);
    filler.set("commit", Source::Event, Some(group.head_sha), |c| &mut c.commit);
    filler.set("branch", Source::Event, Some(Untrusted::from(branch)), |c| &mut c.branch);
    filler.set("target", Source::Event, Some(Untrusted::from(target)), |c| &mut c.target);
    filler.set("repository", Source::Event, Some(repository.full_name), |c| &mut c.repository);
    Ok(())
}

/// A run about the commit of its ref: the event says it where it carries one, else the environment.
fn of_ref(filler: &mut Filler, env: &Env, event: &EventFile<'_>) -> Result<(), CiError> {
    let commit = required_commit(env, "GITHUB_SHA", TITLE)?;
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    if get(env, "GITHUB_REF").is_some_and(|name| name.starts_with("refs/heads/")) {
        filler.set_env("branch", get(env, "GITHUB_REF_NAME"), |c| &mut c.branch);
    }
    if event.bytes.is_some() {
        let RefEvent { repository, head_commit } = event.read()?;
        filler.set("repository", Source::Event, repository.map(|r| r.full_name), |c| &mut c.repository);
        filler.set("commit", Source::Event, head_commit.map(|c| c.id), |c| &mut c.commit);
    }
    Ok(())
}

/// The event file of this run.
struct EventFile<'a> {
    env: &'a Env,
    name: &'static str,
    bytes: Option<&'a [u8]>,
}

impl EventFile<'_> {
    fn read<T: DeserializeOwned>(&self) -> Result<T, CiError> {
        let bytes = self.bytes.ok_or(CiError::NoEvent { variable: EVENT_PATH, event: self.name })?;
        super::object(bytes).map_err(|reason| self.bad(reason))
    }

    fn bad(&self, reason: String) -> CiError {
        CiError::BadEvent {
            file: Untrusted::from(get(self.env, EVENT_PATH).unwrap_or(EVENT_PATH)),
            event: self.name,
            reason,
        }
    }
}

#[derive(Deserialize)]
struct RequestEvent {
    pull_request: Request,
    repository: Repository,
}

#[derive(Deserialize)]
struct Request {
    number: u64,
    title: Untrusted,
    /// `null` when the account was deleted.
    user: Option<User>,
    head: Side<Option<Repository>>,
    base: Side<Repository>,
    #[serde(default)]
    labels: Vec<Label>,
}

#[derive(Deserialize)]
struct Side<R> {
    #[serde(rename = "ref")]
    name: Untrusted,
    sha: CommitId,
    repo: R,
}

#[derive(Deserialize)]
struct Repository {
    full_name: Untrusted,
}

#[derive(Deserialize)]
struct User {
    login: Untrusted,
}

#[derive(Deserialize)]
struct Label {
    name: Untrusted,
}

#[derive(Deserialize)]
struct QueueEvent {
    merge_group: Group,
    repository: Repository,
}

#[derive(Deserialize)]
struct Group {
    head_sha: CommitId,
    head_ref: Untrusted,
    base_ref: Untrusted,
}

#[derive(Deserialize)]
struct RefEvent {
    repository: Option<Repository>,
    head_commit: Option<HeadCommit>,
}

#[derive(Deserialize)]
struct HeadCommit {
    id: CommitId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_events_is_sorted() {
        assert!(EVENTS.is_sorted_by_key(|(name, _)| name));
    }
}
