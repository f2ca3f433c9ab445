//! `https://countersign.dev/attestation/gate-decision/v1`: the decision, small enough to be signed by any key service.
//!
//! What must stay true: integers only, every text within its limit, every list elsewhere (in the materials, held by digest),
//! so that the largest decision there can be still fits what is signed.

use serde::{Deserialize, Serialize};

use super::Predicate;
use crate::decision::{Decision, FailOn, Outcome, Totals};
use crate::evidence::DECISION_FILE;
use crate::evidence::materials::MaterialCounts;
use crate::evidence::statement::{DigestSet, LongTexts, bounded};
use crate::facts::{Clock, JudgingSource, Mode};
use crate::model::change::{Change, Run};
use crate::model::digest::CommitId;
use crate::model::exception::ExceptionState;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// The row of this predicate.
pub static PREDICATE: Predicate = Predicate {
    uri: "https://countersign.dev/attestation/gate-decision/v1",
    file: DECISION_FILE,
    title: "gate decision",
};

/// The longest text of a field, in bytes as JSON spells it; longer ones are a digest, with the text in the materials.
const TEXT: usize = 100;

/// The longest repository, ref and subject name.
pub(in crate::evidence) const NAME: usize = 160;

/// The longest gate id.
const GATE_ID: usize = 200;

/// What the gate decided, and everything that it depends on, by digest.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct GateDecision {
    /// The decision's id.
    pub decision_id: Untrusted,
    /// Pass, warn, block or error.
    pub outcome: Outcome,
    /// Enforce or audit.
    pub mode: Mode,
    /// Which outcome failed the run.
    pub fail_on: FailOn,
    /// Who decided.
    pub gate: Gate,
    /// The policy engine and its version.
    pub engine: Untrusted,
    /// The instant of the decision, as the signer says.
    pub evaluation_time: Timestamp,
    /// The machine's clock, or pinned by a flag.
    pub clock_source: Clock,
    /// What would be released, where to, by which run.
    pub target: Target,
    /// The name of the profile.
    pub profile: Untrusted,
    /// The digest over all policies, in order of path.
    pub policy_digest: DigestSet,
    /// The document that policies saw; absent where none came to be.
    pub facts: Option<DigestSet>,
    /// The decision document.
    pub result: DigestSet,
    /// The list of everything that was read.
    pub materials: MaterialsRef,
    /// What the statement's subject is.
    pub subject_source: SubjectSource,
    /// How many of what.
    pub counts: Counts,
    /// How much the decision can be relied on.
    pub assurance: AssuranceRef,
    /// Where the judging inputs came from.
    pub judging: JudgingRef,
    /// Whether the gate had a key.
    pub signed: bool,
}

/// Who decided.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// A URI that contains the environment.
    pub id: Untrusted,
    /// The version of the program.
    pub version: Untrusted,
}

/// What would be released, where to, by which run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Target {
    /// The environment.
    pub environment: Untrusted,
    /// `owner/name`.
    pub repository: Option<Untrusted>,
    /// The commit.
    pub commit: Option<CommitId>,
    /// The full ref.
    #[serde(rename = "ref")]
    pub git_ref: Option<Untrusted>,
    /// The CI run.
    pub ci_run: CiRun,
}

/// The CI run, each field as far as known.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CiRun {
    /// `github`, `gitlab`, …
    pub provider: Option<Untrusted>,
    /// The provider's id of the run.
    pub id: Option<Untrusted>,
    /// The attempt.
    pub attempt: Option<Untrusted>,
    /// Who started it.
    pub actor: Option<Untrusted>,
    /// The event that started it.
    pub event: Option<Untrusted>,
}

/// The materials blob, and what it must hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct MaterialsRef {
    /// Of the blob.
    pub digest: DigestSet,
    /// Entries by kind.
    pub counts: MaterialCounts,
}

/// What the statement's subject is, strongest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum SubjectSource {
    /// The artifacts that were declared.
    Artifacts,
    /// The commit object.
    Commit,
    /// The facts: nothing that could be released.
    Facts,
    /// The materials: there was not even a fact.
    Materials,
}

impl SubjectSource {
    /// Whether the decision is bound to something that can be released.
    #[must_use]
    pub const fn is_bound(self) -> bool {
        matches!(self, Self::Artifacts | Self::Commit)
    }
}

/// How many of what; the decision document has the rest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Counts {
    /// Findings.
    pub findings: u64,
    /// Findings judged as they are.
    pub open: u64,
    /// Findings that an admitted exception covers.
    pub excepted: u64,
    /// Findings that a trusted tool suppressed.
    pub suppressed: u64,
    /// Findings that an admitted VEX statement clears.
    pub not_affected: u64,
    /// Findings that are gone.
    pub resolved: u64,
    /// Deny verdicts.
    pub deny: u64,
    /// Warn verdicts.
    pub warn: u64,
    /// Exceptions without which the outcome would be worse.
    pub decisive: u64,
    /// Obligations that the release leaves.
    pub obligations: u64,
    /// Errors that kept the gate from a decision.
    pub errors: u64,
}

/// The assurance level; the reasons are in the decision document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AssuranceRef {
    /// 0 to 3.
    pub level: u8,
    /// How many reasons keep it from the next level.
    pub reasons: u64,
}

/// Where the judging inputs came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct JudgingRef {
    /// The tip of the target branch, or the working tree.
    pub source: JudgingSource,
    /// The commit that they were read from.
    pub commit: Option<CommitId>,
}

/// What is known when the predicate is made, beside the decision.
pub(in crate::evidence) struct Known {
    pub(in crate::evidence) facts: Option<DigestSet>,
    pub(in crate::evidence) result: DigestSet,
    pub(in crate::evidence) materials: MaterialsRef,
    pub(in crate::evidence) subject_source: SubjectSource,
    pub(in crate::evidence) signed: bool,
}

impl GateDecision {
    /// The predicate of a decision.
    pub(in crate::evidence) fn new(decision: &Decision, short: ShortTexts, known: Known) -> Self {
        let ShortTexts { gate, engine, profile, target } = short;
        let Known { facts, result, materials, subject_source, signed } = known;
        Self {
            decision_id: Untrusted::from(decision.id.as_str()),
            outcome: decision.outcome,
            mode: decision.mode,
            fail_on: decision.fail_on,
            gate,
            engine,
            evaluation_time: decision.decided_at,
            clock_source: decision.clock,
            target,
            profile,
            policy_digest: decision.gate.policy_digest.into(),
            facts,
            result,
            materials,
            subject_source,
            counts: Counts::of(decision),
            assurance: AssuranceRef {
                level: decision.assurance.level,
                reasons: count(decision.assurance.because.len()),
            },
            judging: JudgingRef { source: decision.judging.source, commit: decision.judging.commit.clone() },
            signed,
        }
    }
}

impl Counts {
    fn of(decision: &Decision) -> Self {
        let Totals { findings, open, excepted, suppressed, not_affected, resolved, deny, warn, .. } = decision.totals;
        let decisive = |state| matches!(state, ExceptionState::Decisive | ExceptionState::JointlyDecisive);
        Self {
            findings,
            open,
            excepted,
            suppressed,
            not_affected,
            resolved,
            deny,
            warn,
            decisive: count(decision.exceptions.iter().filter(|exception| decisive(exception.state)).count()),
            obligations: count(decision.obligations.len()),
            errors: count(decision.errors.len()),
        }
    }
}

/// The predicate's texts, each within its limit. Made before the materials, which keep the long ones.
pub(in crate::evidence) struct ShortTexts {
    gate: Gate,
    engine: Untrusted,
    profile: Untrusted,
    target: Target,
}

impl ShortTexts {
    /// Bounds every text of the decision that the predicate shows.
    pub(in crate::evidence) fn of(decision: &Decision, texts: &mut LongTexts) -> Self {
        Self {
            gate: Gate {
                id: texts.bounded(&decision.gate.id, GATE_ID),
                version: texts.bounded(&Untrusted::from(decision.gate.version.as_str()), TEXT),
            },
            engine: texts.bounded(&Untrusted::from(decision.gate.engine.as_str()), TEXT),
            profile: texts.bounded(&decision.profile, TEXT),
            target: Target::of(decision, texts),
        }
    }
}

impl Target {
    fn of(decision: &Decision, texts: &mut LongTexts) -> Self {
        let Change { repository, commit, git_ref, actor, run, .. } = &decision.change;
        let Run { provider, id, attempt, event, .. } = run;
        let mut at_most = |text: &Option<Untrusted>, limit| text.as_ref().map(|text| texts.bounded(text, limit));
        Self {
            repository: at_most(repository, NAME),
            commit: commit.clone(),
            git_ref: at_most(git_ref, NAME),
            ci_run: CiRun {
                provider: at_most(provider, TEXT),
                id: at_most(id, TEXT),
                attempt: at_most(attempt, TEXT),
                actor: at_most(actor, TEXT),
                event: at_most(event, TEXT),
            },
            environment: texts.bounded(&decision.environment, TEXT),
        }
    }

    /// Whether the environment has that name.
    #[must_use]
    pub fn is_environment(&self, name: &str) -> bool {
        self.environment == bounded(name, TEXT)
    }

    /// Whether the repository has that name.
    #[must_use]
    pub fn is_repository(&self, name: &str) -> bool {
        self.repository == Some(bounded(name, NAME))
    }

    /// Whether the full ref is that one.
    #[must_use]
    pub fn is_ref(&self, git_ref: &str) -> bool {
        self.git_ref == Some(bounded(git_ref, NAME))
    }
}

impl CiRun {
    /// Whether that event started the run.
    #[must_use]
    pub fn is_event(&self, name: &str) -> bool {
        self.event == Some(bounded(name, TEXT))
    }
}

impl Gate {
    /// Whether the gate has that id.
    #[must_use]
    pub fn is(&self, id: &str) -> bool {
        self.id == bounded(id, GATE_ID)
    }
}

/// A length as the predicate's integers.
fn count(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}
