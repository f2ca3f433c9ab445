//! From the results of several scanners to findings: who is one with whom, and that nothing is lost on the way.

use std::collections::{BTreeMap, BTreeSet};

use countersign::decision::Totals;
use countersign::formats::{self, Limits};
use countersign::model::artifact::Artifact;
use countersign::model::digest::Digest;
use countersign::model::exception::Disposition;
use countersign::model::finding::{Cvss, Kind, Observation, SuppressedBy, Suppression, Target};
use countersign::model::package::Package;
use countersign::model::report::{Parsed, Receipt, Sha256Field};
use countersign::model::severity::{Severity, SeveritySource};
use countersign::model::text::Untrusted;
use countersign::normalise::{Normalised, ReadReport, normalise};
use proptest::prelude::*;

use crate::support::fixture;

fn report(path: &str, tool: &str, target: Target, results: Vec<impl Into<Box<Observation>>>) -> ReadReport {
    let observations = results.into_iter().map(Into::into).collect();
    let parsed = Parsed { target, observations, ..Parsed::new(tool, &[]) };
    ReadReport { path: path.into(), format: "sarif", digest: Digest::of(path), parsed, receipt: None }
}

fn image(name: &str) -> Target {
    Target { name: Some(name.into()), commit: None, digests: vec![Digest::of(name)] }
}

fn vulnerability(ids: &[&str], package: &str, version: &str) -> Observation {
    let package = Package { name: package.into(), version: Some(version.into()), ..Package::default() };
    Observation {
        ids: ids.iter().map(|id| Untrusted::from(*id)).collect(),
        package: Some(Box::new(package)),
        ..Observation::new(Kind::Vulnerability, *ids.first().unwrap(), Severity::Medium, SeveritySource::Scanner)
    }
}

fn advisory(id: &str, covers: &[&str], package: &str, version: &str) -> Observation {
    let covers = covers.iter().map(|id| Untrusted::from(*id)).collect();
    Observation { covers, severity: Severity::High, ..vulnerability(&[id], package, version) }
}

fn weakness(rule: &str, path: &str, line: u64, column: u64) -> Observation {
    let mut observation = Observation::new(Kind::Weakness, rule, Severity::High, SeveritySource::Scanner);
    observation.location.path = Some(path.into());
    observation.location.line = Some(line);
    observation.location.column = (column > 0).then_some(column);
    observation
}

fn coded(observation: Observation, code: &str) -> Observation {
    Observation { snippet: Some(Digest::of(code)), ..observation }
}

fn totals(normalised: &Normalised) -> Totals {
    let mut totals = Totals { merged_across: normalised.merged_across, ..Totals::default() };
    for row in &normalised.reports {
        totals.results += row.results;
        totals.suppressed_apart += row.suppressed_apart;
        totals.not_understood += row.not_understood;
        totals.merged_within += row.merged_within;
        totals.kept += row.kept;
    }
    normalised.findings.iter().for_each(|_| totals.count(Disposition::Open));
    totals
}

/// The findings of reports, after checking that nothing was lost.
fn findings(reports: Vec<ReadReport>) -> Normalised {
    let normalised = normalise(reports, &[]);
    totals(&normalised).balanced().unwrap();
    normalised
}

/// The names of each finding, sorted.
fn names(normalised: &Normalised) -> Vec<String> {
    let mut names: Vec<String> = normalised
        .findings
        .iter()
        .map(|finding| finding.ids.iter().map(Untrusted::as_raw).collect::<Vec<_>>().join(" "))
        .collect();
    names.sort();
    names
}

fn fingerprints(normalised: &Normalised) -> BTreeSet<Untrusted> {
    normalised.findings.iter().map(|finding| finding.fingerprint.clone()).collect()
}

#[test]
fn one_vulnerability_of_one_image_is_one_finding_whatever_its_alias() {
    let mut grype =
        vulnerability(&["GHSA-f3fp-gc8g-vw66", "CVE-2022-29162"], "github.com/opencontainers/runc", "v1.1.0");
    grype.package.as_mut().unwrap().purl = Some("pkg:golang/github.com/opencontainers/runc@v1.1.0".into());
    grype.severity = Severity::High;
    let trivy = vulnerability(&["CVE-2022-29162"], "github.com/opencontainers/runc", "1.1.0");
    let merged = findings(vec![
        report("grype.json", "grype", image("shop:1"), vec![grype]),
        report("trivy.json", "trivy", image("shop:1"), vec![trivy.clone()]),
    ]);
    assert_eq!(names(&merged), ["CVE-2022-29162 GHSA-f3fp-gc8g-vw66"]);
    let finding = &merged.findings[0];
    assert_eq!(finding.severity, Severity::High, "the worst counts");
    let said: Vec<(usize, Severity)> = finding.seen_by.iter().map(|w| (w.report, w.severity)).collect();
    assert_eq!(said, [(0, Severity::High), (1, Severity::Medium)], "the other stays to be seen");

    let elsewhere = findings(vec![
        report("a.json", "trivy", image("shop:1"), vec![trivy.clone()]),
        report("b.json", "trivy", image("worker:1"), vec![trivy.clone()]),
        report("c.json", "trivy", Target::default(), vec![trivy.clone()]),
        report("d.json", "trivy", Target::default(), vec![trivy]),
    ]);
    assert_eq!(elsewhere.findings.len(), 4, "other images and unknown targets are not this one");
    assert_eq!(fingerprints(&elsewhere).len(), 4);
}

#[test]
fn an_advisory_is_a_witness_of_what_another_report_lists_and_joins_nothing() {
    let elsa = advisory("ELSA-2022-9221", &["CVE-2021-20231", "CVE-2021-20232", "CVE-2021-3580"], "gnutls", "3.6.16");
    let grype = report("grype.json", "grype", image("mysql"), vec![elsa]);
    let alone = findings(vec![grype.clone()]);
    assert_eq!(names(&alone), ["ELSA-2022-9221"]);
    assert_eq!(alone.findings[0].covers.len(), 3);

    let listed = ["CVE-2021-20231", "CVE-2021-20232"].map(|id| vulnerability(&[id], "gnutls", "3.6.16")).to_vec();
    let both = findings(vec![grype, report("trivy.json", "trivy", image("mysql"), listed)]);
    assert_eq!(names(&both), ["CVE-2021-20231", "CVE-2021-20232"]);
    for finding in &both.findings {
        let rules: Vec<&str> = finding.seen_by.iter().map(|witness| witness.rule_id.as_raw()).collect();
        assert_eq!(rules, ["ELSA-2022-9221", finding.ids[0].as_raw()]);
        assert_eq!(finding.severity, Severity::High, "the advisory's severity counts too");
    }
}

#[test]
fn advisories_that_cover_each_other_are_not_lost() {
    let one = advisory("RHSA-1", &["RHSA-2"], "a", "1");
    let two = advisory("RHSA-2", &["RHSA-1"], "a", "1");
    let both = findings(vec![
        report("one.json", "grype", image("shop"), vec![one]),
        report("two.json", "oval", image("shop"), vec![two]),
    ]);
    assert_eq!(names(&both), ["RHSA-1", "RHSA-2"]);
}

#[test]
fn several_cves_in_one_result_are_a_bundle_not_aliases() {
    let bundle = vulnerability(&["SNYK-JS-A-1", "CVE-2020-1", "CVE-2020-2"], "a", "1");
    let listed = ["CVE-2020-1", "CVE-2020-2"].map(|id| vulnerability(&[id], "a", "1")).to_vec();
    let both = findings(vec![
        report("snyk.json", "snyk", image("shop"), vec![bundle]),
        report("trivy.json", "trivy", image("shop"), listed),
    ]);
    assert_eq!(names(&both), ["CVE-2020-1", "CVE-2020-2"]);
}

#[test]
fn a_class_is_no_name() {
    let classed = |rule: &str, line| Observation { cwes: vec!["CWE-79".into()], ..weakness(rule, "a.js", line, 1) };
    let both = findings(vec![
        report("a.json", "semgrep", Target::default(), vec![classed("xss", 3)]),
        report("b.json", "codeql", Target::default(), vec![classed("js/reflected-xss", 3)]),
    ]);
    assert_eq!(both.findings.len(), 2);
}

#[test]
fn a_loose_name_is_taken_for_a_package_only_where_it_can_be_one() {
    let typed = |purl: &str| {
        let mut observation = vulnerability(&["CVE-2020-1"], "core", "1.0");
        observation.package.as_mut().unwrap().purl = Some(purl.into());
        observation
    };
    let loose = report("loose.json", "old", image("shop"), vec![vulnerability(&["CVE-2020-1"], "core", "1.0")]);
    let npm = report("npm.json", "new", image("shop"), vec![typed("pkg:npm/core@1.0")]);
    let pypi = report("pypi.json", "new", image("shop"), vec![typed("pkg:pypi/core@1.0")]);
    assert_eq!(findings(vec![loose.clone(), npm.clone()]).findings.len(), 1);
    assert_eq!(findings(vec![loose, npm, pypi]).findings.len(), 3);
}

#[test]
fn a_declared_subject_gives_unknown_targets_a_place() {
    let unknown = |path: &str| {
        report(path, "npm", Target::default(), vec![vulnerability(&["CVE-2021-44906"], "minimist", "1.2.5")])
    };
    let subject = Artifact::new("shop:1", Digest::of("shop:1"));
    let reports = vec![unknown("a.json"), report("b.json", "trivy", image("shop:1"), unknown("b").parsed.observations)];
    assert_eq!(normalise(reports.clone(), &[subject]).findings.len(), 1);
    assert_eq!(normalise(reports, &[]).findings.len(), 2);
}

#[test]
fn one_tool_in_two_formats_is_one_witness_more_not_one_finding_more() {
    let json = vec![
        Observation { tool_fingerprint: Some("abc".into()), ..weakness("rules.python.eval", "./app.py", 7, 5) },
        weakness("rules.python.exec", "app.py", 7, 5),
        weakness("rules.python.eval", "app.py", 9, 5),
    ];
    let sarif = vec![
        coded(weakness("home.ci.rules.python.eval", "app.py", 7, 5), "eval(x)"),
        weakness("home.ci.rules.python.exec", "app.py", 7, 0),
        coded(weakness("home.ci.rules.python.eval", "app.py", 9, 5), "eval(x)"),
    ];
    let both = findings(vec![
        report("semgrep.json", "semgrep", Target::default(), json),
        report("semgrep.sarif", "Semgrep OSS", Target::default(), sarif),
    ]);
    assert_eq!(both.findings.len(), 3);
    assert!(both.findings.iter().all(|finding| finding.seen_by.len() == 2));
}

#[test]
fn two_tools_mean_the_same_only_by_the_whole_rule_and_more_than_a_line() {
    let merged = |one: Observation, other: Observation| {
        let reports = [("a.sarif", "Semgrep OSS", one), ("b.sarif", "CodeQL", other)];
        let reports = reports.map(|(path, tool, seen)| report(path, tool, Target::default(), vec![seen]));
        findings(reports.into()).findings.len() == 1
    };
    let at = |rule, column| weakness(rule, "app.py", 7, column);
    let marked = |one: Observation| Observation { tool_fingerprint: Some("requires login".into()), ..one };
    assert!(!merged(at("x.sql", 0), at("py.sql", 0)));
    assert!(!merged(at("x.sql", 5), at("py.sql", 5)));
    assert!(!merged(coded(at("x.sql", 5), "q(x)"), coded(at("py.sql", 5), "q(x)")));
    assert!(!merged(at("py.sql", 0), at("py.sql", 0)));
    assert!(!merged(marked(at("py.sql", 0)), marked(at("py.sql", 0))));
    assert!(merged(at("py.sql", 5), at("py.sql", 5)));
    assert!(merged(coded(at("py.sql", 0), "q(x)"), coded(at("py.sql", 5), "q(x)")));
}

#[test]
fn an_alias_of_two_cves_joins_neither() {
    let (one, two) = (["GHSA-x", "CVE-2026-1111"], ["GHSA-x", "CVE-2026-2222"]);
    let rows = |all: &[&[&str]]| all.iter().map(|ids| vulnerability(ids, "core", "1")).collect();
    let grype = || report("grype.json", "grype", image("shop"), rows(&[&one, &two]));
    let alone = findings(vec![grype()]);
    assert_eq!(names(&alone), ["CVE-2026-1111 GHSA-x", "CVE-2026-2222 GHSA-x"]);
    // An advisory alone, or through another name, is a witness of both and no bridge.
    for bridge in [&[&["GHSA-x"][..]][..], &[&["GHSA-x", "OSV-1"], &["OSV-1"]]] {
        let both = findings(vec![grype(), report("osv.json", "osv", image("shop"), rows(bridge))]);
        assert_eq!(names(&both), names(&alone));
        assert!(both.findings.iter().all(|finding| finding.seen_by.iter().any(|one| one.tool == "osv")), "{both:?}");
        assert!(
            both.findings.iter().all(|one| one.ids.iter().filter(|id| id.as_raw().starts_with("CVE")).count() == 1)
        );
    }
    // A name that only one of them has still joins.
    let trivy = report("trivy.json", "Trivy", image("shop"), rows(&[&["CVE-2026-1111", "GHSA-y"], &["GHSA-y"]]));
    assert_eq!(findings(vec![grype(), trivy]).findings.len(), 2);
}

#[test]
fn results_of_one_report_that_differ_stay_apart() {
    let results = vec![
        coded(weakness("eval", "web/app.py", 7, 5), "eval(x)"),
        coded(weakness("eval", "web/app.py", 7, 20), "eval(x)"),
        coded(weakness("eval", "web/app.py", 90, 5), "eval(x)"),
        coded(weakness("eval", "api/app.py", 7, 5), "eval(x)"),
        coded(weakness("eval", "../api/app.py", 7, 5), "eval(x)"),
    ];
    let doubled = [results.clone(), results].concat();
    let once = findings(vec![report("a.json", "bandit", Target::default(), doubled)]);
    assert_eq!((once.findings.len(), once.reports[0].merged_within), (5, 5));
    assert_eq!(fingerprints(&once).len(), 5);
}

#[test]
fn moved_code_keeps_its_fingerprint_and_a_new_copy_gets_its_own() {
    let at = |lines: &[u64]| {
        let results = lines.iter().map(|line| coded(weakness("eval", "app.py", *line, 5), "eval(x)")).collect();
        fingerprints(&findings(vec![report("a.json", "bandit", Target::default(), results)]))
    };
    assert_eq!(at(&[7]), at(&[70]));
    assert!(at(&[7, 9]).is_superset(&at(&[7])) && at(&[7, 9]).len() == 2);
}

#[test]
fn a_rebuilt_image_keeps_its_fingerprints() {
    let scan = |tag: &str| {
        let found = vec![vulnerability(&["CVE-2020-1"], "a", "1")];
        fingerprints(&findings(vec![report("a.json", "trivy", image(tag), found)]))
    };
    assert_eq!(scan("registry/shop:1"), scan("registry/shop:2"));
    assert_ne!(scan("registry/shop:1"), scan("registry/worker:1"));
}

#[test]
fn what_one_witness_suppressed_and_another_did_not_is_not_suppressed() {
    let open = vulnerability(&["CVE-2020-1"], "a", "1");
    let ignored = Observation {
        suppression: Some(Suppression { by: SuppressedBy::Vex, reason: Some("not reachable".into()) }),
        ..open.clone()
    };
    let with = |observation: &Observation, path: &str| report(path, "x", image("shop"), vec![observation.clone()]);
    let mixed = findings(vec![with(&open, "a.json"), with(&ignored, "b.json")]);
    assert_eq!(mixed.findings[0].suppression, None);

    let mut apart = with(&open, "c.json");
    apart.parsed.suppressed_apart = std::mem::take(&mut apart.parsed.observations);
    let all = findings(vec![apart, with(&ignored, "b.json")]);
    assert!(all.findings[0].suppression.is_some());
    assert_eq!((all.reports[1].results, all.reports[1].suppressed), (0, 1), "listed apart: no result, but not lost");
}

#[test]
fn a_check_has_passed_only_where_every_witness_says_so() {
    let by = |by| {
        let mut observation = weakness("s3-ssl", "main.tf", 1, 1);
        observation.suppression = Some(Suppression { by, reason: None });
        report(&format!("{by:?}.json"), "x", Target::default(), vec![observation])
    };
    let merged = |reports| findings(reports).findings[0].suppression.as_ref().map(|suppression| suppression.by);
    assert_eq!(merged(vec![by(SuppressedBy::Passed)]), Some(SuppressedBy::Passed));
    assert_eq!(merged(vec![by(SuppressedBy::Passed), by(SuppressedBy::Source)]), Some(SuppressedBy::Source));
}

#[test]
fn two_secrets_in_one_file_stay_two_and_their_fingerprint_is_made_of_the_place() {
    let secret = |context: &str, line| {
        let mut observation = weakness("aws-access-key", "settings.py", line, 1);
        observation.kind = Kind::Secret;
        observation.context = Some(context.into());
        observation.tool_fingerprint = Some("hash of a value".into());
        observation
    };
    let scan = |results| fingerprints(&findings(vec![report("a.json", "gitleaks", Target::default(), results)]));
    let both = scan(vec![secret("first", 3), secret("second", 4)]);
    assert_eq!(both.len(), 2);
    let other_value = Observation { tool_fingerprint: Some("hash of another".into()), ..secret("first", 3) };
    assert!(both.is_superset(&scan(vec![other_value])));
}

/// A few words, so that results meet: same and different names, packages, places and targets.
fn any_observation() -> impl Strategy<Value = Observation> {
    let ids = ["CVE-2020-1", "CVE-2020-2", "GHSA-aaaa-bbbb-cccc", "ELSA-1"];
    let names = prop::sample::subsequence(ids.to_vec(), 1..3);
    let covers = prop::sample::subsequence(vec!["CVE-2020-1", "CVE-2020-2", "ELSA-1"], 0..3);
    let package = prop::sample::select(vec!["pkg:npm/core@1", "pkg:pypi/core@1", ""]);
    let packaged = (names, covers, package).prop_map(|(names, covers, purl)| {
        let mut observation = vulnerability(&names, "core", "1");
        observation.covers = covers.into_iter().map(Untrusted::from).collect();
        observation.package.as_mut().unwrap().purl = (!purl.is_empty()).then(|| purl.into());
        observation
    });
    let rule = prop::sample::select(vec!["a.eval", "b.eval", "exec"]);
    let path = prop::sample::select(vec!["web/x.py", "./api/x.py"]);
    let code = prop::option::of(prop::sample::select(vec!["eval(x)", "exec(x)"]));
    let mark = prop::option::of(prop::sample::select(vec!["m1", "m2"]));
    let placed = (rule, path, 1_u64..4, 0_u64..3, code, mark).prop_map(|(rule, path, line, column, code, mark)| {
        let mut observation = weakness(rule, path, line, column);
        observation.snippet = code.map(Digest::of);
        observation.tool_fingerprint = mark.map(Untrusted::from);
        observation
    });
    let severity = prop::sample::select(Severity::WORST_FIRST.to_vec());
    (prop_oneof![packaged, placed], severity, any::<bool>()).prop_map(|(mut observation, severity, ignored)| {
        observation.severity = severity;
        observation.suppression = ignored.then_some(Suppression { by: SuppressedBy::Scanner, reason: None });
        observation
    })
}

fn any_report() -> impl Strategy<Value = ReadReport> {
    let target = prop::sample::select(vec![
        Target::default(),
        image("shop:1"),
        image("shop:2"),
        Target { name: Some("shop:1".into()), ..Target::default() },
    ]);
    let path = prop::sample::select(vec!["a.json", "b.json", "c.json", "d.json"]);
    let results = || prop::collection::vec(any_observation(), 0..6);
    (path, target, results(), results(), any::<u8>()).prop_map(|(path, target, observations, apart, bytes)| {
        let mut report = report(path, path, target, observations);
        report.parsed.suppressed_apart = apart.into_iter().map(Box::new).collect();
        report.digest = Digest::of([bytes]);
        let all = report.parsed.observations.iter_mut().chain(&mut report.parsed.suppressed_apart);
        for (index, observation) in all.enumerate() {
            observation.pointer = format!("/{index}").into();
        }
        report
    })
}

/// Reports that the order of the command line can change.
fn any_reports() -> impl Strategy<Value = (Vec<ReadReport>, Vec<ReadReport>)> {
    prop::collection::vec(any_report(), 1..6)
        .prop_map(|mut reports| {
            // Bytes decide what is in a report: the same digest cannot hold two things.
            reports.sort_by_key(|report| report.digest);
            reports.dedup_by_key(|report| report.digest);
            reports
        })
        .prop_flat_map(|reports| (Just(reports.clone()), Just(reports).prop_shuffle()))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_order_of_reports_changes_nothing((sorted, shuffled) in any_reports()) {
        prop_assert_eq!(normalise(sorted, &[]), normalise(shuffled, &[]));
    }

    #[test]
    fn nothing_is_lost((reports, _) in any_reports()) {
        let normalised = normalise(reports.clone(), &[]);
        prop_assert!(totals(&normalised).balanced().is_ok(), "{:?}", totals(&normalised));
        let given: usize = reports.iter().map(|r| r.parsed.observations.len() + r.parsed.suppressed_apart.len()).sum();
        let witnesses: BTreeSet<_> =
            normalised.findings.iter().flat_map(|f| &f.seen_by).map(|w| (w.report, &w.pointer)).collect();
        prop_assert_eq!(witnesses.len(), given, "every result is a witness of a finding");
        let fingerprints = fingerprints(&normalised);
        prop_assert_eq!(fingerprints.len(), normalised.findings.len());
        let ids: BTreeSet<_> = normalised.findings.iter().map(|f| &f.id).collect();
        prop_assert_eq!(ids.len(), normalised.findings.len());
    }

    #[test]
    fn a_report_given_twice_adds_witnesses_and_no_finding(report in any_report()) {
        let once = normalise(vec![report.clone()], &[]);
        let twice = normalise(vec![report.clone(), report], &[]);
        prop_assert_eq!(fingerprints(&once), fingerprints(&twice));
    }

    #[test]
    fn a_suppressed_finding_has_no_open_witness((reports, _) in any_reports()) {
        for finding in normalise(reports, &[]).findings {
            prop_assert_eq!(finding.suppression.is_some(), finding.seen_by.iter().all(|w| w.suppressed));
            let worst = finding.seen_by.iter().map(|w| w.severity).reduce(Severity::worse);
            prop_assert_eq!(Some(finding.severity), worst);
        }
    }
}

/// Reads fixtures as the command would.
fn read(path: &str) -> ReadReport {
    let bytes = std::fs::read(fixture(&format!("formats/{path}"))).unwrap();
    let (format, parsed) = formats::read(&bytes, None, &Limits::default()).unwrap();
    ReadReport { path: path.into(), format: format.id, digest: Digest::of(&bytes), parsed, receipt: None }
}

/// What `fixtures/merging.json` says is left when reports are merged; somebody else counted it.
#[derive(serde::Deserialize)]
struct Merging {
    sets: Vec<MergingSet>,
}

#[derive(serde::Deserialize)]
struct MergingSet {
    name: String,
    reports: Vec<String>,
    results: u64,
    merged_within: u64,
    merged_across: u64,
    findings: u64,
    by_severity: BTreeMap<Severity, u64>,
}

#[test]
fn real_reports_of_one_target_merge_as_counted_by_hand() {
    let merging: Merging = serde_json::from_slice(&std::fs::read(fixture("merging.json")).unwrap()).unwrap();
    let readable = |set: &&MergingSet| {
        set.reports.iter().all(|path| path.split('/').next().is_some_and(|id| formats::by_id(id).is_some()))
    };
    let sets: Vec<&MergingSet> = merging.sets.iter().filter(readable).collect();
    assert!(sets.iter().any(|set| set.name == "one image, seen by Trivy and by Grype"));
    for set in sets {
        let mut reports: Vec<ReadReport> = set.reports.iter().map(|path| read(path)).collect();
        // The expectation is about results; what reports list apart as suppressed comes on top.
        for report in &mut reports {
            report.parsed.suppressed_apart.clear();
        }
        let merged = findings(reports);
        let totals = totals(&merged);
        let mut by_severity: BTreeMap<Severity, u64> = BTreeMap::new();
        for finding in &merged.findings {
            *by_severity.entry(finding.severity).or_default() += 1;
        }
        assert_eq!(
            (totals.results, totals.merged_within, totals.merged_across, totals.findings),
            (set.results, set.merged_within, set.merged_across, set.findings),
            "{}",
            set.name
        );
        assert_eq!(by_severity, set.by_severity, "{}", set.name);
    }
}

#[test]
fn what_two_scanners_ignore_is_one_suppressed_finding() {
    let merged = findings(vec![read("trivy/0.69.1-image.json"), read("grype/0.104.0-image.json")]);
    let suppressed: Vec<_> = merged.findings.iter().filter(|finding| finding.suppression.is_some()).collect();
    let [finding] = suppressed.as_slice() else { panic!("{suppressed:?}") };
    assert_eq!((finding.ids[0].as_raw(), finding.seen_by.len()), ("CVE-2020-7598", 2));
}

#[test]
fn one_tool_in_several_formats_sees_each_problem_once() {
    // The SARIF of Semgrep and Checkov lists one suppressed result more than their JSON.
    for (reports, expected) in [
        (&["semgrep/1.182.0-shop.json", "sarif/semgrep-1.182.0-shop.sarif", "gitlab/semgrep-1.182.0-shop.json"][..], 8),
        (&["bandit/1.9.4-shop.json", "sarif/bandit-1.9.4-shop.sarif"], 10),
        (&["checkov/3.3.30-terraform.json", "sarif/checkov-3.3.30-terraform.sarif"], 23),
        (&["gitleaks/8.24.3-shop.json", "gitleaks/8.24.3-redacted.json", "sarif/gitleaks-8.24.3-shop.sarif"], 2),
    ] {
        let merged = findings(reports.iter().map(|path| read(path)).collect());
        assert_eq!(merged.findings.len(), expected, "{reports:?}");
        let partly = merged.findings.iter().filter(|finding| finding.seen_by.len() < reports.len());
        assert!(partly.clone().all(|finding| finding.suppression.is_some()), "{reports:?}");
    }
}

#[test]
fn a_finding_holds_what_each_witness_adds() {
    let seen = |fixed: &str, published: &str, score: f64, exploited: Option<bool>, path: Option<&str>| {
        let mut observation = vulnerability(&["CVE-2020-1"], "a", "1");
        observation.package.as_mut().unwrap().fixed_in = vec![fixed.into()];
        observation.published = Some(published.into());
        observation.cvss = Some(Box::new(Cvss { vector: None, score: Some(score), version: None }));
        observation.known_exploited = exploited;
        observation.epss = Some(score / 16.0);
        observation.location.path = path.map(Untrusted::from);
        observation
    };
    let merged = findings(vec![
        report("a.json", "x", image("shop"), vec![seen("1.2", "2020-03-01", 7.5, None, Some("/srv/a/package.json"))]),
        report("b.json", "y", image("shop"), vec![seen("2.0", "2020-02-29T23:00:00Z", 9.8, Some(true), None)]),
        report(
            "c.json",
            "z",
            image("shop"),
            vec![seen("1.2", "2021-01-01", 5.0, Some(false), Some("srv/b/package.json"))],
        ),
    ]);
    let [finding] = merged.findings.as_slice() else { panic!("{:?}", merged.findings) };
    assert_eq!(finding.package.as_ref().unwrap().fixed_in, ["1.2", "2.0"].map(Untrusted::from));
    assert_eq!(finding.published, Some("2020-02-29T23:00:00Z".into()));
    assert_eq!(finding.cvss.as_ref().unwrap().score, Some(9.8));
    assert_eq!((finding.known_exploited, finding.epss), (Some(true), Some(0.6125)));
    let places: Vec<_> = finding.occurrences.iter().map(|place| place.path.as_ref().unwrap().as_raw()).collect();
    assert_eq!(places, ["srv/a/package.json", "srv/b/package.json"], "who names no path hides none");
}

#[test]
fn the_worst_comes_first() {
    let rated = |id: &str, severity| Observation { severity, ..vulnerability(&[id], "a", "1") };
    let results = vec![
        rated("CVE-2020-1", Severity::Low),
        rated("CVE-2020-2", Severity::Critical),
        rated("CVE-2020-3", Severity::Unknown),
        rated("CVE-2020-4", Severity::High),
        rated("CVE-2020-5", Severity::Medium),
    ];
    let sorted = findings(vec![report("a.json", "x", image("shop"), results)]);
    let words: Vec<&str> = sorted.findings.iter().map(|finding| finding.severity.word()).collect();
    assert_eq!(words, ["critical", "high", "unknown", "medium", "low"]);
}

#[test]
fn a_receipt_says_what_a_report_leaves_out() {
    let digest = Digest::of("shop:1");
    let mut npm = report("npm.json", "npm", Target::default(), vec![vulnerability(&["CVE-2020-1"], "a", "1")]);
    let trivy = report("trivy.json", "trivy", image("shop:1"), npm.parsed.observations.clone());
    assert_eq!(findings(vec![npm.clone(), trivy.clone()]).findings.len(), 2);
    npm.receipt = Some(Receipt {
        tool: "npm".into(),
        commit: None,
        digest: Some(digest),
        time: "2026-11-21T08:00:00Z".parse().unwrap(),
        report: Sha256Field(npm.digest),
    });
    assert_eq!(findings(vec![npm, trivy]).findings.len(), 1);
}
