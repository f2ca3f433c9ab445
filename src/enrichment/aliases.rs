//! Which names are names of the same vulnerability.
//!
//! What must stay true: no name makes one vulnerability of two CVEs. Names that lead to several CVEs are alone with what their own
//! record says, and what such a record lists is covered by it, never the same.

use std::collections::{BTreeSet, HashMap};

use crate::model::text::Untrusted;

/// Names, each with the others of its vulnerability.
#[derive(Clone, Debug, Default)]
pub(super) struct Aliases {
    groups: Vec<Vec<Untrusted>>,
    of: HashMap<Untrusted, usize>,
    /// Records whose names lead to several CVEs.
    bundles: HashMap<Untrusted, Vec<Untrusted>>,
}

impl Aliases {
    /// From records: an id and its aliases, each as its publisher writes it.
    pub(super) fn new(records: &[(Untrusted, Vec<Untrusted>)]) -> Self {
        let mut sets = Sets::default();
        let (bundles, plain): (Vec<_>, Vec<_>) = records
            .iter()
            .partition(|(id, aliases)| several(std::iter::once(id).chain(aliases).filter(|id| is_cve(id))));
        for (id, aliases) in &plain {
            for alias in aliases {
                sets.join(id, alias);
            }
        }
        let mut result = Self::default();
        let ambiguous = result.take(sets);
        for (id, aliases) in bundles.into_iter().chain(plain.into_iter().filter(|(id, _)| ambiguous.contains(id))) {
            result.bundles.entry(id.clone()).or_default().extend(aliases.iter().cloned());
        }
        result
    }

    /// Keeps the sets that hold one CVE at most; gives back the names of the others.
    fn take(&mut self, mut sets: Sets) -> BTreeSet<Untrusted> {
        let mut ambiguous = BTreeSet::new();
        for group in sets.groups() {
            if several(group.iter().filter(|name| is_cve(name))) {
                ambiguous.extend(group);
                continue;
            }
            self.of.extend(group.iter().map(|name| (name.clone(), self.groups.len())));
            self.groups.push(group);
        }
        ambiguous
    }

    /// Names of the same vulnerability, or of those that it bundles, beside the given ones.
    pub(super) fn others(&self, names: &[Untrusted]) -> BTreeSet<Untrusted> {
        let own: BTreeSet<&Untrusted> = names.iter().filter(|name| is_cve(name)).collect();
        // Somebody who names a CVE is not talked into another one.
        let fits = |group: &&Vec<Untrusted>| {
            own.is_empty() || group.iter().find(|name| is_cve(name)).is_none_or(|cve| own.contains(cve))
        };
        let mut others = BTreeSet::new();
        for name in names {
            let group = self.of.get(name).and_then(|index| self.groups.get(*index)).filter(fits);
            let bundle = self.bundles.get(name).filter(|_| own.is_empty());
            others.extend(group.into_iter().chain(bundle).flatten().cloned());
        }
        names.iter().for_each(|name| {
            others.remove(name);
        });
        others
    }
}

fn is_cve(name: &Untrusted) -> bool {
    name.as_raw().starts_with("CVE-")
}

fn several<'a>(names: impl Iterator<Item = &'a Untrusted>) -> bool {
    names.collect::<BTreeSet<_>>().len() > 1
}

/// Disjoint sets of names.
#[derive(Default)]
struct Sets {
    index: HashMap<Untrusted, usize>,
    names: Vec<Untrusted>,
    parent: Vec<usize>,
}

impl Sets {
    fn index(&mut self, name: &Untrusted) -> usize {
        if let Some(index) = self.index.get(name) {
            return *index;
        }
        let index = self.names.len();
        self.index.insert(name.clone(), index);
        self.names.push(name.clone());
        self.parent.push(index);
        index
    }

    fn root(&mut self, mut index: usize) -> usize {
        while let Some(up) = self.parent.get(index).copied().filter(|up| *up != index) {
            let above = self.parent.get(up).copied().unwrap_or(up);
            if let Some(parent) = self.parent.get_mut(index) {
                *parent = above;
            }
            index = above;
        }
        index
    }

    fn join(&mut self, one: &Untrusted, other: &Untrusted) {
        let (one, other) = (self.index(one), self.index(other));
        let (one, other) = (self.root(one), self.root(other));
        if let Some(parent) = self.parent.get_mut(one.max(other)) {
            *parent = one.min(other);
        }
    }

    /// Sets in the order of their first name, each sorted.
    fn groups(&mut self) -> Vec<Vec<Untrusted>> {
        let mut of_root: std::collections::BTreeMap<usize, Vec<Untrusted>> = std::collections::BTreeMap::new();
        for index in 0..self.names.len() {
            let root = self.root(index);
            if let Some(name) = self.names.get(index) {
                of_root.entry(root).or_default().push(name.clone());
            }
        }
        of_root
            .into_values()
            .map(|mut names| {
                names.sort();
                names
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn aliases(records: &[&[&str]]) -> Aliases {
        let name = |text: &&str| Untrusted::from(*text);
        let records: Vec<_> =
            records.iter().map(|names| (name(&names[0]), names[1..].iter().map(name).collect())).collect();
        Aliases::new(&records)
    }

    fn others(aliases: &Aliases, names: &[&str]) -> Vec<String> {
        let names: Vec<Untrusted> = names.iter().map(|name| (*name).into()).collect();
        aliases.others(&names).into_iter().map(|name| name.as_raw().to_owned()).collect()
    }

    #[test]
    fn names_are_followed_from_record_to_record() {
        let known = aliases(&[&["PYSEC-1", "GHSA-1"], &["GHSA-1", "CVE-2026-1"], &["GHSA-2"]]);
        assert_eq!(others(&known, &["PYSEC-1"]), ["CVE-2026-1", "GHSA-1"]);
        assert_eq!(others(&known, &["CVE-2026-1"]), ["GHSA-1", "PYSEC-1"]);
        assert!(others(&known, &["GHSA-2"]).is_empty() && others(&known, &["CVE-2026-9"]).is_empty());
    }

    #[test]
    fn an_advisory_that_bundles_is_none_of_what_it_bundles() {
        let known = aliases(&[&["GHSA-1", "CVE-2026-1", "CVE-2026-2"]]);
        assert!(others(&known, &["CVE-2026-1"]).is_empty());
        assert_eq!(others(&known, &["GHSA-1"]), ["CVE-2026-1", "CVE-2026-2"]);
        assert!(others(&known, &["GHSA-1", "CVE-2026-1"]).is_empty());
    }

    #[test]
    fn a_chain_that_leads_to_two_cves_joins_neither() {
        let known = aliases(&[&["GHSA-1", "CVE-2026-1", "PYSEC-1"], &["GHSA-2", "CVE-2026-2", "PYSEC-1"]]);
        assert!(others(&known, &["CVE-2026-1"]).is_empty());
        assert_eq!(others(&known, &["GHSA-1"]), ["CVE-2026-1", "PYSEC-1"]);
        assert!(others(&known, &["PYSEC-1"]).is_empty());
    }

    #[test]
    fn who_names_a_cve_is_not_talked_into_another() {
        let known = aliases(&[&["GHSA-1", "CVE-2026-1"]]);
        assert!(others(&known, &["GHSA-1", "CVE-2026-7"]).is_empty());
    }
}
