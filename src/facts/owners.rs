//! Who owns a path, and which layers it belongs to.
//!
//! What must stay true: the service file is the team's own word and comes first, then CODEOWNERS, then the service's owner; the
//! last row of each that matches counts.

use std::collections::BTreeSet;

use globset::{GlobBuilder, GlobMatcher};
use serde::{Deserialize, Serialize};

use super::codeowners::CodeOwners;
use crate::model::profile::Layer;
use crate::model::service::Service;
use crate::model::text::Untrusted;

/// What is known about ownership here: `input.ownership`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ownership {
    /// Where the owners come from, besides the service file.
    pub codeowners: Option<Untrusted>,
    /// Lines of it that the platform skips, and why.
    pub skipped: Vec<Untrusted>,
    /// Whether somebody said who can reach the service, or the strict side was taken.
    pub exposure_stated: bool,
    /// Everybody whom the service file or CODEOWNERS names as an owner, sorted.
    #[serde(default)]
    pub known: Vec<Untrusted>,
    /// The changed paths, sorted.
    pub files: Vec<OwnedFile>,
}

/// A changed path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct OwnedFile {
    /// The path.
    pub path: Untrusted,
    /// Its owners; empty where nobody is known.
    pub owners: Vec<Untrusted>,
    /// Names of the profile's layers that it belongs to, in their order.
    pub layers: Vec<Untrusted>,
}

/// A CODEOWNERS file that was read.
#[derive(Clone, Debug)]
pub struct CodeOwnersFile {
    /// Its path.
    pub path: Untrusted,
    /// What it says.
    pub owners: CodeOwners,
}

/// Ownership, compiled.
#[derive(Debug)]
pub struct Owners<'a> {
    paths: Vec<(GlobMatcher, Untrusted)>,
    codeowners: Option<&'a CodeOwnersFile>,
    layers: Vec<(Vec<GlobMatcher>, &'a Untrusted)>,
    service: Option<Untrusted>,
    known: BTreeSet<Untrusted>,
}

/// A glob cannot be read. The fault of the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: `{}` is not a glob: {reason}", .glob.line())]
pub struct BadGlob {
    /// Where it stands.
    pub place: &'static str,
    /// The glob.
    pub glob: Untrusted,
    /// What is wrong with it.
    pub reason: String,
}

fn compile(glob: &Untrusted, place: &'static str) -> Result<GlobMatcher, BadGlob> {
    GlobBuilder::new(glob.as_raw().trim_start_matches('/'))
        .literal_separator(true)
        .build()
        .map(|compiled| compiled.compile_matcher())
        .map_err(|error| BadGlob { place, glob: glob.clone(), reason: error.kind().to_string() })
}

impl<'a> Owners<'a> {
    /// Compiles the globs of the service file and of the profile's layers.
    ///
    /// # Errors
    /// The first glob that cannot be read.
    pub fn of(service: &Service, codeowners: Option<&'a CodeOwnersFile>, layers: &'a [Layer]) -> Result<Self, BadGlob> {
        let paths = service
            .owners_of_paths
            .iter()
            .map(|row| Ok((compile(&row.path, "service file: owners_of_paths")?, row.owner.clone())))
            .collect::<Result<_, _>>()?;
        let layers = layers
            .iter()
            .map(|layer| {
                let globs = layer.paths.iter().map(|glob| compile(glob, "profile: layers"));
                Ok((globs.collect::<Result<_, _>>()?, &layer.name))
            })
            .collect::<Result<_, _>>()?;
        let of_states = service.states.iter().filter_map(|state| state.owner.as_ref());
        let of_paths = service.owners_of_paths.iter().map(|row| &row.owner);
        let of_service = service.owner.iter().chain(&service.team).chain(of_paths).chain(of_states);
        let of_codeowners = codeowners.into_iter().flat_map(|file| file.owners.everybody());
        let known = of_service.chain(of_codeowners).cloned().collect();
        Ok(Self { paths, codeowners, layers, service: service.owner.clone(), known })
    }

    /// The owner of a path: the first of its owners.
    #[must_use]
    pub fn of_path(&self, path: Option<&Untrusted>) -> Option<Untrusted> {
        path.and_then(|path| self.all_of_path(path).into_iter().next()).or_else(|| self.service.clone())
    }

    fn all_of_path(&self, path: &Untrusted) -> Vec<Untrusted> {
        if let Some((_, owner)) = self.paths.iter().rev().find(|(glob, _)| glob.is_match(path.as_raw())) {
            return vec![owner.clone()];
        }
        let owners = self.codeowners.map(|file| file.owners.owners_of(path.as_raw()).0).unwrap_or_default();
        if owners.is_empty() { self.service.iter().cloned().collect() } else { owners }
    }

    /// What policies see of it.
    #[must_use]
    pub fn facts(&self, files: &[Untrusted], exposure_stated: bool) -> Ownership {
        let layers_of = |path: &Untrusted| {
            let matches = |globs: &[GlobMatcher]| globs.iter().any(|glob| glob.is_match(path.as_raw()));
            self.layers.iter().filter(|(globs, _)| matches(globs)).map(|(_, name)| (*name).clone()).collect()
        };
        Ownership {
            codeowners: self.codeowners.map(|file| file.path.clone()),
            skipped: self.codeowners.map(|file| file.owners.skipped.clone()).unwrap_or_default(),
            exposure_stated,
            known: self.known.iter().cloned().collect(),
            files: files
                .iter()
                .map(|path| OwnedFile { path: path.clone(), owners: self.all_of_path(path), layers: layers_of(path) })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::codeowners::Dialect;
    use super::*;
    use crate::model::service::PathOwner;

    #[test]
    fn the_service_file_comes_first_then_codeowners_then_the_service() {
        let row = |path: &str, owner: &str| PathOwner { path: path.into(), owner: owner.into() };
        let service = Service {
            owner: Some("team-shop".into()),
            owners_of_paths: vec![row("infra/**", "team-cloud"), row("infra/app/*.tf", "team-shop-infra")],
            ..Service::default()
        };
        let text = "infra/ @nobody\nweb/ @acme/web jo@example.com\nweb/free.txt\n";
        let file = CodeOwnersFile { path: "CODEOWNERS".into(), owners: CodeOwners::parse(text, Dialect::GitHub) };
        let layers = [Layer {
            name: "foundation".into(),
            paths: vec!["/infra/net/**".into()],
            owner: "team-cloud".into(),
            roles: Vec::new(),
            approvals: 1,
        }];
        let owners = Owners::of(&service, Some(&file), &layers).unwrap();
        assert_eq!(owners.of_path(Some(&"infra/net/a.tf".into())), Some("team-cloud".into()));
        assert_eq!(owners.of_path(Some(&"infra/app/a.tf".into())), Some("team-shop-infra".into()));
        assert_eq!(owners.of_path(Some(&"infra/app/deep/a.tf".into())), Some("team-cloud".into()));
        assert_eq!(owners.of_path(Some(&"web/a.js".into())), Some("@acme/web".into()));
        assert_eq!(owners.of_path(Some(&"web/free.txt".into())), Some("team-shop".into()));
        assert_eq!(owners.of_path(Some(&"api/a.rs".into())), Some("team-shop".into()));
        assert_eq!(owners.of_path(None), Some("team-shop".into()));
        let facts = owners.facts(&["infra/net/a.tf".into(), "web/a.js".into()], true);
        assert_eq!(facts.files[0].layers, ["foundation"]);
        assert_eq!(facts.files[1].owners, ["@acme/web", "jo@example.com"]);
        assert!(facts.files[1].layers.is_empty());
        assert_eq!(
            facts.known,
            ["@acme/web", "@nobody", "jo@example.com", "team-cloud", "team-shop", "team-shop-infra"]
        );
    }

    #[test]
    fn a_bad_glob_names_its_place() {
        let layers =
            [Layer { name: "x".into(), paths: vec!["a{b".into()], owner: "o".into(), roles: Vec::new(), approvals: 1 }];
        let error = Owners::of(&Service::default(), None, &layers).unwrap_err();
        assert!(error.to_string().starts_with("profile: layers: `a{b` is not a glob"), "{error}");
    }
}
