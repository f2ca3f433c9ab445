//! Limits under attack, through the binary: exit 3 with the limit's name, in bounded memory. docs/LIMITS.md has them all.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::support::command;

/// Bytes of address space that a run may take, in KiB for `ulimit`: what is not bounded dies of it.
const ADDRESS_SPACE: u64 = 3 << 20;

/// Exit code and what was said of it, run with bounded memory where there is a shell that can bound it.
fn run(arguments: &[&str], directory: &Path) -> (Option<i32>, String) {
    let mut bounded = std::process::Command::new("sh");
    bounded.env_clear().current_dir(directory);
    bounded.args(["-c", &format!("ulimit -v {ADDRESS_SPACE} 2>/dev/null; exec \"$0\" \"$@\"")]);
    bounded.arg(command().get_program()).args(arguments);
    let ran = bounded.output().unwrap();
    (ran.status.code(), String::from_utf8_lossy(&ran.stderr).into_owned())
}

/// A file with a beginning, one part so many times, and an end.
fn repeated(directory: &Path, name: &str, start: &str, part: &str, times: usize, end: &str) -> PathBuf {
    let path = directory.join(name);
    let mut file = BufWriter::new(File::create(&path).unwrap());
    file.write_all(start.as_bytes()).unwrap();
    for _ in 0..times {
        file.write_all(part.as_bytes()).unwrap();
    }
    file.write_all(end.as_bytes()).unwrap();
    file.flush().unwrap();
    path
}

fn refused(path: &Path, limit: &str) {
    let (code, said) = run(&["findings", path.to_str().unwrap()], path.parent().unwrap());
    let shown: String = said.chars().take(500).collect();
    assert_eq!(code, Some(3), "{}: {shown}", path.display());
    assert!(said.contains(&format!("the limit `{limit}` of ")), "{limit}: {shown}");
    assert!(said.contains("next: "), "{shown}");
}

#[test]
fn a_bomb_stops_at_its_ratio_or_at_the_bytes_of_a_report() {
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("bomb.json.gz");
    let mut packer = GzEncoder::new(File::create(&path).unwrap(), Compression::best());
    let blank = vec![b' '; 1 << 20];
    for _ in 0..64 {
        packer.write_all(&blank).unwrap();
    }
    packer.finish().unwrap();
    refused(&path, "gzip_ratio");

    // A bomb whose parts pack badly enough is still bounded by what comes out.
    let sparse = scratch.path().join("sparse.json");
    File::create(&sparse).unwrap().set_len((1 << 30) + 1).unwrap();
    refused(&sparse, "report_bytes");
}

#[test]
fn all_reports_together_are_bounded_before_any_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    for number in 0..5 {
        File::create(scratch.path().join(format!("{number}.json"))).unwrap().set_len(1 << 30).unwrap();
    }
    refused(scratch.path(), "all_reports_bytes");
}

#[test]
fn deep_nesting_is_refused_where_it_is_read_and_harmless_where_it_is_not() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let nested = repeated(at, "list.json", r#"{"version":"2.1.0","runs":"#, "[", 1_000_000, "");
    let (code, _) = run(&["findings", nested.to_str().unwrap()], at);
    assert_eq!(code, Some(3));
    // Branches hold branches: the one list of a format that reads itself.
    let start = r#"{"document":{"category":"csaf_vex","csaf_version":"2.0","title":"x"},"product_tree":{"branches":"#;
    refused(&repeated(at, "deep.json", start, r#"[{"branches":"#, 100_000, ""), "depth");
    refused(&repeated(at, "deep.xml", "<testsuites>", "<testsuite>", 100_000, ""), "depth");

    // What is passed over takes no stack, however deep it is.
    let brackets = format!("{}{}", "[".repeat(500_000), "]".repeat(500_000));
    let report = format!(
        r#"{{"version":"2.1.0","runs":[{{"tool":{{"driver":{{"name":"x"}}}},"results":[],"odd":{brackets}}}]}}"#
    );
    let passed = repeated(at, "passed.json", &report, "", 0, "");
    let (code, said) = run(&["findings", passed.to_str().unwrap()], at);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn millions_of_tiny_results_and_one_huge_string_are_refused() {
    let scratch = tempfile::tempdir().unwrap();
    let at = scratch.path();
    let sarif = r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":["#;
    refused(&repeated(at, "tiny.sarif", sarif, "{},", 10_000_000, "{}]}]}"), "list_memory");
    refused(
        &repeated(at, "leaks.json", r#"[{"RuleID":"a","Secret":"b","Match":"c","File":"d"}"#, ",[]", 10_000_000, "]"),
        "list_memory",
    );
    let long = repeated(at, "long.sarif", &format!(r#"{sarif}{{"ruleId":""#), "0123456789", 10_000_000, r#""}]}]}"#);
    refused(&long, "string_bytes");
    refused(
        &repeated(
            at,
            "long.xml",
            "<testsuites><testsuite><testcase name='a'><failure>",
            "0123456789",
            10_000_000,
            "</failure></testcase></testsuite></testsuites>",
        ),
        "string_bytes",
    );
}

#[test]
fn entities_are_not_expanded() {
    let scratch = tempfile::tempdir().unwrap();
    let mut bomb = "<!DOCTYPE testsuites [<!ENTITY a0 'ha'>".to_owned();
    for level in 1..30 {
        bomb.push_str(&format!("<!ENTITY a{level} '&a{0};&a{0};&a{0};&a{0};'>", level - 1));
    }
    bomb.push_str("]><testsuites><testsuite><testcase name='&a29;'/></testsuite></testsuites>");
    let outside = "<!DOCTYPE testsuites [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><testsuites><testsuite>&x;</testsuite></testsuites>";
    for (name, text) in [("bomb.xml", bomb.as_str()), ("outside.xml", outside)] {
        let path = repeated(scratch.path(), name, text, "", 0, "");
        let (code, said) = run(&["findings", path.to_str().unwrap()], scratch.path());
        assert_eq!(code, Some(3), "{said}");
        assert!(said.contains("document type with declarations") && !said.contains("root:"), "{said}");
    }
}

#[test]
fn aliases_do_not_multiply() {
    let scratch = tempfile::tempdir().unwrap();
    let mut bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for level in 1..12 {
        let before = format!("*a{}", level - 1);
        bomb.push_str(&format!("a{level}: &a{level} [{}]\n", [before.as_str(); 9].join(", ")));
    }
    bomb.push_str("schema: countersign/exceptions/v1\nexceptions: *a11\n");
    repeated(scratch.path(), "exceptions.yaml", &bomb, "", 0, "");
    repeated(
        scratch.path(),
        "report.json",
        r#"{"version":"2.1.0","runs":[{"tool":{"driver":{"name":"x"}},"results":[]}]}"#,
        "",
        0,
        "",
    );
    let (code, said) =
        run(&["check", "report.json", "--exceptions", "exceptions.yaml", "--ci", "none"], scratch.path());
    assert_eq!(code, Some(3), "{said}");
    assert!(said.contains("exceptions.yaml") && said.len() < 20_000, "{said}");
}
