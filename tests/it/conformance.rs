//! The language's own test cases (the OPA project's v1 compliance suite), where somebody has them: not one may be answered
//! differently without an error. The suite is not part of the repository:
//!
//! `COUNTERSIGN_OPA_SUITE=cases.jsonl cargo test --test it conformance -- --ignored --nocapture`
//!
//! A line of it is `{"note", "query", "modules", "data", "input" | "input_term", "want_result" | "want_error" | "want_error_code",
//! "strict_error"}`. What was learnt from it is refused in `src/policy/check.rs`, and tested in `src/policy/tests.rs`.

use std::collections::BTreeMap;
use std::sync::Arc;

use countersign::policy::{Documents, Layer, PolicyFile};
use serde_json::{Value, json};

/// How a case ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Ended {
    /// With the result that the language demands.
    Same,
    /// The loader refused it.
    Refused,
    /// With an error while evaluating.
    Error,
    /// With another result: a way to a wrong decision.
    Different,
}

/// The query as a rule of its own, and the variables that it binds.
fn asked(query: &str) -> (PolicyFile, Vec<String>) {
    let mut names: Vec<String> = Vec::new();
    for part in query.split([';', '\n']) {
        let sides = part.split(" = ").flat_map(|side| side.split(['[', ']']));
        for side in sides {
            let side = side.trim();
            let is_name = !side.is_empty() && side.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
            if is_name
                && !["input", "data", "true", "false", "null"].contains(&side)
                && !names.iter().any(|n| n == side)
            {
                names.push(side.to_owned());
            }
        }
    }
    let object = names.iter().map(|name| format!("{name:?}: {name}")).collect::<Vec<_>>().join(", ");
    let source = format!("package asked__\n\nresults contains {{{object}}} if {{\n\t{query}\n}}\n");
    (PolicyFile::new("query.rego", Layer::Repository, source), names)
}

fn sorted(value: &Value) -> Value {
    match value {
        Value::Array(members) => {
            let mut members: Vec<Value> = members.iter().map(sorted).collect();
            members.sort_by_key(ToString::to_string);
            Value::Array(members)
        }
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), sorted(value))).collect(),
        // 1 and 1.0 are one number.
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() < 9e15 => json!(float),
            _ => value.clone(),
        },
        other => other.clone(),
    }
}

fn run(case: &Value) -> (Ended, String) {
    let text = |key: &str| case.get(key).and_then(Value::as_str);
    let query = text("query").unwrap();
    let mut files: Vec<PolicyFile> = Vec::new();
    for (number, module) in case.get("modules").and_then(Value::as_array).into_iter().flatten().enumerate() {
        files.push(PolicyFile::new(format!("m{number}.rego"), Layer::Repository, module.as_str().unwrap().to_owned()));
    }
    if let Some(data) = case.get("data").filter(|data| data.as_object().is_some_and(|data| !data.is_empty())) {
        files.push(PolicyFile::new("data.json", Layer::Repository, data.to_string()));
    }
    let (path, one) = match query
        .strip_suffix(" = x")
        .filter(|path| path.bytes().all(|b| b.is_ascii_alphanumeric() || b"._".contains(&b)) && path.contains('.'))
    {
        Some(path) => (path.to_owned(), true),
        None => {
            files.push(asked(query).0);
            ("data.asked__.results".to_owned(), false)
        }
    };
    let input = text("input_term").map(str::to_owned).or_else(|| case.get("input").map(ToString::to_string));
    let documents = match Documents::load(&files, &(Arc::new(|_: &str| {}) as _)) {
        Ok(documents) => documents,
        Err(error) => return (Ended::Refused, error.to_string()),
    };
    let value = match documents.value(&path, input.as_deref()) {
        Ok(value) => value,
        Err(error) => return (Ended::Error, error.to_string()),
    };
    let got = match (value, one) {
        (None, _) => json!([]),
        (Some(value), true) => json!([{"x": value}]),
        (Some(value), false) => value,
    };
    match case.get("want_result").filter(|_| case.get("want_error").is_none() && case.get("want_error_code").is_none())
    {
        Some(wanted) if sorted(wanted) == sorted(&got) => (Ended::Same, String::new()),
        // A query that binds nothing has an empty binding.
        Some(Value::Null) if got == json!([]) => (Ended::Same, String::new()),
        Some(wanted) => (Ended::Different, format!("wanted {wanted}, got {got}")),
        None if got == json!([]) && case.get("want_error").is_none() && case.get("want_error_code").is_none() => {
            (Ended::Same, String::new())
        }
        None => (Ended::Different, format!("wanted an error, got {got}")),
    }
}

#[test]
#[ignore = "needs the suite: COUNTERSIGN_OPA_SUITE=cases.jsonl"]
fn no_case_of_the_language_is_answered_differently_without_an_error() {
    let path = std::env::var_os("COUNTERSIGN_OPA_SUITE").expect("COUNTERSIGN_OPA_SUITE names the suite");
    let cases = std::fs::read_to_string(path).unwrap();
    let mut counts: BTreeMap<Ended, usize> = BTreeMap::new();
    let mut different = Vec::new();
    for line in cases.lines() {
        let case: Value = serde_json::from_str(line).unwrap();
        let (ended, why) = run(&case);
        *counts.entry(ended).or_default() += 1;
        if ended == Ended::Different {
            different.push(format!("{}: {why}", case.get("note").unwrap()));
        }
        if std::env::var_os("COUNTERSIGN_OPA_SUITE_ALL").is_some() {
            println!("{ended:?} {}: {why}", case.get("note").unwrap());
        }
    }
    println!("{counts:?}");
    assert!(different.is_empty(), "{} different:\n{}", different.len(), different.join("\n"));
}
