//! Judging alike findings once and judging each on its own must say the same, byte for byte.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::select;

use super::evaluate::Phase;
use super::sample::{exception, facts, finding};
use super::{Bundle, Facts, Layer, PolicyFile, rulings};
use crate::facts::TriagedFinding;
use crate::model::exception::Disposition;
use crate::model::finding::Kind;
use crate::model::severity::Severity;

const HEAD: &str = r#"# METADATA
# title: t
# custom:
#   owner: o
#   scope: finding
package countersign.rules.a.r

import data.countersign.lib.alpha
import data.countersign.lib.beta.worse
import input.finding.package as pkg
import input.finding.location

_key := "severity"

_secret if input.finding.kind == "secret"

_versions[v] := true if some v in pkg.fixed_in

default _rank(_) := 0

_rank(severity) := 2 if severity == "high"

_rank(severity) := 3 if severity == "critical"

_grade := "grave" if {
	_rank(input.finding.severity) > 2
	alpha.loud
} else := "known" if {
	input.finding.known_exploited
} else := "owned" if {
	input.finding.owner
}

_names contains name if {
	some name
	pkg[name]
}

_keyed[input.finding.kind] := input.finding.severity

_lines[path] contains line if {
	path := location.path
	line := input.finding.location.line
}

_alike := [f.id | some f in input.findings; f.severity == input.finding.severity; f.kind == input.finding.kind]
"#;

const ALPHA: &str = r#"package countersign.lib.alpha

import data.countersign.lib.beta

default loud := false

loud if input.finding.known_exploited

named(name) if input.finding.package.name == name

covered := input.exception.owner

pick(thing, key) := object.get(thing, key, "none")

both := [input.finding.kind, input.exception.owner]

deep := {"of": {"line": input.finding.location.line}}

through := beta.lined
"#;

const BETA: &str = r#"package countersign.lib.beta

worse(severity) if severity in {"high", "critical"}

lined if input["finding"].location["line"] > 2
"#;

/// Reached by its whole name only.
const GAMMA: &str = r#"package countersign.lib.gamma

titled := input.finding.title

owned if input.finding.owner
"#;

/// Conditions: plain fields, fields through helpers and imports, and everything that cannot be resolved.
const CONDITIONS: &[&str] = &[
    r#"input.finding.severity == "high""#,
    r#"input.finding.kind in {"secret", "weakness"}"#,
    r#"input.finding.package.name == "a""#,
    r#"input.finding.package.fixed_in[_] == "1""#,
    r#"input.finding.package == null"#,
    r#"not input.finding.package.version"#,
    r#"not input.finding.known_exploited"#,
    r#"count(input.finding.ids) > 1"#,
    r#"some id in input.finding.ids; startswith(id, "GHSA")"#,
    r#"every id in input.finding.ids { startswith(id, "CVE") }"#,
    r#"input.finding.location.line > 2"#,
    r#"location.path == "x/y""#,
    r#"pkg.version == "1""#,
    r#"_versions["1"]"#,
    r#"input.exception == null"#,
    r#"input.exception.owner == "web""#,
    r#"input.exception.life_days > 30"#,
    r#"not input.exception"#,
    r#"input.finding.disposition == "excepted""#,
    r#"input.finding.exception"#,
    r#"_secret"#,
    r#"not _secret"#,
    r#"alpha.loud"#,
    r#"alpha.named("b")"#,
    r#"alpha.covered == "team-web""#,
    r#"alpha.through"#,
    r#"worse(input.finding.severity)"#,
    r#"data.countersign.lib.beta.lined"#,
    r#"not alpha.through"#,
    r#"input.finding[_key] == "low""#,
    r#"some k; input.finding[k] == "low""#,
    r#"some k, v in input.finding.location; v == "x/y""#,
    r#"object.get(input.finding, "severity", "") == "low""#,
    r#"object.get(input, ["finding", "kind"], "") == "secret""#,
    r#"f := input.finding; f.severity == "critical""#,
    r#"walk(input.finding, [_, v]); v == "b""#,
    r#"input["finding"]["epss"] > 0.5"#,
    r#"count(input.findings) > 2"#,
    r#"count([1 | some f in input.findings; f.severity == input.finding.severity]) > 1"#,
    r#"_secret with input.finding.kind as "secret""#,
    r#"input.finding.id == "f-1""#,
    r#"data.countersign.lib.gamma.titled == "T""#,
    r#"not data.countersign.lib.gamma.owned"#,
    r#"data.countersign.lib.gamma[input.finding.kind]"#,
    r#"_grade == "grave""#,
    r#"_grade"#,
    r#"not _grade"#,
    r#"_rank(input.finding.severity) == 2"#,
    r#"_names["version"]"#,
    r#"_keyed.secret == "high""#,
    r#"_keyed[_] == "low""#,
    r#"_lines["x/y"][1]"#,
    r#"count(_alike) > 1"#,
    r#"count(_lines) == 0"#,
    r#"is_object(pkg); alpha.pick(input.finding.package, "name") == "a""#,
    r#"alpha.pick(input.finding.location, "path") != "none""#,
    r#"alpha.pick(input, "now") != "none""#,
    r#"alpha.both[1] == "web""#,
    r#"alpha.both == ["secret", "web"]"#,
    r#"alpha.deep.of.line > 1"#,
    r#"some name in ["loud", "covered"]; alpha[name] == true"#,
    r#"input.finding.location == {"path": "z"}"#,
    r#"is_object(pkg); count({k | some k, _ in input.finding.package}) > 2"#,
    r#"contains(json.marshal(input.finding.package), "\"b\"")"#,
    r#""line" in object.keys(object.filter(input.finding.location, ["line"]))"#,
    r#"input.finding.location[["path", "line"][_]] == 3"#,
    r#"input.finding[{"secret": "severity"}[input.finding.kind]] == "high""#,
    r#"some f in input.findings; f.id != input.finding.id; f.package == input.finding.package"#,
    r#"some e in input.exceptions; e.id == input.exception.id; e.life_days > 30"#,
    r#"input.exception == input.exceptions[0]"#,
    r#"input.finding in input.findings"#,
    r#"p := input.finding.package; p.version"#,
    r#"[p, l] := [pkg, location]; p.name == "a"; l.line > 1"#,
    r#"{"name": n} := {"name": pkg.name}; n == "b""#,
    r#"every v in pkg.fixed_in { some w in pkg.fixed_in; w != v }"#,
    r#"sum([x | x := input.finding.epss; is_number(x)]) > 0.5"#,
    r#"walk(pkg, [["fixed_in", _], v]); v == "2""#,
    r#"input.finding.seen_by[_].tool == "x""#,
    r#"input.finding.rule.id == input.finding.ids[0]"#,
    r#"input.now"#,
];

/// What is said: texts, placeholders, and fields that are put into a verdict.
const SAID: &[&str] = &[
    r#""plain""#,
    r#""{id} {title} {package} {version} {fixed_in} {path} {line} {severity} {rule} {owner} {9} {""#,
    r#"sprintf("%v", [input.finding.severity])"#,
    r#"sprintf("%v", [object.get(input.finding, "title", "")])"#,
    r#"{"msg": "m {title}", "severity": input.finding.severity, "next": "{package}"}"#,
    r#"{"msg": "m", "path": input.finding.location.path, "owner": input.finding.owner}"#,
    r#"{"msg": "m", "finding": input.findings[0].id}"#,
    r#"{"msg": input.finding.title}"#,
    r#"sprintf("{title} %d %v", [count(_alike), alpha.both[0]])"#,
    r#"{"msg": sprintf("%v", [_keyed]), "next": concat("", [n | some n in _names])}"#,
];

fn rule() -> impl Strategy<Value = String> {
    // Negated, too: what is undefined for one finding and defined for the next must not share a class.
    let condition = (select(CONDITIONS), prop::bool::ANY).prop_map(|(condition, holds)| {
        let wanted = if holds { "> 0" } else { "== 0" };
        format!("count([1 | {condition}]) {wanted}")
    });
    let clause = (select(vec!["deny", "warn"]), select(SAID), prop::collection::vec(condition, 1..4));
    prop::collection::vec(clause, 1..4).prop_map(|clauses| {
        let mut text = HEAD.to_owned();
        for (name, said, conditions) in clauses {
            text.push_str(&format!("\n{name} contains said if {{\n"));
            for condition in conditions {
                text.push_str(&format!("\t{condition}\n"));
            }
            text.push_str(&format!("\tsaid := {said}\n}}\n"));
        }
        text
    })
}

prop_compose! {
    fn any_finding()(
        kind in select(vec![Kind::Secret, Kind::Weakness, Kind::Vulnerability]),
        severity in select(vec![Severity::Low, Severity::High, Severity::Critical]),
        package in select(vec![None, Some("a"), Some("b")]),
        version in select(vec![None, Some("1")]),
        fixed in select(vec![vec![], vec!["1"], vec!["1", "2"]]),
        ids in select(vec![vec!["CVE-1"], vec!["CVE-1", "GHSA-1"], vec![]]),
        line in select(vec![None, Some(1), Some(3)]),
        path in select(vec![None, Some("x/y"), Some("z")]),
        title in select(vec!["T", "{id}", "{nope} {"]),
        owner in select(vec![None, Some("web")]),
        known_exploited in select(vec![None, Some(true), Some(false)]),
        epss in select(vec![None, Some(0.1), Some(0.9)]),
        exception in select(vec![None, None, Some("EX-1"), Some("EX-2")]),
    ) -> TriagedFinding {
        let mut triaged = finding("");
        let inner = &mut triaged.finding;
        inner.kind = kind;
        inner.severity = severity;
        match package {
            None => inner.package = None,
            Some(name) => {
                if let Some(package) = &mut inner.package {
                    package.name = name.into();
                    package.version = version.map(Into::into);
                    package.fixed_in = fixed.iter().map(|v| (*v).into()).collect();
                }
            }
        }
        inner.ids = ids.iter().map(|id| (*id).into()).collect();
        inner.location.line = line;
        inner.location.path = path.map(Into::into);
        inner.title = title.into();
        inner.known_exploited = known_exploited;
        inner.epss = epss;
        triaged.owner = owner.map(Into::into);
        triaged.disposition = if exception.is_some() { Disposition::Excepted } else { Disposition::Open };
        triaged.exception = exception.map(Into::into);
        triaged
    }
}

fn any_facts() -> impl Strategy<Value = Facts> {
    prop::collection::vec(any_finding(), 0..12).prop_map(|mut findings| {
        for (index, triaged) in findings.iter_mut().enumerate() {
            triaged.finding.id = format!("f-{index}").into();
        }
        let mut facts = facts(findings);
        let mut other = exception("EX-2", &[]);
        other.record.owner = "web".into();
        other.life_days = 10;
        facts.exceptions = vec![exception("EX-1", &[]), other];
        facts
    })
}

fn given(path: &str, source: &str) -> PolicyFile {
    PolicyFile::new(path, Layer::Repository, source.to_owned())
}

fn lib(rule: &str) -> Vec<PolicyFile> {
    let lib = [("alpha.rego", ALPHA), ("beta.rego", BETA), ("gamma.rego", GAMMA)];
    lib.into_iter().chain([("r.rego", rule)]).map(|(path, source)| given(path, source)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn classes_say_what_single_findings_say(rule in rule(), facts in any_facts()) {
        let files = lib(&rule);
        let bundle = Bundle::load(files, &[]).map_err(|error| TestCaseError::fail(format!("{error}\n{rule}")))?;
        let together = bundle.verdicts(&facts);
        let apart = rulings::verdicts(&bundle, &facts, Phase::VerdictsApart);
        match (&together, &apart) {
            // Which of several faults is met first is nobody's business.
            (Err(_), Err(_)) => {}
            _ => prop_assert_eq!(format!("{together:?}"), format!("{apart:?}"), "{}", rule),
        }
    }
}

#[test]
fn known_fields_make_few_classes_and_the_rest_is_told() {
    let judged = |body: &str| {
        let rule = format!("{HEAD}\ndeny contains \"{{id}}\" if {{\n\t{body}\n}}\n");
        let bundle = Bundle::load(lib(&rule), &[]);
        let bundle = bundle.unwrap();
        let facts = facts((0..50).map(|n| finding(&format!("f-{n}"))).collect());
        assert_eq!(bundle.verdicts(&facts), rulings::verdicts(&bundle, &facts, Phase::VerdictsApart));
        let asked = rulings::asked(&bundle, &facts, Phase::Verdicts, &BTreeSet::new()).unwrap();
        let evaluations = bundle.program.as_ref().unwrap().evaluations(&asked.body);
        (evaluations, bundle.rules[0].one_by_one.clone())
    };
    assert_eq!(judged(r#"input.finding.severity == "high""#), (1, None));
    assert_eq!(judged("not alpha.loud"), (1, None));
    assert_eq!(judged(r#"startswith(input.finding.id, "f-")"#), (50, None));
    for (body, why) in [
        ("f := input.finding; f.id", "r.rego:49: `input.finding` as a whole"),
        ("some k; input[k]", "r.rego:49: `input` as a whole, or with a computed key"),
        ("_secret with input.finding.kind as \"secret\"", "r.rego:49: `with` changes what is read"),
    ] {
        let (evaluations, reason) = judged(body);
        assert_eq!((evaluations, reason.as_deref()), (50, Some(why)), "{body}");
    }
}
