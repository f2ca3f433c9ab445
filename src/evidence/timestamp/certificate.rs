//! Certificates of timestamp authorities, and the way from one to a root.
//!
//! What must stay true: an extension that is critical and not known here makes a certificate worthless; every certificate of the way
//! held at the instant that it vouches for; and only a root that the verifier named ends the way. Certificates that are on no way are
//! passed over.
//!
//! Source: RFC 5280.

use super::der::{self, BIT_STRING, Der, NULL, NotDer, OCTET_STRING, SEQUENCE, SET, Value, holding};
use crate::crypto::ecdsa::{self, Curve};
use crate::crypto::{Hash, rsa};
use crate::model::time::Timestamp;

/// The most certificates between an authority's and a root.
const MOST_BETWEEN: usize = 4;

/// The most signatures that are checked in search of a root, however many names are alike.
const MOST_CHECKS: usize = 64;

/// The end of a certificate that has none (RFC 5280, 4.1.2.5); later than any [`Timestamp`].
const NO_END: &[u8] = b"99991231235959Z";

const EC_PUBLIC_KEY: &[u8] = b"\x2a\x86\x48\xce\x3d\x02\x01";
const RSA_ENCRYPTION: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01";
const CURVES: [(&[u8], Curve); 3] = [
    (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", Curve::P256),
    (b"\x2b\x81\x04\x00\x22", Curve::P384),
    (b"\x2b\x81\x04\x00\x23", Curve::P521),
];
const COMMON_NAME: &[u8] = b"\x55\x04\x03";
const KEY_USAGE: &[u8] = b"\x55\x1d\x0f";
const BASIC_CONSTRAINTS: &[u8] = b"\x55\x1d\x13";
const EXTENDED_KEY_USAGE: &[u8] = b"\x55\x1d\x25";
const ANY_USAGE: &[u8] = b"\x55\x1d\x25\x00";
const TIME_STAMPING: &[u8] = b"\x2b\x06\x01\x05\x05\x07\x03\x08";

/// Bits of a key usage, the first of its bytes and the one that is left.
const DIGITAL_SIGNATURE: u8 = 0x80;
const NON_REPUDIATION: u8 = 0x40;
const SIGNS_CERTIFICATES: u8 = 0x04;

/// How a signature is made: by which kind of key, over which hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Algorithm {
    Ecdsa(Hash),
    Rsa(Hash),
    /// The signature does not say which hash; what it stands beside does.
    RsaOver,
}

const ALGORITHMS: [(&[u8], Algorithm); 7] = [
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x02", Algorithm::Ecdsa(Hash::Sha256)),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x03", Algorithm::Ecdsa(Hash::Sha384)),
    (b"\x2a\x86\x48\xce\x3d\x04\x03\x04", Algorithm::Ecdsa(Hash::Sha512)),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0b", Algorithm::Rsa(Hash::Sha256)),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0c", Algorithm::Rsa(Hash::Sha384)),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0d", Algorithm::Rsa(Hash::Sha512)),
    (RSA_ENCRYPTION, Algorithm::RsaOver),
];

const HASHES: [(&[u8], Hash); 3] = [
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x01", Hash::Sha256),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x02", Hash::Sha384),
    (b"\x60\x86\x48\x01\x65\x03\x04\x02\x03", Hash::Sha512),
];

/// The name of SHA-256, for a request.
pub(super) const SHA256: &[u8] = HASHES[0].0;

/// An algorithm's name, and whatever is said about it.
pub(super) fn algorithm<'a>(der: &mut Der<'a>) -> Result<(&'a [u8], Option<Value<'a>>), NotDer> {
    let mut fields = der.enter(SEQUENCE)?;
    let name = fields.oid()?;
    let more = if fields.is_empty() { None } else { Some(fields.any()?) };
    fields.end()?;
    Ok((name, more))
}

fn is_null(more: Option<Value<'_>>) -> bool {
    more.is_some_and(|more| more.tag == NULL && more.content.is_empty())
}

/// A hash of those that count here; `None` for any other.
pub(super) fn hash(der: &mut Der<'_>) -> Result<Option<Hash>, NotDer> {
    let (name, more) = algorithm(der)?;
    if more.is_some() && !is_null(more) {
        return Err(NotDer);
    }
    Ok(HASHES.iter().find(|(known, _)| *known == name).map(|(_, hash)| *hash))
}

/// A way to sign of those that count here; `None` for any other.
pub(super) fn signature_algorithm(der: &mut Der<'_>) -> Result<Option<Algorithm>, NotDer> {
    let (name, more) = algorithm(der)?;
    let known = ALGORITHMS.iter().find(|(known, _)| *known == name).map(|(_, algorithm)| *algorithm);
    match known {
        Some(Algorithm::Ecdsa(_)) if more.is_some() => Err(NotDer),
        Some(Algorithm::RsaOver) if !is_null(more) => Err(NotDer),
        // RFC 4055, 5: written as NULL, and to be read where it is absent, too.
        Some(Algorithm::Rsa(_)) if more.is_some() && !is_null(more) => Err(NotDer),
        known => Ok(known),
    }
}

/// A public key.
#[derive(Clone, Copy, Debug)]
enum Key<'a> {
    Ecdsa { curve: Curve, point: &'a [u8] },
    Rsa { exponent: &'a [u8], modulus: &'a [u8] },
}

impl<'a> Key<'a> {
    fn read(der: &mut Der<'a>) -> Result<Option<Self>, NotDer> {
        let mut fields = der.enter(SEQUENCE)?;
        let (name, more) = algorithm(&mut fields)?;
        let bits = fields.bits()?;
        fields.end()?;
        if name == RSA_ENCRYPTION && is_null(more) {
            let mut numbers = Der::within(bits, SEQUENCE)?;
            let (modulus, exponent) = (numbers.positive()?, numbers.positive()?);
            numbers.end()?;
            let is_strong = rsa::is_key(exponent, modulus) && rsa::bits(modulus) >= rsa::LEAST_BITS;
            return Ok(is_strong.then_some(Self::Rsa { exponent, modulus }));
        }
        let named = more.filter(|more| name == EC_PUBLIC_KEY && more.tag == der::OID).map(|more| more.content);
        let curve = CURVES.iter().find(|(known, _)| named == Some(*known)).map(|(_, curve)| *curve);
        Ok(curve.filter(|curve| curve.is_point(bits)).map(|curve| Self::Ecdsa { curve, point: bits }))
    }

    fn verifies(self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        match (self, algorithm) {
            (Self::Ecdsa { curve, point }, Algorithm::Ecdsa(hash)) => {
                let numbers = || {
                    let mut numbers = Der::within(signature, SEQUENCE)?;
                    let both = [numbers.positive()?, numbers.positive()?];
                    numbers.end()?;
                    curve.joined(both).ok_or(NotDer)
                };
                numbers().is_ok_and(|signature| ecdsa::verifies(curve, point, hash, message, &signature))
            }
            (Self::Rsa { exponent, modulus }, Algorithm::Rsa(hash)) => {
                signature.len() == modulus.len() && rsa::verifies(hash, (exponent, modulus), message, signature)
            }
            _ => false,
        }
    }
}

/// What its extensions say.
#[derive(Clone, Copy, Debug, Default)]
struct Says {
    /// It may sign certificates.
    is_authority: bool,
    /// How many certificates may stand between it and the last.
    most_below: Option<i64>,
    /// The first bits of its key's usage.
    usage: Option<u8>,
    /// It may stamp: as one of its uses, as the only one, and critically.
    stamps: Option<Stamps>,
    /// It says something that is critical and not known here.
    is_strange: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stamps {
    No,
    AmongOthers,
    OnlyThat,
}

/// A certificate. Nothing in it is believed before [`leads_to_a_root`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Certificate<'a> {
    /// Its bytes.
    pub(super) whole: &'a [u8],
    signed: &'a [u8],
    /// Its number, by its issuer.
    pub(super) serial: &'a [u8],
    /// Who issued it.
    pub(super) issuer: &'a [u8],
    subject: &'a [u8],
    from: Timestamp,
    /// `None` where it has no end.
    until: Option<Timestamp>,
    key: Option<Key<'a>>,
    says: Says,
    algorithm: Option<Algorithm>,
    signature: &'a [u8],
}

impl<'a> Certificate<'a> {
    /// Reads one, and nothing behind it.
    pub(super) fn read(whole: &'a [u8]) -> Result<Self, NotDer> {
        let mut outer = Der::within(whole, SEQUENCE)?;
        let signed = outer.value(SEQUENCE)?;
        let outer_algorithm = outer.value(SEQUENCE)?.whole;
        let signature = outer.bits()?;
        outer.end()?;

        let mut fields = Der::within(signed.whole, SEQUENCE)?;
        let mut version = fields.enter(holding(0))?;
        let is_third = version.integer()? == [2];
        version.end()?;
        let serial = fields.integer()?;
        let mut inner_algorithm = fields;
        let algorithm = signature_algorithm(&mut inner_algorithm)?;
        // What signs is said twice, and once where the signature covers it.
        if !is_third || fields.value(SEQUENCE)?.whole != outer_algorithm {
            return Err(NotDer);
        }
        let issuer = fields.value(SEQUENCE)?.whole;
        let mut validity = fields.enter(SEQUENCE)?;
        let (from, until) = (validity.time()?, end(&mut validity)?);
        validity.end()?;
        let subject = fields.value(SEQUENCE)?.whole;
        let key = Key::read(&mut fields)?;
        let says = Says::read(fields.enter(holding(3))?)?;
        fields.end()?;
        let signed = signed.whole;
        Ok(Self { whole, signed, serial, issuer, subject, from, until, key, says, algorithm, signature })
    }

    /// Whether its key made this signature.
    pub(super) fn signed(&self, algorithm: Algorithm, message: &[u8], signature: &[u8]) -> bool {
        self.key.is_some_and(|key| key.verifies(algorithm, message, signature))
    }

    /// Whether it is for timestamps, and for nothing else.
    pub(super) fn is_for_timestamps(&self) -> Result<(), String> {
        let signs = self.says.usage.is_none_or(|usage| usage & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0);
        match self.says.stamps {
            Some(Stamps::OnlyThat) if signs && !self.says.is_strange => Ok(()),
            Some(Stamps::OnlyThat) => Err("the authority's certificate says that it must not sign".to_owned()),
            _ => {
                Err("the authority's certificate is not one for timestamps alone (extendedKeyUsage, critical)"
                    .to_owned())
            }
        }
    }

    /// The name of whom it is about, where it has one.
    pub(super) fn common_name(&self) -> Option<&'a str> {
        let mut name = Der::within(self.subject, SEQUENCE).ok()?;
        let mut found = None;
        while !name.is_empty() {
            let mut parts = name.enter(SET).ok()?;
            let mut part = parts.enter(SEQUENCE).ok()?;
            if part.oid().ok()? == COMMON_NAME {
                let text = part.any().ok().filter(|v| matches!(v.tag, der::UTF8_STRING | der::PRINTABLE_STRING))?;
                found = str::from_utf8(text.content).ok();
            }
        }
        found
    }

    /// Whether it held at an instant of a timestamp; `what` it is, for the reason.
    pub(super) fn held_at(&self, at: Timestamp, what: &str) -> Result<(), String> {
        if self.from <= at && self.until.is_none_or(|until| at <= until) {
            return Ok(());
        }
        let until = self.until.map(|until| format!(" to {until}")).unwrap_or_default();
        Err(format!("{what} holds from {}{until}, and the timestamp is of {at}", self.from))
    }

    /// Whether it may have issued another, as the one with `below` certificates between.
    fn may_issue(&self, below: usize) -> bool {
        let says = self.says;
        says.is_authority
            && !says.is_strange
            && says.usage.is_none_or(|usage| usage & SIGNS_CERTIFICATES != 0)
            && says.stamps.is_none_or(|stamps| stamps != Stamps::No)
            && says.most_below.is_none_or(|most| i64::try_from(below).is_ok_and(|below| below <= most))
    }
}

impl Says {
    fn read(mut outer: Der<'_>) -> Result<Self, NotDer> {
        let mut list = outer.enter(SEQUENCE)?;
        outer.end()?;
        let mut says = Self::default();
        let mut names: Vec<&[u8]> = Vec::new();
        while !list.is_empty() {
            let mut extension = list.enter(SEQUENCE)?;
            let (name, critical) = (extension.oid()?, extension.default_false()?);
            let value = extension.value(OCTET_STRING)?.content;
            extension.end()?;
            if names.contains(&name) {
                return Err(NotDer);
            }
            names.push(name);
            match name {
                BASIC_CONSTRAINTS => {
                    let mut fields = Der::within(value, SEQUENCE)?;
                    says.is_authority = fields.default_false()?;
                    says.most_below = fields
                        .optional(der::INTEGER)?
                        .map(|most| der::small(der::integer(most.content)?))
                        .transpose()?;
                    fields.end()?;
                }
                KEY_USAGE => {
                    // How many bits are left over, and the bits.
                    match Der::within(value, BIT_STRING)?.rest() {
                        [0..=7, first, ..] => says.usage = Some(*first),
                        _ => return Err(NotDer),
                    }
                }
                EXTENDED_KEY_USAGE => {
                    let mut uses = Der::within(value, SEQUENCE)?;
                    let mut all = Vec::new();
                    while !uses.is_empty() {
                        all.push(uses.oid()?);
                    }
                    says.stamps = Some(match all.as_slice() {
                        [only] if *only == TIME_STAMPING && critical => Stamps::OnlyThat,
                        all if all.contains(&TIME_STAMPING) || all.contains(&ANY_USAGE) => Stamps::AmongOthers,
                        _ => Stamps::No,
                    });
                }
                _ => says.is_strange |= critical,
            }
        }
        Ok(says)
    }
}

/// When a certificate ends.
fn end(validity: &mut Der<'_>) -> Result<Option<Timestamp>, NotDer> {
    let mut ahead = *validity;
    let value = ahead.any()?;
    if value.tag == der::GENERALIZED_TIME && value.content == NO_END {
        *validity = ahead;
        return Ok(None);
    }
    validity.time().map(Some)
}

/// Whether a certificate leads to one of these roots, by way of any of these others, all of which held at an instant.
pub(super) fn leads_to_a_root(
    first: &Certificate<'_>,
    others: &[Certificate<'_>],
    roots: &[Certificate<'_>],
    at: Timestamp,
) -> Result<(), String> {
    first.held_at(at, "a certificate")?;
    let mut search = Search { others, roots, at, checks: MOST_CHECKS, why: None };
    match search.ends_at_a_root(&[first]) {
        true => Ok(()),
        false => Err(search.why.unwrap_or_else(|| "its certificates lead to none of the given roots".to_owned())),
    }
}

/// A search for a way to a root: each certificate may have several issuers, of which one does (a root that was renewed, or that another
/// root signed, too).
struct Search<'a> {
    others: &'a [Certificate<'a>],
    roots: &'a [Certificate<'a>],
    at: Timestamp,
    /// How many signatures may still be checked.
    checks: usize,
    /// Why the first issuer that does not do does not.
    why: Option<String>,
}

impl Search<'_> {
    /// Whether this way, or any that goes on from its end, ends at a root.
    fn ends_at_a_root(&mut self, way: &[&Certificate<'_>]) -> bool {
        let Some(last) = way.last() else { return false };
        // RFC 5280, 6.1.4 (l): a new key of the same name is no further step.
        let below = way.iter().skip(1).filter(|between| between.issuer != between.subject).count();
        if self.roots.iter().any(|root| self.issued(root, last, below, "the root")) {
            return true;
        }
        way.len() <= MOST_BETWEEN
            && self.others.iter().any(|next| {
                way.iter().all(|used| used.whole != next.whole)
                    && self.issued(next, last, below, "a certificate")
                    && self.ends_at_a_root(&[way, &[next]].concat())
            })
    }

    /// Whether one issued the other, and was allowed to.
    fn issued(&mut self, issuer: &Certificate<'_>, last: &Certificate<'_>, below: usize, what: &str) -> bool {
        if last.issuer != issuer.subject {
            return false;
        }
        let Some(checks) = self.checks.checked_sub(1) else {
            self.why.get_or_insert_with(|| "it takes too many signatures to find its root".to_owned());
            return false;
        };
        self.checks = checks;
        if !last.algorithm.is_some_and(|algorithm| issuer.signed(algorithm, last.signed, last.signature)) {
            return false;
        }
        let fit = match issuer.may_issue(below) {
            true => issuer.held_at(self.at, what),
            false => Err(format!("{what} on the way must not issue others")),
        };
        match fit {
            Ok(()) => true,
            Err(why) => {
                self.why.get_or_insert(why);
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_a_way_to_sign_are_as_its_standard_says() {
        let read = |name: &[u8], more: &[u8]| {
            let bytes = der::written(SEQUENCE, &[&der::written(der::OID, &[name]), more]);
            signature_algorithm(&mut Der::of(&bytes))
        };
        let null: &[u8] = &[NULL, 0];
        for (name, algorithm) in ALGORITHMS {
            let (absent, present) = match algorithm {
                Algorithm::Ecdsa(_) => (Ok(Some(algorithm)), Err(NotDer)),
                Algorithm::Rsa(_) => (Ok(Some(algorithm)), Ok(Some(algorithm))),
                Algorithm::RsaOver => (Err(NotDer), Ok(Some(algorithm))),
            };
            assert_eq!(read(name, &[]), absent, "{algorithm:?}");
            assert_eq!(read(name, null), present, "{algorithm:?}");
            assert_eq!(read(name, &[der::INTEGER, 1, 1]), Err(NotDer), "{algorithm:?}");
            assert_eq!(read(name, &[null, null].concat()), Err(NotDer), "{algorithm:?}");
        }
        assert_eq!(read(b"\x2a\x03", &[]), Ok(None));
    }
}
