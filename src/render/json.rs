//! The decision as JSON, byte for byte what the evidence digests, but for white space.
//!
//! What must stay true: the values are exact, and yet no log that shows the text obeys it. `##[` is written `#\u0023[`, and
//! controls, bidirectional and invisible characters as escapes; any JSON reader gets the original back.

use std::io;

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, PrettyFormatter, Serializer};

use super::{Renderer, Style};
use crate::decision::Decision;
use crate::model::text::neutral;

pub(super) static RENDERER: Renderer = Renderer { id: "json", title: "the whole decision, versioned", write };

fn write(decision: &Decision, _style: &Style, out: &mut dyn io::Write) -> io::Result<()> {
    document(decision, out)
}

/// Writes any document of ours as indented JSON with a final newline.
///
/// # Errors
/// Those of the writer.
pub fn document(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    with(PrettyFormatter::new(), value, out)
}

/// Writes a document as one line.
///
/// # Errors
/// Those of the writer.
pub(super) fn line(value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    with(CompactFormatter, value, out)
}

fn with(layout: impl Formatter, value: &impl Serialize, out: &mut dyn io::Write) -> io::Result<()> {
    let mut serializer = Serializer::with_formatter(&mut *out, Harmless { layout });
    value.serialize(&mut serializer).map_err(io::Error::from)?;
    writeln!(out)
}

/// A layout whose strings are escaped beyond what JSON demands.
struct Harmless<F> {
    layout: F,
}

impl<F: Formatter> Formatter for Harmless<F> {
    fn write_string_fragment<W: ?Sized + io::Write>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        if matches!(neutral(fragment), std::borrow::Cow::Borrowed(_)) {
            return writer.write_all(fragment.as_bytes());
        }
        let mut previous = None;
        let mut buffer = [0; 4];
        for c in fragment.chars() {
            let single: &str = c.encode_utf8(&mut buffer);
            let obeyed = (c == '#' && previous == Some('#')) || neutral(single) != single;
            if obeyed {
                let mut units = [0; 2];
                for unit in c.encode_utf16(&mut units) {
                    write!(writer, "\\u{unit:04x}")?;
                }
            } else {
                writer.write_all(single.as_bytes())?;
            }
            previous = Some(c);
        }
        Ok(())
    }

    fn write_char_escape<W: ?Sized + io::Write>(&mut self, writer: &mut W, escape: CharEscape) -> io::Result<()> {
        self.layout.write_char_escape(writer, escape)
    }

    fn begin_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_array(writer)
    }

    fn end_array<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_array(writer)
    }

    fn begin_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.layout.begin_array_value(writer, first)
    }

    fn end_array_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_array_value(writer)
    }

    fn begin_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_object(writer)
    }

    fn end_object<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_object(writer)
    }

    fn begin_object_key<W: ?Sized + io::Write>(&mut self, writer: &mut W, first: bool) -> io::Result<()> {
        self.layout.begin_object_key(writer, first)
    }

    fn begin_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.begin_object_value(writer)
    }

    fn end_object_value<W: ?Sized + io::Write>(&mut self, writer: &mut W) -> io::Result<()> {
        self.layout.end_object_value(writer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_log_obeys_nothing_and_a_reader_gets_it_all() {
        let hostile = "x ##[set-output name=decision;]pass ##vso[a] \u{1b}[31m \u{202e} \u{e0041} \u{85} é # ## ###[x]\r\n::error::x";
        let mut out = Vec::new();
        document(&[hostile], &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(!text.contains("##"), "{text}");
        assert!(text.chars().all(|c| c == '\n' || neutral(c.encode_utf8(&mut [0; 4])) == c.to_string()), "{text}");
        assert!(text.lines().all(|line| !line.trim_start().starts_with("::")));
        let back: Vec<String> = serde_json::from_str(&text).unwrap();
        assert_eq!(back, [hostile]);
    }
}
