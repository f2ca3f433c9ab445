//! Small changes to policies that their tests should notice.
//!
//! What must stay true: a mutant differs from its file in one place, at one line, and the same file has the same mutants in the same
//! order. Texts that are only shown are left alone: what they say is no behaviour.

use std::ops::Range;

use regorus::unstable::{Expr, Literal, Module, Query, Rule, RuleHead};
use serde::{Deserialize, Serialize};

use super::syntax;
use crate::model::severity::Severity;

/// One change in one file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mutant {
    /// The file.
    pub path: String,
    /// The line on which the change begins.
    pub line: u32,
    /// What stands there.
    pub from: String,
    /// What stands there in the mutant.
    pub to: String,
    /// Where, in bytes.
    pub(super) at: Range<usize>,
}

impl Mutant {
    /// The file's text with the change.
    pub(super) fn applied(&self, source: &str) -> String {
        let mut text = source.to_owned();
        if source.get(self.at.clone()).is_some() {
            text.replace_range(self.at.clone(), &self.to);
        }
        text
    }
}

/// Every mutant of a file, in order of place.
pub(super) fn of(path: &str, source: &str, module: &Module) -> Vec<Mutant> {
    let mut maker = Maker { path, source, mutants: Vec::new() };
    module.policy.iter().for_each(|rule| maker.rule(rule));
    let mut mutants = maker.mutants;
    mutants.sort_by(|a, b| (a.at.start, a.at.end, &a.to).cmp(&(b.at.start, b.at.end, &b.to)));
    mutants.dedup();
    mutants
}

/// Comparisons, and what they are changed into: their opposite, and where there is one their other bound.
const COMPARISONS: [(&str, &[&str]); 6] = [
    ("==", &["!="]),
    ("!=", &["=="]),
    ("<=", &[">", "<"]),
    (">=", &["<", ">"]),
    ("<", &[">=", "<="]),
    (">", &["<=", ">="]),
];
/// Other operators between two operands.
const OPERATORS: [(&str, &[&str]); 7] =
    [("+", &["-"]), ("-", &["+"]), ("*", &["/"]), ("/", &["*"]), ("%", &["*"]), ("|", &["&"]), ("&", &["|"])];

struct Maker<'a> {
    path: &'a str,
    source: &'a str,
    mutants: Vec<Mutant>,
}

impl Maker<'_> {
    fn add(&mut self, at: Range<usize>, to: &str) {
        let Some(from) = self.source.get(at.clone()) else { return };
        let before = self.source.get(..at.start).unwrap_or_default();
        let line = u32::try_from(before.matches('\n').count() + 1).unwrap_or(u32::MAX);
        self.mutants.push(Mutant { path: self.path.to_owned(), line, from: from.to_owned(), to: to.to_owned(), at });
    }

    fn replace(&mut self, one: &Expr, to: &str) {
        if let Some(at) = syntax::extent(self.source, one) {
            self.add(at, to);
        }
    }

    fn rule(&mut self, rule: &Rule) {
        match rule {
            Rule::Default { value, .. } => self.expr(value),
            Rule::Spec { head, bodies, .. } => {
                match head {
                    RuleHead::Compr { assign, .. } | RuleHead::Func { assign, .. } => {
                        assign.iter().for_each(|assign| self.expr(&assign.value));
                    }
                    RuleHead::Set { key, refr, .. } => {
                        match (refr.as_ref(), refr.span().text()) {
                            (Expr::Var { .. }, "deny") => self.replace(refr, "warn"),
                            (Expr::Var { .. }, "warn") => self.replace(refr, "deny"),
                            _ => {}
                        }
                        key.iter().for_each(|key| self.expr(key));
                    }
                }
                for body in bodies {
                    body.assign.iter().for_each(|assign| self.expr(&assign.value));
                    self.query(&body.query);
                }
            }
        }
    }

    fn query(&mut self, query: &Query) {
        for statement in query.stmts.iter().filter(|statement| statement.with_mods.is_empty()) {
            self.statement(&statement.literal);
        }
    }

    /// A statement is left out, and turned into its opposite.
    fn statement(&mut self, literal: &Literal) {
        match literal {
            Literal::SomeVars { .. } => {}
            Literal::SomeIn { collection, .. } => self.expr(collection),
            Literal::Every { span, domain, query, .. } => {
                if let Some(at) = syntax::stretch(self.source, span) {
                    self.add(at, "true");
                }
                self.expr(domain);
                self.query(query);
            }
            Literal::NotExpr { span, expr } => {
                if let Some(at) = syntax::stretch(self.source, span) {
                    let inner = self.source.get(at.clone()).and_then(|text| text.strip_prefix("not"));
                    let inner = inner.map(|text| text.trim_start().to_owned());
                    inner.iter().for_each(|inner| self.add(at.clone(), inner));
                    self.add(at, "true");
                }
                self.expr(expr);
            }
            Literal::Expr { expr, .. } => {
                if let Expr::AssignExpr { rhs, .. } = expr.as_ref() {
                    return self.expr(rhs);
                }
                if let Some(at) = syntax::extent(self.source, expr) {
                    let text = self.source.get(at.clone()).unwrap_or_default().to_owned();
                    // The opposite of a comparison is another comparison.
                    if !matches!(expr.as_ref(), Expr::BoolExpr { .. } | Expr::Bool { .. }) {
                        self.add(at.clone(), &format!("not {text}"));
                    }
                    if text != "true" {
                        self.add(at, "true");
                    }
                }
                self.expr(expr);
            }
        }
    }

    fn expr(&mut self, one: &Expr) {
        match one {
            Expr::Number { span, .. } => self.number(one, span.text()),
            Expr::Bool { span, .. } => self.replace(one, if span.text() == "true" { "false" } else { "true" }),
            Expr::BoolExpr { lhs, rhs, .. } => self.operator(lhs, rhs, &COMPARISONS),
            Expr::ArithExpr { lhs, rhs, .. } | Expr::BinExpr { lhs, rhs, .. } => self.operator(lhs, rhs, &OPERATORS),
            Expr::Object { fields, .. } => fields.iter().for_each(|(_, key, value)| self.severity(key, value)),
            Expr::ArrayCompr { query, .. } | Expr::SetCompr { query, .. } | Expr::ObjectCompr { query, .. } => {
                self.query(query);
            }
            _ => {}
        }
        match one {
            Expr::ArrayCompr { term, .. } | Expr::SetCompr { term, .. } => self.expr(term),
            Expr::ObjectCompr { key, value, .. } => [key, value].into_iter().for_each(|part| self.expr(part)),
            _ => syntax::children(one, &mut |child| self.expr(child)),
        }
    }

    fn number(&mut self, one: &Expr, text: &str) {
        if let Ok(number) = text.parse::<i64>() {
            for other in [number.saturating_add(1), number.saturating_sub(1)] {
                self.replace(one, &other.to_string());
            }
        } else if let Ok(number) = text.parse::<f64>() {
            for other in [number + 1.0, number - 1.0] {
                self.replace(one, &other.to_string());
            }
        }
    }

    /// The operator stands between its operands, with nothing but brackets beside it.
    fn operator(&mut self, lhs: &Expr, rhs: &Expr, table: &[(&str, &[&str])]) {
        let (Some(left), Some(right)) = (syntax::extent(self.source, lhs), syntax::extent(self.source, rhs)) else {
            return;
        };
        let between = self.source.get(left.end..right.start).unwrap_or_default();
        let found = table.iter().find_map(|(operator, others)| Some((between.find(operator)?, *operator, *others)));
        if let Some((at, operator, others)) = found {
            let start = left.end + at;
            others.iter().for_each(|other| self.add(start..start + operator.len(), other));
        }
    }

    /// The severity of a verdict, where it stands there as a word.
    fn severity(&mut self, key: &Expr, value: &Expr) {
        if syntax::text_of(key) != Some("severity") {
            return;
        }
        let known =
            syntax::text_of(value).filter(|word| Severity::WORST_FIRST.iter().any(|known| known.word() == *word));
        if let Some(word) = known {
            self.replace(value, if word == "low" { "\"high\"" } else { "\"low\"" });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changes(source: &str) -> Vec<String> {
        let source = format!("package a\n\n{source}\n");
        let mut engine = regorus::Engine::new();
        engine.add_policy("a.rego".to_owned(), source.clone()).unwrap();
        let module = engine.get_modules().last().cloned().unwrap();
        let mutants = of("a.rego", &source, &module);
        for mutant in &mutants {
            assert_eq!(source.get(mutant.at.clone()), Some(mutant.from.as_str()));
            assert_ne!(mutant.applied(&source), source);
        }
        mutants.iter().map(|mutant| format!("{}: {} -> {}", mutant.line, mutant.from, mutant.to)).collect()
    }

    #[test]
    fn comparisons_numbers_and_operators_are_changed() {
        assert_eq!(
            changes("x if count([y | some y in input.a; y > 1]) >= (2 + 3)"),
            [
                "3: count([y | some y in input.a; y > 1]) >= (2 + 3) -> true",
                "3: y > 1 -> true",
                "3: > -> <=",
                "3: > -> >=",
                "3: 1 -> 0",
                "3: 1 -> 2",
                "3: >= -> <",
                "3: >= -> >",
                "3: 2 -> 1",
                "3: 2 -> 3",
                "3: + -> -",
                "3: 3 -> 2",
                "3: 3 -> 4",
            ]
        );
        assert_eq!(changes("default limit := 1.5"), ["3: 1.5 -> 0.5", "3: 1.5 -> 2.5"]);
        assert_eq!(changes("x := \"a\" if \"a\" == `b`"), ["3: \"a\" == `b` -> true", "3: == -> !="]);
    }

    #[test]
    fn statements_are_left_out_and_turned_around() {
        assert_eq!(
            changes("deny contains \"a\" if {\n\tinput.a\n\tnot input.b\n\tz := input.c\n\t\"x\" in z\n}"),
            [
                "3: deny -> warn",
                "4: input.a -> not input.a",
                "4: input.a -> true",
                "5: not input.b -> input.b",
                "5: not input.b -> true",
                "7: \"x\" in z -> not \"x\" in z",
                "7: \"x\" in z -> true",
            ]
        );
        assert_eq!(
            changes("x := false if {\n\tevery y in input.a { y }\n}"),
            ["3: false -> true", "4: every y in input.a { y } -> true", "4: y -> not y", "4: y -> true"]
        );
    }

    #[test]
    fn severities_of_verdicts_are_swapped_and_other_texts_stay() {
        let verdict = "warn contains {\"msg\": \"high\", \"severity\": \"high\"}";
        assert_eq!(changes(verdict), ["3: warn -> deny", "3: \"high\" -> \"low\""]);
    }
}
