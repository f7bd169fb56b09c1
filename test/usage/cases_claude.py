# SPDX-License-Identifier: MIT
"""Claude Code: a line counts by its own message.usage, an answer once."""
import json

T = 1772366460000  # 2026-03-01T12:01:00Z
FILE = "-home-u-app/s1.jsonl"
AGENT = "-home-u-app/s1/subagents/agent-7.jsonl"
USAGE = {"input_tokens": 10, "cache_creation_input_tokens": 40, "cache_read_input_tokens": 30, "output_tokens": 20}


def stamp(minute):
    """Of that minute from noon on."""
    return f"2026-03-{1 + (720 + minute) // 1440:02}T{(12 + minute // 60) % 24:02}:{minute % 60:02}:00.000Z"


def line(usage=USAGE, minute=1, id="msg_01", **more):
    """As since 2.1.16x; what is None is left out."""
    inside = {"model": more.pop("model", "claude-opus-4-8"), "id": id, "type": "message", "role": "assistant",
              "content": more.pop("content", [{"type": "text", "text": "x"}]), "stop_reason": None, "usage": usage}
    whole = {"parentUuid": None, "isSidechain": False,
             "message": {key: value for key, value in inside.items() if value is not None},
             "requestId": "req_1", "type": "assistant", "uuid": f"u{minute}",
             "timestamp": stamp(minute), "cwd": "/home/u/app", "sessionId": "s1",
             "version": "2.1.205", "gitBranch": "main", **more}
    return {key: value for key, value in whole.items() if value is not None}


def text(*words, **more):
    return json.dumps(line(*words, **more), separators=(",", ":")).encode()


LIMIT = "Claude AI usage limit reached|"


def reached(minute, second=1772380000, **more):
    more.setdefault("content", [{"type": "text", "text": f"{LIMIT}{second}"}])
    return line({key: 0 for key in USAGE}, minute, model="<synthetic>", isApiErrorMessage=True, **more)


def was_reached(*told):
    return [{"limit": "reached", "told_ms": T + (minute - 1) * 60000, "resets_ms": 1000 * second} for minute, second in told]


def usage(**more):
    return {**USAGE, **more}


ANSWER = {"id": "msg_01", "time_ms": T, "session": "s1", "project": "/home/u/app", "branch": "main",
          "model": "claude-opus-4-8", "input": 10, "output": 20, "cache_write_5m": 40, "cache_read": 30}
TEXT = text()
OLD = json.dumps({key: line()[key] for key in ("isSidechain", "cwd", "sessionId", "version", "gitBranch", "message",
                                               "requestId", "type", "uuid", "timestamp")}).encode()
BARE = {"time_ms": T}


def one(name, given, *expect, **more):
    return {"name": name, "reader": "claude", "files": {FILE: given if isinstance(given, (list, bytes)) else [given]},
            "expect": list(expect), **more}


def timed(stamp, ms):
    return one(f"time {stamp}", line(timestamp=stamp), dict(ANSWER, time_ms=ms))


CASES = [
    one("an answer", line(), ANSWER),
    one("keys as up to 2.0, with spaces", [OLD], ANSWER),
    one("lines that are as the ones before, but for one thing",
        [line(), line(minute=2, id="msg_02", cwd="/home/u/other", gitBranch="fix"),
         line(usage(cache_creation=None), 3, "msg_03"),
         line(usage(cache_creation={"ephemeral_1h_input_tokens": 5, "ephemeral_5m_input_tokens": 0}), 4, "msg_04"),
         line(usage(cache_creation=7), 5, "msg_05"), line(usage(cache_creation={"ephemeral_5m_input_tokens": 6}), 6, "msg_06"),
         line(minute=7, id="msg_07", content="text"), line(minute=8, id="msg_08", content=[{"type": "tool_use", "name": "X"}]),
         line(minute=9, id="msg_09", model="claude-opus-5"), line(minute=10, id="msg_10", isSidechain=True),
         line(usage(speed="fast"), 11, "msg_11"), line(usage(speed="standard"), 12, "msg_12"),
         text(minute=13, id="msg_13").replace(b'"usage":{', b'"usage":{"input_tokens":1},"usage":{'),
         text(minute=14, id="msg_14").replace(b'"usage":{', b'"usage":{"input_tokens":5,'),
         text(minute=15, id="msg_15").replace(b',"requestId"', b',"message":{"id":"msg_x"},"requestId"'),
         text(minute=16, id="msg_16").replace(b',"requestId"', b' ,"requestId"'),
         text(minute=17, id="msg_17")[:-1] + b',"more":{}}', text(minute=18, id="msg_18")[:-1] + b"  }",
         text(minute=19, id="msg_19")[:-2] + b"}", text(minute=20, id="msg_20")],
        ANSWER, *(dict(ANSWER, id=f"msg_{n:02}", time_ms=T + (n - 1) * 60000, **more) for n, more in [
            (2, {"branch": "fix"}), (3, {}), (4, {"cache_write_5m": None, "cache_write_1h": 5}), (5, {}),
            (6, {"cache_write_5m": 6}), (7, {}), (8, {"tools": ["X"]}), (9, {"model": "claude-opus-5"}),
            (10, {"flags": ["sidechain"], "agent": "agent"}), (11, {"flags": ["fast"]}), (12, {}), (13, {}), (14, {}),
            (16, {}), (17, {}), (18, {}), (20, {})]), complaints={"a damaged line": 1}),
    one("spaces around everything", [TEXT.replace(b":", b" : ", 3).replace(b'"usage":{', b'"usage"\t:  {')], ANSWER),
    one("blocks of one answer are one answer, with all its tools",
        [line(usage(output_tokens=1)), line(usage(output_tokens=3), 2, content=[
            {"type": "tool_use", "name": "Bash", "input": {}}]),
         line(minute=3, content=[{"type": "tool_use", "name": "Read", "input": {}}])],
        dict(ANSWER, tools=["Read"])),
    one("a stream that shrinks keeps its largest line", [line(), line(usage(output_tokens=1), 2)], ANSWER),
    one("the flags of a stream are its largest line's", [line(usage(output_tokens=1)),
                                                         line(usage(speed="fast"), 2)], dict(ANSWER, flags=["fast"])),
    one("the earliest line says when", [line(minute=3), line(usage(output_tokens=1), 2)],
        dict(ANSWER, time_ms=T + 60000)),
    one("no requestId", [line(requestId=None), line(requestId=None)], ANSWER),
    one("a retry of another request is the same answer", [line(), line(requestId="req_2")], ANSWER),
    one("without message.id the line's own id tells", [line(id=None, minute=1), line(id=None, minute=1),
                                                       line(id=None, minute=2)],
        dict(ANSWER, id="u1"), dict(ANSWER, id="u2", time_ms=T + 60000)),
    one("nothing tells two lines to be one", [line(id=None, uuid=None), line(id=None, uuid=None)],
        dict(ANSWER, id=None), dict(ANSWER, id=None)),
    one("Bedrock and Vertex", [line(id="msg_bdrk_1"), line(id="msg_vrtx_1", minute=2)],
        dict(ANSWER, id="msg_bdrk_1", provider="bedrock"),
        dict(ANSWER, id="msg_vrtx_1", provider="vertex", time_ms=T + 60000)),
    one("synthetic lines are no answers", line({key: 0 for key in USAGE}, model="<synthetic>", isApiErrorMessage=True)),
    one("a limit that is reached", [reached(2), reached(3, 1772380800), reached(4, content="Claude AI usage limit reached|x")],
        limits=[{"limit": 10000, "told_ms": T + 120000, "resets_ms": 1772380800000},
                *was_reached((2, 1772380000), (3, 1772380800))]),
    one("a limit that is reached again and again",
        [reached(2), reached(40), reached(1), reached(5, 1772380800), reached(61), reached(30, 2 * 1772380000)],
        limits=[{"limit": 10000, "told_ms": T + 3600000, "resets_ms": 1772380000000},
                *was_reached((1, 1772380000), (5, 1772380800), (61, 1772380000))]),
    one("more limits than are remembered", [reached(60 * hour) for hour in range(1, 70)],
        limits=[{"limit": 10000, "told_ms": T + 69 * 3600000 - 60000, "resets_ms": 1772380000000},
                *was_reached(*((60 * hour, 1772380000) for hour in range(6, 70)))]),
    one("a limit as plain text", reached(2, content="Claude AI usage limit reached|1772380800"),
        limits=[{"limit": 10000, "told_ms": T + 60000, "resets_ms": 1772380800000}, *was_reached((2, 1772380800))]),
    one("a limit that somebody talks about", [line(content=[{"type": "text", "text": LIMIT + "1772380800"}]),
                                              reached(2, content="It says: " + LIMIT + "1772380800")], ANSWER),
    one("synthetic lines that used something are", line(model="<synthetic>"), dict(ANSWER, model="<synthetic>")),
    one("an answer that used nothing is one", line({key: 0 for key in USAGE}), {"id": "msg_01"}),
    {"name": "agents are of the kind that stands beside them", "reader": "claude",
     "files": {AGENT: [line(isSidechain=True, agentId="7")],
               AGENT.replace(".jsonl", ".meta.json"): '{"agentType":"Explore","x":[1]}'},
     "expect": [dict(ANSWER, agent="Explore", flags=["sidechain"])]},
    {"name": "agents of no kind, and of one that is damaged", "reader": "claude",
     "files": {AGENT: [line(isSidechain=True)], "a/agent-8.jsonl": [line(isSidechain=True, id="msg_2", minute=2)],
               "a/agent-8.meta.json": '{"agentType":"Expl'},
     "expect": [dict(ANSWER, agent="agent", flags=["sidechain"]),
                dict(ANSWER, agent="agent", flags=["sidechain"], id="msg_2", time_ms=T + 60000)]},
    one("agents' results are sums of what counts elsewhere",
        [line(None, type="user", toolUseResult={"usage": USAGE, "totalTokens": 100, "agentId": "7"}),
         line(None, type="progress", minute=2, message=None, data={
             "type": "agent_progress", "message": line(minute=2)})]),
    one("iterations are copies of the same numbers",
        line(usage(iterations=[{"type": "message", "input_tokens": 10, "output_tokens": 20, "model": "other"},
                               {"type": "compaction", "usage": USAGE}])), ANSWER),
    one("what a tool is given may look like anything",
        line(content=[{"type": "tool_use", "name": "Write", "input": {
            "name": "no", "type": "tool_use", "usage": {"input_tokens": 9}, "message": line(),
            "text": '"usage":{"input_tokens":5}}'}}]), dict(ANSWER, tools=["Write"])),
    one("quoted usage is text", line(None, content=[{"type": "text", "text": json.dumps(line())}])),
    one("usage that is none", [line("x"), line([USAGE], 2), line(5, 3)]),
    one("a compaction's summary and other lines are nothing",
        [{"type": "summary", "summary": '"usage"', "leafUuid": "u"},
         {"type": "system", "subtype": "compact_boundary", "compactMetadata": {"usage": USAGE, "preTokens": 5}},
         {"type": "file-history-snapshot", "snapshot": {"message": {"usage": USAGE}}}, {"type": "new", "usage": USAGE}]),
    one("the split of cache writes stands for the flat number",
        line(usage(cache_creation={"ephemeral_1h_input_tokens": 7, "ephemeral_5m_input_tokens": 5})),
        dict(ANSWER, cache_write_5m=5, cache_write_1h=7)),
    one("a split without the flat number",
        line({"output_tokens": 1, "cache_creation": {"ephemeral_1h_input_tokens": 7}}),
        {"output": 1, "cache_write_1h": 7}),
    one("an empty split does not", line(usage(cache_creation={"ephemeral_5m_input_tokens": 0,
                                                              "ephemeral_1h_input_tokens": 0})), ANSWER),
    one("nor does one that is null, or none", [line(usage(cache_creation=None)), line(
        usage(cache_creation=[]), 2, "msg_2")], ANSWER, dict(ANSWER, id="msg_2", time_ms=T + 60000)),
    one("fast, in the US, within a batch, searching", line(usage(
        speed="fast", inference_geo="us", service_tier="batch", server_tool_use={"web_search_requests": 3})),
        dict(ANSWER, flags=["fast", "us", "batch"], web_searches=3)),
    one("standard everything", line(usage(speed="standard", inference_geo="not_available", service_tier="standard",
                                          server_tool_use={"web_search_requests": 0})), ANSWER),
    one("null everything", line(usage(speed=None, inference_geo=None, service_tier=None, server_tool_use=None,
                                      output_tokens_details=None), costUSD=None, cwd=None), dict(ANSWER, project=None)),
    one("null in the line", [TEXT.replace(b'"req_1"', b"null").replace(b'"2.1.205"', b"null")], ANSWER),
    one("what was thought is part of the output", line(usage(output_tokens_details={"thinking_tokens": 15})),
        dict(ANSWER, reasoning=15)),
    one("a cost that is said", line(costUSD=0.123456789), dict(ANSWER, cost_reported_nanousd=123_456_789)),
    one("costs that are none", [line(costUSD=-1), line(costUSD="x", minute=2, id="msg_2")], ANSWER,
        dict(ANSWER, id="msg_2", time_ms=T + 60000)),
    one("numbers as text", line(usage(input_tokens="10", output_tokens="20")), ANSWER),
    one("negative numbers are none", line(usage(input_tokens=-5)), dict(ANSWER, input=None)),
    one("fractions and exponents", line(usage(input_tokens=10.0)), ANSWER),
    one("numbers of another type", line(usage(input_tokens=[10], output_tokens={"a": 1}, cache_read_input_tokens=True)),
        {"cache_write_5m": 40}),
    one("only numbers of another type", line({"input_tokens": None, "output_tokens": "x"}),
        complaints={"usage without a number": 1}),
    one("more than an answer can have", [line(usage(input_tokens=10**13)), line(usage(output_tokens=10**30), 2)],
        complaints={"more tokens than an answer can have": 2}),
    one("of two values of one name the last one counts",
        [TEXT.replace(b'"input_tokens":10', b'"input_tokens":9,"input_tokens":10'),
         TEXT.replace(b'"usage":', b'"usage":{"input_tokens":99,"speed":"fast"},"usage":').replace(b"msg_01", b"msg_02"),
         TEXT.replace(b'"message":', b'"message":{"id":"no","usage":{"cache_creation":{"ephemeral_1h_input_tokens":9}},'
                                     b'"content":[{"type":"tool_use","name":"No"}]},"message":').replace(b"msg_01", b"msg_03")],
        ANSWER, dict(ANSWER, id="msg_02"), dict(ANSWER, id="msg_03")),
    one("a usage that is taken back", [TEXT.replace(b'"stop_reason"', b'"usage":{"input_tokens":1},"stop_reason"').replace(
        b'"usage":{"input_tokens":10', b'"usage":null,"x":{"input_tokens":10')]),
    one("damaged UTF-8 elsewhere in the line", [TEXT.replace(b'"text":"x"', b'"text":"\xff\xc3\x28\xed\xa0\x80"')], ANSWER),
    one("NUL bytes in a text", [TEXT.replace(b'"text":"x"', b'"text":"\x00\x00"')], ANSWER),
    one("a byte-order mark", b"\xef\xbb\xbf" + TEXT + b"\n", ANSWER),
    one("a last line without an end", TEXT, ANSWER),
    one("a last line that is cut", TEXT + b"\n" + text(minute=2, id="msg_2")[:-3], ANSWER),
    one("a line that was cut for ever", [TEXT[:-9], text(minute=2, id="msg_2")],
        dict(ANSWER, id="msg_2", time_ms=T + 60000), complaints={"a damaged line": 1}),
    one("a cut line and the next one in one", [TEXT[:-9] + TEXT], complaints={"a damaged line": 1}),
    one("empty lines and lines of blanks", b"\n\n  \n" + TEXT + b"\n\n\x00\x00\n", ANSWER),
    timed("2026-03-01T12:01:00Z", T), timed("2026-03-01T12:01:00.5Z", T + 500),
    timed("2026-03-01T12:01:00.123456789Z", T + 123), timed("2026-03-01T13:01:00.000+01:00", T),
    timed("2026-03-01T06:31:00-0530", T), timed("2026-03-01 12:01:00", T),
    one("a time as a number", line(timestamp=T // 1000), ANSWER),
    one("no time", [line(timestamp=None), line(timestamp="soon"), line(timestamp="2026-02-30T99:00:00Z")],
        complaints={"usage without a time": 3}),
    one("a clock that is ahead", line(timestamp="2999-01-01T00:00:00.000Z"), dict(ANSWER, time_ms=32472144000000)),
    one("the project is where the session began", [line(), line(minute=2, id="msg_2", cwd="/elsewhere")],
        ANSWER, dict(ANSWER, id="msg_2", time_ms=T + 60000)),
    one("a directory whose name is escaped", line(cwd='/home/u/"ä"'), dict(ANSWER, project='/home/u/"ä"')),
    one("the branch is each line's own", [line(), line(minute=2, id="msg_2", gitBranch="side"),
                                          line(minute=3, id="msg_3", gitBranch=None)],
        ANSWER, dict(ANSWER, id="msg_2", time_ms=T + 60000, branch="side"),
        dict(ANSWER, id="msg_3", time_ms=T + 120000, branch=None)),
    one("the file stands for a session that is not named", line(sessionId=None), ANSWER),
    one("models as they are written", [
        line(model="us.anthropic.claude-sonnet-4-5-20250929-v1:0"), line(model="claude-opus-4-8[1m]", minute=2, id="msg_2"),
        line(model=None, minute=3, id="msg_3")],
        dict(ANSWER, model="us.anthropic.claude-sonnet-4-5-20250929-v1:0"),
        dict(ANSWER, id="msg_2", time_ms=T + 60000, model="claude-opus-4-8[1m]"),
        dict(ANSWER, id="msg_3", time_ms=T + 120000, model=None)),
    one("servers' own tools are tools", line(content=[{"type": "server_tool_use", "name": "web_search", "input": {}},
                                                      {"type": "tool_use", "name": 5}, 7, "tool_use"]),
        dict(ANSWER, tools=["web_search"])),
    one("content that is text", line(content='[{"type":"tool_use","name":"No"}]'), ANSWER),
    one("a line longer than what is read at once", [
        line(content=[{"type": "text", "text": '"usage" \\ ' * 60_000}]), line(minute=2, id="msg_2")],
        ANSWER, dict(ANSWER, id="msg_2", time_ms=T + 60000)),
    one("a long last line without an end", TEXT.replace(b'"text":"x"', b'"text":"' + b"x" * 300_000 + b'"'), ANSWER),
    one("a long last line that is cut", TEXT.replace(b'"text":"x"', b'"text":"' + b"x" * 300_000 + b'"')[:-1]),
    one("needles where pieces meet", [{"x": "y" * n} for n in (131_050, 131_000, 3)] + [line()] * 3 + [
        {"x": "y" * 130_700}, line(minute=2, id="msg_2")], ANSWER, dict(ANSWER, id="msg_2", time_ms=T + 60000)),
]

PLACES = [
    {"reader": "claude", "env": {}, "places": ["~/.config/claude/projects", "~/.claude/projects"],
     "wants": ["a/b.jsonl", "a/b/subagents/agent-1.jsonl", "a/b/subagents/workflows/w/agent-1.jsonl", "x.jsonl"],
     "refuses": ["a/b.json", "a/b/subagents/agent-1.meta.json", "a/b.jsonl.bak", "a/b"]},
    {"reader": "claude", "env": {"XDG_CONFIG_HOME": "{home}/x"}, "places": ["~/x/claude/projects", "~/.claude/projects"]},
    {"reader": "claude", "env": {"CLAUDE_CONFIG_DIR": "{home}/a, {home}/b/projects/ ,~/c/"},
     "places": ["~/a/projects", "~/b/projects", "~/c/projects"]},
    {"reader": "claude", "env": {"CLAUDE_CONFIG_DIR": "  "},
     "places": ["~/.config/claude/projects", "~/.claude/projects"]},
]
