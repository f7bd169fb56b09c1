#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes the transcripts that coding assistants leave in a home directory.

    bench/usage_generate.py DIR --entries N [--files N] [--seed S] [--kinds claude,codex] [--days 90] [--traps P]

DIR becomes the home: DIR/.claude/projects and so on. N is the number of usage lines (or of what stands for one)
for each kind. The same words give the same bytes. --traps is how often (0 to 1) something rare happens to a line: a
field that is null, a time with other digits, an id that is missing, damaged text.
"""
import argparse
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import usage_generate_claude  # noqa: E402
import usage_generate_lines  # noqa: E402
import usage_generate_stores  # noqa: E402
from usage_generate_base import World  # noqa: E402

KINDS = {"claude": usage_generate_claude.generate, **usage_generate_lines.KINDS, **usage_generate_stores.KINDS}


def main():
    words = argparse.ArgumentParser(description="Makes transcripts of coding assistants.")
    words.add_argument("directory", type=Path, metavar="DIR")
    words.add_argument("--entries", type=int, default=1000)
    words.add_argument("--files", type=int, default=0, help="default: so many that their mean is 3 MB")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--kinds", default="claude", help="comma list, or all: " + ",".join(KINDS))
    words.add_argument("--days", type=int, default=90)
    words.add_argument("--traps", type=float, default=0.001)
    asked = words.parse_args()
    kinds = list(KINDS) if asked.kinds == "all" else asked.kinds.split(",")
    unknown = [kind for kind in kinds if kind not in KINDS]
    if unknown:
        words.error(f"no such kind: {unknown[0]}")
    begun = time.monotonic()
    for kind in kinds:
        world = World(asked.directory, f"{kind} {asked.seed}", asked.entries, asked.files, asked.days, asked.traps)
        KINDS[kind](world)
        print(f"{kind}: {world.lines_used} entries in {world.files_made} files, "
              f"{world.bytes_made / 1e6:.1f} MB, {time.monotonic() - begun:.1f} s")


if __name__ == "__main__":
    main()
