//! A ratchet from run to run: the evidence of one decision is the baseline of the next, signed with a real key.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::support::{command, fixture};

const COMMIT: &str = "8f3c1d2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e";

struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["gate", "other"] {
            let made = command().current_dir(desk.dir.path()).args(["key", "new", "--out", name]).output().unwrap();
            assert!(made.status.success());
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Decides about these weaknesses (path, line, severity, what stands there), by the profile of the ratchet's scenarios.
    fn check(&self, weaknesses: &[(&str, u64, &str, &str)], at: &str, more: &[&str]) -> (i32, Value, String) {
        let results: Vec<Value> = weaknesses
            .iter()
            .map(|(path, line, severity, content)| {
                json!({"kind": "weakness", "rule": {"id": "js.eval"}, "severity": severity, "title": "Evaluates text",
                       "location": {"path": path, "line": line}, "fingerprint": content})
            })
            .collect();
        let report = json!({"schema": "countersign/generic-findings/v1", "tool": {"name": "example-scanner"},
            "checks": ["secrets", "sast", "dependencies"], "target": {"commit": COMMIT}, "finished_at": at,
            "state": "complete", "results": results});
        std::fs::write(self.path("report.json"), report.to_string()).unwrap();
        let change = json!({"author": "ana", "repository": "example/shop", "commit": COMMIT, "branch": "main",
            "approvals": [{"by": "jo", "commit": COMMIT}]});
        std::fs::write(self.path("change.json"), change.to_string()).unwrap();
        let json = self.path("decision.json");
        let _ = std::fs::remove_file(&json);
        let mut check = command();
        check.current_dir(self.dir.path()).args(["check", "report.json", "--ci", "none", "--at", at]);
        check.args(["--change", "change.json", "--service"]).arg(fixture("scenarios/pass/service.yaml"));
        check.arg("--output").arg(format!("json={}", json.display())).args(more);
        let output = check.output().unwrap();
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        let decision = std::fs::read(&json).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok());
        (output.status.code().unwrap(), decision.unwrap_or_default(), errors)
    }

    /// The one folder of evidence below a directory.
    fn folder(&self, directory: &str) -> String {
        let mut folders = std::fs::read_dir(self.path(directory)).unwrap();
        let name = folders.next().unwrap().unwrap().file_name().into_string().unwrap();
        assert!(folders.next().is_none());
        format!("{directory}/{name}")
    }
}

fn ratchet() -> String {
    fixture("profiles/ratchet.yaml").display().to_string()
}

fn said<'a>(decision: &'a Value, rule: &str) -> Vec<&'a str> {
    let all = decision["verdicts"].as_array().unwrap().iter();
    all.filter(|verdict| verdict["rule"] == rule).map(|verdict| verdict["msg"].as_str().unwrap()).collect()
}

const OLD: [(&str, u64, &str, &str); 2] = [("web/a.js", 3, "medium", "eval-a"), ("web/b.js", 9, "medium", "eval-b")];

/// A first accepted decision with two medium weaknesses, and its evidence.
fn begun(desk: &Desk) -> String {
    let keep = ["--evidence", "first", "--key", "gate.pem"];
    let (code, decision, errors) = desk.check(&OLD, "2026-11-10T12:00:00Z", &keep);
    assert_eq!((code, decision["outcome"].as_str()), (0, Some("warn")), "{errors}");
    assert_eq!(decision["findings"][0]["known"], Value::Null);
    desk.folder("first")
}

#[test]
fn the_evidence_of_one_run_is_the_baseline_of_the_next() {
    let desk = Desk::new();
    let first = begun(&desk);
    let profile = ratchet();
    let given = ["--profile", &profile, "--baseline", &first, "--baseline-key", "gate.pub.pem"];
    let keep = ["--evidence", "second", "--key", "gate.pem"];
    // One moved within its file, the other to another file.
    let now = [("web/a.js", 44, "medium", "eval-a"), ("web/c.js", 9, "medium", "eval-b")];
    let (code, decision, errors) = desk.check(&now, "2026-11-12T12:00:00Z", &[&given[..], &keep].concat());
    assert_eq!(code, 0, "{errors}");
    for finding in decision["findings"].as_array().unwrap() {
        assert_eq!((&finding["known"], &finding["first_seen"]), (&json!(true), &json!("2026-11-10")));
    }
    // The day on which something was first seen is handed on from run to run.
    let second = desk.folder("second");
    let given = ["--profile", &profile, "--baseline", &second, "--history-key", "gate.pub.pem"];
    let more = [now[0], now[1], ("web/new.js", 1, "high", "eval-new")];
    let (code, decision, _) = desk.check(&more, "2026-11-14T12:00:00Z", &given);
    assert_eq!(code, 1);
    let days: Vec<_> =
        decision["findings"].as_array().unwrap().iter().map(|f| f["first_seen"].as_str().unwrap()).collect();
    assert_eq!(days, ["2026-11-14", "2026-11-10", "2026-11-10"]);
    assert_eq!(said(&decision, "findings/threshold").len(), 1);
}

#[test]
fn evidence_that_does_not_verify_is_no_clean_sheet() {
    let desk = Desk::new();
    let first = begun(&desk);
    let profile = ratchet();
    let with = |more: &[&str]| {
        let (code, decision, errors) = desk.check(
            &OLD,
            "2026-11-12T12:00:00Z",
            &[&["--profile", &profile, "--baseline", &first][..], more].concat(),
        );
        assert_eq!(code, 1, "{errors}");
        assert_eq!(decision["findings"][0]["known"], Value::Null);
        said(&decision, "coverage/baseline").join("; ")
    };
    assert!(with(&[]).contains("no key was given (--baseline-key)"));
    assert!(with(&["--baseline-key", "other.pub.pem"]).contains("does not verify with this key"));
    // Somebody calls an old finding milder in what was signed.
    let blobs = desk.path(&first).join("blobs/sha256");
    for blob in std::fs::read_dir(blobs).unwrap() {
        let path = blob.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        std::fs::write(&path, text.replace("eval-a", "eval-x").replace("\"medium\"", "\"high\"")).unwrap();
    }
    assert!(with(&["--baseline-key", "gate.pub.pem"]).contains("does not verify with this key"));
}

#[test]
fn a_blocked_decision_is_a_baseline_only_by_its_digest() {
    let desk = Desk::new();
    let high = [("web/a.js", 3, "high", "eval-a")];
    let keep = ["--evidence", "first", "--key", "gate.pem"];
    assert_eq!(desk.check(&high, "2026-11-10T12:00:00Z", &keep).0, 1);
    std::fs::copy(desk.path("decision.json"), desk.path("accepted.json")).unwrap();
    let first = desk.folder("first");
    let profile = ratchet();
    let (code, decision, _) = desk.check(
        &high,
        "2026-11-12T12:00:00Z",
        &["--profile", &profile, "--baseline", &first, "--baseline-key", "gate.pub.pem"],
    );
    assert_eq!(code, 1);
    assert_eq!(
        said(&decision, "coverage/baseline"),
        ["the baseline does not count: it was not accepted: outcome block, mode enforce"]
    );
    let digest = countersign::model::digest::Digest::of(std::fs::read(desk.path("accepted.json")).unwrap()).to_string();
    let (code, decision, errors) = desk.check(
        &high,
        "2026-11-12T12:00:00Z",
        &["--profile", &profile, "--baseline", "accepted.json", "--baseline-digest", &digest],
    );
    assert_eq!((code, said(&decision, "findings/ratchet").len()), (0, 1), "{errors}");
}

#[test]
fn what_is_no_baseline_is_an_error_or_a_verdict_and_says_which() {
    let desk = Desk::new();
    let at = "2026-11-12T12:00:00Z";
    let (code, _, errors) = desk.check(&[], at, &["--baseline", "nowhere.json"]);
    assert_eq!(code, 3);
    assert!(errors.contains("nowhere.json: no such file"), "{errors}");
    let (code, _, errors) = desk.check(&[], at, &["--baseline", "report.json", "--baseline-digest", "sha256:x"]);
    assert_eq!(code, 2);
    assert!(errors.contains("write it as sha256:HEX"), "{errors}");
    let (code, decision, _) = desk.check(&[], at, &["--baseline", "report.json"]);
    assert_eq!(code, 1);
    assert_eq!(
        said(&decision, "coverage/baseline"),
        ["the baseline does not count: it is no decision document (countersign/decision/v1)"]
    );
}
