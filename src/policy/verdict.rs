//! From the value of a `deny` or `warn` to verdicts.
//!
//! What must stay true: a value that is not a set of well-formed verdicts is an error that names the rule. Nothing is skipped.

use regorus::Value;
use serde::{Deserialize, Serialize};

use super::PolicyError;
use super::bundle::Entry;
use crate::model::severity::Severity;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Date;

/// A member of `deny` or `warn`, before placeholders are filled in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(super) struct Said {
    pub(super) msg: String,
    pub(super) finding: Option<Untrusted>,
    pub(super) path: Option<String>,
    pub(super) owner: Option<Untrusted>,
    pub(super) fix_by: Option<Date>,
    pub(super) next: Option<String>,
    pub(super) severity: Option<Severity>,
}

const HINT: &str =
    "a verdict is a text, or an object with msg and, where wanted, finding, path, owner, fix_by, next, severity";

/// Reads the members of a set.
pub(super) fn read(entry: &Entry, path: &str, value: &Value) -> Result<Vec<Said>, PolicyError> {
    let fault = |message: String| PolicyError::file(&entry.info.path, format!("{path}: {message}"));
    let members = members(value).map_err(&fault)?;
    members.map(|member| one(entry, member).map_err(|message| fault(message).hint(HINT))).collect()
}

/// The members of a set; anything else is a fault.
pub(super) fn members(value: &Value) -> Result<impl Iterator<Item = &Value>, String> {
    match value {
        Value::Set(set) => Ok(set.iter()),
        Value::Undefined => Err("is undefined; write it as a set, with `contains`".to_owned()),
        other => Err(format!("is {}, not a set; write it with `contains`", kind(other))),
    }
}

/// What a value is, in a word.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "an array",
        Value::Set(_) => "a set",
        Value::Object(_) => "an object",
        Value::Undefined => "undefined",
    }
}

fn one(entry: &Entry, member: &Value) -> Result<Said, String> {
    let mut said = Said::default();
    match member {
        Value::String(msg) => said.msg = msg.to_string(),
        Value::Object(fields) => {
            for (key, value) in fields.iter_sorted() {
                field(entry, &mut said, key, value)?;
            }
        }
        other => return Err(format!("a member is {}", kind(other))),
    }
    if said.msg.trim().is_empty() { Err("a verdict has no msg, or a blank one".to_owned()) } else { Ok(said) }
}

fn field(entry: &Entry, said: &mut Said, key: &Value, value: &Value) -> Result<(), String> {
    let Value::String(key) = key else { return Err(format!("a key of a verdict is {}", kind(key))) };
    if entry.foreign && key.as_ref() != "msg" {
        return Ok(());
    }
    let text = match value {
        Value::String(text) => Some(text.as_ref()).filter(|text| !text.trim().is_empty()),
        Value::Null => None,
        other => return Err(format!("`{key}` is {}", kind(other))),
    };
    let owned = text.map(str::to_owned);
    match key.as_ref() {
        "msg" => said.msg = owned.unwrap_or_default(),
        "finding" => said.finding = owned.map(Untrusted::new),
        "path" => said.path = owned,
        "owner" => said.owner = owned.map(Untrusted::new),
        "next" => said.next = owned,
        "fix_by" => said.fix_by = text.map(date).transpose()?,
        "severity" => said.severity = text.map(severity).transpose()?,
        unknown => return Err(format!("a verdict has the unknown key `{unknown}`")),
    }
    Ok(())
}

fn date(text: &str) -> Result<Date, String> {
    text.parse().map_err(|error| format!("fix_by `{}`: {error}", neutral(text)))
}

fn severity(text: &str) -> Result<Severity, String> {
    Severity::WORST_FIRST
        .into_iter()
        .find(|severity| severity.word() == text)
        .ok_or_else(|| format!("`{}` is no severity: critical, high, medium, low, info, unknown", neutral(text)))
}
