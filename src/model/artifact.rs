//! What is released, and what is known about it.

use serde::{Deserialize, Serialize};

use super::coverage::Binding;
use super::digest::{CommitId, Digest};
use super::text::Untrusted;

/// An artifact under decision, and every document that claims to be about its digest.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its name: a file name or an image reference.
    pub name: Untrusted,
    /// Its digest.
    pub digest: Digest,
    /// Bills of materials about this digest.
    #[serde(default)]
    pub sbom: Vec<Claim>,
    /// Provenance about this digest.
    #[serde(default)]
    pub provenance: Vec<Claim>,
    /// Envelopes with a signature whose statement is about this digest.
    #[serde(default)]
    pub signature: Vec<Claim>,
}

impl Artifact {
    /// An artifact about which nothing is claimed yet.
    #[must_use]
    pub fn new(name: impl Into<Untrusted>, digest: Digest) -> Self {
        Self { name: name.into(), digest, sbom: Vec::new(), provenance: Vec::new(), signature: Vec::new() }
    }
}

/// A document that names the digest of an artifact. Whoever wrote the file says so; no signature was checked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Claim {
    /// Index into the list of reports.
    pub report: usize,
    /// The id of the document's format.
    pub format: Untrusted,
    /// The type of its predicate, where it is a statement.
    pub predicate_type: Option<Untrusted>,
    /// What ties it to the artifact: `digest` where the document names it, `receipt` where only its receipt does.
    pub bound_by: Binding,
    /// Who built the artifact, as provenance says.
    pub builder: Option<Untrusted>,
    /// Commits that it was built from, as provenance says, sorted.
    pub commits: Vec<CommitId>,
    /// Packages that a bill of materials lists, where it was read.
    pub packages: Option<u64>,
    /// Signatures on its envelope; none of them was checked.
    pub signatures: u64,
    /// Always false: what a report claims is not verified here.
    pub verified: bool,
}
