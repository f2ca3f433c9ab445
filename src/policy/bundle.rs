//! From files to checked policies: parse, tell rules from helpers, read METADATA and data, refuse what collides.
//!
//! What must stay true: nothing is loaded that will not be evaluated and was meant to be, and nothing that is loaded changes what
//! another file means. The engine lets data replace rules and packages of the same name merge, both without a word.

use std::collections::{BTreeMap, BTreeSet};

use regorus::Engine;
use regorus::unstable::{Module, Ref, Rule, RuleHead};
use serde_json::Value as Json;

use super::engine::Watch;
use super::grounds::{self, Head};
use super::layering::{Overridable, Side, lay};
use super::lexer::{self, Kind, Lexed};
use super::metadata::{self, Metadata, RuleScope};
use super::reads::{Reads, Sources};
use super::{Layer, PolicyError, PolicyFile, RuleInfo, check, pack, syntax};
use crate::model::severity::Severity;
use crate::model::text::neutral;
use crate::strict;

/// What a package is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// `countersign.rules.<area>.<name>`.
    Rule,
    /// `countersign.admission.<name>`.
    Admission,
    /// `countersign.lib.<name>`.
    Lib,
    /// Somebody else's package; `named` when it is to be evaluated.
    Foreign { named: bool },
    /// Any package, where documents are judged and not the facts.
    Document,
    /// A `_test.rego` file.
    Test,
}

/// A parsed file.
#[derive(Clone, Debug)]
pub(super) struct Unit {
    pub(super) path: String,
    pub(super) layer: Layer,
    pub(super) role: Role,
    pub(super) package: Vec<String>,
    pub(super) module: Ref<Module>,
    pub(super) metadata: Option<Metadata>,
    /// True where it is no Rego v1, and was read as v0.
    pub(super) v0: bool,
}

impl Unit {
    /// The package as it is written.
    pub(super) fn package_name(&self) -> String {
        self.package.join(".")
    }

    /// True for packages of ours, which are held to more than what the language asks.
    pub(super) fn is_ours(&self) -> bool {
        !matches!(self.role, Role::Foreign { .. } | Role::Document)
    }
}

/// A rule that is to be evaluated.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) info: RuleInfo,
    /// Paths to evaluate whose members deny.
    pub(super) deny: Vec<String>,
    /// Paths to evaluate whose members warn.
    pub(super) warn: Vec<String>,
    /// What it reads of a finding and its exception.
    pub(super) reads: Reads,
    /// The definitions that give verdicts.
    pub(super) heads: Vec<Head>,
    /// True for packages that are not ours.
    pub(super) foreign: bool,
}

/// An admission package that is to be evaluated.
#[derive(Clone, Debug)]
pub(super) struct Judge {
    pub(super) place: String,
    pub(super) admit: Option<String>,
    pub(super) deny: Option<String>,
    pub(super) warn: Option<String>,
    /// What it reads of the facts.
    pub(super) reads: Reads,
}

/// Everything that was loaded.
pub(super) struct Loaded {
    pub(super) engine: Engine,
    pub(super) units: Vec<Unit>,
    pub(super) data: BTreeMap<String, Json>,
    pub(super) overridable: Vec<Overridable>,
}

/// What policies are loaded for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose<'a> {
    /// To judge a release, or to test policies that do.
    Release {
        /// Packages that are not ours and are evaluated.
        namespaces: &'a [String],
        /// Whether `_test.rego` files belong to them.
        tests: bool,
    },
    /// To judge documents of any kind, as Conftest does.
    Documents,
}

/// Parses and checks files, up to the first fault.
pub(super) fn load(files: &[PolicyFile], purpose: Purpose<'_>, watch: &Watch) -> Result<Loaded, PolicyError> {
    load_all(files, purpose, watch).map_err(|faults| {
        let first = faults.into_iter().next();
        first.unwrap_or_else(|| PolicyError::file("policies", "refused without a fault").hint("report this bug"))
    })
}

/// Parses and checks files. Gives every fault that can be seen while the others are there.
pub(super) fn load_all(files: &[PolicyFile], purpose: Purpose<'_>, watch: &Watch) -> Result<Loaded, Vec<PolicyError>> {
    refuse_same_path(files).map_err(|fault| vec![fault])?;
    let mut engine = Engine::new();
    let (mut units, mut faults) = (Vec::new(), Vec::new());
    let tests = matches!(purpose, Purpose::Release { tests: true, .. });
    for file in files.iter().filter(|file| is_rego(file) && (tests || !is_test(file))) {
        watch(&file.path);
        match parse(&mut engine, file, purpose) {
            Ok(unit) => units.push(unit),
            Err(fault) => faults.push(fault),
        }
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    watch("the policies together");
    let (data, overridable) = together(files, &units, purpose).map_err(|fault| vec![fault])?;
    // What the embedded pack is free of was found out when it was built.
    if !pack::is_embedded(files) {
        let faults = check::faults(&units, &data.keys().cloned().collect());
        if !faults.is_empty() {
            return Err(faults);
        }
    }
    add_data(&mut engine, &data).map_err(|fault| vec![fault])?;
    Ok(Loaded { engine, units, data, overridable })
}

/// What packages and data are to each other: data of all layers by root, and the keys that may be moved.
fn together(
    files: &[PolicyFile],
    units: &[Unit],
    purpose: Purpose<'_>,
) -> Result<(BTreeMap<String, Json>, Vec<Overridable>), PolicyError> {
    let overridable = overridable(units)?;
    let Data { roots, owners } = data(files.iter().filter(|file| !is_rego(file)), &overridable)?;
    refuse_undeclared(&overridable, &roots, &owners)?;
    refuse_collisions(units, &owners)?;
    if let Purpose::Release { namespaces, .. } = purpose {
        refuse_missing_namespaces(units, namespaces)?;
    }
    Ok((roots, overridable))
}

/// Every declaration in the METADATA of our packages.
fn overridable(units: &[Unit]) -> Result<Vec<Overridable>, PolicyError> {
    let mut all = Vec::new();
    for unit in units {
        let Some(metadata) = &unit.metadata else { continue };
        for declaration in &metadata.custom.overridable {
            all.push(Overridable::new(&unit.path, metadata.line, unit.layer, declaration)?);
        }
    }
    Ok(all)
}

/// External data, all layers together.
#[derive(Default)]
struct Data {
    roots: BTreeMap<String, Json>,
    /// The file and layer that a root belongs to.
    owners: BTreeMap<String, (String, Layer)>,
}

/// Reads data files, the highest layer first. Files of one layer may share a root where they say nothing twice; a lower layer
/// moves what it may.
fn data<'a>(files: impl Iterator<Item = &'a PolicyFile>, overridable: &[Overridable]) -> Result<Data, PolicyError> {
    let mut files: Vec<&PolicyFile> = files.collect();
    files.sort_by_key(|file| (file.layer, &file.path));
    let mut data = Data::default();
    for file in files {
        for (root, value) in read_data(file)? {
            let Some((owner, layer)) = data.owners.get(&root) else {
                data.owners.insert(root.clone(), (file.path.clone(), file.layer));
                data.roots.insert(root, value);
                continue;
            };
            let known = data.roots.remove(&root).unwrap_or(Json::Null);
            let together = if *layer == file.layer {
                join(known, value).map_err(|key| {
                    let key = std::iter::once(root.as_str()).chain(key.iter().rev().map(String::as_str));
                    let message = format!("the data `{}` is given by {owner} too", key.collect::<Vec<_>>().join("."));
                    PolicyError::file(&file.path, message).hint("say it in one file")
                })?
            } else {
                let higher = Side { path: owner, layer: *layer };
                let lower = Side { path: &file.path, layer: file.layer };
                lay(overridable, &["data".to_owned(), root.clone()], (&higher, &known), (&lower, &value))?
            };
            data.roots.insert(root, together);
        }
    }
    Ok(data)
}

/// Two objects as one, or the key (innermost first) that both have.
fn join(one: Json, other: Json) -> Result<Json, Vec<String>> {
    let (Json::Object(mut one), Json::Object(other)) = (one, other) else { return Err(Vec::new()) };
    for (key, value) in other {
        let value = match one.remove(&key) {
            None => value,
            Some(known) => join(known, value).map_err(|mut path| {
                path.push(key.clone());
                path
            })?,
        };
        one.insert(key, value);
    }
    Ok(Json::Object(one))
}

/// A declaration about data that the layer does not have would protect or release nothing.
fn refuse_undeclared(
    overridable: &[Overridable],
    roots: &BTreeMap<String, Json>,
    owners: &BTreeMap<String, (String, Layer)>,
) -> Result<(), PolicyError> {
    for declared in overridable.iter().filter(|declared| declared.key.first().is_some_and(|kind| kind == "data")) {
        let mut path = declared.key.iter().skip(1);
        let root = path.next().map(String::as_str).unwrap_or_default();
        let is_theirs = owners.get(root).is_some_and(|(_, layer)| declared.layer <= *layer);
        let there = path.try_fold(roots.get(root).unwrap_or(&Json::Null), |at, key| at.get(key));
        if !is_theirs || there.is_none() {
            let shown = declared.key.join(".");
            return Err(PolicyError::file(
                &shown,
                "is declared overridable, and is no data of that layer or a lower one",
            )
            .hint("check the key against the data files"));
        }
    }
    Ok(())
}

/// True for files that only tests load.
pub(super) fn is_test(file: &PolicyFile) -> bool {
    file.path.ends_with("_test.rego")
}

fn is_rego(file: &PolicyFile) -> bool {
    file.path.ends_with(".rego")
}

fn refuse_same_path(files: &[PolicyFile]) -> Result<(), PolicyError> {
    let mut seen = BTreeSet::new();
    match files.iter().find(|file| !seen.insert(&file.path)) {
        Some(file) => Err(PolicyError::file(&file.path, "the file is given twice").hint("give it once")),
        None => Ok(()),
    }
}

fn parse(engine: &mut Engine, file: &PolicyFile, purpose: Purpose<'_>) -> Result<Unit, PolicyError> {
    let lexed = lexer::lex(&file.path, &file.source)?;
    let Some((name, line)) = lexed.package() else {
        return Err(
            PolicyError::at(&file.path, 1, "no package").hint("begin with `package countersign.rules.<area>.<name>`")
        );
    };
    let for_documents = matches!(purpose, Purpose::Documents);
    let ours = !for_documents && (name == "countersign" || name.starts_with("countersign."));
    let (module, v0) = add_policy(engine, file, &lexed, !ours)?;
    let package = syntax::package(&module);
    let role = match purpose {
        Purpose::Documents => Role::Document,
        Purpose::Release { .. } if is_test(file) => Role::Test,
        Purpose::Release { namespaces, .. } => role(file, line, &package, namespaces)?,
    };
    let metadata = if ours { metadata::read(&file.path, &lexed)? } else { None };
    Ok(Unit { path: file.path.clone(), layer: file.layer, role, package, module, metadata, v0 })
}

/// Gives a file to the engine: as Rego v1, and where that fails and the package is not ours as v0.
fn add_policy(
    engine: &mut Engine,
    file: &PolicyFile,
    lexed: &Lexed<'_>,
    may_be_v0: bool,
) -> Result<(Ref<Module>, bool), PolicyError> {
    let mut v0 = false;
    engine.set_rego_v0(false);
    let mut result = engine.add_policy(file.path.clone(), file.source.clone().into_owned());
    if result.is_err() && may_be_v0 && !uses_v1_words(lexed) {
        engine.set_rego_v0(true);
        v0 = true;
        result = engine.add_policy(file.path.clone(), file.source.clone().into_owned()).or(result);
    }
    result.map_err(|error| PolicyError::from_engine(&file.path, &error.to_string()))?;
    let module = engine.get_modules().last().cloned();
    let module = module.ok_or_else(|| PolicyError::file(&file.path, "the engine did not keep the file"))?;
    Ok((module, v0))
}

/// True where a file uses words of Rego v1 as keywords without importing them: it is no v0 policy.
fn uses_v1_words(lexed: &Lexed<'_>) -> bool {
    let words = |wanted: &[&str]| lexed.tokens.iter().any(|t| t.kind == Kind::Word && wanted.contains(&t.text));
    words(&["if", "every", "in"]) && !words(&["future", "rego"])
}

fn role(file: &PolicyFile, line: usize, package: &[String], namespaces: &[String]) -> Result<Role, PolicyError> {
    let parts: Vec<&str> = package.iter().map(String::as_str).collect();
    match parts.as_slice() {
        ["countersign", "rules", area, name] if is_plain(area) && is_plain(name) => Ok(Role::Rule),
        ["countersign", "admission", name] if is_plain(name) => Ok(Role::Admission),
        ["countersign", "lib", rest @ ..] if !rest.is_empty() => Ok(Role::Lib),
        ["countersign", ..] => Err(PolicyError::at(
            &file.path,
            line,
            format!("the package `{}` has no place here", package.join(".")),
        )
        .hint("packages are countersign.rules.<area>.<name>, countersign.admission.<name> and countersign.lib.<name>, in lower case, digits and _")),
        _ if namespaces.is_empty() => Err(PolicyError::at(
            &file.path,
            line,
            format!("the package `{}` would not be evaluated", package.join(".")),
        )
        .hint(format!("name it with --namespace {}, or rename it to countersign.rules.<area>.<name>", package.join(".")))),
        _ => Ok(Role::Foreign { named: namespaces.contains(&package.join(".")) }),
    }
}

fn is_plain(part: &str) -> bool {
    part.starts_with(|c: char| c.is_ascii_lowercase())
        && part.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// What a data file says, before it is mounted: an object.
pub(super) fn parse_data(file: &PolicyFile) -> Result<Json, PolicyError> {
    let value: Json = if file.path.ends_with(".json") {
        strict::json::parse(file.source.as_bytes())
            .map_err(|fault| PolicyError::at(&file.path, fault.line, fault.message))?
    } else if file.path.ends_with(".yaml") || file.path.ends_with(".yml") {
        serde_saphyr::from_str(&file.source).map_err(|error| {
            let line = error.location().map_or(0, |at| usize::try_from(at.line()).unwrap_or(0));
            PolicyError::at(&file.path, line, neutral(error.to_string().lines().next().unwrap_or_default()))
        })?
    } else {
        return Err(PolicyError::file(&file.path, "neither a policy nor data")
            .hint("policies end in .rego, data in .json or .yaml"));
    };
    if !value.is_object() {
        return Err(PolicyError::file(&file.path, "the data is no object").hint("its keys are the roots below `data`"));
    }
    Ok(value)
}

/// What a data file says, by root.
pub(super) fn read_data(file: &PolicyFile) -> Result<BTreeMap<String, Json>, PolicyError> {
    let value = parse_data(file)?;
    let mounted = file
        .mount
        .split('/')
        .rev()
        .filter(|part| !part.is_empty())
        .fold(value, |below, part| Json::Object([(part.to_owned(), below)].into_iter().collect()));
    match mounted {
        Json::Object(roots) => Ok(roots.into_iter().collect()),
        _ => Ok(BTreeMap::new()),
    }
}

fn refuse_collisions(units: &[Unit], owners: &BTreeMap<String, (String, Layer)>) -> Result<(), PolicyError> {
    for (root, (path, _)) in owners {
        let taken = root == "countersign" || units.iter().any(|unit| unit.package.first() == Some(root));
        if taken {
            return Err(PolicyError::file(path, format!("the data root `{root}` is a package's"))
                .hint("data would replace the rules of that package; choose another root"));
        }
    }
    for (index, unit) in units.iter().enumerate() {
        for other in units.iter().skip(index + 1) {
            refuse_pair(unit, other)?;
        }
    }
    Ok(())
}

fn refuse_pair(one: &Unit, other: &Unit) -> Result<(), PolicyError> {
    // The lower layer is at fault, whatever its file is called.
    let (one, other) = if one.layer <= other.layer { (one, other) } else { (other, one) };
    let same = one.package == other.package;
    let above = one.package.starts_with(&other.package) || other.package.starts_with(&one.package);
    let both =
        |what: String, hint: &str| Err(PolicyError::file(&other.path, format!("{what} {}", one.path)).hint(hint));
    if above && one.layer != other.layer {
        return both(
            format!("the package `{}` belongs to another layer ({}), by", other.package_name(), one.layer.word()),
            "a layer adds rules in packages of its own: choose another name",
        );
    }
    if same && matches!(one.role, Role::Rule | Role::Admission) && other.role != Role::Test {
        return both(format!("the package `{}` is defined too by", other.package_name()), "a rule is one file");
    }
    for (outer, inner) in [(one, other), (other, one)] {
        let Some(below) = inner.package.strip_prefix(outer.package.as_slice()).filter(|below| !below.is_empty()) else {
            continue;
        };
        let clash = outer
            .module
            .policy
            .iter()
            .map(|rule| syntax::rule_name(rule))
            .find(|name| name.iter().zip(below).all(|(a, b)| a == b));
        if let Some(name) = clash {
            return both(
                format!("the rule `{}.{}` and a package have the same name, see", outer.package_name(), name.join(".")),
                "rename the rule",
            );
        }
    }
    Ok(())
}

fn refuse_missing_namespaces(units: &[Unit], namespaces: &[String]) -> Result<(), PolicyError> {
    for namespace in namespaces {
        let of_it: Vec<&Unit> = units.iter().filter(|unit| unit.package_name() == *namespace).collect();
        if of_it.is_empty() {
            let known: BTreeSet<String> = units.iter().filter(|u| !u.is_ours()).map(Unit::package_name).collect();
            let known = if known.is_empty() { "none".to_owned() } else { Vec::from_iter(known).join(", ") };
            return Err(PolicyError::file(&format!("--namespace {namespace}"), "no policy has this package")
                .hint(format!("packages that were given: {known}")));
        }
        if of_it.iter().all(|unit| outputs(unit).is_empty()) {
            return Err(PolicyError::file(
                &format!("--namespace {namespace}"),
                "the package defines neither deny, warn nor violation",
            )
            .hint("nothing would be evaluated; check the rule names"));
        }
    }
    Ok(())
}

/// Gives external data to an engine.
pub(super) fn add_data(engine: &mut Engine, data: &BTreeMap<String, Json>) -> Result<(), PolicyError> {
    if data.is_empty() {
        return Ok(());
    }
    let whole = Json::Object(data.iter().map(|(root, value)| (root.clone(), value.clone())).collect());
    engine.add_data(whole.into()).map_err(|error| PolicyError::from_engine("data", &error.to_string()))
}

/// The rules of a package that give verdicts, each once, sorted.
pub(super) fn outputs(unit: &Unit) -> BTreeSet<String> {
    let is_output = |name: &str| match &unit.role {
        Role::Rule => matches!(name, "deny" | "warn"),
        Role::Admission => matches!(name, "deny" | "admit" | "warn"),
        Role::Foreign { .. } | Role::Document => ["deny", "violation", "warn"].iter().any(|word| {
            name.strip_prefix(word).is_some_and(|rest| {
                rest.is_empty()
                    || rest.strip_prefix('_').is_some_and(|rest| {
                        rest.split('_').all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric()))
                    })
            })
        }),
        Role::Lib | Role::Test => false,
    };
    let functions = |rule: &Rule| matches!(rule, Rule::Spec { head: RuleHead::Func { .. }, .. });
    unit.module
        .policy
        .iter()
        .filter(|rule| !functions(rule))
        .filter_map(|rule| syntax::rule_name(rule).into_iter().next())
        .filter(|name| is_output(name))
        .collect()
}

/// The path of a rule, as the engine wants it.
pub(super) fn rule_path(package: &[String], name: &str) -> String {
    let mut path = "data".to_owned();
    for part in package.iter().map(String::as_str).chain([name]) {
        let is_word = part.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if is_word {
            path.push('.');
            path.push_str(part);
        } else {
            path.push_str(&format!("[{}]", Json::from(part)));
        }
    }
    path
}

/// The rules to evaluate, by id.
pub(super) fn entries(units: &[Unit], sources: &Sources<'_>) -> Result<Vec<Entry>, PolicyError> {
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for unit in units {
        let entry = match unit.role {
            Role::Rule => our_entry(unit, sources)?,
            Role::Foreign { named: true } => foreign_entry(unit, sources),
            _ => continue,
        };
        match entries.get_mut(&entry.info.id) {
            Some(known) if entry.foreign && known.foreign => {
                known.deny.extend(entry.deny);
                known.warn.extend(entry.warn);
                known.heads.extend(entry.heads);
                for paths in [&mut known.deny, &mut known.warn] {
                    paths.sort();
                    paths.dedup();
                }
            }
            Some(known) => {
                return Err(PolicyError::file(
                    &unit.path,
                    format!("the rule id {} is taken by {}", entry.info.id, known.info.path),
                )
                .hint("rename one of the packages"));
            }
            None => {
                entries.insert(entry.info.id.clone(), entry);
            }
        }
    }
    Ok(entries.into_values().collect())
}

/// The id of the rule that a package of ours is: `area/name`, with `-` for each `_`; `admission/name` for one of phase one.
pub(super) fn rule_id(package: &[String]) -> String {
    let parts: Vec<String> = package.iter().skip(1).map(|part| part.replace('_', "-")).collect();
    let id = parts.join("/");
    id.strip_prefix("rules/").map(str::to_owned).unwrap_or(id)
}

/// A rule of ours; a fault where its METADATA does not say what every verdict needs.
pub(super) fn our_entry(unit: &Unit, sources: &Sources<'_>) -> Result<Entry, PolicyError> {
    let no_block = || {
        PolicyError::at(&unit.path, 1, "the rule has no METADATA")
            .hint("write above the package: # METADATA, # title: …, # custom:, #   owner: …")
    };
    let metadata = unit.metadata.clone().ok_or_else(no_block)?;
    let lacks = |what: &str, hint: &str| {
        PolicyError::at(&unit.path, metadata.line, format!("METADATA lacks {what}")).hint(hint)
    };
    let given = |text: Option<crate::model::text::Untrusted>| text.filter(|text| !text.is_blank());
    let title =
        given(metadata.title.clone()).ok_or_else(|| lacks("a title", "# title: what the rule holds, in one line"))?;
    let owner = given(metadata.custom.owner.clone())
        .ok_or_else(|| lacks("custom.owner", "# custom:, #   owner: who answers for the rule"))?;
    let mut controls = metadata.custom.controls.clone();
    controls.sort();
    controls.dedup();
    let reads = sources.reads(unit);
    let per_finding = metadata.custom.scope == Some(RuleScope::Finding);
    if let Some(place) = reads.about_finding.as_ref().filter(|_| !per_finding) {
        let message = format!("the rule is not about single findings, and reads one at {place}");
        return Err(PolicyError::at(&unit.path, metadata.line, message)
            .hint("write `scope: finding` under custom, or go through input.findings"));
    }
    let info = RuleInfo {
        id: rule_id(&unit.package),
        package: unit.package_name(),
        path: unit.path.clone(),
        layer: unit.layer,
        title,
        description: metadata.description.clone(),
        owner,
        severity: metadata.custom.severity.unwrap_or(Severity::Unknown),
        controls,
        remediation: metadata.custom.remediation.clone(),
        effective_on: metadata.custom.effective_on,
        deprecated_on: metadata.custom.deprecated_on,
        per_finding,
        one_by_one: reads.unresolved.clone().filter(|_| per_finding),
    };
    let outputs = outputs(unit);
    let path_of =
        |name: &str| outputs.contains(name).then(|| rule_path(&unit.package, name)).into_iter().collect::<Vec<_>>();
    let heads = grounds::heads(unit, |name| outputs.contains(name));
    Ok(Entry { info, deny: path_of("deny"), warn: path_of("warn"), reads, heads, foreign: false })
}

fn foreign_entry(unit: &Unit, sources: &Sources<'_>) -> Entry {
    let outputs = outputs(unit);
    let heads = grounds::heads(unit, |name| outputs.contains(name));
    let (warn, deny): (Vec<String>, Vec<String>) = outputs.into_iter().partition(|name| name.starts_with("warn"));
    let paths = |names: Vec<String>| names.iter().map(|name| rule_path(&unit.package, name)).collect();
    let info = RuleInfo {
        id: unit.package_name(),
        package: unit.package_name(),
        path: unit.path.clone(),
        layer: unit.layer,
        title: unit.package_name().into(),
        description: "".into(),
        owner: "unowned".into(),
        severity: Severity::Unknown,
        controls: Vec::new(),
        remediation: None,
        effective_on: None,
        deprecated_on: None,
        per_finding: false,
        one_by_one: None,
    };
    Entry { info, deny: paths(deny), warn: paths(warn), reads: sources.reads(unit), heads, foreign: true }
}

/// The admission packages to evaluate.
pub(super) fn judges(units: &[Unit], sources: &Sources<'_>) -> Vec<Judge> {
    let admission = units.iter().filter(|unit| unit.role == Role::Admission);
    let judge = |unit: &Unit| {
        let outputs = outputs(unit);
        let path_of = |name: &str| outputs.contains(name).then(|| rule_path(&unit.package, name));
        let reads = sources.reads(unit);
        let (admit, deny, warn) = (path_of("admit"), path_of("deny"), path_of("warn"));
        Judge { place: unit.path.clone(), admit, deny, warn, reads }
    };
    admission.map(judge).collect()
}
