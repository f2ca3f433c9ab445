//! Approvals that somebody signed.
//!
//! What must stay true: a principal counts only when a key that the allowed signers list for it signed this very record for
//! this very repository, and one key is one person, whatever names it is listed for.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::Record;
use super::ssh::{self, AllowedSigners};
use crate::model::exception::{Exception, Origin};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// The namespace that approvals are signed in (`ssh-keygen -Y sign -n`).
pub const NAMESPACE: &str = "countersign-exception";

/// The schema tag of the signed bytes.
pub const SCHEMA: &str = "countersign/exception/v1";

/// What stands for the repository in an approval of the organisation's record, which is for all of them. No repository is called so.
pub const EVERYWHERE: &str = "*";

/// The bytes that an approver signs: JSON of schema, repository and the record without its approvals, keys sorted, no white
/// space. The repository is in it so that an approval cannot be carried elsewhere; `null` where it is not known.
#[must_use]
pub fn signed_bytes(exception: &Exception, repository: Option<&str>) -> Vec<u8> {
    let without_approvals = Exception { approvals: Vec::new(), ..exception.clone() };
    let record = canonical(&without_approvals);
    json!({ "record": record, "repository": repository, "schema": SCHEMA }).to_string().into_bytes()
}

/// A record as JSON; `serde_json`'s maps are sorted.
pub(super) fn canonical(exception: &Exception) -> Value {
    // A record is text, dates and lists: there is nothing in it that JSON could not hold.
    serde_json::to_value(exception).unwrap_or_default()
}

/// What came of a record's approvals.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Approvers {
    /// Principals whose signature was verified, sorted.
    pub verified: Vec<Untrusted>,
    /// Approvals whose signature was not, and why.
    pub refused: Vec<Refused>,
}

/// An approval that does not count as signed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refused {
    /// The principal that the record names.
    pub by: Untrusted,
    /// The signature file that it names.
    pub signature: Untrusted,
    /// Why not.
    pub why: Untrusted,
}

impl Refused {
    /// Who and why, as one text.
    #[must_use]
    pub fn line(&self) -> Untrusted {
        Untrusted::new(format!("approval of {}: {}", self.by.as_raw(), self.why.as_raw()))
    }
}

/// Verifies the approvals of a record. `signatures` holds the bytes of the files that the approvals name, by that name.
#[must_use]
pub fn verified_approvers(
    record: &Record,
    repository: Option<&str>,
    signatures: &BTreeMap<Untrusted, Vec<u8>>,
    signers: &AllowedSigners,
    now: Timestamp,
) -> Approvers {
    let repository = match record.origin {
        Origin::Organisation => Some(EVERYWHERE),
        Origin::Repository => repository,
    };
    let message = signed_bytes(&record.exception, repository);
    let mut approvers = Approvers::default();
    let mut keys = BTreeMap::new();
    let mut verified = BTreeSet::new();
    let mut approvals: Vec<_> = record.exception.approvals.iter().collect();
    approvals.sort();
    for approval in approvals {
        let Some(name) = &approval.signature else { continue };
        let judged = match signatures.get(name) {
            None => Err("its signature file was not given".to_owned()),
            Some(bytes) => ssh::verify(bytes, &message, NAMESPACE).map_err(|error| error.to_string()),
        }
        .and_then(|key| match signers.allows(&key, approval.by.as_raw(), NAMESPACE, now) {
            Ok(()) => Ok(key),
            Err(error) => Err(error.to_string()),
        })
        .and_then(|key| match keys.insert(key, &approval.by) {
            Some(earlier) if *earlier != approval.by => Err(format!("the same key has approved as {}", earlier.line())),
            _ => Ok(()),
        });
        match judged {
            Ok(()) => {
                verified.insert(approval.by.clone());
            }
            Err(why) => {
                approvers.refused.push(Refused { by: approval.by.clone(), signature: name.clone(), why: why.into() })
            }
        }
    }
    approvers.verified = verified.into_iter().collect();
    approvers
}
