//! Load policies, refuse what could answer silently wrong, evaluate with regorus, return verdicts.
//!
//! What must stay true: whatever is not a well-formed verdict is an error. An undefined rule, a `deny` that is not a set, an
//! empty message, a built-in's error or a time-out is never "no verdict".

mod archive;
mod asked;
mod bundle;
mod casts;
mod check;
mod classes;
mod controls;
mod covered;
mod diff;
#[cfg(test)]
mod differential;
mod documents;
mod engine;
mod evaluate;
mod fields;
mod functions;
mod globs;
mod grounds;
mod inspection;
mod layering;
mod lexer;
mod listening;
mod metadata;
mod mutants;
mod mutation;
mod networks;
mod pack;
mod packing;
mod pages;
mod patterns;
mod placeholders;
mod reads;
mod rulings;
#[cfg(test)]
mod sample;
mod set;
mod shape;
mod syntax;
mod testing;
#[cfg(test)]
mod tests;
mod verdict;
mod worker;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::facts::Facts;
use crate::model::digest::Digest;
use crate::model::profile::{Profile, RuleMode};
use crate::model::severity::Severity;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;

pub use archive::{Archive, ArchivedExceptions, EXCEPTIONS, unpack};
pub use controls::{Catalogue, Framework};
pub use covered::Covered;
pub use diff::{Difference, Part, Side, Way, diff};
pub use documents::{DocumentResult, DocumentSaid, Documents, Evaluation, Namespace};
pub use engine::Watch;
pub use evaluate::{Answer, Evaluate, Question};
pub use grounds::{Definition, Grounds};
pub use inspection::{Inspection, InspectionOptions};
pub use layering::Overridable;
pub use listening::Given;
pub use mutants::Mutant;
pub use mutation::{MutationOptions, MutationRun};
pub use pack::{builtin, profile, profiles};
pub use packing::{Packed, Packing};
pub use pages::{controls_page, rules_page};
pub use set::{PolicySet, SetFault};
pub use testing::{TestOptions, TestOutcome, TestResult, TestRun, beside_pack};

/// Runs the tests among the files in this process, in order of file and line.
///
/// # Errors
/// A file that cannot be loaded, with the same checks as in a release, and no test that was asked for.
pub fn test(files: Vec<PolicyFile>, options: &TestOptions) -> Result<TestRun, PolicyError> {
    testing::test(files, options, &engine::unwatched())
}
pub use worker::{Reply, Request, Worker};

/// The engine and its version, as it is recorded in every decision.
pub const ENGINE: &str = "regorus 0.14.1";

/// Which layer a policy file belongs to, the highest first: a lower one adds, and moves a higher one's data only where that
/// says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Layer {
    /// The pack inside the binary.
    Builtin,
    /// The organisation's bundle.
    Organisation,
    /// A team's policies.
    Team,
    /// The repository's own.
    Repository,
}

impl Layer {
    /// The layers that policies can be given for, with the words that name them.
    pub const GIVEN: [(&'static str, Self); 3] =
        [("organisation", Self::Organisation), ("team", Self::Team), ("repository", Self::Repository)];

    /// The word that names the layer.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::GIVEN.iter().find(|(_, layer)| *layer == self).map_or("built-in", |(word, _)| *word)
    }
}

/// One file of a policy directory: a policy (`.rego`) or external data (`.json`, `.yaml`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct PolicyFile {
    /// The path, for messages and the digest; `builtin/…` for the pack.
    pub path: String,
    /// Where it came from.
    pub layer: Layer,
    /// Where data is mounted below `data`, as `a/b`: its directory in the bundle. Empty at the top, and for policies.
    pub mount: String,
    /// Its text.
    pub source: Cow<'static, str>,
}

impl PolicyFile {
    /// A file at the top of its directory or bundle.
    pub fn new(path: impl Into<String>, layer: Layer, source: impl Into<Cow<'static, str>>) -> Self {
        Self { path: path.into(), layer, mount: String::new(), source: source.into() }
    }
}

/// What a rule's METADATA says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RuleInfo {
    /// `area/name` for our own rules, with `-` for each `_` of the package; the package name for foreign ones.
    pub id: String,
    /// The package, as `countersign.rules.area.name`.
    pub package: String,
    /// The file.
    pub path: String,
    /// Whose it is.
    pub layer: Layer,
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
    /// METADATA `custom.deprecated_on`: from that day on it is not evaluated any more.
    pub deprecated_on: Option<Date>,
    /// METADATA `custom.scope: finding`.
    pub per_finding: bool,
    /// Why a rule on findings is evaluated for each of them on its own; `None` where alike ones are judged once.
    pub one_by_one: Option<String>,
}

impl RuleInfo {
    /// How its verdicts count on a day: as the profile says, and not at all once its day is over.
    #[must_use]
    pub fn mode(&self, profile: &Profile, today: Date) -> RuleMode {
        if self.is_retired(today) { RuleMode::Off } else { profile.mode(&self.id) }
    }

    /// True where its own `deprecated_on` has switched it off.
    #[must_use]
    pub fn is_retired(&self, today: Date) -> bool {
        self.deprecated_on.is_some_and(|day| day <= today)
    }
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
    pub denied: BTreeMap<Untrusted, Vec<Objection>>,
    /// Id → what is to be mended, though it may count.
    pub warned: BTreeMap<Untrusted, Vec<Objection>>,
}

/// What an admission package has against a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Objection {
    /// Why.
    pub msg: Untrusted,
    /// The part of the record that it is about, like `expires` or `approvals.0.by`.
    pub at: Option<Untrusted>,
}

impl Objection {
    /// What is said, without the places.
    pub fn messages<'a>(objections: impl IntoIterator<Item = &'a Self>) -> Vec<Untrusted> {
        let mut messages: Vec<Untrusted> = objections.into_iter().map(|objection| objection.msg.clone()).collect();
        messages.dedup();
        messages
    }
}

/// Why policies could not be loaded or evaluated. The author of the policy has to correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
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
    /// At a place that is no line of a file.
    #[must_use]
    pub fn new(place: &str, message: &str) -> Self {
        Self::at(place, 0, message)
    }

    /// The same, with the way out.
    #[must_use]
    pub fn with_hint(self, hint: &str) -> Self {
        self.hint(hint)
    }

    /// At a line of a file; line 0 is not shown.
    fn at(path: &str, line: usize, message: impl Into<String>) -> Self {
        let place = if line == 0 { neutral(path).into_owned() } else { format!("{}:{line}", neutral(path)) };
        Self { place, message: neutral(&message.into()).into_owned(), hint: None }
    }

    /// Of what this program gave or took.
    fn bug(message: impl Into<String>) -> Self {
        Self::file("facts", message).hint("this is a bug; report it with the command line")
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

    /// The same of an evaluation, with the fields of the facts that it read there.
    fn from_evaluation(place: &str, text: &str) -> Self {
        let error = Self::from_engine(place, text);
        match inputs_of(text) {
            reads if reads.is_empty() => error,
            reads => error.hint(format!("correct the policy where it reads {}", reads.join(", "))),
        }
    }
}

/// The fields of the facts in the source line that the engine shows; what it says of them may quote values, and is left out.
fn inputs_of(text: &str) -> Vec<&str> {
    let shown = text.lines().skip_while(|line| !line.trim_start().starts_with("--> "));
    let shown = shown.take_while(|line| !line.trim_start().starts_with("error: "));
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_' || letter == '.';
    let words = shown.flat_map(|line| line.split(|letter: char| !is_part(letter)));
    let mut reads: Vec<&str> =
        words.filter(|word| word.starts_with("input.")).map(|word| word.trim_end_matches('.')).collect();
    reads.sort_unstable();
    reads.dedup();
    reads
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
    /// The keys of data and profile that a lower layer may move.
    pub overridable: Vec<Overridable>,
    sight: Sight,
    evaluator: Arc<dyn Evaluate>,
    #[cfg(test)]
    program: Option<Arc<evaluate::Program>>,
}

impl fmt::Debug for Bundle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bundle").field("digest", &self.digest).field("rules", &self.rules.len()).finish_non_exhaustive()
    }
}

/// What whoever holds the evaluator tells of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Contents {
    /// The rules, by id.
    pub rules: Vec<RuleInfo>,
    /// External data by root, all layers together.
    pub data: BTreeMap<String, serde_json::Value>,
    /// The keys of data and profile that a lower layer may move.
    pub overridable: Vec<Overridable>,
    sight: Sight,
}

/// What policies can see of the facts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Sight {
    /// The rules, in their order.
    rules: Vec<reads::Reads>,
    /// The admission packages together.
    admission: reads::Reads,
}

impl Bundle {
    /// Parses and checks all files, and evaluates in this process. Tests (`_test.rego`) are left out. Packages that are not
    /// ours are evaluated when `namespaces` names them.
    ///
    /// # Errors
    /// The first fault found, naming file, line and the way out.
    pub fn load(files: Vec<PolicyFile>, namespaces: &[String]) -> Result<Self, PolicyError> {
        let files = without_tests(files);
        let (program, contents) = program(&files, namespaces, &engine::unwatched())?;
        let program = Arc::new(program);
        Ok(Self {
            #[cfg(test)]
            program: Some(Arc::clone(&program)),
            ..Self::of(files, contents, program)
        })
    }

    /// The same, where `load` has the files parsed, checked and evaluated elsewhere.
    ///
    /// # Errors
    /// Those of `load`.
    pub fn load_elsewhere<E>(
        files: Vec<PolicyFile>,
        load: impl FnOnce(&[PolicyFile]) -> Result<(Contents, Arc<dyn Evaluate>), E>,
    ) -> Result<Self, E> {
        let files = without_tests(files);
        let (contents, evaluator) = load(&files)?;
        Ok(Self::of(files, contents, evaluator))
    }

    fn of(files: Vec<PolicyFile>, contents: Contents, evaluator: Arc<dyn Evaluate>) -> Self {
        let Contents { rules, data, overridable, sight } = contents;
        Self {
            rules,
            digest: digest(&files),
            files,
            data,
            overridable,
            sight,
            evaluator,
            #[cfg(test)]
            program: None,
        }
    }

    /// Phase one: which of the matched exceptions are admitted. Without admission packages none is.
    ///
    /// # Errors
    /// Any fault while evaluating.
    pub fn admission(&self, facts: &Facts) -> Result<Admission, PolicyError> {
        rulings::admission(self, facts)
    }

    /// Phase two: the verdicts of all rules, sorted.
    ///
    /// # Errors
    /// Any fault while evaluating, and a profile that names a rule that is not there.
    pub fn verdicts(&self, facts: &Facts) -> Result<Vec<RawVerdict>, PolicyError> {
        rulings::verdicts(self, facts, evaluate::Phase::Verdicts)
    }

    /// The same of one rule alone.
    ///
    /// # Errors
    /// As for [`Bundle::verdicts`].
    pub fn verdicts_of(&self, rule: &str, facts: &Facts) -> Result<Vec<RawVerdict>, PolicyError> {
        rulings::verdicts_of(self, facts, rule)
    }

    /// What the first verdict of a rule that is meant rests on; `None` where the rule says no such thing of these facts.
    ///
    /// # Errors
    /// Any fault while evaluating.
    pub fn grounds(
        &self,
        rule: &str,
        facts: &Facts,
        is_meant: impl Fn(&RawVerdict) -> bool,
    ) -> Result<Option<Grounds>, PolicyError> {
        rulings::grounds(self, facts, rule, is_meant)
    }

    /// That a profile which a lower layer gives moves nothing of a higher layer's but what may be moved, and that only in the
    /// declared direction. Rules can be made stricter (off, warn, enforce) without a declaration.
    ///
    /// # Errors
    /// The key that it must not move, naming both files.
    pub fn lay_profile(
        &self,
        higher: (&str, Layer, &Profile),
        lower: (&str, Layer, &Profile),
    ) -> Result<(), PolicyError> {
        layering::profile(&self.overridable, higher, lower)
    }
}

fn without_tests(files: Vec<PolicyFile>) -> Vec<PolicyFile> {
    let mut files: Vec<PolicyFile> = files.into_iter().filter(|file| !bundle::is_test(file)).collect();
    files.sort();
    files
}

/// Parses and checks files that are sorted and hold no tests.
fn program(
    files: &[PolicyFile],
    namespaces: &[String],
    watch: &Watch,
) -> Result<(evaluate::Program, Contents), PolicyError> {
    engine::on_big_stack(|| {
        let loaded = bundle::load(files, bundle::Purpose::Release { namespaces, tests: false }, watch)?;
        let bundle::Loaded { engine, units, data, overridable } = loaded;
        let program = evaluate::Program::new(engine, &units, Arc::clone(watch))?;
        let rules = program.rules().cloned().collect();
        let sight = Sight { rules: program.reads(), admission: program.admission_reads() };
        Ok((program, Contents { rules, data, overridable, sight }))
    })
}

fn digest(files: &[PolicyFile]) -> Digest {
    let lines: String =
        files.iter().map(|file| format!("{}  {}\n", Digest::of(file.source.as_bytes()).hex(), file.path)).collect();
    Digest::of(lines)
}
