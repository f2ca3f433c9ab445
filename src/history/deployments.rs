//! What was deployed, as somebody else lists it: our own CSV or JSON, or what platforms and registries export.
//!
//! What must stay true: a row that names neither a digest nor a commit is an error, never a row that is left out; and rows that
//! did not deploy are counted.
//!
//! Sources: GitHub REST `GET /repos/{owner}/{repo}/deployments` and `…/packages/container/{name}/versions`, GitLab REST
//! `GET /projects/:id/deployments`, Docker Hub `GET /v2/repositories/{name}/tags`.

use serde_json::Value;

use crate::model::digest::{CommitId, Digest};
use crate::model::text::Untrusted;
use crate::model::time::Timestamp;
use crate::strict::json;

/// One row of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// What the list calls it; its number in the list where it has no name.
    pub id: Untrusted,
    /// The digest of what was deployed.
    pub digest: Option<Digest>,
    /// The commit that it was built from.
    pub commit: Option<CommitId>,
    /// Where to.
    pub environment: Option<Untrusted>,
    /// When.
    pub at: Option<Timestamp>,
    /// Whether it took place: a failed or a waiting one did not.
    pub done: bool,
}

/// Why a list was refused. Whoever made it has to correct it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeploymentsFault {
    /// Neither JSON nor CSV that can be read.
    #[error("{0}")]
    Unreadable(String),
    /// No list.
    #[error("no list of deployments: expected an array, or one under `deployments`, `results` or `items`")]
    NoList,
    /// A row of which nothing is known.
    #[error("row {row}: {what}")]
    Row {
        /// From 1.
        row: usize,
        /// What is wrong.
        what: String,
    },
}

/// The names that a field has in the lists that are read, the first that is there counts.
const DIGEST: &[&str] = &["digest", "sha256", "image_digest"];
const COMMIT: &[&str] = &["commit", "sha"];
const AT: &[&str] = &["at", "deployed_at", "created_at", "tag_last_pushed", "last_updated"];
const ENVIRONMENT: &[&str] = &["environment"];
const ID: &[&str] = &["id", "name"];
const STATUS: &[&str] = &["status", "tag_status"];

/// What a status says when the deployment took place. No status says that it did.
const DONE: &[&str] = &["success", "succeeded", "active", "inactive"];

/// Where the list is in a document that is no list itself.
const LISTS: &[&str] = &["deployments", "results", "items"];

/// Reads a list of deployments.
///
/// # Errors
/// See [`DeploymentsFault`].
pub fn deployments(bytes: &[u8]) -> Result<Vec<Deployment>, DeploymentsFault> {
    let rows = match bytes.iter().find(|b| !b.is_ascii_whitespace()) {
        Some(b'[' | b'{') => of_json(bytes)?,
        _ => of_csv(bytes)?,
    };
    rows.iter().zip(1..).map(|(row, number)| deployment(row, number)).collect()
}

fn of_json(bytes: &[u8]) -> Result<Vec<Value>, DeploymentsFault> {
    match json::parse(bytes).map_err(|fault| DeploymentsFault::Unreadable(fault.to_string()))? {
        Value::Array(rows) => Ok(rows),
        Value::Object(mut document) => match LISTS.iter().find_map(|name| document.remove(*name)) {
            Some(Value::Array(rows)) => Ok(rows),
            _ => Err(DeploymentsFault::NoList),
        },
        _ => Err(DeploymentsFault::NoList),
    }
}

fn of_csv(bytes: &[u8]) -> Result<Vec<Value>, DeploymentsFault> {
    let unreadable =
        |error: csv::Error| DeploymentsFault::Unreadable(crate::model::text::neutral(&error.to_string()).into_owned());
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(bytes);
    let header = reader.headers().map_err(unreadable)?.clone();
    let known = |name: &str| [DIGEST, COMMIT].concat().contains(&name);
    if !header.iter().any(known) {
        return Err(DeploymentsFault::Unreadable(
            "its first line names neither a `digest` nor a `commit` column".to_owned(),
        ));
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(unreadable)?;
        let cells = header.iter().zip(&record).filter(|(_, cell)| !cell.is_empty());
        rows.push(cells.map(|(name, cell)| (name.to_owned(), Value::from(cell))).collect());
    }
    Ok(rows)
}

fn deployment(row: &Value, number: usize) -> Result<Deployment, DeploymentsFault> {
    let fault = |what: String| DeploymentsFault::Row { row: number, what };
    let text = |names: &[&str]| names.iter().find_map(|name| text_of(row.get(*name)?));
    let id = text(ID);
    // A registry names the versions of an image by their digests.
    let digest = text(DIGEST).or_else(|| id.clone().filter(|name| name.starts_with("sha256:")));
    let name = text(&["name"]).filter(|name| name.starts_with("sha256:"));
    let digest =
        digest.or(name).map(|text| spelled(&text).parse::<Digest>().map_err(|f| fault(f.to_string()))).transpose()?;
    let commit = text(COMMIT).map(|text| text.parse::<CommitId>().map_err(|f| fault(f.to_string()))).transpose()?;
    if digest.is_none() && commit.is_none() {
        return Err(fault("names neither a digest nor a commit of what was deployed".to_owned()));
    }
    let at = text(AT).map(|text| text.parse::<Timestamp>().map_err(|f| fault(f.to_string()))).transpose()?;
    Ok(Deployment {
        id: Untrusted::from(id.unwrap_or_else(|| number.to_string())),
        digest,
        commit,
        // Environments are compared as the gate names them.
        environment: text(ENVIRONMENT).map(|name| Untrusted::from(name.to_lowercase())),
        at,
        done: text(STATUS).is_none_or(|status| DONE.contains(&status.as_str())),
    })
}

/// A text, a number, or the name of an object that has one.
fn text_of(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => object.get("name")?.as_str().map(str::to_owned),
        _ => None,
    }
}

/// A digest may come without its algorithm.
fn spelled(digest: &str) -> String {
    if digest.contains(':') { digest.to_owned() } else { format!("sha256:{digest}") }
}
