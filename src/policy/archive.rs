//! An OPA bundle: a gzipped tar of `.rego` files, `data.json` or `data.yaml` in directories that are their place below `data`, and a
//! `.manifest`.
//!
//! What must stay true: nothing is taken from an archive that could be another file than it seems, or larger than the limits;
//! what an archive holds and we do not read is refused where it would change an answer.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;

use serde::Deserialize;

use super::{Layer, PolicyError, PolicyFile, lexer};
use crate::strict;

/// The most bytes that an archive may unpack to.
const MAX_BYTES: u64 = 64 << 20;
/// The most entries.
const MAX_ENTRIES: usize = 10_000;

/// What an archive holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// Policies and data.
    pub files: Vec<PolicyFile>,
    /// `profile.yaml` at the top.
    pub profile: Option<String>,
    /// Exception records and the signatures of their approvals, both at the top.
    pub exceptions: Option<ArchivedExceptions>,
    /// The manifest's revision.
    pub revision: Option<String>,
}

/// `exceptions.yaml`, and `.sig` files beside it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ArchivedExceptions {
    /// The records.
    pub records: String,
    /// The signatures, by name.
    pub signatures: BTreeMap<String, String>,
}

/// The file of a bundle that holds exception records.
pub const EXCEPTIONS: &str = "exceptions.yaml";

/// The manifest; what it may hold besides is for those who serve bundles.
#[derive(Debug, Default, Deserialize)]
struct Manifest {
    #[serde(default)]
    revision: Option<String>,
    /// Places below `data`, with `/`; none, or an empty one, is everything.
    #[serde(default)]
    roots: Option<Vec<String>>,
    #[serde(default)]
    wasm: Vec<serde::de::IgnoredAny>,
    #[serde(default)]
    rego_version: Option<u8>,
    #[serde(default, rename = "file_rego_versions")]
    per_file: BTreeMap<String, u8>,
    #[serde(default, rename = "metadata")]
    _metadata: Option<serde::de::IgnoredAny>,
}

/// Reads an archive; the paths of its files begin with `name`.
///
/// # Errors
/// An archive that is broken, too large, or holds what must not be in it.
pub fn unpack(name: &str, layer: Layer, bytes: &[u8]) -> Result<Archive, PolicyError> {
    let mut entries = Vec::new();
    let mut seen = BTreeSet::new();
    let mut manifest = Manifest::default();
    let mut archive = Archive { files: Vec::new(), profile: None, exceptions: None, revision: None };
    let mut signatures = BTreeMap::new();
    each(name, bytes, |path, text| {
        if !seen.insert(path.to_ascii_lowercase()) {
            return Err(format!("{path}: is in the archive twice"));
        }
        let (directory, file) = path.rsplit_once('/').unwrap_or(("", path));
        match (file, file.rsplit_once('.').map(|(_, extension)| extension)) {
            (".manifest", _) if directory.is_empty() => {
                manifest = strict::json::parse(text.as_bytes())
                    .map_err(|fault| format!("{path}:{}: {}", fault.line, fault.message))
                    .and_then(|json| serde_json::from_value(json).map_err(|error| format!("{path}: {error}")))?;
            }
            (".signatures.json", _) => {}
            ("profile.yaml", _) if directory.is_empty() => archive.profile = Some(text),
            (EXCEPTIONS, _) if directory.is_empty() => {
                archive.exceptions = Some(ArchivedExceptions { records: text, ..ArchivedExceptions::default() });
            }
            (_, Some("sig")) if directory.is_empty() => drop(signatures.insert(file.to_owned(), text)),
            ("data.json" | "data.yaml" | "data.yml", _) => {
                entries.push((path.to_owned(), directory.to_owned(), text));
            }
            (_, Some("rego")) => entries.push((path.to_owned(), String::new(), text)),
            (_, Some("json" | "yaml" | "yml")) => {
                return Err(format!("{path}: data is read from files that are called data.json or data.yaml"));
            }
            (_, Some("wasm")) => return Err(format!("{path}: compiled policies cannot be checked")),
            _ => {}
        }
        Ok(())
    })?;
    if let Some(exceptions) = &mut archive.exceptions {
        exceptions.signatures = signatures;
    }
    let refuse = |message: &str| Err(PolicyError::file(&format!("{name}!.manifest"), message));
    if !manifest.wasm.is_empty() {
        return refuse("compiled policies (wasm) cannot be checked");
    }
    if manifest.rego_version.into_iter().chain(manifest.per_file.into_values()).any(|version| version > 1) {
        return refuse("a version of Rego that is not known");
    }
    archive.revision = manifest.revision;
    let roots = manifest.roots.unwrap_or_default();
    for (path, mount, source) in entries {
        let shown = format!("{name}!{path}");
        if !path.ends_with("_test.rego") {
            refuse_outside(&shown, &mount, &source, &roots)?;
        }
        archive.files.push(PolicyFile { path: shown, layer, mount, source: source.into() });
    }
    if archive.files.is_empty() && archive.profile.is_none() && archive.exceptions.is_none() {
        return Err(PolicyError::file(name, "holds neither policy nor data")
            .hint("policies are files that end in .rego, data is in data.json or data.yaml"));
    }
    Ok(archive)
}

/// Where a policy's package lies below `data`, with `/`.
pub(super) fn place_of(path: &str, source: &str) -> Result<String, PolicyError> {
    let (package, _) = lexer::lex(path, source)?.package().unwrap_or_default();
    Ok(package.replace('.', "/"))
}

/// A bundle owns its roots: what lies elsewhere is not its to say.
fn refuse_outside(path: &str, mount: &str, source: &str, roots: &[String]) -> Result<(), PolicyError> {
    let is_policy = path.ends_with(".rego");
    let places: Vec<String> = if is_policy {
        vec![place_of(path, source)?]
    } else if mount.is_empty() {
        // Data at the top: each of its keys is a place, and the manifest is held against them.
        let json: Option<serde_json::Value> =
            strict::json::parse(source.as_bytes()).ok().or_else(|| serde_saphyr::from_str(source).ok());
        let fields = json.as_ref().and_then(|json| json.as_object());
        fields.into_iter().flatten().map(|(key, _)| key.clone()).collect()
    } else {
        vec![mount.to_owned()]
    };
    let owns = |root: &String, place: &str| {
        let root = root.trim_matches('/');
        let within = |outer: &str, inner: &str| {
            inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        root.is_empty() || within(root, place) || (!is_policy && mount.is_empty() && within(place, root))
    };
    match places.iter().find(|place| !roots.is_empty() && !roots.iter().any(|root| owns(root, place))) {
        Some(place) => Err(PolicyError::file(path, format!("`{place}` is outside of the bundle's roots"))
            .hint(format!("the manifest's roots are {}", roots.join(", ")))),
        None => Ok(()),
    }
}

/// Calls `take` with path and text of every regular file.
fn each(name: &str, bytes: &[u8], mut take: impl FnMut(&str, String) -> Result<(), String>) -> Result<(), PolicyError> {
    let fault = |message: String| {
        PolicyError::file(name, message).hint("a bundle is a .tar.gz of plain files, as `opa build` writes it")
    };
    let unpacked = inflate(bytes).map_err(fault)?;
    let mut archive = tar::Archive::new(unpacked.as_slice());
    let entries = archive.entries().map_err(|error| fault(error.to_string()))?;
    for (number, entry) in entries.enumerate() {
        let mut entry = entry.map_err(|error| fault(format!("the archive is broken: {error}")))?;
        if number >= MAX_ENTRIES {
            return Err(fault(format!("more than the limit of {MAX_ENTRIES} entries")));
        }
        let path = entry.path_bytes();
        let path = std::str::from_utf8(&path).map_err(|_| fault("a path is not UTF-8".to_owned()))?.to_owned();
        let kind = entry.header().entry_type();
        if kind.is_dir() {
            continue;
        }
        let path = plain(&path).ok_or_else(|| fault(format!("{path:?}: a path that leads out of the archive")))?;
        if !kind.is_file() {
            return Err(fault(format!("{path}: is a link or a device, and no plain file")));
        }
        let mut content = Vec::new();
        entry.read_to_end(&mut content).map_err(|error| fault(format!("{path}: {error}")))?;
        // What is not read may be anything.
        let text = String::from_utf8_lossy(&content);
        if matches!(text, std::borrow::Cow::Owned(_)) && (path.ends_with(".rego") || path.contains("data.")) {
            return Err(fault(format!("{path}: must be UTF-8 text")));
        }
        take(&path, text.into_owned()).map_err(fault)?;
    }
    Ok(())
}

fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut rest = bytes;
    let mut unpacked = Vec::new();
    let decoder = flate2::bufread::GzDecoder::new(&mut rest);
    let mut limited = decoder.take(MAX_BYTES + 1);
    limited.read_to_end(&mut unpacked).map_err(|error| format!("no sound gzip: {error}"))?;
    if u64::try_from(unpacked.len()).is_ok_and(|len| len > MAX_BYTES) {
        return Err(format!("unpacks to more than the limit of {MAX_BYTES} bytes"));
    }
    drop(limited);
    if rest.is_empty() { Ok(unpacked) } else { Err("something follows the end of the gzip stream".to_owned()) }
}

/// A path without `.` and the slash that `opa build` begins each with; `None` where it leads anywhere but below the archive.
fn plain(path: &str) -> Option<String> {
    if path.contains(['\\', ':', '\0']) {
        return None;
    }
    let parts: Vec<&str> = path.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    let sound =
        !parts.is_empty() && !parts.contains(&"..") && !parts.iter().any(|part| part.chars().any(char::is_control));
    sound.then(|| parts.join("/"))
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    fn tar_of(files: &[(&str, &str)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        for (path, text) in files {
            let mut header = tar::Header::new_gnu();
            header.set_size(u64::try_from(text.len()).unwrap());
            header.set_mode(0o644);
            builder.append_data(&mut header, path, text.as_bytes()).unwrap();
        }
        builder.into_inner().unwrap()
    }

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gz.write_all(bytes).unwrap();
        gz.finish().unwrap()
    }

    const RULE: &str = "package countersign.rules.a.r\n\ndeny contains \"x\"\n";

    fn sound() -> Vec<u8> {
        tar_of(&[
            (".manifest", "{\"revision\": \"1\", \"roots\": [\"\"]}"),
            ("a/r.rego", RULE),
            ("b/c/data.json", "{\"x\": 1}"),
        ])
    }

    #[test]
    fn data_is_mounted_by_its_directory() {
        let archive = unpack("b.tar.gz", Layer::Organisation, &gzipped(&sound())).unwrap();
        let files: Vec<(&str, &str)> =
            archive.files.iter().map(|file| (file.path.as_str(), file.mount.as_str())).collect();
        assert_eq!(files, [("b.tar.gz!a/r.rego", ""), ("b.tar.gz!b/c/data.json", "b/c")]);
        assert_eq!(archive.revision.as_deref(), Some("1"));
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

        /// Damage ends in an error or in files below the archive, and never in a panic.
        #[test]
        fn damaged_archives_break_nothing(damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6)) {
            let mut bytes = sound();
            for (index, byte) in damage {
                let at = index.index(bytes.len());
                bytes[at] = byte;
            }
            if let Ok(archive) = unpack("b.tar.gz", Layer::Organisation, &gzipped(&bytes)) {
                for file in archive.files {
                    let below = file.path.strip_prefix("b.tar.gz!").unwrap();
                    prop_assert!(!below.starts_with('/') && !below.split('/').any(|part| part == ".." || part.is_empty()));
                }
            }
        }
    }
}
