//! What else is known about a change: the `--change` file, flags and git, laid over what the CI system says.
//!
//! What must stay true: a field that the event or the environment asserts is never replaced. A file or flag may add to it or
//! repeat it; where it says otherwise, there is no change to judge, only a list of contradictions.

use serde::Deserialize;

use crate::model::change::{Approval, Call, Change, ChangeKind, Commit, Release, Run, Source};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;

/// A change as a file gives it: the fields of [`Change`] that were given, without `sources`, which nobody may claim.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ChangeFile {
    /// See [`Change::id`].
    pub id: Option<Untrusted>,
    /// See [`Change::title`].
    pub title: Option<Untrusted>,
    /// See [`Change::kind`].
    pub kind: Option<ChangeKind>,
    /// See [`Change::author`].
    pub author: Option<Untrusted>,
    /// See [`Change::actor`].
    pub actor: Option<Untrusted>,
    /// See [`Change::deployer`].
    pub deployer: Option<Untrusted>,
    /// See [`Change::repository`].
    pub repository: Option<Untrusted>,
    /// See [`Change::commit`].
    pub commit: Option<CommitId>,
    /// See [`Change::base`].
    pub base: Option<CommitId>,
    /// See [`Change::branch`].
    pub branch: Option<Untrusted>,
    /// See [`Change::target`].
    pub target: Option<Untrusted>,
    /// See [`Change::git_ref`].
    #[serde(rename = "ref")]
    pub git_ref: Option<Untrusted>,
    /// See [`Change::files`].
    pub files: Vec<Untrusted>,
    /// See [`Change::labels`].
    pub labels: Vec<Untrusted>,
    /// See [`Change::approvals`].
    pub approvals: Vec<Approval>,
    /// See [`Change::decisions`].
    pub decisions: Vec<Call>,
    /// See [`Change::commits`].
    pub commits: Vec<Commit>,
    /// See [`Change::ticket`].
    pub ticket: Option<Untrusted>,
    /// See [`Change::rollback_plan`].
    pub rollback_plan: Option<Untrusted>,
    /// See [`Change::release`].
    pub release: Release,
    /// See [`Change::freeze`].
    pub freeze: Option<bool>,
    /// See [`Change::fork`].
    pub fork: Option<bool>,
    /// See [`Change::run`].
    pub run: Run,
}

/// Reads a `--change` file.
///
/// # Errors
/// What is wrong with it, and where; the caller names the file.
pub fn read_change_file(bytes: &[u8]) -> Result<ChangeFile, String> {
    super::object(bytes)
}

/// A file or flag says otherwise than the CI system.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "change.{field}: the {given_by} says {}, but the {} of this run says {}",
    given.line(), word(*asserted_by), asserted.line()
)]
pub struct Contradiction {
    /// The field.
    pub field: String,
    /// What the CI system says.
    pub asserted: Untrusted,
    /// How it says it.
    pub asserted_by: Source,
    /// What the file or flag says.
    pub given: Untrusted,
    /// `file` or `flag`.
    pub given_by: &'static str,
}

const fn word(source: Source) -> &'static str {
    match source {
        Source::Env => "environment",
        Source::Event => "event",
        Source::Git => "git repository",
        Source::File => "file",
        Source::Flag => "flag",
    }
}

/// Lays a `--change` file or flags (`source`) over a change.
///
/// Single values replace what git or an earlier file said, repeat what event or environment said, or contradict it. Files,
/// labels and approvals are added.
///
/// # Errors
/// Every contradiction.
pub fn merge(detected: Change, given: ChangeFile, source: Source) -> Result<Change, Vec<Contradiction>> {
    let ChangeFile {
        id,
        title,
        kind,
        author,
        actor,
        deployer,
        repository,
        commit,
        base,
        branch,
        target,
        git_ref,
        files,
        labels,
        approvals,
        decisions,
        commits,
        ticket,
        rollback_plan,
        release,
        freeze,
        fork,
        run,
    } = given;
    let Run { provider, id: run_id, attempt, job, event, url, self_hosted, ephemeral, group, secrets, signing_key } =
        run;
    let mut onto = Onto { change: detected, source, contradictions: Vec::new() };
    onto.text("id", id, |c| &mut c.id);
    onto.text("title", title, |c| &mut c.title);
    onto.text("author", author, |c| &mut c.author);
    onto.text("actor", actor, |c| &mut c.actor);
    onto.text("deployer", deployer, |c| &mut c.deployer);
    onto.text("repository", repository, |c| &mut c.repository);
    onto.set("commit", commit, |c| &mut c.commit, |id| Untrusted::from(id.as_str()));
    onto.set("base", base, |c| &mut c.base, |id| Untrusted::from(id.as_str()));
    onto.text("branch", branch, |c| &mut c.branch);
    onto.text("target", target, |c| &mut c.target);
    onto.text("ref", git_ref, |c| &mut c.git_ref);
    onto.text("ticket", ticket, |c| &mut c.ticket);
    onto.text("rollback_plan", rollback_plan, |c| &mut c.rollback_plan);
    let Release { version, changelog, deployment_record, compatibility, monthly_cost_increase } = release;
    onto.text("release.version", version, |c| &mut c.release.version);
    onto.text("release.changelog", changelog, |c| &mut c.release.changelog);
    onto.text("release.deployment_record", deployment_record, |c| &mut c.release.deployment_record);
    onto.set(
        "release.monthly_cost_increase",
        monthly_cost_increase,
        |c| &mut c.release.monthly_cost_increase,
        |cost| Untrusted::new(cost.to_string()),
    );
    onto.flag("freeze", freeze, |c| &mut c.freeze);
    onto.flag("fork", fork, |c| &mut c.fork);
    onto.text("run.provider", provider, |c| &mut c.run.provider);
    onto.text("run.id", run_id, |c| &mut c.run.id);
    onto.text("run.attempt", attempt, |c| &mut c.run.attempt);
    onto.text("run.job", job, |c| &mut c.run.job);
    onto.text("run.event", event, |c| &mut c.run.event);
    onto.text("run.url", url, |c| &mut c.run.url);
    onto.flag("run.self_hosted", self_hosted, |c| &mut c.run.self_hosted);
    onto.flag("run.ephemeral", ephemeral, |c| &mut c.run.ephemeral);
    onto.text("run.group", group, |c| &mut c.run.group);
    onto.set("run.secrets", secrets, |c| &mut c.run.secrets, |names| shown(names));
    onto.flag("run.signing_key", signing_key, |c| &mut c.run.signing_key);
    // No CI system says what kind of change it runs for.
    if let Some(kind) = kind {
        onto.change.kind = kind;
        onto.change.sources.insert("kind".to_owned(), source);
    }
    onto.add("files", files, |c| &mut c.files);
    onto.add("labels", labels, |c| &mut c.labels);
    onto.add("approvals", approvals, |c| &mut c.approvals);
    onto.add("decisions", decisions, |c| &mut c.decisions);
    onto.add("release.compatibility", compatibility, |c| &mut c.release.compatibility);
    onto.add("commits", commits, |c| &mut c.commits);
    if onto.contradictions.is_empty() { Ok(onto.change) } else { Err(onto.contradictions) }
}

fn shown(names: &[Untrusted]) -> Untrusted {
    Untrusted::new(names.iter().map(Untrusted::as_raw).collect::<Vec<_>>().join(", "))
}

struct Onto {
    change: Change,
    source: Source,
    contradictions: Vec<Contradiction>,
}

impl Onto {
    fn text(&mut self, field: &str, given: Option<Untrusted>, slot: fn(&mut Change) -> &mut Option<Untrusted>) {
        self.set(field, given, slot, Clone::clone);
    }

    fn flag(&mut self, field: &str, given: Option<bool>, slot: fn(&mut Change) -> &mut Option<bool>) {
        self.set(field, given, slot, |value| Untrusted::new(value.to_string()));
    }

    fn set<T: PartialEq>(
        &mut self,
        field: &str,
        given: Option<T>,
        slot: fn(&mut Change) -> &mut Option<T>,
        shown: fn(&T) -> Untrusted,
    ) {
        let Some(given) = given else { return };
        let by = self.change.sources.get(field).copied();
        let held = slot(&mut self.change);
        match (held.as_ref(), by) {
            (Some(asserted), Some(Source::Event | Source::Env)) if *asserted == given => {}
            (Some(asserted), Some(asserted_by @ (Source::Event | Source::Env))) => {
                let contradiction = Contradiction {
                    field: field.to_owned(),
                    asserted: shown(asserted),
                    asserted_by,
                    given: shown(&given),
                    given_by: word(self.source),
                };
                self.contradictions.push(contradiction);
            }
            _ => {
                *held = Some(given);
                self.change.sources.insert(field.to_owned(), self.source);
            }
        }
    }

    /// Adds to a list. Its source becomes this one, the weaker word of the two for whoever reads it.
    fn add<T: Ord>(&mut self, field: &str, given: Vec<T>, slot: fn(&mut Change) -> &mut Vec<T>) {
        if given.is_empty() {
            return;
        }
        let list = slot(&mut self.change);
        list.extend(given);
        list.sort();
        list.dedup();
        self.change.sources.insert(field.to_owned(), self.source);
    }
}

/// What git says about the working copy.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RepositoryFacts {
    /// `owner/name`, from the URL of the remote.
    pub repository: Option<Untrusted>,
    /// The commit that is checked out.
    pub commit: Option<CommitId>,
    /// The branch that is checked out.
    pub branch: Option<Untrusted>,
    /// The paths that the change touches, where both of its ends are known.
    pub files: Option<Vec<Untrusted>>,
}

/// Fills what is still unknown from git. Git never replaces and never contradicts: a working copy says what is there, not
/// what the run is about. The paths that git found are added whatever else was given.
#[must_use]
pub fn add_repository(mut change: Change, facts: RepositoryFacts) -> Change {
    let RepositoryFacts { repository, commit, branch, files } = facts;
    // A request's branch is its author's, and the one that is checked out is not.
    let branch = branch.filter(|_| !change.is_request() && change.git_ref.is_none());
    fill(&mut change, "repository", repository, |c| &mut c.repository);
    fill(&mut change, "commit", commit, |c| &mut c.commit);
    fill(&mut change, "branch", branch, |c| &mut c.branch);
    if let Some(files) = files {
        change.files.extend(files);
        change.files.sort();
        change.files.dedup();
        change.sources.entry("files".to_owned()).or_insert(Source::Git);
    }
    change
}

fn fill<T>(change: &mut Change, field: &str, value: Option<T>, slot: fn(&mut Change) -> &mut Option<T>) {
    let held = slot(change);
    if held.is_none() && value.is_some() {
        *held = value;
        change.sources.insert(field.to_owned(), Source::Git);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(digit: char) -> CommitId {
        digit.to_string().repeat(40).parse().unwrap()
    }

    fn detected() -> Change {
        let mut change = Change {
            commit: Some(commit('a')),
            author: Some("kim".into()),
            labels: vec!["bug".into()],
            ..Change::default()
        };
        for (field, source) in [("commit", Source::Event), ("author", Source::Env), ("labels", Source::Event)] {
            change.sources.insert(field.to_owned(), source);
        }
        change
    }

    #[test]
    fn a_file_adds_and_repeats() {
        let given = read_change_file(
            br#"{"commit":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa","ticket":"SEC-1","kind":"emergency",
                 "labels":["bug","hotfix"],"approvals":[{"by":"jo"}]}"#,
        )
        .unwrap();
        let change = merge(detected(), given, Source::File).unwrap();
        assert_eq!(change.kind, ChangeKind::Emergency);
        assert_eq!(change.labels, ["bug", "hotfix"]);
        assert_eq!(change.approvals.len(), 1);
        let sources: Vec<_> = change.sources.iter().map(|(field, source)| (field.as_str(), *source)).collect();
        assert_eq!(
            sources,
            [
                ("approvals", Source::File),
                ("author", Source::Env),
                ("commit", Source::Event),
                ("kind", Source::File),
                ("labels", Source::File),
                ("ticket", Source::File),
            ]
        );
    }

    #[test]
    fn every_contradiction_is_named_with_both_values() {
        let given =
            ChangeFile { commit: Some(commit('b')), author: Some("##[add-mask]jo".into()), ..ChangeFile::default() };
        let found = merge(detected(), given, Source::File).unwrap_err();
        let shown: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "change.author: the file says # #[add-mask]jo, but the environment of this run says kim".to_owned(),
                format!("change.commit: the file says {}, but the event of this run says {}", commit('b'), commit('a')),
            ]
        );
    }

    #[test]
    fn a_flag_beats_a_file_and_git_only_fills_gaps() {
        let file = ChangeFile { ticket: Some("A-1".into()), files: vec!["x".into()], ..ChangeFile::default() };
        let flags = ChangeFile { ticket: Some("A-2".into()), ..ChangeFile::default() };
        let change = merge(detected(), file, Source::File).unwrap();
        let change = merge(change, flags, Source::Flag).unwrap();
        let facts = RepositoryFacts {
            repository: Some("acme/shop".into()),
            commit: Some(commit('c')),
            branch: Some("main".into()),
            files: Some(vec!["y".into()]),
        };
        let change = add_repository(change, facts);
        assert_eq!(change.ticket, Some("A-2".into()));
        assert_eq!(change.commit, Some(commit('a')));
        assert_eq!(change.files, ["x", "y"]);
        assert_eq!(change.sources["repository"], Source::Git);
        assert_eq!(change.sources["branch"], Source::Git);
    }

    #[test]
    fn nobody_claims_a_source_or_a_field_that_is_not_there() {
        for bad in
            [r#"{"sources":{"commit":"event"}}"#, r#"{"aprovals":[]}"#, r#"{"commit":"abc"}"#, r#"{"id":7}"#, "[]", ""]
        {
            assert!(read_change_file(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
