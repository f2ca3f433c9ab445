//! Which observations are about the same problem.
//!
//! What must stay true: a vulnerability is one by target, package and a name that a witness calls its own; names that are
//! only covered (an advisory that bundles several CVEs) and classes (CWE) join nothing, and no name joins two CVEs. A place
//! in code is one by what the tool calls it, else by rule, path and snippet, else by rule, path, line and column. Of another
//! tool's rule only the whole id counts, and only with the snippet, or with line and column. Two results of one report that
//! differ in their place are never joined. The kind is no part of the identity.
//!
//! Every step is a pass over hash maps: the cost grows with the number of observations, not with its square.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap as Map, HashSet};
use std::hash::BuildHasher as _;
use std::ops::Range;

use foldhash::fast::RandomState;
use hashbrown::HashTable;

use super::purl;
use super::target::{Scope, Targets};
use super::union::{Groups, Sets};
use crate::model::digest::Digest;
use crate::model::finding::{Location, Observation};
use crate::model::package::Package;
use crate::model::report::{Observations, Tool};
use crate::model::text::Untrusted;

/// Never iterated where the order could show.
type HashMap<K, V> = Map<K, V, RandomState>;

/// Where an observation came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    /// Index of its report.
    pub(super) report: usize,
    /// Index of the first report with the same bytes: a copy is not another report.
    pub(super) source: usize,
    /// Index of its target among the distinct ones.
    pub(super) target: usize,
}

/// An observation with where it came from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen<'a> {
    /// Index of its report.
    pub(super) report: usize,
    /// Index of the first report with the same bytes.
    pub(super) source: usize,
    /// Index of its target among the distinct ones.
    pub(super) target: usize,
    /// The observation.
    pub(super) observation: &'a Observation,
}

/// Every observation of a run, sorted by report.
#[derive(Debug, Default)]
pub(super) struct Sightings {
    observations: Vec<Option<Box<Observation>>>,
    origins: Vec<Origin>,
}

impl Sightings {
    /// Adds the observations of the next report, each with its origin.
    pub(super) fn append(&mut self, observations: Observations, origins: impl Iterator<Item = Origin>) {
        self.origins.extend(origins);
        self.observations.extend(observations.into_iter().map(Some));
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.observations.len()
    }

    /// The observation at an index.
    pub(super) fn get(&self, index: usize) -> Option<Seen<'_>> {
        let Origin { report, source, target } = *self.origins.get(index)?;
        Some(Seen { report, source, target, observation: self.observations.get(index)?.as_deref()? })
    }

    /// All in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = Seen<'_>> {
        self.origins.iter().zip(&self.observations).filter_map(|(origin, observation)| {
            let Origin { report, source, target } = *origin;
            Some(Seen { report, source, target, observation: observation.as_deref()? })
        })
    }

    /// Where the observation at an index came from.
    pub(super) fn origin(&self, index: usize) -> Option<Origin> {
        self.origins.get(index).copied()
    }

    /// Gives back what no finding was made of; where it came from stays known.
    pub(super) fn give_back(&mut self) {
        self.observations = Vec::new();
    }

    /// The observations in parts that begin at these indices, in order, each with where its own came from.
    pub(super) fn parts(&mut self, starts: &[usize]) -> Vec<Part<'_>> {
        let mut parts = Vec::with_capacity(starts.len());
        let (mut observations, mut origins) = (self.observations.as_mut_slice(), self.origins.as_slice());
        for start in starts.iter().rev() {
            let split = std::mem::take(&mut observations).split_at_mut_checked(*start);
            let (Some((before, of_part)), Some((before_origins, of_origins))) =
                (split, origins.split_at_checked(*start))
            else {
                break;
            };
            parts.push(Part { start: *start, observations: of_part, origins: of_origins });
            (observations, origins) = (before, before_origins);
        }
        parts.reverse();
        parts
    }
}

/// Consecutive observations, to be used up.
#[derive(Debug)]
pub(super) struct Part<'a> {
    start: usize,
    observations: &'a mut [Option<Box<Observation>>],
    origins: &'a [Origin],
}

impl Part<'_> {
    /// The observation at an index of the whole; it is given away.
    pub(super) fn take(&mut self, index: usize) -> Option<(Box<Observation>, Origin)> {
        let own = index.checked_sub(self.start)?;
        Some((self.observations.get_mut(own)?.take()?, *self.origins.get(own)?))
    }
}

/// Observations of one problem, by index.
#[derive(Debug)]
pub(super) struct Group {
    /// What the problem is a problem of.
    pub(super) scope: Scope,
    /// The package's key, where the identity is one of packages.
    pub(super) package: Option<Untrusted>,
    /// Advisories that cover it among others, in order.
    pub(super) advisories: Vec<usize>,
    members: Range<usize>,
}

/// Every problem, and the advisories that are witnesses of other problems only.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    /// One for each finding.
    pub(super) groups: Vec<Group>,
    /// Advisories whose every part another report lists: no findings of their own.
    absorbed: Vec<Range<usize>>,
    members: Vec<usize>,
}

impl Grouped {
    /// Observations of the very problem of a group, in order.
    pub(super) fn members(&self, group: &Group) -> &[usize] {
        self.members.get(group.members.clone()).unwrap_or_default()
    }

    /// The first observation of a group.
    pub(super) fn first(&self, group: &Group) -> usize {
        self.members(group).first().copied().unwrap_or_default()
    }

    /// The observation that is a group's only witness.
    pub(super) fn alone(&self, group: &Group) -> Option<usize> {
        match (self.members(group), group.advisories.as_slice()) {
            ([only], []) => Some(*only),
            _ => None,
        }
    }

    /// The witnesses of other problems only, by advisory.
    pub(super) fn absorbed(&self) -> impl Iterator<Item = &[usize]> {
        self.absorbed.iter().filter_map(|range| self.members.get(range.clone()))
    }
}

/// Groups observations. They come sorted by report, so the result depends on nothing but the reports.
pub(super) fn grouped(seen: &Sightings, targets: &Targets, tools: &[Tool]) -> Grouped {
    let mut sets = Sets::new(seen.len());
    let mut names: Vec<Names> = seen.iter().map(|one| Names::of_package(one.observation)).collect();
    let mut packages = Packages::default();
    packages.find(seen, &names, targets);
    packages.join(&mut names, &mut sets);
    join_places(seen, targets, tools, &mut sets);

    let all = sets.groups(0..seen.len());
    let attached = advisories(seen, &names, &packages, &all, &mut sets);
    let mut covered: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for witnesses in attached.values() {
        for (witness, problem) in witnesses {
            covered.entry(*problem).or_default().push(*witness);
        }
    }
    let mut result = Grouped::default();
    for (root, members) in all.ranges() {
        if attached.contains_key(&root) {
            result.absorbed.push(members);
            continue;
        }
        let package = packages.of(root);
        let scope = match (seen.origin(root), package) {
            (Some(one), Some(_)) => targets.of_package(one.target),
            (Some(one), None) => targets.of_code(one.target),
            (None, _) => Scope::Repository,
        };
        result.groups.push(Group {
            scope,
            package: package.and_then(|id| packages.words.text(id)).cloned(),
            members,
            advisories: covered.remove(&root).unwrap_or_default(),
        });
    }
    result.members = all.into_members();
    result
}

/// The names of a problem as one witness gives them, in one case.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names of this one problem.
    pub(super) own: Vec<Untrusted>,
    /// CVEs that it bundles.
    pub(super) covers: Vec<Untrusted>,
}

impl Names {
    /// The names in an observation about a package; no others are asked for.
    fn of_package(observation: &Observation) -> Self {
        if named_package(observation).is_some() { Self::of(observation) } else { Self::default() }
    }

    /// The names in an observation. Several CVEs are never names of one problem: such a result bundles them.
    pub(super) fn of(observation: &Observation) -> Self {
        if let ([id], []) = (observation.ids.as_slice(), observation.covers.as_slice())
            && !id.is_blank()
        {
            return Self { own: vec![folded(id)], covers: Vec::new() };
        }
        let mut covers: BTreeSet<Untrusted> = observation.covers.iter().map(folded).collect();
        let (cves, others): (BTreeSet<Untrusted>, BTreeSet<Untrusted>) =
            observation.ids.iter().map(folded).filter(|id| !id.is_blank()).partition(|id| is_cve(id.as_raw()));
        let mut own: Vec<Untrusted> = others.into_iter().collect();
        if cves.len() > 1 {
            if own.is_empty() {
                own.push(cves.iter().map(Untrusted::as_raw).collect::<Vec<_>>().join("+").into());
            }
            covers.extend(cves);
        } else {
            own.extend(cves);
        }
        if own.is_empty() {
            own.push(format!("rule {}", folded(&observation.rule.id).as_raw()).into());
        }
        Self { own, covers: covers.into_iter().collect() }
    }

    /// The CVE that this is, or several under one name.
    fn own_cve(&self) -> Option<&Untrusted> {
        self.own.iter().find(|id| is_cve(id.as_raw()))
    }

    /// True for an advisory that bundles problems and is none of them.
    fn only_covers(&self) -> bool {
        let is_one = |id: &Untrusted| is_cve(id.as_raw()) && !id.as_raw().contains('+');
        !self.covers.is_empty() && !self.own.iter().any(is_one)
    }
}

/// A name in upper case; nearly all are already.
fn folded(id: &Untrusted) -> Untrusted {
    let raw = id.as_raw();
    let plain = raw.trim();
    if plain.len() == raw.len() && !raw.bytes().any(|byte| byte.is_ascii_lowercase()) {
        return id.clone();
    }
    plain.to_ascii_uppercase().into()
}

/// True for `CVE-…` in upper case.
pub(super) fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

/// Strings as numbers.
#[derive(Debug, Default)]
struct Words {
    ids: HashMap<Untrusted, usize>,
    texts: Vec<Untrusted>,
}

impl Words {
    fn id(&mut self, text: &Untrusted) -> usize {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = self.texts.len();
        self.texts.push(text.clone());
        self.ids.insert(text.clone(), id);
        id
    }

    fn text(&self, id: usize) -> Option<&Untrusted> {
        self.texts.get(id)
    }
}

/// Scope, package and name.
type Problem = (Scope, usize, usize);

/// Observations that name a package.
#[derive(Debug, Default)]
struct Packages {
    words: Words,
    /// Of each observation: the package, and what that is a package of.
    of: Vec<Option<(Scope, usize)>>,
    /// To the first observation of that problem.
    problems: HashMap<Problem, usize>,
}

/// The words of a package as a report names it: the package of a known ecosystem, and the loose name.
type Key = (Option<usize>, usize);

impl Packages {
    /// The package of an observation.
    fn of(&self, index: usize) -> Option<usize> {
        self.of.get(index)?.map(|(_, package)| package)
    }

    /// Observations that have a package, in order.
    fn indices(&self) -> impl Iterator<Item = usize> + Clone {
        self.of.iter().enumerate().filter(|(_, package)| package.is_some()).map(|(index, _)| index)
    }

    /// Finds the package of every observation that has one.
    fn find(&mut self, seen: &Sightings, names: &[Names], targets: &Targets) {
        self.of = vec![None; seen.len()];
        // A package has many problems.
        let mut keys: HashMap<[Option<&str>; 4], Key> = HashMap::default();
        let mut strong = Vec::new();
        let mut loose = Vec::new();
        for (index, (one, names)) in seen.iter().zip(names).enumerate() {
            let Some(package) = named_package(one.observation) else { continue };
            let scope = targets.of_package(one.target);
            let parts =
                [Some(&package.name), package.version.as_ref(), package.purl.as_ref(), package.ecosystem.as_ref()]
                    .map(|part| part.map(Untrusted::as_raw));
            let (key, name) = *keys.entry(parts).or_insert_with(|| self.key(package));
            match key {
                Some(key) => {
                    self.add(index, scope, key, names);
                    strong.push((scope, name, key));
                }
                None => loose.push((index, scope, name, names)),
            }
        }
        if loose.is_empty() {
            return;
        }
        // Packages of a known ecosystem by their loose name, to find the one that a report without ecosystems means.
        let mut by_name: HashMap<(Scope, usize), Vec<usize>> = HashMap::default();
        for (scope, name, key) in strong {
            let known = by_name.entry((scope, name)).or_default();
            if !known.contains(&key) {
                known.push(key);
            }
        }
        // All before any is added: what one of them means does not depend on those before it.
        let meant: Vec<(usize, Scope, usize, &Names)> = loose
            .into_iter()
            .map(|(index, scope, name, names)| {
                let package = self.meant(by_name.get(&(scope, name)), scope, names).unwrap_or(name);
                (index, scope, package, names)
            })
            .collect();
        for (index, scope, package, names) in meant {
            self.add(index, scope, package, names);
        }
    }

    fn key(&mut self, package: &Package) -> Key {
        let key = purl::key(package);
        let name = self.words.id(&key.loose.into());
        (key.strong.map(|strong| self.words.id(&strong.into())), name)
    }

    fn add(&mut self, index: usize, scope: Scope, package: usize, names: &Names) {
        if let Some(place) = self.of.get_mut(index) {
            *place = Some((scope, package));
        }
        for name in &names.own {
            let name = self.words.id(name);
            self.problems.entry((scope, package, name)).or_insert(index);
        }
    }

    /// The problem of this name in the package of an observation.
    fn problem(&self, index: usize, name: &Untrusted) -> Option<Problem> {
        let (scope, package) = (*self.of.get(index)?)?;
        Some((scope, package, *self.words.ids.get(name)?))
    }

    /// Joins observations of the same name, package and target, but never two CVEs by a name that both go by.
    fn join(&self, names: &mut [Names], sets: &mut Sets) {
        let mut alike = Sets::new(names.len());
        for (index, names) in self.indices().filter_map(|index| Some((index, names.get(index)?))) {
            for problem in names.own.iter().filter_map(|name| self.problem(index, name)) {
                if let Some(first) = self.problems.get(&problem) {
                    alike.join(*first, index);
                }
            }
        }
        let families = alike.groups(self.indices());
        for (root, family) in families.iter().filter(|(_, family)| family.len() > 1) {
            let of = |index: &usize| names.get(*index);
            let mut cves =
                family.iter().filter_map(of).flat_map(|names| names.own_cve().into_iter().chain(&names.covers));
            let first = cves.next();
            if cves.all(|cve| Some(cve) == first) {
                family.iter().for_each(|index| sets.join(root, *index));
            } else {
                self.join_apart(family, names, sets);
            }
        }
    }

    /// Joins a family of several CVEs: each CVE by itself. What names no CVE joins the one that shares a name with it; where
    /// that are several, it covers each and is none.
    fn join_apart(&self, family: &[usize], names: &mut [Names], sets: &mut Sets) {
        let mut first: HashMap<(bool, Problem), usize> = HashMap::default();
        let mut cves_of: HashMap<Problem, BTreeMap<Untrusted, usize>> = HashMap::default();
        for (index, names) in family.iter().filter_map(|index| Some((*index, names.get(*index)?))) {
            let cve = names.own_cve();
            for name in names.own.iter().filter(|name| cve.is_none_or(|cve| cve == *name)) {
                let Some(problem) = self.problem(index, name) else { continue };
                sets.join(*first.entry((cve.is_some(), problem)).or_insert(index), index);
            }
            let Some(cve) = cve else { continue };
            for problem in names.own.iter().filter_map(|name| self.problem(index, name)) {
                cves_of.entry(problem).or_default().entry(cve.clone()).or_insert(index);
            }
        }
        let mut nameless: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in family {
            if names.get(*index).is_some_and(|names| names.own_cve().is_none()) {
                nameless.entry(sets.root(*index)).or_default().push(*index);
            }
        }
        for (root, members) in nameless {
            let mut shared: BTreeMap<Untrusted, usize> = BTreeMap::new();
            let mut covered: BTreeSet<Untrusted> = BTreeSet::new();
            for (index, names) in members.iter().filter_map(|index| Some((*index, names.get(*index)?))) {
                covered.extend(names.covers.iter().cloned());
                for problem in names.own.iter().filter_map(|name| self.problem(index, name)) {
                    shared.extend(cves_of.get(&problem).into_iter().flatten().map(|(cve, one)| (cve.clone(), *one)));
                }
            }
            let one =
                shared.first_key_value().filter(|(cve, _)| shared.len() == 1 && covered.iter().all(|c| c == *cve));
            if let Some((_, one)) = one {
                sets.join(*one, root);
                continue;
            }
            for index in members {
                let Some(names) = names.get_mut(index) else { continue };
                let all: BTreeSet<Untrusted> = names.covers.drain(..).chain(shared.keys().cloned()).collect();
                names.covers.extend(all);
            }
        }
    }

    /// The one package of a known ecosystem with this name, or the one among several with this problem.
    fn meant(&self, candidates: Option<&Vec<usize>>, scope: Scope, names: &Names) -> Option<usize> {
        let candidates = candidates?;
        if let [only] = candidates.as_slice() {
            return Some(*only);
        }
        let has_problem = |package: &&usize| {
            let ids = names.own.iter().filter_map(|name| self.words.ids.get(name));
            ids.into_iter().any(|name| self.problems.contains_key(&(scope, **package, *name)))
        };
        let mut fitting = candidates.iter().filter(has_problem);
        match (fitting.next(), fitting.next()) {
            (Some(only), None) => Some(*only),
            _ => None,
        }
    }
}

/// The package of an observation, where it has a name.
fn named_package(observation: &Observation) -> Option<&Package> {
    observation.package.as_deref().filter(|package| !package.name.is_blank() || package.purl.is_some())
}

/// What matters about a set of observations when advisories look for problems.
struct Weight {
    only_covers: bool,
    /// Its first two reports.
    reports: BTreeSet<usize>,
}

/// For each advisory that only covers problems, by root: which of its witnesses is a witness of which problem that another
/// report lists too.
fn advisories(
    seen: &Sightings,
    names: &[Names],
    packages: &Packages,
    all: &Groups,
    sets: &mut Sets,
) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let mut attached = BTreeMap::new();
    if !names.iter().any(Names::only_covers) {
        return attached;
    }
    let weights: BTreeMap<usize, Weight> =
        all.iter().map(|(root, members)| (root, weight(members, seen, names))).collect();
    for (root, members) in all.iter().filter(|(root, _)| weights.get(root).is_some_and(|weight| weight.only_covers)) {
        let (Some(own), Some((scope, package))) = (weights.get(&root), packages.of.get(root).copied().flatten()) else {
            continue;
        };
        let mut problem_of = |name: &Untrusted| {
            let name = packages.words.ids.get(name)?;
            let problem = sets.root(*packages.problems.get(&(scope, package, *name))?);
            let other = weights.get(&problem)?;
            (!other.only_covers && own.reports.union(&other.reports).count() > 1).then_some(problem)
        };
        let mut witnesses = Vec::new();
        let mut silent = Vec::new();
        for index in members {
            let covers = names.get(*index).into_iter().flat_map(|names| &names.covers);
            let problems: BTreeSet<usize> = covers.filter_map(&mut problem_of).collect();
            if problems.is_empty() {
                silent.push(*index);
            }
            witnesses.extend(problems.into_iter().map(|problem| (*index, problem)));
        }
        if let Some((_, problem)) = witnesses.first().copied() {
            witnesses.extend(silent.into_iter().map(|index| (index, problem)));
            attached.insert(root, witnesses);
        }
    }
    attached
}

fn weight(members: &[usize], seen: &Sightings, names: &[Names]) -> Weight {
    let mut reports = BTreeSet::new();
    for one in members.iter().filter_map(|index| seen.origin(*index)) {
        reports.insert(one.source);
        if reports.len() > 1 {
            break;
        }
    }
    let only_covers = members.iter().all(|index| names.get(*index).is_some_and(Names::only_covers));
    Weight { only_covers, reports }
}

/// What makes two results of one report the same place.
#[derive(PartialEq, Eq, Hash)]
struct Place<'a> {
    source: usize,
    scope: Scope,
    rule: &'a str,
    location: &'a Location,
    fingerprint: Option<&'a str>,
    snippet: Option<Digest>,
    context: Option<&'a str>,
    title: &'a str,
}

impl<'a> Place<'a> {
    fn of(seen: Seen<'a>, targets: &Targets) -> Self {
        let observation = seen.observation;
        Self {
            source: seen.source,
            scope: targets.of_code(seen.target),
            rule: observation.rule.id.as_raw(),
            location: &observation.location,
            fingerprint: raw(&observation.tool_fingerprint),
            snippet: observation.snippet,
            context: raw(&observation.context),
            title: observation.title.as_raw(),
        }
    }
}

/// What two reports may have in common about a place, surest first.
#[derive(Clone, Copy, Debug)]
enum Clue {
    Fingerprint,
    SnippetOnLine,
    Context,
    Snippet,
    Position,
    Resource,
    Line,
}

impl Clue {
    const SUREST_FIRST: [Self; 7] = [
        Self::Fingerprint,
        Self::SnippetOnLine,
        Self::Context,
        Self::Snippet,
        Self::Position,
        Self::Resource,
        Self::Line,
    ];

    /// Sure enough to join what two tools say: one's fingerprint or context means nothing to another.
    const ACROSS_TOOLS: [Self; 3] = [Self::SnippetOnLine, Self::Snippet, Self::Position];

    /// What the observation says; `None` where it does not say enough.
    fn of(self, observation: &Observation) -> Option<Said<'_>> {
        let place = &observation.location;
        let located = place.path.is_some() || place.resource.is_some();
        let said = match self {
            Self::Fingerprint => {
                return observation.tool_fingerprint.as_ref().map(|f| Said::Text(f.as_raw()));
            }
            Self::SnippetOnLine => Said::Code(observation.snippet?, Some(place.line?)),
            Self::Context => Said::Text(raw(&observation.context)?),
            Self::Snippet => Said::Code(observation.snippet?, None),
            Self::Position => Said::Position(place.line?, Some(place.column?)),
            Self::Resource => Said::Text(raw(&place.resource)?),
            Self::Line => Said::Position(place.line.unwrap_or(0), None),
        };
        located.then_some(said)
    }
}

fn raw(text: &Option<Untrusted>) -> Option<&str> {
    text.as_ref().map(Untrusted::as_raw)
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Said<'a> {
    Text(&'a str),
    Code(Digest, Option<u64>),
    Position(u64, Option<u64>),
}

/// Joins results without a package: alike ones within a report, then what the surest common clue joins across reports.
fn join_places(seen: &Sightings, targets: &Targets, tools: &[Tool], sets: &mut Sets) {
    let places = || seen.iter().enumerate().filter(|(_, one)| named_package(one.observation).is_none());
    let state = RandomState::default();
    // By index: the places themselves would be copied whenever the table grows.
    let mut first: HashTable<(u64, usize)> = HashTable::new();
    for (index, one) in places() {
        let own = Place::of(one, targets);
        let hash = state.hash_one(&own);
        let is_own = |(other, known): &(u64, usize)| {
            *other == hash && seen.get(*known).is_some_and(|known| Place::of(known, targets) == own)
        };
        match first.find(hash, is_own) {
            Some((_, known)) => sets.join(*known, index),
            None => {
                first.insert_unique(hash, (hash, index), |(hash, _)| *hash);
            }
        }
    }
    drop(first);
    let mut sources = places().map(|(_, one)| one.source);
    let one = sources.next();
    if sources.all(|source| Some(source) == one) {
        return;
    }
    let distinct: Vec<(usize, Seen<'_>)> = places().filter(|(index, _)| sets.root(*index) == *index).collect();
    if distinct.iter().map(|(_, one)| one.source).collect::<HashSet<_>>().len() < 2 {
        return;
    }
    let mut reports: HashMap<usize, Vec<usize>> =
        distinct.iter().map(|(index, one)| (*index, vec![one.source])).collect();
    let tools: Vec<Option<String>> = tools.iter().map(|tool| tool_key(tool.name.as_raw())).collect();
    let of_one_tool = |one: &Seen<'_>| {
        let tool = tools.get(one.report)?.clone()?;
        Some((tool, rule_tail(one.observation.rule.id.as_raw()).into_owned()))
    };
    let of_any_tool = |one: &Seen<'_>| Some((String::new(), one.observation.rule.id.as_raw().to_owned()));
    for clue in Clue::SUREST_FIRST {
        join_by(clue, of_one_tool, &distinct, targets, sets, &mut reports);
    }
    for clue in Clue::ACROSS_TOOLS {
        join_by(clue, of_any_tool, &distinct, targets, sets, &mut reports);
    }
}

/// Words that stand in a tool's name in one output format and not in another (`Semgrep`, `Semgrep OSS`).
const EDITIONS: [&str; 4] = ["oss", "pro", "cli", "owasp"];

/// A tool's name as all of its output formats have it; `None` where a report does not name its tool.
fn tool_key(name: &str) -> Option<String> {
    let name = name.to_lowercase();
    let words = name.split(|c: char| !c.is_alphanumeric()).filter(|word| !EDITIONS.contains(word));
    let key: String = words.collect();
    (!key.is_empty()).then_some(key)
}

/// Joins places of different reports that say the same by the same rule, where that points to one place in each.
fn join_by(
    clue: Clue,
    rule: impl Fn(&Seen<'_>) -> Option<(String, String)>,
    places: &[(usize, Seen<'_>)],
    targets: &Targets,
    sets: &mut Sets,
    reports: &mut HashMap<usize, Vec<usize>>,
) {
    let mut numbers: HashMap<_, usize> = HashMap::default();
    let mut alike: Vec<Vec<(usize, Seen<'_>)>> = Vec::new();
    for (index, one) in places {
        let observation = one.observation;
        let Some(said) = clue.of(observation) else { continue };
        let Some(rule) = rule(one) else { continue };
        let key = (targets.of_code(one.target), rule, raw(&observation.location.path), said);
        let number = *numbers.entry(key).or_insert(alike.len());
        match alike.get_mut(number) {
            Some(known) => known.push((*index, *one)),
            None => alike.push(vec![(*index, *one)]),
        }
    }
    for places in alike.iter().filter(|places| places.len() > 1) {
        if !agree(places, |place| place.resource.as_ref())
            || !agree(places, |place| place.column.as_ref()) && matches!(clue, Clue::Line)
        {
            continue;
        }
        let mut in_report: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (index, one) in places {
            in_report.entry(one.source).or_default().push(*index);
        }
        let mut single = in_report.values().filter_map(|indices| match indices.as_slice() {
            [only] => Some(*only),
            _ => None,
        });
        let Some(anchor) = single.next() else { continue };
        for index in single {
            join_disjoint(anchor, index, sets, reports);
        }
    }
}

/// True unless two places state different values.
fn agree<'a, T: Ord + 'a>(places: &[(usize, Seen<'a>)], of: impl Fn(&'a Location) -> Option<&'a T>) -> bool {
    let stated: BTreeSet<&T> = places.iter().filter_map(|(_, one)| of(&one.observation.location)).collect();
    stated.len() < 2
}

/// Joins two sets unless a report is in both: then its two results are different ones.
fn join_disjoint(one: usize, other: usize, sets: &mut Sets, reports: &mut HashMap<usize, Vec<usize>>) {
    let (one, other) = (sets.root(one), sets.root(other));
    if one == other {
        return;
    }
    let empty = Vec::new();
    let (of_one, of_other) = (reports.get(&one).unwrap_or(&empty), reports.get(&other).unwrap_or(&empty));
    if of_one.iter().any(|report| of_other.contains(report)) {
        return;
    }
    let both = of_one.iter().chain(of_other).copied().collect();
    sets.join(one, other);
    reports.insert(sets.root(one), both);
}

/// The last part of a dotted rule id, in lower case: what stands before it can be the path of a rules file on one machine.
pub(super) fn rule_tail(rule: &str) -> Cow<'_, str> {
    let tail = match rule.rsplit_once('.') {
        Some((_, tail))
            if tail.len() > 2 && !tail.contains(char::is_whitespace) && tail.contains(char::is_alphabetic) =>
        {
            tail
        }
        _ => rule,
    };
    let is_lower = tail.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase());
    if is_lower { Cow::Borrowed(tail) } else { Cow::Owned(tail.to_lowercase()) }
}
