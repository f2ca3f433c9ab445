//! Every way in which a policy could be wrong in silence, and what it gets instead.

use super::sample::{exception, facts, finding};
use super::*;
use crate::model::exception::Disposition;
use crate::model::profile::RuleMode;

const HEAD: &str = "# METADATA\n# title: t\n# custom:\n#   owner: o\n";
const ON_FINDINGS: &str = "# METADATA\n# title: t\n# custom:\n#   owner: o\n#   scope: finding\n";

fn given(path: &str, source: impl Into<String>) -> PolicyFile {
    PolicyFile::new(path, Layer::Repository, Cow::Owned(source.into()))
}

fn builtin_file(path: &str, source: impl Into<String>) -> PolicyFile {
    PolicyFile { layer: Layer::Builtin, ..given(path, source) }
}

/// A rule `a/r` whose text after the package begins on line 6.
fn rule(body: &str) -> PolicyFile {
    given("r.rego", format!("{HEAD}package countersign.rules.a.r\n{body}"))
}

fn rule_on_findings(body: &str) -> PolicyFile {
    given("r.rego", format!("{ON_FINDINGS}package countersign.rules.a.r\n{body}"))
}

fn load(files: Vec<PolicyFile>) -> Result<Bundle, PolicyError> {
    Bundle::load(files, &[])
}

fn load_foreign(files: Vec<PolicyFile>) -> Result<Bundle, PolicyError> {
    Bundle::load(files, &["main".to_owned()])
}

fn verdicts(file: PolicyFile, facts: &Facts) -> Result<Vec<RawVerdict>, PolicyError> {
    load(vec![file])?.verdicts(facts)
}

#[track_caller]
fn refused<T: fmt::Debug>(result: Result<T, PolicyError>, place: &str, message: &str) {
    let error = result.expect_err(message);
    assert!(error.place == place && error.message.contains(message), "{error}\ninstead of {place}: {message}");
}

#[test]
fn a_rule_that_could_not_give_a_verdict_is_refused_when_loading() {
    for (body, line, message) in [
        ("x := 1", 1, "defines neither deny nor warn"),
        ("", 1, "defines neither deny nor warn"),
        ("denny contains \"x\"", 6, "`denny` looks like `deny`"),
        ("dney contains \"x\"", 6, "`dney` looks like `deny`"),
        ("Deny contains \"x\"", 6, "`Deny` looks like `deny`"),
        ("wran contains \"x\"", 6, "`wran` looks like `warn`"),
        ("deny_all contains \"x\"", 6, "`deny_all` looks like `deny`"),
        ("violation contains \"x\"", 6, "`violation` looks like `violation`"),
        ("deny contains \"x\"\nblock contains \"y\"", 7, "nobody reads the set `block`"),
        ("deny := {\"x\"}", 6, "`deny` is not written as a set"),
        ("deny if input.change.freeze", 6, "`deny` is not written as a set"),
        ("default deny := false", 6, "`deny` is not written as a set"),
        ("deny[msg] := true if msg := \"x\"", 6, "`deny` is not written as a set"),
        ("deny(x) := x", 6, "`deny` is not written as a set"),
        ("deny.x contains \"y\"", 6, "`deny` is not written as a set"),
        ("deny[msg] { msg := \"x\" }", 6, "if"),
    ] {
        refused(load(vec![rule(body)]), &format!("r.rego:{line}"), message);
    }
    assert!(load(vec![rule("deny contains \"x\"\n_seen contains 1\nhelper(x) := x\nlimit := 3")]).is_ok());
}

#[test]
fn what_the_engine_answers_wrongly_or_differently_is_refused_with_its_line() {
    for (body, message) in [
        ("deny contains p if [p, v] := walk(input)", "`walk` finds nothing"),
        ("deny contains p if some [p, v] in walk(input)", "`walk` finds nothing"),
        ("deny contains p if { w := walk(input); [p, v] := w }", "`walk` finds nothing"),
        ("deny contains \"x\" if not walk(input, [_, \"z\"])", "`walk` finds nothing"),
        ("deny contains \"x\" if walk(input, [p, \"z\"]) == true", "`walk` finds nothing"),
        ("deny contains \"x\" if { some k; data.countersign.rules.a.r[k].x }", "holds this rule itself"),
        ("deny contains \"x\" if data.countersign.rules[input.mode].r.deny", "holds this rule itself"),
        ("deny contains \"x\" if count(data) > 0", "holds this rule itself"),
        ("deny contains \"x\" if object.get(data.countersign, \"rules\", 1)", "holds this rule itself"),
        ("import data.countersign.rules.a.r\ndeny contains \"x\" if r[input.mode]", "holds this rule itself"),
        ("import data.countersign.lib.gone\ndeny contains \"x\"", "nothing defines `data.countersign.lib.gone`"),
        (
            "deny contains \"x\"\n_s[k] contains 1 if k := \"a\"\n_s.b contains 2",
            "this head of `_s` overlaps with the one at r.rego:7",
        ),
        (
            "deny contains \"x\"\nl.b := 1\nl[k] := 2 if k := \"b\"",
            "this head of `l` overlaps with the one at r.rego:7",
        ),
        ("deny contains \"x\"\nl := {\"a\": 1}\nl.b := 2", "this head of `l` overlaps with the one at r.rego:7"),
        ("deny contains \"x\" if http.send({}).status == 200", "`http.send` reads the network"),
        ("deny contains \"x\" if rand.intn(\"a\", 2) == 0", "`rand.intn` answers differently"),
        ("deny contains \"x\" if uuid.rfc4122(\"a\") == \"\"", "`uuid.rfc4122` answers differently"),
        ("deny contains \"x\" if opa.runtime().env.A", "`opa.runtime` reads the environment"),
        ("deny contains \"x\" if net.lookup_ip_addr(\"a\") == {\"b\"}", "`net.lookup_ip_addr` reads the network"),
        ("deny contains \"x\" if strings.count(\"aaa\", \"aa\") == 1", "`strings.count` counts overlapping"),
        ("deny contains \"x\" if graph.reachable_paths({}, []) == set()", "`graph.reachable_paths` answers wrongly"),
        ("deny contains \"x\" if numbers.range_step(1, 9, 2)", "`numbers.range_step` answers wrongly"),
        ("deny contains \"x\" if bits.lsh(1, 80) == 0", "`bits.lsh` is undefined for large shifts"),
        ("deny contains \"x\" if bits.rsh(1, 80) == 0", "`bits.rsh` is undefined for large shifts"),
        ("deny contains \"x\" if glob.quote_meta(\"a\") == \"\"", "`glob.quote_meta` leaves some"),
        ("deny contains \"x\" if strings.replace_n({}, \"a\") == \"\"", "`strings.replace_n` replaces in what"),
        ("deny contains \"x\" if time.add_date(1, 1, 0, 0) == 1", "`time.add_date` answers wrongly at the end"),
        ("deny contains \"x\" if time.add_date(1, 0, n, 0) == 1\nn := 0", "`time.add_date` answers wrongly at the end"),
        ("deny contains sprintf(\"%t\", [true])", "`sprintf` fills in `%t` otherwise"),
        ("deny contains \"x\" if crypto.sha256(\"a\") == \"\"", "`crypto.sha256` is not known"),
        ("deny contains \"x\" if startwith(\"a\", \"b\")", "`startwith` is not known"),
        ("deny contains \"x\" if data.countersign.lib.x.f(1)", "`data.countersign.lib.x.f` is not known"),
        (
            "deny contains \"x\" if data.countersign.lib.severtiy.high",
            "nothing defines `data.countersign.lib.severtiy.high`",
        ),
        ("deny contains \"x\" if data.figures.limit > 1", "nothing defines `data.figures.limit`"),
        ("deny contains \"x\" if f(1)\nf(input) := input", "`input` is given a new meaning"),
        ("deny contains \"x\" if { some data in [1]; data }", "`data` is given a new meaning"),
        ("deny contains \"x\" if f(1)\nf(x) := f(x + 1)", "calls itself"),
        ("deny contains \"x\" if f(1)\nf(x) := g(x)\ng(x) := [y | y := f(x)]", "calls itself"),
        ("deny contains \"x\" if f(1)\nf(x) := y if { y := object.get({}, f(x), 1) }", "calls itself"),
        ("deny contains \"x\"\nupper(x) := x", "the name of a built-in"),
        ("deny contains \"x\" if [[[[[[[[[1]]]]]]]]]", "more than 8 literals"),
        ("deny contains \"x\" if $\"{input.now}\" != \"\"", "template strings"),
    ] {
        let error = load(vec![rule(body)]).expect_err(body);
        assert!(error.message.contains(message), "{body}: {error}");
        assert!(error.place.starts_with("r.rego:"), "{body}: {error}");
    }
    for body in [
        "deny contains sprintf(\"%v\", [p]) if walk(input.plan, [p, v])",
        "deny contains sprintf(\"%v\", [x[0]]) if walk(input.plan, x)",
        "deny contains \"x\" if not _here\n_here if walk(input.plan, [_, 1])",
        "deny contains \"x\" if l.a == l.b\nl.a := 1\nl.b := 1\n_p[x] := 1 if x := \"a\"\n_p[y] := 1 if y := \"b\"",
        "deny contains sprintf(\"%s %5d %.1f\", [\"a\", 1, 2.5]) if time.add_date(1, 0, 0, 3) > 1",
        "deny contains \"x\" if f(g(1))\nf(x) := x + g(x)\ng(x) := x",
    ] {
        assert!(load(vec![rule(body)]).is_ok(), "{body}");
    }
}

#[test]
fn a_field_that_the_facts_do_not_have_is_refused() {
    for (body, message) in [
        ("deny contains \"x\" if input.chnage.freeze", "`input` has no `chnage`"),
        ("deny contains \"x\" if not input.change.approvd", "`input.change` has no `approvd`"),
        ("deny contains \"x\" if input.findings[_].severty == \"high\"", "`input.findings[…]` has no `severty`"),
        ("deny contains \"x\" if input.findings.severity == \"high\"", "`input.findings` is a list"),
        ("deny contains \"x\" if input.change.title.text == \"high\"", "`input.change.title` is a plain value"),
        ("deny contains \"x\" if { some f in input.findings; f.severty == \"high\" }", "`f` has no `severty`"),
        (
            "deny contains \"x\" if { some i, f in input.findings; f.package.nmae == \"a\" }",
            "`f.package` has no `nmae`",
        ),
        ("deny contains \"x\" if { c := input.change; a := c.approvals[_]; a.from }", "`a` has no `from`"),
        ("deny contains \"x\" if { every r in input.reports { r.stat == \"complete\" } }", "`r` has no `stat`"),
        ("deny contains \"x\" if { [1 | some r in input.reports; r.tool.nme] != [] }", "`r.tool` has no `nme`"),
        (
            "deny contains \"x\" if _max.public.hgih == 0\n_max := _demands.max_days\n_demands := input.profile.exceptions",
            "`_max.public` has no `hgih`",
        ),
        ("import input.change as c\ndeny contains \"x\" if c.atuhor", "`c` has no `atuhor`"),
        ("import input.chnage\ndeny contains \"x\" if chnage.author", "`input` has no `chnage`"),
        ("deny contains \"x\" if input[\"now\"][\"year\"] == 1", "`input.now` is a plain value"),
        ("deny contains \"x\" if input.finding.severity == \"high\"", "not about single findings"),
        ("deny contains \"x\" if input.exception.owner", "not about single findings"),
    ] {
        let error = load(vec![rule(body)]).expect_err(body);
        assert!(error.message.contains(message), "{body}: {error}");
    }
    for body in [
        "deny contains \"x\" if { some k in [\"a\"]; input.change[k].b }",
        "deny contains \"x\" if f({\"y\": 1})\nf(c) if c.y",
        "deny contains \"x\" if { some c in [{\"y\": 1}]; c.y }",
        "deny contains \"x\" if { input.data.a.b; input.plan.totals.c; input.profile.rules[\"a/b\"]; input.change.sources.author }",
        "deny contains \"x\" if { some e in input.exceptions; object.get(e, \"what\", 1) == 1; e.match.verdict }",
    ] {
        let loaded = load(vec![rule(body)]);
        assert!(loaded.is_ok(), "{body}: {loaded:?}");
    }
    let foreign = |body: &str| load_foreign(vec![given("m.rego", format!("package main\n{body}"))]);
    refused(foreign("deny contains \"x\" if input.kind == \"Deployment\""), "m.rego:2", "`input` has no `kind`");
    assert!(foreign("deny contains \"x\" if input.change.spec.x").is_ok());
}

#[test]
fn metadata_names_title_and_owner() {
    let body = "package countersign.rules.a.r\ndeny contains \"x\"";
    for (head, place, message) in [
        ("", "r.rego:1", "has no METADATA"),
        ("# METADATA\n# title: t\n\n", "r.rego:1", "lacks custom.owner"),
        ("# METADATA\n# title: \" \"\n# custom: {owner: o}\n", "r.rego:1", "lacks a title"),
        ("# METADATA\n# title: t\n# custom: {owner: o, severty: high}\n", "r.rego:3", "severty"),
        ("# METADATA\n# title: t\n# custom: {owner: o, severity: grave}\n", "r.rego:3", "grave"),
    ] {
        refused(load(vec![given("r.rego", format!("{head}{body}"))]), place, message);
    }
    let head = "# METADATA\n# title: T\n# description: D\n# custom:\n#   owner: O\n#   severity: high\n#   controls: [b, a, b]\n#   remediation: R\n#   effective_on: 2027-01-01\n#   deprecated_on: 2028-01-01\n";
    let bundle =
        load(vec![given("r.rego", format!("{head}package countersign.rules.my_area.my_rule\nwarn contains \"x\""))]);
    let expected = RuleInfo {
        id: "my-area/my-rule".to_owned(),
        package: "countersign.rules.my_area.my_rule".to_owned(),
        path: "r.rego".to_owned(),
        layer: Layer::Repository,
        title: "T".into(),
        description: "D".into(),
        owner: "O".into(),
        severity: Severity::High,
        controls: vec!["a".into(), "b".into()],
        remediation: Some("R".into()),
        effective_on: Some("2027-01-01".parse().unwrap()),
        deprecated_on: Some("2028-01-01".parse().unwrap()),
        per_finding: false,
        one_by_one: None,
    };
    assert_eq!(bundle.unwrap().rules, [expected]);
}

#[test]
fn files_that_collide_or_would_not_be_evaluated_are_refused() {
    let sound = || rule("deny contains \"x\"");
    let lib = |layer: fn(&str, String) -> PolicyFile, path: &str, package: &str| {
        layer(path, format!("package {package}\nx := 1"))
    };
    let cases = [
        (vec![], "policies", "no rule to evaluate"),
        (vec![lib(given, "l.rego", "countersign.lib.l")], "policies", "no rule to evaluate"),
        (vec![sound(), sound()], "r.rego", "given twice"),
        (vec![sound(), given("s.rego", sound().source)], "s.rego", "is defined too by r.rego"),
        (
            vec![sound(), given("x.rego", "package main\ndeny contains \"x\"")],
            "x.rego:1",
            "`main` would not be evaluated",
        ),
        (
            vec![sound(), given("x.rego", "package countersign.rule.a.b\ndeny contains \"x\"")],
            "x.rego:1",
            "no place here",
        ),
        (
            vec![sound(), given("x.rego", "package countersign.rules.A.b\ndeny contains \"x\"")],
            "x.rego:1",
            "no place here",
        ),
        (
            vec![sound(), given("x.rego", "package countersign.rules.a.b.c\ndeny contains \"x\"")],
            "x.rego:1",
            "no place here",
        ),
        (vec![sound(), given("x.rego", "deny contains \"x\"")], "x.rego:1", "no package"),
        (vec![sound(), given("x.txt", "")], "x.txt", "neither a policy nor data"),
        (
            vec![builtin_file("builtin/r.rego", sound().source), sound()],
            "r.rego",
            "belongs to another layer (built-in), by builtin/r.rego",
        ),
        (
            vec![
                sound(),
                lib(builtin_file, "b.rego", "countersign.lib.l"),
                lib(given, "l.rego", "countersign.lib.l.m"),
            ],
            "l.rego",
            "belongs to another layer (built-in), by b.rego",
        ),
        (
            vec![
                sound(),
                given("l.rego", "package countersign.lib.l\nm.n := 1"),
                lib(given, "m.rego", "countersign.lib.l.m"),
            ],
            "m.rego",
            "the same name, see l.rego",
        ),
        (
            vec![sound(), given("data.json", r#"{"countersign":{"rules":{"a":{"r":{"deny":[]}}}}}"#)],
            "data.json",
            "is a package's",
        ),
        (
            vec![sound(), given("d.json", r#"{"x":1}"#), given("e.yaml", "x: 2")],
            "e.yaml",
            "the data `x` is given by d.json too",
        ),
        (vec![sound(), given("d.json", r#"{"x":1,"x":2}"#)], "d.json:1", "x"),
        (vec![sound(), given("d.yaml", "x: 1\nx: 2")], "d.yaml:2", "x"),
        (vec![sound(), given("d.json", "[]")], "d.json", "no object"),
    ];
    for (files, place, message) in cases {
        refused(load(files), place, message);
    }
}

#[test]
fn the_digest_is_that_of_a_list_of_checksums() {
    let bundle =
        load(vec![rule("deny contains \"x\""), given("d.yaml", "x: 1\n"), given("r_test.rego", "no rego")]).unwrap();
    let sums = format!(
        "{}  d.yaml\n{}  r.rego\n",
        Digest::of("x: 1\n").hex(),
        Digest::of(rule("deny contains \"x\"").source.as_bytes()).hex()
    );
    assert_eq!(bundle.digest, Digest::of(sums));
    assert_eq!(bundle.files.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["d.yaml", "r.rego"]);
    assert_eq!(bundle.data, BTreeMap::from([("x".to_owned(), 1.into())]));
}

#[test]
fn what_is_no_set_of_verdicts_is_an_error_and_never_a_pass() {
    for (body, message) in [
        ("deny contains \"\"", "no msg, or a blank one"),
        ("deny contains \" \"", "no msg, or a blank one"),
        ("deny contains {}", "no msg, or a blank one"),
        ("deny contains {\"msg\": \"\"}", "no msg, or a blank one"),
        ("deny contains {\"msg\": null}", "no msg, or a blank one"),
        ("deny contains {\"message\": \"x\"}", "unknown key `message`"),
        ("deny contains {\"msg\": \"x\", \"onwer\": \"y\"}", "unknown key `onwer`"),
        ("deny contains {\"msg\": 1}", "`msg` is a number"),
        ("deny contains {\"msg\": \"x\", 1: \"y\"}", "a key of a verdict is a number"),
        ("deny contains 1", "a member is a number"),
        ("deny contains true", "a member is a boolean"),
        ("deny contains [\"x\"]", "a member is an array"),
        ("deny contains {\"msg\": \"x\", \"severity\": \"hgih\"}", "`hgih` is no severity"),
        ("deny contains {\"msg\": \"x\", \"fix_by\": \"30.11.2026\"}", "fix_by `30.11.2026`"),
        ("deny contains {\"msg\": \"x\", \"finding\": \"f-9\"}", "there is no finding f-9"),
        ("warn contains {\"msg\": \"x\", \"finding\": \"f-9\"}", "there is no finding f-9"),
    ] {
        refused(verdicts(rule(body), &facts(vec![finding("f-1")])), "r.rego", message);
    }
    for (body, message) in [
        ("deny contains \"x\" if to_number(\"abc\") == 1", "the text is no number"),
        ("deny contains \"x\" if not to_number(\"abc\")", "the text is no number"),
        ("deny contains \"x\" if 1 / 0 == 1", "divi"),
        ("deny contains \"x\" if time.parse_rfc3339_ns(\"soon\") > 0", ""),
        ("deny contains x\nx := 1 if true\nx := 2 if true", "rule conflicts with rule at r.rego:7"),
        ("deny contains a\na := b\nb := a", "recursion"),
        ("deny contains \"x\" if regex.match(\"(\", \"x\")", ""),
        ("deny contains sprintf(\"%d\", [\"x\"])", ""),
    ] {
        let error = verdicts(rule(body), &facts(vec![])).expect_err(body);
        assert!(error.message.contains(message), "{body}: {error}");
    }
}

#[test]
fn an_error_of_an_evaluation_names_the_line_and_the_fields_that_it_read() {
    let body = "deny contains \"x\" if {\n\tinput.environment\n\tinput.environment + input.change.kind > 1\n}";
    let error = verdicts(rule(body), &facts(vec![])).unwrap_err();
    assert_eq!(error.place, "r.rego:8");
    assert_eq!(error.hint.as_deref(), Some("correct the policy where it reads input.change.kind, input.environment"));
    let elsewhere = verdicts(rule("deny contains \"x\" if to_number(\"abc\") > 1"), &facts(vec![])).unwrap_err();
    assert_eq!(elsewhere.hint, None);
}

#[test]
fn a_sound_rule_says_everything_that_it_may() {
    let body = r#"
deny contains {
	"msg": "no {title}", "finding": "f-1", "path": "a.tf", "owner": "web", "fix_by": "2026-12-01", "next": "mend it", "severity": "low",
}
warn contains "careful"
warn contains {"msg": "bare", "owner": null, "next": ""}
"#;
    let bare = RawVerdict {
        rule: "a/r".to_owned(),
        deny: false,
        msg: "bare".into(),
        finding: None,
        path: None,
        owner: None,
        fix_by: None,
        next: None,
        severity: None,
        effective_on: None,
    };
    let full = RawVerdict {
        deny: true,
        msg: "no {title}".into(),
        finding: Some("f-1".into()),
        path: Some("a.tf".into()),
        owner: Some("web".into()),
        fix_by: Some("2026-12-01".parse().unwrap()),
        next: Some("mend it".into()),
        severity: Some(Severity::Low),
        ..bare.clone()
    };
    let careful = RawVerdict { msg: "careful".into(), ..bare.clone() };
    assert_eq!(verdicts(rule(body), &facts(vec![finding("f-1")])), Ok(vec![bare, careful, full]));
}

#[test]
fn the_clock_is_the_recorded_one_and_prints_are_dropped() {
    let body = "deny contains sprintf(\"%d\", [time.now_ns()]) if print(\"##[error]\")";
    let said = verdicts(rule(body), &facts(vec![])).unwrap();
    assert_eq!(said[0].msg, "1795262400000000000");
}

#[test]
fn endless_work_ends_in_an_error() {
    let loops = "deny contains \"x\" if {\n\tn := numbers.range(1, 3000)\n\tcount([1 | some a in n; some b in n; some c in n; a + b == c]) == 0\n}";
    let bundle = load(vec![rule(loops)]).unwrap();
    let error =
        engine::on_big_stack(|| bundle.program.as_ref().unwrap().value_within(std::time::Duration::from_millis(300)))
            .unwrap_err();
    assert!(error.message.contains("still running"), "{error}");
    let deep: String = (1..4_000).map(|n| format!("r{n} := r{} + 1\n", n - 1)).collect();
    let deep = format!("deny contains sprintf(\"%d\", [r3999])\nr0 := 0\n{deep}");
    assert_eq!(verdicts(rule(&deep), &facts(vec![])).unwrap()[0].msg, "3999");
}

#[test]
fn a_rule_is_off_from_the_day_on_which_it_is_deprecated() {
    let on = |day: &str| {
        let head = format!("# METADATA\n# title: t\n# custom:\n#   owner: o\n#   deprecated_on: {day}\n");
        given("d.rego", format!("{head}package countersign.rules.a.old\ndeny contains \"no\""))
    };
    let facts = facts(vec![]);
    let given_by =
        |day: &str| load(vec![rule("deny contains \"no\""), on(day)]).unwrap().verdicts(&facts).unwrap().len();
    let (today, tomorrow) = ("2026-11-21", "2026-11-22");
    assert_eq!(facts.today().to_string(), today);
    assert_eq!((given_by(tomorrow), given_by(today)), (2, 1));
    let error = load(vec![on(today)]).unwrap().verdicts(&facts).unwrap_err();
    assert!(error.message.contains("every rule is switched off"), "{error}");
}

#[test]
fn modes_of_the_profile_and_effective_on() {
    let head = "# METADATA\n# title: t\n# custom:\n#   owner: o\n#   effective_on: 2026-12-01\n";
    let body = "deny contains \"no\"\nwarn contains \"hm\"";
    let files = || {
        vec![
            rule(body),
            given("l.rego", format!("{head}package countersign.rules.a.later\n{body}")),
            given(
                "e.rego",
                format!("{head}package countersign.rules.a.now\n{body}").replace("2026-12-01", "2026-11-21"),
            ),
        ]
    };
    let bundle = load(files()).unwrap();
    let summary = |facts: &Facts| -> Vec<String> {
        let line = |v: &RawVerdict| {
            let day = v.effective_on.map(|day| format!(" from {day}")).unwrap_or_default();
            format!("{} {}{}{day}", v.rule, if v.deny { "deny " } else { "warn " }, v.msg.as_raw())
        };
        bundle.verdicts(facts).unwrap().iter().map(line).collect()
    };
    let mut facts = facts(vec![]);
    assert_eq!(
        summary(&facts),
        [
            "a/later warn hm",
            "a/later warn no from 2026-12-01",
            "a/now warn hm",
            "a/now deny no",
            "a/r warn hm",
            "a/r deny no"
        ]
    );
    facts.profile.rules = BTreeMap::from([("a/r".to_owned(), RuleMode::Warn), ("a/now".to_owned(), RuleMode::Off)]);
    assert_eq!(summary(&facts), ["a/later warn hm", "a/later warn no from 2026-12-01", "a/r warn hm", "a/r warn no"]);
    facts.profile.rules = BTreeMap::from([("a/later".to_owned(), RuleMode::Warn)]);
    assert!(summary(&facts).contains(&"a/later warn no".to_owned()), "a rule that is to warn announces no day");
    facts.profile.rules = BTreeMap::from([("a/rr".to_owned(), RuleMode::Off)]);
    refused(bundle.verdicts(&facts), "profile default", "there is no rule `a/rr`");
    facts.profile.rules = ["a/r", "a/now", "a/later"].map(|rule| (rule.to_owned(), RuleMode::Off)).into();
    refused(bundle.verdicts(&facts), "profile default", "every rule is switched off");
}

fn objection(msg: &str, at: Option<&str>) -> Objection {
    Objection { msg: msg.into(), at: at.map(Into::into) }
}

#[test]
fn admission_needs_a_package_that_admits_and_none_that_denies() {
    let mut facts = facts(vec![finding("f-1")]);
    facts.exceptions = vec![exception("EX-1", &["f-1"]), exception("EX-2", &[]), exception("EX-3", &[])];
    let with = |bodies: &[&str]| {
        let packages = bodies
            .iter()
            .enumerate()
            .map(|(n, body)| given(&format!("a{n}.rego"), format!("package countersign.admission.a{n}\n{body}")));
        let files = packages.chain([rule("deny contains \"x\"")]).collect();
        load(files).and_then(|bundle| bundle.admission(&facts))
    };
    assert_eq!(with(&[]), Ok(Admission::default()));
    let admission = with(&[
        "admit contains e.id if some e in input.exceptions",
        "deny contains {\"exception\": \"EX-2\", \"msg\": \"too long\", \"at\": \"expires\"}\n\
         warn contains {\"exception\": \"EX-3\", \"msg\": \"its approval is old\", \"at\": \"approvals.0.at\"}\ndeny contains {\"exception\": \"EX-2\", \"msg\": \"no approval\"}",
    ]);
    assert_eq!(
        admission,
        Ok(Admission {
            admitted: ["EX-1".into(), "EX-3".into()].into(),
            denied: BTreeMap::from([(
                "EX-2".into(),
                vec![objection("no approval", None), objection("too long", Some("expires"))]
            )]),
            warned: BTreeMap::from([("EX-3".into(), vec![objection("its approval is old", Some("approvals.0.at"))])]),
        })
    );
    for (body, place, message) in [
        ("admit contains \"EX-9\"", "a0.rego", "no exception or statement EX-9"),
        ("admit contains 1", "a0.rego", "a member is a number"),
        ("admit := {\"EX-1\"}", "a0.rego:2", "not written as a set"),
        ("admit contains \"EX-1\"\nadmits contains \"EX-2\"", "a0.rego:3", "looks like `admit`"),
        ("deny contains \"EX-1\"", "a0.rego", "not an object of `exception` or `statement` and `msg`"),
        ("deny contains {\"exception\": \"EX-1\"}", "a0.rego", "not an object of `exception` or `statement` and `msg`"),
        ("deny contains {\"exception\": \"EX-1\", \"msg\": \"\"}", "a0.rego", "not a text that says why"),
        ("deny contains {\"exception\": \"EX-9\", \"msg\": \"x\"}", "a0.rego", "no exception or statement EX-9"),
        ("warn contains {\"exception\": \"EX-9\", \"msg\": \"x\"}", "a0.rego", "no exception or statement EX-9"),
        (
            "warn contains {\"exception\": \"EX-1\", \"msg\": \"x\", \"to\": \"y\"}",
            "a0.rego",
            "not an object of `exception` or `statement` and `msg`",
        ),
        ("deny contains {\"exception\": \"EX-1\", \"msg\": \"x\", \"at\": 1}", "a0.rego", "a member's at is a number"),
        ("x := 1", "a0.rego:1", "neither admit nor deny nor warn"),
    ] {
        refused(with(&[body]), place, message);
    }
}

#[test]
fn foreign_packages_run_when_they_are_named() {
    let v1 = "package main\n\ndeny contains msg if {\n\tsome f in input.findings\n\tf.severity == \"high\"\n\tmsg := sprintf(\"high: %s\", [f.id])\n}\nwarn_soft contains {\"msg\": \"w\", \"details\": {\"x\": 1}}\nviolation contains {\"msg\": \"v\"}";
    let v0 = "package main\n\ndeny[msg] {\n\tf := input.findings[_]\n\tf.severity == \"high\"\n\tmsg := sprintf(\"high: %s\", [f.id])\n}\nwarn_soft[{\"msg\": \"w\"}] { true }\nviolation[{\"msg\": msg}] { msg := \"v\" }";
    for source in [v1, v0] {
        let bundle = load_foreign(vec![given("m.rego", source)]).unwrap();
        assert_eq!((bundle.rules[0].id.as_str(), bundle.rules[0].owner.as_raw()), ("main", "unowned"));
        let said = bundle.verdicts(&facts(vec![finding("f-1")])).unwrap();
        let said: Vec<(bool, &str)> = said.iter().map(|v| (v.deny, v.msg.as_raw())).collect();
        assert_eq!(said, [(false, "w"), (true, "high: f-1"), (true, "v")]);
    }
    for (source, place, message) in [
        ("package mian\ndeny contains \"x\"", "--namespace main", "no policy has this package"),
        ("package main\nx := 1", "--namespace main", "defines neither deny, warn nor violation"),
        ("package main\ndenny contains \"x\"\ndeny contains \"y\"", "m.rego:2", "looks like `deny`"),
        ("package main\ndeny contains \"x\"\nexception contains [\"\"]", "m.rego:3", "`exception` rule"),
        ("package main\ndeny[msg] { [p, v] = walk(input); msg := p[0] }", "m.rego:2", "`walk` finds nothing"),
    ] {
        refused(load_foreign(vec![given("m.rego", source)]), place, message);
    }
    let also = |body: &str| {
        let main = given("m.rego", "package main\ndeny contains \"x\"");
        load_foreign(vec![main, given("o.rego", format!("package other\n{body}"))])
    };
    refused(also("warn_a contains \"y\""), "o.rego", "the package `other` defines `warn_a` and would not be evaluated");
    refused(also("violation[{\"msg\": \"y\"}] { true }"), "o.rego", "`violation` and would not be evaluated");
    refused(also("dney contains \"y\""), "o.rego:2", "looks like `deny`");
    assert!(also("helper(x) := x").is_ok());
    for (body, message) in [
        ("deny if true", "is a boolean, not a set"),
        ("deny := [\"x\"]", "is an array, not a set"),
        ("deny if false", "is undefined"),
        ("deny[msg] := 1 if msg := \"x\"", "is an object, not a set"),
        ("deny contains {\"reason\": \"x\"}", "no msg, or a blank one"),
        ("deny contains {\"msg\": \"\"}", "no msg, or a blank one"),
        ("deny contains 7", "a member is a number"),
    ] {
        let bundle = load_foreign(vec![given("m.rego", format!("package main\n{body}"))]).unwrap();
        refused(bundle.verdicts(&facts(vec![])), "m.rego", message);
    }
}

#[test]
fn tests_pass_only_when_they_are_true() {
    let tests = "package countersign.rules.a.r_test\n\nimport data.countersign.rules.a.r\n\ntest_good if count(r.deny) == 1\ntest_bad if count(r.deny) == 2\ntest_number := 1\ntest_broken if to_number(\"x\") == 1\ntest_clock if time.now_ns() > 0\ntest_set_clock if time.now_ns() == 5 with time.now_ns as 5\nhelper := 1\n";
    let results =
        test(vec![rule("deny contains \"x\""), given("r_test.rego", tests)], &TestOptions::default()).unwrap().tests;
    let outcome =
        |name: &str| results.iter().find(|r| r.name.ends_with(name)).map(|r| (r.line, r.outcome.clone())).unwrap();
    assert_eq!(results.len(), 6);
    assert_eq!(outcome(".test_good"), (5, TestOutcome::Passed));
    assert_eq!(outcome(".test_set_clock").1, TestOutcome::Passed);
    let failed = |value: &str, line: u32, text: &str| TestOutcome::Failed {
        value: value.to_owned(),
        stopped: Some((line, text.to_owned())),
    };
    assert_eq!(outcome(".test_bad").1, failed("undefined", 6, "test_bad if count(r.deny) == 2"));
    assert_eq!(outcome(".test_number").1, TestOutcome::Failed { value: "a number".to_owned(), stopped: None });
    assert!(matches!(outcome(".test_broken").1, TestOutcome::Error(_)));
    assert!(matches!(outcome(".test_clock").1, TestOutcome::Error(error) if error.message.contains("no clock")));
}

#[test]
fn a_rule_on_findings_sees_one_at_a_time_with_its_exception() {
    let body = r#"
deny contains {"msg": "{id} {title} in {package} {version}, {fixed_in}, {path}:{line} {rule} {severity} {owner} {0} {", "next": "ask {owner}", "path": "{path}"} if {
	input.finding.severity == "high"
	input.exception == null
}
warn contains sprintf("covered by %s", [input.exception.id]) if input.finding.disposition == "excepted"
"#;
    let mut covered = finding("f-3");
    covered.disposition = Disposition::Excepted;
    covered.exception = Some("EX-1".into());
    let mut sly = finding("f-2");
    sly.finding.title = "{id} {evil}".into();
    sly.finding.package = None;
    sly.owner = Some("web".into());
    let mut facts = facts(vec![finding("f-1"), sly, covered]);
    facts.exceptions = vec![exception("EX-1", &["f-3"])];
    let said = verdicts(rule_on_findings(body), &facts).unwrap();
    let shown: Vec<(Option<&str>, &str)> =
        said.iter().map(|v| (v.finding.as_ref().map(Untrusted::as_raw), v.msg.as_raw())).collect();
    assert_eq!(
        shown,
        [
            (Some("f-3"), "covered by EX-1"),
            (
                Some("f-1"),
                "f-1 Bad f-1 in lodash 4.17.20, 4.17.21, 5.0.0, web/package-lock.json:- CVE-2026-1 high - {0} {"
            ),
            (Some("f-2"), "f-2 {id} {evil} in - -, -, web/package-lock.json:- CVE-2026-1 high web {0} {"),
        ]
    );
    assert_eq!(said[2].next, Some("ask web".into()));
    assert_eq!(said[2].path, Some("web/package-lock.json".into()));
    refused(load(vec![rule_on_findings("deny contains \"{titel}\"")]), "r.rego:7", "placeholder {titel}");
}

#[test]
fn coverage_tells_what_is_reached_and_counts_files_that_no_test_reaches() {
    let body = r#"
deny contains _verdict if {
	some finding in input.findings
	finding.severity == "high"
	not finding.id in ["a"]
}

warn contains "never" if {
	input.environment == "nowhere"
	count([1 |
		some f in input.findings
		f.id == "x"
	]) > 0
}

_verdict := {
	"msg": "x",
}"#;
    let test_file = "package countersign.rules.a.r_test\n\nimport data.countersign.rules.a.r\n\ntest_one if {\n\tr.deny == {{\"msg\": \"x\"}} with input as {\"findings\": [{\"severity\": \"high\", \"id\": \"b\"}]}\n\tcount(r.warn) == 0 with input as {\"environment\": \"here\", \"findings\": []}\n}\n";
    let other = given("lib.rego", "package countersign.lib.other\n\nx(y) if {\n\ty\n}\n\nz := 1");
    let options = TestOptions { coverage: true, ..TestOptions::default() };
    let run = test(vec![rule(body), given("r_test.rego", test_file), other], &options).unwrap();
    assert_eq!(run.counts(), [1, 0, 0]);
    let lines = |path: &str| {
        let file = run.coverage.iter().find(|file| file.path == path).unwrap();
        let list = |lines: &BTreeSet<u32>| lines.iter().copied().collect::<Vec<_>>();
        (file.rule.clone(), list(&file.reached), list(&file.missed))
    };
    let first = rule(body).source.lines().position(|line| line.starts_with("deny")).unwrap() as u32 + 1;
    let at = |offsets: &[u32]| offsets.iter().map(|offset| first + offset).collect::<Vec<_>>();
    // The comprehension is behind a statement that is false; an infix expression stands where its operator does.
    assert_eq!(lines("r.rego"), (Some("a/r".to_owned()), at(&[0, 1, 2, 3, 7, 14]), at(&[6, 9, 10, 11])));
    assert_eq!(lines("lib.rego"), (None, vec![], vec![4, 7]));
    assert_eq!(run.lines(), (6, 12));
}

#[test]
fn no_test_that_was_asked_for_is_an_error() {
    let files = || vec![rule("deny contains \"x\""), given("r_test.rego", "package a_test\n\ntest_x if true\n")];
    let only = |glob: &str| TestOptions { only: Some(glob.to_owned()), ..TestOptions::default() };
    assert_eq!(test(files(), &only("a_test.*")).unwrap().counts(), [1, 0, 0]);
    refused(test(files(), &only("b*")), "policies", "there is no test to run");
    refused(test(files(), &only("[")), "--run", "");
    refused(test(vec![rule("deny contains \"x\"")], &TestOptions::default()), "policies", "there is no test to run");
}

/// A call of a built-in, and what OPA answers: tests/opa holds OPA itself to the same file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Call {
    call: String,
    is: Option<serde_json::Value>,
    #[serde(default)]
    error: bool,
    /// A number whose text is none in JSON.
    odd: Option<String>,
    /// What happens here where that is something else.
    here: Option<serde_json::Value>,
}

#[test]
fn built_ins_answer_what_opa_answers() {
    let calls: Vec<Call> = serde_json::from_str(include_str!("../../tests/opa/builtins.json")).unwrap();
    assert!(calls.len() > 200);
    let (facts, mut wrong) = (facts(vec![]), Vec::new());
    for Call { call, is, error, odd, here } in calls {
        assert_eq!(error, is.is_none() && odd.is_none(), "{call}");
        assert!(odd.is_none() || here.is_some(), "{call}: no text of JSON can say that number");
        let expected = here.or(is).filter(|here| *here != "error");
        let said = verdicts(rule(&format!("warn contains json.marshal(x) if x := {call}")), &facts);
        let answer = said.ok().and_then(|said| serde_json::from_str(said.first()?.msg.as_raw()).ok());
        let is_same = |one: &serde_json::Value, other: &serde_json::Value| {
            one == other || (one.is_number() && one.as_f64() == other.as_f64())
        };
        match (&expected, &answer) {
            (None, None) => {}
            (Some(expected), Some(answer)) if is_same(expected, answer) => {}
            _ => wrong.push(format!("{call}: {answer:?} instead of {expected:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
