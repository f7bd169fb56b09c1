# SPDX-License-Identifier: MIT
"""OpenCode, Kilo, Goose and Hermes: rows of SQLite databases, and OpenCode's documents before them."""
import json

T = 1772366460000  # 2026-03-01T12:01:00Z


def without(item, *names):
    return {key: value for key, value in item.items() if key not in names}


def of(reader, *cases):
    return [dict(case, reader=reader) for case in cases]


def insert(table, *values):
    return [f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values]


def strange(path):
    """What is not the database that it is taken for."""
    return [
        {"name": "no table", "files": {path: ("CREATE TABLE other (a)",)}, "expect": [],
         "complaints": {f"no table \"{'message' if 'session' not in path and 'state' not in path else 'sessions'}\"": 1}},
        {"name": "an empty file", "files": {path: b""}, "expect": [], "complaints": {"an empty file": 1}},
        {"name": "a file of another kind", "files": {path: b"hello " * 40}, "expect": [],
         "complaints": {"not a database": 1}},
        {"name": "a header alone", "files": {path: b"SQLite format 3\0"}, "expect": [],
         "complaints": {"not a database": 1}},
    ]


# ---- OpenCode and Kilo ----

MESSAGES = ("CREATE TABLE message (id TEXT PRIMARY KEY, session_id TEXT, time_created INTEGER, "
            "time_updated INTEGER, data TEXT)")
SESSIONS = "CREATE TABLE session (id TEXT PRIMARY KEY, parent_id TEXT, directory TEXT)"
NEW_MESSAGES = ("CREATE TABLE session_message (id TEXT PRIMARY KEY, session_id TEXT, type TEXT, seq INTEGER, "
                "time_created INTEGER, time_updated INTEGER, data TEXT)")
DATA = {"role": "assistant", "modelID": "claude-sonnet-4-5", "providerID": "anthropic", "agent": "explore",
        "path": {"cwd": "/home/u/app", "root": "/"}, "time": {"created": T, "completed": T + 5}, "cost": 0,
        "tokens": {"input": 100, "output": 10, "reasoning": 5, "cache": {"read": 3, "write": 4}}}
# ccusage has reasoning beside the output, at its price.
ANSWER = {"time_ms": T, "session": "ses_1", "project": "/home/u/app", "model": "claude-sonnet-4-5",
          "provider": "anthropic", "input": 100, "output": 15, "reasoning": 5, "cache_read": 3,
          "cache_write_5m": 4}
COMPAT = dict(without(ANSWER, "reasoning"), output=10, other=5)
DB = "opencode.db"
FILE = "storage/message/ses_1/msg_1.json"


def row(data, number=1, session="ses_1"):
    text = data if isinstance(data, (str, bytes)) else json.dumps(data)
    return insert("message", f"msg_{number}", session, T + number, T + number, text)


def tokens(**counts):
    return dict(DATA, tokens=counts)


def messages(*rows):
    return (MESSAGES, *rows)


NEW_DATA = dict(without(DATA, "role", "modelID", "providerID"), cost=0.5,
                model={"id": "claude-sonnet-4-5", "providerID": "anthropic"},
                content=[{"type": "text", "text": "x"}, {"type": "tool", "name": "bash"}])

OPENCODE_CASES = [
    {"name": "a row for each message", "files": {DB: messages(row(DATA))}, "expect": [ANSWER],
     "compat": [COMPAT]},
    {"name": "a file for each message", "files": {FILE: dict(DATA, id="msg_1", sessionID="ses_1")},
     "expect": [ANSWER], "compat": [COMPAT]},
    {"name": "what was carried over is one answer", "files": {DB: messages(row(DATA)), FILE: DATA},
     "expect": [ANSWER], "compat": [COMPAT]},
    {"name": "a channel's database; ccusage leaves it where there is one without a channel",
     "files": {DB: messages(row(DATA)), "opencode-dev.db": messages(row(DATA), row(DATA, 2, "ses_2"))},
     "expect": [ANSWER, dict(ANSWER, session="ses_2")], "compat": [COMPAT]},
    {"name": "channels alone; ccusage takes the first one", "files": {
        "opencode-a.db": messages(row(DATA)), "opencode-b.db": messages(row(DATA, 2))},
     "expect": [ANSWER, ANSWER], "compat": [COMPAT]},
    {"name": "messages of the newer kind, with their tools", "files": {DB: (
        NEW_MESSAGES, insert("session_message", "msg_1", "ses_1", "assistant", 2, T, T, json.dumps(NEW_DATA)),
        insert("session_message", "msg_0", "ses_1", "user", 1, T, T, json.dumps(NEW_DATA)))},
     "expect": [dict(ANSWER, cost_reported_nanousd=500_000_000, tools=["bash"])]},
    {"name": "a session that another one started is an agent's", "files": {DB: messages(
        SESSIONS, insert("session", "ses_0", None, "/home/u/lib"), insert("session", "ses_1", "ses_0", "/home/u/lib"),
        row(without(DATA, "path")), row(without(DATA, "path"), 2, "ses_0"), row(DATA, 3, "ses_9"))},
     "expect": [dict(ANSWER, project="/home/u/lib", agent="explore", flags=["sidechain"]),
                dict(ANSWER, project="/home/u/lib", session="ses_0"), dict(ANSWER, session="ses_9")]},
    {"name": "a cost that is said counts, but not one of nothing", "files": {DB: messages(
        row(dict(DATA, cost=1.5)), row(dict(DATA, cost=0), 2), row(dict(DATA, cost=-1), 3))},
     "expect": [dict(ANSWER, cost_reported_nanousd=1_500_000_000), ANSWER, ANSWER]},
    {"name": "reasoning is within the output where the total says so", "files": {DB: messages(
        row(tokens(input=100, output=10, reasoning=5, total=110)),
        row(tokens(input=100, output=10, reasoning=5, total=115), 2))},
     "expect": [{"input": 100, "output": 10, "reasoning": 5}, {"input": 100, "output": 15, "reasoning": 5}]},
    {"name": "a total larger than its parts, and one alone", "files": {DB: messages(
        row(tokens(input=100, output=10, total=500)), row(tokens(total=7), 2))},
     "expect": [{"input": 100, "output": 10, "other": 390}, {"other": 7}],
     "compat": [{"input": 100, "output": 10, "other": 390}, {"output": 7}]},
    {"name": "people's messages and those that were only begun", "files": {DB: messages(
        row(dict(DATA, role="user")), row(tokens(input=0, output=0), 2), row({"role": "assistant"}, 3))},
     "expect": [], "compat": [COMPAT]},
    {"name": "without a time the row's, without a model none", "files": {DB: messages(
        row(without(DATA, "time", "modelID")))},
     "expect": [dict(ANSWER, time_ms=T + 1, model=None)], "compat": []},
    {"name": "rows that are damaged or of a wrong type", "files": {DB: messages(
        row(DATA), row("{\"tokens\":", 2), row("", 3), row(b"\x00\xff", 4), row("[]", 5), row("7", 6),
        row(tokens(input="100", output=-3, cache=[], reasoning=None), 7), row(None, 8),
        row(json.dumps(DATA)[:-1] + ",\"x\":\"\\ud800\",\"cost\":0.25}", 9))},
     "expect": [ANSWER, {"input": 100}, dict(ANSWER, cost_reported_nanousd=250_000_000)],
     "complaints": {"a damaged line": 3}},
    {"name": "no column", "files": {DB: ("CREATE TABLE message (id, session_id)",)}, "expect": [],
     "complaints": {"no column \"data\" in the table \"message\"": 1}},
    {"name": "a view is no table", "files": {DB: (
        "CREATE VIEW message AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) "
        "SELECT i AS id, i AS session_id, '{}' AS data FROM n",)},
     "expect": [], "complaints": {"no table \"message\"": 1}},
    {"name": "a document of another kind is silent, one that is cut is told", "files": {
        FILE: "[{}]", FILE.replace("1.json", "2.json"): "{\"tokens\":{\"input\":"},
     "expect": [], "complaints": {"cut off": 1}},
    *strange(DB),
]
KILO_CASES = [
    {"name": "a row for each message; ccusage believes a cost of nothing",
     "files": {"kilo.db": messages(row(DATA), row(dict(DATA, cost=0.25), 2))},
     "expect": [ANSWER, dict(ANSWER, cost_reported_nanousd=250_000_000)],
     "compat": [dict(COMPAT, cost_reported_nanousd=0), dict(COMPAT, cost_reported_nanousd=250_000_000)]},
    {"name": "people's messages", "files": {"kilo.db": messages(row(dict(DATA, role="user")))}, "expect": [],
     "compat": []},
    *strange("kilo.db"),
]

# ---- Goose ----

GOOSE_COLUMNS = ("id", "working_dir", "created_at", "updated_at", "total_tokens", "input_tokens",
                 "output_tokens", "accumulated_total_tokens", "accumulated_input_tokens",
                 "accumulated_output_tokens", "provider_name", "model_config_json")
NEWER_COLUMNS = ("accumulated_cache_read_tokens", "accumulated_cache_write_tokens", "accumulated_cost",
                 "parent_session_id")
LEDGER = ("CREATE TABLE usage_ledger (id INTEGER PRIMARY KEY, session_id TEXT, created_timestamp INTEGER, "
          "model TEXT, input_tokens INTEGER, output_tokens INTEGER, total_tokens INTEGER, "
          "cache_read_tokens INTEGER, cache_write_tokens INTEGER, cost REAL)")
GOOSE_DB = "sessions.db"
GOOSE = {"time_ms": T, "session": "20260301_1", "project": "/home/u/app", "provider": "anthropic",
         "model": "claude-sonnet-4-5", "input": 1000, "output": 200}


def goose(*rows, newer=False):
    columns = GOOSE_COLUMNS + NEWER_COLUMNS * newer
    return (f"CREATE TABLE sessions ({', '.join(columns)})", *rows)


def session(*counts, newer=(), id="20260301_1", created="2026-03-01 12:01:00",
            config="{\"model_name\":\"claude-sonnet-4-5\"}"):
    return insert("sessions", id, "/home/u/app", created, "2026-03-01 12:09:00", *counts, "anthropic", config,
                  *newer)


GOOSE_CASES = [
    {"name": "sums of all calls of a session before those of the last", "files": {GOOSE_DB: goose(
        session(120, 100, 20, 1200, 1000, 200))}, "expect": [GOOSE], "compat": [GOOSE]},
    {"name": "those of the last where there are no others", "files": {GOOSE_DB: goose(
        session(120, 100, 20, None, 0, None))}, "expect": [dict(GOOSE, input=100, output=20)]},
    {"name": "a total larger than its parts", "files": {GOOSE_DB: goose(
        session(120, 100, 20, 1500, 1000, 200))}, "expect": [dict(GOOSE, other=300)],
     "compat": [dict(GOOSE, other=300)]},
    {"name": "what a cache has to do with is within the input; ccusage does not look at it",
     "files": {GOOSE_DB: goose(session(0, 0, 0, 1200, 1000, 200, newer=(600, 100, 0.5, None)), newer=True)},
     "expect": [dict(GOOSE, input=300, cache_read=600, cache_write_5m=100, cost_reported_nanousd=500_000_000)],
     "compat": [GOOSE]},
    {"name": "unless the total says that it stands beside", "files": {GOOSE_DB: goose(
        session(0, 0, 0, 1900, 1000, 200, newer=(600, 100, None, "20260301_0")), newer=True)},
     "expect": [dict(GOOSE, cache_read=600, cache_write_5m=100, agent="agent", flags=["sidechain"])]},
    {"name": "a ledger has each call; ccusage does not look at it", "files": {GOOSE_DB: goose(
        session(0, 0, 0, 1200, 1000, 200), LEDGER,
        insert("usage_ledger", 1, "20260301_1", T // 1000 + 60, "claude-opus-4-5", 700, 100, 800, 600, 0, 0.25),
        insert("usage_ledger", 2, "20260301_1", T // 1000 + 120, None, 300, 100, 400, 0, 0, None),
        insert("usage_ledger", 3, "20260301_7", T // 1000, None, 5, 5, 10, 0, 0, None))},
     "expect": [dict(GOOSE, time_ms=T + 60000, model="claude-opus-4-5", input=100, cache_read=600, output=100,
                     cost_reported_nanousd=250_000_000), dict(GOOSE, time_ms=T + 120000, input=300, output=100)],
     "compat": [GOOSE]},
    {"name": "sessions of another day or machine may have the same number", "files": {
        GOOSE_DB: goose(session(0, 0, 0, 0, 1000, 200)), "b/sessions.db": goose(session(0, 0, 0, 0, 1000, 200)),
        "c/sessions.db": goose(session(0, 0, 0, 0, 1000, 200, created="2026-03-01T12:02:00Z"))},
     "expect": [GOOSE, dict(GOOSE, time_ms=T + 60000)]},
    {"name": "no model is none, no time is that of the last change, but to ccusage", "files": {
        GOOSE_DB: goose(session(0, 0, 0, 0, 1000, 200, config=None, created="soon"))},
     "expect": [dict(GOOSE, model=None, time_ms=T + 8 * 60000)], "compat": []},
    {"name": "a session without tokens, and one with odd ones", "files": {GOOSE_DB: goose(
        session(None, None, None, None, None, None), session("x", b"\x01", -5, 0, "1000", 2e2, id="2"))},
     "expect": [dict(GOOSE, session="2")]},
    {"name": "no column", "files": {GOOSE_DB: ("CREATE TABLE sessions (id, created_at)",)}, "expect": [],
     "complaints": {"no column \"model_config_json\" in the table \"sessions\"": 1}},
    *strange(GOOSE_DB),
]

# ---- Hermes ----

HERMES_TABLE = ("CREATE TABLE sessions (id TEXT PRIMARY KEY, model TEXT, billing_provider TEXT, started_at REAL, "
                "message_count INTEGER, input_tokens INTEGER, output_tokens INTEGER, cache_read_tokens INTEGER, "
                "cache_write_tokens INTEGER, reasoning_tokens INTEGER, estimated_cost_usd REAL, "
                "actual_cost_usd REAL, cwd TEXT)")
HERMES_DB = "state.db"
HERMES = {"time_ms": T + 500, "session": "s1", "project": "/home/u/app", "provider": "anthropic",
          "model": "claude-sonnet-4-5", "input": 1000, "output": 200, "reasoning": 50, "cache_read": 30,
          "cache_write_5m": 40, "messages": 4}


def hermes(*counts, id="s1", model="claude-sonnet-4-5", started=T / 1000 + .5, costs=(None, None)):
    return insert("sessions", id, model, "anthropic", started, 4, *(counts or (1000, 200, 30, 40, 50)), *costs,
                  "/home/u/app")


HERMES_CASES = [
    {"name": "sums of a session; what was thought is within the output, but to ccusage",
     "files": {HERMES_DB: (HERMES_TABLE, hermes())}, "expect": [HERMES],
     "compat": [dict(without(HERMES, "reasoning"), other=50)]},
    {"name": "a cost that was paid before one that was estimated; ccusage takes the former only",
     "files": {HERMES_DB: (HERMES_TABLE, hermes(costs=(.5, .25)), hermes(id="s2", costs=(.5, 0)))},
     "expect": [dict(HERMES, cost_reported_nanousd=250_000_000),
                dict(HERMES, session="s2", cost_reported_nanousd=500_000_000)],
     "compat": [dict(without(HERMES, "reasoning"), other=50, cost_reported_nanousd=250_000_000),
                dict(without(HERMES, "reasoning"), other=50, session="s2")]},
    {"name": "no model is none, but to ccusage", "files": {HERMES_DB: (HERMES_TABLE, hermes(model=" "))},
     "expect": [dict(HERMES, model=None)], "compat": []},
    {"name": "sessions without tokens", "files": {HERMES_DB: (
        HERMES_TABLE, hermes(0, 0, 0, 0, 0, costs=(.5, 0)), hermes(-1, None, None, None, None, id="s2"))},
     "expect": []},
    {"name": "an older table has fewer columns", "files": {HERMES_DB: (
        "CREATE TABLE sessions (id, model, started_at, input_tokens, output_tokens)",
        insert("sessions", "s1", "m", T, 5, 6))}, "expect": [{"time_ms": T, "model": "m", "input": 5, "output": 6}]},
    *strange(HERMES_DB),
]

CASES = [*of("opencode", *OPENCODE_CASES), *of("kilo", *KILO_CASES), *of("goose", *GOOSE_CASES),
         *of("hermes", *HERMES_CASES)]
