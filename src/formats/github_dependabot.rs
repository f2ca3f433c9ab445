//! GitHub's Dependabot alerts, from its REST or its GraphQL API.
//!
//! Every alert is a result, whatever its state: one that was dismissed or fixed on the platform is suppressed by it. A GraphQL
//! answer may have alerts anywhere below `data`, as the query asked; one that says that more pages follow is partial, unless
//! they do follow (`gh api graphql --paginate`).

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::terms::{assessment, cwe, distinct, title, vulnerability_id};
use super::wire::{
    Element, Flag, List, Number, OneOrMany, Part, Record, Text, demand_readable, demand_understood, no_results,
    not_understood, place, read_pages, read_stream, results, token,
};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "github-dependabot",
    title: "GitHub Dependabot alerts",
    docs: "https://docs.github.com/en/rest/dependabot/alerts",
    produce: "gh api --paginate repos/OWNER/REPO/dependabot/alerts > dependabot.json",
    seen: "the REST API, version 2022-11-28; GraphQL `vulnerabilityAlerts`",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    [head.root(), head.root().first()].into_iter().any(|node| is_rest(node) || has_alerts(node.key("data")))
}

fn is_rest(node: &Node<'_>) -> bool {
    node.has("security_advisory") && node.has("dependency")
}

fn has_alerts(node: &Node<'_>) -> bool {
    let below = || node.members().iter().any(|(_, member)| has_alerts(member));
    node.has("vulnerabilityAlerts") || below() || node.elements().iter().any(has_alerts)
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut parsed = Parsed::new("Dependabot", FORMAT.checks);
    let head = Head::of(text);
    if (head.root().is_object() && !is_rest(head.root())) || has_alerts(head.root().first().key("data")) {
        read_answers(text, &mut parsed)?;
        return Ok(parsed);
    }
    let alerts: List<Alert<'_>> = read_pages(text, FORMAT.id)?;
    results(alerts, FORMAT.id, "", &mut parsed, |alert| Ok(Element::Result(Box::new(alert.observation()?))))?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

/// One GraphQL answer, or several pages of them in a row or in a list.
fn read_answers(text: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let answers: List<Answer<'_>> = read_stream(text, FORMAT.id)?;
    let single = answers.records().len() == 1 && text.trim_start().starts_with('{');
    let last = answers.records().len().saturating_sub(1);
    for (index, record) in answers.into_records().into_iter().enumerate() {
        let at = if single { String::new() } else { format!("/{index}") };
        match record {
            Record::Sound(answer) => read_answer(answer, &at, index == last, parsed)?,
            Record::Odd(found) => not_understood(parsed, at, format!("should be an answer and is {found}")),
        }
    }
    Ok(())
}

fn read_answer(answer: Answer<'_>, at: &str, is_last: bool, parsed: &mut Parsed) -> Result<(), FormatError> {
    if answer.data.0.is_empty() {
        let error = answer.errors.0.sound().find_map(|error| error.message.get());
        return Err(no_results(FORMAT.id, error.unwrap_or("there are no `vulnerabilityAlerts`")));
    }
    demand_readable(&answer.errors.0, "errors", parsed);
    for error in answer.errors.0.sound() {
        parsed.degrade(ScanState::Partial, error.message.get().unwrap_or("a part of the query failed"));
    }
    for (place, alerts) in answer.data.0 {
        let Part(Some(alerts)) = alerts else { continue };
        if is_last && alerts.page_info.get().is_some_and(|page| page.has_next_page.is_set()) {
            parsed.degrade(ScanState::Partial, "more alerts follow on a page that is not here");
        }
        read_alerts(alerts, &format!("{at}/data{place}"), parsed)?;
    }
    Ok(())
}

/// Alerts as nodes, or as edges around them.
fn read_alerts(alerts: Alerts<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    results(alerts.nodes, FORMAT.id, &format!("{at}/nodes"), parsed, |alert| {
        Ok(Element::Result(Box::new(alert.observation()?)))
    })?;
    for (index, edge) in alerts.edges.into_records().into_iter().enumerate() {
        let read = match edge {
            Record::Sound(Edge { node: Part(Some(alert)) }) => alert.observation().map(Box::new).map(Element::Result),
            Record::Sound(_) => Err("has no `node`".to_owned()),
            Record::Odd(found) => Err(format!("should be an object and is {found}")),
        };
        place(parsed, || format!("{at}/edges/{index}/node"), read);
    }
    Ok(())
}

/// What both APIs say of an alert.
struct Known<'n> {
    names: Vec<Untrusted>,
    cwes: Vec<Untrusted>,
    severity: Option<&'n str>,
    vector: Option<&'n str>,
    score: Option<f64>,
    summary: Option<&'n str>,
    package: &'n Part<PackageName<'n>>,
    version: Option<Untrusted>,
    fixed_in: Option<&'n str>,
    path: Option<&'n str>,
    url: Option<Untrusted>,
    published: Option<Untrusted>,
    epss: Option<f64>,
    suppression: Option<Suppression>,
}

impl Known<'_> {
    fn observation(self) -> Result<Observation, String> {
        let rule = self.names.first().ok_or("names no advisory")?.clone();
        let package = self.package.get().ok_or("names no package")?;
        let source = if self.severity.is_some() { SeveritySource::Scanner } else { SeveritySource::None };
        let severity = Severity::from_word(self.severity.unwrap_or_default());
        Ok(Observation {
            rule: Rule { id: rule.clone(), name: None, url: self.url },
            ids: distinct(self.names),
            cwes: self.cwes,
            severity_raw: self.severity.map(Untrusted::from),
            cvss: assessment(self.vector, self.score.filter(|score| *score > 0.0)),
            title: self.summary.map(title).unwrap_or_default(),
            package: Some(Box::new(Package {
                name: package.name.demand("package.name")?.into(),
                version: self.version,
                purl: None,
                ecosystem: package.ecosystem.untrusted(),
                fix_state: if self.fixed_in.is_some() { FixState::Fixed } else { FixState::NotFixed },
                fixed_in: self.fixed_in.into_iter().map(Untrusted::from).collect(),
            })),
            location: Location { path: self.path.map(Untrusted::from), ..Location::default() },
            published: self.published,
            epss: self.epss.filter(|epss| (0.0..=1.0).contains(epss)),
            suppression: self.suppression,
            ..Observation::new(Kind::Vulnerability, rule, severity, source)
        })
    }
}

fn named(id: &str) -> Untrusted {
    vulnerability_id(id).unwrap_or_else(|| id.into())
}

fn by_platform(reason: &str) -> Suppression {
    Suppression { by: SuppressedBy::Platform, reason: Some(reason.into()) }
}

/// An alert of the REST API.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Alert<'a> {
    #[serde(borrow)]
    state: Text<'a>,
    dismissed_reason: Text<'a>,
    dismissed_comment: Text<'a>,
    html_url: Text<'a>,
    dependency: Part<Dependency<'a>>,
    security_advisory: Part<Advisory<'a>>,
    security_vulnerability: Part<Vulnerability<'a>>,
}

impl Alert<'_> {
    fn observation(&self) -> Result<Observation, String> {
        let advisory = self.security_advisory.get().ok_or("has no `security_advisory`")?;
        let dependency = self.dependency.get().ok_or("has no `dependency`")?;
        let none = Vulnerability::default();
        let vulnerability = self.security_vulnerability.get().unwrap_or(&none);
        let identified = advisory.identifiers.sound().filter_map(|identifier| identifier.value.get());
        let names = [advisory.ghsa_id.get(), advisory.cve_id.get()].into_iter().flatten().chain(identified);
        let none = Score::default();
        let cvss = advisory.cvss.get().unwrap_or(&none);
        let state = self.state.get().filter(|state| *state != "open");
        let reason = self.dismissed_comment.get().or(self.dismissed_reason.get());
        let patched = vulnerability.first_patched_version.get();
        Known {
            names: names.map(named).collect(),
            cwes: distinct(advisory.cwes.sound().filter_map(|class| cwe(class.cwe_id.get()?)).collect()),
            severity: vulnerability.severity.get().or(advisory.severity.get()),
            vector: cvss.vector_string.get(),
            score: cvss.score.real(),
            summary: advisory.summary.get(),
            package: &dependency.package,
            version: None,
            fixed_in: patched.and_then(|patched| patched.identifier.get()),
            path: dependency.manifest_path.get(),
            url: self.html_url.untrusted(),
            published: advisory.published_at.untrusted(),
            epss: advisory.epss.get().and_then(|epss| epss.percentage.real()),
            suppression: state.map(|state| by_platform(reason.unwrap_or(state))),
        }
        .observation()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Dependency<'a> {
    #[serde(borrow)]
    package: Part<PackageName<'a>>,
    manifest_path: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct PackageName<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    ecosystem: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Advisory<'a> {
    #[serde(borrow)]
    ghsa_id: Text<'a>,
    cve_id: Text<'a>,
    summary: Text<'a>,
    severity: Text<'a>,
    identifiers: List<Identifier<'a>>,
    cvss: Part<Score<'a>>,
    epss: Part<Epss>,
    cwes: List<Class<'a>>,
    published_at: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Identifier<'a> {
    #[serde(borrow)]
    value: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Score<'a> {
    #[serde(borrow, alias = "vectorString")]
    vector_string: Text<'a>,
    score: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Epss {
    percentage: Number,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Class<'a> {
    #[serde(borrow, alias = "cweId")]
    cwe_id: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Vulnerability<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    first_patched_version: Part<Patched<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Patched<'a> {
    #[serde(borrow)]
    identifier: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Answer<'a> {
    #[serde(borrow)]
    data: Found<'a>,
    errors: OneOrMany<QueryError<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct QueryError<'a> {
    #[serde(borrow)]
    message: Text<'a>,
}

/// Every `vulnerabilityAlerts` in a tree of any shape, with its place.
#[derive(Default)]
struct Found<'a>(Vec<(String, Part<Alerts<'a>>)>);

impl<'de: 'a, 'a> Deserialize<'de> for Found<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Search)
    }
}

struct Search;

impl<'de> Visitor<'de> for Search {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON value")
    }

    fn visit_bool<E>(self, _: bool) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_i64<E>(self, _: i64) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_u64<E>(self, _: u64) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_f64<E>(self, _: f64) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_str<E>(self, _: &str) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_unit<E>(self) -> Result<Found<'de>, E> {
        Ok(Found::default())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Found<'de>, A::Error> {
        let mut found = Vec::new();
        let mut index = 0_usize;
        while let Some(Found(below)) = elements.next_element::<Found<'de>>()? {
            found.extend(below.into_iter().map(|(at, alerts)| (format!("/{index}{at}"), alerts)));
            index += 1;
        }
        Ok(Found(found))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Found<'de>, A::Error> {
        let mut found = Vec::new();
        while let Some(key) = members.next_key::<Cow<'de, str>>()? {
            if key == "vulnerabilityAlerts" {
                found.push((format!("/{key}"), members.next_value()?));
            } else {
                let Found(below) = members.next_value::<Found<'de>>()?;
                found.extend(below.into_iter().map(|(at, alerts)| (format!("/{}{at}", token(&key)), alerts)));
            }
        }
        Ok(Found(found))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Alerts<'a> {
    #[serde(borrow)]
    nodes: List<GraphAlert<'a>>,
    edges: List<Edge<'a>>,
    page_info: Part<PageInfo>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Edge<'a> {
    #[serde(borrow)]
    node: Part<GraphAlert<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PageInfo {
    has_next_page: Flag,
}

/// An alert of the GraphQL API, with the fields that the query asked for.
#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GraphAlert<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    state: Text<'a>,
    dismissed_at: Text<'a>,
    dismiss_reason: Text<'a>,
    dismiss_comment: Text<'a>,
    fixed_at: Text<'a>,
    vulnerable_manifest_path: Text<'a>,
    vulnerable_requirements: Text<'a>,
    security_vulnerability: Part<GraphVulnerability<'a>>,
}

impl GraphAlert<'_> {
    fn observation(&self) -> Result<Observation, String> {
        let vulnerability = self.security_vulnerability.get().ok_or("has no `securityVulnerability`")?;
        let none = GraphAdvisory::default();
        let advisory = vulnerability.advisory.get().unwrap_or(&none);
        let identified = advisory.identifiers.sound().filter_map(|identifier| identifier.value.get());
        let mut names: Vec<Untrusted> = identified.map(named).collect();
        if names.is_empty() {
            names.extend(advisory.ghsa_id.untrusted().or_else(|| self.id.untrusted()));
        }
        let none = Score::default();
        let cvss = advisory.cvss.get().unwrap_or(&none);
        let cwes = advisory.cwes.get().into_iter().flat_map(|classes| classes.nodes.sound());
        Known {
            names,
            cwes: distinct(cwes.filter_map(|class| cwe(class.cwe_id.get()?)).collect()),
            severity: vulnerability.severity.get(),
            vector: cvss.vector_string.get(),
            score: cvss.score.real(),
            summary: advisory.summary.get(),
            package: &vulnerability.package,
            version: self.vulnerable_requirements.get().and_then(|range| range.strip_prefix("= ")).map(Untrusted::from),
            fixed_in: vulnerability.first_patched_version.get().and_then(|patched| patched.identifier.get()),
            path: self.vulnerable_manifest_path.get(),
            url: None,
            published: advisory.published_at.untrusted(),
            epss: advisory.epss.get().and_then(|epss| epss.percentage.real()),
            suppression: self.suppression(),
        }
        .observation()
    }

    fn suppression(&self) -> Option<Suppression> {
        let state = self.state.get().filter(|state| !state.eq_ignore_ascii_case("open"));
        let dismissed = self.dismissed_at.get().map(|_| "dismissed");
        let state = state.or(dismissed).or_else(|| self.fixed_at.get().map(|_| "fixed"))?;
        Some(by_platform(self.dismiss_comment.get().or(self.dismiss_reason.get()).unwrap_or(state)))
    }
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GraphVulnerability<'a> {
    #[serde(borrow)]
    severity: Text<'a>,
    package: Part<PackageName<'a>>,
    first_patched_version: Part<Patched<'a>>,
    advisory: Part<GraphAdvisory<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GraphAdvisory<'a> {
    #[serde(borrow)]
    ghsa_id: Text<'a>,
    summary: Text<'a>,
    identifiers: List<Identifier<'a>>,
    cvss: Part<Score<'a>>,
    epss: Part<Epss>,
    cwes: Part<Classes<'a>>,
    published_at: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Classes<'a> {
    #[serde(borrow)]
    nodes: List<Class<'a>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_of_the_rest_api_is_a_result_whatever_its_state() {
        let alert = |state: &str| {
            format!(
                r#"{{"state":"{state}","dependency":{{"package":{{"ecosystem":"pip","name":"ansible"}},"manifest_path":"requirements.txt"}},
                "security_advisory":{{"ghsa_id":"GHSA-8f4m-hccc-8qph","cve_id":"CVE-2021-20191","severity":"medium","cwes":[{{"cwe_id":"CWE-532"}}],
                "cvss":{{"vector_string":null,"score":0.0}}}},"security_vulnerability":{{"severity":"medium","first_patched_version":{{"identifier":"2.9.18"}}}}}}"#
            )
        };
        let parsed = parse(&format!("[{},{}]", alert("open"), alert("fixed"))).unwrap();
        let [open, fixed] = parsed.observations.as_slice() else { panic!("{parsed:?}") };
        assert_eq!((open.ids.len(), open.severity, open.cvss.is_some()), (2, Severity::Medium, false));
        assert_eq!((open.suppression.is_some(), fixed.suppression.is_some()), (false, true));
        assert_eq!(open.package.as_ref().unwrap().fixed_in, ["2.9.18"]);
    }

    #[test]
    fn alerts_are_found_wherever_the_query_put_them() {
        let node = r#"{"id":"RVA_1","dismissedAt":"2019-10-22T10:41:21Z","vulnerableRequirements":"= 5.3.29","securityVulnerability":
            {"severity":"MODERATE","package":{"name":"spring-web"},"advisory":{"identifiers":[{"value":"GHSA-4wrc-f8pq-fpqp"}]}}}"#;
        for (around, pointer) in [
            (
                format!(r#"{{"data":{{"repository":{{"vulnerabilityAlerts":{{"nodes":[{node}]}}}}}}}}"#),
                "/data/repository/vulnerabilityAlerts/nodes/0",
            ),
            (
                format!(r#"{{"data":{{"a/b":[{{"vulnerabilityAlerts":{{"edges":[{{"node":{node}}}]}}}}]}}}}"#),
                "/data/a~1b/0/vulnerabilityAlerts/edges/0/node",
            ),
        ] {
            let parsed = parse(&around).unwrap();
            let one = &parsed.observations[0];
            assert_eq!(
                (one.pointer.as_raw(), one.severity, one.suppression.is_some()),
                (pointer, Severity::Medium, true)
            );
            assert_eq!(one.package.as_ref().unwrap().version.as_ref().unwrap(), &"5.3.29");
        }
        let more = r#"{"data":{"repository":{"vulnerabilityAlerts":{"pageInfo":{"hasNextPage":true},"nodes":[]}}}}"#;
        assert_eq!(parse(more).unwrap().state, ScanState::Partial);
        assert!(parse(r#"{"data":null,"errors":[{"message":"rate limited"}]}"#).is_err());
        let last = format!(r#"{{"data":{{"repository":{{"vulnerabilityAlerts":{{"nodes":[{node}]}}}}}}}}"#);
        for (pages, pointer) in [
            (format!("{more}\n{last}"), "/1/data/repository/vulnerabilityAlerts/nodes/0"),
            (format!("[{last},{last}]"), "/0/data/repository/vulnerabilityAlerts/nodes/0"),
        ] {
            assert!(detect(&Head::of(&pages)), "{pages}");
            let parsed = parse(&pages).unwrap();
            assert_eq!((parsed.state, parsed.observations[0].pointer.as_raw()), (ScanState::Complete, pointer));
        }
        assert_eq!(parse(&format!("{last}{more}")).unwrap().state, ScanState::Partial);
    }
}
