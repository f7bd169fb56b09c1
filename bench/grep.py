#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Compares the search and the listing of files with ripgrep's, one after the other.

    bench/grep.py BENCH_GREP [--rounds N] [--check] [--tree DIR ...] [--pattern "-i text" ...]

BENCH_GREP is the program bench_grep. It searches in process, after a warm-up; ripgrep is timed as a
process, output to /dev/null. Each round runs both, so that a busy machine is unfair to both alike;
the table shows the medians and their ratio. "equal" compares every path and line number found.
--check compares only, with more patterns. Trees default to the larger ones of this system.
"""
import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time

TREES = ["/usr/include", "/usr/share/doc", "/usr/lib/python3", "/usr/src"]

# flags and a pattern, as ripgrep takes them; class for the required ratio
TIMED = [
    ("literal", "-F pthread_mutex_lock"),
    ("literal", "-F return"),
    ("literal", "-i -F disk error"),
    ("literal", "-w include"),
    ("literal", r"[A-Z]+_SUSPEND\b"),
    ("literal", r"\w+_alloc\s*\("),
    ("literal", r"^#include\s+<linux/"),
    ("rest", r"[A-Za-z_]+_(init|free|destroy)\s*\("),
    ("rest", r"[A-Za-z]{24}"),
    ("rest", r"TODO|FIXME|XXX"),
    ("rest", r"\b[0-9a-f]{8}\b"),
    ("rest", r"[0-9]+\.[0-9]+\.[0-9]+"),
    ("rest", r"-c ^\s*$"),
    ("rest", r"-c \w"),
    ("rest", r"-l [A-Z][a-z]+Error"),
]

CHECKED = [text for _, text in TIMED] + [
    "-i mutex_lock", "-i KASSERT", "-i ſtring", "-i straße", "-i ÄÖÜ", "-w foo", "-w é", "-w -i test",
    "-w -F a", "-F .c", "-F int main(", "-F  ", "-F \t", r"\bif\b.*\belse\b", r"é", r"[é-ü]+", r"\w{30}",
    r"^\w+$", r"\W{12}", r"\s+$", r"a\s+b", r"[^x]foo", r"[^a-z]{60}", "^$", "-c ^", "-c $", r"foo\s*$", r"^\s+return;$",
    r"colou?r", r"(ab|cd|ef)gh", r"(foo|bar|baz)", r"(?i)licen[sc]e", r"x{3,}", r"x{2}y?", r"\.\w+\.", r"\d{4}-\d{2}-\d{2}",
    r"[[:alpha:]]{20}", r"[[:upper:]]{12}", r"\p{Greek}", r"\p{Lu}\p{Ll}+ \p{Lu}", r"\x41\x42C", r"(a|b|c|d|e){9}", "-w return|int",
    r"-i \bk", r"-i k{2}", r"-i sk", r"-c .", r"-c .*", r"^.{100,}$", r"\S{100}", r"[^\x00-\x7f]", r"\B_\B", r"(?:un)?signed\s+long\s+long",
    r"[a-z]+@[a-z]+\.(com|org|net)", r"\$\{?[A-Z_]+\}?", r"0x[0-9a-fA-F]{16}", r"'[^']*'$", r'"[^"\n]{70,}"', r"\t\t\t\t\t\t\t", "-c -i e",
    r"-l \r$", r"-c \r", r"(?s)a.b", r"z|q|j", r"^(\s*)//", r"\w\b\W\w", r"\b\b", r"(?:)", "-c x*", r"[_]{2}[a-z]+[_]{2}", r"-w \w{17}",
]


def split(text):
    """Flags for both programs, and the pattern."""
    flags = []
    while len(text) > 3 and text[0] == "-" and text[1] in "Fiwcl" and text[2] == " ":
        flags.append(text[:2])
        text = text[3:]
    return flags, text


def ours(program, tree, flags, pattern, more):
    return [program, tree, "", pattern, *flags, *more]


def theirs(flags, pattern):
    return ["rg", "--no-config", "--no-require-git", "--no-heading", "--no-messages", "--color=never", "--null", "-n", *flags, "-e", pattern, "./"]


def run_ms(words, directory):
    null = os.open(os.devnull, os.O_RDWR)
    actions = [(os.POSIX_SPAWN_DUP2, null, n) for n in (0, 1, 2)]
    os.chdir(directory)
    start = time.perf_counter()
    os.waitpid(os.posix_spawnp(words[0], words, os.environ, file_actions=actions), 0)
    taken = (time.perf_counter() - start) * 1e3
    os.close(null)
    return taken


def output(words, directory):
    return subprocess.run(words, cwd=directory, stdin=subprocess.DEVNULL, capture_output=True).stdout


def found_by_rg(flags, pattern, tree):
    found = set()
    for line in output(theirs(flags, pattern), tree).split(b"\n"):
        path, mark, rest = line.partition(b"\0")
        if "-l" in flags:
            found.update(p[2:] for p in line.split(b"\0") if p)
        elif mark and rest:
            found.add(path[2:] + b":" + rest.split(b":", 1)[0])
    return found


def compare(program, tree, flags, pattern):
    """Empty when both found the same, else one line that says what differs."""
    a = set(output(ours(program, tree, flags, pattern, ["--print"]), tree).split(b"\n")) - {b""}
    b = found_by_rg(flags, pattern, tree)
    if a == b:
        return ""
    return "only here: %s; only rg: %s (%d of %d, %d of %d)" % (
        sorted(a - b)[:2], sorted(b - a)[:2], len(a - b), len(a), len(b - a), len(b))


def compare_files(program, tree):
    a = set(output([program, tree, "", "--files", "--print"], tree).split(b"\n")) - {b""}
    b = set(output(["rg", "--no-config", "--no-require-git", "--files", "--null", "./"], tree).split(b"\0")) - {b""}
    return "" if a == {p[2:] for p in b} else "%d and %d files" % (len(a), len(b))


def measure(mine, rg, tree, rounds):
    times = ([], [])
    for _ in range(rounds):
        line = output(mine + ["-n", "3"], tree)
        times[0].append(float(line.split()[0]))
        times[1].append(run_ms(rg, tree))
    return statistics.median(times[0]), statistics.median(times[1])


def row(label, mine, rg, tree, rounds, difference):
    a, b = measure(mine, rg, tree, rounds)
    print("  %-44s %9.2f %9.2f  %5.2fx  %s" % (label, a, b, b / a, "equal" if not difference else difference), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--tree", action="append")
    parser.add_argument("--pattern", action="append")
    options = parser.parse_args()
    options.program = os.path.abspath(options.program)
    if not shutil.which("rg"):
        print("ripgrep is not installed: nothing to compare with")
        return 0
    failed = 0
    for tree in options.tree or [t for t in TREES if os.path.isdir(t)]:
        print("%s\n  %-44s %9s %9s  %6s" % (tree, "", "here ms", "rg ms", "ratio"))
        difference = compare_files(options.program, tree)
        failed += difference != ""
        if options.check:
            print("  files %s" % (difference or "equal"))
        else:
            row("--files", [options.program, tree, "", "--files"],
                ["rg", "--no-config", "--no-require-git", "--files"], tree, options.rounds, difference)
        for text in options.pattern or (CHECKED if options.check else [t for _, t in TIMED]):
            flags, pattern = split(text)
            difference = compare(options.program, tree, flags, pattern)
            failed += difference != ""
            if not options.check:
                row(text, ours(options.program, tree, flags, pattern, []), theirs(flags, pattern), tree, options.rounds, difference)
            elif difference:
                print("  %-44s %s" % (text, difference), flush=True)
    print("%d differences" % failed)
    return failed != 0


if __name__ == "__main__":
    sys.exit(main())
