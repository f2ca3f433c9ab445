//! Which lines of a policy the tests evaluate.
//!
//! What must stay true: every file counts, also one that no test reaches at all; the engine leaves such files out of its own report.

use std::collections::BTreeSet;

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleHead};
use serde::{Deserialize, Serialize};

use super::syntax;

/// The lines of one file: those on which a statement, or the value of a rule, begins.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Covered {
    /// The file.
    pub path: String,
    /// The rule's id, where the file is a rule.
    pub rule: Option<String>,
    /// Lines that some test evaluates.
    pub reached: BTreeSet<u32>,
    /// Lines that none does.
    pub missed: BTreeSet<u32>,
}

impl Covered {
    /// How many of how many lines are reached.
    #[must_use]
    pub fn counts(&self) -> (usize, usize) {
        (self.reached.len(), self.reached.len() + self.missed.len())
    }

    /// Tells the lines of a module apart by what was evaluated.
    pub(super) fn of(path: &str, rule: Option<String>, module: &Module, evaluated: &BTreeSet<u32>) -> Self {
        let (reached, missed) = lines(module).into_iter().partition(|line| evaluated.contains(line));
        Self { path: path.to_owned(), rule, reached, missed }
    }
}

/// Every line on which something begins that the engine evaluates, and says so. What stands behind `else :=` is not among
/// them: the engine does not tell.
fn lines(module: &Module) -> BTreeSet<u32> {
    let mut lines = BTreeSet::new();
    for rule in &module.policy {
        match rule.as_ref() {
            Rule::Default { value, .. } => expr(value, &mut lines),
            Rule::Spec { head, bodies, .. } => {
                match head {
                    RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                        assign.iter().for_each(|assign| expr(&assign.value, &mut lines));
                    }
                    RuleHead::Set { key, .. } => key.iter().for_each(|key| expr(key, &mut lines)),
                }
                bodies.iter().for_each(|body| query(&body.query, &mut lines));
            }
        }
    }
    lines
}

fn query(statements: &Query, lines: &mut BTreeSet<u32>) {
    for statement in &statements.stmts {
        match &statement.literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { collection, .. } => expr(collection, lines),
            Literal::Expr { expr: one, .. } | Literal::NotExpr { expr: one, .. } => expr(one, lines),
            Literal::Every { domain, query: inner, .. } => {
                expr(domain, lines);
                query(inner, lines);
            }
        }
    }
}

/// The line of the expression, and those of the statements of the comprehensions in it.
fn expr(one: &Expr, lines: &mut BTreeSet<u32>) {
    match one {
        // The engine tells of what stands in a comprehension, not of the whole.
        Expr::ArrayCompr { query: inner, .. }
        | Expr::SetCompr { query: inner, .. }
        | Expr::ObjectCompr { query: inner, .. } => query(inner, lines),
        _ => {
            lines.insert(one.span().line);
            syntax::children(one, &mut |child| comprehensions(child, lines));
        }
    }
}

fn comprehensions(one: &Expr, lines: &mut BTreeSet<u32>) {
    match one {
        Expr::ArrayCompr { .. } | Expr::SetCompr { .. } | Expr::ObjectCompr { .. } => expr(one, lines),
        _ => syntax::children(one, &mut |child| comprehensions(child, lines)),
    }
}

/// The line of a rule on which its evaluation ended, where it gave no value: that of the last statement that was reached.
pub(super) fn stopped_at(rule: &Rule, evaluated: &BTreeSet<u32>) -> Option<u32> {
    let Rule::Spec { bodies, .. } = rule else { return None };
    let statements = bodies.iter().flat_map(|body| &body.query.stmts);
    let at = |literal: &Literal| match literal {
        Literal::SomeVars { .. } => None,
        Literal::SomeIn { collection, .. } => Some(collection.span().line),
        Literal::Expr { expr, .. } | Literal::NotExpr { expr, .. } => Some(expr.span().line),
        Literal::Every { domain, .. } => Some(domain.span().line),
    };
    statements.filter_map(|statement| at(&statement.literal)).filter(|line| evaluated.contains(line)).max()
}
