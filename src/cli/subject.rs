//! `--subject`: what is released.

use std::path::Path;

use super::error::CliError;
use super::evidence;
use crate::model::artifact::Artifact;
use crate::model::digest::Digest;

/// Reads every `--subject`: a file, `sha256:…`, or `NAME@sha256:…`.
///
/// # Errors
/// A file that cannot be read, a digest that is none, or the same artifact twice.
pub fn read(subjects: &[String]) -> Result<Vec<Artifact>, CliError> {
    let mut artifacts = subjects.iter().map(|text| one(text)).collect::<Result<Vec<_>, _>>()?;
    artifacts.sort();
    if artifacts.windows(2).any(|pair| matches!(pair, [a, b] if a.digest == b.digest)) {
        return Err(CliError::usage("two subjects have the same digest").hint("name every artifact once"));
    }
    Ok(artifacts)
}

fn one(text: &str) -> Result<Artifact, CliError> {
    let (name, digest) = match text.rsplit_once('@') {
        Some((name, digest)) if digest.starts_with("sha256:") => (name.to_owned(), parse(text, digest)?),
        _ if text.starts_with("sha256:") => (text.to_owned(), parse(text, text)?),
        _ => {
            let path = Path::new(text);
            let name = path.file_name().map_or_else(|| text.to_owned(), |name| name.to_string_lossy().into_owned());
            (name, evidence::digest_of_file(path)?)
        }
    };
    Ok(Artifact::new(name, digest))
}

fn parse(text: &str, digest: &str) -> Result<Digest, CliError> {
    digest.parse().map_err(|fault| CliError::usage(format!("--subject {text}: {fault}")))
}
