//! Lines for people: wrapped, indented, coloured, and harmless.
//!
//! What must stay true: every line leaves through [`Page`], which neutralises its text and guards its start after wrapping,
//! because wrapping can put a `::` where a runner looks for one.

use std::io::{self, Write};

use super::Style;
use crate::model::text::{guard_line_start, neutral};

/// How a word is coloured. Colour is never needed to understand a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ink {
    /// Not at all.
    Plain,
    /// Important.
    Bold,
    /// A block.
    Red,
    /// A warning.
    Yellow,
    /// A pass.
    Green,
}

impl Ink {
    const fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Bold => Some("1"),
            Self::Red => Some("1;31"),
            Self::Yellow => Some("1;33"),
            Self::Green => Some("1;32"),
        }
    }
}

/// A writer of lines.
pub(crate) struct Page<'a> {
    out: &'a mut dyn Write,
    style: &'a Style,
}

impl<'a> Page<'a> {
    pub(crate) fn new(out: &'a mut dyn Write, style: &'a Style) -> Self {
        Self { out, style }
    }

    /// An empty line.
    pub(crate) fn gap(&mut self) -> io::Result<()> {
        writeln!(self.out)
    }

    /// `label` in ink, then `text`, wrapped; further lines are indented to where the text began.
    ///
    /// `indent` and the label's width are in columns. The text may come from outside.
    pub(crate) fn entry(&mut self, indent: usize, ink: Ink, label: &str, text: &str) -> io::Result<()> {
        let label = neutral(label);
        let hang = indent + label.chars().count();
        let text = self.plain(&neutral(text));
        let room = self.width().saturating_sub(hang).max(20);
        let mut lines = wrap(&text, room).into_iter();
        let first = lines.next().unwrap_or_default();
        let whole = format!("{:indent$}{label}{first}", "");
        // Once more: the end of the label and the beginning of the text can make a command together.
        let whole = neutral(&whole);
        let guarded = guard_line_start(whole.trim_end());
        match (self.style.color.then(|| ink.code()).flatten(), guarded.split_once(label.trim())) {
            (Some(code), Some((before, after))) if !label.trim().is_empty() => {
                writeln!(self.out, "{before}\u{1b}[{code}m{}\u{1b}[0m{after}", label.trim())?;
            }
            _ => writeln!(self.out, "{guarded}")?,
        }
        for line in lines {
            writeln!(self.out, "{}", guard_line_start(format!("{:hang$}{line}", "").trim_end()))?;
        }
        Ok(())
    }

    /// How many columns there are.
    pub(crate) fn width(&self) -> usize {
        self.style.width.max(40)
    }

    /// A line that is not wrapped, for what is to be copied.
    pub(crate) fn verbatim(&mut self, indent: usize, text: &str) -> io::Result<()> {
        let line = format!("{:indent$}{}", "", neutral(text));
        writeln!(self.out, "{}", guard_line_start(line.trim_end()))
    }

    /// A line of text without a label.
    pub(crate) fn line(&mut self, indent: usize, text: &str) -> io::Result<()> {
        self.entry(indent, Ink::Plain, "", text)
    }

    /// Arrows and dots, or what stands for them where the reader sees ASCII only.
    fn plain(&self, text: &str) -> String {
        if self.style.unicode {
            return text.to_owned();
        }
        text.replace('→', "->").replace('·', "-").replace('…', "...")
    }
}

/// Breaks at spaces; a word longer than a line is broken where the line ends. Double spaces between columns are kept.
fn wrap(text: &str, room: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut width = 0;
    for word in text.split_inclusive(' ') {
        let visible = word.trim_end_matches(' ').chars().count();
        if width > 0 && width + visible > room {
            lines.push(line.trim_end().to_owned());
            line.clear();
            width = 0;
        }
        for c in word.chars() {
            if width >= room && c != ' ' {
                lines.push(std::mem::take(&mut line));
                width = 0;
            }
            if !(width == 0 && c == ' ' && !lines.is_empty()) {
                line.push(c);
                width += 1;
            }
        }
    }
    if !line.trim_end().is_empty() || lines.is_empty() {
        lines.push(line.trim_end().to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(width: usize, text: &str) -> String {
        let style = Style { width, ..Style::default() };
        let mut out = Vec::new();
        Page::new(&mut out, &style).entry(2, Ink::Red, "BLOCK  ", text).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn wrapping_makes_no_command() {
        let text = format!("{} ::error::x", "a".repeat(30));
        for width in 40..60 {
            let shown = written(width, &text);
            assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{width}: {shown}");
            assert!(shown.lines().all(|line| line.chars().count() <= width + 1), "{width}: {shown}");
        }
    }

    #[test]
    fn long_words_are_broken_and_nothing_is_lost() {
        let word = "x".repeat(100);
        let shown = written(40, &word);
        assert_eq!(shown.chars().filter(|c| *c == 'x').count(), 100);
    }
}
