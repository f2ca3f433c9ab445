//! Documents that people and other programs write for the gate.

use std::collections::BTreeMap;

use countersign::ci::{self, PROVIDERS};
use countersign::enrichment::{self, Knowledge};
use countersign::exceptions::{self, AllowedSigners, NAMESPACE, verify_signature};
use countersign::facts::{CodeOwners, Dialect};
use countersign::history;
use countersign::policy::{Bundle, Layer, PolicyFile};
use countersign::strict::{self, json};

use super::harmless;

/// Documents of ours: the first byte says which, the rest is the document.
pub(super) fn strictly(bytes: &[u8]) {
    let Some((which, rest)) = bytes.split_first() else { return };
    let faults = match which % 5 {
        0 => exceptions::read([("fuzz.yaml", rest)]).err(),
        1 => strict::profile("fuzz.yaml", rest).err(),
        2 => strict::service("fuzz.toml", rest).err(),
        3 => strict::read::<BTreeMap<String, String>>("fuzz.json", rest).err(),
        _ => exceptions::read([("fuzz.toml", rest)]).err(),
    };
    for fault in faults.into_iter().flat_map(strict::Faults::into_vec) {
        harmless(&fault.headline());
    }
    same_as_serde(rest);
}

/// The strict JSON reader takes no more than `serde_json` does, and reads the same.
pub(super) fn same_as_serde(bytes: &[u8]) {
    if let Ok(strict) = json::parse(bytes) {
        let plain: serde_json::Value = serde_json::from_slice(bytes).expect("strict JSON is JSON");
        assert_eq!(strict, plain, "two readers, two values");
    }
}

pub(super) fn policies(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let files = vec![PolicyFile::new("fuzz.rego", Layer::Repository, text.to_owned())];
    if let Err(error) = Bundle::load(files, &[]) {
        assert!(!error.to_string().is_empty());
    }
}

pub(super) fn signers(bytes: &[u8]) {
    assert!(verify_signature(bytes, b"a message", NAMESPACE).is_err(), "a signature out of nothing");
    if let Ok(text) = std::str::from_utf8(bytes)
        && let Ok(signers) = AllowedSigners::parse(text)
    {
        for (principals, _) in signers.unsupported() {
            harmless(&principals.line());
        }
    }
}

/// Event files, change files, CODEOWNERS.
pub(super) fn ci_events(bytes: &[u8]) {
    for provider in PROVIDERS {
        for event in ["push", "pull_request", "pull_request_target", "merge_group", "workflow_dispatch"] {
            let env = BTreeMap::from(
                [
                    ("GITHUB_ACTIONS", "true"),
                    ("GITHUB_EVENT_NAME", event),
                    ("GITHUB_EVENT_PATH", "event.json"),
                    ("GITHUB_REPOSITORY", "shop/shop"),
                    ("GITHUB_SERVER_URL", "https://github.com"),
                    ("GITHUB_SHA", "1111111111111111111111111111111111111111"),
                    ("GITHUB_REF", "refs/heads/main"),
                    ("GITLAB_CI", "true"),
                    ("CI_COMMIT_SHA", "1111111111111111111111111111111111111111"),
                    ("CI_PROJECT_PATH", "shop/shop"),
                    ("CI_PIPELINE_SOURCE", event),
                ]
                .map(|(name, value)| (name.to_owned(), value.to_owned())),
            );
            if let Err(error) = (provider.change)(&env, Some(bytes)) {
                harmless(&error.to_string());
            }
        }
    }
    if let Err(error) = ci::read_change_file(bytes) {
        harmless(&error);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        for dialect in [Dialect::GitHub, Dialect::GitLab] {
            let owners = CodeOwners::parse(text, dialect);
            let _ = owners.owners_of("src/a.rs");
            owners.skipped.iter().for_each(|line| harmless(&line.line()));
        }
    }
}

/// Catalogues, scores and advisories; lists of deployments.
pub(super) fn data(bytes: &[u8]) {
    if let Err(error) = enrichment::read(bytes, &mut Knowledge::default()) {
        harmless(&error.to_string());
    }
    if let Err(error) = history::deployments(bytes) {
        harmless(&error.to_string());
    }
}
