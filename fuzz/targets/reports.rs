//! Reports of scanners, by how they are read.

use std::collections::BTreeSet;

use countersign::formats::{self, FORMATS, Limits};
use countersign::model::digest::Digest;
use countersign::model::text::Untrusted;
use countersign::normalise::{ReadReport, normalise};

use super::harmless;

/// Formats whose reports are lists or streams of objects.
pub(crate) const STREAMS: &[&str] = &[
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
pub(crate) const DOCUMENTS: &[&str] = &["csaf", "in-toto", "openvex", "scorecard", "spdx", "terraform-plan"];
/// Formats in XML.
pub(crate) const XML: &[&str] = &["cobertura", "dependency-check", "junit", "spotbugs", "zap"];
/// Formats that are neither JSON nor XML.
pub(crate) const TEXT: &[&str] = &["lcov", "spdx"];

pub(super) fn objects(bytes: &[u8]) {
    let listed = |id: &str| [STREAMS, DOCUMENTS, TEXT].iter().any(|list| list.contains(&id)) || id == "sarif";
    FORMATS.iter().filter(|format| !listed(format.id)).for_each(|format| report(bytes, Some(format.id)));
    report(bytes, None);
}

pub(super) fn streams(bytes: &[u8]) {
    STREAMS.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

pub(super) fn documents(bytes: &[u8]) {
    DOCUMENTS.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

pub(super) fn sarif(bytes: &[u8]) {
    report(bytes, Some("sarif"));
    report(bytes, None);
}

pub(super) fn xml(bytes: &[u8]) {
    XML.iter().for_each(|id| report(bytes, Some(id)));
    report(bytes, None);
}

pub(super) fn text(bytes: &[u8]) {
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
