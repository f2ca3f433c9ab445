//! Woodpecker: <https://woodpecker-ci.org/docs/usage/environment>.
//!
//! What must stay true: `CI_COMMIT_BRANCH` of a pull request is its target and never the branch of the change;
//! `CI_COMMIT_AUTHOR` is the commit's, which is text that anybody can write, and is never the author of the change.

use super::{CiError, Env, Filler, Provider, Text, get, no_setting, refs, required, required_commit};
use crate::model::change::{Change, Source};
use crate::model::text::Untrusted;

const TITLE: &str = "Woodpecker";
const TARGET: &str = "CI_COMMIT_TARGET_BRANCH";

/// Woodpecker. The variable `CI` is its own name.
pub(super) static PROVIDER: Provider = Provider {
    id: "woodpecker",
    title: TITLE,
    detect: |env| get(env, "CI") == Some("woodpecker"),
    event_path: None,
    change: |env, _| change(env),
    environment: Some("CI_PIPELINE_DEPLOY_TARGET"),
    deepen: no_setting,
};

static RUN: &[Text] = &[
    ("repository", "CI_REPO", |c| &mut c.repository),
    ("run.id", "CI_PIPELINE_NUMBER", |c| &mut c.run.id),
    ("run.job", "CI_WORKFLOW_NAME", |c| &mut c.run.job),
    ("run.event", "CI_PIPELINE_EVENT", |c| &mut c.run.event),
    ("run.url", "CI_PIPELINE_URL", |c| &mut c.run.url),
];

static REQUEST: &[Text] = &[
    ("id", "CI_COMMIT_PULL_REQUEST", |c| &mut c.id),
    ("target", TARGET, |c| &mut c.target),
    ("branch", "CI_COMMIT_SOURCE_BRANCH", |c| &mut c.branch),
    ("ref", "CI_COMMIT_REF", |c| &mut c.git_ref),
];

/// The forges of which `CI_PIPELINE_AUTHOR` is the account that opened the request; of others it is the commit's author.
const NAMES_THE_AUTHOR: &[&str] = &["forgejo", "gitea", "github"];

fn change(env: &Env) -> Result<Change, CiError> {
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.texts(env, RUN);
    let commit = required_commit(env, "CI_COMMIT_SHA", TITLE)?;
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    let event = required(env, "CI_PIPELINE_EVENT", TITLE)?;
    if event.starts_with("pull_request") || get(env, TARGET).is_some() {
        request(&mut filler, env)?;
    } else {
        refs::fill(&mut filler, "CI_COMMIT_REF", required(env, "CI_COMMIT_REF", TITLE)?)?;
    }
    Ok(filler.change)
}

fn request(filler: &mut Filler, env: &Env) -> Result<(), CiError> {
    required(env, TARGET, TITLE)?;
    filler.texts(env, REQUEST);
    if get(env, "CI_FORGE_TYPE").is_some_and(|forge| NAMES_THE_AUTHOR.contains(&forge)) {
        filler.set_env("author", get(env, "CI_PIPELINE_AUTHOR"), |c| &mut c.author);
    }
    if let Some(labels) = get(env, "CI_COMMIT_PULL_REQUEST_LABELS") {
        filler.labels(Source::Env, labels.split(',').map(|label| Untrusted::from(label.trim())));
    }
    Ok(())
}
