//! Strings, numbers and truth values as tools write them.
//!
//! What must stay true: a value of another JSON type reads as absent, and no reading of one fails.

use std::borrow::Cow;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, SeqAccess};

use super::lenient::{Lenient, LenientVisitor, deserialize_leniently};
use crate::formats::limits;
use crate::model::text::Untrusted;

/// A string; also a number or a truth value written without quotes. Anything else, and nothing, is absent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::formats) struct Text<'a>(pub(super) Option<Cow<'a, str>>);

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self(Some(Cow::Owned(text)))
    }
}

impl<'a> Text<'a> {
    /// The string, where there is one; an empty or blank one counts as none.
    pub(in crate::formats) fn get(&self) -> Option<&str> {
        self.raw().filter(|text| !is_blank(text))
    }

    /// The string as it stands, blank or not.
    pub(in crate::formats) fn raw(&self) -> Option<&str> {
        self.0.as_deref()
    }

    /// The string as data from outside, where there is one.
    pub(in crate::formats) fn untrusted(&self) -> Option<Untrusted> {
        self.get().map(Untrusted::from)
    }

    /// The string that an element cannot do without.
    ///
    /// # Errors
    /// The reason, naming the field.
    pub(in crate::formats) fn demand(&self, field: &str) -> Result<&str, String> {
        self.get().ok_or_else(|| format!("has no `{field}`"))
    }
}

/// A number; also one in quotes (`"7.5"`, `"79"`). Anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::formats) struct Number(Option<Numeral>);

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Numeral {
    Whole(u64),
    Real(f64),
}

impl Number {
    /// The number, where it is whole and not negative.
    pub(in crate::formats) fn whole(self) -> Option<u64> {
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
    pub(in crate::formats) fn position(self) -> Option<u64> {
        self.whole().filter(|position| *position > 0)
    }

    /// The number.
    pub(in crate::formats) fn real(self) -> Option<f64> {
        match self.0? {
            #[expect(clippy::cast_precision_loss, reason = "scores and probabilities are small")]
            Numeral::Whole(whole) => Some(whole as f64),
            Numeral::Real(real) => Some(real),
        }
    }
}

/// A truth value; also one in quotes. Anything else is absent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::formats) struct Flag(Option<bool>);

impl Flag {
    /// The value, where there is one.
    pub(in crate::formats) fn get(self) -> Option<bool> {
        self.0
    }

    /// Whether it is said and true.
    pub(in crate::formats) fn is_set(self) -> bool {
        self.0 == Some(true)
    }
}

/// Whether there is nothing but white space; the first byte tells it of nearly every text.
fn is_blank(text: &str) -> bool {
    !text.as_bytes().first().is_some_and(u8::is_ascii_graphic) && text.trim().is_empty()
}

/// Strings: one alone or a list. What is no string is left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(in crate::formats) struct Texts<'a>(pub(in crate::formats) Vec<Cow<'a, str>>);

impl Texts<'_> {
    /// The strings, without blank ones.
    pub(in crate::formats) fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(Cow::as_ref).filter(|text| !is_blank(text))
    }
}

/// Numbers: one alone or a list. What is no number is left out.
#[derive(Clone, Debug, Default, PartialEq)]
pub(in crate::formats) struct Numbers(Vec<Number>);

impl Numbers {
    /// The numbers.
    pub(in crate::formats) fn iter(&self) -> impl Iterator<Item = Number> {
        self.0.iter().copied()
    }
}

/// Whatever stands there: only that it is there, and of which type, matters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::formats) enum Any {
    /// The field is not there.
    #[default]
    Absent,
    /// The field is `null`.
    Null,
    /// Something, named for people.
    Given(&'static str),
}

deserialize_leniently! {
    ['de: 'a, 'a] Text<'a>;
    ['de: 'a, 'a] Texts<'a>;
    ['de] Number;
    ['de] Numbers;
    ['de] Flag;
    ['de] Any;
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
