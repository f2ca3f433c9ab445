//! What would be decided otherwise, from evidence and from reports; and a decision shown again from its evidence.

use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::{Value, json};

use crate::support::{command, fixture, scenario_arguments};

/// A key, and the evidence of two decisions: one blocks, one warns only because of an exception.
struct Desk {
    scratch: tempfile::TempDir,
}

impl Desk {
    fn new() -> Self {
        let desk = Self { scratch: tempfile::tempdir().unwrap() };
        assert!(desk.run(&["key", "new", "--out", "gate"]).status.success());
        assert!(desk.run(&["key", "new", "--out", "other"]).status.success());
        for (scenario, code) in [("block", 1), ("excepted", 0)] {
            let mut check = command();
            check.current_dir(fixture("scenarios").join(scenario)).arg("check").args(scenario_arguments(scenario));
            check.arg("--evidence").arg(desk.path("evidence")).arg("--key").arg(desk.path("gate.pem"));
            let output = check.arg("--output=json=-").output().unwrap();
            assert_eq!(output.status.code(), Some(code), "{}", told(&output));
            std::fs::write(desk.path(&format!("{scenario}.json")), &output.stdout).unwrap();
        }
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        command().current_dir(self.scratch.path()).args(arguments).output().unwrap()
    }

    /// A simulation of all evidence.
    fn simulate(&self, more: &[&str]) -> Output {
        let of = ["simulate", "--decision", "evidence", "--decision-key", "gate.pub.pem"];
        self.run(&[&of, more].concat())
    }

    fn document(&self, more: &[&str]) -> (Option<i32>, Value) {
        let output = self.simulate(&[more, &["--output", "json"]].concat());
        (output.status.code(), serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", told(&output))))
    }

    /// The folder whose decision had this outcome.
    fn folder(&self, scenario: &str) -> PathBuf {
        let decision: Value =
            serde_json::from_slice(&std::fs::read(self.path(&format!("{scenario}.json"))).unwrap()).unwrap();
        self.path("evidence").join(decision["id"].as_str().unwrap())
    }
}

fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A policy that blocks every finding of a package.
fn refuse_smallvec(path: &Path) {
    let rule = "# METADATA\n# title: No smallvec\n# custom:\n#   owner: platform\n#   severity: high\npackage countersign.rules.acme.smallvec\n\n\
                deny contains {\"msg\": \"smallvec is not used here\", \"finding\": finding.id} if {\n\tsome finding in input.findings\n\t\
                finding.package.name == \"smallvec\"\n}\n";
    std::fs::create_dir(path).unwrap();
    std::fs::write(path.join("smallvec.rego"), rule).unwrap();
}

#[test]
fn the_policies_that_judged_change_nothing() {
    let desk = Desk::new();
    let (code, document) = desk.document(&["--with-pack"]);
    assert_eq!(code, Some(0), "{document:#}");
    assert_eq!(document["schema"], "countersign/simulation/v1");
    let counts = json!({"decisions": 2, "same": 2, "other_verdicts": 0, "milder": 0, "harder": 0, "not_simulated": 0});
    assert_eq!(document["counts"], counts);
    assert_eq!(document["rules"], json!([]));
    let text = told(&desk.simulate(&["--with-pack"]));
    assert_eq!(text, "2 decisions: 2 the same\n");
}

#[test]
fn a_new_rule_turns_a_warning_into_a_block_and_names_the_finding() {
    let desk = Desk::new();
    refuse_smallvec(&desk.path("acme"));
    let (code, document) = desk.document(&["--with-policy", "acme"]);
    assert_eq!(code, Some(0), "{document:#}");
    assert_eq!((&document["counts"]["harder"], &document["counts"]["other_verdicts"]), (&json!(1), &json!(1)));
    let effect = json!([{"rule": "acme/smallvec", "fires": 2, "falls_silent": 0, "findings": 2}]);
    assert_eq!(document["rules"], effect);
    let excepted = desk.folder("excepted").file_name().unwrap().to_string_lossy().into_owned();
    let decisions = document["decisions"].as_array().unwrap();
    let turned = decisions.iter().find(|one| one["decision"] == excepted).unwrap();
    assert_eq!((&turned["before"], &turned["after"]), (&json!("warn"), &json!("block")));
    let changes = turned["changes"].as_array().unwrap();
    assert_eq!(changes.len(), 1, "{turned:#}");
    assert_eq!((&changes[0]["before"], &changes[0]["after"]), (&Value::Null, &json!("deny")));
    assert_eq!(changes[0]["findings"].as_array().unwrap().len(), 1, "{turned:#}");

    let text = told(&desk.simulate(&["--with-policy", "acme"]));
    for line in
        ["warn -> BLOCK  ", "  nothing -> deny  acme/smallvec  owner ", "smallvec is not used here", "    about  f-"]
    {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.ends_with("2 decisions: 1 harder, 1 with the same outcome and other verdicts\n"), "{text}");
}

#[test]
fn what_is_made_from_reports_needs_them() {
    let desk = Desk::new();
    let (code, document) = desk.document(&["--with-at", "2026-12-05T12:00:00Z"]);
    assert_eq!((code, &document["counts"]["not_simulated"]), (Some(5), &json!(2)), "{document:#}");
    let because = document["not_simulated"][0]["because"].as_str().unwrap();
    assert!(because.contains("--reports"), "{because}");

    // With them the exception is over on that day, and the scans are old.
    let formats = fixture("formats");
    let reports = formats.to_str().unwrap();
    let (code, document) = desk.document(&["--with-at", "2026-12-05T12:00:00Z", "--reports", reports]);
    assert_eq!(code, Some(0), "{document:#}");
    let excepted = document["decisions"].as_array().unwrap().iter().find(|one| one["before"] == "warn").unwrap();
    assert_eq!(excepted["after"], "block", "{excepted:#}");
    let rules: Vec<&str> =
        excepted["changes"].as_array().unwrap().iter().map(|changed| changed["rule"].as_str().unwrap()).collect();
    assert!(rules.contains(&"findings/threshold"), "{rules:?}");

    // Without the record the finding is as open as on that day.
    std::fs::write(desk.path("none.yaml"), "[]\n").unwrap();
    let (code, document) = desk.document(&["--with-exceptions", "none.yaml", "--reports", reports]);
    assert_eq!((code, &document["counts"]["harder"]), (Some(0), &json!(1)), "{document:#}");
}

#[test]
fn reports_are_simulated_too() {
    let scenario = fixture("scenarios/excepted");
    let mut simulate = command();
    simulate.current_dir(&scenario).arg("simulate").args(scenario_arguments("excepted"));
    let output = simulate.args(["--with-at", "2026-12-05T12:00:00Z", "--output", "json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", told(&output));
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let [one] = document["decisions"].as_array().unwrap().as_slice() else { panic!("{document:#}") };
    assert_eq!((&one["source"], &one["before"], &one["after"]), (&json!("reports"), &json!("warn"), &json!("block")));
}

#[test]
fn what_does_not_verify_is_not_simulated_and_the_rest_is() {
    let desk = Desk::new();
    let envelope = desk.folder("block").join("decision.dsse.json");
    let text = std::fs::read_to_string(&envelope).unwrap();
    std::fs::write(&envelope, text.replacen("\"sig\":\"", "\"sig\":\"AA", 1)).unwrap();
    let (code, document) = desk.document(&["--with-pack"]);
    assert_eq!((code, &document["counts"]["same"]), (Some(1), &json!(1)), "{document:#}");
    assert_eq!(document["not_simulated"][0]["failed"], true);

    for (arguments, says) in [
        (&["simulate", "--decision", "evidence", "--decision-key", "gate.pub.pem"][..], "nothing judges otherwise"),
        (&["simulate", "--decision", "evidence", "--with-pack"], "no key to verify"),
        (
            &["simulate", "report.json", "--decision", "evidence", "--decision-key", "gate.pub.pem", "--with-pack"],
            "both reports",
        ),
        (&["simulate", "report.json", "--with-pack"], "--decision"),
        (&["simulate", "report.json", "--with-at", "soon"], "--with-at soon"),
        (&["simulate", "report.json", "--with-profile", "startup", "--evidence", "x"], "leaves no evidence"),
    ] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty() && told(&output).contains(says), "{arguments:?}: {}", told(&output));
    }
    let missing = desk.simulate(&["--with-policy", "nowhere"]);
    assert!(missing.status.code() == Some(3) && missing.stdout.is_empty(), "{}", told(&missing));
}

#[test]
fn a_report_is_the_decision_as_it_was_made() {
    let desk = Desk::new();
    for scenario in ["block", "excepted"] {
        let folder = desk.folder(scenario);
        let folder = folder.to_str().unwrap();
        let output =
            desk.run(&["report", folder, "--key", "gate.pub.pem", "--output", "json", "--output", "sarif=shown.sarif"]);
        assert_eq!(output.status.code(), Some(0), "{}", told(&output));
        assert!(output.stderr.is_empty(), "{}", told(&output));
        // The same bytes as `check` wrote.
        assert_eq!(output.stdout, std::fs::read(desk.path(&format!("{scenario}.json"))).unwrap(), "{scenario}");
        let sarif: Value = serde_json::from_slice(&std::fs::read(desk.path("shown.sarif")).unwrap()).unwrap();
        assert_eq!(sarif["runs"][0]["properties"]["decision"], json!(Path::new(folder).file_name().unwrap().to_str()));
    }
    let folder = desk.folder("block");
    let human = told(&desk.run(&["report", folder.to_str().unwrap(), "--key", "gate.pub.pem"]));
    // The line may be broken anywhere.
    let words = human.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("BLOCK") && words.contains("(verified, signed by SHA256:"), "{human}");
}

#[test]
fn what_does_not_verify_is_not_shown_and_evidence_is_not_written_into() {
    let desk = Desk::new();
    let folder = desk.folder("block");
    let folder = folder.to_str().unwrap();
    let inside = format!("json={folder}/decision.json");
    for (arguments, code) in [
        (&["report", folder, "--key", "other.pub.pem", "--output=json=shown.json"][..], 1),
        (&["report", folder, "--key", "gate.pub.pem", "--output", &inside], 2),
        (&["report", folder, "--key", "gate.pub.pem", "--output", "pdf"], 2),
        (&["report", folder], 2),
        (&["report", "nowhere", "--key", "gate.pub.pem"], 3),
    ] {
        let output = desk.run(arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", told(&output));
        assert!(output.stdout.is_empty(), "{arguments:?}: {}", told(&output));
    }
    assert!(!desk.path("shown.json").exists());
    let verified = desk.run(&[
        "verify",
        folder,
        "--key",
        "gate.pub.pem",
        "--any-outcome",
        "--any-subject",
        "--allow-pinned-clock",
    ]);
    assert_eq!(verified.status.code(), Some(0), "{}", told(&verified));
}
