//! Why a verdict is what it is, or a finding is judged as it is, and the cheapest ways to green.
//!
//! What must stay true: nothing is guessed. Which facts a verdict rests on, what an exception would change and what a day will bring
//! is asked of the policy itself; nothing here decides.

mod choose;
mod exceptions;
mod sources;
mod text;
mod ways;
mod whatif;

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;

use crate::decision::{Decision, Outcome, StatementOutcome, Verdict, VerdictAction};
use crate::exceptions::Record;
use crate::facts::{Facts, TriagedFinding};
use crate::model::digest::Digest;
use crate::model::document::VexStatus;
use crate::model::exception::Disposition;
use crate::model::finding::{Kind, Location, Rule};
use crate::model::package::Package;
use crate::model::report::Sha256Field;
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};
use crate::model::vex::VexState;
use crate::policy::{Bundle, Definition, PolicyError, RuleInfo};

pub use choose::{Choice, Unfound};
pub use exceptions::{Bearing, Criterion};
pub use sources::Source;
pub use text::human;
pub use ways::{Effect, Way, WayKind};

/// The schema tag of the document.
pub const SCHEMA: &str = "countersign/explanation/v1";

/// A decision, and everything that it was made from.
#[derive(Clone, Debug)]
pub struct Case<'a> {
    /// The decision.
    pub decision: &'a Decision,
    /// The facts that the rules saw.
    pub facts: Facts,
    /// The exception records, by id.
    pub records: &'a [Record],
    /// The policies.
    pub bundle: &'a Bundle,
    /// Where the decision comes from.
    pub origin: Origin,
}

/// Where the decision comes from, and how to name its inputs again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Origin {
    /// Decided just now, or read from evidence.
    pub kind: OriginKind,
    /// What a reader has to know of it.
    pub note: Option<String>,
    /// What names the findings in a command to paste.
    #[serde(skip)]
    pub findings: Vec<String>,
    /// The flags that such a command needs as well.
    #[serde(skip)]
    pub flags: Vec<String>,
}

/// See [`Origin`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum OriginKind {
    /// Decided just now, from reports.
    Reports,
    /// Decided again from evidence that was verified, and the same.
    VerifiedEvidence,
}

/// What `explain` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Explanation {
    /// Always [`SCHEMA`].
    pub schema: &'static str,
    /// Where the decision comes from.
    pub origin: Origin,
    /// The id of the decision.
    pub decision: String,
    /// Its outcome.
    pub outcome: Outcome,
    /// Its instant.
    pub decided_at: Timestamp,
    /// Its environment.
    pub environment: Untrusted,
    /// The finding; `null` where a verdict is about none.
    pub finding: Option<ExplainedFinding>,
    /// The verdicts, worst first: those about the finding, or the one that was asked for.
    pub verdicts: Vec<ExplainedVerdict>,
    /// What rules would say of the finding if it were open; empty where no exception covers it and no statement clears it.
    pub if_open: Vec<Otherwise>,
    /// Exceptions that bear on it, or nearly do.
    pub exceptions: Vec<Bearing>,
    /// VEX statements about the finding.
    pub statements: Vec<Statement>,
    /// What makes it green, the cheapest first.
    pub ways: Vec<Way>,
    /// Why there are no other ways; one line each.
    pub no_ways: Vec<Untrusted>,
}

/// A finding, and who saw it where.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExplainedFinding {
    /// Its id.
    pub id: Untrusted,
    /// Its fingerprint.
    pub fingerprint: Untrusted,
    /// What sort of problem.
    pub kind: Kind,
    /// Its severity.
    pub severity: Severity,
    /// Every name of it.
    pub ids: Vec<Untrusted>,
    /// The scanner's rule.
    pub rule: Rule,
    /// One line.
    pub title: Untrusted,
    /// The package.
    pub package: Option<Package>,
    /// Where it is.
    pub location: Location,
    /// Further places.
    pub occurrences: Vec<Location>,
    /// Who owns it.
    pub owner: Option<Untrusted>,
    /// What the gate does with it.
    pub disposition: Disposition,
    /// The exception that covers it.
    pub exception: Option<Untrusted>,
    /// Where the finding stands in the facts.
    pub pointer: String,
    /// Who saw it, and where in which report.
    pub seen_by: Vec<Seen>,
}

/// One scanner's result, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Seen {
    /// The tool.
    pub tool: Untrusted,
    /// Its rule.
    pub rule_id: Untrusted,
    /// The severity that it gave.
    pub severity: Severity,
    /// Where in which report.
    pub source: Source,
}

/// A verdict, the rule that says it, and what it rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExplainedVerdict {
    /// A name of it that stays from run to run: `v-` and sixteen hexadecimal digits.
    pub id: String,
    /// Deny or warn.
    pub action: VerdictAction,
    /// What is wrong.
    pub msg: Untrusted,
    /// Its severity.
    pub severity: Severity,
    /// Who has to act.
    pub owner: Untrusted,
    /// Until when.
    pub fix_by: Option<Date>,
    /// What the rule says to do.
    pub next: Option<Untrusted>,
    /// Ids of all findings that it is about.
    pub findings: Vec<Untrusted>,
    /// The rule.
    pub rule: ExplainedRule,
    /// What it rests on, in the order of the facts.
    pub facts: Vec<Fact>,
    /// Whether the rule needs each of them. False where the search was cut short.
    pub minimal: bool,
    /// When it gets worse if nothing changes.
    pub turns: Vec<Turn>,
}

/// A policy rule, and what of it says the verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ExplainedRule {
    /// `area/name`; a foreign package keeps its own name.
    pub id: Untrusted,
    /// One line.
    pub title: Untrusted,
    /// What it is for.
    pub description: Untrusted,
    /// Who answers for it.
    pub owner: Untrusted,
    /// Controls that it gives evidence for.
    pub controls: Vec<Untrusted>,
    /// The file.
    pub path: Untrusted,
    /// The layer that it is of.
    pub layer: &'static str,
    /// The digest of the file.
    pub sha256: Sha256Field,
    /// The definitions that say it.
    pub definitions: Vec<Excerpt>,
}

/// A part of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Excerpt {
    /// The file.
    pub path: Untrusted,
    /// Its first line, from 1.
    pub line: u32,
    /// The text.
    pub text: Vec<Untrusted>,
}

/// One fact that a verdict rests on.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Fact {
    /// A JSON pointer into the facts.
    pub pointer: String,
    /// What stands there. Of a list or an object of which nothing but its presence or size counts, how many parts it has.
    pub value: FactValue,
    /// Where it comes from, where that is a file that was read.
    pub source: Option<Source>,
}

/// See [`Fact`].
#[derive(Clone, Debug, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum FactValue {
    /// What stands there.
    Is(Value),
    /// The number of parts of what stands there.
    Parts(usize),
}

/// What a rule would say otherwise.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Otherwise {
    /// Deny or warn.
    pub action: VerdictAction,
    /// The rule.
    pub rule: Untrusted,
    /// What it would say.
    pub msg: Untrusted,
}

/// A VEX statement, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Statement {
    /// Its id.
    pub id: Untrusted,
    /// What it did.
    pub state: VexState,
    /// What it says.
    pub status: VexStatus,
    /// Who says so, as the document names them.
    pub issuer: Option<Untrusted>,
    /// The path of its document.
    pub file: Untrusted,
    /// Where it stands in it.
    pub pointer: Untrusted,
    /// Why it was rejected, one line each.
    pub because: Vec<Untrusted>,
}

/// A day on which something gets worse.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Turn {
    /// The first day of it.
    pub on: Date,
    /// Why.
    pub because: Untrusted,
}

/// Why there is no explanation.
#[derive(Debug, thiserror::Error)]
pub enum ExplainError {
    /// Nothing, or more than one thing, is named so.
    #[error(transparent)]
    Unfound(#[from] Unfound),
    /// A policy did not evaluate.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// The facts could not be written as JSON: a bug of ours.
    #[error("the facts could not be written: {0}")]
    Facts(#[from] serde_json::Error),
}

/// Explains the verdict or finding of this name.
///
/// # Errors
/// [`ExplainError`].
pub fn explain(wanted: &str, case: Case<'_>) -> Result<Explanation, ExplainError> {
    let chosen = choose::choose(wanted, case.decision, case.bundle)?;
    let position =
        chosen.finding.and_then(|id| case.facts.findings.iter().position(|triaged| triaged.finding.id == *id));
    let about = About { case: &case, position, verdicts: chosen.verdicts };
    let mut verdicts = Vec::new();
    let mut grounds = Vec::new();
    for verdict in &about.verdicts {
        let found = about.grounds(verdict)?;
        verdicts.push(about.verdict(verdict, &found.definitions)?);
        grounds.push(found);
    }
    let if_open = whatif::if_open(&about)?;
    let exceptions = exceptions::bearing(&about);
    let ways::Ways { ways, no_ways } = ways::ways(&about, &exceptions)?;
    let statements = about.statements();
    let finding = about.finding().zip(position).map(|(triaged, position)| finding(triaged, position, &case.facts));
    let decision = case.decision;
    let (id, outcome, decided_at, environment) =
        (decision.id.clone(), decision.outcome, decision.decided_at, decision.environment.clone());
    let book = sources::Book::of(case.facts, case.records)?;
    for (verdict, grounds) in verdicts.iter_mut().zip(grounds) {
        verdict.minimal = grounds.minimal;
        verdict.facts = grounds.facts.into_iter().map(|pointer| book.fact(pointer)).collect();
    }
    Ok(Explanation {
        schema: SCHEMA,
        origin: case.origin,
        decision: id,
        outcome,
        decided_at,
        environment,
        finding,
        verdicts,
        if_open,
        exceptions,
        statements,
        ways,
        no_ways,
    })
}

/// What is explained.
struct About<'a> {
    case: &'a Case<'a>,
    /// The index of the finding.
    position: Option<usize>,
    verdicts: Vec<&'a Verdict>,
}

impl<'a> About<'a> {
    fn finding(&self) -> Option<&'a TriagedFinding> {
        self.position.and_then(|position| self.case.facts.findings.get(position))
    }

    fn statements(&self) -> Vec<Statement> {
        let Some(id) = self.finding().map(|triaged| &triaged.finding.id) else { return Vec::new() };
        let about = self.case.decision.vex.iter().filter(|outcome| outcome.covers.contains(id));
        let statement = |outcome: &StatementOutcome| Statement {
            id: outcome.id.clone(),
            state: outcome.state,
            status: outcome.status,
            issuer: outcome.issuer.clone(),
            file: outcome.path.clone(),
            pointer: outcome.pointer.clone(),
            because: outcome.because.clone(),
        };
        about.map(statement).collect()
    }

    fn grounds(&self, verdict: &Verdict) -> Result<crate::policy::Grounds, PolicyError> {
        let about = self.finding().map(|triaged| &triaged.finding.id).filter(|id| verdict.findings.contains(id));
        let said = verdict.msg.as_raw();
        // A rollback adds to what a rule says.
        let is_it = |raw: &crate::policy::RawVerdict| {
            raw.finding.as_ref() == about && said.starts_with(raw.msg.as_raw()) && raw.path == verdict.path
        };
        let grounds = self.case.bundle.grounds(verdict.rule.as_raw(), &self.case.facts, is_it)?;
        Ok(grounds.unwrap_or_default())
    }

    fn verdict(&self, verdict: &Verdict, definitions: &[Definition]) -> Result<ExplainedVerdict, PolicyError> {
        let rule = self.case.bundle.rules.iter().find(|rule| verdict.rule == rule.id.as_str());
        Ok(ExplainedVerdict {
            id: choose::id(verdict),
            action: verdict.action,
            msg: verdict.msg.clone(),
            severity: verdict.severity,
            owner: verdict.owner.clone(),
            fix_by: verdict.fix_by,
            next: verdict.next.clone(),
            findings: verdict.findings.clone(),
            rule: self.rule(verdict, rule, definitions),
            facts: Vec::new(),
            minimal: false,
            turns: whatif::turns(self, verdict)?,
        })
    }

    fn rule(&self, verdict: &Verdict, rule: Option<&RuleInfo>, definitions: &[Definition]) -> ExplainedRule {
        let files = &self.case.bundle.files;
        let source = |path: &str| files.iter().find(|file| file.path == path).map(|file| file.source.as_ref());
        let path = rule.map(|rule| rule.path.as_str()).unwrap_or_default();
        let excerpt = |place: &Definition| Excerpt {
            path: place.path.as_str().into(),
            line: place.first,
            text: excerpt(source(&place.path).unwrap_or_default(), place),
        };
        ExplainedRule {
            id: verdict.rule.clone(),
            title: rule.map(|rule| rule.title.clone()).unwrap_or_default(),
            description: rule.map(|rule| rule.description.clone()).unwrap_or_default(),
            owner: rule.map(|rule| rule.owner.clone()).unwrap_or_default(),
            controls: verdict.controls.clone(),
            path: path.into(),
            layer: rule.map(|rule| rule.layer.word()).unwrap_or_default(),
            sha256: Sha256Field(Digest::of(source(path).unwrap_or_default())),
            definitions: definitions.iter().collect::<BTreeSet<_>>().into_iter().map(excerpt).collect(),
        }
    }
}

/// The lines of a definition, to the brace that closes it.
fn excerpt(source: &str, place: &Definition) -> Vec<Untrusted> {
    let number = |line: u32| usize::try_from(line).unwrap_or(0);
    let (first, last) = (number(place.first), number(place.last));
    let mut text = Vec::new();
    for (line, shown) in (1..).zip(source.lines()).skip_while(|(line, _)| *line < first) {
        let is_next = !shown.starts_with(char::is_whitespace) && !shown.starts_with(['}', ')', ']']);
        if line > last && (is_next || shown.trim().is_empty()) {
            break;
        }
        text.push(Untrusted::from(shown));
    }
    text
}

fn finding(triaged: &TriagedFinding, position: usize, facts: &Facts) -> ExplainedFinding {
    let finding = &triaged.finding;
    let seen = |(number, witness): (usize, &crate::model::finding::Witness)| Seen {
        tool: witness.tool.clone(),
        rule_id: witness.rule_id.clone(),
        severity: witness.severity,
        source: sources::of_witness(witness, facts, format!("/findings/{position}/seen_by/{number}")),
    };
    ExplainedFinding {
        id: finding.id.clone(),
        fingerprint: finding.fingerprint.clone(),
        kind: finding.kind,
        severity: finding.severity,
        ids: finding.ids.clone(),
        rule: finding.rule.clone(),
        title: finding.title.clone(),
        package: finding.package.as_deref().cloned(),
        location: finding.location.clone(),
        occurrences: finding.occurrences.clone(),
        owner: triaged.owner.clone(),
        disposition: triaged.disposition,
        exception: triaged.exception.clone(),
        pointer: format!("/findings/{position}"),
        seen_by: finding.seen_by.iter().enumerate().map(seen).collect(),
    }
}
