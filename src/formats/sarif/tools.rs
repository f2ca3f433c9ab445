//! What a tool's name says about its SARIF: the one place where a tool is known by name.

use crate::model::finding::Kind;
use crate::model::report::Check;

/// What a tool's results are, and the checks that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tool {
    /// What a result is whose rule does not say.
    pub(super) kind: Kind,
    /// The checks that it answers with or without results.
    pub(super) checks: &'static [Check],
    /// Checks that it may be set to answer as well: a result shows that it was.
    pub(super) may_show: &'static [Check],
}

impl Tool {
    const fn new(kind: Kind, checks: &'static [Check]) -> Self {
        Self { kind, checks, may_show: &[] }
    }
}

/// A tool that is not in the table answers no check: nobody here knows what it looks for.
const UNKNOWN: Tool = Tool::new(Kind::Weakness, &[]);
const SAST: Tool = Tool::new(Kind::Weakness, &[Check::Sast]);
const SAST_AND_MORE: Tool = Tool { may_show: &[Check::Secrets, Check::Dependencies], ..SAST };
const IAC: Tool = Tool::new(Kind::Misconfiguration, &[Check::Iac]);
const IAC_AND_MORE: Tool = Tool { may_show: &[Check::Secrets, Check::Dependencies], ..IAC };
const DEPENDENCIES: Tool = Tool::new(Kind::Vulnerability, &[Check::Dependencies]);
const SECRETS: Tool = Tool::new(Kind::Secret, &[Check::Secrets]);
const DAST: Tool = Tool::new(Kind::Weakness, &[Check::Dast]);
const QUALITY: Tool = Tool::new(Kind::Quality, &[Check::Quality]);
const IMAGE: Tool = Tool::new(Kind::Vulnerability, &[Check::Dependencies, Check::Image]);
const NONE: Tool = Tool::new(Kind::Misconfiguration, &[]);
const TRIVY: Tool = Tool {
    kind: Kind::Vulnerability,
    checks: &[],
    may_show: &[Check::Secrets, Check::Dependencies, Check::Iac, Check::Image, Check::License],
};

/// The beginning of a tool's name, in lower case, sorted; the longest that fits counts.
const TOOLS: &[(&str, Tool)] = &[
    ("actionlint", IAC),
    ("appscan", SAST),
    ("bandit", SAST),
    ("bearer", SAST_AND_MORE),
    ("biome", QUALITY),
    ("brakeman", SAST),
    ("bundler-audit", DEPENDENCIES),
    ("cargo-audit", DEPENDENCIES),
    ("cargo-deny", DEPENDENCIES),
    ("cfn-lint", IAC),
    ("cfn_nag", IAC),
    ("checkmarx", SAST),
    ("checkov", IAC_AND_MORE),
    ("clippy", QUALITY),
    ("codeql", SAST),
    ("composer-audit", DEPENDENCIES),
    ("conftest", IAC),
    ("coverity", SAST),
    ("cppcheck", SAST),
    ("dependency-check", DEPENDENCIES),
    ("detect-secrets", SECRETS),
    ("devskim", SAST),
    ("docker scout", IMAGE),
    ("dockle", IAC),
    ("eslint", QUALITY),
    ("find security bugs", SAST),
    ("findbugs", SAST),
    ("findsecbugs", SAST),
    ("flawfinder", SAST),
    ("fortify", SAST),
    ("ggshield", SECRETS),
    ("gitleaks", SECRETS),
    ("golangci-lint", QUALITY),
    ("gosec", SAST),
    ("govulncheck", DEPENDENCIES),
    ("grype", DEPENDENCIES),
    ("hadolint", IAC),
    ("hcl appscan", SAST),
    ("horusec", SAST_AND_MORE),
    ("infer", SAST),
    ("insider", SAST),
    ("inspectcode", QUALITY),
    ("joern", SAST),
    ("kics", IAC_AND_MORE),
    ("klocwork", SAST),
    ("kube-linter", IAC),
    ("kube-score", IAC),
    ("kubelinter", IAC),
    ("kubescape", IAC),
    ("lgtm", SAST),
    ("lgtm.com", SAST),
    ("mapi", DAST),
    ("mayhem", DAST),
    ("mobsfscan", SAST),
    ("nancy", DEPENDENCIES),
    ("njsscan", SAST),
    ("noseyparker", SECRETS),
    ("npm-audit", DEPENDENCIES),
    ("nuclei", DAST),
    ("opengrep", SAST_AND_MORE),
    ("osv-scanner", DEPENDENCIES),
    ("owasp dependency-check", DEPENDENCIES),
    ("owasp zap", DAST),
    ("phpcs-security-audit", SAST),
    ("pip-audit", DEPENDENCIES),
    ("pmd", QUALITY),
    ("polaris", IAC),
    ("polyspace", SAST),
    ("psalm", SAST),
    ("pylint", QUALITY),
    ("pysa", SAST),
    ("python security analysis", SAST),
    ("regula", IAC),
    ("retire", DEPENDENCIES),
    ("rubocop", QUALITY),
    ("ruff", QUALITY),
    ("safety", DEPENDENCIES),
    ("scorecard", NONE),
    ("secretlint", SECRETS),
    ("security code scan", SAST),
    ("securitycodescan", SAST),
    ("semgrep", SAST_AND_MORE),
    ("semmle", SAST),
    ("shellcheck", QUALITY),
    ("snyk", DEPENDENCIES),
    ("snyk code", SAST),
    ("snyk container", IMAGE),
    ("snyk iac", IAC),
    ("snyk open source", DEPENDENCIES),
    ("snykcode", SAST),
    ("sobelow", SAST),
    ("sonarcloud", SAST),
    ("sonarqube", SAST),
    ("spotbugs", SAST),
    ("swiftlint", QUALITY),
    ("talisman", SECRETS),
    ("terrascan", IAC),
    ("tflint", IAC),
    ("tfsec", IAC),
    // Its name says nothing about what it looked for: only an image or its results do.
    ("trivy", TRIVY),
    ("trufflehog", SECRETS),
    ("veracode", SAST),
    ("whispers", SECRETS),
    ("zap", DAST),
    ("zizmor", IAC),
];

/// What is known about a tool.
pub(super) fn tool(name: &str) -> Tool {
    let name = name.trim().to_ascii_lowercase();
    let fits = |prefix: &str| name.strip_prefix(prefix).is_some_and(|rest| !rest.starts_with(char::is_alphanumeric));
    TOOLS
        .iter()
        .filter(|(prefix, _)| fits(prefix))
        .max_by_key(|(prefix, _)| prefix.len())
        .map_or(UNKNOWN, |(_, tool)| *tool)
}

/// What a rule's tags or name say about its results, for tools that look for several things.
pub(super) fn kind_of_tag(tag: &str) -> Option<Kind> {
    match tag.to_ascii_lowercase().as_str() {
        "secret" | "secrets" => Some(Kind::Secret),
        "misconfiguration" => Some(Kind::Misconfiguration),
        "license" => Some(Kind::License),
        _ => None,
    }
}

/// The check that a result of a kind shows to have run, for tools that look for several things.
pub(super) fn check_of(kind: Kind) -> Option<Check> {
    match kind {
        Kind::Secret => Some(Check::Secrets),
        Kind::Misconfiguration => Some(Check::Iac),
        Kind::License => Some(Check::License),
        Kind::Vulnerability | Kind::Malware => Some(Check::Dependencies),
        Kind::Weakness | Kind::Test | Kind::Quality => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sorted_and_names_each_tool_once() {
        assert!(TOOLS.is_sorted_by(|a, b| a.0 < b.0));
        assert!(TOOLS.iter().all(|(name, _)| *name == name.to_ascii_lowercase()));
    }

    #[test]
    fn a_tool_is_known_by_the_beginning_of_its_name() {
        assert_eq!(tool("Grype"), DEPENDENCIES);
        assert_eq!(tool("Snyk IaC"), IAC);
        assert_eq!(tool("Snyk Something"), DEPENDENCIES);
        assert_eq!(tool("zaproxy"), UNKNOWN);
        assert_eq!(tool("Semgrep OSS"), SAST_AND_MORE);
        assert_eq!(tool("Bandit"), SAST);
    }
}
