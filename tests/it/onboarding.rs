//! A newcomer: `init`, a first decision, and what `doctor` says on the way.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::{command, fixture};

struct Repository(tempfile::TempDir);

impl Repository {
    /// A git repository with one commit that holds these files.
    fn with(files: &[(&str, &str)]) -> Self {
        let repository = Self(tempfile::tempdir().unwrap());
        for (name, content) in files {
            repository.write(name, content);
        }
        repository.git(&["init", "-q", "-b", "main"]);
        repository.git(&["remote", "add", "origin", "https://github.com/acme/shop.git"]);
        repository.git(&["add", "-A"]);
        repository.git(&["-c", "user.name=Kim", "-c", "user.email=kim@example.com", "commit", "-q", "-m", "shop"]);
        repository
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    fn git(&self, arguments: &[&str]) {
        let output = Command::new("git").args(arguments).current_dir(self.path()).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = command().args(arguments).current_dir(self.path()).output().unwrap();
        (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
    }
}

const SHOP: &[(&str, &str)] = &[("Cargo.lock", "version = 4\n"), ("src/main.rs", "fn main() {}\n")];

#[test]
fn three_commands_lead_to_a_first_decision() {
    let shop = Repository::with(SHOP);

    let (code, out, err) = shop.run(&["init"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(
        out.contains("semgrep scan --metrics=off --config p/default --json --output reports/semgrep.json ."),
        "{out}"
    );
    assert!(out.contains("(cargo-audit audit --json) > reports/cargo-audit.json"), "{out}");

    // The scanner: what Semgrep wrote about the flawed sample.
    std::fs::create_dir(shop.path().join("reports")).unwrap();
    std::fs::copy(fixture("formats/semgrep/1.182.0-shop.json"), shop.path().join("reports/semgrep.json")).unwrap();

    let (code, out, err) = shop.run(&["check", "reports/"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    // The outcome is a block, and audit mode stops nothing.
    assert!(out.starts_with("countersign ") && out.contains("BLOCK") && out.contains("audit"), "{out}");
}

#[test]
fn init_fits_what_is_there() {
    type Case = (&'static [(&'static str, &'static str)], Option<&'static str>, &'static str);
    let cases: &[Case] = &[
        (SHOP, Some(".github/workflows/release-gate.yml"), "cargo-audit"),
        (
            &[(".github/workflows/ci.yml", "uses: aquasecurity/trivy-action@v1\n"), ("web/yarn.lock", "")],
            Some(".github/workflows/release-gate.yml"),
            "trivy fs",
        ),
        (
            &[(".gitlab-ci.yml", "test: {script: [true]}\n"), ("main.tf", "")],
            Some("release-gate.gitlab-ci.yml"),
            "checkov",
        ),
        (&[("Jenkinsfile", "sh 'snyk test'\n"), ("pom.xml", "")], None, "snyk test"),
    ];
    for (files, pipeline, command) in cases {
        let repository = Repository::with(files);
        let (code, out, err) = repository.run(&["init"]);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{files:?}");
        assert!(repository.read("release-gate.sh").contains(command), "{files:?}");
        let written = [".github/workflows/release-gate.yml", "release-gate.gitlab-ci.yml"];
        let found: Vec<_> = written.into_iter().filter(|name| repository.path().join(name).exists()).collect();
        assert_eq!(found, pipeline.iter().copied().collect::<Vec<_>>(), "{files:?}");
        assert_eq!(out.contains("docs/ci/jenkins.md"), pipeline.is_none(), "{out}");
        for (name, content) in *files {
            assert_eq!(repository.read(name), *content, "{name} is as it was");
        }
    }
}

/// The script, with stand-ins on the path that do what scanners do: write a report and end with a code.
#[cfg(unix)]
#[test]
fn the_script_decides_and_a_scan_that_failed_is_no_decision() {
    use std::os::unix::fs::PermissionsExt as _;

    let gate = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    for (scanner_ends_with, expected) in [(0, 0), (1, 0), (2, 3)] {
        let shop = Repository::with(&[("main.c", "int main() {}\n")]);
        assert_eq!(shop.run(&["init"]).0, Some(0));
        let programs = tempfile::tempdir().unwrap();
        for (name, report, to) in [
            ("gitleaks", "formats/sarif/gitleaks-8.24.3-shop.sarif", "reports/gitleaks.sarif"),
            ("semgrep", "formats/semgrep/1.182.0-shop.json", "reports/semgrep.json"),
        ] {
            let path = programs.path().join(name);
            let report = fixture(report);
            std::fs::write(&path, format!("#!/bin/sh\ncp '{}' {to}\nexit {scanner_ends_with}\n", report.display()))
                .unwrap();
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{}:{}", programs.path().display(), gate.display(), std::env::var("PATH").unwrap());
        let mut script = Command::new("sh");
        script.arg("release-gate.sh").current_dir(shop.path()).env_clear().env("PATH", path);
        let output = script.output().unwrap();
        let shown = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.status.code(), Some(expected), "{shown}");
        assert_eq!(shop.path().join("decision.json").exists(), expected == 0, "{shown}");
        if expected == 0 {
            let decision: Value = serde_json::from_str(&shop.read("decision.json")).unwrap();
            assert_eq!(decision["outcome"], "block");
            let row = |check: &str| {
                let rows = decision["coverage"].as_array().unwrap();
                rows.iter().find(|row| row["check"] == check).map(|row| row["state"].clone())
            };
            assert_eq!(row("sast"), Some("current".into()), "{}", decision["coverage"]);
            assert_eq!(row("dependencies"), Some("missing".into()), "{}", decision["coverage"]);
        }
    }
}

/// What `doctor` says, as (about, state, message).
fn lines(out: &str) -> Vec<(String, String, String)> {
    let report: Value = serde_json::from_str(out).unwrap();
    assert_eq!(report["schema"], "countersign/doctor/v1");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let lines = report["lines"].as_array().unwrap();
    for line in lines {
        assert_eq!(line["state"] == "ok", line["next"].is_null(), "every line that is not ok has a way out: {line}");
    }
    lines.iter().map(|line| (text(&line["about"]), text(&line["state"]), text(&line["message"]))).collect()
}

fn holds(lines: &[(String, String, String)], about: &str, state: &str, message: &str) -> bool {
    lines.iter().any(|line| line.0 == about && line.1 == state && line.2.contains(message))
}

#[test]
fn doctor_leads_a_newcomer_on() {
    let shop = Repository::with(SHOP);
    let (code, out, _) = shop.run(&["doctor", "--output", "json"]);
    let found = lines(&out);
    assert_eq!(code, Some(1), "{out}");
    assert!(holds(&found, "config", "warn", "no countersign.yaml"), "{out}");
    assert!(holds(&found, "check", "fail", "no report was given"), "{out}");

    shop.run(&["init"]);
    std::fs::create_dir(shop.path().join("reports")).unwrap();
    std::fs::copy(fixture("formats/semgrep/1.182.0-shop.json"), shop.path().join("reports/semgrep.json")).unwrap();
    let (code, out, _) = shop.run(&["doctor", "reports/", "--output", "json"]);
    let found = lines(&out);
    assert_eq!(code, Some(1), "{out}");
    for (about, state, message) in [
        ("run", "ok", "no CI system"),
        ("clone", "ok", "whole"),
        ("config", "ok", "countersign.yaml"),
        ("key", "warn", "not signed"),
        ("mode", "warn", "audit"),
        ("service", "warn", "owner"),
        ("policies", "ok", "rules"),
        ("coverage", "fail", "secrets: missing"),
        ("coverage", "fail", "sast: unbound"),
    ] {
        assert!(holds(&found, about, state, message), "{about} {state} {message}: {out}");
    }
}

#[test]
fn doctor_names_every_fault_and_looks_at_the_rest_all_the_same() {
    let shop = Repository::with(SHOP);
    shop.run(&["init"]);
    shop.write("exceptions.yaml", "- id: EX-1\n  match: {}\n");
    shop.write("service.yaml", "exposure: everywhere\n");
    let (code, out, _) = shop.run(&["doctor"]);
    assert_eq!(code, Some(1), "{out}");
    assert!(
        out.contains("fail  check") && out.contains("exceptions.yaml:") && out.contains("service.yaml:1:"),
        "{out}"
    );
    assert!(out.contains("warn  key"), "{out}");
    assert!(out.lines().last().unwrap().contains(" fail, "), "{out}");
}

#[cfg(unix)]
#[test]
fn doctor_looks_at_the_key() {
    use std::os::unix::fs::PermissionsExt as _;

    let shop = Repository::with(SHOP);
    assert_eq!(shop.run(&["key", "new", "--out", "gate"]).0, Some(0));
    let (_, out, _) = shop.run(&["doctor", "--key", "gate.pem", "--output", "json"]);
    assert!(holds(&lines(&out), "key", "ok", "SHA256:"), "{out}");

    std::fs::set_permissions(shop.path().join("gate.pem"), std::fs::Permissions::from_mode(0o644)).unwrap();
    shop.git(&["add", "-A"]);
    shop.git(&["-c", "user.name=Kim", "-c", "user.email=kim@example.com", "commit", "-q", "-m", "key"]);
    let (code, out, _) = shop.run(&["doctor", "--key", "gate.pem", "--output", "json"]);
    assert_eq!(code, Some(1));
    assert!(holds(&lines(&out), "key", "fail", "others may read it"), "{out}");
    assert!(holds(&lines(&out), "key", "fail", "is in the repository"), "{out}");

    let (code, out, _) = shop.run(&["doctor", "--key", "gate.pub.pem", "--output", "json"]);
    assert_eq!(code, Some(1));
    assert!(holds(&lines(&out), "key", "fail", "gate.pub.pem"), "{out}");
}

#[test]
fn doctor_finds_nothing_where_a_release_would_pass_and_names_exceptions_that_ended() {
    let of = |scenario: &str, extra: &[&str]| {
        let formats = fixture("formats");
        let report = |name: &str| formats.join(name).to_string_lossy().into_owned();
        let mut arguments = vec![
            "doctor".to_owned(),
            report("semgrep/1.182.0-clean.json"),
            "--report".to_owned(),
            format!("gitleaks:{}", report("gitleaks/8.24.3-clean.json")),
        ];
        let rest = [
            "--ci",
            "none",
            "--at",
            "2026-11-21T12:00:00Z",
            "--receipt",
            "receipts.json",
            "--service",
            "service.yaml",
            "--change",
            "change.json",
            "--output",
            "json",
        ];
        arguments.extend(rest.into_iter().chain(extra.iter().copied()).map(str::to_owned));
        let scenario = fixture("scenarios").join(scenario);
        let output = command().args(&arguments).current_dir(scenario).output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, out) = of("pass", &["../../formats/cargo-audit/0.22.2-clean.json"]);
    assert!(!lines(&out).iter().any(|line| line.1 == "fail"), "{out}");
    assert_eq!(code, Some(0), "{out}");

    let audit = "../../formats/cargo-audit/0.22.2-ignore.json";
    let (_, out) = of("exception-expired", &[audit, "--exceptions", "exceptions.yaml"]);
    assert!(holds(&lines(&out), "exceptions", "warn", "EX-2026-001: ended on 2026-11-20"), "{out}");
}
