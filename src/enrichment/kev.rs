//! The catalogue of known exploited vulnerabilities of CISA: <https://www.cisa.gov/known-exploited-vulnerabilities-catalog>.

use std::borrow::Cow;

use serde::Deserialize;

use super::{DataError, Knowledge, Part, Source, cve, malformed};
use crate::formats::Head;
use crate::model::enrichment::DataSource;
use crate::model::time::Timestamp;

pub(super) static SOURCE: Source = Source { id: DataSource::Kev, title: "a KEV catalogue", detect, read };

fn detect(head: &Head<'_>) -> bool {
    head.has("catalogVersion") && head.has("dateReleased")
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Catalogue<'a> {
    date_released: Timestamp,
    count: u64,
    #[serde(borrow)]
    vulnerabilities: Vec<Entry<'a>>,
}

#[derive(Deserialize)]
struct Entry<'a> {
    #[serde(borrow, rename = "cveID")]
    cve: Cow<'a, str>,
}

fn read(text: &str, knowledge: &mut Knowledge) -> Result<Part, DataError> {
    let catalogue: Catalogue<'_> = serde_json::from_str(text).map_err(|error| malformed(&SOURCE, &error))?;
    let entries = u64::try_from(catalogue.vulnerabilities.len()).unwrap_or(u64::MAX);
    if entries != catalogue.count || entries == 0 {
        let reason = format!("it says that it lists {}, and lists {entries}", catalogue.count);
        return Err(malformed(&SOURCE, &reason));
    }
    for entry in &catalogue.vulnerabilities {
        let id = cve(&entry.cve).ok_or_else(|| malformed(&SOURCE, &format!("{:?} is no CVE", entry.cve)))?;
        knowledge.add_exploited(id);
    }
    Ok(Part { date: catalogue.date_released, entries })
}
