//! What a change needs before it is released, and what one in an emergency.

use serde::{Deserialize, Serialize};

use super::PerChangeKind;
use crate::model::change::ChangeKind;
use crate::model::service::Tier;
use crate::model::text::Untrusted;

/// What a change needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChangeDemands {
    /// How many people other than its author must have approved it, by the kind of change.
    pub approvals: PerChangeKind<u32>,
    /// Whether an approval must be of the very commit.
    pub approve_commit: bool,
    /// Whether a ticket is required, by the kind of change.
    pub ticket: PerChangeKind<bool>,
    /// Whether a rollback plan is required, by the kind of change.
    pub rollback_plan: PerChangeKind<bool>,
    /// Environments to which these demands apply; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Approvals by people of a role, each row beside the others.
    #[serde(default)]
    pub roles: Vec<RoleApprovals>,
    /// Whether everything that is released must have come through a pull or merge request, by the kind of change.
    #[serde(default)]
    pub through_request: PerChangeKind<bool>,
    /// Whether planned infrastructure changes must come through a request, whatever the kind of change.
    #[serde(default)]
    pub infrastructure_through_request: bool,
    /// Whether who deploys must be neither the author nor an approver.
    #[serde(default)]
    pub separate_deployer: bool,
    /// Whether no two environments may share a state file.
    #[serde(default)]
    pub separate_state: bool,
}

/// So many approvals by people of a role, as the authority data says. An empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleApprovals {
    /// The role.
    pub role: Untrusted,
    /// How many people of it.
    pub approvals: u32,
    /// Kinds of change.
    #[serde(default)]
    pub kinds: Vec<ChangeKind>,
    /// Tiers; a service without one is of every tier.
    #[serde(default)]
    pub tiers: Vec<Tier>,
}

/// What an emergency needs. Without a word in the profile it needs a signed record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EmergencyDemands {
    /// Whether the record must be signed by somebody whom the allowed signers name.
    pub signed: bool,
    /// Roles of which a signer must have one; empty: anybody who may sign.
    pub roles: Vec<Untrusted>,
    /// The longest life of a record, in hours.
    pub max_hours: u32,
    /// Days until the review that it leaves owed.
    pub review_days: u32,
    /// Whether every run must be given the earlier decisions, so that no obligation is forgotten.
    pub history: bool,
}

impl Default for EmergencyDemands {
    fn default() -> Self {
        Self { signed: true, roles: Vec::new(), max_hours: 24, review_days: 5, history: false }
    }
}

/// Who approves a change to config, profile, policies, exceptions and their like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PolicyChangeDemands {
    /// How many people of one of the roles; 0: such a change is only seen.
    pub approvals: u32,
    /// The roles: the owner of the policies, not of the code.
    pub roles: Vec<Untrusted>,
}
