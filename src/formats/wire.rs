//! Reading typed JSON in one pass, with borrowed strings, from tools that do not always write what they document.
//!
//! What must stay true: an odd element neither kills a report nor disappears. A field of another JSON type than documented
//! reads as absent, an element that is no object or lacks what makes it a result is recorded as not understood with its
//! place, and only text that is not JSON, has a repeated key or goes on after its end makes the whole report malformed.
//!
//! Wire structs derive `Default` and `Deserialize` with `#[serde(default)]`, have fields of the types below only, and one
//! `#[serde(borrow)]`. Then deriving them cannot fail on the type of a field.

mod lenient;
mod lists;
mod values;

use serde::de::Deserialize;

use super::{FormatError, limits};
use crate::model::finding::Observation;
use crate::model::report::{NotUnderstood, Parsed, ScanState};
use crate::model::text::Untrusted;
use crate::parallel;

pub(super) use lists::{Dict, Keyed, List, Mixed, Named, OneOrMany, Part, Raw, Record, Rows, Values};
pub(super) use values::{Any, Flag, Number, Numbers, Text, Texts};

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
    read: impl Fn(&T) -> Result<Element, String>,
) -> Result<(), FormatError> {
    if let List::Odd(found) = list {
        return Err(malformed(format, format!("{at} should be a list and is {found}")));
    }
    let mut records = list.into_records();
    let before = [parsed.observations.len(), parsed.suppressed_apart.len(), parsed.not_understood.len()];
    let mut pointer = format!("{at}/");
    let prefix = pointer.len();
    // From the last to the first, so that the list can give its room back while the observations take theirs.
    while let Some(record) = records.pop() {
        let index = records.len();
        let read = match record {
            Record::Sound(element) => read(&element),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        pointer.truncate(prefix);
        pointer.push_str(&index.to_string());
        place(parsed, || pointer.as_str(), read);
        if parsed.observations.len() + parsed.suppressed_apart.len() + parsed.not_understood.len() > limits::RESULTS {
            return Err(limits::too_many_results());
        }
        if index.is_multiple_of(GIVEN_BACK) {
            records.shrink_to_fit();
        }
    }
    let [observations, apart, odd] = before;
    reverse_from(&mut parsed.observations, observations);
    reverse_from(&mut parsed.suppressed_apart, apart);
    reverse_from(&mut parsed.not_understood, odd);
    Ok(())
}

/// As [`results`], of a list whose objects are read here, by all cores: what comes out does not depend on how many there are.
///
/// # Errors
/// As [`results`], and [`FormatError::Malformed`] for the first object that is not sound.
pub(super) fn rows<'a, T: Deserialize<'a>>(
    Rows(list): Rows<'a, T>,
    whole: &'a str,
    format: &'static str,
    at: &str,
    parsed: &mut Parsed,
    read: impl Fn(&T) -> Result<Element, String> + Sync,
) -> Result<(), FormatError> {
    if let List::Odd(found) = list {
        return Err(malformed(format, format!("{at} should be a list and is {found}")));
    }
    let records = list.into_records();
    parsed.observations.reserve_exact(records.len());
    let chunks: Vec<(usize, &[Record<Raw<'_, T>>])> = records.chunks(CHUNK).enumerate().collect();
    // A few at a time, so that the room of those that were read is taken again while it is warm.
    for window in chunks.chunks(WINDOW) {
        let batches = parallel::map(window, parallel::cores(), |(number, chunk)| {
            let mut batch = Parsed::new("", &[]);
            batch.observations.reserve_exact(chunk.len());
            let mut pointer = format!("{at}/");
            let prefix = pointer.len();
            for (index, record) in chunk.iter().enumerate() {
                let read = match record {
                    Record::Sound(raw) => {
                        read(&raw.read().map_err(|error| unsound_at(format, whole, raw.text(), &error))?)
                    }
                    Record::Odd(found) => Err(format!("should be an object and is {found}")),
                };
                pointer.truncate(prefix);
                pointer.push_str(&(number * CHUNK + index).to_string());
                place(&mut batch, || pointer.as_str(), read);
            }
            Ok(batch)
        });
        for batch in batches {
            take_up(batch?, parsed)?;
        }
    }
    Ok(())
}

/// Adds what was read of a part of a list.
fn take_up(mut batch: Parsed, parsed: &mut Parsed) -> Result<(), FormatError> {
    parsed.observations.append(&mut batch.observations);
    parsed.suppressed_apart.append(&mut batch.suppressed_apart);
    parsed.not_understood.append(&mut batch.not_understood);
    parsed.state = parsed.state.max(batch.state);
    if parsed.observations.len() + parsed.suppressed_apart.len() + parsed.not_understood.len() > limits::RESULTS {
        return Err(limits::too_many_results());
    }
    Ok(())
}

/// Objects that a thread reads at a time.
const CHUNK: usize = 128;
/// Of such parts, those that are read before their results are gathered.
const WINDOW: usize = 64;

/// What `serde_json` found wrong in a part of a text, with its place in the whole.
fn unsound_at(format: &'static str, whole: &str, part: &str, error: &serde_json::Error) -> FormatError {
    if let Some(limit) = limits::exceeded(error) {
        return limit;
    }
    let said = error.to_string();
    let own = format!(" at line {} column {}", error.line(), error.column());
    let before = part.as_ptr().addr().checked_sub(whole.as_ptr().addr()).and_then(|length| whole.get(..length));
    let (Some(reason), Some(before)) = (said.strip_suffix(&own), before) else { return malformed(format, said) };
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + error.line();
    let ahead = before.rsplit('\n').next().map_or(0, str::len);
    let column = error.column() + if error.line() == 1 { ahead } else { 0 };
    malformed(format, format!("{reason} at line {line} column {column}"))
}

/// Elements after which a list gives back the room of those that were read.
const GIVEN_BACK: usize = 4096;

fn reverse_from<T>(list: &mut [T], from: usize) {
    list.get_mut(from..).unwrap_or_default().reverse();
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
pub(super) fn place<P: Into<Untrusted>>(
    parsed: &mut Parsed,
    pointer: impl FnOnce() -> P,
    read: Result<Element, String>,
) {
    match read {
        Ok(Element::Result(mut observation)) => {
            observation.pointer = pointer().into();
            parsed.observations.push(observation);
        }
        Ok(Element::Apart(mut observation)) => {
            observation.pointer = pointer().into();
            parsed.suppressed_apart.push(observation);
        }
        Ok(Element::NoResult) => {}
        Err(reason) => not_understood(parsed, pointer(), reason),
    }
}

/// Records an element that is not understood; the report is then partial.
pub(super) fn not_understood(parsed: &mut Parsed, pointer: impl Into<Untrusted>, reason: impl Into<Untrusted>) {
    let reason = reason.into();
    parsed.state = parsed.state.max(ScanState::Partial);
    parsed.not_understood.push(NotUnderstood { pointer: pointer.into(), reason });
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

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
