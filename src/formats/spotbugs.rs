//! SpotBugs' and FindBugs' XML (`spotbugs -textui -xml:withMessages`).

use super::terms::{cwe, is_about_credentials, title, without_quoted};
use super::wire::{no_results, not_understood};
use super::xml::{Piece, Tag, Xml};
use super::{Format, FormatError, Head};
use crate::model::finding::{Kind, Location, Observation, Rule};
use crate::model::report::{Check, Parsed, ScanState};
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;

pub(super) static FORMAT: Format = Format {
    id: "spotbugs",
    title: "SpotBugs XML",
    docs: "https://spotbugs.readthedocs.io/en/latest/running.html",
    produce: "spotbugs -textui -xml:withMessages -output spotbugs.xml classes",
    seen: "FindBugs 1.2 and 2.0, SpotBugs 3.1 to 4.8",
    checks: &[Check::Sast, Check::Quality],
    detect,
    parse,
};

/// Bytes of a message that are kept.
const MESSAGE: usize = 2048;

/// Categories of weaknesses; the others are about quality.
const WEAKNESSES: &[&str] = &["SECURITY", "MALICIOUS_CODE"];

fn detect(head: &Head<'_>) -> bool {
    head.xml().is_some_and(|root| root.name == "BugCollection")
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut xml = Xml::new(text, FORMAT.id);
    let mut parsed = Parsed::new("SpotBugs", FORMAT.checks);
    match xml.next()? {
        Some(Piece::Start(root)) if root.name() == "BugCollection" => {
            parsed.tool.version = root.attribute("version").map(Untrusted::from);
            let millis = root.attribute("analysisTimestamp").and_then(|millis| millis.parse::<i64>().ok());
            parsed.finished_at =
                millis.filter(|millis| *millis > 0).and_then(|millis| Timestamp::from_unix_seconds(millis / 1000));
        }
        _ => return Err(no_results(FORMAT.id, "the root element is no `BugCollection`")),
    }
    let mut bugs = 0_usize;
    while let Some(piece) = xml.next()? {
        let Piece::Start(tag) = piece else { continue };
        match tag.name() {
            "BugInstance" => {
                bugs += 1;
                read_bug(&mut xml, &tag, &format!("/BugCollection/BugInstance[{bugs}]"), &mut parsed)?;
            }
            "Errors" => {
                let count = tag.attribute("errors").and_then(|count| count.trim().parse::<u64>().ok()).unwrap_or(0);
                if count > 0 {
                    parsed.degrade(ScanState::Partial, format!("SpotBugs met {count} errors"));
                }
                xml.skip()?;
            }
            _ => xml.skip()?,
        }
    }
    Ok(parsed)
}

fn read_bug(xml: &mut Xml<'_>, bug: &Tag<'_>, at: &str, parsed: &mut Parsed) -> Result<(), FormatError> {
    let mut message = None;
    let mut place: Option<(Rank, Location)> = None;
    let mut symbol = None;
    while let Some(piece) = xml.next()? {
        let tag = match piece {
            Piece::Start(tag) => tag,
            Piece::Text(_) => continue,
            Piece::End => break,
        };
        match tag.name() {
            "LongMessage" => message = Some(xml.text(MESSAGE)?),
            "ShortMessage" if message.is_none() => message = Some(xml.text(MESSAGE)?),
            "SourceLine" => {
                offer(&mut place, Rank::Own(tag.attribute("primary").is_some()), &tag);
                xml.skip()?;
            }
            "Class" | "Method" | "Field" => {
                let rank = match tag.name() {
                    "Class" => Rank::Class,
                    _ => Rank::Member,
                };
                symbol = member(&tag).or(symbol);
                read_within(xml, rank, &mut place)?;
            }
            _ => xml.skip()?,
        }
    }
    match observation(bug, message, place.map(|(_, location)| location), symbol) {
        Some(observation) => parsed.observations.push(Box::new(Observation { pointer: at.into(), ..observation })),
        None => not_understood(parsed, at.to_owned(), "has no `type`"),
    }
    Ok(())
}

/// How well a source line says where the bug is: best last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Class,
    Member,
    /// The bug's own; whether it is the primary one.
    Own(bool),
}

/// Keeps the better place, and the first of equals.
fn offer(place: &mut Option<(Rank, Location)>, rank: Rank, line: &Tag<'_>) {
    if place.as_ref().is_some_and(|(known, _)| *known >= rank) {
        return;
    }
    let number =
        |name: &str| line.attribute(name).and_then(|number| number.trim().parse().ok()).filter(|line| *line > 0);
    let path = line.attribute("sourcepath").or_else(|| line.attribute("sourcefile"));
    *place = Some((
        rank,
        Location {
            path: path.map(Untrusted::from),
            line: number("start"),
            end_line: number("end"),
            ..Location::default()
        },
    ));
}

/// Reads a class or member to its end for its source line.
fn read_within(xml: &mut Xml<'_>, rank: Rank, place: &mut Option<(Rank, Location)>) -> Result<(), FormatError> {
    while let Some(piece) = xml.next()? {
        match piece {
            Piece::Start(tag) => {
                if tag.name() == "SourceLine" {
                    offer(place, rank, &tag);
                }
                xml.skip()?;
            }
            Piece::Text(_) => {}
            Piece::End => break,
        }
    }
    Ok(())
}

fn member(tag: &Tag<'_>) -> Option<String> {
    let class = tag.attribute("classname")?;
    Some(match tag.attribute("name") {
        Some(name) => format!("{class}.{name}"),
        None => class,
    })
}

fn observation(
    bug: &Tag<'_>,
    message: Option<String>,
    place: Option<Location>,
    symbol: Option<String>,
) -> Option<Observation> {
    let rule = bug.attribute("type").filter(|kind| !kind.trim().is_empty())?;
    let priority = bug.attribute("priority");
    let (severity, source) = match priority.as_deref() {
        Some("1") => (Severity::High, SeveritySource::Level),
        Some("2") => (Severity::Medium, SeveritySource::Level),
        Some("3") => (Severity::Low, SeveritySource::Level),
        _ => (Severity::Unknown, SeveritySource::None),
    };
    let category = bug.attribute("category").unwrap_or_default();
    let cwes: Vec<Untrusted> = bug.attribute("cweid").and_then(|class| cwe(&class)).into_iter().collect();
    let sensitive = is_about_credentials(&cwes) || rule.starts_with("HARD_CODE") || rule.contains("PASSWORD");
    let message = message.filter(|message| !message.trim().is_empty()).unwrap_or_else(|| rule.clone());
    // One hash may occur several times in a file; the occurrence tells them apart.
    let hash = bug.attribute("instanceHash");
    let occurrence = bug.attribute("instanceOccurrenceNum").unwrap_or_default();
    let location = place.unwrap_or_default();
    let resource = if location.path.is_none() { symbol.map(Untrusted::from) } else { None };
    Some(Observation {
        rule: Rule { id: rule.as_str().into(), name: bug.attribute("abbrev").map(Untrusted::from), url: None },
        cwes,
        severity_raw: priority.map(Untrusted::from),
        title: title(&if sensitive { without_quoted(&message) } else { message.as_str().into() }),
        location: Location { resource, ..location },
        confidence: bug.attribute("rank").map(|rank| format!("rank {rank}").into()),
        tool_fingerprint: hash.filter(|_| !sensitive).map(|hash| format!("{hash}:{occurrence}").into()),
        ..Observation::new(
            if WEAKNESSES.contains(&category.as_str()) { Kind::Weakness } else { Kind::Quality },
            rule,
            severity,
            source,
        )
    })
}
