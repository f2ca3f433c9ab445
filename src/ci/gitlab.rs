//! GitLab CI: <https://docs.gitlab.com/ci/variables/predefined_variables/>.
//!
//! What must stay true: GitLab writes no event file, so everything is from the environment and says so; `CI_COMMIT_AUTHOR`
//! is text that anybody can write into a commit and is never the author; `CI_MERGE_REQUEST_DIFF_BASE_SHA` is an old merge
//! base and is never the base.

use super::{CiError, Env, Filler, Provider, commit_of, get, no_setting, required, required_commit};
use crate::model::change::{Change, Source};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;

/// The event of a merge train, as `CI_MERGE_REQUEST_EVENT_TYPE` has it.
pub(super) const QUEUE: &str = "merge_train";

const TITLE: &str = "GitLab CI";

/// GitLab CI. Its local emulator sets `GITLAB_CI` to `false`: there, `--ci gitlab` says what it is.
pub(super) static PROVIDER: Provider = Provider {
    id: "gitlab",
    title: TITLE,
    detect,
    event_path: None,
    change,
    environment: Some("CI_ENVIRONMENT_NAME"),
    // A pipeline of a merge request fetches the request alone, whatever `GIT_DEPTH` says.
    deepen: no_setting,
};

fn detect(env: &Env) -> bool {
    env.get("GITLAB_CI").is_some_and(|value| value == "true")
}

fn change(env: &Env, _event: Option<&[u8]>) -> Result<Change, CiError> {
    let commit = required_commit(env, "CI_COMMIT_SHA", TITLE)?;
    let mut filler = Filler::default();
    run(&mut filler, env);
    if get(env, "CI_PIPELINE_SOURCE") == Some("merge_request_event") || get(env, "CI_MERGE_REQUEST_IID").is_some() {
        request(&mut filler, env, commit)?;
    } else {
        of_ref(&mut filler, env, commit);
    }
    Ok(filler.change)
}

/// A part of the description of every runner that gitlab.com provides.
const HOSTED: &str = ".runners-manager.gitlab.com";

/// What every run has, whatever started it.
fn run(filler: &mut Filler, env: &Env) {
    filler.set_env("actor", get(env, "GITLAB_USER_LOGIN"), |c| &mut c.actor);
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.set_env("run.id", get(env, "CI_PIPELINE_ID"), |c| &mut c.run.id);
    filler.set_env("run.job", get(env, "CI_JOB_NAME"), |c| &mut c.run.job);
    filler.set_env("run.event", event(env), |c| &mut c.run.event);
    filler.set_env("run.url", get(env, "CI_JOB_URL"), |c| &mut c.run.url);
    if let Some(description) = get(env, "CI_RUNNER_DESCRIPTION") {
        let hosted = get(env, "CI_SERVER_HOST") == Some("gitlab.com") && description.contains(HOSTED);
        filler.set("run.self_hosted", Source::Env, Some(!hosted), |c| &mut c.run.self_hosted);
        // Only a job that runs in such an environment has the variable.
        let disposable = get(env, "CI_DISPOSABLE_ENVIRONMENT") == Some("true");
        filler.set("run.ephemeral", Source::Env, Some(disposable), |c| &mut c.run.ephemeral);
    }
    // The variable is there only while a freeze is on; its absence says nothing about calendars kept elsewhere.
    let freeze = get(env, "CI_DEPLOY_FREEZE").map(|value| value == "true" || value == "1");
    filler.set("freeze", Source::Env, freeze, |c| &mut c.freeze);
}

fn event(env: &Env) -> Option<&str> {
    get(env, "CI_MERGE_REQUEST_EVENT_TYPE").filter(|kind| *kind == QUEUE).or_else(|| get(env, "CI_PIPELINE_SOURCE"))
}

/// A merge request: of its source branch, of the result of merging it, or of a merge train.
fn request(filler: &mut Filler, env: &Env, checked_out: CommitId) -> Result<(), CiError> {
    let target = required(env, "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", TITLE)?;
    // Both are set only in pipelines of merged results, where the checked out commit is the merge.
    let head = commit_of(env, "CI_MERGE_REQUEST_SOURCE_BRANCH_SHA")?.unwrap_or(checked_out);
    let base = commit_of(env, "CI_MERGE_REQUEST_TARGET_BRANCH_SHA")?;
    // In a train it is the entry before this one, which is not merged yet.
    let base = base.filter(|_| event(env) != Some(QUEUE));
    // A pipeline of a fork runs in the fork's project; the request belongs to the project that it goes to.
    let repository = get(env, "CI_MERGE_REQUEST_PROJECT_PATH").or_else(|| get(env, "CI_PROJECT_PATH"));
    let fork = match (get(env, "CI_MERGE_REQUEST_SOURCE_PROJECT_ID"), get(env, "CI_MERGE_REQUEST_PROJECT_ID")) {
        (Some(source), Some(target)) => Some(source != target),
        _ => None,
    };
    filler.set_env("id", get(env, "CI_MERGE_REQUEST_IID"), |c| &mut c.id);
    filler.set_env("title", get(env, "CI_MERGE_REQUEST_TITLE"), |c| &mut c.title);
    filler.set("commit", Source::Env, Some(head), |c| &mut c.commit);
    filler.set("base", Source::Env, base, |c| &mut c.base);
    filler.set_env("branch", get(env, "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME"), |c| &mut c.branch);
    filler.set_env("target", Some(target), |c| &mut c.target);
    filler.set_env("repository", repository, |c| &mut c.repository);
    filler.set_env("ref", get(env, "CI_MERGE_REQUEST_REF_PATH"), |c| &mut c.git_ref);
    filler.set("fork", Source::Env, fork, |c| &mut c.fork);
    // Set to the empty string, or not at all, where there is no label: nothing is known then.
    if let Some(labels) = get(env, "CI_MERGE_REQUEST_LABELS") {
        filler.labels(Source::Env, labels.split(',').map(|label| Untrusted::from(label.trim())));
    }
    Ok(())
}

/// A branch or tag.
fn of_ref(filler: &mut Filler, env: &Env, commit: CommitId) {
    let branch = get(env, "CI_COMMIT_BRANCH");
    let tag = get(env, "CI_COMMIT_TAG");
    let git_ref =
        tag.map(|tag| format!("refs/tags/{tag}")).or_else(|| branch.map(|branch| format!("refs/heads/{branch}")));
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    filler.set_env("branch", branch, |c| &mut c.branch);
    filler.set_env("ref", git_ref.as_deref(), |c| &mut c.git_ref);
    filler.set_env("repository", get(env, "CI_PROJECT_PATH"), |c| &mut c.repository);
}
