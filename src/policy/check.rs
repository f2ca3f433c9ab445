//! What a policy may not say, because the engine would answer wrongly, differently next time, or not at all.
//!
//! What must stay true: a construct is refused here whenever the engine's answer to it is silently not that of the language
//! (measured against the language's own test cases), whenever it reads the world, and whenever a name is likely a slip.

use std::collections::{BTreeMap, BTreeSet};

use regorus::unstable::{Expr, Module, Ref, Rule, RuleHead, Span};

use super::bundle::{self, Role, Unit};
use super::functions::{self, Known};
use super::metadata::RuleScope;
use super::syntax::{self, Chain, Met};
use super::{PolicyError, fields, placeholders};

/// The most rules of all files together: a chain of rules is as deep as the stack can bear.
const MAX_RULES: usize = 20_000;

/// What must not be evaluated, at most one fault for each rule; `roots` are the keys of external data.
pub(super) fn faults(units: &[Unit], roots: &BTreeSet<String>) -> Vec<PolicyError> {
    let rules: usize = units.iter().map(|unit| unit.module.policy.len()).sum();
    if rules > MAX_RULES {
        return vec![PolicyError::file("policies", format!("{rules} rules, at most {MAX_RULES} are evaluated"))];
    }
    let defined = Defined::of(units, roots);
    let mut faults = Vec::new();
    for unit in units {
        faults.extend(names(unit).err());
        faults.extend(fields::check(unit).err());
        faults.extend(imports(&unit.module).filter_map(|(_, target)| imported(unit, &target, &defined).err()));
        faults.extend(unit.module.policy.iter().filter_map(|rule| contents(unit, rule, &defined).err()));
    }
    faults.extend(refuse_overlaps(units).err());
    faults.extend(refuse_recursion(units, &defined).err());
    faults
}

/// An error at a place in the policy.
pub(super) fn at(unit: &Unit, span: &Span, message: impl Into<String>) -> PolicyError {
    PolicyError::at(&unit.path, usize::try_from(span.line).unwrap_or(0), message)
}

/// What the files define between them.
struct Defined<'a> {
    packages: BTreeMap<&'a [String], BTreeSet<String>>,
    functions: BTreeSet<String>,
    roots: &'a BTreeSet<String>,
}

impl<'a> Defined<'a> {
    fn of(units: &'a [Unit], roots: &'a BTreeSet<String>) -> Self {
        let mut defined = Self { packages: BTreeMap::new(), functions: BTreeSet::new(), roots };
        for unit in units {
            for rule in &unit.module.policy {
                let name = syntax::rule_name(rule);
                if is_function(rule) {
                    defined.functions.insert(full_name(unit, &name.join(".")));
                }
                defined.packages.entry(&unit.package).or_default().extend(name.into_iter().next());
            }
            defined.packages.entry(&unit.package).or_default();
        }
        defined
    }

    /// The full name of the function that a call means, as the engine finds it: imports, then the package, then built-ins.
    fn resolve(&self, unit: &Unit, name: &str) -> Option<String> {
        let (first, rest) = name.split_once('.').map_or((name, None), |(first, rest)| (first, Some(rest)));
        let through_import = imports(&unit.module).find(|(alias, _)| *alias == first).and_then(|(_, target)| {
            let target = target.name()?;
            Some(rest.map_or(target.clone(), |rest| format!("{target}.{rest}")))
        });
        [through_import, Some(name.to_owned()), Some(full_name(unit, name))]
            .into_iter()
            .flatten()
            .find(|candidate| self.functions.contains(candidate))
    }

    /// What `data.<path>` is.
    fn meaning(&self, path: &[&str]) -> Meaning {
        if path.first().is_some_and(|first| self.roots.contains(*first)) {
            return Meaning::Thing;
        }
        let mut meaning = Meaning::Nothing;
        for (package, rules) in &self.packages {
            if package.iter().zip(path).all(|(a, b)| a == b) {
                match path.get(package.len()) {
                    Some(rule) if rules.contains(*rule) => return Meaning::Thing,
                    Some(_) => {}
                    None => meaning = Meaning::Packages,
                }
            }
        }
        meaning
    }
}

/// What a path below `data` leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    /// A rule, or external data.
    Thing,
    /// One or more packages.
    Packages,
    /// Nothing that is loaded.
    Nothing,
}

fn full_name(unit: &Unit, name: &str) -> String {
    format!("data.{}.{name}", unit.package_name())
}

fn is_function(rule: &Rule) -> bool {
    match rule {
        Rule::Spec { head, .. } => matches!(head, RuleHead::Func { .. }),
        Rule::Default { args, .. } => !args.is_empty(),
    }
}

/// Alias and target of every import.
pub(super) fn imports(module: &Module) -> impl Iterator<Item = (&str, Chain<'_>)> {
    module.imports.iter().filter_map(|import| {
        let target = syntax::chain(&import.refr);
        let alias = match &import.r#as {
            Some(alias) => alias.text(),
            None => match import.refr.as_ref() {
                Expr::RefDot { field, .. } => field.0.text(),
                Expr::RefBrack { index, .. } => syntax::text_of(index)?,
                _ => return None,
            },
        };
        Some((alias, target))
    })
}

/// The names that a package defines.
fn names(unit: &Unit) -> Result<(), PolicyError> {
    let outputs: &[&str] = match unit.role {
        Role::Rule => &["deny", "warn"],
        Role::Admission => &["admit", "deny", "warn"],
        Role::Foreign { .. } | Role::Document => &["deny", "violation", "warn"],
        Role::Lib | Role::Test => return Ok(()),
    };
    if let (Role::Foreign { named: false }, Some(rule)) = (&unit.role, bundle::outputs(unit).first()) {
        return Err(PolicyError::file(
            &unit.path,
            format!("the package `{}` defines `{rule}` and would not be evaluated", unit.package_name()),
        )
        .hint(format!("name it, too: --namespace {}", unit.package_name())));
    }
    let mut defined = false;
    for rule in &unit.module.policy {
        let name = syntax::rule_name(rule);
        let Some(first) = name.first() else { continue };
        let span = syntax::rule_ref(rule).span();
        let is_set = matches!(rule.as_ref(), Rule::Spec { head: RuleHead::Set { .. }, .. });
        if unit.is_ours() {
            defined |= our_name(unit, outputs, first, name.len() == 1 && is_set, span)?;
        } else {
            foreign_name(unit, outputs, first, is_set, span)?;
        }
        if is_set && !outputs.contains(&first.as_str()) && !first.starts_with('_') && unit.is_ours() {
            return Err(at(unit, span, format!("nobody reads the set `{first}`"))
                .hint(format!("name it {} to give verdicts, or _{first} where it only helps", outputs.join(" or "))));
        }
    }
    if unit.is_ours() && !defined {
        return Err(PolicyError::at(&unit.path, 1, format!("defines neither {}", outputs.join(" nor ")))
            .hint(format!("write `{} contains msg if {{ … }}`", outputs.first().unwrap_or(&"deny"))));
    }
    Ok(())
}

/// True when the rule gives verdicts.
fn our_name(unit: &Unit, outputs: &[&str], name: &str, is_set: bool, span: &Span) -> Result<bool, PolicyError> {
    if outputs.contains(&name) {
        return if is_set {
            Ok(true)
        } else {
            Err(at(unit, span, format!("`{name}` is not written as a set"))
                .hint(format!("write `{name} contains msg if {{ … }}`")))
        };
    }
    let lower = name.to_ascii_lowercase();
    let near = outputs.iter().find(|word| is_near(&lower, word));
    let begins = ["deny", "warn", "violation"].iter().chain(outputs).find(|word| lower.starts_with(**word));
    match near.or(begins) {
        Some(word) => {
            Err(at(unit, span, format!("the rule name `{name}` looks like `{word}`, and would not be evaluated"))
                .hint(format!("write `{word}`, or choose a name that is no slip of it")))
        }
        None => Ok(false),
    }
}

fn foreign_name(unit: &Unit, outputs: &[&str], name: &str, is_set: bool, span: &Span) -> Result<(), PolicyError> {
    if name == "exception" && unit.role != Role::Document {
        return Err(at(unit, span, "an `exception` rule would hide whole rules without owner, reason or expiry")
            .hint("leave it out, and write exception records (--exceptions)"));
    }
    let lower = name.to_ascii_lowercase();
    let slip = outputs.iter().find(|word| name != **word && is_near(&lower, word));
    match slip.filter(|_| is_set) {
        Some(word) => Err(at(unit, span, format!("the set `{name}` looks like `{word}`, and would not be evaluated"))
            .hint(format!("write `{word}`, or choose a name that is no slip of it"))),
        None => Ok(()),
    }
}

/// True when one added, lost, changed or swapped letter at most makes one word of the other.
fn is_near(a: &str, b: &str) -> bool {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let same = a.iter().zip(&b).take_while(|(x, y)| x == y).count();
    match (a.get(same..).unwrap_or_default(), b.get(same..).unwrap_or_default()) {
        ([], [] | [_]) | ([_], []) => true,
        ([p, q, a @ ..], [r, s, b @ ..]) if p == s && q == r && a == b => true,
        ([_, a @ ..], [_, b @ ..]) if a == b => true,
        (long, short) => long.get(1..) == Some(short) || short.get(1..) == Some(long),
    }
}

/// Everything inside one rule.
fn contents(unit: &Unit, rule: &Ref<Rule>, defined: &Defined<'_>) -> Result<(), PolicyError> {
    let mut fault = None;
    syntax::walk_rule(rule, &mut |met| {
        if fault.is_none() {
            fault = one(unit, &met, defined).err();
        }
    });
    if let Some(fault) = fault {
        return Err(fault);
    }
    let name = syntax::rule_name(rule).join(".");
    if unit.is_ours() && is_function(rule) && functions::find(&name).is_some() {
        return Err(at(unit, syntax::rule_ref(rule).span(), format!("`{name}` is the name of a built-in function"))
            .hint("choose another name"));
    }
    Ok(())
}

fn one(unit: &Unit, met: &Met<'_>, defined: &Defined<'_>) -> Result<(), PolicyError> {
    match met {
        Met::Call(function, args, is_statement) => call(unit, function, args, *is_statement, defined),
        Met::Reference(chain) => reference(unit, chain, defined),
        Met::Binds(span) if matches!(span.text(), "input" | "data") => {
            Err(at(unit, span, format!("`{}` is given a new meaning here", span.text())).hint("choose another name"))
        }
        Met::Text(span, text) if is_per_finding(unit) => match placeholders::unknown(text) {
            Some(name) => Err(at(unit, span, format!("the placeholder {{{name}}} is not known"))
                .hint(format!("known: {}", placeholders::names().collect::<Vec<_>>().join(", ")))),
            None => Ok(()),
        },
        Met::Binds(_) | Met::Named { .. } | Met::Text(..) | Met::With(_) => Ok(()),
    }
}

fn is_per_finding(unit: &Unit) -> bool {
    unit.role == Role::Rule && unit.metadata.as_ref().is_some_and(|m| m.custom.scope == Some(RuleScope::Finding))
}

fn call(
    unit: &Unit,
    function: &Chain<'_>,
    args: &[Ref<Expr>],
    is_statement: bool,
    defined: &Defined<'_>,
) -> Result<(), PolicyError> {
    let Some(name) = function.name() else {
        return Err(at(unit, function.span, "the name of a function is computed").hint("call it by its name"));
    };
    if defined.resolve(unit, &name).is_some() {
        return Ok(());
    }
    match functions::find(&name) {
        Some(Known::Fine) if name == "sprintf" => format(unit, args),
        Some(Known::Fine) => Ok(()),
        // At the end of a month the engine stays in the month, and from the 29th of February it finds nothing at all.
        Some(Known::AddDate) => match args {
            [_, years, months, _, ..] if [years, months].iter().all(|n| n.span().text() == "0") => Ok(()),
            _ => Err(at(unit, function.span, "`time.add_date` answers wrongly at the end of a month")
                .hint("write `time.add_date(ns, 0, 0, days)`")),
        },
        // As a value (`[p, v] := walk(x)`, `not walk(x, …)`) the engine yields nothing at all.
        Some(Known::Walk) if args.len() == 2 && is_statement => Ok(()),
        Some(Known::Walk) => Err(at(unit, function.span, "`walk` finds nothing when it is written like this").hint(
            "write `walk(document, [path, value])` as a line of its own; for `not`, put it into a rule of its own",
        )),
        Some(Known::Refused(why)) => {
            Err(at(unit, function.span, format!("`{name}` {why}")).hint("decide on the facts alone"))
        }
        None => Err(at(unit, function.span, format!("the function `{name}` is not known"))
            .hint("define or import it; `countersign` has the built-ins that its documentation lists")),
    }
}

/// A format that is filled in otherwise than elsewhere.
fn format(unit: &Unit, args: &[Ref<Expr>]) -> Result<(), PolicyError> {
    let Some(format) = args.first() else { return Ok(()) };
    match syntax::text_of(format).and_then(functions::odd_verb) {
        Some(verb) => {
            Err(at(unit, format.span(), format!("`sprintf` fills in `%{verb}` otherwise than the language says"))
                .hint("known: %s, %v, %d (with a width), %q, %.2f (with a precision), %%"))
        }
        None => Ok(()),
    }
}

/// What nothing defines is undefined, and a rule that reads it never fires. The same happens, without an error, to a rule that
/// reads the package that it stands in, or `data` by a computed name.
fn reference(unit: &Unit, chain: &Chain<'_>, defined: &Defined<'_>) -> Result<(), PolicyError> {
    let Some(path) = data_path(unit, chain) else { return Ok(()) };
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    let holds_itself = unit.package.iter().zip(&path).all(|(a, b)| a == b);
    match defined.meaning(&path) {
        Meaning::Packages if holds_itself => {
            let read = if path.is_empty() { "`data`".to_owned() } else { format!("`data.{}`", path.join(".")) };
            Err(at(unit, chain.span, format!("{read} holds this rule itself, and would be undefined here"))
                .hint("name the rule that is meant, as `data.<package>.<rule>`"))
        }
        Meaning::Thing | Meaning::Packages => Ok(()),
        Meaning::Nothing if unit.is_ours() => {
            Err(at(unit, chain.span, format!("nothing defines `data.{}`", path.join(".")))
                .hint("check the name; what is undefined makes a rule silent"))
        }
        Meaning::Nothing => Ok(()),
    }
}

/// An import of something that is not there.
fn imported(unit: &Unit, target: &Chain<'_>, defined: &Defined<'_>) -> Result<(), PolicyError> {
    let path = target.known();
    if unit.is_ours() && target.root == Some("data") && defined.meaning(&path) == Meaning::Nothing {
        return Err(at(unit, target.span, format!("nothing defines `data.{}`", path.join("."))).hint("check the name"));
    }
    Ok(())
}

/// The known part of a reference below `data`, with its import alias replaced.
fn data_path(unit: &Unit, chain: &Chain<'_>) -> Option<Vec<String>> {
    let owned = |path: Vec<&str>| path.into_iter().map(str::to_owned).collect::<Vec<_>>();
    let root = chain.root?;
    if root == "data" {
        return Some(owned(chain.known()));
    }
    let (_, target) = imports(&unit.module).find(|(alias, _)| *alias == root)?;
    if target.root != Some("data") {
        return None;
    }
    let mut path = owned(target.known());
    path.extend(owned(chain.known()));
    Some(path)
}

/// Rules whose heads overlap: the engine finds one of them and leaves the other out.
fn refuse_overlaps(units: &[Unit]) -> Result<(), PolicyError> {
    let mut forms: BTreeMap<Vec<&str>, Vec<(&Unit, Chain<'_>)>> = BTreeMap::new();
    for (unit, rule) in units.iter().flat_map(|unit| unit.module.policy.iter().map(move |rule| (unit, rule))) {
        let head = syntax::chain(syntax::rule_ref(rule));
        let name: Vec<&str> = unit.package.iter().map(String::as_str).chain(head.root).collect();
        let known = forms.entry(name).or_default();
        if let Some((other_unit, other)) = known.iter().find(|(_, other)| overlap(&head.steps, &other.steps)) {
            let place = format!("{}:{}", other_unit.path, other.span.line);
            let message = format!("this head of `{}` overlaps with the one at {place}", head.root.unwrap_or_default());
            return Err(at(unit, head.span, message)
                .hint("write both in one form, all keys computed or all keys named; the engine would leave one out"));
        }
        // One of each form is enough to compare with.
        if known.iter().all(|(_, other)| other.steps != head.steps) {
            known.push((unit, head));
        }
    }
    Ok(())
}

/// True when one head may name what another one holds, and they are not of one form.
fn overlap(one: &[Option<String>], other: &[Option<String>]) -> bool {
    for (a, b) in one.iter().zip(other) {
        match (a, b) {
            (Some(a), Some(b)) if a != b => return false,
            (Some(_), None) | (None, Some(_)) => return true,
            (Some(_), Some(_)) | (None, None) => {}
        }
    }
    one.len() != other.len()
}

/// A function that reaches itself would run until the stack ends.
fn refuse_recursion(units: &[Unit], defined: &Defined<'_>) -> Result<(), PolicyError> {
    let mut calls: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut places: BTreeMap<String, PolicyError> = BTreeMap::new();
    for unit in units {
        for rule in unit.module.policy.iter().filter(|rule| is_function(rule)) {
            let name = full_name(unit, &syntax::rule_name(rule).join("."));
            places.entry(name.clone()).or_insert_with(|| at(unit, syntax::rule_ref(rule).span(), ""));
            let callees = calls.entry(name).or_default();
            syntax::walk_rule(rule, &mut |met| {
                if let Met::Call(function, ..) = met {
                    callees.extend(function.name().and_then(|name| defined.resolve(unit, &name)));
                }
            });
        }
    }
    // What calls nothing that is left cannot be part of a circle.
    loop {
        let done: Vec<String> = calls
            .iter()
            .filter(|(_, callees)| !callees.iter().any(|callee| calls.contains_key(callee)))
            .map(|(name, _)| name.clone())
            .collect();
        if done.is_empty() {
            break;
        }
        for name in done {
            calls.remove(&name);
        }
    }
    match calls.keys().next() {
        Some(name) => {
            let place = places.get(name).map(|error| error.place.clone()).unwrap_or_default();
            Err(PolicyError {
                place,
                message: format!("the function `{name}` calls itself, directly or through others"),
                hint: Some("Rego has no recursion; use walk, or a comprehension".to_owned()),
            })
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::is_near;

    #[test]
    fn one_letter_makes_a_slip_and_two_do_not() {
        for near in ["deny", "den", "eny", "dey", "denyy", "xdeny", "dney", "dent", "edny"] {
            assert!(is_near(near, "deny") && is_near("deny", near), "{near}");
        }
        for far in ["", "de", "any", "limit", "yned", "denial", "dyne"] {
            assert!(!is_near(far, "deny") && !is_near("deny", far), "{far}");
        }
    }
}
