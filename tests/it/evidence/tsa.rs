//! A timestamp authority that stamps as of any instant, and wrongly where it is told to: OpenSSL, with certificates made here.

use std::path::PathBuf;
use std::process::Command;

use sha2::{Digest as _, Sha256};

/// Certificates below a root, by name; `tsa` is the one that should be.
pub(super) struct Tsa {
    dir: tempfile::TempDir,
}

/// A token to be made.
pub(super) struct Told<'a> {
    /// Whose key signs it.
    pub(super) signer: &'a str,
    /// What is stamped.
    pub(super) message: &'a [u8],
    /// `20240102080001Z`.
    pub(super) at: &'a str,
    /// How, in words for `openssl cms -sign`.
    pub(super) how: &'a str,
}

const CONFIGURATION: &str = "
[req]
distinguished_name = dn
prompt = no
[dn]
CN = name
[ca]
default_ca = this
[this]
database = index.txt
new_certs_dir = .
default_md = sha256
policy = any
rand_serial = yes
unique_subject = no
[any]
commonName = supplied
[root]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign,cRLSign
[short_root]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
[leaf_root]
basicConstraints = critical,CA:FALSE
[between]
basicConstraints = critical,CA:TRUE,pathlen:0
keyUsage = critical,keyCertSign
[tsa]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
[no_usage]
basicConstraints = CA:FALSE
[not_critical]
extendedKeyUsage = timeStamping
[two_usages]
extendedKeyUsage = critical,timeStamping,codeSigning
[strange]
extendedKeyUsage = critical,timeStamping
1.2.3.4 = critical,DER:0500
[encrypts]
keyUsage = critical,keyEncipherment
extendedKeyUsage = critical,timeStamping
[tsa_tool]
default_tsa = tool
[tool]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha1,sha256,sha384,sha512
accuracy = secs:1
ess_cert_id_alg = sha256
";

/// How an authority signs.
pub(super) const HOW: &str = "-md sha256 -cades";

/// The functions `key NAME ALGORITHM` and `issue NAME ISSUER EXTENSIONS FROM UNTIL`.
const FUNCTIONS: &str = r#"
key() {
  case $2 in
    rsa) openssl genrsa -out "$1.key" 2048 ;;
    *) openssl ecparam -name "$2" -genkey -noout -out "$1.key" ;;
  esac
}
issue() {
  openssl req -new -key "$1.key" -subj "/CN=$1" -config ca.cnf -out "$1.csr"
  if [ "$1" = "$2" ]; then by=-selfsign; else by="-cert $2.pem"; fi
  openssl ca -batch -notext -config ca.cnf -in "$1.csr" -keyfile "$2.key" $by -extensions "$3" \
    -startdate "$4" -enddate "$5" -out "$1.pem"
}
"#;

impl Tsa {
    /// A root and an authority below it, both for this century.
    pub(super) fn new() -> Self {
        let tsa = Self { dir: tempfile::tempdir().unwrap() };
        std::fs::write(tsa.path("ca.cnf"), CONFIGURATION).unwrap();
        std::fs::write(tsa.path("index.txt"), "").unwrap();
        tsa.sh("key root prime256v1; issue root root root 20200101000000Z 21000101000000Z");
        tsa.issue("tsa", "root", "tsa", "prime256v1");
        tsa
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// A certificate for this key by another name's key: `from` and `until` like `20240102080001Z`.
    pub(super) fn cross(&self, name: &str, subject: &str, key: &str, issuer: &str, extensions: &str, days: [&str; 2]) {
        let [from, until] = days;
        self.sh(&format!(
            "openssl req -new -key {key}.key -subj /CN={subject} -config ca.cnf -out {name}.csr
             openssl ca -batch -notext -config ca.cnf -in {name}.csr -keyfile {issuer}.key -cert {issuer}.pem \
               -extensions {extensions} -startdate {from} -enddate {until} -out {name}.pem"
        ));
    }

    /// A new key with a certificate for this century.
    pub(super) fn issue(&self, name: &str, issuer: &str, extensions: &str, algorithm: &str) {
        self.sh(&format!("key {name} {algorithm}; issue {name} {issuer} {extensions} 20200101000000Z 21000101000000Z"));
    }

    pub(super) fn sh(&self, script: &str) {
        self.text(script);
    }

    pub(super) fn text(&self, script: &str) -> String {
        let script = format!("{FUNCTIONS}\n{script}");
        let output = Command::new("sh").args(["-euc", &script]).current_dir(self.dir.path()).output().unwrap();
        assert!(output.status.success(), "{script}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// An answer with a token over this message, by `tsa`.
    pub(super) fn stamp(&self, message: &[u8], at: &str) -> Vec<u8> {
        self.told(&Told { signer: "tsa", message, at, how: HOW })
    }

    pub(super) fn told(&self, told: &Told<'_>) -> Vec<u8> {
        self.answer(told, &imprint(told.message))
    }

    /// The token that was made last, by an RSA key of 2,048 bits: its signed attributes changed in place, and signed again.
    pub(super) fn resigned(&self, signer: &str, change: &dyn Fn(&mut [u8])) -> Vec<u8> {
        let mut token = self.read("token");
        // Behind the signer's SHA-256 stand the attributes; behind these the algorithm (15 bytes), and the signature with its header.
        let sha256: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02\x01";
        let from = sha256.len() + token.windows(sha256.len()).rposition(|bytes| bytes == sha256).unwrap();
        let from = from + token[from..].iter().position(|byte| *byte == 0xa0).unwrap();
        let signature = token.len() - 256;
        let attributes = &mut token[from..signature - 4 - 15];
        change(attributes);
        attributes[0] = 0x31;
        std::fs::write(self.path("attributes"), &attributes).unwrap();
        attributes[0] = 0xa0;
        self.sh(&format!("openssl dgst -sha256 -sign {signer}.key -out signature attributes"));
        token[signature..].copy_from_slice(&self.read("signature"));
        granted(&token)
    }

    /// The same with any imprint.
    pub(super) fn answer(&self, told: &Told<'_>, imprint: &[u8]) -> Vec<u8> {
        self.answer_with(told, imprint, &[])
    }

    /// The same with something behind the instant.
    pub(super) fn answer_with(&self, told: &Told<'_>, imprint: &[u8], more: &[u8]) -> Vec<u8> {
        let info = der(
            0x30,
            &[
                &der(0x02, &[&[1]]),
                &der(0x06, &[b"\x2a\x03\x04\x01"]),
                &der(0x30, &[imprint]),
                &der(0x02, &[&[42]]),
                &der(0x18, &[told.at.as_bytes()]),
                more,
            ],
        );
        std::fs::write(self.path("info"), info).unwrap();
        let Told { signer, how, .. } = told;
        self.sh(&format!(
            "openssl cms -sign -binary -nodetach -nosmimecap -econtent_type 1.2.840.113549.1.9.16.1.4 {how} \
             -signer {signer}.pem -inkey {signer}.key -in info -outform DER -out token"
        ));
        granted(&self.read("token"))
    }
}

/// SHA-256 of a message, as a token has it.
pub(super) fn imprint(message: &[u8]) -> Vec<u8> {
    let sha256 = der(0x06, &[b"\x60\x86\x48\x01\x65\x03\x04\x02\x01"]);
    [der(0x30, &[&sha256]), der(0x04, &[&Sha256::digest(message)])].concat()
}

/// An answer with this token.
pub(super) fn granted(token: &[u8]) -> Vec<u8> {
    der(0x30, &[&der(0x30, &[&der(0x02, &[&[0]])]), token])
}

/// A value in DER.
pub(super) fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut bytes = vec![tag];
    match content.len() {
        short @ 0..=0x7f => bytes.push(u8::try_from(short).unwrap()),
        long => {
            bytes.push(0x82);
            bytes.extend(u16::try_from(long).unwrap().to_be_bytes());
            if long <= 0xff {
                bytes.truncate(1);
                bytes.extend([0x81, u8::try_from(long).unwrap()]);
            }
        }
    }
    bytes.extend(content);
    bytes
}
