//! What reports say that is no list of findings, as policies see it.
//!
//! What must stay true: everything here names its report and how that stands to the release, claims are marked as claims, and a
//! document counts for an artifact only where it names that very digest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::coverage::{Asked, Released, max_age_hours, standing};
use super::licenses::{LicensedPackages, licensed};
use crate::model::artifact::{Artifact, Claim};
use crate::model::coverage::Binding;
use crate::model::digest::{CommitId, Digest};
use crate::model::document::{
    AttestedSubject, Documents, LineCoverage, Plan, PlanAction, PlannedChange, ScoredCheck, Standing,
};
use crate::model::profile::CoverageDemands;
use crate::model::report::{Check, Report, Tests};
use crate::model::text::Untrusted;

/// What all documents of a run come to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DocumentFacts {
    /// Totals of all test reports.
    pub tests: Option<Tests>,
    /// See [`CoveredLines`].
    pub line_coverage: Option<CoveredLines>,
    /// See [`PlanFacts`].
    pub plan: Option<PlanFacts>,
    /// By report.
    pub scorecards: Vec<ScorecardFacts>,
    /// By report, then by licence.
    pub licenses: Vec<LicensedPackages>,
    /// By report, then in the document's order.
    pub attestations: Vec<AttestationFacts>,
    /// The artifacts, with what is claimed about them.
    pub artifacts: Vec<Artifact>,
}

/// Line coverage: the sum over all coverage reports, each distinct file once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CoveredLines {
    /// The sum.
    #[serde(flatten)]
    pub total: LineCoverage,
    /// What each report adds, by report.
    pub reports: Vec<CoveredReport>,
}

/// What one coverage report adds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct CoveredReport {
    /// How it stands to the release.
    #[serde(flatten)]
    pub standing: Standing,
    /// What it counts.
    #[serde(flatten)]
    pub counts: LineCoverage,
}

/// Planned infrastructure changes over all plans. No value of a plan is in here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanFacts {
    /// Whether planning of any ended with an error.
    pub errored: bool,
    /// Whether all are complete.
    pub complete: bool,
    /// Action → how many resources.
    pub totals: BTreeMap<String, u64>,
    /// The plans, by report.
    pub reports: Vec<PlanReport>,
    /// Every planned change, those that do nothing included, by address, then report.
    pub changes: Vec<PlannedFacts>,
}

/// One plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlanReport {
    /// How it stands to the release.
    #[serde(flatten)]
    pub standing: Standing,
    /// The tool's version, where the plan says.
    pub terraform_version: Option<Untrusted>,
    /// Whether planning ended with an error.
    pub errored: bool,
    /// False where another plan has to follow.
    pub complete: bool,
}

/// One planned change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct PlannedFacts {
    /// The change.
    #[serde(flatten)]
    pub change: PlannedChange,
    /// Whether what is there now will be gone, made again or not.
    pub destroys: bool,
    /// Whether it is destroyed and made again.
    pub replaces: bool,
    /// Index into the list of reports.
    pub report: usize,
}

/// One scorecard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ScorecardFacts {
    /// How it stands to the release.
    #[serde(flatten)]
    pub standing: Standing,
    /// The aggregate, 0 to 10; none where it is inconclusive.
    pub score: Option<f64>,
    /// The commit that was looked at.
    pub commit: Option<CommitId>,
    /// Every check, in the report's order.
    pub checks: Vec<ScoredCheck>,
}

/// What a document claims to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum ClaimKind {
    /// A bill of materials.
    Sbom,
    /// How something was built.
    Provenance,
    /// Any other statement.
    Other,
}

impl ClaimKind {
    /// By the type of a statement's predicate.
    fn of(predicate_type: &str) -> Self {
        let plain = predicate_type.trim_start_matches("https://").trim_start_matches("http://");
        let begins = |prefixes: &[&str]| prefixes.iter().any(|prefix| plain.starts_with(prefix));
        if begins(&["spdx.dev/Document", "cyclonedx.org/bom", "cyclonedx.org/schema"]) {
            Self::Sbom
        } else if begins(&["slsa.dev/provenance", "in-toto.io/Provenance"]) {
            Self::Provenance
        } else {
            Self::Other
        }
    }
}

/// A bill of materials or an attestation, whatever it is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct AttestationFacts {
    /// How the report stands to the release.
    #[serde(flatten)]
    pub standing: Standing,
    /// The id of the report's format.
    pub format: Untrusted,
    /// What it claims to be.
    pub kind: ClaimKind,
    /// The type of its predicate, where it is a statement.
    pub predicate_type: Option<Untrusted>,
    /// What it names, in its order.
    pub subjects: Vec<AttestedSubject>,
    /// Whether it is about the digest of an artifact under decision; else it counts for none.
    pub about_release: bool,
    /// Who built the subject, as provenance says.
    pub builder: Option<Untrusted>,
    /// Commits that it was built from, as provenance says, sorted.
    pub commits: Vec<CommitId>,
    /// Packages that a bill of materials lists, where it was read.
    pub packages: Option<u64>,
    /// Signatures on its envelope; none of them was checked.
    pub signatures: u64,
    /// Always false: what a report claims is not verified here.
    pub verified: bool,
}

/// Gathers what the reports say. `said` is parallel to `reports`.
#[must_use]
pub fn documents(
    said: &[Documents],
    reports: &[Report],
    artifacts: Vec<Artifact>,
    demands: &CoverageDemands,
    (released, asked): (&Released, Asked<'_>),
) -> DocumentFacts {
    let mut facts = DocumentFacts { artifacts, ..DocumentFacts::default() };
    let mut copies = BTreeSet::new();
    for (index, (documents, report)) in said.iter().zip(reports).enumerate() {
        // The same file under another name says nothing more.
        if !copies.insert((report.digest.0, &report.format)) {
            continue;
        }
        let standing =
            |check: Option<Check>| standing(index, report, released, max_age_hours(demands, check, asked), asked.now);
        if let Some(tests) = report.tests {
            add_tests(&mut facts, tests);
        }
        if let Some(counts) = report.line_coverage {
            add_lines(&mut facts, CoveredReport { standing: standing(Some(Check::TestCoverage)), counts });
        }
        if let Some(plan) = &documents.plan {
            add_plan(&mut facts, plan, standing(Some(Check::Plan)));
        }
        if let Some(card) = &documents.scorecard {
            facts.scorecards.push(ScorecardFacts {
                standing: standing(None),
                score: card.score,
                commit: card.commit.clone(),
                checks: card.checks.clone(),
            });
        }
        facts.licenses.extend(licensed(&documents.licenses, &standing(Some(Check::Sbom))));
        add_attestations(&mut facts, documents, report, standing(Some(Check::Sbom)));
    }
    if let Some(plan) = &mut facts.plan {
        plan.changes.sort_by(|a, b| (&a.change.address, a.report).cmp(&(&b.change.address, b.report)));
    }
    facts
}

fn add_tests(facts: &mut DocumentFacts, tests: Tests) {
    let sum = facts.tests.get_or_insert_default();
    sum.total += tests.total;
    sum.failed += tests.failed;
    sum.errored += tests.errored;
    sum.skipped += tests.skipped;
    sum.flaky += tests.flaky;
}

fn add_lines(facts: &mut DocumentFacts, report: CoveredReport) {
    let none = || CoveredLines { total: LineCoverage::default(), reports: Vec::new() };
    let sum = facts.line_coverage.get_or_insert_with(none);
    sum.total.files += report.counts.files;
    sum.total.lines += report.counts.lines;
    sum.total.lines_hit += report.counts.lines_hit;
    sum.total.branches += report.counts.branches;
    sum.total.branches_hit += report.counts.branches_hit;
    sum.reports.push(report);
}

fn add_plan(facts: &mut DocumentFacts, plan: &Plan, standing: Standing) {
    let none = || PlanFacts {
        errored: false,
        complete: true,
        totals: BTreeMap::new(),
        reports: Vec::new(),
        changes: Vec::new(),
    };
    let sum = facts.plan.get_or_insert_with(none);
    sum.errored |= plan.errored;
    sum.complete &= plan.complete;
    for change in &plan.changes {
        *sum.totals.entry(change.action.word().to_owned()).or_default() += 1;
        sum.changes.push(PlannedFacts {
            destroys: change.action.destroys(),
            replaces: change.action == PlanAction::Replace,
            report: standing.report,
            change: change.clone(),
        });
    }
    sum.reports.push(PlanReport {
        terraform_version: plan.terraform_version.clone(),
        errored: plan.errored,
        complete: plan.complete,
        standing,
    });
}

/// The statements of a report, and the report itself where it is a bill of materials.
fn add_attestations(facts: &mut DocumentFacts, documents: &Documents, report: &Report, standing: Standing) {
    let plain = AttestationFacts {
        standing,
        format: report.format.clone(),
        kind: ClaimKind::Sbom,
        predicate_type: None,
        subjects: Vec::new(),
        about_release: false,
        builder: None,
        commits: Vec::new(),
        packages: documents.packages,
        signatures: 0,
        verified: false,
    };
    let receipt = report.receipt.as_ref().and_then(|receipt| receipt.digest);
    if documents.packages.is_some() {
        let name = &report.target.name;
        let named = report.target.digests.iter().map(|digest| (*digest, Binding::Digest));
        // A document that names a digest itself is about that, whatever its receipt says.
        let told = receipt.filter(|_| report.target.digests.is_empty()).map(|digest| (digest, Binding::Receipt));
        let about: Vec<(Digest, Binding)> = named.chain(told).collect();
        let subject = |(digest, _): &(Digest, Binding)| AttestedSubject { name: name.clone(), digest: Some(*digest) };
        let subjects = about.iter().map(subject).collect();
        claim(facts, AttestationFacts { subjects, ..plain.clone() }, &about);
    }
    for statement in &documents.attestations {
        let about: Vec<(Digest, Binding)> =
            statement.subjects.iter().filter_map(|subject| Some((subject.digest?, Binding::Digest))).collect();
        let stated = AttestationFacts {
            kind: ClaimKind::of(statement.predicate_type.as_raw()),
            predicate_type: Some(statement.predicate_type.clone()),
            subjects: statement.subjects.clone(),
            builder: statement.builder.clone(),
            commits: statement.commits.clone(),
            packages: None,
            signatures: statement.signatures,
            ..plain.clone()
        };
        claim(facts, stated, &about);
    }
}

/// Lists a document, and counts it for the artifacts whose digest it names.
fn claim(facts: &mut DocumentFacts, mut stated: AttestationFacts, about: &[(Digest, Binding)]) {
    for artifact in &mut facts.artifacts {
        let Some((_, bound_by)) = about.iter().find(|(digest, _)| *digest == artifact.digest) else { continue };
        stated.about_release = true;
        let claim = Claim {
            report: stated.standing.report,
            format: stated.format.clone(),
            predicate_type: stated.predicate_type.clone(),
            bound_by: *bound_by,
            builder: stated.builder.clone(),
            commits: stated.commits.clone(),
            packages: stated.packages,
            signatures: stated.signatures,
            verified: false,
        };
        match stated.kind {
            ClaimKind::Sbom => artifact.sbom.push(claim.clone()),
            ClaimKind::Provenance => artifact.provenance.push(claim.clone()),
            ClaimKind::Other => {}
        }
        if claim.signatures > 0 {
            artifact.signature.push(claim);
        }
    }
    facts.attestations.push(stated);
}
