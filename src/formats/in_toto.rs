//! in-toto attestations: bare statements, in DSSE envelopes, in Sigstore bundles, one or several in a row.
//!
//! What they claim is not verified here, only counted: a signature is checked elsewhere or not at all. An envelope whose
//! payload is no statement is not understood.

use std::collections::BTreeSet;

use data_encoding::{BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD};
use serde::Deserialize;

use super::wire::{Dict, List, Part, Record, Text, no_results, not_understood, read, read_stream};
use super::{Format, FormatError, Head, Node};
use crate::model::digest::{CommitId, Digest};
use crate::model::document::{Attestation, AttestedSubject};
use crate::model::report::Parsed;

pub(super) static FORMAT: Format = Format {
    id: "in-toto",
    title: "in-toto attestations",
    docs: "https://github.com/in-toto/attestation/tree/main/spec",
    produce: "slsa-github-generator, actions/attest-build-provenance, cosign attest, …",
    seen: "statements 0.1 and 1, DSSE, Sigstore bundles 0.3, lines of them",
    checks: &[],
    detect,
    parse,
};

fn detect(head: &Head<'_>) -> bool {
    let envelope = head.key("payloadType").is_text() && head.key("payload").is_text();
    let statement = head.string("_type").is_some_and(|kind| kind.contains("in-toto.io/Statement"));
    let bundled = head.has("dsseEnvelope") || head.first("attestations").key("bundle").has("dsseEnvelope");
    envelope || statement || bundled || is_of_cloud_build(head.root())
}

/// Google Cloud Build wraps its provenance.
fn is_of_cloud_build(root: &Node<'_>) -> bool {
    root.key("provenance_summary").key("provenance").is_array()
}

fn parse(text: &str) -> Result<Parsed, FormatError> {
    let mut parsed = Parsed::new("in-toto", FORMAT.checks);
    let documents: List<Document<'_>> = read_stream(text, FORMAT.id)?;
    for (index, record) in documents.into_records().into_iter().enumerate() {
        let at = format!("/{index}");
        match record {
            Record::Sound(document) => read_document(document, at, &mut parsed),
            Record::Odd(found) => not_understood(&mut parsed, at, format!("should be an object and is {found}")),
        }
    }
    let digests: BTreeSet<Digest> =
        parsed.attestations.iter().flat_map(|one| &one.subjects).filter_map(|subject| subject.digest).collect();
    parsed.target.digests = digests.into_iter().collect();
    if parsed.attestations.is_empty() {
        let reason = parsed.not_understood.first().map(|first| first.reason.as_raw().to_owned());
        return Err(no_results(FORMAT.id, reason.unwrap_or_else(|| "there is no statement".to_owned())));
    }
    Ok(parsed)
}

fn read_document(document: Document<'_>, at: String, parsed: &mut Parsed) {
    if let Part(Some(summary)) = document.summary {
        for (index, built) in summary.provenance.sound().enumerate() {
            let envelope = built.envelope.get();
            let read = envelope.ok_or_else(|| "has no `envelope`".to_owned()).and_then(Envelope::attestation);
            keep(read, format!("{at}/provenance_summary/provenance/{index}"), parsed);
        }
        return;
    }
    if let List::Given(listed) = document.attestations {
        for (index, listed) in listed.into_iter().enumerate() {
            let read = match listed {
                Record::Sound(listed) => listed.attestation(),
                Record::Odd(found) => Err(format!("should be an object and is {found}")),
            };
            keep(read, format!("{at}/attestations/{index}"), parsed);
        }
        return;
    }
    let read = match (document.bundled.get(), document.predicate_type.get()) {
        (Some(envelope), _) => envelope.attestation(),
        (None, Some(_)) => document.into_statement().attestation(0),
        (None, None) => document.into_envelope().attestation(),
    };
    keep(read, at, parsed);
}

fn keep(read: Result<Attestation, String>, at: String, parsed: &mut Parsed) {
    match read {
        Ok(attestation) => parsed.attestations.push(attestation),
        Err(reason) => not_understood(parsed, at, reason),
    }
}

/// A bundle, an envelope or a statement: fields of all three.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Document<'a> {
    #[serde(borrow, rename = "dsseEnvelope")]
    bundled: Part<Envelope<'a>>,
    #[serde(rename = "provenance_summary")]
    summary: Part<Summary<'a>>,
    /// What the APIs of GitHub and npm answer.
    attestations: List<Listed<'a>>,
    #[serde(rename = "payloadType")]
    payload_type: Text<'a>,
    payload: Text<'a>,
    signatures: List<Signature>,
    #[serde(rename = "_type")]
    kind: Text<'a>,
    #[serde(rename = "predicateType")]
    predicate_type: Text<'a>,
    subject: List<Subject<'a>>,
    predicate: Part<Predicate<'a>>,
}

impl<'a> Document<'a> {
    fn into_envelope(self) -> Envelope<'a> {
        Envelope { payload_type: self.payload_type, payload: self.payload, signatures: self.signatures }
    }

    fn into_statement(self) -> Statement<'a> {
        Statement {
            kind: self.kind,
            predicate_type: self.predicate_type,
            subject: self.subject,
            predicate: self.predicate,
        }
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Summary<'a> {
    #[serde(borrow)]
    provenance: List<Built<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Built<'a> {
    #[serde(borrow)]
    envelope: Part<Envelope<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Listed<'a> {
    #[serde(borrow)]
    bundle: Part<Bundle<'a>>,
}

impl Listed<'_> {
    fn attestation(&self) -> Result<Attestation, String> {
        let envelope = self.bundle.get().and_then(|bundle| bundle.envelope.get());
        envelope.ok_or("has no `bundle` with a `dsseEnvelope`")?.attestation()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Bundle<'a> {
    #[serde(borrow, rename = "dsseEnvelope")]
    envelope: Part<Envelope<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Envelope<'a> {
    #[serde(borrow, rename = "payloadType")]
    payload_type: Text<'a>,
    payload: Text<'a>,
    signatures: List<Signature>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Signature {}

impl Envelope<'_> {
    fn attestation(&self) -> Result<Attestation, String> {
        let kind = self.payload_type.demand("payloadType")?;
        if kind != "application/vnd.in-toto+json" {
            return Err(format!("has a payload of the type {kind}"));
        }
        let payload: Vec<u8> = self.payload.demand("payload")?.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
        let encodings = [BASE64, BASE64_NOPAD, BASE64URL, BASE64URL_NOPAD];
        let bytes = encodings.iter().find_map(|encoding| encoding.decode(&payload).ok());
        let bytes = bytes.ok_or("has a payload that is no base64")?;
        let text = str::from_utf8(&bytes).map_err(|error| format!("has a payload that is no text: {error}"))?;
        let statement: Statement<'_> = read(text, FORMAT.id).map_err(|error| error.to_string())?;
        let signatures = u64::try_from(self.signatures.records().len()).unwrap_or(u64::MAX);
        statement.attestation(signatures)
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Statement<'a> {
    #[serde(borrow, rename = "_type")]
    kind: Text<'a>,
    #[serde(rename = "predicateType")]
    predicate_type: Text<'a>,
    subject: List<Subject<'a>>,
    predicate: Part<Predicate<'a>>,
}

impl Statement<'_> {
    fn attestation(&self, signatures: u64) -> Result<Attestation, String> {
        let kind = self.kind.demand("_type")?;
        if !kind.starts_with("https://in-toto.io/Statement/") {
            return Err(format!("is no in-toto statement: {kind}"));
        }
        let subjects = self.subject.sound().map(|subject| AttestedSubject {
            name: subject.name.untrusted(),
            digest: subject.digest.get("sha256").and_then(|hex| Digest::from_hex(hex.get()?).ok()),
        });
        Ok(Attestation {
            predicate_type: self.predicate_type.demand("predicateType")?.into(),
            subjects: subjects.collect(),
            builder: self.predicate.get().and_then(Predicate::builder).map(Into::into),
            commits: self.predicate.get().map(Predicate::commits).unwrap_or_default(),
            signatures,
        })
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Subject<'a> {
    #[serde(borrow)]
    name: Text<'a>,
    digest: Dict<'a, Text<'a>>,
}

/// What provenance says of its builder, in the layouts of SLSA 0.2 and 1.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Predicate<'a> {
    #[serde(borrow)]
    builder: Part<Builder<'a>>,
    materials: List<Material<'a>>,
    #[serde(rename = "buildDefinition")]
    definition: Part<Definition<'a>>,
    #[serde(rename = "runDetails")]
    run: Part<Run<'a>>,
}

impl Predicate<'_> {
    fn builder(&self) -> Option<&str> {
        let run = self.run.get().and_then(|run| run.builder.get());
        run.or(self.builder.get())?.id.get()
    }

    fn commits(&self) -> Vec<CommitId> {
        let resolved = self.definition.get().map(|definition| &definition.resolved);
        let all = self.materials.sound().chain(resolved.into_iter().flat_map(List::sound));
        let commits: BTreeSet<CommitId> = all.filter_map(Material::commit).collect();
        commits.into_iter().collect()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Definition<'a> {
    #[serde(borrow, rename = "resolvedDependencies")]
    resolved: List<Material<'a>>,
}

/// What something was built from.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Material<'a> {
    #[serde(borrow)]
    uri: Text<'a>,
    digest: Dict<'a, Text<'a>>,
}

impl Material<'_> {
    /// A commit, where it is a source: `sha1` alone may also be that of a file.
    fn commit(&self) -> Option<CommitId> {
        let is_git = self.uri.get().is_some_and(|uri| uri.starts_with("git+") || uri.contains(".git"));
        let sha1 = self.digest.get("sha1").filter(|_| is_git);
        self.digest.get("gitCommit").or(sha1)?.get()?.parse().ok()
    }
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Run<'a> {
    #[serde(borrow)]
    builder: Part<Builder<'a>>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Builder<'a> {
    #[serde(borrow)]
    id: Text<'a>,
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATEMENT: &str = r#"{"_type":"https://in-toto.io/Statement/v1","predicateType":"https://slsa.dev/provenance/v1",
        "subject":[{"name":"shop","digest":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"}}],
        "predicate":{"buildDefinition":{"resolvedDependencies":[{"uri":"git+https://example.com/shop","digest":{"gitCommit":"8f3c1d2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e"}},
            {"uri":"https://example.com/base.tar","digest":{"sha1":"1111111111111111111111111111111111111111"}}]},
        "runDetails":{"builder":{"id":"https://builder.example.com"}}}}"#;

    fn envelope(payload: &str) -> String {
        format!(
            r#"{{"payloadType":"application/vnd.in-toto+json","payload":"{}","signatures":[{{"sig":"x"}}]}}"#,
            BASE64.encode(payload.as_bytes())
        )
    }

    #[test]
    fn statements_are_read_bare_enveloped_and_bundled() {
        let enveloped = envelope(STATEMENT);
        let bundled = format!(r#"{{"mediaType":"x","dsseEnvelope":{enveloped}}}"#);
        let listed = format!(r#"{{"attestations":[{{"predicateType":"x","bundle":{bundled}}}]}}"#);
        for (text, signatures) in [(STATEMENT, 0), (&enveloped, 1), (&bundled, 1), (&listed, 1)] {
            let one = parse(text).unwrap().attestations.remove(0);
            assert_eq!((one.signatures, one.builder.unwrap().as_raw()), (signatures, "https://builder.example.com"));
            assert!(one.subjects[0].digest.is_some());
            assert_eq!(one.commits[0].as_str(), "8f3c1d2a9b8c7d6e5f4a3b2c1d0e9f8a7b6c5d4e");
            assert_eq!(one.commits.len(), 1);
        }
        let folded = enveloped.replace("eyJ", "ey\\nJ");
        assert_eq!(parse(&folded).unwrap().attestations.len(), 1);
        assert_eq!(parse(&format!("{enveloped}\n{bundled}\n")).unwrap().attestations.len(), 2);
    }

    #[test]
    fn what_is_no_statement_is_not_understood() {
        assert!(matches!(parse(&envelope("{}")), Err(FormatError::NoResults { .. })));
        let mixed = format!("{}\n{}", envelope(STATEMENT), envelope("no"));
        assert_eq!(parse(&mixed).unwrap().not_understood.len(), 1);
    }
}
