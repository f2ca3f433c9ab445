//! `policy test --mutate`: which small changes to policies their tests do not notice.
//!
//! What must stay true: a mutant is killed only by a test that passes without the change and does not with it. One that does not
//! load is nobody's merit and counts for nothing; one that no test evaluates survives.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

use super::bundle::{self, Loaded, Purpose, Role, Unit, rule_path};
use super::check::imports;
use super::engine::{self, Machine, Watch};
use super::mutants::{self, Mutant};
use super::syntax::{self, Met};
use super::testing::{self, Test};
use super::{PolicyError, PolicyFile};

/// Which mutants are tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutationOptions {
    /// Packages that are not ours and belong to what is tested.
    pub namespaces: Vec<String>,
    /// One of how many mutants is tried, the first among them; 1 is all.
    pub one_in: usize,
    /// Which of those are tried here, and by how many workers they are tried: every `.1`th from the `.0`th on.
    pub share: (usize, usize),
    /// How long all of it may take.
    pub limit: Duration,
}

/// What became of the mutants.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MutationRun {
    /// How many some test noticed, by file.
    pub killed: BTreeMap<String, usize>,
    /// Those that no test noticed, in order of place.
    pub survivors: Vec<Mutant>,
    /// How many do not load.
    pub invalid: usize,
}

impl MutationRun {
    /// How many of how many were noticed.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        let killed: usize = self.killed.values().sum();
        (killed, killed + self.survivors.len())
    }

    /// The same with what another worker found.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        for (path, killed) in other.killed {
            *self.killed.entry(path).or_default() += killed;
        }
        self.survivors.extend(other.survivors);
        self.survivors
            .sort_by(|a, b| (&a.path, a.at.start, a.at.end, &a.to).cmp(&(&b.path, b.at.start, b.at.end, &b.to)));
        self.invalid += other.invalid;
        self
    }
}

/// Tries the mutants of the policies that are looked at.
pub(super) fn mutate(
    mut files: Vec<PolicyFile>,
    options: &MutationOptions,
    watch: &Watch,
) -> Result<MutationRun, PolicyError> {
    files.sort();
    engine::on_big_stack(|| {
        let purpose = Purpose::Release { namespaces: &options.namespaces, tests: true };
        let loaded = bundle::load(&files, purpose, watch)?;
        let suite = Suite::of(&loaded, &files, options, watch)?;
        let all = testing::looked_at(&loaded.units)
            .flat_map(|unit| mutants::of(&unit.path, suite.source(&unit.path), &unit.module));
        let (first, workers) = options.share;
        let mut run = MutationRun::default();
        for mutant in all.step_by(options.one_in.max(1)).skip(first).step_by(workers.max(1)) {
            watch(&format!("{}:{}, `{}` as `{}`", mutant.path, mutant.line, mutant.from, mutant.to));
            match suite.fate(&mutant)? {
                Fate::Killed => *run.killed.entry(mutant.path).or_default() += 1,
                Fate::Survived => run.survivors.push(mutant),
                Fate::Invalid => run.invalid += 1,
            }
        }
        Ok(run)
    })
}

/// What becomes of a mutant.
enum Fate {
    Killed,
    Survived,
    Invalid,
}

/// The tests, and what each of them looks at.
struct Suite<'a> {
    loaded: &'a Loaded,
    sources: BTreeMap<&'a str, &'a str>,
    tests: Vec<Looking<'a>>,
    limit: Duration,
}

/// One test, and the lines that it evaluates, by file.
struct Looking<'a> {
    test: Test<'a>,
    lines: BTreeMap<String, BTreeSet<u32>>,
}

impl Looking<'_> {
    fn sees(&self, mutant: &Mutant) -> bool {
        self.lines.get(&mutant.path).is_some_and(|lines| lines.contains(&mutant.line))
    }
}

impl<'a> Suite<'a> {
    /// Runs every test once.
    fn of(
        loaded: &'a Loaded,
        files: &'a [PolicyFile],
        options: &MutationOptions,
        watch: &Watch,
    ) -> Result<Self, PolicyError> {
        let sources = files.iter().map(|file| (file.path.as_str(), &*file.source)).collect();
        let mut machine = Machine::with_limit(&loaded.engine, None, options.limit)?.watched(watch);
        let mut tests = Vec::new();
        for test in testing::tests(&loaded.units) {
            machine.record_lines();
            if machine.value(&rule_path(&test.unit.package, &test.name))? != Value::Bool(true) {
                return Err(PolicyError::file(&test.unit.path, format!("the test {} does not pass", test.full_name()))
                    .hint("tests that do not pass cannot notice anything"));
            }
            let mut lines = machine.recorded_lines()?;
            lines.retain(|_, lines| !lines.is_empty());
            tests.push(Looking { test, lines });
        }
        Ok(Self { loaded, sources, tests, limit: options.limit })
    }

    fn source(&self, path: &str) -> &'a str {
        self.sources.get(path).copied().unwrap_or_default()
    }

    /// Runs the tests that look at the mutant's file, those that evaluate its line first, until one notices.
    fn fate(&self, mutant: &Mutant) -> Result<Fate, PolicyError> {
        let mut by_unit: BTreeMap<(bool, &str), Vec<&Looking<'_>>> = BTreeMap::new();
        for looking in self.tests.iter().filter(|looking| looking.lines.contains_key(&mutant.path)) {
            by_unit.entry((!looking.sees(mutant), looking.test.unit.path.as_str())).or_default().push(looking);
        }
        for looking in by_unit.into_values() {
            let Some(mut machine) = self.machine(&looking, mutant)? else { return Ok(Fate::Invalid) };
            for one in looking {
                let value = machine.value(&rule_path(&one.test.unit.package, &one.test.name));
                if !matches!(value, Ok(Value::Bool(true))) {
                    return Ok(Fate::Killed);
                }
            }
        }
        Ok(Fate::Survived)
    }

    /// A machine with what tests of one file reach, the mutant in its place; `None` where that does not load.
    fn machine(&self, tests: &[&Looking<'_>], mutant: &Mutant) -> Result<Option<Machine>, PolicyError> {
        let Some(first) = tests.first() else { return Ok(None) };
        let mut engine = Engine::new();
        for unit in reached(first.test.unit, &self.loaded.units) {
            let source = self.source(&unit.path);
            let text = if unit.path == mutant.path { mutant.applied(source) } else { source.to_owned() };
            engine.set_rego_v0(unit.v0);
            if engine.add_policy(unit.path.clone(), text).is_err() {
                return Ok(None);
            }
        }
        bundle::add_data(&mut engine, &self.loaded.data)?;
        let entry = rule_path(&first.test.unit.package, &first.test.name);
        if engine.compile_with_entrypoint(&entry.as_str().into()).is_err() {
            return Ok(None);
        }
        Machine::with_limit(&engine, None, self.limit).map(Some)
    }
}

/// A file of tests, and every package that it reaches.
fn reached<'a>(from: &'a Unit, units: &'a [Unit]) -> Vec<&'a Unit> {
    let mut found = vec![from];
    let mut next = 0;
    while let Some(unit) = found.get(next).copied() {
        next += 1;
        let paths = paths(unit);
        let is_meant = |other: &&Unit| {
            let same = |path: &Vec<String>| other.package.iter().zip(path).all(|(a, b)| a == b);
            (other.package == unit.package && other.role != Role::Test) || paths.iter().any(same)
        };
        let more: Vec<&Unit> = units.iter().filter(is_meant).collect();
        for unit in more {
            if !found.iter().any(|known| known.path == unit.path) {
                found.push(unit);
            }
        }
    }
    found
}

/// What a file names below `data`.
fn paths(unit: &Unit) -> Vec<Vec<String>> {
    let owned = |path: Vec<&str>| path.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let targets = imports(&unit.module).filter(|(_, target)| target.root == Some("data"));
    let mut paths: Vec<Vec<String>> = targets.map(|(_, target)| owned(target.known())).collect();
    for rule in &unit.module.policy {
        syntax::walk_rule(rule, &mut |met| {
            if let Met::Reference(chain) | Met::Call(chain, ..) = met
                && chain.root == Some("data")
            {
                paths.push(owned(chain.known()));
            }
        });
    }
    paths
}
