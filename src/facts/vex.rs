//! VEX statements that are about something here, as policies see them.

use serde::{Deserialize, Serialize};

use crate::model::document::{VexProduct, VexStatus};
use crate::model::report::Sha256Field;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// A statement about findings of this release. Nothing of it is verified: it counts because it lies where judging inputs lie, and
/// because a rule admits it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct MatchedVex {
    /// Its id in this run: the same for the same bytes.
    pub id: Untrusted,
    /// The path of its document.
    pub path: Untrusted,
    /// Whether a change request is judged, and its document lies outside the repository.
    #[serde(default)]
    pub outside: bool,
    /// The digest of its document.
    pub digest: Sha256Field,
    /// The format of its document.
    pub format: Untrusted,
    /// Where it stands in it.
    pub pointer: Untrusted,
    /// Who says so, as the document names them.
    pub issuer: Option<Untrusted>,
    /// Every name of the vulnerability.
    pub vulnerabilities: Vec<Untrusted>,
    /// What it is about.
    pub products: Vec<VexProduct>,
    /// What is said: `not_affected`, `affected`, `fixed`, `under_investigation`.
    pub status: VexStatus,
    /// Why it is not affected, in the format's word.
    pub justification: Option<Untrusted>,
    /// The same in the issuer's words, or what to do.
    pub note: Option<Untrusted>,
    /// Since when.
    pub at: Option<Timestamp>,
    /// Ids of the findings that it is about, sorted.
    pub covers: Vec<Untrusted>,
    /// Whether its issuer has said something newer of all of them.
    pub superseded: bool,
    /// Whether it counts; before admission always false.
    pub admitted: bool,
}

/// A VEX document that was given.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct VexDocumentFacts {
    /// Its path.
    pub path: Untrusted,
    /// Its digest.
    pub digest: Sha256Field,
    /// Its format.
    pub format: Untrusted,
    /// When it was issued, as it says.
    pub issued: Option<Timestamp>,
    /// Statements in it.
    pub statements: u64,
    /// Those that are about findings of this release.
    pub matched: u64,
    /// Statements that were not understood: an unknown status, `not_affected` without a reason.
    pub not_understood: u64,
    /// Products of statements about vulnerabilities of this release that cannot be compared, and why; a few lines.
    pub unresolved: Vec<Untrusted>,
}
