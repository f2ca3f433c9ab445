//! Records of emergencies and of their reviews: read strictly, signatures verified.
//!
//! What must stay true: a principal has signed only when a key that the allowed signers list for it, for this purpose and now, signed
//! these very bytes for this very repository; one key is one person.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Value, json};

use super::ssh::{self, AllowedSigners};
use crate::model::emergency::{Closing, Emergency, EmergencyScope, SignedBy, Signers};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::strict::{Document, Faults};

/// The namespace that both are signed in (`ssh-keygen -Y sign -n`).
pub const NAMESPACE: &str = "countersign-emergency";

/// The schema tag of the signed bytes.
const SCHEMA: &str = "countersign/emergency/v1";

/// Either record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EmergencyRecord {
    /// An emergency.
    Emergency(Box<Emergency>),
    /// Its review.
    Closing(Closing),
}

impl EmergencyRecord {
    /// Reads a record; one that says what it `closes` is a review.
    ///
    /// # Errors
    /// Every fault that could be found.
    pub fn read(file: &str, bytes: &[u8]) -> Result<Self, Faults> {
        let document = Document::parse(file, bytes)?;
        let mut faults = Vec::new();
        document.blanks(&mut faults);
        let root = document.root();
        let record = if root.get("closes").is_some() {
            document.read_at(root, &mut faults).map(Self::Closing)
        } else {
            let emergency: Option<Emergency> = document.read_at(root, &mut faults);
            if let Some(emergency) = &emergency {
                if emergency.scope == EmergencyScope::default() {
                    let at = root.get("scope").unwrap_or(root);
                    faults.push(document.fault(
                        at,
                        "an emergency about everything",
                        "name service, environment, repository or commit",
                    ));
                }
                if emergency.expires <= emergency.created {
                    let at = root.get("expires").unwrap_or(root);
                    faults.push(document.fault(at, "it ends before it begins", "give an `expires` after `created`"));
                }
            }
            emergency.map(|emergency| Self::Emergency(Box::new(emergency)))
        };
        match (record, faults.is_empty()) {
            (Some(record), true) => Ok(record),
            _ => Err(Faults::new(faults)),
        }
    }

    /// Who is said to have signed.
    #[must_use]
    pub fn signatures(&self) -> &[SignedBy] {
        match self {
            Self::Emergency(emergency) => &emergency.signatures,
            Self::Closing(closing) => &closing.signatures,
        }
    }

    /// The bytes to sign: JSON of schema, repository and the record without its signatures, keys sorted, no white space.
    #[must_use]
    pub fn signed_bytes(&self, repository: Option<&str>) -> Vec<u8> {
        let record = match self {
            Self::Emergency(emergency) => {
                canonical(&Emergency { signatures: Vec::new(), ..emergency.as_ref().clone() })
            }
            Self::Closing(closing) => canonical(&Closing { signatures: Vec::new(), ..closing.clone() }),
        };
        json!({ "record": record, "repository": repository, "schema": SCHEMA }).to_string().into_bytes()
    }

    /// Verifies who signed. `files` holds the bytes of the signature files by the names that the record gives them.
    #[must_use]
    pub fn signers(
        &self,
        repository: Option<&str>,
        files: &BTreeMap<Untrusted, Vec<u8>>,
        allowed: &AllowedSigners,
        now: Timestamp,
    ) -> Signers {
        let message = self.signed_bytes(repository);
        let (mut verified, mut refused) = (BTreeSet::new(), Vec::new());
        let mut keys = BTreeMap::new();
        for signed in self.signatures() {
            let judged = match files.get(&signed.signature) {
                None => Err("its signature file was not given".to_owned()),
                Some(bytes) => ssh::verify(bytes, &message, NAMESPACE).map_err(|error| error.to_string()),
            }
            .and_then(|key| match allowed.allows(&key, signed.by.as_raw(), NAMESPACE, now) {
                Ok(()) => Ok(key),
                Err(error) => Err(error.to_string()),
            })
            .and_then(|key| match keys.insert(key, &signed.by) {
                Some(earlier) if *earlier != signed.by => Err(format!("the same key signed as {}", earlier.line())),
                _ => Ok(()),
            });
            match judged {
                Ok(()) => {
                    verified.insert(signed.by.clone());
                }
                Err(why) => refused.push(Untrusted::new(format!("{}: {why}", signed.by.as_raw()))),
            }
        }
        refused.sort();
        Signers { verified: verified.into_iter().collect(), refused }
    }
}

fn canonical(record: &impl Serialize) -> Value {
    // A record is texts and instants: there is nothing in it that JSON could not hold.
    serde_json::to_value(record).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMERGENCY: &str = "\
id: EM-1
kind: change
reason: the basket loses items
requested_by: ana
scope: { service: shop, environment: production }
created: 2026-11-21T11:00:00Z
expires: 2026-11-21T19:00:00Z
signatures:
  - { by: kim@example.com, signature: EM-1.sig }
";

    #[test]
    fn every_fault_of_form_is_said() {
        assert!(matches!(EmergencyRecord::read("e.yaml", EMERGENCY.as_bytes()), Ok(EmergencyRecord::Emergency(_))));
        for (from, to, part) in [
            ("reason: the basket loses items", "reason: ' '", "`reason` is blank"),
            ("requested_by: ana\n", "", "requested_by"),
            ("{ service: shop, environment: production }", "{}", "about everything"),
            ("2026-11-21T19:00:00Z", "2026-11-21T11:00:00Z", "ends before it begins"),
            ("kind: change", "kind: hotfix", "hotfix"),
            ("id: EM-1", "id: EM-1\nlabel: urgent", "unknown key `label`"),
        ] {
            let faults = EmergencyRecord::read("e.yaml", EMERGENCY.replacen(from, to, 1).as_bytes()).unwrap_err();
            assert!(faults.to_string().contains(part), "{to}: {faults}");
        }
        let closing = "closes: EM-1\noutcome: sound\nreviewed_by: kim\nat: 2026-11-22T09:00:00Z\n";
        assert!(matches!(EmergencyRecord::read("c.yaml", closing.as_bytes()), Ok(EmergencyRecord::Closing(_))));
        assert!(EmergencyRecord::read("c.yaml", closing.replace("sound", "''").as_bytes()).is_err());
    }

    #[test]
    fn what_is_signed_names_the_repository_and_leaves_the_signatures_out() {
        let record = EmergencyRecord::read("e.yaml", EMERGENCY.as_bytes()).unwrap();
        let text = String::from_utf8(record.signed_bytes(Some("example/shop"))).unwrap();
        assert_eq!(
            text,
            "{\"record\":{\"created\":\"2026-11-21T11:00:00Z\",\"expires\":\"2026-11-21T19:00:00Z\",\"id\":\"EM-1\",\"kind\":\
             \"change\",\"reason\":\"the basket loses items\",\"requested_by\":\"ana\",\"scope\":{\"environment\":\"production\",\
             \"service\":\"shop\"}},\"repository\":\"example/shop\",\"schema\":\"countersign/emergency/v1\"}"
        );
        assert_ne!(record.signed_bytes(None), record.signed_bytes(Some("example/shop")));
    }

    #[test]
    fn what_was_not_signed_by_an_allowed_key_does_not_count() {
        let record = EmergencyRecord::read("e.yaml", EMERGENCY.as_bytes()).unwrap();
        let allowed = AllowedSigners::parse("").unwrap_or_else(|_| AllowedSigners::parse("# nobody\n").unwrap());
        let now = "2026-11-21T12:00:00Z".parse().unwrap();
        let none = record.signers(None, &BTreeMap::new(), &allowed, now);
        assert_eq!(none.refused, ["kim@example.com: its signature file was not given"]);
        let files = BTreeMap::from([(Untrusted::from("EM-1.sig"), b"not a signature".to_vec())]);
        let bad = record.signers(None, &files, &allowed, now);
        assert!(bad.verified.is_empty() && bad.refused.len() == 1);
    }
}
