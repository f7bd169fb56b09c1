# SPDX-License-Identifier: MIT
"""Packages from npm for tests that talk to other people's programs.

A directory with package.json and package-lock.json gets its node_modules once, when node and npm are there and
the network answers; where they are not, its tests are skipped: they are neither passed nor failed.
"""
import hashlib
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

INSTALL_S = 90
NODE_LEAST = 18
NPM = ["npm", "ci", "--ignore-scripts", "--prefer-offline", "--fetch-retries=0",
       "--fetch-timeout=20000", "--loglevel=error"]
STAMP = "node_modules/.fettle-clients"


def skip(what, why):
    print(f"1..1\nnot ok 1 - {what} # SKIP {why}")
    sys.exit(0)


def wanted(here):
    return hashlib.sha256((here / "package-lock.json").read_bytes()).hexdigest()


def is_installed(here):
    stamp = here / STAMP
    return stamp.is_file() and stamp.read_text() == wanted(here)


def install(here, what):
    """Beside, then renamed: a second run at the same time sees all of it or nothing."""
    with tempfile.TemporaryDirectory(prefix=".install-", dir=here) as place:
        for name in ("package.json", "package-lock.json", ".npmrc"):
            shutil.copy(here / name, place)
        try:
            done = subprocess.run(NPM, cwd=place, capture_output=True, text=True, timeout=INSTALL_S,
                                  check=False)
        except subprocess.TimeoutExpired:
            skip(what, f"npm took longer than {INSTALL_S} s")
        if done.returncode:
            lines = [line for line in done.stderr.splitlines() if line.strip()]
            skip(what, "npm cannot install them: " + (lines[0] if lines else "no reason given"))
        (pathlib.Path(place) / STAMP).write_text(wanted(here))
        shutil.rmtree(here / "node_modules", ignore_errors=True)
        try:
            os.rename(pathlib.Path(place) / "node_modules", here / "node_modules")
        except OSError:
            if not is_installed(here):
                raise


def ensure(here, what):
    """Returns when the packages of the directory are there; otherwise says why not, as TAP, and ends."""
    if not shutil.which("node"):
        skip(what, "node is not here")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=False)
    match = re.match(r"v(\d+)", version.stdout)
    if not match or int(match.group(1)) < NODE_LEAST:
        skip(what, f"node {version.stdout.strip()} is older than {NODE_LEAST}")
    if not is_installed(here):
        if not shutil.which("npm"):
            skip(what, "npm is not here")
        install(here, what)
