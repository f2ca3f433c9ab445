//! Policies and data as a bundle: the `.tar.gz` that a release reads, and OPA.
//!
//! What must stay true: the same policies give the same bytes, wherever and whenever they are packed; and what is packed is what
//! `unpack` gives back.

use std::collections::{BTreeMap, BTreeSet};

use flate2::{Compression, GzBuilder};
use serde::Serialize;

use super::archive::ArchivedExceptions;
use super::{Layer, PolicyError, PolicyFile, archive, bundle};
use crate::model::digest::Digest;

/// What goes into a bundle.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packing {
    /// Policies and data; the paths are those in the bundle, data is named by its mount.
    pub files: Vec<PolicyFile>,
    /// `profile.yaml`.
    pub profile: Option<String>,
    /// Exception records and the signatures of their approvals.
    pub exceptions: Option<ArchivedExceptions>,
    /// The manifest's revision; the digest of the contents where there is none.
    pub revision: Option<String>,
    /// The ids of the rules.
    pub rules: Vec<String>,
    /// Those of the files that are Rego v0.
    pub v0: BTreeSet<String>,
}

/// A bundle that was packed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Packed {
    /// The archive.
    pub bytes: Vec<u8>,
    /// The manifest's revision.
    pub revision: String,
    /// How many policies, and how many data files, are in it.
    pub counts: (usize, usize),
}

/// `.manifest`.
#[derive(Serialize)]
struct Manifest<'a> {
    revision: &'a str,
    roots: BTreeSet<String>,
    rego_version: u8,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    file_rego_versions: BTreeMap<String, u8>,
    metadata: Metadata<'a>,
}

/// What OPA hands on, and does not read.
#[derive(Serialize)]
struct Metadata<'a> {
    countersign: About<'a>,
}

#[derive(Serialize)]
struct About<'a> {
    rules: &'a [String],
    profile: bool,
}

impl Packing {
    /// Packs; then reads what was packed, as a release would.
    ///
    /// # Errors
    /// Two files of one name, data that cannot be read, more than a bundle may hold.
    pub fn pack(self) -> Result<Packed, PolicyError> {
        let mut members: BTreeMap<String, String> = BTreeMap::new();
        let (mut places, mut counts) = (BTreeSet::new(), (0, 0));
        for file in &self.files {
            let (name, text) = if file.path.ends_with(".rego") {
                counts.0 += 1;
                places.insert(archive::place_of(&file.path, &file.source)?);
                (file.path.clone(), file.source.clone().into_owned())
            } else {
                counts.1 += 1;
                let name = format!("{}/data.json", file.mount);
                places.extend(bundle::read_data(file)?.into_keys());
                (name.trim_start_matches('/').to_owned(), as_json(file)?)
            };
            if members.insert(name.clone(), text).is_some() {
                return Err(PolicyError::file(&file.path, format!("the bundle would hold {name} twice"))
                    .hint("make one file of both, or rename one of them"));
            }
        }
        if let Some(profile) = &self.profile {
            members.insert("profile.yaml".to_owned(), profile.clone());
        }
        if let Some(ArchivedExceptions { records, signatures }) = &self.exceptions {
            members.insert(archive::EXCEPTIONS.to_owned(), records.clone());
            members.extend(signatures.clone());
        }
        let revision = self.revision.clone().unwrap_or_else(|| contents_digest(&members));
        let manifest = self.manifest(&revision, &places)?;
        let bytes = archived(&manifest, &members)
            .map_err(|error| PolicyError::file("the bundle", format!("could not be packed: {error}")))?;
        self.check(&bytes)?;
        Ok(Packed { bytes, revision, counts })
    }

    fn manifest(&self, revision: &str, places: &BTreeSet<String>) -> Result<String, PolicyError> {
        let manifest = Manifest {
            revision,
            roots: outermost(places),
            rego_version: 1,
            // As the members are called: OPA finds no file by another spelling, and would read it as v1.
            file_rego_versions: self.v0.iter().map(|path| (path.clone(), 0)).collect(),
            metadata: Metadata { countersign: About { rules: &self.rules, profile: self.profile.is_some() } },
        };
        serde_json::to_string_pretty(&manifest)
            .map(|text| format!("{text}\n"))
            .map_err(|error| PolicyError::file(".manifest", error.to_string()))
    }

    /// That a release reads the same policies and data from the archive.
    fn check(&self, bytes: &[u8]) -> Result<(), PolicyError> {
        let read = archive::unpack("the bundle", Layer::Organisation, bytes)?;
        if read.files.len() == self.files.len() && read.profile == self.profile && read.exceptions == self.exceptions {
            return Ok(());
        }
        Err(PolicyError::file("the bundle", "does not hold what was packed").hint("this is a bug; report it"))
    }
}

/// Data in the one form that every reader of bundles understands alike: YAML has several.
fn as_json(file: &PolicyFile) -> Result<String, PolicyError> {
    if file.path.ends_with(".json") {
        return Ok(file.source.clone().into_owned());
    }
    let value = bundle::parse_data(file)?;
    serde_json::to_string_pretty(&value)
        .map(|text| format!("{text}\n"))
        .map_err(|error| PolicyError::file(&file.path, error.to_string()))
}

/// Places that lie below no other: OPA refuses roots that overlap.
fn outermost(places: &BTreeSet<String>) -> BTreeSet<String> {
    let below = |one: &str, other: &str| one.strip_prefix(other).is_some_and(|rest| rest.starts_with('/'));
    places.iter().filter(|place| !places.iter().any(|other| below(place, other))).cloned().collect()
}

/// The digest of one line `<hex of the file's SHA-256>  <path>` for every member, in order of path.
fn contents_digest(members: &BTreeMap<String, String>) -> String {
    let lines: String = members.iter().map(|(name, text)| format!("{}  {name}\n", Digest::of(text).hex())).collect();
    Digest::of(lines).to_string()
}

/// The manifest first, then the members in order of path. Nothing in it comes from the file system but names and contents.
fn archived(manifest: &str, members: &BTreeMap<String, String>) -> std::io::Result<Vec<u8>> {
    // Neither a time nor a system: the header is ten constant bytes.
    let gzip = GzBuilder::new().mtime(0).operating_system(255).write(Vec::new(), Compression::best());
    let mut builder = tar::Builder::new(gzip);
    let manifest = std::iter::once((".manifest", manifest));
    for (name, text) in manifest.chain(members.iter().map(|(name, text)| (name.as_str(), text.as_str()))) {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        builder.append_data(&mut header, name, text.as_bytes())?;
    }
    builder.into_inner()?.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "package countersign.rules.a.r\n\ndeny contains \"x\"\n";

    fn file(path: &str, mount: &str, source: &str) -> PolicyFile {
        PolicyFile { mount: mount.to_owned(), ..PolicyFile::new(path, Layer::Organisation, source.to_owned()) }
    }

    #[test]
    fn what_is_packed_is_read_back() {
        let files = vec![
            file("rules/r.rego", "", RULE),
            file("acme/data.yaml", "acme", "word: 1\n"),
            file("data.json", "", "{\"top\": 1}"),
        ];
        let profile = Some("name: acme\n".to_owned());
        let packing = Packing { files, profile, rules: vec!["a/r".to_owned()], ..Packing::default() };
        let packed = packing.clone().pack().unwrap();
        assert_eq!(packed.counts, (1, 2));
        assert_eq!(packing.clone().pack().unwrap(), packed);
        let reversed = Packing { files: packing.files.iter().rev().cloned().collect(), ..packing.clone() };
        assert_eq!(reversed.pack().unwrap().bytes, packed.bytes);

        let read = archive::unpack("b", Layer::Organisation, &packed.bytes).unwrap();
        assert_eq!(read.revision, Some(packed.revision));
        assert_eq!(read.profile, packing.profile);
        let seen: Vec<(&str, &str)> = read.files.iter().map(|f| (f.path.as_str(), f.source.as_ref())).collect();
        assert_eq!(
            seen,
            [("b!acme/data.json", "{\n  \"word\": 1\n}\n"), ("b!data.json", "{\"top\": 1}"), ("b!rules/r.rego", RULE)]
        );
    }

    #[test]
    fn roots_do_not_overlap_and_two_files_of_one_name_are_refused() {
        let places = ["a", "a/b", "ab", "c/d/e", "c/d"].map(str::to_owned);
        assert_eq!(outermost(&places.into()), ["a", "ab", "c/d"].map(str::to_owned).into());
        let files = vec![file("x/data.yaml", "x", "a: 1\n"), file("x/data.json", "x", "{}")];
        let fault = Packing { files, ..Packing::default() }.pack().unwrap_err();
        assert!(fault.message.contains("x/data.json twice"), "{fault}");
    }

    #[test]
    fn a_name_longer_than_a_header_is_packed_too() {
        let long = format!("{}/r.rego", "deep/".repeat(40).trim_end_matches('/'));
        let packed = Packing { files: vec![file(&long, "", RULE)], ..Packing::default() }.pack().unwrap();
        let read = archive::unpack("b", Layer::Organisation, &packed.bytes).unwrap();
        assert_eq!(read.files[0].path, format!("b!{long}"));
    }
}
