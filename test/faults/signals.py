# SPDX-License-Identifier: MIT
"""SIGINT and SIGTERM at many moments of a run: the status of the signal, or 0 with the whole answer."""
import os
import signal
import time

from common import MODEL, Provider, general_complaints, in_parallel
from sweep import RIGHT, TOOLS, replies

SLOW = "one two three four five six seven eight"
# One a line, so that a pipe gets them at once; 20 seconds of them.
LONG = "".join(f"word {n}\n" for n in range(1000))
# Between two moments; and how long the runs take at most, in milliseconds.
STEP_MS, STEP_SLOW_MS = 2, 10
SPAN_MS, SPAN_SLOW_MS = 80, 260


def slow_replies():
    words = [word + " " for word in SLOW.split()]
    return [{"times": 0, "reply": {"text": words, "chunk_delay_ms": 20, "delay_ms": 30}}]


def long_replies():
    return [{"reply": {"text": LONG.splitlines(keepends=True), "chunk_delay_ms": 20}}]


def interrupted(bench, words, number, at_ms, times=1):
    """Runs and sends the signal at the moment, so many times."""
    child = bench.start(words)
    time.sleep(max(0.0, child.started + at_ms / 1000 - time.monotonic()))
    for _ in range(times):
        try:
            os.kill(child.pid, number)
        except ProcessLookupError:
            break
    return bench.finish(child)


def complaints(ran, number, answer):
    bad = general_complaints(ran)
    # Before its handlers stand, and when they are gone, the signal itself ends the program: 128 +
    # number in a shell, too.
    outside = ran.status == -number and ran.out.strip() in ("", answer)
    if ran.status == 0:
        if ran.out.strip() != answer:
            bad.append("status 0 without the whole answer")
    elif ran.status != 128 + number and not outside:
        bad.append(f"status {ran.status}")
    elif ran.status == 128 + number and "fettle: " not in ran.err:
        bad.append("no sentence on stderr")
    if not answer.startswith(ran.out.strip()) and ran.out.strip() != "Looking.":
        bad.append("stdout is no beginning of the answer")
    return bad


def test_moments(bench, tap, name, words, answer, span_ms, step_ms):
    moments = list(range(0, span_ms, 1 if bench.long else step_ms))
    for number in (signal.SIGINT, signal.SIGTERM):
        bad, stopped, slower = [], 0, 1
        # On a busy machine the same comes later.
        while not stopped and slower < 64:
            ran = in_parallel(
                lambda at_ms: interrupted(bench, words, number, at_ms * slower), moments)
            bad += [f"after {at_ms * slower} ms {'; '.join(wrong)}: {one.shown()}" for at_ms, one
                    in zip(moments, ran) if (wrong := complaints(one, number, answer))]
            stopped += sum(one.status == 128 + number for one in ran)
            slower *= 2
        if not stopped:
            bad.append("not one of the runs was stopped: the moments are wrong")
        tap.test(f"{name}: {number.name} at {len(moments)} moments", bad, f" ({stopped} stopped)")


def test_partial(bench, tap, words):
    """What had come before the signal is on stdout: the signal comes when something is there."""
    child = bench.start(words)
    begin = os.read(child.stdout.fileno(), 1).decode()
    child.send_signal(signal.SIGINT)
    ran = bench.finish(child)
    said = begin + ran.out
    count = said.count("\n")
    tap.test("what had come is printed", [] if ran.status == 130 and said.endswith("\n") and
             LONG.startswith(said.rstrip("\n")) and "fettle: interrupted" in ran.err
             else [f"{said!r}", ran.shown()], f" ({count} lines)")


def test_twice(bench, tap, words):
    """The second one does not wait for anything."""
    bad = []
    for at_ms in range(20, 200, 20 if not bench.long else 5):
        ran = interrupted(bench, words, signal.SIGINT, at_ms, times=2)
        wrong = general_complaints(ran)
        # It may be done before the signal is sent.
        if ran.status not in (130, -2) and not (ran.status == 0 and ran.out.strip() == SLOW):
            wrong.append(f"status {ran.status}")
        if wrong:
            bad.append(f"after {at_ms} ms {'; '.join(wrong)}: {ran.shown()}")
    tap.test("SIGINT twice", bad)


def test_all(bench, tap, wanted):
    if wanted not in "signals":
        return
    providers = [Provider(bench, of) for of in (replies(TOOLS), slow_replies(), long_replies())]
    quick, slow, long = providers
    told = ["--model", MODEL, "--base-url"]
    slowly = ["-q", *told, slow.url, "what is it?"]
    try:
        test_moments(bench, tap, "tool loop", [*told, quick.url, "what is where?"], RIGHT,
                     SPAN_MS, STEP_MS)
        test_moments(bench, tap, "slow answer", slowly, SLOW, SPAN_SLOW_MS, STEP_SLOW_MS)
        test_partial(bench, tap, ["-q", *told, long.url, "what is it?"])
        test_twice(bench, tap, slowly)
    finally:
        ends = [provider.stop() for provider in providers]
    tap.test("the scripted provider ends well after broken connections", [e for e in ends if e])
