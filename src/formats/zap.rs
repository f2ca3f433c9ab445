//! ZAP's reports, in JSON (`traditional-json`) and XML (`traditional-xml`).
//!
//! One result for each alert of a site; its instances are places of one problem, and the first is kept. Evidence, requests
//! and responses hold cookies and tokens and are not read; of an address the query is left out.

use serde::Deserialize;

use super::terms::{address, cwe, instant, title};
use super::wire::{Element, List, OneOrMany, Record, Text, no_results, not_understood, read, results};
use super::xml::{Piece, Tag, Xml};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule, SuppressedBy, Suppression, Target};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};

pub(super) static FORMAT: Format = Format {
    id: "zap",
    title: "ZAP JSON and XML",
    docs: "https://www.zaproxy.org/docs/desktop/addons/report-generation/",
    produce: "zap-baseline.py -t https://staging.example.com -J zap.json",
    seen: "2.7 to 2.16",
    checks: &[Check::Dast],
    detect,
    parse,
};

/// Bytes of a field that are kept.
const FIELD: usize = 2048;

fn detect(head: &Head<'_>) -> bool {
    let site = head.key("site");
    let listed = site.has("alerts") || site.first().has("alerts");
    let is_xml = head.xml().is_some_and(|root| root.name == "OWASPZAPReport");
    is_xml || listed || (site.is_present() && head.has("@generated"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    if text.trim_start().starts_with('<') { parse_xml(text) } else { parse_json(text) }
}

fn report(version: Option<String>, created: Option<&str>) -> Parsed {
    let mut parsed = Parsed::new("ZAP", FORMAT.checks);
    parsed.tool.version = version.map(Into::into);
    parsed.finished_at = instant(created);
    parsed
}

/// Names the one site that was scanned, and says where none was.
fn look_at_sites(sites: &[Option<String>], parsed: &mut Parsed) {
    match sites {
        [] => parsed.degrade(ScanState::Partial, "nothing was scanned: there is no site"),
        [Some(site)] => parsed.target = Target { name: Some(address(site).into()), ..Target::default() },
        _ => {}
    }
}

fn parse_json(text: &str) -> Result<Parsed, FormatError> {
    let document: Document<'_> = read(text, FORMAT.id)?;
    let OneOrMany(sites) = document.site;
    sites.demand(FORMAT.id, "site")?;
    let mut parsed = report(document.version.get().map(str::to_owned), document.created.get());
    let names: Vec<_> = sites.sound().map(|site| site.name.get().map(str::to_owned)).collect();
    look_at_sites(&names, &mut parsed);
    let is_list = Head::of(text).key("site").is_array();
    for (index, record) in sites.into_records().into_iter().enumerate() {
        let at = if is_list { format!("/site/{index}") } else { "/site".to_owned() };
        match record {
            Record::Sound(Site { alerts: List::Absent, .. }) => not_understood(&mut parsed, at, "has no `alerts`"),
            Record::Sound(site) => results(site.alerts, FORMAT.id, &format!("{at}/alerts"), &mut parsed, |alert| {
                observation(alert).map(|observation| Element::Result(Box::new(observation)))
            })?,
            Record::Odd(odd) => not_understood(&mut parsed, at, format!("should be a site and is {odd}")),
        }
    }
    Ok(parsed)
}

fn observation(alert: &Alert<'_>) -> Result<Observation, String> {
    let rule = alert.plugin.get().or(alert.alert_ref.get()).ok_or("has no `pluginid`")?;
    let (severity, source) = match alert.risk.get() {
        Some("3") => (Severity::High, SeveritySource::Scanner),
        Some("2") => (Severity::Medium, SeveritySource::Scanner),
        Some("1") => (Severity::Low, SeveritySource::Scanner),
        Some("0") => (Severity::Info, SeveritySource::Scanner),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    let name = alert.alert.get().or(alert.name.get());
    let confidence = alert.confidence.get();
    Ok(Observation {
        rule: Rule {
            id: rule.into(),
            name: name.map(Into::into),
            url: Some(format!("https://www.zaproxy.org/docs/alerts/{}/", alert.alert_ref.get().unwrap_or(rule)).into()),
        },
        cwes: alert.cwe.get().and_then(cwe).into_iter().collect(),
        severity_raw: alert.risk.untrusted(),
        title: title(name.unwrap_or(rule)),
        location: Location {
            resource: alert.instances.sound().next().and_then(request).map(Into::into),
            ..Location::default()
        },
        confidence: confidence.map(Into::into),
        suppression: (confidence == Some("0"))
            .then(|| Suppression { by: SuppressedBy::Scanner, reason: Some("marked as a false positive".into()) }),
        ..Observation::new(Kind::Weakness, rule, severity, source)
    })
}

/// Method, address and parameter.
fn request(instance: &Instance<'_>) -> Option<String> {
    let url = address(instance.uri.get()?);
    let parts = [instance.method.get(), Some(url.as_ref()), instance.param.get()];
    Some(parts.into_iter().flatten().collect::<Vec<_>>().join(" "))
}

fn parse_xml(text: &str) -> Result<Parsed, FormatError> {
    let mut xml = Xml::new(text, FORMAT.id);
    let mut parsed = match xml.next()? {
        Some(Piece::Start(root)) if root.name() == "OWASPZAPReport" => {
            report(root.attribute("version"), root.attribute("created").as_deref())
        }
        _ => return Err(no_results(FORMAT.id, "the root element is no `OWASPZAPReport`")),
    };
    let mut sites = Vec::new();
    while let Some(piece) = xml.next()? {
        let Piece::Start(tag) = piece else { continue };
        if tag.name() == "site" {
            sites.push(tag.attribute("name"));
            let at = format!("/OWASPZAPReport/site[{}]", sites.len());
            read_site(&mut xml, &at, &mut parsed)?;
        } else {
            xml.skip()?;
        }
    }
    look_at_sites(&sites, &mut parsed);
    Ok(parsed)
}

/// Reads a site to its end; older versions leave out the element around the alerts.
fn read_site(xml: &mut Xml<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let (mut open, mut alerts) = (1_usize, 0_usize);
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(tag) if tag.name() == "alertitem" => {
                alerts += 1;
                let at = format!("{at}/alerts/alertitem[{alerts}]");
                match observation(&read_alert(xml)?) {
                    Ok(read) => parsed.observations.push(Box::new(Observation { pointer: at.into(), ..read })),
                    Err(reason) => not_understood(parsed, at, reason),
                }
            }
            Piece::Start(_) => open += 1,
            Piece::Text(_) => {}
            Piece::End if open == 1 => break,
            Piece::End => open -= 1,
        }
    }
    Ok(())
}

fn read_alert(xml: &mut Xml<'_>) -> Result<Alert<'static>, FormatError> {
    let mut alert = Alert::default();
    let mut instances = Vec::new();
    let mut bare = Instance::default();
    while let Some(piece) = xml.next()? {
        let tag = match piece {
            Piece::Start(tag) => tag,
            Piece::Text(_) => continue,
            Piece::End => break,
        };
        let field = match tag.name() {
            "pluginid" => &mut alert.plugin,
            "alertRef" => &mut alert.alert_ref,
            "alert" => &mut alert.alert,
            "name" => &mut alert.name,
            "riskcode" => &mut alert.risk,
            "confidence" => &mut alert.confidence,
            "cweid" => &mut alert.cwe,
            "instances" => {
                read_instances(xml, &mut instances)?;
                continue;
            }
            // Older versions write one alert for each place.
            _ => match bare.field(&tag) {
                Some(field) => field,
                None => {
                    xml.skip()?;
                    continue;
                }
            },
        };
        *field = Text::from(xml.text(FIELD)?);
    }
    instances.push(Record::Sound(bare));
    alert.instances = List::Given(instances);
    Ok(alert)
}

fn read_instances(xml: &mut Xml<'_>, instances: &mut Vec<Record<Instance<'static>>>) -> Result<(), FormatError> {
    let mut open = None;
    while let Some(piece) = xml.next()? {
        match (piece, &mut open) {
            (Piece::Start(tag), None) if tag.name() == "instance" => open = Some(Instance::default()),
            (Piece::Start(_), None) => xml.skip()?,
            (Piece::Start(tag), Some(instance)) => match instance.field(&tag) {
                Some(field) => *field = Text::from(xml.text(FIELD)?),
                None => xml.skip()?,
            },
            (Piece::Text(_), _) => {}
            (Piece::End, None) => break,
            (Piece::End, Some(_)) => {
                let instance = open.take();
                // Thousands of places of one alert are common, and the first is what is kept.
                if instances.is_empty() {
                    instances.extend(instance.map(Record::Sound));
                }
            }
        }
    }
    Ok(())
}

impl<'a> Instance<'a> {
    /// The field that an element of this name is.
    fn field(&mut self, tag: &Tag<'_>) -> Option<&mut Text<'a>> {
        match tag.name() {
            "uri" => Some(&mut self.uri),
            "method" => Some(&mut self.method),
            "param" => Some(&mut self.param),
            _ => None,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow, rename = "@version")]
    version: Text<'a>,
    created: Text<'a>,
    site: OneOrMany<Site<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Site<'a> {
    #[serde(borrow, rename = "@name")]
    name: Text<'a>,
    alerts: List<Alert<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Alert<'a> {
    #[serde(borrow, rename = "pluginid")]
    plugin: Text<'a>,
    #[serde(rename = "alertRef")]
    alert_ref: Text<'a>,
    alert: Text<'a>,
    name: Text<'a>,
    #[serde(rename = "riskcode")]
    risk: Text<'a>,
    confidence: Text<'a>,
    #[serde(rename = "cweid")]
    cwe: Text<'a>,
    instances: List<Instance<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Instance<'a> {
    #[serde(borrow)]
    uri: Text<'a>,
    method: Text<'a>,
    param: Text<'a>,
}
