//! What a team demands, as data: the figures that the policy pack reads.
//!
//! What must stay true: a profile is strict. An unknown key or word is an error, and every table has an answer for every
//! case, so that nothing is decided by an absent value.

mod calendar;
mod change;
mod exceptions;
mod findings;
mod operation;
mod people;
mod release;
mod scans;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::model::severity::Severity;
use crate::model::text::Untrusted;

pub use calendar::{CutLine, Freeze, TimeOfDay, Weekday, Window};
pub use change::{ChangeDemands, EmergencyDemands, PolicyChangeDemands, RoleApprovals};
pub use exceptions::{ExceptionDemands, VexDemands};
pub use findings::{BaselineDemands, FixBy, OverdueDemands, RepeatedDemands, SeverityClass, Since, Threshold};
pub use operation::{ControlDemand, Frequency, RunnerDemands, SelfHosted};
pub use people::{Authority, GoNoGo, Layer, OwnershipDemands, ServiceField, Situation, When};
pub use release::{
    LicenseDemands, LicenseException, PlanDemands, PlatformDemands, ReleaseDemands, ReliabilityDemands, Strategies,
    TestDemands,
};
pub use scans::{CoverageDemands, EnrichmentDemands, RequiredCheck, RequiredData};

/// A profile: `input.profile` of every policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Data about vulnerabilities that every run is given.
    #[serde(default)]
    pub enrichment: EnrichmentDemands,
    /// What a finding does; the first row that matches counts.
    pub thresholds: Vec<Threshold>,
    /// Days from today to the fix-by date of an open finding, by severity.
    pub fix_by_days: PerSeverity<u32>,
    /// Other days for some services; the first row that matches counts, and without one `fix_by_days`.
    #[serde(default)]
    pub fix_by: Vec<FixBy>,
    /// What a finding does whose fix-by date has passed.
    #[serde(default)]
    pub overdue: OverdueDemands,
    /// What an earlier decision is good for.
    #[serde(default)]
    pub baseline: BaselineDemands,
    /// From when on findings of one rule point to something that is missing.
    #[serde(default)]
    pub repeated: RepeatedDemands,
    /// What an exception may do.
    pub exceptions: ExceptionDemands,
    /// Whose VEX statements count.
    #[serde(default)]
    pub vex: VexDemands,
    /// What a change needs.
    pub change: ChangeDemands,
    /// What a release brings with it.
    #[serde(default)]
    pub release: ReleaseDemands,
    /// What tests must show.
    #[serde(default)]
    pub tests: TestDemands,
    /// What a change to the platform must show.
    #[serde(default)]
    pub platform: PlatformDemands,
    /// What planned infrastructure changes may do.
    #[serde(default)]
    pub plans: PlanDemands,
    /// What must be there so that a bad release is seen and undone.
    #[serde(default)]
    pub reliability: ReliabilityDemands,
    /// Which licences dependencies may have.
    #[serde(default)]
    pub licenses: LicenseDemands,
    /// How soon who reacts to a verdict; the first row that matches counts.
    #[serde(default)]
    pub severity_classes: Vec<SeverityClass>,
    /// How often a control is verified.
    #[serde(default)]
    pub controls: Vec<ControlDemand>,
    /// When nothing ships.
    #[serde(default)]
    pub freezes: Vec<Freeze>,
    /// When something ships; none: always.
    #[serde(default)]
    pub windows: Vec<Window>,
    /// From when on only some kinds of change still go into a release.
    #[serde(default)]
    pub cut_lines: Vec<CutLine>,
    /// Whose go is needed.
    #[serde(default)]
    pub go_no_go: Vec<GoNoGo>,
    /// What must be known about owners.
    #[serde(default)]
    pub ownership: OwnershipDemands,
    /// Parts of the repository, each with those who must approve a change to it.
    #[serde(default)]
    pub layers: Vec<Layer>,
    /// What an emergency needs.
    #[serde(default)]
    pub emergency: EmergencyDemands,
    /// Where the gate may run, and with what.
    #[serde(default)]
    pub runners: RunnerDemands,
    /// Who decides what.
    #[serde(default)]
    pub authority: Vec<Authority>,
    /// Who is responsible, accountable, consulted and informed, by situation.
    #[serde(default)]
    pub raci: Vec<Situation>,
    /// Who approves a change to what judges.
    #[serde(default)]
    pub policy_changes: PolicyChangeDemands,
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
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum ProfileSchema {
    /// Version 1.
    #[serde(rename = "countersign/profile/v1")]
    V1,
}

/// A value for every severity; none may be left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

impl<T> PerSeverity<T> {
    /// The value for this severity, where it is.
    pub const fn of(&self, severity: Severity) -> &T {
        match severity {
            Severity::Critical => &self.critical,
            Severity::High => &self.high,
            Severity::Medium => &self.medium,
            Severity::Low => &self.low,
            Severity::Info => &self.info,
            Severity::Unknown => &self.unknown,
        }
    }
}

impl<T: Copy> PerSeverity<T> {
    /// The same value for all.
    pub const fn all(value: T) -> Self {
        Self { critical: value, high: value, medium: value, low: value, info: value, unknown: value }
    }

    /// The value for this severity.
    pub const fn get(&self, severity: Severity) -> T {
        *self.of(severity)
    }
}

/// A value for either exposure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PerExposure<T> {
    /// Open to the public.
    pub public: T,
    /// Reachable from inside only.
    pub internal: T,
}

/// What a finding does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// A value for every kind of change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct PerChangeKind<T> {
    /// Pre-approved.
    pub standard: T,
    /// Reviewed.
    pub normal: T,
    /// Break-glass.
    pub emergency: T,
}

impl Profile {
    /// How a rule's verdicts count.
    #[must_use]
    pub fn mode(&self, rule: &str) -> RuleMode {
        self.rules.get(rule).copied().unwrap_or(RuleMode::Enforce)
    }
}

/// Whether a rule's verdicts count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    use crate::model::service::Exposure;

    const SHIPPED: &str = include_str!("../../../policies/profiles/default.yaml");

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
