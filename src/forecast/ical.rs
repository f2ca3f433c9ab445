//! The forecast as a calendar: one event for every turn.
//!
//! What must stay true: the same forecast gives the same bytes; the same turn keeps its UID from run to run, so that a
//! calendar updates it; and no text from outside starts a property of its own.
//!
//! Source: RFC 5545: 3.1 (folding at 75 octets), 3.3.11 (escaping), 3.6.1 (events), 3.8.4.7 (UID), 3.8.7.2 (DTSTAMP).

use super::{Forecast, Turn};
use crate::model::digest::Digest;
use crate::model::text::{Untrusted, neutral};
use crate::model::time::Timestamp;

/// The longest line in octets, its break left out.
const LINE: usize = 75;

/// The whole calendar. DTSTAMP is the instant of the forecast.
#[must_use]
pub fn calendar(forecast: &Forecast) -> String {
    let mut text = String::new();
    for fixed in ["BEGIN:VCALENDAR", "VERSION:2.0", "CALSCALE:GREGORIAN", "METHOD:PUBLISH"] {
        content(&mut text, fixed);
    }
    content(&mut text, &format!("PRODID:-//countersign//countersign {}//EN", env!("CARGO_PKG_VERSION")));
    for turn in &forecast.turns {
        event(&mut text, forecast, turn);
    }
    content(&mut text, "END:VCALENDAR");
    text
}

fn event(text: &mut String, forecast: &Forecast, turn: &Turn) {
    let because: Vec<String> = turn.because.iter().map(super::Cause::line).collect();
    let repository = forecast.repository.as_ref().map(|name| format!("{}: ", name.as_raw())).unwrap_or_default();
    let summary = format!("{repository}{} blocks {}", turn.rule.as_raw(), forecast.environment.as_raw());
    let mut description = vec![turn.msg.as_raw().to_owned()];
    description.push(format!("owner: {}", turn.owner.as_raw()));
    description.extend(because.iter().map(|why| format!("why: {why}")));
    if !turn.findings.is_empty() {
        let ids: Vec<&str> = turn.findings.iter().map(Untrusted::as_raw).collect();
        description.push(format!("findings: {}", ids.join(", ")));
    }
    description.extend(turn.next.iter().map(|next| format!("next: {}", next.as_raw())));
    let description: Vec<String> = description.iter().map(|line| escaped(line)).collect();
    content(text, "BEGIN:VEVENT");
    content(text, &format!("UID:{}", uid(forecast, turn)));
    content(text, &format!("DTSTAMP:{}", utc(forecast.from)));
    content(text, &format!("DTSTART:{}", utc(turn.at)));
    content(text, &format!("SUMMARY:{}", escaped(&summary)));
    content(text, &format!("DESCRIPTION:{}", description.join("\\n")));
    content(text, &format!("CATEGORIES:{}", escaped(turn.owner.as_raw())));
    content(text, "TRANSP:TRANSPARENT");
    content(text, "END:VEVENT");
}

/// From what turns, where and when, and not from what is said of it.
fn uid(forecast: &Forecast, turn: &Turn) -> String {
    let repository = forecast.repository.as_ref().map(Untrusted::as_raw).unwrap_or_default();
    let mut key = vec![repository, forecast.environment.as_raw(), turn.rule.as_raw(), turn.owner.as_raw()];
    key.extend(turn.findings.iter().map(Untrusted::as_raw));
    let at = turn.at.to_string();
    key.push(&at);
    let masked: String = turn.msg.as_raw().chars().filter(|c| !c.is_ascii_digit()).collect();
    if turn.findings.is_empty() {
        key.push(&masked);
    }
    let hex: String = Digest::of(key.join("\n")).hex().chars().take(32).collect();
    format!("{hex}@countersign.dev")
}

/// `20261201T000000Z`.
fn utc(instant: Timestamp) -> String {
    instant.to_string().chars().filter(|c| !matches!(c, '-' | ':')).collect()
}

/// A text value: what would end it or begin another is escaped, and controls are made visible.
fn escaped(raw: &str) -> String {
    neutral(raw).replace('\\', "\\\\").replace(';', "\\;").replace(',', "\\,")
}

/// One content line, folded between characters, ended as the format demands.
fn content(text: &mut String, line: &str) {
    let mut octets = 0;
    for c in line.chars() {
        if octets + c.len_utf8() > LINE {
            text.push_str("\r\n ");
            octets = 1;
        }
        text.push(c);
        octets += c.len_utf8();
    }
    text.push_str("\r\n");
}
