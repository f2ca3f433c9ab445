//! One line of the log: what was decided, by digest and number, without anybody's name.
//!
//! What must stay true: an entry is made from a verified statement, has one spelling, and holds nothing that a person could ask
//! to have erased: people are in the evidence that it points to.

use serde::{Deserialize, Serialize};

use crate::decision::{FailOn, Outcome};
use crate::evidence::Verified;
use crate::evidence::keys::PublicKey;
use crate::evidence::predicate::gate_decision::{Counts, GateDecision};
use crate::evidence::statement::{DigestSet, Statement, Subject};
use crate::facts::{Clock, Mode};
use crate::model::digest::{CommitId, Digest};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::strict::json::{self, JsonFault};

/// The schema tag of an entry.
const SCHEMA: &str = "countersign/history-entry/v1";

/// The longest entry: what fits a leaf of tiled logs.
const MOST_BYTES: usize = 65_535;

/// An entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    schema: Untrusted,
    /// The place among the decisions of this repository, service and environment, from 1 and without gaps.
    pub sequence: u64,
    /// When it was logged, by the clock of who did.
    pub logged_at: Timestamp,
    /// Of `decision.dsse.json`.
    pub decision: Digest,
    /// The decision's id.
    pub decision_id: Untrusted,
    /// The key that signed the evidence.
    pub keyid: Untrusted,
    /// The gate that decided.
    pub gate: Untrusted,
    /// Pass, warn, block or error.
    pub outcome: Outcome,
    /// Enforce or audit.
    pub mode: Mode,
    /// Which outcome failed the run.
    pub fail_on: FailOn,
    /// When it was decided, as the signer says.
    pub evaluated_at: Timestamp,
    /// Where that instant came from.
    pub clock: Clock,
    /// The repository.
    pub repository: Option<Untrusted>,
    /// The service.
    pub service: Option<Untrusted>,
    /// The environment.
    pub environment: Untrusted,
    /// The commit of the change.
    pub commit: Option<CommitId>,
    /// What was decided about.
    pub subjects: Vec<DigestSet>,
    /// The policies that judged.
    pub policies: Digest,
    /// The level of the assurance.
    pub assurance: u8,
    /// How many of what.
    pub counts: Counts,
}

/// What an entry says beside the statement.
#[derive(Clone, Debug)]
pub struct Logged<'a> {
    /// The bytes of `decision.dsse.json`.
    pub envelope: &'a [u8],
    /// The key that they verified with.
    pub key: &'a PublicKey,
    /// The service, from the decision document.
    pub service: Option<Untrusted>,
    /// When it is logged.
    pub at: Timestamp,
}

/// Why a line is no entry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// Not the JSON of an entry.
    #[error(transparent)]
    Json(#[from] JsonFault),
    /// Of another version.
    #[error("it is not a {SCHEMA}")]
    Schema,
    /// The right content in another spelling.
    #[error("not spelled as this program spells it")]
    Respelled,
    /// Too long.
    #[error("longer than {MOST_BYTES} bytes")]
    TooLong,
}

impl Entry {
    /// The entry of verified evidence; its place is the log's to give.
    #[must_use]
    pub fn of(statement: &Verified<Statement<GateDecision>>, logged: &Logged<'_>) -> Self {
        let GateDecision { decision_id, outcome, mode, fail_on, gate, evaluation_time, clock_source, .. } =
            &statement.predicate;
        let GateDecision { target, policy_digest, counts, assurance, .. } = &statement.predicate;
        Self {
            schema: Untrusted::from(SCHEMA),
            sequence: 0,
            logged_at: logged.at,
            decision: Digest::of(logged.envelope),
            decision_id: decision_id.clone(),
            keyid: Untrusted::from(logged.key.fingerprint()),
            gate: gate.id.clone(),
            outcome: *outcome,
            mode: *mode,
            fail_on: *fail_on,
            evaluated_at: *evaluation_time,
            clock: *clock_source,
            repository: target.repository.clone(),
            service: logged.service.clone(),
            environment: target.environment.clone(),
            commit: target.commit.clone(),
            subjects: statement.subject.iter().map(|Subject { digest, .. }| digest.clone()).collect(),
            policies: policy_digest.sha256,
            assurance: assurance.level,
            counts: *counts,
        }
    }

    /// Whether this is the entry of that evidence: all of it but its number, its service and when it was logged is the statement's.
    #[must_use]
    pub fn is_of(&self, statement: &Verified<Statement<GateDecision>>, envelope: &[u8], key: &PublicKey) -> bool {
        let due = Self::of(statement, &Logged { envelope, key, service: self.service.clone(), at: self.logged_at });
        Self { sequence: self.sequence, ..due } == *self
    }

    /// Reads a line, without its end.
    ///
    /// # Errors
    /// See [`EntryFault`].
    pub fn read(line: &[u8]) -> Result<Self, EntryFault> {
        if line.len() > MOST_BYTES {
            return Err(EntryFault::TooLong);
        }
        let entry: Self = json::read(line)?;
        if entry.schema != SCHEMA {
            return Err(EntryFault::Schema);
        }
        if entry.line() == line { Ok(entry) } else { Err(EntryFault::Respelled) }
    }

    /// The line, without its end: what is hashed.
    #[must_use]
    pub fn line(&self) -> Vec<u8> {
        // Serialising plain data cannot fail; an empty line would be refused by `read`.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Whose sequence the entry is part of.
    #[must_use]
    pub fn series(&self) -> (Option<&Untrusted>, Option<&Untrusted>, &Untrusted) {
        (self.repository.as_ref(), self.service.as_ref(), &self.environment)
    }
}
