//! What is released, and what is known about it.

use serde::{Deserialize, Serialize};

use super::digest::Digest;
use super::text::Untrusted;

/// An artifact under decision.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Artifact {
    /// Its name: a file name or an image reference.
    pub name: Untrusted,
    /// Its digest.
    pub digest: Digest,
    /// Whether a bill of materials about this digest was given.
    #[serde(default)]
    pub sbom: bool,
    /// Whether provenance about this digest was given.
    #[serde(default)]
    pub provenance: bool,
    /// Whether a signature about this digest was given.
    #[serde(default)]
    pub signature: bool,
}
