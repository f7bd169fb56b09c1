# SPDX-License-Identifier: MIT
"""Homes with transcripts of Claude Code, for what --compat ccusage has to count. The same on every run.

TREES: name -> function that fills a home. "lines" has one line in each project, so that each shows whether it
counts; "pairs" and "groups" have lines that are, or are not, the same answer.
"""
import datetime
import itertools
import json
import random
import subprocess
import sys
from pathlib import Path

GENERATE = Path(__file__).resolve().parents[2] / "bench" / "usage_generate.py"
TIME = "2026-11-20T10:00:00.000Z"
TOKENS = '"input_tokens":3,"output_tokens":5,"cache_creation_input_tokens":7,"cache_read_input_tokens":11'


class Lines:
    """Lines with names; what is not said is as in a good line."""

    def __init__(self):
        self.all = {}

    def line(self, top="", ts=f'"{TIME}"', sid=None, version='"2.1.1"', cwd='"/x"', rid=None, mid=None,
             model='"claude-opus-5"', message="", usage=TOKENS):
        number = len(self.all)
        rid = f'"r{number}"' if rid is None else rid
        mid = f'"m{number}"' if mid is None else mid
        sid = f'"s{number}"' if sid is None else sid
        return (f'{{"type":"assistant",{top}"timestamp":{ts},"sessionId":{sid},"version":{version},"cwd":{cwd},'
                f'"requestId":{rid},"message":{{"id":{mid},"model":{model}{message},"usage":{{{usage}}}}}}}')

    def add(self, name, line):
        self.all[name] = line if isinstance(line, bytes) else line.encode()


def times(lines):
    for text in ("10:00:00Z", "10:00:00.5Z", "10:00:00.123456Z", "10:00:00.000+01:00", "10:00:00+0100", "10:00:00.000",
                 "10:00:60.000Z", "24:00:00.000Z", "25:00:00.000Z", "10:00:00.000z", "10:00:00.000-08:00",
                 "10:00:00.000+24:00", "10:00:00.000-23:59", "10:00Z", "10:00:00\\u002e000Z"):
        lines.add(f"time {text}", lines.line(ts=f'"2026-11-20T{text}"'))
    for text in ('"2026-02-30T10:00:00.000Z"', '"2028-02-29T10:00:00.000Z"', '"2027-02-29T10:00:00.000Z"', '"2026-11-20"',
                 '"2026-11-20 10:00:00.000Z"', '""', "null", "1795000000000", '"1969-11-20T10:00:00.000Z"'):
        lines.add(f"timestamp {text}", lines.line(ts=text))


def texts(lines):
    for text in ('"unknown"', '"2.1"', '"2.1.1-beta"', '"v2.1.1"', '"2.1.x"', '"2.1.1.4"', '""', "5", "null"):
        lines.add(f"version {text}", lines.line(version=text))
    for text in ('""', "5", "null", '" "', "{}"):
        for member in ("rid", "mid", "sid", "model", "cwd"):
            lines.add(f"{member} {text}", lines.line(**{member: text}))
    for text in ('"fast"', '"standard"', "null", '"turbo"', "5"):
        lines.add(f"speed {text}", lines.line(usage=f'{TOKENS},"speed":{text}'))


def counts(lines):
    for text in ('"17"', "-5", "3.5", "1e2", "5.0", "null", "123456789012", "18446744073709551616", "{}", "true", "00"):
        lines.add(f"input {text}", lines.line(usage=f'"input_tokens":{text},"output_tokens":5'))
        lines.add(f"read {text}", lines.line(usage=f'"input_tokens":3,"output_tokens":5,"cache_read_input_tokens":{text}'))
        split = f'"cache_creation":{{"ephemeral_5m_input_tokens":{text}}}'
        lines.add(f"5m {text}", lines.line(usage=f"{TOKENS},{split}"))
    for text in ('"17"', "3.5", "1e2", "0", "null", "{}", "true"):
        lines.add(f"cost {text}", lines.line(top=f'"costUSD":{text},'))
    for text in ("null", "{}", "[]", "5", '{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0}',
                 '{"ephemeral_5m_input_tokens":2,"ephemeral_1h_input_tokens":3}'):
        lines.add(f"split {text}", lines.line(usage=f'{TOKENS},"cache_creation":{text}'))
    lines.add("no output", lines.line(usage='"input_tokens":3'))
    lines.add("no input", lines.line(usage='"output_tokens":3'))


def twice(lines):
    lines.add("input twice", lines.line(usage='"input_tokens":3,"input_tokens":4,"output_tokens":5'))
    lines.add("time twice", lines.line(top=f'"timestamp":"{TIME}",'))
    lines.add("unknown twice", lines.line(top='"zz":1,"zz":2,'))
    lines.add("message twice", lines.line(top='"message":{},'))
    lines.add("model twice", lines.line(message=',"model":"claude-sonnet-5"'))
    lines.add("usage twice", lines.line(message=',"usage":{"input_tokens":900,"output_tokens":1}'))
    lines.add("sidechain twice", lines.line(top='"isSidechain":true,"isSidechain":false,'))


def damage(lines):
    for text in ("\\u0000", "\\ud800", "\\ud83d\\ude00", "\\\\ud800", "\\q", "a\x01b", "a\tb"):
        lines.add(f"text {text!r}", lines.line(top=f'"x":"{text}",'))
    for name, text in (("not UTF-8", b"\xff\xfe"), ("a surrogate", b"\xed\xa0\x80"), ("a NUL", b"\0")):
        lines.add(name, lines.line(top='"x":"@@",').encode().replace(b"@@", text))
    lines.add("a model not UTF-8", lines.line(model='"claude-opus-5@@"').encode().replace(b"@@", b"\xff"))
    for name, before, after in (("space behind", "", " "), ("x behind", "", " x"), ("CR", "", "\r"), ("BOM", "\ufeff", ""),
                                ("space in front", " ", "")):
        lines.add(name, before + lines.line() + after)
    lines.add("space before usage", lines.line().replace('"usage":{', '"usage": {'))
    lines.add("spaces, and usage elsewhere", lines.line(top='"zz":{"usage":{}},').replace('"usage":{"i', '"usage": {"i'))
    for text in ('{"id":null}', '{"model": null}', '{"id" : null}', '"\\"model\\":null"', '{"xid":null}'):
        lines.add(f"content {text}", lines.line(message=f',"content":{text}'))


def progress(lines):
    """What the parent of an agent notes of its answers."""
    def note(inner, outer='"sessionId":"outer",'):
        return f'{{"type":"progress","timestamp":"{TIME}",{outer}"data":{{"type":"agent_progress","message":{inner}}}}}'

    lines.add("noted", note(lines.line()))
    lines.add("noted, no session", note(lines.line(), ""))
    lines.add("noted, empty session", note(lines.line(), '"sessionId":"",'))
    lines.add("noted, outer version wrong", note(lines.line(), '"version":"x",'))
    lines.add("noted, inner version wrong", note(lines.line(version='"x"')))
    lines.add("noted, no time", note(lines.line().replace(f'"timestamp":"{TIME}",', "")))
    lines.add("noted with a cost", note(lines.line(top='"costUSD":2.5,')))
    other = lines.line(rid='"zz"', usage='"input_tokens":1,"output_tokens":50')
    lines.add("noted and own", lines.line(top=f'"data":{{"message":{other}}},'))
    lines.add("noted, own is wrong", lines.line(top=f'"data":{{"message":{other}}},', usage='"input_tokens":3'))
    lines.add("noted, own version wrong", lines.line(top=f'"data":{{"message":{other}}},', version='"x"'))


def others(lines):
    lines.add("good", lines.line())
    for text in ("null", '"true"', "1", "true"):
        lines.add(f"sidechain {text}", lines.line(top=f'"isSidechain":{text},'))
        lines.add(f"error {text}", lines.line(top=f'"isApiErrorMessage":{text},'))
    for member in ("sessionId", "requestId", "version", "cwd"):
        line = lines.line()
        begin = line.index(f'"{member}":')
        lines.add(f"no {member}", line[:begin] + line[line.index(",", begin) + 1:])
    lines.add("no model", lines.line().replace('"model":"claude-opus-5",', ""))
    lines.add("synthetic", lines.line(model='"<synthetic>"'))
    lines.add("a user's", lines.line().replace('"type":"assistant"', '"type":"user"'))
    lines.add("escaped name", lines.line().replace('"model"', '"mod\\u0065l"'))
    lines.add("usage at the top", f'{{"timestamp":"{TIME}","usage":{{{TOKENS}}},"message":{{"id":"x","model":"m"}}}}')
    lines.add("an agent's sum", f'{{"timestamp":"{TIME}","toolUseResult":{{"usage":{{{TOKENS}}}}},"message":{{"id":"y"}}}}')
    lines.add("us", lines.line(usage=f'{TOKENS},"inference_geo":"us","server_tool_use":{{"web_search_requests":5}}'))


MODELS = ("claude-sonnet-4-5", "claude-sonnet-4-20250514", "claude-opus-4-8", "claude-opus-4-6", "claude-fable-5-1",
          "claude-opus-5[1m]", "claude-opus-5-20260101", "claude-opus-5-1", "claude-opus-4.5", "claude-opus-4-5@20251101",
          "us.anthropic.claude-sonnet-4-5-20250929-v1:0", "eu.anthropic.claude-opus-4-5-20251101-v1:0",
          "anthropic/claude-sonnet-4.5", "openrouter/anthropic/claude-opus-5", "claude-3-5-haiku-20241022", "CLAUDE-OPUS-5",
          "gpt-5.4", "gpt-5.4-pro", "gpt-5.9", "gemini-2.5-pro", "grok-4.3", "claude-next-9")
SIZES = ((1000, 0, 0, 0, 0), (0, 1000, 0, 0, 0), (0, 0, 1000, 0, 0), (0, 0, 0, 1000, 0), (0, 0, 0, 0, 1000),
         (200001, 0, 0, 0, 0), (150000, 9, 0, 0, 150000), (300000, 300000, 300000, 300000, 300000), (1, 7, 150000, 150000, 1))


def prices(lines):
    for number, (model, size) in enumerate(itertools.product(MODELS, SIZES)):
        fresh, output, write_5m, write_1h, read = size
        speed = ',"speed":"fast"' if number % 3 == 0 else ""
        lines.add(f"{model} {size}", lines.line(model=f'"{model}"', usage=(
            f'"input_tokens":{fresh},"output_tokens":{output},"cache_read_input_tokens":{read},"cache_creation":'
            f'{{"ephemeral_5m_input_tokens":{write_5m},"ephemeral_1h_input_tokens":{write_1h}}}{speed}')))


def put(home, project, name, lines):
    path = home / ".claude" / "projects" / project / f"{name}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line + b"\n" for line in lines))


def one_each(*kinds):
    def fill(home):
        lines = Lines()
        for kind in kinds:
            kind(lines)
        for number, (name, line) in enumerate(lines.all.items()):
            put(home, f"{number:03d} {name}".replace("/", "|").replace("\0", "0"), "s", [line])
    return fill


def colliding(day, side, request, session, second, output, model="claude-opus-5", speed=""):
    """A line of a group: the day is the group's, and so are the ids."""
    date = (datetime.date(2024, 1, 1) + datetime.timedelta(days=day)).isoformat()
    return (f'{{"type":"assistant","timestamp":"{date}T10:00:0{second}.000Z",'
            + (f'"sessionId":"{session}",' if session else "")
            + (f'"requestId":"r{day}{request}",' if request else "")
            + f'"isSidechain":{"true" if side else "false"},"message":{{"id":"m{day}","model":"{model}",'
            f'"usage":{{"input_tokens":0,"output_tokens":{output}{speed}}}}}}}').encode()


def pairs(home):
    """Two lines of one message id, in one file or two: which of them are one answer?"""
    every = itertools.product((0, 1), ("", "A"), ("", "s1"), (0, 1), ("", "A", "B"), ("", "s1", "s2"), (1, 2), (0, 1))
    for day, (side, request, session, side_2, request_2, session_2, second, is_same) in enumerate(every):
        first = colliding(day, side, request, session, 1, 3)
        other = colliding(day, side_2, request_2, session_2, second, 5)
        put(home, f"{day:03d}", "a", [first, other] if is_same else [first])
        if not is_same:
            put(home, f"{day:03d}", "b", [other])


def groups(home):
    """Three or four lines of one message id: which one is kept, and what does the next one meet?"""
    chance = random.Random(7)
    for day in range(120):
        files = {"a": [], "b": []}
        for _ in range(chance.randint(3, 4)):
            line = colliding(day, chance.choice((0, 0, 1)), chance.choice(("", "A", "B")), chance.choice(("", "s1", "s2")),
                             chance.choice((1, 1, 2)), chance.choice((1, 5, 5, 9)),
                             chance.choice(("claude-opus-5", "claude-sonnet-5")), chance.choice(("", ',"speed":"standard"')))
            files[chance.choice("ab")].append(line)
        for name, lines in files.items():
            if lines:
                put(home, f"{day:03d}", name, lines)


def spoken(time, name, top, message, output):
    """A line of the model, or of what stands in for it."""
    model = "claude-opus-5" if output else "<synthetic>"
    return (f'{{"type":"assistant",{top}"timestamp":"{time.isoformat()}.000Z","requestId":"r{name}",'
            f'"message":{{"id":"m{name}","model":"{model}"{message},'
            f'"usage":{{"input_tokens":0,"output_tokens":{output}}}}}}}').encode()


def limits(home):
    """Reports that the plan's limit is reached, of each project on a day of its own: which block resets when?"""
    said = "Claude AI usage limit reached"
    reset = 1772380800

    def text(words, is_error="true", top="", output=0, content=None):
        content = json.dumps([{"type": "text", "text": words}], ensure_ascii=False) if content is None else content
        return (f'"isApiErrorMessage":{is_error},{top}', f',"role":"assistant","content":{content}', output)

    answer = ("", "", 5)
    good = text(f"{said}|{reset}")
    words = (f"{said}|{reset}", f"x{said}|{reset}x", f"{said}|{reset}.5", f"{said} (so)|{reset}", f"{said}\n|{reset}",
             f"{said}5|{reset}", f"{said} {said}|{reset}", said, f"{said}|", f"{said}||{reset}", f"{said} x|y|{reset}",
             f"{said}|x {said}|{reset}", f"{said}| {reset}", f"{said}|+5", f"{said}|-5", f"{said}|0", f"{said}|1",
             f"{said}|000{reset}", f"{said}|{reset}123", f"{said}|\u0663", said.lower() + f"|{reset}",
             f"5-hour limit reached|{reset}", f"Usage limit reached|{reset}", f"{said}|253402300799", f"{said}|253402300800",
             f"{said}|8640000000001", f"{said}|9223372036854775", f"{said}|9223372036854776", f"{said}|{'9' * 22}",
             f"{said}|{'0' * 22}{reset}")
    days = [[(0, answer), (5, text(each))] for each in words]
    days += [[(0, answer), (5, each)] for each in (
        text(f"{said}|{reset}", "false"), text(f"{said}|{reset}", "null"), text(f"{said}|{reset}", '"true"'),
        text("x", top=f'"error":"{said}|{reset}",'), text(f"{said}|{reset}", top=f'"error":"{said}|7",'),
        text(f"{said}|{reset}", output=9), text("", content=json.dumps(f"{said}|{reset}")),
        text("", content=json.dumps([{"type": "text", "text": "x"}, {"type": "text", "text": f"{said}|{reset}"}])),
        text("", content=json.dumps([{"type": "text", "text": said}, {"type": "text", "text": f"x|{reset}"}])),
        text("", content=f'[{{"type":"text","text":"{said}\\u007c{reset}"}}]'), text("", content="[]"))]
    other, third = text(f"{said}|{reset - 4000}"), text(f"{said}|{reset + 4000}")
    days += [[(0, good)], [(0, answer), (5, good), (6, answer)], [(0, answer), (6, good), (5, other)],
             [(0, other), (5, good), (4, third)], [(0, good), (0, other)], [(0, text(f"{said}|0")), (1, other)],
             [(0, answer), (300, good), (300, other), (301, answer)], [(0, answer), (301, good), (302, answer)],
             [(0, answer), (300, answer), (300, good)], [(0, answer), (290, good), (310, other), (400, third)],
             [(0, answer), (700, good)], [(59, answer), (301, good), (360, other)]]
    for day, entries in enumerate(days):
        begin = datetime.datetime(2024, 1, 1, 3) + datetime.timedelta(days=day)
        put(home, f"{day:03d}", "s", [spoken(begin + datetime.timedelta(minutes=minute), f"{day}-{number}", *each)
                                      for number, (minute, each) in enumerate(entries)])
    # Of two lines of one answer the one that is kept says it.
    for day, pair in enumerate(((good, other), (good, (*other[:2], 1)), (good, ("", "", 1)), (answer, good))):
        put(home, f"twice {day}", "s", [spoken(datetime.datetime(2025, 3, day + 1), f"twice {day}", *each) for each in pair])


def generated(*words):
    def fill(home):
        subprocess.run([sys.executable, "-B", GENERATE, home, *words], check=True, stdout=subprocess.DEVNULL)
    return fill


# Of these the sums of single models are looked at, too.
MODELS_OF = ("ordinary", "damaged")
TREES = {
    "lines": one_each(times, texts, counts, twice, damage, progress, others),
    "prices": one_each(prices),
    "pairs": pairs,
    "groups": groups,
    "ordinary": generated("--entries", "1500", "--files", "40", "--traps", "0"),
    "damaged": generated("--entries", "1500", "--files", "40", "--traps", "0.3", "--seed", "5"),
}

# Of these only blocks are looked at.
BLOCKED = {"limits": limits}

# What is not Claude Code's: sums by day, for each kind.
KINDS = ("codex", "pi", "openclaw", "qwen", "kimi", "copilot", "opencode", "kilo", "goose", "hermes", "gemini", "amp", "droid",
         "codebuff")


def every_kind(entries, seed):
    return generated("--kinds", ",".join(("claude", *KINDS)), "--entries", str(entries), "--traps", "0.03", "--seed", str(seed))


OTHERS = {"others": every_kind(60, 3)}


def summed(home):
    """Sessions of Copilot in telemetry and in sums: which answers does a sum stand for?"""
    begin = 1772366460

    def span(number, session, second, model="gpt-5"):
        return {"type": "span", "traceId": f"t{number}", "spanId": f"s{number}", "name": "chat gpt-5",
                "endTime": [begin + second, 0], "attributes": {
                    "gen_ai.operation.name": "chat", "gen_ai.response.model": model, "gen_ai.response.id": f"r{number}",
                    "gen_ai.conversation.id": session, "gen_ai.usage.input_tokens": 100 + number,
                    "gen_ai.usage.output_tokens": 10 + number, "gen_ai.usage.cache_read.input_tokens": 40}}

    def end(session, second, count, tokens, model="gpt-5"):
        time = datetime.datetime.fromtimestamp(begin + second, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        return {"type": "session.shutdown", "id": f"{session} {second}", "timestamp": time, "data": {"modelMetrics": {
            model: {"requests": {"count": count}, "usage": dict(zip(("inputTokens", "outputTokens", "cacheReadTokens"),
                                                                    tokens))}}}}

    day = 86400
    sessions = {  # the seconds and models of spans, and the ends
        "same": ([(0,), (60,)], [(3600, 2, (203, 23, 80))]),
        "more": ([(0,)], [(3600, 2, (203, 23, 80))]),
        "fewer": ([(0,), (60,)], [(3600, 1, (50, 5, 10))]),
        "another model": ([(0,)], [(3600, 2, (203, 23, 80), "claude-sonnet-4")]),
        "after it": ([(0,), (7200,)], [(3600, 1, (100, 10, 40))]),
        "in its second": ([(0,), (3600,)], [(3600, 1, (100, 10, 40))]),
        "another day": ([(0,), (day,)], [(3 * day, 2, (203, 23, 80))]),
        "two ends": ([(0,), (7200,), (day,)], [(3600, 1, (100, 10, 40)), (2 * day, 3, (303, 33, 120))]),
        "two ends, an answer between": ([(0,), (7200,)], [(3600, 1, (100, 10, 40)), (day, 1, (100, 10, 40))]),
        "no sums": ([(0,), (60,)], []),
        "no telemetry": ([], [(3600, 2, (203, 23, 80))]),
    }
    spans = []
    for session, (noted, ends) in sessions.items():
        spans += [span(len(spans) + number, session, *rest) for number, rest in enumerate(noted)]
        lines = [{"type": "session.start", "id": "e0", "timestamp": "2026-03-01T12:00:00.000Z",
                  "data": {"sessionId": session, "context": {"cwd": "/w"}}}, *(end(session, *rest) for rest in ends)]
        path = home / ".copilot" / "session-state" / session / "events.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = home / ".copilot" / "otel" / "a.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text("".join(json.dumps(line) + "\n" for line in spans))


# Of one kind alone.
SINGLE = {"copilot": summed}
