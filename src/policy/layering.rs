//! Which data of a higher layer a lower one may move, and in which direction.
//!
//! What must stay true: whatever a higher layer says stands, but for the keys that it declares itself, and those move by value
//! in the declared direction only. A rule can always be made stricter, and never laxer.

use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

use super::diff::Way;
use super::{Layer, PolicyError};
use crate::model::profile::Profile;

/// Which way a value may be moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Direction {
    /// A number: the same, or less.
    #[serde(rename = "only-lower")]
    Lower,
    /// A number: the same, or more.
    #[serde(rename = "only-higher")]
    Higher,
    /// A list or an object: everything that is there stays.
    #[serde(rename = "only-add")]
    Add,
    /// A list or an object: nothing that is not there comes.
    #[serde(rename = "only-remove")]
    Remove,
}

impl Direction {
    fn word(self) -> &'static str {
        match self {
            Self::Lower => "only-lower",
            Self::Higher => "only-higher",
            Self::Add => "only-add",
            Self::Remove => "only-remove",
        }
    }

    /// Which way a value went that a lower layer may move this way only: that is the stricter one. `None` where it is neither.
    pub(super) fn way(self, old: &Json, new: &Json) -> Option<Way> {
        match (self.allows(old, new)?, self.allows(new, old)?) {
            (true, false) => Some(Way::Stricter),
            (false, true) => Some(Way::Looser),
            _ => None,
        }
    }

    /// `None` where the values are of no kind that has this direction.
    fn allows(self, old: &Json, new: &Json) -> Option<bool> {
        match self {
            Self::Lower => Some(at_most(new, old)?),
            Self::Higher => Some(at_most(old, new)?),
            Self::Add => holds_all(new, old),
            Self::Remove => holds_all(old, new),
        }
    }
}

/// `custom.overridable` of a package's METADATA, one entry.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Declaration {
    /// `data.<root>.<key>…` or `profile.<key>…`.
    pub(super) key: String,
    /// Which way.
    pub(super) direction: Direction,
}

/// A key that a lower layer may move.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Overridable {
    /// `data` or `profile`, and the keys below.
    pub(super) key: Vec<String>,
    /// Which way.
    pub(super) direction: Direction,
    /// Whose it is.
    pub(super) layer: Layer,
}

impl Overridable {
    /// Reads one declaration of the METADATA at `line` of `path`.
    pub(super) fn new(path: &str, line: usize, layer: Layer, declaration: &Declaration) -> Result<Self, PolicyError> {
        let key: Vec<String> = declaration.key.split('.').map(str::to_owned).collect();
        let is_known = key.first().is_some_and(|root| root == "data" || root == "profile");
        if !is_known || key.len() < 2 || key.iter().any(String::is_empty) {
            return Err(PolicyError::at(path, line, format!("overridable: `{}` is no key", declaration.key))
                .hint("write data.<root>.<key> or profile.<key>"));
        }
        Ok(Self { key, direction: declaration.direction, layer })
    }
}

/// A document of one layer, for messages.
pub(super) struct Side<'a> {
    pub(super) path: &'a str,
    pub(super) layer: Layer,
}

/// What a lower layer makes of a higher one's value at `key`.
pub(super) fn lay(
    declared: &[Overridable],
    key: &[String],
    (higher, old): (&Side<'_>, &Json),
    (lower, new): (&Side<'_>, &Json),
) -> Result<Json, PolicyError> {
    if old == new {
        return Ok(old.clone());
    }
    let shown = key.join(".");
    // Who declares must be the one whose value it is, or stand above.
    let here = declared.iter().filter(|declared| declared.layer <= higher.layer);
    let mut below = false;
    for declared in here {
        if declared.key == key {
            let way = declared.direction;
            return match way.allows(old, new) {
                Some(true) => Ok(new.clone()),
                Some(false) => Err(PolicyError::file(
                    lower.path,
                    format!("`{shown}` is {} in {}, which lets it move {} here", brief(old), higher.path, way.word()),
                )
                .hint(format!("{} is the other way", brief(new)))),
                None => Err(PolicyError::file(
                    lower.path,
                    format!("`{shown}` may move {}, but {} and {} cannot be compared so", way.word(), brief(old), brief(new)),
                )
                .hint(format!("only-lower and only-higher are for numbers, only-add and only-remove for lists and objects; see {}", higher.path))),
            };
        }
        below |= declared.key.starts_with(key);
    }
    let (Json::Object(old), Json::Object(new), true) = (old, new, below) else {
        return Err(refused(&shown, higher, lower));
    };
    let mut merged = old.clone();
    for (name, value) in new {
        let mut key = key.to_vec();
        key.push(name.clone());
        let Some(known) = old.get(name) else { return Err(refused(&key.join("."), higher, lower)) };
        merged.insert(name.clone(), lay(declared, &key, (higher, known), (lower, value))?);
    }
    Ok(Json::Object(merged))
}

fn refused(key: &str, higher: &Side<'_>, lower: &Side<'_>) -> PolicyError {
    PolicyError::file(
        lower.path,
        format!(
            "`{key}` belongs to the {} layer ({}), which does not let the {} layer change it",
            higher.layer.word(),
            higher.path,
            lower.layer.word()
        ),
    )
    .hint(format!("choose a root of your own, or have {} declare `overridable: [{{key: {key}, direction: …}}]` in a METADATA block", higher.path))
}

/// A profile of a lower layer over a higher one's: every key of it is there in both.
pub(super) fn profile(
    declared: &[Overridable],
    (path, layer, higher): (&str, Layer, &Profile),
    (lower_path, lower_layer, lower): (&str, Layer, &Profile),
) -> Result<(), PolicyError> {
    let unreadable = |error: serde_json::Error| PolicyError::file(lower_path, error.to_string());
    let old = serde_json::to_value(higher).map_err(unreadable)?;
    let mut new = serde_json::to_value(lower).map_err(unreadable)?;
    let (Json::Object(known), Json::Object(fields)) = (&old, &mut new) else { return Ok(()) };
    for rule in higher.rules.keys().chain(lower.rules.keys()) {
        if lower.mode(rule) < higher.mode(rule) {
            return Err(laxer(rule, path, lower_path));
        }
    }
    // What a profile is called is its own; rules have been compared.
    for free in ["name", "description", "rules"] {
        if let Some(value) = known.get(free) {
            fields.insert(free.to_owned(), value.clone());
        }
    }
    let (higher, lower) = (Side { path, layer }, Side { path: lower_path, layer: lower_layer });
    for (name, value) in fields.iter() {
        let key = ["profile".to_owned(), name.clone()];
        lay(declared, &key, (&higher, known.get(name).unwrap_or(&Json::Null)), (&lower, value))?;
    }
    Ok(())
}

fn laxer(rule: &str, path: &str, lower_path: &str) -> PolicyError {
    PolicyError::file(lower_path, format!("rules: `{rule}` is stricter in {path}, and can only be tightened here"))
        .hint("off, warn, enforce: a lower layer may go to the right, never to the left")
}

/// True when `a` is at most `b`.
fn at_most(a: &Json, b: &Json) -> Option<bool> {
    let (Json::Number(a), Json::Number(b)) = (a, b) else { return None };
    match (a.as_i64(), b.as_i64()) {
        (Some(a), Some(b)) => Some(a <= b),
        _ => Some(a.as_f64()? <= b.as_f64()?),
    }
}

/// True when everything of `part` is in `whole`.
fn holds_all(whole: &Json, part: &Json) -> Option<bool> {
    match (whole, part) {
        (Json::Array(whole), Json::Array(part)) => Some(part.iter().all(|member| whole.contains(member))),
        (Json::Object(whole), Json::Object(part)) => {
            Some(part.iter().all(|(key, value)| whole.get(key) == Some(value)))
        }
        _ => None,
    }
}

/// A value, short enough for a message.
fn brief(value: &Json) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
