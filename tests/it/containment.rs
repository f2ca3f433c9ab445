//! Policies that loop, allocate, recurse or drown the parser: each ends in exit 3 with the name of the policy, through the binary.

use std::path::Path;
use std::process::Output;

use crate::support::{command, fixture};

/// What a policy does, and how its end is told: one of these texts.
struct Attack {
    what: &'static str,
    body: String,
    place: &'static str,
    told: &'static [&'static str],
}

const TOO_MUCH: &[&str] =
    &["needs more memory", "was still running", "needs more processor time", "breaks down", "broke"];
const RULE: &str = "data.main.deny";

fn attack(what: &'static str, body: impl Into<String>, place: &'static str, told: &'static [&'static str]) -> Attack {
    Attack { what, body: body.into(), place, told }
}

/// `name(31)` is made of two times `name(30)`, and so on.
fn doubled(first: &str, double: impl Fn(&str) -> String) -> String {
    let mut text = format!("r0 := {first}\n");
    for n in 1..48 {
        text.push_str(&format!("r{n} := {}\n", double(&format!("r{}", n - 1))));
    }
    text + "deny contains \"x\" if count(r47) > 0\n"
}

fn attacks() -> Vec<Attack> {
    let long = "a".repeat(900);
    let lists = |depth: usize| format!("deny contains \"x\" if {}1{} == 1", "[".repeat(depth), "]".repeat(depth));
    let terms = format!("deny contains \"x\" if 1{} == 2", "\n+ 1".repeat(19_000));
    vec![
        attack(
            "a range of a billion",
            "deny contains \"x\" if count(numbers.range(1, 1000000000)) == 0",
            RULE,
            TOO_MUCH,
        ),
        attack(
            "a width of a billion",
            "deny contains sprintf(\"%1000000000d\", [1])",
            RULE,
            &["needs more memory", "was still running", "width", "sprintf"],
        ),
        attack(
            "a network of a billion",
            "deny contains \"x\" if count(net.cidr_expand(\"0.0.0.0/2\")) == 0",
            RULE,
            TOO_MUCH,
        ),
        attack(
            "a network of 2^64",
            "deny contains \"x\" if count(net.cidr_expand(\"2001:db8::/64\")) == 0",
            RULE,
            TOO_MUCH,
        ),
        attack(
            "recursion without end",
            "f(x) := f(x + 1)\ndeny contains \"x\" if f(1) == 2",
            "p.rego:2",
            &["calls itself"],
        ),
        attack(
            "recursion through a rule",
            "f(x) := y if { y := r }\nr := f(1)\ndeny contains \"x\" if r == 2",
            "p.rego",
            &["recursion", "calls itself"],
        ),
        attack(
            "three loops",
            "n := numbers.range(1, 3000)\ndeny contains \"x\" if { some a in n; some b in n; some c in n; a + b == c * 100000 }",
            RULE,
            TOO_MUCH,
        ),
        attack("a text that doubles", doubled("\"ab\"", |r| format!("concat(\"\", [{r}, {r}])")), RULE, TOO_MUCH),
        attack("a list that doubles", doubled("[1]", |r| format!("array.concat({r}, {r})")), RULE, TOO_MUCH),
        attack(
            "a text that squares",
            format!(
                "t := \"{long}\"\nu := replace(t, \"a\", t)\ndeny contains \"x\" if count(replace(u, \"a\", u)) == 0"
            ),
            RULE,
            TOO_MUCH,
        ),
        attack(
            "a pattern that replaces by much",
            format!(
                "t := \"{long}\"\nu := regex.replace(t, \"\", t)\ndeny contains \"x\" if count(regex.replace(u, \"\", u)) == 0"
            ),
            RULE,
            TOO_MUCH,
        ),
        attack(
            "a number that squares",
            "r0 := 123456789123456789\n".to_owned()
                + &(1..48).map(|n| format!("r{n} := r{0} * r{0}\n", n - 1)).collect::<String>()
                + "deny contains \"x\" if r47 == 1",
            RULE,
            &["needs more memory", "was still running", "needs more processor time", "overflow", "finite"],
        ),
        attack(
            "a shift by a billion",
            "deny contains \"x\" if bits.lsh(1, 8000000000000) == 0",
            "p.rego:2",
            &["`bits.lsh` is undefined"],
        ),
        attack("lists in lists in lists", lists(20), "p.rego:2", &["literals and comprehensions are nested"]),
        attack("lists in lists without end", lists(400), "p.rego:2", &["literals and comprehensions are nested"]),
        attack(
            "brackets without end",
            format!("deny contains \"x\" if {}1{} == 1", "(".repeat(400), ")".repeat(400)),
            "p.rego:2",
            &["brackets are nested"],
        ),
        attack("19,000 terms", terms, "p.rego:", &["operators stand in one expression"]),
        attack(
            "a large pattern",
            "deny contains \"x\" if regex.match(\"(a{1,1000}){1,1000}\", \"aaa\")",
            "p.rego:2",
            &["size limit"],
        ),
        attack("a number with a long exponent", "deny contains \"x\" if 1e1000000000 > 1", "p.rego", &["number"]),
        attack(
            "a text that is such a number",
            "deny contains \"x\" if to_number(\"1e1000000000\") == 1",
            "",
            &["number", "needs more memory", "was still running"],
        ),
        attack(
            "JSON in a text in depth",
            "deny contains \"x\" if json.unmarshal(concat(\"\", [\"[\" | some _ in numbers.range(1, 100000)])) == 1",
            "p.rego:2",
            &["json", "recursion", "EOF", "parse"],
        ),
        attack(
            "a file of a megabyte and more",
            format!("# {}\n", "x".repeat(80)).repeat(14_000) + "deny contains \"x\"",
            "p.rego:1",
            &["bytes"],
        ),
    ]
}

fn eval(dir: &Path) -> Output {
    command()
        .current_dir(dir)
        .args(["policy", "eval", "-p", "p.rego", "--policy-timeout", "2", "d.json"])
        .output()
        .unwrap()
}

#[test]
fn every_attack_ends_in_an_error_that_names_the_policy() {
    let mut wrong = Vec::new();
    for Attack { what, body, place, told } in attacks() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("p.rego"), format!("package main\n{body}\n")).unwrap();
        std::fs::write(dir.path().join("d.json"), "{}").unwrap();
        let Output { status, stdout, stderr } = eval(dir.path());
        let said = String::from_utf8_lossy(&stderr).into_owned();
        let first = said.lines().next().unwrap_or_default();
        let names = first.starts_with(&format!("error: {place}"));
        if status.code() != Some(3) || !stdout.is_empty() || !names || !told.iter().any(|told| said.contains(told)) {
            wrong.push(format!("{what}: {status}, {} bytes of output\n{said}", stdout.len()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n\n"));
}

/// The same in a release: no verdict, no evidence of a pass, and no output but the error.
#[test]
fn a_policy_that_breaks_the_worker_ends_a_release_with_an_error() {
    let scenario = fixture("scenarios/pass");
    let text = std::fs::read_to_string(scenario.join("scenario.toml")).unwrap();
    let args: toml::Table = text.parse().unwrap();
    let args: Vec<&str> = args["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect();
    let head = "# METADATA\n# title: t\n# custom:\n#   owner: o\npackage countersign.rules.a.greedy\n";
    for (body, told) in [
        ("deny contains \"x\" if count(numbers.range(1, 1000000000)) == 0", "needs more memory"),
        (
            "deny contains \"x\" if { n := numbers.range(1, 3000); some a in n; some b in n; some c in n; a + b == c * 100000 }",
            "was still running",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("greedy.rego"), format!("{head}{body}\n")).unwrap();
        let mut check = command();
        check.current_dir(&scenario).arg("check").args(&args).arg("--policy").arg(dir.path());
        let Output { status, stdout, stderr } = check.args(["--policy-timeout", "4"]).output().unwrap();
        let said = String::from_utf8_lossy(&stderr).into_owned();
        assert_eq!(status.code(), Some(3), "{said}");
        assert!(
            stdout.is_empty() && said.contains("data.countersign.rules.a.greedy.deny") && said.contains(told),
            "{said}"
        );
    }
}
