//! JSON of a value with nothing but the fields that somebody reads: what is left out is never written. And of long lists, on all
//! cores.
//!
//! What must stay true: it is what `serde_json` writes, less fields of objects. A list, a text or a number is kept whole.

use std::collections::BTreeMap;
use std::fmt;

use serde::ser::{Impossible, SerializeMap, SerializeStruct, Serializer};
use serde::{Deserialize, Serialize};

use crate::parallel;

/// How many members of a list a thread writes at a time.
const AT_A_TIME: usize = 1_000;

/// A tree of field names; `whole` where everything below is read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Fields {
    pub(crate) whole: bool,
    pub(crate) below: BTreeMap<String, Self>,
}

/// Writes the JSON of one field.
pub(crate) type Written<'f> = &'f dyn Fn(&mut Vec<u8>) -> Result<(), serde_json::Error>;

/// Which fields of an object are kept.
#[derive(Clone, Copy)]
pub(crate) enum Kept<'f> {
    /// These.
    Only(&'f Fields),
    /// All but one.
    Without(&'static str),
    /// All, one of them as it is written here.
    All(&'static str, Written<'f>),
}

/// Appends the JSON of a list, as `serde_json` writes it.
///
/// # Errors
/// Those of `serde_json`.
pub(crate) fn list<T: Serialize + Sync>(out: &mut Vec<u8>, members: &[T]) -> Result<(), serde_json::Error> {
    let cores = parallel::cores();
    if members.len() <= AT_A_TIME || cores == 1 {
        return serde_json::to_writer(out, members);
    }
    out.push(b'[');
    let start = out.len();
    for (number, window) in members.chunks(AT_A_TIME * cores).enumerate() {
        let chunks: Vec<&[T]> = window.chunks(AT_A_TIME).collect();
        for (place, chunk) in parallel::map(&chunks, cores, serde_json::to_vec).into_iter().enumerate() {
            let chunk = chunk?;
            let inside = chunk.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]")).unwrap_or_default();
            if number + place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(inside);
        }
        if number == 0 {
            // The others are about as long: room is made once.
            let each = (out.len() - start).div_ceil(window.len());
            out.reserve((members.len() - window.len()).saturating_mul(each + each / 20));
        }
    }
    out.push(b']');
    Ok(())
}

/// Appends the JSON of the value.
///
/// # Errors
/// Those of `serde_json`.
pub(crate) fn write<T: Serialize + ?Sized>(
    out: &mut Vec<u8>,
    value: &T,
    kept: Kept<'_>,
) -> Result<(), serde_json::Error> {
    if matches!(kept, Kept::Only(Fields { whole: true, .. })) {
        return serde_json::to_writer(out, value);
    }
    let start = out.len();
    match value.serialize(Projector { out, kept }) {
        Ok(()) => Ok(()),
        Err(Fault::NoObject) => {
            out.truncate(start);
            serde_json::to_writer(out, value)
        }
        Err(Fault::Json(error)) => Err(error),
    }
}

/// Why a value is not written here.
#[derive(Debug, thiserror::Error)]
enum Fault {
    #[error("no object")]
    NoObject,
    #[error(transparent)]
    Json(#[from] serde_json::Error),
}

impl serde::ser::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Json(serde_json::Error::custom(message))
    }
}

struct Projector<'o, 'f> {
    out: &'o mut Vec<u8>,
    kept: Kept<'f>,
}

/// An object that is being written.
struct Object<'o, 'f> {
    out: &'o mut Vec<u8>,
    kept: Kept<'f>,
    is_first: bool,
    /// What is kept of the value whose key was given last; `None` where it is left out.
    next: Option<Part<'f>>,
    key: Vec<u8>,
}

enum Part<'f> {
    Whole,
    Some(&'f Fields),
    Written(Written<'f>),
}

impl<'o, 'f> Object<'o, 'f> {
    fn begin(Projector { out, kept }: Projector<'o, 'f>) -> Self {
        out.push(b'{');
        Self { out, kept, is_first: true, next: None, key: Vec::new() }
    }

    fn key(&mut self, key: &str) -> Result<(), Fault> {
        self.next = match self.kept {
            Kept::Without(name) => (key != name).then_some(Part::Whole),
            Kept::Only(fields) => fields.below.get(key).map(Part::Some),
            Kept::All(name, written) => Some(if key == name { Part::Written(written) } else { Part::Whole }),
        };
        if self.next.is_some() {
            if !std::mem::take(&mut self.is_first) {
                self.out.push(b',');
            }
            serde_json::to_writer(&mut *self.out, key)?;
            self.out.push(b':');
        }
        Ok(())
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        match self.next.take() {
            None => Ok(()),
            Some(Part::Whole) => Ok(serde_json::to_writer(&mut *self.out, value)?),
            Some(Part::Some(fields)) => Ok(write(self.out, value, Kept::Only(fields))?),
            Some(Part::Written(written)) => Ok(written(self.out)?),
        }
    }

    fn close(self) {
        self.out.push(b'}');
    }
}

impl SerializeMap for Object<'_, '_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Fault> {
        let mut written = std::mem::take(&mut self.key);
        written.clear();
        serde_json::to_writer(&mut written, key)?;
        let plain = written.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\""));
        match plain.filter(|plain| !plain.contains(&b'\\')).and_then(|plain| str::from_utf8(plain).ok()) {
            Some(key) => self.key(key)?,
            None => self.key(&serde_json::from_slice::<String>(&written)?)?,
        }
        self.key = written;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Fault> {
        self.value(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Object<'_, '_> {
    type Ok = ();
    type Error = Fault;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Fault> {
        self.key(key)?;
        self.value(value)
    }

    fn end(self) -> Result<(), Fault> {
        self.close();
        Ok(())
    }
}

/// Methods for what is no object.
macro_rules! no_objects {
    ($($method:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $method(self, $(_: $argument),*) -> Result<$result, Fault> {
            Err(Fault::NoObject)
        })*
    };
}

impl<'o, 'f> Serializer for Projector<'o, 'f> {
    type Ok = ();
    type Error = Fault;
    type SerializeSeq = Impossible<(), Fault>;
    type SerializeTuple = Impossible<(), Fault>;
    type SerializeTupleStruct = Impossible<(), Fault>;
    type SerializeTupleVariant = Impossible<(), Fault>;
    type SerializeStructVariant = Impossible<(), Fault>;
    type SerializeMap = Object<'o, 'f>;
    type SerializeStruct = Object<'o, 'f>;

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, Fault> {
        Ok(Object::begin(self))
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Self::SerializeStruct, Fault> {
        Ok(Object::begin(self))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<(), Fault> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<(), Fault> {
        Err(Fault::NoObject)
    }

    no_objects! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u16(u16) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_str(&str) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_none() -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn fields(paths: &[&str]) -> Fields {
        let mut all = Fields::default();
        for path in paths {
            let at = path.split('.').fold(&mut all, |at, key| at.below.entry(key.to_owned()).or_default());
            at.whole = true;
        }
        all
    }

    fn written(value: &impl Serialize, kept: Kept<'_>) -> String {
        let mut out = b"before ".to_vec();
        write(&mut out, value, kept).unwrap();
        String::from_utf8(out).unwrap().split_off(7)
    }

    #[derive(Serialize)]
    struct Inner {
        b: u8,
        c: Option<&'static str>,
    }

    #[derive(Serialize)]
    struct Outer {
        a: u8,
        #[serde(flatten)]
        inner: Inner,
        some: Option<Inner>,
        list: Vec<Inner>,
    }

    fn outer() -> Outer {
        let inner = || Inner { b: 2, c: Some("\u{1}\"") };
        Outer { a: 1, inner: inner(), some: Some(inner()), list: vec![inner(), Inner { b: 3, c: None }] }
    }

    #[test]
    fn named_fields_are_kept_at_any_depth_and_what_is_no_object_is_kept_whole() {
        let keeps = |paths: &[&str]| written(&outer(), Kept::Only(&fields(paths)));
        assert_eq!(keeps(&[]), "{}");
        assert_eq!(keeps(&["a", "nothing"]), r#"{"a":1}"#);
        assert_eq!(keeps(&["some.b", "c"]), r#"{"c":"\u0001\"","some":{"b":2}}"#);
        assert_eq!(keeps(&["a.b", "list.c"]), r#"{"a":1,"list":[{"b":2,"c":"\u0001\""},{"b":3,"c":null}]}"#);
        assert_eq!(written(&None::<Outer>, Kept::Only(&fields(&["a"]))), "null");
        let odd = json!({"\"": 1, "x\\y": {"z": 2}, "k": 3});
        assert_eq!(written(&odd, Kept::Only(&fields(&["\"", "x\\y.z"]))), r#"{"\"":1,"x\\y":{"z":2}}"#);
    }

    #[test]
    fn one_field_is_left_out_or_written_otherwise() {
        let mut less = serde_json::to_value(outer()).unwrap();
        less.as_object_mut().unwrap().remove("list");
        assert_eq!(serde_json::from_str::<serde_json::Value>(&written(&outer(), Kept::Without("list"))).unwrap(), less);
        let list = |out: &mut Vec<u8>| serde_json::to_writer(out, &outer().list);
        assert_eq!(written(&outer(), Kept::All("list", &list)), serde_json::to_string(&outer()).unwrap());
    }

    #[test]
    fn a_list_has_the_same_bytes_however_many_write_it() {
        for length in [0, 1, AT_A_TIME, AT_A_TIME + 1, 4 * AT_A_TIME, 7 * AT_A_TIME + 5] {
            let members: Vec<String> = (0..length).map(|number| format!("{number}, \"x\"")).collect();
            let mut out = Vec::new();
            list(&mut out, &members).unwrap();
            assert!(out == serde_json::to_vec(&members).unwrap(), "{length}");
        }
    }
}
