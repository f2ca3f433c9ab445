//! Tests of policies: every `test_` rule of the `_test.rego` files.
//!
//! What must stay true: a test passes only when its value is `true`. Undefined, false, anything else and errors do not.

use regorus::Value;
use regorus::unstable::{Rule, RuleHead};

use super::bundle::{self, Loaded, Purpose, Role, rule_path};
use super::engine::{self, Machine};
use super::{PolicyError, PolicyFile, syntax};

/// What became of one test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TestOutcome {
    /// Its value is `true`.
    Passed,
    /// Its value is undefined or anything but `true`.
    Failed,
    /// It could not be evaluated.
    Error(PolicyError),
}

/// One test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestResult {
    /// The file.
    pub path: String,
    /// The line where the rule stands first.
    pub line: usize,
    /// The name, as `package.test_name`.
    pub name: String,
    /// What became of it.
    pub outcome: TestOutcome,
}

/// Runs the tests among the files, in order of file and line.
///
/// # Errors
/// A file that cannot be loaded, with the same checks as in a release.
pub fn test(mut files: Vec<PolicyFile>, namespaces: &[String]) -> Result<Vec<TestResult>, PolicyError> {
    files.sort();
    engine::on_big_stack(|| {
        let Loaded { engine, units, .. } =
            bundle::load(&files, Purpose::Release { namespaces, tests: true }, &engine::unwatched())?;
        let mut machine = Machine::new(&engine, None)?;
        let mut results: Vec<TestResult> = Vec::new();
        for unit in units.iter().filter(|unit| unit.role == Role::Test) {
            for rule in &unit.module.policy {
                let is_value = matches!(rule.as_ref(), Rule::Spec { head: RuleHead::Compr { .. }, .. });
                let name = syntax::rule_name(rule).into_iter().next().unwrap_or_default();
                if !is_value || !name.starts_with("test_") {
                    continue;
                }
                let full = format!("{}.{name}", unit.package_name());
                if results.iter().any(|result| result.name == full) {
                    continue;
                }
                let line = usize::try_from(rule.span().line).unwrap_or(0);
                let outcome = match machine.value(&rule_path(&unit.package, &name)) {
                    Ok(Value::Bool(true)) => TestOutcome::Passed,
                    Ok(_) => TestOutcome::Failed,
                    Err(error) => TestOutcome::Error(error),
                };
                results.push(TestResult { path: unit.path.clone(), line, name: full, outcome });
            }
        }
        Ok(results)
    })
}
