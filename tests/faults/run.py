#!/usr/bin/env python3
"""Runs countersign while the system fails it: errors of single system calls and signals at any of them (strace), a file size
limit for short writes, a full disk, files that vanish or are something else, a clock that goes back, no git.

After each run: the exit code is one of the table; a decision means that all that was asked for is there, whole, and verifies;
an error names something and leaves what was there before as it was; after a kill nothing under a name of ours is half-written,
and the same command succeeds when it is run again.
"""

import hashlib
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

BINARY = sys.argv[1]
ROOT = Path(__file__).resolve().parents[2]
# How many calls of a kind are broken for each command and error; all of them with FAULTS_EVERY=1.
SAMPLE = 1_000_000 if os.environ.get("FAULTS_EVERY") else 6
CLEAN = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "LC_ALL": "C"}
# Codes of the table; 127 is the loader's, before any line of ours runs.
TABLE = {0, 1, 2, 3, 4, 5, 10}


@dataclass
class Job:
    """A command, the state that it starts from, and how to tell that its work is done and whole."""

    name: str
    arguments: list
    prepare: object
    # Exit codes of a run that nothing disturbs.
    done: set
    # Given the directory: a problem, or None. `finished` says that the exit code claimed success.
    whole: object
    environment: dict = field(default_factory=dict)
    runs: int = 0
    problems: list = field(default_factory=list)


def run(directory, arguments, wrapper=(), environment=None, **options):
    return subprocess.run(
        [*wrapper, BINARY, *arguments], cwd=directory, env=CLEAN | (environment or {}), stdin=subprocess.DEVNULL, capture_output=True,
        timeout=120, check=False, **options,
    )


def must(directory, *arguments, codes=(0,), environment=None):
    done = run(directory, arguments, environment=environment)
    if done.returncode not in codes:
        sys.exit(f"{' '.join(arguments)} ended with {done.returncode}: {done.stderr.decode()}")
    return done


def snapshot(directory):
    """Every file with its digest, links as what they point to."""
    found = {}
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            found[name] = "-> " + os.readlink(path)
        elif path.is_file():
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found


# ---- the commands -----------------------------------------------------------------------------------------------------------

CHECK = [
    "check", "--ci", "none", "--change", "change.json", "--service", "service.yaml", "--evidence", "evidence", "--key", "gate.pem",
    "--output", "json=decision.json", "--output", "sarif=decision.sarif", "report.json",
]


def prepare_check(directory):
    scenario = ROOT / "fixtures/scenarios/block"
    for name in ("change.json", "service.yaml"):
        shutil.copy(scenario / name, directory / name)
    shutil.copy(ROOT / "fixtures/formats/bandit/1.9.4-shop.json", directory / "report.json")
    must(directory, "key", "new", "--out", "gate")
    must(directory, *CHECK, codes=(1,))


def evidence_holds(directory, folders):
    arguments = ["verify", *folders, "--key", "gate.pub.pem", "--any-subject", "--any-outcome"]
    done = run(directory, [str(argument) for argument in arguments])
    return None if done.returncode == 0 else f"the evidence does not verify: {done.stdout.decode()[-400:]}"


def whole_check(directory, before, finished):
    earlier = {name.split("/")[1] for name in before if name.startswith("evidence/d-")}
    folders = [folder for folder in (directory / "evidence").iterdir() if folder.name.startswith("d-")]
    new = [folder for folder in folders if folder.name not in earlier]
    problem = evidence_holds(directory, folders)
    if problem:
        return problem
    for name in ("decision.json", "decision.sarif"):
        try:
            json.loads((directory / name).read_bytes())
        except ValueError as error:
            return f"{name} is half-written: {error}"
    if finished and len(new) != 1:
        return f"a decision, and {len(new)} new folders of evidence"
    if finished and hashlib.sha256((directory / "decision.json").read_bytes()).hexdigest() == before["decision.json"]:
        return "a decision, and the old decision.json"
    return None


def git(directory, *arguments):
    names = ["-c", "user.name=a", "-c", "user.email=a@example", "-c", "init.defaultBranch=main"]
    done = subprocess.run(["git", *names, *arguments], cwd=directory, check=True, capture_output=True, env=CLEAN, text=True)
    return done.stdout.strip()


# A change request, as a CI system without a name tells it: what judges comes from the target branch, through git.
REQUEST = ["generic" if argument == "none" else argument for argument in CHECK if argument not in ("--change", "change.json")]
REQUESTED = {
    "COUNTERSIGN_CHANGE_COMMIT": "", "COUNTERSIGN_CHANGE_TARGET": "main", "COUNTERSIGN_CHANGE_REPOSITORY": "example/shop",
    "COUNTERSIGN_CHANGE_ID": "7",
}


def prepare_request(directory):
    prepare_check(directory)
    shutil.rmtree(directory / "evidence")
    (directory / ".gitignore").write_text("evidence\ngate*\ndecision*\n")
    (directory / "CODEOWNERS").write_text("* @team-shop\n")
    git(directory, "init", "--quiet")
    git(directory, "add", ".")
    git(directory, "commit", "--quiet", "-m", "main")
    git(directory, "remote", "add", "origin", "https://git.example/example/shop.git")
    git(directory, "update-ref", "refs/remotes/origin/main", "HEAD")
    git(directory, "checkout", "--quiet", "-b", "head")
    (directory / "new.txt").write_text("new\n")
    git(directory, "add", "new.txt")
    git(directory, "commit", "--quiet", "-m", "change")
    REQUESTED["COUNTERSIGN_CHANGE_COMMIT"] = git(directory, "rev-parse", "head")
    must(directory, *REQUEST, codes=(1,), environment=REQUESTED)


# The folders of evidence are added when they have their names.
APPEND = ["log", "append", "history", "--key", "log.pem", "--gate-key", "gate.pub.pem"]


def prepare_log(directory):
    prepare_check(directory)
    must(directory, "key", "new", "--out", "log")
    must(directory, "log", "new", "history", "--origin", "example.com/releases", "--key", "log.pem")
    first = next((directory / "evidence").iterdir()).name
    must(directory, "log", "append", "history", f"evidence/{first}", "--key", "log.pem", "--gate-key", "gate.pub.pem")
    must(directory, *CHECK, codes=(1,))
    APPEND.extend(f"evidence/{folder.name}" for folder in sorted((directory / "evidence").iterdir()))


def whole_log(directory, before, finished):
    check = ["log", "check", "history", "--log-key", "history/log.vkey"]
    done = run(directory, check)
    if b"the next one removes them" in done.stdout and not finished:
        # Written, and not signed for: it does not count, and the next append starts where the checkpoint ends.
        run(directory, APPEND)
        done, finished = run(directory, check), True
    if done.returncode != 0:
        return f"the log does not hold: {done.stdout.decode()} {done.stderr.decode()}"
    entries = len(list((directory / "evidence").iterdir()))
    lines = int((directory / "history/checkpoint").read_text().split("\n")[1])
    if lines not in (1, entries) or (finished and lines != entries):
        return f"{lines} entries of {entries}"
    return None


RECORD = """\
- id: EX-1
  owner: team-shop
  reason: the fix waits for the upgrade of the database
  mitigation: the service is not reachable from outside
  created: 2026-11-01
  expires: 2026-12-01
  match: {rule: B324, path: shop/store.py}
"""


def prepare_renew(directory):
    (directory / "exceptions.yaml").write_text(RECORD)


def whole_renew(directory, before, finished):
    text = (directory / "exceptions.yaml").read_text()
    if "2026-12-20" not in text and (finished or text != RECORD):
        return f"half a record:\n{text}"
    done = run(directory, ["exception", "list", "--exceptions", "exceptions.yaml"])
    return None if done.returncode == 0 else done.stderr.decode()


def whole_key(directory, before, finished):
    there = [name for name in ("new.pem", "new.pub.pem", "new.pub") if (directory / name).exists()]
    if finished and len(there) != 3:
        return f"only {there}"
    for name in there:
        if not (directory / name).read_text().endswith("\n"):
            return f"{name} is half-written"
    return None


def prepare_nothing(directory):
    del directory


JOBS = [
    Job("check", CHECK, prepare_check, {1}, whole_check),
    Job("check of a request", REQUEST, prepare_request, {1}, whole_check, REQUESTED),
    Job("log append", APPEND, prepare_log, {0}, whole_log),
    Job(
        "exception renew",
        ["exception", "renew", "EX-1", "--exceptions", "exceptions.yaml", "--until", "2026-12-20", "--reason", "the upgrade is late",
         "--at", "2026-11-20T00:00:00Z"],
        prepare_renew, {0}, whole_renew,
    ),
    Job("key new", ["key", "new", "--out", "new"], prepare_nothing, {0}, whole_key),
]

# ---- the faults -------------------------------------------------------------------------------------------------------------

# What may go wrong with a call, and by which error.
ERRORS = [
    ("openat", "EACCES"), ("openat", "EMFILE"), ("openat", "EIO"),
    ("read", "EIO"),
    ("write", "ENOSPC"), ("write", "EIO"),
    ("fsync", "EIO"),
    ("rename,renameat,renameat2", "EROFS"),
    ("mkdir", "ENOSPC"), ("chmod,fchmod,fchmodat", "EPERM"),
    ("getrandom", "ENOSYS"), ("clone3,clone,vfork", "EAGAIN"), ("execve", "ENOENT"), ("ftruncate", "EIO"),
    ("statx,newfstatat", "EACCES"), ("unlink,unlinkat", "EBUSY"), ("flock", "EINTR"),
]
# Interrupted calls are made again, and nobody notices; but for git, which may give up.
INTERRUPTED = ["read", "write", "openat", "fsync"]
SIGNALS = [("KILL", "openat"), ("KILL", "write"), ("KILL", "rename,renameat,renameat2"), ("KILL", "fsync"), ("TERM", "write"), ("INT", "fsync")]


def counted(job, template):
    """How often each system call is made by the thread that makes it most often."""
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "w"
        shutil.copytree(template, directory, symlinks=True)
        log = Path(place) / "log"
        done = run(directory, job.arguments, ["strace", "-f", "-qq", "-o", log], job.environment)
        if done.returncode not in job.done:
            sys.exit(f"{job.name}: {done.returncode} {done.stderr.decode()}")
        counts = {}
        for line in log.read_text(errors="replace").splitlines():
            thread, _, rest = line.partition(" ")
            call = rest.strip().split("(")[0]
            counts.setdefault(call, {}).setdefault(thread, 0)
            counts[call][thread] += 1
        return {call: max(threads.values()) for call, threads in counts.items()}


def sampled(count):
    """Numbers from 1 to count, evenly, the first and the last among them."""
    if count <= SAMPLE:
        return range(1, count + 1)
    return sorted({1 + round(step * (count - 1) / (SAMPLE - 1)) for step in range(SAMPLE)})


def disturbed(job, template, before, what, wrapper, may_be_killed=False, must_be_done=False, **options):
    with tempfile.TemporaryDirectory() as place:
        directory = Path(place) / "w"
        shutil.copytree(template, directory, symlinks=True)
        done = run(directory, job.arguments, wrapper, job.environment, **options)
        after = snapshot(directory)
        job.runs += 1
        code, said = done.returncode, done.stderr.decode(errors="replace")
        killed = code < 0 or code >= 128
        # Calls are counted by thread, so another may break, too: the one that says what is wrong.
        trace = Path(place) / "trace"
        silenced = trace.exists() and re.search(r"\bwrite\(2, .*INJECTED", trace.read_text(errors="replace")) is not None
        problem = None
        if "panicked" in said:
            problem = "a panic"
        elif code == 127 and "shared" in said:
            return
        elif killed and not may_be_killed:
            problem = "a signal"
        elif not killed and code not in TABLE:
            problem = "no code of the table"
        elif must_be_done and code not in job.done and not (code == 3 and "git" in said):
            problem = "an interrupted call is a failure"
        elif not killed and code not in job.done and not said.strip() and not silenced:
            problem = "an error without a word"
        elif not killed and code in {2, 5}:
            problem = "another fault's code"
        elif not killed and code in TABLE - job.done and code in {0, 1, 10}:
            problem = "another decision"
        else:
            problem = job.whole(directory, before, code in job.done)
        if not problem and not killed:
            # Temporary files go when the program can still let them go.
            left = [name for name in after if "countersign-" in name and name not in before]
            if left and "unlink" not in what:
                problem = f"left behind: {left}"
        if not problem and code not in job.done:
            kept = [name for name in before if name.startswith("evidence/") or name == "gate.pem"]
            lost = [name for name in kept if after.get(name) != before[name]]
            problem = f"changed or lost: {lost}" if lost else None
        if not problem and killed:
            again = run(directory, job.arguments, (), job.environment)
            allowed = job.done | ({4} if job.name == "key new" else set())
            if again.returncode not in allowed and job.name != "exception renew":
                problem = f"afterwards it ends with {again.returncode}: {again.stderr.decode()[-300:]}"
            problem = problem or job.whole(directory, before, again.returncode in job.done)
        if problem:
            job.problems.append(f"{job.name}, {what}: {problem}; exit {code}\n    {said.strip()[-600:]}")


def faults(job, template, before):
    """Every fault of a command, as arguments of `disturbed`."""
    counts = counted(job, template)

    def times(calls):
        return max((counts.get(call, 0) for call in calls.split(",")), default=0)

    def strace(calls, inject):
        return ["strace", "-f", "-qq", "--seccomp-bpf", "-o", "../trace", "-e", f"trace={calls}", "-e", f"inject={calls}:{inject}"]

    for calls, error in ERRORS:
        for number in sampled(times(calls)):
            what = f"{error} at {calls} {number}"
            yield (job, template, before, what, strace(calls, f"error={error}:when={number}")), {}
            if number in (1, 7):
                yield (job, template, before, what + "+", strace(calls, f"error={error}:when={number}+")), {}
    for calls in INTERRUPTED:
        for number in sampled(times(calls)):
            wrapper = strace(calls, f"error=EINTR:when={number}")
            yield (job, template, before, f"EINTR at {calls} {number}", wrapper), {"must_be_done": True}
    for name, calls in SIGNALS:
        for number in sampled(times(calls)):
            wrapper = strace(calls, f"signal={name}:when={number}")
            yield (job, template, before, f"SIG{name} at {calls} {number}", wrapper), {"may_be_killed": True}
    # Short writes: the kernel takes what fits below the limit, and refuses the next byte.
    for limit in (0, 1, 100, 512, 1_000, 4_096, 10_000, 100_000):
        def small(limit=limit):
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        yield (job, template, before, f"no file above {limit} bytes", ()), {"preexec_fn": small}


# ---- what is not a single call ----------------------------------------------------------------------------------------------


def expect(problems, what, done, codes, words=""):
    said = done.stderr.decode(errors="replace") + done.stdout.decode(errors="replace")
    if done.returncode not in codes or words not in said or "panicked" in said:
        problems.append(f"{what}: exit {done.returncode}, expected {sorted(codes)} and `{words}`\n    {said[-600:]}")


def one_by_one(problems):
    """Files that are something else, a full disk, a clock that goes back, a machine without git. How many were tried."""
    tried = 0
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "base"
        base.mkdir()
        prepare_check(base)

        def fresh():
            nonlocal tried
            tried += 1
            directory = Path(place) / f"w{tried}"
            shutil.copytree(base, directory, symlinks=True)
            return directory

        for name in ("report.json", "change.json", "service.yaml", "gate.pem"):
            directory = fresh()
            (directory / name).unlink()
            expect(problems, f"{name} is missing", run(directory, CHECK), {3}, name)
            for kind, make in (
                ("a directory", Path.mkdir), ("a pipe", os.mkfifo), ("a device", lambda path: path.symlink_to("/dev/zero")),
                ("a loop of links", lambda path: path.symlink_to(path.name)), ("a link to nothing", lambda path: path.symlink_to("gone")),
                ("empty", lambda path: path.write_bytes(b"")),
            ):
                directory = fresh()
                (directory / name).unlink()
                make(directory / name)
                # A report that is a directory is a directory of reports, and there is none in it.
                expect(problems, f"{name} is {kind}", run(directory, CHECK), {3}, name)
        for name in ("decision.json", "decision.sarif"):
            directory = fresh()
            (directory / name).unlink()
            (directory / name).mkdir()
            done = run(directory, CHECK)
            expect(problems, f"{name} is a directory", done, {4}, name)
            # The decision was withdrawn; what is left beside the earlier one says that there was none.
            verify = ["verify", "evidence", "--key", "gate.pub.pem", "--any-subject", "--any-outcome"]
            outcomes = run(directory, verify).stdout.decode()
            if "error for production" not in outcomes or outcomes.count("block for production") != 1:
                problems.append(f"{name} is a directory: evidence of a run that failed stands as a decision\n{outcomes[-600:]}")
            directory = fresh()
            (directory / name).unlink()
            (directory / name).symlink_to("/dev/full")
            expect(problems, f"{name} is a full device", run(directory, CHECK), {4}, name)
            # A link is written through: what it points to is the user's wish; nothing else is touched.
            directory = fresh()
            (directory / name).rename(directory / "elsewhere.json")
            (directory / name).symlink_to("elsewhere.json")
            expect(problems, f"{name} is a link", run(directory, CHECK), {1})
            if not (directory / name).is_symlink():
                problems.append(f"{name}: the link was replaced")
        directory = fresh()
        shutil.rmtree(directory / "evidence")
        (directory / "evidence").write_text("a file")
        expect(problems, "the evidence directory is a file", run(directory, CHECK), {4}, "evidence")
        directory = fresh()
        done = subprocess.run(
            [BINARY, *CHECK], cwd=directory, env=CLEAN, stdin=subprocess.DEVNULL, stdout=open("/dev/full", "wb"),
            stderr=subprocess.PIPE, check=False,
        )
        done.stdout = b""
        expect(problems, "standard output is a full device", done, {4}, "standard output")
        # A reader that goes away (| head) is no failure of the decision.
        directory = fresh()
        reader, writer = os.pipe()
        os.close(reader)
        done = subprocess.run([BINARY, *CHECK], cwd=directory, env=CLEAN, stdout=writer, stderr=subprocess.PIPE, check=False)
        os.close(writer)
        done.stdout = b""
        expect(problems, "nobody reads standard output", done, {1, 4})

        # A clock that goes back: evidence from the future, and a log that would run backwards.
        directory = fresh()
        back = ["faketime", "-f", "-400d"]
        folder = f"evidence/{next((directory / 'evidence').iterdir()).name}"
        verify = ["verify", folder, "--key", "gate.pub.pem", "--any-subject", "--any-outcome"]
        expect(problems, "verified under a clock before the decision", run(directory, verify, back), {1}, "still to come")
        directory = fresh()
        # The certificate of no finding moves: the same decision, dated by the clock that there is.
        expect(problems, "decided under a clock that went back", run(directory, CHECK, back), {1, 3})

        # No git: what is asked of it is an input that is missing, never an answer.
        directory = Path(place) / "request"
        directory.mkdir()
        tried += 1
        prepare_request(directory)
        bare = CLEAN | REQUESTED | {"PATH": "/nonexistent"}
        done = subprocess.run([BINARY, *REQUEST], cwd=directory, env=bare, capture_output=True, check=False)
        expect(problems, "no git in a request", done, {3}, "git")
    if os.geteuid() == 0:
        tried += full_disk(problems)
    else:
        print("  not tried: a full disk (a tmpfs needs root)")
    return tried


def full_disk(problems):
    """A file system of ever more pages: until there is room, exit 4 and the decision of before."""
    with tempfile.TemporaryDirectory() as place:
        disk = Path(place) / "disk"
        disk.mkdir()
        template = Path(place) / "template"
        template.mkdir()
        prepare_check(template)
        used = sum(-(-path.stat().st_size // 4096) + 1 for path in template.rglob("*")) + 2
        tried = 0
        for spare in (0, 1, 2, 5, 10, 20, 40, 80, 160):
            mounted = subprocess.run(
                ["mount", "-t", "tmpfs", "-o", f"size={(used + spare) * 4096}", "tmpfs", disk], capture_output=True, check=False,
            )
            if mounted.returncode:
                print("  not tried: a full disk (no right to mount a tmpfs)")
                return 0
            try:
                directory = disk / "w"
                shutil.copytree(template, directory)
                before = snapshot(directory)
                done = run(directory, CHECK)
                tried += 1
                expect(problems, f"a disk with {spare} pages left", done, {1, 4})
                problem = whole_check(directory, before, done.returncode == 1)
                after = snapshot(directory)
                lost = [name for name in before if name.startswith("evidence/") and after.get(name) != before[name]]
                if problem or lost:
                    problems.append(f"a disk with {spare} pages left: {problem or lost}")
            finally:
                subprocess.run(["umount", disk], check=True)
        return tried


def may_trace():
    tried = subprocess.run(["strace", "-f", "-qq", "--seccomp-bpf", "-o", "/dev/null", "true"], capture_output=True, check=False)
    return tried.returncode == 0


def main():
    problems = []
    runs = one_by_one(problems)
    print(f"  one by one: {runs} faults, {len(problems)} problems", flush=True)
    for problem in problems:
        print(f"FAILED {problem}", flush=True)
    if not may_trace():
        print("  not tried: single system calls (no right to trace a process)")
        sys.exit(bool(problems) or runs < 40)
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for number, job in enumerate(JOBS):
            template = Path(place) / str(number)
            template.mkdir()
            job.prepare(template)
            before = snapshot(template)
            waiting = [pool.submit(disturbed, *given, **named) for given, named in faults(job, template, before)]
            for done in waiting:
                done.result()
            print(f"  {job.name}: {job.runs} faults, {len(job.problems)} problems", flush=True)
            for problem in job.problems:
                print(f"FAILED {problem}", flush=True)
            problems.extend(job.problems)
            runs += job.runs
    print(f"faults: {runs} runs, {len(problems)} problems")
    sys.exit(bool(problems) or runs < 500)


main()
