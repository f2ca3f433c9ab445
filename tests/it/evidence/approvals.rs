//! Approvals that evidence keeps, verified again by whoever verifies it: step 10.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::model::digest::Digest;
use serde_json::{Value, json};

use super::made::key;
use super::replays::resigned;
use super::runs::Desk;
use crate::support::{command, fixture, scenario_arguments};

/// The scenario `excepted` in a directory of its own, with keys of people.
struct Approved {
    desk: Desk,
}

impl Approved {
    fn new() -> Self {
        let approved = Self { desk: Desk::new() };
        for name in ["change.json", "receipts.json", "service.yaml", "exceptions.yaml"] {
            std::fs::copy(fixture("scenarios/excepted").join(name), approved.path(name)).unwrap();
        }
        for name in ["kim", "eve"] {
            approved.ran("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", name]);
            approved.allow(name, "kim@example.com", &approved.public(name), "");
        }
        approved
    }

    fn path(&self, name: &str) -> PathBuf {
        self.desk.path(name)
    }

    /// `ssh-ed25519 AAAA…` of somebody.
    fn public(&self, name: &str) -> String {
        let line = std::fs::read_to_string(self.path(&format!("{name}.pub"))).unwrap();
        line.split(' ').take(2).collect::<Vec<_>>().join(" ")
    }

    /// Writes a list of allowed signers, named after whom it allows.
    fn allow(&self, file: &str, principal: &str, public: &str, more: &str) {
        let line = format!("{principal} namespaces=\"countersign-exception\"{more} {public}\n");
        std::fs::write(self.path(&format!("allowed-{file}")), line).unwrap();
    }

    fn ran(&self, program: &str, arguments: &[&str]) {
        let output = Command::new(program).args(arguments).current_dir(self.path("")).output().unwrap();
        assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// Kim signs the record, beside it.
    fn signed(self) -> Self {
        let records = std::fs::read_to_string(self.path("exceptions.yaml")).unwrap();
        std::fs::write(self.path("exceptions.yaml"), records.split("  approvals:").next().unwrap()).unwrap();
        let mut approve = command();
        approve.current_dir(self.path("")).args(["exception", "approve", "EX-2026-001", "--by", "kim@example.com"]);
        approve.args(["--key", "kim", "--allowed-signers", "allowed-kim", "--exceptions", "exceptions.yaml"]);
        let output = approve.args(["--repository", "example/shop", "--at", "2026-11-21T12:00:00Z"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        self
    }

    /// Decides; the folder of the evidence.
    fn decided(&self, more: &[&str]) -> PathBuf {
        let formats = fixture("formats").to_str().unwrap().to_owned();
        let arguments = scenario_arguments("excepted").into_iter().map(|word| word.replace("../../formats", &formats));
        let mut check = command();
        check.current_dir(self.path("")).arg("check").args(arguments).args(more);
        let output = check.args(["--evidence", "evidence", "--key", "gate.pem"]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
        self.desk.folders()[0].clone()
    }

    /// Exit code, state and words of step 10.
    fn verified(&self, folder: &Path, more: &[&str]) -> (i32, String, String) {
        let mut verify = command();
        verify.current_dir(self.path("")).arg("verify").arg(folder).args(["--key", "gate.pub.pem", "--any-subject"]);
        let output = verify.args(["--allow-pinned-clock", "--output", "json"]).args(more).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        let step = &document["steps"][10];
        assert_eq!(step["name"], "exceptions");
        let word = |name: &str| step[name].as_str().unwrap().to_owned();
        (output.status.code().unwrap(), word("state"), word("detail"))
    }
}

/// The kept facts, changed and signed anew by the gate's key.
pub(super) fn lied(folder: &Path, change: impl FnOnce(&mut Value)) {
    resigned(folder, |decision, predicate| {
        let blob = |digest: &str| folder.join(format!("blobs/sha256/{digest}"));
        let old = blob(predicate["facts"]["sha256"].as_str().unwrap());
        let mut facts: Value = serde_json::from_slice(&std::fs::read(&old).unwrap()).unwrap();
        change(&mut facts);
        let bytes = serde_json::to_vec(&facts).unwrap();
        let digest = Digest::of(&bytes);
        std::fs::remove_file(old).unwrap();
        std::fs::write(blob(&digest.hex()), bytes).unwrap();
        predicate["facts"]["sha256"] = json!(digest.hex());
        decision["gate"]["facts_digest"] = json!(digest.to_string());
    });
}

#[test]
fn a_signed_approval_is_verified_again_and_by_the_verifiers_own_list() {
    let desk = Approved::new().signed();
    let folder = desk.decided(&["--allowed-signers", "allowed-kim"]);
    let (code, state, detail) = desk.verified(&folder, &[]);
    assert_eq!((code, state.as_str()), (0, "PASS"), "{detail}");
    assert_eq!(detail, "1 signature holds, by the allowed signers kept with the evidence");
    let (code, _, detail) = desk.verified(&folder, &["--allowed-signers", "allowed-kim"]);
    assert_eq!((code, detail.as_str()), (0, "1 signature holds, by the allowed signers given"));

    desk.allow("early", "kim@example.com", &desk.public("kim"), ",valid-before=\"20261121\"");
    desk.allow("purpose", "kim@example.com", &desk.public("kim"), "");
    let purpose =
        std::fs::read_to_string(desk.path("allowed-purpose")).unwrap().replace("countersign-exception", "git");
    std::fs::write(desk.path("allowed-purpose"), purpose).unwrap();
    let gate = key().public().to_openssh("gate");
    let both = format!("kim@example.com {}\nkim@example.com {gate}\n", desk.public("kim"));
    std::fs::write(desk.path("allowed-both"), both).unwrap();
    for (more, why) in [
        (&["--allowed-signers", "allowed-eve"][..], "is not listed for this name"),
        (&["--allowed-signers", "allowed-early"], "the key is not valid at this time"),
        (&["--allowed-signers", "allowed-purpose"], "the key is not for this purpose"),
        (&["--allowed-signers", "allowed-kim", "--revoked-keys", "kim.pub"], "is revoked"),
        (&["--allowed-signers", "allowed-both"], "the gate's own key may approve as kim@example.com"),
    ] {
        let (code, state, detail) = desk.verified(&folder, more);
        assert_eq!((code, state.as_str()), (1, "FAIL"), "{more:?}: {detail}");
        assert!(detail.contains(why), "{more:?}: {detail}");
    }
}

#[test]
fn an_approval_that_nobody_signed_is_not_checked_and_where_it_is_demanded_not_verified() {
    let desk = Approved::new();
    let folder = desk.decided(&[]);
    let (code, state, detail) = desk.verified(&folder, &[]);
    assert_eq!((code, state.as_str()), (0, "NOT CHECKED"), "{detail}");
    assert!(detail.ends_with("nobody signed EX-2026-001"), "{detail}");
    assert_eq!(desk.verified(&folder, &["--allowed-signers", "allowed-kim"]).0, 5);
}

#[test]
fn a_gate_that_says_who_approved_is_not_believed() {
    let desk = Approved::new();
    let folder = desk.decided(&[]);
    lied(&folder, |facts| facts["exceptions"][0]["verified_approvers"] = json!(["kim@example.com"]));
    let (code, state, detail) = desk.verified(&folder, &[]);
    assert_eq!((code, state.as_str()), (1, "FAIL"), "{detail}");
    assert_eq!(detail, "EX-2026-001 is said to be signed by kim@example.com: no such signature is kept");

    for (change, why) in [
        (("/exceptions/0/reason", json!("because")), "the record of EX-2026-001 is not the one that took effect"),
        (("/now", json!("2026-12-24T12:00:00Z")), "EX-2026-001 took effect beyond its days or its scope"),
        (("/environment", json!("staging")), "EX-2026-001 took effect beyond its days or its scope"),
        (("/exceptions", json!([])), "EX-2026-001 took effect, and the facts do not hold it"),
        // The signature is of another repository.
        (("/change/repository", json!("example/other")), "the signature is not of these bytes"),
    ] {
        let desk = Approved::new().signed();
        let folder = desk.decided(&["--allowed-signers", "allowed-kim"]);
        let (pointer, value) = change;
        lied(&folder, |facts| *facts.pointer_mut(pointer).unwrap() = value);
        let (code, state, detail) = desk.verified(&folder, &[]);
        assert_eq!((code, state.as_str()), (1, "FAIL"), "{pointer}: {detail}");
        assert!(detail.contains(why), "{pointer}: {detail}");
    }
}

#[test]
fn the_record_of_an_emergency_is_verified_again() {
    for (scenario, state, words) in [
        ("r17-signed-emergency", "PASS", "1 signature holds, by the allowed signers kept with the evidence"),
        ("r17-unsigned", "NOT CHECKED", "nobody signed the emergency"),
        ("excepted", "NOT CHECKED", "no allowed signers were kept with the evidence; nobody signed EX-2026-001"),
        ("pass", "PASS", "no exception was applied"),
    ] {
        let desk = Desk::new();
        desk.check(scenario).output().unwrap();
        let mut verify = command();
        verify.arg("verify").args(desk.folders()).arg("--key").arg(desk.path("gate.pub.pem")).arg("--any-subject");
        let output = verify.args(["--any-outcome", "--allow-pinned-clock", "--output", "json"]).output().unwrap();
        let document: Value = serde_json::from_slice(&output.stdout).unwrap();
        let step = &document["steps"][10];
        assert_eq!(step["state"], state, "{scenario}: {step}");
        assert!(step["detail"].as_str().unwrap().contains(words), "{scenario}: {step}");
    }
}
