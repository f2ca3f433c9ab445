//! The ways in which other gates are known to fail open, one by one through the binary: each ends in a block or in exit 3.
//!
//! docs/POLICY_ENGINE.md lists them by their titles here, and a test holds the list against this table.

use std::path::Path;
use std::process::Output;

use crate::support::{command, fixture, root};

/// Where a trap is known from, and what it is.
struct Trap {
    from: &'static str,
    what: &'static str,
    run: Run,
    exit: i32,
    told: &'static str,
}

/// What is run: files are written into a directory of their own, `@` in an argument is that directory.
enum Run {
    /// `policy eval` of `p.rego` over `d.json`, with these further arguments.
    Eval(&'static str, &'static [&'static str]),
    /// `check` of the scenario `pass` with these files and arguments.
    Check(&'static [(&'static str, &'static str)], &'static [&'static str]),
    /// Another command, where these files are.
    Other(&'static [(&'static str, &'static str)], &'static [&'static str]),
}

use Run::{Check, Eval, Other};

/// A public key of which nobody has the other half.
const KEY: &str = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n";

const RULE: &str = "# METADATA\n# title: t\n# custom:\n#   owner: o\npackage countersign.rules.a.r\n";

/// A report of the commit that the scenario releases; RESULTS stands for its results.
const REPORT: &str = r#"{"schema": "countersign/generic-findings/v1", "tool": {"name": "acme"}, "checks": ["sast"], "state": "complete",
"target": {"name": "shop", "commit": "COMMIT"}, "finished_at": "2026-11-21T11:00:00Z", "results": [RESULTS]}"#;
const UNRATED: &str = r#"{"kind": "weakness", "rule": {"id": "A-1"}, "severity": "unknown", "title": "t", "location": {"path": "a.py", "line": 1}}"#;
const NO_PURL: &str = r#"{"kind": "vulnerability", "rule": {"id": "CVE-2026-1"}, "ids": ["CVE-2026-1"], "severity": "high", "title": "t", "location": {"path": "a"}}"#;

const RECORD: &str = "match: {ids: [CVE-2026-1]}, owner: o, reason: r, mitigation: m, created: 2026-11-01";

#[expect(clippy::too_many_lines, reason = "a table")]
fn traps() -> Vec<Trap> {
    let trap = |from, what, run, exit, told| Trap { from, what, run, exit, told };
    let policy = &["--policy", "@/r.rego"];
    let main = &["--policy", "@/m.rego", "--namespace", "main"];
    vec![
        trap("Conftest", "a deny that is a truth value", Eval("deny if true", &[]), 3, "is a boolean, not a set"),
        trap(
            "Conftest",
            "a deny that is an object",
            Eval("deny[msg] := 1 if msg := \"x\"", &[]),
            3,
            "is an object, not a set",
        ),
        trap(
            "Conftest",
            "a deny that is one text (v0)",
            Eval("deny = msg { msg := \"x\" }", &[]),
            3,
            "is a text, not a set",
        ),
        trap("Conftest", "a blank message", Eval("deny contains \"\"", &[]), 3, "blank msg"),
        trap(
            "Conftest",
            "a blank message in an object",
            Eval("violation contains {\"msg\": \" \"}", &[]),
            3,
            "blank msg",
        ),
        trap("Conftest", "a result without a message", Eval("deny contains {\"message\": \"x\"}", &[]), 3, "no msg"),
        trap(
            "Conftest",
            "a result that is neither text nor object",
            Eval("deny contains 7", &[]),
            3,
            "a member is a number",
        ),
        trap(
            "Conftest",
            "an error of a built-in that makes a rule silent",
            Eval("deny contains \"x\" if to_number(input.a) > 1", &[]),
            3,
            "the text is no number",
        ),
        trap(
            "Conftest",
            "a namespace that no policy has",
            Eval("deny contains \"x\"", &["-n", "mian"]),
            3,
            "no policy has this package",
        ),
        trap(
            "Conftest",
            "a namespace without rules",
            Eval("helper(x) := x", &[]),
            3,
            "defines neither deny, warn nor violation",
        ),
        trap(
            "Conftest",
            "no rule in any namespace",
            Eval("helper(x) := x", &["--all-namespaces"]),
            3,
            "no package that was given defines",
        ),
        trap(
            "Conftest",
            "a rule name that is a slip",
            Eval("dney contains \"x\"\nwarn contains \"y\"", &[]),
            3,
            "looks like `deny`",
        ),
        trap(
            "Conftest",
            "a list without a document",
            Eval("deny contains \"x\"", &["@/empty.json"]),
            3,
            "holds no document",
        ),
        trap(
            "Conftest",
            "an exception for a rule that is not there",
            Eval("deny contains \"x\"\nexception contains [\"gone\"]", &[]),
            3,
            "excepts nothing",
        ),
        trap(
            "Conftest",
            "an exception that is no list of names",
            Eval("deny contains \"x\"\nexception contains \"x\"", &[]),
            3,
            "not a list of rule names",
        ),
        trap(
            "Conftest",
            "a release in which an exception rule hides a whole rule",
            Check(&[("m.rego", "package main\ndeny contains \"x\"\nexception contains [\"\"]")], main),
            3,
            "`exception` rule",
        ),
        trap(
            "Conftest",
            "a release with a deny that is a truth value",
            Check(&[("m.rego", "package main\ndeny if true")], main),
            3,
            "is a boolean, not a set",
        ),
        trap(
            "Conftest",
            "a release with a package that no namespace names",
            Check(
                &[("m.rego", "package main\ndeny contains \"x\""), ("o.rego", "package other\ndeny contains \"y\"")],
                &["--policy", "@", "--namespace", "main"],
            ),
            3,
            "the package `other` defines `deny` and would not be evaluated",
        ),
        trap(
            "Conftest",
            "a release with a namespace that is spelt otherwise",
            Check(&[("m.rego", "package mian\ndeny contains \"x\"")], main),
            3,
            "no policy has this package",
        ),
        trap(
            "Conforma",
            "an exclusion whose end cannot be read",
            Check(
                &[(
                    "e.yaml",
                    "- {id: EX-1, match: {ids: [CVE-2026-1]}, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: next week}",
                )],
                &["--exceptions", "@/e.yaml"],
            ),
            3,
            "e.yaml:1:108: `expires`: not a date",
        ),
        trap(
            "Conforma",
            "an effective day that cannot be read",
            Check(
                &[(
                    "r.rego",
                    "# METADATA\n# title: t\n# custom:\n#   owner: o\n#   effective_on: 2026-13-01\npackage countersign.rules.a.r\ndeny contains \"x\"",
                )],
                policy,
            ),
            3,
            "date",
        ),
        trap(
            "Conforma",
            "a result of an unknown kind",
            Check(&[("r.rego", "RULE deny contains [\"x\"]")], policy),
            3,
            "a member is an array",
        ),
        trap(
            "Conforma",
            "a severity that nobody knows",
            Check(&[("r.rego", "RULE deny contains {\"msg\": \"x\", \"severity\": \"grave\"}")], policy),
            3,
            "`grave` is no severity",
        ),
        trap(
            "Conforma",
            "rules that are switched off and are not there",
            Check(&[("profile.yaml", "PROFILE rules: {a/gone: off}")], &["--profile", "@/profile.yaml"]),
            3,
            "there is no rule `a/gone`",
        ),
        trap(
            "Conforma",
            "data of a bundle that another one overwrites",
            Check(
                &[
                    ("r.rego", "RULE deny contains \"x\" if data.limits.days > 90"),
                    ("data.json", "{\"limits\": {\"days\": 30}}"),
                    ("sub/data.json", "{\"limits\": 3}"),
                ],
                &["--policy", "@", "--policy", "@/sub"],
            ),
            3,
            "given",
        ),
        trap(
            "Conforma",
            "policies that are other ones than were pinned",
            Check(
                &[("r.rego", "RULE deny contains \"x\"")],
                &["--policy", "@/r.rego@sha256:0000000000000000000000000000000000000000000000000000000000000000"],
            ),
            3,
            "is pinned to sha256:0000",
        ),
        trap(
            "go-witness",
            "a policy without any step",
            Check(&[("r.rego", "package countersign.lib.l\nx := 1")], &["--no-builtin", "--policy", "@/r.rego"]),
            3,
            "no rule to evaluate",
        ),
        trap(
            "go-witness",
            "a rule that demands nothing",
            Check(&[("r.rego", "RULE helper(x) := x")], policy),
            3,
            "defines neither deny nor warn",
        ),
        trap(
            "go-witness",
            "only the last of two reports of one tool judged",
            Check(&[("a.json", "REPORT UNRATED"), ("b.json", "REPORT ")], &["@/a.json", "@/b.json"]),
            1,
            "BLOCK",
        ),
        trap(
            "go-witness",
            "only the first of two reports of one tool judged",
            Check(&[("a.json", "REPORT "), ("b.json", "REPORT UNRATED")], &["@/a.json", "@/b.json"]),
            1,
            "BLOCK",
        ),
        trap(
            "go-witness",
            "a name that matches by how it begins",
            Check(&[("m.rego", "package main.extra\ndeny contains \"x\"")], main),
            3,
            "no policy has this package",
        ),
        trap(
            "Grype",
            "an unknown severity below every threshold",
            Check(&[("a.json", "REPORT UNRATED")], &["@/a.json"]),
            1,
            "BLOCK",
        ),
        trap(
            "Trivy",
            "a misspelt end that makes an exception endless",
            Check(&[("e.yaml", "- {id: EX-1, RECORD, expires_at: 2026-11-30}")], &["--exceptions", "@/e.yaml"]),
            3,
            "expires_at",
        ),
        trap(
            "Trivy",
            "an exception without an end",
            Check(&[("e.yaml", "- {id: EX-1, RECORD}")], &["--exceptions", "@/e.yaml"]),
            3,
            "expires",
        ),
        trap(
            "Trivy",
            "a file of exceptions that is not there",
            Check(&[], &["--exceptions", "@/e.yaml"]),
            3,
            "no such file",
        ),
        trap(
            "Trivy",
            "a package that matches a finding without one",
            Check(
                &[
                    ("a.json", "REPORT NO_PURL"),
                    (
                        "e.yaml",
                        "- {id: EX-1, match: {package: \"pkg:npm/a\"}, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: 2026-11-30}",
                    ),
                ],
                &["@/a.json", "--exceptions", "@/e.yaml"],
            ),
            1,
            "BLOCK",
        ),
        trap(
            "osv-scanner",
            "a second record of the same id",
            Check(
                &[("e.yaml", "- {id: EX-1, RECORD, expires: 2026-11-02}\n- {id: EX-1, RECORD, expires: 2026-11-30}")],
                &["--exceptions", "@/e.yaml"],
            ),
            3,
            "EX-1",
        ),
        trap(
            "Dependency-Check",
            "an end that only one of several files honours",
            Check(
                &[
                    ("a.json", "REPORT NO_PURL"),
                    ("e.yaml", "- {id: EX-1, RECORD, expires: 2026-11-02}"),
                    ("f.yaml", "- {id: EX-2, RECORD, expires: 2026-11-03}"),
                ],
                &["@/a.json", "--exceptions", "@/e.yaml", "--exceptions", "@/f.yaml"],
            ),
            1,
            "BLOCK",
        ),
        trap(
            "Kyverno",
            "an exception that is over and still counts",
            Check(
                &[("a.json", "REPORT NO_PURL"), ("e.yaml", "- {id: EX-1, RECORD, expires: 2026-11-20}")],
                &["@/a.json", "--exceptions", "@/e.yaml"],
            ),
            1,
            "BLOCK",
        ),
        trap(
            "Chainloop",
            "a policy with a built-in that this version does not have",
            Check(&[("r.rego", "RULE deny contains \"x\" if acme.check(input)")], policy),
            3,
            "`acme.check` is not known",
        ),
        trap(
            "Kosli",
            "a violation that is no text",
            Check(&[("r.rego", "RULE deny contains 7")], policy),
            3,
            "a member is a number",
        ),
        trap(
            "cosign",
            "no report of the kind that is demanded",
            Check(&[("profile.yaml", "PROFILE-IMAGE")], &["--profile", "@/profile.yaml"]),
            1,
            "BLOCK",
        ),
        trap(
            "regorus",
            "walk in its other form",
            Check(&[("r.rego", "RULE deny contains \"x\" if [_, \"y\"] := walk(input)")], policy),
            3,
            "`walk` finds nothing",
        ),
        trap(
            "regorus",
            "data that replaces a rule",
            Check(
                &[
                    ("r.rego", "RULE deny contains \"x\""),
                    ("data.json", "{\"countersign\": {\"rules\": {\"a\": {\"r\": {\"deny\": []}}}}}"),
                ],
                &["--policy", "@"],
            ),
            3,
            "is a package's",
        ),
        trap(
            "regorus",
            "an http.send that is undefined",
            Check(&[("r.rego", "RULE deny contains \"x\" if http.send({\"url\": \"x\"}).status == 200")], policy),
            3,
            "`http.send` reads the network",
        ),
        trap(
            "regorus",
            "a field of the input that is misspelt",
            Check(&[("r.rego", "RULE deny contains \"x\" if input.chnage.fork")], policy),
            3,
            "`input` has no `chnage`",
        ),
        trap(
            "regorus",
            "a function that is not there, found only where it runs",
            Check(&[("r.rego", "RULE deny contains \"x\" if { input.mode == \"audit\"; gone(1) }")], policy),
            3,
            "`gone` is not known",
        ),
        trap(
            "regorus",
            "heads that overlap",
            Check(
                &[(
                    "r.rego",
                    "RULE deny contains \"x\" if count(_s.b) > 1\n_s[k] contains 1 if k := \"b\"\n_s.b contains 2",
                )],
                policy,
            ),
            3,
            "overlaps",
        ),
        trap(
            "regorus",
            "text behind a NUL",
            Check(&[("r.rego", "RULE deny contains \"x\" if false\n\u{0}\ndeny contains \"y\"")], policy),
            3,
            "U+0000",
        ),
        trap(
            "regorus",
            "strings.count, which panics",
            Check(&[("r.rego", "RULE deny contains \"x\" if strings.count(\"a\", \"\") == 1")], policy),
            3,
            "`strings.count` counts",
        ),
        trap(
            "regorus",
            "a clock that is not the recorded one",
            Check(&[("r.rego", "RULE deny contains \"x\" if time.now_ns() == 1795262400000000000")], policy),
            1,
            "BLOCK",
        ),
        trap(
            "regorus",
            "a rule of the pack that another layer redefines",
            Check(
                &[(
                    "r.rego",
                    "# METADATA\n# title: t\n# custom: {owner: o}\npackage countersign.rules.findings.threshold\ndeny contains \"x\" if false",
                )],
                policy,
            ),
            3,
            "belongs to another layer (built-in), by builtin/",
        ),
        trap(
            "Conforma, Kosli",
            "a bundle that nobody pinned and nobody signed",
            Check(&[], &["--policy", "../../policies/opa-build.tar.gz"]),
            3,
            "neither pinned nor signed by a key that is named",
        ),
        trap(
            "OPA, Conftest, go-witness",
            "a bundle without the signature that is demanded",
            Check(&[("k.pem", KEY)], &["--policy", "../../policies/opa-build.tar.gz", "--bundle-key", "@/k.pem"]),
            3,
            "not signed: there is no ../../policies/opa-build.tar.gz.dsse.json",
        ),
        trap(
            "Kyverno",
            "tests of which none looks at anything",
            Other(&[("r.rego", "RULE deny contains \"x\" if input.change.fork")], &["policy", "test", "."]),
            3,
            "there is no test to run",
        ),
        trap(
            "Trivy",
            "findings, and nobody asked for another exit code",
            Check(&[], &["../../formats/trivy/0.69.1-fs.json"]),
            1,
            "BLOCK",
        ),
        trap(
            "regorus",
            "a function that calls itself until the stack ends",
            Check(&[("r.rego", "RULE deny contains \"x\" if f(3) == 1\nf(n) := f(n - 1)")], policy),
            3,
            "calls itself",
        ),
        trap(
            "regorus",
            "data that nothing defines",
            Check(&[("r.rego", "RULE deny contains \"x\" if data.limits.days > 90")], policy),
            3,
            "nothing defines `data.limits.days`",
        ),
        trap(
            "regorus",
            "a key that data gives twice, of which the last counts",
            Check(
                &[
                    ("r.rego", "RULE deny contains \"x\" if data.acme.days > 90"),
                    ("data.json", "{\"acme\": {\"days\": 91, \"days\": 30}}"),
                ],
                &["--policy", "@"],
            ),
            3,
            "the key `days` is given twice",
        ),
        trap(
            "regorus",
            "complete rules that contradict each other",
            Check(&[("r.rego", "RULE deny contains \"x\" if n == 1\nn := 1 if true\nn := 2 if true")], policy),
            3,
            "rule conflicts with rule",
        ),
        trap(
            "regorus",
            "an opa.runtime that tells of the machine that built it",
            Check(&[("r.rego", "RULE deny contains \"x\" if opa.runtime().env.CI == \"x\"")], policy),
            3,
            "`opa.runtime` reads the environment",
        ),
        trap(
            "regorus",
            "chance",
            Check(&[("r.rego", "RULE deny contains \"x\" if rand.intn(\"a\", 5) == 2")], policy),
            3,
            "`rand.intn` answers differently each time",
        ),
        trap(
            "regorus",
            "numbers.range_step, which is wrong for large numbers",
            Check(&[("r.rego", "RULE deny contains \"x\" if 7 in numbers.range_step(1, 9, 2)")], policy),
            3,
            "`numbers.range_step` answers wrongly",
        ),
        trap(
            "regorus",
            "graph.reachable_paths, which is wrong on circles",
            Check(
                &[("r.rego", "RULE deny contains \"x\" if graph.reachable_paths({\"a\": []}, {\"a\"}) == set()")],
                policy,
            ),
            3,
            "`graph.reachable_paths` answers wrongly",
        ),
        trap(
            "regorus",
            "json.match_schema, whose result has another shape",
            Check(&[("r.rego", "RULE deny contains \"x\" if json.match_schema({}, {})[0]")], policy),
            3,
            "`json.match_schema` is not known",
        ),
        trap(
            "regorus",
            "a rule that asks for its own METADATA",
            Check(&[("r.rego", "RULE deny contains \"x\" if rego.metadata.rule().title == \"t\"")], policy),
            3,
            "`rego.metadata.rule` is not known",
        ),
        trap(
            "regorus",
            "crypto, which this engine no longer has",
            Check(&[("r.rego", "RULE deny contains \"x\" if crypto.sha256(\"a\") == \"b\"")], policy),
            3,
            "`crypto.sha256` is not known",
        ),
        trap(
            "regorus",
            "a template string",
            Check(&[("r.rego", "RULE deny contains $\"{input.mode}\"")], policy),
            3,
            "template strings are not known",
        ),
        trap(
            "regorus",
            "a width in sprintf that fills in nothing",
            Check(&[("r.rego", "RULE deny contains sprintf(\"%10s\", [\"x\"])")], policy),
            3,
            "`sprintf` fills in `%10s` otherwise",
        ),
    ]
}

fn commit() -> String {
    let text = std::fs::read_to_string(fixture("scenarios/pass/change.json")).unwrap();
    let change: serde_json::Value = serde_json::from_str(&text).unwrap();
    change["commit"].as_str().unwrap().to_owned()
}

fn filled(text: &str) -> String {
    let profile = || std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap();
    if let Some(results) = text.strip_prefix("REPORT ") {
        let results = results.replace("UNRATED", UNRATED).replace("NO_PURL", NO_PURL);
        return REPORT.replace("COMMIT", &commit()).replace("RESULTS", &results);
    }
    if let Some(rules) = text.strip_prefix("PROFILE ") {
        assert!(profile().contains("\nrules: {}"), "the shipped profile's rules");
        return profile().replace("\nrules: {}", &format!("\n{rules}"));
    }
    if text == "PROFILE-IMAGE" {
        return profile().replace("    - { check: sast }\n", "    - { check: sast }\n    - { check: image }\n");
    }
    text.replace("RULE ", RULE).replace("RECORD", RECORD)
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn run(trap: &Run) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let here = dir.path().display().to_string();
    let placed = |arguments: &[&str]| arguments.iter().map(|text| text.replace('@', &here)).collect::<Vec<_>>();
    let mut command = command();
    match trap {
        Eval(body, further) => {
            write(dir.path(), "p.rego", &format!("package main\n{body}\n"));
            write(dir.path(), "d.json", "{\"a\": \"b\"}");
            write(dir.path(), "empty.json", "[]");
            command.current_dir(dir.path()).args(["policy", "eval", "-p", "p.rego", "d.json"]).args(placed(further));
        }
        Check(files, arguments) => {
            for (name, text) in *files {
                write(dir.path(), name, &filled(text));
            }
            let scenario = fixture("scenarios/pass");
            let text = std::fs::read_to_string(scenario.join("scenario.toml")).unwrap();
            let scenario_toml: toml::Table = text.parse().unwrap();
            let args = scenario_toml["args"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap());
            command.current_dir(&scenario).arg("check").args(args).args(placed_pin(arguments, &here));
        }
        Other(files, arguments) => {
            for (name, text) in *files {
                write(dir.path(), name, &filled(text));
            }
            command.current_dir(dir.path()).args(*arguments);
        }
    }
    command.output().unwrap()
}

/// `@` at the beginning is the directory; in a pin it stays.
fn placed_pin(arguments: &[&str], here: &str) -> Vec<String> {
    arguments
        .iter()
        .map(|text| text.strip_prefix('@').map_or((*text).to_owned(), |rest| format!("{here}{rest}")))
        .collect()
}

#[test]
fn no_known_way_to_fail_open_is_one_here() {
    let mut wrong = Vec::new();
    for Trap { from, what, run: trap, exit, told } in traps() {
        let Output { status, stdout, stderr } = run(&trap);
        let (stdout, stderr) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        let silent = exit == 1 || stdout.is_empty();
        if status.code() != Some(exit) || !silent || !(stdout.contains(told) || stderr.contains(told)) {
            wrong.push(format!("{from}: {what}: {status}, expected {exit} and {told:?}\n{stdout}{stderr}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n\n"));
}

#[test]
fn the_documentation_lists_every_trap() {
    let page = std::fs::read_to_string(root().join("docs/POLICY_ENGINE.md")).unwrap();
    let listed: Vec<&str> = page.lines().filter(|line| line.starts_with("| ") && line.ends_with(" |")).collect();
    let rows: Vec<String> = traps()
        .iter()
        .map(|trap| {
            let end = if trap.exit == 1 { "block" } else { "exit 3" };
            format!("| {} | {} | {end} |", trap.from, trap.what)
        })
        .collect();
    let missing: Vec<&str> = rows.iter().map(String::as_str).filter(|row| !listed.contains(row)).collect();
    assert!(missing.is_empty(), "not in docs/POLICY_ENGINE.md:\n{}", missing.join("\n"));
}
