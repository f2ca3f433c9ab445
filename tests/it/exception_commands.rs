//! `exception …` through the binary: what is said of records before anything is decided, and what is written into their files.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::{command, fixture};

/// A directory with the inputs of the scenario `excepted`.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let place = Self { dir: tempfile::tempdir().unwrap() };
        for name in ["change.json", "receipts.json", "service.yaml", "exceptions.yaml"] {
            place.write(name, &std::fs::read_to_string(fixture("scenarios/excepted").join(name)).unwrap());
        }
        place
    }

    fn path(&self) -> &Path {
        self.dir.path()
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path().join(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut run = command();
        run.current_dir(self.path()).arg("exception").args(arguments);
        run
    }

    /// Exit code, standard output, standard error.
    fn run(&self, arguments: &[&str]) -> (i32, String, String) {
        let output = self.command(arguments).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
    }

    /// A command that reads records, on the day of the scenario.
    fn look(&self, arguments: &[&str]) -> (i32, String, String) {
        let here =
            ["--ci", "none", "--at", "2026-11-21T12:00:00Z", "--service", "service.yaml", "--change", "change.json"];
        let records = ["--exceptions", "exceptions.yaml"];
        self.run(&[arguments, &here, &records].concat())
    }
}

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn report(path: &str) -> String {
    fixture("formats").join(path).to_string_lossy().into_owned()
}

/// One record without a fault, and one of each kind of fault.
const FAULTY: &str = "\
# kept
- id: EX-1
  match: { ids: [CVE-2026-1] }
  owner: team-stock
  reason: r
  mitigation: m
  created: 2026-11-10
  expires: 2026-11-30
  approvals: [{ by: kim@example.com }]
- id: EX-2
  match: { ids: [CVE-2026-2] }
  owner: team-stock
  reason: r
  mitigation: m
  created: 2026-11-10
  expires: 2028-11-30
- id: EX-3
  match: { ids: [CWE-79] }
  owner:
  reason: r
  mitigation: m
  created: 2026-11-10
  expires_at: 2026-11-30
";

#[test]
fn lint_names_faults_of_form_and_of_governance_together() {
    let place = Place::new();
    place.write("exceptions.yaml", FAULTY);
    let (code, out, err) = place.look(&["lint"]);
    assert_eq!((code, err.as_str()), (3, ""), "{out}");
    for line in [
        "exceptions.yaml:16:12: EX-2: it lives 751 days, at most 365 for an info finding of a service that is internal",
        "  next: mend the record; the figures stand in the profile default under `exceptions`",
        "exceptions.yaml:18:18: `CWE-79` is a class of weaknesses",
        "exceptions.yaml:19:8: `owner` is blank",
        "exceptions.yaml:23:3: unknown key `expires_at`",
        "  next: did you mean `expires`?",
        "2 records could be judged, 5 faults",
    ] {
        assert!(out.contains(line), "{line}\n{out}");
    }
    assert!(!out.contains("EX-1"), "{out}");

    let (code, out, _) = place.look(&["lint", "--output", "json", "--output", "human=lint.txt"]);
    let document = json(&out);
    assert_eq!((code, &document["schema"]), (3, &Value::from("countersign/exception-lint/v1")));
    let kinds: Vec<&str> = document["faults"].as_array().unwrap().iter().map(|f| f["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["governance", "form", "form", "form", "form"]);
    assert_eq!(document["faults"][0]["exception"], "EX-2");
    assert!(place.read("lint.txt").ends_with("5 faults\n"));
}

#[test]
fn lint_judges_a_record_by_what_it_covers_where_reports_say_so() {
    let place = Place::new();
    let record = place.read("exceptions.yaml");
    let reports = report("cargo-audit/0.22.2-ignore.json");
    let (code, out, err) = place.look(&["lint", &reports]);
    assert_eq!((code, out.as_str()), (0, "1 record, no fault\n"), "{err}");

    // Sixty days are admitted for a medium finding; what the report says of this one is worse.
    place.write("exceptions.yaml", &record.replace("expires: 2026-11-30", "expires: 2027-01-09"));
    assert_eq!(place.look(&["lint"]).0, 0);
    let (code, out, _) = place.look(&["lint", &reports]);
    assert!(code == 1 && out.contains("EX-2026-001: it lives 60 days, at most 30 for a critical finding"), "{out}");

    // A record whose day has not come is judged as of that day; one that is over is a fault.
    place.write("exceptions.yaml", &record.replace("created: 2026-11-10", "created: 2026-11-25"));
    assert_eq!(place.look(&["lint"]).0, 0);
    place.write("exceptions.yaml", &record.replace("expires: 2026-11-30", "expires: 2026-11-20"));
    let (code, out, _) = place.look(&["lint"]);
    assert!(code == 1 && out.contains("EX-2026-001: it ended on 2026-11-20"), "{out}");

    let (code, _, err) = place.run(&["lint", "--ci", "none", "--exceptions", "none.yaml"]);
    assert!(code == 3 && err.contains("none.yaml: no such file"), "{err}");
    let (code, _, err) = place.run(&["lint", "--ci", "none"]);
    assert!(code == 2 && err.contains("no exception records are named"), "{err}");
    let (code, _, err) = place.look(&["lint", "--key", "gate.pem"]);
    assert!(code == 2 && err.contains("leaves no evidence"), "{err}");
}

/// What only a decision needs may not be where somebody writes a record.
#[test]
fn lint_needs_nothing_of_a_decision() {
    let place = Place::new();
    let config = "exceptions: [exceptions.yaml]\nservice: service.yaml\nreports: [gone]\nreceipts: [receipts.json]\nhistory: [gone]\n\
                  history_key: gone.pem\nbaseline: gone\n";
    place.write("countersign.yaml", config);
    let here = ["--ci", "none", "--at", "2026-11-21T12:00:00Z"];
    let (code, out, err) = place.run(&[&["lint"], &here[..]].concat());
    assert_eq!((code, out.as_str()), (0, "1 record, no fault\n"), "{err}");
    // Receipts of reports that are not named are left alone.
    let reports = report("cargo-audit/0.22.2-ignore.json");
    let (code, out, err) = place.run(&[&["lint", &reports], &here[..]].concat());
    assert_eq!((code, out.as_str()), (0, "1 record, no fault\n"), "{err}");
}

#[test]
fn list_says_state_days_owner_and_what_is_covered() {
    let place = Place::new();
    let two = place.read("exceptions.yaml")
        + "- id: EX-9
  match: { ids: [CVE-2026-9] }
  owner: '=team'
  reason: r
  mitigation: m
  created: 2026-11-01
  expires: 2026-11-20
- id: EX-8
  match: { ids: [CVE-2026-9] }
  owner: team-x
  reason: r
  mitigation: m
  created: 2026-11-22
  expires: 2026-11-30
";
    place.write("exceptions.yaml", &two);
    let owners = "owners_of_paths: [{ path: a, owner: '=team' }, { path: b, owner: team-x }]\n";
    place.write("service.yaml", &(place.read("service.yaml") + owners));
    let (code, out, err) = place.look(&["list"]);
    let shown = "\
EX-9         expired   2026-11-20  1 day over       =team
  it ended on 2026-11-20
EX-2026-001  in-force  2026-11-30  9 days left      team-stock
EX-8         pending   2026-11-30  9 days left      team-x
3 records
";
    assert_eq!((code, out.as_str()), (0, shown), "{err}");

    let reports = report("cargo-audit/0.22.2-ignore.json");
    let (code, out, err) = place.look(&["list", &reports, "--output", "json"]);
    assert_eq!(code, 0, "{err}");
    let document = json(&out);
    let states: Vec<(&str, &str, usize)> = document["exceptions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| {
            let covers = row["covers"].as_array().unwrap().len();
            (row["id"].as_str().unwrap(), row["state"].as_str().unwrap(), covers)
        })
        .collect();
    assert_eq!(states[0], ("EX-9", "expired", 0));
    assert_eq!((states[1].0, states[1].2), ("EX-2026-001", 1));
    assert!(["decisive", "used"].contains(&states[1].1), "{states:?}");

    let (_, out, _) = place.look(&["list", "--output", "csv"]);
    let rows: Vec<&str> = out.split("\r\n").collect();
    assert_eq!(rows[0], "id,state,expires,days_left,owner,ticket,renewals,file,line,covers,because");
    assert_eq!(
        rows[1],
        "\"EX-9\",expired,2026-11-20,-1,\"'=team\",\"\",0,\"exceptions.yaml\",13,\"\",\"it ended on 2026-11-20\""
    );
    place.write("exceptions.yaml", FAULTY);
    let (code, _, err) = place.look(&["list"]);
    assert!(code == 3 && err.contains("exceptions.yaml:19:8"), "{err}");
}

#[test]
fn new_writes_the_narrowest_record_and_says_what_policy_still_asks_for() {
    let place = Place::new();
    let before = place.read("exceptions.yaml");
    let reports = report("cargo-audit/0.22.2-ignore.json");
    let given = ["new", &reports, "--finding", "RUSTSEC-2021-0003", "--ticket", "SEC-1"];
    let (code, out, err) = place.look(&given);
    assert_eq!((code, out.as_str()), (2, ""), "{err}");
    for flag in ["--owner", "--reason", "--mitigation", "--expires"] {
        assert!(err.contains(&format!("error: {flag} is missing")), "{flag}\n{err}");
    }
    assert_eq!(place.read("exceptions.yaml"), before);

    let governed = ["--owner", "team-stock", "--reason", "not: called", "--mitigation", "sandbox", "--days", "9"];
    let (code, out, err) = place.look(&[&given[..], &governed].concat());
    assert_eq!(code, 0, "{err}");
    assert!(out.starts_with("EX-2026-002 written to exceptions.yaml\n  covers 1 finding now\n"), "{out}");
    assert!(out.contains("does not count yet: it has 0 of 1 approvals"), "{out}");
    let after = place.read("exceptions.yaml");
    let record = after.strip_prefix(&before).unwrap();
    assert_eq!(
        record,
        "\
- id: EX-2026-002
  match: { ids: [CVE-2021-25900, GHSA-43w2-9j62-hq99, RUSTSEC-2021-0003], package: \"pkg:cargo/smallvec@1.6.0\" }
  scope: { service: [stock], environment: [production], repository: [example/shop] }
  owner: team-stock
  reason: \"not: called\"
  mitigation: sandbox
  created: 2026-11-21
  expires: 2026-11-30
  ticket: SEC-1
"
    );

    // From a decision or a list of findings, into a file that is made.
    let listed = command().args(["findings", "--output", "json", &reports]).output().unwrap();
    std::fs::write(place.path().join("findings.json"), &listed.stdout).unwrap();
    let id = json(&String::from_utf8(listed.stdout).unwrap())["findings"][0]["id"].as_str().unwrap().to_owned();
    let from = ["new", "--finding", &id, "--decision", "findings.json", "--file", "more.toml", "--any", "repository"];
    let (code, out, err) = place.look(&[&from[..], &governed].concat());
    assert!(code == 0 && out.starts_with("EX-2026-003 written to more.toml\n"), "{out}{err}");
    assert!(
        place.read("more.toml").starts_with("[[exception]]\nid = \"EX-2026-003\"\n"),
        "{}",
        place.read("more.toml")
    );

    let verdict = ["new", "--verdict", "calendar/freeze", "--id", "FREEZE-1", "--dry-run"];
    let (code, out, _) = place.look(&[&verdict[..], &governed].concat());
    assert!(code == 0 && out.starts_with("- id: FREEZE-1\n  match: { verdict: calendar/freeze }\n"), "{out}");
    assert_eq!(place.read("exceptions.yaml"), after);
}

#[test]
fn new_refuses_what_would_be_no_record() {
    let place = Place::new();
    let governed = ["--owner", "o", "--reason", "r", "--mitigation", "m", "--days", "9"];
    let reports = report("cargo-audit/0.22.2-ignore.json");
    for (arguments, code, why) in [
        (&["new"][..], 2, "nothing says what the record is about"),
        (&["new", "--path", "**"], 3, "match everything"),
        (&["new", "--ids", "CWE-79"], 3, "a class of weaknesses"),
        (&["new", "--ids", "CVE-2026-1", "--id", "EX-2026-001"], 3, "a record `EX-2026-001` is there already"),
        (&["new", "--ids", "CVE-2026-1", "--kind", "bug"], 2, "no kind of finding"),
        (&["new", "--finding", "CVE-1999-1", &reports], 3, "there is no finding `CVE-1999-1`"),
        (&["new", "--finding", "RUSTSEC-2021-0003", "--path", "web/**", &reports], 3, "the record would not cover"),
    ] {
        let (found, out, err) = place.look(&[arguments, &governed].concat());
        assert!(found == code && err.contains(why), "{arguments:?}: {found}\n{out}{err}");
    }
    let late =
        ["new", "--ids", "CVE-2026-1", "--owner", "o", "--reason", "r", "--mitigation", "m", "--expires", "2026-11-20"];
    let (code, _, err) = place.look(&late);
    assert!(code == 2 && err.contains("it would end on 2026-11-20"), "{err}");
}

/// Records in JSON, and files that an editor put a byte order mark into, from the request to the renewal.
#[test]
fn json_and_marked_files_are_kept_as_they_are_written() {
    let place = Place::new();
    let governed = ["--owner", "team-stock", "--reason", "r", "--mitigation", "m", "--days", "9"];
    place.write("marked.yaml", "\u{feff}# ours\n[]\n");
    for file in ["new.json", "marked.yaml"] {
        let id = format!("EX-{file}");
        let new = ["new", "--ids", "CVE-2026-1", "--id", &id, "--file", file];
        let (code, _, err) = place.look(&[&new[..], &governed].concat());
        assert_eq!(code, 0, "{err}");
        let at = ["--exceptions", file, "--at", "2026-11-25T12:00:00Z"];
        let (code, out, err) =
            place.run(&[&["renew", &id, "--until", "2026-12-05", "--reason", "later"], &at[..]].concat());
        assert_eq!(code, 0, "{out}{err}");
        let (code, shown, err) = place.run(&["show", &id, "--exceptions", file]);
        let record = json(&shown);
        assert_eq!(
            (code, &record["expires"], &record["renewals"][0]["on"]),
            (0, &"2026-12-05".into(), &"2026-11-25".into()),
            "{err}"
        );
    }
    assert!(place.read("new.json").starts_with("[\n  {\n    \"id\": \"EX-new.json\",\n"), "{}", place.read("new.json"));
    assert!(
        place.read("marked.yaml").starts_with("\u{feff}# ours\n- id: EX-marked.yaml\n"),
        "{}",
        place.read("marked.yaml")
    );
    place.write(".trivyignore.yaml", "\u{feff}vulnerabilities:\n  - id: CVE-2026-1\n");
    let (code, out, err) = place.run(&["import", ".trivyignore.yaml", "--as", "json"]);
    assert!(code == 0 && json(&out)[0]["owner"] == "TODO", "{out}{err}");
}

#[test]
fn renew_counts_and_explains() {
    let place = Place::new();
    let before = place.read("exceptions.yaml");
    let at = ["--at", "2026-11-21T12:00:00Z", "--exceptions", "exceptions.yaml"];
    let (code, out, err) =
        place.run(&[&["renew", "EX-2026-001", "--until", "2026-12-05", "--reason", "STOCK-90"], &at[..]].concat());
    assert_eq!((code, out.as_str()), (0, "EX-2026-001 ends on 2026-12-05 (renewal 1): exceptions.yaml\n"), "{err}");
    let renewed = "  expires: 2026-12-05\n  renewals:\n    - { on: 2026-11-21, until: 2026-12-05, reason: STOCK-90 }\n";
    assert_eq!(place.read("exceptions.yaml"), before.replace("  expires: 2026-11-30\n", renewed));
    for (id, until, reason, code, why) in [
        ("EX-2026-001", "2026-12-05", "r", 2, "the record ends on 2026-12-05"),
        ("EX-2026-001", "soon", "r", 2, "--until soon: not a date"),
        ("EX-2026-001", "2026-12-31", " ", 2, "--reason is blank"),
        ("EX-1", "2026-12-31", "r", 3, "there is no record `EX-1`"),
    ] {
        let (found, _, err) = place.run(&[&["renew", id, "--until", until, "--reason", reason], &at[..]].concat());
        assert!(found == code && err.contains(why), "{why}: {found} {err}");
    }
}

#[test]
fn approve_signs_with_a_key_or_the_agent_and_the_signature_counts() {
    let place = Place::new();
    let record = place.read("exceptions.yaml").split("  approvals:").next().unwrap().to_owned();
    place.write("exceptions.yaml", &record);
    for (name, kind) in [("kim", "ed25519"), ("lee", "ecdsa")] {
        let made = Command::new("ssh-keygen")
            .args(["-q", "-t", kind, "-N", "", "-C", name, "-f", name])
            .current_dir(place.path())
            .status()
            .unwrap();
        assert!(made.success());
    }
    let signers = |who: &str, key: &str| format!("{who}@example.com {}", place.read(&format!("{key}.pub")));
    place.write("allowed_signers", &(signers("kim", "kim") + &signers("lee", "lee")));
    let here = ["--exceptions", "exceptions.yaml", "--repository", "example/shop", "--at", "2026-11-21T12:00:00Z"];
    let trusted = ["--allowed-signers", "allowed_signers"];
    let approve = |by: &str, key: &str, more: &[&str]| {
        place.run(&[&["approve", "EX-2026-001", "--by", by, "--key", key], &here[..], more].concat())
    };

    for (by, key, code, why) in [
        ("team-stock", "kim", 3, "team-stock is the owner of EX-2026-001"),
        ("lee@example.com", "kim", 3, "is not listed for this name"),
        ("eve@example.com", "kim", 3, "no allowed signer has this name"),
        ("kim@example.com", "nobody", 3, "ssh-keygen did not sign with nobody"),
    ] {
        let (found, _, err) = approve(by, key, &trusted);
        assert!(found == code && err.contains(why), "{why}: {found} {err}");
    }
    assert_eq!(place.read("exceptions.yaml"), record);

    let (code, out, err) = approve("kim@example.com", "kim", &[]);
    assert!(code == 0 && out.contains("it counts once this line is in it"), "{out}{err}");
    let (code, out, err) = approve("kim@example.com", "kim", &[&trusted[..], &["--role", "lead"]].concat());
    assert!(code == 0 && !out.contains("allowed_signers"), "{out}{err}");
    // The second time the signature is made anew, and the record names it already.
    let named =
        "  approvals:\n    - { by: kim@example.com, at: 2026-11-21, signature: EX-2026-001.kim@example.com.sig }\n";
    let expected = record.replace("  expires: 2026-11-30\n", &format!("  expires: 2026-11-30\n{named}"));
    assert_eq!(place.read("exceptions.yaml"), expected);

    // The agent holds the private key alone.
    let program = env!("CARGO_BIN_EXE_countersign");
    let script = format!(
        "ssh-add -q lee && rm lee && '{program}' exception approve EX-2026-001 --by lee@example.com --key agent {} {}",
        here.join(" "),
        trusted.join(" ")
    );
    let output = Command::new("ssh-agent").args(["sh", "-c", &script]).current_dir(place.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));

    let shown = place.run(&[
        "show",
        "EX-2026-001",
        "--exceptions",
        "exceptions.yaml",
        "--signed-bytes",
        "--repository",
        "example/shop",
    ]);
    for who in ["kim", "lee"] {
        let signature = place.path().join(format!("EX-2026-001.{who}@example.com.sig"));
        let bytes = std::fs::read(signature).unwrap();
        countersign::exceptions::verify_signature(&bytes, shown.1.as_bytes(), countersign::exceptions::NAMESPACE)
            .unwrap();
    }
    let (code, out, err) = place.look(&["lint", "--allowed-signers", "allowed_signers"]);
    assert_eq!(code, 0, "{out}{err}");
    // What is signed is the record as it was; a revoked key counts no more.
    place.write("revoked_keys", &place.read("kim.pub"));
    let revoked = ["lint", "--allowed-signers", "allowed_signers", "--revoked-keys", "revoked_keys"];
    let (code, out, _) = place.look(&revoked);
    assert!(
        code == 1 && out.contains("approval of kim@example.com: the key SHA256:") && out.contains("is revoked"),
        "{out}"
    );
    let (code, _, err) = place.look(&["lint", "--revoked-keys", "revoked_keys"]);
    assert!(code == 2 && err.contains("revoked keys without allowed signers"), "{err}");
    place.write("exceptions.yaml", &expected.replace("owner: team-stock", "owner: team-shop"));
    let (code, out, _) = place.look(&["lint", "--allowed-signers", "allowed_signers"]);
    assert!(code == 1 && out.contains("approval of kim@example.com: the signature is not of these bytes"), "{out}");
}

#[test]
fn why_not_names_every_criterion_and_what_would_match() {
    let place = Place::new();
    let reports = report("cargo-audit/0.22.2-ignore.json");
    let (code, out, err) = place.look(&["why-not", "EX-2026-001", "RUSTSEC-2021-0003", &reports]);
    assert_eq!(code, 0, "{err}");
    let first = out.lines().next().unwrap();
    assert!(first.starts_with("EX-2026-001 covers f-"), "{out}");
    assert!(!out.contains("MISS") && out.contains("  holds  package"), "{out}");

    let record = place.read("exceptions.yaml");
    place.write(
        "exceptions.yaml",
        &record
            .replace("RUSTSEC-2021-0003", "CVE-2020-1")
            .replace("pkg:cargo/smallvec\"", "pkg:cargo/smallvec@2.0.0\", path: \"web/**\", kind: secret")
            .replace("service: [stock]", "service: [shop]")
            .replace("expires: 2026-11-30", "expires: 2026-11-20"),
    );
    let (code, out, err) = place.look(&["why-not", "EX-2026-001", "RUSTSEC-2021-0003", &reports, "--output", "json"]);
    assert_eq!(code, 0, "{err}");
    let document = json(&out);
    assert_eq!(document["covers"], false);
    let told: Vec<(&str, bool, &str)> = document["criteria"]
        .as_array()
        .unwrap()
        .iter()
        .map(|line| {
            let would = line["would"].as_str().unwrap_or_default();
            (line["criterion"].as_str().unwrap(), line["holds"].as_bool().unwrap(), would)
        })
        .collect();
    assert_eq!(
        told,
        [
            ("expires", false, "expires: 2026-11-21, or later"),
            ("service", false, "service: [stock]"),
            ("environment", true, ""),
            ("ids", false, "ids: one of CVE-2021-25900, GHSA-43w2-9j62-hq99, RUSTSEC-2021-0003"),
            ("package", false, "package: pkg:cargo/smallvec@1.6.0"),
            ("kind", false, "kind: vulnerability"),
            ("path", false, "a path that matches every place, or no path"),
        ]
    );
    assert_eq!(document["policy"][0], "it ended on 2026-11-20");
    let (code, _, err) = place.look(&["why-not", "EX-1", "RUSTSEC-2021-0003", &reports]);
    assert!(code == 3 && err.contains("there is no record `EX-1`"), "{err}");
}
