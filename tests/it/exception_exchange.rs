//! The scanners' own ignore files: what is written into them, what is left out, and what is read from them.

use std::collections::{BTreeMap, BTreeSet};

use countersign::exceptions::exchange::{self, Here, TOOLS};
use countersign::exceptions::{self, Record};
use countersign::model::text::Untrusted;
use countersign::strict::Notation;

const REST: &str = "owner: team-web, reason: 'not \"called\"', mitigation: m, created: 2026-11-01, expires: 2026-11-30";

fn records(criteria: &[(&str, &str)]) -> Vec<Record> {
    let text: String = criteria.iter().map(|(id, more)| format!("- {{ id: {id}, {more}, {REST} }}\n")).collect();
    exceptions::read([("e.yaml", text.as_bytes())]).unwrap_or_else(|faults| panic!("{text}\n{faults}"))
}

/// The file of a tool, without its first comment, and why each record is left out.
fn exported(tool: &str, records: &[Record], here: &Here<'_>) -> (String, Vec<String>) {
    let exceptions: Vec<_> = records.iter().map(|record| &record.exception).collect();
    let exported = exchange::export(exchange::tool(tool).unwrap(), &exceptions, here, "2026-11-21".parse().unwrap());
    let left_out =
        exported.left_out.iter().map(|left| format!("{}: {}", left.id.as_raw(), left.why.as_raw())).collect();
    let text = match exported.text.strip_prefix("# Written by countersign") {
        Some(rest) => rest.split_once('\n').unwrap().1.to_owned(),
        None => exported.text,
    };
    (text, left_out)
}

#[test]
fn a_tool_is_told_what_it_has_words_for() {
    let all = records(&[
        ("A", "match: { ids: [CVE-2026-1, RUSTSEC-2026-0001, SNYK-JS-A-1] }, scope: { repository: [acme/shop] }"),
        ("B", "match: { ids: [CVE-2026-2], package: 'pkg:npm/a@1', path: 'web/**' }"),
        ("C", "match: { ids: [CVE-2026-3] }, scope: { environment: [staging] }"),
        ("D", "match: { rule: AVD-1, kind: misconfiguration }"),
        ("E", "match: { verdict: calendar/freeze }"),
    ]);
    let here = Here { repository: Some("acme/shop"), of_this_run: None };
    let (text, left_out) = exported("trivyignore", &all, &here);
    assert_eq!(
        text,
        "\
vulnerabilities:
  - id: \"CVE-2026-1\"
    expired_at: 2026-12-01
    statement: \"A, team-web: not 'called'\"
  - id: \"RUSTSEC-2026-0001\"
    expired_at: 2026-12-01
    statement: \"A, team-web: not 'called'\"
  - id: \"SNYK-JS-A-1\"
    expired_at: 2026-12-01
    statement: \"A, team-web: not 'called'\"
  - id: \"CVE-2026-2\"
    paths: [\"web/**\"]
    purls: [\"pkg:npm/a@1\"]
    expired_at: 2026-12-01
    statement: \"B, team-web: not 'called'\"
misconfigurations:
  - id: \"AVD-1\"
    expired_at: 2026-12-01
    statement: \"D, team-web: not 'called'\"
"
    );
    let left = ["C: .trivyignore.yaml has no word for its environment", "E: it names a policy rule, and no finding"];
    assert_eq!(left_out, left);

    let (text, left_out) = exported("osv-scanner", &all, &here);
    assert!(
        text.starts_with("\n[[IgnoredVulns]]\nid = \"CVE-2026-1\"\nignoreUntil = 2026-12-01T00:00:00Z\nreason = "),
        "{text}"
    );
    assert_eq!(text.matches("[[IgnoredVulns]]").count(), 3);
    assert_eq!(left_out[0], "B: osv-scanner.toml has no word for its package");

    let (text, left_out) = exported("snyk", &all, &here);
    assert!(
        text.contains("  \"SNYK-JS-A-1\":\n    - '*':\n") && text.contains("expires: 2026-12-01T00:00:00.000Z"),
        "{text}"
    );
    assert_eq!((text.matches("reason:").count(), left_out.len()), (1, 4));

    // These have no end: nothing but a file for one run can be exact.
    for tool in ["grype", "cargo-deny", "cargo-audit"] {
        let (text, left_out) = exported(tool, &all, &here);
        assert!(!text.contains("CVE") && !text.contains("RUSTSEC"), "{text}");
        assert!(left_out[0].ends_with("has no word for its end"), "{left_out:?}");
    }

    let (text, left_out) = exported("openvex", &all, &here);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let statement = &document["statements"][0];
    assert_eq!(
        (statement["vulnerability"]["name"].as_str(), statement["status"].as_str()),
        (Some("CVE-2026-2"), Some("affected"))
    );
    assert_eq!(
        (statement["products"][0]["@id"].as_str(), statement["action_statement"].as_str()),
        (Some("pkg:npm/a@1"), Some("m"))
    );
    assert_eq!((document["statements"].as_array().unwrap().len(), left_out.len()), (1, 4));
}

#[test]
fn a_file_for_one_run_holds_the_names_of_which_every_finding_is_covered() {
    let finding = |id: &str, names: &[&str]| {
        serde_json::from_value(serde_json::json!({
            "id": id, "fingerprint": "v1:0", "content_fingerprint": null, "kind": "vulnerability", "rule": {"id": "R"}, "ids": names,
            "covers": [], "severity": "high", "severity_source": "scanner", "cvss": null, "title": "t", "package": null,
            "location": {}, "occurrences": [], "target": {}, "first_seen": null, "published": null, "known_exploited": null,
            "epss": null, "confidence": null, "suppression": null, "seen_by": []
        }))
        .unwrap()
    };
    let findings = [
        finding("f-1", &["CVE-2026-1", "RUSTSEC-2026-0001", "CWE-79"]),
        finding("f-2", &["CVE-2026-2"]),
        finding("f-3", &["CVE-2026-2", "RUSTSEC-2026-0003"]),
    ];
    let covers: BTreeMap<Untrusted, BTreeSet<Untrusted>> =
        [("A".into(), ["f-1".into(), "f-3".into()].into()), ("B".into(), ["f-2".into()].into())].into();
    let names = exchange::names_of_this_run(&covers, &findings);
    let expected = ["CVE-2026-1", "RUSTSEC-2026-0001", "RUSTSEC-2026-0003"].map(Untrusted::from).to_vec();
    assert_eq!(names, [("A".into(), expected)].into());

    let records = records(&[("A", "match: { path: 'web/**' }"), ("B", "match: { ids: [CVE-2026-2], path: 'web/**' }")]);
    let here = Here { repository: None, of_this_run: Some(names) };
    let (text, left_out) = exported("cargo-deny", &records, &here);
    assert_eq!(
        text,
        "\
[advisories]
ignore = [
    { id = \"RUSTSEC-2026-0001\", reason = \"A, team-web: not 'called'\" },
    { id = \"RUSTSEC-2026-0003\", reason = \"A, team-web: not 'called'\" },
]
"
    );
    assert_eq!(left_out, ["B: it covers all findings of no name here"]);
    assert!(exported("grype", &records, &here).0.starts_with("ignore:\n  - vulnerability: \"CVE-2026-1\"\n"));
}

#[test]
fn what_is_imported_is_refused_until_it_is_filled_in() {
    for (file, text, criteria, expires, left_out) in [
        (
            ".trivyignore.yaml",
            "vulnerabilities:\n  - id: CVE-2026-1\n    purls: [pkg:npm/a@1]\n    expired_at: 2026-12-01\n    statement: not called\nsecrets:\n  - id: aws-key\n",
            &["{ ids: [CVE-2026-1], package: \"pkg:npm/a@1\" }", "{ rule: aws-key, kind: secret }"][..],
            "2026-11-30",
            0,
        ),
        (
            ".grype.yaml",
            "ignore:\n  - vulnerability: CVE-2026-1\n    reason: not called\n  - vulnerability: CVE-2026-2\n    fix-state: not-fixed\n",
            &["{ ids: [CVE-2026-1] }"],
            "TODO",
            1,
        ),
        (
            "osv-scanner.toml",
            "[[IgnoredVulns]]\nid = 'CVE-2026-1'\nignoreUntil = 2026-12-01\nreason = 'not called'\n[[PackageOverrides]]\nname = 'a'\nignore = true\n",
            &["{ ids: [CVE-2026-1] }"],
            "2026-11-30",
            1,
        ),
        (
            "deny.toml",
            "[advisories]\nignore = [{ id = 'CVE-2026-1', reason = 'not called' }, { crate = 'a@1' }]\n",
            &["{ ids: [CVE-2026-1] }"],
            "TODO",
            1,
        ),
        (
            ".snyk",
            "version: v1.25.0\nignore:\n  CVE-2026-1:\n    - '*':\n        reason: not called\n        expires: 2026-12-01T10:00:00.000Z\n    - 'a > b':\n        reason: r\n",
            &["{ ids: [CVE-2026-1] }"],
            "2026-11-30",
            1,
        ),
    ] {
        let tool = exchange::by_file(file).unwrap();
        let imported =
            exchange::import(tool, (file, text.as_bytes()), "I-", "2026-11-21".parse().unwrap(), Notation::Yaml)
                .unwrap();
        assert_eq!(
            (imported.records, imported.left_out.len()),
            (criteria.len(), left_out),
            "{file}: {}",
            imported.text
        );
        // A byte order mark changes nothing, and every notation is one that records are read in.
        let marked = format!("\u{feff}{text}");
        let read = |text: &str, notation| {
            exchange::import(tool, (file, text.as_bytes()), "I-", "2026-11-21".parse().unwrap(), notation).unwrap()
        };
        assert_eq!(read(&marked, Notation::Yaml), imported, "{file}");
        let filled = |text: &str| text.replace("TODO", "2026-11-30");
        let same = exceptions::read([("e.yaml", filled(&imported.text).as_bytes())]).unwrap();
        for (name, notation) in [("e.json", Notation::Json), ("e.toml", Notation::Toml)] {
            let other = read(text, notation);
            let again = exceptions::read([(name, filled(&other.text).as_bytes())])
                .unwrap_or_else(|e| panic!("{e}\n{}", other.text));
            assert!(
                again.iter().map(|record| &record.exception).eq(same.iter().map(|record| &record.exception)),
                "{}",
                other.text
            );
            assert!(
                exceptions::read([(name, other.text.as_bytes())])
                    .unwrap_err()
                    .to_string()
                    .contains("`owner` is still TODO")
            );
        }
        for criteria in criteria {
            assert!(imported.text.contains(&format!("match: {criteria}\n")), "{file}: {}", imported.text);
        }
        let first: String =
            imported.text.split("\n# ").next().unwrap().lines().map(|line| format!("{line}\n")).collect();
        for line in [
            "- id: I-001",
            "  owner: TODO",
            "  reason: \"not called\"",
            "  created: 2026-11-21",
            &format!("  expires: {expires}"),
        ] {
            assert!(first.contains(&format!("{line}\n")), "{file}: {first}");
        }
        let faults = exceptions::read([("e.yaml", first.as_bytes())]).unwrap_err().to_string();
        assert!(faults.contains("`owner` is still TODO; say who answers for the risk"), "{faults}");
        assert!(faults.contains("`mitigation` is still TODO"), "{faults}");
        assert_eq!(faults.contains("`expires` is still TODO"), expires == "TODO", "{faults}");
        assert!(!faults.contains("not a date"), "{faults}");
        let filled = first.replace("expires: TODO", "expires: 2026-11-30").replace("TODO", "somebody");
        assert_eq!(exceptions::read([("e.yaml", filled.as_bytes())]).unwrap().len(), 1);
    }
}

#[test]
fn every_tool_is_in_the_documentation() {
    let page = std::fs::read_to_string(crate::support::root().join("docs/EXCEPTIONS.md")).unwrap();
    for tool in TOOLS {
        assert!(page.contains(&format!("| `{}` |", tool.id)) && page.contains(tool.file), "{}", tool.id);
    }
}
