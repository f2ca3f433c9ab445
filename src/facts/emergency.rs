//! An emergency that is claimed, and what earlier ones left owed.
//!
//! What must stay true: what is here was read and verified before policies run; whether it is enough is theirs to say.

use serde::{Deserialize, Serialize};

use crate::model::digest::CommitId;
use crate::model::emergency::{Closing, Emergency, Signers};
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// A record of an emergency, as it stands to this release.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ClaimedEmergency {
    /// The record.
    #[serde(flatten)]
    pub record: Emergency,
    /// Who signed it.
    pub signers: Signers,
    /// Whether the decision's instant lies between `created` and `expires`.
    pub in_force: bool,
    /// Its life in hours, rounded up.
    pub hours: i64,
    /// Parts of its scope that this release is not, sorted; empty where it is about this release.
    pub out_of_scope: Vec<Untrusted>,
}

/// What a release is, for the scope of a record.
#[derive(Clone, Copy, Debug)]
pub struct About<'a> {
    /// The service.
    pub service: Option<&'a Untrusted>,
    /// The environment.
    pub environment: &'a Untrusted,
    /// The repository.
    pub repository: Option<&'a Untrusted>,
    /// The commit.
    pub commit: Option<&'a CommitId>,
    /// The instant of the decision.
    pub now: Timestamp,
}

impl ClaimedEmergency {
    /// Holds a record against this release. What is not known of the release is not what the record names.
    #[must_use]
    pub fn of(record: Emergency, signers: Signers, about: About<'_>) -> Self {
        let scope = &record.scope;
        let mut out_of_scope = Vec::new();
        let mut hold = |part: &str, differs: bool| {
            if differs {
                out_of_scope.push(Untrusted::from(part));
            }
        };
        hold("commit", scope.commit.is_some() && scope.commit.as_ref() != about.commit);
        hold("environment", scope.environment.as_ref().is_some_and(|name| name != about.environment));
        hold("repository", scope.repository.is_some() && scope.repository.as_ref() != about.repository);
        hold("service", scope.service.is_some() && scope.service.as_ref() != about.service);
        let in_force = record.created <= about.now && about.now < record.expires;
        let seconds = record.expires.unix_seconds().saturating_sub(record.created.unix_seconds());
        let hours = seconds.saturating_add(3599).div_euclid(3600);
        Self { record, signers, in_force, hours, out_of_scope }
    }
}

/// A review that somebody signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct GivenClosing {
    /// The record.
    #[serde(flatten)]
    pub record: Closing,
    /// Who signed it.
    pub signers: Signers,
}

/// Earlier decisions about this repository and environment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct History {
    /// How many were verified.
    pub decisions: u64,
    /// Of how many the newest is.
    pub newest: Option<Timestamp>,
    /// Evidence that could not be verified, by its place, sorted.
    pub unverified: Vec<Untrusted>,
    /// What they left owed, by id.
    pub obligations: Vec<Owed>,
}

/// Something that an earlier release left owed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Owed {
    /// Its id: that of the emergency.
    pub id: Untrusted,
    /// What.
    pub what: Untrusted,
    /// Who.
    pub owner: Untrusted,
    /// Who asked for the emergency: whose review does not count.
    pub by: Option<Untrusted>,
    /// Until when.
    pub due: Date,
    /// The decision that left it.
    pub decision: Untrusted,
}
