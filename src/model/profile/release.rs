//! What a release must bring with it and show.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::model::change::ChangeKind;
use crate::model::service::Tier;
use crate::model::text::Untrusted;

/// What a release brings with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReleaseDemands {
    /// Kinds of change of which the rest of this section is demanded; empty means all.
    pub kinds: Vec<ChangeKind>,
    /// Tiers; empty means all, and a service without one is of every tier.
    pub tiers: Vec<Tier>,
    /// Its version.
    pub version: bool,
    /// Where its entry in the changelog is.
    pub changelog: bool,
    /// Where its deployment is recorded.
    pub deployment_record: bool,
    /// At least one artifact, by its digest.
    pub artifact: bool,
    /// A bill of materials about the digest of every artifact.
    pub sbom: bool,
    /// Provenance about that digest.
    pub provenance: bool,
    /// A signed envelope about that digest.
    pub signature: bool,
    /// Who may have built it, as provenance says; empty means anybody.
    pub builders: Vec<Untrusted>,
}

/// What tests must show. What is `null` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TestDemands {
    /// The most tests that may be skipped, in percent.
    pub max_skipped_percent: Option<f64>,
    /// The most tests that may pass only when repeated; more block.
    pub max_flaky: Option<u32>,
    /// The least part of the lines that ran, in percent.
    pub min_line_coverage: Option<f64>,
    /// By how much that part may be below the baseline's, in percentage points.
    pub max_coverage_drop: Option<f64>,
}

/// What a change to the platform must show. What is `null` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlatformDemands {
    /// Layers whose change is one to the platform. Without layers and services every change is; so is one whose paths nobody
    /// names.
    pub layers: Vec<Untrusted>,
    /// Services that are part of the platform.
    pub services: Vec<Untrusted>,
    /// On how many prior versions compatibility must have been tested, and hold.
    pub compatible_versions: Option<u32>,
    /// The developer-experience score (0 to 10) that the platform must be above.
    pub developer_experience_above: Option<f64>,
    /// How old that score may be, in days.
    pub developer_experience_max_days: Option<u32>,
}

/// What planned infrastructure changes may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlanDemands {
    /// Types of resource that hold what cannot be made again: globs over the type.
    pub stateful: Vec<Untrusted>,
    /// What it does to destroy or replace one of them.
    pub destroys: Action,
    /// What it does to open a resource to everybody.
    pub opens: Action,
    /// The most that a change may add to the monthly cost, in whole units of the profile's currency; `null`: not asked.
    pub max_monthly_cost_increase: Option<u64>,
    /// Whether a plan must say what it costs (`release.monthly_cost_increase` in the change file).
    pub cost_stated: bool,
}

impl Default for PlanDemands {
    fn default() -> Self {
        Self {
            stateful: Vec::new(),
            destroys: Action::Block,
            opens: Action::Block,
            max_monthly_cost_increase: None,
            cost_stated: false,
        }
    }
}

/// What must be there so that a bad release is seen and undone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReliabilityDemands {
    /// The error budget, in percent, at or below which only fixes ship; `null`: it is not looked at.
    pub min_error_budget: Option<f64>,
    /// Labels that say that a change is a fix.
    pub fix_labels: Vec<Untrusted>,
    /// Whether the service must have a service level objective.
    pub slo: bool,
    /// Whether its alerts must be defined.
    pub alerts: bool,
    /// Whether it must be defined what triggers a rollback.
    pub rollback_trigger: bool,
    /// How services are deployed; the first row that matches counts, without one anything goes.
    pub strategies: Vec<Strategies>,
}

/// Ways of deploying that are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Strategies {
    /// Tiers; empty means all, and a service without one counts as critical.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// The ways: `blue-green`, `canary`, `rolling`, …
    pub allowed: Vec<Untrusted>,
}

/// Which licences dependencies may have. Ids are those of SPDX, compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LicenseDemands {
    /// Licences that are allowed, also as `ID WITH EXCEPTION`; empty: all that are not denied.
    pub allow: Vec<Untrusted>,
    /// Licences that are never allowed.
    pub deny: Vec<Untrusted>,
    /// Packages that may have another licence.
    pub exceptions: Vec<LicenseException>,
    /// What a package does whose licence is not allowed.
    pub refused: Action,
    /// What a package does whose licence nobody knows, or that is no SPDX expression.
    pub unknown: Action,
}

impl Default for LicenseDemands {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            exceptions: Vec::new(),
            refused: Action::Block,
            unknown: Action::Ignore,
        }
    }
}

/// A package that may have a licence which others may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LicenseException {
    /// The package's name, as the bill of materials has it.
    pub package: Untrusted,
    /// Its licence expression, as written there.
    pub license: Untrusted,
    /// Why.
    pub reason: Untrusted,
}
