//! Systems that say nothing of a change: the pipeline states it, in variables named after the fields of the change file. Argo
//! Workflows and Tekton are such systems; `generic` is any other.
//!
//! What must stay true: a misspelt variable is an error, because a target that got lost would turn a request into a release.

use super::{CiError, Env, Filler, Provider, Text, commit_of, get, no_setting, refs, required_commit, stated};
use crate::model::change::{Change, Source};
use crate::model::text::Untrusted;

/// Names the system: the id of one of the rows below.
pub(super) const MARKER: &str = "COUNTERSIGN_CI";

const COMMIT: &str = "COUNTERSIGN_CHANGE_COMMIT";
const BASE: &str = "COUNTERSIGN_CHANGE_BASE";
const REF: &str = "COUNTERSIGN_CHANGE_REF";
const LABELS: &str = "COUNTERSIGN_CHANGE_LABELS";
const FORK: &str = "COUNTERSIGN_CHANGE_FORK";
const SELF_HOSTED: &str = "COUNTERSIGN_RUN_SELF_HOSTED";
const EPHEMERAL: &str = "COUNTERSIGN_RUN_EPHEMERAL";

static TEXTS: &[Text] = &[
    ("id", "COUNTERSIGN_CHANGE_ID", |c| &mut c.id),
    ("title", "COUNTERSIGN_CHANGE_TITLE", |c| &mut c.title),
    ("author", "COUNTERSIGN_CHANGE_AUTHOR", |c| &mut c.author),
    ("actor", "COUNTERSIGN_CHANGE_ACTOR", |c| &mut c.actor),
    ("repository", "COUNTERSIGN_CHANGE_REPOSITORY", |c| &mut c.repository),
    ("branch", "COUNTERSIGN_CHANGE_BRANCH", |c| &mut c.branch),
    ("run.id", "COUNTERSIGN_RUN_ID", |c| &mut c.run.id),
    ("run.attempt", "COUNTERSIGN_RUN_ATTEMPT", |c| &mut c.run.attempt),
    ("run.job", "COUNTERSIGN_RUN_JOB", |c| &mut c.run.job),
    ("run.event", "COUNTERSIGN_RUN_EVENT", |c| &mut c.run.event),
    ("run.url", "COUNTERSIGN_RUN_URL", |c| &mut c.run.url),
    ("run.group", "COUNTERSIGN_RUN_GROUP", |c| &mut c.run.group),
];

/// The variables that are no plain text.
static OTHERS: &[&str] = &[stated::REQUEST, stated::TARGET, COMMIT, BASE, REF, LABELS, FORK, SELF_HOSTED, EPHEMERAL];

/// A row that is told by [`MARKER`] and reads the variables above.
macro_rules! row {
    ($id:literal, $title:literal) => {
        Provider {
            id: $id,
            title: $title,
            detect: |env| get(env, MARKER) == Some($id),
            event_path: None,
            change: |env, _| change(env, $id, $title),
            environment: Some("COUNTERSIGN_ENVIRONMENT"),
            deepen: no_setting,
        }
    };
}

/// Argo Workflows.
pub(super) static ARGO: Provider = row!("argo", "Argo Workflows");
/// Any other system.
pub(super) static GENERIC: Provider = row!("generic", "a CI system of your own");
/// Tekton.
pub(super) static TEKTON: Provider = row!("tekton", "Tekton");

fn change(env: &Env, id: &'static str, title: &'static str) -> Result<Change, CiError> {
    let unknown = env.keys().map(String::as_str).filter(|name| is_ours(name) && !is_known(name));
    let unknown: Vec<Untrusted> = unknown.map(Untrusted::from).collect();
    if !unknown.is_empty() {
        return Err(CiError::UnknownVariables { names: unknown });
    }
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(id), |c| &mut c.run.provider);
    filler.texts(env, TEXTS);
    filler.set("run.self_hosted", Source::Env, stated::flag(env, SELF_HOSTED)?, |c| &mut c.run.self_hosted);
    filler.set("run.ephemeral", Source::Env, stated::flag(env, EPHEMERAL)?, |c| &mut c.run.ephemeral);
    filler.set("commit", Source::Env, Some(required_commit(env, COMMIT, title)?), |c| &mut c.commit);
    filler.set("fork", Source::Env, stated::flag(env, FORK)?, |c| &mut c.fork);
    if let Some(labels) = get(env, LABELS) {
        filler.labels(Source::Env, labels.split(',').map(|label| Untrusted::from(label.trim())));
    }
    match (stated::target(env, title, false)?, get(env, REF)) {
        (Some(target), git_ref) => {
            filler.set_env("target", Some(target), |c| &mut c.target);
            filler.set("base", Source::Env, commit_of(env, BASE)?, |c| &mut c.base);
            filler.set_env("ref", git_ref, |c| &mut c.git_ref);
        }
        (None, Some(git_ref)) => refs::fill(&mut filler, REF, git_ref)?,
        (None, None) => {}
    }
    Ok(filler.change)
}

fn is_ours(name: &str) -> bool {
    name.starts_with("COUNTERSIGN_CHANGE_") || name.starts_with("COUNTERSIGN_RUN_")
}

fn is_known(name: &str) -> bool {
    OTHERS.contains(&name) || TEXTS.iter().any(|(_, variable, _)| *variable == name)
}
