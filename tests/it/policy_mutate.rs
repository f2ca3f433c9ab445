//! `policy test --mutate` through the binary: what tests do not notice is named, and the score is that of the changes that load.

use serde_json::Value;

use crate::support::command;

const RULE: &str = "# METADATA\n# title: Few findings\n# custom:\n#   owner: security\npackage countersign.rules.team.few\n\nimport data.countersign.lib.team\n\ndeny contains {\"msg\": \"too many\", \"severity\": \"high\"} if {\n\tcount(input.findings) > team.limit\n\tnot _calm\n}\n\n_calm if input.environment == \"test\"\n";
const LIB: &str = "# METADATA\n# title: t\npackage countersign.lib.team\n\nlimit := 2\n";
const HEAD: &str = "package countersign.rules.team.few_test\n\nimport data.countersign.rules.team.few\n\n_with(n, where) := found if {\n\tfound := few.deny with input as {\"environment\": where, \"findings\": numbers.range(1, n)}\n}\n\n";
/// Every change is noticed: the bound, the severity, the word, and each condition.
const GOOD: &str = "test_bound if {\n\tcount(_with(2, \"live\")) == 0\n\t_with(3, \"live\") == {{\"msg\": \"too many\", \"severity\": \"high\"}}\n\tcount(few.deny) == 0 with input as {\"findings\": [], \"environment\": \"live\"}\n}\n\ntest_calm if count(_with(9, \"test\")) == 0\n";
/// Looks only at what is far from the bound, and never at the environment.
const WEAK: &str = "test_denies if count(_with(9, \"live\")) == 1\n\ntest_passes if count(_with(1, \"live\")) == 0\n";

fn mutate(tests: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let dir = tempfile::tempdir().unwrap();
    let policies = dir.path().join("policies");
    std::fs::create_dir(&policies).unwrap();
    for (name, text) in [("few.rego", RULE), ("team.rego", LIB), ("few_test.rego", &format!("{HEAD}{tests}"))] {
        std::fs::write(policies.join(name), text).unwrap();
    }
    let output =
        command().current_dir(dir.path()).args(["policy", "test", "--mutate"]).args(arguments).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn tests_that_notice_everything_have_a_score_of_100() {
    let (code, stdout, stderr) = mutate(GOOD, &["--threshold", "100"]);
    assert_eq!(code, Some(0), "{stdout}{stderr}");
    // deny, the severity, > twice, the comparison, `not` twice, == and its comparison, the limit twice.
    assert_eq!(
        stdout,
        "11 changes: 11 noticed, 0 not; 0 more do not load\nmutation score: 100.0 %, at least 100 % asked for\n"
    );
}

#[test]
fn what_is_not_noticed_is_named_with_its_place() {
    let (code, stdout, _) = mutate(WEAK, &["--threshold", "85"]);
    assert_eq!(code, Some(1), "{stdout}");
    assert_eq!(
        stdout.lines().collect::<Vec<_>>(),
        [
            "policies/few.rego:9: no test notices `\"high\"` as `\"low\"`",
            "policies/few.rego:10: no test notices `>` as `>=`",
            "policies/few.rego:11: no test notices `not _calm` as `true`",
            "policies/team.rego:5: no test notices `2` as `1`",
            "policies/team.rego:5: no test notices `2` as `3`",
            "11 changes: 6 noticed, 5 not; 0 more do not load",
            "mutation score: 54.5 %, BELOW the 85 % asked for",
        ]
    );
    assert_eq!(mutate(WEAK, &[]).0, Some(0), "without a threshold the score is only shown");

    let (_, json, _) = mutate(WEAK, &["--output", "json"]);
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "countersign/policy-mutation/v1");
    let survivors = json["survivors"].as_array().unwrap();
    let changes = json["changes"].as_u64().unwrap();
    assert_eq!(changes, 11);
    assert_eq!(changes - json["noticed"].as_u64().unwrap(), survivors.len() as u64);
    assert_eq!(survivors[0]["path"], "policies/few.rego");

    let (_, xml, _) = mutate(WEAK, &["--output", "junit", "--threshold", "85"]);
    assert!(
        xml.contains("<testsuite name=\"policies/team.rego\" tests=\"2\" failures=\"2\" errors=\"0\" skipped=\"0\">"),
        "{xml}"
    );
    assert!(
        xml.contains("<testsuite name=\"mutation\" tests=\"1\" failures=\"1\" errors=\"0\" skipped=\"0\">"),
        "{xml}"
    );
}

#[test]
fn a_sample_is_the_same_each_time_and_smaller() {
    let (code, stdout, _) = mutate(GOOD, &["--one-in", "4"]);
    assert_eq!(code, Some(0));
    assert!(stdout.starts_with("3 changes: 3 noticed"), "{stdout}");
    assert_eq!(mutate(GOOD, &["--one-in", "4"]).1, stdout);
}

#[test]
fn tests_that_do_not_pass_are_1_and_nothing_to_change_is_3() {
    let (code, stdout, _) = mutate(&format!("{GOOD}\ntest_bad if count(_with(9, \"live\")) == 7\n"), &[]);
    assert_eq!(code, Some(1));
    assert!(stdout.contains("FAIL countersign.rules.team.few_test.test_bad"), "{stdout}");
    assert_eq!(mutate(GOOD, &["--coverage"]).0, Some(2));
    assert_eq!(mutate("", &[]).0, Some(3));
}
