//! TOML 1 into nodes.

use std::collections::BTreeMap;

use serde_json::Number;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::node::{Building, Entry, Node, Shape};

/// Parses one document, or leaves every fault of notation.
pub(super) fn parse(text: &str, building: &mut Building<'_>) -> Option<Node> {
    let (table, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let place = building.place(error.span().map_or(0, |span| span.start));
        building.fault(place, format!("not TOML: {}", error.message()), "correct the notation");
    }
    if !errors.is_empty() {
        return None;
    }
    let place = building.place(table.span().start);
    let table = table.into_inner();
    if table.is_empty() {
        building.fault(place, "the file is empty", "write `exception = []` to say that there is nothing");
        return None;
    }
    map(&table, place, 0, building)
}

fn map(table: &DeTable<'_>, place: (usize, usize), depth: usize, building: &mut Building<'_>) -> Option<Node> {
    let mut entries = Vec::new();
    let mut seen = BTreeMap::new();
    for (key, value) in table {
        let (line, column) = building.place(key.span().start);
        let node = node(value, depth + 1, building)?;
        building.entry(&mut entries, &mut seen, Entry { key: key.get_ref().to_string(), line, column, node });
    }
    entries.sort_by_key(|entry| (entry.line, entry.column));
    building.node(place, depth, Shape::Map(entries))
}

fn node(value: &Spanned<DeValue<'_>>, depth: usize, building: &mut Building<'_>) -> Option<Node> {
    let place = building.place(value.span().start);
    // Before the recursion, so that no depth is walked that is refused afterwards.
    let opens = matches!(value.get_ref(), DeValue::Array(_) | DeValue::Table(_));
    building.node(place, depth + usize::from(opens), Shape::Null)?;
    let shape = match value.get_ref() {
        DeValue::String(text) => Shape::Text(text.to_string()),
        DeValue::Datetime(moment) => Shape::Text(moment.to_string()),
        DeValue::Boolean(value) => Shape::Bool(*value),
        DeValue::Integer(number) => match i64::from_str_radix(number.as_str(), number.radix()) {
            Ok(number) => Shape::Number(number.into()),
            Err(_) => return beyond(place, building),
        },
        DeValue::Float(number) => match number.as_str().parse().ok().and_then(Number::from_f64) {
            Some(number) => Shape::Number(number),
            None => return beyond(place, building),
        },
        DeValue::Array(items) => {
            let items: Option<Vec<Node>> = items.iter().map(|item| node(item, depth + 1, building)).collect();
            Shape::List(items?)
        }
        DeValue::Table(table) => return map(table, place, depth, building),
    };
    building.node(place, depth, shape)
}

fn beyond(place: (usize, usize), building: &mut Building<'_>) -> Option<Node> {
    building.fault(place, "a number that cannot be held exactly", "use a number of 64 bits");
    None
}
