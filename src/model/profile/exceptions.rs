//! What an exception may do, and whose VEX statements count.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{PerExposure, PerSeverity};
use crate::model::text::Untrusted;

/// What an exception may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ExceptionDemands {
    /// The longest life in days by the exposure of the service and the worst severity covered; 0 admits none.
    pub max_days: PerExposure<PerSeverity<u32>>,
    /// How many people other than its owner and the change's author must have approved it, by the worst severity covered.
    pub approvals: PerSeverity<u32>,
    /// Whether only approvals with a valid SSH signature count.
    pub signed_approvals: bool,
    /// Roles of which an approver must have one; empty means any.
    #[serde(default)]
    pub approver_roles: Vec<Untrusted>,
    /// Policy rules that an exception may name under `match.verdict`, with the longest life in days.
    pub verdicts: BTreeMap<String, u32>,
    /// Days before the expiry from which a record in use is a warning.
    pub expiring_days: u32,
    /// Whether named evidence must show that the mitigation is there, by the worst severity covered.
    #[serde(default)]
    pub evidence: PerSeverity<bool>,
    /// Roles of which one person who accepts the risk must have one, beside the others, by the worst severity covered.
    #[serde(default)]
    pub leaders: PerSeverity<Vec<Untrusted>>,
    /// Whether an owner must be somebody whom the service file, CODEOWNERS, the profile or the authority data names.
    #[serde(default)]
    pub known_owners: bool,
    /// Whether the clone must hold all commits of the branch that judges, so that nobody can date a record anew.
    #[serde(default)]
    pub whole_history: bool,
    /// Whether a review that approved this very commit accepts the risk, too.
    #[serde(default)]
    pub review_approvals: bool,
    /// More renewals than this are a warning; `null`: they are not counted.
    #[serde(default)]
    pub max_renewals: Option<u32>,
    /// A record that covers more findings than this is a warning; `null`: they are not counted.
    #[serde(default)]
    pub max_covers: Option<u32>,
}

/// Whose VEX statements count (`--vex`).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct VexDemands {
    /// Issuers, as their documents name them; none: no statement counts.
    pub trusted_issuers: Vec<Untrusted>,
    /// Whether a note in the issuer's own words is enough, where `not_affected` has no justification of the specifications.
    pub accept_notes: bool,
    /// Days that a statement may be old to clear something; `null`: any number.
    pub max_age_days: Option<u32>,
    /// Whether in a change request documents from outside the repository count.
    pub accept_outside: bool,
}

impl Default for VexDemands {
    fn default() -> Self {
        Self { trusted_issuers: Vec::new(), accept_notes: false, max_age_days: Some(365), accept_outside: false }
    }
}
