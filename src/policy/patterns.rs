//! The `regex.*` built-ins, as the language has them: RE2's classes are those of ASCII, and its brackets know no sets of sets.
//!
//! What must stay true: a pattern means here what it means in OPA. The engine's own built-ins read `\d`, `\w`, `\s` and `\b` as
//! Unicode does and `[a&&b]` as an intersection, which are other answers without an error.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use regex::{Regex, RegexBuilder};
use regorus::{Engine, Value};

/// The largest compiled pattern.
const MAX_COMPILED: usize = 1 << 20;
/// The most that RE2 counts to.
const MAX_REPEATED: u32 = 1_000;
/// The most patterns that are kept compiled.
const MAX_KEPT: usize = 1_000;

/// Why a built-in has no answer.
pub(super) type Fault = Box<dyn std::error::Error + Send + Sync>;
type Builtin = fn(&Patterns, &[Value]) -> Result<Value, Fault>;

/// Name, number of arguments, and what it does.
const BUILTINS: [(&str, u8, Builtin); 5] = [
    ("regex.find_all_string_submatch_n", 3, |patterns, args| {
        let [pattern, text, most] = args else { return Err(count()) };
        let found = patterns.get(pattern)?;
        let all = found.captures_iter(string(text)?).take(limit(most)?).map(|groups| {
            Value::from(
                groups.iter().map(|group| group.map_or("", |group| group.as_str()).into()).collect::<Vec<Value>>(),
            )
        });
        Ok(Value::from(all.collect::<Vec<Value>>()))
    }),
    ("regex.find_n", 3, |patterns, args| {
        let [pattern, text, most] = args else { return Err(count()) };
        let found = patterns.get(pattern)?;
        let all = found.find_iter(string(text)?).take(limit(most)?).map(|found| found.as_str().into());
        Ok(Value::from(all.collect::<Vec<Value>>()))
    }),
    ("regex.match", 2, |patterns, args| {
        let [pattern, text] = args else { return Err(count()) };
        Ok(Value::Bool(patterns.get(pattern)?.is_match(string(text)?)))
    }),
    ("regex.replace", 3, |patterns, args| {
        let [text, pattern, with] = args else { return Err(count()) };
        Ok(patterns.get(pattern)?.replace_all(string(text)?, string(with)?).into_owned().into())
    }),
    ("regex.split", 2, |patterns, args| {
        let [pattern, text] = args else { return Err(count()) };
        Ok(Value::from(
            split(&patterns.get(pattern)?, string(text)?).into_iter().map(Into::into).collect::<Vec<Value>>(),
        ))
    }),
];

/// Puts these built-ins in the place of the engine's.
pub(super) fn install(engine: &mut Engine) -> Result<(), String> {
    let patterns = Arc::new(Patterns::default());
    for (name, arguments, builtin) in BUILTINS {
        let patterns = Arc::clone(&patterns);
        let run = move |args: Vec<Value>| {
            builtin(&patterns, &args).map_err(|fault| std::io::Error::other(format!("{name}: {fault}")).into())
        };
        engine.add_extension(name.to_owned(), arguments, Box::new(run)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn count() -> Fault {
    "another number of arguments".into()
}

/// The argument as a text.
pub(super) fn string(value: &Value) -> Result<&str, Fault> {
    match value {
        Value::String(text) => Ok(text),
        other => Err(format!("expects a text, and got {}", super::verdict::kind(other)).into()),
    }
}

/// How many are wanted; all of them where the number is negative.
fn limit(value: &Value) -> Result<usize, Fault> {
    let number = value.as_i64().map_err(|_| "expects a whole number")?;
    Ok(usize::try_from(number).unwrap_or(usize::MAX))
}

/// Compiled patterns, by how they are written.
#[derive(Default)]
pub(super) struct Patterns(Mutex<HashMap<String, Regex>>);

impl Patterns {
    fn get(&self, pattern: &Value) -> Result<Regex, Fault> {
        let pattern = string(pattern)?;
        refuse_nested(pattern)?;
        self.compiled(&as_ascii(pattern))
    }

    /// Compiles a pattern as this engine has it.
    pub(super) fn compiled(&self, pattern: &str) -> Result<Regex, Fault> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = kept.get(pattern) {
            return Ok(regex.clone());
        }
        let regex = RegexBuilder::new(pattern).size_limit(MAX_COMPILED).build().map_err(|error| {
            let text = error.to_string();
            let last = text.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
            last.trim_start_matches("error: ").to_owned()
        })?;
        if kept.len() >= MAX_KEPT {
            kept.clear();
        }
        kept.insert(pattern.to_owned(), regex.clone());
        Ok(regex)
    }
}

/// A repetition of a repetition (`a++`, `a**`, `a{2}{3}`), which RE2 refuses and this machine's engine reads as one more repetition; and
/// one of more than RE2 counts.
fn refuse_nested(pattern: &str) -> Result<(), Fault> {
    let mut chars = pattern.chars().peekable();
    let (mut in_class, mut repeated, mut lazy) = (false, false, false);
    while let Some(c) = chars.next() {
        let counts = c == '{' && chars.peek().is_some_and(char::is_ascii_digit);
        match c {
            '\\' => {
                chars.next();
            }
            '[' if !in_class => {
                in_class = true;
                chars.next_if_eq(&'^');
                chars.next_if_eq(&']');
            }
            ']' => in_class = false,
            '?' if repeated && !lazy && !in_class => {
                lazy = true;
                continue;
            }
            '*' | '+' | '?' | '{' if !in_class && (c != '{' || counts) => {
                if repeated {
                    return Err(format!("a repetition of a repetition at `{c}`; write it with brackets").into());
                }
                repeated = true;
                if counts {
                    let times: String = chars.by_ref().take_while(|c| *c != '}').collect();
                    let is_many = |part: &str| part.parse::<u32>().map_or(!part.is_empty(), |n| n > MAX_REPEATED);
                    if times.split(',').any(is_many) {
                        return Err(format!("a repetition of more than {MAX_REPEATED} times").into());
                    }
                }
                continue;
            }
            _ => {}
        }
        (repeated, lazy) = (false, false);
    }
    Ok(())
}

/// A pattern of RE2 as this machine's engine has to be told it.
fn as_ascii(pattern: &str) -> String {
    let mut told = String::with_capacity(pattern.len());
    let mut chars = pattern.chars().peekable();
    let mut in_class = false;
    while let Some(c) = chars.next() {
        match c {
            '\\' => match (chars.next(), in_class) {
                (Some('d'), false) => told.push_str("[0-9]"),
                (Some('d'), true) => told.push_str("0-9"),
                (Some('D'), _) => told.push_str("[^0-9]"),
                (Some('w'), false) => told.push_str("[0-9A-Za-z_]"),
                (Some('w'), true) => told.push_str("0-9A-Za-z_"),
                (Some('W'), _) => told.push_str("[^0-9A-Za-z_]"),
                (Some('s'), false) => told.push_str(r"[\t\n\f\r ]"),
                (Some('s'), true) => told.push_str(r"\t\n\f\r "),
                (Some('S'), _) => told.push_str(r"[^\t\n\f\r ]"),
                (Some('b'), false) => told.push_str(r"(?-u:\b)"),
                (Some(other), _) => told.extend(['\\', other]),
                (None, _) => told.push('\\'),
            },
            '[' if !in_class => {
                in_class = true;
                told.push('[');
                if chars.peek() == Some(&'^') {
                    told.extend(chars.next());
                }
                // As the first of a class it is itself.
                if chars.peek() == Some(&']') {
                    chars.next();
                    told.push_str(r"\]");
                }
            }
            '[' if chars.peek() == Some(&':') => {
                told.push('[');
                // `[:alpha:]`, up to its end.
                while let Some(inner) = chars.next() {
                    told.push(inner);
                    if inner == ':' && chars.peek() == Some(&']') {
                        told.extend(chars.next());
                        break;
                    }
                }
            }
            '[' | '&' | '~' if in_class => told.extend(['\\', c]),
            ']' => {
                in_class = false;
                told.push(']');
            }
            other => told.push(other),
        }
    }
    told
}

/// As Go splits: a match of nothing at the beginning or the end parts nothing.
fn split<'t>(regex: &Regex, text: &'t str) -> Vec<&'t str> {
    if text.is_empty() && !regex.as_str().is_empty() {
        return vec![""];
    }
    let mut parts = Vec::new();
    let (mut begin, mut end) = (0, 0);
    for found in regex.find_iter(text) {
        end = found.start();
        if found.end() != 0 {
            parts.extend(text.get(begin..end));
        }
        begin = found.end();
    }
    if end != text.len() {
        parts.extend(text.get(begin..));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regex(pattern: &str) -> Regex {
        Regex::new(&as_ascii(pattern)).unwrap()
    }

    /// What OPA 1.21.1 answered.
    #[test]
    fn classes_are_those_of_ascii() {
        for (pattern, text, is) in [
            (r"\d", "٣", false),
            (r"^\D$", "٣", true),
            (r"\w", "é", false),
            (r"^[\w.-]+$", "caf\u{e9}", false),
            (r"^[\w.-]+$", "a-b.c_9", true),
            (r"^[^\w]$", "é", true),
            (r"\s", "\u{a0}", false),
            (r"^\S$", "\u{a0}", true),
            (r"\b", "é", false),
            (r"\ba\b", "é a é", true),
            ("[a&&b]", "&", true),
            ("[a[b]]", "b]", true),
            ("^[[:alpha:]_]+$", "ab_", true),
            ("[[:alpha:]]", "é", false),
            ("^[]a]+$", "]a", true),
            ("^[^]a]$", "b", true),
            (r"\[d\]", "[d]", true),
            (r"^\\d$", r"\d", true),
            (r"\p{L}", "é", true),
        ] {
            assert_eq!(regex(pattern).is_match(text), is, "{pattern} on {text}: {}", as_ascii(pattern));
        }
    }

    #[test]
    fn a_repetition_of_a_repetition_is_refused_as_in_re2() {
        for nested in [
            "a++",
            "a**",
            "a*+",
            "a?+",
            "a+*",
            "a{2}{3}",
            "a{2}*",
            "(a)++",
            "a+??",
            "[+]++",
            "a{1001}",
            "a{2,1001}",
            "a{99999999999}",
        ] {
            assert!(refuse_nested(nested).is_err(), "{nested}");
        }
        for sound in [
            "a+", "a+?", "a*?b+", "(a+)+", "a{2,3}?", "[+*]+", r"\++", "a{b", "[]+*]+", "x{2}y{3}", "?a", "(?i)a+",
            "a{1000}", "a{2,}",
        ] {
            assert!(refuse_nested(sound).is_ok(), "{sound}");
        }
    }

    #[test]
    fn texts_are_split_as_go_does() {
        assert_eq!(split(&regex(""), "abc"), ["a", "b", "c"]);
        assert_eq!(split(&regex("b*"), "abc"), ["a", "c"]);
        assert_eq!(split(&regex("b"), "abcb"), ["a", "c", ""]);
        assert_eq!(split(&regex("b"), "bab"), ["", "a", ""]);
        assert_eq!(split(&regex("b"), ""), [""]);
        assert_eq!(split(&regex("x"), "abc"), ["abc"]);
    }
}
