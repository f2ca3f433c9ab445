//! GitHub's code scanning alerts, as its REST API lists them.
//!
//! Every alert is a result, whatever its state: one that was dismissed or fixed on the platform is suppressed by it. Pages
//! may follow one another.

use serde::Deserialize;

use super::terms::{cwe, distinct, is_about_credentials, title, without_quoted};
use super::wire::{Element, List, Number, Part, Text, Texts, demand_understood, read_pages, results};
use super::{Format, FormatError, Head, Node};
use crate::model::digest::CommitId;
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::report::{Check, Parsed, Tool};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "github-code-scanning",
    title: "GitHub code scanning alerts",
    docs: "https://docs.github.com/en/rest/code-scanning/code-scanning",
    produce: "gh api --paginate repos/OWNER/REPO/code-scanning/alerts > code-scanning.json",
    seen: "the REST API, version 2022-11-28",
    checks: &[Check::Sast],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_alert = |node: &Node<'_>| node.has("rule") && node.has("most_recent_instance");
    is_alert(head.root()) || is_alert(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let alerts: List<Alert<'_>> = read_pages(text, FORMAT.id)?;
    let mut parsed = Parsed::new("GitHub code scanning", FORMAT.checks);
    if let Some(tool) = alerts.sound().find_map(Alert::tool) {
        parsed.tool = tool;
    }
    results(alerts, FORMAT.id, "", &mut parsed, |alert| Ok(Element::Result(Box::new(observe(alert)?))))?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn observe(alert: &Alert<'_>) -> Result<Observation, String> {
    let rule = alert.rule.get().ok_or("has no `rule`")?;
    let id = rule.id.get().or(rule.name.get()).ok_or("has no `rule.id`")?;
    let (word, severity, source) = match (rule.security_severity_level.get(), rule.severity.get()) {
        (Some(word), _) => (Some(word), Severity::from_word(word), SeveritySource::SecuritySeverity),
        (None, Some(word)) => (Some(word), of_level(word), SeveritySource::Level),
        (None, None) => (None, Severity::Unknown, SeveritySource::None),
    };
    let none = Instance::default();
    let instance = alert.most_recent_instance.get().unwrap_or(&none);
    let none = Place::default();
    let place = instance.location.get().unwrap_or(&none);
    let cwes = distinct(rule.tags.iter().filter(|tag| tag.contains("cwe")).filter_map(cwe).collect());
    let message = instance.message.get().and_then(|message| message.text.get());
    let described = message.or(rule.description.get()).unwrap_or_default();
    let sensitive = is_about_credentials(&cwes);
    let commit = instance.commit_sha.get().and_then(|sha| sha.parse::<CommitId>().ok());
    Ok(Observation {
        rule: Rule { id: id.into(), name: rule.description.untrusted(), url: alert.html_url.untrusted() },
        cwes,
        severity_raw: word.map(Untrusted::from),
        title: title(&if sensitive { without_quoted(described) } else { described.into() }),
        location: Location {
            path: place.path.untrusted(),
            line: place.start_line.position(),
            column: place.start_column.position(),
            end_line: place.end_line.position(),
            ..Location::default()
        },
        target: commit.map(|commit| Box::new(Target { commit: Some(commit), ..Target::default() })),
        suppression: alert.suppression(),
        tool_fingerprint: alert.url.untrusted().or_else(|| alert.html_url.untrusted()),
        ..Observation::new(Kind::Weakness, id, severity, source)
    })
}

/// GitHub's levels of a rule without a security severity.
fn of_level(word: &str) -> Severity {
    match word {
        "error" => Severity::High,
        "warning" => Severity::Medium,
        "note" => Severity::Low,
        "none" => Severity::Info,
        _ => Severity::Unknown,
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alert<'a> {
    #[serde(borrow)]
    url: Text<'a>,
    html_url: Text<'a>,
    state: Text<'a>,
    dismissed_reason: Text<'a>,
    dismissed_comment: Text<'a>,
    rule: Part<AlertRule<'a>>,
    tool: Part<AlertTool<'a>>,
    most_recent_instance: Part<Instance<'a>>,
}

impl Alert<'_> {
    fn tool(&self) -> Option<Tool> {
        let tool = self.tool.get()?;
        Some(Tool { name: tool.name.untrusted()?, version: tool.version.untrusted() })
    }

    fn suppression(&self) -> Option<Suppression> {
        let state = self.state.get().filter(|state| *state != "open")?;
        let reason = self.dismissed_comment.get().or(self.dismissed_reason.get()).unwrap_or(state);
        Some(Suppression { by: SuppressedBy::Platform, reason: Some(reason.into()) })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AlertRule<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    name: Text<'a>,
    description: Text<'a>,
    severity: Text<'a>,
    security_severity_level: Text<'a>,
    tags: Texts<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct AlertTool<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Instance<'a> {
    #[serde(borrow)]
    commit_sha: Text<'a>,
    message: Part<Message<'a>>,
    location: Part<Place<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    text: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Place<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    start_line: Number,
    start_column: Number,
    end_line: Number,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_one_list_and_a_state_other_than_open_is_a_suppression() {
        let alert = |state: &str| {
            format!(
                r#"{{"state":"{state}","dismissed_reason":"false positive","rule":{{"id":"js/xss","severity":"warning",
                    "security_severity_level":"high","tags":["external/cwe/cwe-079"]}},"tool":{{"name":"CodeQL","version":"2.16.2"}},
                    "most_recent_instance":{{"message":{{"text":"XSS"}},"location":{{"path":"web/a.js","start_line":3}}}}}}"#
            )
        };
        let parsed = parse(&format!("[{}][{}]", alert("open"), alert("dismissed"))).unwrap();
        let [open, dismissed] = parsed.observations.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((open.severity, open.severity_source), (Severity::High, SeveritySource::SecuritySeverity));
        assert_eq!((open.suppression.is_some(), dismissed.suppression.is_some()), (false, true));
        assert_eq!((parsed.tool.name.as_raw(), open.cwes[0].as_raw()), ("CodeQL", "CWE-79"));
    }

    #[test]
    fn other_lists_are_not_alerts() {
        assert!(parse(r#"["not","a","document"]"#).is_err() && parse("{}").is_err());
    }
}
