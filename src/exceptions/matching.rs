//! What each record covers at an instant, and which record counts where several cover one finding.
//!
//! What must stay true: every given criterion matches, path and resource for every occurrence; what cannot be compared does
//! not match; the answer does not depend on the order of records or findings; and taking a record away never covers more.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use globset::GlobMatcher;

use super::Record;
use super::criteria::{glob, is_cwe};
use super::index::{Answers, Index, Names};
use super::purl::Purl;
use crate::model::exception::{Exception, Scope};
use crate::model::finding::{Finding, Kind, Location};
use crate::model::severity::Severity;
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::parallel;

/// Findings that are looked at to say what a record is near.
const MOST_NEAR: usize = 100;

/// Lines of explanation that a record gets at most, and places named in one line.
const MOST_LINES: usize = 3;

/// What is released, where, and when: what scopes and dates are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The service's name, where it is known; a record for one service covers nothing where it is not.
    pub service: Option<&'a str>,
    /// The environment.
    pub environment: &'a str,
    /// The repository, as `owner/name`, where it is known.
    pub repository: Option<&'a str>,
    /// The instant of the decision.
    pub now: Timestamp,
}

/// Whether a record's days have come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Force {
    /// Its first day has not come.
    Pending,
    /// From the start of `created` to the end of `expires`, UTC.
    InForce,
    /// Its last day has passed.
    Expired,
}

/// What one record matches, whether it is in force and admitted or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Matched {
    /// Whether its days have come.
    pub force: Force,
    /// Whether its scope holds here; a record that does not hold here covers nothing.
    pub in_scope: bool,
    /// Indices of the findings that every criterion matches, ascending.
    pub covers: Vec<usize>,
    /// The worst severity among them.
    pub worst: Option<Severity>,
    /// Days from `created` to `expires`.
    pub life_days: i64,
    /// Days from today to `expires`; 0 on the last day, negative afterwards.
    pub days_left: i64,
    /// What it lacks to cover more, or anything.
    pub because: Vec<Untrusted>,
}

/// What every record matches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coverage {
    /// One for each record, in the records' order.
    pub records: Vec<Matched>,
    /// How many findings there are.
    findings: usize,
}

/// A record that matches something here, as policy has to see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatchedException<'a> {
    /// The record.
    pub record: &'a Record,
    /// Ids of the findings that it covers, sorted.
    pub covers: Vec<Untrusted>,
    /// The worst severity among them; absent for a record that names a verdict.
    pub worst: Option<Severity>,
    /// Days from `created` to `expires`.
    pub life_days: i64,
    /// Days from today to `expires`.
    pub days_left: i64,
    /// Whether the decision's instant lies within its days.
    pub in_force: bool,
}

impl Coverage {
    /// The records that policy has to judge: those that cover a finding, and those that name a policy rule and hold here.
    #[must_use]
    pub fn matched_exceptions<'a>(&self, records: &'a [Record], findings: &[Untrusted]) -> Vec<MatchedException<'a>> {
        let pairs = records.iter().zip(&self.records);
        pairs
            .filter(|(record, matched)| matched.in_scope && (is_verdict(record) || !matched.covers.is_empty()))
            .map(|(record, matched)| MatchedException {
                record,
                covers: ids(findings, &matched.covers),
                worst: matched.worst,
                life_days: matched.life_days,
                days_left: matched.days_left,
                in_force: matched.force == Force::InForce,
            })
            .collect()
    }
}

/// Whether a record names a policy rule instead of findings.
pub(super) fn is_verdict(record: &Record) -> bool {
    record.exception.criteria.verdict.is_some()
}

/// Ids of findings by index, sorted.
#[must_use]
pub fn ids(findings: &[Untrusted], indices: &[usize]) -> Vec<Untrusted> {
    let mut ids: Vec<Untrusted> = indices.iter().filter_map(|i| findings.get(*i)).cloned().collect();
    ids.sort();
    ids
}

/// Matches all records with all findings.
#[must_use]
pub fn cover(records: &[Record], findings: &[Finding], context: &Context<'_>) -> Coverage {
    let mut patterns = PatternCache::default();
    let criteria: Vec<Option<Criteria<'_>>> =
        records.iter().map(|record| Criteria::new(&record.exception, &mut patterns)).collect();
    let scopes: Vec<Option<String>> = records.iter().map(|r| outside(&r.exception.scope, context)).collect();
    let asked =
        criteria.iter().zip(&scopes).enumerate().filter_map(|(number, (criteria, outside))| {
            Some((number, criteria.as_ref().filter(|_| outside.is_none())?))
        });
    let index = Index::new(asked);
    let mut tallies = tallied(&criteria, &index, findings);
    say_what_is_near(&mut tallies, &criteria, &scopes, findings);
    let matched = records.iter().zip(tallies).zip(scopes);
    Coverage {
        records: matched.map(|((record, tally), outside)| tally.matched(record, outside, findings, context)).collect(),
        findings: findings.len(),
    }
}

/// Findings that a thread takes at a time.
const AT_A_TIME: usize = 5_000;

/// What every record gathers from all findings, in their order.
fn tallied(criteria: &[Option<Criteria<'_>>], index: &Index, findings: &[Finding]) -> Vec<Tally> {
    let of_some = |(number, some): &(usize, &[Finding])| {
        let mut tallies: BTreeMap<usize, Tally> = BTreeMap::new();
        let mut answers = Answers::default();
        for (position, finding) in some.iter().enumerate() {
            let subject = Subject::new(finding);
            for record in index.candidates(&subject, &mut answers) {
                let Some(Some(criteria)) = criteria.get(record) else { continue };
                let tally = tallies.entry(record).or_default();
                match criteria.judge(&subject) {
                    Ok(()) => tally.covers.push(number * AT_A_TIME + position),
                    Err(miss) => tally.missed(&miss, finding),
                }
            }
        }
        tallies
    };
    let mut all: Vec<Tally> = criteria.iter().map(|_| Tally::default()).collect();
    let chunks: Vec<(usize, &[Finding])> = findings.chunks(AT_A_TIME).enumerate().collect();
    for (record, tally) in parallel::map(&chunks, parallel::cores(), of_some).into_iter().flatten() {
        if let Some(whole) = all.get_mut(record) {
            whole.add(tally);
        }
    }
    all
}

/// For the records that hold here and cover nothing: the findings that they name, and what keeps them apart.
fn say_what_is_near(
    tallies: &mut [Tally],
    criteria: &[Option<Criteria<'_>>],
    scopes: &[Option<String>],
    findings: &[Finding],
) {
    let idle = |tally: &Tally, outside: &Option<String>| tally.covers.is_empty() && outside.is_none();
    if !tallies.iter().zip(scopes).any(|(tally, outside)| idle(tally, outside)) {
        return;
    }
    let mut names = Names::default();
    for (position, finding) in findings.iter().enumerate() {
        names.add(position, &Subject::new(finding));
    }
    for ((tally, criteria), outside) in tallies.iter_mut().zip(criteria).zip(scopes) {
        let Some(criteria) = criteria.as_ref().filter(|_| idle(tally, outside)) else { continue };
        for finding in names.near(criteria, MOST_NEAR).into_iter().filter_map(|position| findings.get(position)) {
            if let Err(miss) = criteria.judge(&Subject::new(finding)) {
                tally.near(&miss, finding);
            }
        }
    }
}

/// Why a scope does not hold here.
fn outside(scope: &Scope, context: &Context<'_>) -> Option<String> {
    let missed = scope_here(scope, context).into_iter().find(|(_, allowed, here)| !holds(allowed, *here));
    missed.map(|(what, allowed, here)| {
        let allowed: Vec<&str> = allowed.iter().map(Untrusted::as_raw).collect();
        format!("it holds for {what} {}, this is {}", allowed.join(", "), here.unwrap_or("unknown"))
    })
}

/// Each part of a scope, what it allows, and what is here.
pub(super) fn scope_here<'a>(
    scope: &'a Scope,
    context: &Context<'a>,
) -> [(&'static str, &'a [Untrusted], Option<&'a str>); 3] {
    let Scope { service, environment, repository } = scope;
    [
        ("service", service, context.service),
        ("environment", environment, Some(context.environment)),
        ("repository", repository, context.repository),
    ]
}

pub(super) fn holds(allowed: &[Untrusted], here: Option<&str>) -> bool {
    allowed.is_empty() || here.is_some_and(|here| allowed.iter().any(|one| one == here))
}

/// What a record gathers while the findings pass.
#[derive(Default)]
struct Tally {
    covers: Vec<usize>,
    /// The miss that met most criteria, and of those the first.
    nearest: Option<(usize, String)>,
    /// Findings of which some occurrences lie elsewhere.
    partly: Vec<String>,
}

impl Tally {
    /// What later findings gave.
    fn add(&mut self, later: Self) {
        self.covers.extend(later.covers);
        self.partly.extend(later.partly);
        self.partly.truncate(MOST_LINES);
    }

    fn missed(&mut self, miss: &Miss<'_>, finding: &Finding) {
        if let Why::Outside { remaining, of, .. } = &miss.why
            && remaining.len() < *of
            && self.partly.len() < MOST_LINES
        {
            self.partly.push(miss.why.line(finding));
        }
    }

    fn near(&mut self, miss: &Miss<'_>, finding: &Finding) {
        if self.nearest.as_ref().is_none_or(|(met, _)| *met < miss.met) {
            self.nearest = Some((miss.met, miss.why.line(finding)));
        }
    }

    fn matched(self, record: &Record, outside: Option<String>, findings: &[Finding], context: &Context<'_>) -> Matched {
        let Exception { created, expires, .. } = &record.exception;
        let worst = self.covers.iter().filter_map(|i| findings.get(*i)).map(|f| f.severity).reduce(Severity::worse);
        let mut because = self.partly;
        let in_scope = outside.is_none();
        if let Some(outside) = outside {
            because.push(outside);
        } else if self.covers.is_empty() && because.is_empty() && !is_verdict(record) {
            because.push(self.nearest.map_or_else(|| nothing_near(&record.exception), |(_, line)| line));
        }
        Matched {
            force: force(&record.exception, context.now),
            in_scope,
            covers: self.covers,
            worst,
            life_days: expires.days_since(*created),
            days_left: expires.days_since(context.now.date()),
            because: because.into_iter().map(Untrusted::from).collect(),
        }
    }
}

/// Whether a record's days have come.
pub(super) fn force(exception: &Exception, now: Timestamp) -> Force {
    match now {
        now if now < exception.created.start() => Force::Pending,
        now if now >= exception.expires.end() => Force::Expired,
        _ => Force::InForce,
    }
}

/// Why a record is near nothing at all, by its most telling criterion.
fn nothing_near(exception: &Exception) -> String {
    let criteria = &exception.criteria;
    let what = if criteria.fingerprint.is_some() {
        "has its fingerprint"
    } else if !criteria.ids.is_empty() {
        "has any of its ids"
    } else if criteria.package.is_some() {
        "is about its package, or the report gives no package URL"
    } else if criteria.rule.is_some() {
        "comes from its rule"
    } else if criteria.path.is_some() {
        "lies in its path"
    } else {
        "is at its resource"
    };
    format!("no finding {what}")
}

/// The criteria of a record, ready to compare.
pub(super) struct Criteria<'a> {
    pub(super) fingerprint: Option<&'a str>,
    /// In lower case: CVE and GHSA ids are written in either.
    pub(super) ids: BTreeSet<String>,
    pub(super) package: Option<Purl>,
    pub(super) rule: Option<&'a str>,
    pub(super) kind: Option<Kind>,
    pub(super) path: Option<Pattern<'a>>,
    pub(super) resource: Option<Pattern<'a>>,
}

/// A pattern with its text.
pub(super) struct Pattern<'a> {
    pub(super) text: &'a str,
    matcher: Arc<GlobMatcher>,
}

/// Compiled patterns: many records share one.
pub(super) type PatternCache<'a> = BTreeMap<&'a str, Arc<GlobMatcher>>;

impl<'a> Pattern<'a> {
    fn new(text: &'a Untrusted, cache: &mut PatternCache<'a>) -> Option<Self> {
        let text = text.as_raw();
        let matcher = match cache.get(text) {
            Some(matcher) => Arc::clone(matcher),
            None => Arc::new(glob(text).ok()?),
        };
        cache.insert(text, Arc::clone(&matcher));
        Some(Self { text, matcher })
    }

    /// A path that is absolute is matched by absolute patterns alone, and one that climbs out of its root by none.
    fn matches_path(&self, path: &str) -> bool {
        self.text.starts_with('/') == path.starts_with('/')
            && path.split('/').all(|part| part != "..")
            && self.matcher.is_match(path)
    }
}

impl<'a> Criteria<'a> {
    /// `None` for a record that names a policy rule, and for criteria that cannot be compiled, which the reader refuses.
    pub(super) fn new(exception: &'a Exception, cache: &mut PatternCache<'a>) -> Option<Self> {
        let criteria = &exception.criteria;
        if criteria.verdict.is_some() {
            return None;
        }
        let mut compiled = |pattern: &'a Option<Untrusted>| match pattern {
            None => Some(None),
            Some(pattern) => Pattern::new(pattern, cache).map(Some),
        };
        Some(Self {
            fingerprint: criteria.fingerprint.as_ref().map(Untrusted::as_raw),
            ids: criteria.ids.iter().map(|id| id.as_raw().to_lowercase()).collect(),
            package: match &criteria.package {
                None => None,
                Some(purl) => Some(purl.as_raw().parse().ok()?),
            },
            rule: criteria.rule.as_ref().map(Untrusted::as_raw),
            kind: criteria.kind,
            path: compiled(&criteria.path)?,
            resource: compiled(&criteria.resource)?,
        })
    }

    /// Whether every given criterion matches; else how many do, and the first that does not.
    fn judge<'s>(&'s self, subject: &'s Subject<'_>) -> Result<(), Miss<'s>> {
        let mut met = 0;
        let mut first = None;
        self.ask(subject, |_, why| match why {
            None => met += 1,
            Some(why) => {
                first.get_or_insert(why);
            }
        });
        match first {
            // Without any criterion nothing matches; the reader refuses that, too.
            None if met > 0 => Ok(()),
            None => Err(Miss { met, why: Why::Ids }),
            Some(why) => Err(Miss { met, why }),
        }
    }

    /// Asks every given criterion, by its key; no answer is a match.
    pub(super) fn ask<'s>(&'s self, subject: &'s Subject<'_>, mut take: impl FnMut(&'static str, Option<Why<'s>>)) {
        let Self { fingerprint, ids, package, rule, kind, path, resource } = self;
        if let Some(fingerprint) = fingerprint {
            take("fingerprint", (subject.finding.fingerprint != *fingerprint).then_some(Why::Fingerprint));
        }
        if !ids.is_empty() {
            take("ids", ids.is_disjoint(&subject.ids).then_some(Why::Ids));
        }
        if let Some(wanted) = package {
            let why = match &subject.package {
                Some(package) if wanted.covers(package) => None,
                Some(package) => Some(Why::Package(package)),
                None => Some(Why::NoPackage),
            };
            take("package", why);
        }
        if let Some(rule) = rule {
            // A rule names no problem by itself: one witness by another rule may have seen something worse. Ids and
            // fingerprints do name it, and then the rule of one witness is enough.
            let named = fingerprint.is_some() || !ids.is_empty();
            let other = subject.rules.iter().copied().find(|one| one != rule);
            take("rule", other.filter(|_| !(named && subject.rules.contains(rule))).map(Why::Rule));
        }
        if let Some(kind) = kind {
            take("kind", (subject.finding.kind != *kind).then_some(Why::Kind(subject.finding.kind)));
        }
        if let Some(path) = path {
            let matches = |l: &Location| l.path.as_ref().is_some_and(|p| path.matches_path(p.as_raw()));
            take("path", subject.outside("path", path.text, matches));
        }
        if let Some(resource) = resource {
            let matches = |l: &Location| l.resource.as_ref().is_some_and(|r| resource.matcher.is_match(r.as_raw()));
            take("resource", subject.outside("resource", resource.text, matches));
        }
    }
}

/// A finding, ready to compare.
pub(super) struct Subject<'a> {
    pub(super) finding: &'a Finding,
    /// Names of the problem in lower case; classes of weaknesses are none.
    pub(super) ids: BTreeSet<String>,
    pub(super) package: Option<Purl>,
    /// Rules of all witnesses.
    pub(super) rules: BTreeSet<&'a str>,
    /// Every occurrence.
    pub(super) locations: &'a [Location],
}

impl<'a> Subject<'a> {
    pub(super) fn new(finding: &'a Finding) -> Self {
        let names = finding.ids.iter().map(Untrusted::as_raw).filter(|id| !is_cwe(id));
        let witnesses = finding.seen_by.iter().map(|witness| witness.rule_id.as_raw());
        Self {
            finding,
            ids: names.map(str::to_lowercase).collect(),
            package: finding.package.as_deref().and_then(Purl::of),
            rules: std::iter::once(finding.rule.id.as_raw()).chain(witnesses).collect(),
            locations: match finding.occurrences.as_slice() {
                [] => std::slice::from_ref(&finding.location),
                all => all,
            },
        }
    }

    /// The occurrences that do not match, where there are any.
    fn outside<'s>(
        &'s self,
        what: &'static str,
        pattern: &'s str,
        matches: impl Fn(&Location) -> bool,
    ) -> Option<Why<'s>> {
        let remaining: Vec<&Location> = self.locations.iter().filter(|location| !matches(location)).collect();
        (!remaining.is_empty()).then_some(Why::Outside { what, pattern, remaining, of: self.locations.len() })
    }
}

/// A record that is looked at and does not cover.
struct Miss<'s> {
    met: usize,
    why: Why<'s>,
}

/// What a finding has that a criterion does not match.
pub(super) enum Why<'s> {
    Fingerprint,
    Ids,
    NoPackage,
    Package(&'s Purl),
    Rule(&'s str),
    Kind(Kind),
    Outside { what: &'static str, pattern: &'s str, remaining: Vec<&'s Location>, of: usize },
}

impl Why<'_> {
    pub(super) fn line(&self, finding: &Finding) -> String {
        let id = finding.id.as_raw();
        match self {
            Self::Fingerprint => format!("{id} has another fingerprint"),
            Self::Ids => format!("{id} has none of its ids"),
            Self::NoPackage => format!("{id} has no package URL to compare"),
            Self::Package(package) => {
                format!("{id} is about {}@{}", package.name, package.version.as_deref().unwrap_or("unknown"))
            }
            Self::Rule(other) => format!("{id} comes from rule {other}"),
            Self::Kind(kind) => format!("{id} is a {}", kind.word()),
            Self::Outside { what, pattern, remaining, of } => {
                let place = |location: &&Location| {
                    let place = if *what == "path" { &location.path } else { &location.resource };
                    place.as_ref().map_or_else(|| format!("without {what}"), |place| place.as_raw().to_owned())
                };
                let mut places: Vec<String> = remaining.iter().take(MOST_LINES).map(place).collect();
                if remaining.len() > MOST_LINES {
                    places.push(format!("{} more", remaining.len() - MOST_LINES));
                }
                let count = remaining.len();
                format!("{id} stays open: {count} of {of} occurrences outside {what} {pattern}: {}", places.join(", "))
            }
        }
    }
}

/// Which record counts for each finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// For each finding the index of its record, in the findings' order.
    pub by_finding: Vec<Option<usize>>,
}

/// Of the records that cover a finding, are in force and were admitted, the one that lasts longest counts; among equals the
/// one with the first id.
#[must_use]
pub fn assign(records: &[Record], coverage: &Coverage, admitted: &BTreeSet<Untrusted>) -> Assignment {
    let mut order: Vec<(usize, &Record, &Matched)> = effective(records, coverage, admitted).collect();
    order
        .sort_by(|(_, a, _), (_, b, _)| b.exception.expires.cmp(&a.exception.expires).then_with(|| a.id().cmp(b.id())));
    let mut by_finding = vec![None; coverage.findings];
    for (number, _, matched) in order {
        for position in &matched.covers {
            if let Some(slot @ None) = by_finding.get_mut(*position) {
                *slot = Some(number);
            }
        }
    }
    Assignment { by_finding }
}

/// Records that have an effect: they hold here, their days have come, and policy admitted them.
pub(super) fn effective<'a>(
    records: &'a [Record],
    coverage: &'a Coverage,
    admitted: &'a BTreeSet<Untrusted>,
) -> impl Iterator<Item = (usize, &'a Record, &'a Matched)> {
    let all =
        records.iter().zip(&coverage.records).enumerate().map(|(number, (record, matched))| (number, record, matched));
    all.filter(|(_, record, matched)| {
        matched.in_scope && matched.force == Force::InForce && admitted.contains(record.id())
    })
}
