//! One finding from everybody who saw it.
//!
//! What must stay true: no witness is dropped, the worst severity counts and is shown with its source, and a finding is
//! suppressed only if every witness suppressed it.

use std::borrow::Cow;

use super::identity::{Origin, Sightings};
use crate::model::finding::{Cvss, Finding, Kind, Location, Observation, SuppressedBy, Suppression, Target, Witness};
use crate::model::package::{FixState, Package};
use crate::model::report::Tool;
use crate::model::severity::{Severity, SeveritySource};
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// A witness with what it saw.
struct Sight<'a> {
    witness: Witness,
    observation: &'a Observation,
    target: &'a Target,
    /// False for an advisory that covers the problem among others: it says nothing about the problem's name or score.
    direct: bool,
}

/// The finding of an observation that is the only witness, which it is made of. The digests of `targets` come sorted.
pub(super) fn alone(mut one: Box<Observation>, origin: Origin, targets: &[&Target], tools: &[Tool]) -> Option<Finding> {
    let target = targets.get(origin.target)?;
    let witness = witness(origin.report, &one, tools);
    let occurrences = match one.also_at.as_slice() {
        [] => Vec::new(),
        more => locations(std::iter::once(&one.location).chain(more)),
    };
    one.covers.sort();
    one.covers.dedup();
    Some(Finding {
        id: Untrusted::default(),
        fingerprint: Untrusted::default(),
        content_fingerprint: None,
        kind: one.kind,
        ids: match (one.ids.as_slice(), one.cwes.as_slice()) {
            ([only], []) if !only.is_blank() => one.ids,
            ([], []) => Vec::new(),
            _ => ids(std::iter::once(&*one)),
        },
        rule: one.rule,
        covers: one.covers,
        severity: one.severity,
        severity_source: one.severity_source,
        cvss: one.cvss,
        title: if one.title.is_blank() { Untrusted::default() } else { one.title },
        package: one.package.map(settled),
        location: one.location,
        occurrences: if occurrences.len() > 1 { occurrences } else { Vec::new() },
        target: (*target).clone(),
        first_seen: None,
        published: one.published,
        known_exploited: one.known_exploited,
        epss: one.epss.filter(|p| p.is_finite()),
        confidence: one.confidence,
        suppression: one.suppression,
        seen_by: vec![witness],
    })
}

/// A package that one witness alone names.
fn settled(mut package: Box<Package>) -> Box<Package> {
    package.fixed_in.sort();
    package.fixed_in.dedup();
    if !package.fixed_in.is_empty() {
        package.fix_state = FixState::Fixed;
    }
    package
}

/// The finding of a group. Its id and fingerprint are made later, when all findings are known.
pub(super) fn finding(
    members: &[usize],
    advisories: &[usize],
    seen: &Sightings,
    targets: &[&Target],
    tools: &[Tool],
) -> Finding {
    let sights = sights(members, advisories, seen, targets, tools);
    let direct = || sights.iter().filter(|sight| sight.direct).map(|sight| sight.observation);
    let all = || sights.iter().map(|sight| sight.observation);
    let severity = all().map(|o| o.severity).reduce(Severity::worse).unwrap_or(Severity::Unknown);
    let first = locations(all().map(|o| &o.location)).into_iter().next();
    let occurrences = locations(all().flat_map(|o| std::iter::once(&o.location).chain(&o.also_at)));
    let advisories_only = direct().all(|o| !o.covers.is_empty());
    let covers = direct().flat_map(|o| &o.covers).filter(|_| advisories_only);
    Finding {
        id: Untrusted::default(),
        fingerprint: Untrusted::default(),
        content_fingerprint: None,
        kind: kind(direct()),
        rule: direct().next().map(|o| o.rule.clone()).unwrap_or_default(),
        ids: ids(direct()),
        covers: sorted(covers.cloned()),
        severity,
        severity_source: all().find(|o| o.severity == severity).map_or(SeveritySource::None, |o| o.severity_source),
        cvss: direct().filter_map(|o| o.cvss.as_ref()).max_by(|a, b| by_score(a, b)).cloned(),
        title: direct().map(|o| &o.title).find(|title| !title.is_blank()).cloned().unwrap_or_default(),
        package: package(&sights),
        location: first.unwrap_or_default(),
        occurrences: if occurrences.len() > 1 { occurrences } else { Vec::new() },
        target: target(&sights),
        first_seen: None,
        published: direct().filter_map(|o| o.published.as_ref()).min_by_key(|text| (instant(text), *text)).cloned(),
        known_exploited: all().filter_map(|o| o.known_exploited).max(),
        epss: all().filter_map(|o| o.epss).filter(|p| p.is_finite()).max_by(f64::total_cmp),
        confidence: direct().find_map(|o| o.confidence.clone()),
        suppression: all()
            .all(|o| o.suppression.is_some())
            .then(|| suppression(all().filter_map(|o| o.suppression.as_ref())))
            .flatten(),
        seen_by: sights.into_iter().map(|sight| sight.witness).collect(),
    }
}

/// The first suppression; that a check passed only where every witness says so.
fn suppression<'a>(mut said: impl Iterator<Item = &'a Suppression> + Clone) -> Option<Suppression> {
    let first = said.clone().next();
    said.find(|one| one.by != SuppressedBy::Passed).or(first).cloned()
}

fn sights<'a>(
    members: &[usize],
    advisories: &[usize],
    seen: &'a Sightings,
    targets: &[&'a Target],
    tools: &[Tool],
) -> Vec<Sight<'a>> {
    let members = members.iter().map(|index| (index, true));
    let advisories = advisories.iter().map(|index| (index, false));
    let mut sights: Vec<Sight<'a>> = members
        .chain(advisories)
        .filter_map(|(index, direct)| {
            let one = seen.get(*index)?;
            let target = targets.get(one.target)?;
            let witness = witness(one.report, one.observation, tools);
            Some(Sight { witness, observation: one.observation, target, direct })
        })
        .collect();
    sights.sort_by(|a, b| a.witness.cmp(&b.witness));
    sights
}

fn witness(report: usize, observation: &Observation, tools: &[Tool]) -> Witness {
    Witness {
        report,
        tool: tools.get(report).map(|tool| tool.name.clone()).unwrap_or_default(),
        rule_id: observation.rule.id.clone(),
        severity: observation.severity,
        severity_raw: observation.severity_raw.clone(),
        location: observation.location.clone(),
        pointer: observation.pointer.clone(),
        suppressed: observation.suppression.is_some(),
    }
}

/// Where witnesses disagree about the kind, the one that a gate must not overlook counts.
pub(super) fn kind<'a>(observations: impl Iterator<Item = &'a Observation>) -> Kind {
    observations.map(|one| one.kind).min_by_key(|kind| gravity(*kind)).unwrap_or(Kind::Quality)
}

const fn gravity(kind: Kind) -> u8 {
    match kind {
        Kind::Malware => 0,
        Kind::Secret => 1,
        Kind::Vulnerability => 2,
        Kind::Weakness => 3,
        Kind::Misconfiguration => 4,
        Kind::License => 5,
        Kind::Test => 6,
        Kind::Quality => 7,
    }
}

fn sorted(texts: impl Iterator<Item = Untrusted>) -> Vec<Untrusted> {
    let mut texts: Vec<Untrusted> = texts.collect();
    texts.sort();
    texts.dedup();
    texts
}

/// CVE, then GHSA, then the others, then classes; each once, whatever its case.
fn ids<'a>(observations: impl Iterator<Item = &'a Observation>) -> Vec<Untrusted> {
    let mut found: Vec<(u8, Cow<'_, str>, &Untrusted)> = Vec::new();
    for observation in observations {
        let classes = observation.cwes.iter().map(|id| (3, id));
        for (rank, id) in observation.ids.iter().map(|id| (rank(id), id)).chain(classes) {
            let plain = id.as_raw().trim();
            let is_upper = !plain.bytes().any(|byte| byte.is_ascii_lowercase());
            let upper = if is_upper { Cow::Borrowed(plain) } else { Cow::Owned(plain.to_ascii_uppercase()) };
            if !upper.is_empty() {
                found.push((rank, upper, id));
            }
        }
    }
    found.sort();
    found.dedup_by(|next, one| (next.0, &next.1) == (one.0, &one.1));
    found.into_iter().map(|(_, _, id)| id.clone()).collect()
}

fn rank(id: &Untrusted) -> u8 {
    let begins = |word: &str| id.as_raw().get(..4).is_some_and(|start| start.eq_ignore_ascii_case(word));
    if begins("CVE-") {
        0
    } else if begins("GHSA") {
        1
    } else {
        2
    }
}

/// The higher score is greater; without a score is least.
fn by_score(a: &Cvss, b: &Cvss) -> std::cmp::Ordering {
    let score = |cvss: &Cvss| cvss.score.filter(|score| score.is_finite()).unwrap_or(-1.0);
    score(a).total_cmp(&score(b)).then_with(|| a.version.cmp(&b.version)).then_with(|| a.vector.cmp(&b.vector))
}

/// The package as the first witness with a purl names it, else as the first one does; fixes from everybody.
fn package(sights: &[Sight<'_>]) -> Option<Box<Package>> {
    let named = || sights.iter().filter(|sight| sight.direct).filter_map(|sight| sight.observation.package.as_deref());
    let lead = named().find(|package| package.purl.is_some()).or_else(|| named().next())?;
    let all = || sights.iter().filter_map(|sight| sight.observation.package.as_deref());
    let fixed_in = sorted(all().flat_map(|package| &package.fixed_in).cloned());
    let fix_state = if fixed_in.is_empty() {
        all().map(|package| package.fix_state).min_by_key(|state| surest(*state)).unwrap_or_default()
    } else {
        FixState::Fixed
    };
    Some(Box::new(Package {
        version: lead.version.clone().or_else(|| named().find_map(|package| package.version.clone())),
        ecosystem: lead.ecosystem.clone().or_else(|| named().find_map(|package| package.ecosystem.clone())),
        fixed_in,
        fix_state,
        ..lead.clone()
    }))
}

const fn surest(state: FixState) -> u8 {
    match state {
        FixState::Fixed => 0,
        FixState::WontFix => 1,
        FixState::NotFixed => 2,
        FixState::Unknown => 3,
    }
}

/// Every place, sorted, without those that say the same as the next one, only less.
fn locations<'a>(places: impl Iterator<Item = &'a Location>) -> Vec<Location> {
    let mut all: Vec<&Location> = places.collect();
    all.sort();
    all.dedup();
    let placed = |place: &Location| place.path.is_some() || place.line.is_some() || place.resource.is_some();
    let somewhere = all.iter().any(|place| placed(place));
    let mut kept: Vec<Location> = Vec::new();
    for (index, place) in all.iter().enumerate() {
        let next = all.get(index + 1);
        let said_better = next.is_some_and(|next| is_part_of(place, next)) || (somewhere && !placed(place));
        if !said_better {
            kept.push((*place).clone());
        }
    }
    kept
}

/// True when the second says everything that the first says.
fn is_part_of(less: &Location, more: &Location) -> bool {
    fn within<T: PartialEq>(less: &Option<T>, more: &Option<T>) -> bool {
        less.is_none() || less == more
    }
    within(&less.path, &more.path)
        && within(&less.line, &more.line)
        && within(&less.column, &more.column)
        && within(&less.end_line, &more.end_line)
        && within(&less.resource, &more.resource)
        && within(&less.image, &more.image)
}

fn target(sights: &[Sight<'_>]) -> Target {
    let all = || sights.iter().filter(|sight| sight.direct).map(|sight| sight.target);
    let mut digests: Vec<_> = all().flat_map(|target| &target.digests).copied().collect();
    digests.sort();
    digests.dedup();
    Target { name: all().find_map(|t| t.name.clone()), commit: all().find_map(|t| t.commit.clone()), digests }
}

/// An instant for comparing; text that is none comes after all instants.
fn instant(text: &Untrusted) -> (bool, i64) {
    let raw = text.as_raw();
    let seconds = raw
        .parse::<Timestamp>()
        .map(Timestamp::unix_seconds)
        .or_else(|_| raw.parse::<Date>().map(|day| day.start().unix_seconds()));
    (seconds.is_err(), seconds.unwrap_or_default())
}
