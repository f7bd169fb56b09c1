#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Runs case files: one page each, a scripted provider, a command, and what has to come of it.

    python3 test/run_cases.py BUILD test/case/010-something.case ...

prints TAP. test/run runs them all, several at once.

The first line of a case file is its title; lines up to the first section are remarks. A section begins
with a line "=== name" and goes on to the next one; empty lines at its end do not count. A line of
contents that begins with "===" or "---" is written with a backslash in front.

=== files             what is in the workspace, an empty directory otherwise:
                        --- path                  the lines below it are the file; ${HOME}/path, too
                        --- path -> target        a symbolic link
                        --- path (fifo)           also (dir)
                        --- path (mode 000)       the lines below it are the file
                        --- path (escapes)        Python's escapes count: \\r\\n \\xff \\t
                        --- path (no newline)     without the last line's end
                      several marks may follow one another.
=== script            JSON for "fettle mock" (docs/mock.md), started on a free port.
=== env               NAME=value lines. Commands get PATH, HOME (an empty directory), LANG=C.UTF-8,
                      TERM=dumb, FETTLE_PROBE=false and these.
=== stdin             otherwise /dev/null. (escapes) and (no newline) as above.
=== run               a script for sh, started in the workspace. "fettle" is the build's.
=== exit N            the status; 0 when there is no such section.
=== stdout            exactly these lines. An empty section: nothing at all.
=== stdout ~          each line is a regular expression; they are found in this order, line by line.
=== stdout !          each line is a regular expression that no line matches.
=== stderr            the same three.
=== json [N]          stdout is one JSON document, or its line N (0 the first, -1 the last). Lines are
                        /pointer = JSON      /pointer ~ regex       /pointer absent
                        /pointer >= number   /pointer <= number     /pointer type string
                      with type one of null boolean number string array object. "" is the whole, and
                      -1 in a pointer is an array's last.
=== schema FILE       stdout is one JSON document that FILE (from the repository's root) describes.
=== schema-lines FILE the same of every line.
=== requests          what the scripted provider was asked, by number from 1:
                        count = N
                        1 /pointer = JSON      and the other forms of "json", of the body
                        1 header name = text   1 header name ~ regex   1 header name absent
                        1 connection = N       also method, path, wire, matched: compared as JSON or text
=== after             a script for sh, run when the command has ended, with the same expectations on its
                      status: 0. Its output is shown when it fails.
=== limits            seconds <= N, peak_rss_kb <= N (of the command and its children; not looked at in a
                      sanitizer build).

${URL} is the scripted provider's base URL, ${WORK} the workspace, ${HOME} the home directory, ${ROOT} the
repository, in every section. A case fails, too, when it leaves a process behind, when a sanitizer speaks
or when it takes longer than a minute.
"""
import difflib
import json
import os
import pathlib
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
DEADLINE_S = 60
SANITIZER = re.compile(
    r"ERROR: (Address|Leak|Thread|Memory)Sanitizer|runtime error:|WARNING: ThreadSanitizer")
SANITIZER_ENV = {
    "ASAN_OPTIONS": "detect_leaks=1:exitcode=99:handle_sigill=2:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "halt_on_error=1:exitcode=98:print_stacktrace=1",
    "LSAN_OPTIONS": "exitcode=97",
}
KNOWN = {"files", "script", "env", "stdin", "run", "exit", "stdout", "stderr", "json", "schema",
         "schema-lines", "requests", "after", "limits"}


class Wrong(Exception):
    """The case file itself is not right."""


class Section:
    def __init__(self, name, words, line):
        self.name, self.words, self.line, self.lines = name, words, line, []

    def text(self):
        lines = list(self.lines)
        while lines and not lines[-1].strip():
            lines.pop()
        text = "".join(line + "\n" for line in lines)
        return text

    def entries(self):
        return [line.strip() for line in self.lines if line.strip()]


def unescape(line):
    return line[1:] if line.startswith(("\\===", "\\---")) else line


def parse(path):
    lines = path.read_text(encoding="utf-8").split("\n")
    title, sections = lines[0].strip(), []
    if not title or title.startswith("==="):
        raise Wrong("the first line has to be a title")
    for number, line in enumerate(lines[1:], 2):
        if line.startswith("==="):
            name, _, words = line[3:].strip().partition(" ")
            if name not in KNOWN:
                near = difflib.get_close_matches(name, KNOWN, 1)
                raise Wrong(f"line {number}: no section is called {name!r}" +
                            (f", did you mean {near[0]!r}?" if near else ""))
            sections.append(Section(name, words.strip(), number))
        elif sections:
            raw = sections[-1].name == "files"
            sections[-1].lines.append(line if raw else unescape(line))
    if not any(s.name == "run" for s in sections):
        raise Wrong('has no section "run"')
    return title, sections


def take_marks(words):
    """('path (a) (b)') to ('path', ['a', 'b'])."""
    marks = []
    while match := re.search(r"\s*\(([^()]*)\)$", words):
        marks.insert(0, match.group(1))
        words = words[:match.start()]
    return words.strip(), marks


def to_bytes(text, marks):
    if "no newline" in marks and text.endswith("\n"):
        text = text[:-1]
    if "escapes" in marks:
        return (text.encode("latin-1", "backslashreplace").decode("unicode_escape")
                .encode("latin-1", "replace"))
    return text.encode("utf-8", "surrogateescape")


def put_file(work, words, section, values):
    link = re.match(r"(.+?) -> (.+)$", words)
    name, marks = take_marks(fill(link.group(1) if link else words, values))
    path = work / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if link:
        path.symlink_to(fill(link.group(2), values))
        return
    if "fifo" in marks:
        os.mkfifo(path)
    elif "dir" in marks:
        path.mkdir(exist_ok=True)
    else:
        path.write_bytes(to_bytes(fill(section.text(), values), marks))
    for mark in marks:
        if mark.startswith("mode "):
            path.chmod(int(mark[5:], 8))
        elif mark not in ("fifo", "dir", "escapes", "no newline"):
            raise Wrong(f"file {name}: unknown mark ({mark})")


def put_files(work, section, values):
    heading, part = None, Section("file", "", section.line)
    for line in section.lines + ["--- "]:
        if line.startswith("---"):
            if heading:
                put_file(work, heading, part, values)
            elif part.text():
                raise Wrong(f"line {section.line}: contents before the first --- path")
            heading, part = line[3:].strip(), Section("file", "", section.line)
        else:
            part.lines.append(unescape(line))


def fill(text, values, escape=False):
    for name, value in values.items():
        text = text.replace("${%s}" % name, re.escape(value) if escape else value)
    return text


# ---- running ----

def processes_of(session, home):
    """Processes that belong to the case: of its session, or with its home directory."""
    mark, found = f"HOME={home}\0".encode(), []
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or int(entry) == os.getpid():
            continue
        try:
            stat = pathlib.Path("/proc", entry, "stat").read_bytes()
            fields = stat[stat.rindex(b")") + 2:].split()
            if fields[0] == b"Z":
                continue
            environ = pathlib.Path("/proc", entry, "environ").read_bytes()
        except OSError:
            continue
        if int(fields[3]) == session or mark in environ + b"\0":
            found.append((int(entry), stat[stat.index(b"(") + 1:stat.rindex(b")")].decode()))
    return found


def end_processes(found):
    for pid, _ in found:
        try:
            os.kill(pid, signal.SIGKILL)
        except OSError:
            pass


def wait_for(child, deadline):
    """Like wait with a deadline, but gives the resources as wait4 does."""
    pause = 0.001
    while True:
        pid, status, usage = os.wait4(child.pid, os.WNOHANG)
        if pid:
            child.returncode = os.waitstatus_to_exitcode(status)
            return usage
        if time.monotonic() > deadline:
            return None
        time.sleep(pause)
        pause = min(pause * 1.5, 0.02)


class Build:
    def __init__(self, path):
        self.path = pathlib.Path(path).resolve()
        self.fettle = next((p for p in (self.path / "fettle", self.path / "src/cmd/fettle")
                            if p.is_file()), None)
        measure = self.path / "test/measure"
        self.measure = measure if measure.is_file() else None
        self.sanitized = self._is_sanitized()

    def _is_sanitized(self):
        try:
            options = json.loads((self.path / "meson-info/intro-buildoptions.json").read_text())
        except (OSError, ValueError):
            return False
        return any(o["name"] == "b_sanitize" and o["value"] != "none" for o in options)


class Provider:
    """fettle mock, for one case."""

    def __init__(self, build, directory, script, env):
        path = directory / "script.json"
        path.write_text(script, encoding="utf-8")
        self.log = directory / "requests.jsonl"
        self.stderr = open(directory / "mock.stderr", "w+b")
        self.child = subprocess.Popen(
            [build.fettle, "mock", "--log", self.log, path], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=self.stderr, env=dict(env, HOME=str(directory)),
            start_new_session=True)
        ready, _, _ = select.select([self.child.stdout], [], [], 20)
        line = self.child.stdout.readline().decode() if ready else ""
        match = re.fullmatch(r"listening on (http://127\.0\.0\.1:\d+)\n", line)
        self.url = match.group(1) if match else None

    def stop(self):
        """None, or what was wrong with it. A second time there is nothing to say."""
        if self.stderr.closed:
            return None
        try:
            self.child.send_signal(signal.SIGTERM)
            self.child.wait(20)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
        self.stderr.seek(0)
        text = self.stderr.read().decode("utf-8", "replace")
        self.stderr.close()
        if self.child.returncode == 0 and not SANITIZER.search(text):
            return None
        return f"the scripted provider ended with {self.child.returncode}:\n{text}"

    def requests(self):
        if not self.log.exists():
            return []
        return [json.loads(line) for line in self.log.read_text(encoding="utf-8").splitlines()]


# ---- expectations: each function gives a list of complaints ----

def check_output(name, section, output, values):
    text = output.decode("utf-8", "replace")
    words, marks = take_marks(section.words)
    if words == "":
        expected = to_bytes(fill(section.text(), values), marks).decode("utf-8", "replace")
        if text == expected:
            return []
        diff = difflib.unified_diff(expected.splitlines(True), text.splitlines(True),
                                    f"{name} expected", f"{name} got", n=2)
        return ["".join(line if line.endswith("\n") else line + "\n\\ no newline\n"
                        for line in diff)]
    lines, at, bad = text.splitlines(), 0, []
    for pattern in section.entries():
        regex = re.compile(fill(pattern, values, escape=True))
        if words == "!":
            bad += [f"{name} has a line that matches {pattern!r}: {line}"
                    for line in lines if regex.search(line)]
            continue
        if words != "~":
            raise Wrong(f"line {section.line}: {name} is followed by ~ or ! or nothing")
        hit = next((i for i in range(at, len(lines)) if regex.search(lines[i])), None)
        if hit is None:
            before = any(regex.search(line) for line in lines[:at])
            bad.append(f"{name} has no line that matches {pattern!r}" +
                       (f" behind line {at} (only before)" if before else ""))
        else:
            at = hit + 1
    return bad


def at_pointer(document, pointer):
    """(True, value) or (False, None)."""
    if pointer == '""':
        pointer = ""
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        if isinstance(document, dict) and part in document:
            document = document[part]
        elif isinstance(document, list) and re.fullmatch(r"-1|\d+", part) and \
                -1 <= int(part) < len(document) and document:
            document = document[int(part)]
        else:
            return False, None
    return True, document


def same(a, b):
    """Equal, and True is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return a == b


TYPES = {"null": type(None), "boolean": bool, "number": (int, float), "string": str,
         "array": list, "object": dict}


def check_value(line, found, value, operator, operand, values):
    def shown():
        text = json.dumps(value, ensure_ascii=False) if found else "absent"
        return text if len(text) < 400 else text[:400] + "..."

    if operator == "absent":
        good = not found
    elif not found:
        good = False
    elif operator == "=":
        try:
            good = same(value, json.loads(fill(operand, values)))
        except ValueError as e:
            raise Wrong(f"{line}: {operand!r} is no JSON: {e}") from e
    elif operator == "~":
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        good = re.search(fill(operand, values, escape=True), text) is not None
    elif operator == "type":
        if operand not in TYPES:
            raise Wrong(f"{line}: no such type")
        good = isinstance(value, TYPES[operand]) and \
            (operand == "boolean" or not isinstance(value, bool))
    else:
        good = isinstance(value, (int, float)) and not isinstance(value, bool) and \
            (value >= float(operand) if operator == ">=" else value <= float(operand))
    return [] if good else [f"{line}   -- is {shown()}"]


PLACE = re.compile(r'(""|/\S*) (?:(absent)|(=|~|>=|<=|type) (.*))$')


def check_place(line, expression, document, values):
    match = PLACE.match(expression)
    if not match:
        raise Wrong(f"cannot read {line!r}")
    found, value = at_pointer(document, match.group(1))
    return check_value(line, found, value, match.group(2) or match.group(3), match.group(4), values)


def parse_json(name, text):
    try:
        return json.loads(text), []
    except ValueError as e:
        return None, [f"{name} is no JSON: {e}: {text[:300]!r}"]


def check_json(section, output, values):
    name, text = "stdout", output.decode("utf-8", "replace")
    if section.words:
        lines = text.splitlines()
        name = f"stdout's line {section.words}"
        try:
            text = lines[int(section.words)]
        except IndexError:
            return [f"{name} is not there: {len(lines)} lines"]
    document, bad = parse_json(name, text)
    if bad:
        return bad
    return [c for line in section.entries() for c in check_place(line, line, document, values)]


def check_schema(section, output):
    import jsonschema

    schema = json.loads((ROOT / section.words).read_text(encoding="utf-8"))
    validator = jsonschema.validators.validator_for(schema)(schema)
    text, bad = output.decode("utf-8", "replace"), []
    parts = text.splitlines() if section.name == "schema-lines" else [text]
    if not parts:
        return ["stdout is empty"]
    for number, part in enumerate(parts, 1):
        document, wrong = parse_json(f"stdout (line {number})", part)
        bad += wrong or [f"stdout (line {number}) at /{'/'.join(map(str, e.absolute_path))}: "
                         f"{e.message[:300]}" for e in validator.iter_errors(document)]
    return bad


REQUEST = re.compile(r"(\d+) (?:header (\S+)|(\w+)|(?=/|\"\"))\s*(.*)$")


def check_request(line, requests, values):
    if match := re.fullmatch(r"count = (\d+)", line):
        if len(requests) == int(match.group(1)):
            return []
        return [f"{line}   -- there were {len(requests)}"]
    match = REQUEST.match(line)
    if not match:
        raise Wrong(f"cannot read {line!r}")
    number, header, field, rest = match.groups()
    if not 1 <= int(number) <= len(requests):
        return [f"{line}   -- there were {len(requests)} requests"]
    record = requests[int(number) - 1]
    if not header and not field:
        return check_place(line, rest, record["body"], values)
    holder, key = (record["headers"], header.lower()) if header else (record, field)
    if field and field not in ("method", "path", "wire", "connection", "matched", "why"):
        raise Wrong(f"cannot read {line!r}")
    operator, _, operand = rest.partition(" ")
    if operator not in ("=", "~", "absent"):
        raise Wrong(f"cannot read {line!r}")
    value = holder.get(key)
    if operator == "=" and isinstance(value, str):
        operand = json.dumps(fill(operand, values))
    return check_value(line, key in holder, value, operator, operand, values)


def check_limits(section, seconds, rss_kb, build):
    bad = []
    for line in section.entries():
        match = re.fullmatch(r"(seconds|peak_rss_kb) <= ([\d.]+)", line)
        if not match:
            raise Wrong(f"cannot read {line!r}")
        if match.group(1) == "peak_rss_kb" and (build.sanitized or rss_kb is None):
            continue
        value = seconds if match.group(1) == "seconds" else rss_kb
        if value > float(match.group(2)):
            bad.append(f"{line}   -- was {value:.2f}")
    return bad


# ---- a case ----

class Case:
    def __init__(self, build, path):
        self.build, self.path = build, pathlib.Path(path)
        self.bad, self.notes = [], []
        self.title = self.path.stem

    def sections(self, name):
        return [s for s in self._sections if s.name == name]

    def environment(self):
        env = {"FETTLE_PROBE": "false", "PATH": f"{self.bin}:/usr/local/bin:/usr/bin:/bin", "HOME": str(self.home),
               "LANG": "C.UTF-8", "TERM": "dumb"}
        if self.build.sanitized:
            env.update(SANITIZER_ENV)
        for section in self.sections("env"):
            for line in section.entries():
                name, equals, value = line.partition("=")
                if not equals:
                    raise Wrong(f"line {section.line}: {line!r} is no NAME=value")
                env[name] = fill(value, self.values)
        return env

    def shell(self, script, env, stdin, name):
        """Status, stdout, stderr; None as the status when it took too long."""
        rss = self.directory / f"{name}.rss"
        words = ["/bin/sh", "-c", script]
        if self.build.measure:
            words = [self.build.measure, rss] + words
        with open(self.directory / f"{name}.out", "w+b") as out, \
                open(self.directory / f"{name}.err", "w+b") as err:
            child = subprocess.Popen(words, cwd=self.work, env=env, stdin=stdin, stdout=out,
                                     stderr=err, start_new_session=True)
            usage = wait_for(child, time.monotonic() + DEADLINE_S)
            # What a command started may take a moment to see that it has gone.
            left, until = processes_of(child.pid, self.home), time.monotonic() + 1
            while left and usage and time.monotonic() < until:
                time.sleep(0.02)
                left = processes_of(child.pid, self.home)
            end_processes(left)
            if usage is None:
                child.wait()
                self.bad.append(f"took longer than {DEADLINE_S} s and was ended")
            elif left:
                self.bad.append("left processes: " + ", ".join(f"{n} ({p})" for p, n in left))
            out.seek(0)
            err.seek(0)
            self.rss_kb = int(rss.read_text()) if usage and rss.exists() else None
            return (child.returncode if usage else None), out.read(), err.read()

    def prepare(self):
        self.work, self.home = self.directory / "work", self.directory / "home"
        self.bin = self.directory / "bin"
        for path in (self.work, self.home, self.bin):
            path.mkdir()
        (self.bin / "fettle").symlink_to(self.build.fettle)
        self.values = {"WORK": str(self.work), "HOME": str(self.home), "ROOT": str(ROOT)}
        for section in self.sections("files"):
            put_files(self.work, section, self.values)

    def play(self, env):
        stdin = subprocess.DEVNULL
        for section in self.sections("stdin"):
            path = self.directory / "stdin"
            path.write_bytes(to_bytes(fill(section.text(), self.values),
                                      take_marks(section.words)[1]))
            stdin = open(path, "rb")
        script = fill("".join(s.text() for s in self.sections("run")), self.values)
        started = time.monotonic()
        status, out, err = self.shell(script, env, stdin, "run")
        seconds = time.monotonic() - started
        if stdin is not subprocess.DEVNULL:
            stdin.close()
        self.judge(status, out, err, seconds)
        for section in self.sections("after"):
            status, out2, err2 = self.shell(fill(section.text(), self.values), env,
                                            subprocess.DEVNULL, "after")
            if status != 0:
                self.bad.append(f"after: status {status}\n{(out2 + err2).decode('utf-8', 'replace')}")
        if self.bad:
            self.notes += [f"stdout:\n{out.decode('utf-8', 'replace')[:3000]}",
                           f"stderr:\n{err.decode('utf-8', 'replace')[:3000]}"]

    def judge(self, status, out, err, seconds):
        expected = next((s.words for s in self.sections("exit")), "0")
        if status is not None and status != int(expected):
            self.bad.append(f"exit status {status}, not {expected}")
        if SANITIZER.search(err.decode("utf-8", "replace")):
            self.bad.append("a sanitizer spoke")
        for name, output in (("stdout", out), ("stderr", err)):
            for section in self.sections(name):
                self.bad += check_output(name, section, output, self.values)
        for section in self.sections("json"):
            self.bad += check_json(section, out, self.values)
        for section in self.sections("schema") + self.sections("schema-lines"):
            self.bad += check_schema(section, out)
        for section in self.sections("limits"):
            self.bad += check_limits(section, seconds, self.rss_kb, self.build)

    def judge_requests(self, provider):
        requests = provider.requests()
        for section in self.sections("requests"):
            for line in section.entries():
                self.bad += check_request(line, requests, self.values)
        for r in requests:
            if r.get("why"):
                self.notes.append(f"request {r['n']} got no scripted reply: {r['why']}")

    def go(self):
        provider = None
        try:
            self.title, self._sections = parse(self.path)
            if not self.build.fettle:
                raise Wrong(f"no fettle in {self.build.path}")
            self.prepare()
            env = self.environment()
            for section in self.sections("script"):
                provider = Provider(self.build, self.directory, fill(section.text(), self.values),
                                    env)
                if not provider.url:
                    raise Wrong(provider.stop() or "the scripted provider did not start")
                self.values["URL"] = provider.url
                env = self.environment()
            self.play(env)
            if provider:
                self.judge_requests(provider)
        except (Wrong, ValueError, OSError, re.error) as e:
            self.bad.append(f"{type(e).__name__}: {e}")
        finally:
            complaint = provider.stop() if provider else None
            if complaint and complaint not in "".join(self.bad):
                self.bad.append(complaint)

    def run(self):
        """True when it is as it should be; otherwise bad and notes say what is not."""
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="fettle-case-"))
        try:
            self.go()
        finally:
            for path, names, _ in os.walk(self.directory):
                for name in names:
                    directory = os.path.join(path, name)
                    if not os.path.islink(directory):
                        os.chmod(directory, 0o700)
            shutil.rmtree(self.directory, ignore_errors=True)
        return not self.bad

    def report(self):
        lines = [line for part in self.bad + (self.notes if self.bad else [])
                 for line in part.rstrip("\n").split("\n")]
        return "".join(f"    {line}\n" for line in lines)


def main(words):
    if len(words) < 2:
        sys.exit("usage: run_cases.py BUILD CASE...")
    build, failed = Build(words[0]), 0
    print(f"1..{len(words) - 1}")
    for number, path in enumerate(words[1:], 1):
        case = Case(build, path)
        good = case.run()
        failed += not good
        print(f"{'ok' if good else 'not ok'} {number} - {case.path.stem}: {case.title}")
        print(re.sub("^", "# ", case.report(), flags=re.M) if not good else "", end="", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
