//! Explanations: the rule, the facts that it rests on, the exceptions, the ways to green; of reports and of evidence alike.

use std::path::Path;
use std::process::Output;

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::support::{command, fixture, scenario_arguments};

fn run(first: &[&str], scenario: &str, more: &[&str]) -> Output {
    let mut run = command();
    run.current_dir(fixture("scenarios").join(scenario)).args(first).args(scenario_arguments(scenario));
    run.args(more).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// The explanation as text for people.
fn human(scenario: &str, what: &str, more: &[&str]) -> String {
    let output = run(&["explain", what], scenario, more);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    text(&output.stdout)
}

/// The explanation as a document.
fn document(scenario: &str, what: &str, more: &[&str]) -> Value {
    let output = run(&["explain", what], scenario, &[more, &["--output", "json"]].concat());
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The pointers of the facts that the only verdict rests on.
fn pointers(explanation: &Value) -> Vec<&str> {
    let verdicts = explanation["verdicts"].as_array().unwrap();
    assert_eq!(verdicts.len(), 1, "{explanation:#}");
    assert_eq!(verdicts[0]["minimal"], true);
    verdicts[0]["facts"].as_array().unwrap().iter().map(|fact| fact["pointer"].as_str().unwrap()).collect()
}

fn kinds(explanation: &Value) -> Vec<&str> {
    explanation["ways"].as_array().unwrap().iter().map(|way| way["kind"].as_str().unwrap()).collect()
}

/// Every place in a report that the explanation names is there, in a file of that digest.
fn sources_are_true(explanation: &Value, directory: &Path) -> usize {
    let mut found = 0;
    let mut todo = vec![explanation];
    while let Some(value) = todo.pop() {
        match value {
            Value::Array(members) => todo.extend(members),
            Value::Object(fields) => {
                if let (Some(file), Some(digest)) =
                    (fields.get("file"), fields.get("sha256").and_then(|digest| digest.get("sha256")))
                {
                    let bytes = std::fs::read(directory.join(file.as_str().unwrap())).unwrap();
                    let is = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                    assert_eq!(digest, &Value::from(is), "{file}");
                    if let Some(pointer) = fields["pointer"].as_str().filter(|_| bytes.starts_with(b"{")) {
                        let report: Value = serde_json::from_slice(&bytes).unwrap();
                        assert!(report.pointer(pointer).is_some(), "{file}: {pointer}");
                    }
                    found += 1;
                }
                todo.extend(fields.iter().filter(|(key, _)| *key != "rule").map(|(_, value)| value));
            }
            _ => {}
        }
    }
    found
}

#[test]
fn a_blocked_vulnerability_names_rule_facts_and_the_fixed_version() {
    let explanation = document("block", "CVE-2021-25900", &[]);
    assert_eq!(explanation["schema"], "countersign/explanation/v1");
    assert_eq!(explanation["finding"]["id"], "f-817d3bdfba5be5c5");
    let rule = &explanation["verdicts"][0]["rule"];
    assert_eq!(rule["path"], "builtin/rules/findings/threshold.rego");
    let definitions = rule["definitions"].as_array().unwrap();
    assert_eq!(definitions.len(), 1, "{rule:#}");
    let shown: Vec<&str> =
        definitions[0]["text"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert_eq!(shown.first(), Some(&"deny contains _verdict if {"), "{rule:#}");
    assert_eq!(shown.last(), Some(&"}"), "{rule:#}");

    let facts = pointers(&explanation);
    for pointer in ["/findings/0/severity", "/findings/0/kind", "/service/exposure"] {
        assert!(facts.contains(&pointer), "{pointer}: {facts:?}");
    }
    // The rule would block as well if the table said nothing: it is listed because the word alone decides.
    let word = facts.iter().find(|fact| fact.starts_with("/profile/thresholds/") && fact.ends_with("/open/critical"));
    assert!(word.is_some(), "{facts:?}");
    assert!(facts.len() < 20, "what makes no difference is left out: {facts:?}");
    assert!(facts.iter().all(|fact| !fact.starts_with("/findings/0/title")), "it is only shown: {facts:?}");

    assert_eq!(kinds(&explanation)[0], "upgrade");
    let what = explanation["ways"][0]["what"].as_str().unwrap();
    assert!(what.contains("smallvec from 1.6.0 to") && what.contains(">=1.6.1"), "{what}");
    assert_eq!(explanation["no_ways"].as_array().unwrap().len(), 1, "no exception lifts it: {explanation:#}");
    assert!(sources_are_true(&explanation, &fixture("scenarios/block")) >= 2, "{explanation:#}");
}

#[test]
fn a_fact_that_is_listed_makes_a_difference() {
    // The table blocks because the service is public, and says so.
    let explanation = document("block", "CVE-2021-25900", &[]);
    assert!(pointers(&explanation).contains(&"/service/exposure"));
    let service = tempfile::tempdir().unwrap();
    let file = std::fs::read_to_string(fixture("scenarios/block/service.yaml")).unwrap();
    assert!(file.contains("exposure: public"));
    let path = service.path().join("service.yaml");
    std::fs::write(&path, file.replace("exposure: public", "exposure: internal")).unwrap();
    let mut arguments = scenario_arguments("block");
    let at = arguments.iter().position(|argument| argument == "service.yaml").unwrap();
    arguments[at] = path.to_string_lossy().into_owned();
    let mut explain = command();
    explain.current_dir(fixture("scenarios/block")).args(["explain", "CVE-2021-25900"]).args(&arguments);
    let output = explain.args(["--output", "json"]).output().unwrap();
    let explanation: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(kinds(&explanation), ["upgrade", "except"], "{explanation:#}");
    let except = &explanation["ways"][1];
    assert_eq!(except["leaves"], "warning");
    let needs = except["needs"].as_array().unwrap();
    assert!(needs[0].as_str().unwrap().starts_with("1 approval"), "{except:#}");
    let command = except["command"].as_str().unwrap();
    assert!(
        command.starts_with("countersign exception new ") && command.contains("--finding f-817d3bdfba5be5c5"),
        "{command}"
    );
}

#[test]
fn a_secret_is_told_by_place_and_never_by_value() {
    let shown = human("block", "f-102f3f0396464987", &[]);
    assert!(shown.contains("secrets/no-secret") && shown.contains("rotate the credential first"), "{shown}");
    let report = std::fs::read_to_string(fixture("formats/gitleaks/8.24.3-shop.json")).unwrap();
    let report: Value = serde_json::from_str(&report).unwrap();
    let document = document("block", "f-102f3f0396464987", &[]).to_string();
    let secrets: Vec<&str> = report.as_array().unwrap().iter().filter_map(|one| one["Secret"].as_str()).collect();
    assert!(secrets.iter().any(|secret| secret.len() > 8));
    for secret in secrets.into_iter().filter(|secret| secret.len() > 8) {
        assert!(!shown.contains(secret) && !document.contains(secret));
    }
}

#[test]
fn a_missing_scan_rests_on_what_demands_it() {
    let explanation = document("missing-scan", "coverage/required-checks", &[]);
    assert_eq!(explanation["finding"], Value::Null);
    let facts = pointers(&explanation);
    assert!(facts.iter().any(|fact| fact.starts_with("/coverage/") && fact.ends_with("/state")), "{facts:?}");
    assert_eq!(kinds(&explanation), ["supply", "except"]);
    assert_eq!(explanation["ways"][1]["leaves"], "warning");
    let command = explanation["ways"][1]["command"].as_str().unwrap();
    assert!(command.contains("--verdict coverage/required-checks"), "{command}");
}

#[test]
fn a_plan_is_told_by_the_resource_and_its_report() {
    let explanation = document("r15-plan-destroys-database", "plans/destroys", &[]);
    let facts = explanation["verdicts"][0]["facts"].as_array().unwrap();
    let change = facts.iter().find(|fact| fact["pointer"].as_str().unwrap().starts_with("/plan/changes/")).unwrap();
    assert!(change["source"]["file"].as_str().unwrap().ends_with("plan.json"), "{change:#}");
    assert!(kinds(&explanation).contains(&"except"));
    // Of all the types that the profile calls stateful the one that matches.
    let pointers = pointers(&explanation);
    let stateful: Vec<&&str> = pointers.iter().filter(|fact| fact.starts_with("/profile/plans/stateful/")).collect();
    assert_eq!(stateful.len(), 1, "{stateful:?}");
}

#[test]
fn a_licence_is_told_by_package_and_list() {
    let said = text(&run(&["explain", "licenses/allowed"], "licence-refused", &[]).stderr);
    let line = said.lines().find(|line| line.contains("tracker@3.2.0")).unwrap();
    let id = line.split_whitespace().find(|word| word.starts_with("v-")).unwrap();
    let explanation = document("licence-refused", id, &[]);
    let facts = explanation["verdicts"][0]["facts"].as_array().unwrap();
    let package = facts.iter().find(|fact| fact["value"]["is"].to_string().contains("tracker")).unwrap();
    assert!(package["pointer"].as_str().unwrap().starts_with("/licenses/"), "{package:#}");
    assert!(package["source"]["file"].as_str().unwrap().ends_with("sbom.spdx.json"), "{package:#}");
    assert!(facts.iter().any(|fact| fact["pointer"].as_str().unwrap().starts_with("/profile/licenses/")), "{facts:#?}");
}

#[test]
fn an_exception_that_is_over_can_be_renewed_and_says_so() {
    let explanation = document("exception-expired", "RUSTSEC-2021-0003", &[]);
    let exception = &explanation["exceptions"][0];
    assert_eq!(
        (&exception["state"], &exception["matches"], &exception["applies"]),
        (&"expired".into(), &true.into(), &false.into())
    );
    assert_eq!(kinds(&explanation), ["upgrade", "renew", "except"], "{:#}", explanation["ways"]);
    let command = explanation["ways"][1]["command"].as_str().unwrap();
    assert!(command.starts_with("countersign exception renew EX-2026-001 --until 2026-"), "{command}");
    assert!(command.ends_with("--reason"), "why is for whoever renews to say: {command}");
}

#[test]
fn a_record_that_is_rejected_is_mended_first() {
    let explanation = document("exception-rejected", "CVE-2021-25900", &[]);
    assert_eq!(kinds(&explanation), ["upgrade", "mend", "except"], "{:#}", explanation["ways"]);
    let why = explanation["exceptions"][0]["because"].to_string();
    assert!(why.contains("0 of 1 approvals"), "{why}");
}

#[test]
fn an_excepted_finding_says_what_would_be_without_and_when_it_turns() {
    let explanation = document("excepted", "CVE-2021-25900", &[]);
    assert_eq!(explanation["if_open"][0]["action"], "deny");
    assert_eq!(explanation["exceptions"][0]["applies"], true);
    assert_eq!(explanation["verdicts"][0]["turns"][0]["on"], "2026-12-01");
    assert_eq!(kinds(&explanation), ["upgrade"]);
    let facts = pointers(&explanation);
    assert!(facts.iter().any(|fact| fact.starts_with("/exceptions/0/")), "{facts:?}");
}

#[test]
fn a_statement_that_clears_a_finding_is_named_and_what_it_lifts() {
    let decided = run(&["check"], "vex-not-affected", &["--output", "json"]);
    let decided: Value = serde_json::from_slice(&decided.stdout).unwrap();
    let findings = decided["findings"].as_array().unwrap();
    let cleared = findings.iter().find(|finding| finding["disposition"] == "not-affected").unwrap();
    let explanation = document("vex-not-affected", cleared["id"].as_str().unwrap(), &[]);
    assert_eq!(explanation["finding"]["disposition"], "not-affected");
    assert_eq!(explanation["statements"][0]["id"], decided["vex"][0]["id"]);
    assert_eq!(explanation["if_open"][0]["action"], "deny", "{explanation:#}");
}

#[test]
fn a_record_that_nearly_matches_says_what_it_lacks() {
    let scratch = tempfile::tempdir().unwrap();
    let record = std::fs::read_to_string(fixture("scenarios/excepted/exceptions.yaml")).unwrap();
    let path = scratch.path().join("exceptions.yaml");
    std::fs::write(&path, record.replace("pkg:cargo/smallvec", "pkg:cargo/smallvec@1.5.0")).unwrap();
    let mut arguments = scenario_arguments("excepted");
    let at = arguments.iter().position(|argument| argument == "exceptions.yaml").unwrap();
    arguments[at] = path.to_string_lossy().into_owned();
    let mut explain = command();
    explain.current_dir(fixture("scenarios/excepted")).args(["explain", "CVE-2021-25900"]).args(&arguments);
    let output = explain.args(["--output", "json"]).output().unwrap();
    let explanation: Value = serde_json::from_slice(&output.stdout).unwrap();
    let near = &explanation["exceptions"][0];
    assert_eq!((&near["id"], &near["matches"]), (&"EX-2026-001".into(), &false.into()));
    let misses: Vec<&Value> = near["criteria"].as_array().unwrap().iter().filter(|one| one["holds"] == false).collect();
    assert_eq!(misses.len(), 1, "{near:#}");
    assert_eq!(misses[0]["criterion"], "package");
    assert!(misses[0]["would"].as_str().unwrap().contains("1.6.0"), "{near:#}");
}

#[test]
fn a_name_that_means_nothing_or_too_much_is_refused_with_what_there_is() {
    for (what, says) in [
        ("CVE-1999-0001", "no finding, rule or verdict of this name"),
        ("secrets/no-secret", "the name means 2 things"),
        ("calendar/freeze", "it passed"),
    ] {
        let output = run(&["explain", what], "block", &[]);
        let said = text(&output.stderr);
        assert!(output.status.code() == Some(3) && said.contains(says), "{what}: {said}");
        assert!(output.stdout.is_empty());
    }
    // Each of several has an id that means it alone.
    let said = text(&run(&["explain", "secrets/no-secret"], "block", &[]).stderr);
    let ids: Vec<&str> = said.split_whitespace().filter(|word| word.starts_with("v-")).collect();
    assert_eq!(ids.len(), 2, "{said}");
    for id in ids {
        assert_eq!(document("block", id, &[])["verdicts"][0]["id"], id);
    }
    let output = run(&["explain", "x"], "block", &["--evidence", "evidence"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stderr));
}

#[test]
fn evidence_is_explained_as_its_reports_are_and_only_when_it_verifies() {
    let scratch = tempfile::tempdir().unwrap();
    let made = command().current_dir(scratch.path()).args(["key", "new", "--out", "gate"]).output().unwrap();
    assert!(made.status.success());
    let path = |name: &str| scratch.path().join(name).to_string_lossy().into_owned();
    let (store, key, public) = (path("evidence"), path("gate.pem"), path("gate.pub.pem"));
    let checked = run(&["check"], "exception-rejected", &["--evidence", &store, "--key", &key]);
    assert_eq!(checked.status.code(), Some(1), "{}", text(&checked.stderr));
    let folder = std::fs::read_dir(&store).unwrap().next().unwrap().unwrap().path();
    let explain = |more: &[&str]| {
        let mut explain = command();
        explain.current_dir(scratch.path()).args(["explain", "CVE-2021-25900", "--decision"]).arg(&folder);
        explain.args(more).args(["--output", "json"]).output().unwrap()
    };
    let output = explain(&["--decision-key", &public]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let mut stored: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(stored["origin"]["kind"], "verified-evidence");
    let mut fresh = document("exception-rejected", "CVE-2021-25900", &[]);
    for explanation in [&mut stored, &mut fresh] {
        explanation["origin"] = Value::Null;
        // A signed decision has another id, and a command names its inputs by where they are.
        explanation["decision"] = Value::Null;
        for way in explanation["ways"].as_array_mut().unwrap() {
            way["command"] = Value::Null;
        }
    }
    assert_eq!(stored, fresh);

    // The facts that are pointed to are those that were signed.
    let facts = std::fs::read_dir(folder.join("blobs/sha256")).unwrap().find_map(|entry| {
        let facts: Value = serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).ok()?;
        (facts["schema"] == "countersign/facts/v1").then_some(facts)
    });
    let facts = facts.unwrap();
    for fact in stored["verdicts"][0]["facts"].as_array().unwrap() {
        let there = facts.pointer(fact["pointer"].as_str().unwrap()).unwrap();
        if let Some(is) = fact["value"].get("is") {
            assert_eq!(is, there, "{fact:#}");
        }
    }

    let without = explain(&[]);
    assert_eq!(without.status.code(), Some(2), "{}", text(&without.stderr));
    let other = command().current_dir(scratch.path()).args(["key", "new", "--out", "other"]).output().unwrap();
    assert!(other.status.success());
    let refused = explain(&["--decision-key", &path("other.pub.pem")]);
    assert!(refused.status.code() == Some(3) && refused.stdout.is_empty(), "{}", text(&refused.stderr));
}

#[test]
fn the_text_stays_within_eighty_columns() {
    for (scenario, what) in [
        ("block", "CVE-2021-25900"),
        ("missing-scan", "coverage/required-checks"),
        ("excepted", "CVE-2021-25900"),
        ("exception-expired", "CVE-2021-25900"),
        ("freeze", "calendar/freeze"),
        ("r15-plan-destroys-database", "plans/destroys"),
    ] {
        for line in human(scenario, what, &[]).lines() {
            assert!(line.chars().count() <= 80, "{scenario}: {line}");
        }
    }
}
