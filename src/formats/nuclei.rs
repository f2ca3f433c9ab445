//! Nuclei's JSON (`nuclei -jsonl` or `-json-export`): one object a line, or a list of them; nothing at all where it found nothing.
//!
//! Requests, responses, extracted values and commands hold cookies and tokens and are not read; of an address the query is
//! left out.

use serde::Deserialize;

use super::terms::{address, assessment, cwe, distinct, instant, title, vulnerability_id};
use super::wire::{Element, List, Number, Part, Text, Texts, demand_understood, read_stream, results};
use super::{Format, FormatError, Head, Node};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "nuclei",
    title: "Nuclei JSON",
    docs: "https://docs.projectdiscovery.io/opensource/nuclei/running",
    produce: "nuclei -u https://staging.example.com -jsonl -o nuclei.jsonl",
    seen: "2.3 to 3.3",
    checks: &[Check::Dast],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_match = |node: &Node<'_>| {
        let named = ["template-id", "templateID", "template", "template-path"].iter().any(|key| node.has(key));
        named && node.key("info").has("severity") | node.key("info").has("name")
    };
    is_match(head.root()) || is_match(head.root().first())
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let matches: List<Match<'_>> = read_stream(text, FORMAT.id)?;
    matches.demand(FORMAT.id, "list of matches")?;
    let mut parsed = Parsed::new("Nuclei", FORMAT.checks);
    parsed.finished_at = matches.sound().filter_map(|one| instant(one.timestamp.get())).max();
    results(matches, FORMAT.id, "", &mut parsed, observe)?;
    demand_understood(&parsed, FORMAT.id)?;
    Ok(parsed)
}

fn observe(one: &Match<'_>) -> Result<Element, String> {
    let rule = [&one.template, &one.template2, &one.template1, &one.template_path]
        .into_iter()
        .find_map(Text::get)
        .ok_or("has no `template-id`")?;
    let info = one.info.get();
    let class = info.and_then(|info| info.classification.get());
    let word = info.and_then(|info| info.severity.get());
    let name = info.and_then(|info| info.name.get()).unwrap_or(rule);
    let url = one.matched_at.get().or(one.matched.get()).or(one.host.get());
    let cves = class.into_iter().flat_map(|class| class.cve.iter());
    Ok(Element::Result(Box::new(Observation {
        rule: Rule {
            id: rule.into(),
            name: info.and_then(|info| info.name.untrusted()),
            url: info.and_then(|info| info.reference.iter().next()).map(Into::into),
        },
        ids: distinct(cves.chain([rule]).filter_map(vulnerability_id).collect()),
        cwes: distinct(class.into_iter().flat_map(|class| class.cwe.iter()).filter_map(cwe).collect()),
        severity_raw: word.map(Into::into),
        cvss: class.and_then(|class| assessment(class.vector.get(), class.score.real())),
        title: match one.matcher.get() {
            Some(matcher) => title(&format!("{name}: {matcher}")),
            None => title(name),
        },
        location: Location { resource: url.map(|url| address(url).into()), ..Location::default() },
        epss: class.and_then(|class| class.epss.real()).filter(|epss| (0.0..=1.0).contains(epss)),
        ..Observation::new(
            Kind::Weakness,
            rule,
            Severity::from_word(word.unwrap_or_default()),
            if word.is_some() { SeveritySource::Scanner } else { SeveritySource::None },
        )
    })))
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "kebab-case")]
struct Match<'a> {
    #[serde(borrow, rename = "template-id")]
    template: Text<'a>,
    #[serde(rename = "templateID")]
    template2: Text<'a>,
    #[serde(rename = "template")]
    template1: Text<'a>,
    template_path: Text<'a>,
    info: Part<Info<'a>>,
    host: Text<'a>,
    matched_at: Text<'a>,
    matched: Text<'a>,
    #[serde(rename = "matcher-name")]
    matcher: Text<'a>,
    timestamp: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Info<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    severity: Text<'a>,
    reference: Texts<'a>,
    classification: Part<Classification<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Classification<'a> {
    #[serde(borrow, rename = "cve-id")]
    cve: Texts<'a>,
    #[serde(rename = "cwe-id")]
    cwe: Texts<'a>,
    #[serde(rename = "cvss-metrics")]
    vector: Text<'a>,
    #[serde(rename = "cvss-score")]
    score: Number,
    #[serde(rename = "epss-score")]
    epss: Number,
}
