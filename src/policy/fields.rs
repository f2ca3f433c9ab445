//! Fields of the facts that a policy names and that are not there.
//!
//! What must stay true: a misspelt field would be undefined and its rule silent, so it is refused. Where a variable's value is
//! not plainly known, nothing is claimed about it.

use std::collections::BTreeMap;

use regorus::unstable::{Expr, Rule, RuleHead};

use super::PolicyError;
use super::bundle::{Role, Unit};
use super::check::{at, imports};
use super::shape::{self, Misstep, Shape};
use super::syntax::{self, Chain, Met};

/// How many names are followed from one to the next.
const MAX_HOPS: usize = 8;

/// Refuses references to fields that the facts do not have. Packages of others are held to the first field only: they may be
/// written for several kinds of documents.
pub(super) fn check(unit: &Unit) -> Result<(), PolicyError> {
    if matches!(unit.role, Role::Test | Role::Document) {
        return Ok(());
    }
    let aliases: BTreeMap<&str, Chain<'_>> = imports(&unit.module).collect();
    let constants = constants(unit);
    for (_, target) in aliases.iter().filter(|(_, target)| target.root == Some("input")) {
        follow(shape::facts(), target).map_err(|(known, misstep)| fault(unit, target, known, misstep))?;
    }
    for rule in &unit.module.policy {
        let names = Names { aliases: &aliases, constants: &constants, locals: Locals::of(rule) };
        let mut found = Ok(());
        syntax::walk_rule(rule, &mut |met| {
            if let Met::Reference(chain) = met
                && found.is_ok()
            {
                found = reference(unit, &chain, &names);
            }
        });
        found?;
    }
    Ok(())
}

fn reference(unit: &Unit, chain: &Chain<'_>, names: &Names<'_>) -> Result<(), PolicyError> {
    let Some(shape) = chain.root.and_then(|root| names.shape(root, 0)) else { return Ok(()) };
    let first_only = !unit.is_ours();
    if first_only && chain.root != Some("input") {
        return Ok(());
    }
    match follow(shape, chain) {
        Err((known, misstep)) if !first_only || known == 0 => Err(fault(unit, chain, known, misstep)),
        _ => Ok(()),
    }
}

fn fault(unit: &Unit, chain: &Chain<'_>, known: usize, misstep: Misstep) -> PolicyError {
    let mut place = chain.root.unwrap_or_default().to_owned();
    for step in chain.steps.iter().take(known) {
        match step {
            Some(key) => place.push_str(&format!(".{key}")),
            None => place.push_str("[…]"),
        }
    }
    at(unit, chain.span, format!("`{place}` {}", misstep.what)).hint(misstep.hint)
}

/// The shape that a reference leads to, or the number of steps that were sound and what is wrong with the next.
fn follow<'s>(from: &'s Shape, chain: &Chain<'_>) -> Result<&'s Shape, (usize, Misstep)> {
    let steps = chain.steps.iter().enumerate();
    steps
        .into_iter()
        .try_fold(from, |shape, (known, key)| shape.step(key.as_deref()).map_err(|misstep| (known, misstep)))
}

/// Rules that give a name to a value and do nothing else.
fn constants(unit: &Unit) -> BTreeMap<&str, Option<&Expr>> {
    let mut constants: BTreeMap<&str, Option<&Expr>> = BTreeMap::new();
    for rule in &unit.module.policy {
        let head = syntax::chain(syntax::rule_ref(rule));
        let value = match rule.as_ref() {
            Rule::Spec { head: RuleHead::Compr { assign: Some(assign), .. }, bodies, .. }
                if bodies.is_empty() && head.steps.is_empty() =>
            {
                Some(assign.value.as_ref())
            }
            _ => None,
        };
        if let Some(root) = head.root {
            // Two definitions of one name say nothing certain about it.
            constants.entry(root).and_modify(|known| *known = None).or_insert(value);
        }
    }
    constants
}

/// The variables of one rule: how often each is declared, and what it is where that is known.
#[derive(Default)]
struct Locals<'a> {
    declared: BTreeMap<&'a str, usize>,
    values: BTreeMap<&'a str, (&'a Expr, bool)>,
}

impl<'a> Locals<'a> {
    fn of(rule: &'a Rule) -> Self {
        let mut locals = Self::default();
        syntax::walk_rule(rule, &mut |met| match met {
            Met::Binds(span) => *locals.declared.entry(span.text()).or_default() += 1,
            Met::Named { name, value, is_member } => {
                locals.values.insert(name, (value, is_member));
            }
            Met::Reference(_) | Met::Call(..) | Met::Text(..) | Met::With(_) => {}
        });
        locals
    }
}

/// Everything that a name may mean in one rule.
struct Names<'a> {
    aliases: &'a BTreeMap<&'a str, Chain<'a>>,
    constants: &'a BTreeMap<&'a str, Option<&'a Expr>>,
    locals: Locals<'a>,
}

impl Names<'_> {
    fn shape(&self, name: &str, hops: usize) -> Option<&'static Shape> {
        if hops > MAX_HOPS {
            return None;
        }
        let Some(times) = self.locals.declared.get(name) else { return self.global(name, hops) };
        let (value, is_member) = self.locals.values.get(name).filter(|_| *times == 1)?;
        let chain = syntax::chain(value);
        let shape = follow(self.shape(chain.root?, hops + 1)?, &chain).ok()?;
        if *is_member { shape.step(None).ok() } else { Some(shape) }
    }

    /// What a name means outside of any rule.
    fn global(&self, name: &str, hops: usize) -> Option<&'static Shape> {
        if name == "input" {
            return Some(shape::facts());
        }
        if let Some(target) = self.aliases.get(name) {
            return if target.root == Some("input") { follow(shape::facts(), target).ok() } else { None };
        }
        let value = self.constants.get(name).copied().flatten().filter(|_| hops <= MAX_HOPS)?;
        let chain = syntax::chain(value);
        follow(self.global(chain.root?, hops + 1)?, &chain).ok()
    }
}
