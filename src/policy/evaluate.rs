//! The two phases over the facts' bytes: admission of exceptions, then what the rules say.
//!
//! What must stay true: every rule that is loaded and not switched off is evaluated, and whatever it says reaches the caller or
//! is an error. Nothing but the question and the facts' bytes comes in, so that it can be answered in another process.

use std::collections::{BTreeMap, BTreeSet};

use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

use super::bundle::{self, Entry, Judge, Unit};
use super::classes::{Subject, classes};
use super::engine::{Machine, Watch};
use super::grounds::{self, Grounds, Wanted};
use super::verdict::{self, Said};
use super::{Objection, PolicyError, RuleInfo};
use crate::model::text::Untrusted;

/// What is asked about facts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Question {
    /// Which phase.
    pub phase: Phase,
    /// The recorded clock.
    pub now_ns: i64,
    /// Rules that are switched off, by id.
    pub off: BTreeSet<String>,
    /// The verdict whose grounds are asked for.
    pub wanted: Option<Wanted>,
}

/// The phases of a decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Phase {
    /// Which exceptions count.
    Admission,
    /// What the rules say.
    Verdicts,
    /// What one verdict rests on.
    Grounds,
    /// The same, each finding on its own: what the other is held to.
    #[cfg(test)]
    VerdictsApart,
}

/// What was answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// Ids that an admission package admits.
    pub(super) admit: Vec<Untrusted>,
    /// Ids that one denies, and why.
    pub(super) deny: Vec<(Untrusted, Objection)>,
    /// Ids that one warns of, and why.
    pub(super) warn: Vec<(Untrusted, Objection)>,
    /// What the rules say.
    pub(super) rulings: Vec<Ruling>,
    /// What the wanted verdict rests on.
    pub(super) grounds: Option<Grounds>,
}

/// What one rule says, about the whole input or about a class of findings.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Ruling {
    /// The index of the rule.
    pub(super) rule: usize,
    /// True for `deny`.
    pub(super) deny: bool,
    /// What it says; placeholders are not filled in yet.
    pub(super) said: Said,
    /// The indices of the findings that it is about; `None` for a rule over the whole input.
    pub(super) members: Option<Vec<usize>>,
}

/// Answers questions: here, or in another process.
pub trait Evaluate: Send + Sync {
    /// Answers a question about facts, given as [`crate::facts::Facts::to_bytes`] writes them.
    ///
    /// # Errors
    /// Whatever is not a well-formed answer.
    fn evaluate(&self, question: &Question, facts: &[u8]) -> Result<Answer, PolicyError>;
}

/// Rules and admission packages, with an engine that is ready for them.
pub(super) struct Program {
    engine: Engine,
    entries: Vec<Entry>,
    judges: Vec<Judge>,
    watch: Watch,
}

impl Evaluate for Program {
    fn evaluate(&self, question: &Question, facts: &[u8]) -> Result<Answer, PolicyError> {
        super::engine::on_big_stack(|| self.answer(question, facts))
    }
}

impl Program {
    pub(super) fn new(mut engine: Engine, units: &[Unit], watch: Watch) -> Result<Self, PolicyError> {
        let entries = bundle::entries(units)?;
        let judges = bundle::judges(units);
        let Some(first) = entries.iter().flat_map(|entry| entry.deny.iter().chain(&entry.warn)).next() else {
            return Err(PolicyError::file("policies", "there is no rule to evaluate")
                .hint("keep the built-in pack, or give rules with --policy"));
        };
        engine
            .compile_with_entrypoint(&first.as_str().into())
            .map_err(|error| PolicyError::from_engine("policies", &error.to_string()))?;
        Ok(Self { engine, entries, judges, watch })
    }

    pub(super) fn rules(&self) -> impl Iterator<Item = &RuleInfo> {
        self.entries.iter().map(|entry| &entry.info)
    }

    /// The value of the first rule, with this much time.
    #[cfg(test)]
    pub(super) fn value_within(&self, limit: std::time::Duration) -> Result<Value, PolicyError> {
        let path = self.entries[0].deny[0].clone();
        Machine::with_limit(&self.engine, Some(0), limit)?.value(&path)
    }

    /// How often the first rule is evaluated for these facts.
    #[cfg(test)]
    pub(super) fn evaluations(&self, facts: &[u8]) -> usize {
        let run = Run::new(Machine::new(&self.engine, Some(0)).unwrap(), input_of(facts).unwrap()).unwrap();
        run.classes(&self.entries[0], Phase::Verdicts).len()
    }

    fn answer(&self, question: &Question, facts: &[u8]) -> Result<Answer, PolicyError> {
        let machine = Machine::new(&self.engine, Some(question.now_ns))?.watched(&self.watch);
        let input = input_of(facts)?;
        match question.phase {
            Phase::Admission => self.admission(machine, input),
            Phase::Verdicts => self.verdicts(Run::new(machine, input)?, question),
            Phase::Grounds => self.grounds(Run::new(machine, input)?, question.wanted.as_ref(), facts.len()),
            #[cfg(test)]
            Phase::VerdictsApart => self.verdicts(Run::new(machine, input)?, question),
        }
    }

    fn admission(&self, mut machine: Machine, input: Value) -> Result<Answer, PolicyError> {
        let known = ids(&input, "exceptions")?.into_iter().chain(ids(&input, "vex")?).collect();
        machine.set_input(input);
        let mut answer = Answer::default();
        for judge in &self.judges {
            let fault = |message: String| PolicyError::file(&judge.place, message);
            if let Some(path) = &judge.admit {
                for member in verdict::members(&machine.value(path)?).map_err(|why| fault(format!("admit {why}")))? {
                    answer.admit.push(known_id(member, &known).map_err(|why| fault(format!("admit: {why}")))?);
                }
            }
            for (path, name, said) in [(&judge.deny, "deny", &mut answer.deny), (&judge.warn, "warn", &mut answer.warn)]
            {
                let Some(path) = path else { continue };
                for member in verdict::members(&machine.value(path)?).map_err(|why| fault(format!("{name} {why}")))? {
                    said.push(objection(member, &known).map_err(|why| fault(format!("{name}: {why}")))?);
                }
            }
        }
        Ok(answer)
    }

    fn verdicts(&self, mut run: Run, question: &Question) -> Result<Answer, PolicyError> {
        let mut rulings = Vec::new();
        for (rule, entry) in self.entries.iter().enumerate() {
            if question.off.contains(&entry.info.id) {
                continue;
            }
            for (paths, deny) in [(&entry.deny, true), (&entry.warn, false)] {
                for path in paths {
                    for (said, members) in run.rule(entry, path, question.phase)? {
                        rulings.push(Ruling { rule, deny, said, members });
                    }
                }
            }
        }
        Ok(Answer { rulings, ..Answer::default() })
    }

    fn grounds(&self, run: Run, wanted: Option<&Wanted>, bytes: usize) -> Result<Answer, PolicyError> {
        let found = wanted.and_then(|wanted| Some((wanted, self.entries.get(wanted.rule)?)));
        let (wanted, entry) = found.ok_or_else(|| bug("grounds of no verdict"))?;
        let input = match wanted.member {
            None => run.base,
            Some(member) => {
                let subject = run.subjects.get(member).ok_or_else(|| bug("grounds about no finding"))?;
                with_subject(&run.base, subject)?
            }
        };
        let grounds = grounds::search(run.machine, entry, input, wanted, bytes)?;
        Ok(Answer { grounds: Some(grounds), ..Answer::default() })
    }
}

/// One evaluation of phase two.
struct Run {
    machine: Machine,
    base: Value,
    subjects: Vec<Subject>,
    ids: BTreeSet<Untrusted>,
}

type SaidOf = (Said, Option<Vec<usize>>);

impl Run {
    fn new(machine: Machine, base: Value) -> Result<Self, PolicyError> {
        let exceptions: BTreeMap<Untrusted, Value> =
            ids(&base, "exceptions")?.into_iter().zip(list(&base, "exceptions").cloned()).collect();
        let ids = ids(&base, "findings")?;
        let mut subjects = Vec::with_capacity(ids.len());
        for (id, finding) in ids.iter().zip(list(&base, "findings")) {
            let exception = match field(finding, "exception") {
                Some(Value::String(covered_by)) => {
                    exceptions.get(&Untrusted::new(covered_by.as_ref())).cloned().ok_or_else(|| {
                        bug(format!("{} is covered by {covered_by}, which is not among the exceptions", id.line()))
                    })?
                }
                _ => Value::Null,
            };
            subjects.push(Subject { finding: finding.clone(), exception });
        }
        Ok(Self { machine, base, subjects, ids: ids.into_iter().collect() })
    }

    fn rule(&mut self, entry: &Entry, path: &str, phase: Phase) -> Result<Vec<SaidOf>, PolicyError> {
        if !entry.info.per_finding {
            self.machine.set_input(self.base.clone());
            return Ok(self.read(entry, path)?.into_iter().map(|said| (said, None)).collect());
        }
        let mut all = Vec::new();
        for (seen, members) in self.classes(entry, phase) {
            self.machine.set_input(with_subject(&self.base, &seen)?);
            all.extend(self.read(entry, path)?.into_iter().map(|said| (said, Some(members.clone()))));
        }
        Ok(all)
    }

    fn classes(&self, entry: &Entry, phase: Phase) -> Vec<(Subject, Vec<usize>)> {
        match phase {
            #[cfg(test)]
            Phase::VerdictsApart => self.subjects.iter().cloned().enumerate().map(|(i, s)| (s, vec![i])).collect(),
            Phase::Admission | Phase::Verdicts | Phase::Grounds => {
                classes(&entry.reads, &self.subjects).into_iter().collect()
            }
        }
    }

    fn read(&mut self, entry: &Entry, path: &str) -> Result<Vec<Said>, PolicyError> {
        let said = verdict::read(entry, path, &self.machine.value(path)?)?;
        match said.iter().find_map(|said| said.finding.as_ref().filter(|id| !self.ids.contains(*id))) {
            Some(unknown) => {
                Err(PolicyError::file(&entry.info.path, format!("{path}: there is no finding {}", unknown.line()))
                    .hint("`finding` is the id of one of input.findings"))
            }
            None => Ok(said),
        }
    }
}

fn bug(message: impl Into<String>) -> PolicyError {
    PolicyError::file("facts", message).hint("this is a bug; report it with the command line")
}

fn input_of(facts: &[u8]) -> Result<Value, PolicyError> {
    let text = std::str::from_utf8(facts).map_err(|error| bug(error.to_string()))?;
    Value::from_json_str(text).map_err(|error| bug(error.to_string()))
}

fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object().ok()?.get(&key.into())
}

/// The ids of the members of a list, in their order.
fn ids(base: &Value, key: &str) -> Result<Vec<Untrusted>, PolicyError> {
    let id = |member| match field(member, "id") {
        Some(Value::String(id)) => Ok(Untrusted::new(id.as_ref())),
        _ => Err(bug(format!("one of the {key} has no id"))),
    };
    list(base, key).map(id).collect()
}

fn with_subject(base: &Value, subject: &Subject) -> Result<Value, PolicyError> {
    let mut input = base.clone();
    let fields = input.as_object_mut().map_err(|error| PolicyError::file("facts", error.to_string()))?;
    fields.insert("finding".into(), subject.finding.clone());
    fields.insert("exception".into(), subject.exception.clone());
    Ok(input)
}

fn list<'v>(base: &'v Value, key: &str) -> impl Iterator<Item = &'v Value> + use<'v> {
    base.as_object()
        .ok()
        .and_then(|fields| fields.get(&key.into()))
        .and_then(|list| list.as_array().ok())
        .into_iter()
        .flatten()
}

fn known_id(member: &Value, known: &BTreeSet<Untrusted>) -> Result<Untrusted, String> {
    let Value::String(id) = member else {
        return Err(format!("a member is {}, not the id of an exception or of a statement", verdict::kind(member)));
    };
    let id = Untrusted::new(id.as_ref());
    if known.contains(&id) {
        Ok(id)
    } else {
        Err(format!("no exception or statement {} matches anything here", id.line()))
    }
}

/// `{"exception": id, "msg": why}`, or `statement` in place of `exception`, and perhaps `"at": key`.
fn objection(member: &Value, known: &BTreeSet<Untrusted>) -> Result<(Untrusted, Objection), String> {
    const SHAPE: &str = "a member is not an object of `exception` or `statement` and `msg`, and perhaps `at`";
    let fields = member.as_object().map_err(|_| SHAPE.to_owned())?;
    let id = fields.get(&"exception".into()).or_else(|| fields.get(&"statement".into()));
    let at = fields.get(&"at".into());
    let (Some(id), Some(msg), true) = (id, fields.get(&"msg".into()), fields.len() == 2 + usize::from(at.is_some()))
    else {
        return Err(SHAPE.to_owned());
    };
    let text = |key: &str, value: &Value, what: &str| match value {
        Value::String(text) if !text.trim().is_empty() => Ok(Untrusted::new(text.as_ref())),
        other => Err(format!("a member's {key} is {}, not a text that says {what}", verdict::kind(other))),
    };
    let msg = text("msg", msg, "why")?;
    let at = at.map(|at| text("at", at, "where")).transpose()?;
    Ok((known_id(id, known)?, Objection { msg, at }))
}
