# SPDX-License-Identifier: MIT
"""Transcripts that are lines: Codex, pi, OpenClaw, Qwen Code, Kimi and Copilot's telemetry."""
import json

from usage_generate_base import BRANCHES, PROJECTS, iso

FILE_ENTRIES = 25


def put(world, path, lines, is_cut=False):
    """A line each; of a file that is just being written the last one is not whole."""
    text = "".join(json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n" for line in lines)
    world.write(path, [text[:-9] if is_cut else text])
    world.files_made += 1


def counts(world):
    """Tokens of an answer: not cached, cached, written, output, of which thought."""
    chance = world.random
    output = int(chance.lognormvariate(5.6, 1.2)) + 1
    return (chance.randint(1, 9000), chance.randint(0, 90_000), int(chance.lognormvariate(6, 1)), output,
            chance.randint(0, output))


def files(world):
    """How many entries each file has."""
    return world.shares(world.entries, min(world.files or max(1, world.entries // FILE_ENTRIES), world.entries), 0.8)


# Codex


class Codex:
    """A thread: its totals only grow, until a new process begins anew."""

    MODELS = ("gpt-5.4", "gpt-5.2-codex", "gpt-5.1-codex-max", "gpt-5.3-codex", "gpt-5")
    NAMES = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")

    def __init__(self, world, start_ms):
        self.world, self.ms, self.lines, self.told = world, start_ms, [], []
        self.id = world.uuid()
        self.total = [0, 0, 0, 0]
        self.place = world.random.choice(PROJECTS)

    def line(self, kind, payload):
        line = {"timestamp": iso(self.ms), "type": kind, "payload": payload}
        self.lines.append(line)
        return line

    def begin(self, **more):
        self.line("session_meta", {"id": self.id, "timestamp": iso(self.ms), "cwd": self.place, "originator": "codex_cli_rs",
                                   "cli_version": "0.98.0", "git": {"branch": self.world.random.choice(BRANCHES)}, **more})

    def usage(self, numbers):
        return {**dict(zip(self.NAMES, numbers)), "total_tokens": numbers[0] + numbers[2]}

    def answer(self):
        world, chance = self.world, self.world.random
        fresh, cached, _, output, thought = counts(world)
        last = [fresh + cached, cached, output, thought]
        self.total = [a + b for a, b in zip(self.total, last)]
        self.ms += chance.randint(2_000, 90_000)
        self.line("response_item", {"type": "function_call_output", "call_id": "c1", "output": chance.choice(world.large)})
        info = {"total_token_usage": self.usage(self.total), "last_token_usage": self.usage(last),
                "model_context_window": 272_000}
        self.told.append(self.line("event_msg", {"type": "token_count", "info": info, "rate_limits": None}))
        if chance.random() < 0.3:  # told again, nothing new
            self.ms += 40
            self.line("event_msg", {"type": "token_count", "info": info, "rate_limits": {"primary": {"used_percent": 4.0}}})
        if chance.random() < 0.05:
            self.line("event_msg", {"type": "token_count", "info": None, "rate_limits": None})


def codex_fork(world, thread, parent):
    """All that the parent has told, at the time of the fork."""
    thread.begin(forked_from_id=parent.id)
    for line in parent.lines:
        thread.lines.append(dict(line, timestamp=iso(thread.ms)))
    thread.total, thread.place = list(parent.total), parent.place
    thread.ms += 1500


def codex(world):
    chance, parents = world.random, []
    root = world.directory / ".codex"
    for entries in files(world):
        thread = Codex(world, world.start_ms())
        if parents and chance.random() < 0.15:
            parent = chance.choice(parents)
            thread.ms = parent.ms + 3_600_000
            codex_fork(world, thread, parent)
        else:
            thread.begin()
        for index in range(entries):
            if index == 0 or chance.random() < 0.05:
                thread.line("turn_context", {"cwd": thread.place, "model": chance.choice(Codex.MODELS), "effort": "high"})
            thread.answer()
        world.lines_used += entries
        day, clock = iso(thread.ms)[:10], iso(thread.ms)[11:19].replace(":", "-")
        below = f"{day.replace('-', '/')}/rollout-{day}T{clock}-{thread.id}.jsonl"
        is_cut = world.trapped()
        put(world, root / "sessions" / below, thread.lines, is_cut)
        if chance.random() < 0.1:  # also put away, with the same name
            put(world, root / "archived_sessions" / below, thread.lines[:len(thread.lines) // 2])
        if not is_cut:
            parents = [*parents[-9:], thread]


# pi and OpenClaw


def pi_lines(world, entries):
    chance, ms = world.random, world.start_ms()
    session, place = world.uuid(), chance.choice(PROJECTS)
    lines = [{"type": "session", "version": 3, "id": session, "timestamp": iso(ms), "cwd": place}]
    for number in range(entries):
        fresh, cached, written, output, _ = counts(world)
        ms += chance.randint(2_000, 90_000)
        total = fresh + cached + written + output + (50 if world.trapped() else 0)
        usage = {"input": fresh, "output": output, "cacheRead": cached, "cacheWrite": written, "totalTokens": total}
        if chance.random() < 0.8:
            usage["cost"] = {"input": 0.001, "total": round(chance.random() / 9, 6)}
        lines.append({"type": "message", "id": f"u{number}", "parentId": None, "timestamp": iso(ms),
                      "message": {"role": "user", "content": [{"type": "text", "text": chance.choice(world.small)}]}})
        lines.append({"type": "message", "id": f"a{number}", "parentId": f"u{number}", "timestamp": iso(ms + 900),
                      "message": {"role": "assistant", "content": [{"type": "text", "text": chance.choice(world.small)}],
                                  "provider": "anthropic", "model": chance.choice(("claude-opus-5", "claude-sonnet-4-6")),
                                  "usage": usage, "stopReason": "stop", "timestamp": ms + 900}})
    world.lines_used += entries
    return lines, session, place, ms


def pi(world):
    for entries in files(world):
        lines, session, place, ms = pi_lines(world, entries)
        stamp = iso(ms).replace(":", "-").replace(".", "-")
        put(world, world.directory / f".pi/agent/sessions/--{place.strip('/').replace('/', '-')}--" /
            f"{stamp}_{session}.jsonl", lines, world.trapped())


def openclaw(world):
    chance = world.random
    for entries in files(world):
        lines, session, _, ms = pi_lines(world, entries)
        lines.insert(1, {"type": "model_change", "id": "x1", "timestamp": iso(ms), "provider": "openai", "modelId": "gpt-5.4"})
        for line in lines:
            if line.get("message", {}).get("role") == "assistant" and chance.random() < 0.3:
                del line["message"]["model"], line["message"]["provider"]
        put(world, world.directory / ".openclaw/agents/main/sessions" / f"{session}.jsonl", lines, world.trapped())


# Qwen Code and Kimi


def qwen(world):
    chance = world.random
    for entries in files(world):
        ms, session, place, lines = world.start_ms(), world.uuid(), chance.choice(PROJECTS), []
        for _ in range(entries):
            fresh, cached, _, output, thought = counts(world)
            ms += chance.randint(2_000, 90_000)
            usage = {"promptTokenCount": fresh + cached, "candidatesTokenCount": output, "thoughtsTokenCount": thought,
                     "cachedContentTokenCount": cached, "totalTokenCount": fresh + cached + output + thought}
            if world.trapped():
                usage["totalTokenCount"] += 77
            line = {"uuid": world.uuid(), "parentUuid": None, "sessionId": session, "timestamp": iso(ms), "type": "assistant",
                    "cwd": place, "gitBranch": "main", "version": "0.9.0", "model": "qwen3-coder-plus",
                    "message": {"role": "model", "parts": [{"text": chance.choice(world.small)}]}, "usageMetadata": usage}
            lines += [line, line] if chance.random() < 0.05 else [line]
        world.lines_used += entries
        put(world, world.directory / ".qwen/projects/-home-dev/chats" / f"{session}.jsonl", lines, world.trapped())


def kimi(world):
    chance = world.random
    for entries in files(world):
        ms, lines = world.start_ms(), [{"type": "metadata", "protocol_version": "1.1"}]
        for number in range(entries):
            fresh, cached, written, output, _ = counts(world)
            ms += chance.randint(2_000, 90_000)
            payload = {"context_usage": 0.2, "token_usage": {"input_other": fresh, "output": output, "input_cache_read": cached,
                                                             "input_cache_creation": written},
                       "message_id": f"chatcmpl-{world.letters(12)}{number}"}
            line = {"timestamp": ms / 1000, "message": {"type": "StatusUpdate", "payload": payload}}
            lines += [line, line] if chance.random() < 0.05 else [line]
        world.lines_used += entries
        put(world, world.directory / ".kimi/sessions" / world.letters(16) / world.uuid() / "wire.jsonl", lines,
            world.trapped())


# Copilot CLI


def copilot(world):
    """Of an answer a chat span, and often a log of the same besides."""
    chance = world.random
    for entries in files(world):
        ms, session, lines = world.start_ms(), world.uuid(), []
        for number in range(entries):
            fresh, cached, _, output, thought = counts(world)
            ms += chance.randint(2_000, 90_000)
            trace, response = f"{chance.getrandbits(128):032x}", f"resp_{world.letters(12)}{number}"
            attributes = {"gen_ai.operation.name": "chat", "gen_ai.response.model": "claude-sonnet-4.5",
                          "gen_ai.response.id": response, "gen_ai.conversation.id": session,
                          "gen_ai.usage.input_tokens": fresh + cached, "gen_ai.usage.output_tokens": output,
                          "gen_ai.usage.cache_read.input_tokens": cached, "gen_ai.usage.reasoning.output_tokens": thought}
            span = {"type": "span", "traceId": trace, "spanId": f"{number:016x}", "name": "chat claude-sonnet-4.5",
                    "startTime": [ms // 1000, 0], "endTime": [ms // 1000, 900_000_000], "attributes": attributes}
            log = {"traceId": trace, "spanId": f"{number:016x}", "hrTime": [ms // 1000, 950_000_000],
                   "_body": "GenAI inference: claude-sonnet-4.5",
                   "attributes": {**attributes, "event.name": "gen_ai.client.inference.operation.details"}}
            lines += chance.choice(([span], [span, log], [log, span], [log]))
        world.lines_used += entries
        put(world, world.directory / ".copilot/otel" / f"{session}.jsonl", lines, world.trapped())


KINDS = {"codex": codex, "pi": pi, "openclaw": openclaw, "qwen": qwen, "kimi": kimi, "copilot": copilot}
