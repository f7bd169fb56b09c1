#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""json_diff: json_check and Python's json must agree on what is JSON.

Usage: test/json_diff.py BUILD/test/unit/json_cli [documents [seed]]

Python is told to be strict: valid UTF-8, no NaN or Infinity, at most 128 levels.
"""
import json
import random
import subprocess
import sys

DEPTH_MAX = 128
SEEDS = [
    b'{"a":[1,2.5,-0,1e5,true,false,null],"b":{"c":"x\\n\\u00e4\\ud83c\\udf0d"},"":""}',
    b"[]", b"{}", b'""', b"0", b"-1.5E-10", b" \t\r\n[ ]\n", b'["\\ud800"]', b'[1,[2,[3,[4]]]]',
    '{"ключ":"значение","emoji":"🌍👩‍👩‍👧","q":"\\"\\\\\\/\\b\\f\\n\\r\\t"}'.encode(),
    b'{"id":"chatcmpl-1","choices":[{"index":0,"delta":{"content":"Hi"},"finish_reason":null}]}',
    b'[18446744073709551615,9007199254740993,123456789012345678901234567890,1e400]',
    b'{"a":1,"a":2}', b"[" * 127 + b"]" * 127, b"[" * 128 + b"]" * 128, b"[" * 129 + b"]" * 129,
    b'[' * 300, b'{"a":' * 128 + b"1" + b"}" * 128, b'{"a":' * 129 + b"1" + b"}" * 129,
]
PIECES = [
    b'"', b"\\", b"\\u", b"\\u00", b"\\ud800", b"\\x", b"{", b"}", b"[", b"]", b":", b",", b"0", b"00",
    b"-", b"+", b".", b"e", b"E+", b"1.", b".5", b"01", b"NaN", b"Infinity", b"-Infinity", b"true",
    b"tru", b"null", b"nul", b"\x00", b"\x01", b"\x1f", b"\x7f", b"\x80", b"\xc3", b"\xc3\xa4",
    b"\xc0\x80", b"\xe0\x80\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x8c\x8d",
    b"\xef\xbb\xbf", b" ", b"\t", b"\n", b"\r", b"\x0b", b"\x0c", b"\xc2\xa0", b"//", b"/**/", b"'", b"a",
    b"1e5", b"-0", b"1e", b",,", b"{}", b"[]", b'""', b'"a":1', b'"k":',
]


def depth_of(data: bytes) -> int:
    depth = deepest = 0
    in_string = escaped = False
    for byte in data:
        if escaped:
            escaped = False
        elif in_string:
            escaped = byte == 0x5C
            in_string = byte != 0x22
        elif byte == 0x22:
            in_string = True
        elif byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif byte in b"]}":
            depth -= 1
    return deepest


def refuse(word: str):
    raise ValueError(word)


def python_accepts(data: bytes) -> bool:
    if depth_of(data) > DEPTH_MAX:
        return False
    try:
        text = data.decode("utf-8")
        # str.isspace is wider than JSON's white space; json itself is strict about it.
        json.loads(text, parse_constant=refuse, strict=True)
    except (ValueError, RecursionError):
        return False
    return not text.startswith("\ufeff")


def mutate(random_source: random.Random, data: bytes) -> bytes:
    out = bytearray(data)
    for _ in range(random_source.choice((0, 1, 1, 1, 2, 3))):
        at = random_source.randrange(len(out) + 1)
        kind = random_source.randrange(5)
        if kind == 0:
            out[at:at] = random_source.choice(PIECES)
        elif kind == 1:
            del out[at:at + random_source.randrange(1, 4)]
        elif kind == 2 and at < len(out):
            out[at] = random_source.randrange(256)
        elif kind == 3:
            out[at:at + 1] = random_source.choice(PIECES)
        else:
            end = random_source.randrange(len(out) + 1)
            out[at:at] = out[min(at, end):max(at, end)][:64]
    return bytes(out)


def build(random_source: random.Random, level: int = 0) -> bytes:
    """A document out of pieces, about half of them well formed."""
    kind = random_source.randrange(8 if level < 4 else 5)
    if kind < 5:
        return random_source.choice((b"1", b"-0.5e+3", b'"x"', b"true", b"null", b"{}",
                                     random_source.choice(PIECES)))
    items = [build(random_source, level + 1) for _ in range(random_source.randrange(4))]
    if kind < 7:
        return b"[" + b",".join(items) + b"]"
    return b"{" + b",".join(b'"k":' + item for item in items) + b"}"


def main() -> int:
    program = sys.argv[1]
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 20000
    random_source = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 1)
    documents = list(SEEDS)
    while len(documents) < count:
        source = random_source.choice(SEEDS) if random_source.random() < 0.7 else build(random_source)
        documents.append(mutate(random_source, source))
    stream = b"".join(b"%d\n%s" % (len(d), d) for d in documents)
    answer = subprocess.run([program], input=stream, stdout=subprocess.PIPE, check=True).stdout
    verdicts = answer.decode().split()
    if len(verdicts) != len(documents):
        print(f"{len(documents)} documents, {len(verdicts)} verdicts")
        return 1
    wrong = accepted = 0
    for document, verdict in zip(documents, verdicts):
        expected = python_accepts(document)
        accepted += expected
        if expected != (verdict == "accept"):
            wrong += 1
            if wrong <= 10:
                print(f"{verdict}, Python {'accepts' if expected else 'rejects'}: {document!r}")
    print(f"{len(documents)} documents, {accepted} accepted by both, {wrong} differences")
    return wrong != 0


if __name__ == "__main__":
    sys.exit(main())
