//! Which observations are about the same problem.
//!
//! What must stay true: a vulnerability is one by target, package and a name that a witness calls its own; names that are
//! only covered (an advisory that bundles several CVEs) and classes (CWE) join nothing, and no name joins two CVEs. A place
//! in code is one by what the tool calls it, else by rule, path and snippet, else by rule, path, line and column. Of another
//! tool's rule only the whole id counts, and only with the snippet, or with line and column. Two results of one report that
//! differ in their place are never joined. The kind is no part of the identity.
//!
//! Every step is a pass over hash maps: the cost grows with the number of observations, not with its square.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::purl;
use super::target::{Scope, Targets};
use super::union::Sets;
use crate::model::digest::Digest;
use crate::model::finding::{Location, Observation};
use crate::model::report::Tool;
use crate::model::text::Untrusted;

/// An observation with where it came from.
#[derive(Debug)]
pub(super) struct Seen {
    /// Index of its report.
    pub(super) report: usize,
    /// Index of the first report with the same bytes: a copy is not another report.
    pub(super) source: usize,
    /// Index of its target among the distinct ones.
    pub(super) target: usize,
    /// The observation.
    pub(super) observation: Observation,
}

/// Observations of one problem, by index.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Group {
    /// What the problem is a problem of.
    pub(super) scope: Scope,
    /// The package's key, where the identity is one of packages.
    pub(super) package: Option<String>,
    /// Observations of this very problem, in order.
    pub(super) members: Vec<usize>,
    /// Advisories that cover it among others, in order.
    pub(super) advisories: Vec<usize>,
}

/// Every problem, and the advisories that are witnesses of other problems only.
#[derive(Debug, Default)]
pub(super) struct Grouped {
    /// One for each finding.
    pub(super) groups: Vec<Group>,
    /// Advisories whose every part another report lists: no findings of their own.
    pub(super) absorbed: Vec<Vec<usize>>,
}

/// Groups observations. They come sorted by report, so the result depends on nothing but the reports.
pub(super) fn grouped(seen: &[Seen], targets: &Targets, tools: &[Tool]) -> Grouped {
    let mut sets = Sets::new(seen.len());
    let mut names: Vec<Names> = seen.iter().map(|one| Names::of(&one.observation)).collect();
    let mut packages = Packages::default();
    packages.find(seen, &names, targets);
    packages.join(&mut names, &mut sets);
    join_places(seen, targets, tools, &mut sets);

    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for index in 0..seen.len() {
        members.entry(sets.root(index)).or_default().push(index);
    }
    let attached = advisories(seen, &names, &packages, &members, &mut sets);
    let mut result = Grouped::default();
    let mut covered: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for witnesses in attached.values() {
        for (witness, problem) in witnesses {
            covered.entry(*problem).or_default().push(*witness);
        }
    }
    for (root, members) in members {
        if attached.contains_key(&root) {
            result.absorbed.push(members);
            continue;
        }
        let package = packages.of.get(&root).copied();
        let scope = match (seen.get(root), package) {
            (Some(one), Some(_)) => targets.of_package(one.target),
            (Some(one), None) => targets.of_code(one.target),
            (None, _) => Scope::Repository,
        };
        result.groups.push(Group {
            scope,
            package: package.and_then(|id| packages.words.text(id)).map(str::to_owned),
            members,
            advisories: covered.remove(&root).unwrap_or_default(),
        });
    }
    result
}

/// The names of a problem as one witness gives them, in one case.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// Names of this one problem.
    pub(super) own: Vec<String>,
    /// CVEs that it bundles.
    pub(super) covers: Vec<String>,
}

impl Names {
    /// The names in an observation. Several CVEs are never names of one problem: such a result bundles them.
    pub(super) fn of(observation: &Observation) -> Self {
        let folded = |id: &Untrusted| id.as_raw().trim().to_ascii_uppercase();
        let mut covers: BTreeSet<String> = observation.covers.iter().map(folded).collect();
        let (cves, others): (BTreeSet<String>, BTreeSet<String>) =
            observation.ids.iter().map(folded).filter(|id| !id.is_empty()).partition(|id| is_cve(id));
        let mut own: Vec<String> = others.into_iter().collect();
        if cves.len() > 1 {
            if own.is_empty() {
                own.push(cves.iter().cloned().collect::<Vec<_>>().join("+"));
            }
            covers.extend(cves);
        } else {
            own.extend(cves);
        }
        if own.is_empty() {
            own.push(format!("rule {}", folded(&observation.rule.id)));
        }
        Self { own, covers: covers.into_iter().collect() }
    }

    /// The CVE that this is, or several under one name.
    fn own_cve(&self) -> Option<&String> {
        self.own.iter().find(|id| is_cve(id))
    }

    /// True for an advisory that bundles problems and is none of them.
    fn only_covers(&self) -> bool {
        !self.covers.is_empty() && !self.own.iter().any(|id| is_cve(id) && !id.contains('+'))
    }
}

/// True for `CVE-…` in upper case.
pub(super) fn is_cve(id: &str) -> bool {
    id.starts_with("CVE-")
}

/// Strings as numbers.
#[derive(Debug, Default)]
struct Words {
    ids: HashMap<String, usize>,
    texts: Vec<String>,
}

impl Words {
    fn id(&mut self, text: &str) -> usize {
        if let Some(id) = self.ids.get(text) {
            return *id;
        }
        let id = self.texts.len();
        self.texts.push(text.to_owned());
        self.ids.insert(text.to_owned(), id);
        id
    }

    fn text(&self, id: usize) -> Option<&str> {
        self.texts.get(id).map(String::as_str)
    }
}

/// Scope, package and name.
type Problem = (Scope, usize, usize);

/// Observations that name a package.
#[derive(Debug, Default)]
struct Packages {
    words: Words,
    /// Observation to package.
    of: BTreeMap<usize, usize>,
    /// Observation to what the package is a package of.
    scopes: HashMap<usize, Scope>,
    /// To the first observation of that problem.
    problems: HashMap<Problem, usize>,
}

impl Packages {
    /// Finds the package of every observation that has one.
    fn find(&mut self, seen: &[Seen], names: &[Names], targets: &Targets) {
        // Packages of a known ecosystem by their loose name, to find the one that a report without ecosystems means.
        let mut by_name: HashMap<(Scope, usize), Vec<usize>> = HashMap::new();
        let mut loose = Vec::new();
        for (index, (one, names)) in seen.iter().zip(names).enumerate() {
            let Some(package) = named_package(&one.observation) else { continue };
            let scope = targets.of_package(one.target);
            let key = purl::key(package);
            let name = self.words.id(&key.loose);
            match key.strong {
                Some(strong) => {
                    let strong = self.words.id(&strong);
                    let known = by_name.entry((scope, name)).or_default();
                    if !known.contains(&strong) {
                        known.push(strong);
                    }
                    self.add(index, scope, strong, names);
                }
                None => loose.push((index, scope, name, names)),
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

    fn add(&mut self, index: usize, scope: Scope, package: usize, names: &Names) {
        self.of.insert(index, package);
        self.scopes.insert(index, scope);
        for name in &names.own {
            let name = self.words.id(name);
            self.problems.entry((scope, package, name)).or_insert(index);
        }
    }

    /// The problem of this name in the package of an observation.
    fn problem(&self, index: usize, name: &str) -> Option<Problem> {
        Some((*self.scopes.get(&index)?, *self.of.get(&index)?, *self.words.ids.get(name)?))
    }

    /// Joins observations of the same name, package and target, but never two CVEs by a name that both go by.
    fn join(&self, names: &mut [Names], sets: &mut Sets) {
        let mut alike = Sets::new(names.len());
        for (index, names) in self.of.keys().filter_map(|index| Some((*index, names.get(*index)?))) {
            for problem in names.own.iter().filter_map(|name| self.problem(index, name)) {
                if let Some(first) = self.problems.get(&problem) {
                    alike.join(*first, index);
                }
            }
        }
        let mut families: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for index in self.of.keys() {
            families.entry(alike.root(*index)).or_default().push(*index);
        }
        for (root, family) in families {
            let of = |index: &usize| names.get(*index);
            let cves: BTreeSet<&String> = family
                .iter()
                .filter_map(of)
                .flat_map(|names| names.own_cve().into_iter().chain(&names.covers))
                .collect();
            if cves.len() > 1 {
                self.join_apart(&family, names, sets);
            } else {
                family.into_iter().for_each(|index| sets.join(root, index));
            }
        }
    }

    /// Joins a family of several CVEs: each CVE by itself. What names no CVE joins the one that shares a name with it; where
    /// that are several, it covers each and is none.
    fn join_apart(&self, family: &[usize], names: &mut [Names], sets: &mut Sets) {
        let mut first: HashMap<(bool, Problem), usize> = HashMap::new();
        let mut cves_of: HashMap<Problem, BTreeMap<String, usize>> = HashMap::new();
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
            let mut shared: BTreeMap<String, usize> = BTreeMap::new();
            let mut covered: BTreeSet<String> = BTreeSet::new();
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
                let all: BTreeSet<String> = names.covers.drain(..).chain(shared.keys().cloned()).collect();
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
fn named_package(observation: &Observation) -> Option<&crate::model::package::Package> {
    observation.package.as_ref().filter(|package| !package.name.is_blank() || package.purl.is_some())
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
    seen: &[Seen],
    names: &[Names],
    packages: &Packages,
    members: &BTreeMap<usize, Vec<usize>>,
    sets: &mut Sets,
) -> BTreeMap<usize, Vec<(usize, usize)>> {
    let weights: BTreeMap<usize, Weight> =
        members.iter().map(|(root, all)| (*root, weight(all, seen, names))).collect();
    let mut attached = BTreeMap::new();
    for (root, all) in members.iter().filter(|(root, _)| weights.get(root).is_some_and(|weight| weight.only_covers)) {
        let Some((own, package)) = weights.get(root).zip(packages.of.get(root)) else { continue };
        let Some(scope) = packages.scopes.get(root) else { continue };
        let mut problem_of = |name: &String| {
            let name = packages.words.ids.get(name)?;
            let problem = sets.root(*packages.problems.get(&(*scope, *package, *name))?);
            let other = weights.get(&problem)?;
            (!other.only_covers && own.reports.union(&other.reports).count() > 1).then_some(problem)
        };
        let mut witnesses = Vec::new();
        let mut silent = Vec::new();
        for index in all {
            let covers = names.get(*index).into_iter().flat_map(|names| &names.covers);
            let problems: BTreeSet<usize> = covers.filter_map(&mut problem_of).collect();
            if problems.is_empty() {
                silent.push(*index);
            }
            witnesses.extend(problems.into_iter().map(|problem| (*index, problem)));
        }
        if let Some((_, problem)) = witnesses.first().copied() {
            witnesses.extend(silent.into_iter().map(|index| (index, problem)));
            attached.insert(*root, witnesses);
        }
    }
    attached
}

fn weight(members: &[usize], seen: &[Seen], names: &[Names]) -> Weight {
    let mut reports = BTreeSet::new();
    for one in members.iter().filter_map(|index| seen.get(*index)) {
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
fn join_places(seen: &[Seen], targets: &Targets, tools: &[Tool], sets: &mut Sets) {
    let places = || seen.iter().enumerate().filter(|(_, one)| named_package(&one.observation).is_none());
    let mut first: HashMap<Place<'_>, usize> = HashMap::new();
    for (index, one) in places() {
        let observation = &one.observation;
        let place = Place {
            source: one.source,
            scope: targets.of_code(one.target),
            rule: observation.rule.id.as_raw(),
            location: &observation.location,
            fingerprint: raw(&observation.tool_fingerprint),
            snippet: observation.snippet,
            context: raw(&observation.context),
            title: observation.title.as_raw(),
        };
        sets.join(*first.entry(place).or_insert(index), index);
    }
    drop(first);
    let distinct: Vec<(usize, &Seen)> = places().filter(|(index, _)| sets.root(*index) == *index).collect();
    if distinct.iter().map(|(_, one)| one.source).collect::<HashSet<_>>().len() < 2 {
        return;
    }
    let mut reports: HashMap<usize, Vec<usize>> =
        distinct.iter().map(|(index, one)| (*index, vec![one.source])).collect();
    let tools: Vec<Option<String>> = tools.iter().map(|tool| tool_key(tool.name.as_raw())).collect();
    let of_one_tool = |one: &Seen| {
        let tool = tools.get(one.report)?.clone()?;
        Some((tool, rule_tail(one.observation.rule.id.as_raw())))
    };
    let of_any_tool = |one: &Seen| Some((String::new(), one.observation.rule.id.as_raw().to_owned()));
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
    rule: impl Fn(&Seen) -> Option<(String, String)>,
    places: &[(usize, &Seen)],
    targets: &Targets,
    sets: &mut Sets,
    reports: &mut HashMap<usize, Vec<usize>>,
) {
    let mut numbers = HashMap::new();
    let mut alike: Vec<Vec<(usize, &Seen)>> = Vec::new();
    for (index, one) in places {
        let observation = &one.observation;
        let Some(said) = clue.of(observation) else { continue };
        let Some(rule) = rule(one) else { continue };
        let key = (targets.of_code(one.target), rule, raw(&observation.location.path), said);
        let number = *numbers.entry(key).or_insert(alike.len());
        match alike.get_mut(number) {
            Some(known) => known.push((*index, one)),
            None => alike.push(vec![(*index, one)]),
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
fn agree<'a, T: Ord + 'a>(places: &[(usize, &'a Seen)], of: impl Fn(&'a Location) -> Option<&'a T>) -> bool {
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
pub(super) fn rule_tail(rule: &str) -> String {
    let tail = match rule.rsplit_once('.') {
        Some((_, tail))
            if tail.len() > 2 && !tail.contains(char::is_whitespace) && tail.contains(char::is_alphabetic) =>
        {
            tail
        }
        _ => rule,
    };
    tail.to_lowercase()
}
