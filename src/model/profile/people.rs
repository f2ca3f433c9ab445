//! Who owns, approves and decides what.

use serde::{Deserialize, Serialize};

use crate::model::change::ChangeKind;
use crate::model::service::Tier;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// What must be known about owners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OwnershipDemands {
    /// Days after its review from which ownership data is too old; `null`: its age is not asked for.
    pub max_age_days: Option<u32>,
    /// What the service file, or the catalogue, must say.
    pub metadata: Vec<ServiceField>,
    /// From which day on a gap blocks; `null`: it warns.
    pub metadata_blocks_from: Option<Date>,
}

/// Something that a service file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields of the service")]
pub enum ServiceField {
    Name,
    Owner,
    Team,
    Tier,
    Exposure,
    OnCall,
    Runbook,
    Slo,
    Reviewed,
}

/// A part of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its name: cloud foundation, orchestration, service, application.
    pub name: Untrusted,
    /// Globs over paths of the repository.
    pub paths: Vec<Untrusted>,
    /// The team that owns it. A change by a service of that owner or team needs no approval of its own.
    pub owner: Untrusted,
    /// Roles of which an approver must have one.
    pub roles: Vec<Untrusted>,
    /// How many of them must approve.
    pub approvals: u32,
}

/// Roles of which somebody must have said go. An empty list of conditions matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GoNoGo {
    /// The roles, each needed; who has one is in the authority data.
    pub roles: Vec<Untrusted>,
    /// Kinds of change.
    #[serde(default)]
    pub kinds: Vec<ChangeKind>,
    /// Tiers; a service without one is of every tier.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Environments.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// Who decides in a domain. Roles are those of the authority data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// What is decided.
    pub domain: Untrusted,
    /// Roles that decide alone.
    pub alone: Vec<Untrusted>,
    /// Roles that advise; their word alone decides nothing.
    #[serde(default)]
    pub advises: Vec<Untrusted>,
    /// The amount in a year above which those who decide alone no longer do; `null`: no limit.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Roles to which it goes above the limit, or where nobody decides alone.
    #[serde(default)]
    pub escalates_to: Vec<Untrusted>,
    /// Whom the decision is told at once.
    #[serde(default)]
    pub informs: Vec<Untrusted>,
}

/// Who has which part in a situation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Situation {
    /// Its name.
    pub situation: Untrusted,
    /// When it is there: any of these.
    pub when: When,
    /// Roles that do it.
    pub responsible: Vec<Untrusted>,
    /// Roles that answer for it; one of them must approve.
    pub accountable: Vec<Untrusted>,
    /// Roles that are asked.
    #[serde(default)]
    pub consulted: Vec<Untrusted>,
    /// Roles that are told.
    #[serde(default)]
    pub informed: Vec<Untrusted>,
}

/// What makes a situation: any of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The change touches one of these layers.
    pub layers: Vec<Untrusted>,
    /// The change is of one of these kinds.
    pub kinds: Vec<ChangeKind>,
    /// The change has one of these labels. A label may only add demands.
    pub labels: Vec<Untrusted>,
}
