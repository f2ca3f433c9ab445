//! Data about vulnerabilities that was given beside the reports: where it came from, and how old it is.

use serde::{Deserialize, Serialize};

use super::report::Sha256Field;
use super::text::Untrusted;
use super::time::Timestamp;

/// Who publishes the data.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum DataSource {
    /// CISA: vulnerabilities that are known to be exploited.
    Kev,
    /// FIRST: the probability of exploitation.
    Epss,
    /// OSV: advisories, with their aliases and their dates.
    Osv,
}

impl DataSource {
    /// The word used in profiles and in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Kev => "kev",
            Self::Epss => "epss",
            Self::Osv => "osv",
        }
    }
}

/// What one given path holds of one source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct DataSet {
    /// Who publishes it.
    pub source: DataSource,
    /// The path as given.
    pub path: Untrusted,
    /// Of when it is, as it says itself.
    pub date: Timestamp,
    /// The SHA-256 of the file; of a directory, that of the lines `DIGEST  PATH` of its files, as `sha256sum` writes them.
    pub digest: Sha256Field,
    /// Vulnerabilities or advisories in it.
    pub entries: u64,
}
