//! The decision made again, from what its evidence keeps.
//!
//! What must stay true: only verified evidence is replayed; nothing but the facts, policies, records and the recorded instant
//! goes in; and "the same" is said of the same bytes, or, by another version, of the same outcome and verdicts.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use crate::decision::{Circumstances, Outcome};
use crate::evidence::materials::Role;
use crate::evidence::predicate::gate_decision::GateDecision;
use crate::evidence::statement::Statement;
use crate::evidence::{Folder, Kept, Verified};
use crate::exceptions::{self, Context, Record};
use crate::facts::{CodeOwners, CodeOwnersFile, Dialect, Facts, Owners};
use crate::gate::{self, Case, Decided, GateError};
use crate::model::exception::Disposition;
use crate::model::finding::Finding;
use crate::model::text::Untrusted;
use crate::policy::{Bundle, Layer, PolicyFile, PolicySet};

/// Differences that are told; the rest is counted.
const MOST_TOLD: usize = 50;

/// Why a decision cannot be made again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreplayable {
    /// Evidence of an error.
    #[error("the run ended in an error: there was no decision")]
    NoDecision,
    /// Evidence of a version that kept less.
    #[error("the evidence does not say how its policies were loaded")]
    NoPolicySet,
    /// Something that was kept is missing, or not readable any more.
    #[error("{0}")]
    Unreadable(String),
}

fn unreadable(what: &str, why: impl std::fmt::Display) -> Unreplayable {
    Unreplayable::Unreadable(format!("{what}: {why}"))
}

/// A decision as it was recorded, ready to be made again.
#[derive(Debug)]
pub struct Recorded {
    /// The policies, to be loaded by the caller, who does not trust them more than any others.
    pub policies: Vec<PolicyFile>,
    /// Packages that are not ours and were evaluated.
    pub namespaces: Vec<String>,
    case: Case,
    decision: Vec<u8>,
}

impl Recorded {
    /// What a verified statement and its blobs record.
    ///
    /// # Errors
    /// [`Unreplayable`].
    pub fn of(statement: &Verified<Statement<GateDecision>>, folder: &Folder) -> Result<Self, Unreplayable> {
        let kept = Kept::of(statement, folder).map_err(Unreplayable::Unreadable)?;
        let facts = kept.facts().map_err(Unreplayable::Unreadable)?;
        if statement.predicate.outcome == Outcome::Error {
            return Err(Unreplayable::NoDecision);
        }
        let facts =
            Facts::from_bytes(facts.ok_or(Unreplayable::NoDecision)?).map_err(|e| unreadable("the facts", e))?;
        let decision = kept.decision().map_err(Unreplayable::Unreadable)?;
        let (policies, namespaces) = policies(&kept)?;
        let told = Told::read(decision).map_err(|error| unreadable("the decision document", error))?;
        let circumstances = Circumstances {
            signed: statement.predicate.signed,
            fail_on: statement.predicate.fail_on,
            builtin: policies.iter().any(|file| file.layer == Layer::Builtin),
            bound: statement.predicate.subject_source.is_bound(),
        };
        let case = case(&kept, facts, told.gate.id, circumstances)?;
        Ok(Self { policies, namespaces, case, decision: decision.to_vec() })
    }

    /// The exception records, by id.
    #[must_use]
    pub fn records(&self) -> &[Record] {
        &self.case.records
    }

    /// Decides again, compares, and gives the decision as well.
    ///
    /// # Errors
    /// There is no decision this time.
    pub fn again(self, bundle: &Bundle) -> Result<(Decided, Comparison), GateError> {
        let again = gate::judge(self.case, bundle)?;
        let comparison = compare(&self.decision, &serde_json::to_vec(&again.decision)?);
        Ok((again, comparison))
    }

    /// Decides again, and compares.
    ///
    /// # Errors
    /// There is no decision this time.
    pub fn replay(self, bundle: &Bundle) -> Result<Comparison, GateError> {
        self.again(bundle).map(|(_, comparison)| comparison)
    }
}

fn policies(kept: &Kept<'_>) -> Result<(Vec<PolicyFile>, Vec<String>), Unreplayable> {
    let list = kept.files(Role::PolicySet).find_map(|file| file.bytes).ok_or(Unreplayable::NoPolicySet)?;
    let set = PolicySet::read(list).map_err(|fault| Unreplayable::Unreadable(fault.to_string()))?;
    let blobs: BTreeMap<_, _> = kept.files(Role::Policy).filter_map(|file| Some((file.digest, file.bytes?))).collect();
    let files = set.files(|digest| blobs.get(&digest).copied());
    Ok((files.map_err(|fault| Unreplayable::Unreadable(fault.to_string()))?, set.namespaces))
}

/// The facts as they were before any exception took effect, and what stood beside them.
fn case(
    kept: &Kept<'_>,
    mut facts: Facts,
    gate_id: Untrusted,
    circumstances: Circumstances,
) -> Result<Case, Unreplayable> {
    let records = kept.records().map_err(Unreplayable::Unreadable)?;
    let codeowners = codeowners(kept)?;
    let repository = facts.change.repository.clone();
    let repository = repository.as_ref().map(Untrusted::as_raw);
    // Without allowed signers none counted as signed.
    let signers = kept.signers().map_err(Unreplayable::Unreadable)?;
    let approvers =
        signers.map(|signers| kept.approvers(&records, repository, &signers, facts.now)).unwrap_or_default();
    let owners = Owners::of(&facts.service, codeowners.as_ref(), &facts.profile.layers)
        .map_err(|fault| Unreplayable::Unreadable(fault.to_string()))?;
    for triaged in &mut facts.findings {
        triaged.exception = None;
        triaged.owner = owners.of_path(triaged.finding.location.path.as_ref());
        triaged.disposition = match gate::is_suppressed(&triaged.finding, &facts.profile) {
            true => Disposition::Suppressed,
            false => Disposition::Open,
        };
    }
    for statement in &mut facts.vex {
        statement.admitted = false;
    }
    for exception in &mut facts.exceptions {
        exception.admitted = false;
        exception.verified_approvers =
            approvers.get(&exception.record.id).map(|approvers| approvers.verified.clone()).unwrap_or_default();
    }
    let context = Context {
        service: facts.service.name.as_ref().map(Untrusted::as_raw),
        environment: facts.environment.as_raw(),
        repository,
        now: facts.now,
    };
    let findings: Vec<Finding> = facts.findings.iter().map(|triaged| triaged.finding.clone()).collect();
    let coverage = exceptions::cover(&records, &findings, &context);
    let kept: u64 = facts.reports.iter().map(|report| report.kept).sum();
    let merged_across = kept.saturating_sub(u64::try_from(findings.len()).unwrap_or(u64::MAX));
    Ok(Case { facts, records, coverage, approvers, merged_across, gate_id, circumstances })
}

fn codeowners(kept: &Kept<'_>) -> Result<Option<CodeOwnersFile>, Unreplayable> {
    let Some(file) = kept.files(Role::Ownership).next() else { return Ok(None) };
    let text = file.text().map_err(Unreplayable::Unreadable)?;
    let owners = CodeOwners::parse(text, Dialect::of(file.path.as_raw(), text));
    Ok(Some(CodeOwnersFile { path: file.path.clone(), owners }))
}

/// How the decision made again stands to the recorded one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// The same bytes.
    Identical,
    /// By another version of the program or engine: the same outcome, and the same verdicts by rule, action and finding.
    Equivalent {
        /// The version that decided.
        recorded: String,
    },
    /// Neither, and why, at least one line.
    Different(Vec<String>),
}

/// A decision document, as far as it is compared.
#[derive(Debug, Deserialize)]
struct Told {
    outcome: Outcome,
    gate: ToldGate,
    verdicts: Vec<ToldVerdict>,
}

#[derive(Debug, Deserialize)]
struct ToldGate {
    id: Untrusted,
    version: Untrusted,
    engine: Untrusted,
}

#[derive(Debug, Deserialize)]
struct ToldVerdict {
    rule: Untrusted,
    action: Untrusted,
    findings: Vec<Untrusted>,
}

impl Told {
    fn read(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(bytes)
    }

    /// `deny rule f-…`, one for each finding of each verdict.
    fn lines(&self) -> BTreeSet<String> {
        let mut lines = BTreeSet::new();
        for verdict in &self.verdicts {
            let what = format!("{} {}", verdict.action.line(), verdict.rule.line());
            if verdict.findings.is_empty() {
                lines.insert(what);
            } else {
                lines.extend(verdict.findings.iter().map(|id| format!("{what} {}", id.line())));
            }
        }
        lines
    }

    fn by(&self) -> String {
        format!("countersign {}, {}", self.gate.version.line(), self.gate.engine.line())
    }
}

fn compare(recorded: &[u8], again: &[u8]) -> Comparison {
    if recorded == again {
        return Comparison::Identical;
    }
    let (Ok(then), Ok(now)) = (Told::read(recorded), Told::read(again)) else {
        return Comparison::Different(vec!["the recorded document is none that this program writes".to_owned()]);
    };
    let mut differences = Vec::new();
    if then.outcome != now.outcome {
        differences.push(format!("the outcome was {}, and is {}", then.outcome.word(), now.outcome.word()));
    }
    let (before, after) = (then.lines(), now.lines());
    differences.extend(before.difference(&after).map(|line| format!("recorded, and not found again: {line}")));
    differences.extend(after.difference(&before).map(|line| format!("found, and not recorded: {line}")));
    let same_program = then.by() == now.by();
    if differences.is_empty() && !same_program {
        return Comparison::Equivalent { recorded: then.by() };
    }
    if differences.is_empty() {
        differences = places(recorded, again);
    }
    if !same_program {
        differences.push(format!("recorded by {}, replayed by {}", then.by(), now.by()));
    }
    let more = differences.len().saturating_sub(MOST_TOLD);
    if more > 0 {
        differences.truncate(MOST_TOLD);
        differences.push(format!("and {more} more"));
    }
    Comparison::Different(differences)
}

/// Where two documents differ, two levels deep.
fn places(recorded: &[u8], again: &[u8]) -> Vec<String> {
    let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap_or_default();
    let (recorded, again) = (read(recorded), read(again));
    let mut found = Vec::new();
    let below = |value: &Value| value.as_object().cloned().unwrap_or_default();
    let (outer, inner) = (below(&recorded), below(&again));
    let keys: BTreeSet<&String> = outer.keys().chain(inner.keys()).collect();
    for key in keys.into_iter().filter(|key| outer.get(*key) != inner.get(*key)) {
        let (old, new) = (outer.get(key).map(below), inner.get(key).map(below));
        let (old, new) = (old.unwrap_or_default(), new.unwrap_or_default());
        let keys: BTreeSet<&String> = old.keys().chain(new.keys()).filter(|k| old.get(*k) != new.get(*k)).collect();
        if keys.is_empty() {
            found.push(format!("`{key}` is not as recorded"));
        }
        found.extend(keys.into_iter().map(|inner| format!("`{key}.{inner}` is not as recorded")));
    }
    if found.is_empty() {
        // The same values in another order or spelling.
        found.push("the bytes are not as recorded".to_owned());
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(version: &str, outcome: &str, verdicts: &str) -> Vec<u8> {
        format!(
            r#"{{"outcome":"{outcome}","gate":{{"id":"g","version":"{version}","engine":"e"}},"verdicts":[{verdicts}]}}"#
        )
        .into_bytes()
    }

    const DENY: &str = r#"{"rule":"a/b","action":"deny","msg":"m","findings":["f-1","f-2"]}"#;
    const REWORDED: &str = r#"{"rule":"a/b","action":"deny","msg":"other words","findings":["f-1","f-2"]}"#;

    #[test]
    fn only_another_version_may_answer_in_other_bytes() {
        let recorded = document("1", "block", DENY);
        assert_eq!(compare(&recorded, &recorded), Comparison::Identical);
        let newer = compare(&recorded, &document("2", "block", REWORDED));
        assert_eq!(newer, Comparison::Equivalent { recorded: "countersign 1, e".to_owned() });
        let same = compare(&recorded, &document("1", "block", REWORDED));
        assert_eq!(same, Comparison::Different(vec!["`verdicts` is not as recorded".to_owned()]));
        let spelled = [recorded.as_slice(), b"\n"].concat();
        assert_eq!(
            compare(&recorded, &spelled),
            Comparison::Different(vec!["the bytes are not as recorded".to_owned()])
        );
    }

    #[test]
    fn a_difference_names_outcome_rule_action_and_finding() {
        let one = DENY.replace(r#","f-2""#, "");
        let Comparison::Different(told) = compare(&document("1", "pass", &one), &document("2", "block", DENY)) else {
            panic!("no difference");
        };
        assert_eq!(
            told,
            [
                "the outcome was pass, and is block",
                "found, and not recorded: deny a/b f-2",
                "recorded by countersign 1, e, replayed by countersign 2, e",
            ]
        );
    }
}
