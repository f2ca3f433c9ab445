//! A decision that a log holds, shown by a proof alone.
//!
//! What must stay true: the entry is that of this very envelope and says what its statement says; the log's key is nobody else's;
//! and witnesses count by their keys, each once.

use super::checkpoint::Checkpoint;
use super::entry::{Entry, EntryFault};
use super::note::{Cosigned, QuorumFault, VerifierKey};
use super::proof::{Proof, ProofFault};
use crate::evidence::keys::PublicKey;
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{TimeByOthers, Verified};
use crate::model::digest::Digest;

/// Whose word about a log counts.
#[derive(Clone, Copy, Debug)]
pub struct Watch<'a> {
    /// The log's key.
    pub log: &'a VerifierKey,
    /// The witnesses' keys.
    pub witnesses: &'a [VerifierKey],
    /// How many of the witnesses must have signed.
    pub quorum: usize,
}

/// An entry of a log, and the state of the log that it was shown to be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inclusion {
    /// The entry.
    pub entry: Entry,
    /// The state of the log.
    pub checkpoint: Checkpoint,
    /// The witnesses that saw this state.
    pub cosigned: Vec<Cosigned>,
}

/// Why a proof shows nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InclusionFault {
    /// See [`ProofFault`].
    #[error(transparent)]
    Proof(#[from] ProofFault),
    /// What is proven is no entry of a history.
    #[error("its entry: {0}")]
    Entry(#[from] EntryFault),
    /// Another envelope's.
    #[error("it is about another decision")]
    OtherDecision,
    /// See [`QuorumFault`].
    #[error(transparent)]
    Quorum(#[from] QuorumFault),
    /// The entry and the statement differ.
    #[error("the log's entry is not what the evidence says")]
    OtherEntry,
    /// The gate keeps the log itself.
    #[error("the log is signed by the gate's own key: who signs evidence could rewrite the history")]
    OwnKey,
}

impl Inclusion {
    /// Checks a proof for the envelope with this digest.
    ///
    /// # Errors
    /// [`InclusionFault`].
    pub fn read(proof: &[u8], envelope: Digest, watch: Watch<'_>) -> Result<Self, InclusionFault> {
        let proof = Proof::read(proof)?;
        let checkpoint = proof.verify(watch.log)?;
        let entry = Entry::read(&proof.entry)?;
        if entry.decision != envelope {
            return Err(InclusionFault::OtherDecision);
        }
        let cosigned = proof.note.witnessed(watch.log, watch.witnesses, watch.quorum)?;
        Ok(Self { entry, checkpoint, cosigned })
    }

    /// When witnesses saw the log with this entry: the last of those that signed, so that one that lies cannot date it back.
    #[must_use]
    pub fn seen(&self) -> Option<TimeByOthers> {
        let last = self.cosigned.iter().max_by_key(|cosigned| cosigned.at)?;
        Some(TimeByOthers { at: last.at, by: last.name.line().into_owned() })
    }

    /// Whether the entry says what the statement says, in one line; `key` signed the statement, `log` the checkpoint.
    ///
    /// # Errors
    /// [`InclusionFault::OtherEntry`], [`InclusionFault::OwnKey`].
    pub fn agrees(
        &self,
        statement: &Verified<Statement<GateDecision>>,
        envelope: &[u8],
        key: &PublicKey,
        log: &VerifierKey,
    ) -> Result<String, InclusionFault> {
        if log.key() == key {
            return Err(InclusionFault::OwnKey);
        }
        if !self.entry.is_of(statement, envelope, key) {
            return Err(InclusionFault::OtherEntry);
        }
        let Checkpoint { origin, size, .. } = &self.checkpoint;
        let seen = match self.cosigned.len() {
            0 => "no witness was demanded".to_owned(),
            1 => "seen by one witness".to_owned(),
            more => format!("seen by {more} witnesses"),
        };
        Ok(format!("number {} of its series, in {origin} of {size} entries; {seen}", self.entry.sequence))
    }
}
