//! The history through the command: appended, checked, attacked, cut off, written by several at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use countersign::evidence::keys::PublicKey;
use countersign::history::{Checkpoint, Continuation, Log, Note, Proof, VerifierKey};
use proptest::prelude::{ProptestConfig, any, proptest};
use serde_json::Value;

use crate::support::{command, files_below, fixture};

/// Evidence of six decisions and the key that signed it, made once: every other one is a block.
static MADE: LazyLock<PathBuf> = LazyLock::new(|| {
    let made = Path::new(env!("CARGO_TARGET_TMPDIR")).join("history");
    let _ = std::fs::remove_dir_all(&made);
    std::fs::create_dir_all(&made).unwrap();
    let key = command().current_dir(&made).args(["key", "new", "--out", "gate"]).output().unwrap();
    assert!(key.status.success(), "{}", both(&key));
    (0..6).for_each(|n| decide(&made, n));
    made
});

/// Decides, and leaves the evidence in a folder that is named by its number.
fn decide(made: &Path, n: usize) {
    let at = format!("2026-11-21T12:00:{n:02}Z");
    let mut check = command();
    check.current_dir(fixture("scenarios/pass")).args(["check", "--ci", "none", "--at", &at, "--quiet"]);
    check.args(["../../formats/semgrep/1.182.0-clean.json", "--service", "service.yaml", "--change", "change.json"]);
    if n.is_multiple_of(2) {
        check.args(["../../formats/cargo-audit/0.22.2-clean.json", "--receipt", "receipts.json"]);
        check.args(["--report", "gitleaks:../../formats/gitleaks/8.24.3-clean.json"]);
    }
    check.arg("--evidence").arg(made.join("evidence")).arg("--key").arg(made.join("gate.pem"));
    let output = check.output().unwrap();
    assert_eq!(output.status.code(), Some(i32::from(n % 2 == 1)), "{}", both(&output));
    let evidence = std::fs::read_dir(made.join("evidence")).unwrap().next().unwrap().unwrap().path();
    std::fs::rename(evidence, made.join(format!("decision-{n}"))).unwrap();
}

/// A directory with a log, the keys, and evidence of some decisions.
struct Desk {
    dir: tempfile::TempDir,
}

impl Desk {
    fn new(decisions: usize) -> Self {
        let desk = Self { dir: tempfile::tempdir().unwrap() };
        let given = (0..decisions).map(|n| MADE.join(format!("decision-{n}")));
        for file in
            given.flat_map(|decision| files_below(&decision)).chain([MADE.join("gate.pem"), MADE.join("gate.pub.pem")])
        {
            let to = desk.path(file.strip_prefix(&*MADE).unwrap().to_str().unwrap());
            std::fs::create_dir_all(to.parent().unwrap()).unwrap();
            std::fs::copy(&file, to).unwrap();
        }
        for key in ["log", "witness"] {
            desk.run(&["key", "new", "--out", key], 0);
        }
        desk.run(&["log", "new", "history", "--origin", "example.com/releases", "--key", "log.pem"], 0);
        std::fs::copy(desk.path("history/log.vkey"), desk.path("log.vkey")).unwrap();
        desk
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = command();
        command.current_dir(self.dir.path()).args(arguments);
        command
    }

    fn run(&self, arguments: &[&str], code: i32) -> String {
        let output = self.command(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", both(&output));
        both(&output)
    }

    fn append(&self, decisions: &[usize]) -> Command {
        let mut append = self.command(&["log", "append", "history", "--key", "log.pem", "--gate-key", "gate.pub.pem"]);
        append.args(decisions.iter().map(|n| format!("decision-{n}")));
        append
    }

    fn appended(&self, decisions: &[usize]) -> String {
        let output = self.append(decisions).output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
        both(&output)
    }

    fn check(&self, more: &[&str], code: i32) -> String {
        self.run(&[&["log", "check", "history", "--log-key", "log.vkey"], more].concat(), code)
    }

    fn verifier_key(&self) -> VerifierKey {
        String::from_utf8(self.read("log.vkey")).unwrap().trim_end().parse().unwrap()
    }
}

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

fn entries(history: &[u8]) -> Vec<Value> {
    history.split(|b| *b == b'\n').filter(|l| !l.is_empty()).map(|l| serde_json::from_slice(l).unwrap()).collect()
}

#[test]
fn passes_and_blocks_are_logged_once_with_numbers_and_nobodys_name() {
    let desk = Desk::new(3);
    desk.appended(&[0, 1]);
    let again = desk.appended(&[1, 2]);
    assert!(again.contains("1 added, 1 in the log already; 3 entries"), "{again}");
    let history = desk.read("history/history.jsonl");
    let entries = entries(&history);
    let of = |key: &str| entries.iter().map(|entry| entry[key].to_string()).collect::<Vec<_>>();
    assert_eq!(of("sequence"), ["1", "2", "3"]);
    assert_eq!(of("outcome"), [r#""pass""#, r#""block""#, r#""pass""#]);
    assert!(entries.iter().all(|entry| entry["service"] == "shop" && entry["environment"] == "production"));
    let change: Value = serde_json::from_slice(&std::fs::read(fixture("scenarios/pass/change.json")).unwrap()).unwrap();
    let author = change["author"].as_str().unwrap();
    assert!(!String::from_utf8_lossy(&history).contains(author), "{author} is in the log");
    let checked = desk.check(&[], 0);
    assert!(checked.contains("example.com/releases: 3 entries") && checked.ends_with("HOLDS\n"), "{checked}");
}

#[test]
fn a_proof_shows_that_a_decision_is_in_the_log_without_the_log() {
    let desk = Desk::new(3);
    desk.appended(&[0, 1, 2]);
    let text = desk.run(&["log", "prove", "history", "--evidence", "decision-1"], 0);
    let proof = Proof::read(text.as_bytes()).unwrap();
    assert_eq!(proof.index, 1);
    assert_eq!(proof.verify(&desk.verifier_key()).unwrap().size, 3);
    let entry: Value = serde_json::from_slice(&proof.entry).unwrap();
    let envelope = countersign::model::digest::Digest::of(desk.read("decision-1/decision.dsse.json"));
    assert_eq!(entry["decision"], envelope.to_string());
    std::fs::write(desk.path("proof"), &text).unwrap();
    let verify = |decision: &str, code| {
        desk.run(&["log", "verify", "proof", "--log-key", "log.vkey", "--evidence", decision], code)
    };
    assert!(verify("decision-1", 0).ends_with("in example.com/releases of 3 entries\nHOLDS\n"));
    assert!(verify("decision-2", 1).contains("about another decision"));
    std::fs::write(desk.path("proof"), text.replace("index 1", "index 2")).unwrap();
    assert!(verify("decision-1", 1).contains("does not lead from this entry"));
    let key = desk.verifier_key();
    for at in 0..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[at] ^= 1;
        assert!(Proof::read(&changed).and_then(|proof| proof.verify(&key)).is_err(), "byte {at}");
    }
}

/// Step 11 of `verify` on a decision: exit code, state, words, and those of the time.
fn verified(desk: &Desk, decision: &str, more: &[&str]) -> (i32, String, String, String) {
    let asked = ["verify", decision, "--any-subject", "--allow-pinned-clock", "--any-outcome", "--output", "json"];
    let keys = if more.contains(&"--trust") { &[][..] } else { &["--key", "gate.pub.pem"][..] };
    let output = desk.command(&[&asked, keys, more].concat()).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", both(&output)));
    let word = |step: usize, name: &str| document["steps"][step][name].as_str().unwrap().to_owned();
    (output.status.code().unwrap(), word(11, "state"), word(11, "detail"), word(8, "detail"))
}

const IN_LOG: [&str; 4] = ["--log-proof", "proof", "--log-key", "log.vkey"];

#[test]
fn verify_demands_that_the_log_holds_the_decision() {
    let desk = Desk::new(3);
    assert_eq!(verified(&desk, "decision-1", &[]).1, "NOT CHECKED");
    desk.appended(&[0, 1, 2]);
    let proof = |decision: &str| desk.run(&["log", "prove", "history", "--evidence", decision], 0);
    let text = proof("decision-1");
    std::fs::write(desk.path("proof"), &text).unwrap();
    let (code, state, detail, time) = verified(&desk, "decision-1", &IN_LOG);
    assert_eq!((code, state.as_str()), (0, "PASS"), "{detail}");
    assert_eq!(detail, "number 2 of its series, in example.com/releases of 3 entries; no witness was demanded");
    assert!(time.contains("signer-asserted time only"), "{time}");

    // Another decision's proof, one that was changed, another log's key, the gate as its own log.
    let (code, state, detail, _) = verified(&desk, "decision-2", &IN_LOG);
    assert_eq!((code, state.as_str(), detail.as_str()), (1, "FAIL", "it is about another decision"));
    std::fs::write(desk.path("changed"), text.replace("index 1", "index 0")).unwrap();
    let (code, _, detail, _) = verified(&desk, "decision-1", &["--log-proof", "changed", "--log-key", "log.vkey"]);
    assert!(code == 1 && detail.contains("does not lead"), "{detail}");
    let vkey = |name: &str, pem: &str, role| {
        let key = PublicKey::from_pem(&desk.read(pem)).unwrap();
        let key = VerifierKey::new("example.com/releases", role, key).unwrap();
        std::fs::write(desk.path(name), key.to_string()).unwrap();
    };
    vkey("other.vkey", "witness.pub.pem", countersign::history::Role::Log);
    let (code, _, detail, _) = verified(&desk, "decision-1", &["--log-proof", "proof", "--log-key", "other.vkey"]);
    assert!(code == 1 && detail.contains("not signed by"), "{detail}");
    desk.run(&["log", "new", "own", "--origin", "example.com/releases", "--key", "gate.pem"], 0);
    let own = "log append own decision-1 --key gate.pem --gate-key gate.pub.pem";
    desk.run(&own.split(' ').collect::<Vec<_>>(), 2);

    // Many at once, each with its proof.
    std::fs::create_dir(desk.path("proofs")).unwrap();
    for n in [0, 1] {
        let place = format!("proofs/decision-{n}.tlog-proof");
        std::fs::write(desk.path(&place), proof(&format!("decision-{n}"))).unwrap();
    }
    let many = ["verify", "decision-0", "decision-1", "decision-2", "--key", "gate.pub.pem", "--any-subject"];
    let more = ["--allow-pinned-clock", "--any-outcome", "--log-proof", "proofs", "--log-key", "log.vkey"];
    let said = desk.run(&[&many[..], &more].concat(), 1);
    assert!(said.contains("3 folders: 2 verified, 1 failed"), "{said}");
    assert!(said.contains("decision-2  FAILED: step 11, history:"), "{said}");
}

#[test]
fn what_a_witness_saw_before_a_key_was_revoked_still_counts() {
    let desk = Desk::new(2);
    desk.appended(&[0]);
    let witness = "log witness history --log-key log.vkey --key witness.pem --name example.org/w --state w.state";
    let line = desk.run(&witness.split(' ').collect::<Vec<_>>(), 0);
    std::fs::write(desk.path("w.vkey"), line.lines().next().unwrap()).unwrap();
    let proof = desk.run(&["log", "prove", "history", "--evidence", "decision-0"], 0);
    std::fs::write(desk.path("proof"), proof).unwrap();
    let seen = [&IN_LOG[..], &["--witness", "w.vkey"]].concat();
    let (code, state, detail, time) = verified(&desk, "decision-0", &seen);
    assert_eq!((code, state.as_str()), (0, "PASS"), "{detail}");
    assert!(detail.ends_with("seen by one witness") && time.contains("seen by example.org/w at "), "{detail}; {time}");
    // The log is no witness of itself, and two are not one.
    assert_eq!(verified(&desk, "decision-0", &[&seen[..], &["--witness", "w.vkey", "--quorum", "2"]].concat()).0, 1);

    desk.run(&["key", "new", "--out", "root"], 0);
    let trusted = |more: &str, code| {
        let line = format!("key trust {more} --root-key root.pem");
        desk.run(&line.split(' ').collect::<Vec<_>>(), code)
    };
    trusted("add gate.pub.pem --valid-from 2026-01-01T00:00:00Z", 0);
    let by_list = |more: &[&str]| {
        let trust = ["--trust", "trust.dsse.json", "--trust-root", "root.pub.pem"];
        verified(&desk, "decision-0", &[&trust, more].concat())
    };
    let (code, _, detail, _) = by_list(&seen);
    assert!(code == 1 && detail.contains("lists no log key"), "{detail}");
    trusted("add log.pub.pem --role log", 0);
    assert_eq!(by_list(&seen).0, 0);

    let shown = desk.run(&["key", "show", "gate.pub.pem"], 0);
    let keyid = shown.split_whitespace().find(|word| word.starts_with("SHA256:")).unwrap().to_owned();
    // In a year; what the witness saw until then was signed by whoever had the key then.
    let year: u32 = time.split("seen by example.org/w at ").nth(1).unwrap()[..4].parse().unwrap();
    trusted(&format!("revoke {keyid} --at {}-01-01T00:00:00Z --reason stolen", year + 1), 0);
    assert_eq!(by_list(&seen).0, 0);
    assert_eq!(by_list(&[]).0, 1, "without the witness nothing proves that it is older");
    trusted(&format!("revoke {keyid} --at {year}-01-01T00:00:00Z --reason stolen"), 0);
    assert_eq!(by_list(&seen).0, 1, "the witness saw it after the key was revoked");
}

#[test]
fn no_changed_byte_of_the_log_holds() {
    let desk = Desk::new(3);
    desk.appended(&[0, 1, 2]);
    let (history, note) = (desk.read("history/history.jsonl"), desk.read("history/checkpoint"));
    let key = desk.verifier_key();
    let opens = |history: &[u8], note: &[u8]| {
        Note::read(note).is_ok_and(|note| Log::open(history, note, &key).is_ok_and(|log| log.beyond() == 0))
    };
    assert!(opens(&history, &note));
    proptest!(ProptestConfig { failure_persistence: None, cases: 2000, ..Default::default() }, |(at in any::<usize>(), bit in 0..8_u8)| {
        let (mut history, mut note) = (history.clone(), note.clone());
        let length = history.len();
        let at = at % (length + note.len());
        let byte = if at < length { &mut history[at] } else { &mut note[at - length] };
        *byte ^= 1 << bit;
        assert!(!opens(&history, &note), "byte {at}, bit {bit}");
    });
    // Lines taken away, given twice, or in another order.
    let lines: Vec<&[u8]> = history.split_inclusive(|b| *b == b'\n').collect();
    for (name, order) in [("last", &[0, 1][..]), ("first", &[1, 2]), ("swapped", &[1, 0, 2]), ("twice", &[0, 1, 2, 2])]
    {
        let other: Vec<u8> = order.iter().flat_map(|n| lines[*n].iter().copied()).collect();
        assert!(!opens(&other, &note), "{name}");
    }
}

/// Whatever an append had written when it was cut off, the next one makes a sound log of it.
#[test]
fn an_append_that_is_cut_off_at_any_byte_loses_nothing() {
    let desk = Desk::new(2);
    desk.appended(&[0]);
    let (before, note) = (desk.read("history/history.jsonl"), desk.read("history/checkpoint"));
    desk.appended(&[1]);
    let after = desk.read("history/history.jsonl");
    let key = desk.verifier_key();
    for cut in before.len()..=after.len() {
        let log = Log::open(&after[..cut], Note::read(&note).unwrap(), &key).unwrap();
        assert_eq!((log.covered(), log.beyond()), (before.len(), cut - before.len()));
    }
    for cut in [before.len(), before.len() + 1, after.len() - 1, after.len()] {
        std::fs::write(desk.path("history/history.jsonl"), &after[..cut]).unwrap();
        std::fs::write(desk.path("history/checkpoint"), &note).unwrap();
        if cut > before.len() {
            assert!(desk.check(&[], 1).contains("bytes beyond its checkpoint"));
        }
        desk.appended(&[1]);
        desk.check(&[], 0);
        assert_eq!(entries(&desk.read("history/history.jsonl")).len(), 2);
    }
}

/// What an append acknowledged is in the log, and the log holds, whenever the process was killed.
#[test]
fn a_killed_append_leaves_a_log_that_holds() {
    let desk = Desk::new(4);
    desk.appended(&[0]);
    let (history, note) = (desk.read("history/history.jsonl"), desk.read("history/checkpoint"));
    for n in 0..60_u64 {
        std::fs::write(desk.path("history/history.jsonl"), &history).unwrap();
        std::fs::write(desk.path("history/checkpoint"), &note).unwrap();
        let mut child = desk.append(&[1, 2, 3]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        std::thread::sleep(std::time::Duration::from_micros(n * 700));
        let _ = child.kill();
        let acknowledged = child.wait().unwrap().success();
        let key = desk.verifier_key();
        let left =
            Log::open(&desk.read("history/history.jsonl"), Note::read(&desk.read("history/checkpoint")).unwrap(), &key)
                .unwrap();
        assert!(left.entries().len() == 4 || (left.entries().len() == 1 && !acknowledged), "run {n}");
    }
    desk.appended(&[1, 2, 3]);
    desk.check(&[], 0);
}

#[test]
fn writers_wait_for_each_other() {
    let desk = Desk::new(6);
    let running: Vec<_> =
        (0..6).map(|n| desk.append(&[n]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()).collect();
    for child in running {
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{}", both(&output));
    }
    assert!(desk.check(&[], 0).contains("6 entries"));
}

#[test]
fn a_log_that_was_cut_back_or_rewritten_is_found_by_whoever_kept_a_checkpoint() {
    let desk = Desk::new(4);
    desk.appended(&[0, 1]);
    let early = (desk.read("history/history.jsonl"), desk.read("history/checkpoint"));
    std::fs::write(desk.path("early"), &early.1).unwrap();
    desk.run(&["log", "monitor", "history", "--log-key", "log.vkey", "--state", "seen"], 0);
    desk.appended(&[2]);
    let seen = desk.run(&["log", "monitor", "history", "--log-key", "log.vkey", "--state", "seen"], 0);
    assert_eq!(seen.matches("2026-11-21T12:00:").count(), 1, "only what is new: {seen}");
    std::fs::write(desk.path("late"), desk.read("history/checkpoint")).unwrap();
    assert!(desk.check(&["--since", "early", "--since", "late"], 0).contains("continues 2 earlier checkpoints"));
    let sent = desk.run(&["log", "prove", "history", "--since", "early"], 0);
    std::fs::write(desk.path("sent"), &sent).unwrap();
    let continues = |proof: &str, since: &str, code| {
        desk.run(&["log", "verify", proof, "--log-key", "log.vkey", "--since", since], code)
    };
    assert!(continues("sent", "early", 0).ends_with("HOLDS\n"));
    assert!(continues("sent", "late", 1).contains("does not show that the log continues"));
    for at in 0..sent.len() {
        let mut changed = sent.clone().into_bytes();
        changed[at] ^= 1;
        let earlier = Note::read(&desk.read("early")).unwrap();
        let earlier = Checkpoint::open(&earlier, &desk.verifier_key()).unwrap();
        let read = Continuation::read(&changed).and_then(|proof| proof.verify(&earlier, &desk.verifier_key()));
        assert!(read.is_err(), "byte {at}");
    }
    assert!(sent.starts_with("old 2\n") && sent.contains("\nexample.com/releases\n3\n"), "{sent}");

    // Both files put back, with a sound signature: only memory helps. Then another history of the same length.
    std::fs::write(desk.path("history/history.jsonl"), &early.0).unwrap();
    std::fs::write(desk.path("history/checkpoint"), &early.1).unwrap();
    for decisions in [&[][..], &[3]] {
        if !decisions.is_empty() {
            desk.appended(decisions);
        }
        desk.check(&["--since", "early"], 0);
        assert!(desk.check(&["--since", "late"], 1).contains("rewritten or cut back"));
        let state = desk.read("seen");
        let monitor = ["log", "monitor", "history", "--log-key", "log.vkey", "--state", "seen"];
        assert!(desk.run(&monitor, 1).contains("rewritten or cut back"));
        assert_eq!(desk.read("seen"), state, "what was seen is not forgotten");
    }
}

#[test]
fn witnesses_sign_what_continues_and_each_counts_once() {
    let desk = Desk::new(2);
    desk.appended(&[0]);
    let witness = [
        "log",
        "witness",
        "history",
        "--log-key",
        "log.vkey",
        "--key",
        "witness.pem",
        "--name",
        "example.org/w",
        "--state",
        "state",
    ];
    let said = desk.run(&witness, 0);
    std::fs::write(desk.path("w.vkey"), said.lines().next().unwrap()).unwrap();
    let checked = desk.check(&["--witness", "w.vkey"], 0);
    assert!(checked.contains("seen by example.org/w at "), "{checked}");
    desk.check(&["--witness", "w.vkey", "--witness", "w.vkey", "--quorum", "2"], 1);
    desk.check(&["--witness", "w.vkey", "--quorum", "2"], 2);
    desk.check(&["--witness", "log.vkey"], 3);
    desk.appended(&[1]);
    assert!(desk.check(&["--witness", "w.vkey"], 1).contains("not signed by example.org/w"));
    desk.run(&witness, 0);
    desk.check(&["--witness", "w.vkey"], 0);
    let as_log =
        ["log", "witness", "history", "--log-key", "log.vkey", "--key", "log.pem", "--name", "x", "--state", "s"];
    assert!(desk.run(&as_log, 2).contains("the log's own key"));
}

#[test]
fn what_does_not_hold_is_refused_and_nothing_is_added() {
    let desk = Desk::new(2);
    desk.appended(&[0]);
    let untouched = (desk.read("history/history.jsonl"), desk.read("history/checkpoint"));
    let append = |key: &str, gate: &str, what: &str, code| {
        desk.run(&["log", "append", "history", "--key", key, "--gate-key", gate, what], code)
    };
    assert!(append("gate.pem", "gate.pub.pem", "decision-1", 2).contains("the same key"));
    assert!(append("log.pem", "witness.pub.pem", "decision-1", 3).contains("the evidence does not hold: signature"));
    assert!(append("witness.pem", "gate.pub.pem", "decision-1", 3).contains("not signed by example.com/releases+"));
    append("log.pem", "gate.pub.pem", "no-such", 3);
    let blob = files_below(&desk.path("decision-1/blobs")).pop().unwrap();
    std::fs::write(blob, "changed").unwrap();
    assert!(append("log.pem", "gate.pub.pem", "decision-1", 3).contains("was changed"));
    assert_eq!((desk.read("history/history.jsonl"), desk.read("history/checkpoint")), untouched);
    let again = ["log", "new", "history", "--origin", "example.com/other", "--key", "log.pem"];
    assert!(desk.run(&again, 3).contains("is a log already"));
    desk.run(&["log", "new", "other", "--origin", "two words", "--key", "log.pem"], 2);
    desk.run(&["log", "check", "nowhere", "--log-key", "log.vkey"], 3);
    let foreign = VerifierKey::new(
        "example.com/releases",
        countersign::history::Role::Log,
        PublicKey::from_pem(&desk.read("witness.pub.pem")).unwrap(),
    );
    std::fs::write(desk.path("foreign.vkey"), foreign.unwrap().to_string()).unwrap();
    let failed = desk.run(&["log", "check", "history", "--log-key", "foreign.vkey", "--output", "json"], 1);
    let document: Value = serde_json::from_str(&failed).unwrap();
    assert_eq!((document["result"].as_str(), document["size"].as_u64()), (Some("failed"), None));
}

/// Pushing to a branch is compare-and-swap: who comes second is refused, fetches, and appends again.
#[test]
fn two_writers_with_clones_of_one_branch_lose_nothing() {
    let desk = Desk::new(3);
    let git = |dir: &Path, arguments: &[&str]| {
        let mut git = Command::new("git");
        git.current_dir(dir).args([
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
            "-c",
            "commit.gpgsign=false",
        ]);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        git.args(arguments).output().unwrap()
    };
    let ok = |dir: &Path, arguments: &[&str]| {
        let output = git(dir, arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", both(&output));
    };
    let root = desk.dir.path();
    ok(root, &["init", "-q", "--bare", "-b", "history", "shared.git"]);
    std::fs::write(desk.path("history/.gitignore"), "lock\n").unwrap();
    for arguments in [
        &["init", "-q", "-b", "history"][..],
        &["add", "."],
        &["commit", "-qm", "begun"],
        &["push", "-q", "../shared.git", "history"],
    ] {
        ok(&desk.path("history"), arguments);
    }
    let append = |clone: &str, n: usize| {
        let decision = format!("decision-{n}");
        desk.run(&["log", "append", clone, "--key", "log.pem", "--gate-key", "gate.pub.pem", &decision], 0);
        ok(&desk.path(clone), &["commit", "-qam", &decision]);
        git(&desk.path(clone), &["push", "-q", "origin", "history"]).status.success()
    };
    for clone in ["one", "two"] {
        ok(root, &["clone", "-q", "shared.git", clone]);
    }
    assert!(append("one", 0));
    assert!(!append("two", 1), "the second writer is refused");
    ok(&desk.path("two"), &["fetch", "-q"]);
    ok(&desk.path("two"), &["reset", "-q", "--hard", "origin/history"]);
    assert!(append("two", 1));
    let checked = desk.run(&["log", "check", "two", "--log-key", "log.vkey", "--since", "one/checkpoint"], 0);
    assert!(checked.contains("2 entries"), "{checked}");
}

#[test]
fn the_releases_of_a_period_are_all_of_them_between_two_states_of_the_log() {
    let desk = Desk::new(4);
    desk.appended(&[0, 1, 2, 3]);
    let releases = |more: &[&str]| desk.run(&[&["releases", "history", "--log-key", "log.vkey"], more].concat(), 0);
    let text = releases(&["--from", "2026-11-21", "--to", "2026-11-21", "--environment", "Production"]);
    assert!(text.contains("4 decisions: 2 pass, 0 warn, 2 block, 0 error"), "{text}");
    assert!(releases(&["--from", "2026-11-22"]).contains("0 decisions"));
    assert!(releases(&["--service", "other"]).contains("0 decisions"));
    let document: Value = serde_json::from_str(&releases(&["--output", "json"])).unwrap();
    assert_eq!(document["start"]["size"], 0);
    assert_eq!(document["end"], document["state"]);
    assert_eq!(document["decisions"].as_array().unwrap().len(), 4);
    let table = releases(&["--output", "csv"]);
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let outcome = reader.headers().unwrap().iter().position(|name| name == "outcome").unwrap();
    let outcomes: Vec<String> = reader.records().map(|record| record.unwrap()[outcome].to_owned()).collect();
    assert_eq!(outcomes, ["pass", "block", "pass", "block"]);
    desk.run(&["releases", "history", "--log-key", "log.vkey", "--from", "2026-11-22", "--to", "2026-11-21"], 2);
    std::fs::write(desk.path("history/history.jsonl"), "").unwrap();
    assert!(desk.run(&["releases", "history", "--log-key", "log.vkey"], 3).contains("entries were removed"));
}

/// The commit of the shipped scenario, which every decision here is about.
fn commit() -> String {
    let change: Value = serde_json::from_slice(&std::fs::read(fixture("scenarios/pass/change.json")).unwrap()).unwrap();
    change["commit"].as_str().unwrap().to_owned()
}

#[test]
fn every_deployment_rests_on_the_newest_decision_before_it_or_is_named() {
    let desk = Desk::new(2);
    // A pass at 12:00:00, a block at 12:00:01.
    desk.appended(&[0, 1]);
    let (known, unknown) = (commit(), "1".repeat(40));
    let reconcile = |list: &str, code| {
        std::fs::write(desk.path("list"), list).unwrap();
        let asked =
            ["reconcile", "history", "--log-key", "log.vkey", "--environment", "production", "--deployments", "list"];
        desk.run(&[&asked[..], &["--to", "2026-11-30", "--output", "json"]].concat(), code)
    };
    let findings = |text: &str| {
        let document: Value = serde_json::from_str(text).unwrap();
        let rows = document["deployments"].as_array().unwrap().clone();
        rows.iter()
            .map(|row| format!("{}:{}", row["id"].as_str().unwrap(), row["finding"].as_str().unwrap()))
            .collect::<Vec<_>>()
    };
    let list = format!(
        "id,commit,at,environment,status\na,{known},2026-11-21T12:00:00Z,Production,success\nb,{known},2026-11-21T12:00:01Z,production,\n\
         c,{known},2026-11-21T11:59:59Z,production,\nd,{unknown},2026-11-21T12:00:00Z,production,\ne,{unknown},,staging,\n\
         f,{unknown},2026-12-21T12:00:00Z,production,\ng,{unknown},2026-11-21T12:00:00Z,production,failed\n"
    );
    let text = reconcile(&list, 1);
    assert_eq!(findings(&text), ["d:without-decision", "c:before-decision", "b:despite-block", "a:in-order"]);
    let document: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["rows"], 7);
    assert_eq!(document["left_out"], serde_json::json!({"not_done": 1, "elsewhere": 1, "outside": 1}));

    // As GitHub, GitLab and a registry export them.
    let github =
        format!(r#"[{{"id":7,"sha":"{known}","environment":"production","created_at":"2026-11-21T12:00:00Z"}}]"#);
    assert_eq!(findings(&reconcile(&github, 0)), ["7:in-order"]);
    let gitlab = format!(
        r#"[{{"id":8,"sha":"{known}","environment":{{"name":"production"}},"status":"success","created_at":"2026-11-21T12:00:05.123Z"}}]"#
    );
    assert_eq!(findings(&reconcile(&gitlab, 1)), ["8:despite-block"]);
    let registry =
        format!(r#"{{"results":[{{"name":"1.2","digest":"sha256:{}","tag_status":"active"}}]}}"#, "1".repeat(64));
    assert_eq!(findings(&reconcile(&registry, 1)), ["1.2:without-decision"]);
    let empty: Value = serde_json::from_str(&reconcile("[]", 0)).unwrap();
    assert_eq!(empty["undeployed"].as_array().unwrap().len(), 1, "the pass was never deployed");

    for (wrong, says) in [
        ("", "names neither a `digest` nor a `commit` column"),
        ("id,at\n1,2026-11-21\n", "names neither a `digest` nor a `commit` column"),
        ("{}", "no list of deployments"),
        (r#"[{"id":1}]"#, "row 1: names neither a digest nor a commit"),
        ("commit\nmain\n", "row 1: not a git commit id"),
        ("digest\nsha1:00\n", "row 1: not a SHA-256 digest"),
        ("commit,at\n1111111111111111111111111111111111111111,yesterday\n", "row 1: not an instant"),
        ("commit\na,b\n", "CSV"),
    ] {
        let said = reconcile(wrong, 3);
        assert!(said.contains(says), "{wrong:?}: {said}");
    }
}

#[test]
fn a_period_is_exported_as_oscal_from_evidence_that_is_there() {
    let desk = Desk::new(2);
    desk.appended(&[0, 1]);
    std::fs::create_dir(desk.path("evidence")).unwrap();
    let oscal = [
        "releases",
        "history",
        "--log-key",
        "log.vkey",
        "--output",
        "oscal",
        "--evidence",
        "evidence",
        "--gate-key",
        "gate.pub.pem",
    ];
    assert!(desk.run(&oscal, 3).contains("the evidence of 2 decisions of the period is not there"));
    for n in 0..2 {
        std::fs::rename(desk.path(&format!("decision-{n}")), desk.path(&format!("evidence/decision-{n}"))).unwrap();
    }
    let document: Value = serde_json::from_str(&desk.run(&oscal, 0)).unwrap();
    let result = &document["assessment-results"]["results"][0];
    let observations = result["observations"].as_array().unwrap();
    assert_eq!(observations.len(), 2);
    assert_eq!(observations[1]["relevant-evidence"][0]["href"], "evidence/decision-1/decision.dsse.json");
    let findings = result["findings"].as_array().unwrap();
    // A release that was held back is a control that worked.
    assert!(findings.len() > 20 && findings.iter().all(|finding| finding["target"]["status"]["state"] == "satisfied"));
    let named = findings.iter().filter(|finding| finding.get("related-observations").is_some()).count();
    assert!(named > 0, "the block names controls");
    desk.run(&["releases", "history", "--log-key", "log.vkey", "--output", "oscal"], 2);
}
