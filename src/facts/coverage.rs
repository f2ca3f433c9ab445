//! Required checks against the reports that came.
//!
//! What must stay true: a report counts as current only when something says that it is about this very commit or artifact and
//! when it was made. What nobody says is never assumed, and the time of a file is no evidence.

use crate::model::coverage::{Binding, Coverage, CoverageState};
use crate::model::digest::{CommitId, Digest};
use crate::model::document::Standing;
use crate::model::profile::{CoverageDemands, RequiredCheck};
use crate::model::report::{Check, Report, ScanState};
use crate::model::service::{Exposure, Tier};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

/// A clock may be ahead of ours by this many seconds; a scan further in the future is not believed.
const SKEW_SECONDS: i64 = 300;

/// What is released: what a report must be about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Released {
    /// The commit.
    pub commit: Option<CommitId>,
    /// Digests of the artifacts.
    pub digests: Vec<Digest>,
}

/// For whom and when coverage is asked.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The name of the profile.
    pub profile: &'a Untrusted,
    /// The environment.
    pub environment: &'a Untrusted,
    /// The tier of the service; a service without one needs every check.
    pub tier: Option<Tier>,
    /// Who can reach the service.
    pub exposure: Exposure,
    /// The instant of the decision.
    pub now: Timestamp,
}

/// One row for every required check, then one for every check that a report answers though nobody required it.
#[must_use]
pub fn coverage(demands: &CoverageDemands, reports: &[Report], released: &Released, asked: Asked<'_>) -> Vec<Coverage> {
    Check::ALL
        .into_iter()
        .filter_map(|check| {
            let required: Vec<&RequiredCheck> =
                demands.required.iter().filter(|row| row.check == check && applies(row, asked)).collect();
            let max_age_hours = max_age_hours(demands, Some(check), asked);
            let best = reports
                .iter()
                .enumerate()
                .filter(|(_, report)| report.checks.contains(&check))
                .map(|(index, report)| judge(check, index, report, released, max_age_hours, asked.now))
                .min_by_key(|row| row.state);
            let required_by =
                (!required.is_empty()).then(|| Untrusted::new(format!("profile {}", asked.profile.as_raw())));
            match (best, required_by) {
                (Some(row), required_by) => Some(Coverage { required_by, ..row }),
                (None, Some(required_by)) => Some(Coverage {
                    check,
                    required_by: Some(required_by),
                    state: CoverageState::Missing,
                    report: None,
                    bound_by: None,
                    age_seconds: None,
                    because: Untrusted::new(format!("no report answers {}", check.word())),
                }),
                (None, None) => None,
            }
        })
        .collect()
}

fn applies(row: &RequiredCheck, asked: Asked<'_>) -> bool {
    let tier = row.tiers.is_empty() || asked.tier.is_none_or(|tier| row.tiers.contains(&tier));
    let exposure = row.exposures.is_empty() || row.exposures.contains(&asked.exposure);
    let environment = row.environments.is_empty() || row.environments.contains(asked.environment);
    tier && exposure && environment
}

/// One report as the answer to one check.
fn judge(
    check: Check,
    index: usize,
    report: &Report,
    released: &Released,
    max_age_hours: u32,
    now: Timestamp,
) -> Coverage {
    let Standing { report, state, bound_by, age_seconds, because } =
        standing(index, report, released, max_age_hours, now);
    Coverage { check, required_by: None, state, report: Some(report), bound_by, age_seconds, because }
}

/// The oldest report that counts as an answer to a check, in hours: the strictest demand that applies.
pub(super) fn max_age_hours(demands: &CoverageDemands, check: Option<Check>, asked: Asked<'_>) -> u32 {
    let rows = demands.required.iter().filter(|row| Some(row.check) == check && applies(row, asked));
    rows.map(|row| row.max_age_hours.unwrap_or(demands.max_age_hours)).min().unwrap_or(demands.max_age_hours)
}

/// How one report stands to the release. The worst of what can be said about it counts.
pub(super) fn standing(
    index: usize,
    report: &Report,
    released: &Released,
    max_age_hours: u32,
    now: Timestamp,
) -> Standing {
    let (bound_by, binding, binding_because) = bind(report, released);
    let (age_seconds, age, age_because) = match age(report, max_age_hours, now) {
        // Of a report about which nothing is known at all, its age is the smaller question.
        (None, _, _) if binding == CoverageState::Unbound => (None, CoverageState::Current, String::new()),
        known => known,
    };
    let (scan, scan_because) = match report.state {
        ScanState::Complete => (CoverageState::Current, String::new()),
        ScanState::Partial => (CoverageState::Partial, first_problem(report, "the scan was partial")),
        ScanState::Failed => (CoverageState::Failed, first_problem(report, "the scan failed")),
    };
    let mut said = [(scan, scan_because), (binding, binding_because), (age, age_because)];
    // Stable: of equally bad ones the first in the list above speaks.
    said.sort_by_key(|(state, _)| std::cmp::Reverse(*state));
    let [(state, because), ..] = said;
    let because =
        if state == CoverageState::Current { "whole, fresh and about this release".to_owned() } else { because };
    Standing { report: index, state, bound_by, age_seconds, because: Untrusted::new(because) }
}

fn first_problem(report: &Report, otherwise: &str) -> String {
    report.problems.first().map_or_else(|| otherwise.to_owned(), |problem| problem.as_raw().to_owned())
}

/// What ties the report to the release. A report that names another commit or artifact is not saved by a receipt.
fn bind(report: &Report, released: &Released) -> (Option<Binding>, CoverageState, String) {
    let commits = [
        (report.target.commit.as_ref(), Binding::Commit),
        (report.receipt.as_ref().and_then(|r| r.commit.as_ref()), Binding::Receipt),
    ];
    for (named, by) in commits {
        if let (Some(named), Some(commit)) = (named, released.commit.as_ref())
            && named != commit
        {
            return (
                None,
                CoverageState::OtherTarget,
                format!("{} names commit {}, the release is {}", who(by), named.short(), commit.short()),
            );
        }
    }
    let receipt_digest = report.receipt.as_ref().and_then(|r| r.digest).into_iter().collect::<Vec<_>>();
    let digests = [(report.target.digests.as_slice(), Binding::Digest), (receipt_digest.as_slice(), Binding::Receipt)];
    for (named, by) in digests {
        let comparable = !named.is_empty() && !released.digests.is_empty();
        if comparable && !named.iter().any(|digest| released.digests.contains(digest)) {
            return (None, CoverageState::OtherTarget, format!("{} names another artifact", who(by)));
        }
    }
    let by_digest = digests
        .into_iter()
        .find(|(named, _)| named.iter().any(|digest| released.digests.contains(digest)))
        .map(|(_, by)| by);
    let by_commit =
        commits.into_iter().find(|(named, _)| named.is_some() && released.commit.is_some()).map(|(_, by)| by);
    match by_digest.or(by_commit) {
        Some(by) => (Some(by), CoverageState::Current, String::new()),
        None => (None, CoverageState::Unbound, "nothing says which commit or artifact it is about".to_owned()),
    }
}

const fn who(by: Binding) -> &'static str {
    match by {
        Binding::Commit | Binding::Digest => "the report",
        Binding::Receipt => "its receipt",
    }
}

/// The age of the scan. Where report and receipt give a time, the older one counts.
fn age(report: &Report, max_age_hours: u32, now: Timestamp) -> (Option<i64>, CoverageState, String) {
    let times = [report.finished_at, report.receipt.as_ref().map(|receipt| receipt.time)];
    let Some(time) = times.into_iter().flatten().min() else {
        return (None, CoverageState::Stale, "nothing says when the scan was made".to_owned());
    };
    let age = now.seconds_since(time);
    if age < -SKEW_SECONDS {
        return (Some(age), CoverageState::Stale, format!("the scan claims to be from the future ({time})"));
    }
    if age > i64::from(max_age_hours) * 3600 {
        return (Some(age), CoverageState::Stale, format!("{} hours old, at most {max_age_hours} count", age / 3600));
    }
    (Some(age), CoverageState::Current, String::new())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::finding::Target;
    use crate::model::report::{Receipt, Sha256Field, Tool};

    const COMMIT: &str = "8f3c1d2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e";
    const OTHER: &str = "1111111111111111111111111111111111111111";

    fn report(target: Target, receipt: Option<Receipt>, finished: Option<&str>) -> Report {
        Report {
            path: "r.json".into(),
            format: "sarif".into(),
            tool: Tool::default(),
            target,
            finished_at: finished.map(|t| t.parse().unwrap()),
            digest: Sha256Field(Digest::of(b"r")),
            state: ScanState::Complete,
            checks: vec![Check::Sast],
            results: 0,
            suppressed: 0,
            suppressed_apart: 0,
            not_understood: 0,
            kept: 0,
            merged_within: 0,
            by_severity: BTreeMap::new(),
            problems: Vec::new(),
            tests: None,
            line_coverage: None,
            receipt,
        }
    }

    fn receipt(commit: Option<&str>, digest: Option<Digest>, time: &str) -> Receipt {
        Receipt {
            tool: "semgrep".into(),
            commit: commit.map(|c| c.parse().unwrap()),
            digest,
            time: time.parse().unwrap(),
            report: Sha256Field(Digest::of(b"r")),
        }
    }

    fn state(reports: &[Report]) -> (CoverageState, Option<Binding>) {
        let demands = CoverageDemands {
            required: vec![RequiredCheck {
                check: Check::Sast,
                tiers: vec![],
                environments: vec![],
                exposures: Vec::new(),
                max_age_hours: None,
            }],
            max_age_hours: 24,
            allow_unbound: false,
        };
        let released = Released { commit: Some(COMMIT.parse().unwrap()), digests: vec![Digest::of(b"image")] };
        let asked = Asked {
            profile: &"default".into(),
            environment: &"production".into(),
            exposure: Exposure::Public,
            tier: None,
            now: "2026-11-21T08:00:00Z".parse().unwrap(),
        };
        let rows = coverage(&demands, reports, &released, asked);
        assert_eq!(rows.len(), 1);
        (rows[0].state, rows[0].bound_by)
    }

    #[test]
    fn every_way_not_to_be_current() {
        let fresh = Some("2026-11-21T07:00:00Z");
        let of = |commit: &str| Target { commit: Some(commit.parse().unwrap()), ..Target::default() };
        let image = |bytes: &[u8]| Target { digests: vec![Digest::of(bytes)], ..Target::default() };
        let here = |time| Some(receipt(Some(COMMIT), None, time));
        let cases = [
            (report(of(COMMIT), None, fresh), CoverageState::Current, Some(Binding::Commit)),
            (report(image(b"image"), None, fresh), CoverageState::Current, Some(Binding::Digest)),
            (
                report(Target::default(), here("2026-11-21T07:00:00Z"), None),
                CoverageState::Current,
                Some(Binding::Receipt),
            ),
            (report(of(OTHER), None, fresh), CoverageState::OtherTarget, None),
            (report(image(b"old image"), None, fresh), CoverageState::OtherTarget, None),
            (report(of(OTHER), here("2026-11-21T07:00:00Z"), fresh), CoverageState::OtherTarget, None),
            (report(Target::default(), None, fresh), CoverageState::Unbound, None),
            (report(Target::default(), None, None), CoverageState::Unbound, None),
            (report(of(COMMIT), None, None), CoverageState::Stale, Some(Binding::Commit)),
            (report(of(COMMIT), None, Some("2026-11-20T07:59:59Z")), CoverageState::Stale, Some(Binding::Commit)),
            (report(of(COMMIT), None, Some("2026-11-20T08:00:00Z")), CoverageState::Current, Some(Binding::Commit)),
            (report(of(COMMIT), None, Some("2026-11-22T00:00:00Z")), CoverageState::Stale, Some(Binding::Commit)),
            // The receipt cannot make an old report young.
            (
                report(of(COMMIT), here("2026-11-21T07:00:00Z"), Some("2026-11-01T00:00:00Z")),
                CoverageState::Stale,
                Some(Binding::Commit),
            ),
        ];
        for (n, (report, expected, bound)) in cases.into_iter().enumerate() {
            assert_eq!(state(&[report]), (expected, bound), "case {n}");
        }
        assert_eq!(state(&[]), (CoverageState::Missing, None));
    }

    #[test]
    fn one_good_report_answers_a_check_beside_a_bad_one() {
        let good = report(
            Target { commit: Some(COMMIT.parse().unwrap()), ..Target::default() },
            None,
            Some("2026-11-21T07:00:00Z"),
        );
        let failed = Report { state: ScanState::Failed, ..good.clone() };
        assert_eq!(state(std::slice::from_ref(&failed)).0, CoverageState::Failed);
        assert_eq!(state(&[failed, good]).0, CoverageState::Current);
    }
}
