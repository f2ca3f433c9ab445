//! One byte changed at random, anywhere in what a verifier is handed: nothing of it verifies any more, but for a timestamp that still says
//! the same (how an RSA signature is called is signed by nobody).
//!
//! `COUNTERSIGN_MUTATIONS=100000` asks for more of them; the sequence is the same each time, the timestamp is not.

use countersign::evidence::bundle::Bundle;
use countersign::evidence::dsse::Envelope;
use countersign::evidence::keys::{PrivateKey, PublicKey};
use countersign::evidence::timestamp::Authorities;
use countersign::evidence::trust::{KeyRole, Roots, TrustList, TrustedKey};
use countersign::evidence::{BUNDLE_FILE, DECISION_FILE, Demands, Folder, Trust, Verdict, verify};
use countersign::history::{Entry, Inclusion, Log, Logged, Note, Role, VerifierKey, Watch, cosign};
use countersign::model::digest::Digest;
use countersign::model::time::Timestamp;

use super::made::{ARTIFACT, decision, evidence, folder, key, put, signature};
use super::tsa::Tsa;

/// How many changes are tried where nobody asks for more.
const FEW: u64 = 2000;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn seed(n: u8) -> PrivateKey {
    PrivateKey::from_seed(&zeroize::Zeroizing::new([n; 32]))
}

/// Everything that a verifier is handed by others, and what it knows itself.
struct Handed {
    folder: Folder,
    /// What is no file of the folder, by [`Part`].
    files: Vec<(Part, Vec<u8>)>,
    root: PublicKey,
    log: VerifierKey,
    witness: VerifierKey,
    authorities: Authorities,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Trust,
    Proof,
    History,
    Checkpoint,
}

impl Handed {
    /// With a timestamp authority whose key is of this algorithm.
    fn new(algorithm: &str) -> Self {
        let (root, log, witness) = (seed(50), seed(51), seed(52));
        let issued = at("2024-01-01T00:00:00Z");
        let mut list = TrustList::new(issued, at("2025-01-01T00:00:00Z"), 1);
        list.keys = [(key().public(), KeyRole::Gate), (log.public(), KeyRole::Log)]
            .into_iter()
            .map(|(public, role)| TrustedKey {
                keyid: public.fingerprint().into(),
                public,
                role,
                repositories: vec!["acme/shop".into()],
                environments: Vec::new(),
                valid_from: issued,
                valid_until: None,
                revoked_at: None,
                reason: None,
            })
            .collect();

        let mut folder = folder(&evidence(&decision()));
        let (tsa, mut authorities) = (Tsa::new(), Authorities::default());
        authorities.add_file(&tsa.read("root.pem")).unwrap();
        tsa.issue("tsa", "root", "tsa", algorithm);
        let answer = tsa.stamp(&signature(&folder), "20240102080001Z");
        let envelope = Envelope::read(folder.files[DECISION_FILE].bytes.as_ref().unwrap()).unwrap();
        put(&mut folder, BUNDLE_FILE, Bundle::around(&envelope, Some(&answer)).unwrap().to_bytes().unwrap());
        let verified = super::made::verified(&folder);
        let envelope = folder.files[DECISION_FILE].bytes.clone().unwrap();
        let gate = key().public();
        let logged =
            Logged { envelope: &envelope, key: &gate, service: Some("shop".into()), at: at("2024-01-02T08:01:00Z") };
        let entry = Entry::of(&verified.statement.unwrap(), &logged);
        let names = |name: &str, role, key: &PrivateKey| VerifierKey::new(name, role, key.public()).unwrap();
        let log_key = names("example.com/releases", Role::Log, &log);
        let empty = Log::open(b"", Log::begun("example.com/releases", &log).unwrap(), &log_key).unwrap();
        let grown = empty.grown(vec![entry], &log).unwrap();
        let mut note = grown.note.clone();
        cosign(&mut note, "example.org/w", &witness, at("2024-01-02T08:02:00Z")).unwrap();
        let full = Log::open(&grown.bytes, note.clone(), &log_key).unwrap();
        Self {
            folder,
            files: vec![
                (Part::Trust, list.sealed(issued, &root).unwrap()),
                (Part::Proof, full.proof(0).unwrap().to_string().into_bytes()),
                (Part::History, grown.bytes),
                (Part::Checkpoint, note.to_string().into_bytes()),
            ],
            root: root.public(),
            log: log_key,
            witness: names("example.org/w", Role::Witness, &witness),
            authorities,
        }
    }

    fn file(&self, part: Part) -> &[u8] {
        &self.files.iter().find(|(is, _)| *is == part).unwrap().1
    }

    fn trust(&self) -> Option<TrustList> {
        let roots = Roots { keys: std::slice::from_ref(&self.root), threshold: 1, least_version: 0 };
        TrustList::read(self.file(Part::Trust), roots).ok()
    }

    fn is_in_log(&self) -> bool {
        let envelope = &self.folder.files[DECISION_FILE];
        let watch = Watch { log: &self.log, witnesses: std::slice::from_ref(&self.witness), quorum: 1 };
        Inclusion::read(self.file(Part::Proof), envelope.digest, watch).is_ok()
    }

    fn log_holds(&self) -> bool {
        Note::read(self.file(Part::Checkpoint)).is_ok_and(|note| {
            note.witnessed(&self.log, std::slice::from_ref(&self.witness), 1).is_ok()
                && Log::open(self.file(Part::History), note, &self.log).is_ok_and(|log| log.beyond() == 0)
        })
    }

    /// What a verifier says about the time, where everything holds.
    fn evidence_holds(&self, trust: &TrustList) -> Option<String> {
        let demands = Demands {
            subject: Some(Digest::of(ARTIFACT)),
            stamps: Some(&self.authorities),
            ..Demands::of(Trust::List(trust), at("2024-01-02T09:00:00Z"))
        };
        let verification = verify(&self.folder, &demands);
        (verification.verdict == Verdict::Verified).then(|| verification.steps[8].detail.clone())
    }

    /// Where the n-th byte of everything is: a file of the folder, or another.
    fn place(&self, mut n: usize) -> (Result<String, usize>, usize) {
        for (name, file) in &self.folder.files {
            let length = file.bytes.as_ref().unwrap().len();
            if n < length {
                return (Ok(name.clone()), n);
            }
            n -= length;
        }
        for (index, (_, bytes)) in self.files.iter().enumerate() {
            if n < bytes.len() {
                return (Err(index), n);
            }
            n -= bytes.len();
        }
        unreachable!("beyond the last byte")
    }
}

/// SplitMix64: the same numbers on every machine.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % u64::try_from(limit).unwrap()).unwrap()
    }
}

#[test]
fn no_byte_changed_at_random_verifies() {
    let count = std::env::var("COUNTERSIGN_MUTATIONS").ok().map_or(FEW, |text| text.parse().unwrap());
    let mut numbers = Numbers(0x636f_756e_7465_7273);
    for algorithm in ["prime256v1", "rsa"] {
        changed(Handed::new(algorithm), count / 2, &mut numbers);
    }
}

fn changed(mut handed: Handed, count: u64, numbers: &mut Numbers) {
    let trust = handed.trust().unwrap();
    let time = handed.evidence_holds(&trust);
    assert!(time.as_ref().is_some_and(|time| time.contains("authority tsa at 2024-01-02T08:00:01Z")), "{time:?}");
    assert!(handed.is_in_log() && handed.log_holds());
    let in_folder: usize = handed.folder.files.values().map(|file| file.bytes.as_ref().unwrap().len()).sum();
    let all = in_folder + handed.files.iter().map(|(_, bytes)| bytes.len()).sum::<usize>();
    for n in 0..count {
        let (place, offset) = handed.place(numbers.below(all));
        let flip = u8::try_from(1 + numbers.below(255)).unwrap();
        match &place {
            Ok(name) => {
                let honest = handed.folder.files[name].clone();
                let mut bytes = honest.bytes.clone().unwrap();
                bytes[offset] ^= flip;
                put(&mut handed.folder, name, bytes);
                let found = handed.evidence_holds(&trust);
                let is_same_time = name == BUNDLE_FILE && found == time;
                assert!(found.is_none() || is_same_time, "{n}: {name} byte {offset} ^ {flip:#04x}: {found:?}");
                // A changed envelope is not the one in the log, either.
                assert!(name != DECISION_FILE || !handed.is_in_log(), "{n}: {name} byte {offset} ^ {flip:#04x}");
                handed.folder.files.insert(name.clone(), honest);
            }
            Err(index) => {
                handed.files[*index].1[offset] ^= flip;
                let part = handed.files[*index].0;
                let holds = match part {
                    Part::Trust => handed.trust().is_some(),
                    Part::Proof => handed.is_in_log(),
                    Part::History | Part::Checkpoint => handed.log_holds(),
                };
                assert!(!holds, "{n}: {part:?} byte {offset} ^ {flip:#04x}");
                handed.files[*index].1[offset] ^= flip;
            }
        }
    }
    assert_eq!(handed.evidence_holds(&trust), time);
    assert!(handed.is_in_log() && handed.log_holds());
}
