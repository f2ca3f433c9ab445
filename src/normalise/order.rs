//! Fingerprints, ids and the order of findings.
//!
//! What must stay true: a fingerprint names the same problem in the next run, whatever the order of reports; it holds no
//! secret's value, no tag, digest or commit of what was scanned, and no line where anything surer is known. No two findings
//! of a run share one.
//!
//! Version 1. SHA-256 over a JSON array of strings:
//!
//! | identity | parts |
//! |---|---|
//! | package | `package`, target name, package key, name: CVE, else GHSA, else the least other |
//! | place | `place`, target name (empty for the repository), tail of the rule, path, resource, and one clue |
//!
//! The clue is `fingerprint` and the tool's, else `snippet` and its digest, else `context` and it, else nothing where there
//! is a resource, else `position` and `line:column`. A secret has `context` or `position` only. Where several findings of a
//! run come to the same parts, the digests, commits or report that tell their targets apart are added, and an ordinal by
//! position to those that still agree.

use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, BTreeSet};

use super::identity::{Group, Names, Seen, rule_tail};
use super::target::{Scope, Stated, Targets};
use crate::model::digest::Digest;
use crate::model::finding::{Finding, Kind, Observation};
use crate::model::text::Untrusted;

/// The version of the recipe above.
const VERSION: &str = "v1";

/// A finding that has no name yet.
pub(super) struct Nameless {
    /// The finding.
    pub(super) finding: Finding,
    scope: Scope,
    digest: Digest,
    apart: String,
}

impl Nameless {
    /// Keeps of a group what its finding's fingerprint is made of.
    pub(super) fn new(finding: Finding, group: &Group, seen: &[Seen], targets: &Targets, stated: &[Stated]) -> Self {
        let observations: Vec<&Observation> =
            group.members.iter().filter_map(|index| seen.get(*index)).map(|one| &one.observation).collect();
        let name = targets.stable_name(group.scope);
        let parts = match &group.package {
            Some(package) => package_parts(name, package, &observations),
            None => place_parts(name, finding.kind == Kind::Secret, &observations),
        };
        let apart = apart(group, seen, stated);
        let mut finding = finding;
        finding.content_fingerprint =
            without_path(&parts).map(|parts| format!("{VERSION}:{}", digest(&parts).hex()).into());
        Self { finding, scope: group.scope, digest: digest(&parts), apart }
    }
}

fn digest(parts: &[String]) -> Digest {
    // A list of strings always serialises.
    Digest::of(serde_json::to_vec(parts).unwrap_or_default())
}

fn package_parts(target: &str, package: &str, observations: &[&Observation]) -> Vec<String> {
    let rank = |name: &String| (!name.starts_with("CVE-"), !name.starts_with("GHSA-"));
    let names = observations.iter().flat_map(|observation| Names::of(observation).own);
    let name = names.min_by_key(|name| (rank(name), name.clone())).unwrap_or_default();
    vec!["package".to_owned(), target.to_owned(), package.to_owned(), name]
}

fn place_parts(target: &str, secret: bool, observations: &[&Observation]) -> Vec<String> {
    let least = |of: fn(&Observation) -> Option<&Untrusted>| {
        observations.iter().filter_map(|one| of(one)).min().map(|text| text.as_raw().to_owned())
    };
    let rule = observations.iter().map(|one| rule_tail(one.rule.id.as_raw())).min().unwrap_or_default();
    let path = least(|one| one.location.path.as_ref());
    let resource = least(|one| one.location.resource.as_ref());
    let fingerprint = least(|one| one.tool_fingerprint.as_ref()).filter(|_| !secret);
    let snippet = observations.iter().filter_map(|one| one.snippet).min().filter(|_| !secret);
    let context = least(|one| one.context.as_ref());
    let position = || {
        let place = observations.iter().map(|one| (one.location.line, one.location.column)).max();
        let (line, column) = place.unwrap_or_default();
        format!("{}:{}", line.unwrap_or_default(), column.unwrap_or_default())
    };
    let (clue, value) = match (fingerprint, snippet, context, &resource) {
        (Some(fingerprint), _, _, _) => ("fingerprint", fingerprint),
        (None, Some(snippet), _, _) => ("snippet", snippet.hex()),
        (None, None, Some(context), _) => ("context", context),
        (None, None, None, Some(_)) => ("", String::new()),
        (None, None, None, None) => ("position", position()),
    };
    let path = path.unwrap_or_default();
    let resource = resource.unwrap_or_default();
    vec!["place".to_owned(), target.to_owned(), rule, path, resource, clue.to_owned(), value]
}

/// The parts of a place without its path, where what stands there tells it.
fn without_path(parts: &[String]) -> Option<Vec<String>> {
    match parts {
        [place, target, rule, _, resource, clue, value] if !matches!(clue.as_str(), "" | "position") => {
            let content = ["content".to_owned(), place.clone(), target.clone(), rule.clone(), resource.clone()];
            Some([content.as_slice(), &[clue.clone(), value.clone()]].concat())
        }
        _ => None,
    }
}

/// What tells a target from another one of the same name: digests and commits, or the report that does not say.
fn apart(group: &Group, seen: &[Seen], stated: &[Stated]) -> String {
    let mut parts = BTreeSet::new();
    for target in group.members.iter().filter_map(|index| stated.get(seen.get(*index)?.target)) {
        parts.extend(target.target.digests.iter().map(Digest::to_string));
        parts.extend(target.target.commit.iter().map(ToString::to_string));
        parts.extend(target.target.name.iter().map(|name| name.as_raw().to_owned()));
        parts.extend(target.unknown_of.iter().map(Digest::to_string));
    }
    parts.into_iter().collect::<Vec<_>>().join(" ")
}

/// Names the findings and puts them in order: worst severity first, then kind, package, place, rule and fingerprint.
pub(super) fn named(mut findings: Vec<Nameless>) -> Vec<Finding> {
    tell_targets_apart(&mut findings);
    findings.sort_by(|a, b| a.digest.cmp(&b.digest).then_with(|| by_position(&a.finding, &b.finding)));
    tell_positions_apart(&mut findings);
    findings.sort_by_key(|one| one.digest);
    let lengths = id_lengths(&findings);
    for (one, length) in findings.iter_mut().zip(lengths) {
        let hex = one.digest.hex();
        one.finding.id = format!("f-{}", hex.get(..length).unwrap_or(&hex)).into();
        one.finding.fingerprint = format!("{VERSION}:{hex}").into();
    }
    let mut findings: Vec<Finding> = findings.into_iter().map(|one| one.finding).collect();
    findings.sort_by(in_order);
    findings
}

fn tell_targets_apart(findings: &mut [Nameless]) {
    let mut scopes: BTreeMap<Digest, BTreeSet<Scope>> = BTreeMap::new();
    for one in findings.iter() {
        scopes.entry(one.digest).or_default().insert(one.scope);
    }
    for one in findings.iter_mut() {
        if scopes.get(&one.digest).is_some_and(|scopes| scopes.len() > 1) {
            one.digest = digest(&[one.digest.hex(), "target".to_owned(), one.apart.clone()]);
        }
    }
}

/// The findings come sorted by digest and position.
fn tell_positions_apart(findings: &mut [Nameless]) {
    let mut before: Option<Digest> = None;
    let mut ordinal = 0_u64;
    for one in findings {
        ordinal = if before == Some(one.digest) { ordinal + 1 } else { 0 };
        before = Some(one.digest);
        if ordinal > 0 {
            one.digest = digest(&[one.digest.hex(), "ordinal".to_owned(), ordinal.to_string()]);
        }
    }
}

/// For each digest in order: sixteen hexadecimal digits, more where its neighbour begins with the same.
fn id_lengths(findings: &[Nameless]) -> Vec<usize> {
    let hex: Vec<String> = findings.iter().map(|one| one.digest.hex()).collect();
    let common = |a: &String, b: &String| a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let with_next: Vec<usize> = hex.iter().zip(hex.iter().skip(1)).map(|(a, b)| common(a, b)).collect();
    let with_previous = std::iter::once(0).chain(with_next.iter().copied());
    let with_next = with_next.iter().copied().chain(std::iter::once(0));
    with_previous.zip(with_next).take(hex.len()).map(|(a, b)| a.max(b).saturating_add(1).max(16)).collect()
}

fn by_position(a: &Finding, b: &Finding) -> Ordering {
    a.location
        .cmp(&b.location)
        .then_with(|| a.rule.cmp(&b.rule))
        .then_with(|| a.title.cmp(&b.title))
        .then_with(|| a.seen_by.cmp(&b.seen_by))
}

fn in_order(a: &Finding, b: &Finding) -> Ordering {
    Reverse(a.severity)
        .cmp(&Reverse(b.severity))
        .then_with(|| a.kind.cmp(&b.kind))
        .then_with(|| a.package.cmp(&b.package))
        .then_with(|| a.location.cmp(&b.location))
        .then_with(|| a.rule.cmp(&b.rule))
        .then_with(|| a.fingerprint.cmp(&b.fingerprint))
}
