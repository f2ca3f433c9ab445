//! Large reports as the tools write them: the shape, the members and the lengths of real ones, with made-up content that
//! differs from result to result. The same on every machine.

use std::fmt::Write as _;
use std::path::Path;

/// Writes one report of each family into a directory, each of about so many bytes.
pub(super) fn make(dir: &Path, bytes: usize) {
    std::fs::create_dir_all(dir).unwrap();
    type Family = fn(usize) -> String;
    let families: [(&str, Family); 5] = [
        ("trivy.json", trivy),
        ("grype.json", grype),
        ("gitlab.json", gitlab),
        ("semgrep.json", semgrep),
        ("sarif.json", sarif),
    ];
    for (name, family) in families {
        std::fs::write(dir.join(name), family(bytes)).unwrap();
    }
}

/// A fixed sequence of numbers that look random.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: usize) -> usize {
        // Knuth's MMIX generator; its high bits are good enough for samples.
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % limit
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.below(of.len())]
    }

    /// A sentence or more of this many words.
    fn prose(&mut self, words: usize) -> String {
        (0..words).map(|_| self.one(WORDS)).collect::<Vec<_>>().join(" ")
    }

    fn hex(&mut self, digits: usize) -> String {
        (0..digits)
            .map(|_| self.one(&["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "a", "b", "c", "d", "e", "f"]))
            .collect()
    }

    fn path(&mut self) -> String {
        format!(
            "{}/{}/{}/{}_{}.{}",
            self.one(&["services", "libs", "web", "tools"]),
            self.one(WORDS),
            self.one(WORDS),
            self.one(WORDS),
            self.below(400),
            self.one(&["py", "ts", "go", "java"])
        )
    }
}

const WORDS: &[&str] = &[
    "buffer",
    "overflow",
    "remote",
    "attacker",
    "crafted",
    "packet",
    "parser",
    "header",
    "request",
    "session",
    "token",
    "memory",
    "corruption",
    "kernel",
    "driver",
    "module",
    "library",
    "version",
    "before",
    "allows",
    "denial",
    "service",
    "execute",
    "arbitrary",
    "code",
    "through",
    "input",
    "validation",
    "missing",
    "improper",
    "when",
    "handling",
    "large",
    "values",
    "the",
    "of",
    "in",
    "a",
    "and",
    "is",
    "was",
    "that",
    "which",
    "certificate",
    "chain",
    "proxy",
    "cache",
];
const SEVERITIES: &[&str] = &["CRITICAL", "HIGH", "MEDIUM", "LOW", "UNKNOWN"];
const IMAGE: &str = "sha256:8ab7c9dfb3d1b2656c1175ac2af74a3bf4202bfd8f9c2f74a514d98d71b70bb0";
const VECTOR: &str = "CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:U/C:H/I:L/A:N";

/// Elements joined by commas until the text has its size.
fn fill(head: &str, tail: &str, bytes: usize, mut element: impl FnMut(&mut String, usize)) -> String {
    let mut text = String::with_capacity(bytes + 8192);
    text.push_str(head);
    let mut number = 0;
    while text.len() < bytes {
        if number > 0 {
            text.push(',');
        }
        element(&mut text, number);
        number += 1;
    }
    text.push_str(tail);
    text
}

/// The vulnerability, the package and its version of a number, the same for every scanner: eight to a package, as in an
/// image of a distribution.
fn problem(number: usize) -> (String, String, String) {
    let package = number / 8;
    let name = format!("lib{}-{}", WORDS[package % WORDS.len()], package / WORDS.len());
    (
        format!("CVE-20{:02}-{}", 10 + number % 16, 1000 + number / 16),
        name,
        format!("{}.{}.3", 1 + package % 9, package % 20),
    )
}

fn urls(dice: &mut Dice, cve: &str, count: usize) -> String {
    (0..count)
        .map(|_| {
            format!("\"https://lists.example.org/{}/{}/{cve}/{}\"", dice.one(WORDS), dice.one(WORDS), dice.hex(12))
        })
        .collect::<Vec<_>>()
        .join(",")
}

fn trivy(bytes: usize) -> String {
    let head = format!(
        r#"{{"SchemaVersion":2,"Trivy":{{"Version":"0.69.1"}},"CreatedAt":"2026-01-05T11:02:03.456789Z","ArtifactName":"registry.shop.example/shop:1.4.0","ArtifactType":"container_image","Metadata":{{"ImageID":"sha256:ddd4dd5fe4b22a3441ab7fec13011b4f36426c7fcaf6dc5d5cc061b1bc5d9396","RepoDigests":["registry.shop.example/shop@{IMAGE}"]}},"Results":[{{"Target":"shop (debian 12.1)","Class":"os-pkgs","Type":"debian","Vulnerabilities":["#
    );
    let mut dice = Dice(1);
    fill(&head, "]}]}", bytes, |out, number| {
        let (cve, package, version) = problem(number);
        let severity = dice.one(SEVERITIES);
        let (title, words) = (dice.prose(9), 25 + dice.below(60));
        let description = format!("{}.\\n\\n{} \\\"{}\\\"", dice.prose(words), dice.prose(12), dice.prose(3));
        let references = 4 + dice.below(12);
        let references = urls(&mut dice, &cve, references);
        write!(out, r#"{{"VulnerabilityID":"{cve}","PkgID":"{package}@{version}","PkgName":"{package}","PkgIdentifier":{{"PURL":"pkg:deb/debian/{package}@{version}?arch=amd64&distro=debian-12.1","UID":"{}"}},"InstalledVersion":"{version}","FixedVersion":"{version}+deb12u1","Status":"fixed","Layer":{{"Digest":"sha256:ac3fbb1ff16703e01376896e5d5f2375549c8ca7894b7154a41e9f4ce4a7a911","DiffID":"sha256:9669de8b5d30bf7fbd42249ccfa9698a974257021194d31bccbef7b5540c7f46"}},"SeveritySource":"nvd","PrimaryURL":"https://avd.aquasec.com/nvd/{cve}","DataSource":{{"ID":"debian","Name":"Debian Security Tracker","URL":"https://salsa.debian.org/security-tracker-team/security-tracker"}},"Title":"{title}","Description":"{description}","Severity":"{severity}","CweIDs":["CWE-787","CWE-120"],"VendorSeverity":{{"debian":1,"nvd":3,"redhat":2}},"CVSS":{{"nvd":{{"V3Vector":"{VECTOR}","V3Score":7.1}},"redhat":{{"V3Vector":"{VECTOR}","V3Score":6.5}}}},"References":[{references}],"PublishedDate":"2023-10-03T18:15:10.463Z","LastModifiedDate":"2024-11-21T05:00:00Z"}}"#, dice.hex(16)).unwrap();
    })
}

fn grype(bytes: usize) -> String {
    let tail = format!(
        r#"],"source":{{"type":"image","target":{{"userInput":"registry.shop.example/shop:1.4.0","imageID":"sha256:ddd4dd5fe4b22a3441ab7fec13011b4f36426c7fcaf6dc5d5cc061b1bc5d9396","manifestDigest":"{IMAGE}","repoDigests":["registry.shop.example/shop@{IMAGE}"]}}}},"distro":{{"name":"debian","version":"12"}},"descriptor":{{"name":"grype","version":"0.104.0","timestamp":"2026-01-05T11:03:10.123456Z"}}}}"#
    );
    let mut dice = Dice(2);
    fill(r#"{"matches":["#, &tail, bytes, |out, number| {
        let (cve, package, version) = problem(number);
        let severity = dice.one(&["Critical", "High", "Medium", "Low", "Negligible"]);
        let words = 20 + dice.below(50);
        let description = format!("{}\\n{}", dice.prose(words), dice.prose(8));
        let cvss = format!(
            r#"[{{"source":"nvd@nist.gov","type":"Primary","version":"3.1","vector":"{VECTOR}","metrics":{{"baseScore":7.1,"exploitabilityScore":2.8,"impactScore":4.2}},"vendorMetadata":{{}}}}]"#
        );
        let epss =
            format!(r#"[{{"cve":"{cve}","epss":0.00{},"percentile":0.4,"date":"2026-01-04"}}]"#, 10 + dice.below(90));
        let urls = urls(&mut dice, &cve, 4);
        let (id, layer) = (dice.hex(16), dice.hex(64));
        write!(out, r#"{{"vulnerability":{{"id":"{cve}","dataSource":"https://security-tracker.debian.org/tracker/{cve}","namespace":"debian:distro:debian:12","severity":"{severity}","urls":[{urls}],"description":"{description}","cvss":{cvss},"epss":{epss},"fix":{{"versions":["{version}+deb12u1"],"state":"fixed"}},"advisories":[],"risk":0.6}},"relatedVulnerabilities":[{{"id":"{cve}","dataSource":"https://nvd.nist.gov/vuln/detail/{cve}","namespace":"nvd:cpe","severity":"{severity}","urls":[{urls}],"description":"{description}","cvss":{cvss},"epss":{epss}}}],"matchDetails":[{{"type":"exact-direct-match","matcher":"dpkg-matcher","searchedBy":{{"distro":{{"type":"debian","version":"12"}},"package":{{"name":"{package}","version":"{version}"}},"namespace":"debian:distro:debian:12"}},"found":{{"versionConstraint":"< {version}+deb12u1 (deb)","vulnerabilityID":"{cve}"}},"fix":{{"suggestedVersion":"{version}+deb12u1"}}}}],"artifact":{{"id":"{id}","name":"{package}","version":"{version}","type":"deb","locations":[{{"path":"/var/lib/dpkg/status","layerID":"sha256:{layer}","accessPath":"/var/lib/dpkg/status","annotations":{{"evidence":"primary"}}}}],"language":"","licenses":["GPL-2"],"cpes":["cpe:2.3:a:{package}:{package}:{version}:*:*:*:*:*:*:*"],"purl":"pkg:deb/debian/{package}@{version}?arch=amd64&distro=debian-12","upstreams":[]}}}}"#).unwrap();
    })
}

fn gitlab(bytes: usize) -> String {
    let head = r#"{"version":"15.0.7","scan":{"start_time":"2026-01-05T08:15:12","end_time":"2026-01-05T08:16:12","analyzer":{"id":"semgrep","name":"Semgrep","url":"https://semgrep.dev","version":"1.82.0","vendor":{"name":"GitLab"}},"scanner":{"id":"semgrep","name":"Semgrep","url":"https://semgrep.dev","version":"1.82.0","vendor":{"name":"GitLab"}},"status":"success","type":"sast"},"vulnerabilities":["#;
    let mut dice = Dice(3);
    fill(head, "]}", bytes, |out, number| {
        let (path, rule) = (dice.path(), format!("{}.{}", dice.one(WORDS), dice.one(WORDS)));
        let (title, words, line) = (dice.prose(8), 20 + dice.below(40), 1 + number % 2000);
        let description = format!("{}\\n{}", dice.prose(words), dice.prose(10));
        let (id, cve) = (dice.hex(64), dice.hex(64));
        write!(out, r#"{{"id":"{id}","category":"sast","name":"{title}","description":"{description}","cve":"{path}:{cve}:{rule}","severity":"{}","scanner":{{"id":"semgrep","name":"Semgrep"}},"location":{{"file":"{path}","start_line":{line},"end_line":{line}}},"identifiers":[{{"type":"semgrep_id","name":"{rule}","value":"{rule}","url":"https://semgrep.dev/r/gitlab.{rule}"}},{{"type":"cwe","name":"CWE-89","value":"89","url":"https://cwe.mitre.org/data/definitions/89.html"}},{{"type":"owasp","name":"A03:2021 - Injection","value":"A03:2021"}}],"flags":[],"tracking":{{"type":"source","items":[{{"file":"{path}","line_start":{line},"line_end":{line},"signatures":[{{"algorithm":"scope_offset","value":"{path}|{rule}[0]:{line}"}}]}}]}}}}"#, dice.one(&["Critical", "High", "Medium", "Low", "Info"])).unwrap();
    })
}

fn semgrep(bytes: usize) -> String {
    let tail = r#"],"errors":[],"paths":{"scanned":["services/a.py"]},"version":"1.182.0","skipped_rules":[]}"#;
    let mut dice = Dice(4);
    fill(r#"{"results":["#, tail, bytes, |out, number| {
        let (path, rule) = (dice.path(), format!("python.{}.security.{}", dice.one(WORDS), dice.one(WORDS)));
        let (words, line, column) = (15 + dice.below(30), 1 + number % 2000, 1 + dice.below(80));
        let (message, code, fingerprint) = (dice.prose(words), dice.prose(12), dice.hex(128));
        write!(out, r#"{{"check_id":"{rule}","path":"{path}","start":{{"line":{line},"col":{column},"offset":{}}},"end":{{"line":{line},"col":{},"offset":{}}},"extra":{{"message":"{message}","metadata":{{"cwe":["CWE-89: Improper Neutralization of Special Elements used in an SQL Command ('SQL Injection')"],"owasp":["A01:2017 - Injection","A03:2021 - Injection"],"category":"security","technology":["python"],"references":["https://owasp.org/Top10/A03_2021-Injection","https://docs.example.org/{rule}"],"subcategory":["vuln"],"likelihood":"HIGH","impact":"MEDIUM","confidence":"MEDIUM","license":"Semgrep Rules License v1.0","vulnerability_class":["SQL Injection"],"source":"https://semgrep.dev/r/{rule}","shortlink":"https://sg.run/{number}"}},"severity":"{}","fingerprint":"{fingerprint}_0","lines":"    query = \"{code}\"\n    return db.execute(query)","validation_state":"NO_VALIDATOR","engine_kind":"OSS"}}}}"#, number * 7, column + 30, number * 7 + 30, dice.one(&["ERROR", "WARNING", "INFO"])).unwrap();
    })
}

fn sarif(bytes: usize) -> String {
    let mut dice = Dice(5);
    let mut rules = Vec::new();
    for number in 0..300 {
        let text = dice.prose(20);
        rules.push(format!(r#"{{"id":"py/rule-{number}","name":"py/rule-{number}","shortDescription":{{"text":"{text}"}},"fullDescription":{{"text":"{text}"}},"defaultConfiguration":{{"level":"{}"}},"help":{{"text":"{text}","markdown":"{text}"}},"properties":{{"tags":["security","external/cwe/cwe-089"],"precision":"high","security-severity":"{}.8"}}}}"#, dice.one(&["error", "warning", "note"]), dice.below(10)));
    }
    let head = format!(
        r#"{{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"CodeQL","organization":"GitHub","semanticVersion":"2.19.1","rules":[{}]}}}},"invocations":[{{"executionSuccessful":true}}],"results":["#,
        rules.join(",")
    );
    fill(&head, "]}]}", bytes, |out, number| {
        let (path, rule, words) = (dice.path(), dice.below(300), 12 + dice.below(20));
        let (message, code, line) = (dice.prose(words), dice.prose(10), 1 + number % 2000);
        write!(out, r#"{{"ruleId":"py/rule-{rule}","ruleIndex":{rule},"rule":{{"id":"py/rule-{rule}","index":{rule}}},"message":{{"text":"{message} [user input](1)."}},"locations":[{{"physicalLocation":{{"artifactLocation":{{"uri":"{path}","uriBaseId":"%SRCROOT%","index":{}}},"region":{{"startLine":{line},"startColumn":12,"endColumn":60,"snippet":{{"text":"    x = \"{code}\"\n"}}}}}}}}],"partialFingerprints":{{"primaryLocationLineHash":"{}:1","primaryLocationStartColumnFingerprint":"7"}},"relatedLocations":[{{"id":1,"physicalLocation":{{"artifactLocation":{{"uri":"{path}","uriBaseId":"%SRCROOT%"}},"region":{{"startLine":{line},"startColumn":3,"endColumn":20}}}},"message":{{"text":"user input"}}}}]}}"#, number % 500, dice.hex(16)).unwrap();
    })
}
