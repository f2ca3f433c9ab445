//! What a finding does, and until when it is to be mended.

use serde::{Deserialize, Serialize};

use super::{Action, PerSeverity};
use crate::model::finding::Kind;
use crate::model::service::{Exposure, Tier};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;

/// One row of the threshold table. An empty list and an absent figure match everything; a figure that is given matches only where
/// the finding's own is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Threshold {
    /// Kinds of finding.
    #[serde(default)]
    pub kinds: Vec<Kind>,
    /// Exposures of the service.
    #[serde(default)]
    pub exposures: Vec<Exposure>,
    /// Environments.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Tiers of the service; one without a tier counts as critical.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Whether a fixed version exists.
    #[serde(default)]
    pub fix_available: Option<bool>,
    /// Whether it is known to be exploited.
    #[serde(default)]
    pub known_exploited: Option<bool>,
    /// At least this probability of exploitation (EPSS), 0 to 1.
    #[serde(default)]
    pub min_epss: Option<f64>,
    /// At most this probability of exploitation.
    #[serde(default)]
    pub max_epss: Option<f64>,
    /// At least so many days since it was first seen, or published where nobody knows that.
    #[serde(default)]
    pub min_age_days: Option<u32>,
    /// At most so many days since.
    #[serde(default)]
    pub max_age_days: Option<u32>,
    /// What an open finding does.
    pub open: PerSeverity<Action>,
    /// What a finding does that an admitted exception covers.
    pub excepted: PerSeverity<Action>,
}

/// Days to the fix-by date for some services. An empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct FixBy {
    /// Names of services.
    #[serde(default)]
    pub services: Vec<Untrusted>,
    /// Tiers; a service without one counts as critical.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Exposures.
    #[serde(default)]
    pub exposures: Vec<Exposure>,
    /// Days, by severity.
    pub days: PerSeverity<u32>,
}

/// What a finding does whose fix-by date has passed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OverdueDemands {
    /// What the days are counted from.
    pub since: Since,
    /// What an overdue finding does that would only warn or file a ticket: `block`, `warn`, or `ignore`, by severity.
    pub action: PerSeverity<Action>,
}

impl Default for OverdueDemands {
    fn default() -> Self {
        Self { since: Since::FirstSeen, action: PerSeverity::all(Action::Ignore) }
    }
}

/// Where the days to a fix-by date begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Since {
    /// With the first decision that saw the finding, as the baseline says.
    #[default]
    FirstSeen,
    /// With the day on which the vulnerability was published, or that on which it was first seen, whichever is earlier.
    Earliest,
}

/// What an earlier decision of the target branch is good for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct BaselineDemands {
    /// Whether every run must be given one.
    pub required: bool,
    /// The oldest that counts, in days; `null`: any.
    pub max_age_days: Option<u32>,
    /// The most that a finding does which the baseline knows already, by severity. `block` everywhere: it changes nothing.
    pub known: PerSeverity<Action>,
    /// Kinds of finding for which that holds; empty means all.
    pub kinds: Vec<Kind>,
}

impl Default for BaselineDemands {
    fn default() -> Self {
        Self { required: false, max_age_days: None, known: PerSeverity::all(Action::Block), kinds: Vec::new() }
    }
}

/// From when on findings of one rule point to something that is missing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct RepeatedDemands {
    /// So many open findings of one rule; `null`: they are not counted.
    pub findings: Option<u32>,
    /// In at least so many places: paths, resources or images.
    pub places: u32,
}

/// How soon who reacts to a verdict. An empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SeverityClass {
    /// `P0`, `P1`, …
    pub class: Untrusted,
    /// Severities of the verdict.
    #[serde(default)]
    pub severities: Vec<Severity>,
    /// Tiers; a service without one counts as critical.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Environments.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// How soon: `immediately`, `15 minutes`, `next sprint`.
    pub respond_within: Untrusted,
    /// How they are told: `page`, `ticket`.
    pub notify: Untrusted,
    /// Who brings it to an end.
    pub owner: Untrusted,
}
