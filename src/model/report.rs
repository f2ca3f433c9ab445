//! One scanner's file, after reading.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::digest::{CommitId, Digest};
use super::document::{Attestation, LineCoverage, PackageLicense, Plan, Scorecard, VexStatement};
use super::finding::{Observation, Target};
use super::severity::Severity;
use super::text::Untrusted;
use super::time::Timestamp;

/// A tool, as a report names it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tool {
    /// Its name.
    pub name: Untrusted,
    /// Its version, where the report says.
    pub version: Option<Untrusted>,
}

/// Whether the scan that wrote a report ran to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ScanState {
    /// Nothing says otherwise.
    Complete,
    /// Something was skipped, could not be parsed, or was not understood by us.
    Partial,
    /// The report says that the scan failed.
    Failed,
}

impl ScanState {
    /// The word used in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::Failed => "failed",
        }
    }
}

/// What a scan looks for. A profile requires checks; a report answers one or more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Check {
    /// Credentials in code or history.
    Secrets,
    /// Weaknesses in code of one's own.
    Sast,
    /// Known vulnerabilities of dependencies.
    Dependencies,
    /// Misconfigured infrastructure code.
    Iac,
    /// A container image.
    Image,
    /// Licences of dependencies.
    License,
    /// A running application.
    Dast,
    /// Automated tests.
    Tests,
    /// Code quality.
    Quality,
    /// How much of the code ran under test.
    TestCoverage,
    /// A plan of infrastructure changes.
    Plan,
    /// A bill of materials.
    Sbom,
}

impl Check {
    /// Every check, in the order of tables.
    pub const ALL: [Self; 12] = [
        Self::Secrets,
        Self::Sast,
        Self::Dependencies,
        Self::Iac,
        Self::Image,
        Self::License,
        Self::Dast,
        Self::Tests,
        Self::Quality,
        Self::TestCoverage,
        Self::Plan,
        Self::Sbom,
    ];

    /// The word used in profiles and in every output.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Secrets => "secrets",
            Self::Sast => "sast",
            Self::Dependencies => "dependencies",
            Self::Iac => "iac",
            Self::Image => "image",
            Self::License => "license",
            Self::Dast => "dast",
            Self::Tests => "tests",
            Self::Quality => "quality",
            Self::TestCoverage => "test-coverage",
            Self::Plan => "plan",
            Self::Sbom => "sbom",
        }
    }
}

/// Totals of automated tests, as the report's test cases give them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Tests {
    /// Test cases.
    pub total: u64,
    /// Cases with a failure.
    pub failed: u64,
    /// Cases with an error.
    pub errored: u64,
    /// Skipped cases.
    pub skipped: u64,
    /// Cases that failed first and passed when they ran again.
    pub flaky: u64,
}

/// An element of a sound list that a format does not understand. It makes the report partial.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct NotUnderstood {
    /// Where it stands, as a JSON pointer or an XML path.
    pub pointer: Untrusted,
    /// What is odd about it.
    pub reason: Untrusted,
}

/// Results of a report. There may be millions, and each is large: one by one their room is given back as findings are made of them.
pub type Observations = Vec<Box<Observation>>;

/// What a format read from one report.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// The tool that wrote it.
    pub tool: Tool,
    /// What was scanned, where the report says.
    pub target: Target,
    /// When the scan ended, where the report says.
    pub finished_at: Option<Timestamp>,
    /// The checks that this report answers, sorted.
    pub checks: Vec<Check>,
    /// One for each result, as it stands. Results that the report itself marks as suppressed but lists among its
    /// results are here, with `suppression` set.
    pub observations: Observations,
    /// Suppressed results that the report lists apart from its results.
    pub suppressed_apart: Observations,
    /// Elements that were not understood.
    pub not_understood: Vec<NotUnderstood>,
    /// What the report says about its own health.
    pub state: ScanState,
    /// Why the state is not complete, one line each.
    pub problems: Vec<Untrusted>,
    /// Test totals, from test reports.
    pub tests: Option<Tests>,
    /// Statements about vulnerabilities, from VEX documents.
    pub vex: Vec<VexStatement>,
    /// Planned changes of infrastructure.
    pub plan: Option<Plan>,
    /// How much of the code ran under test.
    pub line_coverage: Option<LineCoverage>,
    /// Packages that a bill of materials lists.
    pub packages: Option<u64>,
    /// Licences of the packages that a bill of materials lists, but for what it is about.
    pub licenses: Vec<PackageLicense>,
    /// Statements about artifacts, not verified.
    pub attestations: Vec<Attestation>,
    /// Scores of a repository.
    pub scorecard: Option<Scorecard>,
}

impl Parsed {
    /// A complete report of this tool without any result.
    #[must_use]
    pub fn new(tool: impl Into<Untrusted>, checks: &[Check]) -> Self {
        Self {
            tool: Tool { name: tool.into(), version: None },
            target: Target::default(),
            finished_at: None,
            checks: checks.to_vec(),
            observations: Vec::new(),
            suppressed_apart: Vec::new(),
            not_understood: Vec::new(),
            state: ScanState::Complete,
            problems: Vec::new(),
            tests: None,
            vex: Vec::new(),
            plan: None,
            line_coverage: None,
            packages: None,
            licenses: Vec::new(),
            attestations: Vec::new(),
            scorecard: None,
        }
    }

    /// Records a problem; the state only ever gets worse.
    pub fn degrade(&mut self, state: ScanState, problem: impl Into<Untrusted>) {
        self.state = self.state.max(state);
        self.problems.push(problem.into());
    }
}

/// One report with its totals: what `findings` prints and the decision records.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Report {
    /// The path as given on the command line.
    pub path: Untrusted,
    /// The id of the format that claimed it.
    pub format: Untrusted,
    /// The tool that wrote it.
    pub tool: Tool,
    /// What was scanned.
    pub target: Target,
    /// When the scan ended, where the report or its receipt says.
    pub finished_at: Option<Timestamp>,
    /// The digest of the file's bytes as they are on disk.
    pub digest: Sha256Field,
    /// Whether the scan ran to its end.
    pub state: ScanState,
    /// The checks that this report answers.
    pub checks: Vec<Check>,
    /// Results as they stand in the report, nothing merged or filtered, not-understood ones included.
    pub results: u64,
    /// Results that the report marks as suppressed, among its results or apart.
    pub suppressed: u64,
    /// Suppressed results listed apart from the results (a part of `suppressed`).
    pub suppressed_apart: u64,
    /// Elements that were not understood.
    pub not_understood: u64,
    /// Observations that remain as findings' witnesses.
    pub kept: u64,
    /// Observations merged with an alike one of the same report.
    pub merged_within: u64,
    /// Results by severity.
    pub by_severity: BTreeMap<Severity, u64>,
    /// Why the state is not complete.
    pub problems: Vec<Untrusted>,
    /// Test totals.
    pub tests: Option<Tests>,
    /// How much of the code ran under test, where the report says.
    pub line_coverage: Option<LineCoverage>,
    /// The receipt that binds this report, where one was given.
    pub receipt: Option<Receipt>,
}

/// `{"sha256": "…"}`: a digest as in-toto writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(from = "WireSha256", into = "WireSha256")]
pub struct Sha256Field(pub Digest);

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSha256 {
    sha256: HexDigest,
}

struct HexDigest(Digest);

impl Serialize for HexDigest {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0.hex())
    }
}

impl<'de> Deserialize<'de> for HexDigest {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let hex = String::deserialize(deserializer)?;
        Digest::from_hex(&hex).map(Self).map_err(serde::de::Error::custom)
    }
}

impl From<WireSha256> for Sha256Field {
    fn from(wire: WireSha256) -> Self {
        Self(wire.sha256.0)
    }
}

impl From<Sha256Field> for WireSha256 {
    fn from(field: Sha256Field) -> Self {
        Self { sha256: HexDigest(field.0) }
    }
}

/// Says which tool wrote a report, about which commit or artifact, and when. Asserted by the pipeline, not proven.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// The tool that ran.
    pub tool: Untrusted,
    /// The commit that was scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit: Option<CommitId>,
    /// The artifact that was scanned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub digest: Option<Digest>,
    /// When the scan ended.
    pub time: Timestamp,
    /// The SHA-256 of the report's bytes.
    pub report: Sha256Field,
}
