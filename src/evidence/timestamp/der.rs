//! DER: read in its one spelling, and as much of it written as a request needs.
//!
//! What must stay true: a length, a number or a truth value that is spelled otherwise than DER spells it is refused, and so is whatever
//! stands behind a value that should be the last.
//!
//! Source: ITU-T X.690, sections 8 and 10.

use crate::model::time::Timestamp;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const NULL: u8 = 0x05;
pub(super) const OID: u8 = 0x06;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// The context's own tag, of a plain value or of one that holds others.
pub(super) const fn plain(number: u8) -> u8 {
    0x80 | number
}

pub(super) const fn holding(number: u8) -> u8 {
    0xa0 | number
}

/// Not the DER that was expected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct NotDer;

/// Values that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Der<'a>(&'a [u8]);

/// One value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Value<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
    /// With tag and length.
    pub(super) whole: &'a [u8],
}

impl<'a> Der<'a> {
    /// The values within the one that these bytes are.
    pub(super) fn within(bytes: &'a [u8], tag: u8) -> Result<Self, NotDer> {
        let mut outer = Self(bytes);
        let inner = outer.enter(tag)?;
        outer.end()?;
        Ok(inner)
    }

    /// The values that these bytes are.
    pub(super) const fn of(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(super) fn any(&mut self) -> Result<Value<'a>, NotDer> {
        let (tag, after_tag) = self.0.split_first().ok_or(NotDer)?;
        let (first, after_length) = after_tag.split_first().ok_or(NotDer)?;
        // Tags above 30 have more bytes; nothing here has one.
        if tag & 0x1f == 0x1f {
            return Err(NotDer);
        }
        let (length, rest) = match first {
            0..=0x7f => (usize::from(*first), after_length),
            0x81..=0x83 => {
                let (bytes, rest) = after_length.split_at_checked(usize::from(first & 0x7f)).ok_or(NotDer)?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                let is_shortest = length > 0x7f && bytes.first() != Some(&0);
                (Some(length).filter(|_| is_shortest).ok_or(NotDer)?, rest)
            }
            _ => return Err(NotDer),
        };
        let (content, rest) = rest.split_at_checked(length).ok_or(NotDer)?;
        let (whole, _) = self.0.split_at_checked(self.0.len() - rest.len()).ok_or(NotDer)?;
        self.0 = rest;
        Ok(Value { tag: *tag, content, whole })
    }

    pub(super) fn value(&mut self, tag: u8) -> Result<Value<'a>, NotDer> {
        self.any().and_then(|value| if value.tag == tag { Ok(value) } else { Err(NotDer) })
    }

    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Value<'a>>, NotDer> {
        if self.0.first() == Some(&tag) { self.value(tag).map(Some) } else { Ok(None) }
    }

    /// The values within the next one.
    pub(super) fn enter(&mut self, tag: u8) -> Result<Self, NotDer> {
        self.value(tag).map(|value| Self(value.content))
    }

    pub(super) fn oid(&mut self) -> Result<&'a [u8], NotDer> {
        self.value(OID).map(|value| value.content)
    }

    pub(super) fn octets(&mut self) -> Result<&'a [u8], NotDer> {
        self.value(OCTET_STRING).map(|value| value.content)
    }

    /// A whole number, as its bytes.
    pub(super) fn integer(&mut self) -> Result<&'a [u8], NotDer> {
        integer(self.value(INTEGER)?.content)
    }

    /// A positive number, big-endian without leading zeros.
    pub(super) fn positive(&mut self) -> Result<&'a [u8], NotDer> {
        match self.integer()? {
            [0] => Err(NotDer),
            [0, rest @ ..] => Ok(rest),
            number @ [0..=0x7f, ..] => Ok(number),
            _ => Err(NotDer),
        }
    }

    /// A truth value that is false where it is absent.
    pub(super) fn default_false(&mut self) -> Result<bool, NotDer> {
        match self.optional(BOOLEAN)?.map(|value| value.content) {
            None => Ok(false),
            Some([0xff]) => Ok(true),
            Some(_) => Err(NotDer),
        }
    }

    /// Whole bytes.
    pub(super) fn bits(&mut self) -> Result<&'a [u8], NotDer> {
        match self.value(BIT_STRING)?.content {
            [0, bytes @ ..] => Ok(bytes),
            _ => Err(NotDer),
        }
    }

    /// Either kind of time, in seconds; a fraction is rounded up.
    pub(super) fn time(&mut self) -> Result<Timestamp, NotDer> {
        let value = self.any()?;
        let text = str::from_utf8(value.content).map_err(|_| NotDer)?;
        let text = text.strip_suffix('Z').ok_or(NotDer)?;
        let (century, digits, fraction) = match value.tag {
            UTC_TIME => (if text >= "5" { "19" } else { "20" }, text, None),
            GENERALIZED_TIME => {
                let (digits, fraction) = text.split_once('.').map_or((text, None), |(d, f)| (d, Some(f)));
                ("", digits, fraction)
            }
            _ => return Err(NotDer),
        };
        let digits = format!("{century}{digits}");
        let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        // DER writes no zeros at the end of a fraction.
        let is_fraction = |text: &str| is_number(text) && !text.ends_with('0');
        // A leap second would be taken for the one before it.
        if digits.len() != 14 || !is_number(&digits) || digits.ends_with("60") || !fraction.is_none_or(is_fraction) {
            return Err(NotDer);
        }
        let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
        let (day, time) = ((part(0, 4), part(4, 6), part(6, 8)), (part(8, 10), part(10, 12), part(12, 14)));
        let text = format!("{}-{}-{}T{}:{}:{}Z", day.0, day.1, day.2, time.0, time.1, time.2);
        let instant: Timestamp = text.parse().map_err(|_| NotDer)?;
        let seconds = instant.unix_seconds() + i64::from(fraction.is_some());
        Timestamp::from_unix_seconds(seconds).ok_or(NotDer)
    }

    /// The bytes that are left.
    pub(super) const fn rest(self) -> &'a [u8] {
        self.0
    }

    pub(super) const fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn end(self) -> Result<(), NotDer> {
        if self.is_empty() { Ok(()) } else { Err(NotDer) }
    }
}

/// The bytes of a whole number, which are as few as can be.
pub(super) fn integer(content: &[u8]) -> Result<&[u8], NotDer> {
    match content {
        [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(NotDer),
        number => Ok(number),
    }
}

/// A small number that is not negative.
pub(super) fn small(number: &[u8]) -> Result<i64, NotDer> {
    match number {
        [0x80..=0xff, ..] => Err(NotDer),
        number if number.len() <= 4 => Ok(number.iter().fold(0, |sum, byte| sum << 8 | i64::from(*byte))),
        _ => Err(NotDer),
    }
}

/// A value, written.
pub(super) fn written(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    match length.as_slice() {
        [] => out.push(0),
        [short @ 0..=0x7f] => out.push(*short),
        long => {
            // At most eight bytes of length.
            out.push(0x80 | u8::try_from(long.len()).unwrap_or_default());
            out.extend(long);
        }
    }
    out.extend(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_one_spelling() {
        let read = |bytes: &[u8]| Der(bytes).integer().map(<[u8]>::to_vec);
        assert_eq!(read(&[2, 1, 5]), Ok(vec![5]));
        assert_eq!(read(&[2, 2, 0, 0x80]), Ok(vec![0, 0x80]));
        let others: [&[u8]; 9] = [
            &[],
            &[2],
            &[2, 0],
            &[2, 2, 0, 5],
            &[2, 2, 0xff, 0x80],
            &[2, 0x81, 1, 5],
            &[2, 0x82, 0, 1, 5],
            &[2, 0x80, 5, 0, 0],
            &[2, 2, 5],
        ];
        for bytes in others {
            assert_eq!(read(bytes), Err(NotDer), "{bytes:?}");
        }
        assert_eq!(Der(&[1, 1, 1]).default_false(), Err(NotDer));
        assert_eq!(Der(&[1, 1, 0]).default_false(), Err(NotDer));
        assert!(Der::within(&[0x30, 0, 0], SEQUENCE).is_err());
    }

    #[test]
    fn what_is_written_is_read() {
        for length in [0_usize, 1, 127, 128, 255, 256, 65_535, 65_536] {
            let content = vec![7; length];
            let bytes = written(OCTET_STRING, &[&content]);
            let mut der = Der(&bytes);
            assert_eq!(der.octets(), Ok(content.as_slice()), "{length}");
            assert!(der.is_empty());
        }
    }

    #[test]
    fn times_are_whole_seconds_in_utc() {
        let read = |tag: u8, text: &str| {
            Der(&written(tag, &[text.as_bytes()])).time().map(|time| time.to_string()).unwrap_or_default()
        };
        assert_eq!(read(GENERALIZED_TIME, "20261127160000Z"), "2026-11-27T16:00:00Z");
        assert_eq!(read(GENERALIZED_TIME, "20261127160000.25Z"), "2026-11-27T16:00:01Z");
        assert_eq!(read(UTC_TIME, "491231235959Z"), "2049-12-31T23:59:59Z");
        assert_eq!(read(UTC_TIME, "500101000000Z"), "1950-01-01T00:00:00Z");
        for (tag, text) in [
            (GENERALIZED_TIME, "20261127160000"),
            (GENERALIZED_TIME, "20261127160000+0100"),
            (GENERALIZED_TIME, "20261127160000.Z"),
            (GENERALIZED_TIME, "20261127160000.50Z"),
            (GENERALIZED_TIME, "20261327160000Z"),
            (GENERALIZED_TIME, "20261127160060Z"),
            (GENERALIZED_TIME, "20261231235960Z"),
            (UTC_TIME, "261127160060Z"),
            (GENERALIZED_TIME, "202611271600Z"),
            (UTC_TIME, "20261127160000Z"),
            (UTC_TIME, "2611271600Z"),
            (OCTET_STRING, "20261127160000Z"),
        ] {
            assert_eq!(read(tag, text), "", "{text}");
        }
    }
}
