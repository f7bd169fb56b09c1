# SPDX-License-Identifier: MIT
"""bench/run BUILD pace: how much of a limit is used, and how much is refused. Takes three minutes.

Each part has a scripted provider of its own that refuses what is more than 600 requests within any 60 s,
and all parts run side by side: at ten requests a second they do not disturb one another.
"""
import json
import subprocess
import sys
from pathlib import Path

RPM, SECONDS, AT_ONCE = 600, 180, 64
# what is said to each process; how many of them; whether the provider tells its limit
PARTS = (
    ("one process, --rpm 600", RPM, 1, False),
    ("two processes, --rpm 600", RPM, 2, False),
    ("the limit told by headers only", 0, 1, True),
    ("two processes, told by headers only", 0, 2, True),
    ("nothing said or told, only refusals", 0, 1, False),
)


class Part:
    def __init__(self, build, work, number, rpm, processes, has_headers):
        work = work / str(number)
        work.mkdir()
        script = work / "script.json"
        script.write_text(json.dumps({"limit": {"rpm": RPM, "headers": has_headers},
            "replies": [{"times": 0, "reply": {"text": "yes", "delay_ms": 20}}]}))
        self.mock = subprocess.Popen([build / "fettle", "mock", script], stdout=subprocess.PIPE, text=True)
        url = self.mock.stdout.readline().split()[-1]
        self.askers = [subprocess.Popen([build / "bench" / "bench_pace", "ask", url, work / "state", str(SECONDS),
            str(AT_ONCE), str(rpm)], stdout=subprocess.PIPE, text=True) for _ in range(processes)]

    def counts(self):
        """(answered, refused) of each second, all processes together."""
        counts = [(0, 0)] * SECONDS
        for asker in self.askers:
            lines = asker.communicate()[0].splitlines()
            counts = [(a + int(line.split()[0]), r + int(line.split()[1])) for (a, r), line in zip(counts, lines)]
        self.mock.terminate()
        self.mock.communicate()
        return counts


def run(build, work, row):
    print(f"limits: {RPM} requests a minute, asked for {SECONDS} s, {AT_ONCE} calls at once in each process", flush=True)
    parts = [(name, Part(build, work, i, *words)) for i, (name, *words) in enumerate(PARTS)]
    for (name, part), (_, rpm, _, has_headers) in zip(parts, PARTS):
        counts = part.counts()
        answered, refused = (sum(c[i] for c in counts[60:]) for i in (0, 1))
        row(name, f"{100 * answered / (RPM * (SECONDS - 60) / 60):.1f} %", ">= 95 %" if rpm or has_headers else "")
        row("  refused, first minute", f"{sum(c[1] for c in counts[:60])}")
        row("  refused, afterwards", f"{refused}", "0")
        if "-v" in sys.argv:
            print(" ".join(f"{a}" + (f"!{r}" if r else "") for a, r in counts))
    sys.stdout.flush()
    subprocess.run([build / "bench" / "bench_pace", "cost", Path(work) / "cost"], check=True)
