//! The finding that is meant, and what is here.
//!
//! What must stay true: a name that could mean two findings means none.

use std::path::Path;

use serde::Deserialize;

use crate::cli::error::CliError;
use crate::cli::io;
use crate::exceptions::Context;
use crate::gate::Inputs;
use crate::model::finding::Finding;
use crate::model::text::Untrusted;
use crate::strict::json;

/// What scopes and days are compared with.
pub(super) fn context(inputs: &Inputs) -> Context<'_> {
    Context {
        service: inputs.service.name.as_ref().map(Untrusted::as_raw),
        environment: inputs.environment.as_raw(),
        repository: inputs.change.repository.as_ref().map(Untrusted::as_raw),
        now: inputs.now,
    }
}

/// The findings of a decision or of `findings --output json`.
///
/// # Errors
/// The file is neither: exit 3.
pub(super) fn of_document(path: &Path) -> Result<Vec<Finding>, CliError> {
    #[derive(Deserialize)]
    struct Holder {
        findings: Vec<Finding>,
    }
    let bytes = io::read(path, io::OWN_FILE_BYTES)?;
    let holder: Holder = json::read(&bytes).map_err(|fault| {
        CliError::input(format!("{}: {fault}", path.display()))
            .hint("give what `check --output json` or `findings --output json` wrote")
    })?;
    Ok(holder.findings)
}

/// The finding of this id or fingerprint, or the only one of this name.
///
/// # Errors
/// There is none, or more than one: exit 3.
pub(super) fn find<'a>(wanted: &str, findings: &'a [Finding]) -> Result<&'a Finding, CliError> {
    let exact = findings.iter().find(|finding| finding.id == *wanted || finding.fingerprint == *wanted);
    if let Some(finding) = exact {
        return Ok(finding);
    }
    let named: Vec<&Finding> = findings
        .iter()
        .filter(|finding| finding.ids.iter().any(|id| id.as_raw().eq_ignore_ascii_case(wanted)))
        .collect();
    match named.as_slice() {
        [one] => Ok(one),
        [] => Err(CliError::input(format!("there is no finding `{wanted}` among {}", findings.len()))
            .hint("`countersign findings` lists them; name the reports that it came from")),
        several => {
            let ids: Vec<_> = several.iter().map(|finding| finding.id.line()).collect();
            Err(CliError::input(format!("{} findings are named `{wanted}`", several.len()))
                .hint(format!("give the id of one: {}", ids.join(", "))))
        }
    }
}
