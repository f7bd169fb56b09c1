# SPDX-License-Identifier: MIT
"""The provider's stream of two turns ends behind its first byte, its second, and so on."""
import http.client
import json
import re
import socketserver
import threading

from common import Provider, general_complaints, in_parallel

# In make check every so many bytes, and for one way of cutting the end of every event.
STEP = 31
REMARK, ANSWER = "Looking.", "The answer is: naïve 42."
TASK = "what is it?"


class Wire:
    def __init__(self, name, path, model, text_of):
        self.name, self.path, self.model, self.text_of = name, path, model, text_of


def anthropic_text(event):
    return event.get("delta", {}).get("text", "")


def openai_text(event):
    return "".join(c.get("delta", {}).get("content") or "" for c in event.get("choices", []))


WIRES = [Wire("anthropic", "/v1/messages", "anthropic/claude-sonnet-5-5", anthropic_text),
         Wire("openai", "/v1/chat/completions", "openai/gpt-6.1-terra", openai_text)]


def record(bench, wire):
    """The two bodies, as the scripted provider writes them."""
    provider = Provider(bench, [
        {"reply": {"text": REMARK, "tool_calls": [
            {"id": "c1", "name": "view", "input": {"path": "a.txt"}}]}},
        {"reply": {"text": ["The answer ", "is: naï", "ve 42."]}}])
    host = re.match(r"http://(.*)", provider.url).group(1)
    request = {"model": "m", "max_tokens": 9, "stream": True,
               "messages": [{"role": "user", "content": "x"}]}
    bodies = []
    for _ in range(2):
        connection = http.client.HTTPConnection(host, timeout=10)
        connection.request("POST", wire.path, json.dumps(request), {"content-type": "application/json"})
        bodies.append(connection.getresponse().read())
        connection.close()
    provider.stop()
    return bodies


class Cutter(socketserver.ThreadingTCPServer):
    """Serves the bodies in turn; a path of /cut/K/... ends the two of them behind K bytes in all."""
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 64

    def __init__(self, bodies):
        super().__init__(("127.0.0.1", 0), Answer)
        self.bodies = bodies
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()


class Answer(socketserver.StreamRequestHandler):
    def handle(self):
        place = re.match(rb"POST /(cut|chunked)/(\d+)/", self.rfile.readline())
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        request = json.loads(self.rfile.read(length))
        turn = sum(m["role"] == "assistant" for m in request["messages"])
        at = int(place.group(2)) - sum(map(len, self.server.bodies[:turn]))
        self.answer(self.server.bodies[turn], at, place.group(1) == b"chunked")

    def answer(self, body, at, is_chunked):
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n"
        if not is_chunked:
            self.wfile.write(head + b"\r\n" + body[:max(at, 0)])
            return
        chunk = b"%x\r\n%b\r\n" % (len(body), body)
        if at >= len(body):
            chunk += b"0\r\n\r\n"
        else:
            chunk = chunk[:chunk.index(b"\r\n") + 2 + max(at, 0)]
        self.wfile.write(head + b"transfer-encoding: chunked\r\n\r\n" + chunk)


def texts(wire, bytes_):
    """The text of the events that are whole, and of one more whose last line is."""
    sure = possible = ""
    events = bytes_.split(b"\n\n")
    for number, event in enumerate(events):
        for line in event.split(b"\n"):
            if not line.startswith(b"data: {"):
                continue
            try:
                text = wire.text_of(json.loads(line[6:]))
            except ValueError:
                continue
            possible += text
            sure += text if number < len(events) - 1 else ""
    return sure, possible


def complaints(wire, bodies, at, ran):
    bad = general_complaints(ran)
    first = len(bodies[0])
    # In the first turn what is said is a remark until tool calls did not come.
    body, cut = (bodies[0], at) if at < first else (bodies[1], at - first)
    sure, possible = texts(wire, body[:cut])
    out = ran.out.removesuffix("\n")
    if ran.status == 0:
        if out != ANSWER:
            bad.append("status 0 without the whole answer")
    elif ran.status != 3:
        bad.append(f"status {ran.status}")
    elif "fettle: " not in ran.err:
        bad.append("no sentence on stderr")
    if at >= sum(map(len, bodies)) and ran.status:
        bad.append("a whole stream was not accepted")
    # Its end alone may be missing when the first turn's calls were whole.
    accepted = {sure, possible} | ({""} if at < first and REMARK in ran.err else set())
    if ran.status and out not in accepted:
        bad.append(f"{sure!r} had come")
    return bad


def places(bench, bodies, mode):
    total = sum(map(len, bodies))
    if bench.long:
        return range(total + 1)
    ends = [m.end() for m in re.finditer(b"\n\n", b"".join(bodies))] if mode == "cut" else []
    chosen = set(range(0, total + 1, STEP)) | {total}
    for end in ends:
        chosen |= {end - 1, end}
    return sorted(chosen)


def test_wire(bench, tap, wire, mode):
    bodies = record(bench, wire)
    server = Cutter(bodies)
    chosen = places(bench, bodies, mode)

    def one(at):
        base = f"{server.url}/{mode}/{at}" + ("/v1" if wire.name == "openai" else "")
        return bench.run(["--model", wire.model, "--base-url", base, TASK])
    ran = in_parallel(one, chosen)
    bad = [f"behind {at} bytes {'; '.join(wrong)}: {r.shown()}"
           for at, r in zip(chosen, ran) if (wrong := complaints(wire, bodies, at, r))]
    server.shutdown()
    server.server_close()
    how = "cut by closing" if mode == "cut" else "cut in a chunk"
    tap.test(f"{wire.name}: stream {how} at {len(chosen)} of {sum(map(len, bodies)) + 1} places", bad)


def test_all(bench, tap, wanted):
    for wire in WIRES:
        for mode in ("cut", "chunked"):
            if wanted in f"{wire.name} {mode}":
                test_wire(bench, tap, wire, mode)
