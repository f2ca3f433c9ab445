//! `to_number`, `lower`, `upper` and `semver.*` as the language has them.
//!
//! What must stay true: each answers as in OPA, or is an error. The engine's own built-ins read ` 1` as a number and no version that
//! begins with `v`, and change the case of some letters into several letters.

use std::cmp::Ordering;

use regorus::{Engine, Value};
use semver::Version;

use super::patterns::{Fault, string};

/// What a built-in does.
type Builtin = fn(&[Value]) -> Result<Value, Fault>;

/// Name, number of arguments, and what it does.
const BUILTINS: [(&str, u8, Builtin); 5] = [
    ("lower", 1, |args| cased(args, |c| if c == 'İ' { 'i' } else { single(c.to_lowercase(), c) })),
    ("semver.compare", 2, |args| {
        let [one, other] = args else { return Err(count()) };
        Ok(Value::from(match version(one)?.cmp_precedence(&version(other)?) {
            Ordering::Less => -1_i64,
            Ordering::Equal => 0,
            Ordering::Greater => 1,
        }))
    }),
    ("semver.is_valid", 1, |args| {
        let [one] = args else { return Err(count()) };
        Ok(Value::Bool(version(one).is_ok()))
    }),
    ("to_number", 1, |args| {
        let [one] = args else { return Err(count()) };
        match one {
            Value::Null | Value::Bool(false) => Ok(Value::from(0_u64)),
            Value::Bool(true) => Ok(Value::from(1_u64)),
            Value::Number(_) => Ok(one.clone()),
            Value::String(text) if !text.contains(char::is_whitespace) => match Value::from_json_str(text) {
                Ok(number @ Value::Number(_)) => Ok(number),
                _ => Err("the text is no number".into()),
            },
            Value::String(_) => Err("the text is no number: white space".into()),
            other => {
                Err(format!("expects null, a boolean, a number or a text, and got {}", super::verdict::kind(other))
                    .into())
            }
        }
    }),
    ("upper", 1, |args| cased(args, |c| single(c.to_uppercase(), c))),
];

/// Puts these built-ins in the place of the engine's.
pub(super) fn install(engine: &mut Engine) -> Result<(), String> {
    for (name, arguments, builtin) in BUILTINS {
        let run = move |args: Vec<Value>| {
            builtin(&args).map_err(|fault| std::io::Error::other(format!("{name}: {fault}")).into())
        };
        engine.add_extension(name.to_owned(), arguments, Box::new(run)).map_err(|error| error.to_string())?;
    }
    Ok(())
}

fn count() -> Fault {
    "another number of arguments".into()
}

/// One letter becomes one letter; where it would become several it stays what it is.
fn cased(args: &[Value], change: fn(char) -> char) -> Result<Value, Fault> {
    let [text] = args else { return Err(count()) };
    Ok(string(text)?.chars().map(change).collect::<String>().into())
}

fn single(mut changed: impl Iterator<Item = char>, c: char) -> char {
    match (changed.next(), changed.next()) {
        (Some(one), None) => one,
        _ => c,
    }
}

fn version(value: &Value) -> Result<Version, Fault> {
    let text = string(value)?;
    Version::parse(text.strip_prefix('v').unwrap_or(text)).map_err(|fault| fault.to_string().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(name: &str, args: &[Value]) -> Result<Value, String> {
        let (_, _, builtin) = BUILTINS.iter().find(|(known, ..)| *known == name).unwrap();
        builtin(args).map_err(|fault| fault.to_string())
    }

    /// What OPA 1.22.3 answers, from its source and from the case tables of the libraries that it uses.
    #[test]
    fn they_answer_as_in_opa() {
        for (name, text, answer) in
            [("lower", "İΣß", "iσß"), ("lower", "ΟΔΟΣ", "οδοσ"), ("upper", "ßﬁŉσ", "ßﬁŉΣ"), ("upper", "éç", "ÉÇ")]
        {
            assert_eq!(call(name, &[text.into()]).unwrap(), answer.into(), "{name} of {text}");
        }
        for (text, is) in [("1.0.0", true), ("v1.0.0", true), ("vv1.0.0", false), ("1.0", false), ("V1.0.0", false)] {
            assert_eq!(call("semver.is_valid", &[text.into()]).unwrap(), Value::Bool(is), "{text}");
        }
        assert_eq!(call("semver.is_valid", &[Value::from(1_u64)]).unwrap(), Value::Bool(false));
        for (one, other, answer) in [("v1.2.3", "1.2.3", 0), ("1.2.3-a", "1.2.3", -1), ("1.10.0", "v1.9.0", 1)] {
            assert_eq!(call("semver.compare", &[one.into(), other.into()]).unwrap(), Value::from(i64::from(answer)));
        }
        assert_eq!(call("to_number", &["-1.5e3".into()]).unwrap(), Value::from_json_str("-1500.0").unwrap());
        for text in [" 1", "1 ", "1\n", "", "a", "true", "\"1\"", "0x1", "--1"] {
            assert!(call("to_number", &[text.into()]).is_err(), "{text:?}");
        }
    }
}
