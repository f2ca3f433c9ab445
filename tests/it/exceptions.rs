//! Exception records: what is refused, what is covered, and that nothing fails open.

use std::collections::{BTreeMap, BTreeSet};

use countersign::exceptions::{self, Account, Context, Coverage, Force, Lost, Record, Run};
use countersign::formats::{self, Limits};
use countersign::model::digest::Digest;
use countersign::model::exception::ExceptionState;
use countersign::model::finding::{Finding, Kind, Location, Rule, Target};
use countersign::model::package::Package;
use countersign::model::severity::{Severity, SeveritySource};
use countersign::model::text::Untrusted;
use countersign::normalise::{ReadReport, normalise};
use proptest::prelude::*;

use crate::support::{command, fixture, root};

/// A sound record; every line is one that a case changes.
const SOUND: &str = "\
- id: EX-2026-014
  match: { ids: [CVE-2026-1234], package: \"pkg:npm/lodash\", path: \"web/**\" }
  scope: { service: [shop], environment: [production] }
  owner: team-web
  reason: not reachable, see SEC-88
  mitigation: WAF rule 1182 blocks the vector
  residual_risk: low
  created: 2026-11-01
  expires: 2026-11-30
  ticket: SEC-88
  approvals:
    - { by: jo@example.com, role: product-lead, at: 2026-11-02, signature: EX-2026-014.jo.sig }
";

/// The fields that every record needs, after its id and criteria.
const REST: &str = "owner: team-web, reason: r, mitigation: m, created: 2026-11-01, expires: 2026-11-30";

fn faults_of(files: &[(&str, &str)]) -> Vec<String> {
    match exceptions::read(files.iter().map(|(file, text)| (*file, text.as_bytes()))) {
        Ok(records) => panic!("no fault in {} records of {files:?}", records.len()),
        Err(faults) => faults.as_slice().iter().map(ToString::to_string).collect(),
    }
}

fn records(text: &str) -> Vec<Record> {
    exceptions::read([("e.yaml", text.as_bytes())]).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// Records with these ids and criteria, in YAML flow style.
fn with_criteria(criteria: &[(&str, &str)]) -> Vec<Record> {
    let text: String = criteria.iter().map(|(id, m)| format!("- {{ id: {id}, match: {{ {m} }}, {REST} }}\n")).collect();
    records(&text)
}

#[test]
fn the_record_of_the_documentation_is_read_whole() {
    let read = records(SOUND);
    let record = &read[0].exception;
    assert_eq!((read[0].file.as_raw(), read[0].line), ("e.yaml", 1));
    assert_eq!(record.criteria.ids, [Untrusted::from("CVE-2026-1234")]);
    assert_eq!(record.scope.service, [Untrusted::from("shop")]);
    assert_eq!((record.created.to_string(), record.expires.to_string()), ("2026-11-01".into(), "2026-11-30".into()));
    assert_eq!(record.approvals[0].signature.as_ref().unwrap().as_raw(), "EX-2026-014.jo.sig");
}

#[test]
fn yaml_json_and_toml_say_the_same() {
    let yaml = records(
        "- { id: A, match: { ids: [CVE-2026-1], kind: secret }, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: 2026-11-30 }",
    );
    let json = r#"[{"id":"A","match":{"ids":["CVE-2026-1"],"kind":"secret"},"owner":"o","reason":"r","mitigation":"m","created":"2026-11-01","expires":"2026-11-30"}]"#;
    let toml = "[[exception]]\nid = 'A'\nmatch = { ids = ['CVE-2026-1'], kind = 'secret' }\nowner = 'o'\nreason = 'r'\nmitigation = 'm'\ncreated = 2026-11-01\nexpires = '2026-11-30'\n";
    for (file, text) in [("e.json", json), ("e.yaml", json), ("e.toml", toml)] {
        let read = exceptions::read([(file, text.as_bytes())]).unwrap();
        assert_eq!((&read[0].exception, read[0].digest), (&yaml[0].exception, yaml[0].digest), "{file}");
    }
    for (file, none) in [("e.yaml", "[]"), ("e.json", "[]\n"), ("e.toml", "exception = []")] {
        assert_eq!(exceptions::read([(file, none.as_bytes())]).unwrap(), [], "{file}");
    }
}

/// What replaces what in the sound record → where the fault is and a part of what it says.
const FAULTS: &[(&str, &str, &str, &str)] = &[
    ("expires:", "expires_at:", "9:3", "unknown key `expires_at`; did you mean `expires`?"),
    ("  expires: 2026-11-30\n", "", "1:3", "`expires` is missing; add `expires`"),
    ("  owner: team-web\n", "", "1:3", "`owner` is missing"),
    ("  reason: not reachable, see SEC-88\n", "", "1:3", "`reason` is missing"),
    ("  mitigation: WAF rule 1182 blocks the vector\n", "", "1:3", "`mitigation` is missing"),
    ("  created: 2026-11-01\n", "", "1:3", "`created` is missing"),
    ("id: EX-2026-014\n  match", "match", "1:3", "`id` is missing"),
    ("owner: team-web", "owner:", "4:8", "`owner` is blank"),
    ("owner: team-web", "owner: '  '", "4:10", "`owner` is blank"),
    ("owner: team-web", "owner: ~", "4:10", "`owner` is blank"),
    ("mitigation: WAF rule 1182 blocks the vector", "mitigation: \"\\t\"", "6:15", "`mitigation` is blank"),
    ("ticket: SEC-88", "ticket: ''", "10:11", "`ticket` is blank"),
    ("by: jo@example.com", "by: ''", "12:13", "`by` is blank"),
    ("2026-11-30", "2026-11-31", "9:12", "`expires`: not a date"),
    ("2026-11-30", "30.11.2026", "9:12", "`expires`: not a date"),
    ("2026-11-30", "2026-11-30T23:59:59Z", "9:12", "`expires`: not a date"),
    ("2026-11-30", "never", "9:12", "`expires`: not a date"),
    ("2026-11-30", "2026-10-31", "9:12", "it expires on 2026-10-31, before it was created"),
    ("at: 2026-11-02", "at: yesterday", "12:53", "`at`: not a date"),
    ("ids: [CVE-2026-1234]", "ids: [CWE-79]", "2:18", "`CWE-79` is a class of weaknesses"),
    ("ids: [CVE-2026-1234]", "ids: [CVE-2026-1, cwe-79]", "2:30", "`cwe-79` is a class of weaknesses"),
    ("ids: [CVE-2026-1234]", "ids: []", "2:17", "an empty list"),
    ("ids: [CVE-2026-1234]", "ids: [CVE-2026-*]", "2:18", "`CVE-2026-*` is no single id"),
    ("ids: [CVE-2026-1234]", "ids: CVE-2026-1234", "2:17", "`ids`: expected a list"),
    ("ids: [CVE-2026-1234]", "id: [CVE-2026-1234]", "2:12", "unknown key `id`; did you mean `ids`?"),
    ("pkg:npm/lodash", "lodash", "2:43", "no package URL"),
    ("pkg:npm/lodash", "pkg:npm/*", "2:43", "it takes no patterns"),
    ("web/**", "web/[a", "2:67", "no glob"),
    ("web/**", "./web/**", "2:67", "no path is written like this"),
    ("web/**", "../web/**", "2:67", "no path is written like this"),
    ("scope: { service: [shop]", "scope: { service: []", "3:21", "an empty list"),
    ("scope: { service", "scope: { services", "3:12", "unknown key `services`; did you mean `service`?"),
    ("EX-2026-014\n", "EX 2026\n", "1:7", "an id that is no name"),
    ("EX-2026-014.jo.sig", "../jo.sig", "12:76", "a signature that is not beside the record"),
    ("EX-2026-014.jo.sig", "/etc/jo.sig", "12:76", "a signature that is not beside the record"),
    ("  owner: team-web\n", "  owner: team-web\n  owner: team-api\n", "5:3", "`owner` is given twice; first on line 4"),
    ("{ ids: [CVE-2026-1234], package: \"pkg:npm/lodash\", path: \"web/**\" }", "{}", "2:10", "no criterion is given"),
    (
        "{ ids: [CVE-2026-1234], package: \"pkg:npm/lodash\", path: \"web/**\" }",
        "{ kind: secret }",
        "2:10",
        "the kind alone",
    ),
    ("{ ids: [CVE-2026-1234], package: \"pkg:npm/lodash\", path: \"web/**\" }", "", "2:8", "`match` is blank"),
];

#[test]
fn every_fault_of_form_names_its_place_and_the_way_out() {
    assert_eq!(
        faults_of(&[("e.yaml", "")]),
        ["e.yaml:1:1: the file is empty; write `[]` or `{}` to say that there is nothing"]
    );
    for (from, to, place, part) in FAULTS {
        let text = SOUND.replacen(from, to, 1);
        assert_ne!(text, SOUND, "{from}");
        let faults = faults_of(&[("e.yaml", &text)]);
        let start = format!("e.yaml:{place}: ");
        assert!(
            faults.iter().any(|fault| fault.starts_with(&start)
                && fault.contains(part)
                && (fault.contains(';') || fault.contains("expected"))),
            "{to}: wanted {start}{part} in\n{}",
            faults.join("\n")
        );
    }
}

#[test]
fn criteria_that_match_everything_are_refused() {
    for everything in [
        "path: '**'",
        "path: '*'",
        "path: '**/*'",
        "path: '/**'",
        "path: '**/*.*'",
        "path: '?*/**'",
        "path: '{web/**,**/*}'",
        "path: '**/*[!7]'",
        "path: '**/*[!]a]'",
        "path: '**/{*[!7],x}'",
        "resource: '*[a-z]*'",
        "path: '**/**', kind: weakness",
        "path: '**', kind: weakness",
        "resource: '*'",
        "resource: '**', path: '**'",
        "kind: quality",
    ] {
        let faults = faults_of(&[("e.yaml", &format!("- {{ id: A, match: {{ {everything} }}, {REST} }}"))]);
        assert!(
            faults.iter().any(|f| f.contains("match everything") || f.contains("the kind alone")),
            "{everything}: {faults:?}"
        );
    }
    for narrow in [
        "path: 'web/**'",
        "path: '**/*.min.js'",
        "path: '**', ids: [CVE-2026-1]",
        "resource: 'aws_s3_bucket.*'",
        "rule: B602",
        "package: 'pkg:npm/a'",
    ] {
        assert_eq!(with_criteria(&[("A", narrow)]).len(), 1, "{narrow}");
    }
}

#[test]
fn all_faults_of_all_files_are_reported_together() {
    let one = "- { id: A, match: { ids: [CVE-2026-1] }, owner: o, reason: r, mitigation: m, created: 2026-11-01 }\n- { id: B, match: {}, expiers: 2026-11-30 }\n";
    let two = "[[exception]]\nid = 'A'\nmatch = { rule = 'B602' }\nowner = 'o'\nreason = 'r'\nmitigation = 'm'\ncreated = 2026-11-01\nexpires = 2026-10-01\n";
    assert_eq!(
        faults_of(&[("one.yaml", one), ("two.toml", two), ("three.json", "{}"), ("four.json", "[{]")]),
        [
            "four.json:1:3: not JSON: key must be a string; correct the notation",
            "one.yaml:1:3: `expires` is missing; add `expires`",
            "one.yaml:2:3: `created` is missing; add `created`",
            "one.yaml:2:3: `expires` is missing; add `expires`",
            "one.yaml:2:3: `mitigation` is missing; add `mitigation`",
            "one.yaml:2:3: `owner` is missing; add `owner`",
            "one.yaml:2:3: `reason` is missing; add `reason`",
            "one.yaml:2:19: no criterion is given; name ids, a package, a rule, a fingerprint, or a narrower path or resource",
            "one.yaml:2:23: unknown key `expiers`; did you mean `expires`?",
            "three.json:1:1: no list of exception records; write one list of records, each starting with `- id:`; `[]` says that there are none",
            "two.toml:8:11: it expires on 2026-10-01, before it was created; `expires` is on or after `created`",
        ]
    );
}

#[test]
fn an_id_is_given_once_in_all_files() {
    let record = |id: &str| format!("\n- {{ id: {id}, match: {{ ids: [CVE-2026-1] }}, {REST} }}\n");
    assert_eq!(
        faults_of(&[("a.yaml", &record("A")), ("b.yaml", &(record("B") + &record("A")))]),
        [
            "b.yaml:4:9: the id `A` is given twice; first at a.yaml:2; every record has an id of its own; renew a record by changing it"
        ]
    );
}

#[test]
fn a_toml_file_holds_records_and_nothing_else() {
    let text = "owner = 'o'\n[[exception]]\nid = 'A'\n";
    let faults = faults_of(&[("e.toml", text)]);
    assert!(faults[0].starts_with("e.toml:1:1: unknown key `owner`"), "{faults:?}");
    assert!(faults_of(&[("e.toml", "[[exceptions]]\nid = 'A'\n")])[0].contains("no list of exception records"));
}

// Matching.

fn now(text: &str) -> countersign::model::time::Timestamp {
    text.parse().unwrap()
}

fn here() -> Context<'static> {
    Context {
        service: Some("shop"),
        environment: "production",
        repository: Some("acme/shop"),
        now: now("2026-11-21T08:00:00Z"),
    }
}

fn finding(id: &str, kind: Kind, ids: &[&str], severity: Severity) -> Finding {
    Finding {
        id: id.into(),
        fingerprint: format!("v1:{:0>64}", id.trim_start_matches("f-")).into(),
        content_fingerprint: None,
        kind,
        rule: Rule { id: "R1".into(), name: None, url: None },
        ids: ids.iter().map(|id| Untrusted::from(*id)).collect(),
        covers: Vec::new(),
        severity,
        severity_source: SeveritySource::Scanner,
        cvss: None,
        title: "t".into(),
        package: None,
        location: Location::default(),
        occurrences: Vec::new(),
        target: Target::default(),
        first_seen: None,
        published: None,
        known_exploited: None,
        epss: None,
        confidence: None,
        suppression: None,
        seen_by: Vec::new(),
    }
}

fn at(mut finding: Finding, paths: &[&str]) -> Finding {
    let locations: Vec<Location> =
        paths.iter().map(|path| Location { path: Some((*path).into()), ..Location::default() }).collect();
    finding.location = locations.first().unwrap().clone();
    finding.occurrences = if locations.len() > 1 { locations } else { Vec::new() };
    finding
}

fn of_package(mut finding: Finding, purl: Option<&str>) -> Finding {
    finding.package =
        Some(Box::new(Package { name: "lodash".into(), purl: purl.map(Untrusted::from), ..Package::default() }));
    finding
}

fn vulnerability(id: &str, ids: &[&str]) -> Finding {
    finding(id, Kind::Vulnerability, ids, Severity::High)
}

/// Ids of the findings that the only record covers, and why it covers no more.
fn covered(criteria: &str, findings: &[Finding]) -> (Vec<usize>, Vec<String>) {
    let records = with_criteria(&[("A", criteria)]);
    let coverage = exceptions::cover(&records, findings, &here());
    let matched = coverage.records.first().unwrap();
    (matched.covers.clone(), matched.because.iter().map(|line| line.as_raw().to_owned()).collect())
}

#[test]
fn every_given_criterion_has_to_match() {
    let findings = [
        of_package(
            at(vulnerability("f-1", &["CVE-2026-1", "GHSA-aaaa-bbbb-cccc"]), &["web/package-lock.json"]),
            Some("pkg:npm/lodash@4.17.20"),
        ),
        of_package(
            at(vulnerability("f-2", &["CVE-2026-1"]), &["api/package-lock.json"]),
            Some("pkg:npm/lodash@4.17.19"),
        ),
        at(finding("f-3", Kind::Weakness, &["CWE-79"], Severity::Medium), &["web/a.js"]),
    ];
    for (criteria, expected) in [
        ("ids: [CVE-2026-1]", vec![0, 1]),
        ("ids: [cve-2026-1]", vec![0, 1]),
        ("ids: [CVE-2026-2, GHSA-AAAA-bbbb-cccc]", vec![0]),
        ("ids: [CVE-2026-1], package: 'pkg:npm/lodash@4.17.19'", vec![1]),
        ("ids: [CVE-2026-1], path: 'web/**'", vec![0]),
        ("ids: [CVE-2026-2], path: 'web/**'", vec![]),
        ("package: 'pkg:npm/lodash', kind: license", vec![]),
        ("path: 'web/*'", vec![0, 2]),
        ("path: 'web/*', kind: weakness", vec![2]),
        ("path: 'web'", vec![]),
        ("rule: R1, path: '**/*.js'", vec![2]),
        ("rule: R2", vec![]),
        ("fingerprint: 'v1:0000000000000000000000000000000000000000000000000000000000000003'", vec![2]),
        ("fingerprint: 'v1:0000000000000000000000000000000000000000000000000000000000000003', kind: secret", vec![]),
    ] {
        assert_eq!(covered(criteria, &findings).0, expected, "{criteria}");
    }
}

#[test]
fn a_package_criterion_does_not_cover_a_finding_without_package_url() {
    let findings = [of_package(vulnerability("f-1", &["CVE-2026-1"]), None), vulnerability("f-2", &["CVE-2026-1"])];
    let (covers, because) = covered("ids: [CVE-2026-1], package: 'pkg:npm/lodash'", &findings);
    assert_eq!(covers, [0; 0]);
    assert_eq!(because, ["f-1 has no package URL to compare"]);
}

#[test]
fn a_class_of_weaknesses_is_no_name_even_where_a_record_could_say_it() {
    let findings = [at(finding("f-1", Kind::Weakness, &["CWE-79"], Severity::High), &["a.js"])];
    assert_eq!(covered("ids: [CVE-2026-1]", &findings).0, [0; 0]);
}

#[test]
fn a_path_has_to_match_every_location_of_a_sarif_result() {
    let place = |path: &str| {
        format!(r#"{{"physicalLocation":{{"artifactLocation":{{"uri":"{path}"}},"region":{{"startLine":3}}}}}}"#)
    };
    for (second, expected) in [("src/pay.py", vec![]), ("./src/../src/pay.py", vec![]), ("test/b.py", vec![0])] {
        let log = format!(
            r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"Semgrep"}}}},
                "results":[{{"ruleId":"R1","message":{{"text":"m"}},"locations":[{},{}]}}]}}]}}"#,
            place("test/a.py"),
            place(second)
        );
        let (format, parsed) = formats::read(log.as_bytes(), None, &Limits::default()).unwrap();
        let digest = Digest::of(&log);
        let report = ReadReport { path: "semgrep.sarif".into(), format: format.id, digest, parsed, receipt: None };
        let findings = normalise(vec![report], &[]).findings;
        assert_eq!(findings[0].location.path.as_ref().unwrap(), &"test/a.py");
        assert_eq!(findings[0].occurrences.len(), 2);
        assert_eq!(covered("rule: R1, path: 'test/**'", &findings).0, expected, "{second}");
    }
}

#[test]
fn a_path_covers_a_finding_only_where_it_is_everywhere() {
    let findings = [
        at(vulnerability("f-1", &["CVE-2026-1"]), &["web/a.lock", "web/b.lock"]),
        at(vulnerability("f-2", &["CVE-2026-1"]), &["api/a.lock", "web/b.lock", "lib/c.lock"]),
        vulnerability("f-3", &["CVE-2026-1"]),
        at(vulnerability("f-4", &["CVE-2026-1"]), &["/web/a.lock"]),
        at(vulnerability("f-5", &["CVE-2026-1"]), &["web/../api/a.lock"]),
    ];
    let (covers, because) = covered("ids: [CVE-2026-1], path: 'web/**'", &findings);
    assert_eq!(covers, [0]);
    assert_eq!(because, ["f-2 stays open: 2 of 3 occurrences outside path web/**: api/a.lock, lib/c.lock"]);
    assert_eq!(
        covered("path: '**/a.lock'", &findings).0,
        [0; 0],
        "an absolute path is matched by absolute patterns alone"
    );
    assert_eq!(covered("path: '/web/**'", &findings).0, [3]);
}

#[test]
fn a_resource_covers_a_finding_only_where_it_is_everywhere() {
    let mut one = finding("f-1", Kind::Misconfiguration, &[], Severity::High);
    let place = |resource: &str| Location { resource: Some(resource.into()), ..Location::default() };
    one.location = place("aws_s3_bucket.data");
    let mut two = one.clone();
    two.id = "f-2".into();
    two.occurrences = vec![place("aws_s3_bucket.data"), place("aws_s3_bucket.logs")];
    assert_eq!(covered("resource: aws_s3_bucket.data", &[one.clone(), two.clone()]).0, [0]);
    assert_eq!(covered("resource: 'aws_s3_bucket.*'", &[one, two]).0, [0, 1]);
}

#[test]
fn a_rule_covers_what_every_witness_found_by_it() {
    let mut merged = at(finding("f-1", Kind::Weakness, &[], Severity::High), &["a.py"]);
    merged.seen_by = vec![countersign::model::finding::Witness {
        report: 1,
        tool: "semgrep".into(),
        rule_id: "python.subprocess".into(),
        severity: Severity::High,
        severity_raw: None,
        location: Location::default(),
        pointer: "/results/0".into(),
        suppressed: false,
    }];
    for one_of_two in ["rule: python.subprocess", "rule: R1", "rule: R1, path: a.py"] {
        let (covers, because) = covered(one_of_two, std::slice::from_ref(&merged));
        assert!(covers.is_empty(), "{one_of_two}");
        assert!(because[0].starts_with("f-1 comes from rule "), "{because:?}");
    }
    merged.ids = vec!["CVE-2026-1".into()];
    assert_eq!(covered("rule: python.subprocess, ids: [CVE-2026-1]", std::slice::from_ref(&merged)).0, [0]);
    assert!(covered("rule: R9, ids: [CVE-2026-1]", std::slice::from_ref(&merged)).0.is_empty());
    merged.rule.id = "python.subprocess".into();
    assert_eq!(covered("rule: python.subprocess", &[merged]).0, [0]);
}

#[test]
fn a_scope_that_does_not_hold_here_covers_nothing_and_says_so() {
    let findings = [vulnerability("f-1", &["CVE-2026-1"])];
    let scoped = |scope: &str, context: &Context<'_>| {
        let text = format!("- {{ id: A, match: {{ ids: [CVE-2026-1] }}, scope: {{ {scope} }}, {REST} }}");
        let coverage = exceptions::cover(&records(&text), &findings, context);
        (coverage.records[0].covers.len(), coverage.records[0].because.first().map(|line| line.as_raw().to_owned()))
    };
    let nowhere = Context { service: None, repository: None, ..here() };
    for (scope, context, covers, because) in [
        ("service: [shop, cart]", here(), 1, None),
        ("environment: [staging]", here(), 0, Some("it holds for environment staging, this is production")),
        ("repository: [acme/other]", here(), 0, Some("it holds for repository acme/other, this is acme/shop")),
        ("service: [shop]", nowhere, 0, Some("it holds for service shop, this is unknown")),
        ("repository: [acme/shop]", nowhere, 0, Some("it holds for repository acme/shop, this is unknown")),
    ] {
        assert_eq!(scoped(scope, &context), (covers, because.map(str::to_owned)), "{scope}");
    }
}

#[test]
fn a_record_is_in_force_from_its_first_to_the_end_of_its_last_day() {
    let records = with_criteria(&[("A", "ids: [CVE-2026-1]")]);
    let findings = [vulnerability("f-1", &["CVE-2026-1"])];
    let admitted = BTreeSet::from([Untrusted::from("A")]);
    for (instant, force, days_left, assigned) in [
        ("2026-10-31T23:59:59Z", Force::Pending, 30, None),
        ("2026-11-01T00:00:00Z", Force::InForce, 29, Some(0)),
        ("2026-11-30T23:59:59Z", Force::InForce, 0, Some(0)),
        ("2026-12-01T00:00:00Z", Force::Expired, -1, None),
        ("2026-11-30T23:30:00-01:00", Force::Expired, -1, None),
    ] {
        let coverage = exceptions::cover(&records, &findings, &Context { now: now(instant), ..here() });
        let matched = &coverage.records[0];
        assert_eq!((matched.force, matched.days_left, matched.life_days), (force, days_left, 29), "{instant}");
        assert_eq!(exceptions::assign(&records, &coverage, &admitted).by_finding, [assigned], "{instant}");
        let shown = coverage.matched_exceptions(&records, &ids(&findings));
        assert_eq!((shown.len(), shown[0].in_force), (1, force == Force::InForce), "policy sees it either way");
    }
}

#[test]
fn nothing_counts_that_was_not_admitted() {
    let records = with_criteria(&[("A", "ids: [CVE-2026-1]")]);
    let findings = [vulnerability("f-1", &["CVE-2026-1"])];
    let coverage = exceptions::cover(&records, &findings, &here());
    assert_eq!(exceptions::assign(&records, &coverage, &BTreeSet::new()).by_finding, [None]);
}

/// The traps of other loaders: a first entry that hides a second one, and one that has expired in one of several files.
#[test]
fn an_expired_record_neither_hides_a_valid_one_nor_lives_on_through_it() {
    let dated = |id: &str, created: &str, expires: &str| {
        format!(
            "- {{ id: {id}, match: {{ ids: [CVE-2026-1] }}, owner: o, reason: r, mitigation: m, created: {created}, expires: {expires} }}\n"
        )
    };
    let old = dated("A", "2026-10-01", "2026-10-31");
    let new = dated("B", "2026-11-01", "2026-11-30");
    let findings = [vulnerability("f-1", &["CVE-2026-1"])];
    let admitted: BTreeSet<Untrusted> = ["A".into(), "B".into()].into();
    for files in [[("a.yaml", &old), ("b.yaml", &new)], [("b.yaml", &new), ("a.yaml", &old)]] {
        let read = exceptions::read(files.iter().map(|(file, text)| (*file, text.as_bytes()))).unwrap();
        let coverage = exceptions::cover(&read, &findings, &here());
        let by = exceptions::assign(&read, &coverage, &admitted).by_finding[0].unwrap();
        assert_eq!(read[by].id().as_raw(), "B");
    }
    let alone = records(&old);
    let coverage = exceptions::cover(&alone, &findings, &here());
    assert_eq!(exceptions::assign(&alone, &coverage, &admitted).by_finding, [None]);
}

#[test]
fn of_several_records_the_one_that_lasts_longest_counts() {
    let dated = |id: &str, expires: &str| {
        format!(
            "- {{ id: {id}, match: {{ ids: [CVE-2026-1] }}, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: {expires} }}\n"
        )
    };
    let read = records(&(dated("C", "2026-11-25") + &dated("B", "2026-11-30") + &dated("A", "2026-11-30")));
    let findings = [vulnerability("f-1", &["CVE-2026-1"])];
    let coverage = exceptions::cover(&read, &findings, &here());
    let admitted: BTreeSet<Untrusted> = read.iter().map(|r| r.id().clone()).collect();
    let counts = |admitted: &BTreeSet<Untrusted>| {
        exceptions::assign(&read, &coverage, admitted).by_finding[0].map(|n| read[n].id().as_raw().to_owned())
    };
    assert_eq!(counts(&admitted).unwrap(), "A");
    assert_eq!(counts(&["B".into(), "C".into()].into()).unwrap(), "B");
    assert_eq!(counts(&["C".into()].into()).unwrap(), "C");
}

// Accounting.

fn accounts(records: &[Record], findings: &[Finding], rejected: &[&str], lost: &[Lost]) -> Vec<Account> {
    let coverage = exceptions::cover(records, findings, &here());
    let admitted: BTreeSet<Untrusted> =
        records.iter().map(|r| r.id().clone()).filter(|id| !rejected.contains(&id.as_raw())).collect();
    let denied =
        rejected.iter().map(|id| (Untrusted::from(*id), vec!["it lives too long".into()])).collect::<BTreeMap<_, _>>();
    let assignment = exceptions::assign(records, &coverage, &admitted);
    exceptions::account(
        records,
        &ids(findings),
        &coverage,
        &Run { admitted: &admitted, denied: &denied, warned: &BTreeMap::new(), assignment: &assignment, lost },
    )
}

fn lost(rule: &str, finding: Option<&str>, worse: bool) -> Lost {
    Lost { rule: rule.into(), finding: finding.map(Untrusted::from), worse }
}

#[test]
fn every_record_has_one_state() {
    use ExceptionState::*;
    let mut text = String::new();
    for (id, criteria, created, expires) in [
        ("alone", "ids: [CVE-2026-1]", "2026-11-01", "2026-11-30"),
        ("elsewhere", "ids: [CVE-2026-9]", "2026-11-01", "2026-11-30"),
        ("expired", "ids: [CVE-2026-1]", "2026-10-01", "2026-10-31"),
        ("freeze", "verdict: calendar/freeze", "2026-11-01", "2026-11-30"),
        ("idle-freeze", "verdict: coverage/required-checks", "2026-11-01", "2026-11-30"),
        ("joint-a", "ids: [CVE-2026-2]", "2026-11-01", "2026-11-30"),
        ("joint-b", "ids: [CVE-2026-2]", "2026-11-01", "2026-11-29"),
        ("pending", "ids: [CVE-2026-1]", "2026-12-01", "2026-12-30"),
        ("rejected", "ids: [CVE-2026-1]", "2026-11-01", "2026-11-30"),
        ("shadow", "ids: [CVE-2026-3]", "2026-11-01", "2026-11-29"),
        ("used", "ids: [CVE-2026-3]", "2026-11-01", "2026-11-30"),
    ] {
        text += &format!(
            "- {{ id: {id}, match: {{ {criteria} }}, owner: o, reason: r, mitigation: m, created: {created}, expires: {expires} }}\n"
        );
    }
    let read = records(&text);
    let findings = ["1", "2", "3"].map(|n| vulnerability(&format!("f-{n}"), &[&format!("CVE-2026-{n}")]));
    let lost = [
        lost("findings/threshold", Some("f-1"), true),
        lost("findings/threshold", Some("f-2"), true),
        lost("findings/threshold", Some("f-3"), false),
        lost("calendar/freeze", None, true),
    ];
    let states: Vec<(String, ExceptionState)> = accounts(&read, &findings, &["rejected"], &lost)
        .iter()
        .zip(&read)
        .map(|(account, record)| (record.id().as_raw().to_owned(), account.state))
        .collect();
    let expected = [
        ("alone", Decisive),
        ("elsewhere", Unused),
        ("expired", Expired),
        ("freeze", Decisive),
        ("idle-freeze", Unused),
        ("joint-a", JointlyDecisive),
        ("joint-b", JointlyDecisive),
        ("pending", Pending),
        ("rejected", Rejected),
        ("shadow", Shadowed),
        ("used", Used),
    ];
    assert_eq!(states, expected.map(|(id, state)| (id.to_owned(), state)));
}

#[test]
fn a_rejected_record_says_why_and_an_unused_one_what_is_nearest() {
    let read = with_criteria(&[
        ("A", "ids: [CVE-2026-1]"),
        ("B", "ids: [CVE-2026-1], path: 'web/**'"),
        ("C", "package: 'pkg:npm/left-pad'"),
    ]);
    let findings = [at(vulnerability("f-1", &["CVE-2026-1"]), &["api/a.lock"])];
    let because: Vec<Vec<String>> = accounts(&read, &findings, &["A"], &[])
        .iter()
        .map(|account| account.because.iter().map(|line| line.as_raw().to_owned()).collect())
        .collect();
    assert_eq!(
        because,
        [
            vec!["it lives too long"],
            vec!["f-1 stays open: 1 of 1 occurrences outside path web/**: api/a.lock"],
            vec!["no finding is about its package, or the report gives no package URL"],
        ]
    );
}

#[test]
fn a_verdict_about_no_finding_is_lost_to_all_records_together() {
    let read = with_criteria(&[("A", "ids: [CVE-2026-1]"), ("B", "ids: [CVE-2026-2]")]);
    let findings = ["1", "2"].map(|n| vulnerability(&format!("f-{n}"), &[&format!("CVE-2026-{n}")]));
    let states = |read: &[Record]| -> Vec<ExceptionState> {
        accounts(read, &findings, &[], &[lost("findings/too-many", None, true)]).iter().map(|a| a.state).collect()
    };
    assert_eq!(states(&read), [ExceptionState::JointlyDecisive; 2]);
    assert_eq!(states(&read[..1]), [ExceptionState::Decisive]);
}

// Generated data: the index against a matcher that asks every record about every finding.

#[derive(Clone, Debug)]
struct Spec {
    ids: Vec<u8>,
    package: Option<(u8, Option<u8>)>,
    path: Option<&'static str>,
    rule: Option<u8>,
    kind: Option<Kind>,
    resource: Option<&'static str>,
}

const PATHS: [&str; 6] = ["web/a.js", "web/lib/b.js", "api/a.py", "a.js", "web", "docs/x/y/z.md"];
/// A pattern, and the same said in code.
type Said = (&'static str, fn(&str) -> bool);
const PATTERNS: [Said; 4] = [
    ("web/**", |path| path.starts_with("web/")),
    ("**/*.js", |path| path.ends_with(".js")),
    ("web/*", |path| path.strip_prefix("web/").is_some_and(|rest| !rest.contains('/'))),
    ("api/a.py", |path| path == "api/a.py"),
];

fn specs() -> impl Strategy<Value = Vec<Spec>> {
    let pattern = proptest::option::of(prop::sample::select(PATTERNS.map(|(text, _)| text).to_vec()));
    let spec = (
        prop::collection::vec(0..6_u8, 0..3),
        proptest::option::of((0..3_u8, proptest::option::of(0..2_u8))),
        pattern.clone(),
        proptest::option::of(0..3_u8),
        proptest::option::of(prop::sample::select(vec![Kind::Vulnerability, Kind::Weakness])),
        pattern,
    )
        .prop_map(|(ids, package, path, rule, kind, resource)| Spec { ids, package, path, rule, kind, resource })
        .prop_filter("something besides the kind", |s| {
            !s.ids.is_empty() || s.package.is_some() || s.path.is_some() || s.rule.is_some() || s.resource.is_some()
        });
    prop::collection::vec(spec, 1..12)
}

fn generated_findings() -> impl Strategy<Value = Vec<Finding>> {
    let finding = (
        prop::collection::vec(0..6_u8, 0..3),
        proptest::option::of((0..3_u8, 0..2_u8)),
        prop::collection::vec(prop::sample::select(PATHS.to_vec()), 0..3),
        0..3_u8,
        prop::sample::select(vec![Kind::Vulnerability, Kind::Weakness]),
    )
        .prop_map(|(ids, package, paths, rule, kind)| {
            let names: Vec<String> = ids.iter().map(|n| format!("CVE-2026-{n}")).collect();
            let mut one = finding("f-0", kind, &names.iter().map(String::as_str).collect::<Vec<_>>(), Severity::High);
            one.rule.id = format!("R{rule}").into();
            if let Some((name, version)) = package {
                one = of_package(one, Some(&format!("pkg:npm/p{name}@{version}")));
            }
            if !paths.is_empty() {
                one = at(one, &paths);
                let also = |location: &mut Location| location.resource = location.path.clone();
                also(&mut one.location);
                one.occurrences.iter_mut().for_each(also);
            }
            one
        });
    prop::collection::vec(finding, 0..12)
}

fn written(specs: &[Spec]) -> Vec<Record> {
    let mut text = String::new();
    for (number, spec) in specs.iter().enumerate() {
        let mut criteria = Vec::new();
        if !spec.ids.is_empty() {
            criteria.push(format!(
                "ids: [{}]",
                spec.ids.iter().map(|n| format!("CVE-2026-{n}")).collect::<Vec<_>>().join(", ")
            ));
        }
        if let Some((name, version)) = spec.package {
            let version = version.map(|v| format!("@{v}")).unwrap_or_default();
            criteria.push(format!("package: 'pkg:npm/p{name}{version}'"));
        }
        criteria.extend(spec.path.map(|path| format!("path: '{path}'")));
        criteria.extend(spec.rule.map(|rule| format!("rule: R{rule}")));
        criteria.extend(spec.kind.map(|kind| format!("kind: {}", kind.word())));
        criteria.extend(spec.resource.map(|resource| format!("resource: '{resource}'")));
        text += &format!("- {{ id: EX-{number:03}, match: {{ {} }}, {REST} }}\n", criteria.join(", "));
    }
    records(&text)
}

/// The documentation's rules, word by word, without any cleverness.
fn naive(spec: &Spec, finding: &Finding) -> bool {
    let places: Vec<&Location> =
        if finding.occurrences.is_empty() { vec![&finding.location] } else { finding.occurrences.iter().collect() };
    let everywhere = |pattern: &str, place: fn(&Location) -> &Option<Untrusted>| {
        let (_, matches) = PATTERNS.iter().find(|(text, _)| *text == pattern).unwrap();
        places.iter().all(|location| place(location).as_ref().is_some_and(|text| matches(text.as_raw())))
    };
    let named = |n: &u8| finding.ids.iter().any(|id| *id == format!("CVE-2026-{n}").as_str());
    let packaged = |(name, version): (u8, Option<u8>)| {
        let purl = finding.package.as_ref().and_then(|p| p.purl.as_ref()).map(|p| p.as_raw().to_owned());
        purl.is_some_and(|purl| match version {
            Some(version) => purl == format!("pkg:npm/p{name}@{version}"),
            None => purl.starts_with(&format!("pkg:npm/p{name}@")),
        })
    };
    (spec.ids.is_empty() || spec.ids.iter().any(named))
        && spec.package.is_none_or(packaged)
        && spec.path.is_none_or(|pattern| everywhere(pattern, |location| &location.path))
        && spec.rule.is_none_or(|rule| finding.rule.id == format!("R{rule}").as_str())
        && spec.kind.is_none_or(|kind| finding.kind == kind)
        && spec.resource.is_none_or(|pattern| everywhere(pattern, |location| &location.resource))
}

fn covers(coverage: &Coverage) -> Vec<Vec<usize>> {
    coverage.records.iter().map(|matched| matched.covers.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_index_finds_what_asking_everybody_finds(specs in specs(), findings in generated_findings()) {
        let records = written(&specs);
        let expected: Vec<Vec<usize>> = specs
            .iter()
            .map(|spec| (0..findings.len()).filter(|n| naive(spec, &findings[*n])).collect())
            .collect();
        prop_assert_eq!(covers(&exceptions::cover(&records, &findings, &here())), expected);
    }

    #[test]
    fn taking_a_record_away_never_covers_more(specs in specs(), findings in generated_findings(), away in any::<prop::sample::Index>()) {
        let all = written(&specs);
        let mut fewer = all.clone();
        fewer.remove(away.index(all.len()));
        let admitted: BTreeSet<Untrusted> = all.iter().map(|record| record.id().clone()).collect();
        let covered = |records: &[Record]| -> Vec<bool> {
            let coverage = exceptions::cover(records, &findings, &here());
            exceptions::assign(records, &coverage, &admitted).by_finding.iter().map(Option::is_some).collect()
        };
        for (before, after) in covered(&all).into_iter().zip(covered(&fewer)) {
            prop_assert!(before || !after);
        }
    }

    #[test]
    fn the_order_of_records_in_files_does_not_matter(specs in specs(), findings in generated_findings()) {
        let records = written(&specs);
        let mut turned: Vec<Record> = records.clone();
        turned.reverse();
        let admitted: BTreeSet<Untrusted> = records.iter().map(|record| record.id().clone()).collect();
        let counting = |records: &[Record]| -> Vec<Option<Untrusted>> {
            let coverage = exceptions::cover(records, &findings, &here());
            let assigned = exceptions::assign(records, &coverage, &admitted).by_finding;
            assigned.into_iter().map(|number| number.map(|number| records[number].id().clone())).collect()
        };
        prop_assert_eq!(counting(&records), counting(&turned));
    }
}

#[test]
fn ten_thousand_records_and_a_hundred_thousand_findings_end() {
    let mut text = String::new();
    for n in 0..10_000 {
        let criteria = match n % 4 {
            0 => format!("ids: [CVE-2026-{n}]"),
            1 => format!("package: 'pkg:npm/p{n}', kind: vulnerability"),
            2 => format!("path: 'service-{n}/**', rule: R1"),
            _ => format!("rule: R{n}, path: '**/*.js'"),
        };
        text += &format!("- {{ id: EX-{n}, match: {{ {criteria} }}, {REST} }}\n");
    }
    let read = records(&text);
    let findings: Vec<Finding> = (0..100_000)
        .map(|n| {
            let id = format!("CVE-2026-{}", n % 20_000);
            let one = at(vulnerability(&format!("f-{n}"), &[&id]), &[&format!("service-{}/src/a.js", n % 10_000)]);
            of_package(one, Some(&format!("pkg:npm/p{}@1.0.0", n % 10_000)))
        })
        .collect();
    let coverage = exceptions::cover(&read, &findings, &here());
    let sum: usize = coverage.records.iter().map(|matched| matched.covers.len()).sum();
    // Per kind of record 2,500: 5 findings by id, 10 by package, 10 by path and rule, and R1 is asked for by no rule record.
    assert_eq!(sum, 2_500 * 5 + 2_500 * 10 + 2_500 * 10);
}

/// Ids of findings, in their order.
fn ids(findings: &[Finding]) -> Vec<Untrusted> {
    findings.iter().map(|finding| finding.id.clone()).collect()
}

// Signed approvals, by the real ssh-keygen.

/// A directory with keys and what they sign.
struct Signers {
    dir: tempfile::TempDir,
}

impl Signers {
    fn new(keys: &[(&str, &str)]) -> Self {
        let signers = Self { dir: tempfile::tempdir().unwrap() };
        for (name, kind) in keys {
            signers.ssh_keygen(&["-q", "-t", kind, "-N", "", "-C", name, "-f", name]);
        }
        signers
    }

    fn ssh_keygen(&self, arguments: &[&str]) {
        let run =
            std::process::Command::new("ssh-keygen").args(arguments).current_dir(self.dir.path()).output().unwrap();
        assert!(run.status.success(), "ssh-keygen {arguments:?}: {}", String::from_utf8_lossy(&run.stderr));
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(name)).unwrap()
    }

    fn sign(&self, key: &str, message: &[u8], more: &[&str]) -> Vec<u8> {
        let _ = std::fs::remove_file(self.dir.path().join("message.sig"));
        std::fs::write(self.dir.path().join("message"), message).unwrap();
        let mut arguments = vec!["-Y", "sign", "-q", "-f", key];
        arguments.extend(more);
        arguments.push("message");
        self.ssh_keygen(&arguments);
        self.read("message.sig")
    }

    /// A line of allowed signers.
    fn line(&self, principals: &str, key: &str) -> String {
        format!("{principals} {}", String::from_utf8(self.read(&format!("{key}.pub"))).unwrap())
    }
}

const PURPOSE: [&str; 2] = ["-n", exceptions::NAMESPACE];

fn approved(by: &[(&str, &str)]) -> Record {
    let approvals: Vec<String> = by.iter().map(|(by, file)| format!("{{ by: {by}, signature: {file} }}")).collect();
    let text = format!("- {{ id: A, match: {{ ids: [CVE-2026-1] }}, {REST}, approvals: [{}] }}", approvals.join(", "));
    records(&text).remove(0)
}

#[test]
fn the_signed_bytes_are_sorted_json_without_approvals() {
    let record = approved(&[("jo@example.com", "a.sig")]);
    assert_eq!(
        String::from_utf8(exceptions::signed_bytes(&record.exception, Some("acme/shop"))).unwrap(),
        r#"{"record":{"created":"2026-11-01","expires":"2026-11-30","id":"A","match":{"ids":["CVE-2026-1"]},"mitigation":"m","owner":"team-web","reason":"r","scope":{}},"repository":"acme/shop","schema":"countersign/exception/v1"}"#
    );
}

#[test]
fn an_approval_counts_when_an_allowed_key_signed_this_record_for_this_repository() {
    let signers = Signers::new(&[("jo", "ed25519"), ("sam", "ed25519"), ("max", "rsa")]);
    let allowed = [
        signers.line("jo@example.com", "jo"),
        signers.line("sam@example.com,other@example.com", "sam"),
        signers.line("max@example.com", "max"),
    ]
    .concat();
    let allowed = exceptions::AllowedSigners::parse(&allowed).unwrap();
    let record = approved(&[("jo@example.com", "a.sig")]);
    let message = exceptions::signed_bytes(&record.exception, Some("acme/shop"));
    let elsewhere = exceptions::signed_bytes(&record.exception, Some("acme/other"));
    let reworded = [&message[..message.len() - 1], b" }"].concat();
    let judge = |by: &[(&str, &str)], files: &[(&str, Vec<u8>)]| {
        let record = approved(by);
        let files = files.iter().map(|(name, bytes)| (Untrusted::from(*name), bytes.clone())).collect();
        let approvers = exceptions::verified_approvers(&record, Some("acme/shop"), &files, &allowed, here().now);
        let verified: Vec<String> = approvers.verified.iter().map(|by| by.as_raw().to_owned()).collect();
        let refused: Vec<String> =
            approvers.refused.iter().map(|r| format!("{}: {}", r.by.as_raw(), r.why.as_raw())).collect();
        (verified, refused.join("; "))
    };
    let one = [("jo@example.com", "a.sig")];

    let good = signers.sign("jo", &message, &PURPOSE);
    assert_eq!(judge(&one, &[("a.sig", good.clone())]), (vec!["jo@example.com".to_owned()], String::new()));
    let sha256 = signers.sign("jo", &message, &["-n", exceptions::NAMESPACE, "-O", "hashalg=sha256"]);
    assert_eq!(judge(&one, &[("a.sig", sha256)]).0, ["jo@example.com"]);

    let mut flipped = good.clone();
    let at = flipped.len() / 2;
    flipped[at] = if flipped[at] == b'A' { b'B' } else { b'A' };
    let cut = good[..good.len() - 60].to_vec();
    for (signature, why) in [
        (signers.sign("jo", &message, &["-n", "file"]), "signed for `file`, not for `countersign-exception`"),
        (signers.sign("jo", &elsewhere, &PURPOSE), "the signature is not of these bytes"),
        (signers.sign("jo", &reworded, &PURPOSE), "the signature is not of these bytes"),
        (signers.sign("sam", &message, &PURPOSE), "is not listed for this name"),
        (signers.sign("max", &message, &PURPOSE), "is not listed for this name"),
        (flipped, "jo@example.com: "),
        (cut, "not an SSH signature"),
        (b"approved".to_vec(), "not an SSH signature"),
        (Vec::new(), "not an SSH signature"),
    ] {
        let (verified, refused) = judge(&one, &[("a.sig", signature)]);
        assert!(verified.is_empty() && refused.contains(why), "{why}: {verified:?} {refused}");
    }
    assert_eq!(judge(&one, &[]).1, "jo@example.com: its signature file was not given");
    let stranger = judge(&[("eve@example.com", "a.sig")], &[("a.sig", good.clone())]);
    assert_eq!(stranger, (Vec::new(), "eve@example.com: no allowed signer has this name".to_owned()));

    let theirs = signers.sign("sam", &message, &PURPOSE);
    let two = judge(
        &[("jo@example.com", "a.sig"), ("other@example.com", "b.sig"), ("sam@example.com", "b.sig")],
        &[("a.sig", good), ("b.sig", theirs)],
    );
    assert_eq!(two.0, ["jo@example.com", "other@example.com"]);
    assert_eq!(two.1, "sam@example.com: the same key has approved as other@example.com");
}

#[test]
fn our_fingerprint_is_the_one_that_ssh_keygen_prints() {
    let signers = Signers::new(&[("jo", "ed25519")]);
    let key = exceptions::verify_signature(&signers.sign("jo", b"x", &PURPOSE), b"x", exceptions::NAMESPACE).unwrap();
    let listed = std::process::Command::new("ssh-keygen")
        .args(["-lf", "jo.pub"])
        .current_dir(signers.dir.path())
        .output()
        .unwrap();
    assert!(String::from_utf8(listed.stdout).unwrap().contains(&key.fingerprint()));
}

/// A profile that counts signed approvals alone, and the shipped scenario of an excepted finding.
#[test]
fn a_signed_approval_is_made_and_checked_with_the_command() {
    let signers = Signers::new(&[("kim", "ed25519"), ("eve", "ed25519")]);
    let dir = signers.dir.path();
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).unwrap();
    let scenario = |name: &str| std::fs::read_to_string(fixture("scenarios/excepted").join(name)).unwrap();
    for name in ["change.json", "receipts.json", "service.yaml"] {
        write(name, &scenario(name));
    }
    let shipped = std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap();
    write("profile.yaml", &shipped.replace("signed_approvals: false", "signed_approvals: true"));
    let at = "at: 2026-11-10 }";
    let record = scenario("exceptions.yaml").replace(at, "at: 2026-11-10, signature: kim.sig }");
    assert!(record.contains("kim.sig"));
    write("exceptions.yaml", &record);
    write("allowed_signers", &signers.line("kim@example.com", "kim"));

    let shown = |arguments: &[&str]| {
        let mut show = command();
        show.current_dir(dir).args(["exception", "show", "EX-2026-001", "--exceptions", "exceptions.yaml"]);
        let output = show.args(arguments).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    };
    let bytes = shown(&["--signed-bytes", "--repository", "example/shop"]);
    let record: serde_json::Value = serde_json::from_slice(&shown(&[])).unwrap();
    assert_eq!(record["id"], "EX-2026-001");

    let decide = |signature: Option<&[u8]>, more: &[&str]| {
        match signature {
            Some(bytes) => std::fs::write(dir.join("kim.sig"), bytes).unwrap(),
            None => std::fs::remove_file(dir.join("kim.sig")).unwrap(),
        }
        let report = |path: &str| fixture(path).to_string_lossy().into_owned();
        let mut check = command();
        check.current_dir(dir).args(["check", "--ci", "none", "--at", "2026-11-21T12:00:00Z"]);
        check.args([report("formats/semgrep/1.182.0-clean.json"), report("formats/cargo-audit/0.22.2-ignore.json")]);
        check.arg("--report").arg(format!("gitleaks:{}", report("formats/gitleaks/8.24.3-clean.json")));
        check.args(["--receipt", "receipts.json", "--service", "service.yaml", "--change", "change.json"]);
        check.args(["--exceptions", "exceptions.yaml", "--profile", "./profile.yaml", "--output", "json"]).args(more);
        let output = check.output().unwrap();
        (output.status.code(), String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap())
    };
    let allowed = ["--allowed-signers", "allowed_signers"];
    let good = signers.sign("kim", &bytes, &PURPOSE);
    let (code, text) = decide(Some(&good), &allowed);
    assert!(code == Some(0) && text.contains("\"decisive\""), "{text}");

    let elsewhere = shown(&["--signed-bytes", "--repository", "example/other"]);
    let cases: [(Option<Vec<u8>>, &str); 4] = [
        (Some(signers.sign("eve", &bytes, &PURPOSE)), "is not listed for this name"),
        (Some(signers.sign("kim", &elsewhere, &PURPOSE)), "the signature is not of these bytes"),
        (Some(signers.sign("kim", &bytes, &["-n", "git"])), "signed for `git`"),
        (None, "its signature file was not given"),
    ];
    for (signature, why) in cases {
        let (code, text) = decide(signature.as_deref(), &allowed);
        assert!(code == Some(1) && text.contains(why), "{why}: {code:?}\n{text}");
        assert!(text.contains("it has 0 of 1 signed approvals"), "{text}");
    }
    let refused = |more: &[&str], why: &str| {
        let (code, text) = decide(Some(&good), &[&allowed[..], more].concat());
        assert!(code == Some(1) && text.contains(why), "{why}: {code:?}\n{text}");
    };
    // The record was changed after it was signed.
    let written = std::fs::read_to_string(dir.join("exceptions.yaml")).unwrap();
    write("exceptions.yaml", &written.replace("without network", "with a network"));
    refused(&[], "approval of kim@example.com: the signature is not of these bytes");
    write("exceptions.yaml", &written);
    write("allowed_signers", &signers.line("kim@example.com valid-before=\"20261101Z\"", "kim"));
    refused(&[], "approval of kim@example.com: the key is not valid at this time");
    write("allowed_signers", &signers.line("kim@example.com", "kim"));
    write("revoked", std::str::from_utf8(&signers.read("kim.pub")).unwrap());
    refused(&["--revoked-keys", "revoked"], "is revoked");
    write("allowed_signers", &signers.line("eve@example.com", "kim"));
    refused(&[], "approval of kim@example.com: no allowed signer has this name");
    write("allowed_signers", &signers.line("kim@example.com", "kim"));
    let (code, text) = decide(Some(&good), &["--exceptions", "none.yaml"]);
    assert!(code == Some(3) && text.contains("none.yaml: no such file"), "{text}");
    let (code, _) = decide(Some(&good), &[]);
    assert_eq!(code, Some(1), "without allowed signers no approval counts as signed");
    write("allowed_signers", "kim@example.com ssh-ed25519\n");
    let (code, text) = decide(Some(&good), &allowed);
    assert!(code == Some(3) && text.contains("allowed_signers: line 1"), "{text}");
}

/// The fenced blocks of a page in one language.
fn blocks<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let fence = format!("```{language}\n");
    page.split(fence.as_str()).skip(1).map(|rest| rest.split("```").next().unwrap()).collect()
}

#[test]
fn the_examples_of_the_documentation_are_records() {
    let page = std::fs::read_to_string(root().join("docs/EXCEPTIONS.md")).unwrap();
    let mut ids = BTreeSet::new();
    for (language, file) in [("yaml", "e.yaml"), ("toml", "e.toml")] {
        for block in blocks(&page, language) {
            let read =
                exceptions::read([(file, block.as_bytes())]).unwrap_or_else(|faults| panic!("{block}\n{faults}"));
            ids.extend(read.iter().map(|record| record.id().as_raw().to_owned()));
        }
    }
    assert_eq!(ids.len(), 5, "{ids:?}");
    for block in blocks(&std::fs::read_to_string(root().join("README.md")).unwrap(), "yaml") {
        if block.starts_with("- id: EX-") {
            assert_eq!(records(block).len(), 1);
        }
    }
}

#[test]
fn the_documentation_names_every_key_and_every_state() {
    let page = std::fs::read_to_string(root().join("docs/EXCEPTIONS.md")).unwrap();
    let record = serde_json::to_value(&records(SOUND)[0].exception).unwrap();
    let keys = record.as_object().unwrap().keys();
    let criteria = ["ids", "package", "path", "resource", "rule", "fingerprint", "kind", "verdict"];
    for key in keys.map(String::as_str).chain(criteria) {
        assert!(page.contains(&format!("| `{key}` |")), "{key}");
    }
    for state in ["decisive", "jointly-decisive", "used", "unused", "rejected", "expired", "shadowed", "pending"] {
        assert!(page.contains(state), "{state}");
    }
}
