//! What is required of scans, and of the data that they are enriched with.

use serde::{Deserialize, Serialize};

use crate::model::enrichment::DataSource;
use crate::model::report::Check;
use crate::model::service::{Exposure, Tier};
use crate::model::text::Untrusted;

/// What is required of scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CoverageDemands {
    /// The required checks.
    pub required: Vec<RequiredCheck>,
    /// The oldest scan that counts, in hours, where a check says nothing else.
    pub max_age_hours: u32,
    /// Whether a report counts that nothing binds to the commit or artifact. It lowers the assurance.
    pub allow_unbound: bool,
}

/// One required check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequiredCheck {
    /// The check.
    pub check: Check,
    /// Required only for these tiers; empty means all, and a service without a tier needs every check.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Required only in these environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Required only of services of these exposures; empty means all.
    #[serde(default)]
    pub exposures: Vec<Exposure>,
    /// The oldest scan that counts, in hours.
    #[serde(default)]
    pub max_age_hours: Option<u32>,
}

/// Data about vulnerabilities that every run is given (`--data`).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct EnrichmentDemands {
    /// The sources.
    pub required: Vec<RequiredData>,
    /// The oldest data that counts, in hours, where a source says nothing else; `null`: any.
    pub max_age_hours: Option<u32>,
}

/// One required source of data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RequiredData {
    /// The source.
    pub source: DataSource,
    /// The oldest data that counts, in hours.
    #[serde(default)]
    pub max_age_hours: Option<u32>,
}
