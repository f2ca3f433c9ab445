//! govulncheck's JSON (`govulncheck -json ./...`): a stream of messages, or the one document that it wrote before 1.0.
//!
//! The stream says one vulnerability of one module up to three times: required, imported, called. That is one result. `osv`
//! messages are candidates and no results. There are no severities.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use serde::Deserialize;

use super::terms::{distinct, title, vulnerability_id};
use super::wire::{
    List, Number, OneOrMany, Part, Record, Text, Texts, malformed, no_results, not_understood, read, read_stream,
};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::package::{FixState, Package};
use crate::model::report::{Check, Observations, Parsed};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;

pub(super) static FORMAT: Format = Format {
    id: "govulncheck",
    title: "govulncheck JSON",
    docs: "https://pkg.go.dev/golang.org/x/vuln/cmd/govulncheck",
    produce: "govulncheck -json ./... > govulncheck.json",
    seen: "0.1, 1.0 to 1.1",
    checks: &[Check::Dependencies],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let is_first = |message: &super::Node<'_>| {
        let config = message.key("config");
        config.has("protocol_version") || config.key("scanner_name").text() == Some("govulncheck")
    };
    is_first(head.root()) || is_first(head.root().first()) || is_legacy(head)
}

fn is_legacy(head: &Head<'_>) -> bool {
    head.has("Vulns") && (head.has("Calls") || head.has("Modules") || head.first("Vulns").has("OSV"))
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let head = Head::of(text);
    if head.has("Vulns") || head.has("Calls") { parse_document(text) } else { parse_stream(text) }
}

/// How near the vulnerable code is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    Required,
    Imported,
    Called,
}

impl Reach {
    const fn word(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Imported => "imported",
            Self::Called => "called",
        }
    }
}

fn parse_stream(text: &str) -> Result<Parsed, FormatError> {
    let messages: List<Message<'_>> = read_stream(text, FORMAT.id)?;
    let mut configs = messages.sound().filter_map(|message| message.config.get());
    let Some(config) = configs.next() else {
        return Err(no_results(FORMAT.id, "there is no `config` message"));
    };
    if configs.next().is_some() {
        return Err(malformed(FORMAT.id, "a second `config` message: these are two reports"));
    }
    let mut parsed = Parsed::new("govulncheck", FORMAT.checks);
    parsed.tool.version = config.scanner_version.untrusted();
    let entries: HashMap<&str, &Osv<'_>> =
        messages.sound().filter_map(|message| message.osv.get()).filter_map(|osv| Some((osv.id.get()?, osv))).collect();
    let mut found = Found::default();
    for (index, message) in messages.records().iter().enumerate() {
        let at = format!("/{index}");
        match message {
            Record::Sound(Message { finding: OneOrMany(List::Odd(odd)), .. }) => {
                not_understood(&mut parsed, format!("{at}/finding"), format!("should be an object and is {odd}"));
            }
            Record::Sound(message) => {
                for finding in message.finding.0.sound() {
                    found.take(finding, &entries, &at, &mut parsed);
                }
            }
            Record::Odd(odd) => not_understood(&mut parsed, at, format!("should be a message and is {odd}")),
        }
    }
    parsed.observations = found.observations;
    Ok(parsed)
}

/// One observation for each vulnerability of each module, in the order of the report.
#[derive(Default)]
struct Found<'m> {
    observations: Observations,
    places: HashMap<(&'m str, &'m str), (usize, Reach)>,
}

impl<'m> Found<'m> {
    fn take(&mut self, finding: &'m Finding<'_>, entries: &HashMap<&str, &Osv<'_>>, at: &str, parsed: &mut Parsed) {
        let frame = finding.trace.sound().next();
        let (Some(id), Some(frame), Some(module)) =
            (finding.osv.get(), frame, frame.and_then(|frame| frame.module.get()))
        else {
            not_understood(parsed, format!("{at}/finding"), "names no vulnerability or no module");
            return;
        };
        let reach = match frame {
            Frame { function, .. } if function.get().is_some() => Reach::Called,
            Frame { package, .. } if package.get().is_some() => Reach::Imported,
            Frame { .. } => Reach::Required,
        };
        let observation = || Observation {
            package: Some(Box::new(package(module, frame.version.untrusted(), finding.fixed_version.untrusted()))),
            location: entry_point(finding, reach),
            confidence: Some(reach.word().into()),
            pointer: format!("{at}/finding").into(),
            ..vulnerability(id, entries.get(id).copied())
        };
        match self.places.entry((id, module)) {
            Entry::Vacant(vacant) => {
                vacant.insert((self.observations.len(), reach));
                self.observations.push(Box::new(observation()));
            }
            Entry::Occupied(mut occupied) if reach > occupied.get().1 => {
                let place = occupied.get().0;
                occupied.insert((place, reach));
                if let Some(known) = self.observations.get_mut(place) {
                    **known = Observation { pointer: known.pointer.clone(), ..observation() };
                }
            }
            Entry::Occupied(_) => {}
        }
    }
}

/// Where the code of one's own calls into the vulnerable module: the last frame.
fn entry_point(finding: &Finding<'_>, reach: Reach) -> Location {
    let position = finding.trace.sound().last().and_then(|frame| frame.position.get());
    match position.filter(|_| reach == Reach::Called) {
        Some(position) => Location {
            path: position.filename.untrusted(),
            line: position.line.position(),
            column: position.column.position(),
            ..Location::default()
        },
        None => Location::default(),
    }
}

fn package(module: &str, version: Option<Untrusted>, fixed: Option<Untrusted>) -> Package {
    Package {
        name: module.into(),
        version,
        purl: None,
        ecosystem: Some("golang".into()),
        fix_state: if fixed.is_some() { FixState::Fixed } else { FixState::Unknown },
        fixed_in: fixed.into_iter().collect(),
    }
}

fn vulnerability(id: &str, entry: Option<&Osv<'_>>) -> Observation {
    let named = |id: &str| vulnerability_id(id).unwrap_or_else(|| id.into());
    let aliases = entry.into_iter().flat_map(|entry| entry.aliases.iter()).map(named);
    let said = entry.and_then(|entry| entry.summary.get().or(entry.details.get()));
    Observation {
        rule: Rule { id: id.into(), name: None, url: Some(format!("https://pkg.go.dev/vuln/{id}").into()) },
        ids: distinct(std::iter::once(named(id)).chain(aliases).collect()),
        title: title(said.unwrap_or(id)),
        published: entry.and_then(|entry| entry.published.untrusted()),
        ..Observation::new(Kind::Vulnerability, id, Severity::Unknown, SeveritySource::None)
    }
}

/// The layout before 1.0: an entry for each vulnerable symbol.
fn parse_document(text: &str) -> Result<Parsed, FormatError> {
    let report: Document<'_> = read(text, FORMAT.id)?;
    report.vulns.demand(FORMAT.id, "Vulns")?;
    let mut parsed = Parsed::new("govulncheck", FORMAT.checks);
    let versions: HashMap<&str, &Text<'_>> =
        report.modules.sound().filter_map(|module| Some((module.path.get()?, &module.version))).collect();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (index, record) in report.vulns.records().iter().enumerate() {
        let at = format!("/Vulns/{index}");
        let entry = match record {
            Record::Sound(entry) => entry,
            Record::Odd(odd) => {
                not_understood(&mut parsed, at, format!("should be an object and is {odd}"));
                continue;
            }
        };
        let Some((id, osv)) = entry.osv.get().and_then(|osv| Some((osv.id.get()?, osv))) else {
            not_understood(&mut parsed, at, "names no vulnerability");
            continue;
        };
        let is_called = entry.call_sink.position().is_some();
        let reach = if is_called { Reach::Called } else { Reach::Imported };
        match places.entry(id) {
            Entry::Vacant(vacant) => {
                vacant.insert(parsed.observations.len());
                parsed.observations.push(Box::new(Observation {
                    package: entry.module.get().map(|module| {
                        let version = versions.get(module).and_then(|version| version.untrusted());
                        Box::new(package(module, version, None))
                    }),
                    confidence: Some(reach.word().into()),
                    pointer: at.into(),
                    ..vulnerability(id, Some(osv))
                }));
            }
            Entry::Occupied(occupied) if is_called => {
                if let Some(known) = parsed.observations.get_mut(*occupied.get()) {
                    known.confidence = Some(reach.word().into());
                }
            }
            Entry::Occupied(_) => {}
        }
    }
    Ok(parsed)
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Message<'a> {
    #[serde(borrow)]
    config: Part<Config<'a>>,
    osv: Part<Osv<'a>>,
    finding: OneOrMany<Finding<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Config<'a> {
    #[serde(borrow)]
    scanner_version: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Osv<'a> {
    #[serde(borrow)]
    id: Text<'a>,
    aliases: Texts<'a>,
    summary: Text<'a>,
    details: Text<'a>,
    published: Text<'a>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Finding<'a> {
    #[serde(borrow)]
    osv: Text<'a>,
    fixed_version: Text<'a>,
    trace: List<Frame<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Frame<'a> {
    #[serde(borrow)]
    module: Text<'a>,
    version: Text<'a>,
    package: Text<'a>,
    function: Text<'a>,
    position: Part<Position<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Position<'a> {
    #[serde(borrow)]
    filename: Text<'a>,
    line: Number,
    column: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Document<'a> {
    #[serde(borrow)]
    vulns: List<LegacyEntry<'a>>,
    modules: List<Module<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct LegacyEntry<'a> {
    #[serde(borrow, rename = "OSV")]
    osv: Part<Osv<'a>>,
    #[serde(rename = "ModPath")]
    module: Text<'a>,
    call_sink: Number,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "PascalCase")]
struct Module<'a> {
    #[serde(borrow)]
    path: Text<'a>,
    version: Text<'a>,
}
