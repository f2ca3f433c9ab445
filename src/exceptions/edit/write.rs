//! Records and their parts as people write them.
//!
//! What must stay true: whatever a text holds, what is written is read back as that text.

use std::fmt::Write as _;

use crate::model::exception::{Exception, Match, Renewal, RiskApproval, Scope};
use crate::model::text::Untrusted;
use crate::model::time::Date;
use crate::strict::Notation;

/// A value of a record.
pub(super) enum Value {
    Text(Untrusted),
    Day(Date),
    Texts(Vec<Untrusted>),
    Map(Item),
    Items(Vec<Item>),
}

/// Keys with their values, in order.
pub(super) struct Item(Vec<(&'static str, Value)>);

impl Item {
    pub(super) fn renewal(renewal: &Renewal) -> Self {
        let Renewal { on, until, reason } = renewal;
        Self(vec![("on", Value::Day(*on)), ("until", Value::Day(*until)), ("reason", Value::Text(reason.clone()))])
    }

    pub(super) fn approval(approval: &RiskApproval) -> Self {
        let RiskApproval { by, role, at, signature } = approval;
        let mut keys = vec![("by", Value::Text(by.clone()))];
        keys.extend(role.clone().map(|role| ("role", Value::Text(role))));
        keys.extend(at.map(|at| ("at", Value::Day(at))));
        keys.extend(signature.clone().map(|name| ("signature", Value::Text(name))));
        Self(keys)
    }

    pub(super) fn criteria(criteria: &Match) -> Self {
        let Match { ids, package, path, fingerprint, rule, kind, resource, verdict } = criteria;
        let mut keys = Vec::new();
        keys.extend((!ids.is_empty()).then(|| ("ids", Value::Texts(ids.clone()))));
        let single = [
            ("package", package),
            ("fingerprint", fingerprint),
            ("rule", rule),
            ("path", path),
            ("resource", resource),
            ("verdict", verdict),
        ];
        keys.extend(single.into_iter().filter_map(|(key, text)| Some((key, Value::Text(text.clone()?)))));
        keys.extend(kind.map(|kind| ("kind", Value::Text(kind.word().into()))));
        Self(keys)
    }

    fn scope(scope: &Scope) -> Self {
        let Scope { service, environment, repository } = scope;
        let lists = [("service", service), ("environment", environment), ("repository", repository)];
        Self(
            lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(k, l)| (k, Value::Texts(l.clone()))).collect(),
        )
    }

    fn record(exception: &Exception) -> Self {
        let e = exception;
        let text = |text: &Untrusted| Value::Text(text.clone());
        let mut keys = vec![("id", text(&e.id)), ("match", Value::Map(Self::criteria(&e.criteria)))];
        keys.extend((e.scope != Scope::default()).then(|| ("scope", Value::Map(Self::scope(&e.scope)))));
        keys.extend([("owner", text(&e.owner)), ("reason", text(&e.reason)), ("mitigation", text(&e.mitigation))]);
        keys.extend((!e.evidence.is_empty()).then(|| ("evidence", Value::Texts(e.evidence.clone()))));
        keys.extend(e.residual_risk.as_ref().map(|risk| ("residual_risk", text(risk))));
        keys.extend([("created", Value::Day(e.created)), ("expires", Value::Day(e.expires))]);
        keys.extend((!e.renewals.is_empty()).then(|| ("renewals", items(&e.renewals, Self::renewal))));
        keys.extend(e.ticket.as_ref().map(|ticket| ("ticket", text(ticket))));
        keys.extend((!e.approvals.is_empty()).then(|| ("approvals", items(&e.approvals, Self::approval))));
        Self(keys)
    }

    /// `{ on: 2026-11-30, … }`, as a part of a line.
    pub(super) fn inline(&self, notation: Notation) -> String {
        let keys = self.0.iter().map(|(key, value)| format!("{} {}", named(key, notation), inline(value, notation)));
        format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
    }
}

fn items<T>(list: &[T], item: fn(&T) -> Item) -> Value {
    Value::Items(list.iter().map(item).collect())
}

/// A key and what stands between it and its value.
pub(super) fn named(key: &str, notation: Notation) -> String {
    match notation {
        Notation::Yaml => format!("{key}:"),
        Notation::Json => format!("\"{key}\":"),
        Notation::Toml => format!("{key} ="),
    }
}

fn inline(value: &Value, notation: Notation) -> String {
    let list = |parts: Vec<String>| format!("[{}]", parts.join(", "));
    match value {
        Value::Text(text) => scalar(text.as_raw(), notation),
        Value::Day(day) if notation == Notation::Json => format!("\"{day}\""),
        Value::Day(day) => day.to_string(),
        Value::Texts(texts) => list(texts.iter().map(|text| scalar(text.as_raw(), notation)).collect()),
        Value::Map(item) => item.inline(notation),
        Value::Items(items) => list(items.iter().map(|item| item.inline(notation)).collect()),
    }
}

/// One record as a member of the file's list, with its line breaks; in JSON without the last one.
pub(super) fn new_record(notation: Notation, exception: &Exception, indent: &str, newline: &str) -> String {
    let record = Item::record(exception);
    let mut text = match notation {
        Notation::Yaml => String::new(),
        Notation::Toml => format!("[[exception]]{newline}"),
        Notation::Json => {
            let key = |(key, value): &(&'static str, Value)| {
                format!("{indent}  {} {}", named(key, notation), inline(value, notation))
            };
            let keys: Vec<String> = record.0.iter().map(key).collect();
            return format!("{indent}{{{newline}{}{newline}{indent}}}", keys.join(&format!(",{newline}")));
        }
    };
    for (n, (key, value)) in record.0.iter().enumerate() {
        let lead = match (notation, n) {
            (Notation::Yaml, 0) => format!("{indent}- "),
            (Notation::Yaml, _) => format!("{indent}  "),
            (Notation::Json | Notation::Toml, _) => String::new(),
        };
        // Writing to a String cannot fail.
        let _ = write!(text, "{lead}{} {}{newline}", named(key, notation), inline(value, notation));
    }
    text
}

/// A text with quotes where it could be read as something else. JSON's notation is YAML's and TOML's, too.
fn scalar(text: &str, notation: Notation) -> String {
    if notation == Notation::Yaml && is_plain(text) {
        return text.to_owned();
    }
    serde_json::Value::from(text).to_string().replace('\u{7f}', "\\u007f")
}

/// Whether YAML reads an unquoted text as itself, in flow style too. Only what is surely so.
fn is_plain(text: &str) -> bool {
    let word = |c: char| c.is_ascii_alphanumeric() || "._-/@".contains(c);
    let starts = text.starts_with(|c: char| c.is_ascii_alphabetic());
    let reserved = ["null", "true", "false", "yes", "no", "on", "off", "y", "n"];
    let spaces = text.split(' ').all(|part| !part.is_empty() && part.chars().all(word));
    starts && spaces && !reserved.contains(&text.to_ascii_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strict;

    #[test]
    fn every_text_is_read_back_as_it_is() {
        for text in [
            "plain",
            "two words",
            "null",
            "No",
            "12",
            "1e3",
            "0x10",
            "~",
            "- a",
            "a: b",
            "a #b",
            "#a",
            "'",
            "\"",
            "\\",
            "a,b",
            "[a]",
            "{a}",
            " a",
            "a ",
            "é",
            "a\nb",
            "\t",
            "\u{7f}",
            "\u{1}",
            "@team",
            "pkg:npm/a@1",
            "*x",
            "&x",
            "!x",
            "%x",
            "😀",
            "\u{feff}a",
        ] {
            for (file, notation) in [("e.yaml", Notation::Yaml), ("e.toml", Notation::Toml), ("e.json", Notation::Json)]
            {
                let item = Item(vec![("on", Value::Text(text.into()))]);
                let list = format!("{} [{}]\n", named("list", notation), item.inline(notation));
                let written = if notation == Notation::Json { format!("{{{list}}}") } else { list };
                let read: std::collections::BTreeMap<String, Vec<std::collections::BTreeMap<String, String>>> =
                    strict::read(file, written.as_bytes()).unwrap_or_else(|faults| panic!("{written}{faults}"));
                assert_eq!(read["list"][0]["on"], text, "{written}");
            }
        }
    }
}
