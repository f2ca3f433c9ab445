//! When two reports name the same package in the same version.
//!
//! What must stay true: two packages are the same only if ecosystem, name and version agree. A report that does not know
//! the ecosystem gives only a loose name, which the caller may match where it is unambiguous.
//!
//! Sources: package-url/purl-spec types (name folding, namespaces, the `epoch` qualifier), PEP 503 (PyPI names), Debian
//! policy 5.6.12 and RPM's version scheme (an epoch of 0 is no epoch), `go.mod` reference (versions start with `v`).

use std::str::FromStr as _;

use packageurl::PackageUrl;

use crate::model::package::Package;

/// How a package is told from others.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct PackageKey {
    /// `type/name@version` in the ecosystem's own folding, where the ecosystem is known.
    pub(super) strong: Option<String>,
    /// `name@version`, folded over all ecosystems.
    pub(super) loose: String,
}

/// Words of scanners for ecosystems, lower case, with the purl type that they mean.
const ECOSYSTEMS: &[(&str, &str)] = &[
    ("alma", "rpm"),
    ("almalinux", "rpm"),
    ("alpine", "apk"),
    ("amazon", "rpm"),
    ("apk", "apk"),
    ("bundler", "gem"),
    ("bun", "npm"),
    ("cargo", "cargo"),
    ("centos", "rpm"),
    ("composer", "composer"),
    ("composer-vendor", "composer"),
    ("conan", "conan"),
    ("crates.io", "cargo"),
    ("deb", "deb"),
    ("debian", "deb"),
    ("dotnet", "nuget"),
    ("dotnet-core", "nuget"),
    ("fedora", "rpm"),
    ("gem", "gem"),
    ("gemspec", "gem"),
    ("go", "golang"),
    ("go-module", "golang"),
    ("gobinary", "golang"),
    ("golang", "golang"),
    ("gomod", "golang"),
    ("gradle", "maven"),
    ("hex", "hex"),
    ("jar", "maven"),
    ("java-archive", "maven"),
    ("maven", "maven"),
    ("node-pkg", "npm"),
    ("npm", "npm"),
    ("nuget", "nuget"),
    ("oracle", "rpm"),
    ("packagist", "composer"),
    ("php-composer", "composer"),
    ("photon", "rpm"),
    ("pip", "pypi"),
    ("pipenv", "pypi"),
    ("pnpm", "npm"),
    ("poetry", "pypi"),
    ("pom", "maven"),
    ("pub", "pub"),
    ("pypi", "pypi"),
    ("python", "pypi"),
    ("python-pkg", "pypi"),
    ("redhat", "rpm"),
    ("rocky", "rpm"),
    ("rpm", "rpm"),
    ("rubygems", "gem"),
    ("rust-crate", "cargo"),
    ("rustbinary", "cargo"),
    ("suse", "rpm"),
    ("swift", "swift"),
    ("ubuntu", "deb"),
    ("uv", "pypi"),
    ("wolfi", "apk"),
    ("yarn", "npm"),
];

/// The key of a package as a report names it.
pub(super) fn key(package: &Package) -> PackageKey {
    let version = package.version.as_ref().map(|v| v.as_raw().trim());
    if let Some(purl) = package.purl.as_ref().and_then(|p| PackageUrl::from_str(p.as_raw().trim()).ok()) {
        return from_purl(&purl, version);
    }
    let name = package.name.as_raw().trim();
    let ty = package.ecosystem.as_ref().and_then(|word| purl_type(word.as_raw()));
    PackageKey {
        strong: ty.map(|ty| strong(ty, name, version.unwrap_or_default())),
        loose: loose(name, version.unwrap_or_default()),
    }
}

/// The purl type that an ecosystem's word means; `Debian:12` is Debian.
fn purl_type(word: &str) -> Option<&'static str> {
    let word = word.split(':').next().unwrap_or_default().trim().to_ascii_lowercase();
    ECOSYSTEMS.iter().find(|(known, _)| *known == word).map(|(_, ty)| *ty)
}

fn from_purl(purl: &PackageUrl<'_>, installed: Option<&str>) -> PackageKey {
    let name = match (purl.namespace(), purl.ty()) {
        (None, _) => purl.name().to_owned(),
        (Some(_), ty) if is_distribution(ty) => purl.name().to_owned(),
        (Some(namespace), "maven") => format!("{namespace}:{}", purl.name()),
        (Some(namespace), _) => format!("{namespace}/{}", purl.name()),
    };
    let stated = purl.version().or(installed).unwrap_or_default();
    let epoch = purl.qualifiers().get("epoch").map(AsRef::as_ref).or_else(|| {
        let (epoch, rest) = installed?.split_once(':')?;
        (is_distribution(purl.ty()) && rest == stated).then_some(epoch)
    });
    let version = match epoch {
        Some(epoch) if !stated.contains(':') => format!("{epoch}:{stated}"),
        _ => stated.to_owned(),
    };
    PackageKey { strong: Some(strong(purl.ty(), &name, &version)), loose: loose(&name, &version) }
}

/// Packages of a distribution: an image holds one distribution, so its name is no part of the identity.
fn is_distribution(ty: &str) -> bool {
    matches!(ty, "apk" | "deb" | "rpm" | "alpm")
}

fn strong(ty: &str, name: &str, version: &str) -> String {
    let name = match ty {
        "pypi" | "cargo" => folded(name),
        "maven" => name.replace('/', ":"),
        "gem" | "rpm" | "swift" | "hex" => name.to_owned(),
        _ => name.to_lowercase(),
    };
    let version = match ty {
        "golang" if name == "stdlib" => version.trim_start_matches("go").trim_start_matches('v'),
        "golang" | "composer" => version.trim_start_matches('v'),
        ty if is_distribution(ty) => without_zero_epoch(version),
        _ => version,
    };
    format!("{ty}/{name}@{version}")
}

fn loose(name: &str, version: &str) -> String {
    let version = without_zero_epoch(version);
    let version = match version.strip_prefix('v') {
        Some(rest) if rest.starts_with(|c: char| c.is_ascii_digit()) => rest,
        _ => version,
    };
    format!("{}@{version}", folded(name))
}

fn without_zero_epoch(version: &str) -> &str {
    version.strip_prefix("0:").unwrap_or(version)
}

/// Lower case, with runs of `-`, `_` and `.` as one `-`, and `:` as `/`.
fn folded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '-' | '_' | '.' => {
                if !out.ends_with('-') {
                    out.push('-');
                }
            }
            ':' => out.push('/'),
            c => out.extend(c.to_lowercase()),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::text::Untrusted;

    fn package(name: &str, version: &str, purl: &str, ecosystem: &str) -> Package {
        let given = |text: &str| (!text.is_empty()).then(|| Untrusted::from(text));
        Package {
            name: name.into(),
            version: given(version),
            purl: given(purl),
            ecosystem: given(ecosystem),
            ..Package::default()
        }
    }

    #[test]
    fn qualifiers_distribution_and_spelling_are_no_part_of_the_identity() {
        for (left, right) in [
            ("pkg:deb/debian/zlib1g@1%3A1.2.11?arch=amd64&distro=debian-11", "pkg:deb/zlib1g@1:1.2.11"),
            ("pkg:rpm/redhat/openssl@1.1.1k-7.el8?epoch=1&arch=x86_64", "pkg:rpm/ol/openssl@1%3A1.1.1k-7.el8"),
            ("pkg:rpm/ol/bash@4.4?epoch=0", "pkg:rpm/oracle/bash@4.4"),
            ("pkg:pypi/Flask_Cors@3.0", "pkg:pypi/flask-cors@3.0"),
            ("pkg:golang/github.com/Docker/docker@v20.10.1#pkg", "pkg:golang/github.com/docker/docker@20.10.1"),
            ("pkg:npm/%40babel/core@7.0.0?vcs_url=x", "pkg:npm/@babel/core@7.0.0"),
        ] {
            let key_of = |purl: &str| key(&package("x", "", purl, "")).strong;
            assert_eq!(key_of(left), key_of(right), "{left} and {right}");
        }
    }

    #[test]
    fn another_ecosystem_version_or_scope_is_another_package() {
        let key_of = |purl: &str| key(&package("x", "", purl, "")).strong;
        let one = key_of("pkg:npm/core@7.0.0");
        for other in [
            "pkg:npm/%40babel/core@7.0.0",
            "pkg:pypi/core@7.0.0",
            "pkg:npm/core@7.0.1",
            "pkg:rpm/fedora/core@7.0.0?epoch=1",
        ] {
            assert_ne!(one, key_of(other), "{other}");
        }
    }

    #[test]
    fn a_report_without_purl_is_found_by_its_ecosystem_or_by_name() {
        let purl = key(&package("runc", "v1.1.0", "pkg:golang/github.com/opencontainers/runc@v1.1.0", "go-module"));
        let typed = key(&package("github.com/opencontainers/runc", "1.1.0", "", "gobinary"));
        let named = key(&package("github.com/opencontainers/runc", "v1.1.0", "", ""));
        assert_eq!(typed.strong, purl.strong);
        assert_eq!(named, PackageKey { strong: None, loose: purl.loose });
        let jar = key(&package("log4j-core", "2.14.1", "pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1", ""));
        assert_eq!(jar.strong, key(&package("org.apache.logging.log4j:log4j-core", "2.14.1", "", "jar")).strong);
        assert_eq!(jar.loose, key(&package("org.apache.logging.log4j:log4j-core", "2.14.1", "", "")).loose);
    }

    #[test]
    fn a_broken_purl_falls_back_to_the_name() {
        assert_eq!(key(&package("a", "1", "pkg:", "npm")).strong.as_deref(), Some("npm/a@1"));
    }
}
