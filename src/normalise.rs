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

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::model::artifact::Artifact;
use crate::model::digest::Digest;
use crate::model::document::Documents;
use crate::model::finding::{Finding, Observation, SuppressedBy, Suppression, Target};
use crate::model::report::{Observations, Parsed, Receipt, Report, ScanState, Sha256Field, Tool};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::parallel;

use identity::{Group, Grouped, Origin, Sightings};
use order::Named;
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
    let mut seen = Sightings::default();
    let mut stated = DistinctTargets::default();
    let mut sources: HashMap<(Digest, &str), usize> = HashMap::new();
    for (index, mut report) in reports.into_iter().enumerate() {
        let mut observations = std::mem::take(&mut report.parsed.observations);
        let apart: Observations =
            std::mem::take(&mut report.parsed.suppressed_apart).into_iter().map(suppressed).collect();
        let source = *sources.entry((report.digest, report.format)).or_insert(index);
        rows.push(row(&report, &observations, &apart));
        documents.push(if source == index { taken(&mut report.parsed) } else { Documents::default() });
        let own_target = completed(&report.parsed.target, report.receipt.as_ref());
        observations.extend(apart);
        let mut of_report = None;
        let mut origins = Vec::with_capacity(observations.len());
        for observation in &mut observations {
            let target = stated.index(observation, &own_target, report.digest, &mut of_report);
            straighten_path(observation, stated.is_image(target));
            origins.push(Origin { report: index, source, target });
        }
        seen.append(observations, origins.into_iter());
    }
    let targets = Targets::resolve(&stated.all, declared);
    let tools: Vec<Tool> = rows.iter().map(|row| row.tool.clone()).collect();
    let grouped = identity::grouped(&seen, &targets, &tools);
    let merged_across = count(&mut rows, &seen, &grouped);

    let sorted: Vec<Target> = stated.all.iter().map(|one| with_sorted_digests(&one.target)).collect();
    let plain: Vec<&Target> = sorted.iter().collect();
    let chunks: Vec<&[Group]> = grouped.groups.chunks(CHUNK).collect();
    let made = parallel::map(&chunks, parallel::cores(), |groups| {
        let name = |group| Named::new(group, grouped.members(group), &seen, &targets);
        let merged = groups.iter().filter(|group| grouped.alone(group).is_none());
        let merged: Vec<Finding> = merged
            .map(|group| merge::finding(grouped.members(group), &group.advisories, &seen, &plain, &tools))
            .collect();
        (groups.iter().map(name).collect::<Vec<_>>(), merged)
    });
    // Groups come in the order of their first members, so what is alone in a chunk lies between the first of it and of the next.
    let starts: Vec<usize> = chunks.iter().filter_map(|groups| groups.first().map(|one| grouped.first(one))).collect();
    let mut parts = seen.parts(&starts).into_iter().zip(&chunks).zip(made);
    let mut findings = Vec::with_capacity(grouped.groups.len());
    let mut names = Vec::with_capacity(grouped.groups.len());
    // A few at a time, so that what is made and what it is made of are not there twice.
    loop {
        let window: Vec<_> = parts.by_ref().take(WINDOW).collect();
        if window.is_empty() {
            break;
        }
        let made = parallel::each(window, parallel::cores(), |((mut part, groups), (names, merged))| {
            let mut merged = merged.into_iter();
            let (mut findings, mut kept) = (Vec::with_capacity(groups.len()), Vec::with_capacity(groups.len()));
            for (group, name) in groups.iter().zip(names) {
                let finding = match grouped.alone(group) {
                    Some(only) => part.take(only).and_then(|(one, from)| merge::alone(one, from, &plain, &tools)),
                    None => merged.next(),
                };
                if let Some(mut finding) = finding {
                    finding.content_fingerprint = name.content_fingerprint();
                    findings.push(finding);
                    kept.push(name);
                }
            }
            (kept, findings)
        });
        for (mut named, mut made) in made {
            names.append(&mut named);
            findings.append(&mut made);
        }
    }
    drop(parts);
    seen.give_back();
    let apart =
        |index: usize| grouped.groups.get(index).map(|group| order::apart(grouped.members(group), &seen, &stated.all));
    let findings = order::named(findings, names, apart);
    Normalised { reports: rows, documents, findings, merged_across }
}

/// Findings that a thread makes at a time.
const CHUNK: usize = 1024;
/// Of such parts, those that are made before they are put to the others.
const WINDOW: usize = 8;

fn with_sorted_digests(target: &Target) -> Target {
    let mut target = target.clone();
    target.digests.sort();
    target.digests.dedup();
    target
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
fn row(report: &ReadReport, observations: &[Box<Observation>], apart: &[Box<Observation>]) -> Report {
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
fn count(rows: &mut [Report], seen: &Sightings, grouped: &Grouped) -> u64 {
    let mut merged_across = 0;
    let problems = grouped.groups.iter().map(|group| (grouped.members(group), 1));
    let absorbed = grouped.absorbed().map(|members| (members, 0));
    for (members, findings) in problems.chain(absorbed) {
        let mut reports = BTreeSet::new();
        for one in members.iter().filter_map(|index| seen.origin(*index)) {
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
fn suppressed(mut observation: Box<Observation>) -> Box<Observation> {
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
            let straight = path::normalised(path.as_raw(), root);
            if let Cow::Owned(straight) = straight {
                *path = straight.into();
            }
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
    /// The index of the target that an observation is about; the report's own is looked up once.
    fn index(
        &mut self,
        observation: &Observation,
        of_report: &Target,
        report: Digest,
        known: &mut Option<usize>,
    ) -> usize {
        let is_own = observation.target.is_none() && !(of_report.is_unknown() && observation.location.image.is_some());
        if is_own && let Some(index) = *known {
            return index;
        }
        let mut target = observation.target.as_deref().unwrap_or(of_report).clone();
        if target.is_unknown() {
            target.name.clone_from(&observation.location.image);
        }
        let index = self.index_of(Stated::new(target, report));
        if is_own {
            *known = Some(index);
        }
        index
    }

    fn index_of(&mut self, stated: Stated) -> usize {
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
