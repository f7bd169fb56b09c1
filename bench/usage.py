# SPDX-License-Identifier: MIT
"""bench/run BUILD usage: how long `fettle usage` takes over transcripts that bench/usage_generate.py makes.

Beside it, in turns on the same bytes: `wc -l`, and the native ccusage where CCUSAGE names its program (of the npm
packages ccusage and @ccusage/ccusage-linux-x64). "Cold" is without an index, with the files in the page cache.
"""
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


LONG_TRANSCRIPTS = 750  # for as many lines as else are in 1,833


def count_places(home):
    names = [path.is_dir() for path in (home / ".claude").rglob("*")]
    return f"{len(names) - sum(names):,} files in {1 + sum(names):,} directories"


def generate(directory, entries, files):
    words = [sys.executable, str(ROOT / "bench/usage_generate.py"), directory, "--entries", str(entries),
             "--kinds", "claude"]
    subprocess.run(words + (["--files", str(files)] if files else []), check=True, stdout=subprocess.DEVNULL)
    found = sorted(str(path) for path in Path(directory).rglob("*.jsonl"))
    return found, sum(os.path.getsize(path) for path in found)


def timed(words, env):
    """(wall ms, CPU ms, peak RSS in MB)"""
    begun = time.monotonic()
    child = subprocess.Popen(words, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                             stdin=subprocess.DEVNULL)
    _, status, used = os.wait4(child.pid, 0)
    wall = time.monotonic() - begun
    assert os.waitstatus_to_exitcode(status) == 0, words
    return 1000 * wall, 1000 * (used.ru_utime + used.ru_stime), used.ru_maxrss / 1024


def environment(home, cache):
    return {"PATH": os.environ["PATH"], "HOME": str(home), "XDG_CACHE_HOME": str(cache), "LANG": "C.UTF-8", "TZ": "UTC"}


def medians(runs):
    return [statistics.median(run[i] for run in runs) for i in range(3)]


def cold(fettle, home, files, runs):
    """Medians by program, measured in turns."""
    cache = home / "cache"
    ccusage = os.environ.get("CCUSAGE")
    programs = {"fettle": [fettle, "usage", "daily"], "wc": ["wc", "-l", *files]}
    if ccusage:
        programs["ccusage"] = [ccusage, "daily", "--offline"]
    measured = {name: [] for name in programs}
    for _ in range(runs):
        for name, words in programs.items():
            shutil.rmtree(cache, ignore_errors=True)
            measured[name].append(timed(words, environment(home, cache)))
    return {name: medians(m) for name, m in measured.items()}


def show_cold(row, found, limits):
    wall, cpu, rss = found["fettle"]
    row("wall, CPU, peak RSS", f"{wall:.1f} ms, {cpu:.0f} ms, {rss:.1f} MB", limits)
    row("  wc -l on the same bytes: wall, and ours to it", f"{found['wc'][0]:.1f} ms, {wall / found['wc'][0]:.2f}",
        "<= 1")
    if "ccusage" in found:
        theirs = found["ccusage"]
        row("  ccusage: wall, CPU, peak RSS", f"{theirs[0]:.0f} ms, {theirs[1]:.0f} ms, {theirs[2]:.0f} MB")
        row("  ours to it: wall, CPU", f"1/{theirs[0] / wall:.1f}, 1/{theirs[1] / cpu:.1f}", "<= 1/6")


def last_megabyte(path):
    """Whole lines from the end of a transcript, as new answers."""
    with open(path, "rb") as file:  # no more than needed: a child's peak begins with what this process has
        file.seek(-1_100_000, os.SEEK_END)
        lines = file.read().split(b"\n")[1:]
    return b"\n".join(lines).replace(b'"msg_', b'"msg_%d_' % time.monotonic_ns())


def nothing_new(fettle, home, row, runs):
    """What a run costs that has to look at all files and directories, beside a program that does nothing."""
    env = environment(home, home / "cache")
    words = [fettle, "usage", "daily"]
    timed(words, env)
    runs = [(timed(words, env), timed(["true"], env)) for _ in range(3 * runs)]
    wall, cpu, rss = medians([ours for ours, _ in runs])
    idle = medians([true for _, true in runs])[0]
    row("nothing new: wall, CPU, peak RSS", f"{wall:.2f} ms, {cpu:.1f} ms, {rss:.1f} MB", "<= 5 ms")
    row("  true(1) in turns with it", f"{idle:.2f} ms")
    return env, words


def warm(fettle, home, files, row, runs):
    env, words = nothing_new(fettle, home, row, runs)
    grown, big = [], max(files, key=os.path.getsize)
    for _ in range(runs):
        with open(big, "ab") as out:
            out.write(last_megabyte(big))
        grown.append(timed(words, env))
    row("one transcript grew by 1 MB", f"{medians(grown)[0]:.2f} ms", "<= 10 ms")
    for report in (["session"], ["block"], ["tool"]):
        row(f"usage {report[0]}", f"{medians([timed([fettle, 'usage', *report], env) for _ in range(3)])[0]:.1f} ms")


def run(fettle, work, row, quick):
    fettle, runs = str(fettle), 5 if quick else 11
    times = {}
    for entries in (10_000, 100_000) if quick else (10_000, 100_000, 1_000_000):
        with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
            home = Path(directory)
            files, size = generate(directory, entries, 0)
            print(f"{entries:,} usage lines, {len(files)} transcripts, {size / 1e6:.0f} MB: cold", flush=True)
            found = cold(fettle, home, files, runs if entries < 1_000_000 else 3)
            show_cold(row, found, "RSS <= 100 MB" if entries == 1_000_000 else "RSS <= 24 MB")
            times[entries] = found["fettle"][0]
            if entries == 1_000_000:
                row("  to ten times 100,000 lines", f"{times[1_000_000] / (10 * times[100_000]):.2f}", "~ 1")
            if entries == (100_000 if quick else 1_000_000):
                print(f"{entries:,} usage lines: with the index, {count_places(home)}", flush=True)
                warm(fettle, home, files, row, runs)
    if not quick:
        with tempfile.TemporaryDirectory(dir="/var/tmp") as directory:
            generate(directory, 1_000_000, LONG_TRANSCRIPTS)
            print(f"1,000,000 usage lines: with the index, {count_places(Path(directory))}", flush=True)
            nothing_new(fettle, Path(directory), row, runs)
    sys.stdout.flush()
