//! A proof that can be stored beside the evidence: this entry is in the log that had this checkpoint.
//!
//! What must stay true: a proof shows nothing by itself. It holds only for the very bytes of an entry, and only with the key of
//! the log that the reader trusts already.
//!
//! Source: C2SP tlog-proof (`c2sp.org/tlog-proof@v1`); its extra data is the entry, so that the proof needs nothing beside it.

use std::fmt;

use data_encoding::BASE64;

use super::checkpoint::{Checkpoint, CheckpointFault};
use super::note::{Note, NoteFault, VerifierKey};
use super::tree::{self, Hash};

const HEADER: &str = "c2sp.org/tlog-proof@v1";

/// The most hashes of a proof: a tree of 2^63 leaves is no higher.
const MOST_HASHES: usize = 63;

/// An inclusion proof with its checkpoint, as it stands in a file. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// The entry, as its line in the log.
    pub entry: Vec<u8>,
    /// The entry's place, from 0.
    pub index: u64,
    /// The hashes beside its way to the root, from the leaf upwards.
    pub hashes: Vec<Hash>,
    /// The checkpoint's note.
    pub note: Note,
}

/// Why a proof was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProofFault {
    /// Not a proof.
    #[error("not an inclusion proof: expected `{HEADER}`, the entry, an index, hashes, an empty line and a checkpoint")]
    Shape,
    /// See [`NoteFault`].
    #[error("its checkpoint: {0}")]
    Note(#[from] NoteFault),
    /// See [`CheckpointFault`].
    #[error("its checkpoint: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// Not a proof of consistency.
    #[error("not a consistency proof: expected `old` and a number, hashes, an empty line and a checkpoint")]
    NoContinuation,
    /// The hashes do not lead from one root to the other.
    #[error("it does not show that the log continues the earlier checkpoint")]
    Forked,
    /// The hashes lead to another root.
    #[error("it does not lead from this entry to the root of its checkpoint")]
    Root,
}

/// A proof that a log continues an earlier state of it: what C2SP witnesses are sent. Nothing in it is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Continuation {
    /// How many entries the log had.
    pub old: u64,
    /// The hashes that lead from the earlier root to the later one.
    pub hashes: Vec<Hash>,
    /// The later checkpoint's note.
    pub note: Note,
}

impl Continuation {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofFault::NoContinuation`], [`ProofFault::Note`].
    pub fn read(bytes: &[u8]) -> Result<Self, ProofFault> {
        let no = || ProofFault::NoContinuation;
        let text = std::str::from_utf8(bytes).map_err(|_| no())?;
        let (head, note) = text.split_once("\n\n").ok_or_else(no)?;
        let mut lines = head.split('\n');
        let old = lines.next().and_then(|line| line.strip_prefix("old ")?.parse().ok()).ok_or_else(no)?;
        // Twice as many as an inclusion proof has at most, RFC 6962, 2.1.2.
        let hashes = lines.map(hash).take(2 * MOST_HASHES).collect::<Option<Vec<Hash>>>().ok_or_else(no)?;
        let proof = Self { old, hashes, note: Note::read(note.as_bytes())? };
        if proof.to_string() == text { Ok(proof) } else { Err(no()) }
    }

    /// The later checkpoint, where the log continues the earlier one.
    ///
    /// # Errors
    /// [`ProofFault::Checkpoint`], [`ProofFault::Forked`].
    pub fn verify(&self, earlier: &Checkpoint, log: &VerifierKey) -> Result<Checkpoint, ProofFault> {
        let checkpoint = Checkpoint::open(&self.note, log)?;
        let (first, second) = ((earlier.size, earlier.root), (checkpoint.size, checkpoint.root));
        if self.old == earlier.size && tree::continues(first, second, &self.hashes) {
            Ok(checkpoint)
        } else {
            Err(ProofFault::Forked)
        }
    }
}

impl fmt::Display for Continuation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "old {}", self.old)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}

fn hash(line: &str) -> Option<Hash> {
    BASE64.decode(line.as_bytes()).ok()?.try_into().ok()
}

impl Proof {
    /// Reads a proof.
    ///
    /// # Errors
    /// [`ProofFault::Shape`], [`ProofFault::Note`].
    pub fn read(bytes: &[u8]) -> Result<Self, ProofFault> {
        let text = std::str::from_utf8(bytes).map_err(|_| ProofFault::Shape)?;
        let (head, note) = text.split_once("\n\n").ok_or(ProofFault::Shape)?;
        let mut lines = head.split('\n');
        let mut field = |name: &str| lines.next()?.strip_prefix(name);
        let fields = || {
            field(HEADER)?;
            Some((BASE64.decode(field("extra ")?.as_bytes()).ok()?, field("index ")?.parse().ok()?))
        };
        let (entry, index) = { fields }().ok_or(ProofFault::Shape)?;
        let hashes = lines.map(hash).take(MOST_HASHES + 1).collect::<Option<Vec<Hash>>>().ok_or(ProofFault::Shape)?;
        let proof = Self { entry, index, hashes, note: Note::read(note.as_bytes())? };
        if proof.hashes.len() <= MOST_HASHES && proof.to_string() == text { Ok(proof) } else { Err(ProofFault::Shape) }
    }

    /// The checkpoint of the log that the entry is proven to be in.
    ///
    /// # Errors
    /// [`ProofFault::Checkpoint`], [`ProofFault::Root`].
    pub fn verify(&self, log: &VerifierKey) -> Result<Checkpoint, ProofFault> {
        let checkpoint = Checkpoint::open(&self.note, log)?;
        let root = tree::root_of(tree::leaf_hash(&self.entry), self.index, checkpoint.size, &self.hashes);
        if root == Some(checkpoint.root) { Ok(checkpoint) } else { Err(ProofFault::Root) }
    }
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{HEADER}\nextra {}\nindex {}", BASE64.encode(&self.entry), self.index)?;
        for hash in &self.hashes {
            writeln!(f, "{}", BASE64.encode(hash))?;
        }
        write!(f, "\n{}", self.note)
    }
}
