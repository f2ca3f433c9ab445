//! How long it takes to verify many folders of evidence, beside what opening and reading their files, SHA-256 and Ed25519 alone need.
//! `cargo bench --bench verifying [FOLDERS]`; one thread, the least of three runs each. Nothing here is a test.

#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a measuring program for developers: it reads files and the clock, starts the command, prints, and stops at what is wrong"
)]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use countersign::cli::evidence::read;
use countersign::evidence::dsse::pae;
use countersign::evidence::keys::PublicKey;
use countersign::evidence::{Demands, Trust, Verdict, verify};
use countersign::model::digest::Digest;
use data_encoding::BASE64;
use serde_json::Value;

/// Folders, where nobody says how many.
const FOLDERS: usize = 10_000;

/// Runs of which the least counts.
const RUNS: usize = 3;

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(FOLDERS);
    let dir = tempfile::tempdir().unwrap();
    let (folder, key) = made(dir.path());
    let folders: Vec<PathBuf> = (0..count).map(|n| dir.path().join("many").join(format!("d-{n}"))).collect();
    folders.iter().for_each(|place| link(&folder, place));
    let envelopes = signed(&folder);

    let seconds = |work: &dyn Fn(&Path)| {
        let start = Instant::now();
        folders.iter().for_each(|place| work(place));
        start.elapsed().as_secs_f64()
    };
    let demands = Demands::of_any_decision(Trust::Key(&key), "2026-11-21T13:00:00Z".parse().unwrap());
    let floor = |place: &Path| {
        digest_below(place);
        assert!(envelopes.iter().all(|(message, signature)| key.verifies(message, signature)));
    };
    let ours = |place: &Path| {
        let verification = verify(&read(place).unwrap(), &demands);
        assert_ne!(verification.verdict, Verdict::Failed, "{:?}", verification.steps);
    };
    let least = |work: &dyn Fn(&Path)| (0..RUNS).map(|_| seconds(work)).fold(f64::INFINITY, f64::min);
    let (floor, ours) = (least(&floor), least(&ours));
    println!("{count} folders  floor {floor:.3} s  ours {ours:.3} s  ratio {:.2}", ours / floor);
}

/// The evidence of a run, by the command, and the key that signed it.
fn made(dir: &Path) -> (PathBuf, PublicKey) {
    let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/scenarios/pass");
    let run = |at: &Path, words: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign")).current_dir(at).args(words).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    run(dir, &["key", "new", "--out", "gate"]);
    let text = std::fs::read_to_string(scenario.join("scenario.toml")).unwrap();
    let table: toml::Table = toml::from_str(&text).unwrap();
    let arguments = table.get("args").and_then(toml::Value::as_array).unwrap();
    let arguments: Vec<&str> = arguments.iter().filter_map(toml::Value::as_str).collect();
    let (evidence, key) = (dir.join("evidence"), dir.join("gate.pem"));
    let more = ["--evidence", evidence.to_str().unwrap(), "--key", key.to_str().unwrap(), "--quiet"];
    run(&scenario, &[&["check"][..], &arguments, &more].concat());
    let folder = std::fs::read_dir(evidence).unwrap().next().unwrap().unwrap().path();
    (folder, PublicKey::from_pem(&std::fs::read(dir.join("gate.pub.pem")).unwrap()).unwrap())
}

/// The same folder once more: its directories anew, its files linked.
fn link(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let (from, to) = (entry.path(), to.join(entry.file_name()));
        if from.is_dir() { link(&from, &to) } else { std::fs::hard_link(from, to).unwrap() }
    }
}

/// What was signed in a folder, and the signatures.
fn signed(folder: &Path) -> Vec<(Vec<u8>, [u8; 64])> {
    let names = ["decision.dsse.json", "vsa.dsse.json"].map(|name| folder.join(name));
    let read = |path: &PathBuf| {
        let envelope: Value = serde_json::from_slice(&std::fs::read(path).ok()?).ok()?;
        let text = |pointer: &str| BASE64.decode(envelope.pointer(pointer)?.as_str()?.as_bytes()).ok();
        let signature = text("/signatures/0/sig")?.try_into().ok()?;
        Some((pae("application/vnd.in-toto+json", &text("/payload")?), signature))
    };
    names.iter().filter_map(read).collect()
}

/// Opens and reads every file, and digests it.
fn digest_below(dir: &Path) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_dir() {
            digest_below(&entry.path());
        } else {
            std::hint::black_box(Digest::of(std::fs::read(entry.path()).unwrap()));
        }
    }
}
