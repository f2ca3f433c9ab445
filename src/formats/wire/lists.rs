//! Objects, lists of objects, and objects whose keys are data.
//!
//! What must stay true: what stands in the place of an object is named, never dropped, wherever the number of elements counts.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess};
use serde_json::value::RawValue;

use super::lenient::{Lenient, LenientVisitor, charged, deserialize_leniently};
use super::values::Text;
use super::{malformed, no_results};
use crate::formats::{FormatError, limits};

/// An object within an object. Anything else is absent.
#[derive(Clone, Debug)]
pub(in crate::formats) struct Part<T>(pub(in crate::formats) Option<T>);

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Part<T> {
    /// The object, where there is one.
    pub(in crate::formats) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

/// An object, or its name alone. Anything else is absent.
#[derive(Clone, Debug, Default)]
pub(in crate::formats) enum Named<'a, T> {
    /// Neither.
    #[default]
    Absent,
    /// The name alone.
    Name(Cow<'a, str>),
    /// The object.
    Sound(T),
}

/// An element of a list: an object, or what stands there instead.
#[derive(Clone, Debug)]
pub(in crate::formats) enum Record<T> {
    /// An object.
    Sound(T),
    /// Something else, named for people.
    Odd(&'static str),
}

/// A list of objects.
#[derive(Clone, Debug, Default)]
pub(in crate::formats) enum List<T> {
    /// The field is not there.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// A list.
    Given(Vec<Record<T>>),
    /// Something else, named for people.
    Odd(&'static str),
}

impl<T> List<T> {
    /// Checks that a mandatory list is there; `null` counts as an empty list.
    ///
    /// # Errors
    /// [`FormatError::NoResults`] when it is absent, [`FormatError::Malformed`] when it is something else.
    pub(in crate::formats) fn demand(&self, format: &'static str, field: &str) -> Result<(), FormatError> {
        match self {
            Self::Given(_) | Self::Null => Ok(()),
            Self::Absent => Err(no_results(format, format!("there is no `{field}`"))),
            Self::Odd(found) => Err(malformed(format, format!("`{field}` should be a list and is {found}"))),
        }
    }

    /// The elements, sound and odd.
    pub(in crate::formats) fn into_records(self) -> Vec<Record<T>> {
        match self {
            Self::Given(records) => records,
            Self::Absent | Self::Null | Self::Odd(_) => Vec::new(),
        }
    }

    /// The elements, sound and odd.
    pub(in crate::formats) fn records(&self) -> &[Record<T>] {
        match self {
            Self::Given(records) => records,
            Self::Absent | Self::Null | Self::Odd(_) => &[],
        }
    }

    /// The sound elements, for lists whose odd elements do not matter.
    pub(in crate::formats) fn sound(&self) -> impl Iterator<Item = &T> {
        self.records().iter().filter_map(|record| match record {
            Record::Sound(element) => Some(element),
            Record::Odd(_) => None,
        })
    }

    /// What stands there instead of the list, or else instead of an element.
    pub(in crate::formats) fn oddity(&self) -> Option<&'static str> {
        match self {
            Self::Odd(found) => Some(found),
            _ => self.records().iter().find_map(|record| match record {
                Record::Sound(_) => None,
                Record::Odd(found) => Some(*found),
            }),
        }
    }

    /// Every element in its place, `None` for an odd one, for lists that another part of the report points into.
    pub(in crate::formats) fn in_place(&self) -> impl Iterator<Item = Option<&T>> {
        self.records().iter().map(|record| match record {
            Record::Sound(element) => Some(element),
            Record::Odd(_) => None,
        })
    }

    /// The element at an index that another part of the report refers to.
    pub(in crate::formats) fn at(&self, index: usize) -> Option<&T> {
        match self.records().get(index)? {
            Record::Sound(element) => Some(element),
            Record::Odd(_) => None,
        }
    }

    /// Whether nothing stands in it: absent, `null` or an empty list.
    pub(in crate::formats) fn is_empty(&self) -> bool {
        match self {
            Self::Given(records) => records.is_empty(),
            Self::Absent | Self::Null => true,
            Self::Odd(_) => false,
        }
    }
}

/// The text of an object, which is read when it is needed.
#[derive(Clone, Debug)]
pub(in crate::formats) struct Raw<'a, T> {
    text: &'a str,
    object: PhantomData<fn() -> T>,
}

impl<'a, T: Deserialize<'a>> Raw<'a, T> {
    /// The object.
    ///
    /// # Errors
    /// What `serde_json` found wrong in it, with lines and columns of its own text.
    pub(in crate::formats) fn read(&self) -> serde_json::Result<T> {
        // The text comes from a list that had room for it; within it, an object may take room as a small report may.
        limits::open(self.text.len());
        serde_json::from_str(self.text)
    }
}

impl<'a, T> Raw<'a, T> {
    /// Its text, a part of the report's.
    pub(super) fn text(&self) -> &'a str {
        self.text
    }
}

/// A list of objects of which only their places are kept. For the lists that make a report large: each object is read, used
/// and dropped by itself, and several at a time.
#[derive(Clone, Debug)]
pub(in crate::formats) struct Rows<'a, T>(pub(in crate::formats) List<Raw<'a, T>>);

impl<T> Default for Rows<'_, T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

impl<'a, T: Deserialize<'a>> Rows<'a, T> {
    /// The sound elements, read one by one; one that cannot be read will be an error of the whole report.
    pub(in crate::formats) fn sound(&self) -> impl Iterator<Item = T> {
        self.0.sound().filter_map(|raw| raw.read().ok())
    }
}

/// A list of objects, or one object alone, which is a list of one.
#[derive(Clone, Debug)]
pub(in crate::formats) struct OneOrMany<T>(pub(in crate::formats) List<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

/// A list of objects, or an object whose values are the elements: PHP writes one for the other.
#[derive(Clone, Debug)]
pub(in crate::formats) struct Values<T>(pub(in crate::formats) List<T>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

/// A list of objects and of names alone; what is neither is [`Named::Absent`].
#[derive(Clone, Debug)]
pub(in crate::formats) struct Mixed<'a, T>(pub(in crate::formats) Vec<Named<'a, T>>);

impl<T> Default for Mixed<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// An object whose keys are data, in the order of the report.
#[derive(Clone, Debug)]
pub(in crate::formats) struct Dict<'a, T>(pub(in crate::formats) Vec<(Cow<'a, str>, T)>);

impl<T> Default for Dict<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Dict<'_, T> {
    /// The value of a key.
    pub(in crate::formats) fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// Objects by keys that are data. An empty list counts as an empty object: PHP writes one for the other.
#[derive(Clone, Debug, Default)]
pub(in crate::formats) enum Keyed<'a, T> {
    /// The field is not there.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// The objects, in the order of the report.
    Given(Vec<(Cow<'a, str>, T)>),
    /// Something else, named for people.
    Odd(&'static str),
}

impl<'a, T> Keyed<'a, T> {
    /// The entries of a mandatory field.
    ///
    /// # Errors
    /// [`FormatError::NoResults`] when it is absent or `null`, [`FormatError::Malformed`] when it is something else.
    pub(in crate::formats) fn demand(
        self,
        format: &'static str,
        field: &str,
    ) -> Result<Vec<(Cow<'a, str>, T)>, FormatError> {
        match self {
            Self::Given(entries) => Ok(entries),
            Self::Absent | Self::Null => Err(no_results(format, format!("there is no `{field}`"))),
            Self::Odd(found) => Err(malformed(format, format!("`{field}` should be an object and is {found}"))),
        }
    }
}

deserialize_leniently! {
    ['de, T: Deserialize<'de>] Part<T>;
    ['de, T: Deserialize<'de>] Record<T>;
    ['de, T: Deserialize<'de>] List<T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Rows<'a, T>;
    ['de, T: Deserialize<'de>] OneOrMany<T>;
    ['de, T: Deserialize<'de>] Values<T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Named<'a, T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Mixed<'a, T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Dict<'a, T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Keyed<'a, T>;
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for Part<T> {
    fn null() -> Self {
        Self(None)
    }

    fn object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Some).map(Self)
    }

    fn odd(_found: &'static str) -> Self {
        Self(None)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Lenient<'de> for Named<'a, T> {
    fn text(text: Cow<'de, str>) -> Self {
        Self::Name(text)
    }

    fn null() -> Self {
        Self::Absent
    }

    fn object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Self::Sound)
    }

    fn odd(_found: &'static str) -> Self {
        Self::Absent
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Lenient<'de> for Mixed<'a, T> {
    fn null() -> Self {
        Self(Vec::new())
    }

    fn list<A: SeqAccess<'de>>(elements: A) -> Result<Self, A::Error> {
        charged(elements).map(Self)
    }

    fn odd(_found: &'static str) -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for Record<T> {
    fn null() -> Self {
        Self::Odd("null")
    }

    fn object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        T::deserialize(MapAccessDeserializer::new(members)).map(Self::Sound)
    }

    fn odd(found: &'static str) -> Self {
        Self::Odd(found)
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for List<T> {
    fn null() -> Self {
        Self::Null
    }

    fn list<A: SeqAccess<'de>>(elements: A) -> Result<Self, A::Error> {
        charged(elements).map(Self::Given)
    }

    fn odd(found: &'static str) -> Self {
        Self::Odd(found)
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Lenient<'de> for Rows<'a, T> {
    fn null() -> Self {
        Self(List::Null)
    }

    fn list<A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        let mut records = Vec::new();
        while let Some(element) = elements.next_element::<&'de RawValue>()? {
            // As much as if it were kept: the limit does not depend on how a list is read.
            limits::charge::<Record<T>, A::Error>()?;
            let text = element.get();
            records.push(match text.bytes().next() {
                Some(b'{') => Record::Sound(Raw { text, object: PhantomData }),
                Some(b'[') => Record::Odd("a list"),
                Some(b'"') => Record::Odd("a string"),
                Some(b't' | b'f') => Record::Odd("true or false"),
                Some(b'n') => Record::Odd("null"),
                _ => Record::Odd("a number"),
            });
        }
        Ok(Self(List::Given(records)))
    }

    fn odd(found: &'static str) -> Self {
        Self(List::Odd(found))
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for OneOrMany<T> {
    fn null() -> Self {
        Self(List::Null)
    }

    fn list<A: SeqAccess<'de>>(elements: A) -> Result<Self, A::Error> {
        List::list(elements).map(Self)
    }

    fn object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        Record::object(members).map(|record| Self(List::Given(vec![record])))
    }

    fn odd(found: &'static str) -> Self {
        Self(List::Odd(found))
    }
}

impl<'de, T: Deserialize<'de>> Lenient<'de> for Values<T> {
    fn null() -> Self {
        Self(List::Null)
    }

    fn list<A: SeqAccess<'de>>(elements: A) -> Result<Self, A::Error> {
        List::list(elements).map(Self)
    }

    fn object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut records = Vec::new();
        while let Some((_, record)) = members.next_entry::<IgnoredAny, Record<T>>()? {
            limits::charge::<Record<T>, A::Error>()?;
            records.push(record);
        }
        Ok(Self(List::Given(records)))
    }

    fn odd(found: &'static str) -> Self {
        Self(List::Odd(found))
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Lenient<'de> for Dict<'a, T> {
    fn null() -> Self {
        Self(Vec::new())
    }

    fn object<A: MapAccess<'de>>(mut members: A) -> Result<Self, A::Error> {
        let mut entries = Vec::new();
        while let Some((Text(name), value)) = members.next_entry::<Text<'a>, T>()? {
            limits::charge::<(Cow<'_, str>, T), A::Error>()?;
            entries.push((name.unwrap_or_default(), value));
        }
        Ok(Self(entries))
    }

    fn odd(_found: &'static str) -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Lenient<'de> for Keyed<'a, T> {
    fn null() -> Self {
        Self::Null
    }

    fn list<A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        let mut any = false;
        while elements.next_element::<IgnoredAny>()?.is_some() {
            any = true;
        }
        Ok(if any { Self::Odd("a list") } else { Self::Given(Vec::new()) })
    }

    fn object<A: MapAccess<'de>>(members: A) -> Result<Self, A::Error> {
        Dict::object(members).map(|Dict(entries)| Self::Given(entries))
    }

    fn odd(found: &'static str) -> Self {
        Self::Odd(found)
    }
}
