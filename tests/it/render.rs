//! What is shown: harmless to terminals and runners, and the same totals everywhere.

use std::collections::BTreeMap;

use countersign::model::text::{guard_line_start, neutral};
use proptest::prelude::*;

use crate::support::{command, fixture};

/// Commands that GitHub's runner registers, after `actions/runner` `ActionCommandManager.cs`.
const REGISTERED: &[&str] = &[
    "add-mask",
    "add-matcher",
    "add-path",
    "debug",
    "echo",
    "endgroup",
    "error",
    "group",
    "notice",
    "remove-matcher",
    "save-state",
    "set-env",
    "set-output",
    "stop-commands",
    "warning",
];

/// The commands that a runner would run when it reads this text: `::name …::` at the start of a line after white space,
/// `##[name …]` anywhere in one, and Azure's and TeamCity's `##word[`. A lone carriage return ends a line, too.
fn obeyed(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.split(['\r', '\n']) {
        let name = |words: &str| words.split([' ', ';', ']']).next().unwrap_or("").to_lowercase();
        if let Some(rest) = line.trim_start().strip_prefix("::")
            && let Some((command, _)) = rest.split_once("::")
            && REGISTERED.contains(&name(command).as_str())
        {
            found.push(format!("::{command}::"));
        }
        for (at, _) in line.match_indices("##") {
            let rest = line[at + 2..].trim_start_matches('#');
            let word: String = rest.chars().take_while(|c| c.is_alphabetic()).collect();
            if rest[word.len()..].starts_with('[') {
                found.push(line[at..].to_owned());
            }
        }
    }
    found
}

/// Characters that a terminal acts on, line breaks apart.
fn acted_on(text: &str) -> Vec<char> {
    let bidi = |c: &char| matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200b}'..='\u{200f}');
    text.chars().filter(|c| (c.is_control() && *c != '\n') || bidi(c)).collect()
}

const HOSTILE: &[&str] = &[
    "SQLi ##[set-output name=decision;]pass",
    "##vso[task.complete result=Succeeded;]",
    "##teamcity[buildStatus status='SUCCESS']",
    "a\r::add-mask::block",
    "a\n::set-output name=decision::pass",
    "\u{1b}[2J\u{1b}]8;;http://evil.example\u{7}link",
    "\u{202e}ssap\u{202c}",
    "\u{9b}31m \u{85} \u{2028} \u{200b}",
    "\u{a0}\u{2003}::error::x",
];

/// A report of ours in which every field that may hold text holds this one.
fn report(text: &str) -> serde_json::Value {
    serde_json::json!({
        "schema": "countersign/generic-findings/v1",
        "tool": { "name": text, "version": text },
        "checks": ["sast"],
        "target": { "name": text },
        "state": "partial",
        "problems": [text],
        "results": [{
            "kind": "vulnerability",
            "rule": { "id": text, "name": text, "url": text },
            "severity": "high",
            "title": text,
            "ids": [text],
            "package": { "name": text, "version": text, "fixed_in": [text] },
            "location": { "path": text, "line": 1, "resource": text, "image": text },
            "confidence": text,
            "fingerprint": text,
        }],
    })
}

#[test]
fn nothing_that_a_report_a_change_or_a_file_name_says_is_obeyed() {
    let scratch = tempfile::tempdir().unwrap();
    for (n, text) in HOSTILE.iter().enumerate() {
        let dir = scratch.path().join(n.to_string());
        std::fs::create_dir(&dir).unwrap();
        std::fs::write(dir.join("report.json"), report(text).to_string()).unwrap();
        let change = serde_json::json!({ "id": text, "title": text, "author": text, "repository": text, "branch": text,
            "labels": [text], "approvals": [{ "by": text }], "run": { "provider": text, "id": text, "url": text } });
        std::fs::write(dir.join("change.json"), change.to_string()).unwrap();
        let service = serde_json::json!({ "name": text, "owner": text, "team": text });
        std::fs::write(dir.join("service.json"), service.to_string()).unwrap();
        let common = ["check", "report.json", "--ci", "none", "--change", "change.json", "--service", "service.json"];
        let also = ["--at", "2026-11-21T12:00:00Z"];
        let mut shown = 0;
        for output in ["human", "json", "dotenv"] {
            let run = command().current_dir(&dir).args(common).args(also).args(["--output", output]).output().unwrap();
            let (out, err) = (String::from_utf8(run.stdout).unwrap(), String::from_utf8(run.stderr).unwrap());
            assert_eq!(run.status.code(), Some(1), "{text:?}: {err}");
            for said in [&out, &err] {
                assert_eq!(obeyed(said), Vec::<String>::new(), "{output} of {text:?}");
                assert_eq!(acted_on(said), Vec::<char>::new(), "{output} of {text:?}");
            }
            shown += out.len();
        }
        assert!(shown > 3000, "the hostile text was shown");
        for typed in [&["check", "--environment", text, "report.json"][..], &["check", "--mode", text], &[text]] {
            let run = command().current_dir(&dir).args(typed).output().unwrap();
            let err = String::from_utf8(run.stderr).unwrap();
            assert!(matches!(run.status.code(), Some(2 | 3)), "{typed:?}: {err}");
            assert!(obeyed(&err).is_empty() && acted_on(&err).is_empty(), "{typed:?}: {err}");
        }
        let refused = command().current_dir(&dir).args(["findings", &format!("{text}.json")]).output().unwrap();
        let err = String::from_utf8(refused.stderr).unwrap();
        assert_eq!(refused.status.code(), Some(3));
        assert!(obeyed(&err).is_empty() && acted_on(&err).is_empty(), "{err}");
    }
}

#[test]
fn json_output_gives_hostile_text_back_exactly() {
    let scratch = tempfile::tempdir().unwrap();
    for text in HOSTILE {
        std::fs::write(scratch.path().join("report.json"), report(text).to_string()).unwrap();
        let run = command()
            .current_dir(scratch.path())
            .args(["findings", "report.json", "--output", "json"])
            .output()
            .unwrap();
        let document: serde_json::Value = serde_json::from_slice(&run.stdout).unwrap();
        assert_eq!(document.pointer("/findings/0/title").unwrap(), text);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 20_000, ..ProptestConfig::default() })]

    #[test]
    fn no_mixture_of_the_pieces_of_commands_is_obeyed(
        pieces in prop::collection::vec(prop::sample::select(vec![
            "::", "##[", "##", "#", "[", "]", "error", "set-output name=decision;", "add-mask", "stop-commands", "group",
            "\r", "\n", "\r\n", " ", "\t", "\u{a0}", "\u{2003}", "\u{1b}[31m", "%0A", "%25", "vso[task.complete ", "a",
            ":", ";", "\u{202e}", "\u{200b}", "\u{ad}",
        ]), 1..12),
        indent in 0..4_usize,
    ) {
        let text = pieces.concat();
        let line = format!("{:indent$}{}", "", neutral(&text));
        let line = guard_line_start(&line);
        prop_assert_eq!(obeyed(&line), Vec::<String>::new());
        prop_assert_eq!(acted_on(&line), Vec::<char>::new());
    }
}

#[test]
fn the_oracle_knows_a_command_when_it_sees_one() {
    for command in [
        "SQLi ##[set-output name=decision;]pass",
        "  ::set-output name=decision::pass",
        "\u{a0}::error::x",
        "a\r::add-mask::e",
        "::error file=a,line=1::b",
        "####[group]",
    ] {
        assert!(!obeyed(command).is_empty(), "{command:?}");
    }
    for text in ["a ::error::x", "| ::error::x", "::unknown::x", "C## [x]", "# #[error]x", "std::vec::Vec"] {
        assert!(obeyed(text).is_empty(), "{text:?}");
    }
}

/// Numbers before words in the line that says the outcome.
fn counts(human: &str) -> BTreeMap<String, u64> {
    let line = human.lines().nth(1).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    words.windows(2).filter_map(|pair| Some((pair[1].to_owned(), pair[0].parse().ok()?))).collect()
}

#[test]
fn every_output_has_the_same_totals_and_the_equations_hold() {
    for name in ["pass", "block", "excepted", "partial-scan", "exception-rejected", "freeze-excepted"] {
        let golden = fixture(&format!("scenarios/{name}/golden"));
        let text = std::fs::read_to_string(golden.join("decision.json")).unwrap();
        let decision: serde_json::Value = serde_json::from_str(&text).unwrap();
        let total = |key: &str| decision.pointer(&format!("/totals/{key}")).unwrap().as_u64().unwrap();
        assert_eq!(
            total("results") + total("suppressed_apart"),
            total("kept") + total("merged_within") + total("not_understood"),
            "{name}"
        );
        assert_eq!(total("kept"), total("findings") + total("merged_across"), "{name}");
        let dispositions = ["open", "excepted", "suppressed", "not_affected", "resolved"];
        assert_eq!(total("findings"), dispositions.iter().map(|key| total(key)).sum::<u64>(), "{name}");
        let list = |key: &str| decision.pointer(&format!("/{key}")).unwrap().as_array().unwrap().clone();
        assert_eq!(list("findings").len() as u64, total("findings"), "{name}");
        let denied = list("verdicts").iter().filter(|verdict| verdict.get("action").unwrap() == "deny").count();
        assert_eq!(denied as u64, total("deny"), "{name}");
        assert_eq!(list("verdicts").len() as u64, total("deny") + total("warn"), "{name}");
        let human = counts(&std::fs::read_to_string(golden.join("human.txt")).unwrap());
        for (word, key) in [("block", "deny"), ("warn", "warn"), ("excepted", "excepted"), ("pass", "rules_passed")] {
            assert_eq!(human.get(word), Some(&total(key)), "{name}: {word}");
        }
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
        assert_eq!(keys, ["DECISION", "EXIT_CODE", "BLOCKED", "WARNED", "EXCEPTED", "POLICY_DIGEST", "ID"]);
        let [decision, exit_code, blocked, warned, excepted, policy, id] = pairs[..].try_into().unwrap();
        assert_eq!((decision.1, exit_code.1), (outcome, code.to_string().as_str()));
        assert_eq!(blocked.1 != "0", outcome == "block");
        assert!([blocked.1, warned.1, excepted.1].iter().all(|count| count.parse::<u64>().is_ok()), "{text}");
        assert!(policy.1.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64), "{text}");
        assert!(id.1.strip_prefix("d-").is_some_and(|hex| hex.bytes().all(|b| b.is_ascii_hexdigit())), "{text}");
    }
}

/// Runs the arguments of a scenario, and reads what an output format writes.
fn output_of(scenario: &str, format: &str) -> serde_json::Value {
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
        let text = |item: &serde_json::Value, key: &str| item[key].as_str().unwrap().to_owned();
        found["items"].as_array().unwrap().iter().map(|item| (text(item, "action"), text(item, "id"))).collect()
    };
    let warned = of("ana");
    assert!(warned.len() == 1 && warned[0].0 == "warn" && warned[0].1.starts_with("rule:change/emergency:"));
    assert_eq!(of("team-shop"), [("owed".to_owned(), "obligation:EM-2026-004".to_owned())]);
    assert_eq!(output_of("pass", "queue")["owners"], serde_json::json!([]));
}
