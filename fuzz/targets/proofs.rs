//! What is signed or proven, held against crates that share no code with the gate's: `base64`, `ed25519-compact`, `ct-merkle`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use countersign::evidence::bundle::Bundle;
use countersign::evidence::dsse::{Envelope, PAYLOAD_TYPE};
use countersign::evidence::keys::{PrivateKey, PublicKey, Sign};
use countersign::evidence::trust::{Roots, TrustList};
use countersign::history::{Checkpoint, Continuation, Entry, Inclusion, Note, Proof, Role, VerifierKey, Watch};
use countersign::model::digest::Digest;
use countersign::model::time::Timestamp;
use ct_merkle::mem_backed_tree::MemoryBackedTree;
use ct_merkle::{ConsistencyProof, InclusionProof, RootHash};
use serde_json::Value;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::documents::same_as_serde;
use super::harmless;

/// The origin of the log whose key the targets know.
const LOG: &str = "log.example/fuzz";

fn key() -> PrivateKey {
    PrivateKey::from_seed(&Zeroizing::new([7; 32]))
}

fn log_key() -> VerifierKey {
    VerifierKey::new(LOG, Role::Log, Sign::public(&key())).expect("a name without a space")
}

/// Reading a file and writing it gives the same bytes, changed bytes never verify, and what verifies here verifies elsewhere.
pub(super) fn envelopes(bytes: &[u8]) {
    same_as_serde(bytes);
    if let Ok(envelope) = Envelope::read(bytes) {
        let written = envelope.to_bytes().expect("what was read can be written");
        assert_eq!(written, bytes, "an envelope has two spellings");
        if let Some(bundle) = Bundle::around(&envelope, None) {
            let bundle = bundle.to_bytes().expect("a bundle can be written");
            assert_eq!(Bundle::check(&bundle, &envelope), Ok(None));
        }
    }
    let Ok(sealed) = Envelope::sealed(bytes, &key()) else { return };
    let sealed = sealed.to_bytes().expect("an envelope can be written");
    assert_eq!(independent(&sealed, PAYLOAD_TYPE).as_deref(), Some(bytes), "others do not accept our envelope");
}

/// The payload of an envelope that `key()` signed, as read by other crates.
fn independent(file: &[u8], payload_type: &str) -> Option<Vec<u8>> {
    let envelope: Value = serde_json::from_slice(file).ok()?;
    let payload = STANDARD.decode(envelope.get("payload")?.as_str()?).ok()?;
    if envelope.get("payloadType")?.as_str()? != payload_type {
        return None;
    }
    let mut message = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len()).into_bytes();
    message.extend_from_slice(&payload);
    let public = ed25519_compact::PublicKey::new(*Sign::public(&key()).as_bytes());
    let holds = |signature: &Value| {
        let signature = STANDARD.decode(signature.get("sig")?.as_str()?).ok()?;
        let signature = ed25519_compact::Signature::from_slice(&signature).ok()?;
        public.verify(&message, &signature).ok()
    };
    envelope.get("signatures")?.as_array()?.iter().any(|signature| holds(signature).is_some()).then_some(payload)
}

/// A trust file that is taken was signed by the root for another implementation, too. The bytes are a file, and changes to a
/// sound one: place (two bytes) and what is put there, again and again.
pub(super) fn trust(bytes: &[u8]) {
    let issued: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let expires: Timestamp = "2027-01-01T00:00:00Z".parse().expect("a time");
    let mut file = TrustList::new(issued, expires, 1).sealed(issued, &key()).expect("a list can be sealed");
    let sound = file.clone();
    for change in bytes.chunks_exact(3) {
        let place = usize::from(u16::from_be_bytes([change[0], change[1]])) % file.len();
        file[place] = change[2];
    }
    let roots: &[PublicKey] = &[Sign::public(&key())];
    for (file, may_hold) in [(bytes, false), (&file, file == sound)] {
        match TrustList::read(file, Roots { keys: roots, threshold: 1, least_version: 0 }) {
            Ok(list) => {
                let payload = independent(file, "application/vnd.countersign.trust+json").expect("others refuse it");
                let plain: Value = serde_json::from_slice(&payload).expect("JSON");
                assert_eq!(serde_json::to_value(list).expect("a list is JSON"), plain);
                assert!(may_hold, "a changed file is taken");
            }
            Err(fault) => harmless(&fault.to_string()),
        }
    }
}

/// Proofs, checkpoints, notes and entries have one spelling; nothing that the log's key did not sign holds.
pub(super) fn proofs(bytes: &[u8]) {
    let log = log_key();
    if let Ok(note) = Note::read(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes, "a note has two spellings");
        assert!(Checkpoint::open(&note, &log).is_err(), "a checkpoint out of nothing");
    }
    if let Ok(proof) = Proof::read(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes, "a proof has two spellings");
        assert!(proof.verify(&log).is_err(), "a proof out of nothing");
    }
    let watch = Watch { log: &log, witnesses: &[], quorum: 0 };
    assert!(Inclusion::read(bytes, Digest::of(bytes), watch).is_err(), "an entry out of nothing");
    if let Ok(proof) = Continuation::read(bytes) {
        assert_eq!(proof.to_string().as_bytes(), bytes, "a consistency proof has two spellings");
    }
    if let Ok(entry) = Entry::read(bytes) {
        assert_eq!(entry.line(), bytes, "an entry has two spellings");
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        if let Ok(key) = text.parse::<VerifierKey>() {
            assert_eq!(key.to_string(), text, "a verifier key has two spellings");
        }
        if let Ok(key) = PublicKey::from_pem(bytes) {
            assert_eq!(PublicKey::from_pem(key.to_pem().as_bytes()), Ok(key));
        }
        let _ = Checkpoint::read(text);
    }
    if let Ok(key) = PrivateKey::from_pem(bytes) {
        harmless(&format!("{key:?}"));
    }
}

/// Proofs of `ct-merkle`, as they are and damaged: it and the gate accept the same ones. The bytes say how many entries the
/// earlier and the later log have, whose entry it is, and where which bits are turned or hashes cut off.
pub(super) fn merkle(bytes: &[u8]) {
    let &[old, more, index, place, bits, cut] = bytes else { return };
    let old = u64::from(old % 64) + 1;
    let size = old + u64::from(more % 64) + 1;
    let index = u64::from(index) % size;
    let mut tree = MemoryBackedTree::<Sha256, Vec<u8>>::new();
    let mut earlier = None;
    for number in 0..size {
        tree.push(format!("entry {number}").into_bytes());
        if number + 1 == old {
            earlier = Some(tree.root());
        }
    }
    let (earlier, later) = (earlier.expect("old is within size"), tree.root());
    let damaged = |proof: &[u8]| {
        let mut proof = proof[..proof.len().saturating_sub(usize::from(cut % 3) * 32)].to_vec();
        let place = usize::from(place) % proof.len().max(1);
        if let Some(byte) = proof.get_mut(place) {
            *byte ^= bits;
        }
        proof
    };
    let hashes = |proof: &[u8]| proof.chunks_exact(32).map(|hash| hash.try_into().expect("32 bytes")).collect();
    let checkpoint = |root: &RootHash<Sha256>| Checkpoint {
        origin: LOG.to_owned(),
        size: root.num_leaves(),
        root: root.as_bytes().as_slice().try_into().expect("32 bytes"),
    };
    let note = || checkpoint(&later).sign(&key()).expect("the key signs");
    let (log, entry) = (log_key(), format!("entry {index}").into_bytes());

    let proof = damaged(tree.prove_inclusion(usize::try_from(index).expect("small")).as_bytes());
    let ours = Proof { entry: entry.clone(), index, hashes: hashes(&proof), note: note() }.verify(&log).is_ok();
    let theirs =
        InclusionProof::try_from_bytes(proof).is_ok_and(|proof| later.verify_inclusion(&entry, index, &proof).is_ok());
    assert_eq!(ours, theirs, "inclusion of {index} in {size}");

    let proof = damaged(tree.prove_consistency(usize::try_from(size - old).expect("small")).as_bytes());
    let ours = Continuation { old, hashes: hashes(&proof), note: note() }.verify(&checkpoint(&earlier), &log).is_ok();
    let theirs =
        ConsistencyProof::try_from_bytes(proof).is_ok_and(|proof| later.verify_consistency(&earlier, &proof).is_ok());
    assert_eq!(ours, theirs, "{size} continues {old}");
}
