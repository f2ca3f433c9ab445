#!/usr/bin/env python3
"""The whole table of docs/PERFORMANCE.md: reading, the large job beside its floor, the cost of a finding, of an exception, the small job,
the start, the binary, and what teams use without us. Nothing here is a test; the least of REPEAT runs counts.

Usage: benches/table.py [--profile bench|dev-fast] [--work DIR] [--findings N] [PART...]
Parts: binary start small scale exceptions large others. `benches/run.sh` prints the part about reading.
"others" takes what it finds: `regopy` in this Python, OPA's `opa` and `conftest` on the path.
"""

import argparse
import json
import lzma
import os
import re
import resource
import shutil
import subprocess
import sys
import tarfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
AT = "2026-11-21T08:00:00Z"
REPEAT = int(os.environ.get("REPEAT", "3"))
# A program of others that takes longer than this is stopped, and the table says so.
PATIENCE = int(os.environ.get("PATIENCE", "300"))


class Cost:
    """What a command cost: wall seconds, CPU seconds, and the peak of its memory."""

    def __init__(self, wall, cpu, peak):
        self.wall, self.cpu, self.peak = wall, cpu, peak


def once(command, cwd=None, good=(0,), tolerant=False):
    """Runs a command in a process of its own, so that its peak is its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        quiet = open(os.devnull, "w")
        before = time.monotonic()
        try:
            code = subprocess.run(command, cwd=cwd, stdout=quiet, stderr=quiet, timeout=PATIENCE, check=False).returncode
        except subprocess.TimeoutExpired:
            code = None
        wall = time.monotonic() - before
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        os.write(writer, json.dumps([code, wall, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024]).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as said:
        code, wall, cpu, peak = json.loads(said.read())
    os.waitpid(child, 0)
    if code is None:
        return "stopped"
    if code not in good and tolerant:
        return "refused"
    if code not in good:
        subprocess.run(command, cwd=cwd, check=False)
        sys.exit(f"{' '.join(map(str, command))} ended with {code}")
    return Cost(wall, cpu, peak)


def least(command, cwd=None, good=(0,), repeat=REPEAT, tolerant=False):
    costs = []
    for _ in range(repeat):
        cost = once(command, cwd, good, tolerant)
        if isinstance(cost, str):
            return cost
        costs.append(cost)
    return Cost(*(min(getattr(cost, part) for cost in costs) for part in ("wall", "cpu", "peak")))


def built(profile):
    """The programs, by name."""
    command = ["cargo", "build", "--locked", "--quiet", "--profile", profile, "--message-format", "json", "--bin", "countersign"]
    for bench in ("large", "plain"):
        command += ["--bench", bench]
    said = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True, text=True).stdout
    messages = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    return {one["target"]["name"]: one["executable"] for one in messages if one.get("executable")}


class Job:
    """Reports with so many findings, and so many exceptions."""

    def __init__(self, programs, place, findings, exceptions):
        self.programs, self.findings = programs, findings
        self.place = place / f"{findings}-{exceptions}"
        if not self.place.exists():
            subprocess.run([programs["large"], "make", self.place, str(findings), str(exceptions)], check=True)
            subprocess.run([programs["countersign"], "key", "new", "--out", self.place / "gate"], check=True, capture_output=True)
        self.reports = sorted((self.place / "reports").rglob("*.json"))
        self.size = sum(path.stat().st_size for path in self.reports)

    def check(self, repeat=REPEAT):
        evidence = self.place / "evidence"
        shutil.rmtree(evidence, ignore_errors=True)
        command = [self.programs["countersign"], "check", "reports", "--exceptions", "exceptions.yaml", "--service", "service.yaml"]
        command += ["--ci", "none", "--at", AT, "--evidence", "evidence", "--key", "gate.pem", "--quiet"]
        return least(command, self.place, (0, 1), repeat)

    def facts(self):
        """The facts that the last check decided about: the largest of the documents that its evidence holds."""
        def is_facts(path):
            with path.open("rb") as file:
                return b"facts/v1" in file.read(4096)
        found = [path for path in (self.place / "evidence").rglob("*") if path.is_file() and is_facts(path)]
        return max(found, key=lambda path: path.stat().st_size)

    def floor(self, repeat=REPEAT):
        size = str(self.facts().stat().st_size)
        return least([self.programs["large"], "floor", self.place / "floor.out", size, *self.reports], repeat=repeat)


def row(name, *cells):
    print("  ".join([f"{name:<34}", *cells]), flush=True)


def binary(programs, _work):
    stripped = Path(programs["countersign"] + ".stripped")
    subprocess.run(["strip", "-o", stripped, programs["countersign"]], check=True)
    bytes_ = stripped.read_bytes()
    row("binary, stripped", f"{len(bytes_) / 1e6:.1f} MB", f"xz {len(lzma.compress(bytes_)) / 1e6:.1f} MB")


def start(programs, _work):
    cost = least([programs["countersign"], "--version"], repeat=20)
    row("cold start (--version)", f"{cost.wall * 1000:.1f} ms wall", f"{cost.cpu * 1000:.1f} ms CPU")


def small(programs, work):
    job = Job(programs, work, 300, 20)
    ours = job.check(repeat=20)
    rules = Plain(programs, work, job)
    plain = rules.regorus(repeat=20)
    row("small job: 5 reports, 300 findings", f"ours {ours.cpu * 1000:.0f} ms CPU", f"regorus {plain.cpu * 1000:.0f} ms CPU", f"ratio {ours.cpu / plain.cpu:.2f}")


def scale(programs, work):
    for findings in (10_000, 100_000, 1_000_000):
        job = Job(programs, work, findings, 10_000)
        cost = job.check(1 if findings > 100_000 else REPEAT)
        row(f"{findings} findings, 10000 exceptions", f"{cost.wall:.2f} s wall", f"{cost.cpu * 1e6 / findings:.1f} us CPU a finding", f"{cost.wall * 1e6 / findings:.1f} us wall")


def exceptions(programs, work):
    costs = {records: Job(programs, work, 100_000, records).check() for records in (10, 10_000)}
    few, many = costs[10], costs[10_000]
    row("100000 findings, 10 exceptions", f"{few.wall:.2f} s wall", f"{few.cpu:.2f} s CPU")
    row("100000 findings, 10000 exceptions", f"{many.wall:.2f} s wall", f"{many.cpu:.2f} s CPU", f"ratio {many.cpu / few.cpu:.2f}")


def large(programs, work, findings):
    job = Job(programs, work, findings, 10_000)
    ours = job.check(1 if findings > 100_000 else REPEAT)
    floor = job.floor()
    row(f"large job: {findings} findings", f"{job.size / 1e6:.0f} MB in {len(job.reports)} reports", f"facts {job.facts().stat().st_size / 1e6:.0f} MB")
    row("  ours", f"{ours.wall:.2f} s wall", f"{ours.cpu:.2f} s CPU", f"peak {ours.peak / 1e6:.0f} MB = {ours.peak / job.size:.2f} x")
    row("  floor", f"{floor.wall:.2f} s wall", f"{floor.cpu:.2f} s CPU", f"peak {floor.peak / 1e6:.0f} MB")
    row("  ratio", f"{ours.wall / floor.wall:.2f} wall", f"{ours.cpu / floor.cpu:.2f} CPU")


class Plain:
    """The pack and the facts of a job, with a query that asks every rule about the whole document at once."""

    def __init__(self, programs, work, job):
        self.programs, self.facts = programs, job.facts()
        self.pack = work / "pack"
        shutil.rmtree(self.pack, ignore_errors=True)
        archive = work / "pack.tar.gz"
        subprocess.run([programs["countersign"], "policy", "bundle", ROOT / "policies", "--output", archive], check=True, capture_output=True)
        with tarfile.open(archive) as tar:
            tar.extractall(self.pack, filter="data")
        (self.pack / "plain.rego").write_text(query(self.pack))

    def regorus(self, repeat=REPEAT):
        return least([self.programs["plain"], self.pack, self.facts, "data.plain.verdicts"], repeat=repeat, tolerant=True)

    def regopy(self, repeat=REPEAT):
        program = (
            "import pathlib, sys\nfrom regopy import Interpreter\nrego = Interpreter()\n"
            "for path in sorted(pathlib.Path(sys.argv[1]).rglob('*.rego')):\n    rego.add_module(str(path), path.read_text())\n"
            "data = pathlib.Path(sys.argv[1]) / 'data.json'\nif data.exists():\n    rego.add_data_json(data.read_text())\n"
            "rego.set_input_json(pathlib.Path(sys.argv[2]).read_text())\nprint(len(str(rego.query('data.plain.verdicts'))))\n"
        )
        return least([sys.executable, "-c", program, self.pack, self.facts], repeat=repeat, tolerant=True)

    def opa(self, repeat=REPEAT):
        return least(["opa", "eval", "--data", self.pack, "--input", self.facts, "--format", "json", "count(data.plain.verdicts)"], repeat=repeat, tolerant=True)

    def conftest(self, repeat=REPEAT):
        return least(["conftest", "test", "--policy", self.pack, "--namespace", "plain", "--output", "json", self.facts], good=(0, 1), repeat=repeat, tolerant=True)


def query(pack):
    """A rule that asks each rule of the pack, and those about a finding for every finding."""
    lines = [
        "package plain", "", "import rego.v1", "",
        "exception_of := {exception.id: exception | some exception in input.exceptions}", "",
        "covering(finding) := object.get(exception_of, finding.exception, null)", "",
        "verdicts contains data.countersign.admission", "",
    ]
    for path in sorted((pack / "rules").rglob("*.rego")):
        text = path.read_text()
        package = re.search(r"^package (\S+)", text, re.MULTILINE)[1]
        for name in ("deny", "warn"):
            if not re.search(rf"^{name} contains", text, re.MULTILINE):
                continue
            said = f"some said in data.{package}.{name}"
            if re.search(r"^#   scope: finding", text, re.MULTILINE):
                body = f"\tsome finding in input.findings\n\t{said} with input.finding as finding with input.exception as covering(finding)"
            else:
                body = f"\t{said}"
            lines += [f"verdicts contains said if {{\n{body}\n}}", ""]
    lines += ["deny contains sprintf(\"%v\", [said]) if some said in verdicts", ""]
    return "\n".join(lines)


def others(programs, work):
    for findings in (10, 100_000):
        job = Job(programs, work, findings, 20)
        few = findings <= 10
        ours = job.check(20 if few else REPEAT)
        row(f"{findings} findings: ours", f"{ours.wall:.3f} s wall", f"{ours.cpu:.3f} s CPU")
        rules = Plain(programs, work, job)
        for name in ("regorus", "regopy", "opa", "conftest"):
            if name == "regopy":
                there = subprocess.run([sys.executable, "-c", "import regopy"], capture_output=True, check=False).returncode == 0
            else:
                there = name == "regorus" or shutil.which(name)
            if not there:
                row(f"  {name}", "not installed")
                continue
            cost = getattr(rules, name)(5 if few else 1)
            if cost == "stopped":
                row(f"  {name}", f"stopped after {PATIENCE} s", f"more than {PATIENCE / ours.wall:.0f} x")
            elif cost == "refused":
                row(f"  {name}", "ends with an error on these rules")
            else:
                row(f"  {name}", f"{cost.wall:.3f} s wall", f"{cost.cpu:.3f} s CPU", f"{cost.wall / ours.wall:.1f} x ours")


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--profile", default="bench")
    arguments.add_argument("--work", type=Path, default=ROOT / "target" / "table")
    arguments.add_argument("--findings", type=int, default=1_000_000)
    arguments.add_argument("parts", nargs="*", default=["binary", "start", "small", "scale", "exceptions", "large", "others"])
    given = arguments.parse_args()
    programs = built(given.profile)
    given.work.mkdir(parents=True, exist_ok=True)
    for part in given.parts:
        if part == "large":
            large(programs, given.work, given.findings)
        else:
            {"binary": binary, "start": start, "small": small, "scale": scale, "exceptions": exceptions, "others": others}[part](programs, given.work)


if __name__ == "__main__":
    main()
