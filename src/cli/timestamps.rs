//! Who stamps a signature, and whose stamps are believed: `check --timestamp-command`, and `--tsa-root` of `check` and `verify`.
//!
//! What must stay true: a run that was told to have its signature stamped leaves no evidence without the stamp; and where the program
//! was built without timestamps, it says so instead of passing over a flag.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use crate::evidence::trust::TimestampRoot;
use crate::evidence::{Stamps, Timestamper};

#[cfg(not(feature = "timestamp"))]
pub use self::disabled::certificates;
#[cfg(feature = "timestamp")]
pub use self::enabled::certificates;

/// Flags that say who stamps.
#[derive(Clone, Debug, Default, Args)]
pub struct TimestampArgs {
    /// Have the signature stamped (RFC 3161): a program that reads a TimeStampReq (DER) on standard input and prints the authority's
    /// TimeStampResp. Split at white space, run without a shell, ended after 60 seconds.
    #[arg(long, value_name = "PROGRAM [ARGUMENT…]")]
    pub timestamp_command: Option<String>,
    /// Leave no evidence unless the timestamp is by an authority below the roots in this file (PEM or DER); repeatable.
    #[arg(long, value_name = "PATH", requires = "timestamp_command")]
    pub tsa_root: Vec<PathBuf>,
}

/// Flags that say whose stamps are believed.
#[derive(Clone, Debug, Default, Args)]
pub struct TsaArgs {
    /// Demand a timestamp (RFC 3161) over the signature, by an authority below the roots in this file (PEM or DER), whatever roots a
    /// trust file lists; repeatable.
    #[arg(long, value_name = "PATH")]
    pub tsa_root: Vec<PathBuf>,
    /// Demand a timestamp by an authority below the roots that the trust file lists.
    #[arg(long)]
    pub require_timestamp: bool,
}

impl TsaArgs {
    /// Whether there must be a timestamp. One that is there is looked at wherever somebody's are believed.
    #[must_use]
    pub const fn is_demanded(&self) -> bool {
        self.require_timestamp || !self.tsa_root.is_empty()
    }
}

#[cfg(feature = "timestamp")]
mod enabled {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::{CliError, Stamps, TimestampArgs, TimestampRoot, Timestamper, TsaArgs};
    use crate::cli::io;
    use crate::cli::signing::Program;
    use crate::evidence::keys::SIGNATURE_BYTES;
    use crate::evidence::timestamp::{Authorities, MAX_ANSWER_BYTES, TimestampRequest};

    /// How long an authority may take.
    const TIME: Duration = Duration::from_secs(60);

    /// A program that asks an authority.
    #[derive(Debug)]
    struct Asking {
        program: Program,
        /// Of whom the authority has to be one, where anybody is named.
        authorities: Authorities,
    }

    impl Timestamper for Asking {
        fn stamp(&self, signature: [u8; SIGNATURE_BYTES]) -> Result<Vec<u8>, String> {
            let nonce = io::random::<8>().map_err(|error| error.to_string())?;
            let request = TimestampRequest::new(signature, nonce);
            let answer = self.program.run(&request.to_der(), MAX_ANSWER_BYTES, Some(TIME))?;
            let now = io::now().map_err(|error| error.to_string())?;
            let stored = request.accept(&answer, now).map_err(|fault| format!("--timestamp-command: {fault}"))?;
            if !self.authorities.is_empty() {
                self.authorities.existed(&stored, &signature).map_err(|why| format!("--tsa-root: {why}"))?;
            }
            Ok(stored)
        }
    }

    impl TimestampArgs {
        /// Who stamps.
        ///
        /// # Errors
        /// No program is named: exit 2. A file that cannot be read, or holds no certificates: exit 3.
        pub fn timestamper(&self) -> Result<Option<Box<dyn Timestamper>>, CliError> {
            let Some(command) = &self.timestamp_command else { return Ok(None) };
            let program = Program::new("--timestamp-command", command)?;
            Ok(Some(Box::new(Asking { program, authorities: authorities(&self.tsa_root)? })))
        }
    }

    impl TsaArgs {
        /// Whose stamps are believed: those below the roots that are named here, else below those that a trust file lists.
        ///
        /// # Errors
        /// Nobody's, and a stamp is demanded: exit 2. A file that cannot be read, or holds no certificates: exit 3.
        pub fn read(&self, listed: &[TimestampRoot]) -> Result<Option<Box<dyn Stamps>>, CliError> {
            let mut authorities = authorities(&self.tsa_root)?;
            if authorities.is_empty() {
                for root in listed.iter().filter(|root| root.revoked_at.is_none()) {
                    authorities.add_file(&root.certificate).map_err(|fault| {
                        CliError::input(format!("the trust file's root of timestamps {}: {fault}", root.fingerprint()))
                    })?;
                }
            }
            if authorities.is_empty() && self.is_demanded() {
                return Err(CliError::usage("--require-timestamp: nobody's timestamps are believed")
                    .hint("give --tsa-root, or a trust file with a root of timestamps that is not revoked"));
            }
            Ok((!authorities.is_empty()).then(|| -> Box<dyn Stamps> { Box::new(authorities) }))
        }
    }

    /// The certificates in a file.
    ///
    /// # Errors
    /// A file that cannot be read, or holds none: exit 3.
    pub fn certificates(path: &Path) -> Result<Vec<Vec<u8>>, CliError> {
        authorities(&[path.to_owned()]).map(Authorities::into_roots)
    }

    fn authorities(roots: &[PathBuf]) -> Result<Authorities, CliError> {
        let mut authorities = Authorities::default();
        for path in roots {
            authorities.add_file(&io::read(path, io::OWN_FILE_BYTES)?).map_err(|fault| {
                CliError::input(format!("{}: {fault}", path.display()))
                    .hint("give the certificate of the authority's root, as the authority publishes it")
            })?;
        }
        Ok(authorities)
    }
}

#[cfg(not(feature = "timestamp"))]
mod disabled {
    use std::path::Path;

    use super::{CliError, Stamps, TimestampArgs, TimestampRoot, Timestamper, TsaArgs};

    /// None.
    ///
    /// # Errors
    /// Always: exit 2.
    pub fn certificates(_: &Path) -> Result<Vec<Vec<u8>>, CliError> {
        Err(refused("--role timestamp"))
    }

    fn refused(flag: &str) -> CliError {
        CliError::usage(format!("{flag}: this program was built without timestamps"))
            .hint("build it with the feature `timestamp`, which is there by default")
    }

    impl TimestampArgs {
        /// Nobody.
        ///
        /// # Errors
        /// The flag is given: exit 2.
        pub fn timestamper(&self) -> Result<Option<Box<dyn Timestamper>>, CliError> {
            self.timestamp_command.as_ref().map_or(Ok(None), |_| Err(refused("--timestamp-command")))
        }
    }

    impl TsaArgs {
        /// Nobody's.
        ///
        /// # Errors
        /// The flag is given: exit 2.
        pub fn read(&self, _: &[TimestampRoot]) -> Result<Option<Box<dyn Stamps>>, CliError> {
            if self.is_demanded() { Err(refused("--tsa-root, --require-timestamp")) } else { Ok(None) }
        }
    }
}
