//! How a statement about a vulnerability shows among what scanners saw.
//!
//! What must stay true: a statement is no result. It is listed apart, as a note of no severity that is suppressed from the
//! start, so that it opens nothing, closes nothing that a scanner saw, and is still found by its names.

use crate::model::document::VexStatus;
use crate::model::finding::{Kind, Observation, SuppressedBy, Suppression};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

use super::terms::package_of;

/// A note on a vulnerability that a document has statements about.
pub(super) fn note(
    names: &[Untrusted],
    statuses: &[VexStatus],
    purl: Option<&Untrusted>,
    pointer: &str,
) -> Observation {
    let rule = names.first().cloned().unwrap_or_default();
    let words: Vec<&str> = statuses.iter().map(|status| status.word()).collect();
    let said = format!("VEX statement: {}", words.join(", "));
    Observation {
        ids: names.to_vec(),
        title: said.as_str().into(),
        package: purl.and_then(|purl| package_of(purl.as_raw())).map(Box::new),
        suppression: Some(Suppression { by: SuppressedBy::Vex, reason: Some(said.into()) }),
        pointer: pointer.into(),
        ..Observation::new(Kind::Vulnerability, rule, Severity::Info, SeveritySource::Format)
    }
}
