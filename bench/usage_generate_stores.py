# SPDX-License-Identifier: MIT
"""Transcripts that are documents or databases: OpenCode, Kilo, Goose, Hermes, Gemini CLI, Amp, Droid, Codebuff."""
import json
import sqlite3

from usage_generate_base import PROJECTS, iso
from usage_generate_lines import counts, files


def document(world, path, value):
    text = json.dumps(value, ensure_ascii=False, indent=2)
    world.write(path, [text[:len(text) // 2] if world.trapped() else text])
    world.files_made += 1


def database(world, path, tables):
    """tables: name with columns -> rows."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    with sqlite3.connect(path) as db:
        for table, rows in tables.items():
            db.execute(f"CREATE TABLE {table}")
            if rows:
                name, marks = table.split("(")[0], ",".join("?" * len(rows[0]))
                db.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)
    db.close()
    world.files_made += 1
    world.bytes_made += path.stat().st_size


def opencode_message(world, ident, session, ms, place, has_total):
    chance = world.random
    fresh, cached, written, output, thought = counts(world)
    tokens = {"input": fresh, "output": output, "reasoning": thought, "cache": {"read": cached, "write": written}}
    if has_total:
        tokens["total"] = fresh + output + cached + written + thought
    return {"id": ident, "sessionID": session, "role": "assistant", "time": {"created": ms, "completed": ms + 5000},
            "modelID": chance.choice(("claude-opus-4.5", "claude-sonnet-4-5", "gpt-5.4", "gemini-3-pro-preview")),
            "providerID": chance.choice(("anthropic", "opencode", "openai")), "mode": "build",
            "path": {"cwd": place, "root": place}, "cost": chance.choice((0, 0, round(chance.random() / 9, 6))),
            "tokens": tokens, "system": [chance.choice(world.small)]}


def opencode_messages(world, entries, has_total):
    """session -> its messages"""
    chance = world.random
    for number, part in enumerate(world.shares(entries, max(1, entries // 20), 0.8)):
        ms, session, place = world.start_ms(), f"ses_{world.letters(20)}{number}", chance.choice(PROJECTS)
        for index in range(part):
            ms += chance.randint(2_000, 90_000)
            yield session, ms, opencode_message(world, f"msg_{world.letters(20)}{index}", session, ms, place, has_total)


MESSAGES = "message (id text primary key, session_id text, time_created integer, data text)"


def opencode(world):
    """Older messages in files of their own, newer ones in the database, some in both."""
    root, rows = world.directory / ".local/share/opencode", []
    for session, ms, message in opencode_messages(world, world.entries, world.random.random() < 0.5):
        where = world.random.random()
        if where < 0.6:
            rows.append((message["id"], session, ms, json.dumps(message)))
        if where >= 0.5:
            document(world, root / "storage/message" / session / f"{message['id']}.json", message)
        world.lines_used += 1
    database(world, root / "opencode.db", {MESSAGES: rows})


def kilo(world):
    rows = []
    for session, ms, message in opencode_messages(world, world.entries, False):
        rows.append((message["id"], session, ms, json.dumps(message)))
        world.lines_used += 1
    database(world, world.directory / ".local/share/kilo/kilo.db", {MESSAGES: rows})


def goose(world):
    chance, rows = world.random, []
    for number in range(world.entries):
        fresh, cached, _, output, _ = counts(world)
        when = iso(world.start_ms())[:19].replace("T", " ")
        rows.append((f"{when[:10].replace('-', '')}_{number}", chance.choice(PROJECTS), when, "anthropic",
                     json.dumps({"model_name": "claude-sonnet-4-5", "context_limit": 200_000}), fresh, fresh, output,
                     fresh + cached + output, fresh + cached, output))
    columns = ("sessions (id text, working_dir text, created_at text, provider_name text, model_config_json text, total_tokens "
               "integer, input_tokens integer, output_tokens integer, accumulated_total_tokens integer, "
               "accumulated_input_tokens integer, accumulated_output_tokens integer)")
    world.lines_used += world.entries
    database(world, world.directory / ".local/share/goose/sessions/sessions.db", {columns: rows})


def hermes(world):
    chance, rows = world.random, []
    for number in range(world.entries):
        fresh, cached, written, output, thought = counts(world)
        cost = round(chance.random() / 9, 6)
        rows.append((f"{number}-{world.letters(8)}", "cli", "anthropic/claude-opus-4.5", "openrouter",
                     world.start_ms() / 1000, 4, fresh, output, cached, written, thought, cost,
                     cost if chance.random() < 0.5 else None))
    columns = ("sessions (id text, source text, model text, billing_provider text, started_at real, message_count integer, "
               "input_tokens integer, output_tokens integer, cache_read_tokens integer, cache_write_tokens integer, "
               "reasoning_tokens integer, estimated_cost_usd real, actual_cost_usd real)")
    world.lines_used += world.entries
    database(world, world.directory / ".hermes/state.db", {columns: rows})


def gemini(world):
    """A document for each conversation, or lines of which a later one stands in for an earlier one."""
    chance = world.random
    for entries in files(world):
        ms, session, messages = world.start_ms(), world.uuid(), []
        for _ in range(entries):
            fresh, cached, _, output, thought = counts(world)
            ms += chance.randint(2_000, 90_000)
            tokens = {"input": fresh + cached, "output": output, "cached": cached, "thoughts": thought, "tool": 12,
                      "total": fresh + cached + output + thought + 12}
            messages.append({"id": world.uuid(), "timestamp": iso(ms), "type": "gemini", "model": "gemini-2.5-pro",
                             "content": chance.choice(world.small), "tokens": tokens})
        head = {"sessionId": session, "projectHash": "a1", "startTime": iso(ms), "lastUpdated": iso(ms)}
        place = world.directory / ".gemini/tmp" / world.letters(16) / "chats"
        if chance.random() < 0.6:
            document(world, place / f"session-{session}.json", {**head, "messages": messages})
        else:
            lines = [head]
            for message in messages:
                if chance.random() < 0.3:
                    lines.append({**message, "tokens": {**message["tokens"], "output": 1}})
                lines.append(message)
            world.write(place / f"session-{session}.jsonl", [json.dumps(line) + "\n" for line in lines])
            world.files_made += 1
        world.lines_used += entries


def amp(world):
    chance = world.random
    for entries in files(world):
        ms, thread, messages, events = world.start_ms(), f"T-{world.uuid()}", [], []
        is_old = chance.random() < 0.5
        for number in range(entries):
            fresh, cached, written, output, _ = counts(world)
            ms += chance.randint(2_000, 90_000)
            usage = {"model": "claude-sonnet-4-5", "inputTokens": fresh, "outputTokens": output,
                     "cacheCreationInputTokens": written, "cacheReadInputTokens": cached, "credits": 0.5}
            if not is_old:
                usage["timestamp"] = iso(ms)
                usage["totalTokens"] = fresh + output + written + cached
            else:
                events.append({"id": f"e{number}", "timestamp": iso(ms), "model": "claude-sonnet-4-5", "credits": 0.5,
                               "tokens": {"input": fresh, "output": output}, "toMessageId": number})
            messages.append({"role": "assistant", "messageId": number, "usage": usage,
                             "content": [{"type": "text", "text": chance.choice(world.small)}]})
        value = {"v": 9, "id": thread, "created": ms, "messages": messages}
        if is_old:
            value["usageLedger"] = {"events": events}
        document(world, world.directory / ".local/share/amp/threads" / f"{thread}.json", value)
        world.lines_used += entries


def droid(world):
    chance = world.random
    for _ in range(world.entries):
        fresh, cached, written, output, thought = counts(world)
        ms, session = world.start_ms(), world.uuid()
        document(world, world.directory / ".factory/sessions" / f"{session}.settings.json", {
            "assistantActiveTimeMs": 4000, "model": chance.choice(("claude-opus-4-5-20251101", "custom:Claude-Sonnet-4.5-[me]-0")),
            "providerLock": "anthropic", "providerLockTimestamp": iso(ms), "reasoningEffort": "high",
            "tokenUsage": {"inputTokens": fresh, "outputTokens": output, "cacheCreationTokens": written,
                           "cacheReadTokens": cached, "thinkingTokens": thought}})
    world.lines_used += world.entries


def codebuff(world):
    chance = world.random
    for entries in files(world):
        ms, messages = world.start_ms(), []
        for number in range(entries):
            fresh, cached, written, output, _ = counts(world)
            ms += chance.randint(2_000, 90_000)
            messages.append({"id": f"user-{number}", "variant": "user", "content": chance.choice(world.small),
                             "timestamp": iso(ms)})
            messages.append({"id": f"ai-{ms}-{number}", "variant": "ai", "content": chance.choice(world.small),
                             "timestamp": iso(ms), "credits": 3, "metadata": {"model": "anthropic/claude-opus-4.5", "usage": {
                                 "inputTokens": fresh, "outputTokens": output, "cacheReadInputTokens": cached,
                                 "cacheCreationInputTokens": written}}})
        chat = iso(ms).replace(":", "-")
        document(world, world.directory / ".config/manicode/projects/web.app/chats" / chat / "chat-messages.json", messages)
        world.lines_used += entries


KINDS = {"opencode": opencode, "kilo": kilo, "goose": goose, "hermes": hermes, "gemini": gemini, "amp": amp, "droid": droid,
         "codebuff": codebuff}
