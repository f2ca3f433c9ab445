//! Text that came from outside, and the only ways to show it.
//!
//! What must stay true: an [`Untrusted`] string has no `Display`. It reaches a reader either through [`Untrusted::line`],
//! which leaves nothing that a terminal, a log viewer or a CI runner would obey, or through a serialiser that escapes it.
//!
//! Sources: `actions/runner` `ActionCommand.cs` (`##[command]` anywhere in a line, `::command::` at its start, a lone CR
//! ends a line), Azure Pipelines `##vso[`, TeamCity `##teamcity[`, Unicode TR9 (bidirectional controls).

use std::borrow::{Borrow, Cow};
use std::fmt;

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

/// A string from a report, an exception record, a pull request, a policy or the environment.
///
/// Ordering and equality are those of the raw bytes, so sorted output never depends on a locale. Short ones are kept in place
/// and long ones are shared: a run holds millions, and most of them many times.
#[derive(Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Untrusted(SmolStr);

impl Untrusted {
    /// Wraps a string that came from outside.
    pub fn new(raw: impl AsRef<str>) -> Self {
        Self(SmolStr::new(raw))
    }

    /// One string of several parts.
    #[must_use]
    pub fn joined<'a>(parts: impl IntoIterator<Item = &'a str>) -> Self {
        Self(parts.into_iter().collect())
    }

    /// The bytes as they came, for comparing, hashing and escaping serialisers; never for printing.
    #[must_use]
    pub fn as_raw(&self) -> &str {
        &self.0
    }

    /// The string as it came, given away.
    #[must_use]
    pub fn into_raw(self) -> String {
        self.0.into()
    }

    /// True when there is nothing but white space.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        // The first byte tells it of nearly every string.
        !self.0.as_bytes().first().is_some_and(u8::is_ascii_graphic) && self.0.trim().is_empty()
    }

    /// One printable line: see [`neutral`].
    #[must_use]
    pub fn line(&self) -> Cow<'_, str> {
        neutral(&self.0)
    }
}

/// Escaped, so that a debug print in a log is as harmless as a rendered line.
impl fmt::Debug for Untrusted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.line())
    }
}

impl From<&str> for Untrusted {
    fn from(raw: &str) -> Self {
        Self(SmolStr::new(raw))
    }
}

impl From<String> for Untrusted {
    fn from(raw: String) -> Self {
        Self(raw.into())
    }
}

impl From<Cow<'_, str>> for Untrusted {
    fn from(raw: Cow<'_, str>) -> Self {
        Self(SmolStr::new(raw))
    }
}

impl Borrow<str> for Untrusted {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl PartialEq<str> for Untrusted {
    fn eq(&self, other: &str) -> bool {
        self.0 == other
    }
}

impl PartialEq<&str> for Untrusted {
    fn eq(&self, other: &&str) -> bool {
        self.0 == *other
    }
}

/// One printable line that no terminal or runner obeys.
///
/// Line breaks and tabs become spaces, other controls (C0, DEL, C1, line and paragraph separators, bidirectional
/// controls, zero-width and tag characters) become a visible `\u{..}`, and `##name[` is split into `# #name[`.
/// A `::` at the start of an output line is the business of [`guard_line_start`], because wrapping can create one.
#[must_use]
pub fn neutral(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|b| (0x20..0x7f).contains(&b) && b != b'#') {
        return Cow::Borrowed(raw);
    }
    let mut out = String::with_capacity(raw.len() + 8);
    let mut rest = raw.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '\n' | '\t' => out.push(' '),
            '\r' => {
                if rest.peek() != Some(&'\n') {
                    out.push(' ');
                }
            }
            '#' if opens_command(rest.clone()) => out.push_str("# "),
            c if is_obeyed(c) => {
                use fmt::Write as _;
                // Writing to a String cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// True when the characters after a `#` are `#`, letters and `[`: the opening of a logging command.
///
/// Characters that [`neutral`] replaces cannot stand between, because they become visible text.
fn opens_command(mut after: impl Iterator<Item = char>) -> bool {
    if after.next() != Some('#') {
        return false;
    }
    after.find(|c| !c.is_alphabetic()) == Some('[')
}

/// Characters that move the cursor, reorder text, hide it, or end a line somewhere.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The last stage before a line leaves the program: a line whose first non-space is `::` would be a workflow command.
#[must_use]
pub fn guard_line_start(line: &str) -> Cow<'_, str> {
    let body = line.trim_start();
    match body.strip_prefix("::") {
        Some(after) => {
            let indent = &line.get(..line.len() - body.len()).unwrap_or("");
            Cow::Owned(format!("{indent}: :{after}"))
        }
        None => Cow::Borrowed(line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_never_a_runner_command() {
        for (raw, shown) in [
            ("SQLi ##[set-output name=decision;]pass", "SQLi # #[set-output name=decision;]pass"),
            ("##vso[task.complete result=Succeeded;]", "# #vso[task.complete result=Succeeded;]"),
            ("####[error]x", "### #[error]x"),
            ("a\r::add-mask::e", "a ::add-mask::e"),
            ("two\r\nlines", "two lines"),
            ("red \u{1b}[31m", "red \\u{1b}[31m"),
            ("\u{202e}fdp.exe", "\\u{202e}fdp.exe"),
            ("plain C# code ## heading", "plain C# code ## heading"),
        ] {
            assert_eq!(neutral(raw), shown, "{raw:?}");
        }
    }

    #[test]
    fn a_line_cannot_start_with_two_colons() {
        assert_eq!(guard_line_start("  ::error::x"), "  : :error::x");
        assert_eq!(guard_line_start("\u{a0}::error::x"), "\u{a0}: :error::x");
        assert_eq!(guard_line_start("a ::error::x"), "a ::error::x");
    }
}
