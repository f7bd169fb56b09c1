#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A language server for tests: lsp_peer.py WORD. It finds an error where a text has BAD and a warning where it
has WARN, and misbehaves as the word says."""
import json
import os
import re
import sys
import time

WORD = sys.argv[1]
OUT, IN = sys.stdout.buffer, sys.stdin.buffer
texts = {}


def send(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    OUT.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    OUT.flush()


def receive():
    length = 0
    while (line := IN.readline()) not in (b"\r\n", b""):
        length = int(line.split(b":")[1])
    return json.loads(IN.read(length)) if length else None


def units(text):
    return len(text.encode("utf-8")) if WORD == "utf8" else len(text.encode("utf-16-le")) // 2


def found(text):
    items = []
    for number, line in enumerate(text.split("\n")):
        for match in re.finditer("BAD|WARN", line):
            start = {"line": number, "character": units(line[:match.start()])}
            items.append({"range": {"start": start, "end": start}, "source": "peer", "code": 7,
                          "severity": 1 if match.group() == "BAD" else 2, "message": f"{match.group()} is here"})
    return items


def publish(uri, items, version=None):
    params = {"uri": uri, "diagnostics": items}
    if version is not None:
        params["version"] = version
    send(method="textDocument/publishDiagnostics", params=params)


def hostile():
    start = {"line": 0, "character": 0}
    return [{"range": {"start": {"line": -5, "character": -9}}, "message": "one\n\x1b[31mtwo\u202e"},
            {"range": {"start": {"line": 10 ** 12, "character": 10 ** 12}}, "severity": 1, "message": "far"},
            {"range": {"start": {"line": 1, "character": 10 ** 6}}, "message": {"kind": "markdown", "value": "*m*"}},
            {"range": 5, "severity": 1, "message": 5, "code": {"value": "x"}, "source": []},
            {"severity": 0, "message": "no"}, {"severity": 3, "message": "no"}, 7, None, "x",
            ] + [{"range": {"start": start}, "message": f"m{n}"} for n in range(200)]


def judge(uri, version):
    items = found(texts[uri])
    if WORD == "unversioned":
        publish(uri, [])
        time.sleep(0.1)
        publish(uri, items)
    elif WORD == "hostile":
        publish(uri, hostile(), version)
    elif WORD == "old":
        publish(uri, [{"range": {}, "message": "of yesterday"}], version - 1)
        publish("file:///elsewhere.x", [{"range": {}, "message": "of elsewhere"}], version)
        publish(uri.replace("/", "%2F").replace("file:%2F%2F%2F", "file:///"), items, version)
    elif WORD == "busy":
        send(method="$/progress", params={"token": 1, "value": {"kind": "begin", "title": "loading"}})
        publish(uri, [], version)
        time.sleep(0.4)
        publish(uri, items, version)
        send(method="$/progress", params={"token": 1, "value": {"kind": "end"}})
    elif WORD == "dies-later":
        sys.stderr.write("lost in the text\n")
        sys.stderr.flush()
        os._exit(4)
    elif WORD == "pid":
        publish(uri, [{"range": {}, "message": f"pid {os.getpid()} version {version}"}], version)
    elif WORD not in ("silent", "pull"):
        publish(uri, items, version)


def ask_everything(root):
    """All requests of wires that servers make; what is answered wrongly comes out as a diagnostic."""
    wanted = [("workspace/configuration", {"items": [{}, {}]}, [None, None]),
              ("client/registerCapability", {}, None), ("client/unregisterCapability", {}, None),
              ("window/workDoneProgress/create", {}, None), ("workspace/diagnostic/refresh", None, None),
              ("window/showMessageRequest", {}, None),
              ("workspace/workspaceFolders", None, [{"uri": root, "name": "workspace"}]),
              ("workspace/applyEdit", {}, "error")]
    for number, (method, params, answer) in enumerate(wanted):
        send(id=f"ask-{number}", method=method, params=params)
        got = receive()
        if got.get("id") != f"ask-{number}" or ("error" if "error" in got else got["result"]) != answer:
            sys.stderr.write(f"{method}: {got}\n")
            sys.stderr.flush()
            os._exit(5)


def initialize(message):
    params = message["params"]
    capabilities = {"textDocumentSync": 1}
    if WORD == "silent-start":
        return
    if WORD == "garbage":
        OUT.write(b"Welcome to the server\n")
        OUT.flush()
        return
    if WORD == "refuses":
        send(id=message["id"], error={"code": -32603, "message": "no licence"})
        return
    if WORD == "utf8":
        capabilities["positionEncoding"] = "utf-8"
    if WORD == "pull":
        capabilities["diagnosticProvider"] = {"identifier": "p", "interFileDependencies": True}
    if WORD == "asks":
        ask_everything(params["rootUri"])
    send(id=message["id"], result={"capabilities": capabilities})


pulls = 0


def pull(message):
    global pulls
    pulls += 1
    if pulls == 1:
        send(id=message["id"], error={"code": -32802, "message": "later", "data": {"retriggerRequest": True}})
    elif message["params"].get("identifier") != "p":
        send(id=message["id"], error={"code": -32602, "message": "identifier"})
    else:
        items = found(texts[message["params"]["textDocument"]["uri"]])
        send(id=message["id"], result={"kind": "full", "items": items})


def take(message):
    method, params = message.get("method"), message.get("params") or {}
    document = params.get("textDocument", {})
    if method == "initialize":
        initialize(message)
    elif method == "textDocument/didOpen":
        assert document["uri"] not in texts
        texts[document["uri"]] = document["text"]
        judge(document["uri"], document["version"])
    elif method == "textDocument/didChange":
        texts[document["uri"]] = params["contentChanges"][0]["text"]
        judge(document["uri"], document["version"])
    elif method == "textDocument/didClose":
        del texts[document["uri"]]
        publish(document["uri"], [])
    elif method == "textDocument/diagnostic":
        pull(message)
    elif method == "shutdown":
        send(id=message["id"], result=None)
    elif method == "exit":
        os._exit(0)


if WORD == "dies":
    sys.stderr.write("usage: something\ncannot load this\n")
    sys.exit(3)
if WORD == "slow-start":
    time.sleep(3)
while (received := receive()) is not None:
    take(received)
