#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Turns a text file into a C file that holds it: name.ext becomes const char embed_name_ext[].

Python, because meson needs it anyway and GCC 12 has no #embed.
"""
import re
import sys
from pathlib import Path

source, target = Path(sys.argv[1]), Path(sys.argv[2])
name = "embed_" + re.sub(r"[^A-Za-z0-9]", "_", source.name)
data = source.read_bytes()
if b"\0" in data:
    sys.exit(f"{source}: has a NUL byte")


def literal(line: bytes) -> str:
    out = ""
    for byte in line:
        char = chr(byte)
        if char in '"\\':
            out += "\\" + char
        elif char == "\n":
            out += "\\n"
        elif 32 <= byte < 127 and char != "?":
            out += char
        else:
            out += f"\\{byte:03o}"
    return f'\t"{out}"\n'


lines = data.splitlines(keepends=True) or [b""]
target.write_text(
    f"/* Made from {source.name} by tools/embed.py. */\n"
    f"extern const char {name}[];\n"
    f"const char {name}[] =\n" + "".join(map(literal, lines)) + ";\n"
)
