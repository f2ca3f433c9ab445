//! Buildkite: <https://buildkite.com/docs/pipelines/configure/environment-variables>.
//!
//! What must stay true: `BUILDKITE_PULL_REQUEST` is set in every build, to `false` where there is none; the author that
//! Buildkite names is the commit's, which is text that anybody can write, and is never the author of the change.

use super::{CiError, Env, Filler, Provider, Text, get, no_setting, refs, required, required_commit};
use crate::model::change::{Change, Source};
use crate::model::text::Untrusted;

const TITLE: &str = "Buildkite";
const BASE: &str = "BUILDKITE_PULL_REQUEST_BASE_BRANCH";
const QUEUE_BASE: &str = "BUILDKITE_MERGE_QUEUE_BASE_BRANCH";

/// Buildkite.
pub(super) static PROVIDER: Provider = Provider {
    id: "buildkite",
    title: TITLE,
    detect: |env| get(env, "BUILDKITE") == Some("true"),
    event_path: None,
    change: |env, _| change(env),
    environment: None,
    deepen: no_setting,
};

static RUN: &[Text] = &[
    ("actor", "BUILDKITE_BUILD_CREATOR_EMAIL", |c| &mut c.actor),
    ("run.id", "BUILDKITE_BUILD_ID", |c| &mut c.run.id),
    ("run.attempt", "BUILDKITE_RETRY_COUNT", |c| &mut c.run.attempt),
    ("run.job", "BUILDKITE_STEP_KEY", |c| &mut c.run.job),
    ("run.event", "BUILDKITE_SOURCE", |c| &mut c.run.event),
    ("run.url", "BUILDKITE_BUILD_URL", |c| &mut c.run.url),
    ("run.group", "BUILDKITE_AGENT_META_DATA_QUEUE", |c| &mut c.run.group),
];

static REQUEST: &[Text] = &[
    ("id", "BUILDKITE_PULL_REQUEST", |c| &mut c.id),
    ("target", BASE, |c| &mut c.target),
    ("branch", "BUILDKITE_BRANCH", |c| &mut c.branch),
];

fn change(env: &Env) -> Result<Change, CiError> {
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.texts(env, RUN);
    let self_hosted = match get(env, "BUILDKITE_COMPUTE_TYPE") {
        Some("hosted") => Some(false),
        Some("self-hosted") => Some(true),
        _ => None,
    };
    filler.set("run.self_hosted", Source::Env, self_hosted, |c| &mut c.run.self_hosted);
    refs::fill_repository(&mut filler, get(env, "BUILDKITE_REPO"));
    // A build that was started by hand may say `HEAD`: git then knows which commit that is.
    if get(env, "BUILDKITE_COMMIT") != Some("HEAD") {
        let commit = required_commit(env, "BUILDKITE_COMMIT", TITLE)?;
        filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    }
    if required(env, "BUILDKITE_PULL_REQUEST", TITLE)? != "false" {
        request(&mut filler, env)?;
    } else if let Some(tag) = get(env, "BUILDKITE_TAG") {
        refs::fill(&mut filler, "BUILDKITE_TAG", &format!("refs/tags/{tag}"))?;
    } else {
        refs::fill(&mut filler, "BUILDKITE_BRANCH", required(env, "BUILDKITE_BRANCH", TITLE)?)?;
        // Beside the branch of the queue, where the system names the target, too.
        filler.set_env("target", get(env, QUEUE_BASE).map(refs::short), |c| &mut c.target);
    }
    Ok(filler.change)
}

fn request(filler: &mut Filler, env: &Env) -> Result<(), CiError> {
    required(env, BASE, TITLE)?;
    filler.texts(env, REQUEST);
    let [source, target] =
        ["BUILDKITE_PULL_REQUEST_REPO", "BUILDKITE_REPO"].map(|name| get(env, name).and_then(refs::repository_of));
    let fork = source.zip(target).map(|(source, target)| !source.eq_ignore_ascii_case(&target));
    filler.set("fork", Source::Env, fork, |c| &mut c.fork);
    if let Some(labels) = get(env, "BUILDKITE_PULL_REQUEST_LABELS") {
        filler.labels(Source::Env, labels.split(',').map(|label| Untrusted::from(label.trim())));
    }
    Ok(())
}
