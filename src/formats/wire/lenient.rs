//! A visitor that takes every type of JSON value.
//!
//! What must stay true: deriving a wire struct cannot fail on the type of a field, only on text that is no JSON, on a key that
//! comes twice, and beyond a limit.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::values::Numeral;
use crate::formats::limits;

/// A reading of a JSON value that takes every type: what a type does not want is passed over and named.
pub(super) trait Lenient<'de>: Sized {
    fn text(_text: Cow<'de, str>) -> Self {
        Self::odd("a string")
    }
    fn number(_number: Numeral) -> Self {
        Self::odd("a number")
    }
    fn flag(_flag: bool) -> Self {
        Self::odd("true or false")
    }
    fn null() -> Self;
    fn list<A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Self::odd("a list"))
    }
    fn object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        while members.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Self::odd("an object"))
    }
    fn odd(found: &'static str) -> Self;
}

/// The elements of a list, as many as there is room for.
pub(super) fn charged<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut elements: A) -> Result<Vec<T>, A::Error> {
    let mut all = Vec::new();
    while let Some(element) = elements.next_element()? {
        limits::charge::<T, A::Error>()?;
        all.push(element);
    }
    Ok(all)
}

pub(super) struct LenientVisitor<T>(pub(super) PhantomData<T>);

impl<'de, T: Lenient<'de>> Visitor<'de> for LenientVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<T, E> {
        limits::string(text)?;
        Ok(T::text(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        limits::string(text)?;
        Ok(T::text(Cow::Owned(text.to_owned())))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<T, E> {
        limits::string(&text)?;
        Ok(T::text(Cow::Owned(text)))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<T, E> {
        Ok(T::flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::number(Numeral::Whole(number)))
    }

    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        #[expect(clippy::cast_precision_loss, reason = "no report has a negative number that matters")]
        let real = number as f64;
        Ok(T::number(Numeral::Real(real)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::number(Numeral::Real(number)))
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::null())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<T, A::Error> {
        T::list(elements)
    }

    fn visit_map<A: MapAccess<'de>>(self, members: A) -> Result<T, A::Error> {
        T::object(members)
    }
}

/// `Deserialize` for types whose reading is [`Lenient`].
macro_rules! deserialize_leniently {
    ($([$($generics:tt)*] $type:ty;)*) => {$(
        impl<$($generics)*> Deserialize<'de> for $type {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                deserializer.deserialize_any(LenientVisitor(PhantomData))
            }
        }
    )*};
}

pub(super) use deserialize_leniently;
