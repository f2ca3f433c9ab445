//! Layouts that tools of other versions, their APIs and pipelines around them write: each is recognised from its content, read
//! whole, and counted.

use countersign::formats::{self, Limits};

/// The format, its text, and how many results it holds.
const LAYOUTS: &[(&str, &str, usize)] = &[
    // Bandit: a result without the totals around it.
    ("bandit", r#"{"results":[{"test_id":"B602","issue_severity":"HIGH","filename":"a.py","line_number":1}]}"#, 1),
    // Cobertura: counts without rates.
    ("cobertura", r#"<coverage lines-valid="4" lines-covered="3"><packages/></coverage>"#, 0),
    // cargo-audit: without the database that it asked.
    (
        "cargo-audit",
        r#"{"lockfile":{"dependency-count":3},"settings":{},"vulnerabilities":{"found":false,"count":0,"list":[]},"warnings":{}}"#,
        0,
    ),
    // Composer: PHP writes an empty object as a list.
    ("composer-audit", r#"{"advisories":[]}"#, 0),
    // Dependency-Check 1.x: another namespace.
    (
        "dependency-check",
        r#"<analysis xmlns="https://www.owasp.org/index.php/OWASP_Dependency_Check#1.2"><dependencies><dependency><fileName>a.jar</fileName>
        <vulnerabilities><vulnerability><name>CVE-2020-1</name><severity>High</severity></vulnerability></vulnerabilities></dependency></dependencies></analysis>"#,
        1,
    ),
    // detect-secrets: only the results.
    (
        "detect-secrets",
        r#"{"results":{"a.py":[{"type":"Secret Keyword","hashed_secret":"6367c48dd193d56ea7b0baad25b19455e529f5ee","line_number":2}]}}"#,
        1,
    ),
    // GitHub: one alert, or alerts one a line (`gh api --jq '.[]'`).
    (
        "github-code-scanning",
        r#"{"number":1,"state":"open","rule":{"id":"js/xss","severity":"error"},"most_recent_instance":{"state":"open"}}"#,
        1,
    ),
    (
        "github-dependabot",
        r#"{"number":2,"state":"open","dependency":{"package":{"name":"a"}},"security_advisory":{"ghsa_id":"GHSA-jfh8-c2jp-5v3q"}}
        {"number":1,"state":"open","dependency":{"package":{"name":"b"}},"security_advisory":{"ghsa_id":"GHSA-jfh8-c2jp-5v3q"}}"#,
        2,
    ),
    ("github-secret-scanning", "{\"number\":1,\"secret_type\":\"a\"}\n{\"number\":2,\"secret_type\":\"b\"}", 2),
    // GitHub: a query of several levels.
    (
        "github-dependabot",
        r#"{"data":{"organization":{"repositories":{"edges":[{"node":{"vulnerabilityAlerts":{"edges":[{"node":{"id":"RVA_1",
        "securityVulnerability":{"severity":"LOW","package":{"name":"a"}}}}]}}}]}}}}"#,
        1,
    ),
    // GitLab: an analyzer that names itself, without a version of the schema; no list for nothing.
    ("gitlab", r#"{"scan":{"type":"sast","status":"success","scanner":{"id":"x"}},"vulnerabilities":[]}"#, 0),
    ("gitlab", r#"{"version":"15.0.0","scan":{"type":"sast","status":"success"},"vulnerabilities":null}"#, 0),
    // Nuclei 2.0: the template's file for its id.
    ("nuclei", r#"{"template":"cves/x.yaml","matched":"https://a.example","info":{"name":"X","severity":"low"}}"#, 1),
    // Scorecard: checks of a version that does not name itself.
    ("scorecard", r#"{"repo":{"name":"a"},"checks":[{"name":"License","score":10,"reason":"found"}]}"#, 0),
    // Snyk: a project without its counts.
    (
        "snyk",
        r#"{"ok":false,"vulnerabilities":[{"id":"SNYK-JS-A-1","packageName":"a","version":"1.0.0","severity":"low"}]}"#,
        1,
    ),
    // SonarQube: both lists of an export, empty.
    ("sonarqube", r#"{"projectName":"shop","issues":[],"hotspots":[]}"#, 0),
    // Trivy: neither name nor kind of what was scanned; a cluster without a name.
    (
        "trivy",
        r#"{"SchemaVersion":2,"Results":[{"Target":"a","Class":"os-pkgs","Vulnerabilities":[{"VulnerabilityID":"CVE-2020-1","PkgName":"a"}]}]}"#,
        1,
    ),
    (
        "trivy",
        r#"{"ClusterName":"","Resources":[{"Kind":"Pod","Name":"a","Results":[{"Target":"a","Vulnerabilities":[{"VulnerabilityID":"CVE-2020-1","PkgName":"a"}]}]}]}"#,
        1,
    ),
    // Yarn 1: other lines before the audit's.
    (
        "yarn-audit",
        "{\"type\":\"step\",\"data\":{\"message\":\"Auditing\",\"current\":1,\"total\":1}}\n{\"type\":\"auditSummary\",\"data\":{\"totalDependencies\":3}}",
        0,
    ),
];

#[test]
fn layouts_of_other_versions_are_recognised_and_counted() {
    let wrong: Vec<String> = LAYOUTS
        .iter()
        .filter_map(|(wanted, text, count)| match formats::read(text.as_bytes(), None, &Limits::default()) {
            Err(error) => Some(format!("{wanted}: {error}\n  {text}")),
            Ok((format, parsed)) => {
                let same =
                    format.id == *wanted && parsed.observations.len() == *count && parsed.not_understood.is_empty();
                (!same).then(|| format!("{wanted}: read as {} {parsed:?}\n  {text}", format.id))
            }
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
