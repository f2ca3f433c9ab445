//! `policy check` through the binary: the pack is whole, faults are told together, and what cannot be read is no fault.

use std::path::Path;

use serde_json::Value;

use crate::support::{command, root};

const WHOLE: &str = "# METADATA\n# scope: package\n# title: No eval\n# description: Text that is evaluated is code of others.\n# custom:\n#   owner: security\n#   severity: high\n#   scope: finding\n#   controls: [iso27001:8.28]\n#   remediation: Parse it.\npackage countersign.rules.team.no_eval\n\ndeny contains verdict if {\n\tinput.finding.rule.id == \"no-eval\"\n\tverdict := {\"msg\": \"evaluates text\"}\n}\n";
const FIRES: &str = "package countersign.rules.team.no_eval_test\n\nimport data.countersign.rules.team.no_eval\n\ntest_denies if count(no_eval.deny) == 1 with input as {\"finding\": {\"rule\": {\"id\": \"no-eval\"}}}\n";

fn check(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command().current_dir(dir).args(["policy", "check"]).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A directory `policies` with these files.
fn policies(files: &[(&str, &str)]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("policies")).unwrap();
    for (name, text) in files {
        std::fs::write(dir.path().join("policies").join(name), text).unwrap();
    }
    dir
}

#[test]
fn the_pack_has_no_fault_and_every_rule_fires_in_a_test() {
    let (code, stdout, stderr) = check(root(), &["policies"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let rules = crate::support::files_below(&root().join("policies/rules"));
    let rules = rules.iter().filter(|path| !path.to_string_lossy().ends_with("_test.rego")).count();
    let last = stdout.lines().last().unwrap();
    assert!(last.starts_with(&format!("{rules} rules, ")) && last.ends_with(" tests: 0 faults"), "{stdout}");

    let (code, stdout, _) = check(root(), &[]);
    assert_eq!(code, Some(0));
    let embedded = format!("{rules} rules, no tests, so it is not known which rules fire: 0 faults\n");
    assert!(stdout.ends_with(&embedded), "{stdout}");
}

#[test]
fn what_is_whole_passes_and_what_stands_beside_it_is_not_looked_at() {
    let dir = policies(&[("no_eval.rego", WHOLE), ("no_eval_test.rego", FIRES)]);
    assert_eq!(check(dir.path(), &["policies"]).1, "1 rules, 1 tests: 0 faults\n");
    let (code, json, _) = check(dir.path(), &["policies", "--output", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((code, &json["ok"], &json["tests"]), (Some(0), &true.into(), &1.into()));
    assert_eq!(json["schema"], "countersign/policy-check/v1");
    assert_eq!(json["rules"][0]["id"], "team/no-eval");
    assert_eq!(json["rules"][0]["scope"], "finding");
}

/// (what is changed in the rule, into what, where the fault is, what it says)
#[test]
fn every_lack_is_a_fault_at_its_place() {
    for (from, to, place, said) in [
        ("# scope: package\n", "", ":1", "METADATA lacks scope"),
        ("# title: No eval\n", "", ":1", "METADATA lacks a title"),
        ("# description: Text that is evaluated is code of others.\n", "", ":1", "METADATA lacks a description"),
        ("#   owner: security\n", "", ":1", "METADATA lacks custom.owner"),
        ("#   severity: high\n", "", ":1", "METADATA lacks custom.severity"),
        ("#   controls: [iso27001:8.28]\n", "", ":1", "METADATA lacks custom.controls"),
        ("#   remediation: Parse it.\n", "", ":1", "METADATA lacks custom.remediation"),
        ("#   remediation: Parse it.\n", "#   remediation: \" \"\n", ":1", "METADATA lacks custom.remediation"),
        ("iso27001:8.28", "iso27001:8.82", ":1", "the control `iso27001:8.82` is not known"),
        ("iso27001:8.28", "acme:1", ":1", "the control `acme:1` is not known"),
        ("# METADATA\n", "# \n", ":1", "there is no METADATA"),
        ("input.finding.rule.id == \"no-eval\"", "input.environment == \"production\"", ":1", "and reads none"),
        ("#   scope: finding\n", "", ":1", "the rule is not about single findings, and reads one"),
        ("deny contains", "denny contains", ":13", "`denny` looks like `deny`"),
        ("input.finding.rule.id", "input.finding.rule.name_", ":14", "`input.finding.rule` has no `name_`"),
        ("#   owner: security\n", "#   owner: security\n#   sevrity: low\n", ":7", "sevrity"),
        (
            "input.finding.rule.id ==",
            "x := http.send({\"url\": input.finding.rule.id}).body\n\tx ==",
            ":14",
            "http.send",
        ),
        ("verdict := {\"msg\"", "verdict := {\"msg\":", ":15", "expecting"),
    ] {
        assert!(WHOLE.contains(from), "{from}");
        let dir = policies(&[("no_eval.rego", &WHOLE.replacen(from, to, 1))]);
        let (code, stdout, stderr) = check(dir.path(), &["policies"]);
        assert_eq!(code, Some(1), "{said}: {stdout}{stderr}");
        let found = stdout
            .lines()
            .any(|line| line.starts_with(&format!("policies/no_eval.rego{place}")) && line.contains(said));
        assert!(found, "{said}: {stdout}");
    }
}

#[test]
fn all_faults_are_told_together() {
    let dir = policies(&[
        ("a.rego", "package countersign.rules.team.a\n\ndenny contains \"x\"\n"),
        (
            "b.rego",
            "package countersign.rules.team.b\n\ndeny contains \"x\" if input.enviroment == \"x\"\n\nwarn contains \"y\" if http.send({})\n",
        ),
    ]);
    let (code, stdout, _) = check(dir.path(), &["policies"]);
    assert_eq!(code, Some(1));
    for said in ["a.rego:3: the rule name `denny`", "b.rego:3: `input` has no `enviroment`", "b.rego:5: `http.send`"] {
        assert!(stdout.contains(said), "{said}: {stdout}");
    }
    // A fault of the pack's layer: a package that is the pack's.
    let taken = "package countersign.lib.severities.more\n\nx := 1\n";
    let dir = policies(&[("no_eval.rego", WHOLE), ("more.rego", taken)]);
    let (code, stdout, _) = check(dir.path(), &["policies"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout.contains(
            "policies/more.rego: the package `countersign.lib.severities.more` belongs to another layer (built-in)"
        ),
        "{stdout}"
    );
}

#[test]
fn a_rule_that_no_test_makes_fire_is_a_fault_and_so_is_a_test_that_fails() {
    let looks = FIRES.replace("== 1 with", "== 0 with").replace("\"id\": \"no-eval\"", "\"id\": \"other\"");
    let dir = policies(&[("no_eval.rego", WHOLE), ("no_eval_test.rego", &looks)]);
    let (code, stdout, _) = check(dir.path(), &["policies"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout.starts_with("policies/no_eval.rego: no test makes the rule team/no-eval give a verdict\n"),
        "{stdout}"
    );
    let dir = policies(&[("no_eval.rego", WHOLE), ("no_eval_test.rego", &FIRES.replace("== 1 with", "== 2 with"))]);
    let (code, stdout, _) = check(dir.path(), &["policies"]);
    assert_eq!(code, Some(1));
    assert!(
        stdout
            .contains("no_eval_test.rego:5: the test countersign.rules.team.no_eval_test.test_denies does not pass\n"),
        "{stdout}"
    );
}

#[test]
fn a_rule_that_is_evaluated_one_by_one_is_named_with_the_reason() {
    let whole = WHOLE.replace("\tverdict :=", "\tcount(input.finding) > 0\n\tverdict :=");
    let dir = policies(&[("no_eval.rego", &whole)]);
    let (code, stdout, _) = check(dir.path(), &["policies"]);
    assert_eq!(code, Some(0), "{stdout}");
    assert!(stdout.starts_with("note: team/no-eval judges alike findings one by one: policies/no_eval.rego:15: `input.finding` as a whole\n"), "{stdout}");
}

#[test]
fn controls_of_ones_own_come_from_a_table() {
    let dir = policies(&[("no_eval.rego", &WHOLE.replace("iso27001:8.28", "acme:S1"))]);
    std::fs::write(dir.path().join("acme.yaml"), "acme:\n  title: ACME\n  controls: {S1: Secure code}\n").unwrap();
    assert_eq!(check(dir.path(), &["policies"]).0, Some(1));
    assert_eq!(check(dir.path(), &["policies", "--controls", "acme.yaml"]).0, Some(0));
}

#[test]
fn what_cannot_be_read_is_3() {
    let dir = policies(&[("no_eval.rego", WHOLE)]);
    std::fs::write(dir.path().join("bad.yaml"), "soc2: []\n").unwrap();
    std::fs::write(dir.path().join("latin.rego"), b"package countersign.lib.x\n# \xe9\n").unwrap();
    for (arguments, said) in [
        (&["missing"][..], "missing: no such file"),
        (&["latin.rego"], "must be UTF-8"),
        (&["policies", "--controls", "bad.yaml"], "bad.yaml"),
        (&["policies", "--controls", "none.yaml"], "none.yaml"),
    ] {
        let (code, stdout, stderr) = check(dir.path(), arguments);
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{said}: {stderr}");
        assert!(stderr.contains(said), "{said}: {stderr}");
    }
}
