//! Tests of policies: every `test_` rule of the `_test.rego` files.
//!
//! What must stay true: a test passes only when its value is `true`. Undefined, false, anything else and errors do not, and no
//! test at all is an error.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use globset::GlobMatcher;
use regorus::Value;
use regorus::unstable::{Ref, Rule, RuleHead};
use serde::{Deserialize, Serialize};

use super::bundle::{self, Loaded, Purpose, Role, Unit, rule_path};
use super::covered::{self, Covered};
use super::engine::{self, Machine, Watch};
use super::listening::{self, Given, Heard};
use super::{Layer, PolicyError, PolicyFile, lexer, pack, syntax, verdict};

/// Which tests are run, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestOptions {
    /// Packages that are not ours and belong to what is tested.
    pub namespaces: Vec<String>,
    /// A glob over `package.test_name`, or over the name alone; `None` is all.
    pub only: Option<String>,
    /// Whether it is recorded which lines are evaluated.
    pub coverage: bool,
    /// Whether it is recorded which verdicts rules give.
    pub verdicts: bool,
    /// How long all tests may take together.
    pub limit: Duration,
}

impl Default for TestOptions {
    fn default() -> Self {
        Self { namespaces: Vec::new(), only: None, coverage: false, verdicts: false, limit: Duration::from_secs(300) }
    }
}

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TestOutcome {
    /// Its value is `true`.
    Passed,
    /// Its value is undefined or anything but `true`.
    Failed {
        /// What it is instead, in a word.
        value: String,
        /// The line of the last statement that was reached, and what stands there.
        stopped: Option<(u32, String)>,
    },
    /// It could not be evaluated.
    Error(PolicyError),
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestResult {
    /// The file.
    pub path: String,
    /// The line where the rule stands first.
    pub line: usize,
    /// The name, as `package.test_name`.
    pub name: String,
    /// What became of it.
    pub outcome: TestOutcome,
    /// What it printed, where it did not pass.
    pub printed: Vec<String>,
}

/// What became of all tests.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TestRun {
    /// In order of file and line.
    pub tests: Vec<TestResult>,
    /// The policies' lines, in order of path, where coverage was asked for. Tests, and the embedded pack where it only stands
    /// beside what is tested, are left out.
    pub coverage: Vec<Covered>,
    /// A verdict of each rule that some test made fire, by the rule's id, where verdicts were asked for.
    pub verdicts: BTreeMap<String, Given>,
}

impl TestRun {
    /// How many passed, failed, and could not be evaluated.
    #[must_use]
    pub fn counts(&self) -> [usize; 3] {
        let count = |is: fn(&TestOutcome) -> bool| self.tests.iter().filter(|test| is(&test.outcome)).count();
        [
            count(|outcome| *outcome == TestOutcome::Passed),
            count(|outcome| matches!(outcome, TestOutcome::Failed { .. })),
            count(|outcome| matches!(outcome, TestOutcome::Error(_))),
        ]
    }

    /// How many of how many lines are reached.
    #[must_use]
    pub fn lines(&self) -> (usize, usize) {
        let counts = self.coverage.iter().map(Covered::counts);
        counts.fold((0, 0), |(reached, all), (more, of)| (reached + more, all + of))
    }
}

/// Puts the embedded pack beside policies, so that their tests can use its helpers; policies that define one of its packages
/// take its place. True where the pack is beside them.
#[must_use]
pub fn beside_pack(mut files: Vec<PolicyFile>) -> (Vec<PolicyFile>, bool) {
    let package = |file: &PolicyFile| {
        let lexed = lexer::lex(&file.path, &file.source).ok()?;
        lexed.package().map(|(name, _)| name)
    };
    let pack = pack::builtin();
    let of_pack: BTreeSet<String> = pack.iter().filter_map(package).collect();
    let policies = files.iter().filter(|file| file.path.ends_with(".rego") && !bundle::is_test(file));
    let replaced = policies.filter_map(package).any(|name| of_pack.contains(&name));
    if !replaced {
        files.extend(pack);
    }
    (files, !replaced)
}

/// One test that is to be run.
pub(super) struct Test<'a> {
    pub(super) unit: &'a Unit,
    rule: &'a Ref<Rule>,
    pub(super) name: String,
}

impl Test<'_> {
    pub(super) fn full_name(&self) -> String {
        format!("{}.{}", self.unit.package_name(), self.name)
    }
}

/// Runs the tests among the files, in order of file and line.
///
/// # Errors
/// A file that cannot be loaded, with the same checks as in a release, and no test that was asked for.
pub(super) fn test(mut files: Vec<PolicyFile>, options: &TestOptions, watch: &Watch) -> Result<TestRun, PolicyError> {
    files.sort();
    engine::on_big_stack(|| {
        let purpose = Purpose::Release { namespaces: &options.namespaces, tests: true };
        run(&bundle::load(&files, purpose, watch)?, &files, options, watch)
    })
}

/// Runs the tests among policies that are loaded from these files.
pub(super) fn run(
    loaded: &Loaded,
    files: &[PolicyFile],
    options: &TestOptions,
    watch: &Watch,
) -> Result<TestRun, PolicyError> {
    let only = options.only.as_deref().map(glob).transpose()?;
    let units = &loaded.units;
    let tests: Vec<Test<'_>> = tests(units).into_iter().filter(|test| is_asked_for(test, only.as_ref())).collect();
    if tests.is_empty() {
        let hint = "tests are rules whose names begin with test_, in files that end in _test.rego";
        return Err(PolicyError::file("policies", "there is no test to run").hint(match &options.only {
            Some(only) => format!("{hint}; --run {only} matches none of them"),
            None => hint.to_owned(),
        }));
    }
    let heard = Heard::default();
    let engine = if options.verdicts { listening::engine(loaded, files, &heard)? } else { loaded.engine.clone() };
    let mut machine = Machine::with_limit(&engine, None, options.limit)?.watched(watch);
    if options.coverage {
        machine.record_lines();
    }
    let mut run = TestRun::default();
    for test in &tests {
        let value = machine.value(&rule_path(&test.unit.package, &test.name));
        let printed = machine.take_prints();
        let outcome = match value {
            Ok(Value::Bool(true)) => TestOutcome::Passed,
            Ok(value) => TestOutcome::Failed { value: verdict::kind(&value).to_owned(), stopped: None },
            Err(error) => TestOutcome::Error(error),
        };
        let printed = if outcome == TestOutcome::Passed { Vec::new() } else { printed };
        let line = usize::try_from(test.rule.span().line).unwrap_or(0);
        let path = test.unit.path.clone();
        run.tests.push(TestResult { path, line, name: test.full_name(), outcome, printed });
    }
    if options.coverage {
        run.coverage = coverage(units, &machine.recorded_lines()?);
    }
    run.verdicts = heard.take();
    // What was recorded of all tests is forgotten here.
    for (result, test) in run.tests.iter_mut().zip(&tests) {
        if let TestOutcome::Failed { stopped, .. } = &mut result.outcome {
            *stopped = stopping(&mut machine, test, files)?;
        }
    }
    Ok(run)
}

/// Every test among the units, each once.
pub(super) fn tests(units: &[Unit]) -> Vec<Test<'_>> {
    let mut tests = Vec::new();
    let mut known = BTreeSet::new();
    for unit in units.iter().filter(|unit| unit.role == Role::Test) {
        for rule in &unit.module.policy {
            let is_value = matches!(rule.as_ref(), Rule::Spec { head: RuleHead::Compr { .. }, .. });
            let name = syntax::rule_name(rule).into_iter().next().unwrap_or_default();
            if is_value && name.starts_with("test_") {
                let test = Test { unit, rule, name };
                if known.insert(test.full_name()) {
                    tests.push(test);
                }
            }
        }
    }
    tests
}

fn glob(text: &str) -> Result<GlobMatcher, PolicyError> {
    globset::Glob::new(text).map(|glob| glob.compile_matcher()).map_err(|error| {
        PolicyError::file("--run", error.to_string()).hint("write a glob, as test_high* or *threshold*")
    })
}

fn is_asked_for(test: &Test<'_>, only: Option<&GlobMatcher>) -> bool {
    only.is_none_or(|only| only.is_match(&test.name) || only.is_match(test.full_name()))
}

/// Runs a failed test alone, to see how far it gets.
fn stopping(
    machine: &mut Machine,
    test: &Test<'_>,
    files: &[PolicyFile],
) -> Result<Option<(u32, String)>, PolicyError> {
    machine.record_lines();
    if machine.value(&rule_path(&test.unit.package, &test.name)).is_err() {
        return Ok(None);
    }
    let lines = machine.recorded_lines()?;
    let at = lines.get(&test.unit.path).and_then(|lines| covered::stopped_at(test.rule, lines));
    let text = |line: u32| {
        let file = files.iter().find(|file| file.path == test.unit.path)?;
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        file.source.lines().nth(index).map(|text| (line, text.trim().to_owned()))
    };
    Ok(at.and_then(text))
}

/// The policies that are meant, without tests: not the pack where it only stands beside others.
pub(super) fn looked_at(units: &[Unit]) -> impl Iterator<Item = &Unit> {
    let is_pack_alone = units.iter().all(|unit| unit.layer == Layer::Builtin);
    units.iter().filter(move |unit| unit.role != Role::Test && (is_pack_alone || unit.layer != Layer::Builtin))
}

fn coverage(units: &[Unit], evaluated: &BTreeMap<String, BTreeSet<u32>>) -> Vec<Covered> {
    let none = BTreeSet::new();
    let of = |unit: &Unit| {
        let rule = (unit.role == Role::Rule).then(|| bundle::rule_id(&unit.package));
        Covered::of(&unit.path, rule, &unit.module, evaluated.get(&unit.path).unwrap_or(&none))
    };
    looked_at(units).map(of).filter(|covered| covered.counts().1 > 0).collect()
}
