//! The log as a whole: its lines, and the checkpoint that vouches for them.
//!
//! What must stay true: a [`Log`] exists only where every entry is sound, every sequence is without gaps and the root is the one
//! that the key signed; and [`Log::grown`] is the only way to a larger one.

use std::collections::BTreeMap;

use super::checkpoint::{Checkpoint, CheckpointFault};
use super::entry::{Entry, EntryFault};
use super::note::{Note, NoteFault, VerifierKey};
use super::proof::Proof;
use super::tree::{self, Hash};
use crate::evidence::keys::Sign;
use crate::model::digest::Digest;

/// A log whose checkpoint holds.
#[derive(Clone, Debug)]
pub struct Log {
    note: Note,
    checkpoint: Checkpoint,
    entries: Vec<Entry>,
    lines: Vec<Vec<u8>>,
    hashes: Vec<Hash>,
    /// Bytes of the file that the checkpoint covers.
    covered: usize,
    /// Bytes after them: an append that did not come to its end.
    beyond: usize,
}

/// Why a log was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LogFault {
    /// See [`CheckpointFault`].
    #[error("checkpoint: {0}")]
    Checkpoint(#[from] CheckpointFault),
    /// Lines are gone.
    #[error("history.jsonl has {lines} whole lines, its checkpoint covers {size}: entries were removed")]
    Shorter {
        /// Whole lines.
        lines: u64,
        /// The checkpoint's size.
        size: u64,
    },
    /// A line was changed, added or moved.
    #[error("history.jsonl does not lead to the root of its checkpoint: an entry was changed, inserted or moved")]
    Root,
    /// A line that is no entry.
    #[error("history.jsonl, line {line}: {fault}")]
    Entry {
        /// From 1.
        line: usize,
        /// What is wrong.
        fault: EntryFault,
    },
    /// A number is missing or given twice.
    #[error("history.jsonl, line {line}: sequence {found} where {due} is due")]
    Sequence {
        /// From 1.
        line: usize,
        /// The number in the entry.
        found: u64,
        /// The next of its series.
        due: u64,
    },
    /// The evidence is in the log already.
    #[error("history.jsonl, line {line}: the same decision as in line {first}")]
    Twice {
        /// From 1.
        line: usize,
        /// From 1.
        first: usize,
    },
    /// The log was cut back, or split in two.
    #[error(
        "the earlier checkpoint of {earlier} entries is not a beginning of this log of {size}: it was rewritten or cut back"
    )]
    Forked {
        /// The earlier size.
        earlier: u64,
        /// The size now.
        size: u64,
    },
    /// See [`NoteFault`].
    #[error("checkpoint: {0}")]
    Sign(#[from] NoteFault),
}

/// What an append adds.
#[derive(Clone, Debug)]
pub struct Grown {
    /// The entries, in order.
    pub entries: Vec<Entry>,
    /// Their lines with their ends: what is written after the bytes that are covered.
    pub bytes: Vec<u8>,
    /// The checkpoint that covers all.
    pub note: Note,
}

impl Log {
    /// A log from its two files.
    ///
    /// # Errors
    /// See [`LogFault`].
    pub fn open(history: &[u8], note: Note, key: &VerifierKey) -> Result<Self, LogFault> {
        let checkpoint = Checkpoint::open(&note, key)?;
        let whole: Vec<&[u8]> = history.split_inclusive(|b| *b == b'\n').filter(|line| line.ends_with(b"\n")).collect();
        let size = usize::try_from(checkpoint.size).unwrap_or(usize::MAX);
        let lines = whole.get(..size).ok_or(LogFault::Shorter { lines: whole.len() as u64, size: checkpoint.size })?;
        let covered = lines.iter().map(|line| line.len()).sum();
        let lines: Vec<Vec<u8>> = lines.iter().map(|line| line.strip_suffix(b"\n").unwrap_or(line).to_vec()).collect();
        let hashes: Vec<Hash> = lines.iter().map(|line| tree::leaf_hash(line)).collect();
        if tree::root(&hashes) != checkpoint.root {
            return Err(LogFault::Root);
        }
        let entries = sound(&lines)?;
        Ok(Self { note, checkpoint, entries, lines, hashes, covered, beyond: history.len() - covered })
    }

    /// The checkpoint of a log without entries.
    ///
    /// # Errors
    /// [`LogFault::Sign`].
    pub fn begun(origin: &str, signer: &dyn Sign) -> Result<Note, LogFault> {
        let empty = Checkpoint { origin: origin.to_owned(), size: 0, root: tree::root(&[]) };
        Ok(empty.sign(signer)?)
    }

    /// What it takes to add these entries: each gets the next number of its series; what the log has already is left out.
    ///
    /// # Errors
    /// [`LogFault::Sign`].
    pub fn grown(&self, new: Vec<Entry>, signer: &dyn Sign) -> Result<Grown, LogFault> {
        let mut last: BTreeMap<_, u64> = BTreeMap::new();
        let series = |entry: &Entry| {
            let (repository, service, environment) = entry.series();
            (repository.cloned(), service.cloned(), environment.clone())
        };
        for entry in &self.entries {
            last.insert(series(entry), entry.sequence);
        }
        let mut known: Vec<Digest> = self.entries.iter().map(|entry| entry.decision).collect();
        known.sort_unstable();
        let (mut entries, mut bytes, mut hashes) = (Vec::new(), Vec::new(), self.hashes.clone());
        for mut entry in new {
            let Err(place) = known.binary_search(&entry.decision) else { continue };
            known.insert(place, entry.decision);
            let number = last.entry(series(&entry)).or_default();
            *number += 1;
            entry.sequence = *number;
            let line = entry.line();
            hashes.push(tree::leaf_hash(&line));
            bytes.extend_from_slice(&line);
            bytes.push(b'\n');
            entries.push(entry);
        }
        let size = hashes.len() as u64;
        let checkpoint = Checkpoint { origin: self.checkpoint.origin.clone(), size, root: tree::root(&hashes) };
        Ok(Grown { entries, bytes, note: checkpoint.sign(signer)? })
    }

    /// That an earlier checkpoint of this log is a beginning of it.
    ///
    /// # Errors
    /// [`LogFault::Forked`].
    pub fn continues(&self, earlier: &Checkpoint) -> Result<(), LogFault> {
        let beginning = usize::try_from(earlier.size).ok().and_then(|size| self.hashes.get(..size));
        match beginning {
            Some(hashes) if tree::root(hashes) == earlier.root => Ok(()),
            _ => Err(LogFault::Forked { earlier: earlier.size, size: self.checkpoint.size }),
        }
    }

    /// The inclusion proof of the entry at `index`, from 0.
    #[must_use]
    pub fn proof(&self, index: usize) -> Option<Proof> {
        let hashes = tree::included(&self.hashes, index)?;
        Some(Proof { entry: self.lines.get(index)?.clone(), index: index as u64, hashes, note: self.note.clone() })
    }

    /// Where the entry of this envelope is, from 0.
    #[must_use]
    pub fn index_of(&self, decision: Digest) -> Option<usize> {
        self.entries.iter().position(|entry| entry.decision == decision)
    }

    /// The proof that the first `size` entries are a beginning of this log.
    #[must_use]
    pub fn consistency(&self, size: u64) -> Option<Vec<Hash>> {
        tree::consistency(&self.hashes, usize::try_from(size).ok()?)
    }

    /// The root over the first `size` entries.
    #[must_use]
    pub fn root_at(&self, size: usize) -> Option<Hash> {
        self.hashes.get(..size).map(tree::root)
    }

    /// The entries, in order.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The checkpoint.
    #[must_use]
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The checkpoint's note.
    #[must_use]
    pub const fn note(&self) -> &Note {
        &self.note
    }

    /// How many bytes of the file the checkpoint covers.
    #[must_use]
    pub const fn covered(&self) -> usize {
        self.covered
    }

    /// How many bytes come after them: what an append left that did not come to its end.
    #[must_use]
    pub const fn beyond(&self) -> usize {
        self.beyond
    }
}

/// Every line an entry, every decision once, every sequence without gaps.
fn sound(lines: &[Vec<u8>]) -> Result<Vec<Entry>, LogFault> {
    let mut entries = Vec::with_capacity(lines.len());
    for (n, line) in lines.iter().enumerate() {
        entries.push(Entry::read(line).map_err(|fault| LogFault::Entry { line: n + 1, fault })?);
    }
    let mut last = BTreeMap::new();
    let mut seen = BTreeMap::new();
    for (line, entry) in (1..).zip(&entries) {
        if let Some(first) = seen.insert(entry.decision, line) {
            return Err(LogFault::Twice { line, first });
        }
        let number = last.entry(entry.series()).or_insert(0_u64);
        *number += 1;
        if entry.sequence != *number {
            return Err(LogFault::Sequence { line, found: entry.sequence, due: *number });
        }
    }
    Ok(entries)
}
