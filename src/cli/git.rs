//! The only place that asks git, and only ever to read.
//!
//! What must stay true: nothing in the environment, in any configuration file or in the repository chooses what git runs or
//! how it answers. The repository is named, not searched for by git; variables are cleared; global and system configuration,
//! hooks, monitors, attributes, replacement and grafted objects, the commit graph and every transport are off; only plumbing
//! that looks at objects and refs is called, never at the index or the working tree. Output is bounded.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Output;

use super::error::CliError;
use super::io;
use crate::ci::{Env, RepositoryFacts, repository_of};
use crate::model::digest::CommitId;
use crate::model::text::Untrusted;

/// The most that a list of paths or entries may take.
const LIST_BYTES: u64 = 256 << 20;
/// The most that an answer of one or few lines may take.
const LINE_BYTES: u64 = 1 << 20;
/// The most that all files of one answer may take together.
const TOGETHER_BYTES: u64 = 256 << 20;

/// Given with every call.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=",
    "core.hooksPath=/dev/null",
    "core.attributesFile=/dev/null",
    "core.commitGraph=false",
    "core.useReplaceRefs=false",
    "protocol.allow=never",
];

/// The environment of every call, beside the search path and the repository.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_ATTR_NOSYSTEM", "1"),
    ("GIT_CONFIG_GLOBAL", "/dev/null"),
    ("GIT_CONFIG_NOSYSTEM", "1"),
    ("GIT_GRAFT_FILE", "/dev/null"),
    ("GIT_LITERAL_PATHSPECS", "1"),
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_NO_REPLACE_OBJECTS", "1"),
    ("GIT_OPTIONAL_LOCKS", "0"),
    ("GIT_TERMINAL_PROMPT", "0"),
    ("LC_ALL", "C"),
];

/// A repository with a working tree.
#[derive(Clone, Debug)]
pub struct Git {
    root: PathBuf,
    environment: BTreeMap<String, String>,
}

/// What an entry of a tree is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A submodule.
    Submodule,
}

impl EntryKind {
    const fn word(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Directory => "a directory",
            Self::Link => "a symbolic link",
            Self::Submodule => "a submodule",
        }
    }
}

/// An entry of a tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Its path from the root of the repository, with `/`.
    pub path: String,
    /// The name of its object.
    pub object: String,
    /// Bytes of a file.
    pub size: u64,
}

/// A remote and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remote {
    /// Its name.
    pub name: String,
    /// Its URL.
    pub url: String,
}

/// Why git could not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// The machine's: git is not installed, or not on the search path.
    #[error("git could not be run: {0}")]
    NotRun(String),
    /// The repository's: git refused.
    #[error("git {what}: {said}")]
    Failed {
        /// The command.
        what: String,
        /// What it said.
        said: String,
    },
    /// Ours or git's: an answer that has another form than documented.
    #[error("git {0}: an answer that is not understood")]
    Odd(String),
    /// The caller's: no ref can have this name.
    #[error("{0:?} cannot be the name of a branch")]
    RefName(Untrusted),
    /// The repository's: a file was expected at this place.
    #[error("{place} is {}, a regular file was expected", kind.word())]
    NotAFile {
        /// Commit and path.
        place: String,
        /// What is there.
        kind: EntryKind,
    },
    /// The repository's: a link or submodule stands in the way, and what lies behind it is not in this commit.
    #[error("{place} is {}, and is not followed", kind.word())]
    InTheWay {
        /// Commit and path.
        place: String,
        /// What is there.
        kind: EntryKind,
    },
    /// The repository's: a name that is no text.
    #[error("{0}: a path that is not UTF-8")]
    NotText(String),
    /// The repository's: a file above the limit.
    #[error("{place}: {size} bytes, more than the limit of {limit}")]
    TooLarge {
        /// Commit and path.
        place: String,
        /// Its size.
        size: u64,
        /// The limit.
        limit: u64,
    },
    /// The clone's: the tree names an object that is not there.
    #[error("{0}: its content is not in this clone")]
    MissingObject(String),
}

impl From<GitError> for CliError {
    fn from(error: GitError) -> Self {
        let hint = match &error {
            GitError::NotRun(_) => "install git, or give --ci none --change FILE where no repository is needed",
            GitError::Failed { .. } | GitError::Odd(_) => "check the repository with `git fsck`",
            GitError::RefName(_) => "the target of a change is the name of a branch, like main",
            GitError::NotAFile { .. } | GitError::InTheWay { .. } => {
                "put a regular file there, or name the file that the link leads to"
            }
            GitError::NotText(_) => "rename the file",
            GitError::TooLarge { .. } => "make the file smaller",
            GitError::MissingObject(_) => "clone without --filter, so that files come with their commits",
        };
        Self::input(error.to_string()).hint(hint)
    }
}

impl Git {
    /// The repository whose working tree holds this directory. `environment` is searched for the path to programs alone.
    ///
    /// # Errors
    /// The directory is gone.
    pub fn find(directory: &Path, environment: &Env) -> Result<Option<Self>, CliError> {
        let directory = io::canonical(directory)?;
        let root = directory.ancestors().find(|dir| io::kind(&dir.join(".git")) != io::PathKind::Missing);
        Ok(root.map(|root| Self { root: root.to_owned(), environment: clean_environment(root, environment) }))
    }

    /// The top of the working tree, without links.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The commit that is checked out; `None` before the first one.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn head(&self) -> Result<Option<CommitId>, GitError> {
        self.revision("HEAD")
    }

    /// The branch that is checked out; `None` where a commit is.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn branch(&self) -> Result<Option<String>, GitError> {
        self.line_or_nothing(&["symbolic-ref", "--quiet", "--short", "HEAD"])
    }

    /// The commit that a remote's branch is known to be at.
    ///
    /// # Errors
    /// No branch can have this name, or git could not answer.
    pub fn remote_branch(&self, remote: &str, branch: &str) -> Result<Option<CommitId>, GitError> {
        for name in [remote, branch] {
            if !is_ref_name(name) {
                return Err(GitError::RefName(Untrusted::from(name)));
            }
        }
        self.revision(&format!("refs/remotes/{remote}/{branch}"))
    }

    fn revision(&self, name: &str) -> Result<Option<CommitId>, GitError> {
        let line = self.line_or_nothing(&[
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &format!("{name}^{{commit}}"),
        ])?;
        line.map(|line| line.parse().map_err(|_| GitError::Odd("rev-parse".to_owned()))).transpose()
    }

    /// Whether the clone was cut off: what lies before the cut is unknown, and no ancestor is proof of anything.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn is_shallow(&self) -> Result<bool, GitError> {
        match self.line(&["rev-parse", "--is-shallow-repository"])?.as_str() {
            "true" => Ok(true),
            "false" => Ok(false),
            _ => Err(GitError::Odd("rev-parse --is-shallow-repository".to_owned())),
        }
    }

    /// Whether this commit is in the clone.
    ///
    /// # Errors
    /// It is there and is no commit, or git could not answer.
    pub fn has_commit(&self, commit: &CommitId) -> Result<bool, GitError> {
        let output = self.asked(&["cat-file", "--batch-check"], format!("{commit}\n").as_bytes(), LINE_BYTES)?;
        let answer = String::from_utf8_lossy(&output.stdout);
        match answer.split_whitespace().collect::<Vec<_>>().as_slice() {
            [_, "missing"] => Ok(false),
            [_, "commit", _] => Ok(true),
            _ => Err(GitError::Odd(format!("cat-file --batch-check {commit}"))),
        }
    }

    /// Whether `old` is `new` or comes before it, as far as the clone knows. Both must be in the clone.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn is_ancestor(&self, old: &CommitId, new: &CommitId) -> Result<bool, GitError> {
        let arguments = ["merge-base", "--is-ancestor", old.as_str(), new.as_str()];
        let output = self.started(&arguments, &[], LINE_BYTES)?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(&arguments, &output)),
        }
    }

    /// The best common ancestors of two commits, as far as the clone knows.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn merge_bases(&self, one: &CommitId, other: &CommitId) -> Result<Vec<CommitId>, GitError> {
        let arguments = ["merge-base", "--all", one.as_str(), other.as_str()];
        let output = self.started(&arguments, &[], LINE_BYTES)?;
        match output.status.code() {
            Some(0) => String::from_utf8_lossy(&output.stdout)
                .lines()
                .map(|line| line.parse().map_err(|_| GitError::Odd("merge-base".to_owned())))
                .collect(),
            Some(1) => Ok(Vec::new()),
            _ => Err(failed(&arguments, &output)),
        }
    }

    /// The bytes of a commit object: what `git cat-file commit ID` prints.
    ///
    /// # Errors
    /// It is not in the clone, or git could not answer.
    pub fn commit_object(&self, commit: &CommitId) -> Result<Vec<u8>, GitError> {
        Ok(self.asked(&["cat-file", "commit", commit.as_str()], &[], LINE_BYTES)?.stdout)
    }

    /// The parents that a commit names, whether they are in the clone or not.
    ///
    /// # Errors
    /// As [`Git::commit_object`].
    pub fn parents(&self, commit: &CommitId) -> Result<Vec<CommitId>, GitError> {
        let object = self.commit_object(commit)?;
        header(&object)
            .filter_map(|line| line.strip_prefix("parent ").map(str::to_owned))
            .map(|id| id.parse().map_err(|_| GitError::Odd(format!("cat-file commit {commit}"))))
            .collect()
    }

    /// When a commit was made, as it says, in seconds since 1970.
    ///
    /// # Errors
    /// As [`Git::commit_object`].
    pub fn committed_at(&self, commit: &CommitId) -> Result<i64, GitError> {
        let object = self.commit_object(commit)?;
        header(&object)
            .find_map(|line| line.strip_prefix("committer ")?.rsplit(' ').nth(1)?.parse().ok())
            .ok_or_else(|| GitError::Odd(format!("cat-file commit {commit}")))
    }

    /// What is at this path in this commit. A link or submodule on the way there is an error, because what lies behind it is
    /// not this commit's to say.
    ///
    /// # Errors
    /// See above, or git could not answer.
    pub fn entry(&self, commit: &CommitId, path: &str) -> Result<Option<Entry>, GitError> {
        if path.is_empty() {
            let root = Entry { kind: EntryKind::Directory, path: String::new(), object: commit.to_string(), size: 0 };
            return Ok(Some(root));
        }
        if let Some(entry) = self.exact(commit, path)? {
            return Ok(Some(entry));
        }
        for (end, _) in path.match_indices('/') {
            let above = path.get(..end).unwrap_or_default();
            match self.exact(commit, above)? {
                Some(Entry { kind: EntryKind::Directory, .. }) => {}
                Some(Entry { kind: kind @ (EntryKind::Link | EntryKind::Submodule), .. }) => {
                    return Err(GitError::InTheWay { place: place(commit, above), kind });
                }
                _ => break,
            }
        }
        Ok(None)
    }

    fn exact(&self, commit: &CommitId, path: &str) -> Result<Option<Entry>, GitError> {
        Ok(self.listed(commit, &[], &[path])?.into_iter().find(|entry| entry.path == path))
    }

    /// Everything below a directory that is not a directory itself, sorted by path.
    ///
    /// # Errors
    /// Git could not answer, or a name is not UTF-8.
    pub fn entries_below(&self, commit: &CommitId, directory: &str) -> Result<Vec<Entry>, GitError> {
        let below = if directory.is_empty() { String::new() } else { format!("{directory}/") };
        let mut entries = self.listed(commit, &["-r"], &[&below])?;
        entries.retain(|entry| entry.path.starts_with(&below));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(entries)
    }

    /// Everything at or below these paths that is not a directory, sorted by path.
    ///
    /// # Errors
    /// Git could not answer, or a name is not UTF-8.
    pub fn entries_at(&self, commit: &CommitId, paths: &[&str]) -> Result<Vec<Entry>, GitError> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let mut entries = self.listed(commit, &["-r"], paths)?;
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup();
        Ok(entries)
    }

    fn listed(&self, commit: &CommitId, flags: &[&str], paths: &[&str]) -> Result<Vec<Entry>, GitError> {
        let mut arguments = vec!["ls-tree", "-z", "--long", "--full-tree"];
        arguments.extend(flags);
        arguments.push(commit.as_str());
        // No path means everything.
        if !paths.iter().any(|path| path.is_empty()) {
            arguments.push("--");
            arguments.extend(paths);
        }
        let output = self.asked(&arguments, &[], LIST_BYTES)?;
        output.stdout.split(|b| *b == 0).filter(|line| !line.is_empty()).map(|line| entry_of(commit, line)).collect()
    }

    /// The contents of these entries, in their order.
    ///
    /// # Errors
    /// One is not a file, too large or not in the clone, or git could not answer.
    pub fn contents(&self, commit: &CommitId, entries: &[Entry], limit: u64) -> Result<Vec<Vec<u8>>, GitError> {
        let mut wanted = String::new();
        let mut together = 0_u64;
        for entry in entries {
            if entry.kind != EntryKind::File {
                return Err(GitError::NotAFile { place: place(commit, &entry.path), kind: entry.kind });
            }
            together = together.saturating_add(entry.size);
            let too_large = |limit| GitError::TooLarge { place: place(commit, &entry.path), size: entry.size, limit };
            if entry.size > limit {
                return Err(too_large(limit));
            }
            if together > TOGETHER_BYTES {
                return Err(too_large(TOGETHER_BYTES));
            }
            wanted.push_str(&entry.object);
            wanted.push('\n');
        }
        let headers = 256_u64.saturating_mul(u64::try_from(entries.len()).unwrap_or(u64::MAX));
        let output = self.asked(&["cat-file", "--batch"], wanted.as_bytes(), together.saturating_add(headers))?;
        let mut rest = output.stdout.as_slice();
        entries.iter().map(|entry| next_content(commit, entry, &mut rest)).collect()
    }

    /// Every path that differs between two commits, both names of a renamed file included, sorted.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn changed_paths(&self, from: &CommitId, to: &CommitId) -> Result<Vec<String>, GitError> {
        let arguments = [
            "diff-tree",
            "-r",
            "-z",
            "--name-only",
            "--no-renames",
            "--no-ext-diff",
            "--no-textconv",
            "--ignore-submodules=none",
            from.as_str(),
            to.as_str(),
        ];
        let output = self.asked(&arguments, &[], LIST_BYTES)?;
        let mut paths: Vec<String> = output
            .stdout
            .split(|b| *b == 0)
            .filter(|path| !path.is_empty())
            .map(|path| String::from_utf8_lossy(path).into_owned())
            .collect();
        paths.sort();
        Ok(paths)
    }

    /// What the head of a change touches: what differs from the base, without what only the base has changed since the two
    /// parted. Where the clone cannot tell when that was, all that differs.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn touched_paths(&self, base: &CommitId, head: &CommitId) -> Result<Vec<String>, GitError> {
        let mut paths = self.changed_paths(base, head)?;
        // Behind a cut there may be a better common ancestor, from which more differs.
        if !self.is_shallow()?
            && let [parted] = self.merge_bases(base, head)?.as_slice()
        {
            let own = self.changed_paths(parted, head)?;
            paths.retain(|path| own.binary_search(path).is_ok());
        }
        Ok(paths)
    }

    /// The commits of a branch that touch these paths, along its first parents, newest first, with the time at which each
    /// was made, as it says, in seconds since 1970.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn commits_touching(&self, commit: &CommitId, paths: &[&str]) -> Result<Vec<(CommitId, i64)>, GitError> {
        let mut arguments = vec!["rev-list", "--first-parent", "--timestamp", commit.as_str(), "--"];
        arguments.extend(paths);
        let output = self.asked(&arguments, &[], LIST_BYTES)?;
        let odd = || GitError::Odd("rev-list".to_owned());
        let read = |line: &str| {
            let (time, id) = line.split_once(' ')?;
            Some((id.parse().ok()?, time.parse().ok()?))
        };
        String::from_utf8_lossy(&output.stdout).lines().map(|line| read(line).ok_or_else(odd)).collect()
    }

    /// Whether the clone holds a branch down to its first commit, along its first parents.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn reaches_its_beginning(&self, tip: &CommitId) -> Result<bool, GitError> {
        let first = self.line(&["rev-list", "--first-parent", "--max-parents=0", tip.as_str()])?;
        let first: CommitId = first.parse().map_err(|_| GitError::Odd("rev-list --max-parents=0".to_owned()))?;
        // Where a clone is cut, git takes a commit for the first one, and its object still names parents.
        Ok(self.parents(&first)?.is_empty())
    }

    /// The first parents of these commits, where the clone holds them.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn first_parents(&self, commits: &[CommitId]) -> Result<Vec<Option<CommitId>>, GitError> {
        let names: Vec<String> = commits.iter().map(|commit| format!("{commit}^1")).collect();
        let objects = self.looked_up(&names)?;
        objects
            .into_iter()
            .map(|object| object.map(|(id, _)| id.parse()).transpose())
            .collect::<Result<_, _>>()
            .map_err(|_| GitError::Odd("cat-file --batch-check".to_owned()))
    }

    /// The files at these paths of these commits, each where it is there.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn files_at(&self, places: &[(&CommitId, &str)]) -> Result<Vec<Option<Entry>>, GitError> {
        // A path with a line break cannot be asked for in this way, and is no path that anybody names.
        let names: Vec<String> =
            places.iter().map(|(commit, path)| format!("{commit}:{}", path.replace('\n', " "))).collect();
        let entry = |((object, size), (_, path)): ((String, u64), &(&CommitId, &str))| Entry {
            kind: EntryKind::File,
            path: (*path).to_owned(),
            object,
            size,
        };
        let objects = self.looked_up(&names)?;
        Ok(objects.into_iter().zip(places).map(|(object, place)| object.map(|object| entry((object, place)))).collect())
    }

    /// Name and size of the commit or file that each expression leads to.
    fn looked_up(&self, expressions: &[String]) -> Result<Vec<Option<(String, u64)>>, GitError> {
        let asked: String = expressions.iter().map(|expression| format!("{expression}\n")).collect();
        let output = self.asked(&["cat-file", "--batch-check"], asked.as_bytes(), LIST_BYTES)?;
        let text = String::from_utf8_lossy(&output.stdout);
        let found = |line: &str| match line.split(' ').collect::<Vec<_>>()[..] {
            [object, "blob" | "commit", size] => Some((object.to_owned(), size.parse().ok()?)),
            _ => None,
        };
        let lines: Vec<_> = text.lines().map(found).collect();
        match lines.len() == expressions.len() {
            true => Ok(lines),
            false => Err(GitError::Odd("cat-file --batch-check".to_owned())),
        }
    }

    /// Every path in which a commit differs from another one, for each pair of them (the newer one first), as older commit and path.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn paths_between<'a>(
        &self,
        pairs: &'a [(CommitId, CommitId)],
    ) -> Result<Vec<(&'a CommitId, String)>, GitError> {
        let arguments = ["diff-tree", "--stdin", "-r", "-z", "--name-only", "--no-renames", "--no-ext-diff"];
        let asked: String = pairs.iter().map(|(new, old)| format!("{new} {old}\n")).collect();
        let output = self.asked(&arguments, asked.as_bytes(), LIST_BYTES)?;
        let older: BTreeMap<&str, &CommitId> = pairs.iter().map(|(new, old)| (new.as_str(), old)).collect();
        let mut current = None;
        let mut paths = Vec::new();
        // Each commit's name goes before its paths.
        for part in output.stdout.split(|b| matches!(*b, 0 | b'\n')).filter(|part| !part.is_empty()) {
            let part = String::from_utf8_lossy(part);
            match (older.get(part.as_ref()), current) {
                (Some(old), _) => current = Some(*old),
                (None, Some(old)) => paths.push((old, part.into_owned())),
                (None, None) => return Err(GitError::Odd("diff-tree --stdin".to_owned())),
            }
        }
        Ok(paths)
    }

    /// Whether the clone was told to leave objects out until somebody asks for them.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn is_partial(&self) -> Result<bool, GitError> {
        let arguments = ["config", "-z", "--get-regexp", r"^(extensions\.partialclone|remote\..*\.promisor)$"];
        let output = self.started(&arguments, &[], LINE_BYTES)?;
        match output.status.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            _ => Err(failed(&arguments, &output)),
        }
    }

    /// Every remote that has a URL, by name.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn remotes(&self) -> Result<Vec<Remote>, GitError> {
        let arguments = ["config", "-z", "--get-regexp", r"^remote\..*\.url$"];
        let output = self.started(&arguments, &[], LINE_BYTES)?;
        match output.status.code() {
            Some(0) => {}
            Some(1) => return Ok(Vec::new()),
            _ => return Err(failed(&arguments, &output)),
        }
        let text = String::from_utf8_lossy(&output.stdout);
        let mut remotes: Vec<Remote> = text
            .split('\0')
            .filter_map(|pair| {
                let (key, url) = pair.split_once('\n')?;
                let name = key.strip_prefix("remote.")?.strip_suffix(".url")?;
                Some(Remote { name: name.to_owned(), url: url.to_owned() })
            })
            .collect();
        remotes.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(remotes)
    }

    /// What the working copy says about a run: the repository of its remote (`origin`, or the only one), commit, branch.
    ///
    /// # Errors
    /// Git could not answer.
    pub fn facts(&self) -> Result<RepositoryFacts, GitError> {
        let remotes = self.remotes()?;
        let remote = match remotes.as_slice() {
            [only] => Some(only),
            several => several.iter().find(|remote| remote.name == "origin"),
        };
        Ok(RepositoryFacts {
            repository: remote.and_then(|remote| repository_of(&remote.url)).map(Untrusted::from),
            commit: self.head()?,
            branch: self.branch()?.map(Untrusted::from),
            files: None,
        })
    }

    fn line(&self, arguments: &[&str]) -> Result<String, GitError> {
        let output = self.asked(arguments, &[], LINE_BYTES)?;
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    }

    /// The line that was printed, or nothing where git quietly says that there is none.
    fn line_or_nothing(&self, arguments: &[&str]) -> Result<Option<String>, GitError> {
        let output = self.started(arguments, &[], LINE_BYTES)?;
        match output.status.code() {
            Some(0) => Ok(Some(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())),
            Some(1) => Ok(None),
            _ => Err(failed(arguments, &output)),
        }
    }

    /// An answer that must be one.
    fn asked(&self, arguments: &[&str], stdin: &[u8], limit: u64) -> Result<Output, GitError> {
        let output = self.started(arguments, stdin, limit)?;
        if output.status.success() { Ok(output) } else { Err(failed(arguments, &output)) }
    }

    fn started(&self, arguments: &[&str], stdin: &[u8], limit: u64) -> Result<Output, GitError> {
        let settings = SETTINGS.iter().flat_map(|setting| ["-c", setting]);
        let arguments: Vec<&OsStr> =
            ["--no-pager"].into_iter().chain(settings).chain(arguments.iter().copied()).map(OsStr::new).collect();
        io::run("git", &arguments, &self.root, &self.environment, stdin, limit)
            .map_err(|error| GitError::NotRun(error.to_string()))
    }
}

/// `main@0123456789ab:path`-like names of places, without the branch.
fn place(commit: &CommitId, path: &str) -> String {
    format!("{}:{path}", commit.short())
}

/// The lines of a commit object before its message. Its author's name may be any bytes.
fn header(object: &[u8]) -> impl Iterator<Item = String> + '_ {
    object
        .split(|b| *b == b'\n')
        .take_while(|line| !line.is_empty())
        .map(|line| String::from_utf8_lossy(line).into_owned())
}

/// `100644 blob <object> <size>\t<path>`
fn entry_of(commit: &CommitId, line: &[u8]) -> Result<Entry, GitError> {
    let odd = || GitError::Odd(format!("ls-tree {commit}"));
    let tab = line.iter().position(|b| *b == b'\t').ok_or_else(odd)?;
    let (about, path) = line.split_at_checked(tab).ok_or_else(odd)?;
    let path = path.get(1..).ok_or_else(odd)?;
    let path = std::str::from_utf8(path)
        .map_err(|_| GitError::NotText(place(commit, &String::from_utf8_lossy(path))))?
        .to_owned();
    let about = std::str::from_utf8(about).map_err(|_| odd())?;
    let [mode, _, object, size] = about.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err(odd());
    };
    let kind = match mode {
        "040000" => EntryKind::Directory,
        "120000" => EntryKind::Link,
        "160000" => EntryKind::Submodule,
        mode if mode.starts_with("100") => EntryKind::File,
        _ => return Err(odd()),
    };
    // Directories and submodules have `-`; an object that is not in a partial clone has `BAD`.
    let size = match (kind, size.parse()) {
        (_, Ok(size)) => size,
        (EntryKind::Directory | EntryKind::Submodule, Err(_)) => 0,
        (EntryKind::File | EntryKind::Link, Err(_)) => return Err(GitError::MissingObject(place(commit, &path))),
    };
    Ok(Entry { kind, path, object: object.to_owned(), size })
}

/// `<object> blob <size>\n<bytes>\n`
fn next_content(commit: &CommitId, entry: &Entry, rest: &mut &[u8]) -> Result<Vec<u8>, GitError> {
    let odd = || GitError::Odd(format!("cat-file --batch {}", place(commit, &entry.path)));
    let end = rest.iter().position(|b| *b == b'\n').ok_or_else(odd)?;
    let (head, body) = rest.split_at_checked(end).ok_or_else(odd)?;
    let head = std::str::from_utf8(head).map_err(|_| odd())?;
    match head.split(' ').collect::<Vec<_>>()[..] {
        [object, "blob", size] if object == entry.object && size.parse() == Ok(entry.size) => {}
        [_, "missing"] => return Err(GitError::MissingObject(place(commit, &entry.path))),
        _ => return Err(odd()),
    }
    let size = usize::try_from(entry.size).map_err(|_| odd())?;
    let content = body.get(1..).and_then(|body| body.get(..size)).ok_or_else(odd)?;
    *rest = body.get(size.saturating_add(2)..).ok_or_else(odd)?;
    Ok(content.to_vec())
}

fn failed(arguments: &[&str], output: &Output) -> GitError {
    let said = String::from_utf8_lossy(&output.stderr);
    let said = match said.trim() {
        "" => output.status.to_string(),
        said => said.to_owned(),
    };
    GitError::Failed { what: arguments.join(" "), said }
}

/// Nothing but where programs are and which repository this is. Programs inside the working tree are the change's own.
fn clean_environment(root: &Path, environment: &Env) -> BTreeMap<String, String> {
    let mut clean: BTreeMap<String, String> =
        VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    let path = environment.get("PATH").map(String::as_str).unwrap_or_default();
    let outside = std::env::split_paths(path).filter(|dir| dir.is_absolute() && !dir.starts_with(root));
    let path = std::env::join_paths(outside).unwrap_or_else(|_| OsString::new());
    clean.insert("PATH".to_owned(), path.to_string_lossy().into_owned());
    // Programs do not start on Windows without it.
    if let Some(system) = environment.get("SystemRoot") {
        clean.insert("SystemRoot".to_owned(), system.clone());
    }
    clean.insert("GIT_DIR".to_owned(), root.join(".git").to_string_lossy().into_owned());
    clean.insert("GIT_WORK_TREE".to_owned(), root.to_string_lossy().into_owned());
    clean
}

/// Whether a ref can have this name, so that nothing in it is an expression (`git help check-ref-format`).
fn is_ref_name(name: &str) -> bool {
    let odd = |c: char| c.is_control() || " ~^:?*[\\".contains(c);
    !name.is_empty()
        && !name.contains(odd)
        && !name.contains("..")
        && !name.contains("@{")
        && !name.starts_with('-')
        && name.split('/').all(|part| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_branch_is_no_expression() {
        for good in ["main", "release/1.x", "feature/ä"] {
            assert!(is_ref_name(good), "{good}");
        }
        for bad in
            ["", "main~1", "main^{tree}", "HEAD:x", "a..b", "main@{1}", "-x", "a//b", ".x", "x.lock", "a b", "x*"]
        {
            assert!(!is_ref_name(bad), "{bad}");
        }
    }

    #[test]
    fn programs_of_the_change_are_not_run() {
        let environment: Env = [("PATH", "/w/shop/bin:.:/usr/bin"), ("GIT_DIR", "/evil"), ("GIT_TRACE", "1")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into();
        let clean = clean_environment(Path::new("/w/shop"), &environment);
        assert_eq!(clean["PATH"], "/usr/bin");
        assert_eq!(clean["GIT_DIR"], "/w/shop/.git");
        assert!(!clean.contains_key("GIT_TRACE"));
    }
}
