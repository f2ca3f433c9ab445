//! What scanners observe, and what the gate makes of it.
//!
//! An [`Observation`] is one result of one report, as it stands there. A [`Finding`] is one problem, whoever saw it:
//! `normalise` makes findings from observations and never loses one.

use serde::{Deserialize, Serialize};

use super::digest::{CommitId, Digest};
use super::package::Package;
use super::severity::{Severity, SeveritySource};
use super::text::Untrusted;

/// What sort of problem a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A known vulnerability of a package.
    Vulnerability,
    /// A weakness in code of one's own (SAST, DAST).
    Weakness,
    /// A credential where it does not belong.
    Secret,
    /// A misconfiguration of infrastructure, image, cluster or pipeline.
    Misconfiguration,
    /// A licence problem.
    License,
    /// Malicious code.
    Malware,
    /// A failed test.
    Test,
    /// A matter of quality.
    Quality,
}

impl Kind {
    /// Every kind, in the order of tables.
    pub const ALL: [Self; 8] = [
        Self::Vulnerability,
        Self::Weakness,
        Self::Secret,
        Self::Misconfiguration,
        Self::License,
        Self::Malware,
        Self::Test,
        Self::Quality,
    ];

    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Vulnerability => "vulnerability",
            Self::Weakness => "weakness",
            Self::Secret => "secret",
            Self::Misconfiguration => "misconfiguration",
            Self::License => "license",
            Self::Malware => "malware",
            Self::Test => "test",
            Self::Quality => "quality",
        }
    }
}

/// The scanner's rule that produced a result. Not a policy rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Rule {
    /// The scanner's id (`B602`, `CKV_AWS_20`, `CVE-2026-1234` where the vulnerability is the rule).
    pub id: Untrusted,
    /// Its name or short description.
    pub name: Option<Untrusted>,
    /// Where it is explained.
    pub url: Option<Untrusted>,
}

/// Where a finding is.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Location {
    /// A path; relative to the repository, with `/`, once normalised.
    pub path: Option<Untrusted>,
    /// First line, from 1.
    pub line: Option<u64>,
    /// First column, from 1.
    pub column: Option<u64>,
    /// Last line.
    pub end_line: Option<u64>,
    /// A resource address (`aws_s3_bucket.data`, `Deployment/default/web`), a URL with method, or a symbol.
    pub resource: Option<Untrusted>,
    /// The image reference, where the target is an image.
    pub image: Option<Untrusted>,
}

/// A CVSS assessment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Cvss {
    /// The vector string, where the report gives one.
    pub vector: Option<Untrusted>,
    /// The base score, 0.0 to 10.0, where stated or computable.
    pub score: Option<f64>,
    /// `2.0`, `3.0`, `3.1` or `4.0`, where known.
    pub version: Option<Untrusted>,
}

/// Said by a scanner or in the source: "do not count this". Never an exception of ours.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Suppression {
    /// Who said so.
    pub by: SuppressedBy,
    /// The justification, where there is one.
    pub reason: Option<Untrusted>,
}

/// Where a suppression was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum SuppressedBy {
    /// A comment in the source (`nosec`, `#checkov:skip`).
    Source,
    /// The scanner's own configuration or ignore file.
    Scanner,
    /// A platform's triage state (dismissed, false positive, fixed there).
    Platform,
    /// A VEX document that the scanner applied.
    Vex,
    /// Nobody: the check passed. Feeds of compliance list passed checks among the others.
    Passed,
}

/// What was scanned.
///
/// Two observations are about the same target when their digests or commits agree, or, where neither has any, their names.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(default)]
pub struct Target {
    /// An image reference, a directory, a repository URL, a host.
    pub name: Option<Untrusted>,
    /// The commit the report says it scanned.
    pub commit: Option<CommitId>,
    /// Digests of the artifact the report says it scanned (image manifest, image id), sorted.
    pub digests: Vec<Digest>,
}

impl Target {
    /// True when the report says nothing about what it scanned.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.name.is_none() && self.commit.is_none() && self.digests.is_empty()
    }
}

/// One result of one report, as it stands there: nothing merged, nothing filtered.
///
/// A secret's value is never in here: formats drop it while parsing.
#[derive(Clone, Debug, PartialEq)]
pub struct Observation {
    /// What sort of problem.
    pub kind: Kind,
    /// The scanner's rule.
    pub rule: Rule,
    /// Names of this one problem: CVE, GHSA, OSV and vendor ids that the report calls aliases. Never a CWE.
    pub ids: Vec<Untrusted>,
    /// CVEs that an advisory bundles (distro advisories): this observation is a witness of each, and merges none of them.
    pub covers: Vec<Untrusted>,
    /// CWE classes, as `CWE-79`. They classify; they never identify.
    pub cwes: Vec<Untrusted>,
    /// The severity after the format's mapping.
    pub severity: Severity,
    /// Where the severity came from.
    pub severity_source: SeveritySource,
    /// The scanner's own word, unmapped.
    pub severity_raw: Option<Untrusted>,
    /// A CVSS assessment, the one that the report prefers.
    pub cvss: Option<Box<Cvss>>,
    /// One line for people.
    pub title: Untrusted,
    /// The package, for vulnerabilities and licences.
    pub package: Option<Box<Package>>,
    /// Where it is.
    pub location: Location,
    /// Where else it is: further places of the same result.
    pub also_at: Vec<Location>,
    /// What was scanned, where it differs from the report's own target.
    pub target: Option<Box<Target>>,
    /// When the vulnerability was published, as written.
    pub published: Option<Untrusted>,
    /// In a catalogue of exploited vulnerabilities, where the report says so.
    pub known_exploited: Option<bool>,
    /// Probability of exploitation, 0 to 1, where the report says so.
    pub epss: Option<f64>,
    /// The tool's confidence, in its own words.
    pub confidence: Option<Untrusted>,
    /// Set when the scanner or the source suppressed this result.
    pub suppression: Option<Suppression>,
    /// The tool's own stable identity of this result.
    pub tool_fingerprint: Option<Untrusted>,
    /// Digest of the code around it with white space folded; never made for a secret.
    pub snippet: Option<Digest>,
    /// For secrets: what tells two of them apart in one file without the value (a detector's key, an entropy, an ordinal).
    pub context: Option<Untrusted>,
    /// Where the result stands in the report, as a JSON pointer or an XML path.
    pub pointer: Untrusted,
}

impl Observation {
    /// An observation with what every result has; the rest is filled in with struct update syntax or by field.
    #[must_use]
    pub fn new(kind: Kind, rule_id: impl Into<Untrusted>, severity: Severity, source: SeveritySource) -> Self {
        Self {
            kind,
            rule: Rule { id: rule_id.into(), name: None, url: None },
            ids: Vec::new(),
            covers: Vec::new(),
            cwes: Vec::new(),
            severity,
            severity_source: source,
            severity_raw: None,
            cvss: None,
            title: Untrusted::default(),
            package: None,
            location: Location::default(),
            also_at: Vec::new(),
            target: None,
            published: None,
            known_exploited: None,
            epss: None,
            confidence: None,
            suppression: None,
            tool_fingerprint: None,
            snippet: None,
            context: None,
            pointer: Untrusted::default(),
        }
    }
}

/// Who saw a finding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Witness {
    /// Index into the list of reports.
    pub report: usize,
    /// The tool's name.
    pub tool: Untrusted,
    /// Its rule.
    pub rule_id: Untrusted,
    /// The severity that this witness gave.
    pub severity: Severity,
    /// The scanner's own word for it.
    pub severity_raw: Option<Untrusted>,
    /// Where this witness saw it.
    pub location: Location,
    /// Where the result stands in the report.
    pub pointer: Untrusted,
    /// Whether this witness said "suppressed".
    pub suppressed: bool,
}

/// One problem, whoever saw it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Finding {
    /// Short and stable: `f-` and the first sixteen hexadecimal digits of the fingerprint, more where two would be the same.
    pub id: Untrusted,
    /// Stable identity across runs: `v1:` and 64 hexadecimal digits.
    pub fingerprint: Untrusted,
    /// The same without its path, where it is told by what stands there: it is kept when a file is renamed.
    pub content_fingerprint: Option<Untrusted>,
    /// What sort of problem.
    pub kind: Kind,
    /// The rule of the first witness.
    pub rule: Rule,
    /// Every name of the problem, CVE first, then GHSA, then the others, then the classes (CWE).
    pub ids: Vec<Untrusted>,
    /// Bundled CVEs, where the only witnesses are advisories.
    pub covers: Vec<Untrusted>,
    /// The highest severity that a witness gave.
    pub severity: Severity,
    /// Where that came from.
    pub severity_source: SeveritySource,
    /// The CVSS assessment with the highest score.
    pub cvss: Option<Box<Cvss>>,
    /// One line for people.
    pub title: Untrusted,
    /// The package.
    pub package: Option<Box<Package>>,
    /// The first location in order, of those that witnesses name first.
    pub location: Location,
    /// Every location, sorted, where there is more than one.
    pub occurrences: Vec<Location>,
    /// What was scanned.
    pub target: Target,
    /// When this finding was first seen, where a history says so.
    pub first_seen: Option<Untrusted>,
    /// When the vulnerability was published.
    pub published: Option<Untrusted>,
    /// In a catalogue of exploited vulnerabilities; `null` where nobody said.
    pub known_exploited: Option<bool>,
    /// Probability of exploitation, 0 to 1.
    pub epss: Option<f64>,
    /// The tool's confidence.
    pub confidence: Option<Untrusted>,
    /// Set when every witness that could see it suppressed it.
    pub suppression: Option<Suppression>,
    /// Every witness, sorted.
    pub seen_by: Vec<Witness>,
}
