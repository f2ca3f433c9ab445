//! Archives of data: zip and tar.gz.
//!
//! What must stay true: nothing is unpacked to disk, one member is in memory at a time, and every member is data or an error.

use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;

use super::{ARCHIVE_BYTES, ARCHIVE_FILES, DataError, FILE_BYTES, Knowledge, Parts, read_file};
use crate::model::text::Untrusted;

/// An archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Zip,
    TarGz,
}

/// Where a tar header has its mark, and the mark.
const TAR_MARK: (std::ops::Range<usize>, &[u8]) = (257..262, b"ustar");

/// What kind of archive these bytes begin.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    if bytes.starts_with(b"PK") {
        return Some(Kind::Zip);
    }
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return None;
    }
    let mut start = [0; 512];
    MultiGzDecoder::new(bytes).read_exact(&mut start).ok()?;
    let (place, mark) = TAR_MARK;
    (start.get(place) == Some(mark)).then_some(Kind::TarGz)
}

/// Reads every file in it.
pub(super) fn read(kind: Kind, bytes: &[u8], knowledge: &mut Knowledge) -> Result<Parts, DataError> {
    let mut members = Members { knowledge, parts: Parts::default(), files: 0, bytes: 0 };
    match kind {
        Kind::Zip => read_zip(bytes, &mut members)?,
        Kind::TarGz => read_tar(MultiGzDecoder::new(bytes), &mut members)?,
    }
    if members.files == 0 { Err(damaged("the archive holds no file")) } else { Ok(members.parts) }
}

fn damaged<T: ToString + ?Sized>(why: &T) -> DataError {
    DataError::NotText(why.to_string())
}

fn read_zip(bytes: &[u8], members: &mut Members<'_>) -> Result<(), DataError> {
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    for index in 0..archive.len() {
        let member = archive.by_index(index).map_err(|error| damaged(&error))?;
        if member.is_file() {
            let name = Untrusted::new(member.name().map_err(|error| damaged(&error))?);
            members.read(&name, member)?;
        }
    }
    Ok(())
}

fn read_tar(unpacked: impl Read, members: &mut Members<'_>) -> Result<(), DataError> {
    for member in tar::Archive::new(unpacked).entries().map_err(|error| damaged(&error))? {
        let member = member.map_err(|error| damaged(&error))?;
        if member.header().entry_type().is_file() {
            let name = Untrusted::new(String::from_utf8_lossy(&member.path_bytes()));
            members.read(&name, member)?;
        }
    }
    Ok(())
}

struct Members<'a> {
    knowledge: &'a mut Knowledge,
    parts: Parts,
    files: u64,
    bytes: u64,
}

impl Members<'_> {
    fn read(&mut self, name: &Untrusted, member: impl Read) -> Result<(), DataError> {
        self.files += 1;
        if self.files > ARCHIVE_FILES {
            return Err(DataError::TooLarge { limit: "archive_files", max: ARCHIVE_FILES });
        }
        let within = |why| DataError::InArchive { member: name.clone(), why: Box::new(why) };
        let mut bytes = Vec::new();
        // One byte more than allowed tells a file at the limit from one beyond it.
        member.take(FILE_BYTES + 1).read_to_end(&mut bytes).map_err(|error| within(damaged(&error)))?;
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if size > FILE_BYTES {
            return Err(within(DataError::TooLarge { limit: "data_bytes", max: FILE_BYTES }));
        }
        self.bytes = self.bytes.saturating_add(size);
        if self.bytes > ARCHIVE_BYTES {
            return Err(DataError::TooLarge { limit: "archive_bytes", max: ARCHIVE_BYTES });
        }
        let (source, part) = read_file(&bytes, self.knowledge).map_err(within)?;
        self.parts.add(source, part);
        Ok(())
    }
}
