# SPDX-License-Identifier: MIT
"""bench/run BUILD pace: how much of a limit batches use, and how much is refused. Takes three minutes.

Each part has a scripted provider of its own that refuses what is more than 600 requests within any 60 s, and
`fettle batch` asks it with more tasks than it can answer in that time. All parts run side by side: at ten requests a
second they do not disturb one another.
"""
import json
import os
import subprocess
import sys
import threading
import time

RPM, SECONDS, AT_ONCE, TASKS = 600, 180, 64, 3000
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
        script, tasks = work / "script.json", work / "tasks.txt"
        script.write_text(json.dumps({"limit": {"rpm": RPM, "headers": has_headers},
            "replies": [{"times": 0, "reply": {"text": "yes", "delay_ms": 20}}]}))
        tasks.write_text("".join(f"task {i}\n" for i in range(TASKS)))
        self.mock = subprocess.Popen([build / "fettle", "mock", script], stdout=subprocess.PIPE, text=True)
        url = self.mock.stdout.readline().split()[-1]
        words = [build / "fettle", "batch", "-q", "-o", "stream-json", "--parallel", str(AT_ONCE), "--max-retries",
            "100000", "--model", "anthropic/claude-sonnet-5-5", "--base-url", url]
        words += ["--rpm", str(rpm)] if rpm else []
        env = {"PATH": os.environ["PATH"], "HOME": str(work), "XDG_STATE_HOME": str(work / "state"),
            "ANTHROPIC_API_KEY": "dummy", "FETTLE_PROBE": "false"}
        self.begun = time.monotonic()
        self.counts = [[0, 0] for _ in range(SECONDS)]  # answered, refused in each second
        self.lock = threading.Lock()
        self.batches = [subprocess.Popen([*words, tasks], env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
            text=True) for _ in range(processes)]
        self.readers = [threading.Thread(target=self.read, args=(batch,)) for batch in self.batches]
        for reader in self.readers:
            reader.start()

    def read(self, batch):
        for line in batch.stdout:
            event, second = json.loads(line), int(time.monotonic() - self.begun)
            is_refused = event.get("subtype") == "api_retry" and event["error_status"] == 429
            is_answered = event["type"] == "task_result" and event["state"] == "done"
            if second < SECONDS and (is_refused or is_answered):
                with self.lock:
                    self.counts[second][is_refused] += 1

    def end(self):
        for batch in self.batches:
            batch.terminate()
        for reader in self.readers:
            reader.join()
        for process in (*self.batches, self.mock):
            process.terminate()
            process.wait()
        return self.counts


def run(build, work, row):
    print(f"limits: {RPM} requests a minute, asked for {SECONDS} s by fettle batch, {AT_ONCE} tasks at once", flush=True)
    parts = [(name, Part(build, work, i, *words)) for i, (name, *words) in enumerate(PARTS)]
    time.sleep(SECONDS + 1)
    for (name, part), (_, rpm, _, has_headers) in zip(parts, PARTS):
        counts = part.end()
        answered, refused = (sum(c[i] for c in counts[60:]) for i in (0, 1))
        row(name, f"{100 * answered / (RPM * (SECONDS - 60) / 60):.1f} %", ">= 95 %" if rpm or has_headers else "")
        row("  refused, first minute", f"{sum(c[1] for c in counts[:60])}")
        row("  refused, afterwards", f"{refused}", "0")
        if "-v" in sys.argv:
            print(" ".join(f"{a}" + (f"!{r}" if r else "") for a, r in counts))
    sys.stdout.flush()
    subprocess.run([build / "bench" / "bench_pace", work / "cost"], check=True)
