//! GitHub's secret scanning alerts, as its REST API lists them.
//!
//! The API gives the secret in clear: it is never read. Every alert is a result, whatever its state; a resolved one is
//! suppressed by the platform, with its resolution as the reason.

use serde::Deserialize;

use super::terms::title;
use super::wire::{Element, List, Number, Part, Text, demand_understood, read_pages, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "github-secret-scanning",
    title: "GitHub secret scanning alerts",
    docs: "https://docs.github.com/en/rest/secret-scanning/secret-scanning",
    produce: "gh api --paginate repos/OWNER/REPO/secret-scanning/alerts > secret-scanning.json",
    seen: "the REST API, version 2022-11-28",
    checks: &[Check::Secrets],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_alert = |node: &Node<'_>| node.has("secret_type") && (node.has("state") || node.has("number"));
    is_alert(head.root()) || is_alert(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let alerts: List<Alert<'_>> = read_pages(text, FORMAT.id)?;
    let mut parsed = Parsed::new("GitHub secret scanning", FORMAT.checks);
    results(alerts, FORMAT.id, "", &mut parsed, |alert| Ok(Element::Result(Box::new(observe(alert)?))))?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn observe(alert: &Alert<'_>) -> Result<Observation, String> {
    let kind = alert.secret_type.demand("secret_type")?;
    let name = alert.display_name.get().unwrap_or(kind);
    let none = Place::default();
    let place = alert.first_location.get().unwrap_or(&none);
    let repository = alert.repository.get().and_then(|repository| repository.full_name.untrusted());
    Ok(Observation {
        rule: Rule { id: kind.into(), name: alert.display_name.untrusted(), url: alert.html_url.untrusted() },
        title: title(name),
        location: Location {
            path: place.path.untrusted(),
            line: place.start_line.position(),
            column: place.start_column.position(),
            end_line: place.end_line.position(),
            ..Location::default()
        },
        target: repository.map(|name| Box::new(Target { name: Some(name), ..Target::default() })),
        confidence: alert.validity.untrusted(),
        suppression: alert.suppression(),
        tool_fingerprint: alert.url.untrusted().or_else(|| alert.html_url.untrusted()),
        context: alert.number.whole().map(|number| Untrusted::from(format!("alert {number}"))),
        ..Observation::new(Kind::Secret, kind, Severity::Unknown, SeveritySource::None)
    })
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alert<'a> {
    number: Number,
    #[serde(borrow)]
    url: Text<'a>,
    html_url: Text<'a>,
    state: Text<'a>,
    resolution: Text<'a>,
    secret_type: Text<'a>,
    #[serde(rename = "secret_type_display_name")]
    display_name: Text<'a>,
    validity: Text<'a>,
    repository: Part<Repository<'a>>,
    #[serde(rename = "first_location_detected")]
    first_location: Part<Place<'a>>,
}

impl Alert<'_> {
    fn suppression(&self) -> Option<Suppression> {
        if self.state.get() != Some("resolved") {
            return None;
        }
        Some(Suppression { by: SuppressedBy::Platform, reason: self.resolution.untrusted() })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Repository<'a> {
    #[serde(borrow)]
    full_name: Text<'a>,
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
    fn an_alert_is_a_result_without_its_secret() {
        let parsed = parse(
            r#"[{"number":2,"state":"resolved","resolution":"revoked","secret_type":"aws_secret","secret":"THEVALUE","validity":"active"},
                {"number":3,"state":"open","secret_type":"aws_secret","secret":"THEVALUE"}]"#,
        )
        .unwrap();
        let suppressed: Vec<bool> = parsed.observations.iter().map(|o| o.suppression.is_some()).collect();
        assert_eq!(suppressed, [true, false]);
        assert!(!format!("{parsed:?}").contains("THEVALUE"));
    }

    #[test]
    fn an_object_is_no_list_of_alerts() {
        assert!(parse("{}").is_err() && parse(r#"[{"rule":1}]"#).is_err());
        assert_eq!(parse("[]").unwrap().observations.len(), 0);
    }
}
