# SPDX-License-Identifier: MIT
"""What the tests of batches share: a provider whose log tells who was asked for what, runs and their journals."""
import json
import os
import pathlib
import re
import subprocess
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import run_cases  # noqa: E402
from faults.common import Tap, in_parallel  # noqa: E402, F401

# Far above what anything here takes on a machine that has nothing else to do.
DEADLINE_S = 90
MODEL = "anthropic/claude-sonnet-5-5"


class Bench:
    """A build and a directory for everything."""

    def __init__(self, build, long, directory):
        self.build, self.long, self.path = run_cases.Build(build), long, pathlib.Path(directory)
        self.env = {"FETTLE_PROBE": "false", "PATH": os.environ["PATH"], "HOME": str(self.path), "LANG": "C.UTF-8",
                    "TERM": "dumb", "ANTHROPIC_API_KEY": "key-a", **run_cases.SANITIZER_ENV}

    def provider(self, name, replies):
        directory = self.path / name
        directory.mkdir()
        found = run_cases.Provider(self.build, directory, json.dumps({"replies": replies}), self.env)
        if not found.url:
            raise RuntimeError(f"{name}: no provider: {found.stop()}")
        return found


def wait_until(holds, deadline_s=DEADLINE_S, pause_s=0.005):
    """What holds gave, once it is true; else its last word."""
    until = time.monotonic() + deadline_s
    while not (value := holds()) and time.monotonic() < until:
        time.sleep(pause_s)
    return value


def prompts(provider):
    """The prompt of each request so far; a line that is still being written is none."""
    if not provider.log.exists():
        return []
    lines = provider.log.read_bytes().split(b"\n")[:-1]
    found = []
    for line in lines:
        content = json.loads(line)["body"]["messages"][0]["content"]
        found.append(content if isinstance(content, str) else content[-1]["text"])
    return found


def result_reply(word, text, **reply):
    return {"times": 0, "match": {"last_text_contains": word}, "reply": {"text": text, **reply}}


class Batch:
    """A place of its own for runs: a list of tasks, and the journals below state."""

    def __init__(self, bench, name, tasks):
        self.bench, self.path = bench, bench.path / name
        self.state = self.path / "state"
        self.path.mkdir()
        (self.path / "list.jsonl").write_text("".join(json.dumps(task) + "\n" for task in tasks))
        self.tasks = tasks
        self.children = []

    def start(self, url, *words, before=(), variables={}, **popen):
        self.children.append(child := subprocess.Popen(
            [*before, self.bench.build.fettle, "batch", "--model", MODEL, "--base-url", url, *words],
            cwd=self.path, env=dict(self.bench.env, XDG_STATE_HOME=str(self.state), **variables),
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen}))
        return child

    def run(self, url, *words):
        return finish(self.start(url, *words))

    def status(self):
        """What --status says of the newest run."""
        child = subprocess.run([self.bench.build.fettle, "batch", "--status", "last", "-o", "json"],
                               env=dict(self.bench.env, XDG_STATE_HOME=str(self.state)),
                               stdin=subprocess.DEVNULL, capture_output=True, timeout=DEADLINE_S)
        return json.loads(child.stdout) if child.returncode == 0 else {}

    def end(self):
        for child in self.children:
            if child.poll() is None:
                child.kill()
                child.communicate()

    def journal_path(self, state=None):
        return next((state or self.state).glob("fettle/batch/*/journal.jsonl"), None)

    def journal_bytes(self, state=None):
        path = self.journal_path(state)
        return path.read_bytes() if path else b""

    def lines(self, state=None):
        """The whole lines of the journal behind the first one, and whether all of it is whole lines."""
        lines = self.journal_bytes(state).split(b"\n")
        return [json.loads(line) for line in lines[1:-1]], lines[-1] == b""

    def done(self, state=None):
        """How often each task is done in the journal."""
        counts = {}
        for line in self.lines(state)[0]:
            if "done" in line and "ended" not in line:
                counts[line["done"]] = counts.get(line["done"], 0) + 1
        return counts

    def done_count(self):
        """How many results the journal has, without reading them."""
        return self.journal_bytes().count(b'\n{"done":')


class Ran:
    def __init__(self, status, out, err):
        self.status, self.out, self.err = status, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")

    def complaints(self, status):
        bad = []
        if self.status is None:
            bad.append("it did not end")
        elif self.status != status:
            bad.append(f"status {self.status}, not {status}: {self.err[-400:]!r}")
        if run_cases.SANITIZER.search(self.err):
            bad.append(f"a sanitizer spoke: {self.err[:1000]!r}")
        return bad


def finish(child, deadline_s=DEADLINE_S):
    try:
        out, err = child.communicate(timeout=deadline_s)
        return Ran(child.returncode, out or b"", err or b"")
    except subprocess.TimeoutExpired:
        child.kill()
        out, err = child.communicate()
        return Ran(None, out or b"", err or b"")


def results(text, form):
    """[(id, state, result)] of what was printed, also when it breaks off."""
    if form == "text":
        parts = re.split(r"^== (.*) ==\n", text, flags=re.M)[1:]
        return [(name, "done", answer.rstrip("\n")) for name, answer in zip(parts[::2], parts[1::2])
                if answer.endswith("\n\n")]
    found = []
    for line in text.split("\n")[:-1]:
        try:
            value = json.loads(line.removeprefix(","))
        except ValueError:
            continue
        if form == "json" or value.get("type") == "task_result":
            name = value.get("id")
            found += [(name, value["state"], value["result"])] if name is not None else []
    return found
