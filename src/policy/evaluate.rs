//! The two phases over the facts' bytes: admission of exceptions, then what the rules say.
//!
//! What must stay true: every rule that is loaded and not switched off is evaluated, and whatever it says reaches the caller or
//! is an error. Nothing but the question and bytes ([`super::asked`]) comes in, so that it can be answered in another process.

use std::collections::BTreeSet;

use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};

use super::bundle::{self, Entry, Judge, Unit};
use super::classes::{Subject, classes};
use super::engine::{Machine, Watch};
use super::grounds::{self, Grounds, Wanted};
use super::reads::{Reads, Sources};
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
    /// The indices of the subjects that it is about; `None` for a rule over the whole input.
    pub(super) members: Option<Vec<usize>>,
}

/// Answers questions: here, or in another process.
pub trait Evaluate: Send + Sync {
    /// Answers a question about `{"facts": …, "subjects": [{"finding": …, "exception": …}, …]}`.
    ///
    /// # Errors
    /// Whatever is not a well-formed answer.
    fn evaluate(&self, question: &Question, asked: &[u8]) -> Result<Answer, PolicyError>;
}

/// Rules and admission packages, with an engine that is ready for them.
pub(super) struct Program {
    engine: Engine,
    entries: Vec<Entry>,
    judges: Vec<Judge>,
    watch: Watch,
}

impl Evaluate for Program {
    fn evaluate(&self, question: &Question, asked: &[u8]) -> Result<Answer, PolicyError> {
        super::engine::on_big_stack(|| self.answer(question, asked))
    }
}

impl Program {
    pub(super) fn new(mut engine: Engine, units: &[Unit], watch: Watch) -> Result<Self, PolicyError> {
        let sources = Sources::of(units);
        let entries = bundle::entries(units, &sources)?;
        let judges = bundle::judges(units, &sources);
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

    /// How often the first rule is evaluated for these subjects.
    #[cfg(test)]
    pub(super) fn evaluations(&self, asked: &[u8]) -> usize {
        let run = Run::new(Machine::new(&self.engine, Some(0)).unwrap(), input_of(asked).unwrap());
        run.classes(&self.entries[0], Phase::Verdicts).len()
    }

    /// What the rules read, in their order.
    pub(super) fn reads(&self) -> Vec<Reads> {
        self.entries.iter().map(|entry| entry.reads.clone()).collect()
    }

    /// What the admission packages read.
    pub(super) fn admission_reads(&self) -> Reads {
        Reads::together(self.judges.iter().map(|judge| (false, &judge.reads)))
    }

    fn answer(&self, question: &Question, asked: &[u8]) -> Result<Answer, PolicyError> {
        let machine = Machine::new(&self.engine, Some(question.now_ns))?.watched(&self.watch);
        let (facts, subjects) = input_of(asked)?;
        let run = Run::new(machine, (facts, subjects));
        match question.phase {
            Phase::Admission => self.admission(run),
            Phase::Verdicts => self.verdicts(run, question),
            Phase::Grounds => self.grounds(run, question.wanted.as_ref(), asked.len()),
            #[cfg(test)]
            Phase::VerdictsApart => self.verdicts(run, question),
        }
    }

    fn admission(&self, Run { mut machine, base, .. }: Run) -> Result<Answer, PolicyError> {
        let known = ids(&base, "exceptions")?.into_iter().chain(ids(&base, "vex")?).collect();
        machine.set_input(base);
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
        let (wanted, entry) = found.ok_or_else(|| PolicyError::bug("grounds of no verdict"))?;
        let input = match wanted.member {
            None => run.base,
            Some(_) => {
                let subject = run.subjects.first().ok_or_else(|| PolicyError::bug("grounds about no finding"))?;
                with_subject(&run.base, subject)?
            }
        };
        let grounds = grounds::search(run.machine, entry, input, wanted, bytes)?;
        Ok(Answer { grounds: Some(grounds), ..Answer::default() })
    }
}

/// One evaluation.
struct Run {
    machine: Machine,
    base: Value,
    subjects: Vec<Subject>,
}

type SaidOf = (Said, Option<Vec<usize>>);

impl Run {
    fn new(machine: Machine, (base, subjects): (Value, Vec<Subject>)) -> Self {
        Self { machine, base, subjects }
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
        verdict::read(entry, path, &self.machine.value(path)?)
    }
}

/// The facts, and the findings as rules on findings see them.
fn input_of(asked: &[u8]) -> Result<(Value, Vec<Subject>), PolicyError> {
    let text = std::str::from_utf8(asked).map_err(|error| PolicyError::bug(error.to_string()))?;
    let input = Value::from_json_str(text).map_err(|error| PolicyError::bug(error.to_string()))?;
    let part = |value: &Value, key: &str| {
        field(value, key).cloned().ok_or_else(|| PolicyError::bug(format!("the engine is not given {key}")))
    };
    let subject =
        |value: &Value| Ok(Subject { finding: part(value, "finding")?, exception: part(value, "exception")? });
    let subjects = list(&input, "subjects").map(subject).collect::<Result<_, PolicyError>>()?;
    Ok((part(&input, "facts")?, subjects))
}

fn field<'v>(value: &'v Value, key: &str) -> Option<&'v Value> {
    value.as_object().ok()?.get(&key.into())
}

/// The ids of the members of a list, in their order.
fn ids(base: &Value, key: &str) -> Result<Vec<Untrusted>, PolicyError> {
    let id = |member| match field(member, "id") {
        Some(Value::String(id)) => Ok(Untrusted::new(id.as_ref())),
        _ => Err(PolicyError::bug(format!("one of the {key} has no id"))),
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
