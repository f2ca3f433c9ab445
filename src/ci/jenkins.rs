//! Jenkins: `/env-vars.html` of every controller, and the Branch API and Git plug-ins.
//!
//! What must stay true: only a multibranch project says whether a build is for a change request; any other job has to state
//! it. `GIT_COMMIT` is a merge commit where the project is set to build merges: the pipeline then states the head.

use super::{
    CiError, Env, Filler, Provider, Text, commit_of, get, no_setting, refs, required, required_commit, stated,
};
use crate::model::change::{Change, Source};

const TITLE: &str = "Jenkins";
const TARGET: &str = "CHANGE_TARGET";
/// The head of a request, where `GIT_COMMIT` is something else.
const HEAD: &str = "COUNTERSIGN_CHANGE_COMMIT";

/// Jenkins. A controller without a configured URL sets the second variable alone.
pub(super) static PROVIDER: Provider = Provider {
    id: "jenkins",
    title: TITLE,
    detect: |env| get(env, "JENKINS_URL").is_some() || get(env, "JENKINS_HOME").is_some(),
    event_path: None,
    change: |env, _| change(env),
    environment: None,
    deepen: no_setting,
};

static RUN: &[Text] = &[
    // Of the plug-in Build User Vars.
    ("actor", "BUILD_USER_ID", |c| &mut c.actor),
    ("run.id", "BUILD_TAG", |c| &mut c.run.id),
    ("run.job", "JOB_NAME", |c| &mut c.run.job),
    ("run.url", "BUILD_URL", |c| &mut c.run.url),
];

static REQUEST: &[Text] = &[
    ("id", "CHANGE_ID", |c| &mut c.id),
    ("title", "CHANGE_TITLE", |c| &mut c.title),
    ("author", "CHANGE_AUTHOR", |c| &mut c.author),
    ("target", TARGET, |c| &mut c.target),
    ("branch", "CHANGE_BRANCH", |c| &mut c.branch),
];

fn change(env: &Env) -> Result<Change, CiError> {
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.texts(env, RUN);
    refs::fill_repository(&mut filler, get(env, "GIT_URL"));
    let commit = match commit_of(env, HEAD)? {
        Some(head) => head,
        None => required_commit(env, "GIT_COMMIT", TITLE)?,
    };
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    if get(env, "CHANGE_ID").or_else(|| get(env, TARGET)).is_some() {
        required(env, TARGET, TITLE)?;
        filler.texts(env, REQUEST);
        // Set to the fork's name, and only then.
        filler.set("fork", Source::Env, Some(get(env, "CHANGE_FORK").is_some()), |c| &mut c.fork);
    } else if let Some(tag) = get(env, "TAG_NAME") {
        refs::fill(&mut filler, "TAG_NAME", &format!("refs/tags/{tag}"))?;
    } else if let Some(branch) = get(env, "BRANCH_NAME") {
        refs::fill(&mut filler, "BRANCH_NAME", branch)?;
    } else {
        filler.set_env("target", stated::target(env, TITLE, false)?, |c| &mut c.target);
    }
    Ok(filler.change)
}
