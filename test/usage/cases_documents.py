# SPDX-License-Identifier: MIT
"""Gemini CLI, Amp, Droid, Codebuff and Copilot CLI: documents, of which some are lines."""
import json

T = 1772366460000  # 2026-03-01T12:01:00Z
HOUR = 3_600_000


def time(minute=1):
    return f"2026-03-01T12:{minute:02}:00.000Z"


def without(item, name):
    return {key: value for key, value in item.items() if key != name}


def of(reader, *cases):
    return [dict(case, reader=reader) for case in cases]


def damaged(path, document, **more):
    """What is wrong with a document as a whole, for any reader of documents."""
    text = json.dumps(document).encode()
    broken = [("a document that is cut", text[:-9], "cut off"), ("an empty file", b"", "an empty file"),
              ("NUL bytes", b"\x00" * 40 + text, "not JSON"),
              ("two documents in one file", text + text, "not JSON")]
    other = [("a document of another kind is silent", {"version": 3, "items": [1, None, "x"]}),
             ("a number is silent", "12"), ("a list of other things is silent", "[1, null, [], {}, \"x\"]")]
    return [dict(more, name=name, files={path: data}, expect=[], complaints={why: 1})
            for name, data, why in broken] + [
                dict(more, name=name, files={path: data}, expect=[]) for name, data in other]


# ---- Gemini CLI ----

CHAT = "h1/chats/session-1.json"
LINES = "h1/chats/session-1.jsonl"
TOKENS = {"input": 100, "output": 10, "cached": 40, "thoughts": 5, "tool": 3, "total": 118}
HEAD = {"sessionId": "S1", "projectHash": "h1", "startTime": time(0), "lastUpdated": time(9), "kind": "main"}
# ccusage has what was thought beside the output, at its price.
GEMINI = {"time_ms": T, "session": "S1", "project": "h1", "model": "gemini-2.5-pro", "input": 63,
          "cache_read": 40, "output": 15, "reasoning": 5}
GEMINI_COMPAT = dict(without(GEMINI, "reasoning"), output=10, other=5)


def answer(number=1, tokens=None, minute=1, **more):
    item = {"id": f"g{number}", "timestamp": time(minute), "type": "gemini", "content": "x",
            "model": "gemini-2.5-pro", "tokens": dict(TOKENS, **(tokens or {})), **more}
    return {key: value for key, value in item.items() if value is not None}


def chat(*messages, **more):
    return dict(HEAD, messages=list(messages), **more)


STATS = {"session_id": "S7", "response": "x", "stats": {"models": {
    "gemini-2.5-pro": {"api": {"totalRequests": 2}, "tokens": {
        "prompt": 100, "candidates": 10, "total": 118, "cached": 40, "thoughts": 5, "tool": 3}},
    "gemini-2.5-flash": {"tokens": {"prompt": 50, "candidates": 5, "total": 55}}}, "tools": {}}}

GEMINI_CASES = [
    {"name": "cached tokens are within the input, those of tools are input, thoughts are output",
     "files": {CHAT: chat(answer())}, "expect": [GEMINI], "compat": [GEMINI_COMPAT]},
    {"name": "a total that is larger by the cached ones has them beside the input",
     "files": {CHAT: chat(answer(tokens={"total": 158}))},
     "expect": [dict(GEMINI, input=103)], "compat": [dict(GEMINI_COMPAT, input=103)]},
    {"name": "without a total cached tokens are within the input, but to ccusage",
     "files": {CHAT: chat(answer(tokens={"total": None}))},
     "expect": [GEMINI], "compat": [dict(GEMINI_COMPAT, input=103)]},
    {"name": "a total larger than its parts", "files": {CHAT: chat(answer(tokens={"total": 500}))},
     "expect": [dict(GEMINI, other=382)], "compat": [dict(GEMINI_COMPAT, input=103, other=347)]},
    {"name": "a total alone", "files": {CHAT: chat(answer(
        tokens={"input": 0, "output": 0, "cached": 0, "thoughts": 0, "tool": 0, "total": 77}))},
     "expect": [{"other": 77}], "compat": [{"output": 77}]},
    {"name": "an id that comes again is a copy, in another file, too",
     "files": {CHAT: chat(answer(), answer()), "h2/chats/session-2.json": chat(answer(), answer(2, minute=2))},
     "expect": [GEMINI, dict(GEMINI, time_ms=T + 60000, project="h2")],
     "compat": [dict(GEMINI_COMPAT), dict(GEMINI_COMPAT), dict(GEMINI_COMPAT, project="h2"),
                dict(GEMINI_COMPAT, time_ms=T + 60000, project="h2")]},
    {"name": "a later line replaces an earlier one, a smaller one, too",
     "files": {LINES: [HEAD, answer(), answer(2, minute=2), answer(tokens={"input": 50, "total": 68})]},
     "expect": [dict(GEMINI, input=13), dict(GEMINI, time_ms=T + 60000)],
     "compat": [dict(GEMINI_COMPAT, input=13), dict(GEMINI_COMPAT, time_ms=T + 60000)]},
    {"name": "lines without a head: the file names the session", "files": {LINES: [answer()]},
     "expect": [dict(GEMINI, session="session-1")]},
    {"name": "a subagent's lines", "files": {LINES: [dict(HEAD, kind="subagent"), answer()]},
     "expect": [dict(GEMINI, agent="subagent", flags=["sidechain"])]},
    {"name": "the project's path is in a file of its directory",
     "files": {CHAT: chat(answer()), "h1/.project_root": "/home/u/app\n"},
     "beside": "h1/.project_root", "expect": [dict(GEMINI, project="/home/u/app")]},
    {"name": "tools are named", "files": {CHAT: chat(answer(toolCalls=[
        {"id": "1", "name": "read_file", "args": {"name": "no"}}, {"name": "bash"}, {"id": "2"}, 7]))},
     "expect": [dict(GEMINI, tools=["read_file", "bash"])]},
    {"name": "without a time the conversation's start, without a model none",
     "files": {CHAT: chat(answer(timestamp=None, model=None))},
     "expect": [dict(without(GEMINI, "model"), time_ms=T - 60000)], "compat": []},
    {"name": "what people say and notes are no answers", "files": {
        CHAT: chat(answer(type="user"), answer(type="info"), answer(tokens=None, minute=2, id="g2") | {
            "tokens": None}), "h1/logs.json": "[{\"sessionId\":\"S1\",\"type\":\"user\"}]"},
     "expect": []},
    {"name": "sums of a run without a terminal, by model", "files": {"out.json": STATS},
     "expect": [dict(without(without(GEMINI, "project"), "time_ms"), session="S7"),
                {"session": "S7", "model": "gemini-2.5-flash", "input": 50, "output": 5}]},
    {"name": "such sums in lines, with the model of the first one", "files": {"out.jsonl": [
        {"type": "init", "timestamp": time(0), "session_id": "S8", "model": "gemini-2.5-pro"},
        {"type": "message", "role": "user", "content": "\"stats\""},
        {"type": "result", "timestamp": time(), "status": "success", "stats": {
            "total_tokens": 118, "input_tokens": 100, "output_tokens": 10, "cached": 40, "input": 60}}]},
     "expect": [{"time_ms": T, "session": "S8", "model": "gemini-2.5-pro", "input": 60, "cache_read": 40,
                 "output": 10, "other": 8}],
     "compat": [{"time_ms": T, "model": "gemini-2.5-pro", "input": 60, "cache_read": 40, "output": 10,
                 "other": 8}]},
    {"name": "numbers as text, negative, null and of another type", "files": {CHAT: chat(answer(
        tokens={"input": "100", "output": -3, "cached": None, "thoughts": [5], "tool": {}, "total": 1e3}))},
     "expect": [{"input": 100, "other": 900}]},
    {"name": "a name that is not UTF-8, a key that comes twice", "files": {CHAT: json.dumps(chat(
        answer(content="zz"))).encode().replace(b'"zz"', b'"\xff\xfe"').replace(
            b'"input": 100', b'"input": 1, "input": 100')}, "expect": [GEMINI]},
    {"name": "lines that are cut, not JSON, or hold NUL bytes", "files": {LINES: [
        HEAD, json.dumps(answer())[:-5], "\x00" + json.dumps(answer()), "[\"tokens\"]", answer()]},
     "expect": [GEMINI], "complaints": {"a damaged line": 2}},
    *damaged(CHAT, chat(answer())),
]

# ---- Amp ----

THREAD = "T-1.json"
AMP_USAGE = {"model": "claude-sonnet-4-5", "timestamp": time(), "inputTokens": 100, "outputTokens": 10,
             "cacheCreationInputTokens": 4, "cacheReadInputTokens": 3, "credits": 1.5}
AMP = {"time_ms": T, "session": "T-1", "model": "claude-sonnet-4-5", "input": 100, "output": 10,
       "cache_write_5m": 4, "cache_read": 3, "nanocredits": 1_500_000_000}
LEDGER = dict(AMP, nanocredits=2_500_000_000)
EVENT = {"id": "e1", "timestamp": time(), "model": "claude-sonnet-4-5", "credits": 2.5,
         "tokens": {"input": 107, "output": 10}, "fromMessageId": 0, "toMessageId": 1}


def thread(*messages, events=None, **more):
    ledger = {"usageLedger": {"events": events}} if events is not None else {}
    return {"v": 3, "id": "T-1", "created": T - HOUR, "title": "t", **ledger, "messages": [
        {"role": "user", "messageId": 0, "content": []}, *messages], **more}


def said(number=1, **usage):
    return {"role": "assistant", "messageId": number, "content": [
        {"type": "text", "text": "x"}], "usage": dict(AMP_USAGE, **usage)}


AMP_CASES = [
    {"name": "messages have the usage", "files": {THREAD: thread(said(), said(3, timestamp=time(2)))},
     "expect": [AMP, dict(AMP, time_ms=T + 60000)], "compat": [AMP, dict(AMP, time_ms=T + 60000)]},
    {"name": "a message that stands twice is one answer", "files": {THREAD: thread(said(), said())},
     "expect": [AMP], "compat": [AMP, AMP]},
    {"name": "a total larger than its parts", "files": {THREAD: thread(said(totalTokens=500))},
     "expect": [dict(AMP, other=383)], "compat": [dict(AMP, other=383)]},
    {"name": "without a time the thread's", "files": {THREAD: thread(said(timestamp=None))},
     "expect": [dict(AMP, time_ms=T - HOUR)], "compat": []},
    {"name": "where it was begun, and the tools", "files": {THREAD: thread(
        dict(said(), content=[{"type": "tool_use", "id": "t", "name": "Bash", "input": {}}]),
        env={"initial": {"trees": [{"uri": "file:///home/u/app",
                                    "repository": {"ref": "refs/heads/main"}}]}})},
     "expect": [dict(AMP, project="/home/u/app", branch="main", tools=["Bash"])]},
    {"name": "a ledger, and in its message how the input parts into caches",
     "files": {THREAD: thread(without(said(), "timestamp"), events=[EVENT])},
     "expect": [LEDGER], "compat": [dict(LEDGER, input=107)]},
    {"name": "a ledger with the input beside the caches",
     "files": {THREAD: thread(said(), events=[dict(EVENT, tokens={"input": 100, "output": 10})])},
     "expect": [LEDGER], "compat": [LEDGER]},
    {"name": "a ledger alone", "files": {THREAD: {"id": "T-1", "usageLedger": {"events": [EVENT]}}},
     "expect": [dict(without(without(LEDGER, "cache_read"), "cache_write_5m"), input=107)]},
    {"name": "a message that the ledger does not know is an answer, but to ccusage",
     "files": {THREAD: thread(said(), said(3, timestamp=time(2)), events=[EVENT])},
     "expect": [LEDGER, dict(AMP, time_ms=T + 60000)], "compat": [dict(LEDGER, input=107)]},
    {"name": "not where an event does not say which message it is about",
     "files": {THREAD: thread(said(), events=[without(EVENT, "toMessageId")])},
     "expect": [{"input": 107, "output": 10, "nanocredits": 2_500_000_000}]},
    {"name": "an event that stands twice", "files": {THREAD: thread(said(), events=[EVENT, EVENT])},
     "expect": [LEDGER], "compat": [dict(LEDGER, input=107)] * 2},
    {"name": "credits that are no numbers, below 0 or without end are none", "files": {THREAD: thread(*(
        said(number, timestamp=time(number), credits=credits) for number, credits in enumerate(
            ("1.5", -1, None, [1], 1e300, 0.1234567891), 1)))},
     "expect": [dict(AMP, time_ms=T + 60000 * n, nanocredits=c) for n, c in enumerate([None] * 5 + [123456789])],
     "compat": [dict(AMP, time_ms=T + 60000 * n, nanocredits=c) for n, c in enumerate([None] * 5 + [123456789])]},
    {"name": "what is of a wrong type is absent", "files": {THREAD: thread(
        said(inputTokens="100", outputTokens=-1, cacheReadInputTokens=None, cacheCreationInputTokens=[4]),
        {"messageId": {}, "usage": []}, 7, env=[], events={})},
     "expect": [{"input": 100, "nanocredits": 1_500_000_000}]},
    *damaged(THREAD, thread(said())),
]

# ---- Droid ----

SETTINGS = "-home-u-app/s1.settings.json"
USED = {"inputTokens": 100, "outputTokens": 20, "cacheCreationTokens": 4, "cacheReadTokens": 3,
        "thinkingTokens": 7}
DROID = {"time_ms": T, "session": "s1", "project": "-home-u-app", "model": "claude-sonnet-4-5-20250929",
         "provider": "anthropic", "input": 100, "output": 27, "reasoning": 7, "cache_write_5m": 4,
         "cache_read": 3}
DROID_COMPAT = dict(without(DROID, "reasoning"), output=20, other=7)


def settings(**more):
    item = {"assistantActiveTimeMs": 5, "model": "claude-sonnet-4-5-20250929", "providerLock": "anthropic",
            "providerLockTimestamp": time(), "tokenUsage": USED, **more}
    return {key: value for key, value in item.items() if value is not None}


DROID_CASES = [
    {"name": "sums of a session at the time its provider was chosen", "files": {SETTINGS: settings()},
     "expect": [DROID], "compat": [DROID_COMPAT]},
    {"name": "a session in two places is one", "files": {SETTINGS: settings(), "b/s1.settings.json": settings()},
     "expect": [dict(DROID, project="b")]},
    {"name": "a model of the user's own", "files": {SETTINGS: settings(
        model="custom:Claude-Opus-4.5-[Anthropic]-0")},
     "expect": [dict(DROID, model="claude-opus-4-5")], "compat": [dict(DROID_COMPAT, model="claude-opus-4-5-0")]},
    {"name": "the transcript beside it names the directory and the model", "files": {
        SETTINGS: settings(model=None), "-home-u-app/s1.jsonl": [
            {"type": "session_start", "id": "s1", "cwd": "/home/u/app"},
            {"type": "message", "message": {"role": "user", "content": [
                {"type": "text", "text": "<reminder>Model: Claude Opus 4.5\nToday</reminder>"}]}}]},
     "beside": "-home-u-app/s1.jsonl",
     "expect": [dict(DROID, project="/home/u/app", model="claude-opus-4-5")]},
    {"name": "no model is none, but to ccusage", "files": {SETTINGS: settings(model=None)},
     "expect": [dict(DROID, model=None)], "compat": [dict(DROID_COMPAT, model="claude-unknown")]},
    {"name": "a total alone, and one larger than its parts", "files": {
        SETTINGS: settings(tokenUsage={"totalTokens": 500}),
        "b/s2.settings.json": settings(tokenUsage=dict(USED, totalTokens=500))},
     "expect": [{"session": "s1", "other": 500}, dict(without(DROID, "project"), session="s2", other=366)]},
    {"name": "no tokens yet", "files": {SETTINGS: settings(tokenUsage={"inputTokens": 0})}, "expect": []},
    {"name": "what is of a wrong type is absent", "files": {SETTINGS: settings(
        model=7, providerLock=[], tokenUsage={"inputTokens": "5", "outputTokens": -2, "thinkingTokens": {}})},
     "expect": [{"input": 5, "time_ms": T}]},
    *damaged(SETTINGS, settings()),
]

# ---- Codebuff ----

MESSAGES = "app/chats/2026-03-01T12-00-00.000Z/chat-messages.json"
CODEBUFF = {"time_ms": T, "model": "claude-sonnet-4-5", "project": "app", "input": 100, "output": 10,
            "cache_write_5m": 4, "cache_read": 3, "nanocredits": 3_000_000_000}


def reply(number=1, usage=AMP_USAGE, **more):
    return {"id": f"ai-{number}", "variant": "ai", "content": "", "timestamp": time(), "credits": 3,
            "metadata": {"model": "claude-sonnet-4-5", "usage": without(usage, "model")}, **more}


def in_run(*usages):
    history = [{"role": "user", "content": "x"}, *({"role": "assistant", "providerOptions": {
        "codebuff": {"model": model, "usage": usage}}} for model, usage in usages)]
    return {"runState": {"sessionState": {"fileContext": {"cwd": "/home/u/app"},
                                          "mainAgentState": {"messageHistory": history}}}}


CODEBUFF_CASES = [
    {"name": "an answer's usage is in its metadata", "files": {MESSAGES: [reply()]}, "whole": True,
     "expect": [CODEBUFF], "compat": [CODEBUFF]},
    {"name": "an id that comes again in a conversation is a copy, in another one it is not",
     "files": {MESSAGES: [reply(), reply()], MESSAGES.replace("T12", "T11"): [reply()]},
     "expect": [CODEBUFF, CODEBUFF], "compat": [CODEBUFF, CODEBUFF]},
    {"name": "or in the last answer of its run", "files": {MESSAGES: [reply(metadata=in_run(
        ("m1", {"promptTokens": 9}), ("m2", {"promptTokens": 100, "completionTokens": 10})))]},
     "expect": [{"model": "m2", "project": "/home/u/app", "input": 100, "output": 10, "nanocredits": 3_000_000_000}],
     "compat": [{"model": "m2", "input": 100, "output": 10, "nanocredits": 3_000_000_000}]},
    {"name": "cached tokens in details are within the input, but to ccusage",
     "files": {MESSAGES: [reply(usage={"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110,
                                       "prompt_tokens_details": {"cached_tokens": 60}})]},
     "expect": [{"input": 40, "cache_read": 60, "output": 10, "nanocredits": 3_000_000_000}],
     "compat": [{"input": 100, "cache_read": 60, "output": 10, "nanocredits": 3_000_000_000}]},
    {"name": "a time of day is none: the conversation's beginning", "files": {MESSAGES: [
        reply(timestamp="12:01 PM")]}, "expect": [dict(CODEBUFF, time_ms=T - 60000)]},
    {"name": "no model is none, but to ccusage", "files": {MESSAGES: [
        reply(metadata={"usage": {"inputTokens": 5}})]},
     "expect": [{"model": None, "input": 5, "nanocredits": 3_000_000_000}],
     "compat": [{"model": "codebuff-unknown", "input": 5, "nanocredits": 3_000_000_000}]},
    {"name": "people's messages and credits without tokens do not count", "files": {MESSAGES: [
        reply(variant="user"), reply(2, metadata={"model": "m"}), reply(3, variant=None)]}, "expect": []},
    {"name": "a total larger than its parts", "files": {MESSAGES: [
        reply(usage=dict(AMP_USAGE, totalTokens=500))]}, "expect": [dict(CODEBUFF, other=383)]},
    *damaged(MESSAGES, [reply()]),
]
for case in CODEBUFF_CASES:
    # A list is lines to the runner, and a document here.
    case["files"] = {path: json.dumps(value) if isinstance(value, list) else value
                     for path, value in case["files"].items()}

# ---- Copilot CLI ----

OTEL = "otel.jsonl"
COPILOT = {"time_ms": T, "session": "c1", "model": "gpt-5.1", "input": 100, "output": 10, "messages": 1}


def attributes(tokens, response, **more):
    item = {"gen_ai.request.model": "gpt-5", "gen_ai.response.id": response,
            "gen_ai.usage.input_tokens": tokens[0], "gen_ai.usage.output_tokens": tokens[1], **more}
    return {key: value for key, value in item.items() if value is not None}


def span(operation="chat", trace="t1", number=1, response="r1", tokens=(100, 10), **more):
    return {"type": "span", "traceId": trace, "spanId": f"s{number}", "name": f"{operation} gpt-5",
            "startTime": [T // 1000 - 9, 0], "endTime": [T // 1000, 0], "attributes": attributes(
                tokens, response, **{"gen_ai.operation.name": operation, "gen_ai.response.model": "gpt-5.1",
                                     "gen_ai.conversation.id": "c1", **more})}


def log(event="gen_ai.client.inference.operation.details", trace="t1", response="r1", tokens=(100, 10), **more):
    item = {"hrTime": [T // 1000, 0], "resource": {"_rawAttributes": [["session.id", "w1"]]},
            "attributes": attributes(tokens, response, **{"event.name": event, **more}), "_body": event}
    return dict(item, spanContext={"traceId": trace, "spanId": "s0"}) if trace else item


def turn(index=0, **more):
    return log("copilot_chat.agent.turn", response=None, **{"turn.index": index, **more})


def summary(**more):
    return span("invoke_agent", number=0, response=None, tokens=(500, 50), **more)


LOGGED = dict(COPILOT, session="w1", model="gpt-5")
ENDED = "abc/events.jsonl"
START = {"type": "session.start", "id": "e0", "timestamp": time(0), "data": {
    "sessionId": "abc", "context": {"cwd": "/home/u/app", "branch": "main"}}}


def end(number=1, minute=1, **models):
    names = ("inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens", "reasoningTokens")
    return {"type": "session.shutdown", "id": f"e{number}", "timestamp": time(minute), "data": {
        "shutdownType": "routine", "modelMetrics": {model: {
            "requests": {"count": 2}, "usage": dict(zip(names, usage))} for model, usage in models.items()}}}


GPT = {"time_ms": T, "session": "abc", "project": "/home/u/app", "branch": "main", "model": "gpt",
       "input": 30, "cache_read": 60, "cache_write_5m": 10, "output": 20, "reasoning": 5, "messages": 2, "flags": ["summed"]}

COPILOT_CASES = [
    {"name": "the span of a request", "files": {OTEL: [span()]}, "expect": [COPILOT], "compat": [COPILOT]},
    {"name": "what a cache has to do with is within the input; ccusage leaves what is written there",
     "files": {OTEL: [span(**{"gen_ai.usage.cache_read.input_tokens": 60,
                              "gen_ai.usage.cache_creation.input_tokens": 20,
                              "gen_ai.usage.reasoning.output_tokens": 4})]},
     "expect": [dict(COPILOT, input=20, cache_read=60, cache_write_5m=20, reasoning=4)],
     "compat": [dict(COPILOT, input=40, cache_read=60, cache_write_5m=20, reasoning=4)]},
    {"name": "a total larger than its parts", "files": {OTEL: [span(**{"gen_ai.usage.total_tokens": 600})]},
     "expect": [dict(COPILOT, other=490)]},
    {"name": "a log, a turn and a summary, each alone", "files": {
        OTEL: [log(), turn(trace="t2"), summary(trace="t3")]},
     "expect": [LOGGED, LOGGED, dict(COPILOT, input=500, output=50)]},
    {"name": "a span stands for the log, the turn and the summary of its trace, in any order",
     "files": {OTEL: [summary(), turn(), log(response="r9"), span()]}, "expect": [COPILOT], "compat": [COPILOT]},
    {"name": "a log stands for the turn and the summary", "files": {OTEL: [summary(), turn(), log()]},
     "expect": [LOGGED]},
    {"name": "turns stand for the summary", "files": {OTEL: [turn(), turn(1), summary()]},
     "expect": [LOGGED, LOGGED]},
    {"name": "a log of another trace with the same answer is a copy", "files": {OTEL: [span(), log(trace="t9")]},
     "expect": [COPILOT]},
    {"name": "two requests of a trace", "files": {OTEL: [span(), span(number=2, response="r2")]},
     "expect": [COPILOT, COPILOT]},
    {"name": "a span or a turn that stands twice, in two files, too", "files": {
        OTEL: [span(), span(), turn(trace="t2"), turn(trace="t2")], "other.jsonl": [span()]},
     "expect": [COPILOT, LOGGED], "compat": [COPILOT, COPILOT, dict(LOGGED, session="t2"), dict(LOGGED, session="t2"), COPILOT]},
    {"name": "without traces a session's turns stand for its summary", "files": {OTEL: [
        turn(trace=None, **{"gen_ai.conversation.id": "c1"}), without(summary(), "traceId")]},
     "expect": [dict(LOGGED, session="c1")]},
    {"name": "the sums at a session's end", "files": {ENDED: [START, end(gpt=(100, 20, 60, 10, 5),
                                                                        haiku=(40, 8, 20, 5, 2))]},
     "expect": [GPT, dict(GPT, model="haiku", input=15, cache_read=20, cache_write_5m=5, output=8, reasoning=2)],
     "compat": [GPT, {"model": "haiku", "input": 15, "cache_read": 20, "cache_write_5m": 5, "output": 8,
                      "reasoning": 2, "messages": 2, "flags": ["summed"]}]},
    {"name": "what a session that went on has used since", "files": {ENDED: [
        START, end(gpt=(100, 20, 60, 10, 5)), {"type": "session.resume"},
        end(2, 3, gpt=(150, 30, 80, 10, 6))]},
     "expect": [GPT, {"time_ms": T + 120000, "model": "gpt", "input": 30, "cache_read": 20, "output": 10,
                      "reasoning": 1, "flags": ["summed"]}]},
    {"name": "sums that went down began anew; to ccusage each kind is by itself", "files": {ENDED: [
        START, end(gpt=(100, 20, 60, 0, 5)), end(2, 3, gpt=(50, 10, 8, 0, 1))]},
     "expect": [dict(without(GPT, "cache_write_5m"), input=40),
                {"input": 42, "output": 10, "cache_read": 8, "reasoning": 1, "messages": 2,
                 "flags": ["summed"]}],
     "compat": [dict(without(GPT, "cache_write_5m"), input=40), {"input": 2, "flags": ["summed"]}]},
    {"name": "lines that are cut, of other kinds or types", "files": {OTEL: [
        span(), json.dumps(span(number=2, response="r2"))[:-7], span("execute_tool", number=3, response="r3"),
        {"resourceMetrics": [{"gen_ai.usage.": 1}]}, "{\"x\":\"\\\"gen_ai.usage.\"}", "\x00\x00",
        span(number=4, response="r4", tokens=("100", -5)), span(number=5, response="r5", tokens=(None, [])),
        "", dict(span(number=6, response=None, trace=None), attributes=7, endTime="x")]},
     "expect": [COPILOT, dict(without(COPILOT, "output"))], "complaints": {"a damaged line": 1}},
    {"name": "a time in text, and none", "files": {OTEL: [
        dict(span(), endTime="2026-03-01T12:01:00Z"), dict(span(number=2, response="r2"), endTime=[0, 1],
                                                           startTime=[T // 1000, 5])]},
     "expect": [COPILOT, COPILOT]},
    {"name": "an empty file has nothing to say", "files": {OTEL: ""}, "expect": []},
]
for case in COPILOT_CASES:
    case["whole"] = True

CASES = [*of("gemini", *GEMINI_CASES), *of("amp", *AMP_CASES), *of("droid", *DROID_CASES),
         *of("codebuff", *CODEBUFF_CASES), *of("copilot", *COPILOT_CASES)]
