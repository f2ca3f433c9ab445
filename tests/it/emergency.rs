//! An emergency from its record to its closing: real keys, real signatures, real evidence.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::support::{command, fixture};

const RECORD: &str = "\
id: EM-7
kind: change
reason: the basket loses items
requested_by: ana@example.com
scope: { service: shop, environment: production }
created: 2026-11-21T11:00:00Z
expires: 2026-11-21T19:00:00Z
signatures:
  - { by: ana@example.com, signature: EM-7.sig }
";

const CLOSING: &str = "\
closes: EM-7
outcome: the fix is sound; a test was added
reviewed_by: kim@example.com
at: 2026-11-22T09:00:00Z
signatures:
  - { by: kim@example.com, signature: closing.sig }
";

struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        let mut allowed = String::new();
        for name in ["ana", "kim"] {
            desk.run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
            let key = std::fs::read_to_string(desk.path(&format!("{name}.pub"))).unwrap();
            allowed.push_str(&format!("{name}@example.com namespaces=\"countersign-emergency\" {key}"));
        }
        desk.write("allowed_signers", &allowed);
        let made = command().current_dir(desk.dir.path()).args(["key", "new", "--out", "gate"]).output().unwrap();
        assert!(made.status.success());
        desk.write("record.yaml", RECORD);
        desk.sign("record.yaml", "ana", "EM-7.sig");
        std::fs::create_dir(desk.path("history")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn run(&self, program: &str, arguments: &[&str]) {
        let run = Command::new(program).args(arguments).current_dir(self.dir.path()).output().unwrap();
        assert!(run.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    }

    /// Signs what the command prints for signing.
    fn sign(&self, record: &str, key: &str, signature: &str) {
        let shown = command()
            .current_dir(self.dir.path())
            .args(["emergency", "show", "--repository", "example/shop", record])
            .output()
            .unwrap();
        assert!(shown.status.success(), "{}", String::from_utf8_lossy(&shown.stderr));
        std::fs::write(self.path("bytes"), &shown.stdout).unwrap();
        let _ = std::fs::remove_file(self.path("bytes.sig"));
        self.run("ssh-keygen", &["-q", "-Y", "sign", "-f", key, "-n", "countersign-emergency", "bytes"]);
        std::fs::rename(self.path("bytes.sig"), self.path(signature)).unwrap();
    }

    /// Decides about the shipped scenario of a release that nothing stands against.
    fn check(&self, kind: &str, at: &str, more: &[&str]) -> (i32, Value, String) {
        let pass = fixture("scenarios/pass");
        let change = std::fs::read_to_string(pass.join("change.json")).unwrap();
        self.write("change.json", &change.replacen('{', &format!("{{ \"kind\": \"{kind}\","), 1));
        let json = self.path("decision.json");
        let mut check = command();
        check.current_dir(&pass).arg("check");
        check.args(["../../formats/semgrep/1.182.0-clean.json", "../../formats/cargo-audit/0.22.2-clean.json"]);
        check.args(["--report", "gitleaks:../../formats/gitleaks/8.24.3-clean.json", "--receipt", "receipts.json"]);
        check.args(["--ci", "none", "--service", "service.yaml", "--at", at, "--change"]).arg(self.path("change.json"));
        check.arg("--allowed-signers").arg(self.path("allowed_signers"));
        check.arg("--output").arg(format!("json={}", json.display()));
        let flags = ["--emergency", "--history", "--history-key", "--evidence", "--key"];
        let mut is_path = false;
        for argument in more {
            if is_path {
                check.arg(self.path(argument))
            } else {
                check.arg(argument)
            };
            is_path = flags.contains(argument);
        }
        let output = check.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let decision = std::fs::read(&json).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        (output.status.code().unwrap(), decision.unwrap_or_default(), errors)
    }
}

fn messages(decision: &Value) -> Vec<&str> {
    decision["verdicts"].as_array().unwrap().iter().map(|verdict| verdict["msg"].as_str().unwrap()).collect()
}

const EMERGENCY_AT: &str = "2026-11-21T12:00:00Z";
const NEXT_AT: &str = "2026-11-21T12:30:00Z";
const KEPT: [&str; 4] = ["--evidence", "history", "--key", "gate.pem"];
const GIVEN: [&str; 4] = ["--history", "history", "--history-key", "gate.pub.pem"];

#[test]
fn an_emergency_leaves_a_review_owed_until_somebody_else_signs_its_closing() {
    let desk = Desk::new();
    let (code, decision, _) =
        desk.check("emergency", EMERGENCY_AT, &[&["--emergency", "record.yaml"][..], &KEPT].concat());
    assert_eq!((code, decision["outcome"].as_str()), (0, Some("warn")));
    let owed = &decision["obligations"][0];
    assert_eq!((owed["id"].as_str(), owed["due"].as_str()), (Some("EM-7"), Some("2026-11-26")));
    assert_eq!(owed["what"], "the review of emergency EM-7: the basket loses items");

    // The next release is another decision; it is told what is owed.
    let (code, decision, _) = desk.check("normal", NEXT_AT, &GIVEN);
    assert_eq!(code, 1);
    assert!(messages(&decision)[0].contains("the review of emergency EM-7"), "{:?}", messages(&decision));

    // Who asked for it cannot close it.
    desk.write("own.yaml", &CLOSING.replace("kim@example.com", "ana@example.com"));
    desk.sign("own.yaml", "ana", "closing.sig");
    let (code, _, _) = desk.check("normal", NEXT_AT, &[&GIVEN[..], &["--emergency", "own.yaml"]].concat());
    assert_eq!(code, 1);

    // A closing that nobody signed, or that was changed since, closes nothing.
    desk.write("closing.yaml", CLOSING);
    let (code, _, _) = desk.check("normal", NEXT_AT, &[&GIVEN[..], &["--emergency", "closing.yaml"]].concat());
    assert_eq!(code, 1);
    desk.sign("closing.yaml", "kim", "closing.sig");
    let (code, decision, _) = desk.check("normal", NEXT_AT, &[&GIVEN[..], &["--emergency", "closing.yaml"]].concat());
    assert_eq!((code, decision["outcome"].as_str()), (0, Some("pass")), "{:?}", messages(&decision));
    desk.write("closing.yaml", &CLOSING.replace("sound", "fine"));
    let (code, _, _) = desk.check("normal", NEXT_AT, &[&GIVEN[..], &["--emergency", "closing.yaml"]].concat());
    assert_eq!(code, 1);
}

#[test]
fn history_that_cannot_be_verified_is_no_clean_sheet() {
    let desk = Desk::new();
    desk.check("emergency", EMERGENCY_AT, &[&["--emergency", "record.yaml"][..], &KEPT].concat());
    let folder = std::fs::read_dir(desk.path("history")).unwrap().next().unwrap().unwrap().path();

    // An obligation taken out of the stored document: the blob is no longer what was signed.
    let blobs = folder.join("blobs/sha256");
    for blob in std::fs::read_dir(blobs).unwrap() {
        let path = blob.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        if text.contains("\"obligations\"") && text.contains("EM-7") && text.contains("countersign/decision/v1") {
            std::fs::write(&path, text.replace("the review of emergency EM-7", "nothing")).unwrap();
        }
    }
    let (code, decision, _) = desk.check("normal", NEXT_AT, &GIVEN);
    assert_eq!((code, decision["outcome"].as_str()), (0, Some("warn")));
    assert!(messages(&decision)[0].starts_with("evidence of an earlier decision cannot be verified"));

    // With another key nothing of it is believed.
    let made = command().current_dir(desk.dir.path()).args(["key", "new", "--out", "other"]).output().unwrap();
    assert!(made.status.success());
    let (_, decision, _) = desk.check("normal", NEXT_AT, &["--history", "history", "--history-key", "other.pub.pem"]);
    assert!(messages(&decision)[0].starts_with("evidence of an earlier decision cannot be verified"));

    // Without a key, or without the directory, there is no decision.
    assert_eq!(desk.check("normal", NEXT_AT, &["--history", "history"]).0, 2);
    let (code, _, errors) = desk.check("normal", NEXT_AT, &["--history", "nowhere", "--history-key", "gate.pub.pem"]);
    assert!(code == 3 && errors.contains("no such directory"), "{code} {errors}");
}

#[test]
fn no_history_blocks_where_the_profile_demands_it_and_an_empty_one_does_not() {
    let desk = Desk::new();
    let profile = fixture("profiles/history.yaml");
    let profile = ["--profile", profile.to_str().unwrap()];
    assert_eq!(desk.check("normal", NEXT_AT, &profile).0, 1);
    let (code, decision, _) = desk.check("normal", NEXT_AT, &[&profile[..], &GIVEN].concat());
    assert_eq!((code, decision["outcome"].as_str()), (0, Some("pass")), "{:?}", messages(&decision));
}

#[test]
fn two_emergencies_and_a_record_that_is_not_there_are_errors() {
    let desk = Desk::new();
    let two = ["--emergency", "record.yaml", "--emergency", "record.yaml"];
    let (code, _, errors) = desk.check("emergency", EMERGENCY_AT, &two);
    assert!(code == 3 && errors.contains("a second emergency"), "{code} {errors}");
    assert_eq!(desk.check("emergency", EMERGENCY_AT, &["--emergency", "nowhere.yaml"]).0, 3);
    assert!(!Path::new("history").exists());
}
