//! Everything that a decision read, listed in one blob.
//!
//! What must stay true: every input is listed with its digest, whether its bytes are kept or not, and the list is sorted; what
//! is kept is a blob under its own digest.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::statement::{DigestSet, LongTexts};
use crate::decision::{Decision, ExceptionOutcome};
use crate::model::change::Approval;
use crate::model::digest::Digest;
use crate::model::exception::ExceptionState;
use crate::model::text::Untrusted;
use crate::model::time::Date;

/// The schema tag of the materials blob.
pub const SCHEMA: &str = "countersign/materials/v1";

/// What a file was read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A Rego file.
    Policy,
    /// How the policies were laid out: layers, mounts, namespaces.
    PolicySet,
    /// A data file given with the policies.
    Data,
    /// A scanner's report.
    Report,
    /// What binds a report to a commit or an artifact.
    Receipt,
    /// Exception records.
    Exceptions,
    /// Exception records of the organisation's bundle.
    OrganisationExceptions,
    /// An approver's signature.
    Signature,
    /// The record of an emergency, or of its review.
    Emergency,
    /// A VEX document.
    Vex,
    /// The configuration.
    Config,
    /// The profile.
    Profile,
    /// The service file.
    Service,
    /// The change, as given in a file.
    Change,
    /// The event file of the CI system.
    Event,
    /// Who owns which paths.
    Ownership,
    /// Whose signatures count, for what.
    Trust,
    /// Keys whose signatures do not count.
    Revocation,
    /// The decision of an earlier run.
    Baseline,
    /// Data about vulnerabilities.
    Enrichment,
}

/// One file that the decision read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material<'a> {
    /// What it was read as.
    pub role: Role,
    /// The path as given; `builtin/…` for the embedded pack.
    pub path: Untrusted,
    /// The id of the format that claimed it, for reports.
    pub format: Option<Untrusted>,
    /// The bytes, or what is known of them.
    pub content: Content<'a>,
}

/// Whether a file's bytes are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content<'a> {
    /// Kept as a blob.
    Kept(Cow<'a, [u8]>),
    /// Known by digest and size only: raw reports, which may hold what must not be kept.
    NotKept {
        /// Of the file's bytes.
        digest: Digest,
        /// In bytes.
        size: u64,
    },
}

/// Entries of the materials by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaterialCounts {
    /// Policy files.
    pub policies: u64,
    /// Data files.
    pub data: u64,
    /// Reports.
    pub reports: u64,
    /// All other files.
    pub inputs: u64,
    /// Exceptions.
    pub exceptions: u64,
    /// Opinions of reviewers.
    pub approvals: u64,
}

/// The materials blob.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct MaterialsList {
    schema: Untrusted,
    /// By role, path and digest.
    pub(super) files: Vec<FileEntry>,
    pub(super) exceptions: Vec<ExceptionEntry>,
    approvals: Vec<Approval>,
    /// Texts that were too long for the predicate, by the digest that stands there.
    texts: BTreeMap<String, Untrusted>,
}

/// One file of the list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileEntry {
    pub(super) role: Role,
    pub(super) path: Untrusted,
    pub(super) format: Option<Untrusted>,
    pub(super) digest: Sha256,
    size: u64,
    /// Whether the bytes are a blob of this folder.
    pub(super) retained: bool,
}

/// `{"sha256": "…"}`, in the order of its digits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Sha256(pub(super) DigestSet);

impl PartialOrd for Sha256 {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Sha256 {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.sha256.cmp(&other.0.sha256)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ExceptionEntry {
    pub(super) id: Untrusted,
    state: ExceptionState,
    expires: Date,
    owner: Untrusted,
}

impl MaterialsList {
    /// The list, and the blobs of what is kept.
    pub(super) fn new(
        decision: &Decision,
        materials: &[Material<'_>],
        texts: LongTexts,
    ) -> (Self, BTreeMap<Digest, Vec<u8>>) {
        let mut blobs = BTreeMap::new();
        let mut files: Vec<FileEntry> = materials
            .iter()
            .map(|material| {
                let (digest, size, retained) = match &material.content {
                    Content::NotKept { digest, size } => (*digest, *size, false),
                    Content::Kept(bytes) => {
                        let digest = Digest::of(bytes);
                        blobs.entry(digest).or_insert_with(|| bytes.to_vec());
                        (digest, u64::try_from(bytes.len()).unwrap_or(u64::MAX), true)
                    }
                };
                FileEntry {
                    role: material.role,
                    path: material.path.clone(),
                    format: material.format.clone(),
                    digest: Sha256(digest.into()),
                    size,
                    retained,
                }
            })
            .collect();
        files.sort();
        let list = Self {
            schema: SCHEMA.into(),
            files,
            exceptions: decision.exceptions.iter().map(ExceptionEntry::from).collect(),
            approvals: decision.change.approvals.clone(),
            texts: texts.into_map(),
        };
        (list, blobs)
    }

    /// Whether this is a list of the version that this program reads.
    pub(super) fn is_known(&self) -> bool {
        self.schema == SCHEMA
    }

    /// Entries by kind.
    pub(super) fn counts(&self) -> MaterialCounts {
        let mut counts = MaterialCounts {
            exceptions: u64::try_from(self.exceptions.len()).unwrap_or(u64::MAX),
            approvals: u64::try_from(self.approvals.len()).unwrap_or(u64::MAX),
            ..MaterialCounts::default()
        };
        for file in &self.files {
            match file.role {
                Role::Policy => counts.policies += 1,
                Role::Data => counts.data += 1,
                Role::Report => counts.reports += 1,
                Role::PolicySet
                | Role::Receipt
                | Role::Exceptions
                | Role::OrganisationExceptions
                | Role::Signature
                | Role::Emergency
                | Role::Vex
                | Role::Config
                | Role::Profile
                | Role::Service
                | Role::Change
                | Role::Event
                | Role::Ownership
                | Role::Trust
                | Role::Revocation
                | Role::Baseline
                | Role::Enrichment => counts.inputs += 1,
            }
        }
        counts
    }
}

impl ExceptionEntry {
    /// Whether it changed how something was judged.
    pub(super) const fn took_effect(&self) -> bool {
        match self.state {
            ExceptionState::Decisive | ExceptionState::JointlyDecisive | ExceptionState::Used => true,
            ExceptionState::Unused
            | ExceptionState::Shadowed
            | ExceptionState::Rejected
            | ExceptionState::Expired
            | ExceptionState::Pending => false,
        }
    }
}

impl From<&ExceptionOutcome> for ExceptionEntry {
    fn from(exception: &ExceptionOutcome) -> Self {
        Self {
            id: exception.id.clone(),
            state: exception.state,
            expires: exception.expires,
            owner: exception.owner.clone(),
        }
    }
}
