//! The change under decision: who, what, from where to where. Every field knows its source.
//!
//! What must stay true: a change is asserted by the pipeline, not proven. Policy may demand a better source than `env`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::CommitId;
use super::text::Untrusted;
use super::time::Timestamp;

/// Where a field of the change came from, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// An environment variable, which a pipeline definition can override.
    Env,
    /// The event file that the CI system wrote.
    Event,
    /// Git, asked in the working copy.
    Git,
    /// The file given with `--change`.
    File,
    /// A flag on the command line.
    Flag,
}

/// Standard: pre-approved and routine. Normal: reviewed. Emergency: decided first, reviewed after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ChangeKind {
    /// Pre-approved, routine.
    Standard,
    /// Reviewed before release.
    #[default]
    Normal,
    /// Break-glass.
    Emergency,
}

/// A person's opinion on the change, as collected by the pipeline.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Approval {
    /// Who.
    pub by: Untrusted,
    /// In which role, where the pipeline knows. Authority data decides, never this field alone.
    #[serde(default)]
    pub role: Option<Untrusted>,
    /// The commit that was approved; an approval of another commit is none of this one.
    #[serde(default)]
    pub commit: Option<CommitId>,
    /// When.
    #[serde(default)]
    pub at: Option<Timestamp>,
    /// `approved` or `changes-requested`.
    #[serde(default)]
    pub state: ApprovalState,
    /// `user`, or `bot` where the reviewer is a machine account.
    #[serde(default)]
    pub reviewer: ReviewerType,
}

/// What a reviewer said.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ApprovalState {
    /// Yes.
    #[default]
    Approved,
    /// Not yet.
    ChangesRequested,
}

/// Who reviewed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReviewerType {
    /// A person.
    #[default]
    User,
    /// A machine account.
    Bot,
}

/// A decision that somebody took about the change: a go, a choice of a tool, spending. Authority data says whose word counts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Call {
    /// What was decided: a domain of the authority table, or `go-no-go`.
    pub domain: Untrusted,
    /// Who.
    pub by: Untrusted,
    /// Yes or no.
    pub say: Say,
    /// What it costs in a year, in whole units of the profile's currency, where it costs something.
    #[serde(default)]
    pub amount: Option<u64>,
    /// The commit that it is about.
    #[serde(default)]
    pub commit: Option<CommitId>,
    /// When.
    #[serde(default)]
    pub at: Option<Timestamp>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Say {
    /// Yes.
    Go,
    /// No.
    NoGo,
}

/// A commit that is new in this release.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The commit.
    pub id: CommitId,
    /// Who wrote it.
    #[serde(default)]
    pub author: Option<Untrusted>,
    /// The pull or merge request that it came through; `null` for a push past all review.
    #[serde(default)]
    pub request: Option<Untrusted>,
}

/// What a change releases, as the pipeline says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Release {
    /// Its version.
    pub version: Option<Untrusted>,
    /// Where its entry in the changelog is.
    pub changelog: Option<Untrusted>,
    /// Where its deployment is recorded.
    pub deployment_record: Option<Untrusted>,
    /// Prior versions that it was tested with, sorted.
    pub compatibility: Vec<Compatibility>,
    /// What its planned infrastructure adds to the monthly cost, in whole units of the profile's currency; negative: it saves.
    pub monthly_cost_increase: Option<i64>,
}

/// How a release and a prior version went together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Compatibility {
    /// The prior version.
    pub version: Untrusted,
    /// Whether the tests of contract or compatibility passed.
    pub passed: bool,
    /// The commit that was tested with it.
    #[serde(default)]
    pub commit: Option<CommitId>,
}

/// The CI run that asks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Run {
    /// `github`, `gitlab`, …; absent outside CI.
    pub provider: Option<Untrusted>,
    /// The provider's id of the run.
    pub id: Option<Untrusted>,
    /// The attempt, from 1.
    pub attempt: Option<Untrusted>,
    /// The name of the job or workflow.
    pub job: Option<Untrusted>,
    /// The event that started it.
    pub event: Option<Untrusted>,
    /// Where to look at it.
    pub url: Option<Untrusted>,
    /// Whether the runner is one of the team's own.
    pub self_hosted: Option<bool>,
    /// Whether the runner is thrown away after this job.
    pub ephemeral: Option<bool>,
    /// The group or pool of the runner.
    pub group: Option<Untrusted>,
    /// Names (never values) of the variables of this run that the profile takes for secrets of production, sorted; `null`
    /// where nobody looked.
    pub secrets: Option<Vec<Untrusted>>,
    /// Whether this run holds the key that signs evidence; `null` where nobody looked.
    pub signing_key: Option<bool>,
}

/// The change under decision.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Change {
    /// Number of the pull or merge request.
    pub id: Option<Untrusted>,
    /// Its title.
    pub title: Option<Untrusted>,
    /// Standard, normal or emergency.
    pub kind: ChangeKind,
    /// Who wrote it.
    pub author: Option<Untrusted>,
    /// Who started this run.
    pub actor: Option<Untrusted>,
    /// Who deploys.
    pub deployer: Option<Untrusted>,
    /// The repository, as `owner/name`.
    pub repository: Option<Untrusted>,
    /// The commit that would be released: the head of the request, or the commit of the run.
    pub commit: Option<CommitId>,
    /// The commit at the tip of the target branch that the run knows.
    pub base: Option<CommitId>,
    /// The branch of the change.
    pub branch: Option<Untrusted>,
    /// The branch it goes to. Set only for a change request: judging inputs are then read from that branch's tip.
    pub target: Option<Untrusted>,
    /// The full ref of the run (`refs/heads/main`, `refs/tags/v1`).
    #[serde(rename = "ref")]
    pub git_ref: Option<Untrusted>,
    /// Changed paths, sorted.
    pub files: Vec<Untrusted>,
    /// Labels, sorted.
    pub labels: Vec<Untrusted>,
    /// Opinions of reviewers, sorted.
    pub approvals: Vec<Approval>,
    /// Decisions that were taken about it, sorted.
    pub decisions: Vec<Call>,
    /// The commits that are new in this release, sorted; empty where nobody says.
    pub commits: Vec<Commit>,
    /// The ticket.
    pub ticket: Option<Untrusted>,
    /// Where the rollback plan is.
    pub rollback_plan: Option<Untrusted>,
    /// What it releases.
    pub release: Release,
    /// Whether a freeze is on, as the CI system says (`CI_DEPLOY_FREEZE`).
    pub freeze: Option<bool>,
    /// Whether the change comes from a fork.
    pub fork: Option<bool>,
    /// The CI run.
    pub run: Run,
    /// Field → where it came from.
    pub sources: BTreeMap<String, Source>,
}

impl Change {
    /// True when this is a pull or merge request (or a merge queue's group): its head judges nothing.
    #[must_use]
    pub fn is_request(&self) -> bool {
        self.target.is_some()
    }
}
