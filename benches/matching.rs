//! How long it takes to match exception records with findings: more and more records with as many findings, and 10,000 records with more
//! and more findings, up to a million. The time for one finding should not grow. `cargo bench --bench matching`; nothing here is a test.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program for developers: it reads the clock, prints, and stops at what is wrong"
)]

use std::fmt::Write as _;
use std::time::Instant;

use countersign::exceptions::{self, Context, Record};
use countersign::model::finding::Finding;
use serde_json::json;

/// Records and findings.
const SIZES: [(usize, usize); 7] = [
    (10, 100_000),
    (100, 100_000),
    (1_000, 100_000),
    (10_000, 100_000),
    (10_000, 10_000),
    (10_000, 300_000),
    (10_000, 1_000_000),
];

fn main() {
    let context = Context {
        service: Some("shop"),
        environment: "production",
        repository: Some("acme/shop"),
        now: "2026-11-21T08:00:00Z".parse().unwrap(),
    };
    println!("{:>9}  {:>9}  {:>9}  {:>8}  {:>12}", "records", "findings", "covered", "seconds", "µs a finding");
    for (of_records, count) in SIZES {
        let records = records(of_records);
        let findings: Vec<Finding> = (0..count).map(|n| finding(n, of_records)).collect();
        // The least of three: the machine may have had something else to do.
        let runs: Vec<(f64, usize)> = (0..3)
            .map(|_| {
                let start = Instant::now();
                let coverage = exceptions::cover(&records, &findings, &context);
                (start.elapsed().as_secs_f64(), coverage.records.iter().map(|matched| matched.covers.len()).sum())
            })
            .collect();
        let (seconds, covered) = runs.into_iter().min_by(|a, b| a.0.total_cmp(&b.0)).unwrap();
        let each = seconds * 1e6 / f64::from(u32::try_from(count).unwrap());
        println!("{of_records:>9}  {count:>9}  {covered:>9}  {seconds:>8.3}  {each:>12.3}");
    }
}

/// By id, by package, by path and rule, by rule and path: a quarter each.
fn records(count: usize) -> Vec<Record> {
    let mut text = String::new();
    for n in 0..count {
        let criteria = match n % 4 {
            0 => format!("ids: [CVE-2026-{n}]"),
            1 => format!("package: 'pkg:npm/p{n}', kind: vulnerability"),
            2 => format!("path: 'service-{n}/**', rule: R1"),
            _ => format!("rule: R{n}, path: '**/*.js'"),
        };
        writeln!(
            text,
            "- {{ id: EX-{n}, match: {{ {criteria} }}, owner: o, reason: r, mitigation: m, created: 2026-11-01, expires: 2026-11-30 }}"
        )
        .unwrap();
    }
    exceptions::read([("records.yaml", text.as_bytes())]).unwrap()
}

/// Every finding is compared with as many records, however many there are.
fn finding(n: usize, records: usize) -> Finding {
    serde_json::from_value(json!({
        "id": format!("f-{n}"), "fingerprint": format!("v1:{n:064}"), "content_fingerprint": null, "kind": "vulnerability",
        "rule": { "id": "R1" }, "ids": [format!("CVE-2026-{}", n % (2 * records))], "covers": [], "severity": "high",
        "severity_source": "scanner", "cvss": null, "title": "t",
        "package": { "name": "p", "purl": format!("pkg:npm/p{}@1.0.0", n % records) },
        "location": { "path": format!("service-{}/src/a.js", n % records) }, "occurrences": [], "target": {},
        "first_seen": null, "published": null, "known_exploited": null, "epss": null, "confidence": null, "suppression": null,
        "seen_by": []
    }))
    .unwrap()
}
