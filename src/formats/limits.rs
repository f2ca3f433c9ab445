//! How much of a report is read.
//!
//! What must stay true: whatever a report holds, the memory that reading takes is bounded by its size and these figures, and
//! what goes beyond one is refused with the limit's name. docs/LIMITS.md lists them; a test holds the two together.

use std::cell::Cell;

use serde::de::Error;

use super::FormatError;

/// Bytes of one report after decompression.
pub(super) const REPORT_BYTES: u64 = 1 << 30;
/// How many times its compressed size a report may have, once it is larger than [`RATIO_FROM`].
pub(super) const GZIP_RATIO: u64 = 500;
/// Bytes up to which the ratio does not matter.
pub(super) const RATIO_FROM: u64 = 16 << 20;
/// Results in one report.
pub(super) const RESULTS: usize = 2_000_000;
/// Levels of JSON: `serde_json` has room for so many, and errs on the next.
pub(super) const DEPTH: u64 = 127;
/// Levels of XML elements.
pub(super) const XML_DEPTH: usize = 128;
/// Bytes of one string that is read; of what is passed over, none counts.
pub(super) const STRING_BYTES: usize = 16 << 20;
/// Bytes that lists of a report may take in memory for each byte of its text, beyond [`LIST_MEMORY`].
const EXPANSION: u64 = 8;
/// Bytes that they may always take.
const LIST_MEMORY: u64 = 256 << 20;

thread_local! {
    /// What is left for the lists of the report that this thread reads.
    static ROOM: Cell<u64> = const { Cell::new(LIST_MEMORY) };
}

/// Begins a report whose text has so many bytes.
pub(super) fn open(bytes: usize) {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    ROOM.set(bytes.saturating_mul(EXPANSION).saturating_add(LIST_MEMORY));
}

/// Takes the room of one element of a list.
pub(super) fn charge<T, E: Error>() -> Result<(), E> {
    let size = u64::try_from(size_of::<T>()).unwrap_or(u64::MAX);
    let left = ROOM.get().checked_sub(size).ok_or_else(|| E::custom(EXPANDED))?;
    ROOM.set(left);
    Ok(())
}

/// Checks the length of a string.
pub(super) fn string<E: Error>(text: &str) -> Result<(), E> {
    if text.len() > STRING_BYTES { Err(E::custom(LONG)) } else { Ok(()) }
}

const EXPANDED: &str = "beyond the limit on lists";
const LONG: &str = "beyond the limit on strings";
/// How `serde_json` says it.
const NESTED: &str = "recursion limit exceeded";

/// The limit that an error is about.
pub(super) fn exceeded(error: &serde_json::Error) -> Option<FormatError> {
    let text = error.to_string();
    let limits = [
        (EXPANDED, "list_memory", LIST_MEMORY),
        (LONG, "string_bytes", u64::try_from(STRING_BYTES).unwrap_or(u64::MAX)),
        (NESTED, "depth", DEPTH),
    ];
    let (_, limit, max) = limits.into_iter().find(|(words, _, _)| text.starts_with(words))?;
    Some(FormatError::TooLarge { limit, max })
}

/// More than [`RESULTS`].
pub(super) fn too_many_results() -> FormatError {
    FormatError::TooLarge { limit: "results", max: u64::try_from(RESULTS).unwrap_or(u64::MAX) }
}
