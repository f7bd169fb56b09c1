# SPDX-License-Identifier: MIT
"""Files are changed while a call fails, or the program is killed at it: old or new, never in between."""
import json
import shutil

from common import MODEL, Provider, general_complaints, in_parallel

OLD = {"a.txt": "alpha\n" * 2000 + "here\n", "sub/b.c": "int here;\n", "gone.txt": "to go\n", "new/dir/c.txt": None,
       "moved.txt": None}
EDITED = dict(OLD, **{"a.txt": "alpha\n" * 2000 + "there\n", "sub/b.c": "int there;\n", "new/dir/c.txt": "made\n"})
PATCHED = dict(EDITED, **{"gone.txt": None, "moved.txt": "int there;\n", "sub/b.c": None})
EDITS = [{"path": "a.txt", "old_string": "here", "new_string": "there"},
         {"path": "new/dir/c.txt", "old_string": "", "new_string": "made\n"},
         {"path": "sub/b.c", "old_string": "here", "new_string": "there"}]
PATCH = """*** Begin Patch
*** Update File: a.txt
@@
-here
+there
*** Add File: new/dir/c.txt
+made
*** Delete File: gone.txt
*** Update File: sub/b.c
*** Move to: moved.txt
@@
-int here;
+int there;
*** End Patch
"""
FAULTS = [("rename", ["kill", "EIO"]), ("fsync", ["kill", "EIO"]), ("unlink", ["kill", "EIO"]),
          ("mkdir", ["kill", "EACCES"]), ("write", ["kill", "ENOSPC"])]
# Tried with --long only.
FURTHER = [("fchmod", ["kill", "EIO"]), ("write", ["short"]), ("open", ["kill", "EMFILE"]),
           ("read", ["kill", "EIO", "short"])]
# In make check no more than so many places of one fault are tried, spread over all there are.
PLACES_MAX = 4


def place(bench, number):
    """A workspace of its own, with the old files."""
    work = bench.path / f"changed{number}"
    for name, text in OLD.items():
        if text is not None:
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            (work / name).write_text(text)
    return work


def look(work, new):
    """What each file is: old, new, or neither."""
    states = {}
    for name, old in OLD.items():
        text = (work / name).read_text() if (work / name).exists() else None
        kinds = [kind for kind, wanted in (("old", old), ("new", new[name])) if text == wanted]
        states[name] = "same" if len(kinds) == 2 else kinds[0] if kinds else f"{text!r}"[:100]
    return states


def complaints(work, new, function, error, ran):
    states = look(work, new)
    found = set(states.values()) - {"same"}
    bad = []
    if found - {"old", "new"}:
        bad.append(f"torn: {states}")
    if error == "kill":
        return bad
    bad += general_complaints(ran)
    if len(found) > 1:
        bad.append(f"some are changed, some not: {states}")
    if ran.out.strip() == "all done" and found != {"new"}:
        bad.append(f"said to be done: {states}")
    if ran.out.strip() == "it failed" and found != {"old"}:
        bad.append(f"said to have failed: {states}")
    if error == "short" and found != {"new"}:
        bad.append(f"short is harmless, but: {states}")
    litter = [str(path) for path in work.rglob(".fettle-*")]
    if litter and function != "unlink":
        bad.append(f"left behind: {litter}")
    return bad


def sweep(bench, words, new, function, error):
    serial = next(bench.serials)
    counted = bench.run(words, f"{function}:0:EIO", work=place(bench, f"{serial}-count"))
    if not counted.calls:
        return None
    total = counted.calls
    places = list(range(1, total + 2))
    if not bench.long and len(places) > PLACES_MAX:
        places = sorted({1 + i * (total - 1) // (PLACES_MAX - 1) for i in range(PLACES_MAX)})

    def one(n):
        work = place(bench, f"{serial}-{n}")
        ran = bench.run(words, f"{function}:{n}:{error}", work=work)
        wrong = complaints(work, new, function, error, ran)
        shutil.rmtree(work)
        return [f"{function}:{n}:{error} {'; '.join(wrong)}: {ran.shown()}"] if wrong else []

    return sum(in_parallel(one, places), []), f" ({len(places)} of {total})"


def replies(name, words, place, word):
    """A model that says whether the result was the right one: word is at that place of the request."""
    call = {"id": "c", "name": name, "input": words}
    done = {place: {"contains": word}}
    return [{"times": 0, "match": {"turn": 0}, "reply": {"tool_calls": [call]}},
            {"times": 0, "match": {"turn": 1, "json": done}, "reply": {"text": "all done"}},
            {"times": 0, "match": {"turn": 1}, "reply": {"text": "it failed"}}]


def test_all(bench, tap, wanted):
    tools = [("multiedit", {"edits": EDITS}, EDITED, MODEL, "/messages/-1/content/0/content", "edited a.txt"),
             ("apply_patch", {"input": PATCH}, PATCHED, "openai/gpt-5", "/messages/-1/content", "Success.")]
    for name, call, new, model, where, word in tools:
        provider = Provider(bench, replies(name, call, where, word))
        words = ["-q", "--permit", "edit", "--max-retries", "1", "--model", model, "--base-url",
                 provider.url + ("/v1" if model.startswith("openai") else ""), "change them"]
        try:
            work = place(bench, f"-{name}")
            plain = bench.run(words, work=work)
            states = look(work, new)
            tap.test(f"{name}: without a fault", [] if set(states.values()) - {"same"} == {"new"} else
                     [f"{json.dumps(states)}: {plain.shown()}"])
            todo = [(function, error) for function, errors in FAULTS + FURTHER * bench.long for error in errors
                    if wanted in f"{name}: {function} {error}"]
            for (function, error), swept in zip(todo, in_parallel(
                    lambda one, words=words, new=new: sweep(bench, words, new, *one), todo, 2)):
                if swept:
                    tap.test(f"{name}: {function} {error}", *swept)
        finally:
            provider.stop()
