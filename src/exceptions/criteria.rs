//! What an exception may be about: criteria that are wrong, or that would cover everything, are faults.

use std::str::Chars;

use globset::{GlobBuilder, GlobMatcher};

use super::purl::Purl;
use crate::model::exception::Match;
use crate::strict::{Document, Fault, Node};

/// Names that a pattern for some files and not for all of them misses at least one of.
const PROBES: [&str; 6] = ["a", "src/main.rs", "web/lib/cart.test.js", "Dockerfile", "q/.z/7", "aws_s3_bucket.data"];

/// Adds every fault of the criteria of one record.
pub(super) fn faults(document: &Document, node: &Node, criteria: &Match, faults: &mut Vec<Fault>) {
    let Match { ids, package, path, fingerprint, rule, kind, resource, verdict } = criteria;
    let at = |key: &str| node.get(key).unwrap_or(node);
    let mut fault = |key: &str, message: String, fix: &str| faults.push(document.fault(at(key), message, fix));

    if ids.is_empty() && node.get("ids").is_some() {
        fault("ids", "an empty list".to_owned(), "name at least one id, or take the key away");
    }
    for (index, id) in ids.iter().enumerate() {
        let place = at("ids").items().and_then(|items| items.get(index)).unwrap_or(node);
        let raw = id.as_raw();
        if is_cwe(raw) {
            let message = format!("`{raw}` is a class of weaknesses, not a problem");
            faults.push(document.fault(place, message, "name the problem itself, by CVE, GHSA or the scanner's rule"));
        } else if raw.contains(['*', '?', ' ', ',']) {
            let message = format!("`{raw}` is no single id");
            faults.push(document.fault(place, message, "write whole ids, one an item; there are no patterns"));
        }
    }
    let mut fault = |key: &str, message: String, fix: &str| faults.push(document.fault(at(key), message, fix));
    if let Some(purl) = package
        && let Err(why) = purl.as_raw().parse::<Purl>()
    {
        fault("package", format!("no package URL: {why}"), "write it like pkg:npm/lodash or pkg:npm/lodash@4.17.20");
    }
    for (key, pattern) in [("path", path), ("resource", resource)] {
        let Some(pattern) = pattern else { continue };
        if let Err(why) = glob(pattern.as_raw()) {
            fault(key, format!("no glob: {why}"), "write it like web/** or **/*.test.js");
        } else if key == "path" && is_odd_path(pattern.as_raw()) {
            fault(
                key,
                "no path is written like this".to_owned(),
                "start at the root of the repository, with `/` between parts",
            );
        }
    }
    if let Some(fingerprint) = fingerprint
        && !is_fingerprint(fingerprint.as_raw())
    {
        fault(
            "fingerprint",
            "no fingerprint of ours".to_owned(),
            "copy it from `countersign findings`: v1: and 64 hexadecimal digits",
        );
    }
    if let Some(verdict) = verdict {
        let name = verdict.as_raw();
        if !name
            .split('/')
            .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || "._-".contains(c)))
        {
            fault("verdict", "no name of a policy rule".to_owned(), "write it like calendar/freeze");
        }
        let alone = Match { verdict: Some(verdict.clone()), ..Match::default() };
        if *criteria != alone {
            fault("verdict", "names a policy rule, and other criteria name findings".to_owned(), "write two records");
        }
        return;
    }
    let narrow = |pattern: &Option<_>| {
        pattern.as_ref().is_some_and(|p: &crate::model::text::Untrusted| !is_everything(p.as_raw()))
    };
    let names = !ids.is_empty() || package.is_some() || fingerprint.is_some() || rule.is_some();
    if names || narrow(path) || narrow(resource) || node.get("ids").is_some() {
        return;
    }
    let message = match (kind, path.is_some() || resource.is_some()) {
        (_, true) => {
            "the criteria match everything that has a place, or no letter or digit outside of [...] narrows them"
        }
        (Some(_), false) => "the kind alone is not enough",
        (None, false) => "no criterion is given",
    };
    faults.push(document.fault(
        node,
        message,
        "name ids, a package, a rule, a fingerprint, or a narrower path or resource",
    ));
}

/// A class of weaknesses: it classifies, and is never enough to name a problem.
pub(super) fn is_cwe(id: &str) -> bool {
    id.trim().get(..3).is_some_and(|start| start.eq_ignore_ascii_case("cwe"))
}

/// A pattern for paths or resources: `*` and `?` stay within one part, `**` crosses parts.
pub(super) fn glob(pattern: &str) -> Result<GlobMatcher, globset::Error> {
    Ok(GlobBuilder::new(pattern).literal_separator(true).backslash_escape(true).build()?.compile_matcher())
}

/// True for a pattern without a letter or digit of its own, and for one that matches whatever is probed.
fn is_everything(pattern: &str) -> bool {
    !says_something(&mut pattern.chars(), false)
        || glob(pattern).is_ok_and(|glob| PROBES.iter().all(|probe| glob.is_match(probe)))
}

/// Whether a pattern holds a letter or digit outside of `[...]`; of `{a,b}` every alternative has to. Within braces it reads
/// on to their end.
fn says_something(rest: &mut Chars<'_>, in_braces: bool) -> bool {
    let (mut all, mut this) = (true, false);
    while let Some(c) = rest.next() {
        match c {
            '[' => skip_class(rest),
            '{' => this |= says_something(rest, true),
            '}' if in_braces => break,
            ',' if in_braces => {
                all &= this;
                this = false;
            }
            c => this |= c.is_alphanumeric(),
        }
    }
    all && this
}

/// Reads on behind `[...]`: a `]` that comes first, or after `!` or `^`, is one of its characters.
fn skip_class(rest: &mut Chars<'_>) {
    let mut first = true;
    for c in rest.by_ref() {
        match c {
            '!' | '^' if first => {}
            ']' if !first => return,
            _ => first = false,
        }
    }
}

/// Normalised paths have none of these.
pub(super) fn is_odd_path(pattern: &str) -> bool {
    pattern.contains('\\') || pattern.trim() != pattern || pattern.split('/').any(|part| matches!(part, "." | ".."))
}

fn is_fingerprint(text: &str) -> bool {
    text.strip_prefix("v1:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}
