//! The large job, and its floor: a program that does what cannot be left out, and nothing else. It reads the reports into owned
//! fields, hashes their bytes, and writes as many bytes as the facts have. `benches/table.py` runs both and prints the ratios;
//! nothing here is a test.
//!
//! Usage: `large make DIR FINDINGS EXCEPTIONS`, `large floor OUT BYTES FILE...`.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a measuring program for developers: it reads and writes files, prints, and stops at what is wrong"
)]

#[path = "../reading/floor.rs"]
mod floor;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;

use countersign::model::digest::Digest;

/// The binary's own, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// A file with its bytes.
type File = (String, Vec<u8>);

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["make", dir, findings, exceptions] => {
            make(Path::new(dir), findings.parse().unwrap(), exceptions.parse().unwrap());
        }
        ["floor", out, bytes, files @ ..] => least(out, bytes.parse().unwrap(), files),
        // `cargo bench` without arguments.
        [] => println!("run benches/table.py"),
        other => panic!("unknown arguments {other:?}"),
    }
}

/// What cannot be left out. The memory of everything that was read is held to the end, as findings are.
fn least(out: &str, bytes: usize, files: &[&str]) {
    let mut results = 0;
    let mut digests = Vec::new();
    for path in files {
        let file: File = ((*path).to_owned(), std::fs::read(path).unwrap());
        digests.push(Digest::of(&file.1));
        results += floor::owned(&file);
    }
    let block = vec![b'x'; 1 << 20];
    let mut written = std::io::BufWriter::new(std::fs::File::create(out).unwrap());
    for at in (0..bytes).step_by(block.len()) {
        written.write_all(&block[..block.len().min(bytes - at)]).unwrap();
    }
    written.into_inner().unwrap().sync_all().unwrap();
    println!("{results} results, {} files", digests.len());
}

/// Findings per report of one tool; there are as many reports as that takes.
const A_REPORT: usize = 50_000;

/// Reports of three tools in turn, about 400 bytes a finding, and exceptions in one file: by vulnerability, by package, by rule
/// and path. One finding in a hundred is of a kind that blocks, so that the decision can be read.
fn make(dir: &Path, findings: usize, exceptions: usize) {
    let mut number = 0;
    for (report, first) in (0..findings).step_by(A_REPORT.min(findings.div_ceil(5)).max(1)).enumerate() {
        let count = A_REPORT.min(findings.div_ceil(5)).min(findings - first);
        let (name, text) = match report % 3 {
            0 => ("trivy", trivy(report, number..number + count)),
            1 => ("semgrep", semgrep(number..number + count)),
            _ => ("sarif", sarif(number..number + count)),
        };
        number += count;
        let place = dir.join("reports").join(format!("{report:03}"));
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join(format!("{name}.json")), text).unwrap();
    }
    let mut records = String::new();
    for n in 0..exceptions {
        let criteria = match n % 3 {
            0 => format!("ids: [CVE-2025-{}], package: 'pkg:deb/debian/lib{}'", 10_000 + n, n / 10),
            1 => format!("rule: python.rule-{}, path: 'services/s{n}/**'", n % 97),
            _ => format!("rule: js/rule-{}, path: 'web/w{n}/**'", n % 89),
        };
        writeln!(
            records,
            "- {{ id: EX-{n}, match: {{ {criteria} }}, owner: team-{}, reason: 'not reachable, see the analysis of the owner', mitigation: 'removed with the next major version', created: 2026-11-01, expires: 2026-12-10 }}",
            n % 20
        )
        .unwrap();
    }
    std::fs::write(dir.join("exceptions.yaml"), records).unwrap();
    std::fs::write(dir.join("service.yaml"), "name: shop\ntier: high\nexposure: internal\nteam: shop\nowner: team-1\n")
        .unwrap();
}

fn joined(head: &str, tail: &str, numbers: std::ops::Range<usize>, element: impl Fn(&mut String, usize)) -> String {
    let mut text = String::with_capacity(numbers.len() * 450 + 1000);
    text.push_str(head);
    for number in numbers.clone() {
        if number > numbers.start {
            text.push(',');
        }
        element(&mut text, number);
    }
    text.push_str(tail);
    text
}

/// Ten vulnerabilities to a package.
fn trivy(report: usize, numbers: std::ops::Range<usize>) -> String {
    let head = format!(
        r#"{{"SchemaVersion":2,"CreatedAt":"2026-11-20T11:02:03Z","ArtifactName":"shop-{report}:1.4.0","ArtifactType":"container_image","Metadata":{{"ImageID":"sha256:{report:064}"}},"Results":[{{"Target":"shop (debian 12.1)","Class":"os-pkgs","Type":"debian","Vulnerabilities":["#
    );
    joined(&head, "]}]}", numbers, |out, n| {
        let severity = if n % 100 == 0 { "HIGH" } else { ["MEDIUM", "LOW"][n % 2] };
        write!(out, r#"{{"VulnerabilityID":"CVE-2025-{}","PkgName":"lib{}","PkgIdentifier":{{"PURL":"pkg:deb/debian/lib{}@1.{}.0?distro=debian-12"}},"InstalledVersion":"1.{}.0","FixedVersion":"1.{}.1","Status":"fixed","PrimaryURL":"https://avd.example.com/nvd/cve-2025-{}","Title":"lib: a crafted packet overflows a buffer in parser number {n}","Severity":"{severity}","CweIDs":["CWE-787"],"PublishedDate":"2025-10-03T18:15:10Z"}}"#, 10_000 + n, n / 10, n / 10, n % 40, n % 40, n % 40, 10_000 + n).unwrap();
    })
}

fn semgrep(numbers: std::ops::Range<usize>) -> String {
    let tail = r#"],"errors":[],"paths":{"scanned":["services/a.py"]},"version":"1.182.0","skipped_rules":[]}"#;
    joined(r#"{"results":["#, tail, numbers, |out, n| {
        let severity = if n % 100 == 0 { "ERROR" } else { ["WARNING", "INFO"][n % 2] };
        write!(out, r#"{{"check_id":"python.rule-{}","path":"services/s{}/views/page_{}.py","start":{{"line":{},"col":5}},"end":{{"line":{},"col":40}},"extra":{{"message":"A value from the request reaches query number {n} without being escaped","metadata":{{"cwe":["CWE-89: SQL Injection"],"confidence":"MEDIUM"}},"severity":"{severity}","fingerprint":"{n:064x}_0","lines":"    query = build({n})"}}}}"#, n % 97, n % 20_000, n % 50, 1 + n % 900, 2 + n % 900).unwrap();
    })
}

fn sarif(numbers: std::ops::Range<usize>) -> String {
    let rules: Vec<String> = (0..89)
        .map(|n| format!(r#"{{"id":"js/rule-{n}","shortDescription":{{"text":"Rule number {n}"}},"properties":{{"tags":["security","external/cwe/cwe-079"],"security-severity":"{}.1"}}}}"#, if n == 0 { 7 } else { 4 }))
        .collect();
    let head = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"CodeQL","semanticVersion":"2.19.1","rules":[{}]}}}},"invocations":[{{"executionSuccessful":true}}],"results":["#,
        rules.join(",")
    );
    joined(&head, "]}]}", numbers, |out, n| {
        write!(out, r#"{{"ruleId":"js/rule-{}","message":{{"text":"A value from the request number {n} reaches the page as it came."}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"web/w{}/pages/page_{}.ts"}},"region":{{"startLine":{},"startColumn":12,"endColumn":60}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{n:016x}:1"}}}}"#, n % 89, n % 20_000, n % 50, 1 + n % 900).unwrap();
    })
}
