//! The service that would be released, from its service file.

use serde::{Deserialize, Serialize};

use super::text::Untrusted;
use super::time::Date;

/// Who can reach the service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Exposure {
    /// Open to the public: the default, because the strict side is the safe one.
    #[default]
    Public,
    /// Reachable from inside only.
    Internal,
}

/// How much depends on the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// The business stops without it.
    Critical,
    /// Customers notice.
    High,
    /// Some work stops.
    Medium,
    /// Nobody is woken for it.
    Low,
}

/// The service under decision.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Service {
    /// Its name in the catalogue.
    pub name: Option<Untrusted>,
    /// Who answers for it; `null` is a verdict.
    pub owner: Option<Untrusted>,
    /// The team behind the owner.
    pub team: Option<Untrusted>,
    /// How much depends on it.
    pub tier: Option<Tier>,
    /// Who can reach it.
    pub exposure: Exposure,
    /// Classes of data it holds (`personal`, `payment`, `health`), sorted.
    pub data: Vec<Untrusted>,
    /// Frameworks it falls under (`soc2`, `pci-dss`, `hipaa`), sorted.
    pub compliance: Vec<Untrusted>,
    /// Who is woken.
    pub on_call: Option<Untrusted>,
    /// Where the runbook is.
    pub runbook: Option<Untrusted>,
    /// The service level objective, as text.
    pub slo: Option<Untrusted>,
    /// Percent of the error budget that is left, 0 to 100.
    pub error_budget: Option<f64>,
    /// Where its alerts are defined.
    pub alerts: Option<Untrusted>,
    /// What triggers a rollback, or where that is defined.
    pub rollback_trigger: Option<Untrusted>,
    /// How it is deployed: `blue-green`, `canary`, `rolling`, …
    pub deployment_strategy: Option<Untrusted>,
    /// Glob → owner of the paths below it, in order; the last match counts.
    pub owners_of_paths: Vec<PathOwner>,
    /// The day on which somebody last looked whether this is still true.
    pub reviewed: Option<Date>,
    /// Where the state of its infrastructure is kept (Terraform and its like), sorted.
    pub states: Vec<StateFile>,
}

/// A state file of infrastructure.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct StateFile {
    /// Where it is: a path or a URL.
    pub path: Untrusted,
    /// The environment whose state it holds.
    pub environment: Untrusted,
    /// Who owns it; absent: the service's owner.
    #[serde(default)]
    pub owner: Option<Untrusted>,
}

/// One line of ownership.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PathOwner {
    /// A glob, relative to the repository.
    pub path: Untrusted,
    /// Who owns what it matches.
    pub owner: Untrusted,
}
