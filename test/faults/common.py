# SPDX-License-Identifier: MIT
"""What the fault tests share: running the program with a fault, and the scripted provider."""
import concurrent.futures
import itertools
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import run_cases  # noqa: E402

DEADLINE_S = 30
# Most of them wait for most of the time.
WORKERS = 8
MODEL = "anthropic/claude-sonnet-5-5"


class Ran:
    """What came out of one run. status is None when it was too late and ended by us."""

    def __init__(self, status, out, err, seconds, marks=""):
        self.status, self.out, self.err, self.seconds = status, out, err, seconds
        self.hit = "hit" in marks
        calls = re.search(r"^calls (\d+)", marks, re.M)
        self.calls = int(calls.group(1)) if calls else None

    def shown(self):
        return f"status {self.status}, stdout {self.out[-300:]!r}, stderr {self.err[-500:]!r}"


class Bench:
    """A build, a directory for everything, and a workspace with two files and one commit."""

    def __init__(self, build, long):
        self.build, self.long = run_cases.Build(build), long
        self.temp = tempfile.TemporaryDirectory(prefix="fettle-faults-")
        self.path = pathlib.Path(self.temp.name)
        self.work = self.path / "work"
        self.work.mkdir()
        (self.work / "src").mkdir()
        (self.work / "a.txt").write_text("alpha\n")
        (self.work / "src/b.c").write_text("int beta;\nint gamma;\n")
        self.env = {"FETTLE_PROBE": "false", "PATH": os.environ["PATH"], "HOME": str(self.path), "LANG": "C.UTF-8",
                    "TERM": "dumb", "ANTHROPIC_API_KEY": "key-a", "OPENAI_API_KEY": "key-o",
                    **run_cases.SANITIZER_ENV}
        self.commit()
        self.preload = self.find_preload()
        self.serials = itertools.count(1)

    def commit(self):
        git = ["git", "-c", "user.name=n", "-c", "user.email=e@example.org", "-C", self.work]
        for words in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "first"]):
            subprocess.run(git + words, env=self.env, check=True, capture_output=True)

    def find_preload(self):
        """The sanitizer has to come first of all libraries, so it is preloaded, too."""
        listed = subprocess.run(["ldd", self.build.fettle], capture_output=True, text=True).stdout
        asan = re.findall(r"=> (\S*/libasan\S*)", listed)
        return ":".join(asan + [str(self.build.path / "test/faults/libfail.so")])

    def start(self, words, fault=None, stderr=subprocess.PIPE, work=None):
        env = dict(self.env)
        mark = None
        if fault:
            mark = self.path / f"mark{next(self.serials)}"
            env.update(FAULT=fault, FAULT_MARK=str(mark), LD_PRELOAD=self.preload)
        child = subprocess.Popen([self.build.fettle, *words], cwd=work or self.work, env=env,
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stderr)
        child.mark, child.started = mark, time.monotonic()
        return child

    def finish(self, child, deadline_s=DEADLINE_S):
        try:
            out, err = child.communicate(timeout=deadline_s)
            status = child.returncode
        except subprocess.TimeoutExpired:
            child.kill()
            out, err = child.communicate()
            status = None
        marks = ""
        if child.mark and child.mark.exists():
            marks = child.mark.read_text()
            child.mark.unlink()
        return Ran(status, out.decode("utf-8", "replace"), (err or b"").decode("utf-8", "replace"),
                   time.monotonic() - child.started, marks)

    def run(self, words, fault=None, deadline_s=DEADLINE_S, work=None):
        return self.finish(self.start(words, fault, work=work), deadline_s)


class Provider:
    """fettle mock, answering for ever by one script."""

    def __init__(self, bench, replies):
        self.bench = bench
        script = bench.path / f"script{next(bench.serials)}.json"
        script.write_text(json.dumps({"replies": replies}))
        self.child = subprocess.Popen([bench.build.fettle, "mock", script], env=bench.env,
                                      stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.url = self.child.stdout.readline().decode().split()[-1]

    def stop(self):
        """What was wrong with it, or ""."""
        self.child.send_signal(signal.SIGTERM)
        try:
            _, err = self.child.communicate(timeout=DEADLINE_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            return "the scripted provider did not end"
        text = err.decode("utf-8", "replace")
        return text if self.child.returncode or run_cases.SANITIZER.search(text) else ""


class Front:
    """TLS in front of a provider, with a certificate by the authority that ca_file holds."""

    def __init__(self, bench, provider):
        directory = bench.path / f"front-{time.monotonic_ns()}"
        directory.mkdir()
        subprocess.run([run_cases.ROOT / "test/certificates"], cwd=directory, check=True)
        self.ca_file = str(directory / "ca.pem")
        self.child = subprocess.Popen(
            [sys.executable, run_cases.ROOT / "test/peer.py", "front", provider.url, "good.pem", "good.key"],
            cwd=directory, env=dict(bench.env, PEER_SECONDS="1800"), stderr=subprocess.DEVNULL)
        ports = directory / "ports"
        until = time.monotonic() + DEADLINE_S
        while not ports.exists() and time.monotonic() < until:
            time.sleep(0.02)
        self.url = "https://127.0.0.1:" + ports.read_text().strip().split("=")[1]

    def stop(self):
        self.child.kill()
        self.child.wait()


def general_complaints(ran):
    """What is wrong with a run whatever it was asked for."""
    bad = []
    if ran.status is None:
        bad.append(f"not done after {ran.seconds:.0f} s")
    if run_cases.SANITIZER.search(ran.err):
        bad.append("a sanitizer spoke")
    if "internal error" in ran.err:
        bad.append("internal error")
    return bad


def in_parallel(function, items, workers=WORKERS):
    with concurrent.futures.ThreadPoolExecutor(workers) as pool:
        return list(pool.map(function, items))


class Tap:
    """Counts and prints tests; the plan comes last."""

    def __init__(self, verbose):
        self.number = self.failed = 0
        self.verbose = verbose
        self.lock = threading.Lock()

    def test(self, name, complaints, remark=""):
        with self.lock:
            self.number += 1
            self.failed += bool(complaints)
            print(f"{'not ok' if complaints else 'ok'} {self.number} - {name}{remark}", flush=True)
            for line in complaints[:4 if not self.verbose else None]:
                print(f"# {line}")
            if len(complaints) > 4 and not self.verbose:
                print(f"# and {len(complaints) - 4} more")

    def end(self):
        print(f"1..{self.number}")
        return 1 if self.failed else 0
