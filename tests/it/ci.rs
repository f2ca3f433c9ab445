//! What every provider's environment and event file say about a change, against fixtures written by hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use countersign::ci::{self, CiError, Env, Origin, PROVIDERS, Provider};
use countersign::model::change::Change;
use serde_json::Value;

use crate::support::{files_below, fixture, root};

/// Every `fixtures/ci/<provider>/<event>`.
fn events() -> Vec<(&'static Provider, PathBuf)> {
    let mut found = Vec::new();
    for file in files_below(&fixture("ci")).iter().filter(|file| file.ends_with("env.json")) {
        let dir = file.parent().unwrap();
        let id = dir.parent().unwrap().file_name().unwrap().to_str().unwrap();
        let provider =
            PROVIDERS.iter().find(|p| p.id == id).unwrap_or_else(|| panic!("no provider for {}", dir.display()));
        found.push((*provider, dir.to_owned()));
    }
    found
}

fn env(dir: &Path) -> Env {
    serde_json::from_slice(&std::fs::read(dir.join("env.json")).unwrap()).unwrap()
}

fn event(dir: &Path) -> Option<Vec<u8>> {
    std::fs::read(dir.join("event.json")).ok()
}

fn change(provider: &Provider, dir: &Path) -> Result<Change, CiError> {
    (provider.change)(&env(dir), event(dir).as_deref())
}

#[test]
fn every_event_is_read_as_expected() {
    for (provider, dir) in events() {
        let shown = dir.display();
        let change = change(provider, &dir).unwrap_or_else(|e| panic!("{shown}: {e}"));
        let expected: Value = serde_json::from_slice(&std::fs::read(dir.join("expected.json")).unwrap()).unwrap();
        assert_eq!(serde_json::to_value(&change).unwrap(), expected, "{shown}");
    }
}

#[test]
fn every_provider_has_fixtures_and_recognises_its_own_runs_only() {
    let covered: BTreeSet<&str> = events().iter().map(|(provider, _)| provider.id).collect();
    assert_eq!(covered, PROVIDERS.iter().map(|provider| provider.id).collect());
    for (provider, dir) in events() {
        let env = env(&dir);
        assert!(matches!(ci::origin("auto", &env), Ok(Origin::Provider(found)) if found.id == provider.id));
        let claimants = PROVIDERS.iter().filter(|provider| (provider.detect)(&env)).count();
        assert_eq!(claimants, 1, "{}", dir.display());
    }
}

#[test]
fn every_field_that_is_set_has_a_source_and_no_other() {
    for (provider, dir) in events() {
        let change = change(provider, &dir).unwrap();
        let document = serde_json::to_value(&change).unwrap();
        let mut set = BTreeSet::new();
        for (name, value) in document.as_object().unwrap() {
            match (name.as_str(), value) {
                ("run", Value::Object(run)) => {
                    set.extend(run.iter().filter(|(_, v)| !v.is_null()).map(|(name, _)| format!("run.{name}")));
                }
                ("release", Value::Object(release)) => {
                    let said =
                        release.iter().filter(|(_, v)| !v.is_null() && v.as_array().is_none_or(|v| !v.is_empty()));
                    set.extend(said.map(|(name, _)| format!("release.{name}")));
                }
                // No provider says what kind of change it is; an empty list may have been said.
                ("kind" | "sources" | "labels", _) => {}
                (_, Value::Array(list)) if list.is_empty() => {}
                (_, Value::Null) => {}
                (name, _) => {
                    set.insert(name.to_owned());
                }
            }
        }
        let said: BTreeSet<String> = change.sources.keys().filter(|name| *name != "labels").cloned().collect();
        assert_eq!(set, said, "{}", dir.display());
        assert!(change.labels.is_empty() || change.sources.contains_key("labels"));
    }
}

#[test]
fn the_environment_of_a_job_is_known_where_the_system_says_it() {
    for (name, expected) in [
        ("gitlab/push-freeze", Some("production")),
        ("bitbucket/push", Some("production")),
        ("woodpecker/deployment", Some("production")),
        ("generic/push", Some("staging")),
        ("jenkins/push", None),
    ] {
        let dir = fixture(&format!("ci/{name}"));
        let (provider, _) = events().into_iter().find(|(_, found)| *found == dir).unwrap();
        assert_eq!(provider.environment(&env(&dir)), expected.map(Into::into), "{name}");
    }
}

#[test]
fn a_request_that_lost_a_variable_is_an_error_or_still_a_request() {
    let mut requests = 0;
    for (provider, dir) in events().iter().filter(|(provider, dir)| change(provider, dir).unwrap().is_request()) {
        requests += 1;
        let whole = env(dir);
        for lost in whole.keys() {
            let mut env = whole.clone();
            env.remove(lost);
            if let Ok(change) = (provider.change)(&env, event(dir).as_deref()) {
                assert!(change.is_request(), "{} without {lost} passes for a push", dir.display());
            }
        }
    }
    assert!(requests > 20, "{requests}");
}

#[test]
fn every_provider_has_a_page_that_names_it() {
    for provider in PROVIDERS {
        let page = root().join(format!("docs/ci/{}.md", provider.id));
        let text = std::fs::read_to_string(&page).unwrap_or_else(|error| panic!("{}: {error}", page.display()));
        assert!(text.starts_with("# countersign "), "{}", page.display());
    }
}

#[test]
fn a_misspelt_variable_of_ours_is_an_error_that_names_it() {
    let dir = fixture("ci/generic/request");
    let (provider, _) = events().into_iter().find(|(_, found)| *found == dir).unwrap();
    let mut env = env(&dir);
    let target = env.remove("COUNTERSIGN_CHANGE_TARGET").unwrap();
    env.insert("COUNTERSIGN_CHANGE_TRAGET".to_owned(), target);
    let error = (provider.change)(&env, None).unwrap_err();
    assert_eq!(error.to_string(), "no such variable: COUNTERSIGN_CHANGE_TRAGET");
}

#[test]
fn queues_and_trains_are_told_apart_from_requests() {
    let queued: Vec<String> = events()
        .iter()
        .filter(|(provider, dir)| ci::is_queued(&change(provider, dir).unwrap()))
        .map(|(_, dir)| dir.file_name().unwrap().to_str().unwrap().to_owned())
        .collect();
    assert_eq!(queued, ["queue", "merge_group", "merge_train", "queue"]);
}

/// Changes one member of a JSON document, found by pointer; `None` takes it away.
fn with(mut document: Value, pointer: &str, value: Option<Value>) -> Vec<u8> {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    let parent = document.pointer_mut(parent).unwrap().as_object_mut().unwrap();
    match value {
        Some(value) => parent.insert(name.to_owned(), value),
        None => parent.remove(name),
    };
    serde_json::to_vec(&document).unwrap()
}

#[test]
fn a_malformed_event_is_an_error_that_names_the_file() {
    let dir = fixture("ci/github/pull_request");
    let (provider, _) = events().into_iter().find(|(_, found)| *found == dir).unwrap();
    let env = env(&dir);
    let sound: Value = serde_json::from_slice(&event(&dir).unwrap()).unwrap();
    let cases = [
        (b"".to_vec(), "not a JSON object"),
        (b"{".to_vec(), "EOF"),
        (b"[]".to_vec(), "not a JSON object"),
        (b"{}".to_vec(), "missing field `pull_request`"),
        (br#"{"pull_request":{},"pull_request":{}}"#.to_vec(), "pull_request"),
        (with(sound.clone(), "/pull_request/head/sha", Some("HEAD".into())), "not a git commit id"),
        (with(sound.clone(), "/pull_request/head/sha", None), "missing field `sha`"),
        (with(sound.clone(), "/pull_request/base/ref", Some(7.into())), "expected a string"),
        (with(sound.clone(), "/pull_request/number", Some("42".into())), "expected u64"),
        (with(sound.clone(), "/pull_request/labels", Some("bug".into())), "expected a sequence"),
        (with(sound.clone(), "/pull_request/title", Some(Value::Null)), "expected a string"),
        (with(sound.clone(), "/pull_request/user", Some("kim".into())), "expected"),
        (with(sound.clone(), "/pull_request/base/repo", Some(Value::Null)), "expected"),
        (with(sound, "/repository", None), "missing field `repository`"),
    ];
    for (bytes, reason) in cases {
        let error = (provider.change)(&env, Some(&bytes)).unwrap_err();
        let shown = error.to_string();
        assert!(shown.starts_with("/home/runner/work/_temp/_github_workflow/event.json: "), "{shown}");
        assert!(shown.contains(reason), "{shown}");
        assert!(matches!(error, CiError::BadEvent { .. }));
    }
    assert!(matches!((provider.change)(&env, None), Err(CiError::NoEvent { variable: "GITHUB_EVENT_PATH", .. })));
}

#[test]
fn a_queue_to_something_that_is_no_branch_is_an_error() {
    let dir = fixture("ci/github/merge_group");
    let (provider, _) = events().into_iter().find(|(_, found)| *found == dir).unwrap();
    let sound: Value = serde_json::from_slice(&event(&dir).unwrap()).unwrap();
    for base in ["refs/tags/v1", "refs/heads/", "main"] {
        let bytes = with(sound.clone(), "/merge_group/base_ref", Some(base.into()));
        assert!(matches!((provider.change)(&env(&dir), Some(&bytes)), Err(CiError::BadEvent { .. })), "{base}");
    }
}

#[test]
fn an_environment_that_does_not_hold_together_is_an_error() {
    type Case = (&'static str, &'static str, Option<&'static str>, fn(&CiError) -> bool);
    let cases: &[Case] = &[
        ("github/push", "GITHUB_SHA", Some("main"), |e| matches!(e, CiError::Variable { name: "GITHUB_SHA", .. })),
        ("github/push", "GITHUB_SHA", None, |e| matches!(e, CiError::MissingVariable { name: "GITHUB_SHA", .. })),
        ("github/push", "GITHUB_EVENT_NAME", None, |e| matches!(e, CiError::MissingVariable { .. })),
        ("github/push", "GITHUB_EVENT_NAME", Some("workflow_run"), |e| matches!(e, CiError::EventNotRead { .. })),
        ("github/push", "GITHUB_EVENT_NAME", Some("issue_comment"), |e| matches!(e, CiError::EventNotRead { .. })),
        ("gitlab/merge_request", "CI_COMMIT_SHA", Some(""), |e| matches!(e, CiError::MissingVariable { .. })),
        ("gitlab/merge_request", "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", None, |e| {
            matches!(e, CiError::MissingVariable { name: "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", .. })
        }),
        ("gitlab/merge_request-merged_result", "CI_MERGE_REQUEST_TARGET_BRANCH_SHA", Some("main"), |e| {
            matches!(e, CiError::Variable { .. })
        }),
        ("azure/push", "BUILD_SOURCEBRANCH", Some("refs/pull/42/merge"), |e| matches!(e, CiError::RequestRef { .. })),
        ("azure/request", "SYSTEM_PULLREQUEST_SOURCECOMMITID", None, |e| matches!(e, CiError::MissingVariable { .. })),
        ("buildkite/push", "BUILDKITE_BRANCH", Some("refs/pull/42/head"), |e| matches!(e, CiError::RequestRef { .. })),
        ("buildkite/push", "BUILDKITE_PULL_REQUEST", None, |e| matches!(e, CiError::MissingVariable { .. })),
        ("circleci/push", "COUNTERSIGN_CHANGE_REQUEST", None, |e| matches!(e, CiError::NotSaid { .. })),
        ("circleci/push", "CIRCLE_PULL_REQUEST", Some("https://github.com/acme/shop/pull/42"), |e| {
            matches!(e, CiError::Variable { name: "COUNTERSIGN_CHANGE_REQUEST", .. })
        }),
        ("circleci/request", "COUNTERSIGN_CHANGE_TARGET", None, |e| matches!(e, CiError::NoTarget { .. })),
        ("generic/push", "COUNTERSIGN_CHANGE_REF", Some("refs/merge-requests/7/head"), |e| {
            matches!(e, CiError::RequestRef { .. })
        }),
        ("generic/push", "COUNTERSIGN_CHANGE_REQUEST", Some("no"), |e| matches!(e, CiError::Variable { .. })),
        ("jenkins/pipeline-stated-push", "COUNTERSIGN_CHANGE_REQUEST", None, |e| matches!(e, CiError::NotSaid { .. })),
        ("woodpecker/push", "CI_PIPELINE_EVENT", Some("pull_request_metadata"), |e| {
            matches!(e, CiError::MissingVariable { name: "CI_COMMIT_TARGET_BRANCH", .. })
        }),
    ];
    for (fixture_name, variable, value, is_expected) in cases {
        let dir = fixture(&format!("ci/{fixture_name}"));
        let (provider, _) = events().into_iter().find(|(_, found)| *found == dir).unwrap();
        let mut env = env(&dir);
        match value {
            Some(value) => env.insert((*variable).to_owned(), (*value).to_owned()),
            None => env.remove(*variable),
        };
        let error = (provider.change)(&env, event(&dir).as_deref()).unwrap_err();
        assert!(is_expected(&error), "{fixture_name} with {variable}={value:?}: {error}");
        assert!(!error.hint().is_empty());
    }
}
