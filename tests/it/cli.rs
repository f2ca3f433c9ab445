//! The command line as a user meets it: help, usage errors, report arguments.

use std::process::Output;

use crate::support::{command, fixture};

fn run(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } = command().args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn help_shows_every_command_and_every_exit_code() {
    let (code, out, _) = run(&["--help"]);
    assert_eq!(code, Some(0));
    for word in ["check", "findings", "verify", "receipt", "policy", "key", "formats", "init", "doctor", "completions"]
    {
        assert!(out.contains(&format!("  {word}")), "{word}");
    }
    for code in ["0 ", "1 ", "2 ", "3 ", "4 ", "5 ", "10 "] {
        assert!(out.lines().any(|line| line.trim_start().starts_with(code)), "exit code {code}");
    }
    for command in ["check", "findings", "verify", "receipt"] {
        let (code, out, _) = run(&[command, "--help"]);
        assert_eq!(code, Some(0));
        assert!(out.contains("Examples:"), "{command}");
    }
}

#[test]
fn a_wrong_command_line_is_two() {
    for arguments in [
        &[][..],
        &["chekc"],
        &["findings"],
        &["findings", "--output", "yaml", "x"],
        &["verify", "evidence"],
        &["receipt", "report.json"],
        &["key", "new"],
    ] {
        let (code, out, err) = run(arguments);
        assert_eq!(code, Some(2), "{arguments:?}");
        assert!(out.is_empty() && !err.is_empty(), "{arguments:?}");
    }
}

#[test]
fn what_cannot_be_read_is_three_and_says_which_file_and_what_to_do() {
    let scratch = tempfile::tempdir().unwrap();
    let path = |name: &str, bytes: &[u8]| {
        let path = scratch.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        path.to_string_lossy().into_owned()
    };
    let empty = path("empty.json", b"");
    let binary = path("binary.json", &[0xff, 0xfe, 0x00, 0xd8, 0x01]);
    let list = path("list.json", b"[]");
    let page = path("page.json", b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>");
    let csv = path("report.json", b"severity,rule\nhigh,x\n");
    let bandit = std::fs::read(fixture("formats/bandit/1.9.4-shop.json")).unwrap();
    let cut = path("cut.json", bandit.get(..bandit.len() / 2).unwrap());
    let missing = scratch.path().join("none.json").to_string_lossy().into_owned();
    let hollow = scratch.path().join("hollow");
    std::fs::create_dir(&hollow).unwrap();
    let hollow = hollow.to_string_lossy().into_owned();
    let glob = scratch.path().join("*.sarif").to_string_lossy().into_owned();
    for named in [&empty, &binary, &list, &page, &csv, &cut, &missing, &hollow, &glob] {
        let (code, out, err) = run(&["findings", named]);
        assert_eq!(code, Some(3), "{named}: {err}");
        assert!(out.is_empty(), "{named}");
        assert!(err.contains(named.as_str()), "{named} is not named: {err}");
        assert!(err.contains("next:"), "no way out of {named}: {err}");
    }
}

#[test]
fn every_fault_is_told_at_once() {
    let (code, _, err) = run(&["findings", "one.json", "two.json", "three/*.json"]);
    assert_eq!(code, Some(3));
    for name in ["one.json", "two.json", "three/*.json"] {
        assert!(err.contains(name), "{err}");
    }
}

#[test]
fn a_directory_stands_for_its_files_and_ignored_ones_are_left_out() {
    let scratch = tempfile::tempdir().unwrap();
    std::fs::create_dir(scratch.path().join("deep")).unwrap();
    let report = fixture("formats/bandit/1.9.4-shop.json");
    std::fs::copy(&report, scratch.path().join("deep/bandit.json")).unwrap();
    std::fs::write(scratch.path().join("notes.txt"), "no report").unwrap();
    let dir = scratch.path().to_string_lossy().into_owned();
    let (code, _, err) = run(&["findings", &dir]);
    assert_eq!(code, Some(3), "a file that no format claims is not skipped in silence");
    assert!(err.contains("notes.txt") && err.contains("--ignore"), "{err}");
    let (code, out, err) = run(&["findings", &dir, "--ignore", "*.txt"]);
    assert_eq!(code, Some(0), "{err}");
    assert!(out.contains("10 results"), "{out}");
}

#[test]
fn completions_are_for_a_shell() {
    let (code, out, _) = run(&["completions", "bash"]);
    assert_eq!(code, Some(0));
    assert!(out.contains("countersign"));
}

#[test]
fn there_is_a_manual_page_for_every_command() {
    let (code, out, _) = run(&["man"]);
    assert_eq!(code, Some(0));
    assert!(out.contains(".TH countersign 1"), "{out}");

    let scratch = tempfile::tempdir().unwrap();
    let place = scratch.path().join("man");
    assert_eq!(run(&["man", &place.to_string_lossy()]).0, Some(0));
    let read = |name: &str| std::fs::read_to_string(place.join(name)).unwrap_or_else(|error| panic!("{name}: {error}"));
    assert!(read("countersign-check.1").contains("fail\\-on"), "{}", read("countersign-check.1"));
    assert!(read("countersign-key-new.1").contains("out"));
}

#[test]
fn init_writes_all_files_or_none_and_overwrites_none() {
    let scratch = tempfile::tempdir().unwrap();
    let place = scratch.path().to_string_lossy().into_owned();
    let names = [
        ".github/workflows/release-gate.yml",
        "countersign.yaml",
        "exceptions.yaml",
        "release-gate.sh",
        "service.yaml",
    ];
    let read = |name: &str| std::fs::read_to_string(scratch.path().join(name)).unwrap();

    let (code, out, err) = run(&["init", &place]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert!(out.contains("next:") && names.iter().all(|name| out.contains(name)), "{out}");
    assert!(names.iter().all(|name| !read(name).is_empty()));

    std::fs::write(scratch.path().join("service.yaml"), "name: shop\n").unwrap();
    std::fs::remove_file(scratch.path().join("countersign.yaml")).unwrap();
    let (code, out, err) = run(&["init", &place]);
    assert_eq!((code, out.as_str()), (Some(3), ""));
    assert!(err.contains("exceptions.yaml: exists") && err.contains("service.yaml: exists"), "{err}");
    assert_eq!(read("service.yaml"), "name: shop\n");
    assert!(!scratch.path().join("countersign.yaml").exists(), "all or none");

    let (code, _, err) = run(&["init", &scratch.path().join("none").to_string_lossy()]);
    assert!(code == Some(3) && err.contains("no such directory"), "{err}");
}

#[test]
fn a_check_that_passed_is_never_open_and_what_a_platform_settled_is_until_it_is_trusted() {
    let report = fixture("formats/ocsf/hand-1.4.0-shop.json");
    let scratch = tempfile::tempdir().unwrap();
    let Output { stdout, .. } = command()
        .current_dir(scratch.path())
        .args(["check", "--ci", "none", "--output", "json"])
        .arg(&report)
        .output()
        .unwrap();
    let decision: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
    assert_eq!((&decision["totals"]["open"], &decision["totals"]["suppressed"]), (&2.into(), &1.into()));
}

#[test]
fn quiet_is_one_line_and_quieter_is_none_and_files_are_whole() {
    let scratch = tempfile::tempdir().unwrap();
    let report = scratch.path().join("report.txt");
    let human = format!("human={}", report.display());
    let decide = |quiet: &[&str]| {
        let done = command()
            .current_dir(fixture("scenarios/block"))
            .args(["check", "--ci", "none", "--at", "2026-11-21T12:00:00Z", "--output", &human])
            .args(["--change", "change.json", "--service", "service.yaml", "../../formats/bandit/1.9.4-shop.json"])
            .args(quiet)
            .output()
            .unwrap();
        assert_eq!(done.status.code(), Some(1), "{done:?}");
        (String::from_utf8(done.stdout).unwrap(), std::fs::read_to_string(&report).unwrap())
    };
    let (loud, whole) = decide(&[]);
    assert!(loud.lines().count() > 20 && whole.contains("next"), "{loud}");
    let (line, same) = decide(&["--quiet"]);
    // With what nobody may overlook: here that the clock was pinned.
    assert!(line.starts_with("BLOCK ") && line.lines().count() == 2 && line.contains("as of 2026-11-21"), "{line}");
    assert_eq!(same, whole);
    assert_eq!(decide(&["-qq"]), (String::new(), whole));
    let json = decide(&["-qq", "--output", "json"]).0;
    assert!(json.starts_with('{'), "{json}");
}
