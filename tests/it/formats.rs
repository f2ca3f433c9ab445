//! Every format against real reports: recognised by content alone, read as a second reader read them, and never fooled by
//! what is broken.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use countersign::formats::{self, FORMATS, Format, FormatError, Limits};
use countersign::model::report::{Parsed, ScanState};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use crate::support::{files_below, fixture, root};

/// A report among the fixtures, and what a second reader says about it.
struct Sample {
    path: PathBuf,
    format: String,
    bytes: Vec<u8>,
    expected: Value,
}

impl Sample {
    fn format(&self) -> Option<&'static Format> {
        formats::by_id(&self.format)
    }

    fn expects(&self, key: &str) -> bool {
        self.expected.get(key) == Some(&Value::Bool(true))
    }

    fn name(&self) -> String {
        self.path.strip_prefix(fixture("formats")).unwrap().display().to_string()
    }
}

/// Every report among the fixtures, of known formats and of others.
fn samples() -> Vec<Sample> {
    let dir = fixture("formats");
    let is_report = |path: &Path| !path.to_string_lossy().ends_with(".expected.json");
    let samples = files_below(&dir).into_iter().filter(|path| is_report(path)).map(|path| {
        let relative = path.strip_prefix(&dir).unwrap();
        let format = relative.components().next().unwrap().as_os_str().to_string_lossy().into_owned();
        let expected = path.with_file_name(format!("{}.expected.json", path.file_stem().unwrap().to_string_lossy()));
        let expected = std::fs::read_to_string(&expected).unwrap_or_else(|e| panic!("{}: {e}", expected.display()));
        Sample {
            bytes: std::fs::read(&path).unwrap(),
            format,
            expected: serde_json::from_str(&expected).unwrap(),
            path,
        }
    });
    samples.collect()
}

/// Samples of known formats that are reports.
fn sound() -> &'static [Sample] {
    static SOUND: LazyLock<Vec<Sample>> = LazyLock::new(|| {
        samples().into_iter().filter(|sample| sample.format().is_some() && !sample.expects("refused")).collect()
    });
    &SOUND
}

fn read(bytes: &[u8], declared: Option<&str>) -> Result<(&'static Format, Parsed), FormatError> {
    formats::read(bytes, declared, &Limits::default())
}

/// Results as they stand in the report.
fn results(parsed: &Parsed) -> usize {
    parsed.observations.len() + parsed.not_understood.len()
}

#[test]
fn the_table_is_in_order() {
    let ids: Vec<&str> = FORMATS.iter().map(|format| format.id).collect();
    assert!(ids.is_sorted_by(|a, b| a < b), "{ids:?}");
    for format in FORMATS {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        assert!(
            format.id.chars().all(plain) && format.id.starts_with(|c: char| c.is_ascii_lowercase()),
            "{}",
            format.id
        );
        assert!(!format.title.is_empty() && !format.produce.is_empty() && !format.seen.is_empty(), "{}", format.id);
        assert!(format.docs.starts_with("https://") || root().join(format.docs).is_file(), "{}", format.id);
        assert!(format.checks.is_sorted(), "{}", format.id);
        assert!(fixture("formats").join(format.id).is_dir(), "{} has no fixtures", format.id);
        assert!(formats::by_id(format.id).is_some());
    }
}

#[test]
fn content_alone_tells_the_format_of_every_report() {
    for sample in samples() {
        let name = sample.name();
        let claims: Vec<&str> = match formats::recognise(&String::from_utf8(sample.bytes.clone()).unwrap()) {
            Ok(format) => vec![format.id],
            Err(FormatError::Ambiguous { claimants }) => claimants,
            Err(_) => Vec::new(),
        };
        match sample.format() {
            Some(format) if sample.expects("declare_format") => {
                assert!(claims.contains(&format.id), "{name}: {claims:?}");
                assert!(matches!(read(&sample.bytes, None), Err(FormatError::Ambiguous { .. })), "{name}");
            }
            Some(format) if !sample.expects("refused") => assert_eq!(claims, [format.id], "{name}"),
            Some(_) => assert!(read(&sample.bytes, None).is_err(), "{name}"),
            None => assert!(read(&sample.bytes, None).is_err(), "{name} is taken for {claims:?}"),
        }
    }
}

#[test]
fn every_report_is_read_as_a_second_reader_read_it() {
    let mut wrong = Vec::new();
    for sample in samples() {
        let Some(format) = sample.format() else { continue };
        let declared = sample.expects("declare_format").then_some(format.id);
        match (read(&sample.bytes, declared), sample.expects("refused")) {
            (Err(_), true) => {}
            (Ok((_, parsed)), false) => {
                wrong.extend(differences(&sample.expected, &parsed).map(|d| format!("{}: {d}", sample.name())));
            }
            (Ok(_), true) => wrong.push(format!("{}: must be refused", sample.name())),
            (Err(error), false) => wrong.push(format!("{}: {error}", sample.name())),
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What differs between an expectation and what was read.
fn differences(expected: &Value, parsed: &Parsed) -> impl Iterator<Item = String> {
    let mut by_severity: BTreeMap<&str, usize> = BTreeMap::new();
    for observation in &parsed.observations {
        *by_severity.entry(observation.severity.word()).or_default() += 1;
    }
    let marked = parsed.observations.iter().filter(|observation| observation.suppression.is_some()).count();
    let first = parsed.observations.first().map(|first| {
        let place = &first.location;
        json!({"rule": first.rule.id, "path": place.path, "line": place.line, "image": place.image})
    });
    let tests = parsed.tests.map(|tests| {
        let failures = tests.failed;
        json!({"tests": tests.total, "failures": failures, "errors": tests.errored, "skipped": tests.skipped})
    });
    let coverage = parsed.line_coverage.map(|coverage| json!([coverage.lines, coverage.lines_hit]));
    let plan = parsed.plan.as_ref().map(|plan| plan.changes.iter().filter(|change| change.action.destroys()).count());
    let read = [
        ("results", json!(results(parsed))),
        ("coverage", json!(coverage)),
        ("plan", json!(plan)),
        ("suppressed", json!(marked + parsed.suppressed_apart.len())),
        ("state", json!(parsed.state)),
        ("by_severity", json!(by_severity)),
        ("first", json!(first)),
        ("tests", json!(tests)),
    ];
    let differ = read.into_iter().filter_map(|(key, read)| {
        let expected = expected.get(key).unwrap_or(&Value::Null);
        let same = match key {
            "first" => same_place(expected, &read),
            // Not every format has severities, nor tests.
            "by_severity" | "tests" => expected.is_null() || *expected == read,
            "coverage" => expected.is_null() || json!([expected["lines"], expected["lines_hit"]]) == read,
            "plan" => expected.is_null() || expected["destroys"] == read,
            // A document that is no list of findings has none.
            "results" if expected.is_null() => read == 0,
            "suppressed" if expected.is_null() => read == 0,
            _ => *expected == read,
        };
        (!same).then(|| format!("{key} is {read}, expected {expected}"))
    });
    differ.collect::<Vec<_>>().into_iter()
}

/// The same rule and line where the second reader has one. A path ends alike: reports write it absolute, as a URI or
/// relative to something. What is in an image has its target for a path.
fn same_place(expected: &Value, read: &Value) -> bool {
    let text = |place: &Value, key: &str| place.get(key).and_then(Value::as_str).map(str::to_owned);
    let same = |key: &str| expected.get(key) == read.get(key);
    let path = match (text(expected, "path"), text(read, "path"), text(read, "image")) {
        (Some(expected), Some(read), _) => {
            let below_root = expected.trim_start_matches("file://").trim_start_matches('/');
            format!("/{}", read.trim_start_matches('/')).ends_with(&format!("/{below_root}"))
        }
        (Some(target), None, Some(image)) => target.starts_with(&image),
        (expected, read, _) => expected == read,
    };
    let unsaid = |key: &str| expected.get(key).is_none_or(Value::is_null);
    expected == read || path && (unsaid("line") || same("line")) && (unsaid("rule") || same("rule"))
}

#[test]
fn no_secret_leaves_a_report() {
    for sample in sound() {
        let (_, parsed) = read(&sample.bytes, Some(&sample.format)).unwrap();
        let shown = format!("{parsed:?}");
        for secret in ["n0tAs3cr3t", "letmein"] {
            assert!(!shown.contains(secret), "{}: {secret}", sample.name());
        }
    }
}

#[test]
fn every_result_says_where_it_stands() {
    for sample in sound() {
        let (_, parsed) = read(&sample.bytes, Some(&sample.format)).unwrap();
        let all = parsed.observations.iter().chain(&parsed.suppressed_apart);
        let pointers: BTreeSet<&str> = all.clone().map(|observation| observation.pointer.as_raw()).collect();
        assert_eq!(pointers.len(), all.count(), "{}: two results at one place", sample.name());
        let values = serde_json::Deserializer::from_slice(&sample.bytes).into_iter::<Value>();
        let Ok(values) = values.collect::<Result<Vec<_>, _>>() else { continue };
        let document = match values.as_slice() {
            [one] if one.is_array() || !sample.expects("stream") => one.clone(),
            values => Value::Array(values.to_vec()),
        };
        // A stream of one document may be read as that document.
        let alone = values.first().filter(|_| values.len() == 1);
        for pointer in pointers {
            let stands = [Some(&document), alone].into_iter().flatten().any(|d| d.pointer(pointer).is_some());
            assert!(stands, "{}: nothing at {pointer}", sample.name());
        }
    }
}

#[test]
fn a_report_cut_off_anywhere_is_never_another_whole_report() {
    for sample in sound() {
        let (_, whole) = read(&sample.bytes, Some(&sample.format)).unwrap();
        // Of some tools a report of nothing is empty, where the user says so.
        for end in (1..sample.bytes.len()).step_by(97) {
            let cut = sample.bytes.get(..end).unwrap();
            for declared in [None, Some(sample.format.as_str())] {
                // A stream that ends between two values may be whole, with less in it.
                let less = |parsed: &Parsed| sample.expects("stream") && results(parsed) <= results(&whole);
                if let Ok((_, parsed)) = read(cut, declared) {
                    assert!(parsed == whole || less(&parsed), "{} at byte {end}", sample.name());
                }
            }
        }
    }
}

#[test]
fn two_documents_in_one_file_are_refused() {
    for sample in sound() {
        let twice = [sample.bytes.as_slice(), b"\n", sample.bytes.as_slice()].concat();
        assert_eq!(read(&twice, Some(&sample.format)).is_ok(), sample.expects("stream"), "{}", sample.name());
        let padded = [sample.bytes.as_slice(), b"\nDone."].concat();
        assert!(read(&padded, None).is_err() && read(&padded, Some(&sample.format)).is_err(), "{}", sample.name());
    }
}

#[test]
fn every_encoding_of_a_report_is_the_same_report() {
    for sample in sound() {
        let declared = sample.expects("declare_format").then_some(sample.format.as_str());
        let (_, plain) = read(&sample.bytes, declared).unwrap();
        let text = String::from_utf8(sample.bytes.clone()).unwrap();
        let wide = |bom: &str, to: fn(u16) -> [u8; 2]| -> Vec<u8> {
            format!("{bom}{text}").encode_utf16().flat_map(to).collect()
        };
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&sample.bytes).unwrap();
        let encodings = [
            [b"\xef\xbb\xbf", sample.bytes.as_slice()].concat(),
            wide("\u{feff}", u16::to_le_bytes),
            wide("\u{feff}", u16::to_be_bytes),
            wide("", u16::to_le_bytes),
            text.replace("\r\n", "\n").replace('\n', "\r\n").into_bytes(),
            encoder.finish().unwrap(),
        ];
        for bytes in encodings {
            // XML may say that it is UTF-8 while it is not any more; a reader of text does not care.
            let (_, parsed) = read(&bytes, declared).unwrap_or_else(|e| panic!("{}: {e}", sample.name()));
            assert_eq!(parsed.observations.len(), plain.observations.len(), "{}", sample.name());
            assert_eq!(parsed.state, plain.state, "{}", sample.name());
        }
    }
}

#[test]
fn what_could_be_any_report_is_none() {
    for text in ["[]", "{}", "null", "{\"results\":[]}", "{\"results\":[],\"errors\":[]}", "\"\"", "0", "{\"runs\":[]}"]
    {
        let refused = read(text.as_bytes(), None).unwrap_err();
        assert!(matches!(refused, FormatError::Ambiguous { .. } | FormatError::Unknown), "{text}: {refused}");
    }
    assert!(read(b"[]", Some("gitleaks")).unwrap().1.observations.is_empty());
    assert!(matches!(read(b"[]", None), Err(FormatError::Ambiguous { claimants }) if claimants.contains(&"gitleaks")));
}

#[test]
fn what_is_no_report_is_refused_with_the_reason() {
    let limits = Limits { report_bytes: 64, results: 1 };
    let one = r#"[{"RuleID":"a","File":"f","Match":"m"}]"#;
    let two = r#"[{"RuleID":"a","File":"f"},{"RuleID":"b","File":"f"}]"#;
    assert!(formats::read(one.as_bytes(), None, &limits).is_ok());
    for (bytes, declared, message) in [
        (b"".as_slice(), None, "the report is empty"),
        (b"\n \n", Some("sarif"), "the report is empty"),
        (b"caf\xe9", None, "not text"),
        (b"<!DOCTYPE html><html><body>502</body></html>", None, "no format recognises"),
        (b"Name,Severity\nfoo,high\n", None, "no format recognises"),
        (b"{}", Some("nonesuch"), "no format with that name"),
        (b"{\"error\":{\"code\":\"ENOAUDIT\"}}", Some("semgrep"), "holds no results"),
        (b"[1,", Some("gitleaks"), "line 1 column 3"),
        (two.as_bytes(), Some("gitleaks"), "the limit `results` of 1"),
        (&[b' '; 65], None, "the limit `report_bytes` of 64"),
        (br#"{"version":"2.0.0","runs":[]}"#, None, "not supported: 2.0.0"),
    ] {
        let error = formats::read(bytes, declared, &limits).unwrap_err().to_string();
        assert!(error.contains(message), "{error}");
    }
}

#[test]
fn the_documented_generic_report_is_read_as_documented() {
    let page = std::fs::read_to_string(root().join("docs/formats/countersign.md")).unwrap();
    let example = page.split("```json\n").nth(1).unwrap().split("```").next().unwrap();
    let (format, parsed) = read(example.as_bytes(), None).unwrap();
    assert_eq!((format.id, parsed.state, parsed.observations.len()), ("countersign", ScanState::Complete, 2));
    assert!(parsed.target.commit.is_some() && parsed.finished_at.is_some());
    assert!(parsed.observations[1].suppression.is_some() && parsed.observations[1].package.is_some());
    let document: Value = serde_json::from_str(example).unwrap();
    for pointer in ["", "/tool", "/target", "/results/0", "/results/0/rule", "/results/1/cvss", "/results/1/package"] {
        let mut odd = document.clone();
        odd.pointer_mut(pointer).unwrap().as_object_mut().unwrap().insert("unheard-of".to_owned(), Value::Null);
        let error = read(odd.to_string().as_bytes(), None).unwrap_err().to_string();
        assert!(error.contains("unknown field `unheard-of`"), "{pointer}: {error}");
    }
    for required in [
        "/tool",
        "/checks",
        "/state",
        "/results",
        "/results/0/kind",
        "/results/0/rule",
        "/results/0/severity",
        "/results/0/title",
    ] {
        let (parent, key) = required.rsplit_once('/').unwrap();
        let mut odd = document.clone();
        odd.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        assert!(
            read(odd.to_string().as_bytes(), None).unwrap_err().to_string().contains("missing field"),
            "{required}"
        );
    }
    for (pointer, value) in [
        ("/results/0/severity", json!("severe")),
        ("/results/0/kind", json!("bug")),
        ("/results/0/location/line", json!(0)),
        ("/results/0/title", json!(" ")),
        ("/results/1/ids/0", json!("CWE-79")),
        ("/results/0/cwes/0", json!("79")),
        ("/results/1/cvss/score", json!(11)),
        ("/finished_at", json!("yesterday")),
        ("/target/commit", json!("5f0c2d7")),
        ("/state", json!("ok")),
        ("/checks/0", json!("everything")),
        ("/schema", json!("countersign/generic-findings/v2")),
    ] {
        let mut odd = document.clone();
        *odd.pointer_mut(pointer).unwrap() = value;
        assert!(read(odd.to_string().as_bytes(), None).is_err(), "{pointer}");
    }
}

/// Places of a document, deepest last.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Array(elements) => {
            for (index, element) in elements.iter().enumerate() {
                places(element, &format!("{at}/{index}"), found);
            }
        }
        Value::Object(members) => {
            for (name, member) in members {
                places(member, &format!("{at}/{}", name.replace('~', "~0").replace('/', "~1")), found);
            }
        }
        _ => {}
    }
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        Just(json!(true)),
        Just(json!(-1)),
        Just(json!(1e300)),
        Just(json!(u64::MAX)),
        Just(json!("")),
        Just(json!("\u{0}\u{202e}::error::x%2F../..")),
        Just(json!([])),
        Just(json!([[null]])),
        Just(json!({})),
        Just(json!({"text": [], "id": {}, "": 0})),
    ]
}

/// Any JSON, with keys that formats know.
fn any_json() -> impl Strategy<Value = Value> {
    let keys = "version|runs|results|errors|tool|driver|name|rules|id|check_id|extra|path|RuleID|Match|File|check_type|\
                failed_checks|summary|metrics|_totals|generated_at|test_id|schema|kind|locations|message|ruleId|level";
    let keys = prop::sample::select(keys.split('|').collect::<Vec<_>>());
    let leaf = prop_oneof![odd_value(), "[a-z0-9.:/-]{0,12}".prop_map(Value::from), Just(json!("2.1.0"))];
    leaf.prop_recursive(6, 48, 4, move |inner| {
        let members = prop::collection::vec((keys.clone(), inner.clone()), 0..5);
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(Value::from),
            members.prop_map(|members| {
                Value::Object(members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>())
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_json_is_read_or_refused(document in any_json()) {
        let text = document.to_string();
        let _ = read(text.as_bytes(), None);
        for format in FORMATS {
            let _ = read(text.as_bytes(), Some(format.id));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[\\[\\]{}\":,<>/=! a-z0-9\\\\\u{0}é]{0,80}") {
        let _ = read(text.as_bytes(), None);
        for format in FORMATS {
            let _ = read(text.as_bytes(), Some(format.id));
        }
    }

    /// An element of a list of results that becomes odd is still counted, and nothing else is lost with it.
    #[test]
    fn an_odd_place_loses_no_result(which in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), odd in odd_value()) {
        let json: Vec<&Sample> = sound().iter().filter(|sample| sample.bytes.starts_with(b"{") || sample.bytes.starts_with(b"[")).collect();
        let sample = json[which.index(json.len())];
        let Ok(document) = serde_json::from_slice::<Value>(&sample.bytes) else { return Ok(()) };
        let (_, whole) = read(&sample.bytes, Some(&sample.format)).unwrap();
        let mut found = Vec::new();
        places(&document, "", &mut found);
        let place = found[at.index(found.len())].clone();
        let mut changed = document.clone();
        *changed.pointer_mut(&place).unwrap() = odd;
        let Ok((_, parsed)) = read(changed.to_string().as_bytes(), Some(&sample.format)) else { return Ok(()) };
        let all = whole.observations.iter().chain(&whole.suppressed_apart).map(|observation| observation.pointer.as_raw());
        let within_result = all.clone().any(|pointer| place == pointer || place.starts_with(&format!("{pointer}/")));
        // A kind or status of a result may say that it is none.
        let says_what = ["/kind", "/Status", "/status", "/type", "/state", "/subStatus", "/Success"].iter().any(|key| place.ends_with(key));
        if within_result && !says_what {
            // An odd part of a result may be counted beside the result itself.
            prop_assert!(
                results(&parsed) + parsed.suppressed_apart.len() >= results(&whole) + whole.suppressed_apart.len(),
                "{} at {}", sample.name(), place
            );
        }
    }
}
