//! Recognise a report and turn its bytes into observations.
//!
//! What must stay true: content alone decides the format, exactly one format claims a report or it is refused, and every
//! element of the report is an observation, a suppressed one, or counted as not understood.
//!
//! One file a format. A format is that file plus its row in [`FORMATS`]; help text, docs, the detection matrix, golden tests
//! and fuzz targets derive from the table. How to write one:
//!
//! 1. `pub(super) static FORMAT: Format`, then `detect`, then `parse`, then the private wire structs.
//! 2. `detect` asks [`Head`] for keys that are there: claim what only this format writes, and nothing that is empty enough
//!    to be another's. What is absent from the head may still come later in the report.
//! 3. Wire structs derive `Default` and `Deserialize`, carry `#[serde(default)]`, and have fields of the types in `wire`
//!    (`Text`, `Texts`, `Number`, `Flag`, `Part`, `List`, `OneOrMany`, `Dict`), one of them with `#[serde(borrow)]`.
//! 4. `parse` calls `wire::read`, demands the mandatory list, and hands each list of results to `wire::results`, whose
//!    closure gives an observation or the reason why there is none. What the report says about its own health goes to
//!    [`Parsed::degrade`]. XML is read with `xml::Xml` instead.
//! 5. Real reports go to `fixtures/formats/<id>/`, each beside its `.expected.json`.

mod decode;
mod head;
mod limits;
mod npm_advisory;
mod terms;
mod vex;
mod wire;
mod xml;

mod asff;
mod bandit;
mod brakeman;
mod cargo_audit;
mod checkov;
mod cobertura;
mod composer_audit;
mod conftest;
pub(crate) mod countersign;
mod csaf;
mod cyclonedx;
mod defectdojo_generic;
mod dependency_check;
mod detect_secrets;
mod dockle;
mod eslint;
mod github_code_scanning;
mod github_dependabot;
mod github_secret_scanning;
mod gitlab;
mod gitlab_codequality;
mod gitleaks;
mod gosec;
mod govulncheck;
mod grype;
mod hadolint;
mod in_toto;
mod junit;
mod kics;
mod kube_bench;
mod kube_linter;
mod kubescape;
mod lcov;
mod npm_audit;
mod nuclei;
mod ocsf;
mod openvex;
mod osv_scanner;
mod pip_audit;
mod pnpm_audit;
mod polaris;
mod sarif;
mod scorecard;
mod semgrep;
mod snyk;
mod sonarqube;
mod spdx;
mod spotbugs;
mod terraform_plan;
mod terrascan;
mod tfsec;
mod trivy;
mod trufflehog;
mod yarn_audit;
mod zap;

use crate::model::report::{Check, Parsed};
use crate::model::text::Untrusted;

pub(crate) use decode::{text, unpack};
pub use head::{Head, Node, XmlRoot};

/// A report format.
#[derive(Debug)]
pub struct Format {
    /// Kebab-case, stable: what `--report FORMAT:PATH` takes.
    pub id: &'static str,
    /// For people.
    pub title: &'static str,
    /// Where the format is documented.
    pub docs: &'static str,
    /// How to make such a report.
    pub produce: &'static str,
    /// Versions and layouts that were read.
    pub seen: &'static str,
    /// The checks that such a report may answer; the parser says which one does.
    pub checks: &'static [Check],
    /// Whether content of this shape is this format. Pure, cheap, and never two formats at once.
    pub detect: fn(&Head<'_>) -> bool,
    /// Reads the whole report.
    pub parse: fn(&str) -> Result<Parsed, FormatError>,
}

/// Every format, by id.
pub static FORMATS: &[&Format] = &[
    &asff::FORMAT,
    &bandit::FORMAT,
    &brakeman::FORMAT,
    &cargo_audit::FORMAT,
    &checkov::FORMAT,
    &cobertura::FORMAT,
    &composer_audit::FORMAT,
    &conftest::FORMAT,
    &countersign::FORMAT,
    &csaf::FORMAT,
    &cyclonedx::FORMAT,
    &defectdojo_generic::FORMAT,
    &dependency_check::FORMAT,
    &detect_secrets::FORMAT,
    &dockle::FORMAT,
    &eslint::FORMAT,
    &github_code_scanning::FORMAT,
    &github_dependabot::FORMAT,
    &github_secret_scanning::FORMAT,
    &gitlab::FORMAT,
    &gitlab_codequality::FORMAT,
    &gitleaks::FORMAT,
    &gosec::FORMAT,
    &govulncheck::FORMAT,
    &grype::FORMAT,
    &hadolint::FORMAT,
    &in_toto::FORMAT,
    &junit::FORMAT,
    &kics::FORMAT,
    &kube_bench::FORMAT,
    &kube_linter::FORMAT,
    &kubescape::FORMAT,
    &lcov::FORMAT,
    &npm_audit::FORMAT,
    &nuclei::FORMAT,
    &ocsf::FORMAT,
    &openvex::FORMAT,
    &osv_scanner::FORMAT,
    &pip_audit::FORMAT,
    &pnpm_audit::FORMAT,
    &polaris::FORMAT,
    &sarif::FORMAT,
    &scorecard::FORMAT,
    &semgrep::FORMAT,
    &snyk::FORMAT,
    &sonarqube::FORMAT,
    &spdx::FORMAT,
    &spotbugs::FORMAT,
    &terraform_plan::FORMAT,
    &terrascan::FORMAT,
    &tfsec::FORMAT,
    &trivy::FORMAT,
    &trufflehog::FORMAT,
    &yarn_audit::FORMAT,
    &zap::FORMAT,
];

/// Limits on one report; a report beyond one is refused with the limit's name.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the file after decompression.
    pub report_bytes: u64,
    /// Results in one report.
    pub results: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { report_bytes: limits::REPORT_BYTES, results: limits::RESULTS }
    }
}

/// Why a report was refused. Always the report's or the caller's fault, never a pass.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// The file holds nothing.
    #[error("the report is empty")]
    Empty,
    /// Neither UTF-8 nor UTF-16, nor gzip of these.
    #[error("the report is not text: {0}")]
    NotText(String),
    /// Beyond a limit.
    #[error("the report exceeds the limit `{limit}` of {max}")]
    TooLarge {
        /// The limit's name.
        limit: &'static str,
        /// Its value.
        max: u64,
    },
    /// No format claims it.
    #[error("no format recognises this content")]
    Unknown,
    /// Several formats claim it, or content such as `[]` could be any.
    #[error("the content alone does not say the format; it could be {}", .claimants.join(", "))]
    Ambiguous {
        /// Ids of the formats.
        claimants: Vec<&'static str>,
    },
    /// The declared format does not exist.
    #[error("there is no format with that name")]
    NoSuchFormat,
    /// Not well-formed, or of another shape than the format's.
    #[error("not a sound {format} report: {}", .reason.line())]
    Malformed {
        /// The format's id.
        format: &'static str,
        /// What is wrong and where, with line and column where known.
        reason: Untrusted,
    },
    /// Well-formed, but it says that there was no scan (an error object), or lacks the mandatory part.
    #[error("this {format} report holds no results: {}", .reason.line())]
    NoResults {
        /// The format's id.
        format: &'static str,
        /// What it says instead.
        reason: Untrusted,
    },
    /// A version that has another structure.
    #[error("this version of {format} is not supported: {}", .version.line())]
    Version {
        /// The format's id.
        format: &'static str,
        /// The version found.
        version: Untrusted,
    },
}

/// Bytes of a report that are tried against every format to say which ones it could be.
const BARE: usize = 4096;

/// Reads a report, in the declared format or else in the one that its content shows.
///
/// # Errors
/// Everything in [`FormatError`]; a report is read whole or refused.
pub fn read(bytes: &[u8], declared: Option<&str>, limits: &Limits) -> Result<(&'static Format, Parsed), FormatError> {
    let unpacked = unpack(bytes, limits)?;
    let text = text(&unpacked)?;
    let is_blank = text.trim().is_empty();
    let format = match declared {
        Some(id) => by_id(id).ok_or(FormatError::NoSuchFormat)?,
        None if is_blank => return Err(FormatError::Empty),
        None => recognise(&text)?,
    };
    // Some tools write nothing where they find nothing; only who ran one can say so.
    let parsed = (format.parse)(&text).map_err(|error| if is_blank { FormatError::Empty } else { error })?;
    let elements = parsed.observations.len() + parsed.suppressed_apart.len() + parsed.not_understood.len();
    if elements > limits.results {
        let max = u64::try_from(limits.results).unwrap_or(u64::MAX);
        return Err(FormatError::TooLarge { limit: "results", max });
    }
    Ok((format, parsed))
}

/// The one format that claims a text.
///
/// # Errors
/// [`FormatError::Ambiguous`] when several do, or none does but some would take it as their empty report (`[]`, `{}`,
/// `null`); else [`FormatError::Unknown`].
pub fn recognise(text: &str) -> Result<&'static Format, FormatError> {
    let head = Head::of(text);
    let mut claims = claims(&head);
    if claims.is_empty() && head.is_cut() {
        claims = self::claims(&Head::whole(text));
    }
    if claims.is_empty() && text.len() <= BARE {
        let takers =
            FORMATS.iter().filter(|format| (format.parse)(text).is_ok()).map(|format| format.id).collect::<Vec<_>>();
        return Err(if takers.is_empty() {
            FormatError::Unknown
        } else {
            FormatError::Ambiguous { claimants: takers }
        });
    }
    match claims.as_slice() {
        [] => Err(FormatError::Unknown),
        [format] => Ok(format),
        several => Err(FormatError::Ambiguous { claimants: several.iter().map(|format| format.id).collect() }),
    }
}

fn claims(head: &Head<'_>) -> Vec<&'static Format> {
    FORMATS.iter().copied().filter(|format| (format.detect)(head)).collect()
}

/// Finds a format by id.
#[must_use]
pub fn by_id(id: &str) -> Option<&'static Format> {
    FORMATS.iter().copied().find(|format| format.id == id)
}
