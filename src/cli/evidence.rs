//! Evidence folders on the disk: written whole or not at all, read without following anything out of them.
//!
//! What must stay true: a folder appears under its name by one rename, after everything in it is synced; what is there already
//! is never changed; and a link is never followed when reading.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{self as stdio, Read as _, Write as _};
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::error::CliError;
use super::io;
use crate::evidence::keys::PublicKey;
use crate::evidence::{BLOBS, DECISION_FILE, Evidence, Folder, Stored};
use crate::model::digest::Digest;
use crate::model::text::Untrusted;
use crate::parallel;

/// The largest file of a folder whose bytes are held; larger ones are only digested.
const HELD_BYTES: u64 = 64 << 20;

/// The most files of a folder that are read.
const MOST_FILES: usize = 100_000;

/// How the name of a directory begins that is being written.
const UNFINISHED: &str = ".countersign-";

/// The largest key file.
pub(super) const KEY_BYTES: u64 = 64 << 10;

/// A folder that stands under its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Where it is.
    pub place: PathBuf,
    /// Whether this run put it there.
    is_new: bool,
}

impl Written {
    /// Takes the folder away again, if this run put it there: whole, by one rename, before anything in it is removed.
    ///
    /// # Errors
    /// It cannot be moved or removed: exit 4.
    pub fn withdraw(self) -> Result<(), CliError> {
        let Some(dir) = self.place.parent().filter(|_| self.is_new) else { return Ok(()) };
        let removed = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(dir).and_then(|away| {
            fs::rename(&self.place, away.path().join("withdrawn"))?;
            io::sync_dir(dir)?;
            away.close()
        });
        removed.map_err(|error| {
            CliError::internal(format!("{}: the evidence could not be withdrawn: {error}", self.place.display()))
                .hint("remove that folder: this run ended in an error")
        })
    }
}

/// Writes an evidence folder below `dir`, and says where it is.
///
/// The same evidence twice is written once.
///
/// # Errors
/// It cannot be written, or other evidence stands there under the same id: exit 4. Nothing half-written remains.
pub fn write(dir: &Path, evidence: &Evidence) -> Result<Written, CliError> {
    let target = dir.join(&evidence.id);
    let cannot = |error: &stdio::Error| {
        CliError::internal(format!("{}: the evidence could not be written: {error}", target.display()))
            .hint("check that the directory given with --evidence can be written and has room")
    };
    fs::create_dir_all(dir).map_err(|error| cannot(&error))?;
    let whole = staged(dir, evidence).map_err(|error| cannot(&error))?;
    let there = |target: PathBuf| same(&target, evidence).map(|()| Written { place: target, is_new: false });
    if io::kind(&target) != io::PathKind::Missing {
        return there(target);
    }
    match fs::rename(whole.path(), &target) {
        Ok(()) => {
            // It has its name now: there is nothing left to remove.
            let _ = whole.keep();
            io::sync_dir(dir).map_err(|error| cannot(&error))?;
            Ok(Written { place: target, is_new: true })
        }
        // Another run was faster.
        Err(_) if io::kind(&target) == io::PathKind::Directory => there(target),
        Err(error) => Err(cannot(&error)),
    }
}

/// How many files are written at a time: each waits for the disk, and disks do better with several.
const WRITERS: usize = 16;

/// The folder under a temporary name beside its place, everything in it synced.
fn staged(dir: &Path, evidence: &Evidence) -> stdio::Result<tempfile::TempDir> {
    let folder = readable(tempfile::Builder::new().prefix(UNFINISHED)).tempdir_in(dir)?;
    let blobs = folder.path().join(BLOBS);
    fs::create_dir_all(&blobs)?;
    let files: Vec<_> = evidence.files.iter().collect();
    let written = parallel::map(&files, WRITERS, |(name, bytes)| {
        let mut file = OpenOptions::new().write(true).create_new(true).open(folder.path().join(name))?;
        file.write_all(bytes)?;
        file.sync_all()
    });
    written.into_iter().collect::<stdio::Result<()>>()?;
    for made in blobs.ancestors().take_while(|made| made.starts_with(folder.path())) {
        io::sync_dir(made)?;
    }
    Ok(folder)
}

/// Temporary directories are private; evidence is for other steps and users to read, as far as the umask lets them.
#[cfg(unix)]
fn readable<'a, 'b>(builder: &'a mut tempfile::Builder<'b, 'b>) -> &'a mut tempfile::Builder<'b, 'b> {
    use std::os::unix::fs::PermissionsExt as _;
    builder.permissions(fs::Permissions::from_mode(0o777))
}

#[cfg(not(unix))]
fn readable<'a, 'b>(builder: &'a mut tempfile::Builder<'b, 'b>) -> &'a mut tempfile::Builder<'b, 'b> {
    builder
}

/// What stands under the id must be this very evidence.
fn same(target: &Path, evidence: &Evidence) -> Result<(), CliError> {
    let there = read(target)?;
    let ours = evidence.files.iter().map(|(name, bytes)| (name.as_str(), Digest::of(bytes)));
    let theirs = there.files.iter().map(|(name, stored)| (name.as_str(), stored.digest));
    if there.irregular.is_empty() && ours.eq(theirs) {
        return Ok(());
    }
    Err(CliError::internal(format!("{}: other evidence stands there under the same id", target.display()))
        .hint("it is never overwritten; move it away, or give --evidence another directory"))
}

/// Whether this is a folder of evidence, or the envelope in one, and no directory of such folders.
#[must_use]
pub fn is_folder(path: &Path) -> bool {
    io::kind(path) != io::PathKind::Directory || io::kind(&path.join(DECISION_FILE)) != io::PathKind::Missing
}

/// The folders of evidence below a directory, sorted. Links are not followed; what a run left half-written is none.
///
/// # Errors
/// A directory cannot be read: exit 3.
pub fn folders_below(dir: &Path) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        let unreadable = |error: stdio::Error| CliError::input(format!("{}: {error}", dir.display()));
        for entry in fs::read_dir(&dir).map_err(unreadable)? {
            let entry = entry.map_err(unreadable)?;
            let is_ours = !entry.file_name().to_string_lossy().starts_with(UNFINISHED);
            if entry.file_type().map_err(unreadable)?.is_dir() && is_ours {
                let below = entry.path();
                if is_folder(&below) { found.push(below) } else { open.push(below) }
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Reads an evidence folder; the path may also be that of the decision's envelope in it.
///
/// # Errors
/// Missing or unreadable: exit 3.
pub fn read(path: &Path) -> Result<Folder, CliError> {
    let root = match (io::kind(path), path.parent()) {
        (io::PathKind::Missing, _) => {
            return Err(CliError::input(format!("{}: no such directory", path.display()))
                .hint("give the folder that holds decision.dsse.json"));
        }
        (io::PathKind::File, Some(parent)) if parent.as_os_str().is_empty() => Path::new("."),
        (io::PathKind::File, Some(parent)) => parent,
        (io::PathKind::File, None) | (io::PathKind::Directory, _) => path,
    };
    let mut folder = Folder::default();
    // Each with its path within the folder; `None` where that is no text.
    let mut open = vec![(root.to_owned(), Some(String::new()))];
    while let Some((dir, below)) = open.pop() {
        let unreadable = |error: stdio::Error| CliError::input(format!("{}: {error}", dir.display()));
        let mut entries = fs::read_dir(&dir).map_err(unreadable)?.peekable();
        if entries.peek().is_none() && dir != root {
            folder.irregular.push(Untrusted::from(dir.to_string_lossy().into_owned()));
        }
        for entry in entries {
            let entry = entry.map_err(unreadable)?;
            let kind = entry.file_type().map_err(unreadable)?;
            let path = entry.path();
            let own = entry.file_name();
            let name = below.as_ref().zip(own.to_str()).map(|(below, own)| format!("{below}{own}"));
            match name {
                name if kind.is_dir() => open.push((path, name.map(|name| name + "/"))),
                Some(name) if kind.is_file() => {
                    folder.files.insert(name, stored(&path)?);
                }
                _ => folder.irregular.push(Untrusted::from(path.to_string_lossy().into_owned())),
            }
            if folder.files.len() + folder.irregular.len() + open.len() > MOST_FILES {
                return Err(CliError::input(format!("{}: more than {MOST_FILES} files", root.display())));
            }
        }
    }
    folder.irregular.sort();
    Ok(folder)
}

fn stored(path: &Path) -> Result<Stored, CliError> {
    let (file, length) = io::open_listed(path)?;
    if length > HELD_BYTES {
        return Ok(Stored { digest: digest_of(file, path)?, bytes: None });
    }
    let bytes = io::read_opened(file, length, path, HELD_BYTES)?;
    Ok(Stored { digest: Digest::of(&bytes), bytes: Some(bytes) })
}

/// The digest of a file of any size, such as an artifact.
///
/// # Errors
/// Missing, unreadable or no regular file: exit 3.
#[expect(clippy::disallowed_methods, reason = "part of the I/O boundary: an artifact need not fit the memory")]
pub fn digest_of_file(path: &Path) -> Result<Digest, CliError> {
    let unreadable = |error: stdio::Error| CliError::input(format!("{}: {error}", path.display()));
    // Before opening: to open a named pipe is to wait for its writer.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(CliError::input(format!("{}: is not a regular file", path.display())));
    }
    digest_of(fs::File::open(path).map_err(unreadable)?, path)
}

fn digest_of(mut file: fs::File, path: &Path) -> Result<Digest, CliError> {
    let unreadable = |error: stdio::Error| CliError::input(format!("{}: {error}", path.display()));
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).map_err(unreadable)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into())),
            n => hash.update(buffer.get(..n).unwrap_or_default()),
        }
    }
}

/// Reads the key that evidence is verified with.
///
/// # Errors
/// Missing, unreadable, or no sound Ed25519 public key in SPKI PEM: exit 3.
pub fn public_key(path: &Path) -> Result<PublicKey, CliError> {
    public_key_in(&path.display().to_string(), &Zeroizing::new(io::read(path, KEY_BYTES)?))
}

/// The public key in a file that was read.
///
/// # Errors
/// No sound Ed25519 public key in SPKI PEM: exit 3.
pub fn public_key_in(shown: &str, pem: &[u8]) -> Result<PublicKey, CliError> {
    PublicKey::from_pem(pem).map_err(|fault| {
        CliError::input(format!("{shown}: {fault}")).hint("of `key new`'s files, PREFIX.pub.pem is the public one")
    })
}

/// Whether a key file's first line says that it is private, of whatever kind.
pub(super) fn says_private(path: &Path) -> Result<bool, CliError> {
    let pem = Zeroizing::new(io::read(path, KEY_BYTES)?);
    Ok(pem.split(|b| *b == b'\n').next().is_some_and(|first| first.windows(11).any(|part| part == b"PRIVATE KEY")))
}

/// Files that must not exist yet, each with its mode: all of them, or none.
///
/// # Errors
/// One exists, or cannot be written: exit 4.
pub(super) fn write_new(files: &BTreeMap<PathBuf, (u32, Zeroizing<Vec<u8>>)>) -> Result<(), CliError> {
    let mut made: Vec<&Path> = Vec::new();
    for (path, (mode, bytes)) in files {
        if let Err(error) = create(path, *mode, bytes) {
            for path in made {
                // What cannot be removed was made by us and is named in no message; the error below matters more.
                let _ = fs::remove_file(path);
            }
            let shown = path.display();
            return Err(if error.kind() == stdio::ErrorKind::AlreadyExists {
                CliError::internal(format!("{shown}: exists, and is not overwritten"))
                    .hint("choose another --out, or move the old key away")
            } else {
                CliError::internal(format!("{shown}: could not be written: {error}"))
                    .hint("check that the directory exists, is writable and has room")
            });
        }
        made.push(path);
    }
    Ok(())
}

/// A whole new file with this mode, under its name only when it is complete.
fn create(path: &Path, mode: u32, bytes: &[u8]) -> stdio::Result<()> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // Temporary files are made with mode 0600, so a secret is never open to others.
    let mut file = tempfile::Builder::new().prefix(".countersign-").tempfile_in(dir)?;
    file.write_all(bytes)?;
    set_mode(file.path(), mode)?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path).map_err(|error| error.error)?;
    io::sync_dir(dir)
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u32) -> stdio::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode))
}

#[cfg(not(unix))]
fn set_mode(_path: &Path, _mode: u32) -> stdio::Result<()> {
    Ok(())
}
