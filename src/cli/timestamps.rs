//! Who stamps a signature, and whose stamps are believed: `check --timestamp-command`, and `--tsa-root` of `check` and `verify`.
//!
//! What must stay true: a run that was told to have its signature stamped leaves no evidence without the stamp; and where the program
//! was built without timestamps, it says so instead of passing over a flag.

use std::path::PathBuf;

use clap::Args;

use super::error::CliError;
use crate::evidence::{Stamps, Timestamper};

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
    /// Demand a timestamp (RFC 3161) over the signature, by an authority below the roots in this file (PEM or DER);
    /// repeatable.
    #[arg(long, value_name = "PATH")]
    pub tsa_root: Vec<PathBuf>,
}

#[cfg(feature = "timestamp")]
mod enabled {
    use std::path::PathBuf;
    use std::time::Duration;

    use super::{CliError, Stamps, TimestampArgs, Timestamper, TsaArgs};
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
        /// Whose stamps are believed.
        ///
        /// # Errors
        /// A file that cannot be read, or holds no certificates: exit 3.
        pub fn read(&self) -> Result<Option<Box<dyn Stamps>>, CliError> {
            let authorities = authorities(&self.tsa_root)?;
            Ok((!authorities.is_empty()).then(|| -> Box<dyn Stamps> { Box::new(authorities) }))
        }
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
    use super::{CliError, Stamps, TimestampArgs, Timestamper, TsaArgs};

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
        pub fn read(&self) -> Result<Option<Box<dyn Stamps>>, CliError> {
            if self.tsa_root.is_empty() { Ok(None) } else { Err(refused("--tsa-root")) }
        }
    }
}
