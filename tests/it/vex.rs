//! `--vex`: whose statements clear what, through the binary; and what no statement may do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::{command, fixture};

const COMMIT: &str = "8f3c1d2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e";
const PRODUCT: &str = "pkg:npm/lodash@4.17.20";

fn report() -> Value {
    json!({
        "schema": "countersign/generic-findings/v1",
        "tool": {"name": "example-scanner", "version": "3.1"},
        "checks": ["dependencies"],
        "target": {"commit": COMMIT},
        "finished_at": "2026-11-21T11:30:00Z",
        "state": "complete",
        "results": [{
            "kind": "vulnerability", "rule": {"id": "CVE-2021-23337"}, "ids": ["CVE-2021-23337"], "severity": "high",
            "title": "Command injection in lodash",
            "package": {"name": "lodash", "version": "4.17.20", "purl": PRODUCT},
        }],
    })
}

fn statement(product: &Value, status: &str) -> Value {
    let mut statement = json!({"vulnerability": {"name": "CVE-2021-23337"}, "products": [product], "status": status});
    if status == "not_affected" {
        statement["justification"] = json!("vulnerable_code_not_in_execute_path");
    }
    statement
}

fn document(author: &str, at: &str, statements: &[Value]) -> Value {
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0", "@id": format!("https://example.com/{author}/{at}"),
        "author": author, "timestamp": at, "version": 1, "statements": statements,
    })
}

fn openvex(product: &Value, status: &str) -> Value {
    document("Acme Security", "2026-11-20T08:00:00Z", &[statement(product, status)])
}

fn write(directory: &Path, name: &str, content: &Value) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, content.to_string()).unwrap();
    path
}

/// The decision over the one finding with these documents.
fn decision(documents: &[Value]) -> Value {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let mut check = command();
    check.args(["check", "--ci", "none", "--at", "2026-11-21T12:00:00Z", "--mode", "audit", "--output", "json"]);
    check.arg(write(at, "report.json", &report())).arg("--profile").arg(fixture("profiles/vex.yaml"));
    check.arg("--service").arg(fixture("scenarios/pass/service.yaml"));
    for (number, document) in documents.iter().enumerate() {
        check.arg("--vex").arg(write(at, &format!("{number}.json"), document));
    }
    let output = check.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn disposition(documents: &[Value]) -> String {
    let decision = decision(documents);
    decision["findings"][0]["disposition"].as_str().unwrap().to_owned()
}

#[test]
fn a_product_is_compared_honestly() {
    let in_shop = |component: &str| json!({"@id": "pkg:oci/shop", "subcomponents": [{"@id": component}]});
    for (product, expected) in [
        (json!({"@id": PRODUCT}), "not-affected"),
        (json!({"@id": "pkg:npm/lodash"}), "not-affected"),
        (json!({"@id": "pkg:npm/lodash@4.17.19"}), "open"),
        (json!({"@id": "pkg:npm/lodash-es@4.17.20"}), "open"),
        (json!({"@id": "pkg:npm/lodash@vers:npm/<4.17.21"}), "open"),
        (json!({"@id": "pkg:npm/lodash?vers=vers:npm%2F%3C4.17.21"}), "open"),
        (json!({"@id": "lodash"}), "open"),
        (json!({"@id": "pkg:npm/lodash@4.17.20?arch=arm64"}), "open"),
        (json!({"@id": "pkg:npm/lodash", "hashes": {"sha-256": "00"}}), "open"),
        (json!({"@id": PRODUCT, "hashes": {"sha-256": "00"}}), "not-affected"),
        (json!({"@id": "https://example.com/lodash", "identifiers": {"purl": PRODUCT}}), "not-affected"),
        (
            json!({"@id": "https://example.com/lodash", "identifiers": {"cpe23": "cpe:2.3:a:lodash:lodash:4.17.20"}}),
            "open",
        ),
        // The service is called shop.
        (json!({"@id": "pkg:oci/shop"}), "not-affected"),
        (json!({"@id": "pkg:oci/other"}), "open"),
        (json!({"@id": "pkg:npm/shop"}), "open"),
        (json!({"@id": "pkg:docker/acme/shop"}), "open"),
        (json!({"@id": "pkg:oci/shop?repository_url=ghcr.io/other/shop"}), "open"),
        (
            json!({"@id": "pkg:oci/shop@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}),
            "open",
        ),
        (in_shop(PRODUCT), "not-affected"),
        (in_shop("pkg:npm/lodash@4.17.19"), "open"),
        (in_shop("lodash"), "open"),
        (json!({"@id": "pkg:oci/other", "subcomponents": [{"@id": PRODUCT}]}), "open"),
    ] {
        assert_eq!(disposition(&[openvex(&product, "not_affected")]), expected, "{product}");
    }
}

#[test]
fn fixed_needs_the_version_that_holds_the_fix() {
    assert_eq!(disposition(&[openvex(&json!({"@id": PRODUCT}), "fixed")]), "resolved");
    let decision = decision(&[openvex(&json!({"@id": "pkg:npm/lodash"}), "fixed")]);
    assert_eq!(decision["findings"][0]["disposition"], json!("open"));
    let verdicts = decision["verdicts"].to_string();
    assert!(verdicts.contains("pkg:npm/lodash: a fix without its version"), "{verdicts}");
}

#[test]
fn csaf_and_cyclonedx_say_the_same_and_ranges_are_not_compared() {
    let csaf = |helper: Value, branch: Value| {
        let product = json!({"name": "lodash", "product_id": "P1", "product_identification_helper": helper});
        let mut branch = branch;
        branch["product"] = product;
        json!({
            "document": {"csaf_version": "2.0", "category": "csaf_vex", "publisher": {"name": "Acme Security"},
                "tracking": {"current_release_date": "2026-11-20T08:00:00Z"}},
            "product_tree": {"branches": [branch]},
            "vulnerabilities": [{"cve": "CVE-2021-23337", "product_status": {"known_not_affected": ["P1"]},
                "flags": [{"label": "vulnerable_code_not_present", "product_ids": ["P1"]}]}],
        })
    };
    let exact = json!({"category": "product_version", "name": "4.17.20"});
    let range = json!({"category": "product_version_range", "name": "vers:npm/<4.17.21"});
    assert_eq!(disposition(&[csaf(json!({"purl": PRODUCT}), exact.clone())]), "not-affected");
    for (helper, branch) in [
        (json!({"purl": "pkg:npm/lodash"}), exact.clone()),
        (json!({"purl": "pkg:npm/lodash"}), range.clone()),
        (json!({"cpe": "cpe:2.3:a:lodash:lodash:*"}), range),
    ] {
        let decision = decision(&[csaf(helper, branch)]);
        assert_eq!(decision["findings"][0]["disposition"], json!("open"));
        assert!(decision["verdicts"].to_string().contains("a product cannot be compared"), "{}", decision["verdicts"]);
    }
    let cyclonedx = |versions: Value| {
        json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6",
            "metadata": {"timestamp": "2026-11-20T08:00:00Z", "authors": [{"name": "Acme Security"}]},
            "components": [{"type": "library", "bom-ref": "a", "name": "lodash", "version": "4.17.20", "purl": PRODUCT}],
            "vulnerabilities": [{"id": "CVE-2021-23337", "affects": [{"ref": "a", "versions": versions}],
                "analysis": {"state": "not_affected", "justification": "code_not_reachable"}}],
        })
    };
    assert_eq!(disposition(&[cyclonedx(json!([]))]), "not-affected");
    assert_eq!(disposition(&[cyclonedx(json!([{"range": "vers:npm/<4.17.21", "status": "affected"}]))]), "open");

    // The version beside a package URL without one is part of the product.
    let mut unversioned = cyclonedx(json!([]));
    unversioned["components"][0]["purl"] = json!("pkg:npm/lodash");
    assert_eq!(disposition(&[unversioned]), "open");
    let scoped = |version: &str| {
        let branch = json!({"category": "product_version", "name": version});
        let mut document = csaf(json!({"purl": "pkg:npm/@acme/lodash"}), branch);
        document["vulnerabilities"][0]["cve"] = json!("CVE-2021-23337");
        decision(&[document])["verdicts"].to_string()
    };
    assert!(scoped("4.17.20").contains("which versions are meant is not compared (4.17.20)"));
    // Nor is a draft anybody's word.
    let mut draft = csaf(json!({"purl": PRODUCT}), exact);
    draft["document"]["tracking"]["status"] = json!("draft");
    let decision = decision(&[draft]);
    assert_eq!(decision["findings"][0]["disposition"], json!("open"));
    assert!(decision["verdicts"].to_string().contains("1 statements were not understood"), "{decision}");
}

#[test]
fn the_issuer_is_who_wrote_the_document_not_who_made_what_it_is_about() {
    let said = |metadata: Value, state: &str| {
        let mut metadata = metadata;
        metadata["timestamp"] = json!("2026-11-20T08:00:00Z");
        let document = json!({
            "bomFormat": "CycloneDX", "specVersion": "1.6", "metadata": metadata,
            "components": [{"type": "library", "bom-ref": "a", "name": "lodash", "version": "4.17.20", "purl": PRODUCT}],
            "vulnerabilities": [{"id": "CVE-2021-23337", "affects": [{"ref": "a"}],
                "analysis": {"state": state, "justification": "code_not_reachable"}}],
        });
        let decision = decision(&[document]);
        let issuer = decision["vex"][0]["issuer"].clone();
        (decision["findings"][0]["disposition"].as_str().unwrap().to_owned(), issuer)
    };
    let acme = json!({"name": "Acme Security"});
    for (metadata, state, disposition, issuer) in [
        (json!({"authors": [acme]}), "not_affected", "not-affected", json!("Acme Security")),
        (json!({"authors": [acme]}), "resolved", "resolved", json!("Acme Security")),
        (json!({"authors": [acme]}), "exploitable", "open", json!("Acme Security")),
        (json!({"authors": [acme]}), "in_triage", "open", json!("Acme Security")),
        (
            json!({"manufacturer": acme, "authors": [{"name": "Kim"}]}),
            "not_affected",
            "not-affected",
            json!("Acme Security"),
        ),
        (json!({"supplier": acme}), "not_affected", "open", json!(null)),
        (json!({"manufacture": acme, "authors": [{"name": "Kim"}]}), "not_affected", "open", json!("Kim")),
    ] {
        assert_eq!(said(metadata.clone(), state), (disposition.to_owned(), issuer), "{metadata} {state}");
    }
}

#[test]
fn only_a_recent_date_that_has_come_clears_and_a_date_to_come_takes_no_place() {
    let product = json!({"@id": PRODUCT});
    let dated = |at: &str, status: &str| document("Acme Security", at, &[statement(&product, status)]);
    let mut undated = openvex(&product, "not_affected");
    undated.as_object_mut().unwrap().remove("timestamp");
    for (document, says) in [
        (undated, "it has no date"),
        (dated("2026-11-21T12:00:01Z", "not_affected"), "it is from the future (2026-11-21T12:00:01Z)"),
        (dated("2025-11-20T23:00:00Z", "fixed"), "it is of 2025-11-20, and at most 365 days count"),
    ] {
        let decision = decision(&[document]);
        assert_eq!(decision["findings"][0]["disposition"], json!("open"));
        assert_eq!(decision["vex"][0]["state"], json!("rejected"));
        assert_eq!(decision["vex"][0]["because"], json!([says]));
        assert!(decision["verdicts"].to_string().contains(says), "{decision}");
    }
    assert_eq!(disposition(&[dated("2025-11-21T08:00:00Z", "not_affected")]), "not-affected");
    // What Acme said last is that it is affected; Upstream's word stays contradicted whatever Acme dates ahead.
    let upstream = document("Upstream", "2026-11-20T08:00:00Z", &[statement(&product, "not_affected")]);
    let affected = dated("2026-11-19T08:00:00Z", "affected");
    for ahead in ["under_investigation", "not_affected", "fixed"] {
        let decision = decision(&[upstream.clone(), affected.clone(), dated("2027-01-01T00:00:00Z", ahead)]);
        assert_eq!(decision["findings"][0]["disposition"], json!("open"), "{ahead}");
        assert!(decision["verdicts"].to_string().contains("vex/conflict"), "{ahead}");
    }
}

#[test]
fn the_newest_word_of_an_issuer_counts_and_the_order_of_documents_does_not() {
    let product = json!({"@id": PRODUCT});
    let old = document("Acme Security", "2026-11-01T08:00:00Z", &[statement(&product, "not_affected")]);
    let new = document("Acme Security", "2026-11-19T08:00:00Z", &[statement(&product, "affected")]);
    for documents in [[old.clone(), new.clone()], [new, old]] {
        let decision = decision(&documents);
        assert_eq!(decision["findings"][0]["disposition"], json!("open"));
        let mut states: Vec<&str> =
            decision["vex"].as_array().unwrap().iter().map(|one| one["state"].as_str().unwrap()).collect();
        states.sort_unstable();
        assert_eq!(states, ["noted", "superseded"]);
    }
}

#[test]
fn fewer_statements_never_clear_more_unless_one_says_affected() {
    let product = json!({"@id": PRODUCT});
    let pool = [
        openvex(&product, "not_affected"),
        document("Upstream", "2026-11-20T08:00:00Z", &[statement(&product, "fixed")]),
        document("Nobody", "2026-11-20T08:00:00Z", &[statement(&product, "not_affected")]),
        openvex(&json!({"@id": "pkg:npm/other"}), "not_affected"),
    ];
    let chosen = |mask: usize| -> Vec<Value> {
        pool.iter().enumerate().filter(|(bit, _)| mask & (1 << bit) != 0).map(|(_, one)| one.clone()).collect()
    };
    let clears: Vec<bool> = (0..16).map(|mask| disposition(&chosen(mask)) != "open").collect();
    for mask in 0..16_usize {
        for bit in 0..4 {
            let fewer = mask & !(1 << bit);
            assert!(!clears[fewer] || clears[mask], "{fewer:04b} clears, {mask:04b} does not");
        }
    }
    assert!(!clears[0b1100] && clears[0b0001] && clears[0b0010]);
}

#[test]
fn a_report_that_holds_statements_clears_nothing() {
    let scratch = tempfile::tempdir().unwrap();
    let vex = write(scratch.path(), "vex.json", &openvex(&json!({"@id": PRODUCT}), "not_affected"));
    let scan = write(scratch.path(), "report.json", &report());
    let output = command()
        .args(["check", "--ci", "none", "--at", "2026-11-21T12:00:00Z", "--mode", "audit", "--output", "json"])
        .arg("--profile")
        .arg(fixture("profiles/vex.yaml"))
        .args([&scan, &vex])
        .output()
        .unwrap();
    let decision: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(decision["totals"]["not_affected"], json!(0));
    assert!(decision.get("vex").is_none() && decision["totals"]["open"].as_u64() >= Some(1), "{decision}");
}

#[test]
fn what_is_no_vex_document_is_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let scan = write(scratch.path(), "report.json", &report());
    let check =
        |vex: &Path| command().args(["check", "--ci", "none"]).arg(&scan).arg("--vex").arg(vex).output().unwrap();
    let odd = write(scratch.path(), "odd.json", &json!({"hello": "world"}));
    for (path, says) in [
        (scan.clone(), "report.json: is no VEX document, but "),
        (odd, "odd.json: no format recognises this content"),
        (scratch.path().join("missing.json"), "missing.json: no such file or directory"),
    ] {
        let output = check(&path);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(said.contains(says), "{says}: {said}");
    }
}

fn git(directory: &Path, arguments: &[&str]) -> String {
    let mut command = Command::new("git");
    command.current_dir(directory).env_clear().env("PATH", std::env::var("PATH").unwrap());
    command.envs([("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_CONFIG_NOSYSTEM", "1")]);
    for who in ["AUTHOR", "COMMITTER"] {
        command.env(format!("GIT_{who}_NAME"), "Kim").env(format!("GIT_{who}_EMAIL"), "kim@example.com");
        command.env(format!("GIT_{who}_DATE"), "2026-11-20T10:00:00Z");
    }
    let output: Output = command.args(arguments).output().unwrap();
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_statement_or_data_that_a_change_request_adds_has_no_force_and_is_shown() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    std::fs::create_dir_all(at.join("judging/vex")).unwrap();
    git(at, &["init", "-q", "-b", "main"]);
    write(at, "judging/vex/other.json", &openvex(&json!({"@id": "pkg:npm/other"}), "not_affected"));
    std::fs::copy(fixture("profiles/vex.yaml"), at.join("judging/profile.yaml")).unwrap();
    std::fs::copy(fixture("data/kev.json"), at.join("judging/kev.json")).unwrap();
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "-m", "main"]);
    let base = git(at, &["rev-parse", "HEAD"]);
    git(at, &["checkout", "-q", "-b", "clears-itself"]);
    write(at, "judging/vex/new.json", &openvex(&json!({"@id": PRODUCT}), "not_affected"));
    std::fs::write(at.join("judging/kev.json"), "[]").unwrap();
    git(at, &["add", "-A"]);
    git(at, &["commit", "-q", "-m", "clear it"]);
    let head = git(at, &["rev-parse", "HEAD"]);

    let reports = tempfile::tempdir().unwrap();
    let mut scan = report();
    scan["target"]["commit"] = json!(head);
    let scan = write(reports.path(), "report.json", &scan);
    let change =
        json!({"repository": "acme/shop", "commit": head, "base": base, "branch": "clears-itself", "target": "main"});
    let change = write(reports.path(), "change.json", &change);
    let check = |with_base: bool, vex: &[&str]| {
        let mut check = command();
        check.current_dir(at).args(["check", "--at", "2026-11-21T12:00:00Z", "--mode", "audit", "--output", "json"]);
        check
            .args(["--profile", "judging/profile.yaml", "--data", "judging/kev.json"])
            .args(vex.iter().flat_map(|path| ["--vex", path]))
            .arg(&scan);
        if with_base {
            check.arg("--change").arg(&change);
        }
        let output = check.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    let decision = check(true, &["judging/vex"]);
    assert_eq!(decision["findings"][0]["disposition"], json!("open"));
    assert_eq!(decision["findings"][0]["known_exploited"], json!(false));
    assert_eq!(decision["judging"]["edited"], json!(["judging/kev.json", "judging/vex/new.json"]));

    // The same document beside the repository: the issuer's name is a claim, and no branch vouches for it.
    let copied = write(reports.path(), "new.json", &openvex(&json!({"@id": PRODUCT}), "not_affected"));
    let decision = check(true, &[copied.to_str().unwrap()]);
    assert_eq!(decision["findings"][0]["disposition"], json!("open"));
    let because = "it lies outside the repository, where a job of this change request may have put it";
    assert_eq!(decision["vex"][0]["because"], json!([because]));

    git(at, &["checkout", "-q", "main"]);
    git(at, &["merge", "-q", "--ff-only", "clears-itself"]);
    std::fs::copy(fixture("data/kev.json"), at.join("judging/kev.json")).unwrap();
    assert_eq!(check(false, &["judging/vex"])["findings"][0]["disposition"], json!("not-affected"));
}

#[test]
fn a_forecast_tells_the_day_on_which_a_statement_grows_too_old() {
    let scratch = tempfile::tempdir().unwrap();
    let old = document("Acme Security", "2025-11-25T08:00:00Z", &[statement(&json!({"@id": PRODUCT}), "not_affected")]);
    let vex = write(scratch.path(), "vex.json", &old);
    let scan = write(scratch.path(), "report.json", &report());
    let mut forecast = command();
    forecast.args(["forecast", "--ci", "none", "--at", "2026-11-21T12:00:00Z", "--days", "14", "--output", "json"]);
    forecast.arg("--profile").arg(fixture("profiles/vex.yaml"));
    forecast.arg("--service").arg(fixture("scenarios/pass/service.yaml")).arg(&scan).arg("--vex").arg(&vex);
    let output = forecast.output().unwrap();
    let forecast: Value = serde_json::from_slice(&output.stdout).unwrap();
    let turns = forecast["turns"].as_array().unwrap();
    let turn = turns.iter().find(|turn| turn["rule"] == "findings/threshold").unwrap();
    assert_eq!((&turn["at"], &turn["before"]), (&json!("2026-11-26T00:00:00Z"), &json!("pass")));
    let causes = turn["because"].as_array().unwrap();
    assert_eq!(causes[0]["kind"], json!("statement-rejected"));
    assert_eq!(causes[0]["because"], json!(["it is of 2025-11-25, and at most 365 days count"]));
}
