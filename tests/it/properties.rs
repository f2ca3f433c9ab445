//! What must hold for all inputs, through the binary and with the whole pack: more risk never decides better, and what cannot
//! matter (the order of reports, how many threads read them, that it was decided before) changes no byte.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::{command, fixture, root};

const SEVERITIES: [&str; 6] = ["critical", "high", "medium", "low", "info", "unknown"];
const ACTIONS: [&str; 4] = ["ignore", "ticket", "warn", "block"];
const KINDS: [&str; 5] = ["vulnerability", "weakness", "misconfiguration", "quality", "malware"];

/// One result of a scanner: which kind, how severe, in which of a few files, known exploited or not, with a fix or not.
#[derive(Clone, Debug)]
struct Found {
    kind: usize,
    severity: usize,
    place: u8,
    exploited: bool,
    fixed: bool,
}

fn result() -> impl Strategy<Value = Found> {
    (0..KINDS.len(), 0..SEVERITIES.len(), 0..12_u8, prop::bool::weighted(0.1), any::<bool>())
        .prop_map(|(kind, severity, place, exploited, fixed)| Found { kind, severity, place, exploited, fixed })
}

impl Found {
    fn json(&self) -> Value {
        let mut result = json!({
            "kind": KINDS[self.kind],
            "rule": { "id": format!("R-{}-{}", self.kind, self.severity) },
            "severity": SEVERITIES[self.severity],
            "title": "made for a test",
            "location": { "path": format!("src/{}.rs", self.place), "line": u32::from(self.place) + 1 },
            "fingerprint": format!("{}-{}-{}", self.kind, self.severity, self.place),
        });
        if KINDS[self.kind] == "vulnerability" {
            let id = format!("CVE-2026-{}{:03}", self.severity + 1, self.place);
            result["rule"]["id"] = json!(id);
            result["ids"] = json!([id]);
            result["package"] = json!({ "name": format!("p{}", self.place), "version": "1.0.0" });
            result["known_exploited"] = json!(self.exploited);
            if self.fixed {
                result["package"]["fixed_in"] = json!(["1.0.1"]);
            }
        }
        result
    }
}

/// What a run is given: two reports, records for some files, and what the table of thresholds says.
#[derive(Clone, Debug)]
struct World {
    first: Vec<Found>,
    second: Vec<Found>,
    excepted: Vec<u8>,
    open: [usize; 6],
    lifted: [usize; 6],
}

fn world() -> impl Strategy<Value = World> {
    let row = || prop::array::uniform6(0..ACTIONS.len());
    let results = || prop::collection::vec(result(), 0..6);
    (results(), results(), prop::collection::btree_set(0..12_u8, 0..4), row(), row()).prop_map(
        |(first, second, excepted, open, lifted)| World {
            first,
            second,
            excepted: excepted.into_iter().collect(),
            // An exception never makes a finding worse than it is without one.
            lifted: std::array::from_fn(|n| lifted[n].min(open[n])),
            open,
        },
    )
}

const NOW: &str = "2026-11-21T12:00:00Z";

impl World {
    fn write(&self, to: &Path) {
        for (name, results) in [("one.json", &self.first), ("two.json", &self.second)] {
            let report = json!({
                "schema": "countersign/generic-findings/v1",
                "tool": { "name": name },
                "checks": ["sast", "dependencies", "secrets"],
                "finished_at": "2026-11-21T11:00:00Z",
                "state": "complete",
                "problems": [],
                "results": results.iter().map(Found::json).collect::<Vec<_>>(),
            });
            std::fs::write(to.join(name), report.to_string()).unwrap();
        }
        let records: Vec<Value> = self.excepted.iter().map(|place| self.record(*place)).collect();
        std::fs::write(to.join("exceptions.json"), Value::Array(records).to_string()).unwrap();
        let shipped = std::fs::read_to_string(root().join("policies/profiles/default.yaml")).unwrap();
        let row = |actions: &[usize; 6]| {
            let cells: Vec<String> = SEVERITIES
                .iter()
                .zip(actions)
                .map(|(severity, action)| format!("{severity}: {}", ACTIONS[*action]))
                .collect();
            format!("{{ {} }}", cells.join(", "))
        };
        let (before, after) = shipped.split_once("  - exposures: [internal]\n").unwrap();
        let after = after.splitn(3, '\n').nth(2).unwrap();
        let (open, lifted) = (row(&self.open), row(&self.lifted));
        let profile = format!("{before}  - exposures: [internal]\n    open: {open}\n    excepted: {lifted}\n{after}");
        std::fs::write(to.join("profile.yaml"), profile).unwrap();
        let service = std::fs::read_to_string(fixture("scenarios/block/service.yaml")).unwrap();
        std::fs::write(to.join("service.yaml"), service.replace("exposure: public", "exposure: internal")).unwrap();
        std::fs::copy(fixture("scenarios/block/change.json"), to.join("change.json")).unwrap();
    }

    fn record(&self, place: u8) -> Value {
        json!({
            "id": format!("EX-{place}"),
            "owner": "team-shop",
            "reason": "the fix waits for the next release of the framework",
            "mitigation": "the service is not reachable from outside",
            "created": "2026-11-15",
            "expires": "2026-12-05",
            "approvals": [{ "by": "lead@example.com", "at": "2026-11-15" }],
            "match": { "path": format!("src/{place}.rs") },
        })
    }
}

/// The whole decision. Reports are given in this order, and read on one core or on all.
fn decide(world: &World, reports: [&str; 2], on_one_core: bool) -> Vec<u8> {
    let scratch = tempfile::tempdir().unwrap();
    world.write(scratch.path());
    let mut check = command();
    if on_one_core && cfg!(target_os = "linux") {
        check = Command::new("taskset");
        check.args(["-c", "0", env!("CARGO_BIN_EXE_countersign")]);
    }
    let done = check
        .current_dir(scratch.path())
        .args(["check", "--ci", "none", "--at", NOW, "--change", "change.json", "--service", "service.yaml"])
        .args(["--profile", "profile.yaml", "--exceptions", "exceptions.json", "--output", "json"])
        .args(reports)
        .output()
        .unwrap();
    assert!(matches!(done.status.code(), Some(0 | 1)), "{}\n{world:?}", String::from_utf8_lossy(&done.stderr));
    done.stdout
}

fn decision(world: &World) -> Value {
    serde_json::from_slice(&decide(world, ["one.json", "two.json"], false)).unwrap()
}

/// How bad the rules about a finding's severity are: for every finding, and altogether. 2 blocks, 1 warns.
fn severity_verdicts(decision: &Value) -> (BTreeMap<String, u8>, u8) {
    let mut worst = BTreeMap::new();
    for verdict in decision["verdicts"].as_array().unwrap() {
        if verdict["rule"] == "findings/threshold" || verdict["rule"] == "findings/known-exploited" {
            let action = if verdict["action"] == "deny" { 2 } else { 1 };
            for finding in verdict["findings"].as_array().unwrap() {
                let known = worst.entry(finding.as_str().unwrap().to_owned()).or_insert(0);
                *known = action.max(*known);
            }
        }
    }
    let all = worst.values().copied().max().unwrap_or(0);
    (worst, all)
}

/// Nothing that was objected to before is objected to less now.
fn never_better(before: &Value, after: &Value) -> Result<(), TestCaseError> {
    let ((before, all_before), (after, all_after)) = (severity_verdicts(before), severity_verdicts(after));
    for (finding, action) in before {
        prop_assert!(after.get(&finding).copied().unwrap_or(0) >= action, "{finding} got away");
    }
    prop_assert!(all_after >= all_before);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_risk_never_decides_better(world in world(), new in result(), which in any::<prop::sample::Index>(), cell in 0..6_usize) {
        let before = decision(&world);
        let mut more = world.clone();
        more.second.push(new);
        never_better(&before, &decision(&more))?;
        if !world.excepted.is_empty() {
            let mut fewer = world.clone();
            fewer.excepted.remove(which.index(world.excepted.len()));
            never_better(&before, &decision(&fewer))?;
        }
        let mut tighter = world;
        tighter.open[cell] = (tighter.open[cell] + 1).min(ACTIONS.len() - 1);
        never_better(&before, &decision(&tighter))?;
        tighter.lifted[cell] = tighter.open[cell];
        never_better(&before, &decision(&tighter))?;
    }

    #[test]
    fn order_threads_and_repetition_change_no_byte(world in world()) {
        let once = decide(&world, ["one.json", "two.json"], true);
        prop_assert_eq!(&decide(&world, ["two.json", "one.json"], false), &once);
        let decision: Value = serde_json::from_slice(&once).unwrap();
        let totals = &decision["totals"];
        let count = |name: &str| totals[name].as_u64().unwrap();
        prop_assert_eq!(count("results"), (world.first.len() + world.second.len()) as u64);
        prop_assert_eq!(count("results"), count("kept") + count("merged_within") + count("not_understood"));
        prop_assert_eq!(count("findings"), count("kept") - count("merged_across"));
        let sorted = ["open", "excepted", "suppressed", "not_affected", "resolved"];
        prop_assert_eq!(count("findings"), sorted.iter().map(|name| count(name)).sum::<u64>());
        prop_assert_eq!(count("findings"), decision["findings"].as_array().unwrap().len() as u64);
    }
}

#[test]
fn worlds_are_not_all_alike() {
    use proptest::strategy::ValueTree as _;
    use proptest::test_runner::TestRunner;
    let mut runner = TestRunner::deterministic();
    let mut seen = BTreeMap::new();
    for _ in 0..12 {
        let world = world().new_tree(&mut runner).unwrap().current();
        let decision = decision(&world);
        let excepted = decision["totals"]["excepted"].as_u64().unwrap() > 0;
        *seen.entry((severity_verdicts(&decision).1, excepted)).or_insert(0) += 1;
    }
    assert!(seen.len() >= 3, "the properties say little about {seen:?}");
}
