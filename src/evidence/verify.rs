//! Check an evidence folder, step by step, in the order of the numbers.
//!
//! What must stay true: nothing of a payload is looked at before its signature holds; a step that could not be done is never
//! a PASS; and a failed step fails the whole, whichever it is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::BUNDLE_FILE;
use super::approvals::{self, Judged};
use super::bundle::Bundle;
use super::dsse::{Decoded, Envelope, EnvelopeFault};
use super::kept::{Kept, blob_name};
use super::keys::{PublicKey, SIGNATURE_BYTES};
use super::predicate::gate_decision::{self, GateDecision};
use super::predicate::vsa::{self, Due};
use super::statement::{MAX_SUBJECTS, STATEMENT_TYPE, Statement};
use super::trust::{KeyRole, TrustList, TrustedKey};
use crate::decision::Outcome;
use crate::exceptions::AllowedSigners;
use crate::facts::{Clock, Mode};
use crate::model::digest::Digest;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Timestamp;
use crate::strict::json;

/// How far a signer's clock may be ahead of ours.
pub(super) const CLOCK_SKEW_SECONDS: i64 = 300;

/// How far the decision and the timestamp over its signature may be apart: a run stamps as soon as it has signed.
const STAMPED_WITHIN_SECONDS: i64 = 86_400;

/// An evidence folder, as it was read from the disk.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Folder {
    /// Path within the folder, with `/`, and what is there.
    pub files: BTreeMap<String, Stored>,
    /// Links, pipes, empty directories and whatever else is no file: their presence fails.
    pub irregular: Vec<Untrusted>,
}

/// A file of the folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// Of its bytes.
    pub digest: Digest,
    /// Its bytes; large files, which are only compared, have none.
    pub bytes: Option<Vec<u8>>,
}

/// Which keys are trusted.
#[derive(Clone, Copy, Debug)]
pub enum Trust<'a> {
    /// This one, for everything.
    Key(&'a PublicKey),
    /// The gate keys of a trust file, each for what it is listed for.
    List(&'a TrustList),
}

/// The key that an envelope was verified with, and its entry where a trust file lists it.
#[derive(Clone, Copy)]
struct Signer<'a> {
    key: &'a PublicKey,
    listed: Option<&'a TrustedKey>,
}

/// What the caller demands of the evidence. A demand makes its step required.
#[derive(Clone, Copy, Debug)]
pub struct Demands<'a> {
    /// The keys that are trusted.
    pub trust: Trust<'a>,
    /// The digest of what is to be deployed.
    pub subject: Option<Digest>,
    /// Accept evidence about anything, where nobody holds what it is about.
    pub any_subject: bool,
    /// Accept a block, an error and an audit, to look at them.
    pub any_outcome: bool,
    /// The outcomes that are accepted, instead of pass and warn; empty for these.
    pub outcomes: &'a [Outcome],
    /// Accept a decision at a clock that somebody chose.
    pub allow_pinned_clock: bool,
    /// The environment that the decision must be for.
    pub environment: Option<&'a str>,
    /// The gate that must have decided.
    pub gate: Option<&'a str>,
    /// The repository that the decision must be about.
    pub repository: Option<&'a str>,
    /// The ref that the run must have been on.
    pub git_ref: Option<&'a str>,
    /// The event that must have started the run.
    pub event: Option<&'a str>,
    /// The policies that must have been in force.
    pub policy_digest: Option<Digest>,
    /// The least assurance level that is accepted.
    pub least_assurance: Option<u8>,
    /// The oldest decision that is accepted, in seconds.
    pub max_age_seconds: Option<i64>,
    /// Who may approve, instead of whom the evidence says.
    pub signers: Option<&'a AllowedSigners>,
    /// When others than the signer saw the evidence.
    pub seen: Option<&'a TimeByOthers>,
    /// Who is believed about timestamps: one that is there must be theirs.
    pub stamps: Option<&'a dyn Stamps>,
    /// There must be one.
    pub needs_stamp: bool,
    /// Now.
    pub now: Timestamp,
}

/// An instant by which a signature existed, by the word of others than the signer. Whoever makes one has checked it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TimeByOthers {
    /// The instant.
    pub at: Timestamp,
    /// Who says so.
    pub by: String,
}

/// Whose timestamps are believed.
pub trait Stamps: fmt::Debug + Sync {
    /// By when a signature existed, if the DER of this timestamp is one over it and by somebody who is believed.
    ///
    /// # Errors
    /// The reason, in words.
    fn existed(&self, timestamp: &[u8], signature: &[u8; SIGNATURE_BYTES]) -> Result<TimeByOthers, String>;
}

/// The verified part of an evidence folder: only [`verify`] makes one, from bytes whose signature it checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(transparent)]
pub struct Verified<T>(T);

impl<T> std::ops::Deref for Verified<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// How one step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub enum StepState {
    /// It holds.
    #[serde(rename = "PASS")]
    Pass,
    /// It could not be done, or was not asked for.
    #[serde(rename = "NOT CHECKED")]
    NotChecked,
    /// It does not hold.
    #[serde(rename = "FAIL")]
    Fail,
}

impl StepState {
    /// The words used in every output.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Pass => "PASS",
            Self::NotChecked => "NOT CHECKED",
            Self::Fail => "FAIL",
        }
    }
}

/// One step of a verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Step {
    /// Its number.
    pub number: usize,
    /// Its name.
    pub name: &'static str,
    /// How it went.
    pub state: StepState,
    /// Whether the result needs it.
    pub required: bool,
    /// What was seen, one printable line.
    pub detail: String,
}

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Every required step passed and none failed.
    Verified,
    /// A step failed.
    Failed,
    /// No step failed, and a required one could not be done.
    Incomplete,
}

impl<'a> Demands<'a> {
    /// Nothing but the signature, and nothing relaxed.
    #[must_use]
    pub const fn of(trust: Trust<'a>, now: Timestamp) -> Self {
        Self {
            trust,
            subject: None,
            any_subject: false,
            any_outcome: false,
            outcomes: &[],
            allow_pinned_clock: false,
            environment: None,
            gate: None,
            repository: None,
            git_ref: None,
            event: None,
            policy_digest: None,
            least_assurance: None,
            max_age_seconds: None,
            signers: None,
            seen: None,
            stamps: None,
            needs_stamp: false,
            now,
        }
    }

    /// Only that the evidence holds: what it says is looked at afterwards.
    #[must_use]
    pub const fn of_any_decision(trust: Trust<'a>, now: Timestamp) -> Self {
        Self { any_outcome: true, allow_pinned_clock: true, ..Self::of(trust, now) }
    }
}

impl Verification {
    /// The same with what came of deciding again: the step counts then as any that was demanded.
    #[must_use]
    pub fn replayed(self, state: StepState, detail: &str) -> Self {
        self.with(Check::Replay, |step| {
            step.state = state;
            step.required = true;
            step.detail = neutral(detail).into_owned();
        })
    }

    /// The same with what came of looking for the decision in a log: the step counts then as any that was demanded.
    #[must_use]
    pub fn logged(self, result: &Result<String, String>) -> Self {
        self.with(Check::History, |step| {
            step.required = true;
            let (state, detail) = match result {
                Ok(detail) => (StepState::Pass, detail),
                Err(why) => (StepState::Fail, why),
            };
            step.state = state;
            step.detail = neutral(detail).into_owned();
        })
    }

    fn with(mut self, check: Check, change: impl FnOnce(&mut Step)) -> Self {
        if let Some(step) = self.steps.get_mut(check as usize) {
            change(step);
        }
        self.verdict = Verdict::of(&self.steps);
        self
    }
}

impl Verdict {
    fn of(steps: &[Step]) -> Self {
        if steps.iter().any(|step| step.state == StepState::Fail) {
            Self::Failed
        } else if steps.iter().any(|step| step.required && step.state != StepState::Pass) {
            Self::Incomplete
        } else {
            Self::Verified
        }
    }

    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Failed => "failed",
            Self::Incomplete => "incomplete",
        }
    }

    /// The exit code of `verify`.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Failed => 1,
            Self::Incomplete => 5,
        }
    }
}

/// What a verification found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verification {
    /// Every step, by number.
    pub steps: Vec<Step>,
    /// The result.
    pub verdict: Verdict,
    /// The statement, where its signature holds: also of a decision that was refused.
    pub statement: Option<Verified<Statement<GateDecision>>>,
    /// The key that signed it.
    pub key: Option<PublicKey>,
}

/// The steps: what `verify` prints, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Check {
    Trust,
    Envelope,
    PayloadType,
    Encoding,
    Signature,
    Statement,
    Subject,
    Scope,
    Time,
    Blobs,
    Exceptions,
    History,
    Summary,
    Replay,
    Outcome,
}

/// Every step, its name, and whether the result always needs it.
const CHECKS: &[(Check, &str, bool)] = &[
    (Check::Trust, "trust", true),
    (Check::Envelope, "envelope", true),
    (Check::PayloadType, "payload type", true),
    (Check::Encoding, "encoding", true),
    (Check::Signature, "signature", true),
    (Check::Statement, "statement", true),
    (Check::Subject, "subject", true),
    (Check::Scope, "scope", false),
    (Check::Time, "time", true),
    (Check::Blobs, "blobs", true),
    (Check::Exceptions, "exceptions", false),
    (Check::History, "history", false),
    (Check::Summary, "summary", true),
    (Check::Replay, "replay", false),
    (Check::Outcome, "outcome", true),
];

/// What a step found; a step that it has no entry for was not reached.
#[derive(Default)]
struct Log(BTreeMap<Check, (StepState, String)>);

impl Log {
    fn pass(&mut self, check: Check, detail: impl Into<String>) {
        self.0.insert(check, (StepState::Pass, detail.into()));
    }

    fn skip(&mut self, check: Check, detail: impl Into<String>) {
        self.0.insert(check, (StepState::NotChecked, detail.into()));
    }

    fn fail(&mut self, check: Check, detail: impl Into<String>) {
        self.0.insert(check, (StepState::Fail, detail.into()));
    }

    /// Records a step's result, and gives its value where there is one.
    fn settle<T>(&mut self, check: Check, result: Result<T, impl fmt::Display>, passed: &str) -> Option<T> {
        match result {
            Ok(value) => {
                self.pass(check, passed);
                Some(value)
            }
            Err(fault) => {
                self.fail(check, fault.to_string());
                None
            }
        }
    }

    /// Records a step whose value is what was seen.
    fn conclude(&mut self, check: Check, result: Checked<String>) {
        match result {
            Ok(seen) => self.pass(check, seen),
            Err(fault) => self.fail(check, fault),
        }
    }

    fn finish(mut self, found: Option<(Verified<Statement<GateDecision>>, &PublicKey)>) -> Verification {
        let unreached = (StepState::NotChecked, "not reached: an earlier step failed".to_owned());
        let steps: Vec<Step> = CHECKS
            .iter()
            .enumerate()
            .map(|(number, (check, name, required))| {
                let (state, detail) = self.0.remove(check).unwrap_or_else(|| unreached.clone());
                Step { number, name, state, required: *required, detail: neutral(&detail).into_owned() }
            })
            .collect();
        let (statement, key) = found.map(|(statement, key)| (statement, key.clone())).unzip();
        Verification { verdict: Verdict::of(&steps), steps, statement, key }
    }
}

/// Checks an evidence folder against the trusted keys and the caller's demands.
#[must_use]
pub fn verify(folder: &Folder, demands: &Demands<'_>) -> Verification {
    let mut log = Log::default();
    let statement = authenticate(folder, demands, &mut log);
    let Some((verified, signer, signed)) = statement else { return log.finish(None) };
    let statement = &verified;
    let stamp = signed.stamp(demands);
    let times = Times { stamp: stamp.as_ref().ok().and_then(Stamp::seen), witness: demands.seen };

    // 6. What the decision is about is what the caller holds.
    subject(statement, demands, &mut log);
    // 7. The right gate, environment, repository, ref and policies.
    scope(&statement.predicate, demands, signer, times, &mut log);
    // 8. Not too old, and at a clock that nobody chose; the signer's word, held against that of others where there is one.
    log.conclude(
        Check::Time,
        stamp.as_ref().map_err(String::clone).and_then(|stamp| time(&statement.predicate, demands, stamp, times)),
    );
    // 9. Every listed blob is there and equal, and nothing else is.
    let kept = Kept::of(statement, folder);
    log.conclude(Check::Blobs, blobs(folder, &statement.predicate, &kept));
    // 10. What took effect by somebody's approval was approved by them.
    match kept.map(|kept| approvals::judge(&kept, signer.key, demands.signers)) {
        Ok(Judged::Hold(seen)) => log.pass(Check::Exceptions, seen),
        Ok(Judged::Unknown(why)) | Err(why) => log.skip(Check::Exceptions, why),
        Ok(Judged::Broken(why)) => log.fail(Check::Exceptions, why),
    }
    // 11. The log of all decisions.
    log.skip(Check::History, "no proof was given; --log-proof");
    // 12. The summary says what is due for this decision, or is rightly absent.
    log.conclude(Check::Summary, summary(folder, statement, signer.key));
    // 13. Deciding again.
    log.skip(Check::Replay, "the decision was not made again; --replay does");
    // 14. Something that may be deployed.
    log.conclude(Check::Outcome, outcome(&statement.predicate, demands));

    let mut verification = log.finish(Some((verified, signer.key)));
    if demands.any_subject {
        verification = verification.with(Check::Subject, |step| step.required = false);
    }
    if demands.signers.is_some() {
        verification = verification.with(Check::Exceptions, |step| step.required = true);
    }
    verification
}

/// Steps 0 to 5: from untrusted bytes to a statement that a trusted key signed.
fn authenticate<'a>(
    folder: &Folder,
    demands: &Demands<'a>,
    log: &mut Log,
) -> Option<(Verified<Statement<GateDecision>>, Signer<'a>, Signed)> {
    // 0. A `PublicKey` cannot be a weak one, and a `TrustList` was signed by its roots.
    log.conclude(Check::Trust, trust(demands));
    // 1. One envelope in its only spelling, and the same one in the bundle.
    let (envelope, timestamp) =
        log.settle(Check::Envelope, envelope(folder), "one envelope, the same in both files")?;
    // 2. The one payload type.
    log.settle(Check::PayloadType, envelope.check_type(), super::dsse::PAYLOAD_TYPE)?;
    // 3. Strict, standard base64.
    let decoded: Decoded<'_> = log.settle(Check::Encoding, envelope.decode(), "strict standard base64")?;
    // 4. The signature of the trusted key, by the strict rules of RFC 8032.
    let signer = log.settle(Check::Signature, signer(&envelope, demands.trust), "")?;
    let signed = Signed { signature: decoded.signature(), timestamp };
    let payload = log.settle(Check::Signature, decoded.verify(signer.key), "one Ed25519 signature of this key")?;
    // 5. A gate decision, from the very bytes that were verified.
    let statement = log.settle(Check::Statement, statement(&payload), gate_decision::PREDICATE.uri)?;
    Some((Verified(statement), signer, signed))
}

/// A signature that was verified, and the timestamp that is kept beside it.
struct Signed {
    signature: Option<[u8; SIGNATURE_BYTES]>,
    timestamp: Option<Vec<u8>>,
}

/// What came of the timestamp.
enum Stamp {
    Nothing,
    /// There is one, and nobody whose timestamps are believed was named.
    NotLookedAt,
    Seen(TimeByOthers),
}

impl Stamp {
    const fn seen(&self) -> Option<&TimeByOthers> {
        match self {
            Self::Seen(seen) => Some(seen),
            Self::Nothing | Self::NotLookedAt => None,
        }
    }
}

impl Signed {
    fn stamp(&self, demands: &Demands<'_>) -> Checked<Stamp> {
        let Some(stamps) = demands.stamps else {
            return Ok(if self.timestamp.is_some() { Stamp::NotLookedAt } else { Stamp::Nothing });
        };
        let (Some(timestamp), Some(signature)) = (&self.timestamp, &self.signature) else {
            return match demands.needs_stamp {
                true => Err("it has no timestamp, and one is demanded (--tsa-root, --require-timestamp)".to_owned()),
                false => Ok(Stamp::Nothing),
            };
        };
        stamps.existed(timestamp, signature).map(Stamp::Seen).map_err(|why| format!("the timestamp: {why}"))
    }
}

/// When others than the signer saw the signature.
#[derive(Clone, Copy)]
struct Times<'a> {
    stamp: Option<&'a TimeByOthers>,
    witness: Option<&'a TimeByOthers>,
}

impl<'a> Times<'a> {
    /// The first of them: from then on it existed.
    fn first(self) -> Option<&'a TimeByOthers> {
        self.stamp.into_iter().chain(self.witness).min_by_key(|seen| seen.at)
    }
}

fn trust(demands: &Demands<'_>) -> Checked<String> {
    let list = match demands.trust {
        Trust::Key(key) => return Ok(format!("{}, given with --key", key.fingerprint())),
        Trust::List(list) => list,
    };
    let TrustList { version, issued, expires, .. } = list;
    if demands.now < *expires {
        Ok(format!("version {version} of the trust file, of {issued}"))
    } else if demands.any_outcome {
        Ok(format!("version {version} of the trust file, which expired at {expires}"))
    } else {
        Err(format!("version {version} of the trust file expired at {expires}"))
    }
}

/// The trusted key that an envelope names. The name is a hint: the signature has to be that key's.
fn signer<'a>(envelope: &Envelope, trust: Trust<'a>) -> Checked<Signer<'a>> {
    let list = match trust {
        Trust::Key(key) => return Ok(Signer { key, listed: None }),
        Trust::List(list) => list,
    };
    let keyid = envelope.keyid().ok_or_else(|| EnvelopeFault::Unsigned.to_string())?;
    let listed =
        list.key(KeyRole::Gate, keyid).ok_or_else(|| format!("the trust file lists no gate key {}", neutral(keyid)))?;
    Ok(Signer { key: &listed.public, listed: Some(listed) })
}

/// A check that failed, in words.
type Checked<T> = Result<T, String>;

pub(super) fn stored<'a>(folder: &'a Folder, name: &str) -> Checked<&'a [u8]> {
    let file = folder.files.get(name).ok_or_else(|| format!("{name} is missing"))?;
    file.bytes.as_deref().ok_or_else(|| format!("{name} is larger than any of ours"))
}

/// The envelope, and the timestamp of its bundle.
fn envelope(folder: &Folder) -> Checked<(Envelope, Option<Vec<u8>>)> {
    let name = gate_decision::PREDICATE.file;
    let envelope = Envelope::read(stored(folder, name)?).map_err(|fault| format!("{name}: {fault}"))?;
    match (envelope.is_unsigned(), folder.files.contains_key(BUNDLE_FILE)) {
        (true, false) => Ok((envelope, None)),
        (true, true) => Err(format!("{BUNDLE_FILE} exists beside an unsigned envelope")),
        (false, _) => match Bundle::check(stored(folder, BUNDLE_FILE)?, &envelope) {
            Ok(timestamp) => Ok((envelope, timestamp)),
            Err(fault) => Err(format!("{BUNDLE_FILE}: {fault}")),
        },
    }
}

fn statement(payload: &[u8]) -> Checked<Statement<GateDecision>> {
    let statement: Statement<GateDecision> = json::read(payload).map_err(|fault| fault.to_string())?;
    if statement.statement_type != STATEMENT_TYPE {
        return Err(format!("_type is not {STATEMENT_TYPE}"));
    }
    if statement.predicate_type != gate_decision::PREDICATE.uri {
        return Err(format!("predicateType is not {}", gate_decision::PREDICATE.uri));
    }
    if statement.subject.is_empty() || statement.subject.len() > MAX_SUBJECTS {
        return Err(format!("{} subjects where 1 to {MAX_SUBJECTS} are expected", statement.subject.len()));
    }
    if !statement.predicate.signed {
        return Err("a signed statement says that it is unsigned".to_owned());
    }
    Ok(statement)
}

fn subject(statement: &Statement<GateDecision>, demands: &Demands<'_>, log: &mut Log) {
    let source = statement.predicate.subject_source;
    let bound = source.is_bound();
    match demands.subject {
        None if demands.any_subject => {
            log.skip(Check::Subject, "any subject is accepted");
        }
        None if bound => {
            log.skip(Check::Subject, "give what is to be deployed with --subject, a file or sha256:DIGEST");
        }
        None => log.skip(Check::Subject, "NOT BOUND: the decision is about no artifact or commit"),
        Some(digest) => match statement.subject.iter().find(|subject| subject.digest.sha256 == digest) {
            None => log.fail(Check::Subject, format!("{digest} is not what was decided about")),
            Some(_) if !bound => {
                log.skip(Check::Subject, "NOT BOUND: the digest is of the decision's own inputs, not of a release");
            }
            Some(subject) => log.pass(Check::Subject, format!("{digest} {}", subject.name.line())),
        },
    }
}

/// What the caller demands of the decision, and what nobody demanded. PASS only where something was.
fn scope(decision: &GateDecision, demands: &Demands<'_>, signer: Signer<'_>, times: Times<'_>, log: &mut Log) {
    if let Some(Err(why)) = signer.listed.map(|listed| may_sign(listed, decision, times)) {
        return log.fail(Check::Scope, why);
    }
    let (target, level) = (&decision.target, decision.assurance.level);
    let holds = |name: Option<&str>, is: &dyn Fn(&str) -> bool| name.map(|name| (name.to_owned(), is(name)));
    let demanded: [(&str, Option<(String, bool)>); 7] = [
        ("environment", holds(demands.environment, &|name| target.is_environment(name))),
        ("gate", holds(demands.gate, &|id| decision.gate.is(id))),
        ("repository", holds(demands.repository, &|name| target.is_repository(name))),
        ("ref", holds(demands.git_ref, &|name| target.is_ref(name))),
        ("event", holds(demands.event, &|name| target.ci_run.is_event(name))),
        ("policies", demands.policy_digest.map(|pin| (pin.to_string(), decision.policy_digest.sha256 == pin))),
        ("assurance", demands.least_assurance.map(|least| (format!("{least} or more"), level >= least))),
    ];
    let open: Vec<&str> = demanded.iter().filter(|(_, demand)| demand.is_none()).map(|(what, _)| *what).collect();
    let held: Vec<(String, bool)> = demanded
        .into_iter()
        .filter_map(|(what, demand)| demand.map(|(wanted, holds)| (format!("{what} {wanted}"), holds)))
        .collect();
    if let Some((what, _)) = held.iter().find(|(_, holds)| !holds) {
        return log.fail(Check::Scope, format!("the decision is not one of {what}"));
    }
    let listed = signer.listed.map(|_| "the trust file lists the key for it".to_owned());
    let held: Vec<String> = listed.into_iter().chain(held.into_iter().map(|(what, _)| what)).collect();
    let open = if open.is_empty() { String::new() } else { format!("; nobody demanded {}", open.join(", ")) };
    if held.is_empty() {
        let environment = target.environment.line();
        return log.skip(Check::Scope, format!("for environment {environment}{open}"));
    }
    log.pass(Check::Scope, format!("{}{open}", held.join(", ")));
}

/// Whether a listed key may have signed a decision at the instant of it, and at that of the timestamp.
fn may_sign(listed: &TrustedKey, decision: &GateDecision, times: Times<'_>) -> Checked<()> {
    listed.may_sign(decision, times.first().map(|seen| seen.at))?;
    match times.stamp {
        Some(TimeByOthers { at, .. }) => listed.counts_at(*at, Some(*at), "the timestamp is of"),
        None => Ok(()),
    }
}

fn time(decision: &GateDecision, demands: &Demands<'_>, stamp: &Stamp, times: Times<'_>) -> Checked<String> {
    let at = decision.evaluation_time;
    let is_system = decision.clock_source == Clock::System;
    // What others saw earlier than it says is not younger than that.
    let age = demands.now.seconds_since(times.first().map_or(at, |seen| seen.at.min(at)));
    if decision.clock_source == Clock::Pinned && !demands.allow_pinned_clock {
        return Err(format!("the clock was pinned to {at}; --allow-pinned-clock accepts that"));
    }
    if let Some(most) = demands.max_age_seconds
        && age > most
    {
        return Err(format!("decided at {at}, {age} seconds ago: older than --max-age"));
    }
    if is_system && demands.now.seconds_since(at) < -CLOCK_SKEW_SECONDS {
        return Err(format!("decided at {at}, which is still to come"));
    }
    let seen: Vec<&TimeByOthers> = times.stamp.into_iter().chain(times.witness).collect();
    for TimeByOthers { at: seen, by } in &seen {
        if at.seconds_since(*seen) > CLOCK_SKEW_SECONDS {
            return Err(format!("decided at {at}, and {by} saw it at {seen} already: the instant is not true"));
        }
        if demands.now.seconds_since(*seen) < -CLOCK_SKEW_SECONDS {
            return Err(format!("{by} saw it at {seen}, which is still to come"));
        }
    }
    if let Some(TimeByOthers { at: stamped, by }) = times.stamp
        && is_system
        && stamped.seconds_since(at) > STAMPED_WITHIN_SECONDS
    {
        return Err(format!("decided at {at}, and stamped by {by} as late as {stamped}: more than a day after"));
    }
    let clock = if is_system { "the signer's clock" } else { "a pinned clock" };
    let others = match (seen.as_slice(), stamp) {
        ([], Stamp::NotLookedAt) if cfg!(feature = "timestamp") => {
            "signer-asserted time only: it has a timestamp, which --tsa-root looks at".to_owned()
        }
        ([], Stamp::NotLookedAt) => {
            "signer-asserted time only: it has a timestamp, and this program was built without these".to_owned()
        }
        ([], _) => "signer-asserted time only".to_owned(),
        (seen, _) => {
            let seen: Vec<String> = seen.iter().map(|seen| format!("seen by {} at {}", seen.by, seen.at)).collect();
            seen.join(", ")
        }
    };
    let age = if demands.max_age_seconds.is_some() { "" } else { "; nobody demanded --max-age" };
    Ok(format!("{at} by {clock}; {others}{age}"))
}

/// What `verify` compares in the decision document.
#[derive(Deserialize)]
struct Headline {
    id: Untrusted,
    outcome: Outcome,
    mode: Mode,
}

fn blobs(folder: &Folder, decision: &GateDecision, kept: &Checked<Kept<'_>>) -> Checked<String> {
    if let Some(odd) = folder.irregular.first() {
        return Err(format!("{} is neither a regular file nor a directory with files", odd.line()));
    }
    let mut listed: BTreeSet<Digest> = kept.as_ref().map_err(String::clone)?.retained().collect();
    listed.extend([decision.result.sha256, decision.materials.digest.sha256]);
    listed.extend(decision.facts.iter().map(|facts| facts.sha256));
    for digest in &listed {
        let name = blob_name(*digest);
        match folder.files.get(&name) {
            None => return Err(format!("{name} is missing")),
            Some(file) if file.digest != *digest => return Err(format!("{name} was changed")),
            Some(_) => {}
        }
    }
    let mut known: BTreeSet<String> = listed.iter().copied().map(blob_name).collect();
    known.extend(super::predicate::PREDICATES.iter().map(|predicate| predicate.file.to_owned()));
    known.insert(BUNDLE_FILE.to_owned());
    if let Some(unlisted) = folder.files.keys().find(|name| !known.contains(*name)) {
        return Err(format!("{} is listed nowhere", neutral(unlisted)));
    }
    let result = stored(folder, &blob_name(decision.result.sha256))?;
    let headline: Headline = json::read(result).map_err(|fault| format!("the decision document: {fault}"))?;
    if headline.id != decision.decision_id || headline.outcome != decision.outcome || headline.mode != decision.mode {
        return Err("the decision document is of another decision".to_owned());
    }
    Ok(format!("{} blobs present and equal, nothing unlisted", listed.len()))
}

fn summary(folder: &Folder, statement: &Statement<GateDecision>, key: &PublicKey) -> Checked<String> {
    let name = vsa::PREDICATE.file;
    let (result, level) = match (vsa::due(&statement.predicate), folder.files.contains_key(name)) {
        (Due::Nothing(because), false) => return Ok(format!("none, as {because}")),
        (Due::Nothing(because), true) => return Err(format!("{name} exists although {because}")),
        (Due::Summary(result, level), _) => (result, level),
    };
    let bytes = stored(folder, name)?;
    let verified = || -> Result<Vec<u8>, EnvelopeFault> {
        let envelope = Envelope::read(bytes)?;
        envelope.check_type()?;
        envelope.decode()?.verify(key)
    };
    let payload = verified().map_err(|fault| format!("{name}: {fault}"))?;
    let said = json::read(&payload).map_err(|fault| format!("{name}: {fault}"))?;
    let decision = Digest::of(stored(folder, gate_decision::PREDICATE.file)?);
    match vsa::difference(&said, statement, decision, (result, level)) {
        Some(field) => Err(format!("{name}: its {field} is not the decision's")),
        None => Ok(format!("it says {level}, as is due")),
    }
}

fn outcome(decision: &GateDecision, demands: &Demands<'_>) -> Checked<String> {
    let (word, enforced) = (decision.outcome.word(), decision.mode == Mode::Enforce);
    let deployable = [Outcome::Pass, Outcome::Warn];
    let accepted: &[Outcome] = if demands.outcomes.is_empty() { &deployable } else { demands.outcomes };
    let any = demands.any_outcome && demands.outcomes.is_empty();
    if !any && !accepted.contains(&decision.outcome) {
        return Err(if demands.outcomes.is_empty() {
            format!("{word}; --any-outcome accepts that")
        } else {
            let words: Vec<&str> = demands.outcomes.iter().map(|outcome| outcome.word()).collect();
            format!("{word}, and not {}", words.join(" or "))
        });
    }
    match (enforced, demands.any_outcome) {
        (true, false) => Ok(format!("{word}, enforced")),
        (_, true) => Ok(format!("{word}, any outcome is accepted")),
        (false, false) => Err(format!("{word}, but the gate did not enforce; --any-outcome accepts that")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_steps_are_numbered_in_the_order_of_the_enum() {
        assert!(CHECKS.iter().enumerate().all(|(number, (check, _, _))| *check as usize == number));
        assert_eq!(CHECKS.len(), Check::Outcome as usize + 1);
    }

    #[test]
    fn nothing_done_is_nothing_verified() {
        assert_eq!(Log::default().finish(None).verdict, Verdict::Incomplete);
        let mut log = Log::default();
        log.fail(Check::History, "x");
        assert_eq!(log.finish(None).verdict, Verdict::Failed);
    }
}
