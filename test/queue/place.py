# SPDX-License-Identifier: MIT
"""A Redis server, a batch with its tasks in it, workers, and the providers that they ask."""
import subprocess

import common


def reply(number, **more):
    return common.result_reply(f"task {number:03}.", f"answer {number}", **more)


def count_of(place, state):
    return place.status().get("counts", {}).get(state)


class Place(common.Batch):
    def __init__(self, bench, name, count, secret=None):
        super().__init__(bench, name, [{"id": f"t{i}", "prompt": f"task {i:03}."} for i in range(count)])
        self.count, self.secret, self.socket = count, secret, self.path / "s"
        self.providers = []
        self.server = None
        self.start_server()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end()
        for provider in self.providers:
            provider.stop()
        self.stop_server()

    # ---- the server ----

    def start_server(self):
        more = ["--requirepass", self.secret] if self.secret else []
        self.server = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.socket, "--save", "", "--appendonly", "no",
             "--dir", self.path, *more], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        if not common.wait_until(lambda: self.say("PING") == "PONG", pause_s=0.05):
            raise RuntimeError("redis-server does not answer")

    def stop_server(self):
        self.server.kill()
        self.server.wait()
        self.socket.unlink(missing_ok=True)

    def say(self, *words):
        login = ["-a", self.secret, "--no-auth-warning"] if self.secret else []
        return subprocess.run(["redis-cli", "-s", self.socket, *login, "--raw", *words], capture_output=True,
                              text=True, errors="replace", stdin=subprocess.DEVNULL,
                              timeout=common.DEADLINE_S).stdout.strip()

    # ---- who asks, who works, who waits ----

    def provider(self, name, replies):
        self.providers.append(found := self.bench.provider(f"{self.path.name}-{name}", replies))
        return found

    def worker(self, name, url, *words, variables={}):
        """What it says is in NAME.err."""
        with open(self.path / f"{name}.err", "wb") as err:
            child = subprocess.Popen(
                [self.bench.build.fettle, "worker", "--queue", f"unix://{self.socket}", "--name", name, "--model",
                 common.MODEL, "--base-url", url, "--max-retries", "0", *words], cwd=self.path,
                env=dict(self.bench.env, XDG_STATE_HOME=str(self.path / name), **variables),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=err)
        self.children.append(child)
        return child

    def says(self, name):
        return (self.path / f"{name}.err").read_text(errors="replace")

    def start(self, *words, queue=None, variables={}, **popen):
        """A batch; where it waits no provider's key is known."""
        env = dict(self.bench.env, XDG_STATE_HOME=str(self.state), **variables)
        del env["ANTHROPIC_API_KEY"]
        where = [] if "--resume" in words or "--retry-failed" in words else [
            "--model", common.MODEL, "--queue", queue or f"unix://{self.socket}", "-o", "json"]
        self.children.append(child := subprocess.Popen(
            [self.bench.build.fettle, "batch", *where, *words], cwd=self.path, env=env,
            **{"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen}))
        return child

    def batch(self, *words, **more):
        return common.finish(self.start(*words, **more))

    # ---- what came of it ----

    def until(self, what, holds):
        return [] if common.wait_until(holds) else [f"never: {what}"]

    def interrupt(self, child, status):
        child.send_signal(2)
        return common.finish(child).complaints(status)

    def check_end(self, ran):
        bad = ran.complaints(0)
        found = common.results(ran.out, "json")
        if found != [(f"t{i}", "done", f"answer {i}") for i in range(self.count)]:
            bad.append(f"{len(found)} results: {found[:3]} ...: {ran.err[-300:]!r}")
        if self.done() != {i: 1 for i in range(self.count)}:
            bad.append(f"the journal's results: {self.done()}")
        if (left := self.say("XLEN", "fettle:queue:{default}:tasks")) != "0":
            bad.append(f"{left} tasks are left in the queue")
        if results := self.say("KEYS", "*:results"):
            bad.append(f"results are left in the queue: {results}")
        return bad

    def asked_once(self):
        """The first provider, which has done everything."""
        asked = common.prompts(self.providers[0])
        twice = {prompt for prompt in asked if asked.count(prompt) > 1}
        return [f"asked for twice: {sorted(twice)}"] if twice or len(asked) != self.count else []
