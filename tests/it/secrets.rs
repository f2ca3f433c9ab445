//! No secret leaves: a value that a report shows in clear is in no output, no log and no evidence, in no spelling.
//!
//! Every fixture is seeded with one canary wherever a scanner of its family may show a secret's value, code or traffic; then the
//! whole of `check` runs over them all, with every output there is and evidence. The table must hit something with each of its
//! rows, so that it cannot go stale in silence.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Output;

use countersign::model::digest::Digest;
use countersign::render::RENDERERS;
use serde_json::{Value, json};

use crate::support::{command, files_below, fixture};

/// A value that occurs nowhere else.
const CANARY: &str = "hunter2Canary9f8e7d";
/// The secret of the project that the fixtures were made from.
const PLANTED: &str = "letmein";

/// Where reports of one format show values.
struct Seeds {
    format: &'static str,
    /// Members that the fixtures have: every string in them becomes the canary.
    replaced: &'static [&'static str],
    /// Members that they lack, put into each object that has the first one.
    added: &'static [(&'static str, &'static str)],
}

const SEEDS: &[Seeds] = &[
    Seeds { format: "asff", replaced: &[], added: &[("ProductArn", "UserDefinedFields"), ("ProductArn", "Process")] },
    Seeds { format: "bandit", replaced: &["code"], added: &[] },
    Seeds { format: "brakeman", replaced: &["code", "user_input"], added: &[("warning_code", "render_path")] },
    Seeds {
        format: "checkov",
        replaced: &["code_block"],
        added: &[("check_id", "fixed_definition"), ("check_id", "entity_tags"), ("check_id", "evaluations")],
    },
    Seeds { format: "conftest", replaced: &[], added: &[("msg", "metadata"), ("msg", "outputs")] },
    Seeds { format: "cyclonedx", replaced: &[], added: &[("bom-ref", "properties"), ("bom-ref", "evidence")] },
    Seeds {
        format: "defectdojo-generic",
        replaced: &[],
        added: &[("severity", "steps_to_reproduce"), ("severity", "payload"), ("severity", "req_resp")],
    },
    Seeds { format: "detect-secrets", replaced: &["hashed_secret"], added: &[("hashed_secret", "secret")] },
    Seeds {
        format: "eslint",
        replaced: &[],
        added: &[("filePath", "source"), ("filePath", "output"), ("ruleId", "fix")],
    },
    Seeds { format: "github-code-scanning", replaced: &[], added: &[("location", "snippet")] },
    Seeds { format: "github-secret-scanning", replaced: &["secret"], added: &[] },
    Seeds {
        format: "gitlab",
        replaced: &[],
        added: &[("location", "raw_source_code_extract"), ("location", "evidence"), ("file", "source_code")],
    },
    Seeds { format: "gitleaks", replaced: &["Match", "Secret"], added: &[("RuleID", "Line")] },
    Seeds { format: "gosec", replaced: &["code"], added: &[("rule_id", "autofix")] },
    Seeds {
        format: "in-toto",
        replaced: &[],
        added: &[("buildType", "internalParameters"), ("buildType", "externalParameters"), ("builder", "environment")],
    },
    Seeds { format: "kics", replaced: &["actual_value", "expected_value"], added: &[("file_name", "search_value")] },
    Seeds { format: "kubescape", replaced: &["object"], added: &[("controlID", "fixPaths")] },
    Seeds {
        format: "nuclei",
        replaced: &["request", "response", "curl-command", "extracted-results"],
        added: &[("template-id", "interaction")],
    },
    Seeds { format: "ocsf", replaced: &["data"], added: &[("class_uid", "raw_data"), ("class_uid", "unmapped")] },
    Seeds {
        format: "sarif",
        replaced: &["snippet"],
        added: &[
            ("physicalLocation", "contextRegion"),
            ("executionSuccessful", "environmentVariables"),
            ("executionSuccessful", "commandLine"),
            ("executionSuccessful", "arguments"),
            ("locations", "codeFlows"),
            ("locations", "fixes"),
            ("locations", "webRequest"),
            ("locations", "webResponse"),
        ],
    },
    Seeds {
        format: "semgrep",
        replaced: &["lines", "fix"],
        added: &[("check_id", "metavars"), ("message", "dataflow_trace")],
    },
    Seeds { format: "sonarqube", replaced: &[], added: &[("component", "flows")] },
    Seeds { format: "terraform-plan", replaced: &["before", "after", "values", "variables"], added: &[] },
    Seeds { format: "trivy", replaced: &["Match"], added: &[("StartLine", "Code"), ("StartLine", "Highlighted")] },
    Seeds {
        format: "trufflehog",
        replaced: &["Raw", "RawV2", "Redacted", "stringsFound", "printDiff", "diff"],
        added: &[("DetectorName", "Secret")],
    },
    Seeds {
        format: "zap",
        replaced: &["evidence"],
        added: &[
            ("pluginid", "request-header"),
            ("pluginid", "response-body"),
            ("uri", "attack"),
            ("uri", "otherinfo"),
        ],
    },
];

#[test]
fn no_canary_leaves_by_any_output_log_or_evidence() {
    let scratch = tempfile::tempdir().unwrap();
    let reports = scratch.path().join("reports");
    let seeded = seed_all(&reports);
    assert!(seeded > 60, "only {seeded} reports carry the canary");

    let out = scratch.path().join("out");
    std::fs::create_dir(&out).unwrap();
    let mut check = command();
    check.current_dir(scratch.path()).args(["check", "reports", "--ci", "none", "--evidence", "out/evidence"]);
    for renderer in RENDERERS {
        check.arg("--output").arg(format!("{}=out/{}.txt", renderer.id, renderer.id));
    }
    let ran = check.arg("--output").arg("human").output().unwrap();
    assert!(matches!(ran.status.code(), Some(0 | 1)), "{}", String::from_utf8_lossy(&ran.stderr));
    clean(&ran, &out);
    assert!(files_below(&out).len() > RENDERERS.len(), "evidence was written, too");

    for format in ["json", "human"] {
        let ran =
            command().current_dir(scratch.path()).args(["findings", "reports", "--output", format]).output().unwrap();
        assert_eq!(ran.status.code(), Some(0));
        clean(&ran, &out);
    }
}

/// A report that is refused is shown in no message either.
#[test]
fn no_canary_leaves_by_an_error() {
    let scratch = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("cut.json", format!(r#"[{{"RuleID":"generic","Match":"key={CANARY}","Secret":"{CANARY}"#)),
        (
            "odd.json",
            format!(r#"[{{"RuleID":"generic","Match":"{CANARY}","Secret":"{CANARY}","File":{{"a":"{CANARY}"}}}} x]"#),
        ),
        (
            "twice.json",
            format!(r#"{{"results":[{{"check_id":"a","check_id":"{CANARY}","path":"p","extra":{{}}}}],"errors":[]}}"#),
        ),
        ("text.json", format!("password={CANARY}\n")),
        ("tag.xml", format!("<testsuites><testsuite name='a'><testcase name='b'>{CANARY}</testsuite>")),
    ] {
        let path = scratch.path().join(name);
        std::fs::write(&path, text).unwrap();
        let ran = command().arg("findings").arg(&path).output().unwrap();
        assert_eq!(ran.status.code(), Some(3), "{name}");
        clean(&ran, scratch.path().join("none").as_path());
    }
}

/// Writes every fixture below a directory, seeded; the number of those that carry the canary.
fn seed_all(to: &Path) -> usize {
    let mut hit: BTreeSet<(&str, &str)> = BTreeSet::new();
    let mut seeded = 0;
    let root = fixture("formats");
    for path in files_below(&root) {
        let format = path.parent().unwrap().file_name().unwrap().to_str().unwrap().to_owned();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let Ok(text) = std::fs::read_to_string(&path) else { continue };
        if name.ends_with(".expected.json") || is_refused(&path) {
            continue;
        }
        let text = text.replace(PLANTED, CANARY);
        let text = match path.extension().and_then(|extension| extension.to_str()) {
            Some("xml") => seeded_xml(&text),
            _ => match SEEDS.iter().find(|seeds| seeds.format == format) {
                Some(seeds) => seeded_json(&text, seeds, &mut hit).unwrap_or(text),
                None => text,
            },
        };
        seeded += usize::from(text.contains(CANARY));
        let file = to.join(&format).join(&name);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    for seeds in SEEDS.iter().filter(|seeds| countersign::formats::by_id(seeds.format).is_some()) {
        for member in seeds.replaced.iter().chain(seeds.added.iter().map(|(_, member)| member)) {
            assert!(hit.contains(&(seeds.format, member)), "no fixture of {} has a place for {member}", seeds.format);
        }
    }
    seeded
}

/// Fixtures that nobody can read without saying the format, or at all.
fn is_refused(path: &Path) -> bool {
    command().arg("findings").arg(path).output().unwrap().status.code() != Some(0)
}

/// One JSON value or one a line.
fn seeded_json(text: &str, seeds: &Seeds, hit: &mut BTreeSet<(&'static str, &'static str)>) -> Option<String> {
    let mut values: Vec<Value> = match serde_json::from_str(text) {
        Ok(whole) => vec![whole],
        Err(_) => text.lines().map(serde_json::from_str).collect::<Result<_, _>>().ok()?,
    };
    let mut lines = String::new();
    for value in &mut values {
        seed(value, seeds, hit);
        lines.push_str(&value.to_string());
        lines.push('\n');
    }
    Some(lines)
}

fn seed(value: &mut Value, seeds: &Seeds, hit: &mut BTreeSet<(&'static str, &'static str)>) {
    match value {
        Value::Array(elements) => elements.iter_mut().for_each(|element| seed(element, seeds, hit)),
        Value::Object(members) => {
            for (name, member) in members.iter_mut() {
                match seeds.replaced.iter().find(|replaced| *replaced == name) {
                    Some(replaced) => {
                        if canaries(member) {
                            hit.insert((seeds.format, replaced));
                        }
                    }
                    None => seed(member, seeds, hit),
                }
            }
            for (anchor, added) in seeds.added {
                if members.contains_key(*anchor) {
                    let value =
                        json!({ "text": CANARY, "value": CANARY, "Lines": [{ "Content": CANARY }], "body": CANARY });
                    // Whether a list, an object or a string is expected there, a reader that took it would show it.
                    let value = match *added {
                        "render_path" | "properties" | "codeFlows" | "fixes" | "flows" | "fixPaths" | "arguments" => {
                            json!([value])
                        }
                        "Line"
                        | "source"
                        | "output"
                        | "raw_data"
                        | "Secret"
                        | "secret"
                        | "commandLine"
                        | "attack"
                        | "otherinfo"
                        | "payload"
                        | "search_value"
                        | "raw_source_code_extract"
                        | "Highlighted"
                        | "request-header"
                        | "response-body"
                        | "autofix" => json!(CANARY),
                        _ => value,
                    };
                    members.entry(*added).or_insert(value);
                    hit.insert((seeds.format, added));
                }
            }
        }
        _ => {}
    }
}

/// Puts the canary in place of every string and `null`; whether there was one.
fn canaries(value: &mut Value) -> bool {
    match value {
        Value::String(_) | Value::Null => {
            *value = CANARY.into();
            true
        }
        Value::Array(elements) => elements.iter_mut().fold(false, |any, element| canaries(element) | any),
        Value::Object(members) => members.values_mut().fold(false, |any, member| canaries(member) | any),
        _ => false,
    }
}

/// What tests print, and the traffic of a web scanner.
fn seeded_xml(text: &str) -> String {
    let printed = format!("<system-out>{CANARY}</system-out><system-err>{CANARY}</system-err></testcase>");
    let traffic = format!("<requestheader>{CANARY}</requestheader><responsebody>{CANARY}</responsebody></instance>");
    text.replace("</testcase>", &printed).replace("</instance>", &traffic)
}

/// What was printed and what was written holds the canary in no spelling.
fn clean(ran: &Output, written: &Path) {
    let spellings = spellings();
    let mut all =
        vec![("standard output".to_owned(), ran.stdout.clone()), ("standard error".to_owned(), ran.stderr.clone())];
    if written.is_dir() {
        let files = files_below(written);
        all.extend(files.into_iter().map(|path| (path.display().to_string(), std::fs::read(path).unwrap())));
    }
    for (name, bytes) in all {
        let text = String::from_utf8_lossy(&bytes).to_lowercase();
        for (how, spelling) in &spellings {
            if let Some(at) = text.find(spelling.as_str()) {
                let from = text.floor_char_boundary(at.saturating_sub(300));
                panic!("the canary is in {name}, {how}: {}", &text[from..at]);
            }
        }
    }
}

/// The canary in clear, in base64 at each alignment, in hexadecimal, reversed, and its digest, in lower case.
fn spellings() -> Vec<(String, String)> {
    let mut all = vec![
        ("in clear".to_owned(), CANARY.to_owned()),
        ("in hexadecimal".to_owned(), data_encoding::HEXLOWER.encode(CANARY.as_bytes())),
        ("reversed".to_owned(), CANARY.chars().rev().collect()),
        ("as its SHA-256".to_owned(), Digest::of(CANARY).hex()),
    ];
    for before in 0..3 {
        let padded = format!("{}{CANARY}", "x".repeat(before));
        let coded = data_encoding::BASE64_NOPAD.encode(padded.as_bytes());
        // The first and last characters depend on what stands beside it.
        all.push((format!("in base64 at {before}"), coded[4..coded.len() - 2].to_owned()));
    }
    all.into_iter().map(|(how, spelling)| (how, spelling.to_lowercase())).collect()
}
