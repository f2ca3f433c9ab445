//! What is shown: the same totals everywhere, and what each format promises to those who read it.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::scenarios::Outputs;
use crate::support::{command, fixture};

/// Numbers before words in a line.
fn numbers(line: &str) -> BTreeMap<&str, u64> {
    let words: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    words.windows(2).filter_map(|pair| Some((pair[1], pair[0].parse().ok()?))).collect()
}

/// Called for every scenario with a decision: the equations hold, and every output that carries totals has the same.
pub(crate) fn agree(name: &str, decision: &Value, human: &str, outputs: &Outputs) {
    let total = |key: &str| decision["totals"][key].as_u64().unwrap();
    assert_eq!(
        total("results") + total("suppressed_apart"),
        total("kept") + total("merged_within") + total("not_understood"),
        "{name}"
    );
    assert_eq!(total("kept"), total("findings") + total("merged_across"), "{name}");
    let dispositions = ["open", "excepted", "suppressed", "not_affected", "resolved"];
    assert_eq!(total("findings"), dispositions.iter().map(|key| total(key)).sum::<u64>(), "{name}");
    let list = |key: &str| decision[key].as_array().unwrap().as_slice();
    assert_eq!(list("findings").len() as u64, total("findings"), "{name}");
    assert_eq!(list("rules").len() as u64, total("rules"), "{name}");
    let verdicts = |action: &'static str| list("verdicts").iter().filter(move |verdict| verdict["action"] == action);
    assert_eq!(verdicts("deny").count() as u64, total("deny"), "{name}");
    assert_eq!(verdicts("warn").count() as u64, total("warn"), "{name}");

    let counts = [
        ("block", total("deny")),
        ("warn", total("warn")),
        ("excepted", total("excepted")),
        ("pass", total("rules_passed")),
    ];
    for (id, text) in [
        ("human", human),
        ("markdown", &outputs["markdown"]),
        ("markdown-comment", &outputs["markdown-comment"]),
        ("github", &outputs["github"]),
        ("azure", &outputs["azure"]),
        ("junit", &outputs["junit"]),
    ] {
        let line = text
            .lines()
            .find(|line| line.contains(" block · "))
            .unwrap_or_else(|| panic!("{name}: {id} has no totals"));
        let shown = numbers(line);
        for (word, count) in counts {
            assert_eq!(shown.get(word), Some(&count), "{name}: {word} in {id}");
        }
    }
    let [blocked, warned, excepted, passed] = counts.map(|(_, count)| count);
    let variables: BTreeMap<&str, &str> = outputs["dotenv"].lines().map(|line| line.split_once('=').unwrap()).collect();
    for (key, count) in [("BLOCKED", blocked), ("WARNED", warned), ("EXCEPTED", excepted)] {
        assert_eq!(variables[format!("COUNTERSIGN_{key}").as_str()], count.to_string(), "{name}");
    }
    let junit = roxmltree::Document::parse(&outputs["junit"]).unwrap();
    let suite = |key: &str| junit.root_element().attribute(key).unwrap().parse::<u64>().unwrap();
    assert_eq!((suite("failures"), suite("skipped"), suite("errors")), (blocked, excepted, 0), "{name}");
    assert_eq!(suite("tests"), blocked + warned + excepted + passed, "{name}");
    let cases = junit.descendants().filter(|node| node.has_tag_name("testcase"));
    let names: BTreeSet<_> = cases.map(|case| (case.attribute("classname"), case.attribute("name"))).collect();
    assert_eq!(names.len() as u64, suite("tests"), "{name}: two tests of one name");

    // Where a verdict is told once for each of its findings.
    let points =
        |action: &'static str| verdicts(action).map(|v| v["findings"].as_array().unwrap().len().max(1)).sum::<usize>();
    let read = |id: &str| -> Value { serde_json::from_str(&outputs[id]).unwrap() };
    let run = &read("sarif")["runs"][0];
    assert_eq!(run["properties"]["totals"], decision["totals"], "{name}");
    let levels =
        |level: &str| run["results"].as_array().unwrap().iter().filter(|result| result["level"] == level).count();
    assert_eq!((levels("error"), levels("warning")), (points("deny"), points("warn")), "{name}");
    assert_eq!(read("gitlab-codequality").as_array().unwrap().len(), points("deny") + points("warn"), "{name}");
    let events: Vec<Value> = outputs["events"].lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(events[0]["data"]["totals"], decision["totals"], "{name}");
    let of = |kind: &str| events.iter().filter(|event| event["type"] == format!("dev.countersign.{kind}.v1")).count();
    assert_eq!(of("verdict"), points("deny") + points("warn"), "{name}");
    assert_eq!(of("exception"), list("exceptions").len(), "{name}");
    let queued =
        read("queue")["owners"].as_array().unwrap().iter().map(|o| o["items"].as_array().unwrap().len()).sum::<usize>();
    assert_eq!(outputs["csv"].lines().count(), queued + 1, "{name}");
}

/// Called for every scenario without a decision: no output can be taken for one.
pub(crate) fn say_error(name: &str, outputs: &Outputs) {
    let read = |id: &str| -> Value { serde_json::from_str(&outputs[id]).unwrap() };
    assert_eq!(read("json")["outcome"], "error", "{name}");
    assert_eq!(read("sarif")["runs"][0]["invocations"][0]["executionSuccessful"], false, "{name}");
    assert!(outputs["dotenv"].starts_with("COUNTERSIGN_DECISION=error\n"), "{name}");
    assert!(outputs["markdown"].starts_with("## countersign: error\n"), "{name}");
    assert!(outputs["github"].starts_with("::error "), "{name}");
    assert!(outputs["azure"].starts_with("##vso[task.logissue type=error;]"), "{name}");
    let junit = roxmltree::Document::parse(&outputs["junit"]).unwrap();
    assert_ne!(junit.root_element().attribute("errors"), Some("0"), "{name}");
    let first: Value = serde_json::from_str(outputs["events"].lines().next().unwrap()).unwrap();
    assert_eq!(first["data"]["outcome"], "error", "{name}");
}

/// Where a check of a report with too little coverage shows what is about no file: in SARIF, and in GitLab's report.
fn shown_at(arguments: &[&str]) -> [String; 2] {
    let dir = tempfile::tempdir().unwrap();
    std::fs::copy(fixture("scenarios/missing-scan/service.yaml"), dir.path().join("service.yaml")).unwrap();
    std::fs::write(dir.path().join("gate.yaml"), "environment: staging\n").unwrap();
    let mut check = command();
    check.current_dir(dir.path()).args([
        "check",
        "--ci",
        "none",
        "--output=sarif=sarif",
        "--output=gitlab-codequality=gl",
    ]);
    let output = check.arg(fixture("formats/semgrep/1.182.0-clean.json")).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stderr));
    let read =
        |name: &str| -> Value { serde_json::from_slice(&std::fs::read(dir.path().join(name)).unwrap()).unwrap() };
    let (sarif, quality) = (read("sarif"), read("gl"));
    let is_it = |rule: &Value| rule == "coverage/required-checks";
    let results = sarif["runs"][0]["results"].as_array().unwrap();
    let result = results.iter().find(|result| is_it(&result["ruleId"])).unwrap();
    let entry = quality.as_array().unwrap().iter().find(|entry| is_it(&entry["check_name"])).unwrap();
    let uri = &result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    [uri, &entry["location"]["path"]].map(|path| path.as_str().unwrap().to_owned())
}

#[test]
fn what_is_about_no_file_is_shown_at_a_file_that_judged() {
    let outside = fixture("scenarios/missing-scan/service.yaml");
    let outside = outside.to_str().unwrap();
    for (arguments, file) in [
        (&["--config", "./gate.yaml", "--service", "service.yaml"][..], "gate.yaml"),
        (&["--service", "./service.yaml"], "service.yaml"),
        // None of the repository's: where its configuration would be.
        (&["--service", outside], "countersign.yaml"),
        (&[], "countersign.yaml"),
    ] {
        assert_eq!(shown_at(arguments), [file, file], "{arguments:?}");
    }
}

/// The `dotenv` output of a scenario's check.
fn dotenv(scenario: &str, more: &[&str]) -> String {
    let dir = fixture("scenarios").join(scenario);
    let text = std::fs::read_to_string(dir.join("scenario.toml")).unwrap();
    let args = text.parse::<toml::Table>().unwrap()["args"].clone();
    let args: Vec<String> = args.try_into().unwrap();
    let output = command().current_dir(&dir).arg("check").args(args).args(more).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    String::from_utf8(output.stdout).unwrap()
}

/// GitLab takes at most 5 KB and 20 variables, letters, digits and underscores in keys, and no empty line.
#[test]
fn a_pipeline_can_branch_on_every_line() {
    for (scenario, outcome, code) in [("pass", "pass", 0), ("block", "block", 1), ("warn-fails", "warn", 10)] {
        let text = dotenv(scenario, &["--output", "dotenv"]);
        let pairs: Vec<(&str, &str)> = text.lines().map(|line| line.split_once('=').unwrap()).collect();
        let keys: Vec<&str> = pairs.iter().map(|(key, _)| key.strip_prefix("COUNTERSIGN_").unwrap()).collect();
        assert_eq!(
            keys,
            [
                "DECISION",
                "EXIT_CODE",
                "BLOCKED",
                "WARNED",
                "EXCEPTED",
                "DECISIVE_EXCEPTIONS",
                "NOT_AFFECTED",
                "RESOLVED",
                "POLICY_DIGEST",
                "ID"
            ]
        );
        let [decision, exit_code, blocked, warned, excepted, decisive, unaffected, resolved, policy, id] =
            pairs[..].try_into().unwrap();
        assert_eq!((unaffected.1, resolved.1), ("0", "0"));
        assert_eq!((decision.1, exit_code.1), (outcome, code.to_string().as_str()));
        assert_eq!(blocked.1 != "0", outcome == "block");
        assert!(
            [blocked.1, warned.1, excepted.1, decisive.1].iter().all(|count| count.parse::<u64>().is_ok()),
            "{text}"
        );
        assert!(policy.1.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64), "{text}");
        assert!(id.1.strip_prefix("d-").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())), "{text}");
    }
}

/// Runs the arguments of a scenario, and reads what an output format writes.
fn output_of(scenario: &str, format: &str) -> Value {
    let dir = fixture("scenarios").join(scenario);
    let told: toml::Value = toml::from_str(&std::fs::read_to_string(dir.join("scenario.toml")).unwrap()).unwrap();
    let args: Vec<&str> = told["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("out.json");
    let run = command()
        .current_dir(&dir)
        .arg("check")
        .args(args)
        .arg("--output")
        .arg(format!("{format}={}", path.display()))
        .output()
        .unwrap();
    let written = std::fs::read(&path);
    serde_json::from_slice(&written.unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&run.stderr)))).unwrap()
}

#[test]
fn the_queue_routes_everything_to_its_owner_once() {
    let queue = output_of("r1-codeowners", "queue");
    let decision = output_of("r1-codeowners", "json");
    assert_eq!(queue["schema"], "countersign/queue/v1");
    let owners: Vec<&str> = queue["owners"].as_array().unwrap().iter().map(|o| o["owner"].as_str().unwrap()).collect();
    assert_eq!(owners, ["@example/data", "@example/web"]);
    let items = |owner: usize| queue["owners"][owner]["items"].as_array().unwrap();
    let summary: Vec<String> = items(1)
        .iter()
        .map(|item| {
            let text = |key: &str| item[key].as_str().unwrap_or("-");
            format!("{} {} {}:{}", text("action"), text("fix_by"), text("path"), item["line"])
        })
        .collect();
    assert_eq!(summary, ["block 2026-11-28 web/src/cart.js:12", "warn 2026-12-21 web/src/cart.js:25"]);
    // Nothing is lost, nothing is told twice, and ids are those of the things themselves.
    let mut ids: Vec<&str> = (0..2).flat_map(items).map(|item| item["id"].as_str().unwrap()).collect();
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count);
    let mut findings: Vec<String> = decision["findings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|finding| format!("finding:{}", finding["fingerprint"].as_str().unwrap()))
        .collect();
    findings.sort();
    assert_eq!(ids, findings);
    assert_eq!(queue, output_of("r1-codeowners", "queue"));
}

#[test]
fn the_queue_holds_verdicts_about_no_finding_and_what_is_owed_and_is_empty_on_a_clean_pass() {
    let queue = output_of("r17-signed-emergency", "queue");
    let of = |owner: &str| -> Vec<(String, String)> {
        let all = queue["owners"].as_array().unwrap();
        let found = all.iter().find(|found| found["owner"] == owner).unwrap();
        let text = |item: &Value, key: &str| item[key].as_str().unwrap().to_owned();
        found["items"].as_array().unwrap().iter().map(|item| (text(item, "action"), text(item, "id"))).collect()
    };
    let warned = of("ana");
    assert!(warned.len() == 1 && warned[0].0 == "warn" && warned[0].1.starts_with("rule:change/emergency:"));
    assert_eq!(of("team-shop"), [("owed".to_owned(), "obligation:EM-2026-004".to_owned())]);
    assert_eq!(output_of("pass", "queue")["owners"], serde_json::json!([]));
}

/// What the outcome hangs on is said in every output that has a place for it.
#[test]
fn every_output_says_which_exceptions_the_outcome_hangs_on() {
    let dir = fixture("scenarios/excepted");
    let scratch = tempfile::tempdir().unwrap();
    let change = std::fs::read_to_string(dir.join("change.json")).unwrap();
    let change = change.replacen('{', "{ \"run\": { \"url\": \"https://ci.example.com/1\" },", 1);
    std::fs::write(scratch.path().join("change.json"), change).unwrap();
    let mut check = command();
    check.current_dir(&dir).arg("check");
    for argument in crate::support::scenario_arguments("excepted") {
        match argument.as_str() {
            "change.json" => check.arg(scratch.path().join("change.json")),
            _ => check.arg(argument),
        };
    }
    for renderer in countersign::render::RENDERERS {
        check.arg(format!("--output={0}={1}", renderer.id, scratch.path().join(renderer.id).display()));
    }
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let mut formats = 0;
    for renderer in countersign::render::RENDERERS {
        let text = std::fs::read_to_string(scratch.path().join(renderer.id)).unwrap();
        let sentence = "warn only because of EX-2026-001";
        let field = "\"only_because_of\":[\"EX-2026-001\"]";
        let (what, said) = match renderer.id {
            "human" | "github" | "azure" | "junit" | "gitlab-annotations" => (sentence, text.clone()),
            "markdown" | "markdown-comment" => (sentence, text.replace('`', "")),
            "json" | "sarif" | "events" | "queue" => (field, text.split_whitespace().collect()),
            "dotenv" => ("COUNTERSIGN_DECISIVE_EXCEPTIONS=1", text.clone()),
            // Lists of single things: the finding's own line names the exception.
            "csv" | "gitlab-codequality" | "openvex" => ("EX-2026-001", text.clone()),
            other => panic!("{other}: say here how it tells what the outcome hangs on"),
        };
        assert!(said.contains(what), "{}: {what}\n{text}", renderer.id);
        formats += 1;
    }
    assert!(formats >= 14, "{formats}");
}
