//! `policy eval` beside the real Conftest: the same results in the same JSON. `fixtures/conftest/<case>/expected.json` is what Conftest
//! 0.71.1 wrote (`make.sh` there writes it again); `args` holds the arguments that both were given.

use std::path::Path;
use std::process::Output;

use serde_json::Value;

use crate::support::{command, fixture};

fn eval(dir: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        command().current_dir(dir).args(["policy", "eval"]).args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

/// The results without their order: Conftest's is that of files and rules in memory.
fn in_order(text: &str) -> Vec<Value> {
    let mut results: Vec<Value> = serde_json::from_str(text).unwrap();
    for result in &mut results {
        for list in ["failures", "warnings", "exceptions"] {
            if let Some(list) = result.get_mut(list).and_then(Value::as_array_mut) {
                list.sort_by_key(ToString::to_string);
            }
        }
    }
    results.sort_by_key(|result| format!("{} {}", result["filename"], result["namespace"]));
    results
}

#[test]
fn results_are_those_of_conftest() {
    let mut cases = 0;
    for entry in std::fs::read_dir(fixture("conftest")).unwrap() {
        let dir = entry.unwrap().path();
        if !dir.is_dir() {
            continue;
        }
        cases += 1;
        let name = dir.file_name().unwrap().to_string_lossy().into_owned();
        let args = std::fs::read_to_string(dir.join("args")).unwrap();
        let args: Vec<&str> = args.split_whitespace().chain(["--output", "json"]).collect();
        let (code, stdout, stderr) = eval(&dir, &args);
        let expected = in_order(&std::fs::read_to_string(dir.join("expected.json")).unwrap());
        let actual = in_order(&stdout);
        assert_eq!(expected, actual, "{name}: {stderr}");
        let fails = expected.iter().any(|result| result.get("failures").is_some());
        assert_eq!(code, Some(i32::from(fails)), "{name}: {stderr}");
        let is_v0 = dir.join("conftest-args").exists();
        assert_eq!(stderr.contains("no Rego v1, read as v0"), is_v0, "{name}: {stderr}");
    }
    assert!(cases >= 8, "only {cases} cases");
}

#[test]
fn a_person_reads_lines_and_a_sum() {
    let dir = fixture("conftest/exceptions");
    let (code, stdout, _) = eval(&dir, &["-p", "policy", "a.yaml", "b.yaml"]);
    assert_eq!(code, Some(1));
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(
        lines,
        [
            "EXCP - a.yaml - main - data.main.exception[_][_] == \"old\"",
            "EXCP - a.yaml - main - data.main.exception[_][_] == \"root\"",
            "FAIL - b.yaml - main - has no owner",
            "FAIL - b.yaml - main - the base is too old",
            "FAIL - b.yaml - main - runs as root",
            "6 tests, 1 passed, 0 warnings, 3 failures, 2 exceptions",
        ]
    );
    let list = fixture("conftest/list");
    assert_eq!(
        eval(&fixture("conftest/chosen"), &["-p", "policy", "-n", "two", "--fail-on-warn", "d.yaml"]).0,
        Some(10)
    );
    assert_eq!(eval(&fixture("conftest/chosen"), &["-p", "policy", "-n", "two", "d.yaml"]).0, Some(0));
    assert_eq!(eval(&list, &["-p", "policy", "gone.json"]).0, Some(3));
    assert_eq!(eval(&list, &["-p", "gone", "d.json"]).0, Some(3));
    let (code, _, stderr) = eval(&list, &["-p", "policy", "args"]);
    assert!(code == Some(3) && stderr.contains("neither .json, .yaml, .yml nor .toml"), "{stderr}");
}
