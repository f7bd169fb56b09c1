#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Checks a file of trace events (--trace) and prints what is in it, for case files.

    test/trace_check.py FILE [SECRET ...]

Required: JSON of the object form with one event a line; the fields of each kind; no time before 0 and
none negative; spans of one row properly nested, so that those within another are no longer than it in
sum; every row named; only the arguments that ARGS knows, and none of the secrets anywhere.
Then, a line an event in the order of beginning: "row name", indented by the depth, and its arguments
that are no sizes or times.
"""
import json
import sys

ARGS = {"model", "turn", "attempt", "attempts", "status", "request_id", "request_bytes",
        "response_bytes", "input_tokens", "output_tokens", "cache_read_tokens",
        "cache_write_tokens", "reasoning_tokens", "cost_usd", "stop_reason", "error", "turns",
        "tools", "connection_reused", "queued_us", "result_bytes", "is_error", "retry",
        "retries_max", "delay_ms", "reason", "from", "to"}
UNSHOWN = {"request_bytes", "response_bytes", "queued_us", "result_bytes", "cost_usd",
           "connection_reused"}


def ns(number):
    return round(number * 1000)


def check_fields(event):
    kind = event["ph"]
    assert kind in "XiM", f"unknown kind: {event}"
    assert isinstance(event["pid"], int) and isinstance(event["tid"], int), event
    assert isinstance(event["name"], str) and event["name"], event
    if kind == "M":
        assert event["name"] in ("process_name", "thread_name") and event["args"]["name"], event
        return
    assert isinstance(event["cat"], str) and event["ts"] >= 0, event
    assert set(event["args"]) <= ARGS, f"unknown argument: {event}"
    assert event["dur"] >= 0 if kind == "X" else event["s"] == "t", event


def nest(events):
    """Puts "depth" and "inner" (sum of the spans within, ns) into the events of one row."""
    open_spans = []
    for event in events:
        begin = ns(event["ts"])
        end = begin + ns(event.get("dur", 0))
        while open_spans and open_spans[-1]["end"] <= begin:
            open_spans.pop()
        if event["ph"] == "X" and open_spans:
            outer = open_spans[-1]
            assert end <= outer["end"], f"{event} leaves {outer}"
            outer["inner"] += end - begin
            assert outer["inner"] <= ns(outer["dur"]), f"more in it than its own time: {outer}"
        event["depth"], event["end"], event["inner"] = len(open_spans), end, 0
        if event["ph"] == "X" and end > begin:
            open_spans.append(event)


def check(path, secrets):
    text = open(path, encoding="utf-8").read()
    for secret in secrets:
        assert secret not in text, f"{secret!r} is in the trace"
    lines = text.splitlines()
    assert lines[0] == '{"traceEvents":[' and lines[-1].startswith('],"displayTimeUnit":"ms"'), text
    document = json.loads(text)
    events = document["traceEvents"]
    assert [json.loads(line.rstrip(",")) for line in lines[1:-1]] == events, "not one event a line"
    assert document["otherData"]["dropped_events"] == 0
    for event in events:
        check_fields(event)
    assert len({event["pid"] for event in events}) == 1
    named = {e["tid"]: e["args"]["name"] for e in events if e["name"] == "thread_name"}
    timed = [e for e in events if e["ph"] != "M"]
    assert {e["tid"] for e in timed} <= set(named), "a row without a name"
    timed.sort(key=lambda e: (ns(e["ts"]), -ns(e.get("dur", 0))))
    for row in named:
        nest([e for e in timed if e["tid"] == row])
    return named, timed


def main(path, *secrets):
    named, timed = check(path, secrets)
    for event in timed:
        told = " ".join(f"{k}={v}" for k, v in event["args"].items() if k not in UNSHOWN)
        print(f"{named[event['tid']]}: {'  ' * event['depth']}{event['name']} {told}".rstrip())


if __name__ == "__main__":
    main(*sys.argv[1:])
