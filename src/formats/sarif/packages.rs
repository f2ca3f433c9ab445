//! The package of a vulnerability: SARIF has no field for it, so each tool writes it into something else.

use super::super::terms::package_of;
use crate::model::package::{FixState, Package};
use crate::model::text::Untrusted;

/// The package that a message names, in the words of one of the tools below.
pub(super) fn in_message(message: &str) -> Option<Package> {
    trivy(message)
        .or_else(|| osv_scanner(message))
        .or_else(|| cargo_audit(message))
        .or_else(|| grype(message))
        .or_else(|| govulncheck(message))
}

/// A package URL or `name@version`.
pub(super) fn named(text: &str) -> Option<Package> {
    if text.starts_with("pkg:") {
        return package_of(text);
    }
    let (name, version) = text.rsplit_once('@').filter(|(name, version)| !name.is_empty() && !version.is_empty())?;
    let shaped = !text.contains(char::is_whitespace) && version.contains(|c: char| c.is_ascii_digit());
    shaped.then(|| package(name, Some(version)))
}

fn package(name: &str, version: Option<&str>) -> Package {
    Package { name: name.into(), version: version.map(Untrusted::from), ..Package::default() }
}

/// `Package: libssl`, `Installed Version: 1.1`, `Fixed Version: 1.2`, a line each.
fn trivy(message: &str) -> Option<Package> {
    let field = |name: &str| {
        let value = message.lines().find_map(|line| line.strip_prefix(name))?.trim();
        (!value.is_empty()).then_some(value)
    };
    let named = package(field("Package:")?, Some(field("Installed Version:")?));
    let fixed_in: Vec<Untrusted> =
        field("Fixed Version:").into_iter().flat_map(|all| all.split(',')).map(|one| one.trim().into()).collect();
    let fix_state = if fixed_in.is_empty() { FixState::NotFixed } else { FixState::Fixed };
    Some(Package { fixed_in, fix_state, ..named })
}

/// `Package 'lodash@4.17.15' is vulnerable to …`.
fn osv_scanner(message: &str) -> Option<Package> {
    let (quoted, _) = message.strip_prefix("Package '")?.split_once("' is vulnerable")?;
    named(quoted)
}

/// `smallvec 1.6.0 is vulnerable to RUSTSEC-…`, `atty 0.2.14 has a unmaintained warning: …`.
fn cargo_audit(message: &str) -> Option<Package> {
    let warning = || message.split_once(" has a ").filter(|(_, after)| after.contains(" warning: "));
    let (before, _) = message.split_once(" is vulnerable to RUSTSEC-").or_else(warning)?;
    let (name, version) = before.split_once(' ')?;
    let shaped = version.starts_with(|c: char| c.is_ascii_digit()) && !version.contains(' ');
    shaped.then(|| Package { ecosystem: Some("cargo".into()), ..package(name, Some(version)) })
}

/// `A critical vulnerability in python package: django, version 1.11.1 was found at: …`.
fn grype(message: &str) -> Option<Package> {
    let (before, after) = message.split_once(" package: ")?;
    let (name, rest) = after.split_once(", version ")?;
    let version = rest.split_whitespace().next()?;
    let ecosystem = before.rsplit(' ').next().map(Untrusted::from);
    before.contains("vulnerability in").then(|| Package { ecosystem, ..package(name, Some(version)) })
}

/// `… 1 vulnerable module (golang.org/x/text), …`; the version is not in it.
fn govulncheck(message: &str) -> Option<Package> {
    let (_, after) = message.split_once(" vulnerable module (")?;
    let (name, _) = after.split_once(')')?;
    Some(Package { ecosystem: Some("golang".into()), ..package(name, None) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(package: &Package) -> (&str, Option<&str>) {
        (package.name.as_raw(), package.version.as_ref().map(Untrusted::as_raw))
    }

    #[test]
    fn a_package_is_read_from_each_tools_words() {
        for (message, name, version) in [
            (
                "Package: libcrypto1.1\nInstalled Version: 1.1.1c-r0\nVulnerability CVE-2019-1549\nFixed Version: 1.1.1d-r0",
                "libcrypto1.1",
                Some("1.1.1c-r0"),
            ),
            (
                "Package 'lodash@4.17.15' is vulnerable to 'CVE-2021-23337' (also known as 'GHSA-35jh-r3h4-6jhm').",
                "lodash",
                Some("4.17.15"),
            ),
            ("atty 0.2.14 has a unmaintained warning: `atty` is unmaintained", "atty", Some("0.2.14")),
            ("smallvec 1.6.0 is vulnerable to RUSTSEC-2021-0003 (Buffer overflow)", "smallvec", Some("1.6.0")),
            (
                "A critical vulnerability in python package: django, version 1.11.1 was found at: /requirements.txt",
                "django",
                Some("1.11.1"),
            ),
            (
                "Your code depends on 1 vulnerable module (golang.org/x/text), but doesn't appear to call any",
                "golang.org/x/text",
                None,
            ),
        ] {
            assert_eq!(in_message(message).as_ref().map(shown), Some((name, version)), "{message}");
        }
        for message in [
            "This is bad",
            "A 1 is vulnerable to RUSTSEC",
            "This has a warning: x",
            "",
            "Use of weak cryptographic primitive",
            "Package: x",
        ] {
            assert_eq!(in_message(message), None, "{message}");
        }
    }

    #[test]
    fn a_fixed_version_is_a_fix() {
        let read =
            |fixed: &str| trivy(&format!("Package: a\nInstalled Version: 1\nFixed Version: {fixed}\nLink: x")).unwrap();
        assert_eq!(read("2, 3").fixed_in, [Untrusted::from("2"), Untrusted::from("3")]);
        assert_eq!(read("").fix_state, FixState::NotFixed);
    }

    #[test]
    fn a_package_url_gives_the_name_with_its_namespace() {
        let maven = named("pkg:maven/org.apache.bcel/bcel@6.5.0").unwrap();
        assert_eq!(shown(&maven), ("org.apache.bcel:bcel", Some("6.5.0")));
        assert_eq!(shown(&named("pkg:npm/%40scope/name@1.0.0").unwrap()), ("@scope/name", Some("1.0.0")));
        assert_eq!(shown(&named("@scope/name@1.0.0").unwrap()), ("@scope/name", Some("1.0.0")));
        for text in ["Example.Worker.DoWork", "@scope/name", "user@example", "pkg:"] {
            assert_eq!(named(text), None, "{text}");
        }
    }
}
