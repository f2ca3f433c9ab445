//! Decisions made again from their evidence, through the binary.

use std::path::{Path, PathBuf};
use std::process::Output;

use countersign::evidence::bundle::Bundle;
use countersign::evidence::dsse::Envelope;
use countersign::model::digest::Digest;
use data_encoding::BASE64;
use serde_json::{Value, json};

use super::approvals::lied;
use super::made::key;
use super::runs::Desk;
use crate::support::{command, files_below, fixture, scenario_arguments};

const POLICY: &str = "# METADATA\n# title: t\n# custom:\n#   owner: o\npackage countersign.rules.a.r\n\n\
                      warn contains \"look at this\" if input.environment == \"production\"\n";

/// A desk with the evidence of one run, and its folder.
fn decided(scenario: &str, more: &[&str]) -> (Desk, PathBuf) {
    let desk = Desk::new();
    let output = desk.check(scenario).args(more).output().unwrap();
    let folders = desk.folders();
    assert_eq!(folders.len(), 1, "{scenario}: {}", String::from_utf8_lossy(&output.stderr));
    let folder = folders[0].clone();
    (desk, folder)
}

fn replay(desk: &Desk, folder: &Path) -> (Option<i32>, Value) {
    let output = command()
        .arg("replay")
        .arg(folder)
        .arg("--key")
        .arg(desk.path("gate.pub.pem"))
        .args(["--output", "json"])
        .output()
        .unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), document)
}

fn verify(desk: &Desk, folder: &Path, more: &[&str]) -> Output {
    let mut verify = command();
    verify.arg("verify").arg(folder).arg("--key").arg(desk.path("gate.pub.pem"));
    verify.args(["--any-outcome", "--allow-pinned-clock"]).args(more).output().unwrap()
}

/// What a gate with the right key would sign if it lied: the decision document and the statement, changed.
pub(super) fn resigned(folder: &Path, change: impl FnOnce(&mut Value, &mut Value)) {
    let read = |name: &str| std::fs::read(folder.join(name)).unwrap();
    let blob = |digest: &str| format!("blobs/sha256/{digest}");
    let envelope: Value = serde_json::from_slice(&read("decision.dsse.json")).unwrap();
    let payload = BASE64.decode(envelope["payload"].as_str().unwrap().as_bytes()).unwrap();
    let mut statement: Value = serde_json::from_slice(&payload).unwrap();
    let old = statement["predicate"]["result"]["sha256"].as_str().unwrap().to_owned();
    let mut decision: Value = serde_json::from_slice(&read(&blob(&old))).unwrap();
    change(&mut decision, &mut statement["predicate"]);
    let bytes = serde_json::to_vec(&decision).unwrap();
    let new = Digest::of(&bytes).hex();
    std::fs::remove_file(folder.join(blob(&old))).unwrap();
    std::fs::write(folder.join(blob(&new)), bytes).unwrap();
    statement["predicate"]["result"] = json!({"sha256": new});
    let sealed = Envelope::sealed(&serde_json::to_vec(&statement).unwrap(), &key()).unwrap();
    let bundle = Bundle::around(&sealed, None).unwrap().to_bytes().unwrap();
    std::fs::write(folder.join("decision.dsse.json"), sealed.to_bytes().unwrap()).unwrap();
    std::fs::write(folder.join("decision.sigstore.json"), bundle).unwrap();
}

#[test]
fn evidence_of_every_outcome_replays_to_the_same_bytes() {
    let situations = [
        "pass",
        "block",
        "excepted",
        "exception-rejected",
        "r17-rollback",
        "r1-codeowners",
        "freeze-excepted",
        "vex-not-affected",
        "vex-before-exception",
        "vex-conflict",
        "vex-untrusted",
    ];
    for scenario in situations {
        let (desk, folder) = decided(scenario, &[]);
        let (code, document) = replay(&desk, &folder);
        assert_eq!((code, &document["because"]), (Some(0), &json!("the same bytes")), "{scenario}: {document}");
    }
}

/// The reports of a scenario under other names, in a directory of their own.
fn originals(desk: &Desk, scenario: &str) -> PathBuf {
    let directory = desk.path("originals");
    std::fs::create_dir_all(directory.join("below")).unwrap();
    let arguments = scenario_arguments(scenario);
    let given =
        arguments.iter().map(|word| word.split_once(":../").map_or(word.clone(), |(_, path)| format!("../{path}")));
    let beside = fixture("scenarios").join(scenario);
    for (n, path) in given.filter(|word| word.starts_with("../../formats")).enumerate() {
        std::fs::copy(beside.join(path), directory.join(format!("below/report-{n}"))).unwrap();
    }
    for (n, path) in files_below(&beside).iter().filter(|path| path.parent() == Some(&beside)).enumerate() {
        std::fs::copy(path, directory.join(format!("beside-{n}"))).unwrap();
    }
    directory
}

fn replay_of(desk: &Desk, folder: &Path, reports: &Path) -> (Option<i32>, Value) {
    let mut replay = command();
    replay.arg("replay").arg(folder).arg("--key").arg(desk.path("gate.pub.pem")).arg("--reports").arg(reports);
    let output = replay.args(["--output", "json"]).output().unwrap();
    let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    (output.status.code(), document)
}

#[test]
fn facts_are_made_again_from_the_reports() {
    for scenario in ["pass", "block", "excepted", "freeze-excepted", "r17-signed-emergency", "r13-whole"] {
        let (desk, folder) = decided(scenario, &[]);
        let (code, document) = replay_of(&desk, &folder, &originals(&desk, scenario));
        let because = &document["because"];
        assert_eq!(
            (code, because),
            (Some(0), &json!("the same bytes; the facts are those of the reports")),
            "{document}"
        );
    }
}

#[test]
fn a_report_that_is_not_there_or_was_changed_is_named() {
    let (desk, folder) = decided("block", &[]);
    let reports = originals(&desk, "block");
    let first = reports.join("below/report-0");
    let bytes = std::fs::read(&first).unwrap();
    std::fs::write(&first, [&bytes[..], b"\n"].concat()).unwrap();
    let (code, document) = replay_of(&desk, &folder, &reports);
    assert_eq!((code, &document["result"]), (Some(5), &json!("incomplete")), "{document}");
    let because = document["because"].as_str().unwrap();
    assert!(because.contains(&Digest::of(&bytes).to_string()) && because.contains("../../formats/"), "{because}");
}

#[test]
fn facts_that_leave_out_what_the_reports_say_are_found_out() {
    let (desk, folder) = decided("block", &[]);
    let mut left_out = String::new();
    lied(&folder, |facts| {
        let finding = facts["findings"].as_array_mut().unwrap().pop().unwrap();
        left_out = finding["id"].as_str().unwrap().to_owned();
    });
    let (code, document) = replay_of(&desk, &folder, &originals(&desk, "block"));
    assert_eq!((code, &document["result"]), (Some(1), &json!("different")), "{document}");
    let differences = document["differences"].as_array().unwrap();
    assert_eq!(differences[0], format!("in the reports, and not in the facts: {left_out}"), "{document}");
}

#[test]
fn policies_of_others_replay_too_and_verify_can_demand_it() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::write(scratch.path().join("r.rego"), POLICY).unwrap();
    let (desk, folder) = decided("pass", &["--policy", scratch.path().to_str().unwrap()]);
    assert_eq!(desk.statement(&folder)["predicate"]["outcome"], "warn");
    let output = verify(&desk, &folder, &["--replay", "--output", "json"]);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let step = json!({"number": 13, "name": "replay", "state": "PASS", "required": true, "detail": "the same bytes"});
    assert_eq!(document["steps"][13], step);
}

#[test]
fn what_was_tampered_with_is_not_replayed() {
    let (desk, folder) = decided("pass", &[]);
    let policy = std::fs::read_dir(folder.join("blobs/sha256")).unwrap().map(|entry| entry.unwrap().path());
    let policy = policy.into_iter().find(|path| std::fs::read(path).unwrap().starts_with(b"# METADATA")).unwrap();
    std::fs::write(&policy, "package countersign.rules.a.b\n").unwrap();
    let (code, document) = replay(&desk, &folder);
    assert_eq!((code, document["result"].as_str()), (Some(1), Some("failed")), "{document}");
    assert!(document["because"].as_str().unwrap().starts_with("FAILED: step 9, blobs"), "{document}");
}

#[test]
fn a_gate_that_signed_another_outcome_than_its_policies_give_is_found_out() {
    let (desk, folder) = decided("block", &[]);
    resigned(&folder, |decision, predicate| {
        decision["outcome"] = json!("pass");
        decision["verdicts"].as_array_mut().unwrap().pop();
        predicate["outcome"] = json!("pass");
    });
    assert_eq!(verify(&desk, &folder, &[]).status.code(), Some(5), "the signature holds");
    let (code, document) = replay(&desk, &folder);
    assert_eq!((code, document["result"].as_str()), (Some(1), Some("different")), "{document}");
    let differences = document["differences"].as_array().unwrap();
    assert_eq!(differences[0], "the outcome was pass, and is block");
    assert!(differences[1].as_str().unwrap().starts_with("found, and not recorded: "), "{document}");
    let output = verify(&desk, &folder, &["--replay"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains("FAILED: step 13, replay: the outcome was pass"));
}

#[test]
fn what_another_version_decided_is_the_same_by_its_verdicts() {
    let (desk, folder) = decided("block", &[]);
    resigned(&folder, |decision, _| {
        decision["gate"]["version"] = json!("0.0.9");
        decision["verdicts"][0]["msg"] = json!("in other words");
    });
    let (code, document) = replay(&desk, &folder);
    assert_eq!((code, document["result"].as_str()), (Some(0), Some("same")), "{document}");
    assert!(document["because"].as_str().unwrap().contains("countersign 0.0.9"), "{document}");

    let (desk, folder) = decided("block", &[]);
    resigned(&folder, |decision, _| decision["verdicts"][0]["msg"] = json!("in other words"));
    let (code, document) = replay(&desk, &folder);
    assert_eq!((code, &document["differences"]), (Some(1), &json!(["`verdicts` is not as recorded"])));
}

#[test]
fn an_error_is_no_decision_to_be_made_again() {
    let (desk, folder) = decided("bad-exception", &[]);
    let (code, document) = replay(&desk, &folder);
    assert_eq!((code, document["result"].as_str()), (Some(5), Some("incomplete")), "{document}");
    assert!(document["because"].as_str().unwrap().contains("there was no decision"), "{document}");
}

#[test]
fn data_given_as_a_directory_is_found_as_one() {
    let (desk, folder) = decided("data-known-exploited", &[]);
    let directory = originals(&desk, "data-known-exploited");
    for name in ["kev.json", "epss.csv"] {
        std::fs::copy(fixture("data").join(name), directory.join(format!("data-{name}"))).unwrap();
    }
    let osv = directory.join("downloads/vulnerabilities");
    let copied = files_below(&fixture("data/osv"));
    for path in &copied {
        let to = osv.join(path.strip_prefix(fixture("data/osv")).unwrap());
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::copy(path, to).unwrap();
    }
    let (code, document) = replay_of(&desk, &folder, &directory);
    assert_eq!((code, &document["result"]), (Some(0), &json!("same")), "{document}");

    // Another file in it is another directory.
    std::fs::write(osv.join("more.json"), "{}").unwrap();
    let (code, document) = replay_of(&desk, &folder, &directory);
    assert_eq!((code, &document["result"]), (Some(5), &json!("incomplete")), "{document}");
    assert!(document["because"].as_str().unwrap().contains("data/osv (sha256:"), "{document}");
}

#[test]
fn a_replay_says_what_it_takes_as_it_was_recorded() {
    let about = "what git and the CI system said of the change";
    let (desk, folder) = decided("pass", &[]);
    let (_, document) = replay(&desk, &folder);
    assert_eq!(
        document["not_checked"],
        json!(["that the facts are what the reports say (--reports)", about]),
        "{document}"
    );
    let (_, document) = replay_of(&desk, &folder, &originals(&desk, "pass"));
    assert_eq!(document["not_checked"], json!([about]), "{document}");
    let output = command().arg("replay").arg(&folder).arg("--key").arg(desk.path("gate.pub.pem")).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains(&format!("NOT CHECKED {about}\n")), "{text}");

    let (desk, folder) = decided("r8-known-warns", &[]);
    let (_, document) = replay(&desk, &folder);
    assert!(document["not_checked"].to_string().contains("that the evidence of the baseline held"), "{document}");
    // Evidence that does not hold is not replayed: nothing of it was taken.
    std::fs::write(folder.join("stray"), "").unwrap();
    assert_eq!(replay(&desk, &folder).1["not_checked"], json!([]));
}

const ORGANISATIONS: &str = "\
- id: ORG-1
  match: { ids: [RUSTSEC-2021-0003] }
  owner: risk-board
  reason: the importer is the only caller in all of our services
  mitigation: the importers run in sandboxes
  created: 2026-11-10
  expires: 2026-12-05
  approvals:
    - { by: kim@example.com }
";

/// The organisation's bundle with these records, beside the desk, and the argument that pins it.
fn with_records(desk: &Desk, records: &str) -> String {
    let bytes = crate::layers::bundle(&[("exceptions.yaml", records), ("data.json", "{\"acme\": {}}")]);
    let path = desk.path("acme.tar.gz");
    std::fs::write(&path, &bytes).unwrap();
    format!("{}@{}", path.display(), Digest::of(&bytes))
}

/// The organisation's exceptions hold in every repository that uses its bundle, are shown as its own, and are kept as evidence.
#[test]
fn the_organisations_exceptions_come_with_its_bundle_alone() {
    let desk = Desk::new();
    let pinned = with_records(&desk, ORGANISATIONS);
    let decide = |desk: &Desk, policy: &str| {
        let output = desk.check("excepted").args(["--policy", policy]).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        (output.status.code(), text.split_whitespace().collect::<Vec<_>>().join(" "))
    };
    let (code, text) = decide(&desk, &pinned);
    assert_eq!(code, Some(0), "{text}");
    assert!(text.contains("ORG-1 jointly-decisive, of the organisation, covers 1 finding, owner risk-board"), "{text}");
    assert!(text.contains("EX-2026-001 jointly-decisive, covers 1 finding"), "{text}");
    let folder = desk.folders().remove(0);
    let (code, document) = replay(&desk, &folder);
    assert_eq!((code, &document["result"]), (Some(0), &json!("same")), "{document}");
    let blobs = std::fs::read_dir(folder.join("blobs/sha256")).unwrap();
    let kept: Vec<String> =
        blobs.map(|blob| std::fs::read_to_string(blob.unwrap().path()).unwrap_or_default()).collect();
    assert!(kept.iter().any(|blob| blob.contains("\"role\":\"organisation-exceptions\"")));
    assert!(kept.iter().any(|blob| blob.contains("\"id\":\"ORG-1\",\"origin\":\"organisation\"")));

    // The same rules govern them.
    let desk = Desk::new();
    let unapproved = ORGANISATIONS.split("  approvals").next().unwrap();
    let (_, text) = decide(&desk, &with_records(&desk, unapproved));
    assert!(text.contains("exception ORG-1 does not count: it has 0 of 1 approvals"), "{text}");
    // Nobody below takes an id of theirs, and a bundle that nobody vouches for brings none.
    let (code, text) = decide(&desk, &with_records(&desk, &ORGANISATIONS.replace("ORG-1", "EX-2026-001")));
    assert_eq!(code, Some(3), "{text}");
    assert!(text.contains("exceptions.yaml:1:7: the id `EX-2026-001` is the organisation's, at"), "{text}");
    assert!(text.contains("acme.tar.gz!exceptions.yaml:1, and no repository's to redefine"), "{text}");
    let (code, text) = decide(&desk, &desk.path("acme.tar.gz").display().to_string());
    assert!(code == Some(3) && text.contains("neither pinned nor signed"), "{text}");
    let team = format!("team:{}", with_records(&desk, ORGANISATIONS));
    let (code, text) = decide(&desk, &team);
    assert!(code == Some(3) && text.contains("only the organisation's bundle carries exceptions"), "{text}");
}
