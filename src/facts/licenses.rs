//! Licences of packages, as bills of materials give them.
//!
//! What must stay true: an expression is read as SPDX defines it, or it is unknown; a package that a document is about is not its own
//! dependency. Which licences are allowed is policy's to say.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::model::document::{PackageLicense, Standing};
use crate::model::license;
use crate::model::text::Untrusted;

/// Packages of one bill of materials that have the same licence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct LicensedPackages {
    /// How its report stands to the release.
    #[serde(flatten)]
    pub standing: Standing,
    /// The expression as written; `null` where the document says none.
    pub license: Option<Untrusted>,
    /// The alternatives, each a list of licences that hold together, as `ID` or `ID WITH EXCEPTION`; empty where there is a
    /// problem.
    pub choices: Vec<Vec<Untrusted>>,
    /// Why the licence is not known.
    pub problem: Option<Untrusted>,
    /// Names of the packages, sorted.
    pub packages: Vec<Untrusted>,
}

/// Groups the packages of a document by licence, in order of the expression.
pub(super) fn licensed(packages: &[PackageLicense], standing: &Standing) -> Vec<LicensedPackages> {
    let mut groups: BTreeMap<Option<&Untrusted>, BTreeSet<&Untrusted>> = BTreeMap::new();
    for package in packages {
        groups.entry(package.license.as_ref()).or_default().insert(&package.package);
    }
    groups
        .into_iter()
        .map(|(license, packages)| {
            let resolved = match license {
                None => Err("the bill of materials says none".to_owned()),
                Some(text) => license::choices(text.as_raw()),
            };
            let (choices, problem) = match resolved {
                Ok(choices) => (choices, None),
                Err(problem) => (Vec::new(), Some(Untrusted::new(problem))),
            };
            LicensedPackages {
                standing: standing.clone(),
                license: license.cloned(),
                choices,
                problem,
                packages: packages.into_iter().cloned().collect(),
            }
        })
        .collect()
}
