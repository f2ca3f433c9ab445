//! Data about vulnerabilities that teams keep beside their reports: what is exploited, how likely it is to be, other names, dates.
//!
//! What must stay true: content alone decides what a file is, a file is read whole or refused, and data only ever adds: a name, an
//! earlier date, a higher probability, a known exploitation. Nothing that a scanner said is taken away.
//!
//! One file a source: that file plus its row in [`SOURCES`].

mod aliases;
mod archive;
mod epss;
mod kev;
mod knowledge;
mod osv;

use std::collections::BTreeMap;

use crate::formats::{FormatError, Head, Limits, text, unpack};
use crate::model::enrichment::DataSource;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub use knowledge::Knowledge;

/// Bytes of one file, or of one file in an archive, unpacked.
pub const FILE_BYTES: u64 = 1 << 30;
/// Bytes of all files in an archive, unpacked.
const ARCHIVE_BYTES: u64 = 16 << 30;
/// Files in an archive.
const ARCHIVE_FILES: u64 = 2_000_000;
/// Entries of all data of a run.
const ENTRIES: u64 = 5_000_000;

/// A source of data.
#[derive(Debug)]
pub struct Source {
    /// Which one.
    pub id: DataSource,
    /// For people.
    pub title: &'static str,
    /// Whether content of this shape is of this source. Never two sources at once.
    detect: fn(&Head<'_>) -> bool,
    /// Reads the whole text into what is known; answers with its date and its entries.
    read: fn(&str, &mut Knowledge) -> Result<Part, DataError>,
}

/// Every source.
pub static SOURCES: &[&Source] = &[&kev::SOURCE, &epss::SOURCE, &osv::SOURCE];

/// Why data was refused. Always the data's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DataError {
    /// No text, or damaged.
    #[error("not text: {0}")]
    NotText(String),
    /// Beyond a limit.
    #[error("exceeds the limit `{limit}` of {max}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// No source claims it.
    #[error("neither a KEV catalogue, nor EPSS scores, nor OSV records")]
    Unknown,
    /// Of a source, and not whole or not sound.
    #[error("not sound as {title}: {}", .reason.line())]
    Malformed {
        /// The source.
        title: &'static str,
        /// What is wrong and where.
        reason: Untrusted,
    },
    /// The same, for a file in an archive.
    #[error("{}: {why}", .member.line())]
    InArchive {
        /// The name of the file.
        member: Untrusted,
        /// What is wrong.
        why: Box<Self>,
    },
}

impl From<FormatError> for DataError {
    fn from(error: FormatError) -> Self {
        match error {
            FormatError::NotText(why) => Self::NotText(why),
            FormatError::TooLarge { limit: "report_bytes", max } => Self::TooLarge { limit: "data_bytes", max },
            FormatError::TooLarge { limit, max } => Self::TooLarge { limit, max },
            other => Self::NotText(other.to_string()),
        }
    }
}

/// What was read of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Of when it is.
    pub date: Timestamp,
    /// Vulnerabilities or advisories.
    pub entries: u64,
}

/// What was read, by source.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parts(BTreeMap<DataSource, Part>);

impl Parts {
    /// Adds what another file holds. Several catalogues or lists of scores are as old as the oldest, advisories as the newest.
    pub fn add(&mut self, source: DataSource, part: Part) {
        let sum = self.0.entry(source).or_insert(Part { entries: 0, ..part });
        sum.entries = sum.entries.saturating_add(part.entries);
        sum.date = match source {
            DataSource::Kev | DataSource::Epss => sum.date.min(part.date),
            DataSource::Osv => sum.date.max(part.date),
        };
    }

    /// Adds all of others.
    pub fn extend(&mut self, others: &Self) {
        for (source, part) in others.iter() {
            self.add(source, part);
        }
    }

    /// Every source with what was read of it.
    pub fn iter(&self) -> impl Iterator<Item = (DataSource, Part)> {
        self.0.iter().map(|(source, part)| (*source, *part))
    }

    fn entries(&self) -> u64 {
        self.0.values().map(|part| part.entries).fold(0, u64::saturating_add)
    }
}

/// Reads a file or an archive into what is known.
///
/// # Errors
/// Everything in [`DataError`].
pub fn read(bytes: &[u8], knowledge: &mut Knowledge) -> Result<Parts, DataError> {
    let parts = match archive::kind(bytes) {
        Some(kind) => archive::read(kind, bytes, knowledge)?,
        None => {
            let mut parts = Parts::default();
            let (source, part) = read_file(bytes, knowledge)?;
            parts.add(source, part);
            parts
        }
    };
    knowledge.count(parts.entries())?;
    Ok(parts)
}

fn read_file(bytes: &[u8], knowledge: &mut Knowledge) -> Result<(DataSource, Part), DataError> {
    let unpacked = unpack(bytes, &Limits { report_bytes: FILE_BYTES, ..Limits::default() })?;
    let text = text(&unpacked)?;
    let source = recognise(&text).ok_or(DataError::Unknown)?;
    Ok((source.id, (source.read)(&text, knowledge)?))
}

fn recognise(text: &str) -> Option<&'static Source> {
    let claim = |head: &Head<'_>| SOURCES.iter().copied().find(|source| (source.detect)(head));
    let head = Head::of(text);
    claim(&head).or_else(|| if head.is_cut() { claim(&Head::whole(text)) } else { None })
}

fn malformed<T: ToString + ?Sized>(source: &Source, reason: &T) -> DataError {
    DataError::Malformed { title: source.title, reason: Untrusted::new(reason.to_string()) }
}

/// `CVE-…` in upper case; `None` where it is none.
fn cve(text: &str) -> Option<Untrusted> {
    let upper = text.trim().to_ascii_uppercase();
    let (year, number) = upper.strip_prefix("CVE-")?.split_once('-')?;
    let digits = |part: &str| part.len() >= 4 && part.bytes().all(|byte| byte.is_ascii_digit());
    (digits(year) && digits(number)).then(|| Untrusted::new(upper))
}
