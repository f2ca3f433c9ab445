//! Signed evidence of every decision, and the only way to believe it.
//!
//! What must stay true: only [`verify`] makes a [`Verified`], from bytes whose signature it checked; nothing else of an
//! envelope is ever shown or acted on. Everything here is pure: keys, folders and clocks are handed in.

pub mod bundle;
pub mod dsse;
pub mod keys;
pub mod materials;
pub mod policy_bundle;
pub mod predicate;
pub mod statement;
#[cfg(feature = "timestamp")]
pub mod timestamp;
pub mod trust;

mod approvals;
mod assemble;
mod kept;
mod verify;

pub use assemble::{CommitSubject, Evidence, EvidenceFault, EvidenceInput, Timestamper, assemble};
pub use kept::{Kept, KeptFile};
pub use verify::{
    Demands, Folder, Stamps, Step, StepState, Stored, TimeByOthers, Trust, Verdict, Verification, Verified, verify,
};

/// The file name of the decision's envelope.
pub const DECISION_FILE: &str = "decision.dsse.json";

/// The Sigstore bundle's file name.
pub const BUNDLE_FILE: &str = "decision.sigstore.json";

/// Where blobs are, each under the 64 hexadecimal digits of its SHA-256.
pub const BLOBS: &str = "blobs/sha256/";
