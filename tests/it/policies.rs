//! The pack: it loads as it is embedded, and every `test_` rule below `policies/` passes.

use countersign::policy::{Bundle, Layer, PolicyFile, TestOptions, TestOutcome, builtin, test};

use crate::support::{files_below, root};

/// Every policy file of the repository, tests included, as the layer that the binary embeds.
fn pack() -> Vec<PolicyFile> {
    let dir = root().join("policies");
    files_below(&dir)
        .into_iter()
        .filter(|path| path.extension().is_some_and(|extension| extension == "rego"))
        .map(|path| {
            let name = format!("builtin/{}", path.strip_prefix(&dir).unwrap().to_string_lossy());
            PolicyFile::new(name, Layer::Builtin, std::fs::read_to_string(&path).unwrap())
        })
        .collect()
}

#[test]
fn the_tests_of_the_pack_pass() {
    let run = test(pack(), &TestOptions::default()).unwrap_or_else(|error| panic!("{error} ({:?})", error.hint));
    let results = run.tests;
    let bad: Vec<String> = results
        .iter()
        .filter(|result| result.outcome != TestOutcome::Passed)
        .map(|result| format!("{}:{} {}: {:?}", result.path, result.line, result.name, result.outcome))
        .collect();
    assert!(bad.is_empty(), "{} of {} tests do not pass:\n{}", bad.len(), results.len(), bad.join("\n"));
    assert!(!results.is_empty(), "no test was found below policies/");
}

#[test]
fn the_embedded_pack_is_the_one_in_the_repository_without_its_tests() {
    let mut files = pack();
    files.retain(|file| !file.path.ends_with("_test.rego"));
    assert_eq!(builtin(), files);
    let bundle = Bundle::load(builtin(), &[]).unwrap_or_else(|error| panic!("{error} ({:?})", error.hint));
    for rule in &bundle.rules {
        let path = format!("builtin/rules/{}.rego", rule.id.replace('-', "_"));
        assert_eq!(rule.path, path, "a rule stands in the file that its package names");
    }
}

#[test]
fn the_shipped_profiles_are_sound_and_differ_in_figures_only() {
    let keys = |value: &serde_json::Value| -> Vec<String> {
        value.as_object().unwrap().iter().map(|(key, _)| key.clone()).collect()
    };
    let read = |name: &str| {
        let profile = countersign::strict::profile(name, countersign::policy::profile(name).unwrap().as_bytes());
        profile.unwrap_or_else(|faults| panic!("{name}: {faults}"))
    };
    let default = serde_json::to_value(read("default")).unwrap();
    let names: Vec<&str> = countersign::policy::profiles().collect();
    assert_eq!(names, ["default", "enterprise", "growth", "startup"]);
    for name in names {
        let profile = read(name);
        assert_eq!(profile.name, *name);
        let written = countersign::policy::profile(name).unwrap();
        for key in keys(&default) {
            assert!(written.contains(&format!("\n{key}:")), "{name} leaves `{key}` out");
        }
        assert_eq!(keys(&serde_json::to_value(profile).unwrap()), keys(&default), "{name}");
    }
}
