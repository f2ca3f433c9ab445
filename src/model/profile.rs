//! What a team demands, as data: the figures that the policy pack reads.
//!
//! What must stay true: a profile is strict. An unknown key or word is an error, and every table has an answer for every
//! case, so that nothing is decided by an absent value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::Kind;
use super::report::Check;
use super::service::{Exposure, Tier};
use super::severity::Severity;
use super::text::Untrusted;
use super::time::Timestamp;

/// A profile: `input.profile` of every policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    /// Always `countersign/profile/v1`.
    pub schema: ProfileSchema,
    /// Its name.
    pub name: Untrusted,
    /// For whom it is.
    #[serde(default)]
    pub description: Untrusted,
    /// Required checks.
    pub coverage: CoverageDemands,
    /// What a finding does; the first row that matches counts.
    pub thresholds: Vec<Threshold>,
    /// Days from today to the fix-by date of an open finding, by severity.
    pub fix_by_days: PerSeverity<u32>,
    /// What an exception may do.
    pub exceptions: ExceptionDemands,
    /// What a change needs.
    pub change: ChangeDemands,
    /// When nothing ships.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
    /// Tools whose own suppressions count; all others are judged as open.
    #[serde(default)]
    pub trusted_suppressions: Vec<Untrusted>,
    /// Rule → whether it is enforced; a rule that is not named here is enforced.
    #[serde(default)]
    pub rules: BTreeMap<String, RuleMode>,
    /// Free data for a team's own policies.
    #[serde(default)]
    pub data: BTreeMap<String, serde_json::Value>,
}

/// The schema tag of a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ProfileSchema {
    /// Version 1.
    #[serde(rename = "countersign/profile/v1")]
    V1,
}

/// A value for every severity; none may be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerSeverity<T> {
    /// For critical.
    pub critical: T,
    /// For high.
    pub high: T,
    /// For medium.
    pub medium: T,
    /// For low.
    pub low: T,
    /// For info.
    pub info: T,
    /// For unknown.
    pub unknown: T,
}

impl<T: Copy> PerSeverity<T> {
    /// The value for this severity.
    pub const fn get(&self, severity: Severity) -> T {
        match severity {
            Severity::Critical => self.critical,
            Severity::High => self.high,
            Severity::Medium => self.medium,
            Severity::Low => self.low,
            Severity::Info => self.info,
            Severity::Unknown => self.unknown,
        }
    }
}

/// A value for either exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerExposure<T> {
    /// Open to the public.
    pub public: T,
    /// Reachable from inside only.
    pub internal: T,
}

/// What is required of scans.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
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
    /// The oldest scan that counts, in hours.
    #[serde(default)]
    pub max_age_hours: Option<u32>,
}

/// What a finding does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Action {
    /// Nothing.
    Ignore,
    /// A place in the owner's queue.
    Ticket,
    /// A warning.
    Warn,
    /// No release.
    Block,
}

/// One row of the threshold table. An empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What an open finding does.
    pub open: PerSeverity<Action>,
    /// What a finding does that an admitted exception covers.
    pub excepted: PerSeverity<Action>,
}

/// What an exception may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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
}

/// What a change needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChangeDemands {
    /// How many people other than its author must have approved it, by the kind of change.
    pub approvals: PerChangeKind<u32>,
    /// Whether an approval must be of the very commit.
    pub approve_commit: bool,
    /// Whether a ticket is required, by the kind of change.
    pub ticket: PerChangeKind<bool>,
    /// Whether a rollback plan is required, by the kind of change.
    pub rollback_plan: PerChangeKind<bool>,
    /// Environments to which these demands apply; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
}

/// A value for every kind of change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PerChangeKind<T> {
    /// Pre-approved.
    pub standard: T,
    /// Reviewed.
    pub normal: T,
    /// Break-glass.
    pub emergency: T,
}

/// A time in which nothing ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Its name.
    pub name: Untrusted,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Whether an emergency change may ship.
    pub emergency_ships: bool,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// Whether a rule's verdicts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum RuleMode {
    /// Not evaluated. Recorded, and it lowers the assurance.
    Off,
    /// Its denials are warnings. Recorded, and it lowers the assurance.
    Warn,
    /// As the rule says.
    Enforce,
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHIPPED: &str = include_str!("../../policies/profiles/default.yaml");

    fn read(text: &str) -> Result<Profile, String> {
        serde_saphyr::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_shipped_profile_blocks_what_is_open_to_the_public() {
        let profile = read(SHIPPED).unwrap();
        let days = profile.exceptions.max_days;
        for severity in [Severity::Critical, Severity::High, Severity::Unknown] {
            assert_eq!(days.public.get(severity), 0, "{severity}");
            assert!((1..=30).contains(&days.internal.get(severity)), "{severity}");
        }
        for exposure in [Exposure::Public, Exposure::Internal] {
            let row = profile
                .thresholds
                .iter()
                .find(|row| row.kinds.is_empty() && row.exposures == [exposure] && row.environments.is_empty())
                .unwrap();
            for severity in [Severity::Critical, Severity::High, Severity::Unknown] {
                assert_eq!(row.open.get(severity), Action::Block, "{exposure:?} {severity}");
                let excepted = if exposure == Exposure::Public { Action::Block } else { Action::Warn };
                assert_eq!(row.excepted.get(severity), excepted, "{exposure:?} {severity}");
            }
        }
        assert!(!profile.coverage.allow_unbound && profile.change.approve_commit);
        assert!(profile.trusted_suppressions.is_empty() && profile.rules.is_empty());
    }

    #[test]
    fn a_profile_with_an_unknown_key_or_a_missing_figure_is_refused() {
        for (from, to) in [
            ("max_age_hours: 24", "max_age_hours: 24\n  max_age_days: 1"),
            ("  signed_approvals: false\n", ""),
            ("fix_by_days: { critical: 1,", "fix_by_days: {"),
            ("exposures: [public]", "exposures: [open]"),
            ("countersign/profile/v1", "countersign/profile/v2"),
        ] {
            let changed = SHIPPED.replacen(from, to, 1);
            assert_ne!(changed, SHIPPED, "{from}");
            assert!(read(&changed).is_err(), "{from}");
        }
    }
}
