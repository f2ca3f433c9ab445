//! The narrowest criteria that a finding allows.
//!
//! What must stay true: a record with these criteria covers the finding itself, and of others as few as its report lets tell apart.

use std::str::FromStr as _;

use packageurl::PackageUrl;

use super::criteria::{is_cwe, is_odd_path};
use crate::model::exception::Match;
use crate::model::finding::Finding;
use crate::model::package::Package;
use crate::model::text::Untrusted;

/// Its names and its package in this version; where it has no name, its fingerprint and rule. And its path, where it is in one place.
#[must_use]
pub fn narrowest(finding: &Finding) -> Match {
    let ids: Vec<Untrusted> = finding.ids.iter().filter(|id| !is_cwe(id.as_raw())).cloned().collect();
    let named = !ids.is_empty();
    Match {
        package: finding.package.as_deref().filter(|_| named).and_then(versioned),
        fingerprint: Some(finding.fingerprint.clone()).filter(|_| !named),
        rule: Some(finding.rule.id.clone()).filter(|rule| !named && !rule.is_blank()),
        path: finding
            .location
            .path
            .as_ref()
            .filter(|_| finding.occurrences.is_empty())
            .and_then(|path| literal(path.as_raw())),
        ids,
        ..Match::default()
    }
}

fn versioned(package: &Package) -> Option<Untrusted> {
    let text = package.purl.as_ref()?.as_raw().trim();
    let mut purl = PackageUrl::from_str(text).ok()?;
    match (purl.version(), &package.version) {
        (None, Some(version)) => {
            purl.with_version(version.as_raw().trim().to_owned()).ok()?;
            Some(purl.to_string().into())
        }
        _ => Some(text.into()),
    }
}

/// A glob that matches one path alone; `None` where none can be written.
fn literal(path: &str) -> Option<Untrusted> {
    if is_odd_path(path) || path.is_empty() {
        return None;
    }
    let escaped = path.chars().map(|c| if "[*?{}".contains(c) { format!("[{c}]") } else { c.to_string() });
    Some(escaped.collect::<String>().into())
}
