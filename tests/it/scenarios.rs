//! Whole situations, each run through the binary at a pinned instant, with every output kept as a golden file.
//!
//! `UPDATE_GOLDEN=1 cargo test --test it scenarios` writes the golden files; every changed line is to be read.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use serde::Deserialize;

use countersign::render::RENDERERS;

use crate::render;
use crate::support::{command, fixture};

/// The id of a format → what it wrote.
pub(crate) type Outputs = BTreeMap<&'static str, String>;

/// Every format but the text for people, which goes to standard output.
fn files() -> impl Iterator<Item = &'static str> {
    RENDERERS.iter().map(|renderer| renderer.id).filter(|id| *id != "human")
}

/// `scenario.toml`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    /// What the situation is.
    title: String,
    /// Arguments after `countersign check`.
    args: Vec<String>,
    /// The exit code that the table in the documentation gives.
    exit: i32,
    /// The outcome, for situations with a decision.
    outcome: Option<String>,
    /// Lines that the text must hold, each somewhere: written by hand, so that a golden file is not its own proof.
    says: Vec<String>,
    /// Environment variables.
    #[serde(default)]
    env: BTreeMap<String, String>,
    /// Whether every output is kept, and not only the text and the JSON.
    #[serde(default)]
    every_output: bool,
    /// What is explained, too: a finding or a rule.
    explain: Option<String>,
}

/// What changes with the program or the pack and not with the situation: digests, versions, and the list of the rules.
fn masked(text: &str) -> String {
    let mut masked = Vec::new();
    let mut end_of_rules = None;
    for line in text.lines() {
        if let Some(end) = &end_of_rules {
            if line.trim_end_matches(',') == *end {
                end_of_rules = None;
            }
            continue;
        }
        if let Some(indent) = line.strip_suffix("\"rules\": [") {
            end_of_rules = Some(format!("{indent}]"));
            continue;
        }
        let mut line = line.replace(concat!("countersign ", env!("CARGO_PKG_VERSION")), "countersign VERSION");
        for (key, value) in [
            ("\"version\": \"", env!("CARGO_PKG_VERSION")),
            ("\"policy_digest\": \"", "sha256:"),
            ("\"facts_digest\": \"", "sha256:"),
            ("\"id\": \"", "d-"),
            ("policy ", "sha256:"),
            // Where the line before was full.
            ("        ", "sha256:"),
            ("\"engine\": \"", "regorus"),
            ("\"semanticVersion\": \"", env!("CARGO_PKG_VERSION")),
            ("\"decision\": \"", "d-"),
            ("\"decision\":\"", "d-"),
            ("\"id\":\"", "d-"),
            ("#", "d-"),
            ("policy `", "sha256:"),
            ("name=\"policy\" value=\"", "sha256:"),
            ("name=\"decision\" value=\"", "d-"),
            ("COUNTERSIGN_POLICY_DIGEST=", "sha256:"),
            ("COUNTERSIGN_ID=", "d-"),
        ] {
            let start = format!("{key}{value}");
            if let Some((before, after)) = line.split_once(&start) {
                let rest: String = after.chars().skip_while(|c| c.is_alphanumeric() || "… .".contains(*c)).collect();
                line = format!("{before}{start}*{rest}");
            }
        }
        masked.push(line);
    }
    masked.join("\n") + "\n"
}

/// An explanation for people without the id of the decision and the rules' lines, which change with every word of the pack.
fn without_rules(text: &str) -> String {
    let mut kept = Vec::new();
    let mut in_rule = false;
    for line in text.lines() {
        in_rule = in_rule && line.starts_with("           ");
        if in_rule {
            continue;
        }
        in_rule = line.trim_start().starts_with("builtin/rules/");
        let shown = if in_rule { line.rsplit_once(':').unwrap().0 } else { line };
        kept.push(match shown.strip_prefix("d-") {
            Some(id) => format!("d-*{}", id.trim_start_matches(|c: char| c.is_ascii_hexdigit())),
            None => shown.to_owned(),
        });
    }
    kept.join("\n") + "\n"
}

/// The same of the document.
fn without_digests(text: &str) -> String {
    let mut document: serde_json::Value = serde_json::from_str(text).unwrap();
    for verdict in document["verdicts"].as_array_mut().unwrap() {
        let rule = verdict["rule"].as_object_mut().unwrap();
        assert!(rule.remove("sha256").is_some() && rule.remove("definitions").is_some());
    }
    serde_json::to_string_pretty(&document).unwrap()
}

fn explain(what: &str, dir: &Path, scenario: &Scenario, wrong: &mut Vec<String>) {
    let explain = |format: &str| {
        let mut explain = command();
        explain.current_dir(dir).args(["explain", what, "--output", format]).args(&scenario.args).envs(&scenario.env);
        let output = explain.output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{what}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    compare(&dir.join("golden/explain.txt"), &without_rules(&explain("human")), wrong);
    compare(&dir.join("golden/explain.json"), &without_digests(&explain("json")), wrong);
}

fn compare(golden: &Path, actual: &str, wrong: &mut Vec<String>) {
    let actual = masked(actual);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(golden.parent().unwrap()).unwrap();
        std::fs::write(golden, actual).unwrap();
        return;
    }
    let expected = std::fs::read_to_string(golden).unwrap_or_default();
    if expected != actual {
        let at = expected.lines().zip(actual.lines()).position(|(a, b)| a != b);
        let at = at.unwrap_or_else(|| expected.lines().count().min(actual.lines().count()));
        wrong.push(format!(
            "{}: line {}:\n  expected {:?}\n  actual   {:?}",
            golden.display(),
            at + 1,
            expected.lines().nth(at),
            actual.lines().nth(at)
        ));
    }
}

fn run(dir: &Path, wrong: &mut Vec<String>) {
    let name = dir.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(dir.join("scenario.toml")).unwrap();
    let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
    let scratch = tempfile::tempdir().unwrap();
    let mut check: Command = command();
    check.current_dir(dir).arg("check").args(&scenario.args).envs(&scenario.env).arg("--output=human");
    for renderer in files() {
        check.arg(format!("--output={}={}", renderer, scratch.path().join(renderer).display()));
    }
    let output = check.output().unwrap();
    let outputs: Outputs =
        files().filter_map(|id| Some((id, std::fs::read_to_string(scratch.path().join(id)).ok()?))).collect();
    let (stdout, stderr) = (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    let mut fail = |what: String| wrong.push(format!("{name} ({}): {what}\n{stdout}\n{stderr}", scenario.title));
    if output.status.code() != Some(scenario.exit) {
        return fail(format!("exit {:?}, expected {}", output.status.code(), scenario.exit));
    }
    for line in &scenario.says {
        if !stdout.contains(line) && !stderr.contains(line) {
            return fail(format!("does not say {line:?}"));
        }
    }
    let golden = dir.join("golden");
    match &scenario.outcome {
        Some(outcome) => {
            let decision: serde_json::Value = serde_json::from_str(&outputs["json"]).unwrap();
            if decision.get("outcome") != Some(&serde_json::json!(outcome))
                || decision.get("exit_code") != Some(&serde_json::json!(scenario.exit))
            {
                return fail(format!(
                    "decided {} with exit code {}",
                    decision.get("outcome").unwrap(),
                    decision.get("exit_code").unwrap()
                ));
            }
            compare(&golden.join("human.txt"), &stdout, wrong);
            compare(&golden.join("decision.json"), &outputs["json"], wrong);
            render::agree(&name, &decision, &stdout, &outputs);
            for (id, text) in outputs.iter().filter(|(id, _)| scenario.every_output && **id != "json") {
                compare(&golden.join(format!("{id}.txt")), text, wrong);
            }
            if let Some(what) = &scenario.explain {
                explain(what, dir, &scenario, wrong);
            }
        }
        None => {
            if !stdout.is_empty() {
                return fail("an error left something else than itself behind".to_owned());
            }
            render::say_error(&name, &outputs);
            compare(&golden.join("stderr.txt"), &stderr, wrong);
        }
    }
}

#[test]
fn every_scenario_ends_as_it_says() {
    let mut wrong = Vec::new();
    let mut count = 0;
    let mut dirs: Vec<_> = std::fs::read_dir(fixture("scenarios")).unwrap().map(|e| e.unwrap().path()).collect();
    dirs.sort();
    for dir in dirs.iter().filter(|dir| dir.is_dir()) {
        run(dir, &mut wrong);
        count += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
    assert!(count >= 10, "only {count} scenarios");
}
