//! Load policies, refuse what could answer silently wrong, evaluate with regorus, return verdicts.
//!
//! What must stay true: whatever is not a well-formed verdict is an error. An undefined rule, a `deny` that is not a set, an
//! empty message, a built-in's error or a time-out is never "no verdict".

mod bundle;
mod check;
mod classes;
#[cfg(test)]
mod differential;
mod engine;
mod evaluate;
mod fields;
mod functions;
mod lexer;
mod metadata;
mod pack;
mod placeholders;
mod reads;
#[cfg(test)]
mod sample;
mod shape;
mod syntax;
mod testing;
#[cfg(test)]
mod tests;
mod verdict;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use crate::facts::Facts;
use crate::model::digest::Digest;
use crate::model::severity::Severity;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;

pub use pack::{builtin, profile, profiles};
pub use testing::{TestOutcome, TestResult, test};

/// The engine and its version, as it is recorded in every decision.
pub const ENGINE: &str = "regorus 0.14.1";

/// Which layer a policy file belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The pack inside the binary.
    Builtin,
    /// Given with `--policy` or by the configuration.
    Given,
}

/// One file of a policy directory: a policy (`.rego`) or external data (`.json`, `.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PolicyFile {
    /// The path, for messages and the digest; `builtin/…` for the pack.
    pub path: String,
    /// Where it came from.
    pub layer: Layer,
    /// Its text.
    pub source: Cow<'static, str>,
}

/// What a rule's METADATA says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleInfo {
    /// `area/name` for our own rules, with `-` for each `_` of the package; the package name for foreign ones.
    pub id: String,
    /// The package, as `countersign.rules.area.name`.
    pub package: String,
    /// The file.
    pub path: String,
    /// METADATA `title`.
    pub title: Untrusted,
    /// METADATA `description`.
    pub description: Untrusted,
    /// METADATA `custom.owner`; `unowned` for foreign packages.
    pub owner: Untrusted,
    /// METADATA `custom.severity`; `unknown` where it says nothing.
    pub severity: Severity,
    /// METADATA `custom.controls`, sorted.
    pub controls: Vec<Untrusted>,
    /// METADATA `custom.remediation`.
    pub remediation: Option<Untrusted>,
    /// METADATA `custom.effective_on`: before that day a deny is a warning.
    pub effective_on: Option<Date>,
    /// METADATA `custom.scope: finding`.
    pub per_finding: bool,
    /// Why a rule on findings is evaluated for each of them on its own; `None` where alike ones are judged once.
    pub one_by_one: Option<String>,
}

/// A verdict as a rule gave it, with placeholders filled in.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RawVerdict {
    /// The rule's id.
    pub rule: String,
    /// True for `deny`, false for `warn`.
    pub deny: bool,
    /// The message.
    pub msg: Untrusted,
    /// The finding that it is about.
    pub finding: Option<Untrusted>,
    /// The path that it is about.
    pub path: Option<Untrusted>,
    /// Who has to act, where the rule says.
    pub owner: Option<Untrusted>,
    /// Until when.
    pub fix_by: Option<Date>,
    /// What to do.
    pub next: Option<Untrusted>,
    /// Overrides the rule's severity.
    pub severity: Option<Severity>,
    /// Set when the rule denies from a later day on, and this deny is a warning until then.
    pub effective_on: Option<Date>,
}

/// What the admission packages said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Admission {
    /// Ids that some package admits and none denies.
    pub admitted: BTreeSet<Untrusted>,
    /// Id → why it was denied.
    pub denied: BTreeMap<Untrusted, Vec<Untrusted>>,
}

/// Why policies could not be loaded or evaluated. The author of the policy has to correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {message}")]
pub struct PolicyError {
    /// The file, and the line where known.
    pub place: String,
    /// What is wrong.
    pub message: String,
    /// The way to write it instead.
    pub hint: Option<String>,
}

impl PolicyError {
    /// At a line of a file; line 0 is not shown.
    fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        let place = if line == 0 { neutral(path).into_owned() } else { format!("{}:{line}", neutral(path)) };
        Self { place, message: neutral(&message.into()).into_owned(), hint: None }
    }

    fn file(path: &str, message: impl Into<String>) -> Self {
        Self::at(path, 0, message)
    }

    fn hint(self, hint: impl Into<String>) -> Self {
        Self { hint: Some(neutral(&hint.into()).into_owned()), ..self }
    }

    /// From the engine's several lines: `--> file:line:column`, the source line, `error: what`.
    fn from_engine(place: &str, text: &str) -> Self {
        let arrow = text.lines().find_map(|line| line.trim_start().strip_prefix("--> "));
        let place = arrow.and_then(|at| at.rsplit_once(':')).map_or(place, |(place, _column)| place);
        let said = text.lines().find_map(|line| line.trim_start().strip_prefix("error: "));
        let said = said.or_else(|| text.lines().find(|line| !line.trim().is_empty()));
        Self::file(place, said.unwrap_or("the policy engine gave no reason").trim())
    }
}

/// Checked policies, ready to evaluate.
#[derive(Clone)]
pub struct Bundle {
    /// The rules, by id.
    pub rules: Vec<RuleInfo>,
    /// The SHA-256 of one line `<hex of the file's SHA-256>  <path>` for every file, in order of path.
    pub digest: Digest,
    /// What was loaded, in order of path: policies and data, without tests.
    pub files: Vec<PolicyFile>,
    /// External data by root, as policies see it under `data`.
    pub data: BTreeMap<String, serde_json::Value>,
    program: Arc<evaluate::Program>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle").field("digest", &self.digest).field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

impl Bundle {
    /// Parses and checks all files. Tests (`_test.rego`) are left out. Packages that are not ours are evaluated when
    /// `namespaces` names them.
    ///
    /// # Errors
    /// The first fault found, naming file, line and the way out.
    pub fn load(files: Vec<PolicyFile>, namespaces: &[String]) -> Result<Self, PolicyError> {
        let mut files: Vec<PolicyFile> = files.into_iter().filter(|file| !bundle::is_test(file)).collect();
        files.sort();
        let (program, data) = engine::on_big_stack(|| {
            let bundle::Loaded { engine, units, data } = bundle::load(&files, namespaces, false)?;
            Ok((evaluate::Program::new(engine, &units)?, data))
        })?;
        let rules = program.rules().cloned().collect();
        Ok(Self { rules, digest: digest(&files), files, data, program: Arc::new(program) })
    }

    /// Phase one: which of the matched exceptions are admitted. Without admission packages none is.
    ///
    /// # Errors
    /// Any fault while evaluating.
    pub fn admission(&self, facts: &Facts) -> Result<Admission, PolicyError> {
        engine::on_big_stack(|| self.program.admission(facts))
    }

    /// Phase two: the verdicts of all rules, sorted.
    ///
    /// # Errors
    /// Any fault while evaluating, and a profile that names a rule that is not there.
    pub fn verdicts(&self, facts: &Facts) -> Result<Vec<RawVerdict>, PolicyError> {
        engine::on_big_stack(|| self.program.verdicts(facts, evaluate::Alike::Together))
    }
}

fn digest(files: &[PolicyFile]) -> Digest {
    let lines: String =
        files.iter().map(|file| format!("{}  {}\n", Digest::of(file.source.as_bytes()).hex(), file.path)).collect();
    Digest::of(lines)
}
