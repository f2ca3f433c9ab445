//! What a tool's name says about its SARIF: the one place where a tool is known by name.

use crate::model::finding::Kind;
use crate::model::report::Check;

/// What a tool's results are, and the checks that it answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tool {
    /// What a result is whose rule does not say.
    pub(super) kind: Kind,
    /// The checks.
    pub(super) checks: &'static [Check],
}

/// A tool that is not in the table looks for weaknesses in code.
const ANY: Tool = Tool { kind: Kind::Weakness, checks: &[Check::Sast] };
const IAC: Tool = Tool { kind: Kind::Misconfiguration, checks: &[Check::Iac] };
const DEPENDENCIES: Tool = Tool { kind: Kind::Vulnerability, checks: &[Check::Dependencies] };
const SECRETS: Tool = Tool { kind: Kind::Secret, checks: &[Check::Secrets] };
const DAST: Tool = Tool { kind: Kind::Weakness, checks: &[Check::Dast] };
const QUALITY: Tool = Tool { kind: Kind::Quality, checks: &[Check::Quality] };
const IMAGE: Tool = Tool { kind: Kind::Vulnerability, checks: &[Check::Dependencies, Check::Image] };

/// The beginning of a tool's name, in lower case, sorted; the longest that fits counts.
const TOOLS: &[(&str, Tool)] = &[
    ("actionlint", IAC),
    ("cargo-audit", DEPENDENCIES),
    ("cargo-deny", DEPENDENCIES),
    ("checkov", IAC),
    ("clippy", QUALITY),
    ("dependency-check", DEPENDENCIES),
    ("detect-secrets", SECRETS),
    ("dockle", IAC),
    ("eslint", QUALITY),
    ("ggshield", SECRETS),
    ("gitleaks", SECRETS),
    ("govulncheck", DEPENDENCIES),
    ("grype", DEPENDENCIES),
    ("hadolint", IAC),
    ("inspectcode", QUALITY),
    ("kics", IAC),
    ("kube-linter", IAC),
    ("kube-score", IAC),
    ("kubelinter", IAC),
    ("kubescape", IAC),
    ("mapi", DAST),
    ("mayhem", DAST),
    ("npm-audit", DEPENDENCIES),
    ("nuclei", DAST),
    ("osv-scanner", DEPENDENCIES),
    ("owasp dependency-check", DEPENDENCIES),
    ("owasp zap", DAST),
    ("pip-audit", DEPENDENCIES),
    ("pmd", QUALITY),
    ("polaris", IAC),
    ("pylint", QUALITY),
    ("scorecard", Tool { kind: Kind::Misconfiguration, checks: &[] }),
    ("shellcheck", QUALITY),
    ("snyk", DEPENDENCIES),
    ("snyk code", ANY),
    ("snyk container", IMAGE),
    ("snyk iac", IAC),
    ("snyk open source", DEPENDENCIES),
    ("snykcode", ANY),
    ("terrascan", IAC),
    ("tfsec", IAC),
    // Its name says nothing about what it looked for: only an image or its results do.
    ("trivy", Tool { kind: Kind::Vulnerability, checks: &[] }),
    ("trufflehog", SECRETS),
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
        .map_or(ANY, |(_, tool)| *tool)
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
        assert_eq!(tool("zaproxy"), ANY);
        assert_eq!(tool("Semgrep OSS"), ANY);
    }
}
