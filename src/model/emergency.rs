//! The record of an emergency, and that of its review.
//!
//! What must stay true: an emergency is what somebody signed, never a label or a word in a file, and its review is signed too.

use serde::{Deserialize, Serialize};

use super::digest::CommitId;
use super::text::Untrusted;
use super::time::Timestamp;

/// What an emergency ships.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum EmergencyKind {
    /// A change that cannot wait for its review.
    Change,
    /// Back to what ran before.
    Rollback,
}

/// What an emergency is about. What is not given holds for all; a record that names nothing is refused.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct EmergencyScope {
    /// The service.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<Untrusted>,
    /// The environment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<Untrusted>,
    /// The repository, as `owner/name`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub repository: Option<Untrusted>,
    /// The commit that ships.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
}

/// Somebody signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SignedBy {
    /// The principal, as the allowed signers name it.
    pub by: Untrusted,
    /// The file that holds the SSH signature, beside the record.
    pub signature: Untrusted,
}

/// The record of an emergency.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Emergency {
    /// Its id; the review names it.
    pub id: Untrusted,
    /// A change, or a rollback.
    pub kind: EmergencyKind,
    /// Why it cannot wait.
    pub reason: Untrusted,
    /// Who asks for it, and answers for it.
    pub requested_by: Untrusted,
    /// What it is about.
    pub scope: EmergencyScope,
    /// First instant in force.
    pub created: Timestamp,
    /// First instant no longer in force.
    pub expires: Timestamp,
    /// The incident.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Untrusted>,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignedBy>,
}

/// The record of the review that an emergency left owed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Closing {
    /// The id of the emergency.
    pub closes: Untrusted,
    /// What came out of the review.
    pub outcome: Untrusted,
    /// Who reviewed.
    pub reviewed_by: Untrusted,
    /// When.
    pub at: Timestamp,
    /// Who signed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<SignedBy>,
}

/// What came of the signatures of a record.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Signers {
    /// Principals whose signature holds, sorted.
    pub verified: Vec<Untrusted>,
    /// Signatures that do not count, each with the reason.
    pub refused: Vec<Untrusted>,
}
