//! YAML 1.2 into nodes.
//!
//! What must stay true: one document, text keys, no tags, no directives, and aliases only within a small budget: what a
//! reader sees is what is read.

use std::collections::BTreeMap;

use serde_saphyr::granit_parser::{Event, Options, Parser, ScalarStyle, Span};

use super::node::{Building, Entry, Node, Shape};

/// The most aliases in one document.
const MAX_ALIASES: usize = 64;

/// A collection that is still open.
struct Open {
    place: (usize, usize),
    anchor: usize,
    kind: OpenKind,
}

enum OpenKind {
    List(Vec<Node>),
    Map { entries: Vec<Entry>, seen: BTreeMap<String, usize>, key: Option<Key> },
}

/// A key that waits for its value.
struct Key {
    text: String,
    line: usize,
    column: usize,
}

/// Parses one document, or leaves faults.
pub(super) fn parse(text: &str, building: &mut Building<'_>) -> Option<Node> {
    let mut options = Options::default();
    options.set_emit_comments(false);
    options.disallow_directives = true;
    let mut reader = Reader { building, open: Vec::new(), anchors: BTreeMap::new(), aliases: 0, root: None };
    for next in Parser::new_from_str_with_options(text, options) {
        match next {
            Ok((event, span)) => reader.take(event, span)?,
            Err(error) => {
                let place = (error.marker().line().max(1), error.marker().col() + 1);
                reader.building.fault(place, format!("not YAML: {}", error.info()), "correct the notation");
                return None;
            }
        }
    }
    let root = reader.root;
    if root.as_ref().is_none_or(Node::is_null) {
        building.fault((1, 1), "the file is empty", "write `[]` or `{}` to say that there is nothing");
        return None;
    }
    root
}

struct Reader<'b, 'a> {
    building: &'b mut Building<'a>,
    open: Vec<Open>,
    anchors: BTreeMap<usize, Node>,
    aliases: usize,
    root: Option<Node>,
}

impl Reader<'_, '_> {
    /// Takes one event. `None` where reading on makes no sense; the fault is there then.
    fn take(&mut self, event: Event<'_>, span: Span) -> Option<()> {
        let place = (span.start.line().max(1), span.start.col() + 1);
        match event {
            Event::Scalar(text, style, anchor, tag) => {
                self.untagged(tag.is_some(), place)?;
                let plain = matches!(style, ScalarStyle::Plain);
                if self.waits_for_key() {
                    return self.key(text.into_owned(), place);
                }
                let shape = if plain { Shape::Plain(text.into_owned()) } else { Shape::Text(text.into_owned()) };
                let node = self.building.node(place, self.open.len(), shape)?;
                self.value(node, anchor)
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.untagged(tag.is_some(), place)?;
                self.open(Open { place, anchor, kind: OpenKind::List(Vec::new()) })
            }
            Event::MappingStart(_, anchor, tag) => {
                self.untagged(tag.is_some(), place)?;
                self.open(Open {
                    place,
                    anchor,
                    kind: OpenKind::Map { entries: Vec::new(), seen: BTreeMap::new(), key: None },
                })
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(),
            Event::Alias(anchor) => self.alias(anchor, place),
            Event::DocumentStart(..) if self.root.is_some() => {
                self.building.fault(place, "a second document starts here", "one file holds one document");
                None
            }
            // Stream and document borders carry no value; comments and anchor events are not asked for.
            _ => Some(()),
        }
    }

    fn untagged(&mut self, tagged: bool, place: (usize, usize)) -> Option<()> {
        if tagged {
            self.building.fault(place, "a tag, which could change what the value is", "take the tag away");
            return None;
        }
        Some(())
    }

    fn waits_for_key(&self) -> bool {
        matches!(self.open.last(), Some(Open { kind: OpenKind::Map { key: None, .. }, .. }))
    }

    fn key(&mut self, text: String, (line, column): (usize, usize)) -> Option<()> {
        if let Some(Open { kind: OpenKind::Map { key, .. }, .. }) = self.open.last_mut() {
            *key = Some(Key { text, line, column });
        }
        Some(())
    }

    fn open(&mut self, open: Open) -> Option<()> {
        if self.waits_for_key() {
            self.building.fault(open.place, "a key that is no text", "use a text as the key");
            return None;
        }
        // The same check as for any node, made before the depth is reached and not after.
        self.building.node(open.place, self.open.len() + 1, Shape::Null)?;
        self.open.push(open);
        Some(())
    }

    fn close(&mut self) -> Option<()> {
        let open = self.open.pop()?;
        let shape = match open.kind {
            OpenKind::List(items) => Shape::List(items),
            OpenKind::Map { entries, .. } => Shape::Map(entries),
        };
        let node = self.building.node(open.place, self.open.len(), shape)?;
        self.value(node, open.anchor)
    }

    fn alias(&mut self, anchor: usize, place: (usize, usize)) -> Option<()> {
        self.aliases += 1;
        if self.aliases > MAX_ALIASES {
            self.building.fault(place, format!("more than {MAX_ALIASES} aliases"), "write the values out");
            return None;
        }
        if self.waits_for_key() {
            self.building.fault(place, "an alias as a key", "write the key out");
            return None;
        }
        let Some(node) = self.anchors.get(&anchor).cloned() else {
            self.building.fault(place, "an alias to a value that is not complete", "write the value out");
            return None;
        };
        self.recount(&node, self.open.len())?;
        self.value(node, 0)
    }

    /// Holds the copy of an anchored value to the same limits.
    fn recount(&mut self, node: &Node, depth: usize) -> Option<()> {
        let opens = node.is_map() || node.items().is_some();
        self.building.node(node.place(), depth + usize::from(opens), Shape::Null)?;
        for item in node.items().unwrap_or_default() {
            self.recount(item, depth + 1)?;
        }
        for entry in node.entries() {
            self.recount(&entry.node, depth + 1)?;
        }
        Some(())
    }

    fn value(&mut self, node: Node, anchor: usize) -> Option<()> {
        if anchor != 0 {
            self.anchors.insert(anchor, node.clone());
        }
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open { kind: OpenKind::List(items), .. }) => items.push(node),
            Some(Open { kind: OpenKind::Map { entries, seen, key }, .. }) => {
                let Key { text, line, column } = key.take()?;
                self.building.entry(entries, seen, Entry { key: text, line, column, node });
            }
        }
        Some(())
    }
}
