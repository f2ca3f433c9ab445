//! The advisories of the npm registry's audit endpoint, which npm 6, pnpm and Yarn pass on as they get them.
//!
//! What must stay true: one advisory is one result, whatever is missing in it; a score of 0 without a vector says that nobody
//! scored it, not that it is harmless.

use serde::Deserialize;

use super::terms::{assessment, cwe, distinct, title, vulnerability_id};
use super::wire::{List, Number, Part, Text, Texts};
use crate::model::finding::{Cvss, Kind, Location, Observation, Rule};
use crate::model::package::{FixState, Package};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

/// What an audit knows of one advisory.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Advisory<'a> {
    #[serde(borrow)]
    pub(super) id: Text<'a>,
    title: Text<'a>,
    module_name: Text<'a>,
    cves: Texts<'a>,
    github_advisory_id: Text<'a>,
    url: Text<'a>,
    severity: Text<'a>,
    cwe: Texts<'a>,
    cvss: Part<Score<'a>>,
    created: Text<'a>,
    patched_versions: Text<'a>,
    findings: List<Installed<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Installed<'a> {
    #[serde(borrow)]
    version: Text<'a>,
    paths: Texts<'a>,
}

/// A score as npm writes it.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct Score<'a> {
    score: Number,
    #[serde(borrow, rename = "vectorString")]
    vector: Text<'a>,
}

impl Score<'_> {
    /// The assessment, where somebody made one.
    pub(super) fn assessment(&self) -> Option<Box<Cvss>> {
        let stated = self.score.real().filter(|score| *score > 0.0 || self.vector.get().is_some());
        assessment(self.vector.get(), stated)
    }
}

/// The GHSA at the end of an advisory's address.
pub(super) fn named_by_url(url: &str) -> Option<Untrusted> {
    vulnerability_id(url.trim_end_matches('/').rsplit('/').next()?)
}

/// Classes; also those that Yarn writes as a list within a string.
pub(super) fn classes(texts: &Texts<'_>) -> Vec<Untrusted> {
    let parts = texts.iter().flat_map(|text| text.split([',', '[', ']', '"', ' ']));
    distinct(parts.filter(|part| !part.is_empty()).filter_map(cwe).collect())
}

impl Advisory<'_> {
    /// One result for the advisory; `path` is the dependency path of one of its places.
    pub(super) fn observation(&self, key: &str, path: Option<&str>) -> Observation {
        let ghsa = [&self.github_advisory_id].into_iter().find_map(|id| vulnerability_id(id.get()?));
        let ghsa = ghsa.or_else(|| named_by_url(self.url.get()?));
        let cves = self.cves.iter().filter_map(vulnerability_id);
        let rule = match &ghsa {
            Some(id) => id.clone(),
            None => self.id.get().unwrap_or(key).into(),
        };
        let word = self.severity.get();
        let source = if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
        let path = path.or_else(|| self.findings.sound().find_map(|place| place.paths.iter().next()));
        Observation {
            rule: Rule { id: rule.clone(), name: None, url: self.url.untrusted() },
            ids: distinct(ghsa.into_iter().chain(cves).collect()),
            cwes: classes(&self.cwe),
            severity_raw: self.severity.untrusted(),
            cvss: self.cvss.get().and_then(Score::assessment),
            title: self.title.get().map(title).unwrap_or_default(),
            package: self.package(path).map(Box::new),
            published: self.created.untrusted(),
            location: Location { resource: path.map(Untrusted::from), ..Location::default() },
            ..Observation::new(Kind::Vulnerability, rule, Severity::from_word(word.unwrap_or_default()), source)
        }
    }

    fn package(&self, path: Option<&str>) -> Option<Package> {
        let on_path = |place: &&Installed<'_>| place.paths.iter().any(|own| Some(own) == path);
        let installed = self.findings.sound().find(on_path).or_else(|| self.findings.sound().next());
        let (fixed_in, fix_state) = match self.patched_versions.get() {
            Some("<0.0.0") => (Vec::new(), FixState::NotFixed),
            Some(range) => (vec![range.into()], FixState::Fixed),
            None => (Vec::new(), FixState::Unknown),
        };
        Some(Package {
            name: self.module_name.untrusted()?,
            version: installed.and_then(|place| place.version.untrusted()),
            purl: None,
            ecosystem: Some("npm".into()),
            fixed_in,
            fix_state,
        })
    }
}
