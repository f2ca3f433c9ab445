//! From a decision and its materials to the files of an evidence folder.
//!
//! What must stay true: the same decision, materials and key give the same bytes, but for a timestamp, and nothing is written here.

use std::collections::BTreeMap;

use super::bundle::Bundle;
use super::dsse::{Envelope, SealFault};
use super::keys::{SIGNATURE_BYTES, Sign};
use super::materials::{Material, MaterialsList};
use super::predicate::gate_decision::{self, GateDecision, Known, MaterialsRef, NAME, ShortTexts, SubjectSource};
use super::predicate::vsa;
use super::statement::{DigestSet, LongTexts, MAX_SUBJECTS, STATEMENT_TYPE, Statement, Subject};
use super::{BLOBS, BUNDLE_FILE};
use crate::decision::{Decision, Outcome};
use crate::model::digest::{CommitId, Digest};
use crate::model::text::Untrusted;

/// Everything that evidence is made from.
#[derive(Clone, Debug)]
pub struct EvidenceInput<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// The facts' bytes; `None` only where an error came before them.
    pub facts: Option<Vec<u8>>,
    /// Every file that was read.
    pub materials: &'a [Material<'a>],
    /// The commit as a subject; used where no artifact was declared.
    pub commit: Option<&'a CommitSubject>,
}

/// The commit as a subject.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommitSubject {
    /// Of what `git cat-file commit` prints.
    pub sha256: Digest,
    /// Its name.
    pub git_commit: CommitId,
}

/// The files of an evidence folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// The decision's id, which names the folder.
    pub id: String,
    /// Path within the folder, with `/`, and bytes.
    pub files: BTreeMap<String, Vec<u8>>,
    /// The signing key's fingerprint; `None` for unsigned evidence.
    pub keyid: Option<String>,
}

/// Why there is no evidence.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFault {
    /// The caller declared more than a statement can be about.
    #[error("{0} artifacts are declared, and a statement is about at most {MAX_SUBJECTS}: decide them in several runs")]
    TooManySubjects(usize),
    /// A bug: the id names the folder.
    #[error("the decision's id is no plain name: this is a bug, please report it")]
    Id,
    /// A bug: the facts are not those of the decision.
    #[error("the facts are not those that the decision was made from: this is a bug, please report it")]
    OtherFacts,
    /// A bug: the commit given as subject is not the one that was decided about.
    #[error("the commit object is not that of the decision's commit: this is a bug, please report it")]
    OtherCommit,
    /// The timestamp authority failed.
    #[error("no timestamp: {0}")]
    Timestamp(String),
    /// The signer failed, or a bug.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// A bug: a number that is not finite.
    #[error("the decision could not be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// Whoever says by when a signature existed.
pub trait Timestamper {
    /// The DER of a timestamp over a signature, which was checked as far as that can be without knowing whom a verifier believes.
    ///
    /// # Errors
    /// The reason, in words.
    fn stamp(&self, signature: [u8; SIGNATURE_BYTES]) -> Result<Vec<u8>, String>;
}

/// Makes the evidence of a decision, signed where there is a signer, and its signature stamped where there is who does that.
///
/// # Errors
/// See [`EvidenceFault`].
pub fn assemble(
    mut input: EvidenceInput<'_>,
    signer: Option<&dyn Sign>,
    timestamper: Option<&dyn Timestamper>,
) -> Result<Evidence, EvidenceFault> {
    let decision = input.decision;
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    if decision.id.is_empty() || decision.id.len() > 64 || !decision.id.bytes().all(plain) {
        return Err(EvidenceFault::Id);
    }
    let facts = facts_digest(&input)?;
    let mut texts = LongTexts::default();
    let short = ShortTexts::of(decision, &mut texts);
    let named = named_subjects(&input, &mut texts)?;

    let (list, mut blobs) = MaterialsList::new(decision, input.materials, texts);
    let counts = list.counts();
    let materials = keep(&mut blobs, serde_json::to_vec(&list)?);
    let result = keep(&mut blobs, decision.to_bytes()?);
    if let (Some(digest), Some(bytes)) = (facts, input.facts.take()) {
        blobs.insert(digest, bytes);
    }

    let (subject_source, subject) = named.unwrap_or_else(|| unbound_subject(facts, materials));
    let known = Known {
        facts: facts.map(DigestSet::from),
        result: result.into(),
        materials: MaterialsRef { digest: materials.into(), counts },
        subject_source,
        signed: signer.is_some(),
    };
    let statement = Statement {
        statement_type: STATEMENT_TYPE.into(),
        subject,
        predicate_type: gate_decision::PREDICATE.uri.into(),
        predicate: GateDecision::new(decision, short, known),
    };
    let mut files = envelopes(decision, &statement, signer, timestamper)?;
    files.extend(blobs.into_iter().map(|(digest, bytes)| (format!("{BLOBS}{}", digest.hex()), bytes)));
    Ok(Evidence { id: decision.id.clone(), files, keyid: signer.map(|signer| signer.public().fingerprint()) })
}

/// The three envelopes; the decision's alone where there is no signer.
fn envelopes(
    decision: &Decision,
    statement: &Statement<GateDecision>,
    signer: Option<&dyn Sign>,
    timestamper: Option<&dyn Timestamper>,
) -> Result<BTreeMap<String, Vec<u8>>, EvidenceFault> {
    let payload = serde_json::to_vec(statement)?;
    let Some(signer) = signer else {
        let bytes = Envelope::unsigned(&payload)?.to_bytes()?;
        return Ok(BTreeMap::from([(gate_decision::PREDICATE.file.to_owned(), bytes)]));
    };
    let envelope = Envelope::sealed(&payload, signer)?;
    let bytes = envelope.to_bytes()?;
    let mut files = BTreeMap::new();
    let signature = envelope.decode().ok().and_then(|decoded| decoded.signature());
    let timestamp = match (timestamper, signature) {
        (Some(timestamper), Some(signature)) => Some(timestamper.stamp(signature).map_err(EvidenceFault::Timestamp)?),
        _ => None,
    };
    if let Some(bundle) = Bundle::around(&envelope, timestamp.as_deref()) {
        files.insert(BUNDLE_FILE.to_owned(), bundle.to_bytes()?);
    }
    if let Some(summary) = vsa::summary(decision, statement, Digest::of(&bytes)) {
        let sealed = Envelope::sealed(&serde_json::to_vec(&summary)?, signer)?;
        files.insert(vsa::PREDICATE.file.to_owned(), sealed.to_bytes()?);
    }
    files.insert(gate_decision::PREDICATE.file.to_owned(), bytes);
    Ok(files)
}

/// The digest of the facts, which must be the decision's own. A run that ended in an error may have none.
fn facts_digest(input: &EvidenceInput<'_>) -> Result<Option<Digest>, EvidenceFault> {
    match input.facts.as_ref().map(Digest::of) {
        Some(digest) if digest == input.decision.gate.facts_digest => Ok(Some(digest)),
        None if input.decision.outcome == Outcome::Error => Ok(None),
        Some(_) | None => Err(EvidenceFault::OtherFacts),
    }
}

/// What is released: the declared artifacts, else the commit.
fn named_subjects(
    input: &EvidenceInput<'_>,
    texts: &mut LongTexts,
) -> Result<Option<(SubjectSource, Vec<Subject>)>, EvidenceFault> {
    let artifacts = &input.decision.artifacts;
    if artifacts.len() > MAX_SUBJECTS {
        return Err(EvidenceFault::TooManySubjects(artifacts.len()));
    }
    if !artifacts.is_empty() {
        let subject = |artifact: &crate::model::artifact::Artifact| Subject {
            name: texts.bounded(&artifact.name, NAME),
            digest: artifact.digest.into(),
        };
        return Ok(Some((SubjectSource::Artifacts, artifacts.iter().map(subject).collect())));
    }
    let Some(commit) = input.commit else { return Ok(None) };
    let change = &input.decision.change;
    if change.commit.as_ref() != Some(&commit.git_commit) {
        return Err(EvidenceFault::OtherCommit);
    }
    let name = change.repository.clone().unwrap_or_else(|| Untrusted::from("commit"));
    let digest = DigestSet { sha256: commit.sha256, git_commit: Some(commit.git_commit.clone()) };
    Ok(Some((SubjectSource::Commit, vec![Subject { name: texts.bounded(&name, NAME), digest }])))
}

/// A statement needs a subject even where nothing can be released: the facts, else the materials.
fn unbound_subject(facts: Option<Digest>, materials: Digest) -> (SubjectSource, Vec<Subject>) {
    let (source, name, digest) = match facts {
        Some(facts) => (SubjectSource::Facts, "facts", facts),
        None => (SubjectSource::Materials, "materials", materials),
    };
    (source, vec![Subject { name: name.into(), digest: digest.into() }])
}

fn keep(blobs: &mut BTreeMap<Digest, Vec<u8>>, bytes: Vec<u8>) -> Digest {
    let digest = Digest::of(&bytes);
    blobs.insert(digest, bytes);
    digest
}
