//! What a team demands, as data: the figures that the policy pack reads.
//!
//! What must stay true: a profile is strict. An unknown key or word is an error, and every table has an answer for every
//! case, so that nothing is decided by an absent value.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::change::ChangeKind;
use super::enrichment::DataSource;
use super::finding::Kind;
use super::report::Check;
use super::service::{Exposure, Tier};
use super::severity::Severity;
use super::text::Untrusted;
use super::time::{Date, Timestamp};

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

/// What a release brings with it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReleaseDemands {
    /// Kinds of change of which the rest of this section is demanded; empty means all.
    pub kinds: Vec<ChangeKind>,
    /// Tiers; empty means all, and a service without one is of every tier.
    pub tiers: Vec<Tier>,
    /// Its version.
    pub version: bool,
    /// Where its entry in the changelog is.
    pub changelog: bool,
    /// Where its deployment is recorded.
    pub deployment_record: bool,
    /// At least one artifact, by its digest.
    pub artifact: bool,
    /// A bill of materials about the digest of every artifact.
    pub sbom: bool,
    /// Provenance about that digest.
    pub provenance: bool,
    /// A signed envelope about that digest.
    pub signature: bool,
    /// Who may have built it, as provenance says; empty means anybody.
    pub builders: Vec<Untrusted>,
}

/// What tests must show. What is `null` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct TestDemands {
    /// The most tests that may be skipped, in percent.
    pub max_skipped_percent: Option<f64>,
    /// The most tests that may pass only when repeated; more block.
    pub max_flaky: Option<u32>,
    /// The least part of the lines that ran, in percent.
    pub min_line_coverage: Option<f64>,
    /// By how much that part may be below the baseline's, in percentage points.
    pub max_coverage_drop: Option<f64>,
}

/// What a change to the platform must show. What is `null` is not asked for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlatformDemands {
    /// Layers whose change is one to the platform. Without layers and services every change is; so is one whose paths nobody
    /// names.
    pub layers: Vec<Untrusted>,
    /// Services that are part of the platform.
    pub services: Vec<Untrusted>,
    /// On how many prior versions compatibility must have been tested, and hold.
    pub compatible_versions: Option<u32>,
    /// The developer-experience score (0 to 10) that the platform must be above.
    pub developer_experience_above: Option<f64>,
    /// How old that score may be, in days.
    pub developer_experience_max_days: Option<u32>,
}

/// What planned infrastructure changes may do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PlanDemands {
    /// Types of resource that hold what cannot be made again: globs over the type.
    pub stateful: Vec<Untrusted>,
    /// What it does to destroy or replace one of them.
    pub destroys: Action,
    /// What it does to open a resource to everybody.
    pub opens: Action,
    /// The most that a change may add to the monthly cost, in whole units of the profile's currency; `null`: not asked.
    pub max_monthly_cost_increase: Option<u64>,
    /// Whether a plan must say what it costs (`release.monthly_cost_increase` in the change file).
    pub cost_stated: bool,
}

impl Default for PlanDemands {
    fn default() -> Self {
        Self {
            stateful: Vec::new(),
            destroys: Action::Block,
            opens: Action::Block,
            max_monthly_cost_increase: None,
            cost_stated: false,
        }
    }
}

/// What must be there so that a bad release is seen and undone.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct ReliabilityDemands {
    /// The error budget, in percent, at or below which only fixes ship; `null`: it is not looked at.
    pub min_error_budget: Option<f64>,
    /// Labels that say that a change is a fix.
    pub fix_labels: Vec<Untrusted>,
    /// Whether the service must have a service level objective.
    pub slo: bool,
    /// Whether its alerts must be defined.
    pub alerts: bool,
    /// Whether it must be defined what triggers a rollback.
    pub rollback_trigger: bool,
    /// How services are deployed; the first row that matches counts, without one anything goes.
    pub strategies: Vec<Strategies>,
}

/// Ways of deploying that are allowed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Strategies {
    /// Tiers; empty means all, and a service without one counts as critical.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// The ways: `blue-green`, `canary`, `rolling`, …
    pub allowed: Vec<Untrusted>,
}

/// Which licences dependencies may have. Ids are those of SPDX, compared without case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct LicenseDemands {
    /// Licences that are allowed, also as `ID WITH EXCEPTION`; empty: all that are not denied.
    pub allow: Vec<Untrusted>,
    /// Licences that are never allowed.
    pub deny: Vec<Untrusted>,
    /// Packages that may have another licence.
    pub exceptions: Vec<LicenseException>,
    /// What a package does whose licence is not allowed.
    pub refused: Action,
    /// What a package does whose licence nobody knows, or that is no SPDX expression.
    pub unknown: Action,
}

impl Default for LicenseDemands {
    fn default() -> Self {
        Self {
            allow: Vec::new(),
            deny: Vec::new(),
            exceptions: Vec::new(),
            refused: Action::Block,
            unknown: Action::Ignore,
        }
    }
}

/// A package that may have a licence which others may not.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct LicenseException {
    /// The package's name, as the bill of materials has it.
    pub package: Untrusted,
    /// Its licence expression, as written there.
    pub license: Untrusted,
    /// Why.
    pub reason: Untrusted,
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

/// What a change needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    /// Approvals by people of a role, each row beside the others.
    #[serde(default)]
    pub roles: Vec<RoleApprovals>,
    /// Whether everything that is released must have come through a pull or merge request, by the kind of change.
    #[serde(default)]
    pub through_request: PerChangeKind<bool>,
    /// Whether planned infrastructure changes must come through a request, whatever the kind of change.
    #[serde(default)]
    pub infrastructure_through_request: bool,
    /// Whether who deploys must be neither the author nor an approver.
    #[serde(default)]
    pub separate_deployer: bool,
    /// Whether no two environments may share a state file.
    #[serde(default)]
    pub separate_state: bool,
}

/// So many approvals by people of a role, as the authority data says. An empty list matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct RoleApprovals {
    /// The role.
    pub role: Untrusted,
    /// How many people of it.
    pub approvals: u32,
    /// Kinds of change.
    #[serde(default)]
    pub kinds: Vec<ChangeKind>,
    /// Tiers; a service without one is of every tier.
    #[serde(default)]
    pub tiers: Vec<Tier>,
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

/// A time in which nothing ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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

/// A time of the week in which changes ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its name.
    pub name: Untrusted,
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// The time of day at which it opens, in its zone.
    pub from: TimeOfDay,
    /// The time of day before which it closes, `24:00` at most; at or before `from`: on the next day.
    pub until: TimeOfDay,
    /// The time zone, as the IANA database names it (`Europe/Berlin`, `UTC`).
    pub zone: Untrusted,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Whether an emergency change may ship outside of it.
    pub emergency_ships: bool,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A time of day: hours and minutes, from `00:00` to `24:00`. Times compare as their texts do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(String);

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let two = |digits: &str| match digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse::<u8>().ok(),
            false => None,
        };
        let parts = text.split_once(':').and_then(|(hours, minutes)| Some((two(hours)?, two(minutes)?)));
        match parts {
            Some((0..=23, 0..=59) | (24, 0)) => Ok(Self(text)),
            _ => Err("a time of day is written HH:MM, from 00:00 to 24:00"),
        }
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.0
    }
}

/// A point from which on a release takes only some kinds of change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CutLine {
    /// The release.
    pub name: Untrusted,
    /// First instant after the cut.
    pub at: Timestamp,
    /// First instant after the release.
    pub until: Timestamp,
    /// Kinds of change that still go in.
    pub kinds: Vec<ChangeKind>,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// Roles of which somebody must have said go. An empty list of conditions matches everything.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct GoNoGo {
    /// The roles, each needed; who has one is in the authority data.
    pub roles: Vec<Untrusted>,
    /// Kinds of change.
    #[serde(default)]
    pub kinds: Vec<ChangeKind>,
    /// Tiers; a service without one is of every tier.
    #[serde(default)]
    pub tiers: Vec<Tier>,
    /// Environments.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// What must be known about owners.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct OwnershipDemands {
    /// Days after its review from which ownership data is too old; `null`: its age is not asked for.
    pub max_age_days: Option<u32>,
    /// What the service file, or the catalogue, must say.
    pub metadata: Vec<ServiceField>,
    /// From which day on a gap blocks; `null`: it warns.
    pub metadata_blocks_from: Option<Date>,
}

/// Something that a service file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "fields of the service")]
pub enum ServiceField {
    Name,
    Owner,
    Team,
    Tier,
    Exposure,
    OnCall,
    Runbook,
    Slo,
    Reviewed,
}

/// A part of the repository.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Layer {
    /// Its name: cloud foundation, orchestration, service, application.
    pub name: Untrusted,
    /// Globs over paths of the repository.
    pub paths: Vec<Untrusted>,
    /// The team that owns it. A change by a service of that owner or team needs no approval of its own.
    pub owner: Untrusted,
    /// Roles of which an approver must have one.
    pub roles: Vec<Untrusted>,
    /// How many of them must approve.
    pub approvals: u32,
}

/// What an emergency needs. Without a word in the profile it needs a signed record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct EmergencyDemands {
    /// Whether the record must be signed by somebody whom the allowed signers name.
    pub signed: bool,
    /// Roles of which a signer must have one; empty: anybody who may sign.
    pub roles: Vec<Untrusted>,
    /// The longest life of a record, in hours.
    pub max_hours: u32,
    /// Days until the review that it leaves owed.
    pub review_days: u32,
    /// Whether every run must be given the earlier decisions, so that no obligation is forgotten.
    pub history: bool,
}

impl Default for EmergencyDemands {
    fn default() -> Self {
        Self { signed: true, roles: Vec::new(), max_hours: 24, review_days: 5, history: false }
    }
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

/// Who decides in a domain. Roles are those of the authority data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Authority {
    /// What is decided.
    pub domain: Untrusted,
    /// Roles that decide alone.
    pub alone: Vec<Untrusted>,
    /// Roles that advise; their word alone decides nothing.
    #[serde(default)]
    pub advises: Vec<Untrusted>,
    /// The amount in a year above which those who decide alone no longer do; `null`: no limit.
    #[serde(default)]
    pub limit: Option<u64>,
    /// Roles to which it goes above the limit, or where nobody decides alone.
    #[serde(default)]
    pub escalates_to: Vec<Untrusted>,
    /// Whom the decision is told at once.
    #[serde(default)]
    pub informs: Vec<Untrusted>,
}

/// Who has which part in a situation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Situation {
    /// Its name.
    pub situation: Untrusted,
    /// When it is there: any of these.
    pub when: When,
    /// Roles that do it.
    pub responsible: Vec<Untrusted>,
    /// Roles that answer for it; one of them must approve.
    pub accountable: Vec<Untrusted>,
    /// Roles that are asked.
    #[serde(default)]
    pub consulted: Vec<Untrusted>,
    /// Roles that are told.
    #[serde(default)]
    pub informed: Vec<Untrusted>,
}

/// What makes a situation: any of these.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct When {
    /// The change touches one of these layers.
    pub layers: Vec<Untrusted>,
    /// The change is of one of these kinds.
    pub kinds: Vec<ChangeKind>,
    /// The change has one of these labels. A label may only add demands.
    pub labels: Vec<Untrusted>,
}

/// Who approves a change to config, profile, policies, exceptions and their like.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub struct PolicyChangeDemands {
    /// How many people of one of the roles; 0: such a change is only seen.
    pub approvals: u32,
    /// The roles: the owner of the policies, not of the code.
    pub roles: Vec<Untrusted>,
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
