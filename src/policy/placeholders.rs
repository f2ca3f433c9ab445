//! `{title}` in a message: filled in for each finding, so that a rule need not read what it only wants to show.
//!
//! What must stay true: placeholders are filled in once. What they put in is never looked at again, and a brace that begins no
//! known placeholder stays as it is. A misspelt one is refused when the rule is loaded.

use crate::facts::TriagedFinding;
use crate::model::text::Untrusted;

/// What stands for a value that the finding does not have.
const NONE: &str = "-";

type Value = fn(&TriagedFinding) -> Option<String>;

/// Every placeholder, sorted.
const TABLE: [(&str, Value); 10] = [
    ("fixed_in", |f| {
        let versions: Vec<&str> = f.finding.package.iter().flat_map(|p| &p.fixed_in).map(Untrusted::as_raw).collect();
        Some(versions.join(", "))
    }),
    ("id", |f| Some(f.finding.id.as_raw().to_owned())),
    ("line", |f| f.finding.location.line.map(|line| line.to_string())),
    ("owner", |f| raw(f.owner.as_ref())),
    ("package", |f| raw(f.finding.package.as_ref().map(|package| &package.name))),
    ("path", |f| raw(f.finding.location.path.as_ref())),
    ("rule", |f| raw(Some(&f.finding.rule.id))),
    ("severity", |f| Some(f.finding.severity.word().to_owned())),
    ("title", |f| raw(Some(&f.finding.title))),
    ("version", |f| raw(f.finding.package.as_ref().and_then(|package| package.version.as_ref()))),
];

fn raw(text: Option<&Untrusted>) -> Option<String> {
    text.map(|text| text.as_raw().to_owned())
}

/// The names, sorted.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    TABLE.iter().map(|(name, _)| *name)
}

/// The first thing in a text that has the form of a placeholder and is none.
pub(super) fn unknown(text: &str) -> Option<&str> {
    pieces(text).find_map(|piece| match piece {
        Piece::Name(name) if names().all(|known| known != name) => Some(name),
        Piece::Name(_) | Piece::Text(_) => None,
    })
}

/// Fills in one message for one finding.
pub(super) fn fill(text: &str, finding: &TriagedFinding) -> String {
    let mut filled = String::with_capacity(text.len());
    for piece in pieces(text) {
        match piece {
            Piece::Text(text) => filled.push_str(text),
            Piece::Name(name) => match TABLE.iter().find(|(known, _)| *known == name) {
                Some((_, value)) => {
                    let value = value(finding).filter(|value| !value.trim().is_empty());
                    filled.push_str(value.as_deref().unwrap_or(NONE));
                }
                None => {
                    filled.push('{');
                    filled.push_str(name);
                    filled.push('}');
                }
            },
        }
    }
    filled
}

enum Piece<'a> {
    Text(&'a str),
    Name(&'a str),
}

/// Splits a text into `{names}` and what stands between. A name is lower-case letters and `_`.
fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|inside| inside.split_once('}'))
            && !name.is_empty()
            && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')
        {
            rest = after;
            return Some(Piece::Name(name));
        }
        let next = rest.char_indices().skip(1).find(|(_, c)| *c == '{').map_or(rest.len(), |(at, _)| at);
        let (text, after) = rest.split_at_checked(next).unwrap_or((rest, ""));
        rest = after;
        Some(Piece::Text(text))
    })
}
