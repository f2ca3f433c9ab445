//! `key new` and `key show`.
//!
//! What must stay true: a key is never overwritten, and nothing of a private key is printed.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::error::CliError;
use super::signing::{self, Secret};
use super::{evidence, io};
use crate::evidence::keys::PrivateKey;

/// Makes a key: PREFIX.pem (PKCS#8, mode 0600), PREFIX.pub.pem (SPKI) and PREFIX.pub (OpenSSH).
///
/// # Errors
/// One of the files exists or cannot be written, or there are no random bytes: exit 4. None of the files remains.
pub fn new(prefix: &Path, out: &mut dyn Write) -> Result<(), CliError> {
    if prefix.file_name().is_none() {
        return Err(CliError::usage(format!("{}: names no file", prefix.display()))
            .hint("give a prefix, such as --out keys/gate"));
    }
    let key = PrivateKey::from_seed(&Zeroizing::new(io::random()?));
    let public = key.public();
    let [private_path, public_path, openssh_path] = [".pem", ".pub.pem", ".pub"].map(|end| with_end(prefix, end));
    let bytes = |text: &str| Zeroizing::new(text.as_bytes().to_vec());
    evidence::write_new(&BTreeMap::from([
        (private_path.clone(), (0o600, bytes(&key.to_pem()))),
        (public_path.clone(), (0o644, bytes(&public.to_pem()))),
        (openssh_path.clone(), (0o644, bytes(&public.to_openssh("countersign")))),
    ]))?;
    print(
        out,
        &format!(
            "{}\n  private  {}  keep it secret: it signs as the gate\n  public   {}  give it to whoever verifies\n  \
             openssh  {}\n",
            public.fingerprint(),
            shown(&private_path),
            shown(&public_path),
            shown(&openssh_path),
        ),
    )
}

/// Prints the fingerprint of a private or public key, as `ssh-keygen -lf` does.
///
/// # Errors
/// Neither: exit 3, with what is wrong with it as the kind that it says to be.
pub fn show(path: &Path, passphrase: Option<&Secret>, out: &mut dyn Write) -> Result<(), CliError> {
    let public = match evidence::says_private(path)? {
        true => signing::private_key(&Secret::File(path.to_owned()), passphrase)?.public(),
        false => evidence::public_key(path)?,
    };
    print(out, &format!("{}\n{}", public.fingerprint(), public.to_openssh("countersign")))
}

fn with_end(prefix: &Path, end: &str) -> PathBuf {
    let mut path = OsString::from(prefix.as_os_str());
    path.push(end);
    PathBuf::from(path)
}

fn shown(path: &Path) -> String {
    crate::model::text::neutral(&path.to_string_lossy()).into_owned()
}

fn print(out: &mut dyn Write, text: &str) -> Result<(), CliError> {
    out.write_all(text.as_bytes()).map_err(|error| CliError::internal(format!("the output: {error}")))
}
