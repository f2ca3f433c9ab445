//! When something ships, and when nothing does.

use serde::{Deserialize, Serialize};

use crate::model::change::ChangeKind;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// A time in which nothing ships.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Freeze {
    /// Its name.
    pub name: Untrusted,
    /// First instant.
    pub from: Timestamp,
    /// First instant after it.
    pub until: Timestamp,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Whether an emergency change may ship.
    pub emergency_ships: bool,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// A time of the week in which changes ship.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Window {
    /// Its name.
    pub name: Untrusted,
    /// The days on which it begins.
    pub days: Vec<Weekday>,
    /// The time of day at which it opens, in its zone.
    pub from: TimeOfDay,
    /// The time of day before which it closes, `24:00` at most; at or before `from`: on the next day.
    pub until: TimeOfDay,
    /// The time zone, as the IANA database names it (`Europe/Berlin`, `UTC`).
    pub zone: Untrusted,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Whether an emergency change may ship outside of it.
    pub emergency_ships: bool,
    /// Who answers for it.
    pub owner: Untrusted,
}

/// A day of the week.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the days of the week")]
pub enum Weekday {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// A time of day: hours and minutes, from `00:00` to `24:00`. Times compare as their texts do.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay(String);

impl TryFrom<String> for TimeOfDay {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let two = |digits: &str| match digits.len() == 2 && digits.bytes().all(|b| b.is_ascii_digit()) {
            true => digits.parse::<u8>().ok(),
            false => None,
        };
        let parts = text.split_once(':').and_then(|(hours, minutes)| Some((two(hours)?, two(minutes)?)));
        match parts {
            Some((0..=23, 0..=59) | (24, 0)) => Ok(Self(text)),
            _ => Err("a time of day is written HH:MM, from 00:00 to 24:00"),
        }
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.0
    }
}

/// A point from which on a release takes only some kinds of change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CutLine {
    /// The release.
    pub name: Untrusted,
    /// First instant after the cut.
    pub at: Timestamp,
    /// First instant after the release.
    pub until: Timestamp,
    /// Kinds of change that still go in.
    pub kinds: Vec<ChangeKind>,
    /// Environments; empty means all.
    #[serde(default)]
    pub environments: Vec<Untrusted>,
    /// Who answers for it.
    pub owner: Untrusted,
}
