//! Strict JSON: what RFC 8259 allows, minus what two readers could understand differently.
//!
//! What must stay true: bytes that parse here mean one thing to every reader. Duplicate keys at any depth, a byte order
//! mark, bytes after the value, numbers that lose digits and nesting beyond [`super::MAX_DEPTH`] are refused.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::marker::PhantomData;

use serde::de::{
    DeserializeOwned, DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};
use serde_json::value::RawValue;
use serde_json::{Map, Number, Value};

use super::MAX_DEPTH;
use super::node::{Building, Entry, Node, Shape};

/// Why bytes are not strict JSON. Whoever wrote the document has to correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct JsonFault {
    /// Where the reader noticed, from 1; 0 where the place is not known.
    pub line: usize,
    /// From 1; 0 where the place is not known.
    pub column: usize,
    /// What is wrong, without the place. It may quote the document, and is neutralised already.
    pub message: String,
}

/// Parses one JSON value.
///
/// # Errors
/// The first [`JsonFault`].
pub fn parse(bytes: &[u8]) -> Result<Value, JsonFault> {
    strict(text_of(bytes)?)
}

/// Parses one JSON value of a known shape; types that deny unknown fields deny them here.
///
/// # Errors
/// The first [`JsonFault`].
pub fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, JsonFault> {
    let text = text_of(bytes)?;
    // Two passes: the first refuses what a derived reader would accept, the second knows the place of a wrong type.
    let () = strict(text)?;
    serde_json::from_str(text).map_err(|e| fault_of(&e))
}

fn strict<'t, T: Made<'t>>(text: &'t str) -> Result<T, JsonFault> {
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = Strict { depth: 0, made: PhantomData }.deserialize(&mut reader).map_err(|e| fault_of(&e))?;
    reader.end().map_err(|e| fault_of(&e))?;
    Ok(value)
}

/// UTF-8 without a byte order mark.
fn text_of(bytes: &[u8]) -> Result<&str, JsonFault> {
    if bytes.starts_with(b"\xef\xbb\xbf") {
        return Err(JsonFault { line: 1, column: 1, message: "starts with a byte order mark".to_owned() });
    }
    std::str::from_utf8(bytes).map_err(|e| {
        let before = bytes.get(..e.valid_up_to()).unwrap_or_default();
        let line = before.iter().filter(|b| **b == b'\n').count() + 1;
        let column = before.iter().rev().take_while(|b| **b != b'\n').count() + 1;
        JsonFault { line, column, message: "not UTF-8".to_owned() }
    })
}

fn fault_of(error: &serde_json::Error) -> JsonFault {
    let whole = error.to_string();
    // The place is a field of its own; serde_json repeats it at the end of its text.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let message = whole.strip_suffix(&place).unwrap_or(&whole);
    JsonFault { line: error.line(), column: error.column(), message: crate::model::text::neutral(message).into_owned() }
}

/// What is made of JSON while it is checked: a [`Value`], or nothing.
trait Made<'de>: Sized {
    /// The members of an object so far.
    type Members: Default;

    fn null() -> Self;
    fn bool(value: bool) -> Self;
    fn number(value: Number) -> Self;
    fn text(value: &str) -> Self;
    fn list(values: Vec<Self>) -> Self;
    fn object(members: Self::Members) -> Self;
    fn has(members: &Self::Members, key: &str) -> bool;
    fn add(members: &mut Self::Members, key: Cow<'de, str>, value: Self);
}

impl Made<'_> for Value {
    type Members = Map<String, Self>;

    fn null() -> Self {
        Self::Null
    }

    fn bool(value: bool) -> Self {
        Self::Bool(value)
    }

    fn number(value: Number) -> Self {
        Self::Number(value)
    }

    fn text(value: &str) -> Self {
        Self::String(value.to_owned())
    }

    fn list(values: Vec<Self>) -> Self {
        Self::Array(values)
    }

    fn object(members: Self::Members) -> Self {
        Self::Object(members)
    }

    fn has(members: &Self::Members, key: &str) -> bool {
        members.contains_key(key)
    }

    fn add(members: &mut Self::Members, key: Cow<'_, str>, value: Self) {
        members.insert(key.into_owned(), value);
    }
}

impl<'de> Made<'de> for () {
    type Members = BTreeSet<Cow<'de, str>>;

    fn null() {}

    fn bool(_value: bool) {}

    fn number(_value: Number) {}

    fn text(_value: &str) {}

    fn list(_values: Vec<Self>) {}

    fn object(_members: Self::Members) {}

    fn has(members: &Self::Members, key: &str) -> bool {
        members.contains(key)
    }

    fn add(members: &mut Self::Members, key: Cow<'de, str>, (): Self) {
        members.insert(key);
    }
}

/// A key, borrowed where it holds no escape.
#[derive(serde::Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);

/// Refuses duplicate keys and depth on the way to what is made.
struct Strict<T> {
    depth: usize,
    made: PhantomData<fn() -> T>,
}

impl<T> Strict<T> {
    /// One level deeper.
    fn deeper<E: serde::de::Error>(&self) -> Result<usize, E> {
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(format_args!("nested deeper than {MAX_DEPTH} levels")));
        }
        Ok(self.depth + 1)
    }
}

impl<'de, T: Made<'de>> DeserializeSeed<'de> for Strict<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Made<'de>> Visitor<'de> for Strict<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<T, E> {
        Ok(T::bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<T, E> {
        Ok(T::number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<T, E> {
        Ok(T::number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<T, E> {
        // An integer beyond 64 bits arrives as a float that has lost digits.
        if value.fract() == 0.0 && value.abs() >= 9_007_199_254_740_992.0 {
            return Err(E::custom("a number too large to be exact"));
        }
        Number::from_f64(value).map(T::number).ok_or_else(|| E::custom("a number that is not finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<T, E> {
        Ok(T::text(value))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<T, A::Error> {
        let depth = self.deeper()?;
        let mut values = Vec::new();
        while let Some(value) = list.next_element_seed(Self { depth, made: PhantomData })? {
            values.push(value);
        }
        Ok(T::list(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<T, A::Error> {
        let depth = self.deeper()?;
        let mut members = T::Members::default();
        while let Some(Key(key)) = object.next_key()? {
            if T::has(&members, &key) {
                return Err(A::Error::custom(format_args!("the key `{key}` is given twice")));
            }
            let value = object.next_value_seed(Self { depth, made: PhantomData })?;
            T::add(&mut members, key, value);
        }
        Ok(T::object(members))
    }
}

/// Whether this is JSON, strictness aside.
pub(super) fn is_well_formed(text: &str) -> bool {
    serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// Parses JSON into nodes, or leaves faults. For documents that people write: every duplicate key is found.
pub(super) fn parse_nodes(text: &str, building: &mut Building<'_>) -> Option<Node> {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) => Nodes { text, building }.node(raw, 0),
        Err(error) => {
            let JsonFault { line, column, message } = fault_of(&error);
            building.fault((line.max(1), column.max(1)), format!("not JSON: {message}"), "correct the notation");
            None
        }
    }
}

/// Walks well-formed JSON by slices of the text, which is how every value knows its place.
struct Nodes<'t, 'b, 'a> {
    text: &'t str,
    building: &'b mut Building<'a>,
}

impl<'t> Nodes<'t, '_, '_> {
    fn place(&self, raw: &RawValue) -> (usize, usize) {
        self.building.place(raw.get().as_ptr().addr() - self.text.as_ptr().addr())
    }

    fn node(&mut self, raw: &'t RawValue, depth: usize) -> Option<Node> {
        let place = self.place(raw);
        // Before the recursion, so that no depth is walked that is refused afterwards.
        let opens = raw.get().starts_with(['{', '[']);
        self.building.node(place, depth + usize::from(opens), Shape::Null)?;
        let shape = match raw.get().as_bytes().first() {
            Some(b'{') => self.map(raw, depth)?,
            Some(b'[') => {
                let items: Vec<&'t RawValue> = self.well_formed(raw)?;
                let items: Option<Vec<Node>> = items.into_iter().map(|item| self.node(item, depth + 1)).collect();
                Shape::List(items?)
            }
            Some(b'"') => Shape::Text(self.well_formed(raw)?),
            Some(b't') => Shape::Bool(true),
            Some(b'f') => Shape::Bool(false),
            Some(b'n') => Shape::Null,
            _ => Shape::Number(self.well_formed(raw)?),
        };
        self.building.node(place, depth, shape)
    }

    fn map(&mut self, raw: &'t RawValue, depth: usize) -> Option<Shape> {
        let Members(members) = self.well_formed(raw)?;
        let mut entries = Vec::with_capacity(members.len());
        let mut seen = BTreeMap::new();
        for (key, value) in members {
            let (line, column) = self.place(key);
            let key = self.well_formed(key)?;
            let node = self.node(value, depth + 1)?;
            self.building.entry(&mut entries, &mut seen, Entry { key, line, column, node });
        }
        Some(Shape::Map(entries))
    }

    /// Reads a slice whose form the first pass has seen; what is left to go wrong is a number or an escape.
    fn well_formed<T: serde::Deserialize<'t>>(&mut self, raw: &'t RawValue) -> Option<T> {
        match serde_json::from_str(raw.get()) {
            Ok(value) => Some(value),
            Err(error) => {
                let place = self.place(raw);
                self.building.fault(place, format!("not JSON: {}", fault_of(&error).message), "correct the value");
                None
            }
        }
    }
}

/// The members of an object as they stand, duplicates and all.
struct Members<'t>(Vec<(&'t RawValue, &'t RawValue)>);

impl<'t> serde::Deserialize<'t> for Members<'t> {
    fn deserialize<D: Deserializer<'t>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(MembersVisitor)
    }
}

struct MembersVisitor;

impl<'t> Visitor<'t> for MembersVisitor {
    type Value = Members<'t>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'t>>(self, mut object: A) -> Result<Members<'t>, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = object.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_two_readers_could_understand_differently_is_refused() {
        let deep = "[".repeat(MAX_DEPTH + 1) + &"]".repeat(MAX_DEPTH + 1);
        for (bytes, at, part) in [
            (&b"{\"a\":1,\"a\":2}"[..], (1, 10), "`a` is given twice"),
            (b"[{\"b\":{\"x\":1,\n\"x\":1}}]", (2, 3), "`x` is given twice"),
            (b"{\"a\":1,\"\\u0061\":2}", (1, 15), "`a` is given twice"),
            (b"{} x", (1, 4), "trailing characters"),
            (b"{}{}", (1, 3), "trailing characters"),
            (b"\xef\xbb\xbf{}", (1, 1), "byte order mark"),
            (b"[\n\"\xff\"]", (2, 2), "not UTF-8"),
            (b"", (1, 0), "EOF"),
            (b"[1,]", (1, 4), "trailing comma"),
            (b"NaN", (1, 1), "expected value"),
            (b"18446744073709551616", (1, 20), "too large to be exact"),
            (b"1e400", (1, 5), "number out of range"),
            (b"\"\\ud800\"", (1, 8), "hex escape"),
            (deep.as_bytes(), (1, MAX_DEPTH + 2), "nested deeper"),
        ] {
            let fault = parse(bytes).unwrap_err();
            assert!(fault.message.contains(part), "{bytes:?}: {fault}");
            assert_eq!((fault.line, fault.column), at, "{fault}");
            assert_eq!(read::<IgnoredAny>(bytes).unwrap_err(), fault, "a shape that would accept it");
        }
    }

    #[test]
    fn sound_json_keeps_every_value() {
        let text = r#"{"a":[1,-1,1.5,true,null,"\u00e9\ud83d\ude00"],"b":{"a":{}},"n":18446744073709551615}"#;
        assert_eq!(parse(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap());
        let deep = "[".repeat(MAX_DEPTH) + &"]".repeat(MAX_DEPTH);
        assert!(parse(deep.as_bytes()).is_ok());
    }

    #[test]
    fn a_known_shape_is_read_with_the_same_refusals() {
        #[derive(Debug, serde::Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Shape {
            data: Map<String, Value>,
        }
        assert_eq!(read::<Shape>(b"{\"data\":{\"a\":1}}").unwrap().data.len(), 1);
        assert!(read::<Shape>(b"{\"data\":{\"a\":1,\"a\":2}}").unwrap_err().message.contains("given twice"));
        let unknown = read::<Shape>(b"{\"data\":{},\n\"more\":1}").unwrap_err();
        assert_eq!(unknown.line, 2);
        assert!(unknown.message.contains("unknown field `more`"));
    }
}
