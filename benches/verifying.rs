//! How long it takes to verify many folders of evidence, beside what opening and reading their files, SHA-256 and Ed25519 alone need.
//! `cargo bench --bench verifying [FOLDERS]`; one thread, the least of three runs each. Nothing here is a test.
//!
//! Each folder holds a decision of its own, signed anew; what decisions share, such as the policies, are links to one file.

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
use countersign::evidence::bundle::Bundle;
use countersign::evidence::dsse::{Envelope, pae};
use countersign::evidence::keys::PrivateKey;
use countersign::evidence::{BLOBS, BUNDLE_FILE, DECISION_FILE, Demands, Trust, Verdict, verify};
use countersign::model::digest::Digest;
use data_encoding::BASE64;
use serde_json::Value;

/// The binary's own, for both sides.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Folders, where nobody says how many.
const FOLDERS: usize = 10_000;

/// Runs of which the least counts.
const RUNS: usize = 3;

fn main() {
    let count = std::env::args().skip(1).find_map(|word| word.parse().ok()).unwrap_or(FOLDERS);
    let dir = tempfile::tempdir().unwrap();
    let (folder, private) = made(dir.path());
    let (one, key) = (One::read(&folder), private.public());
    let folders: Vec<PathBuf> =
        (0..count).map(|n| one.again(&folder, &dir.path().join("many"), &format!("d-{n:032x}"), &private)).collect();
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
fn made(dir: &Path) -> (PathBuf, PrivateKey) {
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
    (folder, PrivateKey::from_pem(&std::fs::read(key).unwrap()).unwrap())
}

/// What is a decision's own in its folder.
struct One {
    id: String,
    statement: String,
    /// The name of the decision document among the blobs, and what it says.
    result: (String, String),
}

impl One {
    fn read(folder: &Path) -> Self {
        let (message, _) = signed(folder).swap_remove(0);
        let message = String::from_utf8(message).unwrap();
        let statement = message.split_at(message.find('{').unwrap()).1.to_owned();
        let value: Value = serde_json::from_str(&statement).unwrap();
        let text = |pointer: &str| value.pointer(pointer).unwrap().as_str().unwrap().to_owned();
        let result = text("/predicate/result/sha256");
        let document = std::fs::read_to_string(folder.join(BLOBS).join(&result)).unwrap();
        Self { id: text("/predicate/decisionId"), statement, result: (result, document) }
    }

    /// The same decision under another id: with a document, a signature and a folder of its own.
    fn again(&self, folder: &Path, below: &Path, id: &str, key: &PrivateKey) -> PathBuf {
        let place = below.join(id);
        let blobs = place.join(BLOBS);
        std::fs::create_dir_all(&blobs).unwrap();
        for blob in std::fs::read_dir(folder.join(BLOBS)).unwrap() {
            let blob = blob.unwrap();
            if blob.file_name() != self.result.0.as_str() {
                std::fs::hard_link(blob.path(), blobs.join(blob.file_name())).unwrap();
            }
        }
        let document = self.result.1.replace(&self.id, id);
        let digest = Digest::of(&document).hex();
        let statement = self.statement.replace(&self.id, id).replace(&self.result.0, &digest);
        let envelope = Envelope::sealed(statement.as_bytes(), key).unwrap();
        std::fs::write(blobs.join(digest), document).unwrap();
        std::fs::write(place.join(DECISION_FILE), envelope.to_bytes().unwrap()).unwrap();
        std::fs::write(place.join(BUNDLE_FILE), Bundle::around(&envelope, None).unwrap().to_bytes().unwrap()).unwrap();
        place
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
