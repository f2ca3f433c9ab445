//! `--data`: what KEV, EPSS and OSV files add, in whatever wrapping, and that nothing damaged passes.

use std::io::Write as _;
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::support::{command, files_below, fixture};

/// A report of one vulnerability in one package.
fn report(id: &str, severity: &str) -> String {
    json!({
        "schema": "countersign/generic-findings/v1",
        "tool": {"name": format!("scanner of {id}"), "version": "1"},
        "checks": ["dependencies"],
        "state": "complete",
        "target": {"commit": "8f3c1d2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e"},
        "results": [{
            "kind": "vulnerability", "rule": {"id": id}, "ids": [id], "severity": severity, "title": "a hole",
            "package": {"name": "lodash", "version": "4.17.20", "purl": "pkg:npm/lodash@4.17.20"},
        }],
    })
    .to_string()
}

fn write(directory: &Path, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
    let path = directory.join(name);
    std::fs::write(&path, content).unwrap();
    path
}

/// What `findings` prints of these reports with this data.
fn findings(reports: &[PathBuf], data: &[PathBuf]) -> Value {
    let mut command = command();
    command.args(["findings", "--output", "json"]).args(reports);
    for path in data {
        command.arg("--data").arg(path);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

fn refused(data: &Path, says: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let report = write(scratch.path(), "report.json", report("CVE-2021-23337", "high"));
    let output = command().arg("findings").arg(report).arg("--data").arg(data).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(3), "{says}: {said}");
    assert!(said.contains(says) && said.contains("next: "), "{says}: {said}");
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::default());
    packer.write_all(bytes).unwrap();
    packer.finish().unwrap()
}

fn zipped(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, content) in files {
        archive.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap().into_inner()
}

fn tarred(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(u64::try_from(content.len()).unwrap());
        header.set_mode(0o644);
        header.set_cksum();
        archive.append_data(&mut header, name, *content).unwrap();
    }
    archive.into_inner().unwrap()
}

#[test]
fn names_of_an_advisory_make_one_finding_of_two_scanners() {
    let scratch = tempfile::tempdir().unwrap();
    let reports = [
        write(scratch.path(), "a.json", report("GHSA-35jh-r3h4-6jhm", "medium")),
        write(scratch.path(), "b.json", report("CVE-2021-23337", "high")),
    ];
    assert_eq!(findings(&reports, &[])["findings"].as_array().unwrap().len(), 2);

    let all = findings(&reports, &[fixture("data/osv"), fixture("data/epss.csv"), fixture("data/kev.json")]);
    let [one] = all["findings"].as_array().unwrap().as_slice() else { panic!("{all}") };
    assert_eq!(one["ids"], json!(["CVE-2021-23337", "GHSA-35jh-r3h4-6jhm"]));
    assert_eq!((&one["severity"], one["seen_by"].as_array().unwrap().len()), (&json!("high"), 2));
    assert_eq!((&one["epss"], &one["known_exploited"]), (&json!(0.00613), &json!(false)));
    assert_eq!(one["published"], json!("2021-05-06T16:05:51Z"));
    assert_eq!(all["merged_across"], json!(1));
}

#[test]
fn a_withdrawn_advisory_names_nothing_and_silence_stays_silence() {
    let scratch = tempfile::tempdir().unwrap();
    let reports = [
        write(scratch.path(), "a.json", report("GHSA-x5rq-j2xg-h7qm", "medium")),
        write(scratch.path(), "b.json", report("CVE-2026-7777", "high")),
    ];
    let all = findings(&reports, &[fixture("data/osv"), fixture("data/epss.csv"), fixture("data/kev.json")]);
    let named = |id: &str| {
        let found = all["findings"].as_array().unwrap().iter().find(|one| one["ids"] == json!([id]));
        found.unwrap_or_else(|| panic!("{id}: {all}"))
    };
    // Nobody but the catalogue of CVEs says anything of it.
    assert_eq!(
        (&named("CVE-2026-7777")["epss"], &named("CVE-2026-7777")["known_exploited"]),
        (&Value::Null, &json!(false))
    );
    let nameless = named("GHSA-x5rq-j2xg-h7qm");
    assert_eq!((&nameless["known_exploited"], &nameless["published"]), (&Value::Null, &Value::Null));
}

#[test]
fn an_advisory_of_two_cves_does_not_make_them_one() {
    let scratch = tempfile::tempdir().unwrap();
    let record = |id: &str, aliases: Value| {
        json!({"id": id, "modified": "2026-11-01T00:00:00Z", "aliases": aliases}).to_string()
    };
    let data =
        write(scratch.path(), "osv.json", record("GHSA-aaaa-bbbb-cccc", json!(["CVE-2026-1001", "CVE-2026-1002"])));
    let reports = [
        write(scratch.path(), "a.json", report("CVE-2026-1001", "high")),
        write(scratch.path(), "b.json", report("CVE-2026-1002", "low")),
    ];
    assert_eq!(findings(&reports, &[data])["findings"].as_array().unwrap().len(), 2);
}

#[test]
fn every_wrapping_says_the_same() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let reports = [write(at, "a.json", report("GHSA-35jh-r3h4-6jhm", "medium"))];
    let expected = findings(&reports, &[fixture("data/osv"), fixture("data/epss.csv")]);

    let records: Vec<(String, Vec<u8>)> = files_below(&fixture("data/osv"))
        .iter()
        .map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), std::fs::read(path).unwrap()))
        .collect();
    let members: Vec<(&str, &[u8])> = records.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    let values: Vec<Value> = records.iter().map(|(_, bytes)| serde_json::from_slice(bytes).unwrap()).collect();
    let lines: String = values.iter().map(|value| format!("{value}\n")).collect();
    let scores = std::fs::read(fixture("data/epss.csv")).unwrap();
    let osv = [
        write(at, "osv.zip", zipped(&members)),
        write(at, "osv.tar.gz", gzip(&tarred(&members))),
        write(at, "osv.ndjson", &lines),
        write(at, "osv.ndjson.gz", gzip(lines.as_bytes())),
        write(at, "list.json", json!(values).to_string()),
        write(at, "answer.json", json!({"vulns": values}).to_string()),
    ];
    let epss = [write(at, "epss.csv.gz", gzip(&scores)), fixture("data/epss-answer.json")];
    for (osv, epss) in osv.iter().zip(epss.iter().cycle()) {
        assert_eq!(findings(&reports, &[osv.clone(), epss.clone()]), expected, "{}", osv.display());
    }
}

#[test]
fn what_is_cut_off_or_no_data_is_refused_with_its_place() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let scores = std::fs::read_to_string(fixture("data/epss.csv")).unwrap();
    let catalogue = std::fs::read_to_string(fixture("data/kev.json")).unwrap();
    let record = std::fs::read(fixture("data/osv/GHSA-35jh-r3h4-6jhm.json")).unwrap();
    let cases: [(&str, Vec<u8>, &str); 12] = [
        ("cut.csv", scores.get(..scores.len() - 9).unwrap().into(), "line 7: does not end with one percentile"),
        ("undated.csv", scores.replace(",score_date:2026-11-21T00:00:00+0000", "").into(), "line 1: no `score_date`"),
        ("wild.csv", scores.replace("0.94358", "1.5").into(), "line 6: the second field is no probability"),
        ("bare.csv", scores.lines().take(2).collect::<Vec<_>>().join("\n").into(), "it lists nothing"),
        ("cut.json", catalogue.get(..900).unwrap().into(), "not sound as a KEV catalogue: EOF while parsing"),
        ("odd.json", catalogue.replace("CVE-2022-22965", "CVE-2022").into(), "\"CVE-2022\" is no CVE"),
        (
            "error.json",
            br#"{"status":"ERR","status-code":429,"data":[{"cve":"CVE-2021-1234","epss":"0.1","date":"2026-11-21"}]}"#
                .to_vec(),
            "status 429",
        ),
        (
            "undated.json",
            br#"{"id":"GHSA-1","modified":"yesterday"}"#.to_vec(),
            "not sound as OSV records: not an instant",
        ),
        ("empty.json", b"[]".to_vec(), "neither a KEV catalogue"),
        (
            "read.zip",
            zipped(&[("a.json", &record), ("README.md", b"# Advisories")]),
            "README.md: neither a KEV catalogue",
        ),
        ("cut.zip", zipped(&[("a.json", &record)]).get(..200).unwrap().into(), "cut.zip: not text: "),
        ("none.tar.gz", gzip(&tarred(&[("a/", b"")])), "neither a KEV catalogue"),
    ];
    for (name, content, says) in cases {
        refused(&write(at, name, content), says);
    }
    refused(&at.join("missing.json"), "missing.json: no such file or directory");
    std::fs::create_dir(at.join("empty")).unwrap();
    refused(&at.join("empty"), "the directory holds no file");
    let bomb = gzip(&vec![b' '; 64 << 20]);
    refused(&write(at, "bomb.csv.gz", bomb), "the limit `gzip_ratio` of ");
}

#[test]
fn facts_and_evidence_name_the_data() {
    let scratch = tempfile::tempdir().unwrap();
    let report = write(scratch.path(), "report.json", report("GHSA-35jh-r3h4-6jhm", "high"));
    let output = command()
        .current_dir(fixture("data"))
        .args(["check", "--ci", "none", "--at", "2026-11-21T12:00:00Z", "--mode", "audit", "--quiet"])
        .args(["--profile", "../profiles/data.yaml", "--data", "osv", "--data", "kev.json"])
        .arg(report)
        .arg("--evidence")
        .arg(scratch.path().join("evidence"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let blobs: Vec<Value> = files_below(&scratch.path().join("evidence"))
        .iter()
        .filter_map(|path| serde_json::from_slice(&std::fs::read(path).unwrap()).ok())
        .collect();
    let facts = blobs.iter().find(|blob| blob["schema"] == json!("countersign/facts/v1")).unwrap();
    let sources: Vec<_> =
        facts["enrichment"].as_array().unwrap().iter().map(|set| (&set["source"], &set["entries"])).collect();
    assert_eq!(sources, [(&json!("kev"), &json!(3)), (&json!("osv"), &json!(3))]);
    let osv = &facts["enrichment"][1];
    assert_eq!(osv["date"], json!("2026-11-20T06:30:11Z"));
    assert_eq!(osv["age_seconds"], json!(106_189));
    // find fixtures/data/osv -type f -printf '%P\n' | sort | (cd fixtures/data/osv; xargs sha256sum) | sha256sum
    assert_eq!(osv["digest"]["sha256"], json!(OSV_DIGEST));

    let materials = blobs.iter().find(|blob| blob["schema"] == json!("countersign/materials/v1")).unwrap();
    let data: Vec<&Value> =
        materials["files"].as_array().unwrap().iter().filter(|file| file["role"] == json!("enrichment")).collect();
    assert_eq!(data.len(), 2);
    assert!(data.iter().any(|file| file["format"] == json!("osv") && file["digest"] == osv["digest"]), "{data:?}");
}

const OSV_DIGEST: &str = "256127e56f5cabdc750f3398991465f99e2dcea3d06eeaf5cd113d68691b8ae7";
