//! Reading XML as a bounded sequence of elements and text.
//!
//! What must stay true: nothing is fetched or expanded but the five predefined entities and character references, and a
//! document is whole: one root, every element closed, nothing but comments and white space around it.

use std::borrow::Cow;
use std::fmt;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use super::wire::malformed;
use super::{FormatError, limits};

/// The next piece of a document.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// An element begins; one without content is a start and an end.
    Start(Tag<'a>),
    /// Text, unescaped. Text with references comes in several pieces.
    Text(Cow<'a, str>),
    /// The last element that began ends.
    End,
}

/// The start of an element.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tag<'a> {
    start: BytesStart<'a>,
}

/// A document.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    text: &'a str,
    format: &'static str,
    depth: usize,
    /// Whether the root element is over.
    over: bool,
}

impl<'a> Xml<'a> {
    /// The document in a text.
    pub(super) fn new(text: &'a str, format: &'static str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Self { reader, text, format, depth: 0, over: false }
    }

    /// The next piece; `None` at the end of a whole document.
    ///
    /// # Errors
    /// [`FormatError::Malformed`] with the line, also for a document type with declarations of its own, an entity that is
    /// not predefined, and elements too deep.
    pub(super) fn next(&mut self) -> Result<Option<Piece<'a>>, FormatError> {
        loop {
            let piece = match self.reader.read_event() {
                Err(error) => return Err(self.wrong(error)),
                Ok(Event::Eof) if self.over => return Ok(None),
                Ok(Event::Eof) => return Err(self.wrong("the document ends before its root element does")),
                Ok(Event::Start(start)) => self.open(start)?,
                Ok(Event::Empty(_)) => return Err(self.wrong("an empty element was not expanded")),
                Ok(Event::End(_)) => {
                    self.depth = self.depth.saturating_sub(1);
                    self.over = self.depth == 0;
                    Piece::End
                }
                Ok(Event::Text(text)) => Piece::Text(text.xml10_content()),
                Ok(Event::CData(text)) => Piece::Text(text.xml10_content()),
                Ok(Event::GeneralRef(reference)) => Piece::Text(self.resolve(&reference)?),
                Ok(Event::DocType(doctype)) if doctype.contains('[') => {
                    return Err(self.wrong("a document type with declarations of its own is refused"));
                }
                Ok(Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_)) => continue,
            };
            match &piece {
                Piece::Text(text) if text.len() > limits::STRING_BYTES => {
                    return Err(too_large("string_bytes", limits::STRING_BYTES));
                }
                Piece::Text(text) if self.depth == 0 && text.trim().is_empty() => {}
                Piece::Text(_) if self.depth == 0 => return Err(self.wrong("text outside of the root element")),
                _ => return Ok(Some(piece)),
            }
        }
    }

    /// Passes over the rest of the element that began last.
    pub(super) fn skip(&mut self) -> Result<(), FormatError> {
        let outer = self.depth.saturating_sub(1);
        while self.depth > outer {
            if self.next()?.is_none() {
                break;
            }
        }
        Ok(())
    }

    /// Reads the text of the element that began last, to its end, without that of elements within; at most `max` bytes
    /// of it are kept.
    pub(super) fn text(&mut self, max: usize) -> Result<String, FormatError> {
        let own = self.depth;
        let mut kept = String::new();
        while self.depth >= own {
            match self.next()? {
                Some(Piece::Text(text)) if self.depth == own => {
                    let room = text.floor_char_boundary(max.saturating_sub(kept.len()));
                    kept.push_str(text.get(..room).unwrap_or(""));
                }
                Some(_) => {}
                None => break,
            }
        }
        Ok(kept)
    }

    /// Hands each element within the one that began last to `read`, which reads it to its end.
    pub(super) fn children(
        &mut self,
        mut read: impl FnMut(&mut Self, &Tag<'a>) -> Result<(), FormatError>,
    ) -> Result<(), FormatError> {
        while let Some(piece) = self.next()? {
            match piece {
                Piece::Start(tag) => read(self, &tag)?,
                Piece::Text(_) => {}
                Piece::End => break,
            }
        }
        Ok(())
    }

    fn open(&mut self, start: BytesStart<'a>) -> Result<Piece<'a>, FormatError> {
        if self.over {
            return Err(self.wrong("a second root element"));
        }
        self.depth += 1;
        if self.depth > limits::XML_DEPTH {
            return Err(too_large("depth", limits::XML_DEPTH));
        }
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| self.wrong(error))?;
            attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| self.wrong(error))?;
        }
        Ok(Piece::Start(Tag { start }))
    }

    fn resolve(&self, reference: &quick_xml::events::BytesRef<'_>) -> Result<Cow<'a, str>, FormatError> {
        if let Some(character) = reference.resolve_char_ref().map_err(|error| self.wrong(error))? {
            return Ok(Cow::Owned(character.to_string()));
        }
        resolve_predefined_entity(reference)
            .map(Cow::Borrowed)
            .ok_or_else(|| self.wrong("an entity that is not predefined"))
    }

    fn wrong(&self, reason: impl fmt::Display) -> FormatError {
        let at = usize::try_from(self.reader.error_position().max(1)).unwrap_or(usize::MAX).min(self.text.len());
        let before = self.text.as_bytes().get(..at).unwrap_or_default();
        let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
        malformed(self.format, format!("{reason} at line {line}"))
    }
}

fn too_large(limit: &'static str, max: usize) -> FormatError {
    FormatError::TooLarge { limit, max: u64::try_from(max).unwrap_or(u64::MAX) }
}

impl Tag<'_> {
    /// The element's name without a prefix.
    pub(super) fn name(&self) -> &str {
        self.start.local_name().into_inner()
    }

    /// The value of an attribute, unescaped; by its name without a prefix.
    pub(super) fn attribute(&self, name: &str) -> Option<String> {
        self.start
            .attributes()
            .flatten()
            .find(|attribute| attribute.key.local_name().into_inner() == name)
            .and_then(|attribute| attribute.normalized_value(XmlVersion::Implicit1_0).ok().map(Cow::into_owned))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pieces(text: &str) -> Result<String, FormatError> {
        let mut xml = Xml::new(text, "test");
        let mut shown = String::new();
        while let Some(piece) = xml.next()? {
            match piece {
                Piece::Start(tag) => {
                    shown.push_str(&format!("<{}{}>", tag.name(), tag.attribute("a").unwrap_or_default()))
                }
                Piece::Text(text) => shown.push_str(&text),
                Piece::End => shown.push('/'),
            }
        }
        Ok(shown)
    }

    #[test]
    fn elements_attributes_and_text_are_unescaped() {
        let text = "\u{20}<?xml version='1.0'?><!DOCTYPE r SYSTEM 'x.dtd'>\n<n:r a='1&amp;2'>x&lt;&#65;<![CDATA[<&]]><!-- c --><b/></n:r>\n";
        assert_eq!(pieces(text).unwrap(), "<r1&2>x<A<&<b>//");
    }

    #[test]
    fn what_is_not_whole_or_not_safe_is_refused() {
        let deep = pieces(&"<a>".repeat(limits::XML_DEPTH + 1));
        assert_eq!(deep, Err(FormatError::TooLarge { limit: "depth", max: 128 }));
        for text in [
            "<a><b></a>",
            "<a>",
            "<a/><b/>",
            "<a/>x",
            "x<a/>",
            "<!-- only -->",
            "<a b='1' b='2'/>",
            "<a>&unknown;</a>",
            "<a b='&unknown;'/>",
            "<!DOCTYPE a [<!ENTITY e 'x'>]><a>x</a>",
        ] {
            assert!(matches!(pieces(text), Err(FormatError::Malformed { .. })), "{text}");
        }
        assert!(pieces("<a>\n<b>\n</c></a>").unwrap_err().to_string().contains("line 3"));
    }

    #[test]
    fn text_and_children_end_with_their_element() {
        let mut xml = Xml::new("<r><a>one<i>no</i> two</a><b><c/><d>x</d></b><e/></r>", "test");
        let mut seen = Vec::new();
        xml.next().unwrap();
        xml.children(|xml, tag| {
            match tag.name() {
                "a" => seen.push(xml.text(5)?),
                "b" => xml.children(|xml, tag| {
                    seen.push(tag.name().to_owned());
                    xml.skip()
                })?,
                name => {
                    seen.push(name.to_owned());
                    xml.skip()?;
                }
            }
            Ok(())
        })
        .unwrap();
        assert_eq!(seen, ["one t", "c", "d", "e"]);
        assert_eq!(xml.next().unwrap(), None);
    }

    #[test]
    fn text_and_skip_end_with_their_element() {
        let mut xml = Xml::new("<r><a>one<i>no</i> two</a><b><c><d/></c></b><e/></r>", "test");
        let mut seen = Vec::new();
        while let Some(piece) = xml.next().unwrap() {
            let Piece::Start(tag) = piece else { continue };
            match tag.name() {
                "a" => seen.push(xml.text(5).unwrap()),
                "b" => xml.skip().unwrap(),
                name => seen.push(name.to_owned()),
            }
        }
        assert_eq!(seen, ["r", "one t", "e"]);
    }
}
