//! What a verdict rests on: the facts without which its rule would not say it, and the definitions that say it.
//!
//! What must stay true: every answer is the rule's own. Facts are taken away as long as the rule says the very same of what is left;
//! where the search is cut short, more is kept than was needed, and that is said.

use std::collections::BTreeMap;

use regorus::Value;
use regorus::unstable::{Rule, RuleHead};
use serde::{Deserialize, Serialize};

use super::PolicyError;
use super::bundle::{Entry, Unit, rule_path};
use super::engine::Machine;
use super::syntax::{self, Met};
use super::verdict::{self, Said};

/// How often a rule is evaluated to find out what it needs; less where the facts are large.
const MOST_TRIALS: usize = 2_000;
/// The fewest, however large the facts.
const FEWEST_TRIALS: usize = 100;

/// The verdict that is asked about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wanted {
    /// The index of the rule.
    pub(super) rule: usize,
    /// True for `deny`.
    pub(super) deny: bool,
    /// The index of the finding, for a rule on findings.
    pub(super) member: Option<usize>,
    /// What it says; placeholders are not filled in.
    pub(super) said: Said,
}

/// What a verdict rests on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grounds {
    /// The definitions that say it. More than one where a file leaves open which of them does.
    pub definitions: Vec<Definition>,
    /// JSON pointers into the facts, sorted by where they stand.
    pub facts: Vec<String>,
    /// Whether the rule needs each of these facts. False where the search was cut short.
    pub minimal: bool,
}

/// Where a policy says something.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Definition {
    /// The file.
    pub path: String,
    /// Its first line.
    pub first: u32,
    /// Its last line.
    pub last: u32,
}

/// A definition of `deny` or `warn`.
#[derive(Clone, Debug)]
pub(super) struct Head {
    /// The path that is evaluated.
    output: String,
    place: Definition,
    /// The line on which what it says begins: it is evaluated where the body holds.
    says: u32,
}

/// The definitions of a file that give verdicts.
pub(super) fn heads(unit: &Unit, outputs: impl Fn(&str) -> bool) -> Vec<Head> {
    let mut heads = Vec::new();
    for rule in &unit.module.policy {
        let Some(name) = syntax::rule_name(rule).into_iter().next().filter(|name| outputs(name)) else { continue };
        let Rule::Spec { head, .. } = rule.as_ref() else { continue };
        let first = syntax::rule_ref(rule).span().line;
        let says = match head {
            RuleHead::Set { key: Some(key), .. } => key.span().line,
            RuleHead::Compr { assign: Some(assign), .. } => assign.value.span().line,
            RuleHead::Set { .. } | RuleHead::Compr { .. } | RuleHead::Func { .. } => first,
        };
        let mut last = first.max(says);
        syntax::walk_rule(rule, &mut |met| {
            let line = match met {
                Met::Reference(chain) | Met::Call(chain, ..) => chain.span.line,
                Met::Binds(span) | Met::Text(span, _) | Met::With(span) => span.line,
                Met::Named { value, .. } => value.span().line,
            };
            last = last.max(line);
        });
        let place = Definition { path: unit.path.clone(), first, last };
        heads.push(Head { output: rule_path(&unit.package, &name), place, says });
    }
    heads
}

/// Looks for what a verdict rests on. `input` is what its rule sees, nothing left out.
pub(super) fn search(
    mut machine: Machine,
    entry: &Entry,
    input: Value,
    wanted: &Wanted,
    facts_bytes: usize,
) -> Result<Grounds, PolicyError> {
    let paths = if wanted.deny { &entry.deny } else { &entry.warn };
    let mut output = None;
    for path in paths {
        machine.set_input(input.clone());
        machine.record_lines();
        if verdict::read(entry, path, &machine.value(path)?)?.contains(&wanted.said) {
            output = Some((path, machine.recorded_lines()?));
            break;
        }
    }
    let Some((path, lines)) = output else {
        return Err(PolicyError::new(&entry.info.path, "the rule does not say it again")
            .with_hint("this is a bug; report it with the command line"));
    };
    machine.stop_recording();
    let is_evaluated = |head: &&Head| lines.get(&head.place.path).is_some_and(|lines| lines.contains(&head.says));
    let heads = entry.heads.iter().filter(|head| head.output == *path);
    let definitions = heads.filter(is_evaluated).map(|head| head.place.clone()).collect();
    let trials = (MOST_TRIALS / (1 + (facts_bytes >> 20))).max(FEWEST_TRIALS);
    let mut search = Search { machine, entry, path, said: &wanted.said, left: trials, kept: input };
    let seen = search.seen();
    if search.holds(&seen) {
        search.kept = seen;
    }
    search.reduce(&[]);
    let mut facts = Vec::new();
    leaves(&search.kept, &mut Vec::new(), &mut facts);
    Ok(Grounds { definitions, facts, minimal: search.left > 0 && !search.machine.is_late() })
}

struct Search<'a> {
    machine: Machine,
    entry: &'a Entry,
    path: &'a str,
    said: &'a Said,
    left: usize,
    kept: Value,
}

impl Search<'_> {
    /// What the policy can read of the input at all.
    fn seen(&self) -> Value {
        let reads = &self.entry.reads;
        let mut seen = reads.input.project(&self.kept);
        if !self.entry.info.per_finding {
            return seen;
        }
        if let (Ok(whole), Ok(fields)) = (self.kept.as_object(), seen.as_object_mut()) {
            for (key, read) in [("finding", &reads.finding), ("exception", &reads.exception)] {
                if let Some(value) = whole.get(&key.into()) {
                    fields.insert(key.into(), read.project(value));
                }
            }
        }
        seen
    }

    /// Whether the rule says the same of other facts. A fault is another answer.
    fn holds(&mut self, input: &Value) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.machine.set_input(input.clone());
        let value = self.machine.value(self.path);
        value.and_then(|value| verdict::read(self.entry, self.path, &value)).is_ok_and(|said| said.contains(self.said))
    }

    /// Takes away what can be taken away below a place.
    fn reduce(&mut self, at: &[Step]) {
        let children = children(at.iter().try_fold(&self.kept, |value, step| step.of(value)));
        self.range(at, &children);
    }

    fn range(&mut self, at: &[Step], gone: &[Step]) {
        if gone.is_empty() || self.left == 0 {
            return;
        }
        let without = without(&self.kept, at, gone);
        if self.holds(&without) {
            self.kept = without;
            return;
        }
        match gone {
            [one] => self.reduce(&[at, &[one.clone()]].concat()),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.range(at, first);
                self.range(at, second);
            }
        }
    }
}

/// One step from a value to a part of it.
#[derive(Clone, Debug)]
enum Step {
    Key(Value),
    Index(usize),
}

impl Step {
    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Key(key) => value.as_object().ok()?.get(key),
            Self::Index(index) => value.as_array().ok()?.get(*index),
        }
    }
}

/// The parts of a value that are there. A member of a list that was taken away is null, so that the others keep their places.
fn children(value: Option<&Value>) -> Vec<Step> {
    match value {
        Some(Value::Object(fields)) => fields.keys_sorted().cloned().map(Step::Key).collect(),
        Some(Value::Array(members)) => {
            let there = members.iter().enumerate().filter(|(_, member)| **member != Value::Null);
            there.map(|(index, _)| Step::Index(index)).collect()
        }
        _ => Vec::new(),
    }
}

/// A value without some parts of what stands at a place.
fn without(value: &Value, at: &[Step], gone: &[Step]) -> Value {
    let is_gone = |index: usize| gone.iter().any(|step| matches!(step, Step::Index(gone) if *gone == index));
    match (at.split_first(), value) {
        (None, Value::Object(fields)) => {
            let mut left: BTreeMap<Value, Value> = fields.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
            for step in gone {
                if let Step::Key(key) = step {
                    left.remove(key);
                }
            }
            Value::from(left)
        }
        (None, Value::Array(members)) => {
            let left = members.iter().enumerate();
            left.map(|(index, member)| if is_gone(index) { Value::Null } else { member.clone() })
                .collect::<Vec<Value>>()
                .into()
        }
        (Some((Step::Key(step), rest)), Value::Object(fields)) => {
            let below =
                |key: &Value, value: &Value| if key == step { without(value, rest, gone) } else { value.clone() };
            Value::from(fields.iter().map(|(k, v)| (k.clone(), below(k, v))).collect::<BTreeMap<Value, Value>>())
        }
        (Some((Step::Index(step), rest)), Value::Array(members)) => {
            let below = |(index, value): (usize, &Value)| {
                if index == *step { without(value, rest, gone) } else { value.clone() }
            };
            members.iter().enumerate().map(below).collect::<Vec<Value>>().into()
        }
        _ => value.clone(),
    }
}

/// Pointers to what is left and has no parts, in order.
fn leaves(value: &Value, at: &mut Vec<String>, found: &mut Vec<String>) {
    let parts = children(Some(value));
    if parts.is_empty() {
        found.push(at.iter().map(|part| format!("/{}", part.replace('~', "~0").replace('/', "~1"))).collect());
    }
    for step in parts {
        at.push(match &step {
            Step::Key(Value::String(key)) => key.to_string(),
            Step::Key(key) => key.to_string(),
            Step::Index(index) => index.to_string(),
        });
        if let Some(part) = step.of(value) {
            leaves(part, at, found);
        }
        at.pop();
    }
}
