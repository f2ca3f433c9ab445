//! The answer of a timestamp authority: the token in it, what it says, and whether its certificate signed that.
//!
//! What must stay true: the instant, what was stamped and whose certificate it is are covered by the authority's signature, so that no
//! change of a token's bytes makes it say something else. A token still has more spellings than one: how its signature is called, the other of
//! ECDSA's two numbers, and the certificates beside the signer's are signed by nobody.
//!
//! The name in `tsa` is passed over: the signature covers the hash of the certificate, which has the name.
//!
//! Sources: RFC 3161, RFC 5652 (CMS), RFC 5816 and RFC 5035 (ESSCertIDv2).

use super::TimestampFault as Fault;
use super::certificate::{Algorithm, Certificate, algorithm, hash, signature_algorithm};
use super::der::{self, BOOLEAN, Der, GENERALIZED_TIME, INTEGER, NotDer, SEQUENCE, SET, holding, plain, written};
use crate::crypto::Hash;
use crate::model::time::Timestamp;

const SIGNED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02";
const TIMESTAMP_INFO: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x04";
const CONTENT_TYPE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x03";
const MESSAGE_DIGEST: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04";
const SIGNING_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x2f";
/// The same by SHA-1.
const SIGNING_CERTIFICATE_1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x02\x0c";

/// The most certificates that are looked at.
const MOST_CERTIFICATES: usize = 8;

/// What `granted` looks like where nothing is added to it: the only way in which it is stored.
const GRANTED: [u8; 5] = [SEQUENCE, 3, INTEGER, 1, 0];

/// The token in an authority's answer, whatever the authority says beside it.
pub(super) fn granted(answer: &[u8]) -> Result<&[u8], Fault> {
    let mut fields = Der::within(answer, SEQUENCE).map_err(|_| Fault::Form("the answer"))?;
    let mut status = fields.enter(SEQUENCE).map_err(|_| Fault::Form("the answer's status"))?;
    match status.integer().map_err(|_| Fault::Form("the answer's status"))? {
        [0 | 1] => {}
        _ => return Err(Fault::Refused),
    }
    let token = fields.value(SEQUENCE).map_err(|_| Fault::Form("the answer"))?.whole;
    fields.end().map_err(|_| Fault::Form("the answer"))?;
    Ok(token)
}

/// An answer as it is stored: granted, and the token.
pub(super) fn stored(token: &[u8]) -> Vec<u8> {
    written(SEQUENCE, &[&GRANTED, token])
}

/// The token in a stored answer.
pub(super) fn in_stored(answer: &[u8]) -> Result<&[u8], Fault> {
    let token = granted(answer)?;
    if stored(token) == answer { Ok(token) } else { Err(Fault::Form("the status in front of the token")) }
}

/// What the authority says.
#[derive(Clone, Copy, Debug)]
pub(super) struct Info<'a> {
    /// The hash of what was stamped; `None` for one that does not count.
    hash: Option<Hash>,
    imprint: &'a [u8],
    /// When it was stamped, by the authority's clock.
    pub(super) at: Timestamp,
    /// When it was stamped at the latest, by what the authority says of its clock; where it says nothing, that is the same.
    pub(super) latest: Timestamp,
    /// The number that the request had.
    pub(super) nonce: Option<&'a [u8]>,
}

/// A token whose signature has been looked at, by the certificate that it carries.
#[derive(Clone, Debug)]
pub(super) struct Token<'a> {
    pub(super) info: Info<'a>,
    /// Whose signature it is.
    pub(super) signer: Certificate<'a>,
    /// What else it carries.
    pub(super) others: Vec<Certificate<'a>>,
}

impl<'a> Token<'a> {
    /// Reads a token, and checks that the certificate in it signed it and is one for timestamps.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Self, Fault> {
        let parts = Parts::read(bytes).map_err(|_| Fault::Form("the token"))?;
        let hash = parts.hash.ok_or(Fault::Algorithm)?;
        let info = Info::read(parts.content).map_err(|_| Fault::Form("what the authority says"))?;
        let said = Said::read(parts.attributes).map_err(|_| Fault::Form("the list of signed attributes"))?;
        if said.digest != hash.of(parts.content) {
            return Err(Fault::Signature);
        }
        let mut signers = Vec::new();
        let mut others = Vec::new();
        // What cannot be read is no way to a root, and need not be one.
        for certificate in parts.certificates.into_iter().filter_map(|whole| Certificate::read(whole).ok()) {
            let is_signer = certificate.issuer == parts.issuer && certificate.serial == parts.serial;
            if is_signer { signers.push(certificate) } else { others.push(certificate) }
        }
        let [signer] = signers.as_slice() else { return Err(Fault::NoSigner) };
        let named = match said.certificate {
            Some(named) => named,
            None if said.is_by_sha1 => return Err(Fault::Sha1Alone),
            None => return Err(Fault::Form("the list of signed attributes")),
        };
        if named.digest != named.hash.ok_or(Fault::Algorithm)?.of(signer.whole)
            || named.number.is_some_and(|number| number != (signer.issuer, signer.serial))
        {
            return Err(Fault::OtherCertificate);
        }
        let algorithm = match (parts.algorithm.ok_or(Fault::Algorithm)?, hash) {
            (Algorithm::RsaOver, hash) => Algorithm::Rsa(hash),
            (said @ (Algorithm::Ecdsa(of) | Algorithm::Rsa(of)), hash) if of == hash => said,
            _ => return Err(Fault::Algorithm),
        };
        // The attributes are signed as the set that they are, and not as the part of the token where they stand.
        let mut message = parts.attributes.to_vec();
        if let Some(tag) = message.first_mut() {
            *tag = SET;
        }
        if !signer.signed(algorithm, &message, parts.signature) {
            return Err(Fault::Signature);
        }
        signer.is_for_timestamps().map_err(Fault::Certificate)?;
        Ok(Self { info, signer: *signer, others })
    }

    /// Whether it is over these bytes.
    pub(super) fn is_over(&self, message: &[u8]) -> Result<(), Fault> {
        let hash = self.info.hash.ok_or(Fault::Hash)?;
        if self.info.imprint == hash.of(message) { Ok(()) } else { Err(Fault::OtherSignature) }
    }
}

/// What CMS puts around it. Nothing is checked yet.
struct Parts<'a> {
    content: &'a [u8],
    certificates: Vec<&'a [u8]>,
    issuer: &'a [u8],
    serial: &'a [u8],
    hash: Option<Hash>,
    /// With the tag that they have here.
    attributes: &'a [u8],
    algorithm: Option<Algorithm>,
    signature: &'a [u8],
}

impl<'a> Parts<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, NotDer> {
        let mut outer = Der::within(bytes, SEQUENCE)?;
        is(outer.oid()?, SIGNED_DATA)?;
        let mut wrapped = outer.enter(holding(0))?;
        outer.end()?;
        let mut data = wrapped.enter(SEQUENCE)?;
        wrapped.end()?;

        is(data.integer()?, &[3])?;
        let mut hashes = data.enter(SET)?;
        let named = hashes.value(SEQUENCE)?.whole;
        hashes.end()?;

        let mut encapsulated = data.enter(SEQUENCE)?;
        is(encapsulated.oid()?, TIMESTAMP_INFO)?;
        let mut explicit = encapsulated.enter(holding(0))?;
        encapsulated.end()?;
        let content = explicit.octets()?;
        explicit.end()?;

        let mut carried = data.enter(holding(0))?;
        let mut certificates = Vec::new();
        while !carried.is_empty() && certificates.len() < MOST_CERTIFICATES {
            certificates.push(carried.any()?.whole);
        }
        carried.end()?;
        // No lists of revoked certificates: nobody signs that they belong here.
        let mut signers = data.enter(SET)?;
        data.end()?;
        let mut signer = signers.enter(SEQUENCE)?;
        signers.end()?;

        is(signer.integer()?, &[1])?;
        let mut identifier = signer.enter(SEQUENCE)?;
        let (issuer, serial) = (identifier.value(SEQUENCE)?.whole, identifier.integer()?);
        identifier.end()?;
        let mut after = signer;
        is(after.value(SEQUENCE)?.whole, named)?;
        let hash = hash(&mut signer)?;
        let attributes = signer.value(holding(0))?.whole;
        let algorithm = signature_algorithm(&mut signer)?;
        let signature = signer.octets()?;
        // No unsigned attributes, which say what they like.
        signer.end()?;
        Ok(Self { content, certificates, issuer, serial, hash, attributes, algorithm, signature })
    }
}

/// The signed attributes that count. There may be others.
struct Said<'a> {
    digest: &'a [u8],
    certificate: Option<Named<'a>>,
    is_by_sha1: bool,
}

/// A certificate, as a signer names it.
#[derive(Clone, Copy)]
struct Named<'a> {
    /// `None` for a hash that does not count.
    hash: Option<Hash>,
    digest: &'a [u8],
    /// Who issued it, and its number.
    number: Option<(&'a [u8], &'a [u8])>,
}

impl<'a> Said<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, NotDer> {
        let mut list = Der::within(bytes, holding(0))?;
        let mut names: Vec<&[u8]> = Vec::new();
        let (mut of, mut digest, mut certificate) = (None, None, None);
        while !list.is_empty() {
            let mut attribute = list.enter(SEQUENCE)?;
            let name = attribute.oid()?;
            let mut values = attribute.enter(SET)?;
            attribute.end()?;
            if names.contains(&name) {
                return Err(NotDer);
            }
            names.push(name);
            match name {
                CONTENT_TYPE => of = Some(values.oid()?),
                MESSAGE_DIGEST => digest = Some(values.octets()?),
                SIGNING_CERTIFICATE => certificate = Some(Named::first(&mut values)?),
                _ => continue,
            }
            values.end()?;
        }
        is(of.ok_or(NotDer)?, TIMESTAMP_INFO)?;
        Ok(Self { digest: digest.ok_or(NotDer)?, certificate, is_by_sha1: names.contains(&SIGNING_CERTIFICATE_1) })
    }
}

impl<'a> Named<'a> {
    /// The first certificate that a signer names, which is its own.
    fn first(values: &mut Der<'a>) -> Result<Self, NotDer> {
        let mut named = values.enter(SEQUENCE)?;
        let mut first = named.enter(SEQUENCE)?.enter(SEQUENCE)?;
        let mut ahead = first;
        let hash = match ahead.any()?.tag {
            SEQUENCE => hash(&mut first)?,
            _ => Some(Hash::Sha256),
        };
        let digest = first.octets()?;
        let number = first.optional(SEQUENCE)?.map(|number| Self::number(number.content)).transpose()?;
        first.end()?;
        Ok(Self { hash, digest, number })
    }

    fn number(content: &'a [u8]) -> Result<(&'a [u8], &'a [u8]), NotDer> {
        let mut fields = Der::of(content);
        let mut names = fields.enter(SEQUENCE)?;
        let mut directory = names.enter(holding(4))?;
        names.end()?;
        let issuer = directory.value(SEQUENCE)?.whole;
        directory.end()?;
        let serial = fields.integer()?;
        fields.end()?;
        Ok((issuer, serial))
    }
}

impl<'a> Info<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, NotDer> {
        let mut fields = Der::within(bytes, SEQUENCE)?;
        is(fields.integer()?, &[1])?;
        fields.oid()?;
        let mut stamped = fields.enter(SEQUENCE)?;
        let mut ahead = stamped;
        // A hash that does not count is named, and not taken for bad form.
        algorithm(&mut ahead)?;
        let hash = hash(&mut stamped)?;
        let imprint = stamped.octets()?;
        stamped.end()?;
        fields.integer()?;
        let mut ahead = fields;
        ahead.value(GENERALIZED_TIME)?;
        let at = fields.time()?;
        let accuracy = fields.optional(SEQUENCE)?.map(|value| accuracy(value.whole)).transpose()?.unwrap_or(0);
        if fields.optional(BOOLEAN)?.is_some_and(|value| value.content != [0xff]) {
            return Err(NotDer);
        }
        let nonce = fields.optional(INTEGER)?.map(|value| der::integer(value.content)).transpose()?;
        fields.optional(holding(0))?;
        if let Some(extensions) = fields.optional(holding(1))? {
            not_critical(extensions.content)?;
        }
        fields.end()?;
        let latest = Timestamp::from_unix_seconds(at.unix_seconds() + accuracy).ok_or(NotDer)?;
        Ok(Self { hash, imprint, at, latest, nonce })
    }
}

/// By how many seconds an authority may be wrong, rounded up.
fn accuracy(bytes: &[u8]) -> Result<i64, NotDer> {
    let mut fields = Der::within(bytes, SEQUENCE)?;
    let mut number = |tag| fields.optional(tag)?.map(|value| der::small(der::integer(value.content)?)).transpose();
    let (seconds, parts) = (number(INTEGER)?, [number(plain(0))?, number(plain(1))?]);
    fields.end()?;
    let mut parts = parts.into_iter().flatten();
    let is_more = parts.clone().next().is_some();
    if !parts.all(|thousandths| (1..=999).contains(&thousandths)) {
        return Err(NotDer);
    }
    Ok(seconds.unwrap_or(0) + i64::from(is_more))
}

/// Extensions of which none is critical: none is known here.
fn not_critical(content: &[u8]) -> Result<(), NotDer> {
    let mut list = Der::of(content);
    while !list.is_empty() {
        let mut extension = list.enter(SEQUENCE)?;
        extension.oid()?;
        if extension.default_false()? {
            return Err(NotDer);
        }
    }
    Ok(())
}

fn is(found: &[u8], expected: &[u8]) -> Result<(), NotDer> {
    if found == expected { Ok(()) } else { Err(NotDer) }
}
