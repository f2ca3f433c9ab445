//! `policy bundle` and what believes a bundle, through the binary: the same bytes everywhere, nothing that `policy check` finds
//! fault with, and nothing decided by a bundle that is neither pinned nor signed by a key that was named.

use std::path::{Path, PathBuf};
use std::process::Output;

use countersign::model::digest::Digest;

use crate::support::{command, fixture, root, scenario_arguments};

const RULE: &str = "# METADATA\n# scope: package\n# title: Scans are fresh\n# description: Old scans say nothing.\n# custom:\n#   owner: platform\n#   severity: high\n#   controls: [soc2:CC7.1]\n#   remediation: scan again\npackage countersign.rules.acme.days\n\nwarn contains sprintf(\"days %d\", [data.acme.max_days])\n";
const TEST: &str = "package countersign.rules.acme.days_test\n\nimport data.countersign.rules.acme.days\n\ntest_days if count(days.warn) == 1 with data.acme.max_days as 7\n";

/// A directory of its own with an organisation's policies in `acme`.
struct Desk(tempfile::TempDir);

impl Desk {
    fn new() -> Self {
        let desk = Self(tempfile::tempdir().unwrap());
        let profile = std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap();
        for (path, text) in [
            ("acme/rules/days.rego", RULE),
            ("acme/rules/days_test.rego", TEST),
            ("acme/acme/data.yaml", "max_days: 30\nwords: [on, 'yes']\n"),
            ("acme/profile.yaml", &profile.replace("name: default", "name: acme")),
            ("acme/README.md", "# acme"),
        ] {
            desk.write(path, text.as_bytes());
        }
        desk
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.path(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }

    fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.path(path)).unwrap()
    }

    fn run(&self, arguments: &[&str]) -> (Option<i32>, String) {
        said(&command().current_dir(self.0.path()).args(arguments).output().unwrap(), self.0.path())
    }

    #[track_caller]
    fn ok(&self, arguments: &[&str]) -> String {
        let (code, text) = self.run(arguments);
        assert_eq!(code, Some(0), "{text}");
        text
    }

    fn new_key(&self, name: &str) {
        self.ok(&["key", "new", "--out", name]);
    }

    /// Decides the scenario `pass` with these arguments besides; `@` is this directory.
    fn check(&self, arguments: &[&str]) -> (Option<i32>, String) {
        let here = self.0.path().display().to_string();
        let further = arguments.iter().map(|argument| argument.replace('@', &here).replace("#sha256", "@sha256"));
        let mut check = command();
        check.current_dir(fixture("scenarios/pass")).arg("check").args(scenario_arguments("pass")).args(further);
        said(&check.output().unwrap(), self.0.path())
    }
}

fn said(output: &Output, here: &Path) -> (Option<i32>, String) {
    let all = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.code(), all.replace(&here.display().to_string(), "@"))
}

#[track_caller]
fn says((code, text): &(Option<i32>, String), exit: i32, told: &str) {
    assert_eq!(*code, Some(exit), "{text}");
    assert!(text.contains(told), "{told:?} is not in:\n{text}");
}

/// The files of a bundle, by name, and what each header says of time, owner and mode.
fn members(bytes: &[u8]) -> Vec<(String, String, [u64; 4])> {
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(bytes));
    let mut all = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let path = entry.path().unwrap().display().to_string();
        let header = entry.header();
        let about =
            [header.mtime().unwrap(), header.uid().unwrap(), header.gid().unwrap(), u64::from(header.mode().unwrap())];
        let mut text = String::new();
        std::io::Read::read_to_string(&mut entry, &mut text).unwrap();
        all.push((path, text, about));
    }
    all
}

#[test]
fn the_same_policies_are_the_same_bytes_in_the_layout_of_opa() {
    let desk = Desk::new();
    let text = desk.ok(&["policy", "bundle", "acme", "--output", "acme.tar.gz", "--revision", "7"]);
    let bytes = desk.read("acme.tar.gz");
    let pin = format!("acme.tar.gz@{}", Digest::of(&bytes));
    assert_eq!(text, format!("1 policies and 1 data files, revision 7\n{pin}\n"));

    let members = members(&bytes);
    let names: Vec<&str> = members.iter().map(|(name, ..)| name.as_str()).collect();
    assert_eq!(names, [".manifest", "acme/data.json", "profile.yaml", "rules/days.rego"]);
    assert!(members.iter().all(|(.., about)| *about == [0, 0, 0, 0o644]), "{members:?}");
    let manifest: serde_json::Value = serde_json::from_str(&members[0].1).unwrap();
    assert_eq!(
        manifest,
        serde_json::json!({
            "revision": "7", "roots": ["acme", "countersign/rules/acme/days"], "rego_version": 1,
            "metadata": {"countersign": {"rules": ["acme/days"], "profile": true}},
        })
    );
    // What the gate reads in the YAML, in the form that leaves no reader a choice.
    let data: serde_json::Value = serde_json::from_str(&members[1].1).unwrap();
    assert_eq!(data, serde_json::json!({"max_days": 30, "words": [true, "yes"]}));
    assert_eq!(bytes[..10], [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 2, 255], "the gzip header says neither when nor where");

    // Elsewhere, later, by somebody with another umask and other modes.
    let other = Desk::new();
    std::fs::rename(other.path("acme"), other.path("policies")).unwrap();
    let there = other.path("policies").display().to_string();
    let mut again = std::process::Command::new("sh");
    again
        .args(["-c", "umask 077; touch -d 2001-01-01 \"$2/rules/days.rego\"; chmod 600 \"$2/rules/days.rego\"; exec \"$1\" policy bundle \"$2\" --output ./other.tgz --revision 7", "sh"])
        .args([env!("CARGO_BIN_EXE_countersign"), &there])
        .current_dir(other.0.path());
    let (code, text) = said(&again.output().unwrap(), other.0.path());
    assert_eq!(code, Some(0), "{text}");
    assert_eq!(other.read("other.tgz"), bytes);

    // A bundle of a bundle is the bundle.
    desk.ok(&["policy", "bundle", "acme.tar.gz", "--output", "again.tar.gz", "--revision", "7"]);
    assert_eq!(desk.read("again.tar.gz"), bytes);
    says(&desk.check(&["--policy", &format!("@/{}", pin.replace('@', "#"))]), 0, "days 30");
}

#[test]
fn rego_v0_is_packed_as_such_where_a_namespace_names_it() {
    let desk = Desk::new();
    let v0 = fixture("policies/v0").display().to_string();
    says(&desk.run(&["policy", "bundle", &v0, "--output", "v0.tar.gz"]), 3, "would not be evaluated");
    desk.ok(&["policy", "bundle", &v0, "--output", "v0.tar.gz", "--namespace", "main"]);
    let bytes = desk.read("v0.tar.gz");
    let members = members(&bytes);
    let manifest: serde_json::Value = serde_json::from_str(&members[0].1).unwrap();
    // As the member is called; tests/opa holds OPA to it.
    assert_eq!(manifest["file_rego_versions"], serde_json::json!({"main.rego": 0}));
    assert_eq!(members[1].0, "main.rego");
    let pinned = format!("@/v0.tar.gz#{}", Digest::of(&bytes));
    says(&desk.check(&["--policy", &pinned, "--namespace", "main"]), 0, "PASS");
}

#[test]
fn what_policy_check_finds_fault_with_is_not_packed() {
    let desk = Desk::new();
    let bundle = ["policy", "bundle", "acme", "--output", "acme.tar.gz"];
    for (path, text, told) in [
        ("acme/rules/days.rego", RULE.replace("#   owner: platform\n", ""), "METADATA lacks custom.owner"),
        ("acme/rules/days.rego", RULE.replace("soc2:CC7.1", "soc2:CC99.9"), "the control `soc2:CC99.9` is not known"),
        ("acme/rules/days_test.rego", TEST.replace("== 1", "== 0"), "test_days does not pass"),
        (
            "acme/rules/days_test.rego",
            TEST.replace("count(days.warn) == 1 with data.acme.max_days as 7", "true"),
            "no test makes the rule acme/days give a verdict",
        ),
        ("acme/countersign/data.json", "{}".to_owned(), "the data root `countersign` is a package's"),
        ("acme/acme/data.json", "{}".to_owned(), "the bundle would hold acme/data.json twice"),
        ("acme/acme/data.yaml", "max_days: 30\nmax_days: 31\n".to_owned(), "duplicate"),
        ("acme/profile.yaml", "name: acme\nruels: {}\n".to_owned(), "acme/profile.yaml"),
    ] {
        let before = std::fs::read(desk.path(path)).ok();
        desk.write(path, text.as_bytes());
        says(&desk.run(&bundle), 3, told);
        assert!(!desk.path("acme.tar.gz").exists(), "{told}");
        match before {
            Some(bytes) => desk.write(path, &bytes),
            None => std::fs::remove_file(desk.path(path)).unwrap(),
        }
    }
    says(&desk.run(&["policy", "bundle", "acme", "--output", "acme.zip"]), 2, "no name of a bundle");
    says(&desk.run(&["policy", "bundle", "missing", "--output", "a.tar.gz"]), 3, "missing: no such file");
    says(&desk.run(&["policy", "bundle", "--output", "a.tar.gz"]), 2, "required");
    desk.ok(&bundle);
}

#[test]
fn a_bundle_is_believed_by_its_pin_or_by_a_signature_and_else_not_at_all() {
    let desk = Desk::new();
    for name in ["policy", "other"] {
        desk.new_key(name);
    }
    let pack = ["policy", "bundle", "acme", "--output", "acme.tar.gz"];
    desk.ok(&pack);
    let digest = Digest::of(desk.read("acme.tar.gz"));
    let unproven = desk.check(&["--policy", "@/acme.tar.gz"]);
    says(&unproven, 3, "@/acme.tar.gz: a bundle that is neither pinned nor signed by a key that is named");
    says(&unproven, 3, &format!("write @/acme.tar.gz@{digest} where these are the right bytes"));

    let signed = ["--policy", "@/acme.tar.gz", "--bundle-key", "@/policy.pub.pem"];
    says(&desk.check(&signed), 3, "not signed: there is no @/acme.tar.gz.dsse.json");
    let text = desk.ok(&[pack.as_slice(), &["--key", "policy.pem"]].concat());
    assert!(text.contains("\nacme.tar.gz.dsse.json signed by SHA256:"), "{text}");
    says(&desk.check(&signed), 0, "days 30");
    says(&desk.check(&[signed.as_slice(), &["--bundle-key", "@/other.pub.pem"]].concat()), 0, "days 30");
    // The digest holds, and the signature is demanded as well.
    let pinned = format!("@/acme.tar.gz#{digest}");
    says(&desk.check(&["--policy", &pinned, "--bundle-key", "@/policy.pub.pem"]), 0, "days 30");
    says(
        &desk.check(&["--policy", &pinned, "--bundle-key", "@/other.pub.pem"]),
        3,
        "which is no key that is trusted for policies",
    );
    says(&desk.check(&["--policy", "@/acme.tar.gz", "--bundle-key", "@/policy.pem"]), 3, "is a private key");
    says(&desk.check(&["--policy", "@/acme.tar.gz", "--bundle-key", "@/no.pem"]), 3, "@/no.pem: no such file");
    // The same by configuration.
    let here = desk.0.path().display().to_string();
    desk.write(
        "c.yaml",
        format!("policy: ['{here}/acme.tar.gz']\nbundle_keys: ['{here}/policy.pub.pem']\n").as_bytes(),
    );
    says(&desk.check(&["--config", "@/c.yaml"]), 0, "days 30");
    desk.write("c.yaml", format!("policy: ['{here}/acme.tar.gz']\n").as_bytes());
    says(&desk.check(&["--config", "@/c.yaml"]), 3, "neither pinned nor signed");
    for command in [["policy", "list", "--policy"].as_slice(), &["policy", "eval", "c.yaml", "-p"]] {
        says(&desk.run(&[command, &["acme.tar.gz"]].concat()), 3, "neither pinned nor signed");
    }
    let listed = desk.ok(&["policy", "list", "--policy", "acme.tar.gz", "--bundle-key", "policy.pub.pem"]);
    assert!(listed.contains("organisation layer\n  acme/days"), "{listed}");

    says(&desk.run(&pack), 3, "acme.tar.gz.dsse.json: the signature of another bundle");
}

#[test]
fn what_was_changed_after_signing_is_refused() {
    let desk = Desk::new();
    for name in ["policy", "other"] {
        desk.new_key(name);
    }
    let pack = |name: &str, revision: &str, key: &str| {
        desk.ok(&["policy", "bundle", "acme", "--output", name, "--revision", revision, "--key", key]);
    };
    pack("acme.tar.gz", "7", "policy.pem");
    pack("old.tar.gz", "6", "policy.pem");
    pack("theirs.tar.gz", "7", "other.pem");
    let (bundle, envelope) = (desk.read("acme.tar.gz"), desk.read("acme.tar.gz.dsse.json"));
    let text = String::from_utf8(envelope.clone()).unwrap();
    let fingerprint = |name: &str| desk.ok(&["key", "show", name]).split_whitespace().next().unwrap().to_owned();
    let theirs = String::from_utf8(desk.read("theirs.tar.gz.dsse.json")).unwrap();
    let renamed = theirs.replace(&fingerprint("other.pub.pem"), &fingerprint("policy.pub.pem"));
    assert_ne!(renamed, theirs);
    let mut flipped = bundle.clone();
    *flipped.last_mut().unwrap() ^= 1;
    let middle = bundle.len() / 2;
    let mut changed = bundle.clone();
    changed[middle] ^= 1;
    for (bytes, signature, told) in [
        (&flipped, text.as_str(), "the signature is about sha256:"),
        (&changed, &text, "the signature is about sha256:"),
        (&desk.read("old.tar.gz"), &text, "the signature is about sha256:"),
        (&bundle, std::str::from_utf8(&desk.read("old.tar.gz.dsse.json")).unwrap(), "the signature is about sha256:"),
        (&bundle, &theirs, "which is no key that is trusted for policies"),
        (&bundle, &renamed, "the signature is not this key's over this payload"),
        (&bundle, &text.replace("in-toto+json", "countersign.trust+json"), "the payload type is not"),
        (&bundle, &format!("{text}\n"), "not spelled as the gate spells it"),
        (&bundle, "{}", "missing field"),
        (&bundle, "", "acme.tar.gz.dsse.json: "),
    ] {
        desk.write("acme.tar.gz", bytes);
        desk.write("acme.tar.gz.dsse.json", signature.as_bytes());
        says(&desk.check(&["--policy", "@/acme.tar.gz", "--bundle-key", "@/policy.pub.pem"]), 3, told);
    }
    desk.write("acme.tar.gz", &bundle);
    desk.write("acme.tar.gz.dsse.json", &envelope);
    says(&desk.check(&["--policy", "@/acme.tar.gz", "--bundle-key", "@/policy.pub.pem"]), 0, "days 30");
}

#[test]
fn a_trust_file_says_which_keys_sign_policies_and_until_when() {
    let desk = Desk::new();
    for name in ["root", "policy", "gate"] {
        desk.new_key(name);
    }
    let pack = |key: &str| {
        desk.ok(&["policy", "bundle", "acme", "--output", "acme.tar.gz", "--revision", "7", "--key", key]);
    };
    let trust = |arguments: &[&str]| desk.run(&[&["key", "trust"], arguments, &["--root-key", "root.pem"]].concat());
    let check =
        || desk.check(&["--policy", "@/acme.tar.gz", "--trust", "@/trust.dsse.json", "--trust-root", "@/root.pub.pem"]);
    let long_ago = ["--valid-from", "2020-01-01T00:00:00Z"];
    let add = |key: &str, role: &str, further: &[&str]| {
        trust(&[&["add", key, "--role", role], long_ago.as_slice(), further].concat())
    };
    says(&add("gate.pub.pem", "gate", &[]), 0, "version 1");
    pack("gate.pem");
    says(&check(), 3, "which is no key that is trusted for policies");
    says(
        &add("policy.pub.pem", "policy", &["--repository", "acme/shop"]),
        3,
        "is a policy key, and those have neither repositories nor environments",
    );
    pack("policy.pem");
    says(&check(), 3, "which is no key that is trusted for policies");
    says(&add("policy.pub.pem", "policy", &[]), 0, "version 2");
    says(&check(), 0, "days 30");
    let shown = desk.ok(&["key", "trust", "show", "--trust", "trust.dsse.json", "--trust-root", "root.pub.pem"]);
    assert!(shown.contains("  policy  repositories all"), "{shown}");
    let id = desk.ok(&["key", "show", "policy.pub.pem"]).split_whitespace().next().unwrap().to_owned();
    says(&trust(&["revoke", &id, "--reason", "laptop lost"]), 0, "version 3");
    says(&check(), 3, "is revoked since");
    // Another root, and a demanded version that the file has not.
    says(
        &desk.check(&["--policy", "@/acme.tar.gz", "--trust", "@/trust.dsse.json", "--trust-root", "@/gate.pub.pem"]),
        3,
        "0 of the roots signed it",
    );
}

#[test]
fn a_diff_says_which_way_policies_went() {
    let desk = Desk::new();
    let declared = "#   remediation: scan again\n#   overridable: [{key: data.acme.max_days, direction: only-lower}]\n";
    desk.write("acme/rules/days.rego", RULE.replace("#   remediation: scan again\n", declared).as_bytes());
    desk.ok(&["policy", "bundle", "acme", "--output", "acme-6.tar.gz"]);
    let same = desk.ok(&["policy", "diff", "acme-6.tar.gz", "acme", "--fail-on-looser"]);
    assert_eq!(same, "0 looser, 0 changed, 0 stricter\n");

    let profile = String::from_utf8(desk.read("acme/profile.yaml")).unwrap();
    desk.write("acme/profile.yaml", profile.replace("\nrules: {}", "\nrules: {acme/days: warn}").as_bytes());
    desk.write("acme/acme/data.yaml", b"max_days: 14\nwords: [on]\n");
    let old = String::from_utf8(desk.read("acme/rules/days.rego")).unwrap();
    desk.write("acme/rules/days.rego", old.replace("severity: high", "severity: low").as_bytes());
    desk.write("acme/rules/more.rego", RULE.replace("acme.days", "acme.more").as_bytes());
    let text = desk.ok(&["policy", "diff", "acme-6.tar.gz", "acme"]);
    assert_eq!(
        text,
        "looser    rule acme/days: severity high -> low\n\
         stricter  rule acme/more is new (Scans are fresh)\n\
         stricter  data.acme.max_days 30 -> 14\n\
         changed   data.acme.words [true,\"yes\"] -> [true]\n\
         looser    profile.rules.acme/days is new (warn)\n\
         2 looser, 1 changed, 2 stricter\n"
    );
    says(&desk.run(&["policy", "diff", "acme-6.tar.gz", "acme", "--fail-on-looser"]), 1, "2 looser");
    says(&desk.run(&["policy", "diff", "acme", "gone"]), 3, "gone: no such file");
    let json = desk.ok(&["policy", "diff", "acme-6.tar.gz", "acme", "--output", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["schema"], "countersign/policy-diff/v1");
    assert_eq!(
        document["differences"][2],
        serde_json::json!({"part": "data", "key": "data.acme.max_days", "way": "stricter", "field": "", "old": 30, "new": 14})
    );
}
