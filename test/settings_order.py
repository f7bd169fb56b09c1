#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Which place decides a setting, for every combination of places that say it.

    test/settings_order.py FETTLE

An option goes before a preset, then the environment, the nearest file, one further up, the user's file and
the default, key by key: each key is said in its own choice of places, and fettle config show has to name the
first of them.
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile

PLACES = ["option", "preset", "environment", "near", "far", "user"]
ORIGINS = {"near": "file", "far": "file", "user": "file"}
EFFORTS = ["none", "low", "medium", "high", "xhigh", "max"]
# key: its value at a place, its default, whether presets have it
KEYS = {
    "model": (lambda i: f"offline{i}/m", None, True),
    "effort": (lambda i: EFFORTS[i], None, True),
    "max_turns": (lambda i: 11 + i, 50, True),
    "timeout": (lambda i: 21 + i, None, True),
    "max_output_tokens": (lambda i: 31 + i, 32000, True),
    "fallback": (lambda i: [f"a/{i}", "b/c"], None, False),
    "max_retries": (lambda i: 41 + i, 3, False),
    "idle_timeout": (lambda i: 51 + i, 120, False),
}


def word(value):
    return ",".join(value) if isinstance(value, list) else str(value)


def put(path, settings):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(settings))


def expected(key, said):
    value, default, _ = KEYS[key]
    for index, place in enumerate(PLACES):
        if place in said:
            return value(index), ORIGINS.get(place, place)
    return default, "none" if default is None else "default"


def show(fettle, home, chosen):
    """What config show says when each key is said in its chosen places."""
    def said_in(place):
        index = PLACES.index(place)
        return {key: KEYS[key][0](index) for key, said in chosen.items() if place in said}

    work = home / "work/below"
    env = {"HOME": str(home), "PATH": "/usr/bin:/bin",
           "ASAN_OPTIONS": os.environ.get("ASAN_OPTIONS", "")}
    put(home / ".config/fettle/config.json", {**said_in("user"), "presets": {"p": said_in("preset")}})
    put(home / "work/.fettle.json", said_in("far"))
    put(work / ".fettle.json", said_in("near"))
    env |= {"FETTLE_" + key.upper(): word(value) for key, value in said_in("environment").items()}
    options = [w for key, value in said_in("option").items()
               for w in ("--" + key.replace("_", "-"), word(value))]
    preset = ["--preset", "p"] if said_in("preset") else []
    out = subprocess.run([fettle, "config", "show", "--json", *preset, *options], cwd=work, env=env,
                         capture_output=True, check=True, text=True)
    return {row["key"]: row for row in json.loads(out.stdout)["settings"]}


def main(fettle):
    wrong = asked = 0
    with tempfile.TemporaryDirectory(prefix="fettle-test-") as directory:
        home = pathlib.Path(directory)
        (home / "work/.git").mkdir(parents=True)
        (home / "work/.git/HEAD").write_text("ref: refs/heads/main\n")
        for mask in range(64):
            # Keys are independent: each in another combination of places.
            chosen = {}
            for number, (key, (_, _, in_preset)) in enumerate(KEYS.items()):
                bits = (mask + 9 * number) % 64
                chosen[key] = {p for i, p in enumerate(PLACES)
                               if bits >> i & 1 and (in_preset or p != "preset")}
            rows = show(fettle, home, chosen)
            for key, said in chosen.items():
                asked += 1
                got = rows[key]["value"], rows[key]["origin"]
                if got != expected(key, said):
                    wrong += 1
                    print(f"{key} said in {sorted(said)}: {got}, not {expected(key, said)}")
    print(f"{asked} settings, {wrong} wrong")
    return 1 if wrong or not asked else 0


if __name__ == "__main__":
    sys.exit(main(os.path.abspath(sys.argv[1])))
