//! Evidence as `check` leaves it, through the binary, in the situations under `fixtures/scenarios`.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::made::{PRIVATE_PEM, key};
use crate::support::{command, fixture, scenario_arguments};

/// A directory with a key, for the evidence of one run.
pub(super) struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("gate.pem"), PRIVATE_PEM).unwrap();
        std::fs::write(dir.path().join("gate.pub.pem"), key().public().to_pem()).unwrap();
        Self { dir }
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// `check` of a scenario, with signed evidence.
    pub(super) fn check(&self, scenario: &str) -> Command {
        let mut check = command();
        check.current_dir(fixture("scenarios").join(scenario)).arg("check").args(scenario_arguments(scenario));
        check.arg("--evidence").arg(self.path("evidence")).arg("--key").arg(self.path("gate.pem"));
        check
    }

    /// The folders that were left.
    pub(super) fn folders(&self) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(self.path("evidence")) else { return Vec::new() };
        let mut folders: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        folders.sort();
        folders
    }

    /// What a folder's signed statement says.
    pub(super) fn statement(&self, folder: &Path) -> Value {
        let output = command()
            .arg("verify")
            .arg(folder)
            .arg("--key")
            .arg(self.path("gate.pub.pem"))
            .args(["--any-outcome", "--allow-pinned-clock", "--output", "json"])
            .output()
            .unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_ne!(document["result"], "failed", "{document}");
        document["statement"].clone()
    }

    fn outcomes(&self) -> Vec<Value> {
        self.folders().iter().map(|folder| self.statement(folder)["predicate"]["outcome"].clone()).collect()
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn a_run_that_cannot_write_an_output_leaves_evidence_of_the_error_alone() {
    let sound = Desk::new();
    let output = sound.check("pass").arg("--output").arg(format!("json={}", sound.path("d.json").display())).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    assert_eq!(sound.outcomes(), ["pass"]);

    let unwritable = ["missing/d.json", "gate.pem/d.json", ".", "/dev/full"];
    for name in unwritable.into_iter().filter(|name| !name.starts_with('/') || Path::new(name).exists()) {
        let desk = Desk::new();
        let place = desk.path(name);
        let output = desk.check("pass").arg("--output").arg(format!("json={}", place.display())).output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{}: {}", place.display(), told(&output));
        assert!(output.stdout.is_empty(), "{}", told(&output));
        assert_eq!(desk.outcomes(), ["error"], "{}", place.display());
    }
}

#[test]
fn a_decision_that_could_not_be_printed_leaves_evidence_of_the_error_alone() {
    let Ok(full) = std::fs::OpenOptions::new().write(true).open("/dev/full") else { return };
    let desk = Desk::new();
    let output = desk.check("pass").stdout(Stdio::from(full)).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{}", told(&output));
    assert_eq!(desk.outcomes(), ["error"]);
}
