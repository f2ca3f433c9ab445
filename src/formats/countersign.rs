//! Our own generic findings: what a scanner without a format of its own is turned into by a few lines of script.
//!
//! What must stay true: it is strict. An unknown key, word or shape refuses the whole report, because the script that wrote it
//! is the user's own and can be mended. Documented in `docs/formats/countersign.md`.

use std::num::NonZeroU64;

use serde::Deserialize;

use super::wire::{malformed, read};
use super::{Format, FormatError, Head};
use crate::model::digest::{CommitId, Digest};
use crate::model::finding::{Cvss, Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState, Tests, Tool};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub(super) static FORMAT: Format = Format {
    id: "countersign",
    title: "countersign's generic findings",
    docs: "docs/formats/countersign.md",
    produce: "a script of your own, for a scanner whose format is not read",
    seen: SCHEMA,
    checks: ANSWERED,
    detect,
    parse,
};

/// The checks that such a report may answer. What else is demanded is shown by a document of its own: lines that ran, planned changes,
/// packages. That there is one is not for a script to say.
const ANSWERED: &[Check] = &[
    Check::Secrets,
    Check::Sast,
    Check::Dependencies,
    Check::Iac,
    Check::Image,
    Check::License,
    Check::Dast,
    Check::Tests,
    Check::Quality,
];

const SCHEMA: &str = "countersign/generic-findings/v1";

fn detect(head: &Head<'_>) -> bool {
    !head.is_stream() && head.string("schema").is_some_and(|schema| schema.starts_with("countersign/generic-findings/"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let schema: Schema = read(text, FORMAT.id)?;
    if schema.schema != SCHEMA {
        return Err(FormatError::Version { format: FORMAT.id, version: schema.schema.into() });
    }
    let report: Report = read(text, FORMAT.id)?;
    let mut checks = report.checks;
    checks.sort();
    checks.dedup();
    if let Some(other) = checks.iter().find(|check| !ANSWERED.contains(check)) {
        let reason = format!("`checks` names `{}`, which results do not show: give the document itself", other.word());
        return Err(malformed(FORMAT.id, reason));
    }
    let mut parsed = Parsed {
        tool: Tool { name: report.tool.name, version: report.tool.version },
        target: report.target.into(),
        finished_at: report.finished_at,
        tests: report.tests.map(Tests::from),
        state: report.state,
        problems: report.problems,
        ..Parsed::new("", &checks)
    };
    if parsed.tool.name.is_blank() {
        return Err(malformed(FORMAT.id, "`tool.name` is blank"));
    }
    for (index, result) in report.results.into_iter().enumerate() {
        let pointer = format!("/results/{index}");
        let observation = observe(result).map_err(|reason| malformed(FORMAT.id, format!("{pointer} {reason}")))?;
        parsed.observations.push(Box::new(Observation { pointer: pointer.into(), ..observation }));
    }
    Ok(parsed)
}

fn observe(result: Outcome) -> Result<Observation, String> {
    let is_class = |name: &Untrusted| name.as_raw().to_ascii_uppercase().starts_with("CWE-");
    if result.rule.id.is_blank() || result.title.is_blank() {
        return Err("has a blank `rule.id` or `title`".to_owned());
    }
    if result.ids.iter().any(is_class) {
        return Err("has a CWE among its `ids`; classes belong into `cwes`".to_owned());
    }
    if !result.cwes.iter().all(is_class) {
        return Err("has something else than a CWE among its `cwes`".to_owned());
    }
    let probable = |value: f64, most: f64| (0.0..=most).contains(&value);
    if !result.epss.is_none_or(|epss| probable(epss, 1.0)) {
        return Err("has an `epss` that is not between 0 and 1".to_owned());
    }
    if !result.cvss.as_ref().and_then(|cvss| cvss.score).is_none_or(|score| probable(score, 10.0)) {
        return Err("has a `cvss.score` that is not between 0 and 10".to_owned());
    }
    let word = result.severity.word();
    Ok(Observation {
        rule: Rule { id: result.rule.id, name: result.rule.name, url: result.rule.url },
        ids: result.ids,
        covers: result.covers,
        cwes: result.cwes,
        severity_raw: Some(word.into()),
        cvss: result.cvss.map(|cvss| Box::new(Cvss { vector: cvss.vector, score: cvss.score, version: cvss.version })),
        title: result.title,
        package: result.package.map(|package| Box::new(package.into())),
        location: result.location.into(),
        published: result.published,
        known_exploited: result.known_exploited,
        epss: result.epss,
        confidence: result.confidence,
        suppression: result.suppression.map(|said| Suppression { by: said.by, reason: said.reason }),
        tool_fingerprint: result.fingerprint,
        context: result.context,
        ..Observation::new(result.kind, "", result.severity, SeveritySource::Scanner)
    })
}

/// Read first, so that another version is called one and not a list of unknown keys.
#[derive(Deserialize)]
struct Schema {
    schema: String,
}

#[cfg(test)]
fn answered(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
    let words: Vec<&str> = ANSWERED.iter().map(|check| check.word()).collect();
    schemars::json_schema!({ "type": "array", "items": { "type": "string", "enum": words } })
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(crate) struct Report {
    #[serde(rename = "schema")]
    _schema: String,
    tool: WireTool,
    #[cfg_attr(test, schemars(schema_with = "answered"))]
    checks: Vec<Check>,
    #[serde(default)]
    target: WireTarget,
    #[serde(default)]
    finished_at: Option<Timestamp>,
    state: ScanState,
    #[serde(default)]
    problems: Vec<Untrusted>,
    #[serde(default)]
    tests: Option<WireTests>,
    results: Vec<Outcome>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct WireTool {
    name: Untrusted,
    #[serde(default)]
    version: Option<Untrusted>,
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct WireTarget {
    name: Option<Untrusted>,
    commit: Option<CommitId>,
    digests: Vec<Digest>,
}

impl From<WireTarget> for Target {
    fn from(WireTarget { name, commit, mut digests }: WireTarget) -> Self {
        digests.sort();
        digests.dedup();
        Self { name, commit, digests }
    }
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct WireTests {
    total: u64,
    failed: u64,
    errored: u64,
    skipped: u64,
    #[serde(default)]
    flaky: u64,
}

impl From<WireTests> for Tests {
    fn from(WireTests { total, failed, errored, skipped, flaky }: WireTests) -> Self {
        Self { total, failed, errored, skipped, flaky }
    }
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct Outcome {
    kind: Kind,
    rule: WireRule,
    severity: Severity,
    title: Untrusted,
    #[serde(default)]
    ids: Vec<Untrusted>,
    #[serde(default)]
    covers: Vec<Untrusted>,
    #[serde(default)]
    cwes: Vec<Untrusted>,
    #[serde(default)]
    cvss: Option<WireCvss>,
    #[serde(default)]
    package: Option<WirePackage>,
    #[serde(default)]
    location: WireLocation,
    #[serde(default)]
    published: Option<Untrusted>,
    #[serde(default)]
    known_exploited: Option<bool>,
    #[serde(default)]
    epss: Option<f64>,
    #[serde(default)]
    confidence: Option<Untrusted>,
    #[serde(default)]
    suppression: Option<WireSuppression>,
    #[serde(default)]
    fingerprint: Option<Untrusted>,
    #[serde(default)]
    context: Option<Untrusted>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct WireRule {
    id: Untrusted,
    #[serde(default)]
    name: Option<Untrusted>,
    #[serde(default)]
    url: Option<Untrusted>,
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct WireCvss {
    vector: Option<Untrusted>,
    score: Option<f64>,
    version: Option<Untrusted>,
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct WirePackage {
    name: Untrusted,
    #[serde(default)]
    version: Option<Untrusted>,
    #[serde(default)]
    purl: Option<Untrusted>,
    #[serde(default)]
    ecosystem: Option<Untrusted>,
    #[serde(default)]
    fixed_in: Vec<Untrusted>,
    #[serde(default)]
    fix_state: Option<FixState>,
}

impl From<WirePackage> for Package {
    fn from(WirePackage { name, version, purl, ecosystem, fixed_in, fix_state }: WirePackage) -> Self {
        let implied = if fixed_in.is_empty() { FixState::Unknown } else { FixState::Fixed };
        Self { name, version, purl, ecosystem, fix_state: fix_state.unwrap_or(implied), fixed_in }
    }
}

#[derive(Default, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct WireLocation {
    path: Option<Untrusted>,
    line: Option<NonZeroU64>,
    column: Option<NonZeroU64>,
    end_line: Option<NonZeroU64>,
    resource: Option<Untrusted>,
    image: Option<Untrusted>,
}

impl From<WireLocation> for Location {
    fn from(WireLocation { path, line, column, end_line, resource, image }: WireLocation) -> Self {
        let [line, column, end_line] = [line, column, end_line].map(|position| position.map(NonZeroU64::get));
        Self { path, line, column, end_line, resource, image }
    }
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
struct WireSuppression {
    by: SuppressedBy,
    #[serde(default)]
    reason: Option<Untrusted>,
}
