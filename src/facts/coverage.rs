//! Required checks against the reports that came.

use crate::model::coverage::Coverage;
use crate::model::digest::{CommitId, Digest};
use crate::model::profile::CoverageDemands;
use crate::model::report::Report;
use crate::model::service::Tier;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// What is released: what a report must be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// The commit.
    pub commit: Option<CommitId>,
    /// Digests of the artifacts.
    pub digests: Vec<Digest>,
}

/// One row for every required check, then one for every check that a report answers though nobody required it.
#[must_use]
pub fn coverage(
    _demands: &CoverageDemands,
    _profile: &Untrusted,
    _reports: &[Report],
    _released: &Released,
    _environment: &Untrusted,
    _tier: Option<Tier>,
    _now: Timestamp,
) -> Vec<Coverage> {
    Vec::new()
}
