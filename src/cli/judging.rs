//! Where config, profile, policies, exceptions, the service file, authority data and allowed signers are read from.
//!
//! What must stay true: a change request is never judged by what its own head says. The files come from the newest tip of the
//! target branch that the clone knows, through git; where the clone knows none, there is no decision. Files outside the
//! working tree are the platform's and are read as they are; everything else in a request is read from the tip, however it is
//! written down, and a link that would lead back into the working tree is refused.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use super::error::CliError;
use super::git::{Entry, EntryKind, Git};
use super::io::{self, PathKind};
use crate::ci::{self, RepositoryFacts, fetch_command, repository_of};
use crate::evidence::CommitSubject;
use crate::facts::{Judging, JudgingSource};
use crate::model::change::{Change, Source};
use crate::model::digest::{CommitId, Digest};
use crate::model::text::Untrusted;

/// The files that judge a change.
#[derive(Debug)]
pub struct JudgingFiles {
    /// The directory that relative paths start from, without links.
    directory: PathBuf,
    /// The top of the working tree; the directory itself where there is no repository.
    root: PathBuf,
    place: Place,
    /// What was asked for below the root, and what was found: that alone can be edited by a head, or differ from a commit.
    asked: RefCell<BTreeMap<String, Asked>>,
    /// What was read outside of it.
    outside: RefCell<BTreeSet<PathBuf>>,
    /// Entries of the tree that were listed.
    listed: RefCell<BTreeMap<String, Entry>>,
}

#[derive(Debug)]
enum Place {
    /// The files as they are.
    WorkTree { git: Option<Git>, checked_out: Option<CommitId> },
    /// A commit of the target branch.
    Tree { git: Git, commit: CommitId, branch: String, known_from: Source, touched: Vec<String> },
}

/// The branch that judges.
#[derive(Clone, Debug)]
pub struct Branch<'a, 'b> {
    /// Its repository.
    pub git: &'a Git,
    /// Its newest commit.
    pub tip: &'a CommitId,
    /// Paths from the root → as they were named; without those that lie elsewhere.
    pub files: BTreeMap<String, &'b Path>,
}

/// What was found at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Asked {
    /// Nothing, or only whether something is there was asked.
    Looked,
    /// A file with this content.
    Read(Digest),
    /// A directory with these files.
    Listed(BTreeSet<String>),
}

/// A path, told apart.
enum Located {
    /// Below the root, with `/`; empty for the root itself.
    Inside(String),
    /// Elsewhere on this machine.
    Outside(PathBuf),
}

/// Why there is nothing to judge with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JudgingError {
    /// The pipeline's: it says that this is a change request, and nobody says of what.
    #[error("a change request to {} without its commit", target.line())]
    NoHead {
        /// The target branch.
        target: Untrusted,
    },
    /// The pipeline's: the working directory is in no repository.
    #[error("{directory}: in no git repository, but a change request to {} is judged by files of that branch", target.line())]
    NoRepository {
        /// The working directory.
        directory: String,
        /// The target branch.
        target: Untrusted,
    },
    /// The clone's: it does not hold the head of the request.
    #[error("the head {head} of this change request is not in the clone, so what it edits is not known")]
    HeadNotInClone {
        /// The head.
        head: CommitId,
        /// How to get it.
        hint: String,
    },
    /// The clone's: it does not hold the tip of the target branch.
    #[error(
        "the tip of {} is not in the clone{}; it judges this change request, not the head",
        target.line(), unmatched.as_ref().map_or_else(String::new, |name| format!(", and no remote is {}", name.line()))
    )]
    TipNotInClone {
        /// The target branch.
        target: Untrusted,
        /// The repository of the request, where no remote is it.
        unmatched: Option<Untrusted>,
        /// How to get it.
        hint: String,
    },
    /// The clone's: everything that it knows of the target branch holds the head already.
    #[error("{} at {tip} already holds the head {head}, which must not judge itself", target.line())]
    HoldsTheHead {
        /// The target branch.
        target: Untrusted,
        /// What the clone knows of it.
        tip: CommitId,
        /// The head.
        head: CommitId,
    },
    /// The pipeline's: the working tree is at another commit than the one that is to be released.
    #[error("the working tree is at {checked_out}, but {commit} is to be released")]
    OtherCommit {
        /// What is checked out.
        checked_out: CommitId,
        /// The commit of the change.
        commit: CommitId,
    },
    /// The user's: a link leads out of the repository.
    #[error("{path}: a link that leaves the repository")]
    LeavesRepository {
        /// The path as given.
        path: String,
    },
    /// The user's: a path that seems to lie elsewhere leads into the working tree of a change request.
    #[error("{path}: leads into the working tree, which is the head's and must not judge it")]
    LeadsIntoWorkTree {
        /// The path as given.
        path: String,
    },
    /// The user's: a path that no tree can hold.
    #[error("{path}: a path that is not UTF-8")]
    NotText {
        /// The path as given.
        path: String,
    },
    /// The target branch's or the user's: nothing is there.
    #[error("{place}: no such file or directory")]
    Missing {
        /// Where it was looked for.
        place: String,
    },
    /// The user's: a directory was expected to be a file.
    #[error("{place}: is a directory, a file was expected")]
    IsADirectory {
        /// Where.
        place: String,
    },
}

impl From<JudgingError> for CliError {
    fn from(error: JudgingError) -> Self {
        let hint = match &error {
            JudgingError::NoHead { .. } => "give commit in the --change file".to_owned(),
            JudgingError::NoRepository { .. } => {
                "run in a checkout of the repository, with the target branch fetched".to_owned()
            }
            JudgingError::HeadNotInClone { hint, .. } | JudgingError::TipNotInClone { hint, .. } => hint.clone(),
            JudgingError::HoldsTheHead { .. } => {
                "the request was merged: judge its target branch, not the request".to_owned()
            }
            JudgingError::OtherCommit { .. } => {
                "check out the commit that is to be released, or give --ci none --change FILE to judge without git"
                    .to_owned()
            }
            JudgingError::LeavesRepository { .. } => "name the file that the link leads to".to_owned(),
            JudgingError::LeadsIntoWorkTree { .. } => {
                "give it relative to the working directory: it is then read from the target branch".to_owned()
            }
            JudgingError::NotText { .. } => "rename the file".to_owned(),
            JudgingError::Missing { .. } => {
                "check the path; in a change request it must be on the target branch already".to_owned()
            }
            JudgingError::IsADirectory { .. } => "name a file in it".to_owned(),
        };
        Self::input(error.to_string()).hint(hint)
    }
}

impl JudgingFiles {
    /// Decides where the files of this run come from.
    ///
    /// # Errors
    /// A change request whose target's tip, or whose head, is not in the clone; outside of one, a working tree at another
    /// commit than the one that is to be released.
    pub fn open(change: &Change, git: Option<&Git>, directory: &Path) -> Result<Self, CliError> {
        let directory = io::canonical(directory)?;
        let root = git.map_or_else(|| directory.clone(), |git| git.root().to_owned());
        let place = match &change.target {
            Some(target) => {
                let shown = directory.display().to_string();
                let git = git.ok_or(JudgingError::NoRepository { directory: shown, target: target.clone() })?;
                tree(change, target, git)?
            }
            None => work_tree(change, git)?,
        };
        Ok(Self {
            directory,
            root,
            place,
            asked: RefCell::default(),
            outside: RefCell::default(),
            listed: RefCell::default(),
        })
    }

    /// What is at this path.
    ///
    /// # Errors
    /// A link that leads elsewhere, or git could not answer.
    pub fn kind(&self, path: &Path) -> Result<PathKind, CliError> {
        let located = self.locate(path)?;
        if let Located::Inside(inside) = &located {
            self.asked.borrow_mut().entry(inside.clone()).or_insert(Asked::Looked);
        }
        match (&self.place, &located) {
            (Place::Tree { git, commit, .. }, Located::Inside(inside)) => {
                Ok(match self.entry(git, commit, inside)?.map(|entry| entry.kind) {
                    None => PathKind::Missing,
                    Some(EntryKind::Directory) => PathKind::Directory,
                    // Reading a link or submodule says what it is.
                    Some(EntryKind::File | EntryKind::Link | EntryKind::Submodule) => PathKind::File,
                })
            }
            (_, located) => Ok(io::kind(&self.on_disk(located))),
        }
    }

    /// The content of a file; `None` where nothing is.
    ///
    /// # Errors
    /// It is no regular file, too large, or reached through a link that leads elsewhere.
    pub fn read(&self, path: &Path) -> Result<Option<Vec<u8>>, CliError> {
        match self.kind(path)? {
            PathKind::Missing => Ok(None),
            PathKind::Directory => Err(JudgingError::IsADirectory { place: self.describe(path) }.into()),
            PathKind::File => Ok(self.read_all(std::slice::from_ref(&path.to_owned()))?.pop()),
        }
    }

    /// The contents of these files, in their order. One question to git, however many they are.
    ///
    /// # Errors
    /// One is missing, no regular file, too large, or reached through a link that leads elsewhere.
    pub fn read_all(&self, paths: &[PathBuf]) -> Result<Vec<Vec<u8>>, CliError> {
        self.read_all_up_to(paths, io::OWN_FILE_BYTES)
    }

    /// As [`JudgingFiles::read_all`], for files that may have more bytes than ours.
    ///
    /// # Errors
    /// As [`JudgingFiles::read_all`].
    pub fn read_all_up_to(&self, paths: &[PathBuf], limit: u64) -> Result<Vec<Vec<u8>>, CliError> {
        let located = paths.iter().map(|path| self.locate(path)).collect::<Result<Vec<_>, _>>()?;
        let mut at_commit = self.at_commit(&located, limit)?.into_iter();
        let mut contents = Vec::with_capacity(paths.len());
        for located in &located {
            let content = match (&self.place, located) {
                (Place::Tree { .. }, Located::Inside(_)) => at_commit
                    .next()
                    .ok_or_else(|| CliError::internal("git answered with fewer files than asked for"))?,
                (_, located) => io::read(&self.on_disk(located), limit)?,
            };
            match located {
                Located::Inside(inside) => {
                    self.asked.borrow_mut().insert(inside.clone(), Asked::Read(Digest::of(&content)));
                }
                Located::Outside(path) => {
                    self.outside.borrow_mut().insert(path.clone());
                }
            }
            contents.push(content);
        }
        Ok(contents)
    }

    fn at_commit(&self, located: &[Located], limit: u64) -> Result<Vec<Vec<u8>>, CliError> {
        let Place::Tree { git, commit, .. } = &self.place else { return Ok(Vec::new()) };
        let mut entries = Vec::new();
        for located in located {
            if let Located::Inside(inside) = located {
                let entry = self.entry(git, commit, inside)?;
                entries.push(entry.ok_or_else(|| JudgingError::Missing { place: self.at_tip(inside) })?);
            }
        }
        Ok(git.contents(commit, &entries, limit)?)
    }

    /// Every file at or below this path, sorted; paths start as the given one does.
    ///
    /// # Errors
    /// Nothing is there, or what [`JudgingFiles::kind`] refuses.
    pub fn list(&self, path: &Path) -> Result<Vec<PathBuf>, CliError> {
        match self.kind(path)? {
            PathKind::Missing => return Err(JudgingError::Missing { place: self.describe(path) }.into()),
            PathKind::File => return Ok(vec![path.to_owned()]),
            PathKind::Directory => {}
        }
        let located = self.locate(path)?;
        let below: Vec<PathBuf> = match (&self.place, &located) {
            (Place::Tree { git, commit, .. }, Located::Inside(inside)) => {
                let entries = git.entries_below(commit, inside)?;
                let below =
                    entries.iter().filter_map(|entry| relative(&entry.path, inside)).map(PathBuf::from).collect();
                self.listed.borrow_mut().extend(entries.into_iter().map(|entry| (entry.path.clone(), entry)));
                below
            }
            (_, located) => {
                let on_disk = self.on_disk(located);
                let files = io::files_below(&on_disk)?;
                files.iter().filter_map(|file| file.strip_prefix(&on_disk).ok()).map(Path::to_owned).collect()
            }
        };
        if let Located::Inside(inside) = located {
            let names = below.iter().map(|name| io::slashed(name)).collect();
            self.asked.borrow_mut().insert(inside, Asked::Listed(names));
        }
        Ok(below.iter().map(|name| path.join(name)).collect())
    }

    /// The name of a file wherever it is read from: its path from the root of the repository, or as it is elsewhere. What is
    /// digested is named so, because the same files must have the same digest in every run.
    #[must_use]
    pub fn name(&self, path: &Path) -> String {
        match self.locate(path) {
            Ok(Located::Inside(inside)) => inside,
            _ => path.display().to_string(),
        }
    }

    /// How to name a path in a message: `main@0123456789ab:countersign.yaml`, or the path as it is.
    #[must_use]
    pub fn describe(&self, path: &Path) -> String {
        match (&self.place, self.locate(path)) {
            (Place::Tree { .. }, Ok(Located::Inside(inside))) => self.at_tip(&inside),
            _ => path.display().to_string(),
        }
    }

    /// A path below the root of the repository; of the directory where there is none.
    #[must_use]
    pub fn from_root(&self, inside: &str) -> PathBuf {
        self.root.join(inside)
    }

    /// Whether a path is read from the branch that a change request goes to.
    #[must_use]
    pub fn is_of_target_branch(&self, path: &Path) -> bool {
        matches!((&self.place, self.locate(path)), (Place::Tree { .. }, Ok(Located::Inside(_))))
    }

    /// Whether a change request is judged, and this path is in no branch of its repository.
    #[must_use]
    pub fn is_outside_of_request(&self, path: &Path) -> bool {
        matches!((&self.place, self.locate(path)), (Place::Tree { .. }, Ok(Located::Outside(_))))
    }

    /// Adds to a change request the paths that it touches.
    #[must_use]
    pub fn add_changed_files(&self, change: Change) -> Change {
        match &self.place {
            Place::Tree { touched, .. } => {
                let files = touched.iter().map(|path| Untrusted::from(path.as_str())).collect();
                ci::add_repository(change, RepositoryFacts { files: Some(files), ..RepositoryFacts::default() })
            }
            Place::WorkTree { .. } => change,
        }
    }

    /// The branch that judges, where it is in a repository, and the paths of these files from its root.
    ///
    /// # Errors
    /// As [`JudgingFiles::kind`].
    pub fn branch<'a>(&self, paths: &'a [PathBuf]) -> Result<Option<Branch<'_, 'a>>, CliError> {
        let (git, tip) = match &self.place {
            Place::Tree { git, commit, .. } => (git, commit),
            Place::WorkTree { git: Some(git), checked_out: Some(commit) } => (git, commit),
            Place::WorkTree { .. } => return Ok(None),
        };
        let mut files = BTreeMap::new();
        for path in paths {
            if let Located::Inside(inside) = self.locate(path)? {
                files.insert(inside, path.as_path());
            }
        }
        Ok(Some(Branch { git, tip, files }))
    }

    /// The commit of a change as the subject of evidence; `None` where it is not known or not in the clone.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn commit_subject(&self, change: &Change) -> Result<Option<CommitSubject>, CliError> {
        let git = match &self.place {
            Place::Tree { git, .. } => Some(git),
            Place::WorkTree { git, .. } => git.as_ref(),
        };
        match (git, &change.commit) {
            (Some(git), Some(commit)) if git.has_commit(commit)? => {
                let sha256 = Digest::of(git.commit_object(commit)?);
                Ok(Some(CommitSubject { sha256, git_commit: commit.clone() }))
            }
            _ => Ok(None),
        }
    }

    /// Where these paths, and everything that was asked for so far, come from, and what of it the head edits.
    ///
    /// # Errors
    /// As [`JudgingFiles::read_all`], or git could not answer.
    pub fn facts(&self, paths: &[&Path]) -> Result<Judging, CliError> {
        match &self.place {
            Place::Tree { commit, known_from, touched, .. } => {
                for path in paths {
                    self.kind(path)?;
                }
                let asked = self.asked.borrow();
                let is_asked =
                    |path: &String| asked.keys().any(|asked| path == asked || relative(path, asked).is_some());
                let edited = touched.iter().filter(|path| is_asked(path)).map(|path| Untrusted::from(path.as_str()));
                Ok(Judging {
                    source: JudgingSource::TargetBranch,
                    commit: Some(commit.clone()),
                    edited: edited.collect(),
                    outside: self.outside.borrow().iter().map(|path| path.to_string_lossy().as_ref().into()).collect(),
                    known_from: Some(*known_from),
                })
            }
            Place::WorkTree { git, checked_out } => {
                for path in paths {
                    if git.is_some() && self.kind(path)? != PathKind::Missing {
                        self.read_all(&self.list(path)?)?;
                    }
                }
                let commit = match (git, checked_out) {
                    (Some(git), Some(commit)) if self.is_as_committed(git, commit)? => Some(commit.clone()),
                    _ => None,
                };
                let known_from = commit.as_ref().map(|_| Source::Git);
                Ok(Judging { source: JudgingSource::WorkingTree, commit, known_from, ..Judging::default() })
            }
        }
    }

    /// Whether everything that was asked for is in this commit just as it was found on disk.
    fn is_as_committed(&self, git: &Git, commit: &CommitId) -> Result<bool, CliError> {
        let asked = self.asked.borrow();
        let paths: Vec<&str> = asked.keys().map(String::as_str).collect();
        let entries = git.entries_at(commit, &paths)?;
        let below = |dir: &str| {
            entries.iter().filter_map(|e| relative(&e.path, dir)).map(str::to_owned).collect::<BTreeSet<_>>()
        };
        let mut read = Vec::new();
        for (path, found) in asked.iter() {
            let entry = entries.iter().find(|entry| entry.path == *path);
            match (found, entry) {
                (Asked::Read(digest), Some(entry)) if entry.kind == EntryKind::File => {
                    read.push((entry.clone(), digest))
                }
                (Asked::Listed(names), _) if *names == below(path) => {}
                (Asked::Looked, None) => {}
                _ => return Ok(false),
            }
        }
        let (entries, digests): (Vec<Entry>, Vec<&Digest>) = read.into_iter().unzip();
        let contents = git.contents(commit, &entries, io::OWN_FILE_BYTES)?;
        Ok(contents.iter().map(Digest::of).eq(digests.into_iter().copied()))
    }

    fn entry(&self, git: &Git, commit: &CommitId, inside: &str) -> Result<Option<Entry>, CliError> {
        match self.listed.borrow().get(inside) {
            Some(entry) => Ok(Some(entry.clone())),
            None => Ok(git.entry(commit, inside)?),
        }
    }

    fn at_tip(&self, inside: &str) -> String {
        match &self.place {
            Place::Tree { commit, branch, .. } => format!("{branch}@{}:{inside}", commit.short()),
            Place::WorkTree { .. } => inside.to_owned(),
        }
    }

    fn on_disk(&self, located: &Located) -> PathBuf {
        match located {
            Located::Inside(inside) => inside.split('/').fold(self.root.clone(), |path, part| path.join(part)),
            Located::Outside(path) => path.clone(),
        }
    }

    /// Tells a path apart by how it is written, then makes sure that links on disk do not tell another story.
    fn locate(&self, path: &Path) -> Result<Located, JudgingError> {
        let shown = || path.display().to_string();
        let written = without_dots(&self.directory.join(path));
        let located = match written.strip_prefix(&self.root) {
            Ok(inside) => {
                let text = inside.to_str().ok_or_else(|| JudgingError::NotText { path: shown() })?;
                Located::Inside(io::slashed(Path::new(text)))
            }
            Err(_) => Located::Outside(written.clone()),
        };
        match (&self.place, &located) {
            // Nothing on disk is looked at.
            (Place::Tree { .. }, Located::Inside(_)) => {}
            (Place::Tree { .. }, Located::Outside(_)) if real(&written).starts_with(&self.root) => {
                return Err(JudgingError::LeadsIntoWorkTree { path: shown() });
            }
            (Place::WorkTree { .. }, Located::Inside(_)) if !real(&written).starts_with(&self.root) => {
                return Err(JudgingError::LeavesRepository { path: shown() });
            }
            (_, Located::Outside(_)) | (Place::WorkTree { .. }, Located::Inside(_)) => {}
        }
        Ok(located)
    }
}

fn work_tree(change: &Change, git: Option<&Git>) -> Result<Place, CliError> {
    let checked_out = git.map(Git::head).transpose()?.flatten();
    match (&checked_out, &change.commit) {
        (Some(checked_out), Some(commit)) if checked_out != commit => {
            Err(JudgingError::OtherCommit { checked_out: checked_out.clone(), commit: commit.clone() }.into())
        }
        _ => Ok(Place::WorkTree { git: git.cloned(), checked_out }),
    }
}

fn tree(change: &Change, target: &Untrusted, git: &Git) -> Result<Place, CliError> {
    let head = change.commit.clone().ok_or_else(|| JudgingError::NoHead { target: target.clone() })?;
    let (commit, known_from) = tip(change, target, &head, git)?;
    if !git.has_commit(&head)? {
        let hint = match ci::deepen(change) {
            Some(setting) => format!("{setting}, or run: git fetch --no-tags --depth=1 origin {head}"),
            None => format!("before the gate, run: git fetch --no-tags --depth=1 origin {head}"),
        };
        return Err(JudgingError::HeadNotInClone { head, hint }.into());
    }
    let touched = git.touched_paths(&commit, &head)?;
    // Only for messages: a branch's name is text from outside.
    let branch = target.line().into_owned();
    Ok(Place::Tree { git: git.clone(), commit, branch, known_from, touched })
}

/// The newest commit that is known to be a tip of the target branch, and who says so.
fn tip(change: &Change, target: &Untrusted, head: &CommitId, git: &Git) -> Result<(CommitId, Source), CliError> {
    let remotes = remotes_of(change, git)?;
    let mut candidates = Vec::new();
    for remote in &remotes {
        if let Some(commit) = git.remote_branch(remote, target.as_raw())? {
            candidates.push((commit, Source::Git));
        }
    }
    // Below a queue's entry is another entry, not the branch.
    if !ci::is_queued(change) {
        candidates.extend(merged_onto(head, git)?.map(|commit| (commit, Source::Git)));
        if let Some(base) = &change.base {
            let source = change.sources.get("base").copied().unwrap_or(Source::File);
            // What a file claims is not newer than what the run itself knows.
            if candidates.is_empty() || matches!(source, Source::Event | Source::Env) {
                candidates.push((base.clone(), source));
            }
        }
    }
    let mut newest: Option<(CommitId, Source)> = None;
    let mut holds_the_head = None;
    let head_is_here = git.has_commit(head)?;
    for (commit, source) in candidates {
        if !git.has_commit(&commit)? {
            continue;
        }
        if commit == *head || (head_is_here && git.is_ancestor(head, &commit)?) {
            holds_the_head = Some(commit);
            continue;
        }
        newest = match newest {
            Some((best, best_source)) if !is_newer(&commit, &best, git)? => Some((best, best_source)),
            _ => Some((commit, source)),
        };
    }
    match (newest, holds_the_head) {
        (Some(newest), _) => Ok(newest),
        (None, Some(tip)) => Err(JudgingError::HoldsTheHead { target: target.clone(), tip, head: head.clone() }.into()),
        (None, None) => Err(not_in_clone(change, target, &remotes, git.is_shallow()?).into()),
    }
}

/// The remotes that are the repository of the request. A clone of a fork has the fork's branches, and they judge nothing.
fn remotes_of(change: &Change, git: &Git) -> Result<Vec<String>, CliError> {
    let remotes = git.remotes()?;
    let is_it = |url: &str| match &change.repository {
        Some(repository) => repository_of(url).is_some_and(|found| found.eq_ignore_ascii_case(repository.as_raw())),
        None => remotes.len() == 1,
    };
    Ok(remotes.iter().filter(|remote| is_it(&remote.url)).map(|remote| remote.name.clone()).collect())
}

/// CI systems check out the merge of a request into its target: its first parent is the target's tip.
fn merged_onto(head: &CommitId, git: &Git) -> Result<Option<CommitId>, CliError> {
    let Some(checked_out) = git.head()? else { return Ok(None) };
    match git.parents(&checked_out)?.as_slice() {
        [target, merged] if merged == head => Ok(Some(target.clone())),
        _ => Ok(None),
    }
}

/// By descent where the clone can tell, else by the time in the commits, both of which the target branch has accepted.
fn is_newer(commit: &CommitId, best: &CommitId, git: &Git) -> Result<bool, CliError> {
    if git.is_ancestor(commit, best)? {
        return Ok(false);
    }
    if git.is_ancestor(best, commit)? {
        return Ok(true);
    }
    Ok(git.committed_at(commit)? > git.committed_at(best)?)
}

fn not_in_clone(change: &Change, target: &Untrusted, remotes: &[String], shallow: bool) -> JudgingError {
    let unmatched = if remotes.is_empty() { change.repository.clone() } else { None };
    let fetch = match &unmatched {
        Some(repository) => {
            format!("add a remote for {} and run: {}", repository.line(), fetch_command("REMOTE", target, shallow))
        }
        None => {
            let remote = remotes.first().map_or("origin", String::as_str);
            format!("run: {}", fetch_command(remote, target, shallow))
        }
    };
    let hint = match ci::deepen(change) {
        Some(setting) => format!("{setting}, or {fetch}"),
        None => format!("before the gate, {fetch}"),
    };
    JudgingError::TipNotInClone { target: target.clone(), unmatched, hint }
}

/// The part of a path below a directory, both written with `/`.
fn relative<'a>(path: &'a str, directory: &str) -> Option<&'a str> {
    if directory.is_empty() { Some(path) } else { path.strip_prefix(directory)?.strip_prefix('/') }
}

/// Takes `.` and `..` out of an absolute path, by how it is written.
fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut clean, part| {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => clean.push(part),
        }
        clean
    })
}

/// Where a path leads on disk: links followed as far as something is there.
fn real(path: &Path) -> PathBuf {
    path.ancestors()
        .find_map(|above| {
            let rest = path.strip_prefix(above).ok()?;
            io::canonical(above).ok().map(|above| above.join(rest))
        })
        .unwrap_or_else(|| path.to_owned())
}
