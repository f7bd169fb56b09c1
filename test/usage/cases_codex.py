# SPDX-License-Identifier: MIT
"""Codex: totals that grow, are told again, copied and damaged."""
import json

MODEL = "gpt-5-codex"


def at(second, day=1):
    whole = int(second)
    return f"2026-03-{day:02}T12:{whole // 60:02}:{whole % 60:02}.{round(second % 1 * 1000):03}Z"


def ms(second, day=1):
    return 1772366400000 + (day - 1) * 86400000 + round(second * 1000)


def meta(thread, second=0, day=1, **more):
    return {"timestamp": at(second, day), "type": "session_meta",
            "payload": {"id": thread, "timestamp": at(second, day), "cwd": "/home/u/app",
                        "git": {"branch": "main"}, **more}}


def context(second, day=1, model=MODEL, **more):
    return {"timestamp": at(second, day), "type": "turn_context",
            "payload": {"cwd": "/home/u/app", "model": model, **more}}


def counts(numbers):
    names = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
    return dict(zip(names, numbers), total_tokens=numbers[0] + numbers[2])


def count(second, total, last=None, day=1, **more):
    info = {}
    if total:
        info["total_token_usage"] = counts(total)
    if last:
        info["last_token_usage"] = counts(last)
    return {"timestamp": at(second, day), "type": "event_msg",
            "payload": {"type": "token_count", "info": info, "rate_limits": None, **more}}


def window(percent, minutes, second, day=1):
    return {"used_percent": percent, "window_minutes": minutes, "resets_at": ms(second, day) // 1000}


def limits(second, primary, secondary=None, day=1, **more):
    return {"timestamp": at(second, day), "type": "event_msg", "payload": {
        "type": "token_count", "info": None,
        "rate_limits": {"primary": primary, "secondary": secondary, "plan_type": "plus", **more}}}


def told(second, permyriad, minutes, reset, day=1):
    return {"limit": permyriad, "told_ms": ms(second, day), "minutes": minutes, "resets_ms": ms(reset, day)}


def answer(second, uncached, cached, output, reasoning, day=1, **more):
    record = {"time_ms": ms(second, day), "model": MODEL, "input": uncached, "cache_read": cached,
              "output": output, "reasoning": reasoning, **more}
    return {name: value for name, value in record.items() if value not in (0, None)}


FILE = "2026/03/01/rollout-2026-03-01T12-00-00-a.jsonl"
FORK = "2026/03/02/rollout-2026-03-02T12-00-00-f.jsonl"
AGAIN = "2026/03/03/rollout-2026-03-03T12-00-00-g.jsonl"
FIRST = count(60, (100, 40, 10, 5), (100, 40, 10, 5))
SECOND = count(120, (300, 140, 30, 15), (200, 100, 20, 10))
PARENT = [meta("A"), context(1), FIRST, SECOND]
PARENTS = [answer(60, 60, 40, 10, 5), answer(120, 100, 100, 20, 10)]


def copies(day, start=0.0):
    return [context(start + 0.001, day), count(start + 0.002, (100, 40, 10, 5), (100, 40, 10, 5), day),
            count(start + 0.003, (300, 140, 30, 15), (200, 100, 20, 10), day)]


OWN = [context(20, 2), count(25, (700, 240, 70, 25), (400, 100, 40, 10), 2)]
OWNS = [answer(25, 300, 100, 40, 10, 2)]
FORKED = [meta("F", 0, 2, forked_from_id="A"), meta("A", 0, 2), *copies(2), *OWN]
SPAWN = {"subagent": {"thread_spawn": {"parent_thread_id": "A", "depth": 1, "agent_role": "explorer"}}}


def agent(thread, second=0):
    return meta(thread, second, 2, source=SPAWN, thread_source="subagent", session_id="A")


def exec_log(*turns):
    return [{"type": "thread.started", "thread_id": "T"}, {"type": "turn.started"}] + [
        {"type": "turn.completed", "timestamp": at(60 * number, 1),
         "usage": {"input_tokens": turn[0], "cached_input_tokens": turn[1], "output_tokens": turn[2]}}
        for number, turn in enumerate(turns, 1)]


def without(line, name):
    return {key: value for key, value in line.items() if key != name}


GUESS = {"model": "gpt-5", "flags": ["guessed_model"]}
CASES = [
    {"name": "an answer is what the totals grew by, without what was cached", "files": {FILE: PARENT},
     "expect": [dict(one, session="A", project="/home/u/app", branch="main") for one in PARENTS],
     "compat": [dict(one, session=FILE.removesuffix(".jsonl")) for one in PARENTS]},
    {"name": "totals that are told again do not count",
     "files": {FILE: [*PARENT, count(130, (300, 140, 30, 15), (200, 100, 20, 10)),
                      count(140, (300, 140, 30, 15), (9, 9, 9, 9))]},
     "expect": PARENTS, "compat": PARENTS},
    {"name": "the growth of the totals goes before last",
     "files": {FILE: [meta("A"), context(1), FIRST, count(120, (300, 140, 30, 15), (50, 10, 5, 1))]},
     "expect": PARENTS, "compat": [PARENTS[0], answer(120, 40, 10, 5, 1)]},
    {"name": "first totals that hold more than one answer are not all of this file",
     "files": {FILE: [meta("A"), context(1), count(60, (1000, 400, 100, 50), (100, 40, 10, 5))]},
     "expect": PARENTS[:1], "compat": PARENTS[:1]},
    {"name": "only totals", "files": {FILE: [meta("A"), context(1), count(60, (100, 40, 10, 5)),
                                             count(120, (300, 140, 30, 15))]},
     "expect": PARENTS, "compat": PARENTS},
    {"name": "only last", "files": {FILE: [meta("A"), context(1), count(60, None, (100, 40, 10, 5)),
                                           count(120, None, (200, 100, 20, 10))]},
     "expect": PARENTS, "compat": PARENTS},
    {"name": "totals that begin anew", "files": {FILE: [*PARENT, count(180, (50, 0, 5, 0), (50, 0, 5, 0)),
                                                        count(240, (80, 0, 9, 0), (30, 0, 4, 0))]},
     "expect": [*PARENTS, answer(180, 50, 0, 5, 0), answer(240, 30, 0, 4, 0)]},
    {"name": "a window that overflowed is no usage",
     "files": {FILE: [*PARENT, {"timestamp": at(180), "type": "event_msg", "payload": {
         "type": "token_count", "info": {
             "total_token_usage": {**counts((0, 0, 0, 0)), "total_tokens": 272000},
             "last_token_usage": {**counts((0, 0, 0, 0)), "total_tokens": 271670}}}},
         count(240, (50, 0, 5, 0), (50, 0, 5, 0))]},
     "expect": [*PARENTS, answer(240, 50, 0, 5, 0)]},
    {"name": "what is known only as a total is kept apart",
     "files": {FILE: [meta("A"), context(1), {"timestamp": at(60), "type": "event_msg", "payload": {
         "type": "token_count", "info": {"total_token_usage": {"total_tokens": 500}}}}]},
     "expect": [{"time_ms": ms(60), "other": 500}]},
    {"name": "cached is capped at input, reasoning at output",
     "files": {FILE: [meta("A"), context(1), count(60, (100, 400, 10, 50), (100, 400, 10, 50))]},
     "expect": [answer(60, 0, 100, 10, 10)]},
    {"name": "numbers as text, negative and null",
     "files": {FILE: [meta("A"), context(1), count(60, (100, 0, 10, 0), None), {
         "timestamp": at(120), "type": "event_msg", "payload": {"type": "token_count", "info": {
             "total_token_usage": {"input_tokens": "300", "cached_input_tokens": None,
                                   "output_tokens": "30", "reasoning_output_tokens": -7}}}}]},
     "expect": [answer(60, 100, 0, 10, 0), answer(120, 200, 0, 20, 0)]},
    {"name": "numbers that no answer can have, and what comes behind them",
     "files": {FILE: [meta("A"), context(1), FIRST, '{"timestamp":"' + at(90) + '","type":"event_msg",'
                      '"payload":{"type":"token_count","info":{"total_token_usage":{"input_tokens":1e30,'
                      '"output_tokens":9223372036854775807}}}}', SECOND]},
     "expect": PARENTS, "complaints": {"more tokens than an answer can have": 1}},
    {"name": "the last of two members with one name counts",
     "files": {FILE: [meta("A"), context(1), '{"timestamp":"' + at(60) + '","type":"event_msg","payload":'
               '{"type":"token_count","info":{"last_token_usage":{"input_tokens":7,"input_tokens":100,'
               '"output_tokens":10}}}}']},
     "expect": [answer(60, 100, 0, 10, 0)]},
    {"name": "spaces, an order of one's own and members nobody knows",
     "files": {FILE: [meta("A"), context(1), '{ "payload" : { "info" : { "x" : [ { } ] , '
               '"last_token_usage" : { "output_tokens" : 10 , "input_tokens" : 100 } } , '
               '"type" : "token_count" } , "new" : null , "type" : "event_msg" , "timestamp" : "'
               + at(60) + '" }']},
     "expect": [answer(60, 100, 0, 10, 0)]},
    {"name": "rate limits alone are no usage",
     "files": {FILE: [*PARENT, {"timestamp": at(180), "type": "event_msg", "payload": {
         "type": "token_count", "info": None, "rate_limits": {"primary": {"used_percent": 3}}}}]},
     "expect": PARENTS},
    {"name": "limits that do not say how long they are for say nothing",
     "files": {FILE: [*PARENT, limits(180, {"used_percent": 3}, {"used_percent": "4", "window_minutes": 300})]},
     "expect": PARENTS},
    {"name": "the newest of the limits of each window, with usage or without",
     "files": {FILE: [*PARENT, limits(180, window(10, 300, 9000), window(1.006, 10080, 90000)),
                      count(240, (700, 240, 70, 25), (400, 100, 40, 10), rate_limits={"primary": window(42.5, 300, 9000)}),
                      limits(230, window(11, 300, 9000))]},
     "expect": [*PARENTS, answer(240, 300, 100, 40, 10)], "limits": [told(240, 4250, 300, 9000), told(180, 101, 10080, 90000)]},
    {"name": "limits as seconds from now, and lengths that were rounded down",
     "files": {FILE: [*PARENT, limits(180, {"used_percent": 0, "window_minutes": 299, "resets_in_seconds": 60},
                                      {"used_percent": 100.0, "window_minutes": 10079, "resets_in_seconds": None})]},
     "expect": PARENTS, "limits": [told(180, 0, 300, 240), {"limit": 10000, "told_ms": ms(180), "minutes": 10080}]},
    {"name": "limits that cannot be",
     "files": {FILE: [*PARENT, limits(180, window(-1, 300, 9000), window(1e300, 300, 9000)),
                      limits(181, window("x", 300, 9000), window(None, 300, 9000)),
                      limits(182, window([1], 300, 9000), 7), limits(183, None, []),
                      {"timestamp": at(184), "type": "event_msg",
                       "payload": {"type": "token_count", "info": None, "rate_limits": [1]}},
                      {"type": "event_msg", "payload": limits(0, window(5, 300, 9000))["payload"]},
                      limits(185, {"used_percent": 5, "window_minutes": -300, "resets_at": -9000},
                             {"used_percent": 6, "window_minutes": 1e18, "resets_at": "x"}),
                      limits(186, {"used_percent": 1, "resets_in_seconds": 9e18})]},
     "expect": PARENTS},
    {"name": "the limits of one model alone are not those of the plan",
     "files": {FILE: [*PARENT, limits(180, window(5, 300, 9000), limit_id="codex"),
                      limits(190, window(90, 300, 9900), limit_id="codex_other"),
                      limits(200, window(6, 300, 9000), limit_id=None)]},
     "expect": PARENTS, "limits": [told(200, 600, 300, 9000)]},
    {"name": "a fork's copies tell no limits, what comes after does",
     "files": {FORK: [meta("F", 0, 2, forked_from_id="A"), limits(0.001, window(5, 300, 9000), None, 2),
                      limits(0.5, window(6, 300, 9000), None, 2)]},
     "expect": []},
    {"name": "a fork's own limits",
     "files": {FORK: [meta("F", 0, 2, forked_from_id="A"), limits(0.001, window(5, 300, 9000), window(1, 10080, 9000), 2),
                      limits(60, window(6, 300, 9000, 2), None, 2)]},
     "expect": [], "limits": [told(60, 600, 300, 9000, 2)]},
    {"name": "text that only looks like usage does not count",
     "files": {FILE: [*PARENT, {"timestamp": at(180), "type": "response_item", "payload": {
         "type": "message", "content": '{"type":"token_count"} "token_count"', "token_count": 5}},
         {"timestamp": at(181), "type": "response_item", "payload": {"type": "token_count", "info": {
             "last_token_usage": counts((9, 9, 9, 9))}}}]},
     "expect": PARENTS},
    {"name": "damaged lines are told, and the next totals hold what they said",
     "files": {FILE: [meta("A"), context(1), '{"timestamp":"x","type":"event_msg","payload":{"type":'
               '"token_count","info":{"total_token_usage":{"input_tok', SECOND]},
     "expect": [answer(120, 100, 100, 20, 10)], "complaints": {"a damaged line": 1}},
    {"name": "a damaged line in between loses nothing",
     "files": {FILE: [meta("A"), context(1), FIRST, '{"type":"event_msg","payload":{"token_count"',
                      count(180, (700, 240, 70, 25), (400, 100, 40, 10))]},
     "expect": [PARENTS[0], answer(180, 400, 200, 60, 20)], "complaints": {"a damaged line": 1}},
    {"name": "no usable number", "files": {FILE: [meta("A"), context(1), {
        "timestamp": at(60), "type": "event_msg", "payload": {"type": "token_count", "info": {
            "total_token_usage": {"input_tokens": "many"}, "last_token_usage": 7}}}]},
     "expect": [], "complaints": {"usage without a number": 1}},
    {"name": "no usable time, and the next totals hold what it said",
     "files": {FILE: [meta("A"), context(1), without(FIRST, "timestamp"),
                      count(120, (300, 140, 30, 15), None)]},
     "expect": [answer(120, 160, 140, 30, 15)], "complaints": {"usage without a time": 1}},
    {"name": "a last line that is cut is not read yet",
     "files": {FILE: b"".join(json.dumps(line).encode() + b"\n" for line in PARENT)
               + b'{"timestamp":"2026-03-01T12:03:00Z","type":"event_msg","payload":{"type":"token_count"'},
     "expect": PARENTS},
    {"name": "NUL bytes and invalid UTF-8 elsewhere in a line do no harm",
     "files": {FILE: [meta("A"), b'{"timestamp":"2026-03-01T12:00:01Z","type":"turn_context","payload":'
                      b'{"cwd":"/\xff\xfe\x00","model":"gpt-5-codex"}}', FIRST, b"\x00\x00\x00",
                      SECOND]},
     "expect": PARENTS},
    {"name": "a transcript without a model stands for gpt-5, and says so",
     "files": {FILE: [meta("A"), FIRST]}, "expect": [dict(PARENTS[0], **GUESS)],
     "compat": [dict(PARENTS[0], **GUESS)]},
    {"name": "the model changes with the turn, and the event's own goes first",
     "files": {FILE: [meta("A"), context(1), FIRST, context(61, model="gpt-5.2"), SECOND,
                      count(180, (310, 140, 31, 15), None, model="gpt-5.1")]},
     "expect": [PARENTS[0], dict(PARENTS[1], model="gpt-5.2"),
                answer(180, 10, 0, 1, 0, model="gpt-5.1")]},
    {"name": "the reviewer is whichever model was newest then",
     "files": {FILE: [meta("A"), context(1, model="codex-auto-review"), FIRST,
                      count(120, (300, 140, 30, 15), None, day=6)]},
     "expect": [dict(PARENTS[0], model="gpt-5.3-codex", flags=["guessed_model"]),
                dict(answer(120, 100, 100, 20, 10, 6), model="gpt-5.4", flags=["guessed_model"])]},
    {"name": "the fast tier", "files": {FILE: [meta("A"), context(1), {
        "timestamp": at(2), "type": "event_msg", "payload": {
            "type": "thread_settings_applied", "thread_settings": {"service_tier": "priority"}}},
        FIRST, context(61, service_tier="default"), SECOND]},
     "expect": [dict(PARENTS[0], flags=["fast"]), PARENTS[1]]},
    {"name": "settings ask for the fast tier now: only ccusage takes that for the past",
     "files": {FILE: [meta("A"), context(1), FIRST]}, "note": 1, "expect": PARENTS[:1],
     "compat": [dict(PARENTS[0], flags=["fast"])]},
    {"name": "archived beside active is one", "files": {
        f"sessions/{FILE}": PARENT, f"archived_sessions/{FILE}": PARENT}, "expect": PARENTS},
    {"name": "a fork's copy of its parent is no usage, whatever its times",
     "files": {FILE: PARENT, FORK: FORKED}, "expect": [*PARENTS, *OWNS], "compat": [*PARENTS, *OWNS]},
    {"name": "a fork's copy counts once where the parent is gone", "files": {FORK: FORKED},
     "expect": [dict(PARENTS[0], time_ms=ms(0.002, 2)), dict(PARENTS[1], time_ms=ms(0.003, 2)), *OWNS],
     "compat": OWNS},
    {"name": "a fork without its parent's own line",
     "files": {FILE: PARENT, FORK: [FORKED[0], *FORKED[2:]]}, "expect": [*PARENTS, *OWNS]},
    {"name": "a fork that ends its copy with its own line again",
     "files": {FILE: PARENT, FORK: [*FORKED[:5], meta("F", 0.1, 2, forked_from_id="A"), *OWN]},
     "expect": [*PARENTS, *OWNS]},
    {"name": "a fork of a fork", "files": {FILE: PARENT, FORK: FORKED, AGAIN: [
        meta("G", 0, 3, forked_from_id="F"), meta("F", 0, 3, forked_from_id="A"), meta("A", 0, 3),
        *copies(3), count(0.01, (700, 240, 70, 25), (400, 100, 40, 10), 3),
        count(30, (800, 240, 80, 25), (100, 0, 10, 0), 3)]},
     "expect": [*PARENTS, *OWNS, answer(30, 100, 0, 10, 0, 3)],
     "compat": [*PARENTS, *OWNS, answer(30, 100, 0, 10, 0, 3)]},
    {"name": "a fork that stopped in its copy's middle",
     "files": {FILE: PARENT, FORK: [*FORKED[:4], count(25, (500, 40, 50, 5), (400, 0, 40, 0), 2)]},
     "expect": [*PARENTS, answer(25, 400, 0, 40, 0, 2)]},
    {"name": "an agent that was given its parent's whole history",
     "files": {FILE: PARENT, FORK: [agent("S"), meta("A", 0, 2), *copies(2), *OWN]},
     "expect": [*PARENTS, dict(OWNS[0], flags=["sidechain"], agent="explorer", session="A")]},
    {"name": "agents that begin at zero with the same counts are two answers",
     "files": {FORK: [agent("S"), meta("A", 0, 2), context(0, 2), count(5, (100, 40, 10, 5), None, 2)],
               AGAIN: [agent("R"), meta("A", 0, 2), context(0, 2), count(6, (100, 40, 10, 5), None, 2)]},
     "expect": [answer(5, 60, 40, 10, 5, 2, flags=["sidechain"]),
                answer(6, 60, 40, 10, 5, 2, flags=["sidechain"])]},
    {"name": "equal counts in threads of their own are two answers",
     "files": {FILE: PARENT, FORK: [meta("B"), *PARENT[1:]]},
     "expect": [PARENTS[0], PARENTS[0], PARENTS[1], PARENTS[1]]},
    {"name": "codex exec --json tells the thread's totals with each turn",
     "files": {"run.jsonl": exec_log((100, 40, 10), (300, 40, 30))},
     "expect": [dict(answer(60, 60, 40, 10, 0), **GUESS, session="T"),
                dict(answer(120, 200, 0, 20, 0), **GUESS)],
     "compat": [dict(answer(60, 60, 40, 10, 0), **GUESS), dict(answer(120, 260, 40, 30, 0), **GUESS)]},
    {"name": "a log with other names for the same",
     "files": {"run.jsonl": [
         {"type": "turn.completed", "timestamp": at(60), "model": "gpt-5.1",
          "usage": {"prompt_tokens": 100, "cached_tokens": 40, "completion_tokens": 10}},
         {"type": "result", "timestamp": at(120), "data": {"model": "gpt-5.2", "usage": {
             "prompt_tokens": 200, "completion_tokens": 20}}},
         {"type": "result", "timestamp": at(180), "response": {"usage": {"input_tokens": 9}}},
         {"type": "result", "result": 7}]},
     "expect": [dict(answer(60, 60, 40, 10, 0), model="gpt-5.1"),
                dict(answer(120, 200, 0, 20, 0), model="gpt-5.2"),
                dict(answer(180, 9, 0, 0, 0), model="gpt-5.2")]},
    {"name": "the provider is the thread's own, and may change",
     "files": {FILE: [meta("A", model_provider="azure"), context(1), FIRST, SECOND,
                      context(170, model_provider="openrouter"), count(180, (400, 140, 30, 15)),
                      {"timestamp": at(190), "type": "event_msg", "payload": {
                          "type": "thread_settings_applied", "thread_settings": {"model_provider_id": "oss"}}},
                      count(240, (500, 140, 30, 15)), context(250, model_provider=7),
                      count(300, (600, 140, 30, 15))]},
     "expect": [*(dict(one, provider="azure") for one in PARENTS),
                dict(answer(180, 100, 0, 0, 0), provider="openrouter"),
                *(dict(answer(second, 100, 0, 0, 0), provider="ollama") for second in (240, 300))],
     "compat": [*PARENTS, *(answer(second, 100, 0, 0, 0) for second in (180, 240, 300))]},
    {"name": "the provider of a fork is not its parent's",
     "files": {FORK: [meta("F", 0, 2, forked_from_id="A", model_provider="ollama"),
                      meta("A", 0, 2, model_provider="openai"), *copies(2), *OWN]},
     "expect": [dict(one, provider="ollama") for one in (answer(0.002, 60, 40, 10, 5, 2),
                                                         answer(0.003, 100, 100, 20, 10, 2), *OWNS)]},
]
for case in CASES:
    case["reader"] = "codex"

TREE = {"x/sessions/a.jsonl": "", "y/archived_sessions/a.jsonl": "", "logs/run.jsonl": "",
        ".codex/sessions/a.jsonl": ""}
PLACES = [
    {"reader": "codex", "env": {}, "made": TREE,
     "places": ["~/.codex/sessions", "~/.codex/archived_sessions"],
     "wants": ["2026/03/01/rollout-a.jsonl", "run.jsonl"], "refuses": ["a.json", "history.jsonl.zst", ""]},
    {"reader": "codex", "env": {"CODEX_HOME": " {home}/x/, ~/y,{home}/logs,,relative"}, "made": TREE,
     "places": ["~/x/sessions", "~/x/archived_sessions", "~/y/sessions", "~/y/archived_sessions", "~/logs"]},
    {"reader": "codex", "env": {"CODEX_HOME": "~/x"}, "made": dict(TREE, **{
        "x/config.toml": "# service_tier = \"none\"\nservice_tier = \"fast\"\n[profile]\n"}),
     "places": [("~/x/sessions", 1), ("~/x/archived_sessions", 1)]},
    {"reader": "codex", "env": {"CODEX_HOME": "~/x"}, "made": dict(TREE, **{
        "x/config.toml": "[profiles.a]\nservice_tier = \"fast\"\n"}),
     "places": ["~/x/sessions", "~/x/archived_sessions"]},
    {"reader": "codex", "env": {"HOME": ""}, "places": []},
]
