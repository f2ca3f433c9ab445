//! Timestamp tokens and certificates, whose DER is read by our own code. `root.pem` and the seeds are of OpenSSL 3.0: two answers
//! over the same signature, one by an RSA key below the root, one by a P-256 key below a P-384 certificate between.

use countersign::evidence::Stamps as _;
use countersign::evidence::timestamp::{Authorities, TimestampRequest};

use super::harmless;

/// What the seeds are over.
const SIGNATURE: [u8; 64] = [7; 64];
/// When both were made at the latest, and by whom.
const SOUND: &[(&str, &str)] = &[
    ("2026-11-27T19:05:03Z", "the timestamp authority rsa"),
    ("2026-11-27T19:05:03Z", "the timestamp authority below"),
];

/// A token that is believed says what a seed says: what was signed cannot have been changed. It is never over another signature,
/// and an answer that is stored is believed as it was.
pub(super) fn timestamps(bytes: &[u8]) {
    let mut authorities = Authorities::default();
    authorities.add_file(include_bytes!("root.pem")).expect("a root");
    let judged = |token: &[u8]| match authorities.existed(token, &SIGNATURE) {
        Ok(time) => {
            let said = (time.at.to_string(), time.by);
            assert!(SOUND.iter().any(|(at, by)| (*at, *by) == (&*said.0, &*said.1)), "nobody stamped {said:?}");
            assert!(authorities.existed(token, &[8; 64]).is_err(), "over any signature");
            Ok(said)
        }
        Err(reason) => {
            harmless(&reason);
            Err(reason)
        }
    };
    let _ = judged(bytes);
    let now = SOUND[0].0.parse().expect("an instant");
    match TimestampRequest::new(SIGNATURE, [7; 8]).accept(bytes, now) {
        Ok(stored) => {
            assert!(TimestampRequest::new(SIGNATURE, [8; 8]).accept(bytes, now).is_err(), "an answer to any request");
            let _ = judged(&stored);
        }
        Err(fault) => harmless(&fault.to_string()),
    }
    if let Err(fault) = Authorities::default().add_file(bytes) {
        harmless(&fault.to_string());
    }
}
