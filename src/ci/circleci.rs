//! CircleCI: <https://circleci.com/docs/reference/variables/>.
//!
//! What must stay true: no variable names the branch that a request goes to, and a request that was opened after the push
//! shows in no variable at all. So the pipeline states the target, or that there is no request; a tag alone is clear.

use super::{CiError, Env, Filler, Provider, Text, get, no_setting, refs, required, required_commit, stated};
use crate::model::change::{Change, Source};

const TITLE: &str = "CircleCI";

/// CircleCI.
pub(super) static PROVIDER: Provider = Provider {
    id: "circleci",
    title: TITLE,
    detect: |env| get(env, "CIRCLECI") == Some("true"),
    event_path: None,
    change: |env, _| change(env),
    environment: None,
    deepen: no_setting,
};

static RUN: &[Text] = &[
    ("actor", "CIRCLE_USERNAME", |c| &mut c.actor),
    ("run.id", "CIRCLE_WORKFLOW_ID", |c| &mut c.run.id),
    ("run.job", "CIRCLE_JOB", |c| &mut c.run.job),
    ("run.url", "CIRCLE_BUILD_URL", |c| &mut c.run.url),
];

static REQUEST: &[Text] = &[
    // Only requests of forks have it, and their author.
    ("id", "CIRCLE_PR_NUMBER", |c| &mut c.id),
    ("author", "CIRCLE_PR_USERNAME", |c| &mut c.author),
];

fn change(env: &Env) -> Result<Change, CiError> {
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.texts(env, RUN);
    refs::fill_repository(&mut filler, get(env, "CIRCLE_REPOSITORY_URL"));
    let names = get(env, "CIRCLE_PROJECT_USERNAME").zip(get(env, "CIRCLE_PROJECT_REPONAME"));
    let repository = names.map(|(owner, name)| format!("{owner}/{name}"));
    filler.set_env("repository", repository.as_deref(), |c| &mut c.repository);
    let commit = required_commit(env, "CIRCLE_SHA1", TITLE)?;
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    match get(env, "CIRCLE_TAG") {
        Some(tag) => refs::fill(&mut filler, "CIRCLE_TAG", &format!("refs/tags/{tag}"))?,
        None => branch(&mut filler, env)?,
    }
    Ok(filler.change)
}

fn branch(filler: &mut Filler, env: &Env) -> Result<(), CiError> {
    let name = required(env, "CIRCLE_BRANCH", TITLE)?;
    let number = get(env, "CIRCLE_PULL_REQUEST").and_then(|url| url.rsplit_once('/')).map(|(_, number)| number);
    let is_fork = get(env, "CIRCLE_PR_NUMBER").is_some();
    let Some(target) = stated::target(env, TITLE, number.is_some() || is_fork)? else {
        return refs::fill(filler, "CIRCLE_BRANCH", name);
    };
    filler.set_env("target", Some(target), |c| &mut c.target);
    filler.set_env("id", number, |c| &mut c.id);
    filler.texts(env, REQUEST);
    // Of a fork it is `pull/7`, which is no branch of anybody's.
    filler.set_env("branch", Some(name).filter(|_| !is_fork), |c| &mut c.branch);
    // The variable is there for forks alone, and not with every integration: its absence says nothing.
    filler.set("fork", Source::Env, is_fork.then_some(true), |c| &mut c.fork);
    Ok(())
}
