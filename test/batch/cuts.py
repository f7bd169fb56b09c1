# SPDX-License-Identifier: MIT
"""kills and signals: batches that end before they are through."""
import random
import signal
import subprocess
import time

from common import Batch, finish, in_parallel, prompts, result_reply, results, wait_until

TASKS = 60
FORMS = ("json", "stream-json", "text")


# ---- SIGKILL ----

def kill_at_once(batch, child, moment, chance):
    """Ends it when its journal has so many lines, or a little later. False: it was through before."""
    def is_time():
        return batch.journal_bytes().count(b"\n") >= moment or child.poll() is not None

    wait_until(is_time, pause_s=0.0005)
    time.sleep(chance.choice((0, 0, 0.001, 0.005, 0.02, 0.1)))
    was_through = child.poll() is not None
    child.kill()
    return not was_through


def told_too_early(batch, out, form):
    done = set(batch.done())
    told = {name for name, _, _ in results(out, form)}
    early = sorted(name for name in told if batch.number(name) not in done)
    return [f"told and not on the disk: {early}"] if early else []


def check_end(batch, ran, form, word):
    bad = ran.complaints(0)
    expected = sorted((task["id"], "done", f"answer {number}") for number, task in enumerate(batch.tasks))
    found = results(ran.out, form)
    if sorted(found) != expected:
        bad.append(f"{word}: {len(found)} results, {len(set(found) & set(expected))} of {len(expected)} right")
    if set(batch.done().values()) != {1} or len(batch.done()) != len(batch.tasks):
        bad.append(f"{word}: the journal's results: {batch.done()}")
    return bad


class Killed(Batch):
    def __init__(self, bench, number):
        tasks = [{"id": f"t{i}", "prompt": f"run {number}: task {i:03}."} for i in range(TASKS)]
        super().__init__(bench, f"kill{number}", tasks)

    def number(self, name):
        return int(name[1:])


def one_kill(bench, provider, number):
    """Complaints, and how many of the kills hit."""
    chance = random.Random(number)
    batch = Killed(bench, number)
    form = FORMS[number % len(FORMS)]
    words = ("--parallel", str(chance.choice((1, 3, 8))), "-o", form, "--output-dir", "out")
    bad, hits, safe = [], 0, {}
    try:
        for _ in range(3):
            begins = not batch.journal_path()
            child = batch.start(provider.url, *(("list.jsonl", *words) if begins else ("--resume", "last")))
            lines, left = batch.journal_bytes().count(b"\n"), TASKS - len(batch.done())
            hits += kill_at_once(batch, child, lines + chance.randrange(2 * left + 1), chance)
            ran = finish(child)
            bad += ran.complaints(ran.status) + told_too_early(batch, ran.out, form)
            # By then it was asked for once, or as often as attempts were cut off.
            asked = prompts(provider)
            safe = {i: safe.get(i, asked.count(batch.tasks[i]["prompt"])) for i in batch.done()}
        ran = batch.run(provider.url, *(("--resume", "last") if batch.journal_path() else ("list.jsonl", *words)))
        bad += check_end(batch, ran, form, "resumed")
        asked = prompts(provider)
        again = [i for i, count in safe.items() if asked.count(batch.tasks[i]["prompt"]) != count]
        bad += [f"asked again though done: {again}"] if again else []
        # A file that was being written stays beside its place, under a hidden name.
        files = {path.name: path.read_text() for path in (batch.path / "out").glob("[!.]*")}
        if files != {f"t{i}.md": f"answer {i}\n" for i in range(TASKS)}:
            bad.append(f"--output-dir: {len(files)} files: {sorted(files)[:3]} ...")
    finally:
        batch.end()
    return [f"run {number}: {line}" for line in bad], hits


def test_kills(bench, tap):
    count = 90 if bench.long else 4
    provider = bench.provider("kills", [
        result_reply(f"task {i:03}.", f"answer {i}", delay_ms=5 + i % 7 * 5) for i in range(TASKS)])
    try:
        ends = in_parallel(lambda number: one_kill(bench, provider, number), range(count), 3)
    finally:
        wrong = provider.stop()
    hits = sum(hit for _, hit in ends)
    tap.test(f"kills: {hits} of {3 * count} moments, every result once", [line for bad, _ in ends for line in bad])
    tap.test("kills: most of them come before the end", [] if hits > count else [f"only {hits}"])
    tap.test("kills: the provider", [wrong] if wrong else [])


# ---- signals ----

def tasks_of(count):
    return [{"id": f"t{i}", "prompt": f"task {i:03}."} for i in range(count)]


class Signalled(Batch):
    """The first tasks answer at once; from `slow` on they take so long that somebody has to end them."""

    COUNT, SLOW, PARALLEL = 12, 4, 3

    def __init__(self, bench, name, delay_ms):
        super().__init__(bench, name, tasks_of(self.COUNT))
        self.provider = bench.provider(f"{name}-provider", [
            result_reply(f"task {i:03}.", f"answer {i}", delay_ms=delay_ms if i >= self.SLOW else 0)
            for i in range(self.COUNT)])
        self.fast = bench.provider(f"{name}-fast", [
            result_reply(f"task {i:03}.", f"answer {i}") for i in range(self.COUNT)])
        self.child = self.start(self.provider.url, "list.jsonl", "--parallel", str(self.PARALLEL),
                                stderr=open(self.path / "stderr", "wb"))

    def is_at_the_slow_ones(self):
        return wait_until(lambda: len(self.done()) == self.SLOW and
                          len(prompts(self.provider)) == self.SLOW + self.PARALLEL)

    def says(self, word):
        return wait_until(lambda: word in (self.path / "stderr").read_text())

    def finish(self):
        ran = finish(self.child)
        ran.err = (self.path / "stderr").read_text()
        return ran

    def stop(self):
        self.end()
        return [wrong for wrong in (self.provider.stop(), self.fast.stop()) if wrong]

    def left(self, ran, status, done):
        """What is wrong after an end that somebody wanted."""
        bad = ran.complaints(status)
        told = len(results(ran.out, "text"))
        if len(self.done()) != done or told != done:
            bad.append(f"{len(self.done())} results on the disk, {told} shown, expected {done}")
        name = self.journal_path().parent.name
        if f"to go on: fettle batch --resume {name}\n" not in ran.err:
            bad.append(f"it does not say how to go on: {ran.err[-300:]!r}")
        counts = self.status().get("counts")
        expected = {"total": self.COUNT, "done": done, "failed": 0, "skipped": 0, "unfinished": self.COUNT - done}
        return bad + ([] if counts == expected else [f"--status: {counts}"])

    def goes_on(self, asked_twice):
        """Resumed with a provider that is quick: the rest is asked for, nothing else."""
        ran = self.run(self.fast.url, "--resume", "last", "-o", "json")
        bad = ran.complaints(0)
        found = results(ran.out, "json")
        if found != [(f"t{i}", "done", f"answer {i}") for i in range(self.COUNT)]:
            bad.append(f"resumed: {found}")
        both = set(prompts(self.fast)) & set(prompts(self.provider))
        if len(both) != asked_twice or len(prompts(self.fast)) != len(set(prompts(self.fast))):
            bad.append(f"asked for twice: {sorted(both)}, expected {asked_twice}")
        return bad


def once(bench):
    batch = Signalled(bench, "once", 1500)
    try:
        bad = [] if batch.is_at_the_slow_ones() else ["it never got there"]
        batch.child.send_signal(signal.SIGINT)
        ran = batch.finish()
        bad += batch.left(ran, 130, batch.SLOW + batch.PARALLEL) + batch.goes_on(0)
        if "interrupted" not in ran.err:
            bad.append(f"it does not say why it ended: {ran.err!r}")
    finally:
        wrong = batch.stop()
    return bad + wrong


def cancelled(name, signals, status):
    def go(bench):
        batch = Signalled(bench, name, 600_000)
        try:
            bad = [] if batch.is_at_the_slow_ones() else ["it never got there"]
            for at, number in enumerate(signals):
                if at == 1 and not batch.says("interrupted"):
                    bad.append("the first signal was not told of")
                batch.child.send_signal(number)
            ran = batch.finish()
            bad += batch.left(ran, status, batch.SLOW) + batch.goes_on(batch.PARALLEL)
        finally:
            wrong = batch.stop()
        return bad + wrong
    return go


def thrice(bench):
    """Nothing is promised but the status, and what is on the disk."""
    batch = Signalled(bench, "thrice", 600_000)
    try:
        bad = [] if batch.is_at_the_slow_ones() else ["it never got there"]
        # Signals of one number that wait for the process are one, so it may take more than three.
        def again():
            ended = batch.child.poll() is not None
            if not ended:
                batch.child.send_signal(signal.SIGINT)
            return ended

        wait_until(again, pause_s=0.01)
        ran = batch.finish()
        # One that comes when all is written and the handlers are gone is the system's.
        bad += ran.complaints(ran.status if ran.status == -signal.SIGINT else 130) + batch.goes_on(batch.PARALLEL)
    finally:
        wrong = batch.stop()
    return bad + wrong


def early(bench):
    """A signal before the first task has ended, or even begun."""
    batch = Signalled(bench, "early", 0)
    bad = []
    try:
        finish(batch.child)
        for pause_ms in range(0, 120, 12):
            child = subprocess.Popen(
                [bench.build.fettle, "batch", "--model", "anthropic/claude-sonnet-5-5", "--base-url", batch.fast.url,
                 "-q", "list.jsonl"], cwd=batch.path, env=dict(bench.env, XDG_STATE_HOME=str(batch.path / "early")),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            time.sleep(pause_ms / 1000)
            child.send_signal(signal.SIGINT)
            ran = finish(child)
            # Before it has its handlers, the system ends it.
            if ran.status not in (0, 130, -signal.SIGINT):
                bad += ran.complaints(130)
            bad += ran.complaints(ran.status)
    finally:
        wrong = batch.stop()
    return bad + wrong


SIGNALS = {
    "Ctrl-C once: what runs finishes, nothing else starts": once,
    "Ctrl-C twice: what runs is cancelled, and asked for again by --resume":
        cancelled("twice", (signal.SIGINT, signal.SIGINT), 130),
    "SIGTERM: what runs is cancelled": cancelled("term", (signal.SIGTERM,), 143),
    "Ctrl-C three times, and more": thrice,
    "Ctrl-C while it begins": early,
}


def test_signals(bench, tap):
    in_parallel(lambda name: tap.test(f"signals: {name}", SIGNALS[name](bench)), SIGNALS, 3)
