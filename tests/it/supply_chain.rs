//! What we are made of: `deny.toml` holds in every test run, with no tool but Cargo.

use std::process::Command;

use serde_json::Value;
use spdx::{Expression, LicenseReq, Licensee};

use crate::support::root;

/// Every package that is built into or beside the program, as Cargo resolved it.
fn packages() -> Vec<Value> {
    let arguments = ["metadata", "--locked", "--format-version", "1"];
    let output = Command::new(env!("CARGO")).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

/// The licences that `deny.toml` allows.
fn allowed() -> Vec<Licensee> {
    let text = std::fs::read_to_string(root().join("deny.toml")).unwrap();
    let rules: toml::Table = toml::from_str(&text).unwrap();
    let allowed = rules["licenses"]["allow"].as_array().unwrap();
    allowed.iter().map(|id| Licensee::parse(id.as_str().unwrap()).unwrap()).collect()
}

#[test]
fn every_dependency_is_from_the_registry_under_an_allowed_licence() {
    let allowed = allowed();
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    for package in packages {
        let name = format!("{} {}", package["name"], package["version"]);
        // Old ones write a slash for `OR`.
        let license = package["license"].as_str().unwrap_or_else(|| panic!("{name}: no licence")).replace('/', " OR ");
        let expression = Expression::parse(&license).unwrap_or_else(|error| panic!("{name}: {license}: {error}"));
        let is_allowed = |required: &LicenseReq| allowed.iter().any(|licensee| licensee.satisfies(required));
        assert!(expression.evaluate(is_allowed), "{name}: {license} is not allowed by deny.toml");
        if package["name"] != "countersign" {
            assert_eq!(package["source"], "registry+https://github.com/rust-lang/crates.io-index", "{name}");
        }
    }
}
