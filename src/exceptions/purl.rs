//! Package URLs as criteria: the same package, in the given version or in any.
//!
//! What must stay true: what cannot be compared does not match.
//!
//! Source: package-url/purl-spec, types (which parts are compared without case, and how PyPI folds names).

use std::collections::BTreeMap;
use std::str::FromStr;

use packageurl::PackageUrl;

use crate::model::package::Package;

/// A package URL, ready to compare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Purl {
    /// Type, namespace and name, folded as the type folds them.
    pub(super) name: String,
    pub(super) version: Option<String>,
    pub(super) qualifiers: BTreeMap<String, String>,
    subpath: Option<String>,
}

/// Why a text is no package URL that can be a criterion.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadPurl {
    #[error("{0}")]
    Malformed(String),
    #[error("it takes no patterns")]
    Pattern,
}

impl FromStr for Purl {
    type Err = BadPurl;

    fn from_str(text: &str) -> Result<Self, BadPurl> {
        let purl = PackageUrl::from_str(text).map_err(|e| BadPurl::Malformed(e.to_string()))?;
        if [Some(purl.name()), purl.namespace(), purl.version()].into_iter().flatten().any(|part| part.contains('*')) {
            return Err(BadPurl::Pattern);
        }
        let namespace = purl.namespace().map(|namespace| format!("{namespace}/")).unwrap_or_default();
        Ok(Self {
            name: format!("{}/{}", purl.ty(), folded(purl.ty(), &format!("{namespace}{}", purl.name()))),
            version: purl.version().map(str::to_owned),
            qualifiers: purl
                .qualifiers()
                .iter()
                .map(|(k, v)| (k.to_string(), v.to_string()))
                .collect::<BTreeMap<_, _>>(),
            subpath: purl.subpath().map(str::to_owned),
        })
    }
}

fn folded(ty: &str, name: &str) -> String {
    match ty {
        "pypi" => name.to_lowercase().replace(['_', '.'], "-"),
        "apk" | "bitbucket" | "composer" | "deb" | "github" | "golang" | "hex" | "npm" | "nuget" => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

impl Purl {
    /// The package of a finding, where its report gives a package URL that can be read.
    pub(super) fn of(package: &Package) -> Option<Self> {
        let mut purl: Self = package.purl.as_ref()?.as_raw().trim().parse().ok()?;
        if purl.version.is_none() {
            purl.version = package.version.as_ref().map(|version| version.as_raw().trim().to_owned());
        }
        Some(purl)
    }

    /// Whether this criterion names that package.
    pub(super) fn covers(&self, package: &Self) -> bool {
        self.name == package.name && self.agrees(package)
    }

    /// Whether everything but the name agrees, as far as this criterion says something.
    fn agrees(&self, package: &Self) -> bool {
        let same = |mine: &Option<String>, theirs: &Option<String>| mine.is_none() || mine == theirs;
        same(&self.version, &package.version)
            && same(&self.subpath, &package.subpath)
            && self.qualifiers.iter().all(|(key, value)| package.qualifiers.get(key) == Some(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn covers(criterion: &str, purl: &str) -> bool {
        let package = Package { purl: Some(purl.into()), ..Package::default() };
        Purl::of(&package).is_some_and(|package| criterion.parse::<Purl>().unwrap().covers(&package))
    }

    #[test]
    fn a_criterion_names_one_package_in_one_version_or_in_any() {
        for (criterion, purl, covered) in [
            ("pkg:npm/lodash", "pkg:npm/lodash@4.17.20", true),
            ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash@4.17.20", true),
            ("pkg:npm/lodash@4.17.2", "pkg:npm/lodash@4.17.20", false),
            ("pkg:npm/lodash@4.17.20", "pkg:npm/lodash", false),
            ("pkg:npm/lodash", "pkg:npm/lodash-es@4.17.20", false),
            ("pkg:npm/core", "pkg:npm/%40babel/core@7.0.0", false),
            ("pkg:npm/%40babel/core", "pkg:npm/%40babel/core@7.0.0", true),
            ("pkg:npm/@babel/core", "pkg:npm/%40babel/core@7.0.0", true),
            ("pkg:pypi/Flask_Cors", "pkg:pypi/flask-cors@3.0", true),
            ("pkg:maven/org.a/B", "pkg:maven/org.a/b@1", false),
            ("pkg:deb/debian/zlib1g?arch=amd64", "pkg:deb/debian/zlib1g@1?arch=arm64", false),
            ("pkg:deb/debian/zlib1g", "pkg:deb/debian/zlib1g@1?arch=arm64&distro=debian-12", true),
            ("pkg:npm/lodash", "lodash", false),
        ] {
            assert_eq!(covers(criterion, purl), covered, "{criterion} and {purl}");
        }
    }

    #[test]
    fn a_finding_without_package_url_is_no_package() {
        assert_eq!(Purl::of(&Package { name: "lodash".into(), ..Package::default() }), None);
    }

    #[test]
    fn the_version_of_the_report_stands_in_where_the_package_url_has_none() {
        let package = Package { purl: Some("pkg:npm/a".into()), version: Some("1.0".into()), ..Package::default() };
        let package = Purl::of(&package).unwrap();
        assert!("pkg:npm/a@1.0".parse::<Purl>().unwrap().covers(&package));
        assert!(!"pkg:npm/a@1.1".parse::<Purl>().unwrap().covers(&package));
    }
}
