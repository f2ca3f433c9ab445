//! Which records could cover a finding, without asking every record about every finding.
//!
//! What must stay true: a record is found for every finding that it covers. It stands under its most telling criterion
//! alone, and that criterion has to match anyway.

use std::collections::BTreeMap;

use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::matching::{Criteria, Subject};

/// Patterns in one set: a larger set would outgrow the engine's limits.
const SET: usize = 256;

/// Patterns with one beginning that are worth looking at one by one.
const CROWD: usize = 16;

/// Records by their most telling criterion: of those given, the one that the fewest records share.
#[derive(Default)]
pub(super) struct Index {
    exact: BTreeMap<Key, Vec<usize>>,
    paths: Patterns,
    resources: Patterns,
    /// Records that stand under nothing: the kind alone, which the reader refuses.
    others: Vec<usize>,
}

/// The records whose patterns match a path or a resource, as far as they were asked for: many findings share one.
#[derive(Default)]
pub(super) struct Answers {
    paths: BTreeMap<String, Vec<usize>>,
    resources: BTreeMap<String, Vec<usize>>,
}

/// What a record can be looked up by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Fingerprint(String),
    Id(String),
    Package(String),
    Rule(String),
    Path(String),
    Resource(String),
}

/// The criteria of a record as keys, most telling kind first; a record stands under all keys of one of these.
fn choices(criteria: &Criteria<'_>) -> Vec<Vec<Key>> {
    let Criteria { fingerprint, ids, package, rule, kind: _, path, resource } = criteria;
    let mut choices: Vec<Vec<Key>> = Vec::new();
    choices.extend(fingerprint.map(|text| vec![Key::Fingerprint(text.to_owned())]));
    if !ids.is_empty() {
        choices.push(ids.iter().cloned().map(Key::Id).collect());
    }
    choices.extend(package.as_ref().map(|purl| vec![Key::Package(purl.name.clone())]));
    choices.extend(rule.map(|text| vec![Key::Rule(text.to_owned())]));
    choices.extend(path.as_ref().map(|pattern| vec![Key::Path(pattern.text.to_owned())]));
    choices.extend(resource.as_ref().map(|pattern| vec![Key::Resource(pattern.text.to_owned())]));
    choices
}

impl Index {
    /// Files every record under one criterion.
    pub(super) fn new<'a>(records: impl Iterator<Item = (usize, &'a Criteria<'a>)>) -> Self {
        let records: Vec<(usize, Vec<Vec<Key>>)> =
            records.map(|(number, criteria)| (number, choices(criteria))).collect();
        let mut shared: BTreeMap<Key, usize> = BTreeMap::new();
        for key in records.iter().flat_map(|(_, choices)| choices.iter().flatten()) {
            *shared.entry(key.clone()).or_default() += 1;
        }
        let crowd = |keys: &Vec<Key>| keys.iter().filter_map(|key| shared.get(key)).max().copied();
        let mut index = Self::default();
        for (number, choices) in records {
            match choices.into_iter().min_by_key(crowd) {
                None => index.others.push(number),
                Some(keys) => keys.into_iter().for_each(|key| index.file(key, number)),
            }
        }
        index.paths.build();
        index.resources.build();
        index
    }

    fn file(&mut self, key: Key, number: usize) {
        match key {
            Key::Path(pattern) => self.paths.add(pattern, number),
            Key::Resource(pattern) => self.resources.add(pattern, number),
            exact @ (Key::Fingerprint(_) | Key::Id(_) | Key::Package(_) | Key::Rule(_)) => {
                self.exact.entry(exact).or_default().push(number);
            }
        }
    }

    /// Records that could cover a finding, each once, in order. What was found for a path or resource is kept.
    pub(super) fn candidates(&self, subject: &Subject<'_>, answers: &mut Answers) -> Vec<usize> {
        let mut found = self.others.clone();
        for key in names(subject) {
            found.extend(self.exact.get(&key).into_iter().flatten());
        }
        // Every occurrence has to match, so the first one has to; the others serve to say what is missing.
        for location in subject.locations {
            if let Some(path) = &location.path {
                found.extend(self.paths.matching(path.as_raw(), &mut answers.paths));
            }
            if let Some(resource) = &location.resource {
                found.extend(self.resources.matching(resource.as_raw(), &mut answers.resources));
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// What a finding can be looked up by, its places aside.
fn names<'a>(subject: &'a Subject<'_>) -> impl Iterator<Item = Key> + 'a {
    std::iter::once(Key::Fingerprint(subject.finding.fingerprint.as_raw().to_owned()))
        .chain(subject.ids.iter().cloned().map(Key::Id))
        .chain(subject.package.iter().map(|purl| Key::Package(purl.name.clone())))
        .chain(subject.rules.iter().map(|rule| Key::Rule((*rule).to_owned())))
}

/// Findings by what names them, to say what a record is near that covers nothing.
#[derive(Default)]
pub(super) struct Names(BTreeMap<Key, Vec<usize>>);

impl Names {
    /// Adds a finding.
    pub(super) fn add(&mut self, position: usize, subject: &Subject<'_>) {
        for key in names(subject) {
            self.0.entry(key).or_default().push(position);
        }
    }

    /// The first few findings that the first criterion of a record names, in the order of [`choices`].
    pub(super) fn near(&self, criteria: &Criteria<'_>, most: usize) -> Vec<usize> {
        let mut near: Vec<usize> = Vec::new();
        if let Some(keys) = choices(criteria).first() {
            near.extend(keys.iter().filter_map(|key| self.0.get(key)).flatten().take(most));
        }
        near
    }
}

/// Records by pattern: under what the pattern begins with, where few others begin so, else in sets that are asked at once.
#[derive(Default)]
struct Patterns {
    records: BTreeMap<String, Vec<usize>>,
    /// Length of a beginning → beginning → records. Whatever a pattern matches begins with its letters before the first sign.
    beginnings: BTreeMap<usize, BTreeMap<String, Vec<usize>>>,
    sets: Vec<(GlobSet, Vec<Vec<usize>>)>,
}

impl Patterns {
    fn add(&mut self, pattern: String, record: usize) {
        self.records.entry(pattern).or_default().push(record);
    }

    fn build(&mut self) {
        let mut beside: BTreeMap<String, usize> = BTreeMap::new();
        for pattern in self.records.keys() {
            *beside.entry(beginning(pattern).to_owned()).or_default() += 1;
        }
        let mut others = Vec::new();
        for (pattern, records) in std::mem::take(&mut self.records) {
            let start = beginning(&pattern);
            match beside.get(start) {
                Some(1..=CROWD) if !start.is_empty() => {
                    let of_length = self.beginnings.entry(start.len()).or_default();
                    of_length.entry(start.to_owned()).or_default().extend(records);
                }
                _ => others.push((pattern, records)),
            }
        }
        self.build_sets(&others, SET);
    }

    fn build_sets(&mut self, patterns: &[(String, Vec<usize>)], size: usize) {
        for chunk in patterns.chunks(size) {
            let globs: Vec<(Glob, Vec<usize>)> =
                chunk.iter().filter_map(|(text, records)| Some((pattern(text)?, records.clone()))).collect();
            let mut builder = GlobSetBuilder::new();
            for (glob, _) in &globs {
                builder.add(glob.clone());
            }
            match builder.build() {
                Ok(set) => self.sets.push((set, globs.into_iter().map(|(_, records)| records).collect())),
                // Too large for one automaton: halve. One pattern alone was compiled when it was read.
                Err(_) if chunk.len() > 1 => self.build_sets(chunk, chunk.len().div_ceil(2)),
                Err(_) => {}
            }
        }
    }

    fn matching<'a>(&self, text: &str, answers: &'a mut BTreeMap<String, Vec<usize>>) -> &'a [usize] {
        if !answers.contains_key(text) {
            let mut found = Vec::new();
            for (length, records) in &self.beginnings {
                found.extend(text.get(..*length).and_then(|start| records.get(start)).into_iter().flatten());
            }
            for (set, records) in &self.sets {
                for pattern in set.matches(text) {
                    found.extend(records.get(pattern).into_iter().flatten());
                }
            }
            answers.insert(text.to_owned(), found);
        }
        answers.get(text).map_or(&[], Vec::as_slice)
    }
}

/// The letters of a pattern before its first sign.
fn beginning(pattern: &str) -> &str {
    pattern.split(['*', '?', '[', '{', '\\']).next().unwrap_or_default()
}

fn pattern(text: &str) -> Option<Glob> {
    GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build().ok()
}
