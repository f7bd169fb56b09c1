#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A long scripted conversation, and whether its requests kept to a context window.

    test/window_log.py script TURNS BYTES [TURN WORDS]
                                              prints a script for fettle mock: so many turns with tool
                                              calls, views of "big.txt" of about BYTES bytes each. At
                                              TURN the request is refused as too long in these WORDS
    test/window_log.py check LOG TOKENS [FROM]
                                              reads the log of fettle mock: every request of the
                                              conversation is valid and, from the
                                              FROMth on, within TOKENS, and begins with the one before
                                              but for a few shrinks

The count of tokens is another one than the program's: a token for every 4 bytes of the body.
"""
import itertools
import json
import sys

QUESTION = "The conversation is getting too long"
BYTES_PER_TOKEN = 4


def script(turns, size, refused=None, words=None):
    lines = max(1, size // 40)
    replies = [{"match": {"last_text_contains": QUESTION}, "times": 0, "reply": {
        "text": "So far: fact one in big.txt:1, fact two in big.txt:2. Still to do: the rest.",
        "usage": None}}]
    for turn in range(turns):
        if str(turn) == refused:
            replies.append({"reply": {"status": 400, "error": {"type": "invalid_request_error", "message": words}}})
        first = 1 + turn * 7
        calls = [{"id": f"call_{turn}_{n}", "name": "view", "input": {
            "path": "big.txt" if (turn + n) % 11 else "missing.txt",
            "offset": first + n, "limit": lines}} for n in range(1 + turn % 3)]
        replies.append({"reply": {"thinking": f"thought {turn}", "text": f"Step {turn}.",
                                  "tool_calls": calls, "usage": None}})
    replies.append({"reply": {"text": "All of it was read.", "usage": None}})
    json.dump({"replies": replies}, sys.stdout)


def ids(message):
    """(calls, results) of a message of any wire, in order."""
    calls, results = [], []
    content = message.get("content")
    for block in content if isinstance(content, list) else []:
        if block.get("type") == "tool_use":
            calls.append(block["id"])
        elif block.get("type") == "tool_result":
            results.append(block["tool_use_id"])
    calls += [call["id"] for call in message.get("tool_calls", [])]
    if message.get("role") == "tool":
        results.append(message["tool_call_id"])
    if message.get("type") == "function_call":
        calls.append(message["call_id"])
    if message.get("type") == "function_call_output":
        results.append(message["call_id"])
    return calls, results


def check_pairs(n, messages):
    messages = [m for m in messages if m.get("role") not in ("system", "developer")]
    open_calls = []
    task = list(itertools.takewhile(lambda m: m.get("role") == "user", messages))
    if "look at big.txt" not in json.dumps(task):
        sys.exit(f"request {n}: does not begin with the task")
    for message in messages:
        calls, results = ids(message)
        if results:
            if results != open_calls[:len(results)]:
                sys.exit(f"request {n}: results {results}, but the calls are {open_calls}")
            open_calls = open_calls[len(results):]
        elif open_calls and not calls:
            sys.exit(f"request {n}: no results of {open_calls}")
        open_calls += calls
    if open_calls:
        sys.exit(f"request {n}: no results of {open_calls}")


def unmarked(value):
    """Without the marks of the anthropic wire, which move and are no part of what is cached."""
    if isinstance(value, dict):
        return {k: unmarked(v) for k, v in value.items() if k != "cache_control"}
    return [unmarked(v) for v in value] if isinstance(value, list) else value


def common(a, b):
    n = 0
    for x, y in zip(a, b):
        if x != y:
            break
        n += 1
    return n


def check(log, tokens, first=1):
    before, shrinks, old_bytes, common_bytes, largest, count, summaries = None, 0, 0, 0, 0, 0, 0
    for line in open(log, encoding="utf-8"):
        entry = json.loads(line)
        body = entry["body"]
        messages = body["messages" if "messages" in body else "input"]
        text = json.dumps(unmarked(body), ensure_ascii=False, separators=(",", ":"))
        size = len(text.encode()) / BYTES_PER_TOKEN
        largest = max(largest, size) if entry["n"] >= first else 0
        if largest > tokens:
            sys.exit(f"request {entry['n']}: {size:.0f} tokens")
        if QUESTION in json.dumps(messages[-1]):
            summaries += 1
            continue
        check_pairs(entry["n"], messages)
        shown = [json.dumps(unmarked(m), ensure_ascii=False) for m in messages]
        if before is not None:
            shrinks += shown[:len(before)] != before
            old_bytes += sum(map(len, before))
            common_bytes += common("".join(before), "".join(shown))
        before, count = shown, count + 1
    reuse = 100 * common_bytes / max(1, old_bytes)
    print(f"# {count} requests, largest {largest:.0f} tokens, {shrinks} shrinks, {summaries} summaries, "
          f"{reuse:.1f} % of all bytes were in the request before", file=sys.stderr)
    if reuse < 75 or shrinks == 0 or shrinks > count / 4:
        sys.exit(f"{shrinks} shrinks in {count} requests, {reuse:.1f} % reused")
    print(count, "requests in order")


if __name__ == "__main__":
    if sys.argv[1] == "script":
        script(int(sys.argv[2]), int(sys.argv[3]), *sys.argv[4:])
    else:
        check(sys.argv[2], *map(int, sys.argv[3:]))
