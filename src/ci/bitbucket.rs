//! Bitbucket Pipelines: <https://support.atlassian.com/bitbucket-cloud/docs/variables-and-secrets/>.
//!
//! What must stay true: a pipeline of a pull request has a `BITBUCKET_PR_ID`, and then its target too. The commit is the head
//! of the source branch, though the merge with the target is checked out.

use super::{CiError, Env, Filler, Provider, Text, get, no_setting, refs, required, required_commit};
use crate::model::change::{Change, Source};

const TITLE: &str = "Bitbucket Pipelines";
const TARGET: &str = "BITBUCKET_PR_DESTINATION_BRANCH";

/// Bitbucket Pipelines.
pub(super) static PROVIDER: Provider = Provider {
    id: "bitbucket",
    title: TITLE,
    detect: |env| get(env, "BITBUCKET_BUILD_NUMBER").is_some() || get(env, "BITBUCKET_PIPELINE_UUID").is_some(),
    event_path: None,
    change: |env, _| change(env),
    environment: Some("BITBUCKET_DEPLOYMENT_ENVIRONMENT"),
    deepen: no_setting,
};

static RUN: &[Text] = &[
    ("actor", "BITBUCKET_STEP_TRIGGERER_UUID", |c| &mut c.actor),
    ("repository", "BITBUCKET_REPO_FULL_NAME", |c| &mut c.repository),
    ("run.id", "BITBUCKET_PIPELINE_UUID", |c| &mut c.run.id),
    ("run.attempt", "BITBUCKET_STEP_RUN_NUMBER", |c| &mut c.run.attempt),
    ("run.job", "BITBUCKET_STEP_UUID", |c| &mut c.run.job),
];

static REQUEST: &[Text] = &[
    ("id", "BITBUCKET_PR_ID", |c| &mut c.id),
    ("target", TARGET, |c| &mut c.target),
    ("branch", "BITBUCKET_BRANCH", |c| &mut c.branch),
];

fn change(env: &Env) -> Result<Change, CiError> {
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.texts(env, RUN);
    filler.set_env("run.url", run_url(env).as_deref(), |c| &mut c.run.url);
    let commit = required_commit(env, "BITBUCKET_COMMIT", TITLE)?;
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    match (get(env, "BITBUCKET_PR_ID").or_else(|| get(env, TARGET)), get(env, "BITBUCKET_TAG")) {
        (Some(_), _) => {
            required(env, TARGET, TITLE)?;
            filler.texts(env, REQUEST);
            // Forks run no pipelines of the repository that they come from.
            filler.set("fork", Source::Env, Some(false), |c| &mut c.fork);
        }
        (None, Some(tag)) => refs::fill(&mut filler, "BITBUCKET_TAG", &format!("refs/tags/{tag}"))?,
        // A custom pipeline may run for a commit alone.
        (None, None) => {
            if let Some(branch) = get(env, "BITBUCKET_BRANCH") {
                refs::fill(&mut filler, "BITBUCKET_BRANCH", branch)?;
            }
        }
    }
    Ok(filler.change)
}

fn run_url(env: &Env) -> Option<String> {
    let repository = get(env, "BITBUCKET_REPO_FULL_NAME")?;
    Some(format!("https://bitbucket.org/{repository}/pipelines/results/{}", get(env, "BITBUCKET_BUILD_NUMBER")?))
}
