//! Nodes into typed values, with every fault that can be found.
//!
//! A derived reader stops at its first error. So the value is read in rounds: what was found to be missing or wrong is
//! recorded and stood in for in the next round, until a round finds nothing new. A value is returned only when the first
//! round was sound; nothing that was stood in for ever leaves this file.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::value::{MapDeserializer, SeqDeserializer, StrDeserializer};
use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, Expected, IntoDeserializer, MapAccess, SeqAccess,
    Unexpected, Visitor,
};
use serde::forward_to_deserialize_any;

use super::fault::Fault;
use super::nearest::nearest;
use super::node::{Entry, Node, Shape};

/// Texts that stand in for a missing one: one of them satisfies every type that is read from a text.
const STAND_INS: [&str; 4] = [
    "x",
    "2000-01-01",
    "2000-01-01T00:00:00Z",
    "sha256:0000000000000000000000000000000000000000000000000000000000000000",
];

/// More faults than a person reads at once.
const MAX_FAULTS: usize = 200;

/// Every fault takes a few rounds at most.
const MAX_ROUNDS: usize = 1000;

/// Reads a node as a known shape, or adds every fault that could be found.
pub(super) fn read<T: DeserializeOwned>(node: &Node, file: &str, faults: &mut Vec<Fault>) -> Option<T> {
    let rounds = Rounds { file, state: RefCell::default() };
    for _ in 0..MAX_ROUNDS {
        let before = rounds.progress();
        match T::deserialize(Reading { node, key: None, rounds: &rounds }) {
            Ok(value) if rounds.sound() => return Some(value),
            Ok(_) => {}
            Err(error) => rounds.record(node, None, error),
        }
        if rounds.progress() == before || rounds.progress().0 > MAX_FAULTS {
            break;
        }
    }
    faults.extend(rounds.state.into_inner().faults);
    None
}

/// What the rounds have found so far.
struct Rounds<'a> {
    file: &'a str,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    faults: BTreeSet<Fault>,
    /// Map and key whose value is missing or wrong → which stand-in is tried.
    stand_ins: BTreeMap<(usize, String), usize>,
    /// Values that cannot be read whatever stands in for their parts, and values of unknown keys.
    left_out: BTreeSet<usize>,
}

impl Rounds<'_> {
    fn sound(&self) -> bool {
        let state = self.state.borrow();
        state.faults.is_empty() && state.stand_ins.is_empty() && state.left_out.is_empty()
    }

    fn progress(&self) -> (usize, usize) {
        let state = self.state.borrow();
        (state.faults.len() + state.left_out.len(), state.stand_ins.values().map(|tried| tried + 1).sum())
    }

    fn leave_out(&self, node: &Node) {
        self.state.borrow_mut().left_out.insert(node.id);
    }

    fn is_left_out(&self, node: &Node) -> bool {
        self.state.borrow().left_out.contains(&node.id)
    }

    fn stand_in(&self, map: &Node, key: &str) -> Option<usize> {
        self.state.borrow().stand_ins.get(&(map.id, key.to_owned())).copied()
    }

    /// Tries the next stand-in from now on.
    fn try_next(&self, map: &Node, key: &str) {
        let mut state = self.state.borrow_mut();
        state.stand_ins.entry((map.id, key.to_owned())).and_modify(|tried| *tried += 1).or_insert(0);
    }

    /// Keys of a map that are not written and must be stood in for.
    fn missing_keys(&self, map: &Node) -> Vec<String> {
        let state = self.state.borrow();
        let range = state.stand_ins.range((map.id, String::new())..(map.id + 1, String::new()));
        range.map(|((_, key), _)| key.clone()).filter(|key| map.get(key).is_none()).collect()
    }

    /// A key that is not understood: recorded at the key, and passed over in the next round.
    fn record_key(&self, entry: &Entry, error: ReadError) {
        self.record_at((entry.line, entry.column), None, error);
        self.leave_out(&entry.node);
    }

    fn record(&self, node: &Node, key: Option<&str>, error: ReadError) {
        self.record_at(node.place(), key, error);
    }

    fn record_at(&self, place: (usize, usize), key: Option<&str>, error: ReadError) {
        let (message, fix) = match error {
            ReadError::Recorded => return,
            ReadError::Said(message) => match key {
                Some(key) => (format!("`{key}`: {message}"), None),
                None => (message, None),
            },
            ReadError::Missing(name) => (format!("`{name}` is missing"), Some(format!("add `{name}`"))),
            ReadError::UnknownKey(given, known) => unknown("key", &given, known),
            ReadError::UnknownWord(given, known) => {
                let (message, fix) = unknown("word", &given, known);
                (key.map_or_else(|| message.clone(), |key| format!("`{key}`: {message}")), fix)
            }
        };
        self.state.borrow_mut().faults.insert(Fault::new(self.file, place, message, fix));
    }
}

fn unknown(what: &str, given: &str, known: &'static [&'static str]) -> (String, Option<String>) {
    let fix = match nearest(given, known.iter().copied()) {
        Some(word) => format!("did you mean `{word}`?"),
        None if known.is_empty() => "take it away".to_owned(),
        None => format!("known: {}", known.join(", ")),
    };
    (format!("unknown {what} `{given}`"), Some(fix))
}

/// Why a round stopped somewhere.
#[derive(Debug)]
enum ReadError {
    /// The fault is recorded, or a stand-in did not fit.
    Recorded,
    Said(String),
    Missing(&'static str),
    UnknownKey(String, &'static [&'static str]),
    UnknownWord(String, &'static [&'static str]),
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for ReadError {}

impl serde::de::Error for ReadError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Said(message.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        Self::Said(format!("expected {expected}, found {found}"))
    }

    fn unknown_field(given: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownKey(given.to_owned(), known)
    }

    fn unknown_variant(given: &str, known: &'static [&'static str]) -> Self {
        Self::UnknownWord(given.to_owned(), known)
    }

    fn missing_field(name: &'static str) -> Self {
        Self::Missing(name)
    }
}

/// A node that is being read.
#[derive(Clone, Copy)]
struct Reading<'a> {
    node: &'a Node,
    /// The key that it stands under, for messages.
    key: Option<&'a str>,
    rounds: &'a Rounds<'a>,
}

impl<'a> Reading<'a> {
    fn unexpected<T>(self, expected: &dyn Expected) -> Result<T, ReadError> {
        let found = match &self.node.shape {
            _ if self.node.is_null() => Unexpected::Other("nothing"),
            Shape::Null => Unexpected::Other("nothing"),
            Shape::Bool(value) => Unexpected::Bool(*value),
            Shape::Number(_) => Unexpected::Other("a number"),
            Shape::Text(text) | Shape::Plain(text) => Unexpected::Str(text),
            Shape::List(_) => Unexpected::Other("a list"),
            Shape::Map(_) => Unexpected::Other("a map"),
        };
        Err(ReadError::invalid_type(found, expected))
    }

    fn whole_number<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number("a whole number", visitor)
    }

    fn number<'de, V: Visitor<'de>>(self, expected: &str, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.shape {
            Shape::Number(number) => visit_number(number, visitor),
            Shape::Plain(text) => match plain_number(text) {
                Some(number) => visit_number(&number, visitor),
                None => self.unexpected(&expected),
            },
            Shape::Null | Shape::Bool(_) | Shape::Text(_) | Shape::List(_) | Shape::Map(_) => {
                self.unexpected(&expected)
            }
        }
    }

    fn map<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if !self.node.is_map() {
            return self.unexpected(&visitor);
        }
        let missing = self.rounds.missing_keys(self.node);
        let access = MapReading { of: self, entries: self.node.entries().iter(), missing: missing.iter(), next: None };
        match visitor.visit_map(access) {
            Err(ReadError::Missing(name)) => {
                if self.node.get(name).is_none() && self.rounds.stand_in(self.node, name).is_none() {
                    self.rounds.record(self.node, self.key, ReadError::Missing(name));
                    self.rounds.try_next(self.node, name);
                } else {
                    // Nothing fits in its place: this map cannot be had, the others can.
                    self.rounds.leave_out(self.node);
                }
                Err(ReadError::Recorded)
            }
            other => other,
        }
    }
}

fn visit_number<'de, V: Visitor<'de>>(number: &serde_json::Number, visitor: V) -> Result<V::Value, ReadError> {
    match (number.as_u64(), number.as_i64(), number.as_f64()) {
        (Some(value), _, _) => visitor.visit_u64(value),
        (None, Some(value), _) => visitor.visit_i64(value),
        (None, None, Some(value)) => visitor.visit_f64(value),
        (None, None, None) => Err(ReadError::custom("a number that cannot be held")),
    }
}

/// A plain scalar as a number: JSON's notation only, so that 010, 1_000, 0x10, .5 and 12:30 stay texts.
fn plain_number(text: &str) -> Option<serde_json::Number> {
    serde_json::from_str(text).ok()
}

impl<'de> Deserializer<'de> for Reading<'_> {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.shape {
            _ if self.node.is_null() => visitor.visit_unit(),
            Shape::Null => visitor.visit_unit(),
            Shape::Bool(value) => visitor.visit_bool(*value),
            Shape::Number(number) => visit_number(number, visitor),
            Shape::Text(text) => visitor.visit_str(text),
            Shape::Plain(text) => match (text.as_str(), plain_number(text)) {
                ("true", _) => visitor.visit_bool(true),
                ("false", _) => visitor.visit_bool(false),
                (_, Some(number)) => visit_number(&number, visitor),
                (text, None) => visitor.visit_str(text),
            },
            Shape::List(_) => self.deserialize_seq(visitor),
            Shape::Map(_) => self.map(visitor),
        }
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match &self.node.shape {
            Shape::Bool(value) => visitor.visit_bool(*value),
            Shape::Plain(text) if text == "true" => visitor.visit_bool(true),
            Shape::Plain(text) if text == "false" => visitor.visit_bool(false),
            _ => self.unexpected(&"`true` or `false`"),
        }
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.text() {
            Some(text) if !self.node.is_null() => visitor.visit_str(text),
            _ => self.unexpected(&"a text"),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_identifier<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        if self.node.is_null() { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match self.node.items() {
            Some(items) => visitor.visit_seq(ListReading { of: self, items: items.iter() }),
            None => self.unexpected(&"a list"),
        }
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.map(visitor)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        if self.node.is_map() { self.map(visitor) } else { self.unexpected(&"a map") }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match self.node.text() {
            Some(word) => visitor.visit_enum(word.into_deserializer()),
            None => self.unexpected(&"a word"),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_unit()
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole_number(visitor)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole_number(visitor)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole_number(visitor)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole_number(visitor)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole_number(visitor)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.whole_number(visitor)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.number("a number", visitor)
    }

    forward_to_deserialize_any! { i8 i16 i128 u128 f32 char bytes byte_buf unit unit_struct tuple tuple_struct }
}

/// A list: an item that cannot be read is recorded, and left out in the next round.
struct ListReading<'a> {
    of: Reading<'a>,
    items: std::slice::Iter<'a, Node>,
}

impl<'de> SeqAccess<'de> for ListReading<'_> {
    type Error = ReadError;

    fn next_element_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let Reading { key, rounds, .. } = self.of;
        let Some(node) = self.items.find(|item| !rounds.is_left_out(item)) else { return Ok(None) };
        match seed.deserialize(Reading { node, key, rounds }) {
            Ok(value) => Ok(Some(value)),
            Err(ReadError::Recorded) => Err(ReadError::Recorded),
            Err(error) => {
                rounds.record(node, key, error);
                rounds.leave_out(node);
                Err(ReadError::Recorded)
            }
        }
    }
}

/// A map: an unknown key is recorded and passed over; a wrong value is recorded, and stood in for in the next round.
struct MapReading<'a, 'm> {
    of: Reading<'a>,
    entries: std::slice::Iter<'a, Entry>,
    missing: std::slice::Iter<'m, String>,
    next: Option<Next<'a, 'm>>,
}

/// The value that comes next.
#[derive(Clone, Copy)]
enum Next<'a, 'm> {
    Written(&'a Entry),
    Missing(&'m str),
}

impl<'de> MapAccess<'de> for MapReading<'_, '_> {
    type Error = ReadError;

    fn next_key_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<Option<S::Value>, ReadError> {
        let rounds = self.of.rounds;
        let written = self.entries.find(|entry| !rounds.is_left_out(&entry.node));
        let next = match written {
            Some(entry) => Some(Next::Written(entry)),
            None => self.missing.next().map(|name| Next::Missing(name)),
        };
        self.next = next;
        match next {
            None => Ok(None),
            Some(Next::Missing(name)) => seed.deserialize(name.into_deserializer()).map(Some),
            Some(Next::Written(entry)) => {
                let key: StrDeserializer<'_, ReadError> = entry.key.as_str().into_deserializer();
                match seed.deserialize(key) {
                    Ok(key) => Ok(Some(key)),
                    Err(error) => {
                        rounds.record_key(entry, error);
                        Err(ReadError::Recorded)
                    }
                }
            }
        }
    }

    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, ReadError> {
        let Reading { node: map, rounds, .. } = self.of;
        let (name, node) = match self.next {
            None => return Err(ReadError::custom("a value was asked for before its key")),
            Some(Next::Missing(name)) => (name, None),
            Some(Next::Written(entry)) => (entry.key.as_str(), Some(&entry.node)),
        };
        match (rounds.stand_in(map, name), node) {
            (Some(tried), _) => seed.deserialize(StandIn { tried }).map_err(|_| {
                rounds.try_next(map, name);
                ReadError::Recorded
            }),
            (None, Some(node)) => seed.deserialize(Reading { node, key: Some(name), rounds }).map_err(|error| {
                if !matches!(error, ReadError::Recorded) {
                    rounds.record(node, Some(name), error);
                    rounds.try_next(map, name);
                }
                ReadError::Recorded
            }),
            (None, None) => Err(ReadError::Recorded),
        }
    }
}

/// Something of whatever type is asked for. It never leaves a round.
#[derive(Clone, Copy)]
struct StandIn {
    tried: usize,
}

impl StandIn {
    fn text<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        match STAND_INS.get(self.tried) {
            Some(text) => visitor.visit_str(text),
            None => Err(ReadError::Recorded),
        }
    }
}

impl<'de> Deserializer<'de> for StandIn {
    type Error = ReadError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        self.text(visitor)
    }

    fn deserialize_bool<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_bool(false)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_none()
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_seq(SeqDeserializer::<_, ReadError>::new(std::iter::empty::<()>()))
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_map(MapDeserializer::<_, ReadError>::new(std::iter::empty::<((), ())>()))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        visitor.visit_map(MapDeserializer::new(fields.iter().map(|field| (*field, self))))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        words: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, ReadError> {
        match words.first() {
            Some(word) => visitor.visit_enum((*word).into_deserializer()),
            None => Err(ReadError::Recorded),
        }
    }

    fn deserialize_u64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(1)
    }

    fn deserialize_u32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(1)
    }

    fn deserialize_u16<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(1)
    }

    fn deserialize_u8<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_u64(1)
    }

    fn deserialize_i64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_i64(1)
    }

    fn deserialize_i32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_i64(1)
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, ReadError> {
        visitor.visit_f64(1.0)
    }

    forward_to_deserialize_any! {
        i8 i16 i128 u128 f32 char str string bytes byte_buf unit unit_struct tuple tuple_struct identifier ignored_any
    }
}

impl IntoDeserializer<'_, ReadError> for StandIn {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

#[cfg(test)]
mod tests {
    use super::super::read;
    use crate::model::exception::Exception;
    use crate::model::profile::Profile;
    use crate::model::service::Service;

    /// `line:column message; fix` of every fault.
    fn faults<T: serde::de::DeserializeOwned + std::fmt::Debug>(file: &str, text: &str) -> Vec<String> {
        let faults = read::<T>(file, text.as_bytes()).unwrap_err();
        faults
            .as_slice()
            .iter()
            .map(|f| format!("{}:{} {}; {}", f.line, f.column, f.message, f.fix.as_deref().unwrap_or("-")))
            .collect()
    }

    #[test]
    fn every_fault_of_a_document_is_found_at_once() {
        let text =
            "id: EX-1\nmatch:\n  ids: [CVE-2026-1, {a: b}]\n  pakage: x\nownr: a\ncreated: 2026-02-30\nexpires: {}\n";
        assert_eq!(
            faults::<Exception>("e.yaml", text),
            [
                "1:1 `mitigation` is missing; add `mitigation`",
                "1:1 `owner` is missing; add `owner`",
                "1:1 `reason` is missing; add `reason`",
                "3:21 `ids`: expected a text, found a map; -",
                "4:3 unknown key `pakage`; did you mean `package`?",
                "5:1 unknown key `ownr`; did you mean `owner`?",
                "6:10 `created`: not a date: expected year-month-day, like 2026-11-30; -",
                "7:10 `expires`: expected a text, found a map; -",
            ]
        );
    }

    #[test]
    fn places_are_known_in_every_notation() {
        let said = |places: [&str; 2]| {
            let faults = [
                "unknown key `exposre`; did you mean `exposure`?",
                "`tier`: unknown word `hgih`; did you mean `high`?",
            ];
            places.iter().zip(faults).map(|(place, fault)| format!("{place} {fault}")).collect::<Vec<_>>()
        };
        let json = "{\n \"exposre\": \"x\",\n \"tier\": \"hgih\"}";
        assert_eq!(faults::<Service>("s.json", json), said(["2:2", "3:10"]));
        assert_eq!(faults::<Service>("s.yaml", json), said(["2:2", "3:10"]));
        assert_eq!(faults::<Service>("s.yaml", "# \u{e9}\nexposre: x\n'tier':   hgih\n"), said(["2:1", "3:11"]));
        assert_eq!(faults::<Service>("s.toml", "\nexposre = 'x'\ntier = \"hgih\"\n"), said(["2:1", "3:8"]));
    }

    #[test]
    fn what_a_document_must_not_be() {
        let many = format!("a: &a x\nb: [{}]", "*a, ".repeat(65));
        let deep = "[".repeat(70);
        for (file, text, place, part) in [
            ("s.yaml", "name: a\nname: b\n", "2:1", "`name` is given twice; first on line 1"),
            ("s.yaml", "name: a\n---\nname: b\n", "2:1", "second document"),
            ("s.yaml", "", "1:1", "empty"),
            ("s.yaml", "# nothing\n", "1:1", "empty"),
            ("s.yaml", "---\n", "1:1", "empty"),
            ("s.yaml", "name: !!python/object x\n", "1:23", "a tag"),
            ("s.yaml", "? [a]\n: b\n", "1:3", "a key that is no text"),
            ("s.yaml", "name: *a\n", "1:7", "not YAML"),
            ("s.yaml", "name: 'a\n", "2:1", "not YAML"),
            ("s.yaml", "owners_of_paths:\n\t- path: a\n", "2:2", "tabs disallowed"),
            ("s.yaml", &many, "2:261", "more than 64 aliases"),
            ("s.yaml", &format!("a: {deep}{}", "]".repeat(70)), "1:67", "deeper than 64"),
            ("s.json", &(deep.clone() + &"]".repeat(70)), "1:65", "deeper than 64"),
            ("s.toml", &format!("a = {}{}", deep, "]".repeat(70)), "1:68", "deeper than 64"),
            ("s.json", "{\"name\":\"a\",\"team\":{\"x\":1,\"x\":2}}", "1:27", "`x` is given twice"),
            ("s.json", "{\"name\":\"a\"} x", "1:14", "not JSON"),
            ("s.toml", "name = 'a'\nname = 'b'\n", "2:1", "not TOML"),
            ("s.toml", "# nothing\n", "1:1", "empty"),
            ("s.yaml", "error_budget: 010\n", "1:15", "expected a number, found string \"010\""),
            ("s.yaml", "owner:\n  a: b\n", "2:3", "expected a text, found a map"),
            ("s.yaml", "- name: a\n", "1:1", "expected a map, found a list"),
        ] {
            let found = faults::<Service>(file, text);
            assert!(found[0].starts_with(&format!("{place} ")) && found[0].contains(part), "{text:?}: {found:?}");
        }
        let odd = read::<Service>("s.yaml", b"name: \xff\n").unwrap_err();
        assert!(odd.to_string().contains("s.yaml:1:7: not UTF-8"), "{odd}");
    }

    #[test]
    fn words_stay_words_and_a_byte_order_mark_is_taken_off() {
        let text = "\u{feff}name: no\nteam: 1.10\nowner: ~\non_call: 2026-01-01\nslo: &a 'true'\nrunbook: *a\n";
        let service: Service = read("s.yaml", text.as_bytes()).unwrap();
        let shown = |text: &Option<crate::model::text::Untrusted>| text.as_ref().map(|t| t.as_raw().to_owned());
        assert_eq!(shown(&service.name).unwrap(), "no");
        assert_eq!(shown(&service.team).unwrap(), "1.10");
        assert_eq!(shown(&service.owner), None);
        assert_eq!(shown(&service.runbook).unwrap(), "true");
    }

    #[test]
    fn the_shipped_profile_is_read_and_its_figures_are_not_optional() {
        let shipped = include_str!("../../policies/profiles/default.yaml");
        read::<Profile>("default.yaml", shipped.as_bytes()).unwrap();
        let found = faults::<Profile>(
            "default.yaml",
            &shipped.replacen("  allow_unbound: false\n", "", 1).replacen("high: 7,", "", 1),
        );
        assert_eq!(found.len(), 2, "{found:?}");
    }

    mod generated {
        use proptest::prelude::*;
        use serde_json::{Value, json};

        use super::super::super::{json as strict_json, read};
        use crate::model::exception::Exception;

        fn values() -> impl Strategy<Value = Value> {
            let leaf = prop_oneof![
                Just(Value::Null),
                any::<bool>().prop_map(|b| json!(b)),
                any::<i64>().prop_map(|n| json!(n)),
                any::<u64>().prop_map(|n| json!(n)),
                (-1000_i32..1000).prop_map(|n| json!(f64::from(n) / 8.0)),
                any::<String>().prop_map(|text| json!(text)),
            ];
            leaf.prop_recursive(4, 32, 6, |inner| {
                prop_oneof![
                    prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                    prop::collection::btree_map(any::<String>(), inner, 0..6).prop_map(Value::from_iter),
                ]
            })
        }

        proptest! {
            #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

            #[test]
            fn json_means_what_serde_json_says(value in values(), pretty: bool) {
                let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
                prop_assert_eq!(&read::<Value>("x.json", text.as_bytes()).unwrap(), &value);
                prop_assert_eq!(&strict_json::parse(text.as_bytes()).unwrap(), &value);
                if value.is_object() || value.is_array() {
                    prop_assert_eq!(&read::<Value>("x.yaml", text.as_bytes()).unwrap(), &value);
                }
            }

            #[test]
            fn no_bytes_make_it_panic_or_stay_without_a_fault(
                bytes in prop::collection::vec(prop::sample::select(b"{}[]:,-#&*!|>'\"%@` \n\tab01=.\xc3\xa9\xff".to_vec()), 0..64),
            ) {
                for file in ["x.yaml", "x.json", "x.toml", "x"] {
                    // Nothing so short is a whole record.
                    let faults = read::<Exception>(file, &bytes).unwrap_err();
                    prop_assert!(!faults.as_slice().is_empty());
                    prop_assert!(faults.as_slice().iter().all(|fault| fault.line > 0 && fault.column > 0));
                }
            }
        }
    }
}
