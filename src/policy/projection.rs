//! JSON of a value with nothing but the fields that somebody reads: what is left out is never written.
//!
//! What must stay true: it is what `serde_json` writes, less fields of objects. A list, a text or a number is kept whole.

use serde::Serialize;
use serde::ser::{Impossible, SerializeMap, SerializeStruct, Serializer};

use super::reads::Fields;

/// Which fields of an object are kept.
#[derive(Clone, Copy, Debug)]
pub(super) enum Kept<'f> {
    /// These.
    Only(&'f Fields),
    /// All but one.
    Without(&'static str),
}

/// Appends the JSON of the value.
///
/// # Errors
/// Those of `serde_json`.
pub(super) fn write<T: Serialize + ?Sized>(
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
    fn custom<T: std::fmt::Display>(message: T) -> Self {
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
