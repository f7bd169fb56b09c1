# SPDX-License-Identifier: MIT
"""A provider that breaks off behind its first byte, its second, and so on, on every wire.

One server answers for all wires, with the bodies that the scripted provider writes. A task is called
fault:CONVERSATION:MODE:PLACE:SERIAL, and that is what happens to its answers: PLACE counts the bytes of
all of them, heads too. Many tasks go into one run; what is required of each is in complaints().
"""
import concurrent.futures
import http.client
import itertools
import json
import re
import socket
import socketserver
import struct
import threading
import time

from common import WORKERS, Provider, general_complaints, in_parallel

# In make check so many places of each kind, spread over all, another set for every kind.
PLACES, SINGLE_PLACES, RETRY_PLACES = 40, 12, 8
# So many tasks go into one run; those that wait for a retry take longer.
BATCH, RETRY_BATCH = 100, 4
BATCH_DEADLINE_S = 120
SPLIT_PAUSE_S = 0.002
REMARK, ANSWER, THOUGHT = "Looking.", "The answer is: naïve 42.", "Hm, well."
ANSWERED = {"reply": {"text": ["The answer ", "is: naï", "ve 42."]}}
CALLS = [{"id": "c1", "name": "view", "input": {"path": "a.txt"}},
         {"id": "c2", "name": "ls", "input": {"path": "."}}]
CONVERSATIONS = {
    "text": [{"reply": {"thinking": THOUGHT, "text": ANSWERED["reply"]["text"]}}],
    "tools": [{"reply": {"text": REMARK, "tool_calls": CALLS}}, ANSWERED],
}
# What is visible of each answer first: before that a call may be made again.
FIRST_SEEN = {"text": [b"Hm, well"], "tools": [b"Looking", b"The answer"]}


# ---- the wires ----

def anthropic_text(event):
    return event.get("delta", {}).get("text", "")


def openai_text(event):
    return "".join(c.get("delta", {}).get("content") or "" for c in event.get("choices", []))


def responses_text(event):
    return event["delta"] if event.get("type") == "response.output_text.delta" else ""


def ollama_text(event):
    return event.get("message", {}).get("content") or ""


class Wire:
    def __init__(self, name, path, model, text_of, event_end=b"\n\n"):
        self.name, self.path, self.model = name, path, model
        self.text_of, self.event_end = text_of, event_end
        self.bodies = {}

    def request(self):
        said = [{"role": "user", "content": "x"}]
        return {"model": "m", "max_tokens": 9, "stream": True,
                "input" if self.name == "responses" else "messages": said}

    def turn(self, request):
        """How many answers the conversation has already."""
        if self.name == "responses":
            return int(any(i.get("type") == "function_call_output" for i in request["input"]))
        return sum(m["role"] == "assistant" for m in request["messages"])

    def texts(self, body):
        """The text of the events that are whole, and of one more that may be."""
        sure = possible = ""
        events = body.split(self.event_end)
        for number, event in enumerate(events):
            for line in event.split(b"\n"):
                try:
                    text = self.text_of(json.loads(line.removeprefix(b"data: ")))
                except (ValueError, AttributeError):
                    continue
                possible += text
                sure += text if number < len(events) - 1 else ""
        return sure, possible


WIRES = [Wire("anthropic", "/v1/messages", "anthropic/claude-sonnet-5-5", anthropic_text),
         Wire("openai", "/v1/chat/completions", "openai/gpt-6.1-terra", openai_text),
         Wire("responses", "/v1/responses", "responses/gpt-5.5", responses_text),
         Wire("ollama", "/api/chat", "ollama/qwen3", ollama_text, b"\n")]


def record(bench, wire):
    """The bodies of each conversation, as the scripted provider writes them."""
    for name, replies in CONVERSATIONS.items():
        provider = Provider(bench, replies)
        host, bodies = provider.url.removeprefix("http://"), []
        for _ in replies:
            connection = http.client.HTTPConnection(host, timeout=30)
            connection.request("POST", wire.path, json.dumps(wire.request()),
                               {"content-type": "application/json"})
            bodies.append(connection.getresponse().read())
            connection.close()
        provider.stop()
        wire.bodies[name] = bodies


# ---- answers as bytes ----

class Answer:
    """The bytes of one answer, and how many of the body's are among its first N."""

    def __init__(self, wire, body, framing):
        self.raw, self.body, self.marks = b"", body, [0]
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        if framing == "plain":
            self.put(head + b"connection: close\r\n\r\n")
            self.put(body, True)
        elif framing == "length":
            self.put(head + b"content-length: %d\r\n\r\n" % len(body))
            self.put(body, True)
        else:
            self.put(head + b"transfer-encoding: chunked\r\n\r\n")
            for event in body.split(wire.event_end)[:-1]:
                event += wire.event_end
                self.put(b"%x\r\n" % len(event))
                self.put(event, True)
                self.put(b"\r\n")
            self.put(b"0\r\n\r\n")

    def put(self, bytes_, is_body=False):
        self.raw += bytes_
        step = int(is_body)
        for _ in bytes_:
            self.marks.append(self.marks[-1] + step)


# name: (framing, what happens at the place)
MODES = {"close": ("plain", "close"), "chunk": ("chunked", "close"), "length": ("length", "close"),
         "reset": ("chunked", "reset"), "split": ("chunked", "split"), "once": ("chunked", "close")}
# What a server may do before there is an answer; each has to end with an error of the provider's.
STEPS = {
    "closed": "closes the connection before it has read anything",
    "refusing": "resets it before it has read anything",
    "half": "resets it in the middle of the request",
    "silent": "closes it behind the request",
    "noise": "answers with something that is no HTTP",
    "broken_status": "answers with a damaged status line",
    "empty": "answers with nothing but a head",
    "no_end": "sends the whole stream in chunks, but for the last one's end and the stream's",
    "long": "promises more bytes than it sends, and lacks the stream's end",
}


class Faulty(socketserver.ThreadingTCPServer):
    allow_reuse_address, daemon_threads, request_queue_size = True, True, 256

    def __init__(self, wires):
        super().__init__(("127.0.0.1", 0), Handler)
        self.wires, self.seen, self.lock = wires, {}, threading.Lock()
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.answers = {(wire.name, name, framing): [Answer(wire, b, framing) for b in bodies]
                        for wire in wires for name, bodies in wire.bodies.items()
                        for framing in ("plain", "length", "chunked")}
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def times_seen(self, key):
        with self.lock:
            self.seen[key] = self.seen.get(key, 0) + 1
            return self.seen[key]

    def handle_error(self, request, client_address):
        """The other side may leave when it likes."""


class Handler(socketserver.StreamRequestHandler):
    disable_nagle_algorithm = True

    def handle(self):
        step = None
        while (line := self.rfile.readline()):
            # A step is in the path: it may come before the body.
            step = re.match(rb"POST /step/(\w+)", line)
            if step and self.early(step.group(1).decode()):
                return
            if not self.one(line.split(b" ")[1].decode(), step):
                return

    def reset(self):
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    def early(self, step):
        if step in ("refusing", "half"):
            self.reset()
        if step == "half":
            self.rfile.read(200)
        return step in ("closed", "refusing", "half")

    def one(self, path, step):
        """One request; True when the connection stays."""
        length = 0
        while (line := self.rfile.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        body = self.rfile.read(length)
        wire = next(w for w in self.server.wires if path.endswith(w.path.removeprefix("/v1")))
        if step:
            self.late(wire, step.group(1).decode())
            return False
        name, mode, place, serial = re.search(rb"fault:(\w+):(\w+):(\d+):(\d+)", body).groups()
        turn = wire.turn(json.loads(body))
        answers = self.server.answers[wire.name, name.decode(), MODES[mode.decode()][0]]
        at = max(int(place) - sum(len(a.raw) for a in answers[:turn]), 0)
        if mode == b"once" and at < len(answers[turn].raw) and \
                self.server.times_seen((serial, turn)) > 1:
            at = len(answers[turn].raw)
        return self.send(answers[turn].raw, at, mode.decode())

    def send(self, raw, at, mode):
        framing, how = MODES[mode]
        if how == "split":
            for part in (raw[:at], raw[at:]):
                self.wfile.write(part)
                time.sleep(SPLIT_PAUSE_S if part else 0)
            return True
        self.wfile.write(raw[:at])
        if at < len(raw) and how == "reset":
            self.reset()
        return at >= len(raw) and framing != "plain"

    def late(self, wire, step):
        body = self.server.answers[wire.name, "text", "plain"][0].body
        lacking = body[:body.index(b"ve 42.")]
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n"
        self.wfile.write({
            "silent": b"",
            "noise": b"SSH-2.0-dropbear\r\n",
            "broken_status": b"HTTP/1.1 2x0 OK\r\n\r\n" + body,
            "empty": head + b"content-length: 0\r\n\r\n",
            "no_end": head + b"transfer-encoding: chunked\r\n\r\n%x\r\n%b" % (len(lacking), lacking),
            "long": head + b"content-length: %d\r\n\r\n" % (len(lacking) + 1) + lacking,
        }[step])


# What would be the same the next time, so that it is not tried again.
LASTING = {"noise", "broken_status"}


# ---- what is required ----

class Kind:
    """What happens to one conversation on one wire, at every place."""

    def __init__(self, server, wire, name, mode):
        self.wire, self.name, self.mode = wire, name, mode
        self.answers = server.answers[wire.name, name, MODES[mode][0]]
        self.total = sum(len(a.raw) for a in self.answers)

    def where(self, place):
        """The answer that is cut, and how many of its bytes came."""
        for answer in self.answers[:-1]:
            if place < len(answer.raw):
                return answer, place
            place -= len(answer.raw)
        return self.answers[-1], min(place, len(self.answers[-1].raw))

    def turn(self, place):
        """The number of the call whose answer is cut, from 1."""
        return self.answers.index(self.where(place)[0]) + 1

    def accepted(self, place):
        """Texts that a run may end with in an error; and whether it may do so at all."""
        answer, at = self.where(place)
        sure, possible = self.wire.texts(answer.body[:answer.marks[at]])
        texts = {sure, possible}
        # The end of the first stream alone may be what is missing: the second came to nothing then.
        if answer is not self.answers[-1]:
            texts.add("")
        if MODES[self.mode][1] == "reset":
            texts |= {possible[:n] for n in range(len(possible))}
        first = FIRST_SEEN[self.name][self.answers.index(answer)]
        is_unseen = answer.marks[at] <= answer.body.index(first)
        may_fail = place < self.total and MODES[self.mode][1] != "split" and \
            not (self.mode == "once" and is_unseen)
        return texts, may_fail

    def attempts(self, place):
        """How often the call that fails may have been made with one retry: 1 behind the first visible
        event, 2 before it."""
        answer, at = self.where(place)
        first = answer.body.index(FIRST_SEEN[self.name][self.answers.index(answer)])
        if answer.marks[at] <= first:
            return {2}
        return {1} if answer.marks[at] > answer.body.index(self.wire.event_end, first) + 2 else {1, 2}

    def complaints(self, place, is_error, text):
        """What is wrong with one task's end."""
        texts, may_fail = self.accepted(place)
        if not is_error:
            return [] if text == ANSWER else [f"success without the whole answer: {text!r}"]
        bad = [] if may_fail else ["failed although all had come"]
        return bad + ([] if text in texts else [f"{text!r}, but {texts} had come"])


def results_of(out):
    """The results of a run's stream-json, in order; what is wrong with their sequence."""
    results, bad, is_open = [], [], False
    for line in out.splitlines():
        try:
            value = json.loads(line)
        except ValueError:
            return results, [f"no JSON: {line[:200]!r}"]
        is_begin = value["type"] == "system" and value["subtype"] == "init"
        if is_begin == is_open:
            bad.append("a task begins before the end of another" if is_begin else
                       f"{value['type']} behind the end")
        is_open = value["type"] != "result"
        if not is_open:
            results.append(value)
    return results, bad + (["the last task has no end"] if is_open else [])


serials = itertools.count(1)


def run_batch(bench, server, kind, places, retries):
    """Complaints about one run with a task for each place."""
    tasks = [f"fault:{kind.name}:{kind.mode}:{place}:{next(serials)}" for place in places]
    ran = bench.run(["-q", "-o", "stream-json", "--show-thinking", "--max-retries", str(retries), "--model",
                     kind.wire.model, "--base-url", server.url, "--", *tasks],
                    deadline_s=BATCH_DEADLINE_S)
    bad = general_complaints(ran)
    results, wrong = results_of(ran.out)
    bad += wrong
    if len(results) != len(tasks):
        bad.append(f"{len(tasks)} tasks, but {len(results)} ends")
    failed = [r for r in results if r["is_error"]]
    if ran.status != (3 if failed else 0):
        bad.append(f"status {ran.status} with {len(failed)} failures")
    if len(re.findall(r"^fettle: ", ran.err, re.M)) != len(failed):
        bad.append(f"{len(failed)} failures, but another number of sentences")
    if any(r["subtype"] != "error_provider" for r in failed):
        bad.append("a failure that is not the provider's")
    bad += [f"at {place}: {line}" for place, r in zip(places, results)
            for line in kind.complaints(place, r["is_error"], r["result"])]
    for place, r in zip(places, results):
        made = r["timings"]["calls"][-1]["attempts"]
        # The end alone of a first stream may be missing, and the next call was never answered.
        if retries and r["is_error"] and len(r["timings"]["calls"]) == kind.turn(place) and \
                made not in kind.attempts(place):
            bad.append(f"at {place}: {made} attempts, not {kind.attempts(place)}")
    return bad + ([ran.shown()] if bad else [])


def run_single(bench, server, kind, place):
    """The same of a run that says text, with its exit status."""
    ran = bench.run(["-q", "--max-retries", "0", "--model", kind.wire.model, "--base-url",
                     server.url, f"fault:{kind.name}:{kind.mode}:{place}:{next(serials)}"])
    bad = general_complaints(ran)
    if ran.status not in (0, 3):
        bad.append(f"status {ran.status}")
    if (ran.status == 0) == ("fettle: " in ran.err):
        bad.append("a sentence on stderr belongs to a failure")
    out = ran.out.removesuffix("\n")
    # What is said before a tool call is a remark, when the call is known to come.
    if ran.status == 3 and out == "" and REMARK in ran.err:
        out = REMARK if kind.where(place)[0] is kind.answers[0] else ""
    bad += kind.complaints(place, ran.status != 0, out)
    return [f"at {place}: {'; '.join(bad)}: {ran.shown()}"] if bad else []


def spread(total, count, offset):
    """So many of 0 ... total, both ends among them; others with another offset."""
    if count > total:
        return list(range(total + 1))
    step = total / (count - 1)
    return sorted({0, total} | {min(total, int(i * step + offset % step)) for i in range(count - 2)})


def batches(bench, server, kind, retries, count, offset):
    """A test: its name, and functions that give complaints."""
    places = spread(kind.total, kind.total + 1 if bench.long else count, offset)
    size = RETRY_BATCH if retries else BATCH
    # Of places far from each other, so that no run waits much longer than the others.
    parts = (len(places) + size - 1) // size
    again = f", {retries} retr{'y' if retries == 1 else 'ies'}" if retries else ""
    return (f"{kind.wire.name}: {kind.name}, {kind.mode}{again}: {len(places)} of "
            f"{kind.total + 1} places",
            [lambda n=n: run_batch(bench, server, kind, places[n::parts], retries)
             for n in range(parts)])


def singles(bench, server, kind, offset):
    # Every byte is cut in batches; a run each is about statuses and what is shown.
    places = spread(kind.total, kind.total // 4 if bench.long else SINGLE_PLACES, offset)
    return (f"{kind.wire.name}: {kind.name}, {kind.mode}, a run each: {len(places)} of "
            f"{kind.total + 1} places",
            [lambda place=place: run_single(bench, server, kind, place) for place in places])


# ---- before there is an answer ----

def closed_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def run_step(bench, wire, step, url, retries):
    words = ["-q", "-o", "stream-json", "--max-retries", str(retries), "--model", wire.model]
    ran = bench.run([*words, "--base-url", url, "what is it?"])
    bad = general_complaints(ran)
    results, wrong = results_of(ran.out)
    bad += wrong
    if ran.status != 3 or len(results) != 1 or results[0]["subtype"] != "error_provider":
        return [f"{step}: status {ran.status}, {len(results)} ends: {ran.shown()}"]
    attempts = 2 if retries and step not in LASTING and not results[0]["result"] else 1
    if results[0]["timings"]["calls"][0]["attempts"] != attempts:
        bad.append(f"not {attempts} attempts")
    if len(re.findall(r"^fettle: ", ran.err, re.M)) != 1:
        bad.append("not one sentence on stderr")
    return [f"{step}, {retries} retries: {'; '.join(bad)}: {ran.shown()}"] if bad else []


def steps(bench, server, wire):
    urls = {"refused": f"http://127.0.0.1:{closed_port()}"}
    urls.update({step: f"{server.url}/step/{step}" for step in STEPS})
    return (f"{wire.name}: before and around the answer, {len(urls)} ways, with retries and without",
            [lambda step=step, url=url, retries=retries: run_step(bench, wire, step, url, retries)
             for step, url in urls.items() for retries in (0, 1)])


def collect(bench, server):
    """(what -k looks at, test) of everything there is."""
    for number, wire in enumerate(WIRES):
        yield f"{wire.name} steps", steps(bench, server, wire)
        for name, mode in itertools.product(CONVERSATIONS, MODES):
            kind, offset = Kind(server, wire, name, mode), 7 * number + len(name + mode)
            word = f"{wire.name} {name} {mode}"
            if mode == "once":
                yield word, batches(bench, server, kind, 1, RETRY_PLACES, offset)
                continue
            yield word, batches(bench, server, kind, 0, PLACES, offset)
            if mode == "close":
                yield word, singles(bench, server, kind, offset)
            if mode == "chunk":
                yield word, batches(bench, server, kind, 1, RETRY_PLACES, offset + 3)


def test_all(bench, tap, wanted):
    in_parallel(lambda wire: record(bench, wire), WIRES)
    server = Faulty(WIRES)
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        tests = [(name, [pool.submit(job) for job in jobs])
                 for word, (name, jobs) in collect(bench, server) if wanted in word]
        for name, running in tests:
            tap.test(name, [line for one in running for line in one.result()])
    server.shutdown()
    server.server_close()
