//! Policies over documents of any kind, as Conftest evaluates them: what they say is the same, and what Conftest reads as a pass
//! without looking is an error.
//!
//! What must stay true: a success is the value of a rule that was evaluated to an empty set. A namespace without rules, a rule
//! that is no set, an empty message and a member of another kind are errors.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use regorus::unstable::Rule;
use regorus::{Engine, Value};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};

use super::bundle::{self, Loaded, Purpose, Unit, rule_path};
use super::engine::{Machine, Watch, on_big_stack};
use super::{PolicyError, PolicyFile, syntax, verdict};

/// A package, for whoever chooses what is evaluated.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Namespace {
    /// The package.
    pub name: String,
    /// How many rules give verdicts.
    pub rules: usize,
    /// Files that are no Rego v1 and were read as v0.
    pub v0: Vec<String>,
}

/// One evaluation of a document.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evaluation {
    /// The packages to evaluate.
    pub namespaces: Vec<String>,
    /// The clock.
    pub now_ns: i64,
}

/// What one package says about a document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentResult {
    /// The package.
    pub namespace: String,
    /// Rules that have nothing to say.
    pub successes: usize,
    /// What `warn` rules say.
    pub warnings: Vec<DocumentSaid>,
    /// What `deny` and `violation` rules say.
    pub failures: Vec<DocumentSaid>,
    /// Rules that an `exception` rule takes out; each the query that found it.
    pub exceptions: Vec<String>,
}

/// One result of a rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DocumentSaid {
    /// The message.
    pub msg: String,
    /// The other fields of the rule's object, and `query`: the rule that said it.
    pub metadata: BTreeMap<String, String>,
    /// The `_loc` field as JSON, where there is one.
    pub location: Option<String>,
}

/// Policies that are ready for documents.
pub struct Documents {
    engine: Engine,
    packages: BTreeMap<String, Package>,
    watch: Watch,
}

#[derive(Default)]
struct Package {
    path: String,
    parts: Vec<String>,
    /// Rule → the number of its bodies.
    rules: BTreeMap<String, usize>,
    has_exceptions: bool,
    v0: Vec<String>,
}

impl Documents {
    /// Parses and checks policies, and external data.
    ///
    /// # Errors
    /// The first fault found.
    pub fn load(files: &[PolicyFile], watch: &Watch) -> Result<Self, PolicyError> {
        let mut files: Vec<PolicyFile> = files.iter().filter(|file| !bundle::is_test(file)).cloned().collect();
        files.sort();
        on_big_stack(|| {
            let Loaded { mut engine, units, .. } = bundle::load(&files, Purpose::Documents, watch)?;
            let mut packages: BTreeMap<String, Package> = BTreeMap::new();
            for unit in &units {
                packages.entry(unit.package_name()).or_default().add(unit);
            }
            let first = packages.values().find_map(|package| Some((package, package.rules.keys().next()?)));
            if let Some((package, rule)) = first {
                engine
                    .compile_with_entrypoint(&rule_path(&package.parts, rule).as_str().into())
                    .map_err(|error| PolicyError::from_engine("policies", &error.to_string()))?;
            }
            Ok(Self { engine, packages, watch: Arc::clone(watch) })
        })
    }

    /// The packages, sorted.
    #[must_use]
    pub fn namespaces(&self) -> Vec<Namespace> {
        let one = |(name, package): (&String, &Package)| Namespace {
            name: name.clone(),
            rules: package.rules.len(),
            v0: package.v0.clone(),
        };
        self.packages.iter().map(one).collect()
    }

    /// Evaluates the packages over one document, given as JSON.
    ///
    /// # Errors
    /// A package that is not there or has no rule, and whatever is no set of results.
    pub fn evaluate(&self, evaluation: &Evaluation, document: &str) -> Result<Vec<DocumentResult>, PolicyError> {
        on_big_stack(|| {
            let input =
                Value::from_json_str(document).map_err(|error| PolicyError::file("the document", error.to_string()))?;
            let mut machine = Machine::new(&self.engine, Some(evaluation.now_ns))?.watched(&self.watch);
            machine.set_input(input);
            let namespaces = evaluation.namespaces.iter();
            namespaces.map(|name| self.package(name)?.evaluate(name, &mut machine)).collect()
        })
    }

    /// The value of a rule over a document as JSON, sets as lists; `None` where it is undefined.
    ///
    /// # Errors
    /// Any fault while evaluating.
    pub fn value(&self, path: &str, document: Option<&str>) -> Result<Option<Json>, PolicyError> {
        on_big_stack(|| {
            let mut machine = Machine::new(&self.engine, Some(0))?;
            if let Some(document) = document {
                let input = Value::from_json_str(document)
                    .map_err(|error| PolicyError::file("the document", error.to_string()))?;
                machine.set_input(input);
            }
            match machine.value(path)? {
                Value::Undefined => Ok(None),
                value => json(&value).map(Some),
            }
        })
    }

    fn package(&self, name: &str) -> Result<&Package, PolicyError> {
        let place = format!("--namespace {name}");
        let known: Vec<&str> =
            self.packages.iter().filter(|(_, p)| !p.rules.is_empty()).map(|(name, _)| name.as_str()).collect();
        let hint = match known.as_slice() {
            [] => "no package that was given defines deny, warn or violation".to_owned(),
            known => format!("packages that give results: {}", known.join(", ")),
        };
        match self.packages.get(name) {
            None => Err(PolicyError::file(&place, "no policy has this package").hint(hint)),
            Some(package) if package.rules.is_empty() => {
                Err(PolicyError::file(&place, "the package defines neither deny, warn nor violation").hint(hint))
            }
            Some(package) => Ok(package),
        }
    }
}

impl Package {
    fn add(&mut self, unit: &Unit) {
        self.parts.clone_from(&unit.package);
        self.path.clone_from(&unit.path);
        if unit.v0 {
            self.v0.push(unit.path.clone());
        }
        let outputs: BTreeSet<String> = bundle::outputs(unit);
        for rule in &unit.module.policy {
            let Some(name) = syntax::rule_name(rule).into_iter().next() else { continue };
            self.has_exceptions |= name == "exception";
            if let (true, Rule::Spec { bodies, .. }) = (outputs.contains(&name), rule.as_ref()) {
                *self.rules.entry(name).or_default() += bodies.len().max(1);
            }
        }
    }

    fn evaluate(&self, name: &str, machine: &mut Machine) -> Result<DocumentResult, PolicyError> {
        let mut result = DocumentResult { namespace: name.to_owned(), ..DocumentResult::default() };
        let excepted = if self.has_exceptions { self.excepted(machine)? } else { Vec::new() };
        for rule in self.rules.keys() {
            let suffix = ["deny", "violation", "warn"].iter().find_map(|word| rule.strip_prefix(word));
            let suffix = suffix.map_or("", |rest| rest.strip_prefix('_').unwrap_or(rest));
            let exceptions = excepted.iter().filter(|name| *name == suffix).count();
            let said = self.read(rule, machine)?;
            if exceptions > 0 {
                let query = format!("data.{name}.exception[_][_] == {}", Json::from(suffix));
                result.exceptions.extend(std::iter::repeat_n(query, exceptions));
            } else if said.is_empty() {
                result.successes += 1;
            } else if rule.starts_with("warn") {
                result.warnings.extend(said);
            } else {
                result.failures.extend(said);
            }
        }
        let told = result.successes + result.warnings.len() + result.failures.len() + result.exceptions.len();
        result.successes += self.rules.values().sum::<usize>().saturating_sub(told);
        Ok(result)
    }

    fn fault(&self, path: &str, message: &str) -> PolicyError {
        PolicyError::file(&self.path, format!("{path}: {message}"))
    }

    fn read(&self, rule: &str, machine: &mut Machine) -> Result<Vec<DocumentSaid>, PolicyError> {
        let path = rule_path(&self.parts, rule);
        let value = machine.value(&path)?;
        let members = verdict::members(&value).map_err(|why| self.fault(&path, &why))?;
        members.map(|member| said(&path, member).map_err(|why| self.fault(&path, &why))).collect()
    }

    /// The names that `exception` rules hold, once for each time that they stand there.
    fn excepted(&self, machine: &mut Machine) -> Result<Vec<String>, PolicyError> {
        let path = rule_path(&self.parts, "exception");
        let fault = |message: &str| self.fault(&path, message);
        let value = machine.value(&path)?;
        let mut names = Vec::new();
        for list in verdict::members(&value).map_err(|why| fault(&why))? {
            let members: Vec<&Value> = match list {
                Value::Array(members) => members.iter().collect(),
                Value::Set(members) => members.iter().collect(),
                other => return Err(fault(&format!("a member is {}, not a list of rule names", verdict::kind(other)))),
            };
            for member in members {
                let Value::String(name) = member else {
                    return Err(fault(&format!("a rule name is {}", verdict::kind(member))));
                };
                if !self.rules.keys().any(|rule| rule.ends_with(name.as_ref())) {
                    return Err(fault(&format!("no rule ends in `{name}`, so the exception excepts nothing")));
                }
                names.push(name.to_string());
            }
        }
        Ok(names)
    }
}

fn said(path: &str, member: &Value) -> Result<DocumentSaid, String> {
    let mut fields = match member {
        Value::String(msg) => Map::from_iter([("msg".to_owned(), Json::from(msg.as_ref()))]),
        Value::Object(_) => match json(member) {
            Ok(Json::Object(fields)) => fields,
            _ => return Err("a member cannot be written as JSON".to_owned()),
        },
        other => return Err(format!("a member is {}, neither a text nor an object with msg", verdict::kind(other))),
    };
    let Some(Json::String(msg)) = fields.remove("msg") else {
        return Err("a result has no msg that is a text".to_owned());
    };
    if msg.trim().is_empty() {
        return Err("a result has a blank msg".to_owned());
    }
    let location = fields.remove("_loc").map(|loc| loc.to_string());
    fields.insert("query".to_owned(), path.into());
    Ok(DocumentSaid {
        msg,
        metadata: fields.into_iter().map(|(key, value)| (key, value.to_string())).collect(),
        location,
    })
}

fn json(value: &Value) -> Result<Json, PolicyError> {
    serde_json::to_value(value).map_err(|error| PolicyError::file("policies", format!("no JSON: {error}")))
}
