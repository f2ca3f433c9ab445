//! Instants and calendar days, always UTC.
//!
//! What must stay true: nothing here reads a clock. An instant is given from outside, once, and recorded.

use std::fmt;
use std::str::FromStr;

use jiff::civil;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC with whole seconds; written as `2026-11-21T08:00:00Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(jiff::Timestamp);

/// The text is no RFC 3339 instant with a zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an instant: expected RFC 3339 with a zone, like 2026-11-21T08:00:00Z")]
pub struct NotATimestamp;

impl Timestamp {
    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.as_second()
    }

    /// Nanoseconds since 1970-01-01T00:00:00Z, as Rego's `time.now_ns` wants them; `None` beyond the year 2262.
    #[must_use]
    pub fn unix_nanos(self) -> Option<i64> {
        i64::try_from(self.0.as_nanosecond()).ok()
    }

    /// An instant from seconds since 1970.
    #[must_use]
    pub fn from_unix_seconds(seconds: i64) -> Option<Self> {
        jiff::Timestamp::from_second(seconds).ok().map(Self)
    }

    /// The UTC calendar day.
    #[must_use]
    pub fn date(self) -> Date {
        Date(self.0.to_zoned(jiff::tz::TimeZone::UTC).date())
    }

    /// Whole seconds from `earlier` to `self`; negative when `self` is the earlier one.
    #[must_use]
    pub fn seconds_since(self, earlier: Self) -> i64 {
        self.unix_seconds().saturating_sub(earlier.unix_seconds())
    }
}

impl FromStr for Timestamp {
    type Err = NotATimestamp;

    fn from_str(text: &str) -> Result<Self, NotATimestamp> {
        let instant: jiff::Timestamp = text.trim().parse().map_err(|_| NotATimestamp)?;
        jiff::Timestamp::from_second(instant.as_second()).map(Self).map_err(|_| NotATimestamp)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// A calendar day, written as `2026-11-21`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Date(civil::Date);

/// The text is no calendar day.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a date: expected year-month-day, like 2026-11-30")]
pub struct NotADate;

impl Date {
    /// The first instant of the day, UTC.
    #[must_use]
    pub fn start(self) -> Timestamp {
        // Every civil date within jiff's range has a UTC midnight; the fallback keeps this total.
        self.0.to_zoned(jiff::tz::TimeZone::UTC).map_or(Timestamp(jiff::Timestamp::MIN), |z| Timestamp(z.timestamp()))
    }

    /// The first instant after the day, UTC: a record that expires on this day is in force until here.
    #[must_use]
    pub fn end(self) -> Timestamp {
        self.0.tomorrow().map_or(Timestamp(jiff::Timestamp::MAX), |next| Self(next).start())
    }

    /// Whole days from `earlier` to `self`; negative when `self` is the earlier one.
    #[must_use]
    pub fn days_since(self, earlier: Self) -> i64 {
        self.start().seconds_since(earlier.start()) / 86_400
    }

    /// The day `days` after this one, clamped to the calendar's range.
    #[must_use]
    pub fn plus_days(self, days: i32) -> Self {
        Self(self.0.saturating_add(jiff::Span::new().days(days)))
    }
}

impl FromStr for Date {
    type Err = NotADate;

    fn from_str(text: &str) -> Result<Self, NotADate> {
        let shaped = text.len() == 10
            && text.bytes().enumerate().all(|(i, b)| match i {
                4 | 7 => b == b'-',
                _ => b.is_ascii_digit(),
            });
        if !shaped {
            return Err(NotADate);
        }
        text.parse().map(Self).map_err(|_| NotADate)
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl Serialize for Date {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Date {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_where_the_next_begins() {
        let day: Date = "2026-11-30".parse().unwrap();
        assert_eq!(day.end().to_string(), "2026-12-01T00:00:00Z");
        assert_eq!(day.plus_days(1).days_since(day), 1);
    }

    #[test]
    fn dates_and_instants_are_strict() {
        for bad in ["2026-02-30", "2026-2-3", "30.11.2026", "2026-11-30T00:00:00Z", ""] {
            assert!(bad.parse::<Date>().is_err(), "{bad}");
        }
        for bad in ["2026-11-30", "2026-11-30T10:00:00", "yesterday"] {
            assert!(bad.parse::<Timestamp>().is_err(), "{bad}");
        }
        let zoned: Timestamp = "2026-11-30T10:00:00.5+02:00".parse().unwrap();
        assert_eq!(zoned.to_string(), "2026-11-30T08:00:00Z");
    }
}
