# SPDX-License-Identifier: MIT
"""pi, OpenClaw, Qwen Code, Kimi and fettle's own ledger: a line for each answer."""
import json

T = 1772366460000  # 2026-03-01T12:01:00Z


def time(minute=1):
    return f"2026-03-01T12:{minute:02}:00.000Z"


def without(line, name):
    return {key: value for key, value in line.items() if key != name}


def of(reader, *cases):
    return [dict(case, reader=reader) for case in cases]


# ---- pi ----

PI = "--home-u-app--/2026-03-01T12-00-00-000Z_s1.jsonl"
PI_FORK = "--home-u-app--/2026-03-01T13-00-00-000Z_s2.jsonl"
SESSION = {"type": "session", "version": 3, "id": "s1", "timestamp": time(0), "cwd": "/home/u/app"}
PI_USAGE = {"input": 10, "output": 20, "cacheRead": 30, "cacheWrite": 40, "totalTokens": 100,
            "cost": {"input": 0.01, "output": 0.02, "total": 0.25}}


def message(usage=PI_USAGE, minute=1, role="assistant", content=(), **more):
    inside = {"role": role, "content": list(content), "provider": "anthropic",
              "model": "claude-sonnet-4-5", "usage": usage, "stopReason": "stop", **more}
    return {"type": "message", "id": f"a{minute}", "parentId": None, "timestamp": time(minute),
            "message": {key: value for key, value in inside.items() if value is not None}}


PI_ANSWER = {"time_ms": T, "model": "claude-sonnet-4-5", "provider": "anthropic", "input": 10, "output": 20,
             "cache_read": 30, "cache_write_5m": 40, "cost_reported_nanousd": 250_000_000}
PI_TEXT = json.dumps(message()).encode()

PI_CASES = [
    {"name": "an answer", "files": {PI: [SESSION, message()]},
     "expect": [dict(PI_ANSWER, session="s1", project="/home/u/app")],
     "compat": [dict(PI_ANSWER, session="s1", project="--home-u-app--")]},
    {"name": "without a session line the path names both", "files": {PI: [message()]},
     "expect": [dict(PI_ANSWER, session="2026-03-01T12-00-00-000Z_s1", project="--home-u-app--")]},
    {"name": "copies in a branched session are one answer",
     "files": {PI: [SESSION, message(), message()], PI_FORK: [
         dict(SESSION, id="s2"), dict(message(), id="b9"), message(minute=2)]},
     "expect": [PI_ANSWER, dict(PI_ANSWER, time_ms=T + 60000)],
     "compat": [PI_ANSWER, PI_ANSWER, dict(PI_ANSWER, time_ms=T + 60000)]},
    {"name": "a total larger than its parts", "files": {PI: [message(dict(PI_USAGE, totalTokens=150))]},
     "expect": [dict(PI_ANSWER, other=50)]},
    {"name": "no cost, and a total alone",
     "files": {PI: [message({"input": 3, "output": 4}), message({"totalTokens": 7}, 2)]},
     "expect": [{"input": 3, "output": 4}, {"other": 7}],
     "compat": [{"input": 3, "output": 4}, {"output": 7}]},
    {"name": "tools are named", "files": {PI: [message(content=[
        {"type": "text", "text": "\"usage\""}, {"type": "toolCall", "id": "1", "name": "bash",
                                                "arguments": {"name": "no", "usage": {"input": 5}}},
        {"type": "toolCall", "id": "2", "name": "read"}, {"type": "toolCall"}, 7])]},
     "expect": [dict(PI_ANSWER, tools=["bash", "read"])]},
    {"name": "what people say and what failed before it began is no answer",
     "files": {PI: [message(role="user"), message(None), message({"input": 0, "output": 0}),
                    {"type": "compaction", "timestamp": time(), "usage": PI_USAGE},
                    {"type": "custom", "data": {"message": message()}}]},
     "expect": []},
    {"name": "a message's own time stands in", "files": {PI: [
        without(message(timestamp=T), "timestamp")]}, "expect": [PI_ANSWER], "compat": []},
    {"name": "no time, no number, a line that is cut or goes on",
     "files": {PI: [without(message(), "timestamp"), message({"input": "x", "output": None}),
                    PI_TEXT[:-9], PI_TEXT + b"}", b"\x00" + PI_TEXT, message(minute=2)]},
     "expect": [dict(PI_ANSWER, time_ms=T + 60000)],
     "complaints": {"usage without a time": 1, "usage without a number": 1, "a damaged line": 3}},
    {"name": "numbers as text, negative, null and of another type",
     "files": {PI: [message({"input": "10", "output": -3, "cacheRead": None, "cacheWrite": [40],
                             "totalTokens": {}, "cost": {"total": "0.5"}})]},
     "expect": [{"input": 10, "cost_reported_nanousd": 500_000_000}]},
    {"name": "invalid UTF-8 and unknown members do no harm",
     "files": {PI: [PI_TEXT.replace(b'"stop"', b'"\xff\xfe"').replace(b'{"type"', b'{"new":[{}],"type"', 1)]},
     "expect": [PI_ANSWER]},
]

# ---- OpenClaw ----

CLAW = "agents/main/sessions/s1.jsonl"
NAMELESS = message(model=None, provider=None)
CLAW_CASES = [
    {"name": "an answer", "files": {CLAW: [SESSION, message()]},
     "expect": [dict(PI_ANSWER, session="s1", project="/home/u/app")]},
    {"name": "the model that was chosen before", "files": {CLAW: [
        {"type": "model_change", "timestamp": time(0), "provider": "openai", "modelId": "gpt-5"}, NAMELESS,
        {"type": "custom", "customType": "model-snapshot", "data": {"provider": "zai", "modelId": "glm-5"}},
        message(minute=2, model=None, provider=None), message(minute=3),
        {"type": "model_change", "provider": "x", "modelId": None}]},
     "expect": [dict(PI_ANSWER, model="gpt-5", provider="openai"),
                dict(PI_ANSWER, time_ms=T + 60000, model="glm-5", provider="zai"),
                dict(PI_ANSWER, time_ms=T + 120000)]},
    {"name": "a model nobody names", "files": {CLAW: [NAMELESS]},
     "expect": [dict(PI_ANSWER, model=None, provider=None)],
     "compat": [dict(PI_ANSWER, model="unknown", provider=None)]},
    {"name": "a session that was deleted or reset still counts",
     "files": {CLAW + ".deleted.2026-03-02T00-00-00Z": [message()],
               CLAW + ".reset.2026-03-02T00-00-00Z": [message(minute=2)]},
     "expect": [PI_ANSWER, dict(PI_ANSWER, time_ms=T + 60000)]},
    {"name": "damaged lines", "files": {CLAW: [PI_TEXT[:-1], message()]},
     "expect": [PI_ANSWER], "complaints": {"a damaged line": 1}},
]

# ---- Qwen Code ----

QWEN = "-home-u-app/chats/s1.jsonl"


def qwen(prompt, candidates, thoughts=0, cached=0, total=0, minute=1, **more):
    return {"uuid": f"u{minute}", "parentUuid": None, "sessionId": "S1", "timestamp": time(minute),
            "type": "assistant", "cwd": "/home/u/app", "gitBranch": "main", "model": "qwen3-coder-plus",
            "message": {"role": "model", "parts": [{"text": "x"}]},
            "usageMetadata": {"promptTokenCount": prompt, "candidatesTokenCount": candidates,
                              "thoughtsTokenCount": thoughts, "cachedContentTokenCount": cached,
                              "totalTokenCount": total}, **more}


QWEN_ANSWER = {"time_ms": T, "model": "qwen3-coder-plus", "input": 60, "cache_read": 40, "output": 25,
               "reasoning": 5}
QWEN_LINE = qwen(100, 20, 5, 40, 125)
QWEN_CASES = [
    {"name": "the prompt holds what was cached, thoughts are more output", "files": {QWEN: [QWEN_LINE]},
     "expect": [dict(QWEN_ANSWER, session="S1", project="/home/u/app", branch="main")],
     "compat": [{"input": 100, "cache_read": 40, "output": 20, "other": 5}]},
    {"name": "thoughts within the candidates", "files": {QWEN: [qwen(100, 20, 5, 40, 120)]},
     "expect": [dict(QWEN_ANSWER, output=20)]},
    {"name": "a total larger than its parts", "files": {QWEN: [qwen(100, 20, 5, 40, 200)]},
     "expect": [dict(QWEN_ANSWER, other=75)]},
    {"name": "a total alone", "files": {QWEN: [qwen(0, 0, 0, 0, 200)]}, "expect": [{"other": 200}],
     "compat": [{"output": 200, "project": "-home-u-app"}]},
    {"name": "cached is capped at the prompt", "files": {QWEN: [qwen(10, 20, 0, 40, 30)]},
     "expect": [{"cache_read": 10, "output": 20}]},
    {"name": "copies in a branched conversation are one answer",
     "files": {QWEN: [QWEN_LINE, QWEN_LINE], QWEN.replace("s1", "s2"): [dict(QWEN_LINE, sessionId="S2")]},
     "expect": [QWEN_ANSWER]},
    {"name": "without a uuid the time and the counts tell copies",
     "files": {QWEN: [without(QWEN_LINE, "uuid"), without(QWEN_LINE, "uuid"),
                      without(qwen(100, 20, 5, 40, 125, 2), "uuid")]},
     "expect": [QWEN_ANSWER, dict(QWEN_ANSWER, time_ms=T + 60000)]},
    {"name": "tools are named, the first directory is the project",
     "files": {QWEN: [dict(QWEN_LINE, message={"parts": [
         {"functionCall": {"name": "read_file", "args": {"name": "no"}}}, {"functionCall": {}}, None]}),
         qwen(1, 1, minute=2, cwd="/tmp")]},
     "expect": [dict(QWEN_ANSWER, tools=["read_file"], project="/home/u/app"),
                {"input": 1, "output": 1, "project": "/home/u/app"}]},
    {"name": "other kinds of lines", "files": {QWEN: [
        dict(QWEN_LINE, type="user"), dict(QWEN_LINE, usageMetadata=None),
        {"type": "system", "subtype": "ui_telemetry", "systemPayload": {"usageMetadata": {}}}]},
     "expect": []},
    {"name": "no time, no number, a cut line", "files": {QWEN: [
        dict(QWEN_LINE, timestamp="soon"), dict(QWEN_LINE, usageMetadata={"promptTokenCount": True}),
        json.dumps(QWEN_LINE)[:-2], qwen("7", -1, None, "x", 0)]},
     "expect": [{"input": 7}],
     "complaints": {"usage without a time": 1, "usage without a number": 1, "a damaged line": 1}},
]

# ---- Kimi ----

KIMI = "sessions/0123abcd/s1/wire.jsonl"
KIMI_USAGE = {"input_other": 10, "output": 20, "input_cache_read": 30, "input_cache_creation": 40}


def status(usage=KIMI_USAGE, seconds=T / 1000, message_id="m1"):
    return {"type": "StatusUpdate", "payload": {"context_usage": 0.1, "token_usage": usage,
                                                "message_id": message_id}}, seconds


def wire(inside):
    return {"timestamp": inside[1], "message": inside[0]}


def wrapped(inside):
    return {"type": "SubagentEvent", "payload": {"task_tool_call_id": "t", "event": inside[0]}}, inside[1]


KIMI_ANSWER = {"time_ms": T, "model": "kimi-for-coding", "flags": ["guessed_model"], "input": 10, "output": 20,
               "cache_read": 30, "cache_write_5m": 40}
KIMI_AGENT = dict(KIMI_ANSWER, flags=["sidechain", "guessed_model"], agent="agent")
CODE = "sessions/wd_app_01/s1/agents/main/wire.jsonl"
CODE_ANSWER = {"time_ms": T, "model": "k2", "input": 10, "output": 20, "cache_read": 30, "cache_write_5m": 40}


def call(scope, second=0, **more):
    return {"type": "usage.record", "model": "kimi-code/k2", "usage": {
        "inputOther": 10, "output": 20, "inputCacheRead": 30, "inputCacheCreation": 40},
        "usageScope": scope, "time": T + 1000 * second, **more}


KIMI_CASES = [
    {"name": "an answer", "files": {KIMI: [{"type": "metadata", "protocol_version": "1.3"}, wire(status())]},
     "expect": [dict(KIMI_ANSWER, session="s1", project="0123abcd")], "compat": [KIMI_ANSWER]},
    {"name": "a message that is told again, and grows",
     "files": {KIMI: [wire(status(dict(KIMI_USAGE, output=1))), wire(status(seconds=T / 1000 + 1))]},
     "expect": [KIMI_ANSWER],
     "compat": [dict(KIMI_ANSWER, output=1), dict(KIMI_ANSWER, time_ms=T + 1000)]},
    {"name": "without an id the time tells answers apart",
     "files": {KIMI: [wire(status(message_id=None)), wire(status(message_id=None)),
                      wire(status(seconds=T / 1000 + 1, message_id=None))]},
     "expect": [KIMI_ANSWER, dict(KIMI_ANSWER, time_ms=T + 1000)]},
    {"name": "an agent's, told twice, is one answer", "files": {
        KIMI: [wire(wrapped(status())), wire(wrapped(wrapped(status(message_id="m2"))))],
        "sessions/0123abcd/s1/subagents/a1/wire.jsonl": [wire(status())]},
     "expect": [dict(KIMI_AGENT, session="s1")] * 2, "compat": [KIMI_AGENT]},
    {"name": "a total larger than its parts", "files": {KIMI: [wire(status(dict(KIMI_USAGE, total=500)))]},
     "expect": [dict(KIMI_ANSWER, other=400)]},
    {"name": "Kimi Code's calls, in turns and outside of them", "files": {
        CODE: [call("turn"), call("turn"), call("session", 1), call("turn", 2, model=None)],
        CODE.replace("main", "a7"): [call("turn", 3)], CODE.replace("s1", "t1"): [call("turn")]},
     "expect": [dict(CODE_ANSWER, session="s1", project="wd_app_01"), dict(CODE_ANSWER, time_ms=T + 1000),
                dict(CODE_ANSWER, time_ms=T + 2000, model="kimi-for-coding", flags=["guessed_model"]),
                dict(CODE_ANSWER, time_ms=T + 3000, flags=["sidechain"], agent="a7")]},
    {"name": "ccusage counts Kimi Code's calls in turns only", "files": {CODE: [call("turn"), call("session", 1)]},
     "expect": [CODE_ANSWER, dict(CODE_ANSWER, time_ms=T + 1000)], "compat": [CODE_ANSWER]},
    {"name": "other kinds of lines", "files": {KIMI: [
        wire(status(None)), wire(status({"input_other": 0})), {"token_usage": KIMI_USAGE},
        wire(({"type": "ToolResult", "payload": {"token_usage": KIMI_USAGE}}, T / 1000))]},
     "expect": []},
    {"name": "no time, no number, a cut line", "files": {KIMI: [
        wire(status(seconds=None)), wire(status({"output": "many"})), json.dumps(wire(status()))[:-1],
        wire(status({"input_other": "10", "output": -1}))]},
     "expect": [dict(without(without(KIMI_ANSWER, "output"), "cache_read"), cache_write_5m=None)],
     "complaints": {"usage without a time": 1, "usage without a number": 1, "a damaged line": 1}},
]

# ---- fettle ----

LEDGER = "2026-03.jsonl"
CALL = {"time_ms": T, "run_id": "r1", "session_id": "s1", "kind": "answer", "provider": "anthropic",
        "model": "claude-opus-5", "input": 10, "output": 20, "cache_read": 30, "cache_write": 40,
        "cache_write_1h": 15, "reasoning": 5, "cost_nanousd": 123, "duration_ms": 9, "outcome": "ok",
        "project": "/home/u/app", "branch": "main"}
CALL_ANSWER = {"time_ms": T, "session": "s1", "project": "/home/u/app", "branch": "main",
               "provider": "anthropic", "model": "claude-opus-5", "input": 10, "output": 20,
               "cache_read": 30, "cache_write_5m": 25, "cache_write_1h": 15, "reasoning": 5,
               "cost_reported_nanousd": 123}
FETTLE_CASES = [
    {"name": "a call", "files": {LEDGER: [CALL]}, "expect": [CALL_ANSWER]},
    {"name": "equal lines are two calls", "files": {LEDGER: [CALL, CALL]},
     "expect": [CALL_ANSWER, CALL_ANSWER]},
    {"name": "embeddings and batches", "files": {LEDGER: [
        {"time_ms": T, "run_id": "r1", "kind": "embedding", "model": "e", "input": 7, "outcome": "ok"},
        dict(CALL, kind="batch", time_ms=T + 1)]},
     "expect": [{"session": "r1", "input": 7}, dict(CALL_ANSWER, time_ms=T + 1, flags=["batch"])]},
    {"name": "what was only estimated", "files": {LEDGER: [
        {"time_ms": T, "run_id": "r1", "kind": "answer", "model": "m", "estimated_nanousd": 5000,
         "outcome": "network"}]},
     "expect": [{"time_ms": T, "model": "m", "cost_reported_nanousd": 5000}]},
    {"name": "calls that took nothing", "files": {LEDGER: [
        {"time_ms": T, "run_id": "r1", "kind": "answer", "model": "m", "outcome": "network"},
        {"time_ms": T, "run_id": "r1", "kind": "answer", "model": "m", "cost_nanousd": 0, "outcome": "ok"}]},
     "expect": []},
    {"name": "a disk that was full, and a time that is none", "files": {LEDGER: [
        '{"time_ms":1772366460000,"run_id":"r', '{"time_ms":17723{"time_ms":1772366460000,"input":5}',
        dict(CALL, time_ms="x"), CALL]},
     "expect": [CALL_ANSWER], "complaints": {"a damaged line": 2, "a call without a time": 1}},
    {"name": "more within the hour than in all", "files": {LEDGER: [
        dict(CALL, cache_write_1h=90, reasoning=90)]},
     "expect": [dict(without(CALL_ANSWER, "cache_write_5m"), cache_write_1h=40, reasoning=20)]},
]

CASES = (of("pi", *PI_CASES) + of("openclaw", *CLAW_CASES) +
         of("qwen", *QWEN_CASES) + of("kimi", *KIMI_CASES) +
         of("fettle", *FETTLE_CASES))

PLACES = [
    {"reader": "pi", "env": {}, "places": ["~/.pi/agent/sessions"], "wants": [PI], "refuses": ["a.json"]},
    {"reader": "pi", "env": {"PI_AGENT_DIR": "{home}/x,~/y/", "PI_CODING_AGENT_DIR": "/z"},
     "places": ["~/x", "~/y"]},
    {"reader": "pi", "env": {"PI_CODING_AGENT_DIR": "{home}/x"}, "places": ["~/x/sessions"]},
    {"reader": "openclaw", "env": {}, "places": ["~/.openclaw", "~/.clawdbot", "~/.moltbot", "~/.moldbot"],
     "wants": [CLAW, CLAW + ".deleted.x", CLAW + ".reset.x"], "refuses": ["a.json", CLAW + ".lock"]},
    {"reader": "openclaw", "env": {"OPENCLAW_DIR": "~/x"}, "places": ["~/x"]},
    {"reader": "openclaw", "env": {"OPENCLAW_STATE_DIR": "~/x"}, "places": ["~/x"]},
    {"reader": "qwen", "env": {}, "places": ["~/.qwen/projects"], "wants": [QWEN],
     "refuses": ["p/s1.jsonl", "p/q/chats/s1.jsonl", "p/chats/s1.json"]},
    {"reader": "qwen", "env": {"QWEN_DATA_DIR": "~/x"}, "places": ["~/x/projects"]},
    {"reader": "kimi", "env": {}, "places": ["~/.kimi", "~/.kimi-code"], "wants": [KIMI, CODE],
     "refuses": ["sessions/a/s/context.jsonl", "other/wire.jsonl"]},
    {"reader": "kimi", "env": {"KIMI_DATA_DIR": "~/x"}, "places": ["~/x"]},
    {"reader": "kimi", "env": {"KIMI_CODE_HOME": "~/x"}, "places": ["~/.kimi", "~/x"]},
    {"reader": "fettle", "env": {}, "places": ["~/.local/state/fettle/ledger"], "wants": [LEDGER],
     "refuses": ["old/2026-03.jsonl", "lock"]},
    {"reader": "fettle", "env": {"XDG_STATE_HOME": "{home}/x"}, "places": ["~/x/fettle/ledger"]},
    {"reader": "fettle", "env": {"HOME": "", "XDG_STATE_HOME": "relative"}, "places": []},
]
