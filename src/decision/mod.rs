//! Verdicts, folded into one decision: the only source of outcome and exit code.
//!
//! What must stay true: the fold is total and closed. Block beats warn beats pass; whatever is not a verdict is an error,
//! and the totals balance or there is no decision. Published as `countersign/decision/v1`.

mod assurance;
mod standing;
mod verdicts;

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::facts::{Clock, Judging, Mode, TriagedFinding};
use crate::model::artifact::Artifact;
use crate::model::change::Change;
use crate::model::coverage::Coverage;
use crate::model::digest::Digest;
use crate::model::document::VexStatus;
use crate::model::exception::{Disposition, ExceptionState, Origin};
use crate::model::report::Report;
use crate::model::service::Service;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};
use crate::model::vex::VexState;
use crate::projection::{self, Kept};

pub use assurance::{Circumstances, assurance};
pub use standing::{Standing, Subject, standing};
pub use verdicts::verdicts;

/// The schema tag of the decision.
pub const SCHEMA: &str = "countersign/decision/v1";

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Nothing stands against the release.
    Pass,
    /// Something should be looked at.
    Warn,
    /// The release must not happen.
    Block,
    /// No decision was reached.
    Error,
}

impl Outcome {
    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Warn => "warn",
            Self::Block => "block",
            Self::Error => "error",
        }
    }
}

/// Which outcome fails the run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FailOn {
    /// Block only.
    #[default]
    Block,
    /// Block and warn.
    Warn,
    /// None: the outcome stands, the run succeeds, and the evidence says so.
    Never,
}

/// What one verdict says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum VerdictAction {
    /// The release must not happen.
    Deny,
    /// Something should be looked at.
    Warn,
}

impl VerdictAction {
    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Warn => "warn",
        }
    }
}

/// How soon who reacts to a verdict, as the profile's `severity_classes` say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Response {
    /// `P0`, `P1`, …
    pub class: Untrusted,
    /// How soon.
    pub within: Untrusted,
    /// How they are told.
    pub notify: Untrusted,
    /// Who brings it to an end.
    pub owner: Untrusted,
}

/// One rule's deny or warn. Alike ones about several findings are one verdict that lists them.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Verdict {
    /// The policy rule, as `area/name`; a foreign package keeps its own name.
    pub rule: Untrusted,
    /// Deny or warn, after `effective_on` and the profile's rule modes.
    pub action: VerdictAction,
    /// One line: what is wrong.
    pub msg: Untrusted,
    /// The severity of the verdict.
    pub severity: Severity,
    /// How soon who reacts; `null` where the profile says nothing of it.
    pub response: Option<Response>,
    /// Ids of the findings that it is about, sorted.
    pub findings: Vec<Untrusted>,
    /// The path that it is about.
    pub path: Option<Untrusted>,
    /// Who has to act.
    pub owner: Untrusted,
    /// Until when.
    pub fix_by: Option<Date>,
    /// What to do, one line.
    pub next: Option<Untrusted>,
    /// Controls that the rule gives evidence for, sorted.
    pub controls: Vec<Untrusted>,
    /// The day from which a warning becomes a deny, where it is to come.
    pub effective_on: Option<Date>,
    /// Exceptions that bear on it, sorted: those that cover its findings.
    pub exceptions: Vec<Untrusted>,
}

/// What became of an exception.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExceptionOutcome {
    /// Its id.
    pub id: Untrusted,
    /// Whose it is; left out where it is the repository's own.
    #[serde(default, skip_serializing_if = "Origin::is_repository")]
    pub origin: Origin,
    /// What it did.
    pub state: ExceptionState,
    /// Findings that it covers, sorted.
    pub covers: Vec<Untrusted>,
    /// The policy rule that it lifts, where it names one instead of findings.
    pub verdict: Option<Untrusted>,
    /// Its last day.
    pub expires: Date,
    /// Days left at the decision's instant; negative when it is over.
    pub days_left: i64,
    /// Who answers for the risk.
    pub owner: Untrusted,
    /// Why it was rejected, or what it lacks to cover more; one line each.
    pub because: Vec<Untrusted>,
}

/// A VEX statement, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct StatementOutcome {
    /// Its id: the same for the same bytes.
    pub id: Untrusted,
    /// What it did.
    pub state: VexState,
    /// What it says.
    pub status: VexStatus,
    /// Of which vulnerability.
    pub vulnerabilities: Vec<Untrusted>,
    /// Ids of the findings that it is about, sorted.
    pub covers: Vec<Untrusted>,
    /// Who says so, as the document names them.
    pub issuer: Option<Untrusted>,
    /// The path of its document.
    pub path: Untrusted,
    /// Where it stands in it.
    pub pointer: Untrusted,
    /// Why it was rejected, one line each.
    pub because: Vec<Untrusted>,
}

/// What must be done after this release, before the next one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Obligation {
    /// Its id, which the closing names: that of the emergency.
    pub id: Untrusted,
    /// What.
    pub what: Untrusted,
    /// Who.
    pub owner: Untrusted,
    /// Who asked for what left it, and cannot close it.
    pub by: Option<Untrusted>,
    /// Until when.
    pub due: Date,
}

/// How much the decision can be relied on, 0 to 3, and why not more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Assurance {
    /// 0: not enforced, unsigned, or decided at a pinned clock. 1: weakened. 2: some inputs merely asserted. 3: none of these.
    pub level: u8,
    /// What keeps it from the next level, sorted.
    pub because: Vec<String>,
}

/// The typed equations of "nothing is lost".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Totals {
    /// Results as they stand in all reports.
    pub results: u64,
    /// Suppressed results that reports list apart.
    pub suppressed_apart: u64,
    /// Elements that were not understood (among `results`).
    pub not_understood: u64,
    /// Observations merged within one report.
    pub merged_within: u64,
    /// Observations kept, over all reports.
    pub kept: u64,
    /// Kept observations merged across reports.
    pub merged_across: u64,
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
    /// Policy rules that were evaluated.
    pub rules: u64,
    /// Policy rules without a verdict.
    pub rules_passed: u64,
}

/// The totals do not balance: something was lost. Always a bug.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the totals do not balance: {0}")]
pub struct Unbalanced(pub &'static str);

impl Totals {
    /// Checks the three equations.
    ///
    /// # Errors
    /// [`Unbalanced`], naming the equation that does not hold.
    pub fn balanced(self) -> Result<Self, Unbalanced> {
        let equations = [
            (
                self.results + self.suppressed_apart,
                self.kept + self.merged_within + self.not_understood,
                "results + suppressed apart = kept + merged within + not understood",
            ),
            (self.kept, self.findings + self.merged_across, "kept = findings + merged across"),
            (
                self.findings,
                self.open + self.excepted + self.suppressed + self.not_affected + self.resolved,
                "findings = open + excepted + suppressed + not affected + resolved",
            ),
        ];
        match equations.into_iter().find(|(left, right, _)| left != right) {
            Some((_, _, name)) => Err(Unbalanced(name)),
            None => Ok(self),
        }
    }

    /// Counts one finding under its disposition.
    pub fn count(&mut self, disposition: Disposition) {
        self.findings += 1;
        match disposition {
            Disposition::Open => self.open += 1,
            Disposition::Excepted => self.excepted += 1,
            Disposition::Suppressed => self.suppressed += 1,
            Disposition::NotAffected => self.not_affected += 1,
            Disposition::Resolved => self.resolved += 1,
        }
    }
}

/// Who decided, with what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GateInfo {
    /// A URI that names the gate and contains the environment.
    pub id: Untrusted,
    /// The version of this program.
    pub version: String,
    /// The policy engine and its version.
    pub engine: String,
    /// The digest over what judges: all policies, in order of path, and the profile.
    pub policy_digest: Digest,
    /// The digest of the facts' bytes.
    pub facts_digest: Digest,
}

/// A policy rule that was evaluated, as its METADATA describe it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct JudgedRule {
    /// `area/name`; a foreign package keeps its own name.
    pub id: Untrusted,
    /// One line.
    pub title: Untrusted,
    /// What it is for; empty where nothing says it.
    pub description: Untrusted,
    /// Who answers for the rule.
    pub owner: Untrusted,
    /// The severity of its verdicts, where they say nothing else.
    pub severity: Severity,
    /// Controls that it gives evidence for, sorted.
    pub controls: Vec<Untrusted>,
    /// What to do about a verdict.
    pub remediation: Option<Untrusted>,
}

/// Why there is no decision.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DecisionError {
    /// What is wrong, naming file and place.
    pub message: Untrusted,
    /// The way out.
    pub hint: Option<String>,
}

/// The decision: every renderer and the evidence are made from this document.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Decision {
    /// Always [`SCHEMA`].
    pub schema: Cow<'static, str>,
    /// `d-` and 32 hexadecimal digits, derived from the facts' digest, gate, run and attempt.
    pub id: String,
    /// Pass, warn, block or error.
    pub outcome: Outcome,
    /// The exit code of the run.
    pub exit_code: u8,
    /// The exceptions without which the outcome would be worse, alone or together, sorted; left out where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub only_because_of: Vec<Untrusted>,
    /// The instant of the decision.
    pub decided_at: Timestamp,
    /// Where that instant came from.
    pub clock: Clock,
    /// The environment.
    pub environment: Untrusted,
    /// Enforce or audit.
    pub mode: Mode,
    /// Which outcome fails the run.
    pub fail_on: FailOn,
    /// The name of the profile.
    pub profile: Untrusted,
    /// Who decided.
    pub gate: GateInfo,
    /// The change.
    pub change: Change,
    /// The service.
    pub service: Service,
    /// What is released.
    pub artifacts: Vec<Artifact>,
    /// Where the judging inputs came from.
    pub judging: Judging,
    /// Deny before warn, worst first, then by rule, owner and message.
    pub verdicts: Vec<Verdict>,
    /// Every finding with its disposition, in the findings' total order.
    pub findings: Vec<TriagedFinding>,
    /// Every exception and what became of it, by id.
    pub exceptions: Vec<ExceptionOutcome>,
    /// Every VEX statement that is about something here, and what became of it; absent where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vex: Vec<StatementOutcome>,
    /// Required checks and reports.
    pub coverage: Vec<Coverage>,
    /// Every rule that was evaluated, by id.
    pub rules: Vec<JudgedRule>,
    /// The equations.
    pub totals: Totals,
    /// The reports.
    pub reports: Vec<Report>,
    /// What must be done before the next release.
    pub obligations: Vec<Obligation>,
    /// How much the decision can be relied on.
    pub assurance: Assurance,
    /// Why there is no decision.
    pub errors: Vec<DecisionError>,
}

impl Decision {
    /// Reads a stored decision document.
    ///
    /// # Errors
    /// No decision, or one of a schema that this program does not know.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let decision: Self = serde_json::from_slice(bytes)?;
        if decision.schema == SCHEMA {
            return Ok(decision);
        }
        Err(serde::de::Error::custom(format!("the schema is {:?}, and not {SCHEMA}", decision.schema)))
    }

    /// The bytes that are digested and stored: compact JSON, struct fields in declared order, maps sorted.
    ///
    /// # Errors
    /// Only where a number is not finite, which the readers refuse.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = Vec::new();
        let findings = |out: &mut Vec<u8>| projection::list(out, &self.findings);
        projection::write(&mut bytes, self, Kept::All("findings", &findings))?;
        Ok(bytes)
    }
}

/// The exit code of a decision. Errors carry their own (3 or 4); as an outcome here they are a bug, and 4.
#[must_use]
pub const fn exit_code(outcome: Outcome, mode: Mode, fail_on: FailOn) -> u8 {
    match (outcome, mode, fail_on) {
        (Outcome::Error, _, _) => 4,
        (Outcome::Pass, _, _) | (_, Mode::Audit, _) | (_, _, FailOn::Never) => 0,
        (Outcome::Block, Mode::Enforce, FailOn::Block | FailOn::Warn) => 1,
        (Outcome::Warn, Mode::Enforce, FailOn::Warn) => 10,
        (Outcome::Warn, Mode::Enforce, FailOn::Block) => 0,
    }
}

/// Block if any verdict denies, warn if any warns, else pass.
#[must_use]
pub fn fold<'a>(verdicts: impl IntoIterator<Item = &'a Verdict>) -> Outcome {
    verdicts
        .into_iter()
        .map(|verdict| match verdict.action {
            VerdictAction::Deny => Outcome::Block,
            VerdictAction::Warn => Outcome::Warn,
        })
        .max()
        .unwrap_or(Outcome::Pass)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_only_ever_a_block_and_audit_never_fails() {
        for outcome in [Outcome::Pass, Outcome::Warn, Outcome::Block] {
            for fail_on in [FailOn::Block, FailOn::Warn, FailOn::Never] {
                assert_eq!(exit_code(outcome, Mode::Audit, fail_on), 0);
                let code = exit_code(outcome, Mode::Enforce, fail_on);
                assert_eq!(code == 1, outcome == Outcome::Block && fail_on != FailOn::Never);
                assert_eq!(code == 10, outcome == Outcome::Warn && fail_on == FailOn::Warn);
            }
        }
    }

    #[test]
    fn a_lost_finding_is_no_decision() {
        let sound = Totals { results: 3, kept: 2, merged_within: 1, findings: 2, open: 2, ..Totals::default() };
        assert_eq!(sound.balanced(), Ok(sound));
        let lost = Totals { open: 1, ..sound };
        assert!(lost.balanced().is_err());
    }
}
