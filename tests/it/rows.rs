//! docs/SCENARIOS.md against the scenarios: every row of what a release is held to blocks, warns and passes in one of them, and every
//! rule of the pack gives a verdict in one and none in another.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::support::{command, files_below, fixture, root};

/// The cells of every row whose first cell begins as `is` says, without the texts of the first.
fn rows(is: fn(&str) -> bool) -> BTreeMap<String, Vec<String>> {
    let page = std::fs::read_to_string(root().join("docs/SCENARIOS.md")).unwrap();
    let cells = |line: &str| line.trim_matches('|').split(" | ").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let lines = page.lines().filter(|line| line.starts_with("| ")).map(cells).filter(|cells| is(&cells[0]));
    lines.map(|mut cells| (cells.remove(0), cells)).collect()
}

/// The words in backquotes.
fn quoted(cell: &str) -> Vec<&str> {
    cell.split('`').skip(1).step_by(2).collect()
}

/// `outcome` and exit code of a scenario.
fn ends(name: &str) -> (Option<String>, i64) {
    let path = fixture("scenarios").join(name).join("scenario.toml");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let scenario: toml::Table = toml::from_str(&text).unwrap();
    let outcome = scenario.get("outcome").map(|outcome| outcome.as_str().unwrap().to_owned());
    (outcome, scenario["exit"].as_integer().unwrap())
}

#[test]
fn every_row_blocks_warns_and_passes_in_a_scenario() {
    let rows = rows(|first| first.starts_with('R'));
    let expected: BTreeSet<String> = (1..=22).chain([24]).map(|n| format!("R{n}")).collect();
    assert_eq!(rows.keys().cloned().collect::<BTreeSet<_>>(), expected);
    for (row, cells) in rows {
        let [what, outcomes @ ..] = cells.as_slice() else { panic!("{row}: no cell") };
        for name in quoted(what) {
            assert_eq!(ends(name), (None, 3), "{row}: {name}");
        }
        for (cell, outcome) in outcomes.iter().zip(["block", "warn", "pass"]) {
            assert!(!quoted(cell).is_empty(), "{row} has no scenario that ends in {outcome}");
            for name in quoted(cell) {
                assert_eq!(ends(name).0.as_deref(), Some(outcome), "{row}: {name}");
            }
        }
        assert_eq!(outcomes.len(), 3, "{row}");
    }
}

/// Rule → the scenarios in which it gives a verdict, as the kept outputs say.
fn fired() -> (BTreeMap<String, BTreeSet<String>>, usize) {
    let mut fired: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut decisions = 0;
    for file in files_below(&fixture("scenarios")).iter().filter(|file| file.ends_with("golden/decision.json")) {
        let decision: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        let scenario = file.ancestors().nth(2).unwrap().file_name().unwrap().to_string_lossy().into_owned();
        decisions += usize::from(decision["verdicts"].is_array());
        for verdict in decision["verdicts"].as_array().into_iter().flatten() {
            fired.entry(verdict["rule"].as_str().unwrap().to_owned()).or_default().insert(scenario.clone());
        }
    }
    (fired, decisions)
}

#[test]
fn every_rule_of_the_pack_gives_a_verdict_in_a_scenario_and_none_in_another() {
    let output = command().args(["policy", "list", "--output", "json"]).current_dir(root()).output().unwrap();
    let list: Value = serde_json::from_slice(&output.stdout).unwrap();
    let rules: BTreeSet<&str> = list["rules"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap()).collect();
    let elsewhere = rows(|first| first.contains('/'));
    let (fired, decisions) = fired();
    assert!(rules.len() > 50 && decisions > 100, "{} rules, {decisions} decisions", rules.len());
    for rule in rules {
        let scenarios = fired.get(rule).map_or(0, BTreeSet::len);
        assert!(scenarios < decisions, "{rule} is silent in no scenario");
        assert_eq!(scenarios == 0, elsewhere.contains_key(rule), "{rule} gives a verdict in {scenarios} scenarios");
    }
    for (rule, cells) in elsewhere {
        let name = quoted(&cells[0])[0];
        let (module, test) = name.split_once("::").unwrap();
        let source = std::fs::read_to_string(root().join("tests/it").join(format!("{module}.rs"))).unwrap();
        assert!(source.contains(&format!("fn {test}()")), "{rule}: there is no test {name}");
    }
}
