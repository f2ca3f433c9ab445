//! How often controls are verified, and where the gate may run.

use serde::{Deserialize, Serialize};

use super::Action;
use crate::model::report::Check;
use crate::model::text::Untrusted;

/// How often a control is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ControlDemand {
    /// The control, as `framework:id`.
    pub id: Untrusted,
    /// What it is about.
    pub name: Untrusted,
    /// How often.
    pub every: Frequency,
    /// Checks of this release that verify it; needed where it is verified with every deployment, beside a day in the data.
    #[serde(default)]
    pub checks: Vec<Check>,
    /// Services that hold these classes of data; empty means all.
    #[serde(default)]
    pub data: Vec<Untrusted>,
    /// What it does when that is overdue.
    pub overdue: Action,
    /// Who verifies it.
    pub owner: Untrusted,
}

/// How often.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Frequency {
    /// All the time: the last day that was watched is yesterday or today.
    Continuous,
    /// With every deployment.
    Deployment,
    /// Within 31 days.
    Monthly,
    /// Within 92 days.
    Quarterly,
}

/// Where the gate may run, and with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RunnerDemands {
    /// Globs over names of variables that only a run for production may hold.
    pub production_secrets: Vec<Untrusted>,
    /// Whether the run of a change request may hold the key that signs evidence.
    pub signing_key_in_requests: bool,
    /// Runners of the team's own: for which runs.
    pub self_hosted: SelfHosted,
    /// Groups of runners that release to production; empty: any.
    pub production_groups: Vec<Untrusted>,
}

impl Default for RunnerDemands {
    fn default() -> Self {
        Self {
            production_secrets: Vec::new(),
            signing_key_in_requests: true,
            self_hosted: SelfHosted::Anywhere,
            production_groups: Vec::new(),
        }
    }
}

/// Which runs may be on a runner of the team's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SelfHosted {
    /// All.
    Anywhere,
    /// All but those of forks, which run anybody's code.
    NoForks,
    /// As `no-forks`, and for change requests only runners that are thrown away after the job.
    Ephemeral,
    /// None.
    Never,
}
