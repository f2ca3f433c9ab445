//! What documents say that are no lists of findings: VEX statements, planned changes, coverage, attestations, scores.
//!
//! What must stay true: what is here was asserted by a file. Nothing in it is verified, and no value of a plan is kept.

use serde::{Deserialize, Serialize};

use super::coverage::{Binding, CoverageState};
use super::digest::{CommitId, Digest};
use super::text::Untrusted;
use super::time::Timestamp;

/// What a supplier says about one vulnerability in some products.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VexStatement {
    /// Every name of the vulnerability.
    pub vulnerability: Vec<Untrusted>,
    /// The products it is about; none where the statement names none.
    pub products: Vec<VexProduct>,
    /// What is said.
    pub status: VexStatus,
    /// Why a product is not affected, in the format's word.
    pub justification: Option<Untrusted>,
    /// The same in the author's words, or what to do.
    pub note: Option<Untrusted>,
    /// Who says so.
    pub author: Option<Untrusted>,
    /// Since when.
    pub at: Option<Timestamp>,
    /// Where the statement stands, as a JSON pointer.
    pub pointer: Untrusted,
}

/// A product as a VEX document names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VexProduct {
    /// Its identifier in the document; often a package URL.
    pub id: Untrusted,
    /// Its package URL, where it has one.
    pub purl: Option<Untrusted>,
    /// The components in it that the statement is about, as package URLs or identifiers.
    pub components: Vec<Untrusted>,
    /// The versions that are meant, where they stand beside the package URL.
    pub range: Option<Untrusted>,
}

/// What a VEX statement says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum VexStatus {
    /// Nothing is to be done.
    NotAffected,
    /// Something is to be done.
    Affected,
    /// These versions hold the fix.
    Fixed,
    /// Not known yet.
    UnderInvestigation,
}

impl VexStatus {
    /// For people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotAffected => "not affected",
            Self::Affected => "affected",
            Self::Fixed => "fixed",
            Self::UnderInvestigation => "under investigation",
        }
    }
}

/// What Terraform or OpenTofu would do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Plan {
    /// The tool's version, where the plan says.
    pub terraform_version: Option<Untrusted>,
    /// Whether planning ended with an error.
    pub errored: bool,
    /// Whether applying it leads to the configuration as it is written: false where another plan has to follow.
    pub complete: bool,
    /// Every planned change, in the order of the plan, those that do nothing included.
    pub changes: Vec<PlannedChange>,
}

/// A planned change of one resource; without any value of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedChange {
    /// The resource's address.
    pub address: Untrusted,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: Untrusted,
    /// The provider, as the plan names it.
    pub provider: Option<Untrusted>,
    /// The actions as the plan lists them, in its order.
    pub actions: Vec<Untrusted>,
    /// What they come to.
    pub action: PlanAction,
    /// Why, in the tool's word.
    pub reason: Option<Untrusted>,
    /// Attributes that would open it to everybody, sorted; names and well-known words, no values.
    pub opens: Vec<Untrusted>,
}

/// What will happen to a resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum PlanAction {
    /// Nothing.
    NoOp,
    /// It is read.
    Read,
    /// It is made.
    Create,
    /// It is changed in place.
    Update,
    /// It is destroyed and made again, in either order.
    Replace,
    /// It is destroyed.
    Delete,
    /// It is left alone and no longer managed.
    Forget,
}

impl PlanAction {
    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NoOp => "no-op",
            Self::Read => "read",
            Self::Create => "create",
            Self::Update => "update",
            Self::Replace => "replace",
            Self::Delete => "delete",
            Self::Forget => "forget",
        }
    }

    /// Whether something is made or changed.
    #[must_use]
    pub const fn makes(self) -> bool {
        matches!(self, Self::Create | Self::Update | Self::Replace)
    }

    /// Whether what is there now will be gone.
    #[must_use]
    pub const fn destroys(self) -> bool {
        matches!(self, Self::Replace | Self::Delete)
    }
}

/// How much of the code ran under test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LineCoverage {
    /// Files or classes.
    pub files: u64,
    /// Lines that could run.
    pub lines: u64,
    /// Lines that ran.
    pub lines_hit: u64,
    /// Branches, where they were measured.
    pub branches: u64,
    /// Branches that were taken.
    pub branches_hit: u64,
}

/// An in-toto statement, with the envelope it came in. Nothing of it is verified.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Attestation {
    /// The type of its predicate.
    pub predicate_type: Untrusted,
    /// What it is about.
    pub subjects: Vec<AttestedSubject>,
    /// Who built it, where the predicate is provenance.
    pub builder: Option<Untrusted>,
    /// Commits that it was built from, sorted, where the predicate is provenance.
    pub commits: Vec<CommitId>,
    /// Signatures on its envelope.
    pub signatures: u64,
}

/// What an attestation is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AttestedSubject {
    /// Its name.
    pub name: Option<Untrusted>,
    /// Its SHA-256, where given.
    pub digest: Option<Digest>,
}

/// A package of a bill of materials, and its licence.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackageLicense {
    /// Its name, with its version.
    pub package: Untrusted,
    /// The expression as written; none where the document says that it asserts nothing.
    pub license: Option<Untrusted>,
}

/// What one report says that is no list of findings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// See [`Plan`].
    pub plan: Option<Plan>,
    /// See [`VexStatement`].
    pub vex: Vec<VexStatement>,
    /// Packages that a bill of materials lists.
    pub packages: Option<u64>,
    /// See [`PackageLicense`].
    pub licenses: Vec<PackageLicense>,
    /// See [`Attestation`].
    pub attestations: Vec<Attestation>,
    /// See [`Scorecard`].
    pub scorecard: Option<Scorecard>,
}

/// How a report stands to what is released. Published beside everything that a document says, so that no rule takes a plan
/// or a scorecard of another commit for one of this.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Standing {
    /// Index into the list of reports.
    pub report: usize,
    /// `current` alone counts without more ado; see [`CoverageState`].
    pub state: CoverageState,
    /// What binds it.
    pub bound_by: Option<Binding>,
    /// Its age in whole seconds at the decision's instant, where its time is known.
    pub age_seconds: Option<i64>,
    /// Why the state is what it is, one line.
    pub because: Untrusted,
}

/// What OpenSSF Scorecard says of a repository.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Scorecard {
    /// The aggregate, 0 to 10; none where it is inconclusive.
    pub score: Option<f64>,
    /// The commit that was looked at.
    pub commit: Option<CommitId>,
    /// Every check, in the order of the report.
    pub checks: Vec<ScoredCheck>,
}

/// One check of a scorecard.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScoredCheck {
    /// Its name.
    pub name: Untrusted,
    /// 0 to 10; none where it is inconclusive.
    pub score: Option<u64>,
    /// Why.
    pub reason: Option<Untrusted>,
}
