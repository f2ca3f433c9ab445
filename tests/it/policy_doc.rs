//! `policy doc` and `policy list`: the pages of the pack are up to date, and both say of anybody's policies what METADATA says.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{command, fixture, root};

const RULE: &str = "# METADATA\n# scope: package\n# title: No eval\n# description: Text that is <evaluated> is code of others.\n# custom:\n#   owner: security\n#   severity: high\n#   scope: finding\n#   controls: [iso27001:8.28, acme:S1]\n#   remediation: Parse it.\n#   effective_on: 2027-03-01\n#   deprecated_on: 2028-03-01\npackage countersign.rules.team.no_eval\n\ndeny contains verdict if {\n\tinput.finding.rule.id == \"no-eval\"\n\tverdict := {\"msg\": sprintf(\"evaluates text: %s\", [\"{title}\"]), \"next\": \"parse `it`\"}\n}\n";
const TEST: &str = "package countersign.rules.team.no_eval_test\n\nimport data.countersign.rules.team.no_eval\n\ntest_denies if count(no_eval.deny) == 1 with input as {\"finding\": {\"rule\": {\"id\": \"no-eval\"}}}\n";

fn policy(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command().current_dir(dir).arg("policy").args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

fn team() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("policies/no_eval.rego", RULE),
        ("policies/no_eval_test.rego", TEST),
        ("acme.yaml", "acme:\n  title: ACME\n  controls: {S1: Secure code}\n"),
    ] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    dir
}

#[test]
fn the_pages_of_the_pack_are_up_to_date() {
    let mut arguments = vec!["doc", "policies", "--out", "docs"];
    if std::env::var_os("UPDATE_GOLDEN").is_none() {
        arguments.push("--check");
    }
    let (code, _, stderr) = policy(root(), &arguments);
    assert_eq!(code, Some(0), "UPDATE_GOLDEN=1 cargo test --test it policy_doc: {stderr}");
    let page = |name: &str| std::fs::read_to_string(root().join("docs").join(name)).unwrap();
    let (rules, controls) = (page("RULES.md"), page("CONTROLS.md"));
    let sections = rules.matches("\n### ").count();
    // One for each rule and admission package, each rule with what it says.
    let files = |dir: &str| {
        let files = crate::support::files_below(&root().join(dir));
        files.iter().filter(|path| !path.to_string_lossy().ends_with("_test.rego")).count()
    };
    assert_eq!(sections, files("policies/rules") + files("policies/admission"));
    assert_eq!(rules.matches(", for example: `").count(), files("policies/rules"));
    assert!(controls.contains("| `iso27001:8.32` | Change management | ["), "{controls}");
    // Every link to a rule leads to its heading.
    for link in controls.split("](RULES.md#").skip(1).filter_map(|rest| rest.split(')').next()) {
        let heading = |line: &str| line.strip_prefix("### ").map(|id| id.replace('/', ""));
        assert!(rules.lines().filter_map(heading).any(|known| known == link), "{link}");
    }
}

#[test]
fn a_page_says_what_metadata_and_the_tests_say() {
    let dir = team();
    let at = |arguments: &[&str]| {
        let all = [&["doc", "policies", "--out", ".", "--controls", "acme.yaml"], arguments].concat();
        policy(dir.path(), &all)
    };
    assert_eq!(at(&["--check"]).0, Some(1), "there is no page yet");
    let (code, _, stderr) = at(&[]);
    assert_eq!(code, Some(0), "{stderr}");
    assert_eq!(at(&["--check"]).0, Some(0));
    let rules = std::fs::read_to_string(dir.path().join("RULES.md")).unwrap();
    let section = "\n## team\n\n### team/no-eval\n\n**No eval.** Text that is &lt;evaluated> is code of others.\n\n\
                   - How to get green: Parse it.\n\
                   - It denies, for example: `evaluates text: {title}`\n  next: `parse 'it'`\n\
                   - It judges each finding; severity high; answered for by security\n\
                   - It denies from 2027-03-01 on, and warns until then\n\
                   - It goes away: from 2028-03-01 on it is not evaluated any more\n\
                   - Evidence for: `acme:S1` Secure code; `iso27001:8.28` Secure coding\n";
    assert!(rules.ends_with(section), "{rules}");
    let controls = std::fs::read_to_string(dir.path().join("CONTROLS.md")).unwrap();
    let acme = "\n## ACME\n\n| control | about | rules |\n|---|---|---|\n| `acme:S1` | Secure code | [team/no-eval](RULES.md#teamno-eval) |\n";
    assert!(controls.contains(acme), "{controls}");

    std::fs::write(dir.path().join("RULES.md"), "old").unwrap();
    let (code, _, stderr) = at(&["--check"]);
    assert_eq!(code, Some(1));
    assert!(stderr.contains("RULES.md: not up to date") && !stderr.contains("CONTROLS.md"), "{stderr}");
    std::fs::write(dir.path().join("policies/no_eval.rego"), "package x.y\n\ndeny contains \"z\"\n").unwrap();
    assert_eq!(at(&[]).0, Some(3), "policies that do not load have no page");
}

#[test]
fn the_list_says_layer_mode_and_days() {
    let dir = team();
    let profile = std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap();
    let profile = profile.replace("rules: {}", "rules: { findings/owner: warn, plans/cost: off }");
    std::fs::write(dir.path().join("own.yaml"), profile).unwrap();
    let arguments = ["list", "--policy", "team:policies", "--profile", "own.yaml"];
    let (code, stdout, stderr) = policy(dir.path(), &arguments);
    assert_eq!(code, Some(0), "{stderr}");
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines[0], "built-in layer");
    let line = |id: &str| lines.iter().find(|line| line.trim_start().starts_with(&format!("{id} "))).unwrap();
    let words = |id: &str| line(id).split_whitespace().collect::<Vec<_>>().join(" ");
    assert_eq!(words("findings/owner"), "findings/owner warn medium finding engineering");
    assert!(words("plans/cost").starts_with("plans/cost off "));
    assert_eq!(
        words("team/no-eval"),
        "team/no-eval enforce high finding security; denies from 2027-03-01 on; goes away on 2028-03-01"
    );
    assert!(
        lines.iter().position(|line| *line == "team layer")
            < lines.iter().position(|line| line.contains("team/no-eval"))
    );

    let (_, json, _) = policy(dir.path(), &[&arguments[..], &["--output", "json"]].concat());
    let json: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["schema"], "countersign/policy-list/v1");
    let rules = json["rules"].as_array().unwrap();
    let own = rules.last().unwrap();
    assert_eq!((&own["id"], &own["layer"], &own["mode"]), (&"team/no-eval".into(), &"team".into(), &"enforce".into()));
    assert_eq!(own["effective_on"], "2027-03-01");
    assert_eq!(rules.iter().find(|rule| rule["id"] == "plans/cost").unwrap()["mode"], "off");
    for (arguments, said) in
        [(&["list", "--profile", "no.yaml"][..], "no.yaml"), (&["list", "--policy", "nowhere"], "nowhere")]
    {
        let (code, stdout, stderr) = policy(dir.path(), arguments);
        assert_eq!((code, stdout.as_str()), (Some(3), ""), "{stderr}");
        assert!(stderr.contains(said), "{stderr}");
    }
}

/// What a rule that has gone away would have said is not said, and the decision says that it is off.
#[test]
fn a_deprecated_rule_is_off_in_a_decision_that_says_so() {
    let dir = team();
    let rule = "# METADATA\n# title: t\n# custom:\n#   owner: o\n#   deprecated_on: DAY\npackage countersign.rules.team.old\n\ndeny contains \"old\"\n";
    let scenario = fixture("scenarios/pass");
    let text = std::fs::read_to_string(scenario.join("scenario.toml")).unwrap();
    let table: toml::Table = text.parse().unwrap();
    let args: Vec<&str> = table["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let decide = |day: &str| {
        let file = dir.path().join("old.rego");
        std::fs::write(&file, rule.replace("DAY", day)).unwrap();
        let output = command()
            .current_dir(&scenario)
            .arg("check")
            .args(&args)
            .args(["--output", "json", "--policy"])
            .arg(&file)
            .output()
            .unwrap();
        let json: Value = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
        (output.status.code(), json)
    };
    let (code, json) = decide("2099-01-01");
    assert_eq!((code, json["outcome"].as_str()), (Some(1), Some("block")));
    let before = json["totals"]["rules"].as_u64().unwrap();
    let (code, json) = decide("2020-01-01");
    assert_eq!((code, json["outcome"].as_str()), (Some(0), Some("pass")));
    assert_eq!(json["totals"]["rules"].as_u64().unwrap(), before - 1);
    let because = json["assurance"]["because"].as_array().unwrap();
    assert!(because.contains(&"rule team/old is off since 2020-01-01: deprecated".into()), "{because:?}");
}
