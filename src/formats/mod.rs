//! Recognise a report and turn its bytes into observations.
//!
//! What must stay true: content alone decides the format, exactly one format claims a report or it is refused, and every
//! element of the report is an observation, a suppressed one, or counted as not understood.
//!
//! One file a format: wire structs private at the top, then `detect`, then `parse`. A format is that file plus its row in
//! [`FORMATS`]; help text, docs, the detection matrix, golden tests and fuzz targets derive from the table.

mod decode;
mod head;
mod wire;

use crate::model::report::{Check, Parsed};
use crate::model::text::Untrusted;

pub use head::Head;

/// A report format.
#[derive(Debug)]
pub struct Format {
    /// Kebab-case, stable: what `--report FORMAT:PATH` takes.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Where the format is documented.
    pub docs: &'static str,
    /// How to make such a report.
    pub produce: &'static str,
    /// Versions and layouts that were read.
    pub seen: &'static str,
    /// The checks that such a report may answer; the parser says which one does.
    pub checks: &'static [Check],
    /// Whether content of this shape is this format. Pure, cheap, and never two formats at once.
    pub detect: fn(&Head<'_>) -> bool,
    /// Reads the whole report.
    pub parse: fn(&str) -> Result<Parsed, FormatError>,
}

/// Every format, by id.
pub static FORMATS: &[&Format] = &[];

/// Limits on one report; a report beyond one is refused with the limit's name.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file after decompression.
    pub report_bytes: u64,
    /// Results in one report.
    pub results: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { report_bytes: 1 << 30, results: 5_000_000 }
    }
}

/// Why a report was refused. Always the report's or the caller's fault, never a pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file holds nothing.
    #[error("the report is empty")]
    Empty,
    /// Neither UTF-8 nor UTF-16, nor gzip of these.
    #[error("the report is not text: {0}")]
    NotText(String),
    /// Beyond a limit.
    #[error("the report exceeds the limit `{limit}` of {max}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// No format claims it.
    #[error("no format recognises this content")]
    Unknown,
    /// Several formats claim it, or content such as `[]` could be any.
    #[error("the content alone does not say the format; it could be {}", .claimants.join(", "))]
    Ambiguous {
        /// Ids of the formats.
        claimants: Vec<&'static str>,
    },
    /// The declared format does not exist.
    #[error("there is no format with that name")]
    NoSuchFormat,
    /// Not well-formed, or of another shape than the format's.
    #[error("not a sound {format} report: {}", .reason.line())]
    Malformed {
        /// The format's id.
        format: &'static str,
        /// What is wrong and where, with line and column where known.
        reason: Untrusted,
    },
    /// Well-formed, but it says that there was no scan (an error object), or lacks the mandatory part.
    #[error("this {format} report holds no results: {}", .reason.line())]
    NoResults {
        /// The format's id.
        format: &'static str,
        /// What it says instead.
        reason: Untrusted,
    },
    /// A version that has another structure.
    #[error("this version of {format} is not supported: {}", .version.line())]
    Version {
        /// The format's id.
        format: &'static str,
        /// The version found.
        version: Untrusted,
    },
}

/// Finds a format by id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.id == id)
}
