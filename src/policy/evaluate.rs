//! The two phases: admission of exceptions, then the verdicts of the rules.
//!
//! What must stay true: every rule that is loaded and not switched off is evaluated, and whatever it says reaches the caller or
//! is an error.

use std::collections::{BTreeMap, BTreeSet};

use regorus::{Engine, Value};

use super::bundle::{self, Entry, Judge, Unit};
use super::classes::{Subject, classes};
use super::engine::Machine;
use super::verdict::{self, Said};
use super::{Admission, PolicyError, RawVerdict, RuleInfo, placeholders};
use crate::facts::{Facts, TriagedFinding};
use crate::model::profile::RuleMode;
use crate::model::text::Untrusted;

/// Rules and admission packages, with an engine that is ready for them.
pub(super) struct Program {
    engine: Engine,
    entries: Vec<Entry>,
    judges: Vec<Judge>,
}

/// Whether findings that a rule cannot tell apart are judged once. The answers are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alike {
    /// Once for all of them.
    Together,
    /// Each on its own: what the other is held to.
    #[cfg(test)]
    Apart,
}

impl Program {
    pub(super) fn new(mut engine: Engine, units: &[Unit]) -> Result<Self, PolicyError> {
        let entries = bundle::entries(units)?;
        let judges = bundle::judges(units);
        let Some(first) = entries.iter().flat_map(|entry| entry.deny.iter().chain(&entry.warn)).next() else {
            return Err(PolicyError::file("policies", "there is no rule to evaluate")
                .hint("keep the built-in pack, or give rules with --policy"));
        };
        engine
            .compile_with_entrypoint(&first.as_str().into())
            .map_err(|error| PolicyError::from_engine("policies", &error.to_string()))?;
        Ok(Self { engine, entries, judges })
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
    pub(super) fn evaluations(&self, facts: &Facts) -> usize {
        let run = Run::new(self.machine(facts).unwrap(), facts).unwrap();
        run.classes(&self.entries[0], Alike::Together).len()
    }

    fn machine(&self, facts: &Facts) -> Result<Machine, PolicyError> {
        let Some(now) = facts.now.unix_nanos() else {
            return Err(PolicyError::file("policies", format!("the instant {} is out of range", facts.now))
                .hint("choose one before the year 2262"));
        };
        Machine::new(&self.engine, Some(now))
    }

    pub(super) fn admission(&self, facts: &Facts) -> Result<Admission, PolicyError> {
        let mut machine = self.machine(facts)?;
        machine.set_input(input_of(facts)?);
        let known: BTreeSet<&Untrusted> = facts.exceptions.iter().map(|matched| &matched.record.id).collect();
        let mut admission = Admission::default();
        for judge in &self.judges {
            let fault = |message: String| PolicyError::file(&judge.place, message);
            if let Some(path) = &judge.admit {
                for member in verdict::members(&machine.value(path)?).map_err(|why| fault(format!("admit {why}")))? {
                    let id = known_id(member, &known).map_err(|why| fault(format!("admit: {why}")))?;
                    admission.admitted.insert(id);
                }
            }
            if let Some(path) = &judge.deny {
                for member in verdict::members(&machine.value(path)?).map_err(|why| fault(format!("deny {why}")))? {
                    let (id, why) = denial(member, &known).map_err(|why| fault(format!("deny: {why}")))?;
                    admission.denied.entry(id).or_default().push(why);
                }
            }
        }
        admission.admitted.retain(|id| !admission.denied.contains_key(id));
        for reasons in admission.denied.values_mut() {
            reasons.sort();
            reasons.dedup();
        }
        Ok(admission)
    }

    pub(super) fn verdicts(&self, facts: &Facts, alike: Alike) -> Result<Vec<RawVerdict>, PolicyError> {
        let modes = self.modes(facts)?;
        let mut run = Run::new(self.machine(facts)?, facts)?;
        let mut verdicts = BTreeSet::new();
        for entry in &self.entries {
            let mode = modes.get(&entry.info.id).copied().unwrap_or(RuleMode::Enforce);
            if mode == RuleMode::Off {
                continue;
            }
            for (paths, deny) in [(&entry.deny, true), (&entry.warn, false)] {
                for path in paths {
                    let raised = Raised::new(entry, mode, deny, facts);
                    run.rule(entry, path, &raised, alike, &mut verdicts)?;
                }
            }
        }
        Ok(verdicts.into_iter().collect())
    }

    /// The profile's modes; a name that no rule has would switch nothing off, in silence.
    fn modes<'a>(&self, facts: &'a Facts) -> Result<&'a BTreeMap<String, RuleMode>, PolicyError> {
        let modes = &facts.profile.rules;
        let known: BTreeSet<&str> = self.rules().map(|rule| rule.id.as_str()).collect();
        let place = format!("profile {}", facts.profile.name.line());
        if let Some(unknown) = modes.keys().find(|name| !known.contains(name.as_str())) {
            let list: Vec<&str> = known.into_iter().collect();
            return Err(PolicyError::file(&place, format!("rules: there is no rule `{unknown}`"))
                .hint(format!("rules that are loaded: {}", list.join(", "))));
        }
        if known.iter().all(|rule| modes.get(*rule) == Some(&RuleMode::Off)) {
            return Err(PolicyError::file(&place, "rules: every rule is switched off")
                .hint("a gate without rules decides nothing; leave at least one on"));
        }
        Ok(modes)
    }
}

/// How what a rule says counts.
struct Raised<'a> {
    rule: &'a str,
    deny: bool,
    effective_on: Option<crate::model::time::Date>,
}

impl<'a> Raised<'a> {
    fn new(entry: &'a Entry, mode: RuleMode, deny: bool, facts: &Facts) -> Self {
        let warned = mode == RuleMode::Warn;
        let later = entry.info.effective_on.filter(|day| deny && !warned && facts.today() < *day);
        Self { rule: &entry.info.id, deny: deny && !warned && later.is_none(), effective_on: later }
    }

    fn verdict(&self, said: Said) -> RawVerdict {
        RawVerdict {
            rule: self.rule.to_owned(),
            deny: self.deny,
            msg: said.msg.into(),
            finding: said.finding,
            path: said.path.map(Untrusted::new),
            owner: said.owner,
            fix_by: said.fix_by,
            next: said.next.map(Untrusted::new),
            severity: said.severity,
            effective_on: self.effective_on,
        }
    }
}

/// One evaluation of phase two.
struct Run<'a> {
    machine: Machine,
    facts: &'a Facts,
    base: Value,
    subjects: Vec<Subject>,
    ids: BTreeSet<&'a Untrusted>,
}

impl<'a> Run<'a> {
    fn new(machine: Machine, facts: &'a Facts) -> Result<Self, PolicyError> {
        let base = input_of(facts)?;
        let exceptions: BTreeMap<&Untrusted, &Value> =
            facts.exceptions.iter().map(|matched| &matched.record.id).zip(list(&base, "exceptions")).collect();
        let mut subjects = Vec::with_capacity(facts.findings.len());
        for (triaged, finding) in facts.findings.iter().zip(list(&base, "findings")) {
            let exception = match &triaged.exception {
                None => Value::Null,
                Some(id) => exceptions.get(id).map(|value| (*value).clone()).ok_or_else(|| {
                    let message = format!(
                        "{} is covered by {}, which is not among the exceptions",
                        triaged.finding.id.line(),
                        id.line()
                    );
                    PolicyError::file("facts", message).hint("this is a bug; report it with the command line")
                })?,
            };
            subjects.push(Subject { finding: finding.clone(), exception });
        }
        let ids = facts.findings.iter().map(|triaged| &triaged.finding.id).collect();
        Ok(Self { machine, facts, base, subjects, ids })
    }

    fn rule(
        &mut self,
        entry: &Entry,
        path: &str,
        raised: &Raised<'_>,
        alike: Alike,
        verdicts: &mut BTreeSet<RawVerdict>,
    ) -> Result<(), PolicyError> {
        if !entry.info.per_finding {
            self.machine.set_input(self.base.clone());
            for said in self.read(entry, path)? {
                verdicts.insert(raised.verdict(said));
            }
            return Ok(());
        }
        let facts = self.facts;
        for (seen, members) in self.classes(entry, alike) {
            self.machine.set_input(with_subject(&self.base, &seen)?);
            for said in self.read(entry, path)? {
                for triaged in members.iter().filter_map(|index| facts.findings.get(*index)) {
                    verdicts.insert(raised.verdict(about(&said, triaged)));
                }
            }
        }
        Ok(())
    }

    fn classes(&self, entry: &Entry, alike: Alike) -> Vec<(Subject, Vec<usize>)> {
        match alike {
            Alike::Together => classes(&entry.reads, &self.subjects).into_iter().collect(),
            #[cfg(test)]
            Alike::Apart => self.subjects.iter().cloned().enumerate().map(|(index, s)| (s, vec![index])).collect(),
        }
    }

    fn read(&mut self, entry: &Entry, path: &str) -> Result<Vec<Said>, PolicyError> {
        let said = verdict::read(entry, path, &self.machine.value(path)?)?;
        match said.iter().find_map(|said| said.finding.as_ref().filter(|id| !self.ids.contains(id))) {
            Some(unknown) => {
                Err(PolicyError::file(&entry.info.path, format!("{path}: there is no finding {}", unknown.line()))
                    .hint("`finding` is the id of one of input.findings"))
            }
            None => Ok(said),
        }
    }
}

/// What was said about a class, said about one of its findings.
fn about(said: &Said, triaged: &TriagedFinding) -> Said {
    let fill = |text: &String| placeholders::fill(text, triaged);
    Said {
        msg: fill(&said.msg),
        finding: said.finding.clone().or_else(|| Some(triaged.finding.id.clone())),
        path: said.path.as_ref().map(fill),
        next: said.next.as_ref().map(fill),
        ..said.clone()
    }
}

fn input_of(facts: &Facts) -> Result<Value, PolicyError> {
    let unreadable =
        |why: String| PolicyError::file("facts", why).hint("this is a bug; report it with the command line");
    let bytes = facts.to_bytes().map_err(|error| unreadable(error.to_string()))?;
    let text = String::from_utf8(bytes).map_err(|error| unreadable(error.to_string()))?;
    Value::from_json_str(&text).map_err(|error| unreadable(error.to_string()))
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

fn known_id(member: &Value, known: &BTreeSet<&Untrusted>) -> Result<Untrusted, String> {
    let Value::String(id) = member else {
        return Err(format!("a member is {}, not the id of an exception", verdict::kind(member)));
    };
    let id = Untrusted::new(id.as_ref());
    if known.contains(&id) { Ok(id) } else { Err(format!("no exception {} matches anything here", id.line())) }
}

/// `{"exception": id, "msg": why}`.
fn denial(member: &Value, known: &BTreeSet<&Untrusted>) -> Result<(Untrusted, Untrusted), String> {
    const SHAPE: &str = "a member is not an object of `exception` and `msg`";
    let fields = member.as_object().map_err(|_| SHAPE.to_owned())?;
    let (Some(id), Some(msg), 2) = (fields.get(&"exception".into()), fields.get(&"msg".into()), fields.len()) else {
        return Err(SHAPE.to_owned());
    };
    match msg {
        Value::String(text) if !text.trim().is_empty() => Ok((known_id(id, known)?, Untrusted::new(text.as_ref()))),
        other => Err(format!("a member's msg is {}, not a text that says why", verdict::kind(other))),
    }
}
