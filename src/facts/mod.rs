//! The one document that policies see.
//!
//! What must stay true: facts are complete, sorted and bounded before a policy runs, and their bytes depend on nothing but
//! the inputs and the recorded instant. Published as `countersign/facts/v1`.

mod baseline;
mod codeowners;
mod coverage;
mod documents;
mod emergency;
mod enrichment;
mod licenses;
mod open;
mod owners;
mod vex;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::model::artifact::Artifact;
use crate::model::change::{Change, Source};
use crate::model::coverage::Coverage;
use crate::model::digest::{CommitId, Digest};
use crate::model::exception::{Disposition, Exception, Origin, RecordHistory};
use crate::model::finding::Finding;
use crate::model::profile::Profile;
use crate::model::report::{Report, Tests};
use crate::model::service::Service;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};
use crate::projection::{self, Kept};

use baseline::day;
pub use baseline::{Baseline, EarlierDecision, GivenBaseline, Here, Known, VerifiedBy, baseline};
pub use codeowners::{CodeOwners, Dialect, PLACES};
pub use coverage::{Asked, Released, coverage};
pub use documents::{
    AttestationFacts, ClaimKind, CoveredLines, CoveredReport, DocumentFacts, PlanFacts, PlanReport, PlannedFacts,
    ScorecardFacts, documents,
};
pub use emergency::{About, ClaimedEmergency, GivenClosing, History, Owed};
pub use enrichment::{Enrichment, enrichment};
pub use licenses::LicensedPackages;
pub use open::{Open, OpenRule, Unknown};
pub use owners::{BadGlob, CodeOwnersFile, OwnedFile, Owners, Ownership};
pub use vex::{MatchedVex, VexDocumentFacts};

/// The schema tag of the facts.
pub const SCHEMA: &str = "countersign/facts/v1";

/// Whether the outcome stops anything.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// A block fails the run.
    #[default]
    Enforce,
    /// The same decision and evidence; the run succeeds, and the evidence says so.
    Audit,
}

/// Where the decision's instant came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Clock {
    /// The machine's clock.
    System,
    /// `--at`.
    Pinned,
}

/// `input` of every policy.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Facts {
    /// Always [`SCHEMA`].
    pub schema: Cow<'static, str>,
    /// The instant of the decision.
    pub now: Timestamp,
    /// Where that instant came from.
    pub clock: Clock,
    /// The environment that the release goes to; `production` where nobody says otherwise.
    pub environment: Untrusted,
    /// Enforce or audit.
    pub mode: Mode,
    /// What the team demands.
    pub profile: Profile,
    /// The change.
    pub change: Change,
    /// The service.
    pub service: Service,
    /// Who owns what the change touches.
    pub ownership: Ownership,
    /// What is released.
    pub artifacts: Vec<Artifact>,
    /// Required checks and reports.
    pub coverage: Vec<Coverage>,
    /// Data about vulnerabilities that was given beside the reports.
    pub enrichment: Vec<Enrichment>,
    /// Totals of all test reports; `null` where none was given.
    pub tests: Option<Tests>,
    /// How much of the code ran under test, over all coverage reports; `null` where none was given.
    pub line_coverage: Option<CoveredLines>,
    /// Planned infrastructure changes; `null` where no plan was given.
    pub plan: Option<PlanFacts>,
    /// What OpenSSF Scorecard says of the repository, by report.
    pub scorecards: Vec<ScorecardFacts>,
    /// Licences of the packages that bills of materials list, by report.
    pub licenses: Vec<LicensedPackages>,
    /// Every bill of materials and attestation, those about something else than the release too, by report.
    pub attestations: Vec<AttestationFacts>,
    /// Earlier decisions; `null` where none was given.
    pub history: Option<History>,
    /// An earlier decision of the target branch; `null` where none was given.
    pub baseline: Option<Baseline>,
    /// The emergency that is claimed; `null` where none is.
    pub emergency: Option<ClaimedEmergency>,
    /// Reviews of earlier emergencies.
    pub closings: Vec<GivenClosing>,
    /// Where the judging inputs came from, and what the head changes in them.
    pub judging: Judging,
    /// The reports, with their totals.
    pub reports: Vec<Report>,
    /// What is open, counted.
    #[serde(default)]
    pub open: Open,
    /// The findings, with their dispositions.
    pub findings: Vec<TriagedFinding>,
    /// The exceptions that match something here, and what they cover.
    pub exceptions: Vec<MatchedException>,
    /// The VEX statements that are about something here.
    pub vex: Vec<MatchedVex>,
    /// The VEX documents that were given.
    pub vex_documents: Vec<VexDocumentFacts>,
    /// Data files given with the policies.
    pub data: BTreeMap<String, Value>,
}

/// Where config, profile, policies, exceptions and the service file were read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Judging {
    /// `target-branch` in a change request, else `working-tree`.
    pub source: JudgingSource,
    /// The commit that they were read from, where it is a git commit.
    pub commit: Option<CommitId>,
    /// Judging inputs that the head of a change request edits, sorted. They are not in force.
    pub edited: Vec<Untrusted>,
    /// Judging inputs of a change request that lie outside the repository, sorted: whoever runs the job puts them there.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub outside: Vec<Untrusted>,
    /// How the source was chosen: from git, an event, the environment.
    pub known_from: Option<Source>,
}

/// See [`Judging`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum JudgingSource {
    /// The tip of the branch that the change goes to.
    TargetBranch,
    /// The working tree: outside change requests only.
    #[default]
    WorkingTree,
}

/// A finding, and what the gate does with it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct TriagedFinding {
    /// The finding.
    #[serde(flatten)]
    pub finding: Finding,
    /// Who owns it: the owner of the path, else of the service.
    pub owner: Option<Untrusted>,
    /// Whether the baseline lists it as open and no milder; `null` without a baseline that stands.
    pub known: Option<bool>,
    /// Days since it was first seen, where a baseline that stands says so.
    pub seen_days: Option<i64>,
    /// Days since the vulnerability was published, where that is known.
    pub published_days: Option<i64>,
    /// What the gate does with it.
    pub disposition: Disposition,
    /// The exception that covers it, where one does.
    pub exception: Option<Untrusted>,
}

impl TriagedFinding {
    /// An open finding, with what a baseline says of it.
    #[must_use]
    pub fn new(mut finding: Finding, known: Known, now: Timestamp) -> Self {
        finding.first_seen = known.first_seen;
        let days = |text: &Option<Untrusted>| text.as_ref().and_then(day).map(|day| now.date().days_since(day));
        Self {
            owner: None,
            known: known.known,
            seen_days: days(&finding.first_seen),
            published_days: days(&finding.published),
            disposition: Disposition::Open,
            exception: None,
            finding,
        }
    }

    /// The same, with its owner and what becomes of it.
    #[must_use]
    pub fn triaged(self, owner: Option<Untrusted>, disposition: Disposition) -> Self {
        Self { owner, disposition, ..self }
    }
}

/// An exception that matches something here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MatchedException {
    /// The record.
    #[serde(flatten)]
    pub record: Exception,
    /// Whose it is.
    #[serde(default)]
    pub origin: Origin,
    /// Ids of the findings that it covers, sorted.
    pub covers: Vec<Untrusted>,
    /// The worst severity among them; absent for a record that names a verdict.
    pub worst: Option<Severity>,
    /// Days from `created` to `expires`.
    pub life_days: i64,
    /// What the commits of the branch that judges say of it; `null` where it is in no repository that could be asked.
    #[serde(default)]
    pub history: Option<RecordHistory>,
    /// Days from today to the end of `expires`.
    pub days_left: i64,
    /// Approvals whose signature was verified, by principal, sorted.
    pub verified_approvers: Vec<Untrusted>,
    /// Whether the decision's instant lies between `created` and the end of `expires`.
    pub in_force: bool,
    /// Whether it is in force and admitted; before admission always false.
    pub admitted: bool,
}

impl Facts {
    /// Reads [`Facts::to_bytes`] back.
    ///
    /// # Errors
    /// No facts, or those of a schema that this program does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let facts: Self = serde_json::from_slice(bytes)?;
        if facts.schema == SCHEMA {
            return Ok(facts);
        }
        Err(serde::de::Error::custom(format!("the schema is {:?}, and not {SCHEMA}", facts.schema)))
    }

    /// The bytes that are digested, stored and replayed: compact JSON, struct fields in declared order, maps sorted.
    ///
    /// # Errors
    /// Only where a number is not finite, which the readers refuse.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = Vec::new();
        self.write(&mut bytes)?;
        Ok(bytes)
    }

    /// Appends [`Facts::to_bytes`].
    ///
    /// # Errors
    /// As [`Facts::to_bytes`].
    pub(crate) fn write(&self, out: &mut Vec<u8>) -> Result<(), serde_json::Error> {
        let findings = |out: &mut Vec<u8>| projection::list(out, &self.findings);
        projection::write(out, self, Kept::All("findings", &findings))
    }

    /// The digest of [`Facts::to_bytes`].
    ///
    /// # Errors
    /// As [`Facts::to_bytes`].
    pub fn digest(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest::of(self.to_bytes()?))
    }

    /// Counts what is open, after dispositions changed.
    pub fn count_open(&mut self) {
        self.open = Open::of(&self.findings);
    }

    /// The calendar day of the decision, UTC.
    #[must_use]
    pub fn today(&self) -> Date {
        self.now.date()
    }
}
