//! Looking ahead: what turns into a block, at which second, why, and that a calendar can read it.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::{command, fixture, root};

/// The shipped scenario of an excepted finding, to be changed: the record ends on 2026-11-30, the scans are of
/// 2026-11-21T11:30:00Z, and the profile counts scans of 24 hours.
struct Situation(tempfile::TempDir);

impl Situation {
    /// With this profile, made from the shipped one by replacing texts.
    fn new(replace: &[(&str, &str)]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["change.json", "receipts.json", "service.yaml", "exceptions.yaml"] {
            std::fs::copy(fixture("scenarios/excepted").join(name), dir.path().join(name)).unwrap();
        }
        let mut profile = std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap();
        for (from, to) in replace {
            assert!(profile.contains(from), "{from}");
            profile = profile.replace(from, to);
        }
        std::fs::write(dir.path().join("profile.yaml"), profile).unwrap();
        Self(dir)
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn run(&self, what: &str, more: &[&str]) -> std::process::Output {
        let report = |path: &str| fixture(path).to_string_lossy().into_owned();
        let mut run: Command = command();
        run.current_dir(self.path()).args([what, "--ci", "none", "--profile", "./profile.yaml"]);
        run.args([report("formats/semgrep/1.182.0-clean.json"), report("formats/cargo-audit/0.22.2-ignore.json")]);
        run.arg("--report").arg(format!("gitleaks:{}", report("formats/gitleaks/8.24.3-clean.json")));
        run.args(["--receipt", "receipts.json", "--service", "service.yaml", "--change", "change.json"]);
        run.args(["--exceptions", "exceptions.yaml"]).args(more).output().unwrap()
    }

    fn forecast(&self, more: &[&str]) -> Value {
        let at = ["--at", "2026-11-21T12:00:00Z", "--output", "json"];
        let output = self.run("forecast", &[&at[..], more].concat());
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }
}

/// When, which rule, what it said before, and the first cause.
fn turns(forecast: &Value) -> Vec<(String, String, String, Value)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let turns = forecast["turns"].as_array().unwrap();
    turns.iter().map(|t| (text(&t["at"]), text(&t["rule"]), text(&t["before"]), t["because"][0].clone())).collect()
}

/// Scans never grow too old within a forecast, so that only the matter at hand turns.
const FRESH: (&str, &str) = ("max_age_hours: 24", "max_age_hours: 9000");

#[test]
fn an_exception_that_ends_blocks_from_the_second_after_its_last_day() {
    let situation = Situation::new(&[FRESH]);
    let forecast = situation.forecast(&["--days", "30"]);
    let cause = json!({ "kind": "exception-ended", "exception": "EX-2026-001", "expires": "2026-11-30" });
    let expected = ("2026-12-01T00:00:00Z".to_owned(), "findings/threshold".to_owned(), "warn".to_owned(), cause);
    assert_eq!(turns(&forecast), [expected]);
    assert_eq!(
        forecast["outcomes"],
        json!([{ "at": "2026-11-21T12:00:00Z", "outcome": "warn" }, { "at": "2026-12-01T00:00:00Z", "outcome": "block" }])
    );
    // The gate says the same on either side of that second.
    for (at, code) in [("2026-11-30T23:59:59Z", 0), ("2026-12-01T00:00:00Z", 1)] {
        assert_eq!(situation.run("check", &["--at", at]).status.code(), Some(code), "{at}");
    }
    assert_eq!(turns(&situation.forecast(&["--days", "9"])), [], "the day before is not looked at further");
}

#[test]
fn a_scan_grows_stale_at_its_own_second_and_says_which_check() {
    let situation = Situation::new(&[]);
    let forecast = situation.forecast(&["--days", "2"]);
    let found = turns(&forecast);
    assert_eq!(found.len(), 3, "{found:?}");
    for (at, rule, before, cause) in &found {
        assert_eq!(
            (at.as_str(), rule.as_str(), before.as_str()),
            ("2026-11-22T11:30:01Z", "coverage/required-checks", "pass")
        );
        assert_eq!(cause["kind"], "coverage");
    }
    let mut checks: Vec<&str> = found.iter().map(|turn| turn.3["check"].as_str().unwrap()).collect();
    checks.sort_unstable();
    assert_eq!(checks, ["dependencies", "sast", "secrets"]);
}

#[test]
fn a_freeze_of_half_an_hour_is_not_stepped_over() {
    let freeze = "freezes: [{ name: cut-over, from: 2026-11-24T10:00:00Z, until: 2026-11-24T10:30:00Z, \
                  emergency_ships: true, owner: release }]";
    let situation = Situation::new(&[FRESH, ("freezes: []", freeze)]);
    let forecast = situation.forecast(&["--days", "5"]);
    let found = turns(&forecast);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0.as_str(), found[0].1.as_str()), ("2026-11-24T10:00:00Z", "calendar/freeze"));
    assert_eq!(found[0].3, json!({ "kind": "freeze", "name": "cut-over", "until": "2026-11-24T10:30:00Z" }));
    let outcomes: Vec<&str> =
        forecast["outcomes"].as_array().unwrap().iter().map(|o| o["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["warn", "block", "warn"], "and it is over again");
}

#[test]
fn a_rule_that_blocks_from_a_day_on_is_foreseen() {
    let situation = Situation::new(&[FRESH]);
    let policy = "# METADATA\n# scope: package\n# title: Has a ticket\n# description: d\n# custom:\n#   owner: release\n\
                  #   effective_on: 2026-11-26\npackage countersign.rules.acme.later\n\n\
                  deny contains {\"msg\": \"no runbook\"} if true\n";
    std::fs::create_dir(situation.path().join("policy")).unwrap();
    std::fs::write(situation.path().join("policy/later.rego"), policy).unwrap();
    let found = turns(&situation.forecast(&["--days", "7", "--policy", "policy"]));
    let cause = json!({ "kind": "effective", "on": "2026-11-26" });
    assert_eq!(found, [("2026-11-26T00:00:00Z".to_owned(), "acme/later".to_owned(), "warn".to_owned(), cause)]);
}

#[test]
fn a_rule_that_ends_on_a_day_is_foreseen() {
    let situation = Situation::new(&[FRESH]);
    let policy = "# METADATA\n# scope: package\n# title: Has a runbook\n# description: d\n# custom:\n#   owner: release\n\
                  #   deprecated_on: 2026-11-24\npackage countersign.rules.acme.former\n\n\
                  deny contains {\"msg\": \"no runbook\"} if true\n";
    std::fs::create_dir(situation.path().join("policy")).unwrap();
    std::fs::write(situation.path().join("policy/former.rego"), policy).unwrap();
    let forecast = situation.forecast(&["--days", "7", "--policy", "policy"]);
    assert_eq!(forecast["ends"], json!([{ "on": "2026-11-24", "rule": "acme/former", "owner": "release" }]));
    let outcomes: Vec<(&str, &str)> = forecast["outcomes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|o| (o["at"].as_str().unwrap(), o["outcome"].as_str().unwrap()))
        .collect();
    assert_eq!(outcomes[0].1, "block");
    assert_eq!(outcomes[1], ("2026-11-24T00:00:00Z", "warn"), "{outcomes:?}");
    assert!(turns(&forecast).is_empty());
    let text = situation.run("forecast", &["--days", "7", "--policy", "policy", "--at", "2026-11-21T12:00:00Z"]).stdout;
    let text = String::from_utf8(text).unwrap();
    assert!(text.contains("2026-11-24\n  ENDS   release  acme/former"), "{text}");
    let sooner = situation.forecast(&["--days", "2", "--policy", "policy"]);
    assert_eq!(sooner["ends"], json!([]));
}

/// Unfolds as RFC 5545 3.1 says.
fn unfolded(calendar: &str) -> Vec<String> {
    calendar.replace("\r\n ", "").split_terminator("\r\n").map(str::to_owned).collect()
}

#[test]
fn the_calendar_is_well_formed_and_its_events_keep_their_names() {
    let situation = Situation::new(&[FRESH]);
    let service = std::fs::read_to_string(situation.path().join("service.yaml")).unwrap();
    let hostile = service.replace("owner: team-stock", "owner: \"\u{e9}\u{e9}, b; c \\\\ d\\nATTACH:evil\"");
    assert_ne!(service, hostile);
    // Whoever owns the exception stays known.
    let hostile = hostile + "owners_of_paths: [{ path: src, owner: team-stock }]\n";
    std::fs::write(situation.path().join("service.yaml"), hostile).unwrap();
    let calendar = |at: &str| {
        let output = situation.run("forecast", &["--days", "30", "--output", "ics", "--at", at]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let text = calendar("2026-11-21T12:00:00Z");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    assert!(text.split("\r\n").all(|line| line.len() <= 75), "{text}");
    let lines = unfolded(&text);
    assert_eq!((lines[0].as_str(), lines.last().unwrap().as_str()), ("BEGIN:VCALENDAR", "END:VCALENDAR"));
    let of = |lines: &[String], key: &str| -> Vec<String> {
        lines.iter().filter_map(|line| line.strip_prefix(key)).map(str::to_owned).collect()
    };
    assert_eq!(of(&lines, "DTSTART:"), ["20261201T000000Z"]);
    assert_eq!(of(&lines, "DTSTAMP:"), ["20261121T120000Z"]);
    assert_eq!(of(&lines, "ATTACH:"), Vec::<String>::new());
    assert_eq!(of(&lines, "CATEGORIES:"), ["\u{e9}\u{e9}\\, b\\; c \\\\ d ATTACH:evil"]);
    let description = &of(&lines, "DESCRIPTION:")[0];
    assert!(description.contains("critical vulnerability in an internal service") && description.contains("\\n"));
    let bare = description.replace("\\\\", "").replace("\\n", "").replace("\\,", "").replace("\\;", "");
    assert!(!bare.contains([',', ';', '\\']), "{description}");
    let tomorrow = unfolded(&calendar("2026-11-22T12:00:00Z"));
    assert_eq!(of(&lines, "UID:"), of(&tomorrow, "UID:"), "another day, the same event");
    assert_ne!(of(&lines, "DTSTAMP:"), of(&tomorrow, "DTSTAMP:"));
    assert_eq!(text, calendar("2026-11-21T12:00:00Z"));
}

#[test]
fn what_a_forecast_cannot_do_is_said() {
    let situation = Situation::new(&[]);
    for (more, code, says) in [
        (&["--days", "0"][..], 2, "--days 0: out of range"),
        (&["--days", "367"], 2, "--days 367: out of range"),
        (&["--output", "pdf"], 2, "no such format"),
        (&["--output", "json", "--output", "ics"], 2, "two outputs go to standard output"),
        (&["--evidence", "evidence"], 2, "leaves no evidence"),
        (&["--exceptions", "none.yaml"], 3, "none.yaml: no such file"),
    ] {
        let output = situation.run("forecast", more);
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.code() == Some(code) && stderr.contains(says), "{more:?}: {stderr}");
        assert!(output.stdout.is_empty() && !situation.path().join("evidence").exists());
    }
}
