//! Which scanners fit a repository, and how each is run so that its report can be read.
//!
//! What must stay true: a scanner that the repository uses already is kept; another one is proposed only for what none of
//! those answers.

use super::survey::Survey;
use crate::model::report::Check;

/// A scanner.
#[derive(Debug)]
struct Scanner {
    /// Its program, by which pipelines name it.
    program: &'static str,
    /// What it answers.
    checks: &'static [Check],
    /// Files that it is for; none: any repository.
    reads: &'static [&'static str],
    /// Whether it is run once for every directory that holds one of those files.
    each: bool,
    /// Whether it is taken only where the repository uses it already.
    only_if_used: bool,
    /// How its report's name ends.
    extension: &'static str,
    /// The shell command: `{report}` is written, `{in}` is the directory.
    command: &'static str,
}

const SCANNER: Scanner =
    Scanner { program: "", checks: &[], reads: &[], each: false, only_if_used: false, extension: "json", command: "" };

static SCANNERS: &[Scanner] = &[
    Scanner {
        program: "gitleaks",
        checks: &[Check::Secrets],
        // Its JSON report without a finding is `[]`, which could be anything.
        extension: "sarif",
        command: "gitleaks dir . --redact --report-format sarif --report-path {report}",
        ..SCANNER
    },
    Scanner {
        program: "detect-secrets",
        checks: &[Check::Secrets],
        only_if_used: true,
        command: "detect-secrets scan --all-files > {report}",
        ..SCANNER
    },
    Scanner {
        program: "semgrep",
        checks: &[Check::Sast],
        command: "semgrep scan --metrics=off --config p/default --json --output {report} .",
        ..SCANNER
    },
    Scanner {
        program: "bandit",
        checks: &[Check::Sast],
        reads: &["*.py"],
        only_if_used: true,
        command: "bandit -q -r . -f json -o {report}",
        ..SCANNER
    },
    Scanner {
        program: "gosec",
        checks: &[Check::Sast],
        reads: &["go.mod"],
        only_if_used: true,
        command: "gosec -fmt json -out {report} ./...",
        ..SCANNER
    },
    Scanner {
        program: "trivy",
        checks: &[Check::Dependencies],
        only_if_used: true,
        command: "trivy fs --scanners vuln --format json --output {report} .",
        ..SCANNER
    },
    Scanner {
        program: "grype",
        checks: &[Check::Dependencies],
        only_if_used: true,
        command: "grype dir:. --output json --file {report}",
        ..SCANNER
    },
    Scanner {
        program: "snyk",
        checks: &[Check::Dependencies],
        only_if_used: true,
        command: "snyk test --all-projects --json-file-output={report}",
        ..SCANNER
    },
    Scanner {
        program: "cargo-audit",
        checks: &[Check::Dependencies],
        reads: &["Cargo.lock"],
        each: true,
        command: "(cd {in} && cargo-audit audit --json) > {report}",
        ..SCANNER
    },
    Scanner {
        program: "npm",
        checks: &[Check::Dependencies],
        reads: &["package-lock.json"],
        each: true,
        command: "(cd {in} && npm audit --json) > {report}",
        ..SCANNER
    },
    Scanner {
        program: "pnpm",
        checks: &[Check::Dependencies],
        reads: &["pnpm-lock.yaml"],
        each: true,
        command: "(cd {in} && pnpm audit --json) > {report}",
        ..SCANNER
    },
    Scanner {
        program: "pip-audit",
        checks: &[Check::Dependencies],
        reads: &["requirements.txt"],
        each: true,
        command: "(cd {in} && pip-audit --requirement requirements.txt --format json) > {report}",
        ..SCANNER
    },
    Scanner {
        program: "govulncheck",
        checks: &[Check::Dependencies],
        reads: &["go.mod"],
        each: true,
        command: "(cd {in} && govulncheck -format json ./...) > {report}",
        ..SCANNER
    },
    Scanner {
        program: "osv-scanner",
        checks: &[Check::Dependencies],
        reads: &[
            "Gemfile.lock",
            "Pipfile.lock",
            "composer.lock",
            "gradle.lockfile",
            "mix.lock",
            "packages.lock.json",
            "poetry.lock",
            "pom.xml",
            "pubspec.lock",
            "uv.lock",
            "yarn.lock",
        ],
        command: "osv-scanner scan --recursive --format json . > {report}",
        ..SCANNER
    },
    Scanner {
        program: "checkov",
        checks: &[Check::Iac],
        reads: &["*.bicep", "*.tf", "Chart.yaml", "kustomization.yaml"],
        command: "checkov -d . --quiet --compact --skip-download -o json > {report}",
        ..SCANNER
    },
    Scanner {
        program: "hadolint",
        checks: &[Check::Iac],
        reads: &["Dockerfile"],
        each: true,
        extension: "sarif",
        command: "(cd {in} && hadolint --format sarif Dockerfile) > {report}",
        ..SCANNER
    },
];

/// What the default profile may require, in the order of its page.
const CHECKS: &[Check] = &[Check::Secrets, Check::Sast, Check::Dependencies, Check::Iac];

/// One run of a scanner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Step {
    /// Its program.
    pub(super) program: &'static str,
    /// The name of the report and its receipt, without what comes before and after.
    pub(super) name: String,
    /// The path of its report.
    pub(super) report: String,
    /// The shell command that writes it.
    pub(super) command: String,
}

/// What is run, and which checks nothing answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Choice {
    /// The runs, secrets first.
    pub(super) steps: Vec<Step>,
    /// What nothing answers that the default profile requires.
    pub(super) unanswered: Vec<Check>,
}

/// Chooses for a repository.
pub(super) fn choose(survey: &Survey) -> Choice {
    let mut choice = Choice { steps: Vec::new(), unanswered: Vec::new() };
    for check in CHECKS {
        let fitting = || SCANNERS.iter().filter(|scanner| scanner.checks.contains(check) && fits(scanner, survey));
        let mut chosen: Vec<_> = fitting().filter(|scanner| survey.uses(scanner.program)).collect();
        if chosen.is_empty() {
            chosen = fitting().filter(|scanner| !scanner.only_if_used).collect();
        }
        if chosen.is_empty() && *check != Check::Iac {
            choice.unanswered.push(*check);
        }
        choice.steps.extend(chosen.into_iter().flat_map(|scanner| steps(scanner, survey)));
    }
    choice
}

fn fits(scanner: &Scanner, survey: &Survey) -> bool {
    scanner.reads.is_empty() || scanner.reads.iter().any(|name| !survey.directories_with(name).is_empty())
}

fn steps(scanner: &Scanner, survey: &Survey) -> Vec<Step> {
    let mut directories = vec![""];
    if scanner.each {
        directories = scanner.reads.iter().flat_map(|name| survey.directories_with(name)).collect();
    }
    let step = |directory: &str| {
        let name = match directory {
            "" => scanner.program.to_owned(),
            below => format!("{}-{}", scanner.program, word(below)),
        };
        let report = format!("reports/{name}.{}", scanner.extension);
        let command = scanner.command.replace("{in}", &quoted(directory)).replace("{report}", &report);
        // At the top there is nowhere to go.
        let command = command.replace("(cd . && ", "(");
        Step { program: scanner.program, name, report, command }
    };
    directories.into_iter().map(step).collect()
}

/// A directory as a part of a file's name.
fn word(directory: &str) -> String {
    directory.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

/// For a shell, whatever is in it.
fn quoted(directory: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "/._-".contains(c);
    match directory {
        "" => ".".to_owned(),
        plain if plain.chars().all(is_plain) && !plain.starts_with('-') => plain.to_owned(),
        other => format!("./'{}'", other.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commands(files: &[&str], pipelines: &str) -> Vec<String> {
        choose(&Survey::made_of(files, pipelines)).steps.into_iter().map(|step| step.command).collect()
    }

    #[test]
    fn each_kind_of_lock_file_gets_its_scanner_where_it_lies() {
        let found = commands(&["Cargo.lock", "infra/main.tf", "it's/package-lock.json", "web/package-lock.json"], "");
        assert_eq!(
            found,
            [
                "gitleaks dir . --redact --report-format sarif --report-path reports/gitleaks.sarif",
                "semgrep scan --metrics=off --config p/default --json --output reports/semgrep.json .",
                "(cargo-audit audit --json) > reports/cargo-audit.json",
                r"(cd ./'it'\''s' && npm audit --json) > reports/npm-it-s.json",
                "(cd web && npm audit --json) > reports/npm-web.json",
                "checkov -d . --quiet --compact --skip-download -o json > reports/checkov.json",
            ]
        );
    }

    #[test]
    fn what_is_used_already_is_kept_and_answers_alone() {
        let choice = choose(&Survey::made_of(
            &["app.py", "poetry.lock"],
            "run: bandit -r .\n- uses: aquasecurity/trivy-action\n",
        ));
        let programs: Vec<_> = choice.steps.iter().map(|step| step.program).collect();
        assert_eq!((programs, choice.unanswered), (vec!["gitleaks", "bandit", "trivy"], Vec::new()));
    }

    #[test]
    fn what_nothing_answers_is_said() {
        assert_eq!(choose(&Survey::made_of(&["a.c"], "")).unanswered, [Check::Dependencies]);
    }

    #[test]
    fn every_command_writes_its_report_and_is_named_once() {
        let mut programs: Vec<_> = SCANNERS.iter().map(|scanner| scanner.program).collect();
        programs.sort_unstable();
        programs.dedup();
        assert_eq!(programs.len(), SCANNERS.len());
        for scanner in SCANNERS {
            assert!(scanner.command.contains("{report}") && !scanner.checks.is_empty(), "{}", scanner.program);
            assert_eq!(scanner.each, scanner.command.contains("{in}"), "{}", scanner.program);
        }
    }
}
