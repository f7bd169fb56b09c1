#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""An MCP server for tests: both eras, both transports, and what can go wrong.

    test/mcp/peer.py [--era modern|legacy|both] [--fault NAME] [--log FILE] [--http FILE] [--tools FILE]

speaks over stdin and stdout, or with --http on a free port of the loopback address, whose URL it writes
into FILE; then it ends when its parent does. --log gets a line for every message that came, as JSON.
--tools is a JSON list of tools to offer beside its own.

Tools: echo {text}, add {a, b}, environment {}, slow {seconds}, progress {steps}, picture {}, nested {},
fail {}, ask {}, end {}, attempt {read, write: a path, connect: to $PORT}.

Faults: dies (at the start), dies-on-discover, garbage (lines that are no JSON between the messages),
silent (never answers), silent-discover, half (stalls within a message), endless (one line without end),
no-list, error-list, stderr (writes much there), wrong-version, changed (after the first list the schema of
echo is another), gone (after the first list echo is no more), forgets (http: the session, once).
"""
import argparse
import http.server
import json
import os
import pathlib
import socket
import sys
import threading
import time

MODERN = "2026-07-28"
META = "io.modelcontextprotocol/"
TOOLS = [
    {"name": "echo", "description": "Says the text again.", "inputSchema": {
        "type": "object", "properties": {"text": {"type": "string", "x-mcp-header": "Text"}},
        "required": ["text"]}},
    {"name": "add", "description": "Adds two numbers.", "inputSchema": {
        "type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}}},
    {"name": "environment", "description": "Names and values of its environment.",
     "inputSchema": {"type": "object"}},
    {"name": "slow", "inputSchema": {"type": "object", "properties": {"seconds": {"type": "number"}}}},
    {"name": "progress", "inputSchema": {"type": "object"}},
    {"name": "picture", "inputSchema": {"type": "object"}},
    {"name": "nested", "inputSchema": {"type": "object"}},
    {"name": "fail", "inputSchema": {"type": "object"}},
    {"name": "ask", "inputSchema": {"type": "object"}},
    {"name": "end", "inputSchema": {"type": "object"}},
    {"name": "attempt", "inputSchema": {"type": "object"}},
]


class Refused(Exception):
    def __init__(self, code, message, data=None):
        super().__init__(message)
        self.code, self.message, self.data = code, message, data


def text(words):
    return {"content": [{"type": "text", "text": words}]}


def attempt(given):
    try:
        if "read" in given:
            return pathlib.Path(given["read"]).read_text(encoding="utf-8")
        if "write" in given:
            pathlib.Path(given["write"]).write_text("written", encoding="utf-8")
        if "connect" in given:
            socket.create_connection(("127.0.0.1", int(os.environ["PORT"])), 5).close()
        return "done"
    except OSError as e:
        return f"refused: {e.strerror}"


class Server:
    def __init__(self, options):
        self.options, self.lists, self.initialized = options, 0, False
        self.answers = {}
        self.lock = threading.Lock()

    def log(self, message):
        if self.options.log:
            with open(self.options.log, "a", encoding="utf-8") as log:
                log.write(json.dumps(message) + "\n")

    def remembered(self):
        """How often lists were asked for, over all processes that share the log."""
        if not self.options.log or not os.path.exists(self.options.log):
            return 0
        with open(self.options.log, encoding="utf-8") as log:
            return sum('"method": "tools/list"' in line for line in log)

    def tools(self):
        tools = [dict(tool) for tool in TOOLS]
        if self.options.tools:
            tools += json.loads(pathlib.Path(self.options.tools).read_text(encoding="utf-8"))
        if self.remembered() > 2 and self.options.fault == "changed":
            tools[0]["inputSchema"] = {"type": "object", "properties": {"words": {"type": "string"}}}
        if self.remembered() > 2 and self.options.fault == "gone":
            tools = tools[1:]
        return tools

    def discover(self, params):
        if self.options.era == "legacy":
            raise Refused(-32601, "Method not found")
        if self.options.fault == "dies-on-discover":
            os._exit(3)
        if self.options.fault == "silent-discover":
            return None
        self.check_meta(params)
        return {"supportedVersions": [MODERN], "capabilities": {"tools": {}}, "ttlMs": 0,
                "cacheScope": "private"}

    def check_meta(self, params):
        meta = params.get("_meta", {})
        if meta.get(META + "protocolVersion") != MODERN or META + "clientCapabilities" not in meta:
            raise Refused(-32022, "Unsupported protocol version",
                          {"supported": [MODERN], "requested": meta.get(META + "protocolVersion")})

    def initialize(self, params):
        if self.options.era == "modern":
            raise Refused(-32601, "Method not found")
        self.initialized = True
        version = "1999-01-01" if self.options.fault == "wrong-version" else params["protocolVersion"]
        return {"protocolVersion": version, "capabilities": {"tools": {"listChanged": True}},
                "serverInfo": {"name": "peer", "version": "1"}}

    def list(self, params):
        if self.options.fault == "no-list":
            return {"resultType": "complete"}
        if self.options.fault == "error-list":
            raise Refused(-32603, "out of \x1b[31mtools")
        tools = self.tools()
        start = int(params.get("cursor", 0))
        page = {"tools": tools[start:start + 6]}
        if start + 6 < len(tools):
            page["nextCursor"] = str(start + 6)
        return page

    def call(self, params, tell):
        name, given = params["name"], params.get("arguments", {})
        if name == "echo":
            return text(given["text"])
        if name == "add":
            return {"content": [], "structuredContent": {"sum": given["a"] + given["b"]}}
        if name == "environment":
            return text("\n".join(f"{k}={v}" for k, v in sorted(os.environ.items())))
        if name == "slow":
            time.sleep(given["seconds"])
            return text("done")
        if name == "progress":
            for step in range(3):
                tell({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                    "progressToken": params["_meta"]["progressToken"], "progress": step, "total": 3}})
            return text("done in 3 steps")
        if name == "picture":
            return {"content": [
                {"type": "image", "mimeType": "image/png", "data": "iVBORw0KGgo="},
                {"type": "resource_link", "uri": "file:///x", "name": "a\x1b]0;evil\x07 name"},
                {"type": "resource", "resource": {"uri": "mem:1", "text": "inner\u202e text"}},
                {"type": "hologram"}]}
        if name == "nested":
            return text("x" * 60000)
        if name == "fail":
            return {**text("it did not work"), "isError": True}
        if name == "ask":
            return {"resultType": "input_required", "inputRequests": {"a": {"method": "elicitation/create"}}}
        if name == "attempt":
            return text(attempt(given))
        if name == "end":
            os._exit(7)
        raise Refused(-32602, f"Unknown tool: {name}")

    def handle(self, message, tell, ask=None):
        """The answer to a message; None when there is none."""
        self.log(message)
        if "method" not in message:
            return None
        if "id" not in message:
            return None
        method, params = message["method"], message.get("params", {})
        answer = {"jsonrpc": "2.0", "id": message["id"]}
        if self.options.fault == "silent":
            return None
        try:
            if method == "server/discover":
                result = self.discover(params)
                if result is None:
                    return None
            elif method == "initialize":
                result = self.initialize(params)
            elif method in ("tools/list", "tools/call"):
                if not self.initialized:
                    if self.options.era == "legacy":
                        raise Refused(-32600, "Not initialized")
                    self.check_meta(params)
                elif ask:
                    ask()
                result = self.list(params) if method == "tools/list" else self.call(params, tell)
            else:
                raise Refused(-32601, "Method not found")
            answer["result"] = result
        except KeyError as e:
            answer["error"] = {"code": -32602, "message": f"missing: {e}"}
        except Refused as e:
            answer["error"] = {"code": e.code, "message": e.message}
            if e.data:
                answer["error"]["data"] = e.data
        return answer


def serve_stdio(server):
    fault = server.options.fault
    out, lock = sys.stdout.buffer, threading.Lock()

    def tell(message):
        with lock:
            if fault == "garbage":
                out.write(b"Starting server ...\n\xff\xfe{\n{\"half\": \n")
            out.write(json.dumps(message).encode() + b"\n")
            out.flush()

    def answer(message):
        reply = server.handle(message, tell, ask)
        if reply is None:
            return
        if fault == "half":
            out.write(json.dumps(reply).encode()[:20])
            out.flush()
            return
        if fault == "endless":
            while True:
                out.write(b"x" * 65536)
        tell(reply)

    def ask():
        """What a legacy server may want to know."""
        for number, method in enumerate(("ping", "roots/list", "sampling/createMessage")):
            tell({"jsonrpc": "2.0", "id": f"q{number}", "method": method})

    if fault == "dies":
        sys.stderr.write("peer: cannot find its library\n")
        sys.exit(3)
    if fault == "stderr":
        sys.stderr.write("noise\n" * 100000)
    for line in sys.stdin.buffer:
        threading.Thread(target=answer, args=(json.loads(line),), daemon=True).start()


def handler_of(server):
    state = {"sessions": set(), "forgot": False}

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *words):
            pass

        def reply(self, status, body=b"", kind="application/json", headers=()):
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            for name, value in headers:
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_DELETE(self):
            server.log({"deleted": self.headers.get("Mcp-Session-Id") in state["sessions"]})
            self.reply(200)

        def do_POST(self):
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            server.log({"headers": {k.lower(): v for k, v in self.headers.items()
                                    if k.lower().startswith("mcp-") or k.lower() in (
                                        "authorization", "accept")}})
            method, modern = message.get("method"), self.headers.get("MCP-Protocol-Version") == MODERN
            if self.path == "/redirect":
                return self.reply(307, headers=[("Location", "http://127.0.0.2:1/")])
            if self.path == "/refused":
                return self.reply(401)
            if modern and server.options.era == "legacy":
                server.log(message)
                return self.reply(400, b"Bad Request: no session")
            if not modern and method not in ("initialize", "server/discover"):
                session = self.headers.get("Mcp-Session-Id")
                if server.options.fault == "forgets" and method == "tools/call" and not state["forgot"]:
                    state["forgot"] = True
                    state["sessions"].clear()
                if session not in state["sessions"]:
                    server.log(message)
                    return self.reply(404, b"")
            if modern and method == "tools/call" and self.headers.get("Mcp-Name") != message["params"]["name"]:
                return self.reply(400, json.dumps({"jsonrpc": "2.0", "id": message["id"], "error": {
                    "code": -32020, "message": "header mismatch"}}).encode())
            told = []
            answer = server.handle(message, told.append)
            if answer is None:
                return self.reply(202)
            headers = []
            if method == "initialize":
                session = f"session-{len(state['sessions']) + 1}"
                state["sessions"].add(session)
                headers.append(("Mcp-Session-Id", session))
            if method != "tools/call":
                return self.reply(400 if "error" in answer else 200, json.dumps(answer).encode(),
                                  headers=headers)
            if not modern:
                told.insert(0, {"jsonrpc": "2.0", "id": 1, "method": "roots/list"})
            events = b": hello\n\n" + b"".join(
                b"event: message\ndata: " + json.dumps(m).encode() + b"\n\n" for m in told + [answer])
            return self.reply(200, events, "text/event-stream", headers)

    return Handler


def serve_http(server, path):
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler_of(server))
    pathlib.Path(path + ".new").write_text(f"http://127.0.0.1:{httpd.server_port}/mcp", encoding="utf-8")
    os.rename(path + ".new", path)
    parent = os.getppid()
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    while os.getppid() == parent:
        time.sleep(0.1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--era", default="both", choices=("modern", "legacy", "both"))
    parser.add_argument("--fault", default="")
    parser.add_argument("--log")
    parser.add_argument("--http")
    parser.add_argument("--tools")
    options = parser.parse_args()
    server = Server(options)
    if options.http:
        serve_http(server, options.http)
    else:
        serve_stdio(server)


if __name__ == "__main__":
    main()
