//! Which required checks were answered, by which report, and how well.

use serde::{Deserialize, Serialize};

use super::report::Check;
use super::text::Untrusted;

/// How well a required check was answered, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum CoverageState {
    /// A whole, fresh report about this very commit or artifact.
    Current,
    /// A whole report, bound to nothing. It counts only where the profile says `allow_unbound`.
    Unbound,
    /// Older than the profile allows, or of unknown age where an age is required.
    Stale,
    /// The scan was partial.
    Partial,
    /// About another commit or artifact.
    OtherTarget,
    /// The scan failed.
    Failed,
    /// No report answers the check.
    Missing,
}

impl CoverageState {
    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Unbound => "unbound",
            Self::Stale => "stale",
            Self::Partial => "partial",
            Self::OtherTarget => "other-target",
            Self::Failed => "failed",
            Self::Missing => "missing",
        }
    }
}

/// One row of coverage: a required check and the report that answers it best, or a report that nobody required.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Coverage {
    /// The check.
    pub check: Check,
    /// What requires it (`profile default`); absent for a report that nobody required.
    pub required_by: Option<Untrusted>,
    /// How well it was answered.
    pub state: CoverageState,
    /// Index into the list of reports; absent when the check is missing.
    pub report: Option<usize>,
    /// What binds the report: `commit`, `digest`, `receipt`, or nothing.
    pub bound_by: Option<Binding>,
    /// Age of the scan in whole seconds at the decision's instant, where its time is known.
    pub age_seconds: Option<i64>,
    /// Why the state is what it is, one line.
    pub because: Untrusted,
}

/// What ties a report to what is released.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Binding {
    /// The report names the commit.
    Commit,
    /// The report names the artifact's digest.
    Digest,
    /// A receipt names commit or digest and the report's own digest.
    Receipt,
}
