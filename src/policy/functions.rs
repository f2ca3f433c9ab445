//! The built-in functions that policies may call.
//!
//! What must stay true: a function that is not in this table does not run. The table holds what the engine answers as the
//! language's own test cases say; what reads the world or is measured to answer wrongly is named with the reason.

/// What is known about a built-in function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// It may be called.
    Fine,
    /// It may be called in one form only.
    Walk,
    /// It may be called with literal zeros for years and months only.
    AddDate,
    /// It may not be called: why, to be read after its name.
    Refused(&'static str),
}

/// Looks a built-in up.
pub(super) fn find(name: &str) -> Option<Known> {
    if FINE.contains(&name) {
        return Some(Known::Fine);
    }
    if name == "walk" {
        return Some(Known::Walk);
    }
    if name == "time.add_date" {
        return Some(Known::AddDate);
    }
    REFUSED.iter().find(|(refused, _)| *refused == name).map(|(_, why)| Known::Refused(why))
}

const FINE: &[&str] = &[
    "abs",
    "array.concat",
    "array.reverse",
    "array.slice",
    "base64.decode",
    "base64.encode",
    "base64.is_valid",
    "base64url.decode",
    "base64url.encode",
    "base64url.encode_no_pad",
    "bits.and",
    "bits.negate",
    "bits.or",
    "bits.xor",
    "ceil",
    "concat",
    "contains",
    "count",
    "endswith",
    "floor",
    "format_int",
    "glob.match",
    "graph.reachable",
    "hex.decode",
    "hex.encode",
    "indexof",
    "indexof_n",
    "intersection",
    "is_array",
    "is_boolean",
    "is_null",
    "is_number",
    "is_object",
    "is_set",
    "is_string",
    "json.filter",
    "json.is_valid",
    "json.marshal",
    "json.marshal_with_options",
    "json.remove",
    "json.unmarshal",
    "lower",
    "max",
    "min",
    "net.cidr_contains",
    "net.cidr_expand",
    "net.cidr_is_valid",
    "numbers.range",
    "object.filter",
    "object.get",
    "object.keys",
    "object.remove",
    "object.subset",
    "object.union",
    "object.union_n",
    "print",
    "product",
    "regex.find_all_string_submatch_n",
    "regex.find_n",
    "regex.is_valid",
    "regex.match",
    "regex.replace",
    "regex.split",
    "regex.template_match",
    "replace",
    "round",
    "semver.compare",
    "semver.is_valid",
    "sort",
    "split",
    "sprintf",
    "startswith",
    "strings.any_prefix_match",
    "strings.any_suffix_match",
    "strings.reverse",
    "substring",
    "sum",
    "time.clock",
    "time.date",
    "time.diff",
    "time.format",
    "time.now_ns",
    "time.parse_duration_ns",
    "time.parse_ns",
    "time.parse_rfc3339_ns",
    "time.weekday",
    "to_number",
    "trace",
    "trim",
    "trim_left",
    "trim_prefix",
    "trim_right",
    "trim_space",
    "trim_suffix",
    "type_name",
    "union",
    "units.parse",
    "units.parse_bytes",
    "upper",
];

const REFUSED: &[(&str, &str)] = &[
    ("bits.lsh", "is undefined for large shifts, without an error"),
    ("bits.rsh", "is undefined for large shifts, without an error"),
    ("glob.quote_meta", "leaves some of the characters that mean something as they are"),
    ("graph.reachable_paths", "answers wrongly where paths form a circle"),
    ("http.send", "reads the network"),
    ("net.lookup_ip_addr", "reads the network"),
    ("numbers.range_step", "answers wrongly for large numbers"),
    ("opa.runtime", "reads the environment"),
    ("rand.intn", "answers differently each time"),
    ("strings.count", "counts overlapping matches, and breaks on an empty one"),
    ("strings.replace_n", "replaces in what it has put in itself"),
    ("uuid.rfc4122", "answers differently each time"),
];

/// The first part of a format that the engine fills in otherwise than the language says: it knows `%s`, `%v`, `%d`, `%q` and `%%`
/// as they stand, `%5d`, and `%.2f`.
pub(super) fn odd_verb(format: &str) -> Option<&str> {
    let mut rest = format;
    while let Some((_, after)) = rest.split_once('%') {
        let end = after.find(|c: char| !matches!(c, '0'..='9' | '.' | '+' | '-' | '#' | ' ' | '[' | ']' | '*'));
        let end = end.unwrap_or(after.len());
        let (flags, verb) = after.split_at_checked(end).unwrap_or((after, ""));
        let is_number = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let known = match verb.chars().next() {
            Some('s' | 'v' | 'q' | '%') => flags.is_empty(),
            Some('d') => is_number(flags),
            Some('f') => flags.strip_prefix('.').is_some_and(is_number),
            _ => false,
        };
        let length = verb.chars().next().map_or(0, char::len_utf8);
        if !known {
            return after.get(..end + length);
        }
        rest = verb.get(length..).unwrap_or_default();
    }
    None
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{FINE, REFUSED, find, odd_verb};

    #[test]
    fn formats_are_those_that_are_filled_in_as_the_language_says() {
        for sound in ["", "a", "%s %v %d %q %%", "%5d|", "%.2f", "100%%"] {
            assert_eq!(odd_verb(sound), None, "{sound}");
        }
        for (odd, part) in
            [("%x", "x"), ("a %t b", "t"), ("%s %10s", "10s"), ("%f", "f"), ("%+d", "+d"), ("%", ""), ("%é", "é")]
        {
            assert_eq!(odd_verb(odd), Some(part), "{odd}");
        }
    }

    #[test]
    fn every_function_of_the_engine_is_judged_and_no_other_is_allowed() {
        let engine: BTreeSet<&str> = regorus::unstable::BUILTINS.keys().copied().collect();
        // Functions that the engine keeps for itself; no policy can name them by accident.
        let inner = |name: &&&str| name.starts_with("__builtin");
        let unjudged: Vec<_> = engine.iter().filter(|name| find(name).is_none()).filter(|name| !inner(name)).collect();
        assert!(unjudged.is_empty(), "{unjudged:?}");
        let absent: Vec<_> = FINE.iter().filter(|name| **name != "print" && !engine.contains(**name)).collect();
        assert!(absent.is_empty(), "{absent:?}");
        assert!(FINE.is_sorted() && REFUSED.is_sorted());
    }
}
