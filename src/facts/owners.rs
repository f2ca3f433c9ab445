//! Who owns a path.

use globset::{GlobBuilder, GlobMatcher};

use crate::model::service::Service;
use crate::model::text::Untrusted;

/// The service file's ownership, compiled.
#[derive(Debug)]
pub struct Owners {
    paths: Vec<(GlobMatcher, Untrusted)>,
    service: Option<Untrusted>,
}

/// A glob in `owners_of_paths` cannot be read. The service file's fault.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("owners_of_paths: `{}` is not a glob: {reason}", .glob.line())]
pub struct BadGlob {
    /// The glob.
    pub glob: Untrusted,
    /// What is wrong with it.
    pub reason: String,
}

impl Owners {
    /// Compiles the globs of a service.
    ///
    /// # Errors
    /// The first glob that cannot be read.
    pub fn of(service: &Service) -> Result<Self, BadGlob> {
        let compile = |glob: &Untrusted| {
            GlobBuilder::new(glob.as_raw().trim_start_matches('/'))
                .literal_separator(true)
                .build()
                .map(|compiled| compiled.compile_matcher())
                .map_err(|error| BadGlob { glob: glob.clone(), reason: error.kind().to_string() })
        };
        let paths = service
            .owners_of_paths
            .iter()
            .map(|row| Ok((compile(&row.path)?, row.owner.clone())))
            .collect::<Result<_, _>>()?;
        Ok(Self { paths, service: service.owner.clone() })
    }

    /// The owner of the last row that matches the path, else of the service.
    #[must_use]
    pub fn of_path(&self, path: Option<&Untrusted>) -> Option<Untrusted> {
        path.and_then(|path| self.paths.iter().rev().find(|(glob, _)| glob.is_match(path.as_raw())))
            .map(|(_, owner)| owner.clone())
            .or_else(|| self.service.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::service::PathOwner;

    #[test]
    fn the_last_match_counts_and_the_service_is_the_fallback() {
        let row = |path: &str, owner: &str| PathOwner { path: path.into(), owner: owner.into() };
        let service = Service {
            owner: Some("team-shop".into()),
            owners_of_paths: vec![row("infra/**", "team-cloud"), row("infra/app/*.tf", "team-shop-infra")],
            ..Service::default()
        };
        let owners = Owners::of(&service).unwrap();
        assert_eq!(owners.of_path(Some(&"infra/net/a.tf".into())), Some("team-cloud".into()));
        assert_eq!(owners.of_path(Some(&"infra/app/a.tf".into())), Some("team-shop-infra".into()));
        assert_eq!(owners.of_path(Some(&"infra/app/deep/a.tf".into())), Some("team-cloud".into()));
        assert_eq!(owners.of_path(Some(&"web/a.js".into())), Some("team-shop".into()));
        assert_eq!(owners.of_path(None), Some("team-shop".into()));
    }
}
