# SPDX-License-Identifier: MIT
"""bench/run BUILD batch: what a batch takes beside the provider's time, and how soon it goes on.

The provider is the scripted one; where it is said to take 50 ms, it waits that long before each answer. The ideal
time is that of the provider alone: the tasks, so many at a time.
"""
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

AT_ONCE = 64


class Mock:
    """The scripted provider; every answer takes delay_ms."""

    def __init__(self, fettle, work, delay_ms):
        script = work / f"batch-{delay_ms}.json"
        script.write_text(json.dumps({"replies": [{"times": 0, "reply": {"text": "pong", "delay_ms": delay_ms}}]}))
        self.process = subprocess.Popen([fettle, "mock", script], stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().split()[-1]

    def __enter__(self):
        return self.url

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def timed(words, env):
    """(wall s, CPU s, peak RSS in MB) of a command that succeeds; what it prints goes nowhere."""
    begun = time.monotonic()
    child = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    assert child.returncode == 0, words
    return time.monotonic() - begun, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def environment(state):
    return {"PATH": os.environ["PATH"], "HOME": str(state), "XDG_STATE_HOME": str(state), "LANG": "C.UTF-8",
            "ANTHROPIC_API_KEY": "dummy", "FETTLE_PROBE": "false"}


def tasks(work, count):
    path = work / f"{count}.txt"
    path.write_text("".join(f"task {i}\n" for i in range(count)))
    return path


def words(fettle, url, path):
    return [fettle, "batch", "-q", "--parallel", str(AT_ONCE), "--model", "anthropic/claude-sonnet-5-5",
            "--base-url", url, path]


def throughput(fettle, work, row, runs, disk, memory):
    print(f"1,000 tasks of one turn, provider 50 ms, {AT_ONCE} at a time", flush=True)
    ideal = -(-1000 // AT_ONCE) * 0.050
    with Mock(fettle, work, 50) as url:
        env = environment(disk)
        done = [timed(words(fettle, url, tasks(work, 1000)), env) for _ in range(runs)]
        wall, cpu, rss = (statistics.median(d[i] for d in done) for i in range(3))
        row("wall time, more than the ideal by", f"{100 * (wall / ideal - 1):.1f} %", "<= 10 %")
        row("our CPU time a task", f"{cpu:.3f} ms", "<= 1 ms")
        row("peak RSS", f"{rss:.1f} MB", "<= 60 MB")
        many = timed(words(fettle, url, tasks(work, 10_000)), env)
        row("peak RSS of 10,000 tasks", f"{many[2]:.1f} MB", "results only")
        ratios = []
        for _ in range(runs):
            on_disk = timed(words(fettle, url, tasks(work, 1000)), env)[0]
            ratios.append(on_disk / timed(words(fettle, url, tasks(work, 1000)), environment(memory))[0])
        row("a journal on the disk and not in memory", f"{100 * (statistics.median(ratios) - 1):+.1f} %", "<= 5 %")


def undo_last(journal):
    """The last task that was done has not been: something is left to resume."""
    lines = journal.read_bytes().splitlines(keepends=True)[:-1]
    del lines[max(i for i, line in enumerate(lines) if line.startswith(b'{"done"'))]
    journal.write_bytes(b"".join(lines))


def first_request(command, env):
    """Seconds from exec to the first bytes at a server, which is the end of the command."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        begun = time.monotonic()
        child = subprocess.Popen([*command, "--base-url", url], env=env, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL)
        connection, _ = server.accept()
        connection.recv(1)
        taken = time.monotonic() - begun
        child.kill()
        child.wait()
        connection.close()
    return taken


def resume(fettle, work, row, runs, disk):
    print("a run of 100,000 tasks goes on", flush=True)
    env = environment(disk / "resumed")
    with Mock(fettle, work, 0) as url:
        wall, cpu, rss = timed(words(fettle, url, tasks(work, 100_000)), env)
    row("the whole run, a provider that takes no time", f"{wall:.1f} s")
    row("  CPU time a task, peak RSS", f"{10 * cpu:.0f} us, {rss:.1f} MB")
    journal = next((disk / "resumed/fettle/batch").glob("*/journal.jsonl"))
    undo_last(journal)
    whole = journal.read_bytes()
    times = []
    for _ in range(runs):
        journal.write_bytes(whole)
        times.append(first_request([fettle, "batch", "-q", "--resume", "last"], env))
    row("exec to the first request", f"{1000 * statistics.median(times):.0f} ms", "<= 200 ms")


def run(fettle, work, row, quick):
    fettle, runs = str(fettle), 3 if quick else 7
    with tempfile.TemporaryDirectory(dir="/var/tmp") as disk, tempfile.TemporaryDirectory(dir="/dev/shm") as memory:
        throughput(fettle, work, row, runs, Path(disk), Path(memory))
        if not quick:
            resume(fettle, work, row, runs, Path(disk))
    sys.stdout.flush()
