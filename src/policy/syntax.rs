//! A walk over the engine's own syntax tree, so that what is checked is what runs.
//!
//! What must stay true: every expression of a module is visited, and every reference is seen whole (`a.b[c]` once, not as `a`).
//! The engine publishes its tree under `unstable`; its version is pinned, and nothing but this module's neighbours uses it.

use std::ops::Range;

use regorus::unstable::{AssignOp, Expr, Literal, Module, Query, Ref, Rule, RuleAssign, RuleHead, Span};

/// A reference taken apart: `input.finding["a"][x]` is the root `input` and the steps `finding`, `a` and one that is not known.
#[derive(Debug)]
pub(super) struct Chain<'a> {
    /// The variable that it starts with; `None` where it starts with a call or a literal.
    pub(super) root: Option<&'a str>,
    /// The keys, `None` where the key is computed.
    pub(super) steps: Vec<Option<String>>,
    /// Where it stands.
    pub(super) span: &'a Span,
}

impl Chain<'_> {
    /// The steps up to the first that is computed.
    pub(super) fn known(&self) -> Vec<&str> {
        self.steps.iter().map_while(Option::as_deref).collect()
    }

    /// The whole reference as `root.a.b`, where it is nothing but names.
    pub(super) fn name(&self) -> Option<String> {
        let mut name = self.root?.to_owned();
        for step in &self.steps {
            name.push('.');
            name.push_str(step.as_deref()?);
        }
        Some(name)
    }
}

/// What the walk meets.
#[derive(Debug)]
pub(super) enum Met<'a> {
    /// A reference that is read.
    Reference(Chain<'a>),
    /// A call: the function's name, its arguments, and whether it is a statement of its own, not negated.
    Call(Chain<'a>, &'a [Ref<Expr>], bool),
    /// A variable that is declared or assigned.
    Binds(&'a Span),
    /// The same, where its value is known: what stands behind `:=`, or a member of what stands behind `in`.
    Named { name: &'a str, value: &'a Expr, is_member: bool },
    /// A string literal.
    Text(&'a Span, &'a str),
    /// A `with` modifier.
    With(&'a Span),
}

/// The parts of the name that a rule defines: `deny`, or `limits.high` as two. Computed parts end it.
pub(super) fn rule_name(rule: &Rule) -> Vec<String> {
    let chain = chain(rule_ref(rule));
    chain.root.into_iter().map(str::to_owned).chain(chain.steps.iter().map_while(Clone::clone)).collect()
}

/// The reference in a rule's head.
pub(super) fn rule_ref(rule: &Rule) -> &Expr {
    match rule {
        Rule::Spec {
            head: RuleHead::Compr { refr, .. } | RuleHead::Set { refr, .. } | RuleHead::Func { refr, .. },
            ..
        }
        | Rule::Default { refr, .. } => refr,
    }
}

/// The package of a module.
pub(super) fn package(module: &Module) -> Vec<String> {
    let chain = chain(&module.package.refr);
    chain.root.into_iter().map(str::to_owned).chain(chain.steps.iter().map_while(Clone::clone)).collect()
}

/// Takes a reference apart.
pub(super) fn chain(expr: &Expr) -> Chain<'_> {
    let span = expr.span();
    let mut steps = Vec::new();
    let mut at = expr;
    let root = loop {
        match at {
            Expr::RefDot { refr, field, .. } => {
                steps.push(Some(field.0.text().to_owned()));
                at = refr;
            }
            Expr::RefBrack { refr, index, .. } => {
                steps.push(text_of(index).map(str::to_owned));
                at = refr;
            }
            Expr::Var { span, .. } => break Some(span.text()),
            _ => break None,
        }
    };
    steps.reverse();
    Chain { root, steps, span }
}

/// The value of a string literal.
pub(super) fn text_of(expr: &Expr) -> Option<&str> {
    match expr {
        Expr::String { value, .. } | Expr::RawString { value, .. } => value.as_string().ok().map(AsRef::as_ref),
        _ => None,
    }
}

/// Where an expression stands in its file, in bytes. The engine begins an object at its last field, and ends an empty set behind the
/// token that follows.
pub(super) fn extent(source: &str, expr: &Expr) -> Option<Range<usize>> {
    let mut at = stretch(source, expr.span())?;
    match expr {
        Expr::Object { fields, .. } => {
            if let Some((_, key, _)) = fields.first() {
                at.start = opening(source.get(..extent(source, key)?.start)?)?;
            }
        }
        Expr::Set { items, .. } if items.is_empty() => at.end = at.start + source.get(at.clone())?.find(')')? + 1,
        _ => {}
    }
    Some(at)
}

/// Where a span stands. It leaves the quotes of a text out, also where it only begins or ends with one.
pub(super) fn stretch(source: &str, span: &Span) -> Option<Range<usize>> {
    const QUOTES: [u8; 2] = [b'"', b'`'];
    let (start, end) = (usize::try_from(span.start).ok()?, usize::try_from(span.end).ok()?);
    let is_quote = |at: usize| source.as_bytes().get(at).is_some_and(|byte| QUOTES.contains(byte));
    let start = start.checked_sub(1).filter(|at| is_quote(*at)).unwrap_or(start);
    let end = if is_quote(end) { end + 1 } else { end };
    source.get(start..end).map(|_| start..end)
}

/// Where the brace stands that this text ends with, but for comments behind it.
fn opening(before: &str) -> Option<usize> {
    let mut text = before.trim_end();
    loop {
        let line = text.rfind('\n').map_or(0, |at| at + 1);
        match comment(text.get(line..)?) {
            Some(at) => text = text.get(..line + at)?.trim_end(),
            None => return text.strip_suffix('{').map(str::len),
        }
    }
}

/// Where the comment of a line begins, if it has one.
fn comment(line: &str) -> Option<usize> {
    let (mut quote, mut escaped) = (None, false);
    for (at, byte) in line.bytes().enumerate() {
        match quote {
            None if byte == b'#' => return Some(at),
            None if byte == b'"' || byte == b'`' => quote = Some(byte),
            Some(open) if byte == open && !escaped => quote = None,
            None | Some(_) => {}
        }
        escaped = quote == Some(b'"') && byte == b'\\' && !escaped;
    }
    None
}

/// Visits everything in a rule.
pub(super) fn walk_rule<'a>(rule: &'a Rule, met: &mut dyn FnMut(Met<'a>)) {
    let mut walk = Walk { met };
    walk.head_keys(rule_ref(rule));
    match rule {
        Rule::Default { args, value, .. } => {
            walk.patterns(args);
            walk.expr(value);
        }
        Rule::Spec { head, bodies, .. } => {
            match head {
                RuleHead::Compr { assign, .. } => walk.assigned(assign.as_ref()),
                RuleHead::Set { key, .. } => walk.optional(key.as_ref()),
                RuleHead::Func { args, assign, .. } => {
                    walk.patterns(args);
                    walk.assigned(assign.as_ref());
                }
            }
            for body in bodies {
                walk.assigned(body.assign.as_ref());
                walk.query(&body.query);
            }
        }
    }
}

struct Walk<'a, 'f> {
    met: &'f mut dyn FnMut(Met<'a>),
}

impl<'a> Walk<'a, '_> {
    /// The computed keys of a head such as `deny[x]`; its names are defined, not read.
    fn head_keys(&mut self, mut head: &'a Expr) {
        loop {
            match head {
                Expr::RefDot { refr, .. } => head = refr,
                Expr::RefBrack { refr, index, .. } => {
                    self.expr(index);
                    head = refr;
                }
                _ => return,
            }
        }
    }

    fn assigned(&mut self, assign: Option<&'a RuleAssign>) {
        if let Some(assign) = assign {
            self.expr(&assign.value);
        }
    }

    fn optional(&mut self, expr: Option<&'a Ref<Expr>>) {
        if let Some(expr) = expr {
            self.expr(expr);
        }
    }

    fn all(&mut self, exprs: &'a [Ref<Expr>]) {
        for expr in exprs {
            self.expr(expr);
        }
    }

    /// Parameters and the left side of `:=`: the variables in them are declared here.
    fn patterns(&mut self, patterns: &'a [Ref<Expr>]) {
        for pattern in patterns {
            self.pattern(pattern);
        }
    }

    fn pattern(&mut self, pattern: &'a Expr) {
        match pattern {
            Expr::Var { span, .. } => (self.met)(Met::Binds(span)),
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.patterns(items),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.pattern(value);
                }
            }
            other => self.expr(other),
        }
    }

    fn named(&mut self, pattern: &'a Expr, value: &'a Expr, is_member: bool) {
        if let Expr::Var { span, .. } = pattern {
            (self.met)(Met::Named { name: span.text(), value, is_member });
        }
    }

    fn query(&mut self, query: &'a Query) {
        for statement in &query.stmts {
            match &statement.literal {
                Literal::SomeVars { vars, .. } => vars.iter().for_each(|var| (self.met)(Met::Binds(var))),
                Literal::SomeIn { key, value, collection, .. } => {
                    key.iter().for_each(|key| self.pattern(key));
                    self.pattern(value);
                    self.named(value, collection, true);
                    self.expr(collection);
                }
                Literal::Expr { expr, .. } => match expr.as_ref() {
                    Expr::Call { fcn, params, .. } => self.call(fcn, params, true),
                    other => self.expr(other),
                },
                Literal::NotExpr { expr, .. } => self.expr(expr),
                Literal::Every { key, value, domain, query, .. } => {
                    key.iter().chain([value]).for_each(|var| (self.met)(Met::Binds(var)));
                    (self.met)(Met::Named { name: value.text(), value: domain, is_member: true });
                    self.expr(domain);
                    self.query(query);
                }
            }
            for modifier in &statement.with_mods {
                (self.met)(Met::With(&modifier.span));
                self.expr(&modifier.r#as);
            }
        }
    }

    fn expr(&mut self, expr: &'a Expr) {
        match expr {
            Expr::Number { .. } | Expr::Bool { .. } | Expr::Null { .. } => {}
            Expr::String { span, .. } | Expr::RawString { span, .. } => {
                if let Some(text) = text_of(expr) {
                    (self.met)(Met::Text(span, text));
                }
            }
            Expr::Var { .. } | Expr::RefDot { .. } | Expr::RefBrack { .. } => self.reference(expr),
            Expr::Array { items, .. } | Expr::Set { items, .. } => self.all(items),
            Expr::Object { fields, .. } => {
                for (_, key, value) in fields {
                    self.expr(key);
                    self.expr(value);
                }
            }
            Expr::ArrayCompr { term, query, .. } | Expr::SetCompr { term, query, .. } => {
                self.expr(term);
                self.query(query);
            }
            Expr::ObjectCompr { key, value, query, .. } => {
                self.expr(key);
                self.expr(value);
                self.query(query);
            }
            Expr::Call { fcn, params, .. } => self.call(fcn, params, false),
            Expr::UnaryExpr { expr, .. } => self.expr(expr),
            Expr::BinExpr { lhs, rhs, .. } | Expr::BoolExpr { lhs, rhs, .. } | Expr::ArithExpr { lhs, rhs, .. } => {
                self.expr(lhs);
                self.expr(rhs);
            }
            Expr::AssignExpr { op, lhs, rhs, .. } => {
                match op {
                    AssignOp::ColEq => {
                        self.pattern(lhs);
                        self.named(lhs, rhs, false);
                    }
                    AssignOp::Eq => self.expr(lhs),
                }
                self.expr(rhs);
            }
            Expr::Membership { key, value, collection, .. } => {
                self.optional(key.as_ref());
                self.expr(value);
                self.expr(collection);
            }
        }
    }

    fn call(&mut self, function: &'a Expr, params: &'a [Ref<Expr>], is_statement: bool) {
        (self.met)(Met::Call(chain(function), params, is_statement));
        self.all(params);
    }

    fn reference(&mut self, expr: &'a Expr) {
        (self.met)(Met::Reference(chain(expr)));
        let mut at = expr;
        loop {
            match at {
                Expr::RefDot { refr, .. } => at = refr,
                Expr::RefBrack { refr, index, .. } => {
                    self.expr(index);
                    at = refr;
                }
                Expr::Var { .. } => return,
                other => return self.expr(other),
            }
        }
    }
}

/// Visits the expressions directly inside one, those of comprehensions left out.
pub(super) fn children<'a>(expr: &'a Expr, visit: &mut dyn FnMut(&'a Expr)) {
    match expr {
        Expr::String { .. }
        | Expr::RawString { .. }
        | Expr::Number { .. }
        | Expr::Bool { .. }
        | Expr::Null { .. }
        | Expr::Var { .. }
        | Expr::ArrayCompr { .. }
        | Expr::SetCompr { .. }
        | Expr::ObjectCompr { .. } => {}
        Expr::Array { items, .. } | Expr::Set { items, .. } => items.iter().for_each(|item| visit(item)),
        Expr::Object { fields, .. } => {
            for (_, key, value) in fields {
                visit(key);
                visit(value);
            }
        }
        Expr::Call { fcn, params, .. } => {
            visit(fcn);
            params.iter().for_each(|param| visit(param));
        }
        Expr::UnaryExpr { expr, .. } => visit(expr),
        Expr::RefDot { refr, .. } => visit(refr),
        Expr::RefBrack { refr, index, .. } => {
            visit(refr);
            visit(index);
        }
        Expr::BinExpr { lhs, rhs, .. }
        | Expr::BoolExpr { lhs, rhs, .. }
        | Expr::ArithExpr { lhs, rhs, .. }
        | Expr::AssignExpr { lhs, rhs, .. } => {
            visit(lhs);
            visit(rhs);
        }
        Expr::Membership { key, value, collection, .. } => {
            key.iter().for_each(|key| visit(key));
            visit(value);
            visit(collection);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The engine's own spans of objects, empty sets and texts are not where these stand.
    #[test]
    fn an_expression_stands_where_it_is_written() {
        for key in [
            "\"a\"",
            "`a`",
            "verdict",
            "{\"a\": 1}",
            "{\"a\": 1, \"b\": [2], \"c\": {\"d\": \"e\", \"f\": 3}}",
            "{ # a {\n\t# b {\n\t\"a\": 1,\n\t\"b\": 2,\n}",
            "{\"a\", \"b\"}",
            "set()",
            "[]",
            "sprintf(\"%s\", [\"a\"])",
            "[x | some x in input.a; x != \"b\"]",
            "input.a[\"b\"]",
        ] {
            let source = format!("package a\n\ndeny contains {key} if {{\n\tverdict := 1\n}}\n");
            let mut engine = regorus::Engine::new();
            engine.add_policy("a.rego".to_owned(), source.clone()).unwrap();
            let module = engine.get_modules().last().cloned().unwrap();
            let Rule::Spec { head: RuleHead::Set { key: Some(found), .. }, .. } = module.policy[0].as_ref() else {
                panic!("{source}");
            };
            assert_eq!(source.get(extent(&source, found).unwrap()), Some(key));
        }
    }
}
