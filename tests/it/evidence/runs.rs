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
        let mut check = self.check_without_key(scenario);
        check.arg("--key").arg(self.path("gate.pem"));
        check
    }

    /// The same, with nothing that signs.
    pub(super) fn check_without_key(&self, scenario: &str) -> Command {
        let mut check = command();
        check.current_dir(fixture("scenarios").join(scenario)).arg("check").args(scenario_arguments(scenario));
        check.arg("--evidence").arg(self.path("evidence"));
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

#[test]
fn a_key_in_the_environment_signs_and_is_in_no_file() {
    let desk = Desk::new();
    let output = desk.check_without_key("pass").args(["--key", "env:GATE_KEY"]).env("GATE_KEY", PRIVATE_PEM).output();
    assert_eq!(output.unwrap().status.code(), Some(0));
    assert_eq!(desk.outcomes(), ["pass"]);
    let secret = PRIVATE_PEM.lines().nth(1).unwrap().as_bytes();
    for file in crate::support::files_below(&desk.path("evidence")) {
        let bytes = std::fs::read(&file).unwrap();
        assert!(!bytes.windows(secret.len()).any(|part| part == secret), "{}", file.display());
    }

    let desk = Desk::new();
    let output = desk.check_without_key("pass").args(["--key", "env:GATE_KEY"]).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    assert!(told(&output).contains("the environment variable GATE_KEY: not set"), "{}", told(&output));
    assert!(desk.folders().is_empty());
}

#[test]
fn an_encrypted_key_needs_its_passphrase_from_a_file_or_the_environment() {
    let desk = Desk::new();
    let encrypt = "openssl pkcs8 -topk8 -scrypt -in gate.pem -out gate.enc.pem -passout pass:secret";
    assert!(Command::new("sh").args(["-euc", encrypt]).current_dir(desk.path("")).status().unwrap().success());
    std::fs::write(desk.path("passphrase"), "secret\n").unwrap();
    let check = |more: &[&str]| {
        let mut check = desk.check_without_key("pass");
        check.arg("--key").arg(desk.path("gate.enc.pem")).args(more).env("PASSPHRASE", "secret").env("WRONG", "x");
        let output = check.output().unwrap();
        (output.status.code(), told(&output))
    };
    let file = desk.path("passphrase");
    assert_eq!(check(&["--key-passphrase", file.to_str().unwrap()]).0, Some(0));
    assert_eq!(check(&["--key-passphrase", "env:PASSPHRASE"]).0, Some(0));
    assert_eq!(desk.outcomes(), ["pass"], "the same key signs the same bytes");
    let (code, text) = check(&[]);
    assert!(code == Some(3) && text.contains("--key-passphrase"), "{text}");
    let (code, text) = check(&["--key-passphrase", "env:WRONG"]);
    assert!(code == Some(3) && text.contains("cannot be decrypted") && !text.contains("secret"), "{text}");
}

#[cfg(unix)]
#[test]
fn a_program_signs_what_it_is_given_and_is_not_believed() {
    let openssl = |key: &str| format!("cat > m; openssl pkeyutl -sign -inkey {key} -rawin -in m -out s; cat s");
    let run = |script: &str| {
        let desk = Desk::new();
        std::fs::write(desk.path("other.pem"), super::made::other_key().to_pem().as_bytes()).unwrap();
        let script = format!("cd '{}'; {script}", desk.path("").display());
        std::fs::write(desk.path("sign.sh"), script).unwrap();
        let command = format!("sh {}", desk.path("sign.sh").display());
        let mut check = desk.check_without_key("pass");
        check.args(["--sign-command", &command]).arg("--public-key").arg(desk.path("gate.pub.pem"));
        let output = check.output().unwrap();
        (output.status.code(), told(&output), desk)
    };
    let (code, text, desk) = run(&openssl("gate.pem"));
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(desk.outcomes(), ["pass"]);
    for (script, why) in [
        (openssl("other.pem"), "does not verify with its public key"),
        ("echo no such token >&2; exit 3".to_owned(), "no such token"),
        ("printf short".to_owned(), "printed 5 bytes"),
        ("head -c 65 /dev/zero".to_owned(), "more than the limit of 64 bytes"),
    ] {
        let (code, text, desk) = run(&script);
        assert_eq!(code, Some(4), "{text}");
        assert!(text.contains(why), "{script}: {text}");
        assert!(desk.folders().is_empty(), "{script}: evidence without a signature");
    }
}
