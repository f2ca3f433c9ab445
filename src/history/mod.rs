//! The history: an append-only log of decisions that nobody can shorten, reorder or rewrite unseen.
//!
//! What must stay true: an entry is made from verified evidence alone; an entry counts only when a checkpoint that the log's
//! key signed covers it; and a checkpoint never covers less than, or other than, one that was signed before.
//!
//! Sources: RFC 6962 and RFC 9162 (the tree and its proofs), C2SP signed-note v1.0.0, tlog-checkpoint v1.0.0, tlog-cosignature
//! v1.0.0 and tlog-proof (the texts).

mod checkpoint;
mod deployments;
mod entry;
mod inclusion;
mod log;
mod note;
mod oscal;
mod proof;
mod reconcile;
mod releases;
mod tree;

pub use checkpoint::{Checkpoint, CheckpointFault};
pub use deployments::{Deployment, DeploymentsFault, deployments};
pub use entry::{Entry, EntryFault, Logged};
pub use inclusion::{Inclusion, InclusionFault, Watch};
pub use log::{Grown, Log, LogFault};
pub use note::{Cosigned, Note, NoteFault, QuorumFault, Role, VerifierKey, cosign, sign};
pub use oscal::{Assessed, Period, assessment_results};
pub use proof::{Continuation, Proof, ProofFault};
pub use reconcile::{Finding, LeftOut, Reconciled, Reconciliation, Undeployed, reconcile};
pub use releases::{Outcomes, Query, Release, Releases, State, releases};
pub use tree::Hash;
