//! Since when records are on the branch that judges, and what changed in them since they were approved.
//!
//! What must stay true: commits say it, and not the records. What a clone does not hold is said to be missing and never guessed.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use crate::cli::error::CliError;
use crate::cli::git::{Entry, Git};
use crate::cli::io;
use crate::cli::judging::{Branch, JudgingFiles};
use crate::exceptions::{Record, Seen, holds_any};
use crate::model::digest::CommitId;
use crate::model::exception::RecordHistory;
use crate::model::text::Untrusted;
use crate::model::time::{Date, Timestamp};

/// The most that is read of earlier versions; beyond, the oldest and the newest of them are.
const ALL_BYTES: u64 = 64 << 20;

/// Id of a record → what the commits say of it; nothing about records that are in no repository that could be asked.
///
/// # Errors
/// Git could not answer: exit 3.
pub fn of(
    records: &[Record],
    paths: &[PathBuf],
    judging: &JudgingFiles,
    today: Date,
) -> Result<BTreeMap<Untrusted, RecordHistory>, CliError> {
    let Some(Branch { git, tip, files }) = judging.branch(paths)? else { return Ok(BTreeMap::new()) };
    let named: BTreeSet<String> = files.values().map(|path| judging.describe(path)).collect();
    let records: Vec<Record> = records.iter().filter(|record| named.contains(record.file.as_raw())).cloned().collect();
    if records.is_empty() {
        return Ok(BTreeMap::new());
    }
    // Older versions of git end with an error where an object was left out, newer ones say so of it.
    if git.is_partial()? {
        return Ok(Seen::default().histories(&records, today, false));
    }
    let mut paths: BTreeSet<String> = files.into_keys().collect();
    let mut whole = git.reaches_its_beginning(tip)?;
    loop {
        let (seen, commits, complete) = versions(git, tip, &paths)?;
        let (earlier, all) = moved_from(git, &seen, &commits, &records, &paths)?;
        whole &= complete && all;
        if earlier.is_empty() {
            return Ok(seen.histories(&records, today, whole));
        }
        paths.extend(earlier);
    }
}

/// What every commit that touches these files has in them; the commits, oldest first; and whether all of it was read.
fn versions(git: &Git, tip: &CommitId, paths: &BTreeSet<String>) -> Result<(Seen, Vec<CommitId>, bool), CliError> {
    let asked: Vec<&str> = paths.iter().map(String::as_str).collect();
    let mut commits = git.commits_touching(tip, &asked)?;
    commits.reverse();
    let places: Vec<(&CommitId, &str)> =
        commits.iter().flat_map(|(commit, _)| asked.iter().map(move |path| (commit, *path))).collect();
    // A file that a commit leaves as it was says nothing new.
    let mut last = BTreeMap::new();
    let mut changed = Vec::new();
    for (number, entry) in git.files_at(&places)?.into_iter().enumerate() {
        let Some(entry) = entry else { continue };
        if last.insert(entry.path.clone(), entry.object.clone()).as_ref() != Some(&entry.object) {
            changed.push((number / asked.len().max(1), entry));
        }
    }
    let (changed, complete) = within_limits(changed);
    let mut seen = Seen::default();
    let days: Vec<Option<Date>> =
        commits.iter().map(|(_, seconds)| Timestamp::from_unix_seconds(*seconds).map(Timestamp::date)).collect();
    read_each(git, tip, changed, |position, entry, bytes| {
        if let Some(day) = days.get(position).copied().flatten() {
            seen.add(position, day, &entry.path, bytes);
        }
    })?;
    Ok((seen, commits.into_iter().map(|(commit, _)| commit).collect(), complete))
}

/// The oldest and the newest files, as many as may be read, and whether that is all of them.
fn within_limits<T>(files: Vec<(T, Entry)>) -> (Vec<(T, Entry)>, bool) {
    let is_readable = |entry: &Entry| entry.size <= io::OWN_FILE_BYTES;
    let total: u64 = files.iter().map(|(_, entry)| entry.size).sum();
    if total <= ALL_BYTES && files.iter().all(|(_, entry)| is_readable(entry)) {
        return (files, true);
    }
    let (mut below, all) = (0, total);
    let mut fits = |(_, entry): &(T, Entry)| {
        let (start, end) = (below, below + entry.size);
        below = end;
        is_readable(entry) && (end <= ALL_BYTES / 2 || start >= all.saturating_sub(ALL_BYTES / 2))
    };
    (files.into_iter().filter(|file| fits(file)).collect(), false)
}

/// Hands on what is in these files, without holding much of it at once.
fn read_each<T: Copy>(
    git: &Git,
    commit: &CommitId,
    files: Vec<(T, Entry)>,
    mut each: impl FnMut(T, &Entry, &[u8]),
) -> Result<(), CliError> {
    let mut batch: Vec<(T, Entry)> = Vec::new();
    let mut size = 0;
    let mut flush = |batch: &mut Vec<(T, Entry)>| -> Result<(), CliError> {
        let (numbers, entries): (Vec<T>, Vec<Entry>) = std::mem::take(batch).into_iter().unzip();
        for ((number, entry), bytes) in
            numbers.into_iter().zip(&entries).zip(git.contents(commit, &entries, io::OWN_FILE_BYTES)?)
        {
            each(number, entry, &bytes);
        }
        Ok(())
    };
    for (number, entry) in files {
        size += entry.size;
        batch.push((number, entry));
        if size > io::OWN_FILE_BYTES {
            flush(&mut batch)?;
            size = 0;
        }
    }
    flush(&mut batch)
}

/// Other files that held one of the records just before the first commit that has it in these, and whether all were looked at.
fn moved_from(
    git: &Git,
    seen: &Seen,
    commits: &[CommitId],
    records: &[Record],
    known: &BTreeSet<String>,
) -> Result<(BTreeSet<String>, bool), CliError> {
    let firsts: Vec<CommitId> =
        seen.firsts(records).into_iter().filter_map(|position| commits.get(position).cloned()).collect();
    let parents = git.first_parents(&firsts)?;
    let pairs: Vec<(CommitId, CommitId)> =
        firsts.into_iter().zip(parents).filter_map(|(commit, parent)| Some((commit, parent?))).collect();
    let is_list =
        |path: &String| [".yaml", ".yml", ".json", ".toml"].iter().any(|end| path.to_ascii_lowercase().ends_with(end));
    let between = git.paths_between(&pairs)?;
    let candidates = between.iter().filter(|(_, path)| is_list(path) && !known.contains(path));
    let places: Vec<(&CommitId, &str)> = candidates.map(|(parent, path)| (*parent, path.as_str())).collect();
    let mut objects = BTreeSet::new();
    let mut files = Vec::new();
    for entry in git.files_at(&places)?.into_iter().flatten() {
        if objects.insert(entry.object.clone()) {
            files.push(((), entry));
        }
    }
    let (files, all) = within_limits(files);
    let mut earlier = BTreeSet::new();
    if let Some((_, any)) = pairs.first() {
        read_each(git, any, files, |(), entry, bytes| {
            if holds_any(&entry.path, bytes, records) {
                earlier.insert(entry.path.clone());
            }
        })?;
    }
    Ok((earlier, all))
}
