//! Our governed record of an accepted risk, and what became of it in one decision.

use serde::{Deserialize, Serialize};

use super::finding::Kind;
use super::text::Untrusted;
use super::time::Date;

/// What an exception covers. A finding is covered only when every given criterion matches it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Match {
    /// Ids or aliases of the problem; any of them. A CWE is refused: it classifies and would cover too much.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ids: Vec<Untrusted>,
    /// A package URL, with or without a version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub package: Option<Untrusted>,
    /// A path glob; every occurrence must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<Untrusted>,
    /// A fingerprint of ours.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Untrusted>,
    /// The scanner's rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rule: Option<Untrusted>,
    /// The kind of finding; never enough alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// A resource glob; every occurrence must match.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resource: Option<Untrusted>,
    /// A policy rule instead of findings: a freeze, a missing scan.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Untrusted>,
}

/// Where an exception holds. An empty list means everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct Scope {
    /// Service names.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub service: Vec<Untrusted>,
    /// Environments.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub environment: Vec<Untrusted>,
    /// Repositories, as `owner/name`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub repository: Vec<Untrusted>,
}

/// Somebody accepted the risk.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RiskApproval {
    /// The principal.
    pub by: Untrusted,
    /// The role that the record claims; shown, never believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Untrusted>,
    /// For display.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Date>,
    /// The file that holds the SSH signature, beside the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<Untrusted>,
}

/// The record was given a new end.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// The day on which it was renewed.
    pub on: Date,
    /// The end that it was given.
    pub until: Date,
    /// Why what it covers is not fixed yet.
    pub reason: Untrusted,
}

/// The record, as written by people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Exception {
    /// Unique among all records.
    pub id: Untrusted,
    /// What it covers.
    #[serde(rename = "match")]
    pub criteria: Match,
    /// Where it holds.
    #[serde(default)]
    pub scope: Scope,
    /// Who answers for the risk.
    pub owner: Untrusted,
    /// Why it is acceptable.
    pub reason: Untrusted,
    /// What keeps the risk small meanwhile.
    pub mitigation: Untrusted,
    /// What shows that the mitigation is there: `control:NAME`, `check:NAME` or `attestation:PREDICATE_TYPE`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<Untrusted>,
    /// What remains.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub residual_risk: Option<Untrusted>,
    /// First day in force, UTC.
    pub created: Date,
    /// Last day in force, UTC.
    pub expires: Date,
    /// How often it was given a new end, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renewals: Vec<Renewal>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Untrusted>,
    /// Who accepted the risk.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub approvals: Vec<RiskApproval>,
}

/// What the commits of the branch that judges say of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct RecordHistory {
    /// The day of the first commit that holds a record of this id; `null` where none does.
    pub since: Option<Date>,
    /// Days from the earlier of that day and `created` to `expires`.
    pub life_days: i64,
    /// The day on which anything but its approvals last changed; `null` where nothing did.
    pub edited: Option<Date>,
    /// Who approved it before that and not since, sorted.
    pub outdated: Vec<Untrusted>,
    /// Whether the clone holds all commits; where it does not, the record may be older, and edited later than it was approved.
    pub whole: bool,
}

/// Whose a record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// It came with the organisation's bundle, and holds for every repository that uses it.
    Organisation,
    /// The repository's own.
    #[default]
    Repository,
}

impl Origin {
    /// True for the usual one.
    #[must_use]
    pub fn is_repository(&self) -> bool {
        *self == Self::Repository
    }
}

/// What an exception did in one decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ExceptionState {
    /// The outcome would be worse without it.
    Decisive,
    /// The outcome would be worse without it and others together.
    JointlyDecisive,
    /// It covers a finding, but the outcome is the same without it.
    Used,
    /// It is in force and covers nothing here.
    Unused,
    /// No admission rule admitted it, or one denied it.
    Rejected,
    /// Its last day has passed.
    Expired,
    /// Everything that it covers is covered by another record that comes first.
    Shadowed,
    /// Its first day has not come.
    Pending,
}

impl ExceptionState {
    /// Whether the outcome hangs on it.
    #[must_use]
    pub const fn is_decisive(self) -> bool {
        matches!(self, Self::Decisive | Self::JointlyDecisive)
    }

    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Decisive => "decisive",
            Self::JointlyDecisive => "jointly-decisive",
            Self::Used => "used",
            Self::Unused => "unused",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Shadowed => "shadowed",
            Self::Pending => "pending",
        }
    }
}

/// What the gate does with a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Disposition {
    /// Judged as it is.
    Open,
    /// An admitted exception covers it.
    Excepted,
    /// A trusted tool or its source suppressed it.
    Suppressed,
    /// An admitted VEX statement says that it does not affect us.
    NotAffected,
    /// Fixed, or gone from the newest baseline.
    Resolved,
}

impl Disposition {
    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Excepted => "excepted",
            Self::Suppressed => "suppressed",
            Self::NotAffected => "not-affected",
            Self::Resolved => "resolved",
        }
    }
}
