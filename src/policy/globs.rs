//! `glob.match` as the language has it.
//!
//! What must stay true: a glob matches here what it matches in OPA (gobwas/glob, without its globstar). The engine's own built-in
//! takes `[^a]` for "not an a" where the language says `[!a]`, and lets `**/` stand for no directory.

use std::sync::Arc;

use regorus::{Engine, Value};

use super::patterns::{Fault, Patterns, string};

/// Puts the built-in in the place of the engine's.
pub(super) fn install(engine: &mut Engine) -> Result<(), String> {
    let patterns = Arc::new(Patterns::default());
    let run = move |args: Vec<Value>| {
        matches(&patterns, &args)
            .map(Value::Bool)
            .map_err(|fault| std::io::Error::other(format!("glob.match: {fault}")).into())
    };
    engine.add_extension("glob.match".to_owned(), 3, Box::new(run)).map_err(|error| error.to_string())
}

fn matches(patterns: &Patterns, args: &[Value]) -> Result<bool, Fault> {
    let [glob, delimiters, text] = args else { return Err("expects three arguments".into()) };
    let regex = as_regex(string(glob)?, &stops(delimiters)?)?;
    Ok(patterns.compiled(&regex)?.is_match(string(text)?))
}

/// What `*` and `?` stop at: nothing for null, dots for an empty list.
fn stops(value: &Value) -> Result<Vec<char>, Fault> {
    let list = match value {
        Value::Null => return Ok(Vec::new()),
        Value::Array(list) if list.is_empty() => return Ok(vec!['.']),
        Value::Array(list) => list,
        other => return Err(format!("the delimiters are {}, not an array", super::verdict::kind(other)).into()),
    };
    list.iter().map(delimiter).collect()
}

fn delimiter(value: &Value) -> Result<char, Fault> {
    let mut chars = string(value)?.chars();
    match (chars.next(), chars.next()) {
        (Some(one), None) => Ok(one),
        _ => Err("a delimiter is not a single character".into()),
    }
}

/// The regular expression that matches the same whole texts.
fn as_regex(glob: &str, delimiters: &[char]) -> Result<String, Fault> {
    let inside = if delimiters.is_empty() { ".".to_owned() } else { format!("[^{}]", class(delimiters)) };
    let mut regex = String::from("(?s)^");
    let mut chars = glob.chars().peekable();
    let mut open = 0_usize;
    while let Some(c) = chars.next() {
        match c {
            '*' if chars.peek() == Some(&'*') => {
                chars.next();
                regex.push_str(".*");
            }
            '*' => regex.push_str(&format!("{inside}*")),
            '?' => regex.push_str(&inside),
            '[' => regex.push_str(&range(&mut chars)?),
            '{' => {
                open += 1;
                regex.push_str("(?:");
            }
            '}' if open > 0 => {
                open -= 1;
                regex.push(')');
            }
            ',' if open > 0 => regex.push('|'),
            '\\' => regex.push_str(&regex::escape(&chars.next().ok_or("ends with a backslash")?.to_string())),
            other => regex.push_str(&regex::escape(&other.to_string())),
        }
    }
    if open > 0 {
        return Err("a `{` that nothing closes".into());
    }
    regex.push('$');
    Ok(regex)
}

/// Behind a `[`: one range (`a-z`) or some characters, the other ones behind a `!`.
fn range(chars: &mut std::iter::Peekable<std::str::Chars<'_>>) -> Result<String, Fault> {
    let not = if chars.next_if_eq(&'!').is_some() { "^" } else { "" };
    let mut members = Vec::new();
    loop {
        match chars.next().ok_or("a `[` that nothing closes")? {
            ']' => break,
            '\\' => members.push(chars.next().ok_or("ends with a backslash")?),
            other => members.push(other),
        }
    }
    match members.as_slice() {
        [] => Err("an empty `[]`".into()),
        [low, '-', high] if low <= high => Ok(format!("[{not}{}-{}]", class(&[*low]), class(&[*high]))),
        [_, '-', ..] => Err("a `[…]` is one range or some characters".into()),
        some => Ok(format!("[{not}{}]", class(some))),
    }
}

/// Characters as they stand in a class.
fn class(chars: &[char]) -> String {
    chars.iter().map(|c| if c.is_ascii_punctuation() { format!("\\{c}") } else { c.to_string() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What OPA 1.22.3 answers, from its source and from the case tables of the libraries that it uses.
    #[test]
    fn globs_match_what_they_match_in_opa() {
        let slash = Value::from_json_str("[\"/\"]").unwrap();
        let dot = Value::from_json_str("[]").unwrap();
        for (glob, delimiters, text, is) in [
            ("[^a]", &slash, "b", false),
            ("[^a]", &slash, "^", true),
            ("[^a]", &slash, "a", true),
            ("[!a]", &slash, "b", true),
            ("[!a]", &slash, "a", false),
            ("[a-c]x", &slash, "bx", true),
            ("[a-c]x", &slash, "dx", false),
            ("src/**/x.rs", &slash, "src/x.rs", false),
            ("src/**/x.rs", &slash, "src/a/b/x.rs", true),
            ("**/x.rs", &slash, "x.rs", false),
            ("src/*", &slash, "src/a/b", false),
            ("src/*", &Value::Null, "src/a/b", true),
            ("*.example.com", &dot, "api.example.com", true),
            ("*.example.com", &dot, "v1.api.example.com", false),
            ("{cat,[bs]at,}", &dot, "sat", true),
            ("{cat,[bs]at,}", &dot, "", true),
            ("a,b", &dot, "a,b", true),
            ("a?c", &dot, "a.c", false),
            ("a?c", &Value::Null, "a\nc", true),
            ("\\*", &dot, "*", true),
            ("\\*", &dot, "a", false),
            ("(a|b)+.", &Value::Null, "(a|b)+.", true),
            ("a}", &Value::Null, "a}", true),
        ] {
            let args = [glob.into(), delimiters.clone(), text.into()];
            assert_eq!(matches(&Patterns::default(), &args).unwrap(), is, "{glob} on {text}");
        }
    }

    #[test]
    fn what_is_no_glob_is_an_error() {
        for glob in ["[a", "{a", "[]", "[c-a]", "[a-cx]", "a\\"] {
            let args = [glob.into(), Value::Null, "a".into()];
            assert!(matches(&Patterns::default(), &args).is_err(), "{glob}");
        }
        let long = Value::from_json_str("[\"ab\"]").unwrap();
        assert!(matches(&Patterns::default(), &["a".into(), long, "a".into()]).is_err());
    }
}
