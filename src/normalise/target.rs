//! What was scanned, and which reports are about the same thing.
//!
//! What must stay true: two targets that state different digests are never the same. A target that is not known is the same
//! as no other, unless exactly one subject is declared for the run.
//!
//! Digests decide; a target without one is told by its commit, and without that by its name, each only where it points to
//! one place. Code is laxer: reports that do not say what they scanned are about the one repository of the run.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::union::Sets;
use crate::model::artifact::Artifact;
use crate::model::digest::{CommitId, Digest};
use crate::model::finding::Target;
use crate::model::text::Untrusted;

/// One thing that was scanned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Scope {
    /// The repository of the run, for code.
    Repository,
    /// A target of its own.
    Own(usize),
}

/// A target as one report states it, told apart from an unknown one of another report.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Stated {
    /// What the report says, completed by its receipt.
    pub(super) target: Target,
    /// The report, where it says nothing.
    pub(super) unknown_of: Option<Digest>,
}

impl Stated {
    /// A target that a report states.
    pub(super) fn new(target: Target, report: Digest) -> Self {
        let unknown = target.digests.is_empty() && target.commit.is_none() && name(&target).is_none();
        Self { target, unknown_of: unknown.then_some(report) }
    }
}

/// Every target of a run, resolved.
#[derive(Debug)]
pub(super) struct Targets {
    packages: Vec<usize>,
    code: Vec<Scope>,
    names: BTreeMap<usize, String>,
}

impl Targets {
    /// Resolves the distinct targets of a run, under the subjects that were declared for it.
    pub(super) fn resolve(stated: &[Stated], declared: &[Artifact]) -> Self {
        let packages = clusters(stated, declared);
        let code = code_scopes(stated, &packages);
        let mut names: BTreeMap<usize, String> = BTreeMap::new();
        for (one, cluster) in stated.iter().zip(&packages) {
            if let Some(name) = name(&one.target) {
                let name = without_tag(&name).to_owned();
                names.entry(*cluster).and_modify(|known| *known = known.clone().min(name.clone())).or_insert(name);
            }
        }
        Self { packages, code, names }
    }

    /// What a package of this target is a package of.
    pub(super) fn of_package(&self, stated: usize) -> Scope {
        self.packages.get(stated).map_or(Scope::Repository, |cluster| Scope::Own(*cluster))
    }

    /// What a place in this target is a place of.
    pub(super) fn of_code(&self, stated: usize) -> Scope {
        self.code.get(stated).copied().unwrap_or(Scope::Repository)
    }

    /// The stable name of a target: no tag, digest or commit, because these change with every build.
    pub(super) fn stable_name(&self, scope: Scope) -> &str {
        match scope {
            Scope::Repository => "",
            Scope::Own(cluster) => self.names.get(&cluster).map_or("", String::as_str),
        }
    }
}

/// For every stated target, the index that names its cluster. Declared subjects have the indices after the stated ones.
fn clusters(stated: &[Stated], declared: &[Artifact]) -> Vec<usize> {
    let by_subject: Vec<Target> = declared
        .iter()
        .map(|artifact| Target { name: Some(artifact.name.clone()), commit: None, digests: vec![artifact.digest] })
        .collect();
    let all: Vec<&Target> = stated.iter().map(|one| &one.target).chain(&by_subject).collect();
    let mut sets = Sets::new(all.len());
    join_by_digest(&all, &mut sets);

    let mut place: Vec<usize> = (0..all.len()).map(|index| sets.root(index)).collect();
    let with_digest = |target: &Target| !target.digests.is_empty();
    let with_commit = |target: &Target| target.digests.is_empty() && target.commit.is_some();
    let name_only = |target: &Target| target.digests.is_empty() && target.commit.is_none() && name(target).is_some();
    settle(&all, &mut place, with_digest, with_commit, |target| target.commit.as_ref().map(CommitId::to_string));
    settle(&all, &mut place, |target| with_digest(target) || with_commit(target), name_only, name);

    if let [_] = declared
        && let Some(subject) = place.get(stated.len()).copied()
    {
        for (one, place) in stated.iter().zip(&mut place) {
            if one.unknown_of.is_some() {
                *place = subject;
            }
        }
    }
    place.truncate(stated.len());
    place
}

fn join_by_digest(all: &[&Target], sets: &mut Sets) {
    let mut first: HashMap<Digest, usize> = HashMap::new();
    for (index, target) in all.iter().enumerate() {
        for digest in &target.digests {
            let known = *first.entry(*digest).or_insert(index);
            sets.join(known, index);
        }
    }
}

/// Puts each target that `seeks` with the settled ones that share its key, where these are one; else with those that seek too.
fn settle(
    all: &[&Target],
    place: &mut [usize],
    settled: impl Fn(&Target) -> bool,
    seeks: impl Fn(&Target) -> bool,
    key: impl Fn(&Target) -> Option<String>,
) {
    let mut homes: BTreeMap<String, BTreeSet<usize>> = BTreeMap::new();
    for (target, place) in all.iter().zip(place.iter()) {
        if settled(target)
            && let Some(key) = key(target)
        {
            homes.entry(key).or_default().insert(*place);
        }
    }
    let mut own: BTreeMap<String, usize> = BTreeMap::new();
    for (target, place) in all.iter().zip(place.iter_mut()) {
        if seeks(target)
            && let Some(key) = key(target)
        {
            let mut found = homes.get(&key).into_iter().flatten();
            *place = match (found.next(), found.next()) {
                (Some(only), None) => *only,
                _ => *own.entry(key).or_insert(*place),
            };
        }
    }
}

/// Where the code findings of each stated target belong.
fn code_scopes(stated: &[Stated], packages: &[usize]) -> Vec<Scope> {
    let kinds: Vec<CodeTarget> = stated.iter().map(|one| CodeTarget::of(&one.target)).collect();
    let repositories: BTreeSet<usize> = kinds
        .iter()
        .zip(packages)
        .filter(|(kind, _)| **kind == CodeTarget::Repository)
        .map(|(_, cluster)| *cluster)
        .collect();
    kinds
        .iter()
        .zip(packages)
        .map(|(kind, cluster)| match kind {
            CodeTarget::Own => Scope::Own(*cluster),
            CodeTarget::Repository if repositories.len() > 1 => Scope::Own(*cluster),
            CodeTarget::Repository | CodeTarget::Unsaid => Scope::Repository,
        })
        .collect()
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CodeTarget {
    /// An image, or a directory whose name its paths do not hold.
    Own,
    /// A repository by commit or URL.
    Repository,
    /// Nothing, the working directory, or an absolute path that differs from machine to machine.
    Unsaid,
}

impl CodeTarget {
    fn of(target: &Target) -> Self {
        if !target.digests.is_empty() {
            return Self::Own;
        }
        if target.commit.is_some() {
            return Self::Repository;
        }
        match name(target) {
            None => Self::Unsaid,
            Some(name) if name.contains("://") => Self::Repository,
            Some(name) if name.starts_with('/') || name.get(1..2) == Some(":") => Self::Unsaid,
            Some(_) => Self::Own,
        }
    }
}

/// The name for comparing, where it is one: `.` names every directory.
fn name(target: &Target) -> Option<String> {
    let raw = target.name.as_ref().map(Untrusted::as_raw)?.trim();
    let plain = raw.strip_prefix("./").unwrap_or(raw).trim_end_matches('/');
    let plain = match plain.strip_prefix("index.docker.io/").or_else(|| plain.strip_prefix("docker.io/")) {
        Some(image) => image.strip_prefix("library/").unwrap_or(image),
        None => plain,
    };
    (!plain.is_empty() && plain != ".").then(|| plain.to_owned())
}

/// An image reference without tag and digest; any other name as it is.
fn without_tag(name: &str) -> &str {
    if name.contains("://") || name.contains('\\') {
        return name;
    }
    let name = name.split_once("@sha256:").map_or(name, |(name, _)| name);
    match name.rsplit_once(':') {
        Some((image, tag)) if !image.is_empty() && !tag.contains('/') => image,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(text: &str) -> Digest {
        Digest::of(text)
    }

    fn stated(name: &str, digests: &[&str], report: &str) -> Stated {
        let target = Target {
            name: (!name.is_empty()).then(|| name.into()),
            commit: None,
            digests: digests.iter().map(digest_of).collect(),
        };
        Stated::new(target, digest(report))
    }

    fn digest_of(text: &&str) -> Digest {
        digest(text)
    }

    fn same(targets: &Targets, one: usize, other: usize) -> bool {
        targets.of_package(one) == targets.of_package(other)
    }

    #[test]
    fn digests_decide_and_a_name_only_where_it_points_to_one() {
        let all = [
            stated("shop:1", &["image", "manifest"], "a"),
            stated("registry/shop:1", &["manifest"], "b"),
            stated("shop:1", &[], "c"),
            stated("shop:2", &["other"], "d"),
        ];
        let targets = Targets::resolve(&all, &[]);
        assert!(same(&targets, 0, 1) && same(&targets, 0, 2) && !same(&targets, 0, 3));

        let rebuilt = [stated("shop:1", &["old"], "a"), stated("shop:1", &["new"], "b"), stated("shop:1", &[], "c")];
        let targets = Targets::resolve(&rebuilt, &[]);
        assert!(!same(&targets, 0, 1) && !same(&targets, 0, 2) && !same(&targets, 1, 2));
    }

    #[test]
    fn an_unknown_target_is_like_no_other_without_one_declared_subject() {
        let all = [stated("", &[], "a"), stated(".", &[], "b"), stated("shop:1", &["image"], "c")];
        let targets = Targets::resolve(&all, &[]);
        assert!(!same(&targets, 0, 1) && !same(&targets, 0, 2));

        let artifact = |name: &str, bytes: &str| Artifact::new(name, digest(bytes));
        let targets = Targets::resolve(&all, &[artifact("shop", "image")]);
        assert!(same(&targets, 0, 1) && same(&targets, 0, 2));
        let targets = Targets::resolve(&all, &[artifact("shop", "image"), artifact("worker", "image 2")]);
        assert!(!same(&targets, 0, 1));
    }

    #[test]
    fn code_without_a_target_is_of_the_one_repository() {
        let mut checkout = stated("https://example.com/shop", &[], "c");
        checkout.target.commit = "a".repeat(40).parse().ok();
        let mut all = vec![stated("", &[], "a"), stated("/builds/shop", &[], "b"), checkout.clone()];
        all.push(stated("web", &[], "d"));
        all.push(stated("shop:1", &["image"], "e"));
        let targets = Targets::resolve(&all, &[]);
        let scopes: Vec<Scope> = (0..all.len()).map(|i| targets.of_code(i)).collect();
        assert_eq!(scopes, [Scope::Repository, Scope::Repository, Scope::Repository, Scope::Own(3), Scope::Own(4)]);

        checkout.target.commit = "b".repeat(40).parse().ok();
        all.push(checkout);
        let targets = Targets::resolve(&all, &[]);
        assert_eq!(targets.of_code(0), Scope::Repository);
        assert_ne!(targets.of_code(2), targets.of_code(5));
    }

    #[test]
    fn the_stable_name_has_no_tag_and_no_digest() {
        for (name, stable) in [
            ("shop:1.2", "shop"),
            ("localhost:5000/shop", "localhost:5000/shop"),
            ("localhost:5000/shop:1", "localhost:5000/shop"),
            ("shop@sha256:abc", "shop"),
            ("https://example.com:8443", "https://example.com:8443"),
            ("web", "web"),
        ] {
            assert_eq!(without_tag(name), stable);
        }
    }
}
