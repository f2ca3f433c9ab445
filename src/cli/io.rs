//! The one boundary to the world: files, environment, clock, randomness, processes, terminal.
//!
//! What must stay true: nothing is half-written (a temporary file beside the target, synced, then renamed), reads are bounded,
//! and no other module outside `cli` touches the world.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::mpsc::RecvTimeoutError;
use std::time::Duration;

use zeroize::Zeroizing;

use super::error::CliError;
use crate::model::time::Timestamp;

/// The largest file of our own (configuration, exceptions, policies, keys) that is read.
pub const OWN_FILE_BYTES: u64 = 16 << 20;

/// Reads a whole regular file of at most `limit` bytes.
///
/// # Errors
/// Missing, unreadable, not a regular file (a named pipe would wait for ever), or too large: exit 3, naming the path.
#[expect(clippy::disallowed_methods, reason = "the I/O boundary")]
pub fn read(path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let shown = path.display();
    // Before opening: to open a named pipe is to wait for its writer.
    let before = fs::metadata(path).map_err(|error| missing(path, &error))?;
    if before.is_dir() {
        return Err(CliError::input(format!("{shown}: is a directory, a file was expected")).hint("name a file in it"));
    }
    if !before.is_file() {
        return Err(CliError::input(format!("{shown}: is not a regular file")).hint("write it to a file first"));
    }
    let file = File::open(path).map_err(|error| missing(path, &error))?;
    let meta = file.metadata().map_err(|error| CliError::input(format!("{shown}: {error}")))?;
    if meta.is_dir() {
        return Err(CliError::input(format!("{shown}: is a directory, a file was expected")));
    }
    if !meta.is_file() {
        return Err(CliError::input(format!("{shown}: is not a regular file")));
    }
    read_opened(file, meta.len(), path, limit)
}

/// The rest of a file that is about `length` bytes long, of at most `limit` bytes.
///
/// # Errors
/// Unreadable, or too large: exit 3, naming the path.
pub fn read_opened(file: File, length: u64, path: &Path, limit: u64) -> Result<Vec<u8>, CliError> {
    let shown = path.display();
    let mut bytes = Vec::with_capacity(usize::try_from(length.min(limit)).unwrap_or(0));
    file.take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::input(format!("{shown}: {error}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > limit) {
        return Err(CliError::input(format!("{shown}: larger than the limit of {limit} bytes")));
    }
    Ok(bytes)
}

/// Opens a file that a directory was seen to hold, and says how long it is. What has taken its place since is neither followed
/// nor waited for.
///
/// # Errors
/// Gone, unreadable, or no regular file any more: exit 3, naming the path.
pub fn open_listed(path: &Path) -> Result<(File, u64), CliError> {
    let irregular = || CliError::input(format!("{}: is not a regular file", path.display()));
    let file = open_itself(path).map_err(|error| match fs::symlink_metadata(path) {
        Ok(meta) if !meta.is_file() => irregular(),
        _ => missing(path, &error),
    })?;
    let meta = file.metadata().map_err(|error| CliError::input(format!("{}: {error}", path.display())))?;
    if meta.is_file() { Ok((file, meta.len())) } else { Err(irregular()) }
}

#[cfg(unix)]
fn open_itself(path: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt as _;
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    fs::OpenOptions::new().read(true).custom_flags(flags.bits().cast_signed()).open(path)
}

#[cfg(not(unix))]
#[expect(clippy::disallowed_methods, reason = "the I/O boundary")]
fn open_itself(path: &Path) -> io::Result<File> {
    if fs::symlink_metadata(path)?.is_file() { File::open(path) } else { Err(io::ErrorKind::InvalidInput.into()) }
}

/// As [`read`], for standard input.
///
/// # Errors
/// Unreadable or too large: exit 3.
pub fn read_stdin(limit: u64) -> Result<Vec<u8>, CliError> {
    let mut bytes = Vec::new();
    io::stdin()
        .lock()
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|error| CliError::input(format!("standard input: {error}")))?;
    if u64::try_from(bytes.len()).is_ok_and(|len| len > limit) {
        return Err(CliError::input(format!("standard input: larger than the limit of {limit} bytes")));
    }
    Ok(bytes)
}

fn missing(path: &Path, error: &io::Error) -> CliError {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => CliError::input(format!("{shown}: no such file"))
            .hint("check the path; it is relative to the working directory"),
        io::ErrorKind::PermissionDenied => CliError::input(format!("{shown}: permission denied")),
        _ => CliError::input(format!("{shown}: {error}")),
    }
}

/// Writes a whole file: to a temporary file in the same directory, synced, renamed over the target.
///
/// # Errors
/// Any failure is exit 4 and leaves the previous file as it was; but for the last step, which makes the new name last: then the new
/// file is there, whole, and may be gone after a loss of power.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), CliError> {
    stage(path, bytes)?.commit()
}

/// A file that is written and has not got its name yet.
#[derive(Debug)]
pub struct Staged<'a> {
    path: PathBuf,
    target: Target<'a>,
}

#[derive(Debug)]
enum Target<'a> {
    /// A file beside the target, synced.
    Beside(tempfile::NamedTempFile),
    /// A device, a pipe or a link is written to, never replaced.
    Through(File, &'a [u8]),
}

/// Writes a file as far as that changes nothing under its name.
///
/// # Errors
/// Any failure is exit 4.
pub fn stage<'a>(path: &Path, bytes: &'a [u8]) -> Result<Staged<'a>, CliError> {
    let beside = || -> io::Result<tempfile::NamedTempFile> {
        let mut file = tempfile::Builder::new().prefix(".countersign-").tempfile_in(directory_of(path))?;
        file.write_all(bytes)?;
        file.as_file().sync_all()?;
        widen(file.path())?;
        Ok(file)
    };
    let target = if fs::symlink_metadata(path).is_ok_and(|meta| !meta.is_file()) {
        fs::OpenOptions::new().write(true).open(path).map(|file| Target::Through(file, bytes))
    } else {
        beside().map(Target::Beside)
    };
    Ok(Staged { path: path.to_owned(), target: target.map_err(|error| unwritten(path, &error))? })
}

impl Staged<'_> {
    /// Gives the file its name.
    ///
    /// # Errors
    /// As [`write`].
    pub fn commit(self) -> Result<(), CliError> {
        let done = match self.target {
            Target::Beside(file) => {
                file.persist(&self.path).map_err(|error| error.error).and_then(|_| sync_dir(directory_of(&self.path)))
            }
            Target::Through(mut file, bytes) => {
                let emptied = if file.metadata().is_ok_and(|meta| meta.is_file()) { file.set_len(0) } else { Ok(()) };
                emptied.and_then(|()| file.write_all(bytes)).and_then(|()| file.flush())
            }
        };
        done.map_err(|error| unwritten(&self.path, &error))
    }
}

fn unwritten(path: &Path, error: &io::Error) -> CliError {
    CliError::internal(format!("{}: could not be written: {error}", path.display()))
        .hint("check that the directory exists, is writable and has room")
}

/// The directory that a file is in.
fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."))
}

/// Makes a directory and those above it, where they are missing.
///
/// # Errors
/// It cannot be made: exit 4.
pub fn make_directory(path: &Path) -> Result<(), CliError> {
    fs::create_dir_all(path).map_err(|error| {
        CliError::internal(format!("{}: could not be made: {error}", path.display()))
            .hint("check that the directory above it is writable")
    })
}

/// Temporary files are made with mode 0600; outputs are for other steps and users to read.
#[cfg(unix)]
fn widen(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn widen(_path: &Path) -> io::Result<()> {
    Ok(())
}

/// A file for another program, which goes when the value does.
///
/// # Errors
/// It cannot be written: exit 4.
pub fn temporary(bytes: &[u8], suffix: &str) -> Result<tempfile::NamedTempFile, CliError> {
    let write = || {
        let mut file = tempfile::Builder::new().prefix("countersign-").suffix(suffix).tempfile()?;
        file.write_all(bytes)?;
        file.flush()?;
        Ok(file)
    };
    write().map_err(|error: io::Error| CliError::internal(format!("a temporary file: {error}")))
}

/// Makes a rename last. Directories cannot be synced on Windows, where renaming is journalled.
#[cfg(unix)]
#[expect(clippy::disallowed_methods, reason = "the I/O boundary")]
pub fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

/// See the Unix version.
#[cfg(not(unix))]
pub fn sync_dir(_dir: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a directory and those above it, where they are missing.
///
/// # Errors
/// It cannot be made: exit 4.
pub fn create_dir(path: &Path) -> Result<(), CliError> {
    fs::create_dir_all(path).map_err(|error| {
        CliError::internal(format!("{}: could not be made: {error}", path.display()))
            .hint("check that the directory above it is writable")
    })
}

/// Cuts a file to `length` bytes, and adds these; on the disk when it returns.
///
/// # Errors
/// Any failure is exit 4. Bytes beyond `length` may have been cut, and some of the new ones written.
pub fn append_at(path: &Path, length: usize, bytes: &[u8]) -> Result<(), CliError> {
    let appended = || {
        let mut file = fs::OpenOptions::new().write(true).open(path)?;
        file.set_len(length as u64)?;
        file.seek(io::SeekFrom::End(0))?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    appended().map_err(|error: io::Error| {
        CliError::internal(format!("{}: could not be written: {error}", path.display()))
            .hint("check that the disk has room; what was there before still stands")
    })
}

/// How long a writer waits for another one.
const PATIENCE: Duration = Duration::from_secs(60);

/// Locks a file for one writer, until what is returned is dropped.
///
/// # Errors
/// It cannot be made, or another process holds it for longer than a minute: exit 4.
pub fn lock(path: &Path) -> Result<File, CliError> {
    let shown = path.display();
    let cannot = |error: io::Error| {
        CliError::internal(format!("{shown}: could not be locked: {error}"))
            .hint("check that the directory exists and is writable")
    };
    let file = fs::OpenOptions::new().create(true).append(true).open(path).map_err(cannot)?;
    let began = std::time::Instant::now();
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(error)) => return Err(cannot(error)),
            Err(fs::TryLockError::WouldBlock) if began.elapsed() > PATIENCE => {
                return Err(CliError::internal(format!("{shown}: another process has held it for a minute"))
                    .hint("let it finish, or end it"));
            }
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(20)),
        }
    }
}

/// Every environment variable that is UTF-8, sorted. Others cannot be any that is asked for.
#[must_use]
pub fn environment() -> BTreeMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// One environment variable, where it is UTF-8; wiped when it is dropped.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "the I/O boundary")]
pub fn variable(name: &str) -> Option<Zeroizing<Vec<u8>>> {
    Some(Zeroizing::new(std::env::var_os(name)?.into_string().ok()?.into_bytes()))
}

/// The machine's clock, once per run.
///
/// # Errors
/// A clock beyond the calendar: exit 4.
#[expect(clippy::disallowed_methods, reason = "the I/O boundary: the only place that reads the clock")]
pub fn now() -> Result<Timestamp, CliError> {
    Timestamp::from_unix_seconds(jiff::Timestamp::now().as_second())
        .ok_or_else(|| CliError::internal("the machine's clock is beyond the calendar"))
}

/// Bytes from the system's random source.
///
/// # Errors
/// No random source: exit 4.
pub fn random<const N: usize>() -> Result<[u8; N], CliError> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| CliError::internal(format!("no random bytes: {error}")))?;
    Ok(bytes)
}

/// The working directory.
///
/// # Errors
/// It is gone: exit 3.
pub fn working_directory() -> Result<PathBuf, CliError> {
    std::env::current_dir().map_err(|error| CliError::input(format!("the working directory: {error}")))
}

/// A path without links and without `..`.
///
/// # Errors
/// Nothing is there: exit 3.
pub fn canonical(path: &Path) -> Result<PathBuf, CliError> {
    fs::canonicalize(path).map_err(|error| missing(path, &error))
}

/// A path written with `/`.
#[must_use]
pub fn slashed(path: &Path) -> String {
    path.components().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathKind {
    /// Nothing is there.
    Missing,
    /// A file, or something that is not a directory.
    File,
    /// A directory.
    Directory,
}

/// What is at this path, links followed.
#[must_use]
pub fn kind(path: &Path) -> PathKind {
    match fs::metadata(path) {
        Ok(meta) if meta.is_dir() => PathKind::Directory,
        Ok(_) => PathKind::File,
        Err(_) => PathKind::Missing,
    }
}

/// Bytes of a file; 0 where there is none, which reading it will tell.
#[must_use]
pub fn size(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |meta| meta.len())
}

/// Who may do what with a file, as the mode's bits; `None` where nothing is, or where there are no such bits.
#[cfg(unix)]
#[must_use]
pub fn mode(path: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    fs::metadata(path).ok().map(|meta| meta.permissions().mode())
}

/// See the Unix version.
#[cfg(not(unix))]
#[must_use]
pub fn mode(_path: &Path) -> Option<u32> {
    None
}

/// The most files that one directory or glob may stand for.
pub const MOST_FILES: usize = 100_000;

/// Every file below a directory, sorted by path; links to directories are not followed, `.git` is left out.
///
/// # Errors
/// Unreadable, or more than [`MOST_FILES`]: exit 3.
pub fn files_below(dir: &Path) -> Result<Vec<PathBuf>, CliError> {
    files_below_but(dir, &[])
}

/// As [`files_below`], without what lies in directories of these names.
///
/// # Errors
/// As [`files_below`].
pub fn files_below_but(dir: &Path, skipped: &[&str]) -> Result<Vec<PathBuf>, CliError> {
    let mut found = Vec::new();
    let mut open = vec![dir.to_owned()];
    while let Some(dir) = open.pop() {
        let entries = fs::read_dir(&dir).map_err(|error| CliError::input(format!("{}: {error}", dir.display())))?;
        for entry in entries {
            let entry = entry.map_err(|error| CliError::input(format!("{}: {error}", dir.display())))?;
            let kind =
                entry.file_type().map_err(|error| CliError::input(format!("{}: {error}", entry.path().display())))?;
            if kind.is_dir() {
                let name = entry.file_name();
                if name != ".git" && !skipped.iter().any(|skipped| name == *skipped) {
                    open.push(entry.path());
                }
            } else {
                found.push(entry.path());
            }
            if found.len() > MOST_FILES {
                return Err(CliError::input(format!("{}: more than the limit of {MOST_FILES} files", dir.display()))
                    .hint("name the reports, or a directory that holds nothing else"));
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Runs a program without a shell and returns what it printed, standard output up to `limit` bytes.
///
/// # Errors
/// It could not be started, or it printed more; it is ended then.
pub fn run(
    program: &str,
    arguments: &[&std::ffi::OsStr],
    directory: &Path,
    environment: &BTreeMap<String, String>,
    stdin: &[u8],
    limit: u64,
) -> io::Result<std::process::Output> {
    run_within(None, program, arguments, directory, environment, stdin, limit)
}

/// The same, where the program and all that it started are ended after a time. Such a program cannot ask at the terminal.
///
/// # Errors
/// As [`run`]; it did not end in time.
#[expect(clippy::disallowed_methods, reason = "the I/O boundary: the only place that starts programs")]
pub fn run_within(
    time: Option<Duration>,
    program: &str,
    arguments: &[&std::ffi::OsStr],
    directory: &Path,
    environment: &BTreeMap<String, String>,
    stdin: &[u8],
    limit: u64,
) -> io::Result<std::process::Output> {
    use std::process::{Command, Stdio};
    let mut command = Command::new(program);
    #[cfg(unix)]
    if time.is_some() {
        use std::os::unix::process::CommandExt as _;
        // A group of its own, so that all of it can be ended.
        command.process_group(0);
    }
    let mut child = command
        .args(arguments)
        .current_dir(directory)
        .env_clear()
        .envs(environment)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let (input, output, errors) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
    let (done, is_done) = std::sync::mpsc::channel::<()>();
    let child = std::sync::Mutex::new(child);
    let end = || child.lock().map(|mut child| end(&mut child, time.is_some()));
    // All at once: a program that prints while it is still being fed would wait for us, and we for it.
    let followed = std::thread::scope(|scope| {
        let watch = move || {
            let is_late = time.is_some_and(|time| is_done.recv_timeout(time) == Err(RecvTimeoutError::Timeout));
            if is_late {
                let _ = end();
            }
            is_late
        };
        let feed = move || input.map_or(Ok(()), |mut input| input.write_all(stdin));
        let listen = move || errors.map_or(Ok(Vec::new()), |errors| capped(errors, STDERR_BYTES));
        let thread = std::thread::Builder::new;
        let started = || {
            let watcher = time.map(|_| thread().spawn_scoped(scope, watch)).transpose()?;
            Ok((watcher, thread().spawn_scoped(scope, feed)?, thread().spawn_scoped(scope, listen)?))
        };
        let (watcher, feeder, listener) = started().inspect_err(|_: &io::Error| {
            // Nobody would follow it.
            let _ = end();
        })?;
        let stdout = output.map_or(Ok(Vec::new()), |output| capped(output, limit));
        if !stdout.as_ref().is_ok_and(|bytes| fits(bytes, limit)) {
            let _ = end();
        }
        let (fed, stderr) = (joined(feeder), joined(listener));
        // Who has closed its outputs need not have ended.
        while time.is_some() && child.lock().is_ok_and(|mut child| matches!(child.try_wait(), Ok(None))) {
            std::thread::sleep(Duration::from_millis(5));
        }
        drop(done);
        Ok::<_, io::Error>((fed, stdout, stderr, watcher.is_some_and(|watcher| watcher.join().unwrap_or(true))))
    });
    let status = child.into_inner().map_err(|_| io::Error::other("lost"))?.wait()?;
    let (fed, stdout, stderr, is_late) = followed?;
    if is_late {
        let seconds = time.unwrap_or_default().as_secs();
        return Err(io::Error::other(format!("did not end within {seconds} seconds, and was ended")));
    }
    let (stdout, stderr) = (stdout?, stderr?);
    if !fits(&stdout, limit) {
        return Err(io::Error::other(format!("printed more than the limit of {limit} bytes")));
    }
    match fed {
        // A program that does not want its input may close it.
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(error),
        _ => Ok(std::process::Output { status, stdout, stderr }),
    }
}

/// Ends a program, and whatever it started where it has a group of its own. Failing to end what has ended by itself is no fault.
fn end(child: &mut std::process::Child, is_group: bool) {
    #[cfg(unix)]
    if is_group {
        let group = rustix::process::Pid::from_child(child);
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    #[cfg(not(unix))]
    let _ = is_group;
    let _ = child.kill();
}

/// Runs a program without a shell that may ask the person at the terminal something; its messages go to our standard error.
///
/// # Errors
/// It could not be started, or it printed more than `limit` bytes.
#[expect(clippy::disallowed_methods, reason = "the I/O boundary: the only place that starts programs")]
pub fn run_attended(
    program: &str,
    arguments: &[&std::ffi::OsStr],
    stdin: &[u8],
    limit: u64,
) -> io::Result<std::process::Output> {
    use std::process::{Command, Stdio};
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::inherit())
        .spawn()?;
    // What is fed here is small: it fits into the pipe before the program has to print anything.
    if let Some(mut input) = child.stdin.take() {
        match input.write_all(stdin) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => return Err(error),
            _ => {}
        }
    }
    let stdout = child.stdout.take().map_or(Ok(Vec::new()), |output| capped(output, limit))?;
    if !fits(&stdout, limit) {
        let _ = child.kill();
        return Err(io::Error::other(format!("printed more than the limit of {limit} bytes")));
    }
    Ok(std::process::Output { status: child.wait()?, stdout, stderr: Vec::new() })
}

/// Whether a person sits at the terminal who can be asked.
#[must_use]
pub fn is_attended() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks the person at the terminal for one line; without white space around it.
///
/// # Errors
/// The terminal is gone, or what was typed is no text.
pub fn ask(question: &str) -> io::Result<String> {
    let mut errors = io::stderr().lock();
    write!(errors, "{question}: ")?;
    errors.flush()?;
    let mut line = String::new();
    io::stdin().lock().take(ANSWER_BYTES).read_line(&mut line)?;
    Ok(line.trim().to_owned())
}

/// The longest answer.
const ANSWER_BYTES: u64 = 16 << 10;

/// Starts this program again, with nothing of the environment, its streams to be read and written by the caller.
///
/// # Errors
/// It could not be started.
#[expect(clippy::disallowed_methods, reason = "the I/O boundary: the only place that starts programs")]
pub fn start_again(arguments: &[&str]) -> io::Result<std::process::Child> {
    use std::process::{Command, Stdio};
    Command::new(std::env::current_exe()?)
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// What is kept of a program's standard error.
const STDERR_BYTES: u64 = 64 << 10;

/// Reads one byte more than the limit, so that [`fits`] can tell.
fn capped(stream: impl io::Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut stream = stream.take(limit.saturating_add(1));
    stream.read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn fits(bytes: &[u8], limit: u64) -> bool {
    u64::try_from(bytes.len()).is_ok_and(|len| len <= limit)
}

fn joined<T>(handle: std::thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    handle.join().unwrap_or_else(|_| Err(io::Error::other("a reader of the program's output failed")))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "what takes the place of a file is made here")]
    fn what_took_the_place_of_a_listed_file_is_neither_followed_nor_waited_for() {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("file"), "content").unwrap();
        let (file, length) = open_listed(&at("file")).unwrap();
        assert_eq!(read_opened(file, length, &at("file"), 7).unwrap(), b"content");
        let (file, length) = open_listed(&at("file")).unwrap();
        assert!(read_opened(file, length, &at("file"), 6).unwrap_err().to_string().contains("limit of 6 bytes"));

        std::os::unix::fs::symlink(at("file"), at("link")).unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(at("socket")).unwrap();
        fs::create_dir(at("directory")).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(at("pipe")).status().unwrap().success());
        for name in ["link", "socket", "directory", "pipe"] {
            let error = open_listed(&at(name)).unwrap_err();
            assert!(error.to_string().contains(&format!("{name}: is not a regular file")), "{error}");
        }
        assert!(open_listed(&at("gone")).unwrap_err().to_string().contains("gone: no such file"));
    }
}
