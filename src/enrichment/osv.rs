//! Advisories as OSV records: one, a list, an answer of the API (`vulns`), or one after another (NDJSON).
//! <https://ossf.github.io/osv-schema/>.

use std::borrow::Cow;

use serde::Deserialize;

use super::{DataError, Knowledge, Part, Source, malformed};
use crate::formats::Head;
use crate::model::enrichment::DataSource;
use crate::model::time::Timestamp;

pub(super) static SOURCE: Source = Source { id: DataSource::Osv, title: "OSV records", detect, read };

fn detect(head: &Head<'_>) -> bool {
    let lists = [head.root(), head.root().first(), head.first("vulns")];
    lists.iter().any(|record| record.has("id") && record.has("modified"))
}

#[derive(Deserialize)]
struct Record<'a> {
    #[serde(borrow)]
    id: Cow<'a, str>,
    modified: Timestamp,
    published: Option<Timestamp>,
    withdrawn: Option<Timestamp>,
    #[serde(borrow, default)]
    aliases: Option<Vec<Cow<'a, str>>>,
}

#[derive(Deserialize)]
struct Answer<'a> {
    #[serde(borrow)]
    vulns: Vec<Record<'a>>,
}

fn read(text: &str, knowledge: &mut Knowledge) -> Result<Part, DataError> {
    let wrong = |error: serde_json::Error| malformed(&SOURCE, &error);
    let mut sum = None;
    if text.trim_start().starts_with('[') {
        let records: Vec<Record<'_>> = serde_json::from_str(text).map_err(wrong)?;
        records.iter().try_for_each(|record| add(record, knowledge, &mut sum))?;
    } else if Head::of(text).has("vulns") {
        let answer: Answer<'_> = serde_json::from_str(text).map_err(wrong)?;
        answer.vulns.iter().try_for_each(|record| add(record, knowledge, &mut sum))?;
    } else {
        for record in serde_json::Deserializer::from_str(text).into_iter::<Record<'_>>() {
            add(&record.map_err(wrong)?, knowledge, &mut sum)?;
        }
    }
    sum.ok_or_else(|| malformed(&SOURCE, "it lists nothing"))
}

fn add(record: &Record<'_>, knowledge: &mut Knowledge, sum: &mut Option<Part>) -> Result<(), DataError> {
    if record.id.trim().is_empty() {
        return Err(malformed(&SOURCE, "a record without an id"));
    }
    let sum = sum.get_or_insert(Part { date: record.modified, entries: 0 });
    sum.date = sum.date.max(record.modified);
    sum.entries += 1;
    // What was withdrawn names nothing any more; that it was modified still tells how new the data is.
    if record.withdrawn.is_none() {
        let aliases = record.aliases.iter().flatten().map(AsRef::as_ref);
        knowledge.add_advisory(&record.id, aliases, record.published);
    }
    Ok(())
}
