//! From observations to findings: severity, package identity, path, fingerprint, merging, total order.
//!
//! What must stay true: nothing is lost (`kept = findings + merged across`), and the result does not depend on the order of
//! the reports.

mod identity;
mod merge;
mod order;
mod path;
mod purl;
mod target;
mod union;

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::artifact::Artifact;
use crate::model::digest::Digest;
use crate::model::document::Documents;
use crate::model::finding::{Finding, Observation, SuppressedBy, Suppression, Target};
use crate::model::report::{Parsed, Receipt, Report, ScanState, Sha256Field, Tool};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;

use identity::Seen;
use order::Nameless;
use target::{Stated, Targets};

/// A report that was read, with what only the caller knows about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadReport {
    /// The path as given.
    pub path: Untrusted,
    /// The id of the format that claimed it.
    pub format: &'static str,
    /// The digest of the file's bytes.
    pub digest: Digest,
    /// What the format read.
    pub parsed: Parsed,
    /// The receipt about these bytes, where one was given.
    pub receipt: Option<Receipt>,
}

/// Findings with their reports.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Normalised {
    /// The reports, by path and digest, with totals.
    pub reports: Vec<Report>,
    /// What each of them says that is no list of findings; none for a copy of a report that comes before it.
    pub documents: Vec<Documents>,
    /// The findings, in their total order.
    pub findings: Vec<Finding>,
    /// Observations that were kept within their report and merged across reports.
    pub merged_across: u64,
}

/// Merges the observations of all reports into findings.
#[must_use]
pub fn normalise(mut reports: Vec<ReadReport>, declared: &[Artifact]) -> Normalised {
    reports.sort_by(|a, b| (&a.path, a.digest, a.format).cmp(&(&b.path, b.digest, b.format)));
    let mut rows = Vec::with_capacity(reports.len());
    let mut documents = Vec::with_capacity(reports.len());
    let mut seen = Vec::new();
    let mut stated = DistinctTargets::default();
    let mut sources: HashMap<(Digest, &str), usize> = HashMap::new();
    for (index, mut report) in reports.into_iter().enumerate() {
        let observations = std::mem::take(&mut report.parsed.observations);
        let apart: Vec<Observation> =
            std::mem::take(&mut report.parsed.suppressed_apart).into_iter().map(suppressed).collect();
        let source = *sources.entry((report.digest, report.format)).or_insert(index);
        rows.push(row(&report, &observations, &apart));
        documents.push(if source == index { taken(&mut report.parsed) } else { Documents::default() });
        let own_target = completed(&report.parsed.target, report.receipt.as_ref());
        for mut observation in observations.into_iter().chain(apart) {
            let target = stated.index(&observation, &own_target, report.digest);
            straighten_path(&mut observation, stated.is_image(target));
            seen.push(Seen { report: index, source, target, observation });
        }
    }
    let targets = Targets::resolve(&stated.all, declared);
    let tools: Vec<Tool> = rows.iter().map(|row| row.tool.clone()).collect();
    let grouped = identity::grouped(&seen, &targets, &tools);
    let merged_across = count(&mut rows, &seen, &grouped);

    let plain: Vec<&Target> = stated.all.iter().map(|one| &one.target).collect();
    let findings = grouped
        .groups
        .iter()
        .map(|group| {
            let finding = merge::finding(group, &seen, &plain, &tools);
            Nameless::new(finding, group, &seen, &targets, &stated.all)
        })
        .collect();
    Normalised { reports: rows, documents, findings: order::named(findings), merged_across }
}

/// What a report says beside its results.
fn taken(parsed: &mut Parsed) -> Documents {
    Documents {
        plan: parsed.plan.take(),
        vex: std::mem::take(&mut parsed.vex),
        packages: parsed.packages,
        licenses: std::mem::take(&mut parsed.licenses),
        attestations: std::mem::take(&mut parsed.attestations),
        scorecard: parsed.scorecard.take(),
    }
}

/// The report's row, but for what merging will tell.
fn row(report: &ReadReport, observations: &[Observation], apart: &[Observation]) -> Report {
    let parsed = &report.parsed;
    let not_understood = tally(parsed.not_understood.len());
    let mut by_severity: BTreeMap<Severity, u64> = BTreeMap::new();
    for observation in observations {
        *by_severity.entry(observation.severity).or_default() += 1;
    }
    let marked = observations.iter().filter(|observation| observation.suppression.is_some()).count();
    let state = if not_understood > 0 { parsed.state.max(ScanState::Partial) } else { parsed.state };
    Report {
        path: report.path.clone(),
        format: report.format.into(),
        tool: parsed.tool.clone(),
        target: parsed.target.clone(),
        finished_at: parsed.finished_at.or(report.receipt.as_ref().map(|receipt| receipt.time)),
        digest: Sha256Field(report.digest),
        state,
        checks: parsed.checks.clone(),
        results: tally(observations.len()) + not_understood,
        suppressed: tally(marked + apart.len()),
        suppressed_apart: tally(apart.len()),
        not_understood,
        kept: 0,
        merged_within: 0,
        by_severity,
        problems: parsed.problems.clone(),
        tests: parsed.tests,
        line_coverage: parsed.line_coverage,
        receipt: report.receipt.clone(),
    }
}

fn tally(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// Fills in what was kept and merged within each report; returns what was merged across them.
fn count(rows: &mut [Report], seen: &[Seen], grouped: &identity::Grouped) -> u64 {
    let mut merged_across = 0;
    let problems = grouped.groups.iter().map(|group| (&group.members, 1));
    let absorbed = grouped.absorbed.iter().map(|members| (members, 0));
    for (members, findings) in problems.chain(absorbed) {
        let mut reports = BTreeSet::new();
        for one in members.iter().filter_map(|index| seen.get(*index)) {
            let first = reports.insert(one.report);
            if let Some(row) = rows.get_mut(one.report) {
                if first { row.kept += 1 } else { row.merged_within += 1 }
            }
        }
        merged_across += tally(reports.len()).saturating_sub(findings);
    }
    merged_across
}

/// A result that the report lists apart is suppressed, whether the format says by whom or not.
fn suppressed(mut observation: Observation) -> Observation {
    observation.suppression.get_or_insert(Suppression { by: SuppressedBy::Scanner, reason: None });
    observation
}

/// The report's target, with commit or digest from its receipt where the report states neither.
fn completed(target: &Target, receipt: Option<&Receipt>) -> Target {
    let mut target = target.clone();
    if let Some(receipt) = receipt
        && target.commit.is_none()
        && target.digests.is_empty()
    {
        target.commit.clone_from(&receipt.commit);
        target.digests.extend(receipt.digest);
    }
    target
}

fn straighten_path(observation: &mut Observation, in_image: bool) {
    for location in std::iter::once(&mut observation.location).chain(&mut observation.also_at) {
        let root = if in_image || location.image.is_some() { path::Root::Image } else { path::Root::Unknown };
        if let Some(path) = &mut location.path {
            *path = path::normalised(path.as_raw(), root).into();
        }
    }
}

/// The targets of a run, each once.
#[derive(Debug, Default)]
struct DistinctTargets {
    all: Vec<Stated>,
    known: HashMap<Stated, usize>,
}

impl DistinctTargets {
    /// The index of the target that an observation is about.
    fn index(&mut self, observation: &Observation, of_report: &Target, report: Digest) -> usize {
        let mut target = observation.target.clone().unwrap_or_else(|| of_report.clone());
        if target.is_unknown() {
            target.name.clone_from(&observation.location.image);
        }
        let stated = Stated::new(target, report);
        if let Some(index) = self.known.get(&stated) {
            return *index;
        }
        let index = self.all.len();
        self.all.push(stated.clone());
        self.known.insert(stated, index);
        index
    }

    fn is_image(&self, index: usize) -> bool {
        self.all.get(index).is_some_and(|stated| !stated.target.digests.is_empty())
    }
}
