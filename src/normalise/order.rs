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

use std::borrow::Cow;
use std::cmp::{Ordering, Reverse};
use std::collections::BTreeSet;

use super::identity::{Group, Names, Sightings, rule_tail};
use super::merge;
use super::target::{Scope, Stated, Targets};
use crate::model::digest::Digest;
use crate::model::finding::{Finding, Kind, Observation};
use crate::model::text::Untrusted;
use crate::parallel;

/// Findings that a thread names at a time.
const CHUNK: usize = 1024;

/// The version of the recipe above.
const VERSION: &str = "v1";

/// What a finding is called by.
#[derive(Clone, Copy, Debug)]
pub(super) struct Named {
    scope: Scope,
    digest: Digest,
    content: Option<Digest>,
}

impl Named {
    /// The name of a group's finding by itself.
    pub(super) fn new(group: &Group, members: &[usize], seen: &Sightings, targets: &Targets) -> Self {
        let observations: Vec<&Observation> =
            members.iter().filter_map(|index| seen.get(*index)).map(|one| one.observation).collect();
        let name = targets.stable_name(group.scope);
        let parts = match &group.package {
            Some(package) => package_parts(name, package.as_raw(), &observations),
            None => place_parts(name, &observations),
        };
        let content = without_path(&parts).map(|parts| digest(&parts));
        Self { scope: group.scope, digest: digest(&parts), content }
    }

    /// What the finding is called by wherever its file is, where anything tells that.
    pub(super) fn content_fingerprint(&self) -> Option<Untrusted> {
        self.content.map(|content| fingerprint(&content.hex_digits()))
    }
}

/// A digest with the version of its recipe.
fn fingerprint(digits: &[u8]) -> Untrusted {
    Untrusted::joined([VERSION, ":", std::str::from_utf8(digits).unwrap_or_default()])
}

fn digest(parts: &[Cow<'_, str>]) -> Digest {
    // A list of strings always serialises.
    let mut text = Vec::with_capacity(512);
    let _ = serde_json::to_writer(&mut text, parts);
    Digest::of(text)
}

fn package_parts<'a>(target: &'a str, package: &'a str, observations: &[&Observation]) -> Vec<Cow<'a, str>> {
    let rank = |name: &Untrusted| (!name.as_raw().starts_with("CVE-"), !name.as_raw().starts_with("GHSA-"));
    let names = observations.iter().flat_map(|observation| Names::of(observation).own);
    let name = names.min_by(|a, b| (rank(a), a).cmp(&(rank(b), b))).unwrap_or_default();
    vec!["package".into(), target.into(), package.into(), name.into_raw().into()]
}

fn place_parts<'a>(target: &'a str, observations: &[&'a Observation]) -> Vec<Cow<'a, str>> {
    let secret = merge::kind(observations.iter().copied()) == Kind::Secret;
    let least = |of: fn(&Observation) -> Option<&Untrusted>| -> Option<Cow<'a, str>> {
        observations.iter().filter_map(|one| of(one)).min().map(|text| text.as_raw().into())
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
        (None, Some(snippet), _, _) => ("snippet", snippet.hex().into()),
        (None, None, Some(context), _) => ("context", context),
        (None, None, None, Some(_)) => ("", Cow::default()),
        (None, None, None, None) => ("position", position().into()),
    };
    let path = path.unwrap_or_default();
    let resource = resource.unwrap_or_default();
    vec!["place".into(), target.into(), rule, path, resource, clue.into(), value]
}

/// The parts of a place without its path, where what stands there tells it.
fn without_path<'a>(parts: &[Cow<'a, str>]) -> Option<Vec<Cow<'a, str>>> {
    match parts {
        [place, target, rule, _, resource, clue, value] if !matches!(clue.as_ref(), "" | "position") => {
            let content = [&Cow::Borrowed("content"), place, target, rule, resource, clue, value];
            Some(content.into_iter().cloned().collect())
        }
        _ => None,
    }
}

/// What tells a target from another one of the same name: digests and commits, or the report that does not say.
pub(super) fn apart(members: &[usize], seen: &Sightings, stated: &[Stated]) -> String {
    let mut parts = BTreeSet::new();
    for target in members.iter().filter_map(|index| stated.get(seen.origin(*index)?.target)) {
        parts.extend(target.target.digests.iter().map(Digest::to_string));
        parts.extend(target.target.commit.iter().map(ToString::to_string));
        parts.extend(target.target.name.iter().map(|name| name.as_raw().to_owned()));
        parts.extend(target.unknown_of.iter().map(Digest::to_string));
    }
    parts.into_iter().collect::<Vec<_>>().join(" ")
}

/// Names the findings and puts them in order: worst severity first, then kind, package, place, rule and fingerprint.
/// `apart` says of a finding, by index, what tells its target from others of the same name.
pub(super) fn named(
    mut findings: Vec<Finding>,
    names: Vec<Named>,
    apart: impl Fn(usize) -> Option<String>,
) -> Vec<Finding> {
    let mut digests = tell_targets_apart(names, apart);
    tell_positions_apart(&mut digests, &findings);
    let lengths = id_lengths(&digests);
    let mut called: Vec<(usize, Digest, usize)> =
        digests.into_iter().zip(lengths).map(|((digest, index), length)| (index, digest, length)).collect();
    called.sort_unstable_by_key(|(index, _, _)| *index);
    let chunks = findings.chunks_mut(CHUNK).zip(called.chunks(CHUNK)).collect();
    parallel::each(chunks, parallel::cores(), |(findings, called)| {
        for (finding, (_, digest, length)) in findings.iter_mut().zip(called) {
            let hex = digest.hex_digits();
            let hex = std::str::from_utf8(&hex).unwrap_or_default();
            finding.id = Untrusted::joined(["f-", hex.get(..*length).unwrap_or(hex)]);
            finding.fingerprint = fingerprint(hex.as_bytes());
        }
    });
    sort(&mut findings);
    findings
}

/// The digests with the indices of their findings, sorted. Where several scopes came to the same digest, what tells these
/// apart is added.
fn tell_targets_apart(names: Vec<Named>, apart: impl Fn(usize) -> Option<String>) -> Vec<(Digest, usize)> {
    let mut names: Vec<(Named, usize)> = names.into_iter().enumerate().map(|(index, name)| (name, index)).collect();
    names.sort_unstable_by_key(|(name, index)| (name.digest, *index));
    let mut changed = false;
    for same in names.chunk_by_mut(|(one, _), (other, _)| one.digest == other.digest) {
        let scope = same.first().map(|(name, _)| name.scope);
        if same.iter().all(|(name, _)| Some(name.scope) == scope) {
            continue;
        }
        changed = true;
        for (name, index) in same {
            let apart = apart(*index).unwrap_or_default();
            name.digest = digest(&[name.digest.hex().into(), "target".into(), apart.into()]);
        }
    }
    if changed {
        names.sort_unstable_by_key(|(name, index)| (name.digest, *index));
    }
    names.into_iter().map(|(name, index)| (name.digest, index)).collect()
}

/// Adds an ordinal to those that still agree, by their position. The digests come sorted and are sorted again.
fn tell_positions_apart(digests: &mut [(Digest, usize)], findings: &[Finding]) {
    let at = |index: usize| findings.get(index);
    let mut changed = false;
    for same in digests.chunk_by_mut(|(one, _), (other, _)| one == other).filter(|same| same.len() > 1) {
        changed = true;
        same.sort_by(|(_, one), (_, other)| match (at(*one), at(*other)) {
            (Some(one), Some(other)) => by_position(one, other),
            _ => Ordering::Equal,
        });
        for (ordinal, (own, _)) in same.iter_mut().enumerate().skip(1) {
            *own = digest(&[own.hex().into(), "ordinal".into(), ordinal.to_string().into()]);
        }
    }
    if changed {
        digests.sort_by_key(|(digest, _)| *digest);
    }
}

/// Sorts by what is short, and moves each finding once: they are large.
fn sort(findings: &mut [Finding]) {
    let mut order: Vec<(Prefix, usize)> =
        findings.iter().enumerate().map(|(index, finding)| (Prefix::of(finding), index)).collect();
    let at = |index: usize| findings.get(index);
    order.sort_by(|(a, one), (b, other)| {
        a.cmp(b).then_with(|| match (at(*one), at(*other)) {
            (Some(one), Some(other)) => in_order(one, other),
            _ => Ordering::Equal,
        })
    });
    let mut places = vec![0; order.len()];
    for (place, (_, index)) in order.iter().enumerate() {
        if let Some(entry) = places.get_mut(*index) {
            *entry = place;
        }
    }
    for index in 0..places.len() {
        while let Some(place) = places.get(index).copied().filter(|place| *place != index) {
            findings.swap(index, place);
            places.swap(index, place);
        }
    }
}

/// What most findings differ in already. Never says otherwise than [`in_order`].
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Prefix {
    severity: Reverse<crate::model::severity::Severity>,
    kind: Kind,
    /// Bytes of the package's name, or of the path where there is no package; zeros at the end.
    named: (bool, [u8; 24]),
}

impl Prefix {
    fn of(finding: &Finding) -> Self {
        let text = match (&finding.package, &finding.location.path) {
            (Some(package), _) => package.name.as_raw(),
            (None, Some(path)) => path.as_raw(),
            (None, None) => "",
        };
        let mut named = [0; 24];
        for (byte, of_text) in named.iter_mut().zip(text.bytes()) {
            *byte = of_text;
        }
        Self { severity: Reverse(finding.severity), kind: finding.kind, named: (finding.package.is_some(), named) }
    }
}

/// For each digest in order: sixteen hexadecimal digits, more where its neighbour begins with the same.
fn id_lengths(digests: &[(Digest, usize)]) -> Vec<usize> {
    let with_next: Vec<usize> =
        digests.iter().zip(digests.iter().skip(1)).map(|((a, _), (b, _))| common_digits(a, b)).collect();
    let with_previous = std::iter::once(0).chain(with_next.iter().copied());
    let with_next = with_next.iter().copied().chain(std::iter::once(0));
    with_previous.zip(with_next).take(digests.len()).map(|(a, b)| a.max(b).saturating_add(1).max(16)).collect()
}

/// How many hexadecimal digits two digests begin with in common.
fn common_digits(a: &Digest, b: &Digest) -> usize {
    let mut pairs = a.as_bytes().iter().zip(b.as_bytes());
    let bytes = pairs.by_ref().take_while(|(a, b)| a == b).count();
    let differ = a.as_bytes().get(bytes).zip(b.as_bytes().get(bytes));
    2 * bytes + usize::from(differ.is_some_and(|(a, b)| a >> 4 == b >> 4))
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
