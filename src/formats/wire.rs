//! Reading typed JSON in one pass, with borrowed strings, from tools that do not always write what they document.
//!
//! What must stay true: an odd element neither kills a report nor disappears. A field of another JSON type than documented
//! reads as absent, an element that is no object or lacks what makes it a result is recorded as not understood with its
//! place, and only text that is not JSON, has a repeated key or goes on after its end makes the whole report malformed.
//!
//! Wire structs derive `Default` and `Deserialize` with `#[serde(default)]`, have fields of the types below only, and one
//! `#[serde(borrow)]`. Then deriving them cannot fail on the type of a field.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{FormatError, limits};
use crate::model::finding::Observation;
use crate::model::report::{NotUnderstood, Parsed, ScanState};
use crate::model::text::Untrusted;

/// Reads the whole text as one value.
///
/// # Errors
/// [`FormatError::Malformed`] with line and column.
pub(super) fn read<'a, T: Deserialize<'a>>(text: &'a str, format: &'static str) -> Result<T, FormatError> {
    limits::open(text.len());
    let mut json = serde_json::Deserializer::from_str(text);
    let value = T::deserialize(&mut json).map_err(|error| unsound(format, &error))?;
    json.end().map_err(|error| unsound(format, &error))?;
    Ok(value)
}

/// Reads objects that follow one another, on lines of their own or not, or one list of them; a blank text holds none.
///
/// The first part of a JSON pointer into such a stream is the number of the object.
///
/// # Errors
/// [`FormatError::Malformed`] with line and column.
pub(super) fn read_stream<'a, T: Deserialize<'a>>(text: &'a str, format: &'static str) -> Result<List<T>, FormatError> {
    if !matches!(text.trim_start().chars().next(), Some('{') | None) {
        return read(text, format);
    }
    limits::open(text.len());
    let mut all = Vec::new();
    for record in serde_json::Deserializer::from_str(text).into_iter::<Record<T>>() {
        limits::charge::<Record<T>, serde_json::Error>().map_err(|error| unsound(format, &error))?;
        all.push(record.map_err(|error| unsound(format, &error))?);
    }
    Ok(List::Given(all))
}

/// Reads one list, or several that follow one another as pages do, as one list; an object is a page of one.
///
/// # Errors
/// [`FormatError::Malformed`] with line and column, also where something else is among them.
pub(super) fn read_pages<'a, T: Deserialize<'a>>(text: &'a str, format: &'static str) -> Result<List<T>, FormatError> {
    limits::open(text.len());
    let mut all = Vec::new();
    for page in serde_json::Deserializer::from_str(text).into_iter::<OneOrMany<T>>() {
        let OneOrMany(page) = page.map_err(|error| unsound(format, &error))?;
        match page {
            List::Given(records) => all.extend(records),
            List::Null => {}
            List::Absent => return Err(malformed(format, "should be a list")),
            List::Odd(found) => return Err(malformed(format, format!("should be a list and is {found}"))),
        }
    }
    Ok(List::Given(all))
}

/// Refuses a report of which no element was understood: it is somebody else's.
///
/// # Errors
/// [`FormatError::NoResults`] with what is odd about the first element.
pub(super) fn demand_understood(parsed: &Parsed, format: &'static str) -> Result<(), FormatError> {
    match parsed.not_understood.first() {
        Some(first) if parsed.observations.is_empty() && parsed.suppressed_apart.is_empty() => {
            Err(no_results(format, format!("{} {}", first.pointer.as_raw(), first.reason.as_raw())))
        }
        _ => Ok(()),
    }
}

/// A key as it stands in a JSON pointer.
pub(super) fn token(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// A report that is not sound.
pub(super) fn malformed(format: &'static str, reason: impl Into<Untrusted>) -> FormatError {
    FormatError::Malformed { format, reason: reason.into() }
}

/// What `serde_json` found wrong: beyond a limit, or not sound.
fn unsound(format: &'static str, error: &serde_json::Error) -> FormatError {
    limits::exceeded(error).unwrap_or_else(|| malformed(format, error.to_string()))
}

/// A report without its mandatory part.
pub(super) fn no_results(format: &'static str, reason: impl Into<Untrusted>) -> FormatError {
    FormatError::NoResults { format, reason: reason.into() }
}

/// What became of one element of a list of results.
pub(super) enum Element {
    /// A result.
    Result(Box<Observation>),
    /// A result that the report lists apart as suppressed.
    Apart(Box<Observation>),
    /// Sound, and no result (a passed check).
    NoResult,
}

/// Hands each element of a list of results to `read`, puts what comes back where it belongs, with its JSON pointer, and
/// records what is odd.
///
/// # Errors
/// [`FormatError::Malformed`] when the list is something else than a list; absent and `null` are an empty list, so a
/// mandatory one is [`List::demand`]ed first.
pub(super) fn results<T>(
    list: List<T>,
    format: &'static str,
    at: &str,
    parsed: &mut Parsed,
    mut read: impl FnMut(&T) -> Result<Element, String>,
) -> Result<(), FormatError> {
    if let List::Odd(found) = list {
        return Err(malformed(format, format!("{at} should be a list and is {found}")));
    }
    for (index, record) in list.into_records().into_iter().enumerate() {
        let read = match record {
            Record::Sound(element) => read(&element),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        place(parsed, || format!("{at}/{index}"), read);
        if parsed.observations.len() + parsed.suppressed_apart.len() + parsed.not_understood.len() > limits::RESULTS {
            return Err(limits::too_many_results());
        }
    }
    Ok(())
}

/// Makes a report partial where a list that tells of its health is none, or an element of it is no object.
pub(super) fn demand_readable<T>(list: &List<T>, field: &str, parsed: &mut Parsed) {
    if let Some(found) = list.oddity() {
        let problem =
            format!("whether the scan went well is not known: `{field}` should list objects and holds {found}");
        parsed.degrade(ScanState::Partial, problem);
    }
}

/// Puts what was read of one element where it belongs, with its place in the report.
pub(super) fn place(parsed: &mut Parsed, pointer: impl FnOnce() -> String, read: Result<Element, String>) {
    match read {
        Ok(Element::Result(mut observation)) => {
            observation.pointer = pointer().into();
            parsed.observations.push(*observation);
        }
        Ok(Element::Apart(mut observation)) => {
            observation.pointer = pointer().into();
            parsed.suppressed_apart.push(*observation);
        }
        Ok(Element::NoResult) => {}
        Err(reason) => not_understood(parsed, pointer(), reason),
    }
}

/// Records an element that is not understood; the report is then partial.
pub(super) fn not_understood(parsed: &mut Parsed, pointer: String, reason: impl Into<Untrusted>) {
    let reason = reason.into();
    parsed.state = parsed.state.max(ScanState::Partial);
    parsed.not_understood.push(NotUnderstood { pointer: pointer.into(), reason });
}

/// A string; also a number or a truth value written without quotes. Anything else, and nothing, is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Text<'a>(Option<Cow<'a, str>>);

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

impl<'a> Text<'a> {
    /// The string, where there is one; an empty or blank one counts as none.
    pub(super) fn get(&self) -> Option<&str> {
        self.raw().filter(|text| !is_blank(text))
    }

    /// The string as it stands, blank or not.
    pub(super) fn raw(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The string as data from outside, where there is one.
    pub(super) fn untrusted(&self) -> Option<Untrusted> {
        self.get().map(Untrusted::from)
    }

    /// The string that an element cannot do without.
    ///
    /// # Errors
    /// The reason, naming the field.
    pub(super) fn demand(&self, field: &str) -> Result<&str, String> {
        self.get().ok_or_else(|| format!("has no `{field}`"))
    }
}

/// A number; also one in quotes (`"7.5"`, `"79"`). Anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Number(Option<Numeral>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Numeral {
    Whole(u64),
    Real(f64),
}

impl Number {
    /// The number, where it is whole and not negative.
    pub(super) fn whole(self) -> Option<u64> {
        match self.0? {
            Numeral::Whole(whole) => Some(whole),
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "the guard leaves whole numbers that an f64 holds exactly"
            )]
            Numeral::Real(real) if real.fract() == 0.0 && (0.0..9_007_199_254_740_992.0).contains(&real) => {
                Some(real as u64)
            }
            Numeral::Real(_) => None,
        }
    }

    /// The number, where it is a position: lines and columns count from 1.
    pub(super) fn position(self) -> Option<u64> {
        self.whole().filter(|position| *position > 0)
    }

    /// The number.
    pub(super) fn real(self) -> Option<f64> {
        match self.0? {
            #[expect(clippy::cast_precision_loss, reason = "scores and probabilities are small")]
            Numeral::Whole(whole) => Some(whole as f64),
            Numeral::Real(real) => Some(real),
        }
    }
}

/// A truth value; also one in quotes. Anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Flag(Option<bool>);

impl Flag {
    /// The value, where there is one.
    pub(super) fn get(self) -> Option<bool> {
        self.0
    }

    /// Whether it is said and true.
    pub(super) fn is_set(self) -> bool {
        self.0 == Some(true)
    }
}

/// An object within an object. Anything else is absent.
#[derive(Clone, Debug)]
pub(super) struct Part<T>(pub(super) Option<T>);

impl<T> Default for Part<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T> Part<T> {
    /// The object, where there is one.
    pub(super) fn get(&self) -> Option<&T> {
        self.0.as_ref()
    }
}

/// An object, or its name alone. Anything else is absent.
#[derive(Clone, Debug, Default)]
pub(super) enum Named<'a, T> {
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
pub(super) enum Record<T> {
    /// An object.
    Sound(T),
    /// Something else, named for people.
    Odd(&'static str),
}

/// A list of objects.
#[derive(Clone, Debug, Default)]
pub(super) enum List<T> {
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
    pub(super) fn demand(&self, format: &'static str, field: &str) -> Result<(), FormatError> {
        match self {
            Self::Given(_) | Self::Null => Ok(()),
            Self::Absent => Err(no_results(format, format!("there is no `{field}`"))),
            Self::Odd(found) => Err(malformed(format, format!("`{field}` should be a list and is {found}"))),
        }
    }

    /// The elements, sound and odd.
    pub(super) fn into_records(self) -> Vec<Record<T>> {
        match self {
            Self::Given(records) => records,
            Self::Absent | Self::Null | Self::Odd(_) => Vec::new(),
        }
    }

    /// The elements, sound and odd.
    pub(super) fn records(&self) -> &[Record<T>] {
        match self {
            Self::Given(records) => records,
            Self::Absent | Self::Null | Self::Odd(_) => &[],
        }
    }

    /// The sound elements, for lists whose odd elements do not matter.
    pub(super) fn sound(&self) -> impl Iterator<Item = &T> {
        self.records().iter().filter_map(|record| match record {
            Record::Sound(element) => Some(element),
            Record::Odd(_) => None,
        })
    }

    /// What stands there instead of the list, or else instead of an element.
    pub(super) fn oddity(&self) -> Option<&'static str> {
        match self {
            Self::Odd(found) => Some(found),
            _ => self.records().iter().find_map(|record| match record {
                Record::Sound(_) => None,
                Record::Odd(found) => Some(*found),
            }),
        }
    }

    /// Every element in its place, `None` for an odd one, for lists that another part of the report points into.
    pub(super) fn in_place(&self) -> impl Iterator<Item = Option<&T>> {
        self.records().iter().map(|record| match record {
            Record::Sound(element) => Some(element),
            Record::Odd(_) => None,
        })
    }

    /// The element at an index that another part of the report refers to.
    pub(super) fn at(&self, index: usize) -> Option<&T> {
        match self.records().get(index)? {
            Record::Sound(element) => Some(element),
            Record::Odd(_) => None,
        }
    }

    /// Whether nothing stands in it: absent, `null` or an empty list.
    pub(super) fn is_empty(&self) -> bool {
        match self {
            Self::Given(records) => records.is_empty(),
            Self::Absent | Self::Null => true,
            Self::Odd(_) => false,
        }
    }
}

/// A list of objects, or one object alone, which is a list of one.
#[derive(Clone, Debug)]
pub(super) struct OneOrMany<T>(pub(super) List<T>);

impl<T> Default for OneOrMany<T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

/// A list of objects, or an object whose values are the elements: PHP writes one for the other.
#[derive(Clone, Debug)]
pub(super) struct Values<T>(pub(super) List<T>);

impl<T> Default for Values<T> {
    fn default() -> Self {
        Self(List::Absent)
    }
}

/// A list of objects and of names alone; what is neither is [`Named::Absent`].
#[derive(Clone, Debug)]
pub(super) struct Mixed<'a, T>(pub(super) Vec<Named<'a, T>>);

impl<T> Default for Mixed<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

/// Whether there is nothing but white space; the first byte tells it of nearly every text.
fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// Strings: one alone or a list. What is no string is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Texts<'a>(pub(super) Vec<Cow<'a, str>>);

impl Texts<'_> {
    /// The strings, without blank ones.
    pub(super) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Cow::as_ref).filter(|text| !is_blank(text))
    }
}

/// Numbers: one alone or a list. What is no number is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Numbers(Vec<Number>);

impl Numbers {
    /// The numbers.
    pub(super) fn iter(&self) -> impl Iterator<Item = Number> {
        self.0.iter().copied()
    }
}

/// An object whose keys are data, in the order of the report.
#[derive(Clone, Debug)]
pub(super) struct Dict<'a, T>(pub(super) Vec<(Cow<'a, str>, T)>);

impl<T> Default for Dict<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<T> Dict<'_, T> {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&T> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

/// Objects by keys that are data. An empty list counts as an empty object: PHP writes one for the other.
#[derive(Clone, Debug, Default)]
pub(super) enum Keyed<'a, T> {
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
    pub(super) fn demand(self, format: &'static str, field: &str) -> Result<Vec<(Cow<'a, str>, T)>, FormatError> {
        match self {
            Self::Given(entries) => Ok(entries),
            Self::Absent | Self::Null => Err(no_results(format, format!("there is no `{field}`"))),
            Self::Odd(found) => Err(malformed(format, format!("`{field}` should be an object and is {found}"))),
        }
    }
}

/// Whatever stands there: only that it is there, and of which type, matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Any {
    /// The field is not there.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// Something, named for people.
    Given(&'static str),
}

/// A reading of a JSON value that takes every type: what a type does not want is passed over and named.
trait Lenient<'de>: Sized {
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
fn charged<'de, T: Deserialize<'de>, A: SeqAccess<'de>>(mut elements: A) -> Result<Vec<T>, A::Error> {
    let mut all = Vec::new();
    while let Some(element) = elements.next_element()? {
        limits::charge::<T, A::Error>()?;
        all.push(element);
    }
    Ok(all)
}

struct LenientVisitor<T>(PhantomData<T>);

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

deserialize_leniently! {
    ['de: 'a, 'a] Text<'a>;
    ['de: 'a, 'a] Texts<'a>;
    ['de] Number;
    ['de] Numbers;
    ['de] Flag;
    ['de] Any;
    ['de, T: Deserialize<'de>] Part<T>;
    ['de, T: Deserialize<'de>] Record<T>;
    ['de, T: Deserialize<'de>] List<T>;
    ['de, T: Deserialize<'de>] OneOrMany<T>;
    ['de, T: Deserialize<'de>] Values<T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Named<'a, T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Mixed<'a, T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Dict<'a, T>;
    ['de: 'a, 'a, T: Deserialize<'de>] Keyed<'a, T>;
}

impl<'de: 'a, 'a> Lenient<'de> for Text<'a> {
    fn text(text: Cow<'de, str>) -> Self {
        Self(Some(text))
    }

    fn number(number: Numeral) -> Self {
        let written = match number {
            Numeral::Whole(whole) => whole.to_string(),
            Numeral::Real(real) => real.to_string(),
        };
        Self(Some(Cow::Owned(written)))
    }

    fn flag(flag: bool) -> Self {
        Self(Some(Cow::Borrowed(if flag { "true" } else { "false" })))
    }

    fn null() -> Self {
        Self(None)
    }

    fn odd(_found: &'static str) -> Self {
        Self(None)
    }
}

impl<'de: 'a, 'a> Lenient<'de> for Texts<'a> {
    fn text(text: Cow<'de, str>) -> Self {
        Self(vec![text])
    }

    fn list<A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        let mut texts = Vec::new();
        while let Some(Text(text)) = elements.next_element::<Text<'a>>()? {
            limits::charge::<Cow<'_, str>, A::Error>()?;
            texts.extend(text);
        }
        Ok(Self(texts))
    }

    fn null() -> Self {
        Self(Vec::new())
    }

    fn odd(_found: &'static str) -> Self {
        Self(Vec::new())
    }
}

impl<'de> Lenient<'de> for Number {
    fn text(text: Cow<'de, str>) -> Self {
        let text = text.trim();
        let whole = || text.parse().ok().map(Numeral::Whole);
        let real = || text.parse().ok().filter(|real: &f64| real.is_finite()).map(Numeral::Real);
        Self(whole().or_else(real))
    }

    fn number(number: Numeral) -> Self {
        Self(Some(number))
    }

    fn null() -> Self {
        Self(None)
    }

    fn odd(_found: &'static str) -> Self {
        Self(None)
    }
}

impl<'de> Lenient<'de> for Numbers {
    fn number(number: Numeral) -> Self {
        Self(vec![Number(Some(number))])
    }

    fn list<A: SeqAccess<'de>>(mut elements: A) -> Result<Self, A::Error> {
        let mut numbers = Vec::new();
        while let Some(number) = elements.next_element::<Number>()? {
            limits::charge::<Number, A::Error>()?;
            numbers.extend(number.0.map(|numeral| Number(Some(numeral))));
        }
        Ok(Self(numbers))
    }

    fn null() -> Self {
        Self(Vec::new())
    }

    fn odd(_found: &'static str) -> Self {
        Self(Vec::new())
    }
}

impl<'de> Lenient<'de> for Flag {
    fn text(text: Cow<'de, str>) -> Self {
        match text.trim() {
            "true" | "True" | "TRUE" => Self(Some(true)),
            "false" | "False" | "FALSE" => Self(Some(false)),
            _ => Self(None),
        }
    }

    fn flag(flag: bool) -> Self {
        Self(Some(flag))
    }

    fn null() -> Self {
        Self(None)
    }

    fn odd(_found: &'static str) -> Self {
        Self(None)
    }
}

impl<'de> Lenient<'de> for Any {
    fn null() -> Self {
        Self::Null
    }

    fn odd(found: &'static str) -> Self {
        Self::Given(found)
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::finding::Kind;
    use crate::model::severity::{Severity, SeveritySource};

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Report<'a> {
        #[serde(borrow)]
        results: List<Item<'a>>,
        one: OneOrMany<Item<'a>>,
        words: Texts<'a>,
        named: Dict<'a, Number>,
        anything: Any,
    }

    #[derive(Debug, Default, serde::Deserialize)]
    #[serde(default)]
    struct Item<'a> {
        #[serde(borrow)]
        id: Text<'a>,
        line: Number,
        ignored: Flag,
        part: Part<Box<Self>>,
    }

    fn ids(report: Report<'_>) -> Parsed {
        let mut parsed = Parsed::new("test", &[]);
        results(report.results, "test", "/results", &mut parsed, |item| {
            let id = item.id.demand("id")?;
            Ok(Element::Result(Box::new(Observation::new(Kind::Quality, id, Severity::Low, SeveritySource::Format))))
        })
        .unwrap();
        parsed
    }

    #[test]
    fn an_odd_element_is_counted_and_the_others_are_read() {
        let text = r#"{"results":[{"id":"a"},7,{"id":null},{"id":{"x":[1,{}]}},{"line":"x","id":5},["id"],null]}"#;
        let parsed = ids(read(text, "test").unwrap());
        let seen: Vec<_> = parsed.observations.iter().map(|o| (o.rule.id.as_raw(), o.pointer.as_raw())).collect();
        assert_eq!(seen, [("a", "/results/0"), ("5", "/results/4")]);
        let odd: Vec<_> = parsed.not_understood.iter().map(|n| n.pointer.as_raw()).collect();
        assert_eq!(odd, ["/results/1", "/results/2", "/results/3", "/results/5", "/results/6"]);
        assert_eq!(parsed.state, ScanState::Partial);
    }

    #[test]
    fn fields_of_odd_types_are_absent() {
        let text = r#"{"results":[{"id":true,"line":"79","ignored":"true","part":[1]},{"line":-1,"ignored":3},
            {"line":1e300,"part":{"id":"in"}},{"line":123456789012345678901234567890}],
            "one":{"id":"x"},"words":["a",1,null,[2]],"named":{"a":"7.5","b":{}},"anything":[[]],"more":{"x":[]}}"#;
        let report: Report<'_> = read(text, "test").unwrap();
        let items: Vec<_> = report.results.sound().collect();
        assert_eq!(
            (items[0].id.get(), items[0].line.whole(), items[0].ignored.get()),
            (Some("true"), Some(79), Some(true))
        );
        assert!(items[0].part.get().is_none() && items[1].line.whole().is_none() && items[1].ignored.get().is_none());
        assert_eq!(items[2].part.get().and_then(|part| part.id.get()), Some("in"));
        assert!(items[2].line.whole().is_none() && items[3].line.real().is_some());
        assert_eq!(report.one.0.sound().count(), 1);
        assert_eq!(report.words.iter().collect::<Vec<_>>(), ["a", "1"]);
        assert_eq!(report.named.get("a").and_then(|number| number.real()), Some(7.5));
        assert_eq!(report.anything, Any::Given("a list"));
    }

    #[test]
    fn strings_are_borrowed() {
        let report: Report<'_> = read(r#"{"words":["plain","esc\u0061ped"]}"#, "test").unwrap();
        assert!(matches!(report.words.0.as_slice(), [Cow::Borrowed("plain"), Cow::Owned(_)]));
    }

    #[test]
    fn unsound_text_is_malformed_with_its_place() {
        for (text, place) in [
            ("{\"results\":[", "line 1 column 12"),
            ("{} {}", "trailing characters at line 1 column 4"),
            ("{\"results\":[],\n\"results\":[]}", "duplicate field `results` at line 2"),
        ] {
            let error = read::<Report<'_>>(text, "test").unwrap_err().to_string();
            assert!(error.contains(place), "{error}");
        }
        let deep = format!("{{\"results\":[{}]}}", "{\"part\":".repeat(200));
        assert!(read::<Report<'_>>(&deep, "test").unwrap_err().to_string().contains("limit `depth` of 127"));
    }

    #[test]
    fn a_mandatory_list_is_there() {
        let list = |text| read::<Report<'_>>(text, "test").unwrap().results.demand("test", "results");
        assert!(list("{\"results\":null}").is_ok() && list("{\"results\":[]}").is_ok());
        assert!(matches!(list("{}"), Err(FormatError::NoResults { .. })));
        assert!(matches!(list("{\"results\":{}}"), Err(FormatError::Malformed { .. })));
    }
}
