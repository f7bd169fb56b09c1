# SPDX-License-Identifier: MIT
"""One call of one libc function fails, the first, the second, and so on."""
import json

from common import MODEL, Front, Provider, general_complaints, in_parallel

# Errors that are no failure: the program tries again, or goes on with the rest.
HARMLESS = {"EINTR", "EAGAIN", "short"}
FAULTS = [
    ("read", ["EIO", "EINTR", "short"]),
    ("write", ["EIO", "EINTR", "EAGAIN", "ENOSPC", "short"]),
    ("open", ["EMFILE", "EACCES", "EIO"]),
    ("getdents64", ["EIO"]),
    ("mmap", ["ENOMEM"]),
    ("pthread_create", ["EAGAIN"]),
    ("poll", ["EINTR"]),
    ("pipe", ["EMFILE"]),
    ("posix_spawn", ["EAGAIN"]),
    ("pidfd_open", ["EMFILE"]),
    ("eventfd", ["EMFILE"]),
    ("epoll_create", ["EMFILE"]),
    ("epoll_ctl", ["ENOSPC"]),
    ("epoll_wait", ["EINTR"]),
    ("socket", ["EMFILE"]),
    ("socketpair", ["EMFILE"]),
    ("connect", ["ECONNREFUSED", "ENETUNREACH"]),
    ("rename", ["EIO"]),
    ("fsync", ["EIO", "ENOSPC"]),
    ("send", ["ECONNRESET", "EPIPE", "EAGAIN", "short"]),
    ("recv", ["ECONNRESET", "EAGAIN", "short"]),
]
# A harmless error of these may still end the call they belong to.
NOT_TRIED_AGAIN = {("pthread_create", "EAGAIN"), ("posix_spawn", "EAGAIN")}
# In make check no more than so many places of one fault are tried, spread over all there are.
PLACES_MAX = 8
# At the same time, each with runs of its own.
SWEEPS = 3

# What the way to a server over TLS calls that the way without does not call as well, or not as often.
OVER_TLS = {"read", "write", "open", "socket", "connect", "send", "recv", "poll", "epoll_ctl", "mmap"}

RIGHT = "a.txt has alpha."
FAILED = "A tool failed."
TOOLS = [("view", {"path": "a.txt"}, "1\talpha"),
         ("ls", {"path": "."}, "[2 files"),
         ("glob", {"pattern": "**/*.c"}, "src/b.c"),
         ("grep", {"pattern": "gamma"}, "src/b.c:2:int gamma;"),
         ("count", {"by": "file"}, "[2 files, 3 lines, 27 bytes]"),
         ("git", {"show": "log"}, "\tfirst")]


def replies(tools):
    """A model that calls the tools and then says whether their results were right or an error."""
    calls = [{"id": f"c{i}", "name": name, "input": words} for i, (name, words, _) in enumerate(tools)]
    place = "/messages/2/content/%d/"
    right = {place % i + "content": {"contains": text} for i, (_, _, text) in enumerate(tools)}
    first = {"times": 0, "match": {"turn": 0},
             "reply": {"text": "Looking.", "tool_calls": calls}}
    last = {"times": 0, "match": {"turn": 1, "json": right}, "reply": {"text": ["a.txt has ", "alpha."]}}
    wrong = [{"times": 0, "match": {"turn": 1, "json": {place % i + "is_error": True}},
              "reply": {"text": FAILED}} for i in range(len(tools))]
    # A result that says what it lacks is honest, too.
    wrong += [{"times": 0, "match": {"turn": 1, "json": {place % i + "content": {"contains": " unreadable"}}},
               "reply": {"text": FAILED}} for i in range(len(tools))]
    return [first, last, *wrong]


class Command:
    """Words, and what has to be on stdout when the status is 0. functions: which fail, None: all."""

    def __init__(self, name, words, is_right, is_json=False, functions=None):
        self.name, self.words, self.is_right, self.is_json = name, words, is_right, is_json
        self.faults = [fault for fault in FAULTS if functions is None or fault[0] in functions]


def one_result(text):
    """The result object when it is the only thing there."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) and value.get("type") == "result" else None


def is_right_json(out):
    result = one_result(out)
    return result and result["result"] in (RIGHT, FAILED) and not result["is_error"]


def complaints(command, function, error, ran):
    bad = general_complaints(ran)
    harmless = error in HARMLESS and (function, error) not in NOT_TRIED_AGAIN
    if ran.status is None:
        return bad
    if ran.status not in ((0,) if harmless else range(6)):
        bad.append(f"status {ran.status}")
    if ran.status == 0 and not command.is_right(ran.out):
        bad.append("status 0, but not the whole right answer")
    if ran.status == 0 and FAILED in ran.out and harmless:
        bad.append(f"a tool failed although {error} is harmless")
    if ran.status and "fettle: " not in ran.err:
        bad.append("no sentence on stderr")
    if "HTTP 404" in ran.err:
        bad.append("a tool's result was incomplete and did not say so")
    # Nothing can be told on stdout before the start, nor when it does not take it.
    no_output = ran.status == 2 or "cannot start" in ran.err or "stdout" in ran.err
    if command.is_json and not one_result(ran.out) and not no_output:
        bad.append("stdout is not one result object")
    return bad


def sweep(bench, command, function, error):
    """(complaints, remark: places tried), or None when it is never called."""
    counted = bench.run(command.words, f"{function}:0:EIO")
    if counted.calls is None:
        return [f"the library did not count: {counted.shown()}"], ""
    total = counted.calls
    if total == 0:
        return None
    # Threads make a few calls more or less.
    places = list(range(1, total + 3))
    if not bench.long and len(places) > PLACES_MAX:
        # The first and the last are where the beginnings and ends are.
        places = sorted({1 + i * (total - 1) // (PLACES_MAX - 1) for i in range(PLACES_MAX)})
    faults = [str(n) for n in places]
    if error not in HARMLESS:
        faults.append("1+")
    bad = []
    for n, ran in zip(faults, in_parallel(
            lambda n: bench.run(command.words, f"{function}:{n}:{error}"), faults)):
        wrong = complaints(command, function, error, ran)
        # An error stream that takes nothing at all cannot be told on.
        if n == "1+" and function == "write":
            wrong = [line for line in wrong if "sentence" not in line and "object" not in line]
        if wrong:
            bad.append(f"{function}:{n}:{error} {'; '.join(wrong)}: {ran.shown()}")
    return bad, f" ({len(faults)} of {total})"


def commands(bench, tool_loop, json_loop, front):
    offline = ["-q", "--model", "offline", "how many lines of C are there?"]
    whole = bench.run(offline)
    # One retry shows what more of them would.
    told = ["--max-retries", "1", "--model", MODEL, "--base-url"]
    return [
        Command("tool loop", [*told, tool_loop.url, "what is where?"],
                lambda out: out in (RIGHT + "\n", FAILED + "\n")),
        Command("over TLS", ["--ca-file", front.ca_file, *told, front.url, "what is where?"],
                lambda out: out in (RIGHT + "\n", FAILED + "\n"), functions=OVER_TLS),
        Command("json", ["-q", *told, json_loop.url, "-o", "json", "what is where?"],
                is_right_json, is_json=True),
        Command("trace and output", [*told, json_loop.url, "-q", "--trace", bench.path / "trace/t.json",
                          "--output", bench.path / "trace/o.json", "what is where?"],
                lambda out: out in (RIGHT + "\n", FAILED + "\n"),
                functions=("open", "write", "rename", "fsync")),
        Command("offline", offline, lambda out: whole.status == 0 and (out == whole.out or "could not be looked up" in out or "could not be read" in out)),
    ]


def trace_complaints(bench):
    """Each file is whole, whatever has failed, and nothing is left beside them."""
    files = sorted((bench.path / "trace").iterdir())
    names = [path.name for path in files]
    bad = [] if names == ["o.json", "t.json"] else [f"there are {names}"]
    for path in files:
        try:
            json.loads(path.read_text())
        except (OSError, ValueError) as e:
            bad.append(f"{path.name}: {e}")
    return bad


def test_all(bench, tap, wanted):
    (bench.path / "trace").mkdir()
    tool_loop, json_loop = Provider(bench, replies(TOOLS)), Provider(bench, replies(TOOLS[:1]))
    front = Front(bench, json_loop)
    try:
        for command in commands(bench, tool_loop, json_loop, front):
            plain = bench.run(command.words)
            wrong = complaints(command, "", "short", plain)
            tap.test(f"{command.name}: without a fault",
                     [f"{line}: {plain.shown()}" for line in wrong])
            todo = [(f"{command.name}: {function} {error}", function, error)
                    for function, errors in command.faults for error in errors]
            todo = [one for one in todo if wanted in one[0]]
            for (name, *_), swept in zip(todo, in_parallel(
                    lambda one: sweep(bench, command, *one[1:]), todo, SWEEPS)):
                if swept:
                    tap.test(name, *swept)
        tap.test("trace and output: the files are whole, and alone", trace_complaints(bench))
    finally:
        front.stop()
        ends = [provider.stop() for provider in (tool_loop, json_loop)]
    tap.test("the scripted provider ends well", [text for text in ends if text])
