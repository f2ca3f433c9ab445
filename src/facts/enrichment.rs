//! The data that was given beside the reports, as policies see it.

use serde::{Deserialize, Serialize};

use crate::model::enrichment::DataSet;
use crate::model::time::Timestamp;

/// Data that was given, and its age.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Enrichment {
    /// What it is.
    #[serde(flatten)]
    pub data: DataSet,
    /// Whole seconds from its own date to the decision's instant; negative where it claims to be from the future.
    pub age_seconds: i64,
}

/// Every data set, by source, path and date.
#[must_use]
pub fn enrichment(sets: Vec<DataSet>, now: Timestamp) -> Vec<Enrichment> {
    let mut rows: Vec<Enrichment> =
        sets.into_iter().map(|data| Enrichment { age_seconds: now.seconds_since(data.date), data }).collect();
    rows.sort();
    rows
}
