//! Azure Pipelines: <https://learn.microsoft.com/azure/devops/pipelines/build/variables>.
//!
//! What must stay true: `BUILD_SOURCEVERSION` of a pull request is a merge commit and never the commit of the change. Names of
//! people for display can be chosen freely, so that the actor is an address.

use super::{CiError, Env, Filler, Provider, Text, get, refs, required, required_commit};
use crate::model::change::{Change, Source};

const TITLE: &str = "Azure Pipelines";
const TARGET: &str = "SYSTEM_PULLREQUEST_TARGETBRANCH";

/// Azure Pipelines, whatever the repository is on.
pub(super) static PROVIDER: Provider = Provider {
    id: "azure",
    title: TITLE,
    detect: |env| get(env, "TF_BUILD").is_some_and(|value| value.eq_ignore_ascii_case("true")),
    event_path: None,
    change: |env, _| change(env),
    environment: Some("ENVIRONMENT_NAME"),
    // The merge commit that is checked out has both ends as parents.
    deepen: |_| Some("give the step `checkout: self` a `fetchDepth: 2`"),
};

static RUN: &[Text] = &[
    ("actor", "BUILD_REQUESTEDFOREMAIL", |c| &mut c.actor),
    ("run.id", "BUILD_BUILDID", |c| &mut c.run.id),
    ("run.attempt", "SYSTEM_JOBATTEMPT", |c| &mut c.run.attempt),
    ("run.job", "SYSTEM_JOBNAME", |c| &mut c.run.job),
    ("run.event", "BUILD_REASON", |c| &mut c.run.event),
];

static REQUEST: &[Text] = &[
    // Of GitHub's requests the id is another number.
    ("id", "SYSTEM_PULLREQUEST_PULLREQUESTID", |c| &mut c.id),
    ("id", "SYSTEM_PULLREQUEST_PULLREQUESTNUMBER", |c| &mut c.id),
    ("ref", "BUILD_SOURCEBRANCH", |c| &mut c.git_ref),
];

fn change(env: &Env) -> Result<Change, CiError> {
    let mut filler = Filler::default();
    filler.set_env("run.provider", Some(PROVIDER.id), |c| &mut c.run.provider);
    filler.texts(env, RUN);
    filler.set_env("run.url", run_url(env).as_deref(), |c| &mut c.run.url);
    let self_hosted = get(env, "AGENT_ISSELFHOSTED").map(|value| value != "0");
    filler.set("run.self_hosted", Source::Env, self_hosted, |c| &mut c.run.self_hosted);
    // An agent of Microsoft's runs one job.
    let ephemeral = (self_hosted == Some(false)).then_some(true);
    filler.set("run.ephemeral", Source::Env, ephemeral, |c| &mut c.run.ephemeral);
    refs::fill_repository(&mut filler, get(env, "BUILD_REPOSITORY_URI"));
    if get(env, "BUILD_REASON") == Some("PullRequest") || get(env, TARGET).is_some() {
        request(&mut filler, env)?;
    } else {
        let commit = required_commit(env, "BUILD_SOURCEVERSION", TITLE)?;
        filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
        refs::fill(&mut filler, "BUILD_SOURCEBRANCH", required(env, "BUILD_SOURCEBRANCH", TITLE)?)?;
    }
    Ok(filler.change)
}

fn run_url(env: &Env) -> Option<String> {
    let collection = get(env, "SYSTEM_COLLECTIONURI")?.trim_end_matches('/');
    // The project's name may hold what a URL may not.
    let project = get(env, "SYSTEM_TEAMPROJECTID")?;
    Some(format!("{collection}/{project}/_build/results?buildId={}", get(env, "BUILD_BUILDID")?))
}

fn request(filler: &mut Filler, env: &Env) -> Result<(), CiError> {
    let commit = required_commit(env, "SYSTEM_PULLREQUEST_SOURCECOMMITID", TITLE)?;
    filler.set("commit", Source::Env, Some(commit), |c| &mut c.commit);
    filler.texts(env, REQUEST);
    filler.set_env("target", Some(refs::short(required(env, TARGET, TITLE)?)), |c| &mut c.target);
    let branch = get(env, "SYSTEM_PULLREQUEST_SOURCEBRANCH").map(refs::short);
    filler.set_env("branch", branch, |c| &mut c.branch);
    let fork = get(env, "SYSTEM_PULLREQUEST_ISFORK").map(|value| !value.eq_ignore_ascii_case("false"));
    filler.set("fork", Source::Env, fork, |c| &mut c.fork);
    Ok(())
}
