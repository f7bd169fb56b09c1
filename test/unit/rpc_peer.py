#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A JSON-RPC peer for the unit test: rpc_peer.py lines|headers [WORD], misbehaving as the word or the method says."""
import json
import os
import signal
import subprocess
import sys
import time

FRAMING = sys.argv[1]
WORD = sys.argv[2] if len(sys.argv) > 2 else ""
OUT, IN = sys.stdout.buffer, sys.stdin.buffer


def frame(body):
    if FRAMING == "lines":
        return body + b"\n"
    return b"Content-Type: x\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body)


def write(data):
    OUT.write(data)
    OUT.flush()


def send(**message):
    write(frame(json.dumps({"jsonrpc": "2.0", **message}).encode()))


def receive():
    if FRAMING == "lines":
        line = IN.readline()
        return json.loads(line) if line else None
    length = 0
    while (line := IN.readline()) not in (b"\r\n", b""):
        length = int(line.split(b":")[1])
    return json.loads(IN.read(length)) if length else None


def ask(message):
    """Asks three things in the middle of a call and answers with what came back."""
    got = []
    for number, method in (("a-1", "known"), (7, "unknown"), (8, "nothing")):
        send(id=number, method=method, params={"n": number})
        got.append(receive())
    send(id=message["id"], result=got)


held = []


def hold(message):
    """Four calls are answered in the reverse order, and to each its own number."""
    held.append(message)
    if len(held) == 4:
        for each in reversed(held):
            send(id=each["id"], result=each["params"])
        held.clear()


def half(message):
    data = frame(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": "x" * 100}).encode())
    write(data[:len(data) // 2])


def bytewise(message):
    for byte in frame(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": "slow"}).encode()):
        write(bytes([byte]))


def garbage(message):
    write(b"Starting up... \x1b[31mred\n\n[1,2]\n{\"id\":1\n42\n")
    send(id=message["id"], result="after")


def die(message):
    sys.stderr.write("first\nthe reason\nstands here\n")
    sys.stderr.flush()
    os._exit(3)


def closes(message):
    os.close(1)
    time.sleep(60)


def leave_child(message):
    """Ends, and leaves somebody behind who holds the pipes."""
    child = subprocess.Popen(["sleep", "60"])
    send(id=message["id"], result=child.pid)
    os._exit(0)


ACTIONS = {
    "echo": lambda m: send(id=m["id"], result=m.get("params")),
    "fail": lambda m: send(id=m["id"], error={"code": -5, "message": "no \u00e9 \"way\"", "data": [1]}),
    "null": lambda m: send(id=m["id"], result=None),
    "text-id": lambda m: send(id=str(m["id"]), result="as text"),
    "twice": lambda m: [send(id=m["id"], result=n) for n in (1, 2)],
    "strangers": lambda m: [send(id=i, result=0) for i in (99999, "x", 1.5, -1)] + [send(id=m["id"], result="mine")],
    "both": lambda m: write(frame(b'{"id":%d,"result":null,"error":null}' % m["id"])),
    "latin": lambda m: write(frame(b'{"id":%d,"result":"caf\xe9"}' % m["id"])),
    "tell": lambda m: [send(method="note", params=[n]) for n in range(1000)] + [send(id=m["id"], result=0)],
    "loud": lambda m: [os.write(2, b"e" * 100000), os.write(2, b"\nlast words\n"), send(id=m["id"], result=0)],
    "big": lambda m: send(id=m["id"], result="b" * m["params"]["size"]),
    "signal": lambda m: os.kill(os.getpid(), signal.SIGSEGV),
    "flood": lambda m: [send(id=str(n) + "x" * 10000, method="known") for n in range(10 ** 7)],
    "raw": lambda m: write(m["params"]["text"].encode()),
    "stop-reading": lambda m: [send(id=m["id"], result=0), time.sleep(600)],
    "silent": lambda m: None,
    "ask": ask, "hold": hold, "half": half, "bytewise": bytewise, "garbage": garbage, "die": die,
    "closes": closes, "leave-child": leave_child,
}


def main():
    cancelled = []
    if WORD == "stubborn":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if WORD == "dies":
        os._exit(9)
    while (message := receive()) is not None:
        method = message.get("method")
        if method == "cancelled":
            send(id=message["id"], result=cancelled)
        elif method == "$/cancelRequest":
            cancelled.append(message["params"])
        elif method == "ended":
            sys.stderr.write("told to end\n")
        elif method:
            ACTIONS[method](message)
    if WORD == "stubborn":
        time.sleep(600)


main()
