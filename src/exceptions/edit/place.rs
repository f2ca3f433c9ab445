//! Where in a text a change goes.
//!
//! What must stay true: text is only put in, or a date replaced; a place that is not clear is none.

use super::EditError;
use super::write::{Item, named, new_record};
use crate::exceptions::native::records_of;
use crate::model::exception::Exception;
use crate::model::time::Date;
use crate::strict::{Document, Node, Notation};

/// What some editors put before the first line.
const MARK: char = '\u{feff}';

/// A text and the changes to it: from, to, and what stands there instead.
pub(super) struct Text<'a> {
    text: &'a str,
    newline: &'static str,
    splices: Vec<(usize, usize, String)>,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { text, newline, splices: Vec::new() }
    }

    /// The text with all changes made.
    pub(super) fn finish(mut self) -> String {
        self.splices.sort();
        let mut text = self.text.to_owned();
        for (from, to, new) in self.splices.iter().rev() {
            text.replace_range(*from..*to, new);
        }
        text
    }

    /// Puts a record behind the last one.
    pub(super) fn append(
        &mut self,
        document: &Document,
        notation: Notation,
        exception: &Exception,
    ) -> Result<(), EditError> {
        let nodes = records_of(document);
        let root = match notation {
            Notation::Yaml | Notation::Json => document.root(),
            Notation::Toml => document.root().get("exception").ok_or(EditError::NoPlace)?,
        };
        if notation == Notation::Json {
            let indent = nodes.first().map_or(Ok("  "), |first| self.own_indent(first))?;
            let record = new_record(notation, exception, indent, self.newline);
            return self.add_line_before_closing(root, &record);
        }
        let Some(first) = nodes.first() else { return self.replace_empty(root, notation, exception) };
        let indent = match notation {
            Notation::Yaml => self.dash_indent(first)?,
            Notation::Json | Notation::Toml => "",
        };
        let gap = if notation == Notation::Toml { self.newline } else { "" };
        let start = if self.text.ends_with('\n') { "" } else { self.newline };
        let record = new_record(notation, exception, indent, self.newline);
        self.insert(self.text.len(), format!("{start}{gap}{record}"));
        Ok(())
    }

    /// `[]`, and `exception = []`, say that there are no records.
    fn replace_empty(&mut self, root: &Node, notation: Notation, exception: &Exception) -> Result<(), EditError> {
        let open = self.offset(root)?;
        let close = self.closing(open).ok_or(EditError::NoPlace)?;
        let (line, rest) = (self.line_start(open), self.line_end(close));
        let (before, after) = (self.part(line, open), self.part(close + 1, rest).trim());
        let key_is_alone = match notation {
            Notation::Yaml => before.trim().is_empty(),
            Notation::Json | Notation::Toml => before.replace(' ', "") == "exception=",
        };
        if !key_is_alone || !(after.is_empty() || after.starts_with('#')) {
            return Err(EditError::NoPlace);
        }
        let record = new_record(notation, exception, "", self.newline);
        let kept = if after.is_empty() { String::new() } else { format!("{after}{}", self.newline) };
        self.splices.push((line, self.past_newline(rest), format!("{kept}{record}")));
        Ok(())
    }

    /// Gives a key of a record another date.
    pub(super) fn replace_date(&mut self, record: &Node, key: &str, date: Date) -> Result<(), EditError> {
        let node = record.get(key).ok_or(EditError::NoPlace)?;
        let old = node.text().ok_or(EditError::NoPlace)?;
        let mut at = self.offset(node)?;
        if self.text.get(at..).is_some_and(|rest| rest.starts_with(['"', '\''])) {
            at += 1;
        }
        if self.part(at, at + old.len()) != old {
            return Err(EditError::NoPlace);
        }
        self.splices.push((at, at + old.len(), date.to_string()));
        Ok(())
    }

    /// Puts an item at the end of a list of a record, which is made where the record has none.
    pub(super) fn add_item(
        &mut self,
        document: &Document,
        record: &Node,
        key: &str,
        item: &Item,
    ) -> Result<(), EditError> {
        let notation = document.notation();
        let item = item.inline(notation);
        if notation == Notation::Json {
            return match record.get(key) {
                Some(list) => self.add_as_written(list, &item),
                None => self.add_as_written(record, &format!("{} [{item}]", named(key, notation))),
            };
        }
        match record.get(key) {
            Some(list) => self.add_to_list(document, record, list, &item),
            None if self.is_flow(record)? => {
                let pair = format!("{} [{item}]", named(key, notation));
                self.add_before_closing(record, &pair)
            }
            None => {
                let expires = self.offset(record.get("expires").ok_or(EditError::NoPlace)?)?;
                let key_at = self.line_start(expires);
                let indent: String = self.part(key_at, expires).chars().take_while(|c| " -".contains(*c)).collect();
                let indent = indent.replace('-', " ");
                let end = self.past_newline(self.line_end(expires));
                let start = if self.part(0, end).ends_with('\n') { "" } else { self.newline };
                let line = match notation {
                    Notation::Yaml => format!("{indent}{key}:{0}{indent}  - {item}{0}", self.newline),
                    Notation::Json | Notation::Toml => format!("{indent}{key} = [{item}]{}", self.newline),
                };
                self.insert(end, format!("{start}{line}"));
                Ok(())
            }
        }
    }

    fn add_to_list(&mut self, document: &Document, record: &Node, list: &Node, item: &str) -> Result<(), EditError> {
        let first = list.items().and_then(<[Node]>::first);
        let Some((first, indent)) = first.and_then(|first| Some((first, self.dash_indent(first).ok()?))) else {
            return self.add_before_closing(list, item);
        };
        let end = self.end_of_block(document, record, first)?;
        let start = if self.part(0, end).ends_with('\n') { "" } else { self.newline };
        self.insert(end, format!("{start}{indent}- {item}{}", self.newline));
        Ok(())
    }

    /// Behind the last line of a block list: before the next key or record, and before what is blank or a comment there.
    fn end_of_block(&self, document: &Document, record: &Node, first: &Node) -> Result<usize, EditError> {
        let keys = record.keys().map(|(_, place)| place);
        let records = records_of(document).iter().map(Node::place);
        let next = keys.chain(records).filter(|place| *place > first.place()).min();
        let mut end = next.map_or(self.text.len(), |(line, _)| self.line_offset(line));
        while let Some(before) = self.part(0, end).strip_suffix('\n') {
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            let shown = self.part(line, end).trim();
            if !(shown.is_empty() || shown.starts_with('#')) {
                break;
            }
            end = line;
        }
        if end <= self.offset(first)? { Err(EditError::NoPlace) } else { Ok(end) }
    }

    /// Puts a member where a map or list of JSON has its last one: on a line of its own where that has one.
    fn add_as_written(&mut self, node: &Node, new: &str) -> Result<(), EditError> {
        let open = self.offset(node)?;
        let close = self.closing(open).ok_or(EditError::NoPlace)?;
        let members: Vec<(usize, usize)> =
            node.keys().map(|(_, place)| place).chain(node.items().into_iter().flatten().map(Node::place)).collect();
        let last = members.into_iter().max().map(|place| self.offset_at(place)).transpose()?;
        match last.map(|last| (last, self.part(self.line_start(last), last))) {
            Some((last, indent)) if indent.trim().is_empty() && self.line_start(last) != self.line_start(open) => {
                let end = open + 1 + self.part(open + 1, close).trim_end().len();
                self.insert(end, format!(",{}{indent}{new}", self.newline));
                Ok(())
            }
            _ => self.add_before_closing(node, new),
        }
    }

    /// Puts lines behind the last member of a list of JSON, with the closing bracket on the next one.
    fn add_line_before_closing(&mut self, list: &Node, lines: &str) -> Result<(), EditError> {
        let open = self.offset(list)?;
        let close = self.closing(open).ok_or(EditError::NoPlace)?;
        let content = self.part(open + 1, close).trim_end();
        let comma = if content.is_empty() { "" } else { "," };
        let new = format!("{comma}{0}{lines}{0}", self.newline);
        self.splices.push((open + 1 + content.len(), close, new));
        Ok(())
    }

    /// What stands before a member that has a line of its own.
    fn own_indent(&self, node: &Node) -> Result<&'a str, EditError> {
        let at = self.offset(node)?;
        let before = self.part(self.line_start(at), at);
        Ok(if before.trim().is_empty() { before } else { "  " })
    }

    fn add_before_closing(&mut self, node: &Node, new: &str) -> Result<(), EditError> {
        let open = self.offset(node)?;
        let close = self.closing(open).ok_or(EditError::NoPlace)?;
        let inner = self.part(open + 1, close);
        let content = inner.trim_end();
        let lead = match content.trim_start() {
            "" => "",
            content if content.ends_with(',') => " ",
            _ => ", ",
        };
        self.insert(open + 1 + content.len(), format!("{lead}{new}"));
        Ok(())
    }

    /// The bracket that closes the one at `open`; quotes and what is within are passed over.
    fn closing(&self, open: usize) -> Option<usize> {
        let mut depth = 0_usize;
        let mut quote = None;
        let mut before = '[';
        let mut rest = self.text.get(open..)?.char_indices();
        while let Some((at, c)) = rest.next() {
            match quote {
                Some('"') if c == '\\' => drop(rest.next()),
                Some(q) if c == q => quote = None,
                Some(_) => {}
                // Within a plain text a quote is a letter.
                None if matches!(c, '"' | '\'') && "[{,:=".contains(before) => quote = Some(c),
                None if matches!(c, '[' | '{') => depth += 1,
                None if matches!(c, ']' | '}') => {
                    depth = depth.checked_sub(1)?;
                    if depth == 0 {
                        return Some(open + at);
                    }
                }
                None => {}
            }
            if !c.is_whitespace() {
                before = c;
            }
        }
        None
    }

    fn is_flow(&self, node: &Node) -> Result<bool, EditError> {
        let at = self.offset(node)?;
        Ok(self.text.get(at..).is_some_and(|rest| rest.starts_with(['[', '{'])) && !self.is_header(at))
    }

    /// `[[exception]]` of TOML opens no list that is closed further down.
    fn is_header(&self, at: usize) -> bool {
        self.part(self.line_start(at), self.line_end(at)).trim_start().starts_with("[[")
    }

    /// What stands before the dash of a list's item.
    fn dash_indent(&self, item: &Node) -> Result<&'a str, EditError> {
        let at = self.offset(item)?;
        let before = self.part(self.line_start(at), at);
        let indent = before.trim_end().strip_suffix('-').ok_or(EditError::NoPlace)?;
        if indent.trim().is_empty() { Ok(indent) } else { Err(EditError::NoPlace) }
    }

    fn insert(&mut self, at: usize, new: String) {
        self.splices.push((at, at, new));
    }

    fn offset(&self, node: &Node) -> Result<usize, EditError> {
        self.offset_at(node.place())
    }

    fn offset_at(&self, (line, column): (usize, usize)) -> Result<usize, EditError> {
        let start = self.line_offset(line);
        let rest = self.text.get(start..).ok_or(EditError::NoPlace)?;
        let ends = std::iter::once(rest.len());
        let at = rest.char_indices().map(|(at, _)| at).chain(ends).nth(column - 1);
        at.map(|at| start + at).ok_or(EditError::NoPlace)
    }

    /// Where the text itself begins: a byte order mark belongs to no line.
    fn start(&self) -> usize {
        if self.text.starts_with(MARK) { MARK.len_utf8() } else { 0 }
    }

    /// The offset at which a line starts, from 1.
    fn line_offset(&self, line: usize) -> usize {
        let starts = self.text.match_indices('\n').map(|(at, _)| at + 1);
        std::iter::once(self.start()).chain(starts).nth(line.saturating_sub(1)).unwrap_or(self.text.len())
    }

    fn line_start(&self, at: usize) -> usize {
        self.part(0, at).rfind('\n').map_or_else(|| self.start(), |newline| newline + 1)
    }

    /// The end of a line, before its line break.
    fn line_end(&self, at: usize) -> usize {
        self.part(at, self.text.len()).find(['\r', '\n']).map_or(self.text.len(), |newline| at + newline)
    }

    fn past_newline(&self, end: usize) -> usize {
        self.part(end, self.text.len()).find('\n').map_or(self.text.len(), |newline| end + newline + 1)
    }

    fn part(&self, from: usize, to: usize) -> &'a str {
        self.text.get(from..to).unwrap_or_default()
    }
}
