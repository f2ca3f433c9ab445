use super::*;
use crate::model::finding::{Kind, Location, Rule, Target};
use crate::model::severity::SeveritySource;

fn finding(fingerprint: &str, content: Option<&str>, severity: Severity) -> Finding {
    Finding {
        id: fingerprint.into(),
        fingerprint: fingerprint.into(),
        content_fingerprint: content.map(Untrusted::from),
        kind: Kind::Weakness,
        rule: Rule::default(),
        ids: Vec::new(),
        covers: Vec::new(),
        severity,
        severity_source: SeveritySource::Scanner,
        cvss: None,
        title: "Evaluates text".into(),
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

fn document(findings: &str) -> String {
    format!(
        r#"{{"schema":"countersign/decision/v1","id":"d-1","outcome":"warn","decided_at":"2026-11-14T12:00:00Z","clock":"system",
        "environment":"production","mode":"enforce","change":{{"repository":"example/shop","branch":"main","target":null,"commit":null}},
        "service":{{"name":"shop"}},"findings":[{findings}],"reports":[]}}"#
    )
}

fn row(fingerprint: &str, content: &str, rest: &str) -> String {
    format!(
        r#"{{"fingerprint":"{fingerprint}","content_fingerprint":{content},"severity":"high","disposition":"open"{rest}}}"#
    )
}

fn given(text: &str) -> GivenBaseline {
    GivenBaseline {
        place: "baseline.json".into(),
        decision: Some(serde_json::from_str(text).unwrap()),
        verified_by: Some(VerifiedBy::Signature),
        problem: None,
    }
}

fn held(given: &GivenBaseline, findings: &[Finding]) -> (Baseline, Vec<Known>) {
    let (repository, branch, service, environment): (Untrusted, Untrusted, Untrusted, Untrusted) =
        ("example/shop".into(), "main".into(), "shop".into(), "production".into());
    let here = Here {
        repository: Some(&repository),
        branch: Some(&branch),
        service: Some(&service),
        environment: &environment,
        now: "2026-11-21T12:00:00Z".parse().unwrap(),
        clock: Clock::System,
    };
    let (baseline, known) = baseline(Some(given), findings, here);
    (baseline.unwrap(), known)
}

fn known_of(rows: &[String], findings: &[Finding]) -> Vec<Option<bool>> {
    held(&given(&document(&rows.join(","))), findings).1.into_iter().map(|known| known.known).collect()
}

#[test]
fn what_was_there_is_known_and_keeps_its_day() {
    let rows = [row("v1:a", "null", ""), row("v1:b", "null", r#","first_seen":"2026-10-01""#)];
    let now = [
        finding("v1:a", None, Severity::High),
        finding("v1:b", None, Severity::High),
        finding("v1:c", None, Severity::High),
    ];
    let (baseline, known) = held(&given(&document(&rows.join(","))), &now);
    let days: Vec<_> = known.iter().map(|known| known.first_seen.as_ref().unwrap().as_raw()).collect();
    assert_eq!(days, ["2026-11-14", "2026-10-01", "2026-11-21"]);
    assert_eq!(known.iter().map(|known| known.known).collect::<Vec<_>>(), [Some(true), Some(true), Some(false)]);
    assert_eq!((baseline.stands, baseline.findings, baseline.gone, baseline.age_days), (true, 2, 0, Some(7)));
}

#[test]
fn what_moved_to_another_file_is_the_same_once() {
    let moved = |n: &str| finding(n, Some("v1:text"), Severity::High);
    let rows = [row("v1:a", r#""v1:text""#, "")];
    assert_eq!(known_of(&rows, &[moved("v1:x")]), [Some(true)]);
    // One of two copies is new; and while the old place still has it, every other one is.
    assert_eq!(known_of(&rows, &[moved("v1:x"), moved("v1:y")]), [Some(true), Some(false)]);
    assert_eq!(known_of(&rows, &[moved("v1:x"), moved("v1:a")]), [Some(false), Some(true)]);
    assert_eq!(known_of(&[row("v1:a", "null", "")], &[finding("v1:x", None, Severity::High)]), [Some(false)]);
}

#[test]
fn what_grew_worse_or_was_not_open_then_is_not_known() {
    let at = |severity| known_of(&[row("v1:a", "null", "")], &[finding("v1:a", None, severity)]);
    assert_eq!(at(Severity::Critical), [Some(false)]);
    assert_eq!(at(Severity::Medium), [Some(true)]);
    for disposition in ["excepted", "suppressed", "not-affected", "resolved"] {
        let text = row("v1:a", "null", "").replace("open", disposition);
        assert_eq!(known_of(&[text], &[finding("v1:a", None, Severity::High)]), [Some(false)], "{disposition}");
    }
}

#[test]
fn a_baseline_about_something_else_makes_nothing_known() {
    let sound = document(&row("v1:a", "null", ""));
    for (from, to, said) in [
        ("example/shop", "example/stock", "about repository example/stock"),
        (r#""repository":"example/shop""#, r#""repository":null"#, "about repository none"),
        (r#""branch":"main""#, r#""branch":"dev""#, "about branch dev"),
        (r#""target":null"#, r#""target":"main""#, "of a change request to main"),
        (r#""name":"shop""#, r#""name":"stock""#, "about service stock"),
        ("production", "staging", "about environment staging"),
        (r#""outcome":"warn""#, r#""outcome":"block""#, "not accepted: outcome block"),
        (r#""outcome":"warn""#, r#""outcome":"error""#, "not accepted: outcome error"),
        (r#""mode":"enforce""#, r#""mode":"audit""#, "mode audit"),
        (r#""clock":"system""#, r#""clock":"pinned""#, "an instant that somebody chose"),
        ("2026-11-14", "2026-11-22", "still to come"),
    ] {
        let changed = sound.replacen(from, to, 1);
        assert_ne!(changed, sound, "{from}");
        let (baseline, known) = held(&given(&changed), &[finding("v1:a", None, Severity::High)]);
        assert!(!baseline.stands, "{to}");
        assert!(
            baseline.problems.iter().any(|problem| problem.as_raw().contains(said)),
            "{said}: {:?}",
            baseline.problems
        );
        assert_eq!(known, [Known::default()], "{to}");
    }
}

#[test]
fn a_digest_that_a_person_named_accepts_a_block_and_nothing_else() {
    let text = document("").replace("warn", "block");
    let by_digest = GivenBaseline { verified_by: Some(VerifiedBy::Digest), ..given(&text) };
    assert!(held(&by_digest, &[]).0.stands);
    let foreign =
        GivenBaseline { verified_by: Some(VerifiedBy::Digest), ..given(&text.replace("example/shop", "x/y")) };
    assert!(!held(&foreign, &[]).0.stands);
    assert!(!held(&GivenBaseline { verified_by: None, ..given(&document("")) }, &[]).0.stands);
    assert!(!held(&GivenBaseline { decision: None, ..given(&document("")) }, &[]).0.stands);
}

#[test]
fn coverage_of_a_report_that_was_given_twice_counts_once() {
    let digest = "0".repeat(64);
    let report = format!(
        r#"{{"digest":{{"sha256":"{digest}"}},"line_coverage":{{"files":1,"lines":10,"lines_hit":5,"branches":0,"branches_hit":0}}}}"#
    );
    let text = document("").replace(r#""reports":[]"#, &format!(r#""reports":[{report},{report}]"#));
    assert_eq!(held(&given(&text), &[]).0.line_coverage.unwrap().lines, 10);
}
