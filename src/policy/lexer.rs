//! A look at a policy's text before the engine parses it: limits, comments, and the package.
//!
//! What must stay true: whatever would make the engine's parser hang, overflow its stack, or stop reading before the end of the
//! file is refused here. The engine takes a NUL for the end of the file, and reads each literal twice for every literal around it.

use super::PolicyError;

/// The largest policy file.
const MAX_FILE_BYTES: usize = 1 << 20;
/// The longest line, in bytes; a tab counts as four.
const MAX_LINE: usize = 1_000;
/// The deepest nesting of array, set and object literals, comprehensions and v0 rule bodies.
const MAX_LITERALS: usize = 8;
/// The deepest nesting of brackets of any kind.
const MAX_BRACKETS: usize = 32;
/// The most operators and dots in one expression.
const MAX_OPERATORS: usize = 256;
/// The most parser work: the sum over all literals of two to the power of their depth. A table of ten thousand rows has 40,000.
const MAX_WORK: usize = 100_000;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// An identifier or a keyword.
    Word,
    /// A number, with its sign where nothing stands between.
    Number,
    /// A string of either form, without its quotes.
    Text,
    /// Anything else.
    Symbol,
}

/// A token of Rego.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    pub(super) text: &'a str,
    pub(super) line: usize,
    /// True when nothing stands between this token and the one before.
    glued: bool,
}

/// A comment that has its line for itself, without the `#`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Comment<'a> {
    pub(super) text: &'a str,
    pub(super) line: usize,
}

/// A policy's text in tokens.
#[derive(Debug, Default)]
pub(super) struct Lexed<'a> {
    pub(super) tokens: Vec<Token<'a>>,
    pub(super) comments: Vec<Comment<'a>>,
}

/// Reads the tokens of a file and refuses what is too large, too deep, or invisible.
pub(super) fn lex<'a>(path: &str, source: &'a str) -> Result<Lexed<'a>, PolicyError> {
    refuse_odd_text(path, source)?;
    let mut lexer = Lexer { source, at: 0, line: 1, lexed: Lexed::default() };
    lexer.run().map_err(|(line, message)| PolicyError::at(path, line, message))?;
    refuse_depth(path, &lexer.lexed.tokens)?;
    Ok(lexer.lexed)
}

impl Lexed<'_> {
    /// The package as written (`a.b.c`), and its line.
    pub(super) fn package(&self) -> Option<(String, usize)> {
        let mut tokens = self.tokens.iter();
        let line = tokens.next().filter(|token| token.text == "package" && token.kind == Kind::Word)?.line;
        let mut name = tokens.next().filter(|token| token.kind == Kind::Word)?.text.to_owned();
        while let Some([dot, part]) = tokens.as_slice().get(..2)
            && dot.text == "."
            && part.kind == Kind::Word
        {
            name.push('.');
            name.push_str(part.text);
            tokens.nth(1);
        }
        Some((name, line))
    }
}

/// Size, line length, and characters that a reader of the file would not see.
fn refuse_odd_text(path: &str, source: &str) -> Result<(), PolicyError> {
    if source.len() > MAX_FILE_BYTES {
        let message = format!("the file has {} bytes, at most {MAX_FILE_BYTES} are read", source.len());
        return Err(PolicyError::at(path, 1, message).hint("split it into several packages"));
    }
    for (index, line) in source.lines().enumerate() {
        if line.len() + 3 * line.matches('\t').count() > MAX_LINE {
            return Err(PolicyError::at(path, index + 1, format!("the line is longer than {MAX_LINE} columns"))
                .hint("break it"));
        }
        if let Some(odd) = line.chars().find(|c| is_hidden(*c)) {
            let message =
                format!("the character U+{:04X} cannot be seen, or makes text look different", u32::from(odd));
            return Err(PolicyError::at(path, index + 1, message).hint("remove it, or write it as \\u.... in a string"));
        }
    }
    Ok(())
}

/// Controls (a NUL ends the file for the engine) and bidirectional overrides (what is shown is not what runs).
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\t') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

struct Lexer<'a> {
    source: &'a str,
    at: usize,
    line: usize,
    lexed: Lexed<'a>,
}

type Fault = (usize, &'static str);

impl<'a> Lexer<'a> {
    fn run(&mut self) -> Result<(), Fault> {
        let mut end_of_last = None;
        let mut line_of_last = 0;
        while let Some(first) = self.rest().chars().next() {
            match first {
                '\n' => {
                    self.line += 1;
                    self.at += 1;
                }
                ' ' | '\t' | '\r' => self.at += 1,
                '#' => {
                    let text = self.rest().lines().next().unwrap_or_default();
                    self.at += text.len();
                    if line_of_last != self.line {
                        let text = text.get(1..).unwrap_or_default();
                        self.lexed.comments.push(Comment { text, line: self.line });
                    }
                }
                _ => {
                    let glued = end_of_last == Some(self.at);
                    let line = self.line;
                    let (kind, text) = self.token(first)?;
                    self.lexed.tokens.push(Token { kind, text, line, glued });
                    end_of_last = Some(self.at);
                    line_of_last = self.line;
                }
            }
        }
        Ok(())
    }

    fn rest(&self) -> &'a str {
        self.source.get(self.at..).unwrap_or_default()
    }

    fn token(&mut self, first: char) -> Result<(Kind, &'a str), Fault> {
        let second = self.rest().chars().nth(1);
        match first {
            '"' => self.string(),
            '`' => self.raw_string(),
            c if c.is_ascii_alphabetic() || c == '_' => {
                Ok((Kind::Word, self.take_while(|c| c.is_ascii_alphanumeric() || c == '_')))
            }
            c if c.is_ascii_digit() || (matches!(c, '-' | '.') && second.is_some_and(|c| c.is_ascii_digit())) => {
                Ok((Kind::Number, self.number()))
            }
            ':' | '=' | '<' | '>' | '!' if second == Some('=') => Ok((Kind::Symbol, self.take(2))),
            '{' | '}' | '[' | ']' | '(' | ')' | '+' | '-' | '*' | '/' | '%' | ',' | ';' | '.' | '&' | '|' | ':'
            | '<' | '>' | '=' => Ok((Kind::Symbol, self.take(1))),
            '$' => Err((self.line, "template strings are not known; use sprintf")),
            _ => Err((self.line, "a character that Rego does not know")),
        }
    }

    fn number(&mut self) -> &'a str {
        let mut last = ' ';
        self.take_while(|c| {
            let first = last == ' ';
            let sign = matches!(c, '-' | '+') && (first || matches!(last, 'e' | 'E'));
            last = c;
            sign || c.is_ascii_alphanumeric() || matches!(c, '.' | '_')
        })
    }

    fn string(&mut self) -> Result<(Kind, &'a str), Fault> {
        self.at += 1;
        let mut escaped = false;
        let text = self.take_while(|c| {
            let inside = c != '\n' && (escaped || c != '"');
            escaped = c == '\\' && !escaped;
            inside
        });
        if !self.rest().starts_with('"') {
            return Err((self.line, "the string does not end on its line"));
        }
        self.at += 1;
        Ok((Kind::Text, text))
    }

    fn raw_string(&mut self) -> Result<(Kind, &'a str), Fault> {
        let start = self.line;
        self.at += 1;
        let text = self.take_while(|c| c != '`');
        self.line += text.matches('\n').count();
        if self.rest().is_empty() {
            return Err((start, "the raw string does not end"));
        }
        self.at += 1;
        Ok((Kind::Text, text))
    }

    fn take_while(&mut self, mut wanted: impl FnMut(char) -> bool) -> &'a str {
        let rest = self.rest();
        let len = rest.find(|c| !wanted(c)).unwrap_or(rest.len());
        self.take(len)
    }

    fn take(&mut self, len: usize) -> &'a str {
        let text = self.rest().get(..len).unwrap_or_default();
        self.at += len;
        text
    }
}

/// Words after which a bracket opens a literal or a body, though nothing stands between.
const KEYWORDS: [&str; 12] =
    ["as", "contains", "default", "else", "every", "if", "import", "in", "not", "package", "some", "with"];

fn ends_operand(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => !KEYWORDS.contains(&token.text),
        Kind::Number | Kind::Text => true,
        Kind::Symbol => matches!(token.text, ")" | "]" | "}"),
    }
}

fn is_operator(token: &Token<'_>) -> bool {
    match token.kind {
        Kind::Word => token.text == "in",
        Kind::Number | Kind::Text => false,
        Kind::Symbol => {
            matches!(token.text, "+" | "-" | "*" | "/" | "%" | "&" | "|" | "<" | ">" | "<=" | ">=" | "==" | "!=" | ".")
        }
    }
}

/// Nesting and length of expressions.
fn refuse_depth(path: &str, tokens: &[Token<'_>]) -> Result<(), PolicyError> {
    let mut work = 0_usize;
    // One entry for every open bracket: whether it is a literal. Operators are counted for each level on its own.
    let mut open: Vec<bool> = Vec::new();
    let mut operators = vec![0_usize];
    let mut last: Option<&Token<'_>> = None;
    for token in tokens {
        let after_operand = last.is_some_and(ends_operand);
        match (token.kind, token.text) {
            (Kind::Symbol, "(" | "[" | "{") => {
                let is_body = token.text == "{" && last.is_some_and(|t| matches!(t.text, "if" | "else"));
                let is_index = token.text == "[" && token.glued && after_operand;
                open.push(token.text != "(" && !is_body && !is_index);
                operators.push(0);
            }
            (Kind::Symbol, ")" | "]" | "}") => {
                open.pop();
                if operators.len() > 1 {
                    operators.pop();
                }
            }
            _ => {}
        }
        let literals = open.iter().filter(|literal| **literal).count();
        if matches!(token.text, "[" | "{") && token.kind == Kind::Symbol && open.last() == Some(&true) {
            work = work.saturating_add(1 << literals.min(20));
        }
        let count = count_operators(&mut operators, token, after_operand);
        for (is, most, what) in [
            (literals, MAX_LITERALS, "literals and comprehensions are nested"),
            (open.len(), MAX_BRACKETS, "brackets are nested"),
            (count, MAX_OPERATORS, "operators stand in one expression"),
            (work, MAX_WORK, "units of parser work are needed for nested literals"),
        ] {
            if is > most {
                return Err(PolicyError::at(path, token.line, format!("more than {most} {what}"))
                    .hint("name parts of it in rules of their own, or move tables to a data file"));
            }
        }
        last = Some(token);
    }
    Ok(())
}

/// The number of operators of the expression that this token is in.
fn count_operators(levels: &mut [usize], token: &Token<'_>, after_operand: bool) -> usize {
    let Some(count) = levels.last_mut() else { return 0 };
    // `a -1` is a subtraction for the engine.
    let subtracts = token.kind == Kind::Number && token.text.starts_with('-') && after_operand;
    let starts_operand = token.kind != Kind::Symbol && !is_operator(token) && !subtracts;
    if matches!(token.text, "," | ";" | ":" | ":=" | "=") || (starts_operand && after_operand) {
        *count = 0;
    } else if is_operator(token) || subtracts {
        *count += 1;
    }
    *count
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<String> {
        lex("a.rego", source).unwrap().tokens.iter().map(|t| t.text.to_owned()).collect()
    }

    #[test]
    fn tokens_are_those_of_rego() {
        assert_eq!(texts("x := a.b[\"c d\"]-1e-3 # no"), ["x", ":=", "a", ".", "b", "[", "c d", "]", "-1e-3"]);
        assert_eq!(texts("`raw # [[[ \n` != \"\\\"[\""), ["raw # [[[ \n", "!=", "\\\"["]);
        assert_eq!(texts("f(x)<=-y;set()"), ["f", "(", "x", ")", "<=", "-", "y", ";", "set", "(", ")"]);
    }

    #[test]
    fn comments_that_have_a_line_for_themselves_are_kept() {
        let lexed = lex("a.rego", "# one\npackage a.b_c.d # two\n\t# three\nx := `\n# four\n`").unwrap();
        let found: Vec<(&str, usize)> = lexed.comments.iter().map(|c| (c.text, c.line)).collect();
        assert_eq!(found, [(" one", 1), (" three", 3)]);
        assert_eq!(lexed.package(), Some(("a.b_c.d".to_owned(), 2)));
    }

    #[test]
    fn what_would_hang_or_blind_the_parser_is_refused() {
        let nested = |n: usize| format!("package a\nx := {}1{}", "[".repeat(n), "]".repeat(n));
        assert!(lex("a.rego", &nested(8)).is_ok());
        let wide = format!("package a\nx := [{}]", "[[[[[[1]]]]]],".repeat(2_000).replace(",[[[[", ",\n[[[["));
        let cases = [
            (nested(9), "more than 8 literals"),
            (format!("package a\nx := {}1{}", "(".repeat(33), ")".repeat(33)), "more than 32 brackets"),
            (format!("package a\nx := 1{}", "\n+ 1".repeat(257)), "more than 256 operators"),
            (format!("package a\nx := 1{}", "\n-1".repeat(257)), "more than 256 operators"),
            (format!("package a\nx := y {}", "\nin y".repeat(257)), "more than 256 operators"),
            (format!("package a\nx := y{}", ".z".repeat(257)), "more than 256 operators"),
            (format!("package a\nx := {} y", "-\n".repeat(257)), "more than 256 operators"),
            (wide, "units of parser work"),
            ("package a\n\0\ndeny contains \"x\"".to_owned(), "U+0000"),
            ("package a\n# \u{202e}".to_owned(), "U+202E"),
            (format!("package a\nx := \"{}\"", "y".repeat(1_000)), "longer than 1000 columns"),
            (format!("package a\n{}", "# x\n".repeat(300_000)), "1200010 bytes"),
            ("package a\nx := \"".to_owned(), "does not end"),
            ("package a\nx := `".to_owned(), "does not end"),
            ("package a\nx := $\"{y}\"".to_owned(), "template strings"),
            ("package a\nx := 'y'".to_owned(), "does not know"),
        ];
        for (source, expected) in cases {
            let error = lex("a.rego", &source).unwrap_err();
            assert!(error.message.contains(expected), "{error} instead of {expected}");
        }
    }

    #[test]
    fn long_files_of_short_rules_pass() {
        let many: String =
            (0..3_000).map(|n| format!("r{n} if {{\n\tinput.a.b[{n}] == {{\"x\": [-1]}}\n}}\n")).collect();
        assert!(lex("a.rego", &format!("package a\n{many}")).is_ok());
    }
}
