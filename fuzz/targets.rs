// The fuzz targets, one a family of readers. Shared by fuzz/src/lib.rs and tests/it/fuzzing.rs, so that what libFuzzer runs is
// what `cargo test` replays. What each must hold: no panic, whatever the bytes; totals balance; what is shown is harmless; strict
// readers accept nothing that an independent reader refuses.

use std::collections::{BTreeMap, BTreeSet};

use countersign::ci::{self, PROVIDERS};
use countersign::evidence::dsse::Envelope;
use countersign::exceptions::{self, AllowedSigners, NAMESPACE, verify_signature};
use countersign::facts::{CodeOwners, Dialect};
use countersign::formats::{self, FORMATS, Limits};
use countersign::model::digest::Digest;
use countersign::model::text::Untrusted;
use countersign::normalise::{ReadReport, normalise};
use countersign::policy::{Bundle, Layer, PolicyFile};
use countersign::strict::{self, json};

/// One family of readers.
pub(super) struct Target {
    /// The name of the target and of its corpus.
    pub(super) name: &'static str,
    /// Takes any bytes.
    pub(super) run: fn(&[u8]),
    /// Directories below the repository whose files are seeds, too.
    pub(super) seeds: &'static [&'static str],
}

/// Every family, by name.
pub(super) const TARGETS: &[Target] = &[
    Target { name: "ci", run: ci_events, seeds: &["fixtures/ci"] },
    Target { name: "documents", run: documents, seeds: &["fixtures/formats"] },
    Target { name: "envelopes", run: envelopes, seeds: &["tests/it/evidence"] },
    Target { name: "objects", run: objects, seeds: &["fixtures/formats"] },
    Target { name: "policies", run: policies, seeds: &["policies", "fixtures/policies"] },
    Target { name: "sarif", run: sarif, seeds: &["fixtures/formats/sarif"] },
    Target { name: "signers", run: signers, seeds: &[] },
    Target { name: "streams", run: streams, seeds: &["fixtures/formats"] },
    Target { name: "strict", run: strictly, seeds: &["fixtures/scenarios", "policies"] },
    Target { name: "text", run: text, seeds: &["fixtures/formats/lcov", "fixtures/formats/spdx"] },
    Target {
        name: "xml",
        run: xml,
        seeds: &[
            "fixtures/formats/cobertura",
            "fixtures/formats/dependency-check",
            "fixtures/formats/junit",
            "fixtures/formats/spotbugs",
            "fixtures/formats/zap",
        ],
    },
];

/// Formats whose reports are lists or streams of objects.
pub(super) const STREAMS: &[&str] = &[
    "asff",
    "conftest",
    "eslint",
    "github-code-scanning",
    "github-dependabot",
    "github-secret-scanning",
    "gitlab-codequality",
    "gitleaks",
    "govulncheck",
    "hadolint",
    "kics",
    "nuclei",
    "ocsf",
    "snyk",
    "tfsec",
    "trivy",
    "trufflehog",
    "yarn-audit",
];
/// Formats that are no lists of findings.
pub(super) const DOCUMENTS: &[&str] = &["csaf", "in-toto", "openvex", "scorecard", "spdx", "terraform-plan"];
/// Formats in XML.
pub(super) const XML: &[&str] = &["cobertura", "dependency-check", "junit", "spotbugs", "zap"];
/// Formats that are neither JSON nor XML.
pub(super) const TEXT: &[&str] = &["lcov", "spdx"];

fn objects(bytes: &[u8]) {
    let listed = |id: &str| [STREAMS, DOCUMENTS, TEXT].iter().any(|list| list.contains(&id)) || id == "sarif";
    FORMATS.iter().filter(|format| !listed(format.id)).for_each(|format| report(bytes, Some(format.id)));
    report(bytes, None);
}

fn streams(bytes: &[u8]) {
    STREAMS.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

fn documents(bytes: &[u8]) {
    DOCUMENTS.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

fn sarif(bytes: &[u8]) {
    report(bytes, Some("sarif"));
    report(bytes, None);
}

fn xml(bytes: &[u8]) {
    XML.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

fn text(bytes: &[u8]) {
    TEXT.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

/// Reads, merges with itself under another name, and looks at what comes out.
fn report(bytes: &[u8], declared: Option<&str>) {
    let limits = Limits { report_bytes: 1 << 22, ..Limits::default() };
    let (format, parsed) = match formats::read(bytes, declared, &limits) {
        Ok(read) => read,
        Err(error) => return harmless(&error.to_string()),
    };
    let one = |path: &str, digest: Digest| ReadReport {
        path: path.into(),
        format: format.id,
        digest,
        parsed: parsed.clone(),
        receipt: None,
    };
    let (first, second) = (one("a", Digest::of(bytes)), one("b", Digest::of(b"another")));
    let merged = normalise(vec![first.clone(), second.clone()], &[]);
    for row in &merged.reports {
        assert_eq!(
            row.results + row.suppressed_apart,
            row.kept + row.merged_within + row.not_understood,
            "{} loses a result",
            format.id
        );
    }
    let kept: u64 = merged.reports.iter().map(|row| row.kept).sum();
    let findings = u64::try_from(merged.findings.len()).unwrap_or(u64::MAX);
    assert_eq!(kept, findings + merged.merged_across, "{} loses a finding", format.id);
    let names: BTreeSet<&Untrusted> = merged.findings.iter().map(|finding| &finding.id).collect();
    assert_eq!(names.len(), merged.findings.len(), "{} gives two findings one name", format.id);
    assert_eq!(merged, normalise(vec![second, first], &[]), "{} depends on the order of reports", format.id);
    for finding in &merged.findings {
        harmless(&finding.title.line());
        harmless(&finding.rule.id.line());
    }
}

/// Nothing that a terminal or a runner would obey.
fn harmless(line: &str) {
    assert!(!line.chars().any(char::is_control), "{line:?}");
    assert!(!line.contains("##["), "{line:?}");
}

/// Documents of ours: the first byte says which, the rest is the document.
fn strictly(bytes: &[u8]) {
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
fn same_as_serde(bytes: &[u8]) {
    if let Ok(strict) = json::parse(bytes) {
        let plain: serde_json::Value = serde_json::from_slice(bytes).expect("strict JSON is JSON");
        assert_eq!(strict, plain, "two readers, two values");
    }
}

fn policies(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let files = vec![PolicyFile::new("fuzz.rego", Layer::Repository, text.to_owned())];
    if let Err(error) = Bundle::load(files, &[]) {
        assert!(!error.to_string().is_empty());
    }
}

fn envelopes(bytes: &[u8]) {
    same_as_serde(bytes);
    if let Ok(envelope) = Envelope::read(bytes) {
        let written = envelope.to_bytes().expect("what was read can be written");
        let again = Envelope::read(&written).expect("what was written can be read");
        assert_eq!(written, again.to_bytes().expect("twice"), "an envelope changes when it is read");
    }
}

fn signers(bytes: &[u8]) {
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
fn ci_events(bytes: &[u8]) {
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
