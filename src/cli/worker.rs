//! Policies in a process of their own: the same binary, started again, that limits itself before it reads anything.
//!
//! What must stay true: whatever a policy does to the worker (endless loops, all memory, the end of its stack) is an error that
//! names the policy, never an answer. The worker has one deadline for all that it does; on Linux the system also holds it to a
//! limit of memory and of processor time.

use std::io::{Read, Write};
use std::process::Child;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::error::CliError;
use super::io;
use crate::policy::{
    Answer, Contents, DocumentResult, Evaluate, Evaluation, Inspection, InspectionOptions, MutationOptions,
    MutationRun, Namespace, PolicyError, PolicyFile, Question, Reply, Request, TestOptions, TestRun, Worker,
};

/// How long all policies of a run may take.
pub const SECONDS: u64 = 60;
/// What is added to that for each started MiB of facts: they are read, too.
const SECONDS_PER_MIB: u64 = 1;
/// The address space of a worker, of which 256 MiB are its stack.
#[cfg(target_os = "linux")]
const MEMORY: u64 = 2 << 30;
/// What is added to that for each byte of facts.
#[cfg(target_os = "linux")]
const MEMORY_PER_BYTE: u64 = 12;
/// The longest message between the two.
const MAX_MESSAGE: u64 = 4 << 30;
/// What is kept of what a worker prints when it breaks down.
const MAX_LAST_WORDS: u64 = 4 << 10;

/// Policies that are held by a worker.
pub struct Contained {
    link: Mutex<Link>,
}

/// The way to a worker.
struct Link {
    child: Child,
    replies: Receiver<Vec<u8>>,
    last_words: Receiver<String>,
    deadline: Instant,
    limit: Duration,
    doing: String,
}

impl Contained {
    /// Starts a worker and has it load policies.
    ///
    /// # Errors
    /// It cannot be started: exit 4. A policy is refused, or breaks the worker: exit 3.
    pub fn load(files: &[PolicyFile], namespaces: &[String], limit: Duration) -> Result<(Contents, Self), CliError> {
        let mut link = Link::start(limit)?;
        let request = Request::Load { files: files.to_vec(), namespaces: namespaces.to_vec() };
        match link.ask(&request, &[])? {
            Reply::Loaded(contents) => Ok((contents, Self { link: Mutex::new(link) })),
            _ => Err(link.confused().into()),
        }
    }

    /// The same for policies over documents.
    ///
    /// # Errors
    /// As for [`Contained::load`].
    pub fn load_for_documents(files: Vec<PolicyFile>, limit: Duration) -> Result<(Vec<Namespace>, Self), CliError> {
        let mut link = Link::start(limit)?;
        match link.ask(&Request::LoadForDocuments { files }, &[])? {
            Reply::LoadedForDocuments(namespaces) => Ok((namespaces, Self { link: Mutex::new(link) })),
            _ => Err(link.confused().into()),
        }
    }

    /// Runs the tests of policies.
    ///
    /// # Errors
    /// As for [`Contained::load`].
    pub fn test(files: Vec<PolicyFile>, options: TestOptions, limit: Duration) -> Result<TestRun, CliError> {
        let mut link = Link::start(limit)?;
        match link.ask(&Request::Test { files, options }, &[])? {
            Reply::Tested(run) => Ok(run),
            _ => Err(link.confused().into()),
        }
    }

    /// Tries whether the tests of policies notice changes.
    ///
    /// # Errors
    /// As for [`Contained::load`], and a test that does not pass as it is.
    pub fn mutate(files: Vec<PolicyFile>, options: MutationOptions, limit: Duration) -> Result<MutationRun, CliError> {
        let mut link = Link::start(limit)?;
        match link.ask(&Request::Mutate { files, options }, &[])? {
            Reply::Mutated(run) => Ok(run),
            _ => Err(link.confused().into()),
        }
    }

    /// Says what the author of policies has to mend.
    ///
    /// # Errors
    /// The worker cannot be started, or breaks down.
    pub fn inspect(
        files: Vec<PolicyFile>,
        options: InspectionOptions,
        limit: Duration,
    ) -> Result<Inspection, CliError> {
        let mut link = Link::start(limit)?;
        match link.ask(&Request::Inspect { files, options }, &[])? {
            Reply::Inspected(inspection) => Ok(inspection),
            _ => Err(link.confused().into()),
        }
    }

    /// Judges a document.
    ///
    /// # Errors
    /// A policy that gives no result, or breaks the worker.
    pub fn evaluate_document(
        &self,
        evaluation: Evaluation,
        document: &str,
    ) -> Result<Vec<DocumentResult>, PolicyError> {
        self.with(|link| match link.ask(&Request::Evaluate(evaluation), document.as_bytes())? {
            Reply::Evaluated(results) => Ok(results),
            _ => Err(link.confused()),
        })
    }

    fn with<T>(&self, work: impl FnOnce(&mut Link) -> Result<T, PolicyError>) -> Result<T, PolicyError> {
        let mut link = self.link.lock().map_err(|_| PolicyError::new("policies", "the worker is lost"))?;
        work(&mut link)
    }
}

impl Evaluate for Contained {
    fn evaluate(&self, question: &Question, facts: &[u8]) -> Result<Answer, PolicyError> {
        self.with(|link| match link.ask(&Request::Ask(question.clone()), facts)? {
            Reply::Answered(answer) => Ok(answer),
            _ => Err(link.confused()),
        })
    }
}

impl Link {
    fn start(limit: Duration) -> Result<Self, CliError> {
        let cannot = |error: std::io::Error| {
            CliError::internal(format!("the process that policies run in could not be started: {error}"))
                .hint("allow the program to start itself again")
        };
        let seconds = limit.as_secs().max(1).to_string();
        let mut child = io::start_again(&["policy-worker", "--seconds", &seconds]).map_err(cannot)?;
        let (to, replies) = channel();
        if let Some(mut stdout) = child.stdout.take() {
            let listen = move || {
                while let Ok(Some(message)) = receive(&mut stdout) {
                    if to.send(message).is_err() {
                        return;
                    }
                }
            };
            std::thread::Builder::new().spawn(listen).map_err(cannot)?;
        }
        let (words, last_words) = channel();
        if let Some(stderr) = child.stderr.take() {
            let listen = move || {
                let mut text = Vec::new();
                // What cannot be read any more is not missed.
                let _ = stderr.take(MAX_LAST_WORDS).read_to_end(&mut text);
                let _ = words.send(String::from_utf8_lossy(&text).into_owned());
            };
            std::thread::Builder::new().spawn(listen).map_err(cannot)?;
        }
        let deadline = Instant::now() + limit;
        Ok(Self { child, replies, last_words, deadline, limit, doing: "policies".to_owned() })
    }

    fn ask(&mut self, request: &Request, body: &[u8]) -> Result<Reply, PolicyError> {
        let more = Duration::from_secs(mib(body.len()) * SECONDS_PER_MIB);
        self.deadline += more;
        self.limit += more;
        let head = serde_json::to_vec(request).map_err(|error| PolicyError::new("policies", &error.to_string()))?;
        let to = self.child.stdin.take();
        std::thread::scope(|scope| {
            // On the side, so that the deadline also holds for a worker that does not read.
            let feed = move || {
                let mut to = to?;
                // A worker that reads no more has ended, and the reason is seen when its reply is missing.
                let _ = send(&mut to, &head).and_then(|()| send(&mut to, body)).and_then(|()| to.flush());
                Some(to)
            };
            let fed = std::thread::Builder::new().spawn_scoped(scope, feed).map_err(|error| {
                PolicyError::new(&self.doing, &format!("no thread could be started to ask about them: {error}"))
            })?;
            let reply = self.reply();
            if reply.is_err() {
                let _ = self.child.kill();
            }
            self.child.stdin = fed.join().unwrap_or_default();
            reply
        })
    }

    fn reply(&mut self) -> Result<Reply, PolicyError> {
        loop {
            let left = self.deadline.saturating_duration_since(Instant::now());
            let message = match self.replies.recv_timeout(left) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => {
                    let _ = self.child.kill();
                    let over =
                        format!("was still running when the {} s for all policies were over", self.limit.as_secs());
                    return Err(PolicyError::new(&self.doing, &over).with_hint(
                        "look for loops over loops; join by an object's key instead, or give more time: --policy-timeout",
                    ));
                }
                Err(RecvTimeoutError::Disconnected) => return Err(self.broke_down()),
            };
            match serde_json::from_slice(&message) {
                Ok(Reply::Doing(what)) => self.doing = what,
                Ok(Reply::Refused(error)) => return Err(error),
                Ok(reply) => return Ok(reply),
                Err(_) => return Err(self.confused()),
            }
        }
    }

    /// The worker has ended without an answer: why, as far as it can be told.
    fn broke_down(&mut self) -> PolicyError {
        let words = self.last_words.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
        let status = self.child.wait().map_or_else(|error| error.to_string(), |status| status.to_string());
        let (what, hint) = if words.contains("memory allocation of") {
            ("needs more memory than a policy may use", "look for ranges, paddings and lists that double")
        } else if words.contains("overflowed its stack") {
            ("goes deeper than the stack can bear", "look for functions that call themselves, and for long expressions")
        } else if status.contains("SIGXCPU") || status.contains("signal: 24") {
            ("needs more processor time than a policy may use", "look for loops over loops")
        } else {
            ("broke the process that policies run in", "report the policy: this is at least a bug of the engine")
        };
        PolicyError::new(&self.doing, &format!("{what} ({status})")).with_hint(hint)
    }

    fn confused(&self) -> PolicyError {
        PolicyError::new(&self.doing, "the process that policies run in answered something else")
            .with_hint("this is a bug; report it")
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mib(bytes: usize) -> u64 {
    u64::try_from(bytes).unwrap_or(u64::MAX).div_ceil(1 << 20)
}

fn send(to: &mut impl Write, message: &[u8]) -> std::io::Result<()> {
    let length = u64::try_from(message.len()).map_err(std::io::Error::other)?;
    to.write_all(&length.to_le_bytes())?;
    to.write_all(message)
}

/// `None` where the other side has closed.
fn receive(from: &mut impl Read) -> std::io::Result<Option<Vec<u8>>> {
    let mut length = [0; 8];
    match from.read_exact(&mut length) {
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    }
    let length = u64::from_le_bytes(length);
    if length > MAX_MESSAGE {
        return Err(std::io::Error::other("a message is too long"));
    }
    let mut message = Vec::new();
    from.take(length).read_to_end(&mut message)?;
    let whole = u64::try_from(message.len()).is_ok_and(|read| read == length);
    if whole { Ok(Some(message)) } else { Err(std::io::ErrorKind::UnexpectedEof.into()) }
}

/// The worker's side: serves standard input until it ends.
#[must_use]
pub fn serve(seconds: u64) -> u8 {
    let out = Arc::new(Mutex::new(std::io::stdout()));
    let say = {
        let out = Arc::clone(&out);
        move |reply: &Reply| -> std::io::Result<()> {
            let mut out = out.lock().map_err(|_| std::io::Error::other("the output is lost"))?;
            send(&mut *out, &serde_json::to_vec(reply)?)?;
            out.flush()
        }
    };
    let doing = Mutex::new(String::new());
    let tell = say.clone();
    let mut worker = Worker::new(Arc::new(move |what: &str| {
        if let Ok(mut doing) = doing.lock()
            && *doing != what
        {
            what.clone_into(&mut doing);
            // Whoever does not listen any more ends this process.
            let _ = tell(&Reply::Doing(what.to_owned()));
        }
    }));
    let mut input = std::io::stdin().lock();
    let mut budget = Limits { seconds: seconds + 1, bytes: 0 };
    let mut next = || -> std::io::Result<Option<(Vec<u8>, Vec<u8>)>> {
        let Some(head) = receive(&mut input)? else { return Ok(None) };
        Ok(receive(&mut input)?.map(|body| (head, body)))
    };
    if budget.set().is_err() {
        let refused = PolicyError::new("policies", "the limits of the process that policies run in could not be set");
        return u8::from(say(&Reply::Refused(refused)).is_err());
    }
    while let Ok(Some((head, body))) = next() {
        budget.seconds += mib(body.len()) * SECONDS_PER_MIB;
        budget.bytes = budget.bytes.max(u64::try_from(body.len()).unwrap_or(u64::MAX));
        let reply = match (budget.set(), serde_json::from_slice::<Request>(&head)) {
            (Ok(()), Ok(request)) => worker.serve(&request, &body),
            (Err(error), _) => Reply::Refused(PolicyError::new("policies", &format!("limits: {error}"))),
            (_, Err(error)) => Reply::Refused(PolicyError::new("policies", &error.to_string())),
        };
        if say(&reply).is_err() {
            return 0;
        }
    }
    0
}

/// What the system lets the worker have. Policies cannot raise it: they have no way to call the system.
struct Limits {
    seconds: u64,
    #[cfg_attr(
        all(unix, not(target_os = "linux")),
        expect(dead_code, reason = "elsewhere the address space cannot be limited")
    )]
    bytes: u64,
}

impl Limits {
    #[cfg(unix)]
    fn set(&self) -> std::io::Result<()> {
        use rustix::process::Resource;
        lower(Resource::Core, 0)?;
        #[cfg(target_os = "linux")]
        lower(Resource::As, MEMORY.saturating_add(self.bytes.saturating_mul(MEMORY_PER_BYTE)))?;
        lower(Resource::Cpu, self.seconds)
    }

    /// Elsewhere the parent's deadline is the limit.
    #[cfg(not(unix))]
    fn set(&self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Sets a limit, or leaves a tighter one as it is.
#[cfg(unix)]
fn lower(resource: rustix::process::Resource, to: u64) -> std::io::Result<()> {
    let mut limits = rustix::process::getrlimit(resource);
    limits.current = Some(limits.maximum.map_or(to, |most| most.min(to)));
    Ok(rustix::process::setrlimit(resource, limits)?)
}
