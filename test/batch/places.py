# SPDX-License-Identifier: MIT
"""disk, writers and readers: where a batch's journal and results go, when that place is full, taken, slow or gone."""
import json
import os
import pathlib
import re
import signal
import subprocess
import time

from common import Batch, DEADLINE_S, finish, in_parallel, prompts, result_reply, results, wait_until

PARALLEL = 3


def list_of(count):
    return [{"id": f"t{i}", "prompt": f"task {i:05}."} for i in range(count)]


def check_all(batch, ran, provider, form="json", answer="answer {}", asked_again=()):
    """Every result once, each asked for once, but for attempts that were cut off."""
    bad = ran.complaints(0)
    expected = [(f"t{i}", "done", answer.format(i)) for i in range(len(batch.tasks))]
    found = results(ran.out, form)
    if found != expected:
        bad.append(f"{len(found)} results, {sum(f == e for f, e in zip(found, expected))} of {len(expected)} right")
    if batch.done() != {i: 1 for i in range(len(batch.tasks))}:
        bad.append(f"the journal's results: {len(batch.done())}, at most {max(batch.done().values(), default=0)} times")
    asked = prompts(provider)
    twice = {prompt for prompt in asked if asked.count(prompt) > 1} if len(set(asked)) < len(asked) else set()
    if twice - set(asked_again):
        bad.append(f"asked for twice: {sorted(twice - set(asked_again))}")
    return bad


# ---- disk ----

class NoMount(Exception):
    pass


class FullDisk(Batch):
    """state is a small file system in a mount namespace of its own, nearly full."""

    COUNT, ROOM_KB, FILLED_KB, ANSWER_BYTES = 24, 512, 400, 8000

    def __init__(self, bench, name):
        super().__init__(bench, name, list_of(self.COUNT))
        self.state.mkdir()
        self.holder = self.hold()
        self.inside = pathlib.Path(f"/proc/{self.holder.pid}/root{self.state}")
        (self.inside / "filler").write_bytes(b"x" * self.FILLED_KB * 1024)
        self.answer = "{} " + "word " * (self.ANSWER_BYTES // 5) + "end"
        self.provider = bench.provider(f"{name}-provider", [
            result_reply(f"task {i:05}.", self.answer.format(i), delay_ms=5) for i in range(self.COUNT)])

    def hold(self):
        mount = 'mount -t tmpfs -o size=%dk none "$0" && echo ready && exec cat' % self.ROOM_KB
        for words in (["unshare", "-m"], ["unshare", "-mr"]):
            try:
                holder = subprocess.Popen([*words, "sh", "-c", mount, self.state], stdin=subprocess.PIPE,
                                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
            except OSError:
                continue
            if holder.stdout.readline() == b"ready\n":
                self.enter = ["nsenter", "-t", str(holder.pid), "-m", *(["-U", "--preserve-credentials"]
                                                                      if words[1] == "-mr" else [])]
                return holder
            holder.communicate()
        raise NoMount("no tmpfs can be mounted in a namespace of its own")

    def go(self, *words):
        # Entering a namespace leads to its root directory.
        return self.start(self.provider.url, *words, "-o", "json", "--parallel", str(PARALLEL),
                          before=(*self.enter, "sh", "-c", 'cd "$0" && exec "$@"', self.path),
                          stderr=open(self.path / "stderr", "wb"))

    def journal_path(self, state=None):
        return super().journal_path(self.inside)

    def gets_stuck(self):
        return wait_until(lambda: "No space left" in (self.path / "stderr").read_text())

    def make_room(self):
        (self.inside / "filler").unlink()

    def finish(self, child):
        ran = finish(child)
        ran.err = (self.path / "stderr").read_text()
        return ran

    def stop(self):
        self.end()
        self.holder.stdin.close()
        self.holder.wait(DEADLINE_S)
        self.holder.stdout.close()
        wrong = self.provider.stop()
        return [wrong] if wrong else []

    def while_stuck(self):
        """What is wrong while the journal takes nothing: something new starts, or a line is torn."""
        before, bad = len(prompts(self.provider)), []
        time.sleep(1)
        more = len(prompts(self.provider)) - before
        if more > PARALLEL:
            bad.append(f"{more} requests although nothing can be noted")
        try:
            if not self.lines()[1]:
                bad.append("the journal ends within a line")
        except ValueError as e:
            bad.append(f"the journal has a broken line: {e}")
        # A machine that was slow to write has all of them in one commit, which has no room as a whole.
        if len(self.done()) == self.COUNT:
            bad.append(f"{len(self.done())} results on the disk")
        return bad


def room_again(disk):
    child = disk.go("list.jsonl")
    bad = [] if disk.gets_stuck() else ["it was never told that the disk is full"]
    bad += disk.while_stuck()
    if child.poll() is not None:
        bad.append("it did not wait for room")
    disk.make_room()
    ran = disk.finish(child)
    if not re.search(r"takes lines again\n.*^batch \S+: 24 done, 0 failed of 24", ran.err, re.M | re.S):
        bad.append(f"it does not say that it goes on: {ran.err[-600:]!r}")
    return bad + check_all(disk, ran, disk.provider, answer=disk.answer)


def ends_stuck(disk, child, status):
    """It ends, shows nothing that is not on the disk, and goes on once there is room."""
    ran = disk.finish(child)
    bad = ran.complaints(status)
    kept = disk.done()
    told = {name for name, state, _ in results(ran.out, "json") if state == "done"}
    if told != {f"t{i}" for i in kept}:
        bad.append(f"{len(told)} results shown, {len(kept)} on the disk")
    if "to go on: fettle batch --resume" not in ran.err:
        bad.append(f"it does not say how to go on: {ran.err[-400:]!r}")
    lost = [task["prompt"] for i, task in enumerate(disk.tasks) if i not in kept]
    disk.make_room()
    ran = disk.finish(disk.go("--resume", "last"))
    return bad + check_all(disk, ran, disk.provider, answer=disk.answer, asked_again=lost)


def stays_full(disk):
    child = disk.go("list.jsonl")
    bad = [] if disk.gets_stuck() else ["it was never told that the disk is full"]
    bad += ends_stuck(disk, child, 1)
    return bad


def interrupted_full(disk):
    child = disk.go("list.jsonl")
    bad = [] if disk.gets_stuck() else ["it was never told that the disk is full"]
    child.send_signal(signal.SIGINT)
    wait_until(lambda: "interrupted" in (disk.path / "stderr").read_text())
    child.send_signal(signal.SIGINT)
    return bad + ends_stuck(disk, child, 130)


DISKS = {"room again: it goes on": room_again,
         "Ctrl-C twice while it is full: it ends, and can be resumed": interrupted_full,
         "it stays full: an error, and it can be resumed": stays_full}


def skip(tap, name, why):
    with tap.lock:
        tap.number += 1
        print(f"not ok {tap.number} - {name} # SKIP {why}", flush=True)


def test_disk(bench, tap):
    def one(name):
        try:
            disk = FullDisk(bench, f"disk-{name.split()[0]}")
        except NoMount as e:
            skip(tap, f"disk: {name}", e)
            return
        try:
            bad = DISKS[name](disk)
        finally:
            wrong = disk.stop()
        tap.test(f"disk: {name}", bad + wrong)

    in_parallel(one, [name for name in DISKS if bench.long or DISKS[name] is not stays_full], 3)


# ---- writers ----

def second_is_refused(bench):
    batch = Batch(bench, "second", list_of(8))
    provider = bench.provider("second-provider", [
        result_reply(f"task {i:05}.", f"answer {i}", delay_ms=0 if i < 2 else 1500) for i in range(8)])
    try:
        child = batch.start(provider.url, "list.jsonl", "--parallel", "2", "-o", "json")
        bad = [] if wait_until(lambda: len(batch.done()) == 2) else ["it never got there"]
        for word in ("--resume", "--retry-failed"):
            ran = batch.run(provider.url, word, "last")
            bad += ran.complaints(2)
            if "another process is at work on it" not in ran.err:
                bad.append(f"{word}: {ran.err!r}")
        if not batch.status():
            bad.append("--status does not read a run that is at work")
        bad += check_all(batch, finish(child), provider)
    finally:
        batch.end()
        wrong = provider.stop()
    return bad + ([wrong] if wrong else [])


def all_at_once(bench):
    batch = Batch(bench, "race", list_of(12))
    provider = bench.provider("race-provider", [
        result_reply(f"task {i:05}.", f"answer {i}", delay_ms=150) for i in range(12)])
    try:
        child = batch.start(provider.url, "list.jsonl", "--parallel", "2", "-o", "json")
        bad = [] if wait_until(lambda: len(batch.done()) >= 3) else ["it never got there"]
        child.kill()
        finish(child)
        # Two were under way, and two answers may have been on their way to the disk; the provider may get to see
        # only later what the one that was killed had sent.
        cut_off = {batch.tasks[i]["prompt"] for i in range(12) if i not in batch.done()}
        ends = in_parallel(finish, [batch.start(provider.url, "--resume", "last", "-o", "json") for _ in range(5)], 5)
        won = [ran for ran in ends if ran.status == 0]
        bad += [] if won else ["nobody went on"]
        for ran in ends:
            refused = "another process is at work on it" in ran.err
            bad += ran.complaints(2) if refused else check_all(batch, ran, provider, asked_again=cut_off)
        asked = prompts(provider)
        again = sorted(prompt for prompt in set(asked) if asked.count(prompt) > 1)
        if len(again) > 4 or any(asked.count(prompt) > 2 for prompt in again):
            bad.append(f"more was asked again than had been cut off: {again}")
    finally:
        batch.end()
        wrong = provider.stop()
    return bad + ([wrong] if wrong else [])


WRITERS = {"a run that is at work is not resumed": second_is_refused,
           "five resume one run at once: one does": all_at_once}


def test_writers(bench, tap):
    in_parallel(lambda name: tap.test(f"writers: {name}", WRITERS[name](bench)), WRITERS, 2)


# ---- readers ----

def peak_kb(child):
    found = re.search(r"VmHWM:\s*(\d+) kB", pathlib.Path(f"/proc/{child.pid}/status").read_text())
    return int(found.group(1)) if found else 0


def run_unread(bench, provider, name, count, answer, form):
    """Nobody reads before the last result is on the disk. Complaints, and the most memory it had by the end."""
    batch = Batch(bench, name, list_of(count))
    # Freed memory is not kept back, so that what grows is what is in use.
    options = bench.env["ASAN_OPTIONS"] + ":quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
    try:
        child = batch.start(provider.url, "list.jsonl", "-q", "--parallel", "8", "-o", form,
                            variables={"ASAN_OPTIONS": options})
        ended = wait_until(lambda: batch.done_count() == count or child.poll() is not None, 300, 0.1)
        bad = [] if ended and child.poll() is None else ["it waits for its reader before it is done"]
        before = peak_kb(child)
        out, most = b"", before
        while piece := os.read(child.stdout.fileno(), 1 << 16):
            out += piece
            if len(out) % (1 << 20) < (1 << 16):
                most = max(most, peak_kb(child))
        ran = finish(child)
        ran.out = out.decode()
        bad += ran.complaints(0)
        expected = [(f"t{i}", "done", answer) for i in range(count)]
        if results(ran.out, form) != expected:
            bad.append(f"{len(results(ran.out, form))} results of {count}")
    finally:
        batch.end()
    return bad, most


def memory(bench):
    count, size = (5000, 8_000) if bench.long else (400, 64_000)
    answer = "word " * (size // 5) + "end"
    provider = bench.provider("memory-provider", [{"times": 0, "reply": {"text": answer}}])
    try:
        few_bad, few_kb = run_unread(bench, provider, "few", 20, answer, "json")
        many_bad, many_kb = run_unread(bench, provider, "many", count, answer, "json")
        text_bad, text_kb = run_unread(bench, provider, "text", count, answer, "text") if bench.long else ([], 0)
    finally:
        wrong = provider.stop()
    grown_kb, all_kb = max(many_kb, text_kb) - few_kb, count * size // 1000
    bad = few_bad + many_bad + text_bad + ([wrong] if wrong else [])
    if grown_kb > all_kb // 2:
        bad.append(f"{grown_kb} KB more for {all_kb} KB of results")
    return bad, f" ({count} results of {size // 1000} KB unread: {grown_kb} KB more than 20 of them)"


def takes_nothing(bench):
    """Everything is done, and all that is left is to be read: whoever wants it to end need not wait for that."""
    batch, answer = Batch(bench, "nothing", list_of(20)), "word " * 12_000 + "end"
    provider = bench.provider("nothing-provider", [{"times": 0, "reply": {"text": answer}}])
    try:
        child = batch.start(provider.url, "list.jsonl", "-q")
        bad = [] if wait_until(lambda: b'\n{"ended":' in batch.journal_bytes()) else ["it never got there"]
        if child.poll() is not None:
            bad.append("it ended although nothing was read")
        child.send_signal(signal.SIGINT)
        try:
            status = child.wait(DEADLINE_S)
        except subprocess.TimeoutExpired:
            status = None
        if status != 130:
            bad.append(f"interrupted: status {status}")
        finish(child)
        bad += check_all(batch, batch.run(provider.url, "--resume", "last", "-o", "json"), provider, answer=answer)
    finally:
        batch.end()
        wrong = provider.stop()
    return bad + ([wrong] if wrong else [])


def gone(bench):
    """Whoever read has gone: nobody is left to work for, but what is there stays."""
    batch = Batch(bench, "gone", list_of(30))
    provider = bench.provider("gone-provider", [
        result_reply(f"task {i:05}.", f"answer {i}", delay_ms=0 if i < 4 else 100) for i in range(30)])
    try:
        child = batch.start(provider.url, "list.jsonl", "--parallel", "2")
        first = os.read(child.stdout.fileno(), 1000)
        bad = [] if first.startswith(b"== t0 ==\nanswer 0\n") else [f"it began with {first!r}"]
        child.stdout.close()
        child.stdout = None
        ran = finish(child)
        bad += ran.complaints(0)
        if len(batch.done()) == 30:
            bad.append("it worked on for nobody")
        cut_off = {batch.tasks[i]["prompt"] for i in range(30) if i not in batch.done()} & set(prompts(provider))
        bad += check_all(batch, batch.run(provider.url, "--resume", "last", "-o", "json"), provider, asked_again=cut_off)
    finally:
        batch.end()
        wrong = provider.stop()
    return bad + ([wrong] if wrong else [])


def gone_with_file(bench):
    batch = Batch(bench, "file", list_of(30))
    provider = bench.provider("file-provider", [
        result_reply(f"task {i:05}.", f"answer {i}", delay_ms=0 if i < 4 else 20) for i in range(30)])
    try:
        child = batch.start(provider.url, "list.jsonl", "--output", "all.json", "--output-dir", "out")
        os.read(child.stdout.fileno(), 10)
        child.stdout.close()
        child.stdout = None
        ran = finish(child)
        bad = ran.complaints(0)
        ran.out = (batch.path / "all.json").read_text()
        json.loads(ran.out)
        bad += check_all(batch, ran, provider)
        files = {path.name: path.read_text() for path in (batch.path / "out").iterdir()}
        if files != {f"t{i}.md": f"answer {i}\n" for i in range(30)}:
            bad.append(f"--output-dir: {sorted(files)}")
    finally:
        batch.end()
        wrong = provider.stop()
    return bad + ([wrong] if wrong else [])


def test_readers(bench, tap):
    def flat(name):
        bad, remark = memory(bench)
        tap.test(f"readers: {name}", bad, remark)

    tests = {"one that reads when all is done: memory stays flat": flat,
             "one that takes nothing: Ctrl-C ends it": lambda name: tap.test(f"readers: {name}", takes_nothing(bench)),
             "one that has gone: it ends, and can be resumed": lambda name: tap.test(f"readers: {name}", gone(bench)),
             "one that has gone, with files: they are whole":
                 lambda name: tap.test(f"readers: {name}", gone_with_file(bench))}
    in_parallel(lambda name: tests[name](name), tests, 3)
