//! Which fields of a finding and of its exception a rule can see: alike findings are then judged once.
//!
//! What must stay true: the fields are those of every rule and function that the rule can reach. Whatever cannot be resolved (the
//! whole `input`, a computed key, `with`) counts as reading everything, which judges the findings one by one.

use std::collections::BTreeMap;

use regorus::Value;
use serde::{Deserialize, Serialize};

use super::bundle::{Role, Unit};
use super::check::imports;
use super::syntax::{self, Chain, Met};
use crate::projection::Fields;

/// What a rule reads.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Reads {
    pub(super) finding: Fields,
    pub(super) exception: Fields,
    /// What it reads of the rest.
    pub(super) input: Fields,
    /// Why everything counts as read; `None` where the fields are known.
    pub(super) unresolved: Option<String>,
    /// The first place that reads a finding or its exception by name.
    pub(super) about_finding: Option<String>,
}

impl Fields {
    fn add(&mut self, path: &[&str]) {
        match path.split_first() {
            None => self.whole = true,
            Some((first, rest)) => self.below.entry((*first).to_owned()).or_default().add(rest),
        }
    }

    /// These and the others.
    fn join(&mut self, others: &Self) {
        self.whole |= others.whole;
        for (key, fields) in &others.below {
            self.below.entry(key.clone()).or_default().join(fields);
        }
    }

    /// Whether anything at or below a field is read.
    pub(crate) fn has(&self, key: &str) -> bool {
        self.whole || self.below.contains_key(key)
    }

    /// The value with nothing but these fields. What is no object where one was expected stays as it is.
    pub(crate) fn project(&self, value: &Value) -> Value {
        let Ok(object) = value.as_object() else { return value.clone() };
        if self.whole {
            return value.clone();
        }
        let seen = self.below.iter().filter_map(|(key, fields)| {
            let key = Value::from(key.as_str());
            let value = fields.project(object.get(&key)?);
            Some((key, value))
        });
        Value::from(seen.collect::<BTreeMap<Value, Value>>())
    }
}

/// What every package reads itself, and what it refers to: worked out once for all rules.
pub(super) struct Sources<'u> {
    units: &'u [Unit],
    /// In the units' order.
    direct: Vec<(Reads, Vec<Vec<String>>)>,
}

impl<'u> Sources<'u> {
    /// Reads the units; tests are nobody's.
    pub(super) fn of(units: &'u [Unit]) -> Self {
        let direct = |unit: &Unit| {
            let (mut reads, mut refers) = (Reads::default(), Vec::new());
            if unit.role != Role::Test {
                reads.add_unit(unit, &mut refers);
            }
            (reads, refers)
        };
        Self { units, direct: units.iter().map(direct).collect() }
    }

    /// What the rules of a package read, and everything that they reach.
    pub(super) fn reads(&self, unit: &Unit) -> Reads {
        let mut reads = Reads::default();
        let mut reached = vec![false; self.units.len()];
        let mut todo: Vec<&[String]> = vec![&unit.package];
        while let Some(path) = todo.pop() {
            for ((unit, reached), (direct, refers)) in self.units.iter().zip(&mut reached).zip(&self.direct) {
                let is_meant = unit.package.iter().zip(path).all(|(a, b)| a == b);
                if is_meant && !*reached && unit.role != Role::Test {
                    *reached = true;
                    reads.join(direct);
                    todo.extend(refers.iter().map(Vec::as_slice));
                }
            }
        }
        reads
    }
}

impl Reads {
    /// This and what another reads.
    fn join(&mut self, other: &Self) {
        self.finding.join(&other.finding);
        self.exception.join(&other.exception);
        self.input.join(&other.input);
        for (why, because) in
            [(&mut self.unresolved, &other.unresolved), (&mut self.about_finding, &other.about_finding)]
        {
            if why.is_none() {
                why.clone_from(because);
            }
        }
    }

    /// All there is.
    pub(super) fn everything() -> Self {
        let whole = || Fields { whole: true, below: BTreeMap::new() };
        Self { finding: whole(), exception: whole(), input: whole(), ..Self::default() }
    }

    /// What any of these reads; of a finding only where it is a rule on findings.
    pub(super) fn together<'a>(all: impl Iterator<Item = (bool, &'a Self)>) -> Self {
        let mut together = Self::default();
        for (per_finding, reads) in all {
            if per_finding {
                together.finding.join(&reads.finding);
                together.exception.join(&reads.exception);
            }
            together.input.join(&reads.input);
        }
        together
    }

    /// Everything, for the reason given.
    fn give_up(&mut self, unit: &Unit, line: u32, why: &str) {
        self.finding.whole = true;
        self.exception.whole = true;
        self.input.whole = true;
        self.unresolved.get_or_insert_with(|| format!("{}:{line}: {why}", unit.path));
    }

    fn add_unit(&mut self, unit: &Unit, todo: &mut Vec<Vec<String>>) {
        let aliases: BTreeMap<&str, Chain<'_>> = imports(&unit.module).collect();
        todo.extend(aliases.values().filter(|target| target.root == Some("data")).map(|target| owned(&target.known())));
        for rule in &unit.module.policy {
            syntax::walk_rule(rule, &mut |met| match met {
                Met::Reference(chain) | Met::Call(chain, ..) => {
                    if let Some(reference) = Resolved::of(&chain, &aliases) {
                        self.add(unit, &reference, chain.span.line, todo);
                    }
                }
                Met::With(span) => self.give_up(unit, span.line, "`with` changes what is read"),
                Met::Binds(_) | Met::Named { .. } | Met::Text(..) => {}
            });
        }
    }

    fn add(&mut self, unit: &Unit, reference: &Resolved<'_>, line: u32, todo: &mut Vec<Vec<String>>) {
        if let ("input", Some(field @ (&"finding" | &"exception"))) = (reference.root, reference.known.first()) {
            self.about_finding.get_or_insert_with(|| format!("{}:{line}: `input.{field}`", unit.path));
        }
        match (reference.root, reference.known.as_slice()) {
            ("input", ["finding", rest @ ..]) => {
                if rest.is_empty() {
                    self.unresolved.get_or_insert_with(|| format!("{}:{line}: `input.finding` as a whole", unit.path));
                }
                self.finding.add(rest);
            }
            ("input", ["exception", rest @ ..]) => self.exception.add(rest),
            ("input", []) => self.give_up(unit, line, "`input` as a whole, or with a computed key"),
            ("input", path) => self.input.add(path),
            ("data", path) => todo.push(owned(path)),
            _ => {}
        }
    }
}

/// A reference with its import alias replaced.
struct Resolved<'a> {
    root: &'a str,
    known: Vec<&'a str>,
}

impl<'a> Resolved<'a> {
    fn of(chain: &'a Chain<'_>, aliases: &'a BTreeMap<&str, Chain<'_>>) -> Option<Self> {
        let root = chain.root?;
        match aliases.get(root) {
            Some(target) => {
                let known = target.known().into_iter().chain(chain.known()).collect();
                Some(Self { root: target.root?, known })
            }
            None => Some(Self { root, known: chain.known() }),
        }
    }
}

fn owned(path: &[&str]) -> Vec<String> {
    path.iter().map(|part| (*part).to_owned()).collect()
}
