//! `policy test` through the binary: a run that holds, tests that do not pass, coverage, thresholds, and nothing to run.

use std::path::Path;

use crate::support::command;

const RULE: &str = "# METADATA\n# title: No eval\n# custom:\n#   owner: security\npackage countersign.rules.team.no_eval\n\ndeny contains {\"msg\": \"evaluates text\"} if {\n\tsome finding in input.findings\n\tfinding.rule.id == \"no-eval\"\n}\n\nwarn contains {\"msg\": \"a test\"} if {\n\tinput.environment == \"test\"\n}\n";
const HEAD: &str = "package countersign.rules.team.no_eval_test\n\nimport data.countersign.lib.severities\nimport data.countersign.rules.team.no_eval\n\n";
const DENIES: &str = "test_denies if {\n\tcount(no_eval.deny) == 1 with input as {\"findings\": [{\"rule\": {\"id\": \"no-eval\"}}]}\n}\n";
// Uses a helper of the built-in pack, which stands beside the policies.
const WARNS: &str = "\ntest_warns if {\n\tseverities.of_verdict(\"unknown\") == \"high\"\n\tcount(no_eval.warn) == 1 with input as {\"environment\": \"test\", \"findings\": []}\n}\n";

fn run(tests: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let policies = dir.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    std::fs::write(policies.join("no_eval.rego"), RULE).unwrap();
    if !tests.is_empty() {
        std::fs::write(policies.join("no_eval_test.rego"), format!("{HEAD}{tests}")).unwrap();
    }
    policy_test(dir.path(), arguments)
}

fn policy_test(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = command().current_dir(dir).args(["policy", "test"]).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_run_that_holds_says_so_in_two_lines() {
    let (code, stdout, stderr) = run(&format!("{DENIES}{WARNS}"), &["--threshold", "100"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    let wanted = "2 tests: 2 passed, 0 failed, 0 in error\ncoverage: 100.0 %, 5 of 5 lines, at least 100 % asked for\n";
    assert_eq!((stdout.as_str(), stderr.as_str()), (wanted, ""));
}

#[test]
fn below_the_threshold_is_1_and_names_the_lines() {
    let (code, stdout, _) = run(DENIES, &["--threshold", "95"]);
    assert_eq!(code, Some(1));
    let wanted = "policies/no_eval.rego: 80.0 % (team/no-eval), not reached: 12\n1 tests: 1 passed, 0 failed, 0 in error\n\
                  coverage: 80.0 %, 4 of 5 lines, BELOW the 95 % asked for\n";
    assert_eq!(stdout, wanted);
    assert_eq!(run(DENIES, &["--threshold", "80"]).0, Some(0), "exactly as much as was asked for is enough");
    assert_eq!(run(DENIES, &["--coverage"]).0, Some(0), "without a threshold coverage is only shown");
}

#[test]
fn a_test_that_does_not_pass_is_1_and_says_how_far_it_came() {
    let bad = "\ntest_bad if {\n\tprint(\"looking\")\n\tinput.x == 1 with input as {\"x\": 1}\n\tcount(no_eval.deny) == 7 with input as {\"findings\": []}\n\tinput.never\n}\n\ntest_broken if to_number(\"<b>\") == 1\n";
    let (code, stdout, _) = run(&format!("{DENIES}{bad}"), &[]);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("no_eval_test.rego:10: FAIL countersign.rules.team.no_eval_test.test_bad\n    is undefined; it came as far as line 13: count(no_eval.deny) == 7"), "{stdout}");
    assert!(stdout.contains("    printed: ") && stdout.contains("looking"), "{stdout}");
    assert!(stdout.contains(":17: ERROR countersign.rules.team.no_eval_test.test_broken\n"), "{stdout}");
    assert!(stdout.ends_with("3 tests: 1 passed, 1 failed, 1 in error\n"), "{stdout}");

    let (code, json, _) = run(&format!("{DENIES}{bad}"), &["--output", "json"]);
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(code, Some(1));
    assert_eq!(json["schema"], "countersign/policy-test/v1");
    assert_eq!(
        (&json["ok"], &json["passed"], &json["failed"], &json["errors"]),
        (&false.into(), &1.into(), &1.into(), &1.into())
    );
    let outcomes: Vec<&str> =
        json["tests"].as_array().unwrap().iter().map(|t| t["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["passed", "failed", "error"]);

    let (code, xml, _) = run(&format!("{DENIES}{bad}"), &["--output", "junit", "--threshold", "99"]);
    assert_eq!(code, Some(1));
    for wanted in [
        "tests=\"3\" failures=\"1\" errors=\"1\"",
        "<testcase classname=\"countersign.rules.team.no_eval_test\" name=\"test_denies\"/>",
        "<testsuite name=\"coverage\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">",
    ] {
        assert!(xml.contains(wanted), "{wanted}: {xml}");
    }
    assert!(!xml.contains("<b>"), "what a test says is escaped: {xml}");
    // Our own reader of JUnit counts the same.
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("policy.xml"), &xml).unwrap();
    let read = command().current_dir(dir.path()).args(["findings", "--output", "json", "policy.xml"]).output().unwrap();
    let read: serde_json::Value = serde_json::from_slice(&read.stdout).unwrap();
    assert_eq!(read["reports"][0]["format"], "junit");
    assert_eq!(read["findings"].as_array().unwrap().len(), 3, "a failure, an error and the threshold: {read}");
}

#[test]
fn nothing_to_run_is_3() {
    for (tests, arguments, said) in [
        ("", &[][..], "there is no test to run"),
        (DENIES, &["--run", "nothing*"], "--run nothing* matches none"),
        (DENIES, &["missing"], "missing: no such file"),
        ("test_x if {", &[], "no_eval_test.rego:6"),
        (DENIES, &["--no-builtin"], "severities"),
    ] {
        let (code, stdout, stderr) = run(tests, arguments);
        assert_eq!(code, Some(3), "{arguments:?}: {stdout}{stderr}");
        assert!(stderr.contains(said) && stdout.is_empty(), "{said}: {stderr}");
    }
    let (code, ..) = run(DENIES, &["--threshold", "101"]);
    assert_eq!(code, Some(2));
}

#[test]
fn a_test_that_never_ends_or_takes_all_memory_is_named() {
    let range = "some a in numbers.range(1, 20000)";
    let loops = format!("test_endless if count([1 | {range}; some b in numbers.range(1, 20000); a + b < 0]) > 0\n");
    let (code, stdout, stderr) = run(&format!("{DENIES}{loops}"), &["--policy-timeout", "1"]);
    assert_eq!(code, Some(1), "{stderr}");
    assert!(stdout.contains("ERROR countersign.rules.team.no_eval_test.test_endless\n"), "{stdout}");
    assert!(stdout.contains("was still running when the 1s"), "{stdout}");
    #[cfg(target_os = "linux")]
    {
        let hoards = format!("test_hoards if count([x | {range}; x := numbers.range(1, 20000)]) > 0\n");
        let (code, stdout, stderr) = run(&format!("{DENIES}{hoards}"), &[]);
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{stderr}");
        assert!(stderr.contains("test_hoards: needs more memory than a policy may use"), "{stderr}");
    }
}
