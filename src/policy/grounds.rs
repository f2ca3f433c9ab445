//! What a verdict rests on: the facts without which its rule would not say it, and the definitions that say it.
//!
//! What must stay true: every answer is the rule's own. Facts are taken away as long as the rule says the very same of what is left,
//! and each that is listed makes a difference; where the search is cut short, that is said.

use std::collections::{BTreeMap, BTreeSet};

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
    let gone = Gone::new();
    let mut search = Search { machine, entry, path, said: &wanted.said, left: trials, kept: input, gone };
    let seen = search.seen();
    if search.holds(&seen) {
        search.kept = seen;
    }
    let whole = search.kept.clone();
    search.reduce(&[]);
    let mut needed = BTreeSet::new();
    leaves(&search.kept, &search.gone, &mut Vec::new(), &mut needed);
    search.put_back(&whole, &mut needed);
    let facts = needed.iter().map(|at| pointer(at)).collect();
    Ok(Grounds { definitions, facts, minimal: search.left > 0 && !search.machine.is_late() })
}

type Path = Vec<Step>;

/// Lists, and which of their members were taken away. Something stands in their places, so that the others keep theirs.
type Gone = BTreeMap<Path, BTreeSet<usize>>;

struct Search<'a> {
    machine: Machine,
    entry: &'a Entry,
    path: &'a str,
    said: &'a Said,
    left: usize,
    kept: Value,
    gone: Gone,
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
        let children = children(part(&self.kept, at), at, &self.gone);
        self.range(at, &children);
    }

    fn range(&mut self, at: &[Step], gone: &[Step]) {
        if gone.is_empty() || self.left == 0 || self.is_without(at, gone) {
            return;
        }
        match gone {
            [one] => self.reduce(&[at, std::slice::from_ref(one)].concat()),
            several => {
                let (first, second) = several.split_at(several.len() / 2);
                self.range(at, first);
                self.range(at, second);
            }
        }
    }

    /// Takes parts away together, if the rule says the same then. What is done with every member of a list may need one of its kind.
    fn is_without(&mut self, at: &[Step], gone: &[Step]) -> bool {
        let in_list = matches!(gone.first(), Some(Step::Index(_)));
        let stands: &[fn(&Value) -> Value] = if in_list { &INSTEAD_OF_MEMBERS } else { &INSTEAD_OF_FIELDS };
        for instead in stands {
            let without = replaced(&self.kept, at, gone, *instead);
            if self.holds(&without) {
                self.kept = without;
                let indices: Vec<usize> = gone.iter().filter_map(Step::index).collect();
                if !indices.is_empty() {
                    self.gone.entry(at.to_vec()).or_default().extend(indices);
                }
                return true;
            }
        }
        false
    }

    /// What stands beside a fact that is needed, and makes the rule say something else when it alone is changed: its absence may mean
    /// what it says.
    fn put_back(&mut self, whole: &Value, needed: &mut BTreeSet<Path>) {
        let groups: BTreeSet<Path> = needed.iter().map(|at| group(at)).collect();
        for at in groups.iter().flat_map(|group| beside(whole, group)) {
            if needed.contains(&at) || self.left == 0 {
                continue;
            }
            let changed = changed(whole, &at);
            if changed.is_some_and(|changed| !self.holds(&changed)) && self.left > 0 {
                needed.insert(at);
            }
        }
    }
}

/// What may stand in the place of a list's member.
const INSTEAD_OF_MEMBERS: [fn(&Value) -> Value; 2] = [nothing, plain];
/// A field goes away with its key.
const INSTEAD_OF_FIELDS: [fn(&Value) -> Value; 1] = [nothing];

fn nothing(_: &Value) -> Value {
    Value::Null
}

/// One step from a value to a part of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Key(Value),
    Index(usize),
}

impl Step {
    const fn index(&self) -> Option<usize> {
        match self {
            Self::Index(index) => Some(*index),
            Self::Key(_) => None,
        }
    }

    fn of<'v>(&self, value: &'v Value) -> Option<&'v Value> {
        match self {
            Self::Key(key) => value.as_object().ok()?.get(key),
            Self::Index(index) => value.as_array().ok()?.get(*index),
        }
    }
}

/// What belongs together: a member of a list, else the object around.
fn group(at: &[Step]) -> Path {
    let member = at.iter().rposition(|step| matches!(step, Step::Index(_))).map(|index| index + 1);
    // A list of plain values is no group of its own.
    let end = member.filter(|end| *end < at.len()).unwrap_or(at.len().saturating_sub(1));
    at.iter().take(end).cloned().collect()
}

/// What has no parts and is of one group, in no order.
fn beside(whole: &Value, group: &Path) -> Vec<Path> {
    let is_member = matches!(group.last(), Some(Step::Index(_)));
    let (mut todo, mut found) = (vec![group.clone()], Vec::new());
    while let Some(at) = todo.pop() {
        let there = part(whole, &at);
        let parts = children(there, &at, &Gone::new());
        let is_within = at == *group || (is_member && matches!(there, Some(Value::Object(_))));
        match parts.is_empty() {
            true => found.push(at),
            false if is_within => todo.extend(parts.into_iter().map(|step| [at.as_slice(), &[step]].concat())),
            false => {}
        }
    }
    found
}

fn part<'v>(whole: &'v Value, at: &[Step]) -> Option<&'v Value> {
    at.iter().try_fold(whole, |value, step| step.of(value))
}

/// The plainest value of the same kind.
fn plain(value: &Value) -> Value {
    match value {
        Value::Bool(_) => Value::from(false),
        Value::Number(_) => Value::from(0_u64),
        Value::String(_) => Value::from(""),
        Value::Array(_) => Value::from(Vec::<Value>::new()),
        Value::Object(_) => Value::from(BTreeMap::<Value, Value>::new()),
        other => other.clone(),
    }
}

/// The parts of a value that are there.
fn children(value: Option<&Value>, at: &[Step], gone: &Gone) -> Vec<Step> {
    match value {
        Some(Value::Object(fields)) => fields.keys_sorted().cloned().map(Step::Key).collect(),
        Some(Value::Array(members)) => {
            let gone = gone.get(at);
            let is_there = |index: &usize| gone.is_none_or(|gone| !gone.contains(index));
            (0..members.iter().count()).filter(is_there).map(Step::Index).collect()
        }
        _ => Vec::new(),
    }
}

/// A value without some parts of what stands at a place; something else stands in the place of a list's member.
fn replaced(value: &Value, at: &[Step], gone: &[Step], instead: fn(&Value) -> Value) -> Value {
    let indices: BTreeSet<usize> = gone.iter().filter_map(Step::index).collect();
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
            let one = |(index, member): (usize, &Value)| {
                if indices.contains(&index) { instead(member) } else { member.clone() }
            };
            members.iter().enumerate().map(one).collect::<Vec<Value>>().into()
        }
        (Some((step, rest)), _) => with(value, step, |part| replaced(part, rest, gone, instead)),
        _ => value.clone(),
    }
}

/// A value in which one part is another: false for true, else the plainest of its kind. `None` where it is that already.
fn changed(value: &Value, at: &[Step]) -> Option<Value> {
    let other = |part: &Value| match part {
        Value::Bool(bool) => Value::from(!bool),
        other => plain(other),
    };
    let is_other = part(value, at).is_some_and(|part| other(part) != *part);
    is_other.then(|| made_anew(value, at, &other))
}

fn made_anew(value: &Value, at: &[Step], make: &dyn Fn(&Value) -> Value) -> Value {
    match at.split_first() {
        None => make(value),
        Some((step, rest)) => with(value, step, |part| made_anew(part, rest, make)),
    }
}

/// A value in which one part is made anew.
fn with(value: &Value, step: &Step, make: impl Fn(&Value) -> Value) -> Value {
    match (step, value) {
        (Step::Key(step), Value::Object(fields)) => {
            let one =
                |(key, part): (&Value, &Value)| (key.clone(), if key == step { make(part) } else { part.clone() });
            Value::from(fields.iter().map(one).collect::<BTreeMap<Value, Value>>())
        }
        (Step::Index(step), Value::Array(members)) => {
            let one = |(index, part): (usize, &Value)| if index == *step { make(part) } else { part.clone() };
            members.iter().enumerate().map(one).collect::<Vec<Value>>().into()
        }
        _ => value.clone(),
    }
}

/// The paths of what is there and has no parts.
fn leaves(value: &Value, gone: &Gone, at: &mut Path, found: &mut BTreeSet<Path>) {
    let parts = children(Some(value), at, gone);
    if parts.is_empty() {
        found.insert(at.clone());
    }
    for step in parts {
        if let Some(part) = step.of(value) {
            at.push(step);
            leaves(part, gone, at, found);
            at.pop();
        }
    }
}

/// A path as a JSON pointer.
fn pointer(at: &[Step]) -> String {
    let part = |step: &Step| match step {
        Step::Key(Value::String(key)) => key.to_string(),
        Step::Key(key) => key.to_string(),
        Step::Index(index) => index.to_string(),
    };
    at.iter().map(|step| format!("/{}", part(step).replace('~', "~0").replace('/', "~1"))).collect()
}
