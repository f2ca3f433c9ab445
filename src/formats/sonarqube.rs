//! What SonarQube's and SonarCloud's web API answers: a page of issues (`api/issues/search`) or of hotspots.
//!
//! A page is not the whole: where the server says that there are more, the report is partial. What somebody closed there is
//! among the issues, and marked.

use std::collections::HashMap;

use serde::Deserialize;

use super::terms::{title, without_quoted};
use super::wire::{Element, List, Number, Part, Text, no_results, read, results};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, SuppressedBy, Suppression};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "sonarqube",
    title: "SonarQube issues and hotspots",
    docs: "https://docs.sonarsource.com/sonarqube-server/latest/extension-guide/web-api/",
    produce: "curl \"$SONAR/api/issues/search?componentKeys=shop&ps=500\" > sonarqube.json",
    seen: "6.7 to 10.7",
    checks: &[Check::Sast, Check::Quality],
    detect,
    parse,
};

/// Words under which somebody has settled an issue or a hotspot.
const SETTLED: &[&str] =
    &["FALSE-POSITIVE", "FALSE_POSITIVE", "WONTFIX", "ACCEPTED", "FIXED", "REMOVED", "SAFE", "ACKNOWLEDGED"];

fn detect(head: &Head<'_>) -> bool {
    let paged = head.key("paging").has("total") || head.key("components").is_array();
    let issue = head.first("issues");
    let hotspot = head.first("hotspots");
    let both = head.key("issues").is_array() && head.key("hotspots").is_array();
    both || (head.key("issues").is_array() && (paged || (issue.has("rule") && issue.has("component"))))
        || (head.key("hotspots").is_array() && (paged || hotspot.has("vulnerabilityProbability")))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let page: Page<'_> = read(text, FORMAT.id)?;
    if matches!((&page.issues, &page.hotspots), (List::Absent, List::Absent)) {
        return Err(no_results(FORMAT.id, "there is neither `issues` nor `hotspots`"));
    }
    let mut parsed = Parsed::new("SonarQube", FORMAT.checks);
    let paths: HashMap<&str, &str> =
        page.components.sound().filter_map(|component| Some((component.key.get()?, component.path.get()?))).collect();
    results(page.issues, FORMAT.id, "/issues", &mut parsed, |issue| observe(issue, &paths))?;
    results(page.hotspots, FORMAT.id, "/hotspots", &mut parsed, |issue| observe(issue, &paths))?;
    let listed = parsed.observations.len() + parsed.not_understood.len();
    let total = page.paging.get().map_or(page.total, |paging| paging.total);
    if let Some(total) = total.whole().filter(|total| usize::try_from(*total).map_or(true, |total| total > listed)) {
        parsed.degrade(ScanState::Partial, format!("this page lists {listed} of {total}: ask for all pages"));
    }
    Ok(parsed)
}

fn observe(issue: &Issue<'_>, paths: &HashMap<&str, &str>) -> Result<Element, String> {
    let rule = issue.rule.get().or(issue.rule_key.get()).ok_or("has no `rule`")?;
    let (severity, word) = severity(issue);
    let is_secret = rule.starts_with("secrets:");
    let security = issue.probability.get().is_some()
        || matches!(issue.kind.get(), Some("VULNERABILITY" | "SECURITY_HOTSPOT"))
        || issue.impacts.sound().any(|impact| impact.quality.get() == Some("SECURITY"));
    let kind = match (is_secret, security) {
        (true, _) => Kind::Secret,
        (false, true) => Kind::Weakness,
        (false, false) => Kind::Quality,
    };
    let message = issue.message.get().unwrap_or(rule);
    let range = issue.range.get();
    Ok(Element::Result(Box::new(Observation {
        severity_raw: word.map(Into::into),
        title: title(&if is_secret { without_quoted(message) } else { message.into() }),
        location: Location {
            path: issue.component.get().and_then(|component| path(component, paths)),
            line: issue.line.position().or_else(|| range.and_then(|range| range.start_line.position())),
            column: range.and_then(|range| range.start_offset.whole()).map(|offset| offset.saturating_add(1)),
            end_line: range.and_then(|range| range.end_line.position()),
            ..Location::default()
        },
        suppression: suppression(issue),
        tool_fingerprint: if is_secret { None } else { issue.key.untrusted() },
        ..Observation::new(
            kind,
            rule,
            severity,
            if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None },
        )
    })))
}

/// The severity with its word: of the issue, of a hotspot, or the worst of the impacts that newer servers give instead.
fn severity<'i>(issue: &'i Issue<'_>) -> (Severity, Option<&'i str>) {
    if let Some(word) = issue.severity.get() {
        let severity = match word {
            "BLOCKER" => Severity::Critical,
            "CRITICAL" => Severity::High,
            "MAJOR" => Severity::Medium,
            "MINOR" => Severity::Low,
            "INFO" => Severity::Info,
            _ => Severity::Unknown,
        };
        return (severity, Some(word));
    }
    if let Some(word) = issue.probability.get() {
        return (Severity::from_word(word), Some(word));
    }
    let impacts = issue.impacts.sound().filter_map(|impact| {
        let word = impact.severity.get()?;
        Some((if word == "BLOCKER" { Severity::Critical } else { Severity::from_word(word) }, Some(word)))
    });
    impacts.max_by_key(|(severity, _)| *severity).unwrap_or((Severity::Unknown, None))
}

/// The file of a component: as the page lists it, else what follows the project's key.
fn path(component: &str, paths: &HashMap<&str, &str>) -> Option<Untrusted> {
    let listed = paths.get(component).copied();
    listed.or_else(|| component.rsplit_once(':').map(|(_, path)| path)).map(Untrusted::from)
}

fn suppression(issue: &Issue<'_>) -> Option<Suppression> {
    let word = [&issue.resolution, &issue.issue_status]
        .into_iter()
        .filter_map(Text::get)
        .find(|word| SETTLED.contains(word))?;
    Some(Suppression { by: SuppressedBy::Platform, reason: Some(word.into()) })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Page<'a> {
    paging: Part<Paging>,
    total: Number,
    #[serde(borrow)]
    issues: List<Issue<'a>>,
    hotspots: List<Issue<'a>>,
    components: List<Component<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Paging {
    total: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Component<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Issue<'a> {
    #[serde(borrow)]
    key: Text<'a>,
    rule: Text<'a>,
    rule_key: Text<'a>,
    severity: Text<'a>,
    #[serde(rename = "vulnerabilityProbability")]
    probability: Text<'a>,
    impacts: List<Impact<'a>>,
    component: Text<'a>,
    line: Number,
    #[serde(rename = "textRange")]
    range: Part<Range>,
    message: Text<'a>,
    #[serde(rename = "type")]
    kind: Text<'a>,
    resolution: Text<'a>,
    issue_status: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Impact<'a> {
    #[serde(borrow, rename = "softwareQuality")]
    quality: Text<'a>,
    severity: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Range {
    start_line: Number,
    end_line: Number,
    start_offset: Number,
}
