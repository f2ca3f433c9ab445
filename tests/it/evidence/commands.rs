//! The commands, on a real disk, beside the programs that auditors have.

use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::cli::error::CliError;
use countersign::cli::signing::{Secret, private_key};
use countersign::cli::trust::KeysArgs;
use countersign::cli::verify::{OutcomeArg, VerifyArgs, VerifyOutput};
use countersign::cli::{evidence as folders, key as keys, verify};
use countersign::decision::{Decision, Outcome};
use countersign::evidence::Evidence;
use countersign::model::digest::Digest;

use super::made::{ARTIFACT, decision, evidence, key};
use crate::support::root;

/// A directory with a key, the artifact and evidence.
struct Desk {
    dir: tempfile::TempDir,
    folder: PathBuf,
    key: PathBuf,
    artifact: PathBuf,
    evidence: Evidence,
}

impl Desk {
    fn new(decision: &Decision) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let evidence = evidence(decision);
        let folder = folders::write(&dir.path().join("evidence"), &evidence).unwrap().place;
        let write = |name: &str, bytes: &[u8]| {
            let path = dir.path().join(name);
            std::fs::write(&path, bytes).unwrap();
            path
        };
        write("gate.pub", key().public().to_openssh("gate").as_bytes());
        let key = write("gate.pub.pem", key().public().to_pem().as_bytes());
        let artifact = write("shop.tar.gz", ARTIFACT);
        Self { dir, folder, key, artifact, evidence }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// The folder, against key and artifact, and nothing more.
    fn asked(&self) -> VerifyArgs {
        VerifyArgs {
            evidence: vec![self.folder.clone()],
            keys: by(&self.key),
            subject: Some(self.artifact.to_str().unwrap().to_owned()),
            ..VerifyArgs::default()
        }
    }
}

/// To be verified with this key.
fn by(key: &Path) -> KeysArgs {
    KeysArgs { key: Some(key.to_owned()), ..KeysArgs::default() }
}

/// The exit code and what was printed.
fn run(asked: &VerifyArgs) -> (Result<u8, CliError>, String) {
    let mut out = Vec::new();
    let result = verify::verify(asked, &mut out);
    (result, String::from_utf8(out).unwrap())
}

fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn what_is_written_verifies_from_the_disk() {
    let desk = Desk::new(&decision());
    let (code, text) = run(&desk.asked());
    assert_eq!(code, Ok(0), "{text}");
    assert!(text.ends_with("VERIFIED\n"), "{text}");
    assert!(text.contains(" 4  signature     PASS"), "{text}");
    assert!(text.contains("13  replay        NOT CHECKED"), "{text}");
    let envelope = desk.folder.join("decision.dsse.json");
    assert_eq!(run(&VerifyArgs { evidence: vec![envelope], ..desk.asked() }).0, Ok(0));
}

#[test]
fn results_are_exit_codes_and_json() {
    let desk = Desk::new(&Decision { outcome: Outcome::Block, ..decision() });
    let (code, text) = run(&desk.asked());
    assert_eq!(code, Ok(1));
    assert!(text.ends_with("FAILED: step 14, outcome: block; --any-outcome accepts that\n"), "{text}");
    assert_eq!(run(&VerifyArgs { any_outcome: true, ..desk.asked() }).0, Ok(0));
    let (code, text) =
        run(&VerifyArgs { any_outcome: true, subject: None, output: VerifyOutput::Json, ..desk.asked() });
    assert_eq!(code, Ok(5));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["schema"], "countersign/verification/v1");
    assert_eq!(document["result"], "incomplete");
    assert_eq!(document["steps"][6]["state"], "NOT CHECKED");
    assert_eq!(document["statement"]["predicate"]["outcome"], "block");
}

#[test]
fn what_cannot_be_read_is_an_error_and_no_result() {
    let desk = Desk::new(&decision());
    let missing = desk.path("missing");
    let code = |result: Result<u8, CliError>| result.unwrap_err().exit.code();
    assert_eq!(code(run(&VerifyArgs { evidence: vec![missing.clone()], ..desk.asked() }).0), 3);
    assert_eq!(code(run(&VerifyArgs { keys: by(&missing), ..desk.asked() }).0), 3);
    assert_eq!(code(run(&VerifyArgs { subject: Some(missing.to_str().unwrap().to_owned()), ..desk.asked() }).0), 3);
    assert_eq!(code(run(&VerifyArgs { subject: Some("sha256:abc".to_owned()), ..desk.asked() }).0), 2);
    assert_eq!(code(run(&VerifyArgs { policy: Some("abc".to_owned()), ..desk.asked() }).0), 2);
    assert_eq!(code(run(&VerifyArgs { max_age: Some("soon".to_owned()), ..desk.asked() }).0), 2);
    let digest = Digest::of(ARTIFACT).to_string();
    assert_eq!(run(&VerifyArgs { subject: Some(digest), ..desk.asked() }).0, Ok(0));
    // An empty directory holds no evidence.
    let empty = tempfile::tempdir().unwrap();
    let (code, text) = run(&VerifyArgs { evidence: vec![empty.path().to_owned()], ..desk.asked() });
    assert_eq!(code, Ok(1));
    assert!(text.contains("decision.dsse.json is missing"), "{text}");
}

#[test]
fn many_folders_at_once_are_as_good_as_the_worst_of_them() {
    let desk = Desk::new(&decision());
    let place = desk.path("evidence");
    let all = |more: VerifyArgs| run(&VerifyArgs { evidence: vec![place.clone()], ..more });
    let blocked = Decision { id: "d-1".to_owned(), outcome: Outcome::Block, ..decision() };
    folders::write(&place.join("2024/01"), &evidence(&blocked)).unwrap();
    std::fs::create_dir(place.join(".countersign-unfinished")).unwrap();
    std::fs::write(place.join("notes.txt"), "no evidence").unwrap();
    let (code, text) = all(desk.asked());
    assert_eq!(code, Ok(1), "{text}");
    assert!(text.contains("d-1  FAILED: step 14, outcome: block"), "{text}");
    assert!(text.ends_with("2 folders: 1 verified, 1 failed, 0 incomplete, 0 unreadable\n"), "{text}");
    let (code, text) = all(VerifyArgs { any_outcome: true, ..desk.asked() });
    assert_eq!(code, Ok(0), "{text}");
    let (code, text) = all(VerifyArgs { any_outcome: true, subject: None, ..desk.asked() });
    assert_eq!(code, Ok(5), "{text}");
    let auditor = VerifyArgs { any_outcome: true, any_subject: true, subject: None, ..desk.asked() };
    assert_eq!(all(auditor.clone()).0, Ok(0));

    let (code, text) = all(VerifyArgs { output: VerifyOutput::Json, ..auditor });
    assert_eq!(code, Ok(0));
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(document["counts"]["verified"], 2);
    assert_eq!(document["evidence"][0]["statement"]["predicate"]["outcome"], "block");
    let (_, text) = all(VerifyArgs { output: VerifyOutput::Junit, ..desk.asked() });
    assert!(text.contains(r#"tests="15" failures="1" errors="0" skipped="3""#), "{text}");
    assert!(text.contains("<failure>FAIL: block; --any-outcome accepts that</failure>"), "{text}");
}

#[test]
fn an_outcome_can_be_demanded() {
    let desk = Desk::new(&Decision { outcome: Outcome::Warn, ..decision() });
    let demand = |words: &[OutcomeArg]| run(&VerifyArgs { require_outcome: words.to_vec(), ..desk.asked() });
    assert_eq!(demand(&[OutcomeArg::Warn]).0, Ok(0));
    assert_eq!(demand(&[OutcomeArg::Pass, OutcomeArg::Warn]).0, Ok(0));
    let (code, text) = demand(&[OutcomeArg::Pass]);
    assert_eq!(code, Ok(1));
    assert!(text.ends_with("FAILED: step 14, outcome: warn, and not pass\n"), "{text}");
}

#[test]
fn a_folder_is_written_once_and_never_changed() {
    let desk = Desk::new(&decision());
    let place = desk.folder.parent().unwrap();
    assert_eq!(folders::write(place, &desk.evidence).unwrap().place, desk.folder);
    let other = evidence(&Decision { outcome: Outcome::Warn, ..decision() });
    let fault = folders::write(place, &other).unwrap_err();
    assert_eq!(fault.exit.code(), 4);
    assert!(fault.to_string().contains("other evidence stands there"), "{fault}");
    assert_eq!(run(&desk.asked()).0, Ok(0));
    assert_eq!(names(place), [desk.evidence.id.as_str()], "nothing half-written remains");
}

#[test]
fn a_place_that_cannot_be_written_is_an_internal_error() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("file"), "").unwrap();
    for place in ["file", "file/below"] {
        let fault = folders::write(&dir.path().join(place), &evidence(&decision())).unwrap_err();
        assert_eq!(fault.exit.code(), 4);
        assert!(fault.to_string().contains("could not be written"), "{fault}");
    }
    assert_eq!(names(dir.path()), ["file"]);
}

#[test]
fn an_empty_directory_in_a_folder_is_refused() {
    let desk = Desk::new(&decision());
    std::fs::create_dir_all(desk.folder.join("more/and/more")).unwrap();
    let (code, text) = run(&desk.asked());
    assert_eq!(code, Ok(1));
    assert!(text.contains("more/and/more is neither a regular file"), "{text}");
}

#[test]
fn withdrawn_evidence_is_gone_and_what_stood_before_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let first = folders::write(dir.path(), &evidence(&decision())).unwrap();
    let again = folders::write(dir.path(), &evidence(&decision())).unwrap();
    again.withdraw().unwrap();
    assert_eq!(names(dir.path()), [decision().id]);
    first.withdraw().unwrap();
    assert!(names(dir.path()).is_empty());
}

#[test]
fn nothing_in_the_working_directory_says_how_to_verify() {
    let blocked = Desk::new(&Decision { outcome: Outcome::Block, ..decision() });
    let hostile = tempfile::tempdir().unwrap();
    let configuration = "mode: audit\nkey: gate.pem\nfail_on: never\n";
    for name in ["countersign.yaml", ".countersign.yaml", "allowed_signers", "trust.dsse.json", "tsa-root.pem"] {
        std::fs::write(hostile.path().join(name), configuration).unwrap();
    }
    let verify = |directory: &Path| {
        let mut verify = crate::support::command();
        verify.current_dir(directory).env("COUNTERSIGN_KEY", "x").env("COUNTERSIGN_ANY_OUTCOME", "true");
        verify
            .arg("verify")
            .arg(&blocked.folder)
            .arg("--key")
            .arg(&blocked.key)
            .arg("--subject")
            .arg(&blocked.artifact);
        let output = verify.output().unwrap();
        (output.status.code(), output.stdout, output.stderr)
    };
    let (plain, there) = (verify(blocked.dir.path()), verify(hostile.path()));
    assert_eq!(plain.0, Some(1));
    assert_eq!(plain, there);
}

#[cfg(unix)]
#[test]
fn links_out_of_a_folder_are_refused() {
    let desk = Desk::new(&decision());
    let blob = desk.evidence.files.keys().find(|name| name.starts_with("blobs/")).unwrap();
    let (inside, outside) = (desk.folder.join(blob), desk.path("outside"));
    std::fs::rename(&inside, &outside).unwrap();
    std::os::unix::fs::symlink(&outside, &inside).unwrap();
    let (code, text) = run(&desk.asked());
    assert_eq!(code, Ok(1));
    assert!(text.contains("is neither a regular file nor a directory with files"), "{text}");
}

#[test]
fn a_new_key_is_private_whole_and_never_overwritten() {
    let dir = tempfile::tempdir().unwrap();
    let prefix = dir.path().join("gate");
    let mut out = Vec::new();
    keys::new(&prefix, &mut out).unwrap();
    assert_eq!(names(dir.path()), ["gate.pem", "gate.pub", "gate.pub.pem"]);
    let private = private_key(&Secret::File(dir.path().join("gate.pem")), None).unwrap();
    assert_eq!(folders::public_key(&dir.path().join("gate.pub.pem")).unwrap(), private.public());
    let printed = String::from_utf8(out).unwrap();
    assert!(printed.starts_with(&private.public().fingerprint()), "{printed}");
    assert!(!printed.contains("PRIVATE"));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |name: &str| std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("gate.pem"), mode("gate.pub.pem"), mode("gate.pub")), (0o600, 0o644, 0o644));
    }

    for name in ["gate.pem", "gate.pub.pem"] {
        let mut shown = Vec::new();
        keys::show(&dir.path().join(name), None, &mut shown).unwrap();
        let openssh = std::fs::read_to_string(dir.path().join("gate.pub")).unwrap();
        assert_eq!(String::from_utf8(shown).unwrap(), format!("{}\n{openssh}", private.public().fingerprint()));
    }

    let before = std::fs::read(dir.path().join("gate.pem")).unwrap();
    let fault = keys::new(&prefix, &mut Vec::new()).unwrap_err();
    assert_eq!(fault.exit.code(), 4);
    assert_eq!(std::fs::read(dir.path().join("gate.pem")).unwrap(), before);
    // One file in the way of three: none is made.
    std::fs::write(dir.path().join("other.pub"), "mine").unwrap();
    assert!(keys::new(&dir.path().join("other"), &mut Vec::new()).is_err());
    assert_eq!(names(dir.path()), ["gate.pem", "gate.pub", "gate.pub.pem", "other.pub"]);
}

/// The shell blocks of the documentation that are marked as run by this test.
fn recipes() -> Vec<String> {
    let text = std::fs::read_to_string(root().join("docs/evidence.md")).unwrap();
    let blocks = text.split("<!-- run by a test -->\n```sh\n").skip(1);
    blocks.map(|block| block.split("```").next().unwrap().to_owned()).collect()
}

fn shell(dir: &Path, script: &str) -> (bool, String) {
    let output = Command::new("sh").args(["-euc", script]).current_dir(dir).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&text).into_owned())
}

#[test]
fn an_auditor_verifies_with_openssl_alone_as_documented() {
    let desk = Desk::new(&decision());
    std::fs::rename(&desk.folder, desk.path("evidence/DECISION_ID")).unwrap();
    let recipes = recipes();
    let script = recipes.join("\n");
    let (success, text) = shell(desk.dir.path(), &script);
    assert!(success, "{text}");
    for expected in ["Signature Verified Successfully", "subject OK", "blobs OK", &key().public().fingerprint()] {
        assert!(text.contains(expected), "{expected}: {text}");
    }

    // The same commands refuse what was changed.
    let envelope = desk.path("evidence/DECISION_ID/decision.dsse.json");
    let honest = std::fs::read_to_string(&envelope).unwrap();
    let at = honest.find("eyJ").unwrap() + 40;
    let mut changed = honest.clone().into_bytes();
    changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
    std::fs::write(&envelope, changed).unwrap();
    assert!(!shell(desk.dir.path(), &script).0);
    std::fs::write(&envelope, honest).unwrap();
    std::fs::write(desk.path("shop.tar.gz"), "another artifact").unwrap();
    let (success, text) = shell(desk.dir.path(), &script);
    assert!(!success && text.contains("Signature Verified Successfully") && !text.contains("subject OK"), "{text}");
}
